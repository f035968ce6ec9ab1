//! The log of changes: a SQLite file of its own, rows of which are added and never touched again.
//!
//! Its triggers refuse what would edit or delete a row, whoever tries. Deliberately absent: forgetting old rows, of which
//! there are a few a day at most for each line item.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use crate::feedback::{Change, Log};
use crate::shell::feedback::FeedbackError;
use crate::shell::feedback::form::ChangeForm;

const FILE: &str = "changes.sqlite";
const SCHEMA_VERSION: i64 = 1;
/// `encf`: marks the file as ours.
const APPLICATION_ID: i64 = 0x656e_6366;

const TABLES: &str = "
CREATE TABLE change (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TRIGGER change_is_never_edited BEFORE UPDATE ON change
BEGIN SELECT raise(ABORT, 'the log of changes is only added to'); END;
CREATE TRIGGER change_is_never_deleted BEFORE DELETE ON change
BEGIN SELECT raise(ABORT, 'the log of changes is only added to'); END;
";

/// The file, open.
#[derive(Debug)]
pub struct ChangeStore {
    connection: Connection,
    file: PathBuf,
}

impl ChangeStore {
    /// Opens or makes the file in the data folder.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`].
    pub fn open(folder: &Path) -> Result<Self, FeedbackError> {
        if !folder.is_dir() {
            return Err(FeedbackError::NoFolder { folder: folder.to_owned() });
        }
        let file = folder.join(FILE);
        let sqlite = |source| FeedbackError::Sqlite { file: file.clone(), source };
        let mut connection = Connection::open(&file).map_err(sqlite)?;
        connection.busy_timeout(std::time::Duration::from_secs(30)).map_err(sqlite)?;
        // Read before anything is written: a file that is not ours stays as it is.
        refuse(&connection, &file)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(sqlite)?;
        create(&mut connection).map_err(sqlite)?;
        Ok(Self { connection, file })
    }

    /// Opens the file if there is one: without, nothing was ever changed.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`].
    pub fn existing(folder: &Path) -> Result<Option<Self>, FeedbackError> {
        let is_there = !folder.is_dir() || folder.join(FILE).exists();
        is_there.then(|| Self::open(folder)).transpose()
    }

    /// The log as it is now.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`].
    pub fn log(&self) -> Result<Log, FeedbackError> {
        read(&self.connection, &self.file)
    }

    /// Every row of the log, oldest first: a change stands there once for every state that it was in.
    ///
    /// # Errors
    ///
    /// [`FeedbackError`].
    pub fn rows(&self) -> Result<Vec<Change>, FeedbackError> {
        rows(&self.connection, &self.file)
    }

    /// Adds the rows that `act` makes of the log as it is, in one transaction; gives them back.
    ///
    /// # Errors
    ///
    /// What `act` gives, or [`FeedbackError`]; then nothing was added.
    pub fn append<E: Into<FeedbackError>>(
        &mut self,
        act: impl FnOnce(&Log) -> Result<Vec<Change>, E>,
    ) -> Result<Vec<Change>, FeedbackError> {
        let sqlite = |source| FeedbackError::Sqlite { file: self.file.clone(), source };
        // Nobody else writes from here on, so what is read is the last word.
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(sqlite)?;
        let news = act(&read(&transaction, &self.file)?).map_err(Into::into)?;
        insert(&transaction, &news).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        Ok(news)
    }

    /// A number that is another one once any other process or connection has written the file.
    ///
    /// # Errors
    ///
    /// [`FeedbackError::Sqlite`].
    pub fn counter(&self) -> Result<i64, FeedbackError> {
        let read = self.connection.query_row("PRAGMA data_version", [], |row| row.get(0));
        read.map_err(|source| FeedbackError::Sqlite { file: self.file.clone(), source })
    }
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

fn refuse(connection: &Connection, file: &Path) -> Result<(), FeedbackError> {
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((pragma(connection, "application_id")?, pragma(connection, "user_version")?, tables))
    };
    let (application, found, tables) = match read() {
        Ok(read) => read,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(FeedbackError::Foreign { file: file.to_owned() });
        }
        Err(source) => return Err(FeedbackError::Sqlite { file: file.to_owned(), source }),
    };
    match (application, tables) {
        (APPLICATION_ID, _) if found > SCHEMA_VERSION => {
            Err(FeedbackError::Newer { file: file.to_owned(), found, known: SCHEMA_VERSION })
        }
        (APPLICATION_ID, _) | (0, 0) => Ok(()),
        _ => Err(FeedbackError::Foreign { file: file.to_owned() }),
    }
}

fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    if pragma(connection, "user_version")? == SCHEMA_VERSION {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have done it while we waited.
    if pragma(&transaction, "user_version")? < SCHEMA_VERSION {
        transaction.execute_batch(TABLES)?;
        transaction.execute_batch(&format!(
            "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION}"
        ))?;
    }
    transaction.commit()
}

