//! What every allocator must do, whatever keeps its leases: cases that a second implementation passes unchanged.
//!
//! [`check_contract`] runs them all. Whoever brings an allocator says how it is made, and how its process is killed
//! and started again ([`Stage`]).

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::budget::{Allocator, AllocatorError, LeaseAsk, LeaseGrant, LeaseTerms};
use crate::ledger::{
    BidFacts, CapKey, Cause, Charge, Correction, Event, EventKind, Level, Measure, Quantity, Setting, Window,
    any_charge,
};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, Epoch, ExchangeId, LineItemId,
    Millis, Nanos, Steady, UnixMillis,
};

/// How long leases live in every case.
pub(crate) const TERMS: LeaseTerms =
    LeaseTerms { ttl: Millis::from_raw(5_000), longest_notice: Millis::from_raw(600_000) };
/// When a lease of which nothing was heard is free again.
const QUARANTINE: i64 = 605_000;

/// An allocator, and its life.
pub(crate) trait Stage {
    /// It.
    fn allocator(&mut self) -> &mut dyn Allocator;
    /// Kills its process and starts it again on what was kept; what its clock shows then.
    fn restart(&mut self) -> Steady;
}

/// Runs every case on allocators that `make` makes, and so many random ones.
pub(crate) fn check_contract(make: &dyn Fn() -> Box<dyn Stage>, random_cases: u32) {
    for case in CASES {
        case(&mut Play::new(make()));
    }
    a_restart_between_any_two_calls_keeps_what_was_answered(make);
    nothing_is_ever_granted_above_a_limit(make, random_cases);
}

const CASES: [fn(&mut Play); 15] = [
    who_is_alone_gets_what_it_asks_up_to_the_limit,
    who_is_one_of_several_leaves_something_to_the_others,
    there_is_never_less_than_one_impression_while_there_is_any,
    the_same_question_twice_is_one,
    what_is_given_back_is_free_at_once_but_for_what_was_used,
    the_dead_keep_their_leases_until_no_notice_can_come_in_time,
    who_comes_back_in_time_goes_on,
    what_is_billed_late_counts_all_the_same,
    what_is_billed_without_a_lease_counts_at_once,
    what_is_credited_to_who_is_over_is_free_for_others_and_stays_so_over_restarts,
    what_is_credited_to_who_bids_stays_in_its_lease,
    an_heir_takes_over_what_is_out_and_the_rest_is_free,
    a_limit_moves_while_bidders_hold_leases,
    an_epoch_that_nobody_knows_has_ended,
    the_ends_of_the_range_neither_wrap_nor_grant,
];

fn who_is_alone_gets_what_it_asks_up_to_the_limit(play: &mut Play) {
    let one = play.enrol();
    assert_eq!(play.ask(one, 100, 30), 30);
    assert_eq!(play.ask(one, 100, 250), 100);
}

fn who_is_one_of_several_leaves_something_to_the_others(play: &mut Play) {
    let bidders = [play.enrol(), play.enrol()];
    // A quarter of what is free each time, for each of two.
    assert_eq!(play.ask(bidders[0], 1_000, 1_000), 250);
    assert_eq!(play.ask(bidders[1], 1_000, 1_000), 187);
    assert_eq!(play.ask(bidders[1], 1_000, 200), 200, "nobody gets more than it asks");
}

fn there_is_never_less_than_one_impression_while_there_is_any(play: &mut Play) {
    let (one, other) = (play.enrol(), play.enrol());
    let ask = |target| LeaseAsk { least: quantity(30), ..play_ask(100, target) };
    assert_eq!(play.lease(one, &[ask(100)]).unwrap()[0].leased, quantity(30), "a quarter is too little");
    assert_eq!(play.lease(other, &[ask(100)]).unwrap()[0].leased, quantity(30));
    assert_eq!(play.lease(one, &[ask(100)]).unwrap()[0].leased, quantity(60));
    assert_eq!(play.lease(one, &[ask(100)]).unwrap()[0].leased, quantity(70), "the last of it");
    assert_eq!(play.lease(other, &[ask(100)]).unwrap()[0].leased, quantity(30));
}

