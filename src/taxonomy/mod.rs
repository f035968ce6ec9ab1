//! Category taxonomies: the IAB's tables, their parents, and the mappings between them.
//!
//! A creative's labels are compiled once, when campaigns are read, into a [`Coverage`]: small sorted sets that
//! say for every taxonomy which ids of a request's block list hold the creative. The bid path only looks ids
//! up in them. Deliberately absent: the Audience Taxonomy (it describes people, and nothing maps to it), and
//! an exchange's own codes.
//!
//! The tables lie in `tables`, with their attribution in `NOTICE.md`. They are read once, at the first use,
//! which reading the campaigns makes long before the first bid.

mod category_set;
mod coverage;
mod key;
mod label;
mod list;
mod mapping;
mod table;
mod translated;

pub use category_set::CategorySet;
pub use coverage::Coverage;
pub use label::{Label, categories};
pub use list::Taxonomy;
pub use translated::translated;
