//! What is known of one person in as few bytes as it takes: 4 a segment, 12 an event.
//!
//! Memory and file hold the same words; only the numbers that stand for segments and acts are each one's own.
//! Everything is rounded so that it never counts longer than was said. Deliberately absent: who the person is.

use std::cmp::Reverse;

use crate::units::{AdvertiserId, EventId, Millis, Nanos, TopicId, UnixMillis, limits};

/// 2026-01-01T00:00:00Z: an expiry before it has passed, whatever it was.
const EPOCH: UnixMillis = UnixMillis::from_raw(1_767_225_600_000);
/// The step of an expiry.
const STEP: Millis = Millis::from_seconds(6 * 3_600);
const EXPIRY_BITS: u32 = 14;
const EXPIRY_MASK: u32 = (1 << EXPIRY_BITS) - 1;
/// Euro cents in nanos of a euro.
const CENT: i64 = 10_000_000;
const SECOND: i64 = 1_000;

/// What somebody did, apart from when and for how much: few of them, so that each has a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Act {
    /// At whose.
    pub advertiser: AdvertiserId,
    /// What.
    pub event: EventId,
    /// About what, if the event says.
    pub topic: Option<TopicId>,
}

/// A segment's number, 18 bits, and its expiry, 14 bits in steps of six hours from 2026 on.
///
/// The expiry is rounded down to the step: a segment counts up to six hours less than was said and never
/// longer; midnights of UTC are exact. What expires after 2037-03-20 counts until then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedSegment(u32);

impl PackedSegment {
    /// The segment of `number`, below [`limits::SEGMENTS_MAX`], until `expires`.
    #[must_use]
    pub fn new(number: u32, expires: UnixMillis) -> Self {
        let steps = expires.since(EPOCH).raw().div_euclid(STEP.raw()).clamp(0, i64::from(EXPIRY_MASK));
        let steps = u32::try_from(steps).expect("clamped to 14 bits");
        Self(((number & (limits::SEGMENTS_MAX - 1)) << EXPIRY_BITS) | steps)
    }

    /// The segment from its word.
    #[must_use]
    pub const fn from_word(word: u32) -> Self {
        Self(word)
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> u32 {
        self.0
    }

    /// The same, of another number.
    #[must_use]
    pub const fn renumbered(self, number: u32) -> Self {
        Self((number << EXPIRY_BITS) | (self.0 & EXPIRY_MASK))
    }

    /// The segment's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0 >> EXPIRY_BITS
    }

    /// The first instant at which it no longer counts.
    #[must_use]
    pub fn expires(self) -> UnixMillis {
        EPOCH.plus(Millis::from_raw(i64::from(self.0 & EXPIRY_MASK) * STEP.raw()))
    }
}

/// An act's number, the second in which it happened, and its value in euro cents.
///
/// The second and the cents are rounded down; a value below zero is held as zero, one above 42,949,672.95 euros
/// as that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackedEvent {
    act: u32,
    second: u32,
    cents: u32,
}

impl PackedEvent {
    /// Words of one event.
    pub const WORDS: usize = 3;

    /// The act of `number` at `at`, worth `value`.
    #[must_use]
    pub fn new(number: u32, at: UnixMillis, value: Nanos) -> Self {
        let held = |raw: i64| u32::try_from(raw.max(0)).unwrap_or(u32::MAX);
        Self { act: number, second: held(at.raw().div_euclid(SECOND)), cents: held(value.raw() / CENT) }
    }

    /// The event from its words.
    #[must_use]
    pub const fn from_words([act, second, cents]: [u32; Self::WORDS]) -> Self {
        Self { act, second, cents }
    }

    /// Its words.
    #[must_use]
    pub const fn words(self) -> [u32; Self::WORDS] {
        [self.act, self.second, self.cents]
    }

    /// The same, of another number.
    #[must_use]
    pub const fn renumbered(self, number: u32) -> Self {
        Self { act: number, ..self }
    }

    /// The act's number.
    #[must_use]
    pub const fn act(self) -> u32 {
        self.act
    }

    /// When, to the second.
    #[must_use]
    pub const fn at(self) -> UnixMillis {
        UnixMillis::from_raw(self.second as i64 * SECOND)
    }

