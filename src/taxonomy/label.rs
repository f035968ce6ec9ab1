//! One category of one taxonomy, as a campaign file names it.

use crate::taxonomy::Taxonomy;
use crate::taxonomy::key::Key;
use crate::taxonomy::list::Family;
use crate::taxonomy::table::{Category, Tables};

/// A category that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label {
    taxonomy: Taxonomy,
    family: Family,
    row: usize,
}

impl Label {
    /// The category `id` of `taxonomy`, whatever its case; `None` if there is none.
    #[must_use]
    pub fn find(taxonomy: Taxonomy, id: &str) -> Option<Self> {
        let family = taxonomy.family()?;
        let row = Tables::get().table(family).find(Key::of(id)?)?;
        Some(Self { taxonomy, family, row })
    }

    /// Of which taxonomy it is.
    #[must_use]
    pub fn taxonomy(self) -> Taxonomy {
        self.taxonomy
    }

    /// Its id, as the taxonomy spells it.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.category().id
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.category().name
    }

    pub(in crate::taxonomy) fn family(self) -> Family {
        self.family
    }

    pub(in crate::taxonomy) fn row(self) -> usize {
        self.row
    }

    fn category(self) -> &'static Category {
        Tables::get().table(self.family).category(self.row)
    }
}

/// All categories of `taxonomy` as id and name, to suggest one; empty without a table.
pub fn categories(taxonomy: Taxonomy) -> impl Iterator<Item = (&'static str, &'static str)> {
    let table = taxonomy.family().map(|family| Tables::get().table(family));
    table.into_iter().flat_map(|table| table.categories()).map(|category| (category.id, category.name))
}

#[cfg(test)]
mod tests {
    use super::{Label, categories};
    use crate::taxonomy::Taxonomy;

    #[test]
    fn a_category_is_found_whatever_its_case_and_one_that_does_not_exist_is_not() {
        let label = Label::find(Taxonomy::Content2_2, "v9I3oN").unwrap();
        assert_eq!((label.id(), label.name()), ("v9i3On", "Sensitive Topics"));
        assert_eq!(Label::find(Taxonomy::Content1_0, "IAB27"), None);
        assert_eq!(Label::find(Taxonomy::AdProduct2_0, "IAB1"), None);
        assert_eq!(Label::find(Taxonomy::Audience1_1, "1"), None);
    }

    #[test]
    fn all_categories_can_be_listed_to_suggest_one() {
        assert!(categories(Taxonomy::AdProduct2_0).any(|(id, name)| (id, name) == ("1002", "Alcohol")));
        assert_eq!(categories(Taxonomy::Audience1_1).count(), 0);
    }
}
