//! Where models are made: examples come in the order of time. The newest are held out, to judge a model on; those before
//! them wait to calibrate it; all others it is made of. So each is judged on first, calibrated with later, and learnt from
//! in the end.
//!
//! Calibrated is with what the model has not seen: what it said of an example just before learning of it will not do, for
//! the first of those sayings know nothing, and the correction that they ask for is no more needed later.

use std::collections::VecDeque;

use crate::learning::{Calibrator, Delays, Example, Judgement, Model, Options, Trainer, judge};
use crate::units::UnixMillis;

/// Held-out examples at most: enough to tell models apart, 50 MB.
const HELD_MAX: usize = 300_000;
/// Examples that calibrate, at most, and their part of all that came.
const WAITING_MAX: usize = 200_000;
const WAITING_PART: usize = 10;

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
    delays: Delays,
    rule: HeldOut,
    /// To judge on.
    held: VecDeque<Example>,
    /// To calibrate with, before they are learnt from.
    waiting: VecDeque<Example>,
    came: usize,
}

impl Workshop {
    /// An empty one; `delays` says which conversions are still to come.
    #[must_use]
    pub fn new(delays: Delays, rule: HeldOut) -> Self {
        Self {
            trainer: Trainer::new(Options::default(), delays.clone()),
            delays,
            rule,
            held: VecDeque::new(),
            waiting: VecDeque::new(),
            came: 0,
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
            self.waiting.extend(self.held.pop_front());
        }
        while self.waiting.len() > (self.came / WAITING_PART).min(WAITING_MAX) {
            if let Some(first) = self.waiting.pop_front() {
                let _ = self.trainer.learn(&first);
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

    /// How many examples a model is made of or calibrated with, and how many are held out.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.came - self.held.len(), self.held.len())
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
        let model = self.trainer.model();
        let mut calibrator = Calibrator::new(self.delays.clone());
        for example in &self.waiting {
            let features = &example.features;
            calibrator.observe(example, model.uncalibrated(model.request_part(features), features));
        }
        let model = model.with_calibration(calibrator.calibration());
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
        let since = HeldOut::Since(UnixMillis::from_raw(7_000_000));
        for (rule, held, calibrate) in
            [(HeldOut::Fifth, 2_000, 1_000), (HeldOut::Newest(1_500), 1_500, 1_000), (since, 3_000, 700)]
        {
            let workshop = filled(rule, 10_000);
            assert_eq!(workshop.counts(), (10_000 - held, held), "{rule:?}");
            let end = workshop.candidate(None).model.span().map(|span| span.to.raw() / 1_000 + 1);
            let learnt = i64::try_from(10_000 - held - calibrate).unwrap();
            assert_eq!(end, Some(learnt), "{rule:?}: those before the held-out ones calibrate");
        }
        let all_held = filled(HeldOut::Newest(20_000), 10_000);
        assert_eq!((all_held.counts(), all_held.candidate(None).model.span()), ((0, 10_000), None));
    }

    #[test]
    fn what_a_model_said_before_it_knew_anything_does_not_count_against_it() {
        let judged = filled(HeldOut::Fifth, 10_000).candidate(None).judgement;
        assert_eq!(judged.verdict, Verdict::Accept, "{judged:?}");
        let calibration = judged.new.clicks.calibration().unwrap();
        assert!((0.8..1.25).contains(&calibration), "{calibration}");
    }

    #[test]
    fn an_example_whose_clicks_may_still_come_is_passed_over() {
        let mut workshop = filled(HeldOut::Fifth, 10);
        let young = Example { observed: UnixMillis::from_raw(11_000), ..example(10) };
        workshop.take(young);
        assert_eq!(workshop.counts(), (8, 2));
    }

    #[test]
    fn two_models_are_compared_on_what_neither_was_made_of() {
        let old = filled(HeldOut::Newest(1_000), 10_000).candidate(None).model;
        let new = filled(HeldOut::Newest(4_000), 11_000).candidate(Some(&old));
        // Of the 4,000 that are held out, the old one was made of 1,000.
        assert_eq!(new.judgement.new.clicks.examples, 3_000);
        assert_eq!(new.judgement.old.map(|old| old.clicks.examples), Some(3_000));
    }
}
