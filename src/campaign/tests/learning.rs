//! Cases of learning: what may be written, and what is said of the rest.

use crate::campaign::tests::{accept, check};
use crate::campaign::{Factor, Feedback, Learning};
use crate::units::RatePpm;

const MONEY: &str = r#""budget": {"daily": 100},"#;
/// Columns before the value of `learning` in the campaign.
const AT: usize = 41;

fn learning(learning: &str) -> String {
    format!(r#"{MONEY} "learning": {learning},"#)
}

/// `learning` of the campaign has exactly this fault; `column` counts within it.
#[track_caller]
fn refuse(text: &str, column: usize, want: &str) {
    let (severity, rest) = want.split_once(' ').unwrap();
    check(MONEY, &learning(text), &format!("{severity} 8:{} `learning{rest}", AT + column));
}

#[test]
fn what_is_not_said_of_learning_is_as_usual() {
    let usual = Learning {
        corridor: (Factor::from_thousandths(250).unwrap(), Factor::from_thousandths(4_000).unwrap()),
        exploration: RatePpm::from_ppm(20_000).unwrap(),
        feedback: Feedback::Propose,
        shading: true,
    };
    assert_eq!(accept(MONEY, MONEY).campaigns[0].learning, usual);
    assert_eq!(accept(MONEY, &learning("{}")).campaigns[0].learning, usual);
    let off = accept(MONEY, &learning(r#"{"shading": false}"#)).campaigns[0].learning;
    assert_eq!(off, Learning { shading: false, ..usual });
}

#[test]
fn a_corridor_an_exploration_a_feedback_and_shading_are_read() {
    let whole = r#"{"note": "careful", "corridor": [0.5, 2], "exploration_percent": 0.5,
        "feedback": "automatic", "shading": true}"#;
    let read = accept(MONEY, &learning(whole)).campaigns[0].learning;
    assert_eq!((read.corridor.0.millionths(), read.corridor.1.millionths()), (500_000, 2_000_000));
    assert_eq!(read.exploration.ppm(), 5_000);
    assert_eq!((read.feedback, read.shading), (Feedback::Automatic, true));
    let ends =
        accept(MONEY, &learning(r#"{"corridor": [0.001, 10], "feedback": "off"}"#)).campaigns[0].learning;
    assert_eq!((ends.corridor.0.millionths(), ends.corridor.1), (1_000, Factor::MAX));
    assert_eq!(ends.feedback, Feedback::Off);
    let still = r#"{"corridor": [1, 1], "exploration_percent": 0, "feedback": "propose"}"#;
    let still = accept(MONEY, &learning(still)).campaigns[0].learning;
    assert_eq!((still.corridor, still.exploration), ((Factor::ONE, Factor::ONE), RatePpm::ZERO));
}

#[test]
fn a_corridor_holds_what_it_is_without_learning() {
    let hint = "(as `[0.25, 4]`: from a quarter to four times what it is worth without learning)";
    for (low, column) in [("0", 14), ("1.5", 14), ("-0.5", 14)] {
        let want = format!("error .corridor[0]` must be above 0 and at most 1, got {low} {hint}");
        refuse(&format!(r#"{{"corridor": [{low}, 4]}}"#), column, &want);
    }
    for high in ["0.9", "10.001", "11"] {
        let want = format!("error .corridor[1]` must be from 1 to 10, got {high} {hint}");
        refuse(&format!(r#"{{"corridor": [0.25, {high}]}}"#), 20, &want);
    }
    refuse(
        r#"{"corridor": [0.25]}"#,
        1,
        &format!("error .corridor` must have 2 numbers, the least and the most, got 1 {hint}"),
    );
    refuse(
        r#"{"corridor": [0.2505, 4]}"#,
        14,
        "error .corridor[0]` has more than 3 decimals: 0.2505 (numbers are exact here, nothing is rounded)",
    );
    refuse(r#"{"corridor": 4}"#, 13, "error .corridor` must be a list, got a number");
}

#[test]
fn exploration_is_capped_and_more_than_it_takes_is_noticed() {
    let text = |percent: &str| format!(r#"{{"exploration_percent": {percent}}}"#);
    refuse(&text("10.5"), 24, "error .exploration_percent` must be at most 10, got 10.5");
    refuse(&text("-1"), 24, "error .exploration_percent` must be a percentage from 0 to 100, got -1");
    refuse(
        &text("2.5"),
        24,
        "warning .exploration_percent` is high: more than 2 % of the money, got 2.5 \
         (what is tried is paid like the rest and brings less: 1 or 2 are enough)",
    );
}

#[test]
fn unknown_keys_and_words_of_learning_are_refused_with_the_nearest_known_one() {
    refuse(
        r#"{"explorations_percent": 1}"#,
        1,
        "error .explorations_percent` is not a known key (did you mean `exploration_percent`?)",
    );
    refuse(
        r#"{"feedback": "automatc"}"#,
        13,
        "error .feedback` must be one of `off`, `propose`, `automatic`, got \"automatc\" \
         (did you mean `automatic`?)",
    );
    refuse(r#"{"shading": "yes"}"#, 12, "error .shading` must be true or false, got a text");
    check(
        MONEY,
        &format!(r#"{MONEY} "lerning": {{}},"#),
        "error 8:29 `lerning` is not a known key (did you mean `learning`?)",
    );
}
