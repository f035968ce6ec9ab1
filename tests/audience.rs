//! Our own audiences, from the file that ad ops import to the bid, and what `explain` says of both.

mod support;

use std::process::Output;

use serde_json::{Value, json};

use support::market::{Buyer, Market, campaign};
use support::{encan, wait_until};

/// A campaign that bids only on people who left a cart.
fn market() -> Market {
    let market = Market::new("10m");
    let mut carts = campaign("carts", 2.0, &json!({ "total": 1_000 }));
    carts["line_items"][0]["targeting"] = json!({ "segment": "shop:cart" });
    market.campaign(&carts);
    market
}

fn request(buyeruid: &str) -> String {
    json!({
        "id": "r",
        "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }],
        "cur": ["EUR"],
        "tmax": 60_000,
        "user": { "buyeruid": buyeruid },
    })
    .to_string()
}

fn import(market: &Market, name: &str, text: &str) -> Output {
    market.put(name, text);
    let mut command = encan();
    command.args(["audience", "import"]).arg(market.path(name)).arg("--data").arg(market.data());
    command.output().expect("the binary runs")
}

/// The status of the answer to a request for `buyeruid`.
fn status(buyer: &mut Buyer, buyeruid: &str) -> u16 {
    buyer.ask("POST", "/openrtb2/market", &request(buyeruid)).expect("an answer").status
}

#[test]
fn who_was_imported_is_bid_on_and_nobody_else() {
    let market = market();
    let imported =
        import(&market, "people.csv", "id_type,user_id,segment,expires\nbuyer,anna,shop:cart,30d\n");
    assert!(imported.status.success(), "{imported:?}");
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    assert_eq!((status(&mut buyer, "anna"), status(&mut buyer, "ben")), (200, 204));
    let line = r#"{"id_type":"buyer","user_id":"ben","segment":"shop:cart","expires":7}"#;
    assert!(import(&market, "more.jsonl", line).status.success());
    encan.signal("HUP");
    wait_until("the new audience", || status(&mut buyer, "ben") == 200);
    assert_eq!(status(&mut buyer, "anna"), 200, "who was there stays");
}

#[test]
fn a_wrong_line_is_named_and_the_right_ones_are_taken() {
    let market = market();
    let people = "buyer,anna,shop:cart,30d\nbuyer,ben,shop:cart,never\nmail,carl,shop:cart,30d\n";
    let imported = import(&market, "people.csv", people);
    let (data, words) =
        (String::from_utf8(imported.stdout).unwrap(), String::from_utf8(imported.stderr).unwrap());
    assert_eq!(imported.status.code(), Some(1), "{words}");
    assert!(data.contains("memberships taken: 1, lines refused: 2"), "{data}");
    for part in ["people.csv` line 2", "`never`", "line 3", "`mail`"] {
        assert!(words.contains(part), "`{part}` in\n{words}");
    }
}

#[test]
fn no_id_is_kept_as_it_was_sent() {
    let market = market();
    assert!(import(&market, "people.csv", "buyer,canary-7f3a,shop:cart,30d\n").status.success());
    let encan = market.start();
    assert_eq!(status(&mut Buyer::of(&encan), "canary-7f3a"), 200);
    let (_, words) = encan.stop();
    assert!(!words.contains("canary"), "{words}");
    for file in std::fs::read_dir(market.data()).unwrap() {
        let file = file.unwrap().path();
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{}", file.display());
    }
}

#[test]
fn explain_says_what_keeps_a_line_item_from_bidding_by_the_names_in_its_file() {
    let market = market();
    assert!(import(&market, "people.csv", "buyer,anna,shop:cart,30d\n").status.success());
    let explain = |buyeruid: &str| -> Value {
        market.put("request.json", &request(buyeruid));
        let mut command = encan();
        command
            .args(["explain", "--json", "--exchange", "market", "--request"])
            .arg(market.path("request.json"));
        command
            .arg("--campaigns")
            .arg(market.path("campaigns"))
            .arg("--exchanges")
            .arg(market.path("exchanges"));
        let output = command.arg("--data").arg(market.data()).output().expect("the binary runs");
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let anna = explain("anna");
    assert_eq!(anna[0]["line_item"], "carts/all");
    assert_eq!((&anna[0]["bids"], &anna[0]["bid"]["currency"]), (&json!(true), &json!("EUR")));
    let ben = explain("ben");
    assert_eq!(ben[0]["bids"], false);
    let reason = ben[0]["reasons"][0].as_str().unwrap_or_default();
    assert!(reason.starts_with("segment is") && reason.contains("shop:cart"), "{ben}");
}
