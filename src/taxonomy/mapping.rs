//! What a category of one taxonomy is in another: the IAB's mappings, and steps over a third taxonomy where
//! it published none.

use std::collections::HashMap;

use crate::taxonomy::key::Key;
use crate::taxonomy::list::Family;
use crate::taxonomy::table::Table;

/// From the rows of one table to those of another.
#[derive(Debug, Clone)]
pub(in crate::taxonomy) struct Mapping {
    /// By row of the one: its rows in the other; empty = it cannot be mapped.
    there: Vec<Box<[usize]>>,
    /// By row of the other: the rows of the one that are mapped to exactly it.
    back: Vec<Box<[usize]>>,
}

impl Mapping {
    /// The mapping between two tables, over others if need be.
    ///
    /// A category without a line of its own is mapped as its parent is: the parent holds all that it holds.
    pub(in crate::taxonomy) fn between(tables: &[Table; Family::COUNT], from: Family, to: Family) -> Self {
        let mut there: Vec<Vec<usize>> = (0..tables[from.index()].len()).map(|row| vec![row]).collect();
        let mut at = from;
        while at != to {
            let next = next_step(at, to);
            let step = step(tables, at, next);
            for rows in &mut there {
                let mut mapped: Vec<usize> = rows.iter().flat_map(|row| step[*row].iter().copied()).collect();
                mapped.sort_unstable();
                mapped.dedup();
                *rows = mapped;
            }
            at = next;
        }
        let mut back = vec![Vec::new(); tables[to.index()].len()];
        for (row, mapped) in there.iter().enumerate() {
            mapped.iter().for_each(|to| back[*to].push(row));
        }
        let boxed = |rows: Vec<Vec<usize>>| rows.into_iter().map(Vec::into_boxed_slice).collect();
        Self { there: boxed(there), back: boxed(back) }
    }

    /// What `row` is in the other table; empty if it cannot be mapped.
    pub(in crate::taxonomy) fn there(&self, row: usize) -> &[usize] {
        &self.there[row]
    }

    /// What is mapped to exactly `row` of the other table.
    pub(in crate::taxonomy) fn back(&self, row: usize) -> &[usize] {
        &self.back[row]
    }
}

/// The table to go over from `at` on the way to `to`.
fn next_step(at: Family, to: Family) -> Family {
    match (at, to) {
        (Family::AdProduct1, _) => Family::AdProduct2,
        (Family::Content3, _) | (Family::Content1 | Family::AdProduct2, Family::Content3) => Family::Content2,
        (Family::Content1 | Family::Content2, Family::AdProduct1) => Family::AdProduct2,
        _ => to,
    }
}

/// One step, by row: its own lines, else those of its nearest parent that has any.
fn step(tables: &[Table; Family::COUNT], from: Family, to: Family) -> Vec<Vec<usize>> {
    let (one, other) = (&tables[from.index()], &tables[to.index()]);
    let mut own = vec![Vec::new(); one.len()];
    for (row, mapped) in pairs(one, other, from, to) {
        own[row].push(mapped);
    }
    let nearest = |row| one.upwards(row).find(|row| !own[*row].is_empty());
    (0..one.len()).map(|row| nearest(row).map_or(Vec::new(), |row| own[row].clone())).collect()
}

/// Pairs of rows that stand for each other, as published.
fn pairs(one: &Table, other: &Table, from: Family, to: Family) -> Vec<(usize, usize)> {
    use Family::{AdProduct1, AdProduct2, Content1, Content2, Content3};
    match (from, to) {
        (Content1, AdProduct2) => lines(include_str!("tables/content_1.0_to_ad_product_2.0.tsv"), one, other),
        (Content1, Content2) => lines(include_str!("tables/content_1.0_to_content_2.1.tsv"), one, other),
        (Content2, Content1) => {
            let turned = lines(include_str!("tables/content_1.0_to_content_2.1.tsv"), other, one);
            turned.into_iter().map(|(to, from)| (from, to)).collect()
        }
        (Content2, AdProduct2) => lines(include_str!("tables/content_2.1_to_ad_product_2.0.tsv"), one, other),
        (AdProduct2, Content1) => lines(include_str!("tables/ad_product_2.0_to_content_1.0.tsv"), one, other),
        (AdProduct2, Content2) => lines(include_str!("tables/ad_product_2.0_to_content_2.1.tsv"), one, other),
        (Content2, Content3) | (Content3, Content2) => {
            let same = |(row, key)| Some((row, other.find(key)?));
            one.categories().map(|category| category.key).enumerate().filter_map(same).collect()
        }
        (AdProduct1, AdProduct2) | (AdProduct2, AdProduct1) => same_names(one, other),
        // `next_step` goes over no other pair.
        _ => Vec::new(),
    }
}

