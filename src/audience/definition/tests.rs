//! Definition files: what they give, and what they are refused for.

use crate::audience::{Definition, Scores, read_definition};
use crate::document::{Faults, Source};
use crate::units::{EventId, Millis, TopicId};

fn read(text: &str) -> Result<Definition, Vec<String>> {
    let mut faults = Faults::new();
    let definition = read_definition(&Source::new("shop.json", text), &mut faults);
    let told: Vec<String> = faults
        .into_vec()
        .into_iter()
        .map(|fault| match fault.hint {
            Some(hint) => format!("{} ({hint})", fault.message),
            None => fault.message,
        })
        .collect();
    definition.ok_or(told)
}

/// Reads a definition with `more` behind its advertiser and events.
fn with(more: &str) -> Result<Definition, Vec<String>> {
    let events = r#"["product_view", "basket", "purchase"]"#;
    read(&format!(r#"{{"advertiser": "shop", "events": {events}, "retention": "90d"{more}}}"#))
}

#[track_caller]
fn refused(more: &str, want: &[&str]) {
    assert_eq!(with(more).expect_err("a refusal"), want, "{more}");
}

#[test]
fn a_short_definition_has_the_usual_stages_of_its_events() {
    let names = |events: &str| -> Vec<String> {
        let read = read(&format!(r#"{{"advertiser": "shop", "events": {events}}}"#)).unwrap();
        assert_eq!(read.retention, Millis::from_seconds(180 * 86_400));
        assert!(read.lead_score.is_none() && read.rfm.is_none() && read.intents.is_empty());
        assert!(read.assume_gdpr && read.privacy.vendor_id.is_none() && read.token.is_none());
        read.stage_names().map(str::to_owned).collect()
    };
    assert_eq!(names(r#""product_view""#), ["engaged", "visitor"]);
    assert_eq!(names(r#"["basket", "lead"]"#), ["basket", "engaged", "visitor"]);
    let all = ["basket", "lapsed", "repeat", "customer", "engaged", "visitor"];
    assert_eq!(names(r#"["basket", "purchase"]"#), all);
}

#[test]
fn every_part_is_read_as_written() {
    let read = with(
        r#", "topics": [" Hats", "shoes"], "privacy": {"vendor_id": 7, "assume_gdpr": false, "legitimate_interests": [2]},
        "token": "env:SHOP",
        "lead_score": {"points": {"basket": 20, "purchase": -30}, "half_life": "36h", "cap": 500},
        "rfm": {"events": ["basket", "purchase"], "period": "30d", "recency_days": [1, 2, 3, 4],
                "frequency": [2, 4, 6, 8], "monetary": [0.5, 1, 2, 3],
                "classes": [{"name": "best", "recency": [4, 5], "monetary": 5}]},
        "stages": [{"name": "hot", "when": ["basket", {"name": "purchase", "at_most": 0}]}, "visitor"],
        "intents": [{"name": "shoes", "topics": ["Shoes"], "within": "7d", "at_least": 2}]"#,
    )
    .unwrap();
    assert_eq!((read.privacy.vendor_id, read.assume_gdpr), (Some(7), false));
    assert!(read.token.is_some());
    let score = read.lead_score.as_ref().unwrap();
    let points = [(EventId::from_slug("basket"), 20), (EventId::from_slug("purchase"), -30)];
    assert_eq!((score.points.as_slice(), score.half_life.raw(), score.cap), (&points[..], 129_600_000, 500));
    let rfm = read.rfm.as_ref().unwrap();
    assert_eq!(rfm.recency.map(|age| age.raw() / 86_400_000), [1, 2, 3, 4]);
    assert_eq!(rfm.monetary.map(|sum| sum.raw()), [500_000_000, 1_000_000_000, 2_000_000_000, 3_000_000_000]);
    let best = rfm.classes[0].range;
    assert_eq!((best.recency, best.frequency), (Scores::from_to(4, 5), Scores::ALL));
    assert_eq!(read.stage_names().collect::<Vec<_>>(), ["hot", "visitor"]);
    assert_eq!(read.stages[0].when[1].to_string(), "purchase, never");
    let mut topics: Vec<&str> = read.topics.iter().map(|topic| topic.slug.as_str()).collect();
    topics.sort_unstable();
    assert_eq!(topics, ["hats", "shoes"], "declared, and asked for");
    let kept = |topic| read.topic(TopicId::from_slug(topic)).map(|topic| topic.slug.as_str());
    assert_eq!((kept("shoes"), kept("Shoes"), kept("cars")), (Some("shoes"), None, None));
    assert_eq!(read.intents[0].when.to_string(), "any event about shoes within 7d, at least 2");
}

#[test]
fn every_fault_is_told_at_once_with_its_remedy() {
    refused(
        r#", "lead_score": {"points": {"baskets": 1, "basket": 5000}}, "stages": ["lapst"],
        "intents": [{"name": "health", "within": "7d", "topics": "x"}, {"name": "y", "within": "91d", "events": "basket"}]"#,
        &[
            "`lead_score.points.baskets` is not an event of the advertiser, got `baskets` (did you mean `basket`?)",
            "`lead_score.points.basket` must be from -1000 to 1000, got 5000",
            "`stages[0]` is no usual stage, got \"lapst\" (did you mean `lapsed`?)",
            "`intents[0].name` names a sensitive criterion: health in \"health\" (nobody may be targeted by health, \
             religion, origin, sexual life, politics or union)",
            "`intents[1].within` reaches further back than events count, got \"91d\" (raise `retention` in the \
             audience definition)",
        ],
    );
}

#[test]
fn questions_that_always_or_never_hold_are_refused() {
    let stage = |when: &str| format!(r#", "stages": [{{"name": "x", "when": {when}}}]"#);
    let told = |when: &str| with(&stage(when)).expect_err("a refusal").remove(0);
    for (when, part) in [
        (r#"{"name": "basket", "at_least": 3, "at_most": 2}"#, "never holds"),
        (r#"{"name": "basket", "at_least": 0}"#, "always holds"),
        (r#"{"name": "basket", "within": "7d", "older_than": "7d"}"#, "never holds"),
        (r#"{"name": "basket", "after": "sale"}"#, "is not an event of the advertiser"),
        (r#"{"name": "basket", "topic": "gay pride"}"#, "sensitive"),
        (r#"{"name": "basket", "at_least": 65}"#, "must be from 0 to 64"),
        ("[]", "must not be an empty list"),
        (r#"{"name": "purchase", "at_most": 0}"#, "holds for people who did nothing"),
        (r#"[{"name": "purchase", "at_most": 0}, {"name": "basket", "at_most": 0}]"#, "who did nothing"),
    ] {
        assert!(told(when).contains(part), "{}", told(when));
    }
    assert!(with(&stage(r#"{"name": "basket", "within": "7d", "older_than": "6d"}"#)).is_ok());
}

#[test]
fn what_is_wrong_with_numbers_names_and_places_is_refused() {
    for (more, part) in [
        (r#", "rfm": {"recency_days": [1, 2, 3]}"#, "four ascending numbers"),
        (r#", "rfm": {"monetary": [1, 3, 2, 4]}"#, "four ascending numbers"),
        (r#", "rfm": {"classes": [{"name": "x", "recency": 6}]}"#, "must be from 1 to 5"),
        (r#", "rfm": {"period": "91d"}"#, "further back"),
        (r#", "token": "hunter2""#, "must name the place of a secret"),
        (r#", "privacy": {"vendor_id": 0}"#, "must be from 1 to 65535"),
        (r#", "stages": ["basket", "basket"]"#, "is given twice"),
        (r#", "intents": [{"name": "x", "within": "7d"}]"#, "neither `events` nor `topics`"),
        (r#", "score": 1"#, "is not a known key"),
        (r#", "topics": ["hiv"]"#, "sensitive"),
    ] {
        let told = with(more).expect_err("a refusal");
        assert!(told.iter().any(|fault| fault.contains(part)), "{told:?}");
    }
    for text in [
        r#"{"advertiser": "shop", "events": ["a", "a"]}"#,
        r#"{"advertiser": "shop", "events": []}"#,
        r#"{"advertiser": "shop", "events": ["cancer"]}"#,
        r#"{"advertiser": "Shop", "events": ["a"]}"#,
        r#"{"advertiser": "shop", "events": ["a"], "retention": "396d"}"#,
        r#"{"advertiser": "shop", "events": ["a"], "rfm": {}}"#,
        r#"{"advertiser": "shop"}"#,
        "[]",
    ] {
        assert_eq!(read(text).expect_err("a refusal").len(), 1, "{text}");
    }
}
