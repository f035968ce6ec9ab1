//! The time-clock dual: each minute a dual ascent by what was spent of what the curve planned
//! (after Balseiro and Gur 2019, on a clock of minutes).

use crate::sim::judge::policies::books::Books;
use crate::sim::judge::policies::{STARTS, grid};
use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Restart, Told};
use crate::units::{Cpm, Nanos, UnixMillis};

struct Clock {
    books: Books,
    log: f64,
    multiplier: f64,
    eta: f64,
}

const LEAST: f64 = -6.0;

/// The candidate: three steps by three multipliers to start with.
pub fn candidate() -> Candidate {
    Candidate {
        name: "time-dual",
        words: "a dual ascent on a clock of minutes",
        ours: false,
        settings: grid([0.03, 0.1, 0.3], STARTS),
        make: |brief: &Brief, [eta, start]| {
            Box::new(Clock { books: Books::new(brief), log: start.ln(), multiplier: start, eta })
        },
    }
}

impl Clock {
    fn set(&mut self, log: f64) {
        self.log = log.clamp(LEAST, 0.0);
        self.multiplier = self.log.exp();
    }
}

impl Policy for Clock {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        if let Some(step) = self.books.step(opportunity.at)
            && step.planned > 0.0
        {
            self.set(self.log + self.eta * (1.0 - step.spent / step.planned).max(-10.0));
        }
        self.books.sent(opportunity.number);
        Some(opportunity.price_for(opportunity.value * self.multiplier))
    }

    fn told(&mut self, number: u64, told: Told, _: UnixMillis) {
        self.books.told(number, told);
    }

    fn budget(&mut self, budget: Nanos, _: UnixMillis) {
        self.books.budget(budget);
    }

    fn bytes_per_campaign(&self) -> usize {
        size_of::<Self>()
    }

    fn persist(&self) -> Vec<u8> {
        self.log.to_le_bytes().to_vec()
    }

    fn restart(&mut self, restart: &Restart) {
        if let Some(log) = self.books.restart(restart) {
            self.set(log);
        }
    }
}
