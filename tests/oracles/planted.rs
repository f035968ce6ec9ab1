//! The faults that the oracle must find: each a change of a good answer, and what is said of it.

use serde_json::{Value, json};

/// Puts `new` in the place of `old` in the markup.
fn in_markup(old: &'static str, new: &'static str) -> impl Fn(&mut Value) {
    move |answer| {
        let adm = &mut answer["seatbid"][0]["bid"][0]["adm"];
        let text = adm.as_str().expect("markup").to_owned();
        assert!(text.contains(old), "no {old} in {text}");
        *adm = Value::from(text.replacen(old, new, 1));
    }
}

/// Sets the field `name` of the bid.
fn in_bid(name: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |answer| answer["seatbid"][0]["bid"][0][name] = value.clone()
}

/// Sets the field `name` of the response.
fn in_answer(name: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |answer| answer[name] = value.clone()
}

/// Takes the field `name` out of the bid.
fn not_in_bid(name: &'static str) -> impl Fn(&mut Value) {
    move |answer| {
        let bid = answer["seatbid"][0]["bid"][0].as_object_mut().expect("a bid");
        bid.remove(name).expect("it was there");
    }
}

/// Sets the field at `path` below the bid's `ext.dsa`.
fn in_dsa(path: &'static str, value: Value) -> impl Fn(&mut Value) {
    move |answer| {
        let dsa = &mut answer["seatbid"][0]["bid"][0]["ext"]["dsa"];
        assert!(dsa.is_object(), "no ext.dsa");
        match dsa.pointer_mut(path) {
            Some(field) => *field = value.clone(),
            None => dsa[path.trim_start_matches('/')] = value.clone(),
        }
    }
}

/// What is done to a good answer to this sample, and what the oracle says of it.
pub type Planted = (&'static str, Box<dyn Fn(&mut Value)>, &'static str);

/// Samples, a text of the markup, what is put in the place of the first one, and what the oracle says.
type Replaced = (&'static [&'static str], &'static str, &'static str, &'static str);

/// What is wanted of a wrapper is wanted of each.
const WRAPPERS: &[&str] = &["wrapper", "audio wrapper", "laden wrapper"];

