//! What the figures suggest, held against the log: proposals, or changes that are made at once, as the campaign says.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::campaign::{Feedback, Goal};
use crate::feedback::log::{Slot, become_by};
use crate::feedback::rules::{self, Draft};
use crate::feedback::{By, Change, Log, Row, Setting, State, Value};
use crate::units::{CampaignId, Millis, UnixMillis};

const DAY: i64 = 86_400;

/// How much evidence is asked for, and how often anything may change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// How far back bids count.
    pub window: Millis,
    /// How long an impression is given to be clicked before it counts.
    pub clicks_settle: Millis,
    /// How long an impression is given to convert before it counts. What converts later is missed: some quarter by
    /// Chapelle's delays (KDD 2014).
    pub conversions_settle: Millis,
    /// How often one look may change a line item by noise on which nothing is wrong, 0 to 1: over all its tests together.
    /// Where the same four weeks are looked at every day, about one line item of twelve placements in four sees such a
    /// change in a month.
    pub false_alarms: f64,
    /// Events that a line item must be expected to have, or have, before its calibration is looked at.
    pub line_item_events: f64,
    /// Events that a placement must be expected to have before its multiplier is looked at.
    pub placement_events: f64,
    /// Events that say that the predictions are right, beside those that were seen.
    pub prior_events: f64,
    /// So many targets must be spent without an event before a pause is thought of.
    pub pause_targets: f64,
    /// And no event must be less likely than this if the target were met, 0 to 1.
    pub pause_chance: f64,
    /// How long after a change the same thing is left as it is.
    pub rest: Millis,
    /// How long after a person's rejection or undoing the same thing is left as it is.
    pub quiet: Millis,
    /// How long after a budget was raised it is left as it is.
    pub budget_rest: Millis,
    /// Within this, all raises together stay below the double.
    pub budget_memory: Millis,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            window: Millis::from_seconds(28 * DAY),
            clicks_settle: Millis::from_seconds(3_600),
            conversions_settle: Millis::from_seconds(7 * DAY),
            false_alarms: 0.05,
            line_item_events: 20.0,
            placement_events: 5.0,
            prior_events: 10.0,
            pause_targets: 3.0,
            pause_chance: 0.01,
            rest: Millis::from_seconds(DAY),
            quiet: Millis::from_seconds(7 * DAY),
            budget_rest: Millis::from_seconds(7 * DAY),
            budget_memory: Millis::from_seconds(28 * DAY),
        }
    }
}

impl Settings {
    /// How long an impression is given to bring what `goal` is after.
    #[must_use]
    pub const fn settle(&self, goal: &Goal) -> Millis {
        match goal {
            Goal::Cpm(_) | Goal::Cpc { .. } => self.clicks_settle,
            Goal::Cpa { .. } | Goal::Return { .. } | Goal::MaxConversions { .. } => self.conversions_settle,
        }
    }
}

/// The rows to add to the log `current` at `now`: what `rows` suggest anew, and proposals that they do not suggest any
/// more, withdrawn. One row a line item.
///
/// A suggestion is made at once where the campaign's feedback is automatic, but for budgets; else it is proposed. No
/// step is above 20 %. What was proposed and still holds is not proposed twice; what was changed rests for a while, and
/// what a person rejected or undid rests longer.
#[must_use]
pub fn suggest(rows: &[Row], settings: &Settings, current: &Log, now: UnixMillis) -> Vec<Change> {
    let modes: HashMap<CampaignId, Feedback> =
        rows.iter().map(|row| (row.subject.campaign, row.subject.learning.feedback)).collect();
    let line_items: HashSet<_> = rows.iter().map(|row| row.subject.line_item).collect();
    let mut drafts = Vec::new();
    for row in rows.iter().filter(|row| row.subject.learning.feedback != Feedback::Off) {
        drafts.extend(rules::of_line_item(row, settings, current, now));
    }
    for (campaign, of_campaign) in by_campaign(rows) {
        if modes.get(&campaign) != Some(&Feedback::Off) {
            drafts.extend(rules::of_campaign(campaign, &of_campaign, settings, current, now));
        }
    }
    let mut history: HashMap<Slot, Vec<&Change>> = HashMap::new();
    for change in current.changes() {
        history.entry(Slot::of(&change.target)).or_default().push(change);
    }
    let (mut news, mut standing) = (Vec::new(), HashSet::new());
    let mut id = current.next_id();
    for draft in drafts {
        let slot = Slot::of(&draft.target);
        let past = history.get(&slot).map_or(&[][..], Vec::as_slice);
        let automatic = modes.get(&draft.target.campaign) == Some(&Feedback::Automatic)
            && draft.target.setting != Setting::RaiseBudget;
        if rests(&draft, past, settings, now) {
            continue;
        }
        let state = if automatic { State::Made } else { State::Proposed };
        let open = past.iter().find(|change| change.state == State::Proposed && draft.is_like(change));
        if let Some(open) = open {
            standing.insert(open.id);
            if automatic {
                news.push(become_by(open, State::Made, By::Automatic, now));
            }
            continue;
        }
        let Draft { target, from, to, evidence } = draft;
        news.push(Change { id, at: now, target, from, to, evidence, state, by: By::Automatic });
        id = id.next();
    }
    let is_ours = |change: &&Change| match change.target.line_item {
        Some(line_item) => line_items.contains(&line_item),
        None => modes.contains_key(&change.target.campaign),
    };
    let open = current.changes().filter(|change| change.state == State::Proposed).filter(is_ours);
    let stale = open.filter(|change| !standing.contains(&change.id));
    news.extend(stale.map(|change| become_by(change, State::Rejected, By::Automatic, now)));
    news
}

fn by_campaign(rows: &[Row]) -> BTreeMap<CampaignId, Vec<&Row>> {
    let mut campaigns: BTreeMap<CampaignId, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        campaigns.entry(row.subject.campaign).or_default().push(row);
    }
    campaigns
}

/// True if it is too soon for `draft` after what has become of its like.
fn rests(draft: &Draft, past: &[&Change], settings: &Settings, now: UnixMillis) -> bool {
    let is_budget = draft.target.setting == Setting::RaiseBudget;
    past.iter().any(|change| {
        let span = match (change.state, change.by) {
            (State::Made, _) if is_budget => settings.budget_rest,
            (State::Made, _) => settings.rest,
            (State::Rejected | State::Undone, By::Person) => settings.quiet,
            (State::Proposed, _) | (State::Rejected | State::Undone, By::Automatic) => return false,
        };
        now.since(change.at) < span
    })
}

impl Draft {
    /// True if `change` says the same, but for a twentieth.
    fn is_like(&self, change: &Change) -> bool {
        if change.from != self.from {
            return false;
        }
        match (change.to, self.to) {
            (Value::Factor(then), Value::Factor(now)) => {
                then.millionths().abs_diff(now.millionths()) <= then.millionths() / 20
            }
            (then, now) => then == now,
        }
    }
}
