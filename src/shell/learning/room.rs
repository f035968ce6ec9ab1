//! How many names of values there is room for, in all and of each field: requests may bring values without end.

use rusqlite::Connection;

use crate::learning::FIELDS;

/// Names of values that are kept: the outlets and placements of a large exchange. 20 MB.
const WORDS_MAX: i64 = 400_000;
/// Those of one field, so that an exchange whose tags are random leaves room for the others'.
const WORDS_OF_FIELD_MAX: i64 = 100_000;

/// Room for words: in all, and of each field.
pub(in crate::shell::learning) struct Room {
    left: i64,
    known: [i64; FIELDS],
}

impl Room {
    /// What `connection` leaves.
    ///
    /// # Errors
    ///
    /// What SQLite says.
    pub(in crate::shell::learning) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let mut known = [0; FIELDS];
        let mut select = connection.prepare_cached("SELECT field, count(*) FROM word GROUP BY field")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if let Some(known) = known.get_mut(usize::from(row.get::<_, u8>(0)?)) {
                *known = row.get(1)?;
            }
        }
        Ok(Self { left: WORDS_MAX - known.iter().sum::<i64>(), known })
    }

    /// True if there is room for another word of `field`.
    pub(in crate::shell::learning) fn has(&self, field: usize) -> bool {
        self.left > 0 && self.known.get(field).is_some_and(|known| *known < WORDS_OF_FIELD_MAX)
    }

    /// A word of `field`, for which there was room, is kept.
    pub(in crate::shell::learning) fn take(&mut self, field: usize) {
        self.left -= 1;
        self.known[field] += 1;
    }

    /// The fields without room, as a bit each.
    pub(in crate::shell::learning) fn full(&self) -> u32 {
        (0..FIELDS).filter(|field| !self.has(*field)).fold(0, |full, field| full | 1 << field)
    }
}
