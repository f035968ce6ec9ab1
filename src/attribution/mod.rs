//! Which ad a conversion is owed to: the last touch.
//!
//! Pure functions of touches and instants. The ledger's conversions already carry the touch that their
//! token names, so the books need [`within_window`] only; [`credit`] chooses where several touches of
//! one user are known. Deliberately absent: shared credit (first, linear, time decay).

use crate::campaign::Attribution;
use crate::ledger::Touch;
use crate::units::{BidId, UnixMillis};

/// One ad that a user clicked or saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BidTouch {
    /// The bid that showed the ad.
    pub bid: BidId,
    /// How, and when.
    pub touch: Touch,
}

/// The touch that a conversion is owed to: the last click within the click window, else the last view
/// within the view window, else none.
///
/// A click wins over any later view. Of two touches at the same instant the greater bid id wins, which
/// is the later bid, so that the order of `touches` does not matter.
#[must_use]
pub fn credit(touches: &[BidTouch], converted_at: UnixMillis, windows: &Attribution) -> Option<BidTouch> {
    let counts = |touched: &&BidTouch| within_window(touched.touch, converted_at, windows);
    touches.iter().filter(counts).max_by_key(|touched| (rank(touched.touch), touched.bid)).copied()
}

/// True if a conversion at `converted_at` counts as caused by `touch`.
///
/// Both edges count: a conversion at the very instant of the touch, and one exactly as long after it as
/// the window lasts. A touch after the conversion never counts.
#[must_use]
pub fn within_window(touch: Touch, converted_at: UnixMillis, windows: &Attribution) -> bool {
    let (touched_at, window) = match touch {
        Touch::Click(at) => (at, windows.click_window),
        Touch::View(at) => (at, windows.view_window),
    };
    touched_at <= converted_at && converted_at.since(touched_at) <= window
}

/// Views rank below clicks, earlier below later.
const fn rank(touch: Touch) -> (bool, UnixMillis) {
    match touch {
        Touch::View(at) => (false, at),
        Touch::Click(at) => (true, at),
    }
}

#[cfg(test)]
mod tests {
    use super::{BidTouch, credit, within_window};
    use crate::campaign::Attribution;
    use crate::ledger::Touch;
    use crate::units::{BidId, Millis, UnixMillis};

    const WINDOWS: Attribution =
        Attribution { click_window: Millis::from_raw(1_000), view_window: Millis::from_raw(100) };

    fn click(at: i64) -> Touch {
        Touch::Click(UnixMillis::from_raw(at))
    }

    fn view(at: i64) -> Touch {
        Touch::View(UnixMillis::from_raw(at))
    }

    /// A conversion at 10,000 after these touches, in any order, is owed to the one at the index.
    #[track_caller]
    fn check(touches: &[Touch], owed_to: Option<usize>) {
        let bid = |index: usize| BidId::from_bytes([u8::try_from(index).unwrap(); 16]);
        let mut touched: Vec<_> = touches
            .iter()
            .enumerate()
            .map(|(index, touch)| BidTouch { bid: bid(index), touch: *touch })
            .collect();
        for _ in 0..touched.len().max(1) {
            let credited = credit(&touched, UnixMillis::from_raw(10_000), &WINDOWS);
            assert_eq!(credited.map(|touched| touched.bid), owed_to.map(bid), "{touched:?}");
            touched.rotate_left(touches.len().min(1));
        }
    }

    #[test]
    fn the_last_click_wins_over_any_view() {
        check(&[click(9_500), click(9_600), view(9_990)], Some(1));
        check(&[click(8_999), view(9_950), view(9_990)], Some(2));
    }

    #[test]
    fn of_two_touches_at_once_the_later_bid_wins() {
        check(&[click(9_500), click(9_500)], Some(1));
    }

    #[test]
    fn nothing_is_owed_without_a_touch_in_its_window() {
        check(&[], None);
        check(&[click(8_999), view(9_899), click(10_001)], None);
    }

    #[test]
    fn both_edges_of_a_window_count() {
        let counts = |touch, at| within_window(touch, UnixMillis::from_raw(at), &WINDOWS);
        assert_eq!(
            [4_999, 5_000, 6_000, 6_001].map(|at| counts(click(5_000), at)),
            [false, true, true, false]
        );
        assert_eq!(
            [4_999, 5_000, 5_100, 5_101].map(|at| counts(view(5_000), at)),
            [false, true, true, false]
        );
    }
}
