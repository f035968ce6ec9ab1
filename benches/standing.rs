//! What an advertiser makes of a person's history: paid for once a bid request, for each advertiser in the history
//! whose rules ask for it.

#[path = "support/measure.rs"]
mod measure;

use std::hint::black_box;

use encan::audience::{Definition, EventCount, Happened, NamedEvent, Past, Standing, read_definition};
use encan::document::{Faults, Source};
use encan::units::{AdvertiserId, Millis, Nanos, UnixMillis};

use crate::measure::criterion;

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

fn main() {
    let definition = definition();
    let asked = EventCount {
        within: Some(Millis::from_seconds(7 * 86_400)),
        after: Some(NamedEvent::new("purchase")),
        ..EventCount::of("basket")
    };
    let mut criterion = criterion();
    for events in [4, 64] {
        let history = history(&definition, events);
        criterion.bench_function(&format!("standing/{events} events, one question"), |bencher| {
            bencher.iter(|| asked.holds(Past::new(&definition, black_box(&history), NOW)));
        });
        criterion.bench_function(&format!("standing/{events} events, stage to intents"), |bencher| {
            bencher.iter(|| Standing::of(&definition, black_box(&history), NOW).lead_score);
        });
    }
    criterion.final_summary();
}

/// The sample, which uses everything.
fn definition() -> Definition {
    let text = include_str!("../fixtures/audiences/velo-direct.json");
    read_definition(&Source::new("velo-direct.json", text), &mut Faults::new())
        .expect("the samples are sound")
}

/// Events of every kind, some hours apart.
fn history(definition: &Definition, events: i64) -> Vec<Happened> {
    let kinds = definition.events.iter().cycle();
    let topics = definition.topics.iter().cycle();
    let each = (0..events).zip(kinds).zip(topics);
    each.map(|((at, kind), topic)| Happened {
        advertiser: AdvertiserId::from_slug("velo-direct"),
        event: kind.id,
        topic: Some(topic.id),
        at: NOW.minus(Millis::from_seconds((events - at) * 20_011)),
        value: Nanos::from_raw(59_000_000_000),
    })
    .collect()
}
