//! What holds where a definition says nothing.

use crate::audience::{EventCount, NamedEvent, RfmClass, RfmRange, Scores, Stage};
use crate::units::{Millis, Nanos};

const DAY: i64 = 86_400;

/// How long events count.
pub(in crate::audience) const RETENTION: Millis = Millis::from_seconds(180 * DAY);
/// The half-life of points.
pub(in crate::audience) const HALF_LIFE: Millis = Millis::from_seconds(14 * DAY);
/// The highest score.
pub(in crate::audience) const SCORE_CAP: u32 = 100;
/// The event that the defaults take for a sale.
pub(in crate::audience) const PURCHASE: &str = "purchase";
/// The event that the defaults take for something put aside to be bought.
const BASKET: &str = "basket";
/// Days from which on a last purchase is worth 4, 3, 2 and 1.
pub(in crate::audience) const RECENCY_DAYS: [u32; 4] = [14, 45, 90, 180];
/// Purchases from which on a frequency is worth 2, 3, 4 and 5.
pub(in crate::audience) const FREQUENCY: [u32; 4] = [2, 3, 5, 8];
/// Euros from which on what was spent is worth 2, 3, 4 and 5.
pub(in crate::audience) const MONETARY: [Nanos; 4] = [
    Nanos::from_raw(50_000_000_000),
    Nanos::from_raw(150_000_000_000),
    Nanos::from_raw(400_000_000_000),
    Nanos::from_raw(1_000_000_000_000),
];

/// Names of the stages that a definition need not describe, in the order in which they are asked.
pub(in crate::audience) const STAGES: [&str; 6] =
    ["basket", "lapsed", "repeat", "customer", "engaged", "visitor"];

/// The stages of an advertiser that sends `events` and names none of its own.
pub(in crate::audience) fn stages(events: &[NamedEvent], retention: Millis) -> Vec<Stage> {
    STAGES.into_iter().filter_map(|name| stage(name, events, retention)).collect()
}

/// The stage of that name; `None` if it is none of [`STAGES`], or asks for an event that is not sent.
///
/// `basket`: one of the last 30 days that no purchase followed. `lapsed`: bought, but not in the last 120 days.
/// `repeat`: bought twice or more. `customer`: bought. `engaged`: did three things in the last 30 days. `visitor`:
/// did anything at all. No span is longer than the retention.
pub(in crate::audience) fn stage(name: &str, events: &[NamedEvent], retention: Millis) -> Option<Stage> {
    let known = |slug: &str| events.iter().find(|event| event.slug == slug).cloned();
    let of = |event: NamedEvent| EventCount { events: vec![event], ..EventCount::any() };
    let days = |days: i64| Some(Millis::from_seconds(days * DAY).min(retention));
    let when = match name {
        "basket" => vec![EventCount { within: days(30), after: known(PURCHASE), ..of(known(BASKET)?) }],
        "lapsed" => {
            let lately = EventCount { within: days(120), ..of(known(PURCHASE)?) };
            vec![of(known(PURCHASE)?), EventCount { at_least: 0, at_most: Some(0), ..lately }]
        }
        "repeat" => vec![EventCount { at_least: 2, ..of(known(PURCHASE)?) }],
        "customer" => vec![of(known(PURCHASE)?)],
        "engaged" => vec![EventCount { at_least: 3, within: days(30), ..EventCount::any() }],
        "visitor" => vec![EventCount::any()],
        _ => return None,
    };
    Some(Stage { name: name.to_owned(), when })
}

/// The classes of a definition that names none: every customer is in one of them.
pub(in crate::audience) fn classes() -> Vec<RfmClass> {
    let class = |name: &str, recency: Scores, frequency: Scores, monetary: Scores| RfmClass {
        name: name.to_owned(),
        range: RfmRange { recency, frequency, monetary },
    };
    let (high, upper, low) = (Scores::from_to(4, 5), Scores::from_to(3, 5), Scores::from_to(1, 2));
    vec![
        class("champions", high, high, high),
        class("loyal", upper, upper, Scores::ALL),
        class("promising", high, Scores::ALL, Scores::ALL),
        class("at_risk", low, upper, Scores::ALL),
        class("lost", Scores::from_to(1, 1), Scores::ALL, Scores::ALL),
        class("occasional", Scores::ALL, Scores::ALL, Scores::ALL),
    ]
}
