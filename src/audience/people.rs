//! Everyone in the audience store, in memory: looked up on the bid path, changed beside it.
//!
//! Sharded by the first bits of the key, so that a shard is a range of keys here and in the file. A lookup
//! holds its shard only while it copies; a shard grows, is tidied and is replaced on its own. Deliberately
//! absent: the file, and who decides what is recorded.

use std::convert::Infallible;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use crate::audience::numbers::Numbers;
use crate::audience::packed::{Act, Known, PackedEvent, PackedSegment};
use crate::audience::shard::{Record, Shard};
use crate::audience::{Happened, Profile};
use crate::units::{SegmentId, UnixMillis, UserKey, limits};

/// Keeps a shard's lock and its head together, and apart from those of the next.
#[repr(align(64))]
#[derive(Default)]
struct Aligned(RwLock<Shard>);

/// Everyone.
pub struct Audiences {
    shards: Box<[Aligned]>,
    segments: Numbers<SegmentId>,
    acts: Numbers<Act>,
    people: AtomicUsize,
    people_max: usize,
    /// Newcomers, segments and acts for whom there was no room.
    refused: AtomicUsize,
    complete: AtomicBool,
}

impl fmt::Debug for Audiences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Audiences({} people)", self.len())
    }
}

impl Default for Audiences {
    /// Nobody, and that is all there is to know.
    fn default() -> Self {
        Self::with_room_for(limits::AUDIENCE_PEOPLE_MAX)
    }
}

impl Audiences {
    /// Shards. At 10 million people one holds 2,400 and is written anew in a tenth of a millisecond.
    pub const SHARDS: u16 = 1 << Self::SHARD_BITS;
    const SHARD_BITS: u32 = 12;

    /// Nobody, and room for so many people.
    #[must_use]
    pub fn with_room_for(people_max: usize) -> Self {
        Self {
            shards: (0..Self::SHARDS).map(|_| Aligned::default()).collect(),
            segments: Numbers::new(limits::SEGMENTS_MAX),
            acts: Numbers::new(limits::ACTS_MAX),
            people: AtomicUsize::new(0),
            people_max,
            refused: AtomicUsize::new(0),
            complete: AtomicBool::new(true),
        }
    }

    /// Nobody, until the file is read: see [`Self::complete`].
    #[must_use]
    pub fn unread() -> Self {
        Self { complete: AtomicBool::new(false), ..Self::default() }
    }

    /// Says that the file is read.
    pub fn complete(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// True once the file is read: until then nothing is known of anybody.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete.load(Ordering::Acquire)
    }

    /// The shard of a person: shards in their order hold keys in theirs.
    #[must_use]
    pub fn shard_of(key: &UserKey) -> u16 {
        let [first, second, ..] = *key.as_bytes();
        u16::from_be_bytes([first, second]) >> (16 - Self::SHARD_BITS)
    }

    /// The first key of a shard; that of the shard after the last is `None`.
    #[must_use]
    pub fn first_key(shard: u16) -> Option<UserKey> {
        let mut key = [0; 16];
        let first = (shard < Self::SHARDS).then(|| (shard << (16 - Self::SHARD_BITS)).to_be_bytes())?;
        key[..2].copy_from_slice(&first);
        Some(UserKey::from_bytes(key))
    }

    /// What is known of a person at `now`, copied. Of somebody who was never seen it is known that they are in
    /// no segment; before the file is read, nothing is known.
    #[must_use]
    pub fn profile(&self, key: &UserKey, now: UnixMillis) -> Profile {
        if !self.is_complete() {
            return Profile::default();
        }
        let mut profile = Profile::known([]);
        self.read(key, |record| {
            for packed in record.segments() {
                let expires = packed.expires();
                if now < expires
                    && let Some(segment) = self.segments.thing(packed.number())
                {
                    profile.segments.push((segment, expires));
                }
            }
            profile.history.extend(record.history().filter_map(|event| self.happened(event)));
        });
        profile
    }

    /// Puts a person into segments, or changes until when they are in them; an expiry that has passed takes
    /// them out. False if there was no room for all of it, which is counted.
    pub fn add_segments(&self, key: UserKey, segments: &[(SegmentId, UnixMillis)]) -> bool {
        let packed: Vec<_> = segments
            .iter()
            .filter_map(|(segment, expires)| {
                Some(PackedSegment::new(self.segment_number(*segment)?, *expires))
            })
            .collect();
        let changed =
            self.change(&key, |known| packed.iter().for_each(|segment| known.put_segment(*segment)));
        changed && packed.len() == segments.len()
    }

    /// Records what a person did. False if there was no room for it, which is counted.
    pub fn record(&self, key: UserKey, happened: Happened) -> bool {
        let Happened { advertiser, event, topic, at, value } = happened;
        let Some(act) = self.act_number(Act { advertiser, event, topic }) else { return false };
        let event = PackedEvent::new(act, at, value);
        self.change(&key, |known| {
            let Ok(()) = known.record(event, |act| Ok::<_, Infallible>(self.acts.thing(act)));
        })
    }

