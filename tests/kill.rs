//! SIGKILL under traffic, at random and at every failpoint, and syncs that fail: what was acknowledged is there after the
//! restart, once, to the last nano.
//!
//! Long runs: `ENCAN_KILL_ROUNDS=1000 cargo test --test kill -- --nocapture`. Each round is one kill at random and, at
//! each failpoint, one kill at a random pass.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use encan::ledger::EventKind;
use encan::units::LineItemId;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use support::market::{Buyer, Market, Offer, Told, campaign, line_item, read_answer, report, seed};
use support::{Encan, wait_until, within_an_hour};

const CLIENTS: usize = 4;

/// A notice as its sender remembers it.
#[derive(Debug, Clone)]
struct Sent {
    /// To send it again.
    path: String,
    /// What it must put into the books, in nanos: the price of an impression or win, a conversion's value.
    amount: i64,
    /// True once we were told that it was taken.
    acknowledged: bool,
}

/// Notices by kind and bid.
type Record = BTreeMap<(&'static str, String), Sent>;

/// What the senders know.
#[derive(Debug, Default)]
struct Diary {
    sent: Mutex<Record>,
    acknowledged: AtomicUsize,
}

impl Diary {
    /// Sends a notice and remembers both its sending and its answer.
    fn send(
        &self,
        buyer: &mut Buyer,
        kind: &'static str,
        bid: &str,
        path: &str,
        amount: i64,
    ) -> Option<Told> {
        let key = (kind, bid.to_owned());
        let note = Sent { path: path.to_owned(), amount, acknowledged: false };
        self.sent.lock().unwrap().insert(key.clone(), note);
        let told = buyer.ask("GET", path, "").ok()?;
        // A click leads on: 302.
        assert!(matches!(told.status, 200 | 204 | 302), "{} to {path}", told.status);
        self.sent.lock().unwrap().get_mut(&key).unwrap().acknowledged = true;
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        Some(told)
    }

    /// One bid and all that becomes of it; `None` once the server is gone.
    fn live_through(&self, buyer: &mut Buyer, random: &mut SmallRng) -> Option<()> {
        // A lease grows with what is asked of it: until then there may be no bid.
        let Some(offer) = buyer.try_bids(1).ok()?.pop() else {
            std::thread::yield_now();
            return Some(());
        };
        let id = &offer.id;
        let price = random.random_range(0..=offer.price);
        if random.random_bool(0.1) {
            return self.send(buyer, "loss", id, &offer.lost(), 0).map(|_| ());
        }
        if random.random() {
            self.send(buyer, "win", id, &offer.won_at(price), price)?;
        }
        self.send(buyer, "billing", id, &offer.billed_at(price), price)?;
        if random.random() {
            self.send(buyer, "view", id, &offer.view, 0)?;
        }
        if random.random() {
            let told = self.send(buyer, "click", id, &offer.click, 0)?;
            let place = told.location.expect("a click leads on");
            let token = place.split_once("encan_click=").expect("a token for conversions").1;
            let value = random.random_range(0..90_000_000_000_i64);
            let worth = format!("{}.{:09}", value / 1_000_000_000, value % 1_000_000_000);
            let path = format!("/c/pixel.gif?click={token}&type=purchase&order={id}&value={worth}");
            self.send(buyer, "conversion", id, &path, value)?;
        }
        Some(())
    }

    /// Traffic on `encan`, which dies in the midst of it.
    fn kill_in_traffic(&self, encan: Encan, random: &mut SmallRng) {
        let public = encan.public;
        let fatal = self.acknowledged.load(Ordering::Relaxed) + random.random_range(1..400);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let mut random = SmallRng::seed_from_u64(random.random());
                scope.spawn(move || {
                    let mut buyer = Buyer::at(public);
                    while self.live_through(&mut buyer, &mut random).is_some() {}
                });
            }
            wait_until("traffic", || self.acknowledged.load(Ordering::Relaxed) >= fatal);
            encan.kill();
        });
    }

    /// Notices again, all that were not acknowledged and some that were: each is taken, whether it is known or not.
    /// Gives up where the server is gone.
    fn send_again(&self, encan: &Encan, random: &mut SmallRng) {
        let mut buyer = Buyer::of(encan);
        for sent in self.sent.lock().unwrap().values_mut() {
            if sent.acknowledged && random.random_bool(0.8) {
                continue;
            }
            let Ok(told) = buyer.ask("GET", &sent.path, "") else { return };
            assert!(matches!(told.status, 200 | 204 | 302), "{} to {}", told.status, sent.path);
            sent.acknowledged = true;
        }
    }

    /// Traffic on `encan` until it dies by itself; false if it did not within `most` acknowledged notices.
    fn trade_until_it_dies(&self, encan: &Encan, random: &mut SmallRng, most: usize) -> bool {
        let public = encan.public;
        let last = self.acknowledged.load(Ordering::Relaxed) + most;
        let dead = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                let mut random = SmallRng::seed_from_u64(random.random());
                let dead = &dead;
                scope.spawn(move || {
                    let mut buyer = Buyer::at(public);
                    while self.acknowledged.load(Ordering::Relaxed) < last {
                        if self.live_through(&mut buyer, &mut random).is_none() {
                            dead.fetch_add(1, Ordering::Relaxed);
                            return;
                        }
                    }
                });
            }
        });
        dead.into_inner() > 0
    }

    /// The ledger holds all that was acknowledged, nothing that was not sent, nothing twice.
    fn check(&self, market: &Market) {
        let mut booked = BTreeMap::new();
        for event in market.events() {
            let (kind, amount) = match &event.kind {
                EventKind::Win { price } => ("win", price.expect("a price").raw()),
                EventKind::Impression(charge) => ("billing", charge.media.raw()),
                EventKind::Loss { .. } => ("loss", 0),
                EventKind::View => ("view", 0),
                EventKind::Click => ("click", 0),
                EventKind::Conversion(conversion) => ("conversion", conversion.value.raw()),
                EventKind::Playback(step) => (step.name(), 0),
                EventKind::Correction(correction) => (correction.cause.name(), 0),
            };
            let twice = booked.insert((kind, event.bid.id.to_string()), amount);
            assert_eq!(twice, None, "{kind} of {} is there twice", event.bid.id);
        }
        let sent = self.sent.lock().unwrap();
        for (key, amount) in &booked {
            let note = sent.get(key).unwrap_or_else(|| panic!("nobody sent {key:?}"));
            assert_eq!(*amount, note.amount, "{key:?}");
        }
        for (key, _) in sent.iter().filter(|(_, note)| note.acknowledged) {
            assert!(booked.contains_key(key), "{key:?} was acknowledged and is gone");
        }
        check_report(&report(&market.data()), &booked);
    }
}

