//! How often the bid path may take something from the heap, step by step. Counts do not depend on the
//! machine, so a regression shows at once; times are for the benches.
//!
//! Bounds stand a little above the counts of today, which stand beside them. A step that allocates less gets
//! a lower bound in the same change.

#![expect(clippy::print_stdout, reason = "the counts are what it is run for")]

#[expect(dead_code, reason = "what benches use")]
#[path = "../benches/support/allocations.rs"]
mod allocations;
#[path = "../benches/support/bodies.rs"]
mod bodies;
#[path = "../benches/support/world.rs"]
mod world;

use bumpalo::Bump;
use encan::openrtb;
use encan::sim::Mix;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::allocations::Allocations;
use crate::bodies::{NOW, bodies, mean_bytes};
use crate::world::World;

const BODIES: usize = 500;

/// The most allocations in a hundred runs of each step.
struct Bounds {
    parse: u64,
    decide: u64,
    compose: u64,
}

#[test]
fn a_small_request_allocates_nothing_before_its_answer() {
    // Measured: 0, 0 and 268.
    check(Mix::small(), &Bounds { parse: 0, decide: 0, compose: 300 });
}

#[test]
fn a_large_request_allocates_only_for_its_longest_lists_before_its_answer() {
    // Measured: 0, 19 and 298.
    check(Mix::large(), &Bounds { parse: 0, decide: 20, compose: 350 });
}

fn check(mix: Mix, bounds: &Bounds) {
    let world = World::new(2_000, 4, NOW);
    let bodies = bodies(mix, BODIES);
    let mut arena = Bump::with_capacity(64 * 1024);
    let mut random = SmallRng::seed_from_u64(1);
    let mut steps = [Allocations::default(); 3];
    let [parse, decide, compose] = &mut steps;
    let mut answers = Vec::with_capacity(BODIES);
    for body in &bodies {
        arena.reset();
        let request = parse.add(|| openrtb::parse(body, &arena)).expect("generated bodies are OpenRTB");
        let decision = decide.add(|| world.decide(&request, &mut random));
        if !decision.bids.is_empty() {
            answers.push(compose.add(|| world.compose(&request, &decision, &arena)));
        }
    }
    assert!(answers.len() > BODIES / 5, "{} answers prove little", answers.len());
    println!("answers of {} bytes", mean_bytes(&answers));
    let bounds = [
        ("parse", BODIES, bounds.parse),
        ("decide", BODIES, bounds.decide),
        ("compose", answers.len(), bounds.compose),
    ];
    for ((step, runs, bound), allocations) in bounds.into_iter().zip(steps) {
        let (count, bytes) = (allocations.count * 100 / runs as u64, allocations.bytes / runs as u64);
        println!("{step}: {count} allocations in a hundred runs, {bytes} bytes a run");
        assert!(
            count <= bound,
            "{step}: {count} allocations in a hundred runs, at most {bound} are expected"
        );
    }
}
