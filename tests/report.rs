//! `encan report`: the figures of a ledger as table, CSV, JSON and one HTML page, in both languages, beside another period.
//!
//! The page is looked at by a headless Chromium where there is one: `ENCAN_BROWSER=required` demands it, and
//! `ENCAN_SCREENSHOTS=DIR` keeps the page and its pictures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use encan::ledger::{
    Area, BidFacts, Charge, Conversion, Device, Event, EventKind, Format, Segments, Setting, Source, Touch,
};
use encan::report::{Aim, AimKind, Dimension};
use encan::shell::store::{Name, NameKind};
use encan::ttf::{Assessment, Bearer, Evidence, Jurisdiction, Place, TaxLine};
use encan::units::{
    BidId, CampaignId, Country, CreativeId, Currency, Day, ExchangeId, LineItemId, Nanos, PublisherId,
    RatePpm, ScenarioId, SegmentId, UnixMillis,
};
use serde_json::Value;
use support::books;
use tempfile::TempDir;

const DAY_MS: i64 = 86_400_000;
const CAMPAIGNS: [&str; 3] = ["autumn-coats", "retargeting", "winter-sale"];

/// Four weeks of November.
fn first_day() -> Day {
    Day::from_civil(2026, 11, 1)
}

/// A ledger of four weeks: three campaigns, more of everything in the later two weeks, no impressions on day 9.
struct Books {
    folder: TempDir,
}

impl Books {
    fn write() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = (0..28).flat_map(|day| (0..3).flat_map(move |campaign| events(day, campaign)));
        books::write(folder.path(), &names(), events);
        Self { folder }
    }

    fn report(&self, flags: &[&str]) -> Output {
        support::encan().args(["report", "--data"]).arg(self.folder.path()).args(flags).output().unwrap()
    }

    #[track_caller]
    fn told(&self, flags: &[&str]) -> String {
        let output = self.report(flags);
        assert_eq!(output.status.code(), Some(0), "{flags:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, flags: &[&str]) -> Value {
        serde_json::from_str(&self.told(&[&["--json"], flags].concat())).unwrap()
    }

    #[track_caller]
    fn refused(&self, flags: &[&str], wanted: &str) {
        let output = self.report(flags);
        let words = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{flags:?}: {words}");
        assert!(words.contains(wanted), "`{wanted}` in {words}");
    }
}

fn names() -> Vec<Name> {
    let euros = |kind, units: i64| Aim { kind, raw: units * 1_000_000_000 };
    let mut names: Vec<Name> = CAMPAIGNS
        .iter()
        .map(|slug| Name {
            fixed_cost: Some((Currency::EUR, Nanos::from_raw(2_000_000_000))),
            aims: vec![euros(AimKind::Cpa, 2), euros(AimKind::Budget, 100)],
            ..books::name(NameKind::Campaign, CampaignId::from_slug(slug).raw(), slug)
        })
        .collect();
    names.push(books::name(NameKind::Exchange, ExchangeId::from_slug("north").raw(), "north"));
    names.push(books::name(NameKind::Publisher, 7, "lemonde.fr"));
    names.push(books::name(NameKind::Segment, 1, "cyclists"));
    names
}

/// What happened to one campaign on one day.
fn events(day: i64, campaign: usize) -> Vec<Event> {
    let count = |base: i64| base * i64::try_from(campaign + 1).unwrap() * (day + 14) / 14;
    let wave = [3, 4, 5, 4, 3, 2, 2][usize::try_from(day % 7).unwrap()];
    let mut number = 0;
    let mut make = |kind: EventKind| {
        number += 1;
        event(day, campaign, number, kind)
    };
    let impressions = if day == 9 { 0 } else { count(wave * 4) };
    let mut events: Vec<Event> = (0..impressions)
        .map(|number| make(EventKind::Impression(charge(20_000_000 + number * 100_000))))
        .collect();
    events.extend((0..impressions / 2).map(|_| make(EventKind::View)));
    events.extend((0..impressions / 8).map(|_| make(EventKind::Click)));
    events.extend((0..impressions / 20).map(|_| make(conversion())));
    events.extend((0..impressions).map(|_| make(EventKind::Win { price: None })));
    let lost = |number| if number % 3 == 0 { Some(102) } else { Some(100) };
    events.extend((0..count(40)).map(|at| make(EventKind::Loss { reason: lost(at), min_to_win: None })));
    events
}

