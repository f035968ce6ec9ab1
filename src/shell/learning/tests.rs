//! What budgets hear of bids that a snapshot decided, when another one has taken its place; what a restart brings back.

use std::sync::{Arc, PoisonError};

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::audience::{Definitions, Profile};
use crate::bidder::{Ask, Chosen, Plan, Silent, Snapshot, decide};
use crate::budget::Book;
use crate::campaign::{Rates, Surroundings, compile, read_exchange};
use crate::document::{Faults, Source};
use crate::frequency::Seen;
use crate::notice::{NoticeKind, Params};
use crate::openrtb::parse;
use crate::pacing::{Dual, Group};
use crate::privacy::Permissions;
use crate::shell::learning::learner::{duals, resume, tried};
use crate::shell::learning::{Kept, Lessons, Multiplier, Whose};
use crate::units::{Millis, Nanos, UnixMillis};

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);
const POOLED: &str = r#"{"mode": "dual", "pool": true}"#;

/// One campaign that is paced by `pacing`, with these line items, each with a budget of its own.
fn plan(pacing: &str, line_items: &[&str]) -> Arc<Plan> {
    let line_items: Vec<String> = line_items
        .iter()
        .map(|id| {
            format!(r#"{{"id": "{id}", "name": "L", "goal": {{"cpm": 4}}, "budget": {{"daily": 50}}}}"#)
        })
        .collect();
    let text = format!(
        r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "c", "name": "c",
        "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}}, "budget": {{"daily": 100}},
        "pacing": {pacing}, "line_items": [{}],
        "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
            "language": "fr", "banner": {{"size": "300x250", "image": "https://cdn.shop.example/k.png"}}}}]}}"#,
        line_items.join(", ")
    );
    let mut faults = Faults::new();
    let rates = r#"{"date": "2024-12-31", "base": "EUR", "source": "test", "rates": {}}"#;
    let rates = Rates::read(&Source::new("currencies.json", rates), &mut faults).unwrap();
    let exchange = r#"{"name": "Generic", "seat": "seat-1", "bills_on": "billing",
        "reservation": {"display": "10m", "av": "1h"}, "tmax_ms": 120, "margin_ms": 10, "price_decimals": 6,
        "missing_price": "refuse"}"#;
    let exchange = read_exchange(&Source::new("generic.json", exchange), &mut faults).unwrap();
    let surroundings = Surroundings {
        scenarios: &[],
        exchanges: &["generic"],
        rates: &rates,
        audiences: &Definitions::default(),
        lists: &[],
    };
    let compiled = compile(&[Source::new("c.json", text)], surroundings, NOON);
    let catalog = compiled.catalog.unwrap_or_else(|| panic!("{:?}", compiled.faults));
    Plan::build(1, catalog, vec![exchange], Vec::new(), rates).into()
}

fn snapshot(plan: Arc<Plan>, former: Option<&Snapshot>) -> Snapshot {
    Snapshot::new(plan, &Book::default(), NOON, former)
}

