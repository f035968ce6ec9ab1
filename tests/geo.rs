//! Databases of addresses: how they are written, what is refused, how much of an address is read, and how a server takes a
//! new one.

mod support;

#[path = "../benches/support/allocations.rs"]
mod allocations;

use std::path::Path;

use bumpalo::Bump;
use encan::geo::{Database, DatabaseFault, Located, Origin, address};
use encan::openrtb;
use encan::privacy::{Permissions, Policy};
use encan::units::UnixMillis;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use allocations::{Allocations, held};
use support::addresses::{database, database_v4, test_ranges};
use support::market::{Market, campaign};
use support::{encan, wait_until};

/// 2026-07-15, noon UTC.
const NOW: UnixMillis = UnixMillis::from_raw(1_784_116_800_000);
const SOURCE: &str = "fixtures/geo/test-ranges.json";
const SHIPPED: &str = "fixtures/geo/test-ranges.mmdb";

fn read(bytes: Vec<u8>) -> Result<Database, DatabaseFault> {
    Database::read(Origin::default(), bytes)
}

fn shipped() -> Database {
    read(std::fs::read(SHIPPED).expect("it is shipped")).expect("it is sound")
}

/// What is said of an address, in one line.
fn words(located: Option<&Located<'_>>) -> String {
    let Some(located) = located else { return "nothing".to_owned() };
    let mut words = Vec::new();
    words.extend(located.country.map(|country| country.to_string()));
    words.extend(located.region.map(|region| region.to_string()));
    words.extend((!located.city.is_empty()).then(|| located.city.iter().collect::<Vec<_>>().join("/")));
    words.extend(located.postcode.map(str::to_owned));
    words.extend(located.metro.map(|metro| format!("metro {}", metro.as_str())));
    words.extend(located.point.map(|point| format!("{},{}", point.lat, point.lon)));
    words.extend(located.accuracy_km.map(|km| format!("{km} km")));
    words.extend(located.utc_offset_min.map(|minutes| format!("{minutes:+}")));
    words.join(" ")
}

/// What a database whose one record is `record` says.
#[track_caller]
fn check_record(record: Value, want: &str) {
    let text = record.to_string();
    let database = read(database("Test", 0, &[("192.0.2.0/24", record)])).expect("one good record");
    let address = address("192.0.2.1").expect("an address");
    assert_eq!(words(database.at(address, NOW).as_ref()), want, "{text}");
}

/// What the shipped database says of a device for a request with `more`, in the words of [`Place`].
#[track_caller]
fn check_sight(ip: &str, more: &Value, want: &str) {
    let mut body = json!({ "id": "1", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "device": { "ip": ip } });
    for (key, value) in more.as_object().expect("an object") {
        match body[key].as_object_mut() {
            Some(known) => known.extend(value.as_object().expect("an object").clone()),
            None => body[key] = value.clone(),
        }
    }
    let body = body.to_string();
    let arena = Bump::new();
    let request = openrtb::parse(body.as_bytes(), &arena).expect("a request");
    let permissions = Permissions::of(&request, &Policy::default());
    let database = shipped();
    assert_eq!(words(database.locate(&request, &permissions, NOW).as_ref()), want, "{body}");
}

#[test]
fn the_shipped_database_is_built_from_its_source_byte_for_byte() {
    let built = test_ranges(&std::fs::read_to_string(SOURCE).unwrap());
    if std::env::var_os("ENCAN_WRITE_FIXTURES").is_some() {
        std::fs::write(SHIPPED, &built).unwrap();
    }
    let shipped = std::fs::read(SHIPPED).unwrap_or_default();
    assert!(
        shipped == built,
        "{SHIPPED} is not what {SOURCE} says: run this test with ENCAN_WRITE_FIXTURES=1"
    );
}

