//! Copies of single files: each as it is at one instant, looked through, synced, with the hash of its bytes.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};

use crate::shell::store::copy_pages;

/// How long another writer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::shell::backup) struct Digested {
    /// How long it is.
    pub bytes: u64,
    /// Of its bytes.
    pub hash: [u8; 32],
}

impl Digested {
    /// The hash in hexadecimal.
    pub(in crate::shell::backup) fn hex(&self) -> String {
        blake3::Hash::from_bytes(self.hash).to_hex().to_string()
    }
}

/// Why a file is not copied.
#[derive(Debug)]
pub(in crate::shell::backup) enum CopyError {
    /// There is something wrong with it, in words: others may be copied all the same.
    Source(String),
    /// The copy cannot be written: neither can others.
    Target(io::Error),
}

/// Copies the SQLite file `from`, beside whoever writes it, to the new file `to`.
///
/// # Errors
///
/// [`CopyError`]; there may be half a copy.
pub(in crate::shell::backup) fn copy_sqlite(from: &Path, to: &Path) -> Result<Digested, CopyError> {
    let said = |error: rusqlite::Error| match error.sqlite_error() {
        Some(said) if is_of_target(said) => CopyError::Target(io::Error::other(error)),
        _ => CopyError::Source(error.to_string()),
    };
    new_file(to).map_err(CopyError::Target)?;
    // Read-write without creation: a reader of a log left by a crash must be able to recover it.
    let connection = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(said)?;
    connection.busy_timeout(PATIENCE).map_err(said)?;
    copy_pages(&connection, to).map_err(said)?;
    drop(connection);
    if let Some(fault) = fault_of(to).map_err(said)? {
        return Err(CopyError::Source(fault));
    }
    let copy = File::open(to).map_err(CopyError::Target)?;
    copy.sync_all().map_err(CopyError::Target)?;
    digest(copy).map_err(CopyError::Target)
}

/// The first thing that SQLite finds wrong with the pages of a file that nobody writes.
///
/// # Errors
///
/// If it cannot be looked through at all.
pub(in crate::shell::backup) fn fault_of(file: &Path) -> rusqlite::Result<Option<String>> {
    // Not read-only: that would leave an empty log beside it.
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let said: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    // Above it stands which database it is about.
    let first = said.lines().find(|line| !line.starts_with("***")).unwrap_or(&said);
    Ok((said != "ok").then(|| first.to_owned()))
}

/// True if the copy is what cannot be written: only that is written to.
fn is_of_target(said: &ffi::Error) -> bool {
    let is_write = [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_IOERR_TRUNCATE, ffi::SQLITE_IOERR_FSYNC];
    said.code == ErrorCode::DiskFull || is_write.contains(&said.extended_code)
}

/// Copies the file `from`, which is never changed but replaced, to the new file `to`.
///
/// # Errors
///
/// [`CopyError`]; there may be half a copy.
pub(in crate::shell::backup) fn copy_whole(from: &Path, to: &Path) -> Result<Digested, CopyError> {
    let source = |error: io::Error| CopyError::Source(error.to_string());
    let mut from = File::open(from).map_err(source)?;
    let mut out = new_file(to).map_err(CopyError::Target)?;
    let (mut hasher, mut total, mut bytes) = (blake3::Hasher::new(), 0, vec![0; 1 << 20]);
    loop {
        let count = from.read(&mut bytes).map_err(source)?;
        if count == 0 {
            break;
        }
        out.write_all(&bytes[..count]).map_err(CopyError::Target)?;
        hasher.update(&bytes[..count]);
        total += count as u64;
    }
    out.sync_all().map_err(CopyError::Target)?;
    Ok(Digested { bytes: total, hash: *hasher.finalize().as_bytes() })
}

/// The hash of all that `file` has from here on.
///
/// # Errors
///
/// What the system says.
pub(in crate::shell::backup) fn digest(mut file: impl Read) -> io::Result<Digested> {
    let (mut hasher, mut total, mut bytes) = (blake3::Hasher::new(), 0, vec![0; 1 << 20]);
    loop {
        match file.read(&mut bytes)? {
            0 => return Ok(Digested { bytes: total, hash: *hasher.finalize().as_bytes() }),
            count => {
                hasher.update(&bytes[..count]);
                total += count as u64;
            }
        }
    }
}

/// Only its owner may read it: keys, and what people did.
fn new_file(to: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(0o600).open(to)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use rusqlite::Connection;

    use super::{CopyError, copy_sqlite, copy_whole, digest};

    fn count(file: &Path) -> i64 {
        let connection = Connection::open(file).unwrap();
        connection.query_row("SELECT count(*) FROM pea", [], |row| row.get(0)).unwrap()
    }

    fn peas(file: &Path) -> Connection {
        let connection = Connection::open(file).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE pea (weight INTEGER);").unwrap();
        connection
    }

    #[test]
    fn a_file_is_copied_beside_its_writer_with_what_is_in_its_log_alone_and_without_what_is_not_committed() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("peas"), folder.path().join("copy"));
        let writer = peas(&from);
        writer.execute_batch("INSERT INTO pea VALUES (1), (2); BEGIN; INSERT INTO pea VALUES (3);").unwrap();
        let copied = copy_sqlite(&from, &to).unwrap();
        assert_eq!(copied, digest(std::fs::File::open(&to).unwrap()).unwrap());
        writer.execute_batch("COMMIT").unwrap();
        assert_eq!((count(&to), count(&from)), (2, 3));
        assert!(matches!(copy_sqlite(&from, &to), Err(CopyError::Target(_))), "nothing is written over");
        assert!(!folder.path().join("copy-wal").exists() && !folder.path().join("copy-shm").exists());
    }

    #[test]
    fn what_is_damaged_is_found_in_the_copy_and_what_is_none_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("peas");
        peas(&from).execute_batch("INSERT INTO pea VALUES (1)").unwrap();
        let mut bytes = std::fs::read(&from).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 64].fill(0xff);
        for (name, content) in
            [("torn", bytes.as_slice()), ("none", b"Dear diary, today".repeat(90).as_slice())]
        {
            std::fs::write(&from, content).unwrap();
            let copied = copy_sqlite(&from, &folder.path().join(name));
            assert!(matches!(copied, Err(CopyError::Source(_))), "{name}: {copied:?}");
        }
    }

    #[test]
    fn a_file_that_is_replaced_whole_is_copied_byte_for_byte() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("model"), folder.path().join("copy"));
        let bytes = vec![7; 3_000_000];
        std::fs::write(&from, &bytes).unwrap();
        let copied = copy_whole(&from, &to).unwrap();
        assert_eq!(copied, digest(std::fs::File::open(&to).unwrap()).unwrap());
        assert_eq!(copied.hex(), blake3::hash(&bytes).to_hex().as_str());
        assert!(matches!(copy_whole(&from, &to), Err(CopyError::Target(_))), "nothing is written over");
        let gone = copy_whole(&folder.path().join("gone"), &folder.path().join("other"));
        assert!(matches!(gone, Err(CopyError::Source(_))));
    }
}
