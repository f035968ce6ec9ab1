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
