//! Money: amounts, prices per thousand, tax sums, rates and currencies.
//!
//! A price of `n` micro-units per thousand impressions costs exactly `n` nano-units per impression, so
//! amounts are nanos in an `i64` (±9.2 billion units). A tax (nanos x parts per million) is exact in
//! femto-units; its sums are `i128`.

use std::fmt;

use crate::units::{Decimal, DecimalError, Rounding};

/// An amount in nano-units (10^-9) of a currency known from the context. May be negative: a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(i64);

impl Nanos {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount, 9.22 billion units.
    pub const MAX: Self = Self(i64::MAX);

    /// `raw` nano-units. The one way from a bare number; for stores, wires and tests.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The amount in nano-units.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The amount written by `text`, in currency units.
    ///
    /// # Errors
    ///
    /// As [`Decimal::parse`] and [`Decimal::scaled`].
    pub fn from_decimal(text: &str, rounding: Rounding) -> Result<Self, DecimalError> {
        Decimal::parse(text)?.scaled(9, rounding).map(Self)
    }

    /// Sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Difference, or `None` beyond the range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Self(rest)),
            None => None,
        }
    }

    /// Sum, held at the ends of the range. For limits and estimates, never for books.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference, held at the ends of the range. For limits and estimates, never for books.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The same amount in femto-units, exact.
    #[must_use]
    pub const fn to_femtos(self) -> Femtos {
        Femtos(self.0 as i128 * 1_000_000)
    }

    /// `self * rate`, exact, in femto-units.
    #[must_use]
    pub const fn share(self, rate: RatePpm) -> Femtos {
        Femtos(self.0 as i128 * rate.0 as i128)
    }
}

impl fmt::Display for Nanos {
    /// In units with up to nine decimals, at least two: `12.50`, `0.000002345`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_fixed(f, i128::from(self.0), 9)
    }
}

/// A price per thousand impressions, in micro-units of a currency. Never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Cpm(i64);

impl Cpm {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The highest price that encan handles: a million units per thousand.
    pub const MAX: Self = Self(1_000_000_000_000);

    /// `micros` micro-units per thousand, or `None` if negative or above [`Cpm::MAX`].
    #[must_use]
    pub const fn from_micros(micros: i64) -> Option<Self> {
        if micros < 0 || micros > Self::MAX.0 { None } else { Some(Self(micros)) }
    }

    /// The price in micro-units per thousand.
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// The price written by `text`, in units per thousand.
    ///
    /// # Errors
    ///
    /// As [`Decimal::scaled`]; [`DecimalError::OutOfRange`] if negative or above [`Cpm::MAX`].
    pub fn from_decimal(text: &str, rounding: Rounding) -> Result<Self, DecimalError> {
        Self::from_micros(Decimal::parse(text)?.scaled(6, rounding)?).ok_or(DecimalError::OutOfRange)
    }

    /// The price with at most `decimals` decimals, rounded down.
    #[must_use]
    pub const fn with_decimals(self, decimals: u32) -> Self {
        let step = if decimals < 6 { 10_i64.pow(6 - decimals) } else { 1 };
        Self(self.0 - self.0 % step)
    }

    /// The price with at most `decimals` decimals, rounded up; the highest there is where that is above it.
    #[must_use]
    pub const fn with_decimals_up(self, decimals: u32) -> Self {
        let step = if decimals < 6 { 10_i64.pow(6 - decimals) } else { 1 };
        let up = self.0 + (step - self.0 % step) % step;
        if up > Self::MAX.0 { Self::MAX } else { Self(up) }
    }

    /// What one impression costs at this price: exactly as many nanos as the price has micros.
    #[must_use]
    pub const fn per_impression(self) -> Nanos {
        Nanos(self.0)
    }

    /// What one play costs that is counted as `multiplier` impressions, rounded up to the nano.
    #[must_use]
    pub fn per_play(self, multiplier: Multiplier) -> Nanos {
        let nanos = (i128::from(self.0) * i128::from(multiplier.0)).div_ceil_positive(1_000_000);
        Nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
    }

