//! A plan for what is left of one day: what a request should cost from now on, and how much may be committed by now.
//!
//! A plan is anchored at the moment it is made, with what was spent by then, so that a bidder that starts in the
//! afternoon spreads what is left instead of catching up in one burst; a changed budget makes a new plan.

use crate::campaign::Pacing;
use crate::pacing::{DaySpan, Outlook};
use crate::units::{Millis, Nanos, UnixMillis};

/// A plan for what is left of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    plan: Plan,
    day: DaySpan,
    /// When the plan was made.
    from: UnixMillis,
    /// Committed when the plan was made.
    already: Nanos,
    /// To be committed when the day ends.
    target: Nanos,
}

#[derive(Debug, Clone, PartialEq)]
enum Plan {
    /// As fast as it comes.
    Asap,
    /// Each request alike; tied to the clock by so much, 0 to 1.
    Requests { smoothness: f64 },
    /// By the clock.
    Time(Curve),
}

#[derive(Debug, Clone, PartialEq)]
enum Curve {
    Even,
    /// Even, but done after eleven twelfths of what was left of the day.
    Ahead,
    /// Shares of 24 equal parts of the day.
    Hourly(Box<[u32; 24]>),
}

/// What is behind the plan, or ahead of it, is made up for within this part of a day: a quarter of an hour.
const STEP: f64 = 1.0 / 96.0;
/// A plan that is ahead of the clock goes on with this part of what it would spend without one, so that the hard
/// allowance, which stops it, and not the multiplier, which would have to come back, takes the brunt.
const SLOWEST: f64 = 0.1;

impl Pace {
    /// A plan made at `now` for what is left of `day`, in which `already` is committed and `target` should
    /// be in the end.
    #[must_use]
    pub fn new(pacing: &Pacing, day: DaySpan, now: UnixMillis, already: Nanos, target: Nanos) -> Self {
        let plan = match pacing {
            Pacing::Asap => Plan::Asap,
            Pacing::Dual { smoothness } => {
                Plan::Requests { smoothness: f64::from((*smoothness).min(1_000)) / 1_000.0 }
            }
            Pacing::Even => Plan::Time(Curve::Even),
            Pacing::Ahead => Plan::Time(Curve::Ahead),
            Pacing::Curve(shares) => Plan::Time(Curve::Hourly(shares.clone())),
        };
        Self { plan, day, from: now.max(day.start), already, target: target.max(already) }
    }

    /// The day that is planned.
    #[must_use]
    pub fn day(&self) -> DaySpan {
        self.day
    }

    /// When the plan was made, the day's beginning at the earliest.
    #[must_use]
    pub fn from(&self) -> UnixMillis {
        self.from
    }

