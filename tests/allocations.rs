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

/// The most allocations in a hundred runs of each step. Native markup is a document in the document, so that an answer
/// with some takes several times what others take.
struct Bounds {
    parse: u64,
    decide: u64,
    compose: u64,
    compose_native: u64,
}

#[test]
fn a_small_request_allocates_nothing_before_its_answer() {
    // Measured: 0, 0, 262 and 1,627.
    check(Mix::small(), &Bounds { parse: 0, decide: 0, compose: 290, compose_native: 1_750 });
}

#[test]
fn a_large_request_allocates_only_for_its_longest_lists_before_its_answer() {
    // Measured: 0, 6, 268 and 1,681.
    check(Mix::large(), &Bounds { parse: 0, decide: 8, compose: 290, compose_native: 1_750 });
}

fn check(mix: Mix, bounds: &Bounds) {
    let world = World::new(2_000, 4, NOW);
    let bodies = bodies(mix, BODIES);
    let mut arena = Bump::with_capacity(64 * 1024);
    let mut random = SmallRng::seed_from_u64(1);
    let mut steps = [Allocations::default(); 4];
    let [parse, decide, compose, compose_native] = &mut steps;
    let (mut answers, mut native) = (Vec::with_capacity(BODIES), 0);
    for body in &bodies {
        arena.reset();
        let request = parse.add(|| openrtb::parse(body, &arena)).expect("generated bodies are OpenRTB");
        let decision = decide.add(|| world.decide(&request, &mut random));
        if !decision.bids.is_empty() {
            let mut step = Allocations::default();
            let answer = step.add(|| world.compose(&request, &decision, &arena));
            let is_native = String::from_utf8_lossy(&answer).contains("assets");
            let all = if is_native { &mut *compose_native } else { &mut *compose };
            (all.count, all.bytes) = (all.count + step.count, all.bytes + step.bytes);
            native += usize::from(is_native);
            answers.push(answer);
        }
    }
    assert!(answers.len() > BODIES / 5, "{} answers prove little", answers.len());
    assert!(native > BODIES / 50, "{native} answers with native markup prove little");
    println!("answers of {} bytes", mean_bytes(&answers));
    let bounds = [
        ("parse", BODIES, bounds.parse),
        ("decide", BODIES, bounds.decide),
        ("compose", answers.len() - native, bounds.compose),
        ("compose native", native, bounds.compose_native),
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
