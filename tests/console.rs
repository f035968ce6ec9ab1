//! The console as browsers and other sites meet it: pages over real HTTP, and a look at them in headless Chromium.

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::market::{Buyer, Market, campaign, line_item, request};
use support::node::{self, Needs, Script};
use support::{Client, Encan, HttpAnswer, PATIENCE};

/// The most that a page may weigh, in bytes, whatever it shows.
const BYTES_MAX: usize = 150_000;
/// What the console's own pages are, besides those of campaigns.
const PAGES: [&str; 4] = ["/", "/tax", "/explain", "/api"];
/// A name that would be a script if it were not escaped.
const HOSTILE: &str = "<script>alert(1)</script> \"&' Été";

/// A market with a campaign whose name is hostile, and one with every kind of cap.
fn market() -> Market {
    let market = Market::new("10m");
    let mut hostile = campaign("hostile", 2.0, &json!({ "daily": 100, "total": 1_000 }));
    hostile["name"] = json!(HOSTILE);
    market.campaign(&hostile);
    // Bids more than the other, so that it is looked at first.
    let mut capped = campaign("capped", 3.0, &json!({ "daily": 50, "hourly": 10 }));
    capped["pacing"] = json!("even");
    capped["frequency"] = json!([{ "impressions": 3, "per": "1d" }]);
    let mut abroad = line_item("abroad", 3.0);
    abroad["targeting"] = json!({ "country": ["JP"] });
    capped["line_items"] = json!([line_item("all", 3.0), abroad]);
    capped["costs"] = json!({ "fixed": 10 });
    market.campaign(&capped);
    market
}

/// Has `encan` bid a few times, win, and be clicked.
fn trade(encan: &Encan, auctions: usize) {
    let mut buyer = Buyer::of(encan);
    for _ in 0..auctions {
        let offers = buyer.bids(1);
        for offer in offers {
            for path in [offer.won_at(offer.price), offer.billed_at(offer.price), offer.view.clone()] {
                let told = buyer.ask("GET", &path, "").expect("an answer");
                assert!(told.status < 300, "{path}: {}", told.status);
            }
            let _ = buyer.ask("GET", &offer.click, "").expect("an answer");
        }
    }
}

fn get(encan: &Encan, path: &str, headers: &[(&str, &str)]) -> HttpAnswer {
    Client::connect(encan.admin).send("GET", path, headers, b"")
}

/// Sends a form with a request to explain.
fn explain(encan: &Encan, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> HttpAnswer {
    let field = |(name, value): &(&str, &str)| {
        let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC);
        format!("{name}={value}")
    };
    let body = fields.iter().map(field).collect::<Vec<_>>().join("&");
    let form = ("content-type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = headers.iter().copied().chain([form]).collect();
    Client::connect(encan.admin).send("POST", "/explain", &headers, body.as_bytes())
}

/// What `look` gives as soon as it gives anything: figures and samples follow within seconds.
fn await_some<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[track_caller]
fn assert_page(answer: &HttpAnswer, path: &str) -> String {
    let html = answer.text();
    assert!(html.len() < BYTES_MAX, "{path}: {} bytes", html.len());
    assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
    let policy = answer.header("content-security-policy").unwrap_or_default();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(policy.contains(part), "{path}: {part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce");
    assert_eq!(html.matches("<script").count(), 1, "{path}: one script, our own");
    assert!(html.contains(&format!("<script nonce=\"{nonce}\">")), "{path}");
    assert!(html.contains(&format!("<style nonce=\"{nonce}\">")), "{path}");
    // The names of XML are no addresses that anybody calls.
    let outside = html.replace("http://www.w3.org/2000/svg", "");
    for word in ["http://", "https://", "//cdn", "@import", "url("] {
        assert!(!without_textarea(&outside).contains(word), "{path}: {word}");
    }
    assert!(!html.contains(" style="), "{path}: the policy refuses styles of single elements");
    for (name, want) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
        assert_eq!(answer.header(name), Some(want), "{path}");
    }
    html
}

