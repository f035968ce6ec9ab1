//! Block and allow lists against labels of every taxonomy.

use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};

use crate::taxonomy::{CategorySet, Coverage, Label, Taxonomy, categories};

fn coverage(taxonomy: Taxonomy, ids: &[&str]) -> Coverage {
    let labels: Vec<Label> = ids.iter().map(|id| Label::find(taxonomy, id).unwrap()).collect();
    Coverage::of(&labels)
}

const CONTENT_1: Taxonomy = Taxonomy::Content1_0;
const AD_PRODUCT_2: Taxonomy = Taxonomy::AdProduct2_0;

#[track_caller]
fn check_blocked(own: (Taxonomy, &[&str]), bcat: &[&str], cattax: u32, want: bool) {
    assert_eq!(coverage(own.0, own.1).is_blocked(bcat, cattax), want, "{own:?} against {bcat:?} in {cattax}");
    let set = CategorySet::of(bcat);
    assert_eq!(coverage(own.0, own.1).is_blocked_by(&set, cattax), want, "{own:?} against {set:?}");
}

#[track_caller]
fn check_allowed(own: (Taxonomy, &[&str]), acat: &[&str], cattax: u32, want: bool) {
    assert_eq!(coverage(own.0, own.1).is_allowed(acat, cattax), want, "{own:?} against {acat:?} in {cattax}");
    let set = CategorySet::of(acat);
    assert_eq!(coverage(own.0, own.1).is_allowed_by(&set, cattax), want, "{own:?} against {set:?}");
}

#[test]
fn a_blocked_category_blocks_its_children_and_no_neighbour_nor_parent() {
    check_blocked((CONTENT_1, &["IAB25-3"]), &["IAB25"], 1, true);
    check_blocked((CONTENT_1, &["IAB25-3"]), &[" iab25-3 "], 1, true);
    check_blocked((CONTENT_1, &["IAB25-3"]), &["IAB2", "IAB25-4", "IAB2-5"], 1, false);
    check_blocked((CONTENT_1, &["IAB25"]), &["IAB25-3"], 1, false);
    check_blocked((AD_PRODUCT_2, &["1004"]), &["1002"], 8, true);
    check_blocked((AD_PRODUCT_2, &["1004"]), &["1005", "1001"], 8, false);
}

#[test]
fn without_labels_every_list_with_an_entry_blocks() {
    for bcat in [&["IAB25"][..], &["", "IAB25"], &["no id of any table"]] {
        check_blocked((CONTENT_1, &[]), bcat, 1, true);
        check_blocked((CONTENT_1, &[]), bcat, 500, true);
    }
    check_blocked((CONTENT_1, &[]), &[], 1, false);
    check_blocked((CONTENT_1, &[]), &["", " "], 1, false);
    check_blocked((CONTENT_1, &["IAB3"]), &["IAB25"], 1, false);
}

#[test]
fn one_blocked_label_of_several_is_enough() {
    check_blocked((CONTENT_1, &["IAB3", "IAB8-18"]), &["IAB8-18"], 1, true);
    check_blocked((CONTENT_1, &["IAB3", "IAB8-18"]), &["IAB8-5"], 1, false);
}

#[test]
fn a_label_is_blocked_by_what_it_is_in_every_other_taxonomy() {
    // Wine: alcohol in all of them, food and drink above it.
    for (cattax, blocked, other) in [
        (2, "211", "212"),
        (5, "210", "1"),
        (6, "211", "483"),
        (7, "211", "1"),
        (9, "210", "274"),
        (8, "1002", "1001"),
    ] {
        check_blocked((CONTENT_1, &["IAB8-18"]), &[blocked], cattax, true);
        check_blocked((CONTENT_1, &["IAB8-18"]), &[other], cattax, false);
    }
    check_blocked((AD_PRODUCT_2, &["1007"]), &["IAB8-18"], 1, true);
    check_blocked((AD_PRODUCT_2, &["1007"]), &["IAB8"], 1, true);
    check_blocked((AD_PRODUCT_2, &["1007"]), &["IAB8-5"], 1, false);
    check_blocked((AD_PRODUCT_2, &["1361"]), &["IAB9-7"], 1, true);
    check_blocked((Taxonomy::Content3_1, &["211"]), &["1002"], 8, true);
}

#[test]
fn a_mapping_that_is_published_one_way_only_blocks_the_other_way_too() {
    // `IAB8-5` is mapped to spirits, and they to it; casual games only ever from role playing.
    check_blocked((AD_PRODUCT_2, &["1423"]), &["IAB9-25"], 1, true);
    check_blocked((CONTENT_1, &["IAB9-25"]), &["1423"], 8, true);
}

#[test]
fn what_cannot_be_told_is_a_block() {
    // Pornography has no place in Content 2.x, and nothing has one in the Audience Taxonomy.
    check_blocked((CONTENT_1, &["IAB25-3"]), &["1"], 2, true);
    check_blocked((CONTENT_1, &["IAB3"]), &["1"], 4, true);
    for cattax in [10, 20, 500, 501] {
        check_blocked((CONTENT_1, &["IAB3"]), &["1"], cattax, true);
        check_blocked((CONTENT_1, &["IAB3"]), &[], cattax, false);
    }
    check_blocked((CONTENT_1, &["IAB3"]), &["1"], 2, false);
}

