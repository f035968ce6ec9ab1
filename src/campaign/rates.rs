//! The table of exchange rates: dated, exact, and the same for everyone who converts.

use crate::campaign::currency::CODES;
use crate::campaign::read::amount::currency;
use crate::campaign::read::scenario::day;
use crate::document::{Document, Faults, Node, Source};
use crate::units::{Currency, Day, FxRate};

/// Rates of one day against one base currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    date: Option<Day>,
    /// Units for one of the base, in 10^-9; the base is among them.
    per_base: Vec<(Currency, u64)>,
}

impl Rates {
    /// One of the base currency, in 10^-9.
    const ONE: u64 = 1_000_000_000;

    /// A table that knows one currency and converts nothing.
    #[must_use]
    pub fn only(currency: Currency) -> Self {
        Self { date: None, per_base: vec![(currency, Self::ONE)] }
    }

    /// Stands in for a table that could not be read: knows every currency and converts none, so that the
    /// one fault is not repeated in every campaign.
    #[must_use]
    pub fn unreadable() -> Self {
        let known = CODES.split_ascii_whitespace().filter_map(Currency::from_code);
        Self { date: None, per_base: known.map(|currency| (currency, 0)).collect() }
    }

    /// The table in `source`: `{"date": "2024-12-31", "base": "EUR", "source": "...", "rates": {"USD":
    /// 1.0389}}`, units for one of the base with at most nine decimals.
    pub fn read(source: &Source, faults: &mut Faults) -> Option<Self> {
        let document = Document::parse(source, faults)?;
        let object = document.root().object(&["date", "base", "source", "rates"], faults)?;
        let date = object.require("date", faults).and_then(|node| day(node, faults));
        let base = object.require("base", faults).and_then(|node| currency(node, faults));
        object.require("source", faults).and_then(|node| node.line(200, faults));
        let table = object.require("rates", faults)?;
        let errors = faults.errors();
        let rates = table.each_value(faults, rate)?;
        let mut per_base = vec![(base?, Self::ONE)];
        for (node, currency, units) in rates {
            if per_base.iter().any(|(known, _)| *known == currency) {
                faults.push(node.error("is the base, or is given twice"));
            }
            per_base.push((currency, units));
        }
        (faults.errors() == errors).then_some(Self { date: Some(date?), per_base })
    }

    /// A table of `date` with units of each currency, in 10^-9, for one of `base`.
    #[cfg(test)]
    pub(crate) fn of(date: Day, base: Currency, units: &[(Currency, u64)]) -> Self {
        Self { date: Some(date), per_base: [&[(base, Self::ONE)], units].concat() }
    }

    /// The day the rates are of; `None` if there is nothing to convert.
    #[must_use]
    pub fn date(&self) -> Option<Day> {
        self.date
    }

    /// True if `currency` can be converted.
    #[must_use]
    pub fn knows(&self, currency: Currency) -> bool {
        self.units(currency).is_some()
    }

    /// All known currencies, the base first.
    pub fn currencies(&self) -> impl Iterator<Item = Currency> {
        self.per_base.iter().map(|(currency, _)| *currency)
    }

    /// The exact rate from one currency to another; `None` if either is unknown. The same currency on both
    /// sides needs no table.
    #[must_use]
    pub fn rate(&self, from: Currency, to: Currency) -> Option<FxRate> {
        if from == to {
            return Some(FxRate::SAME);
        }
        FxRate::new(self.units(to)?, self.units(from)?)
    }

    fn units(&self, currency: Currency) -> Option<u64> {
        self.per_base.iter().find(|(known, _)| *known == currency).map(|(_, units)| *units)
    }
}

fn rate<'d>(key: Node<'d>, code: &str, faults: &mut Faults) -> Option<(Node<'d>, Currency, u64)> {
    let known = CODES.split_ascii_whitespace().any(|known| known == code);
    let Some(currency) = Currency::from_code(code).filter(|_| known) else {
        return faults.refuse(key.error("is not a currency of ISO 4217"));
    };
    let units = key.scaled(9, faults)?;
    match u64::try_from(units) {
        Ok(units) if units > 0 => Some((key, currency, units)),
        _ => faults.refuse(key.error(format!("must be greater than 0, got {}", key.echo()))),
    }
}

#[cfg(test)]
mod tests {
    use super::Rates;
    use crate::document::{Faults, Source};
    use crate::units::{Cpm, Currency, Rounding};

    fn table() -> Rates {
        let text = r#"{"date": "2024-12-31", "base": "EUR", "source": "test",
                       "rates": {"USD": 1.0389, "GBP": 0.82918}}"#;
        Rates::read(&Source::new("currencies.json", text), &mut Faults::new()).unwrap()
    }

    #[track_caller]
    fn check(from: &str, to: &str, micros: i64, want: Option<i64>) {
        let code = |code| Currency::from_code(code).unwrap();
        let rate = table().rate(code(from), code(to));
        let price = Cpm::from_micros(micros).unwrap();
        assert_eq!(rate.map(|rate| rate.price(price, Rounding::Up).unwrap().micros()), want);
    }

    #[test]
    fn a_cross_rate_is_exact() {
        check("EUR", "USD", 1_000_000, Some(1_038_900));
        check("USD", "EUR", 1_038_900, Some(1_000_000));
        check("GBP", "USD", 829_180, Some(1_038_900));
        check("JPY", "JPY", 7, Some(7));
    }

    #[test]
    fn an_unknown_currency_has_no_rate() {
        check("EUR", "JPY", 1, None);
        assert!(Rates::only(Currency::USD).rate(Currency::USD, Currency::EUR).is_none());
        assert_eq!(table().date().unwrap().to_string(), "2024-12-31");
    }

    #[test]
    fn a_table_that_could_not_be_read_knows_all_and_converts_nothing() {
        let rates = Rates::unreadable();
        assert!(rates.knows(Currency::USD));
        assert!(rates.rate(Currency::USD, Currency::EUR).is_none());
    }

    #[test]
    fn a_wrong_table_is_refused() {
        for rates in [r#"{"EUR": 1}"#, r#"{"USD": 0}"#, r#"{"XYZ": 2}"#, r#"{"USD": "x"}"#, "[]"] {
            let text = format!(r#"{{"date": "2024-12-31", "base": "EUR", "source": "t", "rates": {rates}}}"#);
            let mut faults = Faults::new();
            assert!(Rates::read(&Source::new("c.json", text), &mut faults).is_none(), "{rates}");
            assert_eq!(faults.errors(), 1, "{rates}");
        }
    }
}
