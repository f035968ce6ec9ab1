//! The doors: what HTTP the bidder accepts, refuses and answers, byte for byte, against a running server.

mod support;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use encan::certify::faults;
use encan::units::limits;
use flate2::Compression;
use flate2::write::GzEncoder;
use support::{Client, Encan, HttpAnswer, Options};

/// Bid on by the house campaign. A machine may be busy, so there is time.
const BID: &str = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
/// A size that nobody has.
const NO_BID: &str = r#"{"id":"r-2","tmax":20000,"imp":[{"id":"1","banner":{"w":1,"h":7}}]}"#;
const DOOR: &str = "/openrtb2/generic";
const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

/// Checks the status, and that nothing but an answer with bids has a body. Nothing is compressed here.
#[track_caller]
fn check(answer: &HttpAnswer, want: u16) {
    let status = answer.status;
    assert_eq!(status, want, "{answer:?}");
    assert_eq!(answer.header("content-encoding"), None);
    let vary = (status == 200).then_some("accept-encoding");
    assert_eq!(answer.header("vary"), vary);
    if status == 200 {
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"));
        assert_eq!(answer.json()["id"], "r-1");
    } else {
        assert_eq!(answer.body, b"", "{answer:?}");
        assert_eq!(answer.header("content-type"), None);
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

/// `body` with spaces before it, `bytes` long.
fn padded(body: &str, bytes: usize) -> Vec<u8> {
    [" ".repeat(bytes - body.len()).as_bytes(), body.as_bytes()].concat()
}

/// The files of a folder of fixtures, by name.
fn fixtures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/openrtb").join(folder);
    let paths = std::fs::read_dir(folder).expect("the fixtures are part of the project");
    let mut paths: Vec<PathBuf> = paths.map(|entry| entry.expect("a folder is read").path()).collect();
    paths.sort();
    paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).expect("a file"))).collect()
}

#[test]
fn bids_are_asked_for_with_post_and_nothing_else() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    check(&client.send("POST", DOOR, JSON, BID.as_bytes()), 200);
    check(&client.send("POST", DOOR, JSON, NO_BID.as_bytes()), 204);
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = client.send(method, DOOR, &[], b"");
        check(&answer, 405);
        assert_eq!(answer.header("allow"), Some("POST"), "{method}");
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"), "{method}");
    }
    for (method, path, allowed) in [
        ("HEAD", "/n/bill/x", "GET, POST"),
        ("PUT", "/n/win/x", "GET, POST"),
        ("DELETE", "/n/click/x", "GET, POST"),
        ("POST", "/c/pixel.gif", "GET"),
        ("GET", "/c/s2s", "POST"),
    ] {
        let answer = client.send(method, path, &[], b"");
        check(&answer, 405);
        assert_eq!(answer.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[test]
fn what_is_not_openrtb_gets_400_without_a_body_and_the_connection_lives() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    let mut refused = fixtures("refused");
    refused.extend([
        ("nothing".into(), Vec::new()),
        ("zeros".into(), vec![0; 100]),
        ("null".into(), b"null".to_vec()),
        ("deep lists".into(), vec![b'['; 100_000]),
        ("deep objects".into(), r#"{"a":"#.repeat(20_000).into_bytes()),
        ("deep in a bid request".into(), {
            let (open, close) = ("[".repeat(50_000), "]".repeat(50_000));
            format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}],"ext":{open}{close}}}"#).into_bytes()
        }),
    ]);
    for (name, body) in refused {
        let answer = client.send("POST", DOOR, JSON, &body);
        assert_eq!(answer.status, 400, "{name}");
        assert_eq!(answer.header("x-openrtb-version"), Some("2.6"), "{name}");
        check(&answer, 400);
        check(&client.send("POST", DOOR, JSON, BID.as_bytes()), 200);
    }
}

#[test]
fn every_accepted_fixture_gets_a_good_answer_or_none() {
    let public_url = Some("https://bid.example".to_owned());
    let server = Encan::start(Options { public_url, ..Options::default() });
    let mut client = server.client();
    let mut bids = 0;
    for (name, body) in fixtures("accepted") {
        let answer = client.send("POST", DOOR, JSON, &body);
        assert!(matches!(answer.status, 200 | 204), "{name}: {answer:?}");
        if answer.status == 200 {
            let request = serde_json::from_slice(&body).expect("it is JSON");
            let found = faults(&request, &answer.body, &support::terms());
            assert_eq!(found, [], "{name}: {}", answer.text());
            bids += 1;
        }
    }
    assert!(bids > 4, "{bids}");
}

