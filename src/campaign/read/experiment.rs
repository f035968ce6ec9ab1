//! Experiments: who is held out of a campaign, and the arms of a line item.

use crate::campaign::read::amount::percent;
use crate::campaign::read::line_item::named_creatives;
use crate::campaign::{Arm, Factor, Holdout, LineItem};
use crate::document::{Faults, Node, Object};
use crate::units::{ArmId, RatePpm};

/// The least and the most that a holdout may be, in millionths: with less nobody is left to compare with.
const HELD_OUT_PPM: std::ops::RangeInclusive<u32> = 10_000..=500_000;
/// Above which it is probably not meant: what is held out is reach that is given up for good.
const HELD_OUT_PPM_USEFUL: u32 = 200_000;
/// Characters of a salt.
const SALT_CHARS_MAX: usize = 100;
/// Arms of a line item: more of them leave too few people to each.
const ARMS_MAX: usize = 10;
/// The least and the most by which an arm may multiply a value, in thousandths.
const MULTIPLY_THOUSANDTHS: std::ops::RangeInclusive<u32> = 100..=10_000;

/// `{"percent": 10, "salt": "spring"}`; without a salt it is `campaign`, the campaign's id.
pub(in crate::campaign) fn holdout(node: Node<'_>, campaign: &str, faults: &mut Faults) -> Option<Holdout> {
    let object = node.object(&["percent", "salt"], faults)?;
    let share = object.require("percent", faults).and_then(|node| held_out(node, faults));
    let salt = object.get("salt").map_or(Some(campaign), |node| node.line(SALT_CHARS_MAX, faults));
    Some(Holdout { share: share?, salt: salt?.to_owned() })
}

fn held_out(node: Node<'_>, faults: &mut Faults) -> Option<RatePpm> {
    let share = percent(node, faults)?;
    if !HELD_OUT_PPM.contains(&share.ppm()) {
        let fault = node.error(format!("must be from 1 to 50, got {}", node.echo()));
        return faults.refuse(fault.hint("5 to 10 are usual; to hold nobody out, remove `holdout`"));
    }
    if share.ppm() > HELD_OUT_PPM_USEFUL {
        let fault =
            node.warning(format!("is high: more than 20 % never see the campaign, got {}", node.echo()));
        faults.push(fault.hint("5 to 10 are usual"));
    }
    Some(share)
}

/// The lints of a holdout that need the rest of the campaign.
pub(in crate::campaign) fn check_holdout(object: Object<'_>, line_items: &[LineItem], faults: &mut Faults) {
    let Some(node) = object.get("holdout") else { return };
    if object.get("conversions").is_none() {
        let fault = node.warning("compares conversions, and the campaign has none");
        faults.push(fault.hint("name their kinds in `conversions`, and report those of everybody, by user"));
    }
    if let Some(on_deals) = line_items.iter().find(|line_item| !line_item.deals.is_empty()) {
        let problem = format!("holds people out of the deals of `{}`, guaranteed ones too", on_deals.slug);
        faults
            .push(node.warning(problem).hint("give deals that must be filled a campaign without a holdout"));
    }
}

/// Whose arms are read.
#[derive(Clone, Copy)]
pub(in crate::campaign) struct Tested<'a> {
    /// The campaign's id.
    pub campaign: &'a str,
    /// The line item's id.
    pub item: &'a str,
    /// The line item's creatives, by their places in the file.
    pub own: &'a [usize],
    /// The ids of all creatives of the campaign.
    pub known: &'a [&'a str],
}