/// Pairs from lines of two ids with a tab between.
fn lines(text: &str, one: &Table, other: &Table) -> Vec<(usize, usize)> {
    let rows = |line: &str| {
        let (from, to) = line.split_once('\t')?;
        Some((one.find(Key::of(from)?)?, other.find(Key::of(to)?)?))
    };
    text.lines().filter_map(rows).collect()
}

/// Pairs of the same name, where it is unique on both sides.
fn same_names(one: &Table, other: &Table) -> Vec<(usize, usize)> {
    let (one, other) = (unique_names(one), unique_names(other));
    let both = |(name, row): (&String, &Option<usize>)| Some(((*row)?, (*other.get(name)?)?));
    let mut pairs: Vec<_> = one.iter().filter_map(both).collect();
    pairs.sort_unstable();
    pairs
}

/// Rows by name; `None` where several have it.
fn unique_names(table: &Table) -> HashMap<String, Option<usize>> {
    let mut rows = HashMap::new();
    for (row, category) in table.categories().enumerate() {
        rows.entry(category.name.to_lowercase()).and_modify(|known| *known = None).or_insert(Some(row));
    }
    rows
}

#[cfg(test)]
mod tests {
    use crate::taxonomy::key::Key;
    use crate::taxonomy::list::Family;
    use crate::taxonomy::table::Tables;

    #[track_caller]
    fn check(from: Family, id: &str, to: Family, want: &[&str]) {
        let tables = Tables::get();
        let row = tables.table(from).find(Key::of(id).unwrap()).unwrap();
        let mapped = tables.mapping(from, to).there(row).iter();
        let mapped: Vec<&str> = mapped.map(|row| tables.table(to).category(*row).name).collect();
        assert_eq!(mapped, want, "{id}");
    }

    #[test]
    fn published_lines_are_followed() {
        check(Family::Content1, "IAB8-18", Family::AdProduct2, &["Alcohol", "Wine"]);
        check(Family::Content1, "IAB7-44", Family::AdProduct2, &["Dieting and Weightloss"]);
        check(Family::Content1, "IAB2-3", Family::Content2, &["Auto Buying and Selling"]);
        check(Family::Content2, "181", Family::AdProduct2, &["Gambling"]);
        check(Family::AdProduct2, "1361", Family::Content1, &["Non-Standard Content", "Card Games"]);
        check(Family::AdProduct2, "1365", Family::Content2, &["Sensitive Topics"]);
        check(Family::AdProduct2, "1277", Family::Content2, &["Home & Garden"]);
    }

    #[test]
    fn where_none_is_published_a_third_taxonomy_lies_between() {
        check(Family::Content1, "IAB1-5", Family::Content3, &["Movies"]);
        check(Family::Content3, "211", Family::Content1, &["Wine", "Cocktails/Beer"]);
        check(Family::AdProduct2, "1533", Family::Content3, &["Hotels and Motels"]);
        check(Family::AdProduct1, "650", Family::AdProduct2, &["Bars"]);
    }

    #[test]
    fn without_a_line_of_its_own_a_category_is_what_its_parent_is() {
        check(Family::Content2, "45", Family::Content3, &["Books and Literature"]);
        check(Family::Content1, "IAB2-9", Family::Content2, &["Automotive"]);
    }

    #[test]
    fn what_has_neither_cannot_be_mapped() {
        check(Family::Content1, "IAB25-3", Family::Content2, &[]);
        check(Family::Content2, "432", Family::AdProduct2, &[]);
        check(Family::Content2, "379", Family::Content3, &[]);
    }

    #[test]
    fn every_published_line_names_categories_that_exist() {
        for (text, from, to) in [
            (include_str!("tables/content_1.0_to_ad_product_2.0.tsv"), Family::Content1, Family::AdProduct2),
            (include_str!("tables/content_1.0_to_content_2.1.tsv"), Family::Content1, Family::Content2),
            (include_str!("tables/content_2.1_to_ad_product_2.0.tsv"), Family::Content2, Family::AdProduct2),
            (include_str!("tables/ad_product_2.0_to_content_1.0.tsv"), Family::AdProduct2, Family::Content1),
            (include_str!("tables/ad_product_2.0_to_content_2.1.tsv"), Family::AdProduct2, Family::Content2),
        ] {
            let (one, other) = (Tables::get().table(from), Tables::get().table(to));
            assert_eq!(super::lines(text, one, other).len(), text.lines().count(), "{from:?} to {to:?}");
        }
    }
}
