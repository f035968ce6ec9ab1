//! The rows of feedback, out of the ledger: what each line item of the plan cost and brought in the window.
//!
//! Bids are read by the hour, so that no more than an hour's impressions and their contexts are in memory. Conversions
//! and corrections, which have keys of their own, are few and are read before. A correction counts where its bid does;
//! one of a whole campaign's day is nobody's in particular, and is left out.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::bidder::Plan;
use crate::campaign::{Goal, LineItem};
use crate::feedback::{Daily, Figures, Placement, Row, Settings, Subject};
use crate::ledger::{Charge, Correction, Event, EventKind};
use crate::shell::feedback::FeedbackError;
use crate::shell::store::Store;
use crate::units::{BidId, Day, LineItemId, Millis, Nanos, UnixMillis};

const HOUR: Millis = Millis::from_seconds(3_600);
/// Whole days of which is told what was spent.
const DAYS: i32 = 7;

/// What was known of one billed impression when it was bid for, and is not in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Of which bid.
    pub bid: BidId,
    /// As [`crate::pricing::placement_key`] has it.
    pub placement: u64,
    /// The domain or bundle.
    pub outlet: String,
    /// The chance of a click, before adjustments, 0 to 1; `None` where no model told it.
    pub ctr: Option<f64>,
    /// The chance that a click converts, likewise.
    pub cvr: Option<f64>,
}

/// Where contexts are kept.
pub trait Contexts {
    /// Those of billed impressions whose bids were made at or after `from` and before `to`, in any order. Of a bid that
    /// is not among them nothing is known.
    fn between(&self, from: UnixMillis, to: UnixMillis) -> Box<dyn Iterator<Item = Context> + '_>;
}

/// The rows of every line item of `plan` at `now`, in the plan's order; left off once `goes_on` does not hold.
///
/// # Errors
///
/// [`FeedbackError::Ledger`] if the ledger cannot be read, [`FeedbackError::Stopped`] if it was left off.
pub fn rows(
    store: &Store,
    plan: &Plan,
    contexts: &dyn Contexts,
    settings: &Settings,
    now: UnixMillis,
    goes_on: &dyn Fn() -> bool,
) -> Result<Vec<Row>, FeedbackError> {
    let start = now.minus(settings.window);
    let mut tallies: HashMap<LineItemId, Tally> = plan
        .catalog
        .line_items
        .iter()
        .map(|line_item| (line_item.id, Tally::new(plan, line_item, settings, now)))
        .collect();
    let mut later = Later::default();
    store.conversions(|event| later.keep(event, start))?;
    store.corrections(|event| later.keep(event, start))?;
    let mut from = start;
    while from <= now {
        if !goes_on() {
            return Err(FeedbackError::Stopped);
        }
        let to = from.plus(HOUR);
        let known: HashMap<BidId, Context> =
            contexts.between(from, to).map(|context| (context.bid, context)).collect();
        store.events_of_bids(from, to, |event| {
            if let Some(tally) = tallies.get_mut(&event.bid.line_item) {
                tally.add(event, known.get(&event.bid.id), &later);
            }
        })?;
        from = to;
    }
    let in_order = plan.catalog.line_items.iter();
    Ok(in_order.filter_map(|line_item| tallies.remove(&line_item.id)).map(Tally::finish).collect())
}

/// A conversion, as far as it is judged.
#[derive(Debug, Clone, Copy)]
struct Brought {
    value: Nanos,
    acquisition: bool,
}

/// What came of bids under keys of its own.
#[derive(Debug, Default)]
struct Later {
    conversions: HashMap<BidId, Vec<Brought>>,
    corrections: HashMap<BidId, Vec<Correction>>,
}

impl Later {
    fn keep(&mut self, event: &Event, since: UnixMillis) {
        if event.bid.at < since {
            return;
        }
        match &event.kind {
            EventKind::Conversion(conversion) => {
                let brought = Brought { value: conversion.value, acquisition: conversion.acquisition };
                self.conversions.entry(event.bid.id).or_default().push(brought);
            }
            EventKind::Correction(correction) if correction.cause.changes_cost() => {
                self.corrections.entry(event.bid.id).or_default().push(correction.clone());
            }
            _ => {}
        }
    }
}

/// A row in the making.
#[derive(Debug)]
struct Tally {
    subject: Subject,
    /// Bids from here on are too young to be judged.
    until: UnixMillis,
    /// By the goal, of a click and of a conversion after it.
    chances: (f64, f64),
    figures: Figures,
    predicted: Figures,
    placements: BTreeMap<u64, (Placement, Figures)>,
    days: BTreeMap<Day, i128>,
    today: Day,
}

