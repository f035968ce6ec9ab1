//! What measured people saw and clicked of an advertiser's ads, so that a conversion that names a person finds its ad.
//!
//! A SQLite file of its own, written by a thread of its own behind a bounded queue: neither a notice nor a bid waits for
//! it. It holds no money and no truth, only a way to the ledger, which has the events themselves: what is lost with a
//! crash or a full queue is a conversion that nobody is credited with when it comes, and reports credit anew. A
//! damaged file begins anew. What is kept is bounded by age, by person and in all; a person who is erased is gone from it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use crate::ledger::{Event, EventKind};
use crate::shell::clock;
use crate::units::{AdvertiserId, BidId, CampaignId, UnixMillis, UserKey, limits};

const FILE: &str = "journeys.sqlite";
/// Touches that may wait to be written.
const QUEUE_MAX: usize = 16_384;
/// Jobs of one transaction.
const BATCH_MAX: usize = 4_096;
/// Clicks, and views, that are kept of a person and an advertiser: the latest.
const OF_PERSON_MAX: i64 = 32;
/// Touches that are kept in all: about a gigabyte.
const ROWS_MAX: i64 = 10_000_000;
/// How often old ones are looked for.
const LOOK: Duration = Duration::from_secs(60);
/// Rows that one round of forgetting removes.
const FORGET_MAX: i64 = 4_096;

/// A touch of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// When.
    pub at: UnixMillis,
    /// True for a click, false for a view.
    pub is_click: bool,
    /// Of which ad.
    pub bid: BidId,
    /// Of which campaign.
    pub campaign: CampaignId,
}

enum Job {
    Met(UserKey, AdvertiserId, Met),
    Find(UserKey, AdvertiserId, oneshot::Sender<Option<Vec<Met>>>),
    Erase(UserKey, oneshot::Sender<Option<bool>>),
}

/// The way to the file. Its thread ends when this is dropped.
#[derive(Debug)]
pub struct Journeys {
    /// `None` only while it is dropped.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    dropped: AtomicU64,
    folder: PathBuf,
}

impl Journeys {
    /// Opens or makes the file in `folder`. Without one that can be used, nobody's journey is known.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn open(folder: &Path) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel(QUEUE_MAX);
        let file = File::open(folder);
        let thread =
            std::thread::Builder::new().name("journeys".to_owned()).spawn(move || run(file, &queue))?;
        Ok(Self {
            jobs: Some(jobs),
            thread: Some(thread),
            dropped: AtomicU64::new(0),
            folder: folder.to_owned(),
        })
    }

    /// The folder of the data, in which the ledger lies that has the events themselves.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes note of a view or click that was booked of a person who may be measured; other events are passed over.
    /// Never waits.
    pub fn booked(&self, event: &Event) {
        let is_click = match event.kind {
            EventKind::View => false,
            EventKind::Click => true,
            _ => return,
        };
        let Some(user) = event.bid.user else { return };
        let met = Met { at: event.at, is_click, bid: event.bid.id, campaign: event.bid.campaign };
        let job = Job::Met(user, event.bid.advertiser, met);
        if self.jobs.as_ref().is_none_or(|jobs| jobs.try_send(job).is_err()) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What `user` met of `advertiser`, the clicks first, the latest first; all that was booked before. `None` if it
    /// cannot be asked now.
    pub async fn of(&self, user: UserKey, advertiser: AdvertiserId) -> Option<Vec<Met>> {
        let (answer, answered) = oneshot::channel();
        self.jobs.as_ref()?.try_send(Job::Find(user, advertiser, answer)).ok()?;
        answered.await.ok()?
    }

    /// Forgets `user`, and says whether anything was known; `None` if that could not be done: to be tried again.
    pub async fn erase(&self, user: UserKey) -> Option<bool> {
        let (answer, answered) = oneshot::channel();
        self.jobs.as_ref()?.try_send(Job::Erase(user, answer)).ok()?;
        answered.await.ok()?
    }

    /// Appends what is counted, in the text format of Prometheus.
    pub fn write_metrics(&self, out: &mut String) {
        out.push_str(
            "# HELP encan_touches_dropped_total Views and clicks that conversions by person will not find.\n",
        );
        out.push_str("# TYPE encan_touches_dropped_total counter\n");
        out.push_str(&format!("encan_touches_dropped_total {}\n", self.dropped.load(Ordering::Relaxed)));
    }
}

