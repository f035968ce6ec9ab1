//! When each request is due: computed before the first is sent, so that no answer can delay the next.

use std::time::Duration;

use clap::ValueEnum;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

/// Most sends of one run: 8 bytes each, and an hour at 5,000 a second fits.
pub const SENDS_MAX: f64 = 20_000_000.0;

/// How the gaps between sends are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Arrivals {
    /// Independent of each other, as traffic of many people is: gaps are exponential.
    Poisson,
    /// One gap, always the same.
    Even,
}

/// Nanoseconds after the start at which a request is due, in order, for `rate` a second over `span`.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "below SENDS_MAX, and 584 years"
)]
pub fn due_nanos(rate: f64, span: Duration, arrivals: Arrivals, seed: u64) -> Vec<u64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let end = span.as_secs_f64();
    let mut due = Vec::new();
    let mut at = 0.0;
    while at < end {
        due.push(Duration::from_secs_f64(at).as_nanos() as u64);
        at = match arrivals {
            Arrivals::Even => due.len() as f64 / rate,
            // 1 - u is never zero.
            Arrivals::Poisson => at - (1.0 - rng.random::<f64>()).ln() / rate,
        };
    }
    due
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Arrivals, due_nanos};

    #[test]
    fn even_arrivals_keep_one_gap() {
        let due = due_nanos(1_000.0, Duration::from_secs(2), Arrivals::Even, 1);
        assert_eq!(due.len(), 2_000);
        assert_eq!(due[..3], [0, 1_000_000, 2_000_000]);
    }

    #[test]
    fn poisson_arrivals_have_the_rate_and_the_spread() {
        let due = due_nanos(1_000.0, Duration::from_secs(20), Arrivals::Poisson, 1);
        assert!((19_400..20_600).contains(&due.len()), "{}", due.len());
        assert!(due.is_sorted());
        let short = due.windows(2).filter(|pair| pair[1] - pair[0] < 500_000).count();
        let share = 100 * short / due.len();
        assert!((36..43).contains(&share), "1 - e^-0.5 of the gaps are below half the mean: {share} %");
    }

    #[test]
    fn the_same_seed_gives_the_same_times() {
        let run = |seed| due_nanos(500.0, Duration::from_secs(1), Arrivals::Poisson, seed);
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }
}
