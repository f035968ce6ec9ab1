//! The values that a rule takes of one attribute, as keys.

use std::collections::HashSet;

use foldhash::fast::FixedState;

/// Up to here a sorted slice: it fits in a few cache lines. Above, a set: one look-up whatever its size.
const SLICE_MAX: usize = 32;

/// A set of keys.
#[derive(Debug, Clone)]
pub(super) enum Values {
    /// Sorted.
    Few(Box<[u64]>),
    /// Hashed.
    Many(HashSet<u64, FixedState>),
}

impl Values {
    pub(super) fn new(keys: impl IntoIterator<Item = u64>) -> Self {
        let mut keys: Vec<u64> = keys.into_iter().collect();
        keys.sort_unstable();
        keys.dedup();
        if keys.len() <= SLICE_MAX { Self::Few(keys.into()) } else { Self::Many(keys.into_iter().collect()) }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(keys) => keys.len(),
            Self::Many(keys) => keys.len(),
        }
    }

    pub(super) fn contains_any(&self, keys: &[u64]) -> bool {
        match self {
            Self::Few(own) if own.len() <= 4 => keys.iter().any(|key| own.contains(key)),
            Self::Few(own) => keys.iter().any(|key| own.binary_search(key).is_ok()),
            Self::Many(own) => keys.iter().any(|key| own.contains(key)),
        }
    }

    pub(super) fn iter(&self) -> Box<dyn Iterator<Item = u64> + '_> {
        match self {
            Self::Few(keys) => Box::new(keys.iter().copied()),
            Self::Many(keys) => Box::new(keys.iter().copied()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Values;

    #[test]
    fn lists_of_every_size_find_what_they_hold_and_nothing_else() {
        for size in [0, 1, 4, 5, 32, 33, 5_000] {
            let values = Values::new((0..size).map(|number| number * 2).chain([0; 1]));
            assert_eq!(values.iter().count(), values.len());
            assert!(values.contains_any(&[1, 0]), "{size}");
            assert!(!values.contains_any(&[1, 3, size * 2 + 1]), "{size}");
            assert!(!values.contains_any(&[]), "{size}");
        }
    }
}
