//! Notices in every order, with and without their reservation: what is held, used, late and given back.

use std::collections::HashSet;

use crate::budget::{Book, Open, PurseKey, Reservation, Reserved, Stakes};
use crate::campaign::{BillsOn, MissingPrice};
use crate::ledger::{BidFacts, CapKey, EventKey, Level, Measure, Quantity, Setting, Window};
use crate::notice::{NoticeKind, Params, Ticket};
use crate::till::{Pending, Settled, Till};
use crate::ttf::{Bearer, Evidence, Others, Place};
use crate::units::{
    AdvertiserId, BidId, CampaignId, Cpm, CreativeId, Currency, Day, Epoch, ExchangeId, FxRate, Hour,
    LineItemId, Millis, Multiplier, Nanos, RatePpm, ScenarioId, Steady, UnixMillis,
};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
const EPOCH: Epoch = Epoch::from_raw(3);
const FORMER: Epoch = Epoch::from_raw(2);
/// What the bid costs at worst, and what it is billed.
const WORST: i64 = 2_000_000;
const PAID: i64 = 1_500_000;

fn ticket(lease: Epoch) -> Ticket {
    Ticket {
        bid: BidFacts {
            id: BidId::mint(NOW, 42),
            at: NOW,
            day: Day::from_raw(20_775),
            advertiser: AdvertiserId::from_slug("a"),
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            creative: CreativeId::from_slug("c/k"),
            exchange: ExchangeId::from_slug("x"),
            deal: None,
            currency: Currency::EUR,
            user: None,
            household: None,
            lease,
            setting: Setting::default(),
        },
        price: Cpm::from_micros(WORST).unwrap(),
        price_currency: Currency::EUR,
        fx: FxRate::SAME,
        fx_day: None,
        multiplier: Multiplier::ONE,
        data: Cpm::from_micros(0).unwrap(),
        fee: RatePpm::from_ppm(0).unwrap(),
        scenario: ScenarioId::from_slug("none"),
        place: Place { jurisdiction: None, evidence: Evidence::ViewerDevice },
        space_rate: RatePpm::from_ppm(0).unwrap(),
        data_rate: RatePpm::from_ppm(0).unwrap(),
        others: Others::default(),
        bearer: Bearer::Inside,
        billable: true,
        measured: true,
        bills_on: BillsOn::Billing,
        missing_price: MissingPrice::Refuse,
        reserved_for: Millis::from_seconds(600),
        honoured_for: Millis::from_seconds(3 * 3_600),
    }
}

/// One bid, the money that it holds, and who was told what of it so far.
struct Counter {
    book: Book,
    open: Open,
    ticket: Ticket,
    known: HashSet<EventKey>,
}

impl Counter {
    /// A bid of the epoch `lease`, open in the process of [`EPOCH`] unless it has expired or was another's.
    fn new(lease: Epoch, is_open: bool) -> Self {
        let (book, open, ticket) = (Book::leased(EPOCH), Open::default(), ticket(lease));
        book.restore(TOTAL, Quantity::ZERO);
        if is_open {
            let BidFacts { id, campaign, line_item, day, at, .. } = ticket.bid;
            let purse = PurseKey { campaign, line_item, day, hour: Hour::of(at) };
            let reserved = Reserved { purse, stakes: Stakes::certain(Nanos::from_raw(WORST)) };
            book.hold(&reserved);
            let expires = Steady::from_raw(600_000);
            open.insert(id, Reservation { reserved, expires, user: None, household: None });
        }
        Self { book, open, ticket, known: HashSet::new() }
    }

    fn till(&self) -> Till<'_> {
        Till { book: &self.book, open: &self.open }
    }

    fn begin(&self, kind: NoticeKind, price: &str, after: i64) -> Option<Pending> {
        let params = Params { price, currency: "EUR", ..Params::default() };
        self.till().begin(kind, &self.ticket, &params, NOW.plus(Millis::from_seconds(after)), None).ok()
    }

    /// The store keeps what waits: each event is news once.
    fn keep(&mut self, pending: Pending) -> Settled {
        let news: Vec<bool> = pending.events.iter().map(|event| self.known.insert(event.key())).collect();
        self.till().kept(pending, &news)
    }

    /// A notice that comes `after` so many seconds and is kept.
    fn told(&mut self, kind: NoticeKind, after: i64) -> Settled {
        let pending = self.begin(kind, "1.5", after).expect("it is understood");
        self.keep(pending)
    }

    /// The bid is open or not, and the campaign's total holds and has used so much.
    #[track_caller]
    fn check(&self, open: usize, committed: i64, used: i64) {
        let cap = self.book.cap(TOTAL);
        let found = (self.open.len(), cap.committed().raw(), cap.used().raw());
        assert_eq!(found, (open, committed, used), "open bids, committed, used");
    }
}

const TOTAL: CapKey = CapKey {
    level: Level::Campaign(CampaignId::from_slug("c")),
    window: Window::Total,
    measure: Measure::Money,
};
const NOTHING: Settled =
    Settled { paid: false, unpriced: None, late: false, held_no_place: false, given_back: None };
const PAID_IN_TIME: Settled = Settled { paid: true, ..NOTHING };

#[test]
fn a_bill_turns_the_reservation_into_what_was_paid_once_however_often_it_comes() {
    let mut counter = Counter::new(EPOCH, true);
    counter.check(1, WORST, 0);
    assert_eq!(counter.told(NoticeKind::Billing, 1), PAID_IN_TIME);
    counter.check(0, PAID, PAID);
    for after in [1, 900] {
        assert_eq!(counter.told(NoticeKind::Billing, after), NOTHING);
        counter.check(0, PAID, PAID);
    }
}

