//! The time-clock dual: each minute a dual ascent by what was spent of what the curve planned
//! (after Balseiro and Gur 2019, on a clock of minutes).

use crate::sim::judge::policies::books::{Booked, Rule, Step};
use crate::sim::judge::policies::{STARTS, grid};
use crate::sim::judge::{Brief, Candidate, Opportunity};
use crate::units::Cpm;

struct Clock {
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
            Box::new(Booked::new(brief, Clock { log: start.ln(), multiplier: start, eta }))
        },
    }
}

impl Clock {
    fn set(&mut self, log: f64) {
        self.log = log.clamp(LEAST, 0.0);
        self.multiplier = self.log.exp();
    }
}

impl Rule for Clock {
    fn move_by(&mut self, step: Step) {
        if step.planned > 0.0 {
            self.set(self.log + self.eta * (1.0 - step.spent / step.planned).max(-10.0));
        }
    }

    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        Some(opportunity.price_for(opportunity.value * self.multiplier))
    }

    fn level(&self) -> f64 {
        self.log
    }

    fn resume(&mut self, log: f64) {
        self.set(log);
    }
}
