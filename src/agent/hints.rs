//! A browser's hints: `device.sua`, 3.2.29.

use crate::agent::device::{DESKTOP, DeviceKind, PHONE, TABLET};
use crate::agent::{Agent, Browser, Os};
use crate::openrtb::Sua;
use crate::units::Version;

/// What the hints tell. Of several browsers the one that says most: a name of its own before Chrome, which some of
/// those that build on it keep beside, before a name that is on no list, before the bare engine.
pub(crate) fn read(sua: &Sua<'_>) -> Agent {
    let named = sua.browsers.iter().filter_map(|brand| Some((Browser::of_brand(brand.brand)?, brand)));
    let best = named.min_by_key(|(browser, _)| match browser {
        Browser::Chrome => 1,
        Browser::Other => 2,
        Browser::Chromium => 3,
        _ => 0,
    });
    let os = sua.platform.and_then(|platform| Os::named(platform.brand));
    Agent {
        browser: best.map(|(browser, _)| browser),
        browser_version: best.and_then(|(_, brand)| Version::of_parts(brand.version.iter().copied())),
        os,
        os_version: os.zip(platform_version(sua)).and_then(|(os, version)| os.hinted_version(version)),
        device: device(sua.mobile, os),
        robot: sua.browsers.iter().any(|brand| brand.brand == "HeadlessChrome"),
    }
}

/// The version of the platform, as it is sent.
pub(crate) fn platform_version(sua: &Sua<'_>) -> Option<Version> {
    Version::of_parts(sua.platform?.version.iter().copied())
}

/// What does not ask for pages for phones is a tablet under Android, which says nothing of televisions.
fn device(mobile: Option<bool>, os: Option<Os>) -> &'static [DeviceKind] {
    match (mobile, os) {
        (Some(true), _) => PHONE,
        (Some(false), Some(Os::Android)) => TABLET,
        (_, Some(Os::Windows | Os::Macos | Os::ChromeOs | Os::Linux)) => DESKTOP,
        _ => &[],
    }
}
