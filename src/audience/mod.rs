//! Who the person is to us: a keyed hash instead of an id, what the shell fetched under it, and what an
//! advertiser makes of it.
//!
//! Ids are never stored, only their hash under a secret of the installation. Deliberately absent:
//! the file of the store (it is in the shell), and how often a person saw an ad (`frequency`).

mod definition;
mod events;
mod household;
mod import;
mod key;
mod numbers;
mod packed;
mod people;
mod profile;
mod shard;
mod signals;
mod standing;

pub use definition::{
    Definition, Definitions, Intent, LeadScore, Rfm, RfmClass, RfmRange, RfmScores, Scores, Stage,
    read_definition,
};
pub use events::{Arrival, EventCount, EventRefusal, NamedEvent, NamedTopic, Past, Sent, Words};
pub use import::{Expiry, ImportError, ImportFact, ImportId, ImportRow};
pub use key::{IdKind, UserKeys};
pub use packed::{Act, Known, PackedEvent, PackedSegment};
pub use people::Audiences;
pub use profile::{Happened, Profile};
pub use signals::Signals;
pub use standing::{RfmStanding, Standing};

#[cfg(test)]
mod tests;
