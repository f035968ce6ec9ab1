//! What one case comes to: costs, what is left of impressions and conversions, and the figures that follow.

use std::collections::BTreeMap;

use crate::ttf::what_if::WhatIf;
use crate::ttf::what_if::judged::{Sum, Taxed};
use crate::units::{CampaignId, Currency, Femtos, Ratio};

/// Millionths in a whole.
const MILLION: i128 = 1_000_000;
/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;

/// What one case comes to in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The case.
    pub name: String,
    /// Of every amount.
    pub currency: Currency,
    /// Impressions that are won all the same.
    pub impressions: i64,
    /// Impressions that are lost, since the bid had to leave room for the tax.
    pub lost: i64,
    /// Of those that are won: nobody told what they had to beat, so that nobody knows whether they would be.
    pub not_told: i64,
    /// Of those that are won: taxed by the fallback, since no fact placed them.
    pub unresolved: i64,
    /// Paid to exchanges.
    pub media: Femtos,
    /// Paid for data.
    pub data: Femtos,
    /// Our fee.
    pub fee: Femtos,
    /// The campaigns' fixed costs.
    pub fixed: Femtos,
    /// The tax owed, exact.
    pub tax: Femtos,
    /// Of it, what advertisers bear.
    pub borne: Femtos,
    /// What counts against budgets: media and data, and the tax that is borne inside them.
    pub budget: Femtos,
    /// Conversions in millionths: those of a campaign in proportion to the impressions that it keeps, rounded down.
    pub conversions_millionths: i128,
    /// Acquisitions among them, in the same way: what the CPA counts.
    pub acquisitions_millionths: i128,
    /// What they bring, in the same proportion.
    pub value: Femtos,
}

impl Outcome {
    fn empty(name: &str, currency: Currency, fixed: Femtos) -> Self {
        Self {
            name: name.to_owned(),
            currency,
            impressions: 0,
            lost: 0,
            not_told: 0,
            unresolved: 0,
            media: Femtos::ZERO,
            data: Femtos::ZERO,
            fee: Femtos::ZERO,
            fixed,
            tax: Femtos::ZERO,
            borne: Femtos::ZERO,
            budget: Femtos::ZERO,
            conversions_millionths: 0,
            acquisitions_millionths: 0,
            value: Femtos::ZERO,
        }
    }

    /// The tax that we bear.
    #[must_use]
    pub fn absorbed(&self) -> Femtos {
        sum([self.tax, -self.borne])
    }

    /// All that advertisers pay: media, data, our fee, fixed costs, and the tax that they bear.
    #[must_use]
    pub fn all_in(&self) -> Femtos {
        sum([self.media, self.data, self.fee, self.fixed, self.borne])
    }

    /// What is left to us: our fee less the tax that we bear.
    #[must_use]
    pub fn margin(&self) -> Femtos {
        sum([self.fee, -self.absorbed()])
    }

    /// All costs over acquisitions, in units; `None` without any.
    #[must_use]
    pub fn cpa(&self) -> Option<Ratio> {
        // A millionth of the costs' unit for a millionth of an acquisition.
        Ratio::new(self.all_in().raw(), self.acquisitions_millionths.checked_mul(FEMTOS / MILLION)?)
    }

    /// (Gains - costs) / costs, all in; `None` without costs.
    #[must_use]
    pub fn roi(&self) -> Option<Ratio> {
        Ratio::new(sum([self.value, -self.all_in()]).raw(), self.all_in().raw())
    }

    /// The conversions as a fraction.
    #[must_use]
    pub fn conversions(&self) -> Option<Ratio> {
        Ratio::new(self.conversions_millionths, MILLION)
    }

    /// The acquisitions as a fraction.
    #[must_use]
    pub fn acquisitions(&self) -> Option<Ratio> {
        Ratio::new(self.acquisitions_millionths, MILLION)
    }
}

fn sum<const N: usize>(parts: [Femtos; N]) -> Femtos {
    parts.into_iter().sum()
}

/// The outcomes of the case at `at`, one for each currency.
pub(in crate::ttf) fn of_case(at: usize, whole: &WhatIf<'_>) -> Vec<Outcome> {
    let case = &whole.cases[at];
    let mut outcomes: BTreeMap<Currency, Outcome> = BTreeMap::new();
    let mut kept: BTreeMap<(CampaignId, Currency), (i64, i64)> = BTreeMap::new();
    let fixed = |currency: &Currency| whole.fixed.get(currency).copied().unwrap_or_default();
    for judged in &whole.groups {
        let group = &judged.group;
        let (taxed, lost) = (Taxed::new(group, case), judged.lost(at));
        let own = judged.all.less(&lost);
        let outcome = outcomes
            .entry(group.currency)
            .or_insert_with(|| Outcome::empty(&case.name, group.currency, fixed(&group.currency)));
        add(outcome, &taxed, &own, i128::from(group.fee.ppm()));
        outcome.lost += lost.impressions;
        outcome.not_told += judged.not_told;
        outcome.unresolved += if taxed.is_unresolved { own.impressions } else { 0 };
        let share = kept.entry((group.parties.campaign, group.currency)).or_default();
        *share = (share.0 + own.impressions, share.1 + judged.all.impressions);
    }
    for ((campaign, currency), conversions) in &whole.conversions {
        let outcome = outcomes
            .entry(*currency)
            .or_insert_with(|| Outcome::empty(&case.name, *currency, fixed(currency)));
        // Of a campaign that bought nothing in this time all stays: its ads were seen before.
        let (own, all) = kept.get(&(*campaign, *currency)).copied().unwrap_or_default();
        let (own, all) = if all > 0 { (i128::from(own.max(0)), i128::from(all)) } else { (1, 1) };
        outcome.conversions_millionths += i128::from(conversions.count) * MILLION * own / all;
        outcome.acquisitions_millionths += i128::from(conversions.acquisitions) * MILLION * own / all;
        outcome.value = sum([outcome.value, in_proportion(conversions.value, own, all)]);
    }
    outcomes.into_values().collect()
}

/// `value * own / all`, rounded down, without the product leaving 128 bits.
fn in_proportion(value: Femtos, own: i128, all: i128) -> Femtos {
    let (whole, rest) = (value.raw().div_euclid(all), value.raw().rem_euclid(all));
    Femtos::from_raw(whole * own + rest * own / all)
}

fn add(outcome: &mut Outcome, taxed: &Taxed, own: &Sum, fee: i128) {
    let femtos = |nanos: i128| Femtos::from_raw(nanos * MILLION);
    let (tax, borne) = taxed.tax(own.media, own.data);
    let inside = if taxed.bearer.counts_in_budget() { borne } else { Femtos::ZERO };
    outcome.impressions += own.impressions;
    for (amount, more) in [
        (&mut outcome.media, femtos(own.media)),
        (&mut outcome.data, femtos(own.data)),
        (&mut outcome.fee, Femtos::from_raw(own.media * fee)),
        (&mut outcome.tax, tax),
        (&mut outcome.borne, borne),
        (&mut outcome.budget, sum([femtos(own.media), femtos(own.data), inside])),
    ] {
        *amount = sum([*amount, more]);
    }
}
