//! Names of operating systems.

use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::units::Version;

/// An operating system, by its name in rules: lower case, words joined by `_` (`chrome_os`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Os {
    Windows,
    WindowsPhone,
    Macos,
    /// Also of tablets.
    Ios,
    Tvos,
    Watchos,
    Android,
    /// Amazon's, where it is told from Android.
    FireOs,
    ChromeOs,
    /// All distributions.
    Linux,
    Tizen,
    Webos,
    Roku,
    Kaios,
    Harmonyos,
    Playstation,
    Xbox,
    /// One with a name that is none of these.
    Other,
}

impl Os {
    /// Names of all, as rules write them.
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

    /// The system that a rule names; `None` if it is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Its name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The system that a request, a browser's hints or uap-core call `text`, in any case and with any signs between:
    /// `iPhone OS`, `Mac OS X`, `Windows 10`. `None` for no name and for words that say so.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let mut letters = [0; NAME_BYTES];
        let mut length = 0;
        let told = text.bytes().filter(u8::is_ascii_alphanumeric);
        for (place, letter) in letters.iter_mut().zip(told) {
            *place = letter.to_ascii_lowercase();
            length += 1;
        }
        Some(match &letters[..length] {
            b"" if text.trim().is_empty() => return None,
            b"unknown" | b"other" | b"null" | b"none" | b"undefined" | b"na" => return None,
            b"ios" | b"iphoneos" | b"ipados" | b"iphone" | b"ipad" | b"ipod" => Self::Ios,
            b"macos" | b"macosx" | b"osx" | b"mac" | b"macintosh" => Self::Macos,
            b"tvos" | b"atvosx" | b"appletv" | b"appletvos" => Self::Tvos,
            b"watchos" => Self::Watchos,
            b"chromeos" | b"chromiumos" | b"cros" => Self::ChromeOs,
            b"fireos" | b"firetv" | b"firehbbtv" | b"amazonfireos" => Self::FireOs,
            b"linux" | b"gnulinux" | b"ubuntu" | b"kubuntu" | b"lubuntu" | b"debian" | b"fedora"
            | b"linuxmint" | b"redhat" | b"centos" | b"opensuse" | b"suse" | b"archlinux" | b"gentoo"
            | b"mageia" | b"slackware" => Self::Linux,
            b"webos" | b"web0s" | b"webostv" | b"lgwebos" => Self::Webos,
            b"kaios" => Self::Kaios,
            b"harmonyos" | b"openharmony" => Self::Harmonyos,
            [b'a', b'n', b'd', b'r', b'o', b'i', b'd', ..] | b"chromecastandroid" => Self::Android,
            [b'w', b'i', b'n', b'd', b'o', b'w', b's', rest @ ..] => match rest {
                [b'p', b'h', b'o', b'n', b'e', ..] | [b'm', b'o', b'b', b'i', b'l', b'e', ..] => {
                    Self::WindowsPhone
                }
                _ => Self::Windows,
            },
            [b't', b'i', b'z', b'e', b'n', ..] => Self::Tizen,
            [b'r', b'o', b'k', b'u', ..] => Self::Roku,
            [b'p', b'l', b'a', b'y', b's', b't', b'a', b't', b'i', b'o', b'n', ..] => Self::Playstation,
            [b'x', b'b', b'o', b'x', ..] => Self::Xbox,
            _ => Self::Other,
        })
    }

    /// `version` as people know it: what browsers call Windows 13 and above is sold as 11
    /// (<https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11>).
    pub(crate) fn version_as_sold(self, version: Version) -> Version {
        if self == Self::Windows && version.major() >= 13 { Version::new(11, 0, 0) } else { version }
    }

    /// `version` of the hints as people know it: as [`Os::version_as_sold`], and Windows 1 to 12 is 10, 0.3 is 8.1,
    /// 0.2 is 8, 0.1 is 7; zero says none.
    pub(crate) fn hinted_version(self, version: Version) -> Option<Version> {
        if self != Self::Windows {
            return Some(version);
        }
        match (version.major(), version.minor()) {
            (0, 1) => Some(Version::new(7, 0, 0)),
            (0, 2) => Some(Version::new(8, 0, 0)),
            (0, 3) => Some(Version::new(8, 1, 0)),
            (0, _) => None,
            (1..=12, _) => Some(Version::new(10, 0, 0)),
            _ => Some(self.version_as_sold(version)),
        }
    }
}

/// Letters of a name that are looked at: more than the longest that is known.
const NAME_BYTES: usize = 24;
