//! A finished report: named rows in order, and a total for each currency.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use crate::ledger::NO_LINE_ITEM;
use crate::report::dimension::Group;
use crate::report::fold::{Folded, Key};
use crate::report::totals::sum;
use crate::report::{Dimension, Figures, Totals};
use crate::units::{
    AdvertiserId, ArmId, CampaignId, CreativeId, Currency, DealId, ExchangeId, Femtos, LineItemId, Nanos,
    PublisherId, SegmentId,
};

/// What people call the ids of a report, and what campaigns cost besides. An id without a name is written
/// as its hexadecimal digits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Names {
    pub advertisers: HashMap<AdvertiserId, String>,
    pub campaigns: HashMap<CampaignId, String>,
    pub line_items: HashMap<LineItemId, String>,
    pub creatives: HashMap<CreativeId, String>,
    pub exchanges: HashMap<ExchangeId, String>,
    pub deals: HashMap<DealId, String>,
    pub publishers: HashMap<PublisherId, String>,
    pub arms: HashMap<ArmId, String>,
    pub segments: HashMap<SegmentId, String>,
    /// Creation, staff: once for the campaign.
    pub fixed_costs: HashMap<CampaignId, FixedCost>,
}

/// What a campaign costs once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedCost {
    /// The campaign's: the cost enters rows of this currency only.
    pub currency: Currency,
    /// How much.
    pub amount: Nanos,
}

/// Whether the all-in costs of a table hold the fixed costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FixedCosts {
    /// They do, if there are any.
    Included,
    /// There are some, but no row holds a whole campaign.
    LeftOut,
}

/// A finished report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// What the labels of its rows are.
    pub group_by: Vec<Dimension>,
    /// In order of the labels, days in order of time, then of the currency.
    pub rows: Vec<Row>,
    /// The sum of the rows for each currency, without labels.
    pub totals: Vec<Row>,
    /// Whether all-in costs are complete.
    pub fixed_costs: FixedCosts,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// One for each dimension of the table; none for a total.
    pub labels: Vec<String>,
    /// Of every amount in it.
    pub currency: Currency,
    /// What was counted.
    pub totals: Totals,
    /// The fixed costs of its campaigns.
    pub fixed: Femtos,
}

impl Row {
    /// The figures of the row.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(&self.totals, self.fixed)
    }
}

impl Names {
    fn label(&self, group: Group) -> String {
        fn named<Id: Hash + Eq + ToString>(names: &HashMap<Id, String>, id: &Id) -> String {
            names.get(id).cloned().unwrap_or_else(|| id.to_string())
        }
        match group {
            Group::Advertiser(id) => named(&self.advertisers, &id),
            Group::Campaign(id) => named(&self.campaigns, &id),
            Group::LineItem(NO_LINE_ITEM) => "whole campaign".to_owned(),
            Group::LineItem(id) => named(&self.line_items, &id),
            Group::Creative(id) if id.raw() == 0 => "no creative".to_owned(),
            Group::Creative(id) => named(&self.creatives, &id),
            Group::Exchange(id) if id.raw() == 0 => "no exchange".to_owned(),
            Group::Exchange(id) => named(&self.exchanges, &id),
            Group::Deal(Some(id)) => named(&self.deals, &id),
            Group::Deal(None) => "no deal".to_owned(),
            Group::Day(day) => day.to_string(),
        }
    }
}

/// Names the rows, puts them in order and adds the totals.
pub(in crate::report) fn finish(
    group_by: Vec<Dimension>,
    folded: BTreeMap<Key, Folded>,
    whole_campaigns: bool,
    names: &Names,
) -> Table {
    let row = |(key, folded): (Key, Folded)| {
        let labels = key.groups.iter().map(|group| names.label(*group)).collect();
        let fixed = fixed_costs(&folded, key.currency, names);
        Row { labels, currency: key.currency, totals: folded.totals, fixed }
    };
    let mut rows: Vec<_> = folded.into_iter().map(row).collect();
    // Stable, so that two ids with one name keep the order of the ids.
    rows.sort_by(|a, b| (&a.labels, a.currency).cmp(&(&b.labels, b.currency)));
    let mut totals: BTreeMap<Currency, Row> = BTreeMap::new();
    for row in &rows {
        let empty = Row {
            labels: Vec::new(),
            currency: row.currency,
            totals: Totals::default(),
            fixed: Femtos::ZERO,
        };
        let total = totals.entry(row.currency).or_insert(empty);
        total.totals.merge(&row.totals);
        total.fixed = sum(total.fixed, row.fixed);
    }
    let left_out = !whole_campaigns && names.fixed_costs.values().any(|cost| cost.amount != Nanos::ZERO);
    let fixed_costs = if left_out { FixedCosts::LeftOut } else { FixedCosts::Included };
    Table { group_by, rows, totals: totals.into_values().collect(), fixed_costs }
}

fn fixed_costs(folded: &Folded, currency: Currency, names: &Names) -> Femtos {
    let costs = folded.campaigns.iter().filter_map(|campaign| names.fixed_costs.get(campaign));
    costs.filter(|cost| cost.currency == currency).map(|cost| cost.amount.to_femtos()).sum()
}

#[cfg(test)]
mod tests;
