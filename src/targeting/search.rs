//! The walk over an index: some rows at a time, in order of value.

use smallvec::SmallVec;

use crate::campaign::Attribute;
use crate::targeting::column::{Choice, Column, Group};
use crate::targeting::lookup::{Code, Lane, Link, Lookup, Posting};
use crate::targeting::rows::BLOCK_WORDS;
use crate::targeting::{Index, Rows, Scene};

/// Words of a step in the first block: who wants ten rows finds them there. Who wants all takes a block at a time
/// after it.
const SMALL_STEP: usize = 8;
/// Ends a chain.
const END: u32 = u32::MAX;
/// Lanes of an index of flat rules, and hits of a usual scene there: they take no allocation.
const LANES_INLINE: usize = 64;
const HITS_INLINE: usize = 96;

/// The rows whose rule holds in a scene, best value first. Made by [`Index::search`].
#[derive(Debug)]
pub struct Search<'s> {
    index: &'s Index,
    scene: &'s Scene<'s>,
    live: &'s [u64],
    hits: Hits<'s>,
    /// Rows before this one are not looked at.
    from: usize,
    /// The next word to look at.
    next: usize,
    /// What is being handed out: the word it begins at, how many words, what is left of them, and the word
    /// to go on with.
    start: usize,
    words: usize,
    left: [u64; BLOCK_WORDS],
    word: usize,
}

/// What a scene's keys lead to, by lane.
#[derive(Debug)]
struct Hits<'s> {
    lookup: &'s Lookup,
    /// By lane: its first hit.
    first: SmallVec<[u32; LANES_INLINE]>,
    hits: SmallVec<[Hit; HITS_INLINE]>,
}

/// Rows that the scene has a key for on a lane. They are not read before a step needs them.
#[derive(Debug, Clone, Copy)]
struct Hit {
    link: Link,
    /// How many rows of a list lie before the steps to come.
    passed: u32,
    /// The next hit of the lane.
    next: u32,
}

impl<'s> Search<'s> {
    pub(super) fn new(index: &'s Index, scene: &'s Scene<'s>, live: &'s Rows, from: usize) -> Self {
        Self {
            index,
            scene,
            live: live.words(),
            hits: Hits::of(index, scene),
            from,
            next: from / 64 / SMALL_STEP * SMALL_STEP,
            start: 0,
            words: 0,
            left: [0; BLOCK_WORDS],
            word: 0,
        }
    }

    /// The next row that holds, if there is one before `end`. With a later `end` the search goes on.
    pub(super) fn next_before(&mut self, end: usize) -> Option<usize> {
        loop {
            while let Some(row) = self.take_row(end) {
                if self.index.is_exact(row) || self.index.residual_holds(row, self.scene) {
                    return Some(row);
                }
            }
            if !self.fill(end) {
                return None;
            }
        }
    }

    /// The next row before `end` of what is being handed out.
    fn take_row(&mut self, end: usize) -> Option<usize> {
        while self.word < self.words {
            let bits = self.left[self.word];
            if bits != 0 {
                let row = (self.start + self.word) * 64 + bits.trailing_zeros() as usize;
                if row >= end {
                    return None;
                }
                self.left[self.word] = bits & (bits - 1);
                return Some(row);
            }
            self.word += 1;
        }
        None
    }

    /// Steps on until a row is left; false if there is none before `end`, whose word may be looked at.
    fn fill(&mut self, end: usize) -> bool {
        let end = self.live.len().min(self.index.len().min(end).div_ceil(64));
        while self.next < end {
            self.start = self.next;
            let is_first = self.start / BLOCK_WORDS == self.from / 64 / BLOCK_WORDS;
            self.words = if is_first { SMALL_STEP } else { BLOCK_WORDS };
            self.next += self.words;
            let live = &self.live[self.start..];
            let live = &live[..live.len().min(self.words)];
            self.left = [0; BLOCK_WORDS];
            self.left[..live.len()].copy_from_slice(live);
            self.mask_start();
            if self.narrow() {
                self.word = 0;
                return true;
            }
        }
        false
    }

    /// Takes out the rows before `from`.
    fn mask_start(&mut self) {
        let before = self.from.saturating_sub(self.start * 64);
        if before == 0 {
            return;
        }
        for (word, bits) in self.left.iter_mut().enumerate() {
            let before = before.saturating_sub(word * 64).min(64);
            *bits &= u64::MAX.checked_shl(u32::try_from(before).expect("at most 64")).unwrap_or(0);
        }
    }

    /// Leaves what the columns let pass; false if nothing.
    fn narrow(&mut self) -> bool {
        let group = self.index.group();
        if self.words == BLOCK_WORDS {
            return self.hits.narrow(group, self.start, &mut self.left);
        }
        let left = self.left.first_chunk_mut().expect("a small step is part of a block");
        self.hits.narrow::<SMALL_STEP>(group, self.start, left)
    }
}

impl Iterator for Search<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        self.next_before(self.index.len())
    }
}

impl<'s> Hits<'s> {
    /// Looks up every key of `scene` that a rule may ask for.
    fn of(index: &'s Index, scene: &Scene<'_>) -> Self {
        let lookup = index.lookup();
        let first = SmallVec::from_elem(END, index.lanes());
        let mut hits = Self { lookup, first, hits: SmallVec::new() };
        let mut asked = index.attributes();
        while asked != 0 {
            let attribute = Attribute::ALL[asked.trailing_zeros() as usize];
            asked &= asked - 1;
            if !scene.tells(attribute) {
                lookup.links(Code::untold(attribute), |link| hits.add(link));
            }
            for key in scene.keys(attribute) {
                lookup.links(Code::of(attribute, *key), |link| hits.add(link));
            }
        }
        hits
    }

