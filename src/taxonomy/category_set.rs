//! A request's list of categories, sorted, so that its length hardly matters to each creative held against it.

use crate::taxonomy::key::{Key, sorted};

/// The ids of a list, whatever its taxonomy. What it says of a creative is asked of its
/// [`Coverage`](crate::taxonomy::Coverage).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CategorySet {
    /// Ids in the form of Content 1.0, which count as such whatever the list's taxonomy, sorted.
    content_1: Box<[Key]>,
    /// The other ids, sorted.
    others: Box<[Key]>,
    /// True if an entry is neither an id that a table can hold nor blank.
    has_unreadable: bool,
    /// True if it was made of nothing at all.
    is_empty: bool,
}

impl CategorySet {
    /// The set of `listed`, as exchanges write it.
    #[must_use]
    pub fn of(listed: &[&str]) -> Self {
        let (mut content_1, mut others, mut has_unreadable) = (Vec::new(), Vec::new(), false);
        for id in listed {
            match Key::of(id) {
                Some(key) if key.is_content_1() => content_1.push(key),
                Some(key) => others.push(key),
                None => has_unreadable |= !id.trim().is_empty(),
            }
        }
        Self {
            content_1: sorted(content_1),
            others: sorted(others),
            has_unreadable,
            is_empty: listed.is_empty(),
        }
    }

    pub(in crate::taxonomy) fn content_1(&self) -> &[Key] {
        &self.content_1
    }

    pub(in crate::taxonomy) fn others(&self) -> &[Key] {
        &self.others
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
