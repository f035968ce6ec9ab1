//! What one impression tells, worked out once: the keys of every attribute, side by side in one list.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::campaign::Attribute;
use crate::openrtb::{BidRequest, Channel, Content, Geo, Imp, Outlet};
use crate::targeting::Vocabulary;
use crate::targeting::key::{clock_key, hour_key};
use crate::targeting::place::Point;
use crate::targeting::text::{self, word_key};
use crate::taxonomy::{Taxonomy, translated};
use crate::units::{Country, DealId, ExchangeId, Millis, Multiplier, Region, SegmentId, UnixMillis};

/// Keys that fit without allocating; a recorded request with twenty keywords has about 60.
const KEYS_INLINE: usize = 96;
/// Genres of one content that are looked at: real ones name one to four.
const GENRES_MAX: usize = 16;
const HOUR_MS: i64 = 3_600_000;

/// What the shell fetched about a request before anything is decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// What is known of who is behind it; `None` if the ad may not be personalised.
    pub person: Option<&'k Profile>,
    /// True if it may be used precisely where the person is.
    pub precise: bool,
}

/// What one impression tells. Made for a bid request, then shown its impressions one after the other.
///
/// An attribute is *told* if its keys are all there is to know. Segments are told only if the audience
/// store answered: until then a segment that the request itself names fits, and any other is unknown.
/// Attributes that no rule asks of are not told.
#[derive(Debug)]
pub struct Scene<'a> {
    vocabulary: &'a Vocabulary,
    request: &'a BidRequest<'a>,
    imp: Option<&'a Imp<'a>>,
    geo: &'a Geo<'a>,
    keys: SmallVec<[u64; KEYS_INLINE]>,
    /// Where each attribute's keys begin and end in `keys`.
    spans: [(u32, u32); Attribute::COUNT],
    /// A bit for each attribute.
    told: u64,
    /// How many keys are the request's; the impression's follow.
    request_keys: usize,
    point: Option<Point>,
    now: UnixMillis,
}

impl<'a> Scene<'a> {
    /// What `request` tells to the questions of `vocabulary`, before any impression is looked at.
    ///
    /// Of somebody whose ad may not be personalised, segments are absent, and so are the person's keywords and
    /// coordinates (except those of a digital out-of-home screen, which is nobody's).
    #[must_use]
    pub fn of(
        vocabulary: &'a Vocabulary,
        request: &'a BidRequest<'a>,
        exchange: ExchangeId,
        known: Known<'_>,
        now: UnixMillis,
    ) -> Self {
        let is_personal = known.person.is_some();
        let (country, geo) = place(request, is_personal);
        let screen = matches!(request.channel, Channel::Dooh(_));
        let is_precise = is_personal && known.precise;
        let point = if is_precise || screen { point(request, geo) } else { None };
        let mut scene = Self {
            vocabulary,
            request,
            imp: None,
            geo,
            keys: SmallVec::new(),
            spans: [(0, 0); Attribute::COUNT],
            told: 0,
            request_keys: 0,
            point,
            now,
        };
        scene.tell_place(country);
        if is_personal {
            scene.tell_home(is_precise);
        }
        scene.tell_hours();
        scene.tell_channel();
        scene.tell_content(is_personal);
        scene.tell_device();
        scene.tell(Attribute::Exchange, [exchange.raw()]);
        if let Some(profile) = known.person {
            scene.tell_segments(profile);
        }
        scene.request_keys = scene.keys.len();
        scene
    }

