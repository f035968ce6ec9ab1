//! What the rules refuse, beside what they accept: a check that cannot fail is not a check.

use crate::rooms;
use crate::rules::violations;
use crate::source::{Source, mark_tests};

/// The rules that a file of this body, under a head, breaks.
#[track_caller]
fn check(path: &str, body: &str, want: &[&str]) {
    check_text(path, &format!("//! Head.\n{body}"), want);
}

#[track_caller]
fn check_text(path: &str, text: &str, want: &[&str]) {
    let source = Source::parse(path, text).expect("the snippet is Rust");
    let found = violations(&source);
    let rules: Vec<&str> = found.iter().map(|violation| violation.rule).collect();
    assert_eq!(rules, want, "{found:#?}");
}

const TTF: &str = "src/ttf/rates.rs";

#[test]
fn a_room_imports_what_the_table_says() {
    check(TTF, "use crate::units::Nanos;", &[]);
    check(TTF, "use crate::ttf::Rate;", &[]);
    check(TTF, "use crate::campaign::Campaign;", &["rooms"]);
    check(TTF, "use crate::{units::Nanos, campaign::Campaign};", &["rooms"]);
    check("src/shell/serve.rs", "use crate::campaign::Campaign;", &[]);
    check("src/campaign/check.rs", "use crate::shell::Clock;", &["rooms"]);
    check("src/sim/run.rs", "use crate::bidder::decide;", &[]);
    check("src/sim/run.rs", "use crate::shell::Clock;", &["rooms"]);
    check("src/units/money.rs", "use crate::attic::Thing;", &["rooms"]);
}

#[test]
fn an_import_is_found_wherever_it_is_written() {
    check(TTF, "fn f() -> crate::units::Nanos { todo!() }", &[]);
    check(TTF, "fn f() -> crate::ledger::Entry { todo!() }", &["rooms"]);
    check(TTF, "fn f() { println!(\"{}\", crate::ledger::balance()) }", &["rooms"]);
    check(TTF, "fn f() { let crate::ledger::Entry(x) = g(); }", &["rooms"]);
    check(TTF, "#[derive(crate::ledger::Booked)] struct A;", &["rooms"]);
    check(TTF, "mod a { use crate::ledger::Entry; }", &["rooms"]);
    check("src/ttf/mod.rs", "use super::ledger::Entry;", &["rooms"]);
    check("src/ttf/mod.rs", "use self::rates::Rate;", &[]);
    check(TTF, "use super::Rate;", &[]);
    check(TTF, "use crate as root; fn f() { root::ledger::balance() }", &["rooms"]);
}

#[test]
fn an_import_that_is_refused_is_told_once() {
    check(TTF, "use crate::ledger::Entry;\nfn f() -> Entry {\n Entry::new() }", &["rooms"]);
    check(TTF, "use std::time::Instant;\nfn f() {\n Instant::now() }", &["purity"]);
    check(TTF, "use std::time;\nfn f() {\n time::Instant::now() }", &["purity"]);
}

#[test]
fn the_load_test_sees_the_wire_alone() {
    let file = "loadtest/src/main.rs";
    check(file, "use encan::openrtb::BidRequest; use crate::anything::Own; use tokio::net;", &[]);
    check(file, "use encan::bidder::decide;", &["rooms"]);
}

#[test]
fn a_room_is_entered_by_its_front_door() {
    check("src/ledger/apply.rs", "use crate::units::Nanos;", &[]);
    check("src/ledger/apply.rs", "use crate::units::money::Nanos;", &["front door"]);
    check("src/ledger/apply.rs", "use crate::units::limits::LIST_MAX;", &[]);
    check(
        "src/ledger/apply.rs",
        "use crate::units::Nanos; fn f() { crate::units::Nanos::from_raw(1); }",
        &[],
    );
    check("src/ledger/apply.rs", "use crate::ledger::event::Event;", &[]);
    check("src/main.rs", "use encan::ledger::event::Event;", &["front door"]);
    check("src/main.rs", "use encan::shell::cli::run;", &[]);
}

#[test]
fn a_pure_room_names_nothing_of_the_world() {
    for banned in [
        "use tokio::time::sleep;",
        "use hyper::Request;",
        "use std::fs;",
        "use std::{collections::HashMap, fs::File};",
        "use std::net::IpAddr;",
        "use std::thread::spawn;",
        "use std::env::var;",
        "use std::process::exit;",
        "use std::time::Instant;",
        "use std::time::{Duration, SystemTime};",
        "use std::time; fn f() { time::Instant::now(); }",
        "use std as s; fn f() { s::fs::read(\"x\"); }",
        "fn f() { std::io::stdin(); }",
        "fn f() { assert!(std::env::args().count() > 1); }",
        "use rusqlite::Connection;",
        "use notify::Watcher;",
        "use rand::rng;",
        "fn f() { rand::thread_rng(); }",
        "fn f() { rand::random_range(0..6); }",
        "use jiff::Timestamp; fn f() { Timestamp::now(); }",
        "fn f() { jiff::Zoned::now(); }",
        "use jiff::tz::TimeZone; fn f() { TimeZone::system(); }",
    ] {
        let found = violations(&Source::parse(TTF, &format!("//! Head.\n{banned}")).unwrap());
        assert!(found.iter().any(|violation| violation.rule == "purity"), "{banned}: {found:?}");
        check("src/shell/serve.rs", banned, &[]);
        check(TTF, &format!("#[cfg(test)] mod tests {{ {banned} }}"), &[]);
    }
}

