//! The one writer: a thread that takes what waits, commits it together, and only then answers.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::budget::{Allocator as _, AllocatorError, LeaseAsk, LeaseGrant};
use crate::ledger::{Event, EventKind};
use crate::shell::clock;
use crate::shell::failpoint::{self, Point};
use crate::shell::metrics::{Histogram, OF_WAITING, Page};
use crate::shell::store::checkpoints::Checkpoints;
use crate::shell::store::error::StoreError;
use crate::shell::store::leases;
use crate::shell::store::mark::Mark;
use crate::shell::store::names::{self, Name};
use crate::shell::store::outage::{self, Health, Outage, Watched};
use crate::shell::store::parked::{self, Parked};
use crate::shell::store::row;
use crate::shell::store::schema::Opened;
use crate::units::{Epoch, Millis, Steady, limits};

/// What became of the events of one request, in their order: true = booked, false = known already.
pub type Appended = Vec<bool>;

enum Job {
    Append { events: Vec<Event>, answer: oneshot::Sender<Result<(Vec<Event>, Appended), StoreError>> },
    Lease { epoch: Epoch, asks: Vec<LeaseAsk>, now: Steady, answer: std::sync::mpsc::SyncSender<Leased> },
    Lengthen { longest: Millis, answer: std::sync::mpsc::SyncSender<Result<(), StoreError>> },
    Remember(Vec<Name>),
    Park { epoch: Epoch, open: Vec<Parked>, now: Steady },
    Probe,
}

/// What the allocator says, once it is kept.
pub type Leased = Result<Vec<LeaseGrant>, AllocatorError>;

