//! A database of addresses as rich as those on the market, of invented places: a million networks and more, records with
//! names in eight languages, which networks share as real ones do.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::collections::BTreeMap;

use encan::units::Country;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use mmdb_writer::{Value, Writer};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};

/// Languages of MaxMind's databases.
const LANGUAGES: [&str; 8] = ["de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"];
const ZONES: [&str; 5] =
    ["Europe/Paris", "America/New_York", "Asia/Tokyo", "Australia/Sydney", "America/Sao_Paulo"];
const SCRIPTS: [&str; 8] = ["ville", "town", "ciudad", "ville", "都市", "cidade", "город", "城市"];

/// The bytes of a database of `networks` IPv4 networks of 20 to 26 bits and a quarter as many of IPv6, and an address in
/// each.
pub fn database(networks: usize, cities: usize, seed: u64) -> (Vec<u8>, Vec<IpAddr>) {
    let mut random = SmallRng::seed_from_u64(seed);
    let countries: Vec<Country> = Country::all().collect();
    let cities: Vec<City> = (0..cities).map(|at| City::new(at, &countries, &mut random)).collect();
    let mut writer = Writer::new("Bench-City");
    let mut addresses = Vec::with_capacity(networks + networks / 4);
    for at in 0..networks + networks / 4 {
        let city = cities.choose(&mut random).expect("there are cities");
        let record = city.record(&mut random);
        let address = if at < networks {
            let address = Ipv4Addr::from(random.random_range(0x0100_0000_u32..0xdfff_ffff));
            let network = Ipv4Net::new(address, random.random_range(20..=26)).expect("below 32");
            (IpAddr::V4(address), IpNet::V4(network))
        } else {
            // What registries give out: 2000::/3, in networks of 32 to 48 bits.
            let bits = 0x2000_u128 << 112 | random.random::<u128>() >> 4;
            let network =
                Ipv6Net::new(Ipv6Addr::from(bits), random.random_range(32..=48)).expect("below 128");
            (IpAddr::V6(Ipv6Addr::from(bits)), IpNet::V6(network))
        };
        // Networks that are aliases of IPv4 cannot be inserted.
        if writer.insert_value(address.1, record).is_ok() {
            addresses.push(address.0);
        }
    }
    (writer.to_bytes().expect("it fits the format"), addresses)
}

struct City {
    fixed: BTreeMap<String, Value>,
    lat: f64,
    lon: f64,
    zone: &'static str,
    postcodes: u32,
}

impl City {
    fn new(at: usize, countries: &[Country], random: &mut SmallRng) -> Self {
        let country = countries.choose(random).expect("there are countries");
        let names = |stem: &str| {
            let each = LANGUAGES.iter().zip(SCRIPTS);
            Value::map(
                each.map(|(language, script)| (*language, Value::from(format!("{stem}{script}").as_str()))),
            )
        };
        let id = |at: usize| Value::U32(u32::try_from(at).expect("few"));
        let land = || {
            let code = country.alpha2();
            Value::map([("geoname_id", id(at % 250)), ("iso_code", code.into()), ("names", names(code))])
        };
        let region = format!("R{}", at % 30);
        let continent =
            Value::map([("code", "EU".into()), ("geoname_id", id(6)), ("names", names("Continent"))]);
        let region = Value::map([
            ("geoname_id", id(at % 4_000)),
            ("iso_code", region.as_str().into()),
            ("names", names(&format!("{country}{region}"))),
        ]);
        let city = Value::map([("geoname_id", id(at)), ("names", names(&format!("City{at}-")))]);
        let fixed = [
            ("city", city),
            ("continent", continent),
            ("country", land()),
            ("registered_country", land()),
            ("subdivisions", Value::array([region])),
        ];
        Self {
            fixed: fixed.map(|(key, value)| (key.to_owned(), value)).into(),
            lat: random.random_range(-60.0..70.0),
            lon: random.random_range(-180.0..180.0),
            zone: ZONES.choose(random).expect("there are zones"),
            postcodes: random.random_range(10_000..99_000),
        }
    }

    /// The record of one of its networks: postcode, place and accuracy are of a few kinds.
    fn record(&self, random: &mut SmallRng) -> Value {
        let quarter = random.random_range(0..4_u8);
        let location = Value::map([
            ("accuracy_radius", Value::U16([5, 10, 20, 50][usize::from(quarter)])),
            ("latitude", Value::Double(self.lat + f64::from(quarter) / 100.0)),
            ("longitude", Value::Double(self.lon)),
            ("time_zone", Value::from(self.zone)),
        ]);
        let code = (self.postcodes + u32::from(quarter)).to_string();
        let mut record = self.fixed.clone();
        record.insert("location".to_owned(), location);
        record.insert("postal".to_owned(), Value::map([("code", code.as_str())]));
        Value::Map(record)
    }
}