#[test]
fn the_shipped_database_knows_addresses_of_documentation_and_no_others() {
    let database = shipped();
    let check = |text: &str, want: &str| {
        assert_eq!(
            words(address(text).and_then(|address| database.at(address, NOW)).as_ref()),
            want,
            "{text}"
        );
    };
    let paris = "FR FR-IDF Paris/París/パリ/Париж/巴黎 75001 48.8566,2.3522 20 km +120";
    check("192.0.2.7", paris);
    check("::ffff:192.0.2.7", paris);
    check("2001:db8:1::7", paris);
    check("192.0.2.x", paris);
    check("203.0.113.1", "US US-NY New York/Nueva York 10001 metro 501 40.7128,-74.006 10 km -240");
    check("203.0.113.200", "LU");
    check("2001:db8:3000::1", "NP Kathmandu 27.7172,85.324 +345");
    for elsewhere in ["192.0.3.1", "8.8.8.8", "2001:db9::1", "2001:db8:f000::1", "10.0.0.1", "none"] {
        check(elsewhere, "nothing");
    }
}

#[test]
fn records_in_objects_are_read_as_maxmind_and_db_ip_write_them() {
    let city = json!({
        "continent": { "code": "EU", "names": { "en": "Europe" } },
        "country": { "iso_code": "GB", "names": { "en": "United Kingdom" } },
        "registered_country": { "iso_code": "FR" },
        "subdivisions": [{ "iso_code": "ENG" }, { "iso_code": "LND" }],
        "city": { "geoname_id": 2_643_743, "names": { "de": "London", "en": "London", "fr": "Londres" } },
        "postal": { "code": "SW1A" },
        "location": { "accuracy_radius": 100, "latitude": 51.5, "longitude": -0.12, "time_zone": "Europe/London" },
        "traits": { "is_anycast": true },
    });
    check_record(city, "GB GB-ENG London/Londres SW1A 51.5,-0.12 100 km +60");
    check_record(
        json!({ "country": { "iso_code": "DE" }, "registered_country": { "iso_code": "FR" } }),
        "DE",
    );
    check_record(json!({ "registered_country": { "iso_code": "FR" }, "continent": { "code": "EU" } }), "FR");
    // DB-IP Lite: regions without a code, points without an accuracy.
    let lite = json!({
        "city": { "names": { "en": "Lyon (3e)" } },
        "country": { "iso_code": "FR", "is_in_european_union": true },
        "location": { "latitude": 45.75, "longitude": 4.85 },
        "subdivisions": [{ "names": { "en": "Auvergne-Rhône-Alpes" } }],
    });
    check_record(lite, "FR Lyon (3e) 45.75,4.85");
}

#[test]
fn flat_records_are_read_by_the_most_exact_of_their_keys() {
    let flat = json!({
        "city": "Paris", "country": "FR", "loc": "48.8566, 2.3522", "postal": "75001", "region": "Île-de-France",
        "region_code": "IDF", "timezone": "Europe/Paris",
    });
    check_record(flat, "FR FR-IDF Paris 75001 48.8566,2.3522 +120");
    let named = json!({
        "city": "Mountain View", "country": "United States", "country_code": "US", "dma_code": "807", "lat": "37.4",
        "lng": "-122.08", "postal_code": "94043", "radius": "50", "region": "California", "region_code": "CA",
        "timezone": "America/Los_Angeles",
    });
    check_record(named, "US US-CA Mountain View 94043 metro 807 37.4,-122.08 50 km -420");
    let by_ip2location = json!({
        "city": "München", "country_code": "DE", "latitude": 48.14, "longitude": 11.58, "postcode": "80331",
        "state1": "Bayern", "state2": "-", "timezone": "+02:00",
    });
    check_record(by_ip2location, "DE München 80331 48.14,11.58 +120");
    check_record(json!({ "country": "Luxembourg", "country_code": "LU", "asn": "AS64500" }), "LU");
    check_record(
        json!({ "country_code": "LU", "city": "-", "latitude": 0, "longitude": 0, "timezone": "-" }),
        "LU",
    );
}

