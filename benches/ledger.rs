//! The ledger's file: events into it beside a bare insert of the same rows, how long a notice waits for its commit,
//! how long a large ledger takes to open.
//!
//! `cargo bench --bench ledger` does a slice of all. Alone, and at full size:
//!
//! ```text
//! cargo bench --bench ledger -- insert 400000
//! cargo bench --bench ledger -- wait 50000
//! cargo bench --bench ledger -- open 10000000
//! ```
//!
//! The number is of events, of events a second, of rows. The files are made in the system's folder for temporary files,
//! or where `TMPDIR` says: they must be on the disk in question, not in memory.

#[path = "support/figures.rs"]
mod figures;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use encan::budget::LeaseTerms;
use encan::ledger::{BidFacts, Charge, Event, EventKind, Setting};
use encan::shell::store::{Opened, Store, Writer};
use encan::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use encan::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, LineItemId, Millis, Nanos,
    RatePpm, ScenarioId, UnixMillis, UserKey,
};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use tokio::sync::{Semaphore, oneshot};

use crate::figures::say;

const NOW: i64 = 1_795_262_400_000;
const DAY: i64 = 86_400_000;
/// Of the bare insert, as of the writer.
const BATCH: usize = 4_096;
/// Requests that wait for their commit at a time.
const WAITING: usize = 8_192;
const ROUNDS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let number = |usual| words.get(1).and_then(|word| word.parse().ok()).unwrap_or(usual);
    match words.first().map(String::as_str) {
        Some("insert") => insert(number(400_000)),
        Some("wait") => wait(number(50_000), Duration::from_secs(20)),
        Some("open") => open(number(10_000_000)),
        _ => {
            insert(40_000);
            wait(5_000, Duration::from_secs(2));
            open(100_000);
        }
    }
}

/// A cheap stream of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The events of bids from 200 line items of 40 campaigns: for each a win and a billed impression. Bid number `n` is
/// made `span / bids` after the one before, and told of within ten seconds.
fn events(first: u64, count: u64, (from, span): (i64, i64), all: u64) -> Vec<Event> {
    let mut random = Random(first ^ 0x5851_f42d);
    let mut events = Vec::with_capacity(usize::try_from(count).expect("a count"));
    for number in first..first + count / 2 {
        let passed = i128::from(number) * i128::from(span) / i128::from(all.max(1));
        let told = from + i64::try_from(passed).expect("an instant");
        let at = told - i64::try_from(random.below(10_000)).expect("a delay");
        let bid = bid(number, at, &mut random);
        let told = UnixMillis::from_raw(told);
        let media = Nanos::from_raw(1_000_000 + i64::try_from(random.below(3_000_000)).expect("a price"));
        events.push(Event { bid, at: told, kind: EventKind::Win { price: Some(media) } });
        events.push(Event { bid, at: told, kind: EventKind::Impression(charge(media)) });
    }
    events
}

fn bid(number: u64, at: i64, random: &mut Random) -> BidFacts {
    let line_item = random.below(200);
    let at = UnixMillis::from_raw(at);
    let mut user = [0; 16];
    user[..8].copy_from_slice(&random.below(1_000_000).to_le_bytes());
    BidFacts {
        id: BidId::mint(at, u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
        at,
        day: Day::from_raw(i32::try_from(at.raw() / DAY).expect("a day")),
        advertiser: AdvertiserId::from_raw(line_item % 8 + 1),
        campaign: CampaignId::from_raw(line_item % 40 + 1),
        line_item: LineItemId::from_raw(line_item + 1),
        creative: CreativeId::from_raw(line_item + 1),
        exchange: ExchangeId::from_raw(random.below(4) + 1),
        deal: None,
        currency: Currency::EUR,
        user: Some(UserKey::from_bytes(user)),
        household: None,
        lease: Epoch::from_raw(1),
        setting: Setting::default(),
    }
}

fn charge(media: Nanos) -> Charge {
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).expect("a rate"), exemption: None };
    let data = Nanos::from_raw(200_000);
    Charge {
        media,
        data,
        fee: media.share(RatePpm::from_ppm(100_000).expect("a rate")),
        tax: Assessment {
            scenario: ScenarioId::from_slug("hypothesis-eu"),
            place: Place {
                jurisdiction: Jurisdiction::from_code("FR"),
                evidence: Evidence::from_code(0).expect("an evidence"),
            },
            space: line(media, 1_000),
            data: line(data, 500),
            more: Vec::new(),
        },
        bearer: Bearer::Absorb,
        fx: None,
        bid: None,
        to_beat: None,
        late: false,
    }
}

