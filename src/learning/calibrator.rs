//! Learns by how much a model is wrong: predictions against what came, by how high they were.
//!
//! Isotonic regression by pooling adjacent violators (Zadrozny and Elkan, KDD'02), over predictions in bins of a third
//! of an octave, so that memory is bounded and the order of examples means nothing. A block of few outcomes is
//! shrunk: to no correction, and for a campaign to that of all campaigns.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::learning::calibration::Curve;
use crate::learning::model::PSEUDO_OUTCOMES;
use crate::learning::{Calibration, Delays, Example, Prediction};
use crate::units::CampaignId;

/// Bins in an octave of predictions, and in all: down to a millionth.
const BINS_OF_OCTAVE: f64 = 3.0;
const BINS: u8 = 60;

/// Outcomes, expected or come, that a block needs at least, and a campaign for curves of its own.
const BLOCK_OUTCOMES_MIN: f64 = 20.0;

/// What came of predictions about as high as each other.
#[derive(Debug, Clone, Copy, Default)]
struct Bin {
    /// Trials; of conversions each as much as the share that has arrived by its age.
    trials: f64,
    /// What the predictions add up to.
    expected: f64,
    /// What came.
    outcomes: f64,
}

impl Bin {
    fn add(&mut self, other: &Self) {
        self.trials += other.trials;
        self.expected += other.expected;
        self.outcomes += other.outcomes;
    }

    fn rate(&self) -> f64 {
        self.outcomes / self.trials
    }
}

/// Bins by their number; the highest predictions first.
type Bins = BTreeMap<u8, Bin>;

/// Collects what came of the predictions of one model. With another model begins another calibrator.
#[derive(Debug, Clone, Default)]
pub struct Calibrator {
    delays: Delays,
    all: [Bins; 2],
    campaigns: HashMap<CampaignId, [Bins; 2], FixedState>,
}

impl Calibrator {
    /// One that knows nothing; `delays` says which conversions are still to come.
    #[must_use]
    pub fn new(delays: Delays) -> Self {
        Self { delays, ..Self::default() }
    }

    /// Counts what came of `raw`, the prediction for `example` before any calibration, made by a model that had not
    /// learnt of it. Passes over an example whose clicks may still come, and over what is no probability.
    pub fn observe(&mut self, example: &Example, raw: Prediction) {
        if !example.is_ripe() {
            return;
        }
        let click = example.click();
        self.count(example.campaign, 0, raw.ctr, 1.0, click.is_some());
        if let Some(click) = click {
            let arrived = self.delays.arrived(click.watched);
            self.count(example.campaign, 1, raw.cvr, arrived, click.converted.is_some());
        }
    }

    /// Lets the past count `factor` (0 to 1) as much as it did: a half each day forgets in a week.
    pub fn fade(&mut self, factor: f64) {
        let factor = factor.clamp(0.0, 1.0);
        let own = self.campaigns.values_mut().flatten();
        for bin in self.all.iter_mut().chain(own).flat_map(BTreeMap::values_mut) {
            *bin = Bin {
                trials: bin.trials * factor,
                expected: bin.expected * factor,
                outcomes: bin.outcomes * factor,
            };
        }
    }

    /// The corrections as they are now.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        let identity = Curve::default();
        let all = [0, 1].map(|head| curve(&self.all[head], &identity).unwrap_or_default());
        let own = self
            .campaigns
            .iter()
            .map(|(campaign, bins)| (*campaign, [0, 1].map(|head| curve(&bins[head], &all[head]))));
        let campaigns = own.filter(|(_, curves)| curves.iter().any(Option::is_some)).collect();
        Calibration { campaigns, all }
    }

    fn count(&mut self, campaign: CampaignId, head: usize, predicted: f64, trials: f64, came: bool) {
        if !(predicted > 0.0 && predicted <= 1.0) {
            return;
        }
        let bin = Bin { trials, expected: predicted * trials, outcomes: if came { 1.0 } else { 0.0 } };
        let number = number(predicted);
        self.all[head].entry(number).or_default().add(&bin);
        self.campaigns.entry(campaign).or_default()[head].entry(number).or_default().add(&bin);
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "held within the bins")]
fn number(predicted: f64) -> u8 {
    (-predicted.log2() * BINS_OF_OCTAVE).clamp(0.0, f64::from(BINS - 1)) as u8
}

/// The correction that `bins` tell, shrunk to `base`; `None` if they tell too little.
fn curve(bins: &Bins, base: &Curve) -> Option<Curve> {
    let mut knots: Vec<[f32; 2]> = vec![];
    for block in pooled(blocks(bins)?) {
        let predicted = block.expected / block.trials;
        let by_base = base.apply(predicted);
        let factor = (block.outcomes + PSEUDO_OUTCOMES) / (by_base * block.trials + PSEUDO_OUTCOMES);
        let corrected = single((by_base * factor).min(1.0));
        // Shrinking may turn two blocks round again: the higher one follows the lower.
        let corrected = knots.last().map_or(corrected, |last| corrected.max(last[1]));
        knots.push([single(predicted), corrected]);
    }
    knots.dedup_by(|later, earlier| later[0] <= earlier[0]);
    Curve::new(knots)
}

/// Neighbouring bins together until each has enough outcomes, the lowest predictions first; `None` if all have too few.
fn blocks(bins: &Bins) -> Option<Vec<Bin>> {
    let is_enough = |block: &Bin| block.expected.max(block.outcomes) >= BLOCK_OUTCOMES_MIN;
    let mut blocks: Vec<Bin> = vec![];
    let mut open = Bin::default();
    for bin in bins.values().rev() {
        open.add(bin);
        if is_enough(&open) {
            blocks.push(std::mem::take(&mut open));
        }
    }
    // What is left over belongs to the highest block.
    blocks.last_mut()?.add(&open);
    Some(blocks)
}

/// Pools adjacent blocks until rates rise.
fn pooled(blocks: Vec<Bin>) -> Vec<Bin> {
    let mut rising: Vec<Bin> = vec![];
    for mut block in blocks {
        while let Some(last) = rising.pop_if(|last| last.rate() >= block.rate()) {
            block.add(&last);
        }
        rising.push(block);
    }
    rising
}

#[expect(clippy::cast_possible_truncation, reason = "the last digits of a probability say nothing")]
const fn single(probability: f64) -> f32 {
    probability as f32
}
