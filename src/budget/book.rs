//! The book of all caps, by name. The fast path never looks here: it holds purses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::budget::cap::{Bell, Cap};
use crate::budget::lot::Lot;
use crate::budget::purse::{Expected, Purse, Stakes};
use crate::budget::treasury::{LeaseAsk, LeaseGrant};
use crate::campaign::{Budget, BudgetMode, Limits};
use crate::ledger::{BidFacts, CapKey, Level, Measure, Quantity, Window, windows};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Millis, Nanos};

/// All caps, by name.
#[derive(Debug, Default)]
pub struct Book {
    caps: Mutex<Caps>,
    /// From whose leases this process spends; without one, limits are all that counts.
    epoch: Option<Epoch>,
    bell: Bell,
}

type Caps = HashMap<CapKey, Arc<Cap>, foldhash::fast::RandomState>;

/// Whose purse, and in which day and hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurseKey {
    /// Whose money.
    pub campaign: CampaignId,
    /// What bids.
    pub line_item: LineItemId,
    /// On which day.
    pub day: Day,
    /// In which hour.
    pub hour: Hour,
}

/// What one bid holds, where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// In whose purse.
    pub purse: PurseKey,
    /// How much.
    pub stakes: Stakes,
}

impl Book {
    /// A book whose caps spend only what is granted to `epoch`.
    #[must_use]
    pub fn leased(epoch: Epoch) -> Self {
        Self { epoch: Some(epoch), ..Self::default() }
    }