    /// What it was worth, in euros.
    #[must_use]
    pub const fn value(self) -> Nanos {
        Nanos::from_raw(self.cents as i64 * CENT)
    }
}

/// All that is known of one person, while it is read or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Segments, each once.
    pub segments: Vec<PackedSegment>,
    /// Events, oldest first.
    pub history: Vec<PackedEvent>,
}

impl Known {
    /// Segments, or events, that a record has room for: its counts have 16 bits each. What is written has far
    /// fewer; a damaged file may say anything.
    pub const COUNT_MAX: usize = 0xffff;

    /// True if it is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.segments.is_empty() && self.history.is_empty()
    }

    /// Puts the person into a segment, or changes until when they are in it. Beyond
    /// [`limits::SEGMENTS_OF_PERSON_MAX`] the one that expires first is forgotten.
    pub fn put_segment(&mut self, segment: PackedSegment) {
        if let Some(same) = self.segments.iter_mut().find(|known| known.number() == segment.number()) {
            *same = segment;
            return;
        }
        self.segments.push(segment);
        if self.segments.len() > limits::SEGMENTS_OF_PERSON_MAX {
            let by_expiry = |(_, segment): &(usize, &PackedSegment)| segment.expires();
            let first = self.segments.iter().enumerate().min_by_key(by_expiry).map(|(at, _)| at);
            self.segments.remove(first.expect("there is more than one"));
        }
    }

    /// Records an event. The same one twice in a second is one, so that a file may be imported again. Beyond
    /// [`limits::HISTORY_MAX`] one is forgotten: of the advertiser with the most events, of their most frequent
    /// kind, the oldest. `act` tells what a number stands for.
    ///
    /// # Errors
    ///
    /// Those of `act`; the person is one event beyond the limit then, and must not be kept.
    pub fn record<E>(
        &mut self,
        event: PackedEvent,
        act: impl FnMut(u32) -> Result<Option<Act>, E>,
    ) -> Result<(), E> {
        if self.history.contains(&event) {
            return Ok(());
        }
        let at = self.history.partition_point(|known| known.second <= event.second);
        self.history.insert(at, event);
        if self.history.len() > limits::HISTORY_MAX { self.forget_one(act) } else { Ok(()) }
    }

    /// Makes room for an event. Page views, however many, so push out page views: a purchase stays, and one
    /// advertiser's events push out nobody else's.
    fn forget_one<E>(&mut self, mut act: impl FnMut(u32) -> Result<Option<Act>, E>) -> Result<(), E> {
        let mut kinds = Vec::with_capacity(self.history.len());
        for event in &self.history {
            kinds.push(act(event.act)?.map_or((None, None), |act| (Some(act.advertiser), Some(act.event))));
        }
        let claim = |at: &usize| {
            let (advertiser, event) = kinds[*at];
            let of_advertiser = kinds.iter().filter(|(other, _)| *other == advertiser);
            let of_kind = of_advertiser.clone().filter(|(_, other)| *other == event);
            (of_advertiser.count(), of_kind.count(), Reverse(*at))
        };
        if let Some(at) = (0..kinds.len()).max_by_key(claim) {
            self.history.remove(at);
        }
        Ok(())
    }

    /// Forgets what no longer counts at `now`; true if there was such.
    pub fn prune(&mut self, now: UnixMillis) -> bool {
        let before = (self.segments.len(), self.history.len());
        self.segments.retain(|segment| now < segment.expires());
        let oldest = now.minus(limits::HISTORY_AGE_MAX);
        self.history.retain(|event| oldest <= event.at());
        before != (self.segments.len(), self.history.len())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::{Act, EPOCH, Known, PackedEvent, PackedSegment};
    use crate::units::{AdvertiserId, Day, EventId, Millis, Nanos, TopicId, UnixMillis, limits};

    const HOUR: i64 = 3_600_000;

    fn instant(year: i32, month: i32, day: i32) -> UnixMillis {
        UnixMillis::from_raw(i64::from(Day::from_civil(year, month, day).raw()) * 24 * HOUR)
    }

    #[test]
    fn an_expiry_is_rounded_down_to_six_hours_and_never_up() {
        assert_eq!(EPOCH, instant(2026, 1, 1));
        for (said, kept) in [
            (instant(2026, 12, 31), instant(2026, 12, 31)),
            (
                instant(2026, 12, 31).minus(Millis::from_raw(1)),
                instant(2026, 12, 31).minus(Millis::from_raw(6 * HOUR)),
            ),
            (instant(2025, 1, 1), EPOCH),
            (UnixMillis::from_raw(i64::MIN), EPOCH),
            (instant(2050, 1, 1), instant(2037, 3, 19).plus(Millis::from_raw(18 * HOUR))),
        ] {
            let packed = PackedSegment::new(262_143, said);
            assert_eq!((packed.number(), packed.expires()), (262_143, kept), "{said:?}");
            assert!(kept <= said || kept == EPOCH);
        }
    }

    #[test]
    fn an_event_is_kept_to_the_second_and_the_cent_and_held_at_the_ends() {
        for (value, kept) in
            [(19_999_999_999, 19_990_000_000), (-5, 0), (i64::MAX, i64::from(u32::MAX) * 10_000_000)]
        {
            let event = PackedEvent::new(7, UnixMillis::from_raw(1_999), Nanos::from_raw(value));
            assert_eq!((event.act(), event.at().raw(), event.value().raw()), (7, 1_000, kept));
            assert_eq!(PackedEvent::from_words(event.words()), event);
        }
    }

    /// Records the act of `number` in `second`: the hundreds are its advertiser, the tens its event, and the ones its
    /// topic.
    fn record(known: &mut Known, number: u32, second: u32) {
        let act = |number: u32| {
            Ok::<_, Infallible>(Some(Act {
                advertiser: AdvertiserId::from_raw(u64::from(number / 100)),
                event: EventId::from_raw(u64::from(number / 10)),
                topic: Some(TopicId::from_raw(u64::from(number % 10))),
            }))
        };
        let at = UnixMillis::from_raw(i64::from(second) * 1_000);
        let Ok(()) = known.record(PackedEvent::new(number, at, Nanos::from_raw(0)), act);
    }

    #[test]
    fn what_happens_often_pushes_out_nothing_rare_and_nothing_of_another_advertiser() {
        const PURCHASE: u32 = 110;
        const VIEW: u32 = 120;
        let mut known = Known::default();
        record(&mut known, PURCHASE, 1);
        record(&mut known, 210, 2);
        record(&mut known, 220, 3);
        // Each view is about another topic than the one before it.
        (4..1_000).for_each(|second| record(&mut known, VIEW + second % 10, second));
        let acts: Vec<u32> = known.history.iter().map(|event| event.act()).collect();
        assert_eq!((acts.len(), &acts[..3]), (limits::HISTORY_MAX, [PURCHASE, 210, 220].as_slice()));
        assert_eq!(known.history[3].at().raw(), (1_000 - 61) * 1_000, "of the views the last ones stay");
        // Another advertiser with as many kinds as it likes takes its share, and no purchase of the first.
        (0..640).for_each(|number| record(&mut known, 300 + number % 90, 1_000 + number));
        let of = |advertiser| known.history.iter().filter(|event| event.act() / 100 == advertiser).count();
        assert_eq!((known.history[0].act(), of(1), of(2), of(3)), (PURCHASE, 31, 2, 31));
    }

    #[test]
    fn the_oldest_and_the_first_to_expire_are_forgotten_beyond_the_limits() {
        let mut known = Known::default();
        for number in 0..300 {
            let days = Millis::from_raw(i64::from(400 - number) * 24 * HOUR);
            known.put_segment(PackedSegment::new(number, EPOCH.plus(days)));
            record(&mut known, 1, 300 - number);
        }
        assert_eq!(known.segments.len(), limits::SEGMENTS_OF_PERSON_MAX);
        assert_eq!(known.history.len(), limits::HISTORY_MAX);
        assert!(known.segments.iter().all(|segment| segment.number() < 256));
        assert_eq!(known.history[0].at().raw(), 237_000, "late ones find their place");
        assert!(known.history.is_sorted_by_key(|event| event.at()));
    }
}
