//! The one way from the ledger to a table: columns of each UTC day's events, derived from the ledger and held against it.
//!
//! ```text
//! ledger rows of a day ─▶ figures/<day>.columns ─┐ digest equals the ledger's?
//! journal: what came since ──────────────────────┴─▶ rows of a question, days in parallel ─▶ report::Table
//! ```
//!
//! A file is used only while its events are, by their digest, those that the ledger has of that day; else it is extended
//! by what the journal tells, or built anew and replaced as a whole. So it may be missing, damaged, foreign, of another
//! format, or in a folder that cannot be written: answers become slower, never wrong. Deliberately absent: who saw an
//! ad, orders and words of corrections, which no figure needs; and answers that are kept.

mod answer;
mod block;
mod charge;
mod facts;
mod files;
mod fold;
mod header;
mod numbers;
mod plan;
mod question;
mod row;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::report::{Report, Table};
use crate::shell::cli::report::names;
use crate::shell::store::{Store, StoreError};

pub use question::Question;
pub(in crate::shell) use row::kept;

/// The figures of the ledger in `folder` that `question` asks for, as of its last commit.
///
/// # Errors
///
/// [`StoreError`]; [`StoreError::Day`] if the events of a day are not those that were committed.
pub fn table(folder: &Path, question: &Question) -> Result<Table, StoreError> {
    let mut store = Store::open(folder)?;
    if question.without_archives {
        store = store.without_archives();
    }
    store.at_once(|| {
        let report = match report(&store, folder, question) {
            // Written by an older encan, and not yet brought up to date: it keeps no digests.
            Err(StoreError::Older { .. }) => scan(&store, question)?,
            other => other?,
        };
        Ok(report.finish(&names(&store)?))
    })
}

fn report(store: &Store, folder: &Path, question: &Question) -> Result<Report, StoreError> {
    if question.without_archives && store.has_archived()? {
        return scan(store, question);
    }
    answer::report(store, &store.filed()?, folder, question)
}

/// The same from every row that `store` reads, one by one.
///
/// # Errors
///
/// As [`Store::events`].
pub fn scan(store: &Store, question: &Question) -> Result<Report, StoreError> {
    let mut report = Report::new(question.by.clone());
    store.events(|event| {
        if question.asks_for(&event.bid) {
            report.add(event);
        }
    })?;
    Ok(report)
}