/// What `look` makes of the one bid of `snapshot`, which is kept.
fn bid<R>(snapshot: &Snapshot, look: impl FnOnce(&mut Chosen<'_>) -> R) -> R {
    let arena = Bump::new();
    let request = r#"{"id": "r", "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}], "cur": ["EUR"]}"#;
    let request = parse(request.as_bytes(), &arena).unwrap();
    let exchange = &snapshot.plan.exchanges[0];
    let permissions = Permissions::of(&request, &exchange.privacy);
    let ask = Ask {
        request: &request,
        exchange,
        permissions: &permissions,
        user: None,
        profile: &Profile::known([]),
        household: None,
        seen: Seen { user: None, household: None },
        agent: None,
        located: None,
        secure: false,
        now: NOON,
    };
    let mut decision = decide(snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
    assert_eq!(decision.bids.len(), 1, "{:?}", decision.reason);
    decision.bids[0].keep();
    look(&mut decision.bids[0])
}

fn of(snapshot: &Snapshot, whose: Whose) -> &Arc<Dual> {
    duals(snapshot).find(|(found, ..)| *found == whose).map(|(.., dual)| dual).unwrap()
}

const ALL: [Whose; 3] = [Whose::Campaign, Whose::LineItem, Whose::Pool];

/// What the last wins cost a budget, as its bytes have it.
fn price(dual: &Dual) -> f64 {
    f64::from_le_bytes(*dual.to_bytes().last_chunk().unwrap())
}

#[test]
fn the_budgets_that_counted_a_bid_hear_of_it_though_its_line_item_is_gone() {
    let first = snapshot(plan(POOLED, &["l"]), None);
    let (lessons, _inbox) = Lessons::new();
    let ticket = bid(&first, |chosen| {
        lessons.open(&first.money.rhythms, chosen);
        chosen.ticket
    });
    for whose in ALL {
        assert!(of(&first, whose).outstanding() > 0.0, "{whose:?}");
    }
    let second = snapshot(plan(POOLED, &["m"]), Some(&first));
    assert!(Arc::ptr_eq(of(&first, Whose::Campaign), of(&second, Whose::Campaign)));
    lessons.expired(ticket.bid.id);
    for whose in ALL {
        assert!(of(&first, whose).outstanding() < 1.0, "{whose:?}");
    }
    assert!(lessons.is_empty());
}

#[test]
fn a_budget_that_is_paced_anew_hears_nothing_of_bids_that_it_never_counted() {
    let first = snapshot(plan(r#""dual""#, &["l"]), None);
    let (lessons, _inbox) = Lessons::new();
    let ticket = bid(&first, |chosen| {
        lessons.open(&first.money.rhythms, chosen);
        chosen.ticket
    });
    let second = snapshot(plan(r#""even""#, &["l"]), Some(&first));
    let new = of(&second, Whose::Campaign);
    new.came(1, 1_000.0);
    lessons.billed(
        &second,
        (NoticeKind::Billing, &ticket, &Params::default()),
        Nanos::from_raw(4_000_000),
        NOON,
    );
    assert!((new.outstanding() - 1_000.0).abs() < 1.0 && price(new) <= 0.0);
    assert!((price(of(&first, Whose::Campaign)) - 4e6).abs() < 1.0);
}

#[test]
fn a_bill_that_comes_after_the_bid_was_given_up_is_told_to_the_budgets_of_now() {
    let first = snapshot(plan(POOLED, &["l"]), None);
    let (lessons, _inbox) = Lessons::new();
    let ticket = bid(&first, |chosen| {
        lessons.open(&first.money.rhythms, chosen);
        chosen.ticket
    });
    lessons.expired(ticket.bid.id);
    for whose in ALL {
        assert!(price(of(&first, whose)) <= 0.0, "{whose:?}");
    }
    let params = Params::default();
    lessons.billed(&first, (NoticeKind::Billing, &ticket, &params), Nanos::from_raw(4_000_000), NOON);
    for whose in ALL {
        let dual = of(&first, whose);
        assert!((price(dual) - 4e6).abs() < 1.0 && dual.outstanding() < 1.0, "{whose:?}");
    }
}

#[test]
fn what_a_bid_of_yesterday_did_not_cost_is_given_back_to_yesterday() {
    let first = snapshot(plan(r#""dual""#, &["l"]), None);
    let yesterday = Arc::clone(first.money.rhythms.exploration(0));
    assert!(yesterday.spend(Nanos::from_raw(500)));
    let (lessons, _inbox) = Lessons::new();
    let ticket = bid(&first, |chosen| {
        chosen.lesson.explored = Nanos::from_raw(500);
        lessons.open(&first.money.rhythms, chosen);
        chosen.ticket
    });
    let tomorrow = NOON.plus(Millis::from_seconds(86_400));
    let second = Snapshot::new(Arc::clone(&first.plan), &Book::default(), tomorrow, Some(&first));
    let today = second.money.rhythms.exploration(0);
    assert!(today.spend(Nanos::from_raw(300)));
    lessons.expired(ticket.bid.id);
    assert_eq!((yesterday.spent(), today.spent()), (Nanos::ZERO, Nanos::from_raw(300)));
}

#[test]
fn a_multiplier_goes_on_only_where_its_budget_is_paced_as_before() {
    let kept = |pacing: &str| {
        let former = snapshot(plan(pacing, &["l"]), None);
        let multipliers = duals(&former)
            .map(|(whose, id, mode, _)| Multiplier { whose, id, mode, dual: Dual::at(-0.5) })
            .collect();
        Kept::from_bytes(&Kept { multipliers, ..Kept::default() }.to_bytes()).unwrap()
    };
    let resumed = |before: &str, now: &str, whose: Whose| {
        let snapshot = snapshot(plan(now, &["l"]), None);
        resume(&snapshot, &kept(before));
        (of(&snapshot, whose).log() + 0.5).abs() < 1e-6
    };
    assert!(resumed(r#""dual""#, r#""dual""#, Whose::Campaign));
    assert!(!resumed(r#""dual""#, r#""asap""#, Whose::Campaign));
    assert!(!resumed(r#"{"smoothness": 0.3}"#, r#"{"smoothness": 0.4}"#, Whose::Campaign));
    assert!(resumed(r#""dual""#, r#""dual""#, Whose::LineItem));
    assert!(!resumed(r#""dual""#, r#""asap""#, Whose::LineItem), "it is paced as its campaign");
    assert!(resumed(POOLED, POOLED, Whose::Pool));
}

#[test]
fn a_restart_on_the_same_day_is_no_new_share_to_try_with_and_another_day_is() {
    let first = snapshot(plan(r#""dual""#, &["l"]), None);
    assert!(tried(&first).is_empty());
    assert!(first.money.rhythms.exploration(0).spend(Nanos::from_raw(500)));
    let kept = Kept { tried: tried(&first), ..Kept::default() };
    let kept = Kept::from_bytes(&kept.to_bytes()).unwrap();
    let at = |now: UnixMillis| {
        let second = Snapshot::new(Arc::clone(&first.plan), &Book::default(), now, None);
        resume(&second, &kept);
        second.money.rhythms.exploration(0).spent()
    };
    assert_eq!(at(NOON), Nanos::from_raw(500));
    assert_eq!(at(NOON.plus(Millis::from_seconds(86_400))), Nanos::ZERO);
}

#[test]
fn the_traffic_that_was_kept_is_what_the_next_plan_goes_by() {
    let first = snapshot(plan(r#""dual""#, &["l"]), None);
    let mut kept = Kept::default();
    assert!(kept.traffic.add(Group::Exchange(1), NOON, 3));
    resume(&first, &kept);
    assert_eq!(*first.learned.traffic.lock().unwrap_or_else(PoisonError::into_inner), kept.traffic);
}