#[test]
fn json_is_read_whatever_it_is_called_and_protobuf_is_not_spoken() {
    let server = Encan::start(Options::default());
    for (content_type, want) in [
        ("application/json", 200),
        ("application/json;charset=utf-8", 200),
        ("Application/JSON; Charset=UTF-8", 200),
        ("text/plain", 200),
        ("text/plain;charset=UTF-8", 200),
        ("", 200),
        ("application/x-protobuf", 415),
        ("application/octet-stream", 415),
    ] {
        let headers = [("content-type", content_type)];
        check(&server.client().send("POST", DOOR, &headers, BID.as_bytes()), want);
    }
    for headers in [&[("x-openrtb-version", "2.5")][..], &[("x-openrtb-version", "nonsense")], &[]] {
        check(&server.client().send("POST", DOOR, headers, BID.as_bytes()), 200);
    }
}

#[test]
fn a_gzip_request_is_inflated_and_a_broken_one_or_a_bomb_is_refused() {
    let server = Encan::start(Options::default());
    let bid = gzip(BID.as_bytes());
    let half = &bid[..bid.len() / 2];
    let full = gzip(&padded(BID, limits::BODY_INFLATED_BYTES_MAX));
    let over = gzip(&padded(BID, limits::BODY_INFLATED_BYTES_MAX + 1));
    let bomb = gzip(&vec![b' '; 100 * 1024 * 1024]);
    assert!(bomb.len() < limits::BODY_BYTES_MAX, "a bomb is small: {}", bomb.len());
    for (encoding, body, want) in [
        ("gzip", &bid[..], 200),
        ("GZIP", &bid, 200),
        ("x-gzip", &bid, 200),
        ("identity", BID.as_bytes(), 200),
        ("gzip", &gzip(NO_BID.as_bytes()), 204),
        ("gzip", half, 400),
        ("gzip", BID.as_bytes(), 400),
        ("gzip", b"", 400),
        ("gzip", &gzip(b"not JSON"), 400),
        ("identity", &bid, 400),
        ("gzip", &full, 200),
        ("gzip", &over, 413),
        ("gzip", &bomb, 413),
        ("br", &bid, 415),
        ("gzip, gzip", &bid, 415),
    ] {
        let answer = server.client().send("POST", DOOR, &[("content-encoding", encoding)], body);
        assert_eq!(answer.status, want, "{encoding}, {} bytes", body.len());
        check(&answer, want);
    }
}

#[test]
fn a_body_above_the_limit_is_refused_announced_or_not() {
    let server = Encan::start(Options::default());
    let (full, over) = (padded(BID, limits::BODY_BYTES_MAX), padded(BID, limits::BODY_BYTES_MAX + 1));
    let post = |body: &[u8]| server.client().send("POST", DOOR, JSON, body);
    check(&post(&full), 200);
    check(&post(&over), 413);
    let chunked = |body: &[u8]| {
        let chunks: Vec<&[u8]> = body.chunks(9_999).collect();
        server.client().send_chunked("POST", DOOR, &chunks)
    };
    check(&chunked(BID.as_bytes()), 200);
    check(&chunked(&full), 200);
    check(&chunked(&over), 413);
    let announced = [("content-length", "99999999999")];
    check(&server.client().send_bare("POST", DOOR, &announced), 413);
    check(&post(BID.as_bytes()), 200);
}

#[test]
fn a_name_that_has_no_profile_is_served_by_the_one_that_stands_in() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    for exchange in ["generic", "demo", "never-heard-of", "Ad.Exchange_7"] {
        check(&client.send("POST", &format!("/openrtb2/{exchange}"), JSON, BID.as_bytes()), 200);
    }
    for no_name in ["", "a/b", "a%20b", "%00", "../../etc/passwd"] {
        check(&client.send("POST", &format!("/openrtb2/{no_name}"), JSON, BID.as_bytes()), 404);
    }
    for path in ["/", "/openrtb2", "/openrtb", "/OPENRTB2/generic", "/n/", "/n/win", "/n/clicked/x", "/n/x/y"]
    {
        check(&client.send("POST", path, JSON, BID.as_bytes()), 404);
    }
}

#[test]
fn a_bid_that_would_come_too_late_is_not_made() {
    let server = Encan::start(Options::default());
    for tmax in ["1", "10", "9.9", "\"7\""] {
        check(&server.post(DOOR, BID.replace("20000", tmax)), 204);
    }
    assert_eq!(server.metric("encan_no_bids_total{reason=\"out_of_time\"}"), 4);
}

