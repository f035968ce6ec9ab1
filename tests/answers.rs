//! The judge of answers, judged: good answers pass, and for every rule a fault is planted and caught by that rule.

use std::collections::BTreeSet;

use encan::certify::{BilledNotice, Terms, faults, judge, rules_of_answers};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

fn terms() -> Terms {
    Terms {
        seat: Some("us".to_owned()),
        bills_on: Some(BilledNotice::Billing),
        price_decimals: Some(4),
        ..Terms::default()
    }
}

/// A banner on a fixed deal, a video, a native ad, a dynamic pod, a flexible banner, a floor in another currency.
fn request() -> Value {
    json!({
        "id": "r", "cur": ["EUR"], "badv": ["shop.example"], "bcat": ["IAB25"], "acat": ["IAB3"], "bapp": ["com.app"],
        "wlang": ["fr"], "bseat": ["other"], "wseat": ["us"],
        "regs": {"coppa": 1, "ext": {"dsa": {"dsarequired": 2, "pubrender": 0}}},
        "user": {"buyeruid": "viewer-12345678"},
        "imp": [
            {"id": "b", "secure": 1, "bidfloor": 1.5, "bidfloorcur": "EUR",
             "banner": {"format": [{"w": 300, "h": 250}, {"wratio": 16, "hratio": 9}], "btype": [4], "battr": [1],
                        "api": [7]},
             "pmp": {"private_auction": 1, "deals": [{"id": "d", "bidfloor": 3, "bidfloorcur": "EUR", "at": 3,
                     "wseat": ["us"], "wadomain": ["advertiser.example"]}]}},
            {"id": "v", "bidfloorcur": "EUR", "video": {"mimes": ["video/mp4"], "protocols": [2, 3], "minduration": 6,
             "maxduration": 15, "durfloors": [{"mindur": 10, "bidfloor": 2.5}], "maxbitrate": 900,
             "boxingallowed": 0, "w": 640, "h": 360, "linearity": 1, "skip": 0, "delivery": [2]}},
            {"id": "n", "native": {"request": "{\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":9}},\
             {\"id\":2,\"img\":{\"wmin\":80,\"h\":60}},{\"id\":3,\"data\":{\"type\":2,\"len\":5}},\
             {\"id\":4,\"video\":{\"mimes\":[\"video/mp4\"]}}],\"eventtrackers\":[{\"event\":1,\"methods\":[1]}]}"}},
            {"id": "p", "video": {"mimes": ["video/mp4"], "podid": "p", "poddur": 30, "maxseq": 2, "rqddurs": [15],
             "poddedupe": [3]}},
            {"id": "f", "banner": {"format": [{"wratio": 16, "hratio": 9, "wmin": 300}]}},
            {"id": "u", "bidfloor": 1, "bidfloorcur": "USD", "banner": {"w": 300, "h": 250}}
        ]
    })
}

const VAST: &str = "<VAST version=\"3.0\"><Ad><InLine><AdSystem>e</AdSystem><AdTitle>t</AdTitle>\
<Impression>https://i</Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration><VideoClicks>\
<ClickThrough>https://c</ClickThrough></VideoClicks><MediaFiles><MediaFile type=\"video/mp4\" width=\"1280\" \
height=\"720\" bitrate=\"800\" delivery=\"progressive\">https://m</MediaFile></MediaFiles></Linear></Creative>\
</Creatives></InLine></Ad></VAST>";

const NATIVE: &str = "{\"native\":{\"link\":{\"url\":\"https://c\"},\"assets\":[{\"id\":1,\"title\":\
{\"text\":\"Nine char\"}},{\"id\":2,\"img\":{\"url\":\"https://i\",\"w\":90,\"h\":60}},{\"id\":4,\"video\":\
{\"vasttag\":\"<VAST/>\"}}],\"eventtrackers\":[{\"event\":1,\"method\":1,\"url\":\"https://e\"}]}}";

