//! From a bid to the report, over HTTP: win, billing, loss, view, click, conversion, and what `encan report`
//! makes of them, to the nano. And everything that must not move money.

mod support;

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Barrier;

use encan::ledger::{Charge, Conversion, DatedRate, Event, EventKind};
use encan::shell::store::Store;
use encan::units::{Currency, Day, FxRate};
use serde_json::{Value, json};
use support::{Encan, HttpAnswer, Options, wait_until, within_an_hour};
use tempfile::TempDir;

/// One line item for each deal. 10 EUR a thousand, of which 1 is for data; the fee is a tenth of media, the
/// tax 0.1 % on media and 0.05 % on data.
fn campaign(id: &str, bearer: &str, daily: &str) -> String {
    let goal = r#""goal": { "cpm": 10 }, "data_cpm": 1"#;
    format!(
        r#"{{ "advertiser": {{ "id": "shop", "name": "Shop", "domain": "shop.example", "country": "FR" }},
        "id": "{id}", "name": "{id}", "currency": "EUR", "time_zone": "Europe/Paris",
        "flight": {{ "start": "2025-01-01" }}, "budget": {{ "daily": {daily} }}, "pacing": "asap",
        "costs": {{ "platform_fee_percent": 10, "fixed": 5 }},
        "tax": {{ "scenario": "hypothesis-fr", "bearer": "{bearer}" }},
        "conversions": [{{ "type": "purchase", "value": 180 }}, {{ "type": "newsletter", "value": 2.50 }}],
        "line_items": [{{ "id": "all", "deals": "{id}", {goal} }}],
        "creatives": [{{ "id": "mpu", "landing_page": "https://shop.example/p?x=1#top", "categories": ["IAB3"],
            "banner": {{ "size": "300x250", "image": "https://cdn.shop.example/300x250.png" }} }}] }}"#
    )
}

fn exchange(bills_on: &str, missing_price: &str, reservation: &str) -> String {
    format!(
        r#"{{ "name": "x", "bills_on": "{bills_on}", "reservation": {{ "display": "{reservation}", "av": "1h" }},
        "tmax_ms": 60000, "margin_ms": 10, "price_decimals": 6, "missing_price": "{missing_price}" }}"#
    )
}

/// A server on those campaigns, with exchanges that bill and take notices in each way.
struct World {
    server: Encan,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: String| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        for bearer in ["absorb", "inside", "on_top"] {
            write(&format!("campaigns/{bearer}.json"), campaign(bearer, bearer, "100"));
        }
        // Enough for one bid of 0.009990509 and not for two.
        write("campaigns/tight.json", campaign("tight", "on_top", "0.012"));
        let once = r#""frequency": [{ "impressions": 1, "per": "1d" }], "line_items":"#;
        write("campaigns/capped.json", campaign("capped", "on_top", "100").replace("\"line_items\":", once));
        write("exchanges/strict.json", exchange("billing", "refuse", "10m"));
        write("exchanges/quick.json", exchange("billing", "refuse", "1s"));
        write("exchanges/lenient.json", exchange("billing", "book_bid", "10m"));
        write("exchanges/winning.json", exchange("win", "refuse", "10m"));
        write("exchanges/shown.json", exchange("impression", "book_bid", "10m"));
        let at = |name: &str| Some(Path::new(folder.path()).join(name));
        let options =
            Options { campaigns: at("campaigns"), exchanges: at("exchanges"), ..Options::default() };
        Self { server: Encan::start(options), _folder: folder }
    }

    fn ask(&self, exchange: &str, deal: &str, currency: &str) -> HttpAnswer {
        self.ask_for("nobody", exchange, deal, currency)
    }

    /// Asks for a bid on the line item of `deal`, for one user.
    fn ask_for(&self, user: &str, exchange: &str, deal: &str, currency: &str) -> HttpAnswer {
        let request = json!({
            "id": "r", "cur": [currency], "device": {"geo": {"country": "FRA"}}, "user": {"buyeruid": user},
            "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "pmp": {"deals": [{"id": deal}]}}]
        });
        self.server.post(&format!("/openrtb2/{exchange}"), request.to_string())
    }

    /// A bid on the line item of `deal`.
    fn bid(&self, exchange: &str, deal: &str) -> Bid {
        Bid::of(&self.ask(exchange, deal, "EUR").json())
    }

    fn get(&self, path: &str) -> HttpAnswer {
        self.server.get(path)
    }

    fn post(&self, path: &str, body: &Value) -> HttpAnswer {
        self.server.post(path, body.to_string())
    }

    /// The row of a campaign in the report; null if it has none.
    fn row(&self, campaign: &str) -> Value {
        let output = self.server.report(&["--json"]);
        assert!(output.status.success(), "{output:?}");
        let mut report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let rows = report["rows"].as_array_mut().expect("a list");
        let row = rows.iter_mut().find(|row| row["campaign"] == campaign);
        row.map(Value::take).unwrap_or_default()
    }

    /// Follows a click; gives the token that the landing page got.
    fn click(&self, bid: &Bid) -> String {
        let answer = self.get(&bid.click);
        assert_eq!(answer.status, 302, "{answer:?}");
        let page = answer.header("location").expect("a place to go");
        let token = page.strip_prefix("https://shop.example/p?x=1&encan_click=");
        let token = token.and_then(|rest| rest.strip_suffix("#top"));
        token.unwrap_or_else(|| panic!("led to {page}")).to_owned()
    }
}

