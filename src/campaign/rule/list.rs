//! A list of values that lies in a file of its own, as one attribute reads it.

use std::fmt;

/// The values of a list file, in the canonical form of the attribute that reads it.
///
/// One text holds them all: a list of 300,000 domains takes 5 MB, and no allocation for each.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueList {
    name: String,
    /// One a line.
    values: String,
    len: usize,
}

impl ValueList {
    /// The list `name` of `values`, of which none holds a line break.
    #[must_use]
    pub fn new<V: AsRef<str>>(name: &str, values: impl IntoIterator<Item = V>) -> Self {
        let mut list = Self { name: name.to_owned(), values: String::new(), len: 0 };
        for value in values {
            list.values.push_str(value.as_ref());
            list.values.push('\n');
            list.len += 1;
        }
        list.values.shrink_to_fit();
        list
    }

    /// What rules call it: the name of its file, without the ending.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its values, in the order of the file.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.lines()
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A rule that names the list shows its name and size, not its values.
impl fmt::Debug for ValueList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ValueList({}, {} values)", self.name, self.len)
    }
}
