//! Caps, purses and the book: what fits, what is given back, and what happens at the borders.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::budget::{
    Bell, Book, Cap, LeaseAsk, LeaseGrant, Look, Lot, Open, Purse, PurseKey, Refusal, Reservation, Reserved,
    Shortage, Span, Stake, Stakes, Whose,
};
use crate::campaign::{Budget, BudgetMode, Limits};
use crate::ledger::{BidFacts, CapKey, Level, Measure, NO_LINE_ITEM, Quantity, Setting, Window};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Currency, Day, Epoch, ExchangeId, Hour, LineItemId, Millis,
    Nanos, Steady, UnixMillis,
};

const CAMPAIGN: CampaignId = CampaignId::from_slug("c");
const LINE_ITEM: LineItemId = LineItemId::from_slug("c/l");
const TODAY: Day = Day::from_raw(20_000);
const KEY: PurseKey =
    PurseKey { campaign: CAMPAIGN, line_item: LINE_ITEM, day: TODAY, hour: Hour::from_raw(7) };
const TOTAL: CapKey =
    CapKey { level: Level::Campaign(CAMPAIGN), window: Window::Total, measure: Measure::Money };
const LOT: Lot = Lot { ttl: Millis::from_seconds(5) };
const EPOCH: Epoch = Epoch::from_raw(3);

fn nanos(raw: i64) -> Nanos {
    Nanos::from_raw(raw)
}

fn quantity(raw: i64) -> Quantity {
    Quantity::from_raw(raw)
}

/// One cap, and the bell that it rings.
struct Alone {
    cap: Cap,
    bell: Bell,
}

impl Alone {
    /// Of a process that leases nothing.
    fn limited(limit: i64) -> Self {
        let bell = Bell::default();
        let cap = Cap::new(TOTAL, false, bell.clone());
        cap.set_limit(quantity(limit), None);
        Self { cap, bell }
    }

    /// Of which `leased` is granted, and a bid costs 1.
    fn leased(limit: i64, leased: i64) -> Self {
        let bell = Bell::default();
        let cap = Cap::new(TOTAL, true, bell.clone());
        cap.set_limit(quantity(limit), None);
        cap.expect(quantity(1));
        let alone = Self { cap, bell };
        assert!(alone.bell.has_rung() && alone.look(0, Look::Rung).is_some());
        alone.grant(leased, 0, 0);
        alone
    }

    fn grant(&self, leased: i64, used: i64, elsewhere: i64) {
        let (leased, used, elsewhere) = (quantity(leased), quantity(used), quantity(elsewhere));
        self.cap.grant(&LeaseGrant { cap: TOTAL, leased, used, elsewhere });
    }

    fn take(&self, amount: i64) -> bool {
        self.stake(Stake::certain(quantity(amount)))
    }

    fn stake(&self, stake: Stake) -> bool {
        let inside = self.cap.enter();
        let fits = self.cap.fits(stake, &inside);
        if fits {
            self.cap.commit(stake, &inside);
        } else {
            self.cap.was_refused(stake.mean);
        }
        fits
    }

    fn release(&self, stake: Stake) {
        self.cap.release(stake, &self.cap.enter());
    }

    fn settle(&self, stake: Stake, used: Quantity) {
        self.cap.settle(stake, used, &self.cap.enter());
    }

    fn look(&self, at: i64, look: Look) -> Option<LeaseAsk> {
        self.cap.ask(Steady::from_raw(at), &LOT, look)
    }

    /// What it asks for in a round at `at`.
    fn target(&self, at: i64) -> Option<i64> {
        self.look(at, Look::Round).map(|ask| ask.target.raw())
    }
}

#[test]
fn what_does_not_fit_takes_nothing() {
    let alone = Alone::limited(100);
    assert!(alone.take(60) && !alone.take(41));
    assert_eq!(alone.cap.committed(), quantity(60));
    assert!(alone.take(40));
}