    /// What one play costs in another currency, rounded up to the nano; `None` beyond the range. `fx` leads
    /// from the price's currency to the other.
    #[must_use]
    pub fn per_play_in(self, multiplier: Multiplier, fx: FxRate) -> Option<Nanos> {
        fx.amount(self.per_play(multiplier), Rounding::Up)
    }
}

impl fmt::Display for Cpm {
    /// In units per thousand with up to six decimals, at least two: `2.3456`, `3.00`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_fixed(f, i128::from(self.0), 6)
    }
}

/// A sum of taxes in femto-units (10^-15). May be negative: a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Femtos(i128);

impl Femtos {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `raw` femto-units. For stores, wires and tests.
    #[must_use]
    pub const fn from_raw(raw: i128) -> Self {
        Self(raw)
    }

    /// The sum in femto-units.
    #[must_use]
    pub const fn raw(self) -> i128 {
        self.0
    }

    /// Sum, or `None` beyond the range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The smallest amount in nanos that covers this sum: rounded up, held at the end of the range.
    #[must_use]
    pub fn to_nanos_up(self) -> Nanos {
        let nanos = self.0.div_euclid(1_000_000) + i128::from(self.0.rem_euclid(1_000_000) != 0);
        Nanos(i64::try_from(nanos).unwrap_or(if nanos < 0 { i64::MIN } else { i64::MAX }))
    }

    /// The sum in cents, rounded half up (half away from zero for a credit): a declaration's line.
    #[must_use]
    pub fn to_cents_half_up(self) -> i128 {
        const CENT: i128 = 10_000_000_000_000;
        let (magnitude, sign) = (self.0.abs(), self.0.signum());
        sign * ((magnitude + CENT / 2) / CENT)
    }
}

impl std::ops::Neg for Femtos {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl std::iter::Sum for Femtos {
    /// # Panics
    ///
    /// Beyond 1.7 * 10^23 units, which no ledger of `i64` amounts reaches.
    fn sum<I: Iterator<Item = Self>>(sums: I) -> Self {
        sums.fold(Self::ZERO, |a, b| a.checked_add(b).expect("a sum of taxes fits in 128 bits"))
    }
}

impl fmt::Display for Femtos {
    /// In units with up to fifteen decimals, at least two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_fixed(f, self.0, 15)
    }
}

/// A rate in parts per million, 0 to 1,000,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RatePpm(u32);

impl RatePpm {
    /// No rate at all.
    pub const ZERO: Self = Self(0);
    /// The whole.
    pub const ONE: Self = Self(1_000_000);

    /// `ppm` parts per million, or `None` above a million.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Option<Self> {
        if ppm > 1_000_000 { None } else { Some(Self(ppm)) }
    }

    /// The rate in parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// A share of this rate, in whole parts per million, rounded down.
    #[must_use]
    pub const fn times(self, share: Self) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "not above the rate itself")]
        Self((self.0 as u64 * share.0 as u64 / 1_000_000) as u32)
    }
}

impl fmt::Display for RatePpm {
    /// As a percentage with up to four decimals: `0.1 %`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, mut rest, mut width) = (self.0 / 10_000, self.0 % 10_000, 4);
        if rest == 0 {
            return write!(f, "{whole} %");
        }
        while rest % 10 == 0 {
            rest /= 10;
            width -= 1;
        }
        write!(f, "{whole}.{rest:0width$} %")
    }
}

/// How many impressions one play counts as (`imp.qty.multiplier`), in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Multiplier(u64);

impl Multiplier {
    /// One play, one impression: everything but digital out of home.
    pub const ONE: Self = Self(1_000_000);

    /// `millionths` millionths; `None` for zero or more than a million impressions.
    #[must_use]
    pub const fn from_millionths(millionths: u64) -> Option<Self> {
        if millionths == 0 || millionths > 1_000_000_000_000 { None } else { Some(Self(millionths)) }
    }