/// The addresses that a bid gave out, as paths.
#[derive(Debug, Default)]
struct Bid {
    win: String,
    bill: String,
    loss: String,
    impression: Option<String>,
    view: String,
    click: String,
}

impl Bid {
    fn of(response: &Value) -> Self {
        let bid = &response["seatbid"][0]["bid"][0];
        // Without tax where we bear it.
        assert!(bid["price"] == 8.990_509 || bid["price"] == 9, "{response}");
        let notice = |name: &str| path(bid[name].as_str().expect("an address")).to_owned();
        let adm = bid["adm"].as_str().expect("markup");
        let link = |kind: &str| link(bid, kind);
        Self {
            win: notice("nurl"),
            bill: notice("burl"),
            // A page that shows the ad gets none.
            loss: bid["lurl"].as_str().map_or(String::new(), |url| path(url).to_owned()),
            impression: adm.contains("/n/imp/").then(|| link("/n/imp/")),
            view: link("/n/view/"),
            click: link("/n/click/"),
        }
    }
}

/// The address of `kind` in the markup of `bid`.
fn link(bid: &Value, kind: &str) -> String {
    let adm = bid["adm"].as_str().expect("markup");
    let link = path(&adm[adm.find(kind).unwrap_or_else(|| panic!("no {kind} in {adm}"))..]);
    link.split(['"', '\'']).next().expect("a first part").replace("&amp;", "&")
}

fn path(url: &str) -> &str {
    &url[url.find("/n/").expect("an address of ours")..]
}

/// What an exchange makes of an address: its macros replaced.
fn expand(path: &str, price: &str, currency: &str) -> String {
    let path = path.replace("${AUCTION_PRICE}", price).replace("${AUCTION_CURRENCY}", currency);
    path.replace("${AUCTION_LOSS}", "102").replace("${AUCTION_MIN_TO_WIN}", "9.5")
}

fn conversion(click: &str, kind: &str, extra: &Value) -> Value {
    let mut form = json!({"click": click, "type": kind});
    let fields = form.as_object_mut().expect("an object");
    fields.extend(extra.as_object().expect("an object").clone());
    form
}

/// The exact fields of a row that `want` names.
#[track_caller]
fn check_row(row: &Value, want: &Value) {
    for (name, want) in want.as_object().expect("an object") {
        assert_eq!(&row[name], want, "{name} of {row:#}");
    }
}

/// The whole life of one bid on `deal`: won and billed at 5, seen, clicked, converted twice, of which once as an acquisition; and a lost one.
fn live(world: &World, deal: &str) {
    let bid = world.bid("strict", deal);
    assert_eq!(world.get(&expand(&bid.win, "5", "EUR")).status, 204);
    assert_eq!(world.get(&expand(&bid.bill, "5.00", "EUR")).status, 204);
    let seen = world.get(&bid.view);
    assert_eq!((seen.status, seen.header("content-type")), (200, Some("image/gif")));
    let click = world.click(&bid);
    let pixel = format!("/c/pixel.gif?click={click}&type=purchase&order={deal}-1&value=20.50&currency=EUR");
    let converted = world.get(&pixel);
    assert_eq!((converted.status, converted.header("cache-control")), (200, Some("no-store")));
    assert_eq!(world.post("/c/s2s", &conversion(&click, "newsletter", &json!({}))).status, 204);
    let lost = world.bid("strict", deal);
    assert_eq!(world.get(&expand(&lost.loss, "", "")).status, 204);
}

