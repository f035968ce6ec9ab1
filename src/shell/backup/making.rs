//! A backup is made: file by file, the ledger after all that leads to its events.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt};
use std::path::Path;

use crate::shell::backup::contents::{
    ARCHIVES, BOOKS, KEYS, LEDGER, OLD_DAYS, SECRETS, SIDE_FILES, WHOLE_FILES, left_out,
};
use crate::shell::backup::copying::{CopyError, Digested, copy_sqlite, copy_whole, digest, fault_of};
use crate::shell::backup::draft::Draft;
use crate::shell::backup::error::MakeError;
use crate::shell::backup::manifest::{Copied, Fault, LeftOut, Manifest, written};
use crate::shell::clock;
use crate::shell::store::Store;

/// Whether the keys of notices and of people are copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WithKeys {
    /// They are.
    Yes,
    /// They stay where they are.
    No,
}

/// Makes the new folder `to` of all that lies in `data`, beside a server that may be running. A file beside the ledger that
/// is damaged is a fault in what is returned: the rest is copied.
///
/// # Errors
///
/// [`MakeError`]; then there is no such folder.
pub fn backup(data: &Path, to: &Path, keys: WithKeys) -> Result<Manifest, MakeError> {
    let store = Store::open(data)?;
    refuse_inside(data, to)?;
    let draft = Draft::begin(to, false)?;
    let mut making = Making { data, folder: draft.folder(), manifest: Manifest::begun(clock::now()) };
    for (name, holds) in SIDE_FILES {
        making.copy(name, holds, copy_sqlite)?;
    }
    for (name, holds) in WHOLE_FILES {
        making.copy(name, holds, copy_whole)?;
    }
    making.ledger(&store)?;
    making.archives()?;
    if keys == WithKeys::Yes {
        making.copy(KEYS, SECRETS, copy_whole)?;
    }
    making.note_what_is_left()?;
    let mut manifest = making.manifest;
    manifest.has_keys = manifest.files.iter().any(|file| file.name == KEYS);
    manifest.ended = written(clock::now());
    let unwritten = |source| MakeError::Unwritten { file: to.to_owned(), source };
    manifest.write(draft.folder()).map_err(unwritten)?;
    draft.name()?;
    Ok(manifest)
}

/// A backup in the folder that it is of would be lost with it.
fn refuse_inside(data: &Path, to: &Path) -> Result<(), MakeError> {
    let above = to.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where there is no such folder, nothing can be made in it: that is told then.
    let Ok(above) = above.canonicalize() else { return Ok(()) };
    let unreadable = |source| MakeError::Unreadable { folder: data.to_owned(), source };
    if above.starts_with(data.canonicalize().map_err(unreadable)?) {
        return Err(MakeError::Inside { folder: to.to_owned(), data: data.to_owned() });
    }
    Ok(())
}

struct Making<'a> {
    data: &'a Path,
    folder: &'a Path,
    manifest: Manifest,
}

impl Making<'_> {
    /// Copies the file `name`, if there is one. What is wrong with it is noted.
    fn copy(
        &mut self,
        name: &str,
        holds: &str,
        copy: impl FnOnce(&Path, &Path) -> Result<Digested, CopyError>,
    ) -> Result<(), MakeError> {
        let (from, to) = (self.data.join(name), self.folder.join(name));
        // A link that leads nowhere is there.
        if from.symlink_metadata().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(());
        }
        let as_of = written(clock::now());
        match copy(&from, &to) {
            Ok(digested) => self.copied(name, holds, as_of, &digested),
            Err(CopyError::Source(what)) => {
                let unwritten = |source| MakeError::Unwritten { file: to.clone(), source };
                match std::fs::remove_file(&to) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritten(error)),
                    _ => {}
                }
                self.fault(name, what);
            }
            Err(CopyError::Target(source)) => return Err(MakeError::Unwritten { file: to, source }),
        }
        Ok(())
    }

    fn copied(&mut self, name: &str, holds: &str, as_of: String, digested: &Digested) {
        let (name, holds) = (name.to_owned(), holds.to_owned());
        let (bytes, blake3) = (digested.bytes, digested.hex());
        self.manifest.files.push(Copied { name, holds, as_of, bytes, blake3 });
    }

    fn fault(&mut self, name: &str, what: String) {
        self.manifest.faults.push(Fault { name: name.to_owned(), what });
    }

    /// Copies the ledger. One with damaged pages is better than none: it is kept, and the fault noted.
    fn ledger(&mut self, store: &Store) -> Result<(), MakeError> {
        let to = self.folder.join(LEDGER);
        let as_of = written(clock::now());
        store.backup(&to)?;
        match fault_of(&to) {
            Ok(None) => {}
            Ok(Some(what)) => self.fault(LEDGER, what),
            Err(error) => self.fault(LEDGER, error.to_string()),
        }
        let sealed = || -> io::Result<Digested> {
            let copy = File::open(&to)?;
            copy.set_permissions(PermissionsExt::from_mode(0o600))?;
            copy.sync_all()?;
            digest(copy)
        };
        let digested = sealed().map_err(|source| MakeError::Unwritten { file: to.clone(), source })?;
        self.copied(LEDGER, BOOKS, as_of, &digested);
        Ok(())
    }

    /// Copies the archives that the ledger of the backup names: that of the data folder may have more of them by now.
    fn archives(&mut self) -> Result<(), MakeError> {
        let known = match Store::open(self.folder).and_then(|copy| copy.archives()) {
            Ok(known) => known,
            // That of the copy alone: its fault was noted.
            Err(_) if self.manifest.faults.iter().any(|fault| fault.name == LEDGER) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        if known.is_empty() {
            return Ok(());
        }
        let folder = self.folder.join(ARCHIVES);
        let unwritten = |source| MakeError::Unwritten { file: folder.clone(), source };
        DirBuilder::new().mode(0o700).create(&folder).map_err(unwritten)?;
        for archive in known {
            let name = format!("{ARCHIVES}/{}", archive.name);
            if !self.data.join(&name).exists() {
                self.fault(&name, "it is missing".to_owned());
                continue;
            }
            self.copy(&name, OLD_DAYS, |from, to| {
                let digested = copy_whole(from, to)?;
                if archive.has_hash(&digested.hash) {
                    Ok(digested)
                } else {
                    Err(CopyError::Source("it is not what was written".to_owned()))
                }
            })?;
        }
        File::open(&folder).and_then(|folder| folder.sync_all()).map_err(unwritten)
    }

    fn note_what_is_left(&mut self) -> Result<(), MakeError> {
        let unreadable = |source| MakeError::Unreadable { folder: self.data.to_owned(), source };
        let mut left: Vec<LeftOut> = Vec::new();
        for entry in std::fs::read_dir(self.data).map_err(unreadable)? {
            let name = entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned();
            if let Some(why) = left_out(&name) {
                left.push(LeftOut { name, why: why.to_owned() });
            }
        }
        left.sort_by(|one, other| one.name.cmp(&other.name));
        self.manifest.left_out = left;
        Ok(())
    }
}
