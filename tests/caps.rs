//! The hard cap: an exchange that wins everything, clears at the bid and bills when it likes never makes a
//! campaign pay more than its cap.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use encan::budget::{
    Allocator as _, AllocatorError, Book, LeaseTerms, Look, Lot, Open, Purse, PurseKey, Reservation,
    Reserved, Stakes, Treasury,
};
use encan::campaign::{Budget, Limits};
use encan::ledger::{
    BidFacts, CapKey, Charge, Event, EventKind, Level, Measure, Quantity, Setting, Window, windows,
};
use encan::ttf::{Assessment, Bearer, Evidence, Place, TaxLine};
use encan::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, Femtos, Hour, LineItemId,
    Millis, Nanos, RatePpm, ScenarioId, Steady, UnixMillis,
};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use support::market::{Buyer, Market, Offer, campaign, line_item, report, seed};
use support::{wait_until, within_an_hour};

const CLIENTS: usize = 6;

/// Caps of the campaigns that [`crowded`] has, in nanos; the dearest impression costs less than [`WORST`].
const CAPS: [(&str, i64); 3] = [("inside", 250_000_000), ("shared", 300_000_000), ("total", 200_000_000)];
const WORST: i64 = 9_100_000;

/// Campaigns with a budget for some dozens of impressions: tax inside the budget and paid data; three line
/// items that share one budget, one of them with a cap of its own; a total without a day's.
fn crowded() -> Market {
    let market = Market::new("10m");
    let mut inside = campaign("inside", 9.0, &json!({ "daily": 0.25 }));
    inside["tax"] = json!({ "scenario": "hypothesis-eu", "bearer": "inside" });
    inside["line_items"][0]["data_cpm"] = json!(1.234567);
    market.campaign(&inside);
    let mut shared = campaign("shared", 0.0, &json!({ "daily": 0.3, "total": 20 }));
    let mut capped = line_item("capped", 8.5);
    capped["budget"] = json!({ "daily": 0.0505 });
    shared["line_items"] = json!([line_item("dear", 7.300001), capped, line_item("cheap", 6.1)]);
    market.campaign(&shared);
    market.campaign(&campaign("total", 5.05, &json!({ "total": 0.2 })));
    market
}

/// No cap is passed; returns what each campaign has spent.
#[track_caller]
fn check_caps(market: &Market) -> BTreeMap<&'static str, i64> {
    let spends = market.spends();
    let own =
        spends.iter().find(|((_, line_item), _)| *line_item == LineItemId::from_slug("shared/capped").raw());
    assert!(own.is_none_or(|(_, spent)| *spent <= 50_500_000), "the line item's own cap: {own:?}");
    CAPS.iter()
        .map(|(slug, cap)| {
            let campaign = CampaignId::from_slug(slug).raw();
            let spent = spends.iter().filter(|((of, _), _)| *of == campaign).map(|(_, spent)| spent).sum();
            assert!(spent <= *cap, "{slug} spent {spent} of {cap}");
            (*slug, spent)
        })
        .collect()
}

/// The budgets are used but for less than one impression, and the report says the same as the rows.
#[track_caller]
fn check_used(market: &Market) {
    for (slug, spent) in check_caps(market) {
        let cap = CAPS.iter().find(|(known, _)| *known == slug).unwrap().1;
        assert!(spent > cap - WORST, "{slug} spent {spent} of {cap}");
        let table = report(&market.data());
        let rows = table["rows"].as_array().unwrap();
        let row = rows.iter().find(|row| row["campaign"] == slug).unwrap();
        let femtos = |key: &str| femtos(&row[key]);
        let borne = femtos("media") + femtos("data") + femtos("tax_borne");
        assert!(borne <= i128::from(spent) * 1_000_000, "{slug}: {row}");
        assert_eq!(row["late_impressions"], 0, "{slug}");
    }
}

/// An exact amount of a report, in femto-units.
fn femtos(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap();
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{part:0<15}").parse().unwrap()
}

/// Runs `work` on each of `CLIENTS` threads, and checks the caps all the time until all are done.
fn crowd<T: Send>(market: &Market, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| {
                let work = &work;
                scope.spawn(move || work(client))
            })
            .collect();
        let auditor = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                check_caps(market);
            }
        });
        let results = clients.into_iter().map(|client| client.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        auditor.join().unwrap();
        results
    })
}

