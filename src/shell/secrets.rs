//! The secrets of an installation: made once, kept in the data folder, readable by their owner only. What signs
//! notices can be changed while notices are out; what hashes the ids of people cannot.
//!
//! The file is replaced whole: written beside, synced, renamed, and then its folder is synced. Whoever changes it
//! holds the lock of the folder. Absent: a copy of what was replaced, for it would outlive what was dropped.

mod format;
mod watch;

use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, chown};
use std::path::{Path, PathBuf};

use rand::Rng as _;

pub use watch::watch;

use crate::notice::{KeyId, Keys};
use crate::shell::failpoint::{self, Point};
use crate::units::{Millis, UnixMillis, limits};

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
    #[error("`{file}` is damaged: {what}")]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Written by a newer encan.
    #[error("`{file}` has version {found}, this encan knows up to {}", format::VERSION)]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: u32,
    },
    /// There is nothing to rotate or list.
    #[error("there are no secrets in `{folder}`")]
    Missing {
        /// The data folder.
        folder: PathBuf,
    },
    /// No further key can be kept beside those that are needed.
    #[error("`{file}` has {} notice keys whose tokens may still be out", limits::NOTICE_KEYS_MAX)]
    TooMany {
        /// The file.
        file: PathBuf,
    },
}

impl SecretsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File { .. } => "let the user that runs the server own the data folder",
            Self::Damaged { .. } => {
                "restore the file from a backup; a new one would refuse all notices still out"
            }
            Self::Newer { .. } => "use the encan that wrote it, or a newer one",
            Self::Missing { .. } => "name the folder with `--data DIR`; `encan serve` makes its secrets",
            Self::TooMany { .. } => "rotate again when the oldest is not needed any more: `encan keys list`",
        }
    }
}

const FILE: &str = "secret";
/// How long a server may go on signing with a key after another has taken its place, before it has seen that. It
/// looks every second, so a day is for one that was stopped in its tracks.
const UNSEEN: Millis = Millis::from_seconds(86_400);

/// A secret that notice keys are derived from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoticeKey {
    secret: [u8; 32],
    /// When it was made; `None` for one that is older than rotation.
    pub made: Option<UnixMillis>,
    /// When another took its place; `None` for the one that signs.
    pub retired: Option<UnixMillis>,
}

impl NoticeKey {
    fn new(now: UnixMillis) -> Self {
        let mut secret = [0; 32];
        rand::rng().fill_bytes(&mut secret);
        Self { secret, made: Some(now), retired: None }
    }

    /// Its name in tokens.
    #[must_use]
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.secret)
    }

    /// Until when a token that it signed may be honoured; `None` while it signs.
    #[must_use]
    pub fn needed_until(&self) -> Option<UnixMillis> {
        Some(self.retired?.plus(UNSEEN).plus(limits::CONVERSION_AGE_MAX))
    }

    fn is_needed(&self, now: UnixMillis) -> bool {
        self.needed_until().is_none_or(|until| now <= until)
    }
}

/// What signs notices, and what turns user ids into keys. Whoever loses them loses the open bids'
/// notices and all audiences; they belong in the backup.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// That which signs notices first, then those before it, the newest first.
    notices: Vec<NoticeKey>,
    /// Hashes user ids. It is never rotated: under another one nobody could be recognised, so that audiences, frequency
    /// caps and, worst, the erasure of a person would silently not find what is stored of them; and no id is kept
    /// that could be hashed again.
    pub users: [u8; 32],
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(...)")
    }
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The key that signs from now on.
    pub current: KeyId,
    /// The one that it follows.
    pub former: KeyId,
    /// Those that no token needs any more: they are gone.
    pub dropped: Vec<KeyId>,
}

