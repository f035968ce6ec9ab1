//! The slow loop of learning: what bids teach is gathered, kept, trained on, and swapped into the snapshot.
//!
//! ```text
//! bid held -> Lessons -> outcome -> queue -> learner -> snapshot, `learned`
//!                                -> queue -> keeper  -> `contexts.sqlite` -+
//!                                   the ledger's clicks and conversions ---+-> training -> `model` -> snapshot
//! ```
//!
//! Nothing here holds money: each of the three files may be lost, and the server starts without it. Deliberately absent:
//! how prices and chances are learnt (`landscape`, `learning`).

mod contexts;
mod examples;
mod files;
mod goals;
mod keeper;
mod kept;
mod learner;
mod lessons;
mod metrics;
mod models;
mod outcome;
mod requests;
mod room;
#[cfg(test)]
mod tests;
mod training;
mod waits;
mod words;
mod workshop;

pub use contexts::{Contexts, ContextsError, KeptContexts, ToKeep, Trial};
pub use examples::{Examples, ExamplesError, tells_anything};
pub use goals::{Came, Goals};
pub use keeper::Keeper;
pub use kept::{Kept, KeptError, Multiplier, Samples, Whose};
pub use learner::{Learner, former, kept_in, resume};
pub use lessons::{Inbox, Lessons, Shown};
pub use metrics::{Learning, write_metrics};
pub use models::{Found, ModelError, Models, UndoError};
pub use training::{Training, accepted};
pub use workshop::{Candidate, HeldOut, Workshop};
