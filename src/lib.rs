//! encan, a DSP-side real-time bidder: see ARCHITECTURE.md for the rooms and what each may import.

pub mod agent;
pub mod attribution;
pub mod audience;
pub mod bidder;
pub mod budget;
pub mod campaign;
pub mod certify;
pub mod creative;
pub mod document;
pub mod frequency;
pub mod geo;
pub mod ledger;
pub mod notice;
pub mod openrtb;
pub mod pacing;
pub mod pricing;
pub mod privacy;
pub mod report;
pub mod shell;
pub mod sim;
pub mod supply;
pub mod targeting;
pub mod taxonomy;
pub mod till;
pub mod ttf;
pub mod units;
