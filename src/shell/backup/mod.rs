//! A backup of all that a server keeps in its data folder, made while it runs, and put back.
//!
//! ```text
//! data folder --(a copy of each file as of one instant)--> NAME.part --(whole and synced)--> NAME
//! NAME --(every byte as its manifest says)--> FOLDER.part --(whole and synced)--> an empty data folder
//! ```
//!
//! Each file is consistent in itself, and no two are of the same instant; so they are copied in the order in which each
//! later one may know more than those before it. People's events come before the ids of events, so that nothing that is sent again
//! counts twice. The ledger comes after all that leads to its events, so that no copy speaks of an event that its ledger does
//! not have; then the archives that this ledger names. The keys come last, for every token that was signed meanwhile. The ledger
//! alone holds money, so a folder put together of copies of different days can lead a conversion to no ad, or have an
//! experiment without some of its people, but it books nothing twice and spends nothing twice. Deliberately absent: what people
//! wrote (campaigns, exchanges, taxes), the secrets of exchanges, what is built anew by itself, and copies of what changed only.

mod contents;
mod copying;
mod draft;
mod error;
mod making;
mod manifest;
mod restoring;

pub use error::{MakeError, RestoreError};
pub use making::{WithKeys, backup};
pub use manifest::{Copied, Fault, LeftOut, Manifest};
pub use restoring::restore;
