//! Texts to keys: 64-bit FNV-1a of the lower-case form, computed without allocating.
//!
//! Two texts with one key would be taken for one; among a million texts that happens once in 30 million
//! installations. An exchange that wants to lie about a domain can simply name another.

use crate::units::{Country, Region};

/// Bytes of a domain name. Source: RFC 1035, 2.3.4.
const DOMAIN_BYTES_MAX: usize = 253;
/// Steps of a page's address that are compared.
const PAGE_STEPS_MAX: usize = 16;
/// Characters of a postcode that are compared.
const POSTCODE_CHARS_MAX: usize = 12;

/// A running FNV-1a.
#[derive(Clone, Copy)]
pub(super) struct Fnv(u64);

impl Fnv {
    pub(super) const START: Self = Self(0xcbf2_9ce4_8422_2325);

    fn push(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.push(*byte));
    }

    pub(super) fn finish(self) -> u64 {
        self.0
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

/// The key of a word in lower case, made by the compiler.
pub(super) const fn word_key(word: &str) -> u64 {
    let mut hash = Fnv::START.0;
    let mut at = 0;
    while at < word.len() {
        hash = (hash ^ word.as_bytes()[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The digits of `number`, written to the end of `room`.
pub(super) fn digits(number: u32, room: &mut [u8; 10]) -> &str {
    let mut at = room.len();
    let mut left = number;
    loop {
        at -= 1;
        room[at] = b'0' + u8::try_from(left % 10).expect("a digit");
        left /= 10;
        if left == 0 {
            break;
        }
    }
    std::str::from_utf8(&room[at..]).expect("digits are text")
}

/// The key of a country.
pub(super) fn country_key(country: Country) -> u64 {
    key(country.alpha2())
}

/// The key of a region, that of its code with its country's before it.
pub(super) fn region_key(region: Region) -> u64 {
    let mut fnv = Fnv(country_key(region.country()));
    fnv.push(b'-');
    region.own_code().bytes().for_each(|byte| fnv.push(byte.to_ascii_lowercase()));
    fnv.0
}

/// The keys of a page and of all pages above it: `lemonde.fr`, `lemonde.fr/sport`, `lemonde.fr/sport/foot.html`.
/// The address without scheme, `www.` and query; at most [`PAGE_STEPS_MAX`] steps.
pub(super) fn page_keys(page: &str) -> impl Iterator<Item = u64> {
    let host = host(page).unwrap_or_default();
    let rest = page.split_once("://").map_or(page, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let path = rest.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/');
    let mut fnv = Fnv(key(host));
    let steps = path.split('/').filter(|_| !path.is_empty()).map(move |step| {
        fnv.push(b'/');
        step.chars().for_each(|letter| fnv.push_lower(letter));
        fnv.0
    });
    (!host.is_empty()).then_some(key(host)).into_iter().chain(steps).take(PAGE_STEPS_MAX)
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
    use super::{
        domain_key, domain_keys, host, key, language, page_keys, postcode_key, postcode_keys, word_key,
    };

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
    fn a_page_has_the_keys_of_all_pages_above_it() {
        let keys: Vec<u64> = page_keys("https://www.LeMonde.fr:443/Sport/foot.html?a=/b#c").collect();
        assert_eq!(keys, ["lemonde.fr", "lemonde.fr/sport", "lemonde.fr/sport/foot.html"].map(key));
        assert_eq!(page_keys("lemonde.fr/").collect::<Vec<_>>(), [key("lemonde.fr")]);
        assert_eq!(page_keys("https://").count(), 0);
    }

    #[test]
    fn a_word_has_one_key_at_compile_time_and_later() {
        assert_eq!(word_key("in_scene"), key("In_Scene"));
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
