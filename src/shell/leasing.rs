//! Keeps the leases: a thread that asks the allocator before a cap runs short, gives back what lies idle, and tells
//! the allocator that this process lives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::budget::{AllocatorError, LeaseTerms, Look, Lot};
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
    /// Starts it. The first round is not its: a bidder asks before it takes requests.
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
                if last.elapsed() >= ROUND {
                    round(&service, Look::Round);
                    last = Instant::now();
                } else if service.book.bell().has_rung() {
                    round(&service, Look::Rung);
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

/// Asks the allocator for what caps want; those that rang, or all.
pub fn round(service: &Service, look: Look) {
    let (book, lot) = (&service.book, Lot { ttl: limits::LEASE_TTL });
    if book.hourglass().is_broken() {
        return;
    }
    // Leases hold from before the question: whoever counts from the answer would hold them longer than was granted.
    let now = clock::steady();
    match service.writer.lease(book.epoch(), book.asks(now, &lot, look), now) {
        Ok(grants) => book.granted(&grants, now.plus(limits::LEASE_TTL)),
        // What is leased may be spent until it runs out; the next round asks again.
        Err(error @ AllocatorError::OutOfReach) => service.metrics.unleased(&error),
        Err(error @ AllocatorError::Ended(epoch)) => {
            service.metrics.unleased(&error);
            book.hourglass().smash();
            tracing::error!(epoch = epoch.raw(), "the leases have ended: no more bids until a restart");
        }
    }
    // An answer that took longer than its leases live is none.
    let _ = book.hourglass().look(clock::steady());
}
