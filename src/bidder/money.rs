//! The money of a snapshot: the purses of today, and a plan for what is left of each day.
//!
//! Made anew by a reload, at midnight and, where a budget has a limit for the hour, at the full hour; between them
//! every decision spends from the same purses. Deliberately absent: how much may be spent, which `budget` knows.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidder::Rhythms;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::{Book, Purse, PurseKey};
use crate::pacing::DaySpan;
use crate::units::{Day, Epoch, Hour, LineItemId, UnixMillis};

/// Purses and paces of one day of each campaign.
#[derive(Debug)]
pub struct Money {
    /// By row.
    pub purses: Vec<Purse>,
    /// How budgets are paced.
    pub rhythms: Rhythms,
    /// By line item: its row.
    rows: HashMap<LineItemId, usize>,
    /// By campaign: its civil day.
    pub days: Vec<Day>,
    /// The first instant of all of the days, and of the hour if a budget has a limit for each.
    pub valid_from: UnixMillis,
    /// The first instant at which one of the days is over, or that hour.
    pub valid_until: UnixMillis,
    /// From whose leases the purses spend.
    pub epoch: Epoch,
}

impl Money {
    /// Today's purses from `book`, and a plan for what is left of each day.
    ///
    /// A plan of `former` goes on where nothing that it was made of has changed: a reload or another zone's
    /// midnight is no new start.
    #[must_use]
    pub fn build(plan: &Plan, book: &Book, now: UnixMillis, former: Option<&Snapshot>) -> Self {
        let spans: Vec<(Day, DaySpan)> =
            plan.catalog.campaigns.iter().map(|campaign| day_of(&campaign.zone, now)).collect();
        let hour = Hour::of(now);
        let mut by_hour = false;
        let mut purses = Vec::with_capacity(plan.rows.len());
        for row in 0..plan.rows.len() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let key = PurseKey {
                campaign: campaign.id,
                line_item: line_item.id,
                day: spans[line_item.campaign].0,
                hour,
            };
            let budgets = [&campaign.budget, &line_item.budget];
            by_hour |= budgets.iter().any(|budget| budget.has_hourly());
            let likely = plan.rows[row].value.per_impression();
            purses.push(book.purse(key, budgets, likely));
        }
        let rhythms = Rhythms::build(plan, &purses, &spans, now, former);
        let rows = (0..plan.rows.len()).map(|row| (plan.line_item(row).id, row));
        Self {
            purses,
            rhythms,
            rows: rows.collect(),
            days: spans.iter().map(|(day, _)| *day).collect(),
            valid_from: spans
                .iter()
                .map(|(_, span)| span.start)
                .chain(by_hour.then(|| hour.start()))
                .max()
                .unwrap_or(UnixMillis::from_raw(i64::MIN)),
            valid_until: spans
                .iter()
                .map(|(_, span)| span.end)
                .chain(by_hour.then(|| hour.end()))
                .min()
                .unwrap_or(UnixMillis::from_raw(i64::MAX)),
            epoch: book.epoch(),
        }
    }

    /// The row of a line item.
    #[must_use]
    pub fn row(&self, line_item: LineItemId) -> Option<usize> {
        self.rows.get(&line_item).copied()
    }

    /// False once a day or an hour of it is over, or has not begun: the wall clock may step back.
    #[must_use]
    pub fn is_of(&self, now: UnixMillis) -> bool {
        (self.valid_from..self.valid_until).contains(&now)
    }
}

/// The civil day of `zone` at `now`, and its span.
fn day_of(zone: &TimeZone, now: UnixMillis) -> (Day, DaySpan) {
    let zoned =
        Timestamp::from_millisecond(now.raw()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone.clone());
    let start = zoned.start_of_day().unwrap_or_else(|_| zoned.clone());
    let end = start.tomorrow().and_then(|next| next.start_of_day()).unwrap_or_else(|_| start.clone());
    let date = zoned.date();
    let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
    let millis = |at: &jiff::Zoned| UnixMillis::from_raw(at.timestamp().as_millisecond());
    (day, DaySpan { start: millis(&start), end: millis(&end) })
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, TimeZoneDatabase};

    use super::day_of;
    use crate::units::UnixMillis;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_day_is_23_or_25_hours_long_where_the_clock_changes() {
        let paris = TimeZone::get("Europe/Paris").unwrap();
        for (noon, hours) in
            [("2026-03-29T10:00:00Z", 23), ("2026-10-25T10:00:00Z", 25), ("2026-11-21T10:00:00Z", 24)]
        {
            let at: jiff::Timestamp = noon.parse().unwrap();
            let (day, span) = day_of(&paris, UnixMillis::from_raw(at.as_millisecond()));
            assert_eq!(span.end.since(span.start).raw(), hours * HOUR, "{noon}");
            assert_eq!(day.to_string(), noon[..10]);
            let (next, following) = day_of(&paris, span.end);
            assert_eq!((next.raw(), following.start), (day.raw() + 1, span.end));
        }
    }

    #[test]
    fn in_every_zone_each_instant_has_one_day_and_the_days_follow_each_other() {
        let database = TimeZoneDatabase::bundled();
        let from: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let until: jiff::Timestamp = "2029-01-01T00:00:00Z".parse().unwrap();
        for name in database.available() {
            let zone = database.get(name.as_str()).unwrap();
            // Around each change of clock, and around a leap day and the end of a year.
            let changes = zone.following(from).map(|change| change.timestamp()).take_while(|at| *at < until);
            let others = ["2028-02-29T12:00:00Z", "2026-12-31T23:59:59Z"].map(|at| at.parse().unwrap());
            for change in changes.collect::<Vec<_>>().into_iter().chain(others) {
                for minutes in (-36 * 60..36 * 60).step_by(30) {
                    let now = UnixMillis::from_raw(change.as_millisecond() + minutes * 60_000);
                    let (day, span) = day_of(&zone, now);
                    assert!((span.start..span.end).contains(&now), "{name} {change} {minutes}");
                    let (next, following) = day_of(&zone, span.end);
                    assert_eq!((next.raw(), following.start), (day.raw() + 1, span.end), "{name} {change}");
                    assert_eq!(day_of(&zone, span.start), (day, span), "{name} {change}");
                }
            }
        }
    }
}
