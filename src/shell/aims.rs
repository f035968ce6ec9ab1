//! What the campaigns of a catalog are after, for the ledger to keep: a report needs no campaign files.

use crate::campaign::{Budget, Campaign, Catalog, Goal, LineItem, Status};
use crate::report::{Aim, AimKind};
use crate::units::Nanos;

/// What a campaign is after: its budget, and the goal of its line items where all that may bid have the same.
pub fn of_campaign(catalog: &Catalog, campaign: &Campaign) -> Vec<Aim> {
    let of_campaign = |line_item: &&LineItem| catalog.campaigns[line_item.campaign].id == campaign.id;
    let active = |line_item: &&LineItem| line_item.status == Status::Active;
    let mut goals = catalog.line_items.iter().filter(of_campaign).filter(active).map(goal);
    let first = goals.next().flatten();
    aims(&campaign.budget, first.filter(|_| goals.all(|goal| goal == first)))
}

/// What a line item is after: its goal, and its part of the budget.
pub fn of_line_item(line_item: &LineItem) -> Vec<Aim> {
    aims(&line_item.budget, goal(line_item))
}

fn aims(budget: &Budget, goal: Option<Aim>) -> Vec<Aim> {
    let money = |kind, limit: Option<Nanos>| limit.map(|limit| Aim { kind, raw: limit.raw() });
    let budgets =
        [money(AimKind::Budget, budget.money.total), money(AimKind::DailyBudget, budget.money.daily)];
    goal.into_iter().chain(budgets.into_iter().flatten()).collect()
}

/// What a line item's goal aims at; `None` where only its budget does.
fn goal(line_item: &LineItem) -> Option<Aim> {
    let (kind, raw) = match line_item.goal {
        // Micros for a thousand impressions.
        Goal::Cpm(price) => (AimKind::Cpm, price.micros().saturating_mul(1_000)),
        Goal::Cpc { target, .. } => (AimKind::Cpc, target.raw()),
        Goal::Cpa { target, .. } => (AimKind::Cpa, target.raw()),
        Goal::Return { least, .. } => (AimKind::Roas, i64::try_from(least).unwrap_or(i64::MAX)),
        Goal::MaxConversions { .. } => return None,
    };
    Some(Aim { kind, raw })
}
