//! Changing the audiences' file. What callers ask for is worked out in memory first, caller by caller, so that one
//! who is refused leaves nothing behind and hinders nobody; then all of it is written in one transaction.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use rusqlite::{Connection, TransactionBehavior, params};

use crate::audience::{Act, Audiences, Happened, Known, PackedEvent, PackedSegment};
use crate::shell::audience_store::file::{failed, find};
use crate::shell::audience_store::numbering::{Numbered, Numbering};
use crate::shell::audience_store::person::encode;
use crate::shell::audience_store::{AudienceError, AudienceStore, Change, Name};
use crate::shell::failpoint::{self, Point};
use crate::units::{SegmentId, UnixMillis, UserKey, limits};

/// What one caller asks for: taken or refused as a whole.
#[derive(Debug, Clone, Copy)]
pub(in crate::shell::audience_store) struct Asked<'a> {
    /// What is new about people; of one person in its order.
    pub changes: &'a [(UserKey, Change)],
    /// Names for exports; one that is known stays.
    pub names: &'a [Name],
}

/// What a transaction did.
#[derive(Debug)]
pub(in crate::shell::audience_store) struct Committed {
    /// What is known now of each person who changed, in the order of their keys.
    pub kept: Vec<(UserKey, Known)>,
    /// What became of each caller, in the order in which they asked. Never [`AudienceError::Sqlite`].
    pub outcomes: Vec<Result<(), AudienceError>>,
}

impl AudienceStore {
    /// Writes what is new about people, all or none, and gives back what is known of each now, in the order of
    /// their keys. Of one person it is taken in its order.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; nothing is known of anybody that was not known before.
    pub fn write(&mut self, changes: &[(UserKey, Change)]) -> Result<Vec<(UserKey, Known)>, AudienceError> {
        let Committed { kept, outcomes } = self.write_each(&[Asked { changes, names: &[] }])?;
        outcomes.into_iter().collect::<Result<(), _>>()?;
        Ok(kept)
    }

    /// Writes for many callers in one transaction, each whole or not at all.
    ///
    /// # Errors
    ///
    /// [`AudienceError::Sqlite`]; nothing is written for anybody.
    pub(in crate::shell::audience_store) fn write_each(
        &mut self,
        asked: &[Asked<'_>],
    ) -> Result<Committed, AudienceError> {
        let written = self.try_write(asked);
        if written.is_err() {
            // Numbers given in a transaction that came to nothing were not given.
            self.segments = Numbering::default();
            self.acts = Numbering::default();
        }
        written
    }

    fn try_write(&mut self, asked: &[Asked<'_>]) -> Result<Committed, AudienceError> {
        let Self { connection, file, segments, acts, leaves_word, people_max } = self;
        let failed = |source| AudienceError::Sqlite { file: file.clone(), source };
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let room = people_max.saturating_sub(people(&transaction).map_err(failed)?);
        let mut draft = Draft {
            connection: &transaction,
            file,
            segments,
            acts,
            people: BTreeMap::new(),
            room,
            people_max: *people_max,
        };
        let mut outcomes = Vec::with_capacity(asked.len());
        for Asked { changes, names } in asked {
            match draft.take(changes) {
                Err(error @ AudienceError::Sqlite { .. }) => return Err(error),
                taken => {
                    if taken.is_ok() {
                        put_names(&transaction, names).map_err(failed)?;
                    }
                    outcomes.push(taken);
                }
            }
        }
        let kept = draft.put().map_err(failed)?;
        if *leaves_word {
            leave_word(&transaction, kept.iter().map(|(user, _)| user), Word::Changed).map_err(failed)?;
        }
        failpoint::sqlite(Point::AudienceCommit).map_err(failed)?;
        transaction.commit().map_err(failed)?;
        failpoint::pass(Point::AudienceCommitted);
        Ok(Committed { kept, outcomes })
    }

    /// Keeps names for exports; one that is known stays.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn remember(&mut self, names: &[Name]) -> Result<(), AudienceError> {
        self.write_each(&[Asked { changes: &[], names }]).map(|_| ())
    }

    /// Erases people, all or none, from the file and from its log; how many of them were known.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; with [`AudienceError::LogHeld`] they are erased, but the log is not empty yet.
    pub fn erase(&mut self, users: &[UserKey]) -> Result<usize, AudienceError> {
        let erased = self.delete(users)?;
        self.fold_log()?;
        Ok(erased)
    }

    /// The same, but the log still names them until it is folded.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; nobody is erased.
    pub(in crate::shell::audience_store) fn delete(
        &mut self,
        users: &[UserKey],
    ) -> Result<usize, AudienceError> {
        let mut delete = || -> rusqlite::Result<usize> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut erased = 0;
            for user in users {
                let mut delete = transaction.prepare_cached("DELETE FROM person WHERE user = ?")?;
                erased += delete.execute([user.as_bytes().as_slice()])?;
            }
            count_people(&transaction, 0, erased)?;
            if self.leaves_word {
                leave_word(&transaction, users.iter(), Word::Erased)?;
            }
            transaction.commit()?;
            Ok(erased)
        };
        delete().map_err(|source| self.failed(source))
    }