    /// From whose leases bids are paid; [`Epoch::NONE`] without leases.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch.unwrap_or_default()
    }

    /// Rings when a cap wants more than it has leased.
    #[must_use]
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The cap of `key`; without a limit and unused if it is new.
    #[must_use]
    pub fn cap(&self, key: CapKey) -> Arc<Cap> {
        Arc::clone(self.entry(&mut self.lock(), key))
    }

    fn entry<'a>(&self, caps: &'a mut Caps, key: CapKey) -> &'a mut Arc<Cap> {
        caps.entry(key).or_insert_with(|| Arc::new(Cap::new(key, self.epoch.is_some(), self.bell.clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Caps> {
        self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was taken of a cap before this process began.
    pub fn restore(&self, key: CapKey, taken: Quantity) {
        self.cap(key).restore(taken);
    }

    /// The purse of one line item, under the limits of both budgets, which hold from now on for everyone. A bid on
    /// it costs about `likely`, and is expected to use `expected` of its worst case if the budget is soft.
    #[must_use]
    pub fn purse(&self, key: PurseKey, budgets: [&Budget; 2], likely: Nanos, expected: Expected) -> Purse {
        let deviations = match budgets[0].mode {
            BudgetMode::Hard => 0,
            BudgetMode::Soft { deviations } => deviations,
        };
        let expected = if deviations == 0 { Expected::WORST } else { expected };
        let mut caps = self.lock();
        let levels = windows(key.campaign, key.line_item, key.day, key.hour);
        let mut limited = |measure, at: usize| {
            let (level, window) = levels[at];
            let budget = budgets[usize::from(matches!(level, Level::LineItem(_)))];
            let limit = limit(budget, measure, window);
            let is_kept = measure == Measure::Money && at < 4;
            if limit.is_none() && !is_kept && !caps.contains_key(&CapKey { level, window, measure }) {
                return None;
            }
            let cap = Arc::clone(self.entry(&mut caps, CapKey { level, window, measure }));
            let deviations = if measure == Measure::Money { deviations } else { 0 };
            cap.expect(if measure == Measure::Money { Quantity::money(likely) } else { Quantity::count(1) });
            cap.set_limit(limit.unwrap_or(Quantity::MAX), deviations);
            (is_kept || limit.is_some()).then_some(cap)
        };
        let money = std::array::from_fn(|at| limited(Measure::Money, at).expect("these four are kept"));
        let mut more = Vec::new();
        for at in 4..6 {
            more.extend(limited(Measure::Money, at));
        }
        for measure in [Measure::Impressions, Measure::Clicks] {
            more.extend((0..6).filter_map(|at| limited(measure, at)));
        }
        Purse::new(money, more, expected)
    }

    /// Counts what an event of `bid` uses, and gives back what the bid held, if it was held here.
    pub fn settle(&self, bid: &BidFacts, held: Option<&Reserved>, used: &[(Measure, Quantity)]) {
        let mut caps = self.lock();
        // What another run's lease pays is taken elsewhere, until the allocator says how much.
        let is_ours = held.is_some() || bid.lease == self.epoch();
        for (level, window) in windows(bid.campaign, bid.line_item, bid.day, Hour::of(bid.at)) {
            for measure in Measure::ALL {
                let key = CapKey { level, window, measure };
                let used =
                    used.iter().find(|(of, _)| *of == measure).map_or(Quantity::ZERO, |(_, used)| *used);
                let is_kept = measure == Measure::Money && !matches!(window, Window::Hour(_));
                let cap = if is_kept { Some(self.entry(&mut caps, key)) } else { caps.get_mut(&key) };
                let Some(cap) = cap else { continue };
                let stake = held.map(|held| held.stakes.on(key)).unwrap_or_default();
                if is_ours { cap.settle(stake, used) } else { cap.settle_elsewhere(used) }
            }
        }
    }

    /// Holds a reservation that a former process was granted, at every level.
    pub fn hold(&self, reserved: &Reserved) {
        self.each(reserved, Cap::hold);
    }

    /// Gives a reservation back, at every level.
    pub fn release(&self, reserved: &Reserved) {
        self.each(reserved, Cap::release);
    }

    fn each(&self, reserved: &Reserved, act: impl Fn(&Cap, crate::budget::Stake)) {
        let mut caps = self.lock();
        let purse = reserved.purse;
        for (level, window) in windows(purse.campaign, purse.line_item, purse.day, purse.hour) {
            for measure in [Measure::Money, Measure::Impressions] {
                let key = CapKey { level, window, measure };
                let stake = reserved.stakes.on(key);
                if stake != crate::budget::Stake::default() {
                    act(self.entry(&mut caps, key), stake);
                }
            }
        }
    }

    /// What each cap wants of the allocator, `elapsed` after the last time.
    #[must_use]
    pub fn asks(&self, elapsed: Millis, lot: &Lot) -> Vec<LeaseAsk> {
        let caps: Vec<Arc<Cap>> = self.lock().values().cloned().collect();
        caps.iter().filter_map(|cap| cap.ask(elapsed, lot)).collect()
    }

    /// Takes what the allocator granted.
    pub fn granted(&self, grants: &[LeaseGrant]) {
        let caps = self.lock();
        for grant in grants {
            if let Some(cap) = caps.get(&grant.cap) {
                cap.grant(grant);
            }
        }
    }

    /// What bids that are out hold of every cap, as an heir takes it over.
    #[must_use]
    pub fn held<'a>(&self, open: impl Iterator<Item = &'a Reserved>) -> Vec<(CapKey, Quantity)> {
        let mut held: HashMap<CapKey, Quantity> = HashMap::new();
        for reserved in open {
            let purse = reserved.purse;
            for (level, window) in windows(purse.campaign, purse.line_item, purse.day, purse.hour) {
                for measure in [Measure::Money, Measure::Impressions] {
                    let key = CapKey { level, window, measure };
                    let sum = held.entry(key).or_default();
                    *sum = sum.plus(reserved.stakes.on(key).mean);
                }
            }
        }
        held.retain(|_, sum| *sum != Quantity::ZERO);
        held.into_iter().collect()
    }

    /// Forgets the caps of days before `day` and of hours before `hour`, whose bids are too old to be billed.
    pub fn forget_before(&self, day: Day, hour: Hour) {
        self.lock().retain(|key, _| match key.window {
            Window::Total => true,
            Window::Day(of) => of >= day,
            Window::Hour(of) => of >= hour,
        });
    }
}

/// What `budget` says of a cap.
fn limit(budget: &Budget, measure: Measure, window: Window) -> Option<Quantity> {
    fn of<T>(limits: Limits<T>, window: Window) -> Option<T> {
        match window {
            Window::Hour(_) => limits.hourly,
            Window::Day(_) => limits.daily,
            Window::Total => limits.total,
        }
    }
    match measure {
        Measure::Money => of(budget.money, window).map(Quantity::money),
        Measure::Impressions => of(budget.impressions, window).map(Quantity::count),
        Measure::Clicks => of(budget.clicks, window).map(Quantity::count),
    }
}
