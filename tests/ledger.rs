//! `encan ledger`: the books verified, shown, copied and archived, beside a running server and without one.
//!
//! How fast: `ENCAN_LEDGER_ROWS=1000000 cargo test --release --test ledger -- --nocapture days`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::io::Write as _;
use std::path::Path;
use std::process::Output;
use std::time::Instant;

use encan::ledger::{Charge, Event, EventKind};
use encan::shell::clock;
use encan::shell::store::{NameKind, archivable_before};
use encan::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use encan::units::{BidId, CampaignId, Day, ExchangeId, Nanos, RatePpm, ScenarioId, UnixMillis};
use serde_json::{Value, json};
use support::books;
use support::market::{Buyer, Market, campaign, files};
use support::{wait_until, within_an_hour};

const DAY_MS: i64 = 86_400_000;

fn ledger(data: &Path, arguments: &[&str]) -> Output {
    support::encan().arg("ledger").args(arguments).arg("--data").arg(data).output().unwrap()
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn told(data: &Path, arguments: &[&str]) -> String {
    let output = ledger(data, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", words(&output));
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn refused(data: &Path, arguments: &[&str], code: i32, want: &str) {
    let output = ledger(data, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", words(&output));
    assert!(words(&output).contains(want), "`{want}` in {}", words(&output));
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// How many of one thing were checked.
#[track_caller]
fn checked(data: &Path, check: &str) -> u64 {
    let told = json_of(&told(data, &["verify", "--json"]));
    assert_eq!(told["right"], true);
    let of = |row: &&Value| row["check"] == check;
    told["checked"].as_array().unwrap().iter().find(of).unwrap()["count"].as_u64().unwrap()
}

/// A figure of the total money of the campaign `name`, in nanos.
#[track_caller]
fn of_total(data: &Path, name: &str, figure: &str) -> i64 {
    let told = json_of(&told(data, &["balances", "--json"]));
    let is_it = |row: &&Value| {
        row["name"] == name
            && row["level"] == "campaign"
            && row["window"] == "total"
            && row["measure"] == "money"
    };
    let row = told["caps"].as_array().unwrap().iter().find(is_it).cloned().unwrap_or_default();
    row[figure].as_str().map_or(0, nanos)
}

fn nanos(text: &str) -> i64 {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    whole.parse::<i64>().unwrap() * 1_000_000_000 + format!("{part:0<9}").parse::<i64>().unwrap()
}

/// Bids at 2 a thousand until `count` were billed at their price; their prices in nanos.
fn bill(buyer: &mut Buyer, count: usize) -> i64 {
    let (mut billed, mut left) = (0, count);
    wait_until("bids", || {
        if let Some(offer) = buyer.bid() {
            buyer.tell(&offer.billed_at(offer.price));
            billed += offer.price;
            left -= 1;
        }
        left == 0
    });
    billed
}

#[test]
fn a_server_goes_on_from_a_backup_of_a_running_one_within_its_caps() {
    const LIMIT: i64 = 200_000_000;
    let budget = json!({ "total": 0.2 });
    let market = Market::new("10m");
    market.campaign(&campaign("small", 2.0, &budget));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    let billed = bill(&mut buyer, 30);
    assert_eq!(checked(&market.data(), "events"), 30, "beside the server");
    assert_eq!(of_total(&market.data(), "small", "used"), billed);
    let leased = of_total(&market.data(), "small", "leased");
    assert!(leased > 0, "the run holds a lease");
    let copy = market.path("copy.sqlite");
    told(&market.data(), &["backup", copy.to_str().unwrap()]);
    refused(&market.data(), &["backup", copy.to_str().unwrap()], 1, "exists already");
    let out = Buyer::of(&encan).bid();
    bill(&mut buyer, 5);
    drop(encan.kill());

    let restored = Market::new("10m");
    restored.campaign(&campaign("small", 2.0, &budget));
    std::fs::copy(&copy, restored.path("data/ledger.sqlite")).unwrap();
    std::fs::copy(market.path("data/secret"), restored.path("data/secret")).unwrap();
    assert_eq!(checked(&restored.data(), "events"), 30, "what was billed later is not in it");
    let encan = restored.start();
    assert_eq!(of_total(&restored.data(), "small", "quarantined"), leased);
    let mut buyer = Buyer::of(&encan);
    // A notice of the lost run still comes, and is paid out of what is locked up.
    let late = out.map_or(0, |offer| {
        buyer.tell(&offer.billed_at(offer.price));
        offer.price
    });
    let mut idle = 0;
    while idle < 200 {
        match buyer.bid() {
            Some(offer) => {
                buyer.tell(&offer.billed_at(offer.price));
                idle = 0;
            }
            None => idle += 1,
        }
    }
    let used = of_total(&restored.data(), "small", "used");
    assert!(used + leased - late <= LIMIT, "{used} used, {leased} locked up, of {LIMIT}");
    assert!(used >= billed, "it went on");
    let shown = support::encan()
        .args(["ledger", "balances", "--limits", "--data"])
        .arg(restored.data())
        .arg("--campaigns")
        .arg(restored.path("campaigns"))
        .arg("--exchanges")
        .arg(restored.path("exchanges"))
        .output()
        .unwrap();
    assert!(words(&shown).contains("available") && words(&shown).contains(" 0.2"), "{}", words(&shown));
    checked(&restored.data(), "events");
    assert_eq!(encan.stop().0, Some(0));
    checked(&restored.data(), "events");
}

#[test]
fn a_commit_that_is_not_what_was_written_is_named_and_nothing_is_changed() {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 2.0, &json!({ "total": 1_000 })));
    let encan = market.start();
    bill(&mut Buyer::of(&encan), 20);
    drop(encan.kill());
    assert!(checked(&market.data(), "commits") > 0, "killed before its snapshot");
    let file = market.path("data/ledger.sqlite");
    let connection = rusqlite::Connection::open(&file).unwrap();
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    let swapped = "UPDATE journal SET keys = (SELECT keys FROM journal ORDER BY number LIMIT 1)
                   WHERE number = (SELECT max(number) FROM journal)";
    connection.execute(swapped, []).unwrap();
    drop(connection);
    let kept = || {
        let mut files = files(&market.data());
        files.retain(|path, _| !path.to_string_lossy().ends_with("-shm"));
        files
    };
    let before = kept();
    refused(&market.data(), &["verify"], 1, "commits: ");
    refused(&market.data(), &["verify", "--json"], 1, "\"check\": \"commits\"");
    assert!(kept() == before, "nothing was touched");
}

#[test]
fn a_folder_without_a_ledger_and_a_file_that_is_none_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    for verb in
        [&["verify"][..], &["balances"], &["backup", "/nowhere/copy"], &["archive", "--before", "2020-01-01"]]
    {
        // Of verify, 1 is a difference.
        let code = if verb == ["verify"] { 2 } else { 1 };
        refused(folder.path(), verb, code, "there is no ledger in");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    std::fs::write(folder.path().join("ledger.sqlite"), b"Dear diary, ".repeat(99)).unwrap();
    refused(folder.path(), &["verify"], 2, "is not a ledger of encan");
    std::fs::remove_file(folder.path().join("ledger.sqlite")).unwrap();
    refused(folder.path(), &["verify"], 2, "there is no ledger in");
    // Who once had one is told so.
    std::fs::write(folder.path().join("lock"), "a ledger of encan lies here\n").unwrap();
    for verb in ["verify", "balances"] {
        refused(folder.path(), &[verb], 2, "ledger.sqlite` is gone");
    }
}

fn impression(minted: i64, number: u128, price: i64) -> Event {
    let at = UnixMillis::from_raw(minted);
    let line = |base, ppm| TaxLine {
        base: Nanos::from_raw(base),
        rate: RatePpm::from_ppm(ppm).unwrap(),
        exemption: None,
    };
    let tax = Assessment {
        scenario: ScenarioId::from_raw(1),
        place: Place {
            jurisdiction: Jurisdiction::from_code("FR"),
            evidence: Evidence::from_code(1).unwrap(),
        },
        space: line(price, 1_000),
        data: line(0, 500),
        more: Vec::new(),
    };
    let media = Nanos::from_raw(price);
    let charge = Charge {
        media,
        data: Nanos::ZERO,
        fee: media.share(RatePpm::from_ppm(100_000).unwrap()),
        tax,
        bearer: Bearer::Absorb,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    };
    Event { bid: books::facts(BidId::mint(at, number), at), at, kind: EventKind::Impression(charge) }
}

/// Writes `rows` events as a server does, evenly over `days` days from `first` on; the first of them.
fn write_days(data: &Path, first: Day, days: u64, rows: u64) -> Event {
    let names = [
        books::name(NameKind::Campaign, CampaignId::from_slug("spring").raw(), "spring"),
        books::name(NameKind::Exchange, ExchangeId::from_slug("north").raw(), "north"),
    ];
    let begin = i64::from(first.raw()) * DAY_MS;
    let event = |row: u64| {
        let minted = begin + i64::try_from(row * days * 86_400_000 / rows).unwrap();
        let mut event = impression(minted, row.into(), 1_000_000 + i64::try_from(row % 1_000).unwrap());
        if row % 4 == 3 {
            event.kind = EventKind::Click;
        }
        event
    };
    books::write(data, &names, (0..rows).map(event));
    event(0)
}

fn report(data: &Path, more: &[&str]) -> Output {
    support::encan().args(["report", "--json", "--data"]).arg(data).args(more).output().unwrap()
}

/// A backup of all of `data` has its archive, and says so where that is not what was written.
fn restored_with_its_archive(data: &Path, rows: u64, reported: &Output) {
    let elsewhere = tempfile::tempdir().unwrap();
    let (copy, restored) = (elsewhere.path().join("copy"), elsewhere.path().join("restored"));
    let listed = told(data, &["backup", "--whole", copy.to_str().unwrap()]);
    assert!(listed.contains("archive/"), "{listed}");
    told(&restored, &["restore", copy.to_str().unwrap()]);
    assert_eq!((checked(&restored, "archives"), checked(&restored, "events")), (1, rows));
    assert_eq!(report(&restored, &[]).stdout, reported.stdout);
    // One that somebody changed is left out and named.
    let archive = std::fs::read_dir(restored.join("archive")).unwrap().next().unwrap().unwrap().path();
    let name = archive.file_name().unwrap().to_str().unwrap();
    std::fs::OpenOptions::new().append(true).open(&archive).unwrap().write_all(b"!").unwrap();
    let second = elsewhere.path().join("second");
    let named = format!("`archive/{name}`: it is not what was written");
    refused(&restored, &["backup", "--whole", second.to_str().unwrap()], 2, &named);
    assert!(second.join("ledger.sqlite").exists() && !second.join("archive").join(name).exists());
    std::fs::remove_file(&archive).unwrap();
    let third = elsewhere.path().join("third");
    let named = format!("`archive/{name}`: it is missing");
    refused(&restored, &["backup", "--whole", third.to_str().unwrap()], 2, &named);
}

#[test]
fn old_days_are_archived_and_every_reader_goes_over_them() {
    within_an_hour(|| {
        let rows = std::env::var("ENCAN_LEDGER_ROWS").map_or(4_000, |rows| rows.parse().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let latest = archivable_before(clock::now());
        let before = Day::from_raw(latest.raw() - 2);
        // Half of the days are archived.
        let oldest = write_days(data, Day::from_raw(before.raw() - 4), 8, rows);
        let timed = |what: &str, act: &dyn Fn()| {
            let start = Instant::now();
            act();
            let took = start.elapsed();
            println!("{what}: {rows} rows in {took:.2?}");
        };
        timed("verify", &|| assert_eq!(checked(data, "events"), rows));
        let reported = report(data, &[]);
        assert_eq!(reported.status.code(), Some(0), "{}", words(&reported));
        // The first writer forgets hours that are long over.
        let before_all = Day::from_raw(before.raw() - 4).to_string();
        assert!(told(data, &["archive", "--before", &before_all]).contains("nothing to archive"));
        let balances = told(data, &["balances", "--json"]);
        let young = Day::from_raw(latest.raw() + 1).to_string();
        refused(data, &["archive", "--before", &young], 1, &format!("the latest is `--before {latest}`"));
        let copy = data.join("copy");
        timed("backup", &|| drop(told(data, &["backup", copy.to_str().unwrap()])));
        std::fs::remove_file(copy).unwrap();

        let bytes = || std::fs::metadata(data.join("ledger.sqlite")).unwrap().len();
        let whole = bytes();
        timed("archive", &|| {
            let told = told(data, &["archive", "--before", &before.to_string()]);
            assert!(told.contains(&format!("{} events", rows / 2)), "{told}");
        });
        assert!(bytes() < whole * 3 / 4, "space was given back: {} of {whole}", bytes());
        assert!(told(data, &["archive", "--before", &before.to_string()]).contains("nothing to archive"));
        timed("verify with an archive", &|| assert_eq!(checked(data, "events"), rows));
        assert_eq!(checked(data, "archives"), 1);
        assert_eq!(report(data, &[]).stdout, reported.stdout);
        assert!(told(data, &["balances", "--json"]) == balances, "balances and caps stay");
        restored_with_its_archive(data, rows, &reported);

        // A correction still finds the bill, and is held against it.
        let correction = json!({ "author": "Ada", "corrections": [{ "id": "cn-1", "kind": "credit_note",
        "bid": oldest.bid.id.to_string(), "share": 1, "reason": "credit note 1" }] });
        let file = data.join("corrections.json");
        std::fs::write(&file, correction.to_string()).unwrap();
        assert!(told(data, &["correct", file.to_str().unwrap()]).contains("-0.001 EUR"));
        let again = correction.to_string().replace("cn-1", "cn-2");
        std::fs::write(&file, again).unwrap();
        refused(data, &["correct", file.to_str().unwrap()], 1, "nothing was booked");
        assert_eq!(checked(data, "bills"), 1);

        let archive = std::fs::read_dir(data.join("archive")).unwrap().next().unwrap().unwrap().path();
        let good = std::fs::read(&archive).unwrap();
        let mut bad = good.clone();
        let middle = bad.len() / 2;
        bad[middle] ^= 1;
        std::fs::write(&archive, &bad).unwrap();
        assert_eq!(report(data, &[]).status.code(), Some(0));
        check_bad_archive(data, "is not what was written");
        std::fs::write(&archive, &good).unwrap();
        assert_eq!(report(data, &[]).status.code(), Some(0));
        std::fs::remove_file(&archive).unwrap();
        check_bad_archive(data, "is missing");
        std::fs::write(&archive, &good).unwrap();
        assert_eq!(report(data, &[]).status.code(), Some(0));
        assert_eq!(checked(data, "events"), rows + 1);
    });
}

/// Everybody says what is wrong with the archive, and a report can do without it: with the columns that were made of it,
/// or without its days.
#[track_caller]
fn check_bad_archive(data: &Path, what: &str) {
    refused(data, &["verify"], 1, "archives: ");
    refused(data, &["verify"], 1, what);
    assert_eq!(report(data, &[]).status.code(), Some(0), "the columns are there");
    std::fs::remove_dir_all(data.join("figures")).unwrap();
    let told = report(data, &[]);
    assert_eq!(told.status.code(), Some(2), "{}", words(&told));
    assert!(words(&told).contains(what) && words(&told).contains("--without-archives"), "{}", words(&told));
    assert_eq!(report(data, &["--without-archives"]).status.code(), Some(0));
}

#[test]
fn a_ledger_in_use_is_not_archived() {
    let market = Market::new("10m");
    market.campaign(&campaign("large", 2.0, &json!({ "total": 1_000 })));
    let encan = market.start();
    refused(&market.data(), &["archive", "--before", "2020-01-01"], 2, "is in use by another encan");
    assert_eq!(encan.stop().0, Some(0));
}