/// The page without what a person typed.
fn without_textarea(html: &str) -> String {
    match (html.find("<textarea"), html.find("</textarea>")) {
        (Some(from), Some(to)) => format!("{}{}", &html[..from], &html[to..]),
        _ => html.to_owned(),
    }
}

#[test]
fn every_page_is_small_needs_nothing_from_elsewhere_and_says_what_a_browser_may_load() {
    let market = market();
    let encan = market.start();
    trade(&encan, 5);
    for path in PAGES.into_iter().chain(["/campaigns/capped", "/explain?example=1"]) {
        let answer = get(&encan, path, &[]);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let html = assert_page(&answer, path);
        println!("{path}: {} bytes", html.len());
        let head = Client::connect(encan.admin).send("HEAD", path, &[], b"");
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
    }
}

#[test]
fn a_name_that_is_a_script_is_shown_and_does_not_run() {
    let market = market();
    let encan = market.start();
    for path in ["/", "/campaigns/hostile"] {
        let html = assert_page(&get(&encan, path, &[]), path);
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;"), "{path}");
    }
    let typed = "<script>alert(2)</script>";
    let answer = explain(&encan, &[("request", typed), ("exchange", typed), ("line_item", typed)], &[]);
    assert_eq!(answer.status, 422);
    assert!(!assert_page(&answer, "/explain").contains(typed));
}

#[test]
fn the_overview_and_the_campaigns_page_show_what_was_spent_and_what_it_brought() {
    let market = market();
    let encan = market.start();
    trade(&encan, 8);
    let spent = market.spent("hostile");
    assert!(spent > 0);
    let html = await_some("the ledger's figures are shown", || {
        let html = get(&encan, "/campaigns/hostile", &[]).text();
        html.contains("<strong>Clicks</strong></th><td class=\"n\">8</td>").then_some(html)
    });
    for row in ["Bids of this run", "Wins", "Impressions billed", "Viewable"] {
        assert!(
            html.contains(&format!("<strong>{row}</strong></th><td class=\"n\">8</td>")),
            "{row} in {html}"
        );
    }
    assert!(html.contains(&format!("€0.{:04}", spent / 100_000)), "spent {spent}");
    let overview = get(&encan, "/", &[]).text();
    assert!(overview.contains("href=\"/campaigns/hostile\""), "{overview}");
    assert!(overview.contains("<dt>Ready to bid</dt><dd><strong>Yes</strong>"), "{overview}");
}

#[test]
fn the_way_of_requests_is_told_from_a_sample_with_what_stopped_them() {
    let market = market();
    let encan = market.start();
    let step = |html: &str, name: &str| -> Option<u64> {
        let (_, rest) = html.split_once(&format!("<strong>{name}</strong>"))?;
        rest.split_once("<td class=\"n\">")?.1.split_once('<')?.0.parse().ok()
    };
    let html = await_some("requests are sampled", || {
        trade(&encan, 2);
        let html = get(&encan, "/campaigns/capped", &[]).text();
        (step(&html, "Requests seen")? >= 3).then_some(html)
    });
    let sampled = step(&html, "Requests seen");
    assert_eq!(step(&html, "Targeting matches"), sampled, "France is wanted by one line item");
    // Nobody is known, so the cap of the campaign says no each time.
    assert_eq!(step(&html, "Creative and rules fit"), Some(0));
    assert!(html.contains("Viewer unknown to a frequency cap"), "{html}");
    let other = get(&encan, "/campaigns/hostile", &[]).text();
    assert_eq!(step(&other, "Bid"), step(&other, "Requests seen"), "nothing stops the other one: {other}");
}

