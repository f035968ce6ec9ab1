//! How good predictions are, measured on what they were not learnt from.

use crate::learning::model::precise;

/// Predictions are held off 0 and 1 by this where their logarithm is taken.
const EDGE: f64 = 1e-9;

/// Chances of clicks, or of conversions after clicks, against what came.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// Examples.
    pub examples: u64,
    /// Clicks, or conversions, among them.
    pub outcomes: u64,
    /// What the predictions add up to.
    pub expected: f64,
    /// Mean of `-ln` of the chance that was given to what came, in nats. Lower is better.
    pub log_loss: f64,
    /// The chance that one that came was predicted higher than one that did not, ties half; to 0.2 % of a prediction.
    /// `None` unless there are both.
    pub auc: Option<f64>,
    /// Predictions that were no probabilities. They count nowhere else.
    pub broken: u64,
}

/// Metrics of both chances.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Measured {
    /// Of clicks, on impressions.
    pub clicks: Metrics,
    /// Of conversions, on clicks: of what came by now, so that young clicks are measured by what is expected by now.
    pub conversions: Metrics,
}

impl Metrics {
    /// Log loss of always saying the rate that came: what knowing nothing but that costs. 0 if all came or none.
    #[must_use]
    pub fn entropy(&self) -> f64 {
        let rate = precise(self.outcomes) / precise(self.examples.max(1));
        if rate <= 0.0 || rate >= 1.0 {
            return 0.0;
        }
        -(rate * rate.ln() + (1.0 - rate) * (1.0 - rate).ln())
    }

    /// Log loss over [`Metrics::entropy`]: below 1 the fields tell something. `None` where that is 0. Source: He et
    /// al., "Practical lessons from predicting clicks on ads at Facebook", ADKDD'14.
    #[must_use]
    pub fn normalised_entropy(&self) -> Option<f64> {
        Some(self.log_loss / self.entropy()).filter(|ratio| ratio.is_finite())
    }

    /// What was predicted over what came: 1.156 predicts 15.6 % too much. `None` without outcomes.
    #[must_use]
    pub fn calibration(&self) -> Option<f64> {
        (self.outcomes > 0).then(|| self.expected / precise(self.outcomes))
    }

    /// The 95 % interval of [`Metrics::calibration`], by that of a Poisson count (Byar's approximation); without end if
    /// nothing came.
    #[must_use]
    pub fn calibration_interval(&self) -> (f64, f64) {
        const Z: f64 = 1.959_964;
        let bound = |count: f64, sign: f64| {
            count * (1.0 - 1.0 / (9.0 * count) + sign * Z / (3.0 * count.sqrt())).powi(3)
        };
        let came = precise(self.outcomes);
        let most = bound(came + 1.0, 1.0);
        let least = if self.outcomes == 0 { 0.0 } else { bound(came, -1.0).max(0.0) };
        (self.expected / most, if least > 0.0 { self.expected / least } else { f64::INFINITY })
    }
}

/// Buckets of predictions by the upper bits of their float: they keep the order of what is not negative.
const BUCKETS: usize = (0x3f80_0000 >> BUCKET_SHIFT) + 1;
const BUCKET_SHIFT: u32 = 14;

/// Adds up metrics, in whatever order.
#[derive(Debug, Clone)]
pub struct Score {
    metrics: Metrics,
    /// By prediction: those that came, and those that did not.
    buckets: Vec<[u32; 2]>,
}

impl Default for Score {
    fn default() -> Self {
        Self { metrics: Metrics::default(), buckets: vec![[0; 2]; BUCKETS] }
    }
}

