//! The same impressions under another tax: what would be owed, and which of them would not have been won.
//!
//! ```text
//! cases -> WhatIf -> group() once for each distinct group -> add() for each impression -> outcomes()
//! ```
//!
//! What many impressions share is said once, as a [`Group`]; an impression is a [`Bought`], a few plain numbers, so that ten
//! million of them take a second. A bid that leaves room for a tax is lower by that room; where it falls below what was to be
//! beaten, the impression is lost, and with it its share of the campaign's conversions. Deliberately absent: what the money
//! that is left over would buy instead, rivals who bid less too, and our fee's part in bids that are to cover it.

mod judged;
mod outcome;

pub use outcome::Outcome;

use std::collections::BTreeMap;

use crate::ttf::what_if::judged::Judged;
use crate::ttf::{Bearer, Facts, Parties, Places, Scenario};
use crate::units::{CampaignId, Currency, Femtos, Nanos, RatePpm, ScenarioId, UnixMillis};

/// One way to tax.
#[derive(Debug, Clone)]
pub struct Case<'a> {
    /// For people.
    pub name: String,
    /// Under which scenario, at its rates; `None` is as it was booked.
    pub scenario: Option<&'a Scenario>,
    /// Who bears it; `None` is as it was booked.
    pub bearer: Option<Bearer>,
}

/// What many impressions share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group {
    /// Whose.
    pub parties: Parties,
    /// What is known of where the parties are.
    pub facts: Facts,
    /// Of every amount.
    pub currency: Currency,
    /// Any instant at which one of them was billed, in one span of [`WhatIf::span_of`].
    pub billed_at: UnixMillis,
    /// Our fee, as a share of media.
    pub fee: RatePpm,
    /// How they were taxed.
    pub booked: Booked,
}

/// How impressions were taxed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Booked {
    /// Under which scenario.
    pub scenario: ScenarioId,
    /// Where.
    pub places: Places,
    /// At which rate on ad space, in all places together.
    pub space_rate: RatePpm,
    /// On data.
    pub data_rate: RatePpm,
    /// Who bears it.
    pub bearer: Bearer,
}

/// One billed impression, or what a correction changed of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bought {
    /// By the number that [`WhatIf::group`] gave.
    pub group: u32,
    /// One; of a correction those that it adds or takes back.
    pub impressions: i32,
    /// The price paid.
    pub media: Nanos,
    /// Paid for data.
    pub data: Nanos,
    /// The bid, where it is known.
    pub bid: Option<Nanos>,
    /// What was to be beaten, where the exchange told.
    pub to_beat: Option<Nanos>,
}

impl Bought {
    /// The bid and what it had to beat: as the exchange told; where it did not, the price, if that is below the bid, for
    /// then somebody else made it. `None` where nothing tells.
    #[must_use]
    pub fn contest(&self) -> Option<(Nanos, Nanos)> {
        let bid = self.bid?;
        // A credit of a whole impression says what was paid for it; one of a part does not.
        let paid = match self.impressions {
            1.. => Some(self.media),
            0 => None,
            _ => Nanos::ZERO.checked_sub(self.media),
        };
        let to_beat = self.to_beat.or_else(|| paid.filter(|paid| *paid < bid))?;
        Some((bid, to_beat))
    }
}

/// Impressions under several cases.
#[derive(Debug, Clone)]
pub struct WhatIf<'a> {
    cases: Vec<Case<'a>>,
    /// The instants at which any rate changes, in order.
    changes: Vec<UnixMillis>,
    groups: Vec<Judged>,
    conversions: BTreeMap<(CampaignId, Currency), Conversions>,
    fixed: BTreeMap<Currency, Femtos>,
}

/// What a campaign's ads brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conversions {
    /// Conversions of every kind.
    pub count: i64,
    /// Of these, acquisitions.
    pub acquisitions: i64,
    /// What all of them are worth.
    pub value: Femtos,
}

impl<'a> WhatIf<'a> {
    /// Nothing bought yet, under `cases`.
    #[must_use]
    pub fn new(cases: Vec<Case<'a>>) -> Self {
        let scenarios = cases.iter().filter_map(|case| case.scenario);
        let mut changes: Vec<UnixMillis> = scenarios.flat_map(Scenario::changes).collect();
        changes.sort_unstable();
        changes.dedup();
        let (conversions, fixed) = (BTreeMap::new(), BTreeMap::new());
        Self { cases, changes, groups: Vec::new(), conversions, fixed }
    }

    /// The span in which `at` lies: within one no rate of any case changes, so that impressions which differ in time alone
    /// are one group if their spans are equal.
    #[must_use]
    pub fn span_of(&self, at: UnixMillis) -> usize {
        self.changes.partition_point(|change| *change <= at)
    }

    /// The number of a group. The caller hands in each distinct one once, or loses speed, nothing else.
    ///
    /// # Panics
    ///
    /// At four billion groups.
    pub fn group(&mut self, group: Group) -> u32 {
        let number = u32::try_from(self.groups.len()).expect("fewer groups than there are numbers");
        self.groups.push(Judged::new(group, &self.cases));
        number
    }

    /// When one of the impressions of a group was billed.
    ///
    /// # Panics
    ///
    /// If there is no group of that number.
    #[must_use]
    pub fn billed_at(&self, group: u32) -> UnixMillis {
        self.groups[group as usize].group.billed_at
    }

    /// Counts one impression in.
    ///
    /// # Panics
    ///
    /// If its group is none.
    pub fn add(&mut self, bought: &Bought) {
        self.groups[bought.group as usize].add(bought);
    }

    /// Counts conversions of a campaign in, with what they brought.
    pub fn add_conversions(&mut self, campaign: CampaignId, currency: Currency, more: Conversions) {
        let all = self.conversions.entry((campaign, currency)).or_default();
        all.count += more.count;
        all.acquisitions += more.acquisitions;
        all.value = [all.value, more.value].into_iter().sum();
    }

    /// Counts the fixed costs of a campaign in: the same in every case.
    pub fn add_fixed(&mut self, currency: Currency, costs: Femtos) {
        let all = self.fixed.entry(currency).or_default();
        *all = [*all, costs].into_iter().sum();
    }

    /// Adds what another part of the impressions came to, under the same cases. Parts that are folded beside each other may
    /// number their groups as they like: where the numbers differ, those of `other` follow those that are here.
    pub fn merge(&mut self, other: &Self) {
        let same = |(own, more): (&Judged, &Judged)| own.group == more.group;
        let alike = self.groups.len() == other.groups.len();
        if alike && self.groups.iter().zip(&other.groups).all(same) {
            return self.merge_as(other, 0..);
        }
        self.groups.extend_from_slice(&other.groups);
        self.merge_costs(other);
    }

    /// The same of a part with groups of its own: `numbers` says of each in turn which one it is here.
    ///
    /// # Panics
    ///
    /// If there is no such group here.
    pub fn merge_as(&mut self, other: &Self, numbers: impl IntoIterator<Item = u32>) {
        for (own, more) in numbers.into_iter().zip(&other.groups) {
            self.groups[own as usize].merge(more);
        }
        self.merge_costs(other);
    }

    fn merge_costs(&mut self, other: &Self) {
        for ((campaign, currency), more) in &other.conversions {
            self.add_conversions(*campaign, *currency, *more);
        }
        for (currency, more) in &other.fixed {
            self.add_fixed(*currency, *more);
        }
    }

    /// What each case comes to in each currency: in the order of the cases, then of the currencies.
    #[must_use]
    pub fn outcomes(&self) -> Vec<Outcome> {
        let of = |at| outcome::of_case(at, self);
        (0..self.cases.len()).flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests;