/// The report's totals are the sums of what is booked, to the nano.
fn check_report(report: &Value, booked: &BTreeMap<(&'static str, String), i64>) {
    if booked.is_empty() {
        assert_eq!(report["totals"], json!([]), "a row for nothing");
        return;
    }
    let total = &report["totals"][0];
    for (column, kind) in [
        ("wins", "win"),
        ("losses", "loss"),
        ("impressions", "billing"),
        ("views", "view"),
        ("clicks", "click"),
        ("conversions", "conversion"),
    ] {
        let count = booked.keys().filter(|(of, _)| *of == kind).count();
        assert_eq!(total[column], json!(count), "{column}");
    }
    for (column, kind) in [("media", "billing"), ("value", "conversion")] {
        let sum: i64 = booked.iter().filter(|((of, _), _)| *of == kind).map(|(_, amount)| amount).sum();
        let text = total[column].as_str().unwrap();
        let (whole, part) = text.split_once('.').unwrap();
        let nanos: i64 = format!("{whole}{part:0<9}").parse().expect("no more than nine decimals");
        assert_eq!(nanos, sum, "{column}");
    }
}

/// A market with one campaign that is never spent, and nobody's notices yet.
fn large_market() -> (Market, Diary) {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 9.876543, &json!({ "daily": 100_000 })));
    (market, Diary::default())
}

