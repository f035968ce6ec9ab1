//! Configuration from disk: folders of JSON files to the catalog and what surrounds it.
//!
//! What is wrong with a file as a file (missing, unreadable, too large, not UTF-8) is a fault like any
//! other, so that `check` and `serve` show everything at once.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audience::{Definition, Definitions, read_definition};
use crate::bidder::Plan;
use crate::campaign::{
    Catalog, Exchange, Rates, Surroundings, compile, read_approvals, read_exchange, read_scenario,
};
use crate::document::{Document, Fault, Faults, Severity, Source, suggestion};
use crate::geo::Database;
use crate::shell::experiments::question_holdouts;
use crate::shell::geo::load_geo;
use crate::shell::lists::{question_unnamed, read_lists};
use crate::shell::supply::load_supply;
use crate::supply::Lists;
use crate::ttf::Scenario;
use crate::units::{RatePpm, UnixMillis, limits};

/// Where the configuration lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Campaign files, or folders of them.
    pub campaigns: Vec<PathBuf>,
    /// A folder of exchange profiles.
    pub exchanges: PathBuf,
    /// A folder of tax scenarios.
    pub tax: PathBuf,
    /// The table of exchange rates.
    pub currencies: PathBuf,
    /// A folder of supply lists.
    pub supply: PathBuf,
    /// A database of addresses.
    pub geo: PathBuf,
    /// A folder of audience definitions.
    pub audiences: PathBuf,
    /// A folder of the lists of values that rules name.
    pub lists: PathBuf,
}

/// Everything read, and everything wrong with it.
#[derive(Debug)]
pub struct Loaded {
    /// All texts, to show faults in.
    pub sources: Vec<Source>,
    /// `None` if there is any error, in whatever file.
    pub catalog: Option<Catalog>,
    /// In order of their slugs; those that could be read.
    pub exchanges: Vec<Exchange>,
    /// In order of their slugs; those that are right. `none` is not among them.
    pub scenarios: Vec<Scenario>,
    /// [`Rates::unreadable`] if the table could not be read.
    pub rates: Rates,
    /// Who may sell what: never a reason to refuse the rest.
    pub supply: Lists,
    /// Where addresses are; `None` without a database.
    pub geo: Option<Arc<Database>>,
    /// The faults of the surroundings, of the campaigns, then of the supply lists, each by file and place.
    pub faults: Vec<Fault>,
    /// Campaigns in the files, readable or not.
    pub campaigns: usize,
    /// Line items in the files, readable or not.
    pub line_items: usize,
}

impl Loaded {
    /// How many faults are of `severity`.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.faults.iter().filter(|fault| fault.severity == severity).count()
    }
}

/// Reads and checks all of `paths`. `now` decides which flights have ended.
#[must_use]
pub fn load(paths: &Paths, now: UnixMillis) -> Loaded {
    load_over(paths, now, None)
}

