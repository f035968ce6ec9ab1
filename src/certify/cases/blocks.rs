//! Block lists, and lists of what alone is taken. Most are wide, so that whoever ignores them is found.

use serde_json::{Value, json};

use super::{Cases, imp, native, video};

pub(super) fn add(cases: &mut Cases<'_>) {
    let banner = |offer: Value| {
        let mut imp = imp(json!({"banner": {"w": 300, "h": 250}}));
        super::merge(&mut imp["banner"], offer);
        imp
    };
    let imps = json!([banner(json!({}))]);
    let several = json!([banner(json!({})), {"id": "2", "video": video(json!({}))["video"]},
        {"id": "3", "native": native(json!({}))["native"]}]);
    let mut ask = |name: &str, patch: Value| {
        let mut patch = patch;
        patch["imp"] = several.clone();
        cases.ask(name, patch);
    };
    // All categories of Content Taxonomy 1.0 but one: few bids can come, and each must be of that one.
    let all_but = |kept: u32| -> Vec<String> {
        (1..=26).filter(|number| *number != kept).map(|number| format!("IAB{number}")).collect()
    };
    ask(
        "sensitive categories blocked",
        json!({"bcat": ["IAB7-39", "IAB8-18", "IAB9-9", "IAB14-1", "IAB23", "IAB25", "IAB26"]}),
    );
    ask("all categories blocked", json!({"bcat": all_but(0)}));
    ask("all categories but one blocked", json!({"bcat": all_but(3)}));
    ask("categories blocked in another taxonomy", json!({"bcat": ["150", "53"], "cattax": 2}));
    ask("only one category taken", json!({"acat": ["IAB3"]}));
    ask("only categories that hardly anyone has", json!({"acat": ["IAB26-4"]}));
    ask("advertisers blocked", json!({"badv": ["certify-blocked.example", "WWW.Other.example"]}));
    ask("all of a domain blocked", json!({"badv": ["example", "com", "net", "org", "de", "fr", "io", "co"]}));
    ask("apps blocked", json!({"bapp": ["com.certify.blocked", "1234567890"]}));
    // What is advertised in apps are apps: of these none has the bundle, and of the bids that come some tell theirs.
    cases.ask(
        "apps blocked, on a phone in an app",
        in_app(json!({"bapp": ["com.certify.blocked", "1234567890"]})),
    );
    let mut ask = |name: &str, mut patch: Value| {
        patch["imp"] = several.clone();
        cases.ask(name, patch);
    };
    ask("only a language that hardly anyone has", json!({"wlang": ["mi"]}));
    ask("only languages of Europe", json!({"wlang": ["fr", "de", "en"]}));
    ask("only languages of Europe, in long form", json!({"wlangb": ["fr-FR", "de", "en-GB"]}));
    ask("only other seats", json!({"wseat": ["certify-other-seat"]}));
    ask("other seats blocked", json!({"bseat": ["certify-other-seat"]}));
    if let Some(seat) = cases.wishes.terms.seat.clone() {
        cases.ask("our seat alone", json!({"imp": imps, "wseat": [seat]}));
        cases.ask("our seat blocked", json!({"imp": imps, "bseat": [seat]}));
    }
    cases.ask(
        "all attributes blocked",
        json!({"imp": [banner(json!({"battr": (1..=23).collect::<Vec<u8>>()}))]}),
    );
    cases.ask("expanding and popping blocked", json!({"imp": [banner(json!({"battr": [3, 4, 5, 8, 14]}))]}));
    cases.ask("scripts blocked", json!({"imp": [banner(json!({"btype": [3]}))]}));
    cases.ask("frames blocked", json!({"imp": [banner(json!({"btype": [4]}))]}));
    cases.ask("scripts and frames blocked", json!({"imp": [banner(json!({"btype": [1, 3, 4]}))]}));
    cases.ask("skip buttons blocked", json!({"imp": [video(json!({"battr": [16]}))]}));
}

/// Banners of a phone, a video of the whole screen and a native ad, in an app in the United States, changed by `patch`.
fn in_app(patch: Value) -> Value {
    let mut request = json!({"site": null,
        "app": {"id": "app", "bundle": "com.puzzle.example", "storeurl":
            "https://play.google.com/store/apps/details?id=com.puzzle.example", "publisher": {"id": "publisher-2"}},
        "device": {"devicetype": 4, "os": "Android", "osv": "15", "ifa": "0b4e3c7a-55f1-4a5b-9f6e-3c2b1a099f10",
            "geo": {"country": "USA", "type": 2}},
        "imp": [imp(json!({"banner": {"w": 320, "h": 50}})),
            imp(json!({"id": "2", "instl": 1, "banner": {"w": 320, "h": 480}})),
            {"id": "3", "bidfloor": 0.01, "video": video(json!({"w": 720, "h": 1280, "plcmt": 3}))["video"]},
            {"id": "4", "bidfloor": 0.01, "native": native(json!({}))["native"]}]});
    super::merge(&mut request, patch);
    request
}