    /// Looks at an impression of the request, instead of the one before.
    pub fn look_at(&mut self, imp: &'a Imp<'a>) {
        self.imp = Some(imp);
        self.keys.truncate(self.request_keys);
        let formats = [
            (imp.banner.is_some(), word_key("banner")),
            (imp.video.is_some(), word_key("video")),
            (imp.audio.is_some(), word_key("audio")),
            (imp.native.is_some(), word_key("native")),
        ];
        let offered = formats.into_iter().filter(|(offered, _)| *offered);
        self.tell(Attribute::Format, offered.map(|(_, format)| format));
        self.tell(Attribute::Position, positions(imp).map(code_key));
        self.tell(Attribute::Placement, placement(imp).iter().copied());
        self.tell(Attribute::Roll, rolls(imp));
        self.tell(Attribute::Interstitial, [flag_key(imp.instl)]);
        self.tell(Attribute::Rewarded, [flag_key(imp.rwdd)]);
        if matches!(self.request.channel, Channel::Dooh(_)) {
            self.tell_number(Attribute::ImpressionsPerPlay, thousandths(imp.multiplier));
        }
        self.tell(Attribute::Tag, imp.tagid.map(|tag| SegmentId::from_slug(tag).raw()));
        self.tell(Attribute::Deal, imp.deals.iter().map(|deal| DealId::from_slug(deal.id).raw()));
        self.told |= 1 << Attribute::Deal as u64;
    }

    /// The keys of `attribute`.
    #[must_use]
    pub fn keys(&self, attribute: Attribute) -> &[u64] {
        let (from, to) = self.spans[attribute as usize];
        &self.keys[from as usize..to as usize]
    }

