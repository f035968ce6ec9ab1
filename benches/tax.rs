//! The tax on one impression: its place, the rates of the bid, the assessment of the bill.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use encan::campaign::read_scenario;
use encan::document::{Faults, Source};
use encan::ttf::{Facts, Scenario, TaxKind};
use encan::units::{Country, Nanos, UnixMillis};

use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn main() {
    let scenario = scenario();
    let facts: Vec<Facts> = Country::all()
        .map(|viewer| Facts { advertiser: None, viewer_device: Some(viewer), ..Facts::default() })
        .collect();
    let mut turns = facts.iter().cycle();
    let mut next = || turns.next().expect("a cycle has no end");
    let mut criterion = criterion();
    criterion.bench_function("tax/place and rates of a bid", |bencher| {
        bencher.iter(|| {
            let place = scenario.place(black_box(next()));
            place.jurisdiction.map(|at| {
                let now = scenario.rate(at, TaxKind::AdSpace, NOW);
                (now, scenario.highest_rate(at, TaxKind::AdSpace, NOW, NOW))
            })
        });
    });
    criterion.bench_function("tax/place and assessment of a bill", |bencher| {
        bencher.iter(|| {
            let place = scenario.place(black_box(next()));
            scenario.assess(place, NOW, Nanos::from_raw(2_345_600), Nanos::from_raw(400_000), true)
        });
    });
    criterion.final_summary();
}

/// The sample that taxes a union of 27 countries.
fn scenario() -> Scenario {
    let source = Source::new("hypothesis-eu.json", include_str!("../fixtures/tax/hypothesis-eu.json"));
    let spec = read_scenario(&source, &mut Faults::new()).expect("the samples are sound");
    Scenario::new(spec).expect("the samples are sound")
}
