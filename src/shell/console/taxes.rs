//! What the tax page reads: the declaration of a month, and the same month under other taxes.

use std::path::Path;
use std::sync::Arc;

use crate::bidder::Plan;
use crate::shell::cli::tax::Written;
use crate::shell::taxes::{self, Residents, WhatIfAsk};
use crate::ttf::{Bearer, Case, Outcome, Period, Scenario};
use crate::units::{Day, RatePpm};

/// Rates that stand side by side: 0.01, 0.02, 0.05, 0.1 %.
const USUAL_PPM: [u32; 4] = [100, 200, 500, 1_000];
/// Scenarios that stand side by side.
const SCENARIOS_MAX: usize = 12;
/// Who could bear it.
pub(in crate::shell::console) const STRATEGIES: [Bearer; 4] =
    [Bearer::Absorb, Bearer::OnTop, Bearer::Inside, Bearer::Split { advertiser: HALF, inside: false }];
const HALF: RatePpm = match RatePpm::from_ppm(500_000) {
    Some(half) => half,
    None => RatePpm::ZERO,
};

/// Which month, under which scenario at which rate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::shell::console) struct Other {
    pub(in crate::shell::console) days: (Day, Day),
    pub(in crate::shell::console) scenario: String,
    pub(in crate::shell::console) rate_ppm: u32,
    /// Of the campaign files: with others, scenarios may be others.
    pub(in crate::shell::console) revision: u64,
}

/// One way to tax, and what it comes to in each currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell::console) struct Taxed {
    pub(in crate::shell::console) what: What,
    pub(in crate::shell::console) outcomes: Vec<Outcome>,
}

/// Which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell::console) enum What {
    /// As it was booked.
    Booked,
    /// The chosen scenario at the chosen rate, borne so.
    Borne(Bearer),
    /// The chosen scenario at this rate, on top.
    Rate(RatePpm),
    /// This scenario at its own rates, on top.
    Scenario(String),
}

/// The declaration of a month, told in words and numbers.
///
/// # Errors
///
/// What is wrong with the ledger.
pub(in crate::shell::console) fn declared(
    folder: &Path,
    plan: &Plan,
    period: Period,
) -> Result<Written, String> {
    let ask = taxes::Ask { period, by_advertiser: false, as_known: None, without_archives: false };
    let sheet = taxes::declare(folder, &plan.scenarios, &ask).map_err(|error| error.to_string())?;
    Ok(Written::new(&sheet, "buyer", true, None))
}

/// The month of `other` under each way.
///
/// # Errors
///
/// What is wrong with the ledger.
pub(in crate::shell::console) fn compared(
    folder: &Path,
    plan: &Arc<Plan>,
    other: &Other,
) -> Result<Vec<Taxed>, String> {
    let ways = ways(plan, other);
    // Outcomes are told by the name of their case.
    let cases = ways.iter().enumerate().map(|(at, way)| Case {
        name: at.to_string(),
        scenario: way.1.as_ref(),
        bearer: way.2,
    });
    let cases: Vec<_> = cases.collect();
    let residents: Residents = plan
        .catalog
        .advertisers
        .iter()
        .filter_map(|advertiser| Some((advertiser.id, advertiser.country?)))
        .collect();
    let (from, to) = other.days;
    let ask = WhatIfAsk { from: Some(from), to: Some(to), residents, without_archives: false };
    let outcomes = taxes::what_if(folder, &cases, &ask).map_err(|error| error.to_string())?;
    let taxed = ways.iter().enumerate().map(|(at, (what, ..))| {
        let name = at.to_string();
        let own = outcomes.iter().filter(|outcome| outcome.name == name).cloned().collect();
        Taxed { what: what.clone(), outcomes: own }
    });
    Ok(taxed.collect())
}

type Way = (What, Option<Scenario>, Option<Bearer>);

/// All ways that stand side by side: as booked, each strategy, usual rates, every scenario.
fn ways(plan: &Plan, other: &Other) -> Vec<Way> {
    let mut ways: Vec<Way> = vec![(What::Booked, None, None)];
    let real = || plan.scenarios.iter().filter(|scenario| scenario.id() != Scenario::NONE);
    let chosen = plan.scenarios.iter().find(|scenario| scenario.slug() == other.scenario);
    let at = |ppm: u32| chosen?.at_rate(RatePpm::from_ppm(ppm)?);
    if let Some(chosen) = at(other.rate_ppm) {
        ways.extend(STRATEGIES.map(|bearer| (What::Borne(bearer), Some(chosen.clone()), Some(bearer))));
    }
    for ppm in USUAL_PPM {
        if let (Some(rate), Some(scenario)) = (RatePpm::from_ppm(ppm), at(ppm)) {
            ways.push((What::Rate(rate), Some(scenario), Some(Bearer::OnTop)));
        }
    }
    for scenario in real().take(SCENARIOS_MAX) {
        let what = What::Scenario(scenario.slug().to_owned());
        ways.push((what, Some(scenario.clone()), Some(Bearer::OnTop)));
    }
    ways
}
