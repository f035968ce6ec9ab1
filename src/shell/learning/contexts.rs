//! What billed impressions were like, to train on: `contexts.sqlite`, a file of its own, so that the ledger's writer never
//! waits for it.
//!
//! One row a billed impression, and the names of the values that features are hashes of. A thread of its own writes what
//! waits, once a second in one commit, and deletes what is too old, some thousand rows at a time. It holds no money: a
//! file that cannot be used is put aside, and a new one begun. Deliberately absent: clicks and conversions, which the
//! ledger has; anything that names a person, and any impression of who does not let us measure.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::learning::{FEATURES_VERSION, FIELDS, Features, Field, Prediction};
use crate::shell::feedback::{self, Context};
use crate::shell::learning::lessons::Shown;
use crate::shell::learning::room::Room;
use crate::shell::side_file::{OpenSideFile, SideFile, SideFileError};
use crate::units::{BidId, CampaignId, ExchangeId, LineItemId, Millis, UnixMillis};

/// The file in the folder of the data.
pub const FILE: &str = "contexts.sqlite";
/// Rows that are deleted in one commit.
const FORGOTTEN_AT_ONCE: i64 = 5_000;
/// Trials of models that are remembered.
const TRIALS_MAX: i64 = 200;
/// What a power cut takes of the last second is no money: nothing waits for the disk but the folding of the log.
const KIND: SideFile = SideFile {
    name: FILE,
    holds: "contexts",
    // `encc`.
    application_id: 0x656e_6363,
    version: 1,
    tables: TABLES,
    first_table: "shown",
    settings: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;",
};

const TABLES: &str = "
CREATE TABLE shown (
    bid BLOB PRIMARY KEY,
    at INTEGER NOT NULL,
    campaign INTEGER NOT NULL,
    line_item INTEGER NOT NULL,
    exchange INTEGER NOT NULL,
    placement INTEGER NOT NULL,
    outlet INTEGER NOT NULL,
    version INTEGER NOT NULL,
    features BLOB NOT NULL,
    ctr REAL,
    cvr REAL
) WITHOUT ROWID;
CREATE TABLE word (
    field INTEGER NOT NULL,
    hash INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (field, hash)
) WITHOUT ROWID;
CREATE TABLE trial (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    by_server INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    words TEXT NOT NULL
);
";

/// Something to keep.
#[derive(Debug)]
pub enum ToKeep {
    /// A billed impression.
    Shown(Box<Shown>),
    /// The name of a value.
    Word {
        /// Of which field.
        field: u8,
        /// Its hash.
        hash: u32,
        /// Its name.
        text: String,
    },
}

/// Why the contexts cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ContextsError {
    /// The file.
    #[error(transparent)]
    File(#[from] SideFileError),
    /// There is none.
    #[error("there are no contexts in `{}`", folder.display())]
    Missing {
        /// Where.
        folder: PathBuf,
    },
}

impl ContextsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::File(error) => error.hint(),
            Self::Missing { .. } => {
                "name the folder of a server with `--data DIR`; its first billed impression makes the file"
            }
        }
    }
}

/// How a model was judged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Trial {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// True if a server trained it by itself.
    pub by_server: bool,
    /// True if it was taken.
    pub accepted: bool,
    /// Why, in words.
    pub words: String,
}

/// The file.
#[derive(Debug)]
pub struct Contexts(OpenSideFile);

