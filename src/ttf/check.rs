//! The checks of a scenario as written: every fault, with its place in the specification and what to do about it.

use std::collections::HashMap;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use crate::ttf::fault::ScenarioFault;
use crate::ttf::rates::{DatedRate, KnownRate};
use crate::ttf::scenario::DatedExemption;
use crate::ttf::{Conflict, Evidence, Exemption, Jurisdiction, RateRow, Residence, ScenarioSpec, TaxKind};
use crate::units::{Country, Day, UnixMillis};

/// The slug of the built-in scenario.
pub(in crate::ttf) const NONE_SLUG: &str = "none";
/// Rates, and rules of exemption, of one scenario: every pair of them is held against one another.
pub(in crate::ttf) const ROWS_MAX: usize = 1_000;
/// The days kept, 1900 to 2999: others are slips of the pen, and the calendar ends with 9999.
const DAYS: std::ops::Range<Day> = Day::from_civil(1900, 1, 1)..Day::from_civil(3000, 1, 1);
/// Reasons that follow from places and rates, and that no rule gives.
const FOLLOWING: [Exemption; 3] = [Exemption::OutOfScope, Exemption::NoRate, Exemption::NotBillable];

/// Day 0.
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A scenario's parts between instants.
#[derive(Debug)]
pub(in crate::ttf) struct Checked {
    pub(in crate::ttf) rates: Vec<KnownRate>,
    pub(in crate::ttf) exemptions: Vec<DatedExemption>,
    pub(in crate::ttf) zones: Vec<(Jurisdiction, TimeZone)>,
}