/// `[{"id": "a", "share": 50}, {"id": "b", "share": 50, "creatives": ["red"], "multiply": 1.2}]`.
pub(in crate::campaign) fn arms(node: Node<'_>, of: Tested<'_>, faults: &mut Faults) -> Option<Vec<Arm>> {
    let nodes = node.list(faults)?;
    if nodes.len() < 2 {
        let fault = node.error(format!("must hold at least 2 arms, got {}", nodes.len()));
        return faults
            .refuse(fault.hint("one arm has nothing to be compared with: add one, or remove `arms`"));
    }
    if nodes.len() > ARMS_MAX {
        return faults.refuse(node.error(format!("must hold at most {ARMS_MAX} arms, got {}", nodes.len())));
    }
    // Each is read, so that all faults are told.
    let read: Vec<Option<Arm>> = nodes.iter().map(|node| arm(*node, of, faults)).collect();
    let arms: Vec<Arm> = read.into_iter().collect::<Option<_>>()?;
    let sum: u64 = arms.iter().map(|arm| u64::from(arm.share.ppm())).sum();
    if sum != u64::from(RatePpm::ONE.ppm()) {
        let is = percents(sum);
        let fault = node.error(format!("has shares that sum to {is} %, and must sum to 100"));
        return faults.refuse(fault.hint("give who is to see what is usual an arm of its own"));
    }
    for (at, arm) in arms.iter().enumerate() {
        let Some(first) = arms[..at].iter().position(|other| other.slug == arm.slug) else { continue };
        let problem = format!("\"{}\" is already used at {}", arm.slug, nodes[first].whereabouts());
        return faults.refuse(nodes[at].error(problem));
    }
    for (at, arm) in arms.iter().enumerate() {
        let is_same = |other: &&Arm| of_arm(other, of) == of_arm(arm, of) && other.multiply == arm.multiply;
        if let Some(twin) = arms[..at].iter().find(is_same) {
            let fault = nodes[at].warning(format!("differs in nothing from the arm `{}`", twin.slug));
            faults.push(fault.hint("give it `creatives` or `multiply`: else it tests nothing but the test"));
        }
    }
    Some(arms)
}

/// What an arm shows, in order.
fn of_arm(arm: &Arm, of: Tested<'_>) -> Vec<usize> {
    let mut creatives = arm.creatives.clone().unwrap_or_else(|| of.own.to_vec());
    creatives.sort_unstable();
    creatives
}

/// Millionths as a percentage.
fn percents(ppm: u64) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 {
        whole.to_string()
    } else {
        format!("{whole}.{}", format!("{rest:04}").trim_end_matches('0'))
    }
}

fn arm(node: Node<'_>, of: Tested<'_>, faults: &mut Faults) -> Option<Arm> {
    let object = node.object(&["id", "share", "creatives", "multiply"], faults)?;
    let slug = object.require("id", faults).and_then(|node| node.slug(faults));
    let share = object.require("share", faults).and_then(|node| {
        let share = percent(node, faults)?;
        if share == RatePpm::ZERO {
            let fault = node.error(format!("must be above 0, got {}", node.echo()));
            return faults.refuse(fault.hint("an arm that nobody is in is to be removed"));
        }
        Some(share)
    });
    let creatives = object.get("creatives").map(|node| {
        let errors = faults.errors();
        let named = named_creatives(node, of.known, faults)?;
        if let Some(foreign) = named.iter().find(|at| !of.own.contains(at)) {
            let problem = format!("names `{}`, which the line item leaves out", of.known[*foreign]);
            let fault = node.error(problem);
            return faults.refuse(fault.hint("name it in the `creatives` of the line item, too"));
        }
        if named.is_empty() && faults.errors() == errors {
            return faults.refuse(node.error("must not be an empty list").hint("without the key it is all"));
        }
        Some(named)
    });
    let multiply = object.get("multiply").map_or(Some(Factor::ONE), |node| multiply(node, faults));
    let (slug, share, multiply) = (slug?, share?, multiply?);
    let creatives = match creatives {
        Some(read) => Some(read?),
        None => None,
    };
    let id = ArmId::from_slug(&format!("{}/{}/{slug}", of.campaign, of.item));
    Some(Arm { id, slug: slug.to_owned(), share, creatives, multiply })
}

/// A factor of 0.1 to 10 with at most three decimals.
fn multiply(node: Node<'_>, faults: &mut Faults) -> Option<Factor> {
    let thousandths = u32::try_from(node.scaled(3, faults)?).ok();
    let within = thousandths.filter(|thousandths| MULTIPLY_THOUSANDTHS.contains(thousandths));
    within.and_then(Factor::from_thousandths).or_else(|| {
        let fault = node.error(format!("must be a factor from 0.1 to 10, got {}", node.echo()));
        faults
            .refuse(fault.hint("`1.2` values an impression a fifth more; whom not to show ads to, hold out"))
    })
}
