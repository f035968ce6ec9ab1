//! Decoding a bid request, beside serde_json on the same bodies: into a tree, and into nothing at all.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/compare.rs"]
mod compare;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use bumpalo::Bump;
use criterion::{Criterion, Throughput};
use encan::openrtb;
use encan::sim::Mix;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::bodies::{bodies, mean_bytes};
use crate::compare::compare;
use crate::measure::criterion;

const BODIES: usize = 512;

fn main() {
    let mut criterion = criterion();
    for (name, mix) in [("parse/small", Mix::small()), ("parse/large", Mix::large())] {
        let bodies = bodies(mix, BODIES);
        absolute(&mut criterion, name, &bodies);
        beside_serde_json(name, &bodies);
    }
    criterion.final_summary();
}

fn absolute(criterion: &mut Criterion, name: &str, bodies: &[Vec<u8>]) {
    let mut turns = bodies.iter().cycle();
    let mut arena = Bump::with_capacity(64 * 1024);
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(mean_bytes(bodies)));
    group.bench_function("encan", |bencher| {
        bencher.iter(|| decode(turns.next().expect("a cycle has no end"), &mut arena));
    });
    group.finish();
}

fn beside_serde_json(name: &str, bodies: &[Vec<u8>]) {
    let [mut ours, mut tree, mut nothing] = [(); 3].map(|()| bodies.iter().cycle());
    let mut arena = Bump::with_capacity(64 * 1024);
    let next = "a cycle has no end";
    compare(
        name,
        &mut [
            ("encan", &mut || decode(ours.next().expect(next), &mut arena)),
            ("serde_json::Value", &mut || {
                let tree: Value = serde_json::from_slice(tree.next().expect(next)).expect("JSON");
                tree.as_object().map_or(0, serde_json::Map::len)
            }),
            ("serde_json::IgnoredAny", &mut || {
                let read: Result<IgnoredAny, _> = serde_json::from_slice(nothing.next().expect(next));
                usize::from(read.is_ok())
            }),
        ],
    );
}

/// How many impressions `body` holds.
fn decode(body: &[u8], arena: &mut Bump) -> usize {
    arena.reset();
    openrtb::parse(body, arena).expect("generated bodies are OpenRTB").imp.len()
}
