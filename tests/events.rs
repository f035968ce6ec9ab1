//! What people did at an advertiser's, from its page or server to the bid: over real HTTP.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;

use encan::privacy::{Purposes, TcString};
use serde_json::{Value, json};

use support::http::{Client, HttpAnswer};
use support::market::{Market, campaign};
use support::{Encan, Options, encan, wait_until};

const TOKEN: &str = "an-open-secret";

/// A shop, and a campaign of its advertiser that bids on people who left a basket and did not buy.
struct Shop {
    market: Market,
}

impl Shop {
    fn new() -> Self {
        let market = Market::new("10m");
        std::fs::create_dir(market.path("audiences")).expect("a new folder");
        market.put("token", &format!("{TOKEN}\n"));
        let mut left = campaign("left", 2.0, &json!({ "total": 1_000 }));
        left["line_items"][0]["targeting"] = json!({ "all": [
            { "event": { "name": "basket", "within": "7d" } },
            { "not": { "event": { "name": "purchase", "within": "7d" } } },
        ]});
        market.campaign(&left);
        let shop = Self { market };
        shop.define(&shop.definition());
        shop
    }

    /// The shop's audience definition.
    fn definition(&self) -> Value {
        json!({
            "advertiser": "acme",
            "events": ["product_view", "basket", "purchase"],
            "retention": "90d",
            "token": format!("file:{}", self.market.path("token").display()),
            "lead_score": { "points": { "product_view": 10, "basket": 30, "purchase": -50 } },
            "rfm": {},
            "intents": [{ "name": "shoes", "topics": "shoes", "at_least": 2, "within": "7d" }],
        })
    }

    fn define(&self, definition: &Value) {
        self.market.put("audiences/acme.json", &definition.to_string());
    }

    fn folder(&self) -> PathBuf {
        self.market.path("audiences")
    }

    fn start(&self) -> Door {
        let encan = Encan::start(Options {
            campaigns: Some(self.market.path("campaigns")),
            exchanges: Some(self.market.path("exchanges")),
            data: Some(self.market.data()),
            flags: vec!["--audiences".to_owned(), self.folder().display().to_string()],
            ..Options::default()
        });
        wait_until("the audiences", || encan.admin("/readyz").status == 200);
        Door { client: Client::connect(encan.public), encan }
    }
}

/// A server and a connection to it.
struct Door {
    client: Client,
    encan: Encan,
}

impl Door {
    fn pixel(&mut self, query: &str, headers: &[(&str, &str)]) -> HttpAnswer {
        self.client.send("GET", &format!("/e/pixel.gif?{query}"), headers, b"")
    }

    fn server(&mut self, token: &str, body: &Value) -> HttpAnswer {
        let authorization = format!("Bearer {token}");
        self.client.send("POST", "/e/s2s", &[("authorization", &authorization)], body.to_string().as_bytes())
    }

    /// True if there is a bid on the person.
    fn bids_on(&mut self, user: &Value) -> bool {
        let request = json!({
            "id": "r", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "cur": ["EUR"],
            "tmax": 60_000, "user": user,
        });
        let answer = self.client.send("POST", "/openrtb2/market", &[], request.to_string().as_bytes());
        assert!(matches!(answer.status, 200 | 204), "{}", answer.text());
        answer.status == 200
    }

    fn bids_on_buyer(&mut self, buyeruid: &str) -> bool {
        self.bids_on(&json!({ "buyeruid": buyeruid }))
    }

    /// How many events the metrics count for `door` with `outcome`.
    fn counted(&self, door: &str, outcome: &str) -> u64 {
        let text = Client::connect(self.encan.admin).send("GET", "/metrics", &[], b"").text();
        let name = format!("encan_events_total{{door=\"{door}\",outcome=\"{outcome}\"}} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&name)).expect("a counter");
        line.parse().expect("a number")
    }
}

/// Milliseconds since 1970.
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    i64::try_from(since.expect("after 1970").as_millis()).expect("before the year 300,000,000")
}

/// An event that an advertiser's server reports, under no law.
fn event(name: &str, user_id: &str) -> Value {
    json!({ "advertiser": "acme", "event": name, "id_type": "buyer", "user_id": user_id, "gdpr": 0 })
}

/// `event` with `more`.
fn with(mut event: Value, more: Value) -> Value {
    let Value::Object(more) = more else { panic!("{more} is no object") };
    event.as_object_mut().expect("an event is an object").extend(more);
    event
}

