//! The server's one writer of audiences: a thread that reads the file into memory, then commits what waits
//! together and puts into memory what was committed. Only then it answers.
//!
//! Memory so never holds what a crash could lose. What others wrote is noticed a fraction of a second later,
//! and their shards are read again whole. Old facts are forgotten shard by shard, a shard a second. A write
//! that fails is refused to whoever asked; bidding goes on.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::audience::{Audiences, Known};
use crate::shell::audience_store::{AudienceError, AudienceStore, Change, Name, Person};
use crate::shell::clock;
use crate::units::{UserKey, limits};

/// How long a change of the command line may wait to be noticed.
const LOOK: Duration = Duration::from_millis(200);
/// How often a shard's old facts are forgotten: all shards in little more than an hour.
const PRUNE: Duration = Duration::from_secs(1);
/// After reading shards again, the writer does other work at least three times as long.
const REST: u32 = 3;

/// Nothing was written: the queue is full, the disk failed or the server is ending. It may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audiences take no changes now")]
pub struct Unwritten;

type Answer<T> = oneshot::Sender<Result<T, Unwritten>>;

enum Job {
    Write { changes: Vec<(UserKey, Change)>, names: Vec<Name>, answer: Answer<()> },
    Show { user: UserKey, answer: Answer<Option<Person>> },
    Erase { user: UserKey, answer: Answer<bool> },
}

/// The way to the writer, for everyone.
#[derive(Debug, Clone)]
pub struct AudienceWriter {
    /// `None` once the server ends.
    jobs: Arc<RwLock<Option<SyncSender<Job>>>>,
    refused: Arc<AtomicU64>,
}

/// The writer's thread.
#[derive(Debug)]
pub struct AudienceWriterHandle {
    thread: JoinHandle<()>,
    jobs: Arc<RwLock<Option<SyncSender<Job>>>>,
    stop: Arc<AtomicBool>,
}

impl AudienceWriterHandle {
    /// Commits what waits, folds the log and ends. A file that is still being read is left as it is.
    pub fn join(self) {
        self.stop.store(true, Ordering::Release);
        drop(self.jobs.write().unwrap_or_else(PoisonError::into_inner).take());
        // A panic in it was told when it happened.
        let _ = self.thread.join();
    }
}

