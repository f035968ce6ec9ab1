//! The watch of the data folder's disk: bidding stops while there is still space for the notices of bids that are out,
//! and comes back by itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::shell::failpoint;
use crate::shell::service::Service;
use crate::shell::worker::Worker;

/// How often the disk is looked at, and a full ledger tried again.
const LOOK: Duration = Duration::from_secs(1);

/// A thread that looks at the disk.
#[derive(Debug)]
pub struct DiskWatch(Worker);

impl DiskWatch {
    /// Looks at the disk of `data`, then goes on looking: bidding stops where less than `reserve` bytes are free.
    ///
    /// # Errors
    ///
    /// If the system starts no thread.
    pub fn start(service: Arc<Service>, data: PathBuf, reserve: u64) -> std::io::Result<Self> {
        // Before the first request.
        let mut is_short = look(&service, &data, reserve, false);
        Worker::start("disk", move |stop| {
            while !stop.is_set() {
                std::thread::park_timeout(LOOK);
                is_short = look(&service, &data, reserve, is_short);
            }
        })
        .map(Self)
    }

    /// Ends it.
    pub fn stop(self) {
        self.0.stop();
    }
}

/// Tells the ledger's writer what is free on the disk of `data`; true if that is too little.
fn look(service: &Service, data: &Path, reserve: u64, was_short: bool) -> bool {
    let (free, is_short) = match free_bytes(data) {
        Ok(free) => (free, is_short(free, reserve, was_short)),
        // A folder that is gone keeps no notice.
        Err(_) => (0, reserve > 0),
    };
    service.writer.watched(free, reserve, is_short);
    is_short
}

/// Bytes that we may still write.
fn free_bytes(data: &Path) -> std::io::Result<u64> {
    if let Some(free) = failpoint::free_bytes() {
        return Ok(free);
    }
    let disk = rustix::fs::statvfs(data)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// What once was too little must become an eighth more than enough, so that bidding does not come and go.
fn is_short(free: u64, reserve: u64, was_short: bool) -> bool {
    let enough = if was_short { reserve.saturating_add(reserve / 8) } else { reserve };
    free < enough
}

#[cfg(test)]
mod tests {
    use super::{free_bytes, is_short};

    #[test]
    fn bidding_stops_below_the_reserve_and_comes_back_well_above_it() {
        for (free, was_short, want) in [
            (800, false, false),
            (799, false, true),
            (800, true, true),
            (899, true, true),
            (900, true, false),
        ] {
            assert_eq!(is_short(free, 800, was_short), want, "{free}");
        }
        assert!(!is_short(0, 0, true), "no reserve is never short");
    }

    #[test]
    fn a_folder_has_free_bytes_and_one_that_is_gone_has_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_ok());
        assert!(free_bytes(&folder.path().join("gone")).is_err());
    }
}
