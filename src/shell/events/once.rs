//! Which events with an id have come, so that one that is sent again happens once, also after a restart.
//!
//! Its own SQLite file. It holds hashes that nobody can turn back, and each only until its event would be too old to
//! be taken anyway.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};

use crate::audience::Happened;
use crate::units::{UnixMillis, UserKey};

const FILE: &str = "events.sqlite";
/// Rows that one round of forgetting removes: claims wait for it.
const FORGET_MAX: u32 = 10_000;

/// The file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the ids of events `{file}`: {source}")]
pub struct OnceError {
    file: PathBuf,
    source: rusqlite::Error,
}

/// What makes an event the same: person, advertiser, event and id. Of the person too, so that no page can use up the
/// id of an order that a server will report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

/// The ids that have come.
#[derive(Debug)]
pub struct Once {
    connection: Mutex<Connection>,
    file: PathBuf,
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
                 CREATE INDEX IF NOT EXISTS seen_by_expiry ON seen (expires);",
            )?;
            Ok(connection)
        };
        let connection = open().map_err(|source| OnceError { file: file.clone(), source })?;
        Ok(Self { connection: Mutex::new(connection), file })
    }

    /// For each of `events` whether it is new; from now on it is not. Each is remembered until its instant.
    ///
    /// # Errors
    ///
    /// [`OnceError`]; then none of them was claimed.
    pub fn claim(&self, events: &[(OnceKey, UnixMillis)]) -> Result<Vec<bool>, OnceError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        self.with(|connection| {
            let transaction = connection.transaction()?;
            let mut news = Vec::with_capacity(events.len());
            {
                let mut insert =
                    transaction.prepare_cached("INSERT OR IGNORE INTO seen (id, expires) VALUES (?, ?)")?;
                for (key, expires) in events {
                    news.push(insert.execute(params![key.0.as_slice(), expires.raw()])? == 1);
                }
            }
            transaction.commit()?;
            Ok(news)
        })
    }

    /// Takes claims back, of events that could not be recorded.
    ///
    /// # Errors
    ///
    /// [`OnceError`].
    pub fn release(&self, keys: &[OnceKey]) -> Result<(), OnceError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            for key in keys {
                transaction.execute("DELETE FROM seen WHERE id = ?", params![key.0.as_slice()])?;
            }
            transaction.commit()
        })
    }

    /// Forgets ids that expired before `now`, some of them if there are many; how many were.
    ///
    /// # Errors
    ///
    /// [`OnceError`].
    pub fn forget(&self, now: UnixMillis) -> Result<usize, OnceError> {
        self.with(|connection| {
            connection.execute(
                "DELETE FROM seen WHERE id IN (SELECT id FROM seen WHERE expires < ? LIMIT ?)",
                params![now.raw(), FORGET_MAX],
            )
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, OnceError> {
        // A transaction that a panic left is rolled back when it is dropped.
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        act(&mut connection).map_err(|source| OnceError { file: self.file.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::{Once, OnceKey};
    use crate::audience::Happened;
    use crate::units::{AdvertiserId, EventId, Nanos, UnixMillis, UserKey};

    fn key(user: u8, advertiser: &str, event: &str, id: &str) -> OnceKey {
        let happened = Happened {
            advertiser: AdvertiserId::from_slug(advertiser),
            event: EventId::from_slug(event),
            topic: None,
            at: UnixMillis::from_raw(5),
            value: Nanos::ZERO,
        };
        OnceKey::new(&UserKey::from_bytes([user; 16]), &happened, id)
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
    fn an_id_is_new_once_until_it_expires_and_over_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let at = UnixMillis::from_raw;
        let (one, other) = (key(1, "shop", "purchase", "1"), key(1, "shop", "purchase", "2"));
        let once = Once::open(folder.path()).unwrap();
        assert_eq!(once.claim(&[(one, at(100)), (one, at(100))]).unwrap(), [true, false]);
        drop(once);
        let once = Once::open(folder.path()).unwrap();
        assert_eq!(once.claim(&[(one, at(100)), (other, at(300))]).unwrap(), [false, true]);
        assert_eq!(once.forget(at(100)).unwrap(), 0);
        assert_eq!(once.forget(at(101)).unwrap(), 1);
        assert_eq!(once.claim(&[(one, at(400)), (other, at(400))]).unwrap(), [true, false]);
        assert_eq!(once.claim(&[]).unwrap(), [] as [bool; 0]);
        once.release(&[one]).unwrap();
        assert_eq!(once.claim(&[(one, at(400)), (other, at(400))]).unwrap(), [true, false]);
    }
}
