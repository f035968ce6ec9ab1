//! Learning: how far what is learnt may change a campaign's bids.

use crate::campaign::read::amount::percent;
use crate::campaign::{Factor, Feedback, Learning};
use crate::document::{Faults, Node};
use crate::units::RatePpm;

/// The most of the money that may be spent on what is not known yet: a tenth.
const EXPLORATION_PPM_MAX: u32 = 100_000;
/// Above which it is probably not meant: what cold line items need is less.
const EXPLORATION_PPM_USEFUL: u32 = 20_000;

/// `{"corridor": [0.25, 4], "exploration_percent": 2, "feedback": "propose", "shading": true}`; each as usual where it
/// is left out.
pub(in crate::campaign) fn learning(node: Node<'_>, faults: &mut Faults) -> Option<Learning> {
    let object = node.object(&["corridor", "exploration_percent", "feedback", "shading"], faults)?;
    let usual = Learning::default();
    let modes =
        [Feedback::Off, Feedback::Propose, Feedback::Automatic].map(|feedback| (feedback.word(), feedback));
    let corridor = object.get("corridor").map_or(Some(usual.corridor), |node| corridor(node, faults));
    let exploration = object.get("exploration_percent");
    let exploration = exploration.map_or(Some(usual.exploration), |node| exploration_share(node, faults));
    let feedback = object.get("feedback").map_or(Some(usual.feedback), |node| node.choice(&modes, faults));
    let shading = object.get("shading").map_or(Some(usual.shading), |node| node.flag(faults));
    Some(Learning { corridor: corridor?, exploration: exploration?, feedback: feedback?, shading: shading? })
}

/// The least and the most by which an impression's worth may be multiplied; what it is without learning lies between.
fn corridor(node: Node<'_>, faults: &mut Faults) -> Option<(Factor, Factor)> {
    let hint = "as `[0.25, 4]`: from a quarter to four times what it is worth without learning";
    let nodes = node.list(faults)?;
    let [low, high] = nodes[..] else {
        let problem = format!("must have 2 numbers, the least and the most, got {}", nodes.len());
        return faults.refuse(node.error(problem).hint(hint));
    };
    let mut end = |node: Node<'_>, wanted: &str, fits: fn(Factor) -> bool| {
        let thousandths = node.scaled(3, faults)?;
        let factor = u32::try_from(thousandths).ok().and_then(Factor::from_thousandths);
        factor.filter(|factor| fits(*factor)).or_else(|| {
            faults.refuse(node.error(format!("must be {wanted}, got {}", node.echo())).hint(hint))
        })
    };
    let low = end(low, "above 0 and at most 1", |low| Factor::ZERO < low && low <= Factor::ONE);
    let high = end(high, "from 1 to 10", |high| Factor::ONE <= high);
    Some((low?, high?))
}

fn exploration_share(node: Node<'_>, faults: &mut Faults) -> Option<RatePpm> {
    let share = percent(node, faults)?;
    if share.ppm() > EXPLORATION_PPM_MAX {
        return faults.refuse(node.error(format!("must be at most 10, got {}", node.echo())));
    }
    if share.ppm() > EXPLORATION_PPM_USEFUL {
        let fault = node.warning(format!("is high: more than 2 % of the money, got {}", node.echo()));
        faults.push(fault.hint("what is tried is paid like the rest and brings less: 1 or 2 are enough"));
    }
    Some(share)
}
