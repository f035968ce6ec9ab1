//! The nearest change of one failing test that makes it hold.
//!
//! How far a change is, so that the nearest of several equally few can be told:
//!
//! | change | distance |
//! |---|---|
//! | widen or narrow a circle, or move the end of a range, to at most twice or at least half of what it was | 1 |
//! | add a value or an hour; for each value taken out; set a flag | 2 |
//! | let pass what is not told | 3 |
//! | the first, by more than that | 4 |
//! | take the whole test out | 5 |
//! | agree on another deal | 6 |
//! | make a creative of another format | 8 |

use crate::campaign::{Attribute, Circle, Kind, Range, Test, Wanted};
use crate::geo::Point;
use crate::targeting::Scene;
use crate::targeting::failure::edit::{CREATIVES, Change, DEALS, Resized};
use crate::targeting::failure::seen::Sight;
use crate::targeting::key::{list_key, value_key};
use crate::targeting::place::{is_within, km_to};
use crate::targeting::rule::Fit;
use crate::targeting::scene::categories;
use crate::taxonomy::{Taxonomy, translated};
use crate::units::{Country, Region};

/// A change and how far it is.
pub(super) type Step = (Change, u32);

const SLIGHT: u32 = 1;
const ONE_VALUE: u32 = 2;
const UNKNOWN_TOO: u32 = 3;
const FAR: u32 = 4;
const TAKEN_OUT: u32 = 5;
const DEAL: u32 = 6;
const CREATIVE: u32 = 8;

/// The nearest change that makes `test` hold, negated or not, which says `fit` and so does not hold. `path` is
/// where it stands. `None` if nothing does: no creative has a format that is not offered.
pub(super) fn nearest(
    sight: Sight<'_, '_>,
    test: &Test,
    negated: bool,
    fit: Fit,
    path: &str,
) -> Option<Step> {
    match path {
        CREATIVES => addition(sight, test).map(|change| (change, CREATIVE)),
        DEALS => Some(addition(sight, test).map_or(taken_out(), |change| (change, DEAL))),
        _ => {
            let own = match fit {
                Fit::Unknown => {
                    let in_part = || addition(sight, test).filter(|_| !negated);
                    let added = in_part().map(|change| (change, ONE_VALUE));
                    Some(added.unwrap_or((Change::IncludeUnknown, UNKNOWN_TOO)))
                }
                Fit::No => widened(sight, test),
                Fit::Yes => {
                    // Where not all is told, what does not fit any more is unknown, and fails again.
                    let is_whole = sight.scene.tells(test.attribute) || test.include_unknown;
                    narrowed(sight, test).filter(|_| is_whole)
                }
            };
            debug_assert!(negated == (fit == Fit::Yes) || fit == Fit::Unknown, "the test fails");
            Some(own.filter(|(_, distance)| *distance < TAKEN_OUT).unwrap_or(taken_out()))
        }
    }
}

/// To take the whole of it out.
pub(super) const fn taken_out() -> Step {
    (Change::Remove, TAKEN_OUT)
}

/// How to make a test fit what is told.
fn widened(sight: Sight<'_, '_>, test: &Test) -> Option<Step> {
    match &test.wanted {
        Wanted::OneOf { .. } => addition(sight, test).map(|change| (change, ONE_VALUE)),
        Wanted::Within(circles) => {
            let point = sight.point(test.attribute)?;
            let numbered = circles.iter().enumerate().map(|(number, circle)| widest(point, number, *circle));
            let growth = |resized: &Resized| resized.km - resized.circle.km;
            let nearest = numbered.min_by(|one, other| growth(one).total_cmp(&growth(other)))?;
            let is_slight = nearest.km <= nearest.circle.km * 2.0;
            Some((Change::Resize(vec![nearest]), if is_slight { SLIGHT } else { FAR }))
        }
        Wanted::During(_) => sight.hour(test.attribute).map(|hour| (Change::Hour(hour, true), ONE_VALUE)),
        Wanted::Between(range) => {
            let number = sight.number(test.attribute)?;
            let (least, most) = bounds_of(test.attribute);
            let to = if range.at_least.is_some_and(|at_least| number < at_least) {
                Range { at_least: Some(number).filter(|number| *number >= least), ..*range }
            } else {
                Range { below: number.checked_add(1).filter(|below| *below <= most), ..*range }
            };
            moved(*range, to)
        }
        // What a person did cannot be edited, and how far a question should go is for people to say.
        Wanted::Happened(_) | Wanted::Scored(_) => None,
    }
}

