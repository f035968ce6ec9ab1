//! Viewers: everything about one follows from a number, so that the same person comes back with the same
//! ids, device, home and interests, whatever the seed of the traffic.

use crate::sim::json::{Json, write_digits, write_hex, write_integer, write_uuid};
use crate::sim::places::{Place, place};
use crate::sim::shares;

/// Segments that people may be in.
pub const SEGMENTS: u32 = 2_000;

/// The id of a segment as requests spell it (`segment.id`); `number` is below [`SEGMENTS`].
#[must_use]
pub fn segment_id(number: u32) -> String {
    format!("{}", SEGMENT_FIRST + number)
}

/// The exchange's name for us of a user (`user.buyeruid`).
#[must_use]
pub fn buyeruid(user: u64) -> String {
    let mut out = Vec::new();
    Person::new(user).write_buyeruid(&mut out);
    String::from_utf8(out).expect("hexadecimal digits")
}

/// The advertising id of a user's device (`device.ifa`).
#[must_use]
pub fn ifa(user: u64) -> String {
    let mut out = Vec::new();
    Person::new(user).write_ifa(&mut out);
    String::from_utf8(out).expect("hexadecimal digits")
}

/// Segments a user is in, by number; more of the large ones than of the small ones.
pub fn segments_of(user: u64) -> impl Iterator<Item = u32> {
    let hash = scramble(user ^ 0x5e9);
    let count = hash % 24;
    (0..count).map(move |at| segment(scramble(hash ^ at)))
}

/// One of all segments, by 64 random bits.
pub(crate) fn segment(random: u64) -> u32 {
    u32::try_from(zipf(random, u64::from(SEGMENTS))).expect("below the number of segments")
}

/// One of `list`, by 64 random bits; all are as likely.
pub(crate) fn choose<T: Copy>(list: &[T], random: u64) -> T {
    list[usize::try_from(random % list.len() as u64).expect("below a length")]
}

/// A well mixed 64-bit hash. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number
/// generators", 2014 (SplitMix64).
pub(crate) fn scramble(value: u64) -> u64 {
    let mut mixed = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// One of `population` by a Zipf law of exponent 0.6, from 64 random bits: 0 comes most often.
///
/// The inverse of the law's continuous form, `u^2.5`; only operations that IEEE 754 makes exact, so that
/// every machine draws the same.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "53 bits of a share in [0, 1)"
)]
pub(crate) fn zipf(random: u64, population: u64) -> u64 {
    let share = (random >> 11) as f64 / (1u64 << 53) as f64;
    let skewed = share * share * share.sqrt();
    ((skewed * population as f64) as u64).min(population.saturating_sub(1))
}

/// What a person looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Screen {
    Phone,
    Tablet,
    Desktop,
    Tv,
}

/// A viewer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Person {
    number: u64,
    hash: u64,
}

/// How much of a person a request tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disclosure {
    /// `device.ifa` may be sent.
    pub(crate) ifa: bool,
    /// `lmt` or `dnt` is set.
    pub(crate) limited: bool,
    /// A screen in the street, seen by nobody in particular.
    pub(crate) outdoor: bool,
    /// Everything a long request has: `sua`, hardware, carrier, precise place.
    pub(crate) rich: bool,
    /// Fields that 2.6 added.
    pub(crate) new_fields: bool,
    /// 64 random bits for what changes from request to request.
    pub(crate) random: u64,
}