    fn add(&mut self, link: Link) {
        if self.hits.len() == self.hits.capacity() {
            // A scene of so many has more, mostly.
            self.hits.reserve(8 * HITS_INLINE);
        }
        let first = &mut self.first[usize::from(link.lane)];
        self.hits.push(Hit { link, passed: 0, next: *first });
        *first = u32::try_from(self.hits.len() - 1).expect("a body holds fewer than 2^32 values");
    }

    /// Leaves in `left`, the words from `start` on, the rows that pass `group`; false if none is left.
    fn narrow<const WORDS: usize>(&mut self, group: &Group, start: usize, left: &mut [u64; WORDS]) -> bool {
        for column in &group.columns {
            if let Some(base) = column.base.block(start / BLOCK_WORDS) {
                self.narrow_column(column, base, start, left);
                if !any(left) {
                    return false;
                }
            }
        }
        for choice in &group.choices {
            if let Some(base) = choice.base.block(start / BLOCK_WORDS) {
                self.choose(choice, base, start, left);
                if !any(left) {
                    return false;
                }
            }
        }
        true
    }

    /// Leaves in `left` the rows that pass `column`, whose base in this block is `base`.
    fn narrow_column<const WORDS: usize>(
        &mut self,
        column: &Column,
        base: &[u64],
        start: usize,
        left: &mut [u64; WORDS],
    ) {
        let base: &[u64; WORDS] = step_of(base, start % BLOCK_WORDS);
        let (wanted, shunned) = (column.lane, column.shunned_lane());
        let mut passing = *base;
        if self.is_hit(shunned) {
            let mut hit = [0; WORDS];
            self.add_lane(shunned, start, &mut hit);
            passing.iter_mut().zip(&hit).for_each(|(bits, hit)| *bits &= !hit);
        }
        // What is left has no clause here, mostly.
        let needs_key =
            left.iter().zip(&passing).fold(0, |needs, (bits, passing)| needs | bits & !passing) != 0;
        if !needs_key {
            return;
        }
        self.add_lane(wanted, start, &mut passing);
        left.iter_mut().zip(&passing).for_each(|(bits, passing)| *bits &= passing);
    }

    /// Leaves in `left` the rows that pass a branch of `choice`, or have none of them.
    fn choose<const WORDS: usize>(
        &mut self,
        choice: &Choice,
        base: &[u64],
        start: usize,
        left: &mut [u64; WORDS],
    ) {
        let own = |block: &[u64], left: &[u64; WORDS]| {
            let mut own = *step_of::<WORDS>(block, start % BLOCK_WORDS);
            own.iter_mut().zip(left).for_each(|(own, left)| *own &= left);
            own
        };
        let mut passing = own(base, left);
        if passing == *left {
            return;
        }
        for branch in &choice.branches {
            let Some(rows) = branch.rows.block(start / BLOCK_WORDS) else { continue };
            let mut taking = own(rows, left);
            // A row that has passed need not pass again.
            taking.iter_mut().zip(&passing).for_each(|(taking, passing)| *taking &= !passing);
            if any(&taking) && self.narrow(&branch.group, start, &mut taking) {
                passing.iter_mut().zip(&taking).for_each(|(bits, taking)| *bits |= taking);
            }
        }
        *left = passing;
    }

    fn is_hit(&self, lane: Lane) -> bool {
        self.first[usize::from(lane)] != END
    }

    /// Adds to `bits`, which are the words from `start` on, the rows that the scene has a key for on `lane`.
    fn add_lane<const WORDS: usize>(&mut self, lane: Lane, start: usize, bits: &mut [u64; WORDS]) {
        let mut at = self.first[usize::from(lane)];
        while at != END {
            let hit = &mut self.hits[at as usize];
            at = hit.next;
            let link = hit.link;
            match self.lookup.posting(&link) {
                Posting::Dense(words) => {
                    let words: &[u64; WORDS] = step_of(words, start);
                    bits.iter_mut().zip(words).for_each(|(bits, more)| *bits |= more);
                }
                Posting::Sparse(rows) => {
                    hit.passed += add_sparse(bits, &rows[hit.passed as usize..], start * 64);
                }
            }
        }
    }
}

/// The words of `row` from `start` on that a step looks at. Steps lie within blocks, and rows are whole blocks.
fn step_of<const WORDS: usize>(row: &[u64], start: usize) -> &[u64; WORDS] {
    row[start..].first_chunk().expect("a step lies within a block")
}

fn any(bits: &[u64]) -> bool {
    bits.iter().fold(0, |any, bits| any | bits) != 0
}

/// Sets in `bits` those of the `rows` from `first_row` on that lie in them. Returns how many rows lie before
/// their end: later steps only come after it.
fn add_sparse(bits: &mut [u64], rows: &[u32], first_row: usize) -> u32 {
    let mut passed = 0;
    if rows.first().is_some_and(|row| (*row as usize) < first_row) {
        passed = rows.partition_point(|row| (*row as usize) < first_row);
    }
    while let Some(row) = rows.get(passed) {
        let at = *row as usize - first_row;
        let Some(word) = bits.get_mut(at / 64) else { break };
        *word |= 1 << (at % 64);
        passed += 1;
    }
    u32::try_from(passed).expect("rows are numbered in 32 bits")
}
