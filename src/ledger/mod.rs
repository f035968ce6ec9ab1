//! The books: facts in, balanced entries out. Pure; the store is in the shell.
//!
//! On the slow path, behind `notice`. An event is booked once, whatever its order and however often it
//! comes: its key decides. Only here does money move; the sum of every event's entries is zero, checked
//! in release too. A second set of books, balanced alike, says where each cap of a budget stands.

mod caps;
mod entries;
mod event;
mod rate;
#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use caps::{
    BudgetAccount, CapKey, LeaseMove, LeaseStep, Level, Measure, Movement, NO_LINE_ITEM, Quantity, Window,
    lease_movements, movements, used, windows,
};
pub use entries::{Account, Applied, Entry, Ledger, entries};
pub use event::{
    BidFacts, Cause, Charge, Conversion, Correction, Event, EventKey, EventKind, Playback, Touch,
};
pub use rate::DatedRate;
#[cfg(test)]
pub(crate) use sample::{AMOUNT_MOST, any_charge, any_event, one_of_each};
