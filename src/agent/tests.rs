//! What user agents, hints and requests say of browsers, systems and devices, case by case.

use std::sync::LazyLock;

use proptest::prelude::{any, prop, proptest};

use crate::agent::{Agent, Browser, DeviceKind, Os, Reader};
use crate::openrtb::{BrandVersion, Device, Sua};
use crate::units::limits::USER_AGENT_BYTES_MAX;

static READER: LazyLock<Reader> = LazyLock::new(Reader::default);

/// `chrome 120.0.6099 / windows 10 / desktop`, with `robot` behind it and `-` for what is not known.
fn shown(agent: Agent) -> String {
    let named = |name: Option<&str>, version: Option<_>| {
        let version = version.map(|version: crate::units::Version| format!(" {version}")).unwrap_or_default();
        format!("{}{version}", name.unwrap_or("-"))
    };
    let kinds: Vec<&str> = agent.device.iter().map(|kind| kind.into()).collect();
    format!(
        "{} / {} / {}{}",
        named(agent.browser.map(Browser::name), agent.browser_version),
        named(agent.os.map(Os::name), agent.os_version),
        if kinds.is_empty() { "-".to_owned() } else { kinds.join("|") },
        if agent.robot { " robot" } else { "" },
    )
}

#[track_caller]
fn check(user_agent: &str, want: &str) {
    assert_eq!(shown(READER.read(user_agent)), want, "{user_agent}");
}

/// What is known of `device`, its user agent read.
#[track_caller]
fn check_device(device: Device<'_>, want: &str) {
    assert_eq!(shown(Agent::of(&device, device.ua.map(|ua| READER.read(ua)))), want, "{device:?}");
}

const WINDOWS_CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.6099.28 Safari/537.36";
const IPHONE: &str =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)";

#[test]
fn browsers_are_told_from_those_whose_names_they_carry() {
    check(WINDOWS_CHROME, "chrome 120.0.6099 / windows 10 / desktop");
    check(&format!("{WINDOWS_CHROME} Edg/123.0.2420.65"), "edge 123.0.2420 / windows 10 / desktop");
    check(&format!("{WINDOWS_CHROME} OPR/108.0.0.0"), "opera 108 / windows 10 / desktop");
    check(&format!("{WINDOWS_CHROME} Vivaldi/6.5"), "vivaldi 6.5 / windows 10 / desktop");
    check(&format!("{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1"), "safari 17.4 / ios 17.4.1 / phone");
    check(
        &format!("{IPHONE} CriOS/123.0.6312.52 Mobile/15E148 Safari/604.1"),
        "chrome 123.0.6312 / ios 17.4.1 / phone",
    );
    check(&format!("{IPHONE} FxiOS/124.0 Mobile/15E148 Safari/605.1.15"), "firefox 124 / ios 17.4.1 / phone");
    check(
        &format!("{ANDROID} SamsungBrowser/24.0 Chrome/117.0.0.0 Mobile Safari/537.36"),
        "samsung_internet 24 / android 14 / phone",
    );
    check(
        "Mozilla/5.0 (Linux; Android 10; VOG-L29) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 \
         HuaweiBrowser/14.0.2.311 Mobile Safari/537.36",
        "huawei_browser 14.0.2 / android 10 / phone",
    );
    check(
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:124.0) Gecko/20100101 Firefox/124.0",
        "firefox 124 / linux / desktop",
    );
    check(
        "Mozilla/5.0 (Android 14; Mobile; rv:124.0) Gecko/124.0 Firefox/124.0",
        "firefox 124 / android 14 / phone",
    );
    check(
        "Mozilla/5.0 (Android 14; Tablet; rv:124.0) Gecko/124.0 Firefox/124.0",
        "firefox 124 / android 14 / tablet",
    );
    check(
        "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
        "internet_explorer 11 / windows 10 / desktop",
    );
}

