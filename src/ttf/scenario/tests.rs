//! What holds of every scenario, and the days on which clocks and rates change.

use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::ttf::{
    Assessment, Conflict, Evidence, Exemption, ExemptionRule, Facts, Jurisdiction, Parties, Place, Places,
    Purchase, RateRow, Residence, Scenario, ScenarioFault, ScenarioSpec, Standing, TaxKind, Territory,
    tax_owed,
};
use crate::units::{AdvertiserId, CampaignId, Country, Day, ExchangeId, Femtos, Nanos, RatePpm, UnixMillis};

const HOUR: i64 = 3_600_000;

fn jurisdiction(code: &str) -> Jurisdiction {
    Jurisdiction::from_code(code).unwrap()
}

fn country(code: &str) -> Country {
    Country::from_code(code).unwrap()
}

fn ppm(ppm: u32) -> RatePpm {
    RatePpm::from_ppm(ppm).unwrap()
}

fn at(instant: &str) -> UnixMillis {
    UnixMillis::from_raw(instant.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn territory(code: &str, zone: &str, countries: &[&str]) -> Territory {
    Territory {
        jurisdiction: jurisdiction(code),
        zone: zone.to_owned(),
        countries: countries.iter().map(|code| country(code)).collect(),
    }
}

fn row(code: &str, kind: TaxKind, rate: u32, from: (i32, i32, i32), to: Option<(i32, i32, i32)>) -> RateRow {
    let day = |(year, month, day)| Day::from_civil(year, month, day);
    let (valid_from, valid_to) = (day(from), to.map(day));
    RateRow {
        jurisdiction: jurisdiction(code),
        kind,
        rate: ppm(rate),
        valid_from,
        valid_to,
        known_from: None,
    }
}

fn parties() -> Parties {
    Parties {
        advertiser: AdvertiserId::from_slug("acme"),
        campaign: CampaignId::from_slug("spring"),
        exchange: ExchangeId::from_slug("generic"),
        publisher: None,
    }
}

/// Bought at `place`, by [`parties`].
fn bought(place: Place, billed_at: UnixMillis, media: Nanos, data: Nanos, billable: bool) -> Purchase {
    Purchase { places: Places::one(place), parties: parties(), billed_at, media, data, billable }
}

/// France with a change of rate on the first of July 2026, the United States from the leap day on.
fn spec() -> ScenarioSpec {
    ScenarioSpec {
        slug: "test".to_owned(),
        name: "Test".to_owned(),
        source: "made up".to_owned(),
        territories: vec![
            territory("FR", "Europe/Paris", &["FR", "MC"]),
            territory("US", "America/New_York", &["US"]),
        ],
        rates: vec![
            row("FR", TaxKind::AdSpace, 1_000, (2026, 1, 1), Some((2026, 7, 1))),
            row("FR", TaxKind::AdSpace, 2_000, (2026, 7, 1), None),
            row("FR", TaxKind::Data, 500, (2026, 1, 1), None),
            row("US", TaxKind::AdSpace, 100, (2028, 2, 29), Some((2028, 3, 1))),
            row("US", TaxKind::AdSpace, 200, (2028, 3, 1), None),
        ],
        evidence: vec![Evidence::ViewerDevice, Evidence::ViewerHome],
        fallback: Some(jurisdiction("FR")),
        ..ScenarioSpec::default()
    }
}

fn scenario() -> Scenario {
    Scenario::new(spec()).unwrap()
}

fn in_france() -> Place {
    Place { jurisdiction: Some(jurisdiction("FR")), evidence: Evidence::ViewerDevice }
}

/// A scenario of one jurisdiction whose rate changes from 1 to 2 ppm on `day`.
fn changing_on(zone: &str, day: (i32, i32, i32)) -> Scenario {
    Scenario::new(ScenarioSpec {
        territories: vec![territory("FR", zone, &["FR"])],
        rates: vec![
            row("FR", TaxKind::AdSpace, 1, (2000, 1, 1), Some(day)),
            row("FR", TaxKind::AdSpace, 2, day, None),
        ],
        ..spec()
    })
    .unwrap()
}

/// The rate changes from 1 to 2 ppm exactly at `instant`.
#[track_caller]
fn check_change(zone: &str, day: (i32, i32, i32), instant: &str) {
    let (scenario, change) = (changing_on(zone, day), at(instant).raw());
    let rate = |millis| {
        let at = UnixMillis::from_raw(millis);
        scenario.rate(jurisdiction("FR"), TaxKind::AdSpace, at).map(RatePpm::ppm)
    };
    let rates = [change - HOUR, change - 1, change, change + HOUR].map(rate);
    assert_eq!(rates, [Some(1), Some(1), Some(2), Some(2)], "{zone} at {instant}");
}

#[test]
fn a_rate_changes_at_midnight_of_the_jurisdiction() {
    check_change("Europe/Paris", (2026, 7, 1), "2026-06-30T22:00:00Z");
    check_change("America/New_York", (2026, 1, 1), "2026-01-01T05:00:00Z");
    check_change("Pacific/Auckland", (2026, 1, 1), "2025-12-31T11:00:00Z");
}

#[test]
fn a_rate_changes_once_on_a_day_of_a_clock_change() {
    check_change("Europe/Paris", (2026, 3, 29), "2026-03-28T23:00:00Z");
    check_change("Europe/Paris", (2026, 3, 30), "2026-03-29T22:00:00Z");
    check_change("Europe/Paris", (2026, 10, 25), "2026-10-24T22:00:00Z");
    check_change("Europe/Paris", (2026, 10, 26), "2026-10-25T23:00:00Z");
}

#[test]
fn a_day_without_midnight_begins_when_the_clock_jumps() {
    check_change("America/Sao_Paulo", (2018, 11, 4), "2018-11-04T03:00:00Z");
}

#[test]
fn a_day_with_two_midnights_begins_with_the_first() {
    check_change("America/Havana", (2026, 11, 1), "2026-11-01T04:00:00Z");
}

#[test]
fn a_day_that_its_zone_skipped_leaves_no_gap() {
    let mut spec = spec();
    spec.territories = vec![territory("FR", "Pacific/Apia", &["FR"])];
    spec.rates = vec![
        row("FR", TaxKind::AdSpace, 3, (2011, 12, 31), None),
        row("FR", TaxKind::AdSpace, 2, (2011, 12, 30), Some((2011, 12, 31))),
        row("FR", TaxKind::AdSpace, 1, (2011, 1, 1), Some((2011, 12, 30))),
    ];
    let scenario = Scenario::new(spec).unwrap();
    let rate = |instant| scenario.rate(jurisdiction("FR"), TaxKind::AdSpace, at(instant)).map(RatePpm::ppm);
    assert_eq!(rate("2011-12-30T09:59:59.999Z"), Some(1));
    assert_eq!(rate("2011-12-30T10:00:00Z"), Some(3));
}

#[test]
fn a_leap_day_has_its_own_rate() {
    check_change("Europe/Paris", (2028, 2, 29), "2028-02-28T23:00:00Z");
    check_change("Europe/Paris", (2028, 3, 1), "2028-02-29T23:00:00Z");
    let rate = |instant| scenario().rate(jurisdiction("US"), TaxKind::AdSpace, at(instant)).map(RatePpm::ppm);
    assert_eq!(rate("2028-02-29T04:59:59.999Z"), None);
    assert_eq!(rate("2028-02-29T05:00:00Z"), Some(100));
    assert_eq!(rate("2028-03-01T05:00:00Z"), Some(200));
}

#[test]
fn the_highest_rate_of_a_span_counts_both_its_ends() {
    let highest =
        |from, to| scenario().highest_rate(jurisdiction("FR"), TaxKind::AdSpace, at(from), at(to)).ppm();
    assert_eq!(highest("2026-06-30T20:00:00Z", "2026-06-30T21:59:59.999Z"), 1_000);
    assert_eq!(highest("2026-06-30T20:00:00Z", "2026-06-30T22:00:00Z"), 2_000);
    assert_eq!(highest("2025-01-01T00:00:00Z", "2025-12-31T22:59:59.999Z"), 0);
    assert_eq!(highest("2025-01-01T00:00:00Z", "2025-12-31T23:00:00Z"), 1_000);
}

#[test]
fn a_rate_without_successor_ends_at_midnight_too() {
    let mut spec = spec();
    spec.rates[1].valid_to = Some(Day::from_civil(2026, 8, 1));
    let scenario = Scenario::new(spec).unwrap();
    let (france, space) = (jurisdiction("FR"), TaxKind::AdSpace);
    let (last, end) = (at("2026-07-31T21:59:59.999Z"), at("2026-07-31T22:00:00Z"));
    assert_eq!(scenario.rate(france, space, last), Some(ppm(2_000)));
    assert_eq!(scenario.rate(france, space, end), None);
    assert_eq!(scenario.highest_rate(france, space, last, end), ppm(2_000));
    assert_eq!(scenario.highest_rate(france, space, end, end), RatePpm::ZERO);
}

#[test]
fn the_first_fact_at_hand_decides_even_if_it_lies_outside() {
    let place = |device, home| {
        let country = |code: &str| Country::from_code(code);
        let facts = Facts {
            viewer_device: country(device),
            viewer_home: country(home),
            advertiser: Some(Country::FR),
            ..Facts::default()
        };
        scenario().places(&facts, UnixMillis::from_raw(0)).first()
    };
    let at = |code, evidence| Place { jurisdiction: Jurisdiction::from_code(code), evidence };
    assert_eq!(place("MC", "US"), at("FR", Evidence::ViewerDevice));
    assert_eq!(place("", "US"), at("US", Evidence::ViewerHome));
    assert_eq!(place("DE", "FR"), at("", Evidence::ViewerDevice));
    assert_eq!(place("", ""), at("FR", Evidence::Fallback), "the advertiser's country is not asked");
}

#[test]
fn each_line_is_taxed_or_exempt_with_a_reason_and_keeps_its_base() {
    let (media, data) = (Nanos::from_raw(2_345_600), Nanos::from_raw(400));
    let assess =
        |place, instant, billable| scenario().assess(&bought(place, at(instant), media, data, billable));
    let check = |assessment: Assessment, space, data_reason| {
        assert_eq!((assessment.space.exemption, assessment.data.exemption), (space, data_reason));
        assert_eq!((assessment.space.base, assessment.data.base), (media, data));
    };
    let summer = "2026-08-01T12:00:00Z";
    check(assess(in_france(), summer, true), None, None);
    assert_eq!(assess(in_france(), summer, true).tax(), Femtos::from_raw(2_345_600 * 2_000 + 400 * 500));
    let test = Some(Exemption::NotBillable);
    check(assess(in_france(), summer, false), test, test);
    let outside = Place { jurisdiction: None, evidence: Evidence::ViewerHome };
    check(assess(outside, summer, true), Some(Exemption::OutOfScope), Some(Exemption::OutOfScope));
    let before = Some(Exemption::NoRate);
    check(assess(in_france(), "2025-08-01T12:00:00Z", true), before, before);
    let america = Place { jurisdiction: Some(jurisdiction("US")), evidence: Evidence::ViewerDevice };
    check(assess(america, "2028-08-01T12:00:00Z", true), None, Some(Exemption::NoRate));
    assert_eq!(assess(outside, summer, true).tax(), Femtos::ZERO);
}

#[test]
fn the_scenario_none_taxes_nothing_and_leaves_nothing_unresolved() {
    let none = Scenario::none();
    assert_eq!((none.slug(), none.id()), ("none", Scenario::NONE));
    for facts in [Facts::default(), Facts { advertiser: Some(Country::FR), ..Facts::default() }] {
        let (now, media) = (UnixMillis::from_raw(0), Nanos::from_raw(9));
        let place = none.places(&facts, now).first();
        let assessment = none.assess(&bought(place, now, media, Nanos::ZERO, true));
        assert_eq!(assessment.tax(), Femtos::ZERO);
        assert_eq!(assessment.standing(TaxKind::AdSpace), Standing::Exempt(Exemption::OutOfScope));
    }
}

#[track_caller]
fn check_fault(spoil: impl FnOnce(&mut ScenarioSpec), wanted: &[&str]) {
    let mut spec = spec();
    spoil(&mut spec);
    let faults = Scenario::new(spec).unwrap_err();
    assert_eq!(faults.iter().map(ScenarioFault::to_string).collect::<Vec<_>>(), wanted);
}

#[test]
fn a_fault_names_thing_place_and_value() {
    check_fault(
        |spec| spec.territories[1].zone = "Europe/Pariss".to_owned(),
        &["`territories[1].zone` of US is no IANA time zone: `Europe/Pariss`"],
    );
    check_fault(
        |spec| spec.territories[1].countries.push(country("MC")),
        &["`territories[1].countries[1]` repeats `MC` of `territories[0]`"],
    );
    check_fault(
        |spec| spec.territories.push(territory("FR", "Europe/Paris", &[])),
        &["`territories[2].jurisdiction` repeats `FR` of `territories[0]`"],
    );
    check_fault(
        |spec| spec.rates.push(row("IT", TaxKind::Data, 1, (2026, 1, 1), None)),
        &["`rates[5].jurisdiction` is `IT`, which has no territory"],
    );
    check_fault(
        |spec| spec.fallback = Some(jurisdiction("IT")),
        &["`fallback` is `IT`, which has no territory"],
    );
    check_fault(
        |spec| (spec.evidence, spec.fallback) = (Vec::new(), None),
        &["scenario `test` has neither `evidence` nor `fallback`, so that no impression has a place"],
    );
    check_fault(
        |spec| spec.slug = "none".to_owned(),
        &["scenario `none` is built in and taxes nothing, but has 2 territories"],
    );
    check_fault(
        |spec| spec.evidence.extend([Evidence::ViewerHome, Evidence::Fallback]),
        &["`evidence[2]` repeats `viewer's home`", "`evidence[3]` is `fallback`, which is no fact"],
    );
}

#[test]
fn rates_that_overlap_or_are_never_in_force_are_refused() {
    check_fault(
        |spec| spec.rates[0].valid_to = Some(Day::from_civil(2026, 7, 2)),
        &["`rates[1]` of FR on ad space begins on 2026-07-01, within `rates[0]`"],
    );
    check_fault(
        |spec| spec.rates.push(row("FR", TaxKind::Data, 1, (2025, 1, 1), Some((2027, 1, 1)))),
        &["`rates[2]` of FR on data begins on 2026-01-01, within `rates[5]`"],
    );
    check_fault(
        |spec| spec.rates[0].valid_to = Some(spec.rates[0].valid_from),
        &["`rates[0].before` must be after 2026-01-01, got 2026-01-01"],
    );
    check_fault(
        |spec| spec.rates[1].valid_to = Some(Day::from_civil(20026, 1, 1)),
        &["`rates[1].before` is 20026-01-01, outside the years 1900 to 2999"],
    );
}

#[test]
fn every_fault_is_told_at_once() {
    let mut spec = spec();
    spec.territories[0].zone.clear();
    spec.rates[0].valid_to = Some(Day::from_civil(2020, 1, 1));
    spec.evidence.clear();
    spec.fallback = None;
    assert_eq!(Scenario::new(spec).unwrap_err().len(), 3);
}

/// An impression as it is billed: instant, price, data.
fn impression() -> impl Strategy<Value = (UnixMillis, Nanos, Nanos)> {
    let (begin, end) = (at("2026-06-01T00:00:00Z").raw(), at("2026-08-01T00:00:00Z").raw());
    (begin..end, 0..1_000_000_000_000_i64, 0..1_000_000_000_i64).prop_map(|(at, media, data)| {
        (UnixMillis::from_raw(at), Nanos::from_raw(media), Nanos::from_raw(data))
    })
}

fn place() -> impl Strategy<Value = Place> {
    let jurisdiction = prop_oneof![Just(None), Just(Some("FR")), Just(Some("US"))];
    (jurisdiction, 0..=7_u8).prop_map(|(code, evidence)| Place {
        jurisdiction: code.and_then(Jurisdiction::from_code),
        evidence: Evidence::from_code(evidence).unwrap(),
    })
}

fn sum_of_taxes(assessments: &[Assessment]) -> Femtos {
    assessments.iter().map(Assessment::tax).sum()
}

proptest! {
    #[test]
    fn any_partition_and_any_order_sums_to_the_same_tax(
        impressions in proptest::collection::vec(impression(), 0..40),
        cut in any::<proptest::sample::Index>(),
    ) {
        let scenario = scenario();
        let mut all: Vec<_> = impressions
            .iter()
            .map(|&(at, media, data)| scenario.assess(&bought(in_france(), at, media, data, true)))
            .collect();
        let whole = sum_of_taxes(&all);
        let cut = if all.is_empty() { 0 } else { cut.index(all.len()) };
        let parts = [sum_of_taxes(&all[..cut]), sum_of_taxes(&all[cut..])];
        prop_assert_eq!(parts.into_iter().sum::<Femtos>(), whole);
        all.rotate_left(cut);
        all.reverse();
        prop_assert_eq!(sum_of_taxes(&all), whole);
    }

    #[test]
    fn a_rate_of_zero_owes_nothing(base in any::<i64>()) {
        prop_assert_eq!(tax_owed(Nanos::from_raw(base), RatePpm::ZERO), Femtos::ZERO);
    }

    #[test]
    fn an_impression_and_its_credit_note_owe_nothing_across_a_change_of_rate(
        (at, media, data) in impression(), place in place(), billable in any::<bool>(),
    ) {
        let billed = scenario().assess(&bought(place, at, media, data, billable));
        let credit = billed.credit_note().unwrap();
        prop_assert_eq!(sum_of_taxes(&[billed.clone(), credit.clone()]), Femtos::ZERO);
        prop_assert_eq!(credit.space.rate, billed.space.rate);
        prop_assert_eq!(credit.credit_note(), Some(billed));
    }

    #[test]
    fn exactly_one_row_is_in_force_at_every_instant_since_the_first(
        zone in prop_oneof![
            Just("Europe/Paris"), Just("America/Havana"), Just("Africa/Cairo"), Just("Pacific/Apia"),
            Just("America/St_Johns"), Just("Asia/Beirut"), Just("Antarctica/Troll"), Just("UTC"),
        ],
        days in proptest::collection::btree_set(12_000..25_000_i32, 1..12),
        hours in 0..120_000_i64,
    ) {
        let days: Vec<_> = days.into_iter().map(Day::from_raw).collect();
        let rates = days.iter().enumerate().map(|(index, from)| RateRow {
            jurisdiction: jurisdiction("FR"),
            kind: TaxKind::AdSpace,
            rate: ppm(u32::try_from(index).unwrap()),
            valid_from: *from,
            valid_to: days.get(index + 1).copied(),
            known_from: None,
        });
        let territories = vec![territory("FR", zone, &["FR"])];
        let scenario = Scenario::new(ScenarioSpec { territories, rates: rates.collect(), ..spec() }).unwrap();
        let first = scenario.space[0].from;
        let at = UnixMillis::from_raw(first.raw() + hours * HOUR);
        let in_force = |row: &&super::DatedRate| row.from <= at && row.to.is_none_or(|to| at < to);
        let rows: Vec<_> = scenario.space.iter().filter(in_force).collect();
        prop_assert_eq!(rows.len(), 1);
        prop_assert_eq!(scenario.rate(jurisdiction("FR"), TaxKind::AdSpace, at), Some(rows[0].rate));
        prop_assert!(scenario.rate(jurisdiction("FR"), TaxKind::Data, at).is_none());
    }

    #[test]
    fn each_line_is_taxed_exempt_or_unresolved_and_only_a_tax_has_a_rate(
        (at, media, data) in impression(), place in place(), billable in any::<bool>(),
    ) {
        let assessment = scenario().assess(&bought(place, at, media, data, billable));
        for kind in TaxKind::ALL {
            let line = assessment.line(kind);
            let holds = match assessment.standing(kind) {
                Standing::Taxed => line.exemption.is_none(),
                Standing::Exempt(reason) => line.exemption == Some(reason) && line.tax() == Femtos::ZERO,
                Standing::Unresolved => place.evidence == Evidence::Fallback && billable,
            };
            prop_assert!(holds, "{:?}", line);
        }
    }
}

/// France at 3 % from 2019 on, known since July 2019 only, and before that at 1 %.
fn retroactive() -> ScenarioSpec {
    let told = RateRow {
        known_from: Some(Day::from_civil(2019, 7, 25)),
        ..row("FR", TaxKind::AdSpace, 30_000, (2019, 1, 1), None)
    };
    ScenarioSpec {
        rates: vec![row("FR", TaxKind::AdSpace, 10_000, (2018, 1, 1), Some((2021, 1, 1))), told],
        ..spec()
    }
}

#[test]
fn a_rate_that_is_told_later_is_charged_from_then_on_and_told_of_the_past_in_hindsight() {
    let live = Scenario::new(retroactive()).unwrap();
    let rate = |scenario: &Scenario, instant| {
        scenario.rate(jurisdiction("FR"), TaxKind::AdSpace, at(instant)).map(RatePpm::ppm)
    };
    assert_eq!(rate(&live, "2019-03-01T12:00:00Z"), Some(10_000));
    assert_eq!(rate(&live, "2019-07-24T21:59:59.999Z"), Some(10_000));
    assert_eq!(rate(&live, "2019-07-24T22:00:00Z"), Some(30_000));
    assert_eq!(rate(&live, "2021-03-01T12:00:00Z"), Some(30_000), "the later row goes on");
    let before = live.as_known_at(Day::from_civil(2019, 7, 24));
    let after = live.as_known_at(Day::from_civil(2019, 7, 25));
    assert_eq!(rate(&before, "2019-08-01T12:00:00Z"), Some(10_000));
    assert_eq!(rate(&after, "2019-03-01T12:00:00Z"), Some(30_000));
    assert_eq!(rate(&after, "2018-03-01T12:00:00Z"), Some(10_000));
    assert_eq!(rate(&before, "2021-03-01T12:00:00Z"), None);
}

#[test]
fn rates_of_one_day_of_knowledge_may_not_overlap_and_of_two_may() {
    let mut spec = retroactive();
    assert!(Scenario::new(spec.clone()).is_ok());
    spec.rates[1].known_from = None;
    let faults = Scenario::new(spec).unwrap_err();
    let told: Vec<String> = faults.iter().map(ScenarioFault::to_string).collect();
    assert_eq!(told, ["`rates[1]` of FR on ad space begins on 2019-01-01, within `rates[0]`"]);
}

/// Three countries, the viewer in the first, the advertiser in the second, its home in a third one.
fn several(conflict: Conflict) -> Scenario {
    let evidence = vec![Evidence::ViewerDevice, Evidence::Advertiser, Evidence::Buyer, Evidence::ViewerHome];
    Scenario::new(ScenarioSpec {
        territories: vec![
            territory("FR", "Europe/Paris", &["FR"]),
            territory("IT", "Europe/Rome", &["IT"]),
            territory("AT", "Europe/Vienna", &["AT"]),
        ],
        rates: vec![
            row("FR", TaxKind::AdSpace, 30_000, (2020, 1, 1), None),
            row("IT", TaxKind::AdSpace, 30_000, (2020, 1, 1), None),
            row("AT", TaxKind::AdSpace, 50_000, (2020, 1, 1), None),
            row("IT", TaxKind::Data, 10_000, (2020, 1, 1), None),
        ],
        evidence,
        conflict,
        residence: Residence { buyer: Some(country("DE")), ..Residence::default() },
        ..spec()
    })
    .unwrap()
}

#[track_caller]
fn check_places(conflict: Conflict, viewer: &str, advertiser: &str, home: &str, want: &[&str]) {
    let scenario = several(conflict);
    let facts = Facts {
        viewer_device: Country::from_code(viewer),
        advertiser: Country::from_code(advertiser),
        viewer_home: Country::from_code(home),
        ..Facts::default()
    };
    let facts = scenario.with_residence(&facts, &parties());
    let places = scenario.places(&facts, at("2026-06-01T00:00:00Z"));
    let told = places.iter().map(|place| {
        let jurisdiction = place.jurisdiction.map_or_else(|| "outside".to_owned(), |at| at.to_string());
        format!("{jurisdiction} by {}", place.evidence)
    });
    assert_eq!(told.collect::<Vec<_>>(), want);
}

#[test]
fn a_conflict_of_facts_is_settled_by_the_policy() {
    let device = "FR by viewer's device";
    check_places(Conflict::First, "FR", "IT", "AT", &[device]);
    check_places(Conflict::First, "US", "IT", "AT", &["outside by viewer's device"]);
    check_places(Conflict::Max, "FR", "IT", "AT", &["AT by viewer's home"]);
    check_places(Conflict::Max, "FR", "IT", "", &["IT by advertiser"]);
    check_places(Conflict::Sum, "FR", "IT", "AT", &[device, "IT by advertiser", "AT by viewer's home"]);
    check_places(Conflict::Split, "US", "FR", "FR", &["FR by advertiser"]);
    check_places(Conflict::Split, "US", "", "CH", &["outside by viewer's device"]);
    check_places(Conflict::Max, "", "", "", &["outside by buyer"]);
}

#[test]
fn jurisdictions_that_each_tax_all_of_it_leave_something() {
    let mut spec = several(Conflict::Sum).spec().clone();
    spec.rates[0].rate = ppm(940_000);
    let told: Vec<String> = Scenario::new(spec).unwrap_err().iter().map(ScenarioFault::to_string).collect();
    assert_eq!(
        told,
        ["`conflict` taxes ad space at up to 102.0000 % of what it costs, in all jurisdictions"]
    );
}

fn rule(reason: Exemption) -> ExemptionRule {
    ExemptionRule {
        reason,
        jurisdictions: Vec::new(),
        kinds: Vec::new(),
        advertisers: Vec::new(),
        campaigns: Vec::new(),
        exchanges: Vec::new(),
        valid_from: None,
        valid_to: None,
    }
}

#[test]
fn the_first_exemption_that_fits_gives_the_reason_before_any_rate() {
    let exemptions = vec![
        ExemptionRule {
            jurisdictions: vec![jurisdiction("FR")],
            kinds: vec![TaxKind::AdSpace],
            exchanges: vec![ExchangeId::from_slug("generic")],
            valid_from: Some(Day::from_civil(2026, 7, 1)),
            valid_to: Some(Day::from_civil(2026, 8, 1)),
            ..rule(Exemption::TaxedUpstream)
        },
        ExemptionRule { advertisers: vec![AdvertiserId::from_slug("other")], ..rule(Exemption::IntraGroup) },
        ExemptionRule { campaigns: vec![CampaignId::from_slug("spring")], ..rule(Exemption::HouseAd) },
        ExemptionRule { valid_from: Some(Day::from_civil(1900, 1, 1)), ..rule(Exemption::PublicInterest) },
    ];
    let scenario = Scenario::new(ScenarioSpec { exemptions, ..spec() }).unwrap();
    let other = Parties { campaign: CampaignId::from_slug("autumn"), ..parties() };
    let reasons = |instant, parties| {
        let (media, data) = (Nanos::from_raw(7), Nanos::from_raw(5));
        let assessment =
            scenario.assess(&Purchase { parties, ..bought(in_france(), at(instant), media, data, true) });
        assert_eq!((assessment.space.base, assessment.data.base), (media, data), "bases are kept");
        assert_eq!(assessment.tax(), Femtos::ZERO);
        (assessment.space.exemption.unwrap(), assessment.data.exemption.unwrap())
    };
    let (upstream, house, public) = (Exemption::TaxedUpstream, Exemption::HouseAd, Exemption::PublicInterest);
    assert_eq!(reasons("2026-07-15T12:00:00Z", parties()), (upstream, house));
    assert_eq!(reasons("2026-06-30T21:59:59.999Z", parties()), (house, house));
    assert_eq!(reasons("2026-07-31T22:00:00Z", other), (public, public));
    // A reservation counts on an exemption only if it holds until the end.
    let span = |from, to| (at(from), at(to));
    let highest = |parties: Parties, span| {
        let place = in_france();
        scenario.highest_owed(place, &parties, TaxKind::AdSpace, span).ppm()
    };
    let within = Parties { campaign: CampaignId::from_slug("autumn"), ..parties() };
    assert_eq!(highest(within, span("2026-07-15T00:00:00Z", "2026-07-16T00:00:00Z")), 0);
}

#[test]
fn an_exemption_that_ends_while_a_bid_is_out_is_not_counted_on() {
    let ending = ExemptionRule { valid_to: Some(Day::from_civil(2026, 8, 1)), ..rule(Exemption::Threshold) };
    let scenario = Scenario::new(ScenarioSpec { exemptions: vec![ending], ..spec() }).unwrap();
    let highest = |to| {
        let span = (at("2026-07-31T21:00:00Z"), at(to));
        scenario.highest_owed(in_france(), &parties(), TaxKind::AdSpace, span).ppm()
    };
    assert_eq!(highest("2026-07-31T21:59:59.999Z"), 0);
    assert_eq!(highest("2026-07-31T22:00:00Z"), 2_000);
}

#[test]
fn faults_of_exemptions_and_residence_name_place_and_value() {
    check_fault(
        |spec| spec.exemptions.push(rule(Exemption::HouseAd)),
        &["`exemptions[0]` exempts everything, everywhere and at any time"],
    );
    check_fault(
        |spec| {
            let own = ExemptionRule { kinds: vec![TaxKind::Data], ..rule(Exemption::NoRate) };
            let italy = ExemptionRule { jurisdictions: vec![jurisdiction("IT")], ..rule(Exemption::HouseAd) };
            spec.exemptions.extend([own, italy.clone(), italy]);
        },
        &[
            "`exemptions[0].reason` is `no rate in force`, which no rule decides",
            "`exemptions[1].jurisdictions[0]` is `IT`, which has no territory",
            "`exemptions[2].jurisdictions[0]` is `IT`, which has no territory",
            "`exemptions[2]` repeats `exemptions[1]`",
        ],
    );
    check_fault(
        |spec| spec.evidence.push(Evidence::Exchange),
        &["`evidence[2]` asks where the exchange resides, which no request tells"],
    );
    check_fault(
        |spec| {
            let twice = [country("FR"), country("US")].map(|country| (parties().exchange, country));
            spec.residence.exchanges.extend(twice);
        },
        &["`residence.exchanges` names one twice"],
    );
}

#[test]
fn another_rate_on_ad_space_takes_that_on_data_along() {
    let scenario = scenario().at_rate(ppm(200)).unwrap();
    let at = at("2026-08-01T12:00:00Z");
    assert_eq!(scenario.rate(jurisdiction("FR"), TaxKind::AdSpace, at), Some(ppm(200)));
    // 500 of at most 2,000.
    assert_eq!(scenario.rate(jurisdiction("FR"), TaxKind::Data, at), Some(ppm(50)));
}

/// Rows of one jurisdiction and kind whose days of knowledge all differ, so that none are refused.
fn known_rows() -> impl Strategy<Value = Vec<RateRow>> {
    let row = (18_000..22_000_i32, 1..3_000_i32, any::<bool>(), 0..1_000_000_u32);
    let known = proptest::collection::btree_set(18_000..22_000_i32, 1..8);
    (proptest::collection::vec(row, 1..8), known).prop_map(|(rows, known)| {
        let rows = rows.into_iter().zip(known).map(|((from, days, ends, rate), known)| RateRow {
            jurisdiction: jurisdiction("FR"),
            kind: TaxKind::AdSpace,
            rate: ppm(rate),
            valid_from: Day::from_raw(from),
            valid_to: ends.then(|| Day::from_raw(from + days)),
            known_from: Some(Day::from_raw(known)),
        });
        rows.collect()
    })
}

proptest! {
    #[test]
    fn what_was_known_at_a_day_is_the_same_whatever_became_known_later(
        rows in known_rows(), day in 18_000..22_000_i32,
    ) {
        let day = Day::from_raw(day);
        let of = |rates: Vec<RateRow>| Scenario::new(ScenarioSpec { rates, ..spec() }).unwrap();
        let known = rows.iter().copied().filter(|row| row.known_from.is_none_or(|known| known <= day)).collect();
        prop_assert_eq!(of(rows).as_known_at(day), of(known).as_known_at(day));
    }

    #[test]
    fn at_each_instant_the_rate_is_that_known_on_its_day(rows in known_rows(), hours in 0..96_000_i64) {
        let scenario = Scenario::new(ScenarioSpec { rates: rows.clone(), ..spec() }).unwrap();
        let at = UnixMillis::from_raw((18_000 * 24 + hours) * HOUR);
        let zone = scenario.zone(jurisdiction("FR")).unwrap();
        let date = jiff::Timestamp::from_millisecond(at.raw()).unwrap().to_zoned(zone.clone()).date();
        let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
        let (france, space) = (jurisdiction("FR"), TaxKind::AdSpace);
        let live = scenario.rate(france, space, at);
        prop_assert_eq!(live, scenario.as_known_at(day).rate(france, space, at));
        // By another way: the last known of the rows that are in force.
        let in_force = rows.iter().filter(|row| {
            row.valid_from <= day && row.valid_to.is_none_or(|to| day < to) && row.known_from <= Some(day)
        });
        prop_assert_eq!(live, in_force.max_by_key(|row| row.known_from).map(|row| row.rate));
    }
}
