//! The days of a report, and those that it is compared with.

use std::str::FromStr;

use crate::page::{Forms, words};
use crate::shell::cli::report::day;
use crate::units::Day;

/// Some days, both ends included; open where there is no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: Option<Day>,
    /// The last day.
    pub to: Option<Day>,
}

impl Period {
    /// How many days it has; `None` if it is open.
    pub fn days(self) -> Option<i32> {
        self.from.zip(self.to).map(|(from, to)| to.raw() - from.raw() + 1)
    }

    /// By how many days it begins after `other`: 0 where either is open.
    pub fn days_after(self, other: Self) -> i32 {
        self.from.zip(other.from).map_or(0, |(now, before)| now.raw() - before.raw())
    }

    /// In words.
    pub fn text(self, forms: &Forms) -> String {
        let (lang, day) = (forms.lang(), |day: Day| forms.day(day));
        match (self.from, self.to) {
            (Some(from), Some(to)) if from == to => day(from),
            (Some(from), Some(to)) => words::PERIOD.with(lang, &[&day(from), &day(to)]),
            (Some(from), None) => words::SINCE.with(lang, &[&day(from)]),
            (None, Some(to)) => words::UNTIL.with(lang, &[&day(to)]),
            (None, None) => words::ALL_DAYS.text(lang).to_owned(),
        }
    }
}

/// What a period is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compared {
    /// As many days, right before it.
    Previous,
    /// The days from the first to the second, both included.
    Between(Day, Day),
}

impl Compared {
    /// The other period.
    ///
    /// # Errors
    ///
    /// [`PeriodOpen`] if the previous one of an open period is asked for.
    pub fn before(self, now: Period) -> Result<Period, PeriodOpen> {
        let (first, last) = match self {
            Self::Previous => {
                let (from, days) = now.from.zip(now.days()).ok_or(PeriodOpen)?;
                (Day::from_raw(from.raw() - days), Day::from_raw(from.raw() - 1))
            }
            Self::Between(first, last) => (first, last),
        };
        Ok(Period { from: Some(first), to: Some(last) })
    }
}

impl FromStr for Compared {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "previous" {
            return Ok(Self::Previous);
        }
        let (from, to) = text
            .split_once("..")
            .ok_or_else(|| format!("`{text}` is neither `previous` nor like 2026-10-01..2026-10-31"))?;
        let (from, to) = (day(from)?, day(to)?);
        if from > to { Err(format!("{from} is after {to}")) } else { Ok(Self::Between(from, to)) }
    }
}

/// Nothing is right before a period that has no first day, nor as long as one without a last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("--compare previous needs a period with a first and a last day")]
pub struct PeriodOpen;

#[cfg(test)]
mod tests {
    use super::{Compared, Period, PeriodOpen};
    use crate::units::Day;

    fn november(day: i32) -> Day {
        Day::from_civil(2026, 11, day)
    }

    #[test]
    fn the_previous_period_has_as_many_days_and_ends_the_day_before() {
        let week = Period { from: Some(november(8)), to: Some(november(14)) };
        let before = Compared::Previous.before(week).unwrap();
        assert_eq!((before.from, before.to), (Some(november(1)), Some(november(7))));
        assert_eq!(week.days_after(before), 7);
        let open = Period { from: Some(november(8)), to: None };
        assert_eq!(Compared::Previous.before(open), Err(PeriodOpen));
        assert!(Compared::Between(november(1), november(2)).before(open).is_ok());
    }

    #[test]
    fn another_period_is_read_with_both_ends() {
        let read: Compared = "2026-11-01..2026-11-03".parse().unwrap();
        assert_eq!(read, Compared::Between(november(1), november(3)));
        for wrong in ["", "last", "2026-11-01", "2026-11-01..", "2026-11-03..2026-11-01"] {
            assert!(wrong.parse::<Compared>().is_err(), "{wrong}");
        }
    }
}
