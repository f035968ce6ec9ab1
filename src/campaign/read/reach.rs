//! Lints of reach: targeting that nothing can satisfy, and sizes that nobody offers.

use std::collections::HashSet;
use std::hash::Hash;

use crate::campaign::{CreativeContent, FormatKind, Predicate, Rule, Test};
use crate::document::{Faults, Node};
use crate::units::Country;

/// Banner sizes that exchanges offer every day: the IAB's fixed sizes, mobile and full screens, and the
/// portrait and landscape of screens out of home.
const COMMON_SIZES: [(u32, u32); 30] = [
    (300, 250),
    (728, 90),
    (320, 50),
    (300, 600),
    (160, 600),
    (970, 250),
    (320, 100),
    (300, 50),
    (336, 280),
    (970, 90),
    (468, 60),
    (120, 600),
    (250, 250),
    (200, 200),
    (300, 1050),
    (320, 480),
    (480, 320),
    (768, 1024),
    (1024, 768),
    (234, 60),
    (180, 150),
    (125, 125),
    (980, 120),
    (930, 180),
    (580, 400),
    (300, 300),
    (640, 480),
    (1080, 1920),
    (1920, 1080),
    (840, 400),
];

/// A warning if no request can satisfy `rule`, as far as countries, regions, channels, devices and formats
/// show it.
pub(in crate::campaign) fn check_satisfiable(node: Node<'_>, rule: &Rule, faults: &mut Faults) {
    let contradictions = [
        ("places", is_empty(rule, &countries)),
        (
            "channels",
            is_empty(rule, &|predicate| match predicate {
                Predicate::Channel(channels) => Some(channels.clone()),
                _ => None,
            }),
        ),
        (
            "devices",
            is_empty(rule, &|predicate| match predicate {
                Predicate::Device(devices) => Some(devices.clone()),
                _ => None,
            }),
        ),
        ("formats", is_empty(rule, &formats)),
    ];
    if let Some((what, _)) = contradictions.into_iter().find(|(_, is_empty)| *is_empty) {
        let fault = node.warning(format!("can never be satisfied: its {what} exclude one another"));
        faults.push(fault.hint("`all` wants every one of its rules, `any` wants one"));
    }
}

/// A warning if none of the creatives is of a format that `rule` allows.
pub(in crate::campaign) fn check_formats(
    node: Node<'_>,
    rule: &Rule,
    own: &HashSet<FormatKind>,
    faults: &mut Faults,
) {
    let Some(allowed) = allowed(rule, &formats) else { return };
    if !allowed.is_empty() && !own.is_empty() && allowed.is_disjoint(own) {
        let fault = node.warning("allows no format that a creative of this line item has");
        faults.push(fault.hint("add a creative of that `format`, or allow another"));
    }
}

/// A warning if a banner's size is rarely asked for.
pub(in crate::campaign) fn check_size(node: Node<'_>, size: (u32, u32), faults: &mut Faults) {
    if !COMMON_SIZES.contains(&size) {
        let fault = node.warning(format!("is rarely offered, got {}", node.echo()));
        let usual: Vec<String> = COMMON_SIZES[..8].iter().map(|(w, h)| format!("{w}x{h}")).collect();
        faults.push(fault.hint(format!("often offered: {}", usual.join(", "))));
    }
}

/// The format of a creative.
pub(in crate::campaign) fn format_of(content: &CreativeContent) -> FormatKind {
    match content {
        CreativeContent::Banner { .. } => FormatKind::Banner,
        CreativeContent::Video { .. } => FormatKind::Video,
        CreativeContent::Audio { .. } => FormatKind::Audio,
        CreativeContent::Native { .. } => FormatKind::Native,
    }
}

fn countries(predicate: &Predicate) -> Option<Vec<Country>> {
    match predicate {
        Predicate::Country(countries) => Some(countries.clone()),
        Predicate::Region(regions) => Some(regions.iter().map(|region| region.country()).collect()),
        _ => None,
    }
}

fn formats(predicate: &Predicate) -> Option<Vec<FormatKind>> {
    match predicate {
        Predicate::Format(formats) => Some(formats.clone()),
        _ => None,
    }
}

fn is_empty<T: Eq + Hash>(rule: &Rule, pick: &impl Fn(&Predicate) -> Option<Vec<T>>) -> bool {
    allowed(rule, pick).is_some_and(|allowed| allowed.is_empty())
}

/// The values of one attribute that `rule` lets pass at most; `None` if it may let any pass.
fn allowed<T: Eq + Hash>(rule: &Rule, pick: &impl Fn(&Predicate) -> Option<Vec<T>>) -> Option<HashSet<T>> {
    match rule {
        Rule::Is(Test { include_unknown: true, .. }) | Rule::Not(_) => None,
        Rule::Is(test) => pick(&test.predicate).map(HashSet::from_iter),
        Rule::All(rules) => rules.iter().filter_map(|rule| allowed(rule, pick)).reduce(|mut all, next| {
            all.retain(|value| next.contains(value));
            all
        }),
        Rule::Any(rules) => {
            let each: Option<Vec<HashSet<T>>> = rules.iter().map(|rule| allowed(rule, pick)).collect();
            Some(each?.into_iter().flatten().collect())
        }
    }
}
