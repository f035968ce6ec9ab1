//! Tuning: every candidate tries each of its settings on the same days, on which nothing goes wrong, and keeps the one
//! that bought most.
//!
//! What is judged later, with all that goes wrong, was not seen: a regime's budget is known, its surprise is not.

use crate::sim::facts::AuctionType;
use crate::sim::judge::{Candidate, Delay, Notices, REGIMES, Regime, Source, Truth, hindsight, mean, replay};

/// Settings that were chosen, and how well they did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuned {
    /// The setting.
    pub setting: [f64; 2],
    /// The share of hindsight that it reached.
    pub score: f64,
}

/// Days on which is tuned.
const DAYS: u64 = 2;
/// Their first seed: far from those of judged days.
const FIRST_SEED: u64 = 1_000_000;

/// The best setting of each candidate for the budget of `regime`, on undisturbed days of `source`.
#[must_use]
pub fn tune(source: &Source, regime: &Regime, auction: AuctionType, candidates: &[Candidate]) -> Vec<Tuned> {
    let plain = undisturbed(regime);
    let days: Vec<_> = (FIRST_SEED..FIRST_SEED + DAYS)
        .map(|seed| {
            let truth = Truth::new(source, &plain, auction, seed);
            let best = hindsight(&truth);
            (truth, best)
        })
        .collect();
    let score = |candidate: &Candidate, setting: [f64; 2]| {
        let scores: Vec<f64> = days
            .iter()
            .map(|(truth, best)| {
                let outcome = replay(truth, &|brief| (candidate.make)(brief, setting), |_, _| {});
                outcome.of_hindsight(best, &plain)
            })
            .collect();
        mean(&scores)
    };
    let best = |candidate: &Candidate| {
        let none = Tuned { setting: [0.0; 2], score: f64::NEG_INFINITY };
        // One setting needs no trial.
        if let [setting] = candidate.settings[..] {
            return Tuned { setting, score: f64::NAN };
        }
        candidate.settings.iter().fold(none, |best, setting| {
            let score = score(candidate, *setting);
            if score > best.score { Tuned { setting: *setting, score } } else { best }
        })
    };
    candidates.iter().map(best).collect()
}

/// The regime's budget on a day without surprises, with notices after a minute.
fn undisturbed(regime: &Regime) -> Regime {
    let delay = Delay::Seconds(60);
    Regime { budget: regime.budget, notices: Notices { delay, lost: 0.0, duplicated: 0.0 }, ..REGIMES[0] }
}
