//! What a bid costs beside its decision: its reservation among those that are open, and the lesson that its outcome will
//! teach, while up to 100,000 bids are out: time, and bytes. And what taking the reservation out costs.

#[expect(dead_code, reason = "what other benches use")]
#[path = "support/allocations.rs"]
mod allocations;
#[path = "support/bodies.rs"]
#[expect(dead_code, reason = "what other benches use")]
mod bodies;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/world.rs"]
#[expect(dead_code, reason = "what other benches use")]
mod world;

use std::hint::black_box;
use std::time::Instant;

use bumpalo::Bump;
use encan::bidder::Lesson;
use encan::budget::{Open, PurseKey, Reservation, Reserved};
use encan::openrtb;
use encan::shell::learning::Lessons;
use encan::sim::Mix;
use encan::units::{BidId, Hour, Steady};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::allocations::held;
use crate::bodies::{NOW, bodies};
use crate::figures::say;
use crate::world::World;

/// Bids that are out: ten minutes of 170 a second.
const OUT: u32 = 100_000;
const ROUNDS: usize = 5;

fn main() {
    let world = World::new(1_000, 1, NOW);
    let arena = Bump::new();
    let mut random = SmallRng::seed_from_u64(1);
    let bodies = bodies(Mix::small(), 500);
    let requests: Vec<_> = bodies
        .iter()
        .map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"))
        .collect();
    let mut decision = requests
        .iter()
        .map(|request| world.decide(request, &mut random))
        .find(|decision| !decision.bids.is_empty())
        .expect("a bid");
    let chosen = &mut decision.bids[0];
    let bid = chosen.ticket.bid;
    let purse =
        PurseKey { campaign: bid.campaign, line_item: bid.line_item, day: bid.day, hour: Hour::of(bid.at) };
    let reserved = Reserved { purse, stakes: chosen.held.stakes() };
    let expires = Steady::from_raw(600_000);
    let reservation = Reservation { reserved, expires, user: bid.user, household: bid.household };
    let ids: Vec<BidId> =
        (0..OUT).map(|at| BidId::mint(NOW, u128::from(at) * 0x9e37_79b9_7f4a_7c15_f39c_c060)).collect();
    let (mut best, mut bytes) = ([f64::INFINITY; 3], [0; 2]);
    for _ in 0..ROUNDS {
        let (open, (lessons, _inbox)) = (Open::default(), Lessons::new());
        let mut times = [0.0; 3];
        let before = held();
        times[0] = nanos(&ids, |id| open.insert(*id, reservation));
        let between = held();
        times[1] = nanos(&ids, |id| {
            chosen.ticket.bid.id = *id;
            lessons.open(&world.snapshot.money.rhythms, black_box(&*chosen));
        });
        bytes = [between - before, held() - between];
        times[2] = nanos(&ids, |id| assert!(open.take(*id).is_some()));
        best.iter_mut().zip(times).for_each(|(best, time)| *best = best.min(time));
    }
    let [hold, lesson, release] = best;
    say(format_args!("reservation opened {hold:.0} ns, lesson opened {lesson:.0} ns"));
    say(format_args!("reservation taken out {release:.0} ns"));
    let [reservation, lesson] = bytes.map(|bytes| bytes / i64::from(OUT));
    say(format_args!("{OUT} bids out: {reservation} bytes a reservation, {lesson} bytes a lesson"));
    say(format_args!("of a lesson {} bytes are what is learnt, the rest its place", size_of::<Lesson>()));
}

/// Nanoseconds for each of `ids`.
fn nanos(ids: &[BidId], mut work: impl FnMut(&BidId)) -> f64 {
    let start = Instant::now();
    ids.iter().for_each(&mut work);
    start.elapsed().as_secs_f64() * 1e9 / f64::from(OUT)
}
