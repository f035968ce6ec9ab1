//! `encan report`: CPA, ROI and all figures, from the ledger, by any dimension.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::page::{Forms, Lang, words};
use crate::report::{Comparison, Dimension, FixedCost, Names, Scope, Sheet, Table};
use crate::shell::cli::report::period::{Compared, Period};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, reconcile};
use crate::shell::figures::{self, Question};
use crate::shell::store::{Name, NameKind, Store, StoreError};
use crate::units::{
    AdvertiserId, ArmId, CampaignId, CreativeId, Day, DealId, ExchangeId, LineItemId, PublisherId, SegmentId,
};

mod period;

/// Flags of `report`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan report\n  encan report --by campaign,day --from 2026-11-01 --to 2026-11-30\n  encan report --by place --where campaign=spring --lang fr --format html > spring.html\n  encan report --from 2026-11-08 --to 2026-11-14 --compare previous\n  encan report --by exchange --format csv > exchanges.csv\n  encan report --reconcile november.csv --exchange generic --currency USD\n  encan report --reconcile november.csv --exchange generic --time-zone UTC --by-line\n\nA day is the campaign's civil day on which the bid was made, an hour one of UTC. The server may go on running.\nCSV, JSON and Parquet hold every figure, exact, whatever the language.\n\nA file to reconcile is compared by the ids of our bids, or by day where it has none. It is read twice, so it must\nbe a file. Numbers may be written as 1,234.56, 1.234,56, 1 234,56 or 1'234.56; what can be read in two ways is\nunreadable and says which flag decides it. Every line gets one verdict; a difference is theirs minus ours. The exit\ncode is 0 if all agrees, 1 if anything differs or is unreadable, 2 if we failed."
)]
pub struct Args {
    /// Rows: advertiser, campaign, line-item, creative, exchange, deal, publisher, place, device, segment, format, arm,
    /// loss-reason, day, hour; several with commas.
    #[arg(long, value_name = "DIMENSIONS", default_value = "campaign", value_delimiter = ',')]
    pub by: Vec<Dimension>,
    /// Only what holds of all: campaign=spring.
    #[arg(long = "where", value_name = "DIMENSION=NAME", value_parser = campaign)]
    pub only: Option<String>,
    /// The first day, as 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// Beside another period: the `previous` one of as many days, or as 2026-10-01..2026-10-31.
    #[arg(long, value_name = "PERIOD")]
    pub compare: Option<Compared>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
    /// Of what people read: en or fr.
    #[arg(long, default_value = "en")]
    pub lang: Lang,
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// Leave out the days that were archived.
    #[arg(long)]
    pub without_archives: bool,
    #[command(flatten)]
    reconcile: reconcile::Flags,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For spreadsheets: every column, exact.
    Csv,
    /// For programs: every figure, exact.
    Json,
    /// For people: one page with charts that needs nothing else, to read, to send, to print.
    Html,
    /// For warehouses: every column, exact. Only where encan was built for it.
    Parquet,
}

/// The slug in `campaign=slug`.
fn campaign(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("campaign", slug)) if !slug.is_empty() => Ok(slug.to_owned()),
        _ => Err(format!("`{text}` is not like campaign=spring; only campaigns can be chosen")),
    }
}

/// A day as people write it on a command line.
///
/// # Errors
///
/// In their words.
pub(in crate::shell::cli) fn day(text: &str) -> Result<Day, String> {
    let date: jiff::civil::Date =
        text.parse().map_err(|_| format!("`{text}` is not a day like 2026-11-01"))?;
    Ok(Day::from_civil(date.year().into(), date.month().into(), date.day().into()))
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return fail(INPUT_WRONG, &format!("--from {from} is after --to {to}"), "both days are included");
    }
    if let Some(file) = &args.reconcile.reconcile {
        let days = (args.from, args.to);
        return reconcile::run(&reconcile::Task {
            file,
            flags: &args.reconcile,
            days,
            data: &args.data,
            json: args.json,
            without_archives: args.without_archives,
        });
    }
    let period = Period { from: args.from, to: args.to };
    let before = match args.compare.map(|compared| compared.before(period)).transpose() {
        Ok(before) => before,
        Err(error) => {
            return fail(INPUT_WRONG, &error, "name both --from and --to, or both days of the other period");
        }
    };
    match answer(args, period, before) {
        Ok(file) => {
            put_bytes(&file);
            ExitCode::SUCCESS
        }
        Err(Refused::Format { why, hint }) => fail(INPUT_WRONG, &why, hint),
        Err(Refused::Unknown { slug, nearest }) => {
            let hint = nearest.map(|nearest| format!("did you mean {nearest}?")).unwrap_or_default();
            fail(INPUT_WRONG, &format!("the ledger knows no campaign `{slug}`"), &hint)
        }
        Err(Refused::Store(error)) => {
            let code = if matches!(error, StoreError::Missing { .. }) { INPUT_WRONG } else { WE_FAILED };
            fail(code, &error, error.hint())
        }
    }
}