#[test]
fn a_pasted_request_is_explained_live_and_nothing_is_reserved_or_counted() {
    let market = market();
    let encan = market.start();
    let counters = ["encan_bid_requests_total", "encan_bids_total", "encan_reservations_open"];
    let counted = || counters.map(|name| encan.metric(name));
    let before = counted();
    for _ in 0..3 {
        let fields = [("request", &*request(1)), ("exchange", "market"), ("line_item", "")];
        let answer = explain(&encan, &fields, &[]);
        assert_eq!(answer.status, 200);
        let html = assert_page(&answer, "/explain");
        assert!(html.contains("imp 0: 1 of 3 line items bids, 2 need one change"), "{html}");
        assert!(html.contains("hostile/all <span class=\"tag\">bids 2.00 EUR with mpu"), "{html}");
        assert!(html.contains("add `FR` to `targeting.country`"), "{html}");
    }
    assert_eq!(counted(), before);
    let overview = get(&encan, "/campaigns/hostile", &[]).text();
    assert!(overview.contains("<strong>Bids of this run</strong></th><td class=\"n\">0</td>"), "{overview}");
    let only = [("request", &*request(1)), ("exchange", "market"), ("line_item", "capped/abroad")];
    let html = explain(&encan, &only, &[]).text();
    assert!(html.contains("imp 0: 0 of 1 line item bid") && !html.contains("hostile/all"), "{html}");
}

#[test]
fn what_cannot_be_explained_says_why_and_what_to_do() {
    let market = market();
    let encan = market.start();
    let good = request(1);
    let large = format!("{{\"id\":\"{}\"}}", "x".repeat(40_000));
    for (fields, error, hint) in [
        ([("request", "{"), ("exchange", "market"), ("line_item", "")], "this is no bid request", "400"),
        ([("request", ""), ("exchange", "market"), ("line_item", "")], "there is no request", "example"),
        ([("request", &*large), ("exchange", "market"), ("line_item", "")], "40009 bytes", "encan explain"),
        (
            [("request", &*good), ("exchange", "markt"), ("line_item", "")],
            "there is no exchange `markt`",
            "did you mean `market`?",
        ),
        (
            [("request", &*good), ("exchange", "market"), ("line_item", "capped/al")],
            "there is no line item `capped/al`",
            "did you mean `capped/all`?",
        ),
    ] {
        let answer = explain(&encan, &fields, &[]);
        assert_eq!(answer.status, 422, "{error}");
        let html = assert_page(&answer, "/explain");
        assert!(html.contains(error) && html.contains(hint), "{error}, {hint} in {html}");
    }
    let flood = "x".repeat(200_000);
    assert_eq!(explain(&encan, &[("request", &flood)], &[]).status, 413);
}

#[test]
fn no_other_site_can_send_a_form_or_read_a_page_by_a_name_of_its_own() {
    let market = market();
    let encan = market.start();
    let own = format!("http://{}", encan.admin);
    let (good, fields) = (request(1), |request| [("request", request), ("exchange", "market")]);
    for (headers, want) in [
        (&[("sec-fetch-site", "cross-site")][..], 403),
        (&[("sec-fetch-site", "same-site")], 403),
        (&[("origin", "https://evil.example")], 403),
        (&[("origin", "null")], 403),
        (&[("origin", &*own)], 200),
        (&[("sec-fetch-site", "same-origin"), ("origin", &*own)], 200),
        (&[], 200),
    ] {
        assert_eq!(explain(&encan, &fields(&good), headers).status, want, "{headers:?}");
    }
    let told = Buyer::at(encan.admin).ask("GET", "/", "").expect("an answer");
    assert_eq!(told.status, 421, "its host is no address");
    let json = ("content-type", "application/json");
    let answer = Client::connect(encan.admin).send("POST", "/explain", &[json], good.as_bytes());
    assert_eq!(answer.status, 415);
    let answer = Client::connect(encan.admin).send("POST", "/", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (405, Some("GET")));
}

#[test]
fn a_campaign_that_does_not_exist_is_404_with_the_nearest_name() {
    let market = market();
    let encan = market.start();
    let answer = get(&encan, "/campaigns/caped", &[]);
    assert_eq!(answer.status, 404);
    assert!(assert_page(&answer, "404").contains("<a href=\"/campaigns/capped\">capped</a>"));
    let answer = get(&encan, "/campaigns/%3Cscript%3E", &[]);
    assert_eq!(answer.status, 404);
    assert!(assert_page(&answer, "404").contains("&lt;script&gt;"));
    assert_eq!(get(&encan, "/nothing", &[]).status, 404);
}

