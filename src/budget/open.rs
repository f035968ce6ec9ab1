//! The open reservations: bids whose outcome we do not know yet, until told or until they expire.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::budget::book::Reserved;
use crate::units::{BidId, HouseholdKey, Steady, UserKey};

/// Shards, so that two cores rarely meet: each lock is held for the insertion of one entry.
const SHARDS: usize = 64;
/// Bids that were taken out and still wait for their second, before a shard is tidied: as many as are open,
/// and these.
const STALE_MAX: usize = 1_024;
/// Seconds after which a reservation whose notice is being booked is looked at again.
const HELD_AGAIN_S: i64 = 10;
/// So often: a notice that takes longer was dropped on the way, and its bid expires after all. What it books
/// nevertheless is late.
const HELD_LOOKS_MAX: u8 = 30;

/// A bid whose outcome is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reservation {
    /// What it took from the caps.
    pub reserved: Reserved,
    /// When it counts as lost, by the clock that never steps.
    pub expires: Steady,
    /// Whose frequency it counts in.
    pub user: Option<UserKey>,
    /// Which household's frequency it counts in.
    pub household: Option<HouseholdKey>,
}

/// What a notice finds of its bid's reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// It is open, and from now on this notice's to close or to put back.
    Ours(Reservation),
    /// Another notice of the same bid is being booked.
    Others(Reservation),
    /// It was closed or has expired.
    Gone,
}

/// All open reservations. Each is closed once, by whoever comes first: notice, loss or expiry.
#[derive(Debug)]
pub struct Open {
    shards: [Mutex<Shard>; SHARDS],
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<BidId, Entry, foldhash::fast::RandomState>,
    /// Bids by the second in which they expire. Those taken out early stay for a while.
    expiring: BTreeMap<i64, Vec<BidId>>,
    /// How many of `expiring` were taken out early.
    stale: usize,
}

impl Shard {
    fn take(&mut self, bid: BidId) -> Option<Reservation> {
        let entry = self.entries.remove(&bid)?;
        self.stale += 1;
        if self.stale > self.entries.len() + STALE_MAX {
            self.stale = 0;
            self.expiring.clear();
            for (bid, entry) in &self.entries {
                self.expiring.entry(second_after(entry.reservation.expires)).or_default().push(*bid);
            }
        }
        Some(entry.reservation)
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    reservation: Reservation,
    /// True while a notice is being booked: it does not expire meanwhile.
    held: bool,
    /// How often its second came while it was held.
    looked_at: u8,
}

impl Default for Open {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Open {
    /// Opens the reservation of `bid`.
    pub fn insert(&self, bid: BidId, reservation: Reservation) {
        let mut shard = self.shard(bid);
        shard.entries.insert(bid, Entry { reservation, held: false, looked_at: 0 });
        shard.expiring.entry(second_after(reservation.expires)).or_default().push(bid);
    }

    /// Takes the reservation of `bid` out, if it is still open.
    #[must_use]
    pub fn take(&self, bid: BidId) -> Option<Reservation> {
        self.shard(bid).take(bid)
    }

    /// Holds the reservation of `bid` while its notice is being booked. Whoever gets [`Hold::Ours`] takes it
    /// out afterwards, or puts it back if nothing was booked.
    #[must_use]
    pub fn hold(&self, bid: BidId) -> Hold {
        match self.shard(bid).entries.get_mut(&bid) {
            Some(entry) if entry.held => Hold::Others(entry.reservation),
            Some(entry) => {
                entry.held = true;
                Hold::Ours(entry.reservation)
            }
            None => Hold::Gone,
        }
    }

    /// Lets go of the reservation of `bid`, as it is by now: nothing was booked.
    pub fn put_back(&self, bid: BidId) {
        if let Some(entry) = self.shard(bid).entries.get_mut(&bid) {
            (entry.held, entry.looked_at) = (false, 0);
        }
    }

    /// Takes out every reservation that has expired at `now`.
    #[must_use]
    pub fn take_expired(&self, now: Steady) -> Vec<(BidId, Reservation)> {
        let mut expired = Vec::new();
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let later = shard.expiring.split_off(&(now.raw().div_euclid(1_000) + 1));
            for bid in std::mem::replace(&mut shard.expiring, later).into_values().flatten() {
                match shard.entries.get_mut(&bid) {
                    // Its notice is being booked; looked at again in case that comes to nothing.
                    Some(entry) if entry.held && entry.looked_at < HELD_LOOKS_MAX => {
                        entry.looked_at += 1;
                        shard.expiring.entry(second_after(now) + HELD_AGAIN_S).or_default().push(bid);
                    }
                    Some(_) => {
                        expired.extend(shard.entries.remove(&bid).map(|entry| (bid, entry.reservation)));
                    }
                    None => shard.stale = shard.stale.saturating_sub(1),
                }
            }
        }
        expired
    }

    /// True if the reservation of `bid` is open: its outcome is not known yet.
    #[must_use]
    pub fn contains(&self, bid: BidId) -> bool {
        self.shard(bid).entries.contains_key(&bid)
    }

