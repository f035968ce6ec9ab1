//! Where an address is, by a database that the operator names; and what place a request is from, by all that it tells.
//!
//! Between `privacy` and `targeting` on the fast path: [`Sight`] says how much of an address may be read,
//! [`Database::locate`] looks that much up, [`Place::of`] merges what is found with what the request says. A database
//! comes in as bytes, is laid out for searching once, and lends its texts; a lookup allocates nothing.
//!
//! Deliberately absent: opening files (the shell does), names of regions (only codes are compared), and any guess at who
//! is behind an address: anonymisers, carriers, companies.

mod address;
mod database;
mod lax;
mod located;
mod place;
mod ranges;
mod record;
mod records;
mod sight;
mod walk;
mod zones;

pub use address::{address, cut};
pub use database::{Database, DatabaseFault, Origin};
pub use located::{Located, Metro, Names, Point};
pub use place::{Place, Readable, Spot, Told, Witness};
pub use sight::Sight;