const REPLACED: &[Replaced] = &[
    (&["video"], "</VAST>", "", "unclosed xml tag(s): VAST"),
    (&["video"], "<AdSystem>encan</AdSystem>", "", "VAST: no AdSystem"),
    (&["video"], "<Duration>", "<Duration>x", "VAST: lasts -1 s"),
    (&["video"], "<Impression>", "<Impression>no address ", "an Impression without an address"),
    (&["video"], "<ClickThrough>", "<ClickThru>", "Opening and ending tag mismatch"),
    (&["video"], "video/mp4", "audio/mp4", "VAST: a MediaFile of another medium"),
    (&["video"], " delivery=\"progressive\"", "", "VAST: a MediaFile without delivery"),
    (&["video"], "<![CDATA[https://cdn", "<![CDATA[cdn", "VAST: a MediaFile without an address"),
    (&["audio"], "<MediaFiles>", "<MediaFiles/><MediaFiles>", "VAST: Element 'MediaFiles' is empty"),
    (&["audio"], "<Linear>", "<NonLinear/><Linear>", "VAST: Element 'NonLinear' missing required"),
    (&["native"], "{", "", "mtype 4 cannot be read: "),
    (&["native"], "\"link\"", "\"lnk\"", "NativeAd must have required property 'link'"),
    (&["native"], "\"title\":", "\"data\":", "NativeAd/assets[]/data must have required property 'value'"),
    (&["native"], "\"id\":1,", "\"id\":\"1\",", "NativeAd/assets[]/id must be integer"),
    (&["native"], "\"event\":1", "\"event\":9", "NativeAd/eventtrackers[]/event must be"),
    (&["native"], "\"url\":\"https://bid", "\"url\":\"bid", "native: a link without an address"),
    (&["video"], "event=\"midpoint\"", "event=\"mute\"", "VAST: no Tracking of midpoint"),
    (&["video"], "event=\"midpoint\"", "event=\"middle\"", "VAST: a Tracking of middle"),
    (&["video"], "event=\"start\"", "event=\"progress\"", "Tracking are read"),
    (&["video"], "[ERRORCODE]", "900", "VAST: no Error tells the code"),
    (&["video"], "delivery=\"progressive\"", "delivery=\"download\"", "a MediaFile without delivery"),
    (&["skip"], " skipoffset=\"00:00:05\"", "", "VAST: skipoffset null s, attr 16"),
    (&["skip"], "\"00:00:05\"", "\"5s\"", "VAST: can be skipped after -1 s of 30"),
    (&["skip"], "\"00:00:05\"", "\"00:00:30\"", "VAST: can be skipped after 30 s of 30"),
    (&["skip"], "event=\"skip\"", "event=\"creativeView\"", "VAST: no Tracking of skip"),
    (&["stream"], "streaming", "progressive", "VAST: a MediaFile of another medium"),
    (&["stream"], "application/x-mpegurl", "application/x-shockwave-flash", "a MediaFile of another medium"),
    (&["stream"], "minBitrate=\"600\"", "minBitrate=\"6001\"", "VAST: a MediaFile of 6001 to 6000 kbit/s"),
    (&["stream"], "minBitrate=\"600\"", "minBitrate=\"low\"", "VAST: a MediaFile of no bit rate"),
    (&["overlay"], "<NonLinear width=\"480\"", "<NonLinear width=\"0\"", "VAST: a NonLinear of 0x70"),
    (
        &["overlay"],
        "<NonLinear width=\"480\"",
        "<NonLinear",
        "'NonLinear' missing required attribute(s) 'width'",
    ),
    (&["overlay"], "image/png", "text/css", "VAST: a NonLinear of text/css"),
    (&["overlay"], "<![CDATA[https://cdn", "<![CDATA[cdn", "VAST: a NonLinear without an address"),
    (
        &["overlay"],
        "<NonLinearClickThrough><![CDATA[https:",
        "<NonLinearClickThrough><![CDATA[",
        "VAST: no NonLinearClickThrough",
    ),
    (&["overlay"], "event=\"creativeView\"", "event=\"start\"", "VAST: a Tracking of start"),
    (
        &["overlay"],
        "<StaticResource",
        "<HTMLResource>x</HTMLResource><StaticResource",
        "a NonLinear of 2 resources",
    ),
    (
        &["overlay"],
        "</NonLinearAds>",
        "</NonLinearAds><Linear><Duration>00:00:10</Duration></Linear>",
        "beside it a creative of type linear",
    ),
    (&["overlay of HTML"], "href=\"https://", "href=\"", "VAST: a NonLinear of HTML that leads nowhere"),
    (&["overlay of HTML"], "creativeView", "close", "VAST: no Tracking of creativeView"),
    (&["overlay of HTML"], "Laden</a>", "${CLICK_URL}</a>", "VAST: a NonLinear of HTML that leads nowhere"),
    (
        &["laden overlay"],
        "<NonLinearClickTracking><![CDATA[https:",
        "<NonLinearClickTracking><![CDATA[",
        "a NonLinearClickTracking without an address",
    ),
    (&["laden"], "<Companion width=\"300\"", "<Companion width=\"wide\"", "VAST: a Companion without size"),
    (
        &["laden"],
        "<Companion width=\"300\"",
        "<Companion",
        "'Companion' missing required attribute(s) 'width'",
    ),
    (&["laden"], "https://cdn.laden.example/beside", "beside", "VAST: a Companion without an address"),
    (&["laden"], "image/jpeg", "video/mp4", "VAST: a Companion of video/mp4"),
    (
        &["laden"],
        "<CompanionClickThrough><![CDATA[https:",
        "<CompanionClickThrough><![CDATA[",
        "VAST: no CompanionClickThrough",
    ),
    (&["laden"], "href=\"https://", "href=\"", "VAST: a Companion of HTML that leads nowhere"),
    (&["laden"], "<CompanionAds>", "<CompanionAds/><CompanionAds>", "VAST: 3 creatives"),
    (&["laden"], "https://two.example/i", "two/i", "VAST: an Impression without an address"),
    (
        &["laden"],
        "<ClickTracking><![CDATA[https:",
        "<ClickTracking><![CDATA[",
        "a ClickTracking without an address",
    ),
    (&["laden"], "<![CDATA[https://one.example/v", "<![CDATA[one", "VAST: a Viewable without an address"),
    (
        &["laden"],
        "<CompanionClickTracking id=\"0\"><![CDATA[https:",
        "<CompanionClickTracking id=\"0\"><![CDATA[",
        "a CompanionClickTracking without an address",
    ),
    (&["laden"], "program=\"DSA\"", "program=\"AdChoices\"", "VAST: an Icon of AdChoices"),
    (
        &["laden"],
        "<Icon program=\"DSA\" width=\"",
        "<Icon program=\"DSA\" width=\"-",
        "VAST: an Icon without size",
    ),
    (&["laden"], ">Ad: Laden &lt;&amp; Co", ">Ad: Somebody", "VAST: an Icon that shows 'Ad: Somebody"),
    (&["laden"], "https://laden.example/why", "why", "an IconClickThrough without an address"),
    (&["native video"], "<Duration>", "<Duration>x", "VAST: lasts -1 s"),
    (&["native video"], "</VAST>", "", "unclosed xml tag(s): VAST"),
    (WRAPPERS, "<AdSystem>encan</AdSystem>", "", "VAST: no AdSystem"),
    (WRAPPERS, "VASTAdTagURI><![CDATA[https:", "VASTAdTagURI><![CDATA[", "a VASTAdTagURI without an address"),
    (
        WRAPPERS,
        "<VASTAdTagURI><![CDATA[https://",
        "<VASTAdTagURI><![CDATA[https://${X}",
        "a VASTAdTagURI with a macro",
    ),
    (WRAPPERS, "<Wrapper>", "<Wrapper><VASTAdTagURI/>", "VAST: 0 ads"),
    (WRAPPERS, "<Wrapper>", "<Wrapper><AdTitle>x</AdTitle>", "VAST: a Wrapper that has an AdTitle"),
    (WRAPPERS, "<Impression><![CDATA[https:", "<Impression><![CDATA[", "an Impression without an address"),
    (WRAPPERS, "[ERRORCODE]", "900", "VAST: no Error tells the code"),
    (WRAPPERS, "event=\"complete\"", "event=\"mute\"", "VAST: no Tracking of complete"),
    (
        WRAPPERS,
        "event=\"start\"><![CDATA[https:",
        "event=\"start\"><![CDATA[",
        "a Tracking without an address",
    ),
    (
        WRAPPERS,
        "<ClickTracking><![CDATA[https:",
        "<ClickTracking><![CDATA[",
        "a ClickTracking without an address",
    ),
    (
        WRAPPERS,
        "<Linear>",
        "<Linear><MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1\" height=\"1\">x</MediaFile></MediaFiles>",
        "VAST: a Wrapper that has a MediaFile",
    ),
    (WRAPPERS, "<Linear>", "<Linear><Duration>00:00:20</Duration>", "VAST: a Wrapper that has a Duration"),
    (WRAPPERS, "<Linear>", "<Linear skipoffset=\"00:00:05\">", "VAST: a Wrapper that has a skipoffset"),
    (
        WRAPPERS,
        "<VideoClicks>",
        "<VideoClicks><ClickThrough>x</ClickThrough>",
        "a Wrapper that has a ClickThrough",
    ),
    (WRAPPERS, "<Linear>", "<NonLinearAds/><Linear>", "VAST: a Wrapper around an overlay"),
    (&["native video"], "\"privacy\":", "\"policy\":", "native: no privacy link, adrender 1"),
];

