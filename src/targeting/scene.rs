//! What one impression tells, worked out once: the keys of every attribute, side by side in one list.

use std::cell::Cell;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::campaign::{ChannelKind, ConnectionKind, DeviceKind, FormatKind};
use crate::openrtb::{BidRequest, Channel, Content, Geo, Imp, Outlet};
use crate::privacy::Permissions;
use crate::targeting::Attribute;
use crate::targeting::place::Point;
use crate::targeting::text;
use crate::units::{Country, DealId, ExchangeId, Millis, Region, SegmentId, UnixMillis};

/// Keys that fit without allocating; a recorded request with twenty keywords has about 60.
const KEYS_INLINE: usize = 96;
/// Time zones whose hour is remembered within a scene; further ones are worked out each time.
const ZONES_REMEMBERED: usize = 8;
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
    /// Without permission to identify, ids and segments are absent, and so are the person's keywords and
    /// coordinates (except those of a digital out-of-home screen, which is nobody's).
    #[must_use]
    pub fn of(
        request: &'a BidRequest<'a>,
        exchange: ExchangeId,
        permissions: &Permissions,
        profile: &Profile,
        now: UnixMillis,
    ) -> Self {
        let (country, geo) = place(request);
        let offset = request.device.geo.utcoffset.or(request.user.geo.utcoffset);
        let screen = matches!(request.channel, Channel::Dooh(_));
        let point = if permissions.identify || screen { point(request, geo) } else { None };
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
        scene.tell_channel(permissions);
        scene.tell_device();
        scene.tell(Attribute::Exchange, [exchange.raw()]);
        if permissions.identify {
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
            (imp.banner.is_some(), FormatKind::Banner),
            (imp.video.is_some(), FormatKind::Video),
            (imp.audio.is_some(), FormatKind::Audio),
            (imp.native.is_some(), FormatKind::Native),
        ];
        let offered = formats.into_iter().filter(|(offered, _)| *offered);
        self.tell(Attribute::Format, offered.map(|(_, format)| format as u64));
        self.tell(Attribute::Position, positions(imp).map(u64::from));
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
        let hour = civil.weekday().to_monday_zero_offset() * 24 + civil.hour();
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

    fn tell_channel(&mut self, permissions: &Permissions) {
        let (kind, outlet) = match &self.request.channel {
            Channel::Site(outlet) => (ChannelKind::Site, outlet),
            Channel::App(outlet) => (ChannelKind::App, outlet),
            Channel::Dooh(outlet) => (ChannelKind::Dooh, outlet),
            Channel::Unknown => return self.tell_content(&Outlet::default(), permissions),
        };
        self.tell(Attribute::Channel, [kind as u64]);
        self.tell(
            Attribute::Domain,
            site_host(&self.request.channel).into_iter().flat_map(text::domain_keys),
        );
        self.tell(Attribute::Bundle, one(outlet.bundle));
        self.tell(Attribute::Publisher, one(outlet.publisher_id));
        self.tell_content(outlet, permissions);
    }

    fn tell_content(&mut self, outlet: &Outlet<'a>, permissions: &Permissions) {
        let content = &outlet.content;
        self.tell(Attribute::Category, categories(outlet, content).flat_map(category_keys));
        let personal = if permissions.identify { self.request.user.keywords } else { &[] };
        let keywords = outlet.keywords.iter().chain(personal);
        self.tell(Attribute::Keyword, keywords.map(|keyword| text::key(keyword)));
        let spoken = content.language.and_then(text::language);
        let language = spoken.or_else(|| self.request.device.language.and_then(text::language));
        self.tell(Attribute::Language, one(language));
        let genres = content.genre.into_iter().flat_map(|genre| genre.split(','));
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
/// Region, city, postcode and metro come from the same one, so that two places are never mixed.
fn place<'a>(request: &'a BidRequest<'a>) -> (Option<Country>, &'a Geo<'a>) {
    let (here, home) = (&request.device.geo, &request.user.geo);
    match here.country.and_then(Country::from_code) {
        Some(country) => (Some(country), here),
        None => match home.country.and_then(Country::from_code) {
            Some(country) => (Some(country), home),
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

/// Categories in taxonomy 1, the only one that is read (0 stands for an absent `cattax`, too).
pub(super) fn categories<'a>(outlet: &Outlet<'a>, content: &Content<'a>) -> impl Iterator<Item = &'a str> {
    let own: &[&str] = if outlet.cattax <= 1 { outlet.cat } else { &[] };
    let shown: &[&str] = if content.cattax <= 1 { content.cat } else { &[] };
    own.iter().chain(shown).copied()
}

/// The key of a category and, of `IAB2-3`, that of `IAB2`.
fn category_keys(category: &str) -> impl Iterator<Item = u64> {
    let parent = category.split_once('-').map(|(parent, _)| text::key(parent));
    parent.into_iter().chain([text::key(category)])
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
