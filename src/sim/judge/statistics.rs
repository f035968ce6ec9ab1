//! Means, and how sure they are: a bootstrap over seeds.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// A mean and the 95 % interval in which it lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// 2.5 % of resampled means lie below.
    pub low: f64,
    /// 2.5 % of resampled means lie above.
    pub high: f64,
}

/// The mean; 0 of nothing.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "few values")]
pub fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

const RESAMPLES: usize = 2_000;

/// The mean of `values` with its interval, by resampling them. Differences of two policies on the same days make it a
/// paired bootstrap. The same values give the same interval.
#[must_use]
pub fn bootstrap(values: &[f64]) -> Interval {
    let whole = mean(values);
    if values.len() < 2 {
        return Interval { mean: whole, low: whole, high: whole };
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(0x0062_6f6f_7473);
    let mut drawn = vec![0.0; values.len()];
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            drawn.fill_with(|| values[rng.random_range(0..values.len())]);
            mean(&drawn)
        })
        .collect();
    means.sort_unstable_by(f64::total_cmp);
    Interval { mean: whole, low: means[RESAMPLES / 40], high: means[RESAMPLES - 1 - RESAMPLES / 40] }
}

#[cfg(test)]
mod tests {
    use super::bootstrap;

    #[test]
    fn the_interval_of_a_mean_narrows_with_more_values_and_holds_it() {
        let few = bootstrap(&[1.0, 2.0, 3.0, 4.0]);
        let many: Vec<f64> = [1.0, 2.0, 3.0, 4.0].repeat(100);
        let many = bootstrap(&many);
        assert!(few.low < 2.5 && 2.5 < few.high && many.low < 2.5 && 2.5 < many.high);
        assert!(many.high - many.low < (few.high - few.low) / 5.0);
    }

    #[test]
    fn one_value_has_no_interval_but_itself() {
        let one = bootstrap(&[3.0]);
        assert_eq!(
            (one.mean.to_bits(), one.low.to_bits(), one.high.to_bits()),
            (3.0_f64.to_bits(), 3.0_f64.to_bits(), 3.0_f64.to_bits())
        );
    }
}