#[test]
fn who_left_a_basket_is_bid_on_until_they_buy() {
    let mut door = Shop::new().start();
    assert!(!door.bids_on_buyer("anna"), "nobody left anything yet");
    let page = "a=acme&e=basket&t=shoes&v=59.90&c=USD&gdpr=0&id_type=buyer&user_id=anna";
    let answer = door.pixel(page, &[]);
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/gif")));
    assert_eq!(answer.header("set-cookie"), None, "the page named the person");
    assert!(door.bids_on_buyer("anna"));
    assert!(!door.bids_on_buyer("ben"));
    assert_eq!(door.server(TOKEN, &event("purchase", "anna")).status, 204);
    assert!(!door.bids_on_buyer("anna"));
    // The same by the id of a device, which a server knows.
    let phone =
        json!({ "advertiser": "acme", "event": "basket", "id_type": "ifa", "user_id": "AB-12", "gdpr": 0 });
    assert_eq!(door.server(TOKEN, &json!([phone, event("basket", "carl")])).status, 204);
    assert!(door.bids_on_buyer("carl"));
    assert_eq!((door.counted("page", "taken"), door.counted("server", "taken")), (1, 3));
}

#[test]
fn a_visitor_is_known_by_our_cookie_and_only_a_new_one_gets_it() {
    let mut door = Shop::new().start();
    let first = door.pixel("a=acme&e=product_view&gdpr=0", &[]);
    let cookie = first.header("set-cookie").expect("a first sight").to_owned();
    let (pair, attributes) = cookie.split_once("; ").expect("attributes");
    assert_eq!(attributes, "Max-Age=34128000; Path=/; Secure; HttpOnly; SameSite=None");
    let (name, id) = pair.split_once('=').expect("a pair");
    assert_eq!((name, id.len()), ("encan_id", 32));
    assert!(!door.bids_on_buyer(id));
    let again = door.pixel("a=acme&e=basket&gdpr=0", &[("cookie", &format!("theme=dark; {pair}"))]);
    assert_eq!((again.status, again.header("set-cookie")), (200, None));
    assert!(door.bids_on_buyer(id), "exchanges get the cookie's value by cookie match");
    let zeros = "a=acme&e=basket&gdpr=0&id_type=ifa&user_id=00000000-0000-0000-0000-000000000000";
    assert!(door.pixel(zeros, &[]).header("set-cookie").is_some(), "zeros are nobody");
    let forged = door.pixel("a=acme&e=basket&gdpr=0", &[("cookie", "encan_id=<script>")]);
    let fresh = forged.header("set-cookie").expect("a forged cookie is none");
    assert!(!fresh.contains("script") && !fresh.contains(id), "{fresh}");
}

/// An event that consent forbids.
struct Forbidden {
    /// Behind what the event says.
    query: String,
    header: Option<(&'static str, &'static str)>,
    /// The counter that knows of it.
    reason: &'static str,
}

fn forbidden(granted: &str, refused: &str) -> Vec<Forbidden> {
    let case = |query: &str, reason| Forbidden { query: query.to_owned(), header: None, reason };
    let free = |name, reason| Forbidden { header: Some((name, "1")), ..case("&gdpr=0", reason) };
    vec![
        case("", "withheld_gdpr"),
        case("&gdpr=1", "withheld_gdpr"),
        case("&gdpr=${GDPR}", "withheld_gdpr"),
        case("&gdpr=1&gdpr_consent=rubbish", "withheld_gdpr"),
        case(&format!("&gdpr=1&gdpr_consent={refused}"), "withheld_gdpr"),
        case("&gdpr=0&us_privacy=1YYN", "withheld_us"),
        case("&gdpr=0&gpp=DBABIYA~BQYFGCUA&gpp_sid=23", "withheld_us"),
        case("&gdpr=0&gpp_sid=99", "withheld_gpp"),
        case("&gdpr=0&coppa=1", "withheld_children"),
        free("sec-gpc", "withheld_gpc"),
        free("dnt", "withheld_device"),
        Forbidden { query: format!("&gdpr=1&gdpr_consent={granted}"), ..free("sec-gpc", "withheld_gpc") },
    ]
}