#[test]
fn a_page_inside_an_app_is_a_webview_with_the_version_of_its_engine() {
    let webview = "Mozilla/5.0 (Linux; Android 14; Pixel 8 Build/UQ1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) \
                   Version/4.0 Chrome/122.0.6261.119 Mobile Safari/537.36";
    check(webview, "webview 122.0.6261 / android 14 / phone");
    check(&format!("{webview} [FB_IAB/FB4A;FBAV/456.0.0.48.82;]"), "webview / android 14 / phone");
    check(&format!("{IPHONE} Mobile/15E148"), "webview / ios 17.4.1 / phone");
    check(
        &format!("{IPHONE} Mobile/15E148 Instagram 320.0.0.27.107 (iPhone15,2; iOS 17_4_1; en_US)"),
        "webview / ios 17.4.1 / phone",
    );
}

#[test]
fn systems_have_one_name_and_versions_that_keep_their_order() {
    check(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4.1 Safari/605.1.15",
        "safari 17.4.1 / macos 10.15.7 / desktop",
    );
    check(
        "Mozilla/5.0 (Windows NT 5.1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/41.0.2272.101 Safari/537.36",
        "chrome 41.0.2272 / windows 5.1 / desktop",
    );
    check(
        "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
        "internet_explorer 8 / windows 7 / desktop",
    );
    check(
        "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/123.0.0.0 Safari/537.36",
        "chrome 123 / chrome_os 14541 / desktop",
    );
}

#[test]
fn devices_are_told_by_what_they_ask_for() {
    check(
        "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        "safari 17.4 / ios 17.4 / tablet",
    );
    check(&format!("{ANDROID} Chrome/123.0.0.0 Safari/537.36"), "chrome 123 / android 14 / tablet");
    check(&format!("{ANDROID} Chrome/123.0.0.0 Mobile Safari/537.36"), "chrome 123 / android 14 / phone");
    check(
        "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36",
        "safari / tizen 6 / tv",
    );
    check(
        "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36 WebAppManager",
        "chrome 79.0.3945 / webos / tv",
    );
    check("Roku/DVP-9.0 (919.00E04142A)", "other 9 / roku 9 / tv");
    check("AppleCoreMedia/1.0.0.21K69 (Apple TV; U; CPU OS 17_1 like Mac OS X; en_us)", "- / tvos / tv");
    check(
        "Mozilla/5.0 (Linux; Android 9; AFTKA Build/PS7633; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 \
         Chrome/108.0.5359.220 Mobile Safari/537.36",
        "webview 108.0.5359 / android 9 / tv",
    );
    check(
        "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15",
        "safari 13 / - / other",
    );
}

#[test]
fn crawlers_tools_and_browsers_without_a_screen_are_robots() {
    for robot in [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0) Chrome/116.0.1938.76 Safari/537.36",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.6099.28 Safari/537.36",
        "curl/8.4.0",
        "python-requests/2.31.0",
        "PostmanRuntime/7.26.8",
        "Mozilla/5.0 (compatible; SomethingNew/1.0; +https://new.example/about)",
    ] {
        assert!(READER.read(robot).robot, "{robot}");
    }
    for person in [
        WINDOWS_CHROME,
        "Dalvik/2.1.0 (Linux; U; Android 5.0.2; Micromax A096 Build/LRX21M)",
        "okhttp/4.9.3",
        "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/99.0.4844.88 Mobile Safari/537.36",
        "Roku/DVP-9.0 (919.00E04142A)",
        "test-user-agent",
        "",
    ] {
        assert!(!READER.read(person).robot, "{person}");
    }
}

#[test]
fn a_text_that_is_no_user_agent_says_nothing() {
    for text in ["", "UA", "userAgent", "Mozilla/5.0", "chrome", "\0", "é"] {
        check(text, "- / - / -");
    }
}

#[test]
fn only_the_first_bytes_of_a_user_agent_are_read() {
    let behind =
        |filler: &str| READER.read(&format!("{}{WINDOWS_CHROME}", filler.repeat(USER_AGENT_BYTES_MAX)));
    assert_eq!(behind("é"), Agent::default());
    assert_eq!(behind("x"), Agent::default());
}

// The hints.

fn brand<'a>(brand: &'a str, version: &'a [&'a str]) -> BrandVersion<'a> {
    BrandVersion { brand, version }
}

