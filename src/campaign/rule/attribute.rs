//! The attributes of the rule language, as one table: the word for each, what its values are, and what of a
//! request it reads.

use std::fmt;

use crate::agent::Browser;
use crate::units::Version;
use crate::units::limits::LEAD_SCORE_MAX;

/// What the values of an attribute are. [`Attribute::canonical`] reads one of them.
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
    /// A name that the advertiser's audience definition has.
    Defined,
    /// A question about events of the advertiser.
    Events,
    /// Classes by recency, frequency and monetary value, or ranges of the three scores.
    Scores,
}

impl Kind {
    /// True if its values are texts of which a list file may hold any number.
    #[must_use]
    pub const fn takes_lists(self) -> bool {
        match self {
            Self::Text
            | Self::Name
            | Self::Keyword
            | Self::Country
            | Self::Region
            | Self::Postcode
            | Self::Domain
            | Self::Page
            | Self::Category
            | Self::Language => true,
            Self::Choice(_)
            | Self::Code(_)
            | Self::Flag
            | Self::Exchange
            | Self::Number { .. }
            | Self::Version
            | Self::Circles
            | Self::Hours
            | Self::Defined
            | Self::Events
            | Self::Scores => false,
        }
    }

    /// What its values are, in words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Text => "texts, compared without case".to_owned(),
            Self::Name => "names, compared with case".to_owned(),
            Self::Keyword => "words, none sensitive".to_owned(),
            Self::Country => "countries of ISO 3166-1".to_owned(),
            Self::Region => "regions of ISO 3166-2".to_owned(),
            Self::Postcode => "beginnings of postcodes".to_owned(),
            Self::Domain => "domains; each covers those below it".to_owned(),
            Self::Page => "addresses of pages; each covers those below it".to_owned(),
            Self::Category => "categories of Content Taxonomy 1.0; each covers those below it".to_owned(),
            Self::Language => "languages of ISO 639-1".to_owned(),
            Self::Choice(words) => words.join(", "),
            Self::Code(most) => format!("numbers from 0 to {most}"),
            Self::Flag => "true or false".to_owned(),
            Self::Exchange => "names of exchange profiles".to_owned(),
            Self::Number { least, most } => {
                format!("a range within {} to {}", least / 1_000, most / 1_000)
            }
            Self::Version => "versions: one with all below it, or from one up to another".to_owned(),
            Self::Circles => "circles: lat, lon, km".to_owned(),
            Self::Defined => "names of the advertiser's audience definition".to_owned(),
            Self::Events => "an event, how often, and when".to_owned(),
            Self::Scores => {
                "classes of the advertiser's audience definition, or ranges of the three scores".to_owned()
            }
            Self::Hours => "days and hours".to_owned(),
        }
    }
}

/// How many values one impression has of an attribute, those above them in their hierarchy apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// At most one.
    One,
    /// Any number, in any mixture.
    Many,
    /// One of these sets: where exchanges say one thing that means several words.
    OneOf(&'static [&'static [&'static str]]),
}

/// Makes the enum, its list, and what each row of the table says.
macro_rules! attributes {
    ($($(#[$doc:meta])* $name:ident $word:literal: $kind:expr, $holds:expr, $channels:expr,
        $reads:literal, $untold:expr;)*) => {
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

            /// How many of them one impression has.
            #[must_use]
            pub const fn holds(self) -> Holds {
                match self { $(Self::$name => $holds,)* }
            }

            /// The channels that tell it, as `channel` names them; empty if it has nothing to do with the channel.
            #[must_use]
            pub const fn channels(self) -> &'static [&'static str] {
                match self { $(Self::$name => $channels,)* }
            }

            /// What of a request it reads, in words.
            #[must_use]
            pub const fn reads(self) -> &'static str {
                match self { $(Self::$name => $reads,)* }
            }

            /// Of which request it is unknown, in words; `None` if it is always told.
            #[must_use]
            pub const fn untold(self) -> Option<&'static str> {
                match self { $(Self::$name => $untold,)* }
            }
        }
    };
}