#[test]
fn no_cap_is_passed_when_everything_is_won_and_billed_at_the_last_moment() {
    within_an_hour(|| {
        let market = crowded();
        let encan = market.start();
        let offers: Vec<Vec<Offer>> = crowd(&market, |client| {
            let mut buyer = Buyer::of(&encan);
            let mut offers = Vec::new();
            loop {
                let more = buyer.bids(1 + client % 3);
                if more.is_empty() {
                    return offers;
                }
                offers.extend(more);
            }
        });
        assert_eq!(Buyer::of(&encan).bid().map(|offer| offer.id), None, "everything is reserved");
        crowd(&market, |client| {
            let mut buyer = Buyer::of(&encan);
            for offer in &offers[client] {
                buyer.tell(&offer.billed_at(offer.price));
            }
        });
        check_used(&market);
        assert_eq!(Buyer::of(&encan).bid().map(|offer| offer.id), None, "everything is spent");
        assert_eq!(encan.metric("encan_reservations_open"), 0);
    });
}

#[test]
fn no_cap_is_passed_and_all_of_it_is_used_when_billing_is_prompt_and_below_the_bid() {
    within_an_hour(|| {
        let market = crowded();
        let encan = market.start();
        let spend = |buyer: &mut Buyer, random: &mut SmallRng| {
            let offers = buyer.bids(random.random_range(1..4));
            for offer in &offers {
                let price = random.random_range(offer.price / 2..=offer.price);
                // The notice comes twice, as notices do.
                buyer.tell(&offer.billed_at(price));
                buyer.tell(&offer.billed_at(price));
            }
            !offers.is_empty()
        };
        let seed = seed();
        crowd(&market, |client| {
            let mut random = SmallRng::seed_from_u64(seed.wrapping_add(client as u64));
            let mut buyer = Buyer::of(&encan);
            while spend(&mut buyer, &mut random) {}
        });
        // What was settled below its reservation is bid again; exhausted line items come back with the next beat.
        let (mut buyer, mut random) = (Buyer::of(&encan), SmallRng::seed_from_u64(seed));
        wait_until("the budgets are used", || {
            while spend(&mut buyer, &mut random) {}
            CAPS.iter().all(|(slug, cap)| market.spent(slug) > cap - WORST)
        });
        check_used(&market);
    });
}

/// A market whose one campaign can pay exactly three impressions.
fn three(reservation: &str) -> Market {
    let market = Market::new(reservation);
    market.campaign(&campaign("three", 10.0, &json!({ "total": 0.03 })));
    market
}

/// The three bids that the budget allows.
#[track_caller]
fn take_three(buyer: &mut Buyer) -> [Offer; 3] {
    let offers = std::array::from_fn(|_| buyer.bid().expect("the budget is for three"));
    assert!(buyer.bid().is_none(), "and no more");
    offers
}

/// Waits for one more bid, after which there is none.
#[track_caller]
fn take_one(buyer: &mut Buyer) -> Offer {
    let mut offer = None;
    wait_until("one more bid", || {
        offer = buyer.bid();
        offer.is_some()
    });
    assert!(buyer.bid().is_none(), "one was given back, not two");
    offer.unwrap()
}

#[test]
fn a_loss_gives_its_money_back_once_and_a_duplicate_nothing() {
    let market = three("10m");
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let [first, second, third] = take_three(&mut buyer);
    for _ in 0..5 {
        buyer.tell(&first.lost());
        buyer.tell(&second.billed_at(second.price));
    }
    let fourth = take_one(&mut buyer);
    for offer in [&third, &fourth] {
        buyer.tell(&offer.billed_at(offer.price));
    }
    assert_eq!(market.spent("three"), 30_000_000);
    assert_eq!(encan.metric("encan_notices_total{kind=\"loss\",outcome=\"booked\"}"), 1);
    assert_eq!(encan.metric("encan_notices_total{kind=\"loss\",outcome=\"duplicate\"}"), 4);
    assert_eq!(encan.metric("encan_notices_total{kind=\"bill\",outcome=\"duplicate\"}"), 4);
}

