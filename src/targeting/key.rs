//! Values to keys: 64 bits for each value of an attribute, the same from a rule and from a request.
//!
//! What a rule asks that is no plain value (a circle, a range) has a key, too: a hash of the question. A
//! [`Vocabulary`](crate::targeting::Vocabulary) knows the questions, and a scene tells the keys of those that it
//! answers with yes.

use crate::campaign::{Attribute, Circle, HOURS_OF_WEEK, Kind, Range};
use crate::targeting::text::{self, Fnv};
use crate::units::{DealId, ExchangeId, SegmentId};

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