#[test]
fn a_loss_gives_all_of_it_back_once() {
    let mut counter = Counter::new(EPOCH, true);
    assert!(counter.told(NoticeKind::Loss, 1).given_back.is_some());
    counter.check(0, 0, 0);
    assert_eq!(counter.told(NoticeKind::Loss, 1), NOTHING);
    counter.check(0, 0, 0);
    let late = counter.told(NoticeKind::Billing, 2);
    assert_eq!(late, Settled { late: true, held_no_place: true, ..PAID_IN_TIME }, "billed after all");
    counter.check(0, PAID, PAID);
}

#[test]
fn a_bill_after_the_reservation_expired_is_booked_and_late() {
    let mut counter = Counter::new(EPOCH, false);
    let late = counter.told(NoticeKind::Billing, 601);
    assert_eq!(late, Settled { paid: true, late: true, held_no_place: true, ..NOTHING });
    counter.check(0, PAID, PAID);
}

#[test]
fn a_bill_for_another_run_is_late_by_its_own_time_only_and_not_paid_from_our_lease() {
    for (after, late) in [(600, false), (601, true)] {
        let mut counter = Counter::new(FORMER, false);
        let settled = counter.told(NoticeKind::Billing, after);
        assert_eq!(settled, Settled { paid: true, late, held_no_place: true, ..NOTHING });
        counter.check(0, PAID, 0);
    }
}

#[test]
fn a_bid_that_was_taken_over_is_paid_from_the_heirs_lease() {
    let mut counter = Counter::new(FORMER, true);
    let pending = counter.begin(NoticeKind::Billing, "1.5", 1).unwrap();
    assert!(pending.events.iter().all(|event| event.bid.lease == EPOCH));
    assert_eq!(counter.keep(pending), PAID_IN_TIME);
    counter.check(0, PAID, PAID);
}

#[test]
fn a_bid_of_which_only_the_place_was_taken_over_is_paid_from_the_lease_of_who_was_killed() {
    let mut counter = Counter::new(FORMER, true);
    let reservation = counter.open.take(counter.ticket.bid.id).unwrap();
    counter.book.release(&reservation.reserved);
    let reserved = Reserved { stakes: Stakes::default(), ..reservation.reserved };
    counter.open.insert(counter.ticket.bid.id, Reservation { reserved, ..reservation });
    counter.check(1, 0, 0);
    let pending = counter.begin(NoticeKind::Billing, "1.5", 1).unwrap();
    assert!(pending.events.iter().all(|event| event.bid.lease == FORMER));
    assert_eq!(counter.keep(pending), PAID_IN_TIME);
    counter.check(0, PAID, 0);
}

#[test]
fn both_twins_of_a_bid_that_was_taken_over_are_paid_from_the_heirs_lease() {
    for reversed in [false, true] {
        let mut counter = Counter::new(FORMER, true);
        let mut twins = [(); 2].map(|()| counter.begin(NoticeKind::Billing, "1.5", 1).unwrap());
        for twin in &twins {
            assert!(twin.events.iter().all(|event| event.bid.lease == EPOCH));
        }
        if reversed {
            twins.reverse();
        }
        assert_eq!(twins.map(|twin| counter.keep(twin).paid), [true, false]);
        counter.check(0, PAID, PAID);
    }
}

#[test]
fn a_bill_that_is_not_kept_leaves_the_bid_as_it_was() {
    let mut counter = Counter::new(EPOCH, true);
    let pending = counter.begin(NoticeKind::Billing, "1.5", 1).unwrap();
    assert!(counter.open.take_expired(Steady::from_raw(700_000)).is_empty(), "held meanwhile");
    counter.till().lost(pending);
    counter.check(1, WORST, 0);
    assert_eq!(counter.told(NoticeKind::Billing, 2), PAID_IN_TIME, "it comes again");
    counter.check(0, PAID, PAID);
}

#[test]
fn a_refused_price_holds_nothing_and_closes_nothing() {
    let mut counter = Counter::new(EPOCH, true);
    for price in ["2.1", "much", ""] {
        assert!(counter.begin(NoticeKind::Billing, price, 1).is_none(), "{price}");
        counter.check(1, WORST, 0);
    }
    assert_eq!(counter.told(NoticeKind::Billing, 1), PAID_IN_TIME);
}

#[test]
fn twins_at_the_same_moment_pay_once_and_are_not_late_whoever_is_kept_first() {
    for reversed in [false, true] {
        let mut counter = Counter::new(EPOCH, true);
        let mut twins = [(); 2].map(|()| counter.begin(NoticeKind::Billing, "1.5", 1).unwrap());
        if reversed {
            twins.reverse();
        }
        let settled = twins.map(|twin| counter.keep(twin));
        assert_eq!(settled.map(|settled| (settled.paid, settled.late)), [(true, false), (false, false)]);
        assert!(settled.iter().all(|settled| settled.given_back.is_none()), "the ad was seen");
        counter.check(0, PAID, PAID);
    }
}

#[test]
fn what_moves_no_money_leaves_the_reservation_open() {
    let mut counter = Counter::new(EPOCH, true);
    let clicks = counter.book.cap(CapKey { measure: Measure::Clicks, ..TOTAL });
    for kind in [NoticeKind::Win, NoticeKind::View, NoticeKind::Click] {
        assert_eq!(counter.told(kind, 1), NOTHING);
        counter.check(1, WORST, 0);
    }
    // A click before its impression counts where clicks are limited.
    assert_eq!(clicks.used(), Quantity::count(1));
    counter.check(1, WORST, 0);
}
