//! `encan conversions import`: orders of a CSV file, by the server that has the ledger or on its own.
//!
//! Rows are read and booked some hundreds at a time, so that memory is bounded and a running server bids on in between.
//! A wrong row stops nothing: it is counted, the first are shown, and all of them stand with their reasons in a file
//! beside the imported one. To import the same file again changes nothing.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, IsTerminal as _, Seek as _, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use hyper::StatusCode;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

use crate::bidder::Plan;
use crate::shell::cli::conversions::rows::{Row, Rows, separator};
use crate::shell::cli::conversions::unread;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure};
use crate::shell::conversions::{ConversionForm, Imported, coded_event};
use crate::shell::corrections::found;
use crate::shell::demo::{CallError, Caller};
use crate::shell::leasing;
use crate::shell::service::names;
use crate::shell::store::{Opened, Store, StoreError, Writer, WriterHandle};
use crate::units::Millis;

/// Flags of `conversions import`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "A file:
  order,code,value,currency,time,type
  10017,SPRING10,59.90,EUR,2026-11-21T18:00:00Z,purchase
  10018,SPRING10,,,,

order        to count it once, whatever reports it
code         a promo code of a campaign or of one of its types (`promo_codes` in campaign files)
value        in currency units, as 1234.56; the type's value if empty
currency     of the value; the type's if empty
time         a date and time, of UTC where it does not say of what; seconds or milliseconds since 1970; now if empty
type         the code's type, or the campaign's first, if empty
advertiser   whose, where codes of several are alike; or --advertiser for the whole file
lifetime_value   what the customer is expected to bring altogether; the type's if empty

Columns may stand in any order under the names that shops use (`Order ID`, `coupon`, `total`, `created_at`), with commas,
semicolons or tabs between them; others are not used.

Examples:
  encan conversions import november.csv --dry-run
  encan conversions import november.csv --advertiser acme

A server that runs on the folder books the rows; without one, this command does. Refused rows go to FILE.rejected, with
their reasons; the exit code is 1 then.")]
pub struct Args {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Whose orders they are.
    #[arg(long, value_name = "ADVERTISER")]
    advertiser: Option<String>,
    /// Say which rows could be booked, and book nothing.
    #[arg(long)]
    dry_run: bool,
    /// The admin's door of the server that has the ledger; found by the folder if absent.
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Print what became of the rows as JSON.
    #[arg(long)]
    json: bool,
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

/// Rows of one call.
const ROWS_OF_CALL: usize = 500;
/// Wrong rows shown before the rest is only counted.
const FAULTS_SHOWN: usize = 20;
/// Refused rows that are told as JSON; all are in the file of refused rows.
const REASONS_MAX: usize = 1_000;
/// How often a terminal is told.
const TELL: Duration = Duration::from_millis(500);

/// Why an import ends before its end.
enum Halt {
    /// Told already.
    Told(ExitCode),
    Store(StoreError),
    Call(CallError),
    /// The server's own words.
    Refused(StatusCode, String),
    Rejected(PathBuf, std::io::Error),
    System(std::io::Error),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs the verb. Right rows are taken even if others are wrong; then the exit code is 1.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match open(args).and_then(|(rows, bytes)| Import::new(args, bytes)?.all(rows)) {
        Ok(import) => import.conclude(args.json),
        Err(Halt::Told(code)) => code,
        Err(Halt::Store(error)) => unread(&error),
        Err(Halt::Call(error)) => {
            fail(WE_FAILED, &error, "import the same file again: what is booked is not booked twice")
        }
        Err(Halt::Refused(status, words)) => {
            let error = format!("the server answered {status}: {}", words.trim_end());
            fail(WE_FAILED, &error, "import the same file again: what is booked is not booked twice")
        }
        Err(Halt::Rejected(file, error)) => {
            let error = format!("`{}` cannot be written: {error}", file.display());
            fail(
                WE_FAILED,
                &error,
                "refused rows go beside the file: import it from a folder that can be written",
            )
        }
        Err(Halt::System(error)) => fail(WE_FAILED, &error, "the system gives no threads"),
    }
}

/// The rows of the file, and how long it is.
fn open(args: &Args) -> Result<(Rows<BufReader<File>>, u64), Halt> {
    let unreadable = |error: std::io::Error| {
        let error = format!("`{}` cannot be read: {error}", args.file.display());
        Halt::Told(fail(INPUT_WRONG, &error, "name a CSV file; `encan conversions import --help` shows one"))
    };
    let file = File::open(&args.file).map_err(unreadable)?;
    let bytes = file.metadata().map_or(0, |known| known.len());
    let mut file = BufReader::new(file);
    let heading = file.fill_buf().map_err(unreadable)?;
    let heading = heading.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let separator = separator(heading);
    file.rewind().map_err(unreadable)?;
    let rows = Rows::open(&args.file, separator, file, args.advertiser.as_deref());
    let rows = rows.map_err(|error| Halt::Told(fail(INPUT_WRONG, &error, error.hint())))?;
    if !rows.unused.is_empty() {
        say(&format!("columns that are not used: {}\n", rows.unused.join(", ")));
    }
    Ok((rows, bytes))
}

/// Who books.
enum Way {
    Server(Caller),
    /// Nobody else has the ledger; without a writer nothing is booked.
    Alone(Box<Plan>, Option<(Writer, WriterHandle)>),
}

impl Way {
    fn find(args: &Args) -> Result<Self, Halt> {
        if let Some(address) = args.admin {
            return Ok(Self::Server(Caller::new(address)));
        }
        // First to read: a wrong folder is not made.
        drop(Store::open(&args.data)?);
        // Nothing is leased here: how long leases live does not matter.
        match Opened::open(&args.data, leasing::terms(Millis::default())) {
            Ok(mut ledger) => {
                let plan = plan(&args.config)?;
                if args.dry_run {
                    return Ok(Self::Alone(Box::new(plan), None));
                }
                ledger.remember(&names(&plan))?;
                let (failure, _failed) = oneshot::channel();
                Ok(Self::Alone(Box::new(plan), Some(Writer::start(ledger, failure))))
            }
            Err(StoreError::Locked { .. }) => match found(&args.data) {
                Some(address) => Ok(Self::Server(Caller::new(address))),
                None => {
                    let error = format!("the ledger in `{}` is in use", args.data.display());
                    let hint = "name the admin's door of the server that has it with `--admin ADDR`";
                    Err(Halt::Told(fail(WE_FAILED, &error, hint)))
                }
            },
            Err(error) => Err(error.into()),
        }
    }

