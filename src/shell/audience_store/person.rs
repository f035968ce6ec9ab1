//! A person's row, as bytes and as people read it.

use rusqlite::Row;
use serde::Serialize;

use crate::audience::{Known, PackedEvent, PackedSegment};
use crate::units::{Nanos, UnixMillis};

/// The bytes of both columns: words with the lowest byte first.
pub(in crate::shell::audience_store) fn encode(known: &Known) -> (Vec<u8>, Vec<u8>) {
    let segments = known.segments.iter().flat_map(|segment| segment.word().to_le_bytes()).collect();
    let history = known.history.iter().flat_map(|event| event.words()).flat_map(u32::to_le_bytes).collect();
    (segments, history)
}

/// Reads both columns, the first of them at `column`; what is wrong, if no encan wrote them.
pub(in crate::shell::audience_store) fn decode(
    row: &Row<'_>,
    column: usize,
    known: &mut Known,
) -> rusqlite::Result<Result<(), &'static str>> {
    known.segments.clear();
    known.history.clear();
    let bytes = |at| row.get_ref(at).map(|value| value.as_blob().unwrap_or_default());
    let (segments, odd) = bytes(column)?.as_chunks();
    let (words, odder) = bytes(column + 1)?.as_chunks();
    let (events, oddest) = words.as_chunks::<{ PackedEvent::WORDS }>();
    if !(odd.is_empty() && odder.is_empty() && oddest.is_empty()) {
        return Ok(Err("half a word"));
    }
    if segments.len() > Known::COUNT_MAX || events.len() > Known::COUNT_MAX {
        return Ok(Err("more than is kept of anybody"));
    }
    known.segments.extend(segments.iter().map(|word| PackedSegment::from_word(u32::from_le_bytes(*word))));
    let event =
        |words: &[[u8; 4]; PackedEvent::WORDS]| PackedEvent::from_words(words.map(u32::from_le_bytes));
    known.history.extend(events.iter().map(event));
    Ok(Ok(()))
}

/// All that is known of a person, by names. An id whose name was never told is its hash in hex.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Person {
    /// Segments that have not expired.
    pub segments: Vec<Member>,
    /// Events, oldest first.
    pub events: Vec<Event>,
}

/// A person is in a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Member {
    /// The segment.
    pub segment: String,
    /// The first instant at which it no longer counts.
    #[serde(serialize_with = "as_instant")]
    pub expires: UnixMillis,
}

/// A person did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    /// At whose.
    pub advertiser: String,
    /// What.
    pub event: String,
    /// About what.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// When.
    #[serde(serialize_with = "as_instant")]
    pub at: UnixMillis,
    /// What it was worth, in euros.
    #[serde(serialize_with = "as_amount")]
    pub value: Nanos,
}

fn as_instant<S: serde::Serializer>(instant: &UnixMillis, out: S) -> Result<S::Ok, S::Error> {
    match jiff::Timestamp::from_millisecond(instant.raw()) {
        Ok(instant) => out.collect_str(&instant),
        Err(error) => Err(serde::ser::Error::custom(error)),
    }
}

fn as_amount<S: serde::Serializer>(amount: &Nanos, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(amount)
}
