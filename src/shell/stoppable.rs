//! A thread of the slow loop, which goes on until it is told to end.
//!
//! What it does, how often, and what it still writes at its end are its owner's: nothing is timed or retried here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// A thread that runs, and the word that ends it.
#[derive(Debug)]
pub struct Stoppable {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Stoppable {
    /// Starts `work` on a thread of that `name`. It is handed what becomes true once it is to end, and is woken from
    /// `park_timeout` then.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(name: &str, work: impl FnOnce(Arc<AtomicBool>) + Send + 'static) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(stopped))?;
        Ok(Self { stop, thread })
    }

    /// Tells it to end, and waits until it has.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // A panic in it was told when it happened.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::Stoppable;

    #[test]
    fn a_thread_is_woken_to_end_and_what_it_does_last_is_waited_for() {
        let (said, heard) = channel();
        let thread = Stoppable::start("of a test", move |stopped| {
            said.send(std::thread::current().name().map(str::to_owned)).unwrap();
            while !stopped.load(Ordering::Acquire) {
                // Nobody waits for an hour: `stop` wakes it.
                std::thread::park_timeout(Duration::from_secs(3_600));
            }
            said.send(Some("the end".to_owned())).unwrap();
        });
        let thread = thread.unwrap();
        assert_eq!(heard.recv().unwrap().as_deref(), Some("of a test"));
        thread.stop();
        assert_eq!(heard.try_recv().unwrap().as_deref(), Some("the end"));
    }

    #[test]
    fn a_thread_that_has_ended_or_panicked_can_still_be_stopped() {
        for panics in [false, true] {
            Stoppable::start("of a test", move |_| assert!(!panics, "as planned")).unwrap().stop();
        }
    }
}