/// How many rounds are asked for, or few.
fn rounds(few: usize) -> usize {
    std::env::var("ENCAN_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(few)
}

/// A long run goes on with an empty ledger after so many rounds: each check reads the whole of it.
const ROUNDS_OF_A_MARKET: usize = 20;

#[test]
fn what_was_acknowledged_survives_sigkill_and_nothing_is_counted_twice() {
    let mut random = SmallRng::seed_from_u64(seed());
    let rounds: Vec<usize> = (0..rounds(5)).collect();
    for rounds in rounds.chunks(ROUNDS_OF_A_MARKET) {
        let (market, diary) = large_market();
        for _ in rounds {
            diary.kill_in_traffic(market.start(), &mut random);
            // The log that the dead process left is read by whoever comes first, report or server.
            if random.random() {
                diary.check(&market);
            }
            let encan = market.start();
            diary.check(&market);
            diary.send_again(&encan, &mut random);
            diary.check(&market);
        }
        assert_eq!(market.start().stop().0, Some(0));
        diary.check(&market);
        let acknowledged = diary.acknowledged.load(Ordering::Relaxed);
        println!("{} kills, {acknowledged} notices acknowledged: none lost, none twice", rounds.len());
    }
}

/// The failpoints that traffic passes, each with how often at least before 4,000 notices are booked.
const IN_TRAFFIC: [(&str, usize); 9] = [
    ("ledger.begin", 200),
    ("ledger.row", 1_000),
    ("ledger.commit", 200),
    ("ledger.committed", 200),
    ("ledger.answered", 200),
    ("ledger.checkpoint", 1),
    ("ledger.checkpointed", 1),
    ("booking.settle", 200),
    ("booking.settled", 200),
];
/// Those that only a clean end passes.
const AT_THE_END: [&str; 3] = ["ledger.park", "ledger.close", "ledger.closed"];
/// Those that the first start passes.
const AT_THE_START: [&str; 6] = [
    "ledger.create",
    "ledger.created",
    "secrets.write",
    "secrets.sync",
    "secrets.rename",
    "secrets.sync_folder",
];
/// Those that an event of a person passes.
const AT_AN_EVENT: [&str; 5] =
    ["events.begin", "audience.commit", "audience.committed", "events.recorded", "events.keep"];

/// Those that are passed only after a write failed, where the file is read and not changed.
const WITHOUT_SPACE: [&str; 1] = ["ledger.revert"];

#[test]
#[cfg(debug_assertions)]
fn every_failpoint_is_killed_at() {
    use strum::VariantNames as _;
    let mut tested =
        [&IN_TRAFFIC.map(|(point, _)| point)[..], &AT_THE_END, &AT_THE_START, &AT_AN_EVENT, &WITHOUT_SPACE]
            .concat();
    tested.sort_unstable();
    tested.dedup();
    let mut known = encan::shell::failpoint::Point::VARIANTS.to_vec();
    known.sort_unstable();
    assert_eq!(tested, known);
}

#[test]
fn a_release_has_no_failpoints() {
    let binary = std::fs::read(env!("CARGO_BIN_EXE_encan")).unwrap();
    for name in ["ENCAN_FAILPOINTS", "ENCAN_FAKE_DISK", "ledger.committed"] {
        let is_there = binary.windows(name.len()).any(|window| window == name.as_bytes());
        assert_eq!(is_there, cfg!(debug_assertions), "{name}");
    }
}

/// `market` with failpoints armed.
fn armed(market: &Market, failpoints: &str) -> Encan {
    market.start_with(&[], &[("ENCAN_FAILPOINTS", failpoints)])
}

#[test]
#[cfg(debug_assertions)]
fn what_was_acknowledged_survives_a_kill_at_every_step_to_the_disk() {
    let mut random = SmallRng::seed_from_u64(seed());
    for round in 0..rounds(1) {
        let (market, diary) = large_market();
        for (point, passes) in IN_TRAFFIC {
            let pass = if round == 0 { passes.min(37) } else { random.random_range(1..=passes) };
            // Leases are commits too: a low pass is met before the first notice.
            if let Some(encan) = market.start_to_die(&format!("{point}=kill@{pass}")) {
                diary.send_again(&encan, &mut random);
                assert!(
                    diary.trade_until_it_dies(&encan, &mut random, 4_000),
                    "{point} is passed {pass} times"
                );
                assert_eq!(encan.ended().0, None, "{point}: killed, not ended");
            }
            diary.check(&market);
        }
        assert_eq!(market.start().stop().0, Some(0));
        diary.check(&market);
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_kill_in_a_clean_end_loses_nothing() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, diary) = large_market();
    for point in AT_THE_END {
        let encan = armed(&market, &format!("{point}=kill"));
        diary.trade_until_it_dies(&encan, &mut random, 50);
        assert_eq!(encan.stop().0, None, "{point}: killed, not ended");
        diary.check(&market);
        let encan = market.start();
        diary.send_again(&encan, &mut random);
        diary.check(&market);
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_kill_in_the_first_start_leaves_a_folder_to_start_on() {
    let mut random = SmallRng::seed_from_u64(seed());
    for point in AT_THE_START {
        let (market, diary) = large_market();
        let (code, words) = market.refused(&[("ENCAN_FAILPOINTS", &format!("{point}=kill"))]);
        assert_eq!(code, None, "{point}: {words}");
        let encan = market.start();
        diary.trade_until_it_dies(&encan, &mut random, 20);
        encan.kill();
        assert_eq!(market.start().stop().0, Some(0));
        diary.check(&market);
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_disk_that_fails_in_the_first_start_is_one_line_and_the_next_start_goes_on() {
    for (point, fault, what) in [
        ("ledger.create", "eio", "disk I/O error"),
        ("ledger.create", "enospc", "database or disk is full"),
        ("secrets.write", "enospc", "No space left on device"),
        ("secrets.sync", "eio", "Input/output error"),
        ("secrets.rename", "eio", "Input/output error"),
        ("secrets.sync_folder", "eio", "Input/output error"),
    ] {
        let (market, _) = large_market();
        let (code, words) = market.refused(&[("ENCAN_FAILPOINTS", &format!("{point}={fault}"))]);
        assert_eq!(code, Some(2), "{words}");
        assert!(
            words.starts_with("error: ") && words.contains(what) && words.contains("\nhint: "),
            "{words}"
        );
        assert_eq!(market.start().stop().0, Some(0));
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_failpoint_that_does_not_exist_is_refused_with_those_that_do() {
    let (market, _) = large_market();
    let (code, words) = market.refused(&[("ENCAN_FAILPOINTS", "ledger.comit=kill")]);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("there is no point `ledger.comit`, only ledger.create, "), "{words}");
}

/// Bids on `encan`, each billed at its bid, until a notice is not taken; its status, or none if the server has gone.
/// What was acknowledged goes into the diary.
fn bill_until_refused(diary: &Diary, encan: &Encan) -> Option<u16> {
    let mut buyer = Buyer::of(encan);
    loop {
        let Some(offer) = buyer.try_bids(1).ok()?.pop() else { continue };
        let path = offer.billed_at(offer.price);
        let note = Sent { path: path.clone(), amount: offer.price, acknowledged: false };
        diary.sent.lock().unwrap().insert(("billing", offer.id.clone()), note);
        match buyer.ask("GET", &path, "").ok()?.status {
            204 => diary.sent.lock().unwrap().get_mut(&("billing", offer.id)).unwrap().acknowledged = true,
            status => {
                // Bidding had stopped before we were told.
                assert!(
                    buyer.try_bids(1).is_ok_and(|offers| offers.is_empty()) || buyer.try_bids(1).is_err()
                );
                return Some(status);
            }
        }
    }
}

#[test]
#[cfg(debug_assertions)]
fn a_failed_write_or_sync_is_never_tried_again_and_nobody_bids_after_it() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, diary) = large_market();
    // One failure and no second: whoever tried again would succeed.
    for (point, pass) in [("ledger.row", 2), ("ledger.row", 7), ("ledger.commit", 20), ("ledger.begin", 40)] {
        let encan = armed(&market, &format!("{point}=eio@{pass}"));
        let told = bill_until_refused(&diary, &encan);
        // What fails may also be the commit of a lease, of which nobody outside is told.
        assert!(
            told == Some(503) || told.is_none() && point != "ledger.row",
            "{told:?}: the exchange comes again"
        );
        let (code, words) = encan.ended();
        check_failure(code, &words);
        assert!(market.path("data/ledger.sqlite-wal").exists(), "nothing was folded at the close");
        diary.check(&market);
        let encan = market.start();
        diary.send_again(&encan, &mut random);
        diary.check(&market);
        encan.kill();
    }
}

/// `strace` on `encan`, which makes the sync of the ledger's files fail from its `when`th on, if it is installed and
/// may. What it saw goes to `log`.
struct FailingSync {
    strace: std::process::Child,
}

impl FailingSync {
    #[expect(clippy::print_stderr, reason = "a part that was not tested is told")]
    fn begin(encan: &Encan, market: &Market, log: &std::path::Path, when: usize) -> Option<Self> {
        let mut command = std::process::Command::new("strace");
        command.args(["-f", "-qq", "-y", "-e", "trace=fsync,fdatasync", "-e"]);
        command.arg(format!("inject=fsync,fdatasync:error=EIO:when={when}"));
        for file in ["data/ledger.sqlite", "data/ledger.sqlite-wal"] {
            command.arg("-P").arg(market.path(file));
        }
        command.arg("-o").arg(log).args(["-p", &encan.id().to_string()]);
        command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut begun = command.spawn().ok().map(|strace| Self { strace });
        let traced = format!("/proc/{}/status", encan.id());
        let is_traced = || std::fs::read_to_string(&traced).is_ok_and(|text| !text.contains("TracerPid:\t0"));
        while let Some(Self { strace }) = &mut begun {
            if is_traced() {
                return begun;
            }
            if strace.try_wait().is_ok_and(|ended| ended.is_some()) {
                begun = None;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        eprintln!("SKIPPED: no `strace` that may trace our own child: no real sync was made to fail");
        None
    }
}

impl Drop for FailingSync {
    fn drop(&mut self) {
        let _ = self.strace.kill();
        let _ = self.strace.wait();
    }
}

#[test]
fn a_real_sync_that_fails_is_not_tried_again() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, diary) = large_market();
    for when in [1, 2, 17] {
        let (encan, log) = (market.start(), market.path("strace"));
        let Some(failing) = FailingSync::begin(&encan, &market, &log, when) else { return };
        let told = bill_until_refused(&diary, &encan);
        assert!(matches!(told, None | Some(503)), "{told:?}");
        let (code, words) = encan.ended();
        check_failure(code, &words);
        drop(failing);
        let calls = std::fs::read_to_string(&log).unwrap();
        let syncs: Vec<&str> = calls.lines().filter(|line| line.contains("ledger.sqlite")).collect();
        let failed = syncs.iter().position(|line| line.contains("(INJECTED)"));
        assert_eq!((failed, syncs.len()), (Some(when - 1), when), "nothing is synced after it:\n{calls}");
        diary.check(&market);
        let encan = market.start();
        diary.send_again(&encan, &mut random);
        diary.check(&market);
        encan.kill();
    }
}

/// It ended by itself, and said why in one line with a hint.
#[track_caller]
fn check_failure(code: Option<i32>, words: &str) {
    assert_eq!(code, Some(2), "{words}");
    let errors: Vec<&str> = words.lines().filter(|line| line.starts_with("error: ")).collect();
    assert!(
        matches!(errors[..], [one] if one.contains("ledger.sqlite") && one.contains("I/O error")),
        "{words}"
    );
    assert!(words.contains("\nhint: ") && words.contains("what was acknowledged is kept"), "{words}");
}

#[test]
#[cfg(debug_assertions)]
fn a_failed_fold_of_the_log_ends_the_server_and_the_log_stays() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, diary) = large_market();
    let encan = armed(&market, "ledger.checkpoint=eio");
    let public = encan.public;
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut buyer = Buyer::at(public);
                while let Ok(offers) = buyer.try_bids(1) {
                    let Some(offer) = offers.first() else { continue };
                    let path = offer.billed_at(offer.price);
                    let key = ("billing", offer.id.clone());
                    let note = Sent { path: path.clone(), amount: offer.price, acknowledged: false };
                    diary.sent.lock().unwrap().insert(key.clone(), note);
                    let Ok(told) = buyer.ask("GET", &path, "") else { return };
                    assert!(matches!(told.status, 204 | 503), "{}", told.status);
                    diary.sent.lock().unwrap().get_mut(&key).unwrap().acknowledged = told.status == 204;
                }
            });
        }
    });
    let (code, words) = encan.ended();
    check_failure(code, &words);
    assert!(
        market.path("data/ledger.sqlite-wal").metadata().unwrap().len() > 0,
        "nothing was folded at the close"
    );
    diary.check(&market);
    let encan = market.start();
    diary.send_again(&encan, &mut random);
    diary.check(&market);
}

