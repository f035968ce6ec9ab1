//! The store in memory against the plainest one: maps of maps.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::audience::{Audiences, Happened, Known, PackedSegment, Profile};
use crate::units::{AdvertiserId, EventId, Millis, Nanos, SegmentId, TopicId, UnixMillis, UserKey, limits};

const DAY: Millis = Millis::from_seconds(86_400);
const STEP: i64 = 6 * 3_600_000;

/// What the plainest store knows of a person.
#[derive(Debug, Clone, Default, PartialEq)]
struct Plain {
    segments: BTreeMap<SegmentId, UnixMillis>,
    history: Vec<Happened>,
}

/// The store, and the plainest one that has been told the same.
struct Pair {
    store: Audiences,
    plain: HashMap<UserKey, Plain>,
    now: UnixMillis,
}

impl Pair {
    /// One random change of both.
    fn step(&mut self, random: &mut SmallRng) {
        let key = key(random.random_range(0..200));
        match random.random_range(0..100) {
            0..40 => {
                let segments: Vec<_> = (0..random.random_range(1..6))
                    .map(|_| {
                        let days = Millis::from_raw(random.random_range(0..20 * DAY.raw()));
                        (SegmentId::from_raw(random.random_range(0..30)), self.now.plus(days))
                    })
                    .collect();
                assert!(self.store.add_segments(key, &segments));
                let person = self.plain.entry(key).or_default();
                for (segment, expires) in segments {
                    let down = UnixMillis::from_raw(expires.raw().div_euclid(STEP) * STEP);
                    person.segments.insert(segment, down);
                }
            }
            40..80 => {
                let ago = Millis::from_raw(random.random_range(0..5 * DAY.raw()));
                let happened = happened(random, self.now.minus(ago));
                assert!(self.store.record(key, happened));
                let person = self.plain.entry(key).or_default();
                let second = UnixMillis::from_raw(happened.at.raw() / 1_000 * 1_000);
                let kept = Happened { at: second, ..happened };
                if !person.history.contains(&kept) {
                    person.history.push(kept);
                }
                person.history.sort_by_key(|happened| happened.at);
                if person.history.len() > limits::HISTORY_MAX {
                    forget_one(&mut person.history);
                }
            }
            80..90 => assert_eq!(self.store.erase(&key), self.plain.remove(&key).is_some()),
            90..98 => self.now = self.now.plus(Millis::from_raw(random.random_range(0..DAY.raw()))),
            _ => {
                self.store.prune(self.now);
                let (now, oldest) = (self.now, self.now.minus(limits::HISTORY_AGE_MAX));
                for person in self.plain.values_mut() {
                    person.segments.retain(|_, expires| now < *expires);
                    person.history.retain(|happened| oldest <= happened.at);
                }
                self.plain.retain(|_, person| *person != Plain::default());
            }
        }
    }

    fn check(&self, seed: u64) {
        assert_eq!(self.store.len(), self.plain.len(), "seed {seed}");
        for number in 0..200 {
            let key = key(number);
            let person = self.plain.get(&key).cloned().unwrap_or_default();
            let profile = self.store.profile(&key, self.now);
            let segments: BTreeMap<_, _> = profile.segments.iter().copied().collect();
            let current = person.segments.into_iter().filter(|(_, expires)| self.now < *expires);
            assert_eq!(segments, current.collect(), "seed {seed}, person {number}");
            assert_eq!(segments.len(), profile.segments.len(), "a segment stands once");
            assert!(profile.known);
            let (mut found, mut wanted) = (profile.history.to_vec(), person.history);
            for history in [&mut found, &mut wanted] {
                assert!(history.is_sorted_by_key(|happened| happened.at), "seed {seed}");
                history.sort_by_key(|happened| (happened.at, happened.event, happened.value.raw()));
            }
            assert_eq!(found, wanted, "seed {seed}, person {number}");
        }
    }
}

/// Forgets the oldest of the kind, and of the advertiser, that has the most.
fn forget_one(history: &mut Vec<Happened>) {
    let (mut of_advertiser, mut of_kind) = (HashMap::new(), HashMap::new());
    for Happened { advertiser, event, .. } in history.iter() {
        *of_advertiser.entry(*advertiser).or_insert(0) += 1;
        *of_kind.entry((*advertiser, *event)).or_insert(0) += 1;
    }
    let counts = |one: &Happened| (of_advertiser[&one.advertiser], of_kind[&(one.advertiser, one.event)]);
    let most = history.iter().map(counts).max().expect("there are too many");
    let first = history.iter().position(|one| counts(one) == most).expect("one of them has the most");
    history.remove(first);
}

