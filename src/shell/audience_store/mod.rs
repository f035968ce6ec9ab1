//! Who is in which segment, and what people did, on disk: a SQLite file of its own, so that a person can be
//! erased from it, which the ledger does not allow.
//!
//! One packed row a person, under the keyed hash of their id. The server has one writer, a thread that commits
//! what waits together and puts into memory what was committed, and nothing else; the command line writes
//! beside it and leaves word which shards it touched. Deliberately absent: ids as they were sent.

mod commit;
mod desk;
mod error;
mod file;
mod numbering;
mod person;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

pub use error::AudienceError;
pub use file::{AudienceStore, Change, Name, NameKind};
pub use person::{Event, Member, Person};
pub use writer::{AudienceWriter, AudienceWriterHandle, Unwritten};
