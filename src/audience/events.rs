//! Questions about what a person did at an advertiser's: how often, how long ago, about what.
//!
//! One question serves the rules of campaigns and the stages and intents of a definition. Time is an argument: an
//! event is as old as its distance to `now`, and one that a hurried clock dated a little later has no age.

mod arrival;
pub(in crate::audience) mod read;

pub use arrival::{Arrival, EventRefusal, Sent};
pub use read::Words;

use std::fmt;

use crate::audience::{Definition, Happened};
use crate::units::{AdvertiserId, EventId, Millis, TopicId, UnixMillis};

/// A kind of event that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedEvent {
    /// From `slug`.
    pub id: EventId,
    /// As written.
    pub slug: String,
}

impl NamedEvent {
    /// The event of that name.
    #[must_use]
    pub fn new(slug: &str) -> Self {
        Self { id: EventId::from_slug(slug), slug: slug.to_owned() }
    }
}

/// A topic that a file names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTopic {
    /// From `slug`.
    pub id: TopicId,
    /// In lower case, without spaces around it.
    pub slug: String,
}

impl NamedTopic {
    /// The topic of that name, case and spaces around it apart.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let slug = name.trim().to_lowercase();
        Self { id: TopicId::from_slug(&slug), slug }
    }
}

/// Whether a person did something often enough, and not too often, in a span of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCount {
    /// Kinds of events that count; empty: all.
    pub events: Vec<NamedEvent>,
    /// Topics that count; empty: all, and events that tell none.
    pub topics: Vec<NamedTopic>,
    /// Only events younger than this.
    pub within: Option<Millis>,
    /// Only events as old as this, or older.
    pub older_than: Option<Millis>,
    /// Only events later than the last event of this kind.
    pub after: Option<NamedEvent>,
    /// So many at least.
    pub at_least: u32,
    /// And so many at most.
    pub at_most: Option<u32>,
}

impl EventCount {
    /// At least one of `event`, ever.
    #[must_use]
    pub fn of(event: &str) -> Self {
        Self { events: vec![NamedEvent::new(event)], ..Self::any() }
    }

    /// At least one event of any kind, ever.
    #[must_use]
    pub const fn any() -> Self {
        Self {
            events: Vec::new(),
            topics: Vec::new(),
            within: None,
            older_than: None,
            after: None,
            at_least: 1,
            at_most: None,
        }
    }

    /// True of a person who did nothing.
    #[must_use]
    pub const fn holds_for_nobody(&self) -> bool {
        self.at_least == 0
    }

    /// True if what happened is as often as asked.
    #[must_use]
    pub fn holds(&self, past: Past<'_>) -> bool {
        let counts = u32::try_from(past.matching(self).count()).unwrap_or(u32::MAX);
        counts >= self.at_least && self.at_most.is_none_or(|most| counts <= most)
    }

    fn counts(&self, happened: &Happened, age: Millis, since: Option<UnixMillis>) -> bool {
        let is_named = self.events.is_empty() || self.events.iter().any(|event| event.id == happened.event);
        let is_about = self.topics.is_empty()
            || happened.topic.is_some_and(|topic| self.topics.iter().any(|named| named.id == topic));
        is_named
            && is_about
            && self.within.is_none_or(|span| age < span)
            && self.older_than.is_none_or(|span| age >= span)
            && since.is_none_or(|since| happened.at > since)
    }
}

impl fmt::Display for EventCount {
    /// As `product_view about shoes within 7d, at least 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.events.as_slice() {
            [] => f.write_str("any event")?,
            events => write_joined(f, events.iter().map(|event| event.slug.as_str()))?,
        }
        if !self.topics.is_empty() {
            f.write_str(" about ")?;
            write_joined(f, self.topics.iter().map(|topic| topic.slug.as_str()))?;
        }
        if let Some(event) = &self.after {
            write!(f, " after the last {}", event.slug)?;
        }
        if let Some(span) = self.within {
            write!(f, " within {}", Span(span))?;
        }
        if let Some(span) = self.older_than {
            write!(f, " older than {}", Span(span))?;
        }
        match (self.at_least, self.at_most) {
            (1, None) => Ok(()),
            (least, None) => write!(f, ", at least {least}"),
            (0, Some(0)) => f.write_str(", never"),
            (0, Some(most)) => write!(f, ", at most {most}"),
            (least, Some(most)) => write!(f, ", {least} to {most}"),
        }
    }
}

fn write_joined<'t>(f: &mut fmt::Formatter<'_>, mut words: impl Iterator<Item = &'t str>) -> fmt::Result {
    words.next().map_or(Ok(()), |first| f.write_str(first))?;
    words.try_for_each(|word| write!(f, " or {word}"))
}

/// A span in the largest unit that divides it, as files write it.
struct Span(Millis);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(i64, &str); 3] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m")];
        let millis = self.0.raw();
        match UNITS.into_iter().find(|(unit, _)| millis % unit == 0) {
            Some((unit, name)) => write!(f, "{}{name}", millis / unit),
            None => write!(f, "{}s", millis / 1_000),
        }
    }
}

/// What a person did at one advertiser's, as far as it counts at one instant: nothing older than the advertiser's
/// retention.
#[derive(Debug, Clone, Copy)]
pub struct Past<'h> {
    history: &'h [Happened],
    advertiser: AdvertiserId,
    retention: Millis,
    now: UnixMillis,
}

impl<'h> Past<'h> {
    /// What of `history`, in any order, counts for `definition` at `now`.
    #[must_use]
    pub const fn new(definition: &Definition, history: &'h [Happened], now: UnixMillis) -> Self {
        Self { history, advertiser: definition.advertiser, retention: definition.retention, now }
    }

