//! Bytes that no friend sends, against a running server: heads, lengths, chunks, gzip and bodies of every bad kind.
//! Nothing gets a 5xx, nothing ends the server, and a client that behaves, on a connection of its own, goes on
//! getting right answers meanwhile.

mod support;

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use encan::sim::{Mix, Mutation, Traffic, mutate};
use encan::units::UnixMillis;
use flate2::Compression;
use flate2::write::GzEncoder;
use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use support::{Client, Encan, Options, PATIENCE, wait_until};

/// Bid on by the house campaign. A machine may be busy, so there is time.
const BID: &str = r#"{"id":"r-1","tmax":20000,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
const DOOR: &str = "/openrtb2/generic";

/// Asks for the end of the connection behind the answer.
const CLOSE: &str = "connection: close\r\n";

/// Sends `bytes` and gives the statuses of whatever comes back until the connection ends. Where they do not ask for
/// its end, half of it is closed: then the server need not answer what is complete.
fn statuses(address: SocketAddr, bytes: &[u8]) -> Vec<u16> {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("not zero");
    stream.set_write_timeout(Some(PATIENCE)).expect("not zero");
    // The server may answer and hang up before it has read everything: then the rest is not taken.
    let _ = stream.write_all(bytes);
    if !bytes.windows(CLOSE.len()).any(|window| window == CLOSE.as_bytes()) {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => answer.extend_from_slice(&piece[..length]),
            Err(error)
                if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
            {
                panic!("neither an answer nor an end after {PATIENCE:?}")
            }
            // Cut off with bytes of ours unread.
            Err(_) => break,
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let heads = text.split("HTTP/1.1 ").skip(1);
    heads.map(|head| head.get(..3).and_then(|code| code.parse().ok()).expect("a status")).collect()
}

/// A client that behaves asks as long as `hostile` runs; afterwards the server is well.
fn check(hostile: impl FnOnce(SocketAddr)) {
    let server = Encan::start(Options::default());
    let (done, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let (client, done, asked) = (server.client(), &done, &asked);
        scope.spawn(move || {
            let mut client = client;
            while !done.load(Ordering::Relaxed) {
                check_bid(&mut client);
                asked.fetch_add(1, Ordering::Relaxed);
            }
        });
        let _ends = Ends(done);
        hostile(server.public);
        let before = asked.load(Ordering::Relaxed);
        wait_until("the other client is still answered", || asked.load(Ordering::Relaxed) > before);
    });
    assert_eq!(server.metric("encan_panics_total"), 0);
    check_bid(&mut server.client());
    let (code, words) = server.stop();
    assert_eq!(code, Some(0), "{words}");
}

/// Lets the client that behaves end, also where the hostile one failed.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn check_bid(client: &mut Client) {
    let answer = client.send("POST", DOOR, &[("content-type", "application/json")], BID.as_bytes());
    assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some("r-1")));
}

/// A request with the length of its body, the last one of its connection.
fn post(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    kept_alive(path, &format!("{CLOSE}{headers}"), body)
}

/// A request with the length of its body.
fn kept_alive(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: encan\r\n{headers}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory takes every write");
    encoder.finish().expect("memory takes every write")
}

/// A hostile input by its name, and what it may be answered with: `None` for the end of the connection without a
/// word.
type Case<'a> = (&'a str, Vec<u8>, &'a [Option<u16>]);

#[track_caller]
fn check_each(cases: &[Case<'_>]) {
    check(|address| {
        for (name, bytes, allowed) in cases {
            let found = statuses(address, bytes);
            let fits = match &found[..] {
                [] => allowed.contains(&None),
                found => found.iter().all(|status| allowed.contains(&Some(*status))),
            };
            assert!(fits, "{name}: {found:?}, allowed is {allowed:?}");
        }
    });
}

#[test]
fn heads_that_are_none_end_their_own_connection_only() {
    let none_or_400 = &[None, Some(400)][..];
    let with = |head: &str| format!("POST {DOOR} HTTP/1.1\r\nhost: h\r\n{head}\r\n\r\n{BID}").into_bytes();
    check_each(&[
        ("nothing", vec![], &[None]),
        ("bytes", (0..=255).cycle().take(5_000).collect(), none_or_400),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".repeat(20), none_or_400),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), none_or_400),
        ("half a line", b"POST /openr".to_vec(), none_or_400),
        ("half a head", format!("POST {DOOR} HTTP/1.1\r\nhost: h\r\ncontent-le").into_bytes(), none_or_400),
        ("no version", format!("POST {DOOR}\r\n\r\n").into_bytes(), none_or_400),
        ("a header of 1 MB", with(&format!("x: {}", "a".repeat(1 << 20))), &[None, Some(400), Some(431)]),
        ("5,000 headers", with(&"x: y\r\n".repeat(5_000)), &[None, Some(400), Some(431)]),
        (
            "a path of 100 kB",
            format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)).into_bytes(),
            &[None, Some(400), Some(404), Some(414), Some(431)],
        ),
        ("a header without colon", with("nothing"), none_or_400),
        ("a zero in a header", with("x: \0"), none_or_400),
        ("two lengths", with("content-length: 5\r\ncontent-length: 6"), none_or_400),
        ("a negative length", with("content-length: -1"), none_or_400),
        ("a length beyond any", with("content-length: 99999999999999999999"), none_or_400),
        ("a length of 1 TB", with("content-length: 1099511627776"), &[Some(413)]),
    ]);
}

