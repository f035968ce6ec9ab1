//! `experiments.sqlite`: who is in which group of which campaign's experiment, by day.
//!
//! One row a campaign, person and day of UTC, of either group: the first time that day. It holds no money: a file that
//! cannot be used is put aside, and a new one begun. A person's rows are deleted when the person is erased.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, params};

use crate::shell::experiments::ghosts::{Design, Enrolment, day_of};
use crate::units::{AdvertiserId, CampaignId, Currency, Day, RatePpm, UnixMillis, UserKey};

/// The file in the folder of the data.
const FILE: &str = "experiments.sqlite";
/// Bumped with every change of the tables.
const SCHEMA_VERSION: i64 = 1;
/// `encx`: marks the file as ours.
const APPLICATION_ID: i64 = 0x656e_6378;
/// Rows that are deleted in one commit.
const FORGOTTEN_AT_ONCE: i64 = 5_000;
/// How long another writer may take.
const PATIENCE: Duration = Duration::from_secs(10);

const TABLES: &str = "
CREATE TABLE design (
    number INTEGER PRIMARY KEY,
    campaign INTEGER NOT NULL,
    advertiser INTEGER NOT NULL,
    currency TEXT NOT NULL,
    share INTEGER NOT NULL,
    draw INTEGER NOT NULL,
    since INTEGER NOT NULL,
    last INTEGER NOT NULL,
    UNIQUE (campaign, advertiser, currency, share, draw)
);
CREATE TABLE met (
    campaign INTEGER NOT NULL,
    user BLOB NOT NULL,
    day INTEGER NOT NULL,
    design INTEGER NOT NULL,
    held_out INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign, user, day)
) WITHOUT ROWID;
CREATE INDEX met_day ON met (day);
CREATE TABLE missed (
    day INTEGER PRIMARY KEY,
    count INTEGER NOT NULL
);
";

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// Anything that SQLite says.
    #[error("the experiments `{file}`: {source}")]
    Sqlite {
        /// The file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// Something else, or of a newer encan.
    #[error("`{file}` does not hold experiments of this encan: it has version {found}")]
    Foreign {
        /// The file.
        file: PathBuf,
        /// Its version.
        found: i64,
    },
}

impl ExperimentError {
    /// True if the file is broken, rather than busy, out of reach or another encan's.
    fn is_damage(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
        let Self::Sqlite { source, .. } = self else { return false };
        matches!(source.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => {
                "free disk space or mend the disk; a damaged file is put aside by the next start"
            }
            Self::Foreign { .. } => "run the encan that wrote it, or use another folder with `--data DIR`",
        }
    }
}

/// The holdout of a campaign under which somebody was met last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Running {
    /// Its number.
    pub number: i64,
    /// What it is.
    pub design: Design,
    /// When somebody was first met under it.
    pub since: UnixMillis,
}

/// One person of a holdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// Who.
    pub user: UserKey,
    /// True if nothing was sent.
    pub held_out: bool,
    /// The first time that day.
    pub at: UnixMillis,
    /// The number of the holdout.
    pub design: i64,
}

/// The file.
#[derive(Debug)]
pub struct ExperimentFile {
    connection: Connection,
    file: PathBuf,
    /// The numbers of the holdouts that were seen.
    numbers: HashMap<Design, i64>,
}