impl Person {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, hash: scramble(number) }
    }

    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    pub(crate) fn home(&self) -> &'static Place {
        place(self.hash >> 20)
    }

    pub(crate) fn screen(&self) -> Screen {
        self.device().screen
    }

    pub(crate) fn language(&self) -> &'static str {
        if self.hash % 16 == 3 { "en" } else { self.home().language }
    }

    pub(crate) fn write_buyeruid(&self, out: &mut Vec<u8>) {
        write_hex(out, scramble(self.hash ^ 1), 16);
        write_hex(out, self.number, 8);
    }

    pub(crate) fn write_ifa(&self, out: &mut Vec<u8>) {
        write_uuid(out, scramble(self.hash ^ 2), scramble(self.hash ^ 3));
    }

    /// Writes the `device` object.
    pub(crate) fn write_device(&self, json: &mut Json, tell: Disclosure) {
        let device = self.device();
        json.object("device");
        json.text("ua", device.ua);
        if tell.rich && happens(tell.random, 3, shares::SUA) {
            device.write_sua(json);
        }
        self.write_addresses(json, tell.random);
        self.write_geo(json, tell);
        json.number("devicetype", if tell.outdoor { 8 } else { device.devicetype });
        json.text("make", device.make);
        json.text("model", device.model);
        json.text("os", device.os);
        json.text("osv", device.osv);
        if tell.rich {
            json.number("w", device.w);
            json.number("h", device.h);
            json.decimal("pxratio", device.pxratio, 2);
            json.number("js", 1);
        }
        if tell.random & 2 == 0 {
            let langb = tell.new_fields && happens(tell.random, 4, shares::LANGB);
            json.text(if langb { "langb" } else { "language" }, self.language());
        }
        self.write_connection(json, tell);
        let dnt = happens(tell.random, 5, shares::DNT);
        if tell.limited || tell.rich || dnt {
            json.flag("lmt", tell.limited);
            json.flag("dnt", dnt || (tell.limited && device.screen == Screen::Desktop));
        }
        if tell.ifa && device.screen != Screen::Desktop {
            if tell.limited {
                json.text("ifa", "00000000-0000-0000-0000-000000000000");
            } else {
                json.plain("ifa", |out| self.write_ifa(out));
            }
        }
        json.close();
    }

    /// Writes `geo` of the device: where the person is, usually near home.
    pub(crate) fn write_geo(&self, json: &mut Json, tell: Disclosure) {
        let place = self.home();
        json.object("geo");
        json.text("country", place.country);
        if tell.random & 0x70 != 0 {
            json.text("region", place.region);
            json.text("city", place.city);
        }
        // A screen in the street stands somewhere: its place is always told.
        if tell.rich || tell.outdoor || tell.random & 0x80 == 0 {
            let precise = i64::from(tell.rich) * 400 + 100;
            let near = |bits: u64| (bits % 512).cast_signed() * precise / 512 - precise / 2;
            json.decimal("lat", place.lat + near(tell.random >> 16), 4);
            json.decimal("lon", place.lon + near(tell.random >> 25), 4);
            json.text("zip", place.zip);
            json.number("type", if tell.random & 0x100 == 0 { 2 } else { 1 });
        }
        if tell.rich {
            json.number("accuracy", (tell.random >> 34 & 0x3ff).cast_signed() + 5);
            json.number("ipservice", 3);
        }
        json.number("utcoffset", place.utcoffset);
        json.close();
    }

    fn write_addresses(&self, json: &mut Json, random: u64) {
        let net = scramble(self.hash ^ 4);
        let ipv6_only = happens(random, 1, shares::IPV6_ONLY);
        let cut = happens(random, 2, shares::ADDRESS_CUT);
        if !ipv6_only {
            let first = if self.home().gdpr { 78 + net % 16 } else { 63 + net % 13 };
            json.plain("ip", |out| {
                write_digits(out, first, 1);
                for shift in [8, 16] {
                    out.push(b'.');
                    write_digits(out, net >> shift & 255, 1);
                }
                out.push(b'.');
                write_digits(out, if cut { 0 } else { 1 + (net >> 24) % 254 }, 1);
            });
        }
        if ipv6_only || net >> 32 & 3 == 0 {
            json.plain("ipv6", |out| {
                out.extend_from_slice(b"2a01:cb");
                write_hex(out, net >> 40, 2);
                out.push(b':');
                write_hex(out, net >> 16, 4);
                out.extend_from_slice(b"::");
                if !cut {
                    write_hex(out, net >> 48 | 1, 4);
                }
            });
        }
    }

    fn write_connection(&self, json: &mut Json, tell: Disclosure) {
        let mobile = matches!(self.screen(), Screen::Phone) && tell.random >> 44 & 1 == 0;
        let connection = match (mobile, self.screen()) {
            (true, _) => 6 + i64::from(self.hash >> 9 & 1 == 0),
            (false, Screen::Tv) => 1,
            (false, _) => 2,
        };
        json.number("connectiontype", connection);
        if !tell.rich {
            return;
        }
        let (carrier, mccmnc) = match self.home().country {
            "FRA" => choose(&FRENCH_CARRIERS, self.hash >> 12),
            "USA" => choose(&US_CARRIERS, self.hash >> 12),
            _ => ("Vodafone", "262-02"),
        };
        json.text("carrier", carrier);
        if mobile {
            json.text("mccmnc", mccmnc);
        }
    }

    fn device(&self) -> Device {
        choose(&DEVICES, self.hash >> 3)
    }
}