    /// The events that count.
    pub fn iter(self) -> impl Iterator<Item = &'h Happened> {
        let counts = move |happened: &&Happened| {
            happened.advertiser == self.advertiser && self.age(happened) < self.retention
        };
        self.history.iter().filter(counts)
    }

    /// The events that `count` counts.
    pub fn matching(self, count: &EventCount) -> impl Iterator<Item = &'h Happened> {
        let since = count.after.as_ref().and_then(|event| self.last(event.id));
        self.iter().filter(move |happened| count.counts(happened, self.age(happened), since))
    }

    /// How long ago it was, zero at least.
    #[must_use]
    pub fn age(self, happened: &Happened) -> Millis {
        self.now.since(happened.at).max(Millis::default())
    }

    /// When `event` happened last.
    #[must_use]
    pub fn last(self, event: EventId) -> Option<UnixMillis> {
        self.iter().filter(|happened| happened.event == event).map(|happened| happened.at).max()
    }
}

#[cfg(test)]
mod tests {
    use super::{EventCount, NamedEvent, NamedTopic, Past};
    use crate::audience::{Definition, Happened};
    use crate::units::{AdvertiserId, EventId, Millis, Nanos, TopicId, UnixMillis};

    const DAY: i64 = 86_400_000;
    const NOW: UnixMillis = UnixMillis::from_raw(1_000 * DAY);

    fn days(days: i64) -> Option<Millis> {
        Some(Millis::from_raw(days * DAY))
    }

    /// Asks of `history`: what, about what, how many milliseconds ago.
    #[track_caller]
    fn check(count: &EventCount, history: &[(&str, &str, i64)], want: bool) {
        let happened = |(event, topic, ago): &(&str, &str, i64)| Happened {
            advertiser: AdvertiserId::from_slug("shop"),
            event: EventId::from_slug(event),
            topic: (!topic.is_empty()).then(|| TopicId::from_slug(topic)),
            at: UnixMillis::from_raw(NOW.raw() - ago),
            value: Nanos::ZERO,
        };
        let history: Vec<Happened> = history.iter().map(happened).collect();
        let definition = Definition::sample("shop", &["product_view", "basket", "purchase"]);
        assert_eq!(count.holds(Past::new(&definition, &history, NOW)), want, "{count}");
        let elsewhere = Definition::sample("other", &["product_view", "basket", "purchase"]);
        let none = EventCount { at_least: 0, at_most: Some(0), ..count.clone() };
        assert!(none.holds(Past::new(&elsewhere, &history, NOW)), "another advertiser's: {count}");
    }

    #[test]
    fn an_event_counts_from_the_instant_it_happened_to_the_end_of_its_span() {
        let seen = EventCount { within: days(7), ..EventCount::of("product_view") };
        check(&seen, &[("product_view", "", 7 * DAY - 1)], true);
        check(&seen, &[("product_view", "", 7 * DAY)], false);
        check(&seen, &[("product_view", "", -60_000)], true);
        let old = EventCount { older_than: days(7), ..EventCount::of("product_view") };
        check(&old, &[("product_view", "", 7 * DAY - 1)], false);
        check(&old, &[("product_view", "", 7 * DAY)], true);
        check(&EventCount::of("product_view"), &[("basket", "", 0)], false);
        check(&EventCount::any(), &[("basket", "", 0)], true);
        check(&EventCount::any(), &[], false);
    }

    #[test]
    fn events_count_between_at_least_and_at_most() {
        let twice = EventCount { at_least: 2, at_most: Some(3), ..EventCount::of("basket") };
        for (times, want) in [(1, false), (2, true), (3, true), (4, false)] {
            check(&twice, &vec![("basket", "", DAY); times], want);
        }
        let never = EventCount { at_least: 0, at_most: Some(0), ..EventCount::of("purchase") };
        check(&never, &[("basket", "", 0)], true);
        check(&never, &[("purchase", "", 0)], false);
    }

    #[test]
    fn a_topic_is_compared_where_the_question_names_one() {
        let shoes = EventCount { topics: vec![NamedTopic::new(" Shoes ")], ..EventCount::any() };
        check(&shoes, &[("basket", "shoes", 0)], true);
        check(&shoes, &[("basket", "hats", 0), ("basket", "", 0)], false);
    }

    #[test]
    fn a_basket_is_left_if_no_purchase_came_after_it() {
        let left = EventCount { after: Some(NamedEvent::new("purchase")), ..EventCount::of("basket") };
        check(&left, &[("basket", "", 5)], true);
        check(&left, &[("purchase", "", 9), ("basket", "", 5)], true);
        check(&left, &[("basket", "", 5), ("purchase", "", 5)], false);
        check(&left, &[("basket", "", 5), ("purchase", "", 1)], false);
    }

    #[test]
    fn what_is_older_than_the_retention_never_happened() {
        let sample = Definition::sample("shop", &[]);
        check(&EventCount::any(), &[("basket", "", sample.retention.raw() - 1)], true);
        check(&EventCount::any(), &[("basket", "", sample.retention.raw())], false);
    }

    #[test]
    fn a_question_reads_as_a_person_would_ask_it() {
        let all = EventCount {
            events: vec![NamedEvent::new("product_view"), NamedEvent::new("basket")],
            topics: vec![NamedTopic::new("shoes")],
            within: days(7),
            older_than: Some(Millis::from_seconds(3_600)),
            after: Some(NamedEvent::new("purchase")),
            at_least: 2,
            at_most: Some(5),
        };
        let words =
            "product_view or basket about shoes after the last purchase within 7d older than 1h, 2 to 5";
        assert_eq!(all.to_string(), words);
        assert_eq!(EventCount::of("basket").to_string(), "basket");
        let never = EventCount { at_least: 0, at_most: Some(0), ..EventCount::any() };
        assert_eq!(never.to_string(), "any event, never");
    }
}
