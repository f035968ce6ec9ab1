//! The software behind a request: browser, operating system, their versions, the kind of device, and whether it is a
//! robot. A rule for browsers and systems asks here; pure, and without allocation for a request.
//!
//! Three places tell it. What the request says outright (`device.os`, `osv`, `devicetype`) comes first, then the
//! browser's hints (`device.sua`, which OpenRTB prefers to `ua`), then the user agent. User agents are read by
//! [`Reader`], with the crate `ua-parser` and the rules of uap-core: of the crates looked at it is the one that is kept
//! (0.2.2 of March 2026; `woothee`'s last release is of 2021), whose rules are data that others keep for all languages,
//! and that knows webviews, apps and recent browsers. All its rules take 3 us for a user agent, those of `woothee` 1.5 us.
//!
//! Deliberately absent: makers and models of devices, which requests name themselves; and a guess at what browsers
//! hide. They freeze what they say: macOS above 10.15 says 10.15.7, Windows 11 says 10, and Chrome on Android may say 10.
//! Only the hints tell those versions.

mod browser;
mod device;
mod hints;
mod os;
mod reader;

pub use browser::Browser;
pub use device::DeviceKind;
pub use os::Os;
pub use reader::Reader;

use crate::openrtb::Device;
use crate::units::Version;

/// What runs on a device. `None` and no kind: nobody said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agent {
    /// The browser.
    pub browser: Option<Browser>,
    /// Its version; of a webview that of the engine, and none of the app around it.
    pub browser_version: Option<Version>,
    /// The operating system.
    pub os: Option<Os>,
    /// Its version, perhaps frozen by the browser: see the module.
    pub os_version: Option<Version>,
    /// The kinds it may be: mostly one; two where the request says `1`, phone or tablet, or `6`, a connected device,
    /// which is a television or another, and nothing else decides; none if nobody said.
    pub device: &'static [DeviceKind],
    /// True if it says that it is no person's browser: a crawler, a browser without a screen, a library.
    pub robot: bool,
}

impl Agent {
    /// What runs on `device`, of whose user agent `told` is what [`Reader::read`] says; `None` if it was not read.
    #[must_use]
    pub fn of(device: &Device<'_>, told: Option<Self>) -> Self {
        let told = told.unwrap_or_default();
        let hinted = device.sua.map(hints::read).unwrap_or_default();
        let (browser, browser_version) = match (hinted.browser, told.browser) {
            // An engine alone is no browser: the user agent may know more.
            (None | Some(Browser::Chromium), Some(_)) => (told.browser, told.browser_version),
            _ => (hinted.browser, hinted.browser_version),
        };
        let (os, os_version) = system(device, &hinted, &told);
        Self {
            browser,
            browser_version,
            os,
            os_version,
            device: device::kinds(device.devicetype, hinted.device, told.device),
            robot: told.robot || hinted.robot,
        }
    }
}

/// The system that is named first, by the first version told of it.
fn system(device: &Device<'_>, hinted: &Agent, told: &Agent) -> (Option<Os>, Option<Version>) {
    let stated = device.os.and_then(Os::named);
    let systems = [stated, hinted.os, told.os];
    let named = systems.into_iter().flatten().find(|os| *os != Os::Other);
    let Some(os) = named.or_else(|| systems.into_iter().flatten().next()) else { return (None, None) };
    // Where `os` is absent, the hints stand in its place, with the version as they write it.
    let stated_version =
        device.osv.and_then(Version::parse).filter(|_| stated.is_none_or(|stated| stated == os));
    let of_hints = hinted.os_version.filter(|_| hinted.os == Some(os));
    let is_of_hints = hinted.os == Some(os) && stated_version == device.sua.and_then(hints::platform_version);
    let version = match stated_version {
        Some(version) if !is_of_hints => Some(os.version_as_sold(version)),
        _ => of_hints.or(told.os_version.filter(|_| told.os == Some(os))),
    };
    (Some(os), version)
}

#[cfg(test)]
mod tests;
