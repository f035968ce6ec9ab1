//! The attributes of the rule language, as one table: the word for each, what its values are, and what of a
//! request it reads.

use std::fmt;

use crate::agent::Browser;
use crate::units::Version;

/// What the values of an attribute are. [`Kind::canonical`] reads one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text, compared without case.
    Text,
    /// A name, compared with case: of segments and deals, which exchanges tell apart by it.
    Name,
    /// A word that is matched against texts that people wrote; no sensitive ones.
    Keyword,
    /// A country of ISO 3166-1, in either form.
    Country,
    /// A region of ISO 3166-2, as `FR-IDF`.
    Region,
    /// The beginning of a postcode.
    Postcode,
    /// A domain; it fits those below it, too.
    Domain,
    /// The beginning of a page's address: a host and whole steps of the path.
    Page,
    /// A category of the IAB Content Taxonomy 1.0; it fits those below it, too.
    Category,
    /// A language of ISO 639-1.
    Language,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number from 0 to this one.
    Code(u32),
    /// `true` or `false`.
    Flag,
    /// An exchange, by the name of its profile.
    Exchange,
    /// A range of numbers, in thousandths, within these bounds.
    Number {
        /// The least that makes sense.
        least: i64,
        /// The most that makes sense.
        most: i64,
    },
    /// A range of versions of software, as numbers of [`version_number`].
    Version,
    /// Circles on the globe.
    Circles,
    /// Hours of the week.
    Hours,
}

/// Makes the enum, its list, and what each row of the table says.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident $word:literal, $kind:expr, $reads:literal;)*) => {
        /// An attribute that rules compare. `ALL[a as usize] == a`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Attribute {
            $(#[doc = concat!("`", $word, "`: ", $reads, ".")] $name,)*
        }

        impl Attribute {
            /// How many there are.
            pub const COUNT: usize = Self::ALL.len();

            /// All of them, in order.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The attribute's word in the rule language.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What its values are.
            #[must_use]
            pub const fn kind(self) -> Kind {
                match self { $(Self::$name => $kind,)* }
            }

            /// What of a request it reads, in words. Where that is absent, the attribute is unknown.
            #[must_use]
            pub const fn reads(self) -> &'static str {
                match self { $(Self::$name => $reads,)* }
            }
        }
    };
}

