//! Arms of a line item against each other: what an acquisition costs in each, and what a unit of cost brings.
//!
//! People are drawn into arms, so that people are what varies: an arm's figures are ratios of sums over people. Arms are
//! compared with the first one; of several comparisons of one figure the chance that any of them says what is not so stays at
//! 5 % (Holm, Scandinavian Journal of Statistics 6 (1979), 65-70). Only what is credited to an arm's own ads counts.

use std::collections::HashMap;

use crate::experiment::effect::CONFIDENCE;
use crate::experiment::interval::{Interval, Pairs, deviations, distance};
use crate::experiment::outcomes::units;
use crate::ledger::{Event, EventKind};
use crate::units::{ArmId, CampaignId, Currency, Femtos, LineItemId, Nanos, UserKey};

/// People who convert in an arm without whom its ROI is compared with nothing, and who are acquired in it without whom its CPA
/// is not.
const CONVERTED_MIN: u64 = 10;

/// What people of the arms of line items cost and brought.
#[derive(Debug, Default)]
pub struct ArmOutcomes {
    people: HashMap<(ArmId, UserKey), Person>,
    line_items: HashMap<ArmId, Tried>,
}

/// Whose arm it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tried {
    /// Of which line item.
    pub line_item: LineItemId,
    /// Of which campaign.
    pub campaign: CampaignId,
    /// Of all amounts.
    pub currency: Currency,
}

#[derive(Debug, Clone, Copy, Default)]
struct Person {
    cost: Femtos,
    value: Nanos,
    conversions: u32,
    acquisitions: u32,
    impressions: u32,
    clicks: u32,
}

/// One arm, as it went.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct ArmFigures {
    /// Which.
    #[serde(skip)]
    pub arm: ArmId,
    /// People who were shown its ads.
    pub people: u64,
    /// Impressions.
    pub impressions: u64,
    /// Clicks.
    pub clicks: u64,
    /// Conversions that are credited to its ads.
    pub conversions: u64,
    /// People who made them.
    pub converted: u64,
    /// All that its ads cost the advertiser, in units of the campaign's currency.
    pub cost: f64,
    /// What the conversions are worth.
    pub value: f64,
    /// Acquisitions among the conversions.
    pub acquisitions: u64,
    /// People of whom any conversion was one.
    pub acquired: u64,
    /// What one of the acquisitions costs; `None` without any.
    pub cpa: Option<f64>,
    /// Its interval, of 95 %.
    pub cpa_interval: Interval,
    /// What is gained above the cost, as a share of it; `None` without cost.
    pub roi: Option<f64>,
    /// Its interval, of 95 %.
    pub roi_interval: Interval,
}

/// An arm against the first one.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Against {
    /// Which.
    #[serde(skip)]
    pub arm: ArmId,
    /// By how much its CPA is above the first one's, wider the more arms are compared.
    pub cpa: Interval,
    /// True if the two are not the same.
    pub cpa_differs: bool,
    /// By how much its ROI is above.
    pub roi: Interval,
    /// True if the two are not the same.
    pub roi_differs: bool,
}

/// The arms of one line item.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// In the order in which they were given.
    pub arms: Vec<ArmFigures>,
    /// All but the first.
    pub against: Vec<Against>,
    /// True if some arm has too few people who are acquired to be compared by its CPA.
    pub too_few: bool,
}

impl ArmOutcomes {
    /// What the ledger has of them: costs, clicks and conversions of bids that were made in an arm. Corrections name nobody
    /// and are left out.
    pub fn take(&mut self, event: &Event) {
        let (Some(arm), Some(user)) = (event.bid.setting.arm, event.bid.user) else { return };
        match &event.kind {
            EventKind::Impression(charge) => {
                let person = self.person(event, arm, user);
                person.cost = [person.cost, charge.advertiser_cost()].into_iter().sum();
                person.impressions = person.impressions.saturating_add(1);
            }
            EventKind::Click => {
                let person = self.person(event, arm, user);
                person.clicks = person.clicks.saturating_add(1);
            }
            EventKind::Conversion(conversion) => {
                let person = self.person(event, arm, user);
                person.conversions = person.conversions.saturating_add(1);
                person.acquisitions = person.acquisitions.saturating_add(conversion.acquisition.into());
                person.value = person.value.saturating_add(conversion.value);
            }
            _ => {}
        }
    }

    fn person(&mut self, event: &Event, arm: ArmId, user: UserKey) -> &mut Person {
        let bid = &event.bid;
        let tried = Tried { line_item: bid.line_item, campaign: bid.campaign, currency: bid.currency };
        self.line_items.insert(arm, tried);
        self.people.entry((arm, user)).or_default()
    }

    /// Somebody whose impression cost so much, and who was acquired so often, each time for `value`.
    #[cfg(test)]
    pub(in crate::experiment) fn put(
        &mut self,
        (arm, user): (ArmId, UserKey),
        cost: Femtos,
        (conversions, value): (u32, Nanos),
    ) {
        let acquisitions = conversions;
        let value = Nanos::from_raw(value.raw() * i64::from(conversions));
        let person = Person { cost, value, conversions, acquisitions, impressions: 1, clicks: 0 };
        self.people.insert((arm, user), person);
    }

