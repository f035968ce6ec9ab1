//! One cap, as one process sees it: what it may commit from its lease, and what it has committed.
//!
//! What is committed and the ceiling above it change behind the gate of the campaign only. So nothing is ever
//! committed above a ceiling that was lowered in the same moment, and what a lease gives back nobody spends.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::budget::bell::Bell;
use crate::budget::gate::{Gate, Inside, Sum};
use crate::budget::lot::Lot;
use crate::budget::treasury::{LeaseAsk, LeaseGrant};
use crate::ledger::{CapKey, Quantity};
use crate::units::Steady;

/// What one bid commits of a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stake {
    /// What it counts: its worst case; where the budget is soft, what it is expected to cost.
    pub mean: Quantity,
    /// Where the budget is soft, the variance of that, in squares of 1,000 nanos; else 0.
    pub variance: i64,
}

impl Stake {
    /// All of `quantity`, whatever happens.
    #[must_use]
    pub const fn certain(quantity: Quantity) -> Self {
        Self { mean: quantity, variance: 0 }
    }
}

/// Which caps are asked about their leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Those that rang.
    Rung,
    /// All of them: also those that could have more only if others gave something back.
    Round,
}

/// A cap. Of an amount it counts nano-units of its campaign's currency, of impressions and clicks their number.
#[derive(Debug)]
pub struct Cap {
    hot: Hot,
    key: CapKey,
    /// Its campaign's, once somebody said which campaign that is.
    gate: OnceLock<Arc<Gate>>,
    /// Stands in for it until then.
    own_gate: Gate,
    /// The limit, and what is taken of it outside this process's lease: before it began, by others. The same as in
    /// the terms, for decisions, which wait for nobody.
    limit: Sum,
    elsewhere: Sum,
    /// What was counted elsewhere since the allocator was asked: an answer does not know of it yet.
    untold: AtomicI64,
    /// The largest reservation that found no room, or what the plan says that one costs.
    largest: AtomicI64,
    /// True if a bid found too little leased, or soon will.
    is_short: AtomicBool,
    /// Locked by whoever is inside, or reads it.
    terms: Mutex<Terms>,
    bell: Bell,
}

/// What every bid touches, on one cache line.
#[derive(Debug)]
#[repr(align(64))]
struct Hot {
    /// Used and reserved by this process: the one number that the ceiling bounds.
    committed: Sum,
    /// The most that may be committed: what is leased, and never more than the limit leaves.
    ceiling: Sum,
    /// Beyond this the lease is running short.
    low_water: Sum,
    /// Of all reservations that are open, where the budget is soft.
    variance: Sum,
    /// Hundredths of a standard deviation that are held beside the mean; [`HARD`] where the budget is hard.
    deviations: Sum,
    /// Used by this process.
    used: Sum,
}

/// Stands for the deviations of a budget whose bids count their worst case.
const HARD: i64 = -1;

/// What the ceiling follows from, and how the lease was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    limit: Quantity,
    elsewhere: Quantity,
    /// Granted and not returned; `None` where nobody grants, and only the limit counts.
    leased: Option<Quantity>,
    /// What is left of the lease once something is given back: the rest is out of use from before the allocator
    /// hears of it until its answer came, however often it has to be asked.
    kept: Quantity,
    /// What was used, as far as this process knew, when it last asked: until the allocator has told what was used
    /// in this epoch before the cap was made.
    unknown_at: Option<Quantity>,
    /// When the lease was last looked at, and what was committed then.
    looked: Option<(Steady, Quantity)>,
}

impl Terms {
    fn left(&self) -> Quantity {
        self.limit.minus(self.elsewhere)
    }

    fn ceiling(&self) -> Quantity {
        if self.limit == Quantity::MAX {
            return Quantity::MAX;
        }
        self.leased.map_or(self.left(), |leased| leased.min(self.kept).min(self.left()))
    }
}

impl Cap {
    /// A cap without a limit of which nothing is used; `leased` if nothing may be committed under a limit that was
    /// not granted.
    #[must_use]
    pub fn new(key: CapKey, leased: bool, bell: Bell) -> Self {
        let terms = Terms {
            limit: Quantity::MAX,
            elsewhere: Quantity::ZERO,
            leased: leased.then_some(Quantity::ZERO),
            kept: Quantity::MAX,
            unknown_at: leased.then_some(Quantity::ZERO),
            looked: None,
        };
        let hot = Hot {
            committed: Sum::new(0),
            ceiling: Sum::new(terms.ceiling().raw()),
            low_water: Sum::new(i64::MAX),
            variance: Sum::new(0),
            deviations: Sum::new(HARD),
            used: Sum::new(0),
        };
        Self {
            hot,
            key,
            gate: OnceLock::new(),
            own_gate: Gate::default(),
            limit: Sum::new(terms.limit.raw()),
            elsewhere: Sum::new(0),
            untold: AtomicI64::new(0),
            largest: AtomicI64::new(0),
            is_short: AtomicBool::new(false),
            terms: Mutex::new(terms),
            bell,
        }
    }