fn response() -> Value {
    let bid = |extra: Value| {
        let mut bid = json!({
            "price": 3, "cid": "k", "adomain": ["advertiser.example"], "cat": ["IAB3"], "language": "fr",
            "nurl": "https://n?p=${AUCTION_PRICE}", "burl": "https://b?p=${AUCTION_PRICE}",
            "ext": {"dsa": {"behalf": "Advertiser", "paid": "Advertiser", "adrender": 1}}
        });
        let bid_fields = bid.as_object_mut().expect("an object");
        bid_fields.extend(extra.as_object().expect("an object").clone());
        bid_fields.entry("crid").or_insert_with(|| "c".into());
        bid
    };
    let in_pod = |id: &str, crid: &str| {
        bid(json!({"id": id, "impid": "p", "mtype": 2, "adm": VAST, "dur": 15, "slotinpod": 0, "crid": crid}))
    };
    json!({"id": "r", "cur": "EUR", "seatbid": [{"seat": "us", "bid": [
        bid(json!({"id": "1", "impid": "b", "mtype": 1, "adm": "<b>", "w": 300, "h": 250, "dealid": "d"})),
        bid(json!({"id": "2", "impid": "v", "mtype": 2, "adm": VAST, "protocol": 3, "dur": 15})),
        bid(json!({"id": "3", "impid": "n", "mtype": 4, "adm": NATIVE})),
        in_pod("4", "c1"),
        in_pod("5", "c2"),
        bid(json!({"id": "6", "impid": "f", "mtype": 1, "adm": "<b>", "w": 320, "h": 180, "wratio": 16, "hratio": 9})),
        bid(json!({"id": "7", "impid": "u", "mtype": 1, "adm": "<b>", "w": 300, "h": 250}))
    ]}]})
}

/// The ids of the rules that `response` breaks.
fn broken(request: &Value, response: &Value) -> BTreeSet<&'static str> {
    let findings = faults(request, response.to_string().as_bytes(), &terms());
    findings.iter().map(|finding| finding.rule.id).collect()
}

/// Puts `value` at `place`, a pointer; null takes away what is there.
#[track_caller]
fn put(document: &mut Value, place: &str, value: Value) {
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    match document.pointer_mut(parent).expect("a place that is there") {
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        list => list[name.parse::<usize>().expect("an index")] = value,
    }
}

