//! Keeps the columns behind the ledger, on a thread of low priority: whoever asks finds them nearly complete, however
//! many events came since anybody asked last.
//!
//! It reads a month at a time, so that the ledger's log, which no reader may hold up for long, stays small. Deliberately
//! absent: anything that an answer depends on. Without this thread answers are the same, and take longer.

use std::path::PathBuf;
use std::time::Duration;

use crate::shell::figures::plan::{Refreshed, refresh};
use crate::shell::store::Store;
use crate::shell::worker::Worker;

/// After a start, which has other things to do.
const FIRST: Duration = Duration::from_secs(20);
/// Then: so often that the journal still tells what came in between, up to some ten thousand events a second.
const EVERY: Duration = Duration::from_secs(60);
/// How much lower the priority of the thread is.
const NICE: i32 = 10;

/// The thread.
#[derive(Debug)]
pub struct Keeping(Worker);

impl Keeping {
    /// Starts it, for the ledger in `folder`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(folder: PathBuf) -> std::io::Result<Self> {
        let thread = Worker::start("figures", move |stop| {
            // On Linux of this thread alone; where it is refused, the thread goes on as it is.
            let _ = rustix::process::nice(NICE);
            let goes_on = || !stop.is_set();
            std::thread::park_timeout(FIRST);
            let mut said = false;
            while goes_on() {
                let refreshed = Store::open(&folder).and_then(|store| refresh(&store, &folder));
                match refreshed {
                    Ok(Refreshed::Some) => continue,
                    Ok(Refreshed::All) => said = false,
                    Ok(Refreshed::Unwritable) => {
                        if !std::mem::replace(&mut said, true) {
                            tracing::warn!(folder = %folder.display(), "columns of figures cannot be written");
                        }
                    }
                    Err(error) => tracing::warn!(%error, "columns of figures not written"),
                }
                if goes_on() {
                    std::thread::park_timeout(EVERY);
                }
            }
        })?;
        Ok(Self(thread))
    }

    /// Ends it after the days that it is at.
    pub fn stop(self) {
        self.0.stop();
    }
}
