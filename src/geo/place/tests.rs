//! What place a request is from: a table of cases.

use crate::geo::{Located, Metro, Names, Place, Point, Readable, Spot};
use crate::openrtb::{BidRequest, Channel, Geo, Outlet};
use crate::privacy::{Permissions, Policy};
use crate::units::{Country, Region};

/// Whether the ad may be personalised, and by a precise place.
#[derive(Clone, Copy)]
enum May {
    Locate,
    Personalise,
    Neither,
}
use May::{Locate, Neither, Personalise};

const NOWHERE: Geo<'static> = Geo {
    country: None,
    region: None,
    city: None,
    zip: None,
    metro: None,
    lat: None,
    lon: None,
    utcoffset: None,
    r#type: None,
    accuracy: None,
};

fn geo(country: &'static str) -> Geo<'static> {
    Geo { country: Some(country), ..NOWHERE }
}

/// All that a database may say: Paris.
fn paris() -> Located<'static> {
    let country = Country::FR;
    let mut city = Names::one("Paris");
    city.push("パリ");
    Located {
        country: Some(country),
        region: Region::new(country, "IDF"),
        city,
        postcode: Some("75001"),
        metro: Metro::from_number(501),
        point: Point::new(Some(48.8), Some(2.3)),
        accuracy_km: Some(20.0),
        utc_offset_min: Some(120),
    }
}

const ALL_OF_PARIS: &str = "country FR (address), region FR-IDF (address), city Paris or パリ (address), metro 501 (address), \
     postcode 75001 (address), at 48.8, 2.3 within 20 km (address), clock +120 min (address)";

#[track_caller]
fn check(device: Geo<'static>, located: Option<Located<'static>>, home: Geo<'static>, may: May, want: &str) {
    check_on(Channel::Unknown, device, located, home, may, want);
}

#[track_caller]
fn check_on(
    channel: Channel<'static>,
    device: Geo<'static>,
    located: Option<Located<'static>>,
    home: Geo<'static>,
    may: May,
    want: &str,
) {
    let mut request = BidRequest { channel, ..BidRequest::default() };
    (request.device.geo, request.user.geo) = (device, home);
    let everything = Permissions::of(&request, &Policy::default());
    let permissions = match may {
        Locate => everything,
        Personalise => Permissions { locate: false, ..everything },
        Neither => Permissions { locate: false, personalise: false, ..everything },
    };
    assert_eq!(Place::of(&request, located.as_ref(), Readable::by(&permissions)).to_string(), want);
}

#[test]
fn without_anything_a_request_is_nowhere() {
    check(NOWHERE, None, NOWHERE, Locate, "nowhere that is known");
    check(
        Geo { city: Some(" "), zip: Some(""), ..geo("XX") },
        None,
        geo(""),
        Locate,
        "nowhere that is known",
    );
    check(NOWHERE, Some(Located::default()), NOWHERE, Locate, "nowhere that is known");
}

#[test]
fn the_address_adds_what_the_request_does_not_say() {
    let want = ALL_OF_PARIS.replace("country FR (address)", "country FR (request)");
    check(geo("FRA"), Some(paris()), NOWHERE, Neither, &want);
    let want = want.replace("region FR-IDF (address)", "region FR-IDF (request)");
    check(Geo { region: Some("idf"), ..geo("FR") }, Some(paris()), NOWHERE, Neither, &want);
    // A region by its name is none.
    let named = Geo { region: Some("Île-de-France"), ..geo("FR") };
    check(
        named,
        Some(paris()),
        NOWHERE,
        Neither,
        &ALL_OF_PARIS.replace("country FR (address)", "country FR (request)"),
    );
}

#[test]
fn a_city_is_known_by_all_its_names_once_the_address_agrees() {
    let want = ALL_OF_PARIS
        .replace("country FR (address)", "country FR (request)")
        .replace("パリ (address)", "パリ (request)");
    for name in ["paris", "PARIS ", "パリ"] {
        check(Geo { city: Some(name), ..geo("FR") }, Some(paris()), NOWHERE, Neither, &want);
    }
    check(
        Geo { city: Some("Paris"), ..geo("FR") },
        None,
        NOWHERE,
        Neither,
        "country FR (request), city Paris (request)",
    );
}

#[test]
fn two_places_are_never_mixed() {
    let check = |device, want: &str| check(device, Some(paris()), NOWHERE, Neither, want);
    check(geo("DE"), "country DE (request)");
    check(Geo { region: Some("ARA"), ..geo("FR") }, "country FR (request), region FR-ARA (request)");
    let clock = "clock +120 min (address)";
    check(
        Geo { city: Some("Lyon"), ..geo("FR") },
        &format!("country FR (request), city Lyon (request), {clock}"),
    );
    check(
        Geo { zip: Some("69001"), ..geo("FR") },
        &format!("country FR (request), postcode 69001 (request), {clock}"),
    );
    let both = Geo { region: Some("IDF"), city: Some("Versailles"), ..geo("FR") };
    check(
        both,
        &format!("country FR (request), region FR-IDF (request), city Versailles (request), {clock}"),
    );
    let rural = Located { country: None, ..paris() };
    check_on(Channel::Unknown, geo("FR"), Some(rural), NOWHERE, Neither, "country FR (request)");
}

