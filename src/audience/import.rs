//! Rows of an audience import, CSV or JSON lines: who is in which segment, and for how long.
//!
//! Columns `id_type,user_id,segment,expires`. Reads one line at a time; opening the file, skipping its
//! header and numbering its lines is the shell's work. Deliberately absent: other columns, other dates.

use serde::Deserialize;

use crate::audience::{IdKind, UserKeys};
use crate::units::{Day, Millis, SegmentId, UnixMillis, UserKey};

const DAY: i64 = 86_400;
const COLUMNS: usize = 4;
const DAYS_MAX: u32 = 3_650;
const ID_BYTES_MAX: usize = 512;

/// One row: a person is in a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// As written; [`IdKind::parse`] reads it.
    id_type: String,
    user_id: String,
    /// The segment.
    pub segment: SegmentId,
    /// The segment's name, for people.
    pub segment_slug: String,
    /// Until when.
    pub expires: Expiry,
}

/// Until when a person is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// To the end of this day, UTC.
    Through(Day),
    /// So many days from the import, 1 to 3,650.
    Days(u32),
}

impl Expiry {
    /// The first instant at which the segment no longer counts, of a row imported at `now`.
    #[must_use]
    pub fn instant(self, now: UnixMillis) -> UnixMillis {
        match self {
            Self::Through(day) => {
                UnixMillis::default().plus(Millis::from_seconds((i64::from(day.raw()) + 1) * DAY))
            }
            Self::Days(days) => now.plus(Millis::from_seconds(i64::from(days) * DAY)),
        }
    }
}

/// Why a line is no row. The shell adds file and line number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// Not four columns.
    #[error("expected the 4 columns `id_type,user_id,segment,expires`, found {found}")]
    Columns {
        /// How many there were.
        found: usize,
    },
    /// Not CSV or not JSON at all, or a JSON object with other names.
    #[error("not a row: {reason}")]
    Malformed {
        /// What the reader said.
        reason: String,
    },
    /// A value that its column does not take.
    #[error("column `{column}`: expected {expected}, got `{value}`")]
    Value {
        /// The column's name.
        column: &'static str,
        /// The value as written.
        value: String,
        /// What the column takes.
        expected: &'static str,
    },
}

