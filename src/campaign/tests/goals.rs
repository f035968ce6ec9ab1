//! Cases of goals: what may be written, and what is said of the rest.

use crate::campaign::tests::{CAMPAIGN, accept, compiled, faults};
use crate::campaign::{Goal, LineItem};
use crate::units::{Cpm, Millis, Nanos};

const GOAL: &str = r#"{"cpm": 4.20}"#;
const CHANCES: &str = r#""expected_ctr": 0.001, "expected_cvr": 0.05"#;
const PURCHASES: &str = r#"[{"type": "purchase", "value": 60}]"#;
/// Columns before the value of `goal`.
const AT: usize = 15;

/// The campaign with this goal and these conversions, and more said of the campaign.
fn text(goal: &str, conversions: &str, more: &str) -> String {
    let text = CAMPAIGN.replacen(GOAL, goal, 1);
    text.replacen(r#""name": "Spring","#, &format!(r#""name": "S", "conversions": {conversions},{more}"#), 1)
}

/// The line item that is after `goal`, without a fault.
#[track_caller]
fn read(goal: &str) -> LineItem {
    let text = text(goal, PURCHASES, "");
    assert_eq!(faults(&[&text]), [""; 0], "{goal}");
    compiled(&[&text]).catalog.unwrap().line_items.remove(0)
}

/// `goal` has exactly these faults, one a line, each by its column within it.
#[track_caller]
fn refuse_with(goal: &str, conversions: &str, more: &str, want: &[(&str, usize, &str)]) {
    let place = |(severity, column, problem): &(&str, usize, &str)| {
        format!("{severity} 12:{} `line_items[0].goal{problem}", AT + column)
    };
    let want: Vec<String> = want.iter().map(place).collect();
    assert_eq!(faults(&[&text(goal, conversions, more)]), want, "{goal}");
}

#[track_caller]
fn refuse(goal: &str, want: &[(&str, usize, &str)]) {
    refuse_with(goal, PURCHASES, "", want);
}

fn returning(least: u64, value: i64) -> Goal {
    Goal::Return { least, value: Nanos::from_raw(value * 1_000_000_000), ctr: 0.001, cvr: 0.05 }
}

#[test]
fn every_goal_has_its_form() {
    let cpm = |micros| Cpm::from_micros(micros).unwrap();
    assert_eq!(read(GOAL).goal, Goal::Cpm(cpm(4_200_000)));
    let cpc = r#"{"cpc": 0.35, "expected_ctr": 0.0012}"#;
    assert_eq!(read(cpc).goal, Goal::Cpc { target: Nanos::from_raw(350_000_000), ctr: 0.0012 });
    let cpa = read(&format!(r#"{{"cpa": 25, {CHANCES}}}"#)).goal;
    assert_eq!(cpa, Goal::Cpa { target: Nanos::from_raw(25_000_000_000), ctr: 0.001, cvr: 0.05 });
    let roas = format!(r#"{{"roas": 4, "expected_value": 80, {CHANCES}}}"#);
    assert_eq!(read(&roas).goal, returning(4_000_000, 80));
    let most = format!(r#"{{"max_conversions": true, "max_cpm": 12, {CHANCES}}}"#);
    assert_eq!(read(&most).goal, Goal::MaxConversions { ceiling: cpm(12_000_000), ctr: 0.001, cvr: 0.05 });
}

#[test]
fn a_return_on_investment_is_a_return_on_spend_less_one() {
    for (roi, roas, least) in [
        ("300", "4", 4_000_000),
        ("0", "1", 1_000_000),
        ("-25", "0.75", 750_000),
        ("12.5", "1.125", 1_125_000),
    ] {
        let roi = read(&format!(r#"{{"roi_percent": {roi}, {CHANCES}}}"#)).goal;
        assert_eq!(roi, returning(least, 60));
        assert_eq!(roi, read(&format!(r#"{{"roas": {roas}, {CHANCES}}}"#)).goal);
    }
}

#[test]
fn a_goal_has_a_window_of_seven_days_or_as_many_as_it_says() {
    let days = |days: i64| Millis::from_seconds(days * 86_400);
    assert_eq!(read(GOAL).goal_window, days(7));
    assert_eq!(read(&format!(r#"{{"roas": 4, {CHANCES}}}"#)).goal_window, days(7));
    assert_eq!(read(r#"{"cpc": 0.35, "expected_ctr": 0.0012, "window_days": 1}"#).goal_window, days(1));
    assert_eq!(read(&format!(r#"{{"cpa": 25, "window_days": 90, {CHANCES}}}"#)).goal_window, days(90));
    for wrong in ["0", "91", "-7"] {
        let want = format!(".window_days` must be from 1 to 90, got {wrong}");
        let cpc = format!(r#"{{"cpc": 0.3, "expected_ctr": 0.001, "window_days": {wrong}}}"#);
        refuse(&cpc, &[("error", 51, &want)]);
    }
    refuse(
        r#"{"cpm": 4, "window_days": 7}"#,
        &[(
            "error",
            26,
            ".window_days` has no meaning beside `cpm` \
             (a price is kept at each impression, not over some days)",
        )],
    );
    refuse(
        &format!(r#"{{"max_conversions": true, "max_cpm": 12, "window_days": 0, {CHANCES}}}"#),
        &[(
            "error",
            56,
            ".window_days` has no meaning beside `max_conversions` \
             (there is no target to keep: the budget's days decide)",
        )],
    );
}

#[test]
fn what_says_nothing_beside_a_goal_is_refused() {
    let no_meaning = |key: &str, kind: &str| format!(".{key}` has no meaning beside `{kind}`");
    refuse(
        r#"{"cpc": 0.3, "expected_ctr": 0.001, "expected_cvr": 0.05}"#,
        &[("error", 52, &no_meaning("expected_cvr", "cpc"))],
    );
    refuse(
        &format!(r#"{{"cpa": 25, "expected_value": 60, {CHANCES}}}"#),
        &[("error", 30, &no_meaning("expected_value", "cpa"))],
    );
    refuse(
        &format!(r#"{{"max_conversions": true, "max_cpm": 2, "expected_value": 60, {CHANCES}}}"#),
        &[("error", 58, &no_meaning("expected_value", "max_conversions"))],
    );
    refuse(
        &format!(r#"{{"roas": 4, "max_cpm": 12, {CHANCES}}}"#),
        &[(
            "error",
            23,
            ".max_cpm` has no meaning beside `roas` (only `max_conversions` lets the budget decide the price)",
        )],
    );
    let kinds = "must have exactly one of `cpm`, `cpc`, `cpa`, `roas`, `roi_percent`, `max_conversions`";
    let both = format!(r#"{{"roas": 4, "roi_percent": 300, {CHANCES}}}"#);
    assert_eq!(faults(&[&text(&both, PURCHASES, "")]), [format!("error 12:7 `line_items[0].goal` {kinds}")]);
}

#[test]
fn a_return_that_was_meant_otherwise_is_noticed() {
    let roas = |roas: &str| format!(r#"{{"roas": {roas}, {CHANCES}}}"#);
    let roi = |roi: &str| format!(r#"{{"roi_percent": {roi}, {CHANCES}}}"#);
    refuse(&roas("0"), &[("error", 9, ".roas` must be greater than 0, got 0")]);
    refuse(
        &roas("400"),
        &[(
            "warning",
            9,
            ".roas` is high: 400 of value for each unit of cost (a ratio, not a percentage: 400 % is 4)",
        )],
    );
    let most = "nothing can lose more than all that it cost; 0 breaks even";
    for lost in ["-100", "-150"] {
        let want = format!(".roi_percent` must be above -100, got {lost} ({most})");
        refuse(&roi(lost), &[("error", 16, &want)]);
    }
    read(&roi("-99.9999"));
    refuse(
        &roi("0.5"),
        &[(
            "warning",
            16,
            ".roi_percent` is small: 0.5 % of the costs \
             (a percentage, not a share: a gain of three times the costs is 300)",
        )],
    );
    refuse(
        &roi("30000"),
        &[(
            "warning",
            16,
            ".roi_percent` is high: 30000 % of the costs \
             (a gain of three times the costs is 300, which is a `roas` of 4)",
        )],
    );
    read(&roi("4899"));
}

#[test]
fn a_conversion_is_expected_to_be_worth_the_mean_of_what_the_campaign_says() {
    let roas = format!(r#"{{"roas": 4, {CHANCES}}}"#);
    let worth = |conversions: &str| {
        let catalog = compiled(&[&text(&roas, conversions, "")]).catalog.unwrap();
        let Goal::Return { value, .. } = catalog.line_items[0].goal else { panic!("a return") };
        value.raw()
    };
    assert_eq!(worth(PURCHASES), 60_000_000_000);
    let two =
        r#"[{"type": "purchase", "value": 60}, {"type": "lead", "value": 0.000000001}, {"type": "visit"}]"#;
    assert_eq!(worth(two), 30_000_000_000, "rounded down, and a kind without a value does not count");
    refuse_with(
        &roas,
        r#"[{"type": "visit"}, {"type": "lead", "value": 0}]"#,
        "",
        &[(
            "error",
            9,
            ".roas` needs to know what a conversion is worth: none of `conversions` has a value \
             (give them a `value`, or add `expected_value` to the goal)",
        )],
    );
    refuse(
        &format!(r#"{{"roas": 4, "expected_value": 0, {CHANCES}}}"#),
        &[("error", 30, ".expected_value` must be greater than 0, got 0")],
    );
}

#[test]
fn goals_on_conversions_need_some_and_what_is_expected_of_them() {
    let needs = "needs `conversions` in the campaign, or none is ever counted \
                 (add `\"conversions\": [{\"type\": \"purchase\", \"value\": 60}]`)";
    for (kind, goal) in [
        ("cpa", r#"{"cpa": 25"#),
        ("roas", r#"{"roas": 25"#),
        ("roi_percent", r#"{"roi_percent": 25"#),
        ("max_conversions", r#"{"max_conversions": true, "max_cpm": 2"#),
    ] {
        let want = format!(".{kind}` {needs}");
        refuse_with(&format!("{goal}, {CHANCES}}}"), "[]", "", &[("error", kind.len() + 5, &want)]);
    }
}

#[test]
fn who_does_not_say_what_chances_to_expect_gets_usual_ones_and_explores() {
    let vouched = |goal: &str| read(goal).vouched;
    assert!(vouched(GOAL));
    assert!(vouched(r#"{"cpc": 0.3, "expected_ctr": 0.001}"#));
    assert!(vouched(&format!(r#"{{"cpa": 25, {CHANCES}}}"#)));
    assert!(!vouched(r#"{"cpc": 0.3}"#));
    assert!(!vouched(r#"{"cpa": 25, "expected_ctr": 0.004}"#));
    assert_eq!(read(r#"{"cpa": 25, "expected_ctr": 0.004}"#).goal.chances(), Some((0.004, Some(0.02))));
}

#[test]
fn the_most_conversions_have_a_ceiling() {
    assert_eq!(
        faults(&[&text(&format!(r#"{{"max_conversions": true, {CHANCES}}}"#), PURCHASES, "")]),
        ["error 12:7 `line_items[0].goal.max_cpm` is missing"]
    );
    let with =
        |says: &str, most: &str| format!(r#"{{"max_conversions": {says}, "max_cpm": {most}, {CHANCES}}}"#);
    refuse(
        &with("false", "12"),
        &[(
            "error",
            20,
            ".max_conversions` must be true: it is what the line item is after (or set another goal in its place)",
        )],
    );
    refuse(&with("12", "12"), &[("error", 20, ".max_conversions` must be true or false, got a number")]);
    refuse(&with("true", "0"), &[("error", 37, ".max_cpm` must be greater than 0, got 0")]);
    refuse(
        &with("true", "120"),
        &[(
            "warning",
            37,
            ".max_cpm` is dear: more than 100 EUR, got 120 EUR \
             (`cpm` is per thousand impressions, `cpc` per click, `cpa` per conversion)",
        )],
    );
    let paid = text(&with("true", "4"), PURCHASES, "")
        .replace(r#"{"country": "FR"}"#, r#"{"segment": "press:sport"}"#);
    let paid = paid.replace(r#""id": "all","#, r#""id": "all", "data_cpm": 5,"#);
    assert_eq!(
        faults(&[&paid])[0],
        "error 11:32 `line_items[0].data_cpm` leaves nothing for media: 5.00 of 4.00 \
         (raise the goal, or use cheaper data)"
    );
}

#[test]
fn the_most_conversions_as_fast_as_they_come_are_noticed() {
    let goal = format!(r#"{{"max_conversions": true, "max_cpm": 4, {CHANCES}}}"#);
    let paced = |campaign: &str, own: &str| {
        let text =
            text(&goal, PURCHASES, campaign).replace(r#""id": "all","#, &format!(r#""id": "all",{own}"#));
        faults(&[&text])
    };
    let asap = r#" "pacing": "asap","#;
    let warned = [
        "warning 12:35 `line_items[0].goal.max_conversions` bids `max_cpm` everywhere, since `asap` lets the \
                   budget decide nothing (pace by `dual`, which finds the price)",
    ];
    assert_eq!(paced(asap, ""), warned);
    assert_eq!(paced(asap, asap), warned);
    assert_eq!(paced(asap, r#" "pacing": "dual","#), [""; 0]);
    assert_eq!(paced("", asap), [""; 0], "its campaign holds back");
}

#[test]
fn a_window_longer_than_the_flight_is_noticed() {
    let goal = r#"{"cpc": 0.3, "expected_ctr": 0.001, "window_days": 8}"#;
    let within = |end: &str| {
        let flight = format!(r#""flight": {{"start": "2026-06-01", "end": "2026-06-{end}"}}"#);
        faults(&[&text(goal, PURCHASES, "").replace(r#""flight": {"start": "2026-01-01"}"#, &flight)])
    };
    assert_eq!(
        within("05"),
        ["warning 12:66 `line_items[0].goal.window_days` is longer than the flight of 5 days, got 8 \
          (the goal is to be met by its end: lower it to 5)"]
    );
    assert_eq!(within("08"), [""; 0]);
    let unsaid = text(r#"{"cpc": 0.3, "expected_ctr": 0.001}"#, PURCHASES, "");
    let short =
        unsaid.replace(r#"{"start": "2026-01-01"}"#, r#"{"start": "2026-06-01", "end": "2026-06-02"}"#);
    assert_eq!(faults(&[&short]), [""; 0], "what nobody wrote cannot be wrong");
}

#[test]
fn results_that_come_after_the_goals_window_are_noticed() {
    let late = |window: &str, click: &str, end: &str| {
        let goal = format!(r#"{{"cpa": 25, {CHANCES}{window}}}"#);
        let text = text(&goal, PURCHASES, click);
        faults(&[&text.replace(r#"{"start": "2026-01-01"}"#, &format!(r#"{{"start": "2026-06-01"{end}}}"#))])
    };
    let month = r#" "attribution": {"click_window": "30d"},"#;
    let hint = |days: u8| {
        format!("(set `window_days` to {days}, or shorten `attribution.click_window` of the campaign)")
    };
    let problem = "is to be met over 7 days, but a click counts for 30: results come late";
    assert_eq!(
        late("", month, ""),
        [format!("warning 12:23 `line_items[0].goal.cpa` {problem} {}", hint(30))]
    );
    assert_eq!(
        late(r#", "window_days": 7"#, "", ""),
        [format!("warning 12:87 `line_items[0].goal.window_days` {problem} {}", hint(30))]
    );
    assert_eq!(late(r#", "window_days": 30"#, month, ""), [""; 0]);
    assert_eq!(late("", r#" "attribution": {"click_window": "7d"},"#, ""), [""; 0]);
    assert_eq!(late("", "", ""), [""; 0], "what nobody wrote cannot be wrong");
    let fortnight = r#", "end": "2026-06-14""#;
    assert_eq!(
        late("", month, fortnight),
        [format!("warning 12:23 `line_items[0].goal.cpa` {problem} {}", hint(14))]
    );
    assert_eq!(late(r#", "window_days": 14"#, month, fortnight), [""; 0]);
    let clicks = text(r#"{"cpc": 0.3, "expected_ctr": 0.001, "window_days": 7}"#, PURCHASES, month);
    assert_eq!(faults(&[&clicks]), [""; 0], "clicks come at once");
}

#[test]
fn a_goal_says_its_word_its_chances_and_whether_its_price_is_a_ceiling() {
    let said = |goal: &str| {
        let goal = read(goal).goal;
        (goal.word(), goal.chances(), goal.is_ceiling())
    };
    assert_eq!(said(GOAL), ("cpm", None, true));
    assert_eq!(said(r#"{"cpc": 0.3, "expected_ctr": 0.001}"#), ("cpc", Some((0.001, None)), false));
    let both = Some((0.001, Some(0.05)));
    assert_eq!(said(&format!(r#"{{"cpa": 25, {CHANCES}}}"#)), ("cpa", both, false));
    assert_eq!(said(&format!(r#"{{"roi_percent": 300, {CHANCES}}}"#)), ("roas", both, false));
    let most = format!(r#"{{"max_conversions": true, "max_cpm": 2, {CHANCES}}}"#);
    assert_eq!(said(&most), ("max_conversions", both, true));
}

#[test]
fn unknown_keys_of_a_goal_are_refused_with_the_nearest_known_one() {
    refuse(
        &format!(r#"{{"cpa": 25, "windows_days": 7, {CHANCES}}}"#),
        &[("error", 12, ".windows_days` is not a known key (did you mean `window_days`?)")],
    );
    assert!(accept(GOAL, r#"{"note": "a price", "cpm": 4.20}"#).line_items[0].goal.is_ceiling());
}
