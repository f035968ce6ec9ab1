//! SQLite files beside the ledger that hold no money: how one is opened, told from another, and put aside.
//!
//! Each kind has a mark, a version and tables of its own. A file is looked at before anything is written to it, so that
//! one that is not ours stays as it is. Deliberately absent: files that must not be begun anew (audiences, changes), which
//! know older versions of themselves; and journeys, which name people and are removed instead.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::units::UnixMillis;

/// How long another writer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why such a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SideFileError {
    /// Anything that SQLite says.
    #[error("the {holds} `{file}`: {source}")]
    Sqlite {
        /// What it holds.
        holds: &'static str,
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// Something else, or of a newer encan.
    #[error("`{file}` does not hold {holds} of this encan: it has version {found}")]
    Foreign {
        /// What it should hold.
        holds: &'static str,
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
    },
}

impl SideFileError {
    /// True if the file is broken, rather than busy, out of reach or another encan's.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => {
                "free disk space or mend the disk; a damaged file is put aside by the next start"
            }
            Self::Foreign { .. } => "run the encan that wrote it, or use another folder with `--data DIR`",
        }
    }
}

/// A kind of file.
#[derive(Debug, Clone, Copy)]
pub struct SideFile {
    /// Its name in the folder of the data.
    pub name: &'static str,
    /// What it holds, for people: `experiments`.
    pub holds: &'static str,
    /// Marks a file as ours.
    pub application_id: i64,
    /// Bumped with every change of the tables.
    pub version: i64,
    /// What makes them.
    pub tables: &'static str,
    /// That which is looked into before anything is written.
    pub first_table: &'static str,
    /// What every connection that writes is set to.
    pub settings: &'static str,
}

/// A file of its kind, open.
#[derive(Debug)]
pub struct OpenSideFile {
    /// To it.
    pub connection: Connection,
    /// Which.
    pub file: PathBuf,
    holds: &'static str,
}

impl OpenSideFile {
    /// What SQLite says of it, as an error that names it.
    #[must_use]
    pub fn failed(&self, source: rusqlite::Error) -> SideFileError {
        SideFileError::Sqlite { holds: self.holds, file: self.file.clone(), source }
    }
}

