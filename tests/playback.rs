//! How far a video was played, over HTTP: from the trackers of its VAST to the ledger and the report. Each step
//! counts once and moves no money.

mod support;

use encan::ledger::{EventKind, Playback};
use roxmltree::Document;
use serde_json::{Value, json};
use support::Encan;
use support::market::{Market, campaign};

struct World {
    market: Market,
    server: Encan,
}

impl World {
    fn new() -> Self {
        let market = Market::new("10m");
        let mut spots = campaign("spots", 20.0, &json!({"daily": 100}));
        spots["creatives"] = json!([{
            "id": "spot", "landing_page": "https://acme.example/spots", "categories": ["IAB17"],
            "video": {"duration": "20s", "skippable_after": "5s", "media": {
                "url": "https://cdn.acme.example/spot.mp4", "mime": "video/mp4", "size": "1280x720", "bitrate": 2_000
            }}
        }]);
        market.campaign(&spots);
        let server = market.start();
        Self { market, server }
    }

    /// The addresses of a new bid's VAST, by the name of what they count.
    fn bid(&self) -> Vec<(String, String)> {
        let request = json!({
            "id": "r", "cur": ["EUR"], "tmax": 60_000, "device": {"geo": {"country": "FRA"}},
            "imp": [{"id": "1", "video": {"mimes": ["video/mp4"], "protocols": [3], "w": 1280, "h": 720}}]
        });
        let response = self.server.post("/openrtb2/market", request.to_string()).json();
        let bid = &response["seatbid"][0]["bid"][0];
        assert_eq!((&bid["attr"], &bid["dur"], &bid["protocol"]), (&json!([16]), &json!(20), &json!(3)));
        let vast = Document::parse(bid["adm"].as_str().expect("markup")).expect("XML");
        let named = vast.descendants().filter_map(|node| {
            let url: String = node.children().filter_map(|text| text.text()).collect();
            let name = node.attribute("event").unwrap_or(node.tag_name().name());
            Some((name.to_owned(), url[url.find("/n/")?..].to_owned()))
        });
        named.collect()
    }

    fn row(&self) -> Value {
        let output = self.server.report(&["--json"]);
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        report["rows"][0].clone()
    }
}

fn of<'a>(addresses: &'a [(String, String)], name: &str) -> &'a str {
    let found = addresses.iter().find(|(known, _)| known == name);
    &found.unwrap_or_else(|| panic!("no {name} in {addresses:?}")).1
}

#[test]
fn each_step_is_counted_once_for_a_bid_and_costs_nothing() {
    let world = World::new();
    let (first, second) = (world.bid(), world.bid());
    let steps = ["start", "firstQuartile", "midpoint", "thirdQuartile", "complete", "skip"];
    for name in steps.into_iter().chain(steps) {
        let answer = world.server.get(of(&first, name));
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/gif")), "{name}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    assert_eq!(world.server.get(of(&second, "start")).status, 200);
    let failed = of(&second, "Error").replace("[ERRORCODE]", "405");
    assert_eq!(world.server.get(&failed).status, 200);
    let row = world.row();
    assert_eq!((&row["starts"], &row["completes"]), (&json!(2), &json!(1)));
    assert_eq!((&row["impressions"], &row["media"]), (&json!(0), &json!("0.00")));
    let events = world.market.events();
    assert_eq!(events.len(), 8, "{events:?}");
    let error = EventKind::Playback(Playback::Error { code: Some(405) });
    assert!(events.iter().any(|event| event.kind == error), "{events:?}");
}

#[test]
fn a_step_that_no_markup_names_and_a_token_of_another_kind_are_refused() {
    let world = World::new();
    let addresses = world.bid();
    let start = of(&addresses, "start");
    for wrong in [
        start.replace("e=start", "e=begin"),
        start.replace("?e=start", ""),
        start.replace("/play/", "/bill/"),
    ] {
        assert_eq!(world.server.get(&wrong).status, 400, "{wrong}");
    }
    assert!(world.market.events().is_empty());
}

#[test]
fn a_player_that_tells_of_a_click_is_not_sent_to_the_landing_page() {
    let world = World::new();
    let addresses = world.bid();
    let click = of(&addresses, "ClickThrough");
    let told = world.server.get(&format!("{click}?t=1"));
    assert_eq!((told.status, told.header("content-type")), (200, Some("image/gif")));
    assert_eq!(world.server.get(click).status, 302);
    assert_eq!(world.row()["clicks"], 1);
}
