//! Standings by tables, and against naive formulas on random histories.

use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::Standing;
use crate::audience::{Definition, Happened};
use crate::units::{AdvertiserId, EventId, Nanos, TopicId, UnixMillis};

const DAY: i64 = 86_400_000;
const NOW: UnixMillis = UnixMillis::from_raw(20_000 * DAY);
const FILE: &str = r#"{
  "advertiser": "shop",
  "events": ["product_view", "basket", "purchase", "lead"],
  "retention": "365d",
  "lead_score": { "points": { "product_view": 3, "basket": 20, "lead": 40, "purchase": -30 }, "half_life": "10d", "cap": 100 },
  "rfm": {},
  "intents": [
    { "name": "running", "events": ["product_view"], "topics": ["shoes", "trail"], "at_least": 2, "within": "14d" },
    { "name": "gifts", "topics": "gifts", "within": "7d" }
  ]
}"#;

fn definition() -> Definition {
    Definition::of_text(FILE)
}

/// What, about what, how many days ago, for how many euros.
type Row = (&'static str, &'static str, i64, i64);

fn history(rows: &[Row]) -> Vec<Happened> {
    let happened = |(event, topic, days, euros): &Row| Happened {
        advertiser: AdvertiserId::from_slug("shop"),
        event: EventId::from_slug(event),
        topic: (!topic.is_empty()).then(|| TopicId::from_slug(topic)),
        at: UnixMillis::from_raw(NOW.raw() - days * DAY),
        value: Nanos::from_raw(euros * 1_000_000_000),
    };
    rows.iter().map(happened).collect()
}

#[track_caller]
fn stage(rows: &[Row], want: Option<&str>) {
    assert_eq!(Standing::of(&definition(), &history(rows), NOW).stage, want, "{rows:?}");
}

#[track_caller]
fn rfm(rows: &[Row], want: Option<([u8; 3], &str)>) {
    let definition = definition();
    let rfm = Standing::of(&definition, &history(rows), NOW).rfm;
    let got = rfm.map(|rfm| {
        ([rfm.scores.recency, rfm.scores.frequency, rfm.scores.monetary], rfm.class.unwrap_or("none"))
    });
    assert_eq!(got, want, "{rows:?}");
}

#[track_caller]
fn score(rows: &[Row], want: u32) {
    assert_eq!(Standing::of(&definition(), &history(rows), NOW).lead_score, want, "{rows:?}");
}

#[test]
fn a_stage_of_the_life_cycle_follows_from_what_was_done() {
    let view = ("product_view", "", 1, 0);
    stage(&[], None);
    stage(&[view], Some("visitor"));
    stage(&[view, view, view], Some("engaged"));
    stage(&[view, ("basket", "", 0, 0)], Some("basket"));
    stage(&[("basket", "", 31, 0)], Some("visitor"));
    stage(&[("basket", "", 2, 0), ("purchase", "", 1, 50)], Some("customer"));
    stage(&[("purchase", "", 9, 50), ("basket", "", 2, 0)], Some("basket"));
    stage(&[("purchase", "", 9, 50), ("purchase", "", 2, 50)], Some("repeat"));
    stage(&[("purchase", "", 119, 50)], Some("customer"));
    stage(&[("purchase", "", 120, 50), view], Some("lapsed"));
    stage(&[("purchase", "", 365, 50)], None);
}

#[test]
fn classes_follow_from_how_lately_how_often_and_for_how_much() {
    rfm(&[("product_view", "", 1, 999)], None);
    rfm(&[("purchase", "", 13, 49)], Some(([5, 1, 1], "promising")));
    rfm(&[("purchase", "", 14, 50)], Some(([4, 1, 2], "promising")));
    rfm(&[("purchase", "", 45, 150), ("purchase", "", 300, 250)], Some(([3, 2, 4], "occasional")));
    rfm(&[("purchase", "", 1, 200); 5], Some(([5, 4, 5], "champions")));
    rfm(&[("purchase", "", 1, 10); 3], Some(([5, 3, 1], "loyal")));
    rfm(&[("purchase", "", 90, 10); 3], Some(([2, 3, 1], "at_risk")));
    rfm(&[("purchase", "", 180, 10)], Some(([1, 1, 1], "lost")));
    rfm(&[("purchase", "", 365, 10)], None);
}

#[test]
fn a_score_halves_with_its_half_life_and_stays_within_its_bounds() {
    score(&[], 0);
    score(&[("lead", "", 0, 0)], 40);
    score(&[("lead", "", 10, 0)], 20);
    score(&[("lead", "", 20, 0)], 10);
    score(&[("lead", "", 5, 0)], 28); // 40 / sqrt(2) = 28.28
    score(&[("product_view", "", 10, 0)], 1);
    score(&[("product_view", "", 10, 0), ("product_view", "", 10, 0)], 3);
    score(&[("lead", "", 0, 0); 3], 100);
    score(&[("lead", "", 0, 0), ("purchase", "", 0, 0)], 10);
    score(&[("purchase", "", 0, 0)], 0);
}

