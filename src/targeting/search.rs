//! The walk over an index: some rows at a time, in order of value.

use smallvec::SmallVec;

use crate::campaign::Attribute;
use crate::targeting::column::{Choice, Column, Group};
use crate::targeting::lookup::{Code, Lane, Posting};
use crate::targeting::rows::BLOCK_WORDS;
use crate::targeting::{Index, Rows, Scene};

/// Words of the first step. Steps double up to a block: who wants ten rows finds them in the first, who
/// wants all takes large ones.
const FIRST_STEP: usize = 8;
/// Ends a chain.
const END: u32 = u32::MAX;
/// Lanes of an index of usual rules, and postings that a usual scene has: they take no allocation.
const LANES_INLINE: usize = 64;
const POSTINGS_INLINE: usize = 64;

/// The rows whose rule holds in a scene, best value first. Made by [`Index::search`].
#[derive(Debug)]
pub struct Search<'s> {
    index: &'s Index,
    scene: &'s Scene<'s>,
    live: &'s [u64],
    hits: Hits<'s>,
    /// Rows before this one are not looked at.
    from: usize,
    /// The next word to look at, and how many from there.
    next: usize,
    step: usize,
    /// What is being handed out: the word it begins at, how many words, what is left of them, and the word
    /// to go on with.
    start: usize,
    words: usize,
    left: [u64; BLOCK_WORDS],
    word: usize,
}

/// The postings of a scene's keys, by lane.
#[derive(Debug)]
struct Hits<'s> {
    /// By lane: its first posting.
    first: SmallVec<[u32; LANES_INLINE]>,
    /// Each with the next one of its lane.
    postings: SmallVec<[(Posting<'s>, u32); POSTINGS_INLINE]>,
}

impl<'s> Search<'s> {
    pub(super) fn new(index: &'s Index, scene: &'s Scene<'s>, live: &'s Rows, from: usize) -> Self {
        Self {
            index,
            scene,
            live: live.words(),
            hits: Hits::of(index, scene),
            from,
            next: from / 64 / FIRST_STEP * FIRST_STEP,
            step: FIRST_STEP,
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
            // A step stays within a block.
            let to_block_end = BLOCK_WORDS - self.start % BLOCK_WORDS;
            self.words = self.step.min(to_block_end).min(end - self.start);
            self.next += self.words;
            self.step = (self.step * 2).min(BLOCK_WORDS);
            let Self { words, start, .. } = *self;
            self.left[..words].copy_from_slice(&self.live[start..start + words]);
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
        self.hits.narrow(self.index.group(), self.start, &mut self.left[..self.words])
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
        let mut hits = Self { first: SmallVec::from_elem(END, index.lanes()), postings: SmallVec::new() };
        let lookup = index.lookup();
        let mut asked = index.attributes();
        while asked != 0 {
            let attribute = Attribute::ALL[asked.trailing_zeros() as usize];
            asked &= asked - 1;
            if !scene.tells(attribute) {
                lookup.postings(Code::untold(attribute), |lane, posting| hits.add(lane, posting));
            }
            for key in scene.keys(attribute) {
                lookup.postings(Code::of(attribute, *key), |lane, posting| hits.add(lane, posting));
            }
        }
        hits
    }

    fn add(&mut self, lane: Lane, posting: Posting<'s>) {
        let first = &mut self.first[usize::from(lane)];
        self.postings.push((posting, *first));
        *first = u32::try_from(self.postings.len() - 1).expect("a body holds fewer than 2^32 values");
    }

    /// Leaves in `left`, the words from `start` on, the rows that pass `group`; false if none is left.
    fn narrow(&mut self, group: &Group, start: usize, left: &mut [u64]) -> bool {
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
    fn narrow_column(&mut self, column: &Column, base: &[u64], start: usize, left: &mut [u64]) {
        let base = &base[start % BLOCK_WORDS..][..left.len()];
        let (wanted, shunned) = (column.lane, column.shunned_lane());
        if !self.is_hit(wanted) && !self.is_hit(shunned) {
            left.iter_mut().zip(base).for_each(|(bits, base)| *bits &= base);
            return;
        }
        let mut passing = [0; BLOCK_WORDS];
        let passing = &mut passing[..left.len()];
        passing.copy_from_slice(base);
        if self.is_hit(shunned) {
            let mut hit = [0; BLOCK_WORDS];
            let hit = &mut hit[..left.len()];
            self.add_lane(shunned, start, hit);
            passing.iter_mut().zip(&*hit).for_each(|(bits, hit)| *bits &= !hit);
        }
        self.add_lane(wanted, start, passing);
        left.iter_mut().zip(&*passing).for_each(|(bits, passing)| *bits &= passing);
    }

    /// Leaves in `left` the rows that pass a branch of `choice`, or have none of them.
    fn choose(&mut self, choice: &Choice, base: &[u64], start: usize, left: &mut [u64]) {
        let mut passing = [0; BLOCK_WORDS];
        let passing = &mut passing[..left.len()];
        let own = |block: &[u64], out: &mut [u64], left: &[u64]| {
            let block = &block[start % BLOCK_WORDS..];
            out.iter_mut().zip(block).zip(left).for_each(|((out, bits), left)| *out = bits & left);
        };
        own(base, passing, left);
        for branch in &choice.branches {
            let Some(rows) = branch.rows.block(start / BLOCK_WORDS) else { continue };
            let mut taking = [0; BLOCK_WORDS];
            let taking = &mut taking[..left.len()];
            own(rows, taking, left);
            if any(taking) && self.narrow(&branch.group, start, taking) {
                passing.iter_mut().zip(&*taking).for_each(|(bits, taking)| *bits |= taking);
            }
        }
        left.copy_from_slice(passing);
    }

    fn is_hit(&self, lane: Lane) -> bool {
        self.first[usize::from(lane)] != END
    }

    /// Adds to `bits`, which are the words from `start` on, the rows that the scene has a key for on `lane`.
    fn add_lane(&mut self, lane: Lane, start: usize, bits: &mut [u64]) {
        let mut at = self.first[usize::from(lane)];
        while at != END {
            let (posting, next) = &mut self.postings[at as usize];
            at = *next;
            match posting {
                Posting::Dense(words) => {
                    let words = &words[start..start + bits.len()];
                    bits.iter_mut().zip(words).for_each(|(bits, more)| *bits |= more);
                }
                Posting::Sparse(rows) => add_sparse(bits, rows, start * 64),
            }
        }
    }
}

fn any(bits: &[u64]) -> bool {
    bits.iter().fold(0, |any, bits| any | bits) != 0
}

/// Sets in `bits` those of the `rows` from `first_row` on that lie in them, and drops from `rows` all up to
/// their end: later steps only come after it.
fn add_sparse(bits: &mut [u64], rows: &mut &[u32], first_row: usize) {
    let mut rest = *rows;
    if rest.first().is_some_and(|row| (*row as usize) < first_row) {
        rest = &rest[rest.partition_point(|row| (*row as usize) < first_row)..];
    }
    while let Some((row, more)) = rest.split_first() {
        let at = *row as usize - first_row;
        let Some(word) = bits.get_mut(at / 64) else { break };
        *word |= 1 << (at % 64);
        rest = more;
    }
    *rows = rest;
}
