//! Ledgers that are not as they were left: refused with a clear line and left as they are, or read up to the last commit
//! that is whole.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use encan::shell::leasing::terms;
use encan::shell::store::{Opened, Store};
use encan::units::Millis;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::json;

use support::market::{Buyer, Market, campaign, files, seed};

const FILE: &str = "data/ledger.sqlite";
const LOG: &str = "data/ledger.sqlite-wal";
/// Of the file; a frame of the log has a head besides.
const PAGE: usize = 4_096;
const LOG_HEAD: usize = 32;
const FRAME: usize = PAGE + 24;

/// A market whose ledger has the bills of these bids, in their order, each a commit of its own.
fn billed(count: usize) -> (Market, Vec<String>) {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 2.0, &json!({ "daily": 1_000_000 })));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let mut ids = Vec::new();
    while ids.len() < count {
        let Some(offer) = buyer.bid() else { continue };
        buyer.tell(&offer.billed_at(offer.price));
        ids.push(offer.id);
    }
    drop(encan.kill());
    (market, ids)
}

/// The same, ended cleanly: without a log.
fn closed(count: usize) -> (Market, Vec<String>) {
    let (market, ids) = billed(count);
    assert_eq!(market.start().stop().0, Some(0));
    assert!(!market.path(LOG).exists());
    (market, ids)
}

/// What is in the folder, but for the index of the log, which SQLite makes anew at each start after a crash.
fn kept(market: &Market) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = files(&market.data());
    files.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
    files
}

/// The server is refused with `error` and `hint`, and touches nothing.
#[track_caller]
fn check_refused(market: &Market, error: &str, hint: &str) {
    let before = kept(market);
    let (code, words) = market.refused(&[]);
    let lines: Vec<&str> = words.lines().collect();
    assert_eq!(code, Some(2), "{words}");
    assert!(matches!(lines[..], [_, "", _]), "one line and a hint:\n{words}");
    assert!(lines[0].starts_with("error: ") && lines[0].contains(error), "`{error}` in\n{words}");
    assert!(lines[2].starts_with("hint: ") && lines[2].contains(hint), "`{hint}` in\n{words}");
    assert!(kept(market) == before, "nothing was touched: {:?}", changed(&before, &kept(market)));
}

/// The names of what differs.
fn changed(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
    let differs = |path: &&PathBuf| before.get(*path) != after.get(*path);
    before.keys().chain(after.keys()).filter(differs).cloned().collect()
}

/// Changes the bytes of the file `name`.
fn change(market: &Market, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = std::fs::read(market.path(name)).unwrap();
    change(&mut bytes);
    std::fs::write(market.path(name), bytes).unwrap();
}

/// The pages of a table: its root first.
fn root_page(market: &Market, table: &str) -> usize {
    let connection = rusqlite::Connection::open(market.path(FILE)).unwrap();
    let root = "SELECT rootpage FROM sqlite_master WHERE name = ?";
    let root: u32 = connection.query_row(root, [table], |row| row.get(0)).unwrap();
    (root as usize - 1) * PAGE
}

#[test]
fn a_ledger_with_a_damaged_head_or_root_is_refused() {
    let (market, _) = closed(50);
    let good = std::fs::read(market.path(FILE)).unwrap();
    let (event, cap) = (root_page(&market, "event"), root_page(&market, "cap"));
    let roots = ["parked", "name", "epoch"].map(|table| root_page(&market, table));
    for (at, bit, error) in [
        (0, 1, "is not a ledger of encan"),
        (16, 7, "is not a ledger of encan"),
        (68, 3, "is not a ledger of encan"),
        (60, 6, "this encan knows up to"),
        (100, 2, "database disk image is malformed"),
        (event, 3, "database disk image is malformed"),
        (cap, 3, "database disk image is malformed"),
        // How many bytes lie idle between the rows: nobody who reads them sees it.
        (cap + 7, 4, "is damaged: "),
        (roots[0], 3, "database disk image is malformed"),
        (roots[1], 3, "database disk image is malformed"),
        (roots[2], 3, "database disk image is malformed"),
    ] {
        change(&market, FILE, |bytes| bytes[at] ^= 1 << bit);
        let hint = match error {
            "is not a ledger of encan" => "nothing was touched",
            "this encan knows up to" => "run the newer encan",
            _ => "restore the ledger from a backup",
        };
        check_refused(&market, error, hint);
        std::fs::write(market.path(FILE), &good).unwrap();
    }
    assert_eq!(market.start().stop().0, Some(0), "the good one is taken again");
}

