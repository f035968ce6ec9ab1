//! Which words of features are kept already: a filter that all cores read and set without a lock.
//!
//! It may take a word for known that is not (about one in a hundred once 200,000 are): then a weight is shown by its
//! hash. It never asks for a word again that was kept.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::learning::{FIELDS, Features};

/// Bits of the filter: half a mebibyte.
const BITS: u64 = 1 << 22;

/// The words that are known.
#[derive(Debug)]
pub struct KnownWords {
    bits: Box<[AtomicU64]>,
    /// A bit for each field of which no other word is kept.
    full: AtomicU32,
}

impl Default for KnownWords {
    fn default() -> Self {
        let words = usize::try_from(BITS / 64).unwrap_or(0);
        Self { bits: (0..words).map(|_| AtomicU64::new(0)).collect(), full: AtomicU32::new(0) }
    }
}

impl KnownWords {
    /// True if any value that is told is not known.
    #[must_use]
    pub fn is_any_new(&self, features: &Features) -> bool {
        (0..FIELDS).any(|field| features.0[field] != 0 && !self.has(field, features.0[field]))
    }

    /// There is no room for another word of the fields whose bits are set: all of theirs count as known, so that values
    /// without end do not fill the filter.
    pub fn leave_out(&self, full: u32) {
        self.full.fetch_or(full, Ordering::Relaxed);
    }

    /// True if the value of a field is known, or would not be kept.
    #[must_use]
    pub fn has(&self, field: usize, hash: u32) -> bool {
        if self.full.load(Ordering::Relaxed) >> field & 1 == 1 {
            return true;
        }
        places(field, hash)
            .into_iter()
            .all(|place| self.word(place).load(Ordering::Relaxed) >> (place % 64) & 1 == 1)
    }

    /// The value of a field is kept, or on its way.
    pub fn add(&self, field: usize, hash: u32) {
        for place in places(field, hash) {
            self.word(place).fetch_or(1 << (place % 64), Ordering::Relaxed);
        }
    }

    fn word(&self, place: u64) -> &AtomicU64 {
        // Below the number of bits by construction.
        &self.bits[usize::try_from(place / 64).unwrap_or(0)]
    }
}

/// Where the bits of a value stand (the finalizer of splitmix64, cut in two).
const fn places(field: usize, hash: u32) -> [u64; 2] {
    let mut x = (hash as u64) << 8 | field as u64;
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^= x >> 31;
    [x % BITS, (x >> 32) % BITS]
}

#[cfg(test)]
mod tests {
    use super::KnownWords;
    use crate::learning::{Features, Field};

    #[test]
    fn a_word_is_new_until_it_is_added_and_one_that_is_not_told_never_is() {
        let known = KnownWords::default();
        let mut features = Features::default();
        assert!(!known.is_any_new(&features));
        features.0[Field::Outlet as usize] = 7;
        assert!(known.is_any_new(&features));
        known.add(Field::Outlet as usize, 7);
        assert!(!known.is_any_new(&features));
        assert!(!known.has(Field::City as usize, 7), "the same hash in another field is another word");
    }

    #[test]
    fn words_of_a_field_without_room_are_not_asked_for() {
        let known = KnownWords::default();
        known.leave_out(1 << Field::Placement as u32);
        let mut features = Features::default();
        features.0[Field::Placement as usize] = 7;
        assert!(!known.is_any_new(&features));
        features.0[Field::Outlet as usize] = 7;
        assert!(known.is_any_new(&features));
    }

    #[test]
    fn few_words_are_taken_for_known_that_are_not() {
        let known = KnownWords::default();
        (0..200_000).for_each(|hash| known.add(2, hash));
        let taken = (1_000_000..1_100_000).filter(|hash| known.has(2, *hash)).count();
        assert!(taken < 2_000, "{taken} of 100,000");
    }
}
