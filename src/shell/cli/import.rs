//! `encan audience import`: people into segments, from CSV or JSON lines.

use std::fs::File;
use std::io::{BufRead as _, BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;

use crate::audience::{ImportRow, UserKeys};
use crate::shell::audience_store::AudienceStore;
use crate::shell::boot::BootError;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::secrets::Secrets;
use crate::units::{SegmentId, UnixMillis, UserKey};

/// Flags of `audience import`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "A line is `id_type,user_id,segment,expires` (CSV, a heading is skipped) or\n{\"id_type\":...,\"user_id\":...,\"segment\":...,\"expires\":...} (JSON lines). `id_type` is buyer, ifa,\neid:SOURCE or exchange:NAME; `expires` is a date, or days from now as `30d`.\n\nExample:\n  encan audience import viewers.csv\n\nA running server reads the audiences again on SIGHUP. Ids are kept as keyed hashes only."
)]
pub struct Args {
    /// The file; JSON lines if it ends in .jsonl, else CSV.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Folder of the audiences.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
}

/// Wrong lines shown before the rest is only counted.
const FAULTS_SHOWN: usize = 20;
/// Rows written in one transaction.
const BATCH: usize = 50_000;

/// Runs the verb. Right lines are taken even if others are wrong; then the exit code is 1.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let file = match File::open(&args.file) {
        Ok(file) => file,
        Err(error) => {
            let error = format!("`{}` cannot be read: {error}", args.file.display());
            return fail(INPUT_WRONG, &error, "name a CSV or JSON lines file");
        }
    };
    let opened = || -> Result<_, BootError> {
        // The secret first: it also makes the folder.
        let secrets = Secrets::open(&args.data)?;
        Ok((UserKeys::new(secrets.users), AudienceStore::open(&args.data)?))
    };
    let (keys, mut store) = match opened() {
        Ok(opened) => opened,
        Err(error) => return fail(WE_FAILED, &error, error.hint()),
    };
    let mut import = Import {
        members: Vec::new(),
        taken: 0,
        wrong: 0,
        json: false,
        file: args.file.display().to_string(),
    };
    import.json = args.file.extension().is_some_and(|ending| ending == "jsonl" || ending == "json");
    let now = clock::now();
    for (at, line) in BufReader::new(file).lines().enumerate() {
        match line {
            Ok(line) => import.line(at + 1, &line, &keys, now),
            Err(error) => import.refuse(at + 1, &error.to_string()),
        }
        if import.members.len() >= BATCH
            && let Err(error) = import.flush(&mut store)
        {
            return fail(WE_FAILED, &error, "free disk space; what was counted is kept");
        }
    }
    if let Err(error) = import.flush(&mut store) {
        return fail(WE_FAILED, &error, "free disk space; what was counted is kept");
    }
    if import.wrong > FAULTS_SHOWN {
        say(&format!("... and {} more\n", import.wrong - FAULTS_SHOWN));
    }
    put(&format!("memberships taken: {}, lines refused: {}\n", import.taken, import.wrong));
    if import.wrong > 0 { ExitCode::from(INPUT_WRONG) } else { ExitCode::SUCCESS }
}

struct Import {
    members: Vec<(UserKey, SegmentId, UnixMillis)>,
    taken: usize,
    wrong: usize,
    json: bool,
    file: String,
}

impl Import {
    fn line(&mut self, number: usize, line: &str, keys: &UserKeys, now: UnixMillis) {
        let heading = !self.json && number == 1 && line.trim_start().starts_with("id_type");
        if line.trim().is_empty() || heading {
            return;
        }
        let row = if self.json { ImportRow::parse_json(line) } else { ImportRow::parse_csv(line) };
        match row {
            Ok(row) => self.members.push((row.key(keys), row.segment, row.expires.instant(now))),
            Err(error) => self.refuse(number, &error.to_string()),
        }
    }

    fn refuse(&mut self, number: usize, error: &str) {
        self.wrong += 1;
        if self.wrong <= FAULTS_SHOWN {
            say(&format!("error: `{}` line {number}: {error}\n", self.file));
        }
    }

    fn flush(
        &mut self,
        store: &mut AudienceStore,
    ) -> Result<(), crate::shell::audience_store::AudienceError> {
        store.add(&self.members)?;
        self.taken += self.members.len();
        self.members.clear();
        if self.taken >= BATCH && std::io::stderr().is_terminal() {
            say(&format!("\r{} memberships", self.taken));
        }
        Ok(())
    }
}
