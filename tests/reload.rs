//! New campaign files while the server runs: taken whole or refused whole, and no request is lost.

mod support;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use encan::shell::boot::boot;
use encan::shell::clock;
use encan::shell::config::{ConfigArgs, configure};
use serde_json::json;

use support::market::{Buyer, Market, campaign, report};
use support::{Encan, wait_until};

/// A market with one campaign that bids 2 on everything.
fn market() -> Market {
    let market = Market::new("10m");
    bid_at(&market, 2.0);
    market
}

fn bid_at(market: &Market, cpm: f64) {
    market.campaign(&campaign("large", cpm, &json!({ "total": 1_000_000 })));
}

fn price(encan: &Encan) -> Option<i64> {
    Buyer::of(encan).bid().map(|offer| offer.price)
}

#[track_caller]
fn wait_for_revision(encan: &Encan, revision: u64) {
    wait_until("a new revision", || encan.metric("encan_revision") >= revision);
}

#[test]
fn a_changed_file_is_taken_by_itself() {
    let market = market();
    let encan = market.start();
    assert_eq!(price(&encan), Some(2_000_000));
    bid_at(&market, 3.0);
    wait_for_revision(&encan, 2);
    assert_eq!(price(&encan), Some(3_000_000));
}

#[test]
fn a_change_right_after_the_start_is_not_missed() {
    for _ in 0..3 {
        let market = market();
        let encan = market.start();
        bid_at(&market, 3.0);
        wait_until("the new price", || price(&encan) == Some(3_000_000));
    }
}

#[test]
fn sighup_reloads_even_right_after_the_start() {
    let market = market();
    for _ in 0..3 {
        let encan = market.start();
        encan.signal("HUP");
        wait_for_revision(&encan, 2);
        assert_eq!(price(&encan), Some(2_000_000));
    }
}

#[test]
fn a_bad_revision_is_refused_with_its_faults_and_a_repaired_one_is_taken() {
    let market = market();
    let encan = market.start();
    let bad = campaign("large", 3.0, &json!({ "daily": -5 }));
    market.campaign(&bad);
    wait_until("a refusal", || encan.metric("encan_reloads_refused_total") >= 1);
    wait_until("its words", || encan.words().contains("the old ones go on"));
    for words in ["large.json", "must be greater than 0, got -5", "hint"] {
        assert!(encan.words().contains(words), "`{words}` in\n{}", encan.words());
    }
    assert_eq!((price(&encan), encan.metric("encan_revision")), (Some(2_000_000), 1));
    market.put("campaigns/large.json", "{ \"id\": ");
    wait_until("another refusal", || encan.metric("encan_reloads_refused_total") >= 2);
    assert_eq!(price(&encan), Some(2_000_000));
    bid_at(&market, 4.0);
    wait_for_revision(&encan, 2);
    assert_eq!(price(&encan), Some(4_000_000));
}

#[test]
fn a_changed_list_is_taken_and_a_bad_one_leaves_all_as_it_was() {
    let market = market();
    let mut choosy = campaign("large", 2.0, &json!({ "total": 1_000_000 }));
    choosy["line_items"][0]["targeting"] = json!({ "not": { "domain": { "list": "unwanted" } } });
    market.campaign(&choosy);
    std::fs::create_dir(market.path("lists")).unwrap();
    market.put("lists/unwanted.txt", "a.example\n");
    let lists = market.path("lists").display().to_string();
    let encan = market.start_with(&["--lists", &lists], &[]);
    assert_eq!(price(&encan), Some(2_000_000));
    market.put("lists/unwanted.txt", "a.example\nnews example\n");
    wait_until("a refusal", || encan.metric("encan_reloads_refused_total") >= 1);
    wait_until("its words", || encan.words().contains("the old ones go on"));
    for words in ["unwanted.txt` line 2", "\"news example\" is not a domain", "1 line is wrong"] {
        assert!(encan.words().contains(words), "`{words}` in\n{}", encan.words());
    }
    assert_eq!((price(&encan), encan.metric("encan_revision")), (Some(2_000_000), 1));
    market.put("lists/unwanted.txt", "a.example\nnews.example\n");
    wait_for_revision(&encan, 2);
    assert_eq!(price(&encan), None);
}