impl AudienceWriter {
    /// Starts the writer. `read` is told once the file is in memory, or why it cannot be.
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    #[must_use]
    pub fn start(
        store: AudienceStore,
        audiences: Arc<Audiences>,
        read: oneshot::Sender<Result<(), AudienceError>>,
    ) -> (Self, AudienceWriterHandle) {
        let (jobs, queue) = sync_channel(limits::AUDIENCE_QUEUE_MAX);
        let jobs = Arc::new(RwLock::new(Some(jobs)));
        let (refused, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let writer = Self { jobs: Arc::clone(&jobs), refused: Arc::clone(&refused) };
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("audiences".to_owned())
            .spawn(move || {
                let now = Instant::now();
                let store = store.for_server();
                let (rest, pruned) = (now, now);
                let mut desk = Desk {
                    store,
                    audiences,
                    refused,
                    segments: Vec::new(),
                    acts: Vec::new(),
                    turn: 0,
                    version: 0,
                    looked: now,
                    rest,
                    pruned,
                    shard: 0,
                };
                let loaded = desk.load(&stopped);
                let is_read = loaded.is_ok();
                // Nobody listens any more if the server is ending.
                let _ = read.send(loaded);
                if is_read {
                    desk.run(&queue);
                }
            })
            .expect("the system starts a thread");
        (writer, AudienceWriterHandle { thread, jobs, stop })
    }

    /// Writes what is new about people, and names for exports. Returns after the commit; it counts on the bid
    /// path then.
    ///
    /// # Errors
    ///
    /// [`Unwritten`]: nothing of it is kept.
    pub async fn write(&self, changes: Vec<(UserKey, Change)>, names: Vec<Name>) -> Result<(), Unwritten> {
        self.ask(|answer| Job::Write { changes, names, answer }).await
    }

    /// All that is known of a person, by names; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// [`Unwritten`] if the writer does not answer.
    pub async fn show(&self, user: UserKey) -> Result<Option<Person>, Unwritten> {
        self.ask(|answer| Job::Show { user, answer }).await
    }

    /// Erases a person from memory, file and log; false if nothing was known of them.
    ///
    /// # Errors
    ///
    /// [`Unwritten`] if it is not done, or not done in the log: it may be tried again.
    pub async fn erase(&self, user: UserKey) -> Result<bool, Unwritten> {
        self.ask(|answer| Job::Erase { user, answer }).await
    }

    /// Appends what is counted of `audiences`, in the text format of Prometheus.
    pub fn write_metrics(&self, audiences: &Audiences, out: &mut String) {
        let refused = self.refused.load(Ordering::Relaxed);
        for (name, kind, help, value) in [
            ("encan_audience_people", "gauge", "People of whom anything is known.", audiences.len() as u64),
            ("encan_audience_bytes", "gauge", "Memory of the audiences.", audiences.heap_bytes() as u64),
            (
                "encan_audience_writes_refused_total",
                "counter",
                "Changes not taken: full queue or disk.",
                refused,
            ),
            (
                "encan_audience_no_room_total",
                "counter",
                "People, segments and kinds of events for whom there was no room.",
                audiences.refused() as u64,
            ),
        ] {
            let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        }
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, Unwritten> {
        let (answer, answered) = oneshot::channel();
        {
            let jobs = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
            let sent = jobs.as_ref().ok_or(Unwritten)?.try_send(job(answer));
            if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = sent {
                self.refused.fetch_add(1, Ordering::Relaxed);
                return Err(Unwritten);
            }
        }
        answered.await.unwrap_or(Err(Unwritten))
    }
}

/// What the thread has before it.
struct Desk {
    store: AudienceStore,
    audiences: Arc<Audiences>,
    refused: Arc<AtomicU64>,
    /// The numbers in memory of the segments and acts of the file; `None` where there was no room.
    segments: Vec<Option<u32>>,
    acts: Vec<Option<u32>>,
    /// Of the last change by others that is in memory.
    turn: i64,
    version: i64,
    looked: Instant,
    /// Until when shards are not read again.
    rest: Instant,
    pruned: Instant,
    /// The next to be pruned.
    shard: u16,
}

impl Desk {
    /// Reads the whole file, shard by shard.
    fn load(&mut self, stop: &AtomicBool) -> Result<(), AudienceError> {
        let start = Instant::now();
        // Before the first row: what changes meanwhile is read again.
        self.turn = self.store.turn().map_err(|source| self.store.failed(source))?;
        for shard in 0..Audiences::SHARDS {
            if stop.load(Ordering::Acquire) {
                return Ok(());
            }
            self.read_shard(shard)?;
        }
        self.audiences.complete();
        let (people, seconds) = (self.audiences.len(), start.elapsed().as_secs_f64());
        if people > 0 {
            tracing::info!(people, bytes = self.audiences.heap_bytes(), seconds, "audiences read");
        }
        Ok(())
    }

    fn run(&mut self, queue: &Receiver<Job>) {
        let mut batch = Vec::new();
        loop {
            match queue.recv_timeout(LOOK) {
                Ok(job) => {
                    batch.push(job);
                    let more = limits::AUDIENCE_BATCH_MAX - 1;
                    batch.extend(std::iter::from_fn(|| queue.try_recv().ok()).take(more));
                    self.take(&mut batch);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.looked.elapsed() >= LOOK {
                self.looked = Instant::now();
                if let Err(error) = self.look() {
                    tracing::warn!(%error, "audiences not read again, the old ones go on");
                }
            }
        }
        // A clean end folds the log into the file. Somebody else who reads it will do the same.
        if let Err(error) = self.store.fold_log() {
            tracing::warn!(%error, "the log of the audiences is not folded");
        }
    }

    /// Does a batch: all writes in one commit, then the rest.
    fn take(&mut self, batch: &mut Vec<Job>) {
        let (mut together, mut names, mut answers, mut others) = (vec![], vec![], vec![], vec![]);
        for job in batch.drain(..) {
            match job {
                Job::Write { changes, names: more, answer } => {
                    together.extend(changes);
                    names.extend(more);
                    answers.push(answer);
                }
                other => others.push(other),
            }
        }
        if !answers.is_empty() {
            let written = self.write(together, &names);
            for answer in answers {
                // A caller that hung up does not mind.
                let _ = answer.send(written);
            }
        }
        for job in others {
            match job {
                Job::Show { user, answer } => {
                    let person = self.store.person(&user, clock::now());
                    let _ = answer.send(self.told(person, "person not read"));
                }
                Job::Erase { user, answer } => {
                    // From memory first: whatever becomes of the file, they are not bid on any more.
                    let was_known = self.audiences.erase(&user);
                    let erased = self.store.erase(&[user]).map(|erased| was_known || erased > 0);
                    let _ = answer.send(self.told(erased, "person not erased"));
                }
                Job::Write { .. } => {}
            }
        }
    }

    fn write(&mut self, mut changes: Vec<(UserKey, Change)>, names: &[Name]) -> Result<(), Unwritten> {
        // People side by side; what happened to one stays in its order.
        changes.sort_by_key(|(user, _)| *user);
        let written = self.store.write(&changes);
        let kept = self.told(written, "changes of audiences not written")?;
        for (user, mut known) in kept {
            let translated = self.translate(&mut known);
            self.told(translated, "a person not put into memory")?;
            self.audiences.put(&user, &known);
        }
        if !names.is_empty() {
            let remembered = self.store.remember(names);
            self.told(remembered, "names not kept")?;
        }
        Ok(())
    }

    fn told<T>(&self, done: Result<T, AudienceError>, what: &'static str) -> Result<T, Unwritten> {
        done.map_err(|error| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            tracing::warn!(%error, what, "audiences failed");
            Unwritten
        })
    }

    /// Reads what others changed, and forgets what is old.
    fn look(&mut self) -> Result<(), AudienceError> {
        let failed = |source| self.store.failed(source);
        let version = self.store.version().map_err(failed)?;
        let start = Instant::now();
        if version != self.version && start >= self.rest {
            let turn = self.store.turn().map_err(failed)?;
            let touched = self.store.touched(self.turn).map_err(failed)?;
            for shard in &touched {
                self.read_shard(*shard)?;
            }
            (self.turn, self.version) = (turn, version);
            self.rest = Instant::now() + start.elapsed() * REST;
            if !touched.is_empty() {
                tracing::info!(shards = touched.len(), people = self.audiences.len(), "audiences read again");
            }
        }
        if self.pruned.elapsed() >= PRUNE {
            self.pruned = Instant::now();
            let now = clock::now();
            self.store.prune(self.shard, now)?;
            self.audiences.prune_shard(self.shard, now);
            self.shard = (self.shard + 1) % Audiences::SHARDS;
        }
        Ok(())
    }

    /// Makes a shard from the file and puts it in the place of the old one.
    fn read_shard(&mut self, shard: u16) -> Result<(), AudienceError> {
        let now = clock::now();
        let (first, end) = (Audiences::first_key(shard), Audiences::first_key(shard + 1));
        let mut rows = Vec::new();
        self.store.everyone(first, end, |user, known| {
            let mut known = known.clone();
            known.prune(now);
            rows.push((user, known));
            true
        })?;
        for (_, known) in &mut rows {
            self.translate(known)?;
        }
        self.audiences.install(shard, &rows);
        Ok(())
    }

    /// Puts the numbers of memory in the place of those of the file; what has none there is left out.
    fn translate(&mut self, known: &mut Known) -> Result<(), AudienceError> {
        let (mut segments, mut history) = (0, 0);
        for at in 0..known.segments.len() {
            let segment = known.segments[at];
            if let Some(number) = self.segment(segment.number())? {
                known.segments[segments] = segment.renumbered(number);
                segments += 1;
            }
        }
        for at in 0..known.history.len() {
            let event = known.history[at];
            if let Some(number) = self.act(event.act())? {
                known.history[history] = event.renumbered(number);
                history += 1;
            }
        }
        known.segments.truncate(segments);
        known.history.truncate(history);
        Ok(())
    }

    fn segment(&mut self, number: u32) -> Result<Option<u32>, AudienceError> {
        let at = index(number);
        while self.segments.len() <= at {
            let next = u32::try_from(self.segments.len()).expect("below a number of 32 bits");
            let segment = self.store.segment(next)?;
            self.segments.push(self.audiences.segment_number(segment));
        }
        Ok(self.segments[at])
    }

    fn act(&mut self, number: u32) -> Result<Option<u32>, AudienceError> {
        let at = index(number);
        while self.acts.len() <= at {
            let next = u32::try_from(self.acts.len()).expect("below a number of 32 bits");
            let act = self.store.act(next)?;
            self.acts.push(self.audiences.act_number(act));
        }
        Ok(self.acts[at])
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).expect("a word has at least 32 bits")
}
