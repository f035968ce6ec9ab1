//! What publishers are called: events know them by a hash, and reports print names.
//!
//! The first bid on a publisher hands its name to the ledger's writer, which keeps it some time later; every further one
//! is one look into a sharded set. Names come from outside: they are cut, and their number is bounded, so that no flood of
//! made-up domains fills the ledger. A publisher beyond the bound is reported by its id, and its bids are counted here.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use dashmap::DashSet;

use crate::shell::metrics::Page;
use crate::shell::store::{Name, NameKind, Writer};
use crate::units::PublisherId;
use crate::units::limits::{PUBLISHER_NAME_BYTES_MAX, PUBLISHERS_NAMED_MAX};

/// The publishers whose names are kept.
#[derive(Debug)]
pub struct Publishers {
    known: DashSet<PublisherId, foldhash::fast::RandomState>,
    /// How many of them; counting the set itself would lock each of its shards.
    named: AtomicUsize,
    most: usize,
    unnamed: AtomicU64,
}

impl Default for Publishers {
    fn default() -> Self {
        Self::up_to(PUBLISHERS_NAMED_MAX)
    }
}

impl Publishers {
    /// Names `most`, none of them yet.
    #[must_use]
    pub fn up_to(most: usize) -> Self {
        Self { known: DashSet::default(), named: AtomicUsize::new(0), most, unnamed: AtomicU64::new(0) }
    }

    /// Knows that the names of `ids` are kept already.
    pub fn know(&self, ids: impl IntoIterator<Item = PublisherId>) {
        for id in ids {
            if self.known.insert(id) {
                self.named.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Has the name of a publisher kept that was bid on, if it is the first time.
    pub fn meet(&self, id: PublisherId, name: &str, writer: &Writer) {
        if let Some(name) = self.name(id, name)
            && writer.remember_soon(name).is_err()
        {
            // The queue is full: the next bid tries again.
            self.known.remove(&id);
            self.named.fetch_sub(1, Ordering::Relaxed);
            self.unnamed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What is to be kept: nothing if it is, or if there is no room.
    fn name(&self, id: PublisherId, name: &str) -> Option<Name> {
        if self.known.contains(&id) {
            return None;
        }
        if self.named.load(Ordering::Relaxed) >= self.most {
            self.unnamed.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        if !self.known.insert(id) {
            // Another core was quicker.
            return None;
        }
        self.named.fetch_add(1, Ordering::Relaxed);
        Some(Name {
            kind: NameKind::Publisher,
            id: id.raw(),
            slug: told(name),
            fixed_cost: None,
            aims: Vec::new(),
        })
    }

    /// Appends what is counted.
    pub fn write_metrics(&self, page: &mut Page) {
        page.gauge(
            "encan_publishers_named",
            "Publishers whose names are kept for reports.",
            self.named.load(Ordering::Relaxed),
        );
        page.counter(
            "encan_publisher_bids_unnamed_total",
            "Bids on publishers whose names could not be kept.",
            self.unnamed.load(Ordering::Relaxed),
        );
    }
}

/// A name as it may be printed anywhere: in a terminal, and in a spreadsheet, which would take some first letters for the
/// beginning of a formula.
fn told(name: &str) -> String {
    let cut = &name[..name.floor_char_boundary(PUBLISHER_NAME_BYTES_MAX)];
    let is_foul = |(at, letter): (usize, char)| {
        letter.is_control() || at == 0 && matches!(letter, '=' | '+' | '-' | '@')
    };
    cut.char_indices().map(|found| if is_foul(found) { '\u{fffd}' } else { found.1 }).collect()
}

#[cfg(test)]
mod tests {
    use super::Publishers;
    use crate::shell::metrics::Page;
    use crate::units::PublisherId;
    use crate::units::limits::PUBLISHER_NAME_BYTES_MAX;

    fn slug(publishers: &Publishers, name: &str) -> Option<String> {
        publishers.name(PublisherId::from_slug(name), name).map(|name| name.slug)
    }

    #[test]
    fn a_publisher_is_named_once_and_not_again_after_a_start() {
        let publishers = Publishers::default();
        assert_eq!(slug(&publishers, "news.example").as_deref(), Some("news.example"));
        assert_eq!(slug(&publishers, "news.example"), None);
        let next = Publishers::default();
        next.know([PublisherId::from_slug("news.example")]);
        assert_eq!(slug(&next, "news.example"), None);
    }

    #[test]
    fn publishers_beyond_the_bound_are_counted_and_not_named() {
        let publishers = Publishers::up_to(2);
        let named = ["a.example", "b.example", "c.example", "d.example", "a.example"];
        let named: Vec<_> = named.iter().filter_map(|name| slug(&publishers, name)).collect();
        assert_eq!(named, ["a.example", "b.example"]);
        let mut page = Page::default();
        publishers.write_metrics(&mut page);
        let text = page.into_text();
        assert!(text.contains("encan_publishers_named 2\n"), "{text}");
        assert!(text.contains("encan_publisher_bids_unnamed_total 2\n"), "{text}");
    }

    #[test]
    fn a_name_is_cut_between_letters_and_holds_nothing_that_a_terminal_obeys() {
        let publishers = Publishers::default();
        let long = "é".repeat(PUBLISHER_NAME_BYTES_MAX);
        assert_eq!(slug(&publishers, &long), Some("é".repeat(PUBLISHER_NAME_BYTES_MAX / 2)));
        assert_eq!(slug(&publishers, "a\u{1b}[2Jb\n").as_deref(), Some("a\u{fffd}[2Jb\u{fffd}"));
    }
}
