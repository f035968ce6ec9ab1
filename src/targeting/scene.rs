//! What one impression tells, worked out once: the keys of every attribute, side by side in one list.

mod context;
mod impression;
mod person;

pub(super) use context::{categories, site_host};
pub(super) use impression::{percent_thousandths, positions, thousandths};
pub(super) use person::age;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::agent::Agent;
use crate::audience::{Happened, Profile};
use crate::campaign::Attribute;
use crate::geo::{Located, Place, Readable, Spot};
use crate::openrtb::{BidRequest, Imp};
use crate::targeting::Vocabulary;
use crate::targeting::key::{clock_key, hour_key};
use crate::targeting::text::{self, word_key};
use crate::units::{ExchangeId, Millis, UnixMillis};

/// Keys that fit without allocating; a recorded request with twenty keywords has about 60.
const KEYS_INLINE: usize = 192;
/// Up to here a point is known exactly enough to say where it is not: devices are this exact, addresses are not.
const EXACT_KM: f64 = 1.0;
const HOUR_MS: i64 = 3_600_000;

/// What the shell fetched about a request before anything is decided.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// What is known of who is behind it; `None` if the ad may not be personalised.
    pub person: Option<&'a Profile>,
    /// True if it may be used precisely where the person is.
    pub precise: bool,
    /// What the user agent says; `None` if it was not read.
    pub agent: Option<Agent>,
    /// Where the device is by its address; `None` if nobody knows.
    pub located: Option<&'a Located<'a>>,
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
    place: Place<'a>,
    /// What the user agent says.
    told_agent: Option<Agent>,
    keys: SmallVec<[u64; KEYS_INLINE]>,
    /// Where each attribute's keys stand in `keys`.
    spans: [Span; Attribute::COUNT],
    /// A bit for each attribute.
    told: u128,
    /// How many keys are the request's; the impression's follow.
    request_keys: usize,
    /// What the person did, of whom that may be known.
    history: &'a [Happened],
    now: UnixMillis,
}

/// Where the keys of an attribute stand: those of its values from `from`, those of the lists that hold one of them
/// from `lists` to `to`.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    from: u32,
    lists: u32,
    to: u32,
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
        known: Known<'a>,
        now: UnixMillis,
    ) -> Self {
        let is_personal = known.person.is_some();
        let is_precise = is_personal && known.precise;
        let place = Place::of(request, known.located, Readable { home: is_personal, precise: is_precise });
        let mut scene = Self {
            vocabulary,
            request,
            imp: None,
            place,
            told_agent: known.agent,
            keys: SmallVec::new(),
            spans: [Span::default(); Attribute::COUNT],
            told: 0,
            request_keys: 0,
            history: known.person.map_or(&[], |profile| profile.history.as_slice()),
            now,
        };
        scene.tell_place();
        if is_personal {
            scene.tell_home(is_precise);
            scene.tell_demography();
        }
        scene.tell_hours();
        scene.tell_channel();
        scene.tell_content(is_personal);
        scene.tell_device();
        scene.tell(Attribute::Exchange, [exchange.raw()]);
        if let Some(profile) = known.person {
            scene.tell_segments(profile);
            scene.tell_behaviour(profile);
        }
        scene.request_keys = scene.keys.len();
        scene
    }

    /// The keys of `attribute`: of its values, and of the lists that hold one of them.
    #[must_use]
    pub fn keys(&self, attribute: Attribute) -> &[u64] {
        let Span { from, to, .. } = self.spans[attribute as usize];
        &self.keys[from as usize..to as usize]
    }

    /// The keys of the values of `attribute` alone.
    pub(super) fn value_keys(&self, attribute: Attribute) -> &[u64] {
        let Span { from, lists, .. } = self.spans[attribute as usize];
        &self.keys[from as usize..lists as usize]
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

    /// Where it is.
    pub(super) fn place(&self) -> &Place<'a> {
        &self.place
    }

    /// The software behind it.
    pub(super) fn agent(&self) -> Agent {
        Agent::of(&self.request.device, self.told_agent)
    }

    /// What the person did, of whom that may be known.
    pub(super) fn history(&self) -> &'a [Happened] {
        self.history
    }

    /// When it is.
    pub(super) fn now(&self) -> UnixMillis {
        self.now
    }

    /// Hours since Monday 0:00 by the viewer's clock.
    pub(super) fn viewer_hour(&self) -> Option<u8> {
        viewer_hour(self.now, self.place.utc_offset_min?.value)
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
        let lists = self.keys.len();
        self.told &= !bit(attribute);
        if lists > from {
            self.told |= bit(attribute);
        }
        self.add_lists(attribute, from);
        let at = |at: usize| u32::try_from(at).expect("a body's lists hold fewer than 2^32 values");
        self.spans[attribute as usize] = Span { from: at(from), lists: at(lists), to: at(self.keys.len()) };
    }

    /// Adds the keys of the lists that hold one of the values from `from` on.
    fn add_lists(&mut self, attribute: Attribute, from: usize) {
        if let Some(lists) = self.vocabulary.lists(attribute) {
            lists.add_holding(&mut self.keys, from);
        }
    }

    fn tell_place(&mut self) {
        let place = self.place;
        self.tell(Attribute::Country, place.country.map(|country| text::country_key(country.value)));
        self.tell(Attribute::Region, place.region.map(|region| text::region_key(region.value)));
        let names = place.city.iter().flat_map(|city| city.value.iter());
        self.tell(Attribute::City, names.map(text::key));
        self.tell(Attribute::Metro, place.metro.map(|metro| text::key(metro.value)));
        let postcode = place.postcode.into_iter();
        self.tell(Attribute::Postcode, postcode.flat_map(|postcode| text::postcode_keys(postcode.value)));
        self.tell_around(Attribute::Near, place.spot.map(|spot| spot.value));
    }

    /// The circles that hold `spot`. A point is told, in circles or not; of a spot that is known
    /// roughly only, no more is known than the circles that are wide enough for it.
    fn tell_around(&mut self, attribute: Attribute, spot: Option<Spot>) {
        let Some(spot) = spot.filter(|_| self.vocabulary.asks(attribute)) else { return };
        let from = self.keys.len();
        self.vocabulary.around(attribute, spot, &mut self.keys);
        self.told_since(attribute, from);
        self.told &= !bit(attribute);
        if spot.is_exact_to(EXACT_KM) {
            self.told |= bit(attribute);
        }
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
