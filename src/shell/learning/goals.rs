//! What line items with a goal spent and what came of it, and from that, once a minute, the multipliers that keep the
//! goals.
//!
//! Kept in memory and in the file of what is learnt; a crash loses what the last minute brought. Deliberately absent: the
//! rule, which `pacing::Target` is.

use std::collections::HashMap;

use crate::bidder::Snapshot;
use crate::campaign::{Goal, LineItem};
use crate::pacing::{Arrival, Spells, Target};
use crate::units::{LineItemId, Millis, Nanos, UnixMillis};

/// As long as any window is: what is older than that keeps no goal.
const LONGEST: Millis = Millis::from_seconds(91 * 86_400);
/// Line items whose money and results are kept.
pub const LINE_ITEMS_MAX: usize = 20_000;

/// What came of an impression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// It was paid, with all that its price was to cover: [`crate::ledger::Charge::goal_cost`].
    Paid(Nanos),
    /// It was clicked.
    Click,
    /// A click on it converted, with a value.
    Conversion(Nanos),
}

/// All line items with a goal to keep.
#[derive(Debug, Default)]
pub struct Goals {
    line_items: HashMap<LineItemId, Line>,
}

#[derive(Debug, Default)]
struct Line {
    spells: Spells,
    /// Nanos that were spent since the multiplier was last moved.
    fresh: f64,
    /// The multiplier's state of a former run, until a snapshot takes it.
    former: Option<[u8; Target::BYTES]>,
}

impl Goals {
    /// Something came of an impression that `line_item` bid on at `at`. Nothing is kept of one without a goal to keep.
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub fn came(&mut self, snapshot: &Snapshot, line_item: LineItemId, at: UnixMillis, came: Came) {
        let Some(row) = snapshot.money.row(line_item) else { return };
        if snapshot.money.rhythms.target(row).is_none()
            || self.line_items.len() >= LINE_ITEMS_MAX && !self.line_items.contains_key(&line_item)
        {
            return;
        }
        let item = snapshot.plan.line_item(row);
        let (spent, results) = match (came, item.goal) {
            (Came::Paid(cost), _) => (cost.raw() as f64, 0.0),
            (Came::Click, Goal::Cpc { .. }) | (Came::Conversion(_), Goal::Cpa { .. }) => (0.0, 1.0),
            (Came::Conversion(value), Goal::Return { .. }) => (0.0, value.raw() as f64),
            _ => return,
        };
        let line = self.line_items.entry(line_item).or_default();
        line.spells.add(at, spent, results);
        line.fresh += spent;
    }

    /// Moves the multipliers of `snapshot` by what is known at `now`, and forgets line items without a goal of which nothing
    /// is known any more that a window could hold.
    pub fn keep(&mut self, snapshot: &Snapshot, now: UnixMillis) {
        self.resume(snapshot);
        self.line_items.retain(|line_item, line| {
            target(snapshot, *line_item).is_some() || !line.spells.within(LONGEST, now).is_empty()
        });
        for (line_item, line) in &mut self.line_items {
            let Some((target, item)) = target(snapshot, *line_item) else { continue };
            let of_clicks = matches!(item.goal, Goal::Cpc { .. });
            let arrival = if of_clicks { Arrival::AT_ONCE } else { Arrival::CONVERSIONS };
            let spells = line.spells.within(item.goal_window, now);
            target.learn(&spells, std::mem::take(&mut line.fresh), &arrival, now);
        }
    }

    /// Lets the multipliers of `snapshot` go on where a former run left them, each once.
    pub fn resume(&mut self, snapshot: &Snapshot) {
        for (line_item, line) in &mut self.line_items {
            let Some((target, item)) = target(snapshot, *line_item) else { continue };
            if let Some(former) = line.former.take().and_then(|bytes| Target::resumed(&item.goal, &bytes)) {
                target.resume(&former);
            }
        }
    }

    /// What is kept, with the multipliers of `snapshot`.
    #[must_use]
    pub fn to_bytes(&self, snapshot: &Snapshot) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut line_items: Vec<_> = self.line_items.iter().collect();
        line_items.sort_by_key(|(id, _)| **id);
        for (id, line) in line_items {
            let state = target(snapshot, *id)
                .map(|(target, _)| target.to_bytes())
                .or(line.former)
                .unwrap_or_default();
            let spells = line.spells.to_bytes();
            bytes.extend_from_slice(&id.raw().to_le_bytes());
            bytes.extend_from_slice(&state);
            bytes.extend_from_slice(&u32::try_from(spells.len()).unwrap_or(u32::MAX).to_le_bytes());
            bytes.extend_from_slice(&spells);
        }
        bytes
    }

    /// What [`Goals::to_bytes`] gave; `None` if it is not that.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut line_items = HashMap::new();
        while !bytes.is_empty() {
            let (id, rest) = bytes.split_first_chunk::<8>()?;
            let (state, rest) = rest.split_first_chunk::<{ Target::BYTES }>()?;
            let (length, rest) = rest.split_first_chunk::<4>()?;
            let (spells, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
            bytes = rest;
            let line = Line { spells: Spells::from_bytes(spells)?, fresh: 0.0, former: Some(*state) };
            line_items.insert(LineItemId::from_raw(u64::from_le_bytes(*id)), line);
            if line_items.len() > LINE_ITEMS_MAX {
                return None;
            }
        }
        Some(Self { line_items })
    }
}

/// What keeps the goal of a line item, and the line item.
fn target(snapshot: &Snapshot, line_item: LineItemId) -> Option<(&Target, &LineItem)> {
    let row = snapshot.money.row(line_item)?;
    Some((&**snapshot.money.rhythms.target(row)?, snapshot.plan.line_item(row)))
}