#[test]
fn an_expired_bid_gives_its_money_back_and_its_late_win_is_booked_and_counted() {
    let market = three("4s");
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let [first, ..] = take_three(&mut buyer);
    wait_until("three bids expire", || encan.metric("encan_reservations_expired_total") == 3);
    wait_until("a bid", || buyer.bid().is_some());
    buyer.tell(&first.billed_at(first.price));
    buyer.tell(&first.billed_at(first.price));
    assert_eq!(market.spent("three"), 10_000_000);
    assert_eq!(encan.metric("encan_notices_total{kind=\"bill\",outcome=\"late\"}"), 1);
    assert_eq!(encan.metric("encan_notices_total{kind=\"bill\",outcome=\"duplicate\"}"), 1);
    let row = &report(&market.data())["rows"][0];
    assert_eq!((&row["impressions"], &row["late_impressions"]), (&json!(1), &json!(1)));
    // What came late is spent: two impressions are left, however many bids expire.
    wait_until("everything expires", || encan.metric("encan_reservations_open") == 0);
    let mut offers = Vec::new();
    wait_until("two bids", || {
        offers.extend(buyer.bid());
        offers.len() == 2
    });
    for offer in &offers {
        buyer.tell(&offer.billed_at(offer.price));
    }
    assert!(buyer.bid().is_none());
    assert_eq!(market.spent("three"), 30_000_000);
}

#[test]
fn the_same_notice_at_the_same_moment_is_booked_once_and_is_not_late() {
    let market = Market::new("10m");
    market.campaign(&campaign("wide", 10.0, &json!({ "total": 100 })));
    let encan = market.start();
    for _ in 0..20 {
        let offer = Buyer::of(&encan).bid().unwrap();
        crowd_of(CLIENTS, || Buyer::of(&encan).tell(&offer.billed_at(offer.price)));
    }
    let row = &report(&market.data())["rows"][0];
    assert_eq!((&row["impressions"], &row["late_impressions"]), (&json!(20), &json!(0)));
    assert_eq!(encan.metric("encan_reservations_open"), 0);
}

/// Runs `work` on `threads` threads at once.
fn crowd_of(threads: usize, work: impl Fn() + Sync) {
    let barrier = std::sync::Barrier::new(threads);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                barrier.wait();
                work();
            });
        }
    });
}

#[test]
fn a_cap_lowered_below_what_is_spent_stops_bidding_at_once_and_a_raised_one_starts_it_again() {
    let market = Market::new("10m");
    market.campaign(&campaign("moved", 10.0, &json!({ "total": 1 })));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    for _ in 0..5 {
        let offer = buyer.bid().unwrap();
        buyer.tell(&offer.billed_at(offer.price));
    }
    market.campaign(&campaign("moved", 10.0, &json!({ "total": 0.04 })));
    wait_until("the cap is lowered", || encan.metric("encan_revision") == 2);
    assert!(buyer.bid().is_none(), "0.05 of 0.04 are spent");
    market.campaign(&campaign("moved", 10.0, &json!({ "total": 0.07 })));
    wait_until("the cap is raised", || encan.metric("encan_revision") == 3);
    // What was raised is leased first.
    wait_until("a bid", || buyer.bid().is_some());
    wait_until("another bid", || buyer.bid().is_some());
    assert!(buyer.bid().is_none(), "0.05 spent and two bids out, of 0.07");
}

#[test]
fn a_restart_keeps_what_was_spent_under_every_cap() {
    within_an_hour(|| {
        let market = Market::new("10m");
        let mut kept = campaign("kept", 10.0, &json!({ "daily": 0.05, "total": 0.5 }));
        kept["line_items"][0]["budget"] = json!({ "total": 0.03 });
        kept["line_items"].as_array_mut().unwrap().push(line_item("other", 10.0));
        market.campaign(&kept);
        let mut bids = Vec::new();
        for _ in 0..5 {
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            let offer = buyer.bid().expect("the budget is for five, three of them by the first line item");
            buyer.tell(&offer.billed_at(offer.price));
            bids.push(offer);
            assert_eq!(encan.stop().0, Some(0));
        }
        let encan = market.start();
        assert!(Buyer::of(&encan).bid().is_none(), "the day is spent");
        let first = (CampaignId::from_slug("kept").raw(), LineItemId::from_slug("kept/all").raw());
        assert_eq!((market.spent("kept"), market.spends()[&first]), (50_000_000, 30_000_000));
    });
}

/// What the book should hold, told simply.
#[derive(Debug, Default)]
struct Model {
    limits: BTreeMap<(usize, bool), Option<i64>>,
    spent: BTreeMap<String, i64>,
    reserved: BTreeMap<String, i64>,
}

