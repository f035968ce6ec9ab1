//! Some thousand people side by side: a small directory of groups, and the words of all in one block.
//!
//! A group is two or three people whose records follow each other; the directory, 4 bytes a group, stays in the
//! processor's caches, so that a lookup waits for memory once. A record is its key (4 words), its two counts
//! (1 word), its segments and its events. A group that grows moves to the end, and once an eighth of the block
//! is left behind, the block is written anew.

use crate::audience::packed::{Known, PackedEvent, PackedSegment};
use crate::units::UserKey;

/// Words before the segments: key and counts.
const HEAD: usize = 5;
const KEY_WORDS: usize = 4;
const GROUPS_MIN: usize = 8;
/// People to a group at most, in the mean: one more, and there are twice as many groups.
const GROUP_MEAN_MAX: usize = 4;

/// Where a group begins, 24 bits, and how many people are in it, 8 bits.
#[derive(Debug, Clone, Copy, Default)]
struct Group(u32);

impl Group {
    const COUNT_BITS: u32 = 8;
    const COUNT_MAX: usize = 255;
    /// Words of a shard: more than 20,000 people with all that may be known of each.
    const PLACE_MAX: usize = (1 << 24) - 1;

    fn new(place: usize, count: usize) -> Self {
        let held = |number| u32::try_from(number).expect("checked against its limit before");
        Self((held(place) << Self::COUNT_BITS) | held(count))
    }

    fn place(self) -> usize {
        index(self.0 >> Self::COUNT_BITS)
    }

    fn count(self) -> usize {
        index(self.0 & 0xff)
    }
}

