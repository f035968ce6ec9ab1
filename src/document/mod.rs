//! A JSON file that a person wrote: read with every fault at once, each with its place.
//!
//! A model reader asks [`Node`]s for what it wants and gets `None` where the file has something else;
//! the reason lands in [`Faults`]. Files are strict JSON. The key `note` is allowed on every object, as
//! the place for comments. Nothing here opens a file: texts come in as [`Source`]s.

mod fault;
mod node;
mod render;
mod secret;
mod suggest;
mod value;

pub use fault::{Fault, Faults, Place, Severity};
pub use node::{Document, Node, Object};
pub use render::render;
pub use secret::{Secret, SecretSource};
pub use suggest::suggestion;

/// A file's name and text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// As faults name it: usually its path.
    pub name: String,
    /// All of it, without a byte order mark.
    pub text: String,
}

impl Source {
    /// The source of `name` with `text`; a byte order mark is dropped.
    #[must_use]
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.starts_with('\u{feff}') {
            text.drain(..'\u{feff}'.len_utf8());
        }
        Self { name: name.into(), text }
    }

    /// The file's name without folders and without its ending: `tax/low.json` is `low`.
    #[must_use]
    pub fn stem(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name);
        file.strip_suffix(".json").unwrap_or(file)
    }
}
