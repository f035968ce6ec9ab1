//! Who is in which campaign's experiment, kept in a file of its own, off the ledger's and the bid's way.
//!
//! ```text
//! decision -> Ghosts (in memory: once a person and day) -> queue -> Keeper -> `experiments.sqlite`
//!                                                              the ledger's events ---+-> Findings
//! ```
//!
//! Both groups are kept: who is held out and would have been bid on, and who was bid on. What does not get through the
//! queue is counted, and a report says that it cannot be relied on. Deliberately absent: money, and what happened
//! afterwards, which the ledger has.

mod file;
mod findings;
mod ghosts;
mod keeper;
mod question;
#[cfg(test)]
mod tests;

pub use file::ExperimentFile;
pub use findings::{ArmsFound, Findings, HoldoutFound, Unfound, Wanted, findings};
pub use ghosts::{Ghosts, Inbox, write_metrics};
pub use keeper::GhostKeeper;
pub use question::question_holdouts;
