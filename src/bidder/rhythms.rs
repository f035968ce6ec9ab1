//! How all budgets of a plan are paced: campaigns, line items with a budget of their own, pools of campaigns.
//!
//! A campaign's money goes where it buys most by one multiplier for all of its line items: at the margin each buys the
//! same for it, and no split could buy more. A line item with a budget of its own has a multiplier of its own beside it, a
//! pool one over its campaigns; the least of them counts, so that each budget lasts. Deliberately absent: what may be
//! spent at all, which purses know; what goes on from a former snapshot, which is in `former`.

use std::collections::HashMap;
use std::sync::Arc;

use crate::bidder::Rhythm;
use crate::bidder::former::FormerRhythms;
use crate::bidder::snapshot::{Plan, Snapshot};
use crate::budget::Purse;
use crate::campaign::{Factor, Limits, Pacing};
use crate::learning::Exploration;
use crate::pacing::{DaySpan, Dual, Group, Member, Outlook, Pace, Target, Traffic, pool};
use crate::units::{Currency, Day, Nanos, UnixMillis};

/// The rhythms of one day of each campaign.
#[derive(Debug)]
pub struct Rhythms {
    /// By campaign.
    pub campaigns: Vec<Rhythm>,
    /// By row, for line items with a budget of their own.
    pub line_items: Vec<Option<Rhythm>>,
    /// By campaign: the pool whose budgets its own is spent with, those of its advertiser in its currency.
    pub(in crate::bidder) pools: Vec<Option<Arc<Dual>>>,
    /// By row: what keeps its goal.
    pub(in crate::bidder) targets: Vec<Option<Arc<Target>>>,
    /// By campaign: what trying the unknown may cost today.
    pub(in crate::bidder) explorations: Vec<Arc<Exploration>>,
    /// By campaign: its first row, if it has line items.
    pub(in crate::bidder) first_rows: Vec<Option<usize>>,
    /// How many budgets there are: of campaigns, and of line items with one of their own.
    pub(in crate::bidder) budgets: usize,
}

