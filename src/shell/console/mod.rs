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

mod frame;
mod funnel;
mod known;
mod minutes;
mod overview;
mod path;
mod questions;
mod sampler;
mod samples;
mod tax;
mod taxes;
mod today;
mod trials;
mod view;
mod words;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use dashmap::DashMap;
use foldhash::fast::RandomState;

pub(in crate::shell) use door::{Asked, Kind, Outcome, Shown, is_page, show};
pub(in crate::shell) use sampler::Sampler;

use crate::bidder::Plan;
use crate::report::Table;
use crate::shell::cli::tax::Written;
use crate::shell::console::desk::{Awaited, Desk, LIVE, SLOW, WALK};
use crate::shell::console::funnel::Funnel;
use crate::shell::console::minutes::Minutes;
use crate::shell::console::questions::Question;
use crate::shell::console::samples::Samples;
use crate::shell::console::taxes::{Other, Taxed};
use crate::shell::experiments::{Findings, Wanted, findings};
use crate::shell::figures;
use crate::ttf::Period;
use crate::units::{CampaignId, Day, Millis};

/// How long after the first bid a conversion counts in an experiment, as on the command line.
const OUTCOMES_WITHIN: Millis = Millis::from_seconds(30 * 86_400);

/// What the console keeps between two looks.
#[derive(Debug)]
pub struct Console {
    pub(in crate::shell) samples: Samples,
    funnel: Mutex<Funnel>,
    minutes: Mutex<Minutes>,
    /// Where the ledger lies, and what was read of it.
    ledger: OnceLock<Arc<figures::Desk>>,
    folder: OnceLock<PathBuf>,
    tables: Arc<Desk<Question, Table>>,
    findings: Arc<Desk<CampaignId, Findings>>,
    declarations: Arc<Desk<(Period, u64), Written>>,
    others: Arc<Desk<Other, Vec<Taxed>>>,
    /// Bids of this run, by campaign and its civil day.
    sent: DashMap<(CampaignId, Day), u64, RandomState>,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            samples: Samples::default(),
            funnel: Mutex::default(),
            minutes: Mutex::default(),
            ledger: OnceLock::new(),
            folder: OnceLock::new(),
            tables: Arc::new(Desk::new(LIVE)),
            findings: Arc::new(Desk::new(SLOW)),
            declarations: Arc::new(Desk::new(WALK)),
            others: Arc::new(Desk::new(WALK)),
            sent: DashMap::default(),
        }
    }
}

impl Console {
    /// The ledger lies in `folder`. The first to say so is right.
    pub(in crate::shell) fn open(&self, folder: PathBuf) {
        let _ = self.ledger.set(Arc::new(figures::Desk::new(folder.clone())));
        let _ = self.folder.set(folder);
    }

    /// The table that answers `question`, as soon as it is read.
    fn table(&self, question: Question) -> Awaited<Table> {
        let (ledger, asked) = (self.ledger.get().cloned(), question.asked());
        self.tables.ask(question, move || {
            let ledger = ledger.ok_or_else(|| "the ledger is not open yet".to_owned())?;
            ledger.table(&asked).map_err(|error| error.to_string())
        })
    }

    /// What the experiments of `campaign` say, as soon as that is known.
    fn findings(&self, campaign: CampaignId) -> Awaited<Findings> {
        let folder = self.folder.get().cloned();
        let wanted = Wanted { campaign: Some(campaign), window: OUTCOMES_WITHIN, kind: None, from: None };
        self.findings.ask(campaign, move || {
            let folder = folder.ok_or_else(|| "the ledger is not open yet".to_owned())?;
            findings(&folder, &wanted).map_err(|error| error.to_string())
        })
    }

    /// What is to be declared for `period`, as soon as it is read.
    fn declared(&self, plan: &Arc<Plan>, period: Period) -> Awaited<Written> {
        let (folder, plan) = (self.folder.get().cloned(), Arc::clone(plan));
        self.declarations.ask((period, plan.revision), move || {
            let folder = folder.ok_or_else(|| "the ledger is not open yet".to_owned())?;
            taxes::declared(&folder, &plan, period)
        })
    }

    /// A month under other taxes, as soon as that is reckoned.
    fn compared(&self, plan: &Arc<Plan>, other: Other) -> Awaited<Vec<Taxed>> {
        let (folder, plan) = (self.folder.get().cloned(), Arc::clone(plan));
        self.others.ask(other.clone(), move || {
            let folder = folder.ok_or_else(|| "the ledger is not open yet".to_owned())?;
            taxes::compared(&folder, &plan, &other)
        })
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
