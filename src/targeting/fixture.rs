//! For tests: plain requests, and random requests, rules and catalogs from a seed.
//!
//! Random values come from small pools, so that rules and requests often meet.

use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;

use crate::audience::{Definitions, Happened, Profile};
use crate::campaign::{
    Advertiser, AgreedDeal, Attribute, Attribution, AvAd, BannerAd, BannerBody, Budget, Campaign, Catalog,
    Circle, Costs, Creative, CreativeContent, Flight, Goal, Kind, Learning, LineItem, NativeAd, Pacing,
    Played, Range, Rule, Status, TaxPlan, Test, Transparency, ValueList, Wanted, version_number,
};
use crate::openrtb::{
    Av, Banner, BidRequest, BrandVersion, Broadcaster, Channel, Content, Deal, Device, Gender, Geo, Imp,
    Metric, Native, NativeAsset, NativeKind, Outlet, Segment, Sua, User,
};
use crate::targeting::fixture_behaviour::{DEFINITION, random_history, random_wanted};
use crate::targeting::{Asker, Vocabulary};
use crate::ttf::Bearer;
use crate::units::{
    AdvertiserId, CampaignId, Cpm, Currency, LineItemId, Millis, Multiplier, ScenarioId, SegmentId,
    UnixMillis, Version,
};

/// A Saturday, 22:30 in Paris.
pub(super) const NOW: UnixMillis = UnixMillis::from_raw(1_795_296_600_000);
/// The campaign of every line item here.
pub(super) static PARIS: LazyLock<Asker<'static>> =
    LazyLock::new(|| Asker { zone_name: "Europe/Paris", audience: Some(&DEFINITION) });
pub(super) const EXCHANGES: &[&str] = &["adx", "magnite"];
const COUNTRIES: &[&str] = &["FR", "FRA", "BE", "DEU", "US", "ZZZ"];
const REGIONS: &[&str] = &["IDF", "FR-ARA", "CA", "VLG"];
const CITIES: &[&str] = &["Paris", "LYON", "München"];
const ZIPS: &[&str] = &["75001", "75 116", "69001"];
const DOMAINS: &[&str] = &["www.lemonde.fr", "sport.lemonde.fr", "example.com", "a.b.example.com", "FR"];
const BUNDLES: &[&str] = &["com.Example.app", "123456"];
const CATEGORIES: &[&str] = &["IAB1", "IAB1-2", "IAB2-3", "iab2", "IAB25-3"];
const WORDS: &[&str] = &["news", "Sport", "cars", "fr", "drama"];
const SEGMENTS: &[&str] = &["shoes", "acme:shoes", "cars", "lapsed", "vip"];
const HINTS: &[&Sua<'static>] = &[&Sua {
    browsers: &[BrandVersion { brand: "Google Chrome", version: &["17"] }],
    platform: Some(BrandVersion { brand: "Android", version: &["17", "4"] }),
    mobile: Some(true),
    architecture: None,
    bitness: None,
    model: None,
    source: 1,
}];
const CONTENT_SEGMENTS: &[Segment<'static>] = &[
    Segment { provider: None, id: "news", segtax: 7, segclass: None },
    Segment { provider: Some("acme"), id: "drama", segtax: 0, segclass: None },
];
const METRICS: &[Metric<'static>] = &[
    Metric { r#type: "viewability", value: 0.5, vendor: None },
    Metric { r#type: "viewability", value: 0.9, vendor: None },
    Metric { r#type: "click_through_rate", value: 0.01, vendor: None },
];
const BROADCASTERS: &[&Broadcaster<'static>] = &[
    &Broadcaster { id: Some("drama"), name: Some("News"), domain: None },
    &Broadcaster { id: None, name: None, domain: Some("sport") },
];
const DEALS: &[&str] = &["deal-1", "deal-2", "deal-3"];

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub(super) fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<T: Copy>(&mut self, pool: &[T]) -> T {
        pool[self.below(pool.len())]
    }

    pub(super) fn maybe<T: Copy>(&mut self, pool: &[T]) -> Option<T> {
        self.percent(75).then(|| self.pick(pool))
    }

    pub(super) fn few<T: Copy>(&mut self, pool: &[T]) -> Vec<T> {
        let count = 1 + self.below(3);
        (0..count).map(|_| self.pick(pool)).collect()
    }

    fn sent<T: Copy>(&mut self, pool: &[T]) -> &'static [T] {
        let few = if self.percent(30) { Vec::new() } else { self.few(pool) };
        Vec::leak(few)
    }
}

/// A request that tells as little as it may.
pub(super) fn plain_request() -> BidRequest<'static> {
    BidRequest { id: "1", at: 1, ..BidRequest::default() }
}

