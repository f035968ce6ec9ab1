//! The tax on one impression: its place, the rates of the bid, the assessment of the bill; and ten million of them under
//! other taxes.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::time::Instant;

use encan::campaign::read_scenario;
use encan::document::{Faults, Source};
use encan::ttf::{
    Bearer, Booked, Bought, Case, Evidence, Facts, Group, Parties, Place, Places, Purchase, Scenario,
    TaxKind, WhatIf,
};
use encan::units::{AdvertiserId, CampaignId, Country, Currency, ExchangeId, Nanos, RatePpm, UnixMillis};

use crate::figures::say;
use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn main() {
    let scenario = scenario();
    let facts: Vec<Facts> = Country::all()
        .map(|viewer| Facts { advertiser: None, viewer_device: Some(viewer), ..Facts::default() })
        .collect();
    let mut turns = facts.iter().cycle();
    let mut next = || turns.next().expect("a cycle has no end");
    let parties = Parties {
        advertiser: AdvertiserId::from_slug("advertiser"),
        campaign: CampaignId::from_slug("campaign"),
        exchange: ExchangeId::from_slug("exchange"),
        publisher: None,
    };
    let mut criterion = criterion();
    criterion.bench_function("tax/place and rates of a bid", |bencher| {
        bencher.iter(|| {
            let place = scenario.places(black_box(next()), NOW).first();
            place.jurisdiction.map(|at| {
                let now = scenario.rate(at, TaxKind::AdSpace, NOW);
                (now, scenario.highest_rate(at, TaxKind::AdSpace, NOW, NOW))
            })
        });
    });
    criterion.bench_function("tax/place and assessment of a bill", |bencher| {
        bencher.iter(|| {
            let places = scenario.places(black_box(next()), NOW);
            let (media, data) = (Nanos::from_raw(2_345_600), Nanos::from_raw(400_000));
            scenario.assess(&Purchase { places, parties, billed_at: NOW, media, data, billable: true })
        });
    });
    ten_million_under_other_taxes();
    criterion.final_summary();
}

/// Once, for it takes its time: 18 cases of rates and bearers, over 1,000 groups in no order.
fn ten_million_under_other_taxes() {
    const ROWS: u64 = 10_000_000;
    let rates = [100, 200, 500, 1_000].map(|ppm| RatePpm::from_ppm(ppm).expect("a rate"));
    let scenarios = rates.map(|rate| scenario().at_rate(rate).expect("a rate for one jurisdiction"));
    let half = Bearer::Split { advertiser: RatePpm::from_ppm(500_000).expect("a half"), inside: false };
    let bearers = [Bearer::Absorb, Bearer::OnTop, Bearer::Inside, half];
    let mut cases = vec![
        Case { name: "as booked".to_owned(), scenario: None, bearer: None },
        Case { name: "as booked, on top".to_owned(), scenario: None, bearer: Some(Bearer::OnTop) },
    ];
    cases.extend(scenarios.iter().flat_map(|scenario| {
        bearers.map(|bearer| Case {
            name: bearer.to_string(),
            scenario: Some(scenario),
            bearer: Some(bearer),
        })
    }));
    let mut whole = WhatIf::new(cases);
    let countries: Vec<Country> = Country::all().collect();
    for number in 0..1_000 {
        whole.group(group(number, countries[number % countries.len()]));
    }
    let begun = Instant::now();
    let mut random = 1_u64;
    for _ in 0..ROWS {
        // A row as a file of columns tells it: group, price, data, bid, what was to be beaten.
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = random >> 16;
        let media = 1_000_000 + i64::try_from(bits & 0xf_ffff).expect("20 bits");
        whole.add(&Bought {
            group: u32::try_from((bits >> 20) % 1_000).expect("below a thousand"),
            impressions: 1,
            media: Nanos::from_raw(media),
            data: Nanos::from_raw(if bits & 0x10_0000 == 0 { 0 } else { 200_000 }),
            bid: Some(Nanos::from_raw(media + media / 1_000)),
            to_beat: (bits & 0x20_0000 == 0).then_some(Nanos::from_raw(media)),
        });
    }
    let outcomes = black_box(whole.outcomes());
    let seconds = begun.elapsed().as_secs_f64();
    let lost = outcomes.iter().map(|outcome| outcome.lost).max().unwrap_or(0);
    let outcomes = outcomes.len();
    say(format_args!(
        "tax/what-if of 10 million impressions: {outcomes} outcomes, {lost} lost at most, {seconds:.3} s"
    ));
}

/// Bought untaxed, seen in `viewer`.
fn group(number: usize, viewer: Country) -> Group {
    let place = Place { jurisdiction: None, evidence: Evidence::ViewerDevice };
    Group {
        parties: Parties {
            advertiser: AdvertiserId::from_slug("advertiser"),
            campaign: CampaignId::from_raw(number as u64 % 10),
            exchange: ExchangeId::from_raw(number as u64 % 5),
            publisher: None,
        },
        facts: Facts { viewer_device: Some(viewer), ..Facts::default() },
        currency: Currency::EUR,
        billed_at: NOW,
        fee: RatePpm::ZERO,
        booked: Booked {
            scenario: Scenario::NONE,
            places: Places::one(place),
            space_rate: RatePpm::ZERO,
            data_rate: RatePpm::ZERO,
            bearer: Bearer::Absorb,
        },
    }
}

/// The sample that taxes a union of 27 countries.
fn scenario() -> Scenario {
    let source = Source::new("hypothesis-eu.json", include_str!("../fixtures/tax/hypothesis-eu.json"));
    let spec = read_scenario(&source, &mut Faults::new()).expect("the samples are sound");
    Scenario::new(spec).expect("the samples are sound")
}
