//! `encan conversions show`: conversions as they are booked, one a line, late ones marked.

use std::process::ExitCode;

use serde_json::{Map, Value};

use crate::attribution::{happened, is_late};
use crate::ledger::{Event, EventKind, NO_LINE_ITEM, Touch};
use crate::report::Names;
use crate::shell::cli::conversions::{Format, Period, columns, csv, unread, written};
use crate::shell::cli::put;
use crate::shell::cli::report::names;
use crate::shell::store::{Store, StoreError};

/// Flags of `conversions show`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan conversions show
  encan conversions show --late --from 2026-11-01
  encan conversions show --top 0 --format csv > conversions.csv

A conversion is `late` if it was told on a day of UTC later than the one after its own: figures of its day that were
read before have changed since. An `acquisition` is what its campaign called so when it was booked: a CPA counts no other.")]
pub struct Args {
    /// So many at most; 0 = all.
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    top: usize,
    /// Only those that were told late.
    #[arg(long)]
    late: bool,
    #[command(flatten)]
    period: Period,
}

const HEADING: [&str; 15] = [
    "happened",
    "told",
    "late",
    "advertiser",
    "campaign",
    "line_item",
    "type",
    "order",
    "value",
    "lifetime_value",
    "currency",
    "touch",
    "code",
    "source",
    "acquisition",
];

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if let Some(fault) = args.period.fault() {
        return fault;
    }
    match rows(args) {
        Ok(rows) => {
            put(&printed(&rows, args.period.format()));
            ExitCode::SUCCESS
        }
        Err(error) => unread(&error),
    }
}

fn rows(args: &Args) -> Result<Vec<Vec<String>>, StoreError> {
    let store = Store::open(&args.period.data)?;
    let names = names(&store)?;
    let mut events = Vec::new();
    store.conversions(|event| {
        let at = happened(event);
        if args.period.holds(at) && (!args.late || is_late(at, event.at)) {
            events.push(event.clone());
        }
    })?;
    events.sort_by_key(|event| (std::cmp::Reverse(happened(event)), event.key()));
    if args.top > 0 {
        events.truncate(args.top);
    }
    Ok(events.iter().filter_map(|event| row(event, &names)).collect())
}

fn row(event: &Event, names: &Names) -> Option<Vec<String>> {
    let EventKind::Conversion(conversion) = &event.kind else { return None };
    let bid = &event.bid;
    let has_campaign = conversion.touch != Touch::None;
    let has_line_item = bid.line_item != NO_LINE_ITEM;
    let slug = |name: Option<&String>, id: String| name.cloned().unwrap_or(id);
    let campaign = || slug(names.campaigns.get(&bid.campaign), bid.campaign.to_string());
    let line_item = || slug(names.line_items.get(&bid.line_item), bid.line_item.to_string());
    Some(vec![
        written(conversion.happened),
        written(event.at),
        if is_late(conversion.happened, event.at) { "late" } else { "" }.to_owned(),
        slug(names.advertisers.get(&bid.advertiser), bid.advertiser.to_string()),
        if has_campaign { campaign() } else { String::new() },
        if has_line_item { line_item() } else { String::new() },
        conversion.kind.clone(),
        conversion.order.clone().unwrap_or_default(),
        conversion.value.to_string(),
        conversion.lifetime.to_string(),
        bid.currency.to_string(),
        touch(conversion.touch).to_owned(),
        conversion.code.clone().unwrap_or_default(),
        conversion.source.name().to_owned(),
        if conversion.acquisition { "acquisition" } else { "" }.to_owned(),
    ])
}

const fn touch(touch: Touch) -> &'static str {
    match touch {
        Touch::Click(_) => "click",
        Touch::View(_) => "view",
        Touch::Code => "code",
        Touch::None => "none",
    }
}

fn printed(rows: &[Vec<String>], format: Format) -> String {
    let heading = HEADING.map(str::to_owned).to_vec();
    let whole =
        || -> Vec<Vec<String>> { std::iter::once(heading.clone()).chain(rows.iter().cloned()).collect() };
    match format {
        Format::Table => columns(&whole(), |at| (8..10).contains(&at)),
        Format::Csv => csv(&whole()),
        Format::Json => {
            let object = |row: &Vec<String>| -> Value {
                let cells = HEADING.iter().zip(row).map(|(name, cell)| {
                    let cell = match *name {
                        "late" | "acquisition" => Value::Bool(!cell.is_empty()),
                        _ if cell.is_empty() => Value::Null,
                        _ => Value::String(cell.clone()),
                    };
                    ((*name).to_owned(), cell)
                });
                Value::Object(cells.collect::<Map<_, _>>())
            };
            let list = Value::Array(rows.iter().map(object).collect());
            serde_json::to_string_pretty(&list).expect("texts are JSON") + "\n"
        }
    }
}
