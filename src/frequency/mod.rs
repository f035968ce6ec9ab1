//! How often a person or household sees an ad: caps over exposures handed in.
//!
//! An exposure counts from the bid on, not from the impression: it is recorded when the bid is made and
//! withdrawn when the bid is lost, so bids that run side by side cannot exceed a cap together. The shell
//! keeps one [`Exposures`] a person and one a household, and records under the same guard as it checks.
//! Memory is bounded, and no cap pays for it: where there is no room to count, nothing with a cap is shown.
//! Deliberately absent: who is a household, and the store.

mod cap;
mod exposures;
#[cfg(test)]
mod tests;
mod windows;

pub use cap::{
    Caps, Counted, Exceeded, Level, Seen, all_caps, caps_above, caps_of, counts_by, first_exceeded,
};
pub use exposures::{Exposure, Exposures};
pub use windows::Windows;
