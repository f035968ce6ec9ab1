//! `encan ledger backup`: a copy of the ledger, or of all that lies beside it, while a server writes it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::shell::backup::{Manifest, WithKeys, backup};
use crate::shell::cli::ledger::{DataArgs, unusable};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::store::{BackupError, Store};

/// Flags of `ledger backup`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan ledger backup --whole /backups/2026-11-22 --with-keys
  encan ledger backup /backups/ledger-2026-11-22.sqlite

With `--whole`, a new folder: the ledger and its archives, who is in which segment, which events have come, what people
saw, their groups in experiments, what was learnt, the models and the changes by feedback, with `MANIFEST.json`, which has
the hash of every file and says what is not in it. Without, a new file: the ledger alone. The server goes on meanwhile,
and its log grows. Nothing is ever written over, and a backup that fails leaves nothing.

Each file is as of one commit of its own. The ledger is copied after all that leads to its events, so the others may know
a little less than it, never more. Where a file beside it is damaged, the rest is copied, the fault is named and the exit
code is 2.

The keys, `secret`, are copied with `--with-keys` only: whoever has them can forge notices and recognise people by their
ids. But a server that is restored without them takes no notice of a bid that is out, and recognises nobody: segments,
caps, experiments and erasures find none of the people in the backup. Keep a copy, here or elsewhere.

What people wrote is not in it: campaigns, exchanges and their secrets, taxes, audiences, lists.

To restore, `encan ledger restore`; or copy the files into an empty folder, `archive/` and `secret` among them, check it
with `encan ledger verify --data DIR`, and start a server there. What the run that was alive at the time of the backup held
of the budgets stays locked up until its notices cannot come any more; what was billed after the backup is not in it, so
lower the budgets by that or book it first. Who was erased after the backup is in it: erase them again. Send conversions
and events of the time after it again: what is in it already is counted once.")]
pub struct Args {
    /// The file to make, or with `--whole` the folder.
    #[arg(value_name = "FILE|DIR")]
    to: PathBuf,
    /// Copy all of the data folder into a new folder.
    #[arg(long)]
    whole: bool,
    /// Copy the keys of notices and of people, too.
    #[arg(long, requires = "whole")]
    with_keys: bool,
    /// Print the manifest, as JSON.
    #[arg(long, requires = "whole")]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    if args.whole {
        return whole(args);
    }
    match Store::open(&args.data.data).map_err(BackupError::from).and_then(|store| store.backup(&args.to)) {
        Ok(bytes) => {
            put(&format!("{}: {bytes} bytes\n", args.to.display()));
            ExitCode::SUCCESS
        }
        Err(BackupError::Store(error)) => unusable(&error),
        Err(error @ BackupError::Exists { .. }) => fail(INPUT_WRONG, &error, error.hint()),
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

fn whole(args: &Args) -> ExitCode {
    let keys = if args.with_keys { WithKeys::Yes } else { WithKeys::No };
    let manifest = match backup(&args.data.data, &args.to, keys) {
        Ok(manifest) => manifest,
        Err(error) => {
            return fail(if error.is_input() { INPUT_WRONG } else { WE_FAILED }, &error, error.hint());
        }
    };
    put(&if args.json {
        serde_json::to_string_pretty(&manifest).expect("texts and numbers are JSON") + "\n"
    } else {
        format!(
            "{}: {} files, {} bytes\n{}",
            args.to.display(),
            manifest.files.len(),
            manifest.bytes(),
            lines(&manifest)
        )
    });
    for left in &manifest.left_out {
        say(&format!("left out: `{}`: {}\n", left.name, left.why));
    }
    say(&format!("{}\n", of_keys(args, &manifest)));
    if manifest.faults.is_empty() {
        return ExitCode::SUCCESS;
    }
    let faults: Vec<String> =
        manifest.faults.iter().map(|fault| format!("`{}`: {}", fault.name, fault.what)).collect();
    let error = format!("the backup is made, but not all of it is sound: {}", faults.join("; "));
    fail(
        WE_FAILED,
        &error,
        "mend or restore what is damaged, then make another backup; keep the former ones until then",
    )
}

/// One line a file.
pub(super) fn lines(manifest: &Manifest) -> String {
    let width = manifest.files.iter().map(|file| file.name.len()).max().unwrap_or_default();
    let digits = manifest.files.iter().map(|file| file.bytes.to_string().len()).max().unwrap_or_default();
    let line = |file: &crate::shell::backup::Copied| {
        format!("  {:width$}  {:>digits$}  as of {}  {}\n", file.name, file.bytes, file.as_of, file.holds)
    };
    manifest.files.iter().map(line).collect()
}

fn of_keys(args: &Args, manifest: &Manifest) -> &'static str {
    if manifest.has_keys {
        "the keys are in the backup (`secret`): whoever has it can forge notices and recognise people by their ids, so keep \
         it as safe as the data folder"
    } else if args.data.data.join("secret").exists() {
        "the keys are not in the backup (`secret`, copied with `--with-keys`): a server that is restored without them takes \
         no notice of a bid that is out, and recognises nobody; keep a copy of them elsewhere"
    } else {
        "there are no keys in the data folder (`secret`): no server has run there"
    }
}
