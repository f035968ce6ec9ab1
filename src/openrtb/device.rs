//! The device: what it is, what runs on it, where it is.

/// `Device`, 3.2.18.
#[derive(Debug, Clone, Copy, Default)]
pub struct Device<'a> {
    /// Where it is now.
    pub geo: Geo<'a>,
    /// 1 mobile or tablet, 2 computer, 3 connected TV, 4 phone, 5 tablet, 6 connected device, 7 set-top box, 8 OOH.
    pub devicetype: Option<u32>,
    /// The user agent.
    pub ua: Option<&'a str>,
    /// The structured user agent, which is to be believed before `ua`.
    pub sua: Option<&'a Sua<'a>>,
    /// IPv4 address, perhaps cut.
    pub ip: Option<&'a str>,
    /// IPv6 address, perhaps cut.
    pub ipv6: Option<&'a str>,
    /// Maker.
    pub make: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
    /// Operating system; `sua` serves where `os`, `osv` or `model` is absent.
    pub os: Option<&'a str>,
    /// Version of the operating system.
    pub osv: Option<&'a str>,
    /// Browser language (`language`, ISO 639-1, or `langb`).
    pub language: Option<&'a str>,
    /// Carrier or internet provider.
    pub carrier: Option<&'a str>,
    /// The carrier by its codes of ITU-T E.212, as `208-01`.
    pub mccmnc: Option<&'a str>,
    /// 1 ethernet, 2 wifi, 3 cellular, 4 2G, 5 3G, 6 4G, 7 5G.
    pub connectiontype: Option<u32>,
    /// Advertising id; `None` also if it names nobody, by [`personal_id`](crate::openrtb::personal_id).
    pub ifa: Option<&'a str>,
    /// Limit ad tracking.
    pub lmt: bool,
    /// Do not track.
    pub dnt: bool,
}

/// `UserAgent`, 3.2.29: the hints of a browser that replace its user agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sua<'a> {
    /// Browsers and engines, in any order, with those that browsers make up to keep readers tolerant.
    pub browsers: &'a [BrandVersion<'a>],
    /// The operating system.
    pub platform: Option<BrandVersion<'a>>,
    /// `Some(true)` if the browser prefers pages for phones.
    pub mobile: Option<bool>,
    /// Of the processor, such as `x86` or `arm`.
    pub architecture: Option<&'a str>,
    /// Of the processor, such as `64`.
    pub bitness: Option<&'a str>,
    /// Model of the device.
    pub model: Option<&'a str>,
    /// 0 unknown, 1 low-entropy hints, 2 high-entropy hints, 3 parsed from the user agent.
    pub source: u32,
}

/// `BrandVersion`, 3.2.30.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BrandVersion<'a> {
    /// Of the browser or system, as its maker writes it.
    pub brand: &'a str,
    /// Parts of the version, the most significant first; perhaps one text with dots.
    pub version: &'a [&'a str],
}

/// `Geo`, 3.2.19.
#[derive(Debug, Clone, Copy, Default)]
pub struct Geo<'a> {
    /// ISO 3166-1 alpha-3, as sent.
    pub country: Option<&'a str>,
    /// ISO 3166-2 without the country, as sent.
    pub region: Option<&'a str>,
    /// City, as sent.
    pub city: Option<&'a str>,
    /// Postcode.
    pub zip: Option<&'a str>,
    /// Google metro code.
    pub metro: Option<&'a str>,
    /// Latitude, -90 to 90 degrees.
    pub lat: Option<f64>,
    /// Longitude, -180 to 180 degrees.
    pub lon: Option<f64>,
    /// Where the coordinates come from: 1 the device, 2 its address, 3 what the person said.
    pub r#type: Option<u32>,
    /// How exact the coordinates are, in metres.
    pub accuracy: Option<u32>,
    /// Minutes from UTC.
    pub utcoffset: Option<i32>,
}