#[test]
#[cfg(debug_assertions)]
fn a_panic_of_the_writer_stops_bidding_and_ends_the_server() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, diary) = large_market();
    for point in ["ledger.row", "ledger.committed"] {
        let encan = armed(&market, &format!("{point}=panic@9"));
        let told = bill_until_refused(&diary, &encan);
        assert!(told == Some(503) || told.is_none() && point != "ledger.row", "{told:?}");
        let (code, words) = encan.ended();
        assert_eq!(code, Some(2), "{words}");
        let encan = market.start();
        diary.send_again(&encan, &mut random);
        diary.check(&market);
        encan.kill();
    }
}

/// The campaign's caps in nanos: in all, and of a day.
const CAPS: (i64, i64) = (3_000_000_000, 2_000_000_000);

/// Bids of a process that is then killed, a few of them billed before; the others are still out.
fn bids_until_killed(encan: Encan, random: &mut SmallRng, failpoint: bool) -> Vec<Offer> {
    let (public, count) = (encan.public, random.random_range(20..120));
    let out = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            let (out, mut random) = (&out, SmallRng::seed_from_u64(random.random()));
            scope.spawn(move || {
                let mut buyer = Buyer::at(public);
                // A bid that was sent counts from then on, whoever dies.
                while let Ok(offers) = buyer.try_bids(random.random_range(1..4)) {
                    let (len, none) = (out.lock().unwrap().len(), offers.is_empty());
                    for offer in offers {
                        out.lock().unwrap().push(offer.clone());
                        if random.random_bool(0.3)
                            && buyer.ask("GET", &offer.billed_at(offer.price), "").is_err()
                        {
                            return;
                        }
                    }
                    // One that dies by itself goes on until it does.
                    if none || len >= count && !failpoint {
                        return;
                    }
                }
            });
        }
    });
    drop(encan.kill());
    out.into_inner().unwrap()
}

