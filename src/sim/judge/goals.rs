//! What our pacing is meant to reach, in numbers.

/// At least so much of hindsight's value in a regime, in second-price auctions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Goal {
    /// The name of the regime.
    pub regime: &'static str,
    /// The share of hindsight's value, on average over the seeds.
    pub least: f64,
}

/// The goals that are shares of hindsight. Two more hold in every regime: no overspend, and never behind the best
/// baseline by more than the interval of the difference.
pub const GOALS: [Goal; 8] = [
    Goal { regime: "budget-32", least: 0.97 },
    Goal { regime: "budget-8", least: 0.99 },
    Goal { regime: "budget-2", least: 0.995 },
    Goal { regime: "budget-2000", least: 0.86 },
    Goal { regime: "notice-600s", least: 0.94 },
    Goal { regime: "burst-32", least: 0.90 },
    Goal { regime: "burst-8", least: 0.97 },
    Goal { regime: "burst-2", least: 0.98 },
];
