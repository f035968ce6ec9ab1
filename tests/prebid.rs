//! A real client: Prebid.js in a browser asks for banner, video and native through three of its own adapters,
//! shows what it got, a person clicks and buys, and the ledger has each of it once and at the right price.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use encan::ledger::{EventKind, Playback};
use encan::shell::store::Store;
use encan::units::CampaignId;
use serde::Deserialize;
use serde_json::{Value, json};
use support::market::Market;
use support::node::{self, Needs, Script};
use support::{Encan, Options};

/// What the campaign bids per thousand, in dollars, at each place of the page; and of which creative.
const PLACES: [(&str, &str, f64, &str); 5] = [
    ("banner", "banner", 2.5, "shop/mpu"),
    ("deal", "banner", 6.0, "shop/leaderboard"),
    ("native", "native", 3.25, "shop/native"),
    ("instream", "video", 9.0, "shop/spot"),
    ("outstream", "video", 9.0, "shop/spot"),
];
/// Which adapters bid on which of them: `aniview` knows no native, and one adapter got the deal.
const OFFERS: [(&str, &[&str]); 3] = [
    ("conversant", &["banner", "deal", "native", "instream", "outstream"]),
    ("billow_rtb25", &["banner", "native", "instream", "outstream"]),
    ("aniview", &["banner", "instream", "outstream"]),
];
/// What `landing.html` reports of a sale.
const SALE_NANOS: i64 = 12_500_000_000;

/// Where the script's servers listen.
#[derive(Debug, Deserialize)]
struct Sites {
    publisher: String,
    front: String,
}

/// All that happened on the page, as `tests/node/prebid.mjs` tells it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Visit {
    bids: Vec<PageBid>,
    clicks: Vec<PageClick>,
    status_of_json: u16,
    missing: Vec<String>,
    rejected: Vec<String>,
    outside: Vec<String>,
    errors: Vec<String>,
    notices: Vec<PageNotice>,
}

/// A bid that Prebid.js accepted.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageBid {
    bidder: String,
    place: String,
    media_type: String,
    id: String,
    cpm: f64,
    currency: String,
    creative_id: String,
    deal_id: Option<String>,
    width: Option<u32>,
    height: Option<u32>,
    duration: Option<u32>,
    ttl: u32,
    advertiser_domains: Vec<String>,
}

/// An ad that was shown and clicked.
#[derive(Debug, Deserialize)]
struct PageClick {
    id: String,
    width: u32,
    height: u32,
    pictures: Vec<[u32; 2]>,
    url: String,
    conversion: u16,
}

#[derive(Debug, Deserialize)]
struct PageNotice {
    kind: String,
    status: u16,
}

/// A campaign whose ads and landing page are served at `site`.
fn campaign(site: &str) -> Value {
    let creative = |id: &str, medium: &str, content: Value| {
        json!({ "id": id, "landing_page": format!("{site}/landing?from={id}#shop"), "categories": ["IAB22"],
            medium: content })
    };
    let picture = |size: &str| json!({ "url": format!("{site}/{size}.svg"), "size": size });
    let banner = |size: &str| json!({ "size": size, "image": format!("{site}/{size}.svg") });
    let file =
        json!({ "url": format!("{site}/spot.mp4"), "mime": "video/mp4", "size": "640x360", "bitrate": 800 });
    let native = json!({ "title": "Shoes & more", "description": "Made to walk in.", "sponsored_by": "Shop",
        "icon": picture("80x80"), "image": picture("1200x627") });
    let line_item = |id: &str, cpm: f64, creative: &str| json!({ "id": id, "goal": { "cpm": cpm }, "creatives": [creative] });
    let mut deal = line_item("deal", 6.0, "leaderboard");
    deal["deals"] = json!("private-1");
    json!({
        "advertiser": { "id": "shop", "name": "Shop & Sons", "domain": "shop.example", "country": "US" },
        "id": "shop", "name": "Shop", "currency": "USD", "time_zone": "UTC", "flight": { "start": "2026-01-01" },
        "budget": { "daily": 100 }, "pacing": "asap", "conversions": [{ "type": "purchase", "value": 1 }],
        "line_items": [line_item("display", 2.5, "mpu"), deal, line_item("native", 3.25, "native"),
            line_item("video", 9.0, "spot")],
        "creatives": [
            creative("mpu", "banner", banner("300x250")),
            creative("leaderboard", "banner", banner("728x90")),
            creative("native", "native", native),
            creative("spot", "video", json!({ "duration": "15s", "media": [file] })),
        ],
    })
}

