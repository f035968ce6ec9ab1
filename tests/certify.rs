//! `encan certify` from outside: encan passes it, and every fault that a proxy plants in front of it is caught by the
//! rule meant for it.

mod support;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Output;
use std::time::Duration;

use encan::certify::{all_rules, rules_of_answers};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use support::eager::server;
use support::http::HttpAnswer;
use support::proxy::{Asked, Fault, HANG_UP, Proxy, in_bids, in_markup, in_response, late};
use support::{Encan, encan};
use tempfile::TempDir;

/// Runs `certify` on the bidder at `authority`, for an exchange that knows three of its deals and an advertiser.
fn certify(authority: &str, folder: &TempDir, flags: &[&str]) -> Output {
    let exchanges = folder.path().join("exchanges");
    let deals = ["--deal", "deal-1", "--deal", "deal-2", "--deal", "laden", "--advertiser", "any.example"];
    let mut command = encan();
    command.args(["certify", "--profile", "seated", "--url", &format!("http://{authority}/openrtb2/seated")]);
    command.args(deals).arg("--exchanges").arg(exchanges).args(flags);
    command.output().expect("the binary runs")
}

fn json_of(output: &Output) -> Value {
    let words = || String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{}", words()))
}

/// The ids of the rules of `verdict`.
fn rules(report: &Value, verdict: &str) -> BTreeSet<String> {
    let rules = report["rules"].as_array().expect("a list of rules");
    let of_verdict = rules.iter().filter(|rule| rule["verdict"] == verdict);
    of_verdict.map(|rule| rule["id"].as_str().expect("a name").to_owned()).collect()
}

/// Rules about what is at the bidder's discretion, and what the operator did not allow.
const OPTIONAL: &[&str] =
    &["no-bid.reason", "seat.group", "pod.slot", "notice.methods", "notice.repeated", "notice.macros"];

#[test]
fn encan_keeps_every_rule_and_nearly_all_of_them_are_really_tried() {
    let (server, folder) = server();
    let output = certify(&server.public.to_string(), &folder, &["--json", "--tmax", "2000"]);
    let report = json_of(&output);
    assert_eq!(rules(&report, "fail"), BTreeSet::new(), "{report:#}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!((&report["passes"], &report["outcome"]), (&json!(true), &json!("pass")));
    let untried = rules(&report, "not_applicable");
    let unexpected: Vec<&String> = untried.iter().filter(|id| !OPTIONAL.contains(&id.as_str())).collect();
    assert!(unexpected.is_empty(), "never tried: {unexpected:?}");
    assert!(report["bids"].as_u64().is_some_and(|bids| bids > 300), "{}", report["bids"]);
    assert_eq!(server.metric("encan_panics_total"), 0);
}

#[test]
fn notices_are_sent_only_where_the_operator_asks_for_it_and_encan_takes_them() {
    let (server, folder) = server();
    let authority = server.public.to_string();
    let few = ["--json", "--tmax", "2000", "--requests", "5"];
    let report = json_of(&certify(&authority, &folder, &few));
    assert!(rules(&report, "not_applicable").contains("notice.repeated"));
    let impressions = |server: &Encan| server.metric("encan_notices_total{kind=\"bill\",outcome=\"booked\"}");
    assert_eq!(impressions(&server), 0);
    let base = format!("http://{authority}");
    let report =
        json_of(&certify(&authority, &folder, &[&few[..], &["--notices", "--notices-at", &base]].concat()));
    let passed = rules(&report, "pass");
    for rule in ["notice.methods", "notice.repeated", "notice.macros"] {
        assert!(passed.contains(rule), "{rule}: {report:#}");
    }
    assert!(impressions(&server) > 0);
}

#[test]
fn the_report_for_people_is_a_screen_wide_and_shows_the_first_fault_with_what_was_sent_and_came() {
    let (server, folder) = server();
    let proxy = Proxy::start(server.public, in_response(|response| response["cur"] = json!("XAU")));
    let saved = folder.path().join("failures");
    let saved_flag = saved.to_str().expect("a path of text");
    let output = certify(
        &proxy.address.to_string(),
        &folder,
        &["--tmax", "2000", "--requests", "5", "--save", saved_flag],
    );
    let text = String::from_utf8(output.stdout).expect("text");
    assert_eq!(output.status.code(), Some(1), "{text}");
    let widest = text.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?} columns");
    for words in [
        "FAIL response.cur (4.2.1): `cur` is a currency",
        "  case",
        "  why   `cur` \"XAU\" is none of",
        "  sent",
        "  came",
    ] {
        assert!(text.contains(words), "no `{words}` in\n{text}");
    }
    let files: Vec<_> =
        std::fs::read_dir(&saved).expect("a folder").map(|file| file.unwrap().path()).collect();
    assert!(files.len() > 100 && files.len().is_multiple_of(2), "{} files", files.len());
    let answers = files.iter().filter(|file| file.extension().is_some_and(|ending| ending == "answer"));
    for answer in answers {
        assert!(std::fs::read_to_string(answer).unwrap().contains("response.cur (4.2.1): "), "{answer:?}");
    }
}