    /// The line items of which anything is known, with their arms.
    #[must_use]
    pub fn line_items(&self) -> Vec<(Tried, Vec<ArmId>)> {
        let mut found: HashMap<Tried, Vec<ArmId>> = HashMap::new();
        self.line_items.iter().for_each(|(arm, tried)| found.entry(*tried).or_default().push(*arm));
        let mut found: Vec<_> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// `arms` of one line item against the first of them.
    #[must_use]
    pub fn comparison(&self, arms: &[ArmId]) -> Comparison {
        let samples: Vec<Sample> = arms.iter().map(|arm| self.sample(*arm)).collect();
        let against = compared(&samples);
        Comparison {
            too_few: samples.iter().any(|sample| !sample.may_be_compared().cpa),
            arms: samples.into_iter().map(|sample| sample.figures).collect(),
            against,
        }
    }

    fn sample(&self, arm: ArmId) -> Sample {
        let mut sample = Sample::of(arm);
        for ((_, _), person) in self.people.iter().filter(|((of, _), _)| *of == arm) {
            sample.add(person);
        }
        sample.finish()
    }
}

/// An arm and the sums that its intervals come from.
struct Sample {
    figures: ArmFigures,
    /// Cost over acquisitions, and value over cost.
    cpa: Pairs,
    roas: Pairs,
}

impl Sample {
    fn of(arm: ArmId) -> Self {
        let none = Interval::default();
        let figures = ArmFigures {
            arm,
            people: 0,
            impressions: 0,
            clicks: 0,
            conversions: 0,
            converted: 0,
            cost: 0.0,
            value: 0.0,
            acquisitions: 0,
            acquired: 0,
            cpa: None,
            cpa_interval: none,
            roi: None,
            roi_interval: none,
        };
        Self { figures, cpa: Pairs::default(), roas: Pairs::default() }
    }

    fn add(&mut self, person: &Person) {
        let (cost, value) = (units(person.cost), units(person.value.to_femtos()));
        self.cpa.add(cost, f64::from(person.acquisitions));
        self.roas.add(value, cost);
        let figures = &mut self.figures;
        figures.people += u64::from(person.impressions > 0);
        figures.impressions += u64::from(person.impressions);
        figures.clicks += u64::from(person.clicks);
        figures.conversions += u64::from(person.conversions);
        figures.converted += u64::from(person.conversions > 0);
        figures.acquisitions += u64::from(person.acquisitions);
        figures.acquired += u64::from(person.acquisitions > 0);
    }

    fn finish(mut self) -> Self {
        let z = deviations(CONFIDENCE);
        let figures = &mut self.figures;
        (figures.cost, figures.value) = (self.cpa.above, self.roas.above);
        figures.cpa = self.cpa.ratio();
        figures.cpa_interval = self.cpa.ratio_interval(z);
        figures.roi = self.roas.ratio().map(|roas| roas - 1.0);
        if figures.conversions > 0 {
            // Nobody who brought anything tells nothing of what the next one brings.
            figures.roi_interval = self.roas.ratio_interval(z).plus(-1.0);
        }
        self
    }

    fn may_be_compared(&self) -> Comparable {
        let ArmFigures { acquired, converted, .. } = self.figures;
        Comparable { cpa: acquired >= CONVERTED_MIN, roi: converted >= CONVERTED_MIN }
    }
}

/// Of which figures enough people tell.
struct Comparable {
    cpa: bool,
    roi: bool,
}

/// Every sample but the first against that.
fn compared(samples: &[Sample]) -> Vec<Against> {
    let Some((first, others)) = samples.split_first() else { return Vec::new() };
    let cpa = against(&first.cpa, &others.iter().map(|other| &other.cpa).collect::<Vec<_>>());
    let roi = against(&first.roas, &others.iter().map(|other| &other.roas).collect::<Vec<_>>());
    let rows = others.iter().zip(cpa.into_iter().zip(roi)).map(|(other, (cpa, roi))| {
        let (one, two) = (first.may_be_compared(), other.may_be_compared());
        Against {
            arm: other.figures.arm,
            cpa: cpa.0,
            cpa_differs: cpa.1 && one.cpa && two.cpa,
            roi: roi.0,
            roi_differs: roi.1 && one.roi && two.roi,
        }
    });
    rows.collect()
}

/// By how much each of `others` is above `first`, with intervals that hold together, and whether it differs by Holm's
/// steps: the clearest first, each at a level for those that are left.
fn against(first: &Pairs, others: &[&Pairs]) -> Vec<(Interval, bool)> {
    let between = |other: &Pairs, z: f64| -> Interval {
        let told = |pairs: &Pairs| pairs.ratio().filter(|ratio| *ratio > 0.0);
        let (Some(one), Some(base)) = (told(other), told(first)) else { return Interval::default() };
        distance((one, other.ratio_interval(z)), (base, first.ratio_interval(z)))
    };
    let level = |left: usize| {
        #[expect(clippy::cast_precision_loss, reason = "a few arms")]
        let left = left.max(1) as f64;
        deviations(1.0 - (1.0 - CONFIDENCE) / left)
    };
    let mut rows: Vec<(Interval, bool)> =
        others.iter().map(|other| (between(other, level(others.len())), false)).collect();
    let mut left: Vec<usize> = (0..others.len()).collect();
    while !left.is_empty() {
        let z = level(left.len());
        let differs = |at: &usize| !between(others[*at], z).holds(0.0);
        let Some(found) = left.iter().position(differs) else { break };
        let at = left.remove(found);
        // At the level that tells them apart, so that the interval lies on the side that is said.
        rows[at] = (between(others[at], z), true);
    }
    rows
}
