//! What the ledger keeps of the sums of all events, as a reader beside the writer finds it.

use crate::budget::Changes;
use crate::ledger::{Checksum, Event, Sums};
use crate::shell::store::error::StoreError;
use crate::shell::store::schema::{Store, check_version};
use crate::shell::store::{archive, balances, journal, leases, row};
use crate::units::Epoch;

/// The first version that keeps sums.
const SUMMED_SINCE: i64 = 3;

/// What is kept of the sums of all events, so that nobody has to read them all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Balances of money, and digests by day.
    pub sums: Sums,
    /// What is granted and used of each cap by epoch; those of epochs that are long over are under
    /// [`Epoch::NONE`], and hours are kept for two days.
    pub caps: Changes,
    /// The last epoch that began: its leases are in use, if anything runs; those of others are locked up.
    pub last_epoch: Epoch,
}

impl Store {
    /// What is kept of the sums of all events, up to the last commit: the snapshot and what came after it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] of a ledger that keeps none yet; [`StoreError::Altered`], [`StoreError::Journal`],
    /// [`StoreError::Row`] if what came after the snapshot is not as it was written.
    pub fn kept(&self) -> Result<Kept, StoreError> {
        // As of one commit, so that a snapshot that is made meanwhile counts nothing twice.
        self.at_once(|| {
            self.check_is_summed()?;
            let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
            let unknown = StoreError::Row("an unknown account or currency");
            let mut sums = balances::read(&self.connection).map_err(sqlite)?.ok_or(unknown)?;
            let (tail, ..) = journal::read(&self.connection, &self.file)?;
            for (account, amount) in tail.sums.balances() {
                sums.add_balance(account, amount);
            }
            for (day, digest) in tail.sums.days() {
                sums.add_day(*day, *digest);
            }
            let mut caps = Changes::new();
            for (cap, epoch, share) in leases::shares(&self.connection).map_err(sqlite)? {
                caps.insert((cap, epoch), share);
            }
            for (of, share) in tail.caps {
                let kept = caps.entry(of).or_default();
                kept.used = kept.used.plus(share.used);
            }
            let last_epoch = leases::last_epoch(&self.connection).map_err(sqlite)?;
            Ok(Kept { sums, caps, last_epoch })
        })
    }

    /// Refuses a ledger that keeps no sums yet.
    pub(in crate::shell::store) fn check_is_summed(&self) -> Result<(), StoreError> {
        let found = check_version(&self.connection, &self.file)?;
        if found < SUMMED_SINCE {
            return Err(StoreError::Older { file: self.file.clone(), found });
        }
        Ok(())
    }

    /// Calls `each` with every event and the checksum that was kept with it, in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] of a ledger that keeps none yet; else as [`Store::events`].
    pub fn checked_events(&self, mut each: impl FnMut(&Event, Checksum)) -> Result<(), StoreError> {
        self.check_is_summed()?;
        self.each_part(archive::EVER, |connection, file| {
            let mut wrong = None;
            row::for_each(connection, file, row::SELECT, &[], |event, found| {
                match row::checksum(found, file) {
                    Ok(checksum) => each(event, checksum),
                    Err(error) => wrong = Some(error),
                }
            })?;
            wrong.map_or(Ok(()), Err)
        })
    }
}
