//! Starting up: ledger, secrets, what a former process left, service.

use std::path::Path;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::audience::{Audiences, UserKeys};
use crate::bidder::{Composer, Plan};
use crate::budget::{Book, Look, Open};
use crate::shell::audience_store::{AudienceError, AudienceStore, AudienceWriter, AudienceWriterHandle};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED};
use crate::shell::clock;
use crate::shell::conversions::Journeys;
use crate::shell::corrections::Corrections;
use crate::shell::events::{Events, OnceError};
use crate::shell::experiments::{Ghosts, Inbox as Enrolments};
use crate::shell::exposure_store::ExposureStore;
use crate::shell::exposures_reader;
use crate::shell::learning::{Inbox, Kept, Lessons, former, resume};
use crate::shell::leasing;
use crate::shell::secrets::{Secrets, SecretsError};
use crate::shell::service::{CurrencyChanged, Service, keeps_currencies, names, viewer_of};
use crate::shell::store::{Opened, Parked, StoreError, Writer, WriterHandle};

/// Why the bidder cannot start: nothing is wrong with the campaigns.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The ledger.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The secrets.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The audiences.
    #[error(transparent)]
    Audience(#[from] AudienceError),
    /// The ids of events.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// A campaign's currency.
    #[error(transparent)]
    Currency(#[from] CurrencyChanged),
    /// The system.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
}

impl BootError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Store(error) => error.hint(),
            Self::Secrets(error) => error.hint(),
            Self::Currency(error) => error.hint(),
            Self::Once(_) => {
                "free disk space or mend the disk; if the file itself is damaged, restore it from a backup"
            }
            Self::Audience(error) => error.hint(),
            Self::Thread(_) => "the system gives no threads",
        }
    }
}

impl BootError {
    /// The exit code: a changed currency is the input's fault, the rest is ours.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if matches!(self, Self::Currency(_)) { INPUT_WRONG } else { WE_FAILED }
    }
}

/// A bidder that is ready, and what stops it.
#[derive(Debug)]
pub struct Booted {
    /// The bidder.
    pub service: Arc<Service>,
    /// To be joined at the end.
    pub writer: WriterHandle,
    /// Told if the ledger fails.
    pub failed: oneshot::Receiver<String>,
    /// To be joined at the end.
    pub audience_writer: AudienceWriterHandle,
    /// Told once the audiences are in memory: until then nothing is known of anybody.
    pub audiences_read: oneshot::Receiver<Result<(), AudienceError>>,
    /// As they were read, to be held against later ones.
    pub secrets: Secrets,
    /// What bids tell the slow loop of learning.
    pub inbox: Inbox,
    /// What bids tell of experiments.
    pub enrolments: Enrolments,
    /// What a former process learnt.
    pub learnt: Kept,
    /// Told once what people were shown is in memory: until then nothing that a cap counts is shown to them.
    pub exposures_read: oneshot::Receiver<Result<(), StoreError>>,
}

/// Opens what is in `data` and builds the bidder on `plan`; `base` is its public address.
///
/// # Errors
///
/// [`BootError`].
pub fn boot(plan: Plan, data: &Path, base: String) -> Result<Booted, BootError> {
    let mut ledger = Opened::open(data, leasing::terms(leasing::longest_notice(&plan)))?;
    let spent_in = ledger.currencies()?;
    keeps_currencies(&plan, |campaign| spent_in.get(&campaign).copied())?;
    let now = clock::now();
    // Nothing is made or changed before the ledger was opened and looked at: a damaged one is left as it is.
    let secrets = Secrets::open(data, now)?;
    let (epoch, parked) = ledger.begin()?;
    let book = Book::leased(epoch);
    for (cap, elsewhere) in ledger.taken_besides(epoch) {
        book.restore(cap, elsewhere);
    }
    let exposures = Arc::new(ExposureStore::unread());
    let open = Open::default();
    for Parked { bid, reservation, exposure } in parked {
        book.hold(&reservation.reserved);
        if let Some(exposure) = exposure {
            exposures.restore(&viewer_of(&reservation), exposure, &plan.windows, now);
        }
        open.insert(bid, reservation);
    }
    let exposures_read = exposures_reader::start(data, &exposures, &plan.windows, now)?;
    let people = AudienceStore::open(data)?;
    ledger.remember(&names(&plan))?;
    let publishers = ledger.publishers()?;
    let (failure, failed) = oneshot::channel();
    let (writer, handle) = Writer::start(ledger, failure);
    let composer = Composer::new(secrets.keys(clock::now()), base);
    let audiences = Arc::new(Audiences::unread());
    let (read, audiences_read) = oneshot::channel();
    let (audience_writer, audience_handle) = AudienceWriter::start(people, Arc::clone(&audiences), read);
    let (keys, people) = (UserKeys::new(secrets.users), (audiences, audience_writer));
    let (lessons, inbox) = Lessons::new();
    let (ghosts, enrolments) = Ghosts::new();
    let journeys = Journeys::open(data).map_err(BootError::Thread)?;
    let corrections = Corrections::new(data.to_owned());
    let writers = (writer, Events::open(data)?, journeys, corrections, lessons, ghosts);
    let service = Service::new(plan, (book, open), exposures, people, keys, composer, writers);
    service.publishers.know(publishers);
    let service = Arc::new(service);
    let learnt = former(data);
    resume(&service.snapshot(), &learnt);
    leasing::round(&service, Look::Round);
    let (writer, audience_writer) = (handle, audience_handle);
    Ok(Booted {
        service,
        writer,
        failed,
        audience_writer,
        audiences_read,
        inbox,
        enrolments,
        learnt,
        exposures_read,
        secrets,
    })
}
