//! What one impression tells, worked out once: the keys of every attribute, side by side in one list.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::campaign::{ChannelKind, ConnectionKind, DeviceKind, FormatKind, PlacementKind, RollKind};
use crate::openrtb::{BidRequest, Channel, Content, Geo, Imp, Outlet};
use crate::targeting::Attribute;
use crate::targeting::place::Point;
use crate::targeting::text;
use crate::taxonomy::{Taxonomy, translated};
use crate::units::{Country, DealId, ExchangeId, Millis, Region, SegmentId, UnixMillis};

/// Keys that fit without allocating; a recorded request with twenty keywords has about 60.
const KEYS_INLINE: usize = 96;
/// Time zones whose hour is remembered within a scene; further ones are worked out each time.
const ZONES_REMEMBERED: usize = 8;
/// Genres of one content that are looked at: real ones name one to four.
const GENRES_MAX: usize = 16;
const HOUR_UNKNOWN: u8 = u8::MAX;
const HOUR_MS: i64 = 3_600_000;

/// What one impression tells. Made for a bid request, then shown its impressions one after the other.
///
/// An attribute is *told* if its keys are all there is to know. Segments are told only if the audience
/// store answered: until then a segment that the request itself names fits, and any other is unknown.
#[derive(Debug)]
pub struct Scene<'a> {
    request: &'a BidRequest<'a>,
    imp: Option<&'a Imp<'a>>,
    geo: &'a Geo<'a>,
    keys: SmallVec<[u64; KEYS_INLINE]>,
    /// Where each attribute's keys begin and end in `keys`.
    spans: [(u32, u32); Attribute::ALL.len()],
    /// A bit for each attribute.
    told: u32,
    /// How many keys are the request's; the impression's follow.
    request_keys: usize,
    point: Option<Point>,
    now: UnixMillis,
    viewer_hour: Option<u8>,
    hours: [Cell<u8>; ZONES_REMEMBERED],
}

impl<'a> Scene<'a> {
    /// What `request` tells, before any impression is looked at.
    ///
    /// `person` is what is known of who is behind it, `None` if the ad may not be personalised: then segments
    /// are absent, and so are the person's keywords and coordinates (except those of a digital
    /// out-of-home screen, which is nobody's).
    #[must_use]
    pub fn of(
        request: &'a BidRequest<'a>,
        exchange: ExchangeId,
        person: Option<&Profile>,
        now: UnixMillis,
    ) -> Self {
        let (country, geo) = place(request, person.is_some());
        let offset = request.device.geo.utcoffset.or(request.user.geo.utcoffset);
        let screen = matches!(request.channel, Channel::Dooh(_));
        let point = if person.is_some() || screen { point(request, geo) } else { None };
        let mut scene = Self {
            request,
            imp: None,
            geo,
            keys: SmallVec::new(),
            spans: [(0, 0); Attribute::ALL.len()],
            told: 0,
            request_keys: 0,
            point,
            now,
            viewer_hour: offset.and_then(|minutes| viewer_hour(now, minutes)),
            hours: [const { Cell::new(HOUR_UNKNOWN) }; ZONES_REMEMBERED],
        };
        scene.tell_place(country);
        scene.tell_channel(person.is_some());
        scene.tell_device();
        scene.tell(Attribute::Exchange, [exchange.raw()]);
        if let Some(profile) = person {
            scene.tell_segments(profile);
        }
        scene.request_keys = scene.keys.len();
        scene
    }

    /// Forgets where the person is, for whom a precise place may not be used. A screen's stays.
    pub fn forget_point(&mut self) {
        if !matches!(self.request.channel, Channel::Dooh(_)) {
            self.point = None;
        }
    }

    /// Looks at an impression of the request, instead of the one before.
    pub fn look_at(&mut self, imp: &'a Imp<'a>) {
        self.imp = Some(imp);
        self.keys.truncate(self.request_keys);
        let formats = [
            (imp.banner.is_some(), FormatKind::Banner),
            (imp.video.is_some(), FormatKind::Video),
            (imp.audio.is_some(), FormatKind::Audio),
            (imp.native.is_some(), FormatKind::Native),
        ];
        let offered = formats.into_iter().filter(|(offered, _)| *offered);
        self.tell(Attribute::Format, offered.map(|(_, format)| format as u64));
        self.tell(Attribute::Position, positions(imp).map(u64::from));
        self.tell(Attribute::Placement, placement(imp).iter().map(|kind| *kind as u64));
        self.tell(Attribute::Roll, rolls(imp).map(|kind| kind as u64));
        self.tell(Attribute::Interstitial, [u64::from(imp.instl)]);
        self.tell(Attribute::Rewarded, [u64::from(imp.rwdd)]);
        self.tell(Attribute::Deal, imp.deals.iter().map(|deal| DealId::from_slug(deal.id).raw()));
        self.told |= 1 << Attribute::Deal as u32;
    }

