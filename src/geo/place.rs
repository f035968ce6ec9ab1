//! The place of a request: what it says of its device, then what its address says, then where the person lives.
//!
//! Two places are never mixed. The address adds what the request does not say only where the two agree in all that both
//! say; where they differ in the city or the postcode alone, it adds the clock and no more.

use std::fmt;

use crate::geo::located::is_same_text;
use crate::geo::{Located, Names, Point};
use crate::openrtb::{BidRequest, Channel, Geo};
use crate::privacy::Permissions;
use crate::units::{Country, Region};

/// Names of a city that are shown to people: it has one for each language of the database.
const NAMES_SHOWN: usize = 2;

/// What of a place may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Readable {
    /// Where the person lives, beyond the country.
    pub home: bool,
    /// Coordinates that the request tells.
    pub precise: bool,
}

impl Readable {
    /// What `permissions` permit.
    #[must_use]
    pub fn by(permissions: &Permissions) -> Self {
        Self { home: permissions.personalise, precise: permissions.locate }
    }
}

/// Who says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Witness {
    /// The request, of its device: `device.geo`.
    Request,
    /// The database, of the device's address.
    Address,
    /// The request, of where the person lives: `user.geo`.
    Home,
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Request => "request",
            Self::Address => "address",
            Self::Home => "home",
        })
    }
}

/// Something told, and by whom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Told<T> {
    /// What.
    pub value: T,
    /// By whom.
    pub by: Witness,
}

/// A point, and how far from it the device may well be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    /// Where.
    pub point: Point,
    /// Kilometres: for a point of the request as it says, 0 if it says nothing. `None` if the database does not say, or
    /// the request took the point from the address.
    pub accuracy_km: Option<f64>,
}

impl Spot {
    /// True if it may be held against a circle of `km`: it is known as exactly as the circle is drawn. The point of an
    /// address counts only if its accuracy is known and at most the circle's radius.
    #[must_use]
    pub fn is_exact_to(&self, km: f64) -> bool {
        self.accuracy_km.is_some_and(|accuracy| accuracy <= km)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}, {}", self.point.lat, self.point.lon)?;
        match self.accuracy_km {
            Some(km) if km > 0.0 => write!(f, " within {km} km"),
            Some(_) => Ok(()),
            None => f.write_str(" roughly"),
        }
    }
}

/// The place of a request, each part with its witness.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place<'a> {
    /// The country.
    pub country: Option<Told<Country>>,
    /// The region, of that country.
    pub region: Option<Told<Region>>,
    /// The city, by all names that are known for it.
    pub city: Option<Told<Names<'a>>>,
    /// The metro code.
    pub metro: Option<Told<&'a str>>,
    /// The postcode.
    pub postcode: Option<Told<&'a str>>,
    /// The coordinates.
    pub spot: Option<Told<Spot>>,
    /// Minutes that the viewer's clock is ahead of UTC.
    pub utc_offset_min: Option<Told<i32>>,
}

impl<'a> Place<'a> {
    /// The place of `request`, whose address is `located`.
    ///
    /// - A country in `device.geo`: that, and what the address adds.
    /// - None there: all of the address. What `device.geo` says without its country may be elsewhere.
    /// - None there either: home. Of somebody for whom the ad may not be personalised, home tells the country and the clock only.
    /// - No country at all: what `device.geo` says.
    ///
    /// The coordinates are those of the request where a precise place is permitted, which is also where a screen stands
    /// that is nobody's; else those of the address, which is a coarse place. The clock is the request's, else the
    /// address's, else that of a home that is not known to be elsewhere.
    #[must_use]
    pub fn of(request: &'a BidRequest<'a>, located: Option<&'a Located<'a>>, readable: Readable) -> Self {
        let (here, home) = (&request.device.geo, &request.user.geo);
        let mut place = Self::says(here, Witness::Request);
        let precise = readable.precise || matches!(request.channel, Channel::Dooh(_));
        let mut lives = None;
        if place.country.is_none() {
            if let Some(located) = located.filter(|located| located.country.is_some()) {
                place = Self { utc_offset_min: place.utc_offset_min, ..Self::default() };
                place.add(located);
            } else if let Some(country) = country_of(home) {
                lives = Some(home).filter(|_| readable.home);
                let country = Some(Told { value: country, by: Witness::Home });
                place = match lives {
                    Some(home) => Self::says(home, Witness::Home),
                    None => Self { country, ..Self::default() },
                };
                place.utc_offset_min = offset_of(here, Witness::Request).or(place.utc_offset_min);
            }
        } else if let Some(located) = located {
            place.add(located);
        }
        if precise {
            let at = |geo: &Geo<'_>, by| spot_of(geo).map(|value| Told { value, by });
            let exact = at(here, Witness::Request).or_else(|| at(lives?, Witness::Home));
            place.spot = exact.or(place.spot);
        }
        let elsewhere = country_of(home).zip(place.country).is_some_and(|(home, here)| home != here.value);
        if !elsewhere {
            place.utc_offset_min = place.utc_offset_min.or(offset_of(home, Witness::Home));
        }
        place
    }

