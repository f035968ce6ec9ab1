//! Pairs of fields whose combination is learnt beside the fields themselves.
//!
//! They are not kept: a prediction makes them of the two hashes. Each holds a field of the ad, so that the part of the
//! request is one sum for all candidates.

use crate::learning::value::mix;
use crate::learning::{Features, Field};

/// The pairs. Their places are part of the format of models: add at the end, and raise
/// [`FEATURES_VERSION`](crate::learning::FEATURES_VERSION).
pub const CROSSES: [(Field, Field); 6] = [
    (Field::Outlet, Field::Campaign),
    (Field::Placement, Field::Size),
    (Field::Hour, Field::Campaign),
    (Field::Device, Field::Campaign),
    (Field::Exchange, Field::Size),
    (Field::Outlet, Field::Creative),
];

/// The hash of each pair of which both are told; 0 = not told.
#[inline]
pub(super) fn hashes(features: &Features) -> [u32; CROSSES.len()] {
    let mut hashes = [0; CROSSES.len()];
    for (place, (left, right)) in CROSSES.iter().enumerate() {
        let (left, right) = (features.of(*left), features.of(*right));
        if left != 0 && right != 0 {
            hashes[place] = hash(place, left, right);
        }
    }
    hashes
}

/// The hash of a pair of values at one place of [`CROSSES`]; never 0.
#[inline]
fn hash(place: usize, left: u32, right: u32) -> u32 {
    // Above the numbers of fields, so that no cross begins as a field does.
    let hash = mix(1 << 16 | place as u64, u64::from(left) << 32 | u64::from(right));
    u32::try_from(hash >> 32).map_or(1, |hash| hash.max(1))
}
