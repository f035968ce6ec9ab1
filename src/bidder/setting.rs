//! What a bid tells of where and to whom it is made, for whoever asks for figures by it.
//!
//! Taken once of a bid that is sent, so that nobody else pays for it. Deliberately absent: the arm, which is the line
//! item's own, and what may not be read of a person.

use crate::bidder::offer::Market;
use crate::creative::Placement;
use crate::geo::{Place, Readable};
use crate::ledger::{Area, Device, Format, Setting, ViewerCountries};
use crate::openrtb::{MediaType, Outlet};
use crate::units::{Country, PublisherId, Region};

/// The name that a site, app or screen has in reports: its bundle or domain, else the exchange's id of it.
#[must_use]
pub fn publisher<'a>(outlet: &Outlet<'a>) -> Option<&'a str> {
    outlet.bundle.or(outlet.domain).or(outlet.id)
}

impl Market<'_, '_, '_> {
    /// The setting of a bid that is shown as `placement`.
    pub(in crate::bidder) fn setting(&self, placement: &Placement<'_>) -> Setting {
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
            ..Setting::default()
        }
    }
}
