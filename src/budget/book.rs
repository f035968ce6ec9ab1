//! The book of all caps, by name. The fast path never looks here: it holds purses.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::budget::bell::{Bell, Hourglass};
use crate::budget::cap::{Cap, Look};
use crate::budget::chain::{Chain, Chains, Link};
use crate::budget::expected::Experience;
use crate::budget::gate::Gate;
use crate::budget::lot::Lot;
use crate::budget::purse::{Kind, Purse, Stakes};
use crate::budget::treasury::{LeaseAsk, LeaseGrant};
use crate::campaign::{Budget, BudgetMode, Limits};
use crate::ledger::{BidFacts, CapKey, Level, Measure, Quantity, Window, windows};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Nanos, Steady};

/// All caps, by name.
#[derive(Debug)]
pub struct Book {
    caps: Mutex<Caps>,
    /// How many caps were ever made: a chain that was made before is looked up again.
    made: AtomicU64,
    chains: Chains,
    /// From whose leases this process spends; without one, limits are all that counts.
    epoch: Option<Epoch>,
    bell: Bell,
    hourglass: Hourglass,
}

#[derive(Debug, Default)]
struct Caps {
    by_key: HashMap<CapKey, Arc<Cap>, foldhash::fast::RandomState>,
    gates: HashMap<CampaignId, Arc<Gate>>,
    /// Of campaigns whose budget is soft, or was.
    experiences: HashMap<CampaignId, Arc<Experience>>,
    /// Whoever has a cap of an hour.
    by_hour: HashSet<Level>,
    /// Windows before these are forgotten: no cap of theirs is made again.
    since: Option<(Day, Hour)>,
}

impl Caps {
    fn has_forgotten(&self, window: Window) -> bool {
        match (self.since, window) {
            (None, _) | (_, Window::Total) => false,
            (Some((since, _)), Window::Day(day)) => day < since,
            (Some((_, since)), Window::Hour(hour)) => hour < since,
        }
    }
}

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

impl Default for Book {
    fn default() -> Self {
        Self {
            caps: Mutex::default(),
            made: AtomicU64::new(0),
            chains: Chains::default(),
            epoch: None,
            bell: Bell::default(),
            hourglass: Hourglass::endless(),
        }
    }
}