#[test]
fn one_connection_serves_many_requests() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    for round in 0..200 {
        let (body, want) = match round % 4 {
            0 => (BID, 200),
            1 => (NO_BID, 204),
            2 => ("{", 400),
            _ => ("", 400),
        };
        check(&client.send("POST", DOOR, JSON, body.as_bytes()), want);
    }
    // A body that nobody asked for does not end it either.
    for (method, path, headers, want) in [
        ("POST", "/nowhere", JSON, 404),
        ("PUT", DOOR, JSON, 405),
        ("POST", DOOR, &[("content-type", "application/x-protobuf")], 415),
        ("POST", DOOR, &[("content-encoding", "br")], 415),
        ("GET", "/c/s2s", JSON, 405),
    ] {
        for body in [BID.as_bytes(), &padded(BID, limits::BODY_BYTES_MAX)] {
            check(&client.send(method, path, headers, body), want);
            check(&client.send("POST", DOOR, JSON, BID.as_bytes()), 200);
        }
    }
    assert_eq!(client.send("POST", "/n/win/x", JSON, BID.as_bytes()).status, 400);
    check(&client.send("POST", DOOR, JSON, BID.as_bytes()), 200);
}

#[test]
fn a_body_that_does_not_come_is_waited_for_in_vain_and_not_for_long() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    check(&client.send_bare("POST", DOOR, &[("content-length", "10")]), 408);
    check(&server.post(DOOR, BID), 200);
}

#[test]
fn told_to_stop_it_closes_what_is_idle_and_ends_well() {
    let server = Encan::start(Options::default());
    let mut idle = server.client();
    check(&idle.send("POST", DOOR, JSON, BID.as_bytes()), 200);
    let (code, words) = server.stop();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("the ledger is closed"), "{words}");
}

#[test]
fn the_doors_are_apart() {
    let server = Encan::start(Options::default());
    for path in ["/metrics", "/readyz"] {
        check(&server.get(path), 404);
        assert_eq!(server.admin(path).status, 200);
    }
    assert_eq!(server.get("/healthz").json()["status"], "ok");
    assert_eq!(server.admin("/healthz").text(), "ok\n");
    assert_eq!(server.admin("/readyz").text(), "ready\n");
    assert_eq!(server.admin("/n/win/x").status, 404);
    assert_eq!(Client::connect(server.admin).send("POST", DOOR, JSON, BID.as_bytes()).status, 405);
}

#[test]
fn what_was_sent_is_what_is_counted() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    let three_imps = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}},
        {"id":"2","banner":{"w":728,"h":90}},{"id":"3","banner":{"w":1,"h":7}}]}"#;
    let late = BID.replace("20000", "1");
    let no_imp = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1"}]}"#;
    for (body, times, want) in [
        (BID, 5, 200),
        (three_imps, 2, 200),
        (NO_BID, 4, 204),
        (&late, 3, 204),
        (no_imp, 2, 204),
        ("{}", 6, 400),
    ] {
        for _ in 0..times {
            check(&client.send("POST", DOOR, JSON, body.as_bytes()), want);
        }
    }
    let metrics = metrics(&server);
    for (name, want) in [
        ("encan_bid_requests_total", 22),
        ("encan_bid_requests_malformed_total", 6),
        ("encan_bids_total", 9),
        ("encan_no_bids_total{reason=\"out_of_time\"}", 3),
        ("encan_no_bids_total{reason=\"no_impression\"}", 2),
        ("encan_reservations_open", 9),
        ("encan_decision_seconds_count", 16),
        ("encan_panics_total", 0),
    ] {
        assert_eq!(metrics.get(name), Some(&want), "{name} in {metrics:?}");
    }
    let no_bids = metrics.iter().filter(|(name, _)| name.starts_with("encan_no_bids_total"));
    assert_eq!(no_bids.map(|(_, count)| count).sum::<u64>(), 9);
}

/// All whole metrics, after checking that every family tells its help and type before its first sample.
fn metrics(server: &Encan) -> BTreeMap<String, u64> {
    let answer = server.admin("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut samples = BTreeMap::new();
    for line in answer.text().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["#", what, family, ..] = words[..] {
            told.entry(family.to_owned()).or_default().push(what.to_owned());
            continue;
        }
        let (name, value) = line.rsplit_once(' ').expect("a sample is a name and a value");
        let bare = name.split('{').next().expect("a first part");
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|part| bare.strip_suffix(part));
        let family = family.unwrap_or(bare);
        let has_both = told.get(family).is_some_and(|told| told == &["HELP", "TYPE"]);
        let is_ours = family.starts_with("encan_") || family.starts_with("process_");
        assert!(has_both && is_ours, "{line}");
        assert!(value.parse::<f64>().is_ok(), "{line}");
        if let Ok(value) = value.parse() {
            assert_eq!(samples.insert(name.to_owned(), value), None, "{line} stands there twice");
        }
    }
    samples
}
