//! The value of a field, and its hash: the one place where values become numbers and names.
//!
//! The hash is part of the format of models and kept examples. It is a chain of the finalizer of splitmix64 over the
//! field, the kind of value, and the value in steps of eight bytes (little end first, the last filled with zeros), then
//! its length; of the result the upper 32 bits count, and 0, which stands for not told, becomes 1. It has no key and
//! asks no machine, so that it is the same everywhere; whoever wants two values to collide can find some, and
//! spoils the weight of both, no more.

use std::fmt;

use crate::learning::Field;
use crate::units::host;

/// Bytes of a text that count: longer ones (addresses as tags) differ before, and a longer walk would cost the bid path.
pub(super) const TEXT_BYTES_MAX: usize = 64;

/// What a field is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// Nothing is known.
    Untold,
    /// A text, in any case.
    Text(&'a str),
    /// A domain or an address, of which the host counts, without `www.`.
    Host(&'a str),
    /// A text that means something only beside a number: an exchange's id of a publisher.
    Within(u64, &'a str),
    /// A number.
    Number(u64),
    /// One of our ids.
    Id(u64),
    /// Width and height.
    Size(u32, u32),
}

impl<'a> Value<'a> {
    /// The text of an optional one.
    pub(super) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Untold, Self::Text)
    }

    /// The number of an optional one.
    pub(super) fn number(number: Option<u32>) -> Self {
        number.map_or(Self::Untold, |number| Self::Number(u64::from(number)))
    }

    /// This value, or the other where nothing is known.
    pub(super) fn or(self, other: impl FnOnce() -> Self) -> Self {
        if self.is_told() { self } else { other() }
    }

    fn is_told(&self) -> bool {
        match self {
            Self::Untold => false,
            Self::Text(text) | Self::Within(_, text) => !short(text).is_empty(),
            Self::Host(text) => !host(text).is_empty(),
            Self::Number(_) | Self::Id(_) | Self::Size(..) => true,
        }
    }

    /// Its hash as the value of `field`; 0 if nothing is known.
    pub(super) fn hash(&self, field: Field) -> u32 {
        let begin = |kind: u64| mix(field as u64 + 1, kind);
        let hash = match *self {
            Self::Untold => return 0,
            Self::Text(text) => text_hash(begin(1), short(text)),
            Self::Host(text) => text_hash(begin(2), short(host(text))),
            Self::Within(scope, text) => text_hash(mix(begin(3), scope), short(text)),
            Self::Number(number) => Some(mix(begin(4), number)),
            Self::Id(id) => Some(mix(begin(5), id)),
            Self::Size(width, height) => Some(mix(begin(6), u64::from(width) << 32 | u64::from(height))),
        };
        hash.map_or(0, told)
    }
}

impl fmt::Display for Value<'_> {
    /// As it is hashed: lower case, cut; ids as 16 hexadecimal digits; a text without what it stands beside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Untold => Ok(()),
            Self::Text(text) | Self::Within(_, text) => f.write_str(&short(text).to_ascii_lowercase()),
            Self::Host(text) => f.write_str(&short(host(text)).to_ascii_lowercase()),
            Self::Number(number) => write!(f, "{number}"),
            Self::Id(id) => write!(f, "{id:016x}"),
            Self::Size(width, height) => write!(f, "{width}x{height}"),
        }
    }
}

/// What counts of a text, in its case.
fn short(text: &str) -> &str {
    let text = text.trim();
    &text[..text.floor_char_boundary(TEXT_BYTES_MAX)]
}

/// Hashes a short text in lower case (of ASCII); `None` if it is empty.
fn text_hash(begin: u64, text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    let mut lower = [0; TEXT_BYTES_MAX];
    let bytes = lower.get_mut(..text.len())?;
    bytes.copy_from_slice(text.as_bytes());
    bytes.make_ascii_lowercase();
    let words = lower.as_chunks::<8>().0.iter().take(text.len().div_ceil(8));
    let hash = words.fold(begin, |hash, word| mix(hash, u64::from_le_bytes(*word)));
    Some(mix(hash, text.len() as u64))
}

/// The upper half of a hash; never 0.
fn told(hash: u64) -> u32 {
    u32::try_from(hash >> 32).map_or(1, |hash| hash.max(1))
}

/// Two numbers to one (the finalizer of splitmix64).
pub(super) const fn mix(a: u64, b: u64) -> u64 {
    let mut x = a.rotate_left(23) ^ b.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::Value;
    use crate::learning::Field;

    #[test]
    fn the_hash_is_the_same_on_every_machine_and_in_every_version() {
        let pinned = [
            (Field::Outlet, Value::Host("shop.example"), 0x5173_8f94_u32),
            (Field::Publisher, Value::Within(7, "pub-1"), 0xa262_1c98),
            (Field::Hour, Value::Number(13), 0x243b_ac1b),
            (Field::Size, Value::Size(300, 250), 0x6e06_e1ab),
            (Field::Campaign, Value::Id(0x0123_4567_89ab_cdef), 0x37c3_6429),
            (Field::City, Value::Text("Saint-Rémy-lès-Chevreuse"), 0x8415_30fe),
        ];
        let found = pinned.map(|(field, value, _)| (field, value, value.hash(field)));
        assert_eq!(found, pinned);
    }

    #[test]
    fn case_spaces_www_and_paths_make_no_other_value() {
        let hash = |value: Value| value.hash(Field::Outlet);
        assert_eq!(hash(Value::Host("https://WWW.Shop.example/a?b")), hash(Value::Host("shop.example")));
        assert_eq!(hash(Value::Text(" Paris ")), hash(Value::Text("paris")));
        assert_ne!(hash(Value::Text("paris")), hash(Value::Text("lyon")));
        assert_eq!(Value::Host("https://WWW.Shop.example/a?b").to_string(), "shop.example");
    }

    #[test]
    fn nothing_is_zero_and_no_value_is() {
        for value in
            [Value::Untold, Value::Text(""), Value::Text("  "), Value::Host("https://"), Value::Within(1, "")]
        {
            assert_eq!(value.hash(Field::City), 0, "{value:?}");
        }
        assert!((0..100_000).all(|number| Value::Number(number).hash(Field::Hour) != 0));
    }

    #[test]
    fn one_value_in_two_fields_or_beside_two_numbers_is_two() {
        let value = Value::Text("x");
        assert_ne!(value.hash(Field::City), value.hash(Field::Region));
        assert_ne!(
            Value::Within(1, "x").hash(Field::Publisher),
            Value::Within(2, "x").hash(Field::Publisher)
        );
        // A text is not confused with one that zeros fill up.
        assert_ne!(Value::Text("x\0").hash(Field::City), value.hash(Field::City));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let long = "é".repeat(100);
        assert_eq!(Value::Text(&long).to_string().len(), 64);
        let odd = format!("a{long}");
        assert_eq!(Value::Text(&odd).to_string().len(), 63);
        assert_eq!(Value::Text(&odd).hash(Field::City), Value::Text(&odd[..63]).hash(Field::City));
    }
}
