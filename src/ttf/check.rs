//! The checks of a scenario as written: every fault, with its place in the specification.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::ttf::scenario::DatedRate;
use crate::ttf::{Evidence, Jurisdiction, RateRow, ScenarioSpec, TaxKind};
use crate::units::{Country, Day, UnixMillis};

/// The slug of the built-in scenario.
pub(in crate::ttf) const NONE_SLUG: &str = "none";
/// The days kept, 1900 to 2999: others are slips of the pen, and the calendar ends with 9999.
const DAYS: std::ops::Range<Day> = Day::from_civil(1900, 1, 1)..Day::from_civil(3000, 1, 1);

/// Day 0.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// What is wrong with a scenario. Indices count from 0 in the lists of the [`ScenarioSpec`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioFault {
    /// The zone is in no database.
    #[error("`territories[{territory}].zone` of {jurisdiction} is no IANA time zone: `{zone}`")]
    UnknownZone {
        /// Index into the territories.
        territory: usize,
        /// Of that territory.
        jurisdiction: Jurisdiction,
        /// As written.
        zone: String,
    },
    /// A jurisdiction has two territories.
    #[error("`territories[{territory}].jurisdiction` repeats `{jurisdiction}` of `territories[{first}]`")]
    JurisdictionTwice {
        /// Index into the territories: the later one.
        territory: usize,
        /// Index into the territories: the earlier one.
        first: usize,
        /// Of both.
        jurisdiction: Jurisdiction,
    },
    /// A country lies in two territories, or twice in one.
    #[error("`territories[{territory}].countries[{index}]` repeats `{country}` of `territories[{first}]`")]
    CountryTwice {
        /// Index into the territories: the later one.
        territory: usize,
        /// Index into the countries of that territory.
        index: usize,
        /// Index into the territories: the earlier one.
        first: usize,
        /// In both.
        country: Country,
    },
    /// A rate of a jurisdiction that has no territory.
    #[error("`rates[{rate}].jurisdiction` is `{jurisdiction}`, which has no territory")]
    RateWithoutTerritory {
        /// Index into the rates.
        rate: usize,
        /// As written.
        jurisdiction: Jurisdiction,
    },
    /// A day outside the years that the calendar is kept for.
    #[error("`rates[{rate}]` names the day {day}, outside the years 1900 to 2999")]
    DayOutOfRange {
        /// Index into the rates.
        rate: usize,
        /// As written.
        day: Day,
    },
    /// A rate that is never in force.
    #[error("`rates[{rate}].valid_to` must be after {valid_from}, got {valid_to}")]
    NeverInForce {
        /// Index into the rates.
        rate: usize,
        /// The first day.
        valid_from: Day,
        /// The first day after it.
        valid_to: Day,
    },
    /// Two rates at once.
    #[error("`rates[{rate}]` of {jurisdiction} on {kind} begins on {valid_from}, within `rates[{other}]`")]
    Overlap {
        /// Index into the rates: the one that begins later.
        rate: usize,
        /// Index into the rates: the one that was in force.
        other: usize,
        /// Of both.
        jurisdiction: Jurisdiction,
        /// Of both.
        kind: TaxKind,
        /// The first day that has two rates.
        valid_from: Day,
    },
    /// A fact is asked twice.
    #[error("`evidence[{index}]` repeats `{evidence}`")]
    EvidenceTwice {
        /// Index into the evidence.
        index: usize,
        /// As written.
        evidence: Evidence,
    },
    /// The fallback is no fact.
    #[error("`evidence[{index}]` is `fallback`, which is no fact: name the jurisdiction in `fallback`")]
    FallbackAsEvidence {
        /// Index into the evidence.
        index: usize,
    },
    /// The fallback has no territory.
    #[error("`fallback` is `{jurisdiction}`, which has no territory")]
    FallbackWithoutTerritory {
        /// As written.
        jurisdiction: Jurisdiction,
    },
    /// No fact and no fallback decides a place.
    #[error("scenario `{slug}` has neither `evidence` nor `fallback`, so that no impression has a place")]
    NothingDecides {
        /// As written.
        slug: String,
    },
    /// The name of the built-in scenario on one that taxes.
    #[error("scenario `none` is built in and taxes nothing, but has {territories} territories: rename it")]
    NoneTaxes {
        /// How many.
        territories: usize,
    },
}

