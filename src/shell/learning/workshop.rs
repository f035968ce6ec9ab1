//! Where models are made: examples come in the order of time, wait as held-out ones until newer ones come, and are learnt
//! then. So each is first what a model is judged on, and only later what one is made of.

use std::collections::VecDeque;

use crate::learning::{Calibrator, Delays, Example, Judgement, Model, Options, Trainer, judge};
use crate::units::UnixMillis;

/// Held-out examples at most: enough to tell models apart, 50 MB.
const HELD_MAX: usize = 300_000;
/// How much of what was learnt about calibration is left after a day of examples.
const FADED_BY_DAY: f64 = 0.5;
const DAY_MILLIS: i64 = 86_400_000;

/// Which examples are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldOut {
    /// The newest: this many.
    Newest(usize),
    /// The newest fifth of all that came.
    Fifth,
    /// Those of impressions at or after this instant.
    Since(UnixMillis),
}

/// A model, and how it did.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The model.
    pub model: Model,
    /// Against the one in use, on what is held out.
    pub judgement: Judgement,
}

/// Examples on their way into a model.
#[derive(Debug)]
pub struct Workshop {
    trainer: Trainer,
    calibrator: Calibrator,
    delays: Delays,
    rule: HeldOut,
    held: VecDeque<Example>,
    came: usize,
    learnt: usize,
    /// The day of the last example that was learnt.
    day: Option<i64>,
}

impl Workshop {
    /// An empty one; `delays` says which conversions are still to come.
    #[must_use]
    pub fn new(delays: Delays, rule: HeldOut) -> Self {
        Self {
            trainer: Trainer::new(Options::default(), delays.clone()),
            calibrator: Calibrator::new(delays.clone()),
            delays,
            rule,
            held: VecDeque::new(),
            came: 0,
            learnt: 0,
            day: None,
        }
    }

    /// Takes the next example, in the order of time. One whose clicks may still come is passed over.
    pub fn take(&mut self, example: Example) {
        if !example.is_ripe() {
            return;
        }
        self.came += 1;
        self.held.push_back(example);
        while self.held.front().is_some_and(|first| self.is_over(first)) {
            if let Some(first) = self.held.pop_front() {
                self.learn(&first);
            }
        }
    }

    fn is_over(&self, first: &Example) -> bool {
        let count = self.held.len();
        let fits = match self.rule {
            HeldOut::Newest(most) => count <= most,
            HeldOut::Fifth => count <= self.came.div_ceil(5),
            HeldOut::Since(start) => first.at >= start,
        };
        !fits || count > HELD_MAX
    }

    fn learn(&mut self, example: &Example) {
        let day = example.at.raw().div_euclid(DAY_MILLIS);
        if self.day.is_some_and(|known| day > known) {
            self.calibrator.fade(FADED_BY_DAY);
        }
        self.day = Some(self.day.map_or(day, |known| known.max(day)));
        // The prediction is of a model that had not learnt of it yet: what calibration is made of.
        if let Some(before) = self.trainer.learn(example) {
            self.calibrator.observe(example, before);
            self.learnt += 1;
        }
    }

    /// How many examples came, and how many of them are learnt; the others are held out.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.came, self.learnt)
    }

    /// How long conversions take.
    #[must_use]
    pub fn delays(&self) -> &Delays {
        &self.delays
    }

    /// The model of what is learnt so far, held against `old` on what is held out.
    #[must_use]
    pub fn candidate(&self, old: Option<&Model>) -> Candidate {
        let model = self.trainer.model().with_calibration(self.calibrator.calibration());
        let judgement = judge(&model, old, &self.held);
        let model = model.with_measured(judgement.new);
        Candidate { model, judgement }
    }
}