    async fn book(&mut self, forms: &[ConversionForm], dry_run: bool) -> Result<Imported, Halt> {
        match self {
            Self::Server(caller) => by_server(caller, forms, dry_run).await,
            Self::Alone(plan, writer) => {
                let (mut imported, mut events) = (Imported::default(), Vec::new());
                for (at, form) in forms.iter().enumerate() {
                    match coded_event(plan, form, clock::now(), rand::random()) {
                        Ok(event) => events.push(event),
                        Err(refusal) => imported.refuse(at, &refusal),
                    }
                }
                match writer {
                    Some((writer, _)) if !events.is_empty() => {
                        writer.append(events).await?.into_iter().for_each(|new| imported.count(new));
                    }
                    _ => imported.booked = events.len(),
                }
                Ok(imported)
            }
        }
    }

    /// Waits until all is committed.
    fn close(self) -> Result<(), StoreError> {
        let Self::Alone(_, Some((writer, handle))) = self else { return Ok(()) };
        drop(writer);
        handle.join()
    }
}

fn plan(config: &ConfigArgs) -> Result<Plan, Halt> {
    let configured = configure(config, 1, clock::now()).map_err(|faulty| {
        say(&faulty.words());
        let hint = "`encan check` shows the same";
        Halt::Told(fail(INPUT_WRONG, &"the configuration has errors: nothing was booked", hint))
    })?;
    Ok(configured.plan)
}

async fn by_server(caller: &mut Caller, forms: &[ConversionForm], dry_run: bool) -> Result<Imported, Halt> {
    let path = if dry_run { "/v1/conversions?dry_run=1" } else { "/v1/conversions" };
    let body = serde_json::to_vec(&json!({ "conversions": forms })).expect("texts are JSON");
    let answer = caller.post(path, body).await.map_err(Halt::Call)?;
    let other = || Halt::Refused(answer.status, String::from_utf8_lossy(&answer.body).into_owned());
    match answer.status {
        StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| other()),
        _ => Err(other()),
    }
}

/// A row that is refused.
struct Refused {
    line: u64,
    reason: String,
}

struct Import {
    way: Way,
    runtime: Runtime,
    dry_run: bool,
    file: PathBuf,
    /// Rows that wait, with their lines and texts.
    waiting: Vec<(u64, String, ConversionForm)>,
    booked: usize,
    known: usize,
    /// Those that are shown.
    refused: Vec<Refused>,
    wrong: usize,
    rejected: Option<BufWriter<File>>,
    bytes: u64,
    began: Instant,
    told: Option<Instant>,
}