const CAMPAIGNS: [CampaignId; 2] = [CampaignId::from_slug("a"), CampaignId::from_slug("b")];
const LINE_ITEMS: [LineItemId; 4] = [
    LineItemId::from_slug("a/1"),
    LineItemId::from_slug("a/2"),
    LineItemId::from_slug("b/1"),
    LineItemId::from_slug("b/2"),
];

impl Model {
    /// The caps of a line item on a day, in the order of the book: name and limit.
    fn caps(&self, line_item: usize, day: i32) -> [(String, i64); 4] {
        let campaign = line_item / 2;
        let limit = |level: usize, total: bool| {
            self.limits.get(&(level, total)).copied().flatten().unwrap_or(i64::MAX)
        };
        [
            (format!("c{campaign} {day}"), limit(campaign, false)),
            (format!("c{campaign}"), limit(campaign, true)),
            (format!("l{line_item} {day}"), limit(10 + line_item, false)),
            (format!("l{line_item}"), limit(10 + line_item, true)),
        ]
    }

    fn committed(&self, cap: &str) -> i64 {
        self.spent.get(cap).unwrap_or(&0) + self.reserved.get(cap).unwrap_or(&0)
    }

    fn change(&mut self, (line_item, day): (usize, i32), reserved: i64, spent: i64) {
        for (cap, _) in self.caps(line_item, day) {
            *self.reserved.entry(cap.clone()).or_default() += reserved;
            *self.spent.entry(cap).or_default() += spent;
        }
    }
}

#[test]
fn whatever_happens_in_whatever_order_the_book_equals_a_simple_model_and_grants_nothing_above_a_limit() {
    let mut random = SmallRng::seed_from_u64(seed());
    for _ in 0..60 {
        run_model(&mut random);
    }
}

fn purse_of(line_item: usize, day: i32) -> PurseKey {
    PurseKey {
        campaign: CAMPAIGNS[line_item / 2],
        line_item: LINE_ITEMS[line_item],
        day: Day::from_raw(day),
        hour: Hour::from_raw(0),
    }
}

/// A bid out of `purse`, as its events tell of it.
fn facts(purse: PurseKey) -> BidFacts {
    BidFacts {
        id: BidId::from_bytes([0; 16]),
        at: UnixMillis::from_raw(0),
        day: purse.day,
        advertiser: AdvertiserId::from_raw(1),
        campaign: purse.campaign,
        line_item: purse.line_item,
        creative: CreativeId::from_raw(1),
        exchange: ExchangeId::from_raw(1),
        deal: None,
        currency: Currency::EUR,
        user: None,
        household: None,
        lease: Epoch::NONE,
        setting: Setting::default(),
    }
}

/// A bid that was granted.
struct Bid {
    id: BidId,
    /// Line item and day.
    place: (usize, i32),
    amount: i64,
    expires: i64,
    /// True until it is billed, lost or expired.
    held: bool,
}

/// The book and the model, played side by side.
#[derive(Default)]
struct Play {
    book: Book,
    open: Open,
    model: Model,
    bids: Vec<Bid>,
    now: i64,
    day: i32,
}

fn run_model(random: &mut SmallRng) {
    let mut play = Play { now: 1_000_000, day: 20_000, ..Play::default() };
    for _ in 0..400 {
        play.now += random.random_range(0..700);
        match random.random_range(0..100) {
            0..5 => play.day += 1,
            5..15 => {
                let level = [0, 1, 10, 11, 12, 13][random.random_range(0..6)];
                let limit = random.random_bool(0.8).then(|| random.random_range(1..5_000));
                play.model.limits.insert((level, random.random()), limit);
            }
            15..65 => play.reserve(random.random_range(0..4), random.random_range(1..400), random),
            65..85 if !play.bids.is_empty() => {
                let at = random.random_range(0..play.bids.len());
                // Half are billed, late ones too; half are lost.
                let paid = if random.random() { random.random_range(0..=play.bids[at].amount) } else { 0 };
                play.settle(at, paid);
            }
            _ => play.expire(),
        }
        check_model(&play.book, &play.model, play.day);
    }
    assert_eq!(play.open.len(), play.bids.iter().filter(|bid| bid.held).count());
}

