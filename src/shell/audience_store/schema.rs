//! The tables of the audiences' file, and how an older file becomes a newer one.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use crate::audience::{Known, PackedSegment};
use crate::shell::audience_store::AudienceError;
use crate::shell::audience_store::numbering::Numbering;
use crate::shell::audience_store::person::encode;
use crate::units::{SegmentId, UnixMillis, UserKey};

/// Bumped with every change of the tables. Version 0 had one row a membership, in the table `member`; version 2
/// did not count people, and did not say whose shards had somebody erased.
const SCHEMA_VERSION: i64 = 3;
/// `enca`: marks the file as ours.
const APPLICATION_ID: i64 = 0x656e_6361;

const TABLES: &str = "
CREATE TABLE person (
    user BLOB PRIMARY KEY,
    segments BLOB NOT NULL,
    history BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE segment (number INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE);
CREATE TABLE act (
    number INTEGER PRIMARY KEY,
    advertiser INTEGER NOT NULL,
    event INTEGER NOT NULL,
    topic INTEGER
);
CREATE TABLE name (
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    slug TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE TABLE touched (shard INTEGER PRIMARY KEY, turn INTEGER NOT NULL);
";
/// What version 3 added.
const COUNTED: &str = "
ALTER TABLE touched ADD COLUMN erased INTEGER NOT NULL DEFAULT 0;
CREATE TABLE total (people INTEGER NOT NULL);
INSERT INTO total (people) SELECT count(*) FROM person;
";

/// Opens or makes the file, of today's version.
pub(in crate::shell::audience_store) fn open(file: &Path) -> Result<Connection, AudienceError> {
    let failed = |source| AudienceError::Sqlite { file: file.to_owned(), source };
    let mut connection = Connection::open(file).map_err(failed)?;
    connection.busy_handler(Some(wait)).map_err(failed)?;
    // Read before anything is written: a file that is not ours stays as it is.
    let found = version(&connection).map_err(failed)?;
    refuse(&connection, file, found)?;
    // What is deleted is overwritten, in the file and in what its log is folded into. The log is synced at
    // every commit, so what was acknowledged survives a power cut.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -65536;",
        )
        .map_err(failed)?;
    if found < SCHEMA_VERSION {
        migrate(&mut connection).map_err(failed)?;
    }
    Ok(connection)
}

/// Somebody else writes: looks again a little later, for half a minute.
pub(in crate::shell::audience_store) fn wait(times: i32) -> bool {
    std::thread::sleep(std::time::Duration::from_millis(2));
    times < 15_000
}

/// The same for the time that a page takes to be read.
pub(in crate::shell::audience_store) fn wait_briefly(times: i32) -> bool {
    wait(times) && times < 12
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn refuse(connection: &Connection, file: &Path, found: i64) -> Result<(), AudienceError> {
    if found > SCHEMA_VERSION {
        return Err(AudienceError::Newer { file: file.to_owned(), found, known: SCHEMA_VERSION });
    }
    let failed = |source| AudienceError::Sqlite { file: file.to_owned(), source };
    let (marked, tables): (bool, i64) = connection
        .query_row(
            "SELECT (SELECT application_id = ?1 FROM pragma_application_id),
                    (SELECT count(*) FROM sqlite_schema WHERE name <> 'member')",
            [APPLICATION_ID],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(failed)?;
    if marked || (found == 0 && tables == 0) {
        Ok(())
    } else {
        Err(AudienceError::Foreign { file: file.to_owned() })
    }
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while we waited.
    let found = version(&transaction)?;
    if found < SCHEMA_VERSION {
        if found < 2 {
            transaction.execute_batch(TABLES)?;
            let old = transaction
                .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'member'", [], |_| Ok(()))
                .optional()?;
            if old.is_some() {
                take_members(&transaction)?;
                transaction.execute_batch("DROP TABLE member")?;
            }
        }
        transaction.execute_batch(COUNTED)?;
        transaction.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}"
        ))?;
    }
    transaction.commit()
}

/// The rows of version 0, one a membership, become one a person.
fn take_members(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut segments = Numbering::<SegmentId>::default();
    let mut insert = transaction.prepare("INSERT INTO person (user, segments, history) VALUES (?, ?, ?)")?;
    let mut members = transaction.prepare("SELECT user, segment, expires FROM member ORDER BY user")?;
    let mut rows = members.query([])?;
    let (mut person, mut known): (Option<UserKey>, Known) = Default::default();
    let mut finish = |person: Option<UserKey>, known: &mut Known| -> rusqlite::Result<()> {
        if let Some(user) = person {
            let (packed, history) = encode(known);
            insert.execute(params![user.as_bytes().as_slice(), packed, history])?;
        }
        known.segments.clear();
        Ok(())
    };
    while let Some(row) = rows.next()? {
        let user = UserKey::from_bytes(row.get(0)?);
        if person != Some(user) {
            finish(person.replace(user), &mut known)?;
        }
        let segment = SegmentId::from_raw(row.get::<_, i64>(1)?.cast_unsigned());
        if let Some(number) = segments.number(transaction, segment)? {
            known.put_segment(PackedSegment::new(number, UnixMillis::from_raw(row.get(2)?)));
        }
    }
    finish(person, &mut known)
}
