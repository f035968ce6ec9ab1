//! Which creatives an exchange has reviewed.

use std::collections::HashMap;

use crate::campaign::{Approval, Approvals};
use crate::document::{Faults, Node};

const PATH_CHARS_MAX: usize = 1_024;

/// The lists themselves, or the name of the file that they are in.
pub(in crate::campaign::read::exchange) fn creatives(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<(Approvals, Option<String>)> {
    if node.peek("file").is_none() {
        return approvals(node, faults).map(|approvals| (approvals, None));
    }
    let object = node.object(&["file"], faults)?;
    let file = object.require("file", faults)?.line(PATH_CHARS_MAX, faults)?;
    // Until it is read, nothing is approved.
    Some((Approvals::new(Approval::Refused, HashMap::new(), false), Some(file.to_owned())))
}

/// Lists of `campaign/creative` or `campaign/*`. Where nothing is said, everything is approved.
pub(in crate::campaign::read::exchange) fn approvals(
    node: Node<'_>,
    faults: &mut Faults,
) -> Option<Approvals> {
    const KEYS: [&str; 5] = ["default", "approved", "pending", "refused", "bid_pending"];
    const LISTS: [(&str, Approval); 3] =
        [("approved", Approval::Approved), ("pending", Approval::Pending), ("refused", Approval::Refused)];
    let object = node.object(&KEYS, faults)?;
    let words = [("approved", Approval::Approved), ("pending", Approval::Pending)];
    let usual = Some(Approval::Pending);
    let default = object.get("default").map_or(usual, |node| node.choice(&words, faults));
    let bid_pending = object.get("bid_pending").map_or(Some(false), |node| node.flag(faults));
    let mut listed = HashMap::new();
    for (key, approval) in LISTS {
        let nodes = object.get(key).map_or(Some(Vec::new()), |node| node.list(faults));
        for node in nodes.unwrap_or_default() {
            let Some(crid) = crid(node, faults) else { continue };
            if listed.insert(crid.to_owned(), approval).is_some() {
                faults.push(node.error(format!("is given twice: {}", node.echo())));
            }
        }
    }
    Some(Approvals::new(default?, listed, bid_pending?))
}

fn crid<'d>(node: Node<'d>, faults: &mut Faults) -> Option<&'d str> {
    let text = node.text(faults)?;
    let is_slug = |slug: &str| {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        (1..=64).contains(&slug.len()) && slug.bytes().all(fits)
    };
    let parts = text.split_once('/');
    if parts.is_some_and(|(campaign, creative)| is_slug(campaign) && (creative == "*" || is_slug(creative))) {
        return Some(text);
    }
    let fault = node.error(format!("is not the id of a creative, got {}", node.echo()));
    faults.refuse(fault.hint("campaign and creative as `spring/mpu`, or `spring/*` for a whole campaign"))
}
