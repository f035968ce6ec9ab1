//! Some thousand people side by side: a table of where each stands, and the words of all in one block.
//!
//! A lookup touches two places, the slot and the record. Slots are found by linear probing; a record is its key
//! (4 words), its two counts (1 word), its segments and its events. A record that grows moves to the end, and
//! once an eighth of the block is left behind, the block is written anew.

use crate::audience::packed::{Known, PackedEvent, PackedSegment};
use crate::units::UserKey;

/// Words before the segments: key and counts.
const HEAD: usize = 5;
const KEY_WORDS: usize = 4;
const SLOTS_MIN: usize = 8;

/// Where a person stands.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    hash: u32,
    /// Of the record's first word, plus one; 0 if the slot is free.
    place: u32,
}

/// Some of all people.
#[derive(Debug, Default)]
pub struct Shard {
    slots: Box<[Slot]>,
    words: Vec<u32>,
    people: usize,
    /// Words that nobody's record holds any more.
    left_behind: usize,
}

/// One person's words.
#[derive(Debug, Clone, Copy)]
pub(in crate::audience) struct Record<'a> {
    segments: &'a [u32],
    history: &'a [u32],
}

impl Record<'_> {
    pub(in crate::audience) fn segments(&self) -> impl Iterator<Item = PackedSegment> {
        self.segments.iter().copied().map(PackedSegment::from_word)
    }

    pub(in crate::audience) fn history(&self) -> impl Iterator<Item = PackedEvent> {
        self.history.as_chunks().0.iter().copied().map(PackedEvent::from_words)
    }

    pub(in crate::audience) fn known(&self) -> Known {
        Known { segments: self.segments().collect(), history: self.history().collect() }
    }
}