#[test]
fn bodies_that_are_none_are_refused_without_a_5xx() {
    let chunked = |chunks: &[u8]| {
        let head = format!("POST {DOOR} HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n");
        [head.as_bytes(), chunks].concat()
    };
    let deep =
        |open: &str| format!("{{\"id\":\"r\",\"imp\":{}", open.repeat(100_000 / open.len())).into_bytes();
    let zipped = |body: &[u8]| post(DOOR, "content-encoding: gzip\r\n", body);
    let bomb = gzip(&vec![b' '; 64 << 20]);
    let whole = gzip(BID.as_bytes());
    let both = format!(
        "POST {DOOR} HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let short = format!("POST {DOOR} HTTP/1.1\r\nhost: h\r\ncontent-length: 900\r\n\r\n{BID}");
    let cut = &[None, Some(400)][..];
    let refused = &[Some(400)][..];
    check_each(&[
        ("a size that is no number", chunked(b"xyz\r\nabc\r\n0\r\n\r\n"), cut),
        ("a size beyond any", chunked(b"ffffffffffffffffff\r\n"), cut),
        ("a chunk longer than told", chunked(b"2\r\nabcdef\r\n0\r\n\r\n"), cut),
        ("a chunk cut short", chunked(b"ff\r\nabc"), cut),
        ("endless extensions", chunked(&[b"1;", &b"a".repeat(100_000)[..]].concat()), cut),
        ("a length and chunks", both.into_bytes(), cut),
        ("fewer bytes than told", short.into_bytes(), cut),
        ("128 kB of brackets", post(DOOR, "", &b"[".repeat(128 * 1024)), refused),
        ("deep lists", post(DOOR, "", &deep("[")), refused),
        ("deep objects", post(DOOR, "", &deep("{\"a\":")), refused),
        ("too long", post(DOOR, "", &b" ".repeat(128 * 1024 + 1)), &[Some(413)]),
        ("a bomb", zipped(&bomb), &[Some(413)]),
        ("a bomb in a bomb", zipped(&gzip(&bomb)), &[Some(400), Some(413)]),
        ("gzip cut short", zipped(&whole[..whole.len() / 2]), refused),
        ("gzip with a wrong sum", zipped(&[&whole[..whole.len() - 8], &[0; 8]].concat()), refused),
        ("gzip that is none", zipped(BID.as_bytes()), refused),
        ("gzip of brackets", zipped(&gzip(&b"[".repeat(200_000))), refused),
        ("an unknown encoding", post(DOOR, "content-encoding: br\r\n", b"x"), &[Some(415)]),
        ("bytes", post(DOOR, "", &[0xff; 3_000]), refused),
        (
            "a request and then bytes",
            [kept_alive(DOOR, "", BID.as_bytes()), vec![0xfe; 3_000]].concat(),
            &[Some(200), Some(400)],
        ),
        ("a conversion that is none", post("/c/s2s", "", &deep("[")), &[Some(400), Some(413)]),
    ]);
}

#[test]
fn requests_in_one_go_are_all_answered() {
    check(|address| {
        let all = [kept_alive(DOOR, "", BID.as_bytes()).repeat(49), post(DOOR, "", BID.as_bytes())].concat();
        assert_eq!(statuses(address, &all), vec![200; 50]);
    });
}

#[test]
fn requests_broken_at_random_get_no_5xx() {
    let seed = 20_261_121;
    println!("seed {seed}");
    let mut random = SmallRng::seed_from_u64(seed);
    let mut traffic = Traffic::new(seed, Mix { deal_share: 0.3, dooh: 0.1, ..Mix::default() });
    check(|address| {
        let mut seen = std::collections::BTreeMap::<u16, usize>::new();
        for case in 0..600 {
            let mut body = Vec::new();
            traffic.next(UnixMillis::from_raw(1_795_000_000_000), &mut body);
            let bytes = match case % 3 {
                // The body is broken, the head tells its length.
                0 => post(DOOR, "", &mutate(&body, &Mutation::ALL, &mut random)),
                1 => broken_notice(&mut random),
                // Everything is broken.
                _ => {
                    let mut whole = kept_alive(DOOR, "", &body);
                    for _ in 0..random.random_range(1..5) {
                        let at = random.random_range(0..whole.len().min(200));
                        whole[at] = random.random();
                    }
                    whole
                }
            };
            for status in statuses(address, &bytes) {
                *seen.entry(status).or_default() += 1;
                let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(2_000)]).into_owned();
                assert!(status < 500, "case {case}: {status}\n{shown}");
            }
        }
        println!("{seen:?}");
        assert!(seen.contains_key(&400) && seen.values().sum::<usize>() > 300, "{seen:?}");
    });
}

/// A notice with anything for a token and anything behind it.
fn broken_notice(random: &mut SmallRng) -> Vec<u8> {
    let kinds = ["win", "bill", "loss", "view", "click", "clicked", "", "x"];
    let kind = kinds[random.random_range(0..kinds.len())];
    let letters = b"ABCxyz019-_.~%/?&=+;{}$";
    let mut some = |most: usize| -> String {
        (0..random.random_range(0..most))
            .map(|_| char::from(letters[random.random_range(0..letters.len())]))
            .collect()
    };
    let (token, query) = (some(400), some(200));
    let method = if random.next_u64().is_multiple_of(2) { "GET" } else { "POST" };
    format!("{method} /n/{kind}/{token}?p={query} HTTP/1.1\r\nhost: h\r\ncontent-length: 0\r\n\r\n")
        .into_bytes()
}
