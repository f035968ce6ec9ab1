//! Pages of publishers and advertisers as callers: what a browser must be told, over real HTTP, before it lets
//! them call us and read what we answer.

mod support;

use support::{Client, Encan, HttpAnswer, Options};

const PAGE: (&str, &str) = ("origin", "https://news.example");
/// Bid on by the house campaign.
const BID: &str = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
/// What lets a page in, in the order of [`check`].
const GRANTS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "vary",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-max-age",
];

/// Checks the status and the values of [`GRANTS`]; those behind the end of `want` are absent.
#[track_caller]
fn check(answer: &HttpAnswer, status: u16, want: &[&str]) {
    assert_eq!(answer.status, status, "{answer:?}");
    let mut want = want.iter().copied();
    for name in GRANTS {
        // Answers may vary with what the client can inflate, too.
        let told = |known: &str, value: &str| known == name && value != "accept-encoding";
        let found = answer.headers.iter().find(|(known, value)| told(known, value));
        assert_eq!(found.map(|(_, value)| value.as_str()), want.next(), "{name} of {answer:?}");
    }
}

/// The question a browser asks before it sends `method` with `headers`.
fn preflight(client: &mut Client, path: &str, method: &str, headers: &str) -> HttpAnswer {
    let asked =
        [PAGE, ("access-control-request-method", method), ("access-control-request-headers", headers)];
    client.send("OPTIONS", path, &asked, b"")
}

#[test]
fn a_bid_request_of_a_page_with_credentials_is_answered_to_that_page() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    let text = ("content-type", "text/plain");
    for origin in ["https://news.example", "http://127.0.0.1:8000", "null"] {
        let answer = client.send("POST", "/openrtb2/generic", &[text, ("origin", origin)], BID.as_bytes());
        check(&answer, 200, &[origin, "true", "Origin"]);
        assert_eq!(answer.json()["id"], "r-1");
    }
}

#[test]
fn an_answer_without_bids_and_a_refusal_can_be_read_by_the_page_too() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    let granted = [PAGE.1, "true", "Origin"];
    let no_bid = br#"{"id":"r-2","imp":[{"id":"1","banner":{"w":1,"h":7}}]}"#;
    check(&client.send("POST", "/openrtb2/generic", &[PAGE], no_bid), 204, &granted);
    check(&client.send("POST", "/openrtb2/generic", &[PAGE], b"no JSON"), 400, &granted);
    check(&client.send("GET", "/openrtb2/generic", &[PAGE], b""), 405, &granted);
    check(&client.send("GET", "/n/view/no-token", &[PAGE], b""), 400, &granted);
    check(&client.send("POST", "/c/s2s", &[PAGE], b"{}"), 400, &granted);
}

#[test]
fn a_browser_that_asks_first_may_send_any_header_where_pages_call() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    let names = "content-type,x-openrtb-version";
    for path in ["/openrtb2/generic", "/openrtb2/an-unknown-one", "/n/view/token", "/n/click/token", "/c/s2s"]
    {
        let answer = preflight(&mut client, path, "POST", names);
        check(&answer, 204, &[PAGE.1, "true", "Origin", "GET, POST", names, "86400"]);
        assert_eq!(answer.body, b"", "{path}");
    }
    assert_eq!(server.metric("encan_panics_total"), 0);
}

#[test]
fn no_page_is_let_in_elsewhere() {
    let server = Encan::start(Options::default());
    check(&server.client().send("GET", "/healthz", &[PAGE], b""), 200, &[]);
    check(&preflight(&mut server.client(), "/healthz", "GET", "x"), 404, &[]);
    check(&preflight(&mut server.client(), "/", "GET", "x"), 404, &[]);
    let mut admin = Client::connect(server.admin);
    check(&admin.send("GET", "/metrics", &[PAGE], b""), 200, &[]);
    check(&preflight(&mut admin, "/metrics", "GET", "x"), 405, &[]);
    check(&preflight(&mut admin, "/openrtb2/generic", "POST", "x"), 405, &[]);
    check(&admin.send("GET", "/openrtb2/generic", &[PAGE], b""), 404, &[]);
}

#[test]
fn a_server_is_told_nothing_of_pages_and_options_alone_asks_nothing() {
    let server = Encan::start(Options::default());
    let mut client = server.client();
    check(&client.send("POST", "/openrtb2/generic", &[], BID.as_bytes()), 200, &[]);
    check(&client.send("OPTIONS", "/openrtb2/generic", &[], b""), 405, &[]);
    let no_origin = [("access-control-request-method", "POST")];
    check(&client.send("OPTIONS", "/openrtb2/generic", &no_origin, b""), 405, &[]);
    check(&client.send("OPTIONS", "/openrtb2/generic", &[PAGE], b""), 405, &[PAGE.1, "true", "Origin"]);
}
