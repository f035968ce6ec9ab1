//! Connections: how long they live, what ends them, and that one client's bad manners are its own affair.

mod support;

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use encan::units::{Millis, limits};
use support::{Encan, Options, PATIENCE};

const BID: &str = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
/// A span that is waited for to its end.
const IDLE: Duration = Duration::from_millis(1_500);
/// Another one.
const HEAD: Duration = Duration::from_millis(300);
/// A span that no machine is too slow for.
const LONG: Duration = Duration::from_secs(20);
/// Between two bytes of a head that drips.
const DRIP: Duration = Duration::from_millis(20);

/// A server whose connections may wait so long for a request, and for the rest of a head.
fn start(idle: Duration, head: Duration) -> Encan {
    let flags = format!("--idle-ms {} --head-ms {}", idle.as_millis(), head.as_millis());
    Encan::start(Options { flags: flags.split(' ').map(str::to_owned).collect(), ..Options::default() })
}

fn request() -> String {
    let length = BID.len();
    format!("POST /openrtb2/generic HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n{BID}")
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    stream.set_nodelay(true).expect("a TCP stream");
    stream
}

/// Reads one answer with its body; its status.
fn answer(stream: &mut TcpStream) -> u16 {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        assert_eq!(stream.read(&mut byte).expect("an answer comes"), 1, "closed in the middle of an answer");
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).expect("a head is text").to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().expect("a number"))];
    stream.read_exact(&mut body).expect("the whole body comes");
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// How long after `since` the server closes the connection, without a word.
fn closed(stream: &mut TcpStream, since: Instant) -> Duration {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => assert_eq!(String::from_utf8_lossy(&rest), ""),
        // What came in unread turns the end into a reset.
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}"),
    }
    since.elapsed()
}

/// The connection was ended by the span `want`, which began no earlier than the clock, and by no long one.
#[track_caller]
fn check(ended: Duration, want: Duration) {
    assert!((want..LONG).contains(&ended), "closed after {ended:?}, not about {want:?}");
}

#[test]
fn an_idle_connection_outlives_the_two_and_a_half_minutes_that_exchanges_ask_for() {
    assert!(limits::IDLE >= Millis::from_seconds(150));
    assert!(limits::HEAD_WAIT <= Millis::from_seconds(10));
}

#[test]
fn a_connection_without_a_request_lives_as_long_as_an_idle_one() {
    let server = start(IDLE, HEAD);
    let since = Instant::now();
    check(closed(&mut connect(server.public), since), IDLE);
}

#[test]
fn a_connection_between_requests_lives_as_long_as_an_idle_one() {
    let server = start(IDLE, HEAD);
    let mut stream = connect(server.public);
    let mut since = Instant::now();
    for _ in 0..3 {
        since = Instant::now();
        stream.write_all(request().as_bytes()).expect("it is open");
        assert_eq!(answer(&mut stream), 200);
    }
    check(closed(&mut stream, since), IDLE);
}

#[test]
fn a_half_sent_head_is_cut_off_soon_on_a_new_connection_and_on_an_old_one() {
    let server = start(LONG, HEAD);
    for begun in ["P", "POST /openrtb2/generic HTTP/1.1\r\nhost: x\r\n"] {
        let mut stream = connect(server.public);
        let since = Instant::now();
        stream.write_all(begun.as_bytes()).expect("it is open");
        check(closed(&mut stream, since), HEAD);
        let mut stream = connect(server.public);
        stream.write_all(request().as_bytes()).expect("it is open");
        assert_eq!(answer(&mut stream), 200);
        let since = Instant::now();
        stream.write_all(begun.as_bytes()).expect("it is open");
        check(closed(&mut stream, since), HEAD);
    }
}

