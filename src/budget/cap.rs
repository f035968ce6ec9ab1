//! One cap, as one process sees it: what it may commit from its lease, and what it has committed.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::budget::lot::Lot;
use crate::budget::treasury::{LeaseAsk, LeaseGrant};
use crate::ledger::{CapKey, Quantity};
use crate::units::Millis;

/// Told when a cap wants more than it has leased; whoever keeps the leases looks.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<AtomicBool>);

impl Bell {
    /// Rings it.
    pub fn ring(&self) {
        // Read first, so that a bell that rings already stays in every core's cache.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    /// True if it rang since it was last asked.
    #[must_use]
    pub fn has_rung(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

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

/// A cap. Of an amount it counts nano-units of its campaign's currency, of impressions and clicks their number.
#[derive(Debug)]
pub struct Cap {
    key: CapKey,
    /// The most that may be committed: what is leased, and never more than the limit leaves.
    ceiling: AtomicI64,
    /// Used and reserved by this process: the one number that the ceiling bounds.
    committed: AtomicI64,
    /// Beyond this the lease is running short.
    low_water: AtomicI64,
    /// Of all reservations that are open, where the budget is soft.
    variance: AtomicI64,
    /// Hundredths of a standard deviation that are held beside the mean; 0 where the budget is hard.
    deviations: AtomicI64,
    /// Taken outside this process's lease: before it began, by others.
    elsewhere: AtomicI64,
    /// Used by this process.
    used: AtomicI64,
    /// The largest reservation that found no room, or what the plan says that one costs.
    largest: AtomicI64,
    /// What was committed when leases were last looked at.
    asked_at: AtomicI64,
    /// False until the allocator has told what was used in this epoch before the cap was made.
    known: AtomicBool,
    terms: Mutex<Terms>,
    bell: Bell,
}

/// What the ceiling follows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Terms {
    limit: Quantity,
    elsewhere: Quantity,
    /// Granted and not returned; `None` where nobody grants, and only the limit counts.
    leased: Option<Quantity>,
}

impl Terms {
    fn ceiling(self) -> Quantity {
        if self.limit == Quantity::MAX {
            return Quantity::MAX;
        }
        let left = self.limit.minus(self.elsewhere);
        self.leased.map_or(left, |leased| leased.min(left))
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
        };
        Self {
            key,
            ceiling: AtomicI64::new(terms.ceiling().raw()),
            committed: AtomicI64::new(0),
            low_water: AtomicI64::new(i64::MAX),
            variance: AtomicI64::new(0),
            deviations: AtomicI64::new(0),
            elsewhere: AtomicI64::new(0),
            used: AtomicI64::new(0),
            largest: AtomicI64::new(0),
            asked_at: AtomicI64::new(0),
            known: AtomicBool::new(!leased),
            terms: Mutex::new(terms),
            bell,
        }
    }

    /// Its name.
    #[must_use]
    pub fn key(&self) -> CapKey {
        self.key
    }

    /// Commits `stake`, whole or not at all.
    #[must_use]
    pub fn try_reserve(&self, stake: Stake) -> bool {
        let ceiling = self.ceiling.load(Ordering::Relaxed);
        let margin = self.margin(stake.variance);
        let taken = self.committed.try_update(Ordering::AcqRel, Ordering::Relaxed, |committed| {
            let sum = committed.checked_add(stake.mean.raw())?;
            (sum.saturating_add(margin) <= ceiling).then_some(sum)
        });
        let low_water = self.low_water.load(Ordering::Relaxed);
        match taken {
            Ok(committed) => {
                if stake.variance != 0 {
                    self.variance.fetch_add(stake.variance, Ordering::AcqRel);
                }
                if committed.saturating_add(stake.mean.raw()) > low_water {
                    self.bell.ring();
                }
            }
            Err(_) => {
                self.largest.fetch_max(stake.mean.raw(), Ordering::Relaxed);
                // Where the limit itself is reached nobody can help.
                if low_water != i64::MAX {
                    self.bell.ring();
                }
            }
        }
        taken.is_ok()
    }

    /// What is held beside the mean, for all open reservations and one of `variance`. Rounded up.
    fn margin(&self, variance: i64) -> i64 {
        let deviations = self.deviations.load(Ordering::Relaxed);
        if deviations == 0 {
            return 0;
        }
        let sum = self.variance.load(Ordering::Relaxed).saturating_add(variance);
        // In thousands of nanos; squares of them keep the sum of a million bids within 64 bits.
        let deviation = sum.max(0).isqrt() + 1;
        deviation.saturating_mul(1_000).saturating_mul(deviations) / 100 + 1
    }

    /// True if `quantity` more would fit now. Clicks, which nobody reserves, ask this.
    #[must_use]
    pub fn has_room(&self, quantity: Quantity) -> bool {
        let committed = self.committed.load(Ordering::Acquire);
        let fits = committed.saturating_add(quantity.raw()).saturating_add(self.margin(0))
            <= self.ceiling.load(Ordering::Relaxed);
        if !fits && self.low_water.load(Ordering::Relaxed) != i64::MAX {
            self.largest.fetch_max(quantity.raw(), Ordering::Relaxed);
            self.bell.ring();
        }
        fits
    }

    /// Holds what a former process committed, room or not.
    pub fn hold(&self, stake: Stake) {
        self.committed.fetch_add(stake.mean.raw(), Ordering::AcqRel);
        self.variance.fetch_add(stake.variance, Ordering::AcqRel);
    }

    /// Gives a reservation back.
    pub fn release(&self, stake: Stake) {
        self.committed.fetch_sub(stake.mean.raw(), Ordering::AcqRel);
        if stake.variance != 0 {
            self.variance.fetch_sub(stake.variance, Ordering::AcqRel);
        }
    }

    /// Turns a reservation into a use of `used`. Without one (`stake` is nothing) it is booked all the same, room
    /// or not: it is what happened.
    pub fn settle(&self, stake: Stake, used: Quantity) {
        self.used.fetch_add(used.raw(), Ordering::AcqRel);
        self.committed.fetch_add(used.raw() - stake.mean.raw(), Ordering::AcqRel);
        if stake.variance != 0 {
            self.variance.fetch_sub(stake.variance, Ordering::AcqRel);
        }
    }

    /// Counts a use that is not paid from this process's lease.
    pub fn settle_elsewhere(&self, used: Quantity) {
        self.set_terms(|terms| terms.elsewhere = terms.elsewhere.plus(used));
    }

    /// Changes the limit from now on; what is committed stays committed. `deviations` is 0 for a hard budget.
    pub fn set_limit(&self, limit: Quantity, deviations: u32) {
        self.deviations.store(i64::from(deviations), Ordering::Relaxed);
        self.set_terms(|terms| terms.limit = limit);
    }

    /// Takes what was granted.
    pub fn grant(&self, grant: &LeaseGrant) {
        if !self.known.swap(true, Ordering::AcqRel) {
            // Made in the midst of an epoch: what was used before is told, and counts.
            let missed = grant.used.raw() - self.used.swap(grant.used.raw(), Ordering::AcqRel);
            self.committed.fetch_add(missed, Ordering::AcqRel);
        }
        self.set_terms(|terms| {
            terms.leased = terms.leased.map(|_| grant.leased);
            terms.elsewhere = grant.elsewhere;
        });
    }

    /// Takes `quantity` of the lease out of use, whole or not at all, to be given back: nobody reserves it until it
    /// is released.
    #[must_use]
    pub fn withdraw(&self, quantity: Quantity) -> bool {
        let ceiling = self.ceiling.load(Ordering::Relaxed);
        let margin = self.margin(0);
        let withdrawn = self.committed.try_update(Ordering::AcqRel, Ordering::Relaxed, |committed| {
            let sum = committed.checked_add(quantity.raw())?;
            (sum.saturating_add(margin) <= ceiling).then_some(sum)
        });
        withdrawn.is_ok()
    }

    /// What `lease` wants to look like in the next round, given how fast the cap is used; `None` if it is well as it
    /// is.
    #[must_use]
    pub fn ask(&self, elapsed: Millis, terms: &Lot) -> Option<LeaseAsk> {
        let (limit, leased, elsewhere) = {
            let terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
            (terms.limit, terms.leased?, terms.elsewhere)
        };
        let committed = self.committed_here();
        let known = self.known.load(Ordering::Acquire);
        let grown =
            committed.minus(Quantity::from_raw(self.asked_at.swap(committed.raw(), Ordering::Relaxed)));
        if limit == Quantity::MAX {
            // Nothing to lease; but what was used before it was known must be learnt once.
            return (!known).then_some(LeaseAsk {
                cap: self.key,
                limit,
                target: leased,
                least: Quantity::ZERO,
            });
        }
        let least = Quantity::from_raw(self.largest.load(Ordering::Relaxed).max(1));
        let wanted = terms.free(grown.max(Quantity::ZERO), elapsed, least);
        let free = leased.minus(committed);
        let room = limit.minus(elsewhere).minus(leased);
        // Also where all seems taken: what others held may be free by now.
        let is_short = free.raw() < wanted.raw() / 2;
        let is_idle = free.raw() / 4 > wanted.raw();
        (is_short || is_idle || !known || room < Quantity::ZERO).then(|| LeaseAsk {
            cap: self.key,
            limit,
            target: committed.plus(wanted),
            least,
        })
    }

    fn set_terms(&self, change: impl FnOnce(&mut Terms)) {
        let mut terms = self.terms.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut terms);
        self.elsewhere.store(terms.elsewhere.raw(), Ordering::Release);
        self.ceiling.store(terms.ceiling().raw(), Ordering::Release);
        // A lease that ends at the limit cannot grow; one that does not is asked about in good time.
        let left = terms.limit.minus(terms.elsewhere);
        let low_water = match terms.leased {
            Some(leased) if leased < left && terms.limit != Quantity::MAX => {
                let committed = self.committed.load(Ordering::Acquire);
                leased.raw() - (leased.raw().saturating_sub(committed)).max(0) / 2
            }
            _ => i64::MAX,
        };
        self.low_water.store(low_water, Ordering::Relaxed);
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Quantity {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).limit
    }