impl SideFile {
    /// Opens or makes the file in `folder`, to write.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn open(&self, folder: &Path) -> Result<OpenSideFile, SideFileError> {
        let (open, is_fresh) = self.checked(folder, OpenFlags::default())?;
        open.connection.execute_batch(self.settings).map_err(|source| open.failed(source))?;
        if is_fresh {
            let Self { application_id, version, tables, .. } = self;
            let marks = format!("PRAGMA application_id = {application_id}; PRAGMA user_version = {version};");
            let made = open.connection.execute_batch(&format!("BEGIN IMMEDIATE; {tables} {marks} COMMIT;"));
            made.map_err(|source| open.failed(source))?;
        }
        Ok(open)
    }

    /// Opens the file that is there, to read; `None` if there is none, or an empty one.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn open_to_read(&self, folder: &Path) -> Result<Option<OpenSideFile>, SideFileError> {
        if !folder.join(self.name).exists() {
            return Ok(None);
        }
        // Read-write without creation: a reader of a log left by a crash must be able to recover it.
        let (open, is_fresh) = self.checked(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok((!is_fresh).then_some(open))
    }

    /// The same as [`Self::open`], after the file that cannot be used for `error` was put aside, with a warning.
    ///
    /// # Errors
    ///
    /// [`SideFileError`] if there can be no new one.
    pub fn begin_anew(
        &self,
        folder: &Path,
        error: &SideFileError,
        now: UnixMillis,
    ) -> Result<OpenSideFile, SideFileError> {
        let Self { name, holds, .. } = self;
        let aside = |ending: &str| folder.join(format!("{name}.unusable-{}{ending}", now.raw()));
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::rename(folder.join(format!("{name}{ending}")), aside(ending));
        }
        let aside = aside("");
        tracing::warn!(%error, aside = %aside.display(), "the {holds} cannot be used: begun anew");
        self.open(folder)
    }

    /// Opens the file, and says whether there is nothing in it yet. Nothing was written.
    fn checked(&self, folder: &Path, flags: OpenFlags) -> Result<(OpenSideFile, bool), SideFileError> {
        let file = folder.join(self.name);
        let failed = |source| SideFileError::Sqlite { holds: self.holds, file: file.clone(), source };
        let connection = Connection::open_with_flags(&file, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let is_fresh = self.is_fresh(&connection, &file)?;
        Ok((OpenSideFile { connection, file, holds: self.holds }, is_fresh))
    }

    fn is_fresh(&self, connection: &Connection, file: &Path) -> Result<bool, SideFileError> {
        let holds = self.holds;
        let failed = |source| SideFileError::Sqlite { holds, file: file.to_owned(), source };
        let number = |question: &str| connection.query_row(question, [], |row| row.get::<_, i64>(0));
        let found = number("PRAGMA user_version").map_err(failed)?;
        let mark = number("PRAGMA application_id").map_err(failed)?;
        if found == 0 && mark == 0 && number("SELECT count(*) FROM sqlite_schema").map_err(failed)? == 0 {
            return Ok(true);
        }
        if found != self.version || mark != self.application_id {
            return Err(SideFileError::Foreign { holds, file: file.to_owned(), found });
        }
        // A table that is damaged at its head is told before it is written to.
        let first = format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT 1)", self.first_table);
        number(&first).map_err(failed)?;
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::{SideFile, SideFileError};
    use crate::units::UnixMillis;

    const PEAS: SideFile = SideFile {
        name: "peas.sqlite",
        holds: "peas",
        application_id: 0x7065_6173,
        version: 3,
        tables: "CREATE TABLE pea (weight INTEGER NOT NULL);",
        first_table: "pea",
        settings: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
    };

    fn weights(folder: &Path) -> i64 {
        let open = PEAS.open_to_read(folder).unwrap().unwrap();
        open.connection.query_row("SELECT coalesce(sum(weight), 0) FROM pea", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_file_is_made_once_and_found_again() {
        let folder = tempfile::tempdir().unwrap();
        assert!(PEAS.open_to_read(folder.path()).unwrap().is_none());
        assert!(!folder.path().join(PEAS.name).exists(), "a reader makes none");
        for weight in [1, 2] {
            let open = PEAS.open(folder.path()).unwrap();
            open.connection.execute("INSERT INTO pea VALUES (?)", [weight]).unwrap();
        }
        assert_eq!(weights(folder.path()), 3);
    }

    #[test]
    fn an_empty_file_is_nothing_to_read_and_is_made_whole_by_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PEAS.name), "").unwrap();
        assert!(PEAS.open_to_read(folder.path()).unwrap().is_none());
        drop(PEAS.open(folder.path()).unwrap());
        assert_eq!(weights(folder.path()), 0);
    }

    #[test]
    fn what_is_of_another_version_or_kind_is_refused_and_stays_as_it_is() {
        for pragma in ["user_version = 4", "user_version = 2", "application_id = 7"] {
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join(PEAS.name);
            drop(PEAS.open(folder.path()).unwrap());
            Connection::open(&file).unwrap().execute_batch(&format!("PRAGMA {pragma}")).unwrap();
            let before = std::fs::read(&file).unwrap();
            let error = PEAS.open(folder.path()).unwrap_err();
            assert!(matches!(error, SideFileError::Foreign { .. }) && !error.is_damage(), "{pragma}");
            assert!(error.to_string().contains("does not hold peas of this encan"), "{error}");
            assert!(PEAS.open_to_read(folder.path()).is_err());
            assert_eq!(std::fs::read(&file).unwrap(), before);
        }
        // Somebody's tables without any mark.
        let folder = tempfile::tempdir().unwrap();
        let other = Connection::open(folder.path().join(PEAS.name)).unwrap();
        other.execute_batch("CREATE TABLE other (a)").unwrap();
        assert!(matches!(PEAS.open(folder.path()), Err(SideFileError::Foreign { found: 0, .. })));
    }

    #[test]
    fn damage_is_told_and_the_file_put_aside_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(PEAS.name);
        // The head, and the second page, which is the table's.
        for (at, half) in [(7, 0), (8, 1)] {
            drop(PEAS.open(folder.path()).unwrap());
            let mut bytes = std::fs::read(&file).unwrap();
            let begin = half * bytes.len() / 2;
            bytes[begin..begin + 16].fill(0xff);
            std::fs::write(&file, &bytes).unwrap();
            let error = PEAS.open(folder.path()).unwrap_err();
            assert!(error.is_damage(), "{error}");
            let fresh = PEAS.begin_anew(folder.path(), &error, UnixMillis::from_raw(at)).unwrap();
            assert_eq!(fresh.file, file);
            let aside = folder.path().join(format!("peas.sqlite.unusable-{at}"));
            assert_eq!(std::fs::read(aside).unwrap(), bytes);
            drop(fresh);
            assert_eq!(weights(folder.path()), 0);
        }
    }
}
