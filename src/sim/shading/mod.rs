//! What shading is worth: auctions replayed as first-price ones, with no shading, one landscape for all, landscapes by
//! context, and hindsight.
//!
//! Fair to all: each gets the same values times one multiplier, as a pace would set it, and they are compared at the same
//! value won, by what they spent for it. The truth stays in the replay: who bids sees floors, values, and what the exchange tells
//! after the auction. Deliberately absent: budgets and delays, which the judge of pacing has; files.

mod compare;
mod log;
mod market;
mod replay;

pub use compare::{Comparison, Interval, Row, compare};
pub use log::{LogError, read_log};
pub use market::{Auction, World, auctions, give_worth};
pub use replay::{Strategy, Told};

#[cfg(test)]
mod tests;
