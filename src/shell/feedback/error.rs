//! Why feedback does not work, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::feedback::Refusal;
use crate::shell::store::StoreError;

/// Why the changes cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// What a person asked for cannot be done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The folder cannot be used.
    #[error("there is no folder `{folder}`")]
    NoFolder {
        /// As named.
        folder: PathBuf,
    },
    /// A file of that name that is something else.
    #[error("`{file}` does not hold changes of encan")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// Written by a newer encan.
    #[error("the changes `{file}` have version {found}, this encan knows up to {known}")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A row that no encan wrote.
    #[error("row {number} of the changes `{file}` cannot be read: {what}")]
    Row {
        /// The file.
        file: PathBuf,
        /// The row's number.
        number: i64,
        /// What is wrong with it.
        what: String,
    },
    /// Anything that SQLite says.
    #[error("the changes `{file}`: {source}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The server ends.
    #[error("left off: the server ends")]
    Stopped,
    /// The system gives no thread.
    #[error("no thread for feedback: {0}")]
    Thread(std::io::Error),
}

impl FeedbackError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let hint = match self {
            Self::Ledger(error) => error.hint(),
            Self::Refused(refusal) => return refusal.hint(),
            Self::NoFolder { .. } => "name the folder of the ledger with `--data DIR`",
            Self::Foreign { .. } => "use another folder with `--data DIR`; nothing was touched",
            Self::Newer { .. } => "run the newer encan, or use another folder with `--data DIR`",
            Self::Row { .. } => "restore the file from a backup",
            Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                "another program has the file open for writing: close it there"
            }
            Self::Sqlite { .. } => {
                "free disk space or mend the disk; if the file itself is damaged, restore it from a backup"
            }
            Self::Stopped => "`encan feedback run` looks at the figures without a server",
            Self::Thread(_) => "the system gives no threads",
        };
        hint.to_owned()
    }

    /// True if what was asked is wrong, and nothing has failed.
    #[must_use]
    pub const fn is_input(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::NoFolder { .. } | Self::Ledger(StoreError::Missing { .. }))
    }
}
