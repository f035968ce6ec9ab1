//! Cases of pacing: what may be written, and what is said of the rest.

use crate::campaign::Pacing;
use crate::campaign::tests::{accept, check};

const MONEY: &str = r#""budget": {"daily": 100},"#;
const OWN: &str = r#""id": "all","#;
/// Columns before the value of `pacing` in the campaign.
const AT: usize = 39;

fn paced(pacing: &str) -> String {
    format!(r#"{MONEY} "pacing": {pacing},"#)
}

/// The campaign's pacing and whether it is pooled, without a fault.
#[track_caller]
fn read(pacing: &str) -> (Pacing, bool) {
    let campaign = accept(MONEY, &paced(pacing)).campaigns.remove(0);
    (campaign.pacing, campaign.pooled)
}

/// `pacing` of the campaign has exactly this fault; `column` counts within it.
#[track_caller]
fn refuse(pacing: &str, column: usize, want: &str) {
    let (severity, rest) = want.split_once(' ').unwrap();
    check(MONEY, &paced(pacing), &format!("{severity} 8:{} {rest}", AT + column));
}

#[test]
fn without_a_word_money_is_paced_for_value() {
    let catalog = accept(MONEY, MONEY);
    assert_eq!(catalog.campaigns[0].pacing, Pacing::Dual { smoothness: 0 });
    assert_eq!(catalog.line_items[0].pacing, Pacing::Dual { smoothness: 0 });
    assert!(!catalog.campaigns[0].pooled);
}

#[test]
fn each_way_of_pacing_has_a_word_and_a_longer_form() {
    let dual = |smoothness| Pacing::Dual { smoothness };
    for (pacing, want) in [
        (r#""dual""#, dual(0)),
        (r#""even""#, Pacing::Even),
        (r#""ahead""#, Pacing::Ahead),
        (r#""asap""#, Pacing::Asap),
        (r#"{"mode": "even"}"#, Pacing::Even),
        (r#"{"mode": "dual", "smoothness": 0.3}"#, dual(300)),
        (r#"{"smoothness": 0.125}"#, dual(125)),
        (r#"{"mode": "dual", "smoothness": 1, "pool": false}"#, dual(1_000)),
        (r#"{"note": "for value"}"#, dual(0)),
    ] {
        assert_eq!(read(pacing), (want, false), "{pacing}");
    }
    assert_eq!(read(r#"{"mode": "dual", "pool": true}"#), (dual(0), true));
    assert_eq!(read(r#"{"mode": "ahead", "pool": false}"#), (Pacing::Ahead, false));
}

#[test]
fn a_line_item_is_paced_as_it_says_or_as_its_campaign() {
    let own = format!(r#"{OWN} "pacing": {{"smoothness": 0.5}},"#);
    assert_eq!(accept(OWN, &own).line_items[0].pacing, Pacing::Dual { smoothness: 500 });
    assert_eq!(accept(MONEY, &paced(r#""ahead""#)).line_items[0].pacing, Pacing::Ahead);
}

#[test]
fn an_unknown_word_is_refused_with_the_nearest_known_one() {
    refuse(
        r#""duall""#,
        0,
        "error `pacing` must be one of `dual`, `even`, `ahead`, `asap`, got \"duall\" (did you mean `dual`?)",
    );
    refuse(
        r#"{"mode": "fast"}"#,
        9,
        "error `pacing.mode` must be one of `dual`, `even`, `ahead`, `asap`, got \"fast\"",
    );
    refuse(
        r#""curve""#,
        0,
        "error `pacing` needs the curve itself, got \"curve\" \
         (write `\"pacing\": {\"curve\": [..]}` with 24 numbers)",
    );
    refuse(
        r#"{"mode": "dual", "smothness": 0.3}"#,
        17,
        "error `pacing.smothness` is not a known key (did you mean `smoothness`?)",
    );
    refuse("5", 0, "error `pacing` must be a text, got a number");
}

#[test]
fn smoothness_is_a_share_in_thousandths_and_only_of_dual() {
    let hint = "(0 buys where it is worth most, 1 is as even as the traffic allows)";
    for wrong in ["1.001", "-0.1", "30"] {
        refuse(
            &format!(r#"{{"smoothness": {wrong}}}"#),
            15,
            &format!("error `pacing.smoothness` must be from 0 to 1, got {wrong} {hint}"),
        );
    }
    refuse(
        r#"{"smoothness": 0.3005}"#,
        15,
        "error `pacing.smoothness` has more than 3 decimals: 0.3005 \
         (numbers are exact here, nothing is rounded)",
    );
    for mode in ["even", "ahead", "asap"] {
        refuse(
            &format!(r#"{{"mode": "{mode}", "smoothness": 0.3}}"#),
            mode.len() + 27,
            &format!(
                "warning `pacing.smoothness` has no effect beside `{mode}` (remove it, or pace by `dual`)"
            ),
        );
    }
    let curve = ["1"; 24].join(",");
    refuse(
        &format!(r#"{{"curve": [{curve}], "smoothness": 1}}"#),
        75,
        "warning `pacing.smoothness` has no effect beside `curve` (remove it, or pace by `dual`)",
    );
    refuse(
        &format!(r#"{{"mode": "even", "curve": [{curve}]}}"#),
        17,
        "error `pacing.curve` has no meaning beside `mode` \
         (a day follows its curve, or is paced by a mode: keep one of them)",
    );
}

#[test]
fn only_campaigns_that_pace_for_value_are_pooled() {
    let hint = "(only `dual` knows where more money buys most)";
    for mode in ["even", "ahead", "asap"] {
        refuse(
            &format!(r#"{{"mode": "{mode}", "pool": true}}"#),
            mode.len() + 21,
            &format!("error `pacing.pool` needs `dual`, not `{mode}` {hint}"),
        );
    }
    refuse(r#"{"pool": 1}"#, 9, "error `pacing.pool` must be true or false, got a number");
    check(
        OWN,
        &format!(r#"{OWN} "pacing": {{"mode": "dual", "pool": true}},"#),
        "error 11:55 `line_items[0].pacing.pool` is the campaign's to say: its line items share its money anyway \
         (set `pool` in the `pacing` of the campaign)",
    );
}

#[test]
fn a_total_that_may_go_at_once_is_noticed_in_a_long_flight() {
    let flight = r#""flight": {"start": "2026-01-01"},
  "budget": {"daily": 100},"#;
    let spree = |end: &str, budget: &str, pacing: &str, want: &str| {
        let text =
            format!(r#""flight": {{"start": "2026-06-01"{end}}}, "pacing": "{pacing}", "budget": {budget},"#);
        check(flight, &text, want);
    };
    let hint = "(add `daily` to `budget`, or pace by `dual`)";
    let month = r#", "end": "2026-06-30""#;
    spree(
        month,
        r#"{"total": 3000}"#,
        "asap",
        &format!("warning 7:69 `pacing` spends the total of 3000.00 at once, in a flight of 30 days {hint}"),
    );
    spree(
        "",
        r#"{"total": 3000}"#,
        "asap",
        &format!("warning 7:48 `pacing` spends the total of 3000.00 at once, in a flight without end {hint}"),
    );
    spree(month, r#"{"total": 3000, "daily": 100}"#, "asap", "");
    spree(month, r#"{"total": 3000, "hourly": 5}"#, "asap", "");
    spree(month, r#"{"total": 3000}"#, "dual", "");
    spree(r#", "end": "2026-06-07""#, r#"{"total": 3000}"#, "asap", "");
}