/// What [`live`] comes to. Media is 5 a thousand, data 1; the costs are 0.005 + 0.001 + 0.0005 + 5.
fn row_of_a_life() -> Value {
    json!({
        "currency": "EUR", "wins": 1, "losses": 1, "impressions": 1, "late_impressions": 0,
        "unresolved_impressions": 0, "views": 1, "clicks": 1, "conversions": 2, "acquisitions": 1,
        "media": "0.005", "data": "0.001", "fee": "0.0005", "fixed": "5.00", "tax": "0.0000055",
        "tax_borne": "0.0000055", "tax_absorbed": "0.00", "costs_before_tax": "5.0065",
        "costs_after_tax": "5.0065055", "value": "23.00", "ctr_percent": "100.000000",
        "cvr_percent": "200.000000", "roas": "4600.000000", "cpm_media_before_tax": "5.000000",
        "cpm_media_after_tax": "5.005000", "cpc_media_before_tax": "0.005000",
        "cpa_all_in_before_tax": "5.006500", "cpa_all_in_after_tax": "5.006506",
        "roi_all_in_before_tax_percent": "359.402776", "roi_all_in_after_tax_percent": "359.402272"
    })
}

#[test]
fn the_whole_loop_is_reported_to_the_nano() {
    let world = World::new();
    live(&world, "on_top");
    let row = world.row("on_top");
    check_row(&row, &row_of_a_life());

    let csv = world.server.report(&["--format", "csv"]);
    let mut lines = csv::Reader::from_reader(&csv.stdout[..]);
    let header = lines.headers().expect("a header").clone();
    let cells = lines.records().next().expect("a row").expect("a row");
    let as_text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        number => number.to_string(),
    };
    for (name, cell) in header.iter().zip(&cells) {
        assert_eq!(as_text(&row[name]), cell, "{name}");
    }
    let table = String::from_utf8(world.server.report(&[]).stdout).expect("text");
    let mut blocks = table.lines().filter(|line| line.starts_with("on_top")).skip(1);
    let costs: Vec<&str> = blocks.next().expect("costs").split_whitespace().collect();
    assert_eq!(
        costs,
        [
            "on_top",
            "EUR",
            "0.0050",
            "0.0010",
            "0.0005",
            "0.0065",
            "0.0000",
            "0.0065",
            "5.0000",
            "5.0000",
            "5.0050",
            "0.0050",
            "0.0050",
            "5,006.5055"
        ]
    );
    let returns = blocks.next().expect("returns");
    for figure in ["23.0000", "5.0065", "359.40"] {
        assert!(returns.contains(figure), "{figure} in {returns}");
    }
}

#[test]
fn the_tax_is_owed_alike_and_borne_as_agreed() {
    let world = World::new();
    for (bearer, borne, absorbed, after) in [
        ("absorb", "0.00", "0.0000055", "5.0065"),
        ("inside", "0.0000055", "0.00", "5.0065055"),
        ("on_top", "0.0000055", "0.00", "5.0065055"),
    ] {
        let bid = world.bid("strict", bearer);
        assert_eq!(world.get(&expand(&bid.bill, "5", "EUR")).status, 204);
        let want = json!({"tax": "0.0000055", "tax_borne": borne, "tax_absorbed": absorbed,
            "costs_before_tax": "5.0065", "costs_after_tax": after});
        check_row(&world.row(bearer), &want);
    }
}