impl Play {
    fn reserve(&mut self, line_item: usize, amount: i64, random: &mut SmallRng) {
        let caps = self.model.caps(line_item, self.day);
        let limits =
            [0, 1, 2, 3].map(|at| Some(Nanos::from_raw(caps[at].1)).filter(|cap| *cap != Nanos::MAX));
        let budget =
            |daily, total| Budget { money: Limits { hourly: None, daily, total }, ..Budget::default() };
        let budgets = [budget(limits[0], limits[1]), budget(limits[2], limits[3])];
        let key = purse_of(line_item, self.day);
        let purse = self.book.purse(key, [&budgets[0], &budgets[1]], Nanos::ZERO);
        let fits = caps.iter().all(|(cap, limit)| self.model.committed(cap) + amount <= *limit);
        assert_eq!(purse.reserve(Nanos::from_raw(amount)).is_ok(), fits, "{amount} under {caps:?}");
        if !fits {
            return;
        }
        let id = BidId::mint(UnixMillis::from_raw(self.now), random.random());
        let expires = self.now + random.random_range(0..5_000);
        let reserved = Reserved { purse: key, stakes: Stakes::certain(Nanos::from_raw(amount)) };
        let reservation =
            Reservation { reserved, expires: Steady::from_raw(expires), user: None, household: None };
        self.open.insert(id, reservation);
        let place = (line_item, self.day);
        self.model.change(place, amount, 0);
        self.bids.push(Bid { id, place, amount, expires, held: true });
    }

    fn settle(&mut self, at: usize, paid: i64) {
        let bid = &mut self.bids[at];
        let taken = self.open.take(bid.id);
        assert_eq!(taken.is_some(), bid.held, "a reservation is taken out once");
        let reserved = if std::mem::take(&mut bid.held) { bid.amount } else { 0 };
        let (line_item, day) = bid.place;
        if paid > 0 {
            let purse = purse_of(line_item, day);
            let held = taken.map(|reservation| reservation.reserved);
            let used = [(Measure::Money, Quantity::from_raw(paid))];
            self.book.settle(&facts(purse), held.as_ref(), &used);
        } else if let Some(reservation) = taken {
            self.book.release(&reservation.reserved);
        }
        self.model.change(bid.place, -reserved, paid);
    }

    fn expire(&mut self) {
        for (id, reservation) in self.open.take_expired(Steady::from_raw(self.now)) {
            self.book.release(&reservation.reserved);
            let gone = self.bids.iter_mut().find(|bid| bid.id == id).unwrap();
            assert!(gone.held && gone.expires <= self.now, "nothing expires twice or early");
            gone.held = false;
            self.model.change(gone.place, -gone.amount, 0);
        }
    }
}

fn check_model(book: &Book, model: &Model, today: i32) {
    for (line_item, id) in LINE_ITEMS.iter().enumerate() {
        for day in [today, today - 1] {
            let caps = model.caps(line_item, day);
            let found = windows(CAMPAIGNS[line_item / 2], *id, Day::from_raw(day), Hour::from_raw(0));
            for ((level, window), (name, _)) in found.into_iter().zip(caps) {
                assert!(matches!(level, Level::Campaign(_)) == name.starts_with('c'));
                assert!(matches!(window, Window::Day(_)) == name.contains(' '));
                let cap = book.cap(CapKey { level, window, measure: Measure::Money });
                assert_eq!(cap.committed().raw(), model.committed(&name), "{name}");
                assert_eq!(cap.used().raw(), *model.spent.get(&name).unwrap_or(&0), "{name}");
            }
        }
    }
}

/// Several bidders that share one campaign, by leases of one treasury; any of them may die.
struct Crowd {
    treasury: Treasury,
    now: Steady,
    bidders: Vec<Bidder>,
    /// Bids of the dead, which may still be billed.
    orphans: Vec<Out>,
    /// Of the campaign, and of its two line items.
    limits: [i64; 3],
    /// What may be taken: the limits, or what was leased already when they were lowered.
    bounds: [i64; 3],
    used: [i64; 3],
}

struct Bidder {
    book: Book,
    purses: [Purse; 2],
    out: Vec<Out>,
}

/// A bid whose outcome is not known.
struct Out {
    line_item: usize,
    epoch: Epoch,
    reserved: Reserved,
    /// After this no notice comes.
    until: i64,
}

