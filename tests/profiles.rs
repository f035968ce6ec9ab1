//! Exchange profiles at work: forms of answers, credentials, limits, prices that come back encoded, against a
//! running server.

mod support;

use std::io::{Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
use encan::ledger::EventKind;
use encan::shell::store::Store;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;
use support::{Encan, HttpAnswer, Options};
use tempfile::TempDir;

/// Bid on by the house campaign. A machine may be busy, so there is time.
const BID: &str = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
/// A size that nobody has.
const NO_BID: &str = r#"{"id":"r-2","tmax":20000,"imp":[{"id":"1","banner":{"w":1,"h":7}}]}"#;
/// Two impressions, both bid on.
const TWO: &str = r#"{"id":"r-3","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}},
    {"id":"2","banner":{"w":300,"h":250}}]}"#;

/// A server whose exchanges are `profiles`, each by its name with what it says beside the usual.
fn start(profiles: &[(&str, Value)], env: &[(&str, &str)]) -> (Encan, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, more) in profiles {
        let mut profile = json!({
            "name": "X", "bills_on": "billing", "reservation": { "display": "10m", "av": "1h" },
            "tmax_ms": 60_000, "margin_ms": 10, "missing_price": "refuse",
        });
        let keys = profile.as_object_mut().expect("an object");
        keys.extend(more.as_object().expect("an object").clone());
        std::fs::write(folder.path().join(format!("{name}.json")), profile.to_string()).expect("a file");
    }
    // What is billed below is below any bid, whatever the pace would make of one.
    let house = std::fs::read("fixtures/campaigns/house-run-of-network.json").expect("a campaign");
    let mut house: Value = serde_json::from_slice(&house).expect("JSON");
    house["pacing"] = json!("asap");
    let campaigns = folder.path().join("campaigns");
    std::fs::create_dir(&campaigns).expect("a folder");
    std::fs::write(campaigns.join("house-run-of-network.json"), house.to_string()).expect("a file");
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let exchanges = Some(folder.path().to_owned());
    (Encan::start(Options { campaigns: Some(campaigns), exchanges, env, ..Options::default() }), folder)
}

fn post(server: &Encan, exchange: &str, headers: &[(&str, &str)], body: &str) -> HttpAnswer {
    server.client().send("POST", &format!("/openrtb2/{exchange}"), headers, body.as_bytes())
}

fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut whole).expect("it is gzip");
    whole
}

