//! encan, a DSP-side real-time bidder: see ARCHITECTURE.md for the rooms and what each may import.

pub mod audience;
pub mod campaign;
pub mod frequency;
pub mod ledger;
pub mod openrtb;
pub mod privacy;
pub mod targeting;
pub mod ttf;
pub mod units;
