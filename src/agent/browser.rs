//! Names of browsers.

use strum::{EnumString, IntoStaticStr, VariantNames};

/// A browser, by its name in rules: lower case, words joined by `_` (`samsung_internet`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Browser {
    /// Google's, on every system, also under iOS and without a screen.
    Chrome,
    /// The open engine alone, or a browser that names itself so.
    Chromium,
    Safari,
    Firefox,
    Edge,
    /// With its mini, touch and gaming forms.
    Opera,
    SamsungInternet,
    InternetExplorer,
    Brave,
    Vivaldi,
    Yandex,
    DuckDuckGo,
    UcBrowser,
    QqBrowser,
    MiuiBrowser,
    HuaweiBrowser,
    /// Amazon's.
    Silk,
    Whale,
    /// A page inside an app, whatever the engine and the app.
    Webview,
    /// A program with a name that is none of these.
    Other,
}

impl Browser {
    /// Names of all, as rules write them.
    pub const NAMES: &'static [&'static str] = <Self as VariantNames>::VARIANTS;

    /// The browser that a rule names; `None` if it is none.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        name.parse().ok()
    }

    /// Its name in rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// The browser of a brand in the hints (<https://wicg.github.io/ua-client-hints/#brands>). `None` for a brand that
    /// was made up to keep readers tolerant: `Not A;Brand`, in whatever signs.
    pub(crate) fn of_brand(brand: &str) -> Option<Self> {
        Some(match brand {
            "Google Chrome" | "HeadlessChrome" => Self::Chrome,
            "Chromium" => Self::Chromium,
            "Microsoft Edge" => Self::Edge,
            "Opera" | "Opera GX" | "OperaMobile" | "Opera Mini Android" => Self::Opera,
            "Samsung Internet" => Self::SamsungInternet,
            "Safari" => Self::Safari,
            "Firefox" => Self::Firefox,
            "Brave" => Self::Brave,
            "Vivaldi" => Self::Vivaldi,
            "YaBrowser" | "Yandex" => Self::Yandex,
            "DuckDuckGo" => Self::DuckDuckGo,
            "UCBrowser" => Self::UcBrowser,
            "QQBrowser" => Self::QqBrowser,
            "MiuiBrowser" => Self::MiuiBrowser,
            "HuaweiBrowser" => Self::HuaweiBrowser,
            "Amazon Silk" | "Silk" => Self::Silk,
            "Whale" => Self::Whale,
            "Android WebView" | "Microsoft Edge WebView2" => Self::Webview,
            made_up if is_made_up(made_up) => return None,
            _ => Self::Other,
        })
    }

    /// The browser of a family of uap-core.
    pub(crate) fn of_family(family: &str) -> Self {
        match family {
            "Chrome" | "Chrome Mobile" | "Chrome Mobile iOS" | "HeadlessChrome" => Self::Chrome,
            "Chromium" => Self::Chromium,
            "Safari" | "Mobile Safari" => Self::Safari,
            "Edge" | "Edge Mobile" => Self::Edge,
            "Opera" | "Opera GX" | "Opera Mini" | "Opera Mobile" | "Opera Tablet" | "Opera Coast"
            | "Opera Neon" => Self::Opera,
            "Samsung Internet" => Self::SamsungInternet,
            "IE" | "IE Mobile" | "IE Large Screen" => Self::InternetExplorer,
            "Brave" => Self::Brave,
            "Vivaldi" => Self::Vivaldi,
            "Yandex Browser" => Self::Yandex,
            "DuckDuckGo" | "DuckDuckGo Mobile" => Self::DuckDuckGo,
            "UC Browser" => Self::UcBrowser,
            "QQ Browser" | "QQ Browser Mini" | "QQ Browser Mobile" => Self::QqBrowser,
            "MiuiBrowser" | "Mint Browser" => Self::MiuiBrowser,
            "Huawei Browser" => Self::HuaweiBrowser,
            "Amazon Silk" => Self::Silk,
            "Whale" => Self::Whale,
            "Chrome Mobile WebView" | "Mobile Safari UI/WKWebView" => Self::Webview,
            app if APPS.contains(&app) => Self::Webview,
            firefox if firefox.starts_with("Firefox") => Self::Firefox,
            _ => Self::Other,
        }
    }
}

/// Families of uap-core that are apps which show pages: their versions are the app's.
pub(crate) const APPS: [&str; 14] = [
    "Facebook",
    "Facebook Messenger",
    "Instagram",
    "Pinterest",
    "Snapchat",
    "Twitter",
    "LINE",
    "LinkedIn",
    "TikTok",
    "WeChat",
    "Whatsapp",
    "Flipboard",
    "Google",
    "TopBuzz",
];

/// True for `Not A;Brand`, `Not?A_Brand`, `(Not(A:Brand` and so on.
fn is_made_up(brand: &str) -> bool {
    let letters = brand.bytes().filter(u8::is_ascii_alphabetic).map(|letter| letter.to_ascii_lowercase());
    letters.eq(*b"notabrand")
}
