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

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use dashmap::DashMap;
use foldhash::fast::RandomState;

pub(in crate::shell) use door::{Asked, Kind, Outcome, Shown, is_page, show};
pub(in crate::shell) use sampler::Sampler;

use crate::report::Table;
use crate::shell::console::desk::{Awaited, Desk};
use crate::shell::console::figures::{Question, table};
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
    /// Where the ledger lies.
    folder: OnceLock<PathBuf>,
    tables: Arc<Desk<Question, Table>>,
    /// Bids of this run, by campaign and its civil day.
    sent: DashMap<(CampaignId, Day), u64, RandomState>,
}

impl Console {
    /// The ledger lies in `folder`. The first to say so is right.
    pub(in crate::shell) fn open(&self, folder: PathBuf) {
        let _ = self.folder.set(folder);
    }

    /// Where the ledger lies; here, if nobody said.
    fn folder(&self) -> PathBuf {
        self.folder.get().map_or_else(|| Path::new(".").to_owned(), Clone::clone)
    }

    /// The table that answers `question`, as soon as it is read.
    fn table(&self, question: Question) -> Awaited<Table> {
        let (folder, asked) = (self.folder(), question.clone());
        self.tables.ask(question, move || table(&folder, &asked).map_err(|error| error.to_string()))
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
