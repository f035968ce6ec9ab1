//! From files to a plan: what `serve`, `demo` and `explain` run on, and how it is reloaded.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::bidder::Plan;
use crate::document::{Fault, Source, render};
use crate::shell::exchange_secrets;
use crate::shell::files::{Loaded, Paths, load_over};
use crate::shell::geo::SHIPPED;
use crate::units::UnixMillis;

/// Where the configuration lies, as flags of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// Folder of campaign files.
    #[arg(long, env = "ENCAN_CAMPAIGNS", default_value = "fixtures/campaigns", value_name = "DIR")]
    pub campaigns: PathBuf,
    /// Folder of exchange profiles.
    #[arg(long, env = "ENCAN_EXCHANGES", default_value = "fixtures/exchanges", value_name = "DIR")]
    pub exchanges: PathBuf,
    /// Folder of tax scenarios.
    #[arg(long, env = "ENCAN_TAX", default_value = "fixtures/tax", value_name = "DIR")]
    pub tax: PathBuf,
    /// Table of exchange rates.
    #[arg(long, env = "ENCAN_CURRENCIES", default_value = "fixtures/currencies.json", value_name = "FILE")]
    pub currencies: PathBuf,
    /// Folder of `ads.txt`, `app-ads.txt` and `sellers.json` files, each kind in a folder of its name.
    #[arg(long, env = "ENCAN_SUPPLY", default_value = "fixtures/supply", value_name = "DIR")]
    pub supply: PathBuf,
    /// Database that tells where addresses are: an MMDB file in the form of MaxMind, DB-IP, IPinfo or a flat one. The one
    /// that comes with encan knows only the addresses of documentation.
    #[arg(long, env = "ENCAN_GEO", default_value = SHIPPED, value_name = "FILE")]
    pub geo: PathBuf,
    /// Folder of audience definitions, one file an advertiser.
    #[arg(long, env = "ENCAN_AUDIENCES", default_value = "fixtures/audiences", value_name = "DIR")]
    pub audiences: PathBuf,
    /// Folder of the lists of values that rules name, one value a line.
    #[arg(long, env = "ENCAN_LISTS", default_value = "fixtures/lists", value_name = "DIR")]
    pub lists: PathBuf,
}

impl ConfigArgs {
    /// The same, for the loader.
    #[must_use]
    pub fn paths(&self) -> Paths {
        Paths {
            campaigns: vec![self.campaigns.clone()],
            exchanges: self.exchanges.clone(),
            tax: self.tax.clone(),
            currencies: self.currencies.clone(),
            supply: self.supply.clone(),
            geo: self.geo.clone(),
            audiences: self.audiences.clone(),
            lists: self.lists.clone(),
        }
    }
}

/// A configuration that may not be used, with every fault.
#[derive(Debug)]
pub struct Faulty {
    /// Errors, and warnings beside them.
    pub faults: Vec<Fault>,
    /// The texts they lie in.
    pub sources: Vec<Source>,
}

/// A plan, and what it is worth a word about.
#[derive(Debug)]
pub struct Configured {
    /// What to run.
    pub plan: Plan,
    /// Warnings only.
    pub warnings: Faulty,
}

/// Reads, checks and compiles everything that `args` name.
///
/// # Errors
///
/// Every fault, if one of them is an error.
pub fn configure(args: &ConfigArgs, revision: u64, now: UnixMillis) -> Result<Configured, Faulty> {
    configure_over(args, revision, now, None)
}

/// The same over the plan `before`, whose supply lists and database of addresses stay where a file cannot be read.
///
/// # Errors
///
/// As [`configure`].
pub fn configure_over(
    args: &ConfigArgs,
    revision: u64,
    now: UnixMillis,
    before: Option<&Plan>,
) -> Result<Configured, Faulty> {
    let loaded = load_over(&args.paths(), now, before);
    let Loaded { sources, mut catalog, mut exchanges, scenarios, rates, supply, geo, mut faults, .. } =
        loaded;
    faults.extend(exchange_secrets::fetch(&mut exchanges, &sources));
    if let Some(catalog) = &mut catalog {
        faults.extend(exchange_secrets::fetch_tokens(&mut catalog.audiences, &sources));
    }
    let described = Faulty { faults, sources };
    match catalog {
        Some(catalog) => {
            let plan = Plan::build(revision, catalog, exchanges, scenarios, rates);
            let plan = plan.with_supply(supply).with_geo(geo);
            Ok(Configured { plan, warnings: described })
        }
        None => Err(described),
    }
}

impl Faulty {
    /// The faults as a person reads them, underlined.
    #[must_use]
    pub fn words(&self) -> String {
        render(&self.faults, &self.sources, std::io::stderr().is_terminal())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{ConfigArgs, configure, configure_over};
    use crate::units::UnixMillis;

    const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);

    #[test]
    fn a_supply_list_that_got_worse_warns_and_leaves_the_one_before() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ads.txt/a.example.txt");
        fs::create_dir(folder.path().join("ads.txt")).unwrap();
        let args = ConfigArgs {
            campaigns: "fixtures/campaigns".into(),
            exchanges: "fixtures/exchanges".into(),
            tax: "fixtures/tax".into(),
            currencies: "fixtures/currencies.json".into(),
            supply: folder.path().into(),
            geo: "fixtures/geo/test-ranges.mmdb".into(),
            audiences: "fixtures/audiences".into(),
            lists: "fixtures/lists".into(),
        };
        fs::write(&file, "x.example, 1, DIRECT").unwrap();
        let first = configure(&args, 1, NOW).unwrap();
        assert_eq!(first.warnings.faults, []);
        fs::write(&file, "<html>").unwrap();
        let second = configure_over(&args, 2, NOW, Some(&first.plan)).unwrap();
        let words = second.warnings.words();
        for told in ["a.example.txt", "has no record of a seller"] {
            assert!(words.contains(told), "`{told}` in {words}");
        }
        let kept = second.plan.supply.ads_txt("a.example").and_then(|file| file.relation("x.example", "1"));
        assert!(kept.is_some());
    }
}
