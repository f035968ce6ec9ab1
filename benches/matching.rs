//! Finding the line items that a request matches: the ten best by value, all of them, and a scan that asks
//! each rule, on the same events. And what the index costs to build and to hold.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/compare.rs"]
mod compare;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::iter::Cycle;
use std::slice::Iter;
use std::time::Instant;

use bumpalo::Bump;
use criterion::Criterion;
use encan::audience::Profile;
use encan::campaign::Goal;
use encan::openrtb::{self, BidRequest};
use encan::pricing;
use encan::sim::{self, Mix};
use encan::targeting::{Index, Known, Rows, Scene, Vocabulary};
use encan::units::ExchangeId;

use crate::bodies::{NOW, bodies, mean_bytes};
use crate::compare::compare;
use crate::figures::say;
use crate::measure::criterion;

const EVENTS: usize = 500;
const BEST: usize = 10;
/// Searches that one event's time is the mean of.
const REPEATS: u32 = 16;

fn main() {
    let bodies = bodies(Mix::default(), EVENTS);
    say(format_args!("matching: {EVENTS} bodies of {} bytes", mean_bytes(&bodies)));
    let arena = Bump::new();
    let requests: Vec<BidRequest<'_>> = bodies
        .iter()
        .map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"))
        .filter(|request| !request.imp.is_empty())
        .collect();
    let person = Profile::known([]);
    let mut criterion = criterion();
    for line_items in [1_000, 10_000, 100_000] {
        let index = index(line_items);
        let vocabulary = index.vocabulary();
        let scenes: Vec<Scene<'_>> =
            requests.iter().map(|request| scene(vocabulary, request, &person)).collect();
        let mut turns = requests.iter().cycle();
        criterion.bench_function(&format!("matching/{line_items}/what a request tells"), |bencher| {
            let mut request = || turns.next().expect("a cycle has no end");
            bencher.iter(|| black_box(scene(vocabulary, request(), &person)));
        });
        matching(&mut criterion, &index, &scenes);
    }
    criterion.final_summary();
}

fn scene<'a>(vocabulary: &'a Vocabulary, request: &'a BidRequest<'a>, person: &Profile) -> Scene<'a> {
    let known = Known { person: Some(person), precise: true };
    let mut scene = Scene::of(vocabulary, request, ExchangeId::from_slug("demo"), known, NOW);
    scene.look_at(&request.imp[0]);
    scene
}

fn matching(criterion: &mut Criterion, index: &Index, scenes: &[Scene<'_>]) {
    let line_items = index.len();
    let live = Rows::all(line_items);
    let best = |scene: &Scene<'_>| index.search(scene, &live, 0).take(BEST).count();
    let all = |scene: &Scene<'_>| index.search(scene, &live, 0).count();
    let scan = |scene: &Scene<'_>| (0..line_items).filter(|row| rules[*row].holds(scene)).count();

    let matches: usize = scenes.iter().map(all).sum();
    let permille = matches * 1_000 / (line_items * scenes.len());
    say(format_args!("matching/{line_items}: {permille} in a thousand line items match an event"));
    percentiles(&format!("matching/{line_items} ten best"), scenes, best);
    percentiles(&format!("matching/{line_items} all"), scenes, all);

    let mut group = criterion.benchmark_group(format!("matching/{line_items}"));
    let mut turns = scenes.iter().cycle();
    group.bench_function("ten best", |bencher| bencher.iter(|| best(next(&mut turns))));
    group.bench_function("all", |bencher| bencher.iter(|| all(next(&mut turns))));
    group.finish();

    let [mut one, mut two, mut three] = [(); 3].map(|()| scenes.iter().cycle());
    compare(
        &format!("matching/{line_items}"),
        &mut [
            ("ten best", &mut || best(next(&mut one))),
            ("all", &mut || all(next(&mut two))),
            ("scan", &mut || scan(next(&mut three))),
        ],
    );
}

fn next<'t>(turns: &mut Cycle<Iter<'t, Scene<'t>>>) -> &'t Scene<'t> {
    turns.next().expect("a cycle has no end")
}

/// The index over so many generated line items, the most valuable first; prints what it costs.
fn index(line_items: usize) -> Index {
    let catalog = sim::catalog(11, line_items);
    let value = |goal: &Goal| std::cmp::Reverse(pricing::value(goal));
    let mut order: Vec<u32> = (0..).take(line_items).collect();
    order.sort_by_key(|at| value(&catalog.line_items[*at as usize].goal));
    let start = Instant::now();
    let index = Index::build(&catalog, &order);
    let built = start.elapsed();
    let bytes = index.heap_bytes() / line_items;
    say(format_args!("matching/{line_items}: built in {built:.2?}, {bytes} bytes a line item"));
    index
}

/// Prints the median and the 99th percentile of an event's time.
fn percentiles(title: &str, scenes: &[Scene<'_>], work: impl Fn(&Scene<'_>) -> usize) {
    let mut micros: Vec<f64> = scenes
        .iter()
        .map(|scene| {
            let start = Instant::now();
            for _ in 0..REPEATS {
                black_box(work(scene));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(REPEATS)
        })
        .collect();
    micros.sort_by(f64::total_cmp);
    let at = |percent: usize| micros[(micros.len() - 1) * percent / 100];
    say(format_args!("{title}: p50 {:.1} us, p99 {:.1} us", at(50), at(99)));
}
