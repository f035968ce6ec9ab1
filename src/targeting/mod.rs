//! Which line items fit an impression, and why the others do not.
//!
//! A [`Vocabulary`] is what the rules of a catalog ask; a [`Scene`] is what one impression answers; a
//! [`CompiledRule`] is a line item's rule; an [`Index`] finds the line items whose rule holds, best value first,
//! without looking at the others. Everything is compared as a 64-bit key: a text by a hash of its lower-case
//! form, a question (a circle, a range) by a hash of itself, which the scene tells if the answer is yes.
//!
//! Invariants: the index finds exactly the rows of which [`CompiledRule::holds`] is true, and a rule
//! holds exactly if its [`failures`] are empty; `oracle` says for tests once more what rules mean. Deliberately absent: budgets, caps, prices and
//! creative sizes; whether a row may bid now is handed in as a bit row.

mod behaviour;
mod best;
mod circles;
mod column;
mod compile;
mod draft;
mod failure;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod fixture_behaviour;
mod form;
mod index;
mod key;
mod lists;
mod lookup;
#[cfg(test)]
mod oracle;
mod part;
mod place;
#[cfg(test)]
mod reach;
mod rows;
mod rule;
mod scene;
mod search;
mod sets;
mod text;
mod values;
mod vocabulary;

pub use best::Best;
pub use compile::{Asker, line_item_rule};
pub use failure::{
    Change, Edit, Explanation, Failure, Names, Resized, apply, changed, explanation, explanation_of,
    failures, failures_of,
};
pub use form::Form;
pub use index::Index;
pub use rows::Rows;
pub use rule::CompiledRule;
pub use scene::{Known, Scene};
pub use search::Search;
pub use vocabulary::Vocabulary;
