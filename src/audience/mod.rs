//! Who the person is to us: a keyed hash instead of an id, and what the shell fetched under it.
//!
//! Ids are never stored, only their hash under a secret of the installation. Deliberately absent:
//! the file of the store (it is in the shell), and how often a person saw an ad (`frequency`).

mod household;
mod import;
mod key;
mod numbers;
mod packed;
mod people;
mod profile;
mod shard;

pub use import::{Expiry, ImportError, ImportFact, ImportId, ImportRow};
pub use key::{IdKind, UserKeys};
pub use packed::{Act, Known, PackedEvent, PackedSegment};
pub use people::Audiences;
pub use profile::{Happened, Profile};

#[cfg(test)]
mod tests;
