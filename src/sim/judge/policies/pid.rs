//! A PID controller on the log of the multiplier: each minute its error is how far spend was from the plan
//! (after Zhang et al., WSDM'16).

use crate::sim::judge::policies::books::{Booked, Rule, Step};
use crate::sim::judge::policies::{STARTS, grid};
use crate::sim::judge::{Brief, Candidate, Opportunity};
use crate::units::Cpm;

struct Pid {
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
            let pid = Pid { log: start.ln(), multiplier: start, gain, sum: 0.0, last: 0.0 };
            Box::new(Booked::new(brief, pid))
        },
    }
}

impl Pid {
    fn set(&mut self, log: f64) {
        self.log = log.clamp(LEAST, 0.0);
        self.multiplier = self.log.exp();
    }
}

impl Rule for Pid {
    fn move_by(&mut self, step: Step) {
        let error = if step.planned > 0.0 { (1.0 - step.spent / step.planned).clamp(-3.0, 1.0) } else { 0.0 };
        self.sum = self.sum * FORGET + error;
        let derivative = DERIVATIVE * self.gain * (error - self.last);
        self.last = error;
        self.set(self.log + self.gain * (error + INTEGRAL * self.sum) + derivative);
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
