//! The best static multiplier: one share of the worth for the whole day, chosen on other days of the same budget.
//!
//! With prices that do not move and the right multiplier this is hindsight's own rule.

use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Told};
use crate::units::{Cpm, Nanos, UnixMillis};

struct Fixed {
    multiplier: f64,
}

/// The candidate: nine multipliers, from 1 down to 1/40.
pub fn candidate() -> Candidate {
    let multipliers = [1.0, 0.75, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05, 0.025];
    Candidate {
        name: "static",
        words: "one tuned share of the worth all day",
        ours: false,
        settings: multipliers.map(|multiplier| [multiplier, 0.0]).to_vec(),
        make: |_: &Brief, [multiplier, _]| Box::new(Fixed { multiplier }),
    }
}

impl Policy for Fixed {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        Some(opportunity.price_for(opportunity.value * self.multiplier))
    }

    fn told(&mut self, _: u64, _: Told, _: UnixMillis) {}

    fn budget(&mut self, _: Nanos, _: UnixMillis) {}

    fn bytes_per_campaign(&self) -> usize {
        size_of::<Self>()
    }
}
