//! The audiences' file, and what is read from it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _, params};

use crate::audience::{Act, Happened, Known, Profile};
use crate::shell::audience_store::numbering::Numbering;
use crate::shell::audience_store::person::decode;
use crate::shell::audience_store::{AudienceError, Event, Member, Person, schema};
use crate::units::{SegmentId, UnixMillis, UserKey, limits};

const FILE: &str = "audience.sqlite";
/// Two plain bounds, so that only rows between them are looked at.
pub(in crate::shell::audience_store) const EVERYONE: &str =
    "SELECT user, segments, history FROM person WHERE user >= ?1 AND user < ?2 ORDER BY user";
/// Sorts after every key.
const BEYOND: [u8; 17] = [0xff; 17];

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
    pub(in crate::shell::audience_store) file: PathBuf,
    pub(in crate::shell::audience_store) segments: Numbering<SegmentId>,
    pub(in crate::shell::audience_store) acts: Numbering<Act>,
    /// True if a server may have to be told which shards were touched.
    pub(in crate::shell::audience_store) leaves_word: bool,
    /// People that the file may have.
    pub(in crate::shell::audience_store) people_max: u64,
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
        let people_max = limits::AUDIENCE_PEOPLE_MAX as u64;
        Ok(Self { connection, file, segments, acts, leaves_word: true, people_max })
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
        failed(&self.file, source)
    }

    fn damaged(&self, what: &'static str) -> AudienceError {
        AudienceError::Row { file: self.file.clone(), what }
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

    /// Folds the log into the file and empties it. Waits for others who read, half a minute at most.
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

    /// The same, but waits no longer than somebody who reads a page needs for it.
    ///
    /// # Errors
    ///
    /// [`AudienceError`]; with [`AudienceError::LogHeld`] it may be tried again.
    pub(in crate::shell::audience_store) fn try_fold_log(&mut self) -> Result<(), AudienceError> {
        self.connection
            .busy_handler(Some(schema::wait_briefly))
            .map_err(|source| failed(&self.file, source))?;
        let folded = self.fold_log();
        self.connection.busy_handler(Some(schema::wait)).map_err(|source| failed(&self.file, source))?;
        folded
    }

    /// What is known of a person, in the numbers of the file.
    fn known(&self, user: &UserKey) -> Result<Known, AudienceError> {
        let mut known = Known::default();
        find(&self.connection, user, &mut known)
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

    /// The next people after a key, in the order of their keys and the numbers of the file; nobody at the end.
    /// Nothing is held open between two pages, so that whoever reads them all keeps nobody from writing.
    ///
    /// # Errors
    ///
    /// [`AudienceError`].
    pub fn page(&self, after: Option<UserKey>) -> Result<Vec<(UserKey, Known)>, AudienceError> {
        let mut page = Vec::new();
        self.everyone(after, None, |user, known| {
            if Some(user) != after {
                page.push((user, known.clone()));
            }
            page.len() < limits::AUDIENCE_PAGE
        })?;
        Ok(page)
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
            let mut select = self.connection.prepare_cached(EVERYONE)?;
            let first = first.map_or([0; 16], |key| *key.as_bytes());
            let end = end.as_ref().map_or(BEYOND.as_slice(), |key| key.as_bytes().as_slice());
            let mut rows = select.query(params![first, end])?;
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

    /// The turn of the last change that somebody left word of.
    pub(in crate::shell::audience_store) fn turn(&self) -> rusqlite::Result<i64> {
        self.connection.query_row("SELECT coalesce(max(turn), 0) FROM touched", [], |row| row.get(0))
    }

    /// The shards that others touched after `turn`: those first of which somebody was erased, each with whether it
    /// is such.
    pub(in crate::shell::audience_store) fn touched(&self, turn: i64) -> rusqlite::Result<Vec<(u16, bool)>> {
        let mut select = self.connection.prepare_cached(
            "SELECT shard, erased > ?1 FROM touched WHERE turn > ?1 ORDER BY erased > ?1 DESC, shard",
        )?;
        select.query_map([turn], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    }

    /// Changes whenever another connection has committed.
    pub(in crate::shell::audience_store) fn version(&self) -> rusqlite::Result<i64> {
        self.connection.query_row("PRAGMA data_version", [], |row| row.get(0))
    }
}

pub(in crate::shell::audience_store) fn failed(file: &Path, source: rusqlite::Error) -> AudienceError {
    AudienceError::Sqlite { file: file.to_owned(), source }
}

/// Reads a person's row, and whether there is one: nobody's is empty.
pub(in crate::shell::audience_store) fn find(
    connection: &Connection,
    user: &UserKey,
    known: &mut Known,
) -> rusqlite::Result<Result<bool, &'static str>> {
    let mut select = connection.prepare_cached("SELECT segments, history FROM person WHERE user = ?")?;
    let mut rows = select.query([user.as_bytes().as_slice()])?;
    match rows.next()? {
        Some(row) => Ok(decode(row, 0, known)?.map(|()| true)),
        None => {
            known.segments.clear();
            known.history.clear();
            Ok(Ok(false))
        }
    }
}
