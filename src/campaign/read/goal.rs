//! Goals of line items: what a click, a conversion or its value is worth, and over how long that is to be met.
//!
//! Expectations are required: they carry a line item until enough is learnt. Deliberately absent: what an impression is
//! worth in the end, which is pricing's.

use crate::campaign::read::Reading;
use crate::campaign::read::amount::{amount, price};
use crate::campaign::read::clock::days;
use crate::campaign::{Campaign, Flight, Goal};
use crate::document::{Faults, Node, Object};
use crate::units::{Currency, Millis, Nanos};

const KINDS: [&str; 6] = ["cpm", "cpc", "cpa", "roas", "roi_percent", "max_conversions"];
/// What stands beside a kind.
const DETAILS: [&str; 5] = ["max_cpm", "expected_value", "expected_ctr", "expected_cvr", "window_days"];
/// Days over which a goal is met where nothing is said.
const WINDOW_DAYS_USUAL: u32 = 7;
const WINDOW_DAYS_MAX: u32 = 90;
const DAY: Millis = Millis::from_seconds(86_400);
/// Euros above which a price was probably meant otherwise.
const DEAR_CPM: i64 = 100;
const DEAR_CPC: i64 = 50;
/// Clicks per impression above which the number was probably meant as a percentage.
const HIGH_CTR: f64 = 0.1;
/// A value per cost of one, in millionths.
const ONE: i64 = 1_000_000;
/// Value per cost from which on it was probably meant as a percentage.
const HIGH_RETURN: i64 = 50 * ONE;

/// What a goal is read with.
#[derive(Clone, Copy)]
pub(in crate::campaign) struct Around<'a> {
    pub campaign: &'a Campaign,
    /// The line item's.
    pub flight: Option<Flight>,
    /// True if neither it nor its campaign holds money back.
    pub is_rushed: bool,
    /// True if the campaign's file says how long after a click a conversion counts.
    pub says_click_window: bool,
    pub reading: Reading<'a>,
}

/// The goal here, over how long it is to be met, and whether its chances are said: `{"cpm": 4.20}`, `{"cpc": 0.35, "expected_ctr": 0.0012}`,
/// `{"cpa": 25, ..}`, `{"roas": 4, ..}`, `{"roi_percent": 300, ..}` or `{"max_conversions": true, "max_cpm": 12, ..}`.
pub(in crate::campaign) fn goal(
    node: Node<'_>,
    around: Around<'_>,
    faults: &mut Faults,
) -> Option<(Goal, Millis, bool)> {
    let keys: Vec<&str> = KINDS.into_iter().chain(DETAILS).collect();
    let object = node.object(&keys, faults)?;
    let (kind, target) = object.one_of(&KINDS, faults)?;
    refuse_meaningless(object, kind, faults);
    let goal = match kind {
        "cpm" => {
            let price = price(target, faults)?;
            check_dear_price(target, price.per_impression(), around, faults);
            Some(Goal::Cpm(price))
        }
        "cpc" => {
            let (ctr, amount) = (share(object, "expected_ctr", faults), amount(target, faults));
            let amount = amount?;
            check_dear(target, amount, DEAR_CPC, around, faults);
            ctr.map(|ctr| Goal::Cpc { target: amount, ctr })
        }
        _ => on_conversions(object, (kind, target), around, faults),
    };
    let days = object.get("window_days").filter(|_| !matches!(kind, "cpm" | "max_conversions"));
    let days = days.map_or(Some(WINDOW_DAYS_USUAL), |node| node.integer(1..=WINDOW_DAYS_MAX, faults));
    let (goal, days) = (goal?, days?);
    check_window(object, (goal, target), days, around, faults);
    let unsaid = goal.chances().is_some_and(|(_, cvr)| {
        object.get("expected_ctr").is_none() || cvr.is_some() && object.get("expected_cvr").is_none()
    });
    Some((goal, Millis::from_raw(i64::from(days) * DAY.raw()), !unsaid))
}