/// Faults of bids: number of the bid, field, value, the rule that must catch it.
fn in_bids() -> Vec<(usize, &'static str, Value, &'static str)> {
    let markup = |markup: &str| json!(markup);
    vec![
        (1, "id", json!("1"), "bid.id"),
        (1, "id", Value::Null, "bid.id"),
        (1, "impid", json!("x"), "bid.impid"),
        (0, "price", json!(0), "bid.price"),
        (0, "price", json!("3"), "bid.price"),
        (0, "price", json!(2.9999), "price.floor"),
        (1, "price", json!(2.49), "price.floor"),
        (0, "price", json!(3.01), "deal.price"),
        (1, "price", json!(3.000_01), "price.decimals"),
        (6, "price", json!(0.5), "price.floor-currency"),
        (0, "crid", Value::Null, "bid.crid"),
        (0, "crid", json!("é".repeat(65)), "bid.crid-length"),
        (0, "cid", json!(""), "bid.cid"),
        (0, "adomain", json!([]), "bid.adomain"),
        (0, "adomain", json!(["https://advertiser.example"]), "bid.adomain-form"),
        (0, "adomain", json!(["www.SHOP.example"]), "block.badv"),
        (0, "adomain", json!(["another.example"]), "deal.wadomain"),
        (0, "cat", json!(["IAB25-3"]), "block.bcat"),
        (0, "cat", json!(["IAB5"]), "block.acat"),
        (0, "bundle", json!("com.app"), "block.bapp"),
        (0, "language", json!("de"), "block.wlang"),
        (0, "langb", json!("fr-FR"), "bid.language"),
        (0, "attr", json!([1]), "block.battr"),
        (0, "apis", json!([7, 3]), "bid.apis"),
        (0, "burl", json!("https://n?p=1"), "notice.price"),
        (0, "burl", Value::Null, "notice.price"),
        (0, "burl", json!("https://n?p=$%7BAUCTION_PRICE%7D"), "macro.encoded"),
        (0, "burl", json!("https://n?p=${AUCTION_PRIZE}"), "macro.known"),
        (0, "nurl", json!("/relative"), "bid.notices"),
        (0, "lurl", json!("http://n"), "bid.secure"),
        (0, "iurl", json!("https://n?u=http%3A%2F%2Fx"), "bid.secure"),
        (0, "adm", markup("<img src=http://x>"), "bid.secure"),
        (0, "adm", markup("<b>viewer-12345678"), "privacy.ids"),
        (0, "adm", markup(" "), "bid.adm"),
        (0, "adm", json!({"native": {}}), "bid.adm"),
        (0, "adm", markup("buy this"), "banner.html"),
        (0, "adm", markup("<IFRAME>"), "banner.btype"),
        (0, "exp", json!(0), "bid.exp"),
        (0, "mtype", Value::Null, "bid.mtype"),
        (0, "mtype", json!(5), "bid.mtype"),
        (0, "mtype", json!(2), "bid.medium"),
        (0, "dealid", json!("x"), "deal.listed"),
        (0, "dealid", Value::Null, "deal.private"),
        (0, "w", Value::Null, "banner.size-told"),
        (0, "w", json!(301), "banner.size"),
        (0, "wratio", json!(4), "banner.flexible"),
        (5, "hratio", json!(10), "banner.flexible"),
        (5, "w", json!(299), "banner.flexible"),
        (0, "ext", Value::Null, "dsa.present"),
        (0, "ext", json!({"dsa": {"behalf": "A", "paid": ""}}), "dsa.texts"),
        (0, "ext", json!({"dsa": {"behalf": "A", "paid": "A".repeat(101)}}), "dsa.texts"),
        (0, "ext", json!({"dsa": {"behalf": "A", "paid": "A", "adrender": 0}}), "dsa.render"),
        (1, "dur", json!(14), "bid.dur"),
        (1, "protocol", json!(2), "bid.protocol"),
        (1, "slotinpod", json!(1), "pod.slot"),
        (3, "slotinpod", json!(3), "pod.slot"),
        (3, "dur", Value::Null, "pod.dur"),
        (3, "dur", json!(16), "pod.length"),
        (3, "crid", json!("c2"), "pod.dedupe"),
    ]
}

/// Faults of markup: number of the bid, what is replaced by what, the rule that must catch it.
const IN_MARKUP: &[(usize, &str, &str, &str)] = &[
    (1, "</VAST>", "", "vast.xml"),
    (1, "VAST", "MAST", "vast.xml"),
    (1, "3.0", "5", "vast.version"),
    (1, "3.0", "4.0", "bid.protocol"),
    (1, "3.0", "4.2", "video.protocols"),
    (1, "<Impression>https://i</Impression>", "", "vast.parts"),
    (1, "<AdTitle>t</AdTitle>", "<AdTitle> </AdTitle>", "vast.parts"),
    (1, "<Ad>", "<Ad><InLine/></Ad><Ad>", "vast.parts"),
    (1, "https://c", "", "vast.click"),
    (1, "00:00:15", "15", "vast.duration"),
    (1, "00:00:15", "00:01:15", "video.duration"),
    (1, "00:00:15", "00:00:14", "bid.dur"),
    (1, "<Linear>", "<Linear skipoffset=\"00:00:05\">", "video.skip"),
    (1, "Linear>", "NonLinear>", "video.linearity"),
    (1, "video/mp4", "video/webm", "video.mimes"),
    (1, "progressive", "streaming", "video.delivery"),
    (1, "800", "901", "video.bitrate"),
    (1, "720", "900", "video.aspect"),
    (1, "https://m", "", "vast.media"),
    (2, "}}", "}", "native.json"),
    (2, "assets", "asset", "native.json"),
    (2, "https://c", "", "native.link"),
    (2, "\"id\":1", "\"id\":7", "native.asked"),
    (2, "\"id\":1", "\"id\":7", "native.required"),
    (2, "\"id\":2", "\"id\":1", "native.once"),
    (2, "Nine char", "Ten chars!", "native.text"),
    (2, "Nine char", "", "native.text"),
    (2, "title", "data", "native.asked"),
    (2, "90", "79", "native.image"),
    (2, "60", "61", "native.image"),
    (2, "https://i", "", "native.image"),
    (2, "<VAST/>", "", "native.video"),
    (2, "\"event\":1", "\"event\":2", "native.trackers"),
    (2, "\"method\":1", "\"method\":2", "native.trackers"),
    (2, "https://e", "", "native.trackers"),
    (2, "\"link\"", "\"assetsurl\":\"https://a\",\"link\"", "native.urls"),
];

