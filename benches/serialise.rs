//! From a decision to the bytes of its answer: the JSON alone, and with signed links and markup.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/measure.rs"]
mod measure;
#[path = "support/world.rs"]
mod world;

use std::borrow::Cow;

use bumpalo::Bump;
use criterion::{Criterion, Throughput};
use encan::bidder::Decision;
use encan::openrtb::{self, Bid, BidRequest, BidResponse, MediaType};
use encan::sim::Mix;
use encan::units::{Cpm, Currency};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::bodies::{NOW, bodies, mean_bytes};
use crate::measure::criterion;
use crate::world::World;

fn main() {
    let mut criterion = criterion();
    json(&mut criterion);
    answer(&mut criterion);
    criterion.final_summary();
}

/// The response's JSON, given texts of lifelike lengths.
fn json(criterion: &mut Criterion) {
    let address = |kind: &str| format!("https://bid.example/n/{kind}/{}", "tokenToken".repeat(26));
    let link = format!("<a href=\"{}\"><img src=\"https://cdn.shop.example/1.png\"></a>", address("click"));
    let markup: Vec<String> = (0..64).map(|at| link.repeat(2) + &"x".repeat(at * 8)).collect();
    let (win, bill, loss) = (address("win"), address("bill"), address("loss"));
    let bids: Vec<Bid<'_>> = markup.iter().map(|adm| bid(adm, [&win, &bill, &loss])).collect();
    let mut turns = bids.iter().cycle();
    let mut out = Vec::with_capacity(4_096);
    criterion.bench_function("serialise/json of one bid", |bencher| {
        bencher.iter(|| {
            out.clear();
            let bid = std::slice::from_ref(turns.next().expect("a cycle has no end"));
            let id = "0191d2a4-7f31-4c5e-9d2b-6a1f0c3e8b57";
            let bidid = Cow::Borrowed("01936f0b7a3c42d1a3f4b09c5de81122");
            openrtb::write(
                &BidResponse { id, bidid, cur: Currency::EUR, seat: Some("encan"), bid },
                &mut out,
            );
            out.len()
        });
    });
}

fn bid<'a>(adm: &'a str, [win, bill, loss]: [&'a str; 3]) -> Bid<'a> {
    Bid {
        id: Cow::Borrowed("01936f0b7a3c42d1a3f4b09c5de81122"),
        impid: "1",
        price: Cpm::from_micros(2_345_600).expect("below the highest price"),
        adm: Cow::Borrowed(adm),
        nurl: Some(Cow::Borrowed(win)),
        burl: Some(Cow::Borrowed(bill)),
        lurl: Some(Cow::Borrowed(loss)),
        adomain: &["shop.example"],
        bundle: None,
        cid: "spring",
        crid: "spring/banner-1",
        iurl: Some("https://cdn.shop.example/preview.jpg"),
        cat: &["IAB22"],
        cattax: 1,
        attr: &[],
        apis: &[],
        protocol: None,
        qagmediarating: 0,
        language: Some("fr"),
        langb: None,
        dealid: None,
        w: 300,
        h: 250,
        wratio: 0,
        hratio: 0,
        exp: Some(20),
        dur: None,
        mtype: MediaType::Banner,
        slotinpod: 0,
        dsa: None,
    }
}

/// Signed links, markup and JSON of decisions on generated traffic.
fn answer(criterion: &mut Criterion) {
    let world = World::new(1_000, 1, NOW);
    let bodies = bodies(Mix::small(), 400);
    let arena = Bump::new();
    let mut random = SmallRng::seed_from_u64(1);
    let requests: Vec<BidRequest<'_>> = bodies
        .iter()
        .map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"))
        .collect();
    let decisions: Vec<(&BidRequest<'_>, Decision<'_>)> = requests
        .iter()
        .map(|request| (request, world.decide(request, &mut random)))
        .filter(|(_, decision)| !decision.bids.is_empty())
        .collect();
    let mut turns = decisions.iter().cycle();
    let mut arena = Bump::with_capacity(64 * 1024);
    let answers: Vec<Vec<u8>> =
        decisions.iter().map(|(request, decision)| world.compose(request, decision, &arena)).collect();
    let mut group = criterion.benchmark_group("serialise");
    group.throughput(Throughput::Bytes(mean_bytes(&answers)));
    group.bench_function("tokens, markup and json", |bencher| {
        bencher.iter(|| {
            let (request, decision) = turns.next().expect("a cycle has no end");
            let length = world.compose(request, decision, &arena).len();
            arena.reset();
            length
        });
    });
    group.finish();
}
