//! A request's list of categories, sorted, so that its length hardly matters to each creative held against it.

use crate::taxonomy::key::Key;

/// The ids of a list, whatever its taxonomy. What it says of a creative is asked of its
/// [`Coverage`](crate::taxonomy::Coverage).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategorySet {
    /// Sorted, but those in the form of Content 1.0 stand behind the others.
    ids: Vec<Key>,
    /// Where those in the form of Content 1.0 begin.
    content_1_at: usize,
    /// True if an entry is neither an id that a table can hold nor blank.
    has_unreadable: bool,
    /// True if it was made of nothing at all.
    is_empty: bool,
}

impl CategorySet {
    /// The set of `listed`, as exchanges write it. Allocates once.
    #[must_use]
    pub fn of(listed: &[&str]) -> Self {
        let (mut ids, mut has_unreadable) = (Vec::with_capacity(listed.len()), false);
        for id in listed {
            match Key::of(id) {
                Some(key) => ids.push(key),
                None => has_unreadable |= !id.trim().is_empty(),
            }
        }
        ids.sort_unstable_by_key(|key| (key.is_content_1(), *key));
        ids.dedup();
        let content_1_at = ids.partition_point(|key| !key.is_content_1());
        Self { ids, content_1_at, has_unreadable, is_empty: listed.is_empty() }
    }

    /// The ids that are of Content 1.0 whatever the list's taxonomy, sorted.
    pub(in crate::taxonomy) fn content_1(&self) -> &[Key] {
        &self.ids[self.content_1_at..]
    }

    /// The other ids, sorted.
    pub(in crate::taxonomy) fn others(&self) -> &[Key] {
        &self.ids[..self.content_1_at]
    }

    pub(in crate::taxonomy) fn has_unreadable(&self) -> bool {
        self.has_unreadable
    }

    pub(in crate::taxonomy) fn is_empty(&self) -> bool {
        self.is_empty
    }
}

/// True if the two, both sorted, have a key in common. As many searches as the shorter has keys.
pub(in crate::taxonomy) fn meet(one: &[Key], other: &[Key]) -> bool {
    let (few, many) = if one.len() < other.len() { (one, other) } else { (other, one) };
    few.iter().any(|key| many.binary_search(key).is_ok())
}