impl Import {
    fn new(args: &Args, bytes: u64) -> Result<Self, Halt> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        Ok(Self {
            way: Way::find(args)?,
            runtime: runtime.map_err(Halt::System)?,
            dry_run: args.dry_run,
            file: args.file.clone(),
            waiting: Vec::new(),
            booked: 0,
            known: 0,
            refused: Vec::new(),
            wrong: 0,
            rejected: None,
            bytes,
            began: Instant::now(),
            told: None,
        })
    }

    fn all(mut self, mut rows: Rows<BufReader<File>>) -> Result<Done, Halt> {
        while let Some(Row { line, text, form }) = rows.next() {
            match form {
                Ok(form) => self.waiting.push((line, text, form)),
                Err(reason) => self.refuse(line, &reason, &text)?,
            }
            if self.waiting.len() >= ROWS_OF_CALL {
                self.flush()?;
                self.tell(rows.read());
            }
        }
        self.flush()?;
        if let Some(rejected) = &mut self.rejected {
            rejected.flush().map_err(|error| Halt::Rejected(rejected_path(&self.file), error))?;
        }
        if self.told.is_some() {
            say("\n");
        }
        let Self { way, booked, known, refused, wrong, dry_run, file, .. } = self;
        way.close()?;
        Ok(Done { booked, known, refused, wrong, dry_run, file })
    }

    fn flush(&mut self) -> Result<(), Halt> {
        let waiting = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let forms: Vec<ConversionForm> = waiting.iter().map(|(_, _, form)| form.clone()).collect();
        let imported = self.runtime.block_on(self.way.book(&forms, self.dry_run))?;
        self.booked += imported.booked;
        self.known += imported.known;
        for refused in imported.refused {
            if let Some((line, text, _)) = waiting.get(refused.index) {
                self.refuse(*line, &refused.reason, text)?;
            }
        }
        Ok(())
    }

    fn refuse(&mut self, line: u64, reason: &str, text: &str) -> Result<(), Halt> {
        self.wrong += 1;
        if self.wrong <= FAULTS_SHOWN {
            say(&format!("error: `{}` line {line}: {reason}\n", self.file.display()));
        }
        if self.refused.len() < REASONS_MAX {
            self.refused.push(Refused { line, reason: reason.to_owned() });
        }
        let path = rejected_path(&self.file);
        let failed = |error| Halt::Rejected(path.clone(), error);
        let rejected = match &mut self.rejected {
            Some(rejected) => rejected,
            None => self.rejected.insert(BufWriter::new(File::create(&path).map_err(failed)?)),
        };
        writeln!(rejected, "line {line}: {reason}: {text}").map_err(failed)
    }

    fn tell(&mut self, read: u64) {
        let is_due = self.told.is_none_or(|told| told.elapsed() >= TELL);
        if !is_due || !std::io::stderr().is_terminal() {
            return;
        }
        self.told = Some(Instant::now());
        let rows = self.booked + self.known + self.wrong;
        let millis = self.began.elapsed().as_millis().max(1);
        let a_second = rows as u128 * 1_000 / millis;
        let share = (read * 100).checked_div(self.bytes).unwrap_or(100).min(100);
        say(&format!("\r\x1b[K{rows} rows, {a_second} a second, {share} % of the file read"));
    }
}

/// An import that came to its end.
struct Done {
    booked: usize,
    known: usize,
    refused: Vec<Refused>,
    wrong: usize,
    dry_run: bool,
    file: PathBuf,
}

impl Done {
    fn conclude(self, as_json: bool) -> ExitCode {
        if self.wrong > FAULTS_SHOWN {
            say(&format!("... and {} more\n", self.wrong - FAULTS_SHOWN));
        }
        if as_json {
            let refused = self.refused.iter().map(|it| json!({ "line": it.line, "reason": it.reason }));
            let reasons: Vec<_> = refused.collect();
            let told = json!({
                "dry_run": self.dry_run, "booked": self.booked, "known": self.known, "refused": self.wrong,
                "reasons": reasons,
            });
            put(&(serde_json::to_string_pretty(&told).expect("texts are JSON") + "\n"));
        } else if self.dry_run {
            put(&format!("rows that can be booked: {}, refused: {}\n", self.booked, self.wrong));
        } else {
            let (booked, known, wrong) = (self.booked, self.known, self.wrong);
            put(&format!("rows booked: {booked}, booked before: {known}, refused: {wrong}\n"));
        }
        if self.wrong == 0 {
            return ExitCode::SUCCESS;
        }
        say(&format!("\nhint: the refused rows are in `{}`\n", rejected_path(&self.file).display()));
        ExitCode::from(INPUT_WRONG)
    }
}

fn rejected_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".rejected");
    name.into()
}