#[test]
fn a_pure_room_may_count_and_compute() {
    for allowed in [
        "use std::time::Duration;",
        "use std::io::Write;",
        "use core::net::IpAddr;",
        "use rand::Rng;",
        "use jiff::tz::TimeZone; fn f() { TimeZone::get(\"Europe/Paris\"); }",
        "fn f(now: u64) { let fs = now; fs.now(); }",
        "// std::fs::read, tokio\nfn f() { g(\"std::env::var\"); }",
    ] {
        check(TTF, allowed, &[]);
    }
}

#[test]
fn a_file_says_what_it_is() {
    check_text(TTF, "//! Rates.\n", &[]);
    check_text(TTF, "// Rates.\n", &["head"]);
}

#[test]
fn a_function_has_at_most_seventy_lines() {
    let function = |lines: usize| format!("fn f() {{\n{}}}", "g();\n".repeat(lines - 2));
    check(TTF, &function(70), &[]);
    check(TTF, &function(71), &["function length"]);
    check(TTF, &format!("impl A {{ {} }}", function(71)), &["function length"]);
    check(TTF, &format!("trait A {{ {} }}", function(71)), &["function length"]);
    check(TTF, &format!("#[cfg(test)] mod tests {{ {} }}", function(71)), &[]);
}

#[test]
fn a_file_has_at_most_five_hundred_lines_apart_from_its_tests() {
    let consts = |lines: usize| "const A: u8 = 1;\n".repeat(lines);
    check(TTF, &consts(499), &[]);
    check(TTF, &consts(500), &["file length"]);
    check(TTF, &format!("{}#[cfg(test)]\nmod tests {{\n{}}}", consts(400), consts(400)), &[]);
}

#[test]
fn nothing_is_imported_by_star_or_by_climbing() {
    check(TTF, "use super::*;", &["no globs"]);
    check(TTF, "#[cfg(test)] mod tests { use super::*; }", &["no globs"]);
    check(TTF, "use crate::units::{Nanos, *};", &["no globs"]);
    check("src/ttf/a/b.rs", "use super::super::Rate;", &["no super::super"]);
    check("src/ttf/a/b.rs", "fn f() { super::super::rate(); }", &["no super::super"]);
    check("src/ttf/a/b.rs", "use super::Rate;", &[]);
}

#[test]
fn a_name_says_what_it_is() {
    check(TTF, "struct Rates; mod tables {} fn helper_of_none() {}", &[]);
    check(TTF, "struct RateManager;", &["names"]);
    check(TTF, "enum TaxHelper {}", &["names"]);
    check(TTF, "trait Helper {}", &["names"]);
    check(TTF, "type RateManager = u8;", &["names"]);
    check(TTF, "mod utils;", &["names"]);
}

#[test]
fn unsafe_is_written_nowhere_that_is_not_listed() {
    check(TTF, "fn f() { unsafe { g() } }", &["unsafe"]);
    check(TTF, "unsafe impl Send for A {}", &["unsafe"]);
    check(TTF, "macro_rules! m { () => { unsafe { g() } } }", &["unsafe"]);
    check(TTF, "fn f() { let unsafely = \"unsafe\"; }", &[]);
    assert!(rooms::UNSAFE.iter().all(|(_, reason)| !reason.is_empty()));
}

#[test]
fn a_lint_is_silenced_by_expecting_it() {
    check(TTF, "#[expect(dead_code, reason = \"soon\")] fn f() {}", &[]);
    check(TTF, "#[allow(dead_code)] fn f() {}", &["no allow"]);
    check(TTF, "#![allow(dead_code)]", &["no allow"]);
    check(TTF, "#[cfg_attr(test, allow(dead_code))] fn f() {}", &["no allow"]);
    check(TTF, "fn f() { #[allow(unused)] let x = 1; }", &["no allow"]);
    check(TTF, "fn f() { allow(1); }", &[]);
}

#[test]
fn a_module_declared_for_tests_is_a_test() {
    let declares = "//! Head.\n#[cfg(test)]\nmod samples;\nmod rates;";
    let mut sources = vec![
        Source::parse("src/ttf/mod.rs", declares).unwrap(),
        Source::parse("src/ttf/samples.rs", "//! Head.\nuse std::fs;").unwrap(),
        Source::parse("src/ttf/rates.rs", "//! Head.\nuse std::fs;").unwrap(),
    ];
    mark_tests(&mut sources);
    let counts: Vec<usize> = sources.iter().map(|source| violations(source).len()).collect();
    assert_eq!(counts, [0, 0, 1]);
}

#[test]
fn a_circle_of_rooms_is_found() {
    assert_eq!(rooms::circle(&[("a", &[]), ("b", &["a"])]), None);
    assert_eq!(rooms::circle(&[("a", &["b"]), ("b", &["a"])]), Some("a"));
    assert_eq!(rooms::circle(&[("a", &["a"])]), Some("a"));
}

#[test]
fn a_violation_names_place_rule_and_remedy() {
    let source = Source::parse(TTF, "//! Head.\n\nuse crate::campaign::Campaign;").unwrap();
    let found: Vec<String> = violations(&source).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        ["src/ttf/rates.rs:3: rooms: ttf imports campaign, as `crate::campaign::Campaign`\n    remedy: \
          hand the value in, or move it to a room that ttf may import: units"]
    );
}
