//! Terms of sale: floors, currencies, deals, seats, security, privacy, time.

use serde_json::{Value, json};

use super::{Cases, audio, imp, native, video};
use crate::certify::rules::http as rule;

pub(super) fn add(cases: &mut Cases<'_>) {
    add_floors(cases);
    add_deals(cases);
    add_formats_on_deals(cases);
    add_privacy(cases);
    add_the_rest(cases);
}

fn banner(patch: Value) -> Value {
    let mut imp = imp(json!({"banner": {"w": 300, "h": 250}}));
    super::merge(&mut imp, patch);
    imp
}

fn add_floors(cases: &mut Cases<'_>) {
    let mut ask = |name: &str, cur: &[&str], imp: Value| {
        let mut patch = json!({ "imp": [imp] });
        // An exchange that trades in few currencies is not asked in others.
        let traded = &cases.wishes.terms.currencies;
        if traded.is_empty() || cur.iter().all(|code| traded.iter().any(|traded| traded == code)) {
            patch["cur"] = json!(cur);
        }
        cases.ask(name, patch);
    };
    ask("no floor", &["USD"], banner(json!({"bidfloor": 0})));
    ask("floor of six decimals", &["USD"], banner(json!({"bidfloor": 0.100_001})));
    ask("floor of a unit", &["USD"], banner(json!({"bidfloor": 1})));
    ask("floor of two units", &["USD"], banner(json!({"bidfloor": 2})));
    ask("floor of eight units", &["USD"], banner(json!({"bidfloor": 8})));
    ask("floor that nobody pays", &["USD"], banner(json!({"bidfloor": 900_000})));
    ask("floor in euros, bids in dollars", &["USD"], banner(json!({"bidfloor": 0.5, "bidfloorcur": "EUR"})));
    ask(
        "high floor in pounds, bids in dollars",
        &["USD"],
        banner(json!({"bidfloor": 40, "bidfloorcur": "GBP"})),
    );
    ask("floor in yen, bids in dollars", &["USD"], banner(json!({"bidfloor": 20, "bidfloorcur": "JPY"})));
    ask("floor in dollars, bids in yen", &["JPY"], banner(json!({"bidfloor": 0.5})));
    ask("bids in euros", &["EUR"], banner(json!({"bidfloor": 0.2, "bidfloorcur": "EUR"})));
    ask("bids in pounds or francs", &["GBP", "CHF"], banner(json!({"bidfloor": 0.2, "bidfloorcur": "GBP"})));
    ask("video in euros", &["EUR"], video(json!({})));
    ask("native in euros", &["EUR"], native(json!({})));
    let ranges =
        json!([{"mindur": 1, "maxdur": 15, "bidfloor": 3}, {"mindur": 16, "maxdur": 30, "bidfloor": 6}]);
    ask("floors by duration", &["USD"], video(json!({ "durfloors": ranges })));
    ask(
        "floors by duration, high",
        &["USD"],
        video(json!({"durfloors": [{"mindur": 1, "maxdur": 60, "bidfloor": 700}]})),
    );
    ask("floor a second", &["USD"], video(json!({"mincpmpersec": 0.2})));
    ask("floor a second, high", &["USD"], video(json!({"mincpmpersec": 30})));
    ask("floor a second of audio", &["USD"], audio(json!({"mincpmpersec": 0.05})));
    for (name, at) in [("second price", json!(2)), ("price by rules of the exchange", json!(500))] {
        cases.ask(name, json!({"at": at, "imp": [banner(json!({}))]}));
    }
}

fn add_deals(cases: &mut Cases<'_>) {
    let (first, second) = (cases.deal(0), cases.deal(1));
    let mut ask = |name: &str, private: u8, deals: Value| {
        for (medium, mut imp) in [("banner", banner(json!({}))), ("video", video(json!({})))] {
            imp["pmp"] = json!({"private_auction": private, "deals": deals});
            cases.ask(&format!("{name}, {medium}"), json!({ "imp": [imp] }));
        }
    };
    let with = |patch: Value| {
        let mut deal = json!({"id": first, "bidfloor": 0.5, "bidfloorcur": "USD"});
        super::merge(&mut deal, patch);
        json!([deal])
    };
    ask("deal in an open auction", 0, with(json!({})));
    ask("deal in a private auction", 1, with(json!({})));
    ask("deal at its price", 1, with(json!({"at": 3, "bidfloor": 1.25})));
    ask("deal at second price", 0, with(json!({"at": 2})));
    ask("deal with the floor of the imp", 1, with(json!({"bidfloor": 0})));
    ask("deal that is dear", 1, with(json!({"bidfloor": 90_000})));
    ask("deal in dollars under a floor in euros", 0, json!([{"id": first, "bidfloor": 0.4}]));
    ask("two deals", 1, json!([{"id": first, "bidfloor": 0.3}, {"id": second, "bidfloor": 0.2, "at": 1}]));
    ask("deal for other seats", 1, with(json!({"wseat": ["certify-other-seat"]})));
    ask("deal for other advertisers", 1, with(json!({"wadomain": ["certify-other.example"]})));
    ask("guaranteed deal", 1, with(json!({"guar": 1, "at": 3, "bidfloor": 0.9})));
    ask("deal that nobody knows", 1, with(json!({"id": "certify-unknown-deal"})));
    ask("private auction without deals", 1, json!([]));
    let advertisers = cases.wishes.advertisers;
    if !advertisers.is_empty() {
        let mut imp = banner(json!({}));
        imp["pmp"] = json!({"private_auction": 1, "deals":
            [{"id": first, "bidfloor": 0.5, "bidfloorcur": "USD", "wadomain": advertisers}]});
        cases.ask("deal for our advertisers", json!({ "imp": [imp] }));
    }
    if let Some(seat) = cases.wishes.terms.seat.clone() {
        cases.ask(
            "deal for our seat",
            json!({"imp": [banner(json!({"pmp": {"private_auction": 1, "deals":
                [{"id": cases.deal(0), "bidfloor": 0.5, "wseat": [seat]}]}}))]}),
        );
    }
}

