//! What a request means: the refusals, both places of the moved fields, and each tolerance by name.

use std::fmt::Debug;

use bumpalo::Bump;
use proptest::prelude::{any, prop, prop_assert, proptest};

use crate::openrtb::{
    BidRequest, Broadcaster, Channel, Content, Deal, Device, DurFloor, Eid, Format, Gender, Imp, NativeKind,
    Outlet, ParseError, Regs, SizeRange, UNKNOWN_CODE, UNREADABLE, User, parse,
};
use crate::units::Cpm;
use crate::units::limits::{IMPS_MAX, LIST_MAX};

/// The one place that calls `parse`: `body` with one banner imp for `$IMP`, and what `read` sees in it.
#[expect(clippy::needless_pass_by_value, reason = "the cases write what they want in place")]
#[track_caller]
fn check<T: PartialEq + Debug>(body: &str, read: impl Fn(&BidRequest<'_>) -> T, want: T) {
    let body = body.replace("$IMP", r#""imp":[{"id":"1","banner":{}}]"#);
    let arena = Bump::new();
    let request = parse(body.as_bytes(), &arena).unwrap_or_else(|error| panic!("{error}: {body}"));
    assert_eq!(read(&request), want, "{body}");
}

#[track_caller]
fn check_root<T: PartialEq + Debug>(fields: &str, read: impl Fn(&BidRequest<'_>) -> T, want: T) {
    check(&format!(r#"{{"id":"r",$IMP,{fields}}}"#), read, want);
}

#[track_caller]
fn check_imp<T: PartialEq + Debug>(fields: &str, read: impl Fn(&Imp<'_>) -> T, want: T) {
    let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}},{fields}}}]}}"#);
    check(&body, |request| read(&request.imp[0]), want);
}

