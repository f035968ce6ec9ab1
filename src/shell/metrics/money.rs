//! Spend against plan, in euros: of everything, and of each campaign up to a bound, in the order of the catalog.
//!
//! The ledger has the exact figures, in the campaigns' own currencies. Deliberately absent: line items, creatives and
//! places, of which there may be hundreds of thousands; reports know them.

use crate::bidder::{Rhythm, Snapshot};
use crate::budget::Purse;
use crate::pacing::DaySpan;
use crate::shell::metrics::page::Page;
use crate::units::{Currency, Nanos, Rounding, UnixMillis, limits};

/// One campaign on its day.
struct Today<'s> {
    slug: &'s str,
    /// In euros; what exchanges billed and what their data and tax take of the budget.
    spent: Nanos,
    /// In euros; `None` if nothing bounds its day.
    planned: Option<Nanos>,
    rhythm: &'s Rhythm,
}

/// Writes what campaigns spent today, and what they should.
pub(in crate::shell::metrics) fn write(snapshot: &Snapshot, now: UnixMillis, page: &mut Page) {
    let all = todays(snapshot);
    let sum = |of: fn(&Today<'_>) -> Nanos| all.iter().map(of).fold(Nanos::ZERO, Nanos::saturating_add);
    page.gauge(
        "encan_spent_today_euros",
        "What all campaigns have used of their budgets on their days, in euros.",
        sum(|today| today.spent),
    );
    page.gauge(
        "encan_planned_today_euros",
        "What all campaigns whose days are bounded should use of their budgets by their ends, in euros.",
        sum(|today| today.planned.unwrap_or_default()),
    );
    let (shown, hidden) = all.split_at(all.len().min(limits::METRICS_CAMPAIGNS_MAX));
    page.gauge("encan_campaigns", "Campaigns loaded that have line items.", all.len());
    page.gauge("encan_campaigns_not_shown", "Campaigns beyond those that have metrics.", hidden.len());
    let mut by_campaign = |name, help, value: &dyn Fn(&Today<'_>) -> Option<String>| {
        let mut family = page.gauges(name, help);
        for today in shown {
            if let Some(value) = value(today) {
                family.sample(&[("campaign", today.slug)], value);
            }
        }
    };
    by_campaign(
        "encan_campaign_spent_today_euros",
        "What a campaign has used of its budget on its day, in euros.",
        &|today| Some(today.spent.to_string()),
    );
    by_campaign(
        "encan_campaign_planned_today_euros",
        "What a campaign should use of its budget by the end of its day, in euros.",
        &|today| today.planned.map(|planned| planned.to_string()),
    );
    by_campaign(
        "encan_campaign_day_elapsed_ratio",
        "How much of a campaign's day is over, 0 to 1.",
        &|today| Some(elapsed(today.rhythm.day(), now).to_string()),
    );
    by_campaign(
        "encan_campaign_multiplier_ratio",
        "By how much a campaign's pace multiplies what an impression is worth.",
        &|today| Some(today.rhythm.factor().to_string()),
    );
}

/// How much of `day` is over.
fn elapsed(day: DaySpan, now: UnixMillis) -> f64 {
    let millis = |from: UnixMillis, to: UnixMillis| to.since(from).raw().max(0) as f64;
    (millis(day.start, now) / millis(day.start, day.end).max(1.0)).min(1.0)
}

/// The campaigns that have line items.
fn todays(snapshot: &Snapshot) -> Vec<Today<'_>> {
    let plan = &snapshot.plan;
    let campaigns = &plan.catalog.campaigns;
    let mut purses: Vec<Option<&Purse>> = vec![None; campaigns.len()];
    for (row, purse) in snapshot.money.purses.iter().enumerate() {
        purses[plan.line_item(row).campaign].get_or_insert(purse);
    }
    let todays = campaigns.iter().zip(&snapshot.money.rhythms.campaigns).zip(purses);
    let todays = todays.filter_map(|((campaign, rhythm), purse)| {
        let rate = plan.rates.rate(campaign.currency, Currency::EUR)?;
        let share = rhythm.share();
        Some(Today {
            slug: &campaign.slug,
            spent: rate.amount(purse?.campaign_day_used(), Rounding::Up)?,
            planned: if share == Nanos::MAX { None } else { rate.amount(share, Rounding::Up) },
            rhythm,
        })
    });
    todays.collect()
}
