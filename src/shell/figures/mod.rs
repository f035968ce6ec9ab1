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
//! ad, orders and words of corrections, which no figure needs.

mod answer;
mod block;
mod charge;
mod desk;
mod facts;
mod files;
mod fold;
mod header;
mod keeping;
mod numbers;
mod plan;
mod question;
mod row;
#[cfg(test)]
mod tests;
mod verify;

use std::path::Path;

use crate::ledger::Event;
use crate::report::{Report, Table};
use crate::shell::cli::report::names_for;
use crate::shell::store::{Store, StoreError};

pub use desk::Desk;
pub use keeping::Keeping;
pub use question::Question;
pub use row::Section;
pub(in crate::shell) use verify::{Sketch, verify};

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
        Ok(question.finished(report, &names_for(&store, &question.by)?))
    })
}

fn report(store: &Store, folder: &Path, question: &Question) -> Result<Report, StoreError> {
    if question.without_archives && store.has_archived()? {
        return scan(store, question);
    }
    answer::report(store, &store.filed()?, folder, question)
}

/// Folds the events of `sections` that `question` asks for (its dimensions do not matter) into parts, about one for each
/// core: `empty` makes one, `add` adds an event. An event tells all but who saw the ad, whose lease paid, the ids of the
/// order and the correction, and what people wrote of it; in the place of its bid's id is one that is filed under the same
/// day. The order of the events is no order of time.
///
/// # Errors
///
/// As [`table`].
pub fn parts<P: Send>(
    store: &Store,
    folder: &Path,
    (question, sections): (&Question, &[Section]),
    empty: impl Fn() -> P + Sync,
    add: impl Fn(&mut P, &Event) + Sync,
) -> Result<Vec<P>, StoreError> {
    store.at_once(|| {
        let filed = match store.filed() {
            Err(StoreError::Older { .. }) => None,
            _ if question.without_archives && store.has_archived()? => None,
            filed => Some(filed?),
        };
        match filed {
            Some(filed) => answer::parts(store, &filed, folder, (question, sections), (&empty, &add)),
            None => {
                let mut part = empty();
                store.events(|event| {
                    if sections.contains(&Section::of(&event.kind)) && question.asks_for(&event.bid) {
                        add(&mut part, event);
                    }
                })?;
                Ok(vec![part])
            }
        }
    })
}

/// Calls `each` with every billed impression and every correction that `question` asks for, as [`parts`] tells them.
///
/// # Errors
///
/// As [`table`].
pub fn impressions(
    store: &Store,
    folder: &Path,
    question: &Question,
    each: impl FnMut(&Event) + Send,
) -> Result<(), StoreError> {
    let each = std::sync::Mutex::new(each);
    let sections = [Section::Impression, Section::Correction];
    parts(
        store,
        folder,
        (question, &sections),
        || (),
        |(), event| each.lock().unwrap_or_else(std::sync::PoisonError::into_inner)(event),
    )
    .map(drop)
}

/// The same as [`table`] from every row that `store` reads, one by one.
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