#[test]
fn an_intent_holds_where_its_topics_were_looked_at_often_enough() {
    let definition = definition();
    let intents = |rows: &[Row]| Standing::of(&definition, &history(rows), NOW).intents.into_vec();
    let (shoes, trail) = (("product_view", "shoes", 1, 0), ("product_view", "trail", 13, 0));
    assert_eq!(intents(&[shoes]), [] as [&str; 0]);
    assert_eq!(intents(&[shoes, trail]), ["running"]);
    assert_eq!(intents(&[shoes, ("product_view", "trail", 14, 0)]), [] as [&str; 0]);
    assert_eq!(intents(&[shoes, ("basket", "shoes", 1, 0)]), [] as [&str; 0]);
    assert_eq!(intents(&[shoes, trail, ("lead", "gifts", 0, 0)]), ["running", "gifts"]);
}

const EVENTS: [&str; 4] = ["product_view", "basket", "purchase", "lead"];

fn any_event() -> impl Strategy<Value = Happened> {
    let ages = prop_oneof![0..40 * DAY, 0..400 * DAY, Just(-60_000)];
    (0..2_u8, 0..EVENTS.len(), 0..3_usize, ages, 0..500_i64).prop_map(|(whose, event, topic, age, euros)| {
        Happened {
            advertiser: AdvertiserId::from_slug(["shop", "other"][usize::from(whose)]),
            event: EventId::from_slug(EVENTS[event]),
            topic: [None, Some("shoes"), Some("gifts")][topic].map(TopicId::from_slug),
            at: UnixMillis::from_raw(NOW.raw() - age),
            value: Nanos::from_raw(euros * 1_000_000_000),
        }
    })
}

/// Ages in milliseconds of the shop's own events of one kind that count.
fn ages(history: &[Happened], event: &str) -> Vec<i64> {
    let own = history.iter().filter(|one| one.advertiser == AdvertiserId::from_slug("shop"));
    let named = own.filter(|one| one.event == EventId::from_slug(event));
    named.map(|one| (NOW.raw() - one.at.raw()).max(0)).filter(|age| *age < 365 * DAY).collect()
}

proptest! {
    /// By floats, and whole scores only where the sum is not too near to one for them.
    #[test]
    fn a_score_is_the_sum_of_powers_of_two(history in prop::collection::vec(any_event(), 0..60)) {
        let points = [("product_view", 3.0), ("basket", 20.0), ("purchase", -30.0), ("lead", 40.0)];
        let worth = |(event, points): &(&str, f64)| -> f64 {
            ages(&history, event).iter().map(|age| points * (-*age as f64 / (10 * DAY) as f64).exp2()).sum()
        };
        let sum: f64 = points.iter().map(worth).sum();
        let got = f64::from(Standing::of(&definition(), &history, NOW).lead_score);
        let bounded = |sum: f64| sum.floor().clamp(0.0, 100.0);
        prop_assert!(bounded(sum - 0.01) <= got && got <= bounded(sum + 0.01), "{} and {}", got, sum);
    }

    /// Stage and classes from plain lists of ages.
    #[test]
    fn stage_and_classes_are_what_plain_lists_say(history in prop::collection::vec(any_event(), 0..12)) {
        let definition = definition();
        let standing = Standing::of(&definition, &history, NOW);
        let (bought, put) = (ages(&history, "purchase"), ages(&history, "basket"));
        // The instants decide what came after what: two ages of zero may be of different instants.
        let instants = |event: &str| -> Vec<i64> {
            let own = history.iter().filter(|one| one.advertiser == AdvertiserId::from_slug("shop"));
            let named = own.filter(|one| one.event == EventId::from_slug(event));
            named.map(|one| one.at.raw()).filter(|at| NOW.raw() - at < 365 * DAY).collect()
        };
        let last_bought = instants("purchase").into_iter().max().unwrap_or(i64::MIN);
        let left = instants("basket").into_iter().any(|at| NOW.raw() - at < 30 * DAY && at > last_bought);
        let all: Vec<i64> = EVENTS.iter().flat_map(|event| ages(&history, event)).collect();
        let want = if left {
            Some("basket")
        } else if !bought.is_empty() && bought.iter().all(|age| *age >= 120 * DAY) {
            Some("lapsed")
        } else if bought.len() >= 2 {
            Some("repeat")
        } else if bought.len() == 1 {
            Some("customer")
        } else if all.iter().filter(|age| **age < 30 * DAY).count() >= 3 {
            Some("engaged")
        } else {
            (!all.is_empty()).then_some("visitor")
        };
        prop_assert_eq!(standing.stage, want, "baskets {:?}", put);
        let youngest = bought.iter().min();
        prop_assert_eq!(standing.rfm.is_some(), youngest.is_some());
        if let (Some(rfm), Some(youngest)) = (standing.rfm, youngest) {
            let recency = 5 - [14, 45, 90, 180].iter().filter(|days| *youngest >= *days * DAY).count();
            prop_assert_eq!(usize::from(rfm.scores.recency), recency);
            let frequency = 1 + [2, 3, 5, 8].iter().filter(|count| bought.len() >= **count).count();
            prop_assert_eq!(usize::from(rfm.scores.frequency), frequency);
            prop_assert!(rfm.class.is_some(), "every customer is in a class");
        }
    }

    /// The order in which a history is kept changes nothing.
    #[test]
    fn a_standing_does_not_depend_on_the_order_of_a_history(
        history in prop::collection::vec(any_event(), 0..20),
    ) {
        let definition = definition();
        let backwards: Vec<Happened> = history.iter().rev().copied().collect();
        prop_assert_eq!(
            Standing::of(&definition, &history, NOW),
            Standing::of(&definition, &backwards, NOW)
        );
    }
}
