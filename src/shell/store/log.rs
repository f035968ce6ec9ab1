//! Looking at what a former process left before SQLite does, which reads on over everything that it does not like.
//!
//! SQLite ends its log at the first frame that does not check: right for a tail that a crash tore, since nobody was told
//! of what stood there. But a frame that went bad later takes all behind it along, and a log without its file is
//! deleted. Both would lose what was acknowledged, in silence: they are refused here. Absent: whether the pages of
//! the file itself are whole.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use crate::shell::store::error::StoreError;
use crate::shell::store::mark::Mark;

const LOG_HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// In the words of the lowest bit, which tells the order of bytes in sums.
const MAGIC: u32 = 0x377f_0682;

/// True if the ledger `file` has a log with anything in it.
pub(in crate::shell::store) fn is_long(file: &Path) -> bool {
    std::fs::metadata(beside(file)).is_ok_and(|log| log.len() > LOG_HEADER_BYTES as u64)
}

/// Where SQLite keeps the log of `file`.
pub(in crate::shell::store) fn beside(file: &Path) -> PathBuf {
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    PathBuf::from(log)
}

/// True if a run that did not end cleanly left a log beside `file`, by the folder's `mark`, and it is not there: what it
/// alone had is lost.
pub(in crate::shell::store) fn is_lost(file: &Path, mark: Mark) -> bool {
    mark == Mark::Running && !is_long(file)
}

/// Refuses a ledger that SQLite would take and lose something by it. `mark` tells what once was made here.
///
/// # Errors
///
/// [`StoreError::Gone`], [`StoreError::LogGone`], [`StoreError::LogDamaged`], [`StoreError::Folder`]; nothing was touched.
pub(in crate::shell::store) fn inspect(file: &Path, mark: Mark) -> Result<(), StoreError> {
    let log = beside(file);
    let unusable = |source| StoreError::Folder { folder: log.clone(), source };
    let page_bytes = match page_bytes(file) {
        Ok(page_bytes) => page_bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::UnexpectedEof) => {
            let is_gone = mark != Mark::None || is_long(file);
            return if is_gone { Err(StoreError::Gone { file: file.to_owned() }) } else { Ok(()) };
        }
        Err(source) => return Err(StoreError::Folder { folder: file.to_owned(), source }),
    };
    if is_lost(file, mark) {
        return Err(StoreError::LogGone { log });
    }
    // What has no page size is no database: SQLite says so.
    if let (true, Some(page_bytes)) = (is_long(file), page_bytes) {
        let opened = File::open(&log).map_err(unusable)?;
        if let Some(frame) = damaged_frame(BufReader::new(opened), page_bytes).map_err(unusable)? {
            return Err(StoreError::LogDamaged { log, frame });
        }
    }
    Ok(())
}

/// The size of the file's pages, by its head; `None` if that is none.
fn page_bytes(file: &Path) -> io::Result<Option<usize>> {
    let mut head = [0; 18];
    File::open(file)?.read_exact(&mut head)?;
    let bytes = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65_536,
        bytes => usize::from(bytes),
    };
    Ok((bytes.is_power_of_two() && bytes >= 512).then_some(bytes))
}

/// A running sum over the log, as SQLite forms it.
type Sum = [u32; 2];

fn sum(bytes: &[u8], [mut first, mut second]: Sum, is_big_endian: bool) -> Sum {
    let word = |bytes: &[u8]| {
        let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    };
    for pair in bytes.chunks_exact(8) {
        first = first.wrapping_add(word(&pair[..4])).wrapping_add(second);
        second = second.wrapping_add(word(&pair[4..])).wrapping_add(first);
    }
    [first, second]
}

fn words(bytes: &[u8], at: usize) -> Sum {
    let word = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    [word(at), word(at + 4)]
}

