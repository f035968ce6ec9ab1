//! `encan ledger backup`: a copy of the ledger while a server writes it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::shell::cli::ledger::{DataArgs, unusable};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::store::{BackupError, Store};

/// Flags of `ledger backup`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:
  encan ledger backup /backups/ledger-2026-11-22.sqlite

The copy is the ledger as of one commit; the server goes on, and its log grows meanwhile. No file is ever written over.

Of the data folder, these belong in a backup besides; copy them as they are:
  secret                    the keys of notices: without it, no notice of bids that are out is taken any more
  secrets of exchanges      where their profiles say
  archive/                  days that were archived; these files never change
  audience.sqlite, events.sqlite  who is in which segment, which events are known; stop the server for these

To restore, put the copy into an empty folder as `ledger.sqlite`, with `archive/` and `secret` beside it, and start a
server there. What the run that was alive at the time of the backup held of the budgets stays locked up until its notices
cannot come any more; what was billed after the backup is not in it, so lower the budgets by that or book it first.")]
pub struct Args {
    /// The file to make.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match Store::open(&args.data.data).map_err(BackupError::from).and_then(|store| store.backup(&args.file)) {
        Ok(bytes) => {
            put(&format!("{}: {bytes} bytes\n", args.file.display()));
            ExitCode::SUCCESS
        }
        Err(BackupError::Store(error)) => unusable(&error),
        Err(error @ BackupError::Exists { .. }) => fail(INPUT_WRONG, &error, error.hint()),
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}
