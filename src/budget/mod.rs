//! Caps and what is committed against them: a bid reserves its worst case, a notice settles it.
//!
//! `spent + reserved <= limit` holds at every level at every moment, for every reservation that was
//! granted: a cap is one atomic that only moves up where the sum stays below the limit. Deliberately
//! absent: leases between processes (one process spends a ledger), and any idea of pace.

mod cap;
mod open;

pub use cap::{Book, Cap, CapKey, Held, Level, Purse, Refusal, Reserved, Window, keys};
pub use open::{Hold, Open, Reservation};
