//! Corrections of the books, over the real binary: with a server on the ledger and without one, whole files or
//! nothing, once however often they are sent.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::process::Output;

use encan::ledger::{Cause, EventKind};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use support::http::Client;
use support::market::{Buyer, Market, Offer, campaign, report, seed};
use support::{Encan, encan, wait_until, within_an_hour};

/// What every bid costs: 5.00 a thousand, and a tax of a tenth of a percent on top.
const PRICE: i64 = 5_000_000;

fn market(budget: &Value) -> Market {
    let market = Market::new("10m");
    let mut spring = campaign("spring", 5.005, budget);
    spring["tax"] = json!({ "scenario": "hypothesis-eu", "bearer": "on_top" });
    market.campaign(&spring);
    market
}

/// Bills of `count` impressions.
fn bill(encan: &Encan, count: usize) -> Vec<Offer> {
    let mut buyer = Buyer::of(encan);
    let offers: Vec<Offer> = (0..count).map(|_| buyer.bid().expect("a bid")).collect();
    for offer in &offers {
        buyer.tell(&offer.billed_at(offer.price));
    }
    offers
}

fn file(corrections: &Value) -> String {
    serde_json::to_string_pretty(&json!({ "author": "Ada", "corrections": corrections })).unwrap()
}

/// `encan ledger correct` of a file of `corrections`.
fn correct(market: &Market, corrections: &Value, flags: &[&str]) -> Output {
    market.put("corrections.json", &file(corrections));
    encan()
        .args(["ledger", "correct"])
        .arg(market.path("corrections.json"))
        .arg("--data")
        .arg(market.data())
        .args(flags)
        .output()
        .unwrap()
}

