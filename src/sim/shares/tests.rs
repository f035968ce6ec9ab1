//! Each feature appears in about its share of what it is a share of, found in the bodies by another reader.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::sim::plan::USUAL_TMAX;
use crate::sim::{Mix, RequestFacts, SizeClass, Traffic, shares};
use crate::units::UnixMillis;

const REQUESTS: usize = 10_000;
const SEEDS: [u64; 2] = [1, 20_261_121];

/// How often a feature was found, and of how many.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    found: u32,
    of: u32,
}

/// Every feature by the name of its constant: its share, and its count.
#[derive(Default)]
struct Counts(BTreeMap<&'static str, (f64, Count)>);

impl Counts {
    fn add(&mut self, (name, share): (&'static str, f64), found: bool) {
        let (_, count) = self.0.entry(name).or_insert((share, Count::default()));
        *count = Count { found: count.found + u32::from(found), of: count.of + 1 };
    }
}

/// The constant `name` of the table, by its name.
macro_rules! share {
    ($name:ident) => {
        (stringify!($name), shares::$name)
    };
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A field in its place of 2.6 or of 2.5.
fn moved<'v>(object: &'v Value, name: &str) -> &'v Value {
    if object[name].is_null() { &object["ext"][name] } else { &object[name] }
}

fn there(value: &Value) -> bool {
    !value.is_null()
}

fn count_request(counts: &mut Counts, read: &Value, facts: &RequestFacts) {
    let (new, rich) = (facts.new_fields, facts.size != SizeClass::Small);
    let usual = USUAL_TMAX.contains(&facts.tmax_ms);
    counts.add(share!(ODD_TMAX), !usual);
    counts.add(share!(WSEAT), there(&read["wseat"]));
    if read["wseat"].is_null() {
        counts.add(share!(BSEAT), there(&read["bseat"]));
    }
    counts.add(share!(WLANG), there(&read[if new { "wlangb" } else { "wlang" }]));
    if new && rich {
        counts.add(share!(ACAT), there(&read["acat"]));
    }
    if new && (there(&read["acat"]) || there(&read["bcat"])) {
        counts.add(share!(CATTAX), there(&read["cattax"]));
    }
    let tv = read["device"]["devicetype"] == 3;
    if rich && !tv && there(&read["app"]) {
        counts.add(share!(BAPP), there(&read["bapp"]));
    }
    let other = |code: &Value| code != "EUR" && code != "USD";
    counts.add(share!(OTHER_CURRENCIES), elements(&read["cur"]).iter().any(other));
    counts.add(share!(ALLIMPS), read["allimps"] == 1);
    let chain = moved(&read["source"], "schain");
    let chain = if chain.is_null() { &read["ext"]["schain"] } else { chain };
    if there(chain) {
        counts.add(share!(SCHAIN_INCOMPLETE), chain["complete"] == 0);
        if !new {
            counts.add(share!(SCHAIN_OF_2_4), there(&read["ext"]["schain"]));
        }
    }
}

fn count_person(counts: &mut Counts, read: &Value, facts: &RequestFacts) {
    let (new, rich) = (facts.new_fields, facts.size != SizeClass::Small);
    let (user, device) = (&read["user"], &read["device"]);
    let dsa = &read["regs"]["ext"]["dsa"];
    counts.add(share!(DSA), there(dsa));
    if rich && there(dsa) {
        counts.add(share!(DSA_TRANSPARENCY), there(&dsa["transparency"]));
    }
    if rich && facts.gdpr == Some(true) {
        let (newer, older) = (&user["consent"], &user["ext"]["consent"]);
        counts.add(share!(CONSENT_TWICE), there(newer) && there(older));
        if there(newer) && there(older) {
            counts.add(share!(CONSENT_DIFFERS), newer != older);
        }
    }
    if device["geo"]["country"] == "USA" {
        counts.add(share!(GPC), read["regs"]["ext"]["gpc"] == "1");
    }
    if new {
        for eid in elements(&user["eids"]) {
            counts.add(share!(EID_MATCHED), there(&eid["mm"]));
        }
        if there(&device["language"]) || there(&device["langb"]) {
            counts.add(share!(LANGB), there(&device["langb"]));
        }
    }
    if rich {
        counts.add(share!(USER_KEYWORDS), there(&user[if new { "kwarray" } else { "keywords" }]));
        counts.add(share!(SUA), there(&device["sua"]));
    }
    counts.add(share!(IPV6_ONLY), device["ip"].is_null() && there(&device["ipv6"]));
    let cut = match (device["ip"].as_str(), device["ipv6"].as_str()) {
        (Some(ip), _) => ip.ends_with(".0"),
        (None, ipv6) => ipv6.unwrap().ends_with("::"),
    };
    counts.add(share!(ADDRESS_CUT), cut);
    // Limited computers set both flags.
    if device["lmt"] != 1 {
        counts.add(share!(DNT), device["dnt"] == 1);
    }
    for place in ["site", "app"] {
        let content = &read[place]["content"];
        if there(content) && new {
            counts.add(share!(CONTENT_TAXONOMY), there(&content["cattax"]));
        }
        if there(content) && rich {
            counts.add(share!(CONTENT_DATA), there(&content["data"]));
        }
    }
}

fn count_imp(counts: &mut Counts, read: &Value, imp: &Value, facts: &RequestFacts) {
    let (new, rich) = (facts.new_fields, facts.size != SizeClass::Small);
    let device = &read["device"]["devicetype"];
    let (tv, app) = (device == 3, there(&read["app"]));
    // Screens in the street are told apart by their device.
    if there(&read["dooh"]) {
        let qty = &imp["qty"];
        counts.add(share!(QTY_VENDOR), qty["sourcetype"] == 1 && there(&qty["vendor"]));
        counts.add(share!(QTY_BELOW_ONE), qty["multiplier"].as_f64().unwrap() < 1.0);
    } else {
        if device == 4 {
            counts.add(share!(INSTL), imp["instl"] == 1);
        }
        let in_ext = imp["ext"]["prebid"]["is_rewarded_inventory"] == 1;
        if app && !tv {
            counts.add(share!(RWDD), imp["rwdd"] == 1 || in_ext);
        }
        if imp["rwdd"] == 1 {
            counts.add(share!(RWDD_IN_EXT), in_ext);
        }
        if tv && new && there(&imp["video"]) {
            counts.add(share!(SSAI), imp["ssai"].as_i64().unwrap_or(0) > 0);
        }
    }
    if let Some(currency) = imp["bidfloorcur"].as_str() {
        let other = ["GBP", "CHF", "SEK", "JPY"].contains(&currency);
        if !elements(&read["cur"]).iter().any(|cur| ["GBP", "JPY"].iter().any(|code| cur == code)) {
            counts.add(share!(FLOOR_IN_OTHER_CURRENCY), other);
        }
    }
    if there(&imp["banner"]) {
        let banner = &imp["banner"];
        counts.add(share!(BTYPE), there(&banner["btype"]));
        counts.add(share!(BANNER_BATTR), there(&banner["battr"]));
        counts.add(share!(EXPDIR), there(&banner["expdir"]));
        let flexible = elements(&banner["format"]).iter().any(|format| there(&format["wratio"]));
        counts.add(share!(FLEXIBLE_SIZE), flexible);
        // Where nothing by duration takes the floor away.
        if imp["video"].is_null() {
            counts.add(share!(NO_FLOOR), imp["bidfloor"].is_null());
        }
    }
    for medium in ["video", "audio"].into_iter().filter(|medium| there(&imp[medium])) {
        count_av(counts, &imp[medium], (new, rich, tv));
    }
    if there(&imp["video"]) && !there(&read["dooh"]) {
        count_player(counts, &imp["video"], (new, tv));
    }
    if there(&imp["native"]) {
        count_native(counts, &imp["native"]);
    }
    count_deals(counts, imp, new);
}

fn count_av(counts: &mut Counts, av: &Value, (new, rich, tv): (bool, bool, bool)) {
    let dynamic = there(&av["poddur"]);
    let in_pod = there(&av["podid"]);
    // Of several imps in a pod no other dynamic one is drawn; those are of long requests.
    if new && (there(&av["feed"]) || (tv && !rich)) {
        counts.add(share!(DYNAMIC_POD), dynamic);
    }
    if dynamic {
        counts.add(share!(MINCPMPERSEC), there(&av["mincpmpersec"]));
    }
    if in_pod {
        counts.add(share!(PODDEDUPE), there(&av["poddedupe"]));
    } else if new {
        counts.add(share!(RQDDURS), there(&av["rqddurs"]));
    }
    if new && av["mincpmpersec"].is_null() {
        counts.add(share!(DURFLOORS), there(&av["durfloors"]));
    }
    if there(&av["minduration"]) {
        counts.add(share!(MAXEXTENDED), there(&av["maxextended"]));
    }
    if rich {
        counts.add(share!(COMPANIONS), there(&av["companionad"]) && there(&av["companiontype"]));
    }
}

fn count_player(counts: &mut Counts, video: &Value, (new, tv): (bool, bool)) {
    if !tv {
        counts.add(share!(OVERLAY), video["linearity"] == 2);
        counts.add(share!(SKIP), video["skip"] == 1);
    }
    if video["skip"] == 1 {
        counts.add(share!(SKIPAFTER), there(&video["skipafter"]));
    }
    if new {
        counts.add(share!(PLACEMENT_TOO), there(&video["placement"]) && there(&video["plcmt"]));
    }
    counts.add(share!(NO_BOXING), video["boxingallowed"] == 0);
}

fn count_native(counts: &mut Counts, native: &Value) {
    let request = &native["request"];
    counts.add(share!(NATIVE_OBJECT), request.is_object());
    let root: Value = request.as_str().map_or(request.clone(), |text| serde_json::from_str(text).unwrap());
    counts.add(share!(NATIVE_WRAPPED), there(&root["native"]));
    counts.add(share!(NATIVE_OLD), native["ver"] != "1.2");
    let root = if there(&root["native"]) { &root["native"] } else { &root };
    let assets = elements(&root["assets"]);
    counts.add(share!(NATIVE_ICON), assets.iter().any(|asset| asset["img"]["type"] == 1));
    counts.add(share!(NATIVE_VIDEO), assets.iter().any(|asset| there(&asset["video"])));
}

fn count_deals(counts: &mut Counts, imp: &Value, new: bool) {
    if imp["pmp"].is_null() {
        return;
    }
    counts.add(share!(PRIVATE), imp["pmp"]["private_auction"] == 1);
    let timed = new && imp["banner"].is_null() && imp["native"].is_null();
    for deal in elements(&imp["pmp"]["deals"]) {
        counts.add(share!(DEAL_WSEAT), there(&deal["wseat"]));
        counts.add(share!(DEAL_WADOMAIN), there(&deal["wadomain"]));
        counts.add(share!(DEAL_FIXED), deal["at"] == 3);
        if new {
            counts.add(share!(DEAL_GUAR), deal["guar"] == 1);
        }
        if timed && deal["at"] != 3 {
            counts.add(share!(DEAL_DURFLOORS), there(&deal["durfloors"]));
            if deal["durfloors"].is_null() {
                counts.add(share!(DEAL_MINCPMPERSEC), there(&deal["mincpmpersec"]));
            }
        }
    }
}

/// Pods of several imps, by their slots and their rest.
fn count_pods(counts: &mut Counts, read: &Value, facts: &RequestFacts) {
    if read["device"]["devicetype"] != 3 || !facts.new_fields || facts.size == SizeClass::Small {
        return;
    }
    let imps = elements(&read["imp"]);
    let slots = imps.iter().filter(|imp| there(&imp["video"]["slotinpod"])).count();
    let rest = imps.iter().any(|imp| there(&imp["video"]["poddur"]));
    counts.add(share!(STRUCTURED_POD), slots > 0 && !rest);
    counts.add(share!(HYBRID_POD), slots > 0 && rest);
}

#[test]
fn every_feature_appears_in_about_its_share() {
    for seed in SEEDS {
        println!("seed {seed}");
        let mix = Mix { deal_share: 0.5, dooh: 0.1, small: 0.4, ..Mix::default() };
        let mut traffic = Traffic::new(seed, mix);
        let mut counts = Counts::default();
        let mut body = Vec::new();
        for _ in 0..REQUESTS {
            body.clear();
            let facts = traffic.next(UnixMillis::from_raw(1_795_000_000_000), &mut body);
            let read: Value = serde_json::from_slice(&body).unwrap();
            count_request(&mut counts, &read, &facts);
            count_person(&mut counts, &read, &facts);
            count_pods(&mut counts, &read, &facts);
            for imp in elements(&read["imp"]) {
                count_imp(&mut counts, &read, imp, &facts);
            }
        }
        let mut wrong = Vec::new();
        for (name, (share, Count { found, of })) in &counts.0 {
            let of = f64::from(*of);
            // Five standard deviations: one false alarm in millions, each seed being fixed besides.
            let spread = 5.0 * (of * share * (1.0 - share)).sqrt() + 1.0;
            if found == &0 || (f64::from(*found) - of * share).abs() > spread {
                wrong.push(format!("{name}: {found} of {of}, the table says {share}"));
            }
        }
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        let table = include_str!("../shares.rs").matches("pub(crate) const ").count();
        assert_eq!(counts.0.len(), table, "every share of the table is counted");
    }
}
