//! How all budgets of a plan are paced: campaigns, line items with a budget of their own, pools of campaigns.
//!
//! A campaign's money goes where it buys most by one multiplier for all of its line items: at the margin each buys the
//! same for it, and no split could buy more. A line item with a budget of its own has a multiplier of its own beside it, a
//! pool one over its campaigns; the least of them counts, so that each budget lasts. Deliberately absent: what may be
//! spent at all, which purses know.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use crate::bidder::Rhythm;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::Purse;
use crate::campaign::{Budget, Campaign, Factor, Flight, Limits, LineItem, Pacing};
use crate::learning::Exploration;
use crate::pacing::{DaySpan, Dual, Group, Member, Outlook, Pace, Target, Traffic, pool};
use crate::units::{AdvertiserId, CampaignId, Day, LineItemId, Nanos, UnixMillis};

/// The rhythms of one day of each campaign.
#[derive(Debug)]
pub struct Rhythms {
    /// By campaign.
    pub campaigns: Vec<Rhythm>,
    /// By row, for line items with a budget of their own.
    pub line_items: Vec<Option<Rhythm>>,
    /// By campaign: the pool whose budgets its own is spent with.
    pools: Vec<Option<Arc<Dual>>>,
    /// By row: what keeps its goal.
    targets: Vec<Option<Arc<Target>>>,
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
            let today = spans[line_item.campaign];
            let worth = plan.rows[row].value.per_impression().raw() as f64;
            campaigns[line_item.campaign].get_or_insert_with(|| {
                former.of_campaign(plan.campaign(line_item), purse, today, now, worth)
            });
            line_items.push(
                (line_item.budget.money != Limits::default())
                    .then(|| former.of_line_item(plan, line_item, purse, today, now, worth)),
            );
        }
        let campaigns = campaigns.into_iter().zip(spans).map(|(rhythm, (_, span))| {
            // A campaign without line items never asks.
            rhythm.unwrap_or_else(|| {
                let pace = Pace::new(&Pacing::Asap, *span, now, Nanos::ZERO, Nanos::ZERO);
                Rhythm::new(pace, None, Outlook::default(), now, 0.0)
            })
        });
        let campaigns: Vec<Rhythm> = campaigns.collect();
        let explorations = plan.catalog.campaigns.iter().zip(&campaigns).zip(spans);
        let explorations = explorations.map(|((campaign, rhythm), (today, _))| {
            let exploration = former.exploration(campaign, *today).unwrap_or_default();
            exploration.allow(rhythm.target(), campaign.learning.exploration);
            exploration
        });
        Self {
            explorations: explorations.collect(),
            pools: former.pools(plan),
            targets: (0..purses.len()).map(|row| former.goal(plan.line_item(row))).collect(),
            campaigns,
            line_items,
        }
    }

    /// Takes what `traffic` promises for what the day brings, of all budgets. A restart calls it once it has read that.
    pub fn expect(&self, plan: &Plan, traffic: &Traffic, now: UnixMillis) {
        let exchanges = exchanges(plan);
        for (campaign, rhythm) in plan.catalog.campaigns.iter().zip(&self.campaigns) {
            rhythm.expect(traffic.outlook(Group::Campaign(campaign.id.raw()), &exchanges, rhythm.day(), now));
        }
        for (row, rhythm) in self.line_items.iter().enumerate() {
            if let Some(rhythm) = rhythm {
                let group = Group::LineItem(plan.line_item(row).id.raw());
                rhythm.expect(traffic.outlook(group, &exchanges, rhythm.day(), now));
            }
        }
    }

    /// What keeps the goal of the line item of `row`; `None` if it has none to keep.
    #[must_use]
    pub fn target(&self, row: usize) -> Option<&Arc<Target>> {
        self.targets[row].as_ref()
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
    pub fn goal(&self, row: usize) -> Factor {
        self.targets[row].as_ref().map_or(Factor::ONE, |target| Factor::from_ratio(target.factor()))
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
        let mut of_campaign: Vec<Option<&Purse>> = vec![None; self.campaigns.len()];
        for (row, purse) in purses.iter().enumerate() {
            of_campaign[plan.line_item(row).campaign].get_or_insert(purse);
            if let Some(rhythm) = &self.line_items[row] {
                rhythm.replan(now, purse.line_item_day(), purse.line_item_day_used());
            }
        }
        let mut pools: HashMap<usize, Vec<Member>> = HashMap::new();
        for (at, (rhythm, purse)) in self.campaigns.iter().zip(&of_campaign).enumerate() {
            let Some(purse) = purse else { continue };
            rhythm.replan(now, purse.campaign_day(), purse.campaign_day_used());
            if self.pools[at].is_some() {
                let advertiser = plan.catalog.campaigns[at].advertiser;
                pools.entry(advertiser).or_default().push(self.member(at, purse, now));
            }
        }
        for (at, campaign) in plan.catalog.campaigns.iter().enumerate() {
            // The first member of each pool tells it.
            if let Some((dual, members)) = self.pools[at].as_ref().zip(pools.remove(&campaign.advertiser)) {
                dual.replan(pool(&members).rho);
            }
        }
    }

    /// What the campaign at `at` brings to its pool.
    fn member(&self, at: usize, purse: &Purse, now: UnixMillis) -> Member {
        let rhythm = &self.campaigns[at];
        let used = purse.campaign_day_used();
        let seen = rhythm.seen_today() as f64;
        Member {
            left: rhythm.share().saturating_sub(used).raw() as f64 - rhythm.dual().outstanding(),
            most: purse.campaign_left().raw() as f64,
            to_come: rhythm.to_come(now),
            costs: if seen > 0.0 { used.raw() as f64 / seen } else { 0.0 },
        }
    }
}

