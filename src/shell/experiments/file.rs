//! `experiments.sqlite`: who is in which group of which campaign's experiment, by day.
//!
//! One row a campaign, person and day of UTC, of either group: the first time that day. It holds no money: a file that
//! cannot be used is put aside, and a new one begun. A person's rows are deleted when the person is erased.

use std::collections::HashMap;
use std::path::Path;

use rusqlite::{Connection, params};

use crate::shell::experiments::ghosts::{Design, Enrolment, day_of};
use crate::shell::side_file::{OpenSideFile, SideFile, SideFileError};
use crate::units::{AdvertiserId, CampaignId, Currency, Day, RatePpm, UnixMillis, UserKey};

/// Rows that are deleted in one commit.
const FORGOTTEN_AT_ONCE: i64 = 5_000;
/// What a power cut takes of the last second is as likely of either group: nothing waits for the disk. What is deleted is
/// overwritten: nobody finds an erased person in a free page.
const KIND: SideFile = SideFile {
    name: "experiments.sqlite",
    holds: "experiments",
    // `encx`.
    application_id: 0x656e_6378,
    version: 1,
    tables: TABLES,
    first_table: "met",
    settings: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;",
};

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
    open: OpenSideFile,
    /// The numbers of the holdouts that were seen.
    numbers: HashMap<Design, i64>,
}

impl ExperimentFile {
    /// Opens or makes the file in `folder`, to write.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn open(folder: &Path) -> Result<Self, SideFileError> {
        Ok(Self { open: KIND.open(folder)?, numbers: HashMap::new() })
    }

    /// The same; a file that is damaged is put aside, with a warning, and a new one begun. One that cannot be read now, or
    /// is of another encan, stays where it is: who is held out is to be known as long as the file lives.
    ///
    /// # Errors
    ///
    /// [`SideFileError`] if there can be no new one.
    pub fn open_or_begin(folder: &Path, now: UnixMillis) -> Result<Self, SideFileError> {
        match KIND.open(folder) {
            Err(error) if error.is_damage() => {
                let open = KIND.begin_anew(folder, &error, now)?;
                Ok(Self { open, numbers: HashMap::new() })
            }
            opened => Ok(Self { open: opened?, numbers: HashMap::new() }),
        }
    }

    /// Opens the file that is there, to read; `None` if no campaign ever held anybody out.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn open_to_read(folder: &Path) -> Result<Option<Self>, SideFileError> {
        let open = KIND.open_to_read(folder)?;
        Ok(open.map(|open| Self { open, numbers: HashMap::new() }))
    }

    fn failed(&self, source: rusqlite::Error) -> SideFileError {
        self.open.failed(source)
    }

    /// Writes all of `waiting` in one commit, and that `missed` more were lost on `today`.
    ///
    /// # Errors
    ///
    /// [`SideFileError`]: nothing of it is kept.
    pub fn write(&mut self, waiting: &[Enrolment], missed: u64, today: Day) -> Result<(), SideFileError> {
        let mut numbers = std::mem::take(&mut self.numbers);
        let written = write(&mut self.open.connection, &mut numbers, waiting, (missed, today));
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
    /// [`SideFileError`]: it may be tried again.
    pub fn erase(&self, user: UserKey) -> Result<bool, SideFileError> {
        let delete = "DELETE FROM met WHERE user = ? AND campaign IN (SELECT campaign FROM design)";
        let deleted = self.open.connection.execute(delete, [user.as_bytes().as_slice()]);
        let deleted = deleted.map_err(|source| self.failed(source))?;
        if deleted > 0 {
            // The log holds the page as it was before.
            let folded = self.open.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            folded.map_err(|source| self.failed(source))?;
        }
        Ok(deleted > 0)
    }

    /// Deletes rows of days before `oldest`, some thousand of them; how many were.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn forget_before(&self, oldest: Day) -> Result<usize, SideFileError> {
        let delete = "DELETE FROM met WHERE (campaign, user, day) IN
                      (SELECT campaign, user, day FROM met WHERE day < ? ORDER BY day LIMIT ?)";
        let deleted = self.open.connection.execute(delete, params![oldest.raw(), FORGOTTEN_AT_ONCE]);
        deleted.map_err(|source| self.failed(source))
    }

    /// The holdout of every campaign that ever had one: that under which somebody was met last.
    ///
    /// # Errors
    ///
    /// [`SideFileError`].
    pub fn running(&self) -> Result<Vec<Running>, SideFileError> {
        let read = || -> rusqlite::Result<Vec<Running>> {
            let mut select = self.open.connection.prepare(
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
    /// [`SideFileError`].
    pub fn each(&self, campaign: CampaignId, mut take: impl FnMut(Met)) -> Result<(), SideFileError> {
        let mut read = || -> rusqlite::Result<()> {
            let mut select = self.open.connection.prepare(
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
    /// [`SideFileError`].
    pub fn missed_since(&self, from: Day) -> Result<u64, SideFileError> {
        let sum = "SELECT coalesce(sum(count), 0) FROM missed WHERE day >= ?";
        let sum = self.open.connection.query_row(sum, [from.raw()], |row| row.get::<_, i64>(0));
        sum.map(i64::unsigned_abs).map_err(|source| self.failed(source))
    }
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
