//! Corrections of the books by people: a file of claims is read, held against the ledger, and booked whole or not at
//! all.
//!
//! Two ways lead here: the command line, which opens the ledger where no server has it, and the admin's door of a
//! server that has. Either way one process writes, and one file after the other.

mod door;
mod read;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use door::{announce, found, withdraw};
pub use read::{read, refused};

use crate::document::{Fault, Faults, Source};
use crate::ledger::{Cause, Claim, Correction, Event, EventKind, Refusal, Settlement, Target, used};
use crate::shell::clock;
use crate::shell::service::Service;
use crate::shell::store::{Store, StoreError};
use crate::units::{Femtos, UnixMillis, limits};

/// Where a server's corrections are read from the ledger, one file at a time.
#[derive(Debug)]
pub struct Corrections {
    folder: PathBuf,
    turn: tokio::sync::Mutex<()>,
}

impl Corrections {
    /// Those of the ledger in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, turn: tokio::sync::Mutex::new(()) }
    }
}

/// What a file of corrections comes to.
#[derive(Debug)]
pub struct Planned {
    /// To be booked in one commit.
    pub events: Vec<Event>,
    /// For each correction of the file what becomes of it.
    pub lines: Vec<Line>,
}

/// What becomes of one correction of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Under which the file names it, if it does.
    #[serde(default)]
    pub id: Option<String>,
    /// `credit_note`, ...
    pub kind: String,
    /// True if it was booked before: nothing changes.
    pub known: bool,
    /// How many bills it is about.
    pub entries: usize,
    /// Impressions that count more or less.
    pub impressions: i64,
    /// What exchanges or the advertiser get more or less, or what is disputed, in units.
    pub amount: String,
    /// Of the amount.
    pub currency: Option<String>,
}

/// The answer to a file of corrections that is right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// True if nothing was booked, for that was asked.
    pub dry_run: bool,
    /// In the order of the file.
    pub corrections: Vec<Line>,
}

/// Why a file of corrections is not booked.
#[derive(Debug)]
pub enum Unbooked {
    /// What is wrong with it.
    Faulty(Vec<Fault>),
    /// The ledger did not take it. Come again.
    Store(StoreError),
}

impl From<StoreError> for Unbooked {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Reads `source` and holds it against the ledger in `store`.
///
/// # Errors
///
/// [`Unbooked`]: every fault of the file, or why the ledger cannot be read.
pub fn plan(store: &Store, source: &Source, now: UnixMillis) -> Result<Planned, Unbooked> {
    let mut faults = Faults::new();
    let claims = read(source, &mut faults);
    let Some(claims) = claims.filter(|_| faults.errors() == 0) else {
        return Err(Unbooked::Faulty(faults.into_vec()));
    };
    let targets: Vec<Target> = claims.iter().map(|claim| claim.target).collect();
    let mut bills = store.bills(&targets)?;
    let (mut planned, mut refusals) = (Planned { events: Vec::new(), lines: Vec::new() }, Vec::new());
    for (at, claim) in claims.iter().enumerate() {
        match bills.settle(claim, now) {
            Ok(settlement) => planned.take(claim, settlement),
            Err(refusal) => refusals.push((at, refusal)),
        }
        if planned.events.len() > limits::CORRECTED_BILLS_MAX {
            refusals.push((at, Refusal::TooManyBills { bills: planned.events.len() }));
            break;
        }
    }
    if !refusals.is_empty() {
        return Err(Unbooked::Faulty(refused(source, &refusals)));
    }
    for (line, id) in planned.lines.iter_mut().zip(read::ids(source)) {
        line.id = id;
    }
    Ok(planned)
}

impl Planned {
    fn take(&mut self, claim: &Claim, settlement: Settlement) {
        let mut line = Line {
            id: None,
            kind: claim.cause.name().to_owned(),
            known: false,
            entries: 0,
            impressions: 0,
            amount: Femtos::ZERO.to_string(),
            currency: None,
        };
        match settlement {
            Settlement::Known(entries) => (line.known, line.entries) = (true, entries),
            Settlement::New(events) => {
                let corrections = || events.iter().filter_map(correction_of);
                line.entries = events.len();
                line.impressions = corrections().map(|correction| correction.impressions).sum();
                line.amount = corrections().map(|c| c.amount().to_femtos()).sum::<Femtos>().to_string();
                line.currency = events.first().map(|event| event.bid.currency.to_string());
                self.events.extend(events);
            }
        }
        self.lines.push(line);
    }
}

/// The correction that an event is.
#[must_use]
pub fn correction_of(event: &Event) -> Option<&Correction> {
    if let EventKind::Correction(correction) = &event.kind { Some(correction) } else { None }
}

/// Every cause by the name that people write.
pub(in crate::shell::corrections) fn causes() -> [(&'static str, Cause); 7] {
    Cause::ALL.map(|cause| (cause.name(), cause))
}

impl Service {
    /// Books a file of corrections whole, through the one writer, and settles the caps.
    ///
    /// # Errors
    ///
    /// [`Unbooked`]: nothing of it is booked.
    pub async fn correct(&self, text: String, dry_run: bool) -> Result<Told, Unbooked> {
        // One file after the other, so that no two take back the same.
        let _turn = self.corrections.turn.lock().await;
        let folder = self.corrections.folder.clone();
        let planning = move || {
            let source = Source::new("corrections", text);
            plan(&Store::open(&folder)?, &source, clock::now())
        };
        let planned = tokio::task::spawn_blocking(planning).await;
        let Planned { events, lines } = planned.unwrap_or(Err(Unbooked::Store(StoreError::Stopped)))?;
        if !dry_run && !events.is_empty() {
            let news = self.writer.append(events.clone()).await?;
            for (event, _) in events.iter().zip(news).filter(|(_, is_new)| *is_new) {
                let used = used(event);
                if !used.is_empty() {
                    self.book.settle(&event.bid, None, &used);
                }
            }
            tracing::info!(corrections = lines.len(), entries = events.len(), "corrections booked");
        }
        Ok(Told { dry_run, corrections: lines })
    }
}