impl Tally {
    fn new(plan: &Plan, line_item: &LineItem, settings: &Settings, now: UnixMillis) -> Self {
        let campaign = plan.campaign(line_item);
        let daily = Daily { line_item: line_item.budget.money.daily, campaign: campaign.budget.money.daily };
        let (goal, learning) = (line_item.goal, campaign.learning);
        let at = Timestamp::from_millisecond(now.raw()).unwrap_or_default();
        let date = at.to_zoned(campaign.zone.clone()).date();
        Self {
            subject: Subject { campaign: campaign.id, line_item: line_item.id, goal, learning, daily },
            until: now.minus(settings.settle(&goal)),
            chances: goal.chances().map_or((0.0, 0.0), |(ctr, cvr)| (ctr, cvr.unwrap_or(0.0))),
            figures: Figures::default(),
            predicted: Figures::default(),
            placements: BTreeMap::new(),
            days: BTreeMap::new(),
            today: Day::from_civil(date.year().into(), date.month().into(), date.day().into()),
        }
    }

    fn add(&mut self, event: &Event, context: Option<&Context>, later: &Later) {
        let is_young = event.bid.at >= self.until;
        let (mut brought, mut known) = match &event.kind {
            EventKind::Impression(charge) => {
                let spent = i128::from(charge.budget_share().raw());
                *self.days.entry(event.bid.day).or_default() += spent;
                let billed = billed(event.bid.id, charge, later, &self.subject.goal);
                let shown = u32::try_from(billed.impressions).map_or(0.0, f64::from);
                let by_goal = expected(billed, shown, self.chances);
                let told = context.map(|context| {
                    let (ctr, cvr) = self.chances;
                    expected(billed, shown, (context.ctr.unwrap_or(ctr), context.cvr.unwrap_or(cvr)))
                });
                (by_goal, told)
            }
            EventKind::Click => {
                let click = Figures { clicks: 1, ..Figures::default() };
                (click, context.map(|_| click))
            }
            _ => return,
        };
        if is_young {
            return;
        }
        self.figures = self.figures.plus(&brought);
        if let (Some(context), Some(known)) = (context, known.take()) {
            brought = known;
            self.predicted = self.predicted.plus(&brought);
            let placement = || Placement {
                key: context.placement,
                exchange: event.bid.exchange,
                outlet: context.outlet.clone(),
            };
            let entry = self.placements.entry(context.placement);
            let (_, figures) = entry.or_insert_with(|| (placement(), Figures::default()));
            *figures = figures.plus(&brought);
        }
    }

    fn finish(self) -> Row {
        let first = self.days.keys().next().map_or(self.today, |first| *first);
        let whole = first.raw().max(self.today.raw() - DAYS)..self.today.raw();
        let spent = |day: i32| {
            let spent = self.days.get(&Day::from_raw(day)).copied().unwrap_or_default();
            Nanos::from_raw(i64::try_from(spent).unwrap_or(i64::MAX))
        };
        Row {
            subject: self.subject,
            figures: self.figures,
            predicted: (self.predicted.impressions > 0).then_some(self.predicted),
            days: whole.map(spent).collect(),
            placements: self.placements.into_values().collect(),
        }
    }
}

/// One billed impression, net of its corrections, and what it converted: as `goal` counts it, acquisitions alone under a CPA.
fn billed(bid: BidId, charge: &Charge, later: &Later, goal: &Goal) -> Figures {
    let corrections = later.corrections.get(&bid).map_or(&[][..], Vec::as_slice);
    let costs = corrections.iter().map(|correction| correction.charge.goal_cost());
    let taken: i64 = corrections.iter().map(|correction| correction.impressions).sum();
    let conversions = later.conversions.get(&bid).map_or(&[][..], Vec::as_slice);
    let counts = |brought: &&Brought| brought.acquisition || !matches!(goal, Goal::Cpa { .. });
    let values = conversions.iter().map(|brought| brought.value);
    Figures {
        impressions: u64::try_from(1 + taken).unwrap_or(0),
        spend: costs.fold(charge.goal_cost(), Nanos::saturating_add),
        conversions: conversions.iter().filter(counts).count() as u64,
        value: values.clone().fold(Nanos::ZERO, Nanos::saturating_add),
        value_squares: values.map(|value| in_units(value).powi(2)).sum(),
        ..Figures::default()
    }
}

/// `billed` with what `shown` impressions were expected to bring.
fn expected(billed: Figures, shown: f64, (ctr, cvr): (f64, f64)) -> Figures {
    let sound = |chance: f64| if chance.is_finite() { chance.clamp(0.0, 1.0) } else { 0.0 };
    let expected_clicks = sound(ctr) * shown;
    Figures { expected_clicks, expected_conversions: expected_clicks * sound(cvr), ..billed }
}

#[expect(clippy::cast_precision_loss, reason = "evidence is no more precise than a float")]
fn in_units(amount: Nanos) -> f64 {
    amount.raw() as f64 / 1e9
}
