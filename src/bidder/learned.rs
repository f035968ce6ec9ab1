//! What was learnt so far: a part of the snapshot that the slow loop replaces whole, when it knows more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use smallvec::SmallVec;

use crate::campaign::LineItem;
use crate::landscape::{Arm, Segment, View};
use crate::learning::{Creative as Brought, Features, Model, Prediction, Prior, choose};
use crate::pacing::Traffic;
use crate::pricing::{Adjustments, Auction};
use crate::units::{Cpm, CreativeId, FxRate, Nanos};

/// What a decision reads of what was learnt.
#[derive(Debug, Clone, Default)]
pub struct Learned {
    /// What it takes to win.
    pub landscapes: View,
    /// What impressions bring; `None` before there is a model.
    pub model: Option<Arc<Model>>,
    /// What the sink's figures changed.
    pub adjustments: Arc<Adjustments>,
    /// How much traffic came when: of the slow loop, which adds to it. No decision reads it.
    pub traffic: Arc<Mutex<Traffic>>,
    /// What creatives brought.
    pub creatives: Arc<HashMap<CreativeId, Brought>>,
}

/// Outcomes of what a line item is paid by, from which on it is known well enough not to explore any more.
const OUTCOMES_KNOWN: u64 = 10;

impl Learned {
    /// True if enough came back of `line_item`, whose creatives are `ids`, to know what it is worth, or its file says that.
    /// Clicks are counted without a model too, by creative; of conversions only a model knows.
    #[must_use]
    pub fn knows(&self, line_item: &LineItem, ids: impl Iterator<Item = CreativeId>) -> bool {
        if line_item.vouched {
            return true;
        }
        let seen = self.model.as_ref().map(|model| model.seen_of_line_item(line_item.id)).unwrap_or_default();
        let outcomes = match line_item.goal.chances() {
            Some((_, Some(_))) => seen.conversions,
            _ => seen.clicks.max(ids.map(|id| self.brought(id).clicks).sum()),
        };
        outcomes >= OUTCOMES_KNOWN
    }

    /// Which of the creatives of `line_item` to try first: each as often as it is likely to be the best, where results
    /// count and some are known, or the best so far if `draw` is `None`; `None` elsewhere.
    pub(in crate::bidder) fn creative(
        &self,
        line_item: &LineItem,
        ids: impl Iterator<Item = CreativeId>,
        draw: Option<impl FnMut() -> f64>,
    ) -> Option<usize> {
        let (ctr, _) = line_item.goal.chances().filter(|_| !self.creatives.is_empty())?;
        let brought: SmallVec<[Brought; 8]> = ids.map(|id| self.brought(id)).collect();
        let prior = Prior::of_rate(ctr);
        match draw {
            Some(draw) => choose(&brought, prior, draw),
            None => {
                (0..brought.len()).max_by(|a, b| prior.rate(brought[*a]).total_cmp(&prior.rate(brought[*b])))
            }
        }
    }

    /// True if `creative` is shown to learn: another one of `ids`, those of `line_item`, has brought more so far.
    pub(in crate::bidder) fn is_tried(
        &self,
        line_item: &LineItem,
        creative: CreativeId,
        mut ids: impl Iterator<Item = CreativeId>,
    ) -> bool {
        let Some((ctr, _)) = line_item.goal.chances().filter(|_| !self.creatives.is_empty()) else {
            return false;
        };
        let prior = Prior::of_rate(ctr);
        let rate = prior.rate(self.brought(creative));
        ids.any(|other| prior.rate(self.brought(other)) > rate)
    }

    fn brought(&self, creative: CreativeId) -> Brought {
        self.creatives.get(&creative).copied().unwrap_or_default()
    }
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
    /// What of that is held of its campaign's exploration, at worst; 0 if it explores nothing.
    pub explored: Nanos,
    /// What of the impression may be kept to learn from; `None` where it does not let us measure.
    pub features: Option<Features>,
    /// What it was expected to bring; `None` where the campaign's file alone said so.
    pub chances: Option<Prediction>,
    /// Exchange and outlet, as multipliers of placements name them.
    pub placement: u64,
}