/// The exchanges of `plan`, as traffic names them.
fn exchanges(plan: &Plan) -> Vec<u64> {
    plan.exchanges.iter().map(|exchange| exchange.id.raw()).collect()
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

    /// The rhythm of a campaign today: its former one if nothing changed, else a new plan with the multiplier it had.
    fn of_campaign(
        &self,
        campaign: &Campaign,
        purse: &Purse,
        (day, span): (Day, DaySpan),
        now: UnixMillis,
        worth: f64,
    ) -> Rhythm {
        self.campaign(campaign, day).unwrap_or_else(|| {
            let committed = (purse.campaign_day(), purse.campaign_total());
            let share = target(&campaign.budget, campaign.flight, span, now, committed);
            // In a pool a campaign may spend what its caps let it; how much of that it should is the pool's.
            let alone =
                if campaign.pooled { committed.0.saturating_add(purse.campaign_left()) } else { share };
            let pace = Pace::new(&campaign.pacing, span, now, committed.0, alone);
            let dual = self.campaign_dual(campaign);
            let outlook = self.outlook(Group::Campaign(campaign.id.raw()), span, now);
            Rhythm::new(pace, dual, outlook, now, worth).with_share(share)
        })
    }

    /// The same of a line item's own budget.
    fn of_line_item(
        &self,
        plan: &Plan,
        line_item: &LineItem,
        purse: &Purse,
        (day, span): (Day, DaySpan),
        now: UnixMillis,
        worth: f64,
    ) -> Rhythm {
        self.line_item(line_item, &plan.campaign(line_item).zone_name, day).unwrap_or_else(|| {
            let committed = (purse.line_item_day(), purse.line_item_total());
            let target = target(&line_item.budget, line_item.flight, span, now, committed);
            let pace = Pace::new(&line_item.pacing, span, now, committed.0, target);
            let dual = self.line_item_dual(line_item);
            Rhythm::new(pace, dual, self.outlook(Group::LineItem(line_item.id.raw()), span, now), now, worth)
        })
    }

    /// What the traffic so far promises `group` today.
    fn outlook(&self, group: Group, day: DaySpan, now: UnixMillis) -> Outlook {
        let Some(former) = self.snapshot else { return Outlook::default() };
        let traffic = former.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.outlook(group, &exchanges(&former.plan), day, now)
    }

    /// The pools of `plan`, by campaign: those of former advertisers go on.
    fn pools(&self, plan: &Plan) -> Vec<Option<Arc<Dual>>> {
        let mut pools: HashMap<AdvertiserId, Arc<Dual>> = HashMap::new();
        if let Some(former) = self.snapshot {
            for (campaign, pool) in former.plan.catalog.campaigns.iter().zip(&former.money.rhythms.pools) {
                if let Some(pool) = pool {
                    let advertiser = former.plan.catalog.advertisers[campaign.advertiser].id;
                    pools.insert(advertiser, Arc::clone(pool));
                }
            }
        }
        let campaigns = plan.catalog.campaigns.iter().map(|campaign| {
            let advertiser = plan.catalog.advertisers[campaign.advertiser].id;
            campaign.pooled.then(|| Arc::clone(pools.entry(advertiser).or_default()))
        });
        campaigns.collect()
    }

    /// What keeps the goal of a line item: as before, if the goal is.
    fn goal(&self, now: &LineItem) -> Option<Arc<Target>> {
        let former = self.snapshot.zip(self.rows.get(&now.id));
        let former = former.filter(|(former, row)| former.plan.line_item(**row).goal == now.goal);
        match former {
            Some((former, row)) => former.money.rhythms.targets[*row].clone(),
            None => Target::of(&now.goal).map(Arc::new),
        }
    }

    /// The multiplier that a campaign had, if it is paced as before.
    fn campaign_dual(&self, now: &Campaign) -> Option<Arc<Dual>> {
        let former = self.snapshot.zip(self.campaigns.get(&now.id));
        let former = former.filter(|(former, at)| former.plan.catalog.campaigns[**at].pacing == now.pacing);
        former.map(|(former, at)| Arc::clone(former.money.rhythms.campaigns[*at].dual()))
    }

    /// The multiplier that a line item had, if it is paced as before.
    fn line_item_dual(&self, now: &LineItem) -> Option<Arc<Dual>> {
        let former = self.snapshot.zip(self.rows.get(&now.id));
        let former = former.filter(|(former, row)| former.plan.line_item(**row).pacing == now.pacing);
        let dual = former.and_then(|(former, row)| former.money.rhythms.line_items[*row].as_ref());
        dual.map(|rhythm| Arc::clone(rhythm.dual()))
    }

    fn campaign(&self, now: &Campaign, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        let then = &former.plan.catalog.campaigns[at];
        let unchanged = former.money.days[at] == today
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && (&then.zone_name, then.pooled) == (&now.zone_name, now.pooled);
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