impl Score {
    /// Counts a prediction and what came. Gives the log loss of it; `None` if it is no probability.
    pub fn observe(&mut self, predicted: f64, came: bool) -> Option<f64> {
        if !(0.0..=1.0).contains(&predicted) {
            self.metrics.broken += 1;
            return None;
        }
        let held = predicted.clamp(EDGE, 1.0 - EDGE);
        let loss = if came { -held.ln() } else { -(1.0 - held).ln() };
        self.metrics.examples += 1;
        self.metrics.outcomes += u64::from(came);
        self.metrics.expected += predicted;
        // The sum; the mean is taken at the end.
        self.metrics.log_loss += loss;
        self.buckets[bucket(predicted)][usize::from(!came)] += 1;
        Some(loss)
    }

    /// What was counted so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let log_loss = self.metrics.log_loss / precise(self.metrics.examples.max(1));
        Metrics { log_loss, auc: self.auc(), ..self.metrics }
    }

    fn auc(&self) -> Option<f64> {
        let (mut below, mut won) = (0.0, 0.0);
        for [came, not] in &self.buckets {
            won += f64::from(*came) * (below + f64::from(*not) / 2.0);
            below += f64::from(*not);
        }
        Some(won / (below * precise(self.metrics.outcomes))).filter(|auc| auc.is_finite())
    }
}

#[expect(clippy::cast_possible_truncation, reason = "buckets are coarser than either float")]
fn bucket(predicted: f64) -> usize {
    // Minus zero is zero here.
    ((predicted.abs() as f32).to_bits() >> BUCKET_SHIFT) as usize
}

#[cfg(test)]
mod tests {
    use super::{Metrics, Score};

    fn of(predictions: &[(f64, bool)]) -> Metrics {
        let mut score = Score::default();
        for (predicted, came) in predictions {
            score.observe(*predicted, *came);
        }
        score.metrics()
    }

    #[track_caller]
    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 5e-3, "{found}, not {expected}");
    }

    #[test]
    fn a_perfect_order_has_an_auc_of_one_and_none_a_half() {
        near(of(&[(0.9, true), (0.2, false), (0.1, false)]).auc.unwrap(), 1.0);
        near(of(&[(0.1, true), (0.2, false), (0.9, false)]).auc.unwrap(), 0.0);
        near(of(&[(0.3, true), (0.3, false), (0.3, false)]).auc.unwrap(), 0.5);
        near(of(&[(0.9, true), (0.5, false), (0.4, true), (0.1, false)]).auc.unwrap(), 0.75);
        assert_eq!(of(&[(0.3, false), (0.2, false)]).auc, None);
        assert_eq!(of(&[]).auc, None);
    }

    #[test]
    fn always_saying_the_rate_that_came_has_a_normalised_entropy_of_one() {
        let half = of(&[(0.25, true), (0.25, false), (0.25, false), (0.25, false)]);
        near(half.normalised_entropy().unwrap(), 1.0);
        near(half.calibration().unwrap(), 1.0);
        near(half.log_loss, 0.5623);
        assert_eq!(of(&[(0.2, false)]).normalised_entropy(), None);
        assert_eq!(of(&[(0.2, false)]).calibration(), None);
    }

    #[test]
    fn the_interval_of_a_calibration_is_that_of_a_count() {
        // The exact 95 % interval of a Poisson count of 10 is 4.795 to 18.390.
        let ten: Vec<_> = (0..1_000).map(|number| (0.01, number < 10)).collect();
        let (low, high) = of(&ten).calibration_interval();
        near(low, 10.0 / 18.390);
        near(high, 10.0 / 4.795);
        let (low, high) = of(&[(0.5, false), (0.5, false)]).calibration_interval();
        assert!(low > 0.2 && high.is_infinite(), "{low} {high}");
    }

    #[test]
    fn what_is_no_probability_is_counted_apart() {
        let metrics = of(&[
            (f64::NAN, true),
            (1.1, true),
            (-0.1, false),
            (f64::INFINITY, false),
            (0.0, false),
            (1.0, true),
        ]);
        assert_eq!((metrics.broken, metrics.examples), (4, 2));
        assert!(metrics.log_loss.is_finite());
        // Sure and wrong costs much, but not all.
        assert!(of(&[(0.0, true)]).log_loss.is_finite());
    }
}
