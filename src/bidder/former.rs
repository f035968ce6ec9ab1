//! How the budgets of a new snapshot go on from where those of the former one were: the rhythms themselves where nothing
//! that they were made of has changed, else a new plan with the multiplier they had.
//!
//! Deliberately absent: what outlives the process; the shell keeps multipliers and traffic in a file, and hands them in.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError};

use crate::bidder::Rhythm;
use crate::bidder::rhythms::exchanges;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::Purse;
use crate::campaign::{Budget, Campaign, Flight, LineItem};
use crate::learning::Exploration;
use crate::pacing::{DaySpan, Dual, Group, Outlook, Pace, Target};
use crate::units::{AdvertiserId, CampaignId, Currency, Day, LineItemId, Nanos, UnixMillis};

/// The rhythms of a former snapshot, by what they were made of.
pub(in crate::bidder) struct FormerRhythms<'a> {
    snapshot: Option<&'a Snapshot>,
    campaigns: HashMap<CampaignId, usize>,
    rows: HashMap<LineItemId, usize>,
    /// Line items that reach other requests than before, and campaigns that have such: what their traffic was says
    /// little of what it will be.
    redirected: (HashSet<LineItemId>, HashSet<CampaignId>),
}

impl<'a> FormerRhythms<'a> {
    /// Those of `snapshot`, whose budgets go on in `plan`.
    pub(in crate::bidder) fn of(snapshot: Option<&'a Snapshot>, plan: &Plan) -> Self {
        let Some(former) = snapshot else {
            let (campaigns, rows) = (HashMap::new(), HashMap::new());
            return Self { snapshot, campaigns, rows, redirected: Default::default() };
        };
        let campaigns = former.plan.catalog.campaigns.iter().enumerate();
        let rows = (0..former.plan.rows.len()).map(|row| (former.plan.line_item(row).id, row));
        let rows: HashMap<LineItemId, usize> = rows.collect();
        let redirected = redirected(&former.plan, &rows, plan);
        let campaigns = campaigns.map(|(at, campaign)| (campaign.id, at)).collect();
        Self { snapshot, campaigns, rows, redirected }
    }

