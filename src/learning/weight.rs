//! Weights as people read them: which field, which value, how much, from how many examples.

use strum::VariantArray;

use crate::learning::{CROSSES, FIELDS, Field, Model};

/// What a weight belongs to: the value of a field, or of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// A field, or [`FIELDS`] and the place in [`CROSSES`].
    pub(super) place: u8,
    /// The hash of the value of the field, or of the first.
    pub(super) left: u32,
    /// That of the second; 0 without.
    pub(super) right: u32,
}

/// What is kept of a slot beside its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    pub(super) slot: u32,
    /// The first that came there.
    pub(super) key: Key,
    /// Impressions, and clicks, that it was learnt from.
    pub(super) support: [u32; 2],
    /// True if others came there, too.
    pub(super) shared: bool,
}

impl Key {
    /// The fields, with their hashes.
    pub(super) fn parts(&self) -> impl Iterator<Item = (Field, u32)> + use<> {
        let place = usize::from(self.place);
        let (left, right) = match Field::VARIANTS.get(place) {
            Some(field) => (Some((*field, self.left)), None),
            None => {
                let cross = CROSSES.get(place.wrapping_sub(FIELDS));
                (cross.map(|(left, _)| (*left, self.left)), cross.map(|(_, right)| (*right, self.right)))
            }
        };
        left.into_iter().chain(right)
    }
}

/// The value of one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The field.
    pub field: Field,
    /// The hash of its value.
    pub hash: u32,
    /// The value, if its name is known.
    pub word: Option<String>,
}

/// One learnt weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// One field, or two of a cross.
    pub parts: Vec<Part>,
    /// What it adds to the log-odds of a click.
    pub click: f32,
    /// What it adds to the log-odds that a click converts.
    pub conversion: f32,
    /// Impressions that it was learnt from.
    pub impressions: u32,
    /// Clicks that it was learnt from.
    pub clicks: u32,
    /// True if other values share it, for their hashes meet in one slot: then it, and its support, are of all of them, and
    /// `parts` is the one that came first.
    pub shared: bool,
}

impl Model {
    /// All weights that are not zero, the largest (of either) first, for people. `words` names the value of a field by its
    /// hash.
    #[must_use]
    pub fn weights(&self, words: impl Fn(Field, u32) -> Option<String>) -> Vec<Weight> {
        let part = |(field, hash)| Part { field, hash, word: words(field, hash) };
        let mut weights: Vec<Weight> = self
            .learnt
            .entries
            .iter()
            .map(|entry| {
                let [click, conversion] = self.learnt.weights[entry.slot as usize];
                let [impressions, clicks] = entry.support;
                let parts = entry.key.parts().map(part).collect();
                Weight { parts, click, conversion, impressions, clicks, shared: entry.shared }
            })
            .collect();
        let size = |weight: &Weight| weight.click.abs().max(weight.conversion.abs());
        weights.sort_by(|a, b| size(b).total_cmp(&size(a)));
        weights
    }
}