#[test]
fn ids_of_content_1_count_as_such_whatever_the_request_says() {
    check_blocked((CONTENT_1, &["IAB25-3"]), &["IAB25-3"], 2, true);
    check_blocked((CONTENT_1, &["IAB25-3"]), &["IAB24"], 2, false);
    check_blocked((AD_PRODUCT_2, &["1001"]), &["IAB25-3"], 8, true);
    check_allowed((CONTENT_1, &["IAB3-1"]), &["IAB3"], 7, true);
}

#[test]
fn ids_that_no_table_has_are_passed_over() {
    check_blocked((CONTENT_1, &["IAB3"]), &["", " ", "BSW1", "bad-category", "IAB99", "a b c"], 1, false);
    check_blocked((CONTENT_1, &["IAB3"]), &["BSW1", "IAB3"], 1, true);
}

#[test]
fn an_allow_list_must_hold_every_label() {
    check_allowed((CONTENT_1, &["IAB3-1", "IAB2"]), &["IAB2", "IAB3"], 1, true);
    check_allowed((CONTENT_1, &["IAB3-1", "IAB2"]), &["IAB3"], 1, false);
    check_allowed((CONTENT_1, &["IAB3"]), &["IAB3-1"], 1, false);
    check_allowed((CONTENT_1, &["IAB3"]), &[], 1, true);
}

#[test]
fn an_allow_list_of_another_taxonomy_must_hold_all_that_a_label_is_there() {
    check_allowed((CONTENT_1, &["IAB8-18"]), &["1002"], 8, true);
    check_allowed((CONTENT_1, &["IAB8-18"]), &["1007"], 8, false);
    check_allowed((CONTENT_1, &["IAB2-3"]), &["30"], 6, true);
    check_allowed((CONTENT_1, &["IAB25-3"]), &["1", "42", "v9i3On"], 6, false);
    check_allowed((CONTENT_1, &["IAB3"]), &["IAB3"], 500, false);
    check_allowed((CONTENT_1, &["IAB3"]), &["1"], 4, false);
}

#[test]
fn without_labels_whatever_is_listed_blocks_and_nothing_is_allowed() {
    let unlabelled = Coverage::default();
    assert!(unlabelled.is_blocked(&["IAB1"], 1));
    assert!(unlabelled.is_blocked(&["1"], 500));
    assert!(!unlabelled.is_blocked(&[], 1));
    assert!(!unlabelled.is_allowed(&["IAB1"], 1));
    assert!(unlabelled.is_allowed(&[], 1));
}

#[test]
fn in_its_own_taxonomy_every_label_is_blocked_by_itself_and_by_every_parent() {
    for taxonomy in Taxonomy::ALL {
        for (id, _) in categories(taxonomy) {
            let coverage = coverage(taxonomy, &[id]);
            assert!(coverage.is_blocked(&[id], taxonomy.code()), "{taxonomy:?} {id}");
            assert!(coverage.is_allowed(&[id], taxonomy.code()), "{taxonomy:?} {id}");
        }
    }
}

#[test]
fn lists_of_anything_never_panic_and_a_set_says_what_its_list_does_and_a_longer_list_never_blocks_less() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = SmallRng::seed_from_u64(seed);
    let known: Vec<&str> = Taxonomy::ALL.into_iter().flat_map(categories).map(|(id, _)| id).collect();
    for _ in 0..500 {
        let taxonomy = Taxonomy::ALL[rng.random_range(0..9)];
        let own: Vec<&str> = categories(taxonomy).map(|(id, _)| id).collect();
        let Some(id) = (!own.is_empty()).then(|| own[rng.random_range(0..own.len())]) else { continue };
        let coverage = coverage(taxonomy, &[id]);
        let listed: Vec<String> = (0..rng.random_range(1..30))
            .map(|_| match rng.random_range(0..3) {
                0 => known[rng.random_range(0..known.len())].to_lowercase(),
                1 => rng.random_range(0..2_000).to_string(),
                _ => (0..rng.random_range(0..12)).map(|_| char::from(rng.random_range(1_u8..127))).collect(),
            })
            .collect();
        let listed: Vec<&str> = listed.iter().map(String::as_str).collect();
        let cattax = (rng.next_u32() % 12) + u32::from(rng.random_bool(0.1)) * 500;
        let shorter = &listed[..rng.random_range(0..listed.len())];
        for (listed, coverage) in
            [(shorter, &coverage), (&listed, &coverage), (shorter, &Coverage::default())]
        {
            let set = CategorySet::of(listed);
            assert_eq!(
                coverage.is_blocked_by(&set, cattax),
                coverage.is_blocked(listed, cattax),
                "{listed:?}"
            );
            assert_eq!(
                coverage.is_allowed_by(&set, cattax),
                coverage.is_allowed(listed, cattax),
                "{listed:?}"
            );
        }
        assert!(!coverage.is_blocked(shorter, cattax) || coverage.is_blocked(&listed, cattax), "{listed:?}");
        let more_is_allowed = shorter.is_empty() || !coverage.is_allowed(shorter, cattax);
        assert!(more_is_allowed || coverage.is_allowed(&listed, cattax), "{listed:?}");
    }
}
