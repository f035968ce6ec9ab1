//! Pacing: how a day's money is laid over the day, and whether the advertiser's campaigns share it.
//!
//! Deliberately absent: steps, forecasts and gains. Nobody can know them for a budget, so nobody is asked.

use crate::campaign::read::budget::Owner;
use crate::campaign::read::clock::days;
use crate::campaign::read::shares;
use crate::campaign::{Budget, Flight, Pacing};
use crate::document::{Faults, Node, Object};

const KEYS: [&str; 4] = ["mode", "smoothness", "pool", "curve"];
const MODES: [(&str, Mode); 4] =
    [("dual", Mode::Dual), ("even", Mode::Even), ("ahead", Mode::Ahead), ("asap", Mode::Asap)];
/// Days of a flight above which a total that may go at once was hardly meant to.
const SHORT_FLIGHT_DAYS: i64 = 7;

/// A way of pacing that has a word.
#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Dual,
    Even,
    Ahead,
    Asap,
}

impl Mode {
    const fn with(self, smoothness: u32) -> Pacing {
        match self {
            Self::Dual => Pacing::Dual { smoothness },
            Self::Even => Pacing::Even,
            Self::Ahead => Pacing::Ahead,
            Self::Asap => Pacing::Asap,
        }
    }
}

/// The pacing of a campaign, and whether its money is pooled.
pub(in crate::campaign) fn campaign_pacing(node: Node<'_>, faults: &mut Faults) -> Option<(Pacing, bool)> {
    read(node, Owner::Campaign, faults)
}

/// The pacing of a line item, whose money is never pooled: its campaign's is.
pub(in crate::campaign) fn line_item_pacing(node: Node<'_>, faults: &mut Faults) -> Option<Pacing> {
    read(node, Owner::LineItem, faults).map(|(pacing, _)| pacing)
}

/// `"dual"`, `"even"`, `"ahead"`, `"asap"`, `{"mode": "dual", "smoothness": 0.3, "pool": true}` or
/// `{"curve": [24 numbers]}`.
fn read(node: Node<'_>, owner: Owner, faults: &mut Faults) -> Option<(Pacing, bool)> {
    if !node.is_object() {
        return word(node, faults).map(|mode| (mode.with(0), false));
    }
    let object = node.object(&KEYS, faults)?;
    let pool = object.get("pool").map(|node| pool(node, owner, faults));
    let pacing = match (object.get("curve"), object.get("mode")) {
        (Some(curve), None) => {
            let read = read_curve(curve, faults);
            warn_of_smoothness(object, "curve", faults);
            read
        }
        (Some(curve), Some(_)) => {
            let fault = curve.error("has no meaning beside `mode`");
            faults.refuse(fault.hint("a day follows its curve, or is paced by a mode: keep one of them"))
        }
        (None, mode) => {
            let mode = mode.map_or(Some(Mode::Dual), |node| word(node, faults));
            let smoothness = object.get("smoothness").map(|node| smoothness(node, faults));
            let pacing = mode.map(|mode| mode.with(smoothness.flatten().unwrap_or_default()));
            if let Some(pacing) = pacing.as_ref().filter(|pacing| !matches!(pacing, Pacing::Dual { .. })) {
                warn_of_smoothness(object, pacing.word(), faults);
            }
            pacing.filter(|_| smoothness != Some(None))
        }
    };
    let (pacing, pooled) = (pacing?, pool.unwrap_or(Some(false))?);
    if pooled && !matches!(pacing, Pacing::Dual { .. }) {
        let fault =
            object.get("pool").unwrap_or(node).error(format!("needs `dual`, not `{}`", pacing.word()));
        return faults.refuse(fault.hint("only `dual` knows where more money buys most"));
    }
    Some((pacing, pooled))
}

fn word(node: Node<'_>, faults: &mut Faults) -> Option<Mode> {
    if node.peek_text() == Some("curve") {
        let fault = node.error("needs the curve itself, got \"curve\"");
        return faults.refuse(fault.hint("write `\"pacing\": {\"curve\": [..]}` with 24 numbers"));
    }
    node.choice(&MODES, faults)
}

/// 0 to 1 in thousandths.
fn smoothness(node: Node<'_>, faults: &mut Faults) -> Option<u32> {
    let thousandths = node.scaled(3, faults)?;
    let read = u32::try_from(thousandths).ok().filter(|thousandths| *thousandths <= 1_000);
    read.or_else(|| {
        let fault = node.error(format!("must be from 0 to 1, got {}", node.echo()));
        faults.refuse(fault.hint("0 buys where it is worth most, 1 is as even as the traffic allows"))
    })
}

fn warn_of_smoothness(object: Object<'_>, word: &str, faults: &mut Faults) {
    if let Some(node) = object.get("smoothness") {
        let fault = node.warning(format!("has no effect beside `{word}`"));
        faults.push(fault.hint("remove it, or pace by `dual`"));
    }
}

fn pool(node: Node<'_>, owner: Owner, faults: &mut Faults) -> Option<bool> {
    if owner == Owner::LineItem {
        let fault = node.error("is the campaign's to say: its line items share its money anyway");
        return faults.refuse(fault.hint("set `pool` in the `pacing` of the campaign"));
    }
    node.flag(faults)
}

/// 24 weights, which become shares of a million.
fn read_curve(curve: Node<'_>, faults: &mut Faults) -> Option<Pacing> {
    let numbers = curve.list(faults)?;
    if numbers.len() != 24 {
        let problem = format!("must have 24 numbers, one for each hour, got {}", numbers.len());
        return faults.refuse(curve.error(problem));
    }
    let mut weights = [0; 24];
    for (weight, number) in weights.iter_mut().zip(numbers) {
        *weight = number.scaled(6, faults)?;
        if *weight < 0 {
            return faults.refuse(number.error(format!("must not be negative, got {}", number.echo())));
        }
    }
    let shares = shares(&weights);
    let shares = shares.or_else(|| faults.refuse(curve.error("must not be zero in every hour")))?;
    Some(Pacing::Curve(Box::new(shares)))
}

/// A warning where nothing but the total holds a long flight's money back. `node` is the campaign's pacing: it paces
/// what its line items spend, however they are paced themselves.
pub(in crate::campaign) fn check_spree(
    node: Node<'_>,
    pacing: &Pacing,
    budget: Budget,
    flight: Flight,
    faults: &mut Faults,
) {
    let (Pacing::Asap, None, None) = (pacing, budget.money.hourly, budget.money.daily) else { return };
    let Some(total) = budget.money.total else { return };
    let lasts = match days(flight) {
        Some(days) if days <= SHORT_FLIGHT_DAYS => return,
        Some(days) => format!("a flight of {days} days"),
        None => "a flight without end".to_owned(),
    };
    let fault = node.warning(format!("spends the total of {total} at once, in {lasts}"));
    faults.push(fault.hint("add `daily` to `budget`, or pace by `dual`"));
}
