//! The walk over an index: some rows at a time, in order of value.

use smallvec::SmallVec;

use crate::campaign::Attribute;
use crate::targeting::column::{Choice, Column, Group};
use crate::targeting::lookup::{Code, Lane, Link, Lookup, Posting};
use crate::targeting::rows::BLOCK_WORDS;
use crate::targeting::{Index, Rows, Scene};

/// Words of the first step. Steps double up to a block: who wants ten rows finds them in the first, who
/// wants all takes large ones.
const FIRST_STEP: usize = 8;
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
        let is_shunned = self.is_hit(shunned);
        // What is left has no clause here, mostly.
        let needs_key = left.iter().zip(base).fold(0, |needs, (bits, base)| needs | bits & !base) != 0;
        if !is_shunned && !(needs_key && self.is_hit(wanted)) {
            left.iter_mut().zip(base).for_each(|(bits, base)| *bits &= base);
            return;
        }
        let mut passing = [0; BLOCK_WORDS];
        let passing = &mut passing[..left.len()];
        passing.copy_from_slice(base);
        if is_shunned {
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
            let hit = &mut self.hits[at as usize];
            at = hit.next;
            let link = hit.link;
            match self.lookup.posting(&link) {
                Posting::Dense(words) => {
                    let words = &words[start..start + bits.len()];
                    bits.iter_mut().zip(words).for_each(|(bits, more)| *bits |= more);
                }
                Posting::Sparse(rows) => {
                    hit.passed += add_sparse(bits, &rows[hit.passed as usize..], start * 64)
                }
            }
        }
    }
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
