//! What is asked for.

use crate::ledger::BidFacts;
use crate::report::Dimension;
use crate::shell::figures::facts::{self, Fact};
use crate::units::{CampaignId, Day};

/// A report: by what its rows are told apart, and of which events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// The dimensions of the rows.
    pub by: Vec<Dimension>,
    /// The first civil day of the bids; without one, all from the beginning.
    pub from: Option<Day>,
    /// The last.
    pub to: Option<Day>,
    /// Only this campaign.
    pub campaign: Option<CampaignId>,
    /// Leave out the events that were archived.
    pub without_archives: bool,
}

impl Question {
    /// True if events of `bid` are asked for.
    #[must_use]
    pub fn asks_for(&self, bid: &BidFacts) -> bool {
        self.from.is_none_or(|from| bid.day >= from)
            && self.to.is_none_or(|to| bid.day <= to)
            && self.campaign.is_none_or(|campaign| bid.campaign == campaign)
    }

    /// The facts that decide whether and in which row an event counts.
    pub(in crate::shell::figures) fn told_by(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::Currency];
        if self.from.is_some() || self.to.is_some() {
            facts.push(Fact::Day);
        }
        // Where a row holds whole campaigns, it knows which.
        if self.campaign.is_some() || self.by.iter().all(|dimension| dimension.holds_whole_campaigns()) {
            facts.push(Fact::Campaign);
        }
        facts.extend(self.by.iter().flat_map(|dimension| facts::told_by(*dimension)));
        let mut different = Vec::with_capacity(facts.len());
        for fact in facts {
            if !different.contains(&fact) {
                different.push(fact);
            }
        }
        different
    }
}
