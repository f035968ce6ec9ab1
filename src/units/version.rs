//! Versions of software, as numbers that can be compared.

use std::fmt;

/// A version: major, minor and patch. What is behind the third part is left out.
///
/// Ordered as people order versions: 9 < 17 < 17.4 < 17.4.1; a part that is absent is zero. A part too large for its
/// bits (major 67,108,863; minor and patch 524,287) counts as the largest, so that the order stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(u64);

const SMALL_BITS: u32 = 19;
const MAJOR_MAX: u32 = (1 << 26) - 1;
const SMALL_MAX: u32 = (1 << SMALL_BITS) - 1;

impl Version {
    /// The version of these parts.
    #[must_use]
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        const fn least(part: u32, most: u32) -> u64 {
            (if part < most { part } else { most }) as u64
        }
        let small = least(minor, SMALL_MAX) << SMALL_BITS | least(patch, SMALL_MAX);
        Self(least(major, MAJOR_MAX) << (2 * SMALL_BITS) | small)
    }

    /// Reads `17.4.1`, and what else software writes: `17_4_1`, `v17.4`, `17.4-beta2` (which is 17.4). `None` where
    /// no number opens the text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::of_parts([text])
    }

    /// Reads a version whose parts stand apart, as in a browser's hints: `["120", "0", "6099"]`; one part may hold
    /// several. `None` where no number opens the first.
    #[must_use]
    pub fn of_parts<'t>(parts: impl IntoIterator<Item = &'t str>) -> Option<Self> {
        let mut numbers = [0; 3];
        let mut read = 0;
        for text in parts {
            let text = if read == 0 { text.trim().trim_start_matches(['v', 'V']) } else { text.trim() };
            for part in text.split(['.', '_']) {
                let digits = part.bytes().take_while(u8::is_ascii_digit).count();
                if digits == 0 || read == numbers.len() {
                    return (read > 0).then(|| Self::from_numbers(numbers));
                }
                // Too many digits for a `u32`: the largest.
                numbers[read] = part[..digits].parse().unwrap_or(u32::MAX);
                read += 1;
                if digits < part.len() {
                    return Some(Self::from_numbers(numbers));
                }
            }
        }
        (read > 0).then(|| Self::from_numbers(numbers))
    }

    fn from_numbers([major, minor, patch]: [u32; 3]) -> Self {
        Self::new(major, minor, patch)
    }

    /// The first part.
    #[must_use]
    pub const fn major(self) -> u64 {
        self.0 >> (2 * SMALL_BITS)
    }

    /// The second part.
    #[must_use]
    pub const fn minor(self) -> u64 {
        self.0 >> SMALL_BITS & SMALL_MAX as u64
    }

    /// The third part.
    #[must_use]
    pub const fn patch(self) -> u64 {
        self.0 & SMALL_MAX as u64
    }

    /// All of it as one number, in the same order: for columns of an index.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// Without zeros at the end: `17`, `17.4`, `17.4.1`.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.major(), self.minor(), self.patch()) {
            (major, 0, 0) => write!(f, "{major}"),
            (major, minor, 0) => write!(f, "{major}.{minor}"),
            (major, minor, patch) => write!(f, "{major}.{minor}.{patch}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::Version;

    #[track_caller]
    fn check(text: &str, want: Option<&str>) {
        assert_eq!(Version::parse(text).map(|version| version.to_string()).as_deref(), want, "{text:?}");
    }

    #[test]
    fn a_version_is_read_as_software_writes_it() {
        check("17.4.1", Some("17.4.1"));
        check("17_4_1", Some("17.4.1"));
        check(" v17.4 ", Some("17.4"));
        check("17", Some("17"));
        check("17.0.0", Some("17"));
        check("17.0.3", Some("17.0.3"));
        check("120.0.6099.28", Some("120.0.6099"));
        check("17.4-beta2.1", Some("17.4"));
        check("17.x", Some("17"));
        check("0.3", Some("0.3"));
        check("17..4", Some("17"));
        check("99999999999999999999.600000", Some("67108863.524287"));
        for nothing in ["", " ", ".", "XP", "v", "-1", "x.1", "_1", "é", "1é"] {
            check(nothing, if nothing == "1é" { Some("1") } else { None });
        }
    }

    #[test]
    fn parts_may_stand_apart() {
        let of = |parts: &[&str]| Version::of_parts(parts.iter().copied()).map(|version| version.to_string());
        assert_eq!(of(&["120", "0", "6099", "28"]).as_deref(), Some("120.0.6099"));
        assert_eq!(of(&["120.1"]).as_deref(), Some("120.1"));
        assert_eq!(of(&["120", "x", "7"]).as_deref(), Some("120"));
        assert_eq!(of(&["", "7"]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn versions_are_ordered_by_their_parts_and_not_by_their_letters() {
        let versions = ["0.3", "9", "10", "17", "17.0.1", "17.4", "17.4.1", "17.10", "120"];
        let read: Vec<_> = versions.iter().map(|text| Version::parse(text).unwrap()).collect();
        assert!(read.is_sorted_by(|one, next| one < next), "{read:?}");
        assert_eq!(Version::parse("17"), Version::parse("17.0.0"));
        assert!(read.iter().map(|version| version.raw()).is_sorted());
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_read_again(major in any::<u32>(), minor in any::<u32>(), patch in any::<u32>()) {
            let version = Version::new(major, minor, patch);
            prop_assert_eq!(Version::parse(&version.to_string()), Some(version));
        }

        #[test]
        fn no_text_panics(text in "[v0-9._ x\u{e9}-]{0,40}") {
            let _ = Version::parse(&text);
        }
    }
}