const LEASES: LeaseTerms =
    LeaseTerms { ttl: Millis::from_raw(5_000), longest_notice: Millis::from_raw(20_000) };

/// A charge that is nothing but media.
fn media(media: Nanos) -> Charge {
    let untaxed = |base| TaxLine { base, rate: RatePpm::from_ppm(0).unwrap(), exemption: None };
    let tax = Assessment {
        scenario: ScenarioId::from_slug("none"),
        place: Place { jurisdiction: None, evidence: Evidence::ViewerDevice },
        space: untaxed(media),
        data: untaxed(Nanos::ZERO),
        more: Vec::new(),
    };
    let bearer = Bearer::Absorb;
    Charge {
        media,
        data: Nanos::ZERO,
        fee: Femtos::default(),
        tax,
        bearer,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

impl Bidder {
    fn new(book: Book, limits: [i64; 3]) -> Self {
        let purses = Self::purses(&book, limits);
        Self { book, purses, out: Vec::new() }
    }

    fn purses(book: &Book, limits: [i64; 3]) -> [Purse; 2] {
        let [campaign, own @ ..] = limits.map(|limit| Budget {
            money: Limits { hourly: None, daily: None, total: Some(Nanos::from_raw(limit)) },
            ..Budget::default()
        });
        [0, 1].map(|at| book.purse(purse_of(at, 0), [&campaign, &own[at]], Nanos::from_raw(50)))
    }
}

impl Crowd {
    fn enrol(&mut self) -> usize {
        let epoch = self.treasury.enrol(self.now).unwrap();
        self.bidders.push(Bidder::new(Book::leased(epoch), self.limits));
        self.bidders.len() - 1
    }

    /// One round of a bidder's leases; now and then the question or the answer gets lost.
    fn round(&mut self, at: usize, luck: u32) {
        let lot = Lot { ttl: LEASES.ttl };
        let (book, now) = (&self.bidders[at].book, self.now);
        let asks = book.asks(now, &lot, if luck.is_multiple_of(2) { Look::Round } else { Look::Rung });
        if luck == 0 {
            return;
        }
        match self.treasury.lease(book.epoch(), &asks, now) {
            Ok(_) if luck == 1 => {}
            Ok(grants) => book.granted(&grants, now.plus(LEASES.ttl)),
            Err(AllocatorError::Ended(_)) => self.die(at),
            Err(error) => panic!("{error}"),
        }
    }

    fn reserve(&mut self, at: usize, line_item: usize, amount: i64) {
        let bidder = &mut self.bidders[at];
        if bidder.book.hourglass().look(self.now) {
            assert!(bidder.purses[line_item].reserve(Nanos::from_raw(1)).is_err(), "its leases have run out");
            return;
        }
        let Ok(stakes) = bidder.purses[line_item].reserve(Nanos::from_raw(amount)) else { return };
        let reserved = Reserved { purse: purse_of(line_item, 0), stakes };
        let until = self.now.plus(LEASES.longest_notice).raw();
        bidder.out.push(Out { line_item, epoch: bidder.book.epoch(), reserved, until });
        let mut taken = self.used;
        for out in self.bidders.iter().flat_map(|bidder| &bidder.out).chain(&self.orphans) {
            taken[0] += out.reserved.stakes.worst.raw();
            taken[1 + out.line_item] += out.reserved.stakes.worst.raw();
        }
        for cap in [0, 1 + line_item] {
            assert!(taken[cap] <= self.bounds[cap], "cap {cap}: {taken:?} of {:?}", self.bounds);
        }
    }

    /// Moves the limits. Where one is lowered, nothing more is granted until less than it is taken; but a bidder that
    /// did not hear of it from the others may still spend what was leased before.
    fn change_limits(&mut self, limits: [i64; 3]) {
        self.limits = limits;
        for (at, bound) in self.bounds.iter_mut().enumerate() {
            let level = match at {
                0 => Level::Campaign(CAMPAIGNS[0]),
                at => Level::LineItem(LINE_ITEMS[at - 1]),
            };
            let cap = CapKey { level, window: Window::Total, measure: Measure::Money };
            *bound = limits[at].max(self.treasury.state(cap).taken().raw());
        }
    }

    /// A bill that the treasury hears of before the bidder does, as in the ledger's commit.
    fn bill(&mut self, out: &Out, paid: i64) -> BidFacts {
        let bid = BidFacts { lease: out.epoch, ..facts(purse_of(out.line_item, 0)) };
        let charge = media(Nanos::from_raw(paid));
        let event = Event { bid, at: UnixMillis::from_raw(0), kind: EventKind::Impression(charge) };
        self.treasury.count(&[event]).unwrap();
        for cap in [0, 1 + out.line_item] {
            self.used[cap] += paid;
        }
        bid
    }

    fn close(&mut self, at: usize, which: usize, paid: Option<i64>) {
        let out = self.bidders[at].out.swap_remove(which);
        match paid {
            None => self.bidders[at].book.release(&out.reserved),
            Some(paid) => {
                let paid = paid.min(out.reserved.stakes.worst.raw());
                let bid = self.bill(&out, paid);
                let used = [(Measure::Money, Quantity::from_raw(paid))];
                self.bidders[at].book.settle(&bid, Some(&out.reserved), &used);
            }
        }
    }

    /// Without a word: what it holds is locked up, and its bids may be billed.
    fn die(&mut self, at: usize) {
        let dead = self.bidders.swap_remove(at);
        self.orphans.extend(dead.out);
    }

    /// With a word: a new one takes its open bids over.
    fn end(&mut self, at: usize) {
        let former = self.bidders.swap_remove(at);
        let heir = self.enrol();
        let book = &self.bidders[heir].book;
        let held = book.held(former.out.iter().map(|out| &out.reserved));
        let (of, to) = (former.book.epoch(), book.epoch());
        if self.treasury.hand_over(of, to, &held, self.now).is_err() {
            unreachable!("an heir that has just enrolled lives");
        }
        former.out.iter().for_each(|out| book.hold(&out.reserved));
        self.bidders[heir].out = former.out.into_iter().map(|out| Out { epoch: to, ..out }).collect();
    }

    fn pass(&mut self, millis: i64) {
        self.now = self.now.plus(Millis::from_raw(millis));
        let now = self.now.raw();
        for bidder in &mut self.bidders {
            let _ = bidder.book.hourglass().look(self.now);
            for out in bidder.out.extract_if(.., |out| out.until <= now) {
                bidder.book.release(&out.reserved);
            }
        }
        self.orphans.retain(|out| out.until > now);
    }
}

#[test]
fn bidders_that_share_a_campaign_never_pass_a_limit_together_however_they_die() {
    let mut random = SmallRng::seed_from_u64(seed());
    let mut bids = 0;
    for _ in 0..40 {
        let mut crowd = Crowd {
            treasury: Treasury::new(LEASES),
            now: Steady::from_raw(0),
            bidders: Vec::new(),
            orphans: Vec::new(),
            limits: [20_000, 15_000, 12_000],
            bounds: [20_000, 15_000, 12_000],
            used: [0; 3],
        };
        for _ in 0..1_500 {
            if crowd.bidders.len() < 3 {
                let newcomer = crowd.enrol();
                crowd.round(newcomer, 2);
            }
            let at = random.random_range(0..crowd.bidders.len());
            let open = crowd.bidders[at].out.len();
            match random.random_range(0..1_000) {
                0..10 => crowd.die(at),
                10..20 => crowd.end(at),
                20..30 => {
                    crowd.change_limits([0; 3].map(|_| random.random_range(0..25_000)));
                    for bidder in &mut crowd.bidders {
                        bidder.purses = Bidder::purses(&bidder.book, crowd.limits);
                    }
                }
                30..180 => crowd.pass(random.random_range(0..1_500)),
                180..185 => crowd.pass(30_000),
                185..400 => crowd.round(at, random.random_range(0..12)),
                400..550 if open > 0 => {
                    let paid = random.random_bool(0.6).then(|| random.random_range(0..120));
                    crowd.close(at, random.random_range(0..open), paid);
                }
                550..600 if !crowd.orphans.is_empty() => {
                    let out = crowd.orphans.swap_remove(random.random_range(0..crowd.orphans.len()));
                    let paid = random.random_range(0..=out.reserved.stakes.worst.raw());
                    let _ = crowd.bill(&out, paid);
                }
                _ => crowd.reserve(at, random.random_range(0..2), random.random_range(1..120)),
            }
            bids += crowd.bidders.get(at).map_or(0, |bidder| bidder.out.len().saturating_sub(open));
        }
    }
    assert!(bids > 5_000, "only {bids} bids were granted");
}
