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

/// What one person or household saw, oldest first: at most [`EXPOSURES_MAX`]. What a cap may still count is never
/// forgotten for another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposures {
    /// In the order of the bids' ids, which is that of time.
    exposures: Vec<Exposure>,
    /// Until then caps would count something that is not among them.
    gap_ends: UnixMillis,
}

impl Default for Exposures {
    fn default() -> Self {
        Self::new()
    }
}

impl Exposures {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { exposures: Vec::new(), gap_ends: UnixMillis::from_raw(i64::MIN) }
    }

    /// What is not known, and may be anything: nothing more is shown that a cap would have to count in it.
    #[must_use]
    pub const fn unread() -> Self {
        Self { exposures: Vec::new(), gap_ends: UnixMillis::from_raw(i64::MAX) }
    }

    /// Adds `exposure`, in order of time; false if there is no room. A bid counts once, however often it is recorded.
    pub fn record(&mut self, exposure: Exposure) -> bool {
        let Err(at) = self.place_of(exposure.bid) else { return true };
        if self.is_at_limit() {
            return false;
        }
        if self.exposures.len() == self.exposures.capacity() {
            // Most people see few of our ads: room for one more, then for half as many again.
            self.exposures.reserve_exact(1 + self.exposures.len() / 2);
        }
        self.exposures.insert(at, exposure);
        true
    }

    /// Adds `exposure`, which happened, if any cap counts it at `now`: `end` says from when on none does. Where there
    /// is no room the oldest makes some, and there is no room for anything new until it would no longer count.
    pub fn restore(
        &mut self,
        exposure: Exposure,
        end: impl Fn(&Exposure) -> Option<UnixMillis>,
        now: UnixMillis,
    ) {
        if end(&exposure).is_none_or(|end| end <= now) {
            return;
        }
        self.make_room(&end, now);
        if self.record(exposure) {
            return;
        }
        let oldest = self.exposures.first().map_or(exposure, |oldest| *oldest);
        let dropped = if oldest.bid < exposure.bid { oldest } else { exposure };
        self.gap_ends = end(&dropped).map_or(self.gap_ends, |end| end.max(self.gap_ends));
        if self.withdraw(dropped.bid) {
            self.record(exposure);
        }
    }

    /// True if one more that a cap counts cannot be remembered at `now`.
    #[must_use]
    pub fn is_full(&self, now: UnixMillis) -> bool {
        self.is_at_limit() || now < self.gap_ends
    }

    /// True at the limit: some may make room.
    #[must_use]
    pub const fn is_at_limit(&self) -> bool {
        self.exposures.len() >= EXPOSURES_MAX
    }

    /// At the limit, forgets what no cap counts at `now`; `end` says from when on none does. Below it, more is kept
    /// than caps count, for whoever lengthens a window.
    pub fn make_room(&mut self, end: impl Fn(&Exposure) -> Option<UnixMillis>, now: UnixMillis) {
        if self.is_at_limit() {
            self.exposures.retain(|shown| end(shown).is_some_and(|end| end > now));
        }
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

    /// True if there is nothing to remember at `now`.
    #[must_use]
    pub fn is_idle(&self, now: UnixMillis) -> bool {
        self.exposures.is_empty() && now >= self.gap_ends
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
        check(&[1], |exposures| assert!(exposures.record(exposure(1, 9))), &[1, 1]);
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

    const LIMIT: i64 = 512;

    #[test]
    fn at_the_limit_nothing_is_recorded_and_nothing_forgotten() {
        assert_eq!(usize::try_from(LIMIT), Ok(EXPOSURES_MAX));
        let recorded: Vec<i64> = (1..=LIMIT).collect();
        for one_more in [0, 7, LIMIT + 1] {
            check(&recorded, |exposures| assert!(!exposures.record(exposure(one_more, 9))), &recorded);
        }
        check(&recorded, |exposures| assert!(exposures.record(exposure(7, 0)), "a bid it has"), &recorded);
        check(&recorded[1..], |exposures| assert!(exposures.record(exposure(1, 0))), &recorded);
    }

    #[test]
    fn room_is_made_at_the_limit_only_and_of_what_no_cap_counts() {
        let recorded: Vec<i64> = (1..=LIMIT).collect();
        let now = UnixMillis::from_raw(LIMIT);
        // Even instants count for ten, odd ones never.
        let end =
            |shown: &Exposure| (shown.at().raw() % 2 == 0).then(|| shown.at().plus(Millis::from_raw(10)));
        let even: Vec<i64> = (LIMIT - 8..=LIMIT).step_by(2).collect();
        check(&recorded, |exposures| exposures.make_room(end, now), &even);
        check(&recorded[1..], |exposures| exposures.make_room(end, now), &recorded[1..]);
        let with_one = [even.as_slice(), &[LIMIT + 2]].concat();
        check(&recorded, |exposures| exposures.restore(exposure(LIMIT + 2, 9), end, now), &with_one);
        check(&[2], |exposures| exposures.restore(exposure(7, 9), end, UnixMillis::from_raw(8)), &[2]);
        check(&[2], |exposures| exposures.restore(exposure(4, 9), end, UnixMillis::from_raw(14)), &[2]);
    }

    #[test]
    fn whoever_saw_more_than_can_be_remembered_is_full_until_what_was_dropped_counts_no_more() {
        let recorded: Vec<i64> = (1..=LIMIT).collect();
        let end = |shown: &Exposure| Some(shown.at().plus(Millis::from_raw(1_000)));
        let ends = |late: i64, left: &[i64], want: i64| {
            let restored = |exposures: &mut Exposures| {
                exposures.restore(exposure(late, 9), end, UnixMillis::from_raw(LIMIT));
                let mut later = exposures.clone();
                later.prune(UnixMillis::from_raw(want), Millis::from_raw(1));
                assert!(!later.is_idle(UnixMillis::from_raw(want - 1)), "the gap is remembered");
                assert!(later.is_full(UnixMillis::from_raw(want - 1)));
                assert!(
                    !later.is_full(UnixMillis::from_raw(want)) && later.is_idle(UnixMillis::from_raw(want))
                );
            };
            check(&recorded, restored, left);
        };
        let younger: Vec<i64> = (2..=LIMIT + 1).collect();
        ends(LIMIT + 1, &younger, 1_001);
        ends(0, &recorded, 1_000);
    }

    #[test]
    fn one_exposure_takes_48_bytes_and_no_room_for_others() {
        let mut exposures = Exposures::default();
        exposures.record(exposure(1, 0));
        assert_eq!((size_of::<Exposure>(), exposures.exposures.capacity()), (48, 1));
    }
}
