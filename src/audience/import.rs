//! Rows of an audience import, CSV or JSON lines: who is in which segment and for how long, or what they did.
//!
//! A segment's columns are `id_type,user_id,segment,expires`, an event's `id_type,user_id,advertiser,event,
//! topic,at,value`, in JSON only. Reads one line at a time; opening the file, skipping its header and numbering
//! its lines is the shell's work. Deliberately absent: other columns, other dates, sensitive segments.

use serde::Deserialize;

use crate::audience::key::is_nobody;
use crate::audience::{Happened, IdKind, NamedTopic, UserKeys};
use crate::privacy::sensitive_word;
use crate::units::{AdvertiserId, Day, EventId, Millis, Nanos, Rounding, UnixMillis, UserKey};

const DAY: i64 = 86_400;
const COLUMNS: usize = 4;
const DAYS_MAX: u32 = 3_650;
const ID_BYTES_MAX: usize = 512;
const NAME_BYTES_MAX: usize = 128;

/// Whom a line is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportId {
    /// As written; [`IdKind::parse`] reads it, but for `key`.
    id_type: String,
    user_id: String,
}

/// What a line says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportFact {
    /// They are in a segment.
    Segment {
        /// The segment's name.
        name: String,
        /// Until when.
        expires: Expiry,
    },
    /// They did something.
    Happened {
        /// The advertiser's name.
        advertiser: String,
        /// The event's name.
        event: String,
        /// The topic's name.
        topic: Option<String>,
        /// The same for the store.
        happened: Happened,
    },
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    /// Whom it is about.
    pub id: ImportId,
    /// What it says.
    pub fact: ImportFact,
}

/// Until when a person is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// To the end of this day, UTC.
    Through(Day),
    /// So many days from the import, 1 to 3,650.
    Days(u32),
    /// To this instant, as an export writes it.
    At(UnixMillis),
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
            Self::At(instant) => instant,
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
    /// A segment or topic that nobody may be targeted by.
    #[error("column `{column}` names a sensitive criterion: {word} in `{value}`")]
    Sensitive {
        /// The column's name.
        column: &'static str,
        /// The value as written.
        value: String,
        /// The word in it.
        word: &'static str,
    },
}

impl ImportId {
    /// Reads an id: `buyer`, `ifa`, `eid:{source}` or `exchange:{name}` with the id as it is sent, or `key` with
    /// the 32 hex digits of an export.
    ///
    /// # Errors
    ///
    /// [`ImportError`], with the first value that is wrong.
    pub fn new(id_type: &str, user_id: &str) -> Result<Self, ImportError> {
        if id_type != KEY && IdKind::parse(id_type).is_none() {
            return Err(refused(
                "id_type",
                id_type,
                "`buyer`, `ifa`, `eid:{source}`, `exchange:{name}` or `key`",
            ));
        }
        if user_id.is_empty() || user_id.len() > ID_BYTES_MAX {
            return Err(refused("user_id", user_id, "an id of 1 to 512 bytes"));
        }
        if is_nobody(user_id) {
            return Err(refused("user_id", user_id, "an id that is not all zeros"));
        }
        if id_type == KEY && from_hex(user_id).is_none() {
            return Err(refused("user_id", user_id, "a key of 32 hex digits, as an export has it"));
        }
        Ok(Self { id_type: id_type.to_owned(), user_id: user_id.to_owned() })
    }

    /// The key under which the person is stored.
    #[must_use]
    pub fn key(&self, keys: &UserKeys) -> UserKey {
        IdKind::parse(&self.id_type).map_or_else(
            || from_hex(&self.user_id).expect("a key's digits were read when it was made"),
            |kind| keys.key_of(kind, &self.user_id),
        )
    }
}

impl ImportRow {
    /// Reads one line of CSV; values may be quoted.
    ///
    /// # Errors
    ///
    /// [`ImportError`], with the first value that is wrong.
    pub fn parse_csv(line: &str) -> Result<Self, ImportError> {
        if !line.contains('"') {
            // Nearly all lines: a reader of CSV costs more than all the rest of a row.
            let mut columns = line.split(',').map(str::trim);
            let found = [columns.next(), columns.next(), columns.next(), columns.next()];
            if let [Some(id_type), Some(user_id), Some(segment), Some(expires)] = found
                && columns.next().is_none()
            {
                return Self::of_segment(ImportId::new(id_type, user_id)?, segment, expires);
            }
        }
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
        Self::of_segment(ImportId::new(&record[0], &record[1])?, &record[2], &record[3])
    }