#[track_caller]
fn check_brands(brands: &[BrandVersion<'_>], want: &str) {
    let sua = Sua { browsers: brands, ..Sua::default() };
    check_device(Device { sua: Some(&sua), ..Device::default() }, want);
}

#[test]
fn of_several_brands_the_one_that_says_most_counts() {
    let chromium = brand("Chromium", &["120", "0", "6099", "28"]);
    let chrome = brand("Google Chrome", &["120"]);
    check_brands(&[chromium, chrome, brand("Not?A_Brand", &["99"])], "chrome 120 / - / -");
    check_brands(
        &[brand("Not.A/Brand", &["8"]), chromium, brand("Microsoft Edge", &["121"])],
        "edge 121 / - / -",
    );
    check_brands(&[chrome, brand("Vivaldi", &["6.5"]), chromium], "vivaldi 6.5 / - / -");
    check_brands(&[chromium, brand("Some Browser", &["3"])], "other 3 / - / -");
    check_brands(&[chrome, brand("Some Browser", &["3"])], "chrome 120 / - / -");
    check_brands(&[brand("Android WebView", &["120"]), chromium], "webview 120 / - / -");
    check_brands(&[chromium], "chromium 120.0.6099 / - / -");
    check_brands(&[], "- / - / -");
    check_brands(&[brand("HeadlessChrome", &["120"])], "chrome 120 / - / - robot");
}

#[test]
fn a_brand_that_was_made_up_is_no_browser() {
    for made_up in [
        " Not A;Brand",
        "Not;A Brand",
        "(Not(A:Brand",
        "Not/A)Brand",
        "Not.A/Brand",
        "Not_A Brand",
        "\\Not\"A;Brand",
        "Not=A?Brand",
        "Not:A-Brand",
    ] {
        check_brands(&[brand(made_up, &["99"])], "- / - / -");
    }
}

#[test]
fn the_hints_come_before_the_user_agent_but_an_engine_alone_does_not() {
    let hints = |brands| Sua { browsers: brands, ..Sua::default() };
    let (edge, chromium) = ([brand("Microsoft Edge", &["121"])], [brand("Chromium", &["121"])]);
    for (sua, want) in [
        (hints(&edge), "edge 121 / windows 10 / desktop"),
        (hints(&chromium), "chrome 120.0.6099 / windows 10 / desktop"),
        (hints(&[]), "chrome 120.0.6099 / windows 10 / desktop"),
    ] {
        check_device(Device { sua: Some(&sua), ua: Some(WINDOWS_CHROME), ..Device::default() }, want);
    }
}

#[test]
fn the_hints_tell_the_versions_of_windows_that_user_agents_hide() {
    for (sent, want) in [
        ("15.0.0", " 11"),
        ("13", " 11"),
        ("10.0.0", " 10"),
        ("1", " 10"),
        ("0.3", " 8.1"),
        ("0.1", " 7"),
        ("0", " 10"),
    ] {
        let parts = [sent];
        let sua = Sua { platform: Some(brand("Windows", &parts)), ..Sua::default() };
        let alone = Device { sua: Some(&sua), ua: Some(WINDOWS_CHROME), ..Device::default() };
        let want = format!("chrome 120.0.6099 / windows{want} / desktop");
        check_device(alone, &want);
        // As the decoder hands it over where the request itself names no system.
        check_device(Device { os: Some("Windows"), osv: Some(sent), ..alone }, &want);
    }
}

#[test]
fn the_request_names_the_system_first_and_the_others_add_its_version() {
    let device = |os, osv| Device { os: Some(os), osv, ua: Some(WINDOWS_CHROME), ..Device::default() };
    check_device(device("iOS", Some("17.4")), "chrome 120.0.6099 / ios 17.4 / desktop");
    check_device(device("iOS", None), "chrome 120.0.6099 / ios / desktop");
    check_device(device("Windows", None), "chrome 120.0.6099 / windows 10 / desktop");
    check_device(device("Windows", Some("15.0.0")), "chrome 120.0.6099 / windows 11 / desktop");
    check_device(device("TempleOS", Some("5")), "chrome 120.0.6099 / windows 10 / desktop");
    check_device(Device { os: Some("TempleOS"), osv: Some("5"), ..Device::default() }, "- / other 5 / -");
    check_device(
        Device { osv: Some("11"), ua: Some(WINDOWS_CHROME), ..Device::default() },
        "chrome 120.0.6099 / windows 11 / desktop",
    );
    check_device(Device { osv: Some("11"), ..Device::default() }, "- / - / -");
}

#[test]
fn a_device_type_that_means_two_kinds_is_made_one_by_what_else_is_told() {
    let tablet = "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";
    let device = |devicetype, ua| {
        Agent::of(
            &Device { devicetype, ..Device::default() },
            Some(ua).filter(|ua: &&str| !ua.is_empty()).map(|ua| READER.read(ua)),
        )
        .device
    };
    assert_eq!(device(Some(1), ""), [DeviceKind::Phone, DeviceKind::Tablet]);
    assert_eq!(device(Some(1), tablet), [DeviceKind::Tablet]);
    assert_eq!(device(Some(1), WINDOWS_CHROME), [DeviceKind::Phone, DeviceKind::Tablet]);
    assert_eq!(device(Some(4), tablet), [DeviceKind::Phone]);
    assert_eq!(device(Some(6), "Roku/DVP-9.0 (919.00E04142A)"), [DeviceKind::Tv]);
    assert_eq!(device(Some(6), ""), [DeviceKind::Tv, DeviceKind::Other]);
    assert_eq!(device(None, tablet), [DeviceKind::Tablet]);
    assert_eq!(device(Some(8), tablet), [DeviceKind::Other]);
    let phone = Sua { mobile: Some(true), ..Sua::default() };
    let hinted = Device { sua: Some(&phone), devicetype: Some(1), ..Device::default() };
    assert_eq!(Agent::of(&hinted, None).device, [DeviceKind::Phone]);
}

// Names.

#[test]
fn every_name_in_rules_is_read_again() {
    for name in Browser::NAMES {
        assert_eq!(Browser::from_name(name).map(Browser::name), Some(*name));
    }
    for name in Os::NAMES {
        assert_eq!(Os::from_name(name).map(Os::name), Some(*name));
    }
    assert_eq!(Browser::NAMES[6], "samsung_internet");
    assert_eq!(Browser::from_name("Chrome"), None);
    assert_eq!(Os::from_name("Mac OS X"), None);
}

#[test]
fn systems_are_known_by_all_the_names_that_requests_give_them() {
    for (text, want) in [
        ("iOS", Some(Os::Ios)),
        ("iPhone OS", Some(Os::Ios)),
        ("IPADOS", Some(Os::Ios)),
        ("Android", Some(Os::Android)),
        ("android 14", Some(Os::Android)),
        ("Windows 10", Some(Os::Windows)),
        ("windows phone", Some(Os::WindowsPhone)),
        ("Mac OS X", Some(Os::Macos)),
        ("macOS", Some(Os::Macos)),
        ("Chrome OS", Some(Os::ChromeOs)),
        ("Ubuntu", Some(Os::Linux)),
        ("webOS", Some(Os::Webos)),
        ("Web0S", Some(Os::Webos)),
        ("Roku OS", Some(Os::Roku)),
        ("Tizen", Some(Os::Tizen)),
        ("tvOS", Some(Os::Tvos)),
        ("BeOS", Some(Os::Other)),
        ("Système", Some(Os::Other)),
        ("Unknown", None),
        ("", None),
        ("  ", None),
    ] {
        assert_eq!(Os::named(text), want, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,300}", start in 0..WINDOWS_CHROME.len()) {
        let _ = READER.read(&text);
        let _ = READER.read(&format!("{}{text}", &WINDOWS_CHROME[..start]));
        let _ = Os::named(&text);
    }

    #[test]
    fn no_hints_panic(
        brands in prop::collection::vec(("\\PC{0,20}", prop::collection::vec("[0-9.a-z]{0,6}", 0..5)), 0..5),
        os in prop::option::of("\\PC{0,12}"), devicetype in any::<Option<u32>>(), mobile in any::<Option<bool>>(),
    ) {
        let parts: Vec<Vec<&str>> = brands.iter().map(|(_, parts)| parts.iter().map(String::as_str).collect()).collect();
        let brands: Vec<_> = brands.iter().zip(&parts).map(|((name, _), parts)| brand(name, parts)).collect();
        let sua = Sua { browsers: &brands, platform: brands.first().copied(), mobile, ..Sua::default() };
        let _ = Agent::of(&Device { sua: Some(&sua), os: os.as_deref(), devicetype, ..Device::default() }, None);
    }
}
