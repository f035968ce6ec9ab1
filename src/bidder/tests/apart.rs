//! What is tried on a snapshot apart changes nothing of the one that bids go by, and comes to the same.

use super::{NOON, asked, campaign, plan};
use crate::bidder::{Outcome, Snapshot, explain};
use crate::budget::Book;
use crate::units::UnixMillis;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

const REQUEST: &str = r#"{"id": "r", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}], "cur": ["EUR"],
    "site": {"domain": "news.example"}}"#;

#[test]
fn what_is_tried_apart_reserves_nothing_and_no_budget_hears_of_it() {
    let book = Book::default();
    let paced = campaign("c", "2", "").text.replace(r#""asap""#, r#""dual""#);
    let plan = plan(&[crate::document::Source::new("c.json", paced)]);
    let live = Snapshot::new(plan, &book, NOON, None);
    let state = |snapshot: &Snapshot| {
        let rhythm = &snapshot.money.rhythms.campaigns[0];
        let purse = &snapshot.money.purses[0];
        (rhythm.dual().to_bytes(), rhythm.dual().outstanding().to_bits(), purse.campaign_day())
    };
    let before = state(&live);
    let apart_book = book.apart();
    let apart = live.apart(&apart_book, NOON);
    assert_eq!(state(&apart), before, "it begins as the live one is");
    let bids = asked(&apart, REQUEST, None, |snapshot, ask| {
        let (decision, verdicts) = explain(snapshot, ask, &mut SmallRng::seed_from_u64(1));
        assert_eq!(verdicts[0].outcome, Outcome::Bids(0));
        decision.bids.len()
    });
    assert_eq!(bids, 1);
    assert_ne!(state(&apart).0, before.0, "the budget apart heard of the request");
    assert_eq!(state(&live), before, "the live one did not");
    assert!(book.caps(|_| true).iter().all(|cap| cap.committed().raw() == 0));
}

#[test]
fn a_snapshot_apart_knows_what_is_spent_and_by_when_plans_allow_more() {
    let book = Book::default();
    let even = campaign("c", "2", "").text.replace(r#""asap""#, r#""even""#);
    let plan = plan(&[crate::document::Source::new("c.json", even)]);
    let live = Snapshot::new(plan, &book, NOON, None);
    let purse = &live.money.purses[0];
    // All that the plan allows by now, and a head start, is committed.
    while live.asleep(0, NOON).is_none() {
        let mut held = purse.hold(crate::units::Nanos::from_raw(20_000_000_000)).unwrap();
        held.keep();
    }
    let apart_book = book.apart();
    let apart = live.apart(&apart_book, NOON);
    assert_eq!(apart.asleep(0, NOON), live.asleep(0, NOON));
    let later = UnixMillis::from_raw(NOON.raw() + 11 * 3_600_000);
    assert_eq!(live.apart(&apart_book, later).asleep(0, later), None, "the day goes on");
}