#[test]
fn bids_of_dead_processes_and_new_ones_never_pass_a_cap_together_if_all_are_billed_at_the_bid() {
    within_an_hour(|| {
        let mut random = SmallRng::seed_from_u64(seed());
        for round in 0..rounds(3) {
            let market = Market::new("10m");
            let (total, daily) = CAPS;
            let euros = |nanos: i64| json!(nanos / 1_000_000_000);
            let mut capped =
                campaign("capped", 9.876543, &json!({ "total": euros(total), "daily": euros(daily) }));
            let mut second = line_item("second", 12.3);
            second["budget"] = json!({ "total": 0.7 });
            capped["line_items"] = json!([line_item("first", 9.876543), second]);
            market.campaign(&capped);
            let mut out = Vec::new();
            for death in 0..4 {
                let points = [
                    "ledger.row",
                    "ledger.committed",
                    "booking.settle",
                    "booking.settled",
                    "ledger.answered",
                ];
                let armed_at = points[random.random_range(0..points.len())];
                let by_itself = cfg!(debug_assertions) && death % 2 == 1;
                let pass = random.random_range(1..40);
                let failpoints = if by_itself { format!("{armed_at}=kill@{pass}") } else { String::new() };
                // It may be killed before its first bid.
                let started = market.start_to_die(&failpoints);
                out.extend(started.map(|encan| bids_until_killed(encan, &mut random, by_itself)));
            }
            assert!(!out[0].is_empty(), "round {round}: the first process had all the money");
            // A process that has all that is left, and everybody's notices, in no order.
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            let mut offers: Vec<Offer> = out.into_iter().flatten().collect();
            while let Some(offer) = buyer.bid() {
                offers.push(offer);
            }
            while !offers.is_empty() {
                let offer = offers.swap_remove(random.random_range(0..offers.len()));
                buyer.tell(&offer.billed_at(offer.price));
            }
            let spent = market.spent("capped");
            assert!(spent <= daily.min(total), "round {round}: {spent} of {daily}");
            let second = LineItemId::from_slug("capped/second").raw();
            let of_second: i64 =
                market.spends().iter().filter(|((_, of), _)| *of == second).map(|(_, spent)| spent).sum();
            assert!(of_second <= 700_000_000, "round {round}: {of_second} of the line item's own cap");
            assert!(spent > 0);
        }
    });
}

