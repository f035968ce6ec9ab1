//! What the bid path reads to correct predictions: monotone curves, one of all, and one of each campaign that has enough.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::learning::Prediction;
use crate::units::CampaignId;

/// The most knots of a curve.
pub(super) const KNOTS_MAX: usize = 64;

/// A correction of probabilities that never turns an order round: lines between knots, which rise; below the first and
/// above the last its proportion.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Curve {
    /// Predicted, corrected.
    knots: Vec<[f32; 2]>,
}

impl Curve {
    /// `None` unless both sides of the knots rise and are probabilities above 0.
    pub(super) fn new(knots: Vec<[f32; 2]>) -> Option<Self> {
        let in_range = knots.iter().flatten().all(|side| *side > 0.0 && *side <= 1.0);
        let rises = knots.windows(2).all(|pair| pair[0][0] < pair[1][0] && pair[0][1] <= pair[1][1]);
        (in_range && rises && knots.len() <= KNOTS_MAX).then_some(Self { knots })
    }

    pub(super) fn knots(&self) -> &[[f32; 2]] {
        &self.knots
    }

    /// `predicted` corrected; itself without knots. Within 0 and 1 for what is.
    pub(super) fn apply(&self, predicted: f64) -> f64 {
        let above = self.knots.partition_point(|[from, _]| f64::from(*from) <= predicted);
        let knot = |at: usize| self.knots.get(at).map(|side| side.map(f64::from));
        match (above.checked_sub(1).and_then(knot), knot(above)) {
            (None, None) => predicted,
            (Some([from, to]), None) | (None, Some([from, to])) => (predicted * (to / from)).min(1.0),
            (Some([from, to]), Some([next_from, next_to])) => {
                to + (next_to - to) * ((predicted - from) / (next_from - from))
            }
        }
    }
}

/// Corrections of a model, of clicks and conversions. Changes nothing while it knows nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Calibration {
    pub(super) all: [Curve; 2],
    pub(super) campaigns: HashMap<CampaignId, [Option<Curve>; 2], FixedState>,
}

impl Calibration {
    /// `raw` of an impression of `campaign`, corrected by its own curves, else by those of all campaigns.
    #[must_use]
    pub fn apply(&self, campaign: CampaignId, raw: Prediction) -> Prediction {
        let own = self.campaigns.get(&campaign);
        let curve = |head: usize| own.and_then(|own| own[head].as_ref()).unwrap_or(&self.all[head]);
        Prediction { ctr: curve(0).apply(raw.ctr), cvr: curve(1).apply(raw.cvr) }
    }

    /// True if `campaign` has enough clicks for a curve of its own; otherwise it shares that of all.
    #[must_use]
    pub fn has_own_clicks(&self, campaign: CampaignId) -> bool {
        self.campaigns.get(&campaign).is_some_and(|own| own[0].is_some())
    }
}
