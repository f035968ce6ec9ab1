//! Long lists of values: which lists hold a value, in one look-up however many lists there are and however long.
//!
//! To rules a list is one key ([`value_keys`](crate::targeting::key::value_keys)): a scene looks up each value that
//! it tells and tells the keys of the lists that hold it, too. So a list of 300,000 domains costs a line item what
//! one domain does.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use smallvec::SmallVec;

use crate::campaign::Attribute;

/// Of five slots four are taken: 15 bytes an entry, and a look-up in vain ends within two cache lines.
const SLOTS_FOR: (usize, usize) = (5, 4);

/// The lists of one attribute while they are collected: their keys, each with those of its values.
#[derive(Debug, Clone, Default)]
pub(super) struct Drafts(HashMap<u64, Vec<u64>, FixedState>);

impl Drafts {
    /// Adds the list `key`, unless it is known.
    pub(super) fn add(&mut self, key: u64, values: impl FnOnce() -> Vec<u64>) {
        self.0.entry(key).or_insert_with(values);
    }
}

/// The lists of one attribute: a hash table with linear probing, of value keys to sets of lists.
#[derive(Debug, Clone)]
pub(super) struct Lists {
    attribute: Attribute,
    /// The key of a value; 0 in a free slot.
    keys: Box<[u64]>,
    /// Beside each key: which of `sets`.
    set_numbers: Box<[u32]>,
    /// Each combination of lists that hold one value in common, as places in `lists`.
    sets: Box<[Box<[u32]>]>,
    /// The keys of the lists.
    lists: Box<[u64]>,
}

impl Lists {
    pub(super) fn new(attribute: Attribute, Drafts(drafts): Drafts) -> Self {
        let entries = (0u32..).zip(drafts.values());
        let entries =
            entries.flat_map(|(list, values)| values.iter().map(move |value| (taken(*value), list)));
        let mut entries: Vec<(u64, u32)> = entries.collect();
        entries.sort_unstable();
        entries.dedup();
        let values = entries.chunk_by(|one, other| one.0 == other.0).count();
        let slots = values * SLOTS_FOR.0 / SLOTS_FOR.1 + 1;
        let mut lists = Self {
            attribute,
            keys: vec![0; slots].into(),
            set_numbers: vec![0; slots].into(),
            sets: Box::default(),
            lists: drafts.into_keys().collect(),
        };
        let mut numbers: HashMap<Box<[u32]>, u32, FixedState> = HashMap::default();
        for group in entries.chunk_by(|one, other| one.0 == other.0) {
            let set: Box<[u32]> = group.iter().map(|(_, list)| *list).collect();
            let next =
                u32::try_from(numbers.len()).expect("fewer combinations than the 2^32 lines that make them");
            let number = *numbers.entry(set).or_insert(next);
            let mut slot = lists.first_slot(group[0].0);
            while lists.keys[slot] != 0 {
                slot = lists.after(slot);
            }
            lists.keys[slot] = group[0].0;
            lists.set_numbers[slot] = number;
        }
        let mut sets: Vec<(Box<[u32]>, u32)> = numbers.into_iter().collect();
        sets.sort_unstable_by_key(|(_, number)| *number);
        lists.sets = sets.into_iter().map(|(set, _)| set).collect();
        lists
    }

    pub(super) fn attribute(&self) -> Attribute {
        self.attribute
    }

    /// Adds the keys of the lists that hold one of the values from `from` on to `keys`, each once.
    pub(super) fn add_holding(&self, keys: &mut SmallVec<impl smallvec::Array<Item = u64>>, from: usize) {
        let values = keys.len();
        for at in from..values {
            if let Some(set) = self.set_of(keys[at]) {
                keys.extend(set.iter().map(|list| self.lists[*list as usize]));
            }
        }
        // A domain and the one above it may stand in one list, and requests may repeat themselves.
        keys[values..].sort_unstable();
        let mut kept = values;
        for at in values..keys.len() {
            if at == values || keys[at] != keys[kept - 1] {
                keys[kept] = keys[at];
                kept += 1;
            }
        }
        keys.truncate(kept);
    }

