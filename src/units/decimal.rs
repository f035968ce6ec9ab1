//! Decimal text to integers, exactly: the one door through which JSON and CSV numbers become amounts.
//!
//! Works on the text of the number, never on a float, so `0.1` is a tenth.

use std::fmt;

/// How a decimal with more digits than the unit holds becomes that unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// Towards minus infinity: our own prices.
    Down,
    /// Towards plus infinity: floors and costs.
    Up,
    /// Refused: amounts that a person wrote.
    Exact,
}

/// Why a text is not a number of the wanted unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// Not a JSON number.
    NotANumber,
    /// A number, but too large for the unit.
    OutOfRange,
    /// More decimals than the unit holds, where rounding was refused.
    TooPrecise,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a number",
            Self::OutOfRange => "out of range",
            Self::TooPrecise => "too many decimals",
        })
    }
}

impl std::error::Error for DecimalError {}

/// A parsed decimal: `digits * 10^exponent`, with a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    digits: u128,
    exponent: i32,
    /// Non-zero digits were dropped behind the 36 that `digits` holds.
    inexact: bool,
}

impl Decimal {
    /// Reads a JSON number (`-12.50`, `1e-3`); a leading `+` or a bare `.5` is accepted too, for CSV.
    ///
    /// # Errors
    ///
    /// [`DecimalError::NotANumber`] for any other text.
    pub fn parse(text: &str) -> Result<Self, DecimalError> {
        let bytes = text.as_bytes();
        let mut at = 0;
        let negative = match bytes.first() {
            Some(b'-') => {
                at = 1;
                true
            }
            Some(b'+') => {
                at = 1;
                false
            }
            _ => false,
        };
        let mut number = Self { negative, digits: 0, exponent: 0, inexact: false };
        let whole = number.take_digits(bytes, &mut at, 0);
        let mut fraction = 0;
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            fraction = number.take_digits(bytes, &mut at, -1);
        }
        if whole + fraction == 0 {
            return Err(DecimalError::NotANumber);
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            number.exponent += take_exponent(&bytes[at + 1..])?;
        } else if at != bytes.len() {
            return Err(DecimalError::NotANumber);
        }
        Ok(number)
    }

    /// True for zero, of whatever sign and exponent.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// True for a number below zero, and for a zero written so.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// Reads digits, each shifting the exponent by `step` (0 before the point, -1 behind it).
    fn take_digits(&mut self, bytes: &[u8], at: &mut usize, step: i32) -> usize {
        const DIGITS_MAX: u128 = 1_000_000_000_000_000_000_000_000_000_000_000_000;
        let start = *at;
        while let Some(digit @ b'0'..=b'9') = bytes.get(*at) {
            if self.digits < DIGITS_MAX {
                self.digits = self.digits * 10 + u128::from(digit - b'0');
                self.exponent += step;
            } else {
                self.inexact |= *digit != b'0';
                self.exponent += 1 + step;
            }
            *at += 1;
        }
        *at - start
    }

    /// The number in units of `10^-scale`, as an integer.
    ///
    /// # Errors
    ///
    /// [`DecimalError::OutOfRange`] where an `i64` does not hold it, [`DecimalError::TooPrecise`] where
    /// digits would be lost and `rounding` is [`Rounding::Exact`].
    pub fn scaled(self, scale: i32, rounding: Rounding) -> Result<i64, DecimalError> {
        if self.digits == 0 {
            return Ok(0);
        }
        let shift = self.exponent.saturating_add(scale);
        let (magnitude, lost) = if shift >= 0 {
            let shift = u32::try_from(shift).expect("not negative");
            let factor = 10u128.checked_pow(shift).ok_or(DecimalError::OutOfRange)?;
            (self.digits.checked_mul(factor).ok_or(DecimalError::OutOfRange)?, self.inexact)
        } else {
            match 10u128.checked_pow(shift.unsigned_abs()) {
                Some(divisor) => {
                    (self.digits / divisor, self.inexact || !self.digits.is_multiple_of(divisor))
                }
                None => (0, true),
            }
        };
        if lost && rounding == Rounding::Exact {
            return Err(DecimalError::TooPrecise);
        }
        let away = lost
            && match rounding {
                Rounding::Up => !self.negative,
                Rounding::Down => self.negative,
                Rounding::Exact => false,
            };
        let magnitude = i64::try_from(magnitude).map_err(|_| DecimalError::OutOfRange)?;
        let magnitude = magnitude.checked_add(i64::from(away)).ok_or(DecimalError::OutOfRange)?;
        Ok(if self.negative { -magnitude } else { magnitude })
    }
}

/// Exponents beyond this are cut to it: more than the digits of any text that is read can make up for.
const EXPONENT_MAX: i32 = 100_000_000;

fn take_exponent(bytes: &[u8]) -> Result<i32, DecimalError> {
    let (negative, digits) = match bytes.first() {
        Some(b'-') => (true, &bytes[1..]),
        Some(b'+') => (false, &bytes[1..]),
        _ => (false, bytes),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(DecimalError::NotANumber);
    }
    let mut value = 0i32;
    for digit in digits {
        value = (value * 10 + i32::from(digit - b'0')).min(EXPONENT_MAX);
    }
    Ok(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::{Decimal, DecimalError, Rounding};

    #[track_caller]
    fn check(text: &str, scale: i32, rounding: Rounding, want: Result<i64, DecimalError>) {
        assert_eq!(Decimal::parse(text).and_then(|d| d.scaled(scale, rounding)), want, "{text}");
    }

    #[test]
    fn decimals_are_exact() {
        check("0.1", 9, Rounding::Exact, Ok(100_000_000));
        check("12.50", 2, Rounding::Exact, Ok(1_250));
        check("-5", 3, Rounding::Exact, Ok(-5_000));
        check("1e-3", 6, Rounding::Exact, Ok(1_000));
        check("1.5E2", 0, Rounding::Exact, Ok(150));
        check("300.0", 0, Rounding::Exact, Ok(300));
        check("0e9999", 6, Rounding::Exact, Ok(0));
        check("0e99999999999", 6, Rounding::Exact, Ok(0));
    }

    #[test]
    fn a_floor_is_rounded_up_and_a_price_down() {
        check("1.0000001", 6, Rounding::Up, Ok(1_000_001));
        check("1.0000009", 6, Rounding::Down, Ok(1_000_000));
        check("-1.0000001", 6, Rounding::Up, Ok(-1_000_000));
        check("-1.0000001", 6, Rounding::Down, Ok(-1_000_001));
        check("1e-400", 6, Rounding::Up, Ok(1));
        check("1e-99999999999", 6, Rounding::Up, Ok(1));
        check("-1e-99999999999", 6, Rounding::Up, Ok(0));
    }

    #[test]
    fn what_a_person_wrote_is_never_rounded() {
        check("1.0000001", 6, Rounding::Exact, Err(DecimalError::TooPrecise));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        check("1e400", 6, Rounding::Up, Err(DecimalError::OutOfRange));
        check("1e99999999999", 6, Rounding::Up, Err(DecimalError::OutOfRange));
        check("9300000000", 9, Rounding::Up, Err(DecimalError::OutOfRange));
        check("99999999999999999999999999999999999999999999", 0, Rounding::Up, Err(DecimalError::OutOfRange));
    }

    #[test]
    fn other_texts_are_not_numbers() {
        for text in ["", "-", ".", "1.2.3", "1e", "1,5", "NaN", " 1", "0x1", "1e+"] {
            check(text, 6, Rounding::Up, Err(DecimalError::NotANumber));
        }
    }
}
