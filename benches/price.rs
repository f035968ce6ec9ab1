//! Pricing a candidate: the highest bid within its value, and the most it can take from a budget.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use encan::pricing::{Terms, highest_bid, worst_case};
use encan::ttf::Bearer;
use encan::units::{Cpm, FxRate, Multiplier, RatePpm};

use crate::measure::criterion;

fn main() {
    let candidates: Vec<(Cpm, Terms)> = (0..500).map(candidate).collect();
    let mut turns = candidates.iter().cycle();
    let mut criterion = criterion();
    criterion.bench_function("price/highest_bid and worst_case", |bencher| {
        bencher.iter(|| {
            let (value, terms) = turns.next().expect("a cycle has no end");
            let bid = highest_bid(black_box(*value), terms)?;
            worst_case(bid, terms)
        });
    });
    criterion.final_summary();
}

/// Values of 0.50 to 12, data, rates, bearers and currencies in turn.
fn candidate(number: i64) -> (Cpm, Terms) {
    let cpm = |micros| Cpm::from_micros(micros).expect("below the highest price");
    let ppm = |ppm| RatePpm::from_ppm(ppm).expect("below one");
    let dollars = FxRate::new(1_038_900_000, 1_000_000_000).expect("neither side is zero");
    let pick = |of: i64| usize::try_from(number % of).expect("not negative");
    let terms = Terms {
        data: cpm([0, 0, 400_000][pick(3)]),
        space_rate: ppm([0, 100, 1_000, 30_000][pick(4)]),
        data_rate: ppm([0, 50, 500][pick(3)]),
        fee: ppm([0, 50_000][pick(2)]),
        bearer: [Bearer::Absorb, Bearer::OnTop, Bearer::Inside][pick(3)],
        fx: [FxRate::SAME, dollars][pick(2)],
        multiplier: Multiplier::ONE,
    };
    (cpm(500_000 + number * 23_456), terms)
}