impl Contexts {
    /// Opens or makes the file in `folder`, to write.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn open(folder: &Path) -> Result<Self, ContextsError> {
        Ok(Self(KIND.open(folder)?))
    }

    /// The same; a file that cannot be used is put aside, with a warning, and a new one begun.
    ///
    /// # Errors
    ///
    /// [`ContextsError`] if there can be no new one.
    pub fn open_or_begin(folder: &Path, now: UnixMillis) -> Result<Self, ContextsError> {
        let opened = KIND.open(folder).or_else(|error| KIND.begin_anew(folder, &error, now));
        Ok(Self(opened?))
    }

    /// Opens the file that is there, to read.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn open_to_read(folder: &Path) -> Result<Self, ContextsError> {
        let open = KIND.open_to_read(folder)?;
        open.map(Self).ok_or_else(|| ContextsError::Missing { folder: folder.to_owned() })
    }

    fn failed(&self, source: rusqlite::Error) -> ContextsError {
        ContextsError::File(self.0.failed(source))
    }

    /// Writes all of `waiting` in one commit; of which fields there is no room for another word, as a bit each.
    ///
    /// # Errors
    ///
    /// [`ContextsError`]: nothing of it is kept.
    pub fn write(&mut self, waiting: &[ToKeep]) -> Result<u32, ContextsError> {
        write(&mut self.0.connection, waiting).map_err(|source| self.failed(source))
    }

    /// Deletes impressions of bids that are older than `oldest`, some thousand of them; how many were.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn forget_before(&self, oldest: UnixMillis) -> Result<usize, ContextsError> {
        let delete =
            "DELETE FROM shown WHERE bid IN (SELECT bid FROM shown WHERE bid < ? ORDER BY bid LIMIT ?)";
        let first = BidId::mint(oldest, 0);
        let deleted =
            self.0.connection.execute(delete, params![first.as_bytes().as_slice(), FORGOTTEN_AT_ONCE]);
        deleted.map_err(|source| self.failed(source))
    }

    /// At most `limit` impressions after the bid `after`, made before `until`, in the order of their bids. Those of other
    /// features than today's are left out.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn page(
        &self,
        after: Option<BidId>,
        until: UnixMillis,
        limit: usize,
    ) -> Result<Vec<Shown>, ContextsError> {
        let read = || -> rusqlite::Result<Vec<Shown>> {
            let mut select = self.0.connection.prepare_cached(
                "SELECT bid, at, campaign, line_item, exchange, placement, features, ctr, cvr FROM shown
                 WHERE bid > ? AND bid < ? AND version = ? ORDER BY bid LIMIT ?",
            )?;
            let after = after.unwrap_or(BidId::from_bytes([0; 16]));
            let until = BidId::mint(until, 0);
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let of =
                params![after.as_bytes().as_slice(), until.as_bytes().as_slice(), FEATURES_VERSION, limit];
            let rows = select.query_map(of, shown)?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// What is known of impressions of bids made at or after `from` and before `to`, for feedback. An outlet whose name
    /// is not kept has none.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn between(&self, from: UnixMillis, to: UnixMillis) -> Result<Vec<Context>, ContextsError> {
        let read = || -> rusqlite::Result<Vec<Context>> {
            let mut select = self.0.connection.prepare_cached(
                "SELECT bid, placement, coalesce(text, ''), ctr, cvr FROM shown
                 LEFT JOIN word ON word.field = ? AND word.hash = shown.outlet WHERE bid >= ? AND bid < ?",
            )?;
            let (from, to) = (BidId::mint(from, 0), BidId::mint(to, 0));
            let of = params![Field::Outlet as u8, from.as_bytes().as_slice(), to.as_bytes().as_slice()];
            let rows = select.query_map(of, |row| {
                Ok(Context {
                    bid: BidId::from_bytes(row.get(0)?),
                    placement: row.get::<_, i64>(1)?.cast_unsigned(),
                    outlet: row.get(2)?,
                    ctr: row.get(3)?,
                    cvr: row.get(4)?,
                })
            })?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// How many impressions of today's features there are, and the bids of the first and the last.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn span(&self) -> Result<Option<(u64, BidId, BidId)>, ContextsError> {
        let sums = "SELECT count(*), min(bid), max(bid) FROM shown WHERE version = ?";
        let row = self.0.connection.query_row(sums, [FEATURES_VERSION], |row| {
            let ends: (Option<[u8; 16]>, Option<[u8; 16]>) = (row.get(1)?, row.get(2)?);
            let count = row.get::<_, i64>(0)?.unsigned_abs();
            Ok(ends
                .0
                .zip(ends.1)
                .map(|(first, last)| (count, BidId::from_bytes(first), BidId::from_bytes(last))))
        });
        row.map_err(|source| self.failed(source))
    }

    /// The names of all values.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn words(&self) -> Result<HashMap<(u8, u32), String>, ContextsError> {
        let read = || -> rusqlite::Result<HashMap<(u8, u32), String>> {
            let mut select = self.0.connection.prepare("SELECT field, hash, text FROM word")?;
            let rows = select.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// Remembers how a model was judged.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn remember(&self, trial: &Trial) -> Result<(), ContextsError> {
        let Trial { at, by_server, accepted, words } = trial;
        let insert = "INSERT INTO trial (at, by_server, accepted, words) VALUES (?, ?, ?, ?)";
        let written = self.0.connection.execute(insert, params![at, by_server, accepted, words]);
        let forget = "DELETE FROM trial WHERE number <= (SELECT max(number) FROM trial) - ?";
        let written = written.and_then(|_| self.0.connection.execute(forget, [TRIALS_MAX]));
        written.map(|_| ()).map_err(|source| self.failed(source))
    }

    /// How models were judged, the newest first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn trials(&self, limit: u32) -> Result<Vec<Trial>, ContextsError> {
        let read = || -> rusqlite::Result<Vec<Trial>> {
            let mut select = self
                .0
                .connection
                .prepare("SELECT at, by_server, accepted, words FROM trial ORDER BY number DESC LIMIT ?")?;
            let rows = select.query_map([limit], |row| {
                let (at, by_server, accepted, words) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok(Trial { at, by_server, accepted, words })
            })?;
            rows.collect()
        };
        read().map_err(|source| self.failed(source))
    }

    /// The impression of one bid; `None` if it is not kept.
    ///
    /// # Errors
    ///
    /// [`ContextsError`].
    pub fn of_bid(&self, bid: BidId) -> Result<Option<Shown>, ContextsError> {
        let select = "SELECT bid, at, campaign, line_item, exchange, placement, features, ctr, cvr FROM shown
                      WHERE bid = ? AND version = ?";
        let of = params![bid.as_bytes().as_slice(), FEATURES_VERSION];
        let row = self.0.connection.query_row(select, of, shown).optional();
        row.map_err(|source| self.failed(source))
    }
}

