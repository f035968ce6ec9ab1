//! encan, a DSP-side real-time bidder: see ARCHITECTURE.md for the rooms and what each may import.

pub mod openrtb;
pub mod units;