    /// Forgets what no longer counts at `now` in one shard; how many people it was of.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn prune(&mut self, shard: u16, now: UnixMillis) -> Result<usize, AudienceError> {
        let mut stale = Vec::new();
        let (first, end) = (Audiences::first_key(shard), Audiences::first_key(shard + 1));
        self.everyone(first, end, |user, known| {
            let mut left = known.clone();
            if left.prune(now) {
                stale.push(user);
            }
            true
        })?;
        for some in stale.chunks(limits::AUDIENCE_BATCH_MAX) {
            self.rewrite(some, now).map_err(|source| self.failed(source))?;
        }
        Ok(stale.len())
    }

    fn rewrite(&mut self, users: &[UserKey], now: UnixMillis) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut gone = 0;
        {
            let mut update = transaction
                .prepare_cached("UPDATE person SET segments = ?2, history = ?3 WHERE user = ?1")?;
            let mut delete = transaction.prepare_cached("DELETE FROM person WHERE user = ?")?;
            let mut known = Known::default();
            for user in users {
                let key = user.as_bytes().as_slice();
                // Read again, since it may have changed; what cannot be read is told by whoever loads it.
                if find(&transaction, user, &mut known)?.is_err() {
                    continue;
                }
                known.prune(now);
                if known.is_empty() {
                    gone += delete.execute([key])?;
                } else {
                    let (segments, history) = encode(&known);
                    update.execute(params![key, segments, history])?;
                }
            }
        }
        count_people(&transaction, 0, gone)?;
        transaction.commit()
    }
}

/// A person while a transaction is worked out.
#[derive(Debug)]
struct Drafted {
    known: Known,
    /// True of somebody whom the file does not have.
    is_new: bool,
}

/// A transaction while it is worked out.
struct Draft<'a> {
    connection: &'a Connection,
    file: &'a Path,
    segments: &'a mut Numbering<SegmentId>,
    acts: &'a mut Numbering<Act>,
    /// Everyone who changes.
    people: BTreeMap<UserKey, Drafted>,
    /// How many newcomers there is room for.
    room: u64,
    people_max: u64,
}