/// Two TC strings, and a vendor to which the first permits everything and the second not.
fn consents() -> (String, String, u16) {
    let text = std::fs::read_to_string("fixtures/consent/tcf.json").expect("the fixtures");
    let vectors: Value = serde_json::from_str(&text).expect("JSON");
    let strings: Vec<&str> = vectors["vectors"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|one| one["string"].as_str())
        .collect();
    let grants = |string: &&&str, vendor: u16| {
        let read = TcString::read(string, vendor);
        read.is_ok_and(|tc| tc.is_disclosed() && (1..=4).all(|purpose| tc.permits(purpose, Purposes::NONE)))
    };
    (1..2_000)
        .find_map(|vendor| {
            let granted = strings.iter().find(|string| grants(string, vendor))?;
            let refused = strings.iter().find(|string| !grants(string, vendor))?;
            Some(((*granted).to_owned(), (*refused).to_owned(), vendor))
        })
        .expect("a vendor with consent and one without")
}

#[test]
fn without_consent_nothing_is_stored_and_no_cookie_is_set() {
    let shop = Shop::new();
    let (granted, refused, vendor) = consents();
    shop.define(&with(shop.definition(), json!({ "privacy": { "vendor_id": vendor } })));
    let mut door = shop.start();
    let picture = door.pixel("a=acme&e=product_view&gdpr=0", &[]).body;
    for (number, case) in forbidden(&granted, &refused).into_iter().enumerate() {
        let Forbidden { query, header, reason } = case;
        let before = door.counted("page", reason);
        let user = format!("user-{number}");
        let headers: Vec<(&str, &str)> = header.into_iter().collect();
        let named = format!("a=acme&e=basket&id_type=buyer&user_id={user}{query}");
        let answer = door.pixel(&named, &headers);
        assert_eq!((answer.status, &answer.body), (200, &picture), "{query}");
        assert!(!door.bids_on_buyer(&user), "{query} {headers:?}");
        let unnamed = door.pixel(&format!("a=acme&e=basket{query}"), &headers);
        assert_eq!((unnamed.status, unnamed.header("set-cookie")), (200, None), "{query}");
        assert_eq!(door.counted("page", reason), before + 2, "{query}");
    }
    assert_eq!(door.counted("page", "taken"), 1);
    // With consent for our vendor it is stored, also by a server.
    let consent = json!({ "gdpr": 1, "gdpr_consent": granted });
    assert_eq!(door.server(TOKEN, &with(event("basket", "anna"), consent)).status, 204);
    assert!(door.bids_on_buyer("anna"));
    assert_eq!(door.server(TOKEN, &with(event("basket", "ben"), json!({ "gdpr": 1 }))).status, 204);
    assert!(!door.bids_on_buyer("ben"));
    // And what is stored is not read without consent.
    let request = json!({
        "id": "r", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "cur": ["EUR"], "tmax": 60_000,
        "user": { "buyeruid": "anna" }, "regs": { "gdpr": 1 },
    });
    assert_eq!(door.client.send("POST", "/openrtb2/market", &[], request.to_string().as_bytes()).status, 204);
}

#[test]
fn an_event_with_an_id_happens_once_over_restarts_too() {
    let shop = Shop::new();
    let mut twice = campaign("twice", 3.0, &json!({ "total": 1_000 }));
    twice["line_items"][0]["targeting"] = json!({ "event": { "name": "purchase", "at_least": 2 } });
    shop.market.campaign(&twice);
    let order = |id: &str| with(event("purchase", "anna"), json!({ "order": id, "value": 20 }));
    let mut door = shop.start();
    for _ in 0..3 {
        assert_eq!(door.server(TOKEN, &order("17")).status, 204);
    }
    assert_eq!((door.counted("server", "taken"), door.counted("server", "duplicate")), (1, 2));
    assert!(!door.bids_on_buyer("anna"));
    // Another page cannot use an order's id up: it is the same event only for the same person.
    door.pixel("a=acme&e=purchase&o=18&gdpr=0&id_type=buyer&user_id=mallory", &[]);
    let (code, words) = door.encan.stop();
    assert_eq!(code, Some(0), "{words}");
    let mut door = shop.start();
    assert_eq!(door.server(TOKEN, &json!([order("17"), order("18")])).status, 204);
    assert_eq!((door.counted("server", "taken"), door.counted("server", "duplicate")), (1, 1));
}

