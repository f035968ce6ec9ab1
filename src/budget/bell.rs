//! What decisions and the keeper of the leases tell each other: that more is wanted, and until when the leases hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use crate::units::Steady;

/// Told when a cap wants more than it has leased; whoever keeps the leases looks.
#[derive(Debug, Clone, Default)]
pub struct Bell(Arc<AtomicBool>);

impl Bell {
    /// Rings it.
    pub fn ring(&self) {
        // Read first, so that a bell that rings already stays in every core's cache.
        if !self.0.load(Ordering::Relaxed) {
            self.0.store(true, Ordering::Release);
        }
    }

    /// True if it rang since it was last asked.
    #[must_use]
    pub fn has_rung(&self) -> bool {
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::AcqRel)
    }
}

/// Runs out unless the allocator answers in time: then nothing is spent, for it may give the leases to others.
#[derive(Debug, Clone)]
pub struct Hourglass(Arc<Sand>);

#[derive(Debug)]
struct Sand {
    /// Until when, by the steady clock.
    until: AtomicI64,
    /// True once somebody saw it run out: decisions, which read no clock, look at this.
    is_out: AtomicBool,
    /// True once it can never be turned again.
    is_broken: AtomicBool,
}

impl Hourglass {
    /// One that never runs out, for budgets that are not leased.
    #[must_use]
    pub fn endless() -> Self {
        Self::until(i64::MAX, false)
    }

    /// One that has run out until it is first turned.
    #[must_use]
    pub fn empty() -> Self {
        Self::until(i64::MIN, true)
    }

    fn until(until: i64, is_out: bool) -> Self {
        let (until, is_out) = (AtomicI64::new(until), AtomicBool::new(is_out));
        Self(Arc::new(Sand { until, is_out, is_broken: AtomicBool::new(false) }))
    }

    /// Turns it: leases hold until `until`. Never shortens what held before.
    pub fn turn(&self, until: Steady) {
        self.0.until.fetch_max(until.raw(), Ordering::AcqRel);
        let is_broken = self.0.is_broken.load(Ordering::Acquire);
        self.0.is_out.store(is_broken, Ordering::Release);
        if self.0.is_broken.load(Ordering::Acquire) {
            self.0.is_out.store(true, Ordering::Release);
        }
    }

    /// Lets it run out for good: the epoch has ended.
    pub fn smash(&self) {
        self.0.is_broken.store(true, Ordering::Release);
        self.0.is_out.store(true, Ordering::Release);
    }

    /// True if it has been smashed.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.0.is_broken.load(Ordering::Acquire)
    }

    /// Looks at it at `now`: true if it has run out.
    pub fn look(&self, now: Steady) -> bool {
        let is_out = self.is_broken() || now.raw() >= self.0.until.load(Ordering::Acquire);
        if is_out {
            self.0.is_out.store(true, Ordering::Release);
        }
        is_out
    }

    /// True if somebody saw it run out.
    #[must_use]
    pub fn is_out(&self) -> bool {
        self.0.is_out.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::{Bell, Hourglass};
    use crate::units::Steady;

    #[test]
    fn a_bell_rings_once_for_whoever_asks() {
        let bell = Bell::default();
        assert!(!bell.has_rung());
        bell.clone().ring();
        bell.ring();
        assert!(bell.has_rung() && !bell.has_rung());
    }

    #[test]
    fn an_hourglass_runs_out_at_its_time_and_can_be_turned_again() {
        let (glass, at) = (Hourglass::empty(), Steady::from_raw);
        assert!(glass.is_out() && glass.look(at(0)), "nothing holds before the first answer");
        glass.turn(at(5_000));
        assert!(!glass.is_out() && !glass.look(at(4_999)));
        assert!(glass.look(at(5_000)) && glass.is_out());
        glass.turn(at(9_000));
        assert!(!glass.is_out(), "the allocator answered again");
        glass.turn(at(6_000));
        assert!(!glass.look(at(8_999)), "an older answer shortens nothing");
    }

    #[test]
    fn a_smashed_hourglass_is_never_turned_again_and_an_endless_one_never_runs_out() {
        let (glass, endless) = (Hourglass::empty(), Hourglass::endless());
        glass.turn(Steady::from_raw(5_000));
        glass.smash();
        glass.turn(Steady::from_raw(9_000));
        assert!(glass.is_out() && glass.is_broken() && glass.look(Steady::from_raw(1)));
        assert!(!endless.look(Steady::from_raw(i64::MAX - 1)) && !endless.is_out());
    }
}