#[test]
fn a_price_in_another_currency_is_booked_in_the_campaigns_rounded_up_to_the_nano() {
    let world = World::new();
    let response = world.ask("strict", "on_top", "USD").json();
    assert_eq!(response["cur"], "USD");
    let bid = &response["seatbid"][0]["bid"][0];
    // 8.990509 x 1.0389, rounded down to the micro.
    assert_eq!(bid["price"], 9.340_239, "{response}");
    let burl = path(bid["burl"].as_str().expect("an address"));
    assert_eq!(world.get(&expand(burl, "5", "EUR")).status, 400);
    assert_eq!(world.get(&expand(burl, "5", "USD")).status, 204);
    // 0.005 / 1.0389 = 0.00481278275...
    check_row(&world.row("on_top"), &json!({"currency": "EUR", "media": "0.004812783"}));
    // An advertiser's report in another currency, rounded down, and one in the campaign's own.
    let click = world.click(&Bid { click: link(bid, "/n/click/"), ..Bid::default() });
    for (order, value, currency) in [("a", "10", "USD"), ("b", "10", "EUR"), ("c", "10", "")] {
        let report = json!({"order": order, "value": value, "currency": currency});
        assert_eq!(world.post("/c/s2s", &conversion(&click, "purchase", &report)).status, 204);
    }
    // 10 / 1.0389 = 9.62556550197..., and twice 10.
    check_row(&world.row("on_top"), &json!({"value": "29.625565501"}));
    // The ledger says by which rate, and of which day: that of the table.
    let mut found = Vec::new();
    let each = |event: &Event| match &event.kind {
        EventKind::Impression(Charge { fx, .. }) => found.push(("impression".to_owned(), *fx)),
        EventKind::Conversion(Conversion { order, fx, .. }) => {
            found.push((order.clone().unwrap_or_default(), *fx));
        }
        _ => {}
    };
    Store::open(&world.server.data).expect("a ledger").events(each).expect("a readable ledger");
    found.sort_by(|one, other| one.0.cmp(&other.0));
    let rate = FxRate::new(1_000_000_000, 1_038_900_000).expect("a rate");
    let dated = Some(DatedRate { from: Currency::USD, rate, day: Some(Day::from_civil(2024, 12, 31)) });
    let want = [("a", dated), ("b", None), ("c", None), ("impression", dated)];
    assert_eq!(found, want.map(|(what, fx)| (what.to_owned(), fx)));
}

#[test]
fn a_notice_told_a_hundred_times_counts_once() {
    let world = World::new();
    live(&world, "on_top");
    let bid = world.bid("strict", "absorb");
    let click = world.click(&bid);
    let (win, bill) = (expand(&bid.win, "5", "EUR"), expand(&bid.bill, "5", "EUR"));
    let pixel = format!("/c/pixel.gif?click={click}&type=purchase&order=absorb-1&value=20.50");
    let s2s = conversion(&click, "newsletter", &json!({})).to_string();
    let loss = expand(&world.bid("strict", "absorb").loss, "", "");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (mut client, bid) = (world.server.client(), &bid);
            let (win, bill, pixel, s2s, loss) = (&win, &bill, &pixel, &s2s, &loss);
            scope.spawn(move || {
                for round in 0..25 {
                    // Both methods are in use.
                    let method = if (thread + round) % 2 == 0 { "GET" } else { "POST" };
                    for (path, want) in
                        [(win, 204), (bill, 204), (loss, 204), (&bid.view, 200), (&bid.click, 302)]
                    {
                        assert_eq!(client.send(method, path, &[], b"").status, want, "{method} {path}");
                    }
                    assert_eq!(client.send("GET", pixel, &[], b"").status, 200);
                    assert_eq!(client.send("POST", "/c/s2s", &[], s2s.as_bytes()).status, 204);
                }
            });
        }
    });
    let (mut once, mut often) = (world.row("on_top"), world.row("absorb"));
    assert_eq!(once["costs_before_tax"], often["costs_before_tax"]);
    for row in [&mut once, &mut often] {
        // Of two that come at once either may find the reservation; the other counts as late.
        let of_tax = |name: &str| name.contains("tax") || name == "gross" || name.starts_with("attained_");
        let differs = |name: &str| of_tax(name) || name == "campaign" || name == "late_impressions";
        row.as_object_mut().expect("an object").retain(|name, _| !differs(name));
    }
    assert_eq!(once, often);
    for (kind, duplicates) in [("win", 99), ("bill", 99), ("loss", 99), ("view", 99), ("click", 100)] {
        let metric = format!("encan_notices_total{{kind=\"{kind}\",outcome=\"duplicate\"}}");
        assert_eq!(world.server.metric(&metric), duplicates, "{kind}");
    }
    assert_eq!(world.server.metric("encan_reservations_open"), 0);
}

/// `token` with the character at `at` replaced.
fn altered(path: &str, at: usize) -> String {
    let start = path.match_indices('/').nth(2).expect("a token").0 + 1;
    let mut bytes = path.as_bytes().to_vec();
    bytes[start + at] = if bytes[start + at] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("ASCII")
}

