//! Feedback from the sink: rows out of the ledger, the log of changes in a file of its own, and the thread that follows
//! both while the server runs.
//!
//! Whoever has the folder may write the log: the server's thread, and the command line beside it or without it. Each
//! write reads the log first and appends in the same transaction, so that nobody acts on a log that is not the last.

mod error;
mod follow;
mod form;
mod rows;
mod store;

pub use error::FeedbackError;
pub use follow::{FeedbackThread, Follower, write_metrics};
pub use form::{ChangeForm, EvidenceForm, PlacementForm};
pub use rows::{Context, Contexts, rows};
pub use store::ChangeStore;