#[test]
fn a_ledger_that_was_cut_is_refused() {
    let (market, _) = closed(300);
    let good = std::fs::read(market.path(FILE)).unwrap();
    let half = good.len() / PAGE / 2 * PAGE;
    for (length, error, hint) in [
        (half, "malformed", "restore the ledger from a backup"),
        (half + 77, "malformed", "restore the ledger from a backup"),
        (good.len() - PAGE, "malformed", "restore the ledger from a backup"),
        (100, "ledger.sqlite", ""),
        (10, "is gone", "restore it from a backup"),
        (0, "is gone", "restore it from a backup"),
    ] {
        change(&market, FILE, |bytes| bytes.truncate(length));
        check_refused(&market, error, hint);
        std::fs::write(market.path(FILE), &good).unwrap();
    }
    assert_eq!(market.start().stop().0, Some(0), "the good one is taken again");
}

#[test]
fn a_ledger_that_is_gone_is_not_made_anew_unless_that_is_said() {
    for left_a_log in [false, true] {
        let (market, ids) = if left_a_log { billed(20) } else { closed(20) };
        let elsewhere = market.path("elsewhere");
        std::fs::rename(market.path(FILE), &elsewhere).unwrap();
        check_refused(&market, "ledger.sqlite` is gone", "restore it from a backup");
        std::fs::rename(&elsewhere, market.path(FILE)).unwrap();
        assert_eq!(market.start().stop().0, Some(0));
        assert_eq!(market.events().len(), ids.len());
        std::fs::remove_file(market.path(FILE)).unwrap();
        std::fs::remove_file(market.path("data/lock")).unwrap();
        assert_eq!(market.start().stop().0, Some(0), "as the hint says");
        assert!(market.events().is_empty());
    }
}

#[test]
fn a_ledger_whose_log_is_gone_is_refused_until_it_is_back_or_that_is_said() {
    for after_a_clean_end in [false, true] {
        let (market, ids) = billed(20);
        if after_a_clean_end {
            assert_eq!(market.start().stop().0, Some(0));
            drop(market.start().kill());
        }
        let log = std::fs::read(market.path(LOG)).unwrap();
        let _ = std::fs::remove_file(market.path("data/ledger.sqlite-shm"));
        for is_empty in [false, true] {
            if is_empty {
                std::fs::write(market.path(LOG), "").unwrap();
            } else {
                std::fs::remove_file(market.path(LOG)).unwrap();
            }
            check_refused(&market, "ledger.sqlite-wal` of the ledger is gone", "remove the folder's `lock`");
            let error = Store::open(&market.data()).unwrap_err().to_string();
            assert!(error.ends_with("ledger.sqlite-wal` of the ledger is gone"), "{error}");
        }
        std::fs::write(market.path(LOG), &log).unwrap();
        drop(market.start().kill());
        assert_eq!(market.start().stop().0, Some(0), "with its log it is taken, killed or not");
        assert_eq!(market.events().len(), ids.len());
        // After a clean end there is no log that could be missed.
        assert!(!market.path(LOG).exists());
        assert_eq!(market.start().stop().0, Some(0));
        drop(market.start().kill());
        std::fs::remove_file(market.path(LOG)).unwrap();
        std::fs::remove_file(market.path("data/lock")).unwrap();
        assert_eq!(market.start().stop().0, Some(0), "as the hint says");
        assert_eq!(market.events().len(), ids.len());
    }
}

#[test]
fn a_copy_of_the_ledger_alone_is_taken_and_an_empty_file_in_its_place_is_not() {
    let (market, ids) = billed(20);
    let copy = market.path("copy.sqlite");
    Store::open(&market.data()).unwrap().backup(&copy).unwrap();
    std::fs::remove_dir_all(market.data()).unwrap();
    std::fs::create_dir(market.data()).unwrap();
    std::fs::copy(&copy, market.path(FILE)).unwrap();
    assert_eq!(market.start().stop().0, Some(0));
    assert_eq!(market.events().len(), ids.len());
    // A database that nobody wrote anything to.
    std::fs::remove_file(market.path(FILE)).unwrap();
    let empty = rusqlite::Connection::open(market.path(FILE)).unwrap();
    empty.execute_batch("PRAGMA journal_mode = WAL").unwrap();
    drop(empty);
    assert!(market.path(FILE).metadata().unwrap().len() > 0);
    check_refused(&market, "ledger.sqlite` is gone", "restore it from a backup");
    assert!(matches!(Store::open(&market.data()), Err(encan::shell::store::StoreError::Gone { .. })));
}

#[test]
fn what_is_no_file_or_not_ours_is_refused() {
    let (market, _) = closed(5);
    std::fs::rename(market.path(FILE), market.path("elsewhere")).unwrap();
    std::fs::create_dir(market.path(FILE)).unwrap();
    check_refused(&market, "Is a directory", "name a folder that can be written with `--data DIR`");
    std::fs::remove_dir(market.path(FILE)).unwrap();
    std::fs::rename(market.path("elsewhere"), market.path(FILE)).unwrap();
    std::fs::set_permissions(market.path(FILE), Permissions::from_mode(0o000)).unwrap();
    // Whoever may read everything is not kept out.
    if std::fs::File::open(market.path(FILE)).is_err() {
        let (code, words) = market.refused(&[]);
        assert_eq!(code, Some(2), "{words}");
        assert!(words.contains("Permission denied") && words.contains("hint: name a folder"), "{words}");
    }
    std::fs::set_permissions(market.path(FILE), Permissions::from_mode(0o600)).unwrap();
    assert_eq!(market.start().stop().0, Some(0));
}