fn the_same_question_twice_is_one(play: &mut Play) {
    let (one, other) = (play.enrol(), play.enrol());
    let first = play.lease(one, &[play_ask(100, 20)]).unwrap();
    assert_eq!(play.lease(one, &[play_ask(100, 20)]).unwrap(), first);
    let found = play.lease(other, &[play_ask(100, 0)]).unwrap()[0];
    assert_eq!(found.elsewhere, quantity(20), "an answer that got lost leased nothing twice");
}

fn what_is_given_back_is_free_at_once_but_for_what_was_used(play: &mut Play) {
    let (one, other) = (play.enrol(), play.enrol());
    play.ask(one, 1_000, 200);
    play.bill(one, 50);
    let answer = play.lease(one, &[play_ask(1_000, 10)]).unwrap()[0];
    assert_eq!((answer.leased, answer.used), (quantity(50), quantity(50)));
    let answer = play.lease(other, &[play_ask(1_000, 0)]).unwrap()[0];
    assert_eq!(answer.elsewhere, quantity(50));
}

fn the_dead_keep_their_leases_until_no_notice_can_come_in_time(play: &mut Play) {
    let dead = play.enrol();
    play.ask(dead, 100, 100);
    play.bill(dead, 40);
    play.pass(QUARANTINE - 1);
    let heir = play.enrol();
    assert_eq!(play.ask(heir, 100, 100), 0);
    play.pass(1);
    assert_eq!(play.ask(heir, 100, 100), 60, "what was used stays used");
    assert_eq!(play.lease(dead, &[]), Err(AllocatorError::Ended(dead)));
}

fn who_comes_back_in_time_goes_on(play: &mut Play) {
    let one = play.enrol();
    play.ask(one, 100, 100);
    play.pass(QUARANTINE - 1);
    assert_eq!(play.ask(one, 100, 100), 100);
    play.pass(QUARANTINE - 1);
    assert_eq!(play.lease(one, &[]), Ok(Vec::new()), "a word without a question is one, too");
    play.pass(QUARANTINE);
    assert_eq!(play.lease(one, &[]), Err(AllocatorError::Ended(one)));
}

fn what_is_billed_late_counts_all_the_same(play: &mut Play) {
    let dead = play.enrol();
    play.ask(dead, 100, 80);
    play.pass(QUARANTINE);
    let next = play.enrol();
    assert_eq!(play.ask(next, 100, 10), 10);
    play.bill(dead, 70);
    assert_eq!(play.ask(next, 100, 100), 30, "70 of 100 are spent");
    play.bill(dead, 50);
    let answer = play.lease(next, &[play_ask(100, 100)]).unwrap()[0];
    assert_eq!((answer.leased, answer.elsewhere), (quantity(30), quantity(120)), "what happened is booked");
}

fn what_is_billed_without_a_lease_counts_at_once(play: &mut Play) {
    let one = play.enrol();
    play.bill(Epoch::NONE, 75);
    assert_eq!(play.ask(one, 100, 100), 25);
}

fn what_is_credited_to_who_is_over_is_free_for_others_and_stays_so_over_restarts(play: &mut Play) {
    let former = play.enrol();
    assert_eq!(play.ask(former, 200, 100), 100);
    let heir = play.enrol();
    play.bill(former, 90);
    play.bill(Epoch::NONE, 10);
    let now = play.now;
    play.stage.allocator().hand_over(former, heir, &[(CAP, quantity(10))], now).unwrap();
    assert_eq!(play.ask(heir, 110, 110), 10, "of 110 used are 100, and 10 are out");
    play.credit(former, 30);
    play.credit(Epoch::NONE, 5);
    assert_eq!(play.ask(heir, 110, 110), 45);
    play.ask(heir, 110, 0);
    for credited in [20, 5] {
        play.restart();
        let next = play.enrol();
        let free = play.ask(next, 110, 110);
        play.credit(former, credited);
        assert_eq!(play.ask(next, 110, 110), free + credited, "also after a restart");
        play.ask(next, 110, 0);
    }
    play.restart();
    let last = play.enrol();
    assert_eq!(play.ask(last, 110, 110), 70, "of 90 and 10 are 60 back, and what was out is not");
}

