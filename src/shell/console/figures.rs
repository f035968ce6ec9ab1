//! Questions to the ledger that the console asks, and their tables.

use std::path::Path;

use crate::report::{Dimension, Label, Row, Table};
use crate::shell::figures;
use crate::shell::store::StoreError;
use crate::units::{CampaignId, Day, Hour};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::shell::console) enum Question {
    /// By campaign and day, from this one on.
    Days(Day),
    /// By campaign and hour of UTC, on days from this one on.
    Hours(Day),
    /// A campaign's whole flight, by these.
    Campaign(CampaignId, By),
    /// All between two days, both included, by these.
    Between(Day, Day, By),
}

/// By what rows are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::shell::console) enum By {
    Campaign,
    LineItem,
    Creative,
}

impl By {
    const fn dimension(self) -> Dimension {
        match self {
            Self::Campaign => Dimension::Campaign,
            Self::LineItem => Dimension::LineItem,
            Self::Creative => Dimension::Creative,
        }
    }
}

/// The table that answers `question` from the ledger in `folder`.
///
/// # Errors
///
/// [`StoreError`].
pub(in crate::shell::console) fn table(folder: &Path, question: &Question) -> Result<Table, StoreError> {
    let asked = match *question {
        Question::Days(from) => figures::Question {
            by: vec![Dimension::Campaign, Dimension::Day],
            from: Some(from),
            ..figures::Question::default()
        },
        Question::Hours(from) => figures::Question {
            by: vec![Dimension::Campaign, Dimension::Hour],
            from: Some(from),
            ..figures::Question::default()
        },
        Question::Campaign(campaign, by) => figures::Question {
            by: vec![by.dimension()],
            campaign: Some(campaign),
            ..figures::Question::default()
        },
        Question::Between(from, to, by) => figures::Question {
            by: vec![by.dimension()],
            from: Some(from),
            to: Some(to),
            ..figures::Question::default()
        },
    };
    figures::table(folder, &asked)
}

/// What machines call the value of the dimension at `place` of a row.
#[must_use]
pub(in crate::shell::console) fn label(row: &Row, place: usize) -> &str {
    row.labels.get(place).map_or("", Label::machine)
}

/// The hour of a row by campaign and hour.
#[must_use]
pub(in crate::shell::console) fn hour(row: &Row) -> Option<Hour> {
    row.labels.get(1)?.as_hour()
}
