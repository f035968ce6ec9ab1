//! Answers that are kept for who asks again: only what came since is added.
//!
//! A page that asks every few seconds reads the columns once, and from then on the commits of the journal. An answer is
//! kept with the digests of all days that it was made of, and added to only where those of the ledger come out; else it
//! is made anew. Deliberately absent: answers about archives, and telling anybody that there is more.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::ledger::{Digest, filed_on};
use crate::report::{Dimension, Report, Table};
use crate::shell::cli::report::names_for;
use crate::shell::figures::{Question, answer, scan};
use crate::shell::store::{Filed, Store, StoreError};
use crate::units::Day;

/// Answers that are kept: those of a few people's pages.
const KEPT_MAX: usize = 64;

/// Where questions about one ledger are asked again and again.
#[derive(Debug)]
pub struct Desk {
    folder: PathBuf,
    /// Those asked last at the end.
    kept: Mutex<Vec<Answer>>,
}

#[derive(Debug)]
struct Answer {
    question: Question,
    report: Report,
    /// What it was made of.
    days: BTreeMap<Day, Digest>,
    commit: u64,
}

impl Desk {
    /// For the ledger in `folder`.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, kept: Mutex::default() }
    }

    /// As [`crate::shell::figures::table`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn table(&self, question: &Question) -> Result<Table, StoreError> {
        let mut tables = self.tables(std::slice::from_ref(question))?;
        tables.pop().ok_or(StoreError::Stopped)
    }

    /// The tables that answer `questions`, in their order, all as of one commit.
    ///
    /// # Errors
    ///
    /// As [`crate::shell::figures::table`].
    pub fn tables(&self, questions: &[Question]) -> Result<Vec<Table>, StoreError> {
        let store = Store::open(&self.folder)?;
        store.at_once(|| {
            let filed = match store.filed() {
                Err(StoreError::Older { .. }) => None,
                filed => Some(filed?),
            };
            let by: Vec<Dimension> =
                questions.iter().flat_map(|question| question.by.iter().copied()).collect();
            let names = names_for(&store, &by)?;
            let mut tables = Vec::with_capacity(questions.len());
            for question in questions {
                let report = match &filed {
                    Some(filed) if !question.without_archives => self.report(&store, filed, question)?,
                    _ if question.without_archives => {
                        scan(&Store::open(&self.folder)?.without_archives(), question)?
                    }
                    _ => scan(&store, question)?,
                };
                tables.push(question.finished(report, &names));
            }
            Ok(tables)
        })
    }

    fn report(&self, store: &Store, filed: &Filed, question: &Question) -> Result<Report, StoreError> {
        let former = self.taken(question);
        let answer = match former {
            Some(answer) if answer.days == filed.days => Answer { commit: filed.commit, ..answer },
            Some(answer) => match added(store, filed, answer)? {
                Some(answer) => answer,
                None => anew(store, filed, &self.folder, question)?,
            },
            None => anew(store, filed, &self.folder, question)?,
        };
        let report = answer.report.clone();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(answer);
        Ok(report)
    }

    /// Takes a kept answer out: who asks the same meanwhile has it made anew.
    fn taken(&self, question: &Question) -> Option<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let at = kept.iter().position(|answer| answer.question == *question)?;
        Some(kept.remove(at))
    }
}

fn anew(store: &Store, filed: &Filed, folder: &Path, question: &Question) -> Result<Answer, StoreError> {
    let report = answer::report(store, filed, folder, question)?;
    Ok(Answer { question: question.clone(), report, days: filed.days.clone(), commit: filed.commit })
}

/// The answer with what came since; `None` if not all of that is told any more.
fn added(store: &Store, filed: &Filed, mut answer: Answer) -> Result<Option<Answer>, StoreError> {
    if answer.commit < filed.told_after() || answer.commit > filed.commit {
        return Ok(None);
    }
    let after = filed.days.keys().map(|day| (*day, answer.commit)).collect();
    let Answer { question, report, days, .. } = &mut answer;
    store.events_after(filed, &after, |event, checksum| {
        days.entry(filed_on(event)).or_default().add(checksum);
        if question.asks_for(&event.bid) {
            report.add(event);
        }
    })?;
    answer.commit = filed.commit;
    Ok((answer.days == filed.days).then_some(answer))
}
