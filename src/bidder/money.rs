//! The money of a snapshot: the purses of today, and a plan for what is left of each day.
//!
//! Made anew by a reload, at midnight and, where a budget has a limit for the hour, at the full hour; between them
//! every decision spends from the same purses. Deliberately absent: how much may be spent, which `budget` knows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidder::Rhythm;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::{Book, Purse, PurseKey};
use crate::campaign::{Budget, Campaign, Factor, Flight, Limits, LineItem, Pacing};
use crate::pacing::{DaySpan, Dual, Outlook, Pace};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Nanos, UnixMillis};

/// Purses and paces of one day of each campaign.
#[derive(Debug)]
pub struct Money {
    /// By row.
    pub purses: Vec<Purse>,
    /// By campaign.
    pub rhythms: Vec<Rhythm>,
    /// By row, for line items with a budget of their own.
    pub line_item_rhythms: Vec<Option<Rhythm>>,
    /// By campaign: the pool whose budgets its own is spent with.
    pub pools: Vec<Option<Arc<Dual>>>,
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
        let former = FormerRhythms::of(former);
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
        let mut rhythms: Vec<Option<Rhythm>> = vec![None; plan.catalog.campaigns.len()];
        let mut line_item_rhythms = Vec::with_capacity(plan.rows.len());
        let outlook = Outlook::default;
        for (row, purse) in purses.iter().enumerate() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let today = spans[line_item.campaign];
            rhythms[line_item.campaign].get_or_insert_with(|| {
                former.campaign(campaign, today.0).unwrap_or_else(|| {
                    let committed = (purse.campaign_day(), purse.campaign_total());
                    let target = target(&campaign.budget, campaign.flight, today.1, now, committed);
                    let pace = Pace::new(&campaign.pacing, today.1, now, committed.0, target);
                    Rhythm::new(pace, former.campaign_dual(campaign), outlook())
                })
            });
            line_item_rhythms.push((line_item.budget.money != Limits::default()).then(|| {
                former.line_item(line_item, &campaign.zone_name, today.0).unwrap_or_else(|| {
                    let committed = (purse.line_item_day(), purse.line_item_total());
                    let target = target(&line_item.budget, line_item.flight, today.1, now, committed);
                    let pace = Pace::new(&line_item.pacing, today.1, now, committed.0, target);
                    Rhythm::new(pace, former.line_item_dual(line_item), outlook())
                })
            }));
        }
        let rhythms = rhythms.into_iter().zip(&spans).map(|(rhythm, (_, span))| {
            // A campaign without line items never asks.
            rhythm.unwrap_or_else(|| {
                let pace = Pace::new(&Pacing::Asap, *span, now, Nanos::ZERO, Nanos::ZERO);
                Rhythm::new(pace, Arc::default(), outlook())
            })
        });
        let rows = (0..plan.rows.len()).map(|row| (plan.line_item(row).id, row));
        Self {
            purses,
            rhythms: rhythms.collect(),
            line_item_rhythms,
            pools: vec![None; plan.catalog.campaigns.len()],
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

    /// By how much budgets multiply what an impression is worth to the line item of `row`: the least of its own, its
    /// campaign's and its pool's.
    #[must_use]
    pub fn pace(&self, row: usize, campaign: usize) -> Factor {
        let of_dual = |dual: &Dual| Factor::from_ratio(dual.factor());
        self.duals(row, campaign).into_iter().flatten().map(of_dual).min().unwrap_or(Factor::ONE)
    }

    /// By how much budgets and the goal together multiply what an impression is worth to the line item of `row`.
    #[must_use]
    pub fn factor(&self, row: usize, campaign: usize) -> Factor {
        self.pace(row, campaign).min(self.goal(row))
    }

    /// By how much the goal of the line item of `row` lets it bid more, or less, than its value.
    #[must_use]
    pub fn goal(&self, _row: usize) -> Factor {
        Factor::ONE
    }

    /// The multipliers of a line item: of its campaign, its own, its pool's.
    #[must_use]
    pub fn duals(&self, row: usize, campaign: usize) -> [Option<&Dual>; 3] {
        [
            Some(&**self.rhythms[campaign].dual()),
            self.line_item_rhythms[row].as_ref().map(|rhythm| &**rhythm.dual()),
            self.pools[campaign].as_deref(),
        ]
    }

    /// The row of a line item.
    #[must_use]
    pub fn row(&self, line_item: LineItemId) -> Option<usize> {
        self.rows.get(&line_item).copied()
    }

    /// Says to every budget what a request should cost it from now on.
    pub(in crate::bidder) fn replan(&self, plan: &Plan, now: UnixMillis) {
        let mut told = vec![false; self.rhythms.len()];
        for (row, purse) in self.purses.iter().enumerate() {
            let campaign = plan.line_item(row).campaign;
            if !std::mem::replace(&mut told[campaign], true) {
                self.rhythms[campaign].replan(now, purse.campaign_day_used());
            }
            if let Some(rhythm) = &self.line_item_rhythms[row] {
                rhythm.replan(now, purse.line_item_day_used());
            }
        }
    }

    /// False once a day or an hour of it is over, or has not begun: the wall clock may step back.
    #[must_use]
    pub fn is_of(&self, now: UnixMillis) -> bool {
        (self.valid_from..self.valid_until).contains(&now)
    }
}

