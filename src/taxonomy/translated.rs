//! A category of a request in the words of another taxonomy.

use crate::taxonomy::Taxonomy;
use crate::taxonomy::key::Key;
use crate::taxonomy::list::Family;
use crate::taxonomy::table::{Table, Tables};

/// What `id` of the taxonomy `cattax` is in `to`: each with all its parents, the nearest first; some may come
/// twice. Nothing for ids and taxonomies that are not known, and for what cannot be mapped.
///
/// An id in the form `IABn-m` is Content 1.0 whatever `cattax` says. Allocates nothing.
pub fn translated(cattax: u32, id: &str, to: Taxonomy) -> impl Iterator<Item = &'static str> {
    found(cattax, id, to).into_iter().flat_map(|(table, rows)| {
        let names = move |row: &usize| table.upwards(*row).map(|row| table.category(row).id);
        rows.iter().flat_map(names)
    })
}

fn found(cattax: u32, id: &str, to: Taxonomy) -> Option<(&'static Table, &'static [usize])> {
    let (key, to) = (Key::of(id)?, to.family()?);
    let from = if key.is_content_1() { Family::Content1 } else { Taxonomy::from_code(cattax)?.family()? };
    let tables = Tables::get();
    let row = tables.table(from).find(key)?;
    Some((tables.table(to), tables.mapping(from, to).there(row)))
}

#[cfg(test)]
mod tests {
    use super::translated;
    use crate::taxonomy::Taxonomy;

    #[track_caller]
    fn check(cattax: u32, id: &str, to: Taxonomy, want: &[&str]) {
        assert_eq!(translated(cattax, id, to).collect::<Vec<_>>(), want, "{id} of {cattax}");
    }

    #[test]
    fn a_category_is_told_in_another_taxonomy_with_its_parents() {
        check(7, "30", Taxonomy::Content1_0, &["IAB2-3", "IAB2"]);
        check(1, "iab2-3", Taxonomy::Content3_1, &["30", "1"]);
        check(6, "IAB2-3", Taxonomy::Content1_0, &["IAB2-3", "IAB2"]);
        check(9, "324", Taxonomy::Content3_1, &["324", "JLBCU7"]);
    }

    #[test]
    fn what_is_not_known_is_nothing() {
        check(1, "30", Taxonomy::Content3_1, &[]);
        check(500, "30", Taxonomy::Content3_1, &[]);
        check(1, "IAB25-3", Taxonomy::Content3_1, &[]);
        check(1, "IAB1-5", Taxonomy::Audience1_1, &[]);
    }
}