attributes! {
    Country "country", Kind::Country, "device.geo.country, else user.geo.country";
    Region "region", Kind::Region, "the region of that place";
    City "city", Kind::Text, "the city of that place, by name";
    Postcode "postcode", Kind::Postcode, "the postcode of that place";
    Metro "metro", Kind::Text, "the metro code of that place";
    Near "near", Kind::Circles, "the coordinates of that place";
    HomeCountry "home_country", Kind::Country, "user.geo.country";
    HomeRegion "home_region", Kind::Region, "user.geo.region";
    HomeCity "home_city", Kind::Text, "user.geo.city";
    HomePostcode "home_postcode", Kind::Postcode, "user.geo.zip";
    HomeMetro "home_metro", Kind::Text, "user.geo.metro";
    HomeNear "home_near", Kind::Circles, "user.geo.lat and user.geo.lon";
    Daypart "daypart", Kind::Hours, "the hour of the week by the campaign's clock";
    ViewerDaypart "viewer_daypart", Kind::Hours, "the hour of the week by the viewer's clock (geo.utcoffset)";
    Channel "channel", Kind::Choice(&["site", "app", "dooh"]), "which of site, app and dooh is there";
    Domain "domain", Kind::Domain, "site.domain, else the host of site.page";
    Referrer "referrer", Kind::Domain, "the host of site.ref";
    Page "page", Kind::Page, "site.page";
    Site "site", Kind::Text, "site.id";
    App "app", Kind::Text, "app.id";
    Screen "screen", Kind::Text, "dooh.id";
    Venue "venue", Kind::Text, "dooh.venuetype";
    Paid "paid", Kind::Flag, "app.paid";
    Bundle "bundle", Kind::Text, "app.bundle";
    Publisher "publisher", Kind::Text, "publisher.id";
    Category "category", Kind::Category, "categories of the outlet and its content, mapped from every taxonomy";
    Keyword "keyword", Kind::Keyword, "keywords of the outlet, its content and the user";
    Language "language", Kind::Language, "content.language, else device.language";
    Genre "genre", Kind::Text, "content.genre and content.genres";
    Title "title", Kind::Text, "content.title";
    Series "series", Kind::Text, "content.series";
    ContentRating "content_rating", Kind::Text, "content.contentrating";
    MediaRating "media_rating", Kind::Choice(&["all", "over_12", "mature"]), "content.qagmediarating";
    Production "production", Kind::Choice(&["professional", "prosumer", "user_generated"]), "content.prodq";
    ContentType "content_type", Kind::Choice(&["video", "game", "music", "application", "text", "other"]), "content.context";
    ContentLength "content_length", Kind::Number { least: 0, most: 1_000_000_000 }, "content.len, in seconds";
    ContentSegment "content_segment", Kind::Name, "segments of content.data";
    Live "live", Kind::Flag, "content.livestream";
    ContentChannel "content_channel", Kind::Text, "content.channel, by name, id or domain";
    Network "network", Kind::Text, "content.network, by name, id or domain";
    Device "device", Kind::Choice(&["phone", "tablet", "desktop", "tv", "other"]), "device.devicetype, else device.sua, else device.ua";
    Os "os", Kind::Text, "device.os, else device.sua, else device.ua";
    OsVersion "os_version", Kind::Version, "device.osv, else device.sua, else device.ua";
    Browser "browser", Kind::Choice(Browser::NAMES), "device.sua, else device.ua";
    BrowserVersion "browser_version", Kind::Version, "device.sua, else device.ua";
    Robot "robot", Kind::Flag, "device.sua and device.ua";
    Make "make", Kind::Text, "device.make";
    Model "model", Kind::Text, "device.model";
    Connection "connection", Kind::Choice(&["ethernet", "wifi", "cellular", "2g", "3g", "4g", "5g"]), "device.connectiontype";
    Carrier "carrier", Kind::Text, "device.carrier by name, device.mccmnc as 208-01";
    Exchange "exchange", Kind::Exchange, "the exchange that sent the request";
    Segment "segment", Kind::Name, "segments of the request and of our own audiences";
    Age "age", Kind::Number { least: 0, most: 130_000 }, "user.yob: full years by the end of last year";
    Gender "gender", Kind::Choice(&["male", "female", "other"]), "user.gender";
    Format "format", Kind::Choice(&["banner", "video", "audio", "native"]), "the media that the impression offers";
    Position "position", Kind::Code(17), "banner.pos, video.pos, audio.pos";
    Placement "placement", Kind::Choice(PLACEMENTS), "video.plcmt, else the older video.placement";
    Roll "roll", Kind::Choice(&["pre", "mid", "post"]), "startdelay of video and audio";
    Interstitial "interstitial", Kind::Flag, "imp.instl";
    ImpressionsPerPlay "impressions_per_play", Kind::Number { least: 0, most: 1_000_000_000 }, "imp.qty.multiplier of a screen out of home";
    Rewarded "rewarded", Kind::Flag, "imp.rwdd";
    Viewability "viewability", Kind::Number { least: 0, most: 100_000 }, "imp.metric of type viewability, in per cent";
    ClickThroughRate "click_through_rate", Kind::Number { least: 0, most: 100_000 }, "imp.metric of type click_through_rate, in per cent";
    Tag "tag", Kind::Name, "imp.tagid";
    Deal "deal", Kind::Name, "ids of imp.pmp.deals";
}

/// AdCOM 1.0, "Plcmt Subtypes - Video", from 1 on.
pub const PLACEMENTS: &[&str] = &[
    "instream",
    "accompanying",
    "interstitial",
    "standalone",
    "pause",
    "screensaver",
    "overlay",
    "squeezeback",
    "in_scene",
];

/// A version as a number in the same order; versions beyond any that software has are one.
#[must_use]
pub fn version_number(version: Version) -> i64 {
    i64::try_from(version.raw()).unwrap_or(i64::MAX)
}

impl Attribute {
    /// The attribute that the language calls `word`.
    #[must_use]
    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == word)
    }

    /// True if it is of one impression, not of the whole request.
    #[must_use]
    pub const fn is_of_imp(self) -> bool {
        matches!(
            self,
            Self::Format
                | Self::Position
                | Self::Placement
                | Self::Roll
                | Self::Interstitial
                | Self::ImpressionsPerPlay
                | Self::Rewarded
                | Self::Viewability
                | Self::ClickThroughRate
                | Self::Tag
                | Self::Deal
        )
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Attribute;

    #[test]
    fn the_table_has_one_row_a_word_and_fits_a_mask_of_128_bits() {
        for (number, attribute) in Attribute::ALL.iter().enumerate() {
            assert_eq!(*attribute as usize, number);
            assert_eq!(Attribute::from_name(attribute.name()), Some(*attribute));
        }
        const { assert!(Attribute::COUNT <= 128) };
        assert_eq!(Attribute::from_name("Country"), None);
    }
}
