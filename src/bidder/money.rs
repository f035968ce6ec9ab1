//! The money of a snapshot: the purses of today, and a plan for what is left of each day.
//!
//! Made anew by a reload, at midnight and, where a budget has a limit for the hour, at the full hour; between them
//! every decision spends from the same purses. Deliberately absent: how much may be spent, which `budget` knows.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::{Book, Purse, PurseKey};
use crate::campaign::{Budget, Campaign, Flight, Limits, LineItem, Pacing};
use crate::pacing::{DaySpan, Pace};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Nanos, UnixMillis};

/// Purses and paces of one day of each campaign.
#[derive(Debug)]
pub struct Money {
    /// By row.
    pub purses: Vec<Purse>,
    /// By campaign.
    pub paces: Vec<Pace>,
    /// By row, for line items with a budget of their own.
    pub line_item_paces: Vec<Option<Pace>>,
    /// By campaign: its civil day.
    pub days: Vec<Day>,
    /// The first instant of the day that began last, or of the hour if a budget has a limit for each: a clock that
    /// was set back leaves these purses like one that went on.
    pub valid_from: UnixMillis,
    /// The first instant at which one of the days is over, or the hour if a budget has a limit for each.
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
        let former = FormerPaces::of(former);
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
        let mut paces: Vec<Option<Pace>> = vec![None; plan.catalog.campaigns.len()];
        let mut line_item_paces = Vec::with_capacity(plan.rows.len());
        for (row, purse) in purses.iter().enumerate() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let today = spans[line_item.campaign];
            paces[line_item.campaign].get_or_insert_with(|| {
                former.campaign(campaign, today.0).unwrap_or_else(|| {
                    let committed = (purse.campaign_day(), purse.campaign_total());
                    let target = target(&campaign.budget, campaign.flight, today.1, now, committed);
                    Pace::new(&campaign.pacing, today.1, now, committed.0, target)
                })
            });
            line_item_paces.push((line_item.budget.money != Limits::default()).then(|| {
                former.line_item(line_item, &campaign.zone_name, today.0).unwrap_or_else(|| {
                    let committed = (purse.line_item_day(), purse.line_item_total());
                    let target = target(&line_item.budget, line_item.flight, today.1, now, committed);
                    Pace::new(&line_item.pacing, today.1, now, committed.0, target)
                })
            }));
        }
        let paces = paces.into_iter().zip(&spans).map(|(pace, (_, span))| {
            // A campaign without line items never asks.
            pace.unwrap_or_else(|| Pace::new(&Pacing::Asap, *span, now, Nanos::ZERO, Nanos::ZERO))
        });
        Self {
            purses,
            paces: paces.collect(),
            line_item_paces,
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

    /// True if a bid made at `now` is of the days and the hour of these purses.
    #[must_use]
    pub fn is_of(&self, now: UnixMillis) -> bool {
        (self.valid_from..self.valid_until).contains(&now)
    }
}

/// The paces of a former snapshot, by what they were made of.
struct FormerPaces<'a> {
    snapshot: Option<&'a Snapshot>,
    campaigns: HashMap<CampaignId, usize>,
    rows: HashMap<LineItemId, usize>,
}

impl<'a> FormerPaces<'a> {
    fn of(snapshot: Option<&'a Snapshot>) -> Self {
        let Some(former) = snapshot else {
            return Self { snapshot, campaigns: HashMap::new(), rows: HashMap::new() };
        };
        let campaigns = former.plan.catalog.campaigns.iter().enumerate();
        let rows = (0..former.plan.rows.len()).map(|row| (former.plan.line_item(row).id, row));
        Self {
            snapshot,
            campaigns: campaigns.map(|(at, campaign)| (campaign.id, at)).collect(),
            rows: rows.collect(),
        }
    }

    fn campaign(&self, now: &Campaign, today: Day) -> Option<Pace> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        let then = &former.plan.catalog.campaigns[at];
        let unchanged = former.money.days[at] == today
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && then.zone_name == now.zone_name;
        unchanged.then(|| former.money.paces[at].clone())
    }

    fn line_item(&self, now: &LineItem, zone_name: &str, today: Day) -> Option<Pace> {
        let former = self.snapshot?;
        let row = *self.rows.get(&now.id)?;
        let then = former.plan.line_item(row);
        let unchanged = former.money.days[then.campaign] == today
            && former.plan.campaign(then).zone_name == zone_name
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing);
        former.money.line_item_paces[row].clone().filter(|_| unchanged)
    }
}

/// What of a budget should be committed at the end of the day: the daily budget, or an even share of
/// what is left of the total over the days that are left of the flight, whichever is less.
fn target(
    budget: &Budget,
    flight: Flight,
    day: DaySpan,
    now: UnixMillis,
    (committed_today, committed): (Nanos, Nanos),
) -> Nanos {
    let daily = budget.money.daily.unwrap_or(Nanos::MAX);
    let Some(total) = budget.money.total else { return daily };
    let left = total.saturating_sub(committed);
    let end = flight.end.map_or(day.end, |end| end.max(day.end));
    let (today, all) = (day.end.since(now).raw().max(1), end.since(now).raw().max(1));
    let share = i128::from(left.raw()) * i128::from(today) / i128::from(all);
    let share = Nanos::from_raw(i64::try_from(share).unwrap_or(i64::MAX));
    daily.min(committed_today.saturating_add(share))
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
    use jiff::tz::TimeZone;

    use super::{day_of, target};
    use crate::campaign::{Budget, Flight, Limits};
    use crate::pacing::DaySpan;
    use crate::units::{Nanos, UnixMillis};

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
    fn a_total_without_a_daily_budget_is_spread_over_what_is_left_of_the_flight() {
        let money = Limits { total: Some(Nanos::from_raw(1_000)), ..Limits::default() };
        let budget = Budget { money, ..Budget::default() };
        let day = DaySpan { start: UnixMillis::from_raw(0), end: UnixMillis::from_raw(24 * HOUR) };
        let end = Some(UnixMillis::from_raw(10 * 24 * HOUR));
        let flight = Flight { start: UnixMillis::from_raw(0), end };
        let spent = (Nanos::ZERO, Nanos::ZERO);
        assert_eq!(target(&budget, flight, day, UnixMillis::from_raw(0), spent), Nanos::from_raw(100));
        let open_end = Flight { end: None, ..flight };
        assert_eq!(target(&budget, open_end, day, UnixMillis::from_raw(0), spent), Nanos::from_raw(1_000));
    }
}