/// How to make a test not fit what is told.
fn narrowed(sight: Sight<'_, '_>, test: &Test) -> Option<Step> {
    let attribute = test.attribute;
    match &test.wanted {
        Wanted::OneOf { .. } if attribute.kind() == Kind::Flag => {
            addition(sight, test).map(|change| (change, ONE_VALUE))
        }
        Wanted::OneOf { values, lists } => {
            let keys = sight.scene.keys(attribute);
            if lists.iter().any(|list| keys.contains(&list_key(list))) {
                // What stands in a list that others name, too, is not taken out for one.
                return None;
            }
            let sent = if attribute.is_behaviour() { sight.sent(attribute) } else { Vec::new() };
            let fits = |value: &&String| sent.contains(value) || keys.contains(&value_key(attribute, value));
            let mut taken: Vec<String> = values.iter().filter(fits).cloned().collect();
            if taken.is_empty() {
                return None;
            }
            let is_all = lists.is_empty() && values.iter().all(|value| taken.contains(value));
            taken.sort_unstable();
            taken.dedup();
            let distance = ONE_VALUE.saturating_mul(u32::try_from(taken.len()).unwrap_or(u32::MAX));
            // However many they are, that is nearer than to take out the whole list, which names more.
            (!is_all).then_some((Change::Take(taken), distance.min(FAR)))
        }
        Wanted::Within(circles) => {
            let point = sight.point(attribute)?;
            let holding = circles.iter().enumerate().filter(|(_, circle)| is_within(point, circle));
            let resized: Option<Vec<Resized>> =
                holding.map(|(number, circle)| narrowest(point, number, *circle)).collect();
            let is_slight = |resized: &Resized| resized.km >= resized.circle.km / 2.0;
            resized.map(|resized| {
                let distance = if resized.iter().all(is_slight) { SLIGHT } else { FAR };
                (Change::Resize(resized), distance)
            })
        }
        Wanted::During(hours) => {
            let hour = sight.hour(attribute)?;
            let is_only = hours.iter().filter(|on| **on).count() == 1;
            (!is_only).then_some((Change::Hour(hour, false), ONE_VALUE))
        }
        Wanted::Between(range) => {
            let number = sight.number(attribute)?;
            let (least, most) = bounds_of(attribute);
            let above = Range { at_least: number.checked_add(1).filter(|above| *above <= most), ..*range };
            let below = Range { below: Some(number).filter(|number| *number > least), ..*range };
            let is_some = |range: &Range| range.at_least.zip(range.below).is_none_or(|(from, to)| from < to);
            let ways = [above, below].into_iter().filter(|to| !to.has(number)).filter(is_some);
            ways.filter_map(|to| moved(*range, to)).min_by_key(|(_, distance)| *distance)
        }
        Wanted::Happened(_) | Wanted::Scored(_) => None,
    }
}

/// The first value that the scene tells and that a rule may name, as a change that adds it.
fn addition(sight: Sight<'_, '_>, test: &Test) -> Option<Change> {
    let attribute = test.attribute;
    let keys = sight.scene.keys(attribute);
    if attribute.is_behaviour() {
        return sight.sent(attribute).into_iter().next().map(Change::Add);
    }
    let fits = |value: &String| keys.contains(&value_key(attribute, value));
    if keys.is_empty() {
        return None;
    }
    if attribute.kind() == Kind::Flag {
        let mut words = ["true", "false"].into_iter();
        let other = words.find(|word| test.values().all(|own| own != *word));
        return other.map(|word| Change::Set(word.to_owned()));
    }
    let sent = namable(sight, attribute);
    let mut values = sent.iter().filter_map(|text| attribute.canonical(text).ok());
    values.find(fits).map(Change::Add)
}

