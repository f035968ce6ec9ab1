//! The state of one budget's pace, 64 bytes, shared by all cores without a lock.
//!
//! The bid path multiplies what an impression is worth by [`Dual::factor`] and tells of every request that came by and
//! of every bid's outcome; the slow loop says ten times a second what a request should cost on average.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// The multiplier of one budget, and what moves it.
#[derive(Debug)]
#[repr(align(64))]
pub struct Dual {
    /// `y`, in units of 2^-40: the multiplier is `e^y`.
    log: AtomicI64,
    /// What a request should cost on average, in nanos, as the bits of a float; 0 = no plan yet.
    rho: AtomicU64,
    /// Requests that came by.
    seen: AtomicU64,
    /// What the bids that are out are expected to cost together, in nanos.
    outstanding: AtomicI64,
}

const UNIT: f64 = (1_u64 << 40) as f64;
const STEP: f64 = 0.001;
/// The range of `y`.
const RANGE: (f64, f64) = (-6.0, 0.0);

impl Default for Dual {
    fn default() -> Self {
        Self::at(0.0)
    }
}

impl Dual {
    /// A budget that bids `e^log` times what an impression is worth.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of logs before")]
    pub fn at(log: f64) -> Self {
        let log = (log.clamp(RANGE.0, RANGE.1) * UNIT) as i64;
        Self {
            log: AtomicI64::new(log),
            rho: AtomicU64::new(0),
            seen: AtomicU64::new(0),
            outstanding: AtomicI64::new(0),
        }
    }

    /// `y`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub fn log(&self) -> f64 {
        self.log.load(Ordering::Relaxed) as f64 / UNIT
    }

    /// Goes on at `log`, as a former process left it.
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of logs before")]
    pub fn resume(&self, log: f64) {
        self.log.store((log.clamp(RANGE.0, RANGE.1) * UNIT) as i64, Ordering::Relaxed);
    }

    /// By how much what an impression is worth is multiplied, above 0 and at most 1.
    #[must_use]
    pub fn factor(&self) -> f64 {
        self.log().exp()
    }

    /// `requests` came by that the budget could have bid on; the bid on them, if any, is expected to cost `expected`
    /// nanos.
    pub fn came(&self, requests: u32, expected: f64) {
        self.seen.fetch_add(u64::from(requests), Ordering::Relaxed);
        let rho = f64::from_bits(self.rho.load(Ordering::Relaxed));
        if rho > 0.0 {
            self.step(STEP * (f64::from(requests) - expected / rho));
        }
        self.owe(expected);
    }

    /// A bid that was expected to cost `expected` nanos cost `paid`; 0 if it was lost, expired or was not sent.
    pub fn outcome(&self, expected: f64, paid: f64) {
        let rho = f64::from_bits(self.rho.load(Ordering::Relaxed));
        if rho > 0.0 {
            self.step(STEP * (expected - paid) / rho);
        }
        self.owe(-expected);
    }

    /// A request should cost `rho` nanos on average from now on.
    pub fn replan(&self, rho: f64) {
        self.rho.store(rho.max(0.0).to_bits(), Ordering::Relaxed);
    }

    /// How many requests came by.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }

    /// What the bids that are out are expected to cost together, in nanos.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub fn outstanding(&self) -> f64 {
        self.outstanding.load(Ordering::Relaxed) as f64
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates, and is clamped after")]
    fn step(&self, by: f64) {
        let (low, high) = ((RANGE.0 * UNIT) as i64, (RANGE.1 * UNIT) as i64);
        let by = (by * UNIT) as i64;
        let before = self.log.fetch_add(by, Ordering::Relaxed);
        let after = before.saturating_add(by);
        if !(low..=high).contains(&after) {
            self.log.store(after.clamp(low, high), Ordering::Relaxed);
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "saturates")]
    fn owe(&self, nanos: f64) {
        self.outstanding.fetch_add(nanos.round() as i64, Ordering::Relaxed);
    }
}
