//! Frequency caps over HTTP: by user and household, at every level, in parallel, given back, and after a restart.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::sync::Barrier;

use serde_json::{Value, json};

use support::market::{Buyer, Market, campaign, line_item};
use support::{Client, Encan, wait_until};

/// A bid, as far as caps are concerned.
#[derive(Debug)]
struct Bid {
    campaign: String,
    creative: String,
    billing: String,
    loss: String,
}

/// Asks for `imps` banners for a user at an address; either may be empty.
fn ask(encan: &Encan, imps: usize, user: &str, ip: &str) -> Vec<Bid> {
    let imps: Vec<Value> =
        (0..imps).map(|at| json!({ "id": at.to_string(), "banner": { "w": 300, "h": 250 } })).collect();
    let mut request = json!({
        "id": "r", "imp": imps, "cur": ["EUR"], "tmax": 60_000,
        "device": { "geo": { "country": "FRA" } },
        "site": { "domain": "news.example", "page": "https://news.example/" },
    });
    if !user.is_empty() {
        request["user"] = json!({ "buyeruid": user });
    }
    if !ip.is_empty() {
        request["device"][if ip.contains(':') { "ipv6" } else { "ip" }] = json!(ip);
    }
    let told = Buyer::of(encan).ask("POST", "/openrtb2/market", &request.to_string()).unwrap();
    if told.status == 204 {
        return Vec::new();
    }
    assert_eq!(told.status, 200);
    let answer: Value = serde_json::from_slice(&told.body).unwrap();
    let seats = answer["seatbid"].as_array().unwrap();
    seats.iter().flat_map(|seat| seat["bid"].as_array().unwrap()).map(Bid::read).collect()
}

/// True if there is a bid on one banner.
fn bids(encan: &Encan, user: &str, ip: &str) -> bool {
    !ask(encan, 1, user, ip).is_empty()
}

impl Bid {
    fn read(bid: &Value) -> Self {
        let text = |key: &str| bid[key].as_str().unwrap().to_owned();
        let path = |key: &str| text(key).split_once("/n/").map(|(_, path)| format!("/n/{path}")).unwrap();
        let price = bid["price"].to_string();
        let filled = |path: String| {
            path.replace("${AUCTION_PRICE}", &price)
                .replace("${AUCTION_CURRENCY}", "EUR")
                .replace("${AUCTION_LOSS}", "102")
                .replace("${AUCTION_MIN_TO_WIN}", "")
        };
        Self {
            campaign: text("cid"),
            creative: text("crid"),
            billing: filled(path("burl")),
            loss: filled(path("lurl")),
        }
    }
}

/// A campaign that bids on everything, with caps at the levels named.
fn capped(id: &str, levels: &[(&str, Value)]) -> Value {
    let mut campaign = campaign(id, 5.0, &json!({ "total": 1_000 }));
    for (level, caps) in levels {
        let owner = match *level {
            "advertiser" => &mut campaign["advertiser"],
            "campaign" => &mut campaign,
            "line item" => &mut campaign["line_items"][0],
            _ => &mut campaign["creatives"][0],
        };
        owner["frequency"] = caps.clone();
    }
    campaign
}

fn by_user(impressions: u32) -> Value {
    json!([{ "impressions": impressions, "per": "1d" }])
}

fn by_household(impressions: u32) -> Value {
    json!([{ "impressions": impressions, "per": "1d", "by": "household" }])
}

fn market(reservation: &str, campaigns: &[Value]) -> Market {
    let market = Market::new(reservation);
    for campaign in campaigns {
        market.campaign(campaign);
    }
    market
}

fn no_bids(encan: &Encan, reason: &str) -> u64 {
    encan.metric(&format!("encan_no_bids_total{{reason=\"{reason}\"}}"))
}

#[test]
fn a_household_is_counted_whoever_in_it_looks_on_and_no_other_is() {
    let market = market("10m", &[capped("home", &[("line item", by_household(2))])]);
    let encan = market.start();
    assert!(bids(&encan, "anna", "203.0.113.7"));
    assert!(bids(&encan, "", "203.0.113.7"), "an address is enough");
    assert!(!bids(&encan, "bert", "203.0.113.7"), "the household has seen it twice");
    assert!(bids(&encan, "anna", "203.0.113.8"), "anna at her neighbour's");
    assert!(bids(&encan, "carl", "2001:db8:1:2::a"));
    assert!(bids(&encan, "dora", "2001:db8:1:2:ffff::b"), "the same line");
    assert!(!bids(&encan, "emil", "2001:db8:1:2::c"));
    assert!(bids(&encan, "emil", "2001:db8:1:3::c"));
    assert_eq!(no_bids(&encan, "frequency_capped"), 2);
    for cut in ["203.0.113.0", "2001:db8:1::", "192.168.1.7", ""] {
        assert!(!bids(&encan, "anna", cut), "`{cut}` is no household");
    }
    assert_eq!(no_bids(&encan, "viewer_unknown"), 4);
}