#[test]
fn an_odd_value_is_absent_and_costs_no_other() {
    let odd = json!({
        "country": { "iso_code": "FR" },
        "city": "Paris",
        "subdivisions": { "iso_code": "IDF" },
        "postal": { "code": 75_001 },
        "location": { "accuracy_radius": -1, "latitude": "48.8566", "longitude": 2.3522, "time_zone": ["Europe/Paris"] },
    });
    check_record(odd, "FR 48.8566,2.3522");
    let odd = json!({
        "country": { "iso_code": "FR" },
        "subdivisions": [1, 2],
        "city": { "names": ["Paris"] },
        "location": { "latitude": 91, "longitude": 2, "metro_code": 70_000, "time_zone": "Mars/Base" },
    });
    check_record(odd, "FR");
    let odd = json!({ "country_code": { "a": [1] }, "country": "FR", "city": [1], "lat": true, "lng": 2, "metro": 1.5e9 });
    check_record(odd, "FR");
}

#[test]
fn what_is_no_database_of_places_is_refused_with_what_was_found_and_a_remedy() {
    let check = |bytes: Vec<u8>, want: &[&str]| {
        let fault = read(bytes).unwrap_err();
        let words = format!("{fault}; {}", fault.hint());
        assert!(want.iter().all(|want| words.contains(want)), "{want:?} in {words}");
    };
    check(vec![], &["is no MMDB file"]);
    check(b"PK\x03\x04 a packed file".to_vec(), &["is no MMDB file", "unpacked"]);
    let whole = std::fs::read(SHIPPED).unwrap();
    check(whole[..whole.len() / 2].to_vec(), &["is no MMDB file", "being copied is not whole yet"]);
    check(database("Test-None", 0, &[]), &["of the type `Test-None` has no record"]);
    let asn = json!({ "autonomous_system_number": 64_500, "autonomous_system_organization": "Example" });
    let want = ["type `Test-ASN`", "`autonomous_system_number`", "city or country database"];
    check(database("Test-ASN", 0, &[("192.0.2.0/24", asn)]), &want);
    check(database("Test", 0, &[("192.0.2.0/24", json!("Paris"))]), &["its records have no keys"]);
    check(
        database("Test", 0, &[("192.0.2.0/24", json!({ "country": { "iso_code": "XX" } }))]),
        &["`country`"],
    );
}

#[test]
fn a_record_that_is_damaged_is_found_when_the_file_is_opened() {
    let mut bytes = std::fs::read(SHIPPED).unwrap();
    let at = bytes.windows(9).position(|window| window == b"\x48Kathmand").unwrap_or_else(|| {
        bytes.windows(9).position(|window| window == b"Kathmandu").expect("a city of the fixture")
    });
    bytes[at] = 0xff;
    let fault = read(bytes).unwrap_err().to_string();
    assert!(fault.contains("is damaged at the network 2001:db8:3000::/36"), "{fault}");
}

#[test]
fn no_damage_is_more_than_a_fault_or_a_lookup_without_answer() {
    let whole = std::fs::read(SHIPPED).unwrap();
    let seed = rand::random();
    eprintln!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..2_000 {
        let mut bytes = whole.clone();
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        let Ok(database) = read(bytes) else {
            refused += 1;
            continue;
        };
        taken += 1;
        for text in
            ["192.0.2.7", "198.51.100.200", "203.0.113.5", "2001:db8::1", "2001:db8:2000::1", "8.8.8.8"]
        {
            let _ = words(database.at(address(text).unwrap(), NOW).as_ref());
        }
    }
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
}

#[test]
fn a_database_of_ipv4_knows_no_ipv6() {
    let record = || json!({ "country": { "iso_code": "FR" } });
    let database = read(database_v4("Test", &[("192.0.2.0/24", record())])).unwrap();
    let at = |text| words(database.at(address(text).unwrap(), NOW).as_ref());
    assert_eq!(
        (at("192.0.2.1"), at("2001:db8::1"), at("::ffff:192.0.2.1")),
        ("FR".into(), "nothing".into(), "FR".into())
    );
}

#[test]
fn the_second_address_is_asked_where_the_first_tells_nothing() {
    check_sight(
        "10.0.0.1",
        &json!({ "device": { "ipv6": "2001:db8:3000::1" } }),
        "NP Kathmandu 27.7172,85.324 +345",
    );
    check_sight("203.0.113.200", &json!({ "device": { "ipv6": "2001:db8:3000::1" } }), "LU");
    check_sight("nonsense", &json!({}), "nothing");
}

