//! What was committed since the last snapshot of the sums: one row a commit, with the keys of its events, sealed to
//! the row before.
//!
//! A commit writes its events and one row here; balances, digests and what is used of the caps follow at the next
//! snapshot, which says in the same transaction up to which commit it tells. Whoever opens the ledger adds what is in the journal
//! to the snapshot, so that at any instant the two together are the sums of all events. The rows of the last commits
//! before the snapshot stay a while longer: whoever derives something from the events goes on from where it was.

use std::collections::VecDeque;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, params};

use crate::budget::{Allocator as _, Changes, LeaseTerms, Share, Treasury};
use crate::ledger::{self, Checksum, Digest, Event, EventKey, Quantity, Sums};
use crate::shell::store::error::StoreError;
use crate::shell::store::{balances, leases, row};
use crate::units::{Epoch, Millis};

pub(in crate::shell::store) const TABLES: &str = "
CREATE TABLE journal (
    number INTEGER PRIMARY KEY,
    keys BLOB NOT NULL,
    seal INTEGER NOT NULL
);
CREATE TABLE snapshot (number INTEGER NOT NULL, seal INTEGER NOT NULL);
INSERT INTO snapshot VALUES (0, 0);
";

/// Events after which a snapshot is due: what a start after a crash has to look up one by one, well within a second.
const SNAPSHOT_EVENTS: u64 = 131_072;
/// Time after which one is due, so that who reads beside the writer has little to add.
const SNAPSHOT_AFTER: Duration = Duration::from_secs(10);

/// Events whose commits are still told one by one after a snapshot holds them, 17 bytes each: those of the last minutes
/// at the highest rate.
const TOLD_EVENTS: u64 = 1 << 20;
/// And so many commits at most, each a row that a start looks at: those of the last minutes where each is of few events.
const TOLD_COMMITS: usize = 1 << 17;

/// What was not yet added to the kept sums.
#[derive(Debug, Default)]
pub(in crate::shell::store) struct Tail {
    /// Balances and digests.
    pub(in crate::shell::store) sums: Sums,
    /// What is used of the caps.
    pub(in crate::shell::store) caps: Changes,
    /// Of how many events.
    events: u64,
}

/// The writer's end of the journal.
#[derive(Debug)]
pub(in crate::shell::store) struct Journal {
    /// Of the last commit.
    number: u64,
    seal: Checksum,
    /// Of the commit that is being made.
    keys: Vec<u8>,
    digest: Digest,
    tail: Tail,
    snapped: Instant,
    encoded: Vec<u8>,
    /// The rows that there are, and of how many events each is.
    rows: VecDeque<(u64, u64)>,
    /// The sum of these.
    told: u64,
}

impl Journal {
    /// One that goes on where the last commit ended.
    fn after(number: u64, seal: Checksum) -> Self {
        Self {
            number,
            seal,
            keys: Vec::new(),
            digest: Digest::default(),
            tail: Tail::default(),
            snapped: Instant::now(),
            encoded: Vec::new(),
            rows: VecDeque::new(),
            told: 0,
        }
    }

    /// The same beside the rows of `connection`.
    fn beside(self, connection: &Connection) -> rusqlite::Result<Self> {
        let mut select = connection.prepare("SELECT number, length(keys) FROM journal ORDER BY number")?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned()))
        };
        let rows = select.query_map([], row)?;
        let events = |found: rusqlite::Result<(u64, u64)>| {
            found.map(|(number, bytes)| (number, bytes / EventKey::LEN as u64))
        };
        let rows: VecDeque<(u64, u64)> = rows.map(events).collect::<rusqlite::Result<_>>()?;
        let told = rows.iter().map(|(_, events)| events).sum();
        Ok(Self { rows, told, ..self })
    }

    /// The number of the first commit that is told on: those before it are forgotten from here on.
    fn forget(&mut self) -> u64 {
        while let Some((_, events)) = self.rows.front()
            && (self.told - events >= TOLD_EVENTS || self.rows.len() > TOLD_COMMITS)
        {
            self.told -= events;
            self.rows.pop_front();
        }
        self.rows.front().map_or(self.number, |(number, _)| *number)
    }

    /// The checksum of `event`.
    pub(in crate::shell::store) fn checksum(&mut self, event: &Event) -> Checksum {
        ledger::checksum(event, &mut self.encoded)
    }

    /// Notes an event of the commit that is being made, which was inserted.
    pub(in crate::shell::store) fn note(&mut self, event: &Event, key: &EventKey, checksum: Checksum) {
        self.keys.extend_from_slice(key.as_bytes());
        self.digest.add(checksum);
        // The books are checked before they are committed: debits equal credits.
        self.tail.sums.add(event, checksum);
        self.tail.events += 1;
    }

    /// Keeps back what `changes` tells of uses until the next snapshot: the journal tells it meanwhile. What is left
    /// are grants, which are to be written at once.
    #[must_use]
    pub(in crate::shell::store) fn grants_of(&mut self, changes: Changes) -> Changes {
        let mut grants = Changes::new();
        for (of, share) in changes {
            if share.used != Quantity::ZERO {
                let kept = self.tail.caps.entry(of).or_default();
                kept.used = kept.used.plus(share.used);
            }
            if share.granted != Quantity::ZERO {
                grants.insert(of, Share { used: Quantity::ZERO, ..share });
            }
        }
        grants
    }

    /// Writes the row of the commit that is being made, if it has events.
    pub(in crate::shell::store) fn write(&mut self, transaction: &Transaction<'_>) -> rusqlite::Result<()> {
        if self.keys.is_empty() {
            return Ok(());
        }
        self.number += 1;
        self.seal = ledger::seal(self.seal, self.number, &self.keys, self.digest);
        let mut insert = transaction.prepare_cached("INSERT INTO journal VALUES (?, ?, ?)")?;
        insert.execute(params![self.number.cast_signed(), self.keys, self.seal.raw().cast_signed()])?;
        self.rows.push_back((self.number, self.digest.events));
        self.told += self.digest.events;
        self.keys.clear();
        self.digest = Digest::default();
        Ok(())
    }

    /// True if it is time for a snapshot.
    pub(in crate::shell::store) fn is_due(&self) -> bool {
        let waited = || self.snapped.elapsed() >= SNAPSHOT_AFTER;
        self.tail.events >= SNAPSHOT_EVENTS || (self.tail.events > 0 && waited())
    }

    /// Adds what is not yet kept to what is, after the row of the last commit; `last` is the last epoch.
    pub(in crate::shell::store) fn snapshot(
        &mut self,
        transaction: &Transaction<'_>,
        treasury: &mut Treasury,
    ) -> rusqlite::Result<()> {
        let grants = self.grants_of(treasury.take_changes());
        leases::write(transaction, &grants, treasury.last_epoch())?;
        write(transaction, &self.tail, treasury.last_epoch(), (self.number, self.seal))?;
        transaction.execute("DELETE FROM journal WHERE number < ?", [self.forget().cast_signed()])?;
        self.tail = Tail::default();
        self.snapped = Instant::now();
        Ok(())
    }
}

