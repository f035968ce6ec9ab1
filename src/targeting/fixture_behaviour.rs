//! For tests: an audience definition, random histories, and random questions about them.

use std::sync::LazyLock;

use crate::audience::{Definition, EventCount, Happened, NamedEvent, NamedTopic, RfmRange, Scores};
use crate::campaign::{Attribute, Range, Wanted};
use crate::targeting::fixture::{NOW, Random};
use crate::units::{AdvertiserId, EventId, Millis, Nanos, TopicId};

const EVENTS: &[&str] = &["product_view", "basket", "purchase"];
const TOPICS: &[&str] = &["shoes", "hats"];
const DAY: Millis = Millis::from_seconds(86_400);

/// The definition of the advertiser of the fixture's campaigns.
pub(super) static DEFINITION: LazyLock<Definition> = LazyLock::new(|| {
    let text = r#"{"advertiser": "a", "events": ["product_view", "basket", "purchase"], "rfm": {},
        "lead_score": {"points": {"product_view": 10, "basket": 30, "purchase": -20}, "half_life": "7d"},
        "intents": [{"name": "shoes", "topics": "shoes", "within": "7d"},
                    {"name": "hats", "topics": "hats", "at_least": 2, "within": "30d"}]}"#;
    Definition::of_text(text)
});

/// What somebody did, here and elsewhere, oldest first.
pub(super) fn random_history(random: &mut Random) -> Vec<Happened> {
    let count = random.pick(&[0, 0, 1, 2, 5]);
    let mut history: Vec<Happened> = (0..count)
        .map(|_| Happened {
            advertiser: AdvertiserId::from_slug(random.pick(&["a", "a", "other"])),
            event: EventId::from_slug(random.pick(EVENTS)),
            topic: random.maybe(TOPICS).map(TopicId::from_slug),
            at: NOW.minus(Millis::from_raw(random.pick(&[0, 1, 6, 7, 40, 150, 200]) * DAY.raw())),
            value: Nanos::from_raw(random.pick(&[0, 60, 500]) * 1_000_000_000),
        })
        .collect();
    history.sort_by_key(|happened| happened.at);
    history
}

/// What a rule may ask of `attribute`, one of those of behaviour.
pub(super) fn random_wanted(attribute: Attribute, random: &mut Random) -> Wanted {
    let definition = &*DEFINITION;
    let names: Vec<&str> = match attribute {
        Attribute::Event => {
            let span = |random: &mut Random| random.maybe(&[DAY, Millis::from_raw(7 * DAY.raw())]);
            let (at_least, at_most) =
                random.pick(&[(1, None), (2, None), (0, Some(0)), (0, Some(1)), (1, Some(1))]);
            let events = random.few(EVENTS).into_iter().map(NamedEvent::new).collect();
            let topics = random.maybe(TOPICS).into_iter().map(NamedTopic::new).collect();
            let after = random.percent(20).then(|| NamedEvent::new("purchase"));
            let (within, older_than) = (span(random), span(random));
            let count = EventCount { events, topics, within, older_than, after, at_least, at_most };
            return Wanted::Happened(Box::new(count));
        }
        Attribute::LeadScore => {
            let at_least = random.maybe(&[0, 5_000, 20_000]);
            return Wanted::Between(Range { at_least, below: Some(random.pick(&[30_000, 90_000])) });
        }
        Attribute::Rfm if random.percent(50) => {
            let mut scores = || Scores::from_to(random.pick(&[1, 3]), random.pick(&[3, 5]));
            let (recency, frequency, monetary) = (scores(), scores(), scores());
            return Wanted::Scored(RfmRange { recency, frequency, monetary });
        }
        Attribute::Rfm => definition.class_names().collect(),
        Attribute::Stage => definition.stage_names().collect(),
        _ => definition.intent_names().collect(),
    };
    Wanted::one_of(random.few(&names))
}
