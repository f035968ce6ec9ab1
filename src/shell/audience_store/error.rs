//! Why the audiences cannot be used, and what to do about it.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// The audiences' file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AudienceError {
    /// Anything that SQLite says: full disk, damaged page, I/O error.
    #[error("the audiences `{file}`: {source}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// A file of that name that is something else.
    #[error("`{file}` does not hold audiences of encan")]
    Foreign {
        /// The file.
        file: PathBuf,
    },
    /// Written by a newer encan.
    #[error("the audiences `{file}` have version {found}, this encan knows up to {known}")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A row that no encan wrote.
    #[error("the audiences `{file}` have a row that cannot be read: {what}")]
    Row {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// There are as many people as may be, or as many segments or kinds of events as can be numbered.
    #[error("the audiences `{file}` have no room for another {what}: there are {max}")]
    Full {
        /// The file.
        file: PathBuf,
        /// Person, segment, or kind of event.
        what: &'static str,
        /// How many there are.
        max: u64,
    },
    /// The people are erased, but another program holds the log that still names them.
    #[error("the log of the audiences `{file}` is in use: what was erased is still in it")]
    LogHeld {
        /// The file.
        file: PathBuf,
    },
}

impl AudienceError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Foreign { .. } => "use another folder with `--data DIR`; nothing was touched",
            Self::Newer { .. } => "run the newer encan, or use another folder with `--data DIR`",
            Self::Row { .. } => "restore the file from a backup",
            Self::Full { .. } => "erase people of whom nothing is used any more, or use fewer names",
            Self::LogHeld { .. } => "close what reads the file, and erase once more",
            Self::Sqlite { source, .. } if source.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                "another program has the file open for writing: close it there"
            }
            Self::Sqlite { .. } => {
                "free disk space or mend the disk; if the file itself is damaged, restore it from a backup"
            }
        }
    }
}
