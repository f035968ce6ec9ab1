//! The document as a tree of places: objects with their keys checked.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::Range;

use jsonc_parser::ast::{Object as AstObject, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

use crate::document::{Fault, Faults, Source, suggestion};

/// The key that is allowed on every object, for comments.
const NOTE: &str = "note";

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// A parsed file.
#[derive(Debug)]
pub struct Document<'s> {
    source: &'s Source,
    root: Value<'s>,
}

impl<'s> Document<'s> {
    /// The document in `source`; `None`, with a fault, if it is not strict JSON or nested too deeply.
    #[must_use]
    pub fn parse(source: &'s Source, faults: &mut Faults) -> Option<Self> {
        // serde_json judges: it is stricter on numbers and texts than the parser with the places, and it
        // stops at 128 levels. The parser with the places explains.
        let verdict = serde_json::from_str::<serde_json::Value>(&source.text);
        let parsed = parse_to_ast(&source.text, &CollectOptions::default(), &STRICT);
        match (verdict, parsed) {
            (Ok(_), Ok(parsed)) => match parsed.value {
                Some(root) => Some(Self { source, root }),
                None => faults.refuse(Fault::of_file(&source.name, "not JSON: the file is empty")),
            },
            (_, Err(error)) => {
                let reason = error.kind().to_string().to_lowercase();
                let message = format!("not JSON: {reason}");
                let fault = Fault::error(source, error.range().start..error.range().end, message);
                faults.refuse(match reason.as_str() {
                    "comments are not allowed" => fault.hint("write comments as a `note` key"),
                    "trailing commas are not allowed" => fault.hint("remove the comma"),
                    _ => fault,
                })
            }
            (Err(error), Ok(_)) => {
                if source.text.trim().is_empty() {
                    return faults.refuse(Fault::of_file(&source.name, "not JSON: the file is empty"));
                }
                let at = offset(&source.text, error.line(), error.column());
                let text = error.to_string();
                let reason = text.split(" at line ").next().unwrap_or(&text);
                faults.refuse(Fault::error(source, at..at + 1, format!("not JSON: {reason}")))
            }
        }
    }

    /// The outermost value.
    #[must_use]
    pub fn root(&self) -> Node<'_> {
        Node { document: self, value: &self.root }
    }

    /// The path to the value or key at `span`, and the place of the key that holds it.
    fn locate(&self, span: &Range<usize>) -> (String, Option<Range<usize>>) {
        let holds = |range: Range<usize>| range.start <= span.start && span.end <= range.end;
        let (mut value, mut path, mut key) = (&self.root, String::new(), None);
        while *span != bytes_of(value) {
            match value {
                Value::Object(object) => {
                    let Some(property) = object.properties.iter().find(|p| holds(bytes_of(*p))) else {
                        break;
                    };
                    if !path.is_empty() {
                        path.push('.');
                    }
                    path.push_str(property.name.as_str());
                    key = Some(bytes_of(&property.name));
                    if holds(bytes_of(&property.name)) {
                        break;
                    }
                    value = &property.value;
                }
                Value::Array(array) => {
                    let Some(index) = array.elements.iter().position(|e| holds(bytes_of(e))) else {
                        break;
                    };
                    path.push_str(&format!("[{index}]"));
                    key = None;
                    value = &array.elements[index];
                }
                _ => break,
            }
        }
        (path, key)
    }
}

fn bytes_of(ranged: &impl Ranged) -> Range<usize> {
    let range = ranged.range();
    range.start..range.end
}

/// The byte at a line and a column in bytes, both from 1.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    line_start + column.saturating_sub(1)
}

/// A value and its place in the document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'d> {
    document: &'d Document<'d>,
    value: &'d Value<'d>,
}

impl<'d> Node<'d> {
    /// The value, for the readers of this room.
    pub(in crate::document) fn value(self) -> &'d Value<'d> {
        self.value
    }

    /// The node of `value`, which lies in the same document.
    pub(in crate::document) fn at(self, value: &'d Value<'d>) -> Self {
        Self { document: self.document, value }
    }

    /// Its path: `line_items[0].goal`; empty for the root.
    #[must_use]
    pub fn path(self) -> String {
        self.document.locate(&bytes_of(self.value)).0
    }

    /// An error here: the path, then `problem` (`must be greater than 0, got -5`).
    #[must_use]
    pub fn error(self, problem: impl Display) -> Fault {
        let (path, key) = self.document.locate(&bytes_of(self.value));
        let thing = if path.is_empty() { "the file".into() } else { format!("`{path}`") };
        Fault::error(self.document.source, self.mark(key), format!("{thing} {problem}"))
    }

    /// A warning here: the path, then `problem`.
    #[must_use]
    pub fn warning(self, problem: impl Display) -> Fault {
        self.error(problem).as_warning()
    }

    /// The error that something of another kind is here: `must be a number, got a text`.
    #[must_use]
    pub fn wrong_type(self, wanted: &str) -> Fault {
        self.error(format!("must be {wanted}, got {}", self.kind()))
    }

