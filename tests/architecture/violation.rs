//! What is wrong, where, and what to do about it.

use std::fmt;

/// One rule broken in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// From the root of the repository.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// What was found.
    pub found: String,
    /// What to do instead.
    pub remedy: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule, found, remedy } = self;
        write!(f, "{file}:{line}: {rule}: {found}\n    remedy: {remedy}")
    }
}
