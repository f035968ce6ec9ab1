//! What people were shown, by the keyed hash of their id.
//!
//! In memory, sharded, rebuilt from the ledger at the start. Segments and events are in `audience_store`.

use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use dashmap::mapref::one::Ref;
use foldhash::fast::RandomState;

use crate::campaign::FrequencyCap;
use crate::frequency::{Exposure, Exposures, Level, first_exceeded};
use crate::units::{BidId, Millis, UnixMillis, UserKey};

/// One person. The default is one of whom nothing is recorded.
#[derive(Debug, Default)]
pub struct User {
    /// What they were shown.
    pub exposures: Exposures,
}

/// Everyone.
#[derive(Debug, Default)]
pub struct Users {
    map: DashMap<UserKey, User, RandomState>,
    /// About how many: counting the map itself would lock all of it.
    known: AtomicUsize,
    /// Somebody of whom nothing is known.
    stranger: User,
}

/// The most people with exposures in memory. Beyond it, newcomers are not capped, so line
/// items with caps do not bid on them.
const USERS_MAX: usize = 50_000_000;

/// A person, while their shard is read.
#[derive(Debug)]
pub enum Found<'a> {
    /// Known.
    Known(Ref<'a, UserKey, User>),
    /// Nothing is known.
    Stranger(&'a User),
}

impl Found<'_> {
    /// The person.
    #[must_use]
    pub fn user(&self) -> &User {
        match self {
            Self::Known(user) => user,
            Self::Stranger(user) => user,
        }
    }
}

impl Users {
    /// The person of `key`. Their shard stays locked for readers as long as the answer is held.
    #[must_use]
    pub fn get(&self, key: &UserKey) -> Found<'_> {
        self.map.get(key).map_or(Found::Stranger(&self.stranger), Found::Known)
    }

    /// Records that `key` is about to be shown something, unless that would now exceed one of `caps`.
    #[must_use]
    pub fn expose(
        &self,
        key: UserKey,
        caps: &[(Level, &[FrequencyCap])],
        exposure: Exposure,
        now: UnixMillis,
    ) -> bool {
        let mut user = match self.map.entry(key) {
            Entry::Occupied(known) => known.into_ref(),
            Entry::Vacant(_) if self.known.load(Ordering::Relaxed) >= USERS_MAX => return false,
            Entry::Vacant(stranger) => {
                self.known.fetch_add(1, Ordering::Relaxed);
                stranger.insert(User::default())
            }
        };
        if first_exceeded(caps, Some(&user.exposures), now).is_some() {
            return false;
        }
        user.exposures.record(exposure);
        true
    }

    /// Records an exposure of a former process.
    pub fn restore(&self, key: UserKey, exposure: Exposure) {
        self.map.entry(key).or_default().exposures.record(exposure);
    }

    /// Takes back the exposure of a bid that was not shown.
    pub fn withdraw(&self, key: &UserKey, bid: BidId) {
        if let Some(mut user) = self.map.get_mut(key) {
            user.exposures.withdraw(bid);
        }
    }

    /// Forgets exposures older than `longest`, and people without any.
    pub fn prune(&self, now: UnixMillis, longest: Millis) {
        self.map.retain(|_, user| {
            user.exposures.prune(now, longest);
            !user.exposures.is_empty()
        });
        self.known.store(self.map.len(), Ordering::Relaxed);
    }

    /// How many people are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// True if nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::Users;
    use crate::campaign::FrequencyCap;
    use crate::frequency::{Exposure, Level};
    use crate::units::{BidId, CampaignId, LineItemId, Millis, UnixMillis, UserKey};

    const ANNA: UserKey = UserKey::from_bytes([1; 16]);
    const CAMPAIGN: CampaignId = CampaignId::from_slug("c");

    fn expose(users: &Users, random: u128, now: i64) -> bool {
        let now = UnixMillis::from_raw(now);
        let cap =
            FrequencyCap { impressions: 2, per: Millis::from_seconds(60), include_unknown_users: false };
        let bid = BidId::mint(now, random);
        let exposure = Exposure { line_item: LineItemId::from_slug("c/l"), campaign: CAMPAIGN, at: now, bid };
        users.expose(ANNA, &[(Level::Campaign(CAMPAIGN), &[cap])], exposure, now)
    }

    #[test]
    fn a_cap_is_checked_again_where_the_exposure_is_recorded() {
        let users = Users::default();
        assert!(expose(&users, 1, 1_000));
        assert!(expose(&users, 2, 1_000));
        assert!(!expose(&users, 3, 1_000), "a concurrent decision saw the same two");
        users.withdraw(&ANNA, BidId::mint(UnixMillis::from_raw(1_000), 1));
        assert!(expose(&users, 4, 1_000));
    }

    #[test]
    fn people_without_anything_are_forgotten() {
        let users = Users::default();
        assert!(expose(&users, 1, 1_000));
        users.prune(UnixMillis::from_raw(2_000), Millis::from_seconds(60));
        assert_eq!(users.len(), 1);
        users.prune(UnixMillis::from_raw(100_000), Millis::from_seconds(60));
        assert!(users.is_empty());
    }
}
