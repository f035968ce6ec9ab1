//! Counters as they were at one moment, and what was counted between two: for pages that say what happened lately.

use crate::notice::NoticeKind;
use crate::shell::metrics::{Metrics, NoticeOutcome, OF_WORK, read};

/// Counters as they were at one moment, or what was counted between two.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Bid requests received.
    pub requests: u64,
    /// Bodies that are not OpenRTB.
    pub malformed: u64,
    /// Decisions that panicked.
    pub panics: u64,
    /// Bids made.
    pub bids: u64,
    /// Requests without a bid, in the order of [`NoBidReason::NAMES`](crate::bidder::NoBidReason::NAMES).
    pub no_bids: Vec<u64>,
    /// Win notices that were booked.
    pub wins: u64,
    /// Decisions by the bucket of the time that they took, the last one above all bounds.
    decisions: Vec<u64>,
}

impl Metrics {
    /// All that is counted of requests, bids and wins by now.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let (cumulative, _) = self.decisions.cumulative();
        let mut below = 0;
        let buckets = cumulative.into_iter().map(|(_, count)| {
            let own = count - below;
            below = count;
            own
        });
        Counts {
            requests: read(&self.requests),
            malformed: read(&self.malformed),
            panics: read(&self.panics),
            bids: read(&self.bids),
            no_bids: self.no_bids.0.iter().map(read).collect(),
            wins: read(&self.notices[NoticeKind::Win as usize][NoticeOutcome::Booked as usize]),
            decisions: buckets.collect(),
        }
    }
}

impl Counts {
    /// What was counted after `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let each = |now: &[u64], then: &[u64]| {
            let then = then.iter().copied().chain(std::iter::repeat(0));
            now.iter().zip(then).map(|(now, then)| now.saturating_sub(then)).collect()
        };
        Self {
            requests: self.requests.saturating_sub(before.requests),
            malformed: self.malformed.saturating_sub(before.malformed),
            panics: self.panics.saturating_sub(before.panics),
            bids: self.bids.saturating_sub(before.bids),
            no_bids: each(&self.no_bids, &before.no_bids),
            wins: self.wins.saturating_sub(before.wins),
            decisions: each(&self.decisions, &before.decisions),
        }
    }

    /// The bound in microseconds below which `percent` of the decisions stay: the upper bound of a bucket, so at most that;
    /// `Err` with the highest bound if they took longer, `None` without any decision.
    #[must_use]
    pub fn decision_within(&self, percent: u64) -> Option<Result<u64, u64>> {
        let all: u64 = self.decisions.iter().sum();
        let wanted = (all * percent).div_ceil(100);
        let mut sum = 0;
        let mut reaches = |count: &u64| {
            sum += count;
            sum >= wanted
        };
        let bucket = self.decisions.iter().position(&mut reaches).filter(|_| wanted > 0)?;
        let micros = |nanos: u64| nanos / 1_000;
        Some(OF_WORK.get(bucket).map(|bound| micros(*bound)).ok_or(micros(OF_WORK[OF_WORK.len() - 1])))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::shell::metrics::Metrics;

    #[test]
    fn a_share_of_all_decisions_stays_within_the_bound_of_its_bucket() {
        let metrics = Metrics::default();
        assert_eq!(metrics.counts().decision_within(50), None);
        for micros in 1..=100 {
            metrics.answered(None, Duration::from_micros(micros));
        }
        let counts = metrics.counts();
        assert_eq!(counts.decision_within(10), Some(Ok(10)));
        assert_eq!(counts.decision_within(50), Some(Ok(50)));
        assert_eq!(counts.decision_within(99), Some(Ok(100)));
        metrics.answered(None, Duration::from_secs(1));
        let later = metrics.counts().since(&counts);
        assert_eq!((later.requests, later.decision_within(50)), (1, Some(Err(100_000))));
    }
}