fn event(day: i64, campaign: usize, number: i64, kind: EventKind) -> Event {
    let minted =
        (i64::from(first_day().raw()) + day) * DAY_MS + 8 * 3_600_000 + number * 60_000 % (DAY_MS / 3);
    let at = UnixMillis::from_raw(minted);
    let random = (u64::try_from(day).unwrap() << 40)
        | (u64::try_from(campaign).unwrap() << 32)
        | u64::try_from(number).unwrap();
    let devices = [Device::Phone, Device::Desktop, Device::Tv];
    let setting = Setting {
        publisher: (number % 2 == 0).then(|| PublisherId::from_raw(7)),
        area: Some(Area::new(Country::FR, Some(["IDF", "BRE", "PAC"][usize::try_from(number % 3).unwrap()]))),
        device: devices[usize::try_from(number % 3).unwrap()],
        format: Format::Banner,
        size: Some((300, 250)),
        segments: Segments::new([1, 2].map(SegmentId::from_raw).into_iter().filter(|_| number % 4 == 0)),
        ..Setting::default()
    };
    let slug = CAMPAIGNS[campaign];
    let bid = BidFacts {
        campaign: CampaignId::from_slug(slug),
        line_item: LineItemId::from_slug(slug),
        creative: CreativeId::from_slug(slug),
        setting,
        ..books::facts(BidId::mint(at, random.into()), at)
    };
    Event { bid, at, kind }
}

/// Media at `nanos`, a fee of a tenth, and a tax of 0.1 % that the advertiser bears on top.
fn charge(nanos: i64) -> Charge {
    let media = Nanos::from_raw(nanos);
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).unwrap(), exemption: None };
    let place = Place { jurisdiction: Jurisdiction::from_code("FR"), evidence: Evidence::ViewerDevice };
    Charge {
        media,
        data: Nanos::ZERO,
        fee: media.share(RatePpm::from_ppm(100_000).unwrap()),
        tax: Assessment {
            scenario: ScenarioId::from_slug("hypothesis-eu"),
            place,
            space: line(media, 1_000),
            data: line(Nanos::ZERO, 500),
            more: Vec::new(),
        },
        bearer: Bearer::OnTop,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

fn conversion() -> EventKind {
    let at = UnixMillis::from_raw(0);
    EventKind::Conversion(Conversion {
        kind: "purchase".to_owned(),
        acquisition: true,
        order: None,
        value: Nanos::from_raw(2_500_000_000),
        touch: Touch::Click(at),
        fx: None,
        happened: at,
        lifetime: Nanos::from_raw(10_000_000_000),
        source: Source::Page,
        code: None,
    })
}

/// A number of a JSON report, which may be written as a text.
fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

#[test]
fn every_dimension_adds_up_to_the_same_total_and_only_segments_to_more() {
    let books = Books::write();
    let total = books.json(&["--by", "campaign"])["totals"][0].clone();
    for dimension in Dimension::ALL {
        let report = books.json(&["--by", dimension.name()]);
        let sum = |column: &str| -> f64 {
            report["rows"].as_array().unwrap().iter().map(|row| number(&row[column])).sum()
        };
        for column in ["impressions", "losses", "clicks", "conversions", "media", "tax_borne", "gross"] {
            let more = sum(column) - number(&total[column]);
            let adds_up = if dimension == Dimension::Segment { more > 0.0 } else { more.abs() < 1e-6 };
            assert!(adds_up, "{column} by {dimension}: {more} more");
            assert_eq!(report["totals"][0][column], total[column], "{column} by {dimension}");
        }
    }
}

#[test]
fn a_report_of_one_campaign_holds_nothing_of_another_and_an_unknown_one_is_told_the_nearest() {
    let books = Books::write();
    let report = books.json(&["--where", "campaign=winter-sale", "--by", "campaign,device"]);
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|row| row["campaign"] == "winter-sale"));
    books.refused(&["--where", "campaign=winter-sail"], "did you mean winter-sale?");
    books.refused(&["--where", "exchange=north"], "only campaigns can be chosen");
}

#[test]
fn a_week_stands_beside_the_one_before() {
    let books = Books::write();
    let week = ["--from", "2026-11-15", "--to", "2026-11-21"];
    let previous = books.json(&[&week[..], &["--compare", "previous"]].concat());
    let named = books.json(&[&week[..], &["--compare", "2026-11-08..2026-11-14"]].concat());
    assert_eq!(previous, named);
    let alone = books.json(&["--from", "2026-11-08", "--to", "2026-11-14"]);
    let (row, before) = (&previous["rows"][0], &alone["rows"][0]);
    assert_eq!((&row["present"], &row["campaign"]), (&"both".into(), &before["campaign"]));
    assert_eq!(row["before"]["media"], before["media"]);
    let change = (number(&row["media"]) / number(&before["media"]) - 1.0) * 100.0;
    assert!((number(&row["change_percent"]["media"]) - change).abs() < 1e-5);
    let by_day = books.json(&[&week[..], &["--compare", "previous", "--by", "day"]].concat());
    assert!(by_day["rows"].as_array().unwrap().iter().all(|row| row["present"] == "both"), "days overlap");
    books.refused(&["--compare", "previous"], "--compare previous needs a period");
    books.refused(&["--compare", "yesterday"], "neither `previous` nor like");
}

