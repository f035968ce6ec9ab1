//! Keeps the leases: a thread that asks the allocator before a cap runs short, gives back what lies idle, and tells
//! the allocator that this process lives.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bidder::Plan;
use crate::budget::{AllocatorError, LeaseTerms, Look, Lot};
use crate::shell::clock;
use crate::shell::metrics::Page;
use crate::shell::service::Service;
use crate::shell::worker::Worker;
use crate::units::{Currency, Millis, Nanos, Rounding, limits};

/// How often the bell is looked at.
const LOOK: Duration = Duration::from_millis(2);
/// How often every cap is looked at, whether the bell rings or not: well within the time that leases live.
const ROUND: Duration = Duration::from_millis(500);

/// How long the slowest notice may take of a bid that is made by `plan`.
#[must_use]
pub fn longest_notice(plan: &Plan) -> Millis {
    plan.exchanges.iter().map(|exchange| exchange.reservation.longest(true)).max().unwrap_or_default()
}

/// How long leases live, where the slowest notice may take `longest_notice`.
#[must_use]
pub fn terms(longest_notice: Millis) -> LeaseTerms {
    LeaseTerms { ttl: limits::LEASE_TTL, longest_notice }
}

/// The thread that keeps the leases.
#[derive(Debug)]
pub struct Leasing(Worker);

impl Leasing {
    /// Starts it. The first round is not its: a bidder asks before it takes requests.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(service: Arc<Service>) -> std::io::Result<Self> {
        Worker::start("leases", move |stop| {
            let mut last = Instant::now();
            while !stop.is_set() {
                std::thread::park_timeout(LOOK);
                if last.elapsed() >= ROUND {
                    round(&service, Look::Round);
                    last = Instant::now();
                } else if service.book.bell().has_rung() {
                    round(&service, Look::Rung);
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

/// Whether leases live, and by how much soft budgets can be passed now, for `/metrics`.
pub fn write_metrics(service: &Service, page: &mut Page) {
    let snapshot = service.snapshot();
    let plan = &snapshot.plan;
    // What is out is copied, and may be much: only where a budget can be passed at all.
    let open = if service.book.has_soft_caps() { service.open.all() } else { Vec::new() };
    let overruns = service.book.overruns(open.iter().map(|(_, reservation)| reservation.reserved));
    let in_euros = overruns.iter().filter_map(|(campaign, over)| {
        let campaign = plan.catalog.campaigns.iter().find(|known| known.id == *campaign)?;
        plan.rates.rate(campaign.currency, Currency::EUR)?.amount(*over, Rounding::Up)
    });
    let euros = in_euros.fold(Nanos::ZERO, Nanos::saturating_add);
    let live = u8::from(!service.book.hourglass().look(clock::steady()));
    page.gauge("encan_leases_live", "1 while what is leased may be spent.", live);
    let help =
        "By how much soft budgets are passed if all bids that are out are billed at their worst, in euros.";
    page.gauge("encan_budget_overrun_possible_euros", help, euros);
    let help = "Campaigns whose soft budgets can be passed by the bids that are out.";
    page.gauge("encan_budget_overrun_possible_campaigns", help, overruns.len());
}
