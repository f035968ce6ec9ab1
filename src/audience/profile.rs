//! What the audience store told about a person.

use smallvec::SmallVec;

use crate::units::{AdvertiserId, EventId, Nanos, SegmentId, TopicId, UnixMillis};

/// Something that a person did at an advertiser's: on its site, in its app, in its shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Happened {
    /// At whose.
    pub advertiser: AdvertiserId,
    /// What: `product_view`, `basket`, `purchase`, ...
    pub event: EventId,
    /// About what, if the event says.
    pub topic: Option<TopicId>,
    /// When.
    pub at: UnixMillis,
    /// What it was worth, in euros; zero if the event does not say.
    pub value: Nanos,
}

/// What the shell fetched about the person behind a request. The default is a person of whom nothing is
/// known: without id, without permission, or because the store was late.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// True if the store answered. A person it has never seen is known to be in no segment.
    pub known: bool,
    /// Segments, each with the first instant at which it no longer counts.
    pub segments: SmallVec<[(SegmentId, UnixMillis); 20]>,
    /// What the person did, oldest first; the oldest are forgotten.
    pub history: SmallVec<[Happened; 4]>,
}

impl Profile {
    /// A person of whom the store said that they are in exactly these segments.
    #[must_use]
    pub fn known(segments: impl IntoIterator<Item = (SegmentId, UnixMillis)>) -> Self {
        Self { known: true, segments: segments.into_iter().collect(), history: SmallVec::new() }
    }

    /// True if the person is in `segment` at `now`.
    #[must_use]
    pub fn has(&self, segment: SegmentId, now: UnixMillis) -> bool {
        self.current(now).any(|current| current == segment)
    }

    /// The segments that count at `now`.
    pub fn current(&self, now: UnixMillis) -> impl Iterator<Item = SegmentId> {
        self.segments.iter().filter(move |(_, expires)| now < *expires).map(|(segment, _)| *segment)
    }
}

#[cfg(test)]
mod tests {
    use super::Profile;
    use crate::units::{SegmentId, UnixMillis};

    #[test]
    fn a_segment_counts_until_the_instant_it_expires() {
        let segment = SegmentId::from_slug("shoes");
        let profile = Profile::known([(segment, UnixMillis::from_raw(100))]);
        assert!(profile.has(segment, UnixMillis::from_raw(99)));
        assert!(!profile.has(segment, UnixMillis::from_raw(100)));
        assert!(!profile.has(SegmentId::from_slug("cars"), UnixMillis::from_raw(0)));
    }

    #[test]
    fn by_default_nothing_is_known() {
        assert!(!Profile::default().known);
        assert!(Profile::known([]).known);
    }
}
