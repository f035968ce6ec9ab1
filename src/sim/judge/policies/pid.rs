//! A PID controller on the log of the multiplier: each minute its error is how far spend was from the plan
//! (after Zhang et al., WSDM'16).

use crate::sim::judge::policies::books::Books;
use crate::sim::judge::policies::{STARTS, grid};
use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Restart, Told};
use crate::units::{Cpm, Nanos, UnixMillis};

struct Pid {
    books: Books,
    log: f64,
    multiplier: f64,
    gain: f64,
    /// The sum of errors, each forgotten with a half-life of about an hour.
    sum: f64,
    last: f64,
}

/// Of the proportional gain.
const INTEGRAL: f64 = 0.02;
const DERIVATIVE: f64 = 0.1;
const FORGET: f64 = 0.99;
const LEAST: f64 = -6.0;

/// The candidate: three gains by three multipliers to start with.
pub fn candidate() -> Candidate {
    Candidate {
        name: "pid",
        words: "a PID controller on the log of the multiplier",
        ours: false,
        settings: grid([0.05, 0.2, 0.6], STARTS),
        make: |brief: &Brief, [gain, start]| {
            let books = Books::new(brief);
            Box::new(Pid { books, log: start.ln(), multiplier: start, gain, sum: 0.0, last: 0.0 })
        },
    }
}

impl Pid {
    fn set(&mut self, log: f64) {
        self.log = log.clamp(LEAST, 0.0);
        self.multiplier = self.log.exp();
    }
}

impl Policy for Pid {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        if let Some(step) = self.books.step(opportunity.at) {
            let error =
                if step.planned > 0.0 { (1.0 - step.spent / step.planned).clamp(-3.0, 1.0) } else { 0.0 };
            self.sum = self.sum * FORGET + error;
            let derivative = DERIVATIVE * self.gain * (error - self.last);
            self.last = error;
            self.set(self.log + self.gain * (error + INTEGRAL * self.sum) + derivative);
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
