//! The books: facts in, balanced entries out. Pure; the store is in the shell.

mod event;

pub use event::{BidFacts, Charge, Conversion, Event, EventKind, Touch};
