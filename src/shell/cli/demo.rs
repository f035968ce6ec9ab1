//! `encan demo`: a whole market on this machine. The server is the one of `encan serve`.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::audience::IdKind;
use crate::bidder::Plan;
use crate::page::{Forms, Lang};
use crate::report::{Dimension, Report, Table};
use crate::shell::cli::serve::{Server, ServerArgs, log_to_stderr};
use crate::shell::cli::{WE_FAILED, fail, put, report, say};
use crate::shell::clock;
use crate::shell::demo::{Counts, Demand, Exchange, disagreements};
use crate::shell::service::Service;
use crate::shell::store::{Store, StoreError};
use crate::sim::{buyeruid, ifa};
use crate::units::{Millis, Nanos, SegmentId, UnixMillis};

/// Flags of `demo`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan demo --for 60s\n  encan demo --for 10s --listen 127.0.0.1:0 --admin 127.0.0.1:0 --data /tmp/demo\n\nAt the end the ledger's report is compared with the exchange's own count; a difference is exit code 2.\nThe ledger goes to data/demo unless --data names a folder."
)]
pub struct Args {
    /// How long, as 60s or 5m.
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = seconds)]
    duration: Duration,
    /// Bid requests a second.
    #[arg(long, default_value_t = 200.0)]
    rate: f64,
    /// Of the exchange's dice.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    server: ServerArgs,
}

/// Streams of auctions side by side, each with its own connection.
const STREAMS: u64 = 8;
/// People in the demo: few, so that frequency caps are felt.
const USERS: u64 = 20_000;

fn seconds(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time like 60s or 5m");
    let (number, unit) = text.split_at(text.len().saturating_sub(1));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match unit {
        "s" if number > 0 => Ok(Duration::from_secs(number)),
        "m" if number > 0 => Ok(Duration::from_secs(number.saturating_mul(60))),
        _ => Err(wrong()),
    }
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(WE_FAILED, &error, "the system gives no threads"),
    };
    runtime.block_on(demo(args))
}

async fn demo(args: &Args) -> ExitCode {
    let mut server_args = args.server.clone();
    if server_args.data == Path::new("data") {
        server_args.data = PathBuf::from("data/demo");
    }
    if server_args.public_url.is_none() {
        // The exchange looks at paths only; most of its impressions take https only.
        server_args.public_url = Some("https://demo.encan.example".to_owned());
    }
    let mut server = match Server::start(&server_args).await {
        Ok(server) => server,
        Err(refused) => return refused,
    };
    if let Err(error) = server.people_read().await {
        return server.stop(Err(error)).await;
    }
    let (began, plan) = (clock::now(), Arc::clone(&server.service.snapshot().plan));
    let demand = Demand::new(Arc::clone(&plan));
    fill_audiences(&server.service, &demand.segments(), began);
    say(&format!(
        "encan bids at http://{}, metrics at http://{}/metrics; seed {}\n\
         console at http://{}/\n\
         budgets are paced over the whole day: after the first requests bids fall until they last for it\n",
        server.bids, server.admin, args.seed, server.admin
    ));
    let counts = Arc::new(Mutex::new(Counts::default()));
    let end = Instant::now() + args.duration;
    #[expect(clippy::cast_precision_loss, reason = "a handful of streams")]
    let per_stream = args.rate / STREAMS as f64;
    let streams: Vec<_> = (0..STREAMS)
        .map(|number| {
            let exchange = Exchange::new(server.bids, &demand, args.seed, number, USERS, Arc::clone(&counts));
            tokio::spawn(exchange.run(end, per_stream))
        })
        .collect();
    watch(&counts, &plan, end).await;
    for stream in streams {
        let _ = stream.await;
    }
    let stopped = server.stop(Ok("the end of the demo")).await;
    if stopped != ExitCode::SUCCESS {
        return stopped;
    }
    let counts = std::mem::take(&mut *counts.lock().unwrap_or_else(PoisonError::into_inner));
    match table_since(&server_args.data, began) {
        Ok(table) => reckon(&table, &counts, &plan, began),
        Err(error) => fail(WE_FAILED, &error, error.hint()),
    }
}

