//! What it takes to win: the price to beat, learnt by kind of impression, and what follows from it for a bid.
//!
//! [`Landscapes`] learns from what auctions told, off the bid path; a [`View`] of it is immutable and is what the bid
//! path reads. Prices are per thousand in the currency of the auction, which is part of the [`Segment`]. Deliberately
//! absent: what an impression is worth, budgets, taxes.

mod curve;
mod learn;
mod segment;

pub use curve::{Curve, View};
pub use learn::{Landscapes, Sample};
pub use segment::Segment;
