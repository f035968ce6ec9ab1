//! What a request tells of the person, of whom it may be read: home, age, gender, segments.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use smallvec::SmallVec;

use crate::audience::Profile;
use crate::campaign::Attribute;
use crate::openrtb::{Gender, Segment};
use crate::targeting::Scene;
use crate::targeting::place::Point;
use crate::targeting::scene::{bit, one};
use crate::targeting::text::{self, word_key};
use crate::units::{Country, Region, SegmentId, UnixMillis};

impl Scene<'_> {
    /// Where the person lives, of whom that may be read.
    pub(super) fn tell_home(&mut self, is_precise: bool) {
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

    /// How old the person is at least, and which gender they told.
    pub(super) fn tell_demography(&mut self) {
        let user = &self.request.user;
        if let Some(age) = user.yob.and_then(|born| age(born, self.now)) {
            self.tell_number(Attribute::Age, i64::from(age) * 1_000);
        }
        self.tell(
            Attribute::Gender,
            user.gender.map(|gender| match gender {
                Gender::Male => word_key("male"),
                Gender::Female => word_key("female"),
                Gender::Other => word_key("other"),
            }),
        );
    }

    pub(super) fn tell_segments(&mut self, profile: &Profile) {
        let sent = self.request.user.segments.iter().flat_map(segment_ids);
        let own = profile.current(self.now);
        self.tell(Attribute::Segment, sent.chain(own).map(SegmentId::raw));
        self.told &= !bit(Attribute::Segment);
        if profile.known {
            self.told |= bit(Attribute::Segment);
        }
    }
}

/// Years that somebody born in the year `born` has lived through by `now`, in UTC: their age or one less.
pub(in crate::targeting) fn age(born: u32, now: UnixMillis) -> Option<u32> {
    let year = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(now.raw()).ok()?).year();
    u32::try_from(i64::from(year) - i64::from(born) - 1).ok()
}

/// The names by which rules may ask for a segment: its id alone, its provider's `provider:id`, and `segtax-4:id` by
/// the taxonomy that it is of.
pub(in crate::targeting) fn segment_ids(segment: &Segment<'_>) -> impl Iterator<Item = SegmentId> {
    let alone = SegmentId::from_slug(segment.id);
    let of_provider = segment.provider.map(|provider| joined_segment(&[provider, ":", segment.id]));
    let of_taxonomy = (segment.segtax != 0).then(|| {
        let mut room = [0; 10];
        joined_segment(&["segtax-", text::digits(segment.segtax, &mut room), ":", segment.id])
    });
    std::iter::once(alone).chain(of_provider).chain(of_taxonomy)
}

/// The segment whose name is these texts in a row.
fn joined_segment(parts: &[&str]) -> SegmentId {
    let mut name: SmallVec<[u8; 128]> = SmallVec::new();
    parts.iter().for_each(|part| name.extend_from_slice(part.as_bytes()));
    SegmentId::from_slug(std::str::from_utf8(&name).expect("texts in a row are a text"))
}
