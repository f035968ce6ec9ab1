//! The ledger as a reader sees it, beside the process that writes it: events, exposures, sums and names. It changes
//! nothing.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Row};

use crate::budget::Changes;
use crate::frequency::Exposure;
use crate::ledger::{Checksum, Event, Sums};
use crate::shell::exposure_store::Viewer;
use crate::shell::store::error::StoreError;
use crate::shell::store::names::{self, Name};
use crate::shell::store::schema::{FILE, SCHEMA_VERSION, check_version};
use crate::shell::store::{balances, journal, leases, log, outage, row};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, HouseholdKey, LineItemId, Millis, UnixMillis, UserKey,
};

/// What is kept of the sums of all events, so that nobody has to read them all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Balances of money, and digests by day.
    pub sums: Sums,
    /// What is granted and used of each cap by epoch; those of epochs that are long over are under
    /// [`Epoch::NONE`], and hours are kept for two days.
    pub caps: Changes,
}

/// A ledger opened to be read, beside the process that writes it.
#[derive(Debug)]
pub struct Store {
    pub(in crate::shell::store) connection: Connection,
    pub(in crate::shell::store) file: PathBuf,
}

impl Store {
    /// Opens the ledger in `folder`, to read.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Err(StoreError::Missing { folder: folder.to_owned() });
        }
        // Read-write without creation: a reader of a log left by a crash must be able to recover it.
        let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|source| StoreError::Sqlite { file: file.clone(), source })?;
        // What a dead process left is for the next one to fold: a reader changes nothing.
        outage::keep_log(&connection, log::is_long(&file))
            .map_err(|source| StoreError::Sqlite { file: file.clone(), source })?;
        if check_version(&connection, &file)? == 0 {
            return Err(StoreError::Foreign { file });
        }
        Ok(Self { connection, file })
    }

    /// Calls `each` with every event, in no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`], [`StoreError::Row`] at a row that no encan wrote.
    pub fn events(&self, mut each: impl FnMut(&Event)) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let mut statement = self.connection.prepare(row::SELECT).map_err(sqlite)?;
        let mut rows = statement.query([]).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            each(&row::read(found, &self.file)?);
        }
        Ok(())
    }

    /// Calls `each` with every event of the bids made at or after `from` and before `to`, conversions and
    /// corrections apart, which have keys of their own.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    pub fn events_of_bids(
        &self,
        from: UnixMillis,
        to: UnixMillis,
        mut each: impl FnMut(&Event),
    ) -> Result<(), StoreError> {
        // A key begins with its bid, which begins with its time.
        let (from, to) = (BidId::mint(from, 0), BidId::mint(to, 0));
        self.events_of_keys(from.as_bytes(), to.as_bytes(), &mut each)
    }

    /// Calls `each` with every correction.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    pub fn corrections(&self, mut each: impl FnMut(&Event)) -> Result<(), StoreError> {
        // Their keys begin with a byte of their own.
        self.events_of_keys(&[0xfe], &[0xff], &mut each)
    }

    /// Every event of one bid, conversions and corrections apart.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    pub fn events_of_bid(&self, bid: BidId) -> Result<Vec<Event>, StoreError> {
        let mut events = Vec::new();
        // Kinds are small numbers.
        let after = [bid.as_bytes().as_slice(), &[0xff]].concat();
        self.events_of_keys(bid.as_bytes(), &after, &mut |event| events.push(event.clone()))?;
        Ok(events)
    }

    fn events_of_keys(&self, from: &[u8], to: &[u8], each: &mut dyn FnMut(&Event)) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let between = format!("{} WHERE key >= ? AND key < ? ORDER BY key", row::SELECT);
        let mut statement = self.connection.prepare_cached(&between).map_err(sqlite)?;
        let mut rows = statement.query([from, to]).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            each(&row::read(found, &self.file)?);
        }
        Ok(())
    }

    /// Calls `each` with whom billed impressions were shown to whose bids were made after `since`, where that is known,
    /// in order of time, until it returns false.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn exposures(
        &self,
        since: UnixMillis,
        mut each: impl FnMut(&Viewer, Exposure) -> bool,
    ) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        // Keys begin with the time of the bid: what is older is not even looked at.
        let mut statement = self
            .connection
            .prepare(
                "SELECT user, household, bid, creative, line_item, campaign, advertiser FROM event
                 WHERE key >= ? AND kind = 2 AND (user IS NOT NULL OR household IS NOT NULL) ORDER BY key",
            )
            .map_err(sqlite)?;
        let first = BidId::mint(since.plus(Millis::from_raw(1)), 0);
        let mut rows = statement.query([first.as_bytes().as_slice()]).map_err(sqlite)?;
        while let Some(row) = rows.next().map_err(sqlite)? {
            let (viewer, exposure) = exposure(row).map_err(sqlite)?;
            if !each(&viewer, exposure) {
                break;
            }
        }
        Ok(())
    }

    /// What is kept of the sums of all events, up to the last commit: the snapshot and what came after it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] of a ledger that keeps none yet; [`StoreError::Altered`], [`StoreError::Journal`],
    /// [`StoreError::Row`] if what came after the snapshot is not as it was written.
    pub fn kept(&mut self) -> Result<Kept, StoreError> {
        let file = self.file.clone();
        let sqlite = |source| StoreError::Sqlite { file: file.clone(), source };
        // One transaction, so that a snapshot that is made meanwhile counts nothing twice.
        let transaction = self.connection.transaction().map_err(sqlite)?;
        let found: i64 =
            transaction.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(sqlite)?;
        if found < SCHEMA_VERSION {
            return Err(StoreError::Older { file, found });
        }
        let unknown = StoreError::Row("an unknown account or currency");
        let mut sums = balances::read(&transaction).map_err(sqlite)?.ok_or(unknown)?;
        let (tail, ..) = journal::read(&transaction, &file)?;
        for (account, amount) in tail.sums.balances() {
            sums.add_balance(account, amount);
        }
        for (day, digest) in tail.sums.days() {
            sums.add_day(*day, *digest);
        }
        let mut caps = Changes::new();
        for (cap, epoch, share) in leases::shares(&transaction).map_err(sqlite)? {
            caps.insert((cap, epoch), share);
        }
        for (of, share) in tail.caps {
            let kept = caps.entry(of).or_default();
            kept.used = kept.used.plus(share.used);
        }
        Ok(Kept { sums, caps })
    }

    /// Calls `each` with every event and the checksum that was kept with it, in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] of a ledger that keeps none yet; else as [`Store::events`].
    pub fn checked_events(&self, mut each: impl FnMut(&Event, Checksum)) -> Result<(), StoreError> {
        let found = check_version(&self.connection, &self.file)?;
        if found < SCHEMA_VERSION {
            return Err(StoreError::Older { file: self.file.clone(), found });
        }
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let mut statement = self.connection.prepare(row::SELECT).map_err(sqlite)?;
        let mut rows = statement.query([]).map_err(sqlite)?;
        while let Some(found) = rows.next().map_err(sqlite)? {
            each(&row::read(found, &self.file)?, row::checksum(found, &self.file)?);
        }
        Ok(())
    }

    /// The names that reports print.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn names(&self) -> Result<Vec<Name>, StoreError> {
        names::read(&self.connection).map_err(|source| StoreError::Sqlite { file: self.file.clone(), source })
    }
}

fn exposure(row: &Row<'_>) -> rusqlite::Result<(Viewer, Exposure)> {
    let id = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let household = row.get::<_, Option<i64>>(1)?;
    let viewer = Viewer {
        user: row.get::<_, Option<[u8; 16]>>(0)?.map(UserKey::from_bytes),
        household: household.map(|raw| HouseholdKey::from_raw(raw.cast_unsigned())),
    };
    let exposure = Exposure {
        bid: BidId::from_bytes(row.get(2)?),
        creative: CreativeId::from_raw(id(3)?),
        line_item: LineItemId::from_raw(id(4)?),
        campaign: CampaignId::from_raw(id(5)?),
        advertiser: AdvertiserId::from_raw(id(6)?),
    };
    Ok((viewer, exposure))
}