/// When what a person did is unknown.
const UNPERSONAL: &str = "the ad may not be personalised, or the audience store is not asked";
/// Told whatever the channel.
const ANY: &[&str] = &[];
/// Told of whatever shows the ad, where the request says what that is.
const OUTLET: &[&str] = &["site", "app", "dooh"];
const SITE: &[&str] = &["site"];
const APP: &[&str] = &["app"];
const SCREEN: &[&str] = &["dooh"];
/// `devicetype` 1 is a phone or a tablet, 6 a connected device: a box at a TV or something else.
const DEVICES: &[&[&str]] =
    &[&["phone", "tablet"], &["desktop"], &["tv"], &["phone"], &["tablet"], &["tv", "other"], &["other"]];
const CONNECTIONS: &[&[&str]] = &[
    &["ethernet"],
    &["wifi"],
    &["cellular"],
    &["cellular", "2g"],
    &["cellular", "3g"],
    &["cellular", "4g"],
    &["cellular", "5g"],
];
/// The older `placement` calls in-stream what may be accompanying, too.
const PLACEMENT_SETS: &[&[&str]] = &[
    &["instream"],
    &["accompanying"],
    &["interstitial"],
    &["standalone"],
    &["pause"],
    &["screensaver"],
    &["overlay"],
    &["squeezeback"],
    &["in_scene"],
    &["instream", "accompanying"],
];