#[test]
fn a_notice_that_does_not_fit_its_bid_is_refused_with_words_and_moves_nothing() {
    let world = World::new();
    let bid = world.bid("strict", "on_top");
    let paid = |price: &str, currency: &str| expand(&bid.bill, price, currency);
    let good = paid("5", "EUR");
    let token_end = good.find('?').expect("a query") - "/n/bill/".len() - 1;
    let of_another_kind = |path: &str| expand(&path.replace("/n/win/", "/n/bill/"), "5", "EUR");
    let view_as_bill = format!("{}?p=5&c=EUR", bid.view.replace("/n/view/", "/n/bill/"));
    for (path, want) in [
        (altered(&good, 0), "not one of ours"),
        (altered(&good, 20), "signature"),
        (altered(&good, token_end - 10), "signature"),
        (of_another_kind(&bid.win), "signature"),
        (view_as_bill, "signature"),
        ("/n/bill/?p=5".into(), "not one of ours"),
        ("/n/bill/x?p=5".into(), "not one of ours"),
        (format!("/n/bill/{}?p=5", "A".repeat(5_000)), "not one of ours"),
        (paid("8.99051", "EUR"), "above the bid of 8.990509"),
        (paid("1000000", "EUR"), "above the bid"),
        (paid("99999999999999999999999999", "EUR"), "is not a price"),
        (paid("-1", "EUR"), "`-1` is not a price"),
        (paid("five", "EUR"), "`five` is not a price"),
        (paid("NaN", "EUR"), "`NaN` is not a price"),
        (paid("inf", "EUR"), "`inf` is not a price"),
        (paid("5", "USD"), "in `USD`, the bid was in EUR"),
        (paid("AUDIT", "AUDIT"), "no price"),
        (paid("", ""), "no price"),
        (bid.bill.clone(), "no price"),
        (bid.bill.split('?').next().expect("a path").to_owned(), "no price"),
    ] {
        let answer = world.get(&path);
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(answer.text().contains(want), "{path}: {}", answer.text());
    }
    assert_eq!(world.row("on_top"), Value::Null);
    assert_eq!(world.server.metric("encan_reservations_open"), 1);
    assert_eq!(world.get(&paid("8.990509", "EUR")).status, 204);
    check_row(&world.row("on_top"), &json!({"impressions": 1, "media": "0.008990509"}));
    assert_eq!(world.server.metric("encan_reservations_open"), 0);
}

#[test]
fn without_a_price_the_bid_is_booked_where_the_profile_says_so() {
    let world = World::new();
    for price in ["AUDIT", "", "${AUCTION_PRICE}"] {
        let bid = world.bid("lenient", "on_top");
        let answer = world.get(&expand(&bid.bill, price, ""));
        assert_eq!(answer.status, 204, "{price}: {answer:?}");
    }
    check_row(&world.row("on_top"), &json!({"impressions": 3, "media": "0.026971527"}));
}

#[test]
fn an_exchange_that_bills_on_the_win_is_billed_once_by_either_notice() {
    let world = World::new();
    let bid = world.bid("winning", "on_top");
    assert_eq!(world.get(&expand(&bid.bill, "5", "EUR")).status, 204);
    assert_eq!(world.row("on_top"), Value::Null);
    assert_eq!(world.get(&expand(&bid.win, "AUDIT", "")).status, 400);
    assert_eq!(world.get(&expand(&bid.win, "4", "EUR")).status, 204);
    assert_eq!(world.get(&expand(&bid.bill, "5", "EUR")).status, 204);
    check_row(&world.row("on_top"), &json!({"wins": 1, "impressions": 1, "media": "0.004"}));
    assert_eq!(world.server.metric("encan_reservations_open"), 0);
}

#[test]
fn an_exchange_that_bills_on_the_impression_is_billed_once_by_the_pixel_in_the_markup() {
    let world = World::new();
    let bid = world.bid("shown", "on_top");
    let pixel = bid.impression.as_deref().expect("a pixel in the markup");
    for notice in [&bid.win, &bid.bill] {
        assert_eq!(world.get(&expand(notice, "4", "EUR")).status, 204);
    }
    check_row(&world.row("on_top"), &json!({"wins": 1, "impressions": 0, "media": "0.00"}));
    assert_eq!(world.server.metric("encan_reservations_open"), 1);
    assert_eq!(bid.loss, "");
    // What a browser says of the price is not heard, once or again: the bid's own is booked.
    for price in ["0", "4", "9000"] {
        let answer = world.get(&expand(pixel, price, "EUR"));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/gif")));
    }
    assert_eq!(world.get(pixel).status, 200);
    check_row(&world.row("on_top"), &json!({"wins": 1, "impressions": 1, "media": "0.008990509"}));
    assert_eq!(world.server.metric("encan_reservations_open"), 0);
    assert_eq!(world.bid("strict", "on_top").impression, None);
}

