//! What was learnt so far: a part of the snapshot that the slow loop replaces whole, when it knows more.

use std::sync::Arc;

use crate::landscape::{Arm, Segment, View};
use crate::learning::{Features, Model, Prediction};
use crate::pricing::{Adjustments, Auction};
use crate::units::{Cpm, FxRate};

/// What a decision reads of what was learnt.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// What it takes to win.
    pub landscapes: View,
    /// What impressions bring; `None` before there is a model.
    pub model: Option<Arc<Model>>,
    /// What the sink's figures changed.
    pub adjustments: Arc<Adjustments>,
}

/// What a bid's outcome will teach. Kept in memory while the bid is out.
#[derive(Debug, Clone, Copy)]
pub struct Lesson {
    /// The kind of impression, for the price to beat.
    pub segment: Segment,
    /// How the price was made.
    pub auction: Auction,
    /// Its arm in measuring what shading saves, if it could be shaded.
    pub arm: Option<Arm>,
    /// In the bid's currency: the floor, the most worth bidding, and what was bid.
    pub floor: Cpm,
    /// The most worth bidding.
    pub worth: Cpm,
    /// What was bid.
    pub price: Cpm,
    /// From the bid's currency to the campaign's.
    pub fx: FxRate,
    /// What the bid was expected to take from its budgets, in nanos of the campaign's currency.
    pub expected: f64,
    /// What of the impression is learnt from.
    pub features: Features,
    /// What it was expected to bring; `None` where the campaign's file alone said so.
    pub chances: Option<Prediction>,
    /// Exchange and outlet, as multipliers of placements name them.
    pub placement: u64,
}