/// The rates of `spec` between instants, once all of it is in order.
pub(in crate::ttf) fn dated_rates(spec: &ScenarioSpec) -> Result<Vec<DatedRate>, Vec<ScenarioFault>> {
    let mut faults = Vec::new();
    let zones = zones(spec, &mut faults);
    check_countries(spec, &mut faults);
    for (rate, row) in spec.rates.iter().enumerate() {
        faults.extend(row_fault(rate, row, &zones));
    }
    check_overlaps(spec, &mut faults);
    check_evidence(spec, &mut faults);
    if spec.slug == NONE_SLUG && !spec.territories.is_empty() {
        faults.push(ScenarioFault::NoneTaxes { territories: spec.territories.len() });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let dated = |row: &RateRow| {
        let zone = zones[&row.jurisdiction].1.as_ref().expect("an unknown zone is a fault");
        DatedRate {
            jurisdiction: row.jurisdiction,
            kind: row.kind,
            rate: row.rate,
            from: start_of_day(row.valid_from, zone),
            to: row.valid_to.map(|day| start_of_day(day, zone)),
        }
    };
    Ok(spec.rates.iter().map(dated).collect())
}

/// The zone of each jurisdiction, `None` if unknown, with the index of its territory.
type Zones = HashMap<Jurisdiction, (usize, Option<TimeZone>)>;

fn zones(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) -> Zones {
    // The bundled database only: the machine's own would be a file read, and an answer of its own.
    let database = TimeZoneDatabase::bundled();
    let mut zones = Zones::new();
    for (territory, at) in spec.territories.iter().enumerate() {
        let jurisdiction = at.jurisdiction;
        let zone = database.get(&at.zone).ok();
        if zone.is_none() {
            faults.push(ScenarioFault::UnknownZone { territory, jurisdiction, zone: at.zone.clone() });
        }
        let (first, _) = *zones.entry(jurisdiction).or_insert((territory, zone));
        if first != territory {
            faults.push(ScenarioFault::JurisdictionTwice { territory, first, jurisdiction });
        }
    }
    zones
}

fn check_countries(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    let mut firsts: HashMap<Country, usize> = HashMap::new();
    for (territory, at) in spec.territories.iter().enumerate() {
        for (index, country) in at.countries.iter().copied().enumerate() {
            if let Some(first) = firsts.insert(country, territory) {
                faults.push(ScenarioFault::CountryTwice { territory, index, first, country });
            }
        }
    }
}

fn row_fault(rate: usize, row: &RateRow, zones: &Zones) -> Option<ScenarioFault> {
    let RateRow { jurisdiction, valid_from, valid_to, .. } = *row;
    if !zones.contains_key(&jurisdiction) {
        return Some(ScenarioFault::RateWithoutTerritory { rate, jurisdiction });
    }
    if let Some(day) = [Some(valid_from), valid_to].into_iter().flatten().find(|day| !DAYS.contains(day)) {
        return Some(ScenarioFault::DayOutOfRange { rate, day });
    }
    let valid_to = valid_to.filter(|to| *to <= valid_from)?;
    Some(ScenarioFault::NeverInForce { rate, valid_from, valid_to })
}

/// Goes through the rows of one jurisdiction and kind in time, with the one that lasts longest so far.
fn check_overlaps(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    let ends = |row: &RateRow| row.valid_to.unwrap_or(Day::from_raw(i32::MAX));
    let mut order: Vec<_> =
        spec.rates.iter().enumerate().filter(|(_, row)| row.valid_from < ends(row)).collect();
    order.sort_by_key(|(_, row)| row.valid_from);
    let mut longest: HashMap<(Jurisdiction, TaxKind), (usize, &RateRow)> = HashMap::new();
    for (rate, row) in order {
        let RateRow { jurisdiction, kind, valid_from, .. } = *row;
        let (other, earlier) = *longest.entry((jurisdiction, kind)).or_insert((rate, row));
        if other != rate && valid_from < ends(earlier) {
            faults.push(ScenarioFault::Overlap { rate, other, jurisdiction, kind, valid_from });
        }
        if ends(row) > ends(earlier) {
            longest.insert((jurisdiction, kind), (rate, row));
        }
    }
}

fn check_evidence(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    for (index, evidence) in spec.evidence.iter().copied().enumerate() {
        if evidence == Evidence::Fallback {
            faults.push(ScenarioFault::FallbackAsEvidence { index });
        } else if spec.evidence[..index].contains(&evidence) {
            faults.push(ScenarioFault::EvidenceTwice { index, evidence });
        }
    }
    match spec.fallback {
        Some(jurisdiction) if spec.territories.iter().all(|at| at.jurisdiction != jurisdiction) => {
            faults.push(ScenarioFault::FallbackWithoutTerritory { jurisdiction });
        }
        None if spec.evidence.is_empty() => {
            faults.push(ScenarioFault::NothingDecides { slug: spec.slug.clone() });
        }
        _ => {}
    }
}

/// The first instant of `day` in `zone`. Where the clock jumps over midnight, the instant of the jump;
/// where it shows midnight twice, the earlier one.
fn start_of_day(day: Day, zone: &TimeZone) -> UnixMillis {
    let date = EPOCH.checked_add(jiff::Span::new().days(day.raw()));
    let start = date.and_then(|date| date.to_zoned(zone.clone()));
    UnixMillis::from_raw(start.expect("the days kept are civil dates").timestamp().as_millisecond())
}
