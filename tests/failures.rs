//! What goes wrong outside: each fault is one clear line and an exit code, and nothing is touched.

mod support;

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use support::disk::Disk;
use support::market::{Buyer, Market, begun, campaign, files, half_sent, read_answer, request};
use support::{encan, outcome, wait_until};

fn market() -> Market {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 2.0, &json!({ "daily": 1_000_000 })));
    market
}

/// `encan serve` on `market`, with more flags to come.
fn serve(market: &Market) -> Command {
    serve_with(encan(), market)
}

fn serve_with(mut command: Command, market: &Market) -> Command {
    command.args(["serve", "--admin", "127.0.0.1:0", "--campaigns"]).arg(market.path("campaigns"));
    command.arg("--exchanges").arg(market.path("exchanges"));
    command
}

/// The command ends with `code` and says one line that holds `error`, and a hint.
#[track_caller]
fn check(command: Command, code: i32, error: &str) {
    let (found, words) = outcome(command);
    assert_eq!(found, Some(code), "{words}");
    check_words(&words, error);
}

#[track_caller]
fn check_words(words: &str, error: &str) {
    let lines: Vec<&str> = words.lines().collect();
    let one =
        matches!(lines[..], [first, "", hint] if first.starts_with("error: ") && hint.starts_with("hint: "));
    assert!(one, "one line and a hint:\n{words}");
    assert!(lines[0].contains(error), "`{error}` in\n{words}");
    assert!(!lines[0].contains("Error {") && !lines[0].contains("Some("), "{words}");
}

#[test]
fn a_port_in_use_is_one_line_and_no_ledger_is_made() {
    let market = market();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (flag, other) in [("--listen", "--admin"), ("--admin", "--listen")] {
        let mut command = encan();
        command.args(["serve", flag, &address, other, "127.0.0.1:0", "--data"]).arg(market.data());
        command.arg("--campaigns").arg(market.path("campaigns"));
        command.arg("--exchanges").arg(market.path("exchanges"));
        check(command, 2, &format!("cannot listen on {address}: Address already in use"));
    }
    assert!(files(&market.data()).is_empty());
}

/// `serve` with its data in `data`.
fn serve_in(market: &Market, data: &Path) -> Command {
    let mut command = serve(market);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
    command
}

#[test]
fn a_ledger_in_use_is_refused_and_the_other_one_goes_on() {
    let market = market();
    let first = market.start();
    check(serve_in(&market, &market.data()), 2, "is in use by another encan");
    assert!(Buyer::of(&first).bid().is_some());
    assert_eq!(first.stop().0, Some(0));
    assert_eq!(market.start().stop().0, Some(0), "and is free again");
}

#[test]
fn a_ledger_of_a_newer_version_a_foreign_and_a_damaged_one_are_refused_and_left_as_they_are() {
    let market = market();
    assert_eq!(market.start().stop().0, Some(0));
    let file = market.path("data/ledger.sqlite");
    let good = std::fs::read(&file).unwrap();
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.execute_batch("PRAGMA user_version = 99;").unwrap();
    newer.close().unwrap();
    let before = files(&market.data());
    check(serve_in(&market, &market.data()), 2, "has version 99, this encan knows up to");
    assert_eq!(files(&market.data()), before, "nothing was touched");
    let mut damaged = good.clone();
    damaged[..64].copy_from_slice(&[0x5a; 64]);
    for bytes in [b"not a database, but somebody's diary".repeat(100), damaged] {
        std::fs::write(&file, &bytes).unwrap();
        let before = files(&market.data());
        check(serve_in(&market, &market.data()), 2, "is not a ledger of encan");
        assert_eq!(files(&market.data()), before, "nothing was touched");
    }
    std::fs::write(&file, good).unwrap();
    assert_eq!(market.start().stop().0, Some(0), "the good one is taken again");
}

#[test]
fn a_data_folder_that_cannot_be_used_is_one_line() {
    let market = market();
    let file = market.path("campaigns/large.json");
    check(serve_in(&market, &file), 2, "the data folder");
    check(serve_in(&market, &file.join("below")), 2, "Not a directory");
    let data = market.data();
    let Some(_disk) = Disk::mount(&data, "ro,size=64k") else { return };
    check(serve_in(&market, &data), 2, "Read-only file system");
    assert!(files(&data).is_empty());
}