/// Removes `users` from the file in `folder`, beside a server that may be running.
///
/// # Errors
///
/// If the file is there and cannot be used.
pub fn erase_journeys(folder: &Path, users: &[UserKey]) -> rusqlite::Result<()> {
    let path = folder.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let mut file = File::at(&path)?;
    let transaction = file.connection.transaction()?;
    for user in users {
        transaction.prepare_cached("DELETE FROM touch WHERE user = ?")?.execute([user.as_bytes()])?;
    }
    transaction.commit()
}

impl Drop for Journeys {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // A panic in it was told when it happened.
            let _ = thread.join();
        }
    }
}

/// Serves jobs until nobody is left to send one; what waits is written together.
fn run(mut file: Option<File>, queue: &Receiver<Job>) {
    let (mut forgot, mut is_failing) = (None, false);
    loop {
        let first = match queue.recv_timeout(LOOK) {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let batch: Vec<Job> = first.into_iter().chain(queue.try_iter().take(BATCH_MAX)).collect();
        serve(&mut file, batch, &mut is_failing);
        let now = clock::now();
        if forgot.is_none_or(|then: UnixMillis| now.since(then).raw().unsigned_abs() >= 60_000) {
            forgot = Some(now);
            if let Some(Err(error)) = file.as_mut().map(|file| file.forget(now)) {
                tracing::warn!(%error, "old touches not forgotten");
            }
        }
    }
}

fn serve(file: &mut Option<File>, batch: Vec<Job>, is_failing: &mut bool) {
    let mut answers = Vec::new();
    let served = match file {
        Some(file) => file.serve(batch, &mut answers),
        None => {
            answers.extend(batch.into_iter().filter_map(|job| match job {
                // Nothing is kept of anybody.
                Job::Erase(_, answer) => Some(Due::Erased(answer, false)),
                Job::Met(..) | Job::Find(..) => None,
            }));
            Ok(())
        }
    };
    match &served {
        // A disk that is full is told once, not with every click.
        Err(error) if !*is_failing => tracing::warn!(%error, "touches of people not kept"),
        _ => {}
    }
    *is_failing = served.is_err();
    for answer in answers {
        answer.tell(served.is_ok());
    }
}

/// An answer that is due once the batch is committed.
enum Due {
    Found(oneshot::Sender<Option<Vec<Met>>>, Vec<Met>),
    Erased(oneshot::Sender<Option<bool>>, bool),
}

impl Due {
    /// Whoever asked may be gone.
    fn tell(self, is_kept: bool) {
        match self {
            Self::Found(answer, found) => drop(answer.send(is_kept.then_some(found))),
            Self::Erased(answer, was_known) => drop(answer.send(is_kept.then_some(was_known))),
        }
    }
}

struct File {
    connection: Connection,
    rows: i64,
}

impl File {
    /// A damaged file is removed, once, for it may name people who will be erased; `None` if that does not help.
    fn open(folder: &Path) -> Option<Self> {
        let path = folder.join(FILE);
        Self::at(&path)
            .or_else(|error| {
                tracing::error!(%error, file = %path.display(), "journeys cannot be used and begin anew");
                for ending in ["", "-wal", "-shm"] {
                    let _ = std::fs::remove_file(folder.join(format!("{FILE}{ending}")));
                }
                Self::at(&path)
            })
            .map_err(|error| tracing::error!(%error, "conversions by person will find no ad"))
            .ok()
    }

    fn at(path: &Path) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        // Losing the last touches with the machine's power costs a few conversions their ad until they are reported.
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA secure_delete = ON;
             CREATE TABLE IF NOT EXISTS touch (
                 user BLOB NOT NULL, advertiser INTEGER NOT NULL, click INTEGER NOT NULL, at INTEGER NOT NULL,
                 bid BLOB NOT NULL, campaign INTEGER NOT NULL,
                 PRIMARY KEY (user, advertiser, click, at, bid)
             ) WITHOUT ROWID;
             CREATE INDEX IF NOT EXISTS touch_by_time ON touch (at);",
        )?;
        let rows = connection.query_row("SELECT count(*) FROM touch", [], |row| row.get(0))?;
        Ok(Self { connection, rows })
    }

    /// All of `batch` in its order, in one transaction.
    fn serve(&mut self, batch: Vec<Job>, answers: &mut Vec<Due>) -> rusqlite::Result<()> {
        if batch.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        let mut rows = self.rows;
        for job in batch {
            match job {
                Job::Met(user, advertiser, met) => rows += add(&transaction, &user, advertiser, &met)?,
                Job::Find(user, advertiser, answer) => {
                    let found = find(&transaction, &user, advertiser)?;
                    answers.push(Due::Found(answer, found));
                }
                Job::Erase(user, answer) => {
                    let gone = transaction.execute("DELETE FROM touch WHERE user = ?", [user.as_bytes()])?;
                    answers.push(Due::Erased(answer, gone > 0));
                    rows -= i64::try_from(gone).unwrap_or(0);
                }
            }
        }
        transaction.commit()?;
        self.rows = rows;
        Ok(())
    }

    /// Removes what no window reaches any more, and the oldest of too many, some rows at a time.
    fn forget(&mut self, now: UnixMillis) -> rusqlite::Result<()> {
        let before = now.minus(limits::CONVERSION_AGE_MAX).raw();
        loop {
            let surplus = (self.rows - ROWS_MAX).min(FORGET_MAX);
            let mut gone = self.connection.execute(
                "DELETE FROM touch WHERE (user, advertiser, click, at, bid) IN
                     (SELECT user, advertiser, click, at, bid FROM touch WHERE at < ? LIMIT ?)",
                params![before, FORGET_MAX],
            )?;
            if gone == 0 && surplus > 0 {
                gone = self.connection.execute(
                    "DELETE FROM touch WHERE (user, advertiser, click, at, bid) IN
                         (SELECT user, advertiser, click, at, bid FROM touch ORDER BY at LIMIT ?)",
                    [surplus],
                )?;
            }
            self.rows -= i64::try_from(gone).unwrap_or(0);
            if gone == 0 {
                return Ok(());
            }
        }
    }
}