#[test]
fn a_loss_gives_the_money_back_and_a_win_takes_it() {
    within_an_hour(|| {
        let world = World::new();
        let first = world.bid("strict", "tight");
        assert_eq!(world.ask("strict", "tight", "EUR").status, 204);
        assert_eq!(world.server.metric("encan_reservations_open"), 1);
        assert_eq!(world.get(&altered(&expand(&first.loss, "", ""), 30)).status, 400);
        assert_eq!(world.server.metric("encan_reservations_open"), 1);
        assert_eq!(world.get(&expand(&first.loss, "", "")).status, 204);
        assert_eq!(world.server.metric("encan_reservations_open"), 0);
        // The slow loop lets the line item bid again.
        let mut answer = world.ask("strict", "tight", "EUR");
        wait_until("the money is back", || {
            if answer.status == 204 {
                answer = world.ask("strict", "tight", "EUR");
            }
            answer.status == 200
        });
        let second = Bid::of(&answer.json());
        assert_eq!(world.get(&expand(&second.bill, "8", "EUR")).status, 204);
        assert_eq!(world.ask("strict", "tight", "EUR").status, 204);
        check_row(&world.row("tight"), &json!({"losses": 1, "impressions": 1, "media": "0.008"}));
    });
}

#[test]
fn an_impression_billed_late_or_twice_at_once_keeps_its_place_under_the_frequency_cap() {
    let world = World::new();
    let ask = |user: &str, exchange: &str| world.ask_for(user, exchange, "capped", "EUR");
    let late = Bid::of(&ask("late", "quick").json());
    for user in (0..40).map(|number| format!("user {number}")) {
        let bill = expand(&Bid::of(&ask(&user, "strict").json()).bill, "5", "EUR");
        let start = Barrier::new(2);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut client = world.server.client();
                    start.wait();
                    assert_eq!(client.send("GET", &bill, &[], b"").status, 204);
                });
            }
        });
        assert_eq!(ask(&user, "strict").status, 204, "{user}");
    }
    wait_until("the reservation expires", || world.server.metric("encan_reservations_open") == 0);
    assert_eq!(world.get(&expand(&late.bill, "5", "EUR")).status, 204);
    assert_eq!(ask("late", "quick").status, 204);
    assert_eq!(world.server.metric("encan_no_bids_total{reason=\"frequency_capped\"}"), 41);
    check_row(&world.row("capped"), &json!({"impressions": 41}));
}

