//! A civil day as an interval of instants, and places in it. Not always 24 hours long.

use crate::units::{Millis, UnixMillis};

/// The parts of one civil day. Not always 24 hours long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// The first instant.
    pub start: UnixMillis,
    /// The first instant of the next day.
    pub end: UnixMillis,
}

impl DaySpan {
    /// How far into the day `at` is: 0 at its start, 1 at its end, held to that range.
    #[must_use]
    pub fn position(self, at: UnixMillis) -> f64 {
        let into = at.since(self.start).raw() as f64;
        (into / self.length()).clamp(0.0, 1.0)
    }

    /// Its length in milliseconds, at least 1.
    #[must_use]
    pub fn length(self) -> f64 {
        self.end.since(self.start).raw().max(1) as f64
    }

    /// The instant so far into the day, 0 to 1; rounded down to the millisecond.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "at most the length of the day")]
    pub fn at(self, position: f64) -> UnixMillis {
        self.start.plus(Millis::from_raw((self.length() * position.clamp(0.0, 1.0)) as i64))
    }
}
