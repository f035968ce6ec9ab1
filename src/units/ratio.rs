//! A figure as an exact fraction, rounded only where it is written.

/// A fraction in lowest terms, with a divisor above zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    dividend: i128,
    divisor: i128,
}

impl Ratio {
    /// `dividend / divisor`; `None` unless the divisor is above zero, since a figure over nothing (no
    /// clicks, no costs) is not 0.
    #[must_use]
    pub const fn new(dividend: i128, divisor: i128) -> Option<Self> {
        if divisor <= 0 {
            return None;
        }
        // Euclid. The signs do not matter: the dividend's stays with it, and the divisor's is made plus.
        let (mut common, mut rest) = (divisor, dividend % divisor);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        let common = common.abs();
        Some(Self { dividend: dividend / common, divisor: divisor / common })
    }

    /// What stands above the line, with the sign.
    #[must_use]
    pub const fn dividend(&self) -> i128 {
        self.dividend
    }

    /// What stands below the line, above zero.
    #[must_use]
    pub const fn divisor(&self) -> i128 {
        self.divisor
    }

    /// This fraction for each unit of `other`: exact, or `None` where `other` is not above zero, or the quotient does not
    /// fit in 128 bits.
    #[must_use]
    pub fn over(&self, other: Self) -> Option<Self> {
        if other.dividend <= 0 {
            return None;
        }
        // Crosswise in lowest terms first, so that as little as may be is too large.
        let across = Self::new(self.dividend, other.dividend)?;
        let along = Self::new(other.divisor, self.divisor)?;
        let dividend = across.dividend.checked_mul(along.dividend)?;
        Self::new(dividend, across.divisor.checked_mul(along.divisor)?)
    }

    /// By what share it differs from `before`: 0.1 is a tenth more. `None` where `before` is not above zero.
    #[must_use]
    pub fn change_from(&self, before: Self) -> Option<Self> {
        let share = self.over(before)?;
        Self::new(share.dividend.checked_sub(share.divisor)?, share.divisor)
    }

    /// The fraction with exactly `decimals` decimals, rounded half away from zero.
    #[must_use]
    pub fn to_decimal(&self, decimals: usize) -> String {
        let divisor = self.divisor.unsigned_abs();
        let magnitude = self.dividend.unsigned_abs();
        let (mut whole, mut rest) = (magnitude / divisor, magnitude % divisor);
        let mut digits = Vec::with_capacity(decimals);
        for _ in 0..decimals {
            // Digit by digit: a power of ten on the whole dividend could leave 128 bits.
            let (digit, left) = next_digit(rest, divisor);
            digits.push(digit);
            rest = left;
        }
        if rest >= divisor - rest {
            whole += u128::from(carry(&mut digits));
        }
        let negative = self.dividend < 0 && (whole != 0 || digits.iter().any(|digit| *digit != 0));
        let mut text = format!("{}{whole}", if negative { "-" } else { "" });
        if decimals > 0 {
            text.push('.');
            text.extend(digits.into_iter().map(|digit| char::from(b'0' + digit)));
        }
        text
    }

    /// The fraction as a percentage with exactly `decimals` decimals, rounded half away from zero.
    #[must_use]
    pub fn to_percent(&self, decimals: usize) -> String {
        // Two more decimals and the point moved, rather than a hundredfold that could overflow.
        let text = self.to_decimal(decimals + 2);
        let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
        let (whole, fraction) = text.split_once('.').expect("two decimals at least");
        let (hundredths, rest) = fraction.split_at(2);
        let shifted = format!("{whole}{hundredths}");
        let whole = match shifted.trim_start_matches('0') {
            "" => "0",
            digits => digits,
        };
        if decimals == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{rest}") }
    }
}