/// Sends an event and hears no answer.
fn unanswered(door: &Door, event: &Value) -> std::thread::JoinHandle<()> {
    let (public, body) = (door.encan.public, event.to_string());
    let head = format!("POST /e/s2s HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {TOKEN}\r\n");
    let call = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    std::thread::spawn(move || {
        let mut stream = TcpStream::connect(public).expect("the door");
        stream.write_all(call.as_bytes()).expect("it listens");
        // Until it is killed.
        let _ = stream.read(&mut [0; 64]);
    })
}

#[test]
fn an_order_whose_answer_a_kill_swallowed_is_recorded_once_when_it_comes_again() {
    let shop = Shop::new();
    let mut bought = campaign("bought", 3.0, &json!({ "total": 1_000 }));
    bought["line_items"][0]["targeting"] = json!({ "event": "purchase" });
    shop.market.campaign(&bought);
    let order = with(event("purchase", "anna"), json!({ "order": "17", "value": 20 }));
    for was_recorded in [false, true] {
        let door = shop.start();
        let file = |name: &str| rusqlite::Connection::open(shop.market.data().join(name)).expect("a file");
        let (audiences, ids) = (file("audience.sqlite"), file("events.sqlite"));
        // Nothing is recorded while we hold the one file, and no id is kept while we hold the other.
        audiences.execute_batch("BEGIN IMMEDIATE").expect("the lock of the file");
        let waiting = unanswered(&door, &order);
        wait_until("the order's id", || {
            let count = "SELECT (SELECT count(*) FROM seen) + (SELECT count(*) FROM begun)";
            ids.query_row(count, [], |row| row.get::<_, u32>(0)).expect("a number") == 1
        });
        ids.execute_batch("BEGIN IMMEDIATE").expect("the lock of the file");
        let mut door = door;
        if was_recorded {
            audiences.execute_batch("ROLLBACK").expect("the end of the lock");
            wait_until("the order", || door.bids_on_buyer("anna"));
        }
        door.encan.kill();
        waiting.join().expect("it only waits");
        drop((audiences, ids));
        let second = now() / 1_000;
        wait_until("another second", || now() / 1_000 > second);
        let mut door = shop.start();
        assert_eq!(door.bids_on_buyer("anna"), was_recorded);
        assert_eq!(door.server(TOKEN, &order).status, 204);
        assert_eq!(door.counted("server", "taken"), 1, "nobody was told that it is recorded");
        assert_eq!(door.server(TOKEN, &order).status, 204);
        assert_eq!(door.counted("server", "duplicate"), 1);
        let mut admin = Client::connect(door.encan.admin);
        let shown = admin.send("GET", "/v1/audience/buyer/anna", &[], b"").json();
        assert_eq!(shown["events"].as_array().map(Vec::len), Some(1), "{shown}");
        // The next round begins anew.
        assert_eq!(admin.send("DELETE", "/v1/audience/buyer/anna", &[], b"").status, 204);
        door.encan.stop();
        std::fs::remove_file(shop.market.data().join("events.sqlite")).expect("a file");
    }
}

#[test]
fn what_a_person_did_outlives_a_restart_and_who_is_erased_did_nothing() {
    let shop = Shop::new();
    let mut door = shop.start();
    let basket = with(event("basket", "anna"), json!({ "topic": "Shoes", "value": 59.90, "order": 7 }));
    assert_eq!(door.server(TOKEN, &json!([basket, event("basket", "ben")])).status, 204);
    door.encan.stop();
    let mut door = shop.start();
    assert!(door.bids_on_buyer("anna") && door.bids_on_buyer("ben"));
    let mut admin = Client::connect(door.encan.admin);
    let shown = admin.send("GET", "/v1/audience/buyer/anna", &[], b"").json();
    let told = &shown["events"][0];
    assert_eq!(
        (&told["advertiser"], &told["event"], &told["topic"]),
        (&json!("acme"), &json!("basket"), &json!("shoes"))
    );
    assert_eq!(told["value"], "59.90");
    assert_eq!(admin.send("DELETE", "/v1/audience/buyer/anna", &[], b"").status, 204);
    assert!(!door.bids_on_buyer("anna") && door.bids_on_buyer("ben"));
    assert_eq!(admin.send("GET", "/v1/audience/buyer/anna", &[], b"").status, 404);
}

