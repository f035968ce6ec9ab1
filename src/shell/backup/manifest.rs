//! What is in a backup, in words that a program reads, too: `MANIFEST.json`.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::units::UnixMillis;

/// Its name in the folder.
pub(in crate::shell::backup) const FILE: &str = "MANIFEST.json";
/// Bumped with every change that an older encan would read wrongly.
const VERSION: u32 = 1;
/// Far more than archives of each day of a century need.
const BYTES_MAX: u64 = 64 << 20;

/// What is in a backup, and what is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Of this form.
    version: u32,
    /// The encan that made it.
    encan: String,
    /// When it was begun, as 2026-11-22T15:04:05.678Z.
    pub begun: String,
    /// When its last file was copied.
    pub ended: String,
    /// True if the keys of notices and of people are in it.
    pub has_keys: bool,
    /// The files, in the order in which they were copied.
    pub files: Vec<Copied>,
    /// What should be in it and is not, or is not sound.
    pub faults: Vec<Fault>,
    /// What else lay in the data folder.
    pub left_out: Vec<LeftOut>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    /// Its name in the backup and in a data folder.
    pub name: String,
    /// What it holds, for people.
    pub holds: String,
    /// When it was like that.
    pub as_of: String,
    /// How long it is.
    pub bytes: u64,
    /// Of its bytes, in hexadecimal.
    pub blake3: String,
}

/// Something that is wrong with what was to be copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Of the file.
    pub name: String,
    /// What is wrong with it.
    pub what: String,
}

/// Something that is not copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Of the file or folder.
    pub name: String,
    /// Why.
    pub why: String,
}

impl Manifest {
    /// Of a backup that is begun at `now`: nothing is in it.
    pub(in crate::shell::backup) fn begun(now: UnixMillis) -> Self {
        Self {
            version: VERSION,
            encan: env!("CARGO_PKG_VERSION").to_owned(),
            begun: written(now),
            ended: written(now),
            has_keys: false,
            files: Vec::new(),
            faults: Vec::new(),
            left_out: Vec::new(),
        }
    }

    /// Bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// Writes it into `folder`, synced.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(in crate::shell::backup) fn write(&self, folder: &Path) -> io::Result<()> {
        let text = serde_json::to_string_pretty(self).expect("texts and numbers are JSON") + "\n";
        let mut out = File::options().write(true).create_new(true).mode(0o600).open(folder.join(FILE))?;
        out.write_all(text.as_bytes())?;
        out.sync_all()
    }

    /// Reads that of `folder`.
    ///
    /// # Errors
    ///
    /// Why it cannot be used, in words.
    pub(in crate::shell::backup) fn read(folder: &Path) -> Result<Self, String> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        let mut text = String::new();
        let file = File::open(folder.join(FILE)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => format!("it has no `{FILE}`"),
            _ => format!("its `{FILE}` cannot be read: {error}"),
        })?;
        let read = file.take(BYTES_MAX).read_to_string(&mut text);
        read.map_err(|error| format!("its `{FILE}` cannot be read: {error}"))?;
        let unreadable = |error| format!("its `{FILE}` cannot be read: {error}");
        let Versioned { version } = serde_json::from_str(&text).map_err(unreadable)?;
        if version > VERSION {
            return Err(format!("its `{FILE}` has version {version}, this encan knows up to {VERSION}"));
        }
        serde_json::from_str(&text).map_err(unreadable)
    }
}

/// An instant, as 2026-11-22T15:04:05.678Z.
pub(in crate::shell::backup) fn written(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.raw()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::{Copied, FILE, Manifest};
    use crate::units::UnixMillis;

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_a_newer_or_broken_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()), Err("it has no `MANIFEST.json`".to_owned()));
        let mut manifest = Manifest::begun(UnixMillis::from_raw(1_780_000_000_123));
        assert_eq!(manifest.begun, "2026-05-28T20:26:40.123Z");
        manifest.files.push(Copied {
            name: "learned".to_owned(),
            holds: "prices".to_owned(),
            as_of: manifest.begun.clone(),
            bytes: 7,
            blake3: "00".to_owned(),
        });
        manifest.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()), Ok(manifest.clone()));
        assert_eq!(manifest.bytes(), 7);
        assert!(manifest.write(folder.path()).is_err(), "nothing is written over");
        for (text, want) in [
            ("{\"version\": 2, \"hats\": 3}", "version 2, this encan knows up to 1"),
            ("{\"version\": 1}", "missing field"),
            ("{", "cannot be read"),
        ] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            let error = Manifest::read(folder.path()).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }
}
