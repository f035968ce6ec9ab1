//! One column of an index: at most one clause of each row, as bits.

use crate::targeting::Rows;
use crate::targeting::lookup::Lane;
use crate::targeting::rows::BLOCK_WORDS;

/// Which rows pass. A row passes that the scene has a key for on the column's lane. Of the others those in
/// `base` pass, unless the scene has a key for them on each negative lane that they use.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Of keys that let rows pass; the negative lanes follow.
    lane: Lane,
    negatives: u16,
    /// Rows without a clause here, and those that pass unless they shun what the scene has.
    base: Rows,
    /// True if all rows are in `base`.
    all: bool,
    /// For each negative lane after the first: rows that do not use it.
    idle: Vec<Rows>,
    /// A bit for each block: whether a row of it has a clause here.
    touched: Vec<u64>,
}

impl Column {
    /// A column of `rows` rows without any clause, whose lanes begin at `lane`.
    pub(super) fn new(rows: usize, lane: Lane, negatives: usize) -> Self {
        Self {
            lane,
            negatives: u16::try_from(negatives).expect("a column has a handful of lanes"),
            base: Rows::all(rows),
            all: false,
            idle: (1..negatives).map(|_| Rows::all(rows)).collect(),
            touched: vec![0; rows.div_ceil(64 * BLOCK_WORDS).div_ceil(64)],
        }
    }

    /// The lane of keys that let rows pass.
    pub(super) fn lane(&self) -> Lane {
        self.lane
    }

    /// The lane of the keys that a row shuns in its so-manieth negative literal.
    pub(super) fn negative_lane(&self, number: u16) -> Lane {
        self.lane + 1 + number
    }

    /// The negative lanes.
    pub(super) fn negative_lanes(&self) -> std::ops::Range<Lane> {
        self.lane + 1..self.lanes_end()
    }

    /// Where the next column's lanes can begin.
    pub(super) fn lanes_end(&self) -> Lane {
        self.lane + 1 + self.negatives
    }

    /// Notes that `row` has a clause here, with so many negative literals.
    pub(super) fn constrain(&mut self, row: usize, negatives: u16) {
        if negatives == 0 {
            self.base.clear(row);
        }
        let used = usize::from(negatives.saturating_sub(1));
        self.idle.iter_mut().take(used).for_each(|idle| idle.clear(row));
        let block = row / 64 / BLOCK_WORDS;
        self.touched[block / 64] |= 1 << (block % 64);
    }

    /// Ends the building.
    pub(super) fn seal(&mut self) {
        self.all = self.base.count() == self.base.len();
        if self.all {
            self.base = Rows::none(0);
        }
    }

    /// How many rows pass a scene that has no key: the fewer, the sooner a search should ask.
    pub(super) fn passing(&self) -> usize {
        if self.all { usize::MAX } else { self.base.count() }
    }

    /// True if a row of `block` has a clause here.
    pub(super) fn touches(&self, block: usize) -> bool {
        self.touched[block / 64] >> (block % 64) & 1 == 1
    }

    /// The bits of rows that pass a scene without keys; `None` if all do.
    pub(super) fn base(&self) -> Option<&[u64]> {
        (!self.all).then(|| self.base.words())
    }

    /// The bits of the rows that do not use the negative lane of that number; `None` if all use it.
    pub(super) fn idle(&self, number: usize) -> Option<&[u64]> {
        number.checked_sub(1).map(|number| self.idle[number].words())
    }

    /// Bytes on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        let idle: usize = self.idle.iter().map(|rows| size_of_val(rows.words())).sum();
        size_of_val(self.base.words()) + idle + size_of_val(&*self.touched)
    }
}