/// All of them.
pub fn planted() -> impl Iterator<Item = Planted> {
    let replaced = REPLACED.iter().flat_map(|(samples, old, new, want)| {
        samples.iter().map(|name| fault(name, in_markup(old, new), want))
    });
    replaced.chain(of_answers()).chain(of_transparency()).chain(of_bids())
}

fn fault(name: &'static str, change: impl Fn(&mut Value) + 'static, want: &'static str) -> Planted {
    (name, Box::new(change), want)
}

/// Faults of a response, and of a bid whatever it shows.
fn of_answers() -> Vec<Planted> {
    vec![
        fault("banner", in_answer("id", json!(7)), "Answer/id must be string"),
        fault("banner", in_answer("idd", json!("r")), "Answer must NOT have additional properties idd"),
        fault("banner", in_answer("cur", json!("usd")), "Answer/cur must match pattern"),
        fault("banner", in_answer("seatbid", json!([])), "Answer/seatbid must NOT have fewer than 1 items"),
        fault("banner", in_answer("seatbid", json!([{"bid": []}])), "bid must NOT have fewer than 1 items"),
        fault("banner", in_bid("price", json!("1.5")), "bid[]/price must be number"),
        fault("banner", in_bid("w", json!(300.5)), "bid[]/w must be integer"),
        fault("banner", in_bid("mtype", json!(5)), "mtype must be equal to one of the allowed values"),
        fault("banner", in_bid("cat", json!("IAB3")), "bid[]/cat must be array"),
        fault("banner", in_bid("attr", json!([])), "bid[]/attr must NOT have fewer than 1 items"),
        fault("banner", in_bid("attr", json!([0])), "bid[]/attr[] must"),
        fault("banner", in_bid("dealid", json!("")), "bid[]/dealid must NOT have fewer than 1 characters"),
        fault("banner", in_bid("api", json!(3)), "bid[] must NOT have additional properties api"),
        fault("banner", not_in_bid("impid"), "bid[] must have required property 'impid'"),
    ]
}

