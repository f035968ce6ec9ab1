//! What people and households were shown, by the keyed hashes of their ids and addresses.
//!
//! In memory, sharded; read from the ledger at the start, on a thread of its own while bids are made already: until
//! all is read, whoever is known may have seen anything, so nothing that a cap counts is shown to them. A bid's place is taken for the user and the
//! household at once, or for neither. Whoever locks both locks the user first, so nobody waits in a circle.
//! Where there is no room to remember what a cap counts, nothing with such a cap is shown: nothing is forgotten
//! for it.

use std::hash::Hash;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use dashmap::mapref::one::{Ref, RefMut};
use foldhash::fast::RandomState;

use crate::campaign::{CapLevel, CountBy, FrequencyCap};
use crate::frequency::{Counted, Exposure, Exposures, Level, Seen, Windows, first_exceeded};
use crate::units::{BidId, HouseholdKey, Millis, UnixMillis, UserKey};

/// The most people, and the most households, in memory. Beyond it, newcomers are not counted, so line items with
/// caps do not bid on them.
const KNOWN_MAX: usize = 50_000_000;
/// Parts that are locked apart: at the limit of people each holds some six thousand, so that forgetting what is old
/// locks each for less than a millisecond. A power of two.
const SHARDS: usize = 8_192;

/// Nothing was shown yet.
static NOTHING: Exposures = Exposures::new();
/// What was shown is not read yet.
static UNREAD: Exposures = Exposures::unread();

/// Everybody's exposures.
#[derive(Debug)]
pub struct ExposureStore {
    users: Shown<UserKey>,
    households: Shown<HouseholdKey>,
    complete: AtomicBool,
}

impl Default for ExposureStore {
    fn default() -> Self {
        Self::with_room_for(KNOWN_MAX)
    }
}

/// Who is behind a bid: for whom its exposure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Viewer {
    /// If it counts by user.
    pub user: Option<UserKey>,
    /// If it counts by household.
    pub household: Option<HouseholdKey>,
}

/// A bid has no place: a cap was reached meanwhile, or there is no memory for a newcomer to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace(pub Counted);

/// Exposures, while their shards are read. The default is of nobody.
#[derive(Debug, Default)]
pub struct Found<'a> {
    user: Option<Option<Ref<'a, UserKey, Exposures>>>,
    household: Option<Option<Ref<'a, HouseholdKey, Exposures>>>,
    unread: bool,
}

impl Found<'_> {
    /// What was shown: nothing to a stranger; `None` where there is nobody to count for.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        if self.unread {
            return Seen {
                user: self.user.as_ref().map(|_| &UNREAD),
                household: self.household.as_ref().map(|_| &UNREAD),
            };
        }
        Seen {
            user: self.user.as_ref().map(|found| found.as_deref().unwrap_or(&NOTHING)),
            household: self.household.as_ref().map(|found| found.as_deref().unwrap_or(&NOTHING)),
        }
    }
}

impl ExposureStore {
    /// Nobody's yet, of at most so many people and so many households.
    #[must_use]
    pub fn with_room_for(known: usize) -> Self {
        Self { users: Shown::new(known), households: Shown::new(known), complete: AtomicBool::new(true) }
    }

    /// Of those whom a former process showed something, which is still to be restored.
    #[must_use]
    pub fn unread() -> Self {
        Self { complete: AtomicBool::new(false), ..Self::default() }
    }

    /// Tells that all of a former process is restored.
    pub fn completed(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// True once what a former process showed is restored.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// What `viewer` was shown. Their shards stay locked for readers as long as the answer is held. A full list
    /// first forgets what no cap of `windows` counts at `now`.
    #[must_use]
    pub fn get(&self, viewer: &Viewer, windows: &Windows, now: UnixMillis) -> Found<'_> {
        // Both before the first reader's lock: making room takes a writer's.
        if let Some(user) = &viewer.user {
            self.users.make_room(user, |shown| windows.end(shown, CountBy::User), now);
        }
        if let Some(household) = &viewer.household {
            self.households.make_room(household, |shown| windows.end(shown, CountBy::Household), now);
        }
        Found {
            unread: !self.is_complete(),
            user: viewer.user.map(|key| self.users.map.get(&key)),
            household: viewer.household.map(|key| self.households.map.get(&key)),
        }
    }

    /// Records that `viewer` is about to be shown something, unless that would now exceed one of `caps`, or could
    /// not be counted by it. Whom there is no room for counts as capped at the widest level.
    ///
    /// # Errors
    ///
    /// [`NoPlace`]: nothing is recorded.
    pub fn expose(
        &self,
        viewer: &Viewer,
        caps: &[(Level, &[FrequencyCap])],
        exposure: Exposure,
        now: UnixMillis,
    ) -> Result<(), NoPlace> {
        let full = |by| NoPlace(Counted { level: CapLevel::Advertiser, by });
        let user = viewer.user.map(|key| self.users.place(key, now).ok_or(full(CountBy::User)));
        let user = user.transpose()?;
        let household =
            viewer.household.map(|key| self.households.place(key, now).ok_or(full(CountBy::Household)));
        let household = household.transpose()?;
        let seen = Seen { user: user.as_ref().map(shown), household: household.as_ref().map(shown) };
        // Whoever cannot be counted was judged by the decision.
        if let Some(exceeded) = first_exceeded(caps, seen, &[], now).filter(|exceeded| exceeded.is_reached) {
            return Err(NoPlace(exceeded.counted));
        }
        // A full list was refused above by the caps that would count it; what none counts may be left out.
        if let Some(user) = user {
            self.users.known_at(user).record(exposure);
        }
        if let Some(household) = household {
            self.households.known_at(household).record(exposure);
        }
        Ok(())
    }

