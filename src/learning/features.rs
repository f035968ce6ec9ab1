//! What of an impression is learnt from: its fields, each as the hash of its value.
//!
//! Deliberately absent: anything that names a person. That somebody is known is a field; who it is, is none.

use strum::{EnumCount, VariantArray};

use crate::agent::Agent;
use crate::learning::value::Value;
use crate::openrtb::{BidRequest, Channel, Geo, Imp, MediaType, Outlet};
use crate::units::{
    AdvertiserId, CampaignId, Country, CreativeId, DealId, ExchangeId, LineItemId, UnixMillis,
};

/// One thing that is known of an impression and its ad. The order is part of the format of models and kept examples:
/// add at the end, and raise [`FEATURES_VERSION`].
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    EnumCount,
    VariantArray,
    strum::Display,
    strum::EnumString,
)]
#[strum(serialize_all = "snake_case")]
#[repr(u8)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Field {
    Exchange,
    Channel,
    Outlet,
    Publisher,
    Placement,
    Medium,
    Size,
    Position,
    Interstitial,
    Device,
    Os,
    Browser,
    Connection,
    Country,
    Region,
    City,
    Language,
    Hour,
    Weekday,
    Category,
    Recognised,
    Deal,
    Advertiser,
    Campaign,
    LineItem,
    Creative,
}

/// How many fields there are.
pub const FIELDS: usize = Field::COUNT;

/// Of the fields, of what their values are taken from, and of their hash: a model of another version is refused.
pub const FEATURES_VERSION: u32 = 1;

/// The fields that a candidate has; the others are the request's.
pub(super) const AD_FIELDS: [Field; 7] = [
    Field::Medium,
    Field::Size,
    Field::Deal,
    Field::Advertiser,
    Field::Campaign,
    Field::LineItem,
    Field::Creative,
];

/// The fields that a request has.
pub(super) const REQUEST_FIELDS: [Field; 19] = [
    Field::Exchange,
    Field::Channel,
    Field::Outlet,
    Field::Publisher,
    Field::Placement,
    Field::Position,
    Field::Interstitial,
    Field::Device,
    Field::Os,
    Field::Browser,
    Field::Connection,
    Field::Country,
    Field::Region,
    Field::City,
    Field::Language,
    Field::Hour,
    Field::Weekday,
    Field::Category,
    Field::Recognised,
];

/// Minutes from UTC beyond which no place's clock is.
const UTC_OFFSET_MAX: u32 = 14 * 60;

/// For each field the hash of its value; 0 = not told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features(pub [u32; FIELDS]);

impl Default for Features {
    fn default() -> Self {
        Self([0; FIELDS])
    }
}

/// What an ad adds to the features of a request.
#[derive(Debug, Clone, Copy)]
pub struct Ad {
    /// As what it is shown.
    pub medium: MediaType,
    /// Width and height, if it has them.
    pub size: Option<(u32, u32)>,
    /// The deal that it is bid on, if any.
    pub deal: Option<DealId>,
    /// Whose it is.
    pub advertiser: AdvertiserId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// Its line item.
    pub line_item: LineItemId,
    /// Its creative.
    pub creative: CreativeId,
}

impl Features {
    /// The fields of `imp` of `request` as `exchange` sent it at `now`; the ad's are not told.
    ///
    /// `agent` is what runs on the device, if it was read; `known` is true if the person is recognised. Hour and
    /// weekday are the viewer's by `geo.utcoffset`, of the device, else of the person, else those of UTC. Of a child
    /// (COPPA) the city is not looked at.
    #[must_use]
    pub fn of_request(
        request: &BidRequest<'_>,
        imp: &Imp<'_>,
        exchange: ExchangeId,
        agent: Option<Agent>,
        known: bool,
        now: UnixMillis,
    ) -> Self {
        let mut features = Self::default();
        features.set(&values_of_request(request, imp, exchange, agent, known, now));
        features
    }