#[test]
fn a_cap_that_includes_unknown_households_bids_on_them() {
    let open = json!([{ "impressions": 1, "per": "1d", "by": "household", "unknown": "bid" }]);
    let market = market("10m", &[capped("open", &[("campaign", open)])]);
    let encan = market.start();
    assert!(bids(&encan, "anna", "203.0.113.0") && bids(&encan, "anna", "203.0.113.0"));
    assert!(bids(&encan, "anna", "203.0.113.7") && !bids(&encan, "anna", "203.0.113.7"));
}

#[test]
fn an_advertisers_cap_holds_over_all_of_its_campaigns() {
    let caps = |id| capped(id, &[("advertiser", by_user(3))]);
    let mut other = capped("other", &[]);
    other["advertiser"] = json!({ "id": "rival", "name": "Rival", "domain": "rival.example" });
    other["line_items"] = json!([line_item("all", 1.0)]);
    let market = market("10m", &[caps("spring"), caps("summer"), other]);
    let encan = market.start();
    let offers: Vec<Bid> = (0..5).flat_map(|_| ask(&encan, 1, "anna", "")).collect();
    let of_rival = offers.iter().filter(|bid| bid.campaign == "other").count();
    assert_eq!((offers.len(), of_rival), (5, 2), "three of the advertiser's, then the rival's: {offers:?}");
    assert_ne!(ask(&encan, 1, "bert", "")[0].campaign, "other");
    // A file that says other caps of the same advertiser is refused.
    let check = || support::encan().arg("check").arg(market.path("campaigns")).output().unwrap();
    let output = check();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    market.campaign(&capped("autumn", &[("advertiser", by_user(4))]));
    let output = check();
    assert_eq!(output.status.code(), Some(1));
    let words = [output.stdout, output.stderr].concat();
    assert!(String::from_utf8_lossy(&words).contains("another `frequency`"));
}

#[test]
fn a_creative_at_its_cap_leaves_its_place_to_another_one() {
    let mut two = capped("two", &[("creative", by_user(1))]);
    let mut other = two["creatives"][0].clone();
    other["id"] = json!("other");
    two["creatives"].as_array_mut().unwrap().push(other);
    let market = market("10m", &[two]);
    let encan = market.start();
    let mut shown: Vec<String> = Vec::new();
    for _ in 0..2 {
        shown.extend(ask(&encan, 1, "anna", "").into_iter().map(|bid| bid.creative));
    }
    shown.sort();
    assert_eq!(shown, ["two/mpu", "two/other"]);
    assert!(!bids(&encan, "anna", ""));
}

#[test]
fn several_impressions_of_one_request_count_each_at_every_level() {
    for (level, caps) in [
        ("creative", by_user(1)),
        ("line item", by_household(1)),
        ("campaign", by_user(1)),
        ("advertiser", by_household(1)),
    ] {
        let market = market("10m", &[capped("one", &[(level, caps)])]);
        let encan = market.start();
        assert_eq!(ask(&encan, 3, "anna", "203.0.113.7").len(), 1, "{level}");
        assert!(!bids(&encan, "anna", "203.0.113.7"), "{level}");
        assert_eq!(encan.metric("encan_reservations_open"), 1, "{level}");
    }
}

#[test]
fn a_lost_bid_and_an_expired_one_give_their_places_back_to_user_and_household() {
    let both = capped("both", &[("line item", by_user(1)), ("campaign", by_household(2))]);
    let patient = market("10m", std::slice::from_ref(&both));
    let encan = patient.start();
    let lost = ask(&encan, 1, "anna", "203.0.113.7").pop().unwrap();
    assert!(!bids(&encan, "anna", "203.0.113.8"), "her own cap, wherever she is");
    assert!(bids(&encan, "bert", "203.0.113.7"));
    assert!(!bids(&encan, "carl", "203.0.113.7"), "the household's cap");
    Buyer::of(&encan).tell(&lost.loss);
    assert!(bids(&encan, "anna", "203.0.113.7"), "both places came back");
    assert!(!bids(&encan, "carl", "203.0.113.7"), "and are taken");

    let hasty = market("1s", &[both]);
    let encan = hasty.start();
    let all = || -> Vec<Bid> {
        ["anna", "bert"].iter().flat_map(|user| ask(&encan, 1, user, "203.0.113.7")).collect()
    };
    assert_eq!(all().len(), 2);
    wait_until("all bids expire", || encan.metric("encan_reservations_open") == 0);
    let again = all();
    assert_eq!(again.len(), 2, "expired bids hold no place");
    for bid in &again {
        Buyer::of(&encan).tell(&bid.billing);
    }
    wait_until("both are billed", || encan.metric("encan_reservations_open") == 0);
    assert!(!bids(&encan, "carl", "203.0.113.7"), "what was billed keeps its place");
}

