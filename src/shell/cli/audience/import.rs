//! `encan audience import`: people into segments, and what they did, from CSV or JSON lines.
//!
//! Lines are read one by one, sorted by person a million at a time, and committed in small transactions, so
//! that memory is bounded and a running server writes in between. A wrong line stops nothing: it is counted,
//! the first are shown, and all of them stand with their reasons in a file beside the imported one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, IsTerminal as _, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::audience::{ImportError, ImportFact, ImportRow, UserKeys};
use crate::shell::audience_store::{AudienceError, AudienceStore, Change, Name, NameKind};
use crate::shell::cli::audience::{DataArgs, open};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::units::{SegmentId, UnixMillis, UserKey, limits};

/// Flags of `audience import`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "A line is `id_type,user_id,segment,expires` (CSV, a heading is skipped) or JSON:\n  {\"id_type\":...,\"user_id\":...,\"segment\":...,\"expires\":...}\n  {\"id_type\":...,\"user_id\":...,\"advertiser\":...,\"event\":...,\"topic\":...,\"at\":...,\"value\":...}\n`id_type` is buyer, ifa, eid:SOURCE, exchange:NAME, or key for a key of an export; `expires` is a date,\nan instant, or days from now as `30d`. Expiries are kept in steps of six hours, rounded down.\n\nExample:\n  encan audience import viewers.csv\n\nA running server follows within seconds. Ids are kept as keyed hashes only. Refused lines go to\nFILE.rejected, with their reasons; the exit code is 1 then."
)]
pub struct Args {
    /// The file; JSON lines if it ends in .jsonl, else CSV.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    data: DataArgs,
}

/// Wrong lines shown before the rest is only counted.
const FAULTS_SHOWN: usize = 20;
/// A pause between two transactions: a server that waits for its turn gets it.
const PAUSE: Duration = Duration::from_millis(5);
/// How often a terminal is told.
const TELL: Duration = Duration::from_millis(500);

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
    let (keys, store) = match open(&args.data.data) {
        Ok(opened) => opened,
        Err(refused) => return refused,
    };
    let bytes = file.metadata().map_or(0, |known| known.len());
    match Import::new(args, keys, store, bytes).and_then(|import| import.all(BufReader::new(file))) {
        Ok(import) => import.conclude(),
        Err(Halt::Store(error)) => fail(WE_FAILED, &error, error.hint()),
        Err(Halt::Rejected(file, error)) => {
            let error = format!("`{}` cannot be written: {error}", file.display());
            fail(
                WE_FAILED,
                &error,
                "refused lines go beside the file: import it from a folder that can be written",
            )
        }
    }
}

/// Why an import ends before its end.
enum Halt {
    Store(AudienceError),
    Rejected(PathBuf, std::io::Error),
}

impl From<AudienceError> for Halt {
    fn from(error: AudienceError) -> Self {
        Self::Store(error)
    }
}

struct Import {
    keys: UserKeys,
    store: AudienceStore,
    now: UnixMillis,
    changes: Vec<(UserKey, Change)>,
    names: Vec<Name>,
    /// Names that were seen, and whether one like it may come again.
    seen: HashMap<(NameKind, u64), String>,
    segments: usize,
    taken: usize,
    wrong: usize,
    json: bool,
    file: PathBuf,
    rejected: Option<BufWriter<File>>,
    /// Of the file, and of it those that were read.
    bytes: u64,
    read: u64,
    began: Instant,
    told: Option<Instant>,
}

impl Import {
    fn new(args: &Args, keys: UserKeys, mut store: AudienceStore, bytes: u64) -> Result<Self, Halt> {
        let json = args.file.extension().is_some_and(|ending| ending == "jsonl" || ending == "json");
        let (segments, _) = store.counts()?;
        Ok(Self {
            keys,
            store,
            now: clock::now(),
            changes: Vec::new(),
            names: Vec::new(),
            seen: HashMap::new(),
            segments,
            taken: 0,
            wrong: 0,
            json,
            file: args.file.clone(),
            rejected: None,
            bytes,
            read: 0,
            began: Instant::now(),
            told: None,
        })
    }

