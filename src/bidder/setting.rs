//! What a bid tells of where and to whom it is made, for whoever asks for figures by it.
//!
//! Taken once of a bid that is sent, so that nobody else pays for it. Deliberately absent: what may not be read of a
//! person.

use crate::bidder::offer::{Market, Offer};
use crate::campaign::{Attribute, Catalog, LineItem, Test};
use crate::geo::{Place, Readable};
use crate::ledger::{Area, Device, Format, Segments, Setting, ViewerCountries};
use crate::openrtb::{MediaType, Outlet};
use crate::targeting::Scene;
use crate::units::{Country, PublisherId, Region, SegmentId};

/// The name that a site, app or screen has in reports: its bundle or domain, else the exchange's id of it.
#[must_use]
pub fn publisher<'a>(outlet: &Outlet<'a>) -> Option<&'a str> {
    outlet.bundle.or(outlet.domain).or(outlet.id)
}

/// The segments that line items ask for, in their targeting or in their modifiers.
#[derive(Debug, Clone, Default)]
pub(in crate::bidder) struct Asked {
    /// By row, in order; only those that ask. Each in order.
    rows: Vec<(u32, Box<[SegmentId]>)>,
}

impl Asked {
    /// Those of the line items of `catalog` in the order of rows.
    pub(in crate::bidder) fn of(catalog: &Catalog, line_items: impl Iterator<Item = u32>) -> Self {
        let rows = (0..).zip(line_items).filter_map(|(row, line_item)| {
            let mut segments: Vec<SegmentId> =
                asked(&catalog.line_items[line_item as usize]).map(SegmentId::from_slug).collect();
            segments.sort_unstable();
            segments.dedup();
            (!segments.is_empty()).then(|| (row, segments.into_boxed_slice()))
        });
        Self { rows: rows.collect() }
    }

    /// Those that `row` asks for and the person of `scene` is in, as many as are told.
    fn told(&self, row: usize, scene: &Scene<'_>) -> Segments {
        let Ok(at) = self.rows.binary_search_by_key(&row, |(row, _)| *row as usize) else {
            return Segments::default();
        };
        let asked = &self.rows[at].1;
        let own = scene.keys(Attribute::Segment).iter().copied().map(SegmentId::from_raw);
        Segments::new(own.filter(|segment| asked.binary_search(segment).is_ok()))
    }
}

/// The names of the segments that `line_item` asks for.
fn asked(line_item: &LineItem) -> impl Iterator<Item = &str> {
    tests(line_item).flat_map(Test::values)
}

/// Those of them that its rules write out, in no list.
pub(in crate::bidder) fn written_segments(line_item: &LineItem) -> impl Iterator<Item = &str> {
    tests(line_item).flat_map(|test| test.listed().0).map(String::as_str)
}

fn tests(line_item: &LineItem) -> impl Iterator<Item = &Test> {
    let rules = std::iter::once(&line_item.targeting).chain(line_item.modifiers.iter().map(|one| &one.when));
    rules.flat_map(|rule| rule.tests()).filter(|test| test.attribute == Attribute::Segment)
}

impl Market<'_, '_, '_> {
    /// The setting of a bid that `offer` becomes in `scene`.
    pub(in crate::bidder) fn setting(&self, offer: &Offer<'_>, scene: &Scene<'_>) -> Setting {
        let placement = &offer.placement;
        let may_tell = self.ask.permissions.personalise && self.ask.permissions.measure;
        let asked = &self.snapshot.plan.asked;
        let (request, ask) = (self.ask.request, self.ask);
        let place = Place::of(request, ask.located, Readable::by(ask.permissions));
        let region = place.region.map(|told| told.value);
        let area = place.country.map(|told| Area::new(told.value, region.as_ref().map(Region::own_code)));
        let agent = crate::agent::Agent::of(&request.device, ask.agent);
        let device = match agent.device {
            [kind] => Device::from_name(kind.name()),
            [] => None,
            _ => Some(Device::Other),
        };
        let size = placement.size();
        let size = u16::try_from(size.0).ok().zip(u16::try_from(size.1).ok());
        Setting {
            publisher: request.channel.outlet().and_then(publisher).map(PublisherId::from_slug),
            area,
            device: device.unwrap_or_default(),
            format: match placement.medium() {
                MediaType::Banner => Format::Banner,
                MediaType::Video => Format::Video,
                MediaType::Audio => Format::Audio,
                MediaType::Native => Format::Native,
            },
            size: size.filter(|size| *size != (0, 0)),
            viewer: ViewerCountries {
                device: request.device.geo.country.and_then(Country::from_code),
                address: ask.located.and_then(|located| located.country),
                home: request.user.geo.country.and_then(Country::from_code),
            },
            arm: offer.arm.map(|arm| arm.id),
            segments: if may_tell { asked.told(offer.row, scene) } else { Segments::default() },
        }
    }
}