fn opened(folder: &Path) -> Opened {
    let terms = LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(600) };
    Opened::open(folder, terms).expect("a ledger")
}

fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("encan-ledger-").tempdir().expect("a folder")
}

/// Events a second of the writer, beside a bare insert of the same rows in the same order, in turns.
fn insert(count: u64) {
    let all = events(0, count, (NOW, 60_000), count / 2);
    let rows = rows(&all);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut bare, mut ones, mut many) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(bare_insert(&rows));
        ones.push(written(&runtime, all.chunks(1)));
        many.push(written(&runtime, all.chunks(64)));
    }
    let of = |seconds: f64| count as f64 / seconds;
    say(format_args!("bare insert of {count} rows: {:.0} a second", of(median(&bare))));
    for (what, seconds) in [("one", &ones), ("64", &many)] {
        let ratios: Vec<f64> = seconds.iter().zip(&bare).map(|(own, bare)| bare / own).collect();
        say(format_args!(
            "the writer, {what} a request: {:.0} a second, {:.2} of the bare insert",
            of(median(seconds)),
            median(&ratios)
        ));
    }
}

/// The rows that the writer makes of `events`, in the order of the events.
fn rows(events: &[Event]) -> Vec<Vec<Value>> {
    let folder = folder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    write(&runtime, folder.path(), events.chunks(BATCH));
    let connection = Connection::open(folder.path().join("ledger.sqlite")).expect("the ledger");
    let mut select = connection.prepare("SELECT * FROM event WHERE key = ?").expect("a statement");
    let columns = select.column_count();
    let row = |event: &Event| {
        let read = |row: &rusqlite::Row<'_>| (0..columns).map(|column| row.get(column)).collect();
        select.query_row([event.key().as_bytes()], read).expect("a row")
    };
    events.iter().map(row).collect()
}

/// Seconds that inserting `rows` takes without anything else.
fn bare_insert(rows: &[Vec<Value>]) -> f64 {
    let folder = folder();
    drop(opened(folder.path()));
    let connection = Connection::open(folder.path().join("ledger.sqlite")).expect("the ledger");
    let pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;";
    connection.execute_batch(pragmas).expect("pragmas");
    let marks = vec!["?"; rows[0].len()].join(", ");
    let mut insert =
        connection.prepare(&format!("INSERT OR IGNORE INTO event VALUES ({marks})")).expect("a statement");
    let start = Instant::now();
    for batch in rows.chunks(BATCH) {
        connection.execute_batch("BEGIN").expect("a transaction");
        for row in batch {
            insert.execute(params_from_iter(row)).expect("a row");
        }
        connection.execute_batch("COMMIT").expect("a commit");
    }
    start.elapsed().as_secs_f64()
}

/// Seconds that the writer takes to commit `requests` to a new ledger.
fn written<'a>(runtime: &tokio::runtime::Runtime, requests: impl Iterator<Item = &'a [Event]>) -> f64 {
    let folder = folder();
    write(runtime, folder.path(), requests)
}

/// The same, to the ledger in `folder`.
fn write<'a>(
    runtime: &tokio::runtime::Runtime,
    folder: &Path,
    requests: impl Iterator<Item = &'a [Event]>,
) -> f64 {
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(opened(folder), failure);
    let requests: Vec<Vec<Event>> = requests.map(<[Event]>::to_vec).collect();
    let waiting = Arc::new(Semaphore::new(WAITING));
    let start = Instant::now();
    runtime.block_on(async {
        for request in requests {
            let permit = Arc::clone(&waiting).acquire_owned().await.expect("it is never closed");
            let writer = writer.clone();
            tokio::spawn(async move {
                let news = writer.append(request).await.expect("it is kept");
                assert!(news.into_iter().all(|new| new));
                drop(permit);
            });
        }
        let _all = waiting.acquire_many(u32::try_from(WAITING).expect("a count")).await;
    });
    let seconds = start.elapsed().as_secs_f64();
    drop(writer);
    handle.join().expect("a clean end");
    seconds
}