/// The rhythms of a former snapshot, by what they were made of.
struct FormerRhythms<'a> {
    snapshot: Option<&'a Snapshot>,
    campaigns: HashMap<CampaignId, usize>,
    rows: HashMap<LineItemId, usize>,
}

impl<'a> FormerRhythms<'a> {
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

    /// The multiplier that a campaign had, if it is paced as before.
    fn campaign_dual(&self, now: &Campaign) -> Arc<Dual> {
        let former = self.snapshot.zip(self.campaigns.get(&now.id));
        let former = former.filter(|(former, at)| former.plan.catalog.campaigns[**at].pacing == now.pacing);
        former.map_or_else(Arc::default, |(former, at)| Arc::clone(former.money.rhythms[*at].dual()))
    }

    /// The multiplier that a line item had, if it is paced as before.
    fn line_item_dual(&self, now: &LineItem) -> Arc<Dual> {
        let former = self.snapshot.zip(self.rows.get(&now.id));
        let former = former.filter(|(former, row)| former.plan.line_item(**row).pacing == now.pacing);
        let dual = former.and_then(|(former, row)| former.money.line_item_rhythms[*row].as_ref());
        dual.map_or_else(Arc::default, |rhythm| Arc::clone(rhythm.dual()))
    }

    fn campaign(&self, now: &Campaign, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        let then = &former.plan.catalog.campaigns[at];
        let unchanged = former.money.days[at] == today
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && then.zone_name == now.zone_name;
        unchanged.then(|| former.money.rhythms[at].clone())
    }

    fn line_item(&self, now: &LineItem, zone_name: &str, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let row = *self.rows.get(&now.id)?;
        let then = former.plan.line_item(row);
        let unchanged = former.money.days[then.campaign] == today
            && former.plan.campaign(then).zone_name == zone_name
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing);
        former.money.line_item_rhythms[row].clone().filter(|_| unchanged)
    }
}

const HOUR_MILLIS: i64 = 3_600_000;

/// What of a budget should be committed at the end of the day: the daily budget, or an even share of
/// what is left of the total over the days that are left of the flight, whichever is less.
fn target(
    budget: &Budget,
    flight: Flight,
    day: DaySpan,
    now: UnixMillis,
    (committed_today, committed): (Nanos, Nanos),
) -> Nanos {
    // An hour's limit bounds the day as well; laid over the day, its hours are even.
    let hours = (day.end.since(now).raw().max(0) + HOUR_MILLIS - 1) / HOUR_MILLIS;
    let by_hour = budget.money.hourly.and_then(|hourly| hourly.raw().checked_mul(hours));
    let by_hour = by_hour.map_or(Nanos::MAX, |hours| committed_today.saturating_add(Nanos::from_raw(hours)));
    let daily = budget.money.daily.unwrap_or(Nanos::MAX).min(by_hour);
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
    use jiff::tz::{TimeZone, TimeZoneDatabase};

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

    #[test]
    fn an_hours_limit_bounds_what_is_planned_for_what_is_left_of_the_day() {
        let limits = |hourly, daily| Limits { hourly: Some(Nanos::from_raw(hourly)), daily, total: None };
        let budget = |hourly, daily| Budget { money: limits(hourly, daily), ..Budget::default() };
        let day = DaySpan { start: UnixMillis::from_raw(0), end: UnixMillis::from_raw(25 * HOUR) };
        let flight = Flight { start: UnixMillis::from_raw(0), end: None };
        let spent = (Nanos::from_raw(7), Nanos::from_raw(7));
        let planned =
            |budget: &Budget, hour: i64| target(budget, flight, day, UnixMillis::from_raw(hour), spent).raw();
        assert_eq!(planned(&budget(10, None), 0), 257);
        // A begun hour counts whole: its limit may be unused.
        assert_eq!(planned(&budget(10, None), 22 * HOUR + 1), 37);
        assert_eq!(planned(&budget(10, Some(Nanos::from_raw(30))), 22 * HOUR), 30);
        assert_eq!(planned(&budget(i64::MAX / 2, None), 0), i64::MAX, "more than can be counted is no bound");
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
