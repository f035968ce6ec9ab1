//! One line item on one impression: what came of it, as texts and numbers.

use serde::Serialize;
use serde_json::{Value, json};

use crate::bidder::{Asleep, Chosen, Decision, Outcome, Then, Verdict};
use crate::campaign::Factor;
use crate::pricing::Step;
use crate::targeting::{Change, Edit, Explanation, Failure, Resized};
use crate::units::Cpm;

/// What a line item is said to do next if it bids.
pub(in crate::shell) const BIDS: &str = "bids";

/// What came of a line item.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Line {
    pub(in crate::shell) imp: String,
    pub(in crate::shell) line_item: String,
    pub(in crate::shell) bids: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) bid: Option<Bid>,
    /// How many changes it takes; none if it bids, `null` if no change of the line item helps.
    pub(in crate::shell) changes: Option<usize>,
    /// `targeting`, how it sleeps, or the name of the reason why it was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) outcome: Option<&'static str>,
    /// The arm of the line item that the person is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) arm: Option<String>,
    /// By how much its modifiers and its arm multiply its value, if they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) factor: Option<String>,
    /// How its price was worked out, step by step: per thousand, up to `pace` in the campaign's currency, from `tax` on in
    /// the bid's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::shell) steps: Vec<Stepped>,
    /// Every reason in words.
    pub(in crate::shell) reasons: Vec<String>,
    /// What would help against what is not targeting.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) hint: Option<String>,
    /// What it would do after one change of its targeting, where that is tried: `bids`, or a reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) then: Option<String>,
    /// Every test of the targeting that fails.
    pub(in crate::shell) failures: Vec<Failing>,
}

/// What was left of a price after a step.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Stepped {
    pub(in crate::shell) step: &'static str,
    pub(in crate::shell) price: String,
}

/// What it bids.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Bid {
    pub(in crate::shell) price: String,
    pub(in crate::shell) currency: String,
    pub(in crate::shell) creative: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::shell) deal: Option<String>,
}

/// A test that fails.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Failing {
    pub(in crate::shell) attribute: &'static str,
    pub(in crate::shell) path: String,
    pub(in crate::shell) seen: String,
    pub(in crate::shell) wanted: String,
    /// True if it fails because not enough is told.
    pub(in crate::shell) absent: bool,
    /// What the test says of that: `include` or `exclude`.
    pub(in crate::shell) unknown: &'static str,
    /// True if its change is part of the smallest one.
    pub(in crate::shell) needed: bool,
    pub(in crate::shell) edit: Option<Editing>,
}

/// The nearest change of a test.
#[derive(Debug, Serialize)]
pub(in crate::shell) struct Editing {
    pub(in crate::shell) kind: &'static str,
    pub(in crate::shell) path: String,
    pub(in crate::shell) text: String,
    /// What the kind of change needs: values, circles, an hour, the ends of a range.
    #[serde(flatten)]
    values: Value,
}

impl Line {
    /// The line of `verdict`, whose bid is one of `decision`'s.
    pub(in crate::shell) fn of(
        verdict: &Verdict,
        imp: String,
        line_item: String,
        decision: &Decision<'_>,
    ) -> Self {
        let nothing = Explanation::default();
        let (bid, outcome, reason, why) = match &verdict.outcome {
            Outcome::Bids(at) => (Some(Bid::of(&decision.bids[*at])), None, None, &nothing),
            Outcome::Declined(reason) => (None, Some(reason.name()), Some(reason.to_string()), &nothing),
            Outcome::Untargeted(why) => (None, Some("targeting"), None, why),
            Outcome::Asleep(asleep, why) => {
                (None, Some(Asleep::NAMES[asleep.kind()]), Some(asleep_words(*asleep)), why)
            }
        };
        Self {
            imp,
            line_item,
            bids: bid.is_some(),
            bid,
            changes: verdict.changes(),
            outcome,
            arm: verdict.arm.clone(),
            factor: (verdict.factor != Factor::ONE).then(|| verdict.factor.to_string()),
            steps: verdict.steps.iter().map(Stepped::of).collect(),
            reasons: reason.into_iter().chain(why.failures.iter().map(Failure::to_string)).collect(),
            hint: verdict.hint.clone(),
            then: verdict.then.map(|then| match then {
                Then::Bids => BIDS.to_owned(),
                Then::Declined(reason) => reason.to_string(),
            }),
            failures: why.failures.iter().map(Failing::of).collect(),
        }
    }
}

impl Stepped {
    fn of((step, price): (Step, Cpm)) -> Self {
        Self { step: step.into(), price: price.to_string() }
    }
}

impl Bid {
    fn of(chosen: &Chosen<'_>) -> Self {
        Self {
            price: chosen.ticket.price.to_string(),
            currency: chosen.ticket.price_currency.to_string(),
            creative: chosen.creative.slug.clone(),
            deal: chosen.deal.map(|deal| deal.id.to_owned()),
        }
    }
}

impl Failing {
    fn of(failure: &Failure) -> Self {
        Self {
            attribute: failure.attribute,
            path: failure.path.clone(),
            seen: failure.seen.clone(),
            wanted: failure.wanted.clone(),
            absent: failure.is_unknown,
            unknown: if failure.includes_unknown { "include" } else { "exclude" },
            needed: failure.is_needed,
            edit: failure.edit.as_ref().map(Editing::of),
        }
    }
}

impl Editing {
    fn of(edit: &Edit) -> Self {
        let values = match &edit.change {
            Change::Add(value) | Change::Set(value) => json!({ "values": [value] }),
            Change::Take(values) => json!({ "values": values }),
            Change::Resize(circles) => {
                let circle = |resized: &Resized| json!({ "number": resized.number, "km": resized.km });
                json!({ "circles": circles.iter().map(circle).collect::<Vec<_>>() })
            }
            Change::Hour(hour, on) => json!({ "hour_of_week": hour, "on": on }),
            Change::Bounds { to, .. } => {
                json!({ "at_least_thousandths": to.at_least, "below_thousandths": to.below })
            }
            Change::IncludeUnknown | Change::Remove => json!({}),
        };
        Self { kind: edit.change.name(), path: edit.path.clone(), text: edit.to_string(), values }
    }
}

fn asleep_words(asleep: Asleep) -> String {
    match asleep {
        Asleep::Paused => "it is paused".to_owned(),
        Asleep::NotStarted => "its flight has not begun".to_owned(),
        Asleep::Ended => "its flight is over".to_owned(),
        Asleep::Spent(refusal) => refusal.to_string(),
        Asleep::Paced => "the day's pace does not allow it yet".to_owned(),
    }
}

/// All lines as JSON.
pub(in crate::shell) fn json(lines: &[Line]) -> String {
    let mut json = serde_json::to_string_pretty(lines).expect("texts and flags are JSON");
    json.push('\n');
    json
}
