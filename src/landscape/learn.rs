//! Learns the price to beat from what auctions told.

use crate::landscape::{Segment, View};
use crate::units::{Cpm, UnixMillis};

/// What one auction told of the price to beat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sample {
    /// Exactly this: the clearing price of a second-price auction that we won, or `${AUCTION_MIN_TO_WIN}`.
    Exact(Cpm),
    /// We won with this: it was at most that.
    Won(Cpm),
    /// We lost with this: it was more.
    Lost(Cpm),
}

/// All landscapes, as they learn.
#[derive(Debug, Clone, Default)]
pub struct Landscapes {}

impl Landscapes {
    /// Learns of an auction on an impression of `segment` with `floor`, decided about `at`.
    pub fn learn(&mut self, _segment: &Segment, _floor: Cpm, _sample: Sample, _at: UnixMillis) {}

    /// What the bid path reads from now on.
    #[must_use]
    pub fn view(&mut self, _now: UnixMillis) -> View {
        View::default()
    }
}