    /// Forgets a person; false if nothing was known of them.
    pub fn erase(&self, key: &UserKey) -> bool {
        let erased = self.shard(key).write().unwrap_or_else(PoisonError::into_inner).remove(key);
        self.people.fetch_sub(usize::from(erased), Ordering::Relaxed);
        erased
    }

    /// Forgets what no longer counts at `now`, shard by shard.
    pub fn prune(&self, now: UnixMillis) {
        for shard in 0..Self::SHARDS {
            self.prune_shard(shard, now);
        }
    }

    /// The same of one shard. Readers wait only if something is forgotten.
    pub fn prune_shard(&self, shard: u16, now: UnixMillis) {
        let shard = &self.shards[usize::from(shard)].0;
        let mut pruned = Vec::new();
        for (key, record) in shard.read().unwrap_or_else(PoisonError::into_inner).everyone() {
            let mut known = record.known();
            if known.prune(now) {
                pruned.push(key);
            }
        }
        if pruned.is_empty() {
            return;
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        let before = shard.len();
        for key in pruned {
            // Read again: it may have changed since.
            if let Some(mut known) = shard.record(&key).map(|record| record.known()) {
                known.prune(now);
                // What shrinks finds room, or stays as it is until the next time.
                let _ = shard.put(&key, &known);
            }
        }
        self.people.fetch_sub(before - shard.len(), Ordering::Relaxed);
    }

    /// Takes what is known of a person as it is now, in the numbers of this store.
    pub fn put(&self, key: &UserKey, known: &Known) -> bool {
        self.change(key, |now| now.clone_from(known))
    }

    /// Replaces everyone of a shard at once: a reader sees all the old or all the new. The last for whom there
    /// is no room are refused and counted.
    pub fn install(&self, shard: u16, people: &[(UserKey, Known)]) {
        let place = &self.shards[usize::from(shard)].0;
        let replaced = place.read().unwrap_or_else(PoisonError::into_inner).len();
        let room = (self.people_max + replaced).saturating_sub(self.len()).min(people.len());
        let (mut fresh, refused) = Shard::of(&people[..room]);
        self.refused.fetch_add(refused + people.len() - room, Ordering::Relaxed);
        let added = fresh.len();
        std::mem::swap(&mut *place.write().unwrap_or_else(PoisonError::into_inner), &mut fresh);
        self.people.fetch_add(added, Ordering::Relaxed);
        self.people.fetch_sub(fresh.len(), Ordering::Relaxed);
        // The old one is dropped here, when nobody waits for it.
    }

    /// The number of a segment in this store; `None`, and counted, if there is no room for another.
    #[must_use]
    pub fn segment_number(&self, segment: SegmentId) -> Option<u32> {
        self.counted(self.segments.number(segment))
    }

    /// The number of an act in this store; `None`, and counted, if there is no room for another.
    #[must_use]
    pub fn act_number(&self, act: Act) -> Option<u32> {
        self.counted(self.acts.number(act))
    }

    /// How many people are known, about: changes of this moment may be missing.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.load(Ordering::Relaxed)
    }

    /// True if nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Counts somebody, or something, for whom there was no room in the file.
    pub fn count_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    /// How often there was no room for a person, a segment or an act.
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused.load(Ordering::Relaxed)
    }

    /// Bytes on the heap. Looks at each shard in turn.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let shards = self.shards.iter().map(|shard| {
            let shard = shard.0.read().unwrap_or_else(PoisonError::into_inner);
            size_of::<Aligned>() + shard.heap_bytes()
        });
        shards.sum::<usize>() + self.segments.heap_bytes() + self.acts.heap_bytes()
    }

    fn shard(&self, key: &UserKey) -> &RwLock<Shard> {
        &self.shards[usize::from(Self::shard_of(key))].0
    }

    fn read(&self, key: &UserKey, take: impl FnOnce(Record<'_>)) {
        let shard = self.shard(key).read().unwrap_or_else(PoisonError::into_inner);
        if let Some(record) = shard.record(key) {
            take(record);
        }
    }

    fn happened(&self, event: PackedEvent) -> Option<Happened> {
        let Act { advertiser, event: kind, topic } = self.acts.thing(event.act())?;
        Some(Happened { advertiser, event: kind, topic, at: event.at(), value: event.value() })
    }

    fn change(&self, key: &UserKey, change: impl FnOnce(&mut Known)) -> bool {
        let mut shard = self.shard(key).write().unwrap_or_else(PoisonError::into_inner);
        let record = shard.record(key).map(|record| record.known());
        if record.is_none() && self.len() >= self.people_max {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        let mut known = record.unwrap_or_default();
        change(&mut known);
        let before = shard.len();
        if !shard.put(key, &known) {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return false;
        }
        self.people.fetch_add(shard.len(), Ordering::Relaxed);
        self.people.fetch_sub(before, Ordering::Relaxed);
        true
    }

    fn counted(&self, number: Option<u32>) -> Option<u32> {
        if number.is_none() {
            self.refused.fetch_add(1, Ordering::Relaxed);
        }
        number
    }
}
