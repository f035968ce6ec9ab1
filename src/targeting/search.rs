//! The walk over an index: block by block, in order of value.

use smallvec::SmallVec;

use crate::targeting::column::Posting;
use crate::targeting::rows::{BLOCK_ROWS, BLOCK_WORDS, Block};
use crate::targeting::{Index, Rows, Scene};

/// The rows whose rule holds in a scene, best value first. Made by [`Index::search`].
#[derive(Debug)]
pub struct Search<'s> {
    index: &'s Index,
    scene: &'s Scene<'s>,
    live: &'s [Block],
    filters: SmallVec<[Filter<'s>; 16]>,
    /// The postings of all filters, those of the first filter first.
    postings: SmallVec<[Posting<'s>; 32]>,
    /// Rows before this one are not looked at.
    from: usize,
    next_block: usize,
    /// The block that is being handed out: its number, what is left of it, and the word to go on with.
    block: usize,
    left: Block,
    word: usize,
}

/// What one column lets pass: its base rows and the postings up to `postings_end`.
#[derive(Debug)]
struct Filter<'s> {
    base: &'s [Block],
    postings_end: usize,
}

impl<'s> Search<'s> {
    pub(super) fn new(index: &'s Index, scene: &'s Scene<'s>, live: &'s Rows, from: usize) -> Self {
        let mut filters = SmallVec::new();
        let mut postings = SmallVec::new();
        for column in index.columns() {
            let keys = scene.keys(column.attribute);
            postings.extend(keys.iter().filter_map(|key| column.posting(*key)));
            let base = column.base(scene.tells(column.attribute));
            filters.push(Filter { base, postings_end: postings.len() });
        }
        Self {
            index,
            scene,
            live: live.blocks(),
            filters,
            postings,
            from,
            next_block: from / BLOCK_ROWS,
            block: 0,
            left: [0; BLOCK_WORDS],
            word: BLOCK_WORDS,
        }
    }

    /// The next row left in the block at hand.
    fn take_row(&mut self) -> Option<usize> {
        while self.word < BLOCK_WORDS {
            let bits = self.left[self.word];
            if bits != 0 {
                self.left[self.word] = bits & (bits - 1);
                return Some(self.block * BLOCK_ROWS + self.word * 64 + bits.trailing_zeros() as usize);
            }
            self.word += 1;
        }
        None
    }

    /// Goes on to the next block in which a row is left; false at the end.
    fn fill(&mut self) -> bool {
        let blocks = self.live.len().min(self.index.len().div_ceil(BLOCK_ROWS));
        while self.next_block < blocks {
            self.block = self.next_block;
            self.next_block += 1;
            self.left = self.live[self.block];
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
        let start = self.from.saturating_sub(self.block * BLOCK_ROWS);
        if start == 0 {
            return;
        }
        for (word, bits) in self.left.iter_mut().enumerate() {
            let before = start.saturating_sub(word * 64).min(64);
            *bits &= u64::MAX.checked_shl(u32::try_from(before).expect("at most 64")).unwrap_or(0);
        }
    }

    /// Leaves in the block what every column lets pass; false if nothing.
    fn narrow(&mut self) -> bool {
        let first_row = self.block * BLOCK_ROWS;
        let mut postings_from = 0;
        for filter in &self.filters {
            let mut passing = filter.base[self.block];
            for posting in &mut self.postings[postings_from..filter.postings_end] {
                match posting {
                    Posting::Dense(blocks) => {
                        passing.iter_mut().zip(&blocks[self.block]).for_each(|(bits, more)| *bits |= more);
                    }
                    Posting::Sparse(rows) => add_sparse(&mut passing, rows, first_row),
                }
            }
            postings_from = filter.postings_end;
            let mut any = 0;
            for (bits, passing) in self.left.iter_mut().zip(&passing) {
                *bits &= passing;
                any |= *bits;
            }
            if any == 0 {
                return false;
            }
        }
        true
    }
}

impl Iterator for Search<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            while let Some(row) = self.take_row() {
                if self.index.is_exact(row) || self.index.holds(row, self.scene) {
                    return Some(row);
                }
            }
            if !self.fill() {
                return None;
            }
        }
    }
}

/// Sets the bits of the `rows` that lie in the block starting at `first_row`, and drops from `rows` all
/// up to its end: later blocks only come after it.
fn add_sparse(block: &mut Block, rows: &mut &[u32], first_row: usize) {
    let skipped = rows.partition_point(|row| (*row as usize) < first_row);
    let mut rest = &rows[skipped..];
    while let Some((row, more)) = rest.split_first() {
        let at = *row as usize - first_row;
        if at >= BLOCK_ROWS {
            break;
        }
        block[at / 64] |= 1 << (at % 64);
        rest = more;
    }
    *rows = rest;
}
