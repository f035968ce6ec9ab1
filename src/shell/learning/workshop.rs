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

    /// The model of what is learnt so far, held against `old` on what is held out, and is newer than what `old` was made
    /// of.
    #[must_use]
    pub fn candidate(&self, old: Option<&Model>) -> Candidate {
        let model = self.trainer.model().with_calibration(self.calibrator.calibration());
        let known = old.and_then(Model::span).map(|span| span.to);
        let is_new_to_both = |example: &&Example| known.is_none_or(|known| example.at > known);
        let judgement = judge(&model, old, self.held.iter().filter(is_new_to_both));
        let model = model.with_measured(judgement.new);
        Candidate { model, judgement }
    }
}

#[cfg(test)]
mod tests {
    use super::{HeldOut, Workshop};
    use crate::learning::{Delays, Example, Features, Field, Verdict};
    use crate::units::{CampaignId, LineItemId, Millis, Nanos, UnixMillis};

    /// Every fifth impression of outlet 1 is clicked, every hundredth of outlet 2.
    fn example(at: i64) -> Example {
        let mut features = Features::default();
        let is_first = at % 2 == 0;
        features.0[Field::Outlet as usize] = if is_first { 1 } else { 2 };
        let is_clicked = (at / 2) % (if is_first { 5 } else { 100 }) == 0;
        Example {
            features,
            campaign: CampaignId::from_slug("c"),
            line_item: LineItemId::from_slug("c/l"),
            at: UnixMillis::from_raw(at * 1_000),
            observed: UnixMillis::from_raw(at * 1_000 + 86_400_000),
            clicked: is_clicked.then_some(Millis::from_seconds(5)),
            converted: None,
            value: Nanos::ZERO,
        }
    }

    fn filled(rule: HeldOut, count: i64) -> Workshop {
        let mut workshop = Workshop::new(Delays::default(), rule);
        (0..count).for_each(|at| workshop.take(example(at)));
        workshop
    }

    #[test]
    fn the_newest_are_held_out_and_the_others_learnt() {
        for (rule, learnt) in [
            (HeldOut::Fifth, 8_000),
            (HeldOut::Newest(1_500), 8_500),
            (HeldOut::Since(UnixMillis::from_raw(7_000_000)), 7_000),
            (HeldOut::Newest(20_000), 0),
        ] {
            let workshop = filled(rule, 10_000);
            assert_eq!(workshop.counts(), (10_000, learnt), "{rule:?}");
            let end = workshop.candidate(None).model.span().map(|span| span.to.raw() / 1_000 + 1);
            assert_eq!(end.unwrap_or(0), i64::try_from(learnt).unwrap(), "{rule:?}");
        }
    }

    #[test]
    fn an_example_whose_clicks_may_still_come_is_passed_over() {
        let mut workshop = filled(HeldOut::Fifth, 10);
        let young = Example { observed: UnixMillis::from_raw(11_000), ..example(10) };
        workshop.take(young);
        assert_eq!(workshop.counts().0, 10);
    }

    #[test]
    fn two_models_are_compared_on_what_neither_was_made_of() {
        let old = filled(HeldOut::Newest(1_000), 10_000).candidate(None).model;
        let new = filled(HeldOut::Newest(3_000), 11_000).candidate(Some(&old));
        // Of the 3,000 that are held out, the old one was made of 1,000.
        assert_eq!(new.judgement.new.clicks.examples, 2_000);
        assert_eq!(new.judgement.verdict, Verdict::Accept, "{:?}", new.judgement);
    }
}
