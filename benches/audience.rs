//! The audience store in memory: bytes a person, and how long one of many people is looked up, beside a plain
//! concurrent map of boxed segments.
//!
//! A million people of 20 segments; `ENCAN_BENCH_PEOPLE=10000000 cargo bench --bench audience` for ten. Whoever
//! is looked up is picked at random, so that the processor's caches hold next to nobody.

#[expect(dead_code, reason = "what other benches use")]
#[path = "support/allocations.rs"]
mod allocations;
#[path = "support/compare.rs"]
mod compare;
#[path = "support/figures.rs"]
mod figures;

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use dashmap::DashMap;
use encan::audience::{Audiences, Happened, PackedSegment, Profile};
use encan::units::{AdvertiserId, EventId, Millis, Nanos, SegmentId, UnixMillis, UserKey};
use foldhash::fast::RandomState;

use crate::allocations::held;
use crate::compare::compare;
use crate::figures::say;

const SEGMENTS: usize = 20;
/// Segments of all people together.
const KINDS: u64 = 5_000;
const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
/// Lookups to a piece of work.
const PIECE: u64 = 1_000;
/// Lookups that are timed one by one.
const SINGLE: usize = 1_000_000;

type Plain = DashMap<UserKey, Box<[PackedSegment]>, RandomState>;

fn main() {
    let people =
        std::env::var("ENCAN_BENCH_PEOPLE").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000_000);
    let empty = held();
    let store = Audiences::default();
    let start = Instant::now();
    for person in 0..people {
        assert!(store.add_segments(key(person), &segments(person)));
    }
    let seconds = start.elapsed().as_secs_f64();
    tell_size("the store", people, held() - empty);
    say(format_args!("by its own count: {} bytes; filled in {seconds:.1} s", store.heap_bytes()));
    let empty = held();
    let plain = plain(people, &store);
    tell_size("a plain map", people, held() - empty);
    let (mut one, mut other) = (Random(1), Random(1));
    compare(
        &format!("{PIECE} of {people} people"),
        &mut [
            ("the store", &mut || (0..PIECE).map(|_| known(&store, one.below(people))).sum()),
            ("a plain map", &mut || {
                (0..PIECE).map(|_| plainly_known(&store, &plain, other.below(people))).sum()
            }),
        ],
    );
    single("alone", people, &store);
    let (done, written) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut random = Random(3);
            while !done.load(Ordering::Relaxed) {
                change(&store, random.below(people));
                written.fetch_add(1, Ordering::Relaxed);
            }
        });
        let start = Instant::now();
        single("beside a writer", people, &store);
        let a_second = start.elapsed().as_secs_f64().recip() * written.load(Ordering::Relaxed) as f64;
        say(format_args!("beside a writer: {a_second:.0} changes a second"));
        done.store(true, Ordering::Relaxed);
    });
}

fn tell_size(name: &str, people: u64, bytes: i64) {
    let each = bytes as f64 / people as f64;
    let apart = each - (SEGMENTS * 4) as f64;
    say(format_args!(
        "{name}: {people} people, {bytes} bytes: {each:.1} a person, {apart:.1} beside 4 a segment"
    ));
}

/// The same people in a plain map.
fn plain(people: u64, store: &Audiences) -> Plain {
    let plain = Plain::default();
    for person in 0..people {
        let packed = segments(person).map(|(segment, expires)| {
            PackedSegment::new(store.segment_number(segment).expect("it has one"), expires)
        });
        plain.insert(key(person), packed.into());
    }
    plain
}

fn known(store: &Audiences, person: u64) -> usize {
    let profile = store.profile(&key(person), NOW);
    assert!(!profile.segments.is_empty());
    black_box(&profile).segments.len()
}

/// The same answer from the plain map; segments keep their numbers, which is a little less work.
fn plainly_known(_: &Audiences, plain: &Plain, person: u64) -> usize {
    let mut profile = Profile::known([]);
    let segments = plain.get(&key(person)).expect("everyone is there");
    for packed in segments.iter() {
        let expires = packed.expires();
        if NOW < expires {
            profile.segments.push((SegmentId::from_raw(packed.number().into()), expires));
        }
    }
    black_box(&profile).segments.len()
}

/// The time of lookups one by one, with what reading the clock twice takes.
fn single(title: &str, people: u64, store: &Audiences) {
    let mut random = Random(2);
    let mut nanos: Vec<u128> = (0..SINGLE)
        .map(|_| {
            let key = key(random.below(people));
            let start = Instant::now();
            let profile = store.profile(&key, NOW);
            let passed = start.elapsed().as_nanos();
            black_box(profile);
            passed
        })
        .collect();
    nanos.sort_unstable();
    let mean = nanos.iter().sum::<u128>() / SINGLE as u128;
    let at = |share: usize| nanos[(SINGLE - 1) * share / 1_000];
    let (half, most, nearly) = (at(500), at(990), at(999));
    say(format_args!(
        "{title}: one lookup: mean {mean} ns, p50 {half} ns, p99 {most} ns, p999 {nearly} ns, longest {} ns",
        nanos[SINGLE - 1]
    ));
}

fn change(store: &Audiences, person: u64) {
    let key = key(person);
    if person.is_multiple_of(2) {
        assert!(store.add_segments(key, &segments(person + 1)[..1]));
    } else {
        let happened = Happened {
            advertiser: AdvertiserId::from_raw(person % 50),
            event: EventId::from_raw(person % 7),
            topic: None,
            at: NOW,
            value: Nanos::from_raw(0),
        };
        assert!(store.record(key, happened));
    }
}

fn key(person: u64) -> UserKey {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mixed(person).to_le_bytes());
    bytes[8..].copy_from_slice(&mixed(!person).to_le_bytes());
    UserKey::from_bytes(bytes)
}

fn segments(person: u64) -> [(SegmentId, UnixMillis); SEGMENTS] {
    let first = mixed(person) % KINDS;
    std::array::from_fn(|at| {
        let segment = SegmentId::from_raw(mixed((first + at as u64 * 37) % KINDS));
        let days = i64::try_from(person % 300).expect("below 300") + 1;
        (segment, NOW.plus(Millis::from_seconds(days * 86_400)))
    })
}

/// Numbers in no order, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 += 1;
        mixed(self.0 << 20) % end
    }
}

/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", the mix of SplitMix64.
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
