//! What `explain` prints: for people within a hundred columns, for programs with every field.

mod support;

use std::process::Output;

use serde_json::{Value, json};

use support::encan;
use support::market::{Market, campaign, line_item};

/// A request from Belgium for a banner, at this floor in euros.
fn request(floor: f64) -> String {
    json!({
        "id": "r",
        "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 }, "bidfloor": floor, "bidfloorcur": "EUR" }],
        "cur": ["EUR"],
        "tmax": 60_000,
        "site": { "domain": "news.example" },
        "device": { "geo": { "country": "BEL", "lat": 50.85, "lon": 4.35 }, "os": "iOS" },
    })
    .to_string()
}

fn explained(market: &Market, floor: f64, flags: &[&str]) -> Output {
    market.put("request.json", &request(floor));
    let mut command = encan();
    command.args(["explain", "--exchange", "market", "--request"]).arg(market.path("request.json"));
    command.arg("--campaigns").arg(market.path("campaigns"));
    command.arg("--exchanges").arg(market.path("exchanges"));
    command.arg("--data").arg(market.data()).args(flags).output().expect("the binary runs")
}

fn text(market: &Market, floor: f64, flags: &[&str]) -> String {
    let output = explained(market, floor, flags);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// A market with one campaign whose line items have these rules, each with a goal of 2 euros.
fn market(rules: &[Value]) -> Market {
    let market = Market::new("10m");
    let mut campaign = campaign("c", 2.0, &json!({ "total": 1_000 }));
    let items = rules.iter().enumerate().map(|(number, rule)| {
        let mut item = line_item(&format!("l{number}"), 2.0);
        item["targeting"] = rule.clone();
        item
    });
    campaign["line_items"] = items.collect();
    market.campaign(&campaign);
    market
}

/// The text for one line item with this rule.
#[track_caller]
fn check(rule: &Value, want: &str) {
    assert_eq!(text(&market(std::slice::from_ref(rule)), 0.0, &[]), want, "{rule}");
}

#[test]
fn what_bids_says_with_what() {
    check(
        &json!({ "country": "BE" }),
        "imp 1: 1 of 1 line item bids

  c/l0: bids 2.00 EUR with mpu
      value 2.00 -> goal 2.00 -> pace 2.00 -> tax 2.00 -> shading 2.00 -> floor 2.00 -> tick 2.00\n",
    );
}

#[test]
fn of_somebody_without_an_id_segments_are_unknown_before_a_server_ran_too() {
    check(
        &json!({ "not": { "segment": "customers" } }),
        "imp 1: 0 of 1 line item bid, 1 would bid after one change\n
  c/l0: would bid after one change
      targeting.not.segment is absent (`unknown`: `exclude`), wanted not customers
          change: set `unknown` to `include` for `targeting.not.segment`\n",
    );
}

#[test]
fn every_failing_rule_is_told_with_its_place_and_what_to_change() {
    check(
        &json!({ "all": [{ "country": ["FR", "DE"] }, { "not": { "os": ["android", "ios"] } }] }),
        "imp 1: 0 of 1 line item bid, 1 needs more\n
  c/l0: 2 changes away
      targeting.all[0].country is BEL, wanted FR, DE
          change: add `BE` to `targeting.all[0].country`
      targeting.all[1].not.os is iOS, wanted not android, ios
          change: take `ios` out of `targeting.all[1].not.os`\n",
    );
}

#[test]
fn what_is_absent_is_told_with_what_the_rule_says_of_it() {
    check(
        &json!({ "city": "liège", "country": "BE" }),
        "imp 1: 0 of 1 line item bid, 1 would bid after one change\n
  c/l0: would bid after one change
      targeting.city is absent (`unknown`: `exclude`), wanted liège
          change: set `unknown` to `include` for `targeting.city`\n",
    );
}

#[test]
fn of_an_any_all_branches_are_told_and_the_nearest_is_to_be_changed() {
    check(
        &json!({ "any": [{ "country": "FR", "channel": "app" }, { "domain": "other.example" }] }),
        "imp 1: 0 of 1 line item bid, 1 would bid after one change\n
  c/l0: would bid after one change
      targeting.any[0].channel is site, wanted app
      targeting.any[0].country is BEL, wanted FR
      targeting.any[1].domain is news.example, wanted other.example
          change: add `news.example` to `targeting.any[1].domain`\n",
    );
}

#[test]
fn what_is_declined_says_why_and_what_would_help() {
    assert_eq!(
        text(&market(&[json!({})]), 2.351, &[]),
        "imp 1: 0 of 1 line item bid, 1 needs one change and perhaps another\n
  c/l0: one change away
      value 2.00 -> goal 2.00 -> pace 2.00 -> tax 2.00
      the floor is 2.351, the impression is worth 2.00 at most
          hint: raise `goal.cpm` from 2.00 to at least 2.36 EUR\n"
    );
    assert_eq!(
        text(&market(&[json!({ "country": "FR" })]), 2.351, &[]),
        "imp 1: 0 of 1 line item bid, 1 needs one change and perhaps another\n
  c/l0: would fit after one change
      targeting.country is BEL, wanted FR
          change: add `BE` to `targeting.country`
      then the floor is 2.351, the impression is worth 2.00 at most
          hint: raise `goal.cpm` from 2.00 to at least 2.36 EUR\n"
    );
}

#[test]
fn what_sleeps_says_what_would_wake_it_beside_what_fails() {
    let market = market(&[json!({ "country": "FR" })]);
    let mut paused = campaign("p", 2.0, &json!({ "total": 1_000 }));
    paused["status"] = json!("paused");
    paused["line_items"][0]["targeting"] = json!({ "country": "FR" });
    market.campaign(&paused);
    assert_eq!(
        text(&market, 0.0, &["--line-item", "p/all"]),
        "imp 1: 0 of 1 line item bid, 1 needs more\n
  p/all: 2 changes away
      it is paused
          hint: set `status` of the campaign to `active`
      targeting.country is BEL, wanted FR
          change: add `BE` to `targeting.country`\n"
    );
}

#[test]
fn json_has_every_field() {
    let rule = json!({ "not": { "segment": "lapsed" }, });
    let near = json!({ "near": { "lat": 50.85, "lon": 4.45, "km": 2.0 }, "unknown": "include" });
    let json = text(&market(&[json!({ "country": "FR" }), rule, near]), 0.0, &["--json"]);
    let lines: Value = serde_json::from_str(&json).expect("JSON");
    let of = |slug: &str| lines.as_array().unwrap().iter().find(|line| line["line_item"] == slug).unwrap();
    let country = of("c/l0");
    assert_eq!(
        (&country["bids"], &country["changes"], &country["then"], &country["outcome"]),
        (&json!(false), &json!(1), &json!("bids"), &json!("targeting"))
    );
    assert_eq!(
        country["failures"][0],
        json!({
            "attribute": "country",
            "path": "targeting.country",
            "seen": "BEL",
            "wanted": "FR",
            "absent": false,
            "unknown": "exclude",
            "needed": true,
            "edit": {
                "kind": "add",
                "path": "targeting.country",
                "text": "add `BE` to `targeting.country`",
                "values": ["BE"],
            },
        })
    );
    assert_eq!(country["reasons"], json!(["country is BEL, wanted FR"]));
    let segment = &of("c/l1")["failures"];
    assert!(segment == &json!([]) || segment[0]["path"] == "targeting.not.segment", "{segment}");
}

#[test]
fn a_thousand_line_items_are_summed_up_and_the_best_shown() {
    let mut rules = vec![json!({ "country": "FR", "os": "android" }); 999];
    rules.push(json!({ "country": "BE" }));
    let market = market(&rules);
    let short = text(&market, 0.0, &[]);
    let lines: Vec<&str> = short.lines().collect();
    assert_eq!(lines[0], "imp 1: 1 of 1000 line items bids, 999 need more");
    assert_eq!(lines[2], "  c/l999: bids 2.00 EUR with mpu");
    assert_eq!(lines.last(), Some(&"980 more are not shown: see `--all`, `--line-item` or `--json`"));
    let all = text(&market, 0.0, &["--all"]);
    assert_eq!(all.matches("2 changes away").count(), 999);
    let one = text(&market, 0.0, &["--line-item", "c/l7"]);
    assert!(one.contains("c/l7: 2 changes away") && one.lines().count() == 7, "{one}");
    assert!(all.lines().all(|line| line.chars().count() <= 100));
}

#[test]
fn a_line_item_that_is_not_there_is_named_with_the_nearest() {
    let output = explained(&market(&[json!({})]), 0.0, &["--line-item", "c/l1"]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.contains("there is no line item `c/l1`") && words.contains("did you mean `c/l0`?"),
        "{words}"
    );
}

#[test]
fn a_spent_hour_is_told_with_its_end_and_its_limit() {
    let market = Market::new("10m");
    market.campaign(&campaign("c", 2.0, &json!({ "hourly": 0.0001, "total": 1_000 })));
    let told: Value = serde_json::from_str(&text(&market, 0.0, &["--json"])).expect("JSON");
    let line = told.as_array().and_then(|lines| lines.first()).expect("a line");
    assert_eq!(line["outcome"], "spent", "{line}");
    assert_eq!(line["reasons"][0], "the campaign's hourly budget is spent or reserved");
    let hint = line["hint"].as_str().expect("a hint");
    assert!(hint.starts_with("wait until the hour ends (20"), "{hint}");
    assert!(hint.ends_with(":00 Etc/UTC), or raise `budget.hourly` of the campaign"), "{hint}");
}
