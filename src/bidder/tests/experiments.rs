//! Holdouts and arms in the decision: who is not shown what, and what everybody else is.

use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::bidder::tests::{NOON, asked, plan, request};
use crate::bidder::{
    Ask, Chosen, Enrolled, NoBidReason, Outcome, Silent, Snapshot, Verdict, decide, explain,
};
use crate::budget::Book;
use crate::campaign::Factor;
use crate::document::Source;
use crate::units::UserKey;

/// A campaign with two creatives; `plan` holds keys of the campaign, `item` of its line item.
fn campaign(id: &str, cpm: &str, plan: &str, item: &str) -> Source {
    let creative = |id: &str| {
        format!(
            r#"{{"id": "{id}", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
            "banner": {{"size": "300x250", "image": "https://cdn.shop.example/{id}.png"}}}}"#
        )
    };
    let text = format!(
        r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "{id}", "name": "{id}",
        "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}},
        "conversions": [{{"type": "purchase", "value": 20}}],
        "budget": {{"daily": 100}}, "pacing": "asap" {plan},
        "line_items": [{{"id": "l", "name": "L", "goal": {{"cpm": {cpm}}} {item}}}],
        "creatives": [{}, {}]}}"#,
        creative("red"),
        creative("blue"),
    );
    Source::new(format!("{id}.json"), text)
}

const HALF: &str = r#", "holdout": {"percent": 50}"#;

fn user(number: u32) -> Option<UserKey> {
    let mut key = [0; 16];
    key[..4].copy_from_slice(&number.to_le_bytes());
    Some(UserKey::from_bytes(key))
}

fn snapshot(campaigns: &[Source]) -> Snapshot {
    Snapshot::new(plan(campaigns), &Book::default(), NOON, None)
}

/// What is decided for `user` about one banner; the bids are dropped.
fn told<R>(
    snapshot: &Snapshot,
    user: Option<UserKey>,
    measure: bool,
    look: impl Fn(&[Chosen<'_>], &[Enrolled<'_>], NoBidReason) -> R,
) -> R {
    asked(snapshot, &request("", ""), None, |snapshot, ask| {
        let permissions = crate::privacy::Permissions { measure, ..*ask.permissions };
        let ask = Ask { user, permissions: &permissions, ..*ask };
        let decision = decide(snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
        look(&decision.bids, &decision.enrolled, decision.reason)
    })
}

/// Who bids for `user`.
fn bidder(snapshot: &Snapshot, user: Option<UserKey>) -> Result<String, NoBidReason> {
    told(snapshot, user, true, |bids, _, reason| {
        bids.first().map(|bid| bid.campaign.slug.clone()).ok_or(reason)
    })
}

#[test]
fn whoever_is_held_out_gets_the_bid_of_the_next_best_campaign() {
    let (best, next) = (campaign("best", "3", HALF, ""), campaign("next", "2", "", ""));
    let snapshot = snapshot(&[best, next]);
    let out = (0..1_000).filter(|number| bidder(&snapshot, user(*number)) == Ok("next".to_owned())).count();
    let shown = (0..1_000).filter(|number| bidder(&snapshot, user(*number)) == Ok("best".to_owned())).count();
    assert_eq!(out + shown, 1_000, "everybody gets a bid of the one or the other");
    assert!((430..570).contains(&out), "{out} of 1000 at 50 %");
    assert_eq!(bidder(&snapshot, None), Ok("best".to_owned()), "who is not known is in no group");
}

#[test]
fn a_ghost_bid_holds_nothing_and_counts_as_held_out() {
    let snapshot = snapshot(&[campaign("alone", "3", HALF, "")]);
    let is_out = |number: &u32| bidder(&snapshot, user(*number)).is_err();
    let out = (0..100).find(is_out).unwrap();
    let reason = told(&snapshot, user(out), true, |bids, enrolled, reason| {
        assert!(bids.is_empty());
        let [one] = enrolled else { panic!("{enrolled:?}") };
        assert!(one.held_out && one.campaign.slug == "alone");
        reason
    });
    assert_eq!(reason, NoBidReason::HeldOut);
    let purse = &snapshot.money.purses[0];
    assert_eq!(purse.campaign_day(), crate::units::Nanos::ZERO, "all of it was given back");
}

#[test]
fn both_groups_are_enrolled_alike_and_nobody_who_may_not_be_measured() {
    let snapshot = snapshot(&[campaign("alone", "3", HALF, "")]);
    for number in 0..200 {
        let is_out = told(&snapshot, user(number), true, |bids, enrolled, _| {
            let [one] = enrolled else { panic!("{enrolled:?}") };
            assert_eq!(one.held_out, bids.is_empty());
            one.held_out
        });
        let again = told(&snapshot, user(number), true, |_, enrolled, _| enrolled[0].held_out);
        assert_eq!(is_out, again, "a person stays in a group");
        told(&snapshot, user(number), false, |bids, enrolled, _| {
            assert!(enrolled.is_empty() && bids.len() == 1, "outside the experiment");
        });
    }
    let dear = r#", "bidfloor": 9, "bidfloorcur": "EUR""#;
    let nobody = asked(&snapshot, &request(dear, ""), None, |snapshot, ask| {
        let ask = Ask { user: user(1), ..*ask };
        decide(snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent).enrolled.len()
    });
    assert_eq!(nobody, 0, "who would not have been bid on is in no group");
}

#[test]
fn arms_choose_creatives_and_multiply_and_everybody_else_sees_the_line_item() {
    let arms = r#", "arms": [{"id": "a", "share": 50, "creatives": ["red"]},
        {"id": "b", "share": 50, "creatives": ["blue"], "multiply": 1.5}]"#;
    let snapshot = snapshot(&[campaign("c", "2", "", arms)]);
    let mut counts = [0, 0];
    for number in 0..400 {
        told(&snapshot, user(number), true, |bids, enrolled, _| {
            let bid = &bids[0];
            let arm = bid.arm.unwrap();
            let seen = (arm.slug.as_str(), bid.creative.slug.as_str(), bid.ticket.price.to_string());
            match (seen.0, seen.1, seen.2.as_str()) {
                ("a", "red", "2.00") | ("b", "blue", "3.00") => {}
                other => panic!("{other:?}"),
            }
            assert!(enrolled.is_empty());
        });
        let arm = told(&snapshot, user(number), true, |bids, _, _| bids[0].arm.unwrap().slug.clone());
        counts[usize::from(arm == "b")] += 1;
    }
    assert!(counts.iter().all(|count| (150..250).contains(count)), "{counts:?}");
    told(&snapshot, None, true, |bids, _, _| {
        assert!(bids[0].arm.is_none() && bids[0].ticket.price.to_string() == "2.00");
    });
}

