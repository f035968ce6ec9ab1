//! The period of a declaration: a month, a quarter or a year of civil dates, wherever its jurisdiction's clock stands.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use jiff::tz::TimeZone;

use crate::ttf::check::start_of_day;
use crate::units::{Day, UnixMillis};

/// The years kept: those of a scenario's days.
const YEARS: Range<i32> = 1900..2999;

/// A month, a quarter or a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    year: i32,
    /// The first month, from 1.
    month: i32,
    months: i32,
}

/// Why a text is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no period: a month is written 2026-10, a quarter 2026-Q4, a year 2026")]
pub struct NotAPeriod(String);

impl FromStr for Period {
    type Err = NotAPeriod;

    fn from_str(text: &str) -> Result<Self, NotAPeriod> {
        let number = |digits: &str, count: usize| -> Option<i32> {
            let is_plain = digits.len() == count && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_plain.then(|| digits.parse().ok())?
        };
        let period = || {
            let (year, rest) = text.split_once('-').map_or((text, None), |(year, rest)| (year, Some(rest)));
            let year = number(year, 4).filter(|year| YEARS.contains(year))?;
            let Some(rest) = rest else { return Some(Self { year, month: 1, months: 12 }) };
            if let Some(quarter) = rest.strip_prefix(['Q', 'q']) {
                let quarter = number(quarter, 1).filter(|quarter| (1..=4).contains(quarter))?;
                return Some(Self { year, month: 3 * quarter - 2, months: 3 });
            }
            let month = number(rest, 2).filter(|month| (1..=12).contains(month))?;
            Some(Self { year, month, months: 1 })
        };
        period().ok_or_else(|| NotAPeriod(text.to_owned()))
    }
}

impl Period {
    /// The month that `day` is in.
    #[must_use]
    pub const fn month_of(day: Day) -> Self {
        let (year, month, _) = day.civil();
        Self { year, month, months: 1 }
    }

    /// The first day.
    #[must_use]
    pub const fn first(self) -> Day {
        Day::from_civil(self.year, self.month, 1)
    }

    /// The first day after it.
    #[must_use]
    pub const fn after(self) -> Day {
        let month = self.month + self.months;
        if month > 12 {
            Day::from_civil(self.year + 1, month - 12, 1)
        } else {
            Day::from_civil(self.year, month, 1)
        }
    }

    /// Its instants where the clock is that of `zone`.
    #[must_use]
    pub fn span(self, zone: &TimeZone) -> Range<UnixMillis> {
        start_of_day(self.first(), zone)..start_of_day(self.after(), zone)
    }
}

impl fmt::Display for Period {
    /// As it is written: `2026-10`, `2026-Q4`, `2026`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, months } = *self;
        match months {
            12 => write!(f, "{year:04}"),
            3 => write!(f, "{year:04}-Q{}", (month + 2) / 3),
            _ => write!(f, "{year:04}-{month:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Period;

    #[test]
    fn a_month_a_quarter_and_a_year_are_read_and_written_alike() {
        for (text, first, after) in [
            ("2026-10", "2026-10-01", "2026-11-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2026-Q4", "2026-10-01", "2027-01-01"),
            ("2028-Q1", "2028-01-01", "2028-04-01"),
            ("2026", "2026-01-01", "2027-01-01"),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.to_string(), text);
            assert_eq!(
                (period.first().to_string(), period.after().to_string()),
                (first.into(), after.into())
            );
        }
    }

    #[test]
    fn what_is_no_period_is_refused_with_what_one_is() {
        for text in [
            "",
            "26",
            "2026-13",
            "2026-0",
            "2026-Q5",
            "2026-1",
            "2026-10-01",
            "20x6",
            "1600",
            "+206",
            "2026-+1",
        ] {
            let error = text.parse::<Period>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{text}` is no period")), "{error}");
        }
    }

    #[test]
    fn a_month_begins_at_midnight_of_its_zone() {
        let period: Period = "2026-11".parse().unwrap();
        let span = period.span(&TimeZone::get("Europe/Paris").unwrap());
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        assert_eq!(span.start.raw(), at("2026-10-31T23:00:00Z"));
        assert_eq!(span.end.raw(), at("2026-11-30T23:00:00Z"));
    }
}
