//! Small numbers for things with large names: given once, never taken back, read without a lock.

use std::collections::HashMap;
use std::hash::Hash;
use std::mem::size_of;
use std::sync::{OnceLock, PoisonError, RwLock};

use foldhash::fast::RandomState;

/// Things to a chunk: the table grows by chunks, so that nothing that is being read ever moves.
const CHUNK: usize = 1_024;

type Chunk<T> = Box<[OnceLock<T>]>;

/// Numbers from 0 on, in the order of the first asking.
#[derive(Debug)]
pub struct Numbers<T> {
    given: RwLock<HashMap<T, u32, RandomState>>,
    things: Box<[OnceLock<Chunk<T>>]>,
    max: u32,
}

impl<T: Copy + Eq + Hash> Numbers<T> {
    /// Room for `max` things.
    #[must_use]
    pub fn new(max: u32) -> Self {
        let chunks = index(max).div_ceil(CHUNK);
        Self { given: RwLock::default(), things: (0..chunks).map(|_| OnceLock::new()).collect(), max }
    }

    /// The number of `thing`, which is given to it now if it has none; `None` if all are given away.
    #[must_use]
    pub fn number(&self, thing: T) -> Option<u32> {
        if let Some(number) = self.given.read().unwrap_or_else(PoisonError::into_inner).get(&thing) {
            return Some(*number);
        }
        let mut given = self.given.write().unwrap_or_else(PoisonError::into_inner);
        let next = u32::try_from(given.len()).ok().filter(|next| *next < self.max)?;
        let number = *given.entry(thing).or_insert(next);
        if number == next {
            let chunk = self.things[index(number) / CHUNK]
                .get_or_init(|| (0..CHUNK).map(|_| OnceLock::new()).collect());
            // Nobody else is here: the table of numbers is locked.
            let _ = chunk[index(number) % CHUNK].set(thing);
        }
        Some(number)
    }

    /// What has the number; `None` if it was never given.
    #[must_use]
    pub fn thing(&self, number: u32) -> Option<T> {
        let chunk = self.things.get(index(number) / CHUNK)?.get()?;
        chunk[index(number) % CHUNK].get().copied()
    }

    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let chunks = self.things.iter().filter(|chunk| chunk.get().is_some()).count();
        let given = self.given.read().unwrap_or_else(PoisonError::into_inner).capacity();
        self.things.len() * size_of::<OnceLock<Chunk<T>>>()
            + chunks * CHUNK * size_of::<OnceLock<T>>()
            // A hash table has a byte of its own beside each slot, and an eighth of its slots free.
            + given * 8 / 7 * (size_of::<(T, u32)>() + 1)
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a word has at least 32 bits")
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn a_thing_keeps_its_number_until_all_are_given_away() {
        let numbers = Numbers::new(2_000);
        for thing in 0..2_000_u64 {
            assert_eq!(numbers.number(thing * 7), u32::try_from(thing).ok());
        }
        assert_eq!(numbers.number(7), Some(1));
        assert_eq!(numbers.number(1), None);
        assert_eq!((numbers.thing(1_999), numbers.thing(2_000)), (Some(13_993), None));
    }
}