#[test]
fn a_missing_folder_or_a_faulty_campaign_is_refused_before_anything_is_made() {
    let market = market();
    let mut command = encan();
    command.args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"]).arg(market.data());
    command.arg("--campaigns").arg(market.path("nowhere"));
    let (code, words) = outcome(command);
    assert_eq!(code, Some(1), "{words}");
    assert!(words.contains("nowhere") && words.contains("nothing was started"), "{words}");
    market.campaign(&campaign("large", 2.0, &json!({ "daily": -5 })));
    let (code, words) = outcome(serve_in(&market, &market.data()));
    assert_eq!(code, Some(1), "{words}");
    for part in ["large.json", "must be greater than 0, got -5", "nothing was started"] {
        assert!(words.contains(part), "`{part}` in\n{words}");
    }
    assert!(files(&market.data()).is_empty());
}

#[test]
fn a_disk_that_is_full_at_the_start_is_one_line() {
    let market = market();
    // Files may not grow beyond four blocks: enough for the lock, too little for a ledger.
    let mut command = Command::new("sh");
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_encan")]);
    let mut command = serve_with(command, &market);
    command.args(["--listen", "127.0.0.1:0", "--data"]).arg(market.path("limited"));
    // Its words go to a pipe: a file could not grow.
    let output = command.stdin(Stdio::null()).output().unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{words}");
    check_words(&words, "ledger.sqlite");
    let data = market.data();
    let Some(disk) = Disk::mount(&data, "size=16k") else { return };
    check(serve_in(&market, &data), 2, "disk");
    // With space it starts on what it left there.
    let more = Command::new("mount").args(["-o", "remount,size=4m"]).arg(&data).status().unwrap();
    assert!(more.success());
    assert_eq!(market.start().stop().0, Some(0));
    drop(disk);
}

#[test]
fn a_campaign_in_another_currency_than_its_ledger_is_refused_at_the_start() {
    let market = market();
    assert_eq!(market.start().stop().0, Some(0));
    let mut changed = campaign("large", 2.0, &json!({ "daily": 1_000 }));
    changed["currency"] = json!("USD");
    market.campaign(&changed);
    let mut serve = serve(&market);
    serve.args(["--listen", "127.0.0.1:0", "--data"]).arg(market.data());
    check(serve, 1, "campaign `large` is in USD, but the ledger has it in EUR");
}

#[test]
fn a_client_that_never_ends_its_request_does_not_keep_the_server_up() {
    let market = market();
    let encan = market.start();
    let slow = begun(&encan);
    let (code, words) = encan.stop();
    assert_eq!(code, Some(0), "{words}");
    assert!(words.contains("cut off") && words.contains("the ledger is closed"), "{words}");
    drop(slow);
}

#[test]
fn sigterm_and_sigint_answer_what_was_accepted_and_exit_with_zero() {
    for signal in ["TERM", "INT"] {
        let market = market();
        let encan = market.start();
        let (acknowledged, public) = (Mutex::new(Vec::new()), encan.public);
        let count = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut buyer = Buyer::at(public);
                    while let Ok(offers) = buyer.try_bids(2) {
                        for offer in offers {
                            let Ok(told) = buyer.ask("GET", &offer.billed_at(offer.price), "") else {
                                return;
                            };
                            assert_eq!(told.status, 204);
                            acknowledged.lock().unwrap().push(offer.id);
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
            wait_until("traffic", || count.load(Ordering::Relaxed) > 50);
            // Its body may take two seconds.
            let body = request(1);
            let mut in_flight = half_sent(&encan, &body);
            encan.signal(signal);
            wait_until("the door is closed", || TcpStream::connect(public).is_err());
            in_flight.get_mut().write_all(body.as_bytes()).unwrap();
            assert_eq!(read_answer(&mut in_flight).unwrap().status, 200, "accepted before the signal");
        });
        let (code, words) = encan.ended();
        assert_eq!(code, Some(0), "{words}");
        assert!(words.contains("the ledger is closed") && !words.contains("cut off"), "{words}");
        let booked: Vec<String> = market.events().iter().map(|event| event.bid.id.to_string()).collect();
        let mut acknowledged = acknowledged.into_inner().unwrap();
        acknowledged.sort_unstable();
        // What was booked was answered, and the other way round.
        let mut found = booked;
        found.sort_unstable();
        assert_eq!(found, acknowledged);
        assert!(!market.path("data/ledger.sqlite-wal").exists(), "the log is folded into the file");
    }
}

#[test]
fn a_signal_right_after_the_start_ends_it_cleanly() {
    let market = market();
    for signal in ["TERM", "INT", "TERM", "INT"] {
        let encan = market.start();
        encan.signal(signal);
        let (code, words) = encan.ended();
        assert_eq!(code, Some(0), "{signal}: {words}");
        assert!(!words.contains('\u{1b}'), "no colours where nobody looks:\n{words}");
    }
}
