//! Records of a database as they stand in it, in the two ways that databases are written.
//!
//! Nothing of a record is copied, and what is not needed is skipped. A value of an unexpected type is absent, so that
//! one odd field does not cost the others.

use maxminddb::{LookupResult, MaxMindDbError};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess};

use crate::geo::lax::{Lax, lax};
use crate::geo::located::is_nothing;
use crate::geo::{Metro, Names, Point};
use crate::units::Country;

/// How the records of a database are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::geo) enum Schema {
    /// Objects in objects, as MaxMind does, and DB-IP after it: `country.iso_code`, `city.names.en`, `location.latitude`.
    Nested,
    /// One object of plain values, as IPinfo and the flat forms of IP2Location and others: `country_code`, `city`, `lat`.
    Flat,
}

/// What one record says, as it says it.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::geo) struct Fields<'d> {
    pub(in crate::geo) country: Option<&'d str>,
    pub(in crate::geo) region: Option<&'d str>,
    pub(in crate::geo) city: Names<'d>,
    pub(in crate::geo) postcode: Option<&'d str>,
    pub(in crate::geo) metro: Option<Metro>,
    pub(in crate::geo) point: Option<Point>,
    pub(in crate::geo) accuracy_km: Option<f64>,
    pub(in crate::geo) zone: Option<&'d str>,
}

impl Fields<'_> {
    /// True if it says where something is.
    pub(in crate::geo) fn is_a_place(&self) -> bool {
        self.country.is_some_and(|code| Country::from_code(code).is_some()) || self.point.is_some()
    }
}

/// What the record `found` says, if records are written as `schema`.
///
/// # Errors
///
/// If its bytes are damaged.
pub(in crate::geo) fn fields<'d>(
    found: &LookupResult<'d, Vec<u8>>,
    schema: Schema,
) -> Result<Fields<'d>, MaxMindDbError> {
    let fields = match schema {
        Schema::Nested => found.decode::<Lenient<Nested>>()?.map(|record| record.0.into()),
        Schema::Flat => found.decode::<Flat>()?.map(Fields::from),
    };
    Ok(fields.unwrap_or_default())
}

/// A record of [`Schema::Nested`].
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'd"))]
struct Nested<'d> {
    country: Lenient<Coded<'d>>,
    registered_country: Lenient<Coded<'d>>,
    subdivisions: First<'d>,
    city: Lenient<Named<'d>>,
    postal: Lenient<Postal<'d>>,
    location: Lenient<Location<'d>>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'd"))]
struct Coded<'d> {
    iso_code: Text<'d>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'd"))]
struct Named<'d> {
    names: Languages<'d>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'd"))]
struct Postal<'d> {
    code: Text<'d>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default, bound(deserialize = "'de: 'd"))]
struct Location<'d> {
    latitude: Number,
    longitude: Number,
    accuracy_radius: Number,
    metro_code: Number,
    time_zone: Text<'d>,
}

impl<'d> From<Nested<'d>> for Fields<'d> {
    fn from(record: Nested<'d>) -> Self {
        let location = record.location.0;
        Self {
            country: record.country.0.iso_code.0.or(record.registered_country.0.iso_code.0),
            region: record.subdivisions.0.iso_code.0,
            city: record.city.0.names.0,
            postcode: record.postal.0.code.0,
            metro: location.metro_code.metro(),
            point: Point::new(location.latitude.0, location.longitude.0),
            accuracy_km: location.accuracy_radius.0.filter(|km| *km >= 0.0),
            zone: location.time_zone.0,
        }
    }
}

/// A record of [`Schema::Flat`]. Of several keys for one thing the most exact counts: `country` may be a name.
#[derive(Debug, Default)]
struct Flat<'d> {
    fields: Fields<'d>,
    country: Option<&'d str>,
    region: Option<&'d str>,
    lat: Option<f64>,
    lon: Option<f64>,
}

