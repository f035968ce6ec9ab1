//! What a search narrows rows with: columns, in each of which a row has at most one clause, and choices
//! between groups of them.

use crate::targeting::lookup::Lane;
use crate::targeting::rows::Blocks;

/// Rows pass that pass all of these.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    /// Those that fewest rows pass without a key first.
    pub(super) columns: Vec<Column>,
    pub(super) choices: Vec<Choice>,
}

/// A row passes if the scene has a key for it on the column's lane. Of the others those in `base` pass, unless
/// the scene has a key for them on the lane of what is shunned.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Of keys that let rows pass; the lane of keys that are shunned is the next.
    pub(super) lane: Lane,
    /// Rows without a clause here, and those that pass unless they shun what the scene has. A block is absent
    /// if all its rows have no clause here.
    pub(super) base: Blocks,
}

/// A row passes that is in `base`, or passes one of the branches.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// Rows that have nothing to choose here.
    pub(super) base: Blocks,
    pub(super) branches: Vec<Branch>,
}

/// What a row may choose.
#[derive(Debug, Clone)]
pub(super) struct Branch {
    /// Rows that have this branch.
    pub(super) rows: Blocks,
    pub(super) group: Group,
}

impl Column {
    /// The lane of keys that are shunned.
    pub(super) fn shunned_lane(&self) -> Lane {
        self.lane + 1
    }
}

impl Group {
    /// Ends the building.
    pub(super) fn seal(&mut self) {
        self.columns.iter_mut().for_each(|column| column.base.seal());
        self.columns.sort_by_key(|column| std::cmp::Reverse(column.base.unusual()));
        for choice in &mut self.choices {
            choice.base.seal();
            for branch in &mut choice.branches {
                branch.rows.seal();
                branch.group.seal();
            }
        }
    }

    /// Bytes on the heap, about.
    pub(super) fn heap_bytes(&self) -> usize {
        let columns = self.columns.iter().map(|column| size_of::<Column>() + column.base.heap_bytes());
        let choices = self.choices.iter().map(|choice| {
            let branches = choice.branches.iter();
            let branches = branches
                .map(|branch| size_of::<Branch>() + branch.rows.heap_bytes() + branch.group.heap_bytes());
            size_of::<Choice>() + choice.base.heap_bytes() + branches.sum::<usize>()
        });
        columns.sum::<usize>() + choices.sum::<usize>()
    }
}
