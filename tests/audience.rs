//! Our own audiences, from the file that ad ops import to the bid, and out again: `explain`, exports, erasures.

mod support;

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use encan::shell::audience_store::AudienceStore;
use encan::shell::clock;
use encan::units::Day;
use support::market::{Buyer, Market, campaign};
use support::{Client, encan, wait_until};

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
    let file = market.path(name);
    audience(market, &["import", file.to_str().expect("UTF-8")])
}

/// `encan audience` on the market's data.
fn audience(market: &Market, flags: &[&str]) -> Output {
    let mut command = encan();
    command.arg("audience").args(flags).arg("--data").arg(market.data());
    command.output().expect("the binary runs")
}

/// What it prints, which must have gone well.
fn told(output: Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The lines in their order.
fn lines(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
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
    wait_until("the new audience", || status(&mut buyer, "ben") == 200);
    assert_eq!(status(&mut buyer, "anna"), 200, "who was there stays");
}

#[test]
fn a_wrong_line_is_named_and_the_right_ones_are_taken() {
    let market = market();
    let people = "buyer,anna,shop:cart,30d\nbuyer,ben,shop:cart,never\nmail,carl,shop:cart,30d\n\
                  ifa,00000000-0000-0000-0000-000000000000,shop:cart,30d\nbuyer,dora,diabetes-type-2,30d\n";
    let imported = import(&market, "people.csv", people);
    let (data, words) =
        (String::from_utf8(imported.stdout).unwrap(), String::from_utf8(imported.stderr).unwrap());
    assert_eq!(imported.status.code(), Some(1), "{words}");
    assert!(data.contains("rows taken: 1, lines refused: 4"), "{data}");
    let rejected = std::fs::read_to_string(market.path("people.csv.rejected")).expect("beside the file");
    assert_eq!(rejected.lines().count(), 4);
    for part in [
        "line 2",
        "`never`",
        "line 3",
        "`mail`",
        "line 4",
        "all zeros",
        "line 5",
        "sensitive criterion: diabetes",
    ] {
        assert!(words.contains(part), "`{part}` in\n{words}");
        assert!(rejected.contains(part), "`{part}` in\n{rejected}");
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
fn what_is_exported_imports_to_the_same_again() {
    let market = market();
    let event = |at: &str, more: &str| {
        format!(
            r#"{{"id_type":"buyer","user_id":"anna","advertiser":"acme","event":"purchase","at":"{at}"{more}}}"#
        )
    };
    // Yesterday: not too old to be kept.
    let day =
        Day::from_raw(i32::try_from(clock::now().raw() / 86_400_000 - 1).expect("a day of this century"));
    let people = [
        r#"{"id_type":"buyer","user_id":"anna","segment":"shop:cart","expires":"2036-01-01"}"#.to_owned(),
        r#"{"id_type":"ifa","user_id":"AB-1","segment":"a, \"b\"","expires":30}"#.to_owned(),
        event(&format!("{day}T10:00:01Z"), r#","topic":"sofas","value":"99.90""#),
        event(&format!("{day}T11:00:00Z"), ""),
    ]
    .join("\n");
    told(import(&market, "people.jsonl", &people));
    let anna = told(audience(&market, &["export", "--id-type", "buyer", "--user-id", "anna"]));
    let anna: Value = serde_json::from_str(&anna).expect("JSON");
    assert_eq!(anna["segments"], json!([{ "segment": "shop:cart", "expires": "2036-01-02T00:00:00Z" }]));
    assert_eq!(anna["events"][0]["topic"], "sofas");
    assert_eq!(anna["events"][0]["value"], "99.90");
    let (all, csv) = (
        told(audience(&market, &["export", "--all"])),
        told(audience(&market, &["export", "--all", "--csv"])),
    );
    assert_eq!((all.lines().count(), csv.lines().count()), (4, 2), "{all}{csv}");
    assert!(!all.contains("anna"), "ids are not kept: {all}");
    // Erased and imported again, each form gives back what it held.
    let key = |line: &str| {
        serde_json::from_str::<Value>(line).expect("JSON")["user_id"].as_str().map(str::to_owned)
    };
    let gone: Vec<String> = all.lines().filter_map(key).map(|key| format!("key,{key}\n")).collect();
    market.put("gone.csv", &gone.concat());
    let file = market.path("gone.csv");
    for (name, text, want) in [("all.jsonl", &all, &all), ("all.csv", &csv, &csv)] {
        let erased = told(audience(&market, &["erase", "--file", file.to_str().expect("UTF-8")]));
        assert!(erased.starts_with("people erased: 2"), "{erased}");
        assert_eq!(told(audience(&market, &["export", "--all"])), "");
        told(import(&market, name, text));
        let form: &[&str] =
            if name.ends_with("csv") { &["export", "--all", "--csv"] } else { &["export", "--all"] };
        assert_eq!(lines(&told(audience(&market, form))), lines(want));
    }
    let stats: Value = serde_json::from_str(&told(audience(&market, &["stats", "--json"]))).expect("JSON");
    assert_eq!(
        (&stats["people"], &stats["memberships"], &stats["events"]),
        (&json!(2), &json!(2), &json!(0))
    );
    assert!(
        stats["segments"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({ "segment": "shop:cart", "people": 1 })))
    );
}

#[test]
fn who_is_erased_is_bid_on_no_more_and_does_not_come_back() {
    let market = market();
    told(import(&market, "people.csv", "buyer,anna,shop:cart,30d\nbuyer,ben,shop:cart,30d\n"));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    assert_eq!((status(&mut buyer, "anna"), status(&mut buyer, "ben")), (200, 200));
    let admin = |method: &str, path: &str| Client::connect(encan.admin).send(method, path, &[], b"");
    let shown = admin("GET", "/v1/audience/buyer/anna");
    assert_eq!(shown.status, 200);
    let shown: Value = serde_json::from_str(&shown.text()).expect("JSON");
    assert_eq!(shown["segments"][0]["segment"], "shop:cart");
    assert_eq!(admin("DELETE", "/v1/audience/buyer/anna").status, 204);
    assert_eq!(status(&mut buyer, "anna"), 204, "at once");
    for (method, path, wanted) in [
        ("GET", "/v1/audience/buyer/anna", 404),
        ("DELETE", "/v1/audience/buyer/anna", 404),
        ("GET", "/v1/audience/mail/anna", 400),
        ("GET", "/v1/audience/buyer", 404),
        ("PUT", "/v1/audience/buyer/ben", 405),
    ] {
        assert_eq!(admin(method, path).status, wanted, "{method} {path}");
    }
    told(audience(&market, &["erase", "--id-type", "buyer", "--user-id", "ben"]));
    wait_until("the erasure", || status(&mut buyer, "ben") == 204);
    let metric = encan.metric("encan_audience_people");
    assert_eq!(metric, 0);
    encan.signal("HUP");
    assert_eq!(encan.stop().0, Some(0));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    assert_eq!((status(&mut buyer, "anna"), status(&mut buyer, "ben")), (204, 204));
    let unknown = audience(&market, &["export", "--id-type", "buyer", "--user-id", "ben"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn an_import_that_is_killed_loses_nothing_of_before_and_bidding_goes_on() {
    const PEOPLE: usize = 60_000;
    let market = market();
    told(import(&market, "before.csv", "buyer,anna,shop:cart,30d\nbuyer,anna,regulars,30d\n"));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let mut file = std::io::BufWriter::new(std::fs::File::create(market.path("many.csv")).expect("a file"));
    for person in 0..PEOPLE {
        for segment in ["shop:cart", "newcomers"] {
            writeln!(file, "buyer,person-{person},{segment},30d").expect("disk space");
        }
    }
    file.flush().expect("disk space");
    let file = market.path("many.csv");
    let mut command = support::encan();
    command.args(["audience", "import"]).arg(&file).arg("--data").arg(market.data());
    let mut killed = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
    wait_until("the first commits", || {
        assert_eq!(status(&mut buyer, "anna"), 200, "bids while others write");
        encan.metric("encan_audience_people") > 1
    });
    // It may be done already, on a fast machine.
    let _ = killed.kill();
    killed.wait().expect("our own child");
    let store = AudienceStore::open(&market.data()).expect("a file that is whole");
    let mut people = 0;
    store
        .everyone(None, None, |_, known| {
            assert_eq!(known.segments.len(), 2, "nobody is half there");
            people += 1;
            true
        })
        .expect("a readable file");
    assert!(people > 1, "some were committed");
    drop(store);
    told(audience(&market, &["import", file.to_str().expect("UTF-8")]));
    wait_until("everyone", || encan.metric("encan_audience_people") == PEOPLE as u64 + 1);
    assert_eq!(status(&mut buyer, "anna"), 200);
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