impl Shard {
    /// How many people.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people
    }

    /// True if there is nobody.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people == 0
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>() + self.words.capacity() * size_of::<u32>()
    }

    /// Takes what is known of a person as it is now; nothing known is nobody.
    pub fn put(&mut self, key: &UserKey, known: &Known) {
        if known.is_empty() {
            self.remove(key);
            return;
        }
        let length = HEAD + known.segments.len() + known.history.len() * PackedEvent::WORDS;
        let place = match self.find(key) {
            Some(slot) => {
                let (place, old) = (self.place(slot), self.length(self.place(slot)));
                if old == length {
                    self.write_at(place, key, known);
                    return;
                }
                self.left_behind += old;
                self.slots[slot].place = self.append(key, known, length);
                None
            }
            None => Some(self.append(key, known, length)),
        };
        if let Some(place) = place {
            self.grow_slots();
            self.insert(Slot { hash: hash(key), place });
            self.people += 1;
        }
        self.tidy();
    }

    /// Forgets a person; false if there is no such.
    pub fn remove(&mut self, key: &UserKey) -> bool {
        let Some(slot) = self.find(key) else { return false };
        let place = self.place(slot);
        let length = self.length(place);
        // Not only out of sight: the words go at once.
        self.words[place..place + length].fill(0);
        self.left_behind += length;
        self.people -= 1;
        self.close_gap(slot);
        self.tidy();
        true
    }

    /// Gives back what it holds in reserve: of a shard that was just filled and will hardly change.
    pub fn shrink(&mut self) {
        self.rewrite(0);
    }

    pub(in crate::audience) fn record(&self, key: &UserKey) -> Option<Record<'_>> {
        self.find(key).map(|slot| self.record_at(self.place(slot)).1)
    }

    /// Everyone, in no order.
    pub(in crate::audience) fn everyone(&self) -> impl Iterator<Item = (UserKey, Record<'_>)> {
        let taken = self.slots.iter().filter(|slot| slot.place != 0);
        taken.map(|slot| self.record_at(index(slot.place) - 1))
    }

    fn record_at(&self, place: usize) -> (UserKey, Record<'_>) {
        let (segments, history) = counts(self.words[place + KEY_WORDS]);
        let (segments, rest) = self.words[place + HEAD..].split_at(segments);
        let mut key = [0; 16];
        for (bytes, word) in key.chunks_exact_mut(4).zip(&self.words[place..place + KEY_WORDS]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let history = &rest[..history * PackedEvent::WORDS];
        (UserKey::from_bytes(key), Record { segments, history })
    }

    fn place(&self, slot: usize) -> usize {
        index(self.slots[slot].place) - 1
    }

    /// Words of the record at `place`.
    fn length(&self, place: usize) -> usize {
        let (segments, history) = counts(self.words[place + KEY_WORDS]);
        HEAD + segments + history * PackedEvent::WORDS
    }

    /// The slot of a person.
    fn find(&self, key: &UserKey) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let (mask, hash, wanted) = (self.slots.len() - 1, hash(key), key_words(key));
        let mut at = index(hash) & mask;
        loop {
            let slot = self.slots[at];
            if slot.place == 0 {
                return None;
            }
            if slot.hash == hash && self.words[index(slot.place) - 1..].starts_with(&wanted) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }

    fn insert(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut at = index(slot.hash) & mask;
        while self.slots[at].place != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = slot;
    }

    /// Frees a slot, and moves those behind it that would no longer be found.
    fn close_gap(&mut self, freed: usize) {
        let mask = self.slots.len() - 1;
        let (mut gap, mut at) = (freed, freed);
        loop {
            at = (at + 1) & mask;
            let slot = self.slots[at];
            if slot.place == 0 {
                break;
            }
            let home = index(slot.hash) & mask;
            // How far each stands from its home, around the end: it may move no further back than that.
            if (at.wrapping_sub(home) & mask) >= (at.wrapping_sub(gap) & mask) {
                self.slots[gap] = slot;
                gap = at;
            }
        }
        self.slots[gap] = Slot::default();
    }

    /// Makes room for one more slot: at most three of four are taken.
    fn grow_slots(&mut self) {
        if (self.people + 1) * 4 <= self.slots.len() * 3 {
            return;
        }
        let more = vec![Slot::default(); (self.slots.len() * 2).max(SLOTS_MIN)].into_boxed_slice();
        for slot in std::mem::replace(&mut self.slots, more) {
            if slot.place != 0 {
                self.insert(slot);
            }
        }
    }

    /// Writes a record at the end; its place, plus one.
    fn append(&mut self, key: &UserKey, known: &Known, length: usize) -> u32 {
        let place = self.words.len();
        if self.words.capacity() < place + length {
            // An eighth more, not twice as much: the block is most of the memory.
            self.words.reserve_exact(length.max(place / 8));
        }
        self.words.resize(place + length, 0);
        self.write_at(place, key, known);
        u32::try_from(place + 1).expect("a shard of thousands of people has far less than 16 GB")
    }

    fn write_at(&mut self, place: usize, key: &UserKey, known: &Known) {
        let (head, body) = self.words[place..].split_at_mut(HEAD);
        head[..KEY_WORDS].copy_from_slice(&key_words(key));
        head[KEY_WORDS] = packed_counts(known);
        let (segments, history) = body.split_at_mut(known.segments.len());
        for (word, segment) in segments.iter_mut().zip(&known.segments) {
            *word = segment.word();
        }
        for (words, event) in history.as_chunks_mut().0.iter_mut().zip(&known.history) {
            *words = event.words();
        }
    }

    /// Writes the block anew if an eighth of it is left behind.
    fn tidy(&mut self) {
        if self.left_behind * 8 > self.words.len() {
            self.rewrite(self.words.len() / 16);
        }
    }

    fn rewrite(&mut self, reserve: usize) {
        let mut fresh = Vec::with_capacity(self.words.len() - self.left_behind + reserve);
        for at in 0..self.slots.len() {
            if self.slots[at].place != 0 {
                let place = self.place(at);
                let length = self.length(place);
                self.slots[at].place = u32::try_from(fresh.len() + 1).expect("it was as many before");
                fresh.extend_from_slice(&self.words[place..place + length]);
            }
        }
        self.words = fresh;
        self.left_behind = 0;
    }
}

/// Where a person's slot is looked for. Keys are keyed hashes, so that their own bits are as good as any.
fn hash(key: &UserKey) -> u32 {
    key_words(key)[1]
}

fn key_words(key: &UserKey) -> [u32; KEY_WORDS] {
    let words = key.as_bytes().as_chunks().0;
    std::array::from_fn(|at| u32::from_le_bytes(words[at]))
}

fn packed_counts(known: &Known) -> u32 {
    let count = |length: usize| u16::try_from(length).expect("both lists have limits below 65,536");
    u32::from(count(known.segments.len())) << 16 | u32::from(count(known.history.len()))
}

fn counts(word: u32) -> (usize, usize) {
    (index(word >> 16), index(word & 0xffff))
}

fn index(word: u32) -> usize {
    usize::try_from(word).expect("a word has at least 32 bits")
}
