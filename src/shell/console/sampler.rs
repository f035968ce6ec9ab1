//! The thread that explains a few requests a second, off the bid path and at low priority, and keeps how far each came;
//! and that notes the counters once a minute.
//!
//! What it explains it decides on a snapshot apart: nothing is reserved, no budget hears of it. It rests fifty times as
//! long as an explanation took, so that no number of line items makes it take more than two hundredths of a core.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::bidder::{Plan, Snapshot, explain};
use crate::budget::Book;
use crate::openrtb;
use crate::shell::clock;
use crate::shell::console::funnel::Reach;
use crate::shell::console::known::Known;
use crate::shell::console::samples::Sample;
use crate::shell::service::Service;
use crate::shell::worker::{Stop, Worker};

/// How often it looks whether a sample came.
const LOOK: Duration = Duration::from_millis(50);
/// The least time between two samples.
const PAUSE: Duration = Duration::from_millis(200);
/// How many times as long as an explanation took it rests.
const REST: u32 = 50;
/// How long a snapshot apart stands for the live one.
const FRESH: Duration = Duration::from_secs(1);
/// How often the counters are noted.
const NOTE: Duration = Duration::from_secs(60);
/// Least urgent but one.
const NICE: i32 = 18;

/// The thread.
#[derive(Debug)]
pub(in crate::shell) struct Sampler(Worker);

impl Sampler {
    /// Starts it, and opens the console on the ledger in `folder`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub(in crate::shell) fn start(service: Arc<Service>, folder: PathBuf) -> std::io::Result<Self> {
        service.console.open(folder);
        Worker::start("console", move |stop| {
            // Where the system does not let it, it samples all the same.
            let _ = rustix::process::nice(NICE);
            Desk { service, apart: None, random: SmallRng::from_rng(&mut rand::rng()) }.run(stop);
        })
        .map(Self)
    }

    /// Ends it after the explanation that it is at.
    pub(in crate::shell) fn stop(self) {
        self.0.stop();
    }
}

struct Desk {
    service: Arc<Service>,
    apart: Option<Apart>,
    random: SmallRng,
}

/// A snapshot to decide on, and when it was like the live one.
struct Apart {
    made: Instant,
    snapshot: Snapshot,
    /// Where its purses' caps stand.
    _book: Book,
}

impl Apart {
    fn of(service: &Service) -> Self {
        let book = service.book.apart();
        let snapshot = service.snapshot().apart(&book, clock::now());
        Self { made: Instant::now(), snapshot, _book: book }
    }

    fn is_fresh(&self, plan: &Arc<Plan>) -> bool {
        self.made.elapsed() < FRESH && Arc::ptr_eq(&self.snapshot.plan, plan)
    }
}

impl Desk {
    fn run(&mut self, stop: &Stop) {
        let mut noted = Instant::now();
        self.note();
        self.service.console.samples.want_from(Instant::now());
        while !stop.is_set() {
            std::thread::park_timeout(LOOK);
            if noted.elapsed() >= NOTE {
                noted = Instant::now();
                self.note();
            }
            let sample = self.service.console.samples.take();
            if sample.is_none() && self.service.console.samples.is_wanted() {
                continue;
            }
            let began = Instant::now();
            if let Some(sample) = sample {
                self.explain(&sample);
            }
            let rest = (began.elapsed() * REST).max(PAUSE);
            self.service.console.samples.want_from(Instant::now() + rest);
        }
    }

    /// Notes the counters.
    fn note(&self) {
        let counts = self.service.metrics.counts();
        let mut minutes = self.service.console.minutes.lock().unwrap_or_else(PoisonError::into_inner);
        minutes.note(clock::now(), counts);
    }

    /// Explains `sample` and keeps how far it came; what cannot be read any more is dropped.
    fn explain(&mut self, sample: &Sample) {
        let service = &self.service;
        let arena = Bump::new();
        let Ok(request) = openrtb::parse(&sample.body, &arena) else { return };
        let plan = Arc::clone(&service.snapshot().plan);
        let apart = self.apart.take().filter(|apart| apart.is_fresh(&plan));
        let apart = apart.unwrap_or_else(|| Apart::of(service));
        let now = clock::now();
        {
            let snapshot = &apart.snapshot;
            let Some(exchange) = snapshot.plan.exchange(&sample.exchange) else { return };
            let known = Known::of(service, snapshot, exchange, &request, now);
            let ask = known.ask(&request, exchange);
            let (_decision, verdicts) = explain(snapshot, &ask, &mut self.random);
            let reaches = verdicts.iter().map(|verdict| {
                let line_item = &snapshot.plan.catalog.line_items[verdict.line_item];
                (snapshot.plan.campaign(line_item).id, line_item.id, Reach::of(&verdict.outcome))
            });
            service.console.funnel.lock().unwrap_or_else(PoisonError::into_inner).add(now, reaches);
        }
        self.apart = Some(apart);
    }
}