/// The first digit of `10 * rest / divisor` and what is left, without the product: `rest < divisor`.
fn next_digit(rest: u128, divisor: u128) -> (u8, u128) {
    let (mut digit, mut left) = (0, 0_u128);
    for _ in 0..10 {
        // left + rest - divisor, where both are below the divisor.
        if left >= divisor - rest {
            left -= divisor - rest;
            digit += 1;
        } else {
            left += rest;
        }
    }
    (digit, left)
}

/// Adds one to the last digit; true if it carries out of the first.
fn carry(digits: &mut [u8]) -> bool {
    for digit in digits.iter_mut().rev() {
        if *digit < 9 {
            *digit += 1;
            return false;
        }
        *digit = 0;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Ratio;

    #[track_caller]
    fn check(dividend: i128, divisor: i128, decimals: usize, text: &str) {
        assert_eq!(Ratio::new(dividend, divisor).unwrap().to_decimal(decimals), text);
    }

    #[test]
    fn a_fraction_is_rounded_half_away_from_zero() {
        check(1, 3, 2, "0.33");
        check(2, 3, 2, "0.67");
        check(1, 8, 2, "0.13");
        check(-1, 8, 2, "-0.13");
        check(999, 1_000, 2, "1.00");
        check(-1, 1_000, 2, "0.00");
        check(5, 2, 0, "3");
        check(i128::MAX, i128::MAX, 6, "1.000000");
        check(i128::MAX - 1, i128::MAX, 6, "1.000000");
    }

    #[test]
    fn a_figure_over_nothing_does_not_exist() {
        assert!(Ratio::new(0, 0).is_none());
        assert!(Ratio::new(1, -1).is_none());
    }

    #[test]
    fn equal_values_are_equal_however_they_are_written() {
        assert_eq!(Ratio::new(1, 2), Ratio::new(2, 4));
        assert_eq!(Ratio::new(-2, 6), Ratio::new(-1, 3));
        assert_eq!(Ratio::new(0, 7), Ratio::new(0, 1));
    }

    #[test]
    fn a_fraction_of_another_is_exact_and_of_nothing_is_none() {
        let ratio = |dividend, divisor| Ratio::new(dividend, divisor).unwrap();
        assert_eq!(ratio(1, 2).over(ratio(1, 3)), Some(ratio(3, 2)));
        assert_eq!(ratio(-1, 2).over(ratio(1, 4)), Some(ratio(-2, 1)));
        assert_eq!(ratio(1, 2).over(ratio(0, 1)), None);
        assert_eq!(ratio(1, 2).over(ratio(-1, 1)), None);
        assert_eq!(ratio(i128::MAX, 1).over(ratio(i128::MAX, 1)), Some(ratio(1, 1)));
        assert_eq!(ratio(i128::MAX, 1).over(ratio(1, 2)), None);
        assert_eq!(ratio(11, 10).change_from(ratio(1, 1)), Some(ratio(1, 10)));
        assert_eq!(ratio(0, 1).change_from(ratio(5, 1)), Some(ratio(-1, 1)));
    }

    #[test]
    fn a_percentage_is_the_fraction_with_its_point_moved() {
        let percent = |dividend, divisor| Ratio::new(dividend, divisor).unwrap().to_percent(2);
        assert_eq!(percent(3, 1), "300.00");
        assert_eq!(percent(-1, 1), "-100.00");
        assert_eq!(percent(1, 3_000), "0.03");
        assert_eq!(percent(1, 20_000), "0.01");
        assert_eq!(percent(-1, 1_000_000), "0.00");
        assert_eq!(Ratio::new(1, 8).unwrap().to_percent(0), "13");
    }

    proptest! {
        #[test]
        fn a_fraction_prints_as_its_millionths(a in any::<i32>(), b in 1..i32::MAX) {
            let [a, b] = [a, b].map(i128::from);
            let millionths = (2 * a.abs() * 1_000_000 + b) / (2 * b) * a.signum();
            let read: i128 = Ratio::new(a, b).unwrap().to_decimal(6).replace('.', "").parse().unwrap();
            prop_assert_eq!(read, millionths);
        }
    }
}