/// The parts of `spec` between instants, once all of it is in order.
pub(in crate::ttf) fn checked(spec: &ScenarioSpec) -> Result<Checked, Vec<ScenarioFault>> {
    let mut faults = Vec::new();
    let zones = zones(spec, &mut faults);
    check_countries(spec, &mut faults);
    let named = spec.residence.exchanges.len() + spec.residence.sellers.len();
    let counts = [("rates", spec.rates.len()), ("exemptions", spec.exemptions.len()), ("residence", named)];
    if let Some((list, count)) = counts.into_iter().find(|(_, count)| *count > ROWS_MAX) {
        faults.push(ScenarioFault::TooMany { list, count });
        return Err(faults);
    }
    for (rate, row) in spec.rates.iter().enumerate() {
        faults.extend(row_fault(rate, row, &zones));
    }
    check_overlaps(spec, &mut faults);
    check_sum(spec, &mut faults);
    check_exemptions(spec, &zones, &mut faults);
    check_evidence(spec, &mut faults);
    check_residence(spec, &mut faults);
    if spec.slug == NONE_SLUG && !spec.territories.is_empty() {
        faults.push(ScenarioFault::NoneTaxes { territories: spec.territories.len() });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let zone =
        |jurisdiction: Jurisdiction| zones[&jurisdiction].1.as_ref().expect("an unknown zone is a fault");
    let dated = |row: &RateRow| {
        let start = |day| start_of_day(day, zone(row.jurisdiction));
        let (jurisdiction, rate) = (row.jurisdiction, row.rate);
        let rate = DatedRate { jurisdiction, rate, from: start(row.valid_from), to: row.valid_to.map(start) };
        KnownRate { kind: row.kind, rate, known: row.known_from.map(start) }
    };
    let own_zone = |jurisdiction: Jurisdiction| (jurisdiction, zone(jurisdiction).clone());
    Ok(Checked {
        rates: spec.rates.iter().map(dated).collect(),
        exemptions: exemptions(spec, |jurisdiction, day| start_of_day(day, zone(jurisdiction))),
        zones: spec.territories.iter().map(|at| own_zone(at.jurisdiction)).collect(),
    })
}

/// Each rule in each of its jurisdictions.
fn exemptions(spec: &ScenarioSpec, start: impl Fn(Jurisdiction, Day) -> UnixMillis) -> Vec<DatedExemption> {
    let mut dated = Vec::new();
    for (at, rule) in spec.exemptions.iter().enumerate() {
        let all = spec.territories.iter().map(|territory| territory.jurisdiction);
        for jurisdiction in
            all.filter(|own| rule.jurisdictions.is_empty() || rule.jurisdictions.contains(own))
        {
            let start = |day| start(jurisdiction, day);
            let (from, to) = (rule.valid_from.map(start), rule.valid_to.map(start));
            dated.push(DatedExemption { jurisdiction, from, to, rule: at });
        }
    }
    dated
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
    let RateRow { jurisdiction, valid_from, valid_to, known_from, .. } = *row;
    if !zones.contains_key(&jurisdiction) {
        return Some(ScenarioFault::RateWithoutTerritory { rate, jurisdiction });
    }
    let days = [("from", Some(valid_from)), ("before", valid_to), ("known_from", known_from)];
    for (key, day) in days.into_iter().filter_map(|(key, day)| Some((key, day?))) {
        if !DAYS.contains(&day) {
            return Some(ScenarioFault::DayOutOfRange { list: "rates", index: rate, key, day });
        }
    }
    let valid_to = valid_to.filter(|to| *to <= valid_from)?;
    Some(ScenarioFault::NeverInForce { list: "rates", index: rate, valid_from, valid_to })
}

/// Goes through the rows of one jurisdiction and kind that became known on one day, in time, with the one that lasts
/// longest so far. Rows of different days of knowledge supersede one another.
fn check_overlaps(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    let ends = |row: &RateRow| row.valid_to.unwrap_or(Day::from_raw(i32::MAX));
    let mut order: Vec<_> =
        spec.rates.iter().enumerate().filter(|(_, row)| row.valid_from < ends(row)).collect();
    order.sort_by_key(|(_, row)| row.valid_from);
    let mut longest: HashMap<(Jurisdiction, TaxKind, Option<Day>), (usize, &RateRow)> = HashMap::new();
    for (rate, row) in order {
        let RateRow { jurisdiction, kind, valid_from, known_from, .. } = *row;
        let (other, earlier) = *longest.entry((jurisdiction, kind, known_from)).or_insert((rate, row));
        if other != rate && valid_from < ends(earlier) {
            faults.push(ScenarioFault::Overlap { rate, other, jurisdiction, kind, valid_from });
        }
        if ends(row) > ends(earlier) {
            longest.insert((jurisdiction, kind, known_from), (rate, row));
        }
    }
}

/// Where each jurisdiction taxes all of an impression, all together may not tax more than it costs.
fn check_sum(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    if spec.conflict != Conflict::Sum {
        return;
    }
    for kind in TaxKind::ALL {
        let mut highest: HashMap<Jurisdiction, u32> = HashMap::new();
        for row in spec.rates.iter().filter(|row| row.kind == kind) {
            let own = highest.entry(row.jurisdiction).or_default();
            *own = row.rate.ppm().max(*own);
        }
        let ppm = highest.values().map(|ppm| u64::from(*ppm)).sum();
        if ppm > 1_000_000 {
            faults.push(ScenarioFault::SumAboveAll { kind, ppm });
        }
    }
}

fn check_exemptions(spec: &ScenarioSpec, zones: &Zones, faults: &mut Vec<ScenarioFault>) {
    for (rule, exemption) in spec.exemptions.iter().enumerate() {
        let lists = [
            exemption.jurisdictions.len(),
            exemption.kinds.len(),
            exemption.advertisers.len(),
            exemption.campaigns.len(),
            exemption.exchanges.len(),
        ];
        if lists == [0; 5] && exemption.valid_from.is_none() && exemption.valid_to.is_none() {
            faults.push(ScenarioFault::ExemptsAll { rule });
        }
        if FOLLOWING.contains(&exemption.reason) {
            faults.push(ScenarioFault::ReasonFollows { rule, reason: exemption.reason });
        }
        for (index, jurisdiction) in exemption.jurisdictions.iter().copied().enumerate() {
            if !zones.contains_key(&jurisdiction) {
                faults.push(ScenarioFault::ExemptionWithoutTerritory { rule, index, jurisdiction });
            }
        }
        let days = [("from", exemption.valid_from), ("before", exemption.valid_to)];
        for (key, day) in days.into_iter().filter_map(|(key, day)| Some((key, day?))) {
            if !DAYS.contains(&day) {
                faults.push(ScenarioFault::DayOutOfRange { list: "exemptions", index: rule, key, day });
            }
        }
        if let (Some(valid_from), Some(valid_to)) = (exemption.valid_from, exemption.valid_to)
            && valid_to <= valid_from
        {
            faults.push(ScenarioFault::NeverInForce {
                list: "exemptions",
                index: rule,
                valid_from,
                valid_to,
            });
        }
        if let Some(other) = spec.exemptions[..rule].iter().position(|earlier| earlier == exemption) {
            faults.push(ScenarioFault::ExemptionTwice { rule, other });
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

/// Evidence that nobody tells is never at hand: requests name neither where we reside nor where an exchange or a seller does.
fn check_residence(spec: &ScenarioSpec, faults: &mut Vec<ScenarioFault>) {
    let untold = |evidence| match evidence {
        Evidence::Buyer => spec.residence.buyer.is_none(),
        Evidence::Exchange => spec.residence.exchanges.is_empty(),
        Evidence::Seller => spec.residence.sellers.is_empty(),
        _ => false,
    };
    // The scenario `none` asks for everything, and has no file to say it in.
    if spec.slug != NONE_SLUG {
        let untold = spec.evidence.iter().copied().enumerate().filter(|(_, evidence)| untold(*evidence));
        faults.extend(untold.map(|(index, evidence)| ScenarioFault::NobodyTells { index, evidence }));
    }
    fn repeats<Id: PartialEq>(known: &[(Id, Country)]) -> bool {
        known.iter().enumerate().any(|(at, (id, _))| known[..at].iter().any(|(earlier, _)| earlier == id))
    }
    let Residence { exchanges, sellers, .. } = &spec.residence;
    for (list, is_wrong) in [("exchanges", repeats(exchanges)), ("sellers", repeats(sellers))] {
        if is_wrong {
            faults.push(ScenarioFault::ResidesTwice { list });
        }
    }
}

/// The first instant of `day` in `zone`. Where the clock jumps over midnight, the instant of the jump;
/// where it shows midnight twice, the earlier one.
pub(in crate::ttf) fn start_of_day(day: Day, zone: &TimeZone) -> UnixMillis {
    let date = EPOCH.checked_add(jiff::Span::new().days(day.raw()));
    let start = date.and_then(|date| date.to_zoned(zone.clone()));
    UnixMillis::from_raw(start.expect("the days kept are civil dates").timestamp().as_millisecond())
}