    /// The keys of `attribute`.
    pub(super) fn keys(&self, attribute: Attribute) -> &[u64] {
        let (from, to) = self.spans[attribute as usize];
        &self.keys[from as usize..to as usize]
    }

    /// True if the keys of `attribute` are all there is to know of it.
    pub(super) fn tells(&self, attribute: Attribute) -> bool {
        self.told >> attribute as u32 & 1 == 1
    }

    pub(super) fn request(&self) -> &'a BidRequest<'a> {
        self.request
    }

    pub(super) fn imp(&self) -> Option<&'a Imp<'a>> {
        self.imp
    }

    /// The geography that names the country.
    pub(super) fn geo(&self) -> &'a Geo<'a> {
        self.geo
    }

    pub(super) fn point(&self) -> Option<Point> {
        self.point
    }

    /// Hours since Monday 0:00 by the viewer's clock.
    pub(super) fn viewer_hour(&self) -> Option<u8> {
        self.viewer_hour
    }

    /// Hours since Monday 0:00 in `zone`, whose number among the zones of the rules is `number`.
    pub(super) fn hour_in(&self, zone: &TimeZone, number: u16) -> Option<u8> {
        let remembered = self.hours.get(usize::from(number));
        match remembered.map(Cell::get) {
            Some(hour) if hour != HOUR_UNKNOWN => return Some(hour),
            _ => {}
        }
        let civil = zone.to_datetime(Timestamp::from_millisecond(self.now.raw()).ok()?);
        let hour = i32::from(civil.weekday().to_monday_zero_offset()) * 24 + i32::from(civil.hour());
        let hour = u8::try_from(hour).expect("an hour of the week is below 168");
        if let Some(remembered) = remembered {
            remembered.set(hour);
        }
        Some(hour)
    }

    fn tell(&mut self, attribute: Attribute, keys: impl IntoIterator<Item = u64>) {
        let from = self.keys.len();
        self.keys.extend(keys);
        let to = self.keys.len();
        let at = |at: usize| u32::try_from(at).expect("a body's lists hold fewer than 2^32 values");
        self.spans[attribute as usize] = (at(from), at(to));
        self.told &= !(1 << attribute as u32);
        self.told |= u32::from(to > from) << attribute as u32;
    }

    fn tell_place(&mut self, country: Option<Country>) {
        let geo = self.geo;
        let region = country.zip(geo.region).and_then(|(country, code)| Region::new(country, code));
        self.tell(Attribute::Country, country.map(text::country_key));
        self.tell(Attribute::Region, region.map(text::region_key));
        self.tell(Attribute::City, one(geo.city));
        self.tell(Attribute::Metro, one(geo.metro));
        self.tell(Attribute::Postcode, geo.zip.into_iter().flat_map(text::postcode_keys));
    }

    fn tell_channel(&mut self, identify: bool) {
        let (kind, outlet) = match &self.request.channel {
            Channel::Site(outlet) => (ChannelKind::Site, outlet),
            Channel::App(outlet) => (ChannelKind::App, outlet),
            Channel::Dooh(outlet) => (ChannelKind::Dooh, outlet),
            Channel::Unknown => return self.tell_content(&Outlet::default(), identify),
        };
        self.tell(Attribute::Channel, [kind as u64]);
        self.tell(
            Attribute::Domain,
            site_host(&self.request.channel).into_iter().flat_map(text::domain_keys),
        );
        self.tell(Attribute::Bundle, one(outlet.bundle));
        self.tell(Attribute::Publisher, one(outlet.publisher_id));
        self.tell_content(outlet, identify);
    }

    fn tell_content(&mut self, outlet: &Outlet<'a>, identify: bool) {
        let content = &outlet.content;
        self.tell(Attribute::Category, categories(outlet, content).flat_map(category_keys));
        let personal = if identify { self.request.user.keywords } else { &[] };
        let keywords = outlet.keywords.iter().chain(personal);
        self.tell(Attribute::Keyword, keywords.map(|keyword| text::key(keyword)));
        let spoken = content.language.and_then(text::language);
        let language = spoken.or_else(|| self.request.device.language.and_then(text::language));
        self.tell(Attribute::Language, one(language));
        let genres = content.genre.into_iter().flat_map(|genre| genre.split(',')).take(GENRES_MAX);
        self.tell(Attribute::Genre, genres.filter(|genre| !genre.trim().is_empty()).map(text::key));
        self.tell(Attribute::Live, content.livestream.map(u64::from));
    }

