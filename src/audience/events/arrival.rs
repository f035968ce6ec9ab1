//! An event as a page or a server sends it, checked against its advertiser's definition.

use crate::audience::{Definition, Happened, NamedTopic};
use crate::privacy::sensitive_word;
use crate::units::limits::{EVENT_AHEAD_MAX, EVENT_ID_BYTES_MAX, TOPIC_CHARS_MAX};
use crate::units::{Currency, EventId, FxRate, Nanos, Rounding, UnixMillis, echo};

/// Currency units that one event may be worth: far above any basket, and a year of them can be summed.
const VALUE_UNITS_MAX: i64 = 10_000_000;

/// What was sent; texts are empty where nothing was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sent<'a> {
    /// The event's name.
    pub event: &'a str,
    /// What it was about.
    pub topic: &'a str,
    /// What it was worth, as decimal text.
    pub value: &'a str,
    /// The currency of `value`; euros where it is empty.
    pub currency: &'a str,
    /// The event's own id, or its order's: with the same one it happens once.
    pub id: &'a str,
    /// When it happened; now where it is absent.
    pub at: Option<UnixMillis>,
}

/// An event that may be recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// What happened.
    pub happened: Happened,
    /// With the same id it happens once for a person.
    pub id: Option<&'a str>,
}

/// Why an event is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventRefusal {
    /// The advertiser's definition does not name it.
    #[error("`{advertiser}` declares no event `{event}`")]
    Unknown {
        /// Whose.
        advertiser: String,
        /// As sent.
        event: String,
    },
    /// Too long, or it stands for something that nobody may be targeted by.
    #[error("topic `{0}` is longer than {TOPIC_CHARS_MAX} characters or names a sensitive criterion")]
    Topic(String),
    /// No number, negative, or far too large.
    #[error("value `{0}` is not an amount from 0 to {VALUE_UNITS_MAX}")]
    Value(String),
    /// Not a currency with a rate to the euro.
    #[error("there is no exchange rate from `{0}` to the euro")]
    Currency(String),
    /// Longer than an id may be.
    #[error("the id has {0} bytes, at most {EVENT_ID_BYTES_MAX} are allowed")]
    Id(usize),
    /// Older than the advertiser's events count.
    #[error("it happened {days} days ago, and events count for {kept} days")]
    TooOld {
        /// Its age in whole days.
        days: i64,
        /// The retention in whole days.
        kept: i64,
    },
    /// Later than a clock may be ahead.
    #[error("it happens {seconds} seconds from now, and a clock may be ahead by {}", EVENT_AHEAD_MAX.raw() / 1_000)]
    Ahead {
        /// How far ahead.
        seconds: i64,
    },
}

impl<'a> Arrival<'a> {
    /// What `sent` says for the advertiser of `definition` at `now`; `rate` is the rate from a currency to the euro.
    /// Values are rounded down to a nano-euro.
    ///
    /// # Errors
    ///
    /// [`EventRefusal`], the first that applies.
    pub fn read(
        sent: Sent<'a>,
        definition: &Definition,
        rate: impl Fn(Currency) -> Option<FxRate>,
        now: UnixMillis,
    ) -> Result<Self, EventRefusal> {
        let event = EventId::from_slug(sent.event);
        if !definition.has_event(event) {
            let advertiser = definition.slug.clone();
            return Err(EventRefusal::Unknown { advertiser, event: echo(sent.event) });
        }
        let topic = Some(sent.topic.trim()).filter(|topic| !topic.is_empty());
        if let Some(topic) = topic
            && (topic.chars().nth(TOPIC_CHARS_MAX).is_some() || sensitive_word(topic).is_some())
        {
            return Err(EventRefusal::Topic(echo(topic)));
        }
        if sent.id.len() > EVENT_ID_BYTES_MAX {
            return Err(EventRefusal::Id(sent.id.len()));
        }
        let happened = Happened {
            advertiser: definition.advertiser,
            event,
            // One that nobody declared is not kept: pages send what they like, and all of it would have to be.
            topic: topic
                .map(|topic| NamedTopic::new(topic).id)
                .filter(|topic| definition.topic(*topic).is_some()),
            at: instant(sent.at, definition, now)?,
            value: value(sent, rate)?,
        };
        Ok(Self { happened, id: Some(sent.id).filter(|id| !id.is_empty()) })
    }
}

/// When it happened: not so long ago that it would not count, and not later than a hurried clock says.
fn instant(
    at: Option<UnixMillis>,
    definition: &Definition,
    now: UnixMillis,
) -> Result<UnixMillis, EventRefusal> {
    const DAY_MS: i64 = 86_400_000;
    let at = at.unwrap_or(now);
    let age = now.since(at);
    if age >= definition.retention {
        let (days, kept) = (age.raw() / DAY_MS, definition.retention.raw() / DAY_MS);
        return Err(EventRefusal::TooOld { days, kept });
    }
    if at.since(now) > EVENT_AHEAD_MAX {
        return Err(EventRefusal::Ahead { seconds: at.since(now).raw() / 1_000 });
    }
    Ok(at)
}

