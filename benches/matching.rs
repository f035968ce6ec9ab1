//! Finding the line items that a request matches: the ten best by value, and all of them; what the index costs
//! to build and to hold; and the same for other designs, on the same rules and events, in turns.
//!
//! `cargo bench --bench matching` takes some minutes, most of them for `a-tree`. `-- --quick` takes 10,000 line
//! items instead of 100,000 and a million; `-- --ours` leaves the other designs out; `-- plain/100000` takes only
//! what has this in its name.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/catalogs.rs"]
mod catalogs;
#[path = "support/designs/mod.rs"]
mod designs;
#[path = "support/figures.rs"]
mod figures;

use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

use bumpalo::Bump;
use encan::audience::Profile;
use encan::campaign::Catalog;
use encan::openrtb::{self, BidRequest};
use encan::pricing;
use encan::sim::{self, Mix};
use encan::targeting::{CompiledRule, Index, Known, Rows, Scene, Vocabulary};
use encan::units::{ExchangeId, limits};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::bodies::{NOW, bodies, mean_bytes};
use crate::catalogs::{nested_catalog, plain_catalog};
use crate::designs::{Bitmaps, Counting, Design, Event, Expression, Numbers, Roaring, Tree};
use crate::figures::say;

/// Events that our index is measured with, and the other designs.
const EVENTS: usize = 1_000;
const EVENTS_OF_OTHERS: usize = 200;
const BEST: usize = 10;
/// Rounds over all events; an event's time is the median of its times.
const ROUNDS: usize = 3;
/// Calls of which a time is the mean, unless they take longer than this together.
const REPEATS: u32 = 16;
const LONG_MICROS: f64 = 500.0;

/// Makes a catalog of so many line items from a seed.
type Maker = fn(u64, usize) -> Catalog;

fn main() {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let (compared, largest) = if has("--quick") { (10_000, None) } else { (100_000, Some(1_000_000)) };
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let bodies = bodies(Mix::default(), EVENTS);
    say(format_args!("matching: {EVENTS} bodies of {} bytes", mean_bytes(&bodies)));
    let arena = Bump::new();
    let requests: Vec<BidRequest<'_>> = bodies
        .iter()
        .map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"))
        .filter(|request| !request.imp.is_empty())
        .collect();
    let kinds: [(&str, Maker); 3] =
        [("plain", plain_catalog), ("nested", nested_catalog), ("narrow", sim::catalog)];
    for (kind, catalog) in kinds {
        for line_items in [Some(compared), largest].into_iter().flatten() {
            let title = format!("matching/{kind}/{line_items}");
            if wanted.as_ref().is_some_and(|wanted| !title.ends_with(wanted)) {
                continue;
            }
            let catalog = catalog(11, line_items);
            let index = index(&title, &catalog);
            let person = Profile::known([]);
            let scenes: Vec<Scene<'_>> =
                requests.iter().map(|request| scene(index.vocabulary(), request, &person)).collect();
            ours(&title, &index, &scenes);
            multiplied(&title, &index, &catalog, &scenes);
            if line_items == compared && kind != "narrow" && !has("--ours") {
                others(&title, &catalog, &index, &scenes[..EVENTS_OF_OTHERS.min(scenes.len())]);
            }
        }
    }
}

fn scene<'a>(vocabulary: &'a Vocabulary, request: &'a BidRequest<'a>, person: &'a Profile) -> Scene<'a> {
    let known = Known { person: Some(person), precise: true, ..Known::default() };
    let mut scene = Scene::of(vocabulary, request, ExchangeId::from_slug("demo"), known, NOW);
    scene.look_at(&request.imp[0]);
    scene
}

/// The index over `catalog`, the most valuable first; prints what it costs.
fn index(title: &str, catalog: &Catalog) -> Index {
    let mut order: Vec<u32> = (0..).take(catalog.line_items.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(pricing::value(&catalog.line_items[*at as usize].goal)));
    let start = Instant::now();
    let index = Index::build(catalog, &order);
    let built = start.elapsed();
    let (bytes, residuals) = (index.heap_bytes() / index.len(), index.residuals());
    say(format_args!(
        "{title}: built in {built:.2?}, {bytes} bytes a line item, {residuals} rules left to ask"
    ));
    index
}