    /// Reads one line of JSON: an object with the columns as keys; `expires` may be a number of days.
    ///
    /// # Errors
    ///
    /// [`ImportError`], with the first value that is wrong.
    pub fn parse_json(line: &str) -> Result<Self, ImportError> {
        let row: JsonRow = serde_json::from_str(line)
            .map_err(|error| ImportError::Malformed { reason: error.to_string() })?;
        let id = ImportId::new(&row.id_type, &row.user_id)?;
        match (row.segment, row.expires) {
            (Some(segment), Some(expires)) if row.event.is_none() => {
                Self::of_segment(id, &segment, &expires.text())
            }
            (None, None) => {
                let (Some(advertiser), Some(event), Some(at)) = (row.advertiser, row.event, row.at) else {
                    return Err(ImportError::Malformed { reason: NEITHER.to_owned() });
                };
                Self::of_event(id, (advertiser, event, row.topic), &at, row.value)
            }
            _ => Err(ImportError::Malformed { reason: NEITHER.to_owned() }),
        }
    }

    fn of_segment(id: ImportId, segment: &str, expires: &str) -> Result<Self, ImportError> {
        check_name("segment", segment)?;
        check_criterion("segment", segment)?;
        let expires = expiry(expires).ok_or_else(|| {
            refused("expires", expires, "a date as 2026-11-21, an instant, or 1 to 3650 days as 30d")
        })?;
        Ok(Self { id, fact: ImportFact::Segment { name: segment.to_owned(), expires } })
    }

    fn of_event(
        id: ImportId,
        (advertiser, event, topic): (String, String, Option<String>),
        at: &str,
        value: Option<JsonText>,
    ) -> Result<Self, ImportError> {
        check_name("advertiser", &advertiser)?;
        check_name("event", &event)?;
        // Questions ask for topics as definitions name them, so case and spaces are no difference here either.
        let topic = topic.map(|topic| NamedTopic::new(&topic));
        if let Some(topic) = &topic {
            check_name("topic", &topic.slug)?;
            check_criterion("topic", &topic.slug)?;
        }
        let instant = instant(at).ok_or_else(|| refused("at", at, "an instant as 2026-11-21T18:00:00Z"))?;
        let value = value.map_or_else(|| "0".to_owned(), JsonText::text);
        let amount = Nanos::from_decimal(&value, Rounding::Down)
            .ok()
            .filter(|amount| amount.raw() >= 0)
            .ok_or_else(|| refused("value", &value, "an amount in euros, not below zero"))?;
        let happened = Happened {
            advertiser: AdvertiserId::from_slug(&advertiser),
            event: EventId::from_slug(&event),
            topic: topic.as_ref().map(|topic| topic.id),
            at: instant,
            value: amount,
        };
        let topic = topic.map(|topic| topic.slug);
        Ok(Self { id, fact: ImportFact::Happened { advertiser, event, topic, happened } })
    }
}

/// The id type of an exported person: ids themselves are not kept.
const KEY: &str = "key";
const NEITHER: &str = "expected `segment` and `expires`, or `advertiser`, `event` and `at`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JsonRow {
    id_type: String,
    user_id: String,
    segment: Option<String>,
    expires: Option<JsonText>,
    advertiser: Option<String>,
    event: Option<String>,
    topic: Option<String>,
    at: Option<String>,
    value: Option<JsonText>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum JsonText {
    Number(serde_json::Number),
    Text(String),
}

impl JsonText {
    fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

fn check_name(column: &'static str, name: &str) -> Result<(), ImportError> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(refused(column, name, "a name of 1 to 128 bytes"));
    }
    Ok(())
}

/// Refuses what people may not be chosen by.
fn check_criterion(column: &'static str, name: &str) -> Result<(), ImportError> {
    sensitive_word(name)
        .map_or(Ok(()), |word| Err(ImportError::Sensitive { column, value: name.to_owned(), word }))
}

fn from_hex(text: &str) -> Option<UserKey> {
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let number = digits.then(|| u128::from_str_radix(text, 16).ok())??;
    Some(UserKey::from_bytes(number.to_be_bytes()))
}

fn instant(text: &str) -> Option<UnixMillis> {
    let instant: jiff::Timestamp = text.parse().ok()?;
    Some(UnixMillis::from_raw(instant.as_millisecond()))
}

fn refused(column: &'static str, value: &str, expected: &'static str) -> ImportError {
    ImportError::Value { column, value: value.chars().take(80).collect(), expected }
}

fn expiry(text: &str) -> Option<Expiry> {
    if let Ok(days) = text.strip_suffix('d').unwrap_or(text).parse::<u32>() {
        return (1..=DAYS_MAX).contains(&days).then_some(Expiry::Days(days));
    }
    if text.contains('T') {
        return instant(text).map(Expiry::At);
    }
    let date: jiff::civil::Date = text.parse().ok()?;
    let day = Day::from_civil(date.year().into(), date.month().into(), date.day().into());
    (day.to_string() == text).then_some(Expiry::Through(day))
}

