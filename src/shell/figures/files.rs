//! The files of the folder: one for each UTC day, blocks one behind the other, replaced as a whole.
//!
//! They are derived, and checked whenever they are read: nothing is synced, and nothing here is an error. What cannot be
//! read is not there; what cannot be written is done without.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::shell::figures::header::Header;
use crate::units::Day;

/// Where they lie, within the folder of the ledger.
const FOLDER: &str = "figures";
/// Days that have a civil date to be named by.
const NAMED: std::ops::Range<i32> = -700_000..4_000_000;
/// What a process that died has left is taken away after so long.
const LEFT_FOR: Duration = Duration::from_secs(3_600);

/// A block of a file, or of memory where no file could be written.
#[derive(Debug, Clone)]
pub(in crate::shell::figures) struct Stored {
    pub(in crate::shell::figures) header: Header,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    File { path: PathBuf, at: u64 },
    Memory(Vec<u8>),
}

impl Stored {
    /// A block that is held in memory; `None` if it is none.
    pub(in crate::shell::figures) fn in_memory(bytes: Vec<u8>) -> Option<Self> {
        let header = Header::from_bytes(bytes.first_chunk()?)?;
        Some(Self { header, place: Place::Memory(bytes) })
    }

    /// True if it lies in a file.
    pub(in crate::shell::figures) const fn is_file(&self) -> bool {
        matches!(self.place, Place::File { .. })
    }

    /// What stands behind the header, in `buffer` or where it is; `None` if that is not there any more.
    pub(in crate::shell::figures) fn body<'a>(&'a self, buffer: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        match &self.place {
            Place::Memory(bytes) => bytes.get(Header::LEN..),
            Place::File { path, at } => {
                buffer.clear();
                buffer.resize(Header::LEN.checked_add(usize::try_from(self.header.len).ok()?)?, 0);
                File::open(path).ok()?.read_exact_at(buffer, *at).ok()?;
                // The file may have been replaced since its headers were read.
                let is_same = buffer.first_chunk() == Some(&self.header.to_bytes());
                if is_same { buffer.get(Header::LEN..) } else { None }
            }
        }
    }
}

/// The file of `day`.
pub(in crate::shell::figures) fn path(data: &Path, day: Day) -> PathBuf {
    let name = if NAMED.contains(&day.raw()) { day.to_string() } else { format!("day{}", day.raw()) };
    data.join(FOLDER).join(format!("{name}.columns"))
}

/// The blocks of the file of `day`; none if there is no such file, or anything in it is not a header of that day.
pub(in crate::shell::figures) fn blocks(data: &Path, day: Day) -> Vec<Stored> {
    read_headers(&path(data, day), day).unwrap_or_default()
}

fn read_headers(path: &Path, day: Day) -> Option<Vec<Stored>> {
    let file = File::open(path).ok()?;
    let len = file.metadata().ok()?.len();
    let (mut blocks, mut at) = (Vec::new(), 0);
    while at < len {
        let mut bytes = [0; Header::LEN];
        file.read_exact_at(&mut bytes, at).ok()?;
        let header = Header::from_bytes(&bytes).filter(|header| header.day == day)?;
        blocks.push(Stored { header, place: Place::File { path: path.to_owned(), at } });
        at = at.checked_add(Header::LEN as u64)?.checked_add(header.len)?;
    }
    (at == len).then_some(blocks)
}

/// Writes the file of `day` anew; false if that cannot be.
pub(in crate::shell::figures) fn write(data: &Path, day: Day, blocks: &[&[u8]]) -> bool {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let path = path(data, day);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    // Two processes write two files; whichever is renamed last is there, and both are right.
    let part = path.with_extension(format!("{}-{number}.part", std::process::id()));
    let written = || -> std::io::Result<()> {
        std::fs::create_dir_all(data.join(FOLDER))?;
        let mut file = File::create(&part)?;
        for block in blocks {
            file.write_all(block)?;
        }
        drop(file);
        std::fs::rename(&part, &path)
    };
    let is_written = written().is_ok();
    if !is_written {
        let _ = std::fs::remove_file(&part);
    }
    is_written
}

/// The bytes of the file of `day`, if it still has these blocks and no others.
pub(in crate::shell::figures) fn bytes(data: &Path, day: Day, blocks: &[Stored]) -> Option<Vec<u8>> {
    let bytes = std::fs::read(path(data, day)).ok()?;
    let mut rest = bytes.as_slice();
    for block in blocks {
        let (header, after) = rest.split_first_chunk()?;
        if *header != block.header.to_bytes() {
            return None;
        }
        rest = after.get(usize::try_from(block.header.len).ok()?..)?;
    }
    rest.is_empty().then_some(bytes)
}

/// Takes away what processes that died while they wrote have left.
pub(in crate::shell::figures) fn sweep(data: &Path) {
    let Ok(entries) = std::fs::read_dir(data.join(FOLDER)) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        let age = || path.metadata().ok()?.modified().ok()?.elapsed().ok();
        if path.extension().is_some_and(|is| is == "part") && age().is_some_and(|age| age > LEFT_FOR) {
            let _ = std::fs::remove_file(&path);
        }
    }
}
