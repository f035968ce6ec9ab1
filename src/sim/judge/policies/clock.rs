//! The time-clock dual: each minute a dual ascent by what was spent of what the curve planned
//! (after Balseiro and Gur 2019, on a clock of minutes).

use crate::sim::judge::policies::books::{Books, kept};
use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Restart, Told};
use crate::units::{Cpm, Nanos, UnixMillis};

struct Clock {
    books: Books,
    log: f64,
    multiplier: f64,
    eta: f64,
}

const LEAST: f64 = -6.0;

/// The candidate: nine step sizes.
pub fn candidate() -> Candidate {
    let etas = [0.003, 0.006, 0.012, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8];
    Candidate {
        name: "time-dual",
        words: "a dual ascent on a clock of minutes",
        ours: false,
        settings: etas.map(|eta| [eta, 0.0]).to_vec(),
        make: |brief: &Brief, [eta, _]| {
            Box::new(Clock { books: Books::new(brief), log: 0.0, multiplier: 1.0, eta })
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
        self.books.restart(restart);
        if let Some(log) = kept(&restart.learnt) {
            self.set(log);
        }
    }
}
