//! What an impression is worth to a line item by its modifiers, and the most that it can be.

use crate::campaign::{Catalog, Factor, LineItem};
use crate::targeting::{Asker, CompiledRule, Scene};

/// The modifiers of line items, compiled.
#[derive(Debug, Clone, Default)]
pub(in crate::bidder) struct Modifiers {
    /// By row, in order; only those that have some.
    rows: Vec<(u32, Compiled)>,
}

/// Rules and what each multiplies by.
type Compiled = Box<[(CompiledRule, Factor)]>;

impl Modifiers {
    /// The modifiers of the line items of `catalog` in the order of rows.
    pub(in crate::bidder) fn of(catalog: &Catalog, line_items: impl Iterator<Item = u32>) -> Self {
        let rows = (0..).zip(line_items).filter_map(|(row, line_item)| {
            let line_item = &catalog.line_items[line_item as usize];
            let asker = Asker::of(catalog, line_item);
            let modifiers = line_item.modifiers.iter();
            let modifiers = modifiers.map(|one| (CompiledRule::new(&one.when, &asker), one.multiply));
            (!line_item.modifiers.is_empty()).then(|| (row, modifiers.collect()))
        });
        Self { rows: rows.collect() }
    }

    /// By how much the value of `row` is multiplied in `scene`.
    pub(in crate::bidder) fn factor(&self, row: usize, scene: &Scene<'_>) -> Factor {
        let Ok(at) = self.rows.binary_search_by_key(&row, |(row, _)| *row as usize) else {
            return Factor::ONE;
        };
        let holding = self.rows[at].1.iter().filter(|(when, _)| when.holds(scene));
        Factor::product(holding.map(|(_, factor)| *factor))
    }
}

/// The most that modifiers and an arm can multiply by: what raises the value holds, nothing else does.
pub(in crate::bidder) fn highest_factor(line_item: &LineItem) -> Factor {
    let factors = line_item.modifiers.iter().map(|one| one.multiply);
    let arm = line_item.arms.iter().map(|arm| arm.multiply).max();
    Factor::product(factors.chain(arm).filter(|factor| *factor > Factor::ONE))
}
