//! Runs a policy through a day: one opportunity after another, notices when they are due, and the judge's account.

use crate::sim::facts::AuctionType;
use crate::sim::judge::truth::account::{Account, cost};
use crate::sim::judge::truth::day::hour;
use crate::sim::judge::truth::notices::{Event, Queue, fate};
use crate::sim::judge::truth::{Best, DAY_MS, HOUR_MS, NEVER, Row, Truth, mix};
use crate::sim::judge::{Brief, Opportunity, Policy, Regime, Restart, Told, price_within};
use crate::units::{Cpm, Nanos, RatePpm};

/// What a policy made of a day.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outcome {
    /// What the impressions were really worth, in nanos.
    pub value: f64,
    /// Paid, in nanos, taxes included.
    pub spend: i64,
    /// Of the budget as it was at the end of the day, or at its start if nothing was left of it: 1 = all.
    pub spend_of_budget: f64,
    /// The most that was ever paid above the budget, in nanos.
    pub over: i64,
    /// The share of the money that was spent in other hours than those of the traffic, 0 to 1.
    pub hourly_error: f64,
    /// Bids that went out.
    pub bids: u64,
    /// Impressions won and billed.
    pub wins: u64,
    /// Those that were clicked.
    pub clicks: u64,
    /// Those that converted before the day ended.
    pub conversions: u64,
    /// What the policy says that its state takes.
    pub bytes: usize,
}

impl Outcome {
    /// The value as a share of hindsight's. Of money that a person who lowered the budget no longer wanted spent, beyond
    /// hindsight's own, nothing counts.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a measure")]
    pub fn of_hindsight(&self, best: &Best, regime: &Regime) -> f64 {
        let unwanted =
            regime.change.is_some_and(|change| change.factor < 1.0) && self.spend as f64 > best.spend;
        let counted = if unwanted { best.spend / self.spend as f64 } else { 1.0 };
        if best.value > 0.0 { self.value * counted / best.value } else { 1.0 }
    }

    /// By how much a unit of value cost more than it is worth, as a share of its worth; 0 if it did not.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a measure")]
    pub fn cpa_violation(&self) -> f64 {
        if self.value > 0.0 { (self.spend as f64 / self.value - 1.0).max(0.0) } else { 0.0 }
    }
}

/// How often leases are levelled.
const LEVEL_MS: u32 = HOUR_MS / 4;
const NOON: u32 = 12 * HOUR_MS;
/// When a policy's learnt state was last kept before it is killed.
const KEPT: u32 = NOON - HOUR_MS / 2;

/// What the policy that `make` gives has learnt by the end of the day; empty for one that keeps nothing.
#[must_use]
pub fn learnt_on(truth: &Truth, make: &dyn Fn(&Brief) -> Box<dyn Policy>) -> Vec<u8> {
    let mut run = Run::new(truth, make);
    run.day(&mut |_, _| {});
    run.policies[0].persist()
}

/// Runs the policy that `make` gives through `truth`. `watch` sees each decision, by its number.
pub fn replay(
    truth: &Truth,
    make: &dyn Fn(&Brief) -> Box<dyn Policy>,
    mut watch: impl FnMut(u64, Option<Cpm>),
) -> Outcome {
    let mut run = Run::new(truth, make);
    run.day(&mut watch);
    run.outcome()
}

struct Run<'t> {
    truth: &'t Truth,
    make: &'t dyn Fn(&Brief) -> Box<dyn Policy>,
    policies: Vec<Box<dyn Policy>>,
    account: Account,
    queue: Queue,
    outcome: Outcome,
    by_hour: [f64; 24],
    /// The budget as a person last set it.
    budget: Nanos,
    /// Things of the day that happen once or again and again, and when they are due.
    change_at: u32,
    keep_at: u32,
    crash_at: u32,
    level_at: u32,
    kept: Vec<Vec<u8>>,
}

impl<'t> Run<'t> {
    fn new(truth: &'t Truth, make: &'t dyn Fn(&Brief) -> Box<dyn Policy>) -> Self {
        let regime = &truth.regime;
        let bidders = regime.bidders.max(1) as usize;
        let policies: Vec<_> = (0..bidders).map(|bidder| make(&part(truth, bidder))).collect();
        let crash = |at| if regime.crash { at } else { u32::MAX };
        Self {
            truth,
            make,
            kept: vec![Vec::new(); policies.len()],
            policies,
            account: Account::new(truth.rows.len(), truth.budget, bidders),
            queue: Queue::default(),
            outcome: Outcome::default(),
            by_hour: [0.0; 24],
            budget: truth.budget,
            change_at: regime.change.map_or(u32::MAX, |change| change.hour * HOUR_MS),
            keep_at: crash(KEPT),
            crash_at: crash(NOON),
            level_at: if bidders > 1 { LEVEL_MS } else { u32::MAX },
        }
    }

