//! SIGKILL under traffic: what was acknowledged is there after the restart, once, to the last nano.
//!
//! Long runs: `ENCAN_KILL_ROUNDS=200 cargo test --release --test kill -- --nocapture`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use encan::ledger::EventKind;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use support::market::{Buyer, Market, Told, campaign, report, seed};
use support::{Encan, wait_until};

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
        let offer = buyer.try_bids(1).ok()?.pop().expect("the budget is large");
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

    /// Every notice again: it is taken, whether it is known or not.
    fn send_again(&self, encan: &Encan) {
        let mut buyer = Buyer::of(encan);
        for sent in self.sent.lock().unwrap().values_mut() {
            let told = buyer.ask("GET", &sent.path, "").expect("an answer");
            assert!(matches!(told.status, 200 | 204 | 302), "{} to {}", told.status, sent.path);
            sent.acknowledged = true;
        }
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

#[test]
fn what_was_acknowledged_survives_sigkill_and_nothing_is_counted_twice() {
    let mut random = SmallRng::seed_from_u64(seed());
    let rounds = std::env::var("ENCAN_KILL_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let (market, diary) = (Market::new("10m"), Diary::default());
    market.campaign(&campaign("large", 9.876543, &json!({ "total": 100_000 })));
    for _ in 0..rounds {
        diary.kill_in_traffic(market.start(), &mut random);
        // The log that the dead process left is read by whoever comes first, report or server.
        if random.random() {
            diary.check(&market);
        }
        let encan = market.start();
        diary.check(&market);
        diary.send_again(&encan);
        diary.check(&market);
    }
    assert_eq!(market.start().stop().0, Some(0));
    diary.check(&market);
}
