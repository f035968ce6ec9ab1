//! A snapshot to try decisions on: the same plan, budgets, paces and multipliers, and none of those that bids go by hears
//! of what is tried.

use std::sync::Arc;

use crate::bidder::{Money, Rhythm, Rhythms, Snapshot};
use crate::budget::Book;
use crate::units::UnixMillis;

impl Snapshot {
    /// As it is at `now`, with purses of `book`, which should be the live one's [`Book::apart`]: what a decision reserves
    /// there, and the requests that its budgets hear of, are nobody's. What was learnt is shared, for no decision
    /// changes it.
    #[must_use]
    pub fn apart(&self, book: &Book, now: UnixMillis) -> Self {
        let mut money = Money::build(&self.plan, book, now, None);
        if self.money.is_of(now) {
            // Plans that were made this morning, not now: what they allow by now is what bids go by.
            money.rhythms = self.money.rhythms.apart();
        }
        Self::of(Arc::clone(&self.plan), Arc::new(money), Arc::clone(&self.learned), now)
    }
}

impl Rhythms {
    fn apart(&self) -> Self {
        Self {
            campaigns: self.campaigns.iter().map(Rhythm::apart).collect(),
            line_items: self.line_items.iter().map(|rhythm| rhythm.as_ref().map(Rhythm::apart)).collect(),
            pools: self.pools.iter().map(|dual| dual.as_ref().map(|dual| Arc::new(dual.apart()))).collect(),
            // Only the slow loop moves them.
            targets: self.targets.clone(),
            explorations: self.explorations.iter().map(|tried| Arc::new(tried.apart())).collect(),
            first_rows: self.first_rows.clone(),
            budgets: self.budgets,
        }
    }
}
