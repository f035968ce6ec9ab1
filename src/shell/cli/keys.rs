//! `encan keys`: what signs notices, changed while notices are out. No secret is ever printed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::{Table, presets};
use serde::Serialize;

use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::clock;
use crate::shell::secrets::{NoticeKey, Secrets, SecretsError};
use crate::units::UnixMillis;

/// What to do with the keys.
#[derive(Debug, Clone, Subcommand)]
pub enum KeysVerb {
    /// Make a new key that signs notices from now on; the former ones are honoured as long as their notices.
    Rotate(RotateArgs),
    /// Show which keys there are, by their ids.
    List(ListArgs),
}

/// Where the keys lie.
#[derive(Debug, Clone, clap::Args)]
struct DataArgs {
    /// Folder of the secrets.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

/// Flags of `keys rotate`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  encan keys rotate --data /var/lib/encan\n\nA running server takes the new key within seconds. Notices that are out stay good: a former key is kept for 61 days after it, as long as any of its clicks may convert. Back up the file `secret` afterwards.\n\nThe secret that hashes the ids of people is not rotated: nobody could be recognised by it any more, not even to be erased."
)]
pub struct RotateArgs {
    #[command(flatten)]
    data: DataArgs,
}

/// Flags of `keys list`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example:\n  encan keys list --json")]
pub struct ListArgs {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// A key without its secret.
#[derive(Debug, Serialize)]
struct Listed {
    key: String,
    signs: bool,
    made: Option<String>,
    retired: Option<String>,
    needed_until: Option<String>,
}

impl Listed {
    fn of(key: &NoticeKey) -> Self {
        Self {
            key: key.id().to_string(),
            signs: key.retired.is_none(),
            made: key.made.map(shown),
            retired: key.retired.map(shown),
            needed_until: key.needed_until().map(shown),
        }
    }
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &KeysVerb) -> ExitCode {
    let done = match verb {
        KeysVerb::Rotate(args) => rotate(args),
        KeysVerb::List(args) => list(args),
    };
    match done {
        Ok(text) => {
            put(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            let code = if matches!(error, SecretsError::Missing { .. }) { INPUT_WRONG } else { WE_FAILED };
            fail(code, &error, error.hint())
        }
    }
}

fn rotate(args: &RotateArgs) -> Result<String, SecretsError> {
    let rotation = Secrets::rotate(&args.data.data, clock::now())?;
    let mut text = format!("{} signs, {} is still honoured\n", rotation.current, rotation.former);
    for dropped in rotation.dropped {
        text.push_str(&format!("{dropped} is gone: every notice that it signed has expired\n"));
    }
    Ok(text)
}

fn list(args: &ListArgs) -> Result<String, SecretsError> {
    let secrets = Secrets::existing(&args.data.data)?;
    let keys: Vec<Listed> = secrets.notice_keys(clock::now()).map(Listed::of).collect();
    if args.json {
        let json = serde_json::to_string_pretty(&keys).expect("texts and flags are JSON");
        return Ok(format!("{json}\n"));
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["key", "made", "retired", "honoured until"]);
    for key in keys {
        let moment = |moment: Option<String>| moment.unwrap_or_else(|| "-".to_owned());
        let until = if key.signs { "it signs".to_owned() } else { moment(key.needed_until) };
        table.add_row([key.key, moment(key.made), moment(key.retired), until]);
    }
    Ok(format!("{table}\n"))
}

/// To the second: nobody rotates twice in one.
fn shown(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.raw()).unwrap_or(jiff::Timestamp::MAX);
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