/// A bidder whose ads lie at `site`, and whose own address is `front`.
fn server(market: &Market, site: &str, front: &str) -> Encan {
    market.campaign(&campaign(site));
    let profile = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/exchanges/prebid-js.json");
    let profile = std::fs::read_to_string(profile).expect("a fixture");
    for name in ["conversant", "billow", "aniview"] {
        market.put(&format!("exchanges/{name}.json"), &profile);
    }
    Encan::start(Options {
        campaigns: Some(market.path("campaigns")),
        exchanges: Some(market.path("exchanges")),
        data: Some(market.data()),
        public_url: Some(front.to_owned()),
        ..Options::default()
    })
}

/// Checks a bid of `adapter` for `place` as the page got it.
#[track_caller]
fn check_bid(visit: &Visit, adapter: &str, place: &str) {
    let fits = |bid: &&PageBid| bid.bidder == adapter && bid.place == place;
    let found: Vec<&PageBid> = visit.bids.iter().filter(fits).collect();
    let [bid] = found[..] else { panic!("{} bids of {adapter} for {place}", found.len()) };
    let (_, medium, cpm, creative) = PLACES.into_iter().find(|(name, ..)| *name == place).expect("a place");
    assert_eq!((bid.media_type.as_str(), bid.currency.as_str()), (medium, "USD"), "{bid:?}");
    assert!((bid.cpm - cpm).abs() < 1e-9, "{bid:?}");
    assert_eq!(
        (bid.creative_id.as_str(), &bid.advertiser_domains[..]),
        (creative, &["shop.example".to_owned()][..])
    );
    assert_eq!(bid.deal_id.as_deref(), (place == "deal").then_some("private-1"), "{bid:?}");
    let (size, seconds, kept) = match place {
        "banner" => (Some((300, 250)), None, 600),
        "deal" => (Some((728, 90)), None, 600),
        "native" => (None, None, 600),
        _ => (Some((640, 360)), Some(15), 3_600),
    };
    if let Some(size) = size {
        assert_eq!(bid.width.zip(bid.height), Some(size), "{bid:?}");
    }
    assert_eq!((bid.duration, bid.ttl), (seconds, kept), "{bid:?}");
}

/// Checks what a person saw of an ad, and where the click on it led.
#[track_caller]
fn check_click(visit: &Visit, bid: &PageBid, site: &str) {
    let click = visit.clicks.iter().find(|click| click.id == bid.id).expect("it was clicked");
    let (size, pictures): (_, &[[u32; 2]]) = match bid.place.as_str() {
        "banner" => (Some([300, 250]), &[[300, 250]]),
        "deal" => (Some([728, 90]), &[[728, 90]]),
        _ => (None, &[[80, 80], [1200, 627]]),
    };
    assert_eq!(click.pictures, pictures, "{click:?}");
    if let Some(size) = size {
        assert_eq!([click.width, click.height], size, "{click:?}");
    }
    let creative = bid.creative_id.strip_prefix("shop/").expect("a creative of the campaign");
    assert!(click.url.starts_with(&format!("{site}/landing?from={creative}&encan_click=")), "{click:?}");
    assert!(click.url.ends_with("#shop"), "{click:?}");
    assert_eq!(click.conversion, 204, "the sale was reported: {click:?}");
}

