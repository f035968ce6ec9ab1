//! The grid of prices: eight bins to each doubling, their edges whole micros. A histogram is a window of 64 bins of it,
//! so that windows of different segments share their edges. Deliberately absent: logarithms.
//!
//! Bins are half-open: one holds the prices above its lower edge up to its upper one, which is what a bid at the upper
//! edge beats.

use crate::units::Cpm;

/// Bins of a window: eight doublings, a factor of 256 in price.
pub const BINS: usize = 64;
/// Edges of a window.
pub const EDGES: usize = BINS + 1;
/// Where a window stands by the median of its segment: it reaches from a 32nd of it to eight times as much.
pub const MEDIAN_BIN: usize = 40;
/// The highest start of a window. The bin of [`Cpm::MAX`] is within it.
pub const START_MAX: usize = 256;

/// The bin of the grid that holds `price`; that of the lowest price for nothing.
pub fn bin_of(price: Cpm) -> usize {
    let below = usize::try_from(price.micros().saturating_sub(1)).unwrap_or(0);
    if below < 8 {
        return below;
    }
    let shift = below.ilog2() as usize - 3;
    shift * 8 + (below >> shift)
}

/// The lower edge of bin `bin`, in micros: a price that is in the bin below.
pub const fn edge(bin: usize) -> i64 {
    if bin < 16 {
        return bin.cast_signed() as i64;
    }
    let shift = bin / 8 - 1;
    ((8 + bin % 8) << shift).cast_signed() as i64
}

/// Where the window of a segment starts that has seen `price` alone.
pub fn start_around(price: Cpm) -> usize {
    bin_of(price).saturating_sub(MEDIAN_BIN).min(START_MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{BINS, START_MAX, bin_of, edge};
    use crate::units::Cpm;

    proptest! {
        #[test]
        fn a_price_is_above_the_lower_edge_of_its_bin_and_not_above_the_upper(micros in 1..=Cpm::MAX.micros()) {
            let bin = bin_of(Cpm::from_micros(micros).unwrap());
            prop_assert!(edge(bin) < micros && micros <= edge(bin + 1), "bin {bin}");
            prop_assert!(bin < START_MAX + BINS);
        }
    }

    #[test]
    fn a_bin_is_at_most_an_eighth_wide() {
        for bin in 8..START_MAX + BINS {
            assert!(edge(bin + 1) - edge(bin) <= edge(bin) / 8 + 1, "bin {bin}");
        }
    }
}
