//! One bid request at a time on its way from the bid path to the sampler: asked for, taken, explained, dropped.
//!
//! While none is asked for, a request costs the bid path one load and a comparison. Nothing waits for anything, and at
//! most one body is held, for as long as its explanation takes.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// A request that was received.
#[derive(Debug)]
pub(in crate::shell) struct Sample {
    /// As the caller's address names it.
    pub(in crate::shell) exchange: String,
    /// As it was received, inflated.
    pub(in crate::shell) body: Vec<u8>,
}

/// Where one sample waits.
#[derive(Debug)]
pub(in crate::shell) struct Samples {
    began: Instant,
    /// From when on one is wanted, in milliseconds since `began`; the largest number = none is.
    wanted_from: AtomicU64,
    waiting: Mutex<Option<Sample>>,
}

/// No sample is wanted.
const NEVER: u64 = u64::MAX;

impl Default for Samples {
    /// None is wanted until the sampler runs.
    fn default() -> Self {
        Self { began: Instant::now(), wanted_from: AtomicU64::new(NEVER), waiting: Mutex::default() }
    }
}

impl Samples {
    /// Keeps a copy of `body`, which came from `exchange` at `received`, if one is wanted by then.
    pub(in crate::shell) fn offer(&self, exchange: &str, body: &[u8], received: Instant) {
        let wanted_from = self.wanted_from.load(Ordering::Relaxed);
        if wanted_from == NEVER || self.millis(received) < wanted_from {
            return;
        }
        let taken =
            self.wanted_from.compare_exchange(wanted_from, NEVER, Ordering::Relaxed, Ordering::Relaxed);
        if taken.is_err() {
            return;
        }
        // Only the sampler takes this lock beside, for a moment: whoever meets it goes on without.
        if let Ok(mut waiting) = self.waiting.try_lock() {
            *waiting = Some(Sample { exchange: exchange.to_owned(), body: body.to_owned() });
        }
    }

    /// The next request from `from` on is wanted.
    pub(in crate::shell) fn want_from(&self, from: Instant) {
        self.wanted_from.store(self.millis(from), Ordering::Relaxed);
    }

    /// True if one is wanted, now or later.
    pub(in crate::shell) fn is_wanted(&self) -> bool {
        self.wanted_from.load(Ordering::Relaxed) != NEVER
    }

    /// What waits.
    pub(in crate::shell) fn take(&self) -> Option<Sample> {
        self.waiting.lock().ok()?.take()
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.began).as_millis()).unwrap_or(NEVER - 1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Samples;

    #[test]
    fn one_request_is_taken_each_time_that_one_is_wanted_and_none_before() {
        let samples = Samples::default();
        let now = Instant::now();
        samples.offer("x", b"before", now);
        assert!(samples.take().is_none());
        samples.want_from(now + Duration::from_secs(1));
        samples.offer("x", b"too early", now);
        samples.offer("x", b"first", now + Duration::from_secs(2));
        samples.offer("x", b"second", now + Duration::from_secs(3));
        assert!(!samples.is_wanted());
        let sample = samples.take().unwrap();
        assert_eq!((sample.exchange.as_str(), &sample.body[..]), ("x", &b"first"[..]));
        assert!(samples.take().is_none());
        samples.want_from(now);
        samples.offer("y", b"third", now + Duration::from_secs(4));
        assert_eq!(samples.take().unwrap().exchange, "y");
    }
}