    /// The multiplier in millionths.
    #[must_use]
    pub const fn millionths(self) -> u64 {
        self.0
    }
}

impl Default for Multiplier {
    fn default() -> Self {
        Self::ONE
    }
}

/// A currency by its three-letter code (ISO 4217). The code's form is checked, not its existence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");
    /// The US dollar, OpenRTB's default.
    pub const USD: Self = Self(*b"USD");

    /// The currency of a code of three capital letters.
    #[must_use]
    pub const fn from_code(code: &str) -> Option<Self> {
        match code.as_bytes() {
            [a, b, c] if a.is_ascii_uppercase() && b.is_ascii_uppercase() && c.is_ascii_uppercase() => {
                Some(Self([*a, *b, *c]))
            }
            _ => None,
        }
    }

    /// The three letters.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("three capital letters")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An exchange rate: units of the target currency for one of the source, in 10^-9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FxRate {
    /// Target units, in 10^-9, for `per` source units, in 10^-9: a cross rate stays exact.
    target: u64,
    per: u64,
}

impl FxRate {
    /// The same currency on both sides.
    pub const SAME: Self = Self { target: 1, per: 1 };

    /// `target` units of the target currency for `per` of the source; `None` if either is zero.
    #[must_use]
    pub const fn new(target: u64, per: u64) -> Option<Self> {
        if target == 0 || per == 0 { None } else { Some(Self { target, per }) }
    }

    /// The rate of the way back.
    #[must_use]
    pub const fn inverse(self) -> Self {
        Self { target: self.per, per: self.target }
    }

    /// Both sides of the rate, for the wire: target units for source units.
    #[must_use]
    pub const fn parts(self) -> (u64, u64) {
        (self.target, self.per)
    }

    /// `price` in the target currency, rounded as told; `None` above [`Cpm::MAX`].
    #[must_use]
    pub fn price(self, price: Cpm, rounding: Rounding) -> Option<Cpm> {
        Cpm::from_micros(i64::try_from(self.scale(i128::from(price.0), rounding)).ok()?)
    }

    /// `amount` in the target currency, rounded as told; `None` beyond the range.
    #[must_use]
    pub fn amount(self, amount: Nanos, rounding: Rounding) -> Option<Nanos> {
        Some(Nanos(i64::try_from(self.scale(i128::from(amount.0), rounding)).ok()?))
    }

    fn scale(self, value: i128, rounding: Rounding) -> i128 {
        let (target, per) = (i128::from(self.target), i128::from(self.per));
        let exact = value * target;
        exact.div_euclid(per) + i128::from(rounding == Rounding::Up && exact.rem_euclid(per) != 0)
    }
}

/// Division of positive numbers, rounded up (`i128::div_ceil` is not stable yet).
trait DivCeilPositive {
    fn div_ceil_positive(self, divisor: Self) -> Self;
}

impl DivCeilPositive for i128 {
    fn div_ceil_positive(self, divisor: Self) -> Self {
        (self + divisor - 1) / divisor
    }
}

/// Writes `value * 10^-scale` without trailing zeros but at least two decimals.
fn write_fixed(f: &mut fmt::Formatter<'_>, value: i128, scale: u32) -> fmt::Result {
    let unit = 10u128.pow(scale);
    let magnitude = value.unsigned_abs();
    let (whole, mut rest, mut width) = (magnitude / unit, magnitude % unit, scale as usize);
    while width > 2 && rest.is_multiple_of(10) {
        rest /= 10;
        width -= 1;
    }
    let sign = if value < 0 { "-" } else { "" };
    f.pad(&format!("{sign}{whole}.{rest:0width$}"))
}

#[cfg(test)]
mod tests {
    use super::{Cpm, Currency, Femtos, FxRate, Multiplier, Nanos, RatePpm};
    use crate::units::Rounding;

