//! `encan report`: CPA, ROI and all figures, from the ledger, by any dimension.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::report::{Dimension, FixedCost, Names, Table};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, reconcile};
use crate::shell::figures::{self, Question};
use crate::shell::store::{NameKind, Store, StoreError};
use crate::units::{
    AdvertiserId, ArmId, CampaignId, CreativeId, Day, DealId, ExchangeId, LineItemId, PublisherId, SegmentId,
};

/// Flags of `report`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan report\n  encan report --by campaign,day --from 2026-11-01 --to 2026-11-30\n  encan report --by exchange --format csv > exchanges.csv\n  encan report --reconcile november.csv --exchange generic --currency USD\n  encan report --reconcile november.csv --exchange generic --time-zone UTC --by-line\n\nA day is the campaign's civil day on which the bid was made. The server may go on running.\n\nA file to reconcile is compared by the ids of our bids, or by day where it has none. It is read twice, so it must\nbe a file. Numbers may be written as 1,234.56, 1.234,56, 1 234,56 or 1'234.56; what can be read in two ways is\nunreadable and says which flag decides it. Every line gets one verdict; a difference is theirs minus ours. The exit\ncode is 0 if all agrees, 1 if anything differs or is unreadable, 2 if we failed."
)]
pub struct Args {
    /// Rows: advertiser, campaign, line-item, creative, exchange, deal, day; several with commas.
    #[arg(long, value_name = "DIMENSIONS", default_value = "campaign", value_delimiter = ',')]
    pub by: Vec<Dimension>,
    /// The first day, as 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", value_parser = day)]
    pub to: Option<Day>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    pub json: bool,
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
    let table = match table(args) {
        Ok(table) => table,
        Err(error) => {
            let code = if matches!(error, StoreError::Missing { .. }) { INPUT_WRONG } else { WE_FAILED };
            return fail(code, &error, error.hint());
        }
    };
    let text = match if args.json { Format::Json } else { args.format } {
        Format::Table => table.to_text(),
        Format::Csv => table.to_csv(),
        Format::Json => table.to_json(),
    };
    put(&text);
    ExitCode::SUCCESS
}

/// The figures that the flags ask for.
fn table(args: &Args) -> Result<Table, StoreError> {
    let question = Question {
        by: args.by.clone(),
        from: args.from,
        to: args.to,
        campaign: None,
        without_archives: args.without_archives,
    };
    figures::table(&args.data, &question)
}

/// The names that the ledger keeps.
///
/// # Errors
///
/// [`StoreError`].
pub(in crate::shell) fn names(store: &Store) -> Result<Names, StoreError> {
    let mut names = Names::default();
    for name in store.names()? {
        let (id, slug) = (name.id, name.slug);
        match name.kind {
            NameKind::Advertiser => drop(names.advertisers.insert(AdvertiserId::from_raw(id), slug)),
            NameKind::Campaign => {
                let campaign = CampaignId::from_raw(id);
                names.campaigns.insert(campaign, slug);
                if let Some((currency, amount)) = name.fixed_cost {
                    names.fixed_costs.insert(campaign, FixedCost { currency, amount });
                }
            }
            NameKind::LineItem => drop(names.line_items.insert(LineItemId::from_raw(id), slug)),
            NameKind::Creative => drop(names.creatives.insert(CreativeId::from_raw(id), slug)),
            NameKind::Exchange => drop(names.exchanges.insert(ExchangeId::from_raw(id), slug)),
            NameKind::Deal => drop(names.deals.insert(DealId::from_raw(id), slug)),
            NameKind::Publisher => drop(names.publishers.insert(PublisherId::from_raw(id), slug)),
            NameKind::Arm => drop(names.arms.insert(ArmId::from_raw(id), slug)),
            NameKind::Segment => drop(names.segments.insert(SegmentId::from_raw(id), slug)),
        }
    }
    Ok(names)
}
