//! Cases of frequency caps: how they are written, and what is said of those that never bind.

use crate::campaign::tests::{CAMPAIGN, compiled, faults};
use crate::campaign::{Catalog, CountBy, FrequencyCap};
use crate::units::Millis;

const LONGEST: &str = r#"{"impressions": 64, "per": "31d"}"#;

/// The campaign with caps of its advertiser, itself, its line item and its creative.
fn campaign(advertiser: &str, campaign: &str, line_item: &str, creative: &str) -> String {
    let list = |caps: &str| format!(r#""frequency": [{caps}]"#);
    CAMPAIGN
        .replace(r#""country": "FR"},"#, &format!(r#""country": "FR", {}}},"#, list(advertiser)))
        .replace(r#""name": "Spring","#, &format!(r#""name": "Spring", {},"#, list(campaign)))
        .replace(r#""id": "all","#, &format!(r#""id": "all", {},"#, list(line_item)))
        .replace(r#""id": "mpu","#, &format!(r#""id": "mpu", {},"#, list(creative)))
}

/// A cap in the words of a file: `3 1d`, `3 1d household`, `3 1d user bid`.
fn cap(words: &str) -> String {
    let mut words = words.split(' ');
    let (impressions, per) = (words.next().unwrap(), words.next().unwrap());
    let (by, unknown) = (words.next().unwrap_or("user"), words.next().unwrap_or("skip"));
    format!(r#"{{"impressions": {impressions}, "per": "{per}", "by": "{by}", "unknown": "{unknown}"}}"#)
}

/// Caps of advertiser, campaign, line item and creative have exactly the faults `want`, without severity, column
/// and hint if those are not told.
#[track_caller]
fn check(caps: [&[&str]; 4], want: &[&str]) {
    let [a, c, l, k] = caps.map(|caps| caps.iter().map(|words| cap(words)).collect::<Vec<_>>().join(", "));
    let got = faults(&[&campaign(&a, &c, &l, &k)]);
    assert_eq!(got.len(), want.len(), "{got:#?}");
    for (got, want) in got.iter().zip(want) {
        assert!(got.contains(want), "{got}");
    }
}

fn accept(text: &str) -> Catalog {
    assert_eq!(faults(&[text]), Vec::<String>::new());
    compiled(&[text]).catalog.unwrap()
}

/// A cap of the line item as it is written has exactly these faults.
#[track_caller]
fn check_written(cap: &str, want: &[&str]) {
    assert_eq!(faults(&[&campaign("", "", cap, "")]), want);
}

#[test]
fn every_level_has_caps_and_each_says_whom_it_counts() {
    let text = campaign(
        r#"{"impressions": 9, "per": "1d", "by": "household", "unknown": "bid"}"#,
        r#"{"impressions": 5, "per": "1d", "unknown_users": "bid"}, {"impressions": 20, "per": "7d"}"#,
        r#"{"impressions": 3, "per": "90s", "by": "user"}"#,
        r#"{"impressions": 1, "per": "1h", "unknown": "skip"}"#,
    );
    let catalog = accept(&text);
    let cap = |by, impressions, seconds, include_unknown| FrequencyCap {
        by,
        impressions,
        per: Millis::from_seconds(seconds),
        include_unknown,
    };
    let (user, day) = (CountBy::User, 86_400);
    assert_eq!(catalog.advertisers[0].frequency, [cap(CountBy::Household, 9, day, true)]);
    assert_eq!(catalog.campaigns[0].frequency, [cap(user, 5, day, true), cap(user, 20, 7 * day, false)]);
    assert_eq!(catalog.line_items[0].frequency, [cap(user, 3, 90, false)]);
    assert_eq!(catalog.creatives[0].frequency, [cap(user, 1, 3_600, false)]);
    assert_eq!(catalog.frequency_caps().count(), 5);
}

#[test]
fn a_cap_that_cannot_be_kept_is_refused_with_the_limit() {
    check_written(
        r#"{"impressions": 0, "per": "1d"}"#,
        &["error 11:50 `line_items[0].frequency[0].impressions` must be at least 1, got 0 \
           (to stop it, set `\"status\": \"paused\"`)"],
    );
    check_written(
        r#"{"impressions": 129, "per": "60"}"#,
        &[
            "error 11:50 `line_items[0].frequency[0].impressions` must be from 1 to 64, got 129",
            "error 11:62 `line_items[0].frequency[0].per` must be a span of time above 0, got \"60\" \
             (a whole number and s, m, h or d: `90s`, `10m`, `6h`, `30d`)",
        ],
    );
    check_written(
        r#"{"impressions": 1, "per": "32d"}"#,
        &["error 11:60 `line_items[0].frequency[0].per` must be at most 31d, got \"32d\" \
           (nobody's impressions are remembered longer)"],
    );
    check_written(
        r#"{"impressions": 1, "per": "1d", "unknown": "bid", "unknown_users": "bid"}"#,
        &["error 11:101 `line_items[0].frequency[0].unknown_users` says the same as `unknown` (remove it)"],
    );
    accept(&campaign("", "", LONGEST, ""));
    let nine: Vec<String> = (1..=9).map(|n| cap(&format!("{n} {}m", n * n))).collect();
    assert!(
        faults(&[&campaign("", "", &nine.join(","), "")])[0].contains("has 9 caps, at most 8 are allowed")
    );
    accept(&campaign("", "", &nine[..8].join(","), ""));
}

#[test]
fn a_cap_of_the_flight_is_as_long_as_the_flight_if_that_is_remembered() {
    let flying = |flight: &str| {
        let text = campaign("", r#"{"impressions": 3, "per": "flight"}"#, "", "");
        text.replace(r#"{"start": "2026-01-01"}"#, flight)
    };
    let catalog = accept(&flying(r#"{"start": "2026-06-01", "end": "2026-06-10"}"#));
    let flight = catalog.campaigns[0].flight;
    let length = flight.end.unwrap().raw() - flight.start.raw();
    assert_eq!(catalog.campaigns[0].frequency[0].per.raw(), length);
    let refused = |flight: &str, want: &str| {
        let got = faults(&[&flying(flight)]).join(" ");
        assert!(got.contains(want), "{got}");
    };
    refused(r#"{"start": "2026-01-01"}"#, "`frequency[0].per` needs a flight with an `end`");
    let year = r#"{"start": "2026-06-01", "end": "2027-05-31"}"#;
    refused(year, "`frequency[0].per` must be at most 31d, and the flight has 3");
    let text = campaign(r#"{"impressions": 3, "per": "flight"}"#, "", "", "");
    assert!(faults(&[&text])[0].contains("must be a span of time: an advertiser has no flight"));
}

#[test]
fn a_cap_that_never_binds_is_told_with_both_places_both_numbers_and_the_remedy() {
    check(
        [&[], &["3 1d"], &["5 1d"], &[]],
        &[
            "warning 11:34 `line_items[0].frequency[0]` of 5 per 1d never binds: the campaign's cap of 3 per 1d \
           (`a.json` line 4) is always reached first or with it (lower it to 2 or less, or remove it)",
        ],
    );
    check([&[], &["2 1d"], &["1 1d"], &[]], &[]);
    check([&[], &["2 1d"], &["5 7d"], &[]], &[]);
}

#[test]
fn windows_of_one_level_hide_each_other() {
    let hourly = "of 3 per 1h never binds: the line item's cap of 2 per 1d (`a.json` line 11)";
    check([&[], &[], &["3 1h", "2 1d"], &[]], &[hourly]);
    check([&[], &[], &["2 1h", "3 1d"], &[]], &[]);
    check([&[], &[], &["2 1h", "48 1d"], &[]], &["of 48 per 1d never binds"]);
    check([&[], &[], &["2 1h", "47 1d"], &[]], &[]);
    check([&[], &[], &["2 1d", "2 1d"], &[]], &["frequency[1]` of 2 per 1d never binds"]);
    check([&[], &[], &["2 1d", "2 1d"], &[]], &["(remove one of the two)"]);
    check(
        [&[], &[], &["2 4h", "3 7h", "5 11h"], &[]],
        &["of 5 per 11h never binds: the line item's cap of 2 per 4h"],
    );
}

#[test]
fn every_level_is_held_against_all_wider_ones() {
    check(
        [&[], &[], &["3 1d"], &["5 1d"]],
        &["`creatives[0].frequency[0]` of 5 per 1d never binds: the line item's"],
    );
    check(
        [&[], &["3 1d"], &[], &["5 1d"]],
        &["`creatives[0].frequency[0]` of 5 per 1d never binds: the campaign's"],
    );
    check(
        [&["3 1d"], &[], &[], &["5 1d"]],
        &["`creatives[0].frequency[0]` of 5 per 1d never binds: the advertiser's"],
    );
    check(
        [&["3 1d"], &["3 1d"], &[], &[]],
        &["`frequency[0]` of 3 per 1d never binds: the advertiser's cap of 3"],
    );
    check([&["4 1d"], &["3 1d"], &["2 1d"], &["1 1d"]], &[]);
}

#[test]
fn a_creative_of_several_line_items_may_reach_more_than_each_of_them() {
    let text = campaign("", "", &cap("3 1d"), &cap("5 1d"));
    let other = r#"{"id": "two", "goal": {"cpm": 1}}, {"#;
    assert_eq!(faults(&[&text]).len(), 1);
    let shared = text.replacen("    {\n", &format!("    {other}\n"), 1);
    assert_eq!(faults(&[&shared]), Vec::<String>::new());
}

#[test]
fn a_households_cap_hides_a_users_and_not_the_other_way_round() {
    let hidden =
        "of 5 per 1d never binds for a user of one household: the campaign's cap of 3 per 1d by household";
    check([&[], &["3 1d household"], &["5 1d"], &[]], &[hidden]);
    check([&[], &["3 1d household"], &["5 1d"], &[]], &["it only keeps out users who are not known"]);
    check([&[], &["3 1d household bid"], &["5 1d"], &[]], &[]);
    check([&[], &["3 1d"], &["5 1d household"], &[]], &[]);
}

#[test]
fn all_files_of_an_advertiser_agree_about_its_caps_in_any_order() {
    let first = campaign(&format!("{}, {}", cap("3 1h"), cap("5 1d")), "", "", "");
    let second = |caps: &str| campaign(caps, "", "", "").replace(r#""id": "spring""#, r#""id": "summer""#);
    assert!(faults(&[&first, &second(&format!("{}, {}", cap("5 1d"), cap("3 1h")))]).is_empty());
    let other = faults(&[&first, &second(&cap("3 1h"))]).join(" ");
    assert!(other.contains("has another `frequency` than at `a.json` line 2"), "{other}");
}
