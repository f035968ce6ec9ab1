//! A simulated world, from seeds: bid requests, the people and outlets behind them, and catalogs to match
//! them against. For tests, benches, load and pacing experiments; the server never enters it.

mod catalog;
mod consent;
mod creatives;
mod facts;
mod imps;
mod json;
mod market;
mod outlets;
mod people;
mod places;
mod rules;
mod traffic;

pub use catalog::catalog;
pub use facts::{AuctionType, DealFacts, ImpFacts, RequestFacts, SizeClass};
pub use market::{CampaignTruth, Market, Offer, Outcome, Reaction, Truth, charged};
pub use people::{SEGMENTS, buyeruid, ifa, segment_id, segments_of};
pub use traffic::{Mix, Traffic};