    fn day(&mut self, watch: &mut dyn FnMut(u64, Option<Cpm>)) {
        for (number, row) in (0_u32..).zip(&self.truth.rows) {
            self.until(row.at);
            let bid = self.opportunity(number, row);
            watch(u64::from(number), bid);
        }
        self.until(u32::MAX);
    }

    /// All that happens up to `at`, notices among it, in order of time.
    fn until(&mut self, at: u32) {
        loop {
            let due = self.change_at.min(self.keep_at).min(self.crash_at).min(self.level_at);
            let until = at.min(due);
            while let Some((now, row, event)) = self.queue.next(until) {
                self.notice(now, row, event);
            }
            if due > at || due == u32::MAX {
                return;
            }
            self.happen(due);
        }
    }

    fn happen(&mut self, due: u32) {
        let now = self.truth.instant(due);
        if due == self.change_at {
            self.change_at = u32::MAX;
            let factor = self.truth.regime.change.map_or(1.0, |change| change.factor);
            self.budget = scaled(self.truth.budget, factor);
            self.account.change(self.budget);
            let bidders = i64::try_from(self.policies.len()).unwrap_or(1);
            let each = Nanos::from_raw(self.budget.raw() / bidders);
            self.policies.iter_mut().for_each(|policy| policy.budget(each, now));
        } else if due == self.keep_at {
            self.keep_at = u32::MAX;
            self.kept = self.policies.iter().map(|policy| policy.persist()).collect();
        } else if due == self.crash_at {
            self.crash_at = u32::MAX;
            for bidder in 0..self.policies.len() {
                let mut policy = (self.make)(&part(self.truth, bidder));
                let mut open = self.account.open();
                open.retain(|(number, _)| self.bidder(*number) == bidder);
                let learnt = std::mem::take(&mut self.kept[bidder]);
                policy.restart(&Restart { spent: self.account.paid_by(bidder), open, learnt, at: now });
                self.policies[bidder] = policy;
            }
        } else {
            self.level_at = if due < DAY_MS { due + LEVEL_MS } else { u32::MAX };
            self.account.level();
            for (bidder, policy) in self.policies.iter_mut().enumerate() {
                policy.budget(self.account.limit(bidder), now);
            }
        }
    }

    /// Who of the bidders sees the opportunity.
    fn bidder(&self, number: u64) -> usize {
        match self.policies.len() {
            1 => 0,
            bidders => {
                let drawn = mix(self.truth.seed ^ 0x0062_6964, number) % bidders as u64;
                usize::try_from(drawn).unwrap_or(0)
            }
        }
    }

    fn opportunity(&mut self, number: u32, row: &Row) -> Option<Cpm> {
        let truth = self.truth;
        let bidder = self.bidder(u64::from(number));
        let tax = truth.tax(row.at);
        let free = self.account.free(bidder);
        let opportunity = Opportunity {
            number: u64::from(number),
            at: truth.instant(row.at),
            value: f64::from(row.value) * truth.regime.optimism,
            floor: Cpm::ZERO,
            segment: (hour(row.at) / 6) as u64,
            tax,
            most: affordable(free, tax),
        };
        let policy = &mut self.policies[bidder];
        let bid = policy.bid(&opportunity)?;
        let worst = cost(bid, tax);
        if worst.raw() > free && policy.guarded() {
            policy.told(opportunity.number, Told::Unsent, opportunity.at);
            return Some(bid);
        }
        self.account.reserve(bidder, number as usize, worst);
        self.outcome.bids += 1;
        self.auction(number, row, bid);
        Some(bid)
    }

