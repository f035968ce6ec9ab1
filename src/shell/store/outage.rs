//! When the ledger takes nothing: what a failed write means, and how bidding stops and comes back.
//!
//! A lack of space passes: what did not fit was rolled back, and the writer tries again. Anything else ends it, above
//! all a sync that failed: nobody knows what of it is on the disk, and a second sync may say that all is well.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, Row, ffi};

use crate::shell::failpoint::{self, Point};
use crate::shell::metrics::Page;

/// Half of the bytes, in hexadecimal, that a probe finds room for in the file.
const PROBE_BYTES: u32 = 64 * 1024;

/// Whether a notice could be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It could.
    Sound,
    /// There is no space, or soon will not be.
    NoSpace,
    /// The writer has ended.
    Ended,
}

/// The disk has less free space than is kept for notices.
const SHORT: u8 = 1;
/// A write found no space.
const FULL: u8 = 2;
/// The writer has ended.
const ENDED: u8 = 4;

/// What everybody may know of the ledger's state. Each bit has one owner: the watch of the disk, or the writer.
#[derive(Debug, Default)]
pub(in crate::shell::store) struct Outage {
    bits: AtomicU8,
    full: AtomicU64,
    free_bytes: AtomicU64,
    reserve_bytes: AtomicU64,
}

impl Outage {
    pub(in crate::shell::store) fn health(&self) -> Health {
        match self.bits.load(Ordering::Acquire) {
            0 => Health::Sound,
            bits if bits & ENDED != 0 => Health::Ended,
            _ => Health::NoSpace,
        }
    }

    /// What the watch saw last; `None` before it has looked.
    pub(in crate::shell::store) fn free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes.load(Ordering::Relaxed)).filter(|free| *free > 0)
    }

    /// True once the writer has found no space, until it has found some.
    pub(in crate::shell::store) fn is_full(&self) -> bool {
        self.bits.load(Ordering::Acquire) & FULL != 0
    }

    pub(in crate::shell::store) fn end(&self) {
        self.bits.fetch_or(ENDED, Ordering::AcqRel);
    }

    /// A write found no space: nobody bids from here on.
    pub(in crate::shell::store) fn fill(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
        if self.bits.fetch_or(FULL, Ordering::AcqRel) & FULL == 0 {
            tracing::error!("the disk is full: bidding has stopped, notices are answered with 503");
        }
    }

    /// A write that needs space found it.
    pub(in crate::shell::store) fn mend(&self) {
        if self.bits.fetch_and(!FULL, Ordering::AcqRel) & FULL != 0 {
            tracing::info!("the ledger takes notices again");
        }
    }

    /// What the watch of the disk saw.
    pub(in crate::shell::store) fn watched(&self, free_bytes: u64, reserve_bytes: u64, is_short: bool) {
        self.free_bytes.store(free_bytes, Ordering::Relaxed);
        self.reserve_bytes.store(reserve_bytes, Ordering::Relaxed);
        let before = if is_short {
            self.bits.fetch_or(SHORT, Ordering::AcqRel)
        } else {
            self.bits.fetch_and(!SHORT, Ordering::AcqRel)
        };
        match (before & SHORT != 0, is_short) {
            (false, true) => tracing::error!(free_bytes, "little disk space is left: bidding has stopped"),
            (true, false) => tracing::info!(free_bytes, "there is disk space again"),
            _ => {}
        }
    }

    pub(in crate::shell::store) fn write_metrics(&self, page: &mut Page) {
        let is_stopped = u8::from(self.health() != Health::Sound);
        let help = "1 while no notice could be kept, so that nobody bids.";
        page.gauge("encan_ledger_stopped", help, is_stopped);
        let full = self.full.load(Ordering::Relaxed);
        page.counter("encan_ledger_full_writes_total", "Writes that found no space.", full);
        let free = self.free_bytes.load(Ordering::Relaxed);
        let help = "Free bytes of the data folder's disk, as last seen.";
        page.gauge("encan_disk_free_bytes", help, free);
        let help = "Free bytes below which bidding stops.";
        page.gauge("encan_disk_reserve_bytes", help, self.reserve_bytes.load(Ordering::Relaxed));
    }
}

