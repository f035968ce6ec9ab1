//! Which events with an id have come, so that one that is sent again happens once, also after a restart.
//!
//! Its own SQLite file, beside the one that holds what people did, and no commit spans both. So an event is begun
//! here first, with its instant and value, then recorded there, then kept here. If the end comes between, whoever
//! sent it got no answer and sends it again: it is recorded as it was begun, and the store takes the same event once.
//! The file holds hashes that nobody can turn back, and each only until its event would be too old to be taken anyway.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::Notify;

use crate::audience::Happened;
use crate::shell::failpoint::{self, Point};
use crate::units::{Nanos, UnixMillis, UserKey};

const FILE: &str = "events.sqlite";
/// Rows of a table that one round of forgetting removes: calls wait for it, a few milliseconds at most.
const FORGET_MAX: u32 = 1_000;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the ids of events `{file}`: {source}")]
pub struct OnceError {
    file: PathBuf,
    source: rusqlite::Error,
}

/// What makes an event the same: person, advertiser, event and id. Of the person too, so that no page can use up the
/// id of an order that a server will report. Not of the topic: a page and a server may name one order's topic
/// differently, and the order counts once. Lines of one order need ids of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OnceKey([u8; 16]);

impl OnceKey {
    /// The key of what `user` did, under the id that was sent with it.
    #[must_use]
    pub fn new(user: &UserKey, happened: &Happened, id: &str) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"encan event 1").update(user.as_bytes());
        hasher.update(&happened.advertiser.raw().to_be_bytes()).update(&happened.event.raw().to_be_bytes());
        let mut key = [0; 16];
        key.copy_from_slice(&hasher.update(id.as_bytes()).finalize().as_bytes()[..16]);
        Self(key)
    }
}

/// An event with an id, as it was sent.
#[derive(Debug, Clone, Copy)]
pub struct Numbered {
    /// What makes it the same.
    pub key: OnceKey,
    /// What happened.
    pub happened: Happened,
    /// Until when it can come again.
    pub expires: UnixMillis,
}

/// The ids that have come.
#[derive(Debug)]
pub struct Once {
    connection: Mutex<Connection>,
    file: PathBuf,
    /// Of the calls that are being recorded.
    underway: Mutex<HashSet<OnceKey>>,
    /// Told whenever a call is over.
    over: Notify,
}

/// Keeps other calls about the same events waiting until it is dropped.
#[derive(Debug)]
pub struct Alone<'o> {
    once: &'o Once,
    keys: Vec<OnceKey>,
}

impl Drop for Alone<'_> {
    fn drop(&mut self) {
        let mut underway = self.once.underway.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            underway.remove(key);
        }
        drop(underway);
        self.once.over.notify_waiters();
    }
}

