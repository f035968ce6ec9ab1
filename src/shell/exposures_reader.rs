//! Reads at the start what people were shown, from the ledger, on a thread of its own: the doors are open meanwhile.

use std::path::Path;
use std::sync::{Arc, Weak};

use tokio::sync::oneshot;

use crate::frequency::Windows;
use crate::shell::exposure_store::ExposureStore;
use crate::shell::store::{Store, StoreError};
use crate::units::UnixMillis;

/// Exposures after which the reader looks whether anybody still wants them.
const LOOK_EVERY: usize = 1_024;

/// Starts to restore to `exposures` what a cap of `windows` still counts at `now`, and tells when that is done. Where
/// there is no cap it is done at once.
///
/// # Errors
///
/// [`StoreError`] if the ledger in `data` cannot be read.
///
/// # Panics
///
/// If the system cannot start a thread.
pub fn start(
    data: &Path,
    exposures: &Arc<ExposureStore>,
    windows: &Windows,
    now: UnixMillis,
) -> Result<oneshot::Receiver<Result<(), StoreError>>, StoreError> {
    let (told, done) = oneshot::channel();
    let Some(longest) = windows.longest() else {
        exposures.completed();
        // The receiver is here.
        let _ = told.send(Ok(()));
        return Ok(done);
    };
    let (store, exposures, windows) = (Store::open(data)?, Arc::downgrade(exposures), windows.clone());
    std::thread::Builder::new()
        .name("exposures".to_owned())
        .spawn(move || {
            let read = read(&store, &exposures, &windows, now.minus(longest), now);
            // Nobody listens to a server that is stopping.
            let _ = told.send(read);
        })
        .expect("the system starts a thread");
    Ok(done)
}

/// Restores what was shown since `since`; leaves off once the bidder is gone.
fn read(
    store: &Store,
    exposures: &Weak<ExposureStore>,
    windows: &Windows,
    since: UnixMillis,
    now: UnixMillis,
) -> Result<(), StoreError> {
    let (mut wanted, mut count) = (exposures.upgrade(), 0_usize);
    store.exposures(since, |viewer, exposure| {
        // Only what a cap counts, as a running bidder records it: the rest would take its room.
        if let Some(exposures) = &wanted {
            exposures.restore(viewer, exposure, windows, now);
        }
        count += 1;
        if count.is_multiple_of(LOOK_EVERY) {
            wanted = None;
            wanted = exposures.upgrade();
        }
        wanted.is_some()
    })?;
    if let Some(exposures) = wanted {
        exposures.completed();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