    /// What is leased; `None` where nobody grants.
    #[must_use]
    pub fn leased(&self) -> Option<Quantity> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner).leased
    }

    /// Used and reserved by this process alone, and what is held beside the mean of its soft reservations.
    #[must_use]
    pub fn committed_here(&self) -> Quantity {
        Quantity::from_raw(self.committed.load(Ordering::Acquire).saturating_add(self.margin(0)))
    }

    /// Used and reserved by anybody, as far as this process knows.
    #[must_use]
    pub fn committed(&self) -> Quantity {
        self.committed_here().plus(Quantity::from_raw(self.elsewhere.load(Ordering::Acquire)))
    }

    /// Used by this process: billed, shown or clicked.
    #[must_use]
    pub fn used(&self) -> Quantity {
        Quantity::from_raw(self.used.load(Ordering::Acquire))
    }

    /// Tells that a reservation may be as large as `quantity`: a lease is never smaller.
    pub fn expect(&self, quantity: Quantity) {
        self.largest.fetch_max(quantity.raw(), Ordering::Relaxed);
    }

    /// Counts what was taken before this epoch began, or by others: all that the allocator knows when it begins.
    pub fn restore(&self, elsewhere: Quantity) {
        self.known.store(true, Ordering::Release);
        self.set_terms(|terms| terms.elsewhere = elsewhere);
    }

    /// True if `quantity` more would pass the limit itself, whatever is leased.
    #[must_use]
    pub fn is_spent(&self, quantity: Quantity) -> bool {
        self.committed().plus(quantity) > self.limit()
    }
}
