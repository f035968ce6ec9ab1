//! What is asked for.

use crate::ledger::BidFacts;
use crate::report::{AimKind, Dimension, Names, Report, Table};
use crate::shell::figures::facts::{self, Fact};
use crate::units::{CampaignId, Day};

/// Which figures.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Question {
    /// What rows are told apart by; without any the totals.
    pub by: Vec<Dimension>,
    /// The first day, of the campaign's, on which a bid was made.
    pub from: Option<Day>,
    /// The last one.
    pub to: Option<Day>,
    /// Of this campaign alone.
    pub campaign: Option<CampaignId>,
    /// True if days that were archived are left out.
    pub without_archives: bool,
}

impl Question {
    /// The table of its report. What a part of a flight used is not held against the budget of the whole.
    pub(in crate::shell::figures) fn finished(&self, report: Report, names: &Names) -> Table {
        let mut table = report.finish(names);
        if self.from.is_some() || self.to.is_some() || self.without_archives {
            for row in table.rows.iter_mut().chain(&mut table.totals) {
                row.aims.retain(|aim| aim.kind != AimKind::Budget);
            }
        }
        table
    }

    /// True if events of `bid` are asked for.
    #[must_use]
    pub fn asks_for(&self, bid: &BidFacts) -> bool {
        self.asks_for_bids_of(bid.campaign, bid.day)
    }

    /// True if events of bids that `campaign` made on its `day` are asked for.
    pub(in crate::shell::figures) fn asks_for_bids_of(&self, campaign: CampaignId, day: Day) -> bool {
        self.from.is_none_or(|from| day >= from)
            && self.to.is_none_or(|to| day <= to)
            && self.campaign.is_none_or(|asked| campaign == asked)
    }

    /// The facts that decide, besides those that tell the groups of its dimensions, whether and in which row an event
    /// counts.
    pub(in crate::shell::figures) fn told_besides(&self) -> Vec<Fact> {
        let mut facts = vec![Fact::Currency];
        if self.from.is_some() || self.to.is_some() {
            facts.push(Fact::Day);
        }
        // Where a row holds whole campaigns, it knows which.
        if self.campaign.is_some() || self.by.iter().all(|dimension| dimension.holds_whole_campaigns()) {
            facts.push(Fact::Campaign);
        }
        facts.retain(|fact| !self.by.iter().any(|dimension| facts::told_by(*dimension).contains(fact)));
        facts
    }
}
