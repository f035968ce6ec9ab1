//! What the bids of a soft budget are expected to cost, learnt from those whose outcome is known.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::budget::cap::Stake;
use crate::ledger::Quantity;
use crate::units::Nanos;

/// What the bids of a soft budget are expected to cost, as shares of their worst case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The mean, in millionths of the worst case.
    pub mean: u32,
    /// The variance, in millionths of the square of the worst case.
    pub variance: u32,
}

impl Expected {
    /// Every bid costs its worst case.
    pub const WORST: Self = Self { mean: 1_000_000, variance: 0 };

    /// The stake of a bid that costs `worst` at most. Both parts rounded up.
    #[must_use]
    pub fn stake(self, worst: Nanos) -> Stake {
        if self == Self::WORST {
            return Stake::certain(Quantity::money(worst));
        }
        let share = |of: i128, millionths: u32| (of * i128::from(millionths) + 999_999) / 1_000_000;
        let worst = i128::from(worst.raw());
        let thousands = (worst + 999) / 1_000;
        let narrow = |wide: i128| i64::try_from(wide).unwrap_or(i64::MAX);
        Stake {
            mean: Quantity::from_raw(narrow(share(worst, self.mean))),
            variance: narrow(share(thousands * thousands, self.variance)),
        }
    }
}

/// What the bids of one campaign turned out to cost. Decisions read it without waiting.
#[derive(Debug)]
pub struct Experience {
    learnt: Mutex<Learnt>,
    /// [`Expected`], in one word: the mean above, the variance below.
    told: AtomicU64,
}

/// Bids to which the prior belief is worth as much: so long a new campaign counts nearly its worst case.
const PRIOR: i64 = 100;
/// Bids over which the past fades.
const MEMORY: i64 = 2_000;
const BILLION: i64 = 1_000_000_000;

#[derive(Debug, Clone, Copy)]
struct Learnt {
    /// The mean share, in billionths.
    mean: i64,
    /// The mean of its square, in billionths.
    square: i64,
    /// How many bids stand behind that.
    weight: i64,
}

impl Default for Experience {
    fn default() -> Self {
        let learnt = Learnt { mean: BILLION, square: BILLION, weight: PRIOR };
        Self { learnt: Mutex::new(learnt), told: AtomicU64::new(pack(Expected::WORST)) }
    }
}

impl Experience {
    /// What a bid is expected to cost now.
    #[must_use]
    pub fn expected(&self) -> Expected {
        let told = self.told.load(Ordering::Relaxed);
        let half = |word: u64| u32::try_from(word & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        Expected { mean: half(told >> 32), variance: half(told) }
    }

    /// Learns that a bid which would have cost `worst` at most used `used`: nothing if it was lost or never heard of.
    pub fn learn(&self, worst: Nanos, used: Quantity) {
        if worst <= Nanos::ZERO {
            return;
        }
        let share = i128::from(used.raw().clamp(0, worst.raw())) * i128::from(BILLION);
        let share = ceil(share, i128::from(worst.raw()));
        let square = ceil(i128::from(share) * i128::from(share), i128::from(BILLION));
        let mut learnt = self.learnt.lock().unwrap_or_else(PoisonError::into_inner);
        learnt.weight = (learnt.weight + 1).min(MEMORY);
        learnt.mean = toward(learnt.mean, share, learnt.weight);
        learnt.square = toward(learnt.square, square, learnt.weight);
        self.told.store(pack(learnt.expected()), Ordering::Relaxed);
    }
}

impl Learnt {
    fn expected(self) -> Expected {
        let mean_square = i128::from(self.mean) * i128::from(self.mean) / i128::from(BILLION);
        let variance = (i128::from(self.square) - mean_square).max(0);
        let millionths = |billionths: i128| u32::try_from(ceil(billionths, 1_000)).unwrap_or(u32::MAX);
        Expected { mean: millionths(self.mean.into()), variance: millionths(variance) }
    }
}

/// One part in `weight` of the way from `from` to `to`; rounded up, against us.
fn toward(from: i64, to: i64, weight: i64) -> i64 {
    from + ceil(i128::from(to) - i128::from(from), weight.into())
}

fn ceil(of: i128, by: i128) -> i64 {
    i64::try_from(-(-of).div_euclid(by)).unwrap_or(i64::MAX)
}

fn pack(expected: Expected) -> u64 {
    u64::from(expected.mean) << 32 | u64::from(expected.variance)
}

#[cfg(test)]
mod tests {
    use super::{Expected, Experience};
    use crate::budget::Stake;
    use crate::ledger::Quantity;
    use crate::units::Nanos;

    /// What is expected after these bids of 1,000 each, so often one after the other.
    fn after(times: usize, used: &[i64]) -> Expected {
        let experience = Experience::default();
        for used in used.iter().cycle().take(times * used.len()) {
            experience.learn(Nanos::from_raw(1_000), Quantity::from_raw(*used));
        }
        experience.expected()
    }

    #[test]
    fn a_new_campaign_counts_its_worst_case_until_it_has_learnt() {
        assert_eq!(Experience::default().expected(), Expected::WORST);
        assert_eq!(after(50, &[1_000]), Expected::WORST, "where everything is won nothing is learnt");
        let few = after(10, &[0]);
        assert!(few.mean > 900_000, "{few:?}");
    }

    #[test]
    fn mean_and_variance_are_those_of_what_was_billed() {
        // One in four is won, at half its price: mean 1/8, mean square 1/16, variance 3/64.
        let learnt = after(5_000, &[0, 500, 0, 0]);
        assert!((123_000..=127_500).contains(&learnt.mean), "{learnt:?}");
        assert!((46_000..=48_000).contains(&learnt.variance), "{learnt:?}");
    }

    #[test]
    fn what_everything_costs_alike_has_hardly_a_variance() {
        let learnt = after(20_000, &[250]);
        assert!((250_000..251_000).contains(&learnt.mean) && learnt.variance < 1_000, "{learnt:?}");
    }

    #[test]
    fn what_is_billed_above_the_worst_case_or_below_nothing_counts_as_the_end_of_the_range() {
        assert_eq!(after(10, &[5_000]), Expected::WORST);
        assert_eq!(after(10, &[-5]), after(10, &[0]));
        let experience = Experience::default();
        experience.learn(Nanos::ZERO, Quantity::from_raw(7));
        assert_eq!(experience.expected(), Expected::WORST, "a bid without a price teaches nothing");
    }

    #[test]
    fn a_stake_is_rounded_up_and_holds_at_the_end_of_the_range() {
        let third = Expected { mean: 333_333, variance: 1 };
        assert_eq!(third.stake(Nanos::from_raw(10)), Stake { mean: Quantity::from_raw(4), variance: 1 });
        let most = Expected { mean: 1_000_000, variance: 1_000_000 }.stake(Nanos::MAX);
        assert_eq!(most, Stake { mean: Quantity::MAX, variance: i64::MAX });
        assert_eq!(Expected::WORST.stake(Nanos::MAX), Stake::certain(Quantity::MAX));
    }
}