attributes! {
    Country "country": Kind::Country, Holds::One, ANY,
        "device.geo.country, else the address, else user.geo.country", Some("none is a country of ISO 3166-1");
    Region "region": Kind::Region, Holds::One, ANY,
        "the region of that place, from the same sources where they agree", Some("the country is unknown, or it is no region of that country");
    City "city": Kind::Text, Holds::Many, ANY,
        "the city of that place, by any of its names", Some("that place has no city");
    Postcode "postcode": Kind::Postcode, Holds::One, ANY,
        "the postcode of that place", Some("that place has no postcode");
    Metro "metro": Kind::Text, Holds::One, ANY,
        "the metro code of that place", Some("that place has no metro code");
    Near "near": Kind::Circles, Holds::Many, ANY,
        "device.geo.lat and lon where a precise place may be used, else the address where it is known as exactly as the circle is drawn",
        Some("there are none; or they are known to more than a kilometre only, and no circle that is wide enough holds them");
    HomeCountry "home_country": Kind::Country, Holds::One, ANY,
        "user.geo.country", Some("absent, no country of ISO 3166-1, or the ad may not be personalised");
    HomeRegion "home_region": Kind::Region, Holds::One, ANY,
        "user.geo.region", Some("absent, no region of that country, or the ad may not be personalised");
    HomeCity "home_city": Kind::Text, Holds::One, ANY,
        "user.geo.city", Some("absent, or the ad may not be personalised");
    HomePostcode "home_postcode": Kind::Postcode, Holds::One, ANY,
        "user.geo.zip", Some("absent, or the ad may not be personalised");
    HomeMetro "home_metro": Kind::Text, Holds::One, ANY,
        "user.geo.metro", Some("absent, or the ad may not be personalised");
    HomeNear "home_near": Kind::Circles, Holds::Many, ANY,
        "user.geo.lat and user.geo.lon", Some("absent, or the place of a person may not be used precisely");
    Daypart "daypart": Kind::Hours, Holds::One, ANY,
        "the hour of the week by the campaign's clock", None;
    ViewerDaypart "viewer_daypart": Kind::Hours, Holds::One, ANY,
        "the hour of the week by the viewer's clock (geo.utcoffset, else the address's zone); written as a daypart whose clock is viewer",
        Some("neither tells it, or no clock on earth shows it");
    Channel "channel": Kind::Choice(&["site", "app", "dooh"]), Holds::One, ANY,
        "which of site, app and dooh is there", Some("none of the three is there");
    Domain "domain": Kind::Domain, Holds::One, SITE,
        "site.domain, else the host of site.page", Some("it is no site, or names neither");
    Referrer "referrer": Kind::Domain, Holds::One, SITE,
        "the host of site.ref", Some("it is no site, or names none");
    Page "page": Kind::Page, Holds::One, SITE,
        "site.page", Some("it is no site, or names no page");
    Site "site": Kind::Text, Holds::One, SITE,
        "site.id", Some("it is no site, or has no id");
    App "app": Kind::Text, Holds::One, APP,
        "app.id", Some("it is no app, or has no id");
    Screen "screen": Kind::Text, Holds::One, SCREEN,
        "dooh.id", Some("it is no screen out of home, or has no id");
    Venue "venue": Kind::Text, Holds::Many, OUTLET,
        "dooh.venuetype", Some("absent");
    Paid "paid": Kind::Flag, Holds::One, OUTLET,
        "app.paid", Some("absent");
    Bundle "bundle": Kind::Text, Holds::One, APP,
        "app.bundle", Some("it is no app, or names no bundle");
    Publisher "publisher": Kind::Text, Holds::One, OUTLET,
        "publisher.id", Some("absent");
    Category "category": Kind::Category, Holds::Many, OUTLET,
        "categories of the outlet and its content, mapped from every taxonomy",
        Some("there are none, or some are not mapped to Content Taxonomy 1.0: then others may be unknown");
    Keyword "keyword": Kind::Keyword, Holds::Many, ANY,
        "keywords of the outlet, its content and the user",
        Some("there are none; those of a user are not read where the ad may not be personalised");
    Language "language": Kind::Language, Holds::One, ANY,
        "content.language, else device.language", Some("both are absent, or have no code of two letters");
    Genre "genre": Kind::Text, Holds::Many, OUTLET,
        "content.genre and content.genres", Some("both are absent");
    Title "title": Kind::Text, Holds::One, OUTLET,
        "content.title", Some("absent");
    Series "series": Kind::Text, Holds::One, OUTLET,
        "content.series", Some("absent");
    ContentRating "content_rating": Kind::Text, Holds::One, OUTLET,
        "content.contentrating", Some("absent");
    MediaRating "media_rating": Kind::Choice(&["all", "over_12", "mature"]), Holds::One, OUTLET,
        "content.qagmediarating", Some("absent, or another code");
    Production "production": Kind::Choice(&["professional", "prosumer", "user_generated"]), Holds::One, OUTLET,
        "content.prodq", Some("absent or 0");
    ContentType "content_type": Kind::Choice(&["video", "game", "music", "application", "text", "other"]), Holds::One, OUTLET,
        "content.context", Some("absent, or 7");
    ContentLength "content_length": Kind::Number { least: 0, most: 1_000_000_000 }, Holds::One, OUTLET,
        "content.len, in seconds", Some("absent");
    ContentSegment "content_segment": Kind::Name, Holds::Many, OUTLET,
        "segments of content.data: id, provider:id and segtax-7:id", Some("there are none");
    Live "live": Kind::Flag, Holds::One, OUTLET,
        "content.livestream", Some("absent");
    ContentChannel "content_channel": Kind::Text, Holds::Many, OUTLET,
        "content.channel, by name, id or domain", Some("absent");
    Network "network": Kind::Text, Holds::Many, OUTLET,
        "content.network, by name, id or domain", Some("absent");
    Device "device": Kind::Choice(&["phone", "tablet", "desktop", "tv", "other"]), Holds::OneOf(DEVICES), ANY,
        "device.devicetype, else device.sua, else device.ua", Some("none tells it");
    Os "os": Kind::Text, Holds::One, ANY,
        "device.os, else device.sua, else device.ua", Some("none tells it");
    OsVersion "os_version": Kind::Version, Holds::One, ANY,
        "device.osv, else device.sua, else device.ua", Some("none tells it");
    Browser "browser": Kind::Choice(Browser::NAMES), Holds::One, ANY,
        "device.sua, else device.ua", Some("neither tells it");
    BrowserVersion "browser_version": Kind::Version, Holds::One, ANY,
        "device.sua, else device.ua", Some("neither tells it");
    Robot "robot": Kind::Flag, Holds::One, ANY,
        "device.sua and device.ua", Some("both are absent");
    Make "make": Kind::Text, Holds::One, ANY,
        "device.make", Some("absent");
    Model "model": Kind::Text, Holds::One, ANY,
        "device.model", Some("absent");
    Connection "connection": Kind::Choice(&["ethernet", "wifi", "cellular", "2g", "3g", "4g", "5g"]), Holds::OneOf(CONNECTIONS), ANY,
        "device.connectiontype", Some("absent or 0");
    Carrier "carrier": Kind::Text, Holds::Many, ANY,
        "device.carrier by name, device.mccmnc as 208-01", Some("both are absent");
    Exchange "exchange": Kind::Exchange, Holds::One, ANY,
        "the exchange that sent the request", None;
    Segment "segment": Kind::Name, Holds::Many, ANY,
        "segments of the request (id, provider:id, segtax-4:id) and of our own audiences",
        Some("the ad may not be personalised; or the audience store is not asked, and the request does not name the segment");
    Event "event": Kind::Events, Holds::Many, ANY,
        "what the person did at the advertiser's, by our own audiences", Some(UNPERSONAL);
    Stage "stage": Kind::Defined, Holds::One, ANY,
        "the person's stage in the advertiser's life cycle", Some(UNPERSONAL);
    Rfm "rfm": Kind::Scores, Holds::Many, ANY,
        "the person's recency, frequency and monetary value to the advertiser", Some(UNPERSONAL);
    LeadScore "lead_score": Kind::Number { least: 0, most: LEAD_SCORE_MAX * 1_000 }, Holds::One, ANY,
        "the points that the advertiser gives the person", Some(UNPERSONAL);
    Intent "intent": Kind::Defined, Holds::Many, ANY,
        "what the person wants, by the advertiser's definition", Some(UNPERSONAL);
    Age "age": Kind::Number { least: 0, most: 130_000 }, Holds::One, ANY,
        "user.yob: full years by the end of last year", Some("absent, or the ad may not be personalised");
    Gender "gender": Kind::Choice(&["male", "female", "other"]), Holds::One, ANY,
        "user.gender", Some("absent, or the ad may not be personalised");
    Format "format": Kind::Choice(&["banner", "video", "audio", "native"]), Holds::Many, ANY,
        "the media that the impression offers", Some("it offers none of the four");
    Position "position": Kind::Code(17), Holds::Many, ANY,
        "banner.pos, video.pos, audio.pos", Some("absent or 0");
    Placement "placement": Kind::Choice(PLACEMENTS), Holds::OneOf(PLACEMENT_SETS), ANY,
        "video.plcmt, else the older video.placement", Some("it offers no video, or does not say where");
    Roll "roll": Kind::Choice(&["pre", "mid", "post"]), Holds::Many, ANY,
        "startdelay of video and audio", Some("it offers neither, or does not say when");
    Interstitial "interstitial": Kind::Flag, Holds::One, ANY,
        "imp.instl; absent is false", None;
    ImpressionsPerPlay "impressions_per_play": Kind::Number { least: 0, most: 1_000_000_000 }, Holds::One, SCREEN,
        "imp.qty.multiplier of a screen out of home", Some("it is no screen out of home");
    Rewarded "rewarded": Kind::Flag, Holds::One, ANY,
        "imp.rwdd; absent is false", None;
    Viewability "viewability": Kind::Number { least: 0, most: 100_000 }, Holds::One, ANY,
        "imp.metric of type viewability, in per cent", Some("there is none, or it is no share");
    ClickThroughRate "click_through_rate": Kind::Number { least: 0, most: 100_000 }, Holds::One, ANY,
        "imp.metric of type click_through_rate, in per cent", Some("there is none, or it is no share");
    Tag "tag": Kind::Name, Holds::One, ANY,
        "imp.tagid", Some("absent");
    Deal "deal": Kind::Name, Holds::Many, ANY,
        "ids of imp.pmp.deals", None;
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

/// The version of a number that [`version_number`] gave.
#[must_use]
pub fn number_version(number: i64) -> Version {
    Version::from_raw(u64::try_from(number).unwrap_or(0))
}

impl Attribute {
    /// The attribute that the language calls `word`.
    #[must_use]
    pub fn from_name(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|attribute| attribute.name() == word)
    }

    /// The attributes of what people did at the advertiser's, in the order of the table.
    pub const BEHAVIOUR: [Self; 5] = [Self::Event, Self::Stage, Self::Rfm, Self::LeadScore, Self::Intent];

    /// True if it asks what people did at the advertiser's.
    #[must_use]
    pub const fn is_behaviour(self) -> bool {
        matches!(self, Self::Event | Self::Stage | Self::Rfm | Self::LeadScore | Self::Intent)
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
        assert!(
            Attribute::BEHAVIOUR.is_sorted() && Attribute::BEHAVIOUR.iter().all(|one| one.is_behaviour())
        );
        assert_eq!(Attribute::ALL.iter().filter(|one| one.is_behaviour()).count(), 5);
        assert_eq!(Attribute::from_name("Country"), None);
    }
}
