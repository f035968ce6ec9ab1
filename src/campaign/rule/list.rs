//! A list of values that lies in a file of its own, as one attribute reads it.

use std::cmp::Ordering;
use std::fmt;

/// The values of a list file, in the canonical form of the attribute that reads it.
///
/// One text holds them all: a list of 300,000 domains takes 5 MB, and no allocation for each.
#[derive(Clone, PartialEq, Eq)]
pub struct ValueList {
    name: String,
    /// One a line, in order.
    values: String,
    len: usize,
}

impl ValueList {
    /// The list `name` of `values`, of which none holds a line break.
    #[must_use]
    pub fn new<V: AsRef<str>>(name: &str, values: impl IntoIterator<Item = V>) -> Self {
        let mut list = Self { name: name.to_owned(), values: String::new(), len: 0 };
        let mut values: Vec<V> = values.into_iter().collect();
        values.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
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

    /// Its values, in order.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.values.lines()
    }

    /// True if `value` is one of them: a search by halves.
    #[must_use]
    pub fn contains(&self, value: &str) -> bool {
        let text = self.values.as_bytes();
        let (mut from, mut to) = (0, text.len());
        while from < to {
            let middle = usize::midpoint(from, to);
            let start =
                text[from..middle].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
            let end = text[middle..].iter().position(|byte| *byte == b'\n').map_or(to, |at| middle + at);
            match text[start..end].cmp(value.as_bytes()) {
                Ordering::Equal => return true,
                Ordering::Less => from = end + 1,
                Ordering::Greater => to = start,
            }
        }
        false
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

#[cfg(test)]
mod tests {
    use super::ValueList;

    #[test]
    fn a_list_contains_its_values_and_nothing_else() {
        for len in [0, 1, 2, 3, 7, 100] {
            let list = ValueList::new("x", (0..len).map(|number| format!("é{}", number * 2)));
            assert_eq!((list.len(), list.values().count()), (len, len));
            assert!((0..len).all(|number| list.contains(&format!("é{}", number * 2))), "{len}");
            assert!((0..len).all(|number| !list.contains(&format!("é{}", number * 2 + 1))), "{len}");
            assert!(["", "a", "é", "z", "\n"].iter().all(|other| !list.contains(other)), "{len}");
        }
    }
}
