//! Feedback over the real binary: what a ledger's figures suggest, waits for a person or is made at once, is followed by a
//! server beside it, and can be undone. And the join of the ledger with contexts of impressions.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::process::Output;

use encan::bidder::Plan;
use encan::campaign::Factor;
use encan::feedback::{Setting, Settings, State};
use encan::ledger::{BidFacts, Cause, Charge, Conversion, Correction, Event, EventKind, Source, Touch};
use encan::pricing::placement_key;
use encan::shell::clock;
use encan::shell::config::{ConfigArgs, configure};
use encan::shell::feedback::{ChangeStore, Context, Contexts, Follower, rows};
use encan::shell::store::Store;
use encan::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use encan::units::{
    AdvertiserId, BidId, CorrectionId, ExchangeId, Femtos, LineItemId, Millis, Nanos, RatePpm, ScenarioId,
    UnixMillis,
};
use serde_json::{Value, json};

use support::books;
use support::market::{Buyer, Market, campaign};
use support::wait_until;

/// Nothing is known of any bid: line items are judged whole, by what their goals expect.
struct NoContexts;

impl Contexts for NoContexts {
    fn between(&self, _from: UnixMillis, _to: UnixMillis) -> Box<dyn Iterator<Item = Context> + '_> {
        Box::new(std::iter::empty())
    }
}

const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// What each impression costs, in nanos.
const PRICE: i64 = 2_000_000;
/// What a thousand impressions are worth where one euro buys a click and one in a hundred is clicked, in millionths.
const WORTH: i64 = 10_000_000;
const LINE_ITEM: LineItemId = LineItemId::from_slug("spring/all");

/// A campaign that pays one euro a click, of which it expects one in a hundred impressions.
fn market(feedback: &str) -> Market {
    let market = Market::new("10m");
    let mut spring = campaign("spring", 5.0, &json!({ "daily": 1_000 }));
    spring["learning"] = json!({ "feedback": feedback });
    spring["line_items"][0]["goal"] = json!({ "cpc": 1, "expected_ctr": 0.01 });
    market.campaign(&spring);
    market
}

fn facts(at: i64, number: u128) -> BidFacts {
    let at = UnixMillis::from_raw(at);
    BidFacts {
        advertiser: AdvertiserId::from_slug("acme"),
        exchange: ExchangeId::from_slug("market"),
        ..books::facts(BidId::mint(at, number), at)
    }
}