impl Once {
    /// Opens or makes the file in the data folder.
    ///
    /// # Errors
    ///
    /// [`OnceError`].
    pub fn open(folder: &Path) -> Result<Self, OnceError> {
        let file = folder.join(FILE);
        let open = || -> rusqlite::Result<Connection> {
            let connection = Connection::open(&file)?;
            // Losing the last events' ids with the machine's power costs no more than counting one twice.
            connection.execute_batch(
                "PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = NORMAL;
                 CREATE TABLE IF NOT EXISTS seen (id BLOB PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS seen_by_expiry ON seen (expires);
                 CREATE TABLE IF NOT EXISTS begun (
                     id BLOB PRIMARY KEY, at INTEGER NOT NULL, value INTEGER NOT NULL, expires INTEGER NOT NULL
                 ) WITHOUT ROWID;
                 CREATE INDEX IF NOT EXISTS begun_by_expiry ON begun (expires);",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|source| OnceError { file: file.clone(), source })?;
        let (underway, over) = (Mutex::default(), Notify::new());
        Ok(Self { connection: Mutex::new(connection), file, underway, over })
    }

    /// Waits until no other call is about one of `keys`. Takes all of them at once, so nobody waits for each other.
    pub async fn alone(&self, keys: Vec<OnceKey>) -> Alone<'_> {
        loop {
            // Made before the look: whoever ends after it wakes this one.
            let over = self.over.notified();
            if self.occupy(&keys) {
                return Alone { once: self, keys };
            }
            over.await;
        }
    }

    /// Marks `keys` as under way; false if one is already.
    fn occupy(&self, keys: &[OnceKey]) -> bool {
        let mut underway = self.underway.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = keys.iter().all(|key| !underway.contains(key));
        if is_free {
            underway.extend(keys);
        }
        is_free
    }

    /// What is to be recorded of each of `events`: `None` if it is recorded, or stands before in the same call; else
    /// what happened, with the instant and the value of the first time that it was begun.
    ///
    /// # Errors
    ///
    /// [`OnceError`]; then none of them was begun.
    pub fn begin(&self, events: &[Numbered]) -> Result<Vec<Option<Happened>>, OnceError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.with(|connection| {
            let transaction = connection.transaction()?;
            let mut met = HashSet::new();
            let mut begun = Vec::with_capacity(events.len());
            for event in events {
                begun.push(if met.insert(event.key) { begin_one(&transaction, event)? } else { None });
            }
            failpoint::sqlite(Point::EventsBegin)?;
            transaction.commit()?;
            Ok(begun)
        })
    }

    /// From now on these are recorded.
    ///
    /// # Errors
    ///
    /// [`OnceError`]; then they stay begun, and what is sent again is recorded as the same.
    pub fn keep(&self, keys: &[OnceKey]) -> Result<(), OnceError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            for key in keys {
                let id = key.0.as_slice();
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO seen SELECT id, expires FROM begun WHERE id = ?")?
                    .execute([id])?;
                transaction.prepare_cached("DELETE FROM begun WHERE id = ?")?.execute([id])?;
            }
            failpoint::sqlite(Point::EventsKeep)?;
            transaction.commit()
        })
    }

    /// Forgets ids that expired before `now`, in short rounds between which calls are served, as long as `goes_on`
    /// says so after each; how many were.
    ///
    /// # Errors
    ///
    /// [`OnceError`].
    pub fn forget(&self, now: UnixMillis, mut goes_on: impl FnMut() -> bool) -> Result<usize, OnceError> {
        let mut forgotten = 0;
        loop {
            let round = self.with(|connection| {
                let mut round = 0;
                for statement in [
                    "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE expires < ? LIMIT ?)",
                    "DELETE FROM begun WHERE id IN (SELECT id FROM begun WHERE expires < ? LIMIT ?)",
                ] {
                    round += connection.execute(statement, params![now.raw(), FORGET_MAX])?;
                }
                Ok(round)
            })?;
            forgotten += round;
            if round == 0 || !goes_on() {
                return Ok(forgotten);
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, OnceError> {
        // A transaction that a panic left is rolled back when it is dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut connection).map_err(|source| OnceError { file: self.file.clone(), source })
    }
}

/// As [`Once::begin`], of one that comes the first time in its call.
fn begin_one(connection: &Connection, event: &Numbered) -> rusqlite::Result<Option<Happened>> {
    let Numbered { key, happened, expires } = *event;
    let id = key.0.as_slice();
    if connection.prepare_cached("SELECT 1 FROM seen WHERE id = ?")?.exists([id])? {
        return Ok(None);
    }
    let mut first = connection.prepare_cached("SELECT at, value FROM begun WHERE id = ?")?;
    let first = first.query_row([id], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some((at, value)) = first {
        let (at, value) = (UnixMillis::from_raw(at), Nanos::from_raw(value));
        return Ok(Some(Happened { at, value, ..happened }));
    }
    connection
        .prepare_cached("INSERT INTO begun (id, at, value, expires) VALUES (?, ?, ?, ?)")?
        .execute(params![id, happened.at.raw(), happened.value.raw(), expires.raw()])?;
    Ok(Some(happened))
}

#[cfg(test)]
mod tests {
    use super::{FORGET_MAX, Numbered, Once, OnceKey};
    use crate::audience::Happened;
    use crate::units::{AdvertiserId, EventId, Nanos, UnixMillis, UserKey};

    fn happened(advertiser: &str, event: &str, at: i64) -> Happened {
        Happened {
            advertiser: AdvertiserId::from_slug(advertiser),
            event: EventId::from_slug(event),
            topic: None,
            at: UnixMillis::from_raw(at),
            value: Nanos::ZERO,
        }
    }

    fn key(user: u8, advertiser: &str, event: &str, id: &str) -> OnceKey {
        OnceKey::new(&UserKey::from_bytes([user; 16]), &happened(advertiser, event, 5), id)
    }

    /// The purchase with this id.
    fn purchase(id: &str, at: i64, expires: i64) -> Numbered {
        let expires = UnixMillis::from_raw(expires);
        Numbered { key: key(1, "shop", "purchase", id), happened: happened("shop", "purchase", at), expires }
    }

    /// The instants at which `events` are to be recorded.
    fn begin(once: &Once, events: &[Numbered]) -> Vec<Option<i64>> {
        let begun = once.begin(events).unwrap();
        begun.into_iter().map(|begun| begun.map(|happened| happened.at.raw())).collect()
    }

    #[test]
    fn an_event_is_the_same_by_person_advertiser_kind_and_id() {
        let keys = [
            key(1, "shop", "purchase", "o"),
            key(2, "shop", "purchase", "o"),
            key(1, "other", "purchase", "o"),
            key(1, "shop", "basket", "o"),
            key(1, "shop", "purchase", "p"),
        ];
        for (at, key) in keys.iter().enumerate() {
            assert!(!keys[..at].contains(key), "{at}");
        }
        assert_eq!(key(1, "shop", "purchase", "o"), keys[0]);
    }

    #[test]
    fn an_id_is_new_until_it_is_kept_and_then_until_it_expires_and_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let once = Once::open(folder.path()).unwrap();
        let one = purchase("1", 10, 100);
        assert_eq!(begin(&once, &[one, one]), [Some(10), None]);
        once.keep(&[one.key]).unwrap();
        drop(once);
        let once = Once::open(folder.path()).unwrap();
        let other = purchase("2", 20, 300);
        assert_eq!(begin(&once, &[one, other]), [None, Some(20)]);
        let forget = |now| once.forget(UnixMillis::from_raw(now), || true).unwrap();
        assert_eq!((forget(100), forget(101)), (0, 1));
        assert_eq!(begin(&once, &[purchase("1", 11, 400), other]), [Some(11), Some(20)]);
        assert_eq!(begin(&once, &[]), []);
        assert_eq!((forget(300), forget(401)), (0, 2), "what was never kept is forgotten too");
    }

    #[test]
    fn what_was_begun_and_not_kept_is_recorded_as_it_was_begun_if_it_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let once = Once::open(folder.path()).unwrap();
        assert_eq!(begin(&once, &[purchase("1", 10, 100)]), [Some(10)]);
        drop(once);
        let once = Once::open(folder.path()).unwrap();
        assert_eq!(begin(&once, &[purchase("1", 70, 160)]), [Some(10)]);
    }

    #[test]
    fn all_that_expired_is_forgotten_in_rounds_until_it_has_to_stop() {
        let folder = tempfile::tempdir().unwrap();
        let once = Once::open(folder.path()).unwrap();
        let round = usize::try_from(FORGET_MAX).unwrap();
        let all: Vec<Numbered> = (0..=2 * round).map(|id| purchase(&id.to_string(), 1, 10)).collect();
        once.begin(&all).unwrap();
        let keys: Vec<OnceKey> = all.iter().map(|event| event.key).collect();
        once.keep(&keys).unwrap();
        let now = UnixMillis::from_raw(11);
        assert_eq!(once.forget(now, || false).unwrap(), round);
        assert_eq!(once.forget(now, || true).unwrap(), round + 1);
    }

    #[tokio::test]
    async fn calls_about_the_same_event_come_one_after_another_and_others_do_not_wait() {
        let folder = tempfile::tempdir().unwrap();
        let once = Once::open(folder.path()).unwrap();
        let [one, two, three] = ["1", "2", "3"].map(|id| key(1, "shop", "purchase", id));
        let first = once.alone(vec![one, two, two]).await;
        let second = once.alone(vec![three]).await;
        assert!(!once.occupy(&[two]) && !once.occupy(&[three]));
        let waiting = once.alone(vec![two, three]);
        let frees = async move {
            drop(first);
            tokio::task::yield_now().await;
            drop(second);
        };
        let (third, ()) = tokio::join!(waiting, frees);
        assert!(once.occupy(&[one]) && !once.occupy(&[two]));
        drop(third);
        assert!(once.occupy(&[two, three]));
    }
}