fn what_is_credited_to_who_bids_stays_in_its_lease(play: &mut Play) {
    let (one, other) = (play.enrol(), play.enrol());
    play.ask(one, 400, 100);
    play.bill(one, 100);
    play.credit(one, 40);
    let answer = play.lease(one, &[play_ask(400, 100)]).unwrap()[0];
    assert_eq!((answer.leased, answer.used), (quantity(100), quantity(60)));
    assert_eq!(play.lease(other, &[play_ask(400, 0)]).unwrap()[0].elsewhere, quantity(100));
    assert_eq!(play.ask(one, 400, 60), 60, "until it gives it back");
    assert_eq!(play.lease(other, &[play_ask(400, 0)]).unwrap()[0].elsewhere, quantity(60));
}

fn an_heir_takes_over_what_is_out_and_the_rest_is_free(play: &mut Play) {
    let (former, heir, other) = (play.enrol(), play.enrol(), play.enrol());
    play.ask(former, 600, 100);
    play.bill(former, 10);
    let now = play.now;
    let allocator = play.stage.allocator();
    let kept = [(CAP, quantity(35))];
    assert_eq!(allocator.hand_over(former, former, &kept, now), Err(AllocatorError::Ended(former)));
    let nobody = Epoch::from_raw(99);
    assert_eq!(allocator.hand_over(former, nobody, &kept, now), Err(AllocatorError::Ended(nobody)));
    for _ in 0..2 {
        assert_eq!(allocator.hand_over(former, heir, &kept, now), Ok(()));
    }
    let answer = play.lease(heir, &[play_ask(600, 35)]).unwrap()[0];
    assert_eq!((answer.leased, answer.elsewhere), (quantity(35), quantity(10)), "once, not twice");
    assert_eq!(play.lease(former, &[]), Err(AllocatorError::Ended(former)));
    // An heir that claims more than there was takes nothing from the cap.
    let now = play.now;
    play.stage.allocator().hand_over(heir, other, &[(CAP, quantity(500))], now).unwrap();
    let answer = play.lease(other, &[play_ask(600, 35)]).unwrap()[0];
    assert_eq!((answer.leased, answer.elsewhere), (quantity(35), quantity(10)));
}

fn a_limit_moves_while_bidders_hold_leases(play: &mut Play) {
    let (one, other) = (play.enrol(), play.enrol());
    play.ask(one, 400, 100);
    for limit in [50, 0, -5] {
        assert_eq!(play.ask(other, limit, 100), 0, "{limit}");
        assert_eq!(play.ask(one, limit, 300), 100, "{limit}: what is leased stays until it is given back");
    }
    assert_eq!(play.ask(other, 300, 100), 50);
    let answer = play.lease(one, &[play_ask(120, 60)]).unwrap()[0];
    assert_eq!((answer.leased, answer.elsewhere), (quantity(60), quantity(50)));
}

fn an_epoch_that_nobody_knows_has_ended(play: &mut Play) {
    for epoch in [Epoch::NONE, Epoch::from_raw(7), Epoch::from_raw(u64::MAX)] {
        assert_eq!(play.lease(epoch, &[play_ask(100, 10)]), Err(AllocatorError::Ended(epoch)));
    }
    let one = play.enrol();
    assert_eq!(play.ask(one, 100, 100), 100, "who was refused took nothing");
    assert_ne!(play.enrol(), one, "an epoch is one bidder's");
}

