//! The server's one writer of audiences: a thread that reads the file into memory, then commits what waits
//! together and puts into memory what was committed. Only then it answers.
//!
//! Memory so never holds what a crash could lose. What others wrote is noticed a fraction of a second later,
//! and their shards are read again whole, some at a time with the queue between, those first of which somebody
//! was erased. Old facts are forgotten shard by shard, a shard a second. A write that fails is refused to
//! whoever asked; bidding goes on.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::audience::{Audiences, Known};
use crate::shell::audience_store::commit::{Asked, Committed};
use crate::shell::audience_store::{AudienceError, AudienceStore, Change, Name, Person, Unwritten};
use crate::shell::clock;
use crate::units::{UserKey, limits};

/// How long a change of the command line may wait to be noticed.
const LOOK: Duration = Duration::from_millis(200);
/// How often a shard's old facts are forgotten: all shards in little more than an hour.
const PRUNE: Duration = Duration::from_secs(1);
/// How long shards are read again before the queue has its turn.
const READ: Duration = Duration::from_millis(10);
/// After reading shards again, the writer does other work at least three times as long.
const REST: u32 = 3;
/// The rest after a shard that could not be read.
const FAILED_REST: Duration = Duration::from_secs(1);
/// How long somebody who erases waits for others who hold the log.
const FOLD: Duration = Duration::from_secs(30);

/// The way back to whoever asked.
pub(in crate::shell::audience_store) type Answer<T> = oneshot::Sender<Result<T, Unwritten>>;

/// What one caller wants written.
pub(in crate::shell::audience_store) struct Write {
    pub changes: Vec<(UserKey, Change)>,
    pub names: Vec<Name>,
    pub answer: Answer<()>,
}

/// What the thread is asked.
pub(in crate::shell::audience_store) enum Job {
    Write(Write),
    Show { user: UserKey, answer: Answer<Option<Person>> },
    Erase { user: UserKey, answer: Answer<bool> },
}

/// What the thread has before it.
pub(in crate::shell::audience_store) struct Desk {
    store: AudienceStore,
    audiences: Arc<Audiences>,
    refused: Arc<AtomicU64>,
    /// The numbers in memory of the segments and acts of the file; `None` where there was no room.
    segments: Vec<Option<u32>>,
    acts: Vec<Option<u32>>,
    /// Of the last change by others that was noticed.
    turn: i64,
    version: i64,
    looked: Instant,
    /// Shards to be read again, each with whether it is pressing: somebody of it was erased.
    stale: VecDeque<(u16, bool)>,
    /// How many were read since there was none.
    reread: usize,
    /// Until when shards are not read again, unless it is pressing.
    rest: Instant,
    pruned: Instant,
    /// The next to be pruned.
    shard: u16,
    /// Those who wait for the log to be folded.
    erased: Vec<Erased>,
    /// True if the log names somebody who was erased.
    unfolded: bool,
}

/// Somebody was erased from memory and file, but not from the log.
struct Erased {
    was_known: bool,
    since: Instant,
    answer: Answer<bool>,
}

impl Desk {
    /// Nothing done yet.
    pub(in crate::shell::audience_store) fn new(
        store: AudienceStore,
        audiences: Arc<Audiences>,
        refused: Arc<AtomicU64>,
    ) -> Self {
        let now = Instant::now();
        Self {
            store,
            audiences,
            refused,
            segments: Vec::new(),
            acts: Vec::new(),
            turn: 0,
            version: 0,
            looked: now,
            stale: VecDeque::new(),
            reread: 0,
            rest: now,
            pruned: now,
            shard: 0,
            erased: Vec::new(),
            unfolded: false,
        }
    }