    /// For people: each told field of [`Features::of_request`], its hash, and its value as text.
    pub fn words_of_request<'a>(
        request: &BidRequest<'a>,
        imp: &Imp<'a>,
        exchange: ExchangeId,
        agent: Option<Agent>,
        known: bool,
        now: UnixMillis,
    ) -> impl Iterator<Item = (Field, u32, String)> + use<'a> {
        words(values_of_request(request, imp, exchange, agent, known, now))
    }

    /// These features, with the fields of `ad` in place of what they were.
    #[must_use]
    pub fn with_ad(mut self, ad: &Ad) -> Self {
        self.set(&values_of_ad(ad));
        self
    }

    /// For people: each told field of [`Features::with_ad`], its hash, and its value as text; ids as 16 hexadecimal
    /// digits.
    pub fn words_of_ad(ad: &Ad) -> impl Iterator<Item = (Field, u32, String)> + use<> {
        words(values_of_ad(ad))
    }

    /// These features as though `fields` had not been told.
    #[must_use]
    pub fn without(mut self, fields: &[Field]) -> Self {
        for field in fields {
            self.0[*field as usize] = 0;
        }
        self
    }

    /// The hash of one field; 0 = not told.
    #[must_use]
    pub fn of(&self, field: Field) -> u32 {
        self.0[field as usize]
    }

    fn set(&mut self, values: &[(Field, Value<'_>)]) {
        for (field, value) in values {
            self.0[*field as usize] = value.hash(*field);
        }
    }
}

fn words<'a, const N: usize>(
    values: [(Field, Value<'a>); N],
) -> impl Iterator<Item = (Field, u32, String)> + use<'a, N> {
    let hashed = values.into_iter().map(|(field, value)| (field, value.hash(field), value.to_string()));
    hashed.filter(|(_, hash, _)| *hash != 0)
}

fn values_of_ad(ad: &Ad) -> [(Field, Value<'static>); AD_FIELDS.len()] {
    let medium = match ad.medium {
        MediaType::Banner => "banner",
        MediaType::Video => "video",
        MediaType::Audio => "audio",
        MediaType::Native => "native",
    };
    [
        (Field::Medium, Value::Text(medium)),
        (Field::Size, ad.size.map_or(Value::Untold, |(width, height)| Value::Size(width, height))),
        (Field::Deal, ad.deal.map_or(Value::Untold, |deal| Value::Id(deal.raw()))),
        (Field::Advertiser, Value::Id(ad.advertiser.raw())),
        (Field::Campaign, Value::Id(ad.campaign.raw())),
        (Field::LineItem, Value::Id(ad.line_item.raw())),
        (Field::Creative, Value::Id(ad.creative.raw())),
    ]
}

fn values_of_request<'a>(
    request: &BidRequest<'a>,
    imp: &Imp<'a>,
    exchange: ExchangeId,
    agent: Option<Agent>,
    known: bool,
    now: UnixMillis,
) -> [(Field, Value<'a>); REQUEST_FIELDS.len()] {
    let nowhere = Outlet::default();
    let outlet = request.channel.outlet().unwrap_or(&nowhere);
    let channel = match request.channel {
        Channel::Site(_) => Value::Text("site"),
        Channel::App(_) => Value::Text("app"),
        Channel::Dooh(_) => Value::Text("dooh"),
        Channel::Unknown => Value::Untold,
    };
    // What only the exchange knows the meaning of stands beside it.
    let own = |text: Option<&'a str>| text.map_or(Value::Untold, |text| Value::Within(exchange.raw(), text));
    let domain = outlet.domain.map_or(Value::Untold, Value::Host);
    let publisher = outlet.publisher_domain.map_or(Value::Untold, Value::Host);
    let device = &request.device;
    let (os, browser, kind) = software(agent, request);
    let (hour, weekday) = local_time(request, now);
    let country = country(request);
    let beside_country = beside(country.hash(Field::Country));
    let city = if request.regs.coppa { None } else { told(request, |geo| geo.city) };
    let language =
        device.language.or(outlet.content.language).map(|tag| tag.split(['-', '_']).next().unwrap_or(tag));
    [
        (Field::Exchange, Value::Id(exchange.raw())),
        (Field::Channel, channel),
        (Field::Outlet, Value::text(outlet.bundle).or(|| domain).or(|| own(outlet.id))),
        (Field::Publisher, publisher.or(|| own(outlet.publisher_id))),
        (Field::Placement, own(imp.tagid)),
        (Field::Position, position(imp)),
        (Field::Interstitial, yes(imp.instl)),
        (Field::Device, kind),
        (Field::Os, os),
        (Field::Browser, browser),
        (Field::Connection, Value::number(device.connectiontype)),
        (Field::Country, country),
        (Field::Region, beside_country(told(request, |geo| geo.region))),
        (Field::City, beside_country(city)),
        (Field::Language, Value::text(language)),
        (Field::Hour, Value::Number(hour)),
        (Field::Weekday, Value::Number(weekday)),
        (Field::Category, category(outlet)),
        (Field::Recognised, yes(known)),
    ]
}

fn yes(it_is: bool) -> Value<'static> {
    Value::Text(if it_is { "yes" } else { "no" })
}

/// Where on the page, as the first medium tells it that does.
fn position<'a>(imp: &Imp<'a>) -> Value<'a> {
    let banner = imp.banner.and_then(|banner| banner.pos);
    Value::number(banner.or_else(|| imp.video.and_then(|video| video.pos)))
}

