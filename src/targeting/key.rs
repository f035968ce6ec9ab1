//! Values to keys: 64 bits for each value of an attribute, the same from a rule and from a request.
//!
//! What a rule asks that is no plain value (a circle, a range) has a key, too: a hash of the question. A
//! [`Vocabulary`](crate::targeting::Vocabulary) knows the questions, and a scene tells the keys of those that it
//! answers with yes.

use std::sync::Arc;

use crate::audience::{EventCount, RfmRange};
use crate::campaign::{Attribute, Circle, HOURS_OF_WEEK, Kind, Range, ValueList};
use crate::targeting::text::{self, Fnv};
use crate::units::{AdvertiserId, DealId, ExchangeId, SegmentId};

/// The key of a value in its canonical form.
pub(super) fn value_key(attribute: Attribute, value: &str) -> u64 {
    match attribute.kind() {
        Kind::Name if attribute == Attribute::Deal => DealId::from_slug(value).raw(),
        Kind::Name => SegmentId::from_slug(value).raw(),
        Kind::Exchange => ExchangeId::from_slug(value).raw(),
        Kind::Domain => text::domain_key(value),
        Kind::Postcode => text::postcode_key(value),
        _ => text::key(value),
    }
}

/// Values of one rule up to which each has a key of its own there; more of them are a list without a name.
const VALUES_OF_RULE_MAX: usize = 64;

/// What a rule that wants one of `values` or of `lists` looks for: the keys of the values, and one for each list.
pub(super) fn value_keys(attribute: Attribute, values: &[String], lists: &[Arc<ValueList>]) -> Vec<u64> {
    let named = lists.iter().map(|list| list_key(list));
    match unnamed_key(attribute, values) {
        Some(list) => named.chain([list]).collect(),
        None => named.chain(values.iter().map(|value| value_key(attribute, value))).collect(),
    }
}

/// The key of a list by its name, which no text can have: texts hold no byte 255.
pub(super) fn list_key(list: &ValueList) -> u64 {
    let mut fnv = Fnv::START;
    fnv.push_bytes(&[0xff]);
    fnv.push_bytes(list.name().as_bytes());
    fnv.finish()
}

/// The key of `values` as a list without a name; `None` if they are few.
pub(super) fn unnamed_key(attribute: Attribute, values: &[String]) -> Option<u64> {
    let is_long = values.len() > VALUES_OF_RULE_MAX && attribute.kind().takes_lists();
    is_long.then(|| {
        let mut fnv = Fnv::START;
        fnv.push_bytes(&[0xfe]);
        values.iter().for_each(|value| fnv.push_bytes(&value_key(attribute, value).to_le_bytes()));
        fnv.finish()
    })
}

/// Circles of one rule up to which each has a key of its own; more of them, as the shops of a chain, are one set.
pub(super) const CIRCLES_OF_RULE_MAX: usize = 64;

/// What a rule that wants one of `circles` looks for.
pub(super) fn circle_keys(circles: &[Circle]) -> Vec<u64> {
    if circles.len() > CIRCLES_OF_RULE_MAX {
        return vec![circles_key(circles)];
    }
    circles.iter().map(circle_key).collect()
}

/// The key of a set of circles.
pub(super) fn circles_key(circles: &[Circle]) -> u64 {
    let mut fnv = Fnv::START;
    fnv.push_bytes(&[0xfd]);
    circles.iter().for_each(|circle| fnv.push_bytes(&circle_key(circle).to_le_bytes()));
    fnv.finish()
}

/// The key of a circle.
pub(super) fn circle_key(circle: &Circle) -> u64 {
    let mut fnv = Fnv::START;
    for number in [circle.lat, circle.lon, circle.km] {
        fnv.push_bytes(&number.to_bits().to_le_bytes());
    }
    fnv.finish()
}

/// The key of a range.
pub(super) fn range_key(range: Range) -> u64 {
    let mut fnv = Fnv::START;
    for end in [range.at_least, range.below] {
        fnv.push_bytes(&[u8::from(end.is_some())]);
        fnv.push_bytes(&end.unwrap_or_default().to_le_bytes());
    }
    fnv.finish()
}

/// The key of a name in the audience definition of `advertiser`.
pub(super) fn defined_key(advertiser: AdvertiserId, name: &str) -> u64 {
    let mut fnv = of_advertiser(advertiser, 0);
    fnv.push_bytes(name.as_bytes());
    fnv.finish()
}

/// The key of a range of points at `advertiser`.
pub(super) fn points_key(advertiser: AdvertiserId, range: Range) -> u64 {
    let mut fnv = of_advertiser(advertiser, 1);
    fnv.push_bytes(&range_key(range).to_le_bytes());
    fnv.finish()
}

/// The key of a range of scores at `advertiser`.
pub(super) fn scores_key(advertiser: AdvertiserId, range: RfmRange) -> u64 {
    let mut fnv = of_advertiser(advertiser, 2);
    for scores in [range.recency, range.frequency, range.monetary] {
        scores.iter().for_each(|score| fnv.push_bytes(&[score]));
        fnv.push_bytes(&[0]);
    }
    fnv.finish()
}

/// The key of a question about events at `advertiser`.
pub(super) fn count_key(advertiser: AdvertiserId, count: &EventCount) -> u64 {
    let mut fnv = of_advertiser(advertiser, 3);
    let numbers = |numbers: &mut dyn Iterator<Item = u64>, fnv: &mut Fnv| {
        numbers.for_each(|number| fnv.push_bytes(&number.to_le_bytes()));
        fnv.push_bytes(&[0xff]);
    };
    numbers(&mut count.events.iter().map(|event| event.id.raw()), &mut fnv);
    numbers(&mut count.topics.iter().map(|topic| topic.id.raw()), &mut fnv);
    numbers(&mut count.after.iter().map(|event| event.id.raw()), &mut fnv);
    numbers(&mut count.within.iter().map(|span| span.raw().cast_unsigned()), &mut fnv);
    numbers(&mut count.older_than.iter().map(|span| span.raw().cast_unsigned()), &mut fnv);
    numbers(&mut count.at_most.iter().map(|most| u64::from(*most)), &mut fnv);
    numbers(&mut std::iter::once(u64::from(count.at_least)), &mut fnv);
    fnv.finish()
}

/// What the keys of one sort of question at `advertiser` have in common.
fn of_advertiser(advertiser: AdvertiserId, sort: u8) -> Fnv {
    let mut fnv = Fnv::START;
    fnv.push_bytes(&advertiser.raw().to_le_bytes());
    fnv.push_bytes(&[sort]);
    fnv
}

/// The keys of hours of the week on one clock: the viewer's, or that of a zone.
pub(super) fn hour_keys(hours: &[bool; HOURS_OF_WEEK], zone: Option<&str>) -> impl Iterator<Item = u64> {
    let clock = clock_key(zone);
    (0u8..).zip(hours.iter()).filter(|(_, on)| **on).map(move |(hour, _)| hour_key(clock, hour))
}

/// What the keys of all hours on one clock have in common.
pub(super) fn clock_key(zone: Option<&str>) -> u64 {
    zone.map_or(0, text::key)
}

/// The key of an hour on the clock of `clock_key`.
pub(super) fn hour_key(clock: u64, hour: u8) -> u64 {
    let mut fnv = Fnv::START;
    fnv.push_bytes(&clock.to_le_bytes());
    fnv.push_bytes(&[hour]);
    fnv.finish()
}
