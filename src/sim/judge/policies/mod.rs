//! The policies that are judged: baselines of the literature, each with nine settings to choose from, and our own.
//!
//! All bid at most what an impression is worth, and all stand behind the same hard guard.

mod books;
mod clock;
mod fixed;
mod none;
mod pid;
mod throttle;

use crate::sim::judge::{Brief, Policy, encan};

/// A way to make a policy for a day.
pub struct Candidate {
    /// A name in kebab case.
    pub name: &'static str,
    /// What it does, in a few words.
    pub words: &'static str,
    /// True for what encan itself does; the others are baselines.
    pub ours: bool,
    /// The settings among which tuning chooses: nine at most, so that nobody is tuned more than the others.
    pub settings: Vec<[f64; 2]>,
    /// The policy with a setting.
    pub make: fn(&Brief, [f64; 2]) -> Box<dyn Policy>,
}

/// All policies, baselines first. Ours is appended here: a `Candidate` with `ours: true`, whose adapter to the pacing
/// room is a file of its own beside this folder.
#[must_use]
pub fn policies() -> Vec<Candidate> {
    vec![
        none::candidate(),
        throttle::candidate(),
        pid::candidate(),
        clock::candidate(),
        fixed::candidate(),
        encan::candidate(),
    ]
}

/// Multipliers to start a day with: what the price level of other days suggests.
const STARTS: [f64; 3] = [1.0, 0.3, 0.08];

/// Every pair.
fn grid(first: [f64; 3], second: [f64; 3]) -> Vec<[f64; 2]> {
    first.iter().flat_map(|a| second.iter().map(|b| [*a, *b])).collect()
}
