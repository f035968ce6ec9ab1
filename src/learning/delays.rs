//! How long conversions take: the share of them that has arrived by an age of the click.

use crate::learning::{CONVERSION_WINDOW, Example};
use crate::units::Millis;

/// Seconds at which the buckets of ages end; the last is the window.
const ENDS: [i64; 14] = [
    60, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800, 1_209_600, 1_814_400,
    2_592_000,
];

/// Weight and mean delay in seconds of the parts of the curve before anything is known. With them 36 % of all
/// conversions arrive within an hour, 51 % within a day, and 12 % after two weeks. Source: Chapelle, "Modeling delayed
/// feedback in display advertising", KDD'14 (35 %, 50 %, 13 %).
const MIXTURE: [(f64, f64); 3] = [(0.33, 900.0), (0.12, 21_600.0), (0.55, 900_000.0)];

/// Conversions that the first curve counts as, in each bucket.
const PSEUDO_CONVERSIONS: f64 = 50.0;

/// The share of conversions that has arrived by an age, learnt from those that came.
///
/// The young are not yet complete: of a click that has been watched for a day only conversions of the first day are known.
/// So each bucket is learnt from the clicks that were watched to its end: which part of what had come by then came in
/// that bucket. The parts multiply, from the oldest bucket down (Lynden-Bell 1971, for data truncated on the right).
#[derive(Debug, Clone, PartialEq)]
pub struct Delays {
    /// For each bucket: conversions in it, and those up to its end, of clicks watched that long.
    counts: [(f64, f64); ENDS.len()],
    /// The share arrived by the end of each bucket.
    arrived: [f64; ENDS.len()],
}

impl Default for Delays {
    /// What is published of conversions in general.
    fn default() -> Self {
        Self { counts: [(0.0, 0.0); ENDS.len()], arrived: first() }
    }
}

impl Delays {
    /// Of conversions that come at once: nothing is still to come. For data that is complete.
    #[must_use]
    pub fn immediate() -> Self {
        Self { counts: [(0.0, 0.0); ENDS.len()], arrived: [1.0; ENDS.len()] }
    }

    /// The curve that `examples` tell, shrunk to the published one. Each click counts once: hand over each example once,
    /// as it is known now.
    #[must_use]
    pub fn of<'a>(examples: impl IntoIterator<Item = &'a Example>) -> Self {
        let mut delays = Self::default();
        for click in examples.into_iter().filter_map(Example::click) {
            if let Some(delay) = click.converted {
                delays.count(delay, click.watched);
            }
        }
        delays.arrived = delays.curve();
        delays
    }

    /// The share of a click's conversions that has arrived `age` after it, 0 to 1; all by
    /// [`CONVERSION_WINDOW`]. Between the ends of buckets it rises evenly.
    #[must_use]
    pub fn arrived(&self, age: Millis) -> f64 {
        if age >= CONVERSION_WINDOW {
            return 1.0;
        }
        let seconds = precise(age.raw().max(0)) / 1_000.0;
        let bucket = ENDS.iter().position(|end| seconds <= precise(*end)).unwrap_or(ENDS.len() - 1);
        let (from, before) = match bucket.checked_sub(1) {
            Some(last) => (precise(ENDS[last]), self.arrived[last]),
            // Of those that nothing is to come of, nothing is awaited at once either.
            None if self.arrived[0] >= 1.0 => (0.0, 1.0),
            None => (0.0, 0.0),
        };
        let part = (seconds - from) / (precise(ENDS[bucket]) - from);
        (before + (self.arrived[bucket] - before) * part).clamp(0.0, 1.0)
    }

    /// Conversions that the curve was learnt from.
    #[must_use]
    pub fn conversions(&self) -> f64 {
        self.counts.iter().map(|(_, all)| *all).fold(0.0, f64::max)
    }

    fn count(&mut self, delay: Millis, watched: Millis) {
        for (bucket, (within, all)) in self.counts.iter_mut().enumerate() {
            let end = Millis::from_seconds(ENDS[bucket]);
            if watched < end || delay > end {
                continue;
            }
            let begin =
                bucket.checked_sub(1).map_or(Millis::from_raw(-1), |last| Millis::from_seconds(ENDS[last]));
            *all += 1.0;
            *within += if delay > begin { 1.0 } else { 0.0 };
        }
    }

    fn curve(&self) -> [f64; ENDS.len()] {
        let published = first();
        let mut arrived = [1.0; ENDS.len()];
        for bucket in (1..ENDS.len()).rev() {
            let usual = 1.0 - published[bucket - 1] / published[bucket];
            let (within, all) = self.counts[bucket];
            let part = (within + PSEUDO_CONVERSIONS * usual) / (all + PSEUDO_CONVERSIONS);
            arrived[bucket - 1] = arrived[bucket] * (1.0 - part);
        }
        arrived
    }

    /// The shares by the ends of buckets, as a file keeps them.
    pub(super) fn shares(&self) -> &[f64] {
        &self.arrived
    }

    /// From what [`Delays::shares`] gave; `None` unless they rise from at least 0 to 1.
    pub(super) fn from_shares(shares: &[f64]) -> Option<Self> {
        let arrived: [f64; ENDS.len()] = shares.try_into().ok()?;
        let rises = arrived.is_sorted() && arrived[0] >= 0.0 && (arrived[ENDS.len() - 1] - 1.0).abs() < 1e-9;
        rises.then_some(Self { counts: [(0.0, 0.0); ENDS.len()], arrived })
    }
}