/// Adds a touch and takes away what its person has too many of; by how much the rows grew.
fn add(
    connection: &Connection,
    user: &UserKey,
    advertiser: AdvertiserId,
    met: &Met,
) -> rusqlite::Result<i64> {
    let (owner, campaign) = (advertiser.raw().cast_signed(), met.campaign.raw().cast_signed());
    let added = connection
        .prepare_cached("INSERT OR IGNORE INTO touch VALUES (?, ?, ?, ?, ?, ?)")?
        .execute(params![user.as_bytes(), owner, met.is_click, met.at.raw(), met.bid.as_bytes(), campaign])?;
    let gone = connection
        .prepare_cached(
            "DELETE FROM touch WHERE user = ?1 AND advertiser = ?2 AND click = ?3 AND at <
                 (SELECT at FROM touch WHERE user = ?1 AND advertiser = ?2 AND click = ?3
                  ORDER BY at DESC LIMIT 1 OFFSET ?4)",
        )?
        .execute(params![user.as_bytes(), owner, met.is_click, OF_PERSON_MAX - 1])?;
    Ok(i64::try_from(added).unwrap_or(0) - i64::try_from(gone).unwrap_or(0))
}

fn find(connection: &Connection, user: &UserKey, advertiser: AdvertiserId) -> rusqlite::Result<Vec<Met>> {
    let mut rows = connection.prepare_cached(
        "SELECT at, click, bid, campaign FROM touch WHERE user = ? AND advertiser = ?
         ORDER BY click DESC, at DESC, bid LIMIT ?",
    )?;
    let of = params![user.as_bytes(), advertiser.raw().cast_signed(), 2 * OF_PERSON_MAX];
    let found = rows.query_map(of, |row| {
        Ok(Met {
            at: UnixMillis::from_raw(row.get(0)?),
            is_click: row.get(1)?,
            bid: BidId::from_bytes(row.get(2)?),
            campaign: CampaignId::from_raw(row.get::<_, i64>(3)?.cast_unsigned()),
        })
    })?;
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::{FILE, File, Job, Journeys, Met, OF_PERSON_MAX};
    use crate::units::{AdvertiserId, BidId, CampaignId, UnixMillis, UserKey};

    fn user(number: u8) -> UserKey {
        UserKey::from_bytes([number; 16])
    }

    fn shop() -> AdvertiserId {
        AdvertiserId::from_slug("shop")
    }

    fn met(at: i64, is_click: bool) -> Met {
        let at = UnixMillis::from_raw(at);
        Met { at, is_click, bid: BidId::mint(at, 7), campaign: CampaignId::from_slug("spring") }
    }

    fn tell(journeys: &Journeys, person: u8, touch: Met) {
        journeys.jobs.as_ref().unwrap().send(Job::Met(user(person), shop(), touch)).unwrap();
    }

    #[tokio::test]
    async fn clicks_come_first_and_the_latest_first_and_of_one_person_and_advertiser_alone() {
        let folder = tempfile::tempdir().unwrap();
        let now = crate::shell::clock::now().raw();
        let journeys = Journeys::open(folder.path()).unwrap();
        let [view, click, later, other] =
            [met(now - 40, false), met(now - 30, true), met(now - 20, true), met(now - 10, true)];
        for touch in [view, click, later, click] {
            tell(&journeys, 1, touch);
        }
        tell(&journeys, 2, other);
        assert_eq!(journeys.of(user(1), shop()).await, Some(vec![later, click, view]));
        assert_eq!(journeys.of(user(1), AdvertiserId::from_slug("other")).await, Some(vec![]));
        drop(journeys);
        let journeys = Journeys::open(folder.path()).unwrap();
        assert_eq!(journeys.of(user(1), shop()).await, Some(vec![later, click, view]), "after a restart");
        assert_eq!(journeys.erase(user(1)).await, Some(true));
        assert_eq!(journeys.erase(user(1)).await, Some(false));
        assert_eq!(journeys.of(user(1), shop()).await, Some(vec![]), "erased");
        assert_eq!(journeys.of(user(2), shop()).await, Some(vec![other]));
    }

    #[tokio::test]
    async fn of_too_many_touches_the_latest_are_kept_and_old_ones_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let now = crate::shell::clock::now().raw();
        let journeys = Journeys::open(folder.path()).unwrap();
        let all: Vec<Met> = (0..100).map(|at| met(now - at, true)).collect();
        for touch in all.iter().rev() {
            tell(&journeys, 1, *touch);
        }
        assert_eq!(journeys.of(user(1), shop()).await.as_deref(), Some(&all[..32]));
        tell(&journeys, 2, met(now - 61 * 86_400_000, true));
        drop(journeys);
        let mut file = File::open(folder.path()).unwrap();
        assert_eq!(file.rows, OF_PERSON_MAX + 1);
        file.forget(UnixMillis::from_raw(now)).unwrap();
        assert_eq!(file.rows, OF_PERSON_MAX);
    }

    #[tokio::test]
    async fn a_damaged_file_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join(FILE),
            "not a database, and long enough to be looked at".repeat(99),
        )
        .unwrap();
        let journeys = Journeys::open(folder.path()).unwrap();
        assert_eq!(journeys.of(user(1), shop()).await, Some(vec![]));
        tell(&journeys, 1, met(crate::shell::clock::now().raw(), true));
        assert_eq!(journeys.of(user(1), shop()).await.map(|found| found.len()), Some(1));
    }
}
