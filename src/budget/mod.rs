//! Caps, leases and reservations: `used + reserved + leased and unused <= limit`.
//!
//! The sum holds at every level at every moment, for every reservation that was granted. A process spends from a
//! lease, never from the limit: [`Treasury`] says what may be leased, a [`Cap`] is a sum that only moves up where it
//! stays within the lease, behind the one [`Gate`] of its campaign. Deliberately absent: any idea of pace, and where leases are kept.

mod bell;
mod book;
mod cap;
mod chain;
#[cfg(test)]
mod contract;
mod expected;
mod gate;
mod late;
mod lot;
mod open;
mod purse;
mod refusal;
#[cfg(test)]
mod tests;
mod treasury;

pub use bell::{Bell, Hourglass};
pub use book::{Book, PurseKey, Reserved};
pub use cap::{Cap, Look, Stake};
#[cfg(test)]
pub(crate) use contract::{Stage, TERMS, check_contract};
pub use expected::{Expected, Experience};
pub use gate::{Gate, Inside};
pub use lot::Lot;
pub use open::{Hold, Open, Reservation};
pub use purse::{Held, Purse, Stakes};
pub use refusal::{Refusal, Shortage, Span, Whose};
pub use treasury::{
    Allocator, AllocatorError, CapState, Changes, LeaseAsk, LeaseGrant, LeaseTerms, Share, Tenure, Treasury,
};