    /// True if a request may cost whatever it is worth: no multiplier and no reservation is to hold it back.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.plan == Plan::Asap || self.target == Nanos::MAX
    }

    /// What should be committed when the day ends.
    #[must_use]
    pub fn target(&self) -> Nanos {
        self.target
    }

    /// What a request should cost on average from `now` on, in nanos, where `spent` nanos are spent or expected to be by
    /// the bids that are out, and `seen` requests came by since the plan was made; `None` = whatever it is worth.
    ///
    /// For `dual`, what is left over all that is to come. By the clock (`even`, `ahead`, a curve) what the plan wants by
    /// a quarter of an hour from now, over what comes until then. `smoothness` is the exponent between the two.
    #[must_use]
    pub fn per_request(&self, outlook: &Outlook, now: UnixMillis, spent: f64, seen: u64) -> Option<f64> {
        if self.is_free() {
            return None;
        }
        let spent = if spent.is_finite() { spent } else { self.target.raw() as f64 };
        let left = (self.target.raw() as f64 - spent).max(0.0);
        let all = left / outlook.to_come(self.day, self.from, now, self.day.end, seen);
        let by_time = |curve: &Curve| {
            let until = now.plus(Millis::from_raw(self.day.at(STEP).since(self.day.start).raw()));
            let until = until.clamp(self.day.start, self.day.end);
            let wanted = (self.planned(curve, until) - spent).min(left);
            (wanted / outlook.to_come(self.day, self.from, now, until, seen)).max(SLOWEST * all)
        };
        match &self.plan {
            Plan::Asap => None,
            Plan::Requests { smoothness } if *smoothness <= 0.0 => Some(all),
            Plan::Requests { smoothness } => {
                let even = by_time(&Curve::Even);
                Some(all.powf(1.0 - smoothness) * even.powf(*smoothness))
            }
            Plan::Time(curve) => Some(by_time(curve)),
        }
    }

    /// The most that may be committed at `now`, a bid included: the plan so far and a head start of
    /// 1/288 of what is left (five minutes of a full day), so that the first bid of a plan is possible.
    /// Rounded down. Only a plan by the clock has such a bound; the multiplier keeps `dual`.
    #[must_use]
    pub fn allowance(&self, now: UnixMillis) -> Nanos {
        let Plan::Time(curve) = &self.plan else { return Nanos::MAX };
        let (done, whole) = self.weights(curve, now);
        let left = i128::from(self.target.raw()) - i128::from(self.already.raw());
        let planned = if whole == 0 { left } else { left * done / whole };
        let allowed = (planned + left / 288).min(left);
        self.already.saturating_add(Nanos::from_raw(i64::try_from(allowed).unwrap_or(i64::MAX)))
    }

    /// What the plan wants committed by `at`: by the clock, or in step with the traffic that `outlook` promises; what was
    /// committed before the plan was made until then. Rounded down. `None` where it is spent as fast as it comes.
    #[must_use]
    pub fn wanted(&self, outlook: &Outlook, at: UnixMillis) -> Option<Nanos> {
        if self.is_free() {
            return None;
        }
        let (done, whole) = match &self.plan {
            Plan::Asap => return None,
            Plan::Time(curve) => self.weights(curve, at),
            Plan::Requests { smoothness } => {
                let (clock, end) = self.weights(&Curve::Even, at);
                let by_time = if end == 0 { 1.0 } else { clock as f64 / end as f64 };
                let begun = outlook.done(self.day, self.from);
                let left = 1.0 - begun;
                let by_traffic = (outlook.done(self.day, at.max(self.from)) - begun) / left;
                let by_traffic = if left > 0.0 { by_traffic.clamp(0.0, 1.0) } else { by_time };
                (parts(by_traffic.powf(1.0 - smoothness) * by_time.powf(*smoothness)), PARTS)
            }
        };
        let left = i128::from(self.target.raw()) - i128::from(self.already.raw());
        let planned = if whole == 0 { left } else { left * done / whole };
        Some(self.already.saturating_add(Nanos::from_raw(i64::try_from(planned).unwrap_or(i64::MAX))))
    }

    /// What the curve wants to be spent by `at`, in nanos.
    fn planned(&self, curve: &Curve, at: UnixMillis) -> f64 {
        let (done, whole) = self.weights(curve, at);
        let left = self.target.raw() as f64 - self.already.raw() as f64;
        let part = if whole == 0 { 1.0 } else { done as f64 / whole as f64 };
        self.already.raw() as f64 + left * part
    }

    /// The curve's mass from the plan's beginning to `at`, and to the day's end.
    fn weights(&self, curve: &Curve, at: UnixMillis) -> (i128, i128) {
        let end = self.day.end;
        let at = at.clamp(self.from.min(end), end);
        let span = |to: UnixMillis| i128::from(to.since(self.from).raw().max(0));
        match curve {
            Curve::Even => (span(at), span(end)),
            Curve::Ahead => ((span(at) * 12).min(span(end) * 11), span(end) * 11),
            Curve::Hourly(shares) => {
                let mass = |to| cumulative(shares, self.day, to);
                (mass(at) - mass(self.from), mass(end) - mass(self.from))
            }
        }
    }
}

/// The whole, where a share is told in whole parts.
const PARTS: i128 = 1_000_000_000;

/// `share` of the whole, 0 to 1, in whole parts; rounded down.
#[expect(clippy::cast_possible_truncation, reason = "held within the range before")]
fn parts(share: f64) -> i128 {
    if share.is_nan() { 0 } else { i128::from((share.clamp(0.0, 1.0) * PARTS as f64) as i64) }
}