#[test]
fn sums_at_the_ends_of_the_range_refuse_and_do_not_wrap() {
    let unlimited = Alone::limited(i64::MAX);
    assert!(unlimited.take(i64::MAX - 5) && !unlimited.take(6) && unlimited.take(5));
    assert!(!unlimited.take(-1), "nobody reserves less than nothing");
    unlimited.settle(Stake::default(), Quantity::MAX);
    unlimited.settle(Stake::default(), Quantity::MAX);
    assert_eq!((unlimited.cap.committed(), unlimited.cap.used()), (Quantity::MAX, Quantity::MAX));
    assert!(!unlimited.take(1));
    let soft = Alone::limited(i64::MAX);
    soft.cap.set_limit(quantity(i64::MAX), Some(u32::MAX));
    let wide = Stake { mean: quantity(0), variance: i64::MAX };
    soft.cap.hold(wide, &soft.cap.enter());
    assert!(!soft.stake(wide), "a variance that nobody can add up");
    let limited = Alone::limited(i64::MAX - 1);
    limited.cap.settle_elsewhere(Quantity::MAX);
    limited.cap.settle_elsewhere(Quantity::MAX);
    assert!(limited.cap.is_spent(quantity(1)) && !limited.take(1));
}

#[test]
fn nothing_is_reserved_before_it_is_leased_and_a_refusal_rings() {
    let bell = Bell::default();
    let fresh = Alone { cap: Cap::new(TOTAL, true, bell.clone()), bell };
    fresh.cap.set_limit(quantity(1_000), None);
    assert!(fresh.bell.has_rung(), "a limit that is new asks for a lease before anybody bids");
    assert!(fresh.look(0, Look::Rung).is_some());
    assert!(!fresh.take(30) && fresh.bell.has_rung());
    let ask = fresh.look(0, Look::Rung).unwrap();
    assert_eq!((ask.limit, ask.least, ask.target), (quantity(1_000), quantity(30), quantity(64 * 30)));
    assert_eq!(fresh.look(0, Look::Rung), None, "it rings anew when it is short again");
    fresh.grant(60, 0, 0);
    assert!(fresh.take(30) && fresh.take(30) && fresh.bell.has_rung(), "half of the lease is used");
    assert!(!fresh.take(1));
    assert!(fresh.look(1, Look::Rung).is_some());
}

#[test]
fn a_lowered_limit_stops_at_once_whatever_is_leased_and_a_raised_one_starts_again() {
    let alone = Alone::leased(1_000, 500);
    assert!(alone.take(80));
    for limit in [79, 0, -1] {
        alone.cap.set_limit(quantity(limit), None);
        assert!(!alone.take(1), "{limit}");
    }
    alone.cap.set_limit(quantity(90), None);
    assert!(!alone.take(1), "others may have taken what is left");
    alone.grant(500, 0, 0);
    assert!(alone.take(10) && !alone.take(1));
    alone.cap.set_limit(quantity(1_000), None);
    assert!(alone.take(410) && !alone.take(1), "up to what is leased");
    alone.cap.set_limit(Quantity::MAX, None);
    assert!(alone.take(1_000_000), "without a limit nothing need be leased");
    alone.cap.set_limit(quantity(2_000), None);
    assert!(!alone.take(1), "a limit that comes back counts what was committed without one");
}

#[test]
fn what_is_given_back_is_out_of_use_before_anybody_hears_of_it() {
    let alone = Alone::leased(10_000, 1_000);
    assert!(alone.take(100));
    assert_eq!(alone.target(1_000), None, "at that speed 900 are not too many");
    assert_eq!(alone.target(2_000), Some(164), "room for 64 bids of 1, beside what is reserved");
    assert!(alone.take(64) && !alone.take(1));
    assert_eq!(alone.target(3_000), Some(164 + 640), "unanswered, it is asked about again");
    assert!(!alone.take(1), "until the answer came, nobody knows what of the lease is left");
    alone.grant(400, 0, 600);
    assert!(alone.take(236) && !alone.take(1));
}

#[test]
fn a_lease_never_gives_back_what_is_committed() {
    let alone = Alone::leased(10_000, 1_000);
    assert!(alone.take(900));
    alone.cap.set_limit(quantity(700), None);
    assert_eq!(alone.target(1_000), Some(900), "the limit is passed already: only the rest is free");
}

#[test]
fn whoever_holds_more_than_a_lowered_limit_leaves_gives_it_back_for_the_others() {
    let alone = Alone::leased(10_000, 100);
    alone.grant(100, 0, 100);
    assert!(alone.take(5));
    alone.cap.set_limit(quantity(120), None);
    alone.grant(100, 0, 100);
    assert!(alone.take(15) && !alone.take(1), "20 are left of 120 beside the others' lease");
    assert_eq!(alone.target(1_000), Some(20));
}

