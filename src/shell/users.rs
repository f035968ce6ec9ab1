//! What we know of people, by the keyed hash of their id: segments.
//!
//! In memory, sharded. They come from imports and are kept by `audience_store`.

use dashmap::DashMap;
use dashmap::mapref::one::Ref;
use foldhash::fast::RandomState;

use crate::audience::Profile;
use crate::units::{UnixMillis, UserKey};

/// One person. The default is one of whom nothing is recorded.
#[derive(Debug)]
pub struct User {
    /// Segments.
    pub profile: Profile,
}

impl Default for User {
    fn default() -> Self {
        Self { profile: Profile::known([]) }
    }
}

/// Everyone.
#[derive(Debug, Default)]
pub struct Users {
    map: DashMap<UserKey, User, RandomState>,
    /// Somebody of whom nothing is known.
    stranger: User,
}

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

    /// Replaces everyone's segments.
    pub fn set_segments(&self, profiles: impl IntoIterator<Item = (UserKey, Profile)>) {
        let mut fresh: std::collections::HashMap<UserKey, Profile, RandomState> =
            profiles.into_iter().collect();
        for mut user in self.map.iter_mut() {
            user.profile = fresh.remove(user.key()).unwrap_or_else(|| Profile::known([]));
        }
        for (key, profile) in fresh {
            self.map.entry(key).or_default().profile = profile;
        }
    }

    /// Forgets segments that have expired, and people without any.
    pub fn prune(&self, now: UnixMillis) {
        self.map.retain(|_, user| {
            user.profile.segments.retain(|(_, expires)| now < *expires);
            !user.profile.segments.is_empty()
        });
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
