//! The model that the bid path reads.

use crate::learning::Features;
use crate::units::CampaignId;

/// What one impression is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Clicks per impression, 0 to 1.
    pub ctr: f64,
    /// Conversions per click, 0 to 1.
    pub cvr: f64,
}

/// Learnt weights. Immutable.
#[derive(Debug, Clone, Default)]
pub struct Model {}

impl Model {
    /// What an impression of `features` is expected to bring to `campaign`; `None` where the model has too little to
    /// say of it.
    #[must_use]
    pub fn predict(&self, _features: &Features, _campaign: CampaignId) -> Option<Prediction> {
        None
    }
}