#[test]
fn the_language_is_the_querys_else_the_browsers() {
    let market = market();
    let encan = market.start();
    for (path, accepted, want) in [
        ("/", "fr-FR,fr;q=0.9,en;q=0.8", "fr"),
        ("/", "de,en", "en"),
        ("/?lang=fr", "en", "fr"),
        ("/?lang=en", "fr", "en"),
    ] {
        let html = get(&encan, path, &[("accept-language", accepted)]).text();
        assert!(html.contains(&format!("<html lang=\"{want}\">")), "{path} {accepted}");
        assert_eq!(html.contains("Vue d’ensemble"), want == "fr", "{path} {accepted}");
    }
    let html = get(&encan, "/?lang=fr", &[]).text();
    assert!(html.contains("href=\"/tax?lang=fr\"") && html.contains("href=\"/campaigns/capped?lang=fr\""));
}

#[test]
fn a_page_is_packed_where_the_browser_takes_that() {
    let market = market();
    let encan = market.start();
    let packed = get(&encan, "/", &[("accept-encoding", "gzip, br")]);
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let plain = get(&encan, "/", &[]);
    assert!(packed.body.len() * 2 < plain.body.len(), "{} of {}", packed.body.len(), plain.body.len());
}

#[test]
fn the_tax_of_a_month_is_a_page_and_files_and_other_rates_are_a_form() {
    let market = market();
    let mut taxed = campaign("taxed", 4.0, &json!({ "daily": 100 }));
    taxed["tax"] = json!({ "scenario": "hypothesis-eu", "bearer": "on_top" });
    market.campaign(&taxed);
    let encan = market.start();
    trade(&encan, 3);
    for (path, content_type, word) in [
        ("/tax.csv", "text/csv; charset=utf-8", "buyer"),
        ("/tax.json", "application/json", "\"lines\""),
        ("/tax.html?lang=fr", "text/html; charset=utf-8", "Redevable"),
    ] {
        let answer = await_some("what was billed is declared", || {
            let answer = get(&encan, path, &[]);
            (answer.status == 200 && answer.text().contains(word)).then_some(answer)
        });
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("content-disposition"), Some("attachment"));
    }
    let html = await_some("the month is reckoned", || {
        let html = get(&encan, "/tax?rate=500&scenario=hypothesis-eu", &[]).text();
        html.contains("As booked").then_some(html)
    });
    for part in [
        "type=\"range\"",
        "value=\"500\"",
        "Absorbed by us <small>hypothesis-eu 0.050%</small>",
        "Passed on, on top",
        "Passed on, inside the budget",
        "Split in halves",
        "0.100% <small>hypothesis-eu, on top</small>",
        "Against the ledger’s own books",
        "equal",
        "href=\"/tax.csv?month=",
    ] {
        assert!(html.contains(part), "{part} in {html}");
    }
    // Once it is read, the page stays as it is.
    assert!(!html.contains("http-equiv=\"refresh\""));
    let answer = get(&encan, "/tax?month=1999-01&rate=nonsense&scenario=%3Cscript%3E", &[]);
    assert_eq!(answer.status, 200);
    assert_page(&answer, "/tax");
}

