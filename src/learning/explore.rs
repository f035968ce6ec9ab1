//! Trying what nothing is known of: which creative to show, and how much money that may cost.
//!
//! Randomness is an argument: `draw` gives numbers that lie evenly from 0 (included) to 1 (not).

use std::f64::consts::TAU;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::learning::model::precise;
use crate::units::{Nanos, RatePpm};

/// Draws for one number before its mean is given instead: 1 in 20 is refused, so that this never happens in practice.
const DRAWS_MAX: u32 = 64;

/// What is believed of a rate before anything came: so many outcomes of so many trials.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prior {
    /// Clicks; above 0.
    pub clicks: f64,
    /// Impressions; above `clicks`.
    pub impressions: f64,
}

impl Prior {
    /// The belief that `rate` is likely, as strong as one click of evidence.
    #[must_use]
    pub fn of_rate(rate: f64) -> Self {
        Self { clicks: 1.0, impressions: 1.0 / rate.clamp(1e-6, 0.5) }
    }

    /// The rate to expect of a creative that brought so much, 0 to 1.
    #[must_use]
    pub fn rate(&self, brought: Creative) -> f64 {
        let impressions = brought.impressions.max(brought.clicks);
        (precise(brought.clicks) + self.clicks) / (precise(impressions) + self.impressions)
    }
}

/// What a creative has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Creative {
    /// Its clicks.
    pub clicks: u64,
    /// Its impressions; fewer than clicks count as many.
    pub impressions: u64,
}

/// The place of the creative to show: each as often as it is likely to be the best (Thompson sampling; Chapelle and Li,
/// NIPS'11). `None` if there is none.
#[must_use]
pub fn choose(creatives: &[Creative], prior: Prior, mut draw: impl FnMut() -> f64) -> Option<usize> {
    let rates = creatives.iter().map(|it| sample(it.clicks, it.impressions, prior, &mut draw));
    rates.enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(place, _)| place)
}

/// A click rate drawn from what `clicks` of `impressions` and the prior leave likely: of their beta distribution.
/// Within 0 and 1.
#[must_use]
pub fn sample(clicks: u64, impressions: u64, prior: Prior, mut draw: impl FnMut() -> f64) -> f64 {
    let came = precise(clicks) + prior.clicks.max(f64::MIN_POSITIVE);
    let not = precise(impressions.saturating_sub(clicks))
        + (prior.impressions - prior.clicks).max(f64::MIN_POSITIVE);
    let (came, not) = (gamma(came, &mut draw), gamma(not, &mut draw));
    let rate = came / (came + not);
    if rate.is_finite() { rate } else { 0.0 }
}

/// A draw from the gamma distribution of `shape` and scale 1. Source: Marsaglia and Tsang, "A simple method for
/// generating gamma variables", TOMS 2000; below a shape of 1 by their note in section 6.
fn gamma(shape: f64, draw: &mut impl FnMut() -> f64) -> f64 {
    if shape < 1.0 {
        let boost = (1.0 - draw()).powf(1.0 / shape);
        return gamma(shape + 1.0, draw) * boost;
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    for _ in 0..DRAWS_MAX {
        let x = gaussian(draw);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - draw()).ln() < x * x / 2.0 + d - d * v + d * v.ln() {
            return d * v;
        }
    }
    shape
}

/// A draw from the normal distribution (Box and Muller).
fn gaussian(draw: &mut impl FnMut() -> f64) -> f64 {
    // One minus a draw is never 0, whose logarithm has no end.
    (-2.0 * (1.0 - draw()).ln()).sqrt() * (TAU * draw()).cos()
}

/// Money for trying: what is spent on it never passes what is allowed, whoever spends at the same time. No lock.
#[derive(Debug, Default)]
pub struct Exploration {
    spent: AtomicI64,
    allowed: AtomicI64,
}

impl Exploration {
    /// The share of a budget that trying may cost unless ad ops say otherwise: 2 %.
    pub const SHARE: RatePpm = match RatePpm::from_ppm(20_000) {
        Some(share) => share,
        None => RatePpm::ZERO,
    };

