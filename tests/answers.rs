//! The judge of answers, judged: a good answer passes, and every planted fault is caught.

mod support;

use serde_json::{Value, json};
use support::answers::faults;

fn request() -> Value {
    json!({
        "id": "r", "cur": ["EUR"], "badv": ["shop.example"], "bcat": ["IAB25"], "bapp": ["com.app"],
        "wlang": ["fr"], "bseat": ["other"], "wseat": ["us"],
        "imp": [
            {"id": "b", "secure": 1, "bidfloor": 1.5, "bidfloorcur": "EUR",
             "banner": {"format": [{"w": 300, "h": 250}, {"wratio": 16, "hratio": 9}], "btype": [4], "battr": [1]},
             "pmp": {"private_auction": 1, "deals": [{"id": "d", "bidfloor": 3, "bidfloorcur": "EUR", "at": 3}]}},
            {"id": "v", "bidfloorcur": "EUR", "video": {"mimes": ["video/mp4"], "protocols": [2, 3], "minduration": 6,
             "maxduration": 15, "durfloors": [{"mindur": 10, "bidfloor": 2.5}], "maxbitrate": 900, "boxingallowed": 0, "w": 640, "h": 360}},
            {"id": "n", "native": {"request": "{\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":9}},\
             {\"id\":2,\"img\":{\"wmin\":80,\"h\":60}},{\"id\":3,\"data\":{\"type\":2,\"len\":5}}],\
             \"eventtrackers\":[{\"event\":1,\"methods\":[1]}]}"}}
        ]
    })
}

const VAST: &str = "<VAST version=\"3.0\"><Ad><InLine><AdSystem>e</AdSystem><AdTitle>t</AdTitle>\
<Impression>https://i</Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration><VideoClicks>\
<ClickThrough>https://c</ClickThrough></VideoClicks><MediaFiles><MediaFile type=\"video/mp4\" width=\"1280\" \
height=\"720\" bitrate=\"800\">https://m</MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>";

const NATIVE: &str = "{\"native\":{\"link\":{\"url\":\"https://c\"},\"assets\":[{\"id\":1,\"title\":\
{\"text\":\"Nine char\"}},{\"id\":2,\"img\":{\"url\":\"https://i\",\"w\":90,\"h\":60}}],\"eventtrackers\":\
[{\"event\":1,\"method\":1,\"url\":\"https://e\"}]}}";

fn response() -> Value {
    let bid = |extra: Value| {
        let mut bid = json!({
            "price": 3, "crid": "c", "cid": "k", "adomain": ["advertiser.example"], "cat": ["IAB3"],
            "language": "fr", "nurl": "https://n?p=${AUCTION_PRICE}", "burl": "https://b?p=${AUCTION_PRICE}"
        });
        let bid_fields = bid.as_object_mut().expect("an object");
        bid_fields.extend(extra.as_object().expect("an object").clone());
        bid
    };
    json!({"id": "r", "cur": "EUR", "seatbid": [{"seat": "us", "bid": [
        bid(json!({"id": "1", "impid": "b", "mtype": 1, "adm": "<b>", "w": 300, "h": 250, "dealid": "d"})),
        bid(json!({"id": "2", "impid": "v", "mtype": 2, "adm": VAST, "protocol": 3, "dur": 15})),
        bid(json!({"id": "3", "impid": "n", "mtype": 4, "adm": NATIVE}))
    ]}]})
}

fn found(request: &Value, response: &Value) -> Vec<String> {
    faults(request, response.to_string().as_bytes())
}

/// Puts `value` at `place` of the good answer; null takes away what is there.
#[track_caller]
fn check(place: &str, value: Value, want: &str) {
    let mut response = response();
    let (parent, name) = place.rsplit_once('/').expect("a pointer");
    let parent = response.pointer_mut(parent).expect("a place in the answer");
    match parent {
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        _ => parent[name.parse::<usize>().expect("an index")] = value,
    }
    let found = found(&request(), &response);
    assert!(found.iter().any(|fault| fault.contains(want)), "{place}: want `{want}`, found {found:?}");
}

/// Replaces a part of a bid's markup.
#[track_caller]
fn check_markup(bid: usize, old: &str, new: &str, want: &str) {
    let place = format!("/seatbid/0/bid/{bid}/adm");
    let adm = response().pointer(&place).and_then(Value::as_str).expect("markup").replace(old, new);
    assert_ne!(response().pointer(&place), Some(&json!(adm)), "`{old}` is not in the markup");
    check(&place, json!(adm), want);
}

#[test]
fn a_good_answer_has_no_fault() {
    assert_eq!(found(&request(), &response()), [""; 0]);
}

#[test]
fn a_fault_of_the_response_is_caught() {
    assert!(!faults(&request(), b"{").is_empty());
    check("/id", json!("R"), "`id`");
    check("/cur", json!("USD"), "`cur` USD");
    check("/cur", Value::Null, "`cur` USD");
    check("/seatbid", json!([]), "`seatbid` is empty");
    check("/seatbid/0/bid", json!([]), "`bid` is empty");
    check("/seatbid/0/seat", json!("other"), "`bseat`");
    check("/seatbid/0/seat", Value::Null, "`wseat`");
    check("/seatbid/0/bid/1/id", json!("1"), "twice");
    check("/seatbid/0/bid/1/impid", json!("x"), "no imp");
    check("/seatbid/0/bid/1", response()["seatbid"][0]["bid"][2].clone(), "two bids");
}

