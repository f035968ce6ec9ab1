//! The files of models: `model` is the one in use, `model.1` to `model.5` those before it, the newest first.
//!
//! Whoever changes them holds the lock of `model.lock`. The server looks whether `model` is another file once a second.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::learning::{Model, ModelFileError};
use crate::shell::learning::files::{self, Sign};
use crate::units::UnixMillis;

const FILE: &str = "model";
const LOCK: &str = "model.lock";
/// Former models that are kept.
const FORMER_MAX: usize = 5;
/// Bytes of a file that are read: 2^24 weights with their names take half.
const BYTES_MAX: u64 = 1 << 30;

/// Why a model is not taken or written.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The file.
    #[error("the model `{}` cannot be used: {source}", file.display())]
    Io {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What is in it.
    #[error("the model `{}` is refused: {source}", file.display())]
    Refused {
        /// Which.
        file: PathBuf,
        /// Why.
        source: ModelFileError,
    },
}

impl ModelError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "free disk space, or name a folder that can be written with `--data DIR`",
            Self::Refused { .. } => {
                "`encan learn undo` puts the former model back; `encan learn train` makes one anew"
            }
        }
    }
}

/// Why the former model is not put back.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// There is none.
    #[error("`{}` has no former model", folder.display())]
    NoFormer {
        /// Where.
        folder: PathBuf,
    },
    /// It cannot be read, or the files not be written.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// A model as it was found.
#[derive(Debug, Clone)]
pub struct Found {
    /// The model.
    pub model: Model,
    /// When its file was written.
    pub written: UnixMillis,
    /// The first 16 hexadecimal digits of the hash of its file: its name for people.
    pub version: String,
}

/// The models of a folder.
#[derive(Debug, Clone)]
pub struct Models {
    folder: PathBuf,
}

impl Models {
    /// Those in `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What tells the file from another one; `None` if there is none.
    #[must_use]
    pub fn sign(&self) -> Option<Sign> {
        files::sign(&self.folder.join(FILE))
    }

    /// The model in use; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ModelError`].
    pub fn current(&self) -> Result<Option<Found>, ModelError> {
        self.found(FILE)
    }

    /// How many former models are kept.
    #[must_use]
    pub fn former_count(&self) -> usize {
        (1..=FORMER_MAX).filter(|at| self.folder.join(former(*at)).exists()).count()
    }

    /// Puts `model` in use, and the one in use among the former ones.
    ///
    /// # Errors
    ///
    /// [`ModelError`]: the one in use goes on.
    pub fn install(&self, model: &Model) -> Result<(), ModelError> {
        let failed = |source| ModelError::Io { file: self.folder.join(FILE), source };
        let _lock = self.lock().map_err(failed)?;
        let shift = || -> io::Result<()> {
            if !self.folder.join(FILE).exists() {
                return Ok(());
            }
            for at in (1..FORMER_MAX).rev() {
                rename_if_there(&self.folder.join(former(at)), &self.folder.join(former(at + 1)))?;
            }
            // The file in use stays in its place until the new one takes it.
            std::fs::hard_link(self.folder.join(FILE), self.folder.join(former(1)))
        };
        shift().map_err(failed)?;
        files::replace(&self.folder, FILE, &model.to_bytes()).map_err(failed)
    }

    /// Puts the former model back in use; the one that was is forgotten. Gives what is in use now.
    ///
    /// # Errors
    ///
    /// [`UndoError`]: nothing was changed.
    pub fn undo(&self) -> Result<Found, UndoError> {
        let failed = |source| ModelError::Io { file: self.folder.join(FILE), source };
        if !self.folder.is_dir() {
            return Err(UndoError::NoFormer { folder: self.folder.clone() });
        }
        let _lock = self.lock().map_err(failed)?;
        let Some(found) = self.found(&former(1))? else {
            return Err(UndoError::NoFormer { folder: self.folder.clone() });
        };
        files::replace(&self.folder, FILE, &found.model.to_bytes()).map_err(failed)?;
        std::fs::remove_file(self.folder.join(former(1))).map_err(failed)?;
        for at in 1..FORMER_MAX {
            let (from, to) = (self.folder.join(former(at + 1)), self.folder.join(former(at)));
            rename_if_there(&from, &to).map_err(failed)?;
        }
        Ok(found)
    }

    fn found(&self, name: &str) -> Result<Option<Found>, ModelError> {
        let file = self.folder.join(name);
        let failed = |source| ModelError::Io { file: file.clone(), source };
        let Some(bytes) = files::read(&self.folder, name, BYTES_MAX).map_err(failed)? else {
            return Ok(None);
        };
        let refused = |source| ModelError::Refused { file: file.clone(), source };
        let model = Model::from_bytes(&bytes).map_err(refused)?;
        let written = std::fs::metadata(&file).and_then(|known| known.modified()).map_err(failed)?;
        let written = written.duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_millis();
        let written = UnixMillis::from_raw(i64::try_from(written).unwrap_or(i64::MAX));
        let version = blake3::hash(&bytes).to_hex()[..16].to_owned();
        Ok(Some(Found { model, written, version }))
    }

    /// Held while the files are changed; given back by the system when its owner ends, however it does.
    fn lock(&self) -> io::Result<File> {
        let file = File::options().create(true).truncate(false).write(true).open(self.folder.join(LOCK))?;
        file.lock()?;
        Ok(file)
    }
}

fn former(at: usize) -> String {
    format!("{FILE}.{at}")
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{FILE, FORMER_MAX, ModelError, Models, UndoError};
    use crate::learning::{Delays, Options, Trainer};

    fn model(bits: u32) -> crate::learning::Model {
        Trainer::new(Options { bits, ..Options::default() }, Delays::default()).model()
    }

    #[test]
    fn the_former_models_come_back_in_turn_and_no_more_than_five_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let models = Models::new(folder.path());
        assert!(models.current().unwrap().is_none());
        assert!(matches!(models.undo(), Err(UndoError::NoFormer { .. })));
        let mut versions = vec![];
        for bits in 1..=8 {
            models.install(&model(bits)).unwrap();
            versions.push(models.current().unwrap().unwrap().version);
        }
        assert_eq!(models.former_count(), FORMER_MAX);
        for want in versions[2..7].iter().rev() {
            models.undo().unwrap();
            assert_eq!(models.current().unwrap().unwrap().version, *want);
        }
        assert!(matches!(models.undo(), Err(UndoError::NoFormer { .. })));
        assert_eq!(models.current().unwrap().unwrap().version, versions[2], "the last one stays");
    }

    #[test]
    fn a_file_that_was_cut_or_changed_is_refused_and_undone() {
        let folder = tempfile::tempdir().unwrap();
        let models = Models::new(folder.path());
        models.install(&model(1)).unwrap();
        let first = models.current().unwrap().unwrap().version;
        models.install(&model(2)).unwrap();
        let file = folder.path().join(FILE);
        let bytes = std::fs::read(&file).unwrap();
        for broken in [&bytes[..bytes.len() - 1], b"", b"{}"] {
            std::fs::write(&file, broken).unwrap();
            assert!(matches!(models.current(), Err(ModelError::Refused { .. })));
        }
        assert_eq!(models.undo().unwrap().version, first);
        assert_eq!(models.current().unwrap().unwrap().version, first);
    }
}
