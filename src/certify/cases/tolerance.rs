//! What real exchanges send against the letter, and nobody may refuse.

use serde_json::{Value, json};

use super::{Cases, JSON, asking, imp, native_request, video};
use crate::certify::rules::http as rule;
use crate::certify::{Case, Rule};

pub(super) fn add(cases: &mut Cases<'_>) {
    add_numbers(cases);
    add_absent(cases);
    add_imps(cases);
    add_unknown(cases);
    add_places(cases);
    add_duplicate_keys(cases);
}

fn add_unknown(cases: &mut Cases<'_>) {
    let mut tolerate = |rule: &'static Rule, name: &str, patch: Value| cases.tolerate(rule, name, patch);
    let unknown = json!({"certify": {"deep": [1, {"deeper": null}]}});
    tolerate(&rule::UNKNOWN_FIELDS, "unknown fields at the top", json!({"certify": 1, "certify2": unknown}));
    tolerate(
        &rule::UNKNOWN_FIELDS,
        "unknown fields everywhere",
        json!({"site": unknown, "device": unknown,
        "user": unknown, "regs": unknown, "source": unknown}),
    );
    tolerate(
        &rule::UNKNOWN_FIELDS,
        "unknown codes",
        json!({"at": 7, "device": {"devicetype": 99, "connectiontype": 42},
        "imp": [video(json!({"protocols": [2, 3, 99], "plcmt": 77, "api": [999], "playbackmethod": [55]}))]}),
    );
    tolerate(
        &rule::UNKNOWN_FIELDS,
        "fields as the specification once misspelt them",
        json!({"device": {"ifa_type": "rida",
        "geo": {"long": 2.3}}, "imp": [video(json!({"apis": [7]}))]}),
    );
    tolerate(
        &rule::EXTENSIONS,
        "extensions of any type",
        json!({"ext": "certify", "site": {"ext": 1},
        "device": {"ext": []}, "user": {"ext": null}}),
    );
    tolerate(
        &rule::EXTENSIONS,
        "an extension of an imp that is a text",
        json!({"imp": [imp(json!({"ext": "x",
        "banner": {"w": 300, "h": 250, "ext": 3}}))]}),
    );
}

/// Objects where texts belong, channels where none belong, scripts and currencies.
fn add_places(cases: &mut Cases<'_>) {
    let mut tolerate = |rule: &'static Rule, name: &str, patch: Value| cases.tolerate(rule, name, patch);
    tolerate(
        &rule::NATIVE_OBJECT,
        "native request as an object",
        json!({"imp": [imp(json!({"native":
        {"request": native_request()}}))]}),
    );
    tolerate(
        &rule::NATIVE_OBJECT,
        "native request as a wrapped object",
        json!({"imp": [imp(json!({"native":
        {"request": {"native": native_request()}}}))]}),
    );
    tolerate(
        &rule::KEYWORDS,
        "keywords as a list",
        json!({"site": {"keywords": ["news", "story"]},
        "user": {"keywords": ["sports"], "kwarray": "sports"}}),
    );
    tolerate(&rule::CHANNELS, "site and app together", json!({"app": {"id": "a", "bundle": "com.example"}}));
    tolerate(&rule::CHANNELS, "neither site nor app", json!({"site": null}));
    tolerate(
        &rule::SCRIPTS,
        "texts of many scripts",
        json!({"site": {"name": "新聞 नमस्ते Ελλάδα \u{1f980}",
        "page": "https://news.example/é?q=ß"}, "user": {"keywords": "кино,фильм"}}),
    );
    for currency in ["INVALID", "XYZ", "YEN", "test", ""] {
        let name = format!("floor in `{currency}`");
        let imp = imp(json!({"bidfloorcur": currency, "banner": {"w": 300, "h": 250}}));
        tolerate(&rule::CURRENCIES, &name, json!({ "imp": [imp] }));
    }
    tolerate(&rule::CURRENCIES, "bids in a currency that does not exist", json!({"cur": ["XYZ", "test"]}));
}