/// The first frame (from 1; 0 is the head) that does not check although commits behind it do: it was on the disk once,
/// for a commit is synced before the next one is written. A tail that a crash tore has no commit behind it.
fn damaged_frame(mut log: impl Read, page_bytes: usize) -> io::Result<Option<u64>> {
    let mut head = [0; LOG_HEADER_BYTES];
    if !is_filled(&mut log, &mut head)? {
        return Ok(None);
    }
    let [magic, _] = words(&head, 0);
    let knows_order = magic & !1 == MAGIC;
    let told_big_endian = magic & 1 == 1;
    let mut before = words(&head, 24);
    let head_checks = knows_order && sum(&head[..24], [0, 0], told_big_endian) == before;
    // A damaged head may tell the wrong order, too: then that of this machine, which wrote it.
    let is_big_endian = if head_checks { told_big_endian } else { cfg!(target_endian = "big") };
    // A damaged head does not tell the salt of its frames; then the first one does.
    let mut salt = head_checks.then(|| words(&head, 16));
    let (mut at, mut damaged, mut ended) = (0, (!head_checks).then_some(0), false);
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    while is_filled(&mut log, &mut frame)? {
        at += 1;
        let own = words(&frame, 16);
        let wanted =
            sum(&frame[FRAME_HEADER_BYTES..], sum(&frame[..8], before, is_big_endian), is_big_endian);
        let is_ours = *salt.get_or_insert(words(&frame, 8)) == words(&frame, 8);
        let checks = is_ours && own == wanted && words(&frame, 0)[0] != 0;
        if checks && ended {
            return Ok(damaged);
        }
        if !checks {
            damaged = damaged.or(Some(at));
        }
        // The commit's last frame carries the size of the file.
        ended |= damaged.is_some() && is_ours && words(&frame, 0)[1] != 0;
        before = own;
    }
    Ok(None)
}

/// Fills `bytes`; false if there is no more, or only a piece.
fn is_filled(log: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match log.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{FRAME_HEADER_BYTES, LOG_HEADER_BYTES, damaged_frame};

    const PAGE: usize = 4_096;
    const FRAME: usize = FRAME_HEADER_BYTES + PAGE;

    /// The log of some commits, as SQLite writes it, and the number of its frames at each.
    fn log() -> (Vec<u8>, Vec<usize>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.sqlite");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x);").unwrap();
        let read = || std::fs::read(folder.path().join("ledger.sqlite-wal")).unwrap();
        let mut commits = Vec::new();
        for size in [100, 9_000, 40_000, 10, 20] {
            connection.execute("INSERT INTO t VALUES (zeroblob(?))", [size]).unwrap();
            commits.push((read().len() - LOG_HEADER_BYTES) / FRAME);
        }
        (read(), commits)
    }

    #[test]
    fn a_torn_tail_is_no_damage() {
        let (log, _) = log();
        assert_eq!(damaged_frame(&*log, PAGE).unwrap(), None);
        for length in (0..log.len()).step_by(517).chain((LOG_HEADER_BYTES..log.len()).step_by(FRAME)) {
            assert_eq!(damaged_frame(&log[..length], PAGE).unwrap(), None, "cut at {length}");
        }
    }

    #[test]
    fn a_flipped_bit_before_the_last_commit_is_damage_and_in_it_a_torn_tail() {
        let (log, commits) = log();
        let last = commits[commits.len() - 2];
        let frames = (log.len() - LOG_HEADER_BYTES) / FRAME;
        for at in (0..log.len()).step_by(97) {
            let mut flipped = log.clone();
            flipped[at] ^= 1 << (at % 8);
            let frame = at.checked_sub(LOG_HEADER_BYTES).map_or(0, |at| at / FRAME + 1);
            let want = (frame <= last).then_some(frame as u64);
            // Whether it ends a commit is all that the last frame but one tells; the rest sees two commits behind it.
            let found = damaged_frame(&*flipped, PAGE).unwrap();
            let tells_the_end = frame == last && (at - LOG_HEADER_BYTES) % FRAME < FRAME_HEADER_BYTES;
            assert!(
                found == want || tells_the_end && found.is_none(),
                "byte {at}, frame {frame} of {frames}"
            );
        }
    }

    #[test]
    fn what_a_former_log_left_behind_the_end_is_no_damage() {
        let (mut log, commits) = log();
        let end = LOG_HEADER_BYTES + commits[1] * FRAME;
        // Frames of another salt, whose sums fit each other.
        for frame in log[end..].chunks_mut(FRAME) {
            frame[8] ^= 1;
        }
        assert_eq!(damaged_frame(&*log, PAGE).unwrap(), None);
    }
}