impl Secrets {
    /// Reads the secrets of the data folder, or makes them at its first use.
    ///
    /// # Errors
    ///
    /// [`SecretsError`]; an unreadable file is never replaced.
    pub fn open(folder: &Path, now: UnixMillis) -> Result<Self, SecretsError> {
        match Self::existing(folder) {
            Err(SecretsError::Missing { .. }) => {}
            existing => return existing,
        }
        let file = folder.join(FILE);
        let failed = |source| SecretsError::File { file: file.clone(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let _lock = locked(folder).map_err(failed)?;
        // Somebody else may have made them since.
        match Self::existing(folder) {
            Err(SecretsError::Missing { .. }) => {}
            existing => return existing,
        }
        let mut users = [0; 32];
        rand::rng().fill_bytes(&mut users);
        let made = Self { notices: vec![NoticeKey::new(now)], users };
        made.write(folder).map_err(failed)?;
        Ok(made)
    }

    /// Reads the secrets of the data folder.
    ///
    /// # Errors
    ///
    /// [`SecretsError`], [`SecretsError::Missing`] if there are none.
    pub fn existing(folder: &Path) -> Result<Self, SecretsError> {
        let file = folder.join(FILE);
        match std::fs::read(&file) {
            Ok(bytes) => format::read(&bytes, &file),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                Err(SecretsError::Missing { folder: folder.to_owned() })
            }
            Err(source) => Err(SecretsError::File { file, source }),
        }
    }

    /// Makes a new key that signs notices from now on. Those before it stay until the last token that they signed
    /// has expired, and are then left out. When this returns, the new key is on the disk.
    ///
    /// # Errors
    ///
    /// [`SecretsError`]; the old file is as it was.
    pub fn rotate(folder: &Path, now: UnixMillis) -> Result<Rotation, SecretsError> {
        let file = folder.join(FILE);
        let failed = |source: std::io::Error| match source.kind() {
            std::io::ErrorKind::NotFound => SecretsError::Missing { folder: folder.to_owned() },
            _ => SecretsError::File { file: file.clone(), source },
        };
        let _lock = locked(folder).map_err(failed)?;
        let Self { notices: mut kept, users } = Self::existing(folder)?;
        let mut key = NoticeKey::new(now);
        while kept.iter().any(|other| other.id() == key.id()) {
            key = NoticeKey::new(now);
        }
        kept[0].retired = Some(now);
        let (current, former) = (key.id(), kept[0].id());
        let (kept, dropped): (Vec<_>, Vec<_>) = kept.into_iter().partition(|key| key.is_needed(now));
        if kept.len() >= limits::NOTICE_KEYS_MAX {
            return Err(SecretsError::TooMany { file });
        }
        let notices = std::iter::once(key).chain(kept).collect();
        Self { notices, users }.write(folder).map_err(failed)?;
        Ok(Rotation { current, former, dropped: dropped.iter().map(NoticeKey::id).collect() })
    }

    /// The keys of notices that are needed at `now`, that which signs first.
    pub fn notice_keys(&self, now: UnixMillis) -> impl Iterator<Item = &NoticeKey> {
        self.notices.iter().filter(move |key| key.is_needed(now))
    }

    /// What signs and verifies notices from `now` on.
    #[must_use]
    pub fn keys(&self, now: UnixMillis) -> Keys {
        let (current, former) = self.notices.split_first().expect("a file without a key is refused");
        let former = former.iter().filter(|key| key.is_needed(now));
        Keys::new(&current.secret, former.map(|key| &key.secret))
    }

    /// Writes the file beside the old one first, so that a crash never leaves half of it. It belongs to whom the old
    /// one or the folder belongs, whoever writes: an operator's command must not lock the server out.
    fn write(&self, folder: &Path) -> std::io::Result<()> {
        let file = folder.join(FILE);
        let owner = std::fs::metadata(&file).or_else(|_| std::fs::metadata(folder))?;
        let draft = file.with_extension("new");
        // What a crash left may be another user's, or open to others.
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut out = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
        if out.metadata()?.uid() != owner.uid() {
            chown(&draft, Some(owner.uid()), Some(owner.gid()))?;
        }
        failpoint::file(Point::SecretsWrite)?;
        out.write_all(&format::written(self))?;
        failpoint::file(Point::SecretsSync)?;
        out.sync_all()?;
        failpoint::file(Point::SecretsRename)?;
        std::fs::rename(&draft, &file)?;
        failpoint::file(Point::SecretsSyncFolder)?;
        std::fs::File::open(folder)?.sync_all()
    }
}

/// Held while the secrets of `folder` are changed; given back by the system when its owner ends, however it does.
fn locked(folder: &Path) -> std::io::Result<std::fs::File> {
    let folder = std::fs::File::open(folder)?;
    folder.lock()?;
    Ok(folder)
}

#[cfg(test)]
mod tests;
