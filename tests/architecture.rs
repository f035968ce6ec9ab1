//! The architecture and the style, as far as a machine can hold them: every file of the bidder and of
//! the load test is parsed, every violation listed with its place and remedy.
//!
//! What is checked stands in `architecture/rules.rs`; which room may import which, in
//! `architecture/rooms.rs`. The checks themselves are tested in `architecture/refused.rs`.

#[path = "architecture/imports.rs"]
mod imports;
#[path = "architecture/map.rs"]
mod map;
#[path = "architecture/refused.rs"]
mod refused;
#[path = "architecture/rooms.rs"]
mod rooms;
#[path = "architecture/rules.rs"]
mod rules;
#[path = "architecture/source.rs"]
mod source;
#[path = "architecture/violation.rs"]
mod violation;

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::Source;
use crate::violation::Violation;

#[test]
fn every_file_keeps_to_the_rules() {
    let mut violations = vec![];
    for source in sources(&mut violations) {
        violations.extend(rules::violations(&source));
    }
    assert_none(&violations);
}

#[test]
fn the_map_and_the_rooms_are_the_same() {
    let map = fs::read_to_string(root().join("ARCHITECTURE.md")).expect(
        "ARCHITECTURE.md holds a table with a column `room`, where each folder of src/ stands in backticks",
    );
    let folders: Vec<String> = fs::read_dir(root().join("src"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    assert_none(&map::violations(&map, &folders));
}

#[test]
fn the_rooms_may_not_import_each_other_in_a_circle() {
    assert_eq!(rooms::circle(rooms::ROOMS), None);
}

/// All violations in one message: nobody likes to find them one by one.
#[track_caller]
fn assert_none(violations: &[Violation]) {
    let list: String = violations.iter().map(|violation| format!("\n{violation}")).collect();
    assert!(violations.is_empty(), "{} violations:{list}", violations.len());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file, parsed; those that a `#[cfg(test)] mod name;` declares, as tests.
fn sources(violations: &mut Vec<Violation>) -> Vec<Source> {
    let mut files = vec![];
    for folder in ["src", "loadtest/src"] {
        collect(&root().join(folder), &mut files);
    }
    files.sort();
    let mut sources = vec![];
    for file in files {
        let path =
            file.strip_prefix(root()).expect("collected below it").to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(&file).expect("source files are readable UTF-8");
        match Source::parse(&path, &text) {
            Ok(source) => sources.push(source),
            Err(violation) => violations.push(violation),
        }
    }
    source::mark_tests(&mut sources);
    sources
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("source folders are readable") {
        let path = entry.expect("source folders are readable").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
