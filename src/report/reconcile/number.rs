//! Numbers as people and spreadsheets write them, exactly: `1,234.56`, `1 234,56`, `1'234.56`, `(0.20)`, `1.2E-05`.
//!
//! A number that can be read in two ways is never guessed: both readings are given.

/// The sign before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalMark {
    /// `1,234.56`
    Point,
    /// `1.234,56`
    Comma,
}

/// A number exactly as written: `digits * 10^-decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number {
    digits: i128,
    decimals: i32,
}

/// The readings of one text; equal where the mark does not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// With a decimal point.
    pub point: Option<Number>,
    /// With a decimal comma.
    pub comma: Option<Number>,
}

/// Digits that are read: far beyond every amount, and no multiplication below overflows.
const DIGITS_MAX: usize = 24;
/// Exponents beyond this are none of money.
const EXPONENT_MAX: i32 = 40;

impl Readings {
    /// Reads `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { point: read(text, '.', ','), comma: read(text, ',', '.') }
    }

    /// The mark that the text must have been written with, if only one makes it a number.
    #[must_use]
    pub fn only(&self) -> Option<DecimalMark> {
        match (self.point, self.comma) {
            (Some(_), None) => Some(DecimalMark::Point),
            (None, Some(_)) => Some(DecimalMark::Comma),
            _ => None,
        }
    }

    /// The reading with `mark`.
    #[must_use]
    pub fn with(&self, mark: DecimalMark) -> Option<Number> {
        match mark {
            DecimalMark::Point => self.point,
            DecimalMark::Comma => self.comma,
        }
    }

    /// True if the two readings are different numbers.
    #[must_use]
    pub fn differ(&self) -> bool {
        self.point.is_some() && self.comma.is_some() && self.point != self.comma
    }
}

impl Number {
    /// Decimals as written; negative for `1E5`.
    #[must_use]
    pub const fn decimals(self) -> i32 {
        self.decimals
    }

    /// True if below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// The number in units of `10^-scale`; `None` if it has more decimals than that, or is beyond the range.
    #[must_use]
    pub fn scaled(self, scale: i32) -> Option<i128> {
        let shift = scale - self.decimals;
        let power = 10_i128.checked_pow(shift.unsigned_abs())?;
        if shift >= 0 {
            return self.digits.checked_mul(power);
        }
        (self.digits % power == 0).then_some(self.digits / power)
    }

    /// The number if it is whole and not negative.
    #[must_use]
    pub fn whole(self) -> Option<u64> {
        u64::try_from(self.scaled(0)?).ok()
    }
}

/// The number in `text` with `mark` before its decimals and perhaps `group` between thousands.
fn read(text: &str, mark: char, group: char) -> Option<Number> {
    let (negative, body) = signed(text.trim_matches(is_space))?;
    let (mantissa, exponent) = match body.find(['e', 'E']) {
        Some(at) => (&body[..at], exponent(&body[at + 1..])?),
        None => (body, 0),
    };
    let (whole, fraction) = mantissa.split_once(mark).unwrap_or((mantissa, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let grouped = whole.contains(|sign: char| !sign.is_ascii_digit());
    let whole = if grouped { ungrouped(whole, group)? } else { whole.to_owned() };
    let all = whole + fraction;
    if all.is_empty() || (grouped && exponent != 0) || all.trim_start_matches('0').len() > DIGITS_MAX {
        return None;
    }
    let digits: i128 = all.parse().ok()?;
    let decimals = i32::try_from(fraction.len()).ok()? - exponent;
    Some(Number { digits: if negative { -digits } else { digits }, decimals })
}

/// The sign of `text` (a minus, or the brackets of bookkeepers) and the rest.
fn signed(text: &str) -> Option<(bool, &str)> {
    if let Some(inner) = text.strip_prefix('(') {
        return Some((true, inner.strip_suffix(')')?.trim_matches(is_space)));
    }
    let rest = text.strip_prefix(['-', '\u{2212}']);
    Some(match rest {
        Some(rest) => (true, rest.trim_start_matches(is_space)),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    })
}

fn exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|exponent: &i32| exponent.abs() <= EXPONENT_MAX)
}

