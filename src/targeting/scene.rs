//! What one impression tells, worked out once: the keys of every attribute, side by side in one list.

mod context;
mod impression;
mod person;

pub(super) use context::{categories, site_host};
pub(super) use impression::{positions, thousandths};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::audience::Profile;
use crate::campaign::Attribute;
use crate::openrtb::{BidRequest, Channel, Geo, Imp};
use crate::targeting::Vocabulary;
use crate::targeting::key::{clock_key, hour_key};
use crate::targeting::place::Point;
use crate::targeting::text::{self, word_key};
use crate::units::{Country, ExchangeId, Millis, Region, UnixMillis};

/// Keys that fit without allocating; a recorded request with twenty keywords has about 60.
const KEYS_INLINE: usize = 96;
const HOUR_MS: i64 = 3_600_000;

/// What the shell fetched about a request before anything is decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'k> {
    /// What is known of who is behind it; `None` if the ad may not be personalised.
    pub person: Option<&'k Profile>,
    /// True if it may be used precisely where the person is.
    pub precise: bool,
    /// What the user agent says; `None` if it was not read.
    pub agent: Option<Agent>,
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
    told: u128,
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
            scene.tell_demography();
        }
        scene.tell_hours();
        scene.tell_channel();
        scene.tell_content(is_personal);
        scene.tell_device(known.agent);
        scene.tell(Attribute::Exchange, [exchange.raw()]);
        if let Some(profile) = known.person {
            scene.tell_segments(profile);
        }
        scene.request_keys = scene.keys.len();
        scene
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
        self.told & bit(attribute) != 0
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
        self.told &= !bit(attribute);
        if to > from {
            self.told |= bit(attribute);
        }
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

    /// The circles that hold `point`. A point is told, in circles or not.
    fn tell_around(&mut self, attribute: Attribute, point: Option<Point>) {
        let Some(point) = point.filter(|_| self.vocabulary.asks(attribute)) else { return };
        let from = self.keys.len();
        self.vocabulary.around(attribute, point, &mut self.keys);
        self.told_since(attribute, from);
        self.told |= bit(attribute);
    }

    /// The ranges that hold `number`. A number is told, in a range or not.
    fn tell_number(&mut self, attribute: Attribute, number: i64) {
        let vocabulary = self.vocabulary;
        self.tell(attribute, vocabulary.ranges(attribute, number));
        if vocabulary.asks(attribute) {
            self.told |= bit(attribute);
        }
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
}

/// Hours since Monday 0:00 in `zone` at `now`.
pub(super) fn hour_in(zone: &TimeZone, now: Timestamp) -> u8 {
    let civil = zone.to_datetime(now);
    let hour = i32::from(civil.weekday().to_monday_zero_offset()) * 24 + i32::from(civil.hour());
    u8::try_from(hour).expect("an hour of the week is below 168")
}

/// The bit of an attribute in a mask.
pub(super) const fn bit(attribute: Attribute) -> u128 {
    1 << attribute as u128
}

fn flag_key(on: bool) -> u64 {
    if on { word_key("true") } else { word_key("false") }
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
