//! The folder's lock, and what its file says of the ledger beside it should that be missing.
//!
//! The last commits of a run that was killed are in the log alone. Without the log, SQLite takes the file as it once was
//! and says nothing: caps would be back at what they were then. So a run notes that it has begun, before anything is
//! booked, and a clean end takes the note back once all of the log is in the file. A copy in another folder has no
//! note and is taken as it is.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Its name in the folder.
pub(in crate::shell::store) const FILE: &str = "lock";
/// What it holds once there is a ledger.
const LEDGER: &[u8] = b"a ledger of encan lies here\n";
/// What follows on that while a run has not ended.
const RUNNING: &[u8] = b"the last run has not ended: what it booked may be in the log alone\n";

/// What was once in the folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::shell::store) enum Mark {
    /// Nothing that is known.
    None,
    /// A ledger, all of it in its file.
    Ended,
    /// A ledger and its log.
    Running,
}

impl Mark {
    /// Its length tells: no write of one to the other can leave anything but one of both.
    fn of(bytes: u64) -> Self {
        match bytes {
            0 => Self::None,
            bytes if bytes <= LEDGER.len() as u64 => Self::Ended,
            _ => Self::Running,
        }
    }
}

/// The file that is locked as long as the ledger is held.
#[derive(Debug)]
pub(in crate::shell::store) struct Lock(File);

impl Lock {
    /// Of the file that was locked.
    pub(in crate::shell::store) fn held(file: File) -> Self {
        Self(file)
    }

    /// What it says.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(in crate::shell::store) fn mark(&self) -> io::Result<Mark> {
        Ok(Mark::of(self.0.metadata()?.len()))
    }

    /// Says it from now on, also after a power cut.
    ///
    /// # Errors
    ///
    /// What the system says; then nobody knows which it says.
    pub(in crate::shell::store) fn set(&self, mark: Mark) -> io::Result<()> {
        match mark {
            Mark::None => self.0.set_len(0)?,
            Mark::Ended => {
                self.0.write_all_at(LEDGER, 0)?;
                self.0.set_len(LEDGER.len() as u64)?;
            }
            Mark::Running => self.0.write_all_at(&[LEDGER, RUNNING].concat(), 0)?,
        }
        self.0.sync_all()
    }
}

/// What the lock in `folder` says to somebody who does not hold it.
pub(in crate::shell::store) fn of(folder: &Path) -> Mark {
    // A copy has no lock.
    std::fs::metadata(folder.join(FILE)).map_or(Mark::None, |file| Mark::of(file.len()))
}

#[cfg(test)]
mod tests {
    use super::{FILE, Lock, Mark, of};

    #[test]
    fn a_mark_is_read_as_it_was_set_also_by_others() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(of(folder.path()), Mark::None, "no file");
        let lock = Lock::held(std::fs::File::create(folder.path().join(FILE)).unwrap());
        for mark in [Mark::Ended, Mark::Running, Mark::Running, Mark::Ended, Mark::None, Mark::Running] {
            lock.set(mark).unwrap();
            assert_eq!((lock.mark().unwrap(), of(folder.path())), (mark, mark));
        }
    }
}
