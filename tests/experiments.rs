//! Experiments over real HTTP: who is held out gets no bid of that campaign, both groups are kept, and what people did is
//! held against each other by the report.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use support::http::Client;
use support::market::{Market, campaign};
use support::{Encan, Options, encan, wait_until, within_an_hour};

const TOKEN: &str = "an-open-secret";
/// People who come by. With a tenth held out about forty are.
const PEOPLE: usize = 400;

/// A campaign that holds a share of people out, another one below it, and an advertiser that reports conversions.
struct Trial {
    market: Market,
}

impl Trial {
    fn new(percent: u32) -> Self {
        let market = Market::new("10m");
        std::fs::create_dir(market.path("audiences")).unwrap();
        market.put("token", &format!("{TOKEN}\n"));
        let definition = json!({
            "advertiser": "acme",
            "events": ["purchase"],
            "retention": "90d",
            "token": format!("file:{}", market.path("token").display()),
        });
        market.put("audiences/acme.json", &definition.to_string());
        let mut tested = campaign("tested", 5.0, &json!({ "total": 1_000 }));
        tested["holdout"] = json!({ "percent": percent });
        tested["conversions"] = json!([{ "type": "purchase", "value": 20 }, { "type": "sign-up" }]);
        let mut second = tested["creatives"][0].clone();
        second["id"] = json!("other");
        tested["creatives"].as_array_mut().unwrap().push(second);
        tested["line_items"][0]["arms"] = json!([
            { "id": "a", "share": 50, "creatives": ["mpu"] },
            { "id": "b", "share": 50, "creatives": ["other"], "multiply": 1.2 },
        ]);
        market.campaign(&tested);
        market.campaign(&campaign("below", 2.0, &json!({ "total": 1_000 })));
        Self { market }
    }

    fn start(&self) -> Door {
        let encan = Encan::start(Options {
            campaigns: Some(self.market.path("campaigns")),
            exchanges: Some(self.market.path("exchanges")),
            data: Some(self.market.data()),
            flags: vec!["--audiences".to_owned(), self.market.path("audiences").display().to_string()],
            ..Options::default()
        });
        wait_until("the audiences", || encan.admin("/readyz").status == 200);
        Door { client: Client::connect(encan.public), encan }
    }

    /// What the report says, as JSON.
    fn report(&self, flags: &[&str]) -> Value {
        let mut command = encan();
        command.args(["experiment", "--json", "--data"]).arg(self.market.data()).args(flags);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What it says to people.
    fn words(&self, flags: &[&str]) -> String {
        let mut command = encan();
        command.args(["experiment", "--data"]).arg(self.market.data()).args(flags);
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    }
}

/// A server and a connection to it.
struct Door {
    client: Client,
    encan: Encan,
}

/// The bid that somebody got.
struct Bid {
    campaign: String,
    creative: String,
    price: f64,
    billing: String,
}

impl Door {
    /// The bid on somebody, for whom `regs` hold.
    fn bid(&mut self, user: &str, regs: &Value) -> Option<Bid> {
        let request = json!({
            "id": "r", "imp": [{ "id": "1", "banner": { "w": 300, "h": 250 } }], "cur": ["EUR"],
            "tmax": 60_000, "user": { "buyeruid": user }, "regs": regs,
            "device": { "geo": { "country": "FRA" } },
        });
        let answer = self.client.send("POST", "/openrtb2/market", &[], request.to_string().as_bytes());
        if answer.status == 204 {
            return None;
        }
        let bid = answer.json()["seatbid"][0]["bid"][0].clone();
        let text = |key: &str| bid[key].as_str().unwrap().to_owned();
        let price = bid["price"].as_f64().unwrap();
        let url = text("burl");
        let path = url[url.find("/n/").unwrap()..].replace("${AUCTION_PRICE}", &price.to_string());
        let billing = path.replace("${AUCTION_CURRENCY}", "EUR");
        Some(Bid { campaign: text("cid"), creative: text("crid"), price, billing })
    }

    fn known(&mut self, user: &str) -> Option<Bid> {
        self.bid(user, &json!({}))
    }

    /// The advertiser's server says that somebody bought something.
    fn bought(&mut self, user: &str) {
        self.converted(user, "purchase");
    }

