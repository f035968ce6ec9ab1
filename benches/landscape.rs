//! The price to beat, as the bid path asks it, with 10,000 segments; what one sample costs; and the view of a second.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use encan::landscape::{Curve, Landscapes, Sample, Segment};
use encan::units::{Cpm, Currency, ExchangeId, Millis, UnixMillis};
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
const SEGMENTS: u64 = 10_000;

fn main() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut landscapes = Landscapes::default();
    for number in 0..SEGMENTS {
        for _ in 0..100 {
            let (segment, floor, sample) = auction(number, &mut random);
            landscapes.learn(&segment, floor, sample, NOW);
        }
    }
    let view = landscapes.view(NOW);
    let asked: Vec<(Segment, Cpm, Cpm)> = (0..4_096)
        .map(|_| {
            let (segment, floor, _) = auction(random.random_range(0..SEGMENTS), &mut random);
            (segment, cpm(random.random_range(1_000_000..12_000_000)), floor)
        })
        .collect();
    // The curves of a second are few, and warm; all 10,000 are not.
    let curves: Vec<(&Curve, Cpm, Cpm)> = asked[..64]
        .iter()
        .map(|(segment, worth, floor)| (view.curve(segment).expect("it was learnt"), *worth, *floor))
        .collect();
    let mut criterion = criterion();
    let mut turns = asked.iter().cycle();
    criterion.bench_function("landscape/view.curve of 10,000", |bencher| {
        bencher
            .iter(|| view.curve(black_box(&turns.next().expect("a cycle has no end").0)).map(|it| it.weight));
    });
    let mut bench = |name: &str, asks: &dyn Fn(&Curve, Cpm, Cpm) -> f64| {
        let mut turns = curves.iter().cycle();
        criterion.bench_function(&format!("landscape/{name}"), |bencher| {
            bencher.iter(|| {
                let (curve, worth, floor) = turns.next().expect("a cycle has no end");
                asks(curve, black_box(*worth), *floor)
            });
        });
    };
    bench("win", &|curve, worth, _| curve.win(worth));
    bench("expected_price", &|curve, worth, _| curve.expected_price(worth));
    bench("shaded", &|curve, worth, floor| curve.shaded(worth, floor).micros() as f64);
    bench("explored", &|curve, worth, floor| curve.explored(worth, floor, 0.5).micros() as f64);
    let mut turns = asked.iter().cycle();
    criterion.bench_function("landscape/curve of 10,000 and shaded, cold", |bencher| {
        bencher.iter(|| {
            let (segment, worth, floor) = turns.next().expect("a cycle has no end");
            view.curve(black_box(segment)).map(|curve| curve.shaded(*worth, *floor))
        });
    });
    criterion.bench_function("landscape/learn", |bencher| {
        bencher.iter(|| {
            let (segment, floor, sample) = auction(random.random_range(0..SEGMENTS), &mut random);
            landscapes.learn(&segment, floor, sample, NOW);
        });
    });
    let mut now = NOW;
    for changed in [0, 1_000] {
        criterion.bench_function(&format!("landscape/view of 10,000, {changed} changed"), |bencher| {
            bencher.iter(|| {
                now = now.plus(Millis::from_raw(1));
                for number in 0..changed {
                    let (segment, floor, sample) = auction(number * 10, &mut random);
                    landscapes.learn(&segment, floor, sample, now);
                }
                landscapes.view(now)
            });
        });
    }
    criterion.final_summary();
}

/// An auction of a segment: half tell the price, the others only whether we won.
fn auction(number: u64, random: &mut Xoshiro256PlusPlus) -> (Segment, Cpm, Sample) {
    let floor = cpm(100_000 << (number % 5));
    let exchange = ExchangeId::from_raw(number % 8);
    let size = (300 + u32::try_from(number).expect("few"), 250);
    let segment = Segment::of(exchange, Currency::EUR, size, floor, NOW);
    let price = cpm(floor.micros() + random.random_range(0..3_000_000_i64));
    let bid = cpm(random.random_range(100_000..5_000_000_i64));
    let sample = match random.random_range(0..4) {
        0 | 1 => Sample::Exact(price),
        _ if price <= bid => Sample::Won(bid),
        _ => Sample::Lost(bid),
    };
    (segment, floor, sample)
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).expect("below the highest price")
}