/// System, browser and kind of device: as they were read, else as the request writes them.
fn software<'a>(agent: Option<Agent>, request: &BidRequest<'a>) -> (Value<'a>, Value<'a>, Value<'a>) {
    let agent = agent.unwrap_or_default();
    let device = &request.device;
    let os = agent.os.map_or(Value::text(device.os), |os| Value::Text(os.name()));
    let browser = agent.browser.map_or(Value::Untold, |browser| Value::Text(browser.name()));
    let kind = match agent.device {
        [kind] => Value::Text(kind.name()),
        _ => Value::number(device.devicetype),
    };
    (os, browser, kind)
}

/// What the place of the device tells, else that of the person.
fn told<'a, T>(request: &BidRequest<'a>, of: impl Fn(&Geo<'a>) -> Option<T>) -> Option<T> {
    of(&request.device.geo).or_else(|| of(&request.user.geo))
}

/// The country by its alpha-3 code, or what was sent in its place.
fn country<'a>(request: &BidRequest<'a>) -> Value<'a> {
    let sent = told(request, |geo| geo.country);
    Value::text(sent.map(|code| Country::from_code(code).map_or(code, |country| country.alpha3())))
}

/// A region or city, whose names return in other countries than the one of that hash.
fn beside<'a>(country: u32) -> impl Fn(Option<&'a str>) -> Value<'a> {
    move |text| text.map_or(Value::Untold, |text| Value::Within(u64::from(country), text))
}

/// The first category of the outlet, else of its content, in its taxonomy.
fn category<'a>(outlet: &Outlet<'a>) -> Value<'a> {
    let of = |cat: &[&'a str], taxonomy: u32| {
        cat.first().map_or(Value::Untold, |first| Value::Within(u64::from(taxonomy), first))
    };
    of(outlet.cat, outlet.cattax).or(|| of(outlet.content.cat, outlet.content.cattax))
}

