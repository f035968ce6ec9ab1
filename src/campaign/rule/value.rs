//! From what people write to the one form in which a value is compared.

use crate::campaign::read::address::is_host;
use crate::campaign::read::sensitive::sensitive_word;
use crate::campaign::rule::{Attribute, Kind};
use crate::units::{Country, Region};

/// Why a text is no value of an attribute: the problem, to stand after the attribute's name, and a remedy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// As `is not a country of ISO 3166-1`.
    pub problem: String,
    /// As `two or three letters, as FR or FRA`.
    pub remedy: String,
}

impl Unfit {
    fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

impl Attribute {
    /// The one form of `text` in which values of the attribute are compared: `fra` is `FR`.
    ///
    /// # Errors
    ///
    /// [`Unfit`] if it is no value of the attribute; always for attributes whose values are not texts.
    pub fn canonical(self, text: &str) -> Result<String, Unfit> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Unfit::new("must not be empty", "name a value"));
        }
        match self.kind() {
            Kind::Text | Kind::Postcode | Kind::Exchange => Ok(text.to_lowercase()),
            Kind::Name => unless_sensitive(self, text.to_owned()),
            Kind::Keyword => unless_sensitive(self, text.to_lowercase()),
            Kind::Country => country(text),
            Kind::Region => region(text),
            Kind::Domain => domain(text),
            Kind::Page => page(text),
            Kind::Category => category(text),
            Kind::Language => language(text),
            Kind::Choice(words) => choice(text, words),
            Kind::Code(most) => code(text, most),
            Kind::Flag => choice(text, &["true", "false"]),
            Kind::Number { .. } | Kind::Version | Kind::Circles | Kind::Hours => {
                Err(Unfit::new("takes no single value", "write it as an object"))
            }
        }
    }
}

/// Deals and tags are named by sellers; what a person is, or reads, may not be sensitive.
fn unless_sensitive(attribute: Attribute, name: String) -> Result<String, Unfit> {
    if matches!(attribute, Attribute::Deal | Attribute::Tag) {
        return Ok(name);
    }
    match sensitive_word(&name) {
        None => Ok(name),
        Some(word) => Err(Unfit::new(
            format!("names a sensitive criterion: {word}"),
            "nobody may be targeted by health, religion, origin, sexual life, politics or union",
        )),
    }
}

fn country(code: &str) -> Result<String, Unfit> {
    Country::from_code(code).map(|country| country.to_string()).ok_or_else(|| {
        let remedy = if code.eq_ignore_ascii_case("uk") {
            "did you mean `GB`?"
        } else {
            "two or three letters, as `FR` or `FRA`"
        };
        Unfit::new("is not a country of ISO 3166-1", remedy)
    })
}

fn region(code: &str) -> Result<String, Unfit> {
    Region::from_code(code).map(|region| region.to_string()).ok_or_else(|| {
        Unfit::new("is not a region of ISO 3166-2", "country and region, as `FR-IDF` or `US-CA`")
    })
}

/// Lower case and without `www.`.
fn domain(text: &str) -> Result<String, Unfit> {
    let lower = text.to_lowercase();
    let domain = lower.strip_prefix("www.").unwrap_or(&lower);
    if is_host(domain) {
        return Ok(domain.to_owned());
    }
    Err(Unfit::new("is not a domain", "without `https://` and path, as `shop.example`"))
}

/// Host and path, without scheme, `www.`, query and final slash: `lemonde.fr/sport`.
fn page(text: &str) -> Result<String, Unfit> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let (host, path) = text.split_once('/').map_or((text, None), |(host, path)| (host, Some(path)));
    let host = domain(host)
        .map_err(|_| Unfit::new("is not the address of a page", "host and path, as `lemonde.fr/sport`"))?;
    Ok(path.map_or_else(|| host.clone(), |path| format!("{host}/{path}").to_lowercase()))
}

fn category(text: &str) -> Result<String, Unfit> {
    let upper = text.to_uppercase();
    let is_number =
        |text: &str| !text.is_empty() && text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit());
    let own = upper.strip_prefix("IAB").unwrap_or_default();
    let (tier1, tier2) = own.split_once('-').unwrap_or((own, "0"));
    if is_number(tier1) && is_number(tier2) {
        return Ok(upper);
    }
    Err(Unfit::new(
        "is not a category of the IAB Content Taxonomy 1.0",
        "as `IAB2`, or `IAB2-3` for one below it",
    ))
}

fn language(text: &str) -> Result<String, Unfit> {
    if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return Ok(text.to_lowercase());
    }
    Err(Unfit::new("is not a language of ISO 639-1", "two letters, as `fr`"))
}

fn choice(text: &str, words: &[&str]) -> Result<String, Unfit> {
    match words.iter().find(|word| **word == text) {
        Some(word) => Ok((*word).to_owned()),
        None => Err(Unfit::new(format!("must be one of {}", words.join(", ")), "write one of these words")),
    }
}

fn code(text: &str, most: u32) -> Result<String, Unfit> {
    let number = text.parse::<u32>().ok().filter(|number| *number <= most);
    number
        .map(|number| number.to_string())
        .ok_or_else(|| Unfit::new(format!("must be a whole number from 0 to {most}"), "see AdCOM's lists"))
}

#[cfg(test)]
mod tests {
    use crate::campaign::rule::Attribute;

    /// The canonical form, or a part of the problem.
    #[track_caller]
    fn check(attribute: Attribute, text: &str, want: Result<&str, &str>) {
        match (attribute.canonical(text), want) {
            (Ok(value), Ok(want)) => assert_eq!(value, want, "{attribute} {text}"),
            (Err(unfit), Err(part)) => assert!(unfit.problem.contains(part), "{attribute} {text}: {unfit:?}"),
            (got, want) => panic!("{attribute} {text}: {got:?}, wanted {want:?}"),
        }
    }

    #[test]
    fn a_value_has_one_form() {
        check(Attribute::Country, "fra", Ok("FR"));
        check(Attribute::Region, "fr-idf", Ok("FR-IDF"));
        check(Attribute::City, " Paris ", Ok("paris"));
        check(Attribute::Domain, "www.LeMonde.fr", Ok("lemonde.fr"));
        check(Attribute::Page, "https://www.lemonde.fr/Sport/?a=b", Ok("lemonde.fr/sport"));
        check(Attribute::Category, "iab2-3", Ok("IAB2-3"));
        check(Attribute::Language, "FR", Ok("fr"));
        check(Attribute::Segment, "Shoes", Ok("Shoes"));
        check(Attribute::Position, "7", Ok("7"));
        check(Attribute::Deal, "political-deal", Ok("political-deal"));
    }

    #[test]
    fn what_is_no_value_is_refused_with_the_reason() {
        check(Attribute::Country, "Framce", Err("ISO 3166-1"));
        check(Attribute::Region, "IDF", Err("ISO 3166-2"));
        check(Attribute::Domain, "https://a.example/b", Err("not a domain"));
        check(Attribute::Page, "sport", Err("address of a page"));
        check(Attribute::Category, "sport", Err("Content Taxonomy"));
        check(Attribute::Language, "french", Err("ISO 639-1"));
        check(Attribute::Device, "laptop", Err("one of phone, tablet"));
        check(Attribute::Position, "18", Err("0 to 17"));
        check(Attribute::Segment, "cancer patients", Err("sensitive criterion: cancer"));
        check(Attribute::City, " ", Err("empty"));
        check(Attribute::Near, "paris", Err("single value"));
    }
}
