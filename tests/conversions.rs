//! Conversions, from whoever reports them to the ledger and to the ads that are credited: over real HTTP and by the
//! command line.

mod support;

use std::process::{Command, Output};

use encan::ledger::{Conversion, Event, EventKind, NO_LINE_ITEM, Source, Touch};
use encan::units::{CampaignId, Currency};
use serde_json::{Value, json};

use support::http::{Client, HttpAnswer};
use support::market::{Market, campaign};
use support::{Encan, encan};

const TOKEN: &str = "an-open-secret";
const DAY_MS: i64 = 86_400_000;

/// A shop with a campaign that bids on everybody.
struct Shop {
    market: Market,
}

impl Shop {
    fn new() -> Self {
        Self::converting(&json!([
            { "type": "purchase", "value": 20, "lifetime_value": 90 },
            { "type": "lead", "value": 4, "promo_codes": ["lead5"], "click_window": "1s", "view_window": "1s" },
            { "type": "install" },
        ]))
    }

    /// Its campaign has these kinds of conversions.
    fn converting(kinds: &Value) -> Self {
        let market = Market::new("10m");
        std::fs::create_dir(market.path("audiences")).expect("a new folder");
        market.put("token", &format!("{TOKEN}\n"));
        let token = format!("file:{}", market.path("token").display());
        let definition = json!({ "advertiser": "acme", "events": ["basket"], "token": token });
        market.put("audiences/acme.json", &definition.to_string());
        let mut spring = campaign("spring", 2.0, &json!({ "total": 1_000 }));
        spring["promo_codes"] = json!(["SPRING10"]);
        spring["attribution"] = json!({ "click_window": "30d", "view_window": "1d" });
        spring["conversions"] = kinds.clone();
        market.campaign(&spring);
        Self { market }
    }

    fn start(&self) -> Door<'_> {
        let encan = self.market.start_with_audiences();
        Door { client: Client::connect(encan.public), encan, shop: self }
    }

    /// A verb of `encan conversions` on the shop's files.
    fn verb(&self, flags: &[&str]) -> Command {
        let mut command = encan();
        command.arg("conversions").args(flags).arg("--data").arg(self.market.data());
        command
    }

    fn configured(&self, flags: &[&str]) -> Output {
        let mut command = self.verb(flags);
        for folder in ["campaigns", "exchanges", "audiences"] {
            command.arg(format!("--{folder}")).arg(self.market.path(folder));
        }
        command.output().expect("the binary runs")
    }

    /// The conversions of the ledger, in the order of their orders.
    fn conversions(&self) -> Vec<(Event, Conversion)> {
        let events = self.market.events().into_iter().filter_map(|event| match event.kind.clone() {
            EventKind::Conversion(conversion) => Some((event, conversion)),
            _ => None,
        });
        let mut conversions: Vec<_> = events.collect();
        conversions.sort_by_key(|(_, conversion)| conversion.order.clone());
        conversions
    }

    fn orders(&self) -> Vec<String> {
        self.conversions().into_iter().map(|(_, conversion)| conversion.order.unwrap_or_default()).collect()
    }
}

/// A server and a connection to it.
struct Door<'s> {
    client: Client,
    encan: Encan,
    shop: &'s Shop,
}

/// The paths of a bid's notices.
struct Shown {
    billing: String,
    view: String,
    click: String,
}

