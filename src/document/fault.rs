//! What is wrong in a file, and where.

use std::ops::Range;

use serde::Serialize;

use crate::document::Source;
use crate::units::limits;

/// How bad a fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, but probably says what nobody meant.
    Warning,
}

/// Where in a file. Serialised as `line`, `column`, `start` and `end`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl Place {
    /// The place of the bytes `span` in `text`.
    ///
    /// A span that does not lie in `text`, or cuts a character, is moved to the nearest one that does not.
    #[must_use]
    pub fn new(text: &str, span: Range<usize>) -> Self {
        let start = text.floor_char_boundary(span.start);
        let end = text.ceil_char_boundary(span.end).max(start);
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self {
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            start,
            end,
        }
    }
}

/// One thing wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// The name of the file.
    pub source: String,
    /// Where in it; `None` if the file as a whole is meant.
    #[serde(flatten)]
    pub place: Option<Place>,
    /// Names thing, place and value; no full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Fault {
    /// An error at the bytes `span` of `source`.
    #[must_use]
    pub fn error(source: &Source, span: Range<usize>, message: impl Into<String>) -> Self {
        let place = Some(Place::new(&source.text, span));
        Self {
            severity: Severity::Error,
            source: source.name.clone(),
            place,
            message: message.into(),
            hint: None,
        }
    }

    /// An error of a whole file.
    #[must_use]
    pub fn of_file(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            source: name.into(),
            place: None,
            message: message.into(),
            hint: None,
        }
    }

    /// The same as a warning.
    #[must_use]
    pub fn as_warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }

    /// The same with a remedy.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// `spring.json` line 14: what is wrong.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.place {
            Some(place) => format!("`{}` line {}: {}", self.source, place.line, self.message),
            None => format!("`{}`: {}", self.source, self.message),
        }
    }
}

/// Collects faults: the first [`limits::FAULTS_MAX`].
#[derive(Debug, Default)]
pub struct Faults {
    kept: Vec<Fault>,
    errors: usize,
    dropped: bool,
}

impl Faults {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `fault`.
    pub fn push(&mut self, fault: Fault) {
        self.errors += usize::from(fault.severity == Severity::Error);
        if self.kept.len() < limits::FAULTS_MAX {
            self.kept.push(fault);
        } else {
            self.dropped = true;
        }
    }

    /// True if no more are kept: a reader of a long list stops here.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.kept.len() >= limits::FAULTS_MAX
    }

    /// Takes `fault`, and gives the `None` that the reader returns in its place.
    pub fn refuse<T>(&mut self, fault: Fault) -> Option<T> {
        self.push(fault);
        None
    }

    /// How many errors there were, kept or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// The faults, by file and place. If there were more than are kept, the last one says so.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<Fault> {
        self.kept.sort_by(|a, b| (&a.source, &a.place, a.severity).cmp(&(&b.source, &b.place, b.severity)));
        if self.dropped
            && let Some(last) = self.kept.last()
        {
            let message = format!("more than {} faults, the rest is not shown", limits::FAULTS_MAX);
            let mut more = Fault::of_file(last.source.clone(), message);
            more.severity = if self.errors > 0 { Severity::Error } else { Severity::Warning };
            self.kept.push(more);
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Faults, Place};
    use crate::document::Source;
    use crate::units::limits;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let text = "{\n \"é\": 1}";
        let at = text.find('1').unwrap();
        let place = Place::new(text, at..at + 1);
        assert_eq!((place.line, place.column), (2, 7));
    }

    #[test]
    fn a_span_outside_the_text_is_moved_into_it() {
        let place = Place::new("é", 1..9);
        assert_eq!((place.start, place.end), (0, 2));
    }

    #[test]
    fn faults_beyond_the_limit_are_not_kept_but_mentioned() {
        let source = Source::new("a.json", "{}");
        let mut faults = Faults::new();
        for _ in 0..limits::FAULTS_MAX + 5 {
            faults.push(Fault::error(&source, 0..1, "wrong"));
        }
        assert_eq!(faults.errors(), limits::FAULTS_MAX + 5);
        let last = faults.into_vec().pop().unwrap();
        assert_eq!(last.message, "more than 200 faults, the rest is not shown");
    }

    #[test]
    fn a_fault_is_flat_in_json() {
        let fault = Fault::error(&Source::new("a.json", "{}"), 0..1, "wrong").as_warning().hint("mend it");
        assert_eq!(
            serde_json::to_string(&fault).unwrap(),
            r#"{"severity":"warning","source":"a.json","line":1,"column":1,"start":0,"end":1,"message":"wrong","hint":"mend it"}"#
        );
    }
}
