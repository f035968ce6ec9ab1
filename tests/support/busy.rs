//! A server that has seen a little of everything: bids, wins, bills, losses, clicks, conversions, what is forged, broken
//! and turned away. All that others said holds one word, so that a test can look where it went.

use std::path::PathBuf;

use serde_json::json;

use super::market::{Buyer, Market, campaign};
use super::{Encan, Options, wait_until};

/// Stands in every text that came from outside.
pub const WORD: &str = "outsider";

/// A market with a taxed campaign and one that is after clicks, and events of an advertiser.
#[must_use]
pub fn market() -> Market {
    let market = Market::new("10m");
    let mut taxed = campaign("taxed", 2.0, &json!({ "daily": 1_000 }));
    taxed["tax"] = json!({ "scenario": "hypothesis-fr", "bearer": "on_top" });
    market.campaign(&taxed);
    let mut paced = campaign("paced", 1.0, &json!({ "daily": 24, "total": 1_000 }));
    paced["pacing"] = json!("dual");
    market.campaign(&paced);
    std::fs::create_dir(market.path("audiences")).expect("a new folder");
    let definition = json!({ "advertiser": "acme", "events": ["basket"], "retention": "90d" });
    market.put("audiences/acme.json", &definition.to_string());
    market
}

/// A server on `market`, which has seen nothing yet.
#[must_use]
pub fn start(market: &Market) -> Encan {
    let folder = |name: &str| -> Option<PathBuf> { Some(market.path(name)) };
    let audiences = market.path("audiences").display().to_string();
    let flags = vec!["--audiences".to_owned(), audiences];
    let server = Encan::start(Options {
        campaigns: folder("campaigns"),
        exchanges: folder("exchanges"),
        data: Some(market.data()),
        flags,
        ..Options::default()
    });
    wait_until("the audiences", || server.admin("/readyz").status == 200);
    server
}

/// Sends `server` a little of everything; how many impressions were billed, and at which prices in millionths.
///
/// # Panics
///
/// If something is answered in another way than it should be.
pub fn visit(server: &Encan) -> Vec<i64> {
    let mut buyer = Buyer::of(server);
    let mut billed = Vec::new();
    for round in 0..4_i64 {
        let offer = buyer.bid().expect("a bid");
        let price = offer.price - round;
        buyer.tell(&offer.won_at(price));
        buyer.tell(&offer.billed_at(price));
        buyer.tell(&offer.billed_at(price));
        buyer.tell(&offer.view);
        let clicked = buyer.ask("GET", &offer.click, "").expect("an answer");
        let page = clicked.location.expect("a landing page");
        let (_, token) = page.split_once("encan_click=").expect("a token");
        let told = format!("/c/pixel.gif?click={token}&type=purchase&order={WORD}-{round}&value=9.90");
        buyer.tell(&told);
        billed.push(price);
        let lost = buyer.bid().expect("a bid");
        buyer.tell(&lost.lost());
    }
    stray(server);
    billed
}

/// What is not as it should be.
fn stray(server: &Encan) {
    let device = json!({ "ua": WORD, "ip": "203.0.113.9", "ifa": WORD, "language": WORD,
        "geo": { "country": "FRA", "city": WORD, "region": WORD } });
    let site = json!({ "id": WORD, "domain": format!("{WORD}.example"), "page": format!("https://{WORD}.example/"),
        "publisher": { "id": WORD, "name": WORD }, "cat": [WORD] });
    let request = json!({ "id": WORD, "cur": ["EUR"], "tmax": 60_000, "device": device, "site": site,
        "user": { "id": WORD, "buyeruid": WORD }, "source": { "tid": WORD },
        "imp": [{ "id": WORD, "tagid": WORD, "banner": { "w": 300, "h": 250 },
            "pmp": { "deals": [{ "id": WORD, "bidfloor": 0.01 }] } },
            { "id": "other", "banner": { "w": 1, "h": 7 } }] });
    let post = |path: &str, body: &str| server.post(path, body).status;
    assert_eq!(post("/openrtb2/market", &request.to_string()), 200);
    assert_eq!(post(&format!("/openrtb2/{WORD}"), &request.to_string()), 404);
    assert_eq!(post("/openrtb2/market", WORD), 400);
    assert_eq!(server.get(&format!("/openrtb2/market?{WORD}")).status, 405);
    assert_eq!(server.get(&format!("/{WORD}")).status, 404);
    for kind in ["win", "bill", "loss", "imp", "view", "click", "play"] {
        assert_eq!(server.get(&format!("/n/{kind}/{WORD}?p={WORD}&c={WORD}")).status, 400, "{kind}");
    }
    let conversion = json!({ "click": WORD, "type": WORD, "order": WORD, "value": "1", "currency": WORD });
    assert_eq!(post("/c/s2s", &conversion.to_string()), 400);
    let event = format!("/e/pixel.gif?a=acme&e=basket&t={WORD}&gdpr=0&id_type=buyer&user_id={WORD}");
    assert_eq!(server.get(&event).status, 200);
    assert!(server.get(&format!("/e/pixel.gif?a={WORD}&e={WORD}&gdpr=0")).status >= 200);
}
