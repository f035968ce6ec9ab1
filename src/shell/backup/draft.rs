//! A folder that takes its name once all in it is written and synced, and is gone if it never is.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::shell::backup::error::DraftError;

/// The folder, under the name that it has until it is whole. Only its owner may look into it: it names people.
#[derive(Debug)]
pub(in crate::shell::backup) struct Draft {
    to: PathBuf,
    part: PathBuf,
    /// Tells others that somebody writes it.
    lock: File,
    is_named: bool,
}

impl Draft {
    /// Begins the folder `to`, which must not be there, or be empty where that is allowed.
    ///
    /// # Errors
    ///
    /// [`DraftError`]; nothing was made.
    pub(in crate::shell::backup) fn begin(to: &Path, over_empty: bool) -> Result<Self, DraftError> {
        let unmade = |source| DraftError::Unmade { folder: to.to_owned(), source };
        // What a name like `backup/` or `.` means, so that `.part` stands beside it.
        let name = to.file_name().ok_or_else(|| unmade(io::ErrorKind::InvalidInput.into()))?;
        let to = to.with_file_name(name);
        if is_there(&to).map_err(unmade)? && !(over_empty && is_empty(&to).map_err(unmade)?) {
            return Err(DraftError::Exists { folder: to });
        }
        let mut part = name.to_owned();
        part.push(".part");
        let part = to.with_file_name(part);
        match DirBuilder::new().mode(0o700).create(&part) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(match File::open(&part).map_err(unmade)?.try_lock() {
                    Err(TryLockError::WouldBlock) => DraftError::Underway { folder: to },
                    Ok(()) | Err(TryLockError::Error(_)) => DraftError::Left { part },
                });
            }
            Err(source) => return Err(unmade(source)),
        }
        let lock = File::open(&part).and_then(|lock| {
            lock.lock()?;
            Ok(lock)
        });
        let lock = lock.map_err(unmade)?;
        Ok(Self { to, part, lock, is_named: false })
    }

    /// Where its files are put.
    pub(in crate::shell::backup) fn folder(&self) -> &Path {
        &self.part
    }

    /// Gives it its name, once its files are synced.
    ///
    /// # Errors
    ///
    /// [`DraftError`]; then there is no such folder.
    pub(in crate::shell::backup) fn name(mut self) -> Result<(), DraftError> {
        let named = || {
            self.lock.sync_all()?;
            // Takes no place but that of an empty folder.
            std::fs::rename(&self.part, &self.to)?;
            let above = self.to.parent().filter(|above| !above.as_os_str().is_empty());
            File::open(above.unwrap_or(Path::new(".")))?.sync_all()
        };
        match named() {
            Ok(()) => {
                self.is_named = true;
                Ok(())
            }
            Err(error) => Err(match error.kind() {
                io::ErrorKind::AlreadyExists
                | io::ErrorKind::DirectoryNotEmpty
                | io::ErrorKind::NotADirectory => DraftError::Exists { folder: self.to.clone() },
                _ => DraftError::Unmade { folder: self.to.clone(), source: error },
            }),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.is_named {
            // Of no use to anybody; what cannot be removed is named by the next one.
            let _ = std::fs::remove_dir_all(&self.part);
        }
    }
}

/// True if there is anything of that name, also a link that leads nowhere.
fn is_there(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(folder.symlink_metadata()?.is_dir() && std::fs::read_dir(folder)?.next().is_none())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::Draft;
    use crate::shell::backup::error::DraftError;

    #[test]
    fn a_folder_has_its_name_once_it_is_whole_and_only_its_owner_may_look_into_it() {
        let above = tempfile::tempdir().unwrap();
        let to = above.path().join("copy");
        let draft = Draft::begin(&to, false).unwrap();
        std::fs::write(draft.folder().join("file"), "1").unwrap();
        assert!(!to.exists());
        draft.name().unwrap();
        assert_eq!(std::fs::read_to_string(to.join("file")).unwrap(), "1");
        assert_eq!(to.metadata().unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(std::fs::read_dir(above.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_that_is_not_finished_leaves_nothing() {
        let above = tempfile::tempdir().unwrap();
        let draft = Draft::begin(&above.path().join("copy/"), false).unwrap();
        std::fs::write(draft.folder().join("file"), "1").unwrap();
        drop(draft);
        assert_eq!(std::fs::read_dir(above.path()).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_written_over_and_two_do_not_write_the_same_folder() {
        let above = tempfile::tempdir().unwrap();
        let to = above.path().join("copy");
        let begin = |over_empty| Draft::begin(&to, over_empty);
        let first = begin(false).unwrap();
        assert!(matches!(begin(false), Err(DraftError::Underway { .. })));
        // Somebody makes a folder of that name meanwhile, and puts something in it.
        std::fs::create_dir(&to).unwrap();
        std::fs::write(to.join("diary"), "mine").unwrap();
        assert!(matches!(first.name(), Err(DraftError::Exists { .. })));
        assert!(matches!(begin(true), Err(DraftError::Exists { .. })));
        std::fs::remove_file(to.join("diary")).unwrap();
        assert!(matches!(begin(false), Err(DraftError::Exists { .. })));
        begin(true).unwrap().name().unwrap();
        std::fs::remove_dir(&to).unwrap();
        // What a killed one left may be somebody's: it is named and stays.
        std::fs::create_dir(above.path().join("copy.part")).unwrap();
        assert!(matches!(begin(false), Err(DraftError::Left { .. })));
        assert!(above.path().join("copy.part").exists());
        std::os::unix::fs::symlink("nowhere", &to).unwrap();
        assert!(matches!(begin(true), Err(DraftError::Exists { .. })));
    }
}
