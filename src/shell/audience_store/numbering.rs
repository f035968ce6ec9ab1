//! The numbers that stand for segments and acts in the file: given in order, never taken back.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;
use rusqlite::{Connection, Row, params};

use crate::audience::Act;
use crate::units::{AdvertiserId, EventId, SegmentId, TopicId, limits};

/// What has a number in the file.
pub(in crate::shell::audience_store) trait Numbered:
    Copy + Eq + Hash
{
    /// How many there may be.
    const MAX: u32;
    /// Reads those from a number on, in order.
    const SELECT: &'static str;

    fn read(row: &Row<'_>) -> rusqlite::Result<Self>;
    fn insert(&self, connection: &Connection, number: u32) -> rusqlite::Result<()>;
}

impl Numbered for SegmentId {
    const MAX: u32 = limits::SEGMENTS_MAX;
    const SELECT: &'static str = "SELECT id FROM segment WHERE number >= ? ORDER BY number";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self::from_raw(row.get::<_, i64>(0)?.cast_unsigned()))
    }

    fn insert(&self, connection: &Connection, number: u32) -> rusqlite::Result<()> {
        let mut insert = connection.prepare_cached("INSERT INTO segment (number, id) VALUES (?, ?)")?;
        insert.execute(params![number, self.raw().cast_signed()]).map(|_| ())
    }
}

impl Numbered for Act {
    const MAX: u32 = limits::ACTS_MAX;
    const SELECT: &'static str = "SELECT advertiser, event, topic FROM act WHERE number >= ? ORDER BY number";

    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        let id = |at| row.get::<_, i64>(at).map(i64::cast_unsigned);
        let topic: Option<i64> = row.get(2)?;
        Ok(Self {
            advertiser: AdvertiserId::from_raw(id(0)?),
            event: EventId::from_raw(id(1)?),
            topic: topic.map(|raw| TopicId::from_raw(raw.cast_unsigned())),
        })
    }

    fn insert(&self, connection: &Connection, number: u32) -> rusqlite::Result<()> {
        let mut insert = connection
            .prepare_cached("INSERT INTO act (number, advertiser, event, topic) VALUES (?, ?, ?, ?)")?;
        insert
            .execute(params![
                number,
                self.advertiser.raw().cast_signed(),
                self.event.raw().cast_signed(),
                self.topic.map(|topic| topic.raw().cast_signed()),
            ])
            .map(|_| ())
    }
}

/// The numbers as far as they were read.
#[derive(Debug)]
pub(in crate::shell::audience_store) struct Numbering<T> {
    numbers: HashMap<T, u32, RandomState>,
    things: Vec<T>,
}

impl<T> Default for Numbering<T> {
    fn default() -> Self {
        Self { numbers: HashMap::default(), things: Vec::new() }
    }
}

impl<T: Numbered> Numbering<T> {
    /// The number of `thing`, which is given to it now if it has none; `None` if all are given away. Within a
    /// transaction that writes, so that nobody else gives the same.
    pub(in crate::shell::audience_store) fn number(
        &mut self,
        connection: &Connection,
        thing: T,
    ) -> rusqlite::Result<Option<u32>> {
        if let Some(number) = self.numbers.get(&thing) {
            return Ok(Some(*number));
        }
        self.read_on(connection)?;
        if let Some(number) = self.numbers.get(&thing) {
            return Ok(Some(*number));
        }
        let next = u32::try_from(self.things.len()).ok().filter(|next| *next < T::MAX);
        if let Some(next) = next {
            thing.insert(connection, next)?;
            self.push(thing);
        }
        Ok(next)
    }

    /// What has the number; `None` if it was never given.
    pub(in crate::shell::audience_store) fn thing(
        &mut self,
        connection: &Connection,
        number: u32,
    ) -> rusqlite::Result<Option<T>> {
        let at = usize::try_from(number).expect("a word has at least 32 bits");
        if at >= self.things.len() {
            self.read_on(connection)?;
        }
        Ok(self.things.get(at).copied())
    }

    /// How many numbers are given.
    pub(in crate::shell::audience_store) fn count(
        &mut self,
        connection: &Connection,
    ) -> rusqlite::Result<usize> {
        self.read_on(connection)?;
        Ok(self.things.len())
    }

    /// Reads what others have given since.
    fn read_on(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let mut select = connection.prepare_cached(T::SELECT)?;
        let mut rows = select.query([i64::try_from(self.things.len()).unwrap_or(i64::MAX)])?;
        while let Some(row) = rows.next()? {
            self.push(T::read(row)?);
        }
        Ok(())
    }

    fn push(&mut self, thing: T) {
        let number = u32::try_from(self.things.len()).expect("there are at most a million");
        self.numbers.insert(thing, number);
        self.things.push(thing);
    }
}