fn the_ends_of_the_range_neither_wrap_nor_grant(play: &mut Play) {
    let one = play.enrol();
    let far = |limit, target, least| LeaseAsk {
        cap: CAP,
        limit: quantity(limit),
        target: quantity(target),
        least: quantity(least),
    };
    let least = play.lease(one, &[far(i64::MIN, i64::MIN, i64::MIN)]).unwrap()[0];
    assert_eq!(least.leased, Quantity::ZERO);
    let most = play.lease(one, &[far(i64::MAX, i64::MAX, i64::MAX)]).unwrap()[0];
    assert_eq!(most.leased, Quantity::MAX);
    let other = play.enrol();
    let none = play.lease(other, &[far(i64::MAX, i64::MAX, i64::MAX)]).unwrap()[0];
    assert_eq!((none.leased, none.elsewhere), (Quantity::ZERO, Quantity::MAX));
    let back = play.lease(one, &[far(i64::MAX, i64::MIN, 1)]).unwrap()[0];
    assert_eq!(back.leased, Quantity::ZERO);
}

/// What is said before the kill, one call after the other.
const SCRIPT: [fn(&mut Play, Epoch); 6] = [
    |play, one| assert_ne!(play.ask(one, 1_000, 300), 0),
    |play, one| play.bill(one, 120),
    |play, one| assert_ne!(play.ask(one, 1_000, 200), 0),
    |play, one| assert_ne!(play.ask(one, 1_000, 450), 0),
    |play, _| play.bill(Epoch::NONE, 77),
    |play, one| play.bill(one, 30),
];

fn a_restart_between_any_two_calls_keeps_what_was_answered(make: &dyn Fn() -> Box<dyn Stage>) {
    for calls in 0..=SCRIPT.len() {
        let mut play = Play::new(make());
        let one = play.enrol();
        SCRIPT[..calls].iter().for_each(|call| call(&mut play, one));
        let taken = play.oracle.taken(CAP);
        play.restart();
        let next = play.enrol();
        assert!(next > one, "no epoch is given twice");
        assert_eq!(play.ask(next, 1_000, 1), 1);
        let answer = play.lease(next, &[play_ask(1_000, 1_000)]).unwrap()[0];
        assert!(answer.elsewhere >= quantity(taken), "after {calls} calls {taken} were taken: {answer:?}");
        assert!(answer.leased.plus(answer.elsewhere) <= quantity(1_000), "after {calls} calls: {answer:?}");
        // Nobody of the former process says a word any more.
        play.pass(QUARANTINE - 1);
        assert_eq!(play.lease(next, &[play_ask(1_000, 0)]).unwrap()[0].elsewhere, answer.elsewhere);
        play.pass(1);
        let spent = quantity(play.oracle.spent(CAP));
        assert_eq!(play.lease(next, &[play_ask(1_000, 0)]).unwrap()[0].elsewhere, spent);
    }
}

const CAMPAIGN: CampaignId = CampaignId::from_slug("c");
const LINE_ITEMS: [LineItemId; 2] = [LineItemId::from_slug("c/1"), LineItemId::from_slug("c/2")];
/// The campaign's money in total: what most cases are about.
const CAP: CapKey = total(Level::Campaign(CAMPAIGN));
/// The caps of the random cases.
const CAPS: [CapKey; 3] = [CAP, total(Level::LineItem(LINE_ITEMS[0])), total(Level::LineItem(LINE_ITEMS[1]))];

const fn total(level: Level) -> CapKey {
    CapKey { level, window: Window::Total, measure: Measure::Money }
}

fn quantity(raw: i64) -> Quantity {
    Quantity::from_raw(raw)
}

fn play_ask(limit: i64, target: i64) -> LeaseAsk {
    LeaseAsk { cap: CAP, limit: quantity(limit), target: quantity(target), least: quantity(1) }
}

/// What must be taken at least, told simply: by what was answered and what was billed.
#[derive(Debug, Default)]
struct Oracle {
    /// What was answered last to each epoch that may still be billed in time, by cap.
    leased: BTreeMap<(CapKey, Epoch), i64>,
    used: BTreeMap<(CapKey, Epoch), i64>,
    /// When each epoch ends if nothing more is heard of it.
    ends: BTreeMap<Epoch, i64>,
}

impl Oracle {
    fn taken(&self, cap: CapKey) -> i64 {
        let epochs = self.leased.keys().chain(self.used.keys()).filter(|(of, _)| *of == cap);
        let epochs: std::collections::BTreeSet<Epoch> = epochs.map(|(_, epoch)| *epoch).collect();
        let of = |map: &BTreeMap<_, i64>, epoch| map.get(&(cap, epoch)).copied().unwrap_or_default();
        epochs.into_iter().map(|epoch| of(&self.leased, epoch).max(of(&self.used, epoch))).sum()
    }

