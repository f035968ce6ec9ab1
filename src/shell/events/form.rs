//! An event as it arrives: texts, of a query or of JSON.

use serde::{Deserialize, Deserializer};

use crate::audience::{EventRefusal, IdKind, Sent, Signals};
use crate::openrtb::personal_id;
use crate::shell::arrivals::{first_of_list, text};
use crate::shell::booking::Query;
use crate::units::limits::{EVENTS_OF_CALL_MAX, USER_ID_BYTES_MAX};
use crate::units::{AdvertiserId, UnixMillis, echo};

/// Why an event cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No definition.
    #[error("there is no audience definition of `{0}`")]
    Advertiser(String),
    /// What it says.
    #[error(transparent)]
    Event(#[from] EventRefusal),
    /// It names nobody.
    #[error("it names nobody: `user_id` is missing, all zeros, or a word for nothing")]
    Nobody,
    /// Not a kind of id.
    #[error("id_type `{0}` is not `buyer`, `ifa`, `eid:SOURCE` or `exchange:NAME`")]
    IdType(String),
    /// Longer than an id may be.
    #[error("user_id has {0} bytes, at most {USER_ID_BYTES_MAX} are allowed")]
    UserId(usize),
    /// Neither RFC 3339 nor milliseconds.
    #[error("time `{0}` is neither as `2026-01-31T18:00:00Z` nor milliseconds since 1970")]
    Time(String),
}

/// An event in words; empty where nothing was sent. In JSON, numbers will do for texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventForm {
    /// Whose page or shop.
    pub advertiser: String,
    /// What happened.
    pub event: String,
    /// About what.
    #[serde(deserialize_with = "text")]
    pub topic: String,
    /// What it was worth, in currency units.
    #[serde(deserialize_with = "text")]
    pub value: String,
    /// Of the value; euros if absent.
    pub currency: String,
    /// The order, to count it once for a person, whatever its topic: lines of it need an `event_id` each.
    #[serde(deserialize_with = "text")]
    pub order: String,
    /// The event's own id, to count it once; goes before `order`.
    #[serde(deserialize_with = "text")]
    pub event_id: String,
    /// What `user_id` is, as imports name it.
    pub id_type: String,
    /// The person.
    #[serde(deserialize_with = "text")]
    pub user_id: String,
    /// When; now if absent.
    #[serde(deserialize_with = "text")]
    pub time: String,
    /// As [`Signals::gdpr`].
    #[serde(deserialize_with = "text")]
    pub gdpr: String,
    /// As [`Signals::gdpr_consent`].
    pub gdpr_consent: String,
    /// As [`Signals::gpp`].
    pub gpp: String,
    /// As [`Signals::gpp_sid`].
    #[serde(deserialize_with = "text")]
    pub gpp_sid: String,
    /// As [`Signals::us_privacy`].
    pub us_privacy: String,
    /// As [`Signals::coppa`].
    #[serde(deserialize_with = "text")]
    pub coppa: String,
    /// 1 if Global Privacy Control is on.
    #[serde(deserialize_with = "text")]
    pub gpc: String,
    /// 1 if the browser asks not to be tracked.
    #[serde(deserialize_with = "text")]
    pub dnt: String,
}

/// The events of a call: no more are kept than may be taken, whatever was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventForms {
    /// The first of them, [`EVENTS_OF_CALL_MAX`] at most.
    pub forms: Vec<EventForm>,
    /// How many were sent.
    pub sent: usize,
}

impl<'de> Deserialize<'de> for EventForms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (forms, sent) = first_of_list(deserializer, "a list of events", EVENTS_OF_CALL_MAX)?;
        Ok(Self { forms, sent })
    }
}

impl EventForm {
    /// The event in a pixel's query: `a` advertiser, `e` event, `t` topic, `v` value, `c` currency, `o` order, `i`
    /// the event's id; the rest by the names that JSON has.
    #[must_use]
    pub fn of_query(query: &str) -> Self {
        let query = Query::parse(query);
        let get = |key| query.get(key).to_owned();
        Self {
            advertiser: get("a"),
            event: get("e"),
            topic: get("t"),
            value: get("v"),
            currency: get("c"),
            order: get("o"),
            event_id: get("i"),
            id_type: get("id_type"),
            user_id: get("user_id"),
            time: String::new(),
            gdpr: get("gdpr"),
            gdpr_consent: get("gdpr_consent"),
            gpp: get("gpp"),
            gpp_sid: get("gpp_sid"),
            us_privacy: get("us_privacy"),
            coppa: get("coppa"),
            gpc: get("gpc"),
            dnt: get("dnt"),
        }
    }

    /// Whose page or shop.
    #[must_use]
    pub fn advertiser(&self) -> AdvertiserId {
        AdvertiserId::from_slug(&self.advertiser)
    }

    /// That there is no definition of the advertiser.
    #[must_use]
    pub fn unknown_advertiser(&self) -> Unusable {
        Unusable::Advertiser(echo(&self.advertiser))
    }