impl ExperimentFile {
    /// Opens or makes the file in `folder`, to write.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn open(folder: &Path) -> Result<Self, ExperimentError> {
        let file = folder.join(FILE);
        let failed = |source| ExperimentError::Sqlite { file: file.clone(), source };
        let connection = Connection::open(&file).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let fresh = check(&connection, &file)?;
        // What a power cut takes of the last second is as likely of either group: nothing waits for the disk.
        // What is deleted is overwritten: nobody finds an erased person in a free page.
        let settings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;";
        connection.execute_batch(settings).map_err(failed)?;
        if fresh {
            let marks =
                format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};");
            connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} {marks} COMMIT;"))
                .map_err(failed)?;
        }
        Ok(Self { connection, file, numbers: HashMap::new() })
    }

    /// The same; a file that is damaged is put aside, with a warning, and a new one begun. One that cannot be read now, or
    /// is of another encan, stays where it is: who is held out is to be known as long as the file lives.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`] if there can be no new one.
    pub fn open_or_begin(folder: &Path, now: UnixMillis) -> Result<Self, ExperimentError> {
        let error = match Self::open(folder) {
            Ok(file) => return Ok(file),
            Err(error) if error.is_damage() => error,
            Err(error) => return Err(error),
        };
        let aside = |ending: &str| folder.join(format!("{FILE}.unusable-{}{ending}", now.raw()));
        for ending in ["", "-wal", "-shm"] {
            let _ = std::fs::rename(folder.join(format!("{FILE}{ending}")), aside(ending));
        }
        let aside = aside("");
        tracing::warn!(%error, aside = %aside.display(), "the experiments cannot be used: begun anew");
        Self::open(folder)
    }

    /// Opens the file that is there, to read; `None` if no campaign ever held anybody out.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn open_to_read(folder: &Path) -> Result<Option<Self>, ExperimentError> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(None);
        }
        let failed = |source| ExperimentError::Sqlite { file: file.clone(), source };
        // Read-write without creation: a reader of a log left by a crash must be able to recover it.
        let connection =
            Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        let fresh = check(&connection, &file)?;
        Ok((!fresh).then_some(Self { connection, file, numbers: HashMap::new() }))
    }

    fn failed(&self, source: rusqlite::Error) -> ExperimentError {
        ExperimentError::Sqlite { file: self.file.clone(), source }
    }

    /// Writes all of `waiting` in one commit, and that `missed` more were lost on `today`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]: nothing of it is kept.
    pub fn write(&mut self, waiting: &[Enrolment], missed: u64, today: Day) -> Result<(), ExperimentError> {
        let mut numbers = std::mem::take(&mut self.numbers);
        let written = write(&mut self.connection, &mut numbers, waiting, (missed, today));
        match written {
            Ok(()) => self.numbers = numbers,
            // A number that was given in a commit that failed is no number.
            Err(source) => return Err(self.failed(source)),
        }
        Ok(())
    }

    /// Deletes all of `user`; true if there was anything.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`]: it may be tried again.
    pub fn erase(&self, user: UserKey) -> Result<bool, ExperimentError> {
        let delete = "DELETE FROM met WHERE user = ? AND campaign IN (SELECT campaign FROM design)";
        let deleted = self.connection.execute(delete, [user.as_bytes().as_slice()]);
        let deleted = deleted.map_err(|source| self.failed(source))?;
        if deleted > 0 {
            // The log holds the page as it was before.
            let folded = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            folded.map_err(|source| self.failed(source))?;
        }
        Ok(deleted > 0)
    }

    /// Deletes rows of days before `oldest`, some thousand of them; how many were.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn forget_before(&self, oldest: Day) -> Result<usize, ExperimentError> {
        let delete = "DELETE FROM met WHERE (campaign, user, day) IN
                      (SELECT campaign, user, day FROM met WHERE day < ? ORDER BY day LIMIT ?)";
        let deleted = self.connection.execute(delete, params![oldest.raw(), FORGOTTEN_AT_ONCE]);
        deleted.map_err(|source| self.failed(source))
    }

    /// The holdout of every campaign that ever had one: that under which somebody was met last.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn running(&self) -> Result<Vec<Running>, ExperimentError> {
        let read = || -> rusqlite::Result<Vec<Running>> {
            let mut select = self.connection.prepare(
                // SQLite takes the other columns from the row that has the maximum.
                "SELECT number, campaign, advertiser, currency, share, draw, since, max(last) FROM design
                 GROUP BY campaign ORDER BY campaign",
            )?;
            let rows = select.query_map([], |row| {
                let id = |column| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
                let currency: String = row.get(3)?;
                let design = Design {
                    campaign: CampaignId::from_raw(id(1)?),
                    advertiser: AdvertiserId::from_raw(id(2)?),
                    currency: Currency::from_code(&currency).unwrap_or(Currency::EUR),
                    share: RatePpm::from_ppm(row.get(4)?).unwrap_or(RatePpm::ZERO),
                    draw: id(5)?,
                };
                Ok(Running { number: row.get(0)?, design, since: UnixMillis::from_raw(row.get(6)?) })
            })?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// Hands every row of `campaign` to `take`, in no order that means anything.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn each(&self, campaign: CampaignId, mut take: impl FnMut(Met)) -> Result<(), ExperimentError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut select = self.connection.prepare(
                "SELECT user, held_out, at, design FROM met WHERE campaign = ? ORDER BY user, day",
            )?;
            let mut rows = select.query([campaign.raw().cast_signed()])?;
            while let Some(row) = rows.next()? {
                take(Met {
                    user: UserKey::from_bytes(row.get(0)?),
                    held_out: row.get(1)?,
                    at: UnixMillis::from_raw(row.get(2)?),
                    design: row.get(3)?,
                });
            }
            Ok(())
        };
        read().map_err(|source| self.failed(source))
    }

    /// How many were lost on and after `from`.
    ///
    /// # Errors
    ///
    /// [`ExperimentError`].
    pub fn missed_since(&self, from: Day) -> Result<u64, ExperimentError> {
        let sum = "SELECT coalesce(sum(count), 0) FROM missed WHERE day >= ?";
        let sum = self.connection.query_row(sum, [from.raw()], |row| row.get::<_, i64>(0));
        sum.map(i64::unsigned_abs).map_err(|source| self.failed(source))
    }
}