    /// True if the keys of `attribute` are all there is to know of it.
    #[must_use]
    pub fn tells(&self, attribute: Attribute) -> bool {
        self.told >> attribute as u64 & 1 == 1
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

    /// When it is.
    pub(super) fn now(&self) -> UnixMillis {
        self.now
    }

    /// Hours since Monday 0:00 by the viewer's clock.
    pub(super) fn viewer_hour(&self) -> Option<u8> {
        let (here, home) = (&self.request.device.geo, &self.request.user.geo);
        viewer_hour(self.now, here.utcoffset.or(home.utcoffset)?)
    }

    fn tell(&mut self, attribute: Attribute, keys: impl IntoIterator<Item = u64>) {
        if !self.vocabulary.asks(attribute) {
            return;
        }
        let from = self.keys.len();
        self.keys.extend(keys);
        self.told_since(attribute, from);
    }

    /// Says that the keys from `from` on are those of `attribute`, which is told if there are any.
    fn told_since(&mut self, attribute: Attribute, from: usize) {
        let to = self.keys.len();
        let at = |at: usize| u32::try_from(at).expect("a body's lists hold fewer than 2^32 values");
        self.spans[attribute as usize] = (at(from), at(to));
        self.told &= !(1 << attribute as u64);
        self.told |= u64::from(to > from) << attribute as u64;
    }

    fn tell_place(&mut self, country: Option<Country>) {
        let geo = self.geo;
        let region = country.zip(geo.region).and_then(|(country, code)| Region::new(country, code));
        self.tell(Attribute::Country, country.map(text::country_key));
        self.tell(Attribute::Region, region.map(text::region_key));
        self.tell(Attribute::City, one(geo.city));
        self.tell(Attribute::Metro, one(geo.metro));
        self.tell(Attribute::Postcode, geo.zip.into_iter().flat_map(text::postcode_keys));
        self.tell_around(Attribute::Near, self.point);
    }

    /// Where the person lives, of whom that may be read.
    fn tell_home(&mut self, is_precise: bool) {
        let home = &self.request.user.geo;
        let country = home.country.and_then(Country::from_code);
        let region = country.zip(home.region).and_then(|(country, code)| Region::new(country, code));
        self.tell(Attribute::HomeCountry, country.map(text::country_key));
        self.tell(Attribute::HomeRegion, region.map(text::region_key));
        self.tell(Attribute::HomeCity, one(home.city));
        self.tell(Attribute::HomeMetro, one(home.metro));
        self.tell(Attribute::HomePostcode, home.zip.into_iter().flat_map(text::postcode_keys));
        self.tell_around(Attribute::HomeNear, Point::new(home.lat, home.lon).filter(|_| is_precise));
    }

    /// The sets of circles that hold `point`. A point is told, in circles or not.
    fn tell_around(&mut self, attribute: Attribute, point: Option<Point>) {
        let Some(point) = point.filter(|_| self.vocabulary.asks(attribute)) else { return };
        let from = self.keys.len();
        self.vocabulary.around(attribute, point, &mut self.keys);
        self.told_since(attribute, from);
        self.told |= 1 << attribute as u64;
    }

    /// The ranges that hold `number`. A number is told, in a range or not.
    fn tell_number(&mut self, attribute: Attribute, number: i64) {
        let vocabulary = self.vocabulary;
        self.tell(attribute, vocabulary.ranges(attribute, number));
        self.told |= u64::from(vocabulary.asks(attribute)) << attribute as u64;
    }

    fn tell_hours(&mut self) {
        let vocabulary = self.vocabulary;
        let now = Timestamp::from_millisecond(self.now.raw()).ok();
        let hours =
            vocabulary.zones().iter().filter_map(|zone| Some((zone.clock, hour_in(&zone.zone, now?))));
        self.tell(Attribute::Daypart, hours.map(|(clock, hour)| hour_key(clock, hour)));
        let hour = self.viewer_hour();
        self.tell(Attribute::ViewerDaypart, hour.map(|hour| hour_key(clock_key(None), hour)));
    }

    fn tell_channel(&mut self) {
        let (kind, outlet, own_id) = match &self.request.channel {
            Channel::Site(outlet) => (word_key("site"), outlet, Some(Attribute::Site)),
            Channel::App(outlet) => (word_key("app"), outlet, Some(Attribute::App)),
            Channel::Dooh(outlet) => (word_key("dooh"), outlet, None),
            Channel::Unknown => return,
        };
        self.tell(Attribute::Channel, [kind]);
        if let Some(own_id) = own_id {
            self.tell(own_id, one(outlet.id));
        }
        let host = site_host(&self.request.channel);
        self.tell(Attribute::Domain, host.into_iter().flat_map(text::domain_keys));
        let page = outlet.page.filter(|_| host.is_some());
        self.tell(Attribute::Page, page.into_iter().flat_map(text::page_keys));
        self.tell(Attribute::Bundle, one(outlet.bundle));
        self.tell(Attribute::Publisher, one(outlet.publisher_id));
    }

    fn tell_content(&mut self, is_personal: bool) {
        let request = self.request;
        let outlet = request.channel.outlet().copied().unwrap_or_default();
        let content = &outlet.content;
        self.tell(Attribute::Category, categories(&outlet, content).flat_map(category_keys));
        let personal = if is_personal { request.user.keywords } else { &[] };
        let keywords = outlet.keywords.iter().chain(personal);
        self.tell(Attribute::Keyword, keywords.map(|keyword| text::key(keyword)));
        let spoken = content.language.and_then(text::language);
        let language = spoken.or_else(|| request.device.language.and_then(text::language));
        self.tell(Attribute::Language, one(language));
        let genres = content.genre.into_iter().flat_map(|genre| genre.split(',')).take(GENRES_MAX);
        self.tell(Attribute::Genre, genres.filter(|genre| !genre.trim().is_empty()).map(text::key));
        self.tell(Attribute::Series, one(content.series));
        self.tell(Attribute::ContentRating, one(content.contentrating));
        self.tell(Attribute::Live, content.livestream.map(flag_key));
        self.tell(Attribute::ContentChannel, one(content.channel_name));
        self.tell(Attribute::Network, one(content.network_name));
    }

    fn tell_device(&mut self) {
        let device = &self.request.device;
        self.tell(Attribute::Device, device_kinds(device.devicetype).iter().copied());
        self.tell(Attribute::Os, one(device.os));
        self.tell(Attribute::Make, one(device.make));
        self.tell(Attribute::Model, one(device.model));
        self.tell(Attribute::Connection, connections(device.connectiontype).iter().copied());
        self.tell(Attribute::Carrier, one(device.carrier));
    }

    fn tell_segments(&mut self, profile: &Profile) {
        let sent = self.request.user.segments.iter();
        let scoped = sent.clone().filter_map(|segment| Some(scoped_segment(segment.provider?, segment.id)));
        let sent = sent.map(|segment| SegmentId::from_slug(segment.id));
        let own = profile.current(self.now);
        self.tell(Attribute::Segment, sent.chain(scoped).chain(own).map(SegmentId::raw));
        self.told &= !(1 << Attribute::Segment as u64);
        self.told |= u64::from(profile.known) << Attribute::Segment as u64;
    }
}

/// Hours since Monday 0:00 in `zone` at `now`.
pub(super) fn hour_in(zone: &TimeZone, now: Timestamp) -> u8 {
    let civil = zone.to_datetime(now);
    let hour = i32::from(civil.weekday().to_monday_zero_offset()) * 24 + i32::from(civil.hour());
    u8::try_from(hour).expect("an hour of the week is below 168")
}

/// Impressions that a play counts as, in thousandths, rounded down.
pub(super) fn thousandths(multiplier: Multiplier) -> i64 {
    i64::try_from(multiplier.millionths() / 1_000).unwrap_or(i64::MAX)
}

fn flag_key(on: bool) -> u64 {
    if on { word_key("true") } else { word_key("false") }
}

/// The key of a small number, as a rule spells it.
fn code_key(code: u32) -> u64 {
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut left = code;
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).expect("a digit");
        left /= 10;
        if left == 0 {
            break;
        }
    }
    text::key(std::str::from_utf8(&digits[at..]).expect("digits are text"))
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
fn device_kinds(devicetype: Option<u32>) -> &'static [u64] {
    const PHONE: u64 = word_key("phone");
    const TABLET: u64 = word_key("tablet");
    const TV: u64 = word_key("tv");
    const OTHER: u64 = word_key("other");
    match devicetype {
        None | Some(0) => &[],
        Some(1) => &[PHONE, TABLET],
        Some(2) => const { &[word_key("desktop")] },
        Some(3 | 7) => &[TV],
        Some(4) => &[PHONE],
        Some(5) => &[TABLET],
        Some(6) => &[TV, OTHER],
        Some(_) => &[OTHER],
    }
}