/// How long a notice waits from the instant at which it is due until it is committed, at `rate` notices a second that
/// nothing slows down.
fn wait(rate: u64, duration: Duration) {
    let folder = folder();
    let count = rate * duration.as_secs();
    let all = events(0, count, (NOW, i64::try_from(duration.as_millis()).expect("a span")), count / 2);
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(opened(folder.path()), failure);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (mut waits, failed) = runtime.block_on(offered(&writer, all, rate));
    drop(writer);
    handle.join().expect("a clean end");
    waits.sort_unstable();
    let at = |share: usize| waits[(waits.len() - 1) * share / 1_000].as_secs_f64() * 1e3;
    say(format_args!(
        "{rate} notices a second for {} s: committed after p50 {:.2}, p99 {:.2}, p99.9 {:.2}, at most {:.1} ms; {failed} \
         not taken",
        duration.as_secs(),
        at(500),
        at(990),
        at(999),
        at(1_000)
    ));
}

/// The waits of those that were kept, and how many were not.
async fn offered(writer: &Writer, all: Vec<Event>, rate: u64) -> (Vec<Duration>, usize) {
    let (told, mut waits) = tokio::sync::mpsc::unbounded_channel();
    let start = Instant::now();
    let count = all.len();
    for (number, event) in all.into_iter().enumerate() {
        let due = start + Duration::from_secs_f64(number as f64 / rate as f64);
        while Instant::now() < due {
            // Whoever is behind does not wait: the rate is that of the world.
            tokio::time::sleep(Duration::from_micros(500)).await;
        }
        let (writer, told) = (writer.clone(), told.clone());
        tokio::spawn(async move {
            let kept = writer.append(vec![event]).await.is_ok();
            let _ = told.send(kept.then(|| due.elapsed()));
        });
        if number % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop(told);
    let mut kept = Vec::with_capacity(count);
    while let Some(wait) = waits.recv().await {
        kept.extend(wait);
    }
    let failed = count - kept.len();
    (kept, failed)
}

/// How long a ledger of `count` events over 31 days takes to open, after a clean end and after a crash at the worst
/// instant.
fn open(count: u64) {
    let folder = folder();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let start = Instant::now();
    let mut first = 0;
    while first < count / 2 {
        let some = events(first, 1_000_000.min(count - 2 * first), (NOW - 31 * DAY, 31 * DAY), count / 2);
        first += some.len() as u64 / 2;
        write(&runtime, folder.path(), some.chunks(BATCH));
    }
    let bytes = std::fs::metadata(folder.path().join("ledger.sqlite")).expect("the ledger").len();
    say(format_args!(
        "{count} events over 31 days: {} MB, written in {:.1} s",
        bytes / 1_000_000,
        start.elapsed().as_secs_f64()
    ));
    begun("after a clean end", folder.path());
    // A little less than what makes a snapshot due: the most that a start has to look up.
    let tail = events(count / 2, 120_000, (NOW - 31 * DAY, 31 * DAY), count / 2);
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(opened(folder.path()), failure);
    let crashed = self::folder();
    runtime.block_on(async {
        for request in tail.chunks(BATCH) {
            writer.append(request.to_vec()).await.expect("it is kept");
        }
    });
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        std::fs::copy(folder.path().join(file), crashed.path().join(file)).expect("a copy");
    }
    drop(writer);
    handle.join().expect("a clean end");
    begun("after a crash", crashed.path());
}

fn begun(when: &str, folder: &Path) {
    let start = Instant::now();
    let mut ledger = opened(folder);
    let (epoch, _) = ledger.begin().expect("an epoch");
    let caps = ledger.taken_besides(epoch).len();
    say(format_args!(
        "{when}: open and {caps} caps known after {:.0} ms",
        start.elapsed().as_secs_f64() * 1e3
    ));
    let start = Instant::now();
    let mut shown = 0;
    let each = |_: &_, _| {
        shown += 1;
        true
    };
    let store = Store::open(folder).expect("the ledger");
    store.exposures(UnixMillis::from_raw(NOW - 31 * DAY), each).expect("exposures");
    say(format_args!("{when}: {shown} exposures of 31 days read in {:.1} s", start.elapsed().as_secs_f64()));
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
