//! The one lock in front of all caps of a campaign, and the numbers behind it.
//!
//! A bid counts under four caps at least, each of which would cost it an atomic change and a wait for the line of
//! the cache that another core has; a lock costs one of each, and behind it a change is a load and a store. Whoever
//! is inside sees all caps of the campaign as they are; from outside anybody may read any of them at any time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// In front of all caps of one campaign and of its line items.
#[derive(Debug, Default)]
pub struct Gate(Mutex<()>);

/// Proof of being inside of a gate; dropped, the next one enters. Nobody takes another lock in there but those of
/// single caps.
#[derive(Debug)]
pub struct Inside<'a> {
    gate: &'a Gate,
    _entered: MutexGuard<'a, ()>,
}

impl Gate {
    /// Waits until nobody else is inside.
    pub fn enter(&self) -> Inside<'_> {
        Inside { gate: self, _entered: self.0.lock().unwrap_or_else(PoisonError::into_inner) }
    }
}

impl Inside<'_> {
    /// True if it is `gate` that was entered.
    #[must_use]
    pub fn is_of(&self, gate: &Gate) -> bool {
        std::ptr::eq(self.gate, gate)
    }
}

/// A number that anybody reads, and that only whoever is inside changes.
#[derive(Debug)]
pub struct Sum(AtomicI64);

impl Sum {
    /// `raw`, to begin with.
    #[must_use]
    pub const fn new(raw: i64) -> Self {
        Self(AtomicI64::new(raw))
    }

    /// What it is; from outside, what it was a moment ago.
    #[must_use]
    pub fn get(&self) -> i64 {
        self.0.load(Ordering::Acquire)
    }

    /// Sets it.
    pub fn set(&self, raw: i64, _: &Inside<'_>) {
        self.0.store(raw, Ordering::Release);
    }

    /// Adds `amount`; held at the ends of the range.
    pub fn add(&self, amount: i64, inside: &Inside<'_>) {
        if amount != 0 {
            self.set(self.get().saturating_add(amount), inside);
        }
    }
}
