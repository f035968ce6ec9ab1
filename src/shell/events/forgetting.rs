//! Forgets the ids of old events, on a thread of its own: whatever the disk takes, neither money nor a call waits.

use std::sync::Arc;
use std::time::Duration;

use crate::shell::clock;
use crate::shell::service::Service;
use crate::shell::worker::Worker;

/// How often it looks for old ids.
const LOOK: Duration = Duration::from_secs(60);
/// Between two rounds calls have the file for themselves.
const PAUSE: Duration = Duration::from_millis(20);

/// The thread.
#[derive(Debug)]
pub struct Forgetting(Worker);

impl Forgetting {
    /// Starts it.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(service: Arc<Service>) -> std::io::Result<Self> {
        Worker::start("old event ids", move |stop| {
            let goes_on = || !stop.is_set();
            while goes_on() {
                let paused = || {
                    std::thread::park_timeout(PAUSE);
                    goes_on()
                };
                if let Err(error) = service.events.once.forget(clock::now(), paused) {
                    tracing::warn!(%error, "ids of old events not forgotten");
                }
                if goes_on() {
                    std::thread::park_timeout(LOOK);
                }
            }
        })
        .map(Self)
    }

    /// Ends it after the round that it is in.
    pub fn stop(self) {
        self.0.stop();
    }
}
