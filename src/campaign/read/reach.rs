//! Lints of reach: targeting that nothing can satisfy, and sizes that nobody offers.

use std::collections::HashSet;

use crate::campaign::read::redundant::check_not_always;
use crate::campaign::read::satisfiable::{Conflict, conflict};
use crate::campaign::rule::{Attribute, Rule};
use crate::campaign::{CreativeContent, FormatKind};
use crate::document::{Faults, Node};

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

const FORMATS: [FormatKind; 4] =
    [FormatKind::Banner, FormatKind::Video, FormatKind::Audio, FormatKind::Native];

/// An error if no request can satisfy `rule`; a warning if only those can that do not tell what it asks.
pub(in crate::campaign) fn check_satisfiable(node: Node<'_>, rule: &Rule, faults: &mut Faults) {
    match conflict(rule) {
        None => check_not_always(node, rule, faults),
        Some(Conflict::Never(why)) => {
            let fault = node.error(format!("can never be satisfied: {why}"));
            faults.push(fault.hint("`all` wants every one of its rules, `any` wants one"));
        }
        Some(Conflict::OnlyUnknown(why)) => {
            let fault = node.warning(format!("fits only where the request does not tell: {why}"));
            faults.push(fault.hint("leave out what contradicts the rest"));
        }
    }
}

/// A warning if none of the creatives is of a format that `rule` allows.
pub(in crate::campaign) fn check_formats(
    node: Node<'_>,
    rule: &Rule,
    own: &HashSet<FormatKind>,
    faults: &mut Faults,
) {
    let others = FORMATS.iter().filter(|format| !own.contains(format)).map(|format| format.word());
    // An impression that offers nothing but them.
    let others = Rule::Not(Box::new(Rule::is(Attribute::Format, others)));
    let with_formats = Rule::All(vec![others, rule.clone()]);
    let is_never = |rule: &Rule| matches!(conflict(rule), Some(Conflict::Never(_)));
    if !own.is_empty() && is_never(&with_formats) && !is_never(rule) {
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
