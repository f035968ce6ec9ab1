//! The way to the server's one writer of audiences, and its thread's beginning and end.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::audience::Audiences;
use crate::shell::audience_store::desk::{Answer, Desk, Job, Write};
use crate::shell::audience_store::{AudienceError, AudienceStore, Change, Name, Person};
use crate::shell::metrics::Page;
use crate::units::{UserKey, limits};

/// Nothing was written: the queue is full, there is no room, the disk failed or the server is ending. It may be
/// tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audiences take no changes now")]
pub struct Unwritten;

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
                let mut desk = Desk::new(store.for_server(), audiences, refused);
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
        self.ask(|answer| Job::Write(Write { changes, names, answer })).await
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

    /// Writes what is counted of `audiences`, for `/metrics`.
    pub fn write_metrics(&self, audiences: &Audiences, page: &mut Page) {
        page.gauge("encan_audience_people", "People of whom anything is known.", audiences.len());
        page.gauge("encan_audience_bytes", "Memory of the audiences.", audiences.heap_bytes());
        let refused = self.refused.load(Ordering::Relaxed);
        let help = "Changes not taken: full queue or disk.";
        page.counter("encan_audience_writes_refused_total", help, refused);
        let help = "People, segments and kinds of events for whom there was no room.";
        page.counter("encan_audience_entries_refused_total", help, audiences.refused());
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
