//! Targeting rules of a generated catalog: a place, a reason to be interested, and some conditions besides.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use crate::campaign::{ChannelKind, Circle, Clock, Daypart, DeviceKind, NamedSegment, Predicate, Rule, Test};
use crate::sim::outlets::{Outlet, OutletKind};
use crate::sim::people::{segment, segment_id};
use crate::sim::places::{Place, place};
use crate::units::{Country, Region};

/// The targeting of one line item.
pub(crate) fn rule(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let mut rules = Vec::new();
    if rng.random_bool(0.97) {
        rules.push(whereabouts(rng));
    }
    if rng.random_bool(0.97) {
        rules.push(interest(rng));
    }
    if rng.random_bool(0.4) {
        rules.push(is(device(rng)));
    }
    if rng.random_bool(0.2) {
        rules.push(is(Predicate::Daypart(daypart(rng))));
    }
    if rng.random_bool(0.15) {
        rules.push(Rule::Not(Box::new(domains(rng))));
    }
    if rng.random_bool(0.1) {
        rules.push(Rule::Not(Box::new(is(Predicate::Segment(segments(rng, 3))))));
    }
    if rng.random_bool(0.1) {
        let test = Test { predicate: Predicate::Language(vec!["fr".to_owned()]), include_unknown: true };
        rules.push(Rule::Is(test));
    }
    if rng.random_bool(0.1) {
        rules.push(is(Predicate::Channel(vec![ChannelKind::Site, ChannelKind::App])));
    }
    Rule::All(rules)
}

/// Countries, regions, cities or circles: what a media plan calls the zone.
fn whereabouts(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let count = rng.random_range(1..=3);
    let places: Vec<&Place> = (0..count).map(|_| place(rng.next_u64())).collect();
    match rng.random_range(0..100) {
        0..20 => {
            let countries = places.iter().map(|place| country(place)).collect();
            is(Predicate::Country(countries))
        }
        20..70 => is(Predicate::Region(places.iter().map(|place| region(place)).collect())),
        70..85 => is(Predicate::City(places.iter().map(|place| place.city.to_lowercase()).collect())),
        85..95 => is(Predicate::Near(places.iter().map(|place| circle(place, rng)).collect())),
        _ => Rule::Any(vec![
            is(Predicate::Region(vec![region(places[0])])),
            Rule::All(vec![is(Predicate::Country(vec![Country::FR])), is(device(rng))]),
        ]),
    }
}

/// Who they are, or what they read.
fn interest(rng: &mut Xoshiro256PlusPlus) -> Rule {
    match rng.random_range(0..100) {
        0..50 => is(Predicate::Segment(segments(rng, 6))),
        50..65 => Rule::All(vec![is(Predicate::Segment(segments(rng, 10))), categories(rng)]),
        65..85 => categories(rng),
        85..95 => domains(rng),
        95..98 => is(Predicate::Bundle(names(rng, OutletKind::App))),
        _ => {
            let words = outlet(rng, OutletKind::Site).keywords();
            is(Predicate::Keyword(words[..2].iter().map(|word| (*word).to_owned()).collect()))
        }
    }
}

fn segments(rng: &mut Xoshiro256PlusPlus, most: usize) -> Vec<NamedSegment> {
    let count = rng.random_range(1..=most);
    (0..count).map(|_| NamedSegment::new(&segment_id(segment(rng.next_u64())))).collect()
}

/// A topic as a whole, or some of its parts.
fn categories(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let outlet = outlet(rng, OutletKind::Site);
    let categories = if rng.random_bool(0.5) {
        vec![outlet.category().to_owned()]
    } else {
        outlet.subcategories()[..2].iter().map(|category| (*category).to_owned()).collect()
    };
    is(Predicate::Category(categories))
}

fn domains(rng: &mut Xoshiro256PlusPlus) -> Rule {
    is(Predicate::Domain(names(rng, OutletKind::Site)))
}

/// Domains of sites or bundles of apps; a few lists are long.
fn names(rng: &mut Xoshiro256PlusPlus, kind: OutletKind) -> Vec<String> {
    let count = if rng.random_bool(0.1) { rng.random_range(100..400) } else { rng.random_range(5..40) };
    let name = |_| {
        let mut out = Vec::new();
        let outlet = outlet(rng, kind);
        match kind {
            OutletKind::Site | OutletKind::Dooh => outlet.write_domain(&mut out),
            OutletKind::App | OutletKind::Tv => outlet.write_bundle(&mut out),
        }
        String::from_utf8(out).expect("written from texts")
    };
    (0..count).map(name).collect()
}

fn device(rng: &mut Xoshiro256PlusPlus) -> Predicate {
    use DeviceKind::{Desktop, Phone, Tablet, Tv};
    let devices: &[DeviceKind] = match rng.random_range(0..10) {
        0..4 => &[Phone],
        4..6 => &[Phone, Tablet],
        6..8 => &[Desktop],
        8 => &[Tv],
        _ => return Predicate::Os(vec!["ios".to_owned(), "ipados".to_owned()]),
    };
    Predicate::Device(devices.to_vec())
}

/// Office hours, evenings or week-ends.
fn daypart(rng: &mut Xoshiro256PlusPlus) -> Daypart {
    let (days, hours) =
        [(0..5, 8..19), (0..7, 18..24), (5..7, 0..24), (0..7, 6..23)][rng.random_range(0..4)].clone();
    let mut on = Box::new([false; 168]);
    for day in days {
        on[day * 24 + hours.start..day * 24 + hours.end].fill(true);
    }
    Daypart { hours: on, clock: if rng.random_bool(0.7) { Clock::Campaign } else { Clock::Viewer } }
}

fn outlet(rng: &mut Xoshiro256PlusPlus, kind: OutletKind) -> Outlet {
    Outlet::draw(kind, rng.next_u64())
}

fn country(place: &Place) -> Country {
    Country::from_code(place.country).expect("a test reads every place")
}

fn region(place: &Place) -> Region {
    Region::new(country(place), place.region).expect("a test reads every place")
}

#[expect(clippy::cast_precision_loss, reason = "10^-4 degrees of a globe")]
fn circle(place: &Place, rng: &mut Xoshiro256PlusPlus) -> Circle {
    let km = [2.0, 5.0, 10.0, 30.0][rng.random_range(0..4)];
    Circle { lat: place.lat as f64 / 10_000.0, lon: place.lon as f64 / 10_000.0, km }
}

fn is(predicate: Predicate) -> Rule {
    Rule::Is(Test { predicate, include_unknown: false })
}