/// Faults elsewhere: a place in the response, or in the request behind `?`, its value, the rule that must catch it.
fn elsewhere() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/id", json!("R"), "response.id"),
        ("/id", Value::Null, "response.id"),
        ("/cur", json!("USD"), "response.cur"),
        ("/cur", Value::Null, "response.cur"),
        ("/seatbid", json!({"bid": []}), "response.seatbid"),
        ("/seatbid/0/bid", json!([]), "seat.bid"),
        ("/seatbid/0/group", json!(2), "seat.group"),
        ("/seatbid/0/seat", json!("other"), "seat.bseat"),
        ("/seatbid/0/seat", Value::Null, "seat.wseat"),
        ("/seatbid/0/seat", json!("them"), "seat.profile"),
        ("?/imp/0/pmp/deals/0/wseat", json!(["them"]), "deal.wseat"),
        ("?/imp/3/video/maxseq", json!(1), "pod.count"),
        ("?/imp/3/video/poddur", json!(29), "pod.length"),
        ("?/imp/1/video/skip", json!(1), ""),
        // Fields of 2.5: one protocol, and the ends of a size instead of the size.
        ("?/imp/1/video", json!({"mimes": ["video/mp4"], "protocol": 2}), "video.protocols"),
        ("?/imp/1/video", json!({"mimes": ["video/mp4"], "protocol": 3}), ""),
        ("?/imp/5/banner", json!({"wmin": 728, "wmax": 728, "hmin": 90, "hmax": 90}), "banner.size"),
        ("?/imp/5/banner", json!({"wmin": 301}), "banner.size"),
        ("?/imp/5/banner", json!({"wmin": 300, "wmax": 728, "hmin": 90, "hmax": 250}), ""),
        ("?/imp/5/banner", json!({"w": 320, "wmin": 300, "wmax": 728, "h": 250}), ""),
        ("?/imp/0/banner/battr", json!([2]), ""),
    ]
}

/// Every planted fault: the rule that must catch it (none if it is no fault), and the bodies.
fn plants() -> Vec<(&'static str, String, Value, Value)> {
    let mut plants = Vec::new();
    for (bid, field, value, rule) in in_bids() {
        let (place, mut response) = (format!("/seatbid/0/bid/{bid}/{field}"), response());
        let name = format!("{place} {value}");
        put(&mut response, &place, value);
        plants.push((rule, name, request(), response));
    }
    for (bid, old, new, rule) in IN_MARKUP {
        let (place, mut response) = (format!("/seatbid/0/bid/{bid}/adm"), response());
        let markup = response.pointer(&place).and_then(Value::as_str).expect("markup").to_owned();
        assert!(markup.contains(old), "`{old}` is not in the markup");
        put(&mut response, &place, markup.replace(old, new).into());
        plants.push((rule, format!("{old} -> {new}"), request(), response));
    }
    for (place, value, rule) in elsewhere() {
        let (mut request, mut response) = (request(), response());
        let name = format!("{place} {value}");
        match place.strip_prefix('?') {
            Some(place) => put(&mut request, place, value),
            None => put(&mut response, place, value),
        }
        plants.push((rule, name, request, response));
    }
    plants
}

#[test]
fn a_good_answer_has_no_fault() {
    assert_eq!(faults(&request(), response().to_string().as_bytes(), &terms()), []);
}

