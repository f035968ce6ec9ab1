//! Which bids are worth their reservation when most of what is left is reserved.
//!
//! A hard budget holds every bid's worst case until its notice comes. With slow notices and low bids, most of which lose,
//! the reservations and not the money run out: the day ends with a part of the budget reserved for bids that were lost.
//! What a bid is expected to cost, as a part of what it holds, then says which to leave: those are the ones that would
//! hold most for least. With notices after 600 s and a budget of 1/200 of a day's cost that is worth 2 points of
//! hindsight; where reservations are few, nothing is left.

/// From this part of what is left on, reservations crowd the budget; at the second they fill it.
const CROWDED: (f64, f64) = (0.3, 0.9);
/// The part of the average that a bid must be expected to use of its reservation when they fill it.
const USES: f64 = 0.5;

/// True if reservations crowd the budget: `reserved` of the `left` is held for bids whose outcome is not known. The plan
/// then may only fall ([`Dual::replan_crowded`](crate::pacing::Dual::replan_crowded)): without that, the money that reservations keep from being spent
/// raises the multiplier, and with it the reservations. Worth 0.7 points of hindsight with notices after 600 s.
#[must_use]
pub fn crowded(reserved: f64, left: f64) -> bool {
    reserved > CROWDED.0 * left
}

/// True if a bid that is expected to cost `expected` and holds `worst` until its notice should be made where `reserved`
/// of the `left` is held for bids that are expected to cost `outstanding` together. All in the same unit of money.
#[must_use]
pub fn worth_holding(expected: f64, worst: f64, outstanding: f64, reserved: f64, left: f64) -> bool {
    let filled = (reserved / left - CROWDED.0) / (CROWDED.1 - CROWDED.0);
    // Written so that what is no number holds nothing back.
    let holds_back = filled > 0.0 && expected * reserved < USES * filled.min(1.0) * outstanding * worst;
    !holds_back
}

#[cfg(test)]
mod tests {
    use super::{crowded, worth_holding};

    #[test]
    fn only_when_reservations_crowd_the_budget_the_least_useful_bids_are_left() {
        let (useful, useless) = ((5.0, 10.0), (0.1, 10.0));
        for (reserved, makes_useless) in [(0.0, true), (20.0, true), (60.0, false), (95.0, false)] {
            assert_eq!(crowded(reserved, 100.0), !makes_useless);
            let outstanding = reserved / 5.0;
            assert!(worth_holding(useful.0, useful.1, outstanding, reserved, 100.0));
            assert_eq!(worth_holding(useless.0, useless.1, outstanding, reserved, 100.0), makes_useless);
        }
    }

    #[test]
    fn without_anything_to_compare_with_a_bid_is_made() {
        assert!(worth_holding(0.0, 10.0, 0.0, 90.0, 100.0));
        assert!(worth_holding(1.0, 10.0, 1.0, 0.0, 0.0));
        assert!(worth_holding(f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN));
    }
}