/// An impression that offers nothing.
pub(super) fn plain_imp() -> Imp<'static> {
    Imp { id: "1", ..Imp::default() }
}

pub(super) fn banner(pos: Option<u32>) -> Banner<'static> {
    Banner { pos, ..Banner::default() }
}

pub(super) fn av(pos: Option<u32>) -> Av<'static> {
    Av { pos, ..Av::default() }
}

pub(super) fn deal(id: &str) -> Deal<'_> {
    Deal { id, ..Deal::default() }
}

const ASSETS: &[NativeAsset<'static>] =
    &[NativeAsset { id: 1, required: true, kind: NativeKind::Title { len: 90 } }];

fn random_imp(random: &mut Random) -> Imp<'static> {
    let native = Native { assets: ASSETS, ..Native::default() };
    Imp {
        banner: random.percent(60).then(|| banner(Some(1))),
        video: random.percent(30).then(|| Av {
            plcmt: random.maybe(&[1, 2, 4]),
            placement: random.maybe(&[1, 3]),
            startdelay: random.maybe(&[0, -1, 30, -2]),
            ..av(random.maybe(&[0, 1, 7]))
        }),
        audio: random.percent(10).then(|| av(None)),
        native: random.percent(20).then_some(native),
        tagid: random.maybe(WORDS),
        metric: random.sent(METRICS),
        instl: random.percent(20),
        rwdd: random.percent(20),
        multiplier: Multiplier::from_millionths(random.pick(&[1_000_000, 2_500_000, 14_200_500, 7])).unwrap(),
        deals: Vec::leak(random.sent(DEALS).iter().map(|id| deal(id)).collect()),
        ..plain_imp()
    }
}

fn random_geo(random: &mut Random) -> Geo<'static> {
    Geo {
        country: random.maybe(COUNTRIES),
        region: random.maybe(REGIONS),
        city: random.maybe(CITIES),
        zip: random.maybe(ZIPS),
        metro: random.maybe(&["803", "501"]),
        lat: random.maybe(&[48.85, 45.76]),
        lon: random.maybe(&[2.35, 4.83, 179.95]),
        utcoffset: random.maybe(&[0, 60, -480]),
        r#type: None,
        accuracy: random.maybe(&[10, 500]),
    }
}

fn random_channel(random: &mut Random) -> Channel<'static> {
    let content = Content {
        genre: random.maybe(&["Drama, News", "sport"]),
        series: random.maybe(WORDS),
        contentrating: random.maybe(WORDS),
        title: random.maybe(WORDS),
        qagmediarating: random.maybe(&[1, 2, 3, 9]),
        prodq: random.maybe(&[0, 1, 2, 3]),
        context: random.maybe(&[1, 2, 5, 7]),
        len: random.maybe(&[30, 600_000]),
        keywords: random.sent(WORDS),
        segments: random.sent(CONTENT_SEGMENTS),
        channel: random.maybe(BROADCASTERS),
        network: random.maybe(BROADCASTERS),
        cat: random.sent(CATEGORIES),
        cattax: random.pick(&[1, 1, 6]),
        language: random.maybe(&["fr", "EN-us", "deu"]),
        livestream: random.maybe(&[true, false]),
        ..Content::default()
    };
    let outlet = Outlet {
        id: random.maybe(WORDS),
        domain: random.maybe(DOMAINS),
        bundle: random.maybe(BUNDLES),
        r#ref: random.maybe(&["https://lemonde.fr/x", "example.com"]),
        paid: random.maybe(&[true, false]),
        venuetype: random.sent(WORDS),
        page: random.maybe(&["https://www.example.com/a?b", "https://lemonde.fr"]),
        cat: random.sent(CATEGORIES),
        cattax: random.pick(&[1, 1, 7]),
        keywords: random.sent(WORDS),
        publisher_id: random.maybe(&["pub-1", "PUB-2"]),
        content,
        ..Outlet::default()
    };
    match random.below(10) {
        0..4 => Channel::Site(outlet),
        4..7 => Channel::App(outlet),
        7..9 => Channel::Dooh(outlet),
        _ => Channel::Unknown,
    }
}