#[test]
fn a_cap_that_others_hold_is_asked_about_again_in_every_round() {
    let alone = Alone::leased(100, 30);
    alone.grant(30, 0, 70);
    assert!(alone.take(30) && !alone.take(1));
    assert_eq!(alone.look(1_000, Look::Rung), None, "not at every ring: only others can give something back");
    assert!(alone.target(1_500).is_some_and(|target| target > 30));
}

#[test]
fn a_cap_that_is_made_in_the_midst_of_an_epoch_learns_what_was_used() {
    let cap = Cap::new(TOTAL, true, Bell::default());
    let alone = Alone { cap, bell: Bell::default() };
    let ask = alone.look(0, Look::Round).unwrap();
    assert_eq!((ask.limit, ask.target, ask.least), (Quantity::MAX, Quantity::ZERO, Quantity::ZERO));
    alone.settle(Stake::default(), quantity(10));
    // The answer was made before those 10 were billed; they are not forgotten.
    alone.grant(0, 40, 5);
    assert_eq!((alone.cap.used(), alone.cap.committed()), (quantity(50), quantity(55)));
    assert_eq!(alone.target(1_000), None, "once is enough");
    alone.grant(0, 99, 5);
    assert_eq!(alone.cap.used(), quantity(50));
}

#[test]
fn a_soft_cap_holds_so_many_deviations_beside_the_mean() {
    let alone = Alone::limited(1_000_000);
    alone.cap.set_limit(quantity(1_000_000), Some(200));
    // A deviation of 100 thousand nanos, twice; a hundred bids of that have ten times as much.
    let stake = Stake { mean: quantity(1_000), variance: 10_000 };
    assert!(alone.stake(stake));
    let one = alone.cap.committed().raw();
    assert!((201_000..205_000).contains(&one), "{one}");
    let many = (1..).take_while(|_| alone.stake(stake)).count();
    assert!((15..25).contains(&many), "{many}");
    alone.settle(stake, quantity(500));
    (0..many).for_each(|_| alone.release(stake));
    assert_eq!(alone.cap.committed(), quantity(500), "nothing is held any more");
}

#[test]
fn bids_that_race_with_a_return_never_pass_what_is_left_of_the_lease() {
    let alone = Alone::leased(1_000_000, 100_000);
    let (done, reserved) = (AtomicBool::new(false), AtomicI64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    if alone.take(40) {
                        reserved.fetch_add(40, Ordering::Relaxed);
                        alone.release(Stake::certain(quantity(40)));
                    }
                }
            });
        }
        for round in 0..20_000 {
            let Some(ask) = alone.look(round * 1_000, Look::Round) else { continue };
            // Somebody else has what was given back from this moment on.
            let left = ask.target.min(quantity(100_000));
            assert!(alone.cap.committed_here() <= left, "{:?} of {left:?}", alone.cap.committed_here());
            alone.grant(left.raw(), 0, 0);
            alone.grant(100_000, 0, 0);
        }
        done.store(true, Ordering::Relaxed);
    });
    assert!(reserved.load(Ordering::Relaxed) > 0);
    assert_eq!(alone.cap.committed_here(), Quantity::ZERO);
}

/// A budget of money by the day and in total.
fn money(daily: Option<i64>, total: Option<i64>) -> Budget {
    let money = Limits { hourly: None, daily: daily.map(nanos), total: total.map(nanos) };
    Budget { money, ..Budget::default() }
}

/// The purse of [`KEY`]; limits of the campaign's day and total, then of the line item's.
fn purse(book: &Book, [day, total, own_day, own_total]: [Option<i64>; 4]) -> Purse {
    book.purse(KEY, [&money(day, total), &money(own_day, own_total)], Nanos::ZERO)
}

fn reserve(purse: &Purse, worst: i64) -> Result<(), Refusal> {
    purse.reserve(nanos(worst)).map(|_| ())
}

fn reserved(stakes: Stakes) -> Reserved {
    Reserved { purse: KEY, stakes }
}

fn certain(worst: i64) -> Reserved {
    reserved(Stakes::certain(nanos(worst)))
}

/// A bid from [`KEY`], paid by the lease of `epoch`.
fn facts(epoch: Epoch) -> BidFacts {
    BidFacts {
        id: BidId::from_bytes([0; 16]),
        at: UnixMillis::from_raw(7 * 3_600_000),
        day: TODAY,
        advertiser: AdvertiserId::from_raw(1),
        campaign: CAMPAIGN,
        line_item: LINE_ITEM,
        creative: CreativeId::from_raw(1),
        exchange: ExchangeId::from_raw(1),
        deal: None,
        currency: Currency::EUR,
        user: None,
        household: None,
        lease: epoch,
        setting: Setting::default(),
    }
}