/// Budgets that one beat of the slow loop says something to, where there are more: a few milliseconds.
const BUDGETS_OF_BEAT: usize = 2_000;
/// Beats in which every budget has its turn: a second.
const BEATS_MAX: usize = 10;

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
        let former = FormerRhythms::of(former, plan);
        let mut campaigns: Vec<Option<Rhythm>> = vec![None; plan.catalog.campaigns.len()];
        let mut line_items = Vec::with_capacity(purses.len());
        let mut first_rows: Vec<Option<usize>> = vec![None; campaigns.len()];
        for (row, purse) in purses.iter().enumerate() {
            let line_item = plan.line_item(row);
            let today = spans[line_item.campaign];
            first_rows[line_item.campaign].get_or_insert(row);
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
            // In a pool the target is all that the caps leave; what is tried is a share of its own day.
            exploration.allow(rhythm.share(), campaign.learning.exploration);
            exploration
        });
        Self {
            explorations: explorations.collect(),
            pools: former.pools(plan),
            targets: (0..purses.len()).map(|row| former.goal(plan.line_item(row))).collect(),
            budgets: campaigns.len() + line_items.iter().flatten().count(),
            first_rows,
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
        self.least(row, campaign, Dual::factor)
    }

    /// As [`Rhythms::pace`], of a bid that is to be shaded, where it may be above 1 ([`Dual::shade`]).
    #[must_use]
    pub fn shading_pace(&self, row: usize, campaign: usize) -> Factor {
        self.least(row, campaign, Dual::shade)
    }

    fn least(&self, row: usize, campaign: usize, of_dual: impl Fn(&Dual) -> f64) -> Factor {
        let duals = self.multipliers(row, campaign).into_iter().flatten();
        duals.map(|dual| Factor::from_ratio(of_dual(dual))).min().unwrap_or(Factor::ONE)
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

    /// Of [`Rhythms::duals`] those that hold back: a budget that is spent as fast as it comes has none.
    pub(in crate::bidder) fn multipliers(&self, row: usize, campaign: usize) -> [Option<&Dual>; 3] {
        [
            self.campaigns[campaign].multiplier(),
            self.line_items[row].as_ref().and_then(Rhythm::multiplier),
            self.pools[campaign].as_deref(),
        ]
    }

    /// The multiplier of the pool whose budgets a campaign's is spent with, if it has one.
    #[must_use]
    pub fn pool(&self, campaign: usize) -> Option<&Arc<Dual>> {
        self.pools[campaign].as_ref()
    }

    /// As [`Rhythms::duals`], to keep: a snapshot may be gone when they are told of an outcome.
    #[must_use]
    pub fn shared_duals(&self, row: usize, campaign: usize) -> [Option<Arc<Dual>>; 3] {
        [
            Some(Arc::clone(self.campaigns[campaign].dual())),
            self.line_items[row].as_ref().map(|rhythm| Arc::clone(rhythm.dual())),
            self.pools[campaign].clone(),
        ]
    }

    /// The multipliers of a line item: of its campaign, its own, its pool's; all of them hear of requests.
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
        self.replan_part(plan, purses, (0, 1), now);
    }

    /// The same to those whose turn it is at beat number `beat` of the slow loop: to all of them where they are few, else to
    /// as many as a beat has time for, and to each once in [`BEATS_MAX`] beats at least. Requests and outcomes move a
    /// multiplier in between all the same.
    pub(in crate::bidder) fn replan_some(&self, plan: &Plan, purses: &[Purse], beat: usize, now: UnixMillis) {
        let parts = self.budgets.div_ceil(BUDGETS_OF_BEAT).clamp(1, BEATS_MAX);
        self.replan_part(plan, purses, (beat % parts, parts), now);
    }

    fn replan_part(&self, plan: &Plan, purses: &[Purse], (part, parts): (usize, usize), now: UnixMillis) {
        for row in (part..purses.len()).step_by(parts) {
            if let Some(rhythm) = &self.line_items[row] {
                rhythm.replan(now, purses[row].line_item_day(), purses[row].line_item_day_used());
            }
        }
        for at in (part..self.campaigns.len()).step_by(parts) {
            if let Some(purse) = self.purse_of(at, purses) {
                self.campaigns[at].replan(now, purse.campaign_day(), purse.campaign_day_used());
            }
        }
        // A pool is the sum of its campaigns: all of them at once.
        if part == 0 {
            self.replan_pools(plan, purses, now);
        }
    }

    /// The purse of a line item of the campaign at `at`: it knows the campaign's money.
    fn purse_of<'p>(&self, at: usize, purses: &'p [Purse]) -> Option<&'p Purse> {
        self.first_rows[at].map(|row| &purses[row])
    }

    fn replan_pools(&self, plan: &Plan, purses: &[Purse], now: UnixMillis) {
        let mut pools: HashMap<(usize, Currency), (Vec<Member>, f64)> = HashMap::new();
        for (at, rhythm) in self.campaigns.iter().enumerate() {
            let (Some(_), Some(purse)) = (&self.pools[at], self.purse_of(at, purses)) else { continue };
            let campaign = &plan.catalog.campaigns[at];
            let (members, volume) = pools.entry((campaign.advertiser, campaign.currency)).or_default();
            members.push(self.member(at, purse, now));
            *volume += rhythm.volume(now);
        }
        for (at, campaign) in plan.catalog.campaigns.iter().enumerate() {
            let Some(dual) = &self.pools[at] else { continue };
            // The first member of each pool tells it.
            if let Some((members, volume)) = pools.remove(&(campaign.advertiser, campaign.currency)) {
                // Each member tells it of its own requests.
                if volume > 0.0 {
                    dual.remember(volume);
                }
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
pub(in crate::bidder) fn exchanges(plan: &Plan) -> Vec<u64> {
    plan.exchanges.iter().map(|exchange| exchange.id.raw()).collect()
}
