//! What a creative's labels mean in every taxonomy, compiled once: which listed ids block it or allow it.

use crate::taxonomy::category_set::meet;
use crate::taxonomy::key::Key;
use crate::taxonomy::list::Family;
use crate::taxonomy::table::Tables;
use crate::taxonomy::{CategorySet, Label, Taxonomy};

/// A creative's labels against block and allow lists of every taxonomy. Looking up allocates nothing.
///
/// A list holds a label if it has its id, that of a parent, or what one of these is in the list's taxonomy.
/// What cannot be told is a block: a label that cannot be mapped, a taxonomy that is not known. Ids in the form
/// `IABn-m` are Content 1.0 whatever the taxonomy said: exchanges send them so. Ids that no table has are passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    taxonomy: Taxonomy,
    is_labelled: bool,
    by_family: [Verdict; Family::COUNT],
}

/// The labels in one taxonomy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Verdict {
    /// Ids that block, sorted.
    blocking: Box<[Key]>,
    /// For each thing that the labels are here: the ids that allow it, sorted. All must be allowed.
    allowing: Box<[Box<[Key]>]>,
    /// True if a label cannot be mapped here.
    is_unknown: bool,
}

impl Default for Coverage {
    /// No label at all.
    fn default() -> Self {
        Self { taxonomy: Taxonomy::Content1_0, is_labelled: false, by_family: Default::default() }
    }
}

impl Coverage {
    /// The coverage of `labels`, all of one taxonomy.
    #[must_use]
    pub fn of(labels: &[Label]) -> Self {
        let by_family = Family::ALL.map(|family| Verdict::of(labels, family));
        let taxonomy = labels.first().map_or(Taxonomy::Content1_0, |label| label.taxonomy());
        Self { taxonomy, is_labelled: !labels.is_empty(), by_family }
    }

    /// The taxonomy of the labels: `bid.cattax`.
    #[must_use]
    pub fn taxonomy(&self) -> Taxonomy {
        self.taxonomy
    }

    /// True if the list `blocked` (`bcat`) of the taxonomy `cattax` holds one of the labels, or may.
    ///
    /// Without labels a list with anything in it blocks: what the creative is cannot be told.
    #[must_use]
    pub fn is_blocked(&self, blocked: &[&str], cattax: u32) -> bool {
        if blocked.is_empty() {
            return false;
        }
        if !self.is_labelled {
            return blocked.iter().any(|id| !id.trim().is_empty());
        }
        let Some(taxonomy) = Taxonomy::from_code(cattax) else { return true };
        let own = taxonomy.family().map(|family| &self.by_family[family.index()]);
        let content_1 = &self.by_family[Family::Content1.index()];
        blocked.iter().any(|id| match Key::of(id) {
            Some(key) if key.is_content_1() => content_1.blocks(key),
            Some(key) => own.is_none_or(|own| own.blocks(key)),
            // Not an id of any table. A blank is no entry; the rest may be anything in a taxonomy without one.
            None => own.is_none_or(|own| own.is_unknown) && !id.trim().is_empty(),
        })
    }

    /// True if every label is in the list `allowed` (`acat`) of the taxonomy `cattax`. Without labels, false.
    #[must_use]
    pub fn is_allowed(&self, allowed: &[&str], cattax: u32) -> bool {
        if allowed.is_empty() {
            return true;
        }
        let Some(family) = Taxonomy::from_code(cattax).and_then(Taxonomy::family) else { return false };
        self.is_labelled
            && (self.by_family[family.index()].allows(allowed)
                || self.by_family[Family::Content1.index()].allows(allowed))
    }

    /// What [`is_blocked`](Self::is_blocked) says of the list that `blocked` was made of: for long lists, against
    /// which many creatives are held.
    #[must_use]
    pub fn is_blocked_by(&self, blocked: &CategorySet, cattax: u32) -> bool {
        if blocked.is_empty() {
            return false;
        }
        if !self.is_labelled {
            let has_id = !blocked.content_1().is_empty() || !blocked.others().is_empty();
            return has_id || blocked.has_unreadable();
        }
        let Some(taxonomy) = Taxonomy::from_code(cattax) else { return true };
        let own = taxonomy.family().map(|family| &self.by_family[family.index()]);
        let may_be_anything = own.is_none_or(|own| own.is_unknown) && blocked.has_unreadable();
        may_be_anything
            || self.by_family[Family::Content1.index()].meets(blocked.content_1())
            || own.map_or(!blocked.others().is_empty(), |own| own.meets(blocked.others()))
    }

    /// What [`is_allowed`](Self::is_allowed) says of the list that `allowed` was made of.
    #[must_use]
    pub fn is_allowed_by(&self, allowed: &CategorySet, cattax: u32) -> bool {
        if allowed.is_empty() {
            return true;
        }
        let Some(family) = Taxonomy::from_code(cattax).and_then(Taxonomy::family) else { return false };
        let families = [family, Family::Content1];
        self.is_labelled && families.iter().any(|family| self.by_family[family.index()].is_within(allowed))
    }
}

impl Verdict {
    fn of(labels: &[Label], family: Family) -> Self {
        let (tables, mut verdict) = (Tables::get(), Self::default());
        let table = tables.table(family);
        let keys = |row: usize| table.upwards(row).map(|row| table.category(row).key);
        let (mut blocking, mut allowing) = (Vec::new(), Vec::new());
        for label in labels {
            let there = tables.mapping(label.family(), family).there(label.row());
            // What is mapped to the label counts as the label too: mappings are not the same both ways.
            let back = tables.mapping(family, label.family()).back(label.row());
            verdict.is_unknown |= there.is_empty();
            blocking.extend(there.iter().chain(back).flat_map(|row| keys(*row)));
            allowing.extend(there.iter().map(|row| sorted(keys(*row).collect())));
        }
        Self { blocking: sorted(blocking), allowing: allowing.into_boxed_slice(), ..verdict }
    }

    fn blocks(&self, listed: Key) -> bool {
        self.is_unknown || self.blocking.binary_search(&listed).is_ok()
    }

    fn allows(&self, listed: &[&str]) -> bool {
        let holds = |ids: &[Key]| {
            listed.iter().filter_map(|id| Key::of(id)).any(|listed| ids.binary_search(&listed).is_ok())
        };
        !self.is_unknown && self.allowing.iter().all(|ids| holds(ids))
    }

    /// True if one of the sorted `listed` blocks.
    fn meets(&self, listed: &[Key]) -> bool {
        (self.is_unknown && !listed.is_empty()) || meet(&self.blocking, listed)
    }

    /// True if all that the labels are here is allowed by `listed`.
    fn is_within(&self, listed: &CategorySet) -> bool {
        let holds = |ids: &[Key]| meet(ids, listed.content_1()) || meet(ids, listed.others());
        !self.is_unknown && self.allowing.iter().all(|ids| holds(ids))
    }
}

fn sorted(mut keys: Vec<Key>) -> Box<[Key]> {
    keys.sort_unstable();
    keys.dedup();
    keys.into_boxed_slice()
}

#[cfg(test)]
mod tests;
