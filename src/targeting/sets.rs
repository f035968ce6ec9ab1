//! The sets of keys that rules name, each stored once: line items of a campaign often share their lists.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher};

use foldhash::fast::FixedState;

use crate::campaign::Attribute;
use crate::targeting::lookup::Code;
use crate::targeting::rule::Leaf;
use crate::targeting::scene::bit;

/// Sets by number.
#[derive(Default)]
pub(super) struct Sets {
    sets: Vec<Set>,
    keys: Vec<u64>,
    /// By a hash of what is in a set: the first set with that hash.
    known: HashMap<u64, u32, FixedState>,
}

struct Set {
    attribute: Attribute,
    untold: bool,
    /// Where its keys end in `keys`; they begin where those of the set before end.
    end: usize,
}

impl Sets {
    /// The number of the set of keys that `leaf` names.
    pub(super) fn number(&mut self, leaf: &Leaf) -> u32 {
        let keys = leaf.values.as_slice();
        let mut hasher = FixedState::default().build_hasher();
        hasher.write_u8(leaf.attribute as u8);
        hasher.write_u8(u8::from(leaf.counts_untold()));
        keys.iter().for_each(|key| hasher.write_u64(*key));
        let hash = hasher.finish();
        if let Some(known) = self.known.get(&hash).copied().filter(|set| self.is(*set, leaf)) {
            return known;
        }
        let number = u32::try_from(self.sets.len()).expect("line items have fewer than 2^32 lists");
        self.keys.extend(keys);
        let (attribute, untold) = (leaf.attribute, leaf.counts_untold());
        self.sets.push(Set { attribute, untold, end: self.keys.len() });
        self.known.entry(hash).or_insert(number);
        number
    }

    /// How many codes the set has.
    pub(super) fn len(&self, number: u32) -> usize {
        self.keys(number).len() + usize::from(self.sets[number as usize].untold)
    }

    /// What the set is of.
    pub(super) fn attribute(&self, number: u32) -> Attribute {
        self.sets[number as usize].attribute
    }

    /// The bit of what the set is of.
    pub(super) fn bit(&self, number: u32) -> u128 {
        bit(self.attribute(number))
    }

    /// The codes of a set.
    pub(super) fn codes(&self, number: u32) -> impl Iterator<Item = Code> + '_ {
        let Set { attribute, untold, .. } = self.sets[number as usize];
        let untold = untold.then(|| Code::untold(attribute));
        self.keys(number).iter().map(move |key| Code::of(attribute, *key)).chain(untold)
    }

    fn keys(&self, number: u32) -> &[u64] {
        let at = number as usize;
        let start = if at == 0 { 0 } else { self.sets[at - 1].end };
        &self.keys[start..self.sets[at].end]
    }

    fn is(&self, number: u32, leaf: &Leaf) -> bool {
        let set = &self.sets[number as usize];
        set.attribute == leaf.attribute
            && set.untold == leaf.counts_untold()
            && self.keys(number) == leaf.values.as_slice()
    }
}
