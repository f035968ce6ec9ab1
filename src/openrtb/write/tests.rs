//! What is written, read back by `serde_json`.

use std::borrow::Cow;

use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
use serde_json::{Value, json};

use crate::openrtb::{Bid, BidDsa, BidResponse, MediaType, write};
use crate::units::{Cpm, Currency, Rounding};

fn bid<'a>() -> Bid<'a> {
    Bid {
        id: Cow::Borrowed("b1"),
        impid: "1",
        price: Cpm::from_micros(2_345_600).unwrap(),
        adm: Cow::Borrowed(""),
        nurl: None,
        burl: None,
        lurl: None,
        adomain: &[],
        bundle: None,
        cid: "",
        crid: "",
        iurl: None,
        cat: &[],
        cattax: 1,
        attr: &[],
        apis: &[],
        protocol: None,
        qagmediarating: 0,
        language: None,
        langb: None,
        dealid: None,
        w: 0,
        h: 0,
        wratio: 0,
        hratio: 0,
        exp: None,
        dur: None,
        mtype: MediaType::Banner,
        slotinpod: 0,
        dsa: None,
    }
}

fn text(bids: &[Bid<'_>], id: &str) -> String {
    let response = BidResponse { id, bidid: Cow::Borrowed(""), cur: Currency::EUR, seat: None, bid: bids };
    let mut out = Vec::new();
    write(&response, &mut out);
    String::from_utf8(out).unwrap()
}

#[track_caller]
fn check(bid: Bid<'_>, want: &str) {
    let want = format!(r#"{{"id":"r","seatbid":[{{"bid":[{want}]}}],"cur":"EUR"}}"#);
    assert_eq!(text(&[bid], "r"), want);
}

#[test]
fn what_is_absent_empty_or_zero_is_left_out() {
    check(bid(), r#"{"id":"b1","impid":"1","price":2.3456,"mtype":1}"#);
}

#[test]
fn a_price_is_written_exactly_and_without_needless_zeros() {
    for (micros, want) in [
        (0, "0"),
        (1, "0.000001"),
        (1_000_000, "1"),
        (10_050_000, "10.05"),
        (1_000_000_000_000, "1000000"),
        (999_999_999_999, "999999.999999"),
    ] {
        let price = Cpm::from_micros(micros).unwrap();
        check(Bid { price, ..bid() }, &format!(r#"{{"id":"b1","impid":"1","price":{want},"mtype":1}}"#));
    }
}

#[test]
fn the_first_taxonomy_is_the_default_and_others_are_told() {
    check(
        Bid { cat: &["IAB1"], cattax: 1, ..bid() },
        r#"{"id":"b1","impid":"1","price":2.3456,"cat":["IAB1"],"mtype":1}"#,
    );
    check(
        Bid { cat: &["483", "12"], cattax: 7, ..bid() },
        r#"{"id":"b1","impid":"1","price":2.3456,"cat":["483","12"],"cattax":7,"mtype":1}"#,
    );
}

#[test]
fn who_is_behind_an_ad_is_told_even_where_the_publisher_wants_no_data() {
    let told = BidDsa { behalf: "A", paid: "A", transparency: &[], adrender: false };
    check(
        Bid { dsa: Some(told), slotinpod: 2, ..bid() },
        r#"{"id":"b1","impid":"1","price":2.3456,"mtype":1,"slotinpod":2,"ext":{"dsa":{"adrender":0,"behalf":"A","paid":"A"}}}"#,
    );
}

#[test]
fn every_field_has_its_place() {
    let full = Bid {
        adm: Cow::Borrowed("<a href=\"x\">é</a>\n"),
        nurl: Some(Cow::Borrowed("https://n/?p=${AUCTION_PRICE}")),
        burl: Some(Cow::Borrowed("https://b")),
        lurl: Some(Cow::Borrowed("https://l")),
        adomain: &["a.example", "b.example"],
        bundle: Some("com.a"),
        cid: "c",
        crid: "cr",
        iurl: Some("https://i"),
        cat: &["1"],
        cattax: 9,
        attr: &[1, 16],
        apis: &[7],
        protocol: Some(7),
        qagmediarating: 2,
        language: Some("fr"),
        langb: Some("fr-CA"),
        dealid: Some("d"),
        w: 300,
        h: 250,
        wratio: 6,
        hratio: 5,
        exp: Some(300),
        dur: Some(15),
        mtype: MediaType::Video,
        slotinpod: -1,
        dsa: Some(BidDsa {
            behalf: "A \"B\"",
            paid: "C",
            transparency: &[("bid.example", &[1, 2])],
            adrender: true,
        }),
        ..bid()
    };
    let response = BidResponse {
        id: "r",
        bidid: Cow::Borrowed("x"),
        cur: Currency::USD,
        seat: Some("s"),
        bid: &[full, bid()],
    };
    let mut out = Vec::new();
    write(&response, &mut out);
    let written: Value = serde_json::from_slice(&out).unwrap();
    let first = json!({
        "id": "b1", "impid": "1", "price": 2.3456, "adm": "<a href=\"x\">é</a>\n",
        "nurl": "https://n/?p=${AUCTION_PRICE}", "burl": "https://b", "lurl": "https://l",
        "adomain": ["a.example", "b.example"], "bundle": "com.a", "cid": "c", "crid": "cr",
        "iurl": "https://i", "cat": ["1"], "cattax": 9, "attr": [1, 16], "apis": [7], "protocol": 7,
        "qagmediarating": 2, "language": "fr", "langb": "fr-CA", "dealid": "d", "w": 300, "h": 250, "wratio": 6, "hratio": 5, "exp": 300,
        "dur": 15, "mtype": 2, "slotinpod": -1,
        "ext": {"dsa": {
            "behalf": "A \"B\"", "paid": "C", "adrender": 1,
            "transparency": [{"domain": "bid.example", "dsaparams": [1, 2]}],
        }},
    });
    let second = json!({"id": "b1", "impid": "1", "price": 2.3456, "mtype": 1});
    let want =
        json!({"id": "r", "seatbid": [{"bid": [first, second], "seat": "s"}], "bidid": "x", "cur": "USD"});
    assert_eq!(written, want);
}

proptest! {
    #[test]
    fn every_text_comes_back_as_it_was(id in any::<String>(), control in "[\u{0}-\u{1f}\"\\\\/é😀a]{0,30}") {
        let written = text(&[Bid { adm: Cow::Borrowed(&control), impid: &control, ..bid() }], &id);
        let read: Value = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(read["id"].as_str(), Some(id.as_str()));
        prop_assert_eq!(read["seatbid"][0]["bid"][0]["impid"].as_str(), Some(control.as_str()));
        if !control.is_empty() {
            prop_assert_eq!(read["seatbid"][0]["bid"][0]["adm"].as_str(), Some(control.as_str()));
        }
    }

    #[test]
    fn every_price_comes_back_exactly(micros in 0i64..=1_000_000_000_000) {
        let price = Cpm::from_micros(micros).unwrap();
        let written = text(&[Bid { price, ..bid() }], "r");
        let digits = written.split("\"price\":").nth(1).unwrap().split(',').next().unwrap();
        prop_assert_eq!(Cpm::from_decimal(digits, Rounding::Exact), Ok(price));
        let read: Value = serde_json::from_str(&written).unwrap();
        let float = read["seatbid"][0]["bid"][0]["price"].as_f64().unwrap();
        prop_assert!((float * 1e6 - micros as f64).abs() < 0.5);
    }

    #[test]
    fn lists_come_back_as_they_were(attr in prop::collection::vec(any::<u32>(), 0..5)) {
        let written = text(&[Bid { attr: &attr, ..bid() }], "r");
        let read: Value = serde_json::from_str(&written).unwrap();
        let read = read["seatbid"][0]["bid"][0].get("attr").cloned().unwrap_or(json!([]));
        prop_assert_eq!(read, json!(attr));
    }
}