impl Device {
    /// Writes `sua`, 3.2.29.
    fn write_sua(&self, json: &mut Json) {
        json.object("sua");
        json.list("browsers");
        for (brand, version) in [("Chromium", "141"), ("Google Chrome", "141"), ("Not?A_Brand", "8")] {
            json.open();
            json.text("brand", brand);
            json.texts("version", &[version, "0", "7390", "54"]);
            json.close();
        }
        json.close_list();
        json.object("platform");
        json.text("brand", self.os);
        json.texts("version", &[self.osv]);
        json.close();
        json.flag("mobile", self.screen == Screen::Phone);
        json.text("architecture", if self.screen == Screen::Desktop { "x86" } else { "arm" });
        json.text("bitness", "64");
        json.text("model", self.model);
        json.number("source", 2);
        json.close();
    }
}

/// Writes the segments of `user` from provider `provider` of four; false if there are none.
pub(crate) fn write_segments(json: &mut Json, user: u64, provider: usize, named: bool) -> bool {
    let of_provider = |segment: &u32| *segment as usize % PROVIDERS.len() == provider;
    let mut segments = segments_of(user).filter(of_provider).peekable();
    if segments.peek().is_none() {
        return false;
    }
    let (name, segtax) = PROVIDERS[provider];
    json.open();
    json.text("id", &name[..2]);
    json.text("name", name);
    json.list("segment");
    for segment in segments {
        json.open();
        json.plain("id", |out| write_integer(out, i64::from(SEGMENT_FIRST + segment)));
        if named {
            json.text("name", INTERESTS[segment as usize % INTERESTS.len()]);
            json.text("value", "1");
        }
        json.close();
    }
    json.close_list();
    json.object("ext");
    json.number("segtax", segtax);
    json.close();
    json.close();
    true
}

/// True for a share of all `random`; each `salt` is a dice of its own.
#[expect(clippy::cast_precision_loss, reason = "53 bits of a share in [0, 1)")]
pub(crate) fn happens(random: u64, salt: u64, share: f64) -> bool {
    ((scramble(random ^ salt << 56) >> 11) as f64) < share * (1u64 << 53) as f64
}

/// Writes the `at`-th extended id of `person`, with how it was `matched` if told; there are as many as [`EIDS`].
pub(crate) fn write_eid(json: &mut Json, person: &Person, at: usize, matched: bool) {
    let (source, atype) = EID_SOURCES[at % EIDS];
    json.open();
    json.text("source", source);
    if matched {
        json.text("inserter", "publisher.example");
        json.text("matcher", source);
        json.number("mm", [2, 3, 4, 5][at % 4]);
    }
    json.list("uids");
    json.open();
    json.plain("id", |out| {
        let hash = scramble(person.hash ^ (at as u64 + 10));
        out.extend_from_slice(b"AT");
        for part in 0..1 + hash % 3 {
            write_hex(out, scramble(hash ^ part), 16);
        }
    });
    json.number("atype", atype);
    json.close();
    json.close_list();
    json.close();
}

/// Sources of extended ids.
pub(crate) const EIDS: usize = EID_SOURCES.len();
/// Providers of segments.
pub(crate) const SEGMENT_PROVIDERS: usize = PROVIDERS.len();

/// Segment ids start here, so that they look like a vendor's.
const SEGMENT_FIRST: u32 = 10_000;

const PROVIDERS: [(&str, i64); 4] =
    [("audience.example", 4), ("panel.example", 600), ("retail-media.example", 501), ("topics.example", 7)];

