//! Probabilistic throttling: bids the worth, but takes part in an auction only with a probability that follows the plan
//! (Agarwal et al., KDD'14).

use crate::sim::judge::policies::books::{Booked, Rule, Step};
use crate::sim::judge::policies::grid;
use crate::sim::judge::{Brief, Candidate, Opportunity};
use crate::units::Cpm;

struct Throttle {
    /// The probability to take part.
    rate: f64,
    /// By how much it moves a minute, as a share of itself.
    step: f64,
    random: u64,
}

const LEAST: f64 = 1e-4;

/// The candidate: three steps by three first rates.
pub fn candidate() -> Candidate {
    Candidate {
        name: "throttle",
        words: "takes part with a probability that follows the plan",
        ours: false,
        settings: grid([0.02, 0.1, 0.3], [0.01, 0.1, 0.5]),
        make: |brief: &Brief, [step, rate]| {
            Box::new(Booked::new(brief, Throttle { rate, step, random: brief.seed | 1 }))
        },
    }
}

impl Throttle {
    /// A fair number from 0 to 1 (xorshift, Marsaglia 2003).
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn draw(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Rule for Throttle {
    fn move_by(&mut self, step: Step) {
        let factor = if step.spent > step.planned { 1.0 - self.step } else { 1.0 + self.step };
        self.rate = (self.rate * factor).clamp(LEAST, 1.0);
    }

    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        (self.draw() < self.rate).then(|| opportunity.price_for(opportunity.value))
    }

    fn level(&self) -> f64 {
        self.rate
    }

    fn resume(&mut self, rate: f64) {
        self.rate = rate.clamp(LEAST, 1.0);
    }
}