/// The viewer's hour (0 to 23) and weekday (0 = Monday) at `now`.
fn local_time(request: &BidRequest<'_>, now: UnixMillis) -> (u64, u64) {
    let offset =
        told(request, |geo| geo.utcoffset).filter(|minutes| minutes.unsigned_abs() <= UTC_OFFSET_MAX);
    let minutes = now.raw().div_euclid(60_000).saturating_add(i64::from(offset.unwrap_or(0)));
    let hours = minutes.div_euclid(60);
    // 1970-01-01 was a Thursday.
    let weekday = (hours.div_euclid(24) + 3).rem_euclid(7);
    (hours.rem_euclid(24).unsigned_abs(), weekday.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use bumpalo::Bump;
    use strum::{EnumCount, VariantArray};

    use super::{AD_FIELDS, Ad, FIELDS, Features, Field, REQUEST_FIELDS};
    use crate::openrtb::{MediaType, parse};
    use crate::units::{AdvertiserId, CampaignId, CreativeId, ExchangeId, LineItemId, UnixMillis};

    /// 2026-11-22, a Sunday, 23:30 in UTC.
    const NOW: UnixMillis = UnixMillis::from_raw(1_795_390_200_000);

    const PAGE: &str = r#"{"id":"1","imp":[{"id":"1","tagid":"top","banner":{"w":300,"h":250,"pos":1}}],
        "site":{"domain":"WWW.News.example","cat":["IAB12"],"publisher":{"id":"p1"}},
        "device":{"language":"fr-FR","os":"iOS","connectiontype":2,
            "geo":{"country":"FRA","region":"IDF","city":"Paris","utcoffset":60}}}"#;

    fn words(body: &str) -> HashMap<Field, String> {
        let arena = Bump::new();
        let request = parse(body.as_bytes(), &arena).unwrap();
        let (imp, exchange) = (&request.imp[0], ExchangeId::from_slug("adx"));
        let features = Features::of_request(&request, imp, exchange, None, true, NOW);
        let words: Vec<_> = Features::words_of_request(&request, imp, exchange, None, true, NOW).collect();
        // What people read is what was hashed, and nothing is left out.
        assert!(words.iter().all(|(field, hash, _)| features.of(*field) == *hash));
        assert_eq!(words.len(), features.0.iter().filter(|hash| **hash != 0).count());
        words.into_iter().map(|(field, _, word)| (field, word)).collect()
    }

    #[track_caller]
    fn check(body: &str, field: Field, word: &str) {
        let words = words(body);
        assert_eq!(words.get(&field).map_or("", String::as_str), word, "{field}");
    }

    #[test]
    fn every_field_belongs_to_the_request_or_to_the_ad() {
        let mut all: Vec<Field> = REQUEST_FIELDS.into_iter().chain(AD_FIELDS).collect();
        all.sort();
        assert_eq!(all, Field::VARIANTS);
        assert_eq!(FIELDS, Field::COUNT);
    }

    #[test]
    fn a_request_tells_its_fields_in_words() {
        for (field, word) in [
            (Field::Channel, "site"),
            (Field::Outlet, "news.example"),
            (Field::Publisher, "p1"),
            (Field::Placement, "top"),
            (Field::Position, "1"),
            (Field::Interstitial, "no"),
            (Field::Os, "ios"),
            (Field::Browser, ""),
            (Field::Connection, "2"),
            (Field::Country, "fra"),
            (Field::Region, "idf"),
            (Field::City, "paris"),
            (Field::Language, "fr"),
            (Field::Category, "iab12"),
            (Field::Recognised, "yes"),
            (Field::Campaign, ""),
        ] {
            check(PAGE, field, word);
        }
    }

    #[test]
    fn the_hour_is_the_viewers_where_that_is_told() {
        check(PAGE, Field::Hour, "0");
        check(PAGE, Field::Weekday, "0");
        for unknown in ["null", "100000", "-2147483648"] {
            let body = PAGE.replace("\"utcoffset\":60", &format!("\"utcoffset\":{unknown}"));
            check(&body, Field::Hour, "23");
            check(&body, Field::Weekday, "6");
        }
    }

    #[test]
    fn the_city_of_a_child_is_not_looked_at() {
        let child = PAGE.replace("\"id\":\"1\",\"imp\"", "\"id\":\"1\",\"regs\":{\"coppa\":1},\"imp\"");
        check(&child, Field::City, "");
        check(&child, Field::Region, "idf");
    }

    #[test]
    fn one_country_in_two_spellings_is_one() {
        let other = PAGE.replace("\"FRA\"", "\"fr\"");
        assert_eq!(words(PAGE), words(&other));
    }

    #[test]
    fn an_ad_adds_its_fields_and_takes_those_of_another_away() {
        let ad = Ad {
            medium: MediaType::Video,
            size: Some((640, 480)),
            deal: None,
            advertiser: AdvertiserId::from_raw(1),
            campaign: CampaignId::from_raw(2),
            line_item: LineItemId::from_raw(3),
            creative: CreativeId::from_raw(4),
        };
        let features = Features::default().with_ad(&ad);
        let words: Vec<_> = Features::words_of_ad(&ad).collect();
        assert_eq!(words.len(), 6);
        assert!(words.iter().all(|(field, hash, _)| features.of(*field) == *hash));
        assert!(words.contains(&(Field::Size, features.of(Field::Size), "640x480".to_owned())));
        let without = features.with_ad(&Ad { size: None, ..ad });
        assert_eq!(without.of(Field::Size), 0);
        assert_ne!(features.with_ad(&Ad { creative: CreativeId::from_raw(5), ..ad }), features);
    }
}