#[test]
fn a_conversion_that_says_nonsense_is_refused_with_words() {
    let world = World::new();
    let bid = world.bid("strict", "on_top");
    let click = world.click(&bid);
    let click_link = bid.click.strip_prefix("/n/click/").expect("a token");
    let altered = click.replacen(&click[20..21], if &click[20..21] == "A" { "B" } else { "A" }, 1);
    let value = |value: &str| conversion(&click, "purchase", &json!({"value": value}));
    for (form, want) in [
        (conversion(&click, "refund", &json!({})), "`on_top` declares no conversion of type `refund`"),
        (conversion(&click, "", &json!({})), "no conversion of type ``"),
        (value("-1"), "`-1` is not an amount"),
        (value("NaN"), "`NaN` is not an amount"),
        (value("1,50"), "`1,50` is not an amount"),
        (value("99999999999999"), "`99999999999999` is not an amount"),
        (conversion(&click, "purchase", &json!({"value": "1", "currency": "XXX"})), "rate from `XXX`"),
        (conversion(&altered, "purchase", &json!({})), "token"),
        (conversion(click_link, "purchase", &json!({})), "signature"),
        (conversion("", "purchase", &json!({})), "it needs a `click`"),
        (conversion(&click, "purchase", &json!({"value": true})), "true is neither a text nor a number"),
        (conversion(&click, "purchase", &json!({"order": "7".repeat(129)})), "order has more than 128 bytes"),
        (conversion(&click, "purchase", &json!({"value": -0.5})), "`-0.5` is not an amount"),
        (conversion(&click, "purchase", &json!({"price": "1"})), "unknown field `price`"),
        (conversion("x", "purchase", &json!({})), "not one of ours"),
        (json!({"type": "purchase"}), "it needs a `click`"),
        (json!([]), "not a conversion"),
        (json!(null), "not a conversion"),
    ] {
        let answer = world.post("/c/s2s", &form);
        assert_eq!(answer.status, 400, "{form}: {answer:?}");
        assert!(answer.text().contains(want), "{form}: {}", answer.text());
        // What a query can say too is refused there as well.
        let texts = form.as_object().filter(|fields| fields.values().all(Value::is_string));
        let mut query = String::new();
        for (name, value) in texts.into_iter().flatten() {
            write!(query, "{name}={}&", value.as_str().unwrap_or_default()).expect("a string");
        }
        if !want.contains("field `price`") {
            assert_eq!(world.get(&format!("/c/pixel.gif?{query}")).status, 400, "{query}");
        }
    }
    assert_eq!(world.post("/c/s2s", &value(&"1".repeat(20_000))).status, 413);
    check_row(&world.row("on_top"), &json!({"clicks": 1, "conversions": 0, "value": "0.00"}));
    assert_eq!(world.post("/c/s2s", &value("1.50")).status, 204);
    check_row(&world.row("on_top"), &json!({"clicks": 1, "conversions": 1, "value": "1.50"}));
    let number = conversion(&click, "newsletter", &json!({"value": 0.25, "currency": null, "order": 7}));
    assert_eq!(world.post("/c/s2s", &number).status, 204);
    check_row(&world.row("on_top"), &json!({"conversions": 2, "value": "1.75"}));
}

#[test]
fn an_order_is_counted_once_whichever_click_it_is_reported_with() {
    let world = World::new();
    let clicks = [(); 2].map(|()| world.click(&world.bid("strict", "on_top")));
    for (order, value) in [("a", "10"), ("a", "99"), ("b", "5")] {
        for click in &clicks {
            let form =
                conversion(click, "purchase", &json!({"order": order, "value": value, "currency": "EUR"}));
            assert_eq!(world.post("/c/s2s", &form).status, 204);
            let pixel = format!("/c/pixel.gif?click={click}&type=purchase&order={order}&value={value}");
            assert_eq!(world.get(&pixel).status, 200);
        }
    }
    check_row(&world.row("on_top"), &json!({"clicks": 2, "conversions": 2, "value": "15.00"}));
    // A form writes a space as a plus.
    let spaced = conversion(&clicks[0], "purchase", &json!({"order": "n 1", "value": "0"}));
    assert_eq!(world.post("/c/s2s", &spaced).status, 204);
    let pixel = format!("/c/pixel.gif?click={}&type=purchase&order=n+1&value=7", clicks[0]);
    assert_eq!(world.get(&pixel).status, 200);
    check_row(&world.row("on_top"), &json!({"conversions": 3, "value": "15.00"}));
    // Without an order each click converts once.
    for click in clicks.iter().chain(&clicks) {
        assert_eq!(world.post("/c/s2s", &conversion(click, "purchase", &json!({"value": "1"}))).status, 204);
    }
    check_row(&world.row("on_top"), &json!({"conversions": 5, "value": "17.00"}));
}

#[test]
fn a_click_leads_to_the_landing_page_and_nowhere_else() {
    let world = World::new();
    let bid = world.bid("strict", "on_top");
    for query in ["", "?url=https://evil.example", "?r=https://evil.example&encan_click=x"] {
        let answer = world.get(&format!("{}{query}", bid.click));
        assert_eq!(answer.status, 302);
        let page = answer.header("location").expect("a place to go");
        assert!(page.starts_with("https://shop.example/p?x=1&encan_click="), "{page}");
        assert!(!page.contains("evil"), "{page}");
    }
    let view_as_click = bid.view.replace("/n/view/", "/n/click/");
    for path in [
        altered(&bid.click, 5),
        altered(&bid.click, 60),
        view_as_click,
        "/n/click/https://evil.example".into(),
    ] {
        let answer = world.get(&path);
        assert_eq!((answer.status, answer.header("location")), (400, None), "{path}");
    }
    check_row(&world.row("on_top"), &json!({"clicks": 1}));
}
