//! How much of a day's budget may be committed by now: even over time, along a curve, or at once.
//!
//! A plan is anchored at the moment it is made, with what was spent by then, so that a bidder that
//! starts in the afternoon spreads what is left instead of catching up in one burst; a changed budget
//! makes a new plan. Deliberately absent: the traffic's own curve and any learning.

mod dual;
mod traffic;

pub use dual::Dual;
pub use traffic::Outlook;

use crate::campaign::Pacing;
use crate::units::{Nanos, UnixMillis};

/// A plan for what is left of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    /// The curve; `None` = as fast as it comes.
    curve: Option<Curve>,
    /// When the plan was made.
    from: UnixMillis,
    /// When the day ends.
    day_end: UnixMillis,
    /// Committed when the plan was made.
    already: Nanos,
    /// To be committed when the day ends.
    target: Nanos,
}

#[derive(Debug, Clone, PartialEq)]
enum Curve {
    Even,
    /// Shares of 24 equal parts of the day, and when the day began.
    Hourly {
        shares: Box<[u32; 24]>,
        day_start: UnixMillis,
    },
}

/// The parts of one civil day. Not always 24 hours long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySpan {
    /// The first instant.
    pub start: UnixMillis,
    /// The first instant of the next day.
    pub end: UnixMillis,
}

impl Pace {
    /// A plan made at `now` for what is left of `day`, in which `already` is committed and `target` should
    /// be in the end.
    #[must_use]
    pub fn new(pacing: &Pacing, day: DaySpan, now: UnixMillis, already: Nanos, target: Nanos) -> Self {
        let curve = match pacing {
            Pacing::Asap | Pacing::Dual { .. } => None,
            Pacing::Even | Pacing::Ahead => Some(Curve::Even),
            Pacing::Curve(shares) => Some(Curve::Hourly { shares: shares.clone(), day_start: day.start }),
        };
        Self { curve, from: now.max(day.start), day_end: day.end, already, target: target.max(already) }
    }

    /// What should be committed when the day ends.
    #[must_use]
    pub fn target(&self) -> Nanos {
        self.target
    }

    /// What a request should cost on average from `now` on, in nanos, where `spent` nanos are spent or expected to be by
    /// the bids that are out, and `seen` requests came by since the plan was made; `None` = whatever it is worth.
    #[must_use]
    pub fn per_request(&self, outlook: &Outlook, now: UnixMillis, spent: f64, seen: u64) -> Option<f64> {
        let _ = (outlook, now, spent, seen);
        None
    }

    /// The most that may be committed at `now`, a bid included: the plan so far and a head start of
    /// 1/288 of what is left (five minutes of a full day), so that the first bid of a plan is possible.
    /// Rounded down.
    #[must_use]
    pub fn allowance(&self, now: UnixMillis) -> Nanos {
        let Some(curve) = &self.curve else { return Nanos::MAX };
        let whole = curve.weight(self.from, self.day_end, self.day_end);
        let done = curve.weight(self.from, now.clamp(self.from, self.day_end), self.day_end);
        let left = i128::from(self.target.raw()) - i128::from(self.already.raw());
        let planned = if whole == 0 { left } else { left * done / whole };
        let allowed = (planned + left / 288).min(left);
        self.already.saturating_add(Nanos::from_raw(i64::try_from(allowed).unwrap_or(i64::MAX)))
    }
}

impl Curve {
    /// The curve's mass between two instants of the day that ends at `day_end`; only ratios mean anything.
    fn weight(&self, from: UnixMillis, to: UnixMillis, day_end: UnixMillis) -> i128 {
        match self {
            Self::Even => i128::from(to.since(from).raw().max(0)),
            Self::Hourly { shares, day_start } => {
                cumulative(shares, *day_start, day_end, to) - cumulative(shares, *day_start, day_end, from)
            }
        }
    }
}

/// The curve's mass from the start of the day to `at`.
fn cumulative(shares: &[u32; 24], start: UnixMillis, end: UnixMillis, at: UnixMillis) -> i128 {
    let length = i128::from(end.since(start).raw().max(1));
    let position = i128::from(at.since(start).raw()).clamp(0, length) * 24;
    let hour = usize::try_from(position / length).unwrap_or(24).min(24);
    let full: i128 = shares[..hour].iter().map(|share| i128::from(*share)).sum();
    let part = shares.get(hour).map_or(0, |share| i128::from(*share) * (position % length));
    full * length + part
}

#[cfg(test)]
mod tests {
    use super::{DaySpan, Pace};
    use crate::campaign::Pacing;
    use crate::units::{Nanos, UnixMillis};

    const HOUR: i64 = 3_600_000;
    const DAY: DaySpan = DaySpan { start: UnixMillis::from_raw(0), end: UnixMillis::from_raw(24 * HOUR) };

    #[track_caller]
    fn check(pacing: &Pacing, made_at: i64, already: i64, target: i64, now: i64, want: i64) {
        let (already, target) = (Nanos::from_raw(already), Nanos::from_raw(target));
        let pace = Pace::new(pacing, DAY, UnixMillis::from_raw(made_at), already, target);
        assert_eq!(pace.allowance(UnixMillis::from_raw(now)).raw(), want);
    }

    #[test]
    fn an_even_day_allows_in_proportion_to_time_with_a_head_start_of_five_minutes() {
        check(&Pacing::Even, 0, 0, 288_000, 0, 1_000);
        check(&Pacing::Even, 0, 0, 288_000, 12 * HOUR, 145_000);
        check(&Pacing::Even, 0, 0, 288_000, 24 * HOUR, 288_000);
        check(&Pacing::Even, 0, 0, 288_000, 48 * HOUR, 288_000);
    }

    #[test]
    fn a_plan_made_in_the_afternoon_spreads_what_is_left() {
        check(&Pacing::Even, 18 * HOUR, 0, 288_000, 18 * HOUR, 1_000);
        check(&Pacing::Even, 18 * HOUR, 0, 288_000, 21 * HOUR, 145_000);
        check(&Pacing::Even, 18 * HOUR, 280_800, 288_000, 21 * HOUR, 280_800 + 3_600 + 25);
    }

    #[test]
    fn a_curve_puts_the_money_where_its_hours_are() {
        let mut shares = [0; 24];
        shares[20] = 750_000;
        shares[21] = 250_000;
        let evening = Pacing::Curve(Box::new(shares));
        check(&evening, 0, 0, 288_000, 20 * HOUR, 1_000);
        check(&evening, 0, 0, 288_000, 21 * HOUR, 217_000);
        check(&evening, 0, 0, 288_000, 22 * HOUR, 288_000);
    }

    #[test]
    fn as_fast_as_it_comes_has_no_bound_of_its_own() {
        check(&Pacing::Asap, 0, 0, 5, 0, i64::MAX);
    }

    #[test]
    fn what_is_overspent_is_never_taken_back() {
        check(&Pacing::Even, 0, 500, 400, 12 * HOUR, 500);
    }
}