/// The contexts of a folder, for feedback: opened for each question, so that a file that is made later is found.
#[derive(Debug, Clone)]
pub struct KeptContexts(pub PathBuf);

impl feedback::Contexts for KeptContexts {
    fn between(&self, from: UnixMillis, to: UnixMillis) -> Box<dyn Iterator<Item = Context> + '_> {
        let found = Contexts::open_to_read(&self.0).and_then(|contexts| contexts.between(from, to));
        let found = found.unwrap_or_else(|error| {
            if !matches!(error, ContextsError::Missing { .. }) {
                tracing::warn!(%error, "line items are judged whole: what impressions were like is not known");
            }
            Vec::new()
        });
        Box::new(found.into_iter())
    }
}

/// When impressions are too old to be kept.
#[must_use]
pub fn oldest(now: UnixMillis, days: u32) -> UnixMillis {
    now.minus(Millis::from_seconds(i64::from(days) * 86_400))
}

fn write(connection: &mut Connection, waiting: &[ToKeep]) -> rusqlite::Result<u32> {
    let transaction = connection.transaction()?;
    let has_words = waiting.iter().any(|one| matches!(one, ToKeep::Word { .. }));
    let mut room = if has_words { Some(Room::of(&transaction)?) } else { None };
    {
        let mut insert_shown = transaction
            .prepare_cached("INSERT OR IGNORE INTO shown VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
        let mut insert_word = transaction.prepare_cached("INSERT OR IGNORE INTO word VALUES (?, ?, ?)")?;
        for one in waiting {
            match one {
                ToKeep::Shown(shown) => {
                    insert_shown.execute(params![
                        shown.bid.as_bytes().as_slice(),
                        shown.at.raw(),
                        shown.campaign.raw().cast_signed(),
                        shown.line_item.raw().cast_signed(),
                        shown.exchange.raw().cast_signed(),
                        shown.placement.cast_signed(),
                        shown.features.of(Field::Outlet),
                        FEATURES_VERSION,
                        packed(&shown.features).as_slice(),
                        shown.chances.map(|chances| chances.ctr),
                        shown.chances.map(|chances| chances.cvr),
                    ])?;
                }
                ToKeep::Word { field, hash, text } => {
                    let at = usize::from(*field);
                    let room = room.as_mut().filter(|room| room.has(at));
                    if let Some(room) = room
                        && insert_word.execute(params![field, hash, text])? > 0
                    {
                        room.take(at);
                    }
                }
            }
        }
    }
    transaction.commit()?;
    Ok(room.map_or(0, |room| room.full()))
}

fn shown(row: &rusqlite::Row<'_>) -> rusqlite::Result<Shown> {
    let id = |column| Ok::<u64, rusqlite::Error>(row.get::<_, i64>(column)?.cast_unsigned());
    let chances: (Option<f64>, Option<f64>) = (row.get(7)?, row.get(8)?);
    Ok(Shown {
        bid: BidId::from_bytes(row.get(0)?),
        at: UnixMillis::from_raw(row.get(1)?),
        campaign: CampaignId::from_raw(id(2)?),
        line_item: LineItemId::from_raw(id(3)?),
        exchange: ExchangeId::from_raw(id(4)?),
        placement: id(5)?,
        features: unpacked(&row.get::<_, [u8; FIELDS * 4]>(6)?),
        chances: chances.0.zip(chances.1).map(|(ctr, cvr)| Prediction { ctr, cvr }),
    })
}

fn packed(features: &Features) -> [u8; FIELDS * 4] {
    let mut bytes = [0; FIELDS * 4];
    for (place, hash) in bytes.chunks_exact_mut(4).zip(features.0) {
        place.copy_from_slice(&hash.to_le_bytes());
    }
    bytes
}

fn unpacked(bytes: &[u8; FIELDS * 4]) -> Features {
    let mut features = Features::default();
    for (hash, place) in features.0.iter_mut().zip(bytes.chunks_exact(4)) {
        *hash = u32::from_le_bytes([place[0], place[1], place[2], place[3]]);
    }
    features
}

#[cfg(test)]
mod tests;
