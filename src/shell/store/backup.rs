//! A copy of the ledger while a server writes it: all of one commit, page by page, synced, and never over another file.
//!
//! The pages are read in one transaction, which the writer does not wait for; only its log grows meanwhile. SQLite's own
//! `VACUUM INTO` would build every row and index anew. Deliberately absent: archives, which never change and are copied
//! as they are, and the other files of the folder: `shell::backup` copies those.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::shell::store::error::StoreError;
use crate::shell::store::schema::Store;

/// Pages that are copied at a time: some 8 MB.
const PAGES: i32 = 2_048;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is such a file.
    #[error("`{file}` exists already")]
    Exists {
        /// The file.
        file: PathBuf,
    },
    /// Another backup goes there.
    #[error("another backup is being written to `{file}`")]
    Underway {
        /// The file.
        file: PathBuf,
    },
    /// It cannot be written.
    #[error("the backup `{file}` cannot be written: {source}")]
    Unwritten {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite cannot write it, or cannot read the ledger.
    #[error("the backup `{file}`: {source}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The ledger cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BackupError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "name another file: a backup is never written over one",
            Self::Underway { .. } => "wait for it, or name another file",
            Self::Unwritten { .. } | Self::Sqlite { .. } => "name a file in a folder that can be written",
            Self::Store(error) => error.hint(),
        }
    }
}

impl Store {
    /// Copies the ledger as of now into the new file `to`; the bytes of the copy. It is written beside its name and
    /// takes it once it is whole and synced.
    ///
    /// # Errors
    ///
    /// [`BackupError`]; then there is no such file.
    pub fn backup(&self, to: &Path) -> Result<u64, BackupError> {
        let unwritten = |source| BackupError::Unwritten { file: to.to_owned(), source };
        if to.try_exists().map_err(unwritten)? {
            return Err(BackupError::Exists { file: to.to_owned() });
        }
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        // What a backup that was killed left is written over; one that goes on is not.
        let draft = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&part)
            .map_err(unwritten)?;
        match draft.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(BackupError::Underway { file: to.to_owned() });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(unwritten(source)),
        }
        draft.set_len(0).map_err(unwritten)?;
        let copied = self.copy_pages(&part, to).and_then(|()| {
            let named = || {
                draft.sync_all()?;
                // Fails where somebody made a file of that name meanwhile.
                std::fs::hard_link(&part, to)?;
                let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
                File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
            };
            named().map_err(|source| match source.kind() {
                io::ErrorKind::AlreadyExists => BackupError::Exists { file: to.to_owned() },
                _ => unwritten(source),
            })
        });
        let removed = std::fs::remove_file(&part);
        copied?;
        removed.map_err(unwritten)?;
        draft.metadata().map(|copy| copy.len()).map_err(unwritten)
    }

    fn copy_pages(&self, part: &Path, to: &Path) -> Result<(), BackupError> {
        copy_pages(&self.connection, part)
            .map_err(|source| BackupError::Sqlite { file: to.to_owned(), source })
    }
}

/// Copies all that `from` is at this instant into the empty file `part`, which is not synced.
///
/// # Errors
///
/// What SQLite says: of the file that is read, or that is written.
pub fn copy_pages(from: &Connection, part: &Path) -> rusqlite::Result<()> {
    // A transaction of our own that has read: else a write of the server would make SQLite begin again.
    let transaction = from.unchecked_transaction()?;
    let _: i64 = transaction.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    let mut copy = Connection::open(part)?;
    // It is synced once, as a whole, before it has its name.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
    let backup = Backup::new(from, &mut copy)?;
    loop {
        match backup.step(PAGES)? {
            StepResult::Done => break,
            StepResult::More => {}
            // Only a checkpoint or a recovery by another process: it is short.
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    }
    drop(backup);
    copy.close().map_err(|(_, source)| source)?;
    transaction.commit()
}
