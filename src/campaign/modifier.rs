//! What makes an impression worth more, or less, to a line item than its goal says.

use std::fmt;

use crate::campaign::Rule;
use crate::units::Cpm;

/// Multiplies what impressions of some kind are worth.
#[derive(Debug, Clone, PartialEq)]
pub struct Modifier {
    /// Which impressions.
    pub when: Rule,
    /// By how much.
    pub multiply: Factor,
}

/// A factor from 0 to 10, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Factor(u32);

impl Factor {
    /// Nothing is bid.
    pub const ZERO: Self = Self(0);
    /// The value as it is.
    pub const ONE: Self = Self(1_000_000);
    /// Ten times the value.
    pub const MAX: Self = Self(10_000_000);

    /// `thousandths` thousandths, as files write factors; `None` above ten.
    #[must_use]
    pub fn from_thousandths(thousandths: u32) -> Option<Self> {
        thousandths.checked_mul(1_000).map(Self).filter(|factor| *factor <= Self::MAX)
    }

    /// `millionths` millionths; `None` above ten.
    #[must_use]
    pub const fn from_millionths(millionths: u32) -> Option<Self> {
        if millionths > Self::MAX.0 { None } else { Some(Self(millionths)) }
    }

    /// What a prediction makes of a value: `ratio` rounded down to the millionth, below 0 as 0, above 10 as 10, and 0
    /// where it is not a number, so that a broken prediction bids nothing.
    ///
    /// The one place where a float becomes a factor: behind it, money meets whole numbers alone.
    #[must_use]
    pub fn from_ratio(ratio: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast cuts at the bounds of u32 and takes what is not a number for 0, as said above"
        )]
        let millionths = (ratio * f64::from(Self::ONE.0)) as u32;
        Self(millionths).min(Self::MAX)
    }

    /// In millionths, 0 to 10,000,000.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// 0 to 10, for predictions; prices take [`Factor::of`].
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(Self::ONE.0)
    }

    /// One after the other; each product rounded down to the millionth, the last one cut at ten.
    #[must_use]
    pub fn product(factors: impl IntoIterator<Item = Self>) -> Self {
        // Most factors are one, and a division costs more than to see that. Sixteen factors of ten stay far below 2^127.
        let changing = factors.into_iter().filter(|factor| *factor != Self::ONE);
        let product = changing.fold(u128::from(Self::ONE.0), |product, factor| {
            product.saturating_mul(u128::from(factor.0)) / u128::from(Self::ONE.0)
        });
        u32::try_from(product).map_or(Self::MAX, |millionths| Self(millionths).min(Self::MAX))
    }

    /// `amount` times the factor, rounded down; cut to the range of amounts.
    #[must_use]
    pub fn of_amount(self, amount: i64) -> i64 {
        let product = i128::from(amount) * i128::from(self.0) / i128::from(Self::ONE.0);
        i64::try_from(product).unwrap_or(i64::MAX)
    }

    /// `price` times the factor, rounded down to the micro-unit; at most [`Cpm::MAX`].
    #[must_use]
    pub fn of(self, price: Cpm) -> Cpm {
        const _: () =
            assert!(Cpm::MAX.micros().unsigned_abs() <= u64::MAX / Factor::MAX.0 as u64, "a product fits");
        let micros = price.micros().unsigned_abs() * u64::from(self.0) / u64::from(Self::ONE.0);
        i64::try_from(micros).ok().and_then(Cpm::from_micros).unwrap_or(Cpm::MAX)
    }
}

impl fmt::Display for Factor {
    /// As a decimal without trailing zeros: `1.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / Self::ONE.0, self.0 % Self::ONE.0);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{rest:06}").trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::Factor;
    use crate::units::Cpm;

    fn factor(thousandths: u32) -> Factor {
        Factor::from_thousandths(thousandths).unwrap()
    }

    #[track_caller]
    fn check(thousandths: &[u32], micros: i64, want: (&str, i64)) {
        let product = Factor::product(thousandths.iter().copied().map(factor));
        let price = product.of(Cpm::from_micros(micros).unwrap());
        assert_eq!((product.to_string().as_str(), price.micros()), want);
    }

    #[test]
    fn factors_multiply_and_round_down() {
        check(&[], 4_200_000, ("1", 4_200_000));
        check(&[1_250], 4_200_001, ("1.25", 5_250_001));
        check(&[1_500, 500], 3, ("0.75", 2));
        check(&[1, 1, 1], 1_000_000_000, ("0", 0));
        check(&[0, 10_000], 4_200_000, ("0", 0));
    }

    #[test]
    fn a_product_is_at_most_ten_and_a_price_the_highest() {
        check(&[10_000; 16], 1_000_000, ("10", 10_000_000));
        check(&[10_000, 10_000, 1], 1_000_000, ("0.1", 100_000));
        assert_eq!(Factor::from_thousandths(10_001), None);
        assert_eq!(Factor::MAX.of(Cpm::MAX), Cpm::MAX);
    }

    #[test]
    fn a_ratio_becomes_a_factor_rounded_down_and_cut_at_both_ends() {
        for (ratio, want) in [
            (0.0, 0),
            (0.000_000_9, 0),
            (1.0, 1_000_000),
            (1.250_000_9, 1_250_000),
            (10.0, 10_000_000),
            (10.000_1, 10_000_000),
            (f64::INFINITY, 10_000_000),
            (-0.5, 0),
            (f64::NEG_INFINITY, 0),
            (f64::NAN, 0),
        ] {
            assert_eq!(Factor::from_ratio(ratio).millionths(), want, "{ratio}");
        }
    }

    #[test]
    fn millionths_come_back_as_they_were_and_stop_at_ten() {
        for millionths in [0, 1, 999_999, 1_000_000, 10_000_000] {
            let factor = Factor::from_millionths(millionths).unwrap();
            assert_eq!(factor.millionths(), millionths);
            assert!((factor.as_f64() * 1e6 - f64::from(millionths)).abs() < 1e-6);
        }
        assert_eq!(Factor::from_millionths(10_000_001), None);
        assert_eq!(Factor::from_millionths(u32::MAX), None);
    }
}
