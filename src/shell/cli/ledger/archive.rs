//! `encan ledger archive`: old days into files of their own.

use std::process::ExitCode;

use crate::shell::cli::ledger::{DataArgs, unusable};
use crate::shell::cli::report::day;
use crate::shell::cli::{INPUT_WRONG, fail, put};
use crate::shell::clock;
use crate::shell::leasing;
use crate::shell::store::{ArchiveError, Archived, Opened, Store, archivable_before};
use crate::units::{Day, Millis};

/// Flags of `ledger archive`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:
  encan ledger archive --before 2026-09-01

Moves the events of bids of whole UTC days into `archive/FIRST_LAST.sqlite` in the folder of the ledger, and gives their
space back, for which it needs as much again for a while. Reports, corrections and `encan ledger verify` read archives as
before, so keep the files there. Balances and budgets stay as they are; so do conversions and corrections, which must
never be counted twice. Days of which notices may still come are refused. Stop the server first.")]
pub struct Args {
    /// The first UTC day that stays, as 2026-09-01.
    #[arg(long, value_name = "DAY", value_parser = day)]
    before: Day,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let now = clock::now();
    match archive(args) {
        Ok(Some(Archived { file, first, last, events })) => {
            put(&format!("{}: {events} events of {first} to {last}\n", file.display()));
            ExitCode::SUCCESS
        }
        Ok(None) => {
            put(&format!("nothing to archive before {}\n", args.before));
            ExitCode::SUCCESS
        }
        Err(error @ ArchiveError::TooYoung { .. }) => {
            let hint = format!("the latest is `--before {}`", archivable_before(now));
            fail(INPUT_WRONG, &error, &hint)
        }
        Err(ArchiveError::Store(error)) => unusable(&error),
    }
}

fn archive(args: &Args) -> Result<Option<Archived>, ArchiveError> {
    let data = &args.data.data;
    // First to read: a wrong folder is not made.
    drop(Store::open(data)?);
    // Nothing is leased here: how long leases live does not matter.
    Opened::open(data, leasing::terms(Millis::default()))?.archive(args.before, clock::now())
}
