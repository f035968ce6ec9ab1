//! What each channel is credited with, under every model at once.

use std::collections::BTreeMap;
use std::hash::Hash;

use crate::attribution::{Model, Step};
use crate::units::{Femtos, Nanos, RatePpm};

/// What a channel is credited with under one model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Credit {
    /// Conversions, in millionths.
    pub conversions: u64,
    /// Their value, exact.
    pub value: Femtos,
}

impl Credit {
    fn add(&mut self, share: u32, value: Nanos) {
        let rate = RatePpm::from_ppm(share).expect("a share is at most a million");
        self.conversions = self.conversions.saturating_add(u64::from(share));
        // 1.7 * 10^23 units are beyond what any number of conversions can bring.
        self.value = self.value.checked_add(value.share(rate)).unwrap_or(self.value);
    }
}

/// Conversions shared out among channels. `K` may hold more than the channel that people read: amounts of different
/// currencies need different keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credits<K> {
    rows: BTreeMap<K, [Credit; Model::ALL.len()]>,
}

impl<K> Default for Credits<K> {
    fn default() -> Self {
        Self { rows: BTreeMap::new() }
    }
}

impl<K: Clone + Ord + Hash> Credits<K> {
    /// Shares a conversion worth `value` among the touches of `path`, the oldest first, under every model. An empty
    /// path credits nobody.
    pub fn add(&mut self, path: &[Step<K>], value: Nanos) {
        for (at, model) in Model::ALL.into_iter().enumerate() {
            for (step, share) in path.iter().zip(model.shares(path)) {
                // A channel of the path has a row, be it of nothing under this model.
                let row = match self.rows.get_mut(&step.channel) {
                    Some(row) => row,
                    None => self.rows.entry(step.channel.clone()).or_default(),
                };
                row[at].add(share, value);
            }
        }
    }

    /// Each channel with its credit under each model, in the order of [`Model::ALL`]; channels in their order.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &[Credit; Model::ALL.len()])> {
        self.rows.iter()
    }
}
