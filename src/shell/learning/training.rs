//! The trainer: a thread of low priority that learns of what became known, a page at a time, judges the model that comes
//! of it, and puts an accepted one in use. It also looks once a second whether a person put another one in its place.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::learning::{CLICK_RIPE, Delays, Example, Model, Refusal, Verdict};
use crate::shell::clock;
use crate::shell::learning::examples::{Examples, ExamplesError, tells_anything};
use crate::shell::learning::files::Sign;
use crate::shell::learning::models::{Found, Models};
use crate::shell::learning::workshop::{HeldOut, Workshop};
use crate::shell::learning::{Contexts, Trial};
use crate::shell::service::Service;
use crate::shell::worker::{Stop, Worker};
use crate::units::{BidId, UnixMillis};

/// How often the file of the model is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// Between two pages of examples, so that one core is never taken for long.
const REST: Duration = Duration::from_millis(20);
/// How long a workshop is used: the next one is told of conversions that came late.
const ANEW: Duration = Duration::from_secs(24 * 3_600);
/// Impressions that are learnt from at most, the newest ones.
const EXAMPLES_MAX: u64 = 5_000_000;
/// How much lower than everything else.
const NICE: i32 = 10;

/// The thread.
#[derive(Debug)]
pub struct Training(Worker);

impl Training {
    /// Starts it; with `every` 0 nothing is trained, and models that a person trains are taken all the same.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(service: Arc<Service>, folder: PathBuf, every: Duration) -> std::io::Result<Self> {
        let mut desk = Desk {
            service,
            models: Models::new(&folder),
            folder,
            known: None,
            current: None,
            bench: None,
            last_words: None,
            stop: Stop::default(),
        };
        // Before the first request.
        desk.look();
        let thread = Worker::start("training", move |stop| {
            // Where the system does not let it, it trains all the same.
            let _ = rustix::process::nice(NICE);
            desk.stop = stop.clone();
            desk.run(every);
        })?;
        Ok(Self(thread))
    }

    /// Ends it after the page that it is at.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// A workshop, and how far it has read.
struct Bench {
    workshop: Workshop,
    begun: Instant,
    after: Option<BidId>,
}

struct Desk {
    service: Arc<Service>,
    folder: PathBuf,
    models: Models,
    /// The file that was looked at last.
    known: Option<Sign>,
    current: Option<Model>,
    bench: Option<Bench>,
    /// What was said of the last model that was refused: said once.
    last_words: Option<String>,
    stop: Stop,
}

impl Desk {
    fn run(&mut self, every: Duration) {
        let mut trained = Instant::now();
        while !self.is_ending() {
            std::thread::park_timeout(LOOK);
            self.look();
            if !every.is_zero() && trained.elapsed() >= every && !self.is_ending() {
                if let Err(error) = self.train() {
                    // A server that has billed nothing yet has nothing to train on.
                    if !error.is_missing() {
                        tracing::warn!(%error, "nothing was trained: tried again later");
                    }
                }
                trained = Instant::now();
            }
        }
    }

    fn is_ending(&self) -> bool {
        self.stop.is_set()
    }

    /// Takes the model that is in the folder, if it is another one. A broken one is refused, and the one in memory goes on.
    fn look(&mut self) {
        let sign = self.models.sign();
        if sign == self.known {
            return;
        }
        self.known = sign;
        match self.models.current() {
            Ok(found) => self.take(found),
            Err(error) => {
                self.service.learning.refused_file();
                tracing::warn!(%error, "the model is refused: the one in memory goes on");
            }
        }
    }

    fn take(&mut self, found: Option<Found>) {
        let model = found.as_ref().map(|found| Arc::new(found.model.clone()));
        match &found {
            Some(found) => tracing::info!(version = found.version, "a model is in use"),
            None if self.current.is_some() => tracing::info!("no model is in use any more"),
            None => {}
        }
        self.service.learning.in_use(found.as_ref());
        self.current = found.map(|found| found.model);
        self.service.learn(|learned| learned.model = model);
    }

    /// Learns of what became known, and judges the model that comes of it.
    fn train(&mut self) -> Result<(), ExamplesError> {
        let now = clock::now();
        let examples = Examples::open(&self.folder, now)?;
        let Some((count, first, last)) = examples.span()? else { return Ok(()) };
        let until = now.minus(CLICK_RIPE);
        if self.bench.as_ref().is_none_or(|bench| bench.begun.elapsed() >= ANEW) {
            let after = beginning(count, first, last);
            let delays = self.delays(&examples, after, until)?;
            let workshop = Workshop::new(delays, HeldOut::Fifth);
            self.bench = Some(Bench { workshop, begun: Instant::now(), after });
        }
        let learnt = self.read(&examples, until)?;
        if learnt == 0 || self.is_ending() {
            return Ok(());
        }
        self.judge(examples.contexts(), now);
        Ok(())
    }

