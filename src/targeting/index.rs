//! Line items by what they accept: built off the bid path, searched on it.
//!
//! Rows are line items in order of value. Of each rule, the parts that must hold in any case and name
//! values of one attribute become bits of a column; the rest is asked of the few rows that are left.

use std::sync::Arc;

use crate::campaign::Catalog;
use crate::targeting::column::{Column, Draft};
use crate::targeting::rule::{Leaf, LeafTest, Node};
use crate::targeting::values::Values;
use crate::targeting::{Attribute, CompiledRule, Failure, Rows, Scene, Search, Zones};

/// Lists longer than this stay out of the columns and are asked row by row: a list of 200,000 domains
/// would cost 5 MB of index for the one row that has it.
const COLUMN_VALUES_MAX: usize = 256;

/// Finds the line items whose rule holds, best value first.
#[derive(Debug, Clone)]
pub struct Index {
    /// By line item.
    rules: Arc<[CompiledRule]>,
    /// By row: the line item.
    order: Box<[u32]>,
    /// The most selective first.
    columns: Box<[Column]>,
    /// Rows whose rule the columns do not say in full.
    partial: Rows,
}

impl Index {
    /// The index over the line items `order` of `catalog`, best value first, each at most once.
    ///
    /// # Panics
    ///
    /// If `order` names a line item that `catalog` does not have.
    #[must_use]
    pub fn build(catalog: &Catalog, order: &[u32]) -> Self {
        let mut zones = Zones::default();
        let rules =
            catalog.line_items.iter().map(|item| CompiledRule::of_line_item(catalog, item, &mut zones));
        Self::over(rules.collect(), order)
    }

    /// The same rules in another order, without compiling them again.
    ///
    /// # Panics
    ///
    /// If `order` names a line item that the catalog does not have.
    #[must_use]
    pub fn reordered(&self, order: &[u32]) -> Self {
        Self::over(Arc::clone(&self.rules), order)
    }

    /// The rows whose rule holds in `scene` and that are in `live`, best value first, from row `from` on.
    ///
    /// Lazy: a search that is dropped after ten rows has looked at little more than those. `live` may be
    /// shorter than the index: what it does not have is out.
    #[must_use]
    pub fn search<'s>(&'s self, scene: &'s Scene<'s>, live: &'s Rows, from: usize) -> Search<'s> {
        Search::new(self, scene, live, from)
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The line item of `row`, as an index into the catalog's list.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn line_item(&self, row: usize) -> usize {
        self.order[row] as usize
    }

    /// True if the rule of `row` holds in `scene`: what a search finds, asked of one row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn holds(&self, row: usize, scene: &Scene<'_>) -> bool {
        self.rules[self.line_item(row)].holds(scene)
    }

    /// Why the rule of `row` does not hold in `scene`; empty if it does.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn failures(&self, row: usize, scene: &Scene<'_>) -> Vec<Failure> {
        self.rules[self.line_item(row)].failures(scene)
    }

    /// Bytes of the index on the heap, about; the rules themselves apart.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let columns: usize = self.columns.iter().map(Column::heap_bytes).sum();
        columns + size_of_val(&*self.order) + size_of_val(self.partial.blocks())
    }

    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// True if the columns say all of the rule of `row`.
    pub(super) fn is_exact(&self, row: usize) -> bool {
        !self.partial.contains(row)
    }

    fn over(rules: Arc<[CompiledRule]>, order: &[u32]) -> Self {
        let mut drafts: [Draft; Attribute::ALL.len()] = Default::default();
        let mut partial = Rows::none(order.len());
        for (row, line_item) in (0u32..).zip(order) {
            let conjuncts = rules[*line_item as usize].conjuncts();
            let mut captured = 0;
            for attribute in Attribute::ALL {
                if let Some((leaf, values)) = narrowest(conjuncts, attribute) {
                    drafts[attribute as usize].constrain(row, values.iter(), leaf.include_unknown);
                    captured += 1;
                }
            }
            if captured < conjuncts.len() {
                partial.set(row as usize);
            }
        }
        let columns = Attribute::ALL.into_iter().zip(drafts);
        let mut columns: Vec<Column> =
            columns.filter_map(|(attribute, draft)| Column::new(attribute, order.len(), draft)).collect();
        columns.sort_by_key(Column::unconstrained);
        Self { rules, order: order.into(), columns: columns.into(), partial }
    }
}

/// Of the conjuncts that list values of `attribute`, the one with the fewest: the one for the column.
/// Two such cannot share a column: a user may be in a segment of each.
fn narrowest(conjuncts: &[Node], attribute: Attribute) -> Option<(&Leaf, &Values)> {
    let listing = conjuncts.iter().filter_map(|node| match node {
        Node::Leaf(leaf) if !leaf.negated => match &leaf.test {
            LeafTest::Keys(own, values) if *own == attribute => Some((leaf, values)),
            _ => None,
        },
        _ => None,
    });
    let short = listing.filter(|(_, values)| values.len() <= COLUMN_VALUES_MAX);
    short.min_by_key(|(_, values)| values.len())
}
