//! Old days of the ledger in files of their own: written once, never changed, and known to the ledger by their hash.
//!
//! An archive holds the events of bids of whole UTC days, which no notice can be about any more. Balances, digests and
//! caps stay in the ledger, and so do conversions and corrections: their keys keep an order from converting twice and
//! a correction from being booked twice, however late they come again. The file is whole and synced before one
//! transaction takes its events out of the ledger and notes its name and hash: a kill in between changes nothing, and
//! the next run writes the file anew. Deliberately absent: bringing events back, and archives of a ledger in use.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::ledger::{Digest, filed_on, utc_day};
use crate::shell::store::error::StoreError;
use crate::shell::store::mark::Mark;
use crate::shell::store::outage;
use crate::shell::store::row;
use crate::shell::store::schema::{Opened, SCHEMA_VERSION, Store};
use crate::units::{BidId, Day, Millis, UnixMillis, limits};

/// Where archives lie, within the folder of the ledger.
const FOLDER: &str = "archive";
/// `enca`: marks the file as an archive of ours.
const APPLICATION_ID: i64 = 0x656e_6361;
/// Clocks are stepped: a day more than the age at which the last token ends.
const MARGIN: Millis = Millis::from_seconds(86_400);
const DAY_MS: i64 = 86_400_000;
/// From the first instant that there is to the last.
pub(in crate::shell::store) const EVER: (UnixMillis, UnixMillis) =
    (UnixMillis::from_raw(i64::MIN), UnixMillis::from_raw(i64::MAX));

/// Made by the first archive of a ledger.
const TABLE: &str = "
CREATE TABLE IF NOT EXISTS archive (
    name TEXT PRIMARY KEY,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    events INTEGER NOT NULL,
    sum BLOB NOT NULL,
    hash BLOB NOT NULL
) WITHOUT ROWID;";

/// One archive, as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Of the file.
    pub name: String,
    /// The first UTC day that it has events of.
    pub first: Day,
    /// The last.
    pub last: Day,
    /// Of its events.
    pub digest: Digest,
    /// Of its bytes, by BLAKE3.
    hash: [u8; 32],
}

impl Archive {
    /// True if `hash` is that of its bytes as they were written.
    #[must_use]
    pub fn has_hash(&self, hash: &[u8; 32]) -> bool {
        self.hash == *hash
    }
}

/// What was archived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// The file.
    pub file: PathBuf,
    /// The first UTC day of its events.
    pub first: Day,
    /// The last.
    pub last: Day,
    /// How many.
    pub events: u64,
}

/// Why nothing was archived.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Notices of bids of those days may still come.
    #[error("days from {latest} on may still have notices to come, and {asked} asks for some of them")]
    TooYoung {
        /// What was asked for.
        asked: Day,
        /// The latest that may be.
        latest: Day,
    },
    /// The ledger cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The latest day before which everything may be archived at `now`: no token of a bid made before it is honoured.
#[must_use]
pub fn archivable_before(now: UnixMillis) -> Day {
    utc_day(now.minus(limits::CONVERSION_AGE_MAX).minus(MARGIN))
}

/// An archive that is written and synced, and that the ledger does not know yet.
#[derive(Debug)]
pub(in crate::shell::store) struct Draft {
    archive: Archive,
    file: PathBuf,
    bound: BidId,
}

impl Opened {
    /// Moves the events of all bids made before the UTC day `before` into an archive, and gives their space back;
    /// `None` if there are none.
    ///
    /// # Errors
    ///
    /// [`ArchiveError::TooYoung`]; [`StoreError::Altered`] at an event that is not what was written, and whatever
    /// keeps files from being written: the ledger is as before.
    pub fn archive(mut self, before: Day, now: UnixMillis) -> Result<Option<Archived>, ArchiveError> {
        let latest = archivable_before(now);
        if before > latest {
            return Err(ArchiveError::TooYoung { asked: before, latest });
        }
        let Some(draft) = self.draft(before)? else { return Ok(None) };
        self.run()?;
        self.hand_over(&draft)?;
        let file = self.file.clone();
        let sqlite = |source| StoreError::Sqlite { file: file.clone(), source };
        self.connection.execute_batch("VACUUM").map_err(sqlite)?;
        let Self { connection, lock, .. } = self;
        outage::close(connection, || lock.set(Mark::Ended)).map_err(sqlite)?;
        drop(lock);
        let Archive { first, last, digest, .. } = draft.archive;
        Ok(Some(Archived { file: draft.file, first, last, events: digest.events }))
    }