impl Draft<'_> {
    /// Takes the changes of one caller, or nothing of them.
    fn take(&mut self, changes: &[(UserKey, Change)]) -> Result<(), AudienceError> {
        let mut people: BTreeMap<UserKey, Drafted> = BTreeMap::new();
        let mut newcomers = 0;
        for (user, change) in changes {
            let person = match people.entry(*user) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    let person = self.find(user)?;
                    newcomers += u64::from(person.is_new && !self.people.contains_key(user));
                    if newcomers > self.room {
                        return Err(full(self.file, "person", self.people_max));
                    }
                    entry.insert(person)
                }
            };
            self.change(&mut person.known, *change)?;
        }
        self.room -= newcomers;
        self.people.extend(people);
        Ok(())
    }

    /// A person as earlier callers left them.
    fn find(&self, user: &UserKey) -> Result<Drafted, AudienceError> {
        if let Some(Drafted { known, is_new }) = self.people.get(user) {
            return Ok(Drafted { known: known.clone(), is_new: *is_new });
        }
        let mut known = Known::default();
        let found = find(self.connection, user, &mut known).map_err(|source| failed(self.file, source))?;
        match found {
            Ok(found) => Ok(Drafted { known, is_new: !found }),
            Err(what) => Err(AudienceError::Row { file: self.file.to_owned(), what }),
        }
    }

    fn change(&mut self, known: &mut Known, change: Change) -> Result<(), AudienceError> {
        let Self { connection, file, segments, acts, .. } = self;
        let failed = |source| failed(file, source);
        let full = |what, max| full(file, what, u64::from(max));
        match change {
            Change::Segment(segment, expires) => {
                let number = segments.number(connection, segment).map_err(failed)?;
                let number = number.ok_or_else(|| full("segment", SegmentId::MAX))?;
                known.put_segment(PackedSegment::new(number, expires));
                Ok(())
            }
            Change::Happened(Happened { advertiser, event, topic, at, value }) => {
                let number = acts.number(connection, Act { advertiser, event, topic }).map_err(failed)?;
                let number = number.ok_or_else(|| full("kind of event", Act::MAX))?;
                known
                    .record(PackedEvent::new(number, at, value), |number| acts.thing(connection, number))
                    .map_err(failed)
            }
        }
    }

    /// Writes everyone who changed.
    fn put(self) -> rusqlite::Result<Vec<(UserKey, Known)>> {
        let mut insert = self
            .connection
            .prepare_cached("INSERT OR REPLACE INTO person (user, segments, history) VALUES (?, ?, ?)")?;
        let (mut kept, mut newcomers) = (Vec::with_capacity(self.people.len()), 0);
        for (user, Drafted { known, is_new }) in self.people {
            let (segments, history) = encode(&known);
            insert.execute(params![user.as_bytes().as_slice(), segments, history])?;
            newcomers += usize::from(is_new);
            kept.push((user, known));
        }
        count_people(self.connection, newcomers, 0)?;
        Ok(kept)
    }
}

fn full(file: &Path, what: &'static str, max: u64) -> AudienceError {
    AudienceError::Full { file: file.to_owned(), what, max }
}

fn put_names(connection: &Connection, names: &[Name]) -> rusqlite::Result<()> {
    for Name { kind, id, slug } in names {
        connection
            .prepare_cached("INSERT OR IGNORE INTO name (kind, id, slug) VALUES (?, ?, ?)")?
            .execute(params![*kind as u8, id.cast_signed(), slug])?;
    }
    Ok(())
}

/// How many people the file has.
fn people(connection: &Connection) -> rusqlite::Result<u64> {
    let people: i64 =
        connection.prepare_cached("SELECT people FROM total")?.query_row([], |row| row.get(0))?;
    Ok(people.try_into().unwrap_or(0))
}

/// Keeps the number of people true.
fn count_people(connection: &Connection, more: usize, fewer: usize) -> rusqlite::Result<()> {
    let count = |people: usize| i64::try_from(people).expect("no list is that long");
    let change = count(more) - count(fewer);
    if change != 0 {
        connection.prepare_cached("UPDATE total SET people = people + ?")?.execute([change])?;
    }
    Ok(())
}

/// What happened to people of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Changed,
    Erased,
}

/// Says which shards a running server must read again. Shards and not people, so that the list stays short and
/// names nobody.
fn leave_word<'a>(
    connection: &Connection,
    users: impl Iterator<Item = &'a UserKey>,
    word: Word,
) -> rusqlite::Result<()> {
    let turn: i64 =
        connection.query_row("SELECT coalesce(max(turn), 0) + 1 FROM touched", [], |row| row.get(0))?;
    let erased = if word == Word::Erased { turn } else { 0 };
    let mut last = None;
    for shard in users.map(Audiences::shard_of) {
        if last.replace(shard) != Some(shard) {
            connection
                .prepare_cached(
                    "INSERT INTO touched (shard, turn, erased) VALUES (?, ?, ?) ON CONFLICT (shard)
                     DO UPDATE SET turn = excluded.turn, erased = max(erased, excluded.erased)",
                )?
                .execute(params![shard, turn, erased])?;
        }
    }
    Ok(())
}