/// A request with one impression.
pub(super) fn random_request(random: &mut Random) -> BidRequest<'static> {
    let segments = random.sent(SEGMENTS).iter().map(|id| {
        let provider = random.maybe(&["acme"]);
        Segment { provider, id, segtax: random.pick(&[0, 4]), segclass: None }
    });
    let segments = Vec::leak(segments.collect());
    BidRequest {
        imp: Vec::leak(vec![random_imp(random)]),
        channel: random_channel(random),
        device: Device {
            geo: random_geo(random),
            devicetype: random.maybe(&[1, 2, 3, 4, 5, 6, 7, 8, 9]),
            os: random.maybe(&["iOS", "Android", "SymbianOS"]),
            osv: random.maybe(&["9.1", "17.4.1", "XP"]),
            sua: random.maybe(HINTS),
            make: random.maybe(WORDS),
            model: random.maybe(WORDS),
            language: random.maybe(&["fr", "en"]),
            carrier: random.maybe(&["Orange", "sfr"]),
            connectiontype: random.maybe(&[0, 1, 2, 5]),
            ..Device::default()
        },
        user: User {
            geo: random_geo(random),
            yob: random.maybe(&[1960, 1993, 2010]),
            gender: random.maybe(&[Gender::Male, Gender::Female, Gender::Other]),
            segments,
            keywords: random.sent(WORDS),
            ..User::default()
        },
        ..plain_request()
    }
}

/// What is known of a person, by name.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// True if the store answered.
    pub(super) known: bool,
    /// Segments, each with the first instant at which it no longer counts.
    pub(super) segments: Vec<(&'static str, UnixMillis)>,
    /// What they did.
    pub(super) history: Vec<Happened>,
}

impl Person {
    /// The same as the store tells it.
    pub(super) fn profile(&self) -> Profile {
        if !self.known {
            return Profile::default();
        }
        let segments = self.segments.iter().map(|(name, expires)| (SegmentId::from_slug(name), *expires));
        Profile { history: self.history.as_slice().into(), ..Profile::known(segments) }
    }
}

/// A person: one that may not be identified, one of whom nothing is known, or one the store knows.
pub(super) fn random_named_person(random: &mut Random) -> Option<Person> {
    if random.percent(30) {
        return random.percent(50).then(|| Person {
            known: false,
            segments: Vec::new(),
            history: Vec::new(),
        });
    }
    let names = random.sent(SEGMENTS);
    let expires = NOW.plus(Millis::from_raw(random.pick(&[-1, 0, 1, 1_000])));
    let segments = names.iter().map(|name| (*name, expires)).collect();
    Some(Person { known: true, segments, history: random_history(random) })
}

/// The same, by the hashes that the store knows.
pub(super) fn random_person(random: &mut Random) -> Option<Profile> {
    random_named_person(random).map(|person| person.profile())
}

