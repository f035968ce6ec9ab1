//! What runs on a device: reading a user agent, remembering what it means, and all that a request tells of it.

#[path = "support/bodies.rs"]
mod bodies;
#[path = "support/figures.rs"]
mod figures;
#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;
use std::time::Instant;

use bumpalo::Bump;
use criterion::Criterion;
use encan::agent::{Agent, Reader};
use encan::openrtb::{self, Device};
use encan::shell::agents::Agents;
use encan::sim::Mix;

use crate::bodies::{bodies, mean_bytes};
use crate::figures::say;
use crate::measure::criterion;

fn main() {
    let mut criterion = criterion();
    let begun = Instant::now();
    let reader = Reader::default();
    say(format_args!("agent: rules built in {:?}", begun.elapsed()));
    let user_agents = user_agents();
    read(&mut criterion, &reader, &user_agents);
    remember(&mut criterion, &user_agents);
    combine(&mut criterion);
    criterion.final_summary();
}

/// User agents of phones, computers, televisions and tablets, of browsers and apps, in many versions.
fn user_agents() -> Vec<String> {
    const SHAPES: [&str; 10] = [
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36 Edg/{}.0.0.0",
        "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{}.0.6261.119 Mobile Safari/537.36",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.{} Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 Instagram {}.0.0.27.107 (iPhone15,2; iOS 17_4)",
        "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/24.0 Chrome/{}.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64; rv:{}.0) Gecko/20100101 Firefox/{}.0",
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) {}.0.4606.31/7.0 TV Safari/537.36",
        "Mozilla/5.0 (compatible; Googlebot/2.{}; +http://www.google.com/bot.html)",
    ];
    let versions = 90..140;
    versions.flat_map(|version| SHAPES.map(|shape| shape.replace("{}", &version.to_string()))).collect()
}

fn read(criterion: &mut Criterion, reader: &Reader, user_agents: &[String]) {
    let mut turns = user_agents.iter().cycle();
    criterion.bench_function("agent/read a user agent", |bencher| {
        bencher.iter(|| reader.read(turns.next().expect("a cycle has no end")));
    });
    let slowest = user_agents.iter().map(|text| {
        let begun = Instant::now();
        black_box(reader.read(text));
        begun.elapsed()
    });
    say(format_args!("agent: slowest of {} in {:?}", user_agents.len(), slowest.max().expect("some")));
}

fn remember(criterion: &mut Criterion, user_agents: &[String]) {
    let agents = Agents::default();
    for text in user_agents {
        let _ = agents.read(text);
    }
    let mut turns = user_agents.iter().cycle();
    criterion.bench_function("agent/remember a user agent", |bencher| {
        bencher.iter(|| agents.read(turns.next().expect("a cycle has no end")));
    });
}

/// From decoded devices with a user agent that is remembered, half of them with hints.
fn combine(criterion: &mut Criterion) {
    let bodies = bodies(Mix::large(), 512);
    say(format_args!("agent: devices of bodies of {} bytes in the mean", mean_bytes(&bodies)));
    let arena = Bump::new();
    let requests =
        bodies.iter().map(|body| openrtb::parse(body, &arena).expect("generated bodies are OpenRTB"));
    let devices: Vec<Device<'_>> = requests.map(|request| request.device).collect();
    let agents = Agents::default();
    let mut turns = devices.iter().cycle();
    criterion.bench_function("agent/all of a device", |bencher| {
        bencher.iter(|| {
            let device = turns.next().expect("a cycle has no end");
            Agent::of(device, device.ua.map(|ua| agents.read(ua)))
        });
    });
}