#[test]
fn targets_are_kept_with_the_ledger_and_held_against_what_came() {
    let books = Books::write();
    let row = books.json(&["--by", "campaign"])["rows"][0].clone();
    let cpa = (number(&row["gross"])) / number(&row["conversions"]);
    assert_eq!(row["target_cpa"], "2.000000");
    assert!((number(&row["attained_cpa_percent"]) - 200.0 / cpa).abs() < 1e-4);
    assert!(
        (number(&row["attained_budget_percent"]) - number(&row["media"])).abs() < 1e-6,
        "of a budget of 100"
    );
    assert_eq!(row["target_cpm"], Value::Null);
}

#[test]
fn people_read_their_language_and_machines_always_the_same() {
    let books = Books::write();
    let french = books.told(&["--lang", "fr"]);
    assert!(french.contains("Diffusion") && french.contains("Valeur") && french.contains("\u{202f}%"));
    let english = books.told(&[]);
    assert!(english.contains("Delivery") && !english.contains('\u{202f}'));
    for format in ["csv", "json"] {
        let of = |lang| books.told(&["--format", format, "--lang", lang, "--by", "day,device"]);
        assert_eq!(of("en"), of("fr"));
    }
    books.refused(&["--lang", "de"], "there are en and fr");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn without_parquet_the_way_to_it_is_told() {
    Books::write().refused(&["--format", "parquet"], "cargo build --release --features parquet");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_comes_as_it_is() {
    let output = Books::write().report(&["--format", "parquet"]);
    assert_eq!(
        (&output.stdout[..4], &output.stdout[output.stdout.len() - 4..]),
        (&b"PAR1"[..], &b"PAR1"[..])
    );
}

#[test]
fn a_page_is_one_light_file_that_a_browser_shows() {
    let books = Books::write();
    let kept = std::env::var_os("ENCAN_SCREENSHOTS").map(PathBuf::from);
    let folder = kept.unwrap_or_else(|| books.folder.path().to_owned());
    for (name, flags) in [
        ("report-en", vec!["--lang", "en"]),
        (
            "report-fr",
            vec!["--lang", "fr", "--from", "2026-11-15", "--to", "2026-11-28", "--compare", "previous"],
        ),
        ("report-day", vec!["--lang", "en", "--from", "2026-11-20", "--to", "2026-11-20", "--by", "device"]),
    ] {
        let html = books.told(&[&["--format", "html"], &flags[..]].concat());
        assert!(html.len() < 100_000, "{name}: {} bytes", html.len());
        assert_eq!(html.matches("<svg class=\"chart\"").count(), 5, "{name}");
        for outside in ["<script", "http-equiv", "src=", "url("] {
            assert!(!html.contains(outside), "{name}: {outside}");
        }
        let file = folder.join(format!("{name}.html"));
        std::fs::write(&file, html).unwrap();
        for (view, width, height, scheme) in
            [("light", 1_280, 2_000, "1"), ("dark", 1_280, 2_000, "0"), ("phone", 500, 1_800, "1")]
        {
            if let Some(picture) = picture(&file, &format!("{name}-{view}"), (width, height), scheme) {
                // An empty page of that size is below 15 kB.
                let size = std::fs::metadata(&picture).unwrap().len();
                assert!(size > 40_000, "{}: {size} bytes", picture.display());
            }
        }
    }
}

/// What a headless Chromium shows of `file`; `None` where there is none.
#[expect(clippy::print_stdout, reason = "a test that looks at nothing says so")]
fn picture(file: &Path, name: &str, (width, height): (u32, u32), scheme: &str) -> Option<PathBuf> {
    let browser = std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from);
    if !browser.exists() {
        assert!(std::env::var("ENCAN_BROWSER").as_deref() != Ok("required"), "no {}", browser.display());
        println!("SKIPPED: no {}, so nothing was looked at", browser.display());
        return None;
    }
    let picture = file.with_file_name(format!("{name}.png"));
    let profile = tempfile::tempdir().unwrap();
    let status = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("--blink-settings=preferredColorScheme={scheme}"))
        .arg(format!("--window-size={width},{height}"))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(file)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{name}");
    Some(picture)
}