    /// Reads the whole file, shard by shard.
    pub(in crate::shell::audience_store) fn load(&mut self, stop: &AtomicBool) -> Result<(), AudienceError> {
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

    /// Does what is asked until nobody can ask any more.
    pub(in crate::shell::audience_store) fn run(&mut self, queue: &Receiver<Job>) {
        let mut batch = Vec::new();
        loop {
            match queue.recv_timeout(self.idle()) {
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
                self.look();
            }
            self.read_stale();
        }
        // A clean end folds the log into the file. Somebody else who reads it will do the same.
        let folded = self.store.fold_log();
        if let Err(error) = &folded {
            tracing::warn!(%error, "the log of the audiences is not folded");
        }
        self.folded(folded);
    }

    /// How long there is nothing to do but what is asked.
    fn idle(&self) -> Duration {
        match self.stale.front() {
            None => LOOK,
            Some((_, true)) => Duration::ZERO,
            Some((_, false)) => self.rest.saturating_duration_since(Instant::now()).min(LOOK),
        }
    }

    /// Does a batch in its order, so that whoever was erased is not there again, and whoever came after is.
    /// Writes that no erasure stands between are one commit.
    fn take(&mut self, batch: &mut Vec<Job>) {
        let (mut writes, mut erases) = (Vec::new(), false);
        for job in batch.drain(..) {
            match job {
                Job::Write(write) => writes.push(write),
                // What was acknowledged is in the file by now.
                Job::Show { user, answer } => {
                    let person = self.store.person(&user, clock::now());
                    let _ = answer.send(self.told(person, "person not read"));
                }
                Job::Erase { user, answer } => {
                    self.write(std::mem::take(&mut writes));
                    self.erase(&user, answer);
                    erases = true;
                }
            }
        }
        self.write(writes);
        if erases {
            self.fold();
        }
    }

    /// Writes what many ask for in one commit, and answers each.
    fn write(&mut self, writes: Vec<Write>) {
        if writes.is_empty() {
            return;
        }
        let asked: Vec<_> =
            writes.iter().map(|write| Asked { changes: &write.changes, names: &write.names }).collect();
        let written = self.store.write_each(&asked);
        let outcomes = match self.told(written, "changes of audiences not written") {
            Ok(Committed { kept, outcomes }) => {
                kept.into_iter().for_each(|(user, known)| self.keep(&user, known));
                outcomes.into_iter().map(|outcome| self.told(outcome, "a change refused")).collect()
            }
            Err(unwritten) => vec![Err(unwritten); writes.len()],
        };
        for (write, outcome) in writes.into_iter().zip(outcomes) {
            // A caller that hung up does not mind.
            let _ = write.answer.send(outcome);
        }
    }

    /// Puts into memory what was committed. Whatever becomes of that, it is written: the caller is not told to
    /// send it again.
    fn keep(&mut self, user: &UserKey, mut known: Known) {
        match self.translate(&mut known) {
            // Without room it is counted there.
            Ok(()) => {
                self.audiences.put(user, &known);
            }
            Err(error) => {
                tracing::warn!(%error, "a person not put into memory, their shard is read again");
                self.stale.push_back((Audiences::shard_of(user), false));
            }
        }
    }

    fn erase(&mut self, user: &UserKey, answer: Answer<bool>) {
        // From memory first: whatever becomes of the file, they are not bid on any more.
        let was_known = self.audiences.erase(user);
        let deleted = self.store.delete(&[*user]);
        match self.told(deleted, "person not erased") {
            Ok(deleted) => {
                let was_known = was_known || deleted > 0;
                self.erased.push(Erased { was_known, since: Instant::now(), answer });
                self.unfolded = true;
            }
            Err(unwritten) => {
                let _ = answer.send(Err(unwritten));
            }
        }
    }

    /// Folds the log if it names somebody who was erased, as far as others who read let it be.
    fn fold(&mut self) {
        if self.unfolded {
            let folded = self.store.try_fold_log();
            self.folded(folded);
        }
    }

    /// Answers those who wait for the log.
    fn folded(&mut self, folded: Result<(), AudienceError>) {
        match folded {
            Ok(()) => {
                self.unfolded = false;
                for Erased { was_known, answer, .. } in self.erased.drain(..) {
                    let _ = answer.send(Ok(was_known));
                }
            }
            Err(error) => {
                let held = matches!(error, AudienceError::LogHeld { .. });
                let late = |one: &mut Erased| !held || one.since.elapsed() >= FOLD;
                for Erased { answer, .. } in self.erased.extract_if(.., late) {
                    tracing::warn!(%error, "the log still names somebody who was erased");
                    self.refused.fetch_add(1, Ordering::Relaxed);
                    let _ = answer.send(Err(Unwritten));
                }
            }
        }
    }

    fn told<T>(&self, done: Result<T, AudienceError>, what: &'static str) -> Result<T, Unwritten> {
        done.map_err(|error| {
            if let AudienceError::Full { .. } = error {
                // Anybody can make people: they may fill the counter, but not the log.
                self.audiences.count_refused();
            } else {
                self.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(%error, what, "audiences failed");
            }
            Unwritten
        })
    }

    /// Notices what others changed, and forgets what is old.
    fn look(&mut self) {
        self.fold();
        if let Err(error) = self.notice() {
            tracing::warn!(%error, "audiences not read again, the old ones go on");
        }
        if self.pruned.elapsed() >= PRUNE {
            self.pruned = Instant::now();
            let now = clock::now();
            if let Err(error) = self.store.prune(self.shard, now) {
                tracing::warn!(%error, "old facts not forgotten on disk");
            }
            self.audiences.prune_shard(self.shard, now);
            self.shard = (self.shard + 1) % Audiences::SHARDS;
        }
    }

    /// Puts the shards that others touched among those to be read again, the pressing ones first.
    fn notice(&mut self) -> Result<(), AudienceError> {
        let failed = |source| self.store.failed(source);
        let version = self.store.version().map_err(failed)?;
        if version == self.version {
            return Ok(());
        }
        let turn = self.store.turn().map_err(failed)?;
        let touched = self.store.touched(self.turn).map_err(failed)?;
        let (pressing, others): (Vec<_>, Vec<_>) = touched.into_iter().partition(|(_, pressing)| *pressing);
        let again: HashSet<u16> = pressing.iter().chain(&others).map(|(shard, _)| *shard).collect();
        let (was_pressing, was): (Vec<_>, Vec<_>) = self.stale.drain(..).partition(|(_, pressing)| *pressing);
        let was = was.into_iter().filter(|(shard, _)| !again.contains(shard));
        // One that was pressing before stays so, whatever became of it since.
        self.stale.extend(was_pressing.into_iter().chain(pressing));
        self.stale.extend(was.chain(others));
        (self.turn, self.version) = (turn, version);
        Ok(())
    }

    /// Reads shards again for a moment.
    fn read_stale(&mut self) {
        let start = Instant::now();
        while let Some((shard, pressing)) = self.stale.front().copied() {
            if start.elapsed() >= READ || (!pressing && start < self.rest) {
                break;
            }
            self.stale.pop_front();
            if let Err(error) = self.read_shard(shard) {
                tracing::warn!(%error, shard, "a part of the audiences not read again, the old one goes on");
                // Behind all others, and not pressing: they do not wait for it.
                self.stale.push_back((shard, false));
                self.rest = Instant::now() + FAILED_REST;
                return;
            }
            self.reread += 1;
            self.rest = Instant::now() + start.elapsed() * REST;
        }
        if self.stale.is_empty() && self.reread > 0 {
            let (shards, people) = (std::mem::take(&mut self.reread), self.audiences.len());
            tracing::info!(shards, people, "audiences read again");
        }
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
