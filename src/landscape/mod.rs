//! What it takes to win: the price to beat, learnt by kind of impression, and what follows from it for a bid.
//!
//! [`Landscapes`] learns from what auctions told, off the bid path; a [`View`] of it is immutable and is what the bid
//! path reads. Prices are per thousand in the currency of the auction, which is part of the [`Segment`]. [`Arms`] says
//! what shading saves, against bids that were not shaded. Deliberately absent: what an impression is worth, budgets,
//! taxes; and any curve with a formula, since real prices stand in heaps where people set floors and bids.

mod arms;
mod best;
mod bytes;
mod counts;
mod curve;
mod estimate;
mod grid;
mod learn;
mod segment;
mod view;

pub use arms::{Arm, Arms, Saving, Sums};
pub use bytes::DamagedLandscapes;
pub use curve::{Curve, WEIGHT_MIN};
pub use learn::{Landscapes, SEGMENTS_MAX, Sample};
pub use segment::Segment;
pub use view::View;

#[cfg(test)]
mod tests;
