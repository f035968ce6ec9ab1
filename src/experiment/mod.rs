//! What ads bring, by experiment: who is in which group, and what the difference between groups says.
//!
//! A campaign's holdout is never shown its ads; arms of a line item are shown different ones. Groups are drawn by a hash
//! of the person's key, so that nothing but chance decides; people who are not known are in none. Results come as
//! intervals, and as one sentence that says what can be concluded. Deliberately absent: whoever was bid on when, which
//! the shell keeps, and every clock.

mod arms;
mod assign;
mod effect;
mod interval;
mod outcomes;
#[cfg(test)]
mod tests;
mod words;

pub use arms::{Against, ArmFigures, ArmOutcomes, Comparison, Tried};
pub use assign::Experiments;
pub use effect::{CONFIDENCE, Conclusion, Effect, Group, Trial, Unreliable};
pub use interval::Interval;
pub use outcomes::{Outcomes, Subject};
pub use words::{CAVEAT, arms_sentence, holdout_sentence};