impl ImportRow {
    /// Reads one line of CSV; values may be quoted.
    ///
    /// # Errors
    ///
    /// [`ImportError`], with the first value that is wrong.
    pub fn parse_csv(line: &str) -> Result<Self, ImportError> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(line.as_bytes());
        let mut record = csv::StringRecord::new();
        reader
            .read_record(&mut record)
            .map_err(|error| ImportError::Malformed { reason: error.to_string() })?;
        if record.len() != COLUMNS {
            return Err(ImportError::Columns { found: record.len() });
        }
        Self::new(&record[0], &record[1], &record[2], &record[3])
    }

    /// Reads one line of JSON: an object with the columns as keys; `expires` may be a number of days.
    ///
    /// # Errors
    ///
    /// [`ImportError`], with the first value that is wrong.
    pub fn parse_json(line: &str) -> Result<Self, ImportError> {
        let row: JsonRow = serde_json::from_str(line)
            .map_err(|error| ImportError::Malformed { reason: error.to_string() })?;
        let expires = match row.expires {
            JsonExpiry::Days(days) => days.to_string(),
            JsonExpiry::Text(text) => text,
        };
        Self::new(&row.id_type, &row.user_id, &row.segment, &expires)
    }

    /// The key under which the person is stored.
    #[must_use]
    pub fn key(&self, keys: &UserKeys) -> UserKey {
        let kind = IdKind::parse(&self.id_type).expect("a row's id type was read when it was made");
        keys.key_of(kind, &self.user_id)
    }

    fn new(id_type: &str, user_id: &str, segment: &str, expires: &str) -> Result<Self, ImportError> {
        let kind = IdKind::parse(id_type).ok_or_else(|| {
            refused("id_type", id_type, "`buyer`, `ifa`, `eid:{source}` or `exchange:{name}`")
        })?;
        if user_id.is_empty() || user_id.len() > ID_BYTES_MAX {
            return Err(refused("user_id", user_id, "an id of 1 to 512 bytes"));
        }
        if kind == IdKind::Ifa && user_id.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
            return Err(refused("user_id", user_id, "an id that is not all zeros"));
        }
        if segment.is_empty() {
            return Err(refused("segment", segment, "a segment's name"));
        }
        let expiry = expiry(expires)
            .ok_or_else(|| refused("expires", expires, "a date as 2026-11-21, or 1 to 3650 days as 30d"))?;
        Ok(Self {
            id_type: id_type.to_owned(),
            user_id: user_id.to_owned(),
            segment: SegmentId::from_slug(segment),
            segment_slug: segment.to_owned(),
            expires: expiry,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    id_type: String,
    user_id: String,
    segment: String,
    expires: JsonExpiry,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum JsonExpiry {
    Days(i64),
    Text(String),
}

fn refused(column: &'static str, value: &str, expected: &'static str) -> ImportError {
    ImportError::Value { column, value: value.chars().take(80).collect(), expected }
}

fn expiry(text: &str) -> Option<Expiry> {
    if let Ok(days) = text.strip_suffix('d').unwrap_or(text).parse::<u32>() {
        return (1..=DAYS_MAX).contains(&days).then_some(Expiry::Days(days));
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
    (day.to_string() == text).then_some(Expiry::Through(day))
}

#[cfg(test)]
mod tests {
    use super::{Expiry, ImportRow};
    use crate::audience::{IdKind, UserKeys};
    use crate::units::{Day, SegmentId, UnixMillis};

    /// Reads `line` as the format it looks like; `Err` carries a part of the message.
    #[track_caller]
    fn check(line: &str, want: Result<(IdKind<'_>, &str, &str, Expiry), &str>) {
        let row =
            if line.starts_with('{') { ImportRow::parse_json(line) } else { ImportRow::parse_csv(line) };
        match (row, want) {
            (Ok(row), Ok((kind, id, segment, expires))) => {
                let keys = UserKeys::new([1; 32]);
                assert_eq!(row.key(&keys), keys.key_of(kind, id), "{line}");
                assert_eq!(row.segment, SegmentId::from_slug(segment), "{line}");
                assert_eq!(row.expires, expires, "{line}");
            }
            (Err(error), Err(part)) => {
                assert!(error.to_string().contains(part), "{line}: {error}");
            }
            (row, want) => panic!("{line}: got {row:?}, wanted {want:?}"),
        }
    }

    #[test]
    fn a_row_reads_from_csv_and_from_json() {
        let date = Expiry::Through(Day::from_civil(2026, 12, 31));
        check("buyer,u,s,30d", Ok((IdKind::Buyer, "u", "s", Expiry::Days(30))));
        check("ifa,AB-12,shoes,2026-12-31", Ok((IdKind::Ifa, "ab-12", "shoes", date)));
        check("eid:id5, \"a,b\" ,shoes,30", Err("found 5"));
        check("eid:id5,\"a,b\",shoes,30", Ok((IdKind::Eid("id5"), "a,b", "shoes", Expiry::Days(30))));
        let json = r#"{"id_type":"buyer","user_id":"u","segment":"s","expires":7}"#;
        check(json, Ok((IdKind::Buyer, "u", "s", Expiry::Days(7))));
        let json = r#"{"id_type":"buyer","user_id":"u","segment":"s","expires":"2026-12-31"}"#;
        check(json, Ok((IdKind::Buyer, "u", "s", date)));
    }

    #[test]
    fn a_refusal_names_the_column_and_the_value() {
        check("mail,a,s,30", Err("column `id_type`: expected"));
        check("buyer,,s,30", Err("column `user_id`"));
        check("ifa,0000-0000,s,30", Err("not all zeros, got `0000-0000`"));
        check("buyer,u,,30", Err("column `segment`"));
        check("buyer,u,s,0", Err("column `expires`: expected a date"));
        check("buyer,u,s,tomorrow", Err("got `tomorrow`"));
        check("buyer,u,s,2026-02-30", Err("got `2026-02-30`"));
        check(r#"{"id_type":"buyer","user_id":"u","segment":"s","expires":-1}"#, Err("got `-1`"));
    }

    #[test]
    fn what_is_no_row_is_refused() {
        check("", Err("found 0"));
        check("buyer,u,s", Err("found 3"));
        check("{}", Err("missing field"));
        check(r#"{"id_type":"ifa","user_id":"u","segment":"s","expires":1,"x":1}"#, Err("unknown field"));
    }

    #[test]
    fn a_date_counts_to_its_end_and_days_from_the_import() {
        let now = UnixMillis::from_raw(1_000);
        assert_eq!(Expiry::Through(Day::from_raw(0)).instant(now).raw(), 86_400_000);
        assert_eq!(Expiry::Days(2).instant(now).raw(), 2 * 86_400_000 + 1_000);
    }
}
