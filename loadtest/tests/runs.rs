//! Whole runs of the binary against tiny servers in this process: what it counts and how it exits.
//!
//! Rates are tiny and every bound is far from what a slow machine does, so that only behaviour is judged.

#![expect(clippy::unwrap_used, reason = "a server of a test is a test")]

use std::convert::Infallible;
use std::future::pending;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::sync::mpsc;
use std::thread;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};

/// How a server answers bid requests.
#[derive(Clone, Copy)]
enum Bidder {
    /// 204.
    NoBid,
    /// A right bid on the first imp, with notices.
    Bid,
    /// The same with another id.
    WrongId,
    /// 503.
    Overloaded,
    /// Not at all.
    Silent,
}

/// A server on a free port, for as long as this process lives.
fn serve(bidder: Bidder) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let service = service_fn(move |request| answer(bidder, request));
                let io = TokioIo::new(stream);
                tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(io, service));
            }
        });
    });
    receiver.recv().unwrap()
}

async fn answer(bidder: Bidder, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let with = |status: u16, body: Vec<u8>| {
        Ok(Response::builder().status(status).body(Full::new(Bytes::from(body))).unwrap())
    };
    if request.method() == Method::GET {
        return match request.uri().path() {
            "/healthz" => with(200, br#"{"commit":"abc1234"}"#.to_vec()),
            "/n" if request.uri().query() == Some("p=1000.5") => with(204, Vec::new()),
            _ => with(404, Vec::new()),
        };
    }
    if request.uri().path() == "/c/s2s" {
        let is_told = request.headers().get("authorization").is_some_and(|token| token == "Bearer secret");
        let form: Value =
            serde_json::from_slice(&request.into_body().collect().await.unwrap().to_bytes()).unwrap();
        let is_whole = form["order"].as_str().is_some_and(|order| !order.is_empty());
        return with(if is_told && is_whole && form["code"] == "SPRING10" { 204 } else { 400 }, Vec::new());
    }
    let body = request.into_body().collect().await.unwrap().to_bytes();
    match bidder {
        Bidder::NoBid => with(204, Vec::new()),
        Bidder::Bid => with(200, bid(&body, None)),
        Bidder::WrongId => with(200, bid(&body, Some("other"))),
        Bidder::Overloaded => with(503, Vec::new()),
        Bidder::Silent => pending().await,
    }
}

fn bid(body: &[u8], id: Option<&str>) -> Vec<u8> {
    let request: Value = serde_json::from_slice(body).unwrap();
    let imp = &request["imp"][0];
    let response = json!({
        "id": id.map_or(request["id"].clone(), Value::from),
        "cur": request["cur"][0],
        "seatbid": [{"bid": [{
            "id": "b",
            "impid": imp["id"],
            "price": 1000.5,
            "dealid": imp["pmp"]["deals"][0]["id"],
            "nurl": "https://bid.example/n?p=${AUCTION_PRICE}",
            "burl": "https://bid.example/n?p=${AUCTION_PRICE}",
        }]}],
    });
    response.to_string().into_bytes()
}

fn loadtest(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadtest")).args(arguments).output().unwrap()
}

/// A short run against `bidder`: its exit code and its report.
fn run(bidder: Bidder, more: &[&str]) -> (i32, Value) {
    let url = format!("http://{}/openrtb2/test", serve(bidder));
    let mut arguments =
        vec!["--url", &url, "--json", "--rate", "100", "--duration", "1s", "--warmup", "100ms"];
    arguments.extend(["--connections", "8", "--min-achieved", "0.5"]);
    if !more.contains(&"--timeout") {
        arguments.extend(["--timeout", "10s"]);
    }
    arguments.extend(more);
    let output = loadtest(&arguments);
    let report = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), report)
}