#[cfg(test)]
mod tests {
    use super::{Expiry, ImportFact, ImportId, ImportRow};
    use crate::audience::{Happened, IdKind, NamedTopic, UserKeys};
    use crate::units::{AdvertiserId, Day, EventId, Nanos, TopicId, UnixMillis, UserKey};

    /// Reads `line` as the format it looks like; `Err` carries a part of the message.
    #[track_caller]
    fn check(line: &str, want: Result<(IdKind<'_>, &str, &str, Expiry), &str>) {
        let row =
            if line.starts_with('{') { ImportRow::parse_json(line) } else { ImportRow::parse_csv(line) };
        match (row, want) {
            (Ok(row), Ok((kind, id, segment, expires))) => {
                let keys = UserKeys::new([1; 32]);
                assert_eq!(row.id.key(&keys), keys.key_of(kind, id), "{line}");
                assert_eq!(row.fact, ImportFact::Segment { name: segment.to_owned(), expires }, "{line}");
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
        check("buyer,0,s,30", Err("not all zeros, got `0`"));
        check("key,123,s,30", Err("32 hex digits"));
        check("buyer,u,,30", Err("column `segment`"));
        check("buyer,u,diabetes-2,30", Err("names a sensitive criterion: diabetes in `diabetes-2`"));
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
        check(
            r#"{"id_type":"buyer","user_id":"u","segment":"s"}"#,
            Err("expected `segment` and `expires`, or"),
        );
        check(r#"{"id_type":"buyer","user_id":"u","segment":"s","expires":1,"event":"e"}"#, Err("expected"));
        check(r#"{"id_type":"buyer","user_id":"u","advertiser":"a","event":"e"}"#, Err("expected"));
        check(r#"{"id_type":"ifa","user_id":"u","segment":"s","expires":1,"x":1}"#, Err("unknown field"));
    }

    #[test]
    fn an_event_reads_from_json() {
        let event =
            r#"{"id_type":"buyer","user_id":"u","advertiser":"acme","event":"purchase","topic":"sofas","#;
        let read = |rest: &str| ImportRow::parse_json(&format!("{event}{rest}")).map(|row| row.fact);
        let Ok(ImportFact::Happened { happened, .. }) =
            read(r#""at":"1970-01-01T00:01:00Z","value":"12.5"}"#)
        else {
            panic!("an event");
        };
        let want = Happened {
            advertiser: AdvertiserId::from_slug("acme"),
            event: EventId::from_slug("purchase"),
            topic: Some(TopicId::from_slug("sofas")),
            at: UnixMillis::from_raw(60_000),
            value: Nanos::from_raw(12_500_000_000),
        };
        assert_eq!(happened, want);
        assert!(read(r#""at":"1970-01-01T00:01:00Z","value":12.5}"#).is_ok());
        for (rest, part) in [
            (r#""at":"yesterday"}"#, "column `at`: expected an instant"),
            (r#""at":"1970-01-01T00:01:00Z","value":-1}"#, "column `value`"),
        ] {
            assert!(read(rest).unwrap_err().to_string().contains(part), "{rest}");
        }
    }

    #[test]
    fn a_topic_is_named_as_definitions_name_it() {
        let read = |topic: &str| {
            let line = format!(
                r#"{{"id_type":"buyer","user_id":"u","advertiser":"acme","event":"basket","topic":"{topic}","at":"1970-01-01T00:01:00Z"}}"#
            );
            ImportRow::parse_json(&line).map(|row| row.fact)
        };
        let Ok(ImportFact::Happened { topic, happened, .. }) = read(" Shoes") else { panic!("an event") };
        assert_eq!(topic.as_deref(), Some("shoes"));
        assert_eq!(happened.topic, Some(NamedTopic::new("shoes").id));
        assert!(read(" ").unwrap_err().to_string().contains("column `topic`"));
    }

    #[test]
    fn an_exported_key_is_the_key() {
        let id = ImportId::new("key", "000102030405060708090a0b0c0d0e0f").unwrap();
        let want = UserKey::from_bytes(std::array::from_fn(|at| u8::try_from(at).unwrap()));
        assert_eq!(id.key(&UserKeys::new([1; 32])), want);
    }

    #[test]
    fn a_date_counts_to_its_end_and_days_from_the_import() {
        let now = UnixMillis::from_raw(1_000);
        assert_eq!(Expiry::Through(Day::from_raw(0)).instant(now).raw(), 86_400_000);
        assert_eq!(Expiry::Days(2).instant(now).raw(), 2 * 86_400_000 + 1_000);
    }
}
