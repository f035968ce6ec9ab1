//! One attribute of an index: which rows accept which value.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::campaign::Attribute;
use crate::targeting::Rows;
use crate::targeting::rows::Block;

/// Collects what the rows of an index ask of one attribute.
#[derive(Default)]
pub(super) struct Draft {
    /// `(key, row)`.
    accepted: Vec<(u64, u32)>,
    /// `(row, unknown passes)`.
    constrained: Vec<(u32, bool)>,
}

impl Draft {
    pub(super) fn constrain(&mut self, row: u32, keys: impl Iterator<Item = u64>, include_unknown: bool) {
        self.constrained.push((row, include_unknown));
        self.accepted.extend(keys.map(|key| (key, row)));
    }
}

/// The rows of one attribute. A row fits a scene if it is unconstrained or accepts one of its keys; if
/// the scene does not tell all, also if it lets the unknown pass.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) attribute: Attribute,
    unconstrained: Rows,
    unknown_passes: Rows,
    accepting: HashMap<u64, Accepting, FixedState>,
    /// The row numbers of sparse values, those of one value together and in order.
    sparse: Vec<u32>,
    dense: Vec<Rows>,
}

/// Where the rows are that accept one value.
#[derive(Debug, Clone, Copy)]
enum Accepting {
    Sparse { from: u32, to: u32 },
    Dense(u32),
}

/// Rows that accept a value, as a search reads them.
#[derive(Debug, Clone, Copy)]
pub(super) enum Posting<'i> {
    Sparse(&'i [u32]),
    Dense(&'i [Block]),
}

impl Column {
    /// The column of `attribute` over `len` rows; `None` if no row asks anything of it.
    pub(super) fn new(attribute: Attribute, len: usize, draft: Draft) -> Option<Self> {
        if draft.constrained.is_empty() {
            return None;
        }
        let mut unconstrained = Rows::all(len);
        draft.constrained.iter().for_each(|(row, _)| unconstrained.clear(*row as usize));
        let mut unknown_passes = unconstrained.clone();
        let passing = draft.constrained.iter().filter(|(_, passes)| *passes);
        passing.for_each(|(row, _)| unknown_passes.set(*row as usize));
        let mut column = Self {
            attribute,
            unconstrained,
            unknown_passes,
            accepting: HashMap::default(),
            sparse: Vec::new(),
            dense: Vec::new(),
        };
        column.fill(len, draft.accepted);
        Some(column)
    }

    fn fill(&mut self, len: usize, mut accepted: Vec<(u64, u32)>) {
        accepted.sort_unstable();
        for group in accepted.chunk_by(|one, other| one.0 == other.0) {
            // A list of row numbers takes 32 bits a row, a bit row one bit for each row there is.
            let accepting = if group.len() > len / 32 {
                let mut rows = Rows::none(len);
                group.iter().for_each(|(_, row)| rows.set(*row as usize));
                self.dense.push(rows);
                Accepting::Dense(number(self.dense.len() - 1))
            } else {
                let from = number(self.sparse.len());
                self.sparse.extend(group.iter().map(|(_, row)| *row));
                Accepting::Sparse { from, to: number(self.sparse.len()) }
            };
            self.accepting.insert(group[0].0, accepting);
        }
        self.sparse.shrink_to_fit();
        self.accepting.shrink_to_fit();
    }

    /// The rows that fit whatever the value: those of a scene that tells the attribute, or does not.
    pub(super) fn base(&self, told: bool) -> &[Block] {
        if told { self.unconstrained.blocks() } else { self.unknown_passes.blocks() }
    }

    /// The rows that accept `key`, if any.
    pub(super) fn posting(&self, key: u64) -> Option<Posting<'_>> {
        Some(match *self.accepting.get(&key)? {
            Accepting::Sparse { from, to } => Posting::Sparse(&self.sparse[from as usize..to as usize]),
            Accepting::Dense(at) => Posting::Dense(self.dense[at as usize].blocks()),
        })
    }

    /// How many rows fit whatever the value: the fewer, the sooner a search should ask.
    pub(super) fn unconstrained(&self) -> usize {
        self.unconstrained.count()
    }

    /// Bytes on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        let rows = size_of_val(self.unconstrained.blocks());
        let entry = size_of::<(u64, Accepting)>() + 1;
        rows * (2 + self.dense.len()) + self.sparse.capacity() * 4 + self.accepting.capacity() * entry * 8 / 7
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).expect("an index holds fewer than 2^32 values of an attribute")
}