/// The digits of `whole`, whose thousands are set apart by one kind of sign: one to three, then three each.
fn ungrouped(whole: &str, group: char) -> Option<String> {
    let sign = whole.chars().find(|sign| !sign.is_ascii_digit())?;
    let apart = sign == group || is_space(sign) || sign == '\'' || sign == '\u{2019}';
    let mut parts = whole.split(sign);
    let first = parts.next()?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    // Nobody sets thousands apart behind a zero: `0,123` has decimals.
    let starts = (1..=3).contains(&first.len()) && digits(first) && !first.starts_with('0');
    (apart && starts && parts.all(|part| part.len() == 3 && digits(part))).then(|| whole.replace(sign, ""))
}

/// Spaces, those that do not break among them.
pub(super) fn is_space(sign: char) -> bool {
    sign.is_whitespace()
}

#[cfg(test)]
mod tests {
    use super::Readings;

    /// The readings in millionths, `-` for none.
    #[track_caller]
    fn check(text: &str, point: &str, comma: &str) {
        let readings = Readings::of(text);
        let told = |number: Option<super::Number>| {
            number.map_or("-".to_owned(), |number| number.scaled(6).expect("millionths").to_string())
        };
        assert_eq!((told(readings.point).as_str(), told(readings.comma).as_str()), (point, comma), "{text}");
    }

    #[test]
    fn both_marks_and_every_sign_between_thousands_are_read() {
        check("1,234.56", "1234560000", "-");
        check("1.234,56", "-", "1234560000");
        for text in ["1 234,56", "1\u{a0}234,56", "1\u{202f}234,56", "1'234,56", "1\u{2019}234,56"] {
            check(text, "-", "1234560000");
        }
        check("1'234.56", "1234560000", "-");
        check("1,234,567", "1234567000000", "-");
        check("1.234.567", "-", "1234567000000");
        check(" 12 ", "12000000", "12000000");
        check("1 234", "1234000000", "1234000000");
    }

    #[test]
    fn what_has_two_readings_gives_both() {
        check("1,234", "1234000000", "1234000");
        check("1.234", "1234000", "1234000000");
        assert!(Readings::of("1,234").differ() && !Readings::of("1234").differ());
        // Thousands begin with no zero and hold three digits.
        check("0,123", "-", "123000");
        check("0.123", "123000", "-");
        check("1234,567", "-", "1234567000");
        check("12,34", "-", "12340000");
        check("1,5", "-", "1500000");
    }

    #[test]
    fn signs_brackets_and_exponents_are_read() {
        check("-0.20", "-200000", "-");
        check("(0.20)", "-200000", "-");
        check("\u{2212} 3", "-3000000", "-3000000");
        check("+3", "3000000", "3000000");
        check("1.2E-05", "12", "-");
        check("1e2", "100000000", "100000000");
        check(".5", "500000", "-");
        check("5.", "5000000", "-");
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "",
            "-",
            ".",
            "1.2.3",
            "1,23,456.7",
            "1 234 56",
            "abc",
            "1e",
            "1,234e2",
            "1e999",
            "0x1",
            "NaN",
            "(1",
            "1,234.567,8",
            "12345678901234567890123456",
            "--1",
            "1,2345",
            "1'23",
        ] {
            let readings = Readings::of(text);
            assert!(readings.point.is_none(), "{text}: {readings:?}");
        }
    }

    #[test]
    fn no_decimal_is_dropped() {
        let number = Readings::of("0.1234567").point.unwrap();
        assert_eq!((number.scaled(6), number.scaled(7), number.decimals()), (None, Some(1_234_567), 7));
        assert_eq!(Readings::of("1.500").point.unwrap().scaled(1), Some(15));
        assert_eq!(Readings::of("1.5").point.unwrap().whole(), None);
        assert_eq!(Readings::of("2.00").point.unwrap().whole(), Some(2));
    }
}
