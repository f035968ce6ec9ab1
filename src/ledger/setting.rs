//! Where and to whom an ad was offered, as far as figures are asked for by it: part of every event, so that no report
//! needs anything but the ledger.
//!
//! A few dozen bytes, the same in tokens, rows and checksums. What names come from hashes stands in the ledger's table of
//! names. Deliberately absent: anything by which a person could be found; segments are kept only of who lets us go by them
//! and measure them.

use std::fmt;

use crate::units::{ArmId, Country, PublisherId, SegmentId};

/// Where and to whom an ad was offered. Nothing is told of what is at its default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Setting {
    /// The site, app or screen.
    pub publisher: Option<PublisherId>,
    /// Where the viewer is.
    pub area: Option<Area>,
    /// On what.
    pub device: Device,
    /// As what.
    pub format: Format,
    /// Width and height, where it has them.
    pub size: Option<(u16, u16)>,
    /// Of a line item that compares several.
    pub arm: Option<ArmId>,
    /// Of the person, those that the line item asks for.
    pub segments: Segments,
    /// What decides where it is taxed.
    pub viewer: ViewerCountries,
}

/// A country, and perhaps a region of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    country: Country,
    /// ISO 3166-2 behind the hyphen, padded with zeros; none if all are.
    region: [u8; 3],
}

impl Area {
    /// The area of `country` and an ISO 3166-2 `region` without the country; one that is none is left out.
    #[must_use]
    pub fn new(country: Country, region: Option<&str>) -> Self {
        let mut padded = [0; 3];
        let bytes = region.map(str::as_bytes).unwrap_or_default();
        if bytes.len() <= padded.len() && bytes.iter().all(u8::is_ascii_alphanumeric) {
            padded[..bytes.len()].copy_from_slice(bytes);
            padded.make_ascii_uppercase();
        }
        Self { country, region: padded }
    }

    /// The country.
    #[must_use]
    pub const fn country(&self) -> Country {
        self.country
    }

    /// The region, if it is known.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        let length = self.region.iter().position(|byte| *byte == 0).unwrap_or(self.region.len());
        std::str::from_utf8(&self.region[..length]).ok().filter(|region| !region.is_empty())
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.region() {
            Some(region) => f.pad(&format!("{}-{region}", self.country)),
            None => f.pad(&self.country.to_string()),
        }
    }
}

impl fmt::Debug for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// What an ad is seen on, by the kinds that rules name. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(missing_docs, reason = "the names say it")]
#[repr(u8)]
pub enum Device {
    #[default]
    Unknown = 0,
    Phone = 1,
    Tablet = 2,
    Desktop = 3,
    Tv = 4,
    Other = 5,
}

impl Device {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Phone, Self::Tablet, Self::Desktop, Self::Tv, Self::Other];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Phone => "phone",
            Self::Tablet => "tablet",
            Self::Desktop => "desktop",
            Self::Tv => "tv",
            Self::Other => "other",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// As what an ad is shown. The numbers are stored and never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[expect(missing_docs, reason = "the names say it")]
#[repr(u8)]
pub enum Format {
    #[default]
    Unknown = 0,
    Banner = 1,
    Video = 2,
    Audio = 3,
    Native = 4,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Banner, Self::Video, Self::Audio, Self::Native];

    /// Its word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Banner => "banner",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Native => "native",
        }
    }

    /// The format of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

/// A few segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Segments([Option<SegmentId>; Self::MOST]);

impl Segments {
    /// So many are told; the others are left out.
    pub const MOST: usize = 4;

    /// The first few of `segments`.
    #[must_use]
    pub fn new(segments: impl IntoIterator<Item = SegmentId>) -> Self {
        let mut few = Self::default();
        few.0.iter_mut().zip(segments).for_each(|(room, segment)| *room = Some(segment));
        few
    }

    /// In their order.
    pub fn iter(&self) -> impl Iterator<Item = SegmentId> {
        self.0.iter().copied().flatten()
    }
}

/// Which countries a request names for its viewer: evidence for the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ViewerCountries {
    /// Of the device.
    pub device: Option<Country>,
    /// Of the address.
    pub address: Option<Country>,
    /// Of the person's home.
    pub home: Option<Country>,
}

/// Which parts follow, as bits of the first byte; the second one holds device and format.
mod part {
    pub(super) const PUBLISHER: u8 = 1;
    pub(super) const AREA: u8 = 1 << 1;
    pub(super) const SIZE: u8 = 1 << 2;
    pub(super) const ARM: u8 = 1 << 3;
    pub(super) const SEGMENTS: u8 = 1 << 4;
    pub(super) const VIEWER_DEVICE: u8 = 1 << 5;
    pub(super) const VIEWER_ADDRESS: u8 = 1 << 6;
    pub(super) const VIEWER_HOME: u8 = 1 << 7;
}

impl Setting {
    /// The most bytes of one.
    pub const BYTES_MAX: usize = 2 + 8 + 5 + 4 + 8 + 1 + 8 * Segments::MOST + 3 * 2;