#[test]
fn no_bid_is_told_in_the_form_that_the_exchange_wants() {
    let (server, _folder) = start(
        &[("generic", json!({})), ("why", json!({ "no_bid": "nbr", "answer": { "gzip": true } }))],
        &[],
    );
    let gzip = [("accept-encoding", "gzip")];
    let late = NO_BID.replace("20000", "5");
    let no_imp = r#"{"id":"r\"2\"","imp":[{"id":"1"}]}"#;
    for (exchange, body, want) in [
        ("generic", NO_BID, None),
        ("generic", &late, None),
        ("why", NO_BID, Some(r#"{"id":"r-2","seatbid":[],"nbr":506}"#)),
        ("why", &late, Some(r#"{"id":"r-2","seatbid":[],"nbr":15}"#)),
        ("why", no_imp, Some(r#"{"id":"r\"2\"","seatbid":[],"nbr":2}"#)),
    ] {
        let answer = post(&server, exchange, &gzip, body);
        assert_eq!(answer.status, if want.is_some() { 200 } else { 204 }, "{answer:?}");
        assert_eq!(answer.text(), want.unwrap_or_default());
        assert_eq!(answer.header("content-type"), want.map(|_| "application/json"));
        assert_eq!(answer.header("content-encoding"), None, "so short an answer is not compressed");
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"));
    }
    for exchange in ["generic", "why"] {
        let answer = post(&server, exchange, &gzip, "{}");
        assert_eq!((answer.status, answer.body.as_slice()), (400, &b""[..]));
        assert_eq!(post(&server, exchange, &[], BID).json()["id"], "r-1");
    }
}

#[test]
fn an_answer_is_compressed_for_who_asks_for_it_and_where_the_profile_lets_it() {
    let never = json!({ "answer": { "gzip": false, "content_type": "application/json; charset=utf-8" } });
    let (server, _folder) = start(&[("generic", json!({})), ("never", never)], &[]);
    for (exchange, accepted, compressed) in [
        ("generic", Some("gzip"), true),
        ("generic", Some("br;q=1, GZIP ; q=0.1"), true),
        ("generic", Some("gzip;q=0"), false),
        ("generic", Some("br"), false),
        ("generic", None, false),
        ("never", Some("gzip"), false),
    ] {
        let headers: Vec<_> = accepted.map(|accepted| ("accept-encoding", accepted)).into_iter().collect();
        let answer = post(&server, exchange, &headers, BID);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), compressed.then_some("gzip"), "{accepted:?}");
        assert_eq!(answer.header("vary"), (exchange == "generic").then_some("accept-encoding"));
        let utf8 = if exchange == "never" { "application/json; charset=utf-8" } else { "application/json" };
        assert_eq!(answer.header("content-type"), Some(utf8));
        let body = if compressed { inflated(&answer.body) } else { answer.body.clone() };
        let body: Value = serde_json::from_slice(&body).expect("it is JSON");
        assert_eq!((&body["id"], &body["seatbid"][0]["bid"][0]["impid"]), (&json!("r-1"), &json!("1")));
        let none = post(&server, exchange, &headers, NO_BID);
        assert_eq!((none.status, none.header("content-encoding"), none.header("vary")), (204, None, None));
    }
}

#[test]
fn gzip_is_spoken_both_ways_at_once() {
    let (server, _folder) = start(&[("generic", json!({}))], &[]);
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(BID.as_bytes()).expect("memory takes every write");
    let body = encoder.finish().expect("memory takes every write");
    let headers = [("content-encoding", "gzip"), ("accept-encoding", "gzip")];
    let answer = server.client().send("POST", "/openrtb2/generic", &headers, &body);
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(inflated(&answer.body).starts_with(br#"{"id":"r-1""#));
}

#[test]
fn who_does_not_show_what_the_profile_asks_for_is_turned_away_unread_and_counted() {
    let basic = json!({ "basic": { "user": "x", "password": "env:PASSWORD" } });
    let header = json!({ "header": { "name": "X-Key", "value": "env:KEY" } });
    let here = json!({ "addresses": ["127.0.0.0/8"] });
    let elsewhere = json!({ "addresses": ["192.0.2.0/24"] });
    let profiles = [("basic", basic), ("header", header), ("here", here), ("elsewhere", elsewhere)];
    let profiles = profiles.map(|(name, authentication)| (name, json!({ "authentication": authentication })));
    let (server, _folder) = start(&profiles, &[("PASSWORD", "open sesame"), ("KEY", "k-1")]);
    let right = format!("Basic {}", STANDARD.encode("x:open sesame"));
    let wrong = format!("Basic {}", STANDARD.encode("x:open sesam"));
    for (exchange, headers, want) in [
        ("basic", &[("authorization", right.as_str())][..], 200),
        ("basic", &[("authorization", &wrong)], 401),
        ("basic", &[], 401),
        ("header", &[("x-key", "k-1")], 200),
        ("header", &[("x-key", "k-2")], 403),
        ("header", &[], 403),
        ("here", &[], 200),
        ("here", &[("x-forwarded-for", "192.0.2.1")], 200),
        ("elsewhere", &[], 403),
        ("elsewhere", &[("x-forwarded-for", "192.0.2.1")], 403),
        ("nobody", &[], 404),
    ] {
        // What is no OpenRTB tells whether it was read.
        for (body, want) in [(BID, want), ("{", if want == 200 { 400 } else { want })] {
            let mut client = server.client();
            let path = format!("/openrtb2/{exchange}");
            let answer = client.send("POST", &path, headers, body.as_bytes());
            assert_eq!(answer.status, want, "{exchange} {headers:?}: {answer:?}");
            let challenge =
                answer.header("www-authenticate").is_some_and(|value| value.starts_with("Basic realm="));
            assert_eq!(challenge, want == 401);
            // The connection lives on: others may share it.
            let again = client.send("POST", "/openrtb2/here", &[], BID.as_bytes());
            assert_eq!(again.status, 200);
        }
    }
    for (reason, want) in [("unauthorized", 4), ("forbidden", 8), ("unknown_exchange", 2), ("method", 0)] {
        let name = format!("encan_requests_refused_total{{reason=\"{reason}\"}}");
        assert_eq!(server.metric(&name), want, "{reason}");
    }
}

#[test]
fn a_secret_that_is_not_there_closes_its_exchange_and_nothing_else() {
    let keys = json!({ "encryption": "env:NO_SUCH_KEY", "integrity": "env:SHORT_KEY" });
    let google = json!({ "price_encoding": "google", "price_keys": keys, "currencies": "USD" });
    let locked = json!({ "authentication": { "header": { "name": "k", "value": "file:no/such/file" } } });
    let profiles = [("generic", json!({})), ("google", google), ("locked", locked)];
    let (server, _folder) = start(&profiles, &[("SHORT_KEY", "AAAA")]);
    assert_eq!(post(&server, "generic", &[], BID).status, 200);
    assert_eq!(post(&server, "google", &[], BID).status, 204);
    assert_eq!(post(&server, "locked", &[("k", "")], BID).status, 403);
    assert_eq!(server.metric("encan_no_bids_total{reason=\"exchange_not_ready\"}"), 1);
    let words = server.words();
    for want in [
        "`price_keys.encryption`: the environment variable `NO_SUCH_KEY` is not set",
        "`price_keys.integrity`: the environment variable `SHORT_KEY` is not a key of 32 bytes in base64",
        "`authentication.header.value`: the file `no/such/file` cannot be read",
    ] {
        assert!(words.contains(want), "{want} in\n{words}");
    }
}

#[test]
fn what_the_profile_leaves_out_is_not_bid_and_nothing_stays_reserved_for_it() {
    let profiles = [
        ("video", json!({ "formats": ["video", "audio"] })),
        ("euro", json!({ "currencies": ["EUR"] })),
        ("unseen", json!({ "creatives": { "approved": [] } })),
        ("seen", json!({ "creatives": { "approved": ["house-run-of-network/*"] } })),
        ("waiting", json!({ "creatives": { "bid_pending": true } })),
        ("one", json!({ "limits": { "bids": 1 } })),
        ("short", json!({ "limits": { "markup_bytes": 10 } })),
        ("roomy", json!({ "limits": { "markup_bytes": 100_000, "bids": 2, "bids_per_imp": 1 } })),
        ("terse", json!({ "limits": { "crid_bytes": 5 } })),
    ];
    let (server, _folder) = start(&profiles, &[]);
    let mut reserved = 0;
    for (exchange, body, bids) in [
        ("video", BID, 0),
        ("euro", BID, 0),
        ("euro", &BID.replace("\"tmax\"", "\"cur\":[\"USD\",\"EUR\"],\"tmax\""), 1),
        ("unseen", BID, 0),
        ("seen", BID, 1),
        ("waiting", BID, 1),
        ("one", TWO, 1),
        ("short", TWO, 0),
        ("roomy", TWO, 2),
        ("terse", BID, 0),
    ] {
        let answer = post(&server, exchange, &[], body);
        let told = if answer.status == 204 { Value::Null } else { answer.json() };
        let found = told["seatbid"][0]["bid"].as_array().map_or(0, Vec::len);
        assert_eq!(found, bids, "{exchange}: {answer:?}");
        if exchange == "euro" && bids > 0 {
            assert_eq!(told["cur"], "EUR", "the second of the request's, for the first is not taken");
        }
        reserved += bids as u64;
        assert_eq!(server.metric("encan_reservations_open"), reserved, "{exchange}");
    }
    for (reason, want) in [
        ("format_not_taken", 1),
        ("currency_unknown", 1),
        ("creative_not_approved", 1),
        ("limit_exceeded", 2),
    ] {
        assert_eq!(server.metric(&format!("encan_no_bids_total{{reason=\"{reason}\"}}")), want, "{reason}");
    }
}

/// The example keys that Google publishes.
const ENCRYPTION: &str = "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=";
const INTEGRITY: &str = "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=";

/// `micros` as the exchange encrypts them.
fn encrypted(micros: u64) -> String {
    let hmac = |key: &str, parts: &[&[u8]]| {
        let key = URL_SAFE.decode(key).expect("a key");
        let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("any length");
        parts.iter().for_each(|part| mac.update(part));
        mac.finalize().into_bytes().to_vec()
    };
    let vector = *b"a vector of ours";
    let price = micros.to_be_bytes();
    let mask = hmac(ENCRYPTION, &[&vector]);
    let masked: Vec<u8> = price.iter().zip(mask).map(|(byte, mask)| byte ^ mask).collect();
    let signature = hmac(INTEGRITY, &[&price, &vector]);
    URL_SAFE_NO_PAD.encode([&vector[..], &masked, &signature[..4]].concat())
}

/// The path of the billing notice of the bid in `answer`, and its price.
fn billing(answer: &HttpAnswer) -> (String, String) {
    let bid = &answer.json()["seatbid"][0]["bid"][0];
    let burl = bid["burl"].as_str().expect("a bid is billed");
    let (_, path) = burl.split_once("/n/").expect("our own address");
    (format!("/n/{path}"), bid["price"].to_string())
}

fn media(data: &Path) -> Vec<i64> {
    let mut media = Vec::new();
    let store = Store::open(data).expect("a ledger");
    let each = |event: &encan::ledger::Event| {
        if let EventKind::Impression(charge) = &event.kind {
            media.push(charge.media.raw());
        }
    };
    store.events(each).expect("a readable ledger");
    media
}

#[test]
fn an_encrypted_price_is_billed_as_what_it_hides_and_a_forged_one_is_not() {
    let keys = json!({ "encryption": "env:E_KEY", "integrity": "env:I_KEY" });
    let google =
        json!({ "price_encoding": "google", "price_keys": keys, "currencies": "USD", "audit": "ignore" });
    let (server, _folder) = start(&[("google", google)], &[("E_KEY", ENCRYPTION), ("I_KEY", INTEGRITY)]);
    let (path, price) = billing(&post(&server, "google", &[], BID));
    assert!(path.ends_with("?p=${AUCTION_PRICE}&c=${AUCTION_CURRENCY}&m=${AUCTION_MIN_TO_WIN}"), "{path}");
    let decimals = price.split_once('.').map_or(0, |(_, decimals)| decimals.trim_end_matches('0').len());
    assert!(decimals <= 3, "a price in whole micros an impression: {price}");
    let notice = |price: &str| path.replace("${AUCTION_PRICE}", price).replace("${AUCTION_CURRENCY}", "");
    let forged = encrypted(100).replace(&encrypted(100)[30..31], "_");
    for (price, status, words) in [
        (forged.as_str(), 400, "its signature does not fit"),
        ("0.10", 400, "it is not 28 bytes in web-safe base64"),
        (&encrypted(1_000_000), 400, "is above the bid"),
        (&encrypted(u64::MAX), 400, "it is out of range"),
        ("", 400, "the notice has no price"),
        ("%%WINNING_PRICE%%", 400, "the notice has no price"),
        ("AUDIT", 204, ""),
        (&encrypted(100), 204, ""),
        (&encrypted(100), 204, ""),
    ] {
        let answer = server.client().send("POST", &notice(price), &[], b"price=9&ignored");
        assert_eq!(answer.status, status, "{price}: {answer:?}");
        assert!(answer.text().contains(words), "{words} in {}", answer.text());
    }
    // A win that is not what is billed is news, whatever stands in it.
    assert_eq!(server.get(&notice(&forged).replace("/bill/", "/win/")).status, 400, "a token is of one kind");
    let won = post(&server, "google", &[], BID).json()["seatbid"][0]["bid"][0]["nurl"].clone();
    let (_, won) = won.as_str().and_then(|nurl| nurl.split_once("/n/win/")).expect("a win notice");
    assert_eq!(server.get(&format!("/n/win/{}", won.replace("${AUCTION_PRICE}", &forged))).status, 204);
    // 100 micros an impression are 0.10 per thousand: 100,000 nanos.
    assert_eq!(media(&server.data), [100_000]);
    for (outcome, want) in [("refused", 5), ("overpriced", 1), ("audit", 1), ("booked", 1), ("duplicate", 1)]
    {
        let name = format!("encan_notices_total{{kind=\"bill\",outcome=\"{outcome}\"}}");
        assert_eq!(server.metric(&name), want, "{outcome}");
    }
}

#[test]
fn an_exchange_has_its_own_name_for_the_price_and_its_own_way_to_write_it() {
    let base64 = json!({ "price_encoding": "base64", "currencies": "USD" });
    let named = json!({ "price_macro": "${PRICE_PAID}", "currencies": "USD" });
    let (server, _folder) = start(&[("base64", base64), ("named", named)], &[]);
    for (exchange, name, price) in [
        ("base64", "${AUCTION_PRICE:B64}", "MC4xMA=="),
        ("base64", "${AUCTION_PRICE:B64}", "MC4xMA"),
        ("named", "${PRICE_PAID}", "0.10"),
    ] {
        let (path, _) = billing(&post(&server, exchange, &[], BID));
        assert!(path.contains(&format!("?p={name}&c=")), "{path}");
        let answer = server.get(&path.replace(name, "0.1x"));
        assert_eq!(answer.status, 400, "{answer:?}");
        assert_eq!(server.get(&path).status, 400, "not replaced at all");
        let answer = server.get(&path.replace(name, price));
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    assert_eq!(media(&server.data), [100_000; 3]);
}

#[test]
fn a_play_in_public_is_billed_as_what_was_delivered_and_never_above_what_was_bid_for() {
    let (server, _folder) = start(&[("generic", json!({ "currencies": "USD" }))], &[]);
    let dooh = r#"{"id":"r-1","tmax":20000,"cur":["USD"],"dooh":{"id":"d"},"imp":[{"id":"1",
        "qty":{"multiplier":4},"banner":{"w":300,"h":250}}]}"#;
    for multiplier in ["2.5", "4", "9", "", "${AUCTION_MULTIPLIER}", "-1", "0", "x"] {
        let (path, _) = billing(&post(&server, "generic", &[], dooh));
        assert!(path.ends_with("&q=${AUCTION_MULTIPLIER}"), "{path}");
        let path = path.replace("${AUCTION_PRICE}", "0.10").replace("${AUCTION_MULTIPLIER}", multiplier);
        assert_eq!(server.get(&path).status, 204, "{multiplier}");
    }
    let bid_for = 400_000;
    assert_eq!(media(&server.data), [[250_000].as_slice(), &[bid_for; 7]].concat());
}

#[test]
fn parameters_are_read_however_they_arrive() {
    let (server, _folder) = start(&[("generic", json!({ "currencies": "USD" }))], &[]);
    // Below whatever the pace makes of so many bids in a moment.
    for query in [
        "p=0.0001&c=USD",
        "c=USD&p=0.0001",
        "p=0%2E0001&c=U%53D",
        "p=+0.0001+&c=+USD",
        "p=%200.0001&c=",
        "p=0.0001",
        "p=0.0001&p=9",
        "p=0.0001&c=USD&x=%zz%&y=%ff%fe&=&&;&z",
        "p=0.0001&c=${AUCTION_CURRENCY}",
        "p=0.0001&c=$%7BAUCTION_CURRENCY%7D",
        "p=0.00010000000000000000000",
    ] {
        let (path, _) = billing(&post(&server, "generic", &[], BID));
        let (path, _) = path.split_once('?').expect("a query");
        let before = media(&server.data).len();
        for method in ["GET", "POST"] {
            let answer = server.client().send(method, &format!("{path}?{query}"), &[], b"");
            assert_eq!(answer.status, 204, "{query}: {answer:?}");
        }
        let media = media(&server.data);
        assert_eq!((media.len(), media.last()), (before + 1, Some(&100)), "{query}");
    }
}

#[test]
fn an_unknown_name_is_not_found_unless_a_profile_stands_in_and_never_opens_a_door_that_is_locked() {
    let locked = json!({ "authentication": { "header": { "name": "k", "value": "env:KEY" } } });
    let (server, _folder) = start(&[("vip", locked.clone()), ("generic", json!({}))], &[("KEY", "open")]);
    for (name, key, want) in
        [("vip", "open", 200), ("vip", "shut", 403), ("Vip", "open", 404), ("vip2", "", 404)]
    {
        assert_eq!(post(&server, name, &[("k", key)], BID).status, want, "{name} {key}");
    }
    let stand_in = json!({ "stands_in": true });
    let (server, _folder) = start(&[("vip", locked), ("generic", stand_in)], &[("KEY", "open")]);
    assert_eq!(post(&server, "vip2", &[], BID).status, 200);
    let words = server.words();
    assert!(
        words.contains("`stands_in` serves every unknown name without asking who calls, beside `vip`"),
        "{words}"
    );
}

#[test]
fn no_page_may_call_an_exchange_that_asks_who_calls() {
    let locked = json!({ "authentication": { "basic": { "user": "u", "password": "env:KEY" } } });
    let (server, _folder) = start(&[("vip", locked), ("generic", json!({}))], &[("KEY", "open")]);
    let of_a_page = [("origin", "https://evil.example")];
    let grant = |answer: &HttpAnswer| answer.header("access-control-allow-origin").is_some();
    assert!(grant(&post(&server, "generic", &of_a_page, BID)));
    let refused = post(&server, "vip", &of_a_page, BID);
    assert_eq!((refused.status, grant(&refused)), (401, false));
    let asked = [of_a_page[0], ("access-control-request-method", "POST")];
    let preflight = server.client().send("OPTIONS", "/openrtb2/vip", &asked, b"");
    assert_eq!((preflight.status, grant(&preflight)), (405, false));
}

#[test]
fn a_page_that_reports_a_loss_and_shows_the_ad_all_the_same_does_not_pass_a_cap() {
    let page = json!({ "bills_on": "impression", "missing_price": "book_bid" });
    let (server, _folder) = start(&[("page", page)], &[]);
    let mut pixels = Vec::new();
    for _ in 0..3 {
        let answer = post(&server, "page", &[], BID);
        let bid = &answer.json()["seatbid"][0]["bid"][0];
        assert!(bid.get("lurl").is_none(), "{bid}");
        let adm = bid["adm"].as_str().expect("markup");
        let start = adm.find("/n/imp/").expect("a pixel in the markup");
        let path = adm[start..].split(['"', '&', '\\', '?', ' ', '<']).next().expect("an address");
        pixels.push(path.to_owned());
    }
    assert_eq!(server.metric("encan_reservations_open"), 3);
    for (pixel, query) in pixels.iter().zip(["?p=0&c=USD", "?p=0.000001&q=0.000001", ""]) {
        assert_eq!(server.client().send("GET", &format!("{pixel}{query}"), &[], b"").status, 200);
    }
    assert_eq!(server.metric("encan_notices_total{kind=\"imp\",outcome=\"booked\"}"), 3);
    assert_eq!(server.metric("encan_reservations_open"), 0);
}

#[test]
fn an_audit_is_known_through_the_encoding_of_prices() {
    let encoded = json!({ "price_encoding": "base64", "audit": "ignore", "missing_price": "book_bid" });
    let (server, _folder) = start(&[("encoded", encoded)], &[]);
    let (path, _) = billing(&post(&server, "encoded", &[], BID));
    let path = path.split('?').next().expect("a path");
    for audit in ["AUDIT", "QVVESVQ="] {
        let answer = server.client().send("GET", &format!("{path}?p={audit}&c=USD"), &[], b"");
        assert_eq!(answer.status, 204, "{audit} at {path}");
    }
    assert_eq!(server.metric("encan_notices_total{kind=\"bill\",outcome=\"audit\"}"), 2);
    assert_eq!(server.metric("encan_notices_total{kind=\"bill\",outcome=\"booked\"}"), 0);
}