    /// Puts it behind the gate of its campaign, for good.
    ///
    /// # Panics
    ///
    /// If it stands behind another one: a line item has one campaign, and under two gates nobody could count.
    pub(in crate::budget) fn move_behind(&self, gate: &Arc<Gate>) {
        if self.gate.get().is_none() {
            // Whoever enters its own gate after this finds that it has moved.
            let _inside = self.own_gate.enter();
            let _ = self.gate.set(Arc::clone(gate));
        }
        let is_there = self.gate.get().is_some_and(|of| Arc::ptr_eq(of, gate));
        assert!(is_there, "{:?} is of two campaigns", self.key);
    }

    /// Enters the gate that it stands behind.
    #[must_use]
    pub fn enter(&self) -> Inside<'_> {
        if let Some(gate) = self.gate.get() {
            return gate.enter();
        }
        let inside = self.own_gate.enter();
        match self.gate.get() {
            None => inside,
            Some(gate) => {
                drop(inside);
                gate.enter()
            }
        }
    }

    fn is_entered(&self, inside: &Inside<'_>) -> bool {
        inside.is_of(self.gate.get().map_or(&self.own_gate, |gate| gate))
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> CapKey {
        self.key
    }

    /// True if `stake` can be committed now. Where it cannot, [`Cap::was_refused`] is to be told.
    #[must_use]
    pub fn fits(&self, stake: Stake, inside: &Inside<'_>) -> bool {
        debug_assert!(self.is_entered(inside), "{:?} is not behind this gate", self.key);
        let mean = stake.mean.raw();
        let sum = self.hot.committed.get().checked_add(mean).filter(|_| mean >= 0);
        // A variance that nobody could add up fits nowhere.
        let variance = self.hot.variance.get().checked_add(stake.variance);
        let (Some(sum), Some(variance)) = (sum, variance) else { return false };
        sum.saturating_add(self.margin(variance)) <= self.hot.ceiling.get()
    }

    /// Commits a stake that fits.
    pub fn commit(&self, stake: Stake, inside: &Inside<'_>) {
        self.hold(stake, inside);
        if self.hot.committed.get() > self.hot.low_water.get() {
            self.ring();
        }
    }

    /// What is held beside the mean of open reservations that vary by `variance` together. Rounded up.
    fn margin(&self, variance: i64) -> i64 {
        let deviations = self.hot.deviations.get();
        if deviations <= 0 || variance <= 0 {
            return 0;
        }
        // In thousands of nanos; squares of them keep the sum of a million bids within 64 bits.
        let deviation = i128::from(variance.isqrt()) + 1;
        let margin = deviation * 1_000 * i128::from(deviations) / 100 + 1;
        i64::try_from(margin).unwrap_or(i64::MAX)
    }

    /// Remembers that `quantity` found no room, and asks for more where anybody can help: not where the limit itself
    /// is reached.
    pub fn was_refused(&self, quantity: Quantity) {
        self.expect(quantity);
        if self.hot.low_water.get() != i64::MAX {
            self.ring();
        }
    }

    fn ring(&self) {
        // Read first, so that a cap that is short already stays in every core's cache.
        if !self.is_short.load(Ordering::Relaxed) {
            self.is_short.store(true, Ordering::Release);
            self.bell.ring();
        }
    }

    /// True if `quantity` more would fit now. Clicks, which nobody reserves, ask this.
    #[must_use]
    pub fn has_room(&self, quantity: Quantity) -> bool {
        self.committed_here().plus(quantity).raw() <= self.hot.ceiling.get()
    }

    /// Holds what a former process committed, room or not.
    pub fn hold(&self, stake: Stake, inside: &Inside<'_>) {
        debug_assert!(self.is_entered(inside), "{:?} is not behind this gate", self.key);
        self.hot.committed.add(stake.mean.raw(), inside);
        self.hot.variance.add(stake.variance, inside);
    }

    /// Gives a reservation back.
    pub fn release(&self, stake: Stake, inside: &Inside<'_>) {
        self.settle(stake, Quantity::ZERO, inside);
    }

    /// Turns a reservation into a use of `used`. Without one (`stake` is nothing) it is booked all the same, room
    /// or not: it is what happened.
    pub fn settle(&self, stake: Stake, used: Quantity, inside: &Inside<'_>) {
        debug_assert!(self.is_entered(inside), "{:?} is not behind this gate", self.key);
        self.hot.used.add(used.raw(), inside);
        self.hot.committed.add(used.minus(stake.mean).raw(), inside);
        self.hot.variance.add(stake.variance.saturating_neg(), inside);
    }

    /// Counts a use that is not paid from this process's lease.
    pub fn settle_elsewhere(&self, used: Quantity) {
        if used != Quantity::ZERO {
            self.set_terms(|terms, _| {
                terms.elsewhere = terms.elsewhere.plus(used);
                // What is given back is believed once the allocator tells it.
                self.untold.fetch_add(used.raw().max(0), Ordering::AcqRel);
            });
        }
    }

    /// What was counted elsewhere since the last question.
    pub(in crate::budget) fn untold(&self) -> i64 {
        self.untold.load(Ordering::Acquire)
    }

    /// A question is put that was asked after `known` was counted elsewhere: its answer contains that.
    pub(in crate::budget) fn will_be_told(&self, known: i64) {
        self.untold.fetch_sub(known, Ordering::AcqRel);
    }

    /// Changes the limit from now on; what is committed stays committed. So many hundredths of a
    /// standard deviation are held beside the mean where the budget is soft.
    pub fn set_limit(&self, limit: Quantity, deviations: Option<u32>) {
        let is_new = self.set_terms(|terms, inside| {
            self.hot.deviations.set(deviations.map_or(HARD, i64::from), inside);
            let is_new = terms.limit != limit && terms.leased.is_some() && limit != Quantity::MAX;
            let is_lower = is_new && limit < terms.limit;
            terms.limit = limit;
            if is_lower {
                // What others took since the last answer only the allocator knows: until it says so, no more.
                let _ = self.lower(terms, Quantity::ZERO, inside);
            }
            is_new
        });
        if is_new {
            // Nobody has to bid in vain before a lease is asked for.
            self.ring();
        }
    }

    /// Takes what was granted.
    pub fn grant(&self, grant: &LeaseGrant) {
        self.set_terms(|terms, inside| {
            if let Some(used_then) = terms.unknown_at.take() {
                // Made in the midst of an epoch: what was used before it was made is told, and counts. What was
                // used since the question may count twice; that errs on the safe side.
                let missed = grant.used.minus(used_then).max(Quantity::ZERO);
                self.settle(Stake::default(), missed, inside);
            }
            terms.leased = terms.leased.map(|_| grant.leased);
            // What came since the question may count twice; that errs on the safe side.
            terms.elsewhere = grant.elsewhere.plus(Quantity::from_raw(self.untold()));
            terms.kept = Quantity::MAX;
        });
    }

    /// What the lease should look like after a look at `now`, given how fast the cap is used; `None` if it is well as
    /// it is. What it gives back nobody commits any more when this returns.
    #[must_use]
    pub fn ask(&self, now: Steady, lot: &Lot, look: Look) -> Option<LeaseAsk> {
        // Read first: of all caps few are short.
        let is_short = self.is_short.load(Ordering::Acquire) && self.is_short.swap(false, Ordering::AcqRel);
        if look == Look::Rung && !is_short {
            return None;
        }
        let inside = self.enter();
        let mut terms = self.lock();
        let leased = terms.leased?;
        if let Some(used_then) = &mut terms.unknown_at {
            *used_then = self.used();
        }
        let is_unknown = terms.unknown_at.is_some();
        let limit = terms.limit;
        let ask = |target, least| LeaseAsk { cap: self.key, limit, target, least };
        if limit == Quantity::MAX {
            // Nothing to lease; but what was used before it was known must be learnt once.
            return is_unknown.then(|| ask(leased, Quantity::ZERO));
        }
        let committed = self.committed_here();
        let (since, before) = terms.looked.unwrap_or((now, committed));
        let grown = committed.minus(before).max(Quantity::ZERO);
        // A moment is too short to tell how fast a cap is used.
        if terms.looked.is_none() || now.since(since) >= Lot::MOMENT {
            terms.looked = Some((now, committed));
        }
        let least = Quantity::from_raw(self.largest.load(Ordering::Relaxed).max(1));
        let wanted = lot.free(grown, now.since(since), least, terms.left());
        let free = leased.minus(committed);
        let is_short = free.raw() < wanted.raw() / 2;
        let room = terms.left().minus(leased);
        // Where all is taken, others may give something back: that is looked at in good time, not at every ring.
        let may_grow = room > Quantity::ZERO || look == Look::Round;
        let is_idle = free.raw() / 4 > wanted.raw();
        // The limit was lowered: others may use what this one cannot.
        let is_beyond = room < Quantity::ZERO && free > Quantity::ZERO;
        let is_unanswered = terms.kept != Quantity::MAX;
        if !(is_short && may_grow || is_idle || is_beyond || is_unknown || is_unanswered) {
            return None;
        }
        let mut ask = ask(committed.plus(wanted), least);
        if is_beyond {
            ask.target = ask.target.min(terms.left().max(committed));
        }
        if ask.target < leased {
            ask.target = self.lower(&mut terms, ask.target, &inside);
        }
        Some(ask)
    }

    /// Takes all of the lease above `target` out of use, but for what is committed already; returns what stays.
    fn lower(&self, terms: &mut Terms, target: Quantity, inside: &Inside<'_>) -> Quantity {
        let target = target.max(self.committed_here());
        // An earlier return that nobody answered may be others' by now: what it took out of use stays so.
        terms.kept = terms.kept.min(target);
        self.hot.ceiling.set(terms.ceiling().raw(), inside);
        target
    }

    fn set_terms<T>(&self, change: impl FnOnce(&mut Terms, &Inside<'_>) -> T) -> T {
        let inside = &self.enter();
        let mut terms = self.lock();
        let changed = change(&mut terms, inside);
        self.limit.set(terms.limit.raw(), inside);
        self.elsewhere.set(terms.elsewhere.raw(), inside);
        self.hot.ceiling.set(terms.ceiling().raw(), inside);
        // A lease that ends at the limit cannot grow; one that does not is asked about in good time.
        let low_water = match terms.leased {
            Some(leased) if leased < terms.left() && terms.limit != Quantity::MAX => {
                let committed = self.hot.committed.get();
                leased.raw() - leased.raw().saturating_sub(committed).max(0) / 2
            }
            _ => i64::MAX,
        };
        self.hot.low_water.set(low_water, inside);
        changed
    }

    fn lock(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Quantity {
        Quantity::from_raw(self.limit.get())
    }

    /// What is leased; `None` where nobody grants.
    #[must_use]
    pub fn leased(&self) -> Option<Quantity> {
        self.lock().leased
    }

    /// True if its reservations count what they are expected to cost.
    #[must_use]
    pub fn is_soft(&self) -> bool {
        self.hot.deviations.get() != HARD
    }

    /// Used and reserved by this process alone, and what is held beside the mean of its soft reservations.
    #[must_use]
    pub fn committed_here(&self) -> Quantity {
        let margin = self.margin(self.hot.variance.get());
        Quantity::from_raw(self.hot.committed.get()).plus(Quantity::from_raw(margin))
    }

    /// Used and reserved by anybody, as far as this process knows.
    #[must_use]
    pub fn committed(&self) -> Quantity {
        self.committed_here().plus(self.elsewhere())
    }

    /// Taken outside this process's lease, as far as it knows.
    #[must_use]
    pub fn elsewhere(&self) -> Quantity {
        Quantity::from_raw(self.elsewhere.get())
    }

    /// Used by this process: billed, shown or clicked.
    #[must_use]
    pub fn used(&self) -> Quantity {
        Quantity::from_raw(self.hot.used.get())
    }

    /// Tells that a reservation may be as large as `quantity`: a lease is never smaller.
    pub fn expect(&self, quantity: Quantity) {
        if quantity.raw() > self.largest.load(Ordering::Relaxed) {
            self.largest.fetch_max(quantity.raw(), Ordering::Relaxed);
        }
    }

    /// Counts what was taken before this epoch began, or by others: all that the allocator knows when it begins.
    pub fn restore(&self, elsewhere: Quantity) {
        self.set_terms(|terms, _| {
            terms.unknown_at = None;
            terms.elsewhere = elsewhere;
        });
    }

    /// True if `quantity` more would pass the limit itself, whatever is leased.
    #[must_use]
    pub fn is_spent(&self, quantity: Quantity) -> bool {
        self.committed().plus(quantity) > self.limit()
    }
}
