//! The one writer: a thread that takes what waits, commits it together, and only then answers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::{mpsc, oneshot};

use crate::budget::{Allocator as _, AllocatorError, LeaseAsk, LeaseGrant};
use crate::ledger::Event;
use crate::shell::store::checkpoints::Checkpoints;
use crate::shell::store::leases;
use crate::shell::store::names::{self, Name};
use crate::shell::store::parked::{self, Parked};
use crate::shell::store::row;
use crate::shell::store::schema::{Opened, StoreError};
use crate::units::{Epoch, Steady, limits};

/// What became of the events of one request, in their order: true = booked, false = known already.
pub type Appended = Vec<bool>;

enum Job {
    Append { events: Vec<Event>, answer: oneshot::Sender<Result<(Vec<Event>, Appended), StoreError>> },
    Lease { epoch: Epoch, asks: Vec<LeaseAsk>, now: Steady, answer: std::sync::mpsc::SyncSender<Leased> },
    Remember(Vec<Name>),
    Park { epoch: Epoch, open: Vec<Parked>, now: Steady },
}

/// What the allocator says, once it is kept.
pub type Leased = Result<Vec<LeaseGrant>, AllocatorError>;

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
        Ok(self.book(events).await?.1)
    }

    /// The same, and gives the events back.
    ///
    /// # Errors
    ///
    /// As [`Writer::append`].
    pub async fn book(&self, events: Vec<Event>) -> Result<(Vec<Event>, Appended), StoreError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.try_send(Job::Append { events, answer }).map_err(|_| StoreError::Stopped)?;
        answered.await.unwrap_or(Err(StoreError::Stopped))
    }

    /// Keeps open reservations of `epoch` for the next start, at its end.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the writer has ended.
    pub async fn park(&self, epoch: Epoch, open: Vec<Parked>, now: Steady) -> Result<(), StoreError> {
        self.jobs.send(Job::Park { epoch, open, now }).await.map_err(|_| StoreError::Stopped)
    }

    /// Asks the allocator, on a thread that may wait. What it grants is kept when this returns.
    ///
    /// # Errors
    ///
    /// [`AllocatorError::OutOfReach`] if the queue is full or the writer has ended: nothing is granted.
    pub fn lease(&self, epoch: Epoch, asks: Vec<LeaseAsk>, now: Steady) -> Leased {
        // Not the runtime's own channel: the caller is a thread that may wait, not a task.
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        let job = Job::Lease { epoch, asks, now, answer };
        self.jobs.try_send(job).map_err(|_| AllocatorError::OutOfReach)?;
        answered.recv().unwrap_or(Err(AllocatorError::OutOfReach))
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
    let checkpoints = Checkpoints::start(&ledger.connection, &ledger.file)
        .map_err(|source| StoreError::Sqlite { file: ledger.file.clone(), source })?;
    let mut batch = Vec::new();
    while queue.blocking_recv_many(&mut batch, limits::LEDGER_BATCH_MAX) > 0 {
        match commit(&mut ledger, &batch) {
            Ok(booked) => {
                let events = batch.len() as u64;
                answer(batch.drain(..), booked);
                checkpoints
                    .committed(events, &ledger.connection)
                    .map_err(|source| StoreError::Sqlite { file: ledger.file.clone(), source })?;
            }
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
    checkpoints.stop();
    // A clean end leaves a snapshot and folds the log into the file, so that the next start has nothing to recover.
    snapshot(&mut ledger).map_err(|source| StoreError::Sqlite { file: ledger.file.clone(), source })?;
    ledger
        .connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(|source| StoreError::Sqlite { file: ledger.file.clone(), source })?;
    drop(ledger.connection);
    drop(ledger.lock);
    Ok(())
}

fn snapshot(ledger: &mut Opened) -> rusqlite::Result<()> {
    let transaction = ledger.connection.transaction()?;
    ledger.journal.snapshot(&transaction, &mut ledger.treasury)?;
    transaction.commit()
}

/// What to answer to a job, once the commit is done.
enum Answer {
    Appended(Appended),
    Leased(Leased),
    Nothing,
}

/// Writes a batch in one transaction; for each job its answer.
fn commit(ledger: &mut Opened, batch: &[Job]) -> rusqlite::Result<Vec<Answer>> {
    let transaction = ledger.connection.transaction()?;
    let mut answers = Vec::with_capacity(batch.len());
    let mut to_name = Vec::new();
    let mut parking = None;
    {
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        for job in batch {
            answers.push(match job {
                Job::Append { events, .. } => {
                    let mut appended = Vec::with_capacity(events.len());
                    for event in events {
                        let (key, checksum) = (event.key(), ledger.journal.checksum(event));
                        let is_new = row::insert(&mut insert, event, &key, checksum)?;
                        if is_new {
                            ledger.journal.note(event, &key, checksum);
                            // It keeps what it counts until it is asked: it cannot be out of its own reach.
                            let _ = ledger.treasury.count(std::slice::from_ref(event));
                        }
                        appended.push(is_new);
                    }
                    Answer::Appended(appended)
                }
                Job::Lease { epoch, asks, now, .. } => {
                    Answer::Leased(ledger.treasury.lease(*epoch, asks, *now))
                }
                Job::Remember(more) => {
                    to_name.extend_from_slice(more);
                    Answer::Nothing
                }
                Job::Park { epoch, open, now } => {
                    parking = Some((open, (*epoch, *now)));
                    Answer::Nothing
                }
            });
        }
    }
    ledger.journal.write(&transaction)?;
    if answers.iter().any(|answer| matches!(answer, Answer::Leased(_))) {
        // What is granted is kept before it may be used.
        let grants = ledger.journal.grants_of(ledger.treasury.take_changes());
        if !grants.is_empty() {
            leases::write(&transaction, &grants, ledger.treasury.last_epoch())?;
        }
    }
    if ledger.journal.is_due() {
        ledger.journal.snapshot(&transaction, &mut ledger.treasury)?;
    }
    transaction.commit()?;
    if !to_name.is_empty() {
        names::write(&mut ledger.connection, &to_name)?;
    }
    if let Some((open, when)) = parking {
        parked::write(&mut ledger.connection, open, when)?;
    }
    Ok(answers)
}

fn answer(batch: impl Iterator<Item = Job>, answers: Vec<Answer>) {
    for (job, answer) in batch.zip(answers) {
        // A caller that hung up comes again, and finds a duplicate.
        match (job, answer) {
            (Job::Append { events, answer }, Answer::Appended(appended)) => {
                drop(answer.send(Ok((events, appended))));
            }
            (Job::Lease { answer, .. }, Answer::Leased(leased)) => drop(answer.send(leased)),
            _ => {}
        }
    }
}

/// Books `events` in one commit, as the writer does, without its thread: for tests that die after any commit.
#[cfg(test)]
pub(in crate::shell::store) fn book(ledger: &mut Opened, events: Vec<Event>) {
    let (answer, _answered) = oneshot::channel();
    commit(ledger, &[Job::Append { events, answer }]).expect("a commit");
}

/// Grants `asks` in one commit, as the writer does.
#[cfg(test)]
pub(in crate::shell::store) fn grant(ledger: &mut Opened, epoch: Epoch, asks: Vec<LeaseAsk>) {
    let (answer, _answered) = std::sync::mpsc::sync_channel(1);
    commit(ledger, &[Job::Lease { epoch, asks, now: Steady::default(), answer }]).expect("a commit");
}

/// Makes a snapshot now.
#[cfg(test)]
pub(in crate::shell::store) fn snap(ledger: &mut Opened) {
    snapshot(ledger).expect("a snapshot");
}
