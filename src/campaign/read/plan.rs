//! Rules of a campaign: costs, tax, attribution.

use crate::campaign::read::amount::{amount_or_zero, percent, span};
use crate::campaign::{Attribution, Costs, Surroundings, TaxPlan};
use crate::document::{Faults, Node, Object, suggestion};
use crate::ttf::Bearer;
use crate::units::{Millis, RatePpm, ScenarioId, limits};

const DAY: Millis = Millis::from_seconds(86_400);

/// `{"platform_fee_percent": 5, "fixed": 1200}`.
pub(in crate::campaign) fn costs(node: Node<'_>, faults: &mut Faults) -> Option<Costs> {
    let object = node.object(&["platform_fee_percent", "fixed"], faults)?;
    let fee = object.get("platform_fee_percent").map(|node| percent(node, faults));
    let fixed = object.get("fixed").map(|node| amount_or_zero(node, faults));
    Some(Costs {
        platform_fee: fee.flatten().unwrap_or_default(),
        fixed: fixed.flatten().unwrap_or_default(),
    })
}

/// No tax at all.
pub(in crate::campaign) fn no_tax() -> TaxPlan {
    TaxPlan { scenario: ScenarioId::from_slug("none"), scenario_slug: "none".into(), bearer: Bearer::Absorb }
}

/// `{"scenario": "hypothesis-eu", "bearer": "on_top"}`, or a split between both.
pub(in crate::campaign) fn tax(
    node: Node<'_>,
    surroundings: Surroundings<'_>,
    faults: &mut Faults,
) -> Option<TaxPlan> {
    let object = node.object(&["scenario", "bearer"], faults)?;
    let bearer = object.get("bearer").map_or(Some(Bearer::Absorb), |node| bearer(node, faults));
    let scenario = object.require("scenario", faults)?;
    let slug = scenario.text(faults)?;
    let known: Vec<&str> = surroundings.scenarios.iter().copied().chain(["none"]).collect();
    if !known.contains(&slug) {
        let fault = scenario.error(format!("is not a known tax scenario, got {}", scenario.echo()));
        return faults.refuse(match suggestion(slug, known.iter().copied()) {
            Some(near) => fault.hint(format!("did you mean `{near}`?")),
            None => fault.hint(format!("known scenarios: {}", known.join(", "))),
        });
    }
    Some(TaxPlan { scenario: ScenarioId::from_slug(slug), scenario_slug: slug.into(), bearer: bearer? })
}

/// A word, or `{"split": {"advertiser_percent": 60, "counted": "inside"}}`.
fn bearer(node: Node<'_>, faults: &mut Faults) -> Option<Bearer> {
    if !node.is_object() {
        let words = [("absorb", Bearer::Absorb), ("on_top", Bearer::OnTop), ("inside", Bearer::Inside)];
        return node.choice(&words, faults);
    }
    let split = node.object(&["split"], faults)?.require("split", faults)?;
    let object = split.object(&["advertiser_percent", "counted"], faults)?;
    let share = object.require("advertiser_percent", faults);
    let advertiser = share.and_then(|node| percent(node, faults));
    let counted = [("on_top", false), ("inside", true)];
    let inside = object.get("counted").map_or(Some(false), |node| node.choice(&counted, faults));
    if let (Some(node), Some(whole)) =
        (share, advertiser.filter(|of| [RatePpm::ZERO, RatePpm::ONE].contains(of)))
    {
        let word = if whole == RatePpm::ZERO { "absorb" } else { "on_top` or `inside" };
        let fault = node.error(format!("must be between 0 and 100, got {}", node.echo()));
        return faults.refuse(fault.hint(format!("where one side bears all of it, `bearer` is `{word}`")));
    }
    Some(Bearer::Split { advertiser: advertiser?, inside: inside? })
}

/// Thirty days after a click, one after a view.
pub(in crate::campaign) fn usual_attribution() -> Attribution {
    Attribution { click_window: Millis::from_seconds(30 * 86_400), view_window: DAY }
}

/// `{"click_window": "30d", "view_window": "1d"}`.
pub(in crate::campaign) fn attribution(node: Node<'_>, faults: &mut Faults) -> Option<Attribution> {
    let object = node.object(&["click_window", "view_window"], faults)?;
    windows(object, usual_attribution(), faults)
}

/// The keys `click_window` and `view_window` of `object`, each as `usual` where it is not there.
pub(in crate::campaign) fn windows(
    object: Object<'_>,
    usual: Attribution,
    faults: &mut Faults,
) -> Option<Attribution> {
    let mut read = |key: &str, usual: Millis| {
        let Some(node) = object.get(key) else { return Some(usual) };
        let window = span(node, faults)?;
        if window > limits::CONVERSION_AGE_MAX {
            let days = limits::CONVERSION_AGE_MAX.raw() / DAY.raw();
            return faults.refuse(node.error(format!("must be at most {days}d, got {}", node.echo())));
        }
        Some(window)
    };
    let click = read("click_window", usual.click_window);
    let view = read("view_window", usual.view_window);
    Some(Attribution { click_window: click?, view_window: view? })
}
