//! The thread of a running server: it takes what the log says as soon as anybody has written it, and looks at the figures
//! every hour.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::bidder::Plan;
use crate::campaign::Factor;
use crate::feedback::{Change, Log, Settings, suggest};
use crate::pricing::Adjustments;
use crate::shell::clock;
use crate::shell::feedback::{ChangeStore, Contexts, FeedbackError, rows};
use crate::shell::learning::KeptContexts;
use crate::shell::metrics::Page;
use crate::shell::service::Service;
use crate::shell::store::Store;
use crate::shell::worker::{Stop, Worker};
use crate::units::{CampaignId, Millis, UnixMillis};

/// How often the log's counter is looked at.
const LOOK: Duration = Duration::from_millis(500);

/// What follows the log and the figures, without a thread or a clock of its own.
pub struct Follower {
    data: PathBuf,
    /// `None` as long as there is no file: then nothing was ever changed.
    changes: Option<ChangeStore>,
    contexts: Box<dyn Contexts + Send>,
    every: Millis,
    stop: Stop,
    /// The log's counter and the plan's revision of the adjustments that are in force.
    seen: Option<(i64, u64)>,
    next_look: UnixMillis,
}

impl Follower {
    /// Follows the log in `data`, and looks at the figures after each `every` from `now` on.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`] if the log cannot be used.
    pub fn new(
        data: &Path,
        contexts: Box<dyn Contexts + Send>,
        every: Millis,
        now: UnixMillis,
    ) -> Result<Self, FeedbackError> {
        let changes = ChangeStore::existing(data)?;
        Ok(Self {
            data: data.to_owned(),
            changes,
            contexts,
            every,
            stop: Stop::default(),
            seen: None,
            next_look: now.plus(every),
        })
    }

    /// The adjustments for `plan`, if the log or the plan are not those of the last call.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`]; then those of before go on.
    pub fn adjustments(&mut self, plan: &Plan) -> Result<Option<Adjustments>, FeedbackError> {
        if self.changes.is_none() {
            self.changes = ChangeStore::existing(&self.data)?;
        }
        let Some(changes) = &self.changes else { return Ok(None) };
        // Read before the log: what comes between is seen by the next call.
        let found = (changes.counter()?, plan.revision);
        if self.seen == Some(found) {
            return Ok(None);
        }
        let adjustments = Adjustments::of(&changes.log()?, &corridors(plan));
        self.seen = Some(found);
        Ok(Some(adjustments))
    }

    /// Looks at the figures if `now` is the time; the rows that were added to the log, `None` if it is not the time.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`]; the next look is as long away as after any other.
    pub fn tick(&mut self, plan: &Plan, now: UnixMillis) -> Result<Option<Vec<Change>>, FeedbackError> {
        if now < self.next_look {
            return Ok(None);
        }
        self.next_look = now.plus(self.every);
        let goes_on = || !self.stop.is_set();
        let (contexts, settings) = (&*self.contexts, Settings::default());
        let rows = rows(&Store::open(&self.data)?, plan, contexts, &settings, now, &goes_on)?;
        if self.changes.is_none() && suggest(&rows, &settings, &Log::default(), now).is_empty() {
            return Ok(Some(Vec::new()));
        }
        let changes = match &mut self.changes {
            Some(changes) => changes,
            none => none.insert(ChangeStore::open(&self.data)?),
        };
        let news = changes.append(|log| Ok::<_, FeedbackError>(suggest(&rows, &settings, log, now)))?;
        if !news.is_empty() {
            // A connection's counter does not count what it wrote itself.
            self.seen = None;
        }
        Ok(Some(news))
    }
}

/// The corridors of all campaigns.
fn corridors(plan: &Plan) -> HashMap<CampaignId, (Factor, Factor)> {
    plan.catalog.campaigns.iter().map(|campaign| (campaign.id, campaign.learning.corridor)).collect()
}

/// The thread.
#[derive(Debug)]
pub struct FeedbackThread(Worker);

impl FeedbackThread {
    /// Takes what the log in `data` says, then starts the thread: no bid goes out without it. The figures are looked at
    /// after each `every`.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`] if the log cannot be used or the system gives no thread.
    pub fn start(service: Arc<Service>, data: &Path, every: Millis) -> Result<Self, FeedbackError> {
        // The one place where contexts of impressions are plugged in.
        let contexts = Box::new(KeptContexts(data.to_owned()));
        let mut follower = Follower::new(data, contexts, every, clock::now())?;
        follow(&mut follower, &service)?;
        let started = Worker::start("feedback", move |stop| {
            follower.stop = stop.clone();
            while !stop.is_set() {
                std::thread::park_timeout(LOOK);
                let plan = Arc::clone(&service.snapshot().plan);
                match follower.tick(&plan, clock::now()) {
                    Ok(Some(news)) if !news.is_empty() => {
                        tracing::info!(changes = news.len(), "the figures suggest changes");
                    }
                    Ok(_) | Err(FeedbackError::Stopped) => {}
                    Err(error) => {
                        tracing::warn!(%error, hint = error.hint(), "the figures could not be looked at");
                    }
                }
                if let Err(error) = follow(&mut follower, &service) {
                    tracing::warn!(%error, hint = error.hint(), "the changes could not be read, those of before go on");
                }
            }
        });
        started.map(Self).map_err(FeedbackError::Thread)
    }

    /// Ends it; a look that it is in is left off.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// Lets the server bid by what is new.
fn follow(follower: &mut Follower, service: &Service) -> Result<(), FeedbackError> {
    let plan = Arc::clone(&service.snapshot().plan);
    if let Some(adjustments) = follower.adjustments(&plan)? {
        let before = Arc::clone(&service.snapshot().learned.adjustments);
        if *before != adjustments {
            let ((line_items, paused), placements) = (adjustments.counts(), adjustments.placements());
            service.learn(|learned| learned.adjustments = Arc::new(adjustments));
            tracing::info!(line_items, placements, paused, "changes taken");
        }
    }
    Ok(())
}

/// What is in force, for `/metrics`.
pub fn write_metrics(service: &Service, page: &mut Page) {
    let adjustments = Arc::clone(&service.snapshot().learned.adjustments);
    let (line_items, paused) = adjustments.counts();
    page.gauge("encan_feedback_line_items", "Line items that feedback changed.", line_items);
    page.gauge("encan_feedback_line_items_paused", "Line items that feedback paused.", paused);
    let help = "Placements that feedback changed, counted for each line item.";
    page.gauge("encan_feedback_placements", help, adjustments.placements());
}
