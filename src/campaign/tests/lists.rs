//! Cases of list files: what lies in them, and what is said about it.

use std::sync::Arc;

use super::{CAMPAIGN, compiled_over, told};
use crate::audience::Definitions;
use crate::campaign::{Catalog, Compilation, Rule, Test, ValueList};
use crate::document::Source;

/// The campaign with this targeting, and its lists.
fn compiled(targeting: &str, lists: &[(&str, &str)]) -> Compilation {
    let text = CAMPAIGN.replacen(r#"{"country": "FR"}"#, targeting, 1);
    let lists: Vec<Source> =
        lists.iter().map(|(name, text)| Source::new(format!("lists/{name}.txt"), *text)).collect();
    compiled_over(&[&text], &Definitions::default(), &lists)
}

#[track_caller]
fn check(targeting: &str, lists: &[(&str, &str)], want: &[&str]) {
    assert_eq!(told(&compiled(targeting, lists)), want);
}

fn test(catalog: &Catalog) -> &Test {
    let Rule::Is(test) = &catalog.line_items[0].targeting else { panic!("one attribute") };
    test
}

#[test]
fn a_rule_names_lists_and_values_side_by_side() {
    let lists = [("news", "# ours\n\nwww.LeMonde.fr\r\n  bfmtv.com  \n"), ("more", "a.example")];
    let compiled =
        compiled(r#"{"domain": [{"list": "news"}, "b.example", {"list": "more", "note": "x"}]}"#, &lists);
    assert_eq!(told(&compiled), [] as [&str; 0]);
    let catalog = compiled.catalog.unwrap();
    let (values, named) = test(&catalog).listed();
    assert_eq!(values, ["b.example"]);
    assert_eq!(
        named.iter().map(|list| (list.name(), list.len())).collect::<Vec<_>>(),
        [("news", 2), ("more", 1)]
    );
    let all: Vec<&str> = test(&catalog).values().collect();
    assert_eq!(all, ["b.example", "bfmtv.com", "lemonde.fr", "a.example"]);
}

#[test]
fn a_list_is_kept_once_however_many_rules_name_it_and_once_more_for_another_attribute() {
    let targeting = r#"{"any": [{"keyword": {"list": "cars"}}, {"keyword": {"list": "cars"}, "genre": {"list": "cars"}}]}"#;
    let compiled = compiled(targeting, &[("cars", "Cars\nVans"), ("old", "")]);
    let catalog = compiled.catalog.unwrap();
    let lists: Vec<&Arc<ValueList>> =
        catalog.line_items[0].targeting.tests().flat_map(|test| test.listed().1).collect();
    assert!(Arc::ptr_eq(lists[0], lists[1]) && !Arc::ptr_eq(lists[0], lists[2]));
    assert_eq!(compiled.unnamed_lists, ["lists/old.txt"]);
}

#[test]
fn a_list_that_is_not_there_is_an_error_where_it_is_named() {
    let at = "error 13:40 `line_items[0].targeting.domain.list` is not a list, got";
    check(
        r#"{"domain": {"list": "prenium"}}"#,
        &[("premium", "a.example")],
        &[&format!("{at} \"prenium\" (did you mean `premium`?)")],
    );
    check(
        r#"{"domain": {"list": "../x"}}"#,
        &[],
        &[&format!("{at} \"../x\" (put `../x.txt`, one value a line, into the folder of lists)")],
    );
    check(
        r#"{"domain": {"lists": "x"}}"#,
        &[],
        &[
            "error 13:21 `line_items[0].targeting.domain.list` is missing",
            "error 13:32 `line_items[0].targeting.domain.lists` is not a known key (did you mean `list`?)",
        ],
    );
}

#[test]
fn every_bad_line_is_named_with_its_number_and_the_attribute_that_reads_it() {
    check(
        r#"{"domain": {"list": "news"}}"#,
        &[("news", "lemonde.fr\nhttps://a.example/b\nbfmtv.com, lesechos.fr\n\tx y\n")],
        &[
            "error 3 lines are wrong, read as `domain` (the list is refused as a whole: mend or remove them)",
            "error 2:1 \"https://a.example/b\" is not a domain, read as `domain` (without `https://` and path, as `shop.example`)",
            "error 3:1 \"bfmtv.com, lesechos.fr\" is not a domain, read as `domain` (without `https://` and path, as `shop.example`)",
            "error 4:1 \"x y\" is not a domain, read as `domain` (without `https://` and path, as `shop.example`)",
        ],
    );
}

#[test]
fn of_many_bad_lines_the_first_are_shown_and_the_rest_counted() {
    let text = "good.example\n".to_owned() + &"bad\n".repeat(332);
    let faults = told(&compiled(r#"{"domain": {"list": "news"}}"#, &[("news", &text)]));
    assert_eq!(faults.len(), 21);
    let last = "error 332 lines are wrong, read as `domain`, the first 20 are shown, and 312 more \
        (the list is refused as a whole: mend or remove them)";
    assert!(faults.iter().any(|fault| fault == last), "{faults:?}");
}

#[test]
fn a_faulty_list_is_told_once_however_many_rules_name_it() {
    let targeting = r#"{"any": [{"domain": {"list": "x"}}, {"not": {"domain": {"list": "x"}}}]}"#;
    assert_eq!(told(&compiled(targeting, &[("x", "bad")])).len(), 2);
}

#[test]
fn repeated_lines_are_a_warning_with_their_count() {
    check(
        r#"{"domain": {"list": "x"}}"#,
        &[("x", "a.example\nwww.A.example\nb.example\na.example")],
        &[
            "warning 2:1 2 lines repeat a value, read as `domain`; this is the first (one line a value is enough)",
        ],
    );
}

#[test]
fn an_empty_list_and_one_too_long_are_errors() {
    check(
        r#"{"tag": {"list": "x"}}"#,
        &[("x", "# a\n\n")],
        &["error the list is empty (write one value a line, or take the list out of the rules)"],
    );
    check(
        r#"{"tag": {"list": "x"}}"#,
        &[("x", &"\n".repeat(1_000_001))],
        &["error has more than 1000000 lines (make several lists of it)"],
    );
}

#[test]
fn sensitive_lines_are_refused_where_they_name_people_and_not_where_sellers_name_things() {
    let lists = [("x", "shoes\npregnant women")];
    let refused = [
        "error 1 line is wrong, read as `SEE` (the list is refused as a whole: mend or remove them)",
        "error 2:1 \"pregnant women\" names a sensitive criterion: pregnant, read as `SEE` \
         (nobody may be targeted by health, religion, origin, sexual life, politics or union)",
    ];
    for attribute in ["segment", "keyword"] {
        let want = refused.map(|line| line.replace("SEE", attribute));
        assert_eq!(told(&compiled(&format!(r#"{{"{attribute}": {{"list": "x"}}}}"#), &lists)), want);
    }
    check(r#"{"tag": {"list": "x"}}"#, &lists, &[]);
}

#[test]
fn only_attributes_whose_values_are_texts_take_lists() {
    check(
        r#"{"device": {"list": "x"}}"#,
        &[("x", "phone")],
        &["error 13:21 `line_items[0].targeting.device` must be a text, got an object"],
    );
}

#[test]
fn a_line_of_control_characters_or_without_end_is_refused() {
    let long = "x".repeat(257);
    let faults = told(&compiled(r#"{"tag": {"list": "x"}}"#, &[("x", &format!("a\u{1}\n{long}"))]));
    for want in ["holds a control character", "has more than 256 characters", "2 lines are wrong"] {
        assert!(faults.iter().any(|fault| fault.contains(want)), "{want} in {faults:?}");
    }
}
