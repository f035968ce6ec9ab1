//! Numbers, amounts and dates in the form of a language, by the Unicode CLDR.
//!
//! Grouping and decimals are ICU4X's. Where a sign or a currency stands is the CLDR's pattern of the two languages
//! (`#,##0%` and `¤#,##0.00` in English, `#,##0 %` and `#,##0.00 ¤` in French, CLDR 48, `numbers.xml`). All
//! rounding is half away from zero, on the exact fraction. Deliberately absent: forms for machines.

use icu_decimal::DecimalFormatter;
use icu_locale_core::locale;

use crate::page::Lang;
use crate::units::{Currency, Day, Femtos, Hour, Nanos, Ratio};

/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;
/// Between a number and its sign: no line breaks there.
const SPACE: char = '\u{a0}';
/// The same, narrow.
const NARROW_SPACE: char = '\u{202f}';

const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"];
const MONTHS_FR: [&str; 12] =
    ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."];

/// Writes numbers for people of one language.
#[derive(Debug)]
pub struct Forms {
    lang: Lang,
    decimal: DecimalFormatter,
}

impl Forms {
    /// The forms of `lang`.
    #[must_use]
    pub fn new(lang: Lang) -> Self {
        let locale = match lang {
            Lang::En => locale!("en"),
            Lang::Fr => locale!("fr"),
        };
        let decimal = DecimalFormatter::try_new(locale.into(), <_>::default());
        Self { lang, decimal: decimal.expect("the data of all locales are compiled in") }
    }

    /// Whose forms they are.
    #[must_use]
    pub const fn lang(&self) -> Lang {
        self.lang
    }

    /// A whole number: `1,234` and `1 234`.
    #[must_use]
    pub fn count(&self, count: impl Into<i128>) -> String {
        self.written(&count.into().to_string())
    }

    /// A fraction with exactly `decimals` decimals.
    #[must_use]
    pub fn decimal(&self, ratio: Ratio, decimals: usize) -> String {
        self.written(&ratio.to_decimal(decimals))
    }

    /// A fraction as a percentage with exactly `decimals` decimals: `12.5%` and `12,5 %`.
    #[must_use]
    pub fn percent(&self, ratio: Ratio, decimals: usize) -> String {
        let number = self.written(&ratio.to_percent(decimals));
        match self.lang {
            Lang::En => format!("{number}%"),
            Lang::Fr => format!("{number}{NARROW_SPACE}%"),
        }
    }

    /// A change as a percentage, with its sign: `+12.5%`. What rounds to nothing has none.
    #[must_use]
    pub fn change(&self, ratio: Ratio, decimals: usize) -> String {
        let text = self.percent(ratio, decimals);
        let is_more = ratio.dividend() > 0 && text.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if is_more { format!("+{text}") } else { text }
    }

    /// An amount without its currency.
    #[must_use]
    pub fn sum(&self, amount: Femtos, decimals: usize) -> String {
        Ratio::new(amount.raw(), FEMTOS).map_or_else(String::new, |ratio| self.decimal(ratio, decimals))
    }

    /// An amount in `currency`: `€1,234.50` and `1 234,50 €`. Only the euro and the pound have a sign that means no other
    /// currency; the rest are written by their code.
    #[must_use]
    pub fn amount(&self, amount: Femtos, currency: Currency, decimals: usize) -> String {
        self.with_currency(&self.sum(amount, decimals), currency)
    }

    /// The same of an amount in nanos.
    #[must_use]
    pub fn nanos(&self, amount: Nanos, currency: Currency, decimals: usize) -> String {
        self.amount(amount.to_femtos(), currency, decimals)
    }

    /// A price or cost as a fraction of units of `currency`.
    #[must_use]
    pub fn price(&self, ratio: Ratio, currency: Currency, decimals: usize) -> String {
        self.with_currency(&self.decimal(ratio, decimals), currency)
    }

    /// A civil day: `22 Nov 2026` and `22 nov. 2026`.
    #[must_use]
    pub fn day(&self, day: Day) -> String {
        let (year, _, _) = day.civil();
        format!("{}{SPACE}{year}", self.day_of_year(day))
    }

    /// The same without the year, for the axis of a chart.
    #[must_use]
    pub fn day_of_year(&self, day: Day) -> String {
        let (_, month, day) = day.civil();
        let at = usize::try_from(month - 1).unwrap_or_default().min(11);
        match self.lang {
            Lang::En => format!("{day}{SPACE}{}", MONTHS_EN[at]),
            Lang::Fr if day == 1 => format!("1er{SPACE}{}", MONTHS_FR[at]),
            Lang::Fr => format!("{day}{SPACE}{}", MONTHS_FR[at]),
        }
    }

    /// A clock hour of UTC: `22 Nov 2026, 14:00` and `22 nov. 2026, 14 h`.
    #[must_use]
    pub fn hour(&self, hour: Hour) -> String {
        let day = i32::try_from(hour.raw().div_euclid(24)).unwrap_or_default();
        format!("{}, {}", self.day(Day::from_raw(day)), self.hour_of_day(hour))
    }

    /// The same without the day.
    #[must_use]
    pub fn hour_of_day(&self, hour: Hour) -> String {
        let of_day = hour.raw().rem_euclid(24);
        match self.lang {
            Lang::En => format!("{of_day:02}:00"),
            Lang::Fr => format!("{of_day}{SPACE}h"),
        }
    }