/// The way to the writer, for everyone.
#[derive(Debug, Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    outage: Arc<Outage>,
    waits: Arc<Histogram<{ OF_WAITING.len() }>>,
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
        let outage = Arc::new(Outage::default());
        let waits = Arc::new(Histogram::new(OF_WAITING));
        let writer = Self { jobs, outage: Arc::clone(&outage), waits };
        let thread = std::thread::Builder::new()
            .name("ledger".to_owned())
            .spawn(move || {
                let ended = run(ledger, queue, Watched(outage));
                if let Err(error) = &ended {
                    // The receiver is gone only if the server is stopping anyway.
                    let _ = failed.send(error.to_string());
                }
                ended
            })
            .expect("the system starts a thread");
        (writer, WriterHandle { thread })
    }

    /// Whether notices can be kept: else bidding must stop.
    #[must_use]
    pub fn health(&self) -> Health {
        self.outage.health()
    }

    /// Tells what the watch of the disk saw, and below what it is short; while there was no space, tries whether there is
    /// some again.
    pub fn watched(&self, free_bytes: u64, reserve_bytes: u64, is_short: bool) {
        self.outage.watched(free_bytes, reserve_bytes, is_short);
        if self.outage.is_full() {
            // A queue that is full is tried again with the next look.
            let _ = self.jobs.try_send(Job::Probe);
        }
    }

    /// What the watch of the disk saw last; `None` before it has looked.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        self.outage.free_bytes()
    }

    /// Writes what is counted of the ledger and its disk, for `/metrics`.
    pub fn write_metrics(&self, page: &mut Page) {
        self.outage.write_metrics(page);
        let waiting = self.jobs.max_capacity() - self.jobs.capacity();
        page.gauge("encan_ledger_queue_jobs", "Notices and questions that wait for the ledger.", waiting);
        let help = "How many may wait: beyond it notices are answered with 503.";
        page.gauge("encan_ledger_queue_max_jobs", help, self.jobs.max_capacity());
        let help = "Time from a notice's events to their commit, or to its failure.";
        page.histogram("encan_ledger_commit_wait_seconds", help, &self.waits);
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
        let asked = Instant::now();
        self.jobs.try_send(Job::Append { events, answer }).map_err(|_| StoreError::Stopped)?;
        let booked = answered.await.unwrap_or(Err(StoreError::Stopped));
        self.waits.observe(asked.elapsed());
        booked
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

    /// Keeps that notices may take as long as `longest`, on a thread that may wait: only then may such bids be made.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if it could not be kept.
    pub fn lengthen(&self, longest: Millis) -> Result<(), StoreError> {
        let (answer, answered) = std::sync::mpsc::sync_channel(1);
        self.jobs.try_send(Job::Lengthen { longest, answer }).map_err(|_| StoreError::Stopped)?;
        answered.recv().unwrap_or(Err(StoreError::Stopped))
    }

    /// Keeps a name for reports some time later, without waiting.
    ///
    /// # Errors
    ///
    /// [`StoreError::Stopped`] if the queue is full or the writer has ended: it is not kept.
    pub fn remember_soon(&self, name: Name) -> Result<(), StoreError> {
        self.jobs.try_send(Job::Remember(vec![name])).map_err(|_| StoreError::Stopped)
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

fn run(mut ledger: Opened, mut queue: mpsc::Receiver<Job>, watched: Watched) -> Result<(), StoreError> {
    let outage = Arc::clone(&watched.0);
    let mut batch = Vec::new();
    // Dropped before the batch if something panics: bidding stops before anybody is told.
    let _watched = watched;
    let ended = serve(&mut ledger, &mut queue, &mut batch, &outage);
    let Opened { connection, file, lock, .. } = ledger;
    let folded = || lock.set(Mark::Ended);
    let closed = ended.and_then(|()| {
        outage::close(connection, folded).map_err(|source| StoreError::Sqlite { file, source })
    });
    if closed.is_err() {
        // Bidding stops before anybody is told that a notice was not kept.
        outage.end();
        refuse(&mut batch);
    }
    drop(lock);
    closed
}

/// Takes what comes until nobody is left to send it, or a write fails for another reason than a lack of space.
fn serve(
    ledger: &mut Opened,
    queue: &mut mpsc::Receiver<Job>,
    batch: &mut Vec<Job>,
    outage: &Outage,
) -> Result<(), StoreError> {
    let file = ledger.file.clone();
    let sqlite = |source| StoreError::Sqlite { file: file.clone(), source };
    ledger.run()?;
    let checkpoints = Checkpoints::start(&mut ledger.connection, &file).map_err(sqlite)?;
    let (mut forgotten, mut is_refusing, mut is_stale) = (None, false, false);
    while queue.blocking_recv_many(batch, limits::LEDGER_BATCH_MAX) > 0 {
        let mut kept = Vec::new();
        if is_refusing {
            let is_probed = batch.iter().any(|job| matches!(job, Job::Probe));
            hear(ledger, batch);
            refuse(batch);
            if !is_probed || !reverts(ledger, &mut is_stale)? {
                continue;
            }
            // The probe alone is written: if it fails, nothing in memory has changed.
            kept = std::mem::take(batch);
        }
        let (day, hour) = leases::first_windows(clock::now());
        if forgotten < Some(hour) {
            ledger.treasury.forget_before(day, hour);
            forgotten = Some(hour);
        }
        match write(ledger, batch, &checkpoints, outage) {
            Err(error) if outage::is_lack_of_space(&error) => {
                outage.fill();
                // Else all is committed and answered, and only the log could not be folded: it takes more.
                if !batch.is_empty() {
                    refuse(batch);
                    (is_refusing, is_stale) = (true, true);
                    reverts(ledger, &mut is_stale)?;
                }
            }
            done => {
                done.map_err(sqlite)?;
                is_refusing = false;
            }
        }
        batch.append(&mut kept);
    }
    if is_stale {
        ledger.revert()?;
    }
    // A clean end leaves a snapshot, so that the next start has nothing to add up; what found no space until now has a
    // last chance.
    let written = write(ledger, batch, &checkpoints, outage);
    checkpoints.stop().and(written).and_then(|()| snapshot(ledger)).map_err(sqlite)
}

fn snapshot(ledger: &mut Opened) -> rusqlite::Result<()> {
    let transaction = ledger.connection.transaction()?;
    ledger.journal.snapshot(&transaction, &mut ledger.treasury)?;
    transaction.commit()
}

/// While there is no space nobody is granted anything, but who asks is alive, and may go on once there is some.
fn hear(ledger: &mut Opened, batch: &[Job]) {
    for job in batch {
        if let Job::Lease { epoch, now, .. } = job {
            let _ = ledger.treasury.lease(*epoch, &[], *now);
        }
    }
}

/// Goes back to what is committed where `is_stale`, for what was counted and granted in memory was rolled back with the
/// rest. Reading wants space too, for the index of the log: without it false, and it is tried again later.
fn reverts(ledger: &mut Opened, is_stale: &mut bool) -> Result<bool, StoreError> {
    if *is_stale {
        match ledger.revert() {
            Err(StoreError::Sqlite { source, .. }) if outage::is_lack_of_space(&source) => return Ok(false),
            done => done?,
        }
        *is_stale = false;
    }
    Ok(true)
}

/// Writes and answers `batch`, and after a lack of space tries whether it is over.
fn write(
    ledger: &mut Opened,
    batch: &mut Vec<Job>,
    checkpoints: &Checkpoints,
    outage: &Outage,
) -> rusqlite::Result<()> {
    if !batch.is_empty() {
        let booked = commit(ledger, batch)?;
        failpoint::pass(Point::LedgerCommitted);
        answer(batch.drain(..), booked);
        failpoint::pass(Point::LedgerAnswered);
    }
    if outage.is_full() {
        outage::probe(&mut ledger.connection)?;
    }
    checkpoints.committed(&ledger.connection)?;
    outage.mend();
    Ok(())
}

/// Tells everybody who waits that nothing was booked; what nobody waits for is kept for the next time.
fn refuse(batch: &mut Vec<Job>) {
    for job in std::mem::take(batch) {
        match job {
            Job::Append { answer, .. } => drop(answer.send(Err(StoreError::Stopped))),
            Job::Lease { answer, .. } => drop(answer.send(Err(AllocatorError::OutOfReach))),
            Job::Lengthen { answer, .. } => drop(answer.send(Err(StoreError::Stopped))),
            Job::Probe => {}
            kept => batch.push(kept),
        }
    }
}

/// What to answer to a job, once the commit is done.
enum Answer {
    Appended(Appended),
    Leased(Leased),
    Nothing,
}

/// Writes a batch in one transaction; for each job its answer.
fn commit(ledger: &mut Opened, batch: &[Job]) -> rusqlite::Result<Vec<Answer>> {
    outage::bound(&ledger.connection)?;
    failpoint::sqlite(Point::LedgerBegin)?;
    let transaction = ledger.connection.transaction()?;
    let mut answers = Vec::with_capacity(batch.len());
    let mut to_name = Vec::new();
    let (mut parking, mut moves_leases) = (None, false);
    {
        let mut insert = transaction.prepare_cached(row::INSERT)?;
        for job in batch {
            answers.push(match job {
                Job::Append { events, .. } => {
                    let mut appended = Vec::with_capacity(events.len());
                    for event in events {
                        failpoint::sqlite(Point::LedgerRow)?;
                        let (key, checksum) = (event.key(), ledger.journal.checksum(event));
                        let is_new = row::insert(&mut insert, event, &key, checksum)?;
                        if is_new {
                            ledger.journal.note(event, &key, checksum);
                            // It keeps what it counts until it is asked: it cannot be out of its own reach.
                            let _ = ledger.treasury.count(std::slice::from_ref(event));
                            moves_leases |= matches!(event.kind, EventKind::Correction(_));
                        }
                        appended.push(is_new);
                    }
                    Answer::Appended(appended)
                }
                Job::Lease { epoch, asks, now, .. } => {
                    Answer::Leased(ledger.treasury.lease(*epoch, asks, *now))
                }
                Job::Lengthen { longest, .. } => {
                    ledger.treasury.lengthen(*longest);
                    leases::keep_longest(&transaction, leases::longest(&transaction)?.max(*longest))?;
                    Answer::Nothing
                }
                Job::Remember(more) => {
                    to_name.extend_from_slice(more);
                    Answer::Nothing
                }
                Job::Park { epoch, open, now } => {
                    parking = Some((open, (*epoch, *now)));
                    Answer::Nothing
                }
                Job::Probe => Answer::Nothing,
            });
        }
    }
    ledger.journal.write(&transaction)?;
    if moves_leases || answers.iter().any(|answer| matches!(answer, Answer::Leased(_))) {
        // What is granted is kept before it may be used; and what a credit gives back of the lease of a former run with
        // the credit, or the next start would take it for bids that are out.
        let grants = ledger.journal.grants_of(ledger.treasury.take_changes());
        if !grants.is_empty() {
            leases::write(&transaction, &grants, ledger.treasury.last_epoch())?;
        }
    }
    if ledger.journal.is_due() {
        ledger.journal.snapshot(&transaction, &mut ledger.treasury)?;
    }
    // In the same transaction: nobody is told that an event was not booked because a name was not.
    names::insert(&transaction, &to_name)?;
    if let Some((open, when)) = parking {
        failpoint::sqlite(Point::LedgerPark)?;
        parked::replace(&transaction, open, when)?;
    }
    failpoint::sqlite(Point::LedgerCommit)?;
    transaction.commit()?;
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
            (Job::Lengthen { answer, .. }, _) => drop(answer.send(Ok(()))),
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

/// Keeps longer notices in one commit, as the writer does.
#[cfg(test)]
pub(in crate::shell::store) fn lengthen(ledger: &mut Opened, longest: Millis) {
    let (answer, _answered) = std::sync::mpsc::sync_channel(1);
    commit(ledger, &[Job::Lengthen { longest, answer }]).expect("a commit");
}
