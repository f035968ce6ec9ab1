//! What an impression will bring: chances of clicks and conversions, learnt from what impressions brought.
//!
//! [`Features`] are taken of a request once, the part of a line item is added for each candidate; a [`Model`] is
//! immutable and gives a [`Prediction`]. [`Trainer`] makes models from examples, off the bid path. Deliberately absent:
//! where examples and model files are kept, and what is done with a prediction.

mod features;
mod model;

pub use features::{FIELDS, Features, Field};
pub use model::{Model, Prediction};
