//! The clocks of a machine: one that people set, and one that never steps.

use crate::units::{Steady, UnixMillis};

/// The clocks of one machine. True time is counted from the beginning of the world.
#[derive(Debug, Clone, Copy)]
pub(in crate::sim::faults) struct Clock {
    /// What the wall clock showed at the beginning.
    begins: UnixMillis,
    /// By how much it was stepped since.
    stepped: i64,
    /// By how many millionths it is fast.
    drift_ppm: i64,
    /// When the process began.
    started: i64,
}

impl Clock {
    pub(in crate::sim::faults) fn new(begins: UnixMillis, drift_ppm: i64) -> Self {
        Self { begins, stepped: 0, drift_ppm, started: 0 }
    }

    /// What the wall clock shows at true time `now`.
    pub(in crate::sim::faults) fn wall(&self, now: i64) -> UnixMillis {
        UnixMillis::from_raw(self.begins.raw() + now + now * self.drift_ppm / 1_000_000 + self.stepped)
    }

    /// What the steady clock of the process shows.
    pub(in crate::sim::faults) fn steady(&self, now: i64) -> Steady {
        Steady::from_raw(now - self.started)
    }

    /// True time, by the steady clock of the process.
    pub(in crate::sim::faults) fn true_time(&self, at: Steady) -> i64 {
        at.raw() + self.started
    }

    /// Sets the wall clock `by` milliseconds on, or back.
    pub(in crate::sim::faults) fn step(&mut self, by: i64) {
        self.stepped += by;
    }

    /// A process starts at true time `now`: its steady clock begins.
    pub(in crate::sim::faults) fn start(&mut self, now: i64) {
        self.started = now;
    }
}
