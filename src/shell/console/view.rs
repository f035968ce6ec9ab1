//! In which words and forms a page is written, and what was asked for it.

use std::borrow::Cow;

use crate::page::{Forms, Lang};
use crate::units::{Currency, Femtos, Nanos, Ratio, UnixMillis};

/// Femto-units in a unit.
const UNIT: u128 = 1_000_000_000_000_000;

/// The fields of a query or a form: `a=1&b=x+y`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::shell::console) struct Fields(Vec<(String, String)>);

/// The most fields that are read.
const FIELDS_MAX: usize = 64;

impl Fields {
    /// Those of `text`, as browsers write them (`application/x-www-form-urlencoded`).
    #[must_use]
    pub(in crate::shell::console) fn of(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(FIELDS_MAX);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(pairs.map(pair).collect())
    }

    /// The first value of that name; empty if there is none.
    #[must_use]
    pub(in crate::shell::console) fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    match percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy() {
        Cow::Borrowed(same) => same.to_owned(),
        Cow::Owned(other) => other,
    }
}

/// For whom a page is written.
#[derive(Debug)]
pub(in crate::shell::console) struct View {
    pub(in crate::shell::console) lang: Lang,
    pub(in crate::shell::console) forms: Forms,
    /// The path that was asked for, without its query.
    pub(in crate::shell::console) path: String,
    /// What was asked for.
    pub(in crate::shell::console) query: Fields,
    /// True if the query names the language: links go on with it.
    names_lang: bool,
    pub(in crate::shell::console) now: UnixMillis,
}

impl View {
    /// In the language that `query` names, else in the first that `accepted`, a browser's list, does.
    #[must_use]
    pub(in crate::shell::console) fn new(path: &str, query: &str, accepted: &str, now: UnixMillis) -> Self {
        let query = Fields::of(query);
        let named = query.get("lang").parse().ok();
        let lang = named.unwrap_or_else(|| Lang::accepted(accepted));
        let (forms, names_lang) = (Forms::new(lang), named.is_some());
        Self { lang, forms, path: path.to_owned(), query, names_lang, now }
    }

    /// One of two texts.
    #[must_use]
    pub(in crate::shell::console) const fn say(
        &self,
        english: &'static str,
        french: &'static str,
    ) -> &'static str {
        match self.lang {
            Lang::En => english,
            Lang::Fr => french,
        }
    }

    /// The address of another page, in the same language.
    #[must_use]
    pub(in crate::shell::console) fn link(&self, path: &str) -> String {
        if self.names_lang { format!("{path}?lang={}", self.lang.tag()) } else { path.to_owned() }
    }

    /// The language, where links and forms must name it.
    #[must_use]
    pub(in crate::shell::console) fn named_lang(&self) -> Option<&'static str> {
        self.names_lang.then(|| self.lang.tag())
    }

    /// An amount with two decimals; with four if it is less than one unit, for a small tax is none.
    #[must_use]
    pub(in crate::shell::console) fn amount(&self, amount: Femtos, currency: Currency) -> String {
        let is_small = amount != Femtos::ZERO && amount.raw().unsigned_abs() < UNIT;
        self.forms.amount(amount, currency, if is_small { 4 } else { 2 })
    }

    /// The same; a dash for one without an end.
    #[must_use]
    pub(in crate::shell::console) fn money(&self, amount: Nanos, currency: Currency) -> String {
        if amount == Nanos::MAX { "–".to_owned() } else { self.amount(amount.to_femtos(), currency) }
    }

    /// A price or cost, as [`View::amount`].
    #[must_use]
    pub(in crate::shell::console) fn price(&self, ratio: Ratio, currency: Currency) -> String {
        let is_small =
            ratio.dividend() != 0 && ratio.dividend().unsigned_abs() < ratio.divisor().unsigned_abs();
        self.forms.price(ratio, currency, if is_small { 4 } else { 2 })
    }

    /// A share of a whole, with one decimal; a dash of nothing.
    #[must_use]
    pub(in crate::shell::console) fn share(&self, part: u64, whole: u64) -> String {
        let ratio = Ratio::new(part.into(), whole.into());
        ratio.map_or_else(|| "–".to_owned(), |ratio| self.forms.percent(ratio, 1))
    }

    /// A time of day in UTC.
    #[must_use]
    pub(in crate::shell::console) fn time(&self, at: UnixMillis) -> String {
        let second = at.raw().div_euclid(1_000).rem_euclid(86_400);
        format!("{:02}:{:02}:{:02} UTC", second / 3_600, second / 60 % 60, second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fields, View};
    use crate::page::Lang;
    use crate::units::UnixMillis;

    #[test]
    fn fields_are_read_as_browsers_write_them() {
        let fields = Fields::of("a=1&b=x+y%26%C3%A9&&c&a=2&d=%zz%ff");
        assert_eq!(fields.get("a"), "1");
        assert_eq!(fields.get("b"), "x y&é");
        assert_eq!((fields.get("c"), fields.get("none")), ("", ""));
        assert_eq!(fields.get("d"), "%zz\u{fffd}", "what is none is left, or replaced");
        assert_eq!(Fields::of(&"a=1&".repeat(1_000)).0.len(), 64);
    }

    #[test]
    fn the_query_chooses_the_language_before_the_browser_and_links_keep_it() {
        let view = |query, accepted| View::new("/", query, accepted, UnixMillis::default());
        assert_eq!(view("", "fr-FR,en").lang, Lang::Fr);
        assert_eq!(view("lang=en", "fr").lang, Lang::En);
        assert_eq!(view("lang=de", "fr").lang, Lang::Fr, "one that is not spoken");
        assert_eq!(view("lang=fr", "").link("/tax"), "/tax?lang=fr");
        assert_eq!(view("", "fr").link("/tax"), "/tax");
        assert_eq!(view("", "").time(UnixMillis::from_raw(45_296_999)), "12:34:56 UTC");
    }
}
