//! The keeper: a thread that writes contexts of billed impressions and the names of values, and deletes what is too old.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use crate::shell::clock;
use crate::shell::learning::contexts::{Contexts, ToKeep, oldest};
use crate::shell::learning::words::KnownWords;
use crate::shell::service::Service;
use crate::shell::worker::{Stop, Worker};

/// How often what waits is written.
const COMMIT: Duration = Duration::from_secs(1);
/// How long the thread waits for a message before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Rows in one commit.
const BATCH_MAX: usize = 8_192;
/// How often it is looked whether something is too old.
const FORGET: Duration = Duration::from_secs(1);

/// The thread.
#[derive(Debug)]
pub struct Keeper(Worker);

impl Keeper {
    /// Starts it; impressions are kept for so many `days`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(
        service: Arc<Service>,
        folder: PathBuf,
        queue: Receiver<ToKeep>,
        days: u32,
    ) -> std::io::Result<Self> {
        let thread = Worker::start("contexts", move |stop| {
            let contexts = match Contexts::open_or_begin(&folder, clock::now()) {
                Ok(contexts) => contexts,
                Err(error) => {
                    // The queue fills up and what comes is counted as dropped: bidding goes on.
                    tracing::error!(%error, "contexts cannot be kept: nothing is trained on");
                    return;
                }
            };
            remember_words(&contexts, &service.lessons.words);
            let desk = Desk { service, contexts, waiting: Vec::new(), days, failed: false };
            desk.run(&queue, stop);
        })?;
        Ok(Self(thread))
    }

    /// Ends it: what waits is written.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// Words that are kept already are not sent again.
fn remember_words(contexts: &Contexts, known: &KnownWords) {
    match contexts.words() {
        Ok(words) => words.keys().for_each(|(field, hash)| known.add(usize::from(*field), *hash)),
        Err(error) => tracing::warn!(%error, "the names of values cannot be read"),
    }
}

struct Desk {
    service: Arc<Service>,
    contexts: Contexts,
    waiting: Vec<ToKeep>,
    days: u32,
    /// True if the last write failed: said once.
    failed: bool,
}

impl Desk {
    fn run(mut self, queue: &Receiver<ToKeep>, stop: &Stop) {
        let (mut written, mut forgotten) = (Instant::now(), Instant::now());
        loop {
            match queue.recv_timeout(LOOK) {
                Ok(first) => {
                    let room = BATCH_MAX.saturating_sub(self.waiting.len() + 1);
                    self.waiting.push(first);
                    self.waiting.extend(queue.try_iter().take(room));
                }
                Err(RecvTimeoutError::Timeout) if stop.is_set() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if written.elapsed() >= COMMIT || self.waiting.len() >= BATCH_MAX {
                written = Instant::now();
                self.write();
            }
            if forgotten.elapsed() >= FORGET {
                forgotten = Instant::now();
                if let Err(error) = self.contexts.forget_before(oldest(clock::now(), self.days)) {
                    tracing::warn!(%error, "old contexts cannot be deleted");
                }
            }
        }
        self.write();
    }

    fn write(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        match self.contexts.write(&self.waiting) {
            Ok(full) => {
                self.service.lessons.words.leave_out(full);
                self.service.lessons.counts.kept.fetch_add(self.waiting.len() as u64, Ordering::Relaxed);
                self.failed = false;
            }
            Err(error) => {
                let lost = self.waiting.len() as u64;
                self.service.lessons.counts.not_kept.fetch_add(lost, Ordering::Relaxed);
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "contexts cannot be written: what they told is lost until they can");
                }
            }
        }
        self.waiting.clear();
    }
}