fn add_numbers(cases: &mut Cases<'_>) {
    let banner = |banner: Value| json!([imp(json!({ "banner": banner }))]);
    let mut tolerate = |rule: &'static Rule, name: &str, patch: Value| cases.tolerate(rule, name, patch);
    tolerate(
        &rule::NUMBERS,
        "fractions for whole numbers",
        json!({"at": 1.0, "device": {"devicetype": 2.0},
        "imp": banner(json!({"w": 300.0, "h": 250.0, "format": [{"w": 300.0, "h": 250.0}]}))}),
    );
    tolerate(
        &rule::NUMBERS,
        "texts for numbers",
        json!({"at": "1", "device": {"devicetype": "2",
        "geo": {"lat": "48.8", "lon": "2.3"}}, "imp": [imp(json!({"bidfloor": "0.01",
        "banner": {"w": "300", "h": "250"}}))]}),
    );
    tolerate(
        &rule::NUMBERS,
        "numbers beyond all bounds",
        json!({"device": {"geo": {"lat": 1e308, "utcoffset": -1e300}},
        "user": {"yob": 18_446_744_073_709_551_615_u64}}),
    );
    tolerate(
        &rule::FLAGS,
        "true and false for flags",
        json!({"allimps": false, "device": {"dnt": false, "js": true,
        "lmt": false}, "regs": {"coppa": false, "gdpr": false}, "imp": [imp(json!({"secure": false, "instl": false,
        "banner": {"w": 300, "h": 250, "topframe": true}}))]}),
    );
    tolerate(&rule::FLAGS, "texts for flags", json!({"test": "0", "regs": {"coppa": "0", "gdpr": "0"}}));
}

fn add_absent(cases: &mut Cases<'_>) {
    let banner = |banner: Value| json!([imp(json!({ "banner": banner }))]);
    let mut tolerate = |rule: &'static Rule, name: &str, patch: Value| cases.tolerate(rule, name, patch);
    tolerate(
        &rule::NULLS,
        "null for objects",
        json!({"site": null, "app": null, "device": null, "user": null,
        "regs": null, "source": null, "ext": null}),
    );
    tolerate(
        &rule::NULLS,
        "null for lists and texts",
        json!({"bcat": null, "badv": null, "wseat": null, "wlang": null,
        "site": {"cat": null, "page": null, "keywords": null}, "imp": [imp(json!({"tagid": null, "bidfloorcur": null,
        "pmp": null, "banner": {"w": 300, "h": 250, "format": null, "battr": null}}))]}),
    );
    tolerate(
        &rule::NULLS,
        "null for numbers",
        json!({"at": null, "imp": [imp(json!({"bidfloor": null, "instl": null,
        "secure": null, "banner": {"w": 300, "h": 250, "pos": null}}))]}),
    );
    tolerate(
        &rule::LONE_TEXTS,
        "a text for a list of texts",
        json!({"bcat": "IAB25", "site": {"cat": "IAB12"},
        "badv": "certify-blocked.example"}),
    );
    tolerate(
        &rule::LONE_TEXTS,
        "numbers for texts",
        json!({"bcat": [25, 26], "device": {"carrier": 310_005, "osv": 15},
        "site": {"id": 17, "content": {"season": 2, "episode": 3}}, "user": {"id": 12_345_678}}),
    );
    tolerate(
        &rule::LONE_TEXTS,
        "a number for a list of numbers",
        json!({"imp": banner(json!({"w": 300, "h": 250,
        "battr": 8, "btype": 4, "api": 7}))}),
    );
    tolerate(
        &rule::NULLS,
        "empty objects and lists",
        json!({"site": {}, "user": {}, "regs": {}, "source": {}, "bcat": [],
        "cur": [], "device": {"geo": {}}}),
    );
}

fn add_imps(cases: &mut Cases<'_>) {
    let banner = || imp(json!({"banner": {"w": 300, "h": 250}}));
    let mut imps = |name: &str, imps: Value| cases.tolerate(&rule::WRONG_IMPS, name, json!({ "imp": imps }));
    imps("two imps of one id", json!([banner(), banner()]));
    imps("an imp without media among others", json!([{"id": "none", "bidfloor": 0.1}, banner()]));
    imps("an imp without an id among others", json!([{"banner": {"w": 300, "h": 250}}, banner()]));
    imps("an imp that is null among others", json!([null, banner()]));
    imps("an imp whose id is a number", json!([{"id": 7, "banner": {"w": 300, "h": 250}}]));
    imps("imps without media only", json!([{"id": "1"}, {"id": "2"}]));
    imps("a hundred imps", {
        let many = |at: usize| {
            let mut imp = banner();
            imp["id"] = format!("slot-{at}").into();
            imp
        };
        (0..100).map(many).collect()
    });
}

/// Keys that come twice, which no JSON value can hold: written by hand.
fn add_duplicate_keys(cases: &mut Cases<'_>) {
    for (name, place, twice) in [
        ("a key of the request twice", "\"at\":1", "\"at\":1,\"at\":1"),
        ("a key of an imp twice", "\"tagid\":\"top\"", "\"tagid\":\"top\",\"tagid\":\"top\""),
        ("an object twice", "\"source\":{", "\"source\":{\"fd\":0},\"source\":{"),
    ] {
        let request = cases.plain();
        let body = request.to_string().replacen(place, twice, 1).into_bytes();
        let case = asking(request);
        let name = name.to_owned();
        cases.cases.push(Case { name, rule: &rule::DUPLICATE_KEYS, headers: vec![JSON], body, ..case });
    }
}
