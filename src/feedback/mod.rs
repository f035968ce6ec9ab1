//! What the sink's rows change: calibration, multipliers of placements, proposals to pause and to raise a budget; each
//! step bounded, with its evidence, and reversible.
//!
//! ```text
//! Row, one a line item -> suggest -> Change (evidence beside it) -> Log -> pricing::Adjustments
//! ```
//!
//! Chances are judged, not prices: a placement's value is what its impressions bring, and what they cost is bounded by
//! the value already. A [`Log`] is a fold of changes, so that reading it again gives the same adjustments. Deliberately
//! absent: where rows come from, where the log is kept, and who accepts a proposal.

mod chance;
mod change;
mod log;
mod row;
mod rules;
mod suggest;
#[cfg(test)]
mod tests;

pub use change::{By, Change, Evidence, Placement, Rule, Setting, State, Target, Value};
pub use log::{Log, Refusal};
pub use row::{Daily, Figures, Row, Subject};
pub use rules::printable;
pub use suggest::{Settings, suggest};
