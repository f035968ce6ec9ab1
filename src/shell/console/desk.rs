//! The figures of the ledger, read off the doors' threads, one reading at a time, and kept for a moment.
//!
//! Nothing is read unless somebody looks. A page waits for a moment at most; then it is written with what was read last,
//! or says that nothing is yet. So a page is fast however much the ledger holds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};

use crate::report::Table;
use crate::shell::console::figures::{Question, table};

/// How long a table counts as new.
const FRESH: Duration = Duration::from_millis(1_500);
/// How long a page waits for one.
const PATIENCE: Duration = Duration::from_millis(40);
/// The most questions that are kept.
const SHELF_MAX: usize = 64;

/// Tables by the questions that they answer.
#[derive(Debug)]
pub(in crate::shell::console) struct Desk {
    folder: OnceLock<PathBuf>,
    shelf: Mutex<HashMap<Question, Shelved>>,
    /// One reading at a time: others' disks and cores are for bids.
    reader: Arc<Semaphore>,
}

#[derive(Debug)]
struct Shelved {
    answer: watch::Sender<Answer>,
    is_reading: bool,
    asked: Instant,
}

/// What is known of a question.
#[derive(Debug, Clone, Default)]
pub(in crate::shell::console) struct Answer {
    /// The last table, if one was read.
    pub(in crate::shell::console) table: Option<Arc<Table>>,
    /// Why the last reading failed, if it did.
    pub(in crate::shell::console) failed: Option<String>,
    read: Option<Instant>,
}

impl Default for Desk {
    fn default() -> Self {
        Self { folder: OnceLock::new(), shelf: Mutex::default(), reader: Arc::new(Semaphore::new(1)) }
    }
}

impl Desk {
    /// The ledger lies in `folder`. The first to say so is right.
    pub(in crate::shell::console) fn open(&self, folder: PathBuf) {
        let _ = self.folder.set(folder);
    }

    /// The answers to `questions`, each as new as it can be had in a moment.
    pub(in crate::shell::console) async fn answers<const N: usize>(
        self: &Arc<Self>,
        questions: [Question; N],
    ) -> [Answer; N] {
        let waiting = questions.map(|question| self.ask(question));
        let until = tokio::time::Instant::now() + PATIENCE;
        let mut answers = Vec::with_capacity(N);
        for (mut receiver, is_fresh) in waiting {
            if !is_fresh {
                // Too late, or the desk is gone: what is there is told.
                let _ = tokio::time::timeout_at(until, receiver.changed()).await;
            }
            answers.push(receiver.borrow().clone());
        }
        let mut answers = answers.into_iter();
        std::array::from_fn(|_| answers.next().unwrap_or_default())
    }

    /// Where the answer will be, and whether it is new enough as it is; else it is being read from now on.
    fn ask(self: &Arc<Self>, question: Question) -> (watch::Receiver<Answer>, bool) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        if !shelf.contains_key(&question) && shelf.len() >= SHELF_MAX {
            let oldest = shelf.iter().min_by_key(|(_, shelved)| shelved.asked).map(|(old, _)| old.clone());
            oldest.map(|oldest| shelf.remove(&oldest));
        }
        let shelved = shelf.entry(question.clone()).or_insert_with(|| Shelved {
            answer: watch::Sender::new(Answer::default()),
            is_reading: false,
            asked: Instant::now(),
        });
        shelved.asked = Instant::now();
        let receiver = shelved.answer.subscribe();
        let is_fresh = receiver.borrow().read.is_some_and(|read| read.elapsed() < FRESH);
        if !is_fresh && !shelved.is_reading {
            shelved.is_reading = true;
            tokio::spawn(Arc::clone(self).read(question));
        }
        (receiver, is_fresh)
    }

    /// Reads the answer to `question` and tells whoever waits.
    async fn read(self: Arc<Self>, question: Question) {
        let result = match (self.reader.acquire().await, self.folder.get().cloned()) {
            (Ok(_turn), Some(folder)) => {
                let asked = question.clone();
                let read = tokio::task::spawn_blocking(move || table(&folder, &asked)).await;
                match read {
                    Ok(read) => read.map_err(|error| error.to_string()),
                    Err(_) => Err("reading the ledger failed".to_owned()),
                }
            }
            _ => Err("the ledger is not open yet".to_owned()),
        };
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        // Another question may have taken its place meanwhile.
        let Some(shelved) = shelf.get_mut(&question) else { return };
        shelved.is_reading = false;
        shelved.answer.send_modify(|answer| {
            answer.read = Some(Instant::now());
            match result {
                Ok(table) => {
                    *answer = Answer { table: Some(Arc::new(table)), failed: None, ..answer.clone() }
                }
                Err(error) => answer.failed = Some(error),
            }
        });
    }
}