/// What is told of `attribute`, in the words of the rule language as far as it has them.
fn namable(sight: Sight<'_, '_>, attribute: Attribute) -> Vec<String> {
    let scene = sight.scene;
    let sent = sight.sent(attribute);
    match attribute {
        Attribute::Segment => sight.names.segments(scene).0,
        Attribute::Country | Attribute::Region | Attribute::City | Attribute::Postcode | Attribute::Metro => {
            placed(attribute, scene)
        }
        Attribute::HomeRegion => {
            let country = scene.request().user.geo.country.and_then(Country::from_code);
            let regions = sent.iter().filter_map(|code| Region::new(country?, code));
            regions.map(|region| region.to_string()).collect()
        }
        Attribute::Category => {
            let outlet = scene.request().channel.outlet().copied().unwrap_or_default();
            let told = categories(&outlet, &outlet.content);
            let words = told.flat_map(|(cattax, category)| {
                let mapped = translated(cattax, category, Taxonomy::Content1_0).map(str::to_owned);
                std::iter::once(category.to_owned()).chain(mapped)
            });
            words.collect()
        }
        _ => {
            let parts = sent.iter().flat_map(|text| text.split([',', '-', '_'])).map(str::to_owned);
            sent.iter().cloned().chain(parts).collect()
        }
    }
}

/// `circle` with the least radius that holds `point`, rounded up to a tenth of a kilometre.
fn widest(point: Point, number: usize, circle: Circle) -> Resized {
    let mut km = (km_to(point, &circle) * 10.0).ceil() / 10.0;
    while !is_within(point, &Circle { km, ..circle }) {
        km += 0.1;
    }
    Resized { number, circle, km }
}

/// `circle` with the greatest radius that does not hold `point`, rounded down to a tenth of a kilometre; `None`
/// if nothing is left of it.
fn narrowest(point: Point, number: usize, circle: Circle) -> Option<Resized> {
    let mut km = (km_to(point, &circle) * 10.0).floor() / 10.0;
    if is_within(point, &Circle { km, ..circle }) {
        km -= 0.1;
    }
    (km >= 0.1 && !is_within(point, &Circle { km, ..circle })).then_some(Resized { number, circle, km })
}

/// The numbers that a rule may name of `attribute`.
fn bounds_of(attribute: Attribute) -> (i64, i64) {
    match attribute.kind() {
        Kind::Number { least, most } => (least, most),
        Kind::Version => (0, i64::MAX),
        _ => (i64::MIN, i64::MAX),
    }
}

/// The move of a range's end from `from` to `to`; `None` if no end is left.
fn moved(from: Range, to: Range) -> Option<Step> {
    if to.at_least.is_none() && to.below.is_none() {
        return None;
    }
    let is_slight = |before: Option<i64>, after: Option<i64>| match (before, after) {
        (before, after) if before == after => true,
        (Some(before), Some(after)) => {
            let (less, more) = (before.min(after), before.max(after));
            less > 0 && more / 2 <= less
        }
        _ => false,
    };
    let slight = is_slight(from.at_least, to.at_least) && is_slight(from.below, to.below);
    Some((Change::Bounds { from, to }, if slight { SLIGHT } else { FAR }))
}

/// Where it is, in the words of the rule language.
fn placed(attribute: Attribute, scene: &Scene<'_>) -> Vec<String> {
    let place = scene.place();
    match attribute {
        Attribute::Country => place.country.iter().map(|of| of.value.to_string()).collect(),
        Attribute::Region => place.region.iter().map(|of| of.value.to_string()).collect(),
        Attribute::City => place.city.iter().flat_map(|of| of.value.iter()).map(str::to_owned).collect(),
        Attribute::Postcode => place.postcode.iter().map(|of| of.value.to_owned()).collect(),
        _ => place.metro.iter().map(|of| of.value.to_owned()).collect(),
    }
}