#[cfg(test)]
mod tests {
    use super::{Came, Goals};
    use crate::bidder::{Plan, Snapshot};
    use crate::budget::Book;
    use crate::campaign::{Rates, Surroundings, compile};
    use crate::document::{Faults, Source};
    use crate::units::{LineItemId, Millis, Nanos, UnixMillis};

    const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);

    /// One line item with a goal, of which a click or a conversion may cost a euro.
    fn snapshot(goal: &str) -> Snapshot {
        let text = format!(
            r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "c", "name": "c",
            "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}}, "budget": {{"daily": 100}},
            "conversions": [{{"type": "purchase", "value": 60}}],
            "line_items": [{{"id": "l", "name": "L", "goal": {goal}}}],
            "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
                "language": "fr", "banner": {{"size": "300x250", "image": "https://cdn.shop.example/k.png"}}}}]}}"#
        );
        let rates = Source::new(
            "currencies.json",
            r#"{"date": "2024-12-31", "base": "EUR", "source": "test", "rates": {}}"#,
        );
        let rates = Rates::read(&rates, &mut Faults::new()).unwrap();
        let audiences = crate::audience::Definitions::default();
        let surroundings =
            Surroundings { scenarios: &[], exchanges: &[], rates: &rates, audiences: &audiences, lists: &[] };
        let catalog = compile(&[Source::new("c.json", text)], surroundings, NOON).catalog.unwrap();
        let plan = Plan::build(1, catalog, Vec::new(), Vec::new(), rates);
        Snapshot::new(plan.into(), &Book::default(), NOON, None)
    }

    fn id() -> LineItemId {
        LineItemId::from_slug("c/l")
    }

    /// The multiplier after twenty hours in which each euro that was spent brought `results`.
    fn factor(goal: &str, results: &[Came]) -> f64 {
        let snapshot = snapshot(goal);
        let mut goals = Goals::default();
        for hour in 0..20 {
            let now = NOON.plus(Millis::from_seconds(hour * 3_600));
            goals.came(&snapshot, id(), now, Came::Paid(Nanos::from_raw(100_000_000_000)));
            results.iter().for_each(|came| goals.came(&snapshot, id(), now, *came));
            goals.keep(&snapshot, now.plus(Millis::from_seconds(60)));
        }
        snapshot.money.rhythms.target(0).unwrap().factor()
    }

    #[test]
    fn clicks_that_are_too_dear_lower_the_bids_and_cheap_ones_leave_them() {
        let goal = r#"{"cpc": 10, "expected_ctr": 0.001}"#;
        // 100 a time, for five clicks of ten.
        assert!(factor(goal, &[Came::Click; 5]) < 0.7);
        assert!(factor(goal, &[Came::Click; 12]) > 0.99);
        // Of conversions this goal says nothing.
        assert!(factor(goal, &[Came::Conversion(Nanos::from_raw(1)); 12]) < 0.7);
    }

    #[test]
    fn a_return_counts_the_value_of_conversions() {
        let goal = r#"{"roas": 2, "expected_ctr": 0.001, "expected_cvr": 0.05, "expected_value": 60}"#;
        let worth = |euros: i64| Came::Conversion(Nanos::from_raw(euros * 1_000_000_000));
        assert!(factor(goal, &[worth(40)]) < 0.7);
        assert!(factor(goal, &[worth(400)]) > 0.99);
    }

    #[test]
    fn a_restart_goes_on_with_the_multiplier_that_was_kept() {
        let goal = r#"{"cpc": 10, "expected_ctr": 0.001}"#;
        let before = snapshot(goal);
        let mut goals = Goals::default();
        for hour in 0..20 {
            let now = NOON.plus(Millis::from_seconds(hour * 3_600));
            goals.came(&before, id(), now, Came::Paid(Nanos::from_raw(100_000_000_000)));
            goals.keep(&before, now);
        }
        let after = snapshot(goal);
        let mut read = Goals::from_bytes(&goals.to_bytes(&before)).unwrap();
        read.resume(&after);
        let factor = |snapshot: &Snapshot| snapshot.money.rhythms.target(0).unwrap().factor();
        assert!((factor(&before) - factor(&after)).abs() < 1e-12 && factor(&after) < 0.5);
    }

    #[test]
    fn a_line_item_that_is_gone_is_remembered_as_long_as_a_window_and_then_forgotten() {
        let goal = r#"{"cpc": 10, "expected_ctr": 0.001}"#;
        let (with, without) = (snapshot(goal), snapshot(r#"{"cpm": 4}"#));
        let mut goals = Goals::default();
        goals.came(&with, id(), NOON, Came::Paid(Nanos::from_raw(1)));
        let after = |days: i64| NOON.plus(Millis::from_seconds(days * 86_400));
        goals.keep(&without, after(90));
        assert_eq!(goals.line_items.len(), 1);
        goals.keep(&with, after(92));
        assert_eq!(goals.line_items.len(), 1, "it has a goal to keep");
        goals.keep(&without, after(92));
        assert!(goals.line_items.is_empty());
    }

    #[test]
    fn what_is_no_line_item_with_a_goal_is_not_kept_and_other_bytes_are_refused() {
        let snapshot = snapshot(r#"{"cpm": 4}"#);
        let mut goals = Goals::default();
        goals.came(&snapshot, id(), NOON, Came::Click);
        goals.came(&snapshot, LineItemId::from_slug("c/other"), NOON, Came::Click);
        assert!(goals.to_bytes(&snapshot).is_empty());
        assert!(Goals::from_bytes(&[1, 2, 3]).is_none());
    }
}