/// A random test on `attribute`.
pub(super) fn random_test(random: &mut Random, attribute: Attribute) -> Test {
    if attribute.is_behaviour() {
        let wanted = random_wanted(attribute, random);
        return Test { attribute, wanted, include_unknown: random.percent(30) };
    }
    let pool: &[&str] = match attribute {
        Attribute::Country | Attribute::HomeCountry => &["FR", "FRA", "BE", "DEU", "US"],
        Attribute::Region | Attribute::HomeRegion => &["FR-IDF", "FR-ARA", "US-CA"],
        Attribute::City | Attribute::HomeCity => CITIES,
        Attribute::Postcode | Attribute::HomePostcode => &["75", "69", "75116"],
        Attribute::Metro | Attribute::HomeMetro => &["803", "501"],
        Attribute::Domain | Attribute::Referrer => {
            &["lemonde.fr", "france.fr", "example.com", "b.example.com"]
        }
        Attribute::Page => &["example.com/a", "lemonde.fr", "example.com"],
        Attribute::Bundle => BUNDLES,
        Attribute::Publisher => &["pub-1", "pub-2"],
        Attribute::Category => CATEGORIES,
        Attribute::Language => &["fr", "en"],
        Attribute::Os => &["ios", "android", "symbianos"],
        Attribute::Carrier => &["orange", "sfr"],
        Attribute::Exchange => EXCHANGES,
        Attribute::Segment => SEGMENTS,
        Attribute::Deal => DEALS,
        Attribute::Position => &["1", "3", "7"],
        _ => match attribute.kind() {
            Kind::Choice(words) => words,
            Kind::Flag => &["true", "false"],
            _ => WORDS,
        },
    };
    let wanted = match attribute.kind() {
        Kind::Circles => {
            let circles = (0..1 + random.below(2)).map(|_| {
                let (lat, lon) = (random.pick(&[48.8, 45.7]), random.pick(&[2.3, -179.9]));
                Circle { lat, lon, km: random.pick(&[1.0, 20.0, 900.0]) }
            });
            Wanted::Within(circles.collect())
        }
        Kind::Hours => Wanted::During(Box::new(std::array::from_fn(|_| random.percent(50)))),
        Kind::Version => {
            let number = |text| Version::parse(text).map(version_number);
            let below = random.percent(50).then(|| number("17.5")).flatten();
            Wanted::Between(Range { at_least: number(random.pick(&["9", "17", "17.4"])), below })
        }
        Kind::Number { least, most } => {
            let middle = random.pick(&[least + 1_000, least + 2_500, least + (most - least) / 4]);
            let below = random.percent(50).then_some(random.pick(&[middle + 1, middle + 2_000, most]));
            Wanted::Between(Range { at_least: Some(middle), below })
        }
        _ => {
            let values = random.few(pool).into_iter().map(|text| attribute.canonical(text).unwrap());
            listed(random, attribute, values.collect())
        }
    };
    Test { attribute, wanted, include_unknown: random.percent(30) }
}

/// `values` as they are, or now and then as a named list, or among so many that they become one without a name.
fn listed(random: &mut Random, attribute: Attribute, mut values: Vec<String>) -> Wanted {
    if !attribute.kind().takes_lists() || random.percent(70) {
        return Wanted::one_of(values);
    }
    if attribute.kind() == Kind::Domain && random.percent(30) {
        values.extend((0..70).map(|number| format!("filler-{number}.example")));
        return Wanted::one_of(values);
    }
    let list = Arc::new(ValueList::new(&values.join(" "), &values));
    let beside = if random.percent(30) { values.split_off(values.len() - 1) } else { Vec::new() };
    Wanted::OneOf { values: beside, lists: vec![list] }
}

pub(super) fn random_rule(random: &mut Random, depth: usize) -> Rule {
    let parts = |random: &mut Random| -> Vec<Rule> {
        let count = random.below(4);
        (0..count).map(|_| random_rule(random, depth - 1)).collect()
    };
    match random.below(if depth == 0 { 4 } else { 10 }) {
        0..4 => {
            let attribute = random.pick(Attribute::ALL);
            Rule::Is(random_test(random, attribute))
        }
        4..7 => Rule::All(parts(random)),
        7..9 => Rule::Any(parts(random)),
        _ => Rule::Not(Box::new(random_rule(random, depth - 1))),
    }
}