#[test]
fn the_exit_code_tells_wrong_flags_from_a_bidder_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |flags: &[&str], code: i32, words: &str| {
        let output = encan().arg("certify").args(flags).output().expect("the binary runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(words), "no `{words}` in {said}");
    };
    // A port that is ours, and on which nobody listens.
    let bound = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    bound.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
    let nobody = bound.local_addr().expect("it is bound").as_socket().expect("an address with a port");
    let nobody = format!("http://{nobody}/bid");
    check(&["--url", &nobody], 2, "nobody listens at 127.0.0.1");
    // The address is looked at first, wherever the profiles are.
    check(&["--url", "ftp://127.0.0.1/bid", "--exchanges", "/no-such-folder"], 1, "is not http");
    check(&["--url", &nobody, "--header", "host: x"], 1, "`host` is set by the requests themselves");
    check(&["--url", "https://127.0.0.1/bid"], 1, "only plain http is spoken");
    check(&["--url", "127.0.0.1"], 1, "is not an address like");
    check(&["--url", &nobody, "--profile", "no-such"], 1, "there is no such file or folder");
    let wrong = folder.path().join("wrong.json");
    std::fs::write(&wrong, r#"{"name": "Wrong", "tmax_ms": 0}"#).expect("a file");
    check(&["--url", &nobody, "--profile", wrong.to_str().expect("a path of text")], 1, "`tmax_ms`");
    check(&["--url", &nobody, "--notices-at", "http://x"], 1, "--notices");
    check(&[], 1, "--url");
}

#[test]
fn a_run_that_takes_too_long_ends_and_says_that_it_is_not_whole() {
    let (server, folder) = server();
    let proxy = Proxy::start(server.public, late(Duration::from_millis(200)));
    let flags = ["--limit", "1", "--connections", "1", "--on-time", "0"];
    let output = certify(&proxy.address.to_string(), &folder, &flags);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("time was over after"), "{said}");
}

#[test]
fn a_bidder_that_never_bids_is_not_certified() {
    let (server, folder) = server();
    let fault: Box<Fault> = Box::new(|_, answer| {
        if answer.status == 200 {
            (answer.status, answer.body) = (204, Vec::new());
            answer.headers.retain(|(name, _)| name != "content-encoding");
        }
    });
    let proxy = Proxy::start(server.public, fault);
    let output = certify(&proxy.address.to_string(), &folder, &["--tmax", "2000", "--requests", "5"]);
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.contains("INCOMPLETE: No bid came at all"), "{text}");
    assert!(!text.contains("FAIL"), "{text}");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_bidder_that_bids_once_is_not_certified_either() {
    let (server, folder) = server();
    let bid_once = std::sync::atomic::AtomicBool::new(false);
    let fault: Box<Fault> = Box::new(move |_, answer| {
        if answer.status == 200 && bid_once.swap(true, std::sync::atomic::Ordering::Relaxed) {
            (answer.status, answer.body) = (204, Vec::new());
            answer.headers.retain(|(name, _)| name != "content-encoding");
        }
    });
    let proxy = Proxy::start(server.public, fault);
    let flags = ["--tmax", "2000", "--requests", "5", "--connections", "1", "--json"];
    let output = certify(&proxy.address.to_string(), &folder, &flags);
    let report = json_of(&output);
    assert_eq!((&report["passes"], &report["outcome"]), (&json!(false), &json!("incomplete")));
    assert_eq!(rules(&report, "fail"), BTreeSet::new());
    assert_eq!(output.status.code(), Some(1));
}