    /// Writes the archive of all events of bids made before `before`, under its name and synced.
    pub(in crate::shell::store) fn draft(&self, before: Day) -> Result<Option<Draft>, StoreError> {
        let bound = BidId::mint(UnixMillis::from_raw(i64::from(before.raw()) * DAY_MS), 0);
        let days = checked_days(&self.connection, &self.file, bound)?;
        let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
            return Ok(None);
        };
        let (first, last) = (*first, *last);
        let folder = folder_of(&self.file);
        let unusable = |source| StoreError::Folder { folder: folder.clone(), source };
        std::fs::create_dir_all(&folder).map_err(unusable)?;
        let known = list(&self.connection, &self.file)?;
        let name = free_name(&known, first, last);
        let file = folder.join(&name);
        let part = folder.join(format!("{name}.part"));
        match std::fs::remove_file(&part) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
        copy(&self.connection, &self.file, &part, bound, &days)?;
        let synced = || {
            File::open(&part)?.sync_all()?;
            let hash = hash_of(&part)?;
            std::fs::rename(&part, &file)?;
            // The name, and that of the folder, if it is new.
            File::open(&folder)?.sync_all()?;
            folder.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())?;
            Ok(hash)
        };
        let hash = synced().map_err(unusable)?;
        let mut digest = Digest::default();
        days.values().for_each(|day| digest += *day);
        Ok(Some(Draft { archive: Archive { name, first, last, digest, hash }, file, bound }))
    }

    /// Takes the events of `draft` out of the ledger, which knows the archive from then on.
    pub(in crate::shell::store) fn hand_over(&mut self, draft: &Draft) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let transaction = self.connection.transaction().map_err(sqlite)?;
        transaction.execute_batch(TABLE).map_err(sqlite)?;
        let Archive { name, first, last, digest, hash } = &draft.archive;
        transaction
            .execute(
                "INSERT INTO archive VALUES (?, ?, ?, ?, ?, ?)",
                params![
                    name,
                    first.raw(),
                    last.raw(),
                    digest.events.cast_signed(),
                    digest.sum.to_be_bytes(),
                    hash
                ],
            )
            .map_err(sqlite)?;
        let deleted = transaction
            .execute("DELETE FROM event WHERE key < ?", [draft.bound.as_bytes().as_slice()])
            .map_err(sqlite)?;
        assert_eq!(deleted as u64, digest.events, "what is archived is what is taken out");
        transaction.commit().map_err(sqlite)
    }
}

/// Reads every event of a bid before `bound`, each as it was written; their digests by day.
fn checked_days(
    connection: &Connection,
    file: &Path,
    bound: BidId,
) -> Result<BTreeMap<Day, Digest>, StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let (mut days, mut encoded) = (BTreeMap::<Day, Digest>::new(), Vec::new());
    let older = format!("{} WHERE key < ?", row::SELECT);
    let mut statement = connection.prepare(&older).map_err(sqlite)?;
    let mut rows = statement.query([bound.as_bytes().as_slice()]).map_err(sqlite)?;
    while let Some(found) = rows.next().map_err(sqlite)? {
        let event = row::read(found, file)?;
        let checksum = row::checksum(found, file)?;
        let key: Vec<u8> = found.get(0).map_err(sqlite)?;
        if crate::ledger::checksum(&event, &mut encoded) != checksum || event.key().as_bytes() != key {
            return Err(StoreError::Altered { file: file.to_owned(), bid: event.bid.id });
        }
        days.entry(filed_on(&event)).or_default().add(checksum);
    }
    Ok(days)
}

/// Copies the events into a new file, with the digests of its days.
fn copy(
    connection: &Connection,
    file: &Path,
    part: &Path,
    bound: BidId,
    days: &BTreeMap<Day, Digest>,
) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: part.to_owned(), source };
    let fresh = Connection::open(part).map_err(sqlite)?;
    let table: String = connection
        .query_row("SELECT sql FROM sqlite_master WHERE name = 'event'", [], |row| row.get(0))
        .map_err(|source| StoreError::Sqlite { file: file.to_owned(), source })?;
    fresh
        .execute_batch(&format!(
            "{table}; CREATE TABLE digest (day INTEGER PRIMARY KEY, events INTEGER NOT NULL, sum BLOB NOT NULL);
             PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};"
        ))
        .map_err(sqlite)?;
    let mut insert = fresh.prepare("INSERT INTO digest VALUES (?, ?, ?)").map_err(sqlite)?;
    for (day, digest) in days {
        insert
            .execute(params![day.raw(), digest.events.cast_signed(), digest.sum.to_be_bytes()])
            .map_err(sqlite)?;
    }
    drop(insert);
    drop(fresh);
    connection.execute("ATTACH ? AS old", [part.to_string_lossy()]).map_err(sqlite)?;
    // Nobody relies on the file before it has its name: it is synced once, as a whole.
    let copied = connection
        .execute_batch("PRAGMA old.journal_mode = OFF; PRAGMA old.synchronous = OFF;")
        .and_then(|()| {
            let copy = "INSERT INTO old.event SELECT * FROM main.event WHERE key < ?";
            connection.execute(copy, [bound.as_bytes().as_slice()])
        });
    connection.execute_batch("DETACH old").map_err(sqlite)?;
    copied.map_err(sqlite).map(|_| ())
}

