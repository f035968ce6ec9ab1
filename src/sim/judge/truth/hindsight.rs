//! The best that money could have bought, knowing all prices: a fractional knapsack on value for price and tax.

use crate::sim::judge::truth::account::cost;
use crate::sim::judge::truth::{HOUR_MS, Row, Truth};
use crate::units::Cpm;

/// What hindsight buys.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Best {
    /// Value, in nanos.
    pub value: f64,
    /// Money, in nanos.
    pub spend: f64,
}

/// The best that can be bought on the day, of rows that cost no more than they are worth.
///
/// Where a person changes the budget, hindsight knows all prices but not the change: until then it buys what is best for
/// the first budget, from then on what is best for what is left of the second.
#[must_use]
pub fn hindsight(truth: &Truth) -> Best {
    #[expect(clippy::cast_precision_loss, reason = "a measure")]
    let budget = truth.budget.raw() as f64;
    let all = items(truth, 0, u32::MAX);
    let Some(change) = truth.regime.change else { return knapsack(&all, budget, u32::MAX) };
    let at = change.hour * HOUR_MS;
    let before = knapsack(&all, budget, at);
    let after = items(truth, at, u32::MAX);
    let after = knapsack(&after, (budget * change.factor - before.spend).max(0.0), u32::MAX);
    Best { value: before.value + after.value, spend: before.spend + after.spend }
}

#[derive(Debug, Clone, Copy)]
struct Item {
    ratio: f64,
    cost: f64,
    value: f64,
    at: u32,
}

/// What is worth buying from `from` on, best first.
#[expect(clippy::cast_precision_loss, reason = "a measure")]
fn items(truth: &Truth, from: u32, to: u32) -> Vec<Item> {
    let item = |row: &Row| {
        let price = Cpm::from_micros(i64::from(row.price))?;
        let cost = cost(price, truth.tax(row.at)).raw() as f64;
        let value = f64::from(row.value);
        let ratio = if cost > 0.0 { value / cost } else { f64::INFINITY };
        let worth = cost <= value && (from..to).contains(&row.at);
        worth.then_some(Item { ratio, cost, value, at: row.at })
    };
    let mut items: Vec<Item> = truth.rows.iter().filter_map(item).collect();
    items.sort_unstable_by(|a, b| b.ratio.total_cmp(&a.ratio));
    items
}

/// What `budget` buys; of that, what comes before `until`.
fn knapsack(items: &[Item], budget: f64, until: u32) -> Best {
    let (mut left, mut best) = (budget, Best::default());
    for item in items {
        let part = if item.cost <= left { 1.0 } else { left / item.cost };
        left -= item.cost * part;
        if item.at < until {
            best.value += item.value * part;
            best.spend += item.cost * part;
        }
        if part < 1.0 {
            break;
        }
    }
    best
}
