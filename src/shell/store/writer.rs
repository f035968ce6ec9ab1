//! The one writer: a thread that takes what waits, commits it together, and only then answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::ledger::{self, Event};
use crate::shell::store::names::{self, Name};
use crate::shell::store::parked::{self, Parked};
use crate::shell::store::row;
use crate::shell::store::schema::{Opened, StoreError};
use crate::units::limits;

/// What became of the events of one request, in their order: true = booked, false = known already.
pub type Appended = Vec<bool>;

enum Job {
    Append { events: Vec<Event>, answer: oneshot::Sender<Result<Appended, StoreError>> },
    Remember(Vec<Name>),
    Park(Vec<Parked>),
}

/// The way to the writer, for everyone.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    alive: Arc<AtomicBool>,
}

/// The writer's thread; ends when every [`Writer`] is gone and all is committed.
#[derive(Debug)]
pub struct WriterHandle {
    thread: JoinHandle<Result<(), StoreError>>,
}

impl WriterHandle {
    /// Waits until everything is committed and the ledger closed.
    ///
    /// # Errors
    ///
    /// The failure that ended the writer.
    pub fn join(self) -> Result<(), StoreError> {
        self.thread.join().unwrap_or(Err(StoreError::Stopped))
    }
}

impl Writer {
    /// Starts the writer of `ledger`. `failed` is told once if a write fails.
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    #[must_use]
    pub fn start(ledger: Opened, failed: oneshot::Sender<String>) -> (Self, WriterHandle) {
        let (jobs, queue) = mpsc::channel(limits::LEDGER_QUEUE_MAX);
        let alive = Arc::new(AtomicBool::new(true));
        let writer = Self { jobs, alive: Arc::clone(&alive) };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                let alive = Alive(alive);
                let ended = run(ledger, queue, &alive.0);
                drop(alive);
                if let Err(error) = &ended {
                    // The receiver is gone only if the server is stopping anyway.
                    let _ = failed.send(error.to_string());
                }
                ended
            })
            .expect("the system starts a thread");
        (writer, WriterHandle { thread })
    }

    /// False once a write has failed: bidding must stop.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// Books `events` in one commit and says which were new. Returns after the commit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the queue is full or the writer has ended: nothing is booked, the caller
    /// may come again.
    pub async fn append(&self, events: Vec<Event>) -> Result<Appended, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(Job::Append { events, answer }).map_err(|_| StoreError::Stopped)?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Keeps open reservations for the next start, at the end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the writer has ended.
    pub async fn park(&self, open: Vec<Parked>) -> Result<(), StoreError> {
        self.jobs.send(Job::Park(open)).await.map_err(|_| StoreError::Stopped)
    }

    /// Keeps names for reports, some time later.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the writer has ended.
    pub async fn remember(&self, names: Vec<Name>) -> Result<(), StoreError> {
        self.jobs.send(Job::Remember(names)).await.map_err(|_| StoreError::Stopped)
    }
}

/// Tells that the writer has ended, also if it panics: nobody bids without a ledger.
struct Alive(Arc<AtomicBool>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

fn run(mut ledger: Opened, mut queue: mpsc::Receiver<Job>, alive: &AtomicBool) -> Result<(), StoreError> {
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, limits::LEDGER_BATCH_MAX) > 0 {
        match commit(&mut ledger, &batch) {
            Ok(booked) => answer(batch.drain(..), booked),
            Err(source) => {
                // Bidding stops before anybody is told that a notice was not kept.
                alive.store(false, Ordering::Release);
                for job in batch.drain(..) {
                    if let Job::Append { answer, .. } = job {
                        let _ = answer.send(Err(StoreError::Stopped));
                    }
                }
                return Err(StoreError::Sqlite { file: ledger.file, source });
            }
        }
    }
    // A clean end folds the log into the file, so that the next start has nothing to recover.
    ledger
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|source| StoreError::Sqlite { file: ledger.file.clone(), source })?;
    drop(ledger.connection);
    drop(ledger.lock);
    Ok(())
}

/// Writes a batch in one transaction; for each job the events that were new.
fn commit(ledger: &mut Opened, batch: &[Job]) -> rusqlite::Result<Vec<Appended>> {
    let transaction = ledger.connection.transaction()?;
    let mut booked = Vec::with_capacity(batch.len());
    let mut to_name = Vec::new();
    let mut open = None;
    {
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        for job in batch {
            let mut appended = Vec::new();
            match job {
                Job::Append { events, .. } => {
                    for event in events {
                        // The books are checked before they are written: debits equal credits.
                        let _ = ledger::entries(event);
                        appended.push(row::insert(&mut insert, event)?);
                    }
                }
                Job::Remember(more) => to_name.extend_from_slice(more),
                Job::Park(reservations) => open = Some(reservations),
            }
            booked.push(appended);
        }
    }
    transaction.commit()?;
    if !to_name.is_empty() {
        names::write(&mut ledger.connection, &to_name)?;
    }
    if let Some(open) = open {
        parked::write(&mut ledger.connection, open)?;
    }
    Ok(booked)
}

fn answer(batch: impl Iterator<Item = Job>, booked: Vec<Appended>) {
    for (job, appended) in batch.zip(booked) {
        if let Job::Append { answer, .. } = job {
            // A caller that hung up comes again, and finds a duplicate.
            let _ = answer.send(Ok(appended));
        }
    }
}
