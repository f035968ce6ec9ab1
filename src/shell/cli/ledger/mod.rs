//! `encan ledger`: the books themselves, beside a running server or without one.

mod archive;
mod backup;
mod balances;
mod correct;
mod corrections;
mod names;
mod restore;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail};
use crate::shell::store::StoreError;

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Book credit notes, deductions, refunds, disputes and adjustments from a file.
    Correct(correct::Args),
    /// Print every correction: what, how much, why, and who says so.
    Corrections(corrections::Args),
    /// Print every account's balance, and what is used and leased of every cap.
    Balances(balances::Args),
    /// Rebuild everything from the events, and name the first difference.
    Verify(verify::Args),
    /// Copy the ledger, or all of the data folder, while a server writes it.
    Backup(backup::Args),
    /// Put a backup of a whole data folder back.
    Restore(restore::Args),
    /// Move old days into files of their own, and give their space back.
    Archive(archive::Args),
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &Ledger) -> ExitCode {
    match verb {
        Ledger::Correct(args) => correct::run(args),
        Ledger::Corrections(args) => corrections::run(args),
        Ledger::Balances(args) => balances::run(args),
        Ledger::Verify(args) => verify::run(args),
        Ledger::Backup(args) => backup::run(args),
        Ledger::Restore(args) => restore::run(args),
        Ledger::Archive(args) => archive::run(args),
    }
}

/// Where the ledger lies.
#[derive(Debug, Clone, clap::Args)]
struct DataArgs {
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

/// Says why the ledger cannot be used.
fn unusable(error: &StoreError) -> ExitCode {
    let is_input = matches!(error, StoreError::Missing { .. });
    fail(if is_input { INPUT_WRONG } else { WE_FAILED }, error, error.hint())
}