/// The curve's mass from the start of the day to `at`.
fn cumulative(shares: &[u32; 24], day: DaySpan, at: UnixMillis) -> i128 {
    let length = i128::from(day.end.since(day.start).raw().max(1));
    let position = i128::from(at.since(day.start).raw()).clamp(0, length) * 24;
    let hour = usize::try_from(position / length).unwrap_or(24).min(24);
    let full: i128 = shares[..hour].iter().map(|share| i128::from(*share)).sum();
    let part = shares.get(hour).map_or(0, |share| i128::from(*share) * (position % length));
    full * length + part
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert, proptest};

    use super::Pace;
    use crate::campaign::Pacing;
    use crate::pacing::{DaySpan, Outlook};
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
    fn ahead_is_done_two_hours_before_the_day() {
        check(&Pacing::Ahead, 0, 0, 288_000, 0, 1_000);
        check(&Pacing::Ahead, 0, 0, 288_000, 11 * HOUR, 145_000);
        check(&Pacing::Ahead, 0, 0, 288_000, 22 * HOUR, 288_000);
        check(&Pacing::Ahead, 12 * HOUR, 0, 288_000, 23 * HOUR, 288_000);
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
    fn neither_a_dual_nor_haste_has_a_bound_of_its_own() {
        check(&Pacing::Asap, 0, 0, 5, 0, i64::MAX);
        check(&Pacing::Dual { smoothness: 1_000 }, 0, 0, 5, 0, i64::MAX);
    }

    #[test]
    fn what_is_overspent_is_never_taken_back() {
        check(&Pacing::Even, 0, 500, 400, 12 * HOUR, 500);
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts of a test")]
    /// What a request should cost at `now` of a day with 24,000 requests and a budget of 24,000,000 nanos.
    fn rho(pacing: &Pacing, shares: [f64; 24], now: i64, spent: f64) -> Option<f64> {
        let pace = Pace::new(pacing, DAY, DAY.start, Nanos::ZERO, Nanos::from_raw(24_000_000));
        let outlook = Outlook::new(Some(24_000.0), shares);
        let seen = 24_000.0 * outlook.done(DAY, UnixMillis::from_raw(now));
        pace.per_request(&outlook, UnixMillis::from_raw(now), spent, seen.round() as u64)
    }

    #[track_caller]
    fn costs(pacing: &Pacing, shares: [f64; 24], now: i64, spent: f64, want: f64) {
        let rho = rho(pacing, shares, now, spent).unwrap();
        assert!((rho / want - 1.0).abs() < 0.02, "{rho}, not {want}");
    }

    /// Three quarters of the traffic in the second half of the day.
    fn late() -> [f64; 24] {
        std::array::from_fn(|hour| if hour < 12 { 1.0 } else { 3.0 })
    }

    #[test]
    fn a_dual_spreads_what_is_left_over_what_is_to_come() {
        let dual = Pacing::Dual { smoothness: 0 };
        costs(&dual, late(), 0, 0.0, 1_000.0);
        costs(&dual, late(), 12 * HOUR, 6e6, 1_000.0);
        costs(&dual, late(), 12 * HOUR, 0.0, 24e6 / 18_000.0);
        assert_eq!(rho(&dual, late(), 12 * HOUR, 25e6), Some(0.0));
    }

    #[test]
    fn an_even_plan_pays_more_for_each_request_where_there_are_few() {
        for pacing in [Pacing::Even, Pacing::Dual { smoothness: 1_000 }] {
            costs(&pacing, late(), 6 * HOUR, 6e6, 2_000.0);
            costs(&pacing, late(), 18 * HOUR, 18e6, 2_000.0 / 3.0);
        }
        costs(&Pacing::Dual { smoothness: 500 }, late(), 18 * HOUR, 18e6, 2_000.0 / 3.0);
        // Half an hour ahead: slower than any plan, and never nothing.
        costs(&Pacing::Even, late(), 18 * HOUR, 18.5e6, 5.5e6 / 9_000.0 * 0.1);
        // Half an hour behind: three times as fast.
        costs(&Pacing::Even, late(), 18 * HOUR, 17.5e6, 2_000.0);
    }

    #[test]
    fn haste_and_a_budget_without_a_limit_ask_for_nothing() {
        assert_eq!(rho(&Pacing::Asap, late(), 0, 0.0), None);
        let pace = Pace::new(&Pacing::Even, DAY, DAY.start, Nanos::ZERO, Nanos::MAX);
        assert_eq!(pace.per_request(&Outlook::default(), DAY.start, 0.0, 0), None);
    }

    proptest! {
        #[test]
        fn what_a_request_should_cost_is_a_number_and_no_more_than_is_left(
            mode in 0..4_u32, smoothness in any::<u32>(), now in any::<i32>(), already in 0..1_000_000_i64,
            target in 0..1_000_000_i64, spent in any::<f64>(), seen in any::<u64>(), hours in 23..=25_i64,
        ) {
            let pacing = match mode {
                0 => Pacing::Even,
                1 => Pacing::Ahead,
                2 => Pacing::Curve(Box::new([0; 24])),
                _ => Pacing::Dual { smoothness },
            };
            let day = DaySpan { start: DAY.start, end: UnixMillis::from_raw(hours * HOUR) };
            let now = UnixMillis::from_raw(now.into());
            let pace = Pace::new(&pacing, day, now, Nanos::from_raw(already), Nanos::from_raw(target));
            let rho = pace.per_request(&Outlook::default(), now, spent, seen).unwrap();
            let left = target.max(already) as f64 - if spent.is_finite() { spent } else { f64::MAX };
            prop_assert!(rho >= 0.0 && rho <= left.max(0.0) + 1e-6, "{rho}");
        }
    }
}
