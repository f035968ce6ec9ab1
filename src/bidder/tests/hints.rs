//! What `explain` says would help, and that it does.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::bidder::tests::{NOON, asked, campaign, plan, printed_seed, request};
use crate::bidder::{Outcome, Snapshot, Then, Verdict, explain};
use crate::budget::Book;
use crate::document::Source;

fn verdicts(campaigns: &[Source], imp: &str, root: &str) -> Vec<Verdict> {
    verdicts_on(campaigns, &request(imp, root))
}

fn verdicts_on(campaigns: &[Source], request: &str) -> Vec<Verdict> {
    let snapshot = Snapshot::new(plan(campaigns), &Book::default(), NOON, None);
    asked(&snapshot, request, None, |snapshot, ask| explain(snapshot, ask, &mut SmallRng::seed_from_u64(1)).1)
}

/// The hint for the line item that is worth least.
#[track_caller]
fn check(campaigns: &[Source], imp: &str, want: &str) {
    let verdicts = verdicts(campaigns, imp, "");
    assert_eq!(verdicts.last().unwrap().hint.as_deref(), Some(want), "{verdicts:?}");
}

/// A floor in euros.
fn floor(floor: &str) -> String {
    format!(r#", "bidfloor": {floor}, "bidfloorcur": "EUR""#)
}

#[test]
fn below_the_floor_the_goal_that_reaches_it_is_named() {
    check(&[campaign("c", "2", "")], &floor("2.351"), "raise `goal.cpm` from 2.00 to at least 2.36 EUR");
    let clicks = campaign("c", "1", "");
    let clicks = clicks.text.replace(r#"{"cpm": 1}"#, r#"{"cpc": 0.5, "expected_ctr": 0.001}"#);
    check(&[Source::new("c.json", clicks)], &floor("0.8"), "raise `goal.cpc` from 0.50 to at least 0.80 EUR");
    assert_eq!(verdicts(&[campaign("c", "2", "")], &floor("2"), "")[0].outcome, Outcome::Bids(0));
}

/// The campaign with this goal, and a conversion worth 60.
fn after(goal: &str) -> Source {
    let text = campaign("c", "1", "").text.replace(r#"{"cpm": 1}"#, goal);
    assert!(text.contains(goal), "{text}");
    let conversions = r#""conversions": [{"type": "purchase", "value": 60}], "line_items""#;
    Source::new("c.json", text.replace(r#""line_items""#, conversions))
}

const CHANCES: &str = r#""expected_ctr": 0.001, "expected_cvr": 0.05"#;

#[test]
fn below_the_floor_a_return_is_lowered_and_the_ceiling_of_most_conversions_raised() {
    // 60 x 0.001 x 0.05 is 3 a thousand at a return of one.
    let roas = after(&format!(r#"{{"roas": 4, {CHANCES}}}"#));
    let lower = "lower `goal.roas` from 4 to at most 1.5 (`goal.roi_percent` from 300 to 50)";
    check(&[roas], &floor("2"), lower);
    let roi = after(&format!(r#"{{"roi_percent": 12.5, {CHANCES}}}"#));
    let lower = "lower `goal.roas` from 1.125 to at most 0.75 (`goal.roi_percent` from 12.5 to -25)";
    check(&[roi], &floor("4"), lower);
    let most = after(&format!(r#"{{"max_conversions": true, "max_cpm": 1.2, {CHANCES}}}"#));
    check(&[most], &floor("2.351"), "raise `goal.max_cpm` from 1.20 to at least 2.36 EUR");
}

#[test]
fn no_return_is_named_where_none_would_do() {
    let roas = after(&format!(r#"{{"roas": 4, {CHANCES}}}"#));
    assert_eq!(verdicts(&[roas], &floor("301"), "")[0].hint, None, "not even a hundredth");
    let least = after(&format!(r#"{{"roas": 0.01, {CHANCES}}}"#));
    assert_eq!(verdicts(&[least], &floor("301"), "")[0].hint, None, "it cannot be lower");
}

#[test]
fn a_return_lowered_as_told_bids_and_a_hundredth_more_does_not() {
    let mut random = SmallRng::seed_from_u64(printed_seed());
    for _ in 0..20 {
        let floor = floor(&format!("{}.{:06}", random.random_range(1..9), random.random_range(0..1_000_000)));
        let told = |hundredths: u32| {
            let goal = format!(r#"{{"roas": {}.{:02}, {CHANCES}}}"#, hundredths / 100, hundredths % 100);
            verdicts(&[after(&goal)], &floor, "").remove(0)
        };
        let hint = told(random.random_range(400..4_000)).hint.unwrap();
        let most = hint.split("at most ").nth(1).unwrap().split(' ').next().unwrap();
        let (whole, rest) = most.split_once('.').unwrap_or((most, ""));
        let enough: u32 = format!("{whole}{rest:0<2}").parse().unwrap();
        assert!(matches!(told(enough).outcome, Outcome::Bids(_)), "{hint}");
        assert!(matches!(told(enough + 1).outcome, Outcome::Declined(_)), "{hint}");
    }
}

#[test]
fn in_a_currency_in_which_the_highest_goals_have_no_price_the_goal_is_found_too() {
    let request = request(r#", "bidfloor": 3.0"#, "").replace(r#"["EUR"]"#, r#"["USD"]"#);
    let hint = &verdicts_on(&[campaign("c", "2", "")], &request)[0].hint;
    assert_eq!(hint.as_deref(), Some("raise `goal.cpm` from 2.00 to at least 2.89 EUR"));
}

#[test]
fn a_goal_raised_as_told_bids_and_one_cent_less_does_not() {
    let mut random = SmallRng::seed_from_u64(printed_seed());
    for _ in 0..20 {
        let cents = random.random_range(101..500);
        let floor =
            floor(&format!("{}.{:06}", random.random_range(5..20), random.random_range(0..1_000_000)));
        let data = format!(r#", "data_cpm": 0.{:02}"#, random.random_range(1..99));
        let told = |cents: i64| {
            let cpm = format!("{}.{:02}", cents / 100, cents % 100);
            verdicts(&[campaign("c", &cpm, &data)], &floor, "").remove(0)
        };
        let hint = told(cents).hint.unwrap();
        let amount = hint.split("at least ").nth(1).unwrap().trim_end_matches(" EUR");
        let enough: i64 = amount.replace('.', "").parse().unwrap();
        assert!(matches!(told(enough).outcome, Outcome::Bids(_)), "{hint}");
        assert!(matches!(told(enough - 1).outcome, Outcome::Declined(_)), "{hint}");
    }
}

#[test]
fn who_took_the_place_is_named() {
    let two = [campaign("low", "1.5", ""), campaign("high", "2.5", "")];
    check(&two, "", "`high/l` took it: worth 2.50 EUR to that, 1.50 EUR to this");
}

#[test]
fn who_sleeps_is_told_until_when_or_what_would_wake_them() {
    let with = |more: &str| [campaign("c", "1", more)];
    check(&with(r#", "status": "paused""#), "", "set `status` of the line item to `active`");
    check(
        &with(r#", "flight": {"start": "2026-12-01"}"#),
        "",
        "wait until 2026-12-01 00:00 UTC, when the line item starts",
    );
    let spent = with(r#", "budget": {"daily": 0.0001}"#);
    check(
        &spent,
        "",
        "wait until the day ends (2026-11-22 00:00 UTC), or raise `budget.daily` of the line item",
    );
}

#[test]
fn a_block_says_whose_it_is() {
    let verdicts = verdicts(&[campaign("c", "1", "")], "", r#", "badv": ["shop.example"]"#);
    assert_eq!(verdicts[0].hint.as_deref(), Some("ask the seller to lift its block of `shop.example`"));
}

#[test]
fn a_change_is_tried_before_it_is_promised() {
    let belgian = r#", "targeting": {"country": "BE"}"#;
    let root = r#", "device": {"geo": {"country": "FRA"}}"#;
    let then = |imp: &str, rival: &str| {
        let two = [campaign("c", "2", belgian), campaign("rival", rival, "")];
        let verdicts = verdicts(&two, imp, root);
        let of_c = verdicts.iter().find(|verdict| verdict.line_item == 0).unwrap();
        assert_eq!(of_c.changes(), Some(1));
        (of_c.then, of_c.hint.clone())
    };
    assert_eq!(then("", "1"), (Some(Then::Bids), None));
    let (outbid, hint) = then("", "3");
    assert!(matches!(outbid, Some(Then::Declined(_))), "{outbid:?}");
    assert_eq!(hint.as_deref(), Some("`rival/l` took it: worth 3.00 EUR to that, 2.00 EUR to this"));
    let (below, hint) = then(&floor("2.5"), "1");
    assert!(matches!(below, Some(Then::Declined(_))), "{below:?}");
    assert_eq!(hint.as_deref(), Some("raise `goal.cpm` from 2.00 to at least 2.50 EUR"));
}
