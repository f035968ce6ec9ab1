//! `encan ledger verify`: everything rebuilt from the events, and the first difference named.

use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::report::Names;
use crate::shell::cli::ledger::{DataArgs, names};
use crate::shell::cli::reconcile::progress::Progress;
use crate::shell::cli::report;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::clock;
use crate::shell::store::{Difference, Place, Store, StoreError, Verified, VerifyError};

/// Flags of `ledger verify`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "What is checked, in this order:
  pages        SQLite's own check of the whole file
  archives     each is there byte for byte, with the events that were put into it
  events       each is what was written, under its own key
  commits      what was committed since the last snapshot is sealed, commit by commit
  days         no event is missing or too many
  accounts     each account's balance
  caps         what is used of each cap; hours for two days
  currencies   debits equal credits
  totals       the report's media, data, fee and taxes are those of the accounts
  bills        none was credited beyond what was billed
  figures      the columns that reports read say, day by day, what the events say

Examples:
  encan ledger verify
  encan ledger verify --json

The server may go on running: all is read as of one commit, and the server's log grows meanwhile. Nothing is changed.
What leases were granted is not checked: no event tells. The exit code is 0 if all is right, 1 at a difference, 2 if the
ledger cannot be read.")]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// What was found, for programs.
#[derive(Debug, Serialize)]
struct Told {
    right: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checked: Vec<Counted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference: Option<Differing>,
}

#[derive(Debug, Serialize)]
struct Counted {
    check: &'static str,
    count: u64,
}

#[derive(Debug, Serialize)]
struct Differing {
    check: &'static str,
    place: String,
    kept: String,
    rebuilt: String,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match told(args) {
        Ok(told) => {
            put(&if args.json {
                serde_json::to_string_pretty(&told).expect("texts and numbers are JSON") + "\n"
            } else {
                text(&told)
            });
            if told.right { ExitCode::SUCCESS } else { ExitCode::from(INPUT_WRONG) }
        }
        // Not as elsewhere: 1 is a difference.
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

fn told(args: &Args) -> Result<Told, StoreError> {
    let store = Store::open(&args.data.data)?;
    let mut progress = Progress::new(&args.data.data);
    let verified = store.verify(clock::now(), &mut |events| progress.count("events checked", events));
    progress.end();
    match verified {
        Ok(verified) => Ok(Told { right: true, checked: counted(&verified), difference: None }),
        Err(VerifyError::Store(error)) => Err(error),
        Err(VerifyError::Differs(difference)) => {
            // Names may be what is damaged: then ids must do.
            let names = report::names(&store).unwrap_or_default();
            Ok(Told { right: false, checked: Vec::new(), difference: Some(differing(&difference, &names)) })
        }
    }
}

fn counted(verified: &Verified) -> Vec<Counted> {
    verified.iter().map(|(check, count)| Counted { check: check.name(), count: *count }).collect()
}

fn differing(difference: &Difference, names: &Names) -> Differing {
    let Difference { check, place, kept, rebuilt } = difference;
    let (kept, rebuilt) = (kept.clone(), rebuilt.clone());
    Differing { check: check.name(), place: words(place, names), kept, rebuilt }
}

fn words(place: &Place, names: &Names) -> String {
    match place {
        Place::File(file) => format!("`{}`", file.display()),
        Place::Row { file, key, bid } => {
            let bid = bid.map_or_else(String::new, |bid| format!(" of bid {bid}"));
            format!("event {key}{bid} in `{}`", file.display())
        }
        Place::Day(day) => format!("UTC day {day}"),
        Place::Account(account, currency) => match names::account(*account, names) {
            (kind, name) if name.is_empty() => format!("account {kind} in {currency}"),
            (kind, name) => format!("account {kind} of `{name}` in {currency}"),
        },
        Place::Cap(cap, None) => names::cap(*cap, names),
        Place::Cap(cap, Some(epoch)) => format!("{}, epoch {}", names::cap(*cap, names), epoch.raw()),
        Place::Total(figure, currency) => format!("{figure} in {currency}"),
        Place::Currency(currency) => format!("all accounts in {currency}"),
        Place::Bill(bid) => format!("bill of bid {bid}"),
    }
}

fn text(told: &Told) -> String {
    if let Some(Differing { check, place, kept, rebuilt }) = &told.difference {
        return format!("{check}: {place}\n  kept     {kept}\n  rebuilt  {rebuilt}\n");
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["checked", "count"]);
    for Counted { check, count } in &told.checked {
        table.add_row([(*check).to_owned(), count.to_string()]);
    }
    if let Some(column) = table.column_mut(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{table}\nall is as it was written\n")
}