    /// Its bytes: nothing where nothing is told; else which parts there are, and those. The same setting has the same
    /// bytes.
    #[must_use]
    pub fn to_bytes(&self) -> SettingBytes {
        let mut bytes = SettingBytes::new();
        if *self == Self::default() {
            return bytes;
        }
        let countries = [
            (part::VIEWER_DEVICE, self.viewer.device),
            (part::VIEWER_ADDRESS, self.viewer.address),
            (part::VIEWER_HOME, self.viewer.home),
        ];
        let segments = self.segments.iter().count();
        let mut parts = 0;
        for (part, is_there) in [
            (part::PUBLISHER, self.publisher.is_some()),
            (part::AREA, self.area.is_some()),
            (part::SIZE, self.size.is_some()),
            (part::ARM, self.arm.is_some()),
            (part::SEGMENTS, segments > 0),
        ] {
            parts |= if is_there { part } else { 0 };
        }
        parts |=
            countries.iter().filter(|(_, country)| country.is_some()).fold(0, |all, (part, _)| all | part);
        bytes.extend_from_slice(&[parts, self.device as u8 | (self.format as u8) << 4]);
        if let Some(publisher) = self.publisher {
            bytes.extend_from_slice(&publisher.raw().to_le_bytes());
        }
        if let Some(Area { country, region }) = self.area {
            bytes.extend_from_slice(country.alpha2().as_bytes());
            bytes.extend_from_slice(&region);
        }
        if let Some((width, height)) = self.size {
            bytes.extend_from_slice(&width.to_le_bytes());
            bytes.extend_from_slice(&height.to_le_bytes());
        }
        if let Some(arm) = self.arm {
            bytes.extend_from_slice(&arm.raw().to_le_bytes());
        }
        if segments > 0 {
            bytes.push(u8::try_from(segments).unwrap_or(u8::MAX));
            self.segments.iter().for_each(|segment| bytes.extend_from_slice(&segment.raw().to_le_bytes()));
        }
        for country in countries.iter().filter_map(|(_, country)| country.as_ref()) {
            bytes.extend_from_slice(country.alpha2().as_bytes());
        }
        bytes
    }

    /// The setting of [`Setting::to_bytes`]; `None` if `bytes` are anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let Some(([parts, kinds], mut rest)) = bytes.split_first_chunk() else {
            return bytes.is_empty().then(Self::default);
        };
        let has = |part: u8| parts & part != 0;
        let mut setting = Self {
            device: Device::ALL.into_iter().find(|kind| *kind as u8 == kinds & 0xf)?,
            format: Format::ALL.into_iter().find(|format| *format as u8 == kinds >> 4)?,
            ..Self::default()
        };
        if has(part::PUBLISHER) {
            setting.publisher = Some(PublisherId::from_raw(id(&mut rest)?));
        }
        if has(part::AREA) {
            let country = country(&mut rest)?;
            setting.area = Some(Area { country, region: take(&mut rest)? });
        }
        if has(part::SIZE) {
            let width = u16::from_le_bytes(take(&mut rest)?);
            setting.size = Some((width, u16::from_le_bytes(take(&mut rest)?)));
        }
        if has(part::ARM) {
            setting.arm = Some(ArmId::from_raw(id(&mut rest)?));
        }
        if has(part::SEGMENTS) {
            let [count] = take(&mut rest)?;
            for room in setting.segments.0.get_mut(..usize::from(count))? {
                *room = Some(SegmentId::from_raw(id(&mut rest)?));
            }
        }
        for (part, room) in [
            (part::VIEWER_DEVICE, &mut setting.viewer.device),
            (part::VIEWER_ADDRESS, &mut setting.viewer.address),
            (part::VIEWER_HOME, &mut setting.viewer.home),
        ] {
            if has(part) {
                *room = Some(country(&mut rest)?);
            }
        }
        rest.is_empty().then_some(setting)
    }
}

/// Room for a setting; only one with several segments needs the heap.
pub type SettingBytes = smallvec::SmallVec<[u8; 48]>;

fn take<const N: usize>(from: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = from.split_first_chunk()?;
    *from = rest;
    Some(*head)
}

fn id(from: &mut &[u8]) -> Option<u64> {
    take(from).map(u64::from_le_bytes)
}

fn country(from: &mut &[u8]) -> Option<Country> {
    let code: [u8; 2] = take(from)?;
    Country::from_code(std::str::from_utf8(&code).ok()?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{Area, Device, Format, Setting};
    use crate::ledger::sample::setting;
    use crate::units::Country;

    #[test]
    fn nothing_told_takes_no_room() {
        assert!(Setting::default().to_bytes().is_empty());
        assert_eq!(Setting::from_bytes(&[]), Some(Setting::default()));
    }

    #[test]
    fn a_region_that_is_none_leaves_the_country() {
        let area = |region| Area::new(Country::FR, region).to_string();
        assert_eq!([area(Some("idf")), area(Some("")), area(None)], ["FR-IDF", "FR", "FR"]);
        assert_eq!([area(Some("Bretagne")), area(Some("a-"))], ["FR", "FR"]);
    }

    #[test]
    fn words_read_back() {
        for device in Device::ALL {
            assert_eq!(Device::from_name(device.name()), Some(device));
        }
        for format in Format::ALL {
            assert_eq!(Format::from_name(format.name()), Some(format));
        }
    }

    proptest! {
        #[test]
        fn a_setting_reads_back_from_its_bytes_and_from_no_others(setting in setting()) {
            let bytes = setting.to_bytes();
            prop_assert!(bytes.len() <= Setting::BYTES_MAX);
            prop_assert_eq!(Setting::from_bytes(&bytes), Some(setting));
            if let Some((_, shorter)) = bytes.split_last() {
                prop_assert!(Setting::from_bytes(shorter).is_none_or(|other| other != setting));
            }
            let mut longer = bytes.to_vec();
            longer.push(0);
            prop_assert_eq!(Setting::from_bytes(&longer), None);
        }
    }
}
