//! encan, a DSP-side real-time bidder: see ARCHITECTURE.md for the rooms and what each may import.

pub mod campaign;
pub mod ledger;
pub mod openrtb;
pub mod sim;
pub mod ttf;
pub mod units;
