//! What impressions are worth by the modifiers of line items.

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::bidder::tests::{NOON, answer, asked, below, campaign, check, plan, printed_seed, request};
use crate::bidder::{NoBidReason, Outcome, Snapshot, explain};
use crate::budget::Book;
use crate::document::Source;

/// A campaign whose line item multiplies its value on sites and in apps.
fn modified(id: &str, cpm: &str, site: &str, app: &str) -> Source {
    let modifiers = format!(
        r#", "modifiers": [{{"when": {{"channel": "site"}}, "multiply": {site}}},
            {{"when": {{"channel": "app"}}, "multiply": {app}}}]"#
    );
    campaign(id, cpm, &modifiers)
}

const SITE: &str = r#", "site": {"domain": "a.example"}"#;
const APP: &str = r#", "app": {"bundle": "a.example"}"#;

#[test]
fn modifiers_that_hold_multiply_the_price_and_it_is_rounded_down() {
    let one = [modified("c", "1.000001", "1.5", "0.333")];
    check(&one, "", SITE, Ok("c 1.500001 EUR"));
    check(&one, "", APP, Ok("c 0.333 EUR"));
    check(&one, "", "", Ok("c 1.000001 EUR"));
    let both = r#", "modifiers": [{"when": {}, "multiply": 10}, {"when": {}, "multiply": 0.25}]"#;
    check(&[campaign("c", "2", both)], "", "", Ok("c 5.00 EUR"));
}

#[test]
fn the_best_is_who_is_worth_most_on_this_impression() {
    let three = [
        modified("raised", "2", "10", "0.5"),
        campaign("plain", "3", ""),
        modified("low", "2.5", "1.1", "2"),
    ];
    check(&three, "", SITE, Ok("raised 20.00 EUR"));
    check(&three, "", APP, Ok("low 5.00 EUR"));
    check(&three, "", "", Ok("plain 3.00 EUR"));
}

#[test]
fn a_floor_is_held_against_the_modified_value() {
    let one = [modified("c", "1", "1.5", "0.5")];
    let floor = r#", "bidfloor": 1.2, "bidfloorcur": "EUR""#;
    check(&one, floor, SITE, Ok("c 1.50 EUR"));
    check(&one, floor, APP, below("0.5", "1.2"));
}

#[test]
fn a_value_multiplied_by_zero_is_no_bid_and_explained() {
    let two = [modified("zero", "9", "0", "1.5"), campaign("plain", "1", "")];
    check(&two[..1], "", SITE, Err(NoBidReason::MultipliedByZero));
    check(&two, "", SITE, Ok("plain 1.00 EUR"));
    check(&two, "", APP, Ok("zero 13.50 EUR"));
    let snapshot = Snapshot::new(plan(&two), &Book::default(), NOON, None);
    let verdicts = asked(&snapshot, &request("", SITE), None, |snapshot, ask| {
        explain(snapshot, ask, &mut SmallRng::seed_from_u64(1)).1
    });
    let zero = verdicts.iter().find(|verdict| verdict.outcome != Outcome::Bids(0)).unwrap();
    assert_eq!(zero.outcome, Outcome::Declined(NoBidReason::MultipliedByZero));
    assert_eq!(zero.factor.to_string(), "0");
}

#[test]
fn whatever_the_modifiers_the_winner_is_the_full_scans() {
    let mut random = SmallRng::seed_from_u64(printed_seed());
    for _ in 0..20 {
        let mut price = |most: u32| f64::from(random.random_range(0..most)) / 1_000.0;
        let drawn: Vec<[f64; 3]> =
            (0..12).map(|_| [1.0 + price(5_000), price(3_000), price(10_001)]).collect();
        let campaigns: Vec<Source> = (0..)
            .zip(&drawn)
            .map(|(at, [cpm, site, app])| {
                modified(
                    &format!("c{at:02}"),
                    &format!("{cpm:.3}"),
                    &format!("{site:.3}"),
                    &format!("{app:.3}"),
                )
            })
            .collect();
        for (root, factor) in [(SITE, 1), (APP, 2)] {
            // Exact in millionths: thousandths times thousandths.
            let worth = |one: &[f64; 3]| (one[0] * 1_000.0).round() * (one[factor] * 1_000.0).round();
            let best = drawn.iter().map(worth).fold(0.0, f64::max);
            let first = drawn.iter().position(|one| worth(one) >= best).unwrap();
            let snapshot = Snapshot::new(plan(&campaigns), &Book::default(), NOON, None);
            let got = answer(&snapshot, &request("", root), None).unwrap();
            assert!(got.starts_with(&format!("c{first:02} ")), "{got}, wanted {first} of {drawn:?}");
        }
    }
}
