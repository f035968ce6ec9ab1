//! The keeper of experiments: a thread that writes who is in which group, deletes what is too old, and who is erased.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use crate::shell::clock;
use crate::shell::experiments::file::ExperimentFile;
use crate::shell::experiments::ghosts::{Enrolment, Inbox, ToKeep, day_of};
use crate::shell::service::Service;
use crate::shell::worker::{Stop, Worker};
use crate::units::Day;

/// How often what waits is written.
const COMMIT: Duration = Duration::from_secs(1);
/// How long the thread waits for a message before it looks whether it is to end.
const LOOK: Duration = Duration::from_millis(100);
/// Rows in one commit.
const BATCH_MAX: usize = 8_192;
/// How often it is looked whether something is too old.
const FORGET: Duration = Duration::from_secs(10);
/// Days that rows are kept: longer than any window of conversions.
const DAYS: i32 = 400;

/// The thread.
#[derive(Debug)]
pub struct GhostKeeper(Worker);

impl GhostKeeper {
    /// Starts it. The file is made with its first row.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(service: Arc<Service>, folder: PathBuf, inbox: Inbox) -> std::io::Result<Self> {
        let thread = Worker::start("experiments", move |stop| {
            let desk = Desk { service, folder, file: None, waiting: Vec::new(), told: 0, failed: false };
            desk.run(&inbox, stop);
        })?;
        Ok(Self(thread))
    }

    /// Ends it: what waits is written.
    pub fn stop(self) {
        self.0.stop();
    }
}

struct Desk {
    service: Arc<Service>,
    folder: PathBuf,
    /// Once there is something to write, or to erase.
    file: Option<ExperimentFile>,
    waiting: Vec<Enrolment>,
    /// How many of those that were lost stand in the file.
    told: u64,
    /// True if the last write failed: said once.
    failed: bool,
}

impl Desk {
    fn run(mut self, Inbox(inbox): &Inbox, stop: &Stop) {
        let (mut written, mut forgotten) = (Instant::now(), Instant::now());
        loop {
            match inbox.recv_timeout(LOOK) {
                Ok(ToKeep::Enrolled(enrolment)) => self.waiting.push(enrolment),
                Ok(ToKeep::Erase(user, done)) => {
                    // What waits may be the person's.
                    self.write();
                    if let Some(was_known) = self.erase(user) {
                        let _ = done.send(was_known);
                    }
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
                self.forget();
            }
        }
        self.write();
    }

    /// The file, opened or made.
    fn file(&mut self) -> Option<&mut ExperimentFile> {
        if self.file.is_none() {
            match ExperimentFile::open_or_begin(&self.folder, clock::now()) {
                Ok(file) => self.file = Some(file),
                Err(error) => {
                    if !std::mem::replace(&mut self.failed, true) {
                        tracing::error!(%error, "experiments cannot be kept: their reports are unreliable");
                    }
                }
            }
        }
        self.file.as_mut()
    }

    fn write(&mut self) {
        let dropped = self.service.ghosts.dropped.load(Ordering::Relaxed);
        let missed = dropped.saturating_sub(self.told);
        if self.waiting.is_empty() && missed == 0 {
            return;
        }
        let waiting = std::mem::take(&mut self.waiting);
        let today = day_of(clock::now());
        let Some(file) = self.file() else { return self.lost(&waiting) };
        match file.write(&waiting, missed, today) {
            Ok(()) => {
                self.told = dropped;
                self.service.ghosts.kept.fetch_add(waiting.len() as u64, Ordering::Relaxed);
                self.failed = false;
            }
            Err(error) => {
                if !std::mem::replace(&mut self.failed, true) {
                    tracing::warn!(%error, "experiments cannot be written: their reports are unreliable");
                }
                self.lost(&waiting);
            }
        }
    }

    /// What could not be written is told by the next write that can.
    fn lost(&self, waiting: &[Enrolment]) {
        self.service.ghosts.dropped.fetch_add(waiting.len() as u64, Ordering::Relaxed);
    }

    /// True if anything was known of `user`; `None` if it cannot be deleted.
    fn erase(&mut self, user: crate::units::UserKey) -> Option<bool> {
        if self.file.is_none() && matches!(ExperimentFile::open_to_read(&self.folder), Ok(None)) {
            return Some(false);
        }
        if self.file.is_none() {
            // Never put aside here: what is erased must not live on in another file.
            match ExperimentFile::open(&self.folder) {
                Ok(file) => self.file = Some(file),
                Err(error) => {
                    tracing::warn!(%error, "a person is not erased from the experiments");
                    return None;
                }
            }
        }
        let erased = self.file.as_mut()?.erase(user);
        erased.map_err(|error| tracing::warn!(%error, "a person is not erased from the experiments")).ok()
    }

    fn forget(&mut self) {
        let oldest = Day::from_raw(day_of(clock::now()).raw().saturating_sub(DAYS));
        if let Some(Err(error)) = self.file.as_ref().map(|file| file.forget_before(oldest)) {
            tracing::warn!(%error, "old rows of experiments cannot be deleted");
        }
    }
}
