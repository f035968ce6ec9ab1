//! The catalogs that benches search: the generated one, a little broader so that about one line item in a hundred
//! matches an event, and a harder one with rules nested in one another.

use encan::campaign::{Attribute, Catalog, Kind, Rule, Test, Wanted};
use encan::sim;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// One generated line item in so many asks one thing less.
const BROADENED: u32 = 5;
/// There is a long list for so many line items; about a dozen of them name it.
const LINE_ITEMS_OF_LIST: usize = 200;

/// So many line items with flat rules mostly, the same for the same seed.
pub fn plain_catalog(seed: u64, line_items: usize) -> Catalog {
    let mut catalog = sim::catalog(seed, line_items);
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    for line_item in &mut catalog.line_items {
        if let Rule::All(parts) = &mut line_item.targeting
            && rng.random_ratio(1, BROADENED)
            && !parts.is_empty()
        {
            parts.remove(rng.random_range(0..parts.len().min(2)));
        }
    }
    catalog
}

/// The same with rules nested in one another, negated, repeated and long, over attributes of every kind.
pub fn nested_catalog(seed: u64, line_items: usize) -> Catalog {
    let mut catalog = plain_catalog(seed, line_items);
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let plain: Vec<Rule> = catalog.line_items.iter().map(|line_item| line_item.targeting.clone()).collect();
    let leaves: Vec<Rule> = plain.iter().take(20_000).flat_map(Rule::tests).cloned().map(Rule::Is).collect();
    let lists: Vec<Rule> = (0..=line_items / LINE_ITEMS_OF_LIST).map(|_| names(rng)).collect();
    for (line_item, own) in catalog.line_items.iter_mut().zip(&plain) {
        let list = lists[rng.random_range(0..lists.len())].clone();
        let leaf = |rng: &mut Xoshiro256PlusPlus| leaves[rng.random_range(0..leaves.len())].clone();
        let mut parts = vec![match rng.random_range(0..100) {
            0..20 => Rule::Any(vec![own.clone(), plain[rng.random_range(0..plain.len())].clone()]),
            20..30 => all([own.clone(), not(all([leaf(rng), leaf(rng)]))]),
            30..40 => all([own.clone(), Rule::Any(vec![leaf(rng), not(leaf(rng)), not(leaf(rng))])]),
            40..45 => {
                let pairs = [(); 4].map(|()| all([leaf(rng), leaf(rng)]));
                all([own.clone(), Rule::Any([pairs.to_vec(), vec![not(leaf(rng))]].concat())])
            }
            45..50 => all([own.clone(), not(list)]),
            50..53 => Rule::Any(vec![own.clone(), list]),
            _ => own.clone(),
        }];
        parts.extend((0..rng.random_range(0..3)).filter_map(|_| any_attribute(rng)));
        line_item.targeting = Rule::All(parts);
    }
    catalog
}

fn all<const N: usize>(parts: [Rule; N]) -> Rule {
    Rule::All(parts.into())
}

fn not(rule: Rule) -> Rule {
    Rule::Not(Box::new(rule))
}

/// A long list of domains that no request names.
fn names(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let count = rng.random_range(500..1_000);
    let name = |_| format!("site-{}.example", rng.random_range(0..1_000_000));
    Rule::is(Attribute::Domain, (0..count).map(name).collect::<Vec<_>>())
}

/// A condition on any attribute, which lets the unknown pass and mostly the known.
fn any_attribute(rng: &mut Xoshiro256PlusPlus) -> Option<Rule> {
    let attribute = Attribute::ALL[rng.random_range(0..Attribute::COUNT)];
    let (values, negated): (Vec<String>, bool) = match attribute.kind() {
        Kind::Choice(words) => {
            (words[rng.random_range(0..words.len())..].iter().map(|w| (*w).to_owned()).collect(), false)
        }
        Kind::Flag => (vec!["false".to_owned()], false),
        Kind::Code(most) => ((0..=most).map(|code| code.to_string()).collect(), false),
        Kind::Text | Kind::Name => {
            ((0..3).map(|_| format!("name-{}", rng.random_range(0..5_000))).collect(), true)
        }
        _ => return None,
    };
    let test = Rule::Is(Test { attribute, wanted: Wanted::one_of(values), include_unknown: true });
    Some(if negated { not(test) } else { test })
}
