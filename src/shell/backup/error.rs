//! Why there is no backup, or why it is not put back, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::shell::store::{BackupError, StoreError};

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum MakeError {
    /// The folder cannot be made.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// It would be copied with what it is a copy of, and be lost with it.
    #[error("`{folder}` is inside the data folder `{data}`")]
    Inside {
        /// The folder to make.
        folder: PathBuf,
        /// The data folder.
        data: PathBuf,
    },
    /// The ledger cannot be copied.
    #[error(transparent)]
    Ledger(#[from] BackupError),
    /// The ledger, or what it says of its archives, cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no room for the copy of a file, or it cannot be written.
    #[error("the copy `{file}` cannot be written: {source}")]
    Unwritten {
        /// The copy.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The data folder cannot be looked at.
    #[error("the data folder `{folder}` cannot be read: {source}")]
    Unreadable {
        /// The data folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl MakeError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Draft(error) => error.hint(),
            Self::Inside { .. } => "name a folder elsewhere, on another disk if there is one",
            Self::Ledger(BackupError::Store(error)) | Self::Store(error) => error.hint(),
            Self::Ledger(_) | Self::Unwritten { .. } => {
                "name a folder on a disk with more space; nothing of this backup is left"
            }
            Self::Unreadable { .. } => "run it as the user of the server",
        }
    }

    /// True if what was asked for cannot be, whatever the disk says.
    #[must_use]
    pub fn is_input(&self) -> bool {
        match self {
            Self::Draft(error) => error.is_input(),
            Self::Inside { .. } | Self::Store(StoreError::Missing { .. }) => true,
            _ => false,
        }
    }
}

/// Why a folder that is written as a whole cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum DraftError {
    /// There is something of that name.
    #[error("`{folder}` exists already")]
    Exists {
        /// The folder.
        folder: PathBuf,
    },
    /// Another process writes it.
    #[error("`{folder}` is being written by another encan")]
    Underway {
        /// The folder.
        folder: PathBuf,
    },
    /// One that was killed left it.
    #[error("`{part}` is there already, and nobody writes it")]
    Left {
        /// The folder.
        part: PathBuf,
    },
    /// The system does not let us.
    #[error("`{folder}` cannot be made: {source}")]
    Unmade {
        /// The folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DraftError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "name a new folder: nothing is ever written over",
            Self::Underway { .. } => "wait for it, or name another folder",
            Self::Left { .. } => "remove it if a backup that was killed left it, or name another folder",
            Self::Unmade { .. } => "name a new folder in one that can be written",
        }
    }

    /// True if another name would do.
    #[must_use]
    pub fn is_input(&self) -> bool {
        !matches!(self, Self::Unmade { .. })
    }
}

/// Why a backup is not put back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is none.
    #[error("`{folder}` is no backup of encan: {why}")]
    None {
        /// The folder.
        folder: PathBuf,
        /// What is missing, or wrong with its manifest.
        why: String,
    },
    /// A file of it is not what was written.
    #[error("the backup is not what was written: {}", wrong.join("; "))]
    Altered {
        /// Each file, and what is wrong with it.
        wrong: Vec<String>,
    },
    /// Something lies where it should be put.
    #[error("the data folder `{data}` is not empty")]
    NotEmpty {
        /// The data folder.
        data: PathBuf,
    },
    /// The data folder cannot be made.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// There is no room for a file, or it cannot be written.
    #[error("`{file}` cannot be restored: {source}")]
    Unwritten {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RestoreError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::None { .. } => "name a folder that `encan ledger backup --whole` made",
            Self::Altered { .. } => {
                "use another backup; to go on without a file, copy the sound ones by hand, `ledger.sqlite` among them"
            }
            Self::NotEmpty { .. } => "name a new folder with `--data DIR`: nothing is ever written over",
            Self::Draft(error) => error.hint(),
            Self::Unwritten { .. } => "use a disk with more space; nothing of it is left",
        }
    }

    /// True if what was asked for cannot be, whatever the disk says.
    #[must_use]
    pub fn is_input(&self) -> bool {
        match self {
            Self::None { .. } | Self::Altered { .. } | Self::NotEmpty { .. } => true,
            Self::Draft(error) => error.is_input(),
            Self::Unwritten { .. } => false,
        }
    }
}