/// Ends the health when the writer ends, also if it panics: nobody bids without a ledger.
pub(in crate::shell::store) struct Watched(pub(in crate::shell::store) Arc<Outage>);

impl Drop for Watched {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// True if `error` is a lack of space and nothing else: what was not written was rolled back.
pub(in crate::shell::store) fn is_lack_of_space(error: &rusqlite::Error) -> bool {
    // The index of the log lies in a file of its own, whose growth fails with a code of its own.
    let index = error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_SHMSIZE);
    index || error.sqlite_error_code() == Some(ErrorCode::DiskFull)
}

/// A clean end: folds the log into the file and takes it away, so that the next start has nothing to recover. Between
/// both, `folded` notes that the log is not needed any more.
pub(in crate::shell::store) fn close(
    connection: Connection,
    folded: impl FnOnce() -> io::Result<()>,
) -> rusqlite::Result<()> {
    failpoint::sqlite(Point::LedgerClose)?;
    let moved = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (is_busy, pages, moved): (bool, i64, i64) =
        connection.query_row("PRAGMA wal_checkpoint(FULL)", [], moved)?;
    // Where a reader holds it up, or the note cannot be taken back, the log stays for the next start.
    if !is_busy && pages == moved && folded().is_ok() {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        keep_log(&connection, false)?;
    }
    drop(connection);
    failpoint::pass(Point::LedgerClosed);
    Ok(())
}

/// Whether closing leaves the log as it is. Else whoever closes last writes and syncs the file, also after a failed
/// sync, and also where the ledger was refused and is to be left as it was.
pub(in crate::shell::store) fn keep_log(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(|_| ())
}

/// Tries whether there is space again, by a row that grows the file and is gone again in the same transaction.
pub(in crate::shell::store) fn probe(connection: &mut Connection) -> rusqlite::Result<()> {
    bound(connection)?;
    let transaction = connection.transaction()?;
    failpoint::sqlite(Point::LedgerBegin)?;
    // Of kind 0, which is nobody's.
    transaction.execute(
        "INSERT OR REPLACE INTO name (kind, id, slug) VALUES (0, 0, hex(zeroblob(?)))",
        [PROBE_BYTES],
    )?;
    transaction.execute("DELETE FROM name WHERE kind = 0", [])?;
    failpoint::sqlite(Point::LedgerCommit)?;
    transaction.commit()
}

/// Bounds the file as a test's fake disk says.
pub(in crate::shell::store) fn bound(connection: &Connection) -> rusqlite::Result<()> {
    match failpoint::pages_max() {
        None => Ok(()),
        Some(pages) => connection.pragma_update(None, "max_page_count", pages),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi::{self, Error};

    use super::{Health, Outage, is_lack_of_space};

    #[test]
    fn only_a_lack_of_space_passes() {
        for (code, passes) in [
            (ffi::SQLITE_FULL, true),
            (ffi::SQLITE_IOERR_SHMSIZE, true),
            (ffi::SQLITE_IOERR_FSYNC, false),
            (ffi::SQLITE_IOERR_WRITE, false),
            (ffi::SQLITE_CORRUPT, false),
            (ffi::SQLITE_READONLY, false),
            (ffi::SQLITE_BUSY, false),
        ] {
            let error = rusqlite::Error::SqliteFailure(Error::new(code), None);
            assert_eq!(is_lack_of_space(&error), passes, "{error}");
        }
        assert!(!is_lack_of_space(&rusqlite::Error::QueryReturnedNoRows));
    }

    #[test]
    fn space_must_be_seen_and_found_before_anybody_bids_and_an_end_is_final() {
        let outage = Outage::default();
        assert_eq!(outage.health(), Health::Sound);
        outage.watched(5, 7, true);
        outage.fill();
        outage.watched(9, 7, false);
        assert_eq!(outage.health(), Health::NoSpace, "seen, but not found");
        outage.mend();
        assert_eq!(outage.health(), Health::Sound);
        outage.watched(5, 7, true);
        outage.mend();
        assert_eq!(outage.health(), Health::NoSpace, "found, but not enough");
        outage.end();
        outage.watched(9, 7, false);
        assert_eq!(outage.health(), Health::Ended);
    }
}