#[test]
fn only_who_shows_the_token_reports_for_an_advertiser() {
    let shop = Shop::new();
    let other = with(shop.definition(), json!({ "advertiser": "other", "events": ["basket", "purchase"] }));
    let mut other = other;
    other.as_object_mut().expect("an object").retain(|key, _| matches!(&**key, "advertiser" | "events"));
    shop.market.put("audiences/other.json", &other.to_string());
    let mut door = shop.start();
    let basket = event("basket", "anna");
    let bare = door.client.send("POST", "/e/s2s", &[], basket.to_string().as_bytes());
    assert_eq!((bare.status, bare.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(door.server("guess", &basket).status, 401);
    let empty = Value::Array(vec![json!({}); 20_000]);
    assert_eq!(door.server("guess", &empty).status, 401, "what it sends is not looked at");
    let foreign = with(basket.clone(), json!({ "advertiser": "other" }));
    assert_eq!(door.server(TOKEN, &foreign).status, 401, "it names no token, so no server is heard");
    assert_eq!(door.server(TOKEN, &json!([basket, foreign])).status, 401, "not even in part");
    assert!(!door.bids_on_buyer("anna"));
    assert_eq!(door.counted("server", "unauthorized"), 4);
    assert_eq!(door.server(TOKEN, &basket).status, 204);
    assert!(door.bids_on_buyer("anna"));
}

#[test]
fn what_can_never_be_taken_is_refused_by_name_and_a_list_whole() {
    let mut door = Shop::new().start();
    for (more, part) in [
        (json!({ "event": "baskets" }), "`acme` declares no event `baskets`"),
        (json!({ "topic": "cancer advice" }), "sensitive criterion"),
        (json!({ "value": "much" }), "value `much` is not an amount"),
        (json!({ "value": 5, "currency": "XXX" }), "no exchange rate from `XXX`"),
        (json!({ "time": "2020-01-01T00:00:00Z" }), "days ago, and events count for 90 days"),
        (json!({ "time": 32_503_680_000_000_u64 }), "seconds from now"),
        (json!({ "time": "noon" }), "time `noon`"),
        (json!({ "id_type": "mail" }), "id_type `mail`"),
        (json!({ "user_id": "00000000-0000" }), "it names nobody"),
        (json!({ "user": "anna" }), "unknown field `user`"),
    ] {
        let answer = door.server(TOKEN, &with(event("basket", "anna"), more.clone()));
        assert_eq!(answer.status, 400, "{more}");
        assert!(answer.text().contains(part), "{part} in {}", answer.text());
    }
    let nobody = json!({ "advertiser": "acme", "event": "basket", "gdpr": 0 });
    assert!(door.server(TOKEN, &nobody).text().contains("it names nobody"));
    let list = json!([event("basket", "anna"), event("baskets", "anna"), nobody]);
    let answer = door.server(TOKEN, &list);
    let want = "none was taken:\nevent 1: `acme` declares no event `baskets`\n\
                event 2: it names nobody: `user_id` is missing, all zeros, or a word for nothing\n";
    assert_eq!((answer.status, answer.text().as_str()), (400, want));
    assert!(!door.bids_on_buyer("anna"));
    let many = Value::Array(vec![event("basket", "anna"); 1_001]);
    let answer = door.server(TOKEN, &many);
    assert_eq!((answer.status, answer.text().as_str()), (413, "1001 events, at most 1000 are allowed\n"));
    let page = door.pixel("a=nobody&e=basket&gdpr=0", &[]);
    assert_eq!(page.text(), "there is no audience definition of `nobody`\n");
    assert_eq!((page.status, door.pixel("a=acme&e=x", &[]).status), (400, 400));
    for (method, path, allowed) in [("POST", "/e/pixel.gif", "GET"), ("GET", "/e/s2s", "POST")] {
        let answer = door.client.send(method, path, &[], b"");
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)), "{path}");
    }
    assert_eq!(door.client.send("GET", "/e/other", &[], b"").status, 404);
}

#[test]
fn a_page_s_script_may_call_the_pixel_and_nobody_else_s_the_server_door() {
    let mut door = Shop::new().start();
    let origin = ("origin", "https://acme.example");
    let answer = door.pixel("a=acme&e=basket&gdpr=0", &[origin]);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://acme.example"));
    let authorization = format!("Bearer {TOKEN}");
    let headers = [origin, ("authorization", authorization.as_str())];
    let answer = door.client.send("POST", "/e/s2s", &headers, event("basket", "x").to_string().as_bytes());
    assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, None));
}