/// Certifies `server` by the profile `slug`; `flags` beside.
fn certify_as(slug: &str, server: &Encan, folder: &TempDir, flags: &[&str]) -> Output {
    let url = format!("http://{}/openrtb2/{slug}", server.public);
    let mut command = encan();
    command.args(["certify", "--profile", slug, "--url", &url, "--requests", "60", "--tmax", "2000"]);
    command.arg("--exchanges").arg(folder.path().join("exchanges")).args(flags);
    command.output().expect("the binary runs")
}

#[test]
fn a_bidder_that_asks_for_credentials_gets_those_of_the_profile_or_the_operators() {
    let (server, folder) = server();
    let output = certify_as("locked", &server, &folder, &["--json", "--deal", "deal-1"]);
    let report = json_of(&output);
    assert_eq!(rules(&report, "fail"), BTreeSet::new());
    assert_eq!((&report["outcome"], output.status.code()), (&json!("pass"), Some(0)));
    // An operator without the secrets is told once, and not rule by rule.
    let open = folder.path().join("exchanges/generic.json");
    let url = format!("http://{}/openrtb2/locked", server.public);
    let run = |headers: &[&str]| {
        let mut command = encan();
        command
            .args(["certify", "--requests", "60", "--tmax", "2000", "--url", &url, "--profile"])
            .arg(&open);
        command.args(headers).output().expect("the binary runs")
    };
    let output = run(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        output.stdout.is_empty() && said.contains("turned away all of") && said.contains("--header"),
        "{said}"
    );
    let basic = "authorization: Basic ZXhjaGFuZ2U6YW4gb3Blbjogc2VjcmV0";
    let output = run(&["--header", basic, "--header", "x-key: an open: secret", "--json"]);
    assert_eq!(rules(&json_of(&output), "fail"), BTreeSet::new());
}

#[test]
fn the_price_is_asked_for_and_told_as_each_exchange_does() {
    let (server, folder) = server();
    let base = format!("http://{}", server.public);
    for slug in ["google", "xandr", "generic", "prebid-js"] {
        let report =
            json_of(&certify_as(slug, &server, &folder, &["--json", "--notices", "--notices-at", &base]));
        assert_eq!(rules(&report, "fail"), BTreeSet::new(), "{slug}: {report:#}");
        let passed = rules(&report, "pass");
        assert!(passed.contains("notice.price") && passed.contains("notice.methods"), "{slug}: {passed:?}");
    }
}