    fn spent(&self, cap: CapKey) -> i64 {
        self.used.iter().filter(|((of, _), _)| *of == cap).map(|(_, used)| used).sum()
    }

    fn leased(&self, cap: CapKey, epoch: Epoch) -> i64 {
        self.leased.get(&(cap, epoch)).copied().unwrap_or_default()
    }

    fn used(&self, cap: CapKey, epoch: Epoch) -> i64 {
        self.used.get(&(cap, epoch)).copied().unwrap_or_default()
    }

    fn forget(&mut self, gone: impl Fn(Epoch) -> bool) {
        self.leased.retain(|(_, epoch), _| !gone(*epoch));
        self.ends.retain(|epoch, _| !gone(*epoch));
    }
}

/// An allocator on its stage, the time there, and the oracle beside it.
struct Play {
    stage: Box<dyn Stage>,
    now: Steady,
    oracle: Oracle,
    bids: u64,
    charge: Charge,
}

impl Play {
    fn new(stage: Box<dyn Stage>) -> Self {
        let charge = Charge { data: Nanos::ZERO, ..some_charge() };
        Self { stage, now: Steady::from_raw(1_000), oracle: Oracle::default(), bids: 0, charge }
    }

    fn enrol(&mut self) -> Epoch {
        let epoch = self.stage.allocator().enrol(self.now).unwrap();
        self.oracle.ends.insert(epoch, self.now.raw() + QUARANTINE);
        epoch
    }

    /// Asks for `target` of [`CAP`]; how much is leased then.
    fn ask(&mut self, epoch: Epoch, limit: i64, target: i64) -> i64 {
        self.lease(epoch, &[play_ask(limit, target)]).unwrap()[0].leased.raw()
    }

    fn lease(&mut self, epoch: Epoch, asks: &[LeaseAsk]) -> Result<Vec<LeaseGrant>, AllocatorError> {
        let answer = self.stage.allocator().lease(epoch, asks, self.now)?;
        assert_eq!(answer.len(), asks.len(), "an answer for each question");
        self.oracle.ends.insert(epoch, self.now.raw() + QUARANTINE);
        for (ask, grant) in asks.iter().zip(&answer) {
            assert_eq!(ask.cap, grant.cap, "in their order");
            self.oracle.leased.insert((ask.cap, epoch), grant.leased.raw());
        }
        Ok(answer)
    }

    /// Bills `amount` to a bid of the first line item.
    fn bill(&mut self, epoch: Epoch, amount: i64) {
        self.bill_to(0, epoch, amount);
    }

    fn bill_to(&mut self, line_item: usize, epoch: Epoch, amount: i64) {
        let charge = Charge { media: Nanos::from_raw(amount), ..self.charge.clone() };
        self.count(line_item, epoch, amount, EventKind::Impression(charge));
    }

    /// Takes `amount` of a bill of the first line item back.
    fn credit(&mut self, epoch: Epoch, amount: i64) {
        self.credit_to(0, epoch, amount);
    }