/// What a search does; apart, so that its instructions can be counted.
#[inline(never)]
fn search(index: &Index, scene: &Scene<'_>, live: &Rows, most: usize) -> usize {
    index.search(scene, live, 0).take(most).count()
}

fn ours(title: &str, index: &Index, scenes: &[Scene<'_>]) {
    let live = Rows::all(index.len());
    let matches: usize = scenes.iter().map(|scene| search(index, scene, &live, usize::MAX)).sum();
    let of_100_000 = matches * 100_000 / (index.len() * scenes.len());
    say(format_args!("{title}: {of_100_000} of 100,000 line items match an event, in the mean"));
    let mut ten = |event: usize| search(index, &scenes[event], &live, BEST);
    let mut all = |event: usize| search(index, &scenes[event], &live, usize::MAX);
    for (how, repeats) in [("each event once a round", 1), ("each event some times in a row", REPEATS)] {
        let times = times(scenes.len(), repeats, &mut [&mut ten, &mut all]);
        say(format_args!("{title}: {how}: ten best {}, all {}", spread(&times[0]), spread(&times[1])));
    }
}

/// The best by value times the multiplier of its budget: all 1, and drawn from 0.01 to 1 for each row, so that little is
/// left of the order that rows stand in.
fn multiplied(title: &str, index: &Index, catalog: &Catalog, scenes: &[Scene<'_>]) {
    let live = Rows::all(index.len());
    let mut random = SmallRng::seed_from_u64(11);
    let mut values = |least: i64| -> Vec<i64> {
        let goals = (0..index.len()).map(|row| &catalog.line_items[index.line_item(row)].goal);
        goals.map(|goal| pricing::value(goal).micros() * random.random_range(least..=100) / 100).collect()
    };
    let (even, drawn) = (values(100), values(1));
    let (even_bounds, drawn_bounds) = (bounds(&even), bounds(&drawn));
    let looks = Cell::new(0);
    let best = |values: &[i64], bounds: &[i64], event: usize, most: usize| {
        let value = |row: usize| {
            looks.set(looks.get() + 1);
            values[row]
        };
        let limits = (limits::ROWS_VALUED_MAX, limits::CANDIDATES_MAX);
        index.best(&scenes[event], &live, limits, |row| bounds[row], value).take(most).count()
    };
    for most in [1, BEST] {
        let mut even = |event: usize| best(&even, &even_bounds, event, most);
        let mut drawn = |event: usize| best(&drawn, &drawn_bounds, event, most);
        let valued = |of: &mut dyn FnMut(usize) -> usize| {
            looks.set(0);
            let found: usize = (0..scenes.len()).map(of).sum();
            black_box(found);
            looks.get() / scenes.len()
        };
        let rows = [valued(&mut even), valued(&mut drawn)];
        let times = times(scenes.len(), REPEATS, &mut [&mut even, &mut drawn]);
        for ((name, times), rows) in ["all 1", "0.01 to 1"].into_iter().zip(&times).zip(rows) {
            let spread = spread(times);
            say(format_args!("{title}: {most} best, multipliers {name}: {spread}, {rows} rows valued"));
        }
    }
}

/// For each row the highest of the values from there on.
fn bounds(values: &[i64]) -> Vec<i64> {
    let mut bounds = values.to_vec();
    for row in (1..bounds.len()).rev() {
        bounds[row - 1] = bounds[row - 1].max(bounds[row]);
    }
    bounds
}

/// A design, its name, and how long it took to build.
type Built = (&'static str, Box<dyn Design>, f64);

fn others(title: &str, catalog: &Catalog, index: &Index, scenes: &[Scene<'_>]) {
    let mut numbers = Numbers::default();
    let rule = |row: usize| CompiledRule::of_line_item(catalog, &catalog.line_items[index.line_item(row)]);
    let rules: Vec<CompiledRule> = (0..index.len()).map(rule).collect();
    let expressions: Vec<Expression> = rules.iter().map(|rule| numbers.expression(rule)).collect();
    let events: Vec<Event> = scenes.iter().map(|scene| numbers.event(scene)).collect();
    let mut designs: Vec<Built> = vec![
        built("blocks of 512 bits", &expressions, Bitmaps::<8>::new),
        built("blocks of 4,096 bits", &expressions, Bitmaps::<64>::new),
        built("roaring bitmaps", &expressions, Roaring::new),
        built("posting lists, counting", &expressions, Counting::new),
        built("a-tree", &expressions, Tree::new),
    ];
    let live = Rows::all(index.len());
    for (scene, event) in scenes.iter().zip(&events) {
        let found =
            index.search(scene, &live, 0).map(|row| u32::try_from(row).expect("as many as line items"));
        let found: Vec<u32> = found.collect();
        for (name, design, _) in &mut designs {
            assert_eq!(design.matches(event, usize::MAX), found, "{name} finds what ours finds");
            assert_eq!(design.matches(event, BEST), found[..BEST.min(found.len())], "{name} finds the best");
        }
        assert!(
            expressions.iter().zip(0..).filter(|(rule, _)| rule.holds(event)).map(|(_, row)| row).eq(found)
        );
    }
    for (what, most) in [("ten best", BEST), ("all", usize::MAX)] {
        let mut own = |event: usize| search(index, &scenes[event], &live, most);
        let mut scan =
            |event: usize| rules.iter().filter(|rule| rule.holds(&scenes[event])).take(most).count();
        let events = &events;
        let mut calls: Vec<Box<dyn FnMut(usize) -> usize>> = vec![Box::new(&mut own), Box::new(&mut scan)];
        calls.extend(designs.iter_mut().map(|(_, design, _)| -> Box<dyn FnMut(usize) -> usize> {
            Box::new(move |event| design.matches(&events[event], most).len())
        }));
        let mut borrowed: Vec<Contestant<'_>> =
            calls.iter_mut().map(|call| &mut **call as Contestant<'_>).collect();
        let times = times(scenes.len(), REPEATS, &mut borrowed);
        drop(calls);
        let names = ["ours", "scan"].into_iter().chain(designs.iter().map(|(name, _, _)| *name));
        for (name, own) in names.zip(&times) {
            let ratios = own.iter().zip(&times[0]).map(|(own, ours)| own / ours).collect();
            let ratio = at(&sorted(ratios), 50);
            say(format_args!("{title}: {what}: {name}: {}, {ratio:.1} times ours", spread(own)));
        }
    }
    for (name, design, seconds) in &designs {
        let bytes = design.heap_bytes() / index.len();
        say(format_args!("{title}: {name}: built in {seconds:.2} s, {bytes} bytes a line item"));
    }
}

fn built<D: Design + 'static>(
    name: &'static str,
    rules: &[Expression],
    build: impl FnOnce(&[Expression]) -> D,
) -> Built {
    let start = Instant::now();
    let design = build(rules);
    (name, Box::new(design), start.elapsed().as_secs_f64())
}

/// Does something for the event of that number.
type Contestant<'c> = &'c mut dyn FnMut(usize) -> usize;

/// Microseconds of each contestant for each event, in the mean of at most so many `repeats` in a row. They go
/// round all events in turns, so that what else the machine does hits all of them.
fn times(events: usize, repeats: u32, contestants: &mut [Contestant<'_>]) -> Vec<Vec<f64>> {
    let mut all = vec![vec![Vec::with_capacity(ROUNDS); events]; contestants.len()];
    for _ in 0..ROUNDS {
        for (contestant, times) in contestants.iter_mut().zip(&mut all) {
            for (event, times) in times.iter_mut().enumerate() {
                let (start, mut calls, mut micros) = (Instant::now(), 0, 0.0);
                while calls < repeats && micros < LONG_MICROS {
                    black_box(contestant(event));
                    calls += 1;
                    micros = start.elapsed().as_secs_f64() * 1e6;
                }
                times.push(micros / f64::from(calls));
            }
        }
    }
    let medians = |events: Vec<Vec<f64>>| events.into_iter().map(|times| at(&sorted(times), 50)).collect();
    all.into_iter().map(medians).collect()
}

fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}

fn at(sorted: &[f64], percent: usize) -> f64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

fn spread(micros: &[f64]) -> String {
    let sorted = sorted(micros.to_vec());
    format!("p50 {:.1} us, p99 {:.1} us", at(&sorted, 50), at(&sorted, 99))
}
