//! Reading and writing the audiences' file.

use std::path::{Path, PathBuf};

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, TransactionBehavior, params};

use crate::audience::{Act, Audiences, Happened, Known, PackedEvent, PackedSegment, Profile};
use crate::shell::audience_store::numbering::{Numbered, Numbering};
use crate::shell::audience_store::person::{decode, encode};
use crate::shell::audience_store::{AudienceError, Event, Member, Person, schema};
use crate::units::{SegmentId, UnixMillis, UserKey, limits};

const FILE: &str = "audience.sqlite";

/// Something new about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// They are in a segment until an instant; one that has passed takes them out.
    Segment(SegmentId, UnixMillis),
    /// They did something.
    Happened(Happened),
}

/// What a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameKind {
    /// A segment.
    Segment = 0,
    /// An advertiser.
    Advertiser = 1,
    /// A kind of event.
    Event = 2,
    /// A topic.
    Topic = 3,
}

/// A name that exports show instead of its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Of what.
    pub kind: NameKind,
    /// Its id.
    pub id: u64,
    /// The name.
    pub slug: String,
}

/// The audiences' file.
#[derive(Debug)]
pub struct AudienceStore {
    pub(in crate::shell::audience_store) connection: Connection,
    file: PathBuf,
    segments: Numbering<SegmentId>,
    acts: Numbering<Act>,
    /// True if a server may have to be told which shards were touched.
    leaves_word: bool,
}

