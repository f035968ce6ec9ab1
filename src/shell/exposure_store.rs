//! What people and households were shown, by the keyed hashes of their ids and addresses.
//!
//! In memory, sharded; rebuilt from the ledger at the start. A bid's place is taken for the user and the
//! household at once, or for neither. Whoever locks both locks the user first, so nobody waits in a circle.

use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use dashmap::mapref::one::Ref;
use foldhash::fast::RandomState;

use crate::campaign::{CapLevel, CountBy, FrequencyCap};
use crate::frequency::{Counted, Exposure, Exposures, Level, Seen, first_exceeded};
use crate::units::{BidId, HouseholdKey, Millis, UnixMillis, UserKey};

/// The most people, and the most households, in memory. Beyond it, newcomers are not counted, so line items with
/// caps do not bid on them.
const KNOWN_MAX: usize = 50_000_000;

/// Nothing was shown yet.
static NOTHING: Exposures = Exposures::new();

/// Everybody's exposures.
#[derive(Debug, Default)]
pub struct ExposureStore {
    users: Shown<UserKey>,
    households: Shown<HouseholdKey>,
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
}

impl Found<'_> {
    /// What was shown: nothing to a stranger; `None` where there is nobody to count for.
    #[must_use]
    pub fn seen(&self) -> Seen<'_> {
        Seen {
            user: self.user.as_ref().map(|found| found.as_deref().unwrap_or(&NOTHING)),
            household: self.household.as_ref().map(|found| found.as_deref().unwrap_or(&NOTHING)),
        }
    }
}

impl ExposureStore {
    /// What `viewer` was shown. Their shards stay locked for readers as long as the answer is held.
    #[must_use]
    pub fn get(&self, viewer: &Viewer) -> Found<'_> {
        Found {
            user: viewer.user.map(|key| self.users.map.get(&key)),
            household: viewer.household.map(|key| self.households.map.get(&key)),
        }
    }

    /// Records that `viewer` is about to be shown something, unless that would now exceed one of `caps`. Whom
    /// there is no room for counts as capped at the widest level.
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
        let user = viewer.user.map(|key| self.users.place(key).ok_or(full(CountBy::User)));
        let user = user.transpose()?;
        let household =
            viewer.household.map(|key| self.households.place(key).ok_or(full(CountBy::Household)));
        let household = household.transpose()?;
        let seen = Seen { user: user.as_ref().map(shown), household: household.as_ref().map(shown) };
        // Whoever cannot be counted was judged by the decision.
        if let Some(exceeded) = first_exceeded(caps, seen, &[], now).filter(|exceeded| exceeded.is_reached) {
            return Err(NoPlace(exceeded.counted));
        }
        if let Some(user) = user {
            self.users.record(user, exposure);
        }
        if let Some(household) = household {
            self.households.record(household, exposure);
        }
        Ok(())
    }

    /// Records an exposure that happened, whatever the caps say: of a former process, or of a late notice.
    pub fn restore(&self, viewer: &Viewer, exposure: Exposure) {
        if let Some(user) = viewer.user {
            self.users.record(self.users.map.entry(user), exposure);
        }
        if let Some(household) = viewer.household {
            self.households.record(self.households.map.entry(household), exposure);
        }
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
}

impl<K: Eq + Hash> Default for Shown<K> {
    fn default() -> Self {
        Self { map: DashMap::default(), known: AtomicUsize::new(0) }
    }
}

impl<K: Eq + Hash> Shown<K> {
    /// The place of `key`, locked; `None` for a newcomer where there is no room.
    fn place(&self, key: K) -> Option<Entry<'_, K, Exposures>> {
        match self.map.entry(key) {
            Entry::Vacant(_) if self.known.load(Ordering::Relaxed) >= KNOWN_MAX => None,
            entry => Some(entry),
        }
    }

    fn record(&self, place: Entry<'_, K, Exposures>, exposure: Exposure) {
        if matches!(place, Entry::Vacant(_)) {
            self.known.fetch_add(1, Ordering::Relaxed);
        }
        place.or_default().record(exposure);
    }

    fn withdraw(&self, key: &K, bid: BidId) {
        if let Some(mut exposures) = self.map.get_mut(key) {
            exposures.withdraw(bid);
        }
    }

    fn prune(&self, now: UnixMillis, longest: Millis) {
        self.map.retain(|_, exposures| {
            exposures.prune(now, longest);
            !exposures.is_empty()
        });
        self.known.store(self.map.len(), Ordering::Relaxed);
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
