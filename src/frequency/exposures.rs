//! The exposures of one person or household, bounded.

use crate::units::limits::EXPOSURES_MAX;
use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

/// One ad shown, or about to be: 48 bytes, for there are many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exposure {
    /// The bid, which also tells when it was made.
    pub bid: BidId,
    /// Which ad.
    pub creative: CreativeId,
    /// Whose ad.
    pub line_item: LineItemId,
    /// Whose line item.
    pub campaign: CampaignId,
    /// Whose campaign.
    pub advertiser: AdvertiserId,
}

impl Exposure {
    /// When it was bid.
    #[must_use]
    pub fn at(&self) -> UnixMillis {
        self.bid.minted_at()
    }
}

/// What one person or household saw, oldest first: at most [`EXPOSURES_MAX`], the oldest forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exposures {
    /// In the order of the bids' ids, which is that of time.
    exposures: Vec<Exposure>,
}

impl Exposures {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { exposures: Vec::new() }
    }

    /// Adds `exposure`, in order of time. A bid counts once, however often it is recorded.
    pub fn record(&mut self, exposure: Exposure) {
        let Err(at) = self.place_of(exposure.bid) else { return };
        if self.exposures.len() == EXPOSURES_MAX {
            if at > 0 {
                self.exposures[..at].rotate_left(1);
                self.exposures[at - 1] = exposure;
            }
            return;
        }
        if self.exposures.len() == self.exposures.capacity() {
            // Most people see few of our ads: room for one more, then for half as many again.
            self.exposures.reserve_exact(1 + self.exposures.len() / 2);
        }
        self.exposures.insert(at, exposure);
    }

    /// Takes back a bid that was lost; true if it was there.
    pub fn withdraw(&mut self, bid: BidId) -> bool {
        let place = self.place_of(bid);
        place.is_ok_and(|at| self.exposures.remove(at).bid == bid)
    }

    /// The exposure of `bid`, if it is known.
    #[must_use]
    pub fn of(&self, bid: BidId) -> Option<&Exposure> {
        self.place_of(bid).ok().map(|at| &self.exposures[at])
    }

    /// Forgets what no window of `longest` or less can count at `now` or later.
    pub fn prune(&mut self, now: UnixMillis, longest: Millis) {
        let kept_after = now.minus(longest);
        let forgotten = self.exposures.partition_point(|shown| shown.at() <= kept_after);
        self.exposures.drain(..forgotten);
        if self.exposures.len() < self.exposures.capacity() / 4 {
            self.exposures.shrink_to_fit();
        }
    }

    /// The exposures, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Exposure> {
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

    /// Where `bid` is, or where it would be.
    fn place_of(&self, bid: BidId) -> Result<usize, usize> {
        self.exposures.binary_search_by(|known| known.bid.cmp(&bid))
    }
}

#[cfg(test)]
mod tests {
    use super::{Exposure, Exposures};
    use crate::units::limits::EXPOSURES_MAX;
    use crate::units::{AdvertiserId, BidId, CampaignId, CreativeId, LineItemId, Millis, UnixMillis};

    fn exposure(at: i64, bid: u128) -> Exposure {
        Exposure {
            bid: BidId::mint(UnixMillis::from_raw(at), bid),
            creative: CreativeId::from_slug("c/k"),
            line_item: LineItemId::from_slug("c/l"),
            campaign: CampaignId::from_slug("c"),
            advertiser: AdvertiserId::from_slug("a"),
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
        assert_eq!(exposures.iter().map(|left| left.at().raw()).collect::<Vec<_>>(), want);
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
        let late: Vec<i64> = (1..=limit).chain([0]).collect();
        check(&late, |_| {}, &recorded[1..]);
        let between: Vec<i64> = (1..limit).chain([limit + 1, limit]).collect();
        check(&between, |_| {}, &(2..=limit + 1).collect::<Vec<_>>());
    }

    #[test]
    fn one_exposure_takes_48_bytes_and_no_room_for_others() {
        let mut exposures = Exposures::default();
        exposures.record(exposure(1, 0));
        assert_eq!((size_of::<Exposure>(), exposures.exposures.capacity()), (48, 1));
    }
}
