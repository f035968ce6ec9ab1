//! Whether a model may replace another: measured side by side on the same held-out examples.

use thiserror::Error;

use crate::learning::model::precise;
use crate::learning::{Example, Measured, Metrics, Model, Prediction, Score};

/// Held-out impressions, and clicks, below which nothing can be said.
const EXAMPLES_MIN: u64 = 1_000;
const CLICKS_MIN: u64 = 20;
/// Conversions below which those are not held against a model.
const CONVERSIONS_MIN: u64 = 20;
/// How far the predictions may add up to more or less than what came, at the nearer end of the interval.
const CALIBRATION_MAX: f64 = 1.25;
/// Standard errors of the mean difference of log losses that a worse model must show.
const NOISE: f64 = 2.0;

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// Of the new model.
    pub new: Measured,
    /// Of the old one on the same examples, if there is one.
    pub old: Option<Measured>,
    /// What follows.
    pub verdict: Verdict,
}

/// Whether the new model may take over.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// It may.
    Accept,
    /// The old one stays, for this.
    Refuse(Refusal),
}

/// Why a model is refused.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum Refusal {
    /// Something in it is no number, or a prediction is no probability.
    #[error("{0} weights or predictions are no numbers from 0 to 1")]
    Broken(u64),
    /// Held-out days that tell nothing.
    #[error(
        "held out are {examples} impressions with {clicks} clicks, below {EXAMPLES_MIN} with {CLICKS_MIN}"
    )]
    TooFew {
        /// Impressions.
        examples: u64,
        /// Clicks.
        clicks: u64,
    },
    /// It predicts far too much or too little.
    #[error(
        "{what} predicted over {what} that came is {low:.3} to {high:.3}, outside 1/{CALIBRATION_MAX} to {CALIBRATION_MAX}"
    )]
    Miscalibrated {
        /// `clicks` or `conversions`.
        what: &'static str,
        /// The interval of the ratio.
        low: f64,
        /// Its other end.
        high: f64,
    },
    /// It is worse than what it would replace: the old model, or for the first model one number for all.
    #[error("its log loss of {what} is higher by {worse:.6}, with a standard error of {error:.6}")]
    Worse {
        /// `clicks` or `conversions`.
        what: &'static str,
        /// The mean difference, in nats.
        worse: f64,
        /// Its standard error.
        error: f64,
    },
}

/// Holds `new` against `old` on `held_out`, which neither was made of: examples whose clicks may still come are passed
/// over. Without an old model the new one has to be no worse than the mean rates of what it was made of. Every
/// campaign counts, also where the models have too little to speak of it.
#[must_use]
pub fn judge<'a>(
    new: &Model,
    old: Option<&Model>,
    held_out: impl IntoIterator<Item = &'a Example>,
) -> Judgement {
    let mut contest = Contest::default();
    let mean = mean_rates(new);
    for example in held_out.into_iter().filter(|example| example.is_ripe()) {
        let guess = |model: &Model| model.guess(&example.features, example.campaign);
        let arrived = |watched| new.delays().arrived(watched);
        contest.observe(example, guess(new), old.map_or(mean, guess), arrived);
    }
    let old_measured = old.map(|_| contest.measured(1));
    let measured = contest.measured(0);
    let verdict = match refusal(new, &measured, &contest) {
        Some(refusal) => Verdict::Refuse(refusal),
        None => Verdict::Accept,
    };
    Judgement { new: measured, old: old_measured, verdict }
}

fn refusal(new: &Model, measured: &Measured, contest: &Contest) -> Option<Refusal> {
    let clicks = &measured.clicks;
    let broken = new.broken_weights() + clicks.broken + measured.conversions.broken;
    if broken > 0 {
        return Some(Refusal::Broken(broken));
    }
    if clicks.examples < EXAMPLES_MIN || clicks.outcomes < CLICKS_MIN {
        return Some(Refusal::TooFew { examples: clicks.examples, clicks: clicks.outcomes });
    }
    let has_conversions = measured.conversions.outcomes >= CONVERSIONS_MIN;
    let conversions = ("conversions", &measured.conversions, &contest.differences[1]);
    let heads = [Some(("clicks", clicks, &contest.differences[0])), has_conversions.then_some(conversions)];
    let mut heads = heads.into_iter().flatten();
    heads.find_map(|(what, metrics, difference)| {
        miscalibrated(what, metrics).or_else(|| difference.worse(what))
    })
}

fn miscalibrated(what: &'static str, metrics: &Metrics) -> Option<Refusal> {
    let (low, high) = metrics.calibration_interval();
    let is_off = low > CALIBRATION_MAX || high < 1.0 / CALIBRATION_MAX;
    is_off.then_some(Refusal::Miscalibrated { what, low, high })
}

/// What the examples of a model came to, as one prediction for everything.
fn mean_rates(model: &Model) -> Prediction {
    let mut sums = [0_u64; 3];
    for seen in model.learnt.campaigns.values() {
        for (sum, count) in sums.iter_mut().zip([seen.impressions, seen.clicks, seen.conversions]) {
            *sum += count;
        }
    }
    // As Laplace has it, so that what never came is not impossible.
    let rate = |came: u64, of: u64| (precise(came) + 1.0) / (precise(of) + 2.0);
    Prediction { ctr: rate(sums[1], sums[0]), cvr: rate(sums[2], sums[1]) }
}

/// By how much the log loss of the new model is higher, example by example.
#[derive(Debug, Clone, Copy, Default)]
struct Difference {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Difference {
    fn add(&mut self, difference: f64) {
        self.count += 1.0;
        self.sum += difference;
        self.squares += difference * difference;
    }

    fn worse(&self, what: &'static str) -> Option<Refusal> {
        let worse = self.sum / self.count;
        let error = ((self.squares / self.count - worse * worse).max(0.0) / self.count).sqrt();
        (worse > NOISE * error).then_some(Refusal::Worse { what, worse, error })
    }
}

#[derive(Debug, Default)]
struct Contest {
    /// Of the new and the old model, each of clicks and conversions.
    scores: [[Score; 2]; 2],
    differences: [Difference; 2],
}

impl Contest {
    fn observe(
        &mut self,
        example: &Example,
        new: Prediction,
        old: Prediction,
        arrived: impl Fn(crate::units::Millis) -> f64,
    ) {
        let click = example.click();
        self.add(0, [new.ctr, old.ctr], click.is_some());
        if let Some(click) = click {
            let share = arrived(click.watched);
            self.add(1, [new.cvr * share, old.cvr * share], click.converted.is_some());
        }
    }

    fn add(&mut self, head: usize, [new, old]: [f64; 2], came: bool) {
        let losses = (self.scores[0][head].observe(new, came), self.scores[1][head].observe(old, came));
        if let (Some(new), Some(old)) = losses {
            self.differences[head].add(new - old);
        }
    }

    fn measured(&self, model: usize) -> Measured {
        let [clicks, conversions] = &self.scores[model];
        Measured { clicks: clicks.metrics(), conversions: conversions.metrics() }
    }
}

impl Model {
    /// Weights that are no numbers: none in a model that a file or a trainer with finite rates gave.
    fn broken_weights(&self) -> u64 {
        let weights = self.learnt.weights.iter().flatten().chain(&self.learnt.bias);
        weights.map(|weight| u64::from(!weight.is_finite())).sum()
    }
}