/// Some of all people.
#[derive(Debug, Default)]
pub struct Shard {
    groups: Box<[Group]>,
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

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        self.groups.len() * size_of::<Group>() + self.words.capacity() * size_of::<u32>()
    }

    /// These people and no others, in a block without reserve. Gives back how many found no room, too.
    #[must_use]
    pub fn of(people: &[(UserKey, Known)]) -> (Self, usize) {
        let groups = people.len().div_ceil(GROUP_MEAN_MAX).max(GROUPS_MIN).next_power_of_two();
        let mut order: Vec<(usize, &(UserKey, Known))> =
            people.iter().map(|person| (group_of(&person.0, groups), person)).collect();
        order.sort_by_key(|(group, _)| *group);
        let length = people.iter().map(|(_, known)| record_length(known)).sum();
        let mut shard = Self {
            groups: vec![Group::default(); groups].into_boxed_slice(),
            words: Vec::with_capacity(length),
            ..Self::default()
        };
        for of_one in order.chunk_by(|(one, _), (next, _)| one == next) {
            let (place, mut count) = (shard.words.len(), 0);
            for (_, (key, known)) in of_one {
                let fits = count < Group::COUNT_MAX && shard.has_room(record_length(known));
                if fits && !known.is_empty() {
                    shard.append(key, known);
                    count += 1;
                }
            }
            shard.people += count;
            if count > 0 {
                shard.groups[of_one[0].0] = Group::new(place, count);
            }
        }
        let wanted = people.iter().filter(|(_, known)| !known.is_empty()).count();
        let refused = wanted - shard.people;
        (shard, refused)
    }

    /// Takes what is known of a person as it is now; nothing known is nobody. False if there is no room.
    #[must_use]
    pub fn put(&mut self, key: &UserKey, known: &Known) -> bool {
        if known.is_empty() {
            self.remove(key);
            return true;
        }
        let length = record_length(known);
        let found = self.find(key);
        if let Some((place, old)) = found
            && old == length
        {
            write(&mut self.words[place..place + length], key, known);
            return true;
        }
        if self.groups.is_empty() || (self.people + 1) > self.groups.len() * GROUP_MEAN_MAX {
            self.rewrite((self.groups.len() * 2).max(GROUPS_MIN), self.words.len() / 16);
            return self.put(key, known);
        }
        let at = group_of(key, self.groups.len());
        let group = self.groups[at];
        if found.is_none() && group.count() >= Group::COUNT_MAX {
            return false;
        }
        let moved: usize = self.members(group).map(|(_, length)| length).sum();
        if !self.has_room(moved + length) {
            return false;
        }
        self.reserve(moved + length);
        let place = self.move_group(at, found.map(|(place, _)| place));
        self.append(key, known);
        self.groups[at] = Group::new(place, group.count() + usize::from(found.is_none()));
        self.people += usize::from(found.is_none());
        self.tidy();
        true
    }

    /// Forgets a person; false if there is no such.
    pub fn remove(&mut self, key: &UserKey) -> bool {
        let Some((place, _)) = self.find(key) else { return false };
        let at = group_of(key, self.groups.len());
        let left = self.groups[at].count() - 1;
        let moved: usize = self.members(self.groups[at]).map(|(_, length)| length).sum();
        if !self.has_room(moved) {
            self.rewrite(self.groups.len(), moved);
            return self.remove(key);
        }
        self.reserve(moved);
        let place = self.move_group(at, Some(place));
        self.groups[at] = if left == 0 { Group::default() } else { Group::new(place, left) };
        self.people -= 1;
        self.tidy();
        true
    }

    pub(in crate::audience) fn record(&self, key: &UserKey) -> Option<Record<'_>> {
        self.find(key).map(|(place, _)| self.record_at(place))
    }

    /// Everyone, in no order.
    pub(in crate::audience) fn everyone(&self) -> impl Iterator<Item = (UserKey, Record<'_>)> {
        let places = self.groups.iter().flat_map(|group| self.members(*group));
        places.map(|(place, _)| (self.key_at(place), self.record_at(place)))
    }

    fn key_at(&self, place: usize) -> UserKey {
        let mut key = [0; 16];
        for (bytes, word) in key.chunks_exact_mut(4).zip(&self.words[place..place + KEY_WORDS]) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        UserKey::from_bytes(key)
    }

    fn record_at(&self, place: usize) -> Record<'_> {
        let (segments, history) = counts(self.words[place + KEY_WORDS]);
        let (segments, rest) = self.words[place + HEAD..].split_at(segments);
        Record { segments, history: &rest[..history * PackedEvent::WORDS] }
    }

    /// Place and length of each record of a group.
    fn members(&self, group: Group) -> impl Iterator<Item = (usize, usize)> {
        let mut next = group.place();
        (0..group.count()).map(move |_| {
            let (segments, history) = counts(self.words[next + KEY_WORDS]);
            let (place, length) = (next, HEAD + segments + history * PackedEvent::WORDS);
            next += length;
            (place, length)
        })
    }

    /// Place and length of a person's record.
    fn find(&self, key: &UserKey) -> Option<(usize, usize)> {
        if self.groups.is_empty() {
            return None;
        }
        let wanted = key_words(key);
        let group = self.groups[group_of(key, self.groups.len())];
        self.members(group).find(|(place, _)| self.words[*place..].starts_with(&wanted))
    }

    fn has_room(&self, length: usize) -> bool {
        self.words.len() + length <= Group::PLACE_MAX
    }

    /// Makes room at the end: an eighth more, not twice as much, since the block is most of the memory.
    fn reserve(&mut self, length: usize) {
        if self.words.capacity() < self.words.len() + length {
            self.words.reserve_exact(length.max(self.words.len() / 8));
        }
    }

    /// Moves a group to the end, but for the record at one place; where it begins there. What is left behind is
    /// overwritten: nobody's words stay.
    fn move_group(&mut self, at: usize, but_for: Option<usize>) -> usize {
        let begin = self.words.len();
        let group = self.groups[at];
        let mut place = group.place();
        for _ in 0..group.count() {
            let length = self.length(place);
            if but_for != Some(place) {
                self.words.extend_from_within(place..place + length);
            }
            self.words[place..place + length].fill(0);
            self.left_behind += length;
            place += length;
        }
        begin
    }

    /// Words of the record at `place`.
    fn length(&self, place: usize) -> usize {
        let (segments, history) = counts(self.words[place + KEY_WORDS]);
        HEAD + segments + history * PackedEvent::WORDS
    }

    /// Writes a record at the end.
    fn append(&mut self, key: &UserKey, known: &Known) {
        let place = self.words.len();
        self.words.resize(place + record_length(known), 0);
        write(&mut self.words[place..], key, known);
    }

    /// Writes the block anew if an eighth of it is left behind.
    fn tidy(&mut self) {
        if self.left_behind * 8 > self.words.len() {
            self.rewrite(self.groups.len(), self.words.len() / 16);
        }
    }

    /// Writes the block anew, in as many groups, or twice as many.
    fn rewrite(&mut self, groups: usize, reserve: usize) {
        let mut words = Vec::with_capacity(self.words.len() - self.left_behind + reserve);
        let mut fresh = vec![Group::default(); groups].into_boxed_slice();
        for (at, group) in fresh.iter_mut().enumerate() {
            let Some(old) = self.groups.get(at & (self.groups.len().wrapping_sub(1))) else { break };
            let (place, mut count) = (words.len(), 0);
            for (member, length) in self.members(*old) {
                let record = &self.words[member..member + length];
                if index(record[HASH_WORD]) & (groups - 1) == at {
                    words.extend_from_slice(record);
                    count += 1;
                }
            }
            if count > 0 {
                *group = Group::new(place, count);
            }
        }
        (self.groups, self.words, self.left_behind) = (fresh, words, 0);
    }
}

/// The word of a key that says its group. Keys are keyed hashes, so that their own bits are as good as any.
const HASH_WORD: usize = 1;

/// The group of a person, of a power of two of groups.
fn group_of(key: &UserKey, groups: usize) -> usize {
    index(key_words(key)[HASH_WORD]) & (groups - 1)
}

fn record_length(known: &Known) -> usize {
    HEAD + known.segments.len() + known.history.len() * PackedEvent::WORDS
}

fn write(words: &mut [u32], key: &UserKey, known: &Known) {
    let (head, body) = words.split_at_mut(HEAD);
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

fn key_words(key: &UserKey) -> [u32; KEY_WORDS] {
    let words = key.as_bytes().as_chunks().0;
    std::array::from_fn(|at| u32::from_le_bytes(words[at]))
}

fn packed_counts(known: &Known) -> u32 {
    let count = |length: usize| u16::try_from(length).expect("whoever reads a row refuses longer lists");
    u32::from(count(known.segments.len())) << 16 | u32::from(count(known.history.len()))
}

fn counts(word: u32) -> (usize, usize) {
    (index(word >> 16), index(word & 0xffff))
}

fn index(word: u32) -> usize {
    usize::try_from(word).expect("a word has at least 32 bits")
}