    fn all(mut self, mut file: impl BufRead) -> Result<Self, Halt> {
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let longest = limits::IMPORT_LINE_BYTES_MAX as u64 + 2;
            match file.by_ref().take(longest).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(length) => self.read += length as u64,
                Err(error) => {
                    // What follows cannot be read either.
                    self.refuse(number, &error.to_string(), b"")?;
                    break;
                }
            }
            if line.len() as u64 == longest && line.last() != Some(&b'\n') {
                self.refuse(number, "the line is longer than 4096 bytes", &line[..80])?;
                self.read += file.skip_until(b'\n').unwrap_or(0) as u64;
                continue;
            }
            self.line(number, line.trim_ascii())?;
            if self.changes.len() >= limits::IMPORT_ROWS_HELD {
                self.flush()?;
            }
        }
        self.flush()?;
        if let Some(rejected) = &mut self.rejected {
            rejected.flush().map_err(|error| Halt::Rejected(rejected_path(&self.file), error))?;
        }
        Ok(self)
    }

    fn line(&mut self, number: usize, bytes: &[u8]) -> Result<(), Halt> {
        let line = match std::str::from_utf8(bytes) {
            Ok(line) => line.trim_start_matches('\u{feff}'),
            Err(error) => return self.refuse(number, &format!("not UTF-8: {error}"), bytes),
        };
        let heading = !self.json && number == 1 && line.starts_with("id_type");
        if line.is_empty() || heading {
            return Ok(());
        }
        let row = if self.json { ImportRow::parse_json(line) } else { ImportRow::parse_csv(line) };
        match row.map_err(|error: ImportError| error.to_string()) {
            Ok(row) => match self.named(&row.fact)? {
                None => {
                    let change = match row.fact {
                        ImportFact::Segment { name, expires } => {
                            Change::Segment(SegmentId::from_slug(&name), expires.instant(self.now))
                        }
                        ImportFact::Happened { happened, .. } => Change::Happened(happened),
                    };
                    self.changes.push((row.id.key(&self.keys), change));
                    Ok(())
                }
                Some(reason) => self.refuse(number, &reason, bytes),
            },
            Err(reason) => self.refuse(number, &reason, bytes),
        }
    }

    /// Takes note of the names of a row; why they cannot be taken, if so.
    fn named(&mut self, fact: &ImportFact) -> Result<Option<String>, Halt> {
        let new = |kind, id, slug: &str| (kind, id, slug.to_owned());
        let names = match fact {
            ImportFact::Segment { name, .. } => {
                vec![new(NameKind::Segment, SegmentId::from_slug(name).raw(), name)]
            }
            ImportFact::Happened { advertiser, event, topic, happened } => {
                let topic = happened.topic.zip(topic.as_ref());
                let topic = topic.map(|(id, slug)| new(NameKind::Topic, id.raw(), slug));
                let advertiser = new(NameKind::Advertiser, happened.advertiser.raw(), advertiser);
                let event = new(NameKind::Event, happened.event.raw(), event);
                [advertiser, event].into_iter().chain(topic).collect()
            }
        };
        for (kind, id, slug) in names {
            let known = match self.seen.get(&(kind, id)) {
                Some(known) => Some(known.clone()),
                None => self.store.name(kind, id)?,
            };
            match known {
                Some(known) if known != slug => {
                    return Ok(Some(format!("`{slug}` has the same hash as `{known}`: use another name")));
                }
                Some(_) => {}
                None => {
                    self.segments += usize::from(kind == NameKind::Segment);
                    if self.segments > limits::SEGMENTS_MAX as usize {
                        self.segments -= 1;
                        return Ok(Some(format!(
                            "`{slug}` is one segment more than {}",
                            limits::SEGMENTS_MAX
                        )));
                    }
                    self.names.push(Name { kind, id, slug: slug.clone() });
                }
            }
            self.seen.entry((kind, id)).or_insert(slug);
        }
        Ok(None)
    }

    fn refuse(&mut self, number: usize, reason: &str, line: &[u8]) -> Result<(), Halt> {
        self.wrong += 1;
        if self.wrong <= FAULTS_SHOWN {
            say(&format!("error: `{}` line {number}: {reason}\n", self.file.display()));
        }
        let path = rejected_path(&self.file);
        let failed = |error| Halt::Rejected(path.clone(), error);
        let rejected = match &mut self.rejected {
            Some(rejected) => rejected,
            None => self.rejected.insert(BufWriter::new(File::create(&path).map_err(failed)?)),
        };
        let line = String::from_utf8_lossy(line);
        writeln!(rejected, "line {number}: {reason}: {line}").map_err(failed)
    }

    /// Writes what is held: people in their order, some thousands to a commit.
    fn flush(&mut self) -> Result<(), Halt> {
        // Names first: a segment without a name would be worse than a name without a segment.
        self.store.remember(&self.names)?;
        self.names.clear();
        // What is said of one person stays in its order.
        self.changes.sort_by_key(|(user, _)| *user);
        let mut rest = self.changes.as_slice();
        while !rest.is_empty() {
            let people = rest.chunk_by(|(one, _), (next, _)| one == next);
            let rows = people.take(limits::IMPORT_PEOPLE_OF_COMMIT).map(<[_]>::len).sum();
            let (some, others) = rest.split_at(rows);
            self.store.write(some)?;
            self.taken += some.len();
            rest = others;
            if self.told.is_none_or(|told| told.elapsed() >= TELL) {
                self.told = Some(Instant::now());
                self.tell();
            }
            if !rest.is_empty() {
                std::thread::sleep(PAUSE);
            }
        }
        self.changes.clear();
        Ok(())
    }

    fn tell(&self) {
        if !std::io::stderr().is_terminal() {
            return;
        }
        let millis = self.began.elapsed().as_millis().max(1);
        let a_second = self.taken as u128 * 1_000 / millis;
        let share = (self.read * 100).checked_div(self.bytes).unwrap_or(100).min(100);
        say(&format!(
            "\r\x1b[K{} rows committed, {a_second} a second, {share} % of the file read",
            self.taken
        ));
    }

    fn conclude(self) -> ExitCode {
        if self.told.is_some() && std::io::stderr().is_terminal() {
            say("\n");
        }
        if self.wrong > FAULTS_SHOWN {
            say(&format!("... and {} more\n", self.wrong - FAULTS_SHOWN));
        }
        put(&format!("rows taken: {}, lines refused: {}\n", self.taken, self.wrong));
        if self.wrong == 0 {
            return ExitCode::SUCCESS;
        }
        say(&format!("\nhint: the refused lines are in `{}`\n", rejected_path(&self.file).display()));
        ExitCode::from(INPUT_WRONG)
    }
}

fn rejected_path(file: &std::path::Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejected");
    name.into()
}