    /// What it says of the event.
    ///
    /// # Errors
    ///
    /// [`Unusable::Time`].
    pub fn sent(&self) -> Result<Sent<'_>, Unusable> {
        let id = if self.event_id.is_empty() { &self.order } else { &self.event_id };
        Ok(Sent {
            event: &self.event,
            topic: &self.topic,
            value: &self.value,
            currency: &self.currency,
            id,
            at: self.instant()?,
        })
    }

    fn instant(&self) -> Result<Option<UnixMillis>, Unusable> {
        if self.time.is_empty() {
            return Ok(None);
        }
        let millis = self.time.parse().ok();
        let written = || self.time.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
        let millis = millis.or_else(written).ok_or_else(|| Unusable::Time(echo(&self.time)))?;
        Ok(Some(UnixMillis::from_raw(millis)))
    }

    /// What it says of consent.
    #[must_use]
    pub fn signals(&self) -> Signals<'_> {
        let is_on = |flag: &str| !matches!(flag, "" | "0");
        Signals {
            gdpr: &self.gdpr,
            gdpr_consent: &self.gdpr_consent,
            gpp: &self.gpp,
            gpp_sid: &self.gpp_sid,
            us_privacy: &self.us_privacy,
            coppa: &self.coppa,
            gpc: is_on(&self.gpc),
            dnt: is_on(&self.dnt),
        }
    }

    /// The person that it names, if it names any: zeros, a word for nothing, or a macro that nobody filled in are no
    /// person, as in bid requests.
    #[must_use]
    pub fn person(&self) -> Option<Result<(IdKind<'_>, &str), Unusable>> {
        let id = personal_id(&self.user_id)?;
        let Some(kind) = IdKind::parse(&self.id_type) else {
            return Some(Err(Unusable::IdType(echo(&self.id_type))));
        };
        Some(if id.len() <= USER_ID_BYTES_MAX { Ok((kind, id)) } else { Err(Unusable::UserId(id.len())) })
    }
}

#[cfg(test)]
mod tests {
    use super::{EventForm, EventForms, Unusable};
    use crate::audience::IdKind;
    use crate::units::limits::EVENTS_OF_CALL_MAX;

    #[test]
    fn of_a_list_no_more_is_kept_than_may_be_taken() {
        let list = |len: usize| format!("[{}]", vec!["{}"; len].join(","));
        for (sent, kept) in
            [(0, 0), (1, 1), (EVENTS_OF_CALL_MAX, EVENTS_OF_CALL_MAX), (300_000, EVENTS_OF_CALL_MAX)]
        {
            let read: EventForms = serde_json::from_str(&list(sent)).unwrap();
            assert_eq!((read.sent, read.forms.len()), (sent, kept));
            assert!(read.forms.capacity() <= 2 * EVENTS_OF_CALL_MAX);
        }
        assert!(serde_json::from_str::<EventForms>(r#"[{"advertisr": "shop"}]"#).is_err());
        assert!(serde_json::from_str::<EventForms>("{}").is_err());
    }

    #[test]
    fn a_query_and_json_say_the_same() {
        let query = "a=shop&e=basket&t=running+shoes&v=3.50&c=EUR&o=17&id_type=buyer&user_id=u&gdpr=0";
        let json = r#"{"advertiser": "shop", "event": "basket", "topic": "running shoes", "value": 3.50,
                       "currency": "EUR", "order": 17, "id_type": "buyer", "user_id": "u", "gdpr": 0}"#;
        assert_eq!(EventForm::of_query(query), serde_json::from_str(json).unwrap());
        assert!(serde_json::from_str::<EventForm>(r#"{"advertisr": "shop"}"#).is_err());
        assert!(serde_json::from_str::<EventForm>(r#"{"value": [1]}"#).is_err());
    }

    #[test]
    fn a_time_is_written_as_a_date_or_as_milliseconds() {
        let at = |time: &str| EventForm { time: time.to_owned(), ..EventForm::default() }.instant();
        assert_eq!(at(""), Ok(None));
        for time in ["1780000000000", "2026-05-28T20:26:40Z", "2026-05-28T22:26:40+02:00"] {
            assert_eq!(at(time).map(|at| at.map(|at| at.raw())), Ok(Some(1_780_000_000_000)), "{time}");
        }
        for time in ["yesterday", "2026-05-28", "1e12", "99999999999999999999"] {
            assert_eq!(at(time), Err(Unusable::Time(time.to_owned())));
        }
    }

    #[test]
    fn a_person_is_named_as_in_imports_and_never_by_zeros() {
        let person = |id_type: &str, user_id: &str| {
            let form = EventForm {
                id_type: id_type.to_owned(),
                user_id: user_id.to_owned(),
                ..EventForm::default()
            };
            form.person().map(|person| person.map(|(kind, _)| kind == IdKind::Eid("id5")))
        };
        assert_eq!(person("", ""), None);
        assert_eq!(person("eid:id5", "x"), Some(Ok(true)));
        assert_eq!(person("ifa", "AB"), Some(Ok(false)));
        assert_eq!(person("mail", "x"), Some(Err(Unusable::IdType("mail".to_owned()))));
        for nobody in ["", "0", "00000000-0000-0000-0000-000000000000", "null", "${USER_ID}"] {
            assert_eq!(person("buyer", nobody), None, "{nobody}");
        }
        assert_eq!(person("buyer", &"x".repeat(513)), Some(Err(Unusable::UserId(513))));
    }
}
