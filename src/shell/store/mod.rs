//! The embedded ledger: SQLite in WAL mode, one writer, group commit, answers after the commit.
//!
//! An event is a row whose primary key is the event's key, so that a duplicate is no row. Nothing is
//! ever updated. Balances and reports are folds over the rows; balances are also kept, as snapshots, and a journal
//! tells what came since. Where a write finds no space, bidding stops until there is some. A write that fails otherwise
//! ends the writer: bidding stops, and the next start recovers from what was committed.

mod archive;
mod backup;
mod balances;
mod bills;
mod checkpoints;
mod error;
mod filed;
mod journal;
mod kept;
mod leases;
mod levies;
mod log;
mod mark;
mod names;
mod outage;
mod parked;
mod row;
mod schema;
mod shown;
#[cfg(test)]
mod tests;
mod upgrade;
mod verify;
mod writer;

pub use archive::{Archive, ArchiveError, Archived, archivable_before};
pub use backup::{BackupError, copy_pages};
pub use error::StoreError;
pub use filed::Filed;
pub use kept::Kept;
pub use names::{Name, NameKind};
pub use outage::Health;
pub use parked::Parked;
pub use schema::{Opened, Store};
pub use verify::{Check, Difference, Place, Verified, VerifyError};
pub use writer::{Appended, Writer, WriterHandle};
