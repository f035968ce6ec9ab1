//! `encan conversions`: bring in what shops report in files, look at conversions, and share them among the ads.

mod credit;
mod import;
mod rows;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail};
use crate::shell::store::StoreError;
use crate::units::{Day, UnixMillis};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Conversions {
    /// Book orders of a CSV file by their promo codes.
    Import(import::Args),
    /// List conversions, the latest first.
    Show(show::Args),
    /// Credit conversions to what led to them, by every model side by side.
    Credit(credit::Args),
}

/// Runs one of them.
#[must_use]
pub fn run(verb: &Conversions) -> ExitCode {
    match verb {
        Conversions::Import(args) => import::run(args),
        Conversions::Show(args) => show::run(args),
        Conversions::Credit(args) => credit::run(args),
    }
}

/// How a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// For spreadsheets: exact.
    Csv,
    /// For programs: exact.
    Json,
}

/// Which conversions, and how they are printed.
#[derive(Debug, Clone, clap::Args)]
pub struct Period {
    /// The first day of UTC on which they happened, as 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = crate::shell::cli::report::day)]
    from: Option<Day>,
    /// The last day.
    #[arg(long, value_name = "DAY", value_parser = crate::shell::cli::report::day)]
    to: Option<Day>,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

impl Period {
    fn holds(&self, happened: UnixMillis) -> bool {
        let day = day_of(happened);
        self.from.is_none_or(|from| day >= from) && self.to.is_none_or(|to| day <= to)
    }

    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// Why it holds nothing, if it cannot.
    fn fault(&self) -> Option<ExitCode> {
        let (from, to) = (self.from?, self.to?);
        (from > to).then(|| {
            fail(INPUT_WRONG, &format!("--from {from} is after --to {to}"), "both days are included")
        })
    }
}

/// The day of UTC.
fn day_of(at: UnixMillis) -> Day {
    Day::from_raw(i32::try_from(at.raw().div_euclid(86_400_000)).unwrap_or(i32::MAX))
}

/// The end of a verb that could not read the ledger.
fn unread(error: &StoreError) -> ExitCode {
    let code = if matches!(error, StoreError::Missing { .. }) { INPUT_WRONG } else { WE_FAILED };
    fail(code, error, error.hint())
}

/// `at` as people and programs read it: RFC 3339, in UTC.
fn written(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.raw());
    at.map_or_else(|_| "beyond the calendar".to_owned(), |at| at.to_string())
}

/// Lines of `rows` in columns, the first row as the heading; columns of `right` are flushed right.
fn columns(rows: &[Vec<String>], right: impl Fn(usize) -> bool) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|at| width(at).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[at].saturating_sub(cell.chars().count()));
            line.push_str(if at == 0 { "" } else { "  " });
            if right(at) {
                line.push_str(&(pad + cell));
            } else {
                line.push_str(&(cell.clone() + &pad));
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// `rows` as CSV (RFC 4180).
fn csv(rows: &[Vec<String>]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        // Memory takes every row.
        let _ = writer.write_record(row);
    }
    writer.into_inner().map_or_else(|_| String::new(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}
