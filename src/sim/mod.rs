//! A simulated world, from seeds: bid requests, the people and outlets behind them, and catalogs to match
//! them against. For tests, benches, load and pacing experiments; the server never enters it.

mod banner;
mod catalog;
mod consent;
mod creatives;
mod deals;
mod facts;
mod faults;
mod imps;
mod json;
pub mod judge;
mod market;
mod mutate;
mod native;
mod outlets;
mod people;
mod places;
mod plan;
mod rules;
mod shading;
mod shares;
mod terms;
mod traffic;
mod video;

pub use catalog::catalog;
pub use facts::{AuctionType, DealFacts, ImpFacts, RequestFacts, SizeClass};
pub use faults::{Count, Happening, Law, Run, Sabotage, Tally, Terms, Violation, What, run as run_world};
pub use market::{CampaignTruth, Market, Offer, Outcome, Reaction, Truth, charged};
pub use mutate::{Mutation, mutate};
pub use people::{SEGMENTS, buyeruid, ifa, segment_id, segments_of};
pub use shading::{
    Auction, Comparison, Interval, LogError, Row, Strategy, Told, World, auctions, compare, give_worth,
    read_log,
};
pub use traffic::{Mix, Traffic};