    /// Allows `share` of `budget` from now on, rounded down. What is spent stays, though it be more.
    pub fn allow(&self, budget: Nanos, share: RatePpm) {
        let allowed = i128::from(budget.raw().max(0)) * i128::from(share.ppm()) / 1_000_000;
        self.allowed.store(i64::try_from(allowed).unwrap_or(i64::MAX), Ordering::Relaxed);
    }

    /// Takes `cost`, the most that a try can cost; false, and nothing is taken, if that is not left, or is negative.
    #[must_use]
    pub fn spend(&self, cost: Nanos) -> bool {
        let allowed = self.allowed.load(Ordering::Relaxed);
        let after = |spent: i64| spent.checked_add(cost.raw()).filter(|after| *after <= allowed);
        cost.raw() >= 0 && self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after).is_ok()
    }

    /// Gives back what a try did not cost: all of it if it was lost. Never below nothing spent.
    pub fn give_back(&self, rest: Nanos) {
        let after = |spent: i64| Some(spent.saturating_sub(rest.raw().max(0)).max(0));
        // The closure always gives a number, so that this cannot fail.
        let _ = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
    }

    /// True if creatives of line items that are known may be held against each other: that has half of what is allowed, so
    /// that the rest is left to line items of which nothing is known.
    #[must_use]
    pub fn lets_compare(&self) -> bool {
        self.spent().raw().saturating_mul(2) < self.allowed().raw()
    }

    /// Goes on where a former process was on the same day, with what was spent or held then. What is spent since stays.
    pub fn resume(&self, spent: Nanos) {
        let after = |now: i64| Some(now.saturating_add(spent.raw().max(0)));
        // The closure always gives a number, so that this cannot fail.
        let _ = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
    }

    /// As it is now, apart: what is spent of one is not spent of the other.
    #[must_use]
    pub fn apart(&self) -> Self {
        let copy = |of: &AtomicI64| AtomicI64::new(of.load(Ordering::Relaxed));
        Self { spent: copy(&self.spent), allowed: copy(&self.allowed) }
    }

    /// What is spent, or held for tries that are out.
    #[must_use]
    pub fn spent(&self) -> Nanos {
        Nanos::from_raw(self.spent.load(Ordering::Relaxed))
    }

    /// What may be.
    #[must_use]
    pub fn allowed(&self) -> Nanos {
        Nanos::from_raw(self.allowed.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::{Creative, Exploration, Prior, choose, sample};
    use crate::learning::value::mix;
    use crate::units::{Nanos, RatePpm};

    fn of_budget(budget: Nanos, share: RatePpm) -> Exploration {
        let exploration = Exploration::default();
        exploration.allow(budget, share);
        exploration
    }

    fn draws(seed: u64) -> impl FnMut() -> f64 {
        println!("seed {seed}");
        let mut count = seed << 32;
        move || {
            count += 1;
            f64::from(u32::try_from(mix(count, 0xd1ce) >> 32).unwrap()) / 4_294_967_296.0
        }
    }

    #[test]
    fn draws_have_mean_and_spread_of_the_beta_distribution() {
        let mut draw = draws(1);
        for (clicks, impressions, prior) in [
            (0_u32, 0_u32, Prior { clicks: 1.0, impressions: 2.0 }),
            (0, 0, Prior { clicks: 0.5, impressions: 1.0 }),
            (3, 10, Prior { clicks: 1.0, impressions: 2.0 }),
            (40, 40_000, Prior::of_rate(0.001)),
        ] {
            let (a, b) = (
                f64::from(clicks) + prior.clicks,
                f64::from(impressions - clicks) + prior.impressions - prior.clicks,
            );
            let rates: Vec<f64> = (0..20_000)
                .map(|_| sample(u64::from(clicks), u64::from(impressions), prior, &mut draw))
                .collect();
            let mean = rates.iter().sum::<f64>() / 20_000.0;
            let spread = rates.iter().map(|rate| (rate - mean).powi(2)).sum::<f64>() / 20_000.0;
            let (true_mean, true_spread) = (a / (a + b), a * b / ((a + b).powi(2) * (a + b + 1.0)));
            println!(
                "{clicks} of {impressions}: {mean:.6} {spread:.3e}, truly {true_mean:.6} {true_spread:.3e}"
            );
            assert!((mean / true_mean - 1.0).abs() < 0.03 && (spread / true_spread - 1.0).abs() < 0.06);
            assert!(rates.iter().all(|rate| (0.0..=1.0).contains(rate)));
        }
    }

    #[test]
    fn whatever_is_drawn_a_rate_comes_out() {
        for stuck in [0.0, 0.5, 1.0 - f64::EPSILON] {
            for (clicks, impressions) in [(0, 0), (5, 3), (u64::MAX, u64::MAX), (0, u64::MAX)] {
                for prior in [Prior::of_rate(0.001), Prior { clicks: 0.0, impressions: 0.0 }] {
                    let rate = sample(clicks, impressions, prior, || stuck);
                    assert!((0.0..=1.0).contains(&rate), "{stuck} {clicks} {impressions} {rate}");
                }
            }
        }
    }

    #[test]
    fn the_best_creative_is_found_and_the_others_are_tried() {
        let (mut draw, truth) = (draws(2), [0.01, 0.02, 0.03]);
        let mut creatives = [Creative::default(); 3];
        for _ in 0..20_000 {
            let chosen = choose(&creatives, Prior::of_rate(0.02), &mut draw).unwrap();
            creatives[chosen].impressions += 1;
            creatives[chosen].clicks += u64::from(draw() < truth[chosen]);
        }
        println!("{creatives:?}");
        assert!(creatives[2].impressions > 14_000);
        assert!(creatives.iter().all(|it| it.impressions > 50));
        assert_eq!(choose(&[], Prior::of_rate(0.02), &mut draw), None);
    }

    #[test]
    fn trying_costs_at_most_its_share_of_the_budget() {
        let budget = Nanos::from_raw(1_000_000);
        let exploration = of_budget(budget, Exploration::SHARE);
        assert_eq!(exploration.allowed(), Nanos::from_raw(20_000));
        assert!(exploration.lets_compare() && exploration.spend(Nanos::from_raw(10_000)));
        assert!(!exploration.lets_compare() && exploration.spend(Nanos::from_raw(10_000)));
        assert!(!exploration.spend(Nanos::from_raw(1)));
        exploration.give_back(Nanos::from_raw(5_000));
        assert!(!exploration.spend(Nanos::from_raw(5_001)) && exploration.spend(Nanos::from_raw(5_000)));
        // Neither negative costs nor a smaller budget make room.
        assert!(!exploration.spend(Nanos::from_raw(-1)) && !exploration.spend(Nanos::from_raw(i64::MAX)));
        exploration.allow(Nanos::from_raw(500_000), Exploration::SHARE);
        assert!(!exploration.spend(Nanos::from_raw(1)));
        exploration.give_back(Nanos::from_raw(i64::MAX));
        assert_eq!(exploration.spent(), Nanos::ZERO);
        assert_eq!(of_budget(Nanos::from_raw(-5), RatePpm::ONE).allowed(), Nanos::ZERO);
    }

    #[test]
    fn many_at_once_never_spend_more_than_is_allowed() {
        let exploration = of_budget(Nanos::from_raw(1_000_000), Exploration::SHARE);
        let granted: i64 = std::thread::scope(|scope| {
            let all: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| (0..10_000).filter(|_| exploration.spend(Nanos::from_raw(7))).count())
                })
                .collect();
            all.into_iter().map(|one| i64::try_from(one.join().unwrap()).unwrap() * 7).sum()
        });
        assert_eq!(exploration.spent(), Nanos::from_raw(granted));
        assert_eq!(granted, 20_000 / 7 * 7);
    }
}