fn value(sent: Sent<'_>, rate: impl Fn(Currency) -> Option<FxRate>) -> Result<Nanos, EventRefusal> {
    let wrong = || EventRefusal::Value(echo(sent.value));
    let within = |value: &Nanos| (0..=VALUE_UNITS_MAX * 1_000_000_000).contains(&value.raw());
    if sent.value.is_empty() {
        return Ok(Nanos::ZERO);
    }
    let value = Nanos::from_decimal(sent.value, Rounding::Down).ok().filter(within).ok_or_else(wrong)?;
    let rate = match sent.currency {
        "" => Some(FxRate::SAME),
        code => Currency::from_code(code).and_then(rate),
    };
    let rate = rate.ok_or_else(|| EventRefusal::Currency(echo(sent.currency)))?;
    rate.amount(value, Rounding::Down).filter(within).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{Arrival, Sent};
    use crate::audience::{Definition, Happened};
    use crate::units::{AdvertiserId, Currency, EventId, FxRate, Millis, Nanos, TopicId, UnixMillis};

    const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);
    const BASKET: Sent<'_> = Sent { event: "basket", topic: "", value: "", currency: "", id: "", at: None };

    fn read(sent: Sent<'_>) -> Result<Happened, String> {
        let definition = Definition::sample("shop", &["basket"]);
        // Two dollars for a euro.
        let rate = |from| (from == Currency::USD).then(|| FxRate::new(1, 2)).flatten();
        let arrival = Arrival::read(sent, &definition, rate, NOW).map_err(|refusal| refusal.to_string())?;
        assert_eq!(arrival.id.unwrap_or_default(), sent.id);
        Ok(arrival.happened)
    }

    #[track_caller]
    fn refused(sent: Sent<'_>, want: &str) {
        assert_eq!(read(sent).expect_err("a refusal"), want);
    }

    #[test]
    fn an_event_is_taken_with_all_that_it_says() {
        let happened = Happened {
            advertiser: AdvertiserId::from_slug("shop"),
            event: EventId::from_slug("basket"),
            topic: None,
            at: NOW,
            value: Nanos::ZERO,
        };
        assert_eq!(read(BASKET), Ok(happened));
        let at = NOW.minus(Millis::from_seconds(60));
        let sent =
            Sent { topic: " Shoes", value: "3.50", currency: "USD", id: "order-1", at: Some(at), ..BASKET };
        let topic = Some(TopicId::from_slug("shoes"));
        assert_eq!(read(sent), Ok(Happened { topic, at, value: Nanos::from_raw(1_750_000_000), ..happened }));
        assert_eq!(read(Sent { topic: "hats", ..BASKET }), Ok(happened), "a topic that nobody declared");
        let euros = Sent { value: "3.50", ..BASKET };
        assert_eq!(read(euros).map(|happened| happened.value.raw()), Ok(3_500_000_000));
    }

    #[test]
    fn what_is_not_declared_or_not_sound_is_refused_by_name() {
        refused(Sent { event: "baskets", ..BASKET }, "`shop` declares no event `baskets`");
        refused(Sent { event: "", ..BASKET }, "`shop` declares no event ``");
        let health = "topic `Health advice` is longer than 64 characters or names a sensitive criterion";
        refused(Sent { topic: "Health advice", ..BASKET }, health);
        for value in ["-1", "x", "10000001", "NaN", "1e400"] {
            refused(
                Sent { value, ..BASKET },
                &format!("value `{value}` is not an amount from 0 to 10000000"),
            );
        }
        for currency in ["JPY", "usd", "${CURRENCY}"] {
            let want = format!("there is no exchange rate from `{currency}` to the euro");
            refused(Sent { value: "1", currency, ..BASKET }, &want);
        }
        let long = "x".repeat(257);
        refused(Sent { id: &long, ..BASKET }, "the id has 257 bytes, at most 256 are allowed");
        assert!(read(Sent { topic: &"é".repeat(64), ..BASKET }).is_ok());
        assert!(read(Sent { topic: &"é".repeat(65), ..BASKET }).is_err());
    }

    #[test]
    fn an_event_counts_from_its_retention_to_a_little_ahead_of_now() {
        let at = |ms: i64| Sent { at: Some(UnixMillis::from_raw(NOW.raw() + ms)), ..BASKET };
        let kept = Definition::sample("shop", &[]).retention.raw();
        assert!(read(at(1 - kept)).is_ok());
        refused(at(-kept), "it happened 180 days ago, and events count for 180 days");
        assert!(read(at(300_000)).is_ok());
        refused(at(301_000), "it happens 301 seconds from now, and a clock may be ahead by 300");
        assert!(read(at(i64::MAX - NOW.raw())).is_err());
        assert!(read(Sent { at: Some(UnixMillis::from_raw(i64::MIN)), ..BASKET }).is_err());
    }
}
