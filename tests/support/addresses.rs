//! Databases of addresses, written for tests: JSON to MMDB.

use std::time::{Duration, UNIX_EPOCH};

use ipnet::IpNet;
use mmdb_writer::{IpVersion, RecordSize, Writer};
use serde_json::Value;

/// The bytes of a database of the type `kind`, built at `built` (seconds since 1970), of `networks` with their records.
///
/// # Panics
///
/// If one of the networks or records cannot be written.
pub fn database(kind: &str, built: u64, networks: &[(&str, Value)]) -> Vec<u8> {
    of_version(IpVersion::V6, kind, built, networks)
}

/// The same for IPv4 alone.
///
/// # Panics
///
/// As [`database`].
pub fn database_v4(kind: &str, networks: &[(&str, Value)]) -> Vec<u8> {
    of_version(IpVersion::V4, kind, 0, networks)
}

fn of_version(version: IpVersion, kind: &str, built: u64, networks: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::builder(kind)
        .ip_version(version)
        .record_size(RecordSize::Bits24)
        .languages(["de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"])
        .description(&[("en", "Hand-made places for addresses of documentation")])
        .build_epoch(UNIX_EPOCH + Duration::from_secs(built))
        .build();
    for (network, record) in networks {
        let network: IpNet = network.parse().expect("a network");
        writer.insert_value(network, value(record)).expect("a network of its own");
    }
    writer.to_bytes().expect("it fits the format")
}

/// The source `fixtures/geo/test-ranges.json` as the bytes of its database.
///
/// # Panics
///
/// If it is not such a source.
pub fn test_ranges(source: &str) -> Vec<u8> {
    let source: Value = serde_json::from_str(source).expect("it is JSON");
    let places = &source["places"];
    let networks = source["networks"].as_object().expect("networks by place");
    let place = |name: &Value| places[name.as_str().expect("a name")].clone();
    let networks: Vec<(&str, Value)> =
        networks.iter().map(|(network, name)| (network.as_str(), place(name))).collect();
    assert!(networks.iter().all(|(_, place)| place.is_object()), "every network names a place");
    database(source["database_type"].as_str().expect("a text"), 0, &networks)
}

/// JSON in the types that MaxMind uses: whole numbers as short as they can be, others as doubles.
fn value(json: &Value) -> mmdb_writer::Value {
    match json {
        Value::Null => panic!("null has no place in a database"),
        Value::Bool(flag) => mmdb_writer::Value::Bool(*flag),
        Value::String(text) => mmdb_writer::Value::String(text.clone()),
        Value::Array(list) => mmdb_writer::Value::Array(list.iter().map(value).collect()),
        Value::Object(map) => {
            mmdb_writer::Value::Map(map.iter().map(|(key, json)| (key.clone(), value(json))).collect())
        }
        Value::Number(number) => match number.as_u64() {
            Some(whole) => match u16::try_from(whole) {
                Ok(short) => mmdb_writer::Value::U16(short),
                Err(_) => mmdb_writer::Value::U32(u32::try_from(whole).expect("at most 32 bits")),
            },
            None => mmdb_writer::Value::Double(number.as_f64().expect("a number")),
        },
    }
}