#[test]
fn every_planted_fault_is_caught_by_its_rule() {
    for (rule, name, request, response) in plants() {
        let broken = broken(&request, &response);
        if rule.is_empty() {
            assert!(broken.is_empty(), "{name}: {broken:?}");
        } else {
            assert!(broken.contains(rule), "{name}: want {rule}, found {broken:?}");
        }
    }
}

#[test]
fn every_rule_of_answers_has_a_planted_fault_and_is_held_against_the_good_answer() {
    let mut planted: BTreeSet<&str> = plants().iter().map(|(rule, ..)| *rule).collect();
    planted.insert("response.json");
    let rules: BTreeSet<&str> = rules_of_answers().iter().map(|rule| rule.id).collect();
    let missing: Vec<&&str> = rules.difference(&planted).collect();
    assert!(missing.is_empty(), "no fault is planted for {missing:?}");
    // These are seen only in answers that have the field; for all others, silence would be no proof.
    let optional = ["seat.group", "bid.exp", "bid.apis", "block.bapp"];
    let judgement = judge(&request(), response().to_string().as_bytes(), &terms());
    let seen: BTreeSet<&str> = judgement.seen.iter().map(|rule| rule.id).chain(optional).collect();
    let unseen: Vec<&&str> = rules.difference(&seen).collect();
    assert!(unseen.is_empty(), "the good answer was not held to {unseen:?}");
}

#[test]
fn what_is_no_json_object_is_no_response() {
    for body in [&b"{"[..], b"[]", b"", b"null", b"\xff"] {
        let findings = faults(&request(), body, &terms());
        let rules: Vec<&str> = findings.iter().map(|finding| finding.rule.id).collect();
        assert_eq!(rules, ["response.json"]);
    }
}

