//! Moves what was committed from the log into the file, beside the writer, so that no commit waits for it.
//!
//! A passive checkpoint of a second connection holds nobody up. But it ends where the log ended when it began, and a
//! log is begun anew only once all of it is in the file: while commits come without a pause, the log grows. So when it
//! is long the writer itself moves the little that is left, which then costs one sync.
//!
//! SQLite alone would tell nobody that a checkpoint failed, and would try again; but after a sync that failed nobody
//! knows what of it is on the disk, and a second one may say that all is well. So the first failure is the last
//! checkpoint, and the writer ends with it.

use std::path::Path;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::shell::failpoint::{self, Point};
use crate::shell::store::outage;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Pages of a log that are worth the syncs of a checkpoint: some megabytes.
const PAGES: u32 = 1_000;
/// Pages of a log that is long: what a start after a crash has to read.
const LONG: u32 = 16_384;

/// The thread that makes checkpoints.
#[derive(Debug)]
pub(in crate::shell::store) struct Checkpoints {
    log: Arc<Log>,
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

/// What the writer and the thread know of the log.
#[derive(Debug, Default)]
struct Log {
    /// Its pages, as of the last commit.
    pages: AtomicU32,
    /// Commits so far.
    commits: AtomicU64,
    /// Why the thread makes no more checkpoints.
    failure: Mutex<Option<rusqlite::Error>>,
}

impl Checkpoints {
    /// Starts it, for the ledger in `file`, whose writer makes no checkpoints of its own from now on: not when it
    /// closes either, after a write that failed.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    pub(in crate::shell::store) fn start(writer: &mut Connection, file: &Path) -> rusqlite::Result<Self> {
        outage::keep_log(writer, true)?;
        let log = Arc::new(Log::default());
        let noted = Arc::clone(&log);
        // In place of SQLite's own hook, which makes checkpoints.
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            noted.pages.store(u32::try_from(pages).unwrap_or(0), Ordering::Relaxed);
            noted.commits.fetch_add(1, Ordering::Release);
            Ok(())
        }))?;
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA synchronous = FULL;")?;
        outage::keep_log(&connection, true)?;
        let (stop, stopped) = channel();
        let looked_at = Arc::clone(&log);
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || run(&connection, &stopped, &looked_at))
            .expect("the system starts a thread");
        Ok(Self { log, stop, thread })
    }

    /// After a commit. Where the log has become long, `writer` moves what is left of it.
    ///
    /// # Errors
    ///
    /// What SQLite says, here or to the thread: nothing may be written any more, but for a lack of space.
    pub(in crate::shell::store) fn committed(&self, writer: &Connection) -> rusqlite::Result<()> {
        if let Some(failure) = self.log.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(failure);
        }
        if self.log.pages.load(Ordering::Relaxed) >= LONG { checkpoint(writer) } else { Ok(()) }
    }

    /// Ends it, after the checkpoint that it is in.
    ///
    /// # Errors
    ///
    /// What SQLite said to it last.
    pub(in crate::shell::store) fn stop(self) -> rusqlite::Result<()> {
        drop(self.stop);
        // A panic in it was told when it happened; what it left to do, the next checkpoint does.
        let _ = self.thread.join();
        let failure = self.log.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(Ok(()), Err)
    }
}

/// Moves what can be moved without waiting for anybody.
fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    failpoint::sqlite(Point::LedgerCheckpoint)?;
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?;
    failpoint::pass(Point::LedgerCheckpointed);
    Ok(())
}

fn run(connection: &Connection, stopped: &Receiver<()>, log: &Log) {
    let mut moved = 0;
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        let commits = log.commits.load(Ordering::Acquire);
        if commits == moved || log.pages.load(Ordering::Relaxed) < PAGES {
            continue;
        }
        moved = commits;
        let Err(error) = checkpoint(connection) else { continue };
        let passes = outage::is_lack_of_space(&error);
        *log.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
        if !passes {
            return;
        }
    }
}