/// Why there is no report.
enum Refused {
    /// No campaign has that slug; the one whose slug is most like it.
    Unknown {
        slug: String,
        nearest: Option<String>,
    },
    Store(StoreError),
    /// It cannot be printed so.
    Format {
        why: String,
        hint: &'static str,
    },
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What is printed.
fn answer(args: &Args, period: Period, before: Option<Period>) -> Result<Vec<u8>, Refused> {
    let campaign = args.only.as_deref().map(|slug| known_campaign(args, slug)).transpose()?;
    let ask = |by: Vec<Dimension>, days: Period| {
        let (from, to) = (days.from, days.to);
        let question = Question { by, from, to, campaign, without_archives: args.without_archives };
        figures::table(&args.data, &question)
    };
    let table = ask(args.by.clone(), period)?;
    let comparison = match before {
        Some(before) => {
            let later = period.days_after(before);
            Some(Comparison::new(table.clone(), ask(args.by.clone(), before)?, later))
        }
        None => None,
    };
    let forms = Forms::new(args.lang);
    let text = match (if args.json { Format::Json } else { args.format }, &comparison) {
        (Format::Table, None) => table.to_text(&forms),
        (Format::Table, Some(both)) => both.to_text(&forms),
        (Format::Csv, None) => table.to_csv(),
        (Format::Csv, Some(both)) => both.to_csv(),
        (Format::Json, None) => table.to_json(),
        (Format::Json, Some(both)) => both.to_json(),
        (Format::Html, comparison) => {
            let by_day = ask(vec![Dimension::Day], period)?;
            // A single day shows nothing over time but by its hours.
            let over_time =
                if by_day.is_of_one_group() { ask(vec![Dimension::Hour], period)? } else { by_day };
            let subtitle = subtitle(args, (period, before), &forms);
            let comparison = comparison.as_ref();
            Sheet { table: &table, over_time: Some(&over_time), comparison, subtitle: &subtitle }
                .to_html(&forms)
        }
        (Format::Parquet, comparison) => return parquet(&table, comparison.as_ref()),
    };
    Ok(text.into_bytes())
}

#[cfg(feature = "parquet")]
fn parquet(table: &Table, comparison: Option<&Comparison>) -> Result<Vec<u8>, Refused> {
    let file = comparison.map_or_else(|| table.to_parquet(), Comparison::to_parquet);
    file.map_err(|error| Refused::Format { why: error.to_string(), hint: "--format csv takes it" })
}

#[cfg(not(feature = "parquet"))]
fn parquet(_: &Table, _: Option<&Comparison>) -> Result<Vec<u8>, Refused> {
    let why = "this encan was built without Parquet".to_owned();
    Err(Refused::Format { why, hint: "build it with `cargo build --release --features parquet`" })
}

/// A file, to stdout. Nobody left to read it is no reason to fail.
fn put_bytes(file: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(file).and_then(|()| out.flush());
}

/// The campaign of that slug, if the ledger has ever heard of it.
fn known_campaign(args: &Args, slug: &str) -> Result<CampaignId, Refused> {
    let campaign = CampaignId::from_slug(slug);
    let known = names(&Store::open(&args.data)?)?.campaigns;
    if known.contains_key(&campaign) {
        return Ok(campaign);
    }
    let distance = |known: &&String| strsim::damerau_levenshtein(known, slug);
    let nearest = known.values().min_by_key(distance).filter(|known| distance(known) <= 3).cloned();
    Err(Refused::Unknown { slug: slug.to_owned(), nearest })
}

/// Of what the report is, in words.
fn subtitle(args: &Args, (period, before): (Period, Option<Period>), forms: &Forms) -> String {
    let lang = forms.lang();
    let campaign = args.only.as_deref().map(|slug| words::OF_CAMPAIGN.with(lang, &[slug]));
    let compared = before.map(|before| words::COMPARED_WITH.with(lang, &[&before.text(forms)]));
    let parts = [campaign, Some(period.text(forms)), compared];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The names that the ledger keeps.
///
/// # Errors
///
/// [`StoreError`].
pub(in crate::shell) fn names(store: &Store) -> Result<Names, StoreError> {
    Ok(by_id(store.names()?))
}

/// Those of them that rows by these dimensions need.
///
/// # Errors
///
/// [`StoreError`].
pub(in crate::shell) fn names_for(store: &Store, by: &[Dimension]) -> Result<Names, StoreError> {
    let needs_all = by.contains(&Dimension::Publisher);
    Ok(by_id(if needs_all { store.names()? } else { store.names_besides(NameKind::Publisher)? }))
}

fn by_id(all: Vec<Name>) -> Names {
    let mut names = Names::default();
    for name in all {
        let (id, slug) = (name.id, name.slug);
        match name.kind {
            NameKind::Advertiser => drop(names.advertisers.insert(AdvertiserId::from_raw(id), slug)),
            NameKind::Campaign => {
                let campaign = CampaignId::from_raw(id);
                names.campaigns.insert(campaign, slug);
                if !name.aims.is_empty() {
                    names.aims.insert(Scope::Campaign(campaign), name.aims);
                }
                if let Some((currency, amount)) = name.fixed_cost {
                    names.fixed_costs.insert(campaign, FixedCost { currency, amount });
                }
            }
            NameKind::LineItem => {
                let line_item = LineItemId::from_raw(id);
                names.line_items.insert(line_item, slug);
                if !name.aims.is_empty() {
                    names.aims.insert(Scope::LineItem(line_item), name.aims);
                }
            }
            NameKind::Creative => drop(names.creatives.insert(CreativeId::from_raw(id), slug)),
            NameKind::Exchange => drop(names.exchanges.insert(ExchangeId::from_raw(id), slug)),
            NameKind::Deal => drop(names.deals.insert(DealId::from_raw(id), slug)),
            NameKind::Publisher => drop(names.publishers.insert(PublisherId::from_raw(id), slug)),
            NameKind::Arm => drop(names.arms.insert(ArmId::from_raw(id), slug)),
            NameKind::Segment => drop(names.segments.insert(SegmentId::from_raw(id), slug)),
        }
    }
    names
}