/// The same over the plan `before`, whose supply lists and database of addresses stay where a file cannot be read.
#[must_use]
pub fn load_over(paths: &Paths, now: UnixMillis, before: Option<&Plan>) -> Loaded {
    let mut faults = Faults::new();
    let geo = load_geo(&paths.geo, before.and_then(|plan| plan.geo.as_ref()), now, &mut faults);
    let exchange_sources = read_path(&paths.exchanges, &mut faults);
    let scenario_sources = read_path(&paths.tax, &mut faults);
    let rate_source = read_file(&paths.currencies, &mut faults);
    let definition_sources = read_path(&paths.audiences, &mut faults);
    let campaign_sources: Vec<Source> =
        paths.campaigns.iter().flat_map(|path| read_path(path, &mut faults)).collect();

    let mut approval_sources = Vec::new();
    let exchanges: Vec<Exchange> = exchange_sources
        .iter()
        .filter_map(|source| exchange(source, &mut approval_sources, &mut faults))
        .collect();
    let scenarios = compiled_scenarios(&scenario_sources, &mut faults);
    let rates = rate_source.as_ref().and_then(|source| Rates::read(source, &mut faults));
    let rates = rates.unwrap_or_else(Rates::unreadable);
    let (definition_files, definitions) = definitions(&definition_sources, &mut faults);
    // Names, not what could be read: a fault in a profile is not a fault in every campaign naming it.
    let exchange_slugs: Vec<&str> = exchange_sources.iter().map(Source::stem).collect();
    let scenario_slugs: Vec<&str> = scenario_sources.iter().map(Source::stem).collect();
    let list_sources = read_lists(&paths.lists, &mut faults);
    let surroundings = Surroundings {
        scenarios: &scenario_slugs,
        exchanges: &exchange_slugs,
        rates: &rates,
        audiences: &definitions,
        lists: &list_sources,
    };
    let compilation = compile(&campaign_sources, surroundings, now);

    for exchange in &exchanges {
        let source = exchange_sources.iter().find(|source| source.stem() == exchange.slug);
        if let (Some(catalog), Some(source)) = (&compilation.catalog, source) {
            misspelt_creatives(exchange, &source.name, catalog, &mut faults);
        }
    }
    question_stand_ins(&exchanges, &exchange_sources, &mut faults);
    if let Some(catalog) = &compilation.catalog {
        misspelt_advertisers(&definition_files, catalog, &mut faults);
        question_campaigns(catalog, (&scenarios, &exchanges), &campaign_sources, &mut faults);
        question_unnamed(&compilation.unnamed_lists, list_sources.len(), &paths.campaigns, &mut faults);
    }
    let is_right = faults.errors() == 0;
    let mut all = faults.into_vec();
    all.extend(compilation.faults);
    let (supply, supply_faults, supply_sources) =
        load_supply(&paths.supply, before.map_or(&Lists::default(), |plan| &plan.supply));
    all.extend(supply_faults);
    let mut sources = exchange_sources;
    for read in [approval_sources, scenario_sources, definition_sources, campaign_sources, supply_sources] {
        sources.extend(read);
    }
    sources.extend(rate_source);
    // A list may have megabytes: only where there is something to show in it.
    sources.extend(list_sources.into_iter().filter(|list| all.iter().any(|fault| fault.source == list.name)));
    Loaded {
        sources,
        catalog: compilation.catalog.filter(|_| is_right),
        exchanges,
        scenarios,
        rates,
        supply,
        geo,
        faults: all,
        campaigns: compilation.campaigns,
        line_items: compilation.line_items,
    }
}

/// The profile in `source`, with its approvals where they lie in a file of their own, whose text goes to `more`.
pub fn exchange(source: &Source, more: &mut Vec<Source>, faults: &mut Faults) -> Option<Exchange> {
    let mut exchange = read_exchange(source, faults)?;
    if let Some(file) = &exchange.approvals_file {
        let folder = Path::new(&source.name).parent().unwrap_or(Path::new(""));
        let listed = read_file(&folder.join(file), faults)?;
        let approvals = read_approvals(&listed, faults);
        more.push(listed);
        exchange.approvals = approvals?;
    }
    Some(exchange)
}

/// The definitions in `sources`, of which an advertiser has one, and each file with its advertiser.
fn definitions(sources: &[Source], faults: &mut Faults) -> (Vec<(String, String)>, Definitions) {
    let (mut files, mut definitions): (Vec<(String, String)>, Vec<Definition>) = (Vec::new(), Vec::new());
    let errors = faults.errors();
    for source in sources {
        let Some(read) = read_definition(source, faults) else { continue };
        match files.iter().find(|(_, known)| *known == read.slug) {
            Some((first, known)) => {
                let problem = format!("the audience of `{known}` is already defined in `{first}`");
                faults.push(Fault::of_file(&source.name, problem).hint("one file is one advertiser"));
            }
            None => {
                files.push((source.name.clone(), read.slug.clone()));
                definitions.push(read);
            }
        }
    }
    let definitions = Definitions::new(definitions);
    (files, if faults.errors() == errors { definitions } else { definitions.partial() })
}

/// Warns of definitions of advertisers that no campaign has and one almost has. A definition without campaigns is
/// nobody's slip: events may come before them.
fn misspelt_advertisers(files: &[(String, String)], catalog: &Catalog, faults: &mut Faults) {
    let slugs = || catalog.advertisers.iter().map(|advertiser| advertiser.slug.as_str());
    for (file, own) in files {
        if slugs().all(|slug| slug != own)
            && let Some(near) = suggestion(own, slugs())
        {
            let fault = Fault::of_file(file, format!("`advertiser`: no campaign is of `{own}`"));
            faults.push(fault.as_warning().hint(format!("did you mean `{near}`?")));
        }
    }
}

/// Warns of approvals of creatives that no campaign has and one almost has: a slip of the pen keeps an ad from its
/// exchange. Approvals of what is gone, or of other campaigns than those at hand, are nobody's slip.
fn misspelt_creatives(exchange: &Exchange, file: &str, catalog: &Catalog, faults: &mut Faults) {
    let whole = catalog.campaigns.iter().map(|campaign| format!("{}/*", campaign.slug));
    let known: Vec<String> =
        catalog.creatives.iter().map(|creative| creative.crid.clone()).chain(whole).collect();
    let mut unknown: Vec<&str> =
        exchange.approvals.listed().filter(|listed| !known.iter().any(|known| known == listed)).collect();
    unknown.sort_unstable();
    for listed in unknown {
        if let Some(near) = suggestion(listed, known.iter().map(String::as_str)) {
            let fault = Fault::of_file(file, format!("`creatives`: no campaign has the creative `{listed}`"));
            faults.push(fault.as_warning().hint(format!("did you mean `{near}`?")));
        }
    }
}

