//! Cases of experiments: what may be written of holdouts and arms, and what is said of the rest.

use crate::campaign::tests::{CAMPAIGN, accept, check, compiled, faults};
use crate::campaign::{Factor, Holdout};
use crate::units::{ArmId, RatePpm};

const MONEY: &str = r#""budget": {"daily": 100},"#;
const GOAL: &str = r#""goal": {"cpm": 4.20},"#;
const KINDS: &str = r#""conversions": [{"type": "purchase", "value": 20}],"#;

fn holdout(text: &str) -> String {
    format!(r#"{MONEY} {KINDS} "holdout": {text},"#)
}

fn arms(text: &str) -> String {
    format!(r#"{GOAL} "arms": {text},"#)
}

/// `holdout` of the campaign has exactly this fault; the column is not looked at.
#[track_caller]
fn refuse(old: &str, new: &str, want: &str) {
    let told = faults(&[&CAMPAIGN.replacen(old, new, 1)]);
    let without_place: Vec<String> = told
        .iter()
        .map(|fault| {
            fault
                .splitn(3, ' ')
                .enumerate()
                .filter(|(at, _)| *at != 1)
                .map(|(_, word)| word)
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    assert_eq!(without_place.join("\n"), want);
}

fn share(ppm: u32) -> RatePpm {
    RatePpm::from_ppm(ppm).unwrap()
}

#[test]
fn a_holdout_is_a_share_and_a_salt_that_is_the_campaigns_id() {
    assert_eq!(accept(MONEY, MONEY).campaigns[0].holdout, None);
    let usual = accept(MONEY, &holdout(r#"{"percent": 10}"#)).campaigns[0].holdout.clone();
    assert_eq!(usual, Some(Holdout { share: share(100_000), salt: "spring".into() }));
    let said = accept(MONEY, &holdout(r#"{"percent": 7.5, "salt": "acme 2026", "note": "for good"}"#));
    assert_eq!(said.campaigns[0].holdout, Some(Holdout { share: share(75_000), salt: "acme 2026".into() }));
}

#[test]
fn a_holdout_has_bounds_and_more_than_is_usual_is_noticed() {
    for percent in ["0", "0.9", "50.1", "100"] {
        refuse(
            MONEY,
            &holdout(&format!(r#"{{"percent": {percent}}}"#)),
            &format!(
                "error `holdout.percent` must be from 1 to 50, got {percent} \
                 (5 to 10 are usual; to hold nobody out, remove `holdout`)"
            ),
        );
    }
    refuse(
        MONEY,
        &holdout(r#"{"percent": 25}"#),
        "warning `holdout.percent` is high: more than 20 % never see the campaign, got 25 (5 to 10 are usual)",
    );
    refuse(MONEY, &holdout(r#"{"percent": 10, "salt": ""}"#), "error `holdout.salt` must not be empty");
    refuse(MONEY, &holdout("{}"), "error `holdout.percent` is missing");
    refuse(
        MONEY,
        &holdout(r#"{"percent": 5, "seed": 1}"#),
        "error `holdout.seed` is not a known key (known keys: `percent`, `salt`)",
    );
}

#[test]
fn a_holdout_without_conversions_or_over_deals_is_noticed() {
    refuse(
        MONEY,
        &format!(r#"{MONEY} "holdout": {{"percent": 5}},"#),
        "warning `holdout` compares conversions, and the campaign has none \
         (name their kinds in `conversions`, and report those of everybody, by user)",
    );
    let text = CAMPAIGN.replacen(MONEY, &holdout(r#"{"percent": 5}"#), 1);
    let text = text.replacen(GOAL, &format!(r#"{GOAL} "deals": ["d-1"],"#), 1);
    let told = faults(&[&text]);
    assert!(told.len() == 1 && told[0].contains("holds people out of the deals of `all`"), "{told:?}");
}

#[test]
fn arms_have_shares_creatives_and_factors() {
    let text =
        r#"[{"id": "a", "share": 33.3}, {"id": "b", "share": 66.7, "creatives": "mpu", "multiply": 1.2}]"#;
    let read = accept(GOAL, &arms(text)).line_items[0].arms.clone();
    assert_eq!(read.len(), 2);
    assert_eq!((read[0].id, read[0].share), (ArmId::from_slug("spring/all/a"), share(333_000)));
    assert_eq!((read[0].creatives.clone(), read[0].multiply), (None, Factor::ONE));
    assert_eq!(read[1].creatives, Some(vec![0]));
    assert_eq!(read[1].multiply, Factor::from_thousandths(1_200).unwrap());
    // Indices of arms are moved to the catalog's with all others.
    let other = CAMPAIGN.replace("spring", "autumn");
    let two = compiled(&[&CAMPAIGN.replacen(GOAL, &arms(text), 1), &other]).catalog.unwrap();
    let item = two.line_items.iter().find(|item| !item.arms.is_empty()).unwrap();
    assert_eq!((item.arms[1].creatives.clone(), &item.creatives), (Some(vec![1]), &vec![1]));
}

#[test]
fn arms_that_compare_nothing_are_refused_or_noticed() {
    let of = |text: &str, want: &str| refuse(GOAL, &arms(text), want);
    let one = "error `line_items[0].arms` must hold at least 2 arms, got 1 \
         (one arm has nothing to be compared with: add one, or remove `arms`)";
    of(r#"[{"id": "a", "share": 100}]"#, one);
    of(
        r#"[{"id": "a", "share": 50}, {"id": "b", "share": 40, "multiply": 2}]"#,
        "error `line_items[0].arms` has shares that sum to 90 %, and must sum to 100 \
         (give who is to see what is usual an arm of its own)",
    );
    of(
        r#"[{"id": "a", "share": 50}, {"id": "a", "share": 50, "multiply": 2}]"#,
        "error `line_items[0].arms[1]` \"a\" is already used at `a.json` line 12",
    );
    of(
        r#"[{"id": "a", "share": 50}, {"id": "b", "share": 50, "creatives": ["mpu"]}]"#,
        "warning `line_items[0].arms[1]` differs in nothing from the arm `a` \
         (give it `creatives` or `multiply`: else it tests nothing but the test)",
    );
    of(
        r#"[{"id": "a", "share": 0}, {"id": "b", "share": 100}]"#,
        "error `line_items[0].arms[0].share` must be above 0, got 0 (an arm that nobody is in is to be removed)",
    );
    of(
        r#"[{"id": "a", "share": 50}, {"id": "b", "share": 50, "multiply": 0}]"#,
        "error `line_items[0].arms[1].multiply` must be a factor from 0.1 to 10, got 0 \
         (`1.2` values an impression a fifth more; whom not to show ads to, hold out)",
    );
    of(
        r#"[{"id": "a", "share": 50}, {"id": "b", "share": 50, "creatives": ["mpo"]}]"#,
        "error `line_items[0].arms[1].creatives[0]` is not a creative of this campaign, got \"mpo\" \
         (did you mean `mpu`?)",
    );
}

#[test]
fn an_arm_shows_nothing_that_its_line_item_leaves_out() {
    let second = r#"    {
      "id": "big", "categories": ["IAB3"],
      "landing_page": "https://acme.example/",
      "banner": {"size": "300x600", "image": "https://cdn.acme.example/b.png"}
    },
    {
      "id": "mpu""#;
    let arms = r#"[{"id": "a", "share": 50}, {"id": "b", "share": 50, "creatives": ["big"]}]"#;
    let text = CAMPAIGN.replacen("    {\n      \"id\": \"mpu\"", second, 1);
    let text = text.replacen(GOAL, &format!(r#"{GOAL} "creatives": ["mpu"], "arms": {arms},"#), 1);
    let told = faults(&[&text]);
    assert!(
        told.iter().any(|fault| fault.contains("names `big`, which the line item leaves out")),
        "{told:?}"
    );
    check(MONEY, MONEY, "");
}