    fn converted(&mut self, user: &str, kind: &str) {
        let order = format!("order-{user}");
        let body = json!({
            "advertiser": "acme", "type": kind, "order": order, "value": 20,
            "user": { "id_type": "buyer", "id": user }, "gdpr": "0",
        });
        let authorization = format!("Bearer {TOKEN}");
        let headers = [("authorization", authorization.as_str())];
        let answer = self.client.send("POST", "/c/s2s", &headers, body.to_string().as_bytes());
        assert_eq!(answer.status, 204, "{}", answer.text());
    }

    fn rows(&self) -> u64 {
        self.encan.metric("encan_holdout_rows_total")
    }
}

fn person(number: usize) -> String {
    format!("person-{number}")
}

/// Everybody comes by once; who is held out of the campaign.
fn come_by(door: &mut Door) -> BTreeSet<usize> {
    let mut out = BTreeSet::new();
    for number in 0..PEOPLE {
        let bid = door.known(&person(number)).expect("one of the two campaigns bids on everybody");
        match bid.campaign.as_str() {
            "tested" => assert_eq!(door.client.send("GET", &bid.billing, &[], b"").status, 204),
            "below" => assert!(out.insert(number)),
            other => panic!("{other}"),
        }
    }
    out
}

#[test]
fn who_is_held_out_gets_no_bid_of_the_campaign_and_the_report_compares_both_groups() {
    within_an_hour(|| {
        let trial = Trial::new(40);
        let mut door = trial.start();
        let out = come_by(&mut door);
        assert!((120..200).contains(&out.len()), "{} of {PEOPLE} at 40 %", out.len());
        assert!(
            door.encan.words().contains("holds nobody out where the GDPR applies"),
            "{}",
            door.encan.words()
        );
        // Nobody who is unknown, or may not be measured, is in a group: the campaign bids on them all the same.
        let child = json!({ "coppa": 1 });
        for number in 0..40 {
            assert_eq!(door.bid(&person(number), &child).unwrap().campaign, "tested");
        }
        let before = door.rows();
        wait_until("the rows of everybody", || door.rows() >= before.max(PEOPLE as u64));
        // Once a day is enough: who comes again is in no further row.
        assert_eq!(come_by(&mut door), out, "people stay in their groups");
        // Of the others one in four buys, of those who are held out one in ten.
        let bought = |number: &usize| {
            if out.contains(number) { number.is_multiple_of(10) } else { number.is_multiple_of(4) }
        };
        let buyers: Vec<usize> = (0..PEOPLE).filter(bought).collect();
        buyers.iter().for_each(|number| door.bought(&person(*number)));
        // Others only sign up, which is no acquisition.
        let signs_up = |number: &usize| !bought(number) && number.is_multiple_of(7);
        let signed_up: Vec<usize> = (0..PEOPLE).filter(signs_up).collect();
        signed_up.iter().for_each(|number| door.converted(&person(*number), "sign-up"));
        // Without a word on consent nobody may be known by it: it counts for neither group, and the report says so.
        let body = json!({
            "advertiser": "acme", "type": "purchase", "order": "untold", "user": { "id_type": "buyer", "id": "person-1" },
        });
        let headers = [("authorization", format!("Bearer {TOKEN}"))];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(door.client.send("POST", "/c/s2s", &headers, body.to_string().as_bytes()).status, 204);
        let held_out_of = |of: &[usize]| of.iter().filter(|number| out.contains(number)).count();
        let (held_out, others_out) = (held_out_of(&buyers), held_out_of(&signed_up));
        assert!(others_out > 0, "somebody who is held out signed up");
        assert_eq!(door.rows(), PEOPLE as u64);
        assert_eq!(door.encan.metric("encan_holdout_bids_total{group=\"held_out\"}"), 2 * out.len() as u64);
        assert_eq!(door.encan.metric("encan_holdout_dropped_total"), 0);

        let report = trial.report(&["tested"]);
        let found = &report["holdouts"][0];
        let (treated, control) = (&found["trial"]["treated"], &found["trial"]["held_out"]);
        assert_eq!(found["campaign"], "tested");
        assert_eq!(treated["people"], json!(PEOPLE - out.len()));
        assert_eq!(control["people"], json!(out.len()));
        assert_eq!(treated["acquired"], json!(buyers.len() - held_out));
        assert_eq!(control["acquired"], json!(held_out));
        assert_eq!(treated["converted"], json!(buyers.len() - held_out + signed_up.len() - others_out));
        assert_eq!(control["converted"], json!(held_out + others_out));
        let (people, effect) =
            ([treated, control].map(|it| it["people"].as_f64().unwrap()), &found["effect"]);
        let acquired = [treated, control].map(|it| it["acquired"].as_f64().unwrap());
        let more = (acquired[0] / people[0] - acquired[1] / people[1]) * people[0];
        let cpa = found["trial"]["cost"].as_f64().unwrap() / more;
        assert!((effect["incremental_acquisitions"].as_f64().unwrap() - more).abs() < 1e-9, "{effect}");
        assert!((effect["cpa"].as_f64().unwrap() - cpa).abs() < 1e-9, "{effect}");
        let of_sign_ups = &trial.report(&["tested", "--type", "sign-up"])["holdouts"][0];
        assert_eq!(of_sign_ups["trial"]["treated"]["acquired"], json!(0));
        assert_eq!(
            (&of_sign_ups["effect"]["cpa"], &of_sign_ups["effect"]["cpa_interval"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(found["nameless"], json!(1));
        assert!(found["trial"]["cost"].as_f64().unwrap() > 0.0);
        // The arms of everybody who was shown something.
        let arms = report["arms"][0]["comparison"]["arms"].as_array().unwrap();
        let people: u64 = arms.iter().map(|arm| arm["people"].as_u64().unwrap()).sum();
        assert_eq!(people, (PEOPLE - out.len()) as u64);
        assert_eq!(report["arms"][0]["arms"], json!(["a", "b"]));
        let french = trial.words(&["tested", "--lang", "fr"]);
        assert!(french.contains("tested : ") && french.contains("CPA incrémental"), "{french}");
        println!("{}\n{french}", trial.words(&["tested"]));
    });
}

#[test]
fn arms_show_their_creatives_at_their_price_and_a_restart_changes_nobodys() {
    let trial = Trial::new(5);
    let mut door = trial.start();
    let seen = |door: &mut Door| -> Vec<Option<(String, String)>> {
        let bids = (0..60).map(|number| door.known(&person(number)).unwrap());
        bids.map(|bid| (bid.campaign == "tested").then(|| (bid.creative, bid.price.to_string()))).collect()
    };
    let first = seen(&mut door);
    let kinds: BTreeSet<_> = first.iter().flatten().cloned().collect();
    let want = [("tested/mpu", "5"), ("tested/other", "6")];
    assert_eq!(kinds, want.map(|(creative, price)| (creative.to_owned(), price.to_owned())).into());
    let Door { encan, client } = door;
    drop(client);
    assert_eq!(encan.stop().0, Some(0));
    let mut again = trial.start();
    assert_eq!(seen(&mut again), first);
}

#[test]
fn whoever_is_erased_is_in_no_group_any_more() {
    let trial = Trial::new(50);
    let mut door = trial.start();
    for number in 0..20 {
        door.known(&person(number)).unwrap();
    }
    wait_until("the rows of everybody", || door.rows() >= 20);
    let people = |trial: &Trial| {
        let found = trial.report(&[])["holdouts"][0]["trial"].clone();
        found["treated"]["people"].as_u64().unwrap() + found["held_out"]["people"].as_u64().unwrap()
    };
    assert_eq!(people(&trial), 20);
    let mut admin = Client::connect(door.encan.admin);
    let path = format!("/v1/audience/buyer/{}", person(3));
    assert_eq!(admin.send("DELETE", &path, &[], b"").status, 204);
    assert_eq!(people(&trial), 19);
    assert_eq!(admin.send("DELETE", &path, &[], b"").status, 404, "nothing is left of them");
}

#[test]
fn a_campaign_that_nobody_knows_is_refused_and_no_experiment_is_said_to_be_none() {
    let market = Market::new("10m");
    market.campaign(&campaign("plain", 5.0, &json!({ "total": 10 })));
    let server = market.start();
    let ask = |flags: &[&str]| {
        let mut command = encan();
        command.args(["experiment", "--data"]).arg(market.data()).args(flags);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, words) = ask(&["plane"]);
    assert_eq!(code, Some(1));
    assert!(words.contains("the ledger knows no campaign `plane`") && words.contains("`plain`"), "{words}");
    let (code, words) = ask(&[]);
    assert_eq!(code, Some(0));
    assert!(words.contains("nobody was held out yet"), "{words}");
    drop(server);
}