/// Bills `amount` and an impression to a bid that holds `held`.
fn bill(book: &Book, epoch: Epoch, held: Option<&Reserved>, amount: i64) {
    let used = [(Measure::Money, quantity(amount)), (Measure::Impressions, quantity(1))];
    book.settle(&facts(epoch), held, &used);
}

const CAMPAIGN_DAILY: Refusal = Refusal::money(Whose::Campaign, Span::Daily);

#[test]
fn a_reservation_fits_under_every_cap_or_takes_nothing() {
    let book = Book::default();
    let purse = purse(&book, [Some(100), Some(1_000), Some(100), Some(50)]);
    assert_eq!(reserve(&purse, 50), Ok(()));
    assert_eq!(reserve(&purse, 1), Err(Refusal::money(Whose::LineItem, Span::Total)));
    assert_eq!(purse.campaign_day(), nanos(50), "the refused nano was given back");
}

#[test]
fn money_that_is_held_comes_back_unless_it_is_kept() {
    let book = Book::default();
    let purse = purse(&book, [Some(10), None, None, Some(10)]);
    drop(purse.hold(nanos(10)).unwrap());
    purse.hold(nanos(6)).unwrap().keep();
    assert!(purse.hold(nanos(6)).is_err());
    assert_eq!(purse.campaign_day(), nanos(6));
    let decided = std::panic::catch_unwind(|| {
        let _held = purse.hold(nanos(4)).unwrap();
        panic!("a decision fails");
    });
    assert!(decided.is_err());
    assert_eq!(purse.line_item_total(), nanos(6));
}

#[test]
fn what_is_settled_below_its_reservation_can_be_spent_again() {
    let book = Book::default();
    let purse = purse(&book, [Some(100), None, None, None]);
    let held = reserved(purse.reserve(nanos(100)).unwrap());
    assert_eq!(reserve(&purse, 1), Err(CAMPAIGN_DAILY));
    bill(&book, Epoch::NONE, Some(&held), 60);
    assert_eq!(reserve(&purse, 40), Ok(()));
    assert_eq!(book.cap(TOTAL).used(), quantity(60));
    assert_eq!(purse.exhausted(nanos(1)), Some(CAMPAIGN_DAILY));
}

#[test]
fn a_lowered_cap_stops_at_once_and_keeps_what_is_spent() {
    let book = Book::default();
    reserve(&purse(&book, [Some(100), None, None, None]), 80).unwrap();
    let lowered = purse(&book, [Some(50), None, None, None]);
    assert_eq!(reserve(&lowered, 1), Err(CAMPAIGN_DAILY));
    assert_eq!(lowered.campaign_day(), nanos(80));
}

#[test]
fn a_spend_of_a_former_process_counts() {
    let book = Book::default();
    book.restore(TOTAL, quantity(90));
    let purse = purse(&book, [None, Some(100), None, None]);
    assert_eq!(reserve(&purse, 11), Err(Refusal::money(Whose::Campaign, Span::Total)));
    assert_eq!(reserve(&purse, 10), Ok(()));
}

#[test]
fn many_threads_never_pass_a_cap_together() {
    let book = Arc::new(Book::default());
    let purse = purse(&book, [Some(10_007), None, None, Some(9_001)]);
    let granted: i64 = std::thread::scope(|scope| {
        let spenders: Vec<_> = (0..4)
            .map(|_| {
                let purse = purse.clone();
                scope.spawn(move || (0..10_000).filter(|_| purse.reserve(nanos(3)).is_ok()).count())
            })
            .collect();
        spenders.into_iter().map(|spender| i64::try_from(spender.join().unwrap()).unwrap() * 3).sum()
    });
    assert_eq!(granted, 9_000, "the most that fits under 9,001 in steps of 3");
    assert_eq!(purse.line_item_total(), nanos(granted));
    assert_eq!(purse.campaign_day(), nanos(granted));
}

/// A budget with every limit there is, wide but for `impressions` of a day and `clicks` in total.
fn all_measures(impressions: u32, clicks: u32) -> Budget {
    let wide = Some(nanos(1_000_000));
    Budget {
        money: Limits { hourly: wide, daily: wide, total: wide },
        impressions: Limits { hourly: Some(1_000), daily: Some(impressions), total: Some(1_000) },
        clicks: Limits { hourly: None, daily: None, total: Some(clicks) },
        mode: BudgetMode::Hard,
    }
}

