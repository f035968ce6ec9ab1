//! Makes models: logistic regression over hashed fields, learnt example by example with FTRL-proximal.
//!
//! Source: McMahan et al., "Ad click prediction: a view from the trenches", KDD'13, algorithm 1: a rate of its own for
//! each coordinate, L1 so that rare values stay out of the model, L2. Conversions that have not come yet are no
//! refusals: a click that was watched for an age by which the share F of conversions arrives has converted with chance p
//! F, and the likelihood of just that is followed (Chapelle, KDD'14, with a curve in place of his exponential).
//!
//! Deterministic: the same examples in the same order give the same model, bit by bit, on the same build.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use strum::VariantArray;

use crate::learning::model::Learnt;
use crate::learning::weight::{Entry, Key};
use crate::learning::{
    BITS_MAX, CROSSES, Calibration, Delays, Example, FIELDS, Features, Field, Model, Prediction, Seen, Span,
    cross,
};
use crate::units::{CampaignId, LineItemId};

/// How fast and how cautiously weights are learnt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// The rate of the first steps; above 0.
    pub alpha: f64,
    /// How long they stay large; above 0.
    pub beta: f64,
    /// What a value has to show before it gets a weight: surplus clicks, roughly. At least 0.
    pub l1: f64,
    /// How strongly weights are held at 0; at least 0.
    pub l2: f64,
}

/// How a model is trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// 2 to this are the weights; held within 1 to [`BITS_MAX`].
    pub bits: u32,
    /// For clicks.
    pub clicks: Rates,
    /// For conversions.
    pub conversions: Rates,
    /// Clicks per impression before anything is known; within 0 and 1.
    pub prior_ctr: f64,
    /// Conversions per click before anything is known; within 0 and 1.
    pub prior_cvr: f64,
}

impl Default for Options {
    /// 2^22 weights, and rates that do well on planted truths between 10,000 and a million impressions.
    fn default() -> Self {
        Self {
            bits: 22,
            clicks: Rates { alpha: 0.1, beta: 1.0, l1: 0.5, l2: 1.0 },
            conversions: Rates { alpha: 0.1, beta: 1.0, l1: 0.5, l2: 1.0 },
            prior_ctr: 0.001,
            prior_cvr: 0.05,
        }
    }
}

/// The state of one weight: the sum of its gradients, as the algorithm keeps it, and of their squares.
#[derive(Debug, Clone, Copy, Default)]
struct Coordinate {
    z: f64,
    n: f64,
}

impl Coordinate {
    fn weight(&self, rates: &Rates) -> f64 {
        let beyond = self.z.abs() - rates.l1;
        if beyond <= 0.0 {
            return 0.0;
        }
        -self.z.signum() * beyond / ((rates.beta + self.n.sqrt()) / rates.alpha + rates.l2)
    }

    fn step(&mut self, gradient: f64, rates: &Rates) {
        let square = gradient * gradient;
        let sigma = ((self.n + square).sqrt() - self.n.sqrt()) / rates.alpha;
        self.z += gradient - sigma * self.weight(rates);
        self.n += square;
    }
}

/// A slot that some value has come to.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// For clicks, and for conversions.
    coordinates: [Coordinate; 2],
    entry: Entry,
}

/// Places of an example's slots; 0 = not told.
type Places = [usize; FIELDS + CROSSES.len()];

const CLICK: usize = 0;
const CONVERSION: usize = 1;

/// Learns from examples. About 100 bytes for each value that it meets, and 4 for each possible weight.
#[derive(Debug, Clone)]
pub struct Trainer {
    options: Options,
    delays: Delays,
    /// By slot its place in `slots`, from 1; 0 = nothing came there.
    places: Vec<u32>,
    slots: Vec<Slot>,
    bias: [Coordinate; 2],
    campaigns: HashMap<CampaignId, Seen, FixedState>,
    line_items: HashMap<LineItemId, Seen, FixedState>,
    span: Option<Span>,
}

impl Trainer {
    /// One that knows nothing; `delays` says which conversions are still to come.
    #[must_use]
    pub fn new(options: Options, delays: Delays) -> Self {
        let options = Options { bits: options.bits.clamp(1, BITS_MAX), ..options };
        Self {
            options,
            delays,
            places: vec![0; 1 << options.bits],
            slots: vec![],
            bias: [Coordinate::default(); 2],
            campaigns: HashMap::default(),
            line_items: HashMap::default(),
            span: None,
        }
    }

    /// Learns of `example`, and says what it would have predicted before; `None`, and nothing is learnt, while its clicks
    /// may still come (see [`Example::is_ripe`]).
    ///
    /// Each example once, in the order of time. One whose conversion came later may be learnt anew by a new trainer only.
    pub fn learn(&mut self, example: &Example) -> Option<Prediction> {
        if !example.is_ripe() {
            return None;
        }
        let places = self.places(&example.features);
        self.count(example, &places);
        Some(self.follow(example, &places))
    }

    /// Another pass over an example that was learnt of: its weights alone move, what was seen is counted once.
    pub fn again(&mut self, example: &Example) {
        if example.is_ripe() {
            let places = self.places(&example.features);
            self.follow(example, &places);
        }
    }