    fn credit_to(&mut self, line_item: usize, epoch: Epoch, amount: i64) {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(self.bids + 1).to_be_bytes());
        let correction = Correction {
            id: CorrectionId::from_bytes(id),
            cause: Cause::CreditNote,
            impressions: 0,
            charge: Charge { media: Nanos::from_raw(-amount), ..self.charge.clone() },
            budget: Nanos::from_raw(-amount),
            disputed: Nanos::ZERO,
            reason: "nobody saw it".to_owned(),
            author: "ann".to_owned(),
        };
        self.count(line_item, epoch, -amount, EventKind::Correction(correction));
    }

    fn count(&mut self, line_item: usize, epoch: Epoch, amount: i64, kind: EventKind) {
        self.bids += 1;
        let mut id = [0; 16];
        id[..8].copy_from_slice(&self.bids.to_be_bytes());
        let bid = BidFacts {
            id: BidId::from_bytes(id),
            at: UnixMillis::from_raw(0),
            day: Day::from_raw(0),
            advertiser: AdvertiserId::from_raw(1),
            campaign: CAMPAIGN,
            line_item: LINE_ITEMS[line_item],
            creative: CreativeId::from_raw(1),
            exchange: ExchangeId::from_raw(1),
            deal: None,
            currency: Currency::EUR,
            user: None,
            household: None,
            lease: epoch,
            setting: Setting::default(),
        };
        let event = Event { bid, at: UnixMillis::from_raw(0), kind };
        self.stage.allocator().count(std::slice::from_ref(&event)).unwrap();
        for cap in [CAP, CAPS[1 + line_item]] {
            *self.oracle.used.entry((cap, epoch)).or_default() += amount;
        }
    }

    fn pass(&mut self, millis: i64) {
        self.now = self.now.plus(Millis::from_raw(millis));
        let ended: Vec<Epoch> =
            self.oracle.ends.iter().filter(|(_, ends)| **ends <= self.now.raw()).map(|(of, _)| *of).collect();
        self.oracle.forget(|epoch| ended.contains(&epoch));
    }

    /// What was leased stays taken for as long as a notice may come, counted anew.
    fn restart(&mut self) {
        self.now = self.stage.restart();
        let ends = self.now.raw() + QUARANTINE;
        self.oracle.ends.values_mut().for_each(|end| *end = ends);
    }
}

/// A charge that is all media: nothing of the tax counts in the budget.
fn some_charge() -> Charge {
    use proptest::strategy::ValueTree as _;
    let mut runner = TestRunner::deterministic();
    loop {
        let charge = any_charge(0).new_tree(&mut runner).unwrap().current();
        let charge = Charge { media: Nanos::from_raw(1_000_000), ..charge };
        if charge.budget_share() == charge.media {
            return charge;
        }
    }
}

/// What may happen, to whichever bidder there is at that place.
#[derive(Debug, Clone)]
enum Step {
    Enrol,
    Ask {
        bidder: usize,
        asks: Vec<(usize, i64, i64)>,
    },
    /// Within what is leased, also by the dead.
    Bill {
        bidder: usize,
        line_item: usize,
        amount: i64,
    },
    /// Of what was billed to who is over.
    Credit {
        bidder: usize,
        line_item: usize,
        amount: i64,
    },
    HandOver {
        bidder: usize,
        heir: usize,
        kept: i64,
    },
    Limit {
        cap: usize,
        to: i64,
    },
    Pass(i64),
    Restart,
}

fn any_step() -> impl Strategy<Value = Step> {
    let bidder = || 0..4_usize;
    let asks = vec((0..3_usize, -50..1_500_i64, 0..60_i64), 0..4);
    prop_oneof![
        2 => Just(Step::Enrol),
        10 => (bidder(), asks).prop_map(|(bidder, asks)| Step::Ask { bidder, asks }),
        8 => (bidder(), 0..2_usize, 1..200_i64)
            .prop_map(|(bidder, line_item, amount)| Step::Bill { bidder, line_item, amount }),
        3 => (bidder(), 0..2_usize, 1..200_i64)
            .prop_map(|(bidder, line_item, amount)| Step::Credit { bidder, line_item, amount }),
        1 => (bidder(), bidder(), 0..400_i64)
            .prop_map(|(bidder, heir, kept)| Step::HandOver { bidder, heir, kept }),
        1 => (0..3_usize, 0..2_000_i64).prop_map(|(cap, to)| Step::Limit { cap, to }),
        2 => prop_oneof![0..4_000_i64, Just(QUARANTINE - 1), Just(QUARANTINE)].prop_map(Step::Pass),
        1 => any::<()>().prop_map(|()| Step::Restart),
    ]
}

