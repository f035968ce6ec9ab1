//! `encan audience`: people into segments and out of them, on the file that a running server reads too.

mod erase;
mod export;
mod import;
mod stats;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::audience::{ImportId, UserKeys};
use crate::shell::audience_store::AudienceStore;
use crate::shell::boot::BootError;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail};
use crate::shell::clock;
use crate::shell::secrets::Secrets;
use crate::units::UserKey;

/// What to do with audiences.
#[derive(Debug, Subcommand)]
pub enum Audience {
    /// Add people to segments, from CSV or JSON lines.
    Import(import::Args),
    /// Print what is known of a person, or of everyone.
    Export(export::Args),
    /// Erase people, from the file and from a running server.
    Erase(erase::Args),
    /// Count people, segments and bytes.
    Stats(stats::Args),
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &Audience) -> ExitCode {
    match verb {
        Audience::Import(args) => import::run(args),
        Audience::Export(args) => export::run(args),
        Audience::Erase(args) => erase::run(args),
        Audience::Stats(args) => stats::run(args),
    }
}

/// Where the audiences lie.
#[derive(Debug, Clone, clap::Args)]
struct DataArgs {
    /// Folder of the audiences.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

/// One person, by the id that an exchange sends.
#[derive(Debug, Clone, clap::Args)]
struct PersonArgs {
    /// What the id is: buyer, ifa, eid:SOURCE, exchange:NAME, or key for a key of an export.
    #[arg(long, value_name = "TYPE", requires = "user_id")]
    id_type: Option<String>,
    /// The id.
    #[arg(long, value_name = "ID", requires = "id_type")]
    user_id: Option<String>,
}

impl PersonArgs {
    /// The person's key; `None` if nobody is named.
    fn key(&self, keys: &UserKeys) -> Result<Option<UserKey>, ExitCode> {
        let (Some(id_type), Some(user_id)) = (&self.id_type, &self.user_id) else { return Ok(None) };
        match ImportId::new(id_type, user_id) {
            Ok(id) => Ok(Some(id.key(keys))),
            Err(error) => Err(fail(INPUT_WRONG, &error, "name the person as an import would")),
        }
    }
}

/// Opens the audiences, and the secret that makes keys of ids.
fn open(data: &Path) -> Result<(UserKeys, AudienceStore), ExitCode> {
    let opened = || -> Result<_, BootError> {
        // The secret first: it also makes the folder.
        let secrets = Secrets::open(data, clock::now())?;
        Ok((UserKeys::new(secrets.users), AudienceStore::open(data)?))
    };
    opened().map_err(|error| fail(WE_FAILED, &error, error.hint()))
}

/// The same, where there are some already: a wrong folder is not made.
fn open_existing(data: &Path) -> Result<(UserKeys, AudienceStore), ExitCode> {
    if AudienceStore::exists(data) {
        return open(data);
    }
    let error = format!("there are no audiences in `{}`", data.display());
    Err(fail(INPUT_WRONG, &error, "name the folder with `--data DIR`"))
}