    /// Records an exposure that happened, of a former process or of a late notice, if any cap of `windows` counts
    /// it at `now`, whether or not it was reached before.
    pub fn restore(&self, viewer: &Viewer, exposure: Exposure, windows: &Windows, now: UnixMillis) {
        if let Some(user) = viewer.user {
            self.users.restore(user, exposure, |shown| windows.end(shown, CountBy::User), now);
        }
        if let Some(household) = viewer.household {
            let end = |shown: &Exposure| windows.end(shown, CountBy::Household);
            self.households.restore(household, exposure, end, now);
        }
    }

    /// Forgets a person, who asked for it: no cap counts any more what they saw. Their household's exposures stay,
    /// which do not name them. False if nothing was known of them.
    pub fn forget(&self, user: &UserKey) -> bool {
        self.users.forget(user)
    }

    /// Takes back the exposure of a bid that was not shown.
    pub fn withdraw(&self, viewer: &Viewer, bid: BidId) {
        if let Some(user) = &viewer.user {
            self.users.withdraw(user, bid);
        }
        if let Some(household) = &viewer.household {
            self.households.withdraw(household, bid);
        }
    }

    /// The exposure of a bid to `viewer`, if it is remembered.
    #[must_use]
    pub fn of(&self, viewer: &Viewer, bid: BidId) -> Option<Exposure> {
        let by_user = viewer.user.and_then(|key| self.users.map.get(&key)?.of(bid).copied());
        by_user.or_else(|| viewer.household.and_then(|key| self.households.map.get(&key)?.of(bid).copied()))
    }

    /// Forgets exposures older than `longest`, and those without any.
    pub fn prune(&self, now: UnixMillis, longest: Millis) {
        self.users.prune(now, longest);
        self.households.prune(now, longest);
    }

    /// How many users and how many households are known.
    #[must_use]
    pub fn len(&self) -> (usize, usize) {
        (self.users.map.len(), self.households.map.len())
    }

    /// True if nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == (0, 0)
    }
}

/// Exposures by one kind of key.
#[derive(Debug)]
struct Shown<K: Eq + Hash> {
    map: DashMap<K, Exposures, RandomState>,
    /// About how many: counting the map itself would lock all of it.
    known: AtomicUsize,
    most: usize,
    /// Until then somebody for whom there was no room may look like a newcomer, in milliseconds since the epoch.
    gap_ends: AtomicI64,
}

impl<K: Eq + Hash> Shown<K> {
    fn new(most: usize) -> Self {
        Self {
            map: DashMap::with_hasher_and_shard_amount(RandomState::default(), SHARDS),
            known: AtomicUsize::new(0),
            most,
            gap_ends: AtomicI64::new(i64::MIN),
        }
    }

    fn has_room(&self) -> bool {
        self.known.load(Ordering::Relaxed) < self.most
    }

    /// The place of `key`, locked; `None` for a newcomer where there is no room.
    fn place(&self, key: K, now: UnixMillis) -> Option<Entry<'_, K, Exposures>> {
        match self.map.entry(key) {
            Entry::Vacant(_) if !self.has_room() || now.raw() < self.gap_ends.load(Ordering::Relaxed) => None,
            entry => Some(entry),
        }
    }

    /// The exposures at `place`, which is counted if it is new.
    fn known_at<'a>(&self, place: Entry<'a, K, Exposures>) -> RefMut<'a, K, Exposures> {
        if matches!(place, Entry::Vacant(_)) {
            self.known.fetch_add(1, Ordering::Relaxed);
        }
        place.or_default()
    }

    fn restore(
        &self,
        key: K,
        exposure: Exposure,
        end: impl Fn(&Exposure) -> Option<UnixMillis>,
        now: UnixMillis,
    ) {
        let Some(counts_until) = end(&exposure).filter(|end| *end > now) else { return };
        match self.map.entry(key) {
            Entry::Vacant(_) if !self.has_room() => {
                self.gap_ends.fetch_max(counts_until.raw(), Ordering::Relaxed);
            }
            place => self.known_at(place).restore(exposure, end, now),
        }
    }

    fn make_room(&self, key: &K, end: impl Fn(&Exposure) -> Option<UnixMillis>, now: UnixMillis) {
        if self.map.get(key).is_some_and(|shown| shown.is_at_limit())
            && let Some(mut shown) = self.map.get_mut(key)
        {
            shown.make_room(end, now);
        }
    }

    fn forget(&self, key: &K) -> bool {
        let forgotten = self.map.remove(key).is_some();
        self.known.fetch_sub(usize::from(forgotten), Ordering::Relaxed);
        forgotten
    }

    fn withdraw(&self, key: &K, bid: BidId) {
        if let Some(mut exposures) = self.map.get_mut(key) {
            exposures.withdraw(bid);
        }
    }

    fn prune(&self, now: UnixMillis, longest: Millis) {
        let mut gone = 0;
        // One shard is locked after the other.
        self.map.retain(|_, exposures| {
            exposures.prune(now, longest);
            gone += usize::from(exposures.is_idle(now));
            !exposures.is_idle(now)
        });
        self.known.fetch_sub(gone, Ordering::Relaxed);
    }
}

fn shown<'a, K: Eq + Hash>(place: &'a Entry<'_, K, Exposures>) -> &'a Exposures {
    match place {
        Entry::Occupied(known) => known.get(),
        Entry::Vacant(_) => &NOTHING,
    }
}

#[cfg(test)]
mod tests;
