//! A cell of money: a number, and perhaps the currency beside it.

use crate::campaign::currency_in_use;
use crate::report::reconcile::number::is_space;
use crate::units::Currency;

/// Signs of currencies and the codes that each may stand for.
const SIGNS: &[(&str, &[&str])] = &[
    ("€", &["EUR"]),
    ("£", &["GBP", "EGP", "LBP", "SSP"]),
    ("¥", &["JPY", "CNY"]),
    ("$", &["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "TWD", "ARS", "CLP", "COP"]),
    ("US$", &["USD"]),
    ("C$", &["CAD"]),
    ("CA$", &["CAD"]),
    ("A$", &["AUD"]),
    ("AU$", &["AUD"]),
    ("₹", &["INR"]),
    ("₩", &["KRW"]),
    ("₺", &["TRY"]),
    ("₴", &["UAH"]),
    ("zł", &["PLN"]),
    ("Kč", &["CZK"]),
    ("kr", &["SEK", "NOK", "DKK", "ISK"]),
];

/// The currency that stands beside a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// None.
    Nothing,
    /// A code, or a sign that only one currency has.
    One(Currency),
    /// A sign that several currencies have, by their codes.
    Several(&'static [&'static str]),
    /// Something that names no currency.
    Unknown,
}

/// The number's text in `cell`, and what stands beside it: `€ 1.20`, `USD 1.20`, `1,20 EUR`, `-$1.20`.
#[must_use]
pub fn split(cell: &str) -> (String, Beside) {
    let cell = cell.trim_matches(is_space);
    let bare = |sign: char| sign.is_ascii_digit() || ".,-+()'\u{2019}\u{2212}".contains(sign);
    let start = cell.find(|sign: char| !"-+(\u{2212}".contains(sign)).unwrap_or(0);
    let (sign, rest) = cell.split_at(start);
    let before = rest.find(bare).unwrap_or(rest.len());
    let (before, rest) = rest.split_at(before);
    let after = rest.rfind(bare).map_or(0, |at| at + rest[at..].chars().next().map_or(0, char::len_utf8));
    let (number, after) = rest.split_at(after);
    let beside = match (before.trim_matches(is_space), after.trim_matches(is_space)) {
        ("", "") => Beside::Nothing,
        (named, "") | ("", named) => currency(named),
        _ => Beside::Unknown,
    };
    (format!("{sign}{number}"), beside)
}

/// What a code or a sign names.
fn currency(named: &str) -> Beside {
    if let Some(code) = currency_in_use(named) {
        return Beside::One(code);
    }
    match SIGNS.iter().find(|(sign, _)| sign.eq_ignore_ascii_case(named)) {
        Some((_, [code])) => Currency::from_code(code).map_or(Beside::Unknown, Beside::One),
        Some((_, codes)) => Beside::Several(codes),
        None => Beside::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::{Beside, split};
    use crate::units::Currency;

    #[track_caller]
    fn check(cell: &str, number: &str, beside: Beside) {
        assert_eq!(split(cell), (number.to_owned(), beside), "{cell}");
    }

    #[test]
    fn a_currency_stands_on_either_side() {
        check("1.20", "1.20", Beside::Nothing);
        check("€ 1.20", "1.20", Beside::One(Currency::EUR));
        check("1,20\u{a0}€", "1,20", Beside::One(Currency::EUR));
        check("USD 1 234.50", "1 234.50", Beside::One(Currency::USD));
        check("1.20 usd", "1.20", Beside::One(Currency::USD));
        check("US$1.20", "1.20", Beside::One(Currency::USD));
        check("-€1.20", "-1.20", Beside::One(Currency::EUR));
        check("(€1.20)", "(1.20)", Beside::One(Currency::EUR));
        check("€-1.20", "-1.20", Beside::One(Currency::EUR));
        check("1.2E-05", "1.2E-05", Beside::Nothing);
    }

    #[test]
    fn a_sign_of_several_currencies_names_them_and_no_other_word_is_one() {
        assert!(matches!(split("$1.20").1, Beside::Several(codes) if codes.contains(&"AUD")));
        check("1.20 each", "1.20", Beside::Unknown);
        check("XXX 1", "1", Beside::Unknown);
        check("€ 1 EUR", "1", Beside::Unknown);
        check("n/a", "", Beside::Unknown);
        check("", "", Beside::Nothing);
    }
}