    /// What `geo` says, without coordinates.
    fn says(geo: &Geo<'a>, by: Witness) -> Self {
        fn told<T>(value: Option<T>, by: Witness) -> Option<Told<T>> {
            value.map(|value| Told { value, by })
        }
        let country = country_of(geo);
        let region = country.zip(geo.region).and_then(|(country, code)| Region::new(country, code));
        Self {
            country: told(country, by),
            region: told(region, by),
            city: told(geo.city.map(Names::one).filter(|names| !names.is_empty()), by),
            metro: told(some_text(geo.metro), by),
            postcode: told(some_text(geo.zip), by),
            spot: None,
            utc_offset_min: offset_of(geo, by),
        }
    }

    /// Adds what `located` says and this does not, as far as they are one place.
    fn add(&mut self, located: &'a Located<'a>) {
        fn add<T>(known: &mut Option<Told<T>>, found: Option<T>) {
            if known.is_none() {
                *known = found.map(|value| Told { value, by: Witness::Address });
            }
        }
        let differ = |differ: Option<bool>| differ.unwrap_or(false);
        let other_region = self.region.zip(located.region).map(|(told, found)| told.value != found);
        if self.country.is_some_and(|told| Some(told.value) != located.country) || differ(other_region) {
            return;
        }
        add(&mut self.utc_offset_min, located.utc_offset_min);
        let cities = self.city.map(|told| told.value).filter(|_| !located.city.is_empty());
        let other_city = cities.map(|names| !names.iter().any(|name| located.city.has(name)));
        let postcodes = self.postcode.zip(located.postcode);
        let other_postcode = postcodes.map(|(told, found)| !is_same_text(told.value, found));
        if differ(other_city) || differ(other_postcode) {
            return;
        }
        if let Some(told) = self.city.as_mut().filter(|_| cities.is_some()) {
            // The same city by more names, the request's own among them.
            told.value = located.city;
        }
        add(&mut self.country, located.country);
        add(&mut self.region, located.region);
        add(&mut self.city, Some(located.city).filter(|names| !names.is_empty()));
        add(&mut self.metro, located.metro.as_ref().map(|metro| metro.as_str()));
        add(&mut self.postcode, located.postcode);
        let spot = located.point.map(|point| Spot { point, accuracy_km: located.accuracy_km });
        add(&mut self.spot, spot);
    }
}

fn country_of(geo: &Geo<'_>) -> Option<Country> {
    geo.country.and_then(Country::from_code)
}

fn offset_of(geo: &Geo<'_>, by: Witness) -> Option<Told<i32>> {
    geo.utcoffset.map(|value| Told { value, by })
}

fn spot_of(geo: &Geo<'_>) -> Option<Spot> {
    let accuracy_km = match (geo.accuracy, geo.r#type) {
        (Some(metres), _) => Some(f64::from(metres) / 1_000.0),
        // An address's, and nobody says how exact it is.
        (None, Some(2)) => None,
        (None, _) => Some(0.0),
    };
    Point::new(geo.lat, geo.lon).map(|point| Spot { point, accuracy_km })
}

fn some_text(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}

/// `country FR (request), region FR-IDF (address), ...`, or `nowhere that is known`.
impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let mut part = |by: Witness, words: String| parts.push(format!("{words} ({by})"));
        if let Some(told) = self.country {
            part(told.by, format!("country {}", told.value));
        }
        if let Some(told) = self.region {
            part(told.by, format!("region {}", told.value));
        }
        if let Some(told) = self.city {
            part(
                told.by,
                format!("city {}", told.value.iter().take(NAMES_SHOWN).collect::<Vec<_>>().join(" or ")),
            );
        }
        if let Some(told) = self.metro {
            part(told.by, format!("metro {}", told.value));
        }
        if let Some(told) = self.postcode {
            part(told.by, format!("postcode {}", told.value));
        }
        if let Some(told) = self.spot {
            part(told.by, told.value.to_string());
        }
        if let Some(told) = self.utc_offset_min {
            part(told.by, format!("clock {:+} min", told.value));
        }
        if parts.is_empty() { f.write_str("nowhere that is known") } else { f.write_str(&parts.join(", ")) }
    }
}

#[cfg(test)]
mod tests;
