//! Kinds of conversions and promo codes of a campaign.

use crate::campaign::read::amount::amount_or_zero;
use crate::campaign::read::campaign::known_currency;
use crate::campaign::read::{Reading, plan};
use crate::campaign::{Attribution, ConversionType, promo_code};
use crate::document::{Faults, Node, Object};
use crate::units::{Currency, FxRate, Nanos, Rounding, limits};

const KEYS: [&str; 8] = [
    "type",
    "value",
    "currency",
    "lifetime_value",
    "click_window",
    "view_window",
    "acquisition",
    "promo_codes",
];

/// A promo code as it is compared, and its place.
pub(in crate::campaign) type Code<'d> = (Node<'d>, String);

/// The key `promo_codes` of `object`: `["SPRING10"]`. Each is added to `used`, whatever is said of it elsewhere.
pub(in crate::campaign) fn codes<'d>(
    object: Object<'d>,
    used: &mut Vec<Code<'d>>,
    faults: &mut Faults,
) -> Vec<String> {
    let nodes = object.get("promo_codes").and_then(|node| node.list(faults)).unwrap_or_default();
    let mut codes = Vec::new();
    for node in nodes {
        let Some(code) = node.line(limits::PROMO_CODE_CHARS_MAX, faults).map(promo_code) else { continue };
        if used.len() >= limits::PROMO_CODES_MAX {
            let fault = node.error(format!("is one promo code more than {}", limits::PROMO_CODES_MAX));
            faults
                .push(fault.hint("codes that are made for each person are orders, not codes: give them one"));
            break;
        }
        used.push((node, code.clone()));
        codes.push(code);
    }
    codes
}

/// `[{"type": "purchase", "value": 60}]`, in `currency` and within `windows` where a type does not say otherwise.
pub(in crate::campaign) fn conversions<'d>(
    node: Node<'d>,
    (currency, windows): (Currency, Attribution),
    reading: Reading<'_>,
    used: &mut Vec<Code<'d>>,
    faults: &mut Faults,
) -> Vec<ConversionType> {
    let mut kinds: Vec<ConversionType> = Vec::new();
    let mut has_acquisition = false;
    for (at, node) in node.list(faults).unwrap_or_default().into_iter().enumerate() {
        let Some(object) = node.object(&KEYS, faults) else { continue };
        let name_node = object.require("type", faults);
        let name = name_node.and_then(|node| node.slug(faults));
        let stated = object.get("currency").map(|node| known_currency(node, reading, faults));
        let own = stated.flatten().unwrap_or(currency);
        let rate = reading.surroundings.rates.rate(own, currency).unwrap_or(FxRate::SAME);
        let value = object.get("value").map_or(Some(Nanos::ZERO), |node| worth(node, rate, faults));
        let lifetime = object.get("lifetime_value").map(|node| worth(node, rate, faults));
        let windows = plan::windows(object, windows, faults);
        let acquisition = object.get("acquisition").map_or(Some(at == 0), |node| node.flag(faults));
        has_acquisition |= acquisition != Some(false);
        if let (Some(false), Some(node)) = (acquisition, object.get("lifetime_value")) {
            let fault = node.warning("is of a type that is no acquisition, and so in no figure");
            faults.push(fault.hint("LTV:CAC counts acquisitions: say there what their customers bring"));
        }
        let codes = codes(object, used, faults);
        let (Some(name), Some(value), Some(windows)) = (name, value, windows) else { continue };
        if kinds.iter().any(|kind| kind.name == name) {
            faults.push(name_node.unwrap_or(node).error(format!("is given twice: \"{name}\"")));
        }
        kinds.push(ConversionType {
            lifetime: lifetime.flatten(),
            acquisition: acquisition.unwrap_or_default(),
            codes,
            ..ConversionType::new(name, value, own, windows)
        });
    }
    if !kinds.is_empty() && !has_acquisition {
        let fault = node.warning("has no type that is an acquisition: no CPA counts any");
        faults.push(fault.hint("give the type that the campaign is for `\"acquisition\": true`"));
    }
    kinds
}

/// An amount in another currency, by today's `rate`; rounded down to a nano.
fn worth(node: Node<'_>, rate: FxRate, faults: &mut Faults) -> Option<Nanos> {
    let stated = amount_or_zero(node, faults)?;
    rate.amount(stated, Rounding::Down)
        .or_else(|| faults.refuse(node.error(format!("is too large, got {}", node.echo()))))
}