/// Some share a shard and the place where they are looked for.
fn key(number: u8) -> UserKey {
    let mut bytes = [0; 16];
    (bytes[0], bytes[4], bytes[15]) = (number % 3, number % 7, number);
    UserKey::from_bytes(bytes)
}

fn happened(random: &mut SmallRng, at: UnixMillis) -> Happened {
    Happened {
        advertiser: AdvertiserId::from_raw(random.random_range(0..3)),
        event: EventId::from_raw(random.random_range(0..3)),
        topic: random.random::<bool>().then(|| TopicId::from_raw(random.random_range(0..3))),
        at,
        value: Nanos::from_raw(random.random_range(0..1_000) * 10_000_000),
    }
}

#[test]
fn the_store_knows_what_the_plainest_one_knows() {
    let first: u64 = rand::random_range(0..1 << 40);
    println!("first seed {first}");
    for seed in first..first + 10 {
        let mut random = SmallRng::seed_from_u64(seed);
        let now = UnixMillis::from_raw(1_790_000_000_000);
        let mut pair = Pair { store: Audiences::default(), plain: HashMap::new(), now };
        for _ in 0..30 {
            for _ in 0..100 {
                pair.step(&mut random);
            }
            pair.check(seed);
        }
    }
}

#[test]
fn whoever_reads_while_others_grow_sees_a_person_whole() {
    let store = Audiences::default();
    let (now, later) = (UnixMillis::from_raw(1_790_000_000_000), UnixMillis::from_raw(1_800_000_000_000));
    let anna = key(0);
    let pair = |expires| [SegmentId::from_raw(1), SegmentId::from_raw(2)].map(|segment| (segment, expires));
    assert!(store.add_segments(anna, &pair(later)));
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let written = (0..5_000_u32).all(|number| {
                let mut bytes = [0; 16];
                bytes[1] = 3;
                bytes[4..8].copy_from_slice(&number.to_le_bytes());
                let expires = later.plus(Millis::from_raw(i64::from(number % 50) * STEP));
                store.add_segments(UserKey::from_bytes(bytes), &pair(later)[..1])
                    && store.add_segments(anna, &pair(expires))
            });
            // The readers end whatever came of it.
            done.store(true, Ordering::Release);
            written
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let profile = store.profile(&anna, now);
                    assert_eq!(profile.segments.len(), 2);
                    assert_eq!(profile.segments[0].1, profile.segments[1].1, "half a change");
                }
            });
        }
        assert!(writer.join().expect("it told the readers to end"));
    });
    assert_eq!(store.len(), 5_001);
}

#[test]
fn before_the_file_is_read_nothing_is_known_of_anybody() {
    let store = Audiences::unread();
    let now = UnixMillis::from_raw(1_790_000_000_000);
    assert_eq!(store.profile(&key(1), now), Profile::default());
    store.complete();
    assert_eq!(store.profile(&key(1), now), Profile::known([]));
}

#[test]
fn nobody_is_taken_beyond_the_room_and_whoever_is_refused_is_counted() {
    let store = Audiences::with_room_for(3);
    let later = UnixMillis::from_raw(1_800_000_000_000);
    let mut known = Known::default();
    known.put_segment(PackedSegment::new(store.segment_number(SegmentId::from_raw(1)).unwrap(), later));
    let people = |numbers: std::ops::Range<u8>| -> Vec<_> {
        numbers
            .map(|number| {
                (UserKey::from_bytes([0, 0, 0, 0, number, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), known.clone())
            })
            .collect()
    };
    store.install(0, &people(0..2));
    assert_eq!((store.len(), store.refused()), (2, 0));
    store.install(1, &people(2..5));
    assert_eq!((store.len(), store.refused()), (3, 2), "one more finds room");
    store.install(0, &people(0..2));
    assert_eq!((store.len(), store.refused()), (3, 2), "who is replaced makes room");
    assert!(!store.put(&key(1), &known));
    assert_eq!((store.len(), store.refused()), (3, 3));
    assert!(store.put(&people(0..1)[0].0, &known), "who is there may change");
}
