//! Where one purchase is taxed: one place, or a few under a conflict policy that taxes in several.

use crate::ttf::{Others, Place};
use crate::units::Nanos;

/// The places that tax one purchase, in the order of the evidence for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Places {
    first: Place,
    others: [Option<Place>; Others::MOST],
    divides: bool,
}

impl Places {
    /// One place.
    #[must_use]
    pub const fn one(place: Place) -> Self {
        Self { first: place, others: [None; Others::MOST], divides: false }
    }

    /// Several places. `divides` tells that they share the base; else each taxes all of it.
    #[must_use]
    pub fn several(first: Place, others: impl IntoIterator<Item = Place>, divides: bool) -> Self {
        let mut places = Self { divides, ..Self::one(first) };
        places.others.iter_mut().zip(others).for_each(|(room, place)| *room = Some(place));
        places
    }

    /// The first one.
    #[must_use]
    pub const fn first(&self) -> Place {
        self.first
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied().flatten())
    }

    /// True if they share the base.
    #[must_use]
    pub const fn divides(&self) -> bool {
        self.divides
    }

    /// What the place `at`, counted from 0, taxes of `base`: all of it, or its part where the places share it. Parts are
    /// equal and sum to the base exactly: what cannot be divided goes to the first.
    #[must_use]
    pub fn base_of(&self, at: usize, base: Nanos) -> Nanos {
        if !self.divides {
            return base;
        }
        // A few places: neither the count nor the parts can leave their range.
        let count = 1 + self.others.iter().flatten().fold(0_i64, |count, _| count + 1);
        let part = base.raw() / count;
        Nanos::from_raw(if at == 0 { base.raw() - part * (count - 1) } else { part })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

    use super::Places;
    use crate::ttf::{Evidence, Jurisdiction, Place};
    use crate::units::Nanos;

    fn place(code: &str) -> Place {
        Place { jurisdiction: Jurisdiction::from_code(code), evidence: Evidence::ViewerDevice }
    }

    proptest! {
        #[test]
        fn parts_of_a_base_sum_to_it_and_differ_by_what_cannot_be_divided(base in any::<i64>(), others in 0..=3_usize) {
            let codes = ["DE", "IT", "ES"];
            let others = codes[..others].iter().map(|code| place(code));
            let places = Places::several(place("FR"), others, true);
            let count = places.iter().count();
            let parts: Vec<i64> =
                (0..count).map(|at| places.base_of(at, Nanos::from_raw(base)).raw()).collect();
            prop_assert_eq!(parts.iter().map(|part| i128::from(*part)).sum::<i128>(), i128::from(base));
            prop_assert!(parts.iter().all(|part| (parts[0] - part).unsigned_abs() < count as u64));
        }
    }
}
