//! Opening the ledger: lock, schema, version.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OptionalExtension as _, Row};

use crate::budget::{Allocator as _, Book, LeaseTerms, Treasury};
use crate::ledger::{CapKey, Quantity};
use crate::shell::clock;
use crate::shell::failpoint::{self, Point};
use crate::shell::store::error::StoreError;
use crate::shell::store::journal::{self, Journal};
use crate::shell::store::names::{self, Name};
use crate::shell::store::parked::{self, Parked};
use crate::shell::store::upgrade::upgrade;
use crate::shell::store::{balances, leases, log, outage};
use crate::units::{CampaignId, Currency, Epoch, Steady};

/// Bumped with every change of the tables.
pub(in crate::shell::store) const SCHEMA_VERSION: i64 = 3;
/// `encn`: marks the file as ours.
const APPLICATION_ID: i64 = 0x656e_636e;
pub(in crate::shell::store) const FILE: &str = "ledger.sqlite";
const LOCK: &str = "lock";
/// What the lock's file holds once there is a ledger.
const MARK: &[u8] = b"a ledger of encan lies here\n";

const TABLES: &str = "
CREATE TABLE event (
    key BLOB PRIMARY KEY,
    kind INTEGER NOT NULL,
    at INTEGER NOT NULL,
    bid BLOB NOT NULL,
    bid_at INTEGER NOT NULL,
    day INTEGER NOT NULL,
    advertiser INTEGER NOT NULL,
    campaign INTEGER NOT NULL,
    line_item INTEGER NOT NULL,
    creative INTEGER NOT NULL,
    exchange INTEGER NOT NULL,
    deal INTEGER,
    currency TEXT NOT NULL,
    user BLOB,
    budget INTEGER NOT NULL,
    media INTEGER,
    data INTEGER,
    fee BLOB,
    tax_scenario INTEGER,
    tax_jurisdiction TEXT,
    tax_evidence INTEGER,
    tax_space_base INTEGER,
    tax_space_ppm INTEGER,
    tax_space_exemption INTEGER,
    tax_data_base INTEGER,
    tax_data_ppm INTEGER,
    tax_data_exemption INTEGER,
    tax_bearer INTEGER,
    late INTEGER,
    price INTEGER,
    loss_reason INTEGER,
    conversion_type TEXT,
    conversion_order TEXT,
    value INTEGER,
    touch INTEGER,
    touch_at INTEGER,
    household INTEGER,
    lease INTEGER,
    cause INTEGER,
    impressions INTEGER,
    why TEXT,
    author TEXT,
    correction BLOB,
    fx_from TEXT,
    fx_target INTEGER,
    fx_per INTEGER,
    fx_day INTEGER,
    checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE name (
    kind INTEGER NOT NULL,
    id INTEGER NOT NULL,
    slug TEXT NOT NULL,
    currency TEXT,
    fixed_cost INTEGER,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
";

/// A ledger that this process alone writes.
#[derive(Debug)]
pub struct Opened {
    pub(in crate::shell::store) connection: Connection,
    pub(in crate::shell::store) file: PathBuf,
    /// Held as long as the ledger is.
    pub(in crate::shell::store) lock: File,
    /// Who may spend how much.
    pub(in crate::shell::store) treasury: Treasury,
    /// What was committed since the last snapshot.
    pub(in crate::shell::store) journal: Journal,
    /// True once what the treasury says could not be kept.
    pub(in crate::shell::store) is_broken: bool,
}

impl Opened {
    /// Opens or makes the ledger in `folder`, for writing.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing is touched that is not ours.
    pub fn open(folder: &Path, terms: LeaseTerms) -> Result<Self, StoreError> {
        let unusable = |source| StoreError::Folder { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.join(LOCK))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { folder: folder.to_owned() });
            }
            Err(std::fs::TryLockError::Error(source)) => return Err(unusable(source)),
        }
        let file = folder.join(FILE);
        let sqlite = |source| StoreError::Sqlite { file: file.clone(), source };
        let was_there = lock.metadata().map_err(unusable)?.len() > 0;
        log::inspect(&file, was_there)?;
        let has_log = log::is_long(&file);
        let mut connection = Connection::open(&file).map_err(sqlite)?;
        // A ledger that is refused stays as it is, its log beside it.
        outage::keep_log(&connection, has_log).map_err(sqlite)?;
        let version = check_version(&connection, &file)?;
        check_pages(&connection, &file)?;
        match version {
            0 => create(&mut connection).map_err(sqlite)?,
            SCHEMA_VERSION => {}
            older => upgrade(&mut connection, &file, older)?,
        }
        // FULL: the log is synced at every commit, so what was acknowledged survives a power cut.
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;
                 PRAGMA cache_size = -65536;",
            )
            .map_err(sqlite)?;
        let transaction = connection.transaction().map_err(sqlite)?;
        let last = leases::last_epoch(&transaction).map_err(sqlite)?;
        let journal = journal::recover(&transaction, last, &file)?;
        leases::tidy(&transaction, last, clock::now()).map_err(sqlite)?;
        let treasury = leases::read(&transaction, terms, last).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        if !was_there {
            // Says that there is a ledger here, should it ever be missing.
            lock.write_all(MARK).and_then(|()| lock.sync_all()).map_err(unusable)?;
        }
        Ok(Self { connection, file, lock, treasury, journal, is_broken: false })
    }

    /// Begins a run of the bidder: its epoch, and the bids that are still out of one that ended cleanly, whose
    /// leases it takes over. What one that was killed held stays locked up until its notices cannot come any more; of
    /// what it had taken over itself only the places under frequency caps are found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn begin(&mut self) -> Result<(Epoch, Vec<Parked>), StoreError> {
        let now = Steady::default();
        let file = self.file.clone();
        let sqlite = |source| StoreError::Sqlite { file: file.clone(), source };
        let transaction = self.connection.transaction().map_err(sqlite)?;
        let former = self.treasury.last_epoch();
        let epoch = self.treasury.enrol(now).map_err(|_| StoreError::Stopped)?;
        let ended_cleanly = parked::ended_cleanly(&transaction, former).map_err(sqlite)?;
        let parked = parked::take(&transaction).map_err(sqlite)?;
        if ended_cleanly {
            let held = Book::default().held(parked.iter().map(|parked| &parked.reservation.reserved));
            self.treasury.hand_over(former, epoch, &held, now).map_err(|_| StoreError::Stopped)?;
        }
        leases::write(&transaction, &self.treasury.take_changes(), epoch).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        Ok((epoch, parked))
    }

    /// Goes back to what is committed, after a commit that found no space.
    pub(in crate::shell::store) fn revert(&mut self) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let mut shares = leases::shares(&self.connection).map_err(sqlite)?;
        let (journal, used) = journal::resume(&self.connection, &self.file)?;
        shares.extend(used.into_iter().map(|((cap, epoch), share)| (cap, epoch, share)));
        self.treasury.revert(shares);
        self.journal = journal;
        Ok(())
    }

    /// What is taken of every cap besides the leases of `epoch`.
    pub fn taken_besides(&mut self, epoch: Epoch) -> Vec<(CapKey, Quantity)> {
        self.treasury.states().map(|(cap, state)| (cap, state.elsewhere(epoch))).collect()
    }

    /// The currency of every campaign that is known.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn currencies(&self) -> Result<HashMap<CampaignId, Currency>, StoreError> {
        let names = names::read(&self.connection)
            .map_err(|source| StoreError::Sqlite { file: self.file.clone(), source })?;
        let of_campaign = |name: Name| Some((CampaignId::from_raw(name.id), name.fixed_cost?.0));
        Ok(names.into_iter().filter_map(of_campaign).collect())
    }

    /// Keeps the slugs of ids, for reports that are made without the campaign files.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn remember(&mut self, names: &[Name]) -> Result<(), StoreError> {
        names::write(&mut self.connection, names)
            .map_err(|source| StoreError::Sqlite { file: self.file.clone(), source })
    }
}

