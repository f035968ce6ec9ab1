//! Opening the ledger: lock, schema, version.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, Row};

use crate::budget::{Allocator as _, Book, LeaseTerms, Treasury};
use crate::ledger::{CapKey, Event, EventKey, Quantity};
use crate::shell::clock;
use crate::shell::failpoint::{self, Point};
use crate::shell::store::error::StoreError;
use crate::shell::store::journal::{self, Journal};
use crate::shell::store::mark::{self, Lock, Mark};
use crate::shell::store::names::{self, Name, NameKind};
use crate::shell::store::parked::{self, Parked};
use crate::shell::store::upgrade::upgrade;
use crate::shell::store::{archive, balances, leases, log, outage, row};
use crate::units::{BidId, CampaignId, Currency, Epoch, Millis, PublisherId, Steady, UnixMillis};

/// Bumped with every change of the tables.
pub(in crate::shell::store) const SCHEMA_VERSION: i64 = 5;
/// `encn`: marks the file as ours.
const APPLICATION_ID: i64 = 0x656e_636e;
pub(in crate::shell::store) const FILE: &str = "ledger.sqlite";

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
    checksum INTEGER NOT NULL,
    setting BLOB,
    tax_share INTEGER,
    tax_more BLOB,
    bid_most INTEGER,
    to_beat INTEGER,
    happened INTEGER,
    lifetime INTEGER,
    source INTEGER,
    code TEXT,
    acquisition INTEGER
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
    pub(in crate::shell::store) lock: Lock,
    /// How long a notice may take by the profiles that it was opened with.
    pub(in crate::shell::store) longest_notice: Millis,
    /// Who may spend how much.
    pub(in crate::shell::store) treasury: Treasury,
    /// What was committed since the last snapshot.
    pub(in crate::shell::store) journal: Journal,
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
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(folder.join(mark::FILE))
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
        let lock = Lock::held(lock);
        let mark = lock.mark().map_err(unusable)?;
        log::inspect(&file, mark)?;
        let has_log = log::is_long(&file);
        let mut connection = Connection::open(&file).map_err(sqlite)?;
        // A ledger that is refused stays as it is, its log beside it.
        outage::keep_log(&connection, has_log).map_err(sqlite)?;
        let version = check_version(&connection, &file)?;
        match version {
            // There was more here than an empty file.
            0 if mark != Mark::None => return Err(StoreError::Gone { file }),
            0 => {}
            _ => check_pages(&connection, &file)?,
        }
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
        let now = clock::now();
        leases::tidy(&transaction, last, now).map_err(sqlite)?;
        // What was bid under longer profiles is waited for as long as they said.
        let longest_notice = terms.longest_notice;
        let kept = leases::longest(&transaction).map_err(sqlite)?;
        let terms = LeaseTerms { longest_notice: longest_notice.max(kept), ..terms };
        let treasury = leases::read(&transaction, terms, last, now).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        if mark == Mark::None {
            // Says that there is a ledger here, should it ever be missing.
            lock.set(Mark::Ended).map_err(unusable)?;
        }
        Ok(Self { connection, file, lock, longest_notice, treasury, journal })
    }

    /// Begins a run of the bidder: its epoch, and the bids that are still out of one that ended cleanly, whose
    /// leases it takes over. What one that was killed held stays locked up until its notices cannot come any more; of
    /// what it had taken over itself only the places under frequency caps are found.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn begin(&mut self) -> Result<(Epoch, Vec<Parked>), StoreError> {
        self.run()?;
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
        let longest = if self.treasury.has_locked_up() {
            self.longest_notice.max(leases::longest(&transaction).map_err(sqlite)?)
        } else {
            // Nothing is out but what was parked.
            let left = |parked: &Parked| {
                Millis::from_raw(parked.reservation.expires.raw().saturating_sub(now.raw()))
            };
            parked.iter().map(left).fold(self.longest_notice, Millis::max)
        };
        leases::keep_longest(&transaction, longest).map_err(sqlite)?;
        leases::write(&transaction, &self.treasury.take_changes(), epoch).map_err(sqlite)?;
        transaction.commit().map_err(sqlite)?;
        Ok((epoch, parked))
    }

    /// Notes in the folder that from here on the log has what the file has not, until a clean end.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; then nothing may be booked.
    pub(in crate::shell::store) fn run(&mut self) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let unusable = |source| StoreError::Folder { folder: self.file.with_file_name(mark::FILE), source };
        if self.lock.mark().map_err(unusable)? == Mark::Running {
            return Ok(());
        }
        // The log is on the disk before the note is, or a crash between them would look like a loss.
        self.connection.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(sqlite)?;
        // Nor does a run that fails to begin take it away: that is for a clean end.
        outage::keep_log(&self.connection, true).map_err(sqlite)?;
        self.lock.set(Mark::Running).map_err(unusable)
    }

    /// Goes back to what is committed, after a commit that found no space.
    pub(in crate::shell::store) fn revert(&mut self) -> Result<(), StoreError> {
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        failpoint::sqlite(Point::LedgerRevert).map_err(sqlite)?;
        let since = leases::first_windows(clock::now());
        let mut shares = leases::shares_since(&self.connection, since).map_err(sqlite)?;
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

    /// The publishers whose names are kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn publishers(&self) -> Result<Vec<PublisherId>, StoreError> {
        let names = names::read(&self.connection)
            .map_err(|source| StoreError::Sqlite { file: self.file.clone(), source })?;
        let publishers = names.into_iter().filter(|name| name.kind == NameKind::Publisher);
        Ok(publishers.map(|name| PublisherId::from_raw(name.id)).collect())
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

/// A ledger opened to be read, beside the process that writes it.
#[derive(Debug)]
pub struct Store {
    pub(in crate::shell::store) connection: Connection,
    pub(in crate::shell::store) file: PathBuf,
    pub(in crate::shell::store) has_archives: bool,
    /// Names of archives of which every byte was looked at.
    pub(in crate::shell::store) sound_archives: RefCell<HashSet<String>>,
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
            return Err(match mark::of(folder) {
                Mark::None => StoreError::Missing { folder: folder.to_owned() },
                _ => StoreError::Gone { file },
            });
        }
        if log::is_lost(&file, mark::of(folder)) && mark::of(folder) == Mark::Running {
            return Err(StoreError::LogGone { log: log::beside(&file) });
        }
        // Read-write without creation: a reader of a log left by a crash must be able to recover it.
        let connection = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|source| StoreError::Sqlite { file: file.clone(), source })?;
        // What a dead process left is for the next one to fold: a reader changes nothing.
        outage::keep_log(&connection, log::is_long(&file) || mark::of(folder) == Mark::Running)
            .map_err(|source| StoreError::Sqlite { file: file.clone(), source })?;
        if check_version(&connection, &file)? == 0 {
            return Err(match mark::of(folder) {
                Mark::None => StoreError::Foreign { file },
                _ => StoreError::Gone { file },
            });
        }
        Ok(Self { connection, file, has_archives: true, sound_archives: RefCell::default() })
    }

    /// Calls `each` with every event, those of archives among them, in no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`], [`StoreError::Row`] at a row that no encan wrote, [`StoreError::Archive`] if one is
    /// missing or not what was written.
    pub fn events(&self, mut each: impl FnMut(&Event)) -> Result<(), StoreError> {
        self.each_part(archive::EVER, |connection, file| {
            row::for_each(connection, file, row::SELECT, &[], |event, _| each(event))
        })
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
        let (first, last) = (BidId::mint(from, 0), BidId::mint(to, 0));
        self.events_of_keys((from, to), (first.as_bytes(), last.as_bytes()), &mut each)
    }

    /// Calls `each` with every correction.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    pub fn corrections(&self, mut each: impl FnMut(&Event)) -> Result<(), StoreError> {
        // Their keys begin with a byte of their own, and none is ever archived.
        self.at_once(|| row::for_each_of_keys(&self.connection, &self.file, (&[0xfe], &[0xff]), &mut each))
    }

    /// Calls `each` with every conversion, in no order of time.
    ///
    /// # Errors
    ///
    /// As [`Store::events`].
    pub fn conversions(&self, mut each: impl FnMut(&Event)) -> Result<(), StoreError> {
        // Their keys begin with the last byte that there is, and none is ever archived.
        let after = [0xff; EventKey::LEN + 1];
        self.at_once(|| row::for_each_of_keys(&self.connection, &self.file, (&[0xff], &after), &mut each))
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
        let (minted, keys) = (bid.minted_at(), (bid.as_bytes().as_slice(), after.as_slice()));
        self.events_of_keys((minted, minted), keys, &mut |event| events.push(event.clone()))?;
        Ok(events)
    }

    fn events_of_keys(
        &self,
        minted: (UnixMillis, UnixMillis),
        keys: (&[u8], &[u8]),
        each: &mut dyn FnMut(&Event),
    ) -> Result<(), StoreError> {
        self.each_part(minted, |connection, file| row::for_each_of_keys(connection, file, keys, each))
    }

    /// The names that reports print.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn names(&self) -> Result<Vec<Name>, StoreError> {
        names::read(&self.connection).map_err(|source| StoreError::Sqlite { file: self.file.clone(), source })
    }

    /// The same but those of `kind`: of publishers there are more than of all others.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn names_besides(&self, kind: NameKind) -> Result<Vec<Name>, StoreError> {
        names::read_besides(&self.connection, kind)
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
            let what = first_fault(&what.swap_remove(0)).to_owned();
            return Err(StoreError::Damaged { file: file.to_owned(), what });
        }
    }
    // Of the events the pages from the root to the first and the last one, on which the next ones are put.
    for order in ["ASC", "DESC"] {
        let edge = format!("SELECT at FROM event ORDER BY key {order} LIMIT 1");
        connection.query_row(&edge, [], |_| Ok(())).optional().map_err(sqlite)?;
    }
    Ok(())
}

/// The first line of what SQLite's check says that says anything: above it stands which database it is about.
pub(in crate::shell::store) fn first_fault(said: &str) -> &str {
    said.lines().find(|line| !line.starts_with("***")).unwrap_or(said)
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