/// Warns of a profile that lets anybody in under a name nobody knows, where others ask who calls: a slip in a
/// protected name would be served by it.
fn question_stand_ins(exchanges: &[Exchange], sources: &[Source], faults: &mut Faults) {
    let Some(protected) = exchanges.iter().find(|exchange| exchange.access.asks()) else { return };
    for open in exchanges.iter().filter(|exchange| exchange.stands_in && !exchange.access.asks()) {
        let file = sources.iter().find(|source| source.stem() == open.slug).map_or("", |source| &source.name);
        let problem = format!(
            "`stands_in` serves every unknown name without asking who calls, beside `{}`, which asks",
            protected.slug
        );
        let fault = Fault::of_file(file, problem).as_warning();
        faults.push(fault.hint("take `stands_in` out, so that an unknown name is answered with 404"));
    }
    if let [first, .., last] = exchanges.iter().filter(|exchange| exchange.stands_in).collect::<Vec<_>>()[..]
    {
        let file = sources.iter().find(|source| source.stem() == last.slug).map_or("", |source| &source.name);
        let fault = Fault::of_file(file, format!("`stands_in` is already said by `{}`", first.slug));
        faults.push(fault.hint("one profile can stand in for unknown names"));
    }
}

/// Warns of what campaigns are not likely to mean.
fn question_campaigns(
    catalog: &Catalog,
    (scenarios, exchanges): (&[Scenario], &[Exchange]),
    sources: &[Source],
    faults: &mut Faults,
) {
    question_margins(catalog, scenarios, sources, faults);
    question_holdouts(catalog, exchanges, sources, faults);
}

/// Warns of campaigns whose tax we bear and cannot pay out of our fee.
fn question_margins(catalog: &Catalog, scenarios: &[Scenario], sources: &[Source], faults: &mut Faults) {
    for campaign in &catalog.campaigns {
        let scenario = scenarios.iter().find(|scenario| scenario.id() == campaign.tax.scenario);
        let highest = scenario.map(Scenario::highest).unwrap_or_default();
        let absorbed = highest.ppm() - campaign.tax.bearer.borne_rate(highest).ppm();
        let fee = campaign.costs.platform_fee;
        let Some(absorbed) = RatePpm::from_ppm(absorbed).filter(|absorbed| *absorbed > fee) else { continue };
        for source in sources {
            let Some(document) = Document::parse(source, &mut Faults::new()) else { continue };
            let root = document.root();
            let is_own = root.peek("id").and_then(|id| id.peek_text()).is_some_and(|id| id == campaign.slug);
            let agreed = || root.peek("advertiser").and_then(|advertiser| advertiser.peek("tax"));
            if let Some(tax) = root.peek("tax").or_else(agreed).filter(|_| is_own) {
                let problem = format!("makes us bear up to {absorbed} of media, with a fee of {fee}");
                let hint = "raise `costs.platform_fee_percent`, or let the advertiser bear it: `on_top`, `inside` or a split";
                faults.push(tax.peek("bearer").unwrap_or(tax).warning(problem).hint(hint));
            }
        }
    }
}

/// The scenarios in `sources`. Their reader has told every fault, so that none is left here.
pub fn compiled_scenarios(sources: &[Source], faults: &mut Faults) -> Vec<Scenario> {
    let specs = sources.iter().filter_map(|source| read_scenario(source, faults));
    specs.filter_map(|spec| Scenario::new(spec).ok()).collect()
}

/// The file at `path`, or the `*.json` files in the folder at `path` by name.
pub fn read_path(path: &Path, faults: &mut Faults) -> Vec<Source> {
    if !path.is_dir() {
        return read_file(path, faults).into_iter().collect();
    }
    let files = match files_of(path, "json") {
        Ok(files) => files,
        Err(error) => {
            faults.push(unreadable(path, &error));
            return Vec::new();
        }
    };
    if files.is_empty() {
        let fault = Fault::of_file(path.display().to_string(), "the folder has no `.json` files");
        faults.push(fault.as_warning().hint("is it the right folder?"));
    }
    files.iter().filter_map(|file| read_file(file, faults)).collect()
}

