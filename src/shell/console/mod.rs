//! The console: pages at the operator's address that say what the bidder does, what it costs and brings, and why.
//!
//! Rendered on the server, readable without a script. Figures come from the ledger, what is right now from the snapshot and
//! the book, and what stops requests from a sample that is explained off the bid path. Deliberately absent: HTTP, and
//! anything that changes the bidder; whoever looks reserves nothing and counts nothing.

mod budget;
mod campaign;
mod caps;
mod desk;
mod door;
mod explain;
mod figures;
mod frame;
mod funnel;
mod known;
mod minutes;
mod overview;
mod path;
mod sampler;
mod samples;
mod tax;
mod today;
mod trials;
mod view;
mod words;

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use dashmap::DashMap;
use foldhash::fast::RandomState;

pub(in crate::shell) use door::{Asked, Kind, Outcome, Shown, is_page, show};
pub(in crate::shell) use sampler::Sampler;

use crate::shell::console::desk::Desk;
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
    desk: Arc<Desk>,
    /// Bids of this run, by campaign and its civil day.
    sent: DashMap<(CampaignId, Day), u64, RandomState>,
}

impl Console {
    /// The ledger lies in `folder`.
    pub(in crate::shell) fn open(&self, folder: PathBuf) {
        self.desk.open(folder);
    }

    /// A bid of `campaign` was sent on its `day`.
    pub(in crate::shell) fn sent(&self, campaign: CampaignId, day: Day) {
        *self.sent.entry((campaign, day)).or_default() += 1;
    }

    /// Forgets the bids of days before `day`.
    pub(in crate::shell) fn forget_before(&self, day: Day) {
        self.sent.retain(|(_, of), _| *of >= day);
    }
}
