//! What was spent and what it brought: the ledger's events folded into rows, and the figures of each row.
//!
//! ```text
//! ledger::Event -> Report (a row of Totals for each group) -> Table -> text, CSV or JSON
//! ```
//!
//! Pure: the shell hands in the events, each once, and [`Names`] for the ids. Amounts of two currencies
//! never add up: every row is of one currency. Deliberately absent: periods and filters (the caller
//! chooses the events) and the declaration of the tax.

mod aim;
mod column;
mod comparison;
mod dimension;
mod export;
mod figures;
mod finish;
mod fold;
mod html;
mod interval;
mod label;
mod loss;
#[cfg(feature = "parquet")]
mod parquet;
pub mod reconcile;
mod shown;
mod table;
mod text;
mod totals;

pub use crate::units::Ratio;
pub use aim::{Aim, AimKind, Attainment, Scope};
pub use comparison::{Comparison, Pair};
pub use dimension::{Dimension, UnknownDimension};
pub use figures::{CostFigures, Figures, TaxSides};
pub use fold::{GroupNumber, Report, RowNumber, RowNumbers};
pub use html::Sheet;
pub use interval::{FEW, Interval};
pub use label::Label;
pub use table::{FixedCost, FixedCosts, Names, Row, Table};
pub use totals::{TaxSum, Totals};
