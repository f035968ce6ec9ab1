//! `encan audience export`: what is known of a person, or of everyone in a form that `import` reads back.

use std::io::{BufWriter, Write as _};
use std::process::ExitCode;

use serde_json::json;

use crate::shell::audience_store::{AudienceError, AudienceStore, Person};
use crate::shell::cli::audience::{DataArgs, PersonArgs, open_existing};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::units::{UnixMillis, UserKey};

/// Flags of `audience export`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan audience export --id-type buyer --user-id anna\n  encan audience export --all > people.jsonl\n\nOf everyone it prints JSON lines, or with --csv the segments alone. Ids are not kept, so that the id type\nis `key`: `encan audience import` reads the lines back in an installation with the same secret."
)]
pub struct Args {
    #[command(flatten)]
    person: PersonArgs,
    /// Everyone.
    #[arg(long, conflicts_with = "id_type", required_unless_present = "id_type")]
    all: bool,
    /// Everyone's segments as CSV.
    #[arg(long, requires = "all")]
    csv: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let (keys, mut store) = match open_existing(&args.data.data) {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    match args.person.key(&keys) {
        Ok(Some(user)) => one(&mut store, &user),
        Ok(None) => everyone(&mut store, args.csv),
        Err(refused) => refused,
    }
}

fn one(store: &mut AudienceStore, user: &UserKey) -> ExitCode {
    match store.person(user, clock::now()) {
        Ok(Some(person)) => {
            let mut json = serde_json::to_string_pretty(&person).expect("texts are JSON");
            json.push('\n');
            put(&json);
            ExitCode::SUCCESS
        }
        Ok(None) => fail(INPUT_WRONG, &"nothing is known of this person", ""),
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

fn everyone(store: &mut AudienceStore, csv: bool) -> ExitCode {
    let (now, mut left_out) = (clock::now(), 0);
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut after = None;
    loop {
        let page = match page(store, after, now) {
            Ok(page) => page,
            Err(error) => return fail(WE_FAILED, &error, error.hint()),
        };
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        for (user, person) in &page {
            let written =
                if csv { write_csv(&mut out, user, person) } else { write_json(&mut out, user, person) };
            if written.is_err() {
                // Nobody reads any more.
                return ExitCode::SUCCESS;
            }
            left_out += if csv { person.events.len() } else { 0 };
        }
    }
    if left_out > 0 {
        say(&format!("warning: {left_out} events are not in CSV\n\nhint: leave out `--csv` to have them\n"));
    }
    // Nobody left to read the end is no reason to fail.
    let _ = out.flush();
    ExitCode::SUCCESS
}

/// The next people after a key.
fn page(
    store: &mut AudienceStore,
    after: Option<UserKey>,
    now: UnixMillis,
) -> Result<Vec<(UserKey, Person)>, AudienceError> {
    let read = store.page(after)?;
    let mut page = Vec::with_capacity(read.len());
    for (user, mut known) in read {
        // Also one of whom nothing counts any more, so that the last of the page is known.
        known.prune(now);
        page.push((user, store.named(&known)?));
    }
    Ok(page)
}

fn hex(user: &UserKey) -> String {
    format!("{:032x}", u128::from_be_bytes(*user.as_bytes()))
}

fn write_json(out: &mut impl std::io::Write, user: &UserKey, person: &Person) -> std::io::Result<()> {
    let id = json!({ "id_type": "key", "user_id": hex(user) });
    let lines = person.segments.iter().map(serde_json::to_value);
    for line in lines.chain(person.events.iter().map(serde_json::to_value)) {
        let (mut whole, line) = (id.clone(), line?);
        for (key, value) in line.as_object().into_iter().flatten() {
            whole[key] = value.clone();
        }
        writeln!(out, "{whole}")?;
    }
    Ok(())
}

fn write_csv(out: &mut impl std::io::Write, user: &UserKey, person: &Person) -> std::io::Result<()> {
    let mut lines = csv::WriterBuilder::new().from_writer(out);
    for member in &person.segments {
        let value = serde_json::to_value(member)?;
        let expires = value["expires"].as_str().unwrap_or_default();
        lines.write_record(["key", &hex(user), &member.segment, expires])?;
    }
    lines.flush()
}
