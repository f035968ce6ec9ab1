//! loadtest: open-loop load on a bidder of this machine, seen from an exchange.
//!
//! Requests are sent when they are due, never when the last answer came; latency counts from the scheduled
//! send; every answer is checked. Deliberately absent: other machines as targets, and closed loops.

mod client;
mod conversions;
mod judge;
mod queue;
mod report;
mod schedule;
mod steady;
mod target;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use encan::sim::Mix;
use serde_json::{Map, Value};
use tokio::time::{Instant, interval, timeout};

use crate::client::{Connection, get};
use crate::conversions::Conversions;
use crate::report::Report;
use crate::schedule::{Arrivals, SENDS_MAX, due_nanos};
use crate::steady::{Plan, Progress};
use crate::target::Target;

const EXAMPLES: &str = r#"Examples:
  loadtest --url http://127.0.0.1:8080/openrtb2/generic --rate 2000 --duration 10s
  loadtest --rate 500 --mix large --notices 0.3 --json > run.json
  LOADTEST_TOKEN=secret loadtest --rate 500 --duration 20s --conversions 100 \
    --conversion '{"advertiser": "shop", "code": "SPRING10"}'

Exit codes: 0 passed; 1 the achieved rate is too low or an answer was wrong; 2 it could not run."#;

/// Open-loop load on a bidder of this machine: latency from the scheduled send, every answer checked.
#[derive(Debug, Parser)]
#[command(version, after_help = EXAMPLES)]
struct Args {
    /// Where bid requests go; a loopback address.
    #[arg(long, default_value = "http://127.0.0.1:8080/openrtb2/generic")]
    url: String,
    /// Requests a second.
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// Time measured, after the warm-up: `500ms`, `10s`, `2m`.
    #[arg(long, default_value = "10s", value_parser = span)]
    duration: Duration,
    /// Time before it that is not counted.
    #[arg(long, default_value = "1s", value_parser = span)]
    warmup: Duration,
    /// Most requests in flight.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// How long after its scheduled send a request may be answered.
    #[arg(long, default_value = "1s", value_parser = span)]
    timeout: Duration,
    /// How sends are spread.
    #[arg(long, value_enum, default_value_t = Arrivals::Poisson)]
    arrivals: Arrivals,
    /// Sizes of bodies.
    #[arg(long, value_enum, default_value_t = Sizes::Both)]
    mix: Sizes,
    /// How the rate goes over time.
    #[arg(long, value_enum, default_value_t = Scenario::Steady)]
    scenario: Scenario,
    /// Of bodies and times: the same seed sends the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Share of answers with bids that win, so that their `nurl` and `burl` are called: 0 to 1.
    #[arg(long, default_value_t = 0.0, value_parser = share)]
    notices: f64,
    /// Conversions a second, told from server to server in every other second: latency is told with and without.
    #[arg(long, default_value_t = 0.0, value_name = "RATE")]
    conversions: f64,
    /// What each of them says, as JSON; an `order` of its own is added. The advertiser's token is read from the
    /// environment variable LOADTEST_TOKEN.
    #[arg(long, value_name = "FORM", value_parser = form)]
    conversion: Option<Map<String, Value>>,
    /// Least share of the offered requests that must be answered in time: 0 to 1.
    #[arg(long, default_value_t = 0.99, value_parser = share)]
    min_achieved: f64,
    /// Threads that send and check.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: u16,
    /// Print the report as one JSON object.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sizes {
    /// About 1.5 kB.
    Small,
    /// About 4 kB.
    Large,
    /// 0.8 to 12 kB.
    Both,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scenario {
    /// One rate.
    Steady,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = checked(&args).and_then(|target| run(&args, target));
    match done {
        Ok(report) => {
            let text = if args.json { report.json().to_string() } else { report.to_string() };
            match writeln!(io::stdout(), "{text}") {
                Ok(()) if report.faults().is_empty() => ExitCode::SUCCESS,
                Ok(()) => ExitCode::from(1),
                Err(_) => ExitCode::from(2),
            }
        }
        Err(message) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}

/// The target, if the arguments fit together.
fn checked(args: &Args) -> Result<Target, String> {
    if !(args.rate > 0.0 && args.rate.is_finite()) {
        return Err(format!("`--rate` must be greater than 0, got {}", args.rate));
    }
    if args.duration.is_zero() {
        return Err("`--duration` must be greater than 0".to_owned());
    }
    let sends = args.rate * (args.warmup + args.duration).as_secs_f64();
    if sends > SENDS_MAX {
        return Err(format!("{sends:.0} requests are more than one run holds ({SENDS_MAX:.0})"));
    }
    if !(args.conversions >= 0.0 && args.conversions <= args.rate) {
        return Err(format!("`--conversions` must be 0 to the rate of requests, got {}", args.conversions));
    }
    if args.conversions > 0.0 && args.conversion.is_none() {
        return Err("`--conversions` needs `--conversion`: what each of them says".to_owned());
    }
    Target::from_url(&args.url).map_err(|error| format!("`--url`: {error}"))
}

fn run(args: &Args, target: Target) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(usize::from(args.threads))
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    runtime.block_on(load(args, target))
}

async fn load(args: &Args, target: Target) -> Result<Report, String> {
    let server = greet(&target).await?;
    let due = due_nanos(args.rate, args.warmup + args.duration, args.arrivals, args.seed);
    let warmup_nanos = report::nanos(args.warmup);
    let offered = due.iter().filter(|due| **due >= warmup_nanos).count() as u64;
    let connections = usize::from(args.connections);
    let Scenario::Steady = args.scenario;
    let plan = Plan {
        target,
        due,
        warmup: args.warmup,
        connections,
        timeout: args.timeout,
        seed: args.seed,
        mix: match args.mix {
            Sizes::Small => Mix::small(),
            Sizes::Large => Mix::large(),
            Sizes::Both => Mix::default(),
        },
        notices: args.notices,
        conversions: conversions(args)?,
    };
    let progress = Arc::new(Progress::default());
    let line = io::stderr().is_terminal().then(|| tokio::spawn(show(Arc::clone(&progress))));
    let outcome = steady::run(plan, progress).await;
    if let Some(line) = line {
        line.abort();
    }
    Ok(Report {
        url: args.url.clone(),
        server,
        seed: args.seed,
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        connections,
        measured: args.duration,
        offered,
        tally: outcome.tally,
        conversions: outcome.conversions,
        lateness: outcome.lateness,
        notices: outcome.notices,
        min_achieved: args.min_achieved,
    })
}

/// What is told beside the load, if anything.
fn conversions(args: &Args) -> Result<Option<Conversions>, String> {
    let Some(form) = args.conversion.as_ref().filter(|_| args.conversions > 0.0) else { return Ok(None) };
    let token = std::env::var("LOADTEST_TOKEN").ok();
    if token.iter().any(|token| token.chars().any(|letter| !letter.is_ascii_graphic())) {
        return Err("LOADTEST_TOKEN holds what no header takes: visible ASCII letters only".to_owned());
    }
    Ok(Some(Conversions { rate: args.conversions, form: form.clone(), token }))
}

/// Looks whether the target is there, and what commit or version `/healthz` says it is.
async fn greet(target: &Target) -> Result<Option<String>, String> {
    let mut connection = Connection::new(target);
    let opened = timeout(Duration::from_secs(2), connection.open()).await;
    if !matches!(opened, Ok(Ok(()))) {
        let address = target.address;
        return Err(format!(
            "nothing answers at {address}\n\nhint: start the bidder (`encan serve`), or name its address with `--url`"
        ));
    }
    let request = get(target, "/healthz").expect("a path");
    let answer = connection.exchange(request, Instant::now() + Duration::from_secs(2)).await;
    let Ok((200, body)) = answer else { return Ok(None) };
    let health: Value = serde_json::from_slice(&body).unwrap_or_default();
    let told = ["commit", "version"].into_iter().find_map(|field| health[field].as_str());
    Ok(told.map(|told| told.chars().filter(|letter| !letter.is_control()).take(64).collect()))
}

/// Writes a line each second until it is stopped.
async fn show(progress: Arc<Progress>) {
    let mut ticks = interval(Duration::from_secs(1));
    for second in 0.. {
        ticks.tick().await;
        let load = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        // A progress line that cannot be written is no reason to stop.
        let _ = writeln!(
            io::stderr(),
            "{second:>4} s: {} sent, {} answered, {} wrong",
            load(&progress.sent),
            load(&progress.answered),
            load(&progress.wrong)
        );
    }
}

/// A span such as `500ms`, `10s` or `2m`.
fn span(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit_ms = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err("expected a number and `ms`, `s` or `m`, as in `10s`".to_owned()),
    };
    let count: u32 = digits.parse().map_err(|_| format!("`{digits}` is not a whole number"))?;
    Ok(Duration::from_millis(u64::from(count) * unit_ms))
}

/// A JSON object.
fn form(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("no JSON object: {error}"))
}

/// A share from 0 to 1.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err("expected 0 to 1".to_owned()) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::CommandFactory;

    use super::{Args, share, span};

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_span_has_a_unit() {
        assert_eq!(span("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(span("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "10", "s", "-1s", "1.5s", "10h"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_share_is_between_nothing_and_all() {
        assert_eq!(share("0.3"), Ok(0.3));
        assert!(share("1.1").is_err());
        assert!(share("NaN").is_err());
    }
}
