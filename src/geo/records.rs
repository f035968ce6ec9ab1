//! The records of a database, each once, as small as they can be.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use crate::geo::record::Fields;
use crate::geo::zones::{Zone, Zones};
use crate::geo::{Located, Metro, Names, Point};
use crate::units::{Country, Region, UnixMillis};

/// A text among all texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Text {
    at: u32,
    bytes: u32,
}

/// The names of one city among all names.
#[derive(Debug, Clone, Copy, Default)]
struct City {
    at: u32,
    names: u8,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    point: Option<Point>,
    accuracy_km: Option<f64>,
    postcode: Option<Text>,
    city: City,
    region: Option<Region>,
    country: Option<Country>,
    metro: Option<Metro>,
    zone: Option<Zone>,
}

/// Records by their numbers.
#[derive(Debug, Default)]
pub(in crate::geo) struct Records {
    records: Vec<Record>,
    /// All texts, one after the other.
    texts: String,
    /// The names of all cities, one city after the other.
    names: Vec<Text>,
    zones: Zones,
}

impl Records {
    /// What record `number` says at `now`.
    pub(in crate::geo) fn located(&self, number: u32, now: UnixMillis) -> Located<'_> {
        let record = &self.records[number as usize];
        let mut city = Names::default();
        let names = &self.names[record.city.at as usize..][..usize::from(record.city.names)];
        names.iter().for_each(|name| city.push_known(self.text(*name)));
        Located {
            country: record.country,
            region: record.region,
            city,
            postcode: record.postcode.map(|text| self.text(text)),
            metro: record.metro,
            point: record.point,
            accuracy_km: record.accuracy_km,
            utc_offset_min: record.zone.and_then(|zone| self.zones.offset_min(zone, now)),
        }
    }

    fn text(&self, text: Text) -> &str {
        &self.texts[text.at as usize..][..text.bytes as usize]
    }
}

/// Makes [`Records`]: remembers what is there already.
#[derive(Debug, Default)]
pub(in crate::geo) struct Recorder {
    made: Records,
    texts: HashMap<Box<str>, Text, RandomState>,
    cities: HashMap<Vec<Text>, City, RandomState>,
}

impl Recorder {
    /// Adds a record; gives its number.
    pub(in crate::geo) fn add(&mut self, fields: &Fields<'_>) -> u32 {
        let country = fields.country.and_then(Country::from_code);
        let record = Record {
            point: fields.point,
            accuracy_km: fields.accuracy_km,
            postcode: fields.postcode.map(|text| self.text(text)),
            city: self.city(&fields.city),
            region: country.zip(fields.region).and_then(|(country, code)| Region::new(country, code)),
            country,
            metro: fields.metro,
            zone: fields.zone.and_then(|name| self.made.zones.learn(name)),
        };
        self.made.records.push(record);
        small(self.made.records.len() - 1)
    }

    /// All that was added.
    pub(in crate::geo) fn finish(self) -> Records {
        self.made
    }

    fn text(&mut self, text: &str) -> Text {
        if let Some(known) = self.texts.get(text) {
            return *known;
        }
        let new = Text { at: small(self.made.texts.len()), bytes: small(text.len()) };
        self.made.texts.push_str(text);
        self.texts.insert(text.into(), new);
        new
    }

    fn city(&mut self, names: &Names<'_>) -> City {
        let texts: Vec<Text> = names.iter().map(|name| self.text(name)).collect();
        if let Some(known) = self.cities.get(&texts) {
            return *known;
        }
        let names = u8::try_from(texts.len()).expect("few names are kept");
        let new = City { at: small(self.made.names.len()), names };
        self.made.names.extend(&texts);
        self.cities.insert(texts, new);
        new
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).expect("a file has fewer than 2^32 bytes, and every text and record in it once")
}
