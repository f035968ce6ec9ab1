//! Line items by what they accept: built off the bid path, searched on it.
//!
//! Rows are line items in order of value. Rules become clauses, clauses become bits of columns; a rule that
//! would need too many of them is asked of the rows that are left.

use crate::campaign::Catalog;
use crate::targeting::column::Group;
use crate::targeting::draft::{Draft, Layout};
use crate::targeting::lookup::Lookup;
use crate::targeting::{Best, CompiledRule, Rows, Scene, Search, Vocabulary};

/// Finds the line items whose rule holds, best value first.
#[derive(Debug, Clone)]
pub struct Index {
    vocabulary: Vocabulary,
    /// By row: the line item.
    order: Box<[u32]>,
    group: Group,
    lookup: Lookup,
    /// How many lanes the columns have.
    lanes: usize,
    /// A bit for each attribute that some rule asks for.
    attributes: u128,
    /// Rules that the columns do not say in full, by row.
    residuals: Box<[(u32, CompiledRule)]>,
    /// The rows of those.
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
        let rule = |row: u32| {
            let line_item = order[row as usize] as usize;
            CompiledRule::of_line_item(catalog, &catalog.line_items[line_item])
        };
        let mut draft = Draft::default();
        for (row, _) in (0..).zip(order) {
            draft.add(row, rule(row).conjuncts());
        }
        let Layout { group, lookup, lanes, attributes, partial: rows } = draft.lay_out(order.len());
        let mut partial = Rows::none(order.len());
        rows.iter().for_each(|row| partial.set(*row as usize));
        let residuals = (0..).zip(order).map(|(row, _)| row).filter(|row| partial.contains(*row as usize));
        let residuals = residuals.map(|row| (row, rule(row))).collect();
        let vocabulary = Vocabulary::of(catalog);
        Self { vocabulary, order: order.into(), group, lookup, lanes, attributes, residuals, partial }
    }

    /// What the rules ask: scenes are made for it.
    #[must_use]
    pub fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The rows whose rule holds in `scene` and that are in `live`, best value first, from row `from` on.
    ///
    /// Lazy: a search that is dropped after ten rows has looked at little more than those. `live` may be
    /// shorter than the index: what it does not have is out.
    #[must_use]
    pub fn search<'s>(&'s self, scene: &'s Scene<'s>, live: &'s Rows, from: usize) -> Search<'s> {
        Search::new(self, scene, live, from)
    }

    /// The same rows, best first by a value that only the request tells. See [`Best`].
    ///
    /// `bound(row)` is the most that `value(row)` can be, and no more than the bound of any row before.
    /// After `looks` rows it ends with the best of those. It hands out `most` of them at most, and remembers no others.
    #[must_use]
    pub fn best<'s, V, B, F>(
        &'s self,
        scene: &'s Scene<'s>,
        live: &'s Rows,
        (looks, most): (usize, usize),
        bound: B,
        value: F,
    ) -> Best<'s, V, B, F>
    where
        V: Copy + Ord,
        B: Fn(usize) -> V,
        F: FnMut(usize) -> V,
    {
        Best::new(self.search(scene, live, 0), self.len(), (looks, most), bound, value)
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

    /// How many rows have a rule that columns do not say in full, so that a search asks it of them.
    #[must_use]
    pub fn residuals(&self) -> usize {
        self.residuals.len()
    }

    /// Bytes of the index on the heap, about.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let residuals = self.residuals.iter().map(|(_, rule)| size_of::<u32>() + rule.heap_bytes());
        self.group.heap_bytes()
            + self.lookup.heap_bytes()
            + size_of_val(&*self.order)
            + size_of_val(self.partial.words())
            + residuals.sum::<usize>()
    }

    pub(super) fn group(&self) -> &Group {
        &self.group
    }

    pub(super) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    pub(super) fn lanes(&self) -> usize {
        self.lanes
    }

    pub(super) fn attributes(&self) -> u128 {
        self.attributes
    }

    /// True if the columns say all of the rule of `row`.
    pub(super) fn is_exact(&self, row: usize) -> bool {
        !self.partial.contains(row)
    }

    /// True if the rule of `row`, which columns do not say in full, holds in `scene`.
    pub(super) fn residual_holds(&self, row: usize, scene: &Scene<'_>) -> bool {
        let at = self.residuals.binary_search_by_key(&row, |(row, _)| *row as usize);
        at.is_ok_and(|at| self.residuals[at].1.holds(scene))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::Index;
    use crate::campaign::{Attribute, Catalog, Rule};
    use crate::targeting::fixture::{
        EXCHANGES, NOW, Random, catalog, line_item, random_catalog, random_person, random_request,
    };
    use crate::targeting::{CompiledRule, Known, Rows, Scene, failures};
    use crate::units::{Country, ExchangeId};

    /// Searches with random scenes and compares with a scan of all rows. Returns how many rows matched.
    #[track_caller]
    fn check(random: &mut Random, index: &Index, rules: &[CompiledRule], scenes: usize) -> usize {
        let mut matched = 0;
        for _ in 0..scenes {
            let request = random_request(random);
            let person = random_person(random);
            let exchange = ExchangeId::from_slug(random.pick(EXCHANGES));
            let known = Known { person: person.as_ref(), precise: random.percent(50), ..Known::default() };
            let mut scene = Scene::of(index.vocabulary(), &request, exchange, known, NOW);
            scene.look_at(&request.imp[0]);
            let mut live = Rows::none(index.len());
            (0..index.len()).filter(|_| random.percent(80)).for_each(|row| live.set(row));
            let from = if random.percent(50) { 0 } else { random.below(index.len() + 1) };
            let scan: Vec<usize> = (from..index.len())
                .filter(|row| live.contains(*row) && rules[index.line_item(*row)].holds(&scene))
                .collect();
            let found: Vec<usize> = index.search(&scene, &live, from).collect();
            assert_eq!(found, scan);
            matched += found.len();
        }
        matched
    }

    fn rules(catalog: &Catalog) -> Vec<CompiledRule> {
        catalog.line_items.iter().map(|item| CompiledRule::of_line_item(catalog, item)).collect()
    }

    /// A random order of some of `len` line items.
    fn random_order(random: &mut Random, len: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0u32..).take(len).filter(|_| random.percent(90)).collect();
        for at in (1..order.len()).rev() {
            order.swap(at, random.below(at + 1));
        }
        order
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_search_finds_what_a_scan_finds_in_the_same_order(seed in any::<u64>()) {
            let random = &mut Random::from_seed(seed);
            let len = random.below(60);
            let catalog = random_catalog(random, len);
            let order = random_order(random, len);
            check(random, &Index::build(&catalog, &order), &rules(&catalog), 10);
        }
    }

    #[test]
    fn a_search_over_a_thousand_line_items_finds_what_a_scan_finds() {
        for seed in [1, 2, 3] {
            println!("seed {seed}");
            let random = &mut Random::from_seed(seed);
            let catalog = random_catalog(random, 1_000);
            let order = random_order(random, 1_000);
            let index = Index::build(&catalog, &order);
            let matched = check(random, &index, &rules(&catalog), 100);
            assert!(matched > 1_000, "{matched} matches prove little");
        }
    }

    #[test]
    fn a_search_over_many_blocks_finds_what_a_scan_finds() {
        println!("seed 4");
        let random = &mut Random::from_seed(4);
        let catalog = random_catalog(random, 9_000);
        let order: Vec<u32> = (0..9_000).collect();
        let index = Index::build(&catalog, &order);
        assert!(check(random, &index, &rules(&catalog), 10) > 1_000);
    }

    #[test]
    fn another_order_finds_the_same_line_items() {
        println!("seed 5");
        let random = &mut Random::from_seed(5);
        let catalog = random_catalog(random, 300);
        let backward: Vec<u32> = (0..300).rev().collect();
        let index = Index::build(&catalog, &backward);
        assert_eq!(index.line_item(0), 299);
        check(random, &index, &rules(&catalog), 50);
    }

    #[test]
    fn an_empty_index_and_a_short_live_row_find_nothing_more() {
        let random = &mut Random::from_seed(6);
        let request = random_request(random);
        let catalog = random_catalog(random, 50);
        let index = Index::build(&catalog, &(0..50).collect::<Vec<_>>());
        let exchange = ExchangeId::from_slug("adx");
        let mut scene = Scene::of(index.vocabulary(), &request, exchange, Known::default(), NOW);
        scene.look_at(&request.imp[0]);
        let empty = Index::build(&Catalog::default(), &[]);
        assert!(empty.is_empty());
        assert_eq!(empty.search(&scene, &Rows::all(10), 0).next(), None);
        assert_eq!(index.search(&scene, &Rows::none(0), 0).next(), None);
        assert_eq!(index.search(&scene, &Rows::all(50), 50).next(), None);
        for row in 0..50 {
            let failures = failures(&catalog, &catalog.line_items[row], &scene);
            let rule = CompiledRule::of_line_item(&catalog, &catalog.line_items[row]);
            assert_eq!(failures.is_empty(), rule.holds(&scene));
        }
    }

    /// 20,000 line items with a country, two of 20,000 domains and five of 500 segments each.
    #[test]
    fn a_line_item_with_rare_values_costs_at_most_250_bytes() {
        println!("seed 7");
        let random = &mut Random::from_seed(7);
        let countries: Vec<Country> = Country::all().take(30).collect();
        let line_items = (0..20_000).map(|number| {
            let domains = [(); 2].map(|()| format!("site-{}.example", random.below(20_000)));
            let segments = [(); 5].map(|()| random.below(500).to_string());
            let parts = vec![
                Rule::is(Attribute::Country, [random.pick(&countries).to_string()]),
                Rule::is(Attribute::Domain, domains),
                Rule::is(Attribute::Segment, segments),
            ];
            line_item(number, Rule::All(parts))
        });
        let catalog = catalog(line_items.collect());
        let index = Index::build(&catalog, &(0..20_000).collect::<Vec<_>>());
        let bytes = index.heap_bytes() / 20_000;
        println!("{bytes} bytes a line item");
        assert!(bytes <= 250, "{bytes} bytes a line item");
    }

    /// A rule of more choices than there are columns for, and one beside it that the columns say.
    #[test]
    fn a_rule_too_long_for_columns_is_asked_of_the_row() {
        println!("seed 9");
        let random = &mut Random::from_seed(9);
        let pair = |number: usize| {
            let parts = [Attribute::Os, Attribute::Carrier].map(|attribute| {
                Rule::is(attribute, [if number.is_multiple_of(7) { "ios" } else { "sfr" }.to_owned()])
            });
            Rule::All(parts.to_vec())
        };
        let long = Rule::Any((1..3_000).map(pair).collect());
        let shorter = Rule::Any((1..30).map(pair).collect());
        let mut catalog = random_catalog(random, 100);
        catalog.line_items[3].targeting = long;
        catalog.line_items[4].targeting = shorter;
        let index = Index::build(&catalog, &(0..100).collect::<Vec<_>>());
        assert_eq!(index.residuals(), 1);
        check(random, &index, &rules(&catalog), 100);
    }
}
