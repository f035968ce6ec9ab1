//! From the bytes of a bid request to those of its answer, without HTTP and clock, about half of the
//! requests bidding: time, and what is taken from the heap.

#[expect(dead_code, reason = "what other benches use")]
#[path = "support/allocations.rs"]
mod allocations;
#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/world.rs"]
mod world;

use bumpalo::Bump;
use criterion::{Criterion, Throughput};
use encan::openrtb;
use encan::sim::Mix;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::allocations::Allocations;
use crate::bodies::{NOW, bodies, mean_bytes};
use crate::figures::say;
use crate::measure::criterion;
use crate::world::World;

const LINE_ITEMS: usize = 10_000;
/// One line item in so many has money: then about half of the requests get a bid.
const LIVE: usize = 12;
const BODIES: usize = 2_000;

fn main() {
    let mut criterion = criterion();
    let world = World::new(LINE_ITEMS, LIVE, NOW);
    for (name, mix) in [("whole path/small", Mix::small()), ("whole path/large", Mix::large())] {
        let bodies = bodies(mix, BODIES);
        count(name, &world, &bodies);
        measure(&mut criterion, name, &world, &bodies);
    }
    criterion.final_summary();
}

fn measure(criterion: &mut Criterion, name: &str, world: &World, bodies: &[Vec<u8>]) {
    let mut turns = bodies.iter().cycle();
    let mut arena = Bump::with_capacity(64 * 1024);
    let mut random = SmallRng::seed_from_u64(1);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(mean_bytes(bodies)));
    group.bench_function("bytes to bytes", |bencher| {
        bencher.iter(|| {
            arena.reset();
            let request = openrtb::parse(turns.next().expect("a cycle has no end"), &arena)
                .expect("generated bodies are OpenRTB");
            let decision = world.decide(&request, &mut random);
            let bids = !decision.bids.is_empty();
            bids.then(|| world.compose(&request, &decision, &arena).len())
        });
    });
    group.finish();
}

/// Prints how many requests get a bid, and the allocations of each step in the mean.
fn count(name: &str, world: &World, bodies: &[Vec<u8>]) {
    let mut arena = Bump::with_capacity(64 * 1024);
    let mut random = SmallRng::seed_from_u64(1);
    let mut steps = [Allocations::default(); 3];
    let [parse, decide, compose] = &mut steps;
    let (mut answers, mut answer_bytes) = (0, 0);
    for body in bodies {
        arena.reset();
        let request = parse.add(|| openrtb::parse(body, &arena)).expect("generated bodies are OpenRTB");
        let decision = decide.add(|| world.decide(&request, &mut random));
        if !decision.bids.is_empty() {
            answers += 1;
            answer_bytes += compose.add(|| world.compose(&request, &decision, &arena)).len();
        }
    }
    let requests = bodies.len();
    say(format_args!(
        "{name}: {LINE_ITEMS} line items, bodies of {} bytes, {} % of requests get a bid, answers of {} bytes",
        mean_bytes(bodies),
        answers * 100 / requests,
        answer_bytes / answers,
    ));
    for ((step, allocations), times) in
        ["parse", "decide", "compose"].into_iter().zip(steps).zip([requests, requests, answers])
    {
        say(format_args!(
            "{name}: {step} allocates {:.2} times, {} bytes",
            allocations.count as f64 / times as f64,
            allocations.bytes / times as u64,
        ));
    }
}