/// `<first>_<last>.sqlite`, with a number behind it where that is taken.
fn free_name(known: &[Archive], first: Day, last: Day) -> String {
    let names = (1_u32..).map(|number| match number {
        1 => format!("{first}_{last}.sqlite"),
        number => format!("{first}_{last}_{number}.sqlite"),
    });
    let is_free = |name: &String| known.iter().all(|archive| archive.name != *name);
    names.into_iter().find(is_free).expect("numbers do not end before archives do")
}

fn folder_of(ledger: &Path) -> PathBuf {
    ledger.with_file_name(FOLDER)
}

fn hash_of(file: &Path) -> std::io::Result<[u8; 32]> {
    let (mut file, mut hash) = (File::open(file)?, blake3::Hasher::new());
    let mut bytes = vec![0; 1 << 20];
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(*hash.finalize().as_bytes()),
            count => drop(hash.update(&bytes[..count])),
        }
    }
}

/// Every archive that the ledger `file` knows, oldest first.
pub(in crate::shell::store) fn list(
    connection: &Connection,
    file: &Path,
) -> Result<Vec<Archive>, StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let table = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'archive'";
    let is_there: Option<i64> =
        connection.query_row(table, [], |row| row.get(0)).optional().map_err(sqlite)?;
    if is_there.is_none() {
        return Ok(Vec::new());
    }
    let mut statement = connection
        .prepare("SELECT name, first, last, events, sum, hash FROM archive ORDER BY first, name")
        .map_err(sqlite)?;
    let rows = statement.query_map([], |row| {
        let (events, sum) = (row.get::<_, i64>(3)?.cast_unsigned(), u128::from_be_bytes(row.get(4)?));
        Ok(Archive {
            name: row.get(0)?,
            first: Day::from_raw(row.get(1)?),
            last: Day::from_raw(row.get(2)?),
            digest: Digest { events, sum },
            hash: row.get(5)?,
        })
    });
    rows.map_err(sqlite)?.collect::<Result<_, _>>().map_err(sqlite)
}

impl Store {
    /// Reads on without archives: whatever is asked of this store is then only about what the ledger itself has.
    #[must_use]
    pub fn without_archives(mut self) -> Self {
        self.has_archives = false;
        self
    }

    /// Every archive that the ledger names, oldest first. No file is looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn archives(&self) -> Result<Vec<Archive>, StoreError> {
        list(&self.connection, &self.file)
    }

    /// Calls `each` with every archive that has bids minted from `first` to `last`, oldest first, then with the ledger
    /// itself, all as of one commit.
    pub(in crate::shell::store) fn each_part(
        &self,
        (first, last): (UnixMillis, UnixMillis),
        mut each: impl FnMut(&Connection, &Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.at_once(|| {
            if self.has_archives {
                let (first, last) = (utc_day(first), utc_day(last));
                for archive in list(&self.connection, &self.file)? {
                    if archive.first <= last && archive.last >= first {
                        let (connection, file) = self.opened_archive(&archive)?;
                        each(&connection, &file)?;
                    }
                }
            }
            each(&self.connection, &self.file)
        })
    }

    /// Lets `read` see the ledger as of one commit.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`], and what `read` returns.
    pub fn at_once<T>(&self, read: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        if !self.connection.is_autocommit() {
            return read();
        }
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let transaction = self.connection.unchecked_transaction().map_err(sqlite)?;
        let answer = read()?;
        transaction.commit().map_err(sqlite)?;
        Ok(answer)
    }

    /// Opens an archive after a look at every byte of it, the first time.
    pub(in crate::shell::store) fn opened_archive(
        &self,
        archive: &Archive,
    ) -> Result<(Connection, PathBuf), StoreError> {
        let file = folder_of(&self.file).join(&archive.name);
        if !self.sound_archives.borrow().contains(&archive.name) {
            let wrong = |what| StoreError::Archive { file: file.clone(), what };
            match hash_of(&file) {
                Ok(hash) if hash == archive.hash => {}
                Ok(_) => return Err(wrong("is not what was written")),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    return Err(wrong("is missing"));
                }
                Err(source) => return Err(StoreError::Folder { folder: file, source }),
            }
            self.sound_archives.borrow_mut().insert(archive.name.clone());
        }
        let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map_err(|source| StoreError::Sqlite { file: file.clone(), source })?;
        Ok((connection, file))
    }
}

#[cfg(test)]
mod tests;
