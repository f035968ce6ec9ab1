//! Files that are replaced whole: written beside, synced, renamed, and then their folder is synced.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use crate::units::UnixMillis;

/// Puts `bytes` in the place of `name` in `folder`, so that a crash leaves the old file or the new one. It belongs to whom
/// the folder belongs, whoever writes.
///
/// # Errors
///
/// What the system says; the old file is as it was.
pub fn replace(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{name}.new"));
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    let owner = std::fs::metadata(folder)?;
    if out.metadata()?.uid() != owner.uid() {
        chown(&draft, Some(owner.uid()), Some(owner.gid()))?;
    }
    out.write_all(bytes)?;
    out.sync_all()?;
    std::fs::rename(&draft, folder.join(name))?;
    File::open(folder)?.sync_all()
}

/// Reads `name` in `folder`, which has at most `bytes_max` bytes; `None` if there is none.
///
/// # Errors
///
/// What the system says, or that it is longer.
pub fn read(folder: &Path, name: &str, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(folder.join(name)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::other(format!("it has more than {bytes_max} bytes")));
    }
    Ok(Some(bytes))
}

/// Renames `name` in `folder` so that nobody reads it any more, and a person can look at it.
#[must_use]
pub fn put_aside(folder: &Path, name: &str, now: UnixMillis) -> PathBuf {
    let aside = folder.join(format!("{name}.refused-{}", now.raw()));
    // Where even that fails it is overwritten by the next one.
    let _ = std::fs::rename(folder.join(name), &aside);
    aside
}

/// What tells a file from the one that was there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    bytes: u64,
    inode: u64,
    changed: (i64, i64),
}

/// The sign of a file; `None` if there is none.
#[must_use]
pub fn sign(file: &Path) -> Option<Sign> {
    let of = |known: Metadata| Sign {
        bytes: known.len(),
        inode: known.ino(),
        changed: (known.mtime(), known.mtime_nsec()),
    };
    std::fs::metadata(file).ok().map(of)
}

#[cfg(test)]
mod tests {
    use super::{put_aside, read, replace, sign};
    use crate::units::UnixMillis;

    #[test]
    fn a_file_is_replaced_whole_and_what_a_crash_left_beside_it_is_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path(), "f", 10).unwrap(), None);
        std::fs::write(folder.path().join("f.new"), "half").unwrap();
        replace(folder.path(), "f", b"one").unwrap();
        let first = sign(&folder.path().join("f"));
        replace(folder.path(), "f", b"two").unwrap();
        assert_ne!(sign(&folder.path().join("f")), first);
        assert_eq!(read(folder.path(), "f", 3).unwrap().as_deref(), Some(b"two".as_slice()));
        assert!(read(folder.path(), "f", 2).is_err(), "longer than it may be");
        assert!(!folder.path().join("f.new").exists());
        let aside = put_aside(folder.path(), "f", UnixMillis::from_raw(7));
        assert_eq!(std::fs::read(aside).unwrap(), b"two");
        assert_eq!(sign(&folder.path().join("f")), None);
    }
}