    fn tell_device(&mut self) {
        let device = &self.request.device;
        self.tell(Attribute::Device, device_kinds(device.devicetype).iter().map(|kind| *kind as u64));
        self.tell(Attribute::Os, one(device.os));
        self.tell(Attribute::Connection, connection(device.connectiontype).map(|kind| kind as u64));
        self.tell(Attribute::Carrier, one(device.carrier));
    }

    fn tell_segments(&mut self, profile: &Profile) {
        let sent = self.request.user.segments.iter();
        let scoped = sent.clone().filter_map(|segment| Some(scoped_segment(segment.provider?, segment.id)));
        let sent = sent.map(|segment| SegmentId::from_slug(segment.id));
        let own = profile.current(self.now);
        self.tell(Attribute::Segment, sent.chain(scoped).chain(own).map(SegmentId::raw));
        self.told &= !(1 << Attribute::Segment as u32);
        self.told |= u32::from(profile.known) << Attribute::Segment as u32;
    }
}

/// The key of a text that is there and not empty.
fn one(told: Option<&str>) -> Option<u64> {
    told.filter(|text| !text.trim().is_empty()).map(text::key)
}

/// The country and the geography that tells it: where the device is, else where the person lives.
/// Region, city, postcode and metro come from the same one, so that two places are never mixed. Of
/// somebody who may not be identified, home tells the country only.
fn place<'a>(request: &'a BidRequest<'a>, identified: bool) -> (Option<Country>, &'a Geo<'a>) {
    let (here, home) = (&request.device.geo, &request.user.geo);
    match here.country.and_then(Country::from_code) {
        Some(country) => (Some(country), here),
        None => match home.country.and_then(Country::from_code) {
            Some(country) => (Some(country), if identified { home } else { here }),
            None => (None, here),
        },
    }
}

/// Where the device is, else the place of the geography that names the country.
fn point(request: &BidRequest<'_>, geo: &Geo<'_>) -> Option<Point> {
    let here = &request.device.geo;
    Point::new(here.lat, here.lon).or_else(|| Point::new(geo.lat, geo.lon))
}

/// The host of the site: its domain, else that of its page. The publisher's domain is not the site's.
pub(super) fn site_host<'a>(channel: &Channel<'a>) -> Option<&'a str> {
    let Channel::Site(site) = channel else { return None };
    site.domain.and_then(text::host).or_else(|| site.page.and_then(text::host))
}

/// Categories of the outlet and of its content, each with its taxonomy (0 stands for an absent `cattax`, too).
pub(super) fn categories<'a>(
    outlet: &Outlet<'a>,
    content: &Content<'a>,
) -> impl Iterator<Item = (u32, &'a str)> {
    let own = outlet.cat.iter().zip(std::iter::repeat(outlet.cattax));
    let shown = content.cat.iter().zip(std::iter::repeat(content.cattax));
    own.chain(shown).map(|(category, cattax)| (cattax, *category))
}

/// The keys of a category in the words of Content 1.0, which rules are written in: of `IAB2-3` that of `IAB2` too,
/// of an id of another taxonomy those that the IAB maps it to, with their parents.
fn category_keys((cattax, category): (u32, &str)) -> impl Iterator<Item = u64> {
    let is_content_1 = cattax <= 1;
    let parent = category.split_once('-').filter(|_| is_content_1).map(|(parent, _)| text::key(parent));
    let own = is_content_1.then(|| text::key(category));
    let mapped = (!is_content_1).then(|| translated(cattax, category, Taxonomy::Content1_0));
    parent.into_iter().chain(own).chain(mapped.into_iter().flatten().map(text::key))
}

/// The kinds that a `devicetype` may be: 1 says "phone or tablet" and 6 "connected device", so each is
/// both of two kinds, and `not phone` fails on 1.
fn device_kinds(devicetype: Option<u32>) -> &'static [DeviceKind] {
    match devicetype {
        None | Some(0) => &[],
        Some(1) => &[DeviceKind::Phone, DeviceKind::Tablet],
        Some(2) => &[DeviceKind::Desktop],
        Some(3 | 7) => &[DeviceKind::Tv],
        Some(4) => &[DeviceKind::Phone],
        Some(5) => &[DeviceKind::Tablet],
        Some(6) => &[DeviceKind::Tv, DeviceKind::Other],
        Some(_) => &[DeviceKind::Other],
    }
}

