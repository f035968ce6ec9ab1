//! Limits of money, impressions and clicks: what may be written, and what is said of the rest.

use crate::campaign::tests::{CAMPAIGN, accept, check, faults};
use crate::campaign::{BudgetMode, Limits};
use crate::units::Nanos;

const MONEY: &str = r#"{"daily": 100}"#;
const OWN: &str = r#""id": "all","#;

/// The campaign under `budget` has exactly the faults `want`.
#[track_caller]
fn campaign(budget: &str, want: &str) {
    check(MONEY, budget, want);
}

/// The same of its line item, under the campaign's 100 a day.
#[track_caller]
fn line_item(budget: &str, want: &str) {
    check(OWN, &format!(r#"{OWN} "budget": {budget},"#), want);
}

#[test]
fn money_impressions_and_clicks_are_limited_by_hour_day_and_flight() {
    let whole = r#"{"hourly": 2, "daily": 20, "total": 400.5,
        "impressions": {"hourly": 1000, "daily": 10000, "total": 4294967295},
        "clicks": {"note": "the shop is small", "daily": 40}}"#;
    let budget = accept(MONEY, whole).campaigns[0].budget;
    let nanos = |cents: i64| Some(Nanos::from_raw(cents * 10_000_000));
    assert_eq!(budget.money, Limits { hourly: nanos(200), daily: nanos(2_000), total: nanos(40_050) });
    let impressions = Limits { hourly: Some(1_000), daily: Some(10_000), total: Some(u32::MAX) };
    assert_eq!(budget.impressions, impressions);
    assert_eq!(budget.clicks, Limits { daily: Some(40), ..Limits::default() });
    assert_eq!(budget.mode, BudgetMode::Hard, "unless something else is said");
    let own = format!(r#"{OWN} "budget": {{"hourly": 3, "impressions": {{"total": 7}}}},"#);
    let own = accept(OWN, &own).line_items[0].budget;
    assert_eq!((own.money.hourly, own.impressions.total), (nanos(300), Some(7)));
}

#[test]
fn every_limit_is_above_nothing_whole_where_it_counts_and_not_too_large() {
    let stop = "(to stop a campaign, set `\"status\": \"paused\"`)";
    for amount in ["-5", "0", "-0.01"] {
        for key in ["hourly", "daily", "total"] {
            let budget = format!(r#"{{"{key}": {amount}}}"#);
            let column = 17 + key.len();
            let want =
                format!("error 8:{} `budget.{key}` must be greater than 0, got {amount} {stop}", column + 1);
            campaign(&budget, &want);
        }
    }
    for (value, want) in [
        ("0", format!("must be greater than 0, got 0 {stop}")),
        ("-3", format!("must be greater than 0, got -3 {stop}")),
        ("1.5", "must be a whole number, got 1.5".to_owned()),
        ("1e3", String::new()),
        (
            "4294967296",
            "must be at most 4294967295, got 4294967296 (to have no limit, leave it out)".to_owned(),
        ),
        ("1e30", "is too large, got 1e30".to_owned()),
        ("\"many\"", "must be a number, got a text".to_owned()),
        ("null", "must be a number, got null (to have no limit, leave it out)".to_owned()),
    ] {
        for measure in ["impressions", "clicks"] {
            let budget = format!(r#"{{"total": 9, "{measure}": {{"daily": {value}}}}}"#);
            let column = 40 + measure.len();
            let place = format!("error 8:{column} `budget.{measure}.daily`");
            campaign(&budget, &if want.is_empty() { String::new() } else { format!("{place} {want}") });
        }
    }
    campaign(
        r#"{"daily": null, "total": 1}"#,
        "error 8:23 `budget.daily` must be a number, got null (to have no limit, leave it out)",
    );
    line_item(
        r#"{"total": 0}"#,
        "error 11:40 `line_items[0].budget.total` must be greater than 0, got 0 \
         (to stop a line item, set `\"status\": \"paused\"`)",
    );
}

#[test]
fn a_campaign_limits_money_and_a_line_item_need_not() {
    campaign(
        "{}",
        "error 8:3 `budget` must limit money: by `hourly`, `daily` or `total` \
         (without a budget nothing could be spent)",
    );
    campaign(
        r#"{"impressions": {"total": 1000}, "clicks": {"daily": 5}}"#,
        "error 8:3 `budget` must limit money: by `hourly`, `daily` or `total` \
         (what impressions and clicks cost is not fixed, so their number bounds no spend)",
    );
    campaign(r#"{"hourly": 5}"#, "");
    line_item(r#"{"impressions": {"total": 1000}}"#, "");
    line_item(
        r#"{"clicks": {}}"#,
        "error 11:31 `line_items[0].budget.clicks` must have `hourly`, `daily` or `total` \
         (to have no limit of clicks, leave it out)",
    );
}

#[test]
fn an_unknown_key_of_a_budget_is_refused_with_the_nearest_known_one() {
    campaign(
        r#"{"daily": 1, "impresions": {"daily": 1}}"#,
        "error 8:26 `budget.impresions` is not a known key (did you mean `impressions`?)",
    );
    campaign(
        r#"{"daily": 1, "clicks": {"dayly": 1}}"#,
        "error 8:37 `budget.clicks.dayly` is not a known key (did you mean `daily`?)",
    );
    campaign(
        r#"{"daily": 1, "clicks": {"mode": "soft"}}"#,
        "error 8:37 `budget.clicks.mode` is not a known key (known keys: `hourly`, `daily`, `total`)",
    );
    campaign(
        r#"{"daily": 1, "impressions": 500}"#,
        "error 8:41 `budget.impressions` must be an object, got a number",
    );
}

#[test]
fn a_shorter_time_is_not_limited_above_a_longer_one() {
    let above = "must not be above the";
    campaign(
        r#"{"daily": 100, "total": 50}"#,
        &format!("error 8:23 `budget.daily` {above} total of 50.00, got 100"),
    );
    campaign(
        r#"{"hourly": 30, "daily": 20}"#,
        &format!("error 8:24 `budget.hourly` {above} daily limit of 20.00, got 30"),
    );
    campaign(
        r#"{"hourly": 30, "total": 20}"#,
        &format!("error 8:24 `budget.hourly` {above} total of 20.00, got 30"),
    );
    campaign(
        r#"{"daily": 9, "impressions": {"daily": 8, "total": 7}}"#,
        &format!("error 8:51 `budget.impressions.daily` {above} total of 7, got 8"),
    );
    campaign(
        r#"{"daily": 9, "clicks": {"hourly": 8, "total": 7}}"#,
        &format!("error 8:47 `budget.clicks.hourly` {above} total of 7, got 8"),
    );
}

#[test]
fn an_hour_that_is_as_good_as_its_day_or_starves_it_is_noticed() {
    campaign(
        r#"{"hourly": 20, "daily": 20}"#,
        "warning 8:24 `budget.hourly` has no effect: it equals the daily limit of 20.00 \
         (lower it, or leave it out)",
    );
    campaign(
        r#"{"hourly": 2, "daily": 50}"#,
        "warning 8:24 `budget.hourly` of 2.00 is 48.00 in 24 hours, so the daily limit of 50.00 is never reached \
         (raise it to at least 2.09, or lower `daily` to 48.00)",
    );
    campaign(r#"{"hourly": 2.09, "daily": 50}"#, "");
    campaign(r#"{"hourly": 2, "daily": 48}"#, "");
    campaign(
        r#"{"daily": 9, "clicks": {"hourly": 2, "daily": 49}}"#,
        "warning 8:47 `budget.clicks.hourly` of 2 is 48 in 24 hours, so the daily limit of 49 is never reached \
         (raise it to at least 3, or lower `daily` to 48)",
    );
    // Less than a cent an hour: rounding would ask for more than the day has.
    campaign(
        r#"{"hourly": 0.0001, "daily": 0.005}"#,
        "warning 8:24 `budget.hourly` of 0.0001 is 0.0024 in 24 hours, so the daily limit of 0.005 is never reached \
         (raise it to at least 0.000208334, or lower `daily` to 0.0024)",
    );
}

#[test]
fn a_month_given_as_a_day_is_noticed_whatever_is_counted() {
    let meant = "(was the limit of the whole flight meant? then leave `daily` out)";
    campaign(
        r#"{"daily": 100, "total": 100}"#,
        &format!("warning 8:23 `budget.daily` equals the total of 100.00: one day may use it all {meant}"),
    );
    campaign(
        r#"{"daily": 9, "impressions": {"daily": 70, "total": 70}}"#,
        &format!(
            "warning 8:51 `budget.impressions.daily` equals the total of 70: one day may use it all {meant}"
        ),
    );
    let month =
        CAMPAIGN.replace(r#"{"start": "2026-01-01"}"#, r#"{"start": "2026-06-01", "end": "2026-06-30"}"#);
    for (budget, want) in [
        (
            r#"{"daily": 100, "total": 1000}"#,
            "warning 8:23 `budget.daily` of 100.00 over 30 days is more than the total of 1000.00, which lasts \
             10 days (33.33 a day lasts the whole flight)",
        ),
        (
            r#"{"daily": 9, "clicks": {"daily": 100, "total": 1000}}"#,
            "warning 8:46 `budget.clicks.daily` of 100 over 30 days is more than the total of 1000, which lasts \
             10 days (33 a day lasts the whole flight)",
        ),
        (r#"{"daily": 33.33, "total": 1000, "clicks": {"daily": 33, "total": 1000}}"#, ""),
    ] {
        assert_eq!(faults(&[&month.replace(MONEY, budget)]).join("\n"), want);
    }
}

#[test]
fn a_line_items_limit_above_one_of_its_campaign_has_no_effect() {
    let lower = "(lower it, or leave it out)";
    line_item(
        r#"{"daily": 101}"#,
        &format!(
            "warning 11:40 `line_items[0].budget.daily` has no effect: it is above the campaign's daily limit \
             of 100.00, got 101 {lower}"
        ),
    );
    line_item(
        r#"{"hourly": 150}"#,
        &format!(
            "warning 11:41 `line_items[0].budget.hourly` has no effect: it is above the campaign's daily limit \
             of 100.00, got 150 {lower}"
        ),
    );
    line_item(r#"{"daily": 100, "total": 5000, "clicks": {"total": 5}}"#, "");
    let counted = CAMPAIGN.replace(MONEY, r#"{"daily": 9, "impressions": {"hourly": 5, "total": 60}}"#);
    let own = |own: &str| faults(&[&counted.replace(OWN, &format!(r#"{OWN} "budget": {own},"#))]);
    assert_eq!(
        own(r#"{"impressions": {"hourly": 6, "daily": 61, "total": 59}}"#).first().map(String::as_str),
        Some(
            "error 11:68 `line_items[0].budget.impressions.daily` must not be above the total of 59, got 61"
        )
    );
    let said = own(r#"{"impressions": {"hourly": 6, "daily": 61}}"#);
    let of = |key: &str, limit: &str, got: &str| {
        format!(
            "`line_items[0].budget.impressions.{key}` has no effect: it is above the campaign's {limit}, got {got} \
             {lower}"
        )
    };
    assert_eq!(
        said,
        [
            format!("warning 11:55 {}", of("hourly", "hourly limit of 5", "6")),
            format!("warning 11:68 {}", of("daily", "total of 60", "61")),
        ]
    );
}

#[test]
fn how_bids_that_are_out_count_is_the_campaigns_to_say() {
    let mode = |written: &str| {
        accept(MONEY, &format!(r#"{{"daily": 9, "mode": {written}}}"#)).campaigns[0].budget.mode
    };
    assert_eq!(mode(r#""hard""#), BudgetMode::Hard);
    assert_eq!(mode(r#""soft""#), BudgetMode::Soft { deviations: 250 });
    assert_eq!(mode(r#"{"soft": {"deviations": 1.25}}"#), BudgetMode::Soft { deviations: 125 });
    let want = "`budget.mode` must be `\"hard\"`, `\"soft\"` or `{\"soft\": {\"deviations\": 2.5}}`";
    let kinds = "(`hard` never passes a cap; `soft` spends more while notices are slow)";
    let given = |written: &str| format!(r#"{{"daily": 9, "mode": {written}}}"#);
    campaign(&given("\"sofft\""), &format!("error 8:34 {want}, got \"sofft\" (did you mean `soft`?)"));
    campaign(&given("\"elastic\""), &format!("error 8:34 {want}, got \"elastic\" {kinds}"));
    campaign(&given("2.5"), &format!("error 8:34 {want}, got 2.5 {kinds}"));
    campaign(&given("{}"), "error 8:26 `budget.mode.soft` is missing");
    campaign(&given(r#"{"soft": {}}"#), "error 8:35 `budget.mode.soft.deviations` is missing");
    campaign(
        &given(r#"{"hard": {}, "soft": {"deviations": 1}}"#),
        "error 8:35 `budget.mode.hard` is not a known key (known keys: `soft`)",
    );
    let usual = "(1 to 3 are usual; to hold the worst case of every bid, `\"mode\": \"hard\"`)";
    for deviations in ["0", "-1", "10.01"] {
        campaign(
            &given(&format!(r#"{{"soft": {{"deviations": {deviations}}}}}"#)),
            &format!(
                "error 8:58 `budget.mode.soft.deviations` must be above 0 and at most 10, got {deviations} {usual}"
            ),
        );
    }
    line_item(
        r#"{"daily": 9, "mode": "soft"}"#,
        "error 11:51 `line_items[0].budget.mode` is the campaign's to say: its line items follow it \
         (set `mode` in the `budget` of the campaign)",
    );
}