fn charge(price: i64) -> Charge {
    let line = |base| TaxLine { base: Nanos::from_raw(base), rate: RatePpm::ZERO, exemption: None };
    let place =
        Place { jurisdiction: Jurisdiction::from_code("FR"), evidence: Evidence::from_code(1).unwrap() };
    Charge {
        media: Nanos::from_raw(price),
        data: Nanos::ZERO,
        fee: Femtos::from_raw(i128::from(price) * 100_000),
        tax: Assessment {
            scenario: ScenarioId::from_raw(1),
            place,
            space: line(price),
            data: line(0),
            more: Vec::new(),
        },
        bearer: Bearer::Absorb,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

fn event(bid: BidFacts, kind: EventKind) -> Event {
    Event { bid, at: bid.at, kind }
}

/// `count` billed impressions over the ten days that end `before_ms` before `now`, each `every`th of which was clicked.
fn shown(now: UnixMillis, before_ms: i64, count: u32, every: u32) -> Vec<Event> {
    let start = now.raw() - before_ms - 10 * DAY_MS;
    let mut events = Vec::new();
    for number in 0..count {
        let at = start + 10 * DAY_MS * i64::from(number) / i64::from(count);
        let bid = facts(at, u128::from(number) << 32 | u128::from(every));
        events.push(event(bid, EventKind::Impression(charge(PRICE))));
        if number % every == 0 {
            events.push(event(bid, EventKind::Click));
        }
    }
    events
}

fn plan(market: &Market) -> Plan {
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
    configure(&args, 1, clock::now()).unwrap().plan
}

fn feedback(market: &Market, arguments: &[&str]) -> Output {
    let mut command = support::encan();
    command.arg("feedback").args(arguments).arg("--data").arg(market.data());
    if arguments[0] == "run" {
        command.arg("--campaigns").arg(market.path("campaigns"));
        command.arg("--exchanges").arg(market.path("exchanges"));
    }
    command.output().unwrap()
}

#[track_caller]
fn told(market: &Market, arguments: &[&str]) -> String {
    let output = feedback(market, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn json_of(market: &Market, arguments: &[&str]) -> Value {
    let arguments: Vec<&str> = arguments.iter().copied().chain(["--json"]).collect();
    serde_json::from_str(&told(market, &arguments)).unwrap()
}

/// Exit `code`, nothing on stdout, and these words on stderr.
#[track_caller]
fn check_refused(market: &Market, arguments: &[&str], code: i32, words: &[&str]) {
    let output = feedback(market, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(code), &b""[..]), "{said}");
    for word in words {
        assert!(said.contains(word), "`{word}` in\n{said}");
    }
}

#[test]
fn a_proposal_waits_for_a_person_is_followed_by_a_server_and_undone_exactly() {
    let market = market("propose");
    // A third of the clicks that the goal expects.
    books::write(&market.data(), &[], shown(clock::now(), 2 * HOUR_MS, 4_000, 300));
    let proposed = json_of(&market, &["run"]);
    let change = &proposed[0];
    assert_eq!(proposed.as_array().unwrap().len(), 1, "{proposed:#}");
    for (field, want) in [
        ("id", json!(1)),
        ("what", json!("calibrate")),
        ("from", json!("1")),
        ("to", json!("0.8")),
        ("state", json!("proposed")),
        ("by", json!("automatic")),
    ] {
        assert_eq!(change[field], want, "{field} in {change:#}");
    }
    let evidence = &change["evidence"];
    assert_eq!((&evidence["clicks"], &evidence["impressions"]), (&json!(14), &json!(4_000)));
    assert_eq!((&evidence["spend"], &evidence["rule"]), (&json!("8.80"), &json!("calibration")));
    assert!(evidence["probability"].as_f64().unwrap() < 1e-4, "{evidence:#}");
    assert_eq!(json_of(&market, &["run"]), json!([]), "what is proposed is not proposed again");

    let encan = market.start();
    assert_eq!(encan.metric("encan_feedback_line_items"), 0);
    let mut buyer = Buyer::of(&encan);
    assert_eq!(buyer.bid().unwrap().price, WORTH);
    assert_eq!(json_of(&market, &["accept", "1"])[0]["state"], "made");
    wait_until("the server follows", || encan.metric("encan_feedback_line_items") == 1);
    assert_eq!(buyer.bid().unwrap().price, WORTH * 4 / 5);
    let listed = told(&market, &["list", "--state", "made"]);
    assert!(listed.contains("spring/all") && listed.contains("0.8"), "{listed}");
    let shown = told(&market, &["show", "1"]);
    for words in
        ["calibrate of spring/all", "1 -> 0.8", "proposed, automatic", "made, person", "95 % interval"]
    {
        assert!(shown.contains(words), "`{words}` in\n{shown}");
    }
    check_refused(&market, &["accept", "1"], 1, &["change 1 is made, not proposed", "encan feedback undo 1"]);
    assert_eq!(json_of(&market, &["undo", "1"])[0]["state"], "undone");
    wait_until("the server follows", || encan.metric("encan_feedback_line_items") == 0);
    assert_eq!(buyer.bid().unwrap().price, WORTH);
    assert_eq!(json_of(&market, &["run"]), json!([]), "what a person undid rests for a week");
    let states = json_of(&market, &["show", "1"])["states"].clone();
    let states: Vec<&str> =
        states.as_array().unwrap().iter().map(|state| state["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["proposed", "made", "undone"], "nothing is ever taken out of the log");
    check_refused(&market, &["undo", "1"], 1, &["change 1 is undone, not made"]);
}

#[test]
fn an_automatic_change_is_made_at_once_and_a_server_starts_with_it() {
    let market = market("automatic");
    // Six euros for nothing, where a click may cost one.
    let silent: Vec<Event> = shown(clock::now(), 2 * HOUR_MS, 3_000, u32::MAX).into_iter().skip(2).collect();
    books::write(&market.data(), &[], silent);
    let made = json_of(&market, &["run"]);
    assert_eq!(
        (&made[0]["what"], &made[0]["state"], &made[0]["to"]),
        (&json!("pause"), &json!("made"), &json!("paused"))
    );
    let encan = market.start();
    assert_eq!(encan.metric("encan_feedback_line_items_paused"), 1);
    let mut buyer = Buyer::of(&encan);
    assert!(buyer.bid().is_none(), "it is paused from the first request on");
    json_of(&market, &["undo", "1"]);
    wait_until("the server bids again", || buyer.bid().is_some());
    assert_eq!(encan.metric("encan_feedback_line_items_paused"), 0);
}

#[test]
fn a_campaign_without_feedback_and_figures_too_young_change_nothing() {
    let off = market("off");
    books::write(&off.data(), &[], shown(clock::now(), 2 * HOUR_MS, 4_000, 300));
    assert_eq!(told(&off, &["run"]), "no changes\n");
    let young = market("automatic");
    let now = clock::now().raw();
    let fresh: Vec<Event> = shown(clock::now(), 0, 4_000, 300)
        .into_iter()
        .zip(0_u32..)
        .map(|(event, number)| Event { bid: facts(now - 60_000, number.into()), ..event })
        .filter(|event| matches!(event.kind, EventKind::Impression(_)))
        .collect();
    books::write(&young.data(), &[], fresh);
    assert_eq!(json_of(&young, &["run"]), json!([]), "an impression of this minute may still be clicked");
    assert_eq!(json_of(&young, &["run", "--settle-hours", "0"])[0]["what"], "pause");
}

#[test]
fn a_budget_that_a_goal_outgrew_is_only_ever_proposed_and_stands_in_the_campaigns_file() {
    let market = Market::new("10m");
    let mut spring = campaign("spring", 5.0, &json!({ "daily": 0.8 }));
    spring["learning"] = json!({ "feedback": "automatic" });
    spring["line_items"][0]["goal"] = json!({ "cpc": 1, "expected_ctr": 0.02 });
    market.campaign(&spring);
    // 400 impressions a day for 0.80, and eight clicks, which would have been worth eight euros.
    books::write(&market.data(), &[], shown(clock::now(), 2 * HOUR_MS, 4_000, 50));
    let news = json_of(&market, &["run"]);
    let [raise] = news.as_array().unwrap().as_slice() else { panic!("{news:#}") };
    for (field, want) in [("what", "raise_budget"), ("state", "proposed"), ("from", "0.80"), ("to", "0.96")] {
        assert_eq!(raise[field], want, "{field} in {raise:#}");
    }
    let accepted = feedback(&market, &["accept", "1"]);
    let said = String::from_utf8_lossy(&accepted.stderr);
    assert!(accepted.status.success() && said.contains("write `budget.daily` 0.96 there"), "{said}");
    assert_eq!(json_of(&market, &["run"]), json!([]), "what was raised rests for a week");
}

#[test]
fn what_is_not_there_is_told_with_what_to_do() {
    let market = market("propose");
    assert_eq!(told(&market, &["list"]), "no changes\n");
    check_refused(&market, &["show", "7"], 1, &["there is no change 7", "encan feedback list"]);
    check_refused(&market, &["reject", "7"], 1, &["there is no change 7"]);
    check_refused(&market, &["run"], 1, &["there is no ledger", "encan serve"]);
    check_refused(&market, &["list", "--state", "done"], 1, &["`done` is no state", "proposed, made"]);
    assert!(!market.data().join("changes.sqlite").exists(), "looking makes no file");
    std::fs::write(market.data().join("changes.sqlite"), "something else").unwrap();
    check_refused(&market, &["list"], 2, &["does not hold changes of encan", "nothing was touched"]);
    let (code, words) = market.refused(&[]);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("does not hold changes of encan"), "{words}");
    std::fs::remove_dir_all(market.data()).unwrap();
    check_refused(&market, &["list"], 1, &["there is no folder", "--data DIR"]);
}

/// Contexts by hand.
struct ByHand(Vec<Context>);

impl Contexts for ByHand {
    fn between(&self, from: UnixMillis, to: UnixMillis) -> Box<dyn Iterator<Item = Context> + '_> {
        let is_between = move |it: &&Context| (from..to).contains(&it.bid.minted_at());
        Box::new(self.0.iter().filter(is_between).cloned())
    }
}

fn context(bid: BidId, outlet: &str, ctr: Option<f64>) -> Context {
    let placement = placement_key(ExchangeId::from_slug("market"), outlet);
    Context { bid, placement, outlet: outlet.to_owned(), ctr, cvr: None }
}

/// A conversion of `kind` by a click on `bid`; a purchase is an acquisition.
fn converted(bid: BidFacts, kind: &str, value: i64) -> Event {
    let conversion = Conversion {
        kind: kind.to_owned(),
        acquisition: kind == "purchase",
        order: None,
        value: Nanos::from_raw(value),
        touch: Touch::Click(bid.at),
        fx: None,
        happened: bid.at,
        lifetime: Nanos::ZERO,
        source: Source::Page,
        code: None,
    };
    event(bid, EventKind::Conversion(conversion))
}

#[test]
fn a_goal_on_a_cpa_is_judged_by_acquisitions_and_any_other_by_all_conversions() {
    for (goal, counted) in [
        (json!({ "cpa": 10, "expected_ctr": 0.01, "expected_cvr": 0.1 }), 1),
        (json!({ "roas": 2, "expected_ctr": 0.01, "expected_cvr": 0.1, "expected_value": 20 }), 2),
    ] {
        let market = Market::new("10m");
        let mut spring = campaign("spring", 5.0, &json!({ "daily": 1_000 }));
        spring["learning"] = json!({ "feedback": "propose" });
        spring["conversions"] = json!([{ "type": "purchase" }, { "type": "sign-up" }]);
        spring["line_items"][0]["goal"] = goal;
        market.campaign(&spring);
        let now = clock::now();
        let bid = facts(now.raw() - 10 * DAY_MS, 1);
        let brought = [converted(bid, "purchase", 20_000_000_000), converted(bid, "sign-up", 1_000_000_000)];
        let shown = event(bid, EventKind::Impression(charge(PRICE)));
        books::write(&market.data(), &[], [shown].into_iter().chain(brought));
        let (store, plan) = (Store::open(&market.data()).unwrap(), plan(&market));
        let found = rows(&store, &plan, &NoContexts, &Settings::default(), now, &|| true).unwrap();
        assert_eq!((found[0].figures.conversions, found[0].figures.value.raw()), (counted, 21_000_000_000));
    }
}

#[test]
fn a_row_is_what_the_ledger_and_the_contexts_say_of_each_impression() {
    let market = market("propose");
    let now = clock::now();
    let at = |hours: i64| now.raw() - hours * HOUR_MS;
    let bids: Vec<BidFacts> =
        (0..6).zip([48, 40, 30, 20, 0, 29 * 24]).map(|(n, hours)| facts(at(hours), n)).collect();
    let impression = |at: usize| event(bids[at], EventKind::Impression(charge(PRICE)));
    let conversion = |at: usize, value: i64| converted(bids[at], "purchase", value);
    let credit = Correction {
        id: CorrectionId::mint(now, 1),
        cause: Cause::InvalidTraffic,
        impressions: -1,
        charge: charge(-PRICE),
        budget: Nanos::from_raw(-PRICE),
        disputed: Nanos::ZERO,
        reason: "robots".to_owned(),
        author: "Ada".to_owned(),
    };
    let mut events: Vec<Event> = (0..6).map(impression).collect();
    events.extend([0, 1, 4, 5].map(|at| event(bids[at], EventKind::Click)));
    events.extend([conversion(0, 20_000_000_000), conversion(5, 1)]);
    events.push(event(bids[3], EventKind::Correction(credit)));
    books::write(&market.data(), &[], events);
    let contexts = ByHand(vec![
        context(bids[0].id, "news.example", Some(0.02)),
        context(bids[1].id, "News.example", None),
        context(bids[2].id, "games.example", Some(f64::NAN)),
        context(bids[4].id, "young.example", Some(0.5)),
    ]);
    let (store, plan, settings) = (Store::open(&market.data()).unwrap(), plan(&market), Settings::default());
    let found = rows(&store, &plan, &contexts, &settings, now, &|| true).unwrap();
    let [row] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((row.subject.line_item, row.days.len()), (LINE_ITEM, 2), "two days are over");
    // Bids 0 to 3 of which one was taken back; 4 is too young, 5 is too old.
    let all = row.figures;
    assert_eq!((all.impressions, all.clicks, all.conversions), (3, 2, 1));
    assert_eq!(
        (all.spend.raw(), all.value.raw()),
        (3 * (PRICE + PRICE / 10), 20_000_000_000),
        "with the fee of a tenth"
    );
    assert!((all.expected_clicks - 0.03).abs() < 1e-12 && (all.value_squares - 400.0).abs() < 1e-9);
    let predicted = row.predicted.unwrap();
    assert_eq!((predicted.impressions, predicted.clicks), (3, 2));
    assert!((predicted.expected_clicks - 0.03).abs() < 1e-12, "0.02, the goal's 0.01, and what is no chance");
    let mut placed: Vec<(&str, u64, u64)> = row
        .placements
        .iter()
        .map(|(placement, it)| (placement.outlet.as_str(), it.impressions, it.clicks))
        .collect();
    placed.sort_unstable();
    assert_eq!(placed, [("games.example", 1, 0), ("news.example", 2, 2)]);
    let without = rows(&store, &plan, &NoContexts, &settings, now, &|| true).unwrap();
    assert_eq!((without[0].figures, without[0].predicted, without[0].placements.len()), (all, None, 0));
    assert!(rows(&store, &plan, &NoContexts, &settings, now, &|| false).is_err(), "left off");
}

#[test]
fn a_placement_with_a_third_of_the_clicks_is_bid_lower_after_the_hour_and_not_before() {
    let market = market("automatic");
    let now = clock::now();
    let (mut events, mut contexts) = (Vec::new(), Vec::new());
    for (outlet, every) in [("a.example", 100), ("b.example", 101), ("bad.example", 301), ("c.example", 99)] {
        let shown = shown(now, 2 * HOUR_MS, 5_000, every);
        let impressions = shown.iter().filter(|event| matches!(event.kind, EventKind::Impression(_)));
        contexts.extend(impressions.map(|event| context(event.bid.id, outlet, Some(0.01))));
        events.extend(shown);
    }
    books::write(&market.data(), &[], events);
    let (plan, hour) = (plan(&market), Millis::from_seconds(3_600));
    let mut follower = Follower::new(&market.data(), Box::new(ByHand(contexts)), hour, now).unwrap();
    assert!(follower.adjustments(&plan).unwrap().is_none(), "nothing was ever changed");
    assert!(follower.tick(&plan, now.plus(Millis::from_seconds(3_599))).unwrap().is_none());
    let news = follower.tick(&plan, now.plus(hour)).unwrap().unwrap();
    let of_bad = |setting: &Setting| setting.placement().is_some_and(|it| it.outlet == "bad.example");
    let lowered = news.iter().find(|change| of_bad(&change.target.setting)).unwrap();
    assert_eq!(lowered.state, State::Made);
    let bad = placement_key(ExchangeId::from_slug("market"), "bad.example");
    let adjustments = follower.adjustments(&plan).unwrap().unwrap();
    let (lower, other) = (adjustments.factor(LINE_ITEM, bad), adjustments.factor(LINE_ITEM, 1));
    assert!(lower < Factor::ONE && lower < other, "{lower} and {other}");
    assert!(follower.adjustments(&plan).unwrap().is_none(), "nothing is new");
    // The same log gives the same to whoever reads it.
    let log = ChangeStore::open(&market.data()).unwrap().log().unwrap();
    let corridors = plan.catalog.campaigns.iter().map(|it| (it.id, it.learning.corridor)).collect();
    assert_eq!(encan::pricing::Adjustments::of(&log, &corridors), adjustments);
    assert!(follower.tick(&plan, now.plus(hour)).unwrap().is_none(), "the next look is an hour away");
}