#[test]
fn a_head_that_drips_has_no_more_time_than_another() {
    let server = start(LONG, HEAD);
    let mut stream = connect(server.public);
    let since = Instant::now();
    stream.write_all(b"POST /openrtb2/generic HTTP/1.1\r\nx: ").expect("it is open");
    stream.set_read_timeout(Some(DRIP)).expect("not zero");
    let ended = loop {
        // Written into a closed connection, it fails; read from one, it ends.
        let written = stream.write_all(b"y");
        let read = stream.read(&mut [0; 16]);
        match (written, read) {
            (Ok(()), Err(error)) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                assert!(since.elapsed() < PATIENCE, "it lives as long as it drips");
            }
            _ => break since.elapsed(),
        }
    };
    check(ended, HEAD);
}

#[test]
fn a_head_in_pieces_that_is_in_time_is_answered() {
    let server = start(IDLE, LONG);
    let mut stream = connect(server.public);
    let mut since = Instant::now();
    for _ in 0..3 {
        since = Instant::now();
        for piece in request().as_bytes().chunks(30) {
            stream.write_all(piece).expect("it is open");
            std::thread::yield_now();
        }
        assert_eq!(answer(&mut stream), 200);
    }
    check(closed(&mut stream, since), IDLE);
}

#[test]
fn requests_sent_at_once_are_answered_one_after_the_other() {
    let server = start(IDLE, LONG);
    let mut stream = connect(server.public);
    let (mut all, mut want) = (String::new(), Vec::new());
    for round in 0..20 {
        let (more, status) = match round % 3 {
            0 => (request(), 200),
            1 => ("GET /openrtb2/generic HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 405),
            _ => ("POST /openrtb2/generic HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\n{".to_owned(), 400),
        };
        all.push_str(&more);
        want.push(status);
    }
    let since = Instant::now();
    stream.write_all(all.as_bytes()).expect("it is open");
    let answers: Vec<u16> = want.iter().map(|_| answer(&mut stream)).collect();
    assert_eq!(answers, want);
    check(closed(&mut stream, since), IDLE);
}

#[test]
fn a_head_that_is_too_long_is_refused_and_takes_nobody_down() {
    let server = start(LONG, HEAD);
    let mut other = connect(server.public);
    for head in [
        format!("POST /openrtb2/{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(100_000)),
        format!("POST /openrtb2/generic HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(100_000)),
        format!("POST /openrtb2/generic HTTP/1.1\r\n{}\r\n", "x: y\r\n".repeat(1_000)),
    ] {
        let mut stream = connect(server.public);
        // The server may hang up before it has read all of it.
        let _ = stream.write_all(head.as_bytes());
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told);
        let told = String::from_utf8_lossy(&told);
        assert!(
            told.is_empty() || told.starts_with("HTTP/1.1 431") || told.starts_with("HTTP/1.1 414"),
            "{told}"
        );
        other.write_all(request().as_bytes()).expect("it is open");
        assert_eq!(answer(&mut other), 200);
    }
}

#[test]
fn what_is_no_http_ends_its_own_connection_and_no_other() {
    let server = start(LONG, HEAD);
    let mut other = connect(server.public);
    for nonsense in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\0\0\0\0\0\0\0\0",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /openrtb2/generic HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST /openrtb2/generic HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
        b"POST /openrtb2/generic HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST /openrtb2/generic HTTP/9.9\r\n\r\n",
        b"\xff\xfe / HTTP/1.1\r\n\r\n",
    ] {
        let mut stream = connect(server.public);
        let _ = stream.write_all(nonsense);
        let mut told = Vec::new();
        let _ = stream.read_to_end(&mut told);
        let told = String::from_utf8_lossy(&told);
        assert!(!told.contains(" 5") || !told.starts_with("HTTP/1.1 5"), "{told}");
        other.write_all(request().as_bytes()).expect("it is open");
        assert_eq!(answer(&mut other), 200);
    }
    assert_eq!(server.metric("encan_panics_total"), 0);
}

#[test]
fn a_client_that_ends_its_side_after_the_request_still_gets_its_answer() {
    let server = start(LONG, LONG);
    let mut stream = connect(server.public);
    stream.write_all(request().as_bytes()).expect("room in the socket");
    stream.shutdown(std::net::Shutdown::Write).expect("an open socket");
    assert_eq!(answer(&mut stream), 200);
    closed(&mut stream, Instant::now());
}
