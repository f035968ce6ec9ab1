//! What a database says of an address, borrowed from it.

use std::fmt;

use crate::units::{Country, Region, limits};

/// What a database says of an address. Whatever it does not say, or says in a way that is not understood, is absent.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Located<'d> {
    /// The country; where the database knows none, the one that the network is registered in.
    pub country: Option<Country>,
    /// The largest division of the country, by its code.
    pub region: Option<Region>,
    /// The city in every language that the database has, English first.
    pub city: Names<'d>,
    /// The postcode, or its beginning.
    pub postcode: Option<&'d str>,
    /// The metro code (USA).
    pub metro: Option<Metro>,
    /// Somewhere in the middle of where the address may be.
    pub point: Option<Point>,
    /// How far from `point` it may well be, in kilometres.
    pub accuracy_km: Option<f64>,
    /// Minutes that clocks there are ahead of UTC now.
    pub utc_offset_min: Option<i32>,
}

impl Located<'_> {
    /// Country, region and clock, and nothing that is smaller.
    #[must_use]
    pub fn coarse(self) -> Self {
        let Self { country, region, utc_offset_min, .. } = self;
        Self { country, region, utc_offset_min, ..Self::default() }
    }

    /// What this and `other` both say, from the country down to where they differ. Of two points none is told.
    #[must_use]
    pub fn shared(self, other: Self) -> Self {
        let mut shared = Self::default();
        if self.country != other.country {
            return shared;
        }
        shared.country = self.country;
        shared.utc_offset_min = self.utc_offset_min.filter(|_| self.utc_offset_min == other.utc_offset_min);
        if self.region != other.region {
            return shared;
        }
        shared.region = self.region;
        if self.city != other.city {
            return shared;
        }
        let postcode = self.postcode.filter(|_| self.postcode == other.postcode);
        let metro = self.metro.filter(|_| self.metro == other.metro);
        Self { city: self.city, postcode, metro, ..shared }
    }
}

/// The names of one city, each once; up to [`limits::CITY_NAMES_MAX`].
#[derive(Clone, Copy, Default)]
pub struct Names<'d> {
    names: [&'d str; limits::CITY_NAMES_MAX],
    count: usize,
}

impl<'d> Names<'d> {
    /// One name; none if it is empty.
    #[must_use]
    pub fn one(name: &'d str) -> Self {
        let mut names = Self::default();
        names.push(name);
        names
    }

    /// Adds `name` unless it is empty or there already. One too many is dropped.
    pub fn push(&mut self, name: &'d str) {
        let name = name.trim();
        let is_new = !is_nothing(name) && !self.iter().any(|known| known == name);
        if is_new {
            self.push_known(name);
        }
    }

    /// Adds `name`, which is known to be a new one.
    pub(in crate::geo) fn push_known(&mut self, name: &'d str) {
        if let Some(free) = self.names.get_mut(self.count) {
            *free = name;
            self.count += 1;
        }
    }

    /// Puts `name` before all others.
    pub(in crate::geo) fn push_first(&mut self, name: &'d str) {
        self.push(name);
        let at = self.iter().position(|known| known == name.trim());
        if let Some(at) = at {
            self.names.swap(0, at);
        }
    }

    /// True if there is no name.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The names.
    pub fn iter(&self) -> impl Iterator<Item = &'d str> + use<'d, '_> {
        self.names[..self.count].iter().copied()
    }

    /// True if `name` is one of them, in any case.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|known| is_same_text(known, name))
    }
}

impl fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl PartialEq for Names<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

/// What databases write for "not known": nothing, or a dash.
pub(in crate::geo) fn is_nothing(text: &str) -> bool {
    matches!(text, "" | "-")
}

/// True if two texts differ in case and spaces around them at most.
pub(in crate::geo) fn is_same_text(one: &str, other: &str) -> bool {
    let letters = one.trim().chars().flat_map(char::to_lowercase);
    letters.eq(other.trim().chars().flat_map(char::to_lowercase))
}

/// A metro code, as requests write it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Metro {
    digits: [u8; 5],
    count: u8,
}