#[test]
fn without_a_country_in_the_request_the_address_tells_all() {
    check(NOWHERE, Some(paris()), NOWHERE, Neither, ALL_OF_PARIS);
    check(NOWHERE, Some(paris()), geo("DE"), Locate, ALL_OF_PARIS);
    // What stands there without its country may be elsewhere.
    let stray = Geo {
        region: Some("CA"),
        city: Some("Springfield"),
        zip: Some("12345"),
        metro: Some("7"),
        ..NOWHERE
    };
    check(stray, Some(paris()), NOWHERE, Neither, ALL_OF_PARIS);
    check(
        stray,
        None,
        NOWHERE,
        Neither,
        "city Springfield (request), metro 7 (request), postcode 12345 (request)",
    );
    let clock = Geo { utcoffset: Some(-300), ..NOWHERE };
    check(
        clock,
        Some(paris()),
        NOWHERE,
        Neither,
        &ALL_OF_PARIS.replace("+120 min (address)", "-300 min (request)"),
    );
}

#[test]
fn home_is_the_last_resort_and_tells_the_country_only_of_who_may_not_be_identified() {
    let home =
        Geo { region: Some("BY"), city: Some("Munich"), lat: Some(48.1), lon: Some(11.6), ..geo("DEU") };
    let munich = "country DE (home), region DE-BY (home), city Munich (home)";
    check(NOWHERE, None, home, Personalise, munich);
    check(NOWHERE, None, home, Locate, &format!("{munich}, at 48.1, 11.6 (home)"));
    check(NOWHERE, None, home, Neither, "country DE (home)");
    // What the device says without a country is not of that country.
    check(Geo { city: Some("Lyon"), ..NOWHERE }, None, home, Neither, "country DE (home)");
    check(geo("FR"), None, home, Locate, "country FR (request)");
    check(NOWHERE, Some(paris()), home, Locate, ALL_OF_PARIS);
}

#[test]
fn the_clock_of_home_counts_unless_the_device_is_known_to_be_elsewhere() {
    let home = Geo { utcoffset: Some(60), ..geo("FR") };
    check(geo("FR"), None, home, Neither, "country FR (request), clock +60 min (home)");
    check(geo("US"), None, home, Neither, "country US (request)");
    check(NOWHERE, None, Geo { utcoffset: Some(60), ..NOWHERE }, Neither, "clock +60 min (home)");
    check(
        Geo { utcoffset: Some(0), ..NOWHERE },
        None,
        home,
        Neither,
        "country FR (home), clock +0 min (request)",
    );
}

#[test]
fn coordinates_are_the_requests_where_they_may_be_precise_and_else_the_addresss() {
    let exact = Geo { lat: Some(48.85), lon: Some(2.35), ..geo("FR") };
    let want = |spot: &str| {
        let all = ALL_OF_PARIS.replace("country FR (address)", "country FR (request)");
        all.replace("at 48.8, 2.3 within 20 km (address)", spot)
    };
    let (of_request, of_address) = ("at 48.85, 2.35 (request)", "at 48.8, 2.3 within 20 km (address)");
    check(exact, Some(paris()), NOWHERE, Locate, &want(of_request));
    check(exact, Some(paris()), NOWHERE, Personalise, &want(of_address));
    check(exact, Some(paris()), NOWHERE, Neither, &want(of_address));
    check(exact, None, NOWHERE, Personalise, "country FR (request)");
    check(Geo { lat: Some(0.0), lon: Some(0.0), ..geo("FR") }, None, NOWHERE, Locate, "country FR (request)");
    // A screen is nobody's: where it stands may be told.
    let screen = Channel::Dooh(Outlet::default());
    check_on(screen, exact, Some(paris()), NOWHERE, Neither, &want(of_request));
}

#[test]
fn the_point_of_an_address_counts_in_circles_no_smaller_than_its_accuracy() {
    let point = Point::new(Some(1.0), Some(1.0)).unwrap();
    let counts = |accuracy_km, km| Spot { point, accuracy_km }.is_exact_to(km);
    assert!(counts(Some(20.0), 20.0) && counts(Some(20.0), 50.0) && counts(Some(0.0), 0.1));
    assert!(!counts(Some(20.0), 19.9) && !counts(None, 10_000.0) && !counts(Some(f64::NAN), 10.0));
}
