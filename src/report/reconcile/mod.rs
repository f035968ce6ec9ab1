//! An exchange's file of billed impressions against the ledger: line by line, by day, and in total.
//!
//! ```text
//! top of the file -> Layout -> Survey (first walk) -> Reading -> Comparison (second walk) -> Outcome
//!                                                   ledger -> Books ──┘
//! ```
//!
//! Pure: the shell reads the file twice and hands in its lines, and the ledger's events. Every line ends in
//! exactly one [`Verdict`], and their number is that of the lines. Amounts are integers in femto-units; a
//! difference is theirs minus ours. What can be read in two ways is unreadable, with the flag that decides it.
//! Deliberately absent: guesses at a currency, and any change to the ledger.

mod books;
mod columns;
mod comparison;
mod day;
mod fields;
mod line;
mod money;
mod number;
mod outcome;
mod sums;
mod survey;
#[cfg(test)]
mod tests;
mod text;
mod verdict;

pub use books::Books;
pub use columns::{ColumnError, Columns, Layout, Role};
pub use comparison::Comparison;
pub use day::{DayOrder, Days};
pub use fields::{Fields, Split};
pub use line::{BidLine, Owed, Read, SummaryLine, Unreadable, Why};
pub use number::{DecimalMark, Number, Readings};
pub use outcome::{Coverage, Outcome, UsedRate};
pub use sums::Row;
pub use survey::{Reading, Survey, Told};
pub use verdict::{Counts, Finding, Reason, Verdict};