#[test]
fn an_address_is_cut_where_the_ad_may_not_be_personalised() {
    let munich =
        "DE DE-BY Munich/München/Múnich/ミュンヘン/Munique/Мюнхен/慕尼黑 80331 48.1374,11.5755 50 km +120";
    let paris = "FR FR-IDF Paris/París/パリ/Париж/巴黎 75001 48.8566,2.3522 20 km +120";
    let limited = json!({ "device": { "lmt": 1 } });
    check_sight("198.51.100.7", &json!({}), munich);
    // 198.51.100.0/24 is of two countries: nothing holds for all of its 256 addresses.
    check_sight("198.51.100.7", &limited, "nothing");
    check_sight("198.51.100.0", &json!({}), "nothing");
    check_sight("192.0.2.7", &limited, paris);
    let v6 = |ipv6: &str, lmt: u8| json!({ "device": { "ipv6": ipv6, "lmt": lmt } });
    check_sight("", &v6("2001:db8:2000:8000::1", 0), "FR 46.2276,2.2137 500 km +120");
    check_sight("", &v6("2001:db8:2000:8000::1", 1), "FR +120");
    check_sight("", &v6("2001:db8:1::1", 1), paris);
}

#[test]
fn a_network_of_more_parts_than_are_looked_at_tells_nothing() {
    let check = |parts: u32, want: &str| {
        let size = 256 / parts;
        let networks: Vec<(String, Value)> = (0..parts)
            .map(|part| {
                let record =
                    json!({ "country": { "iso_code": "FR" }, "postal": { "code": part.to_string() } });
                (format!("192.0.2.{}/{}", part * size, 32 - size.ilog2()), record)
            })
            .collect();
        let networks: Vec<(&str, Value)> =
            networks.iter().map(|(network, place)| (network.as_str(), place.clone())).collect();
        let database = read(database("Test", 0, &networks)).unwrap();
        let arena = Bump::new();
        let body = br#"{"id":"1","imp":[{"id":"1","banner":{}}],"device":{"ip":"192.0.2.x"}}"#;
        let request = openrtb::parse(body, &arena).unwrap();
        let permissions = Permissions::of(&request, &Policy::default());
        assert_eq!(words(database.locate(&request, &permissions, NOW).as_ref()), want, "{parts}");
    };
    check(1, "FR 0");
    check(32, "FR");
    check(64, "nothing");
}

#[test]
fn of_a_child_the_address_tells_country_region_and_clock_and_of_nobody_bid_on_nothing() {
    check_sight("192.0.2.7", &json!({ "regs": { "coppa": 1 } }), "FR FR-IDF +120");
    check_sight("198.51.100.7", &json!({ "regs": { "coppa": 1 } }), "nothing");
    check_sight(
        "192.0.2.7",
        &json!({ "regs": { "coppa": 0 } }),
        &words(shipped().at(address("192.0.2.7").unwrap(), NOW).as_ref()),
    );
}

#[test]
fn a_lookup_allocates_nothing() {
    let database = shipped();
    let addresses =
        ["192.0.2.7", "2001:db8:3000::1", "203.0.113.200", "8.8.8.8"].map(|text| address(text).unwrap());
    let mut heap = Allocations::default();
    let before = held();
    let found = heap.add(|| addresses.iter().filter(|address| database.at(**address, NOW).is_some()).count());
    assert_eq!((found, heap.count, held() - before), (3, 0, 0));
}

#[test]
fn a_database_is_stale_after_sixty_days_and_one_without_a_date_never() {
    let day = 86_400_000;
    let built = |days_ago: i64| u64::try_from((NOW.raw() - days_ago * day) / 1_000).unwrap();
    let record = || json!({ "country": { "iso_code": "FR" } });
    let age = |built| read(database("Test", built, &[("192.0.2.0/24", record())])).unwrap().stale_days(NOW);
    assert_eq!((age(built(60)), age(built(61)), age(built(-9)), age(0)), (None, Some(61), None, None));
}

