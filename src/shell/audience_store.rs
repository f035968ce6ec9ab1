//! Audiences on disk: who is in which segment until when, by the keyed hash of their id.
//!
//! Its own SQLite file beside the ledger: people can be erased from it, and nothing is ever erased from a
//! ledger. Written by `encan audience import`, read by the server at the start and when told.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

use crate::audience::Profile;
use crate::units::{SegmentId, UnixMillis, UserKey};

const FILE: &str = "audience.sqlite";

/// The audiences' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the audiences `{file}`: {source}")]
pub struct AudienceError {
    file: PathBuf,
    source: rusqlite::Error,
}

/// The audiences' file.
#[derive(Debug)]
pub struct AudienceStore {
    connection: Connection,
    file: PathBuf,
}

impl AudienceStore {
    /// Opens or makes the file in the data folder.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn open(folder: &Path) -> Result<Self, AudienceError> {
        let file = folder.join(FILE);
        let failed = |source| AudienceError { file: file.clone(), source };
        let connection = Connection::open(&file).map_err(failed)?;
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE IF NOT EXISTS member (
                     user BLOB NOT NULL, segment INTEGER NOT NULL, expires INTEGER NOT NULL,
                     PRIMARY KEY (user, segment)
                 ) WITHOUT ROWID;",
            )
            .map_err(failed)?;
        Ok(Self { connection, file })
    }

    /// Adds people to segments, or changes until when they are in them; all or none.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn add(&mut self, members: &[(UserKey, SegmentId, UnixMillis)]) -> Result<(), AudienceError> {
        let file = self.file.clone();
        let mut add = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            {
                let mut insert = transaction
                    .prepare("INSERT OR REPLACE INTO member (user, segment, expires) VALUES (?, ?, ?)")?;
                for (user, segment, expires) in members {
                    insert.execute(params![
                        user.as_bytes().as_slice(),
                        segment.raw().cast_signed(),
                        expires.raw()
                    ])?;
                }
            }
            transaction.commit()
        };
        add().map_err(|source| AudienceError { file, source })
    }

    /// Everyone who is in a segment at `now`.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn profiles(&self, now: UnixMillis) -> Result<Vec<(UserKey, Profile)>, AudienceError> {
        self.read(now).map_err(|source| AudienceError { file: self.file.clone(), source })
    }

    fn read(&self, now: UnixMillis) -> rusqlite::Result<Vec<(UserKey, Profile)>> {
        let mut statement = self
            .connection
            .prepare("SELECT user, segment, expires FROM member WHERE expires > ? ORDER BY user")?;
        let mut rows = statement.query([now.raw()])?;
        let mut people: Vec<(UserKey, Profile)> = Vec::new();
        while let Some(row) = rows.next()? {
            let user = UserKey::from_bytes(row.get(0)?);
            let segment = SegmentId::from_raw(row.get::<_, i64>(1)?.cast_unsigned());
            let expires = UnixMillis::from_raw(row.get(2)?);
            match people.last_mut() {
                Some((last, profile)) if *last == user => profile.segments.push((segment, expires)),
                _ => people.push((user, Profile::known([(segment, expires)]))),
            }
        }
        Ok(people)
    }
}

#[cfg(test)]
mod tests {
    use super::AudienceStore;
    use crate::units::{SegmentId, UnixMillis, UserKey};

    #[test]
    fn members_survive_until_they_expire() {
        let folder = tempfile::tempdir().unwrap();
        let (anna, shoes) = (UserKey::from_bytes([1; 16]), SegmentId::from_slug("shoes"));
        let (early, late) = (UnixMillis::from_raw(1_000), UnixMillis::from_raw(2_000));
        AudienceStore::open(folder.path()).unwrap().add(&[(anna, shoes, late)]).unwrap();
        let store = AudienceStore::open(folder.path()).unwrap();
        let people = store.profiles(early).unwrap();
        assert_eq!(people.len(), 1);
        assert!(people[0].1.has(shoes, early));
        assert!(store.profiles(late).unwrap().is_empty());
    }
}
