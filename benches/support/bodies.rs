//! Generated bodies, the same in every run. Benches go round them: never one body repeated.

use encan::sim::{Mix, Traffic};
use encan::units::UnixMillis;

/// A Wednesday in November 2026, around noon in Paris: no budget day ends while a bench runs.
pub const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);

/// `count` bodies of `mix`.
pub fn bodies(mix: Mix, count: usize) -> Vec<Vec<u8>> {
    let mut traffic = Traffic::new(11, mix);
    let bodies = (0..count).map(|_| {
        let mut body = Vec::new();
        // What it says of itself is for judges of answers.
        let _ = traffic.next(NOW, &mut body);
        body
    });
    bodies.collect()
}

/// Bytes of one of `bodies` in the mean.
pub fn mean_bytes(bodies: &[Vec<u8>]) -> u64 {
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    (bytes / bodies.len()) as u64
}