#[test]
fn impressions_are_reserved_and_clicks_stop_the_bidding_once_they_are_reached() {
    let book = Book::default();
    let (campaign, line_item) = (all_measures(2, 1), all_measures(1_000, 1_000));
    let purse = book.purse(KEY, [&campaign, &line_item], Nanos::ZERO);
    let held = reserved(purse.reserve(nanos(10)).unwrap());
    reserve(&purse, 10).unwrap();
    let refused =
        |measure, span| Err(Refusal { whose: Whose::Campaign, span, measure, shortage: Shortage::Spent });
    assert_eq!(reserve(&purse, 10), refused(Measure::Impressions, Span::Daily));
    book.release(&held);
    assert_eq!(purse.campaign_day(), nanos(10));
    let held = reserved(purse.reserve(nanos(10)).unwrap());
    bill(&book, Epoch::NONE, Some(&held), 9);
    assert_eq!(reserve(&purse, 10), refused(Measure::Impressions, Span::Daily), "one shown, one reserved");
    book.settle(&facts(Epoch::NONE), None, &[(Measure::Clicks, quantity(1))]);
    let wide = book.purse(KEY, [&all_measures(100, 1), &line_item], Nanos::ZERO);
    assert_eq!(reserve(&wide, 10), refused(Measure::Clicks, Span::Total));
    assert_eq!(wide.exhausted(nanos(1)).map(|refusal| refusal.measure), Some(Measure::Clicks));
}

#[test]
fn a_bid_gives_back_only_what_it_took_however_caps_came_and_went_since() {
    let book = Book::default();
    let narrow = purse(&book, [Some(100), None, None, None]);
    let before = reserved(narrow.reserve(nanos(10)).unwrap());
    let wide = book.purse(KEY, [&all_measures(5, 5), &all_measures(5, 5)], Nanos::ZERO);
    let after = reserved(wide.reserve(nanos(20)).unwrap());
    book.release(&before);
    let of = |window, measure| book.cap(CapKey { window, measure, ..TOTAL }).committed();
    assert_eq!(of(Window::Day(TODAY), Measure::Impressions), quantity(1), "the first bid held no impression");
    assert_eq!(of(Window::Hour(KEY.hour), Measure::Money), quantity(20));
    drop(purse(&book, [Some(100), None, None, None]));
    bill(&book, Epoch::NONE, Some(&after), 15);
    for (window, measure, used) in [
        (Window::Day(TODAY), Measure::Impressions, 1),
        (Window::Hour(KEY.hour), Measure::Money, 15),
        (Window::Total, Measure::Money, 15),
    ] {
        assert_eq!(of(window, measure), quantity(used), "{window:?} {measure:?}");
    }
}

#[test]
fn a_bid_of_a_forgotten_day_leaves_no_cap_below_nothing() {
    let book = Book::default();
    let today = purse(&book, [Some(100), Some(1_000), None, None]);
    let held = reserved(today.reserve(nanos(30)).unwrap());
    book.forget_before(Day::from_raw(TODAY.raw() + 1), Hour::from_raw(KEY.hour.raw() + 1));
    book.release(&held);
    assert_eq!(book.cap(TOTAL).committed(), Quantity::ZERO);
    let day = book.cap(CapKey { window: Window::Day(TODAY), ..TOTAL });
    assert_eq!(day.committed(), Quantity::ZERO, "made anew, not from what the bid gave back");
}

#[test]
fn what_another_epochs_lease_pays_counts_elsewhere_until_it_is_told() {
    let book = Book::leased(EPOCH);
    book.restore(TOTAL, quantity(5));
    let cap = book.cap(TOTAL);
    bill(&book, Epoch::from_raw(2), None, 40);
    assert_eq!((cap.used(), cap.committed()), (Quantity::ZERO, quantity(45)));
    bill(&book, EPOCH, None, 10);
    assert_eq!((cap.used(), cap.committed()), (quantity(10), quantity(55)), "late, but ours");
    book.hold(&certain(30));
    bill(&book, Epoch::from_raw(2), Some(&certain(30)), 20);
    let counted = (cap.used(), cap.committed());
    assert_eq!(counted, (quantity(10), quantity(75)), "a bid that was taken over was only held here");
    bill(&book, Epoch::from_raw(2), None, -40);
    assert_eq!(cap.committed(), quantity(35), "what is credited of another run is free here");
}