#[test]
fn an_arm_that_bids_more_is_looked_at_before_what_it_beats() {
    let arms = r#", "arms": [{"id": "a", "share": 50}, {"id": "b", "share": 50, "multiply": 2}]"#;
    let snapshot = snapshot(&[campaign("tested", "2", "", arms), campaign("other", "3", "", "")]);
    for number in 0..100 {
        let bids = told(&snapshot, user(number), true, |bids, _, _| {
            (bids[0].campaign.slug.clone(), bids[0].ticket.price.to_string())
        });
        let arm = snapshot.plan.arm(
            (0..2).find(|row| !snapshot.plan.line_item(*row).arms.is_empty()).unwrap(),
            user(number).as_ref(),
        );
        let want = if arm.unwrap().slug == "b" { ("tested", "4.00") } else { ("other", "3.00") };
        assert_eq!((bids.0.as_str(), bids.1.as_str()), want);
    }
}

#[test]
fn an_explanation_says_who_is_held_out_and_in_which_arm() {
    let arms = r#", "arms": [{"id": "a", "share": 50}, {"id": "b", "share": 50, "multiply": 2}]"#;
    let snapshot = snapshot(&[campaign("c", "2", HALF, arms)]);
    let explained = |number: u32| -> Verdict {
        asked(&snapshot, &request("", ""), None, |snapshot, ask| {
            let ask = Ask { user: user(number), ..*ask };
            explain(snapshot, &ask, &mut SmallRng::seed_from_u64(1)).1.remove(0)
        })
    };
    let two = Factor::from_thousandths(2_000).unwrap();
    let mut kinds = [0; 2];
    for verdict in (0..60).map(explained) {
        match verdict.outcome {
            Outcome::Declined(NoBidReason::HeldOut) => kinds[0] += 1,
            Outcome::Bids(0) => kinds[1] += 1,
            other => panic!("{other:?}"),
        }
        let factor = if verdict.arm.as_deref() == Some("b") { two } else { Factor::ONE };
        assert_eq!(verdict.factor, factor);
        assert!(!verdict.steps.iter().collect::<Vec<_>>().is_empty(), "a ghost bid has a price, too");
    }
    assert!(kinds.iter().all(|kind| *kind > 10), "{kinds:?}");
}
