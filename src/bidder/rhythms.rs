//! How all budgets of a plan are paced: campaigns, line items with a budget of their own, pools of campaigns.
//!
//! A campaign's money goes where it buys most by one multiplier for all of its line items: at the margin each buys the
//! same for it, and no split could buy more. A line item with a budget of its own has a multiplier of its own beside it, a
//! pool one over its campaigns; the least of them counts, so that each budget lasts. Deliberately absent: what may be
//! spent at all, which purses know.

use std::collections::HashMap;
use std::sync::Arc;

use crate::bidder::Rhythm;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::Purse;
use crate::campaign::{Budget, Campaign, Factor, Flight, Limits, LineItem, Pacing};
use crate::learning::Exploration;
use crate::pacing::{DaySpan, Dual, Outlook, Pace};
use crate::units::{CampaignId, Day, LineItemId, Nanos, UnixMillis};

/// The rhythms of one day of each campaign.
#[derive(Debug)]
pub struct Rhythms {
    /// By campaign.
    pub campaigns: Vec<Rhythm>,
    /// By row, for line items with a budget of their own.
    pub line_items: Vec<Option<Rhythm>>,
    /// By campaign: the pool whose budgets its own is spent with.
    pools: Vec<Option<Arc<Dual>>>,
    /// By campaign: what trying the unknown may cost today.
    explorations: Vec<Arc<Exploration>>,
}

impl Rhythms {
    /// A plan for what is left of each of the days in `spans`, by campaign; those of `former` go on where nothing that
    /// they were made of has changed.
    pub(in crate::bidder) fn build(
        plan: &Plan,
        purses: &[Purse],
        spans: &[(Day, DaySpan)],
        now: UnixMillis,
        former: Option<&Snapshot>,
    ) -> Self {
        let former = FormerRhythms::of(former);
        let mut campaigns: Vec<Option<Rhythm>> = vec![None; plan.catalog.campaigns.len()];
        let mut line_items = Vec::with_capacity(purses.len());
        for (row, purse) in purses.iter().enumerate() {
            let line_item = plan.line_item(row);
            let campaign = plan.campaign(line_item);
            let today = spans[line_item.campaign];
            campaigns[line_item.campaign].get_or_insert_with(|| {
                former.campaign(campaign, today.0).unwrap_or_else(|| {
                    let committed = (purse.campaign_day(), purse.campaign_total());
                    let target = target(&campaign.budget, campaign.flight, today.1, now, committed);
                    let pace = Pace::new(&campaign.pacing, today.1, now, committed.0, target);
                    Rhythm::new(pace, former.campaign_dual(campaign), Outlook::default())
                })
            });
            line_items.push((line_item.budget.money != Limits::default()).then(|| {
                former.line_item(line_item, &campaign.zone_name, today.0).unwrap_or_else(|| {
                    let committed = (purse.line_item_day(), purse.line_item_total());
                    let target = target(&line_item.budget, line_item.flight, today.1, now, committed);
                    let pace = Pace::new(&line_item.pacing, today.1, now, committed.0, target);
                    Rhythm::new(pace, former.line_item_dual(line_item), Outlook::default())
                })
            }));
        }
        let campaigns = campaigns.into_iter().zip(spans).map(|(rhythm, (_, span))| {
            // A campaign without line items never asks.
            rhythm.unwrap_or_else(|| {
                let pace = Pace::new(&Pacing::Asap, *span, now, Nanos::ZERO, Nanos::ZERO);
                Rhythm::new(pace, Arc::default(), Outlook::default())
            })
        });
        let campaigns: Vec<Rhythm> = campaigns.collect();
        let explorations = plan.catalog.campaigns.iter().zip(&campaigns).zip(spans);
        let explorations = explorations.map(|((campaign, rhythm), (today, _))| {
            let exploration = former.exploration(campaign, *today).unwrap_or_default();
            exploration.allow(rhythm.target(), campaign.learning.exploration);
            exploration
        });
        let pools = vec![None; campaigns.len()];
        Self { explorations: explorations.collect(), campaigns, line_items, pools }
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

    /// What trying the unknown may cost a campaign today.
    #[must_use]
    pub fn exploration(&self, campaign: usize) -> &Arc<Exploration> {
        &self.explorations[campaign]
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
            Some(&**self.campaigns[campaign].dual()),
            self.line_items[row].as_ref().map(|rhythm| &**rhythm.dual()),
            self.pools[campaign].as_deref(),
        ]
    }

    /// Says to every budget what a request should cost it from now on.
    pub(in crate::bidder) fn replan(&self, plan: &Plan, purses: &[Purse], now: UnixMillis) {
        let mut told = vec![false; self.campaigns.len()];
        for (row, purse) in purses.iter().enumerate() {
            let campaign = plan.line_item(row).campaign;
            if !std::mem::replace(&mut told[campaign], true) {
                self.campaigns[campaign].replan(now, purse.campaign_day_used());
            }
            if let Some(rhythm) = &self.line_items[row] {
                rhythm.replan(now, purse.line_item_day_used());
            }
        }
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
        former
            .map_or_else(Arc::default, |(former, at)| Arc::clone(former.money.rhythms.campaigns[*at].dual()))
    }

    /// The multiplier that a line item had, if it is paced as before.
    fn line_item_dual(&self, now: &LineItem) -> Arc<Dual> {
        let former = self.snapshot.zip(self.rows.get(&now.id));
        let former = former.filter(|(former, row)| former.plan.line_item(**row).pacing == now.pacing);
        let dual = former.and_then(|(former, row)| former.money.rhythms.line_items[*row].as_ref());
        dual.map_or_else(Arc::default, |rhythm| Arc::clone(rhythm.dual()))
    }

    fn campaign(&self, now: &Campaign, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        let then = &former.plan.catalog.campaigns[at];
        let unchanged = former.money.days[at] == today
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && then.zone_name == now.zone_name;
        unchanged.then(|| former.money.rhythms.campaigns[at].clone())
    }

    fn line_item(&self, now: &LineItem, zone_name: &str, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let row = *self.rows.get(&now.id)?;
        let then = former.plan.line_item(row);
        let unchanged = former.money.days[then.campaign] == today
            && former.plan.campaign(then).zone_name == zone_name
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing);
        former.money.rhythms.line_items[row].clone().filter(|_| unchanged)
    }

    /// What a campaign has spent on trying so far today.
    fn exploration(&self, now: &Campaign, today: Day) -> Option<Arc<Exploration>> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        (former.money.days[at] == today).then(|| Arc::clone(&former.money.rhythms.explorations[at]))
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

#[cfg(test)]
mod tests {
    use super::target;
    use crate::campaign::{Budget, Flight, Limits};
    use crate::pacing::DaySpan;
    use crate::units::{Nanos, UnixMillis};

    const HOUR: i64 = 3_600_000;

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
