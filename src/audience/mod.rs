//! Who the person is to us: a keyed hash instead of an id, and what the shell fetched under it.
//!
//! Ids are never stored, only their hash under a secret of the installation. Deliberately absent:
//! the store itself (it is in the shell), and how often a person saw an ad (`frequency`).

mod household;
mod import;
mod key;
mod profile;

pub use import::{Expiry, ImportError, ImportRow};
pub use key::{IdKind, UserKeys};
pub use profile::{Happened, Profile};