#[test]
fn stage_class_points_and_intent_decide_who_is_bid_on() {
    let shop = Shop::new();
    let line_item =
        |id: &str, targeting: Value| json!({ "id": id, "goal": { "cpm": 2 }, "targeting": targeting });
    let mut all = campaign("left", 2.0, &json!({ "total": 1_000 }));
    let mut door: Option<Door> = None;
    for (targeting, events, want) in [
        (json!({ "stage": "basket" }), vec![("basket", 1)], true),
        (json!({ "stage": ["customer", "repeat"] }), vec![("basket", 1)], false),
        (json!({ "stage": ["customer", "repeat"] }), vec![("purchase", 2)], true),
        (json!({ "not": { "stage": "customer" } }), vec![], true),
        (json!({ "rfm": "champions" }), vec![("purchase", 5)], true),
        (json!({ "rfm": { "frequency": [4, 5], "monetary": 5 } }), vec![("purchase", 5)], true),
        (json!({ "rfm": { "frequency": [4, 5] } }), vec![("purchase", 4)], false),
        (
            json!({ "lead_score": { "at_least": 40, "below": 80 } }),
            vec![("product_view", 2), ("basket", 1)],
            true,
        ),
        (json!({ "lead_score": { "at_least": 40 } }), vec![("basket", 1)], false),
        (json!({ "lead_score": { "below": 10 } }), vec![], true),
        (json!({ "intent": "shoes" }), vec![("product_view", 2)], true),
        (json!({ "intent": "shoes" }), vec![("product_view", 1)], false),
    ] {
        all["line_items"] = json!([line_item("only", targeting.clone())]);
        shop.market.campaign(&all);
        if let Some(door) = door.take() {
            door.encan.stop();
        }
        let mut fresh = shop.start();
        let user = format!("{targeting}{events:?}");
        for (name, times) in events {
            // The same twice in a second is once.
            let last = now();
            let at = |second: i64| json!({ "topic": "shoes", "value": 250, "time": last - second * 1_000 });
            let each = (0..times).map(|second| with(event(name, &user), at(second))).collect();
            assert_eq!(fresh.server(TOKEN, &Value::Array(each)).status, 204, "{user}");
        }
        assert_eq!(fresh.bids_on_buyer(&user), want, "{user}");
        assert!(!fresh.bids_on(&json!({})), "nobody is known: {user}");
        door = Some(fresh);
    }
}

#[test]
fn a_bad_definition_is_refused_whole_and_the_one_before_goes_on() {
    let shop = Shop::new();
    let mut door = shop.start();
    let wrong = with(shop.definition(), json!({ "retention": "400d" }));
    shop.define(&wrong);
    wait_until("the refusal", || door.encan.words().contains("must be at most 395 days"));
    assert_eq!(door.server(TOKEN, &event("basket", "anna")).status, 204);
    assert!(door.bids_on_buyer("anna"));
    shop.define(&with(
        shop.definition(),
        json!({ "events": ["basket", "purchase", "product_view", "test_ride"] }),
    ));
    wait_until("the new definition", || door.server(TOKEN, &event("test_ride", "anna")).status == 204);
    // `check` reads the same.
    shop.define(&wrong);
    let mut command = encan();
    command
        .arg("check")
        .arg(shop.market.path("campaigns"))
        .arg("--exchanges")
        .arg(shop.market.path("exchanges"));
    let output = command.arg("--audiences").arg(shop.folder()).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8(output.stderr).expect("words");
    assert!(words.contains("`retention` must be at most 395 days"), "{words}");
    assert!(!words.contains("no audience definition"), "its faults are told once: {words}");
}

#[test]
fn no_id_is_kept_as_it_was_sent() {
    let shop = Shop::new();
    let mut door = shop.start();
    let order = with(event("basket", "canary-7f3a"), json!({ "order": "canary-order" }));
    assert_eq!(door.server(TOKEN, &order).status, 204);
    assert!(door.bids_on_buyer("canary-7f3a"));
    let (_, words) = door.encan.stop();
    assert!(!words.contains("canary"), "{words}");
    for file in std::fs::read_dir(shop.market.data()).expect("a folder") {
        let file = file.expect("a file").path();
        let bytes = std::fs::read(&file).expect("a readable file");
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{}", file.display());
    }
}