    /// Changes all that are open, one after the other: each under its lock, so that whoever closes it sees it as it
    /// was before or as it is after.
    pub fn revise(&self, mut change: impl FnMut(&mut Reservation)) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.entries.values_mut().for_each(|entry| change(&mut entry.reservation));
        }
    }

    /// All that are open, in no order.
    #[must_use]
    pub fn all(&self) -> Vec<(BidId, Reservation)> {
        let mut all = Vec::new();
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.entries.iter().map(|(bid, entry)| (*bid, entry.reservation)));
        }
        all
    }

    /// How many are open.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| s.lock().unwrap_or_else(PoisonError::into_inner).entries.len()).sum()
    }

    /// True if none is open.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn shard(&self, bid: BidId) -> MutexGuard<'_, Shard> {
        // The last byte is random; the first six are the time.
        let at = usize::from(bid.as_bytes()[15]) % SHARDS;
        self.shards[at].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first full second that is not before `at`.
fn second_after(at: Steady) -> i64 {
    at.raw().div_euclid(1_000) + i64::from(at.raw().rem_euclid(1_000) != 0)
}

#[cfg(test)]
mod tests {
    use super::{Hold, Open, Reservation};
    use crate::budget::{PurseKey, Reserved, Stakes};
    use crate::units::{BidId, CampaignId, Day, Hour, LineItemId, Nanos, Steady, UnixMillis};

    fn reservation(expires: i64) -> Reservation {
        let purse = PurseKey {
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            day: Day::from_raw(0),
            hour: Hour::from_raw(0),
        };
        let reserved = Reserved { purse, stakes: Stakes::certain(Nanos::from_raw(5)) };
        Reservation { reserved, expires: Steady::from_raw(expires), user: None, household: None }
    }

    #[test]
    fn a_reservation_is_taken_out_once() {
        let open = Open::default();
        let bid = BidId::mint(UnixMillis::from_raw(1), 7);
        open.insert(bid, reservation(1_500));
        assert_eq!(open.take(bid), Some(reservation(1_500)));
        assert_eq!(open.take(bid), None);
        assert!(open.take_expired(Steady::from_raw(10_000)).is_empty());
    }

    #[test]
    fn a_reservation_that_is_being_booked_is_held_by_one_and_does_not_expire() {
        let (open, bid) = (Open::default(), BidId::mint(UnixMillis::from_raw(1), 7));
        open.insert(bid, reservation(1_500));
        assert_eq!(open.hold(bid), Hold::Ours(reservation(1_500)));
        assert_eq!(open.hold(bid), Hold::Others(reservation(1_500)));
        assert!(open.take_expired(Steady::from_raw(10_000)).is_empty());
        // A new limit is written meanwhile.
        let more = Stakes { more: 1, ..reservation(1_500).reserved.stakes };
        open.revise(|reservation| reservation.reserved.stakes = more);
        open.put_back(bid);
        let expired = open.take_expired(Steady::from_raw(20_000));
        assert_eq!(expired.len(), 1, "put back, it expires after all");
        assert_eq!(expired[0].1.reserved.stakes, more, "with all that it holds by now");
        assert_eq!(open.hold(bid), Hold::Gone);
        open.put_back(bid);
        assert!(open.is_empty(), "what is closed stays closed");
    }

    #[test]
    fn a_notice_that_was_dropped_on_the_way_does_not_hold_its_bid_for_ever() {
        let (open, bid) = (Open::default(), BidId::mint(UnixMillis::from_raw(1), 7));
        open.insert(bid, reservation(1_500));
        assert_eq!(open.hold(bid), Hold::Ours(reservation(1_500)));
        let seconds = (2..3_600).find(|at| !open.take_expired(Steady::from_raw(at * 1_000)).is_empty());
        assert_eq!(seconds, Some(302), "five minutes after its own time");
        assert!(open.is_empty());
    }

    #[test]
    fn what_was_taken_out_early_does_not_pile_up_until_its_second() {
        let open = Open::default();
        for random in 0..1_000_000 {
            let bid = BidId::mint(UnixMillis::from_raw(1), random);
            open.insert(bid, reservation(3_600_000));
            assert!(open.take(bid).is_some());
        }
        open.insert(BidId::mint(UnixMillis::from_raw(1), 7), reservation(3_600_000));
        let waiting: usize = open
            .shards
            .iter()
            .map(|s| s.lock().unwrap().expiring.values().map(Vec::len).sum::<usize>())
            .sum();
        assert!(waiting <= super::SHARDS * (super::STALE_MAX + 2), "{waiting} wait");
        assert_eq!(open.take_expired(Steady::from_raw(3_600_000)).len(), 1);
    }

    #[test]
    fn a_reservation_never_expires_early_and_at_most_a_second_late() {
        let open = Open::default();
        for random in 0..200 {
            open.insert(BidId::mint(UnixMillis::from_raw(1), random), reservation(1_500));
        }
        assert!(open.take_expired(Steady::from_raw(1_999)).is_empty());
        assert_eq!(open.take_expired(Steady::from_raw(2_000)).len(), 200);
        assert!(open.is_empty());
    }
}