/// Adds `tail` to what is kept, which then is as of the commit of that number and seal.
fn write(
    transaction: &Transaction<'_>,
    tail: &Tail,
    last: Epoch,
    (number, seal): (u64, Checksum),
) -> rusqlite::Result<()> {
    balances::add(transaction, &tail.sums)?;
    leases::write(transaction, &tail.caps, last)?;
    transaction.execute(
        "UPDATE snapshot SET number = ?, seal = ?",
        [number.cast_signed(), seal.raw().cast_signed()],
    )?;
    Ok(())
}

/// Makes a snapshot of what the journal holds, as it was left, and goes on from there.
pub(in crate::shell::store) fn recover(
    transaction: &Transaction<'_>,
    last: Epoch,
    file: &Path,
) -> Result<Journal, StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let (tail, number, seal) = read(transaction, file)?;
    if tail.events > 0 {
        write(transaction, &tail, last, (number, seal)).map_err(sqlite)?;
    }
    Journal::after(number, seal).beside(transaction).map_err(sqlite)
}

/// Goes on from the last commit without a snapshot; with what was used since the last one.
pub(in crate::shell::store) fn resume(
    connection: &Connection,
    file: &Path,
) -> Result<(Journal, Changes), StoreError> {
    let (tail, number, seal) = read(connection, file)?;
    let used = tail.caps.clone();
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let journal = Journal::after(number, seal).beside(connection).map_err(sqlite)?;
    Ok((Journal { tail, ..journal }, used))
}

/// What the journal holds beyond the snapshot, checked: every event is there as it was written, and every commit is
/// sealed to the one before. With the number and the seal of the last one.
pub(in crate::shell::store) fn read(
    connection: &Connection,
    file: &Path,
) -> Result<(Tail, u64, Checksum), StoreError> {
    let sqlite = |source| StoreError::Sqlite { file: file.to_owned(), source };
    let numbers = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (number, seal) =
        connection.query_row("SELECT number, seal FROM snapshot", [], numbers).map_err(sqlite)?;
    let (mut number, mut seal) = (number.cast_unsigned(), Checksum::from_raw(seal.cast_unsigned()));
    let mut tail = Tail::default();
    let terms = LeaseTerms { ttl: Millis::default(), longest_notice: Millis::default() };
    let mut treasury = Treasury::new(terms);
    let mut encoded = Vec::new();
    let mut find = connection.prepare(row::FIND).map_err(sqlite)?;
    let since = "SELECT number, keys, seal FROM journal WHERE number > ? ORDER BY number";
    let mut commits = connection.prepare(since).map_err(sqlite)?;
    let mut commits = commits.query([number.cast_signed()]).map_err(sqlite)?;
    while let Some(commit) = commits.next().map_err(sqlite)? {
        number += 1;
        let broken = || StoreError::Journal { file: file.to_owned(), number };
        let keys: Vec<u8> = commit.get(1).map_err(sqlite)?;
        let mut digest = Digest::default();
        for key in keys.chunks(EventKey::LEN) {
            let mut found = find.query([key]).map_err(sqlite)?;
            let found = found.next().map_err(sqlite)?.ok_or_else(broken)?;
            let kept = row::checksum(found, file)?;
            let event = row::read(found, file)?;
            if ledger::checksum(&event, &mut encoded) != kept {
                return Err(StoreError::Altered { file: file.to_owned(), bid: event.bid.id });
            }
            digest.add(kept);
            tail.sums.add(&event, kept);
            tail.events += 1;
            // It keeps what it counts until it is asked: it cannot be out of its own reach.
            let _ = treasury.count(std::slice::from_ref(&event));
        }
        seal = ledger::seal(seal, number, &keys, digest);
        let (sealed, numbered): (i64, i64) = (commit.get(2).map_err(sqlite)?, commit.get(0).map_err(sqlite)?);
        if sealed.cast_unsigned() != seal.raw() || numbered.cast_unsigned() != number {
            return Err(broken());
        }
    }
    tail.caps = treasury.take_changes();
    Ok((tail, number, seal))
}

#[cfg(test)]
mod tests;