/// The text of the file at `path`.
pub fn read_file(path: &Path, faults: &mut Faults) -> Option<Source> {
    let name = path.display().to_string();
    let bytes = match read_at_most(path, limits::FILE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => return faults.refuse(unreadable(path, &error)),
    };
    if bytes.len() > limits::FILE_BYTES_MAX {
        let message = format!("has more than {} bytes", limits::FILE_BYTES_MAX);
        return faults.refuse(Fault::of_file(name, message));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Some(Source::new(name, text)),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes()[..good].iter().filter(|byte| **byte == b'\n').count() + 1;
            let fault = Fault::of_file(name, format!("is not UTF-8: the first wrong byte is in line {line}"));
            faults.refuse(fault.hint("save it as UTF-8"))
        }
    }
}

/// At most one byte more than `bytes_max`, whatever the file's size claims to be.
fn read_at_most(path: &Path, bytes_max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The files of `folder` with `ending` by name, but for hidden ones.
pub fn files_of(folder: &Path, ending: &str) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if !is_hidden && path.extension().is_some_and(|own| own == ending) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// That the file or folder at `path` cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Fault {
    let name = path.display().to_string();
    match error.kind() {
        io::ErrorKind::NotFound => Fault::of_file(name, "there is no such file or folder"),
        _ => Fault::of_file(name, format!("cannot be read: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Paths, exchange, load, read_path};
    use crate::document::{Faults, Source};
    use crate::units::UnixMillis;

    #[track_caller]
    fn check(path: &str, content: Option<&[u8]>, want: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(path);
        if let Some(content) = content {
            fs::write(&path, content).unwrap();
        }
        let mut faults = Faults::new();
        assert!(read_path(&path, &mut faults).is_empty());
        assert_eq!(faults.into_vec()[0].message, want);
    }

    #[test]
    fn a_file_that_cannot_be_used_says_why() {
        check("gone", None, "there is no such file or folder");
        check("a.json", Some(b"{\n\"\xff\": 1}"), "is not UTF-8: the first wrong byte is in line 2");
        check("", None, "the folder has no `.json` files");
    }

    #[test]
    fn a_folder_gives_its_json_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.json", "a.json", ".c.json", "d.txt"] {
            fs::write(folder.path().join(name), "\u{feff}{}").unwrap();
        }
        let sources = read_path(folder.path(), &mut Faults::new());
        assert_eq!(sources.iter().map(|source| source.stem()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sources[0].text, "{}");
    }

    #[test]
    fn approvals_lie_in_a_file_of_their_own_beside_the_profile() {
        let folder = tempfile::tempdir().unwrap();
        let profile = r#"{"name": "X", "bills_on": "billing", "reservation": {"display": "10m", "av": "1h"},
            "tmax_ms": 120, "margin_ms": 10, "missing_price": "refuse", "creatives": {"file": "reviews/x.json"}}"#;
        let source = Source::new(folder.path().join("x.json").display().to_string(), profile);
        let read = || {
            let (mut more, mut faults) = (Vec::new(), Faults::new());
            let exchange = exchange(&source, &mut more, &mut faults);
            let messages: Vec<String> = faults.into_vec().into_iter().map(|fault| fault.message).collect();
            (exchange.map(|x| ["a/b", "a/c"].map(|crid| x.approvals.allow(crid))), more.len(), messages)
        };
        assert_eq!(read(), (None, 0, vec!["there is no such file or folder".to_owned()]));
        fs::create_dir(folder.path().join("reviews")).unwrap();
        let file = folder.path().join("reviews/x.json");
        fs::write(&file, r#"{"approved": ["a/b"]}"#).unwrap();
        assert_eq!(read(), (Some([true, false]), 1, vec![]));
        fs::write(&file, r#"{"approved": [1]}"#).unwrap();
        assert_eq!(read().2, ["`approved[0]` must be a text, got a number"]);
    }

    #[test]
    fn a_missing_table_is_one_fault_and_not_one_for_each_campaign() {
        let paths = Paths {
            campaigns: vec!["fixtures/campaigns".into()],
            exchanges: "fixtures/exchanges".into(),
            tax: "fixtures/tax".into(),
            currencies: "fixtures/none.json".into(),
            supply: "fixtures/supply".into(),
            geo: "fixtures/geo/test-ranges.mmdb".into(),
            audiences: "fixtures/audiences".into(),
            lists: "fixtures/lists".into(),
        };
        let loaded = load(&paths, UnixMillis::from_raw(1_780_000_000_000));
        let messages: Vec<String> = loaded.faults.iter().map(|fault| fault.headline()).collect();
        assert_eq!(messages, ["`fixtures/none.json`: there is no such file or folder"]);
        assert!(loaded.catalog.is_none());
    }
}
