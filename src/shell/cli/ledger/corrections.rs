//! `encan ledger corrections`: every correction of the books, oldest first.

use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use crate::ledger::{Event, NO_LINE_ITEM};
use crate::report::Names;
use crate::shell::cli::ledger::DataArgs;
use crate::shell::cli::report::names;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::corrections::correction_of;
use crate::shell::store::{Store, StoreError};
use crate::units::Femtos;

/// Flags of `ledger corrections`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  encan ledger corrections --json\n\n`amount` is what the exchange, of a refund the advertiser, gets more or less, or what is disputed; `cost` is\nthat with data, fee and tax, as far as the advertiser pays it. The server may go on running."
)]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// One correction.
#[derive(Debug, Serialize)]
struct Row {
    /// In UTC.
    time: String,
    kind: &'static str,
    id: String,
    bid: String,
    campaign: String,
    exchange: String,
    day: String,
    /// True if no bid cost it: it was added to the whole campaign.
    whole_campaign: bool,
    amount: String,
    cost: String,
    currency: String,
    impressions: i64,
    reason: String,
    author: String,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match rows(args) {
        Ok(rows) => {
            put(&if args.json { json(&rows) } else { text(&rows) });
            ExitCode::SUCCESS
        }
        Err(error) => {
            let is_input = matches!(error, StoreError::Missing { .. });
            fail(if is_input { INPUT_WRONG } else { WE_FAILED }, &error, error.hint())
        }
    }
}

fn rows(args: &Args) -> Result<Vec<Row>, StoreError> {
    let store = Store::open(&args.data.data)?;
    let names = names(&store)?;
    let mut events = Vec::new();
    store.corrections(|event| events.push(event.clone()))?;
    events.sort_by_key(|event| (event.at, event.key()));
    Ok(events.iter().filter_map(|event| row(event, &names)).collect())
}

fn row(event: &Event, names: &Names) -> Option<Row> {
    let (correction, bid) = (correction_of(event)?, &event.bid);
    let time = Timestamp::from_millisecond(event.at.raw()).unwrap_or_default();
    let campaign = names.campaigns.get(&bid.campaign).cloned();
    let exchange = names.exchanges.get(&bid.exchange).cloned();
    let cost =
        if correction.cause.changes_cost() { correction.charge.advertiser_cost() } else { Femtos::ZERO };
    Some(Row {
        time: time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        kind: correction.cause.name(),
        id: correction.id.to_string(),
        bid: bid.id.to_string(),
        campaign: campaign.unwrap_or_else(|| bid.campaign.to_string()),
        exchange: exchange.unwrap_or_else(|| bid.exchange.to_string()),
        day: bid.day.to_string(),
        whole_campaign: bid.line_item == NO_LINE_ITEM,
        amount: correction.amount().to_string(),
        cost: cost.to_string(),
        currency: bid.currency.to_string(),
        impressions: correction.impressions,
        reason: correction.reason.clone(),
        author: correction.author.clone(),
    })
}

fn json(rows: &[Row]) -> String {
    serde_json::to_string_pretty(rows).expect("texts and numbers are JSON") + "\n"
}

fn text(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no corrections\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "time",
        "kind",
        "what",
        "campaign",
        "exchange",
        "day",
        "amount",
        "cost",
        "currency",
        "impressions",
        "reason",
        "author",
    ]);
    for row in rows {
        let what = if row.whole_campaign { format!("campaign, as {}", row.bid) } else { row.bid.clone() };
        let impressions = row.impressions.to_string();
        table.add_row([
            row.time.as_str(),
            row.kind,
            &what,
            &row.campaign,
            &row.exchange,
            &row.day,
            &row.amount,
            &row.cost,
            &row.currency,
            &impressions,
            &row.reason,
            &row.author,
        ]);
    }
    for column in [6, 7, 9] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    format!("{table}\n")
}