fn creatives() -> Vec<Creative> {
    let banner = |width, height| {
        let body = BannerBody::Image(String::new());
        CreativeContent::Banner(BannerAd { width, height, body, flexible: false, expands: Vec::new() })
    };
    let played = || AvAd {
        duration: 15,
        played: Played::Media(Vec::new()),
        skippable_after: None,
        companions: Vec::new(),
    };
    let contents = [
        banner(300, 250),
        banner(728, 90),
        CreativeContent::Video(played()),
        CreativeContent::Audio(played()),
        CreativeContent::Native(NativeAd::default()),
    ];
    (0..)
        .zip(contents)
        .map(|(number, content)| Creative::plain(&format!("creative-{number}"), content))
        .collect()
}

fn campaign(slug: &str, zone_name: &str) -> Campaign {
    Campaign {
        id: CampaignId::from_slug(slug),
        slug: slug.to_owned(),
        name: slug.to_owned(),
        advertiser: 0,
        status: Status::Active,
        currency: Currency::EUR,
        zone: TimeZone::get(zone_name).unwrap(),
        zone_name: zone_name.to_owned(),
        flight: Flight { start: UnixMillis::from_raw(0), end: None },
        budget: Budget::default(),
        pacing: Pacing::Asap,
        pooled: false,
        learning: Learning::default(),
        holdout: None,
        costs: Costs::default(),
        tax: TaxPlan {
            scenario: ScenarioId::from_slug("none"),
            scenario_slug: "none".to_owned(),
            bearer: Bearer::Absorb,
        },
        frequency: Vec::new(),
        attribution: Attribution { click_window: Millis::default(), view_window: Millis::default() },
        conversions: Vec::new(),
        codes: Vec::new(),
    }
}

/// A line item of the first campaign that asks only for a banner.
pub(super) fn line_item(number: usize, targeting: Rule) -> LineItem {
    let slug = format!("line-{number}");
    LineItem {
        id: LineItemId::from_slug(&slug),
        name: slug.clone(),
        slug,
        campaign: 0,
        status: Status::Active,
        flight: Flight { start: UnixMillis::from_raw(0), end: None },
        budget: Budget::default(),
        pacing: Pacing::Asap,
        goal: Goal::Cpm(Cpm::from_micros(1_000_000).unwrap()),
        goal_window: Millis::from_seconds(7 * 86_400),
        vouched: true,
        targeting,
        modifiers: Vec::new(),
        frequency: Vec::new(),
        deals: Vec::new(),
        data_cpm: Cpm::from_micros(0).unwrap(),
        creatives: vec![0],
        arms: Vec::new(),
    }
}

/// A catalog of these line items, two campaigns in two zones, and a creative of each format.
pub(super) fn catalog(line_items: Vec<LineItem>) -> Catalog {
    let advertiser = Advertiser {
        id: AdvertiserId::from_slug("a"),
        slug: "a".to_owned(),
        name: "A".to_owned(),
        domain: "a.example".to_owned(),
        country: None,
        transparency: Transparency::default(),
        frequency: Vec::new(),
    };
    Catalog {
        advertisers: vec![advertiser],
        campaigns: vec![campaign("paris", "Europe/Paris"), campaign("tokyo", "Asia/Tokyo")],
        line_items,
        creatives: creatives(),
        audiences: Definitions::new(vec![DEFINITION.clone()]),
    }
}

/// What `rules` ask, as rules of the first campaign.
pub(super) fn vocabulary_of<'r>(rules: impl IntoIterator<Item = &'r Rule>) -> Vocabulary {
    let rules = rules.into_iter().enumerate();
    Vocabulary::of(&catalog(rules.map(|(number, rule)| line_item(number, rule.clone())).collect()))
}

pub(super) fn random_catalog(random: &mut Random, len: usize) -> Catalog {
    let line_items = (0..len).map(|number| {
        let deals = if random.percent(15) { random.few(DEALS) } else { Vec::new() };
        LineItem {
            campaign: random.below(2),
            deals: deals.into_iter().map(AgreedDeal::new).collect(),
            creatives: random.few(&[0, 0, 1, 2, 3, 4]),
            ..line_item(number, random_rule(random, 3))
        }
    });
    catalog(line_items.collect())
}
