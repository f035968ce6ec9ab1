//! The model that the bid path reads: weights by hash, what was seen of whom, and the calibration.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::learning::features::{AD_FIELDS, REQUEST_FIELDS};
use crate::learning::weight::Entry;
use crate::learning::{Calibration, Delays, Features, Measured, cross};
use crate::units::{CampaignId, LineItemId, Nanos, UnixMillis};

/// Impressions of a campaign below which a model does not speak of it: at one click in a thousand they bring one.
pub const CAMPAIGN_IMPRESSIONS_MIN: u64 = 1_000;

/// The most bits of a weight's place: 2^24 weights take 128 MiB.
pub const BITS_MAX: u32 = 24;

/// What one impression is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Clicks per impression, 0 to 1.
    pub ctr: f64,
    /// Conversions per click, 0 to 1.
    pub cvr: f64,
}

/// Clicks, and conversions, that shrinkage counts the expected rate as.
pub(super) const PSEUDO_OUTCOMES: f64 = 10.0;

impl Prediction {
    /// This prediction for a line item of which `seen` is known, shrunk towards the rates that its campaign file expects,
    /// as though the file's rates had brought 10 clicks, and 10 conversions, already: a line item that has
    /// brought that many impressions stands halfway. A rate that the file does not tell, or that is not above 0 and at
    /// most 1, changes nothing.
    #[must_use]
    pub fn shrunk(self, seen: &Seen, expected_ctr: Option<f64>, expected_cvr: Option<f64>) -> Self {
        Self {
            ctr: shrink(self.ctr, seen.impressions, expected_ctr),
            cvr: shrink(self.cvr, seen.clicks, expected_cvr),
        }
    }
}

fn shrink(predicted: f64, trials: u64, expected: Option<f64>) -> f64 {
    let Some(expected) = expected.filter(|rate| *rate > 0.0 && *rate <= 1.0) else { return predicted };
    let (trials, pseudo) = (precise(trials), PSEUDO_OUTCOMES / expected);
    (predicted * trials + expected * pseudo) / (trials + pseudo)
}

/// What was learnt from, of a campaign or a line item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Impressions.
    pub impressions: u64,
    /// Of them, clicked.
    pub clicks: u64,
    /// Of the clicks, converted so far.
    pub conversions: u64,
    /// What the conversions were worth.
    pub value: Nanos,
}

impl Seen {
    /// What a conversion is worth on average, rounded down; `None` without any.
    #[must_use]
    pub fn value_per_conversion(&self) -> Option<Nanos> {
        let conversions = i64::try_from(self.conversions).ok()?;
        self.value.raw().checked_div(conversions).map(Nanos::from_raw)
    }
}

/// The examples that a model was made of, by their instants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub from: UnixMillis,
    /// The last.
    pub to: UnixMillis,
}

/// Log-odds that the fields of a request add up to: for a click, and for a conversion after it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial {
    log_odds: [f32; 2],
}

/// Learnt weights. Immutable; a copy shares them.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub(super) learnt: Arc<Learnt>,
    pub(super) calibration: Arc<Calibration>,
    pub(super) measured: Option<Measured>,
}

/// What training gives.
#[derive(Debug, Clone)]
pub(super) struct Learnt {
    pub(super) bits: u32,
    pub(super) bias: [f32; 2],
    /// By slot: for clicks, and for conversions, side by side for the caches' sake.
    pub(super) weights: Vec<[f32; 2]>,
    /// Of what the weights are, in the order of their slots.
    pub(super) entries: Vec<Entry>,
    pub(super) campaigns: HashMap<CampaignId, Seen, FixedState>,
    pub(super) line_items: HashMap<LineItemId, Seen, FixedState>,
    pub(super) delays: Delays,
    pub(super) span: Option<Span>,
}

impl Default for Learnt {
    fn default() -> Self {
        Self {
            bits: 0,
            bias: [0.0; 2],
            weights: vec![[0.0; 2]],
            entries: vec![],
            campaigns: HashMap::default(),
            line_items: HashMap::default(),
            delays: Delays::default(),
            span: None,
        }
    }
}