#[test]
fn reloads_under_load_lose_no_request_and_every_answer_is_of_one_revision() {
    let market = market();
    let encan = market.start();
    let (done, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut buyer = Buyer::of(&encan);
                while !done.load(Ordering::Relaxed) {
                    let prices: Vec<i64> = buyer.bids(3).iter().map(|offer| offer.price).collect();
                    assert!([[2_000_000; 3], [3_000_000; 3]].iter().any(|one| *one == *prices), "{prices:?}");
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        // Ends the load even if an assertion below fails.
        let _guard = Ends(&done);
        for reload in 0..10 {
            let (before, revision) = (answered.load(Ordering::Relaxed), encan.metric("encan_revision"));
            bid_at(&market, if reload % 2 == 0 { 3.0 } else { 2.0 });
            encan.signal("HUP");
            wait_for_revision(&encan, revision + 1);
            wait_until("some answers", || answered.load(Ordering::Relaxed) >= before + 30);
        }
    });
    assert_eq!(encan.metric("encan_reloads_refused_total"), 0);
    assert_eq!(encan.metric("encan_panics_total"), 0);
}

struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_removed_campaign_stops_bidding_and_its_notices_and_clicks_go_on() {
    let market = market();
    market.campaign(&campaign("short-lived", 5.0, &json!({ "total": 1_000 })));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let offer = buyer.bid().unwrap();
    assert_eq!(offer.campaign, "short-lived");
    std::fs::remove_file(market.path("campaigns/short-lived.json")).unwrap();
    wait_for_revision(&encan, 2);
    for _ in 0..20 {
        assert_eq!(buyer.bid().unwrap().campaign, "large");
    }
    buyer.tell(&offer.billed_at(offer.price));
    let told = buyer.ask("GET", &offer.click, "").unwrap();
    let place = told.location.unwrap();
    assert!(
        told.status == 302 && place.starts_with("https://acme.example/short-lived?encan_click="),
        "{place}"
    );
    let token = place.split_once("encan_click=").unwrap().1;
    buyer.tell(&format!("/c/pixel.gif?click={token}&type=purchase&value=7"));
    let table = report(&market.data());
    let row = &table["rows"][0];
    assert_eq!(row["campaign"], "short-lived");
    assert_eq!((&row["impressions"], &row["media"]), (&json!(1), &json!("0.005")));
    assert_eq!((&row["clicks"], &row["conversions"], &row["value"]), (&json!(1), &json!(1), &json!("7.00")));
}

#[test]
fn a_beat_that_began_before_a_reload_never_puts_the_old_campaigns_back() {
    let market = market();
    let args = ConfigArgs {
        campaigns: market.path("campaigns"),
        exchanges: market.path("exchanges"),
        tax: "fixtures/tax".into(),
        currencies: "fixtures/currencies.json".into(),
        supply: "fixtures/supply".into(),
        geo: "fixtures/geo/test-ranges.mmdb".into(),
        audiences: "fixtures/audiences".into(),
        lists: "fixtures/lists".into(),
    };
    let plan = |revision| configure(&args, revision, clock::now()).expect("a good configuration").plan;
    let booted = boot(plan(1), &market.data(), "http://encan.example".to_owned()).expect("a free folder");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                booted.service.tick(clock::now(), clock::steady());
            }
        });
        let _guard = Ends(&done);
        for revision in 2..200 {
            booted.service.install(plan(revision)).unwrap();
            assert_eq!(booted.service.snapshot().plan.revision, revision);
            booted.service.tick(clock::now(), clock::steady());
            assert_eq!(booted.service.snapshot().plan.revision, revision);
        }
    });
}

#[test]
fn a_campaign_never_changes_its_currency() {
    let market = market();
    let encan = market.start();
    let mut changed = campaign("large", 3.0, &json!({ "total": 1_000_000 }));
    changed["currency"] = json!("USD");
    market.campaign(&changed);
    wait_until("a refusal", || encan.metric("encan_reloads_refused_total") >= 1);
    wait_until("its words", || {
        encan.words().contains("campaign `large` is in USD, but the ledger has it in EUR")
    });
    assert_eq!(price(&encan), Some(2_000_000), "the old one goes on");
    bid_at(&market, 4.0);
    wait_for_revision(&encan, 2);
    assert_eq!(price(&encan), Some(4_000_000), "back in its own currency");
}