#[test]
fn a_fault_of_a_bid_is_caught() {
    for (name, value, want) in [
        ("price", json!(0), "`price` is 0"),
        ("price", json!("3"), "`price`"),
        ("price", json!(2.999_999), "below the floor"),
        ("price", json!(3.000_001), "is not the deal's"),
        ("crid", Value::Null, "`crid`"),
        ("crid", json!("é".repeat(65)), "`crid` has 130"),
        ("cid", json!(""), "`cid`"),
        ("adomain", json!([]), "`adomain` is missing"),
        ("adomain", json!(["https://advertiser.example"]), "no domain"),
        ("adomain", json!(["www.SHOP.example"]), "`badv`"),
        ("cat", json!(["IAB25-3"]), "`bcat` blocks"),
        ("cattax", json!(2), "taxonomy"),
        ("bundle", json!("com.app"), "`bapp`"),
        ("language", json!("de"), "`wlang`"),
        ("attr", json!([1]), "`battr`"),
        ("nurl", json!("https://n?p=1"), "`nurl`"),
        ("burl", json!("https://n?p=$%7BAUCTION_PRICE%7D"), "percent-encoded"),
        ("lurl", json!("http://n"), "`lurl` is not secure"),
        ("iurl", json!("https://n?u=http%3A%2F%2Fx"), "`iurl` is not secure"),
        ("exp", json!(0), "`exp`"),
        ("mtype", Value::Null, "`mtype`"),
        ("mtype", json!(2), "`video` is not offered"),
        ("dealid", json!("x"), "not offered"),
        ("dealid", Value::Null, "private auction"),
        ("adm", json!(" "), "`adm` is empty"),
        ("adm", json!("<img src=http://x>"), "`adm` is not secure"),
        ("adm", json!("<IFRAME>"), "`btype` blocks"),
        ("w", Value::Null, "`w` and `h`"),
        ("w", json!(301), "301x250"),
        ("wratio", json!(16), "none of the sizes"),
    ] {
        check(&format!("/seatbid/0/bid/0/{name}"), value, want);
    }
}

#[test]
fn a_fault_of_a_vast_is_caught() {
    check("/seatbid/0/bid/1/price", json!(2.49), "below the floor of 2.50");
    for (old, new, want) in [
        ("</VAST>", "", "no XML"),
        ("VAST", "MAST", "no VAST"),
        ("3.0", "4.0", "`protocol`"),
        ("3.0", "4.2", "none of the protocols"),
        ("3.0", "5", "does not exist"),
        ("<Impression>https://i</Impression>", "", "`Impression`"),
        ("https://c", "", "`ClickThrough`"),
        ("00:00:15", "15", "durations"),
        ("00:00:15", "00:01:15", "75 s"),
        ("00:00:15", "00:00:14", "`dur`"),
        ("video/mp4", "video/webm", "`video/webm`"),
        ("800", "901", "901 kbit/s"),
        ("720", "721", "aspect"),
        ("https://m", "", "no address"),
        ("MediaFile type", "Media type", "no XML"),
    ] {
        check_markup(1, old, new, want);
    }
}

#[test]
fn a_fault_of_a_native_answer_is_caught() {
    for (old, new, want) in [
        ("}}", "}", "no JSON"),
        ("https://c", "", "`link.url`"),
        ("\"id\":1", "\"id\":7", "not asked for"),
        ("\"id\":1", "\"id\":7", "required asset 1"),
        ("\"id\":2", "\"id\":1", "twice"),
        ("Nine char", "Ten chars!", "too long"),
        ("Nine char", "", "is empty"),
        ("title", "data", "data was not asked"),
        ("90", "79", "`w` 79"),
        ("60", "61", "`h` 61"),
        ("\"event\":1", "\"event\":2", "event tracker"),
        ("\"method\":1", "\"method\":2", "event tracker"),
    ] {
        check_markup(2, old, new, want);
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
        (wrapper, json!({"protocols": [6]}), json!({"protocol": 3}), "`protocol`"),
        (wrapper, json!({"protocols": [3]}), json!({"protocol": 6}), "none of the protocols"),
        (wrapper, json!({"protocols": [6]}), json!({"protocol": 6, "dur": 75}), "75 s"),
        (overlay, json!({"linearity": 2}), json!({}), ""),
        (overlay, json!({"linearity": 1}), json!({}), "only linear"),
        (VAST, json!({"linearity": 2}), json!({}), "only non-linear"),
    ] {
        let (mut request, mut response) = (request(), response());
        let set = |value: &mut Value, extra: &Value| {
            value.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
        };
        set(&mut request["imp"][1]["video"], &offer);
        set(&mut response["seatbid"][0]["bid"][1], &bid);
        response["seatbid"][0]["bid"][1]["adm"] = json!(adm);
        let found = found(&request, &response);
        let fits =
            if want.is_empty() { found.is_empty() } else { found.iter().any(|fault| fault.contains(want)) };
        assert!(fits, "{want}: {found:?}");
    }
}
