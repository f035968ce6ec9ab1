//! Figures from columns, by the real command line: built by the first report, right whatever becomes of the files, and
//! verified against the events; and the names of publishers, which the server learns by bidding.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use encan::ledger::{BidFacts, Charge, Event, EventKind};
use encan::shell::clock;
use encan::shell::store::{NameKind, Store, archivable_before};
use encan::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use encan::units::{BidId, CampaignId, Day, ExchangeId, Nanos, PublisherId, RatePpm, ScenarioId, UnixMillis};
use serde_json::{Value, json};
use support::books;
use support::market::{Buyer, Market, campaign};
use support::wait_until;

const DAY_MS: i64 = 86_400_000;
const DAYS: i32 = 4;
const A_DAY: u32 = 30;

fn run(data: &Path, arguments: &[&str]) -> Output {
    support::encan().args(arguments).arg("--data").arg(data).output().unwrap()
}

fn words(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn told(data: &Path, arguments: &[&str]) -> String {
    let output = run(data, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", words(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn report(data: &Path) -> Value {
    serde_json::from_str(&told(data, &["report", "--by", "day,campaign,exchange", "--json"])).unwrap()
}

#[track_caller]
fn figures_checked(data: &Path) -> u64 {
    let told: Value = serde_json::from_str(&told(data, &["ledger", "verify", "--json"])).unwrap();
    let rows = told["checked"].as_array().unwrap();
    rows.iter().find(|row| row["check"] == "figures").unwrap()["count"].as_u64().unwrap()
}

/// The column files, by day.
fn files(data: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(data.join("figures")).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    files
}

fn event(first: Day, day: i32, number: u32) -> Event {
    let minted = (i64::from(first.raw()) + i64::from(day)) * DAY_MS + i64::from(number) * 1_000;
    let at = UnixMillis::from_raw(minted);
    let media = Nanos::from_raw(1_000_000 + i64::from(number));
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).unwrap(), exemption: None };
    let tax = Assessment {
        scenario: ScenarioId::from_raw(1),
        place: Place {
            jurisdiction: Jurisdiction::from_code("FR"),
            evidence: Evidence::from_code(1).unwrap(),
        },
        space: line(media, 1_000),
        data: line(Nanos::ZERO, 500),
        more: Vec::new(),
    };
    let charge = Charge {
        media,
        data: Nanos::ZERO,
        fee: media.share(RatePpm::from_ppm(100_000).unwrap()),
        tax,
        bearer: Bearer::OnTop,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    };
    let bid = BidFacts {
        campaign: CampaignId::from_raw((number % 3).into()),
        exchange: ExchangeId::from_raw((number % 2).into()),
        ..books::facts(BidId::mint(at, number.into()), at)
    };
    let kind = if number % 5 == 4 { EventKind::Click } else { EventKind::Impression(charge) };
    Event { bid, at, kind }
}

/// A ledger of a few days from `first` on.
fn write(data: &Path, first: Day, numbers: std::ops::Range<u32>) {
    let of_day = |day| numbers.clone().map(move |number| event(first, day, number));
    books::write(data, &[], (0..DAYS).flat_map(of_day));
}

#[test]
fn a_report_says_the_same_whatever_becomes_of_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    write(data, Day::from_raw(20_600), 0..A_DAY);
    assert_eq!(figures_checked(data), 0, "there are none yet");
    let first = report(data);
    assert_eq!(first["rows"].as_array().unwrap().len(), usize::try_from(DAYS).unwrap() * 6);
    let days = files(data);
    assert_eq!(days.len(), usize::try_from(DAYS).unwrap());
    assert!(days[0].ends_with("2026-05-27.columns"), "{}", days[0].display());
    assert_eq!(figures_checked(data), 4);
    assert_eq!(report(data), first);

    let right = std::fs::read(&days[1]).unwrap();
    let mut damaged = right.clone();
    damaged[right.len() / 2] ^= 4;
    for bytes in [damaged.as_slice(), b"not ours", &right[..right.len() / 2], b""] {
        std::fs::write(&days[1], bytes).unwrap();
        assert_eq!(figures_checked(data), 3, "nobody uses a damaged file: it is not wrong");
        assert_eq!(report(data), first);
        assert_eq!(std::fs::read(&days[1]).unwrap(), right, "it was built anew");
    }
    // More of the same days makes other figures, and files that say so.
    write(data, Day::from_raw(20_600), A_DAY..A_DAY + 10);
    let more = report(data);
    assert_ne!(more, first);
    assert_eq!(figures_checked(data), 4);
    std::fs::remove_dir_all(data.join("figures")).unwrap();
    assert_eq!(report(data), more);
}

#[test]
fn archived_days_are_in_reports_with_their_columns_and_without() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let before = archivable_before(clock::now());
    write(data, Day::from_raw(before.raw() - 2), 0..A_DAY);
    // The first writer forgets hours that are long over.
    let nothing = Day::from_raw(before.raw() - 2).to_string();
    told(data, &["ledger", "archive", "--before", &nothing]);
    let first = report(data);
    told(data, &["ledger", "archive", "--before", &before.to_string()]);
    assert_eq!(report(data), first);
    assert_eq!(figures_checked(data), 4);
    std::fs::remove_dir_all(data.join("figures")).unwrap();
    assert_eq!(report(data), first, "built from the archive");
    let own = told(data, &["report", "--by", "day", "--json", "--without-archives"]);
    let own: Value = serde_json::from_str(&own).unwrap();
    assert_eq!(own["rows"].as_array().unwrap().len(), 2);
}

#[test]
fn a_ledger_that_lost_an_event_is_not_reported_as_if_it_were_whole() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    write(data, Day::from_raw(20_600), 0..A_DAY);
    let connection = rusqlite::Connection::open(data.join("ledger.sqlite")).unwrap();
    connection.execute("DELETE FROM event WHERE key = (SELECT min(key) FROM event)", []).unwrap();
    connection.close().unwrap();
    let told = run(data, &["report"]);
    assert_eq!(told.status.code(), Some(2), "{}", words(&told));
    assert!(words(&told).contains("UTC day 2026-05-27"), "{}", words(&told));
    assert!(words(&told).contains("encan ledger verify"), "{}", words(&told));
}

#[test]
fn the_server_keeps_the_names_of_publishers_that_it_bids_on() {
    let market = Market::new("10m");
    market.campaign(&campaign("small", 2.0, &json!({ "total": 1 })));
    let encan = market.start();
    let mut buyer = Buyer::of(&encan);
    wait_until("a bid", || buyer.bid().is_some());
    let named = || {
        let names = Store::open(&market.data()).unwrap().names().unwrap();
        names.into_iter().filter(|name| name.kind == NameKind::Publisher).collect::<Vec<_>>()
    };
    wait_until("its name", || !named().is_empty());
    let names = named();
    assert_eq!(names.len(), 1);
    assert_eq!(
        (names[0].slug.as_str(), names[0].id),
        ("news.example", PublisherId::from_slug("news.example").raw())
    );
}
