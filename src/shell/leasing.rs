//! Keeps the leases: a thread that asks the allocator before a cap runs short, gives back what lies idle, and tells
//! the allocator that this process lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::budget::{LeaseTerms, Lot};
use crate::shell::clock;
use crate::shell::service::Service;
use crate::units::{Millis, limits};

/// How often the bell is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// How often every cap is looked at, whether the bell rings or not: well within the time that leases live.
const ROUND: Duration = Duration::from_millis(500);

/// How long leases live, where the slowest notice may take `longest_notice`.
#[must_use]
pub fn terms(longest_notice: Millis) -> LeaseTerms {
    LeaseTerms { ttl: limits::LEASE_TTL, longest_notice }
}

/// The thread that keeps the leases.
#[derive(Debug)]
pub struct Leasing {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Leasing {
    /// Starts it, after a first round: when this returns, every cap has what it may have.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(service: Arc<Service>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("leases".to_owned()).spawn(move || {
            let mut last = Instant::now();
            while !stopped.load(Ordering::Acquire) {
                std::thread::park_timeout(LOOK);
                if service.book.bell().has_rung() || last.elapsed() >= ROUND {
                    round(&service, last.elapsed());
                    last = Instant::now();
                }
            }
        })?;
        Ok(Self { stop, thread })
    }

    /// Ends it after the round that it is in.
    pub fn stop(self) {
        self.stop.store(true, Ordering::Release);
        self.thread.thread().unpark();
        // A panic in it was told when it happened.
        let _ = self.thread.join();
    }
}

/// Asks for what every cap wants, `elapsed` after the last time.
pub fn round(service: &Service, elapsed: Duration) {
    let lot = Lot { ttl: limits::LEASE_TTL };
    let elapsed = Millis::from_raw(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX).max(1));
    let asks = service.book.asks(elapsed, &lot);
    match service.writer.lease(service.book.epoch(), asks, clock::steady()) {
        Ok(grants) => service.book.granted(&grants),
        // What is leased may be spent; the next round asks again.
        Err(error) => service.metrics.unleased(&error),
    }
}