impl AudienceStore {
    /// Opens or makes the file in the data folder, for somebody who writes beside a server.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn open(folder: &Path) -> Result<Self, AudienceError> {
        let file = folder.join(FILE);
        let connection = schema::open(&file)?;
        let (segments, acts) = (Numbering::default(), Numbering::default());
        Ok(Self { connection, file, segments, acts, leaves_word: true })
    }

    /// True if the data folder has such a file.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join(FILE).exists()
    }

    /// The same for the server's writer, who needs not be told of its own changes.
    pub(in crate::shell::audience_store) fn for_server(self) -> Self {
        Self { leaves_word: false, ..self }
    }

    pub(in crate::shell::audience_store) fn failed(&self, source: rusqlite::Error) -> AudienceError {
        AudienceError::Sqlite { file: self.file.clone(), source }
    }

    fn damaged(&self, what: &'static str) -> AudienceError {
        AudienceError::Row { file: self.file.clone(), what }
    }

    /// Writes what is new about people, all or none, and gives back what is known of each now. Changes of one
    /// person stand side by side, in their order; fastest if people are in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; nothing is written.
    pub fn write(&mut self, changes: &[(UserKey, Change)]) -> Result<Vec<(UserKey, Known)>, AudienceError> {
        let written = self.try_write(changes);
        if written.is_err() {
            // Numbers given in a transaction that came to nothing were not given.
            self.segments = Numbering::default();
            self.acts = Numbering::default();
        }
        written
    }

    fn try_write(&mut self, changes: &[(UserKey, Change)]) -> Result<Vec<(UserKey, Known)>, AudienceError> {
        let Self { connection, file, segments, acts, leaves_word } = self;
        let failed = |source| AudienceError::Sqlite { file: file.clone(), source };
        let full = |what, max| AudienceError::Full { file: file.clone(), what, max };
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let mut kept = Vec::new();
        {
            let mut select = transaction
                .prepare_cached("SELECT segments, history FROM person WHERE user = ?")
                .map_err(failed)?;
            let mut insert = transaction
                .prepare_cached("INSERT OR REPLACE INTO person (user, segments, history) VALUES (?, ?, ?)")
                .map_err(failed)?;
            for of_one in changes.chunk_by(|(one, _), (next, _)| one == next) {
                let user = of_one[0].0;
                let mut known = Known::default();
                find(&mut select, &user, &mut known)
                    .map_err(failed)?
                    .map_err(|what| AudienceError::Row { file: file.clone(), what })?;
                for (_, change) in of_one {
                    match *change {
                        Change::Segment(segment, expires) => {
                            let number = segments.number(&transaction, segment).map_err(failed)?;
                            let number = number.ok_or_else(|| full("segment", SegmentId::MAX))?;
                            known.put_segment(PackedSegment::new(number, expires));
                        }
                        Change::Happened(Happened { advertiser, event, topic, at, value }) => {
                            let act = Act { advertiser, event, topic };
                            let number = acts.number(&transaction, act).map_err(failed)?;
                            let number = number.ok_or_else(|| full("kind of event", Act::MAX))?;
                            known.record(PackedEvent::new(number, at, value));
                        }
                    }
                }
                let (packed, history) = encode(&known);
                insert.execute(params![user.as_bytes().as_slice(), packed, history]).map_err(failed)?;
                kept.push((user, known));
            }
        }
        if *leaves_word {
            leave_word(&transaction, kept.iter().map(|(user, _)| user)).map_err(failed)?;
        }
        transaction.commit().map_err(failed)?;
        Ok(kept)
    }

    /// Keeps names for exports; one that is known stays.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn remember(&mut self, names: &[Name]) -> Result<(), AudienceError> {
        let mut write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for Name { kind, id, slug } in names {
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO name (kind, id, slug) VALUES (?, ?, ?)")?
                    .execute(params![*kind as u8, id.cast_signed(), slug])?;
            }
            transaction.commit()
        };
        write().map_err(|source| self.failed(source))
    }

    /// The name of an id, if it was told.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn name(&self, kind: NameKind, id: u64) -> Result<Option<String>, AudienceError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT slug FROM name WHERE kind = ? AND id = ?")
            .map_err(|source| self.failed(source))?;
        let name = select.query_row(params![kind as u8, id.cast_signed()], |row| row.get(0)).optional();
        name.map_err(|source| self.failed(source))
    }

    /// Erases people, all or none, from the file and from its log; how many of them were known.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; with [`AudienceError::LogHeld`] they are erased, but the log is not empty yet.
    pub fn erase(&mut self, users: &[UserKey]) -> Result<usize, AudienceError> {
        let mut erase = || -> rusqlite::Result<usize> {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut erased = 0;
            for user in users {
                let mut delete = transaction.prepare_cached("DELETE FROM person WHERE user = ?")?;
                erased += delete.execute([user.as_bytes().as_slice()])?;
            }
            if self.leaves_word {
                leave_word(&transaction, users.iter())?;
            }
            transaction.commit()?;
            Ok(erased)
        };
        let erased = erase().map_err(|source| self.failed(source))?;
        self.fold_log()?;
        Ok(erased)
    }

    /// Folds the log into the file and empties it.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn fold_log(&self) -> Result<(), AudienceError> {
        let busy = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        match busy.map_err(|source| self.failed(source))? {
            false => Ok(()),
            true => Err(AudienceError::LogHeld { file: self.file.clone() }),
        }
    }

    /// What is known of a person, in the numbers of the file.
    fn known(&self, user: &UserKey) -> Result<Known, AudienceError> {
        let mut known = Known::default();
        let mut select = self
            .connection
            .prepare_cached("SELECT segments, history FROM person WHERE user = ?")
            .map_err(|source| self.failed(source))?;
        find(&mut select, user, &mut known)
            .map_err(|source| self.failed(source))?
            .map_err(|what| self.damaged(what))?;
        Ok(known)
    }

    /// What is known of a person at `now`, by names; `None` if nothing is.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn person(&mut self, user: &UserKey, now: UnixMillis) -> Result<Option<Person>, AudienceError> {
        let mut known = self.known(user)?;
        known.prune(now);
        if known.is_empty() { Ok(None) } else { self.named(&known).map(Some) }
    }

    /// The same as the bid path sees it.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn profile(&mut self, user: &UserKey, now: UnixMillis) -> Result<Profile, AudienceError> {
        let mut known = self.known(user)?;
        known.prune(now);
        let mut profile = Profile::known([]);
        for segment in &known.segments {
            profile.segments.push((self.segment(segment.number())?, segment.expires()));
        }
        for event in &known.history {
            let Act { advertiser, event: kind, topic } = self.act(event.act())?;
            let (at, value) = (event.at(), event.value());
            profile.history.push(Happened { advertiser, event: kind, topic, at, value });
        }
        Ok(profile)
    }

    /// By names.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn named(&mut self, known: &Known) -> Result<Person, AudienceError> {
        let mut person = Person::default();
        for segment in &known.segments {
            let id = self.segment(segment.number())?;
            let name = self.shown(NameKind::Segment, id.raw())?;
            person.segments.push(Member { segment: name, expires: segment.expires() });
        }
        for event in &known.history {
            let Act { advertiser, event: kind, topic } = self.act(event.act())?;
            let topic = topic.map(|topic| self.shown(NameKind::Topic, topic.raw())).transpose()?;
            person.events.push(Event {
                advertiser: self.shown(NameKind::Advertiser, advertiser.raw())?,
                event: self.shown(NameKind::Event, kind.raw())?,
                topic,
                at: event.at(),
                value: event.value(),
            });
        }
        Ok(person)
    }

    /// The name of an id, or its hash in hex if it was never told.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn shown(&self, kind: NameKind, id: u64) -> Result<String, AudienceError> {
        Ok(self.name(kind, id)?.unwrap_or_else(|| format!("{id:016x}")))
    }

    /// The segment that has a number in the file.
    ///
    /// # Errors
    ///
    /// [`AudienceError`], also if none has it.
    pub fn segment(&mut self, number: u32) -> Result<SegmentId, AudienceError> {
        let found = self.segments.thing(&self.connection, number);
        found.map_err(|source| self.failed(source))?.ok_or_else(|| self.damaged("a segment without id"))
    }

    pub(in crate::shell::audience_store) fn act(&mut self, number: u32) -> Result<Act, AudienceError> {
        let found = self.acts.thing(&self.connection, number);
        found.map_err(|source| self.failed(source))?.ok_or_else(|| self.damaged("a kind of event without id"))
    }

    /// How many segments and kinds of events have a number.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn counts(&mut self) -> Result<(usize, usize), AudienceError> {
        let segments = self.segments.count(&self.connection);
        let segments = segments.map_err(|source| self.failed(source))?;
        let acts = self.acts.count(&self.connection).map_err(|source| self.failed(source))?;
        Ok((segments, acts))
    }

    /// Bytes of the file and its log.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        let length = |ending: &str| {
            let mut name = self.file.clone().into_os_string();
            name.push(ending);
            std::fs::metadata(name).map_or(0, |file| file.len())
        };
        length("") + length("-wal")
    }

    /// Everyone from `first` to before `end`, in the order of their keys and the numbers of the file, until
    /// `take` says that it has enough.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn everyone(
        &self,
        first: Option<UserKey>,
        end: Option<UserKey>,
        mut take: impl FnMut(UserKey, &Known) -> bool,
    ) -> Result<(), AudienceError> {
        let mut read = || -> rusqlite::Result<Result<(), &'static str>> {
            let mut select = self.connection.prepare_cached(
                "SELECT user, segments, history FROM person WHERE user >= ?1 AND (?2 IS NULL OR user < ?2) \
                 ORDER BY user",
            )?;
            let end = end.as_ref().map(|key| key.as_bytes().as_slice());
            let mut rows =
                select.query(params![first.unwrap_or(UserKey::from_bytes([0; 16])).as_bytes(), end])?;
            let mut known = Known::default();
            while let Some(row) = rows.next()? {
                if let Err(what) = decode(row, 1, &mut known)? {
                    return Ok(Err(what));
                }
                if !take(UserKey::from_bytes(row.get(0)?), &known) {
                    break;
                }
            }
            Ok(Ok(()))
        };
        read().map_err(|source| self.failed(source))?.map_err(|what| self.damaged(what))
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
        {
            let mut select =
                transaction.prepare_cached("SELECT segments, history FROM person WHERE user = ?")?;
            let mut update = transaction
                .prepare_cached("UPDATE person SET segments = ?2, history = ?3 WHERE user = ?1")?;
            let mut delete = transaction.prepare_cached("DELETE FROM person WHERE user = ?")?;
            let mut known = Known::default();
            for user in users {
                let key = user.as_bytes().as_slice();
                // Read again, since it may have changed; what cannot be read is told by whoever loads it.
                if find(&mut select, user, &mut known)?.is_err() {
                    continue;
                }
                known.prune(now);
                if known.is_empty() {
                    delete.execute([key])?;
                } else {
                    let (segments, history) = encode(&known);
                    update.execute(params![key, segments, history])?;
                }
            }
        }
        transaction.commit()
    }

    /// The turn of the last change that somebody left word of.
    pub(in crate::shell::audience_store) fn turn(&self) -> rusqlite::Result<i64> {
        self.connection.query_row("SELECT coalesce(max(turn), 0) FROM touched", [], |row| row.get(0))
    }

    /// The shards that others touched after `turn`.
    pub(in crate::shell::audience_store) fn touched(&self, turn: i64) -> rusqlite::Result<Vec<u16>> {
        let mut select = self.connection.prepare_cached("SELECT shard FROM touched WHERE turn > ?")?;
        select.query_map([turn], |row| row.get(0))?.collect()
    }

    /// Changes whenever another connection has committed.
    pub(in crate::shell::audience_store) fn version(&self) -> rusqlite::Result<i64> {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))
    }
}

/// Reads a person's row; nobody's is empty.
fn find(
    select: &mut CachedStatement<'_>,
    user: &UserKey,
    known: &mut Known,
) -> rusqlite::Result<Result<(), &'static str>> {
    let mut rows = select.query([user.as_bytes().as_slice()])?;
    match rows.next()? {
        Some(row) => decode(row, 0, known),
        None => {
            known.segments.clear();
            known.history.clear();
            Ok(Ok(()))
        }
    }
}

/// Says which shards a running server must read again. Shards and not people, so that the list stays short and
/// names nobody.
fn leave_word<'a>(connection: &Connection, users: impl Iterator<Item = &'a UserKey>) -> rusqlite::Result<()> {
    let turn: i64 =
        connection.query_row("SELECT coalesce(max(turn), 0) + 1 FROM touched", [], |row| row.get(0))?;
    let mut last = None;
    for shard in users.map(Audiences::shard_of) {
        if last.replace(shard) != Some(shard) {
            connection
                .prepare_cached("INSERT OR REPLACE INTO touched (shard, turn) VALUES (?, ?)")?
                .execute(params![shard, turn])?;
        }
    }
    Ok(())
}