    /// Holds the auction and puts what follows into the queue.
    fn auction(&mut self, number: u32, row: &Row, bid: Cpm) {
        let truth = self.truth;
        let notices = &truth.regime.notices;
        let fate = fate(notices, truth.seed, number);
        let price = Cpm::from_micros(i64::from(row.price)).unwrap_or(Cpm::MAX);
        let (told, expiry) = (row.at + fate.delay, row.at + notices.delay.longest_ms());
        let first = truth.auction == AuctionType::FirstPrice;
        if bid < price {
            // Exchanges of first prices tell what would have won; the others told nothing in the logs.
            match first && !fate.lost {
                true => self.queue.put(told, number, Event::Lost { to_win: row.price }),
                false => self.queue.put(expiry, number, Event::Expired),
            }
            return;
        }
        if fate.lost {
            return self.queue.put(expiry, number, Event::Expired);
        }
        let paid = cost(if first { bid } else { price }, truth.tax(row.at)).raw();
        self.queue.put(told, number, Event::Won { paid, to_win: row.price });
        if fate.twice {
            self.queue.put(told + 1_000, number, Event::Won { paid, to_win: row.price });
        }
        self.outcome.wins += 1;
        self.outcome.value += f64::from(row.value);
        #[expect(clippy::cast_precision_loss, reason = "a measure")]
        {
            self.by_hour[hour(row.at)] += paid as f64;
        }
        if row.clicked {
            self.outcome.clicks += 1;
            self.queue.put(told, number, Event::Clicked);
        }
        let converted = u64::from(told) + u64::from(row.converts_after) * 1_000;
        if row.converts_after != NEVER && converted < u64::from(DAY_MS) {
            self.outcome.conversions += 1;
            let converted = u32::try_from(converted).unwrap_or(DAY_MS);
            self.queue.put(converted, number, Event::Converted);
        }
    }

    fn notice(&mut self, now: u32, row: u32, event: Event) {
        let bidder = self.bidder(u64::from(row));
        let price = |micros| Cpm::from_micros(i64::from(micros));
        let (told, paid) = match event {
            Event::Won { paid, to_win } => {
                (Told::Won { paid: Nanos::from_raw(paid), to_win: price(to_win) }, paid)
            }
            Event::Lost { to_win } => (Told::Lost { to_win: price(to_win) }, 0),
            Event::Expired => (Told::Expired, 0),
            Event::Clicked => (Told::Clicked, 0),
            Event::Converted => (Told::Converted, 0),
        };
        if !matches!(event, Event::Clicked | Event::Converted) {
            self.account.settle(bidder, row as usize, paid);
        }
        self.policies[bidder].told(u64::from(row), told, self.truth.instant(now));
    }

    #[expect(clippy::cast_precision_loss, reason = "measures")]
    fn outcome(mut self) -> Outcome {
        let spend: i64 = (0..self.policies.len()).map(|bidder| self.account.paid_by(bidder).raw()).sum();
        let budget = if self.budget > Nanos::ZERO { self.budget } else { self.truth.budget }.raw();
        let rows = self.truth.rows.len().max(1) as f64;
        let elsewhere = |(paid, hour): (&f64, &f64)| (paid / (spend as f64).max(1.0) - hour / rows).abs();
        self.outcome.spend = spend;
        self.outcome.spend_of_budget = spend as f64 / budget as f64;
        self.outcome.over = self.account.over();
        self.outcome.hourly_error =
            self.by_hour.iter().zip(&self.truth.hours).map(elsewhere).sum::<f64>() / 2.0;
        self.outcome.bytes = self.policies[0].bytes_per_campaign();
        self.outcome
    }
}

/// What one of several bidders is told before the day.
fn part(truth: &Truth, bidder: usize) -> Brief {
    let mut brief = truth.brief();
    let bidders = truth.regime.bidders.max(1);
    brief.budget = Nanos::from_raw(brief.budget.raw() / i64::from(bidders));
    brief.hourly = brief.hourly.map(|volume| volume / f64::from(bidders));
    brief.seed = mix(brief.seed, bidder as u64);
    brief
}

/// The highest price that certainly costs at most `free`.
#[expect(clippy::cast_precision_loss, reason = "checked in whole numbers after")]
fn affordable(free: i64, tax: RatePpm) -> Cpm {
    if tax == RatePpm::ZERO {
        return Cpm::from_micros(free).unwrap_or(Cpm::MAX);
    }
    let mut price = price_within(free as f64, tax);
    while price > Cpm::ZERO && cost(price, tax).raw() > free {
        price = Cpm::from_micros(price.micros() - 1).unwrap_or(Cpm::ZERO);
    }
    price
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "budgets are far below 2^53"
)]
fn scaled(budget: Nanos, factor: f64) -> Nanos {
    Nanos::from_raw((budget.raw() as f64 * factor).round() as i64)
}
