//! How long something takes: counts by upper bound, and their sum. No lock, no allocation.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts of times, by upper bounds that are fixed.
#[derive(Debug)]
pub struct Histogram<const N: usize> {
    /// Ascending, in nanoseconds.
    bounds: [u64; N],
    counts: [AtomicU64; N],
    /// Above the last bound.
    above: AtomicU64,
    /// In nanoseconds: enough for 584 years.
    sum: AtomicU64,
}

impl<const N: usize> Histogram<N> {
    /// An empty one with upper `bounds`, ascending, in nanoseconds.
    #[must_use]
    pub const fn new(bounds: [u64; N]) -> Self {
        let counts = [const { AtomicU64::new(0) }; N];
        Self { bounds, counts, above: AtomicU64::new(0), sum: AtomicU64::new(0) }
    }

    /// Something took `time`.
    pub fn observe(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let bucket = self.bounds.iter().position(|bound| nanos <= *bound);
        bucket.map_or(&self.above, |at| &self.counts[at]).fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(nanos, Ordering::Relaxed);
    }

    /// By bound how many took no longer, the last one without a bound; and how long all took, in nanoseconds.
    pub(in crate::shell::metrics) fn cumulative(&self) -> (Vec<(Option<u64>, u64)>, u64) {
        let sum = self.sum.load(Ordering::Relaxed);
        let bounds = self.bounds.iter().copied().map(Some).chain([None]);
        let mut below = 0;
        let buckets = bounds.zip(self.counts.iter().chain([&self.above])).map(|(bound, count)| {
            below += count.load(Ordering::Relaxed);
            (bound, below)
        });
        (buckets.collect(), sum)
    }
}

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;

/// Bounds for work of our own, from 5 microseconds to 100 milliseconds.
pub const OF_WORK: [u64; 14] = [
    5 * MICRO,
    10 * MICRO,
    20 * MICRO,
    50 * MICRO,
    100 * MICRO,
    200 * MICRO,
    500 * MICRO,
    MILLI,
    2 * MILLI,
    5 * MILLI,
    10 * MILLI,
    20 * MILLI,
    50 * MILLI,
    100 * MILLI,
];

/// Bounds for what a disk or a slow loop takes, from 100 microseconds to 10 seconds.
pub const OF_WAITING: [u64; 16] = [
    100 * MICRO,
    200 * MICRO,
    500 * MICRO,
    MILLI,
    2 * MILLI,
    5 * MILLI,
    10 * MILLI,
    20 * MILLI,
    50 * MILLI,
    100 * MILLI,
    200 * MILLI,
    500 * MILLI,
    1_000 * MILLI,
    2_000 * MILLI,
    5_000 * MILLI,
    10_000 * MILLI,
];

#[cfg(test)]
mod tests {
    use super::{OF_WAITING, OF_WORK};

    #[test]
    fn bounds_ascend() {
        assert!(OF_WORK.is_sorted_by(|one, next| one < next));
        assert!(OF_WAITING.is_sorted_by(|one, next| one < next));
    }
}