#[track_caller]
fn booked(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Exit 1, nothing on stdout, and these words on stderr.
#[track_caller]
fn check_refused(output: &Output, words: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` in\n{said}");
    }
}

fn row(market: &Market) -> Value {
    report(&market.data())["rows"][0].clone()
}

fn listed(market: &Market) -> Vec<Value> {
    let output =
        encan().args(["ledger", "corrections", "--json", "--data"]).arg(market.data()).output().unwrap();
    serde_json::from_str(&booked(&output)).unwrap()
}

/// How many corrections of each cause the ledger holds.
fn corrections(market: &Market) -> Vec<Cause> {
    let correction =
        |kind| if let EventKind::Correction(correction) = kind { Some(correction.cause) } else { None };
    market.events().into_iter().filter_map(|event| correction(event.kind)).collect()
}

#[test]
fn a_file_is_booked_once_without_a_server_and_the_report_is_net_of_it() {
    let market = market(&json!({ "total": 20 }));
    let encan = market.start();
    let offers = bill(&encan, 4);
    let door = market.data().join("admin");
    assert!(door.exists());
    encan.stop();
    assert!(!door.exists(), "the address of a door that is closed");
    let before = row(&market);
    assert_eq!((&before["media"], &before["impressions"]), (&json!("0.02"), &json!(4)));
    let notes = json!([
        { "id": "1", "kind": "credit_note", "bid": offers[0].id, "share": 1, "reason": "credit note 1" },
        { "id": "2", "kind": "invalid_traffic", "bid": offers[1].id, "amount": "0.001", "reason": "robots" },
        { "id": "3", "kind": "adjustment", "bid": offers[2].id, "amount": "0.002", "reason": "wrong price" },
        { "id": "4", "kind": "refund", "bid": offers[3].id, "amount": "0.004", "reason": "goodwill" },
        { "id": "5", "kind": "dispute", "bid": offers[3].id, "share": 0.5, "reason": "no such page" },
    ]);
    let dry = booked(&correct(&market, &notes, &["--dry-run"]));
    let line = "corrections[0] `1`, credit_note: would be booked, 1 entry, -0.005 EUR, impressions -1\n";
    assert!(dry.starts_with(line), "{dry}");
    assert_eq!((row(&market), listed(&market).len()), (before, 0), "a dry run books nothing");
    let first = booked(&correct(&market, &notes, &[]));
    assert_eq!(first.lines().filter(|line| line.contains(": booked, 1 entry")).count(), 5, "{first}");
    let after = row(&market);
    for (column, want) in [
        ("media", json!("0.016")),
        ("impressions", json!(3)),
        ("corrected_impressions", json!(-1)),
        ("refunds", json!("0.004")),
        ("disputed", json!("0.0025")),
        ("tax_borne", json!("0.000016")),
        ("corrected", json!("-0.004004")),
    ] {
        assert_eq!(after[column], want, "{column} in {after:#}");
    }
    let again = booked(&correct(&market, &notes, &[]));
    assert_eq!(again.lines().filter(|line| line.ends_with("booked before, 1 entry")).count(), 5, "{again}");
    assert_eq!((row(&market), corrections(&market).len()), (after, 5));
    let list = listed(&market);
    let refund = list.iter().find(|row| row["kind"] == "refund").unwrap();
    for (key, want) in [
        ("bid", json!(offers[3].id)),
        ("campaign", json!("spring")),
        ("amount", json!("-0.004")),
        ("impressions", json!(0)),
        ("reason", json!("goodwill")),
        ("author", json!("Ada")),
    ] {
        assert_eq!(refund[key], want, "{refund:#}");
    }
}

#[test]
fn all_of_a_file_is_booked_or_nothing_and_every_fault_has_its_place() {
    let market = market(&json!({ "total": 20 }));
    let encan = market.start();
    let offers = bill(&encan, 2);
    let credit = |bid: &str, amount: &str| json!({ "kind": "credit_note", "bid": bid, "amount": amount, "reason": "note" });
    let unknown = "0".repeat(32);
    let wrong =
        json!([credit(&offers[0].id, "0.004"), credit(&offers[0].id, "0.002"), credit(&unknown, "1")]);
    let faults = [
        "line 10: `corrections[1]`: asks for 0.002 EUR, but only 0.001 EUR is left of what was billed",
        "line 16: `corrections[2]`: bid `00000000000000000000000000000000` was never billed",
        "nothing was booked",
    ];
    let malformed = json!([{ "kind": "credit_note", "bid": offers[0].id, "share": 2, "why": "?" }]);
    let malformed_faults =
        ["`corrections[0].share` must be above 0", "`corrections[0].why` is not a known key"];
    check_refused(&correct(&market, &wrong, &[]), &faults);
    check_refused(&correct(&market, &malformed, &[]), &malformed_faults);
    encan.stop();
    check_refused(&correct(&market, &wrong, &[]), &faults);
    check_refused(&correct(&market, &malformed, &[]), &malformed_faults);
    assert_eq!(corrections(&market), []);
    let right = json!([credit(&offers[0].id, "0.004"), credit(&offers[0].id, "0.001")]);
    booked(&correct(&market, &right, &[]));
    assert_eq!(row(&market)["impressions"], 1);
    // An entry is never changed, under whatever id.
    let mut named =
        json!([{ "id": "a", "kind": "refund", "bid": offers[1].id, "amount": "0.001", "reason": "r" }]);
    booked(&correct(&market, &named, &[]));
    named[0]["amount"] = json!("0.002");
    check_refused(&correct(&market, &named, &[]), &["`corrections[0]`: its `id` is booked already"]);
}

#[test]
fn a_wrong_folder_or_file_is_refused_and_not_made() {
    let market = Market::new("10m");
    let nowhere = market.path("nowhere");
    let flag = nowhere.to_str().unwrap().to_owned();
    market.put("corrections.json", &file(&json!([])));
    let run = |file: &str| {
        encan().args(["ledger", "correct"]).arg(market.path(file)).args(["--data", &flag]).output().unwrap()
    };
    check_refused(&run("corrections.json"), &["there is no ledger in"]);
    check_refused(&run("missing.json"), &["cannot be read"]);
    assert!(!nowhere.exists());
}

#[test]
fn what_came_back_of_a_total_cap_is_spent_again_by_the_running_server_and_no_cap_is_passed() {
    let market = market(&json!({ "total": 0.02 }));
    let encan = market.start();
    let offers = bill(&encan, 4);
    wait_until("the cap is used", || Buyer::of(&encan).bid().is_none());
    let notes = json!([
        { "id": "1", "kind": "credit_note", "bid": offers[0].id, "share": 1, "reason": "note" },
        { "id": "2", "kind": "invalid_traffic", "bid": offers[1].id, "share": 1, "reason": "robots" },
        { "id": "3", "kind": "refund", "bid": offers[2].id, "share": 1, "reason": "our own money" },
    ]);
    booked(&correct(&market, &notes, &[]));
    let (mut buyer, mut more) = (Buyer::of(&encan), Vec::new());
    wait_until("two more", || {
        more.extend(buyer.bid());
        more.len() == 2
    });
    for offer in &more {
        buyer.tell(&offer.billed_at(offer.price));
    }
    assert!(buyer.bid().is_none(), "a refund gives no budget back");
    let after = row(&market);
    assert_eq!((&after["media"], &after["impressions"]), (&json!("0.02"), &json!(4)));
    // The same after a restart: nothing is left.
    encan.stop();
    let encan = market.start();
    assert!(Buyer::of(&encan).bid().is_none());
    booked(&correct(&market, &notes, &[]));
    assert!(Buyer::of(&encan).bid().is_none(), "what is known gives nothing back again");
    // What a former run was billed comes back to this one, too.
    let late = json!([{ "kind": "credit_note", "bid": more[0].id, "share": 1, "reason": "note" }]);
    booked(&correct(&market, &late, &[]));
    let mut buyer = Buyer::of(&encan);
    let mut last = None;
    wait_until("one more", || {
        last = last.take().or_else(|| buyer.bid());
        last.is_some()
    });
    assert_eq!(last.unwrap().price, PRICE);
    assert!(buyer.bid().is_none());
}

#[test]
fn a_day_of_invalid_traffic_is_spread_over_its_bills_exactly() {
    within_an_hour(|| {
        let market = market(&json!({ "total": 20 }));
        let encan = market.start();
        bill(&encan, 10);
        let day = market.events()[0].bid.day.to_string();
        let of_day = |kind: &str, key: &str, value: Value| {
            let mut correction = json!({ "kind": kind, "campaign": "spring", "exchange": "market", "day": day, "reason": "robots" });
            correction[key] = value;
            json!([correction])
        };
        let told = booked(&correct(&market, &of_day("invalid_traffic", "impressions", json!(3)), &[]));
        assert_eq!(told, "corrections[0], invalid_traffic: booked, 3 entries, -0.015 EUR, impressions -3\n");
        let told = booked(&correct(&market, &of_day("invalid_traffic", "amount", json!("0.000000010")), &[]));
        assert_eq!(
            told,
            "corrections[0], invalid_traffic: booked, 7 entries, -0.00000001 EUR, impressions 0\n"
        );
        let told = booked(&correct(&market, &of_day("adjustment", "amount", json!("1.5")), &[]));
        assert_eq!(told, "corrections[0], adjustment: booked, 1 entry, 1.50 EUR, impressions 0\n");
        let after = row(&market);
        assert_eq!((&after["media"], &after["impressions"]), (&json!("1.53499999"), &json!(7)));
        let output = encan.report(&["--by", "line-item", "--json"]);
        let table: Value = serde_json::from_slice(&output.stdout).unwrap();
        let labels: Vec<_> =
            table["rows"].as_array().unwrap().iter().map(|row| row["line_item"].clone()).collect();
        assert_eq!(labels, ["spring/all", "whole campaign"]);
        check_refused(
            &correct(&market, &of_day("invalid_traffic", "impressions", json!(8)), &[]),
            &["asks for 8 impressions, but only 7 are left"],
        );
        let mut elsewhere = of_day("invalid_traffic", "impressions", json!(1));
        elsewhere[0]["exchange"] = json!("other");
        check_refused(&correct(&market, &elsewhere, &[]), &["nothing was billed there", "encan report --by"]);
    });
}

#[test]
fn the_admin_s_door_takes_json_by_post_only_and_tells_faults_as_json() {
    let market = market(&json!({ "total": 20 }));
    let encan = market.start();
    let offers = bill(&encan, 1);
    let note = file(&json!([{ "kind": "credit_note", "bid": offers[0].id, "share": 1, "reason": "note" }]));
    let path = "/v1/ledger/corrections";
    let ask = |method: &str, path: &str, kind: &str, body: &str| {
        Client::connect(encan.admin).send(method, path, &[("content-type", kind)], body.as_bytes())
    };
    let json = "application/json";
    assert_eq!(ask("GET", path, json, "").status, 405);
    assert_eq!(ask("POST", path, "text/plain", &note).status, 415);
    assert_eq!(ask("POST", path, json, "{").status, 400);
    let faulty = ask("POST", path, json, &note.replace("\"share\": 1", "\"share\": 9"));
    assert_eq!((faulty.status, &faulty.json()[0]["line"]), (400, &json!(8)), "{}", faulty.text());
    assert_eq!(encan.post(path, &note).status, 404, "the public door knows nothing of it");
    assert_eq!(corrections(&market), []);
    assert_eq!(ask("POST", &format!("{path}?dry_run=1"), json, &note).status, 200);
    assert_eq!(corrections(&market), []);
    assert_eq!(ask("POST", path, json, &note).status, 200);
    assert_eq!(corrections(&market), [Cause::CreditNote]);
    let address = encan.admin.to_string();
    let again = correct(
        &market,
        &json!([{ "kind": "credit_note", "bid": offers[0].id, "share": 1, "reason": "note" }]),
        &["--admin", &address],
    );
    assert_eq!(booked(&again), "corrections[0], credit_note: booked before, 1 entry\n", "the very same file");
    let other = json!([{ "kind": "credit_note", "bid": offers[0].id, "share": 1, "reason": "again" }]);
    let other = correct(&market, &other, &["--admin", &address]);
    check_refused(&other, &["asks for 0.005 EUR, but only 0.00 EUR is left"]);
}

#[test]
fn whole_campaigns_are_adjusted_one_after_the_other_while_a_server_bids_for_all_of_them() {
    within_an_hour(|| {
        let market = market(&json!({ "total": 20 }));
        market.campaign(&campaign("autumn", 5.005, &json!({ "total": 0.01 })));
        let encan = market.start();
        let spent = |slug: &str| market.spent(slug);
        wait_until("both are billed", || {
            bill(&encan, 1);
            spent("spring") > 0 && spent("autumn") > 0
        });
        let day = market.events()[0].bid.day.to_string();
        let adjustments: Vec<Value> = ["spring", "autumn", "spring", "autumn"]
        .map(|slug| json!({ "kind": "adjustment", "campaign": slug, "exchange": "market", "day": day, "amount": "0.5", "reason": "fee" }))
        .into();
        // Four that look alike in pairs, of which none has an id.
        let told = booked(&correct(&market, &json!(adjustments), &[]));
        assert_eq!(
            told.lines().filter(|line| line.contains(": booked, 1 entry, 0.50 EUR")).count(),
            4,
            "{told}"
        );
        let again = booked(&correct(&market, &json!(adjustments), &[]));
        assert_eq!(
            again.lines().filter(|line| line.ends_with("booked before, 1 entry")).count(),
            4,
            "{again}"
        );
        assert_eq!(corrections(&market), [Cause::Adjustment; 4]);
        assert!(Buyer::of(&encan).bid().is_some(), "the server goes on");
        encan.stop();
    });
}

#[test]
fn a_kill_in_between_leaves_all_of_a_file_or_nothing_and_sending_it_again_books_it_once() {
    let market = market(&json!({ "total": 20 }));
    let mut random = SmallRng::seed_from_u64(seed());
    for round in 0..6 {
        let encan = market.start();
        let offers = bill(&encan, 5);
        let notes: Vec<Value> = offers
            .iter()
            .map(|offer| json!({ "id": offer.id, "kind": "credit_note", "bid": offer.id, "share": 1, "reason": "n" }))
            .collect();
        let (notes, before) = (json!(notes), corrections(&market).len());
        let delay = std::time::Duration::from_micros(random.random_range(0..60_000));
        let output = std::thread::scope(|scope| {
            let sent = scope.spawn(|| correct(&market, &notes, &[]));
            std::thread::sleep(delay);
            encan.kill();
            sent.join().unwrap()
        });
        let kept = corrections(&market).len() - before;
        assert!(kept == 0 || kept == 5, "{kept} of a file are kept");
        assert!(kept == 5 || !output.status.success(), "what was acknowledged is kept");
        if round % 2 == 0 {
            let _server = market.start();
            booked(&correct(&market, &notes, &[]));
        } else {
            booked(&correct(&market, &notes, &[]));
        }
        assert_eq!(corrections(&market).len() - before, 5);
    }
    let after = row(&market);
    assert_eq!((&after["media"], &after["impressions"]), (&json!("0.00"), &json!(0)));
}