#[test]
fn every_form_of_a_no_bid_is_without_fault() {
    for body in
        ["{}", r#"{"id":"r","seatbid":[]}"#, r#"{"id":"r","nbr":2}"#, r#"{"id":"r","seatbid":[],"nbr":15}"#]
    {
        assert_eq!(faults(&request(), body.as_bytes(), &terms()), [], "{body}");
    }
}

/// Adds a copy of a bid under another id, changed at one field, which must break `rules` and nothing else.
#[track_caller]
fn check_one_more(bid: usize, field: &str, value: Value, rules: &[&str]) {
    let mut response = response();
    let mut copy = response["seatbid"][0]["bid"][bid].clone();
    copy["id"] = "99".into();
    copy[field] = value;
    response["seatbid"][0]["bid"].as_array_mut().expect("a list").push(copy);
    assert_eq!(broken(&request(), &response), rules.iter().copied().collect());
}

#[test]
fn several_bids_may_come_to_one_imp_and_to_a_pod_as_many_as_fit() {
    check_one_more(1, "price", json!(4), &[]);
    check_one_more(0, "crid", json!("another"), &[]);
    check_one_more(3, "crid", json!("c3"), &["pod.count", "pod.length"]);
}

#[test]
fn several_seats_may_bid() {
    let mut response = response();
    let mut second = response["seatbid"][0].clone();
    let bids = second["bid"].as_array_mut().expect("a list");
    // The pod is full.
    bids.retain(|bid| bid["impid"] != "p");
    for bid in bids {
        bid["id"] = format!("second-{}", bid["id"]).into();
        bid["crid"] = format!("second-{}", bid["crid"]).into();
    }
    second["group"] = 1.into();
    response["seatbid"].as_array_mut().expect("a list").push(second);
    assert_eq!(broken(&request(), &response), BTreeSet::new());
}

/// Changes of request and response together that leave a good answer good.
#[track_caller]
fn check_accepted(in_request: &[(&str, Value)], in_response: &[(&str, Value)]) {
    let (mut request, mut response) = (request(), response());
    for (place, value) in in_request {
        put(&mut request, place, value.clone());
    }
    for (place, value) in in_response {
        put(&mut response, place, value.clone());
    }
    assert_eq!(broken(&request, &response), BTreeSet::new());
}

#[test]
fn what_cannot_be_told_is_not_judged() {
    // Categories of another taxonomy, a floor in a currency of unknown worth, markup that comes with the win notice.
    check_accepted(&[], &[("/seatbid/0/bid/0/cattax", json!(2)), ("/seatbid/0/bid/0/cat", json!(["IAB25"]))]);
    check_accepted(&[("/imp/5/bidfloorcur", json!("XYZ")), ("/imp/5/bidfloor", json!(1_000))], &[]);
    check_accepted(&[], &[("/seatbid/0/bid/2/adm", Value::Null)]);
}

/// Whether the rule of the billed price fails, holds or is not applicable, for a bid whose `field` is `text`.
#[track_caller]
fn check_billed(terms: &Terms, (field, text): (&str, Value), want: Option<bool>) {
    let mut response = response();
    for bid in 0..7 {
        put(&mut response, &format!("/seatbid/0/bid/{bid}/{field}"), text.clone());
    }
    let judgement = judge(&request(), response.to_string().as_bytes(), terms);
    let is_price = |id: &str| id == "notice.price";
    let seen = judgement.seen.iter().any(|rule| is_price(rule.id));
    let failed = judgement.findings.iter().any(|finding| is_price(finding.rule.id));
    assert_eq!(seen.then_some(!failed), want, "{field} {text}");
}

#[test]
fn what_is_billed_asks_for_the_price_where_the_exchange_needs_it() {
    let required = terms();
    let booked = Terms { price_required: false, ..terms() };
    let at = |text: &str| ("burl", json!(text));
    check_billed(&required, ("burl", Value::Null), Some(false));
    check_billed(&booked, ("burl", Value::Null), None);
    check_billed(&required, at("https://b"), Some(false));
    check_billed(&booked, at("https://b"), None);
    for terms in [&required, &booked] {
        check_billed(terms, at("https://b?p=${AUCTION_PRICE}"), Some(true));
        check_billed(terms, at("https://b?p=${AUCTION_PRICE:B64}"), Some(true));
    }
    check_billed(&required, at("https://b?p=${AUCTION_PRICELESS}"), Some(false));
    let own = Terms { price_macro: "${PRICE_PAID}".to_owned(), ..terms() };
    check_billed(&own, at("https://b?p=${PRICE_PAID}"), Some(true));
    check_billed(&own, at("https://b?p=${AUCTION_PRICE}"), Some(false));
    let markup = Terms { bills_on: Some(BilledNotice::Impression), ..terms() };
    check_billed(&markup, ("adm", json!("<img src=https://b?p=${AUCTION_PRICE}>")), Some(true));
    check_billed(&markup, ("adm", json!("<b>")), Some(false));
    check_billed(&markup, ("adm", Value::Null), None);
}

#[test]
fn a_wrapper_is_an_ad_of_its_own_protocol() {
    let wrapper = VAST
        .replace("InLine", "Wrapper")
        .replace("<AdTitle>t</AdTitle>", "<VASTAdTagURI>https://tag</VASTAdTagURI>");
    let wrapper = [("/seatbid/0/bid/1/adm", json!(wrapper)), ("/seatbid/0/bid/1/protocol", json!(6))];
    check_accepted(&[("/imp/1/video/protocols", json!([6]))], &wrapper);
}

#[test]
fn of_several_media_files_one_must_fit() {
    let other =
        "<MediaFile type=\"video/webm\" width=\"9\" height=\"9\" bitrate=\"99999\">https://w</MediaFile>";
    let markup = VAST.replace("<MediaFiles>", &format!("<MediaFiles>{other}"));
    check_accepted(&[], &[("/seatbid/0/bid/1/adm", json!(markup))]);
}

#[test]
fn the_name_of_an_xml_namespace_is_no_insecure_address() {
    let markup = VAST.replace("<VAST ", "<VAST xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" ");
    check_accepted(&[("/imp/1/secure", json!(1))], &[("/seatbid/0/bid/1/adm", json!(markup))]);
}

#[test]
fn no_answer_whatever_it_holds_stops_the_judge() {
    const SPOILT: &[&str] = &[
        "null",
        "true",
        "-1",
        "0.5",
        "1e308",
        "-1e308",
        "9223372036854775807",
        "18446744073709551616",
        "\"\"",
        "\"1\"",
        "\"99999999:99999999:99999999\"",
        "\"9223372036854775:00:00.999\"",
        "\"${AUCTION_\"",
        "\"\\u0000\"",
        "[]",
        "{}",
        "[[{}]]",
        "\"<VAST version='3.0'><Duration>2562047788015:12:55.807</Duration><Linear/></VAST>\"",
    ];
    fn spoil(value: &mut Value, random: &mut SmallRng) {
        let inside: Vec<&mut Value> = match value {
            Value::Array(values) => values.iter_mut().collect(),
            Value::Object(fields) => fields.values_mut().collect(),
            _ => Vec::new(),
        };
        let count = inside.len();
        match inside.into_iter().nth(random.random_range(0..count.max(1))) {
            Some(inside) if random.random_range(0..12) > 0 => spoil(inside, random),
            _ => *value = SPOILT[random.random_range(0..SPOILT.len())].parse().expect("JSON"),
        }
    }
    for seed in [1, 22, 333] {
        println!("seed {seed}");
        let mut random = SmallRng::seed_from_u64(seed);
        for _ in 0..800 {
            let (mut request, mut response) = (request(), response());
            for _ in 0..random.random_range(1..5) {
                spoil(&mut request, &mut random);
                spoil(&mut response, &mut random);
            }
            let judgement = judge(&request, response.to_string().as_bytes(), &terms());
            assert!(!judgement.seen.is_empty());
        }
    }
}

#[test]
fn markup_without_end_is_judged_all_the_same() {
    let mut response = response();
    for markup in
        ["<VAST>".repeat(100_000), "<a>".repeat(100_000) + &"</a>".repeat(100_000), "[".repeat(100_000)]
    {
        for bid in 0..4 {
            put(&mut response, &format!("/seatbid/0/bid/{bid}/adm"), json!(markup));
        }
        assert!(!broken(&request(), &response).is_empty());
    }
}

#[test]
fn a_wrapper_and_an_overlay_are_taken_where_their_kind_is() {
    let wrapper = "<VAST version=\"3.0\"><Ad><Wrapper><AdSystem>e</AdSystem><VASTAdTagURI>https://t</VASTAdTagURI>\
        <Impression>https://i</Impression><Creatives></Creatives></Wrapper></Ad></VAST>";
    let overlay = "<VAST version=\"3.0\"><Ad><InLine><AdSystem>e</AdSystem><AdTitle>t</AdTitle><Impression>https://i\
        </Impression><Creatives><Creative><NonLinearAds><NonLinear><StaticResource>https://r</StaticResource>\
        <NonLinearClickThrough>https://c</NonLinearClickThrough></NonLinear></NonLinearAds></Creative></Creatives>\
        </InLine></Ad></VAST>";
    for (adm, offer, bid, want) in [
        (wrapper, json!({"protocols": [6]}), json!({"protocol": 6}), ""),
        (wrapper, json!({"protocols": [6]}), json!({"protocol": 3}), "bid.protocol"),
        (wrapper, json!({"protocols": [3]}), json!({"protocol": 6}), "video.protocols"),
        (wrapper, json!({"protocols": [6]}), json!({"protocol": 6, "dur": 75}), "video.duration"),
        (overlay, json!({"linearity": 2}), json!({}), ""),
        (overlay, json!({"linearity": 1}), json!({}), "video.linearity"),
        (VAST, json!({"linearity": 2}), json!({}), "video.linearity"),
    ] {
        let (mut request, mut response) = (request(), response());
        let set = |value: &mut Value, extra: &Value| {
            value.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        };
        set(&mut request["imp"][1]["video"], &offer);
        set(&mut response["seatbid"][0]["bid"][1], &bid);
        response["seatbid"][0]["bid"][1]["adm"] = json!(adm);
        let want: BTreeSet<&str> = Some(want).filter(|rule| !rule.is_empty()).into_iter().collect();
        assert_eq!(broken(&request, &response), want, "{adm}");
    }
}