    /// How long conversions take, by the clicks that are known.
    fn delays(
        &self,
        examples: &Examples,
        mut after: Option<BidId>,
        until: UnixMillis,
    ) -> Result<Delays, ExamplesError> {
        let mut clicked: Vec<Example> = Vec::new();
        while !self.is_ending() {
            let page = examples.page(after, until)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            clicked.extend(page.iter().map(|(_, example)| *example).filter(Example::is_clicked));
            std::thread::park_timeout(REST);
        }
        Ok(Delays::of(&clicked))
    }

    /// Hands the workshop what is new; how much that was.
    fn read(&mut self, examples: &Examples, until: UnixMillis) -> Result<usize, ExamplesError> {
        let mut count = 0;
        while !self.stop.is_set() {
            let Some(bench) = &mut self.bench else { break };
            let page = examples.page(bench.after, until)?;
            let Some((last, _)) = page.last() else { break };
            bench.after = Some(*last);
            for (_, example) in page.iter().filter(|(_, example)| tells_anything(&example.features)) {
                bench.workshop.take(*example);
                count += 1;
            }
            self.service.learning.trained_on(page.len());
            std::thread::park_timeout(REST);
            self.look();
        }
        Ok(count)
    }

    fn judge(&mut self, contexts: &Contexts, now: UnixMillis) {
        let Some(bench) = &self.bench else { return };
        let candidate = bench.workshop.candidate(self.current.as_ref());
        self.service.learning.judged(&candidate.judgement.verdict);
        let words = match &candidate.judgement.verdict {
            Verdict::Accept => match self.models.install(&candidate.model) {
                Ok(()) => {
                    self.look();
                    accepted(bench_counts(self.bench.as_ref()))
                }
                Err(error) => {
                    tracing::warn!(%error, "a model that was accepted cannot be written");
                    return;
                }
            },
            // Nothing is wrong: it is too early to tell.
            Verdict::Refuse(Refusal::TooFew { .. }) => return,
            Verdict::Refuse(refusal) => refusal.to_string(),
        };
        let accepted = candidate.judgement.verdict == Verdict::Accept;
        let is_said = self.last_words.as_ref() == Some(&words);
        if !accepted && !is_said {
            tracing::warn!(error = words, "a new model is refused: the former one goes on");
        }
        self.last_words = Some(words.clone());
        if !is_said {
            let trial = Trial { at: now.raw(), by_server: true, accepted, words };
            if let Err(error) = contexts.remember(&trial) {
                tracing::warn!(%error, "how a model was judged cannot be kept");
            }
        }
    }
}

fn bench_counts(bench: Option<&Bench>) -> (usize, usize) {
    bench.map(|bench| bench.workshop.counts()).unwrap_or_default()
}

/// What is said of a model that is taken.
#[must_use]
pub fn accepted((learnt, held_out): (usize, usize)) -> String {
    format!("learnt from {learnt} impressions, judged on {held_out} newer ones")
}

/// Behind which bid to begin, so that about as many impressions follow as are learnt from at most.
fn beginning(count: u64, first: BidId, last: BidId) -> Option<BidId> {
    if count <= EXAMPLES_MAX {
        return None;
    }
    // As though they came evenly.
    let (from, to) = (i128::from(first.minted_at().raw()), i128::from(last.minted_at().raw()));
    let start = to - (to - from) * i128::from(EXAMPLES_MAX) / i128::from(count);
    Some(BidId::mint(UnixMillis::from_raw(i64::try_from(start).unwrap_or(0)), 0))
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLES_MAX, beginning};
    use crate::units::{BidId, UnixMillis};

    #[test]
    fn the_newest_impressions_are_learnt_from_where_there_are_too_many() {
        let bid = |at| BidId::mint(UnixMillis::from_raw(at), 0);
        assert_eq!(beginning(EXAMPLES_MAX, bid(0), bid(1_000)), None);
        assert_eq!(beginning(EXAMPLES_MAX * 4, bid(0), bid(1_000)), Some(bid(750)));
    }
}
