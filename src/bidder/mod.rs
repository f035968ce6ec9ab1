//! The fast loop: a bid request and a snapshot in, a decision out. One synchronous function.
//!
//! `explain`, `demo` and the server all call [`decide`]; a [`Witness`] beside it sees every line item that
//! was turned down and why, at no cost where nobody looks. It never waits, and reads nothing but what it
//! is handed. Deliberately absent: any second implementation of a rule.

mod apart;
mod blocks;
mod case;
mod compose;
mod decide;
mod explain;
mod former;
mod heard;
mod hint;
mod insight;
mod learned;
mod lists;
mod modifiers;
mod money;
mod offer;
mod pod;
mod profile;
mod reason;
mod rhythm;
mod rhythms;
mod search;
mod setting;
mod snapshot;
mod sorted;
#[cfg(test)]
mod tests;
mod trial;

pub use compose::{Composer, compose, markup_fits};
pub use decide::{Ask, Chosen, Decision, Enrolled, Silent, Witness, decide};
pub use explain::{Outcome, Verdict, explain};
pub use learned::{Learned, Lesson};
pub use money::Money;
pub use reason::NoBidReason;
pub use rhythm::{Awaited, Rhythm};
pub use rhythms::Rhythms;
pub use setting::publisher;
pub use snapshot::{Asleep, Plan, PlanRow, Snapshot};
pub use trial::Then;
