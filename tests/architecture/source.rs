//! One file: its text, its syntax and its place among the modules.

use proc_macro2::LineColumn;
use syn::spanned::Spanned;
use syn::{Attribute, Item};

use crate::violation::Violation;

/// A parsed file.
pub struct Source {
    /// From the root of the repository, with slashes.
    pub path: String,
    /// As it stands.
    pub text: String,
    /// Its syntax.
    pub syntax: syn::File,
    /// True if it is compiled for tests only.
    pub test: bool,
}

/// Which part of the house a file belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A room of `src/`.
    Room(String),
    /// `src/lib.rs` and `src/main.rs`.
    Root,
    /// The load test.
    Loadtest,
}

impl Source {
    /// Parses a file.
    pub fn parse(path: &str, text: &str) -> Result<Self, Violation> {
        match syn::parse_file(text) {
            Ok(syntax) => Ok(Self { path: path.to_owned(), text: text.to_owned(), syntax, test: false }),
            Err(error) => Err(Violation {
                file: path.to_owned(),
                line: error.span().start().line,
                rule: "syntax",
                found: error.to_string(),
                remedy: "write Rust".to_owned(),
            }),
        }
    }

    /// The part it belongs to.
    pub fn part(&self) -> Part {
        match self.path.strip_prefix("src/") {
            None => Part::Loadtest,
            Some("lib.rs" | "main.rs") => Part::Root,
            Some(inner) => {
                let first = inner.split('/').next().unwrap_or(inner);
                Part::Room(first.trim_end_matches(".rs").to_owned())
            }
        }
    }

    /// The module that the file is, from the root of its crate: `src/a/b.rs` and `src/a/b/mod.rs` are
    /// both `a::b`.
    pub fn module(&self) -> Vec<String> {
        let inner = self.path.split_once("src/").map_or(self.path.as_str(), |(_, inner)| inner);
        let mut names: Vec<String> = inner.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if matches!(names.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            names.pop();
        }
        names
    }

    /// A violation in this file.
    pub fn violation(&self, line: usize, rule: &'static str, found: String, remedy: &str) -> Violation {
        Violation { file: self.path.clone(), line, rule, found, remedy: remedy.to_owned() }
    }

    /// Lines that are not in a test module of the file.
    pub fn lines_apart_from_tests(&self) -> usize {
        let tests = self.syntax.items.iter().filter_map(|item| match item {
            Item::Mod(module) if is_test(&module.attrs) => Some(lines(module)),
            _ => None,
        });
        self.text.lines().count().saturating_sub(tests.sum())
    }
}

/// Marks the files that a `#[cfg(test)] mod name;` declares.
pub fn mark_tests(sources: &mut [Source]) {
    let mut tests = vec![];
    for source in sources.iter() {
        for item in &source.syntax.items {
            if let Item::Mod(module) = item
                && is_test(&module.attrs)
                && module.content.is_none()
            {
                let mut path = source.module();
                path.push(module.ident.to_string());
                tests.push((source.part() == Part::Loadtest, path));
            }
        }
    }
    for source in sources {
        source.test = tests.contains(&(source.part() == Part::Loadtest, source.module()));
    }
}

/// True under `#[cfg(test)]`.
pub fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test")
    })
}

/// The lines that a piece of syntax stands on, its attributes and comments of documentation included.
pub fn lines(syntax: &impl Spanned) -> usize {
    let (start, end): (LineColumn, LineColumn) = (syntax.span().start(), syntax.span().end());
    end.line - start.line + 1
}
