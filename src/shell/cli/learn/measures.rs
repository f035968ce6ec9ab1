//! How good chances are, as lines for people and values for programs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::learning::{Measured, Metrics};

/// Of clicks and of conversions.
#[derive(Debug, Serialize)]
pub(super) struct Measures {
    clicks: Measure,
    conversions: Measure,
}

#[derive(Debug, Serialize)]
struct Measure {
    examples: u64,
    outcomes: u64,
    expected: f64,
    log_loss: f64,
    normalised_entropy: Option<f64>,
    auc: Option<f64>,
    calibration: Option<f64>,
    calibration_low: f64,
    /// Absent where it has no end.
    calibration_high: Option<f64>,
}

impl Measures {
    pub(super) fn of(measured: &Measured) -> Self {
        Self { clicks: Measure::of(&measured.clicks), conversions: Measure::of(&measured.conversions) }
    }

    /// A line for clicks, and one for conversions.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for (what, of, measure) in
            [("clicks", "impressions", &self.clicks), ("conversions", "clicks", &self.conversions)]
        {
            let Measure { examples, outcomes, expected, .. } = measure;
            let _ =
                write!(out, "{what:<12} {outcomes} came of {examples} {of}, {expected:.1} were predicted");
            if let (Some(ratio), Some(high)) = (measure.calibration, measure.calibration_high) {
                let low = measure.calibration_low;
                let _ = write!(out, ", {ratio:.3} times as many (95 % between {low:.3} and {high:.3})");
            }
            if *examples > 0 {
                let _ = write!(out, "; log loss {:.5}", measure.log_loss);
            }
            if let Some(entropy) = measure.normalised_entropy {
                let _ = write!(out, ", {entropy:.4} of that of knowing the mean alone");
            }
            if let Some(auc) = measure.auc {
                let _ = write!(out, "; AUC {auc:.3}");
            }
            out.push('\n');
        }
        out
    }
}

impl Measure {
    fn of(metrics: &Metrics) -> Self {
        let (low, high) = metrics.calibration_interval();
        Self {
            examples: metrics.examples,
            outcomes: metrics.outcomes,
            expected: metrics.expected,
            log_loss: metrics.log_loss,
            normalised_entropy: metrics.normalised_entropy(),
            auc: metrics.auc,
            calibration: metrics.calibration(),
            calibration_low: low,
            calibration_high: Some(high).filter(|high| high.is_finite()),
        }
    }
}
