//! What learning counts, and its text for Prometheus. Labels come from enums.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::landscape::{Arm, Arms};
use crate::learning::{Refusal, Verdict};
use crate::shell::learning::kept::{Kept, Samples};
use crate::shell::learning::models::Found;
use crate::shell::metrics::Page;
use crate::shell::service::Service;
use crate::units::{Currency, Nanos, Rounding};

/// What becomes of a new model, in the order of the counters.
const VERDICTS: [&str; 6] = ["accepted", "broken", "too_few", "miscalibrated", "worse", "unreadable"];
const UNREADABLE: usize = 5;

/// What is known of learning.
#[derive(Debug, Default)]
pub struct Learning {
    verdicts: [AtomicU64; VERDICTS.len()],
    trained: AtomicU64,
    /// When the model in use was written, in milliseconds since 1970; 0 = there is none.
    model: AtomicI64,
    taught: Mutex<Taught>,
}

#[derive(Debug, Default)]
struct Taught {
    samples: Samples,
    segments: u64,
    arms: Arms,
}

impl Learning {
    /// A new model was judged.
    pub fn judged(&self, verdict: &Verdict) {
        let at = match verdict {
            Verdict::Accept => 0,
            Verdict::Refuse(Refusal::Broken(_)) => 1,
            Verdict::Refuse(Refusal::TooFew { .. }) => 2,
            Verdict::Refuse(Refusal::Miscalibrated { .. }) => 3,
            Verdict::Refuse(Refusal::Worse { .. }) => 4,
        };
        self.verdicts[at].fetch_add(1, Ordering::Relaxed);
    }

    /// The file of a model cannot be used.
    pub fn refused_file(&self) {
        self.verdicts[UNREADABLE].fetch_add(1, Ordering::Relaxed);
    }

    /// Examples were read to train on.
    pub fn trained_on(&self, count: usize) {
        self.trained.fetch_add(count as u64, Ordering::Relaxed);
    }

    /// A model is in use, or none.
    pub fn in_use(&self, found: Option<&Found>) {
        self.model.store(found.map_or(0, |found| found.written.raw().max(1)), Ordering::Relaxed);
    }

    /// What the learner knows, and of how many segments.
    pub fn taught(&self, kept: &Kept, segments: usize) {
        let arms = kept.landscapes.arms().clone();
        let taught = Taught { samples: kept.samples, segments: segments as u64, arms };
        *self.taught.lock().unwrap_or_else(PoisonError::into_inner) = taught;
    }
}

/// Everything, for `/metrics`.
pub fn write_metrics(service: &Service, page: &mut Page) {
    let (learning, counts) = (&service.learning, &service.lessons.counts);
    let taught = learning.taught.lock().unwrap_or_else(PoisonError::into_inner);
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let Samples { exact, won, lost } = taught.samples;
    let help = "Outcomes learnt from for the price to beat, by what they told.";
    let mut samples = page.counters("encan_learning_samples_total", help);
    for (told, count) in [("exact", exact), ("won", won), ("lost", lost)] {
        samples.sample(&[("told", told)], count);
    }
    let help = "Messages to the slow loop that were dropped, for it was behind.";
    let mut dropped = page.counters("encan_learning_messages_dropped_total", help);
    for (queue, counter) in [("outcomes", &counts.dropped), ("contexts", &counts.not_kept)] {
        dropped.sample(&[("queue", queue)], read(counter));
    }
    let help = "Models judged, and files of models that could not be read, by verdict.";
    let mut trials = page.counters("encan_model_trials_total", help);
    for (verdict, counter) in VERDICTS.iter().zip(&learning.verdicts) {
        trials.sample(&[("verdict", verdict)], read(counter));
    }
    for (name, help, counter) in [
        ("encan_contexts_written_total", "Billed impressions and names kept to train on.", &counts.kept),
        ("encan_training_examples_total", "Impressions that were read to train on.", &learning.trained),
        (
            "encan_bids_exploring_total",
            "Bids above the best price, or for what nobody vouches for, to learn.",
            &counts.explored,
        ),
    ] {
        page.counter(name, help, read(counter));
    }
    let written = learning.model.load(Ordering::Relaxed);
    let is_used = u8::from(written != 0);
    page.gauge("encan_lessons_open", "Bids whose outcome will teach.", service.lessons.len());
    let help = "Kinds of impressions whose price to beat is learnt.";
    page.gauge("encan_landscape_segments", help, taught.segments);
    page.gauge("encan_model_in_use", "1 while a model of chances is in use.", is_used);
    let help = "When the model in use was written, in seconds since 1970; 0 without one.";
    page.gauge("encan_model_written_timestamp_seconds", help, written / 1_000);
    write_arms(service, &taught.arms, page);
}

/// Bids in first-price auctions by whether they were shaded, over all exchanges; amounts in euros.
fn write_arms(service: &Service, arms: &Arms, page: &mut Page) {
    let snapshot = service.snapshot();
    let (mut bids, mut wins, mut paid) = ([0_u64; 3], [0_u64; 3], [Nanos::ZERO; 3]);
    for (_, currency, sums) in arms.rows() {
        for (at, sums) in sums.iter().enumerate() {
            bids[at] += sums.bids;
            wins[at] += sums.wins;
            // A micro per thousand is a nano an impression.
            let amount = Nanos::from_raw(i64::try_from(sums.paid).unwrap_or(i64::MAX));
            let euros = snapshot.plan.rates.rate(currency, Currency::EUR);
            let euros = euros.and_then(|rate| rate.amount(amount, Rounding::Up)).unwrap_or(Nanos::ZERO);
            paid[at] = paid[at].saturating_add(euros);
        }
    }
    let arm = |arm: Arm| match arm {
        Arm::Control => "control",
        Arm::Shaded => "shaded",
        Arm::Explored => "explored",
    };
    for (name, help, values) in [
        (
            "encan_shading_bids_total",
            "Bids that could be shaded and ended, by arm.",
            bids.map(|n| n.to_string()),
        ),
        ("encan_shading_wins_total", "Those of them that were billed, by arm.", wins.map(|n| n.to_string())),
        ("encan_shading_paid_euros_total", "What those cost in media, by arm.", paid.map(|n| n.to_string())),
    ] {
        let mut family = page.counters(name, help);
        for (at, value) in Arm::ALL.iter().zip(values) {
            family.sample(&[("arm", arm(*at))], value);
        }
    }
}
