//! Cases of targeting that nothing can satisfy, and of what says nothing in a rule.

use super::{CAMPAIGN, compiled_over, told};
use crate::audience::Definitions;
use crate::document::Source;

const LISTS: &[(&str, &str)] = &[("news", "lemonde.fr\nbfmtv.com"), ("more", "lemonde.fr")];

/// The messages about a line item of this targeting, without their places and hints.
fn said(targeting: &str) -> Vec<String> {
    let text = CAMPAIGN.replacen(r#"{"country": "FR"}"#, targeting, 1);
    let lists: Vec<Source> =
        LISTS.iter().map(|(name, text)| Source::new(format!("{name}.txt"), *text)).collect();
    let without = |fault: &String| {
        let end = fault.rfind(" (").unwrap_or(fault.len());
        let (severity, rest) = fault[..end].split_once(' ').unwrap();
        let message = rest.split_once("`line_items[0].targeting").unwrap().1;
        format!("{severity} {message}")
    };
    let faults = told(&compiled_over(&[&text], &Definitions::default(), &lists));
    faults.iter().filter(|fault| fault.contains("targeting")).map(without).collect()
}

#[track_caller]
fn never(targeting: &str, why: &str) {
    let errors: Vec<String> = said(targeting).into_iter().filter(|line| line.starts_with("error")).collect();
    assert_eq!(errors, [format!("error ` can never be satisfied: {why}")], "{targeting}");
}

#[track_caller]
fn fine(targeting: &str) {
    assert_eq!(said(targeting), [] as [&str; 0], "{targeting}");
}

#[test]
fn values_of_one_attribute_that_exclude_one_another_are_refused() {
    never(r#"{"all": [{"os": "ios"}, {"os": ["android", "kaios"]}]}"#, "no `os` is ios and android, kaios");
    never(
        r#"{"all": [{"domain": "lemonde.fr"}, {"domain": "bfmtv.com"}]}"#,
        "no `domain` is lemonde.fr and bfmtv.com",
    );
    fine(r#"{"all": [{"domain": "lemonde.fr"}, {"domain": "sport.lemonde.fr"}]}"#);
    never(r#"{"all": [{"postcode": "75"}, {"postcode": "69"}]}"#, "no `postcode` is 75 and 69");
    fine(r#"{"all": [{"postcode": "75"}, {"postcode": ["69", "75 116"]}]}"#);
    // A user is in many segments, an outlet has many categories.
    fine(
        r#"{"all": [{"segment": "shoes"}, {"segment": "bags"}, {"category": "IAB1"}, {"category": "IAB2"}]}"#,
    );
}

#[test]
fn a_test_and_its_negation_are_refused_whatever_it_is_on() {
    never(
        r#"{"all": [{"segment": "shoes"}, {"not": {"segment": ["shoes", "bags"]}}]}"#,
        "no `segment` is shoes and not shoes, bags",
    );
    never(
        r#"{"all": [{"category": "IAB2-3"}, {"not": {"category": "IAB2"}}]}"#,
        "no `category` is IAB2-3 and not IAB2",
    );
    fine(r#"{"all": [{"category": "IAB2"}, {"not": {"category": "IAB2-3"}}]}"#);
    never(
        r#"{"all": [{"domain": {"list": "news"}}, {"not": {"domain": [{"list": "news"}, "a.example"]}}]}"#,
        "no `domain` is list news and not list news, a.example",
    );
    fine(r#"{"all": [{"domain": {"list": "news"}}, {"not": {"domain": {"list": "more"}}}]}"#);
    never(
        r#"{"all": [{"domain": ["lemonde.fr", "sport.bfmtv.com"]}, {"not": {"domain": {"list": "news"}}}]}"#,
        "no `domain` is lemonde.fr, sport.bfmtv.com and not list news",
    );
    fine(r#"{"all": [{"domain": ["lemonde.fr", "fr.example"]}, {"not": {"domain": {"list": "news"}}}]}"#);
    fine(r#"{"all": [{"domain": "fr.example"}, {"domain": {"list": "news"}}]}"#);
    never(
        r#"{"all": [{"site": "fr.example"}, {"site": {"list": "news"}}]}"#,
        "no `site` is fr.example and list news",
    );
    let circle = r#"{"near": {"lat": 48.85, "lon": 2.35, "km": 5}}"#;
    never(
        &format!(r#"{{"all": [{circle}, {{"not": {circle}}}]}}"#),
        "no `near` is within 1 circles and not within 1 circles",
    );
}

#[test]
fn a_negation_of_every_word_there_is_is_refused() {
    never(
        r#"{"not": {"device": ["phone", "tablet", "desktop", "tv", "other"]}}"#,
        "no `device` is not phone, tablet, desktop and 2 more",
    );
    fine(r#"{"not": {"device": ["phone", "tablet", "desktop"]}}"#);
    // Type 1 is a phone or a tablet, and nothing else is two things.
    fine(r#"{"all": [{"device": "phone"}, {"device": "tablet"}]}"#);
    never(r#"{"all": [{"device": "phone"}, {"device": "desktop"}]}"#, "no `device` is phone and desktop");
    fine(r#"{"all": [{"connection": "cellular"}, {"connection": "5g"}]}"#);
    never(r#"{"all": [{"connection": "4g"}, {"connection": "5g"}]}"#, "no `connection` is 4g and 5g");
    never(r#"{"all": [{"live": true}, {"not": {"live": true}}]}"#, "no `live` is true and not true");
    never(r#"{"all": [{"live": true}, {"live": false}]}"#, "no `live` is true and false");
}

#[test]
fn places_that_lie_apart_are_refused() {
    never(r#"{"country": "FR", "region": "DE-BY"}"#, "no `country` is FR and DE");
    never(r#"{"country": "FR", "region": ["DE-BY", "BE-VLG"]}"#, "no `country` is FR and DE, BE");
    fine(r#"{"country": "FR", "region": ["DE-BY", "FR-IDF"]}"#);
    never(r#"{"all": [{"not": {"country": "FR"}}, {"region": "FR-IDF"}]}"#, "no `country` is not FR and FR");
    // Where somebody lives is another place.
    fine(r#"{"country": "FR", "home_region": "DE-BY"}"#);
    let (paris, lyon) =
        (r#"{"near": {"lat": 48.85, "lon": 2.35, "km": 50}}"#, r#"{"lat": 45.76, "lon": 4.83"#);
    never(
        &format!(r#"{{"all": [{paris}, {{"near": {lyon}, "km": 50}}}}]}}"#),
        "no `near` is within 1 circles and within 1 circles",
    );
    fine(&format!(r#"{{"all": [{paris}, {{"near": {lyon}, "km": 400}}}}]}}"#));
}

#[test]
fn hours_and_numbers_without_overlap_are_refused() {
    let hours = |from: &str, to: &str| format!(r#"{{"daypart": {{"from": "{from}", "to": "{to}"}}}}"#);
    let all = |one: &str, other: &str| format!(r#"{{"all": [{one}, {other}]}}"#);
    never(
        &all(&hours("08:00", "12:00"), &hours("12:00", "18:00")),
        "no `daypart` is in 28 hours of the week and in 42 hours of the week",
    );
    fine(&all(&hours("08:00", "13:00"), &hours("12:00", "18:00")));
    let viewer = r#"{"daypart": {"from": "12:00", "to": "18:00", "clock": "viewer"}}"#;
    fine(&all(&hours("08:00", "12:00"), viewer));
    let plays = |range: &str| format!(r#"{{"impressions_per_play": {{{range}}}}}"#);
    never(
        &all(&plays(r#""below": 4"#), &plays(r#""at_least": 4"#)),
        "no `impressions_per_play` is in one range and in one range",
    );
    fine(&all(&plays(r#""at_most": 4"#), &plays(r#""at_least": 4"#)));
    let not = format!(r#"{{"not": {}}}"#, plays(r#""at_least": 2"#));
    never(
        &all(&not, &plays(r#""at_least": 3"#)),
        "no `impressions_per_play` is not in one range and in one range",
    );
    fine(&all(&not, &plays(r#""at_least": 1"#)));
}

#[test]
fn what_no_one_channel_tells_is_refused() {
    never(
        r#"{"domain": "a.example", "bundle": "com.a"}"#,
        "no request has `domain` (of site) and `bundle` (of app)",
    );
    never(
        r#"{"channel": "app", "page": "a.example/b"}"#,
        "no request has `channel` app and `page` (of site)",
    );
    never(
        r#"{"all": [{"not": {"channel": "dooh"}}, {"impressions_per_play": {"below": 9}}]}"#,
        "no request has `channel` not dooh and `impressions_per_play` (of dooh)",
    );
    never(
        r#"{"all": [{"channel": "app"}, {"any": [{"channel": "site"}, {"channel": "dooh"}]}]}"#,
        "no branch of its `any` can; of the first no `channel` is app and site",
    );
    fine(r#"{"any": [{"domain": "a.example"}, {"bundle": "com.a"}]}"#);
    // Whoever does not tell passes: a site of this domain, an app of this bundle.
    fine(r#"{"domain": "a.example", "bundle": "com.a", "unknown": "include"}"#);
}

#[test]
fn what_says_nothing_of_the_unknown_counts_too() {
    never(
        r#"{"all": [{"country": "FR"}, {"country": "DE", "unknown": "include"}]}"#,
        "no `country` is FR and DE",
    );
    assert_eq!(
        said(
            r#"{"all": [{"country": "FR", "unknown": "include"}, {"country": "DE", "unknown": "include"}]}"#
        ),
        ["warning ` fits only where the request does not tell: no `country` is FR and DE"],
    );
    // An impression always says whether it is rewarded.
    never(
        r#"{"all": [{"rewarded": true, "unknown": "include"}, {"rewarded": false, "unknown": "include"}]}"#,
        "no `rewarded` is true and false",
    );
}

#[test]
fn a_contradiction_is_found_under_any_and_not() {
    never(
        r#"{"all": [{"country": "FR"}, {"any": [{"country": "DE"}, {"region": "BE-VLG"}]}]}"#,
        "no branch of its `any` can; of the first no `country` is FR and DE",
    );
    fine(r#"{"all": [{"country": "FR"}, {"any": [{"country": "DE"}, {"region": "FR-IDF"}]}]}"#);
    never(
        r#"{"all": [{"os": "ios"}, {"not": {"any": [{"os": "ios"}, {"make": "apple"}]}}]}"#,
        "no `os` is ios and not ios",
    );
    fine(r#"{"all": [{"os": "ios"}, {"not": {"all": [{"os": "ios"}, {"make": "apple"}]}}]}"#);
    never(r#"{"not": {}}"#, "`{}` holds of everybody, so its `not` of nobody");
}

#[test]
fn what_takes_too_long_to_look_at_is_let_through() {
    let any: Vec<String> =
        (0..1_000).map(|n| format!(r#"{{"any": [{{"make": "a{n}"}}, {{"make": "b{n}"}}]}}"#)).collect();
    // The first two already exclude one another, so this one ends soon.
    assert!(said(&format!(r#"{{"all": [{}]}}"#, any.join(", ")))[0].contains("never"));
    let any: Vec<String> =
        (0..1_000).map(|n| format!(r#"{{"any": [{{"segment": "a{n}"}}, {{"segment": "b{n}"}}]}}"#)).collect();
    let rule = format!(r#"{{"all": [{}, {{"os": "a"}}, {{"not": {{"os": "a"}}}}]}}"#, any.join(", "));
    assert!(said(&rule)[0].contains("never"));
}

#[test]
fn a_format_that_no_creative_has_is_noticed() {
    let want = ["warning ` allows no format that a creative of this line item has"];
    assert_eq!(said(r#"{"format": ["video", "audio"]}"#), want);
    assert_eq!(said(r#"{"not": {"format": "banner"}}"#), want);
    fine(r#"{"format": ["video", "banner"]}"#);
}

#[track_caller]
fn noticed(targeting: &str, what: &str) {
    assert_eq!(said(targeting), [format!("warning {what}")], "{targeting}");
}

#[test]
fn values_that_say_nothing_are_noticed() {
    noticed(r#"{"country": ["FR", "BE", "fra"]}"#, ".country` names `FR` twice");
    noticed(
        r#"{"domain": ["a.example", "www.A.example", "a.example"]}"#,
        ".domain` names `a.example` twice, and 1 more",
    );
    noticed(
        r#"{"domain": ["sport.lemonde.fr", "lemonde.fr", "x.sport.lemonde.fr"]}"#,
        ".domain` names `sport.lemonde.fr`, which is covered by its `lemonde.fr`, and 1 more",
    );
    noticed(
        r#"{"category": ["IAB2", "IAB2-3"]}"#,
        ".category` names `IAB2-3`, which is covered by its `IAB2`",
    );
    noticed(
        r#"{"page": ["a.example", "a.example/b/c"]}"#,
        ".page` names `a.example/b/c`, which is covered by its `a.example`",
    );
    noticed(r#"{"postcode": ["75", "75001"]}"#, ".postcode` names `75001`, which is covered by its `75`");
    fine(
        r#"{"domain": ["lemonde.fr", "monde.fr"], "category": ["IAB2", "IAB20-1"], "postcode": ["75", "69"]}"#,
    );
}

#[test]
fn a_list_named_twice_is_noticed() {
    noticed(
        r#"{"domain": [{"list": "news"}, "a.example", {"list": "news"}]}"#,
        ".domain` names `news` twice",
    );
}

#[test]
fn a_test_that_takes_everything_is_noticed() {
    noticed(
        r#"{"device": ["phone", "tablet", "desktop", "tv", "other"]}"#,
        ".device` takes every value there is",
    );
    let viewer = r#"{"daypart": {"from": "00:00", "to": "24:00", "clock": "viewer"}}"#;
    noticed(viewer, ".daypart` takes every value there is");
}

#[test]
fn a_rule_that_holds_of_everybody_is_noticed() {
    noticed(r#"{"any": [{"rewarded": true}, {"rewarded": false}]}"#, "` holds of everybody");
    noticed(
        r#"{"any": [{"os": "ios", "unknown": "include"}, {"not": {"os": "ios", "unknown": "include"}}]}"#,
        "` holds of everybody",
    );
    fine(r#"{"any": [{"os": "ios"}, {"not": {"os": "ios"}}]}"#);
    fine("{}");
}

#[test]
fn a_rule_given_twice_is_noticed() {
    noticed(
        r#"{"any": [{"os": "ios"}, {"make": "apple"}, {"os": "iOS"}]}"#,
        ".any[2]` says the same as `line_items[0].targeting.any[0]`",
    );
}
