//! `encan ledger correct`: a file of corrections into the books, by the server that has them or on its own.

use std::io::{IsTerminal as _, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use hyper::StatusCode;
use serde::Deserialize;
use tokio::sync::oneshot;

use crate::document::{Fault, Source, render};
use crate::shell::cli::ledger::DataArgs;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::corrections::{Line, Planned, Told, Unbooked, found, plan};
use crate::shell::demo::{CallError, Caller};
use crate::shell::leasing;
use crate::shell::store::{Opened, Store, StoreError, Writer};
use crate::units::{Millis, limits};

/// Flags of `ledger correct`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "A file:
  {
    \"author\": \"Ada Lovelace\",
    \"corrections\": [
      { \"id\": \"cn-2026-17\", \"kind\": \"credit_note\", \"bid\": \"019b0a1c2d3e4f5061728394a5b6c7d8\", \"share\": 1,
        \"reason\": \"credit note 17 of north\" },
      { \"id\": \"ivt-11-21\", \"kind\": \"invalid_traffic\", \"campaign\": \"spring\", \"exchange\": \"north\",
        \"day\": \"2026-11-21\", \"impressions\": 120, \"reason\": \"robots, by north's report of November\" }
    ]
  }

kind         credit_note, invalid_traffic   what the exchange takes back: price, data, fee, tax, with the last of
                                            the price the impression
             dispute, conceded              owed but not accepted, and accepted after all
             refund                         our own money to the advertiser; below 0 it is taken back
             adjustment                     the price was another one; above or below 0
bid          the id of one bid that was billed; or
campaign     with `day` and `exchange` or `deal` (or both): every bill of that day there
amount       of the price, over many bills in proportion; or
share        of each bill, above 0 and at most 1; or
impressions  so many whole bills, evenly from those of the day
id           the same correction under the same id is booked once, in whatever file; one without an id once a
             file: the very same file again changes nothing, a file that differs books it again

Examples:
  encan ledger correct november.json --dry-run
  encan ledger correct november.json

All of a file is booked, or nothing. A correction never takes back more than is left of what was billed. A server that
runs on the folder books it, and may spend at once what came back; without one, this command does.")]
pub struct Args {
    /// The file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Say what it comes to, and book nothing.
    #[arg(long)]
    dry_run: bool,
    /// The admin's door of the server that has the ledger; found by the folder if absent.
    #[arg(long, value_name = "ADDR")]
    admin: Option<SocketAddr>,
    /// Print what became of each correction, or what is wrong, as JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Why nothing is booked.
enum Halt {
    Faulty(Vec<Fault>),
    Store(StoreError),
    Call(CallError),
    /// In use, and nobody says where.
    Nowhere,
    /// The server's own words.
    Refused(StatusCode, String),
    System(std::io::Error),
}

impl From<Unbooked> for Halt {
    fn from(unbooked: Unbooked) -> Self {
        match unbooked {
            Unbooked::Faulty(faults) => Self::Faulty(faults),
            Unbooked::Store(error) => Self::Store(error),
        }
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let source = match read(&args.file) {
        Ok(source) => source,
        Err(error) => {
            let error = format!("`{}` cannot be read: {error}", args.file.display());
            return fail(INPUT_WRONG, &error, "name a JSON file; `encan ledger correct --help` shows one");
        }
    };
    match correct(args, &source) {
        Ok(told) => {
            put(&if args.json { json(&told) } else { text(&told) });
            ExitCode::SUCCESS
        }
        Err(Halt::Faulty(faults)) => {
            if args.json {
                put(&(serde_json::to_string_pretty(&faults).expect("texts and numbers are JSON") + "\n"));
            } else {
                let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
                say(&render(&faults, std::slice::from_ref(&source), colour));
                say("nothing was booked\n");
            }
            ExitCode::from(INPUT_WRONG)
        }
        Err(Halt::Store(error)) => {
            let is_input = matches!(error, StoreError::Missing { .. });
            fail(if is_input { INPUT_WRONG } else { WE_FAILED }, &error, error.hint())
        }
        Err(Halt::Call(error)) => {
            fail(WE_FAILED, &error, "send the same file again, unchanged: what is booked is not booked twice")
        }
        Err(Halt::Nowhere) => {
            let error = format!("the ledger in `{}` is in use", args.data.data.display());
            fail(WE_FAILED, &error, "name the admin's door of the server that has it with `--admin ADDR`")
        }
        Err(Halt::Refused(status, words)) => {
            let error = format!("the server answered {status}: {}", words.trim_end());
            fail(WE_FAILED, &error, "nothing was booked; try again once the server is well")
        }
        Err(Halt::System(error)) => fail(WE_FAILED, &error, "the system gives no threads"),
    }
}

fn read(path: &Path) -> std::io::Result<Source> {
    let (most, mut text) = (limits::CORRECTIONS_BYTES_MAX, String::new());
    let file = std::fs::File::open(path)?;
    file.take(most as u64 + 1).read_to_string(&mut text)?;
    if text.len() > most {
        return Err(std::io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(Source::new(path.display().to_string(), text))
}

fn correct(args: &Args, source: &Source) -> Result<Told, Halt> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Halt::System)?;
    if let Some(address) = args.admin {
        return runtime.block_on(by_server(address, source, args.dry_run));
    }
    let data = &args.data.data;
    // First to read: a wrong folder is not made.
    let store = Store::open(data)?;
    if args.dry_run {
        let Planned { lines, .. } = plan(&store, source, clock::now())?;
        return Ok(Told { dry_run: true, corrections: lines });
    }
    // Nothing is leased here: how long leases live does not matter.
    match Opened::open(data, leasing::terms(Millis::default())) {
        Ok(ledger) => runtime.block_on(alone(ledger, &store, source)),
        Err(StoreError::Locked { .. }) => {
            let address = found(data).ok_or(Halt::Nowhere)?;
            runtime.block_on(by_server(address, source, false))
        }
        Err(error) => Err(error.into()),
    }
}

/// Books it in the ledger that nobody else has.
async fn alone(ledger: Opened, store: &Store, source: &Source) -> Result<Told, Halt> {
    let Planned { events, lines } = plan(store, source, clock::now())?;
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(ledger, failure);
    let booked = if events.is_empty() { Ok(Vec::new()) } else { writer.append(events).await };
    drop(writer);
    // Why the writer has ended says more than that it has.
    handle.join()?;
    booked?;
    Ok(Told { dry_run: false, corrections: lines })
}

/// A fault as a server tells it.
#[derive(Debug, Deserialize)]
struct ToldFault {
    start: Option<usize>,
    end: Option<usize>,
    message: String,
    hint: Option<String>,
}

impl ToldFault {
    fn of(self, source: &Source) -> Fault {
        let mut fault = match (self.start, self.end) {
            (Some(start), Some(end)) => Fault::error(source, start..end, self.message),
            _ => Fault::of_file(&source.name, self.message),
        };
        fault.hint = self.hint;
        fault
    }
}

async fn by_server(address: SocketAddr, source: &Source, dry_run: bool) -> Result<Told, Halt> {
    let path = if dry_run { "/v1/ledger/corrections?dry_run=1" } else { "/v1/ledger/corrections" };
    let answer = Caller::new(address).post(path, source.text.clone().into_bytes()).await;
    let answer = answer.map_err(Halt::Call)?;
    let other = || Halt::Refused(answer.status, String::from_utf8_lossy(&answer.body).into_owned());
    match answer.status {
        StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|_| other()),
        StatusCode::BAD_REQUEST => match serde_json::from_slice::<Vec<ToldFault>>(&answer.body) {
            Ok(faults) => Err(Halt::Faulty(faults.into_iter().map(|fault| fault.of(source)).collect())),
            Err(_) => Err(other()),
        },
        _ => Err(other()),
    }
}

fn json(told: &Told) -> String {
    serde_json::to_string_pretty(told).expect("texts and numbers are JSON") + "\n"
}

/// A line for each correction, in the order of the file.
fn text(told: &Told) -> String {
    let done = if told.dry_run { "would be booked" } else { "booked" };
    let line = |(at, line): (usize, &Line)| {
        let id = line.id.as_ref().map_or_else(String::new, |id| format!(" `{id}`"));
        let (kind, entries) = (format!("corrections[{at}]{id}, {}", line.kind), line.entries);
        let plural = if entries == 1 { "entry" } else { "entries" };
        if line.known {
            return format!("{kind}: booked before, {entries} {plural}\n");
        }
        let (amount, currency) = (&line.amount, line.currency.as_deref().unwrap_or_default());
        let impressions = line.impressions;
        format!("{kind}: {done}, {entries} {plural}, {amount} {currency}, impressions {impressions}\n")
    };
    told.corrections.iter().enumerate().map(line).collect()
}
