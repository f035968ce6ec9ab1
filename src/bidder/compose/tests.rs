//! What a bid says of its creative, and of who is behind it.

use std::sync::Arc;

use bumpalo::Bump;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};

use crate::audience::Profile;
use crate::bidder::{Ask, Composer, Plan, Silent, Snapshot, compose, decide};
use crate::budget::Book;
use crate::campaign::{Rates, Surroundings, compile, read_exchange};
use crate::creative::Disclosure;
use crate::document::{Faults, Source};
use crate::frequency::Exposures;
use crate::notice::Keys;
use crate::openrtb::parse;
use crate::privacy::Permissions;
use crate::units::UnixMillis;

const NOON: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);
const BANNER: &str = r#""banner": {"size": "300x250", "image": "https://cdn.shop.example/k.png"}"#;

fn snapshot(creative: &str) -> Snapshot {
    let mut faults = Faults::new();
    let campaign = format!(
        r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example", "transparency": {{"paid": "B \"C\""}}}},
        "id": "c", "name": "c", "currency": "EUR", "time_zone": "UTC", "flight": {{"start": "2026-01-01"}},
        "budget": {{"daily": 100}}, "pacing": "asap",
        "line_items": [{{"id": "l", "name": "L", "goal": {{"cpm": 5}}}}],
        "creatives": [{{"id": "k", "landing_page": "https://shop.example/", {creative}}}]}}"#
    );
    let rates = r#"{"date": "2024-12-31", "base": "EUR", "source": "test", "rates": {"USD": 1.0389}}"#;
    let rates = Rates::read(&Source::new("currencies.json", rates), &mut faults).unwrap();
    let exchange = r#"{"name": "Generic", "bills_on": "billing", "reservation": {"display": "10m", "av": "1h"},
        "tmax_ms": 120, "margin_ms": 10, "price_decimals": 6, "missing_price": "refuse"}"#;
    let exchange = read_exchange(&Source::new("generic.json", exchange), &mut faults).unwrap();
    let surroundings = Surroundings { scenarios: &[], exchanges: &["generic"], rates: &rates };
    let compiled = compile(&[Source::new("c.json", campaign)], surroundings, NOON);
    let catalog = compiled.catalog.unwrap_or_else(|| panic!("{:?}", compiled.faults));
    let plan = Plan::build(1, catalog, vec![exchange], Vec::new(), rates);
    Snapshot::new(Arc::new(plan), &Book::default(), NOON, None)
}

/// The bid on `imp` with a creative of these keys, disclosed as `told` says.
fn bid(creative: &str, imp: &str, told: Option<Disclosure>) -> Value {
    let snapshot = snapshot(creative);
    let request = format!(r#"{{"id": "r", "cur": ["EUR"], "imp": [{{"id": "1", {imp}}}]}}"#);
    let arena = Bump::new();
    let request = parse(request.as_bytes(), &arena).unwrap();
    let permissions = Permissions::of(&request, &snapshot.plan.exchanges[0].privacy);
    let ask = Ask {
        request: &request,
        exchange: snapshot.plan.exchange("generic").unwrap(),
        permissions: &permissions,
        user: None,
        profile: &Profile::known([]),
        exposures: None::<&Exposures>,
        agent: None,
        secure: true,
        now: NOON,
    };
    let mut decision = decide(&snapshot, &ask, &mut SmallRng::seed_from_u64(1), &mut Silent);
    decision.bids.iter_mut().for_each(|chosen| chosen.disclosure = told);
    let composer = Composer::new(Keys::new(&[8; 32], None), "https://bid.example:8443/rtb".to_owned());
    let mut out = Vec::new();
    assert_eq!(decision.bids.len(), 1, "{:?}", decision.reason);
    compose(&composer, request.id, ask.exchange, decision.currency, &decision.bids, &arena, &mut out);
    let response: Value = serde_json::from_slice(&out).unwrap();
    response["seatbid"][0]["bid"][0].clone()
}

#[test]
fn a_bid_tells_the_rating_language_attributes_and_frameworks_of_its_creative() {
    let keys = r#""rating": "mature", "language": "FR", "attributes": [9], "apis": ["mraid-2", "mraid-3"],"#;
    let place = r#""banner": {"w": 300, "h": 250, "api": [3, 6, 7]}"#;
    let told = bid(&format!("{keys} {BANNER}"), place, None);
    assert_eq!(
        (&told["qagmediarating"], &told["language"], &told["langb"]),
        (&json!(3), &json!("fr"), &Value::Null)
    );
    assert_eq!((&told["attr"], &told["apis"], &told["ext"]), (&json!([9]), &json!([6]), &Value::Null));
    let regional = bid(&format!(r#""language": "fr-CA", {BANNER}"#), place, None);
    assert_eq!((&regional["language"], &regional["langb"]), (&Value::Null, &json!("fr-CA")));
    assert_eq!((&regional["attr"], &regional["apis"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_skip_control_of_its_own_is_an_attribute_of_the_bid() {
    let keys = r#""video": {"duration": "20s", "skippable_after": "5s", "media": {"url": "https://a.example/a.mp4",
        "mime": "video/mp4", "bitrate": 800, "size": "640x360"}}"#;
    let offer =
        |skip: u8| format!(r#""video": {{"mimes": ["video/mp4"], "protocols": [3], "skip": {skip}}}"#);
    assert_eq!(bid(keys, &offer(0), None)["attr"], json!([16]));
    assert_eq!(bid(keys, &offer(1), None)["attr"], Value::Null);
}

#[test]
fn who_is_behind_an_ad_is_told_as_data_and_shown_by_whom_it_must() {
    let place = r#""banner": {"w": 300, "h": 250}"#;
    let told = |in_markup, as_data, personal| Some(Disclosure { in_markup, as_data, personal });
    let shown = bid(BANNER, place, told(true, false, false));
    assert_eq!(shown["ext"], json!({"dsa": {"adrender": 1, "behalf": "A", "paid": "B \"C\""}}));
    assert!(shown["adm"].as_str().unwrap().contains("Ad: A, paid for by B &quot;C&quot;</div>"));
    let sent = bid(BANNER, place, told(false, true, true));
    let by = |param: u32| json!([{"domain": "bid.example", "dsaparams": [param]}]);
    assert_eq!((&sent["ext"]["dsa"]["adrender"], &sent["ext"]["dsa"]["transparency"]), (&json!(0), &by(1)));
    assert!(!sent["adm"].as_str().unwrap().contains("Ad: A"));
    assert_eq!(bid(BANNER, place, told(false, true, false))["ext"]["dsa"]["transparency"], by(2));
}
