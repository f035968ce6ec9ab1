//! Days and instants as exports write them, to civil days.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::units::{Day, UnixMillis};

/// What stands first in `03/04/2026`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DayOrder {
    /// The day.
    DayFirst,
    /// The month.
    MonthFirst,
}

/// The readings of one text; equal where the order does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days {
    /// With the day first.
    pub day_first: Option<Day>,
    /// With the month first.
    pub month_first: Option<Day>,
}

impl Days {
    /// Reads `text`: `2026-11-21`, `20261121`, `21.11.2026`, `11/21/2026`, each perhaps with a time behind it, or
    /// seconds or milliseconds since 1970.
    ///
    /// An instant, which names its zone or counts from 1970, falls on its day in `zone`; without one, on the day
    /// as written, and in UTC.
    #[must_use]
    pub fn of(text: &str, zone: Option<&TimeZone>) -> Option<Self> {
        let both = |day: Day| Self { day_first: Some(day), month_first: Some(day) };
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits(text, zone).map(both);
        }
        let end = text.find(|sign: char| !(sign.is_ascii_digit() || "/.-".contains(sign)));
        let (date, time) = text.split_at(end.unwrap_or(text.len()));
        let time = time.trim_start_matches(['T', 't', ' ', ',']);
        if !time.is_empty() && !time.starts_with(|sign: char| sign.is_ascii_digit()) {
            return None;
        }
        let sign = date.chars().find(|sign| !sign.is_ascii_digit())?;
        let mut parts = date.split(sign);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        if first.len() == 4 {
            let written = civil(first, second, third)?;
            return Some(both(zoned(written, time, zone).unwrap_or(written)));
        }
        if third.len() != 4 {
            return None;
        }
        let day_first = civil(third, second, first);
        // Points stand between numbers where the day comes first.
        let month_first = if sign == '.' { day_first } else { civil(third, first, second) };
        (day_first.is_some() || month_first.is_some()).then_some(Self { day_first, month_first })
    }

    /// The order that the text must have been written in, if only one makes it a day.
    #[must_use]
    pub fn only(&self) -> Option<DayOrder> {
        match (self.day_first, self.month_first) {
            (Some(_), None) => Some(DayOrder::DayFirst),
            (None, Some(_)) => Some(DayOrder::MonthFirst),
            _ => None,
        }
    }

    /// The day in that order; without one, the day if there are not two.
    #[must_use]
    pub fn in_order(&self, order: Option<DayOrder>) -> Option<Day> {
        match order {
            Some(DayOrder::DayFirst) => self.day_first,
            Some(DayOrder::MonthFirst) => self.month_first,
            None if self.differ() => None,
            None => self.day_first.or(self.month_first),
        }
    }

    /// True if the two readings are different days.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.day_first.is_some() && self.month_first.is_some() && self.day_first != self.month_first
    }
}

/// The civil day of `at` in `zone`.
#[must_use]
pub fn day_in(zone: &TimeZone, at: UnixMillis) -> Option<Day> {
    let instant = Timestamp::from_millisecond(at.raw()).ok()?;
    Some(day(zone.to_datetime(instant).date()))
}

fn day(date: Date) -> Day {
    Day::from_civil(date.year().into(), date.month().into(), date.day().into())
}

fn digits(text: &str, zone: Option<&TimeZone>) -> Option<Day> {
    let instant = |millis| day_in(zone.unwrap_or(&TimeZone::UTC), UnixMillis::from_raw(millis));
    match text.len() {
        8 => civil(&text[..4], &text[4..6], &text[6..]),
        10 => instant(text.parse::<i64>().ok()? * 1_000),
        13 => instant(text.parse().ok()?),
        _ => None,
    }
}

fn civil(year: &str, month: &str, of_month: &str) -> Option<Day> {
    let short = |part: &str| part.parse::<i8>().ok().filter(|_| part.len() <= 2);
    Some(day(Date::new(year.parse().ok()?, short(month)?, short(of_month)?).ok()?))
}

/// The day in `zone` of an instant on the day `written` whose `time` names its own zone.
fn zoned(written: Day, time: &str, zone: Option<&TimeZone>) -> Option<Day> {
    let zone = zone?;
    let instant = match time.strip_suffix("UTC") {
        Some(time) => format!("{written}T{}Z", time.trim_end()),
        None => format!("{written}T{time}"),
    };
    // Without a zone of its own it is no instant, and does not parse as one.
    let instant: Timestamp = instant.parse().ok()?;
    day_in(zone, UnixMillis::from_raw(instant.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Days;

    #[track_caller]
    fn check(text: &str, zone: Option<&str>, want: Option<(&str, &str)>) {
        let zone = zone.map(|name| TimeZone::get(name).unwrap());
        let told = |day: Option<crate::units::Day>| day.map_or("-".to_owned(), |day| day.to_string());
        let days = Days::of(text, zone.as_ref()).map(|days| (told(days.day_first), told(days.month_first)));
        assert_eq!(days, want.map(|(one, other)| (one.to_owned(), other.to_owned())), "{text}");
    }

    #[test]
    fn every_usual_form_is_read() {
        let day = Some(("2026-11-21", "2026-11-21"));
        for text in [
            "2026-11-21",
            "2026/11/21",
            "20261121",
            "21.11.2026",
            "2026-11-21 10:00:00",
            "2026-11-21T23:59:59Z",
            "21.11.2026 08:00",
            "1795219200",
            "1795219200000",
            "2026-11-21T10:00:00.123+02:00",
        ] {
            check(text, None, day);
        }
    }

    #[test]
    fn an_order_that_is_not_told_gives_both_days() {
        check("03/04/2026", None, Some(("2026-04-03", "2026-03-04")));
        check("21/11/2026", None, Some(("2026-11-21", "-")));
        check("11-21-2026", None, Some(("-", "2026-11-21")));
        check("11/11/2026", None, Some(("2026-11-11", "2026-11-11")));
    }

    #[test]
    fn an_instant_falls_on_its_day_in_the_zone() {
        check("2026-11-21T23:30:00Z", Some("Europe/Paris"), Some(("2026-11-22", "2026-11-22")));
        check("2026-11-21 23:30:00 UTC", Some("Europe/Paris"), Some(("2026-11-22", "2026-11-22")));
        check("2026-11-21 23:30:00-05:00", Some("Etc/UTC"), Some(("2026-11-22", "2026-11-22")));
        check("1795219199", Some("Asia/Tokyo"), Some(("2026-11-21", "2026-11-21")));
        check("2026-11-21 23:30:00", Some("Europe/Paris"), Some(("2026-11-21", "2026-11-21")));
        // A day without a time is nobody's instant.
        check("2026-11-21", Some("Asia/Tokyo"), Some(("2026-11-21", "2026-11-21")));
    }

    #[test]
    fn other_texts_are_no_days() {
        for text in ["", "yesterday", "2026-13-01", "31.02.2026", "1.2", "12345", "2026-11-21x", "1-2-3-2026"]
        {
            check(text, None, None);
        }
    }
}
