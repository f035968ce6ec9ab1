//! `encan audience erase`: people out of the file, its log, and a running server.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::audience::ImportId;
use crate::shell::cli::audience::{DataArgs, PersonArgs, open_existing};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::conversions::erase_journeys;

/// Flags of `audience erase`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan audience erase --id-type ifa --user-id 38400000-8cf0-11bd-b23e-10b96e40000d\n  encan audience erase --file gone.csv\n\nA line of the file is `id_type,user_id`. A running server follows within a second; how often\nthey saw which ad it forgets where they are erased by its admin door. The ledger keeps what was billed, under\nthe keyed hash of the id, and a start counts it under the frequency caps again; what those impressions were like it keeps to learn from, under no id."
)]
pub struct Args {
    #[command(flatten)]
    person: PersonArgs,
    /// A file of people, `id_type,user_id` a line.
    #[arg(long, value_name = "FILE", conflicts_with = "id_type", required_unless_present = "id_type")]
    file: Option<PathBuf>,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb. With a wrong line nobody is erased: who was meant is not known.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let (keys, mut store) = match open_existing(&args.data.data) {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let mut users = match args.person.key(&keys) {
        Ok(user) => Vec::from_iter(user),
        Err(refused) => return refused,
    };
    if let Some(file) = &args.file {
        match people(file) {
            Ok(people) => users.extend(people.iter().map(|id| id.key(&keys))),
            Err(refused) => return refused,
        }
    }
    users.sort_unstable();
    users.dedup();
    if let Err(error) = erase_journeys(&args.data.data, &users) {
        let error = format!("what they clicked and saw cannot be erased: {error}");
        return fail(WE_FAILED, &error, "free disk space or mend the disk, and erase again");
    }
    match store.erase(&users) {
        Ok(erased) => {
            put(&format!("people erased: {erased}, not known: {}\n", users.len() - erased));
            ExitCode::SUCCESS
        }
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

fn people(file: &PathBuf) -> Result<Vec<ImportId>, ExitCode> {
    let unreadable = |error: std::io::Error| {
        let error = format!("`{}` cannot be read: {error}", file.display());
        fail(INPUT_WRONG, &error, "name a file with `id_type,user_id` a line")
    };
    let lines = BufReader::new(std::fs::File::open(file).map_err(unreadable)?).lines();
    let (mut people, mut wrong) = (Vec::new(), 0_usize);
    for (at, line) in lines.enumerate() {
        let line = line.map_err(unreadable)?;
        let heading = at == 0 && line.trim_start().starts_with("id_type");
        if line.trim().is_empty() || heading {
            continue;
        }
        let (id_type, user_id) = line.split_once(',').unwrap_or((&line, ""));
        match ImportId::new(id_type.trim(), user_id.trim().trim_matches('"')) {
            Ok(id) => people.push(id),
            Err(error) => {
                wrong += 1;
                say(&format!("error: `{}` line {}: {error}\n", file.display(), at + 1));
            }
        }
    }
    if wrong == 0 {
        return Ok(people);
    }
    let hint = "mend the lines above and erase again: nobody was erased";
    Err(fail(INPUT_WRONG, &format!("lines refused: {wrong}"), hint))
}
