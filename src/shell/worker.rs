//! The server's threads that go round until they are told to end, and how they are told. Deliberately absent: what they
//! do, and the writers, whose queues end them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Whether a worker is to end; a clone tells the same.
#[derive(Debug, Clone, Default)]
pub(in crate::shell) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// True once it is to end.
    pub(in crate::shell) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// A thread of its own.
#[derive(Debug)]
pub(in crate::shell) struct Worker {
    stop: Stop,
    thread: JoinHandle<()>,
}

impl Worker {
    /// Starts `work` on a thread called `name`. It looks at its [`Stop`] in every round, and rests by parking.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(in crate::shell) fn start(
        name: &str,
        work: impl FnOnce(&Stop) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Stop::default();
        let told = stop.clone();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || work(&told))?;
        Ok(Self { stop, thread })
    }

    /// Wakes it, and waits until it has ended its round.
    pub(in crate::shell) fn stop(self) {
        self.stop.0.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // A panic in it was told when it happened.
        let _ = self.thread.join();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::Worker;

    #[test]
    fn a_worker_is_woken_to_end_and_what_it_does_last_is_waited_for() {
        let (said, heard) = channel();
        let worker = Worker::start("of a test", move |stop| {
            said.send(std::thread::current().name().map(str::to_owned)).unwrap();
            while !stop.is_set() {
                // Nobody waits for an hour: `stop` wakes it.
                std::thread::park_timeout(Duration::from_secs(3_600));
            }
            said.send(Some("the end".to_owned())).unwrap();
        });
        let worker = worker.unwrap();
        assert_eq!(heard.recv().unwrap().as_deref(), Some("of a test"));
        worker.stop();
        assert_eq!(heard.try_recv().unwrap().as_deref(), Some("the end"));
    }

    #[test]
    fn a_worker_that_has_ended_or_panicked_can_still_be_stopped() {
        for panics in [false, true] {
            Worker::start("of a test", move |_| assert!(!panics, "as planned")).unwrap().stop();
        }
    }
}