/// Puts every sixth person into each segment that a campaign asks for.
fn fill_audiences(service: &Service, segments: &[SegmentId], now: UnixMillis) {
    let expires = now.plus(Millis::from_seconds(86_400));
    let keys = service.user_keys();
    for user in 0..USERS {
        let own: Vec<_> = segments
            .iter()
            .filter(|segment| (segment.raw() ^ user.wrapping_mul(0x9e37_79b9_7f4a_7c15)) % 6 == 0)
            .map(|segment| (*segment, expires))
            .collect();
        for key in [keys.key_of(IdKind::Buyer, &buyeruid(user)), keys.key_of(IdKind::Ifa, &ifa(user))] {
            service.audiences.add_segments(key, &own);
        }
    }
}

/// Prints a line a second, in place on a terminal, until `end`.
async fn watch(counts: &Mutex<Counts>, plan: &Plan, end: Instant) {
    let began = Instant::now();
    let in_place = std::io::stderr().is_terminal();
    let beat = Duration::from_secs(if in_place { 1 } else { 5 });
    while Instant::now() < end {
        tokio::time::sleep_until(end.min(Instant::now() + beat)).await;
        let line = live_line(&counts.lock().unwrap_or_else(PoisonError::into_inner), plan);
        let seconds = began.elapsed().as_secs();
        say(&if in_place {
            format!("\r\x1b[K{seconds:>4} s  {line}")
        } else {
            format!("{seconds:>4} s  {line}\n")
        });
    }
    if in_place {
        say("\n");
    }
}

fn live_line(counts: &Counts, plan: &Plan) -> String {
    let (mut impressions, mut clicks, mut conversions) = (0, 0, 0);
    let mut spend: BTreeMap<String, i128> = BTreeMap::new();
    for campaign in &plan.catalog.campaigns {
        let Some(truth) = counts.truth.campaigns.get(&campaign.slug) else { continue };
        impressions += truth.impressions;
        clicks += truth.clicks;
        conversions += truth.conversions;
        *spend.entry(campaign.currency.to_string()).or_default() += truth.media_total();
    }
    let spend: Vec<String> = spend
        .iter()
        .map(|(currency, nanos)| {
            // Four places are enough for a line that moves, and needed: a minute's part of a day's budget is small.
            let spent = Nanos::from_raw(i64::try_from(nanos / 100_000 * 100_000).unwrap_or(i64::MAX));
            format!("{spent} {currency}")
        })
        .collect();
    format!(
        "{} requests  {} bids  {impressions} impressions  {clicks} clicks  {conversions} conversions  spent {}",
        counts.requests,
        counts.bids,
        if spend.is_empty() { "nothing".to_owned() } else { spend.join(" + ") },
    )
}

/// The report of the bids made since `began`.
fn table_since(data: &Path, began: UnixMillis) -> Result<Table, StoreError> {
    let store = Store::open(data)?;
    let mut folded = Report::new(vec![Dimension::Campaign]);
    store.events(|event| {
        if event.bid.at >= began {
            folded.add(event);
        }
    })?;
    Ok(folded.finish(&report::names(&store)?))
}

/// Prints the report, and whether the exchange counted the same.
fn reckon(table: &Table, counts: &Counts, plan: &Plan, began: UnixMillis) -> ExitCode {
    put(&table.to_text(&Forms::new(Lang::En)));
    let differing = disagreements(table, &counts.truth, plan, began);
    for complaint in counts.complaints.iter().take(10) {
        say(&format!("complaint of the exchange: {complaint}\n"));
    }
    for disagreement in &differing {
        say(&format!("error: {disagreement}\n"));
    }
    let impressions: u64 = counts.truth.campaigns.values().map(|truth| truth.impressions).sum();
    if differing.is_empty() && counts.complaints.is_empty() {
        put(&format!(
            "\nThe ledger and the exchange's own count agree to the nano: {impressions} impressions, {} bids, {} requests.\n",
            counts.bids, counts.requests
        ));
        return ExitCode::SUCCESS;
    }
    let words =
        format!("{} figures differ and {} answers were wrong", differing.len(), counts.complaints.len());
    fail(WE_FAILED, &words, "this is a fault of encan: keep the data folder and the seed")
}
