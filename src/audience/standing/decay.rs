//! Exponential decay in whole numbers, so that every machine finds the same score.

use crate::units::Millis;

/// Bits behind the point of a factor.
const FACTOR_BITS: u32 = 32;
/// Bits of an age's fraction of a half-life that are looked at: a millionth of it changes no score.
const FRACTION_BITS: u32 = 20;
/// `ROOTS[k]` is 2^(-1/2^(k+1)), rounded down: each is the root of the one before.
const ROOTS: [u64; FRACTION_BITS as usize] = roots();

const fn roots() -> [u64; FRACTION_BITS as usize] {
    let mut roots = [0; FRACTION_BITS as usize];
    let mut square = 1_u64 << (FACTOR_BITS - 1);
    let mut at = 0;
    while at < roots.len() {
        // Below 2^64 before the root, for every factor is below one.
        roots[at] = (square << FACTOR_BITS).isqrt();
        square = roots[at];
        at += 1;
    }
    roots
}

/// A sum of points that lose half their worth with every half-life.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Decayed {
    /// In 2^-32 of a point. A history is bounded, and so are points, so that it never comes near its range.
    sum: i64,
}

impl Decayed {
    /// Adds `points` of an event as old as `age`, which is zero or more.
    pub(super) fn add(&mut self, points: i32, age: Millis, half_life: Millis) {
        let worth = i64::try_from(factor(age, half_life)).expect("a factor is at most 2^32");
        self.sum = self.sum.saturating_add(i64::from(points).saturating_mul(worth));
    }

    /// The sum in whole points, rounded down, zero at least.
    pub(super) fn whole(self) -> u32 {
        u32::try_from((self.sum >> FACTOR_BITS).max(0)).unwrap_or(u32::MAX)
    }
}

/// 2^(-age / half_life), in 2^-32, too low by less than a millionth of itself and 2^-27. Exact at whole half-lives.
fn factor(age: Millis, half_life: Millis) -> u64 {
    let age = age.raw().max(0).unsigned_abs();
    let half_life = half_life.raw().max(1).unsigned_abs();
    let (halvings, rest) = (age / half_life, age % half_life);
    if halvings > u64::from(FACTOR_BITS) {
        return 0;
    }
    let fraction = (u128::from(rest) << FRACTION_BITS).div_ceil(u128::from(half_life));
    // Rounded up, the fraction may be a whole half-life; a factor is then too low by a millionth.
    let mut factor =
        if fraction >> FRACTION_BITS == 1 { 1 << (FACTOR_BITS - 1) } else { 1_u64 << FACTOR_BITS };
    for (at, root) in ROOTS.iter().enumerate() {
        let bit = FRACTION_BITS as usize - 1 - at;
        if fraction >> bit & 1 == 1 {
            factor = (factor * root) >> FACTOR_BITS;
        }
    }
    factor >> halvings
}

#[cfg(test)]
mod tests {
    use super::{Decayed, factor};
    use crate::units::Millis;

    #[test]
    fn a_factor_halves_exactly_with_every_half_life() {
        let day = Millis::from_seconds(86_400);
        for halvings in 0..=32 {
            let age = Millis::from_raw(day.raw() * halvings);
            assert_eq!(factor(age, day), 1 << (32 - halvings), "{halvings}");
        }
        assert_eq!(factor(Millis::from_raw(i64::MAX), day), 0);
        assert_eq!(factor(Millis::from_raw(-1), day), 1 << 32);
        assert_eq!(factor(Millis::from_raw(0), Millis::from_raw(0)), 1 << 32);
    }

    #[test]
    fn a_factor_is_the_power_of_two_that_a_float_finds() {
        let half_life = Millis::from_seconds(14 * 86_400);
        let span = f64::from(1_209_600);
        for age in (0..9_676_800).step_by(12_345) {
            let want = (-f64::from(age) / span).exp2() * 4_294_967_296.0;
            let got = factor(Millis::from_seconds(age.into()), half_life) as f64;
            assert!(got <= want * (1.0 + 1e-9) && got >= want * (1.0 - 1e-6) - 32.0, "{age}: {got} {want}");
        }
    }

    #[test]
    fn older_is_never_worth_more() {
        let half_life = Millis::from_seconds(3_600);
        let factors: Vec<u64> =
            (0..20_000).map(|second| factor(Millis::from_seconds(second), half_life)).collect();
        assert!(factors.is_sorted_by(|younger, older| younger >= older));
    }

    #[test]
    fn a_sum_is_rounded_down_once_and_never_below_zero() {
        let day = Millis::from_seconds(86_400);
        let mut sum = Decayed::default();
        sum.add(5, day, day);
        assert_eq!(sum.whole(), 2);
        sum.add(5, day, day);
        assert_eq!(sum.whole(), 5, "two halves are a whole");
        sum.add(-1_000, Millis::default(), day);
        assert_eq!(sum.whole(), 0);
    }
}