fn nothing_is_ever_granted_above_a_limit(make: &dyn Fn() -> Box<dyn Stage>, cases: u32) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let ran = TestRunner::new(config).run(&vec(any_step(), 1..60), |steps| {
        let mut play = Play::new(make());
        let mut bidders = vec![play.enrol()];
        let mut limits = [1_000, 600, 600];
        for step in steps {
            take(&mut play, &mut bidders, &mut limits, step)?;
        }
        Ok(())
    });
    if let Err(failed) = ran {
        panic!("{failed}");
    }
}

fn take(
    play: &mut Play,
    bidders: &mut Vec<Epoch>,
    limits: &mut [i64; 3],
    step: Step,
) -> Result<(), TestCaseError> {
    let at = |bidder: usize| bidders[bidder % bidders.len()];
    match step {
        Step::Enrol => {
            let epoch = play.enrol();
            if bidders.contains(&epoch) {
                return Err(TestCaseError::fail(format!("epoch {epoch} was given twice")));
            }
            bidders.push(epoch);
        }
        Step::Ask { bidder, asks } => return ask_at_random(play, at(bidder), limits, &asks),
        Step::Bill { bidder, line_item, amount } => {
            // Whoever bills keeps to its lease, also if it died meanwhile; without any left nothing is out.
            let epoch = at(bidder);
            let free = |cap| play.oracle.leased(cap, epoch) - play.oracle.used(cap, epoch);
            let amount = amount.min(free(CAP)).min(free(CAPS[1 + line_item]));
            if amount > 0 {
                play.bill_to(line_item, epoch, amount);
            }
        }
        Step::Credit { bidder, line_item, amount } => {
            let epoch = at(bidder);
            let billed = play.oracle.used(CAPS[1 + line_item], epoch);
            if !play.oracle.ends.contains_key(&epoch) && billed > 0 {
                play.credit_to(line_item, epoch, amount.min(billed));
            }
        }
        Step::HandOver { bidder, heir, kept } => {
            let (former, heir, now) = (at(bidder), at(heir), play.now);
            let held = CAPS.map(|cap| (cap, quantity(kept)));
            if play.stage.allocator().hand_over(former, heir, &held, now).is_ok() {
                for cap in CAPS {
                    let left = play.oracle.leased(cap, former) - play.oracle.used(cap, former);
                    *play.oracle.leased.entry((cap, heir)).or_default() += kept.min(left).max(0);
                }
                play.oracle.forget(|epoch| epoch == former);
            }
        }
        Step::Limit { cap, to } => limits[cap] = to,
        Step::Pass(millis) => play.pass(millis),
        Step::Restart => play.restart(),
    }
    Ok(())
}

/// What is granted beyond what was held before stays within the limit, with all that others may hold.
fn ask_at_random(
    play: &mut Play,
    epoch: Epoch,
    limits: &[i64; 3],
    asks: &[(usize, i64, i64)],
) -> Result<(), TestCaseError> {
    for (cap, target, least) in asks {
        let (limit, before) = (limits[*cap], play.oracle.leased(CAPS[*cap], epoch));
        let (target, least) = (quantity(*target), quantity(*least));
        let ask = LeaseAsk { cap: CAPS[*cap], limit: quantity(limit), target, least };
        let is_alive = play.oracle.ends.contains_key(&epoch);
        let answer = match play.lease(epoch, &[ask]) {
            // Whether an epoch outlives its allocator is the implementation's to say.
            Err(AllocatorError::Ended(_)) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
            Ok(_) if !is_alive => return Err(TestCaseError::fail(format!("epoch {epoch} had ended"))),
            Ok(answer) => answer[0],
        };
        let (taken, used) = (play.oracle.taken(CAPS[*cap]), play.oracle.used(CAPS[*cap], epoch));
        let grew = answer.leased.raw() > before.max(used);
        let told = format!("{ask:?} of {epoch}: {answer:?}, {before} before, {taken} taken");
        if grew && taken > limit || answer.leased > target.max(quantity(used)) || answer.used.raw() != used {
            return Err(TestCaseError::fail(told));
        }
        if answer.leased.max(answer.used).plus(answer.elsewhere) < quantity(taken) {
            return Err(TestCaseError::fail(format!("too little is told: {told}")));
        }
    }
    Ok(())
}