/// The kinds of a `connectiontype`: a cellular one may tell its generation, too.
fn connections(connectiontype: Option<u32>) -> &'static [u64] {
    const CELLULAR: u64 = word_key("cellular");
    match connectiontype {
        Some(1) => const { &[word_key("ethernet")] },
        Some(2) => const { &[word_key("wifi")] },
        Some(3) => &[CELLULAR],
        Some(4) => const { &[CELLULAR, word_key("2g")] },
        Some(5) => const { &[CELLULAR, word_key("3g")] },
        Some(6) => const { &[CELLULAR, word_key("4g")] },
        Some(7) => const { &[CELLULAR, word_key("5g")] },
        _ => &[],
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
fn placement(imp: &Imp<'_>) -> &'static [u64] {
    const INSTREAM: u64 = word_key("instream");
    const ACCOMPANYING: u64 = word_key("accompanying");
    let Some(video) = &imp.video else { return &[] };
    match (video.plcmt, video.placement) {
        (Some(1), _) => &[INSTREAM],
        (Some(2), _) => &[ACCOMPANYING],
        (Some(3), _) | (None, Some(5)) => const { &[word_key("interstitial")] },
        // Banner, article and feed hold no content that the ad could run in.
        (Some(4), _) | (None, Some(2..=4)) => const { &[word_key("standalone")] },
        (Some(5), _) => const { &[word_key("pause")] },
        (Some(6), _) => const { &[word_key("screensaver")] },
        (Some(7), _) => const { &[word_key("overlay")] },
        (Some(8), _) => const { &[word_key("squeezeback")] },
        (Some(9), _) => const { &[word_key("in_scene")] },
        (None, Some(1)) => &[INSTREAM, ACCOMPANYING],
        (Some(_), _) | (None, _) => &[],
    }
}

/// Where in the content video and audio start: `startdelay` above 0 and -1 is mid-roll, 0 pre-roll, -2
/// post-roll (AdCOM 1.0, "Start Delay Modes").
fn rolls(imp: &Imp<'_>) -> impl Iterator<Item = u64> {
    let delays = [imp.video, imp.audio].into_iter().flatten().filter_map(|av| av.startdelay);
    delays.filter_map(|delay| match delay {
        0 => Some(word_key("pre")),
        1.. | -1 => Some(word_key("mid")),
        -2 => Some(word_key("post")),
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
mod tests;
