//! `encan learn undo`: the former model, back in use.

use std::process::ExitCode;

use crate::shell::cli::learn::{DataArgs, instant};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::clock;
use crate::shell::learning::{Contexts, Models, Trial, UndoError};

/// Flags of `learn undo`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:
  encan learn undo

The last five models are kept. The one that was in use is forgotten. A server that runs on the folder takes the former
one within a second, and goes on training: with `--train-every 0` it does not, and what is put back stays.")]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let models = Models::new(&args.data.data);
    match models.undo() {
        Ok(found) => {
            let left = models.former_count();
            let (version, written) = (&found.version, instant(found.written));
            let words = format!("a person put the model {version} of {written} back");
            // Where nothing was ever billed there is no such file, and nothing to remember in.
            if let Ok(contexts) = Contexts::open_to_read(&args.data.data) {
                let at = clock::now().raw();
                let _ = contexts.remember(&Trial { at, by_server: false, accepted: true, words });
            }
            let told = serde_json::json!({ "version": version, "written": written, "former": left });
            put(&if args.json {
                format!("{told:#}\n")
            } else {
                format!("the model {version} of {written} is in use again; {left} former ones are left\n")
            });
            ExitCode::SUCCESS
        }
        Err(error @ UndoError::NoFormer { .. }) => {
            let hint = "name the folder of the server with `--data DIR`; to bid by the campaigns' own rates, delete the file `model` there";
            fail(INPUT_WRONG, &error, hint)
        }
        Err(error) => fail(WE_FAILED, &error, "nothing was changed"),
    }
}
