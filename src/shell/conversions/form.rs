//! A conversion as it arrives: texts, of a query or of JSON, alone or in a batch.

use serde::de::{Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer, Serialize};

use crate::audience::{IdKind, Signals};
use crate::openrtb::personal_id;
use crate::shell::arrivals::{digits_or_text, first_of_list, text};
use crate::shell::booking::Query;
use crate::shell::conversions::ConversionRefusal;
use crate::units::limits::{CONVERSIONS_OF_CALL_MAX, USER_ID_BYTES_MAX};
use crate::units::{UnixMillis, echo};

/// Below so many it is seconds, from there on milliseconds: of the years 1973 to 5138 either way.
const MILLIS_FROM: i64 = 100_000_000_000;

/// A conversion in words; empty where nothing was sent. In JSON, numbers will do for texts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConversionForm {
    /// What the landing page or the store got as `encan_click`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub click: String,
    /// `purchase`, `lead`, ...
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The order, to count it once.
    #[serde(deserialize_with = "digits_or_text", skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// What it brought, in currency units; the type's value if absent.
    #[serde(deserialize_with = "digits_or_text", skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Of the value; the type's if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// What the customer is expected to bring altogether, in the same currency; the type's if absent.
    #[serde(deserialize_with = "digits_or_text", skip_serializing_if = "Option::is_none")]
    pub lifetime_value: Option<String>,
    /// When it happened; now if absent.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub time: String,
    /// Whose it is, where no click tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub advertiser: String,
    /// The promo code that was used.
    #[serde(deserialize_with = "text", skip_serializing_if = "String::is_empty")]
    pub code: String,
    /// Who it was, where no click tells.
    #[serde(skip_serializing)]
    pub user: Option<Person>,
    /// As [`Signals::gdpr`].
    #[serde(deserialize_with = "text", skip_serializing)]
    pub gdpr: String,
    /// As [`Signals::gdpr_consent`].
    #[serde(skip_serializing)]
    pub gdpr_consent: String,
    /// As [`Signals::gpp`].
    #[serde(skip_serializing)]
    pub gpp: String,
    /// As [`Signals::gpp_sid`].
    #[serde(deserialize_with = "text", skip_serializing)]
    pub gpp_sid: String,
    /// As [`Signals::us_privacy`].
    #[serde(skip_serializing)]
    pub us_privacy: String,
    /// As [`Signals::coppa`].
    #[serde(deserialize_with = "text", skip_serializing)]
    pub coppa: String,
    /// 1 if Global Privacy Control is on.
    #[serde(deserialize_with = "text", skip_serializing)]
    pub gpc: String,
    /// 1 if the browser asks not to be tracked.
    #[serde(deserialize_with = "text", skip_serializing)]
    pub dnt: String,
}

/// A person, as imports name people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Person {
    /// What `id` is.
    pub id_type: String,
    /// The id.
    #[serde(deserialize_with = "text")]
    pub id: String,
}

/// The conversions of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConversionForms {
    /// The first of them, [`CONVERSIONS_OF_CALL_MAX`] at most.
    pub forms: Vec<ConversionForm>,
    /// How many were sent.
    pub sent: usize,
    /// True if they came as a list, be it of one.
    pub is_list: bool,
}

impl ConversionForms {
    /// What `body` holds: a conversion, a list of them, or `{"conversions": [...]}`.
    ///
    /// # Errors
    ///
    /// Why it is none of these.
    pub fn parse(body: &[u8]) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Peek {
            conversions: Option<IgnoredAny>,
        }
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Batch {
            conversions: List,
        }
        let is_bare = body.trim_ascii_start().first() == Some(&b'[');
        let is_list =
            is_bare || serde_json::from_slice::<Peek>(body).is_ok_and(|it| it.conversions.is_some());
        if !is_list {
            return Ok(Self { forms: vec![serde_json::from_slice(body)?], sent: 1, is_list });
        }
        let List { read, sent } = if is_bare {
            serde_json::from_slice(body)?
        } else {
            serde_json::from_slice::<Batch>(body)?.conversions
        };
        if sent == 0 {
            return Err(serde_json::Error::custom("the list is empty"));
        }
        Ok(Self { forms: read, sent, is_list })
    }
}