    /// The rhythm of a campaign today: its former one if nothing changed, else a new plan with the multiplier it had.
    pub(in crate::bidder) fn of_campaign(
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
            let outlook = if self.redirected.1.contains(&campaign.id) {
                let former = self.snapshot.zip(self.campaigns.get(&campaign.id));
                redirected_from(former.map(|(it, at)| &it.money.rhythms.campaigns[*at]), outlook, span, now)
            } else {
                outlook
            };
            Rhythm::new(pace, dual, outlook, now, worth).with_share(share)
        })
    }

    /// The same of a line item's own budget.
    pub(in crate::bidder) fn of_line_item(
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
            let outlook = self.outlook(Group::LineItem(line_item.id.raw()), span, now);
            let outlook = if self.redirected.0.contains(&line_item.id) {
                let former = self.snapshot.zip(self.rows.get(&line_item.id));
                let former = former.and_then(|(it, row)| it.money.rhythms.line_items[*row].as_ref());
                redirected_from(former, outlook, span, now)
            } else {
                outlook
            };
            Rhythm::new(pace, dual, outlook, now, worth)
        })
    }

    /// What the traffic so far promises `group` today.
    fn outlook(&self, group: Group, day: DaySpan, now: UnixMillis) -> Outlook {
        let Some(former) = self.snapshot else { return Outlook::default() };
        let traffic = former.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner);
        traffic.outlook(group, &exchanges(&former.plan), day, now)
    }

    /// The pools of `plan`, by campaign, one of each advertiser in each currency, for amounts of different ones have no sum:
    /// former ones go on.
    pub(in crate::bidder) fn pools(&self, plan: &Plan) -> Vec<Option<Arc<Dual>>> {
        let mut pools: HashMap<(AdvertiserId, Currency), Arc<Dual>> = HashMap::new();
        if let Some(former) = self.snapshot {
            for (campaign, pool) in former.plan.catalog.campaigns.iter().zip(&former.money.rhythms.pools) {
                if let Some(pool) = pool {
                    let advertiser = former.plan.catalog.advertisers[campaign.advertiser].id;
                    pools.insert((advertiser, campaign.currency), Arc::clone(pool));
                }
            }
        }
        let campaigns = plan.catalog.campaigns.iter().map(|campaign| {
            let advertiser = plan.catalog.advertisers[campaign.advertiser].id;
            campaign.pooled.then(|| Arc::clone(pools.entry((advertiser, campaign.currency)).or_default()))
        });
        campaigns.collect()
    }

    /// What keeps the goal of a line item: as before, if the goal is.
    pub(in crate::bidder) fn goal(&self, now: &LineItem) -> Option<Arc<Target>> {
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
            && (&then.zone_name, then.pooled) == (&now.zone_name, now.pooled)
            && !self.redirected.1.contains(&now.id);
        unchanged.then(|| former.money.rhythms.campaigns[at].clone())
    }

    fn line_item(&self, now: &LineItem, zone_name: &str, today: Day) -> Option<Rhythm> {
        let former = self.snapshot?;
        let row = *self.rows.get(&now.id)?;
        let then = former.plan.line_item(row);
        let unchanged = former.money.days[then.campaign] == today
            && former.plan.campaign(then).zone_name == zone_name
            && (then.budget, then.flight, &then.pacing) == (now.budget, now.flight, &now.pacing)
            && !self.redirected.0.contains(&now.id);
        former.money.rhythms.line_items[row].clone().filter(|_| unchanged)
    }

    /// What a campaign has spent on trying so far today.
    pub(in crate::bidder) fn exploration(&self, now: &Campaign, today: Day) -> Option<Arc<Exploration>> {
        let former = self.snapshot?;
        let at = *self.campaigns.get(&now.id)?;
        (former.money.days[at] == today).then(|| Arc::clone(&former.money.rhythms.explorations[at]))
    }
}

const HOUR_MILLIS: i64 = 3_600_000;

/// What the day brings to a budget whose line items reach other requests than before, where the day would else be as
/// `outlook` says: as many as its former rhythm still expected, so that its multiplier stays where it is until requests
/// came.
fn redirected_from(former: Option<&Rhythm>, outlook: Outlook, day: DaySpan, now: UnixMillis) -> Outlook {
    match former {
        Some(former) if former.day() == day => former.redirected(outlook, now),
        // Of another day no more is known than what traffic says, which is of other requests.
        _ => {
            let guess = outlook.volume.map(|volume| volume * (1.0 - outlook.done(day, now)));
            outlook.of_doubtful_volume(day, now, guess)
        }
    }
}

/// The line items of `plan` whose targeting, deals or status is another than in `former`, and the campaigns of those, of
/// new ones and of ones that are gone.
fn redirected(
    former: &Plan,
    rows: &HashMap<LineItemId, usize>,
    plan: &Plan,
) -> (HashSet<LineItemId>, HashSet<CampaignId>) {
    let (mut line_items, mut campaigns) = (HashSet::new(), HashSet::new());
    let mut met = 0;
    for now in &plan.catalog.line_items {
        let then = rows.get(&now.id).map(|row| former.line_item(*row));
        met += usize::from(then.is_some());
        let is_same = then.is_some_and(|then| {
            (&then.targeting, &then.deals, then.status) == (&now.targeting, &now.deals, now.status)
        });
        if !is_same {
            line_items.insert(now.id);
            campaigns.insert(plan.campaign(now).id);
        }
    }
    if met < rows.len() {
        let kept: HashSet<LineItemId> = plan.catalog.line_items.iter().map(|now| now.id).collect();
        let gone = former.catalog.line_items.iter().filter(|then| !kept.contains(&then.id));
        campaigns.extend(gone.map(|then| former.campaign(then).id));
    }
    (line_items, campaigns)
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