/// Faults of `ext.dsa`, and of where there is none.
fn of_transparency() -> Vec<Planted> {
    vec![
        fault(
            "video",
            in_bid("ext", json!({"dsa": {"behalf": "A", "paid": "A", "adrender": 1}})),
            "VAST: 0 icons, adrender 1",
        ),
        fault("laden", in_dsa("/adrender", json!(0)), "VAST: 1 icons, adrender 0"),
        fault(
            "laden",
            in_dsa("/adrender", json!(2)),
            "bid[]/ext/dsa/adrender must be equal to one of the allowed values",
        ),
        fault(
            "laden",
            in_dsa("/behalf", json!("")),
            "bid[]/ext/dsa/behalf must NOT have fewer than 1 characters",
        ),
        fault(
            "laden",
            in_dsa("/paid", json!("x".repeat(101))),
            "bid[]/ext/dsa/paid must NOT have more than 100 characters",
        ),
        fault(
            "laden",
            in_dsa("/payer", json!("x")),
            "bid[]/ext/dsa must NOT have additional properties payer",
        ),
        fault("laden", in_dsa("/transparency", json!([])), "transparency must NOT have fewer than 1 items"),
        fault("laden", in_dsa("/transparency/0/dsaparams", json!([9])), "dsaparams[] must be <= 3"),
        fault(
            "laden",
            in_dsa("/transparency/0/domain", json!("https://x/")),
            "transparency[]/domain must match pattern",
        ),
        fault(
            "banner",
            in_bid("ext", json!({"other": 1})),
            "bid[]/ext must NOT have additional properties other",
        ),
        fault(
            "banner",
            in_answer("ext", json!({"dsa": 1})),
            "Answer/ext must NOT have additional properties dsa",
        ),
    ]
}

/// What a bid tells of its markup, and is not so.
fn of_bids() -> Vec<Planted> {
    vec![
        fault("video", in_bid("dur", json!(16)), "VAST: lasts 15 s, the bid says 16"),
        fault("video", in_bid("protocol", json!(2)), "protocol 2"),
        fault("video", in_bid("w", json!(641)), "VAST: no MediaFile of 641x360, as the bid says"),
        fault("video", in_bid("attr", json!([16])), "VAST: skipoffset null s, attr 16"),
        fault("video", in_bid("protocol", json!(14)), "VAST: written as INLINE, protocol 14"),
        fault("skip", not_in_bid("attr"), "VAST: skipoffset 5 s, attr none"),
        fault("overlay", in_bid("w", json!(640)), "a NonLinear of 480x70, the bid says 640x70"),
        fault("overlay", in_bid("dur", json!(20)), "VAST: a NonLinear for 10 s, the bid says 20"),
        fault("overlay", in_bid("protocol", json!(5)), "VAST: written as INLINE, protocol 5"),
        fault("overlay", in_bid("mtype", json!(3)), "VAST: an overlay, mtype 3"),
        fault("skip", in_bid("langb", json!("fr-FR")), "bid[] must NOT be valid"),
        fault("skip", in_bid("langb", json!("")), "bid[]/langb must NOT have fewer than 1 characters"),
        fault(
            "skip",
            in_bid("qagmediarating", json!(4)),
            "bid[]/qagmediarating must match a schema in anyOf",
        ),
        fault("wrapper", not_in_bid("dur"), "VAST: a Wrapper that lasts undefined s"),
        fault("laden wrapper", not_in_bid("dur"), "VAST: a Wrapper that lasts undefined s"),
        fault("wrapper", in_bid("protocol", json!(8)), "protocol 8"),
        fault("laden wrapper", in_bid("protocol", json!(8)), "protocol 8"),
        fault("wrapper", in_bid("protocol", json!(3)), "VAST: written as WRAPPER, protocol 3"),
        fault("laden wrapper", in_bid("protocol", json!(3)), "VAST: written as WRAPPER, protocol 3"),
    ]
}
