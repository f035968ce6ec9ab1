//! Frequency caps, and contradictions between them.

use crate::campaign::FrequencyCap;
use crate::campaign::read::amount::span;
use crate::document::{Faults, Node};
use crate::units::{Millis, limits};

/// The caps in the list here; `outer` are those of the level above.
pub(in crate::campaign) fn frequency(
    node: Node<'_>,
    outer: &[FrequencyCap],
    faults: &mut Faults,
) -> Vec<FrequencyCap> {
    let mut caps: Vec<FrequencyCap> = Vec::new();
    for node in node.list(faults).unwrap_or_default() {
        let Some(cap) = cap(node, faults) else { continue };
        if let Some(tighter) = outer.iter().find(|outer| hides(**outer, cap)) {
            let problem = format!("has no effect: the campaign's cap of {} is tighter", words(*tighter));
            faults.push(node.warning(problem).hint("tighten it, or remove it"));
        } else if let Some(other) = caps.iter().find(|other| hides(**other, cap) || hides(cap, **other)) {
            let problem =
                format!("contradicts the cap of {} beside it: one of them has no effect", words(*other));
            faults.push(node.warning(problem).hint("keep the tighter one"));
        }
        caps.push(cap);
    }
    caps
}

fn cap(node: Node<'_>, faults: &mut Faults) -> Option<FrequencyCap> {
    let object = node.object(&["impressions", "per", "unknown_users"], faults)?;
    let most = limits::FREQUENCY_IMPRESSIONS_MAX;
    let impressions = object.require("impressions", faults).and_then(|node| node.integer(1..=most, faults));
    let per = object.require("per", faults).and_then(|node| window(node, faults));
    let unknown = object.get("unknown_users");
    let unknown = unknown.map_or(Some(false), |node| node.choice(&[("skip", false), ("bid", true)], faults));
    Some(FrequencyCap { impressions: impressions?, per: per?, include_unknown_users: unknown? })
}

/// A window that exposures are kept for.
fn window(node: Node<'_>, faults: &mut Faults) -> Option<Millis> {
    let per = span(node, faults)?;
    if per > limits::FREQUENCY_WINDOW_MAX {
        let longest = span_in_words(limits::FREQUENCY_WINDOW_MAX);
        return faults.refuse(node.error(format!("must be at most {longest}, got {}", node.echo())));
    }
    Some(per)
}

/// True if whatever `tight` lets pass, `loose` lets pass too.
fn hides(tight: FrequencyCap, loose: FrequencyCap) -> bool {
    tight.impressions <= loose.impressions && tight.per >= loose.per
}

fn words(cap: FrequencyCap) -> String {
    format!("{} per {}", cap.impressions, span_in_words(cap.per))
}

/// As people write it: `1d`, `90s`.
fn span_in_words(span: Millis) -> String {
    let seconds = span.raw() / 1_000;
    let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm')];
    match units.into_iter().find(|(unit, _)| seconds % unit == 0) {
        Some((unit, name)) => format!("{}{name}", seconds / unit),
        None => format!("{seconds}s"),
    }
}
