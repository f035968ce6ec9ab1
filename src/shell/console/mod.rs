//! The console: pages at the operator's address that say what the bidder does, what it costs and brings, and why.
//!
//! Rendered on the server, readable without a script. Figures come from the ledger by [`crate::shell::figures`], what is
//! right now from the snapshot and the book, and what stops requests from a sample that is explained off the bid path.
//! Deliberately absent: anything that changes the bidder; whoever looks reserves nothing and counts nothing.

mod funnel;
mod known;
mod minutes;
mod sampler;
mod samples;

use std::sync::Mutex;

use dashmap::DashMap;
use foldhash::fast::RandomState;

pub(in crate::shell) use sampler::Sampler;

use crate::shell::console::funnel::Funnel;
use crate::shell::console::minutes::Minutes;
use crate::shell::console::samples::Samples;
use crate::units::{CampaignId, Day};

/// What the console keeps between two looks.
#[derive(Debug, Default)]
pub struct Console {
    pub(in crate::shell) samples: Samples,
    funnel: Mutex<Funnel>,
    minutes: Mutex<Minutes>,
    /// Bids of this run, by campaign and its civil day.
    sent: DashMap<(CampaignId, Day), u64, RandomState>,
}

impl Console {
    /// A bid of `campaign` was sent on its `day`.
    pub(in crate::shell) fn sent(&self, campaign: CampaignId, day: Day) {
        *self.sent.entry((campaign, day)).or_default() += 1;
    }

    /// Forgets the bids of days before `day`.
    pub(in crate::shell) fn forget_before(&self, day: Day) {
        self.sent.retain(|(_, of), _| *of >= day);
    }
}
