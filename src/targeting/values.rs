//! The values that a rule takes of one attribute, as keys.

/// Up to here looking at each is as fast as halving.
const LOOKED_AT_MAX: usize = 4;

/// A set of keys, sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Values(Box<[u64]>);

impl Values {
    pub(super) fn new(keys: impl IntoIterator<Item = u64>) -> Self {
        let mut keys: Vec<u64> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys.into())
    }

    /// The keys, each once, in order.
    pub(super) fn as_slice(&self) -> &[u64] {
        &self.0
    }

    pub(super) fn contains_any(&self, keys: &[u64]) -> bool {
        if self.0.len() <= LOOKED_AT_MAX {
            return keys.iter().any(|key| self.0.contains(key));
        }
        keys.iter().any(|key| self.0.binary_search(key).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn lists_of_every_size_find_what_they_hold_and_nothing_else() {
        for size in [0, 1, 4, 5, 32, 33, 5_000] {
            let values = Values::new((0..size).map(|number| number * 2).chain([0; 1]));
            assert!(values.as_slice().is_sorted_by(|one, other| one < other), "{size}");
            assert!(values.contains_any(&[1, 0]), "{size}");
            assert!(!values.contains_any(&[1, 3, size * 2 + 1]), "{size}");
            assert!(!values.contains_any(&[]), "{size}");
        }
    }
}