/// The published curve, as a share of what arrives within the window.
fn first() -> [f64; ENDS.len()] {
    let share = |seconds: i64| -> f64 {
        MIXTURE.iter().map(|(weight, mean)| weight * (1.0 - (-precise(seconds) / mean).exp())).sum()
    };
    let within_window = share(ENDS[ENDS.len() - 1]);
    ENDS.map(|end| share(end) / within_window)
}

#[expect(clippy::cast_precision_loss, reason = "ages within months are exact")]
const fn precise(number: i64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::{Delays, ENDS};
    use crate::learning::{Example, Features};
    use crate::units::{CampaignId, LineItemId, Millis, Nanos, UnixMillis};

    fn click(watched: i64, converted: Option<i64>) -> Example {
        Example {
            features: Features::default(),
            campaign: CampaignId::from_raw(1),
            line_item: LineItemId::from_raw(1),
            at: UnixMillis::from_raw(0),
            observed: UnixMillis::from_raw(watched * 1_000),
            clicked: Some(Millis::default()),
            converted: converted.map(Millis::from_seconds),
            value: Nanos::ZERO,
        }
    }

    #[track_caller]
    fn check(delays: &Delays, seconds: i64, share: f64) {
        let arrived = delays.arrived(Millis::from_seconds(seconds));
        assert!((arrived - share).abs() < 0.015, "{arrived} by {seconds} s, not {share}");
    }

    #[test]
    fn before_anything_is_known_the_published_shares_hold() {
        let delays = Delays::default();
        check(&delays, 3_600, 0.356);
        check(&delays, 86_400, 0.514);
        check(&delays, 14 * 86_400, 0.88);
        for (age, share) in [(0, 0.0), (-5, 0.0), (30 * 86_400, 1.0), (i64::MAX / 1_000, 1.0)] {
            assert!((delays.arrived(Millis::from_seconds(age)) - share).abs() < 1e-12);
        }
    }

    #[test]
    fn of_what_comes_at_once_nothing_is_to_come() {
        let delays = Delays::immediate();
        assert!([0, 1, 60, 5_000].iter().all(|age| delays.arrived(Millis::from_seconds(*age)) >= 1.0));
    }

    #[test]
    fn shares_rise_with_age_whatever_was_seen() {
        for step in 1..50 {
            let seen: Vec<Example> =
                (0..200).map(|number| click(number * 9_000, Some(number * number * step))).collect();
            let delays = Delays::of(&seen);
            let ages = (0..30 * 24).map(|hour| delays.arrived(Millis::from_seconds(hour * 3_600)));
            assert!(ages.is_sorted());
            assert!(Delays::from_shares(delays.shares()).is_some());
        }
    }

    /// Half the conversions after ten minutes, half after three days; clicks of every age up to `days`.
    fn clicks(days: i64) -> Vec<Example> {
        let click = |number| {
            let watched = number * days * 86_400 / 40_000;
            let delay = if number % 2 == 0 { 600 } else { 3 * 86_400 };
            click(watched, (delay <= watched).then_some(delay))
        };
        (0..40_000).map(click).collect()
    }

    #[test]
    fn the_curve_is_learnt_though_clicks_are_of_every_age() {
        let delays = Delays::of(&clicks(40));
        for (seconds, share) in [(300, 0.0), (900, 0.5), (2 * 86_400, 0.5), (4 * 86_400, 1.0)] {
            check(&delays, seconds, share);
        }
        assert!(delays.conversions() > 10_000.0);
    }

    #[test]
    fn of_ages_that_no_click_has_the_published_shares_hold() {
        // A week was watched to its end: by then 74 % have come as is published.
        let delays = Delays::of(&clicks(10));
        check(&delays, 7 * 86_400, 0.742);
        check(&delays, 900, 0.371);
    }

    #[test]
    fn shares_that_fall_or_do_not_end_are_no_curve() {
        let good = Delays::default().shares().to_vec();
        let with = |at: usize, share: f64| {
            let mut shares = good.clone();
            shares[at] = share;
            Delays::from_shares(&shares)
        };
        assert!(Delays::from_shares(&good).is_some());
        assert!(with(3, 0.0).is_none() && with(ENDS.len() - 1, 1.5).is_none() && with(0, -0.1).is_none());
        assert!(with(2, f64::NAN).is_none() && Delays::from_shares(&good[1..]).is_none());
    }
}
