//! What is filed under each UTC day, and the events of such days: what derived figures are held against and made from.
//!
//! Digests come from the kept sums and, for what came since the last snapshot, from the journal, whose seals are
//! checked. Whoever reads events here gets each as it was written, or an error.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, Statement};

use crate::ledger::{self, Checksum, Digest, Event, EventKey, EventKind, filed_on, utc_day};
use crate::shell::store::error::StoreError;
use crate::shell::store::schema::Store;
use crate::shell::store::{archive, balances, row};
use crate::units::{BidId, Day, UnixMillis};

const DAY_MS: i64 = 86_400_000;
/// Keys of conversions and corrections begin with this byte or a greater one.
const APART: u8 = 0xfe;

/// What is filed under each day as of one commit.
#[derive(Debug, Clone, Default)]
pub struct Filed {
    /// The digests of each day's events.
    pub days: BTreeMap<Day, Digest>,
    /// The number of that commit.
    pub commit: u64,
    /// The last commit before those that the journal still tells one by one.
    told_after: u64,
}

impl Filed {
    /// The last commit before those that are told one by one.
    #[must_use]
    pub const fn told_after(&self) -> u64 {
        self.told_after
    }
}

impl Store {
    /// What is filed under each day, as of now.
    ///
    /// # Errors
    ///
    /// [`StoreError::Older`] of a ledger that keeps no digests yet; [`StoreError::Journal`] if a commit since the last
    /// snapshot is not as it was written.
    pub fn filed(&self) -> Result<Filed, StoreError> {
        self.at_once(|| {
            self.check_is_summed()?;
            let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
            let unknown = StoreError::Row("an unknown account or currency");
            let sums = balances::read(&self.connection).map_err(sqlite)?.ok_or(unknown)?;
            let mut filed = Filed { days: sums.days().clone(), ..Filed::default() };
            add_tail(&self.connection, &self.file, &mut filed)?;
            Ok(filed)
        })
    }

    /// Calls `each` with the events of the commits that the journal tells one by one, up to that of `filed`: of each day
    /// those after the commit that `after` says of it, and none of a day of which it says nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Altered`] at an event that is not what was written; else as [`Store::events`].
    pub fn events_after(
        &self,
        filed: &Filed,
        after: &BTreeMap<Day, u64>,
        mut each: impl FnMut(&Event, Checksum),
    ) -> Result<(), StoreError> {
        let Some(least) = after.values().min() else { return Ok(()) };
        let sqlite = |source| StoreError::Sqlite { file: self.file.clone(), source };
        let is_asked = |day: &Day, number: u64| after.get(day).is_some_and(|after| number > *after);
        let mut find = self.connection.prepare_cached(row::FIND).map_err(sqlite)?;
        let between = "SELECT number, keys FROM journal WHERE number > ? AND number <= ? ORDER BY number";
        let mut commits = self.connection.prepare_cached(between).map_err(sqlite)?;
        let mut commits = commits.query([least.cast_signed(), filed.commit.cast_signed()]).map_err(sqlite)?;
        while let Some(commit) = commits.next().map_err(sqlite)? {
            let number = commit.get::<_, i64>(0).map_err(sqlite)?.cast_unsigned();
            let keys: Vec<u8> = commit.get(1).map_err(sqlite)?;
            for key in keys.chunks(EventKey::LEN) {
                if !is_apart(key) && !is_asked(&day_of(key), number) {
                    continue;
                }
                let mut found = find.query([key]).map_err(sqlite)?;
                // What was archived since is not asked for: whoever misses it finds that the digests differ.
                let Some(found) = found.next().map_err(sqlite)? else { continue };
                let event = row::read(found, &self.file)?;
                if is_asked(&filed_on(&event), number) {
                    each(&event, self.checked(&event, row::checksum(found, &self.file)?)?);
                }
            }
        }
        Ok(())
    }

    /// Calls `each` with every conversion and correction that is filed under one of `days`, in one walk over all of
    /// them: their keys tell no time.
    ///
    /// # Errors
    ///
    /// As [`Store::events_after`].
    pub fn apart_on(
        &self,
        days: &BTreeSet<Day>,
        mut each: impl FnMut(Day, &Event, Checksum),
    ) -> Result<(), StoreError> {
        self.at_once(|| {
            let query = format!("{} WHERE key >= ?", row::SELECT);
            self.checked_rows(
                &self.connection,
                &self.file,
                &query,
                &[&[APART].as_slice()],
                |event, checksum| {
                    let day = filed_on(event);
                    if is_kept_apart(event) && days.contains(&day) {
                        each(day, event, checksum);
                    }
                },
            )
        })
    }

    /// Calls `each` with all other events that are filed under `day`, those of archives among them.
    ///
    /// # Errors
    ///
    /// As [`Store::events_after`].
    pub fn bids_on(&self, day: Day, mut each: impl FnMut(&Event, Checksum)) -> Result<(), StoreError> {
        let first = UnixMillis::from_raw(i64::from(day.raw()) * DAY_MS);
        let last = UnixMillis::from_raw(first.raw() + (DAY_MS - 1));
        let (from, to) = (BidId::mint(first, 0), BidId::mint(last, u128::MAX));
        // Kinds are small numbers.
        let to = [to.as_bytes().as_slice(), &[0xff]].concat();
        let query = format!("{} WHERE key >= ? AND key < ? ORDER BY key", row::SELECT);
        self.each_part((first, last), |connection, file| {
            let between: [&dyn rusqlite::ToSql; 2] = [&from.as_bytes().as_slice(), &to];
            self.checked_rows(connection, file, &query, &between, |event, checksum| {
                if !is_kept_apart(event) && filed_on(event) == day {
                    each(event, checksum);
                }
            })
        })
    }

