//! Texts to keys: 64-bit FNV-1a of the lower-case form, computed without allocating.
//!
//! Two texts with one key would be taken for one; among a million texts that happens once in 30 million
//! installations. An exchange that wants to lie about a domain can simply name another.

use crate::units::{Country, Region};

/// Bytes of a domain name. Source: RFC 1035, 2.3.4.
const DOMAIN_BYTES_MAX: usize = 253;
/// Characters of a postcode that are compared.
const POSTCODE_CHARS_MAX: usize = 12;

/// A running FNV-1a.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const START: Self = Self(0xcbf2_9ce4_8422_2325);

    fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn push_lower(&mut self, letter: char) {
        for lower in letter.to_lowercase() {
            let mut bytes = [0; 4];
            for byte in lower.encode_utf8(&mut bytes).bytes() {
                self.push(byte);
            }
        }
    }
}

/// The key of `text`, spaces around it and case apart.
pub(super) fn key(text: &str) -> u64 {
    let mut fnv = Fnv::START;
    for letter in text.trim().chars() {
        if letter.is_ascii() {
            fnv.push(u8::try_from(letter.to_ascii_lowercase()).expect("it is ASCII"));
        } else {
            fnv.push_lower(letter);
        }
    }
    fnv.0
}

/// The key of a country.
pub(super) fn country_key(country: Country) -> u64 {
    key(country.alpha2())
}

/// The key of a region.
pub(super) fn region_key(region: Region) -> u64 {
    let mut fnv = Fnv(country_key(region.country()));
    region.own_code().bytes().for_each(|byte| fnv.push(byte));
    fnv.0
}

/// The host in `text`, which may be a domain or a whole address: no scheme, user, port, path, `www.` or
/// final dot. `None` if nothing is left, or more than a domain may have.
pub(super) fn host(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let text = text.split(['/', '?', '#']).next()?;
    let text = text.rsplit('@').next()?;
    let text = text.split(':').next()?.trim_end_matches('.');
    let text = match text.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case("www.") => &text[4..],
        _ => text,
    };
    (!text.is_empty() && text.len() <= DOMAIN_BYTES_MAX).then_some(text)
}

/// The keys of a domain and of every domain above it, the shortest first: `fr`, `example.fr`, ...
///
/// Read from the end, each is a prefix of the next, so one pass yields them all. Only ASCII letters lose
/// their case: other scripts arrive as punycode.
pub(super) fn domain_keys(domain: &str) -> impl Iterator<Item = u64> {
    let bytes = domain.as_bytes();
    let mut fnv = Fnv::START;
    (0..bytes.len()).rev().filter_map(move |at| {
        fnv.push(bytes[at].to_ascii_lowercase());
        (at == 0 || bytes[at - 1] == b'.').then_some(fnv.0)
    })
}

/// The key of a domain itself.
pub(super) fn domain_key(domain: &str) -> u64 {
    domain_keys(host(domain).unwrap_or(domain)).last().unwrap_or(Fnv::START.0)
}

/// The keys of every prefix of a postcode, spaces and hyphens left out.
pub(super) fn postcode_keys(postcode: &str) -> impl Iterator<Item = u64> {
    let mut fnv = Fnv::START;
    let letters = postcode.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
    letters.take(POSTCODE_CHARS_MAX).map(move |letter| {
        fnv.push_lower(letter);
        fnv.0
    })
}

/// The key of a prefix of postcodes.
pub(super) fn postcode_key(prefix: &str) -> u64 {
    postcode_keys(prefix).last().unwrap_or(Fnv::START.0)
}

/// The two letters of a language tag (`fr`, `fr-CA`); `None` if it has no two-letter code.
pub(super) fn language(tag: &str) -> Option<&str> {
    let primary = tag.trim().split(['-', '_']).next()?;
    (primary.len() == 2 && primary.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some(primary)
}

#[cfg(test)]
mod tests {
    use super::{domain_key, domain_keys, host, key, language, postcode_key, postcode_keys};

    #[test]
    fn case_and_surrounding_spaces_do_not_matter() {
        assert_eq!(key(" São PAULO "), key("são paulo"));
        assert_eq!(key("ÉVRY"), key("évry"));
        assert_ne!(key("evry"), key("évry"));
    }

    #[test]
    fn a_host_is_found_in_whatever_is_sent() {
        for text in [
            "lemonde.fr",
            "www.lemonde.fr",
            "WWW.lemonde.fr.",
            "https://www.lemonde.fr:443/a?b#c",
            "http://me@lemonde.fr/x@y",
        ] {
            assert_eq!(host(text), Some("lemonde.fr"), "{text}");
        }
        for text in ["", " ", ".", "https://", "/path", "?", ":80"] {
            assert_eq!(host(text), None, "{text}");
        }
        assert_eq!(host("ééé"), Some("ééé"));
        assert_eq!(host(&"a".repeat(253)).map(str::len), Some(253));
        assert_eq!(host(&"a".repeat(254)), None);
    }

    #[test]
    fn a_domain_has_the_keys_of_all_domains_above_it() {
        let keys: Vec<u64> = domain_keys("Sport.Example.FR").collect();
        assert_eq!(keys, ["fr", "example.fr", "sport.example.fr"].map(domain_key));
        assert!(!keys.contains(&domain_key("ple.fr")));
    }

    #[test]
    fn a_postcode_has_the_keys_of_its_prefixes() {
        let keys: Vec<u64> = postcode_keys("SW1A 1AA").collect();
        for prefix in ["s", "sw1", "sw1a1aa", "sw1a 1"] {
            assert!(keys.contains(&postcode_key(prefix)), "{prefix}");
        }
        assert!(!keys.contains(&postcode_key("w1")));
    }

    #[test]
    fn a_language_is_two_letters_before_any_hyphen() {
        assert_eq!(language("fr-CA"), Some("fr"));
        assert_eq!(language("pt_BR"), Some("pt"));
        for tag in ["", "f", "fra", "f1", "French"] {
            assert_eq!(language(tag), None, "{tag}");
        }
    }
}