/// A list of conversions: no more are kept than may be taken, whatever was sent.
struct List {
    read: Vec<ConversionForm>,
    sent: usize,
}

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (read, sent) = first_of_list(deserializer, "a list of conversions", CONVERSIONS_OF_CALL_MAX)?;
        Ok(Self { read, sent })
    }
}

impl ConversionForm {
    /// The conversion in a page's query, by the names that JSON has. It names its click: a page that anybody can read
    /// cannot vouch for a code or a person.
    #[must_use]
    pub fn of_page(query: &str) -> Self {
        let query = Query::parse(query);
        Self {
            click: query.get("click").to_owned(),
            kind: query.get("type").to_owned(),
            order: query.optional("order"),
            value: query.optional("value"),
            currency: query.optional("currency"),
            lifetime_value: query.optional("lifetime_value"),
            code: query.get("code").to_owned(),
            ..Self::default()
        }
    }

    /// The conversion in the query of whoever measures an app, by the names that such callers use; other parameters are
    /// passed over, and macros that were not replaced are taken for nothing. Without an event it is an `install`.
    #[must_use]
    pub fn of_install(query: &str) -> Self {
        let query = Query::parse(query);
        let first = |names: &[&str]| {
            let mut values = names.iter().map(|name| replaced(query.get(name)));
            values.find(|value| !value.is_empty()).unwrap_or_default().to_owned()
        };
        let some = |names: &[&str]| Some(first(names)).filter(|value| !value.is_empty());
        Self {
            click: first(&["click_id", "clickid", "click", "encan_click"]),
            kind: some(&["event", "event_name", "type"]).unwrap_or_else(|| "install".to_owned()),
            order: some(&["transaction_id", "order_id", "order", "event_id"]),
            value: some(&["revenue", "event_revenue", "value"]),
            currency: some(&["currency", "event_revenue_currency", "event_currency"]),
            time: first(&["time", "event_time", "install_time", "timestamp"]),
            ..Self::default()
        }
    }

    /// When it happened, if that was sent: seconds or milliseconds since 1970, or a date and time, of UTC where it does
    /// not say of what.
    ///
    /// # Errors
    ///
    /// [`ConversionRefusal::Time`].
    pub fn instant(&self) -> Result<Option<UnixMillis>, ConversionRefusal> {
        let text = self.time.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let number = text.parse().ok().map(|number: i64| {
            if (-MILLIS_FROM..MILLIS_FROM).contains(&number) { number * 1_000 } else { number }
        });
        let utc = |moment: jiff::civil::DateTime| moment.to_zoned(jiff::tz::TimeZone::UTC).ok();
        let written = || text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond);
        let civil = || Some(utc(text.parse().ok()?)?.timestamp().as_millisecond());
        let day = || {
            Some(
                utc(text.parse::<jiff::civil::Date>().ok()?.to_datetime(jiff::civil::Time::midnight()))?
                    .timestamp()
                    .as_millisecond(),
            )
        };
        let millis = number.or_else(written).or_else(civil).or_else(day);
        millis
            .map(|millis| Some(UnixMillis::from_raw(millis)))
            .ok_or_else(|| ConversionRefusal::Time(echo(text)))
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
    ///
    /// # Errors
    ///
    /// [`ConversionRefusal::IdType`], [`ConversionRefusal::UserId`].
    pub fn person(&self) -> Result<Option<(IdKind<'_>, &str)>, ConversionRefusal> {
        let Some(person) = &self.user else { return Ok(None) };
        let kind = IdKind::parse(&person.id_type);
        let kind = kind.ok_or_else(|| ConversionRefusal::IdType(echo(&person.id_type)))?;
        let Some(id) = personal_id(&person.id) else { return Ok(None) };
        if id.len() > USER_ID_BYTES_MAX {
            return Err(ConversionRefusal::UserId(id.len()));
        }
        Ok(Some((kind, id)))
    }
}