    /// The events of `query`, each as it was written.
    fn checked_rows(
        &self,
        connection: &Connection,
        file: &Path,
        query: &str,
        parameters: &[&dyn rusqlite::ToSql],
        mut each: impl FnMut(&Event, Checksum),
    ) -> Result<(), StoreError> {
        let mut wrong = None;
        let mut encoded = Vec::new();
        row::for_each(connection, file, query, parameters, |event, found| {
            if wrong.is_some() {
                return;
            }
            match row::checksum(found, file) {
                Ok(kept) if ledger::checksum(event, &mut encoded) == kept => each(event, kept),
                Ok(_) => wrong = Some(StoreError::Altered { file: file.to_owned(), bid: event.bid.id }),
                Err(error) => wrong = Some(error),
            }
        })?;
        wrong.map_or(Ok(()), Err)
    }

    fn checked(&self, event: &Event, kept: Checksum) -> Result<Checksum, StoreError> {
        if ledger::checksum(event, &mut Vec::new()) == kept {
            return Ok(kept);
        }
        Err(StoreError::Altered { file: self.file.clone(), bid: event.bid.id })
    }

    /// True if any event lies in an archive.
    ///
    /// # Errors
    ///
    /// [`StoreError::Sqlite`].
    pub fn has_archived(&self) -> Result<bool, StoreError> {
        Ok(!archive::list(&self.connection, &self.file)?.is_empty())
    }
}

fn is_kept_apart(event: &Event) -> bool {
    matches!(event.kind, EventKind::Conversion(_) | EventKind::Correction(_))
}

fn is_apart(key: &[u8]) -> bool {
    key.first().is_none_or(|first| *first >= APART)
}

/// The UTC day of the bid that a key begins with.
fn day_of(key: &[u8]) -> Day {
    let bid = key.first_chunk().map(|id| BidId::from_bytes(*id));
    utc_day(bid.map_or(UnixMillis::from_raw(0), |bid| bid.minted_at()))
}

/// Adds to `filed` what the journal tells.
fn add_tail(connection: &Connection, file: &Path, filed: &mut Filed) -> Result<(), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let numbers = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (number, seal) =
        connection.query_row("SELECT number, seal FROM snapshot", [], numbers).map_err(sqlite)?;
    let (summed, mut seal) = (number.cast_unsigned(), Checksum::from_raw(seal.cast_unsigned()));
    filed.commit = summed;
    let first = "SELECT min(number) FROM journal";
    let first: Option<i64> = connection.query_row(first, [], |row| row.get(0)).map_err(sqlite)?;
    filed.told_after = first.map_or(summed, |first| first.cast_unsigned().saturating_sub(1));
    let mut find =
        connection.prepare("SELECT checksum, kind, at FROM event WHERE key = ?").map_err(sqlite)?;
    let since = "SELECT number, keys, seal FROM journal WHERE number > ? ORDER BY number";
    let mut commits = connection.prepare(since).map_err(sqlite)?;
    let mut commits = commits.query([summed.cast_signed()]).map_err(sqlite)?;
    while let Some(commit) = commits.next().map_err(sqlite)? {
        let number = commit.get::<_, i64>(0).map_err(sqlite)?.cast_unsigned();
        let keys: Vec<u8> = commit.get(1).map_err(sqlite)?;
        let digest = add_commit(&mut find, &keys, &mut filed.days)
            .map_err(sqlite)?
            .ok_or_else(|| StoreError::Journal { file: file.to_owned(), number })?;
        seal = ledger::seal(seal, number, &keys, digest);
        let sealed: i64 = commit.get(2).map_err(sqlite)?;
        if number != filed.commit + 1 || sealed.cast_unsigned() != seal.raw() {
            return Err(StoreError::Journal { file: file.to_owned(), number });
        }
        filed.commit = number;
    }
    Ok(())
}

/// Adds the events of one commit to the digests of their days; their own digest, or `None` if one is not there.
fn add_commit(
    find: &mut Statement<'_>,
    keys: &[u8],
    days: &mut BTreeMap<Day, Digest>,
) -> rusqlite::Result<Option<Digest>> {
    let mut digest = Digest::default();
    for key in keys.chunks(EventKey::LEN) {
        let mut found = find.query([key])?;
        let Some(found) = found.next()? else { return Ok(None) };
        let checksum = Checksum::from_raw(found.get::<_, i64>(0)?.cast_unsigned());
        let day = match found.get::<_, u8>(1)? {
            // Of conversions and corrections: when we were told.
            6 | 14 => utc_day(UnixMillis::from_raw(found.get(2)?)),
            _ => day_of(key),
        };
        digest.add(checksum);
        days.entry(day).or_default().add(checksum);
    }
    Ok(Some(digest))
}
