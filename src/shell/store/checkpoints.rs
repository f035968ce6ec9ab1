//! Moves what was committed from the log into the file, beside the writer, so that no commit waits for it.
//!
//! A passive checkpoint of a second connection holds nobody up. But it ends where the log ended when it began, and a
//! log is begun anew only once all of it is in the file: while commits come without a pause, the log grows. So when it
//! is long the writer itself moves the little that is left, which then costs one sync.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// Events since the last checkpoint that make another one worth its syncs: some megabytes of log.
const EVENTS: u64 = 8_192;
/// Pages of a log that is long: what a start after a crash has to read.
const LONG: i64 = 16_384;

/// The thread that makes checkpoints.
#[derive(Debug)]
pub(in crate::shell::store) struct Checkpoints {
    /// Events in the log that nobody has yet tried to move.
    events: Arc<AtomicU64>,
    is_long: Arc<AtomicBool>,
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Starts it, for the ledger in `file`, whose writer makes no checkpoints of its own from now on.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    ///
    /// # Panics
    ///
    /// If the system cannot start a thread.
    pub(in crate::shell::store) fn start(writer: &Connection, file: &Path) -> rusqlite::Result<Self> {
        writer.pragma_update(None, "wal_autocheckpoint", 0)?;
        let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch("PRAGMA synchronous = FULL;")?;
        let (events, is_long) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (stop, stopped) = channel();
        let (moved, long, file) = (Arc::clone(&events), Arc::clone(&is_long), file.to_owned());
        let thread = std::thread::Builder::new()
            .name("checkpoints".to_owned())
            .spawn(move || run(&connection, &stopped, &moved, &long, &file))
            .expect("the system starts a thread");
        Ok(Self { events, is_long, stop, thread })
    }

    /// Tells of `events` that were committed. Where the log has become long, `writer` moves what is left of it.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub(in crate::shell::store) fn committed(
        &self,
        events: u64,
        writer: &Connection,
    ) -> rusqlite::Result<()> {
        self.events.fetch_add(events, Ordering::Relaxed);
        if self.is_long.swap(false, Ordering::Acquire) {
            // Another one may be under way: then the next will do.
            let _ = checkpoint(writer)?;
        }
        Ok(())
    }

    /// Ends it.
    pub(in crate::shell::store) fn stop(self) {
        drop(self.stop);
        // A panic in it was told when it happened; what it left to do, the next checkpoint does.
        let _ = self.thread.join();
    }
}

/// Moves what can be moved without waiting for anybody; the pages that the log then had.
fn checkpoint(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))
}

fn run(
    connection: &Connection,
    stopped: &Receiver<()>,
    events: &AtomicU64,
    is_long: &AtomicBool,
    file: &Path,
) {
    let mut has_failed = false;
    while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
        if events.load(Ordering::Relaxed) < EVENTS {
            continue;
        }
        events.store(0, Ordering::Relaxed);
        match checkpoint(connection) {
            Ok(pages) => {
                has_failed = false;
                is_long.store(pages >= LONG, Ordering::Release);
            }
            // What was committed is safe in the log; whether it can be written to, the writer finds out.
            Err(error) if !has_failed => {
                has_failed = true;
                tracing::warn!(file = %file.display(), error = %error, "the ledger's log cannot be moved into its file");
            }
            Err(_) => {}
        }
    }
}