    fn with_currency(&self, number: &str, currency: Currency) -> String {
        let sign = match currency.code() {
            "EUR" => "€",
            "GBP" => "£",
            code => code,
        };
        let (minus, magnitude) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
        match self.lang {
            Lang::Fr => format!("{number}{SPACE}{sign}"),
            Lang::En if sign.len() == 3 && sign.is_ascii() => format!("{minus}{sign}{SPACE}{magnitude}"),
            Lang::En => format!("{minus}{sign}{magnitude}"),
        }
    }

    /// A decimal text in the form of the language; what is none is left as it is.
    fn written(&self, text: &str) -> String {
        match fixed_decimal::Decimal::try_from_str(text) {
            Ok(number) => self.decimal.format(&number).to_string(),
            Err(_) => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Forms;
    use crate::page::Lang;
    use crate::units::{Currency, Day, Femtos, Hour, Nanos, Ratio, Rounding};

    #[track_caller]
    fn check(write: impl Fn(&Forms) -> String, english: &str, french: &str) {
        // Spaces that hold are written as plain ones here, narrow ones as `_`.
        let plain = |text: String| text.replace('\u{a0}', " ").replace('\u{202f}', "_");
        assert_eq!(plain(write(&Forms::new(Lang::En))), english);
        assert_eq!(plain(write(&Forms::new(Lang::Fr))), french);
    }

    fn femtos(text: &str) -> Femtos {
        Nanos::from_decimal(text, Rounding::Exact).unwrap().to_femtos()
    }

    fn ratio(dividend: i128, divisor: i128) -> Ratio {
        Ratio::new(dividend, divisor).unwrap()
    }

    #[test]
    fn whole_numbers_are_grouped_by_thousands() {
        check(|forms| forms.count(0_u32), "0", "0");
        check(|forms| forms.count(999_u32), "999", "999");
        check(|forms| forms.count(1_000_u32), "1,000", "1_000");
        check(|forms| forms.count(-1_234_567_i64), "-1,234,567", "-1_234_567");
        check(
            |forms| forms.count(i128::MAX),
            "170,141,183,460,469,231,731,687,303,715,884,105,727",
            "170_141_183_460_469_231_731_687_303_715_884_105_727",
        );
    }

    #[test]
    fn fractions_keep_their_decimals_and_are_rounded_once() {
        check(|forms| forms.decimal(ratio(2_469, 2), 2), "1,234.50", "1_234,50");
        check(|forms| forms.decimal(ratio(1, 8), 2), "0.13", "0,13");
        check(|forms| forms.decimal(ratio(-1, 3), 4), "-0.3333", "-0,3333");
    }

    #[test]
    fn a_percentage_has_its_sign_where_the_language_puts_it() {
        check(|forms| forms.percent(ratio(2_996, 1_000), 2), "299.60%", "299,60_%");
        check(|forms| forms.percent(ratio(-1, 1), 1), "-100.0%", "-100,0_%");
        check(|forms| forms.change(ratio(1, 8), 1), "+12.5%", "+12,5_%");
        check(|forms| forms.change(ratio(-1, 8), 1), "-12.5%", "-12,5_%");
        check(|forms| forms.change(ratio(1, 100_000), 1), "0.0%", "0,0_%");
    }

    #[test]
    fn an_amount_says_its_currency_by_a_sign_that_means_no_other() {
        let amount = femtos("1234567.895");
        check(|forms| forms.amount(amount, Currency::EUR, 2), "€1,234,567.90", "1_234_567,90 €");
        check(|forms| forms.amount(-amount, Currency::EUR, 2), "-€1,234,567.90", "-1_234_567,90 €");
        let dollar = Currency::from_code("USD").unwrap();
        check(|forms| forms.amount(femtos("-3"), dollar, 2), "-USD 3.00", "-3,00 USD");
        check(|forms| forms.price(ratio(1001, 20), Currency::EUR, 2), "€50.05", "50,05 €");
        check(|forms| forms.sum(femtos("75000000"), 0), "75,000,000", "75_000_000");
    }

    #[test]
    fn a_day_is_written_with_its_month() {
        let day = Day::from_civil(2026, 11, 22);
        check(|forms| forms.day(day), "22 Nov 2026", "22 nov. 2026");
        check(|forms| forms.day(Day::from_civil(2026, 8, 1)), "1 Aug 2026", "1er août 2026");
        check(|forms| forms.day_of_year(day), "22 Nov", "22 nov.");
        let hour = Hour::from_raw(i64::from(day.raw()) * 24 + 9);
        check(|forms| forms.hour(hour), "22 Nov 2026, 09:00", "22 nov. 2026, 9 h");
    }

    proptest! {
        #[test]
        fn only_separators_tell_a_number_from_what_a_machine_writes(raw in any::<i64>(), decimals in 0_usize..7) {
            let exact = ratio(i128::from(raw), 1_000_000);
            let machine = exact.to_decimal(decimals);
            let english = Forms::new(Lang::En).decimal(exact, decimals).replace(',', "");
            let french = Forms::new(Lang::Fr).decimal(exact, decimals).replace('\u{202f}', "").replace(',', ".");
            prop_assert_eq!(&english, &machine);
            prop_assert_eq!(&french, &machine);
        }
    }
}