/// The deals that are kept for ads which are not sold in the open: each format, with all of them on offer.
fn add_formats_on_deals(cases: &mut Cases<'_>) {
    let deals: Vec<Value> =
        cases.wishes.deals.iter().take(DEALS_OFFERED_MAX).map(|id| json!({"id": id})).collect();
    if deals.is_empty() {
        return;
    }
    let asset =
        |asset: Value| native(json!({"assets": [{"id": 7, "required": 1, "title": {"len": 140}}, asset]}));
    let film = json!({"mimes": ["video/mp4"], "minduration": 5, "maxduration": 30, "protocols": [2, 3, 7]});
    for (name, mut imp) in [
        ("banner with APIs", banner(json!({"banner": {"api": [3, 5, 6, 7]}}))),
        ("video", video(json!({}))),
        ("non-linear video", video(json!({"linearity": 2}))),
        ("video with a skip button", video(json!({"skip": 1, "api": [2, 7]}))),
        ("audio", audio(json!({}))),
        ("native", native(json!({}))),
        ("native with a video", asset(json!({"id": 8, "required": 1, "video": film}))),
    ] {
        imp["pmp"] = json!({"private_auction": 0, "deals": deals});
        cases.ask(&format!("{name} on any deal"), json!({ "imp": [imp] }));
    }
}

/// Deals on one imp.
const DEALS_OFFERED_MAX: usize = 16;

fn add_privacy(cases: &mut Cases<'_>) {
    let mut ask = |name: &str, patch: Value| {
        let mut patch = patch;
        patch["imp"] = json!([banner(json!({})), { "id": "2", "video": video(json!({}))["video"] }]);
        cases.ask(name, patch);
    };
    ask("child-directed", json!({"regs": {"coppa": 1}}));
    ask(
        "tracking limited",
        json!({"device": {"lmt": 1, "dnt": 1, "ifa": "11111111-2222-4333-8444-555555555555"}}),
    );
    ask("GDPR without consent", json!({"regs": {"gdpr": 1, "ext": {"gdpr": 1}}}));
    ask("GDPR without consent, in the place of 2.5", json!({"regs": {"gdpr": null, "ext": {"gdpr": 1}}}));
    ask(
        "GDPR with a consent string that is none",
        json!({"regs": {"gdpr": 1}, "user": {"consent": "certify-no-consent-string"}}),
    );
    ask("sold data opted out in the United States", json!({"regs": {"us_privacy": "1YYN"}}));
    ask("global privacy platform", json!({"regs": {"gpp": "DBABLA~BVVqAAAAAgA.QA", "gpp_sid": [7]}}));
    ask("global privacy control", json!({"regs": {"ext": {"gpc": "1"}}}));
    for (name, required) in [
        ("advertiser's name not asked for", 0),
        ("advertiser's name supported", 1),
        ("advertiser's name required", 2),
        ("advertiser's name required by an online platform", 3),
    ] {
        let dsa = json!({"dsarequired": required, "pubrender": 0, "datatopub": 2});
        ask(name, json!({"regs": {"ext": {"dsa": dsa}}}));
    }
}

fn add_the_rest(cases: &mut Cases<'_>) {
    let secure = |mut imp: Value| {
        imp["secure"] = 1.into();
        imp
    };
    cases.ask("secure banner", json!({"imp": [secure(banner(json!({})))]}));
    cases.ask("secure video", json!({"imp": [secure(video(json!({})))]}));
    cases.ask("secure native", json!({"imp": [secure(native(json!({})))]}));
    cases.ask("insecure banner", json!({"imp": [banner(json!({"secure": 0}))]}));
    cases.ask("bids that expire soon", json!({"imp": [banner(json!({"exp": 60}))]}));
    cases.ask("test", json!({"test": 1, "imp": [banner(json!({}))]}));
    cases.ask(
        "all imps or none",
        json!({"allimps": 1, "imp": [banner(json!({})), banner(json!({"id": "2"}))]}),
    );
    cases.ask(
        "supply chain of two",
        json!({"imp": [banner(json!({}))], "source": {"schain": {"ver": "1.0", "complete": 1, "nodes":
            [{"asi": "ssp.example", "sid": "1", "hp": 1}, {"asi": "exchange.example", "sid": "2", "hp": 1}]}}}),
    );
    for tmax in [0, 1, 5] {
        cases.tolerate(
            &rule::TMAX_SPENT,
            &format!("{tmax} ms to answer"),
            json!({"tmax": tmax, "imp": [banner(json!({}))]}),
        );
        if let Some(case) = cases.cases.last_mut() {
            // The network alone takes longer: what is judged is that an answer comes, not when.
            case.tmax_ms = None;
        }
    }
}