impl<'d> Flat<'d> {
    fn take<A: MapAccess<'d>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let fields = &mut self.fields;
        match key {
            "country_code" | "country_iso_code" | "country_code2" => {
                fields.country = map.next_value::<Text>()?.0;
            }
            "country" => self.country = map.next_value::<Text>()?.0,
            "region_code" | "region_iso_code" | "subdivision_code" | "state_code" => {
                fields.region = map.next_value::<Text>()?.0;
            }
            "region" | "state" | "state1" => self.region = map.next_value::<Text>()?.0,
            "city" | "city_name" => {
                fields.city = map.next_value::<Text>()?.0.map(Names::one).unwrap_or_default();
            }
            "postal_code" | "postal" | "postcode" | "zip" | "zip_code" => {
                fields.postcode = map.next_value::<Text>()?.0;
            }
            "metro_code" | "metro" | "dma_code" => fields.metro = map.next_value::<Number>()?.metro(),
            "latitude" | "lat" => self.lat = map.next_value::<Number>()?.0,
            "longitude" | "lon" | "lng" => self.lon = map.next_value::<Number>()?.0,
            "loc" => {
                let pair = map.next_value::<Text>()?.0.and_then(|pair| pair.split_once(','));
                self.lat = self.lat.or(pair.and_then(|(lat, _)| lat.trim().parse().ok()));
                self.lon = self.lon.or(pair.and_then(|(_, lon)| lon.trim().parse().ok()));
            }
            "accuracy_radius" | "radius" => {
                fields.accuracy_km = map.next_value::<Number>()?.0.filter(|km| *km >= 0.0);
            }
            "timezone" | "time_zone" => fields.zone = map.next_value::<Text>()?.0,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

impl<'d> From<Flat<'d>> for Fields<'d> {
    fn from(record: Flat<'d>) -> Self {
        // A name of three letters in lower case is no code.
        let is_code =
            |text: &&str| text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        Self {
            country: record.fields.country.or(record.country),
            region: record.fields.region.or(record.region.filter(is_code)),
            point: Point::new(record.lat, record.lon),
            ..record.fields
        }
    }
}

impl<'de> Lax<'de> for Flat<'de> {
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut record = Self::default();
        while let Some(key) = map.next_key::<&str>()? {
            record.take(key, &mut map)?;
        }
        Ok(record)
    }
}

/// A text that says something.
#[derive(Debug, Default, Clone, Copy)]
struct Text<'d>(Option<&'d str>);

/// A number, or a text that is one.
#[derive(Debug, Default, Clone, Copy)]
struct Number(Option<f64>);

impl Number {
    fn metro(self) -> Option<Metro> {
        let number = self.0.filter(|number| (1.0..=f64::from(u16::MAX)).contains(number))?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range, as tested above"
        )]
        Metro::from_number(number as u16)
    }
}

/// All values of a map of languages, English first.
#[derive(Debug, Default, Clone, Copy)]
struct Languages<'d>(Names<'d>);

/// The first of a list.
#[derive(Debug, Default)]
struct First<'d>(Coded<'d>);

/// A map, or the default if it is something else.
#[derive(Debug, Default)]
struct Lenient<T>(T);

impl<'de: 'd, 'd> Lax<'de> for Text<'d> {
    fn of_text(text: &'de str) -> Self {
        Self(Some(text.trim()).filter(|text| !is_nothing(text)))
    }
}

impl<'de> Lax<'de> for Number {
    fn of_text(text: &'de str) -> Self {
        Self(text.trim().parse().ok().filter(|number: &f64| number.is_finite()))
    }

    fn of_number(number: f64) -> Self {
        Self(Some(number).filter(|number| number.is_finite()))
    }
}

impl<'de: 'd, 'd> Lax<'de> for Languages<'d> {
    fn of_map<A: MapAccess<'de>>(mut map: A) -> Result<Self, A::Error> {
        let mut names = Names::default();
        while let Some((language, name)) = map.next_entry::<&str, Text>()? {
            match name.0 {
                Some(name) if language == "en" => names.push_first(name),
                Some(name) => names.push(name),
                None => {}
            }
        }
        Ok(Self(names))
    }
}

impl<'de: 'd, 'd> Lax<'de> for First<'d> {
    fn of_list<A: SeqAccess<'de>>(mut list: A) -> Result<Self, A::Error> {
        let first = list.next_element::<Lenient<Coded>>()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self(first.unwrap_or_default().0))
    }
}

impl<'de, T: Deserialize<'de> + Default> Lax<'de> for Lenient<T> {
    fn of_map<A: MapAccess<'de>>(map: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Self)
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Text<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Languages<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for First<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}

impl<'de> Deserialize<'de> for Flat<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        lax(deserializer)
    }
}
