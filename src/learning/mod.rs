//! What an impression will bring: chances of clicks and conversions, learnt from what impressions brought.
//!
//! [`Features`] are taken of a request once, the part of a line item is added for each candidate; a [`Model`] is
//! immutable and gives a [`Prediction`]. [`Trainer`] makes models from [`Example`]s, [`Calibrator`] corrects them
//! between trainings, [`judge`] says whether one may replace another; all off the bid path. [`Exploration`] and
//! [`choose`] are for what nothing is known of. Deliberately absent: where examples and model files are kept, when
//! they are made, conversions without a click, and what is done with a prediction.

mod calibration;
mod calibrator;
mod cross;
mod delays;
mod example;
mod explore;
mod features;
mod file;
mod judge;
mod metrics;
mod model;
mod trainer;
mod value;
mod weight;

pub use calibration::Calibration;
pub use calibrator::Calibrator;
pub use cross::CROSSES;
pub use delays::Delays;
pub use example::{CLICK_RIPE, CONVERSION_WINDOW, Example};
pub use explore::{Creative, Exploration, Prior, choose, sample};
pub use features::{Ad, FEATURES_VERSION, FIELDS, Features, Field};
pub use file::{FORMAT_VERSION, ModelFileError};
pub use judge::{Judgement, Refusal, Verdict, judge};
pub use metrics::{Measured, Metrics, Score};
pub use model::{BITS_MAX, CAMPAIGN_IMPRESSIONS_MIN, Model, Partial, Prediction, Seen, Span};
pub use trainer::{Options, Rates, Trainer};
pub use weight::{Part, Weight};

#[cfg(test)]
mod tests;
