//! What pacing costs on the bid path: a request told of and a multiplier read, alone and with 10,000 budgets from two
//! threads at once.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::time::Instant;

use encan::pacing::{Dual, worth_holding};

use crate::figures::say;
use crate::measure::criterion;

const BUDGETS: usize = 10_000;
const UPDATES: usize = 4_000_000;

fn main() {
    let mut criterion = criterion();
    let dual = planned();
    criterion.bench_function("pacing/came, factor", |bencher| {
        bencher.iter(|| {
            let factor = dual.factor();
            dual.came(1, black_box(900.0) * factor);
            factor
        });
    });
    criterion.bench_function("pacing/came, factor, outcome", |bencher| {
        bencher.iter(|| {
            let expected = black_box(900.0) * dual.factor();
            dual.came(1, expected);
            dual.outcome(expected, expected);
        });
    });
    criterion.bench_function("pacing/worth_holding", |bencher| {
        bencher.iter(|| worth_holding(black_box(3.0), 10.0, 50.0, 400.0, 1_000.0));
    });
    criterion.final_summary();
    for threads in [1, 2] {
        say(format_args!(
            "pacing/{BUDGETS} budgets, {threads} threads: {:.1} million updates a second",
            together(threads) / 1e6
        ));
    }
}

/// A budget in the middle of its day.
fn planned() -> Dual {
    let dual = Dual::first(300.0, 1_000.0);
    dual.remember(1e6);
    dual.came(100_000, 0.0);
    dual
}

/// Updates a second, a factor read and a request told of, by threads that walk over all budgets in orders of their own.
fn together(threads: usize) -> f64 {
    let duals: Vec<Dual> = (0..BUDGETS).map(|_| planned()).collect();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let duals = &duals;
            scope.spawn(move || {
                let mut at = thread * 17;
                for _ in 0..UPDATES {
                    // A step that is coprime to the number of budgets visits each, and none from the cache's guess.
                    at = (at + 7_919) % BUDGETS;
                    let dual = &duals[at];
                    dual.came(1, 900.0 * dual.factor());
                }
            });
        }
    });
    (threads * UPDATES) as f64 / started.elapsed().as_secs_f64()
}
