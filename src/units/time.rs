//! Instants, spans and days. Nothing here reads a clock: time is always an argument.

use std::fmt;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct UnixMillis(i64);

impl UnixMillis {
    /// `raw` milliseconds since the epoch.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The instant `span` later, held at the end of the range.
    #[must_use]
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The instant `span` earlier, held at the end of the range.
    #[must_use]
    pub const fn minus(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    /// How long after `earlier` this is; negative if before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// A span in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(i64);

impl Millis {
    /// `raw` milliseconds.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// `seconds` seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// The span in milliseconds.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }
}

/// An instant of a clock that never steps: milliseconds since a start that only one process knows.
///
/// Leases and reservations end by it, so that nobody's correction of the wall clock frees money early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Steady(i64);

impl Steady {
    /// `raw` milliseconds since the start.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// Milliseconds since the start.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The instant `span` later, held at the end of the range.
    #[must_use]
    pub const fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// How long after `earlier` this is; negative if before.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// A clock hour, counted from 1970-01-01T00:00:00Z: the same 3,600 seconds in every time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hour(i64);

impl Hour {
    const MILLIS: i64 = 3_600_000;

    /// `raw` hours since 1970.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// Hours since 1970.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The hour that `at` is in.
    #[must_use]
    pub const fn of(at: UnixMillis) -> Self {
        Self(at.0.div_euclid(Self::MILLIS))
    }

    /// Its first instant.
    #[must_use]
    pub const fn start(self) -> UnixMillis {
        UnixMillis(self.0.saturating_mul(Self::MILLIS))
    }

    /// The first instant of the next hour.
    #[must_use]
    pub const fn end(self) -> UnixMillis {
        UnixMillis(self.0.saturating_add(1).saturating_mul(Self::MILLIS))
    }
}

/// A civil day, counted from 1970-01-01, in a time zone known from the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Day(i32);

impl Day {
    /// `raw` days since 1970-01-01.
    #[must_use]
    pub const fn from_raw(raw: i32) -> Self {
        Self(raw)
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub const fn raw(self) -> i32 {
        self.0
    }

    /// The day of `year`, `month` (1 to 12) and `day` of the month, in the Gregorian calendar.
    ///
    /// The parts are not checked: March 0 is the last day of February. Source: Hinnant,
    /// "chrono-compatible low-level date algorithms", `days_from_civil`.
    #[must_use]
    pub const fn from_civil(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * shifted + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// Year, month and day of the month. Source: Hinnant, `civil_from_days`.
    #[must_use]
    pub const fn civil(self) -> (i32, i32, i32) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
        (year, month, day)
    }
}

impl fmt::Display for Day {
    /// As `2026-11-21`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.civil();
        f.pad(&format!("{year:04}-{month:02}-{day:02}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Hour, UnixMillis};

    #[test]
    fn an_hour_holds_its_first_instant_and_not_its_last() {
        for (at, hour) in [(0, 0), (3_599_999, 0), (3_600_000, 1), (-1, -1)] {
            assert_eq!(Hour::of(UnixMillis::from_raw(at)), Hour::from_raw(hour), "{at}");
        }
        assert_eq!(Hour::of(Hour::from_raw(7).end()), Hour::from_raw(8));
    }

    #[test]
    fn a_day_prints_as_its_civil_date() {
        assert_eq!(Day::from_raw(0).to_string(), "1970-01-01");
        assert_eq!(Day::from_civil(2026, 11, 21).to_string(), "2026-11-21");
    }

    #[test]
    fn days_and_dates_convert_both_ways_over_eight_centuries() {
        for raw in -150_000..150_000 {
            let (year, month, day) = Day::from_raw(raw).civil();
            assert_eq!(Day::from_civil(year, month, day), Day::from_raw(raw));
        }
        assert_eq!(Day::from_civil(2024, 2, 29).raw() + 1, Day::from_civil(2024, 3, 1).raw());
    }
}
