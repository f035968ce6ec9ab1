//! The secrets of an installation, made once and kept in the data folder, readable by its owner only.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use rand::Rng as _;

use crate::shell::failpoint::{self, Point};

/// Why the secrets cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SecretsError {
    /// The file cannot be read or made.
    #[error("`{file}` cannot be used: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what we wrote.
    #[error("`{file}` must hold {BYTES} bytes, it has {found}")]
    Length {
        /// The file.
        file: PathBuf,
        /// Its length.
        found: usize,
    },
}

const FILE: &str = "secret";
const BYTES: usize = 64;

/// What signs notices, and what turns user ids into keys. Whoever loses them loses the open bids'
/// notices and all audiences; they belong in the backup.
pub struct Secrets {
    /// Signs notice tokens.
    pub notices: [u8; 32],
    /// Hashes user ids.
    pub users: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(...)")
    }
}

impl Secrets {
    /// Reads the secrets of the data folder, or makes them at its first use.
    ///
    /// # Errors
    ///
    /// [`SecretsError`]; an unreadable file is never replaced.
    pub fn open(folder: &Path) -> Result<Self, SecretsError> {
        let file = folder.join(FILE);
        let failed = |source| SecretsError::File { file: file.clone(), source };
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                make(folder, &file).map_err(failed)?
            }
            Err(error) => return Err(failed(error)),
        };
        match bytes.as_slice().split_first_chunk::<32>() {
            Some((notices, users)) if users.len() == 32 => {
                let users = *users.first_chunk().expect("32 bytes");
                Ok(Self { notices: *notices, users })
            }
            _ => Err(SecretsError::Length { file, found: bytes.len() }),
        }
    }
}

/// Writes new secrets beside the file first, so that a crash never leaves half of them.
fn make(folder: &Path, file: &Path) -> std::io::Result<Vec<u8>> {
    std::fs::create_dir_all(folder)?;
    let mut bytes = vec![0_u8; BYTES];
    rand::rng().fill_bytes(&mut bytes);
    let draft = file.with_extension("new");
    let mut out =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    failpoint::file(Point::SecretsWrite)?;
    out.write_all(&bytes)?;
    failpoint::file(Point::SecretsSync)?;
    out.sync_all()?;
    failpoint::file(Point::SecretsRename)?;
    std::fs::rename(&draft, file)?;
    failpoint::file(Point::SecretsSyncFolder)?;
    std::fs::File::open(folder)?.sync_all()?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Secrets, SecretsError};

    #[test]
    fn secrets_are_made_once_and_stay() {
        let folder = tempfile::tempdir().unwrap();
        let made = Secrets::open(folder.path()).unwrap();
        let read = Secrets::open(folder.path()).unwrap();
        assert_eq!((made.notices, made.users), (read.notices, read.users));
        assert_ne!(made.notices, made.users);
    }

    #[test]
    fn a_damaged_secret_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), b"short").unwrap();
        assert!(matches!(Secrets::open(folder.path()), Err(SecretsError::Length { found: 5, .. })));
        assert_eq!(std::fs::read(folder.path().join("secret")).unwrap(), b"short");
    }
}