#[test]
fn a_newer_ledger_that_was_killed_is_refused_and_its_log_stays() {
    let (market, _) = billed(20);
    let connection = rusqlite::Connection::open(market.path(FILE)).unwrap();
    let keep = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    connection.set_db_config(keep, true).unwrap();
    connection.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(connection);
    assert!(market.path(LOG).metadata().unwrap().len() > 0);
    check_refused(&market, "has version 99, this encan knows up to", "run the newer encan");
}

/// A folder like that of `market`, with `log` in place of its log.
fn with_log(market: &Market, log: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["ledger.sqlite", "lock", "secret"] {
        std::fs::copy(market.data().join(name), folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("ledger.sqlite-wal"), log).unwrap();
    folder
}

/// How many bids are billed in the ledger in `folder`: the first of `ids`, and no others.
#[track_caller]
fn check_prefix(folder: &Path, ids: &[String]) -> usize {
    let mut found = Vec::new();
    let store = Store::open(folder).unwrap();
    store.events(|event| found.push(event.bid.id.to_string())).unwrap();
    found.sort_unstable();
    let mut wanted = ids[..found.len()].to_vec();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "the first of what was acknowledged");
    found.len()
}

#[test]
fn a_log_that_is_cut_anywhere_holds_every_commit_before_the_cut() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, ids) = billed(60);
    let log = std::fs::read(market.path(LOG)).unwrap();
    // Before its first whole commit, the file has no tables yet, or none of ours.
    let begins = (LOG_HEAD..=log.len())
        .step_by(FRAME)
        .find(|cut| Store::open(with_log(&market, &log[..*cut]).path()).is_ok());
    let begins = begins.unwrap();
    let mut cuts: Vec<usize> = (begins..=log.len()).step_by(FRAME).collect();
    cuts.extend((0..100).map(|_| random.random_range(begins..log.len())));
    cuts.sort_unstable();
    let mut before = 0;
    for cut in cuts {
        let folder = with_log(&market, &log[..cut]);
        let found = check_prefix(folder.path(), &ids);
        assert!(found >= before, "cut at {cut}: {found} after {before}");
        before = found;
    }
    assert_eq!(before, ids.len(), "all of the log has all");
}

#[test]
fn a_server_goes_on_from_a_torn_tail_without_a_word() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, ids) = billed(40);
    let log = std::fs::read(market.path(LOG)).unwrap();
    for _ in 0..5 {
        let cut = random.random_range(log.len() / 2..log.len());
        std::fs::write(market.path(LOG), &log[..cut]).unwrap();
        // Half a page of what was there before: what a disk may leave.
        change(&market, LOG, |bytes| bytes.resize(bytes.len() + 2_000, 0x5a));
        let former = std::fs::read(market.path(FILE)).unwrap();
        let (code, words) = market.start().stop();
        assert_eq!(code, Some(0), "{words}");
        check_prefix(&market.data(), &ids);
        std::fs::write(market.path(FILE), former).unwrap();
    }
}

#[test]
fn a_flipped_bit_in_the_log_is_refused_or_costs_nothing_but_the_very_end() {
    let mut random = SmallRng::seed_from_u64(seed());
    let (market, ids) = billed(40);
    let (good, log) = (std::fs::read(market.path(FILE)).unwrap(), std::fs::read(market.path(LOG)).unwrap());
    let mut refused = 0;
    for round in 0..24 {
        // The head, the first half, anywhere, and near the end.
        let at = match round % 4 {
            0 => random.random_range(0..LOG_HEAD),
            1 => random.random_range(LOG_HEAD..log.len() / 2),
            2 => random.random_range(LOG_HEAD..log.len()),
            _ => random.random_range(log.len() - 8 * FRAME..log.len()),
        };
        let bit = random.random_range(0..8);
        change(&market, LOG, |bytes| bytes[at] ^= 1 << bit);
        let folder = with_log(&market, &std::fs::read(market.path(LOG)).unwrap());
        if Opened::open(folder.path(), terms(Millis::default())).is_err() {
            check_refused(&market, "is damaged at frame", "restore the ledger and its log from a backup");
            refused += 1;
        } else {
            assert!(round % 4 >= 2, "byte {at}: behind it, whole commits follow");
            assert_eq!(market.start().stop().0, Some(0));
            let found = check_prefix(&market.data(), &ids);
            // The last commit, and one more where the bit said that it ended there.
            assert!(found + 2 >= ids.len(), "byte {at}: {found}");
        }
        std::fs::write(market.path(FILE), &good).unwrap();
        std::fs::write(market.path(LOG), &log).unwrap();
    }
    assert!(refused >= 12, "{refused}");
}