#[test]
fn a_bidder_that_always_declines_passes() {
    let (code, report) = run(Bidder::NoBid, &["--arrivals", "even"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["offered"], 100);
    assert_eq!(report["answered"], 100);
    assert_eq!(report["statuses"], json!({"204": 100}));
    assert_eq!(report["server"], "abc1234");
    assert_eq!(report["bids"], 0);
    assert!(report["latency_us"]["p99.99"].as_f64().unwrap() > 0.0);
    assert!(report["body_bytes_out"].as_u64().unwrap() > 80_000);
}

#[test]
fn right_bids_pass_and_their_notices_are_called_with_the_price() {
    let (code, report) = run(Bidder::Bid, &["--notices", "1", "--mix", "small"]);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["bids"], report["offered"]);
    let notices = report["notices"]["accepted"].as_u64().unwrap();
    assert!(notices >= 2 * report["bids"].as_u64().unwrap(), "those of the warm-up too: {report}");
    assert_eq!(report["notices"]["refused"], 0);
}

#[test]
fn no_notice_is_called_unless_asked() {
    let (_, report) = run(Bidder::Bid, &[]);
    assert_eq!(report["notices"], json!({"accepted": 0, "refused": 0, "dropped": 0}));
}

#[test]
fn conversions_are_told_in_every_other_second_and_latency_with_and_without_them() {
    let url = format!("http://{}/openrtb2/test", serve(Bidder::NoBid));
    let told = |token: &str, more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_loadtest"))
            .args(["--url", &url, "--rate", "100", "--duration", "2s", "--warmup", "0ms", "--timeout", "10s"])
            .args(["--min-achieved", "0.5", "--conversions", "50"])
            .args(more)
            .env("LOADTEST_TOKEN", token)
            .output()
            .unwrap();
        let words = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(words).unwrap())
    };
    let form = ["--conversion", r#"{"code": "SPRING10"}"#];
    let (code, words) = told("secret", &form);
    assert_eq!(code, Some(0), "{words}");
    for word in ["accepted, 0 refused, 0 dropped, in every other second", "  alone ", "  beside ", "  ratio "]
    {
        assert!(words.contains(word), "{word}: {words}");
    }
    let (code, words) = told("other", &form);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("FAILED: conversions: 0 accepted"), "{words}");
    let (code, words) = told("secret", &[]);
    assert_eq!(code, Some(2), "{words}");
    assert!(words.contains("`--conversions` needs `--conversion`"), "{words}");
}

#[test]
fn a_wrong_answer_fails_the_run() {
    let (code, report) = run(Bidder::WrongId, &[]);
    assert_eq!(code, 1);
    assert_eq!(report["wrong"], json!({"wrong id": report["answered"]}));
    let (code, report) = run(Bidder::Overloaded, &[]);
    assert_eq!(code, 1);
    assert_eq!(report["wrong"], json!({"status 503": report["answered"]}));
}

#[test]
fn a_rate_that_is_not_reached_fails_the_run() {
    let (code, report) = run(Bidder::Silent, &["--timeout", "200ms"]);
    assert_eq!(code, 1);
    assert_eq!(report["answered"], 0);
    let [timeouts, dropped, offered] =
        [&report["errors"]["timeout"], &report["dropped"], &report["offered"]].map(|n| n.as_u64().unwrap());
    assert_eq!(timeouts + dropped, offered, "each send is accounted for: {report}");
}

#[test]
fn only_this_machine_is_loaded() {
    let output = loadtest(&["--url", "http://192.0.2.1/openrtb2/generic"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        message,
        "error: `--url`: `192.0.2.1` is not a loopback address: loadtest loads only the machine it runs on\n"
    );
}

#[test]
fn a_target_that_is_not_there_is_told_with_a_hint() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = loadtest(&["--url", &format!("http://{free}/")]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.starts_with(&format!("error: nothing answers at {free}\n\nhint: ")), "{message}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_rate_of_nothing_is_refused() {
    for rate in ["0", "NaN", "1e12"] {
        let output = loadtest(&["--rate", rate]);
        assert_eq!(output.status.code(), Some(2), "{rate}");
    }
}

#[test]
fn the_text_report_names_every_measure() {
    let url = format!("http://{}/", serve(Bidder::NoBid));
    let output = loadtest(&["--url", &url, "--rate", "50", "--duration", "500ms", "--timeout", "10s"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for word in ["offered", "achieved", "p99.99", "late by", "204 x", "dropped", "wrong", "seed 1", "passed"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let help = String::from_utf8(loadtest(&["--help"]).stdout).unwrap();
    assert!(help.contains("Examples:") && help.contains("Exit codes:"), "{help}");
}
