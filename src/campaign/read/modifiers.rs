//! What makes an impression worth more or less to a line item.

use crate::campaign::read::Reading;
use crate::campaign::read::targeting::rule;
use crate::campaign::{Factor, Modifier};
use crate::document::{Faults, Node};
use crate::units::limits;

/// The modifiers in the list here: `{"when": {..}, "multiply": 1.25}`.
pub(in crate::campaign) fn modifiers(
    node: Node<'_>,
    reading: Reading<'_>,
    faults: &mut Faults,
) -> Option<Vec<Modifier>> {
    let nodes = node.list(faults)?;
    if nodes.len() > limits::MODIFIERS_MAX {
        let (most, got) = (limits::MODIFIERS_MAX, nodes.len());
        return faults.refuse(node.error(format!("must hold at most {most}, got {got}")));
    }
    // Each is read, so that all faults are told.
    let read: Vec<Option<Modifier>> = nodes.into_iter().map(|node| modifier(node, reading, faults)).collect();
    read.into_iter().collect()
}

fn modifier(node: Node<'_>, reading: Reading<'_>, faults: &mut Faults) -> Option<Modifier> {
    let object = node.object(&["when", "multiply"], faults)?;
    let when = object.require("when", faults).and_then(|node| rule(node, reading, faults));
    let multiply = object.require("multiply", faults).and_then(|node| factor(node, faults));
    Some(Modifier { when: when?, multiply: multiply? })
}

/// A factor of 0 to 10 with at most three decimals.
fn factor(node: Node<'_>, faults: &mut Faults) -> Option<Factor> {
    let thousandths = node.scaled(3, faults)?;
    let Some(factor) = u32::try_from(thousandths).ok().and_then(Factor::from_thousandths) else {
        let fault = node.error(format!("must be a factor from 0 to 10, got {}", node.echo()));
        return faults.refuse(fault.hint("`1.25` is a quarter more, `0` is no bid"));
    };
    if factor == Factor::ONE {
        faults.push(node.warning("has no effect: the value stays as it is").hint("remove it"));
    }
    Some(factor)
}
