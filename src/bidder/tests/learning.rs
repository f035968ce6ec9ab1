//! What of a bid may be kept to learn from, and from when on a line item is known.

use std::sync::Arc;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::Profile;
use crate::bidder::tests::{NOON, campaign, plan};
use crate::bidder::{Ask, Learned, Silent, Snapshot, decide};
use crate::budget::Book;
use crate::document::Source;
use crate::frequency::Seen;
use crate::learning::{Creative as Brought, Features, Field};
use crate::openrtb::parse;
use crate::privacy::Permissions;
use crate::units::CreativeId;

const REQUEST: &str = r#"{"id": "r", "cur": ["EUR"], "site": {"domain": "news.example"},
    "device": {"os": "iOS", "connectiontype": 2, "language": "fr",
        "geo": {"country": "FRA", "region": "IDF", "city": "Paris"}},
    "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]}"#;

/// What is kept of a bid to somebody who permits this much.
fn kept(permit: impl FnOnce(&mut Permissions)) -> Option<Features> {
    let snapshot = Snapshot::new(plan(&[campaign("c", "3", "")]), &Book::default(), NOON, None);
    let arena = Bump::new();
    let request = parse(REQUEST.as_bytes(), &arena).unwrap();
    let exchange = snapshot.plan.exchange("generic").unwrap();
    let mut permissions = Permissions::of(&request, &exchange.privacy);
    permit(&mut permissions);
    let ask = Ask {
        request: &request,
        exchange,
        permissions: &permissions,
        user: None,
        profile: &Profile::known([]),
        household: None,
        seen: Seen::default(),
        agent: None,
        located: None,
        secure: true,
        now: NOON,
    };
    let decision = decide(&snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
    assert_eq!(decision.bids.len(), 1, "{:?}", decision.reason);
    assert_eq!(decision.bids[0].ticket.measured, permissions.measure);
    decision.bids[0].lesson.features
}

#[test]
fn of_who_does_not_let_us_measure_nothing_is_kept_and_of_who_refuses_to_be_gone_by_nothing_personal() {
    use Field::{Browser, City, Connection, Country, Hour, Language, Medium, Os, Outlet, Recognised, Region};
    let of_a_person = [Recognised, Region, City, Connection, Language];
    let all = kept(|_| {}).unwrap();
    for field in of_a_person.into_iter().chain([Os, Outlet, Country, Medium, Hour]) {
        assert_ne!(all.of(field), 0, "{field}");
    }
    let by_context = kept(|permissions| permissions.personalise = false).unwrap();
    for field in of_a_person {
        assert_eq!(by_context.of(field), 0, "{field}");
    }
    for field in [Os, Browser, Outlet, Country, Medium, Hour] {
        assert_eq!(by_context.of(field), all.of(field), "{field}");
    }
    let coarse = kept(|permissions| permissions.locate = false).unwrap();
    assert_eq!([Region, City, Recognised].map(|field| coarse.of(field) == 0), [true, true, false]);
    assert_eq!(kept(|permissions| permissions.measure = false), None);
}

#[test]
fn clicks_of_creatives_make_a_line_item_known_that_is_after_clicks_and_not_one_after_conversions() {
    let known = |goal: &str, clicks: u64| {
        let text = format!(
            r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "c", "name": "c",
            "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}},
            "budget": {{"daily": 100}}, "conversions": [{{"type": "purchase", "value": 60}}],
            "line_items": [{{"id": "l", "name": "L", "goal": {goal}}}],
            "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
                "language": "fr", "banner": {{"size": "300x250", "image": "https://cdn.shop.example/k.png"}}}}]}}"#
        );
        let plan = plan(&[Source::new("c.json", text)]);
        let line_item = plan.line_item(0);
        let ids: Vec<CreativeId> =
            line_item.creatives.iter().map(|at| plan.catalog.creatives[*at].id).collect();
        let brought = [(ids[0], Brought { impressions: 10_000, clicks })];
        let learned = Learned { creatives: Arc::new(brought.into()), ..Learned::default() };
        learned.knows(line_item, ids.into_iter())
    };
    assert!(!known(r#"{"cpc": 0.3}"#, 9));
    assert!(known(r#"{"cpc": 0.3}"#, 10));
    assert!(known(r#"{"cpc": 0.3, "expected_ctr": 0.001}"#, 0), "its file says what to expect");
    assert!(!known(r#"{"cpa": 25}"#, 10_000), "of conversions clicks say nothing");
}
