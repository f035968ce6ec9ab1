//! What user agents mean, remembered: the same few thousand come all day.
//!
//! A miss is read at once, on the bid path: that takes some microseconds, a small part of what a decision costs, so
//! that no answer depends on whether a user agent came before. The cache is bounded, sharded, and keeps the frequent
//! ones, so that no flood of made-up user agents pushes them out. It holds no text: a user agent is known by 64 bits of
//! a hash under a seed of this process's, which nobody outside can aim at; that two of a full cache are taken for each
//! other has a chance of one in eight thousand million.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;
use quick_cache::sync::Cache;

use crate::agent::{Agent, Reader};
use crate::units::limits::{USER_AGENT_BYTES_MAX, USER_AGENTS_MAX};

/// A reader of user agents that remembers.
pub struct Agents {
    reader: Reader,
    seed: RandomState,
    known: Cache<u64, Agent>,
}

impl std::fmt::Debug for Agents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agents").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

impl Default for Agents {
    /// Knows none yet. Takes some 40 ms: see [`Reader`].
    fn default() -> Self {
        Self::up_to(USER_AGENTS_MAX)
    }
}

impl Agents {
    /// Remembers `most`.
    #[must_use]
    pub fn up_to(most: usize) -> Self {
        Self { reader: Reader::default(), seed: RandomState::default(), known: Cache::new(most) }
    }

    /// What the user agent `text` says, as [`Reader::read`].
    #[must_use]
    pub fn read(&self, text: &str) -> Agent {
        let text = &text[..text.floor_char_boundary(USER_AGENT_BYTES_MAX)];
        let key = self.seed.hash_one(text);
        if let Some(agent) = self.known.get(&key) {
            return agent;
        }
        let agent = self.reader.read(text);
        self.known.insert(key, agent);
        agent
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// True if none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::Agents;
    use crate::agent::{Browser, Reader};
    use crate::units::limits::USER_AGENT_BYTES_MAX;

    fn chrome(version: usize) -> String {
        format!(
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0 Safari/537.36"
        )
    }

    #[test]
    fn what_is_remembered_is_what_was_read() {
        let agents = Agents::default();
        let reader = Reader::default();
        for _ in 0..2 {
            for version in 100..140 {
                assert_eq!(agents.read(&chrome(version)), reader.read(&chrome(version)));
            }
        }
        assert_eq!(agents.len(), 40);
    }

    #[test]
    fn no_flood_of_user_agents_grows_it_beyond_its_limit() {
        let agents = Agents::up_to(64);
        for version in 0..1_000 {
            assert_eq!(agents.read(&chrome(version)).browser, Some(Browser::Chrome));
        }
        assert!(agents.len() <= 64, "{}", agents.len());
    }

    #[test]
    fn what_is_behind_the_limit_makes_no_other_user_agent() {
        let agents = Agents::up_to(64);
        let long = format!("{}{}", chrome(120), "é".repeat(USER_AGENT_BYTES_MAX));
        assert_eq!(agents.read(&long), agents.read(&format!("{long}x")));
        assert_eq!(agents.len(), 1);
    }
}