    /// What is there, by its kind: `a text`.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self.value {
            Value::StringLit(_) => "a text",
            Value::NumberLit(_) => "a number",
            Value::BooleanLit(lit) if lit.value => "true",
            Value::BooleanLit(_) => "false",
            Value::Object(_) => "an object",
            Value::Array(_) => "a list",
            Value::NullKeyword(_) => "null",
        }
    }

    /// The place and file in words, for a fault elsewhere: `` `a.json` line 3 ``.
    #[must_use]
    pub fn whereabouts(self) -> String {
        let fault = self.error("");
        let line = fault.place.map_or(1, |place| place.line);
        format!("`{}` line {line}", fault.source)
    }

    /// True if it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        matches!(self.value, Value::Object(_))
    }

    /// The value of `key` if this is an object that has it; never a fault.
    #[must_use]
    pub fn peek(self, key: &str) -> Option<Self> {
        let property = self.value.as_object()?.properties.iter().find(|p| p.name.as_str() == key)?;
        Some(self.at(&property.value))
    }

    /// The text here, if it is one; never a fault.
    #[must_use]
    pub fn peek_text(self) -> Option<&'d str> {
        self.value.as_string_lit().map(|lit| &*lit.value)
    }

    /// The object here, whose keys are all among `keys` or `note`, none of them twice.
    ///
    /// Unknown and repeated keys are faults, but the object is still given, so that its other faults are
    /// found too.
    pub fn object(self, keys: &[&str], faults: &mut Faults) -> Option<Object<'d>> {
        let Value::Object(object) = self.value else {
            return faults.refuse(self.wrong_type("an object"));
        };
        let mut seen = HashSet::new();
        for property in &object.properties {
            if faults.is_full() {
                break;
            }
            let name = property.name.as_str();
            let refuse = |problem: &str| {
                let span = bytes_of(&property.name);
                let (path, _) = self.document.locate(&span);
                Fault::error(self.document.source, span, format!("`{path}` {problem}"))
            };
            if !seen.insert(name) {
                faults.push(refuse("is given twice"));
            } else if name == NOTE {
                if property.value.as_string_lit().is_none() {
                    faults.push(self.at(&property.value).wrong_type("a text"));
                }
            } else if !keys.contains(&name) {
                let hint = match suggestion(name, keys.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known keys: {}", quoted(keys)),
                };
                faults.push(refuse("is not a known key").hint(hint));
            }
        }
        Some(Object { node: self, object })
    }

    /// What `read` makes of each value of the object here, whose keys may be any: given the value and its
    /// key. `None` if any of them could not be read.
    pub fn each_value<T>(
        self,
        faults: &mut Faults,
        read: impl Fn(Self, &'d str, &mut Faults) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Value::Object(object) = self.value else {
            return faults.refuse(self.wrong_type("an object"));
        };
        let entries = Object { node: self, object }.entries();
        let read: Vec<Option<T>> = entries.map(|(key, node)| read(node, key, faults)).collect();
        read.into_iter().collect()
    }

    /// What to underline: a scalar itself, a list or object by its key, else by its bracket.
    fn mark(self, key: Option<Range<usize>>) -> Range<usize> {
        let own = bytes_of(self.value);
        match self.value {
            Value::Object(_) | Value::Array(_) => key.unwrap_or(own.start..own.start + 1),
            _ => own,
        }
    }
}

/// An object whose keys were checked.
#[derive(Debug, Clone, Copy)]
pub struct Object<'d> {
    node: Node<'d>,
    object: &'d AstObject<'d>,
}

impl<'d> Object<'d> {
    /// The object as a value.
    #[must_use]
    pub fn node(self) -> Node<'d> {
        self.node
    }

    /// The value of `key`, if it is there.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Node<'d>> {
        let property = self.object.properties.iter().find(|property| property.name.as_str() == key)?;
        Some(self.node.at(&property.value))
    }

    /// The value of `key`; a fault if it is not there.
    pub fn require(self, key: &str, faults: &mut Faults) -> Option<Node<'d>> {
        self.get(key).or_else(|| faults.refuse(self.missing(key)))
    }

    /// The fault that `key` is not there.
    #[must_use]
    pub fn missing(self, key: &str) -> Fault {
        let path = self.node.path();
        let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
        let mut fault = self.node.error("");
        fault.message = format!("`{path}` is missing");
        fault
    }

    /// Keys and values as written, but for `note`.
    pub fn entries(self) -> impl Iterator<Item = (&'d str, Node<'d>)> {
        let entries = self.object.properties.iter().map(move |p| (p.name.as_str(), self.node.at(&p.value)));
        entries.filter(|(name, _)| *name != NOTE)
    }

    /// The one of `keys` that is there, with its value; a fault if none or several are.
    pub fn one_of(self, keys: &[&'static str], faults: &mut Faults) -> Option<(&'static str, Node<'d>)> {
        let mut found = keys.iter().filter_map(|key| Some((*key, self.get(key)?)));
        match (found.next(), found.next()) {
            (Some(one), None) => Some(one),
            _ => faults.refuse(self.node.error(format!("must have exactly one of {}", quoted(keys)))),
        }
    }
}

/// `` `a`, `b`, `c` ``.
pub(in crate::document) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
