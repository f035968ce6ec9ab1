//! Compressed bitmaps: of each column those who want nothing and those who want one of the keys, all columns
//! intersected, less those who shun a key.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::designs::layout::Layout;
use crate::designs::{Design, Event, Expression};

pub struct Roaring {
    all: RoaringBitmap,
    columns: Vec<(RoaringBitmap, HashMap<u32, RoaringBitmap>)>,
    shunned: HashMap<u32, RoaringBitmap>,
    residuals: HashMap<u32, Vec<Expression>>,
    residual_bytes: usize,
}

impl Roaring {
    pub fn new(rules: &[Expression]) -> Self {
        let layout = Layout::of(rules);
        let residual_bytes = layout.residual_bytes();
        let all: RoaringBitmap = (0..).take(rules.len()).collect();
        let bitmaps = |lists: HashMap<u32, Vec<u32>>| -> HashMap<u32, RoaringBitmap> {
            lists.into_iter().map(|(key, rows)| (key, rows.into_iter().collect())).collect()
        };
        let columns = layout.columns.into_iter().map(|column| {
            let constrained: RoaringBitmap = column.constrained.into_iter().collect();
            (&all - constrained, bitmaps(column.wanted))
        });
        let columns = columns.collect();
        Self { columns, shunned: bitmaps(layout.shunned), residuals: layout.residuals, residual_bytes, all }
    }
}

impl Design for Roaring {
    fn matches(&mut self, event: &Event, most: usize) -> Vec<u32> {
        let mut left: Option<RoaringBitmap> = None;
        for (base, wanted) in &self.columns {
            let mut passing = base.clone();
            event.keys.iter().filter_map(|(key, _)| wanted.get(key)).for_each(|rows| passing |= rows);
            left = Some(match left {
                Some(left) => left & passing,
                None => passing,
            });
            if left.as_ref().is_some_and(RoaringBitmap::is_empty) {
                return Vec::new();
            }
        }
        let mut left = left.unwrap_or_else(|| self.all.clone());
        event.keys.iter().filter_map(|(key, _)| self.shunned.get(key)).for_each(|rows| left -= rows);
        let holds =
            |row: &u32| self.residuals.get(row).is_none_or(|rest| rest.iter().all(|rule| rule.holds(event)));
        left.into_iter().filter(holds).take(most).collect()
    }

    fn heap_bytes(&self) -> usize {
        let of = |bitmaps: &HashMap<u32, RoaringBitmap>| {
            let entry = size_of::<(u32, RoaringBitmap)>() + 1;
            bitmaps.values().map(RoaringBitmap::serialized_size).sum::<usize>() + bitmaps.capacity() * entry
        };
        let columns = self.columns.iter().map(|(base, wanted)| base.serialized_size() + of(wanted));
        columns.sum::<usize>() + of(&self.shunned) + self.residual_bytes
    }
}