#[test]
fn decisions_in_parallel_never_exceed_a_cap_of_user_or_household() {
    const CLIENTS: usize = 6;
    let both = [("line item", by_user(2)), ("advertiser", by_household(5))];
    let market = market("10m", &[capped("both", &both)]);
    let encan = market.start();
    for round in 0..8 {
        let (start, ip) = (Barrier::new(CLIENTS), format!("203.0.113.{}", round + 1));
        let granted: Vec<(usize, usize)> = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..CLIENTS)
                .map(|client| {
                    let (start, ip, encan) = (&start, &ip, &encan);
                    // Two of the clients ask for each of three people.
                    let user = format!("user {} of {round}", client % 3);
                    scope.spawn(move || {
                        start.wait();
                        (client % 3, (0..3).map(|_| ask(encan, 2, &user, ip).len()).sum())
                    })
                })
                .collect();
            clients.into_iter().map(|client| client.join().unwrap()).collect()
        });
        for user in 0..3 {
            let own: usize = granted.iter().filter(|(of, _)| *of == user).map(|(_, bids)| bids).sum();
            assert!(own <= 2, "user {user}: {granted:?}");
        }
        let home: usize = granted.iter().map(|(_, bids)| bids).sum();
        assert_eq!(home, 5, "{granted:?}");
    }
}

#[test]
fn a_restart_keeps_the_places_of_billed_bids_and_after_a_clean_end_of_open_ones() {
    let levels = [
        ("creative", by_household(4)),
        ("line item", by_household(3)),
        ("advertiser", json!([{ "impressions": 3, "per": "7d" }])),
    ];
    let market = market("10m", &[capped("kept", &levels)]);
    let encan = market.start();
    let billed = ask(&encan, 1, "anna", "203.0.113.7").pop().unwrap();
    Buyer::of(&encan).tell(&billed.billing);
    assert!(bids(&encan, "bert", "203.0.113.7"), "it stays open");
    assert_eq!(encan.stop().0, Some(0));

    let encan = market.start();
    assert!(bids(&encan, "carl", "203.0.113.7"), "the third place of the household");
    assert!(!bids(&encan, "dora", "203.0.113.7"));
    assert!(bids(&encan, "anna", "203.0.113.8") && bids(&encan, "anna", "203.0.113.9"));
    assert!(
        !bids(&encan, "anna", "203.0.113.10"),
        "three of the advertiser's, one of them before the restart"
    );
    encan.signal("KILL");
    encan.ended();

    let encan = market.start();
    assert!(bids(&encan, "dora", "203.0.113.7"), "a crash forgets what was not billed");
    // The bid that was parked at the clean end is open still: billed, open, and dora's make three.
    assert!(!bids(&encan, "emil", "203.0.113.7"));
}

#[test]
fn no_household_is_asked_for_where_no_cap_counts_it() {
    let market = market("10m", &[capped("plain", &[("line item", by_user(5))])]);
    let encan = market.start();
    let bid = ask(&encan, 1, "anna", "203.0.113.7").pop().unwrap();
    Buyer::of(&encan).tell(&bid.billing);
    wait_until("it is booked", || !market.events().is_empty());
    assert!(market.events().iter().all(|event| event.bid.household.is_none() && event.bid.user.is_some()));
}

/// More than one household's list holds, of a line item that no cap counts, and of one that a cap of one counts.
#[test]
fn after_a_restart_no_number_of_uncapped_impressions_makes_a_cap_forget() {
    let (capped_one, plain) = (capped("once", &[("line item", by_user(1))]), capped("plain", &[]));
    let market = market("10m", &[capped_one]);
    let encan = market.start();
    let once = ask(&encan, 1, "anna", "").pop().unwrap();
    Buyer::of(&encan).tell(&once.billing);
    wait_until("it is booked", || market.events().len() == 1);
    assert_eq!(encan.stop().0, Some(0));
    market.campaign(&plain);
    let encan = market.start();
    for _ in 0..encan::units::limits::EXPOSURES_MAX.div_ceil(32) + 1 {
        for bid in ask(&encan, 32, "anna", "") {
            assert_eq!(bid.campaign, "plain");
            Buyer::of(&encan).tell(&bid.billing);
        }
    }
    wait_until("all are booked", || encan.metric("encan_reservations_open") == 0);
    assert_eq!(encan.stop().0, Some(0));
    let encan = market.start();
    assert!(ask(&encan, 1, "anna", "").iter().all(|bid| bid.campaign == "plain"));
    assert!(ask(&encan, 2, "bert", "").iter().any(|bid| bid.campaign == "once"), "it bids on others");
}

/// Erased by the operator, a person begins anew; the ledger's row counts again after a restart.
#[test]
fn an_erased_person_has_seen_nothing_until_the_ledger_is_read_again() {
    let market = market("10m", &[capped("once", &[("line item", by_user(1))])]);
    let encan = market.start();
    let first = ask(&encan, 1, "anna", "").pop().unwrap();
    Buyer::of(&encan).tell(&first.billing);
    wait_until("it is booked", || market.events().len() == 1);
    assert!(!bids(&encan, "anna", ""));
    let erase = |id: &str| {
        Client::connect(encan.admin).send("DELETE", &format!("/v1/audience/buyer/{id}"), &[], b"").status
    };
    assert_eq!((erase("bert"), erase("anna"), erase("anna")), (404, 204, 404));
    assert!(bids(&encan, "anna", ""));
    assert!(!bids(&encan, "anna", ""), "she is counted again");
    encan.signal("KILL");
    encan.ended();
    let encan = market.start();
    assert!(!bids(&encan, "anna", ""));
}
