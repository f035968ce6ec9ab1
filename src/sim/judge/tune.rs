//! Days as candidates meet them, and tuning: every candidate tries each of its settings on the same days, on which nothing goes wrong, and keeps the one
//! that bought most.
//!
//! What is judged later, with all that goes wrong, was not seen: a regime's budget is known, its surprise is not.

use crate::sim::facts::AuctionType;
use crate::sim::judge::{
    Brief, Budget, Candidate, Delay, Notices, Outcome, REGIMES, Regime, Restart, Source, Truth, hindsight,
    learnt_on, mean, replay,
};
use crate::units::Nanos;

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
/// Of the days before.
const BEFORE_SEED: u64 = 2_000_000;

/// The best setting of each candidate for the budget of `regime`, on undisturbed days of `source`; the budget is that
/// of days of `judged`.
#[must_use]
pub fn tune(
    source: &Source,
    judged: &Source,
    regime: &Regime,
    auction: AuctionType,
    candidates: &[Candidate],
) -> Vec<Tuned> {
    let plain = undisturbed(judged, regime);
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
fn undisturbed(judged: &Source, regime: &Regime) -> Regime {
    let delay = Delay::Seconds(60);
    // So many wins are another share of a shorter day.
    let budget = match regime.budget {
        Budget::Wins(wins) => Budget::Share(f64::from(wins) / judged.winnable().max(1.0)),
        share @ Budget::Share(_) => share,
    };
    Regime { budget, notices: Notices { delay, lost: 0.0, duplicated: 0.0 }, ..REGIMES[0] }
}

/// A day to be judged, and the day before it.
#[derive(Debug)]
pub struct Day {
    /// The day.
    pub truth: Truth,
    /// An undisturbed day of the tuning source, where the regime begins with what was learnt on one.
    before: Option<Truth>,
}

impl Day {
    /// The day that `seed` draws from `judged`.
    #[must_use]
    pub fn new(judged: &Source, tuning: &Source, regime: &Regime, seed: u64) -> Self {
        let second = AuctionType::SecondPrice;
        let before = || Truth::new(tuning, &undisturbed(judged, regime), second, BEFORE_SEED + seed);
        Self { truth: Truth::new(judged, regime, second, seed), before: regime.warm.then(before) }
    }

    /// The same day with another auction.
    #[must_use]
    pub fn in_auction(&self, auction: AuctionType) -> Self {
        let before = self.before.as_ref().map(|it| it.in_auction(auction));
        Self { truth: self.truth.in_auction(auction), before }
    }

    /// What `candidate` makes of the day with a setting.
    #[must_use]
    pub fn run(&self, candidate: &Candidate, setting: [f64; 2]) -> Outcome {
        let cold = |brief: &Brief| (candidate.make)(brief, setting);
        let Some(before) = &self.before else { return replay(&self.truth, &cold, |_, _| {}) };
        let learnt = learnt_on(before, &cold);
        let warm = |brief: &Brief| {
            let mut policy = cold(brief);
            let (open, at) = (Vec::new(), brief.day.start);
            policy.restart(&Restart { spent: Nanos::ZERO, open, learnt: learnt.clone(), at });
            policy
        };
        replay(&self.truth, &warm, |_, _| {})
    }
}
