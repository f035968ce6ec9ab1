//! A row of bits, one for each line item of an index.

/// Words of a block. A search looks at a block or a part of one in one step.
pub(super) const BLOCK_WORDS: usize = 64;
/// Rows of a block.
pub(super) const BLOCK_ROWS: usize = BLOCK_WORDS * 64;

/// A bit row over the rows of an [`Index`](crate::targeting::Index), as "may bid now".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    words: Box<[u64]>,
    len: usize,
}

impl Rows {
    /// `len` rows, all out.
    #[must_use]
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)].into(), len }
    }

    /// `len` rows, all in.
    #[must_use]
    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let Some(last) = words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words: words.into(), len }
    }

    /// How many rows there are, in or out.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are no rows at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many rows are in.
    #[must_use]
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Puts `row` in.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn set(&mut self, row: usize) {
        assert!(row < self.len, "row {row} of {}", self.len);
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Puts `row` out.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn clear(&mut self, row: usize) {
        assert!(row < self.len, "row {row} of {}", self.len);
        self.words[row / 64] &= !(1 << (row % 64));
    }

    /// True if `row` is in; false also if there is no such row.
    #[must_use]
    pub fn contains(&self, row: usize) -> bool {
        row < self.len && self.words[row / 64] >> (row % 64) & 1 == 1
    }

    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }
}

/// A row of bits that is stored only in the blocks in which some row differs from the others: most columns
/// say something of a few rows.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    /// Where each block is in `words`, in blocks; [`ABSENT`] if it is not stored.
    at: Box<[u32]>,
    words: Vec<u64>,
    /// What bits are until they are set or cleared.
    usual: u64,
}

const ABSENT: u32 = u32::MAX;

impl Blocks {
    /// Over `len` rows, all in or all out.
    pub(super) fn new(len: usize, usual: bool) -> Self {
        let usual = if usual { u64::MAX } else { 0 };
        Self { at: vec![ABSENT; len.div_ceil(BLOCK_ROWS)].into(), words: Vec::new(), usual }
    }

    /// The words of a block, if some row of it was set, cleared or touched.
    pub(super) fn block(&self, block: usize) -> Option<&[u64]> {
        let at = self.at[block] as usize;
        self.words.get(at * BLOCK_WORDS..(at + 1) * BLOCK_WORDS)
    }

    /// Puts `row` in.
    pub(super) fn set(&mut self, row: usize) {
        *self.word(row) |= 1 << (row % 64);
    }

    /// Puts `row` out.
    pub(super) fn clear(&mut self, row: usize) {
        *self.word(row) &= !(1 << (row % 64));
    }

    /// Leaves `row` as it is, and stores its block.
    pub(super) fn touch(&mut self, row: usize) {
        self.word(row);
    }

    /// How many rows differ from the usual.
    pub(super) fn unusual(&self) -> usize {
        self.words.iter().map(|word| (word ^ self.usual).count_ones() as usize).sum()
    }

    /// Drops what building left over.
    pub(super) fn seal(&mut self) {
        self.words.shrink_to_fit();
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.at) + size_of_val(&*self.words)
    }

    fn word(&mut self, row: usize) -> &mut u64 {
        let at = &mut self.at[row / BLOCK_ROWS];
        if *at == ABSENT {
            *at = u32::try_from(self.words.len() / BLOCK_WORDS).expect("as many blocks as rows at most");
            self.words.resize(self.words.len() + BLOCK_WORDS, self.usual);
        }
        &mut self.words[*at as usize * BLOCK_WORDS + row % BLOCK_ROWS / 64]
    }
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_ROWS, BLOCK_WORDS, Blocks, Rows};

    #[test]
    fn a_row_is_in_after_set_and_out_after_clear() {
        for len in [1, 63, 64, 65, BLOCK_ROWS, BLOCK_ROWS + 1] {
            let mut rows = Rows::none(len);
            assert_eq!((rows.len(), rows.count(), rows.is_empty()), (len, 0, false));
            rows.set(len - 1);
            assert!(rows.contains(len - 1));
            assert_eq!(rows.count(), 1);
            rows.clear(len - 1);
            assert_eq!(rows, Rows::none(len));
            assert_eq!(Rows::all(len).count(), len);
        }
    }

    #[test]
    fn beyond_the_end_nothing_is_in() {
        assert!(!Rows::all(3).contains(3));
        assert!(!Rows::all(0).contains(0));
        assert!(Rows::all(0).is_empty());
    }

    #[test]
    fn only_blocks_that_differ_are_stored() {
        let mut blocks = Blocks::new(3 * BLOCK_ROWS, true);
        blocks.clear(BLOCK_ROWS + 65);
        assert_eq!(blocks.unusual(), 1);
        assert_eq!((blocks.block(0), blocks.block(2)), (None, None));
        let block = blocks.block(1).unwrap();
        assert_eq!((block.len(), block[0], block[1]), (BLOCK_WORDS, u64::MAX, !2));
        blocks.set(BLOCK_ROWS + 65);
        blocks.touch(0);
        assert_eq!(blocks.unusual(), 0);
        assert_eq!(blocks.block(0), blocks.block(1));
    }
}