/// Errors at what says nothing beside `kind`.
fn refuse_meaningless(object: Object<'_>, kind: &str, faults: &mut Faults) {
    let meant: &[&str] = match kind {
        "cpm" => &[],
        "cpc" => &["expected_ctr", "window_days"],
        "cpa" => &["expected_ctr", "expected_cvr", "window_days"],
        "max_conversions" => &["max_cpm", "expected_ctr", "expected_cvr"],
        _ => &["expected_value", "expected_ctr", "expected_cvr", "window_days"],
    };
    for key in DETAILS.into_iter().filter(|key| !meant.contains(key)) {
        let Some(node) = object.get(key) else { continue };
        let fault = node.error(format!("has no meaning beside `{kind}`"));
        faults.push(match key {
            "window_days" if kind == "cpm" => {
                fault.hint("a price is kept at each impression, not over some days")
            }
            "window_days" => fault.hint("there is no target to keep: the budget's days decide"),
            "max_cpm" => fault.hint("only `max_conversions` lets the budget decide the price"),
            _ => fault,
        });
    }
}

/// A goal that conversions meet.
fn on_conversions(
    object: Object<'_>,
    (kind, target): (&str, Node<'_>),
    around: Around<'_>,
    faults: &mut Faults,
) -> Option<Goal> {
    let (ctr, cvr) = (share(object, "expected_ctr", faults), share(object, "expected_cvr", faults));
    let can_convert = !around.campaign.conversions.is_empty();
    if !can_convert {
        let fault = target.error("needs `conversions` in the campaign, or none is ever counted");
        faults.push(fault.hint("add `\"conversions\": [{\"type\": \"purchase\", \"value\": 60}]`"));
    }
    match kind {
        "cpa" => {
            let target = amount(target, faults);
            Some(Goal::Cpa { target: target?, ctr: ctr?, cvr: cvr? })
        }
        "max_conversions" => {
            let says_yes = target.flag(faults);
            if says_yes == Some(false) {
                let fault = target.error("must be true: it is what the line item is after");
                faults.push(fault.hint("or set another goal in its place"));
            }
            let ceiling = object.require("max_cpm", faults)?;
            let price = price(ceiling, faults)?;
            check_dear_price(ceiling, price.per_impression(), around, faults);
            says_yes.filter(|yes| *yes)?;
            if around.is_rushed {
                let fault =
                    target.warning("bids `max_cpm` everywhere, since `asap` lets the budget decide nothing");
                faults.push(fault.hint("pace by `dual`, which finds the price"));
            }
            Some(Goal::MaxConversions { ceiling: price, ctr: ctr?, cvr: cvr? })
        }
        _ => {
            let least = if kind == "roas" { roas(target, faults) } else { roi(target, faults) };
            let value = match object.get("expected_value") {
                Some(node) => amount(node, faults),
                None if can_convert => usual_value(target, around.campaign, faults),
                None => None,
            };
            Some(Goal::Return { least: least?, value: value?, ctr: ctr?, cvr: cvr? })
        }
    }
}

/// Value per cost, in millionths.
fn roas(node: Node<'_>, faults: &mut Faults) -> Option<u64> {
    let least = node.scaled(6, faults)?;
    if least <= 0 {
        return faults.refuse(node.error(format!("must be greater than 0, got {}", node.echo())));
    }
    if least >= HIGH_RETURN {
        let fault = node.warning(format!("is high: {} of value for each unit of cost", node.echo()));
        faults.push(fault.hint("a ratio, not a percentage: 400 % is 4"));
    }
    u64::try_from(least).ok()
}

/// The same from `(gains - costs) / costs x 100`.
fn roi(node: Node<'_>, faults: &mut Faults) -> Option<u64> {
    // A percentage in ten-thousandths is a ratio in millionths.
    let gain = node.scaled(4, faults)?;
    if gain <= -ONE {
        let fault = node.error(format!("must be above -100, got {}", node.echo()));
        return faults.refuse(fault.hint("nothing can lose more than all that it cost; 0 breaks even"));
    }
    if (1..ONE / 100).contains(&gain.abs()) {
        let fault = node.warning(format!("is small: {} % of the costs", node.echo()));
        faults.push(fault.hint("a percentage, not a share: a gain of three times the costs is 300"));
    }
    if gain >= HIGH_RETURN {
        let fault = node.warning(format!("is high: {} % of the costs", node.echo()));
        faults.push(fault.hint("a gain of three times the costs is 300, which is a `roas` of 4"));
    }
    u64::try_from(gain.saturating_add(ONE)).ok()
}

/// The mean of what the campaign's conversions are worth, rounded down; kinds without a value do not count.
fn usual_value(target: Node<'_>, campaign: &Campaign, faults: &mut Faults) -> Option<Nanos> {
    let values = campaign.conversions.iter().map(|kind| i128::from(kind.value.raw()));
    let values: Vec<i128> = values.filter(|value| *value > 0).collect();
    let count = i128::try_from(values.len()).unwrap_or(i128::MAX);
    let mean = values.iter().sum::<i128>().checked_div(count).and_then(|mean| i64::try_from(mean).ok());
    mean.map(Nanos::from_raw).or_else(|| {
        let fault =
            target.error("needs to know what a conversion is worth: none of `conversions` has a value");
        faults.refuse(fault.hint("give them a `value`, or add `expected_value` to the goal"))
    })
}

/// The lints of a goal's window: results that come later than it, and days after the last one.
fn check_window(
    object: Object<'_>,
    (goal, target): (Goal, Node<'_>),
    window: u32,
    around: Around<'_>,
    faults: &mut Faults,
) {
    let written = object.get("window_days");
    let flight = around.flight.and_then(days);
    if let (Some(node), Some(flight)) = (written, flight)
        && i64::from(window) > flight
    {
        let fault = node.warning(format!("is longer than the flight of {flight} days, got {}", node.echo()));
        faults.push(fault.hint(format!("the goal is to be met by its end: lower it to {}", flight.max(1))));
    }
    if !matches!(goal, Goal::Cpa { .. } | Goal::Return { .. })
        || (written.is_none() && !around.says_click_window)
    {
        return;
    }
    let click = around.campaign.attribution.click_window;
    let click_days = (click.raw() + DAY.raw() - 1).div_euclid(DAY.raw());
    // What comes after the flight cannot change it any more.
    let wanted = flight.map_or(click_days, |flight| click_days.min(flight));
    if i64::from(window) < wanted {
        let problem = format!(
            "is to be met over {window} days, but a click counts for {click_days}: results come late"
        );
        let fault = written.unwrap_or(target).warning(problem);
        faults.push(fault.hint(format!(
            "set `window_days` to {wanted}, or shorten `attribution.click_window` of the campaign"
        )));
    }
}

fn check_dear_price(node: Node<'_>, per_impression: Nanos, around: Around<'_>, faults: &mut Faults) {
    if let Some(thousand) = per_impression.raw().checked_mul(1_000) {
        check_dear(node, Nanos::from_raw(thousand), DEAR_CPM, around, faults);
    }
}

fn check_dear(node: Node<'_>, amount: Nanos, euros: i64, around: Around<'_>, faults: &mut Faults) {
    let currency: Currency = around.campaign.currency;
    if around.reading.is_dearer_than(amount, currency, euros) {
        let fault = node.warning(format!("is dear: more than {euros} EUR, got {} {currency}", node.echo()));
        faults.push(fault.hint("`cpm` is per thousand impressions, `cpc` per click, `cpa` per conversion"));
    }
}

/// Clicks per impression that are supposed where nobody says: what display brings, rather less than more.
const USUAL_CTR: f64 = 0.001;
/// Conversions per click that are supposed where nobody says.
const USUAL_CVR: f64 = 0.02;

/// A share above 0 and up to 1; a usual one where it is not said.
fn share(object: Object<'_>, key: &str, faults: &mut Faults) -> Option<f64> {
    let Some(node) = object.get(key) else {
        return Some(if key == "expected_ctr" { USUAL_CTR } else { USUAL_CVR });
    };
    let text = node.number_text(faults)?;
    let share = text.parse::<f64>().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    let hint = "a share, not a percentage: 0.12 % is 0.0012";
    match share {
        None => {
            let fault = node.error(format!("must be above 0 and at most 1, got {}", node.echo()));
            faults.refuse(fault.hint(hint))
        }
        Some(share) => {
            if key == "expected_ctr" && share > HIGH_CTR {
                faults.push(node.warning(format!("is high: {} of all impressions", node.echo())).hint(hint));
            }
            Some(share)
        }
    }
}