fn read(connection: &Connection, file: &Path) -> Result<Log, FeedbackError> {
    Ok(Log::replay(rows(connection, file)?))
}

fn rows(connection: &Connection, file: &Path) -> Result<Vec<Change>, FeedbackError> {
    let sqlite = |source| FeedbackError::Sqlite { file: file.to_owned(), source };
    let mut statement =
        connection.prepare("SELECT number, body FROM change ORDER BY number").map_err(sqlite)?;
    let texts = statement
        .query_map([], |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .map_err(sqlite)?;
    let mut changes = Vec::new();
    for text in texts {
        let (number, body) = text.map_err(sqlite)?;
        let wrong = |what: String| FeedbackError::Row { file: file.to_owned(), number, what };
        let form: ChangeForm = serde_json::from_str(&body).map_err(|error| wrong(error.to_string()))?;
        changes.push(form.change().map_err(|field| wrong(format!("`{field}` is none")))?);
    }
    Ok(changes)
}

fn insert(transaction: &Transaction<'_>, news: &[Change]) -> rusqlite::Result<()> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO change (id, at, state, body) VALUES (?, ?, ?, ?)")?;
    for change in news {
        let body = serde_json::to_string(&ChangeForm::of(change)).expect("texts and numbers are JSON");
        let (id, at) = (change.id.raw().cast_signed(), change.at.raw());
        insert.execute(params![id, at, change.state.name(), body])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{ChangeStore, FILE};
    use crate::feedback::{Change, Log, Refusal, State};
    use crate::shell::feedback::FeedbackError;
    use crate::shell::feedback::form::tests::one_of_each;

    fn put(store: &mut ChangeStore, rows: &[Change]) {
        store.append(|_| Ok::<_, FeedbackError>(rows.to_vec())).unwrap();
    }

    #[test]
    fn a_log_is_read_as_it_was_written_and_rows_are_never_edited() {
        let folder = tempfile::tempdir().unwrap();
        assert!(ChangeStore::existing(folder.path()).unwrap().is_none());
        let mut store = ChangeStore::open(folder.path()).unwrap();
        let mut all = one_of_each();
        put(&mut store, &all);
        all.push(Change { state: State::Undone, ..all[2].clone() });
        put(&mut store, &all[5..]);
        drop(store);
        let store = ChangeStore::existing(folder.path()).unwrap().unwrap();
        assert_eq!(store.rows().unwrap(), all);
        assert_eq!(store.log().unwrap(), Log::replay(all.clone()));
        for statement in ["UPDATE change SET state = 'made'", "DELETE FROM change"] {
            let refused = store.connection.execute(statement, []).unwrap_err();
            assert!(refused.to_string().contains("only added to"), "{refused}");
        }
        assert_eq!(store.rows().unwrap(), all);
    }

    #[test]
    fn what_is_refused_adds_nothing_and_what_others_add_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = ChangeStore::open(folder.path()).unwrap();
        let mut other = ChangeStore::open(folder.path()).unwrap();
        let id = one_of_each()[0].id;
        let refused = store.append(|_| Err::<Vec<Change>, _>(Refusal::Unknown { id }));
        assert!(matches!(refused, Err(FeedbackError::Refused(Refusal::Unknown { .. }))));
        let before = store.counter().unwrap();
        assert_eq!(store.counter().unwrap(), before);
        put(&mut other, &one_of_each());
        assert_ne!(store.counter().unwrap(), before);
        assert_eq!(store.rows().unwrap(), one_of_each());
    }

    #[test]
    fn foreign_newer_and_broken_files_are_refused_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(ChangeStore::open(&nowhere), Err(FeedbackError::NoFolder { .. })));
        let file = folder.path().join(FILE);
        std::fs::write(&file, "not a database, but as long as the head of one would have to be........................................................................").unwrap();
        assert!(matches!(ChangeStore::open(folder.path()), Err(FeedbackError::Foreign { .. })));
        std::fs::remove_file(&file).unwrap();
        let other = rusqlite::Connection::open(&file).unwrap();
        other.execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(matches!(ChangeStore::open(folder.path()), Err(FeedbackError::Foreign { .. })));
        drop(other);
        std::fs::remove_file(&file).unwrap();
        let store = ChangeStore::open(folder.path()).unwrap();
        store
            .connection
            .execute("INSERT INTO change (id, at, state, body) VALUES (1, 1, 'made', '{}')", [])
            .unwrap();
        assert!(matches!(store.log(), Err(FeedbackError::Row { number: 1, .. })));
        store.connection.execute_batch("PRAGMA user_version = 9").unwrap();
        assert!(matches!(ChangeStore::open(folder.path()), Err(FeedbackError::Newer { found: 9, .. })));
    }
}