const EID_SOURCES: [(&str, i64); 8] = [
    ("adserver.example", 1),
    ("id5-sync.example", 1),
    ("liveramp.example", 3),
    ("utiq.example", 1),
    ("pubcid.example", 1),
    ("first-id.example", 1),
    ("uidapi.example", 3),
    ("publisher-login.example", 3),
];

const INTERESTS: [&str; 10] = [
    "Intentionnistes auto",
    "Amateurs de randonnée",
    "Parents d'enfants de 3 à 6 ans",
    "Sports fans",
    "Home & garden",
    "Voyageurs \"dernière minute\"",
    "Cinéphiles",
    "Business travellers",
    "Gamers",
    "Acheteurs en ligne",
];

const FRENCH_CARRIERS: [(&str, &str); 4] =
    [("Orange", "208-01"), ("SFR", "208-10"), ("Free", "208-15"), ("Bouygues Telecom", "208-20")];
const US_CARRIERS: [(&str, &str); 3] =
    [("Verizon", "310-004"), ("AT&T Mobility", "310-410"), ("T-Mobile", "310-260")];

#[derive(Clone, Copy)]
struct Device {
    screen: Screen,
    devicetype: i64,
    make: &'static str,
    model: &'static str,
    os: &'static str,
    osv: &'static str,
    w: i64,
    h: i64,
    /// Hundredths.
    pxratio: i64,
    ua: &'static str,
}

type Make = (&'static str, &'static str);

const fn device(screen: Screen, (make, model): Make, (os, osv): Make, ua: &'static str) -> Device {
    let (devicetype, w, h, pxratio) = match screen {
        Screen::Phone => (4, 390, 844, 300),
        Screen::Tablet => (5, 820, 1_180, 200),
        Screen::Desktop => (2, 1_920, 1_080, 125),
        Screen::Tv => (3, 3_840, 2_160, 100),
    };
    Device { screen, devicetype, make, model, os, osv, w, h, pxratio, ua }
}

/// Uniform over the rows: phones 9 of 18, computers 5, tablets 2, televisions 2.
const DEVICES: [Device; 18] = [
    device(Screen::Phone, ("Apple", "iPhone14,5"), ("iOS", "17.6"), IPHONE_17),
    device(Screen::Phone, ("Apple", "iPhone15,2"), ("iOS", "18.3"), IPHONE_18),
    device(Screen::Phone, ("Apple", "iPhone16,1"), ("iOS", "18.5"), IPHONE_18),
    device(Screen::Phone, ("Samsung", "SM-S911B"), ("Android", "14"), ANDROID),
    device(Screen::Phone, ("Samsung", "SM-A546B"), ("Android", "14"), ANDROID),
    device(Screen::Phone, ("Samsung", "SM-G991B"), ("Android", "13"), ANDROID),
    device(Screen::Phone, ("Xiaomi", "2201117TY"), ("Android", "13"), ANDROID),
    device(Screen::Phone, ("Google", "Pixel 8"), ("Android", "15"), ANDROID),
    device(Screen::Phone, ("OPPO", "CPH2505"), ("Android", "13"), ANDROID),
    device(Screen::Desktop, ("Microsoft", "PC"), ("Windows", "10"), WINDOWS),
    device(Screen::Desktop, ("Microsoft", "PC"), ("Windows", "11"), WINDOWS),
    device(Screen::Desktop, ("Microsoft", "PC"), ("Windows", "11"), EDGE),
    device(Screen::Desktop, ("Apple", "Macintosh"), ("macOS", "14.5"), MAC),
    device(Screen::Desktop, ("Linux", "PC"), ("Linux", "6.8"), FIREFOX),
    device(Screen::Tablet, ("Apple", "iPad13,18"), ("iPadOS", "17.5"), IPAD),
    device(Screen::Tablet, ("Samsung", "SM-X200"), ("Android", "13"), ANDROID),
    device(Screen::Tv, ("Samsung", "QE55Q80"), ("Tizen", "7.0"), TIZEN),
    device(Screen::Tv, ("LG", "OLED55C3"), ("webOS", "23"), WEBOS),
];

const IPHONE_17: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1";
const IPHONE_18: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148";
const ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36";
const WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36";
const EDGE: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0";
const MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0";
const IPAD: &str = "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const TIZEN: &str = "Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36";
const WEBOS: &str = "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 WebAppManager";
