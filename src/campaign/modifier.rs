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

    /// The factor in millionths.
    #[must_use]
    pub const fn millionths(self) -> u32 {
        self.0
    }

    /// One after the other; each product rounded down to the millionth, the last one cut at ten.
    #[must_use]
    pub fn product(factors: impl IntoIterator<Item = Self>) -> Self {
        // Sixteen factors of ten stay far below 2^127.
        let product = factors.into_iter().fold(u128::from(Self::ONE.0), |product, factor| {
            product.saturating_mul(u128::from(factor.0)) / u128::from(Self::ONE.0)
        });
        u32::try_from(product).map_or(Self::MAX, |millionths| Self(millionths).min(Self::MAX))
    }

    /// `price` times the factor, rounded down to the micro-unit; at most [`Cpm::MAX`].
    #[must_use]
    pub fn of(self, price: Cpm) -> Cpm {
        let micros = i128::from(price.micros()) * i128::from(self.0) / i128::from(Self::ONE.0);
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
}
