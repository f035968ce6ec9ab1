//! Versions of software in rules: one and all below it, or from one up to another.

use crate::campaign::rule::{Range, version_number};
use crate::document::{Faults, Node};
use crate::units::Version;

/// `"17"` (and 17.4, 17.4.1), or `{"at_least": "15", "below": "17.2"}`.
pub(in crate::campaign) fn versions(node: Node<'_>, faults: &mut Faults) -> Option<Range> {
    if !node.is_object() {
        let (version, parts) = version(node, faults)?;
        let (major, minor, patch) = (part(version.major()), part(version.minor()), part(version.patch()));
        let next = match parts {
            1 => Version::new(major.saturating_add(1), 0, 0),
            2 => Version::new(major, minor.saturating_add(1), 0),
            _ => Version::new(major, minor, patch.saturating_add(1)),
        };
        return Some(Range { at_least: Some(version_number(version)), below: Some(version_number(next)) });
    }
    let object = node.object(&["at_least", "below"], faults)?;
    let mut end = |key| match object.get(key) {
        None => Some(None),
        Some(node) => Some(Some(version_number(version(node, faults)?.0))),
    };
    let (at_least, below) = (end("at_least")?, end("below")?);
    if at_least.is_none() && below.is_none() {
        let fault = node.error("must say from which version or up to which");
        return faults.refuse(fault.hint("as `\"17\"` or `{\"at_least\": \"15\", \"below\": \"17.2\"}`"));
    }
    if at_least.zip(below).is_some_and(|(least, below)| least >= below) {
        return faults.refuse(node.error("can never be satisfied: it ends before it begins"));
    }
    Some(Range { at_least, below })
}

/// A version and how many of its parts were written.
fn version(node: Node<'_>, faults: &mut Faults) -> Option<(Version, usize)> {
    let text = node.text(faults)?;
    let is_plain = text.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    let parts = text.split('.').count();
    match Version::parse(text).filter(|_| is_plain && parts <= 3) {
        Some(version) => Some((version, parts)),
        None => {
            let fault = node.error(format!("is not a version, got {}", node.echo()));
            faults.refuse(fault.hint("numbers with dots, up to three, as `\"17\"` or `\"17.4.1\"`"))
        }
    }
}

fn part(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