    /// The model as it is now, not calibrated.
    #[must_use]
    pub fn model(&self) -> Model {
        let offset = [log_odds(self.options.prior_ctr), log_odds(self.options.prior_cvr)];
        let bias = [CLICK, CONVERSION]
            .map(|head| single(offset[head] + self.bias[head].weight(&self.unbound(head))));
        let mut weights = vec![[0.0; 2]; 1 << self.options.bits];
        let mut entries = vec![];
        for slot in &self.slots {
            let pair =
                [CLICK, CONVERSION].map(|head| single(slot.coordinates[head].weight(self.rates(head))));
            if pair.iter().any(|weight| *weight != 0.0) {
                weights[slot.entry.slot as usize] = pair;
                entries.push(slot.entry);
            }
        }
        entries.sort_by_key(|entry| entry.slot);
        let learnt = Learnt {
            bits: self.options.bits,
            bias,
            weights,
            entries,
            campaigns: self.campaigns.clone(),
            line_items: self.line_items.clone(),
            delays: self.delays.clone(),
            span: self.span,
        };
        Model { learnt: Arc::new(learnt), calibration: Arc::new(Calibration::default()), measured: None }
    }

    /// Predicts, then moves the weights.
    fn follow(&mut self, example: &Example, places: &Places) -> Prediction {
        let before = Prediction { ctr: self.chance(CLICK, places), cvr: self.chance(CONVERSION, places) };
        let click = example.click();
        self.step(CLICK, places, before.ctr - if click.is_some() { 1.0 } else { 0.0 });
        if let Some(click) = click {
            let gradient = match click.converted {
                Some(_) => before.cvr - 1.0,
                None => not_yet(before.cvr, self.delays.arrived(click.watched)),
            };
            self.step(CONVERSION, places, gradient);
        }
        before
    }

    fn chance(&self, head: usize, places: &Places) -> f64 {
        let prior = if head == CLICK { self.options.prior_ctr } else { self.options.prior_cvr };
        let told = places.iter().filter_map(|place| self.slots.get(place.wrapping_sub(1)));
        let sum: f64 = told.map(|slot| slot.coordinates[head].weight(self.rates(head))).sum();
        1.0 / (1.0 + (-(log_odds(prior) + self.bias[head].weight(&self.unbound(head)) + sum)).exp())
    }

    fn step(&mut self, head: usize, places: &Places, gradient: f64) {
        let (rates, unbound) = (*self.rates(head), self.unbound(head));
        self.bias[head].step(gradient, &unbound);
        for place in places {
            if let Some(slot) = self.slots.get_mut(place.wrapping_sub(1)) {
                slot.coordinates[head].step(gradient, &rates);
            }
        }
    }

    fn rates(&self, head: usize) -> &Rates {
        if head == CLICK { &self.options.clicks } else { &self.options.conversions }
    }

    /// The rates of what all examples share: nothing holds it at 0.
    fn unbound(&self, head: usize) -> Rates {
        Rates { l1: 0.0, l2: 0.0, ..*self.rates(head) }
    }

    /// Where the values of an example are learnt, made if it is the first with them.
    fn places(&mut self, features: &Features) -> Places {
        let mut places = [0; FIELDS + CROSSES.len()];
        let crosses = cross::hashes(features);
        for (at, field) in Field::VARIANTS.iter().enumerate() {
            let hash = features.of(*field);
            places[at] = self.place(hash, at, hash, 0);
        }
        for (at, (left, right)) in CROSSES.iter().enumerate() {
            places[FIELDS + at] =
                self.place(crosses[at], FIELDS + at, features.of(*left), features.of(*right));
        }
        places
    }

    fn place(&mut self, hash: u32, place: usize, left: u32, right: u32) -> usize {
        if hash == 0 {
            return 0;
        }
        let slot = hash & ((1 << self.options.bits) - 1);
        let key = Key { place: u8::try_from(place).unwrap_or(u8::MAX), left, right };
        let found = self.places[slot as usize] as usize;
        if let Some(known) = self.slots.get_mut(found.wrapping_sub(1)) {
            known.entry.shared |= known.entry.key != key;
            return found;
        }
        let entry = Entry { slot, key, support: [0; 2], shared: false };
        self.slots.push(Slot { coordinates: [Coordinate::default(); 2], entry });
        // At most 2^24 slots have a place.
        self.places[slot as usize] = u32::try_from(self.slots.len()).unwrap_or(0);
        self.slots.len()
    }

    fn count(&mut self, example: &Example, places: &Places) {
        let click = example.click();
        let converted = click.and_then(|click| click.converted).is_some();
        for place in places {
            if let Some(slot) = self.slots.get_mut(place.wrapping_sub(1)) {
                let [impressions, clicks] = slot.entry.support;
                slot.entry.support =
                    [impressions.saturating_add(1), clicks.saturating_add(click.is_some().into())];
            }
        }
        let seen_twice = [
            self.campaigns.entry(example.campaign).or_default(),
            self.line_items.entry(example.line_item).or_default(),
        ];
        for seen in seen_twice {
            seen.impressions += 1;
            seen.clicks += u64::from(click.is_some());
            seen.conversions += u64::from(converted);
            if converted {
                seen.value = seen.value.saturating_add(example.value);
            }
        }
        let span = self.span.unwrap_or(Span { from: example.at, to: example.at });
        self.span = Some(Span { from: span.from.min(example.at), to: span.to.max(example.at) });
    }
}

/// The gradient of the log-odds of a click that has not converted though the share `arrived` of conversions would have:
/// the whole `chance` once all have arrived, nothing at first.
fn not_yet(chance: f64, arrived: f64) -> f64 {
    let refused = 1.0 - chance * arrived;
    if refused <= 0.0 { chance } else { chance * arrived * (1.0 - chance) / refused }
}

/// The log-odds of a probability, which is held off 0 and 1.
fn log_odds(probability: f64) -> f64 {
    let probability = probability.clamp(1e-6, 1.0 - 1e-6);
    (probability / (1.0 - probability)).ln()
}

#[expect(clippy::cast_possible_truncation, reason = "a weight's last digits say nothing")]
const fn single(weight: f64) -> f32 {
    weight as f32
}
