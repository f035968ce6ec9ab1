//! Which conversions an ad is credited with: those within the campaign's windows.
//!
//! On the slow path, before the ledger. A conversion names its touch by the token that the click handed on,
//! so the last touch needs no search. Deliberately absent: shared credit (first, linear, time decay) and
//! touches found by user.

use crate::campaign::Attribution;
use crate::ledger::Touch;
use crate::units::UnixMillis;

/// True if a conversion at `converted_at` counts as caused by `touch`.
///
/// Both edges count: a conversion at the very instant of the touch, and one exactly as long after it as
/// the window lasts. A touch after the conversion never counts.
#[must_use]
pub fn within_window(touch: Touch, converted_at: UnixMillis, windows: &Attribution) -> bool {
    let (touched_at, window) = match touch {
        Touch::Click(at) => (at, windows.click_window),
        Touch::View(at) => (at, windows.view_window),
        // Whoever says a code may have seen the ad at any time; and what nobody saw led to nothing.
        Touch::Code => return true,
        Touch::None => return false,
    };
    touched_at <= converted_at && converted_at.since(touched_at) <= window
}

#[cfg(test)]
mod tests {
    use super::within_window;
    use crate::campaign::Attribution;
    use crate::ledger::Touch;
    use crate::units::{Millis, UnixMillis};

    const WINDOWS: Attribution =
        Attribution { click_window: Millis::from_raw(1_000), view_window: Millis::from_raw(100) };

    #[test]
    fn both_edges_of_a_window_count() {
        let touched = UnixMillis::from_raw(5_000);
        let counts = |touch, at| within_window(touch, UnixMillis::from_raw(at), &WINDOWS);
        assert_eq!(
            [4_999, 5_000, 6_000, 6_001].map(|at| counts(Touch::Click(touched), at)),
            [false, true, true, false]
        );
        assert_eq!(
            [4_999, 5_000, 5_100, 5_101].map(|at| counts(Touch::View(touched), at)),
            [false, true, true, false]
        );
    }
}
