//! Targeting rules of a generated catalog: a place, a reason to be interested, and some conditions besides.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt};

use crate::campaign::{Attribute, Circle, HOURS_OF_WEEK, Rule, Test, Wanted};
use crate::sim::outlets::{Outlet, OutletKind};
use crate::sim::people::{segment, segment_id};
use crate::sim::places::{Place, place};
use crate::units::Country;

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
        rules.push(device(rng));
    }
    if rng.random_bool(0.2) {
        rules.push(daypart(rng));
    }
    if rng.random_bool(0.15) {
        rules.push(Rule::Not(Box::new(domains(rng))));
    }
    if rng.random_bool(0.1) {
        rules.push(Rule::Not(Box::new(Rule::is(Attribute::Segment, segments(rng, 3)))));
    }
    if rng.random_bool(0.1) {
        let wanted = Wanted::OneOf(vec!["fr".to_owned()]);
        rules.push(Rule::Is(Test { attribute: Attribute::Language, wanted, include_unknown: true }));
    }
    if rng.random_bool(0.1) {
        rules.push(Rule::is(Attribute::Channel, ["site", "app"]));
    }
    Rule::All(rules)
}

/// Countries, regions, cities or circles: what a media plan calls the zone.
fn whereabouts(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let count = rng.random_range(1..=3);
    let places: Vec<&Place> = (0..count).map(|_| place(rng.next_u64())).collect();
    match rng.random_range(0..100) {
        0..20 => Rule::is(Attribute::Country, places.iter().map(|place| country(place))),
        20..70 => Rule::is(Attribute::Region, places.iter().map(|place| region(place))),
        70..85 => Rule::is(Attribute::City, places.iter().map(|place| place.city.to_lowercase())),
        85..95 => {
            let circles = places.iter().map(|place| circle(place, rng)).collect();
            is(Attribute::Near, Wanted::Within(circles))
        }
        _ => Rule::Any(vec![
            Rule::is(Attribute::Region, [region(places[0])]),
            Rule::All(vec![Rule::is(Attribute::Country, ["FR"]), device(rng)]),
        ]),
    }
}

/// Who they are, or what they read.
fn interest(rng: &mut Xoshiro256PlusPlus) -> Rule {
    match rng.random_range(0..100) {
        0..50 => Rule::is(Attribute::Segment, segments(rng, 6)),
        50..65 => Rule::All(vec![Rule::is(Attribute::Segment, segments(rng, 10)), categories(rng)]),
        65..85 => categories(rng),
        85..95 => domains(rng),
        95..98 => Rule::is(Attribute::Bundle, names(rng, OutletKind::App)),
        _ => {
            let words = outlet(rng, OutletKind::Site).keywords();
            Rule::is(Attribute::Keyword, words[..2].iter().copied())
        }
    }
}

fn segments(rng: &mut Xoshiro256PlusPlus, most: usize) -> Vec<String> {
    let count = rng.random_range(1..=most);
    (0..count).map(|_| segment_id(segment(rng.next_u64()))).collect()
}

/// A topic as a whole, or some of its parts.
fn categories(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let outlet = outlet(rng, OutletKind::Site);
    let categories =
        if rng.random_bool(0.5) { vec![outlet.category()] } else { outlet.subcategories()[..2].to_vec() };
    Rule::is(Attribute::Category, categories)
}

fn domains(rng: &mut Xoshiro256PlusPlus) -> Rule {
    Rule::is(Attribute::Domain, names(rng, OutletKind::Site))
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

fn device(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let devices: &[&str] = match rng.random_range(0..10) {
        0..4 => &["phone"],
        4..6 => &["phone", "tablet"],
        6..8 => &["desktop"],
        8 => &["tv"],
        _ => return Rule::is(Attribute::Os, ["ios", "ipados"]),
    };
    Rule::is(Attribute::Device, devices.iter().copied())
}

/// Office hours, evenings or week-ends.
fn daypart(rng: &mut Xoshiro256PlusPlus) -> Rule {
    let (days, hours) =
        [(0..5, 8..19), (0..7, 18..24), (5..7, 0..24), (0..7, 6..23)][rng.random_range(0..4)].clone();
    let mut on = Box::new([false; HOURS_OF_WEEK]);
    for day in days {
        on[day * 24 + hours.start..day * 24 + hours.end].fill(true);
    }
    let clock = if rng.random_bool(0.7) { Attribute::Daypart } else { Attribute::ViewerDaypart };
    is(clock, Wanted::During(on))
}

fn outlet(rng: &mut Xoshiro256PlusPlus, kind: OutletKind) -> Outlet {
    Outlet::draw(kind, rng.next_u64())
}

fn country(place: &Place) -> String {
    Country::from_code(place.country).expect("a test reads every place").to_string()
}

fn region(place: &Place) -> String {
    format!("{}-{}", country(place), place.region)
}

#[expect(clippy::cast_precision_loss, reason = "10^-4 degrees of a globe")]
fn circle(place: &Place, rng: &mut Xoshiro256PlusPlus) -> Circle {
    let km = [2.0, 5.0, 10.0, 30.0][rng.random_range(0..4)];
    Circle { lat: place.lat as f64 / 10_000.0, lon: place.lon as f64 / 10_000.0, km }
}

fn is(attribute: Attribute, wanted: Wanted) -> Rule {
    Rule::Is(Test { attribute, wanted, include_unknown: false })
}
