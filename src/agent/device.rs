//! Kinds of devices.

use strum::{EnumString, IntoStaticStr, VariantNames};

use crate::agent::Os;

/// What a person looks at, by its name in rules: `phone`, `tablet`, `desktop`, `tv`, `other`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum DeviceKind {
    Phone,
    Tablet,
    /// Also laptops.
    Desktop,
    /// Also boxes and sticks at one.
    Tv,
    /// Consoles, screens in the street, and what else has a code.
    Other,
}

impl DeviceKind {
    /// Its name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The kinds of a `devicetype` (AdCOM 1.0, "Device Types"), made one by what else is told if it says two; without
/// one, what the hints say, then what the user agent says.
pub(crate) fn kinds(
    devicetype: Option<u32>,
    hinted: &'static [DeviceKind],
    told: &'static [DeviceKind],
) -> &'static [DeviceKind] {
    let may_be: &[DeviceKind] = match devicetype {
        None | Some(0) => &[],
        Some(1) => &[DeviceKind::Phone, DeviceKind::Tablet],
        Some(2) => DESKTOP,
        Some(3 | 7) => TV,
        Some(4) => PHONE,
        Some(5) => TABLET,
        Some(6) => &[DeviceKind::Tv, DeviceKind::Other],
        Some(_) => OTHER,
    };
    let others = [told, hinted];
    match may_be {
        [] if hinted.is_empty() => told,
        // The user agent tells a television from what else has no phone's pages.
        [] if told == TV => told,
        [] => hinted,
        [_] => may_be,
        several => {
            others.into_iter().find(|one| matches!(one, [kind] if several.contains(kind))).unwrap_or(several)
        }
    }
}

pub(crate) const PHONE: &[DeviceKind] = &[DeviceKind::Phone];
pub(crate) const TABLET: &[DeviceKind] = &[DeviceKind::Tablet];
pub(crate) const DESKTOP: &[DeviceKind] = &[DeviceKind::Desktop];
pub(crate) const TV: &[DeviceKind] = &[DeviceKind::Tv];
pub(crate) const OTHER: &[DeviceKind] = &[DeviceKind::Other];

/// The kind of device that a user agent in lower case is of. Under Android, what is no phone leaves `mobile` out
/// (<https://developer.chrome.com/docs/multidevice/user-agent>). A tablet that asks for pages for computers, as iPads
/// do, is taken for one.
pub(crate) fn of_text(text: &str, os: Option<Os>) -> &'static [DeviceKind] {
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    match os {
        _ if has(TELEVISIONS) => TV,
        Some(Os::Tvos | Os::Roku | Os::Webos | Os::FireOs) => TV,
        _ if has(CONSOLES) => OTHER,
        _ if has(&["ipad", "tablet;", "tablet)", "kindle"]) => TABLET,
        _ if has(&["iphone", "ipod"]) => PHONE,
        Some(Os::Android | Os::Tizen | Os::Harmonyos) => {
            if has(&["mobile"]) {
                PHONE
            } else {
                TABLET
            }
        }
        Some(Os::Ios | Os::WindowsPhone | Os::Kaios) => PHONE,
        Some(Os::Windows | Os::Macos | Os::ChromeOs | Os::Linux) => DESKTOP,
        _ if has(&["mobile"]) => PHONE,
        _ => &[],
    }
}

const TELEVISIONS: &[&str] = &[
    "smart-tv",
    "smarttv",
    "smart tv",
    "hbbtv",
    "appletv",
    "apple tv",
    "googletv",
    "google tv",
    "android tv",
    "androidtv",
    " tv safari",
    "bravia",
    "crkey",
    "chromecast",
    "roku",
    "; aft",
    "web0s",
    "netcast",
    "viera",
    "dtv",
];

const CONSOLES: &[&str] = &["playstation", "xbox", "nintendo"];