#[track_caller]
fn check_deal<T: PartialEq + Debug>(fields: &str, read: impl Fn(&Deal<'_>) -> T, want: T) {
    check_imp(&format!(r#""pmp":{{"deals":[{{"id":"d",{fields}}}]}}"#), |imp| read(&imp.deals[0]), want);
}

#[track_caller]
fn check_banner(fields: &str, want: &[Format]) {
    check_imp(&format!(r#""banner":{{{fields}}}"#), |imp| imp.banner.unwrap().format.to_vec(), want.to_vec());
}

#[track_caller]
fn check_device<T: PartialEq + Debug>(fields: &str, read: impl Fn(&Device<'_>) -> T, want: T) {
    check_root(&format!(r#""device":{{{fields}}}"#), |request| read(&request.device), want);
}

#[track_caller]
fn check_user<T: PartialEq + Debug>(fields: &str, read: impl Fn(&User<'_>) -> T, want: T) {
    check_root(&format!(r#""user":{{{fields}}}"#), |request| read(&request.user), want);
}

#[track_caller]
fn check_regs<T: PartialEq + Debug>(fields: &str, read: impl Fn(&Regs<'_>) -> T, want: T) {
    check_root(&format!(r#""regs":{{{fields}}}"#), |request| read(&request.regs), want);
}

#[track_caller]
fn check_site<T: PartialEq + Debug>(fields: &str, read: impl Fn(&Outlet<'_>) -> T, want: T) {
    let body = format!(r#""site":{{{fields}}}"#);
    check_root(&body, |request| read(request.channel.outlet().unwrap()), want);
}

#[track_caller]
fn check_refused(body: &[u8], want: ParseError) {
    let arena = Bump::new();
    assert_eq!(parse(body, &arena).err(), Some(want), "{}", String::from_utf8_lossy(body));
}

/// How many imps are left of those in `imps`.
#[track_caller]
fn check_kept(imps: &str, want: &[&str]) {
    let ids = |request: &BidRequest<'_>| request.imp.iter().map(|imp| imp.id.to_owned()).collect::<Vec<_>>();
    check(&format!(r#"{{"id":"r","imp":[{imps}]}}"#), ids, want.iter().map(|id| (*id).to_owned()).collect());
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn cpm(micros: i64) -> Cpm {
    Cpm::from_micros(micros).unwrap()
}

fn format(w: u32, h: u32) -> Format {
    Format { w, h, wratio: 0, hratio: 0, wmin: 0 }
}

// What is refused, and nothing else.

#[test]
fn what_is_not_a_bid_request_is_refused_by_its_reason() {
    check_refused(b"", ParseError::NotJson { at: 0 });
    check_refused(b"{\"id\":\"r\",", ParseError::NotJson { at: 10 });
    check_refused(br#"{"id":"r","imp":[{"id":"1"}]} x"#, ParseError::NotJson { at: 30 });
    check_refused(b"{\"id\":\"\xff\"}", ParseError::NotUtf8 { at: 7 });
    for root in ["[]", "null", "1", "\"id\"", "[{\"id\":\"r\",\"imp\":[{}]}]"] {
        check_refused(root.as_bytes(), ParseError::RootNotAnObject);
    }
    for id in ["", r#""id":5,"#, r#""id":null,"#, r#""id":["r"],"#, r#""id":"r","id":true,"#] {
        check_refused(format!(r#"{{{id}"imp":[{{}}]}}"#).as_bytes(), ParseError::IdNotAString);
    }
    for imp in ["", r#","imp":null"#, r#","imp":{}"#, r#","imp":"1""#, r#","imp":[{}],"imp":1"#] {
        check_refused(format!(r#"{{"id":"r"{imp}}}"#).as_bytes(), ParseError::ImpNotAnArray);
    }
    check_refused(br#"{"id":"r","imp":[]}"#, ParseError::ImpEmpty);
}

#[test]
fn garbage_in_an_unknown_field_is_still_not_json() {
    check_refused(br#"{"id":"r","imp":[{}],"zz":{"a":[1,}}"#, ParseError::NotJson { at: 34 });
    check_refused(br#"{"id":"r","imp":[{"id":"1","ext":tru}]}"#, ParseError::NotJson { at: 33 });
}

#[test]
fn a_hundred_thousand_brackets_are_refused_wherever_they_stand() {
    for before in ["", r#"{"imp":"#, r#"{"imp":[{"banner":{"format":"#, r#"{"zz":"#, r#"{"user":{"data":"#] {
        for open in ["[", "{\"a\":", "{\"imp\":["] {
            let body = format!("{before}{}", open.repeat(100_000));
            let arena = Bump::new();
            assert!(matches!(parse(body.as_bytes(), &arena), Err(ParseError::TooDeep { .. })), "{before}");
        }
    }
}

#[test]
fn a_refusal_names_the_place() {
    let arena = Bump::new();
    let message = |body: &[u8]| parse(body, &arena).unwrap_err().to_string();
    assert_eq!(message(b"{]"), "bid request: not JSON at byte 1");
    assert_eq!(message(b"{}"), "bid request: `id` is missing or not a string");
    assert_eq!(message(br#"{"id":"r"}"#), "bid request: `imp` is missing or not an array");
}

// What is dropped.

#[test]
fn an_imp_without_id_or_medium_is_dropped_and_the_others_stay() {
    check_kept(r#"{"banner":{}},{"id":"2"},{"id":"3","banner":{}},5,null,"x",[]"#, &["3"]);
    check_kept(r#"{"id":"","banner":{}},{"id":null,"banner":{}},{"id":"1","banner":null}"#, &[]);
    check_kept(r#"{"id":"1","video":5},{"id":"2","native":{}},{"id":"3","audio":{}}"#, &["3"]);
}

#[test]
fn an_imp_of_an_id_that_was_there_is_dropped_even_if_the_first_cannot_be_bid_on() {
    check_kept(r#"{"id":"1"},{"id":"1","banner":{}},{"id":"2","banner":{}}"#, &["2"]);
    check_kept(r#"{"id":"1","banner":{},"qty":{}},{"id":"1","banner":{}}"#, &[]);
}

#[test]
fn the_first_imp_of_an_id_stays() {
    check_kept(r#"{"id":"1","banner":{}},{"id":"1","video":{}},{"id":"2","video":{}}"#, &["1", "2"]);
    let body = r#"{"id":"r","imp":[{"id":"1","banner":{}},{"id":"1","video":{}}]}"#;
    check(body, |request| request.imp[0].banner.is_some(), true);
}

#[test]
fn an_imp_of_unknown_cost_is_dropped() {
    for qty in [r"{}", r#"{"multiplier":0}"#, r#"{"multiplier":-1}"#, r#"{"multiplier":"many"}"#, "14", "[]"]
    {
        check_kept(&format!(r#"{{"id":"1","banner":{{}},"qty":{qty}}}"#), &[]);
    }
    check_kept(r#"{"id":"1","banner":{},"qty":{"multiplier":1e400}}"#, &[]);
}

#[test]
fn long_lists_are_cut_but_block_lists_are_not() {
    let imps: Vec<_> = (0..IMPS_MAX + 9).map(|id| format!(r#"{{"id":"{id}","banner":{{}}}}"#)).collect();
    check(&format!(r#"{{"id":"r","imp":[{}]}}"#, imps.join(",")), |request| request.imp.len(), IMPS_MAX);
    let words = vec!["\"a\""; LIST_MAX + 9].join(",");
    check_root(&format!(r#""wseat":[{words}]"#), |request| request.wseat.len(), LIST_MAX);
    check_root(&format!(r#""badv":[{words}]"#), |request| request.badv.len(), LIST_MAX + 9);
    let body = format!(r#"{{"id":"r",$IMP,"wseat":[{words},}}"#);
    check_refused(body.replace("$IMP", r#""imp":[{}]"#).as_bytes(), {
        ParseError::NotJson { at: body.len() - 1 + r#""imp":[{}]"#.len() - "$IMP".len() }
    });
}

// Tolerances.

#[test]
fn an_integer_may_be_a_float_a_text_or_a_word() {
    for (value, want) in [
        ("1", 1),
        ("1.0", 1),
        ("1e0", 1),
        ("\"1\"", 1),
        ("\" 1.0 \"", 1),
        ("true", 1),
        ("null", 2),
        ("[]", 2),
        ("{}", 2),
        ("\"first\"", 2),
        ("-1", 2),
        ("1e400", u32::MAX),
        ("99999999999999999999999", u32::MAX),
        ("-1e400", 2),
        ("0", 2),
    ] {
        check_root(&format!(r#""at":{value}"#), |request| request.at, want);
    }
    check_banner(r#""w":300.0,"h":"250""#, &[format(300, 250)]);
}

#[test]
fn a_flag_may_be_a_number_a_text_or_a_word() {
    for (value, want) in [
        ("1", Some(true)),
        ("0", Some(false)),
        ("0.0", Some(false)),
        ("true", Some(true)),
        ("false", Some(false)),
        ("\"1\"", Some(true)),
        ("\"0\"", Some(false)),
        ("\"True\"", Some(true)),
        ("\"\"", None),
        ("null", None),
        ("{}", None),
    ] {
        check_imp(&format!(r#""video":{{"skip":{value}}}"#), |imp| imp.video.unwrap().skip, want);
    }
}

#[test]
fn a_flag_is_raised_by_any_number_but_zero_however_small_or_large() {
    for (text, want) in [
        ("-0.5", Some(true)),
        ("0.25", Some(true)),
        ("\"-1e-9\"", Some(true)),
        ("1e99999", Some(true)),
        ("1e-99999", Some(true)),
        ("-0.0", Some(false)),
        ("0e99999", Some(false)),
    ] {
        check_regs(&format!(r#""gdpr":{text}"#), |regs| regs.gdpr, want);
    }
}

#[test]
fn a_limit_of_less_than_one_is_a_limit() {
    check_imp(r#""video":{"maxduration":0.5}"#, |imp| imp.video.and_then(|video| video.maxduration), Some(1));
    check_banner(r#""w":"1e-99999","h":250"#, &[format(1, 250)]);
    check_imp(r#""video":{"maxduration":-0.5}"#, |imp| imp.video.and_then(|video| video.maxduration), None);
}

#[test]
fn a_number_beyond_the_range_is_its_end() {
    check_banner(r#""format":[{"w":300,"h":4294967296}]"#, &[format(300, u32::MAX)]);
    check_banner(r#""w":1e30,"h":"99999999999999999999""#, &[format(u32::MAX, u32::MAX)]);
    check_banner(r#""w":-1e30,"h":250"#, &[format(0, 250)]);
    check_imp(
        r#""video":{"startdelay":-3e10,"maxextended":3e10}"#,
        |imp| imp.video.map(|video| (video.startdelay, video.maxextended)),
        Some((Some(i32::MIN), i32::MAX.cast_unsigned())),
    );
}

#[test]
fn a_code_below_zero_is_one_that_nobody_knows_and_not_an_absent_list() {
    let protocols = |imp: &Imp<'_>| imp.video.map(|video| video.protocols.to_vec());
    check_imp(r#""video":{"protocols":-8}"#, protocols, Some(vec![u32::MAX]));
    check_imp(r#""video":{"protocols":[2,"-1.5",null]}"#, protocols, Some(vec![2, u32::MAX]));
}

#[test]
fn no_number_of_nulls_pushes_a_restriction_out_of_its_list() {
    let nulls = "null,".repeat(LIST_MAX + 1);
    check_imp(
        &format!(r#""video":{{"protocols":[{nulls}7]}}"#),
        |imp| imp.video.map(|video| video.protocols.to_vec()),
        Some(vec![7]),
    );
}

/// What is read of `sent` as each of the lists of what is allowed: the texts, then the codes.
#[track_caller]
fn check_allowed(sent: &str, texts: &[&str], codes: &[u32]) {
    for name in ["cur", "wseat", "wlang", "wlangb", "acat"] {
        let read = |request: &BidRequest<'_>| {
            let BidRequest { cur, wseat, wlang, wlangb, acat, .. } = *request;
            owned([cur, wseat, wlang, wlangb, acat].into_iter().find(|list| !list.is_empty()).unwrap_or(&[]))
        };
        check_root(&format!(r#""{name}":{sent}"#), read, owned(texts));
    }
    check_deal(&format!(r#""wseat":{sent}"#), |deal| owned(deal.wseat), owned(texts));
    check_deal(&format!(r#""wadomain":{sent}"#), |deal| owned(deal.wadomain), owned(texts));
    let banner = format!(r#""banner":{{"mimes":{sent}}}"#);
    check_imp(&banner, |imp| owned(imp.banner.unwrap().mimes), owned(texts));
    check_imp(&format!(r#""video":{{"mimes":{sent}}}"#), |imp| owned(imp.video.unwrap().mimes), owned(texts));
    for name in ["protocols", "protocol", "rqddurs", "companiontype", "delivery"] {
        let read = |imp: &Imp<'_>| {
            let video = imp.video.unwrap();
            let lists = [video.protocols, video.rqddurs, video.companiontype, video.delivery];
            lists.into_iter().find(|list| !list.is_empty()).unwrap_or(&[]).to_vec()
        };
        check_imp(&format!(r#""video":{{"{name}":{sent}}}"#), read, codes.to_vec());
    }
}

#[test]
fn a_list_of_what_is_allowed_that_cannot_be_read_allows_nothing() {
    for sent in ["{}", r#"{"x":1}"#, "[{}]", "[[]]", "[null,{}]", r#"["",[7]]"#] {
        check_allowed(sent, &[UNREADABLE], &[UNKNOWN_CODE]);
    }
    // Nothing is said by these, and what can be read is enough.
    for sent in ["null", "[]", "[null]", r#""""#, r#"["",null]"#] {
        check_allowed(sent, &[], &[]);
    }
    check_allowed(r#"[{},"7",null]"#, &["7"], &[7]);
    check_allowed(r#""7""#, &["7"], &[7]);
    check_allowed(r#"["x"]"#, &["x"], &[UNKNOWN_CODE]);
    check_allowed("[true]", &[UNREADABLE], &[1]);
}

#[test]
fn an_unreadable_entry_of_a_block_list_blocks_nothing() {
    check_root(
        r#""bcat":[{}],"badv":{},"bapp":[[]],"bseat":[true]"#,
        |request| {
            let BidRequest { bcat, badv, bapp, bseat, .. } = *request;
            [bcat, badv, bapp, bseat].map(<[&str]>::len)
        },
        [0; 4],
    );
    check_imp(r#""banner":{"btype":[{}],"battr":["x"]}"#, |imp| imp.banner.unwrap().btype.len(), 0);
}

#[test]
fn a_time_of_zero_is_one_that_the_exchange_does_not_know() {
    for (tmax, want) in [("0", None), ("\"0\"", None), ("null", None), ("1", Some(1)), ("0.5", Some(1))] {
        check_root(&format!(r#""tmax":{tmax}"#), |request| request.tmax, want);
    }
}

#[test]
fn the_single_protocol_of_older_requests_counts_where_there_is_no_list() {
    for (fields, want) in [
        (r#""protocol":2"#, &[2][..]),
        (r#""protocol":2,"protocols":[]"#, &[2]),
        (r#""protocols":[3,7],"protocol":2"#, &[3, 7]),
        (r#""protocols":[{}],"protocol":2"#, &[UNKNOWN_CODE]),
        (r#""protocol":-1"#, &[UNKNOWN_CODE]),
        (r#""protocol":0"#, &[]),
        (r#""protocol":null"#, &[]),
    ] {
        check_imp(
            &format!(r#""video":{{{fields}}}"#),
            |imp| imp.video.unwrap().protocols.to_vec(),
            want.to_vec(),
        );
    }
}

#[test]
fn a_banner_takes_the_deprecated_ranges_of_sides_that_are_told_in_no_other_way() {
    let range = |wmin, wmax, hmin, hmax| Some(SizeRange { wmin, wmax, hmin, hmax });
    let all = r#""wmin":300,"wmax":"728","hmin":89.5,"hmax":600.5"#;
    let of_height = range(0, None, 90, Some(600));
    for (fields, want) in [
        (String::new(), None),
        (all.into(), range(300, Some(728), 90, Some(600))),
        (r#""wmin":300"#.into(), range(300, None, 0, None)),
        (r#""wmin":0,"wmax":0,"hmin":null,"hmax":{}"#.into(), None),
        (format!(r#"{all},"w":970"#), of_height),
        (format!(r#"{all},"w":970,"h":250"#), None),
        (format!(r#"{all},"format":[{{"w":970,"h":250}}]"#), None),
        (format!(r#"{all},"format":[{{}}]"#), range(300, Some(728), 90, Some(600))),
    ] {
        check_imp(&format!(r#""banner":{{{fields}}}"#), |imp| imp.banner.unwrap().range.copied(), want);
    }
}

#[test]
fn null_is_absent() {
    check_root(r#""device":null,"user":null,"regs":null,"site":null,"cur":null,"badv":null"#, |_| (), ());
    check_root(r#""site":null"#, |request| request.channel.outlet().is_none(), true);
    check_imp(
        r#""bidfloor":null,"bidfloorcur":null,"pmp":null,"qty":null,"ext":null"#,
        |imp| imp.bidfloor,
        Cpm::ZERO,
    );
}

#[test]
fn an_object_of_the_wrong_type_is_absent() {
    check_root(
        r#""site":5,"device":"x","user":[],"regs":true"#,
        |request| request.channel.outlet().is_none(),
        true,
    );
    check_imp(r#""ext":"x","video":[1],"pmp":"none","native":"{}""#, |imp| imp.video.is_none(), true);
    check_root(r#""user":{"data":[5,{"segment":"x"}],"eids":{},"geo":1,"ext":4}"#, |_| (), ());
}

#[test]
fn a_list_may_be_one_text_and_hold_numbers() {
    check_site(r#""cat":"IAB1""#, |site| owned(site.cat), owned(&["IAB1"]));
    check_root(
        r#""bcat":[1,"IAB2",null,[],{},"",3.5]"#,
        |request| owned(request.bcat),
        owned(&["1", "IAB2", "3.5"]),
    );
    check_root(r#""cur":"EUR""#, |request| owned(request.cur), owned(&["EUR"]));
    check_imp(
        r#""banner":{"battr":["1",2,3.0,"x",null],"btype":4}"#,
        |imp| (imp.banner.unwrap().battr.to_vec(), imp.banner.unwrap().btype.to_vec()),
        (vec![1, 2, 3], vec![4]),
    );
}

#[test]
fn a_text_may_be_a_number() {
    check_device(
        r#""carrier":5,"osv":17.2"#,
        |device| (device.carrier == Some("5"), device.osv == Some("17.2")),
        (true, true),
    );
    check_kept(r#"{"id":1,"banner":{}}"#, &["1"]);
}

#[test]
fn keywords_may_be_a_text_or_a_list_and_kwarray_joins_them() {
    check_site(r#""keywords":" a, b ,,c""#, |site| owned(site.keywords), owned(&["a", "b", "c"]));
    check_site(r#""keywords":["a","b,c"]"#, |site| owned(site.keywords), owned(&["a", "b", "c"]));
    check_user(r#""kwarray":["d"],"keywords":"a""#, |user| owned(user.keywords), owned(&["a", "d"]));
}

#[test]
fn unknown_fields_and_codes_are_tolerated() {
    check_root(r#""zz":{"a":[1,{"b":null}]},"at":777,"source":[],"ext":3"#, |request| request.at, 777);
    check_device(r#""devicetype":99,"ifa_type":"x""#, |device| device.devicetype, Some(99));
}

#[test]
fn of_a_repeated_key_the_last_counts() {
    check(
        r#"{"id":"a","imp":[],$IMP,"id":"r","at":1,"at":3}"#,
        |request| (request.id.to_owned(), request.at),
        ("r".into(), 3),
    );
    check_root(
        r#""user":{"id":"a","buyeruid":"x"},"user":{"id":"b"}"#,
        |request| request.user.buyeruid.is_none(),
        true,
    );
    check_regs(r#""ext":{"gdpr":1},"ext":{}"#, |regs| regs.gdpr, None);
}

#[test]
fn a_key_may_be_escaped() {
    check(r#"{"\u0069d":"caf\u00e9 \"x\"",$IMP}"#, |request| request.id.to_owned(), "café \"x\"".to_owned());
}

#[test]
fn of_several_channels_the_app_comes_first_then_the_site() {
    let kind = |request: &BidRequest<'_>| match request.channel {
        Channel::Site(_) => "site",
        Channel::App(_) => "app",
        Channel::Dooh(_) => "dooh",
        Channel::Unknown => "unknown",
    };
    check_root(r#""site":{},"app":{},"dooh":{}"#, kind, "app");
    check_root(r#""dooh":{},"site":{}"#, kind, "site");
    check_root(r#""dooh":{}"#, kind, "dooh");
    check_root(r#""at":1"#, kind, "unknown");
}

#[test]
fn defaults_are_those_of_the_specification() {
    check_root(
        r#""test":0"#,
        |request| (request.at, request.test, request.tmax, request.cattax),
        (2, false, None, 1),
    );
    check_imp(
        r#""instl":0"#,
        |imp| (imp.bidfloor, imp.bidfloorcur.to_owned(), imp.secure, imp.multiplier.millionths()),
        (Cpm::ZERO, "USD".to_owned(), None, 1_000_000),
    );
    check_imp(
        r#""video":{}"#,
        |imp| {
            let video = imp.video.unwrap();
            (video.boxingallowed, video.pod.is_some(), video.minduration, video.maxduration)
        },
        (true, false, 0, None),
    );
    check_site(r#""content":{}"#, |site| (site.cattax, site.content.cattax), (1, 1));
    check_site(r#""id":"s""#, |site| (site.cattax, site.content.cattax), (1, 1));
}

// Floors.

#[test]
fn a_floor_is_exact_and_rounded_up() {
    for (text, micros) in [
        ("0.1", 100_000),
        ("1.0000001", 1_000_001),
        ("\"0.5\"", 500_000),
        ("1e-3", 1_000),
        ("0", 0),
        ("null", 0),
        ("-1", 0),
        ("-1e400", 0),
        ("false", 0),
    ] {
        check_imp(&format!(r#""bidfloor":{text}"#), |imp| imp.bidfloor, cpm(micros));
        check_deal(&format!(r#""bidfloor":{text}"#), |deal| deal.bidfloor, cpm(micros));
    }
}

#[test]
fn nothing_is_bid_under_a_floor_that_cannot_be_read() {
    for text in ["1e400", "1000001", "\"cheap\"", "\"\"", "\"1,5\"", "[1]", "{}", "true"] {
        check_imp(&format!(r#""bidfloor":{text}"#), |imp| imp.bidfloor, Cpm::MAX);
    }
}

#[test]
fn a_floor_currency_is_kept_as_sent_and_never_guessed() {
    for (value, want) in [
        ("\"EUR\"", "EUR"),
        ("\"INVALID\"", "INVALID"),
        ("null", "USD"),
        ("\"\"", "USD"),
        ("7", "7"),
        ("{}", ""),
    ] {
        check_imp(&format!(r#""bidfloorcur":{value}"#), |imp| imp.bidfloorcur.to_owned(), want.to_owned());
    }
    check_imp(
        r#""bidfloorcur":"EUR","pmp":{"deals":[{"id":"d"}]}"#,
        |imp| imp.deals[0].bidfloorcur.to_owned(),
        "USD".to_owned(),
    );
}

#[test]
fn floors_by_duration_are_read() {
    let fields = r#""mincpmpersec":0.05,"durfloors":[{"mindur":1,"maxdur":15,"bidfloor":5},{"mindur":16,"bidfloor":"10"}]"#;
    let want = vec![
        DurFloor { mindur: 1, maxdur: Some(15), bidfloor: cpm(5_000_000) },
        DurFloor { mindur: 16, maxdur: None, bidfloor: cpm(10_000_000) },
    ];
    let video = |imp: &Imp<'_>| imp.video.map(|video| (video.mincpmpersec, video.durfloors.to_vec()));
    check_imp(&format!(r#""video":{{{fields}}}"#), video, Some((Some(cpm(50_000)), want.clone())));
    check_deal(fields, |deal| (deal.mincpmpersec, deal.durfloors.to_vec()), (Some(cpm(50_000)), want));
}

#[test]
fn a_multiplier_is_rounded_up_to_a_millionth() {
    for (value, millionths) in
        [("14.2", 14_200_000), ("0.0000001", 1), ("\"0.5\"", 500_000), ("1", 1_000_000)]
    {
        check_imp(
            &format!(r#""qty":{{"multiplier":{value},"sourcetype":1}}"#),
            |imp| imp.multiplier.millionths(),
            millionths,
        );
    }
}

#[test]
fn of_deals_with_the_same_id_the_first_counts() {
    let terms =
        |imp: &Imp<'_>| imp.deals.iter().map(|deal| (deal.id.to_owned(), deal.at)).collect::<Vec<_>>();
    check_imp(
        r#""pmp":{"deals":[{"id":"b","at":1},{"id":"a","at":2},{"id":"b","at":3},{"id":"B","at":4},{"at":5},
            {"id":"a","at":6},{"id":"b","at":7}]}"#,
        terms,
        vec![("b".to_owned(), Some(1)), ("a".to_owned(), Some(2)), ("B".to_owned(), Some(4))],
    );
    let same = vec![r#"{"id":"d","at":1}"#; LIST_MAX].join(",");
    check_imp(&format!(r#""pmp":{{"deals":[{same}]}}"#), terms, vec![("d".to_owned(), Some(1))]);
}

#[test]
fn deals_come_with_their_terms_and_those_without_id_are_dropped() {
    check_imp(
        r#""pmp":{"private_auction":1,"deals":[{"bidfloor":1},{"id":"d","at":3,"wseat":["s"],"wadomain":"a.example"},7]}"#,
        |imp| {
            let deal = imp.deals[0];
            (imp.private_auction, imp.deals.len(), deal.at, owned(deal.wseat), owned(deal.wadomain))
        },
        (true, 1, Some(3), owned(&["s"]), owned(&["a.example"])),
    );
}

// Media.

#[test]
fn a_banner_takes_the_sizes_of_its_format_else_its_own() {
    check_banner(
        r#""w":1,"h":2,"format":[{"w":300,"h":250},{"w":320,"h":50}]"#,
        &[format(300, 250), format(320, 50)],
    );
    check_banner(r#""w":728,"h":90"#, &[format(728, 90)]);
    check_banner(r#""format":[{},null,5],"w":728,"h":90"#, &[format(728, 90)]);
    check_banner(
        r#""format":[{"wratio":16,"hratio":9,"wmin":320}]"#,
        &[Format { w: 0, h: 0, wratio: 16, hratio: 9, wmin: 320 }],
    );
    check_banner(r#""format":[]"#, &[]);
}

#[test]
fn any_sign_of_a_pod_marks_it() {
    for (fields, want) in [
        (r#""podid":"p""#, true),
        (r#""podid":1"#, true),
        (r#""poddur":60"#, true),
        (r#""slotinpod":-1"#, true),
        (r#""slotinpod":0,"poddur":0,"podid":"""#, false),
        (r#""podseq":0"#, false),
    ] {
        check_imp(&format!(r#""video":{{{fields}}}"#), |imp| imp.video.unwrap().pod.is_some(), want);
        check_imp(&format!(r#""audio":{{{fields}}}"#), |imp| imp.audio.unwrap().pod.is_some(), want);
    }
}

#[test]
fn a_pod_keeps_its_slots_its_time_and_its_rules() {
    let pod = |imp: &Imp<'_>| imp.video.unwrap().pod.map(|pod| format!("{pod:?}"));
    check_imp(
        r#""video":{"podid":"p","podseq":-1,"slotinpod":2,"poddur":"90","maxseq":3.0,"poddedupe":[1,3]}"#,
        pod,
        Some(
            "Pod { podid: Some(\"p\"), podseq: -1, slotinpod: 2, poddur: Some(90), maxseq: Some(3), \
             poddedupe: [1, 3] }"
                .to_owned(),
        ),
    );
    check_imp(r#""video":{"maxseq":3}"#, pod, None);
}

#[test]
fn a_video_tells_how_it_is_skipped_extended_and_accompanied() {
    let told = |imp: &Imp<'_>| {
        let video = imp.video.unwrap();
        (
            video.skipmin,
            video.skipafter,
            video.maxextended,
            video.companionad.len(),
            video.companiontype.len(),
        )
    };
    check_imp(
        r#""video":{"skipmin":15,"skipafter":5,"maxextended":-1,"companionad":[{"w":300,"h":250},null,7],
            "companiontype":[1,2]}"#,
        told,
        (15, 5, u32::MAX, 1, 2),
    );
    check_imp(r#""video":{"maxextended":-7}"#, told, (0, 0, 0, 0, 0));
    check_imp(r#""video":{"maxextended":-0.1}"#, told, (0, 0, 0, 0, 0));
    check_imp(r#""video":{"maxextended":10,"skipafter":4.5}"#, told, (0, 5, 10, 0, 0));
}

#[test]
fn a_deal_can_be_guaranteed() {
    let guar = |imp: &Imp<'_>| imp.deals.iter().map(|deal| deal.guar).collect::<Vec<_>>();
    check_imp(r#""banner":{},"pmp":{"deals":[{"id":"a","guar":1},{"id":"b"}]}"#, guar, vec![true, false]);
}

#[test]
fn of_two_places_of_dsa_the_stricter_holds_field_by_field() {
    let dsa = |regs: &Regs<'_>| (regs.dsa.required, regs.dsa.pubrender, regs.dsa.datatopub);
    check_regs(r#""ext":{"dsa":{"dsarequired":2,"pubrender":2,"datatopub":1}}"#, dsa, (2, 2, 1));
    check_regs(
        r#""dsa":{"dsarequired":1,"pubrender":2},"ext":{"dsa":{"dsarequired":3,"pubrender":1,"datatopub":2}}"#,
        dsa,
        (3, 1, 2),
    );
    check_regs(r#""dsa":{"dsarequired":2,"pubrender":0.1}"#, dsa, (2, 0, 0));
    check_regs(r#""dsa":{"dsarequired":9,"pubrender":9,"datatopub":9}"#, dsa, (3, 0, 2));
}

#[test]
fn a_video_keeps_what_it_demands() {
    let fields = r#""mimes":["video/mp4"],"protocols":[2,"3",7.0],"minduration":5.5,"maxduration":30.9,"plcmt":1,
        "placement":3,"startdelay":-1,"skip":0,"w":640,"h":0,"api":[7],"delivery":[2],"linearity":1"#;
    check_imp(
        &format!(r#""video":{{{fields}}}"#),
        |imp| {
            let video = imp.video.unwrap();
            (
                owned(video.mimes),
                video.protocols.to_vec(),
                (video.minduration, video.maxduration, video.plcmt, video.placement, video.startdelay),
                (video.skip, video.w, video.h),
            )
        },
        (
            owned(&["video/mp4"]),
            vec![2, 3, 7],
            (6, Some(30), Some(1), Some(3), Some(-1)),
            (Some(false), Some(640), None),
        ),
    );
}

#[test]
fn a_reward_stands_in_either_place() {
    check_imp(r#""rwdd":1"#, |imp| imp.rwdd, true);
    check_imp(r#""ext":{"prebid":{"is_rewarded_inventory":1}}"#, |imp| imp.rwdd, true);
    check_imp(r#""rwdd":0,"ext":{"prebid":{"is_rewarded_inventory":0}}"#, |imp| imp.rwdd, false);
}

const ASSETS: &str = r#""assets":[{"id":1,"required":1,"title":{"len":90}},{"id":2,"img":{"type":3,"wmin":100,"hmin":50}},
    {"id":3,"data":{"type":12,"len":15}},{"id":4,"required":1,"video":{"mimes":["video/mp4"],"minduration":1}}],
    "eventtrackers":[{"event":1,"methods":[1,2]},{"event":2,"methods":"1"}]"#;

#[track_caller]
fn check_native(request: &str, wrapped: Option<bool>) {
    let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}},"native":{{"request":{request}}}}}]}}"#);
    check(
        &body,
        |request| {
            request.imp[0].native.map(|native| {
                assert_eq!(native.assets.len(), 4, "{body}");
                assert_eq!(native.eventtrackers, [(1, 1), (1, 2), (2, 1)], "{body}");
                native.wrapped
            })
        },
        wrapped,
    );
}

#[test]
fn a_native_request_may_be_a_string_or_an_object_wrapped_or_not() {
    let bare = format!(r#"{{"ver":"1.2",{ASSETS}}}"#);
    let wrapped = format!(r#"{{"native":{bare}}}"#);
    for (request, is_wrapped) in [(&bare, false), (&wrapped, true)] {
        check_native(request, Some(is_wrapped));
        check_native(&serde_json::to_string(request).unwrap(), Some(is_wrapped));
    }
}

#[test]
fn a_native_request_that_cannot_be_read_is_no_medium() {
    for request in
        [r#""""#, r#""{\"assets\":[""#, r#""{} x""#, "null", "5", r#"{"assets":[]}"#, r#"{"assets":[{}]}"#]
    {
        check_native(request, None);
    }
    check_native(&format!("\"{}\"", "[".repeat(100_000)), None);
}

#[test]
fn an_asset_is_of_one_kind_and_a_required_one_without_id_cannot_be_answered() {
    let body = r#""native":{"request":{"assets":[{"id":7,"title":{}},{"required":1,"title":{"len":9}},{"id":8,"data":{}}]}}"#;
    check_imp(
        body,
        |imp| {
            let kinds = imp.native.unwrap().assets.iter().map(|asset| match asset.kind {
                NativeKind::Title { len } => format!("{} title {len}", asset.id),
                NativeKind::Other => format!("{} other {}", asset.id, asset.required),
                _ => "more".to_owned(),
            });
            kinds.collect::<Vec<_>>().join(", ")
        },
        format!("7 title {}, 0 other true, 8 other false", u32::MAX),
    );
}

#[test]
fn of_two_assets_of_one_id_the_first_stays_and_a_second_required_one_cannot_be_answered() {
    let check = |second: &str, want: &str| {
        let assets = format!(r#"{{"id":1,"title":{{"len":9}}}},{{"id":1,"data":{{"type":2}}{second}}}"#);
        let body = format!(r#""native":{{"request":{{"assets":[{assets}]}}}}"#);
        let kinds = |imp: &Imp<'_>| {
            let kinds = imp.native.unwrap().assets.iter().map(|asset| match asset.kind {
                NativeKind::Title { .. } => "title",
                NativeKind::Other => "other",
                _ => "more",
            });
            kinds.collect::<Vec<_>>().join(" ")
        };
        check_imp(&body, kinds, want.to_owned());
    };
    check("", "title");
    check(r#","required":1"#, "title other");
}

#[test]
fn an_asset_whose_id_is_too_large_to_be_repeated_has_none() {
    let body = r#""native":{"request":{"assets":[{"id":4294967296,"title":{}},{"id":2,"title":{}}]}}"#;
    check_imp(
        body,
        |imp| imp.native.unwrap().assets.iter().map(|asset| asset.id).collect::<Vec<_>>(),
        vec![2],
    );
}

// Context.

#[test]
fn an_id_of_zeros_is_no_id() {
    let ifa = |device: &Device<'_>| device.ifa.map(str::to_owned);
    check_device(r#""ifa":"00000000-0000-0000-0000-000000000000""#, ifa, None);
    check_device(r#""ifa":"""#, ifa, None);
    check_device(
        r#""ifa":"10000000-0000-0000-0000-000000000000""#,
        ifa,
        Some("10000000-0000-0000-0000-000000000000".into()),
    );
}

#[test]
fn a_place_off_the_globe_is_unknown() {
    let place = |device: &Device<'_>| (device.geo.lat, device.geo.lon);
    check_device(r#""geo":{"lat":48.85,"lon":"2.35"}"#, place, (Some(48.85), Some(2.35)));
    check_device(r#""geo":{"lat":90.1,"lon":-180.5}"#, place, (None, None));
    check_device(r#""geo":{"lat":1e400,"lon":"NaN"}"#, place, (None, None));
}

#[test]
fn the_structured_user_agent_serves_where_the_plain_fields_are_absent() {
    let system = |device: &Device<'_>| {
        [device.os, device.osv, device.model].map(|field| field.unwrap_or("-").to_owned())
    };
    let sua = r#""sua":{"platform":{"brand":"Android","version":["13","1"]},"model":"Pixel"}"#;
    check_device(sua, system, ["Android", "13.1", "Pixel"].map(str::to_owned));
    check_device(&format!(r#"{sua},"os":"iOS","model":"x""#), system, ["iOS", "-", "x"].map(str::to_owned));
}

#[test]
fn language_stands_in_either_form() {
    check_device(r#""langb":"fr-CA""#, |device| device.language == Some("fr-CA"), true);
    check_site(
        r#""content":{"langb":"fr-CA","language":"fr"}"#,
        |site| site.content.language == Some("fr"),
        true,
    );
}

#[test]
fn the_outlet_is_read_whole() {
    let fields = r#""id":"s","domain":"a.example","page":"https://a.example/","cat":["1"],"sectioncat":["2"],"pagecat":["3"],
        "publisher":{"id":"p","domain":"p.example"},
        "content":{"title":"t","genre":"g","livestream":1,"channel":{"name":"c"},"network":{"name":"n"}}"#;
    check_site(
        fields,
        |site| {
            let Content { title, genre, livestream, channel, network, .. } = site.content;
            assert_eq!(livestream, Some(true));
            let texts = [
                site.id,
                site.domain,
                site.publisher_id,
                site.publisher_domain,
                title,
                genre,
                channel.and_then(|channel| channel.name),
                network.and_then(|network| network.name),
            ];
            (owned(site.cat), texts.map(|text| text.unwrap_or("-").to_owned()).join(" "))
        },
        (owned(&["1", "2", "3"]), "s a.example p p.example t g c n".to_owned()),
    );
}

#[test]
fn segments_carry_their_provider_wherever_it_stands() {
    let fields = r#""data":[{"segment":[{"id":"1"},{"name":"two"},{}],"name":"prov","ext":{"segtax":4}},{"id":"d","segment":[{"id":3}]}]"#;
    check_user(
        fields,
        |user| {
            let texts =
                user.segments.iter().map(|s| format!("{} {} {}", s.provider.unwrap_or("-"), s.id, s.segtax));
            texts.collect::<Vec<_>>()
        },
        owned(&["prov 1 4", "prov two 4", "d 3 0"]),
    );
}

#[test]
fn a_metric_needs_a_type_and_a_value() {
    let metric = |imp: &Imp<'_>| imp.metric.iter().map(|metric| format!("{metric:?}")).collect::<Vec<_>>();
    check_imp(
        r#""metric":[{"type":"viewability","value":"0.5","vendor":"EXCHANGE"},{"type":"session_depth","value":12},
            {"value":1},{"type":"x"},{"type":"x","value":"high"},{"type":"x","value":1e999},null,7,"x"]"#,
        metric,
        owned(&[
            r#"Metric { type: "viewability", value: 0.5, vendor: Some("EXCHANGE") }"#,
            r#"Metric { type: "session_depth", value: 12.0, vendor: None }"#,
        ]),
    );
    for sent in [r#""metric":{}"#, r#""metric":"viewability""#, r#""metric":null"#] {
        check_imp(sent, metric, vec![]);
    }
}

#[test]
fn a_rate_that_is_no_share_is_not_known() {
    let rates = |imp: &Imp<'_>| (imp.viewability(), imp.click_through_rate());
    for (sent, want) in [("0.7", Some(0.7)), ("0", Some(0.0)), ("1", Some(1.0)), ("70", None), ("-1", None)] {
        check_imp(&format!(r#""metric":[{{"type":"Viewability","value":{sent}}}]"#), rates, (want, None));
    }
    check_imp(
        r#""metric":[{"type":"viewability","value":-1},{"type":"viewability","value":0.4,"vendor":"v"},
            {"type":"viewability","value":0.9},{"type":"click_through_rate","value":0.002}]"#,
        rates,
        (Some(0.4), Some(0.002)),
    );
}

#[test]
fn the_structured_user_agent_keeps_every_brand_as_it_came() {
    let sua = |device: &Device<'_>| {
        device.sua.map(|sua| {
            let brands =
                sua.browsers.iter().map(|brand| format!("{} {}", brand.brand, brand.version.join(".")));
            (
                brands.collect::<Vec<_>>(),
                sua.mobile,
                sua.source,
                sua.platform.map(|platform| platform.brand.len()),
            )
        })
    };
    check_device(
        r#""sua":{"browsers":[{"brand":"Not?A_Brand","version":["8"]},{"brand":"Google Chrome","version":["120","0.1"]},
            {"version":["1"]},{"brand":"Opera"},{"brand":"Edge","version":"99"},null],"mobile":1,"source":"2",
            "platform":{"brand":"macOS"},"architecture":"arm","bitness":64}"#,
        sua,
        Some((
            owned(&["Not?A_Brand 8", "Google Chrome 120.0.1", "Opera ", "Edge 99"]),
            Some(true),
            2,
            Some(5),
        )),
    );
    check_device(r#""sua":{"browsers":{},"platform":{"version":[1]}}"#, sua, Some((vec![], None, 0, None)));
    check_device(r#""sua":[]"#, sua, None);
}

#[test]
fn content_tells_its_genres_ratings_makers_and_data() {
    let told = |site: &Outlet<'_>| {
        let Content { genres, gtax, userrating, qagmediarating, prodq, context, len, .. } = site.content;
        (owned(genres), gtax, userrating.map(str::to_owned), [qagmediarating, prodq, context, len])
    };
    check_site(
        r#""content":{"genres":["386",387],"userrating":4.5,"qagmediarating":2,"prodq":1,"videoquality":3,"context":"1",
            "len":1800.5}"#,
        told,
        (owned(&["386", "387"]), 9, Some("4.5".to_owned()), [Some(2), Some(1), Some(1), Some(1_800)]),
    );
    check_site(
        r#""content":{"genres":"386","gtax":7,"videoquality":3,"prodq":0,"context":[],"len":"long"}"#,
        told,
        (owned(&["386"]), 7, None, [None, Some(3), None, None]),
    );
    check_site(r#""content":5"#, told, (vec![], 9, None, [None; 4]));
    let content = r#""content":{"keywords":"a, b","kwarray":["c"],"channel":{"id":7,"domain":"c.example"},"network":{},
        "data":[{"name":"p","segment":[{"id":"386"}],"ext":{"segtax":"7"}}]}"#;
    check_site(
        content,
        |site| {
            let Content { keywords, channel, network, segments, .. } = site.content;
            let segments: Vec<_> = segments.iter().map(|s| format!("{} {}", s.id, s.segtax)).collect();
            assert_eq!(channel, Some(&Broadcaster { id: Some("7"), name: None, domain: Some("c.example") }));
            (owned(keywords), network.is_none(), segments)
        },
        (owned(&["a", "b", "c"]), true, owned(&["386 7"])),
    );
}

#[test]
fn a_site_an_app_and_a_screen_tell_what_only_they_have() {
    check_site(
        r#""ref":"https://b.example/","search":"shoes","mobile":1,"name":"A""#,
        |site| ([site.r#ref, site.search, site.name].map(|text| text.map(str::to_owned)), site.mobile),
        (["https://b.example/", "shoes", "A"].map(|text| Some(text.to_owned())), Some(true)),
    );
    let app = r#""app":{"id":"1","ver":2.5,"paid":"0","storeurl":"https://s.example"}"#;
    check_root(
        app,
        |request| {
            let app = request.channel.outlet().unwrap();
            (app.ver.map(str::to_owned), app.paid, app.storeurl.is_some())
        },
        (Some("2.5".to_owned()), Some(false), true),
    );
    let venue = |request: &BidRequest<'_>| {
        let dooh = request.channel.outlet().unwrap();
        (owned(dooh.venuetype), dooh.venuetypetax)
    };
    check_root(r#""dooh":{"venuetype":["101",30]}"#, venue, (owned(&["101", "30"]), 1));
    check_root(r#""dooh":{"venuetype":"airport","venuetypetax":0}"#, venue, (owned(&["airport"]), 0));
    check_root(r#""dooh":{"venuetype":{},"venuetypetax":"x"}"#, venue, (vec![], 1));
}

#[test]
fn a_birth_year_and_a_gender_are_read_where_they_can_be_true() {
    let person = |user: &User<'_>| (user.yob, user.gender);
    for (sent, want) in [
        (r#""yob":1984,"gender":"M""#, (Some(1984), Some(Gender::Male))),
        (r#""yob":"1984","gender":"f""#, (Some(1984), Some(Gender::Female))),
        (r#""yob":2,"gender":"O""#, (None, Some(Gender::Other))),
        (r#""yob":2100,"gender":"female""#, (None, Some(Gender::Female))),
        (r#""yob":"ff","gender":1"#, (None, None)),
        (r#""yob":[],"gender":"X""#, (None, None)),
    ] {
        check_user(sent, person, want);
    }
}

#[test]
fn the_taxonomy_of_segments_stands_in_ext_first() {
    let taxonomies = |user: &User<'_>| {
        user.segments.iter().map(|s| (s.segtax, s.segclass.map(str::to_owned))).collect::<Vec<_>>()
    };
    check_user(
        r#""data":[{"segment":[{"id":"1"}],"segtax":4},{"segment":[{"id":"1"}],"segtax":4,"ext":{"segtax":600,
            "segclass":2}},{"segment":[{"id":"1"}],"ext":{"segtax":"some","segclass":[]},"segtax":5}]"#,
        taxonomies,
        vec![(4, None), (600, Some("2".to_owned())), (5, None)],
    );
}

#[test]
fn an_id_of_a_person_that_names_nobody_is_absent() {
    let ids = |user: &User<'_>| [user.id, user.buyeruid].map(|id| id.map(str::to_owned));
    let some = |id: &str| Some(id.to_owned());
    check_user(r#""id":"0","buyeruid":"00000000-0000-0000-0000-000000000000""#, ids, [None, None]);
    check_user(r#""id":"{{uid}}","buyeruid":"b""#, ids, [None, some("b")]);
    check_user(r#""id":7,"buyeruid":"null""#, ids, [some("7"), None]);
    check_user(
        r#""eids":[{"source":"a","uids":[{"id":"0"},{"id":"[ID]"},{"id":"x"}]}]"#,
        |user| user.eids.iter().map(|eid| eid.id.to_owned()).collect::<Vec<_>>(),
        owned(&["x"]),
    );
    check_device(r#""ifa":"unknown""#, |device| device.ifa.is_none(), true);
    check_device(r#""ifa":"${IDFA}""#, |device| device.ifa.is_none(), true);
}

#[test]
fn every_uid_of_a_source_comes_with_its_kind_and_how_it_was_matched() {
    let eid = |id, atype| Eid {
        source: "a.example",
        id,
        atype,
        inserter: Some("p.example"),
        matcher: Some("m.example"),
        mm: Some(3),
    };
    check_user(
        r#""eids":[{"uids":[{"id":"1","atype":1},{"id":"2","atype":"3"},{"id":"3","atype":[]}],"source":"a.example",
            "inserter":"p.example","matcher":"m.example","mm":3}]"#,
        |user| {
            assert_eq!(user.eids, &[eid("1", Some(1)), eid("2", Some(3)), eid("3", None)]);
        },
        (),
    );
}

#[test]
fn segments_and_ids_of_people_are_bounded_in_all() {
    let many = vec![r#"{"id":"x"}"#; LIST_MAX - 1].join(",");
    let data = vec![format!(r#"{{"segment":[{many}]}}"#); 3].join(",");
    check_user(&format!(r#""data":[{data}]"#), |user| user.segments.len(), LIST_MAX);
    let eids = vec![format!(r#"{{"source":"s","uids":[{many}]}}"#); 3].join(",");
    check_user(&format!(r#""eids":[{eids}]"#), |user| user.eids.len(), LIST_MAX);
}

// Both places of what moved.

#[test]
fn gdpr_stands_in_either_place_and_yes_wins() {
    for (fields, want) in [
        (r#""gdpr":1"#, Some(true)),
        (r#""ext":{"gdpr":1}"#, Some(true)),
        (r#""gdpr":0,"ext":{"gdpr":1}"#, Some(true)),
        (r#""gdpr":1,"ext":{"gdpr":0}"#, Some(true)),
        (r#""ext":{"gdpr":"0"}"#, Some(false)),
        (r#""ext":{"gdpr":null}"#, None),
        (r#""coppa":0"#, None),
    ] {
        check_regs(fields, |regs| regs.gdpr, want);
    }
}

#[test]
fn us_privacy_stands_in_either_place_and_a_second_string_is_kept() {
    let both = |regs: &Regs<'_>| [regs.us_privacy, regs.us_privacy_ext].map(|text| text.map(str::to_owned));
    for (fields, newer, older) in [
        (r#""us_privacy":"1YNN""#, Some("1YNN"), None),
        (r#""ext":{"us_privacy":"1YNN"}"#, Some("1YNN"), None),
        (r#""us_privacy":"1YNN","ext":{"us_privacy":"1YNN"}"#, Some("1YNN"), None),
        (r#""us_privacy":"1YNN","ext":{"us_privacy":"1YYN"}"#, Some("1YNN"), Some("1YYN")),
        (r#""us_privacy":"1YYN","ext":{"us_privacy":"zzzz"}"#, Some("1YYN"), Some("zzzz")),
        (r#""us_privacy":"1YNN","ext":{"us_privacy":{}}"#, Some("1YNN"), Some(UNREADABLE)),
        (r#""us_privacy":[],"ext":{"us_privacy":"1YNN"}"#, Some(UNREADABLE), Some("1YNN")),
        (r#""us_privacy":"","ext":{"us_privacy":null}"#, None, None),
    ] {
        check_regs(fields, both, [newer, older].map(|text| text.map(str::to_owned)));
    }
}

#[test]
fn gpp_stands_in_either_place_and_a_second_string_is_kept() {
    let gpp = |regs: &Regs<'_>| {
        (regs.gpp.map(str::to_owned), regs.gpp_ext.map(str::to_owned), regs.gpp_sid.to_vec())
    };
    check_regs(r#""gpp":"A","gpp_sid":[7]"#, gpp, (Some("A".into()), None, vec![7]));
    check_regs(r#""ext":{"gpp":"A","gpp_sid":["7"]}"#, gpp, (Some("A".into()), None, vec![7]));
    check_regs(r#""gpp":"A","ext":{"gpp":"A"}"#, gpp, (Some("A".into()), None, vec![]));
    check_regs(
        r#""gpp":"A","gpp_sid":[2],"ext":{"gpp":"B","gpp_sid":[7]}"#,
        gpp,
        (Some("A".into()), Some("B".into()), vec![2, 7]),
    );
}

#[test]
fn consent_stands_in_either_place_and_a_second_string_is_kept() {
    let consent = |user: &User<'_>| (user.consent.map(str::to_owned), user.consent_ext.map(str::to_owned));
    check_user(r#""consent":"A""#, consent, (Some("A".into()), None));
    check_user(r#""ext":{"consent":"A"}"#, consent, (Some("A".into()), None));
    check_user(r#""consent":{}"#, consent, (Some("\0".into()), None));
    check_user(r#""consent":"A","ext":{"consent":[]}"#, consent, (Some("A".into()), Some("\0".into())));
    check_user(r#""consent":"","ext":{"consent":"A"}"#, consent, (Some("A".into()), None));
    check_user(r#""consent":"A","ext":{"consent":"A"}"#, consent, (Some("A".into()), None));
    check_user(r#""consent":"A","ext":{"consent":"B"}"#, consent, (Some("A".into()), Some("B".into())));
}

#[test]
fn the_other_flags_stand_in_either_place() {
    let flags = |regs: &Regs<'_>| (regs.coppa, regs.gpc, regs.dsa.required);
    check_regs(r#""coppa":1,"ext":{"gpc":"1","dsa":{"dsarequired":2}}"#, flags, (true, true, 2));
    check_regs(
        r#""gpc":1,"dsa":{"dsarequired":3},"ext":{"coppa":1,"dsa":{"dsarequired":1}}"#,
        flags,
        (true, true, 3),
    );
    check_regs(r#""ext":{"gpc":0,"dsa":5}"#, flags, (false, false, 0));
}

#[test]
fn eids_stand_in_either_place() {
    let eids = |user: &User<'_>| {
        user.eids.iter().map(|eid| format!("{} {}", eid.source, eid.id)).collect::<Vec<_>>()
    };
    let list =
        r#""eids":[{"uids":[{"id":"1","atype":1},{"id":2}],"source":"a.example"},{"uids":[{"id":"x"}]}]"#;
    let want = owned(&["a.example 1", "a.example 2"]);
    check_user(list, eids, want.clone());
    check_user(&format!(r#""ext":{{{list}}}"#), eids, want);
}

// Bodies broken at random.

const FULL: &str = r#"{"id":"r","at":1,"tmax":120,"cur":["EUR"],"imp":[{"id":"1","bidfloor":0.25,"metric":[{"type":"viewability","value":0.7}],"banner":{"format":
 [{"w":300,"h":250}],"battr":[1,2]},"pmp":{"deals":[{"id":"d","bidfloor":1.5e0}]},"native":{"request":"{\"assets\":[{\"id\":1,
 \"title\":{\"len\":25}}]}"}}],"site":{"domain":"a.example","content":{"cat":["IAB1"],"genres":["386"],"gtax":9,"len":60,"network":
 {"name":"n"},"data":[{"segment":[{"id":"1"}]}]}},"device":{"ip":"192.0.2.1","geo":{"lat":48.8,"country":"FRA"},"lmt":false,
 "sua":{"browsers":[{"brand":"Google Chrome","version":["120","0"]}],"platform":{"brand":"Android","version":["14"]}}},"user":
 {"yob":1990,"gender":"F","data":[{"name":"p","segment":[{"id":"7"}],"ext":{"segtax":4,"segclass":"1"}}],"eids":[{"source":"s",
 "uids":[{"id":"u","atype":1}]}],"ext":{"consent":"CP"}},"regs":null}"#;

proptest! {
    #[test]
    fn a_broken_body_is_judged_as_serde_json_does(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), keep in any::<prop::sample::Index>(), cut in any::<bool>(),
    ) {
        let mut body = FULL.as_bytes().to_vec();
        body[at.index(FULL.len())] = byte;
        if cut {
            body.truncate(keep.index(FULL.len()));
        }
        let arena = Bump::new();
        let not_json = matches!(parse(&body, &arena), Err(ParseError::NotJson { .. } | ParseError::NotUtf8 { .. }));
        match serde_json::from_slice::<serde_json::Value>(&body) {
            Ok(_) => prop_assert!(!not_json),
            // Allowed by the grammar, but no float: `1.5e0` with another digit can become that.
            Err(error) => prop_assert!(not_json || error.to_string().contains("out of range")),
        }
    }

    #[test]
    fn no_bytes_at_all_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let arena = Bump::new();
        prop_assert!(parse(&body, &arena).is_err());
    }
}

#[test]
fn a_flag_that_protects_somebody_and_cannot_be_read_counts_as_raised() {
    let flags = |regs: &Regs<'_>| (regs.coppa, regs.gdpr, regs.gpc);
    check_regs(r#""coppa":"yes","gdpr":"yes","gpc":{}"#, flags, (true, Some(true), true));
    check_regs(r#""coppa":"","gdpr":null,"gpc":"0""#, flags, (false, None, false));
    check_device(r#""lmt":"on","dnt":[1]"#, |device| (device.lmt, device.dnt), (true, true));
    check_device(r#""lmt":0,"dnt":"false""#, |device| (device.lmt, device.dnt), (false, false));
    for (sent, want) in [("{}", true), (r#""yes""#, true), ("1", true), ("0", false), ("null", false)] {
        check_root(&format!(r#""test":{sent}"#), |request| request.test, want);
        check_imp(&format!(r#""secure":{sent}"#), |imp| imp.secure == Some(true), want);
        let private = format!(r#""pmp":{{"private_auction":{sent}}}"#);
        check_imp(&private, |imp| imp.private_auction, want);
    }
}

#[test]
fn laws_in_force_are_read_from_lists_and_texts_and_unreadable_ones_count() {
    let laws = |regs: &Regs<'_>| regs.gpp_sid.to_vec();
    check_regs(r#""gpp_sid":"2,6""#, laws, vec![2, 6]);
    check_regs(r#""gpp_sid":[2,"7, 8",null]"#, laws, vec![2, 7, 8]);
    check_regs(r#""gpp_sid":["usca"]"#, laws, vec![u32::MAX]);
    check_regs(r#""gpp_sid":"""#, laws, vec![]);
}

#[test]
fn allowed_categories_and_languages_are_read_from_either_field() {
    check_root(r#""acat":["IAB1"]"#, |request| owned(request.acat), vec!["IAB1".to_owned()]);
    check_root(r#""wlangb":["fr-FR"]"#, |request| owned(request.wlangb), vec!["fr-FR".to_owned()]);
    check_root(r#""wlang":["de"],"wlangb":["fr"]"#, |request| owned(request.wlang), vec!["de".to_owned()]);
}

/// The chains as `complete asi/sid ...`, in the order of 2.6, 2.5, 2.4.
#[track_caller]
fn check_chains(fields: &str, want: [&str; 3]) {
    let words = |request: &BidRequest<'_>| {
        request.source.chains.map(|chain| {
            chain.map_or("-".to_owned(), |chain| {
                let nodes = chain.nodes.iter().map(|node| format!(" {}/{}", node.asi, node.sid));
                format!("{}{}", chain.complete, nodes.collect::<String>())
            })
        })
    };
    check_root(fields, words, want.map(str::to_owned));
}

#[test]
fn supply_chains_stand_in_three_places_and_all_are_kept() {
    let chain = |asi: &str| {
        format!(r#""schain":{{"ver":"1.0","complete":1,"nodes":[{{"asi":"{asi}","sid":"1","hp":1}}]}}"#)
    };
    check_chains(&format!(r#""source":{{{}}}"#, chain("a.example")), ["true a.example/1", "-", "-"]);
    check_chains(
        &format!(r#""source":{{"ext":{{{}}}}}"#, chain("b.example")),
        ["-", "true b.example/1", "-"],
    );
    check_chains(&format!(r#""ext":{{{}}}"#, chain("c.example")), ["-", "-", "true c.example/1"]);
    check_chains(
        &format!(
            r#""ext":{{{}}},"source":{{"ext":{{{}}},{}}}"#,
            chain("c.example"),
            chain("b.example"),
            chain("a.example")
        ),
        ["true a.example/1", "true b.example/1", "true c.example/1"],
    );
}

#[test]
fn a_supply_chain_that_cannot_be_read_is_not_complete_and_null_is_none() {
    check_chains(r#""source":{"schain":null}"#, ["-", "-", "-"]);
    check_chains(r#""source":null"#, ["-", "-", "-"]);
    check_chains(r#""source":{"schain":"1.0,1!a.example,1,1"}"#, ["false", "-", "-"]);
    check_chains(
        r#""source":{"schain":{"complete":"1","nodes":[{"asi":"a.example","sid":7},5]}}"#,
        ["true a.example/7 /", "-", "-"],
    );
    check_chains(r#""source":{"schain":{"complete":2,"nodes":{}}}"#, ["false", "-", "-"]);
}

#[test]
fn the_rest_of_source_is_read() {
    let words = |request: &BidRequest<'_>| {
        let source = request.source;
        (source.fd, source.tid.map(str::to_owned), source.pchain.map(str::to_owned))
    };
    let want = (Some(true), Some("t".to_owned()), Some("p".to_owned()));
    check_root(r#""source":{"fd":1,"tid":"t","pchain":"p"}"#, words, want);
    check_root(r#""source":{}"#, words, (None, None, None));
}