#[test]
fn a_lease_of_a_large_limit_has_room_for_a_burst_and_rings_while_half_of_it_is_left() {
    let (book, at) = (Book::leased(EPOCH), Steady::from_raw);
    let limit = 256_000_000_000;
    let purse = purse(&book, [None, Some(limit), None, None]);
    let asks = book.asks(at(0), &LOT, Look::Round);
    let leased = asks.iter().map(|ask| ask.target.raw()).max().unwrap();
    assert!(leased >= limit / 256, "{leased} of {limit}");
    let granted = |ask: LeaseAsk| LeaseGrant {
        cap: ask.cap,
        leased: ask.target,
        used: quantity(0),
        elsewhere: quantity(0),
    };
    book.granted(&asks.into_iter().map(granted).collect::<Vec<_>>(), at(5_000));
    let _ = book.bell().has_rung();
    assert_eq!(reserve(&purse, leased / 2), Ok(()));
    assert!(!book.bell().has_rung());
    assert_eq!(reserve(&purse, 2), Ok(()));
    assert!(book.bell().has_rung(), "half of it is left");
    let asks = book.asks(at(1), &LOT, Look::Rung);
    assert!(asks.iter().any(|ask| ask.target.raw() > leased), "{asks:?}");
}

#[test]
fn what_is_counted_elsewhere_while_a_question_is_out_outlives_the_answer_to_it() {
    let book = Book::leased(EPOCH);
    drop(purse(&book, [None, Some(100), None, None]));
    let cap = book.cap(TOTAL);
    let grant = |elsewhere| LeaseGrant {
        cap: TOTAL,
        leased: quantity(10),
        used: quantity(0),
        elsewhere: quantity(elsewhere),
    };
    let asks = |at| book.asks(Steady::from_raw(at), &LOT, Look::Round);
    bill(&book, Epoch::from_raw(2), None, 3);
    assert!(asks(0).iter().any(|ask| ask.cap == TOTAL));
    bill(&book, Epoch::from_raw(2), None, 7);
    book.granted(&[grant(3)], Steady::from_raw(60_000));
    assert_eq!(cap.elsewhere(), quantity(10), "the answer is older than the second bill");
    bill(&book, EPOCH, None, 9);
    assert!(asks(2_000).iter().any(|ask| ask.cap == TOTAL));
    book.granted(&[grant(10)], Steady::from_raw(60_000));
    assert_eq!(cap.elsewhere(), quantity(10), "by now the allocator knows of both");
}

#[test]
fn purses_close_when_the_allocator_was_silent_for_too_long_and_open_when_it_answers() {
    let (book, at) = (Book::leased(EPOCH), Steady::from_raw);
    let purse = purse(&book, [None, Some(1_000), None, None]);
    let closed = Err(Refusal { shortage: Shortage::NotLeased, ..CAMPAIGN_DAILY });
    assert_eq!(reserve(&purse, 1), closed, "nothing before the first answer");
    let answer = |until| {
        let granted = |ask: LeaseAsk| LeaseGrant {
            cap: ask.cap,
            leased: ask.target.min(quantity(400)),
            used: Quantity::ZERO,
            elsewhere: Quantity::ZERO,
        };
        let asks = book.asks(at(until - 5_000), &LOT, Look::Round);
        book.granted(&asks.into_iter().map(granted).collect::<Vec<_>>(), at(until));
    };
    answer(5_000);
    assert_eq!(reserve(&purse, 1), Ok(()));
    assert!(!book.hourglass().look(at(4_999)));
    assert_eq!(reserve(&purse, 1), Ok(()), "what is leased may be spent as long as the leases live");
    assert!(book.hourglass().look(at(5_000)));
    assert_eq!(reserve(&purse, 1), closed, "and no longer, though most of it is left");
    answer(12_000);
    assert_eq!(reserve(&purse, 1), Ok(()));
    book.hourglass().smash();
    answer(20_000);
    assert_eq!(reserve(&purse, 1), closed, "an epoch that has ended never goes on");
}

