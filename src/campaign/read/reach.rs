//! Lints of reach: targeting that nothing can satisfy, and sizes that nobody offers.

use std::collections::HashSet;

use crate::campaign::rule::{Attribute, Rule, Test};
use crate::campaign::{CreativeContent, FormatKind};
use crate::document::{Faults, Node};
use crate::units::Region;

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
        ("channels", is_empty(rule, &values_of(Attribute::Channel))),
        ("devices", is_empty(rule, &values_of(Attribute::Device))),
        ("formats", is_empty(rule, &values_of(Attribute::Format))),
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
    let Some(allowed) = allowed(rule, &values_of(Attribute::Format)) else { return };
    let is_allowed = |own: &FormatKind| allowed.contains(own.word());
    if !allowed.is_empty() && !own.is_empty() && !own.iter().any(is_allowed) {
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

fn countries(test: &Test) -> Option<Vec<String>> {
    let country = |value: &String| Some(Region::from_code(value)?.country().to_string());
    match test.attribute {
        Attribute::Country => Some(test.values().to_vec()),
        Attribute::Region => Some(test.values().iter().filter_map(country).collect()),
        _ => None,
    }
}

fn values_of(attribute: Attribute) -> impl Fn(&Test) -> Option<Vec<String>> {
    move |test| (test.attribute == attribute).then(|| test.values().to_vec())
}

fn is_empty(rule: &Rule, pick: &impl Fn(&Test) -> Option<Vec<String>>) -> bool {
    allowed(rule, pick).is_some_and(|allowed| allowed.is_empty())
}

/// The values of one attribute that `rule` lets pass at most; `None` if it may let any pass.
fn allowed(rule: &Rule, pick: &impl Fn(&Test) -> Option<Vec<String>>) -> Option<HashSet<String>> {
    match rule {
        Rule::Is(Test { include_unknown: true, .. }) | Rule::Not(_) => None,
        Rule::Is(test) => pick(test).map(HashSet::from_iter),
        Rule::All(rules) => rules.iter().filter_map(|rule| allowed(rule, pick)).reduce(|mut all, next| {
            all.retain(|value| next.contains(value));
            all
        }),
        Rule::Any(rules) => {
            let each: Option<Vec<HashSet<String>>> = rules.iter().map(|rule| allowed(rule, pick)).collect();
            Some(each?.into_iter().flatten().collect())
        }
    }
}