const TOKEN: &str = "an-open-secret";

/// Orders of people at a shop, each with an id of its own.
#[derive(Debug, Default)]
struct Orders {
    acknowledged: Vec<bool>,
}

impl Orders {
    /// Sends all again that were ever sent, and `more`, until the server is gone.
    fn send(&mut self, encan: &Encan, more: usize) {
        self.acknowledged.resize(self.acknowledged.len() + more, false);
        for (order, acknowledged) in self.acknowledged.iter_mut().enumerate() {
            let body = json!({
                "advertiser": "acme", "event": "purchase", "order": order.to_string(), "value": 20,
                "id_type": "buyer", "user_id": format!("buyer-{order}"), "gdpr": 0,
            });
            let Some(status) = tell(encan, &body.to_string()) else { return };
            assert_eq!(status, 204);
            *acknowledged = true;
        }
    }

    /// What was acknowledged is known once; of the rest, none is known twice.
    fn check(&self, encan: &Encan) {
        wait_until("the audiences", || encan.admin("/readyz").status == 200);
        for (order, acknowledged) in self.acknowledged.iter().enumerate() {
            let answer = encan.admin(&format!("/v1/audience/buyer/buyer-{order}"));
            let known =
                if answer.status == 404 { 0 } else { answer.json()["events"].as_array().unwrap().len() };
            assert!(known == 1 || known == 0 && !acknowledged, "order {order} is known {known} times");
        }
    }
}