/// The output of `encan VERB FLAGS`: exit code, stdout and stderr.
fn run(verb: &str, flags: &[&str]) -> (i32, String, String) {
    let output = encan().arg(verb).args(flags).output().expect("the binary runs");
    let text = |bytes| String::from_utf8(bytes).expect("it speaks UTF-8");
    (output.status.code().expect("it ended by itself"), text(output.stdout), text(output.stderr))
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> String {
    let path = folder.join(name);
    std::fs::write(&path, bytes).expect("a folder of our own");
    path.to_str().expect("a plain path").to_owned()
}

#[test]
fn a_missing_foreign_or_stale_database_is_told_by_check_with_file_and_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let check = |file: &str, code: i32, want: &[&str]| {
        let (found, _, words) = run("check", &["--geo", file]);
        assert!(want.iter().all(|want| words.contains(want)), "{want:?} in {words}");
        assert!(words.is_empty() || words.contains(file), "{words}");
        assert_eq!(found, code, "{words}");
    };
    check(SHIPPED, 0, &[]);
    check("nowhere.mmdb", 1, &["there is no such file", "--geo FILE"]);
    check(folder.path().to_str().unwrap(), 1, &["is no file"]);
    check(&written(folder.path(), "packed.mmdb", b"PK"), 1, &["is no MMDB file", "unpacked"]);
    let old =
        database("Test", 1_000_000_000, &[("192.0.2.0/24", json!({ "country": { "iso_code": "FR" } }))]);
    check(&written(folder.path(), "old.mmdb", &old), 0, &["warning", "days ago", "fetch a newer one"]);
}

#[test]
fn explain_says_where_a_request_is_and_who_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let request = json!({
        "id": "1", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }],
        "device": { "ip": "192.0.2.7", "geo": { "country": "FRA", "region": "IDF", "utcoffset": 60 } },
    });
    let file = written(folder.path(), "request.json", request.to_string().as_bytes());
    let (code, _, words) = run("explain", &["--request", &file]);
    assert_eq!(code, 0);
    let want = "place: country FR (request), region FR-IDF (request), city Paris or París (address), \
                postcode 75001 (address), at 48.8566, 2.3522 within 20 km (address), clock +60 min (request)";
    assert!(words.contains(want), "{want} in {words}");
}

#[test]
fn a_server_takes_a_new_database_and_keeps_the_old_one_over_a_bad_one() {
    let market = Market::new("10m");
    market.campaign(&campaign("c", 2.0, &json!({ "total": 1_000 })));
    let file = written(&market.path("data"), "places.mmdb", &std::fs::read(SHIPPED).unwrap());
    let encan = market.start_with(&["--geo", &file], &[]);
    written(&market.path("data"), "places.mmdb", b"half a file");
    wait_until("a warning of the bad file", || encan.words().contains("is no MMDB file"));
    let words = encan.words();
    assert!(words.contains(&file) && words.contains("the one read before goes on"), "{words}");
    wait_until("the campaigns of that reload", || encan.metric("encan_revision") >= 2);
    let record = json!({ "country": { "iso_code": "FR" } });
    let two = [("192.0.2.0/24", record.clone()), ("203.0.113.0/24", record)];
    written(&market.path("data"), "places.mmdb", &database("Test-Newer", 0, &two));
    wait_until("the new database", || encan.words().contains("database of addresses reloaded"));
    let words = encan.words();
    assert!(words.contains("Test-Newer") && words.contains("networks=2"), "{words}");
    std::fs::remove_file(&file).unwrap();
    wait_until("a warning of the missing file", || encan.words().contains("there is no such file"));
    let (code, _) = encan.stop();
    assert_eq!(code, Some(0));
}

#[test]
fn a_server_does_not_start_on_a_database_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let flags =
        ["--data", data, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--geo", "nowhere.mmdb"];
    let (code, _, words) = run("serve", &flags);
    assert_eq!(code, 1, "{words}");
    assert!(words.contains("nowhere.mmdb") && words.contains("there is no such file"), "{words}");
}
