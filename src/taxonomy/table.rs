//! The tables: every category with its parent and its name, found by key.

use std::sync::LazyLock;

use crate::taxonomy::key::Key;
use crate::taxonomy::list::Family;
use crate::taxonomy::mapping::Mapping;

/// All tables and all mappings.
#[derive(Debug)]
pub(in crate::taxonomy) struct Tables {
    by_family: [Table; Family::COUNT],
    mappings: Vec<Mapping>,
}

/// One taxonomy, in the order of its keys.
#[derive(Debug)]
pub(in crate::taxonomy) struct Table {
    rows: Vec<Category>,
}

/// One category.
#[derive(Debug, Clone, Copy)]
pub(in crate::taxonomy) struct Category {
    pub key: Key,
    pub id: &'static str,
    pub name: &'static str,
    /// A row of the same table.
    pub parent: Option<usize>,
}

/// Levels of the deepest table, and some more: bounds the way up, whatever a table says.
const LEVELS_MAX: usize = 8;

impl Tables {
    /// The tables, read at the first call.
    pub(in crate::taxonomy) fn get() -> &'static Self {
        static TABLES: LazyLock<Tables> = LazyLock::new(Tables::read);
        &TABLES
    }

    fn read() -> Self {
        let by_family = Family::ALL.map(|family| Table::read(text_of(family)));
        let pair = |at: usize| (Family::ALL[at / Family::COUNT], Family::ALL[at % Family::COUNT]);
        let mappings = (0..Family::COUNT * Family::COUNT).map(pair);
        let mappings = mappings.map(|(from, to)| Mapping::between(&by_family, from, to)).collect();
        Self { by_family, mappings }
    }

    /// The table of a family.
    pub(in crate::taxonomy) fn table(&self, family: Family) -> &Table {
        &self.by_family[family.index()]
    }

    /// What rows of `from` are in `to`.
    pub(in crate::taxonomy) fn mapping(&self, from: Family, to: Family) -> &Mapping {
        &self.mappings[from.index() * Family::COUNT + to.index()]
    }
}

impl Table {
    /// A table from lines of id, parent (empty at the top) and name, with tabs between.
    fn read(text: &'static str) -> Self {
        let columns = |line: &'static str| {
            let mut columns = line.split('\t');
            let (id, parent, name) = (columns.next()?, columns.next()?, columns.next()?);
            Some((Key::of(id)?, id, Key::of(parent), name))
        };
        let mut lines: Vec<_> = text.lines().filter_map(columns).collect();
        lines.sort_by_key(|(key, ..)| *key);
        let row_of = |key: Key| lines.binary_search_by_key(&key, |(key, ..)| *key).ok();
        let rows = lines
            .iter()
            .map(|(key, id, parent, name)| Category { key: *key, id, name, parent: parent.and_then(row_of) })
            .collect();
        Self { rows }
    }

    /// How many categories it has.
    pub(in crate::taxonomy) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The category in `row`.
    pub(in crate::taxonomy) fn category(&self, row: usize) -> &Category {
        &self.rows[row]
    }

    /// All categories, by key.
    pub(in crate::taxonomy) fn categories(&self) -> impl Iterator<Item = &Category> {
        self.rows.iter()
    }

    /// The row of `key`.
    pub(in crate::taxonomy) fn find(&self, key: Key) -> Option<usize> {
        self.rows.binary_search_by_key(&key, |category| category.key).ok()
    }

    /// The row itself, its parent, and so on to the top.
    pub(in crate::taxonomy) fn upwards(&self, row: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(row), |row| self.rows[*row].parent).take(LEVELS_MAX)
    }
}

fn text_of(family: Family) -> &'static str {
    match family {
        Family::Content1 => include_str!("tables/content_1.0.tsv"),
        Family::Content2 => include_str!("tables/content_2.2.tsv"),
        Family::Content3 => include_str!("tables/content_3.1.tsv"),
        Family::AdProduct1 => include_str!("tables/ad_product_1.0.tsv"),
        Family::AdProduct2 => include_str!("tables/ad_product_2.0.tsv"),
    }
}

#[cfg(test)]
mod tests {
    use super::{LEVELS_MAX, Tables, text_of};
    use crate::taxonomy::key::Key;
    use crate::taxonomy::list::Family;

    #[test]
    fn every_line_of_every_table_is_read_once_and_parents_lead_to_the_top() {
        for (family, want) in [
            (Family::Content1, 392),
            (Family::Content2, 749),
            (Family::Content3, 704),
            (Family::AdProduct1, 863),
            (Family::AdProduct2, 583),
        ] {
            let table = Tables::get().table(family);
            assert_eq!((table.len(), text_of(family).lines().count()), (want, want), "{family:?}");
            let with_parent = text_of(family).lines().filter(|line| !line.contains("\t\t")).count();
            assert_eq!(table.categories().filter(|category| category.parent.is_some()).count(), with_parent);
            for pair in table.rows.windows(2) {
                assert!(pair[0].key < pair[1].key, "{family:?}: {} twice", pair[0].id);
            }
            for row in 0..table.len() {
                let path: Vec<usize> = table.upwards(row).collect();
                assert!(path.len() < LEVELS_MAX, "{}", table.category(row).id);
                assert!(table.category(*path.last().unwrap()).parent.is_none());
            }
        }
    }

    #[track_caller]
    fn check(family: Family, id: &str, want: &[&str]) {
        let table = Tables::get().table(family);
        let row = table.find(Key::of(id).unwrap()).unwrap();
        let path: Vec<&str> = table.upwards(row).map(|row| table.category(row).name).collect();
        assert_eq!(path, want);
    }

    #[test]
    fn names_and_parents_are_those_that_the_iab_published() {
        check(Family::Content1, "IAB25-3", &["Pornography", "Non-Standard Content"]);
        check(
            Family::Content2,
            "66",
            &["Business Loans", "Business Banking & Finance", "Business", "Business and Finance"],
        );
        check(Family::Content2, "Rm3SiT", &["Adult & Explicit Sexual Content", "Sensitive Topics"]);
        check(Family::Content3, "338", &["Music", "Entertainment"]);
        check(Family::AdProduct1, "650", &["Bars", "Food and Beverage Services"]);
        check(Family::AdProduct2, "1004", &["Beer", "Alcohol"]);
        check(
            Family::AdProduct2,
            "1037",
            &["Aerospace and Defense", "Industrials", "Business and Industrial"],
        );
    }
}
