//! Whether a line item would bid after a change: tried, not guessed, by the same decision.
//!
//! One plan holds every changed line item of an impression; each is then live beside the line items that bid
//! as things are, and nobody else.

use std::sync::Arc;

use rand::Rng;

use crate::bidder::explain::{Seen, unlooked};
use crate::bidder::{Ask, Decision, NoBidReason, Plan, Snapshot, decide};
use crate::campaign::LineItem;
use crate::openrtb::{BidRequest, Imp};

/// What a line item does after a change of its targeting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// It bids.
    Bids,
    /// It is declined all the same.
    Declined(NoBidReason),
}

/// A snapshot in which some line items are changed.
pub(in crate::bidder) struct Trial {
    snapshot: Snapshot,
}

impl Trial {
    /// `snapshot` with each of `changed` in the place of the line item of its index.
    pub(in crate::bidder) fn new(
        snapshot: &Snapshot,
        changed: impl IntoIterator<Item = (usize, LineItem)>,
    ) -> Self {
        let plan = &snapshot.plan;
        let mut catalog = plan.catalog.clone();
        changed.into_iter().for_each(|(at, line_item)| catalog.line_items[at] = line_item);
        let (exchanges, scenarios) = (plan.exchanges.clone(), plan.scenarios.clone());
        let changed = Plan::build(plan.revision, catalog, exchanges, scenarios, plan.rates.clone())
            .with_supply(plan.supply.clone());
        // Values are the same, and so rows and purses are.
        Self { snapshot: Snapshot { plan: Arc::new(changed), ..snapshot.clone() } }
    }

    /// What the line item of `row` does on `imp`, beside the bids of `decision` on it.
    pub(in crate::bidder) fn tried(
        &mut self,
        row: usize,
        imp: &Imp<'_>,
        ask: &Ask<'_, '_>,
        decision: &Decision<'_>,
        random: &mut impl Rng,
    ) -> Then {
        let rivals = decision.bids.iter().filter(|chosen| chosen.imp.id == imp.id).map(|chosen| chosen.row);
        self.snapshot.live = self.snapshot.live.only(&self.snapshot.plan, rivals.chain([row]));
        let request = BidRequest { imp: std::slice::from_ref(imp), ..*ask.request };
        let ask = Ask { request: &request, ..*ask };
        let mut seen = Seen::default();
        let tried = decide(&self.snapshot, &ask, random, &mut seen);
        if tried.bids.iter().any(|chosen| chosen.row == row) {
            return Then::Bids;
        }
        let line_item = self.snapshot.plan.rows[row].line_item as usize;
        Then::Declined(seen.of(imp, line_item).unwrap_or_else(|| unlooked(&tried)))
    }
}
