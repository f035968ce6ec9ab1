//! How often a person sees an ad: caps over exposures handed in.
//!
//! An exposure counts from the bid on, not from the impression: it is recorded when the bid is made and
//! withdrawn when the bid is lost, so bids that run side by side cannot exceed a cap together. The shell
//! keeps one [`Exposures`] a person and records under the same guard as it checks. Deliberately absent:
//! households, caps of a creative or advertiser, and the store.

mod cap;
mod exposures;

pub use cap::{Exceeded, Level, first_exceeded};
pub use exposures::{Exposure, Exposures};
