//! The reckoning: the ledger's report beside the exchange's own count, to the nano.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::bidder::Plan;
use crate::campaign::{Advertiser, Campaign};
use crate::report::{Row, Table};
use crate::sim::{CampaignTruth, Truth};
use crate::ttf::{Evidence, TaxKind};
use crate::units::{Country, Day, UnixMillis};

/// A figure on which the ledger and the exchange differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disagreement {
    /// Of which campaign.
    pub campaign: String,
    /// Which figure.
    pub figure: &'static str,
    /// What the ledger says; amounts in femto-units.
    pub ledger: i128,
    /// What the exchange counted.
    pub exchange: i128,
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { campaign, figure, ledger, exchange } = self;
        write!(f, "{campaign}: {figure} is {ledger} in the ledger and {exchange} at the exchange")
    }
}

/// Every figure on which a report by campaign and the truth differ. `at` tells which tax rates were in force.
#[must_use]
pub fn disagreements(table: &Table, truth: &Truth, plan: &Plan, at: UnixMillis) -> Vec<Disagreement> {
    let slug_of =
        |row: &'_ Row| row.labels.first().map(|label| label.machine().to_owned()).unwrap_or_default();
    let row = |slug: &str| table.rows.iter().find(|row| slug_of(row) == slug);
    let mut differing = Vec::new();
    for row in &table.rows {
        let slug = slug_of(row);
        if !truth.campaigns.contains_key(&slug) {
            differing.extend(compare(&slug, Some(row), &CampaignTruth::default(), 0));
        }
    }
    for (slug, counted) in &truth.campaigns {
        let tax = plan.catalog.campaigns.iter().enumerate().find(|(_, campaign)| campaign.slug == *slug);
        let tax = tax.map_or(0, |(index, campaign)| tax_owed(plan, index, campaign, counted, at));
        differing.extend(compare(slug, row(slug), counted, tax));
    }
    differing
}

fn compare(slug: &str, row: Option<&Row>, counted: &CampaignTruth, tax: i128) -> Vec<Disagreement> {
    const FEMTOS_A_NANO: i128 = 1_000_000;
    let totals = row.map(|row| row.totals).unwrap_or_default();
    let space_tax = totals.tax_borne.space.raw() + totals.tax_absorbed.space.raw();
    [
        ("impressions", totals.impressions.into(), counted.impressions.into()),
        ("losses", totals.losses.into(), counted.losses.into()),
        ("views", totals.views.into(), counted.views.into()),
        ("clicks", totals.clicks.into(), counted.clicks.into()),
        ("conversions", totals.conversions.into(), counted.conversions.into()),
        ("media", totals.media.raw(), counted.media_total() * FEMTOS_A_NANO),
        ("tax on ad space", space_tax, tax),
        ("value of conversions", totals.value.raw(), counted.value * FEMTOS_A_NANO),
    ]
    .into_iter()
    .filter(|(_, ledger, exchange): &(_, i128, i128)| ledger != exchange)
    .map(|(figure, ledger, exchange)| Disagreement { campaign: slug.to_owned(), figure, ledger, exchange })
    .collect()
}

/// The tax on what was counted, worked out from the scenario as it is written, by another way than the
/// bidder's: sums by country first, one rate for each.
fn tax_owed(plan: &Plan, index: usize, campaign: &Campaign, counted: &CampaignTruth, at: UnixMillis) -> i128 {
    let advertiser = &plan.catalog.advertisers[campaign.advertiser];
    let spec = plan.scenario_of(index).spec();
    let rate = |viewer: Option<Country>| -> i128 {
        let place = spec.evidence.iter().find_map(|evidence| witness(*evidence, advertiser, viewer));
        let jurisdiction = match place {
            Some(country) => {
                let territory =
                    spec.territories.iter().find(|territory| territory.countries.contains(&country));
                territory.map(|territory| territory.jurisdiction)
            }
            None => spec.fallback,
        };
        let Some(jurisdiction) = jurisdiction else { return 0 };
        let territory = spec.territories.iter().find(|territory| territory.jurisdiction == jurisdiction);
        let today = today(territory.map_or("UTC", |territory| territory.zone.as_str()), at);
        let row = spec.rates.iter().find(|row| {
            let own = row.jurisdiction == jurisdiction && row.kind == TaxKind::AdSpace;
            own && row.valid_from <= today && row.valid_to.is_none_or(|end| today < end)
        });
        row.map_or(0, |row| row.rate.ppm().into())
    };
    counted.media.iter().map(|(viewer, media)| media * rate(*viewer)).sum()
}

fn witness(evidence: Evidence, advertiser: &Advertiser, viewer: Option<Country>) -> Option<Country> {
    match evidence {
        Evidence::Advertiser => advertiser.country,
        Evidence::ViewerDevice => viewer,
        _ => None,
    }
}

fn today(zone: &str, at: UnixMillis) -> Day {
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let date = Timestamp::from_millisecond(at.raw()).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone).date();
    Day::from_civil(date.year().into(), date.month().into(), date.day().into())
}