/// What of a bid the ledger is to have: `kind` and nanos of dollars, in the order of their kinds.
fn expected(bid: &PageBid) -> Vec<(&'static str, i64)> {
    // A dollar per thousand is a million nanos per one.
    let price = (bid.cpm * 1e6).round();
    #[expect(clippy::cast_possible_truncation, reason = "some dollars, checked before")]
    let price = price as i64;
    let mut events = vec![("impression", price)];
    // The adapters put `nurl` into a banner's markup; `aniview` leaves it out, and so do all of the rest.
    if bid.media_type == "banner" && bid.bidder != "aniview" {
        events.push(("win", price));
    }
    // The exchange measures what of a native ad is seen, and this one was not asked to.
    if bid.media_type != "native" {
        events.push(("view", 0));
    }
    if bid.media_type == "video" {
        let steps = [
            Playback::Start,
            Playback::FirstQuartile,
            Playback::Midpoint,
            Playback::ThirdQuartile,
            Playback::Complete,
        ];
        events.extend(steps.map(|step| (step.name(), 0)));
    }
    if bid.media_type != "video" {
        events.extend([("click", 0), ("conversion", SALE_NANOS)]);
    }
    events.sort_unstable();
    events
}

/// All events of the ledger in `data`, by the bid's id.
fn booked(data: &Path) -> BTreeMap<String, Vec<(&'static str, i64)>> {
    let mut booked: BTreeMap<String, Vec<_>> = BTreeMap::new();
    let store = Store::open(data).expect("a ledger");
    let keep = |event: &encan::ledger::Event| {
        assert_eq!(event.bid.campaign, CampaignId::from_slug("shop"));
        let line = match &event.kind {
            EventKind::Win { price } => ("win", price.map_or(-1, |price| price.raw())),
            EventKind::Impression(charge) => {
                assert!(!charge.late, "{event:?}");
                ("impression", charge.media.raw())
            }
            EventKind::Loss { .. } => ("loss", 0),
            EventKind::View => ("view", 0),
            EventKind::Playback(step) => (step.name(), 0),
            EventKind::Click => ("click", 0),
            EventKind::Conversion(conversion) => ("conversion", conversion.value.raw()),
            EventKind::Correction(_) => ("correction", 0),
        };
        booked.entry(event.bid.id.to_string()).or_default().push(line);
    };
    store.events(keep).expect("a readable ledger");
    booked.values_mut().for_each(|lines| lines.sort_unstable());
    booked
}

#[test]
fn what_prebid_js_wins_shows_and_sells_is_booked_once_each() {
    if !node::is_ready(Needs::Browser) {
        return;
    }
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prebid.png");
    let mut browser = Script::start("prebid.mjs", &[("ENCAN_SCREENSHOT", picture)]);
    let Sites { publisher: site, front } = serde_json::from_value(browser.line()).expect("two addresses");
    let market = Market::new("10m");
    let server = server(&market, &site, &front);
    browser.tell(format!("{{\"bidder\":\"http://{}\"}}\n", server.public).as_bytes());
    let visit: Visit = serde_json::from_value(browser.line()).expect("what the script tells");

    assert_eq!(visit.rejected, [""; 0], "by Prebid.js; {:?}", visit.errors);
    assert_eq!((&visit.outside[..], &visit.errors[..]), (&[][..], &[][..]));
    assert_eq!(visit.status_of_json, 204, "a request that asked first");
    assert_eq!(visit.missing, [""; 0], "notices in markup that were not called");
    let offers =
        OFFERS.iter().flat_map(|(adapter, places)| places.iter().map(move |place| (*adapter, *place)));
    for (adapter, place) in offers.clone() {
        check_bid(&visit, adapter, place);
    }
    assert_eq!(visit.bids.len(), offers.count(), "each bid once");
    for bid in visit.bids.iter().filter(|bid| bid.media_type != "video") {
        check_click(&visit, bid, &site);
    }
    let refused = visit.notices.iter().filter(|notice| notice.status >= 400);
    assert_eq!(refused.count(), 0, "{:?}", visit.notices);
    let kinds: BTreeSet<&str> = visit.notices.iter().map(|notice| notice.kind.as_str()).collect();
    assert_eq!(Vec::from_iter(kinds), ["click", "imp", "play", "view", "win"]);

    let (code, words) = server.stop();
    assert_eq!(code, Some(0), "{words}");
    let want: BTreeMap<_, _> = visit.bids.iter().map(|bid| (bid.id.clone(), expected(bid))).collect();
    assert_eq!(booked(&market.data()), want);
}