#[test]
fn an_heir_is_told_what_open_bids_hold_of_each_cap() {
    let book = Book::default();
    let wide = book.purse(KEY, [&all_measures(5, 5), &all_measures(5, 5)], Nanos::ZERO);
    let open = [10, 20].map(|worst| reserved(wide.reserve(nanos(worst)).unwrap()));
    let held = book.held(open.iter());
    let of = |key| held.iter().find(|(of, _)| *of == key).map(|(_, held)| held.raw());
    assert_eq!(of(TOTAL), Some(30));
    assert_eq!(of(CapKey { window: Window::Day(TODAY), measure: Measure::Impressions, ..TOTAL }), Some(2));
    assert_eq!(of(CapKey { measure: Measure::Clicks, ..TOTAL }), None);
    for (key, held) in held {
        assert_eq!(book.cap(key).committed(), held, "{key:?}");
    }
}

#[test]
fn a_soft_budget_learns_reserves_less_and_tells_by_how_much_it_can_be_passed() {
    let book = Book::default();
    let soft = Budget { mode: BudgetMode::Soft { deviations: 200 }, ..money(None, Some(100_000_000)) };
    let purse = book.purse(KEY, [&soft, &Budget::default()], Nanos::ZERO);
    let bid = || purse.reserve(nanos(1_000_000)).map(reserved);
    let fit = || {
        let open: Vec<Reserved> = std::iter::from_fn(|| bid().ok()).collect();
        let overrun = book.overruns(open.iter().copied());
        open.iter().for_each(|held| book.release(held));
        (open.len(), overrun)
    };
    let (new, overrun) = fit();
    assert_eq!((new, overrun), (100, vec![]), "a new campaign counts its worst case");
    for at in 0..4_000 {
        // One in four is won, at half its price.
        let held = bid().unwrap();
        if at % 4 == 0 {
            bill(&book, Epoch::NONE, Some(&held), 500_000);
        } else {
            book.release(&held);
        }
        if at % 4 == 0 {
            book.settle(&facts(Epoch::NONE), None, &[(Measure::Money, quantity(-500_000))]);
        }
    }
    let (learnt, overrun) = fit();
    // Mean 1/8 and deviation 0.22 of the worst case: n/8 + 2 * 0.22 * sqrt(n) <= 100.
    assert!((600..760).contains(&learnt), "{learnt}");
    let over = i64::try_from(learnt).unwrap() * 1_000_000 - 100_000_000;
    assert_eq!(overrun, [(CAMPAIGN, nanos(over))]);
    let hard = book.purse(KEY, [&money(None, Some(100_000_000)), &Budget::default()], Nanos::ZERO);
    let open: Vec<_> = std::iter::from_fn(|| hard.reserve(nanos(1_000_000)).ok()).map(reserved).collect();
    assert_eq!(
        (open.len(), book.overruns(open.into_iter())),
        (100, vec![]),
        "hard again, it counts the worst"
    );
}

#[test]
fn what_many_threads_reserve_settle_and_release_is_counted_to_the_last_unit() {
    const ROUNDS: i64 = 4_000;
    let book = Book::default();
    let own = CapKey { level: Level::LineItem(LINE_ITEM), ..TOTAL };
    // Nobody has said yet whose line item it is: the cap moves behind its campaign's gate while it is used.
    let early = book.cap(own);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..ROUNDS).for_each(|_| early.settle(Stake::default(), quantity(1), &early.enter()));
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let wide = book.purse(KEY, [&all_measures(4, 1), &all_measures(1_000, 1_000)], Nanos::ZERO);
                for round in 0..ROUNDS {
                    let Ok(stakes) = wide.reserve(nanos(3)) else { continue };
                    match round % 3 {
                        0 => book.release(&reserved(stakes)),
                        _ => book.settle(
                            &facts(Epoch::NONE),
                            Some(&reserved(stakes)),
                            &[(Measure::Money, quantity(2))],
                        ),
                    }
                    drop(wide.hold(nanos(5)));
                }
            });
        }
    });
    let billed = book.cap(TOTAL).used();
    assert!(billed > Quantity::ZERO);
    assert_eq!(early.used(), billed.plus(quantity(ROUNDS)));
    assert_eq!(early.committed(), early.used(), "nothing is held any more");
    for (window, measure, left) in [
        (Window::Total, Measure::Money, billed),
        (Window::Hour(KEY.hour), Measure::Money, billed),
        (Window::Day(TODAY), Measure::Impressions, Quantity::ZERO),
    ] {
        assert_eq!(book.cap(CapKey { window, measure, ..TOTAL }).committed(), left, "{window:?} {measure:?}");
    }
}

