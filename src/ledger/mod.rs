//! The books: facts in, balanced entries out. Pure; the store is in the shell.
//!
//! On the slow path, behind `notice`. An event is booked once, whatever its order and however often it
//! comes: its key decides. Only here does money move; the sum of every event's entries is zero, checked
//! in release too. A second set of books, balanced alike, says where each cap of a budget stands. What was booked is
//! never edited: a [`Claim`] becomes further entries, never more than is left of the [`Bill`]s that it is about.

mod bill;
mod caps;
mod claim;
mod encoding;
mod entries;
mod event;
mod invoice;
mod rate;
#[cfg(test)]
mod sample;
mod setting;
mod sums;
#[cfg(test)]
mod tests;

pub use bill::{Bill, Bills};
pub use caps::{
    BudgetAccount, CapKey, LeaseMove, LeaseStep, Level, Measure, Movement, NO_LINE_ITEM, Quantity, Window,
    lease_movements, movements, used, windows,
};
pub use claim::{Amount, Claim, ClaimName, Extent, Lot, Refusal, Settlement, Share, Target};
pub use encoding::{Checksum, Digest, ENCODING_VERSION, checksum, encode, filed_on, seal, utc_day};
pub use entries::{Account, Applied, Entry, Ledger, entries};
pub use event::{
    BidFacts, Cause, Charge, Conversion, Correction, Event, EventKey, EventKind, Playback, Source, Touch,
};
pub use rate::DatedRate;
#[cfg(test)]
pub(crate) use sample::{AMOUNT_MOST, any_charge, any_event, one_of_each};
pub use setting::{Area, Device, Format, Segments, Setting, SettingBytes, ViewerCountries};
pub use sums::Sums;
