//! Cases of modifiers: what is written, and what is said about it.

use super::{accept, check};
use crate::units::limits;

/// The line item with these modifiers has exactly these faults.
#[track_caller]
fn check_modifiers(modifiers: &str, want: &str) {
    check(r#""goal":"#, &format!(r#""modifiers": {modifiers}, "goal":"#), want);
}

#[test]
fn modifiers_are_rules_with_factors() {
    let modifiers = r#"[{"when": {"device": "phone"}, "multiply": 1.25}, {"when": {}, "multiply": 0}]"#;
    let catalog = accept(r#""goal":"#, &format!(r#""modifiers": {modifiers}, "goal":"#));
    let factors = catalog.line_items[0].modifiers.iter().map(|modifier| modifier.multiply.to_string());
    assert_eq!(factors.collect::<Vec<_>>(), ["1.25", "0"]);
}

#[test]
fn a_modifier_that_cannot_be_meant_is_refused() {
    let path = "`line_items[0].modifiers";
    check_modifiers(
        r#"[{"when": {"devise": "tv"}, "multiply": 11}]"#,
        &format!(
            "error 12:31 {path}[0].when.devise` is not a known key (did you mean `device`?)\n\
             error 12:60 {path}[0].multiply` must be a factor from 0 to 10, got 11 \
             (`1.25` is a quarter more, `0` is no bid)"
        ),
    );
    check_modifiers(
        r#"[{"when": {}, "multiply": -1}]"#,
        &format!(
            "error 12:46 {path}[0].multiply` must be a factor from 0 to 10, got -1 \
             (`1.25` is a quarter more, `0` is no bid)"
        ),
    );
    check_modifiers(
        r#"[{"when": {}, "multiply": 1.0005}]"#,
        &format!(
            "error 12:46 {path}[0].multiply` has more than 3 decimals: 1.0005 \
             (numbers are exact here, nothing is rounded)"
        ),
    );
    check_modifiers(
        r#"[{"when": {}, "multiply": 1.000}]"#,
        &format!("warning 12:46 {path}[0].multiply` has no effect: the value stays as it is (remove it)"),
    );
    check_modifiers(r#"[{"multiply": 2}]"#, &format!("error 12:21 {path}[0].when` is missing"));
    let many = vec![r#"{"when": {}, "multiply": 2}"#; limits::MODIFIERS_MAX + 1].join(", ");
    check_modifiers(&format!("[{many}]"), &format!("error 12:7 {path}` must hold at most 16, got 17"));
}