/// True if there is nothing in the file yet.
fn check(connection: &Connection, file: &Path) -> Result<bool, ExperimentError> {
    let failed = |source| ExperimentError::Sqlite { file: file.to_owned(), source };
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let found = pragma("user_version").map_err(failed)?;
    let mark = pragma("application_id").map_err(failed)?;
    if found == 0 && mark == 0 {
        let tables = "SELECT count(*) FROM sqlite_schema";
        let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(failed)?;
        if tables == 0 {
            return Ok(true);
        }
    }
    if found != SCHEMA_VERSION || mark != APPLICATION_ID {
        return Err(ExperimentError::Foreign { file: file.to_owned(), found });
    }
    // A table that is damaged at its head is told before it is written to.
    connection
        .query_row("SELECT count(*) FROM (SELECT 1 FROM met LIMIT 1)", [], |_| Ok(()))
        .map_err(failed)?;
    Ok(false)
}

fn write(
    connection: &mut Connection,
    numbers: &mut HashMap<Design, i64>,
    waiting: &[Enrolment],
    (missed, today): (u64, Day),
) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut insert = transaction.prepare_cached("INSERT OR IGNORE INTO met VALUES (?, ?, ?, ?, ?, ?)")?;
        let mut last: HashMap<i64, UnixMillis> = HashMap::new();
        for Enrolment { design, user, held_out, at } in waiting {
            let number = match numbers.get(design) {
                Some(number) => *number,
                None => {
                    let number = number_of(&transaction, design, *at)?;
                    numbers.insert(*design, number);
                    number
                }
            };
            insert.execute(params![
                design.campaign.raw().cast_signed(),
                user.as_bytes().as_slice(),
                day_of(*at).raw(),
                number,
                held_out,
                at.raw(),
            ])?;
            let latest = last.entry(number).or_insert(*at);
            *latest = (*latest).max(*at);
        }
        let mut touch =
            transaction.prepare_cached("UPDATE design SET last = max(last, ?) WHERE number = ?")?;
        for (number, at) in last {
            touch.execute(params![at.raw(), number])?;
        }
    }
    if missed > 0 {
        let add = "INSERT INTO missed VALUES (?1, ?2) ON CONFLICT (day) DO UPDATE SET count = count + ?2";
        transaction.execute(add, params![today.raw(), missed.cast_signed()])?;
    }
    transaction.commit()
}

/// The number of a holdout: a new one, if it is new.
fn number_of(connection: &Connection, design: &Design, at: UnixMillis) -> rusqlite::Result<i64> {
    let Design { campaign, advertiser, currency, share, draw } = design;
    let (campaign, advertiser) = (campaign.raw().cast_signed(), advertiser.raw().cast_signed());
    let (currency, share, draw) = (currency.to_string(), share.ppm(), draw.cast_signed());
    let insert = "INSERT OR IGNORE INTO design (campaign, advertiser, currency, share, draw, since, last)
                  VALUES (?, ?, ?, ?, ?, ?6, ?6)";
    connection.execute(insert, params![campaign, advertiser, currency, share, draw, at.raw()])?;
    let select = "SELECT number FROM design
                  WHERE campaign = ? AND advertiser = ? AND currency = ? AND share = ? AND draw = ?";
    connection.query_row(select, params![campaign, advertiser, currency, share, draw], |row| row.get(0))
}