/// Reports an event as an advertiser's server; the status of the answer, if there is one.
fn tell(encan: &Encan, body: &str) -> Option<u16> {
    let mut stream = std::io::BufReader::new(std::net::TcpStream::connect(encan.public).ok()?);
    let head = format!("POST /e/s2s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n");
    let call = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    stream.get_mut().write_all(call.as_bytes()).ok()?;
    read_answer(&mut stream).ok().map(|told| told.status)
}

#[test]
#[cfg(debug_assertions)]
fn an_order_is_recorded_once_whatever_step_of_it_is_killed() {
    let (market, _) = large_market();
    std::fs::create_dir(market.path("audiences")).unwrap();
    market.put("token", TOKEN);
    let token = format!("file:{}", market.path("token").display());
    let shop = json!({ "advertiser": "acme", "events": ["purchase"], "retention": "90d", "token": token });
    market.put("audiences/acme.json", &shop.to_string());
    let folder = market.path("audiences").display().to_string();
    let flags = ["--audiences", folder.as_str()];
    let mut orders = Orders::default();
    for point in AT_AN_EVENT {
        let armed = format!("{point}=kill@4");
        let encan = market.start_with(&flags, &[("ENCAN_FAILPOINTS", &armed)]);
        wait_until("the audiences", || encan.admin("/readyz").status == 200);
        orders.send(&encan, 10);
        assert_eq!(encan.ended().0, None, "{point}: killed, not ended");
        let encan = market.start_with(&flags, &[]);
        orders.check(&encan);
        orders.send(&encan, 0);
        orders.check(&encan);
        assert_eq!(encan.stop().0, Some(0));
    }
}
