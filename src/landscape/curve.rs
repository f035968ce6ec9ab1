//! What the bid path reads: for each segment the chance to win with a price, and what that costs.

use std::collections::HashMap;
use std::sync::Arc;

use crate::landscape::Segment;
use crate::units::Cpm;

/// The landscape of one segment, mixed with wider ones where it has seen little.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Samples behind it, its own and those borrowed.
    pub weight: f32,
}

impl Curve {
    /// The chance that `bid` wins, 0 to 1.
    #[must_use]
    pub fn win(&self, _bid: Cpm) -> f64 {
        0.5
    }

    /// What `bid` is expected to cost where the winner pays the price to beat, in micros per thousand:
    /// `E[price * 1(price <= bid)]`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub fn expected_price(&self, bid: Cpm) -> f64 {
        self.win(bid) * bid.micros() as f64
    }

    /// The bid of at least `floor` and at most `worth` with the highest expected surplus, `(worth - bid) * win(bid)`,
    /// where the winner pays what it bid. `worth` itself while too little is known.
    #[must_use]
    pub fn shaded(&self, worth: Cpm, _floor: Cpm) -> Cpm {
        worth
    }
}

/// The landscapes of a moment.
#[derive(Debug, Clone, Default)]
pub struct View {
    curves: HashMap<u64, Arc<Curve>>,
}

impl View {
    /// The curve of the narrowest kind of `segment` that is known; `None` while nothing is.
    #[must_use]
    pub fn curve(&self, segment: &Segment) -> Option<&Curve> {
        [segment.narrow, segment.exchange, segment.all]
            .iter()
            .find_map(|key| self.curves.get(key))
            .map(|it| &**it)
    }
}
