//! No pacing: bids what an impression is worth until the money is gone.

use crate::sim::judge::{Brief, Candidate, Opportunity, Policy, Told};
use crate::units::{Cpm, Nanos, UnixMillis};

struct Unpaced;

/// The candidate.
pub fn candidate() -> Candidate {
    Candidate {
        name: "none",
        words: "bids the worth until the money is gone",
        ours: false,
        settings: vec![[0.0; 2]],
        make: |_: &Brief, _| Box::new(Unpaced),
    }
}

impl Policy for Unpaced {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        Some(opportunity.price_for(opportunity.value))
    }

    fn told(&mut self, _: u64, _: Told, _: UnixMillis) {}

    fn budget(&mut self, _: Nanos, _: UnixMillis) {}

    fn bytes_per_campaign(&self) -> usize {
        0
    }
}
