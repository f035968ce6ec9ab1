//! Which line items fit an impression, and why the others do not.
//!
//! A [`Scene`] is what one impression tells; a [`CompiledRule`] is a line item's rule with its lists
//! hashed; an [`Index`] finds the line items whose rule holds, best value first, without looking at the
//! others. Texts are compared by a 64-bit hash of their lower-case form, as ids are.
//!
//! Invariants: the index finds exactly the rows of which [`CompiledRule::holds`] is true, and a rule
//! holds exactly if [`CompiledRule::failures`] is empty. Deliberately absent: budgets, caps, prices and
//! creative sizes; whether a row may bid now is handed in as a bit row.

mod attribute;
mod best;
mod clause;
mod column;
mod compile;
mod draft;
mod failure;
#[cfg(test)]
mod fixture;
mod index;
mod lookup;
mod place;
mod rows;
mod rule;
mod scene;
mod search;
mod sets;
mod text;
mod values;

pub use attribute::Attribute;
pub use best::Best;
pub use failure::Failure;
pub use index::Index;
pub use rows::Rows;
pub use rule::{CompiledRule, Zones};
pub use scene::Scene;
pub use search::Search;
