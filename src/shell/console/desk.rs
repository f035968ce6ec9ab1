//! What is read of the ledger for pages: off the doors' threads, one reading at a time, and kept for a moment.
//!
//! Nothing is read unless somebody looks. A page waits for a moment at most; then it is written with what was read last,
//! or says that nothing is yet. So a page is fast however much the ledger holds.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, watch};

/// How long an answer counts as new that is read of columns, or of one commit.
pub(in crate::shell::console) const LIVE: Duration = Duration::from_millis(1_500);
/// How long one counts as new that takes a walk over the ledger, and that somebody waits for.
pub(in crate::shell::console) const WALK: Duration = Duration::from_secs(5);
/// How long one does that changes slowly.
pub(in crate::shell::console) const SLOW: Duration = Duration::from_secs(60);
/// How long a page waits for one.
pub(in crate::shell::console) const MOMENT: Duration = Duration::from_millis(40);
/// How long a file waits for one.
pub(in crate::shell::console) const PATIENCE: Duration = Duration::from_secs(60);
/// The most questions that are kept.
const SHELF_MAX: usize = 64;

/// Answers by their questions.
#[derive(Debug)]
pub(in crate::shell::console) struct Desk<Q, T> {
    shelf: Mutex<HashMap<Q, Shelved<T>>>,
    /// One reading at a time: others' disks and cores are for bids.
    reader: Semaphore,
    /// How long an answer counts as new.
    fresh: Duration,
}

#[derive(Debug)]
struct Shelved<T> {
    answer: watch::Sender<Answer<T>>,
    is_reading: bool,
    asked: Instant,
}

/// What is known of a question.
#[derive(Debug)]
pub(in crate::shell::console) struct Answer<T> {
    /// What was read last, if anything was.
    pub(in crate::shell::console) found: Option<Arc<T>>,
    /// Why the last reading failed, if it did.
    pub(in crate::shell::console) failed: Option<String>,
    read: Option<Instant>,
}

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self { found: self.found.clone(), failed: self.failed.clone(), read: self.read }
    }
}

impl<T> Default for Answer<T> {
    fn default() -> Self {
        Self { found: None, failed: None, read: None }
    }
}

/// An answer that is there, or on its way.
#[derive(Debug)]
pub(in crate::shell::console) struct Awaited<T> {
    answer: watch::Receiver<Answer<T>>,
    is_fresh: bool,
}

impl<T> Awaited<T> {
    /// The answer, as new as it can be had until `until`.
    pub(in crate::shell::console) async fn by(mut self, until: Instant) -> Answer<T> {
        if !self.is_fresh {
            // Too late, or the desk is gone: what is there is told.
            let _ = tokio::time::timeout_at(until.into(), self.answer.changed()).await;
        }
        self.answer.borrow().clone()
    }
}

impl<Q, T> Desk<Q, T> {
    /// One whose answers count as new for so long.
    #[must_use]
    pub(in crate::shell::console) fn new(fresh: Duration) -> Self {
        Self { shelf: Mutex::default(), reader: Semaphore::new(1), fresh }
    }
}

impl<Q, T> Desk<Q, T>
where
    Q: Clone + Eq + Hash + Send + Sync + 'static,
    T: Send + Sync + 'static,
{
    /// Asks `question`; where no new answer is there, `read` finds one from now on. To be called where tokio runs.
    pub(in crate::shell::console) fn ask(
        self: &Arc<Self>,
        question: Q,
        read: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Awaited<T> {
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
        let answer = shelved.answer.subscribe();
        let is_fresh = answer.borrow().read.is_some_and(|read| read.elapsed() < self.fresh);
        if !is_fresh && !shelved.is_reading {
            shelved.is_reading = true;
            tokio::spawn(Arc::clone(self).read(question, read));
        }
        Awaited { answer, is_fresh }
    }

    /// Reads the answer to `question` and tells whoever waits.
    async fn read(self: Arc<Self>, question: Q, read: impl FnOnce() -> Result<T, String> + Send + 'static) {
        let found = {
            let _turn = self.reader.acquire().await;
            // A panic's message went to the log.
            let failed = |_| Err("reading the ledger failed".to_owned());
            tokio::task::spawn_blocking(read).await.unwrap_or_else(failed)
        };
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        // Another question may have taken its place meanwhile.
        let Some(shelved) = shelf.get_mut(&question) else { return };
        shelved.is_reading = false;
        shelved.answer.send_modify(|answer| {
            answer.read = Some(Instant::now());
            match found {
                Ok(found) => (answer.found, answer.failed) = (Some(Arc::new(found)), None),
                Err(error) => answer.failed = Some(error),
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::{Desk, PATIENCE, SHELF_MAX};

    /// For so long an answer stays new, whatever the machine does meanwhile.
    const LONG: Duration = Duration::from_secs(3_600);

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[tokio::test]
    async fn a_page_waits_for_a_moment_and_then_takes_what_is_there() {
        let desk: Arc<Desk<u8, u32>> = Arc::new(Desk::new(LONG));
        let (send, receive) = std::sync::mpsc::channel::<u32>();
        let slow = desk.ask(1, move || receive.recv().map_err(|error| error.to_string()));
        assert!(slow.by(soon()).await.found.is_none(), "not yet");
        send.send(7).unwrap();
        let told = desk.ask(1, || panic!("one reading at a time")).by(Instant::now() + PATIENCE).await;
        assert_eq!((told.found.as_deref(), told.failed), (Some(&7), None));
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_a_moment_and_a_failure_leaves_the_last_one() {
        let desk: Arc<Desk<u8, u32>> = Arc::new(Desk::new(LONG));
        let later = || Instant::now() + PATIENCE;
        assert_eq!(desk.ask(1, || Ok(1)).by(later()).await.found.as_deref(), Some(&1));
        assert_eq!(desk.ask(1, || Ok(2)).by(later()).await.found.as_deref(), Some(&1), "still new");
        let desk: Arc<Desk<u8, u32>> = Arc::new(Desk::new(Duration::ZERO));
        assert_eq!(desk.ask(1, || Ok(1)).by(later()).await.found.as_deref(), Some(&1));
        let failed = desk.ask(1, || Err("gone".to_owned())).by(later()).await;
        assert_eq!((failed.found.as_deref(), failed.failed.as_deref()), (Some(&1), Some("gone")));
    }

    #[tokio::test]
    async fn no_more_than_some_questions_are_kept() {
        let desk: Arc<Desk<usize, usize>> = Arc::new(Desk::new(LONG));
        for question in 0..3 * SHELF_MAX {
            desk.ask(question, move || Ok(question)).by(Instant::now() + PATIENCE).await;
        }
        assert_eq!(desk.shelf.lock().unwrap().len(), SHELF_MAX);
    }
}