fn connection(connectiontype: Option<u32>) -> Option<ConnectionKind> {
    match connectiontype? {
        1 => Some(ConnectionKind::Ethernet),
        2 => Some(ConnectionKind::Wifi),
        3..=7 => Some(ConnectionKind::Cellular),
        _ => None,
    }
}

/// The positions of the media offered; 0 means unknown.
pub(super) fn positions(imp: &Imp<'_>) -> impl Iterator<Item = u32> {
    let banner = imp.banner.and_then(|banner| banner.pos);
    let video = imp.video.and_then(|video| video.pos);
    let audio = imp.audio.and_then(|audio| audio.pos);
    [banner, video, audio].into_iter().flatten().filter(|position| *position != 0)
}

/// Where the video stands: `plcmt`, else what the older `placement` may be. An old "in-stream" was said of
/// accompanying content too, so it is both, and `not instream` fails on it.
fn placement(imp: &Imp<'_>) -> &'static [PlacementKind] {
    use PlacementKind as P;
    let Some(video) = &imp.video else { return &[] };
    match (video.plcmt, video.placement) {
        (Some(1), _) => &[P::Instream],
        (Some(2), _) => &[P::Accompanying],
        (Some(3), _) | (None, Some(5)) => &[P::Interstitial],
        // Banner, article and feed hold no content that the ad could run in.
        (Some(4), _) | (None, Some(2..=4)) => &[P::Standalone],
        (Some(5), _) => &[P::Pause],
        (Some(6), _) => &[P::Screensaver],
        (Some(7), _) => &[P::Overlay],
        (Some(8), _) => &[P::Squeezeback],
        (Some(9), _) => &[P::InScene],
        (None, Some(1)) => &[P::Instream, P::Accompanying],
        (Some(_), _) | (None, _) => &[],
    }
}

/// Where in the content video and audio start: `startdelay` above 0 and -1 is mid-roll, 0 pre-roll, -2
/// post-roll (AdCOM 1.0, "Start Delay Modes").
fn rolls(imp: &Imp<'_>) -> impl Iterator<Item = RollKind> {
    let delays = [imp.video, imp.audio].into_iter().flatten().filter_map(|av| av.startdelay);
    delays.filter_map(|delay| match delay {
        0 => Some(RollKind::Pre),
        1.. | -1 => Some(RollKind::Mid),
        -2 => Some(RollKind::Post),
        _ => None,
    })
}

/// The segment `provider:id`.
fn scoped_segment(provider: &str, id: &str) -> SegmentId {
    let mut name: SmallVec<[u8; 128]> = SmallVec::new();
    name.extend_from_slice(provider.as_bytes());
    name.push(b':');
    name.extend_from_slice(id.as_bytes());
    SegmentId::from_slug(std::str::from_utf8(&name).expect("three texts in a row are a text"))
}

/// Hours since Monday 0:00 at `now` where clocks are `minutes` ahead of UTC; `None` for an offset that
/// no place on earth has.
fn viewer_hour(now: UnixMillis, minutes: i32) -> Option<u8> {
    if !(-12 * 60..=14 * 60).contains(&minutes) {
        return None;
    }
    let hours = now.plus(Millis::from_seconds(i64::from(minutes) * 60)).raw().div_euclid(HOUR_MS);
    // The epoch fell on a Thursday, three days after Monday.
    u8::try_from((hours + 3 * 24).rem_euclid(168)).ok()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::Scene;
    use crate::audience::Profile;
    use crate::campaign::{
        ChannelKind, Circle, Clock, ConnectionKind, Daypart, DeviceKind, FormatKind, NamedSegment,
        PlacementKind, Predicate, RollKind, Rule, Test,
    };
    use crate::openrtb::{Av, BidRequest, Channel, Content, Device, Geo, Imp, Outlet, Segment, User};
    use crate::targeting::fixture::{NOW, av, banner, deal, plain_imp, plain_request};
    use crate::targeting::{Attribute, CompiledRule, Zones};
    use crate::units::{Country, ExchangeId, Millis, Region, SegmentId};

    /// What a scene answers to a predicate.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Answer {
        Fits,
        Misses,
        Unknown,
    }
    use Answer::{Fits, Misses, Unknown};

    /// Asks a predicate in all four forms: plain and negated, with and without the unknown.
    #[track_caller]
    fn check_of(
        request: BidRequest<'static>,
        imp: &'static Imp<'static>,
        person: Option<&Profile>,
        predicate: Predicate,
        want: Answer,
    ) {
        let request: &'static BidRequest<'static> = Box::leak(Box::new(request));
        let mut scene = Scene::of(request, ExchangeId::from_slug("adx"), person, NOW);
        scene.look_at(imp);
        let paris = TimeZone::get("Europe/Paris").unwrap();
        let mut zones = Zones::default();
        let mut both_ways = |test: Test| {
            let rule = Rule::Is(test);
            let negated = Rule::Not(Box::new(rule.clone()));
            [rule, negated].map(|rule| CompiledRule::new(&rule, &paris, &mut zones).holds(&scene))
        };
        let words = format!("{predicate:?}");
        let plain = both_ways(Test { predicate: predicate.clone(), include_unknown: false });
        let included = both_ways(Test { predicate, include_unknown: true });
        let answer = match (plain, included) {
            ([true, false], [true, false]) => Fits,
            ([false, true], [false, true]) => Misses,
            ([false, false], [true, true]) => Unknown,
            other => panic!("no answer is {other:?}"),
        };
        assert_eq!(answer, want, "{words}");
    }

    #[track_caller]
    fn check(request: BidRequest<'static>, predicate: Predicate, want: Answer) {
        let imp = Box::leak(Box::new(plain_imp()));
        check_of(request, imp, Some(&Profile::default()), predicate, want);
    }

    fn at(geo: Geo<'static>) -> BidRequest<'static> {
        BidRequest { device: Device { geo, ..Device::default() }, ..plain_request() }
    }

    fn on(device: Device<'static>) -> BidRequest<'static> {
        BidRequest { device, ..plain_request() }
    }

    fn site(outlet: Outlet<'static>) -> BidRequest<'static> {
        BidRequest { channel: Channel::Site(outlet), ..plain_request() }
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_country_reads_in_both_forms_and_from_home_if_need_be() {
        let france = || Predicate::Country(vec![Country::FR]);
        let here = Geo { country: Some("FRA"), ..Geo::default() };
        let abroad = Geo { country: Some("be"), ..Geo::default() };
        check(at(here), france(), Fits);
        check(at(abroad), france(), Misses);
        check(at(Geo { country: Some("ZZZ"), ..Geo::default() }), france(), Unknown);
        check(plain_request(), france(), Unknown);
        let home = User { geo: here, ..User::default() };
        check(BidRequest { user: home, ..plain_request() }, france(), Fits);
        check(BidRequest { user: home, ..at(abroad) }, france(), Misses);
    }

    #[test]
    fn a_place_is_never_mixed_from_two() {
        let paris = Geo { country: Some("FRA"), region: Some("IDF"), city: Some("PARIS"), ..Geo::default() };
        let region = || Predicate::Region(vec![Region::from_code("FR-IDF").unwrap()]);
        let city = || Predicate::City(words(&["paris"]));
        check(at(paris), region(), Fits);
        check(at(paris), city(), Fits);
        check(at(Geo { country: None, ..paris }), region(), Unknown);
        let home = User { geo: paris, ..User::default() };
        let abroad = at(Geo { country: Some("BEL"), ..Geo::default() });
        check(BidRequest { user: home, ..abroad }, city(), Unknown);
        check(BidRequest { user: home, ..abroad }, region(), Unknown);
    }

    #[test]
    fn a_postcode_fits_by_prefix_and_a_metro_whole() {
        let geo = Geo { zip: Some("75 116"), metro: Some("803"), ..Geo::default() };
        check(at(geo), Predicate::Postcode(words(&["75"])), Fits);
        check(at(geo), Predicate::Postcode(words(&["751167"])), Misses);
        check(at(geo), Predicate::Metro(words(&["803"])), Fits);
        check(at(geo), Predicate::Metro(words(&["80"])), Misses);
    }

    #[test]
    fn coordinates_are_a_persons_unless_they_are_a_screens() {
        let near = || Predicate::Near(vec![Circle { lat: 48.85, lon: 2.35, km: 5.0 }]);
        let geo = Geo { lat: Some(48.86), lon: Some(2.35), ..Geo::default() };
        let imp: &Imp<'static> = Box::leak(Box::new(plain_imp()));
        check(at(geo), near(), Fits);
        check(at(Geo { lat: Some(45.0), ..geo }), near(), Misses);
        check(at(Geo { lon: None, ..geo }), near(), Unknown);
        check_of(at(geo), imp, None, near(), Unknown);
        let screen = BidRequest { channel: Channel::Dooh(Outlet::default()), ..at(geo) };
        check_of(screen, imp, None, near(), Fits);
    }

    #[test]
    fn a_place_that_may_not_be_used_precisely_is_forgotten_unless_it_is_a_screens() {
        let request = at(Geo { lat: Some(48.86), lon: Some(2.35), ..Geo::default() });
        let screen = BidRequest { channel: Channel::Dooh(Outlet::default()), ..request };
        for (request, stays) in [(request, false), (screen, true)] {
            let profile = Profile::default();
            let mut scene = Scene::of(&request, ExchangeId::from_slug("adx"), Some(&profile), NOW);
            assert!(scene.point().is_some());
            scene.forget_point();
            assert_eq!(scene.point().is_some(), stays);
        }
    }

    #[test]
    fn a_domain_fits_itself_and_all_below_it() {
        let domain = |domain: &'static str| site(Outlet { domain: Some(domain), ..Outlet::default() });
        let lemonde = || Predicate::Domain(words(&["lemonde.fr"]));
        check(domain("lemonde.fr"), lemonde(), Fits);
        check(domain("WWW.LeMonde.fr"), lemonde(), Fits);
        check(domain("https://sport.lemonde.fr/foot"), lemonde(), Fits);
        check(domain("notlemonde.fr"), lemonde(), Misses);
        check(domain("lemonde.fr.evil.com"), lemonde(), Misses);
        check(domain(""), lemonde(), Unknown);
    }

    #[test]
    fn the_page_stands_in_for_the_domain_and_the_publisher_does_not() {
        let lemonde = || Predicate::Domain(words(&["lemonde.fr"]));
        let page = Outlet { page: Some("https://www.lemonde.fr/a"), ..Outlet::default() };
        check(site(page), lemonde(), Fits);
        let publisher = Outlet { publisher_domain: Some("lemonde.fr"), ..Outlet::default() };
        check(site(publisher), lemonde(), Unknown);
        let app = Outlet { domain: Some("lemonde.fr"), ..Outlet::default() };
        check(BidRequest { channel: Channel::App(app), ..plain_request() }, lemonde(), Unknown);
    }

    #[test]
    fn a_channel_tells_its_kind_bundle_and_publisher() {
        let outlet = Outlet { bundle: Some("com.Example"), publisher_id: Some("Pub-1"), ..Outlet::default() };
        let app = || BidRequest { channel: Channel::App(outlet), ..plain_request() };
        check(app(), Predicate::Channel(vec![ChannelKind::App]), Fits);
        check(app(), Predicate::Channel(vec![ChannelKind::Site, ChannelKind::Dooh]), Misses);
        check(plain_request(), Predicate::Channel(vec![ChannelKind::App]), Unknown);
        check(app(), Predicate::Bundle(words(&["com.example"])), Fits);
        check(app(), Predicate::Publisher(words(&["pub-2"])), Misses);
    }

    #[test]
    fn a_category_fits_its_parent_in_every_taxonomy_that_the_iab_maps() {
        let in_taxonomy = |cattax| site(Outlet { cat: &["IAB2-3"], cattax, ..Outlet::default() });
        let newer = |cattax| site(Outlet { cat: &["30"], cattax, ..Outlet::default() });
        let category = |code: &str| Predicate::Category(words(&[code]));
        check(in_taxonomy(1), category("IAB2"), Fits);
        check(in_taxonomy(1), category("IAB2-3"), Fits);
        check(in_taxonomy(1), category("IAB2-33"), Misses);
        check(in_taxonomy(1), category("IAB1"), Misses);
        check(in_taxonomy(6), category("IAB2"), Fits);
        check(newer(7), category("IAB2-3"), Fits);
        check(newer(7), category("IAB2"), Fits);
        check(newer(7), category("IAB1"), Misses);
        check(newer(500), category("IAB2"), Unknown);
        let content = Content { cat: &["IAB1"], cattax: 1, ..Content::default() };
        check(site(Outlet { content, ..Outlet::default() }), category("IAB1"), Fits);
        check(site(Outlet { content, ..Outlet::default() }), category("IAB1-1"), Misses);
    }

    #[test]
    fn content_tells_language_genre_and_live() {
        let content = Content {
            language: Some("EN-gb"),
            genre: Some("Drama, News"),
            livestream: Some(false),
            ..Content::default()
        };
        let shown = || BidRequest {
            device: Device { language: Some("fr"), ..Device::default() },
            ..site(Outlet { content, ..Outlet::default() })
        };
        check(shown(), Predicate::Language(words(&["en"])), Fits);
        check(shown(), Predicate::Language(words(&["fr"])), Misses);
        check(
            on(Device { language: Some("fr"), ..Device::default() }),
            Predicate::Language(words(&["fr"])),
            Fits,
        );
        check(shown(), Predicate::Genre(words(&["news"])), Fits);
        check(shown(), Predicate::Live(false), Fits);
        check(shown(), Predicate::Live(true), Misses);
        check(plain_request(), Predicate::Live(false), Unknown);
    }

    #[test]
    fn a_device_type_that_means_two_kinds_is_both() {
        let device = |devicetype| on(Device { devicetype: Some(devicetype), ..Device::default() });
        let kind = |kind| Predicate::Device(vec![kind]);
        for (code, want) in [
            (1, &[DeviceKind::Phone, DeviceKind::Tablet][..]),
            (2, &[DeviceKind::Desktop]),
            (3, &[DeviceKind::Tv]),
            (4, &[DeviceKind::Phone]),
            (5, &[DeviceKind::Tablet]),
            (6, &[DeviceKind::Tv, DeviceKind::Other]),
            (7, &[DeviceKind::Tv]),
            (8, &[DeviceKind::Other]),
        ] {
            for one in [
                DeviceKind::Phone,
                DeviceKind::Tablet,
                DeviceKind::Desktop,
                DeviceKind::Tv,
                DeviceKind::Other,
            ] {
                check(device(code), kind(one), if want.contains(&one) { Fits } else { Misses });
            }
        }
        check(plain_request(), kind(DeviceKind::Phone), Unknown);
    }

    #[test]
    fn a_device_tells_system_network_and_carrier() {
        let device = Device {
            os: Some("iOS"),
            connectiontype: Some(6),
            carrier: Some("Orange "),
            ..Device::default()
        };
        check(on(device), Predicate::Os(words(&["ios"])), Fits);
        check(on(device), Predicate::Carrier(words(&["orange"])), Fits);
        check(on(device), Predicate::Connection(vec![ConnectionKind::Cellular]), Fits);
        check(on(device), Predicate::Connection(vec![ConnectionKind::Wifi]), Misses);
        let unknown = Device { connectiontype: Some(0), ..device };
        check(on(unknown), Predicate::Connection(vec![ConnectionKind::Wifi]), Unknown);
    }

    #[test]
    fn an_impression_tells_format_position_and_the_like() {
        let imp: &Imp<'static> = Box::leak(Box::new(Imp {
            banner: Some(banner(Some(0))),
            video: Some(av(Some(7))),
            instl: true,
            ..plain_imp()
        }));
        let check = |predicate, want| check_of(plain_request(), imp, None, predicate, want);
        check(Predicate::Format(vec![FormatKind::Video]), Fits);
        check(Predicate::Format(vec![FormatKind::Audio, FormatKind::Native]), Misses);
        check(Predicate::Position(vec![7]), Fits);
        check(Predicate::Position(vec![1]), Misses);
        check(Predicate::Placement(vec![PlacementKind::Instream]), Unknown);
        check(Predicate::Interstitial(true), Fits);
        check(Predicate::Rewarded(true), Misses);
        check(Predicate::Exchange(vec![ExchangeId::from_slug("adx")]), Fits);
        check(Predicate::Exchange(vec![ExchangeId::from_slug("other")]), Misses);
    }

    #[test]
    fn a_video_tells_where_it_stands_and_where_it_starts_in_the_newer_field_first() {
        let check = |plcmt, old, startdelay, predicate, want| {
            let video = Some(Av { plcmt, placement: old, startdelay, ..av(None) });
            let imp: &Imp<'static> = Box::leak(Box::new(Imp { video, ..plain_imp() }));
            check_of(plain_request(), imp, None, predicate, want);
        };
        let placement = |kind| Predicate::Placement(vec![kind]);
        check(Some(1), Some(4), None, placement(PlacementKind::Instream), Fits);
        check(Some(2), Some(1), None, placement(PlacementKind::Instream), Misses);
        check(None, Some(1), None, placement(PlacementKind::Instream), Fits);
        check(None, Some(3), None, placement(PlacementKind::Standalone), Fits);
        check(None, Some(5), None, placement(PlacementKind::Interstitial), Fits);
        check(Some(9), None, None, placement(PlacementKind::InScene), Fits);
        check(Some(77), None, None, placement(PlacementKind::InScene), Unknown);
        check(None, None, None, placement(PlacementKind::Instream), Unknown);
        let roll = |kind| Predicate::Roll(vec![kind]);
        check(None, None, Some(0), roll(RollKind::Pre), Fits);
        check(None, None, Some(30), roll(RollKind::Mid), Fits);
        check(None, None, Some(-1), roll(RollKind::Mid), Fits);
        check(None, None, Some(-2), roll(RollKind::Post), Fits);
        check(None, None, Some(-2), roll(RollKind::Pre), Misses);
        check(None, None, Some(-3), roll(RollKind::Pre), Unknown);
        check(None, None, None, roll(RollKind::Pre), Unknown);
    }

    #[test]
    fn a_segment_is_read_only_of_a_person_who_may_be_identified() {
        let segment = |slug: &str| Predicate::Segment(vec![NamedSegment::new(slug)]);
        let sent: &[Segment<'_>] =
            &[Segment { provider: Some("acme"), id: "shoes", segtax: 0, segclass: None }];
        let request = || BidRequest {
            user: User { segments: sent, keywords: &["tennis"], ..User::default() },
            ..plain_request()
        };
        let imp: &Imp<'static> = Box::leak(Box::new(plain_imp()));
        let later = NOW.plus(Millis::from_raw(1));
        let known =
            Profile::known([(SegmentId::from_slug("vip"), later), (SegmentId::from_slug("old"), NOW)]);
        let late = Profile::default();
        for (slug, by_known, by_late) in [
            ("shoes", Fits, Fits),
            ("acme:shoes", Fits, Fits),
            ("vip", Fits, Unknown),
            ("old", Misses, Unknown),
            ("cars", Misses, Unknown),
        ] {
            check_of(request(), imp, Some(&known), segment(slug), by_known);
            check_of(request(), imp, Some(&late), segment(slug), by_late);
            check_of(request(), imp, None, segment(slug), Unknown);
        }
        check_of(request(), imp, Some(&known), Predicate::Keyword(words(&["tennis"])), Fits);
        check_of(request(), imp, None, Predicate::Keyword(words(&["tennis"])), Unknown);
    }

    #[test]
    fn a_daypart_reads_the_clock_it_names() {
        // Saturday 22:30 in Paris, 21:30 UTC.
        let only = |hour: usize, clock| {
            let mut hours = Box::new([false; 168]);
            hours[hour] = true;
            Predicate::Daypart(Daypart { hours, clock })
        };
        let viewer = |utcoffset| at(Geo { utcoffset, ..Geo::default() });
        check(viewer(None), only(5 * 24 + 22, Clock::Campaign), Fits);
        check(viewer(None), only(5 * 24 + 21, Clock::Campaign), Misses);
        check(viewer(None), only(5 * 24 + 21, Clock::Viewer), Unknown);
        check(viewer(Some(0)), only(5 * 24 + 21, Clock::Viewer), Fits);
        check(viewer(Some(150)), only(6 * 24, Clock::Viewer), Fits);
        check(viewer(Some(-480)), only(5 * 24 + 13, Clock::Viewer), Fits);
        check(viewer(Some(10_000)), only(0, Clock::Viewer), Unknown);
    }

    #[test]
    fn hours_of_many_zones_do_not_mix() {
        let request = plain_request();
        let scene = Scene::of(&request, ExchangeId::from_slug("adx"), None, NOW);
        for _ in 0..2 {
            for number in 0..20u8 {
                let zone = TimeZone::fixed(jiff::tz::offset(i8::try_from(number).unwrap() - 10));
                let want = 5 * 24 + 21 - 10 + number;
                assert_eq!(scene.hour_in(&zone, number.into()), Some(want));
            }
        }
    }

    #[test]
    fn a_second_impression_replaces_the_first() {
        let request = plain_request();
        let first = Imp { banner: Some(banner(Some(1))), deals: &[deal("d")], ..plain_imp() };
        let second = plain_imp();
        let mut scene = Scene::of(&request, ExchangeId::from_slug("adx"), None, NOW);
        assert!(!scene.tells(Attribute::Format));
        scene.look_at(&first);
        assert_eq!(scene.keys(Attribute::Deal).len(), 1);
        assert!(scene.tells(Attribute::Position));
        scene.look_at(&second);
        assert!(scene.keys(Attribute::Deal).is_empty() && scene.tells(Attribute::Deal));
        assert!(!scene.tells(Attribute::Position));
        assert_eq!(scene.keys(Attribute::Exchange).len(), 1);
    }
}