#[test]
fn with_thousands_of_line_items_pages_stay_small_and_their_times_are_printed() {
    let market = Market::new("10m");
    for number in 0..400 {
        let mut campaign = campaign(&format!("c{number}"), 2.0, &json!({ "daily": 100 }));
        campaign["name"] =
            json!(format!("Campaign {number} with a name as people give them, spring & summer"));
        campaign["line_items"] = (0..10).map(|item| line_item(&format!("l{item}"), 2.0)).collect();
        market.campaign(&campaign);
    }
    let mut many = campaign("many", 1.0, &json!({ "daily": 100 }));
    many["line_items"] = (0..1_000).map(|item| line_item(&format!("l{item}"), 1.0)).collect();
    market.campaign(&many);
    let encan = market.start();
    trade(&encan, 5);
    for path in ["/", "/campaigns/c1", "/campaigns/many", "/tax", "/explain", "/api"] {
        let mut client = Client::connect(encan.admin);
        let mut times = Vec::new();
        for _ in 0..20 {
            let began = Instant::now();
            let answer = client.send("GET", path, &[], b"");
            times.push(began.elapsed());
            assert_eq!(answer.status, 200, "{path}");
            assert!(answer.body.len() < BYTES_MAX, "{path}: {} bytes", answer.body.len());
        }
        times.sort_unstable();
        println!("{path}: median {:?}, longest {:?}", times[times.len() / 2], times[times.len() - 1]);
    }
    let began = Instant::now();
    let answer = explain(&encan, &[("request", &request(3)), ("exchange", "market")], &[]);
    println!("POST /explain: {:?}, {} bytes", began.elapsed(), answer.body.len());
    assert_eq!(answer.status, 200);
    let html = assert_page(&answer, "/explain");
    assert!(html.contains("more are not shown here"), "5,000 line items on three places are too many");
}

/// What `tests/node/console.mjs` saw.
fn seen(encan: &Encan) -> Value {
    let mut script = Script::start("console.mjs", &[]);
    let pages = ["/", "/campaigns/capped", "/tax", "/explain?example=1", "/api"];
    let task = json!({
        "console": format!("http://{}", encan.admin), "pages": pages, "exchange": "market", "request": request(1),
    });
    script.tell(format!("{task}\n").as_bytes());
    script.line()
}

#[test]
fn in_a_browser_the_console_is_whole_at_any_width_in_light_and_dark_by_keys_and_without_scripts() {
    if !node::is_ready(Needs::Browser) {
        return;
    }
    let market = market();
    let encan = market.start();
    trade(&encan, 20);
    let found = seen(&encan);
    assert_eq!(found["errors"], json!([]), "no page says an error");
    assert_eq!(found["outside"], json!([]), "no page calls anybody else");
    let looks = found["looks"].as_array().expect("a list");
    assert_eq!(looks.len(), 25);
    for look in looks {
        assert_eq!(look["status"], 200, "{look}");
        assert_eq!(look["lang"], look["wanted"], "{look}");
        assert!(look["overflow"].as_i64().expect("a number") <= 0, "it is wider than its window: {look}");
        assert_eq!(look["wide"], json!([]), "{look}");
        assert_eq!(look["violations"], json!([]), "{look}");
    }
    let keys = found["keys"].as_array().expect("a list");
    assert_eq!((&keys[0]["tag"], &keys[0]["text"]), (&json!("a"), &json!("Skip to content")));
    assert!(keys.iter().all(|key| key["visible"] == true), "the focus shows: {keys:?}");
    let texts: Vec<&str> = keys.iter().filter_map(|key| key["text"].as_str()).collect();
    let at = |text: &str| texts.iter().position(|found| *found == text);
    assert!(at("Overview") < at("Tax") && at("Tax") < at("Explain") && at("Explain").is_some(), "{texts:?}");
    assert_eq!((&found["focusStays"], &found["paused"]), (&json!(true), &json!("true")));
    let heads: Vec<u64> =
        found["heads"].as_array().expect("a list").iter().filter_map(Value::as_u64).collect();
    assert_eq!(heads.iter().filter(|head| **head == 1).count(), 1, "one first head: {heads:?}");
    assert!(heads.windows(2).all(|pair| pair[1] <= pair[0] + 1), "no level is left out: {heads:?}");
    assert_eq!(found["slider"]["focus"], "rate");
    assert!(found["slider"]["text"].as_str().is_some_and(|text| text.contains("0.050%")), "{found}");
    // Without scripts.
    assert!(found["refresh"].as_str().is_some_and(|meta| meta.contains("http-equiv")), "{found}");
    assert!(
        found["explained"].as_str().is_some_and(|text| text.contains("hostile/all bids 2.00 EUR")),
        "{found}"
    );
    assert!(found["reckoned"].as_str().is_some_and(|url| url.contains("/tax?month=")), "{found}");
}