    /// The lists that hold `value`.
    fn set_of(&self, value: u64) -> Option<&[u32]> {
        let key = taken(value);
        let mut slot = self.first_slot(key);
        // A fifth of the slots is free, so this ends.
        while self.keys[slot] != 0 {
            if self.keys[slot] == key {
                return Some(&self.sets[self.set_numbers[slot] as usize]);
            }
            slot = self.after(slot);
        }
        None
    }

    /// Bytes on the heap.
    #[cfg(test)]
    pub(super) fn heap_bytes(&self) -> usize {
        let sets: usize = self.sets.iter().map(|set| size_of_val(&**set)).sum();
        size_of_val(&*self.keys)
            + size_of_val(&*self.set_numbers)
            + size_of_val(&*self.sets)
            + sets
            + size_of_val(&*self.lists)
    }

    /// Where the search for `key` begins: its mixed bits as a fraction of the table.
    fn first_slot(&self, key: u64) -> usize {
        let mixed = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ (mixed >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
        let slot = (u128::from(mixed) * self.keys.len() as u128) >> 64;
        usize::try_from(slot).expect("a fraction of the slots there are")
    }

    fn after(&self, slot: usize) -> usize {
        if slot + 1 == self.keys.len() { 0 } else { slot + 1 }
    }
}

/// `key` as it stands in a slot, where 0 is taken by nothing: the one text in 2^64 with that key counts as another.
fn taken(key: u64) -> u64 {
    key.max(1)
}

#[cfg(test)]
mod tests {
    use smallvec::SmallVec;

    use super::{Drafts, Lists};
    use crate::campaign::Attribute;
    use crate::targeting::text::key;

    /// The lists that hold one of `values`.
    fn holding(lists: &Lists, values: &[u64]) -> Vec<u64> {
        let mut keys: SmallVec<[u64; 4]> = SmallVec::from_slice(values);
        lists.add_holding(&mut keys, 0);
        keys[values.len()..].to_vec()
    }

    fn lists(lists: &[(u64, &[u64])]) -> Lists {
        let mut drafts = Drafts::default();
        lists.iter().for_each(|(key, values)| drafts.add(*key, || values.to_vec()));
        Lists::new(Attribute::Domain, drafts)
    }

    #[test]
    fn a_value_is_in_the_lists_that_hold_it_and_in_no_other() {
        let lists = lists(&[(7, &[1, 2, 3, 3]), (8, &[3, 4]), (9, &[])]);
        for (value, want) in [(1, &[7][..]), (2, &[7]), (3, &[7, 8]), (4, &[8]), (5, &[])] {
            let mut holding = holding(&lists, &[value]);
            holding.sort_unstable();
            assert_eq!(*holding, *want, "{value}");
        }
        assert_eq!(holding(&lists, &[1, 3, 2, 4, 1, 5]).len(), 2, "each is told once");
    }

    #[test]
    fn no_lists_hold_nothing() {
        assert!(holding(&lists(&[]), &[1]).is_empty());
    }

    #[test]
    fn a_list_of_300_000_domains_takes_at_most_16_bytes_an_entry_and_finds_each() {
        let domain = |number: usize| key(&format!("site-{number}.example"));
        let keys: Vec<u64> = (0..300_000).map(domain).collect();
        let lists = lists(&[(7, &keys)]);
        let bytes = lists.heap_bytes();
        println!("{bytes} bytes");
        assert!(bytes <= 16 * keys.len(), "{bytes} bytes");
        assert!(keys.iter().all(|key| *holding(&lists, &[*key]) == [7]));
        assert!((300_000..600_000).all(|number| holding(&lists, &[domain(number)]).is_empty()));
    }
}
