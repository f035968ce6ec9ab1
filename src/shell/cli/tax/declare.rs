//! `encan tax declare`: what is owed for a period, each line rounded once, held against the ledger's own books.

use std::process::ExitCode;

use clap::ValueEnum;

use crate::page::Lang;
use crate::shell::cli::report::day;
use crate::shell::cli::tax::sheet::Written;
use crate::shell::cli::tax::{Places, page, scenarios, unusable};
use crate::shell::cli::{INPUT_WRONG, fail, put};
use crate::shell::taxes::{Ask, declare};
use crate::ttf::Period;
use crate::units::Day;

/// Flags of `tax declare`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan tax declare --period 2026-10
  encan tax declare --period 2026-Q4 --by campaign --taxpayer 'Agence du Nord' --format html > q4.html
  encan tax declare --period 2026 --per-advertiser --format csv > 2026.csv
  encan tax declare --period 2019-01 --as-known 2019-07-25

A period is one of civil dates where the jurisdiction's clock stands; what we were told of within it is declared, by the
rate and the place that were booked with it. A line is rounded half up to the cent, once; cents of campaigns sum to it. Late
are bids of an earlier period that were billed in this one; bids of this period that were billed after it are told below, and
declared with the next. The exit code is 0 if the ledger's own books agree, 1 if they differ, 2 if we failed. With --as-known
the past is told with the rates that were known by the end of that day, and what that changes is shown as a difference.")]
pub struct Args {
    /// A month (2026-10), a quarter (2026-Q4) or a year (2026).
    #[arg(long, value_name = "PERIOD")]
    period: Period,
    /// Show below each line what it is made of.
    #[arg(long, value_enum)]
    by: Option<By>,
    /// With the rates that were known by the end of this day, as 2026-11-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    as_known: Option<Day>,
    /// Who owes the tax: our name.
    #[arg(long, value_name = "NAME", default_value = "buyer", conflicts_with = "per_advertiser")]
    taxpayer: String,
    /// Each advertiser owes its own.
    #[arg(long)]
    per_advertiser: bool,
    /// How to print it.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// The language of the HTML page.
    #[arg(long, value_name = "LANG", default_value = "en")]
    lang: Lang,
    #[command(flatten)]
    places: Places,
}

/// What a line is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// Campaigns, with cents that sum to the line's.
    Campaign,
}

/// How a declaration is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Table,
    /// For spreadsheets: a row for each line, exact.
    Csv,
    /// For programs.
    Json,
    /// One file for a browser or a printer.
    Html,
}

/// Runs the verb.
#[must_use]
pub(super) fn run(args: &Args) -> ExitCode {
    let scenarios = match scenarios(&args.places.tax) {
        Ok(scenarios) => scenarios,
        Err(code) => return code,
    };
    let ask = Ask {
        period: args.period,
        by_advertiser: args.per_advertiser,
        as_known: args.as_known,
        without_archives: args.places.without_archives,
    };
    let sheet = match declare(&args.places.data, &scenarios, &ask) {
        Ok(sheet) => sheet,
        Err(error) => return unusable(&error),
    };
    let written = Written::new(&sheet, &args.taxpayer, args.by.is_some(), args.as_known);
    put(&match if args.json { Format::Json } else { args.format } {
        Format::Table => written.to_text(),
        Format::Csv => written.to_csv(),
        Format::Json => written.to_json(),
        Format::Html => page::html(&written, args.lang),
    });
    if let Some((scenario, jurisdiction)) = sheet.declared.clockless.first() {
        let problem = format!(
            "no file tells the clock of {jurisdiction} under the scenario {scenario}: its days were taken by UTC"
        );
        return fail(INPUT_WRONG, &problem, "name the folder that has the scenario's file with `--tax DIR`");
    }
    // What was known later differs from what was booked, and archives that are left out do: neither is a fault of the books.
    let is_whole = args.as_known.is_none() && !args.places.without_archives;
    ExitCode::from(u8::from(is_whole && !written.agrees()))
}