impl Metro {
    /// The code `number`; none for 0, which stands for "not known".
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        let mut metro = Self { digits: [b'0'; 5], count: 0 };
        let mut scale = 10_000;
        while scale > 0 {
            let digit = u8::try_from(number / scale % 10).expect("a digit");
            if digit != 0 || metro.count > 0 {
                metro.digits[usize::from(metro.count)] = b'0' + digit;
                metro.count += 1;
            }
            scale /= 10;
        }
        (number != 0).then_some(metro)
    }

    /// The code as text, `501`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits[..usize::from(self.count)]).expect("digits")
    }
}

impl fmt::Debug for Metro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A place by its coordinates, in degrees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Latitude, -90 to 90.
    pub lat: f64,
    /// Longitude, -180 to 180.
    pub lon: f64,
}

impl Point {
    /// The point, unless it lies off the globe or at exactly 0, 0, which senders write for "unknown".
    #[must_use]
    pub fn new(lat: Option<f64>, lon: Option<f64>) -> Option<Self> {
        let (lat, lon) = (lat?, lon?);
        let on_globe = (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon);
        let told = lat.abs() > f64::EPSILON || lon.abs() > f64::EPSILON;
        (on_globe && told).then_some(Self { lat, lon })
    }
}

#[cfg(test)]
mod tests {
    use super::{Located, Metro, Names, Point};
    use crate::units::{Country, Region};

    #[test]
    fn two_records_share_what_they_say_down_to_where_they_differ() {
        let country = Country::FR;
        let region = Region::new(country, "IDF");
        let point = Point::new(Some(48.8), Some(2.3));
        let (city, postcode) = (Names::one("Paris"), Some("75001"));
        let one = Located {
            country: Some(country),
            region,
            city,
            postcode,
            metro: Metro::from_number(501),
            point,
            accuracy_km: Some(20.0),
            utc_offset_min: Some(120),
        };
        let same = Located { point: None, accuracy_km: None, ..one };
        assert_eq!(one.shared(one), same);
        assert_eq!(
            one.shared(Located { postcode: Some("75002"), ..one }),
            Located { postcode: None, ..same }
        );
        assert_eq!(one.shared(Located { city: Names::one("Meaux"), ..one }), one.coarse());
        let elsewhere = Located { region: Region::new(country, "ARA"), ..one };
        assert_eq!(one.shared(elsewhere), Located { region: None, ..one.coarse() });
        assert_eq!(one.shared(Located { utc_offset_min: None, ..one }).utc_offset_min, None);
        assert_eq!(one.shared(Located { country: Country::from_code("DE"), ..one }), Located::default());
    }

    #[test]
    fn names_are_kept_once_and_english_comes_first() {
        let mut names = Names::one("Mailand");
        for name in ["Milano", "Mailand", "", "-"] {
            names.push(name);
        }
        names.push_first("Milan");
        assert_eq!(names.iter().collect::<Vec<_>>(), ["Milan", "Milano", "Mailand"]);
        assert!(names.has(" MILAN ") && !names.has("Mila"));
        assert!(Names::one("ÉVRY").has("évry"));
        assert!(Names::one(" ").is_empty());
        let many: Vec<String> = (0..99).map(|at| at.to_string()).collect();
        many.iter().for_each(|name| names.push(name));
        assert_eq!(names.iter().last(), Some("4"));
    }

    #[test]
    fn a_metro_code_is_written_without_zeros_before_it() {
        let text = |number| Metro::from_number(number).map(|metro| metro.as_str().to_owned());
        assert_eq!(text(501).as_deref(), Some("501"));
        assert_eq!(text(u16::MAX).as_deref(), Some("65535"));
        assert_eq!(text(10).as_deref(), Some("10"));
        assert_eq!(text(0), None);
    }

    #[test]
    fn what_is_off_the_globe_is_no_point() {
        for (lat, lon) in [(91.0, 0.0), (0.0, 181.0), (f64::NAN, 1.0), (0.0, 0.0)] {
            assert_eq!(Point::new(Some(lat), Some(lon)), None);
        }
        assert!(Point::new(Some(0.0), Some(1.0)).is_some());
    }
}