/// `value`, or nothing where it is a macro that nobody replaced, in any of the forms in which partners write them.
fn replaced(value: &str) -> &str {
    let value = value.trim();
    let is_macro = value.contains(['{', '}', '[', ']'])
        || value.contains("%%")
        || (value.len() > 4 && value.starts_with("__") && value.ends_with("__"))
        || ["null", "undefined"].iter().any(|word| value.eq_ignore_ascii_case(word));
    if is_macro { "" } else { value }
}

#[cfg(test)]
mod tests {
    use super::{ConversionForm, ConversionForms};
    use crate::shell::conversions::ConversionRefusal;
    use crate::units::limits::CONVERSIONS_OF_CALL_MAX;

    #[test]
    fn a_call_holds_one_conversion_or_a_list_of_no_more_than_may_be_taken() {
        let parse = |text: &str| ConversionForms::parse(text.as_bytes());
        let one =
            parse(r#"{"click": "c", "type": "lead", "order": 7, "value": 1.50, "currency": null}"#).unwrap();
        assert_eq!((one.sent, one.is_list), (1, false));
        assert_eq!((one.forms[0].order.as_deref(), one.forms[0].value.as_deref()), (Some("7"), Some("1.50")));
        for text in
            [r#"[{"type": "a"}, {"type": "b"}]"#, r#" {"conversions": [{"type": "a"}, {"type": "b"}]}"#]
        {
            let list = parse(text).unwrap();
            assert_eq!((list.sent, list.is_list, list.forms[1].kind.as_str()), (2, true, "b"), "{text}");
        }
        let many = format!("[{}]", vec!["{}"; 5_000].join(","));
        let many = parse(&many).unwrap();
        assert_eq!((many.sent, many.forms.len()), (5_000, CONVERSIONS_OF_CALL_MAX));
        for text in [
            "",
            "null",
            "7",
            "[]",
            r#"{"conversions": []}"#,
            r#"{"conversions": [], "x": 1}"#,
            r#"[{"price": 1}]"#,
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_postback_is_read_by_the_names_of_partners_and_macros_that_stayed_are_nothing() {
        let form = ConversionForm::of_install(
            "clickid=tok&event_name=&revenue=%7Brevenue%7D&currency=__CURRENCY__&transaction_id=t-1&install_time=1780000000&idfa=x",
        );
        let want = ConversionForm {
            click: "tok".to_owned(),
            kind: "install".to_owned(),
            order: Some("t-1".to_owned()),
            time: "1780000000".to_owned(),
            ..ConversionForm::default()
        };
        assert_eq!(form, want);
        for (query, click) in
            [("click_id={clickid}&click=a", "a"), ("click_id=%%CLICK%%", ""), ("click_id=[id]", "")]
        {
            assert_eq!(ConversionForm::of_install(query).click, click, "{query}");
        }
        let paid = ConversionForm::of_install("click_id=a&event=purchase&revenue=4.99&currency=USD");
        assert_eq!((paid.kind.as_str(), paid.value.as_deref()), ("purchase", Some("4.99")));
    }

    #[test]
    fn a_time_is_seconds_milliseconds_or_a_date() {
        let at = |time: &str| ConversionForm { time: time.to_owned(), ..ConversionForm::default() }.instant();
        assert_eq!(at(" "), Ok(None));
        for time in [
            "1780000000",
            "1780000000000",
            "2026-05-28T20:26:40Z",
            "2026-05-28T22:26:40+02:00",
            "2026-05-28 20:26:40",
        ] {
            assert_eq!(at(time).map(|at| at.map(|at| at.raw())), Ok(Some(1_780_000_000_000)), "{time}");
        }
        assert_eq!(at("2026-05-28").map(|at| at.map(|at| at.raw())), Ok(Some(1_779_926_400_000)));
        for time in ["yesterday", "28/05/2026", "1e9", "99999999999999999999"] {
            assert_eq!(at(time), Err(ConversionRefusal::Time(time.to_owned())));
        }
    }
}
