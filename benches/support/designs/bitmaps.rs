//! Bits in blocks of one size, in the order of value, with an early end: the plain form of our own design,
//! without its choices, its shared lists and its growing steps. `W` words are a block.

use std::collections::HashMap;

use crate::designs::layout::Layout;
use crate::designs::{Design, Event, Expression};

pub struct Bitmaps<const W: usize> {
    rows: usize,
    columns: Vec<(Vec<u64>, HashMap<u32, Rows>)>,
    shunned: HashMap<u32, Rows>,
    residuals: HashMap<u32, Vec<Expression>>,
    residual_bytes: usize,
}

enum Rows {
    Sparse(Vec<u32>),
    Dense(Vec<u64>),
}

impl Rows {
    fn of(rows: Vec<u32>, words: usize) -> Self {
        if rows.len() <= words * 64 / 32 {
            return Self::Sparse(rows);
        }
        let mut bits = vec![0; words];
        rows.iter().for_each(|row| bits[*row as usize / 64] |= 1 << (row % 64));
        Self::Dense(bits)
    }

    /// Adds the rows of the block that begins at word `start`.
    fn add(&self, start: usize, block: &mut [u64]) {
        match self {
            Self::Dense(bits) => block.iter_mut().zip(&bits[start..]).for_each(|(to, bits)| *to |= bits),
            Self::Sparse(rows) => {
                let first = rows.partition_point(|row| (*row as usize) < start * 64);
                for row in &rows[first..] {
                    let at = *row as usize - start * 64;
                    let Some(word) = block.get_mut(at / 64) else { break };
                    *word |= 1 << (at % 64);
                }
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Sparse(rows) => 4 * rows.len(),
            Self::Dense(bits) => 8 * bits.len(),
        }
    }
}

impl<const W: usize> Bitmaps<W> {
    pub fn new(rules: &[Expression]) -> Self {
        let words = rules.len().div_ceil(64 * W) * W;
        let layout = Layout::of(rules);
        let residual_bytes = layout.residual_bytes();
        let rows = |lists: HashMap<u32, Vec<u32>>| {
            lists.into_iter().map(|(key, list)| (key, Rows::of(list, words))).collect()
        };
        let columns = layout.columns.into_iter().map(|column| {
            let mut base = vec![u64::MAX; words];
            column.constrained.iter().for_each(|row| base[*row as usize / 64] &= !(1 << (row % 64)));
            (base, rows(column.wanted))
        });
        let columns = columns.collect();
        Self {
            rows: rules.len(),
            columns,
            shunned: rows(layout.shunned),
            residuals: layout.residuals,
            residual_bytes,
        }
    }
}

impl<const W: usize> Design for Bitmaps<W> {
    fn matches(&mut self, event: &Event, most: usize) -> Vec<u32> {
        let mut found = Vec::new();
        let columns: Vec<(&[u64], Vec<&Rows>)> = self
            .columns
            .iter()
            .map(|(base, wanted)| {
                (&**base, event.keys.iter().filter_map(|(key, _)| wanted.get(key)).collect())
            })
            .collect();
        let shunned: Vec<&Rows> = event.keys.iter().filter_map(|(key, _)| self.shunned.get(key)).collect();
        for start in (0..self.rows.div_ceil(64)).step_by(W) {
            let mut left = [u64::MAX; W];
            let mut bits = [0; W];
            shunned.iter().for_each(|rows| rows.add(start, &mut bits));
            left.iter_mut().zip(&bits).for_each(|(left, bits)| *left &= !bits);
            for (base, wanted) in &columns {
                bits.copy_from_slice(&base[start..start + W]);
                wanted.iter().for_each(|rows| rows.add(start, &mut bits));
                left.iter_mut().zip(&bits).for_each(|(left, bits)| *left &= bits);
                if left.iter().all(|bits| *bits == 0) {
                    break;
                }
            }
            for (word, bits) in left.iter().enumerate() {
                let mut bits = *bits;
                while bits != 0 {
                    let row = (start + word) * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    let row = u32::try_from(row).expect("fewer than 2^32 rows");
                    let holds = |rest: &Vec<Expression>| rest.iter().all(|rule| rule.holds(event));
                    if (row as usize) < self.rows && self.residuals.get(&row).is_none_or(holds) {
                        found.push(row);
                        if found.len() == most {
                            return found;
                        }
                    }
                }
            }
        }
        found
    }

    fn heap_bytes(&self) -> usize {
        let of = |lists: &HashMap<u32, Rows>| {
            lists.values().map(Rows::bytes).sum::<usize>() + lists.capacity() * (size_of::<(u32, Rows)>() + 1)
        };
        let columns = self.columns.iter().map(|(base, wanted)| 8 * base.len() + of(wanted));
        columns.sum::<usize>() + of(&self.shunned) + self.residual_bytes
    }
}