#[test]
#[should_panic(expected = "is of two campaigns")]
fn a_line_item_of_two_campaigns_is_refused_for_nobody_could_count_under_two_gates() {
    let book = Book::default();
    drop(purse(&book, [None; 4]));
    let other = PurseKey { campaign: CampaignId::from_slug("d"), ..KEY };
    let _ = book.purse(other, [&Budget::default(), &Budget::default()], Nanos::ZERO);
}

#[test]
fn what_is_about_a_whole_campaign_counts_in_that_campaign_and_in_no_line_item() {
    for lease in [EPOCH, Epoch::NONE] {
        let book = Book::leased(EPOCH);
        let used = [(Measure::Money, quantity(5))];
        let campaigns = [CAMPAIGN, CampaignId::from_slug("d"), CAMPAIGN];
        for campaign in campaigns {
            let whole = BidFacts { campaign, line_item: NO_LINE_ITEM, ..facts(lease) };
            book.settle(&whole, None, &used);
        }
        for (campaign, times) in campaigns.into_iter().zip([2, 1]) {
            let cap = book.cap(CapKey { level: Level::Campaign(campaign), ..TOTAL });
            assert_eq!(cap.used().plus(cap.elsewhere()), quantity(5 * times), "{campaign:?} by {lease:?}");
        }
    }
}

#[test]
fn a_bid_of_a_removed_line_item_holds_a_new_limit_of_its_campaign_once() {
    let (book, open, bid) = (Book::default(), Open::default(), BidId::from_bytes([7; 16]));
    let stakes = purse(&book, [None; 4]).reserve(nanos(5)).unwrap();
    let expires = Steady::from_raw(60_000);
    open.insert(bid, Reservation { reserved: reserved(stakes), expires, user: None, household: None });
    let other = PurseKey { line_item: LineItemId::from_slug("c/other"), ..KEY };
    let budget = all_measures(3, 9);
    let of_other = book.purse(other, [&budget, &budget], nanos(5));
    let impressions = |level| book.cap(CapKey { level, measure: Measure::Impressions, ..TOTAL }).committed();
    for _ in 0..3 {
        book.include(&open, |_| None, |campaign| (campaign == CAMPAIGN).then_some(&of_other));
        assert_eq!(impressions(Level::Campaign(CAMPAIGN)), quantity(1));
        assert_eq!(impressions(Level::LineItem(LINE_ITEM)), quantity(0), "it has no limits any more");
    }
    book.release(&open.take(bid).unwrap().reserved);
    assert_eq!(impressions(Level::Campaign(CAMPAIGN)), quantity(0));
}

#[test]
fn bids_of_several_hours_give_back_each_in_its_own() {
    let book = Book::default();
    let hours = [7, 8, 9].map(Hour::from_raw);
    let purse_of = |hour| {
        let key = PurseKey { hour, ..KEY };
        let purse = book.purse(key, [&all_measures(9, 9), &all_measures(9, 9)], Nanos::ZERO);
        (key, purse.reserve(nanos(10)).unwrap())
    };
    let bids = hours.map(purse_of);
    let held =
        || hours.map(|hour| book.cap(CapKey { window: Window::Hour(hour), ..TOTAL }).committed().raw());
    for ((purse, stakes), left) in bids.into_iter().zip([[0, 10, 10], [0, 0, 10], [0, 0, 0]]) {
        book.release(&Reserved { purse, stakes });
        assert_eq!(held(), left);
    }
    let late = purse_of(hours[0]);
    book.forget_before(TODAY, hours[1]);
    book.release(&Reserved { purse: late.0, stakes: late.1 });
    assert_eq!(book.cap(TOTAL).committed(), Quantity::ZERO);
    assert_eq!(held()[0], 0, "made anew, not from what the bid gave back");
}

#[test]
fn a_campaign_that_turns_soft_learns_from_bids_that_were_out_before() {
    let book = Book::default();
    let hard = money(None, Some(100_000_000));
    let soft = Budget { mode: BudgetMode::Soft { deviations: 200 }, ..hard };
    let worst = nanos(1_000_000);
    let before = book.purse(KEY, [&hard, &Budget::default()], Nanos::ZERO);
    let held = reserved(before.reserve(worst).unwrap());
    book.release(&reserved(before.reserve(worst).unwrap()));
    let purse = book.purse(KEY, [&soft, &Budget::default()], Nanos::ZERO);
    assert_eq!(purse.reserve(worst).unwrap().money, Stake::certain(quantity(1_000_000)));
    book.release(&held);
    assert!(purse.reserve(worst).unwrap().money.mean < quantity(1_000_000), "one was lost");
}
