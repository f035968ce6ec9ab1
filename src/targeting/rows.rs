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

#[cfg(test)]
mod tests {
    use super::{BLOCK_ROWS, Rows};

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
}