/// Faults, each with the rule that must find it.
type Faults = Vec<(&'static str, Box<Fault>)>;

/// Plants each fault in front of one server, and checks that the rule meant for it is among the broken ones.
#[track_caller]
fn check(faults: Faults) {
    check_with(&["--tmax", "2000", "--requests", "40"], faults);
}

#[track_caller]
fn check_with(flags: &[&str], faults: Faults) {
    let (server, folder) = server();
    for (rule, fault) in faults {
        assert!(all_rules().iter().any(|known| known.id == rule), "there is no rule {rule}");
        let proxy = Proxy::start(server.public, fault);
        let output = certify(&proxy.address.to_string(), &folder, &[flags, &["--json"]].concat());
        let report = json_of(&output);
        let failed = rules(&report, "fail");
        assert!(failed.contains(rule), "{rule} is not among the broken {failed:?}");
        assert_eq!(output.status.code(), Some(1));
    }
}

/// A fault of one field of every bid.
fn field(name: &'static str, value: Value) -> Box<Fault> {
    in_bids(move |_, bid| bid[name] = value.clone())
}

/// A fault of all answers of one status.
fn of_status(status: u16, change: impl Fn(&Asked, &mut HttpAnswer) + Send + Sync + 'static) -> Box<Fault> {
    Box::new(move |asked, answer| {
        if answer.status == status {
            change(asked, answer);
        }
    })
}

#[test]
fn a_proxy_without_a_fault_passes() {
    let (server, folder) = server();
    let proxy = Proxy::start(server.public, Box::new(|_, _| {}));
    let output = certify(&proxy.address.to_string(), &folder, &["--json", "--tmax", "2000"]);
    let report = json_of(&output);
    assert_eq!(rules(&report, "fail"), BTreeSet::new());
    assert_eq!(output.status.code(), Some(0));
}

fn of_the_response() -> Faults {
    vec![
        ("response.id", in_response(|response| response["id"] = json!("another"))),
        ("response.cur", in_response(|response| response["cur"] = json!("RUB"))),
        ("response.json", of_status(200, |_, answer| answer.body.truncate(100))),
        ("response.seatbid", in_response(|response| response["seatbid"] = json!({}))),
        ("seat.bid", in_response(|response| response["seatbid"][0]["bid"] = json!([]))),
        ("seat.profile", in_response(|response| response["seatbid"][0]["seat"] = json!("seat-8"))),
        ("seat.wseat", in_response(|response| response["seatbid"][0]["seat"] = json!("seat-8"))),
        ("deal.wseat", in_response(|response| response["seatbid"][0]["seat"] = json!("blocked"))),
        ("seat.group", in_response(|response| response["seatbid"][0]["group"] = json!(2))),
    ]
}

#[test]
fn a_fault_of_the_response_is_found() {
    check(of_the_response());
}

fn of_a_bid() -> Faults {
    vec![
        ("bid.id", field("id", json!(""))),
        ("bid.impid", field("impid", json!("another"))),
        ("bid.price", field("price", json!(0))),
        ("bid.crid", field("crid", Value::Null)),
        ("bid.crid-length", field("crid", json!("c".repeat(129)))),
        ("bid.adomain", field("adomain", json!([]))),
        ("bid.adomain-form", field("adomain", json!(["https://any.example/"]))),
        ("bid.exp", field("exp", json!(-1))),
        ("bid.mtype", field("mtype", json!(0))),
        ("bid.medium", in_bids(|imp, bid| bid["mtype"] = if imp["audio"].is_null() { 3 } else { 1 }.into())),
        ("bid.adm", field("adm", json!(""))),
        ("bid.apis", field("apis", json!([99]))),
        ("bid.notices", field("nurl", json!("win"))),
        ("bid.dur", field("dur", json!(3))),
        ("bid.protocol", field("protocol", json!(1))),
        ("notice.price", in_bids(|_, bid| bid["burl"] = json!("https://bid.example/n"))),
        ("macro.encoded", field("burl", json!("https://b.example/?p=$%7BAUCTION_PRICE%7D"))),
        ("macro.known", field("burl", json!("https://b.example/?p=${AUCTION_PRICE}&x=${AUCTION_X}"))),
        ("price.decimals", in_bids(|_, bid| bid["price"] = json!(9.123_456))),
    ]
}

#[test]
fn a_fault_of_a_bid_is_found() {
    check(of_a_bid());
}

fn of_the_terms() -> Faults {
    vec![
        (
            "price.floor",
            in_bids(|imp, bid| {
                let floor = imp["bidfloor"].as_f64().unwrap_or(0.0);
                bid["price"] = (floor * 0.5).max(0.0001).into();
            }),
        ),
        ("price.floor-currency", field("price", json!(0.0001))),
        ("deal.listed", field("dealid", json!("a-deal-that-nobody-listed"))),
        ("deal.private", in_bids(|_, bid| drop(bid.as_object_mut().and_then(|bid| bid.remove("dealid"))))),
        ("deal.price", in_bids(|_, bid| bid["price"] = json!(77))),
        ("deal.wadomain", field("adomain", json!(["another.example"]))),
        (
            "banner.size",
            in_bids(|_, bid| {
                if bid["mtype"] == 1 {
                    (bid["w"], bid["h"]) = (json!(1_000), json!(1_000));
                }
            }),
        ),
        ("banner.size-told", field("w", Value::Null)),
        ("banner.flexible", field("wratio", json!(7))),
        ("banner.btype", in_markup("<a ", "<iframe src=\"https://x\"></iframe><a ")),
        ("bid.secure", in_markup("https://", "http://")),
        ("block.badv", field("adomain", json!(["shop.certify-blocked.example"]))),
        ("block.bcat", field("cat", json!(["IAB26-1"]))),
        ("block.acat", field("cat", json!(["IAB22"]))),
        ("block.bapp", field("bundle", json!("com.certify.blocked"))),
        ("block.battr", field("attr", json!([8]))),
        ("block.wlang", field("language", json!("zz"))),
        ("seat.bseat", in_response(|response| response["seatbid"][0]["seat"] = json!("certify-other-seat"))),
        (
            "privacy.ids",
            Box::new(|asked, answer| {
                let id = asked.json()["user"]["buyeruid"].as_str().unwrap_or_default().to_owned();
                let change = in_bids(move |_, bid| {
                    let markup = format!("{}<!--{id}-->", bid["adm"].as_str().unwrap_or_default());
                    bid["adm"] = markup.into();
                });
                change(asked, answer);
            }),
        ),
    ]
}

#[test]
fn a_fault_against_the_terms_of_sale_is_found() {
    check(of_the_terms());
}

fn of_the_markup() -> Faults {
    vec![
        (
            "banner.html",
            in_bids(|_, bid| {
                if bid["mtype"] == 1 {
                    bid["adm"] = json!("buy this");
                }
            }),
        ),
        ("vast.xml", in_markup("</VAST>", "")),
        ("vast.version", in_markup("<VAST version=\"", "<VAST version=\"1")),
        ("vast.parts", in_markup("Impression", "Impressions")),
        ("vast.duration", in_markup("<Duration>", "<Duration>9:")),
        ("vast.media", in_markup("MediaFile", "MediaFire")),
        ("video.duration", in_markup("<Duration>00:00:", "<Duration>00:59:")),
        ("video.mimes", in_markup("type=\"video/mp4\"", "type=\"video/x-flv\"")),
        ("video.linearity", in_markup("Linear>", "NonLinear>")),
        ("video.skip", field("attr", json!([16]))),
        (
            "native.json",
            in_bids(|_, bid| {
                if bid["mtype"] == 4 {
                    bid["adm"] = json!("<div>native</div>");
                }
            }),
        ),
        ("native.required", in_markup("\"id\":1,", "\"id\":91,")),
        ("native.link", in_markup("\"link\":{\"url\"", "\"link\":{\"uri\"")),
        ("native.video", in_markup("<VAST", "<MAST")),
        ("native.text", in_markup("Bid where it counts", "")),
    ]
}

#[test]
fn a_fault_of_the_markup_is_found() {
    check(of_the_markup());
}

fn of_pods_and_names() -> Faults {
    // The slot is told for no pod; the names are planted on bids that need none.
    vec![
        ("pod.slot", field("slotinpod", json!(1))),
        ("dsa.present", field("ext", Value::Null)),
        ("dsa.render", field("ext", json!({"dsa": {"behalf": "A", "paid": "A", "adrender": 0}}))),
        ("dsa.texts", field("ext", json!({"dsa": {"behalf": "", "paid": "A"}}))),
    ]
}

#[test]
fn a_fault_of_pods_or_of_the_advertisers_name_is_found() {
    check(of_pods_and_names());
}

fn of_a_no_bid() -> Faults {
    let body = |status: u16, body: &'static str| {
        of_status(204, move |_, answer| {
            (answer.status, answer.body) = (status, body.as_bytes().to_vec());
        })
    };
    vec![
        ("no-bid.form", body(200, "")),
        ("no-bid.profile", body(200, "{}")),
        ("no-bid.form", body(200, r#"{"id":"another","seatbid":[]}"#)),
        (
            "no-bid.reason",
            of_status(204, |asked, answer| {
                answer.status = 200;
                answer.body = json!({"id": asked.json()["id"], "nbr": 99}).to_string().into_bytes();
            }),
        ),
        ("http.status", of_status(204, |_, answer| answer.status = 404)),
        ("http.no-content", of_status(204, |_, answer| answer.body = b"{}".to_vec())),
    ]
}

#[test]
fn a_fault_of_a_no_bid_is_found() {
    check(of_a_no_bid());
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

fn of_the_transport() -> Faults {
    let refuses = |wrong: fn(&Asked) -> bool| -> Box<Fault> {
        Box::new(move |asked, answer| {
            if wrong(asked) {
                (answer.status, answer.body) = (400, Vec::new());
            }
        })
    };
    vec![
        ("http.method", of_status(405, |_, answer| answer.status = 200)),
        ("http.method", of_status(405, |_, answer| answer.status = 501)),
        ("http.malformed", of_status(400, |_, answer| answer.status = 204)),
        ("http.malformed", of_status(400, |_, answer| answer.status = 500)),
        ("http.survival", of_status(400, |_, answer| answer.status = 500)),
        ("http.malformed-empty", of_status(400, |_, answer| answer.body = b"bad".to_vec())),
        (
            "http.type-of-answer",
            of_status(200, |_, answer| answer.headers.retain(|(name, _)| name != "content-type")),
        ),
        (
            "http.gzip-unasked",
            of_status(200, |_, answer| {
                answer.body = gzip(&answer.body);
                answer.headers.push(("content-encoding".into(), "gzip".into()));
            }),
        ),
        (
            "http.gzip-answer",
            of_status(200, |asked, answer| {
                if asked.header("accept-encoding").is_some() {
                    answer.body = gzip(&answer.body);
                }
            }),
        ),
        (
            "http.version-echo",
            of_status(200, |_, answer| {
                answer.headers.retain(|(name, _)| name != "x-openrtb-version");
                answer.headers.push(("x-openrtb-version".into(), "two".into()));
            }),
        ),
        ("http.keep-alive", Box::new(|_, answer| answer.headers.push(("connection".into(), "close".into())))),
        ("http.keep-alive", Box::new(|_, answer| answer.headers.push((HANG_UP.into(), "1".into())))),
        ("http.type-missing", refuses(|asked| asked.header("content-type").is_none())),
        (
            "http.type-charset",
            refuses(|asked| asked.header("content-type").is_some_and(|t| t.contains("charset"))),
        ),
        (
            "http.text-plain",
            refuses(|asked| asked.header("content-type").is_some_and(|t| t.contains("text"))),
        ),
        ("http.other-format", of_status(415, |_, answer| answer.status = 200)),
        ("http.gzip-request", refuses(|asked| asked.header("content-encoding").is_some())),
        ("http.version-header", refuses(|asked| asked.header("x-openrtb-version") == Some("2.5"))),
    ]
}

#[test]
fn a_fault_of_the_transport_is_found() {
    check(of_the_transport());
}

/// A bidder that refuses what its parser does not like.
fn refusing(dislikes: fn(&Value) -> bool) -> Box<Fault> {
    Box::new(move |asked, answer| {
        if dislikes(&asked.json()) {
            (answer.status, answer.body) = (400, Vec::new());
        }
    })
}

fn of_intolerance() -> Faults {
    let text = |asked: &Asked| String::from_utf8_lossy(&asked.body).into_owned();
    let twice = move |asked: &Asked| text(asked).matches("\"at\":1,").count() > 1;
    vec![
        ("tolerance.numbers", refusing(|request| request["at"].is_f64())),
        ("tolerance.flags", refusing(|request| request["regs"]["coppa"].is_boolean())),
        ("tolerance.nulls", refusing(|request| request.get("bcat").is_some_and(Value::is_null))),
        ("tolerance.lone-texts", refusing(|request| request["bcat"].is_string())),
        ("tolerance.native-object", refusing(|request| request["imp"][0]["native"]["request"].is_object())),
        ("tolerance.keywords", refusing(|request| request["site"]["keywords"].is_array())),
        ("tolerance.unknown-fields", refusing(|request| request.get("certify").is_some())),
        ("tolerance.ext", refusing(|request| request["ext"].is_string())),
        (
            "tolerance.imps",
            refusing(|request| {
                request["imp"].as_array().is_some_and(|imps| imps.iter().any(|imp| imp["id"].is_null()))
            }),
        ),
        ("tolerance.channels", refusing(|request| request["site"].is_object() && request["app"].is_object())),
        ("tolerance.scripts", refusing(|request| request["user"]["keywords"] == "кино,фильм")),
        ("tolerance.currencies", refusing(|request| request["imp"][0]["bidfloorcur"] == "YEN")),
        (
            "tolerance.duplicate-keys",
            Box::new(move |asked, answer| {
                if twice(asked) {
                    (answer.status, answer.body) = (400, Vec::new());
                }
            }),
        ),
        ("time.spent", refusing(|request| request["tmax"].as_u64().is_some_and(|tmax| tmax < 5))),
    ]
}

#[test]
fn a_bidder_that_refuses_what_is_to_be_tolerated_is_found() {
    check(of_intolerance());
}

#[test]
fn late_and_missing_answers_are_found() {
    let quick = ["--tmax", "40", "--requests", "0", "--connections", "32"];
    check_with(&quick, vec![("time.on-time", late(Duration::from_millis(60)))]);
    // One of seven late is within the share of 85 %.
    let (server, folder) = server();
    let seldom = std::sync::atomic::AtomicUsize::new(0);
    let fault: Box<Fault> = Box::new(move |_, _| {
        if seldom.fetch_add(1, std::sync::atomic::Ordering::Relaxed).is_multiple_of(20) {
            std::thread::sleep(Duration::from_millis(2_400));
        }
    });
    let proxy = Proxy::start(server.public, fault);
    let flags = ["--json", "--tmax", "2000", "--requests", "0", "--connections", "16"];
    let report = json_of(&certify(&proxy.address.to_string(), &folder, &flags));
    assert_eq!(rules(&report, "fail"), BTreeSet::new());
    assert!(report["late"].as_u64().is_some_and(|late| late > 0), "{}", report["late"]);
    // And whoever says nothing at all is found as such.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let authority = silent.local_addr().expect("it is bound").to_string();
    std::thread::spawn(move || silent.incoming().for_each(drop));
    let output = certify(&authority, &folder, &["--json", "--requests", "0"]);
    assert!(rules(&json_of(&output), "fail").contains("http.answered"));
    assert_eq!(output.status.code(), Some(1));
}

/// What notices are answered with by a bidder that got them wrong.
fn of_notices() -> Faults {
    let billed: std::sync::Mutex<BTreeSet<String>> = std::sync::Mutex::default();
    vec![
        (
            "notice.methods",
            Box::new(|asked, answer| {
                if asked.method == "POST" && asked.path.starts_with("/n/") {
                    answer.status = 405;
                }
            }),
        ),
        (
            "notice.repeated",
            Box::new(move |asked, answer| {
                let is_bill = asked.path.starts_with("/n/bill/");
                if is_bill && !billed.lock().expect("nobody panics with it").insert(asked.path.clone()) {
                    answer.status = 409;
                }
            }),
        ),
        (
            "notice.macros",
            Box::new(|asked, answer| {
                if asked.path.contains("AUDIT") {
                    answer.status = 500;
                }
            }),
        ),
    ]
}

#[test]
fn a_fault_of_notices_is_found() {
    let (server, folder) = server();
    for (rule, fault) in of_notices() {
        let proxy = Proxy::start(server.public, fault);
        let authority = proxy.address.to_string();
        let base = format!("http://{authority}");
        let flags = ["--json", "--tmax", "2000", "--requests", "0", "--notices", "--notices-at", &base];
        let failed = rules(&json_of(&certify(&authority, &folder, &flags)), "fail");
        assert_eq!(failed, BTreeSet::from([rule.to_owned()]));
    }
}

#[test]
fn every_rule_that_only_http_shows_has_a_planted_fault() {
    let faults = [
        of_the_response(),
        of_a_bid(),
        of_the_terms(),
        of_the_markup(),
        of_pods_and_names(),
        of_a_no_bid(),
        of_the_transport(),
        of_intolerance(),
        of_notices(),
    ];
    let mut planted: BTreeSet<&str> = faults.iter().flatten().map(|(rule, _)| *rule).collect();
    // These two have a test of their own.
    planted.extend(["time.on-time", "http.answered"]);
    // The others are planted in tests/answers.rs, one by one.
    let of_answers = rules_of_answers();
    let missing: Vec<&str> = all_rules()
        .iter()
        .filter(|rule| !of_answers.contains(rule))
        .map(|rule| rule.id)
        .filter(|id| !planted.contains(id))
        .collect();
    assert!(missing.is_empty(), "no fault is planted for {missing:?}");
}