impl Book {
    /// A book whose caps spend only what is granted to `epoch`, and nothing before the first answer.
    #[must_use]
    pub fn leased(epoch: Epoch) -> Self {
        Self { epoch: Some(epoch), hourglass: Hourglass::empty(), ..Self::default() }
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

    /// Runs out when the allocator was silent for as long as leases live, or has ended this epoch.
    #[must_use]
    pub fn hourglass(&self) -> &Hourglass {
        &self.hourglass
    }

    /// The cap of `key`; without a limit and unused if it is new.
    #[must_use]
    pub fn cap(&self, key: CapKey) -> Arc<Cap> {
        let campaign = if let Level::Campaign(campaign) = key.level { Some(campaign) } else { None };
        self.entry(&mut self.lock(), key, campaign)
    }

    /// The cap of `key`, behind the gate of its campaign as soon as somebody says which one that is.
    fn entry(&self, caps: &mut Caps, key: CapKey, campaign: Option<CampaignId>) -> Arc<Cap> {
        if matches!(key.window, Window::Hour(_)) {
            caps.by_hour.insert(key.level);
        }
        let cap = caps.by_key.entry(key).or_insert_with(|| {
            self.made.fetch_add(1, Ordering::AcqRel);
            Arc::new(Cap::new(key, self.epoch.is_some(), self.bell.clone()))
        });
        if let Some(campaign) = campaign {
            cap.move_behind(caps.gates.entry(campaign).or_default());
        }
        Arc::clone(cap)
    }

    /// The caps that `is_asked` says, in no order.
    #[must_use]
    pub fn caps(&self, is_asked: impl Fn(&CapKey) -> bool) -> Vec<Arc<Cap>> {
        let caps = self.lock();
        caps.by_key.iter().filter(|(key, _)| is_asked(key)).map(|(_, cap)| Arc::clone(cap)).collect()
    }

    /// A book of its own in which as much is committed of every cap as here, for decisions that are only tried. Nobody
    /// leases there: limits are all that counts.
    #[must_use]
    pub fn apart(&self) -> Self {
        let book = Self::default();
        for cap in self.caps(|_| true) {
            book.restore(cap.key(), cap.committed());
        }
        book
    }

    fn lock(&self) -> MutexGuard<'_, Caps> {
        self.caps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what was taken of a cap before this process began.
    pub fn restore(&self, key: CapKey, taken: Quantity) {
        self.cap(key).restore(taken);
    }

    /// The purse of one line item, under the limits of both budgets, which hold from now on for everyone. A bid on
    /// it costs about `likely`.
    #[must_use]
    pub fn purse(&self, key: PurseKey, budgets: [&Budget; 2], likely: Nanos) -> Purse {
        let deviations = match budgets[0].mode {
            BudgetMode::Hard => None,
            BudgetMode::Soft { deviations } => Some(deviations),
        };
        let mut caps = self.lock();
        let experience = deviations.map(|_| self.experience(&mut caps, key.campaign));
        let gate = Arc::clone(caps.gates.entry(key.campaign).or_default());
        let levels = windows(key.campaign, key.line_item, key.day, key.hour);
        let mut limited = |measure, at: usize| {
            let (level, window) = levels[at];
            let budget = budgets[usize::from(matches!(level, Level::LineItem(_)))];
            let limit = limit(budget, measure, window);
            let is_kept = measure == Measure::Money && at < 4;
            let of = CapKey { level, window, measure };
            if limit.is_none() && !is_kept && !caps.by_key.contains_key(&of) {
                return None;
            }
            let cap = self.entry(&mut caps, of, Some(key.campaign));
            let deviations = deviations.filter(|_| measure == Measure::Money);
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
        Purse::new(money, more, gate, experience, self.hourglass.clone())
    }

    fn experience(&self, caps: &mut Caps, campaign: CampaignId) -> Arc<Experience> {
        let experience = caps.experiences.entry(campaign).or_insert_with(|| {
            // Chains that were made before do not know it.
            self.made.fetch_add(1, Ordering::AcqRel);
            Arc::default()
        });
        Arc::clone(experience)
    }

    /// Counts what an event of `bid` uses, and gives back what the bid held, if it was held here. The
    /// lease of `bid` pays.
    pub fn settle(&self, bid: &BidFacts, held: Option<&Reserved>, used: &[(Measure, Quantity)]) {
        let BidFacts { campaign, line_item, day, at, .. } = *bid;
        // What another run's lease pays is taken elsewhere, as the allocator counts it: it would take its place twice
        // if it were counted here.
        let is_ours = self.epoch.is_none() || bid.lease == self.epoch();
        let of = |measure| {
            used.iter().find(|(of, _)| *of == measure).map_or(Quantity::ZERO, |(_, quantity)| *quantity)
        };
        let used = Measure::ALL.map(of);
        let key = PurseKey { campaign, line_item, day, hour: Hour::of(at) };
        self.with_chain(key, |chain| {
            let links = chain.links(key.hour).into_iter().flatten();
            if is_ours {
                let inside = chain.gate.enter();
                for (kind, cap) in links {
                    let stake = held.map(|held| held.stakes.of(*kind)).unwrap_or_default();
                    cap.settle(stake, used[kind.measure as usize], &inside);
                }
            } else {
                for (kind, cap) in links {
                    // Counted before it is given back: in between nobody finds room that there is not.
                    let used = used[kind.measure as usize];
                    if used != Quantity::ZERO {
                        cap.settle_elsewhere(used);
                    }
                    if let Some(held) = held {
                        cap.release(held.stakes.of(*kind), &chain.gate.enter());
                    }
                }
            }
            if let (Some(held), Some(experience)) = (held, &chain.experience) {
                experience.learn(held.stakes.worst, used[Measure::Money as usize]);
            }
        });
    }

    /// Holds a reservation that a former process was granted, at every level.
    pub fn hold(&self, reserved: &Reserved) {
        self.with_chain(reserved.purse, |chain| {
            let inside = chain.gate.enter();
            for (kind, cap) in chain.links(reserved.purse.hour).into_iter().flatten() {
                cap.hold(reserved.stakes.of(*kind), &inside);
            }
        });
    }

    /// Gives the reservation of a bid that came to nothing back, at every level.
    pub fn release(&self, reserved: &Reserved) {
        self.with_chain(reserved.purse, |chain| {
            let inside = chain.gate.enter();
            for (kind, cap) in chain.links(reserved.purse.hour).into_iter().flatten() {
                cap.release(reserved.stakes.of(*kind), &inside);
            }
            drop(inside);
            if let Some(experience) = &chain.experience {
                experience.learn(reserved.stakes.worst, Quantity::ZERO);
            }
        });
    }

    /// Does `act` with every cap that a bid of `key` counts in; of those that have no limit, money by the day and in
    /// total.
    fn with_chain(&self, key: PurseKey, act: impl FnOnce(&Chain)) {
        let place = (key.campaign, key.line_item, key.day);
        let made = self.made.load(Ordering::Acquire);
        self.chains.with(place, key.hour, made, || self.chain(key), act);
    }

    fn chain(&self, key: PurseKey) -> Chain {
        let caps = &mut *self.lock();
        let windows = windows(key.campaign, key.line_item, key.day, key.hour);
        let mut links = |by_hour: bool| -> Box<[Link]> {
            let mut links = Vec::new();
            for (level, window) in &windows {
                if matches!(window, Window::Hour(_)) != by_hour {
                    continue;
                }
                for measure in Measure::ALL {
                    let of = CapKey { level: *level, window: *window, measure };
                    let is_kept = measure == Measure::Money
                        && !matches!(window, Window::Hour(_))
                        && !caps.has_forgotten(*window);
                    if is_kept || caps.by_key.contains_key(&of) {
                        links.push((Kind::of(of), self.entry(caps, of, Some(key.campaign))));
                    }
                }
            }
            links.into()
        };
        let (of_day, of_hour) = (links(false), links(true));
        let by_hour = windows.iter().any(|(level, _)| caps.by_hour.contains(level));
        Chain {
            // Read while no cap can be made.
            made: self.made.load(Ordering::Acquire),
            gate: Arc::clone(caps.gates.entry(key.campaign).or_default()),
            caps: of_day,
            hours: by_hour.then(|| vec![(key.hour, of_hour)]),
            experience: caps.experiences.get(&key.campaign).cloned(),
        }
    }

    /// What caps want of the allocator after a look at `now`.
    #[must_use]
    pub fn asks(&self, now: Steady, lot: &Lot, look: Look) -> Vec<LeaseAsk> {
        let ask = |cap: &Arc<Cap>| {
            let known = cap.untold();
            let ask = cap.ask(now, lot, look)?;
            cap.will_be_told(known);
            Some(ask)
        };
        self.lock().by_key.values().filter_map(ask).collect()
    }

    /// Takes what the allocator granted to a question that was put before `until` less the time that leases live.
    pub fn granted(&self, grants: &[LeaseGrant], until: Steady) {
        {
            let caps = self.lock();
            for grant in grants {
                if let Some(cap) = caps.by_key.get(&grant.cap) {
                    cap.grant(grant);
                }
            }
        }
        self.hourglass.turn(until);
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

    /// True if any limit may be passed.
    #[must_use]
    pub fn has_soft_caps(&self) -> bool {
        self.lock().by_key.values().any(|cap| cap.is_soft())
    }

    /// By how much each campaign whose budget is soft can pass a limit now: if all of `open`, the bids that are out,
    /// are billed at their worst. Campaigns that cannot are left out.
    #[must_use]
    pub fn overruns(&self, open: impl Iterator<Item = Reserved>) -> Vec<(CampaignId, Nanos)> {
        let caps = self.lock();
        if !caps.by_key.values().any(|cap| cap.is_soft()) {
            return Vec::new();
        }
        let mut worst: HashMap<CapKey, (CampaignId, Quantity)> = HashMap::new();
        for Reserved { purse, stakes } in open {
            for (level, window) in windows(purse.campaign, purse.line_item, purse.day, purse.hour) {
                let key = CapKey { level, window, measure: Measure::Money };
                let (_, sum) = worst.entry(key).or_insert((purse.campaign, Quantity::ZERO));
                *sum = sum.plus(Quantity::money(stakes.worst));
            }
        }
        let mut overruns: HashMap<CampaignId, Quantity> = HashMap::new();
        for (key, (campaign, worst)) in worst {
            let Some(cap) = caps.by_key.get(&key).filter(|cap| cap.is_soft()) else { continue };
            let over = worst.plus(cap.used()).plus(cap.elsewhere()).minus(cap.limit());
            if over > Quantity::ZERO {
                let most = overruns.entry(campaign).or_default();
                *most = over.max(*most);
            }
        }
        overruns.into_iter().map(|(campaign, over)| (campaign, Nanos::from_raw(over.raw()))).collect()
    }

    /// Forgets the caps of days before `day` and of hours before `hour`, whose bids are too old to be billed.
    pub fn forget_before(&self, day: Day, hour: Hour) {
        {
            let mut caps = self.lock();
            let since = caps.since.map_or((day, hour), |since| (since.0.max(day), since.1.max(hour)));
            caps.since = Some(since);
            let kept = std::mem::take(&mut caps.by_key);
            caps.by_key = kept.into_iter().filter(|(key, _)| !caps.has_forgotten(key.window)).collect();
        }
        self.chains.forget_before(day, hour);
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