    #[test]
    fn one_impression_costs_as_many_nanos_as_its_price_has_micros() {
        let price = Cpm::from_decimal("2.3456", Rounding::Exact).unwrap();
        assert_eq!(price.per_impression(), Nanos::from_raw(2_345_600));
    }

    #[test]
    fn a_price_loses_decimals_down_or_up() {
        let price = Cpm::from_micros(1_234_567).unwrap();
        let shown = |decimals| price.with_decimals(decimals).to_string();
        assert_eq!([0, 2, 4, 6, 9].map(shown), ["1.00", "1.23", "1.2345", "1.234567", "1.234567"]);
        let shown = |decimals| price.with_decimals_up(decimals).to_string();
        assert_eq!([0, 2, 4, 6, 9].map(shown), ["2.00", "1.24", "1.2346", "1.234567", "1.234567"]);
        assert_eq!(Cpm::MAX.with_decimals_up(0), Cpm::MAX);
        assert_eq!(Cpm::ZERO.with_decimals_up(0), Cpm::ZERO);
    }

    #[test]
    fn ten_impressions_do_not_drift() {
        let price = Cpm::from_decimal("2.3456", Rounding::Exact).unwrap();
        let sum = (0..10).fold(Nanos::ZERO, |sum, _| sum.checked_add(price.per_impression()).unwrap());
        assert_eq!(sum.to_string(), "0.023456");
    }

    #[test]
    fn a_tax_is_exact_in_femtos() {
        let rate = RatePpm::from_ppm(1_000).unwrap();
        assert_eq!(Nanos::from_raw(2_345_601).share(rate), Femtos::from_raw(2_345_601_000));
        assert_eq!(Femtos::from_raw(2_345_601_000).to_nanos_up(), Nanos::from_raw(2_346));
        assert_eq!(Femtos::from_raw(-1).to_nanos_up(), Nanos::ZERO);
    }

    #[test]
    fn cents_are_rounded_half_up_and_credits_alike() {
        assert_eq!(Femtos::from_raw(5_000_000_000_000).to_cents_half_up(), 1);
        assert_eq!(Femtos::from_raw(4_999_999_999_999).to_cents_half_up(), 0);
        assert_eq!(Femtos::from_raw(-5_000_000_000_000).to_cents_half_up(), -1);
    }

    #[test]
    fn amounts_print_without_trailing_zeros_but_with_cents() {
        assert_eq!(Nanos::from_raw(12_500_000_000).to_string(), "12.50");
        assert_eq!(Nanos::from_raw(-1).to_string(), "-0.000000001");
        assert_eq!(RatePpm::from_ppm(1_000).unwrap().to_string(), "0.1 %");
        assert_eq!(RatePpm::from_ppm(30_000).unwrap().to_string(), "3 %");
    }

    #[test]
    fn conversion_rounds_against_us() {
        let rate = FxRate::new(10_389, 10_000).unwrap();
        let price = Cpm::from_micros(1_000_001).unwrap();
        assert_eq!(rate.price(price, Rounding::Up).unwrap().micros(), 1_038_902);
        assert_eq!(rate.price(price, Rounding::Down).unwrap().micros(), 1_038_901);
        let back = rate.inverse().price(Cpm::from_micros(1_038_901).unwrap(), Rounding::Up).unwrap();
        assert!(back <= price, "what we bid never costs more than the value it came from");
    }

    #[test]
    fn a_play_counted_as_a_fraction_is_rounded_up() {
        let price = Cpm::from_micros(3).unwrap();
        assert_eq!(price.per_play(Multiplier::from_millionths(500_000).unwrap()), Nanos::from_raw(2));
        assert_eq!(price.per_play(Multiplier::ONE), Nanos::from_raw(3));
    }

    #[test]
    fn a_currency_is_three_capital_letters() {
        assert!(Currency::from_code("EUR").is_some());
        for code in ["", "eur", "EURO", "E1R", "€€"] {
            assert!(Currency::from_code(code).is_none(), "{code}");
        }
    }
}
