//! Why a ledger cannot be used, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::shell::store::schema::SCHEMA_VERSION;
use crate::units::{BidId, Day};

/// Why a ledger cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another process has it.
    #[error("the ledger in `{folder}` is in use by another encan")]
    Locked {
        /// The data folder.
        folder: PathBuf,
    },
    /// The folder or the lock file cannot be made.
    #[error("the data folder `{folder}` cannot be used: {source}")]
    Folder {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// There is no ledger to read.
    #[error("there is no ledger in `{folder}`")]
    Missing {
        /// The data folder.
        folder: PathBuf,
    },
    /// Written by a newer encan.
    #[error("the ledger `{file}` has version {found}, this encan knows up to {SCHEMA_VERSION}")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
    },
    /// A file of that name that is something else.
    #[error("`{file}` is not a ledger of encan")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// The ledger that was here is not, or is empty.
    #[error("the ledger `{file}` is gone")]
    Gone {
        /// The file.
        file: PathBuf,
    },
    /// The log that the last run left is not there, and with it what it was told last.
    #[error("the log `{log}` of the ledger is gone")]
    LogGone {
        /// The log.
        log: PathBuf,
    },
    /// A part of the log that was once whole is not.
    #[error("the ledger's log `{log}` is damaged at frame {frame}, before commits that are whole")]
    LogDamaged {
        /// The log.
        log: PathBuf,
        /// Of its frames, from 1; 0 is its head.
        frame: u64,
    },
    /// Pages that do not fit together.
    #[error("the ledger `{file}` is damaged: {what}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite finds first.
        what: String,
    },
    /// An event that is not what was written.
    #[error("an event of bid {bid} in `{file}` is not what was written")]
    Altered {
        /// The file.
        file: PathBuf,
        /// The bid.
        bid: BidId,
    },
    /// A commit whose events are not those that were written, or that does not follow on the one before.
    #[error("commit {number} of the journal of `{file}` is not what was written")]
    Journal {
        /// The file.
        file: PathBuf,
        /// Its number.
        number: u64,
    },
    /// Events of a day that are missing, too many or others than were committed.
    #[error("the events that are filed under UTC day {day} are not those that were committed")]
    Day {
        /// The day.
        day: Day,
    },
    /// Written by an older encan, and not yet brought up to date.
    #[error("the ledger `{file}` has version {found}, which keeps no balances")]
    Older {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
    },
    /// An archive that the ledger knows is not there, or not as it was.
    #[error("the archive `{file}` {what}")]
    Archive {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A row that no encan wrote.
    #[error("the ledger has a row that cannot be read: {0}")]
    Row(&'static str),
    /// The writer has ended after a failure.
    #[error("the ledger's writer has stopped")]
    Stopped,
    /// Anything that SQLite says: full disk, damaged page, I/O error.
    #[error("the ledger `{file}`: {source}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "stop the other one, or give this one its own folder with `--data DIR`",
            Self::Folder { .. } => "name a folder that can be written with `--data DIR`",
            Self::Missing { .. } => {
                "run `encan serve` or `encan demo` first, or name the folder with `--data DIR`"
            }
            Self::Newer { .. } => "run the newer encan, or use another folder with `--data DIR`",
            Self::Foreign { .. } => "use another folder with `--data DIR`; nothing was touched",
            Self::Gone { .. } => {
                "restore it from a backup; only if no campaign has spent anything, remove the folder's `lock`"
            }
            Self::LogGone { .. } => {
                "restore the ledger and its log from a backup; only if the file is whole without the log, as one that \
                 was restored just now, remove the folder's `lock`"
            }
            Self::LogDamaged { .. } => "restore the ledger and its log from a backup; nothing was touched",
            Self::Damaged { .. } => "restore the ledger from a backup; nothing was touched",
            Self::Row(_) | Self::Altered { .. } | Self::Journal { .. } => "restore the ledger from a backup",
            Self::Day { .. } => "`encan ledger verify` says what differs; restore the ledger from a backup",
            Self::Archive { .. } => {
                "restore it from a backup; `encan report --without-archives` tells of the rest"
            }
            Self::Older { .. } => "run `encan serve` once, which brings it up to date",
            Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt) => {
                "the file is damaged: restore the ledger from a backup"
            }
            Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                "another program has the file open for writing: close it there"
            }
            Self::Stopped | Self::Sqlite { .. } => {
                "free disk space or mend the disk, then start again: what was acknowledged is kept"
            }
        }
    }
}
