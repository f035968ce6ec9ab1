//! The cases themselves: right requests are right, and all names tell them apart.

use serde_json::{Value, json};

use super::{Wishes, case_of, cases, merge};
use crate::certify::{Case, Terms, Wants};

fn all(terms: &Terms, test: bool) -> Vec<Case> {
    cases(&Wishes { run: "r", terms, deals: &["d".to_owned()], advertisers: &["a.example".to_owned()], test })
}

#[test]
fn every_case_has_a_name_and_every_request_an_id_of_its_own() {
    let terms = Terms { seat: Some("us".to_owned()), ..Terms::default() };
    let cases = all(&terms, false);
    let count = |mut texts: Vec<String>| {
        texts.sort();
        texts.dedup();
        texts.len()
    };
    assert_eq!(count(cases.iter().map(|case| case.name.clone()).collect()), cases.len());
    let asked: Vec<&Value> = cases.iter().filter_map(|case| case.request.as_ref()).collect();
    assert_eq!(count(asked.iter().map(|request| request["id"].to_string()).collect()), asked.len());
    assert!(asked.len() > 150, "{}", asked.len());
    assert!(cases.iter().any(|case| case.wants == Wants::Refusal));
}

#[test]
fn a_profile_and_the_test_flag_reach_every_right_request() {
    let terms = Terms { currencies: vec!["CHF".to_owned()], tmax_ms: 77, ..Terms::default() };
    for case in all(&terms, true).iter().filter(|case| case.rule.section == "2.1") {
        let Some(request) = &case.request else { continue };
        assert_eq!(request["test"], 1, "{}", case.name);
        assert_eq!(request["tmax"], 77, "{}", case.name);
        assert_eq!(request["cur"], json!(["CHF"]), "{}", case.name);
    }
}

#[test]
fn a_request_from_elsewhere_becomes_a_case() {
    let terms = Terms::default();
    let wishes = Wishes { run: "r", terms: &terms, deals: &[], advertisers: &[], test: true };
    let case = case_of(br#"{"id":"x","tmax":5,"imp":[]}"#, "traffic 1".to_owned(), &wishes).unwrap();
    assert_eq!(case.request, Some(json!({"id": "r-x", "tmax": 120, "test": 1, "imp": []})));
    assert_eq!(case.tmax_ms, Some(120));
    assert_eq!(case_of(b"[]", String::new(), &wishes), None);
}

#[test]
fn a_patch_goes_field_by_field_and_null_stays_null() {
    let mut value = json!({"a": {"b": 1, "c": [1]}});
    merge(&mut value, json!({"a": {"c": [2], "d": null}}));
    assert_eq!(value, json!({"a": {"b": 1, "c": [2], "d": null}}));
}
