//! `encan ledger restore`: a backup of a whole data folder, put back where nothing lies.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::shell::backup::{Manifest, restore};
use crate::shell::cli::ledger::DataArgs;
use crate::shell::cli::ledger::backup::lines;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};

/// Flags of `ledger restore`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:
  encan ledger restore /backups/2026-11-22 --data data
  encan ledger verify --data data

Copies the files of a folder that `encan ledger backup --whole` made, each held against its hash, into a data folder that
is not there or empty. If one is not what was written, nothing is restored. What is restored belongs to whom the empty
folder belonged, or the folder above it; the backup stays as it is. `encan ledger backup --help` says what to do before a server starts there.")]
pub struct Args {
    /// The backup.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let data = args.data.data.display();
    match restore(&args.backup, &args.data.data) {
        Ok(manifest) => {
            put(&format!(
                "{data}: {} files, {} bytes\n{}",
                manifest.files.len(),
                manifest.bytes(),
                lines(&manifest)
            ));
            advise(&manifest);
            ExitCode::SUCCESS
        }
        Err(error) => fail(if error.is_input() { INPUT_WRONG } else { WE_FAILED }, &error, error.hint()),
    }
}

/// What whoever restores has to know before a server starts.
fn advise(manifest: &Manifest) {
    for fault in &manifest.faults {
        say(&format!("not sound when it was backed up: `{}`: {}\n", fault.name, fault.what));
    }
    if !manifest.has_keys {
        say(
            "warning: there are no keys in the backup: put the installation's `secret` into the folder before a server \
             starts there, or it makes new ones, takes no notice of a bid that is out, and recognises nobody\n",
        );
    }
    say(&format!(
        "what came after {} is not in it: lower budgets by what was billed since, or book it; erase again who was erased \
         since; then check it with `encan ledger verify`\n",
        manifest.begun
    ));
}