impl Door<'_> {
    fn get(&mut self, path: &str) -> HttpAnswer {
        self.client.send("GET", path, &[], b"")
    }

    fn server(&mut self, token: Option<&str>, body: &Value) -> HttpAnswer {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<(&str, &str)> =
            authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        self.client.send("POST", "/c/s2s", &headers, body.to_string().as_bytes())
    }

    /// An impression that was billed, of somebody.
    fn shown_to(&mut self, user: &str) -> Shown {
        let request = json!({
            "id": "r", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "cur": ["EUR"], "tmax": 60_000,
            "device": { "geo": { "country": "FRA" } }, "user": { "buyeruid": user },
            "site": { "domain": "news.example" },
        });
        let answer = self.client.send("POST", "/openrtb2/market", &[], request.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let answer = answer.json();
        let bid = &answer["seatbid"][0]["bid"][0];
        let below = |url: &str| url[url.find("/n/").expect("a notice")..].to_owned();
        let markup = bid["adm"].as_str().expect("markup");
        let linked = |start: &str| {
            let rest = &markup[markup.find(start).expect("a link")..];
            let ends = |c: char| !(c.is_ascii_alphanumeric() || "/-_".contains(c));
            rest[..rest.find(ends).unwrap_or(rest.len())].to_owned()
        };
        let billing = below(bid["burl"].as_str().expect("a billing notice"));
        let billing = billing.replace("${AUCTION_PRICE}", "1").replace("${AUCTION_CURRENCY}", "EUR");
        let shown = Shown { billing, view: linked("/n/view/"), click: linked("/n/click/") };
        assert_eq!(self.get(&shown.billing).status, 204);
        shown
    }

    fn view(&mut self, shown: &Shown) {
        assert_eq!(self.get(&shown.view).status, 200);
    }

    /// Follows a click; gives the token that the landing page got.
    fn click(&mut self, shown: &Shown) -> String {
        let answer = self.get(&shown.click);
        assert_eq!(answer.status, 302, "{answer:?}");
        let page = answer.header("location").expect("a place to go");
        page.split_once("encan_click=").expect("a token").1.to_owned()
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("before the year 300,000,000")
}

/// A purchase without a click.
fn order(order: &str, more: Value) -> Value {
    let mut form = json!({ "advertiser": "acme", "type": "purchase", "order": order });
    let Value::Object(more) = more else { panic!("{more} is no object") };
    form.as_object_mut().expect("an object").extend(more);
    form
}

/// The same of somebody, under no law.
fn order_of(user: &str, number: &str) -> Value {
    order(number, json!({ "user": { "id_type": "buyer", "id": user }, "gdpr": 0 }))
}

#[track_caller]
fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

#[test]
fn a_promo_code_leads_to_its_campaign_and_what_is_wrong_is_refused_with_words() {
    let shop = Shop::new();
    let mut door = shop.start();
    let coded = order("1", json!({ "code": " spring10", "value": 5.50, "time": now() - DAY_MS }));
    assert_eq!(door.server(Some(TOKEN), &coded).status, 204);
    let lead = json!({ "advertiser": "acme", "order": 2, "code": "Lead5", "lifetime_value": "7", "value": "1.0389", "currency": "USD" });
    assert_eq!(door.server(Some(TOKEN), &lead).status, 204);
    let ahead = now() + 10 * 60_000;
    let old = now() - 61 * DAY_MS;
    for (form, words) in [
        (order("3", json!({ "code": "WINTER" })), "no campaign has the promo code `WINTER`"),
        (order("3", json!({ "code": "lead5" })), "`LEAD5` is for conversions of type `lead`, not `purchase`"),
        (json!({ "advertiser": "acme", "type": "purchase", "code": "spring10" }), "it needs an `order`"),
        (
            order("3", json!({ "type": "refund" })),
            "no campaign of advertiser `acme` declares a conversion of type `refund`",
        ),
        (order("3", json!({ "time": ahead })), "a clock may be ahead by 300"),
        (order("3", json!({ "time": old })), "it happened 61 days ago"),
        (order("3", json!({ "time": "soon" })), "the time `soon`"),
        (order("3", json!({ "value": "-1" })), "`-1` is not an amount"),
        (order("3", json!({ "value": 1, "currency": "XXX" })), "no exchange rate from `XXX`"),
        (order("3", json!({ "user": { "id_type": "mail", "id": "a" }, "gdpr": 0 })), "id_type `mail`"),
        (order("3", json!({ "price": 1 })), "unknown field `price`"),
        (json!({ "type": "purchase", "order": "3" }), "it needs a `click`, or an `advertiser`"),
    ] {
        let answer = door.server(Some(TOKEN), &form);
        assert_eq!(answer.status, 400, "{form}");
        assert!(answer.text().contains(words), "{words} in {}", answer.text());
    }
    for token in [None, Some("another-secret"), Some("")] {
        let answer = door.server(token, &order("4", json!({ "code": "SPRING10" })));
        assert_eq!((answer.status, answer.header("www-authenticate")), (401, Some("Bearer")), "{token:?}");
    }
    let nobody = order("4", json!({ "code": "SPRING10", "advertiser": "other" }));
    assert_eq!(door.server(Some(TOKEN), &nobody).status, 401, "another advertiser's");
    let conversions = shop.conversions();
    let [(bought, purchase), (_, lead)] = conversions.as_slice() else { panic!("{conversions:?}") };
    assert_eq!(
        (purchase.touch, purchase.source, purchase.code.as_deref()),
        (Touch::Code, Source::Server, Some("SPRING10"))
    );
    assert_eq!((purchase.value.raw(), purchase.lifetime.raw()), (5_500_000_000, 90_000_000_000));
    assert_eq!((bought.bid.campaign, bought.bid.line_item), (CampaignId::from_slug("spring"), NO_LINE_ITEM));
    assert!(purchase.happened.raw() < bought.at.raw() - DAY_MS + 60_000, "booked when it happened");
    assert_eq!((lead.kind.as_str(), lead.touch), ("lead", Touch::Code), "the code says the type");
    assert_eq!(lead.fx.map(|fx| fx.from), Some(Currency::USD));
    assert!(lead.value.raw() < 1_038_900_000, "in euros: {}", lead.value);
}

#[test]
fn an_order_is_counted_once_over_all_doors() {
    let shop = Shop::new();
    let mut door = shop.start();
    let shown = door.shown_to("anna");
    let click = door.click(&shown);
    assert_eq!(door.get(&format!("/c/pixel.gif?click={click}&type=purchase&order=o-1")).status, 200);
    assert_eq!(
        door.get(&format!("/c/install?click_id={click}&event=purchase&transaction_id=o-1")).status,
        204
    );
    let again = order("o-1", json!({ "code": "SPRING10" }));
    for form in [again.clone(), json!([again, order("o-2", json!({}))]), order_of("anna", "o-1")] {
        assert_eq!(door.server(Some(TOKEN), &form).status, 204);
    }
    shop.market.put("o.csv", "order,code\no-1,SPRING10\no-3,SPRING10\n");
    let file = shop.market.path("o.csv");
    let output = shop.configured(&["import", &file.display().to_string()]);
    assert_eq!(text(&output), "rows booked: 1, booked before: 1, refused: 0\n", "{output:?}");
    let conversions = shop.conversions();
    let touches: Vec<_> = conversions.iter().map(|(_, it)| (it.order.as_deref(), it.source)).collect();
    assert_eq!(
        touches,
        [(Some("o-1"), Source::Page), (Some("o-2"), Source::Server), (Some("o-3"), Source::File)]
    );
    assert!(matches!(conversions[0].1.touch, Touch::Click(_)));
    assert_eq!(door.encan.metric("encan_notices_total{kind=\"clicked\",outcome=\"duplicate\"}"), 5);
}

#[test]
fn a_batch_is_booked_whole_or_not_at_all() {
    let shop = Shop::new();
    let mut door = shop.start();
    let mut batch: Vec<Value> =
        (0..30).map(|at| order(&format!("b-{at:02}"), json!({ "code": "SPRING10" }))).collect();
    batch[7]["value"] = json!("much");
    batch[21]["code"] = json!("?");
    let answer = door.server(Some(TOKEN), &json!({ "conversions": batch }));
    assert_eq!(answer.status, 400);
    let words = answer.text();
    assert_eq!(
        words,
        "none was taken:\nconversion 7: the value `much` is not an amount\nconversion 21: no campaign has the promo code `?`\n"
    );
    assert_eq!(shop.orders(), Vec::<String>::new());
    batch[7]["value"] = json!(1);
    batch[21]["code"] = json!("SPRING10");
    for _ in 0..2 {
        assert_eq!(door.server(Some(TOKEN), &json!({ "conversions": batch })).status, 204);
        assert_eq!(shop.orders().len(), 30, "the same again changes nothing");
    }
    // One of nobody's in it, and none is heard.
    batch.push(order("b-30", json!({ "advertiser": "other" })));
    assert_eq!(door.server(Some(TOKEN), &json!(batch)).status, 401);
    let many = vec![order("m", json!({ "code": "SPRING10" })); 1_001];
    let answer = door.server(Some(TOKEN), &json!(many));
    assert_eq!(answer.status, 413);
    assert!(answer.text().contains("1001 conversions, at most 1000"), "{}", answer.text());
    for nothing in [json!([]), json!({ "conversions": [] }), json!({ "conversions": 7 })] {
        assert_eq!(door.server(Some(TOKEN), &nothing).status, 400, "{nothing}");
    }
    assert_eq!(shop.orders().len(), 30);
}

#[test]
fn a_postback_of_an_app_is_booked_by_the_click_that_it_hands_back() {
    let shop = Shop::new();
    let mut door = shop.start();
    let shown = door.shown_to("anna");
    let click = door.click(&shown);
    let seconds = now() / 1_000;
    for (query, status, words) in [
        ("clickid={clickid}&event=install", 400, "not one of ours"),
        ("event=install", 400, "not one of ours"),
        (&*format!("clickid={click}&event_name=signup"), 400, "no conversion of type `signup`"),
        (&*format!("clickid={click}&install_time={seconds}&device_id=x&revenue=%7Brevenue%7D"), 204, ""),
        (&*format!("clickid={click}&time={seconds}&revenue=9"), 204, ""),
        (&*format!("click_id={click}&event=purchase&revenue=4.99&currency=EUR&transaction_id=t-1"), 204, ""),
        (
            &*format!("click_id={click}&event=purchase&transaction_id=t-2&time={}", seconds + 3_600),
            400,
            "ahead",
        ),
        // Before the click: it cannot have led to it.
        (
            &*format!("click_id={click}&event=purchase&transaction_id=t-3&time={}", seconds - 3_600),
            400,
            "window",
        ),
    ] {
        let answer = door.get(&format!("/c/install?{query}"));
        assert_eq!(answer.status, status, "{query} {}", answer.text());
        assert!(answer.text().contains(words), "{query} {}", answer.text());
    }
    assert_eq!(door.client.send("POST", "/c/install", &[], b"").status, 405);
    let conversions = shop.conversions();
    let told: Vec<_> = conversions
        .iter()
        .map(|(_, it)| (it.kind.as_str(), it.order.as_deref(), it.value.raw(), it.source))
        .collect();
    assert_eq!(
        told,
        [("install", None, 0, Source::Install), ("purchase", Some("t-1"), 4_990_000_000, Source::Install)]
    );
}

#[test]
fn a_person_s_conversion_is_led_to_the_last_click_else_the_last_view_if_consent_permits() {
    let shop = Shop::new();
    let mut door = shop.start();
    let [anna, ben, carl] = ["anna", "ben", "carl"].map(|user| {
        let shown = door.shown_to(user);
        door.view(&shown);
        shown
    });
    let _ = door.click(&ben);
    // Ben saw another ad later: the click goes before.
    let later = door.shown_to("ben");
    door.view(&later);
    let consent = json!({ "user": { "id_type": "buyer", "id": "carl" }, "gdpr": 1 });
    for form in [
        order_of("anna", "1"),
        order_of("ben", "2"),
        order("3", consent),
        order_of("dora", "4"),
        // Of before anything was shown to her.
        order(
            "5",
            json!({ "user": { "id_type": "buyer", "id": "anna" }, "gdpr": 0, "time": now() - DAY_MS }),
        ),
    ] {
        assert_eq!(door.server(Some(TOKEN), &form).status, 204, "{form}");
    }
    // Erased people are found no more.
    let erased = Client::connect(door.encan.admin).send("DELETE", "/v1/audience/buyer/anna", &[], b"");
    assert_eq!(erased.status, 204);
    assert_eq!(door.server(Some(TOKEN), &order_of("anna", "6")).status, 204);
    // Ben's click is remembered over a restart, but not for a lead, which counts for a second.
    drop(door);
    let mut door = shop.start();
    assert_eq!(door.server(Some(TOKEN), &order_of("ben", "7")).status, 204);
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    let mut lead = order_of("ben", "8");
    lead["type"] = json!("lead");
    assert_eq!(door.server(Some(TOKEN), &lead).status, 204);
    let conversions = shop.conversions();
    let told: Vec<(&str, &str, bool, bool)> = conversions
        .iter()
        .map(|(event, it)| {
            let touch = match it.touch {
                Touch::Click(_) => "click",
                Touch::View(_) => "view",
                Touch::Code => "code",
                Touch::None => "none",
            };
            let has_ad = event.bid.line_item != NO_LINE_ITEM;
            (it.order.as_deref().unwrap_or_default(), touch, has_ad, event.bid.user.is_some())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("1", "view", true, true),
            ("2", "click", true, true),
            ("3", "none", false, false),
            ("4", "none", false, true),
            ("5", "none", false, true),
            ("6", "none", false, true),
            ("7", "click", true, true),
            ("8", "none", false, true),
        ]
    );
    let _ = (anna, carl);
}

#[test]
fn orders_of_a_file_are_booked_by_their_codes_with_and_without_a_server() {
    let shop = Shop::new();
    let door = shop.start();
    shop.market.put(
        "o.csv",
        "Order ID;Coupon;Total;Currency;Created at;Customer\n\
         1;SPRING10;59.90;EUR;2026-01-01;Ada\n\
         2;spring10;1,5;EUR;;Ada\n\
         3;nothing;1;EUR;;\n\
         4;spring10;12.50;USD;;Ben\n\
         ;spring10;12.50;USD;;Ben\n\
         6;spring10;;;;\n",
    );
    let file = shop.market.path("o.csv").display().to_string();
    let dry = shop.configured(&["import", &file, "--dry-run"]);
    assert_eq!(
        (dry.status.code(), text(&dry).as_str()),
        (Some(1), "rows that can be booked: 2, refused: 4\n")
    );
    assert_eq!(shop.orders(), Vec::<String>::new());
    let output = shop.configured(&["import", &file, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["booked"], &told["known"], &told["refused"]), (&json!(2), &json!(0), &json!(4)));
    assert_eq!(told["reasons"][1], json!({ "line": 3, "reason": "the value `1,5` is not an amount" }));
    let words = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(words.contains("columns that are not used: Customer"), "{words}");
    let rejected = std::fs::read_to_string(format!("{file}.rejected")).expect("a file of refused rows");
    let rejected: Vec<&str> = rejected.lines().collect();
    assert!(
        rejected[0].starts_with("line 2: it happened ")
            && rejected[0].ends_with(": 1,SPRING10,59.90,EUR,2026-01-01,Ada"),
        "{rejected:?}"
    );
    assert_eq!(rejected[2], "line 4: no campaign has the promo code `NOTHING`: 3,nothing,1,EUR,,");
    assert_eq!(
        rejected[3],
        "line 6: without a `click` it needs an `order`, to be counted once: ,spring10,12.50,USD,,Ben"
    );
    assert_eq!(shop.orders(), ["4", "6"]);
    // The same file again, by the command alone.
    assert_eq!(door.encan.stop().0, Some(0));
    let output = shop.configured(&["import", &file]);
    assert_eq!(text(&output), "rows booked: 0, booked before: 2, refused: 4\n", "{output:?}");
    shop.market.put("more.csv", "order,code,advertiser\n7,SPRING10,acme\n8,,acme\n");
    let more = shop.market.path("more.csv").display().to_string();
    let output = shop.configured(&["import", &more]);
    assert_eq!(output.status.code(), Some(1), "the second has no type: {output:?}");
    assert_eq!(text(&output), "rows booked: 1, booked before: 0, refused: 1\n");
    assert_eq!(shop.orders(), ["4", "6", "7"]);
    let wrong = shop.configured(&["import", &shop.market.path("token").display().to_string()]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("no column is the order"), "{wrong:?}");
    let verified =
        encan().args(["ledger", "verify", "--data"]).arg(shop.market.data()).output().expect("it runs");
    assert!(verified.status.success(), "{verified:?}");
}

#[test]
fn what_is_told_late_is_booked_when_it_happened_and_marked() {
    let shop = Shop::new();
    let mut door = shop.start();
    let past = |days: i64| json!({ "code": "SPRING10", "time": now() - days * DAY_MS });
    for (number, days) in [("1", 0), ("2", 1), ("3", 2), ("4", 10)] {
        assert_eq!(door.server(Some(TOKEN), &order(number, past(days))).status, 204);
    }
    let show = |flags: &[&str]| {
        let output = shop.verb(&[&["show", "--json"], flags].concat()).output().expect("the binary runs");
        let list: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let order = |row: &Value| (row["order"].as_str().expect("an order").to_owned(), row["late"] == true);
        list.as_array().expect("a list").iter().map(order).collect::<Vec<_>>()
    };
    let told = |orders: &[(&str, bool)]| {
        orders.iter().map(|(it, late)| ((*it).to_owned(), *late)).collect::<Vec<_>>()
    };
    assert_eq!(show(&[]), told(&[("1", false), ("2", false), ("3", true), ("4", true)]));
    assert_eq!(show(&["--late", "--top", "1"]), told(&[("3", true)]));
    let table = shop.verb(&["show"]).output().expect("the binary runs");
    let table = text(&table);
    assert!(table.lines().count() == 5 && table.contains("spring"), "{table}");
}

#[test]
fn conversions_are_credited_under_every_model_and_each_once() {
    let shop = Shop::new();
    let mut door = shop.start();
    for user in ["anna", "ben"] {
        let [first, second, third] = [0; 3].map(|_| door.shown_to(user));
        door.view(&first);
        let _ = door.click(&second);
        door.view(&third);
    }
    let forms = json!([
        order_of("anna", "1"),
        order_of("ben", "2"),
        order("3", json!({ "code": "SPRING10" })),
        order_of("dora", "4"),
    ]);
    assert_eq!(door.server(Some(TOKEN), &forms).status, 204);
    let credit = |flags: &[&str]| shop.configured(&[&["credit"], flags].concat());
    let output = credit(&["--json", "--by", "exchange,format"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let models = ["last-touch", "first-touch", "linear", "time-decay", "position", "shapley"];
    let rows = told["rows"].as_array().expect("rows");
    let find = |exchange: &str| rows.iter().find(|row| row["exchange"] == exchange).expect("a row");
    for model in models {
        let credited = |exchange: &str| find(exchange)["models"][model].clone();
        assert_eq!(credited("market"), json!({ "conversions": "2.000000", "value": "40.00" }), "{model}");
        assert_eq!(credited("promo code"), json!({ "conversions": "1.000000", "value": "20.00" }), "{model}");
    }
    assert_eq!(find("market")["format"], "banner");
    let total =
        json!([{ "currency": "EUR", "conversions": 4, "value": "80.00", "without_touch": 1, "late": 0 }]);
    assert_eq!(told["totals"], total);
    let csv = text(&credit(&["--format", "csv", "--by", "campaign", "--model", "position"]));
    assert_eq!(csv, "campaign,currency,position_conversions,position_value\nspring,EUR,3.000000,60.00\n");
    let table = text(&credit(&["--by", "line-item"]));
    assert!(table.contains("spring/all") && table.contains("credited to nobody: 1"), "{table}");
    let output = credit(&["--from", "2020-01-01", "--to", "2020-01-02"]);
    assert_eq!(text(&output).lines().last(), Some("no conversions"));
    assert_eq!(credit(&["--model", "best"]).status.code(), Some(1));
}

/// A shop whose campaign is for purchases, and hears of sign-ups too.
fn shop_with_sign_ups() -> Shop {
    Shop::converting(&json!([
        { "type": "sign-up", "value": 1, "lifetime_value": 90, "acquisition": false },
        { "type": "purchase", "value": 20, "lifetime_value": 90, "acquisition": true },
    ]))
}

/// The row of the campaign in a report.
fn row(shop: &Shop) -> Value {
    let output =
        encan().args(["report", "--json", "--by", "campaign", "--data"]).arg(shop.market.data()).output();
    let report: Value = serde_json::from_slice(&output.expect("the binary runs").stdout).expect("JSON");
    let rows = report["rows"].as_array().expect("rows");
    rows.iter().find(|row| row["campaign"] == "spring").expect("the campaign").clone()
}

/// A figure of a row, which is a text or none.
fn figure(row: &Value, name: &str) -> Option<f64> {
    row[name].as_str().map(|text| text.parse().expect("a number"))
}

#[test]
fn a_sign_up_is_a_conversion_and_a_purchase_alone_is_an_acquisition_of_the_cpa() {
    let shop = shop_with_sign_ups();
    let mut door = shop.start();
    let shown = door.shown_to("anna");
    let click = door.click(&shown);
    assert_eq!(door.get(&format!("/c/pixel.gif?click={click}&type=sign-up")).status, 200);
    let before = row(&shop);
    assert_eq!((&before["conversions"], &before["acquisitions"]), (&json!(1), &json!(0)));
    for name in ["cpa_media_before_tax", "cpa_all_in_after_tax", "cpa_all_in_after_tax_high"] {
        assert_eq!(before[name], Value::Null, "{name}");
    }
    let people = door.encan.report(&["--by", "campaign"]);
    let people = text(&people);
    assert!(people.contains("which no CPA counts: 1."), "{people}");
    assert!(!people.contains("inf") && !people.contains("NaN"), "{people}");

    let purchase = json!({ "click": click, "type": "purchase", "order": "p-1" });
    assert_eq!(door.server(None, &purchase).status, 204);
    let after = row(&shop);
    assert_eq!((&after["conversions"], &after["acquisitions"]), (&json!(2), &json!(1)));
    assert_eq!(figure(&after, "cvr_percent"), Some(200.0));
    assert_eq!(figure(&after, "value"), Some(21.0));
    let (costs, cpa) = (figure(&after, "costs_after_tax").unwrap(), figure(&after, "cpa_all_in_after_tax"));
    assert!(costs > 0.0 && (cpa.unwrap() - costs).abs() < 1e-6, "{cpa:?} of {costs}");
    assert_eq!(figure(&after, "lifetime_value"), Some(90.0), "a customer who signs up and buys is one");
    let ltv_to_cac = figure(&after, "ltv_to_cac_all_in_after_tax").unwrap();
    assert!((ltv_to_cac * costs - 90.0).abs() < 1e-3, "{ltv_to_cac} of {costs}");
    // The same question of columns and of rows, for machines and for people.
    let csv = text(&door.encan.report(&["--by", "campaign", "--format", "csv"]));
    let (head, line) = csv.split_once('\n').expect("a line");
    let at = head.split(',').position(|name| name == "acquisitions").expect("a column");
    assert_eq!(line.trim().split(',').nth(at), Some("1"));
    assert!(text(&door.encan.report(&["--format", "html"])).contains("Acquisitions"));
    let page = door.encan.admin("/").text();
    assert!(page.contains("acquisitions: 1"), "{page}");
    let what_if = encan()
        .args(["tax", "what-if", "--json", "--strategy", "absorb", "--data"])
        .arg(shop.market.data())
        .args(["--campaigns"])
        .arg(shop.market.path("campaigns"))
        .output()
        .expect("the binary runs");
    let what_if: Value = serde_json::from_slice(&what_if.stdout).expect("JSON");
    let what_if = what_if.to_string();
    assert!(what_if.contains(r#""acquisitions":"1.000000""#), "{what_if}");
    assert!(what_if.contains(r#""conversions":"2.000000""#), "{what_if}");
}

#[test]
fn every_door_books_what_its_campaign_calls_an_acquisition_as_one() {
    let shop = shop_with_sign_ups();
    let mut door = shop.start();
    let shown = door.shown_to("anna");
    let click = door.click(&shown);
    for kind in ["sign-up", "purchase"] {
        let order_of_kind = |number: &str, more: Value| {
            let mut form = order(number, more);
            form["type"] = json!(kind);
            form
        };
        assert_eq!(door.get(&format!("/c/pixel.gif?click={click}&type={kind}&order=pixel")).status, 200);
        let postback = format!("/c/install?click_id={click}&event={kind}&transaction_id=install");
        assert_eq!(door.get(&postback).status, 204);
        let batch = json!([
            order_of_kind("code", json!({ "code": "SPRING10" })),
            order_of_kind("nobody", json!({})),
            order_of_kind("person", json!({ "user": { "id_type": "buyer", "id": "anna" }, "gdpr": 0 })),
        ]);
        let answer = door.server(Some(TOKEN), &batch);
        assert_eq!(answer.status, 204, "{}", answer.text());
        shop.market.put("o.csv", &format!("order,code,type\nfile,SPRING10,{kind}\n"));
        let output = shop.configured(&["import", &shop.market.path("o.csv").display().to_string()]);
        assert_eq!(text(&output), "rows booked: 1, booked before: 0, refused: 0\n", "{output:?}");
    }
    let found = shop.conversions();
    let doors = ["code", "file", "install", "nobody", "person", "pixel"];
    let orders: Vec<_> = found.iter().filter_map(|(_, it)| it.order.as_deref()).collect();
    assert_eq!(orders, doors.map(|door| [door; 2]).concat());
    for (_, conversion) in &found {
        assert_eq!(conversion.acquisition, conversion.kind == "purchase", "{conversion:?}");
    }
    // Of nobody, one of each is unattributed.
    let row = row(&shop);
    let listed = shop.verb(&["show", "--format", "csv"]).output().expect("the binary runs");
    assert_eq!(text(&listed).lines().filter(|line| line.ends_with(",acquisition")).count(), 1 + doors.len());
    assert_eq!((&row["conversions"], &row["acquisitions"]), (&json!(10), &json!(5)), "{row}");
}

#[test]
fn the_operator_s_door_takes_rows_each_on_its_own_and_only_as_json() {
    let shop = Shop::new();
    let door = shop.start();
    let mut admin = Client::connect(door.encan.admin);
    let json = [("content-type", "application/json")];
    let rows = json!({ "conversions": [
        { "order": "1", "code": "SPRING10" },
        { "order": "2", "code": "?" },
        { "order": "3", "advertiser": "acme", "type": "purchase", "value": 3 },
        { "order": "4" },
    ] });
    for (path, known) in [("/v1/conversions?dry_run=1", 0), ("/v1/conversions", 0), ("/v1/conversions", 2)] {
        let answer = admin.send("POST", path, &json, rows.to_string().as_bytes());
        assert_eq!(answer.status, 200, "{}", answer.text());
        let told = answer.json();
        assert_eq!((&told["known"], &told["booked"]), (&json!(known), &json!(2 - known)), "{path}");
        assert_eq!(told["refused"][0], json!({ "index": 1, "reason": "no campaign has the promo code `?`" }));
        assert_eq!(told["refused"][1]["index"], 3);
        assert_eq!(shop.orders().len(), if path.ends_with('1') { 0 } else { 2 });
    }
    assert_eq!(admin.send("POST", "/v1/conversions", &[], rows.to_string().as_bytes()).status, 415);
    assert_eq!(admin.send("GET", "/v1/conversions", &[], b"").status, 405);
    assert_eq!(shop.conversions()[1].1.touch, Touch::None, "kept for the advertiser");
    let outside = Client::connect(door.encan.public).send(
        "POST",
        "/v1/conversions",
        &json,
        rows.to_string().as_bytes(),
    );
    assert_eq!(outside.status, 404);
    assert_eq!(door.shop.orders().len(), 2);
}