impl Learnt {
    fn add(&self, sum: &mut [f32; 2], hash: u32) {
        // The place of weights is a power of two, so that the mask leads to one of them.
        let mask = self.weights.len() - 1;
        let weights = if hash == 0 { [0.0; 2] } else { self.weights[hash as usize & mask] };
        sum[0] += weights[0];
        sum[1] += weights[1];
    }
}

impl Model {
    /// The part of a prediction that the fields of the request make: once for all candidates.
    #[must_use]
    pub fn request_part(&self, features: &Features) -> Partial {
        let mut log_odds = self.learnt.bias;
        for field in REQUEST_FIELDS {
            self.learnt.add(&mut log_odds, features.of(field));
        }
        Partial { log_odds }
    }

    /// What an impression of `features` is expected to bring to `campaign`, whose ad is in `features`; `partial` is the
    /// part of the request's fields. Calibrated; conversions are those of the whole window. `None` if the model was
    /// made of fewer than [`CAMPAIGN_IMPRESSIONS_MIN`] impressions of the campaign.
    #[must_use]
    pub fn predict(&self, partial: Partial, features: &Features, campaign: CampaignId) -> Option<Prediction> {
        self.speaks_of(campaign)
            .then(|| self.calibration.apply(campaign, self.uncalibrated(partial, features)))
    }

    /// True if it was made of enough of `campaign` to predict: whoever asks first need not take the fields in vain.
    #[must_use]
    pub fn speaks_of(&self, campaign: CampaignId) -> bool {
        self.seen_of_campaign(campaign).impressions >= CAMPAIGN_IMPRESSIONS_MIN
    }

    /// As [`Model::predict`], before calibration and of any campaign: what a [`Calibrator`](crate::learning::Calibrator)
    /// is fed.
    #[must_use]
    pub fn uncalibrated(&self, partial: Partial, features: &Features) -> Prediction {
        let mut log_odds = partial.log_odds;
        for field in AD_FIELDS {
            self.learnt.add(&mut log_odds, features.of(field));
        }
        for hash in cross::hashes(features) {
            self.learnt.add(&mut log_odds, hash);
        }
        Prediction { ctr: chance(log_odds[0]), cvr: chance(log_odds[1]) }
    }

    /// What is said of `features` of `campaign`, however little was seen of that.
    pub(super) fn guess(&self, features: &Features, campaign: CampaignId) -> Prediction {
        self.calibration.apply(campaign, self.uncalibrated(self.request_part(features), features))
    }

    /// This model, corrected by `calibration` in place of its own. Shares the weights: cheap enough for every hour.
    #[must_use]
    pub fn with_calibration(&self, calibration: Calibration) -> Self {
        Self { calibration: Arc::new(calibration), ..self.clone() }
    }

    /// This model, with what was measured of it on held-out days, to be kept with it.
    #[must_use]
    pub fn with_measured(&self, measured: Measured) -> Self {
        Self { measured: Some(measured), ..self.clone() }
    }

    /// What was measured of it on held-out days, if that was.
    #[must_use]
    pub fn measured(&self) -> Option<&Measured> {
        self.measured.as_ref()
    }

    /// Of what time the examples were that it was made of; `None` if there were none.
    #[must_use]
    pub fn span(&self) -> Option<Span> {
        self.learnt.span
    }

    /// How long conversions take, as it was learnt with it.
    #[must_use]
    pub fn delays(&self) -> &Delays {
        &self.learnt.delays
    }

    /// What it was made of, of one campaign.
    #[must_use]
    pub fn seen_of_campaign(&self, campaign: CampaignId) -> Seen {
        self.learnt.campaigns.get(&campaign).copied().unwrap_or_default()
    }

    /// What it was made of, of one line item.
    #[must_use]
    pub fn seen_of_line_item(&self, line_item: LineItemId) -> Seen {
        self.learnt.line_items.get(&line_item).copied().unwrap_or_default()
    }
}

/// The probability of log-odds.
fn chance(log_odds: f32) -> f64 {
    1.0 / (1.0 + (-f64::from(log_odds)).exp())
}

#[expect(clippy::cast_precision_loss, reason = "counts of events stay below 2^53")]
pub(super) const fn precise(count: u64) -> f64 {
    count as f64
}