/// Makes the tables in an empty file, all or none.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    failpoint::sqlite(Point::LedgerCreate)?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; BEGIN; {TABLES} {} {} {} {} PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;",
        parked::TABLE,
        leases::TABLES,
        balances::TABLES,
        journal::TABLES,
    ))?;
    failpoint::pass(Point::LedgerCreated);
    Ok(())
}

/// Checks the pages of every table but that of the events, on which all money depends at the next bid. Those of the
/// events would take 0.2 s per million; a damaged one among them is met by whoever reads it.
fn check_pages(connection: &Connection, file: &Path) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let small = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'event'";
    let mut statement = connection.prepare(small).map_err(sqlite)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0)).map_err(sqlite)?;
    for name in names {
        let name = name.map_err(sqlite)?;
        let mut what = Vec::new();
        let each = |row: &Row<'_>| row.get(0).map(|line: String| what.push(line));
        connection.pragma(None, "quick_check", &name, each).map_err(sqlite)?;
        if what != ["ok"] {
            let what = what.swap_remove(0).lines().next().unwrap_or_default().to_owned();
            return Err(StoreError::Damaged { file: file.to_owned(), what });
        }
    }
    Ok(())
}

/// The version of the tables; zero for an empty file.
pub(in crate::shell::store) fn check_version(
    connection: &Connection,
    file: &Path,
) -> Result<i64, StoreError> {
    let sqlite = |source: rusqlite::Error| match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { file: file.to_owned() },
        _ => StoreError::Sqlite { file: file.to_owned(), source },
    };
    let pragma = |name: &str| -> Result<i64, StoreError> {
        connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).map_err(sqlite)
    };
    let (application, version) = (pragma("application_id")?, pragma("user_version")?);
    let tables: Option<i64> = connection
        .query_row("SELECT 1 FROM sqlite_master LIMIT 1", [], |row| row.get(0))
        .optional()
        .map_err(sqlite)?;
    match (application, version, tables) {
        (0, 0, None) => Ok(0),
        (APPLICATION_ID, found, _) if found > SCHEMA_VERSION => {
            Err(StoreError::Newer { file: file.to_owned(), found })
        }
        (APPLICATION_ID, found @ 1.., Some(_)) => Ok(found),
        _ => Err(StoreError::Foreign { file: file.to_owned() }),
    }
}
