//! The counters of the last hour, noted once a minute: what happened lately is what was counted since.

use std::collections::VecDeque;

use crate::shell::metrics::Counts;
use crate::units::{Millis, UnixMillis};

/// How many notes are kept: an hour of them.
const NOTES: usize = 61;

/// Notes of the last hour, the oldest first.
#[derive(Debug, Default)]
pub(in crate::shell) struct Minutes(VecDeque<(UnixMillis, Counts)>);

impl Minutes {
    /// Notes what is counted by `now`.
    pub(in crate::shell) fn note(&mut self, now: UnixMillis, counts: Counts) {
        if self.0.len() == NOTES {
            self.0.pop_front();
        }
        self.0.push_back((now, counts));
    }

    /// What was counted in about the last `span` before `now`, where `counts` is all by now, and since when: less where
    /// the process is younger.
    #[must_use]
    pub(in crate::shell) fn lately(
        &self,
        span: Millis,
        now: UnixMillis,
        counts: &Counts,
    ) -> (UnixMillis, Counts) {
        let oldest = self.0.iter().find(|(at, _)| now.since(*at) <= span).or(self.0.back());
        match oldest {
            Some((at, before)) => (*at, counts.since(before)),
            None => (now, counts.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Minutes, NOTES};
    use crate::shell::metrics::Metrics;
    use crate::units::{Millis, UnixMillis};

    #[test]
    fn what_happened_lately_is_what_was_counted_since() {
        let (mut minutes, metrics) = (Minutes::default(), Metrics::default());
        let at = |minute: i64| UnixMillis::from_raw(minute * 60_000);
        for minute in 0..200 {
            minutes.note(at(minute), metrics.counts());
            metrics.answered(None, Duration::from_micros(40));
        }
        assert_eq!(minutes.0.len(), NOTES);
        let (since, ten) = minutes.lately(Millis::from_seconds(600), at(200), &metrics.counts());
        assert_eq!((since, ten.requests), (at(190), 10));
        let (since, hour) = minutes.lately(Millis::from_seconds(3_600), at(200), &metrics.counts());
        assert_eq!((since, hour.requests), (at(140), 60));
        let (_, none) = minutes.lately(Millis::from_seconds(1), at(200), &metrics.counts());
        assert_eq!(none.requests, 1, "never less than since the last note");
    }
}
