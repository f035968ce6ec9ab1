//! `encan ledger`: the books themselves, beside a running server or without one.

mod correct;
mod corrections;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

/// What to do with the ledger.
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Book credit notes, deductions, refunds, disputes and adjustments from a file.
    Correct(correct::Args),
    /// Print every correction: what, how much, why, and who says so.
    Corrections(corrections::Args),
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &Ledger) -> ExitCode {
    match verb {
        Ledger::Correct(args) => correct::run(args),
        Ledger::Corrections(args) => corrections::run(args),
    }
}

/// Where the ledger lies.
#[derive(Debug, Clone, clap::Args)]
struct DataArgs {
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}
