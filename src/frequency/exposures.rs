//! The exposures of one person, bounded.

use std::collections::VecDeque;

use crate::units::limits::EXPOSURES_MAX;
use crate::units::{BidId, CampaignId, LineItemId, Millis, UnixMillis};

/// One ad shown, or about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// Whose ad.
    pub line_item: LineItemId,
    /// Whose line item.
    pub campaign: CampaignId,
    /// When it was bid.
    pub at: UnixMillis,
    /// The bid.
    pub bid: BidId,
}

/// What one person saw, oldest first: at most [`EXPOSURES_MAX`], the oldest forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposures {
    exposures: VecDeque<Exposure>,
}

impl Exposures {
    /// Adds `exposure`, in order of time. A bid counts once, however often it is recorded.
    pub fn record(&mut self, exposure: Exposure) {
        if self.exposures.iter().any(|known| known.bid == exposure.bid) {
            return;
        }
        let at = self.exposures.partition_point(|known| known.at <= exposure.at);
        self.exposures.insert(at, exposure);
        if self.exposures.len() > EXPOSURES_MAX {
            self.exposures.pop_front();
        }
    }

    /// Takes back a bid that was lost; true if it was there.
    pub fn withdraw(&mut self, bid: BidId) -> bool {
        let at = self.exposures.iter().position(|known| known.bid == bid);
        at.is_some_and(|at| self.exposures.remove(at).is_some())
    }

    /// Forgets what no window of `longest` or less can count at `now` or later.
    pub fn prune(&mut self, now: UnixMillis, longest: Millis) {
        let kept_after = now.minus(longest);
        while self.exposures.front().is_some_and(|oldest| oldest.at <= kept_after) {
            self.exposures.pop_front();
        }
    }

    /// The exposures, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Exposure> {
        self.exposures.iter()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.exposures.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exposures.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Exposure, Exposures};
    use crate::units::limits::EXPOSURES_MAX;
    use crate::units::{BidId, CampaignId, LineItemId, Millis, UnixMillis};

    fn exposure(at: i64, bid: u128) -> Exposure {
        Exposure {
            line_item: LineItemId::from_slug("c/l"),
            campaign: CampaignId::from_slug("c"),
            at: UnixMillis::from_raw(at),
            bid: BidId::mint(UnixMillis::from_raw(at), bid),
        }
    }

    /// Records exposures at `recorded` and compares the instants that are left, oldest first.
    #[track_caller]
    fn check(recorded: &[i64], change: impl FnOnce(&mut Exposures), want: &[i64]) {
        let mut exposures = Exposures::default();
        for at in recorded {
            exposures.record(exposure(*at, 0));
        }
        change(&mut exposures);
        assert_eq!(exposures.iter().map(|left| left.at.raw()).collect::<Vec<_>>(), want);
        assert_eq!(exposures.is_empty(), want.is_empty());
    }

    #[test]
    fn exposures_stay_in_order_of_time_and_a_bid_counts_once() {
        check(&[3, 1, 2], |_| {}, &[1, 2, 3]);
        check(&[1, 1], |_| {}, &[1]);
        check(&[1], |exposures| exposures.record(exposure(1, 9)), &[1, 1]);
    }

    #[test]
    fn a_lost_bid_gives_its_place_back_once() {
        check(
            &[1, 2],
            |exposures| {
                assert!(exposures.withdraw(exposure(1, 0).bid));
                assert!(!exposures.withdraw(exposure(1, 0).bid));
            },
            &[2],
        );
    }

    #[test]
    fn pruning_forgets_what_no_window_counts() {
        let day = Millis::from_raw(10);
        check(&[1, 5, 6], |exposures| exposures.prune(UnixMillis::from_raw(15), day), &[6]);
        check(&[6], |exposures| exposures.prune(UnixMillis::from_raw(16), day), &[]);
    }

    #[test]
    fn the_oldest_is_forgotten_at_the_limit() {
        let limit = i64::try_from(EXPOSURES_MAX).unwrap();
        let recorded: Vec<i64> = (0..=limit).collect();
        check(&recorded, |_| {}, &recorded[1..]);
    }
}
