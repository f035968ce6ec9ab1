//! A year's report: from columns beside a scan of every row, by several sets of dimensions; how long the columns take to
//! build, how much room they need, and what a page costs that asks again while events come in.
//!
//! `cargo bench --bench figures` does a small year. At full size, and on a ledger that is kept for the next run:
//!
//! ```text
//! cargo bench --bench figures -- 10000000
//! cargo bench --bench figures -- 10000000 /some/folder
//! cargo bench --bench figures -- 10000000 /some/folder campaign,publisher line-item,exchange,day
//! ```
//!
//! The number is of events. Without a folder, the ledger is made in the system's folder for temporary files, or where
//! `TMPDIR` says. With sets of dimensions, these alone are asked for, of the columns as they are.

#[path = "support/figures.rs"]
mod figures;

use std::path::{Path, PathBuf};
use std::time::Instant;

use encan::budget::LeaseTerms;
use encan::campaign::read_scenario;
use encan::document::{Faults, Source};
use encan::ledger::{
    Area, BidFacts, Charge, Conversion, Device, Event, EventKind, Format, Setting, Touch, ViewerCountries,
};
use encan::report::Dimension;
use encan::shell::figures::{Desk, Question, Section, parts, scan, table};
use encan::shell::store::{Opened, Store, Writer};
use encan::shell::taxes::{WhatIfAsk, what_if};
use encan::ttf::{Assessment, Bearer, Case, Evidence, Jurisdiction, Place, Scenario, TaxLine};
use encan::units::{
    AdvertiserId, ArmId, BidId, CampaignId, Country, CreativeId, Currency, Day, DealId, Epoch, ExchangeId,
    LineItemId, Millis, Nanos, PublisherId, RatePpm, ScenarioId, UnixMillis, UserKey,
};
use tokio::sync::oneshot;

use crate::figures::say;

/// The last instant of the year.
const NOW: i64 = 1_795_262_400_000;
const DAY: i64 = 86_400_000;
const DAYS: i64 = 365;
const BATCH: usize = 4_096;
/// Events that come in between two looks at a page.
const BETWEEN: u64 = 600;
const ROUNDS: usize = 5;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let count = words.first().and_then(|word| word.parse().ok()).unwrap_or(100_000);
    let temporary = tempfile::Builder::new().prefix("encan-figures-").tempdir().expect("a folder");
    let folder = words.get(1).map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    year(&folder, count);
    if let Some(sets) = words.get(2..).filter(|sets| !sets.is_empty()) {
        let dimensions =
            |set: &String| set.split(',').map(|name| name.parse().expect("a dimension")).collect();
        return sets.iter().map(dimensions).for_each(|by| reported(&folder, by, None));
    }
    columns(&folder, count);
    let scanned = scanned(&folder);
    for by in sets() {
        reported(&folder, by, Some(scanned));
    }
    impressions(&folder);
    other_taxes(&folder);
    today(&folder, count);
}

/// Every dimension alone, and sets of them that people ask for.
fn sets() -> Vec<Vec<Dimension>> {
    use Dimension::{
        Campaign, Creative, Day, Deal, Device, Exchange, Format, Hour, LineItem, Place, Publisher,
    };
    let alone = Dimension::ALL.map(|dimension| vec![dimension]);
    let several = [
        vec![Campaign, Day],
        vec![LineItem, Exchange],
        vec![Campaign, Publisher],
        vec![Device, Format, Place],
        vec![Creative, Deal, Exchange],
        vec![LineItem, Exchange, Day],
        vec![Creative, Day],
        vec![Device, Place, Day],
        vec![Publisher, Place],
        vec![LineItem, Publisher],
        vec![Campaign, Hour],
    ];
    [vec![]].into_iter().chain(alone).chain(several).collect()
}

/// A cheap stream of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn index(&mut self, bound: u64) -> usize {
        usize::try_from(self.below(bound)).expect("a small number")
    }

    fn millis(&mut self, bound: i64) -> i64 {
        self.below(bound.unsigned_abs()).cast_signed()
    }
}

/// The events of bid `number`, made at `made`: one in four is lost; of the others most are won and billed, four in ten
/// seen, one in a hundred clicked, one in ten of these converts within two days.
fn events_of_bid(number: u64, made: i64, events: &mut Vec<Event>) {
    let mut random = Random(number ^ 0x5851_f42d_4c95_7f2d);
    let bid = bid(number, made, &mut random);
    let mut push = |kind, after: i64| {
        events.push(Event { bid, at: UnixMillis::from_raw(made + after), kind });
    };
    let media = Nanos::from_raw(500_000 + random.millis(3_000_000));
    let soon = random.millis(2_000);
    if random.below(4) == 0 {
        let min_to_win = (random.below(2) == 0).then_some(media);
        return push(EventKind::Loss { reason: Some(102), min_to_win }, soon);
    }
    push(EventKind::Win { price: Some(media) }, soon);
    push(EventKind::Impression(charge(media, &mut random)), soon + 400);
    if random.below(10) < 4 {
        push(EventKind::View, soon + 1_500);
    }
    if random.below(100) == 0 {
        let clicked = soon + 3_000 + random.millis(20_000);
        push(EventKind::Click, clicked);
        if random.below(10) == 0 {
            let touch = Touch::Click(UnixMillis::from_raw(made + clicked));
            let told = clicked + random.millis(2 * DAY);
            let value = random.millis(90_000_000_000);
            push(conversion(number, touch, value, UnixMillis::from_raw(made + told)), told);
        }
    }
}

fn conversion(number: u64, touch: Touch, value: i64, told: UnixMillis) -> EventKind {
    EventKind::Conversion(Conversion {
        kind: "purchase".to_owned(),
        acquisition: true,
        order: Some(format!("order-{number}")),
        value: Nanos::from_raw(value),
        touch,
        fx: None,
        happened: told,
        lifetime: Nanos::from_raw(4 * value),
        source: encan::ledger::Source::Page,
        code: None,
    })
}

fn bid(number: u64, made: i64, random: &mut Random) -> BidFacts {
    let line_item = random.below(200);
    let at = UnixMillis::from_raw(made);
    let mut user = [0; 16];
    user[..8].copy_from_slice(&random.below(1_000_000).to_le_bytes());
    BidFacts {
        id: BidId::mint(at, u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)),
        at,
        day: Day::from_raw(i32::try_from((made + DAY / 24).div_euclid(DAY)).expect("a day")),
        advertiser: AdvertiserId::from_raw(line_item % 8 + 1),
        campaign: CampaignId::from_raw(line_item % 40 + 1),
        line_item: LineItemId::from_raw(line_item + 1),
        creative: CreativeId::from_raw(line_item * 4 + random.below(4) + 1),
        exchange: ExchangeId::from_raw(random.below(4) + 1),
        deal: (random.below(5) == 0).then(|| DealId::from_raw(random.below(30))),
        currency: Currency::EUR,
        user: Some(UserKey::from_bytes(user)),
        household: None,
        lease: Epoch::from_raw(1),
        setting: setting(line_item, random),
    }
}

/// One of 2,000 publishers, a few of which have most of the traffic, in one of 60 regions, on one of four devices.
fn setting(line_item: u64, random: &mut Random) -> Setting {
    let countries = ["FR", "DE", "ES", "IT"].map(Country::from_code);
    let country = countries[random.index(4)].expect("a country");
    let publisher = random.below(2_000).min(random.below(2_000)).min(random.below(2_000));
    let region = (random.below(15) + 10).to_string();
    let is_video = line_item.is_multiple_of(5);
    let sizes = [(300, 250), (728, 90), (320, 50), (970, 250)];
    Setting {
        publisher: Some(PublisherId::from_raw(publisher.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)),
        area: Some(Area::new(country, Some(&region))),
        device: [Device::Phone, Device::Phone, Device::Desktop, Device::Tablet][random.index(4)],
        format: if is_video { Format::Video } else { Format::Banner },
        size: Some(if is_video { (1_920, 1_080) } else { sizes[random.index(4)] }),
        arm: line_item.is_multiple_of(10).then(|| ArmId::from_raw(random.below(2) + 1)),
        viewer: ViewerCountries { device: Some(country), address: Some(country), home: None },
        ..Setting::default()
    }
}

fn charge(media: Nanos, random: &mut Random) -> Charge {
    let line = |base, ppm| TaxLine { base, rate: RatePpm::from_ppm(ppm).expect("a rate"), exemption: None };
    let paid = Nanos::from_raw(200_000);
    let jurisdiction = ["FR", "DE", "EU"][random.index(3)];
    let below = |share: i64, random: &mut Random| Nanos::from_raw(media.raw() + random.millis(share));
    Charge {
        media,
        data: paid,
        fee: media.share(RatePpm::from_ppm(100_000).expect("a rate")),
        tax: Assessment {
            scenario: ScenarioId::from_slug("hypothesis-eu"),
            place: Place {
                jurisdiction: Jurisdiction::from_code(jurisdiction),
                evidence: Evidence::from_code(4).expect("an evidence"),
            },
            space: line(media, 1_000),
            data: line(paid, 500),
            more: Vec::new(),
        },
        bearer: Bearer::OnTop,
        fx: None,
        late: false,
        bid: Some(below(500_000, random)),
        to_beat: (random.below(2) == 0).then(|| Nanos::from_raw(media.raw() - random.millis(400_000))),
    }
}

/// A ledger that is written by the server's writer.
struct Writing {
    writer: Writer,
    handle: encan::shell::store::WriterHandle,
    runtime: tokio::runtime::Runtime,
}

impl Writing {
    fn begin(folder: &Path) -> Self {
        let terms = LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(600) };
        let (failure, _failed) = oneshot::channel();
        let (writer, handle) = Writer::start(Opened::open(folder, terms).expect("a ledger"), failure);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        Self { writer, handle, runtime }
    }

    fn append(&self, events: Vec<Event>) {
        let news = self.runtime.block_on(self.writer.append(events)).expect("they are kept");
        assert!(news.into_iter().all(|new| new));
    }

    fn end(self) {
        drop(self.writer);
        self.handle.join().expect("a clean end");
    }
}

/// Makes the ledger of a year, unless it is there.
fn year(folder: &Path, count: u64) {
    if folder.join("ledger.sqlite").exists() {
        return;
    }
    let start = Instant::now();
    let writing = Writing::begin(folder);
    let (mut events, mut written, mut number) = (Vec::new(), 0, 0);
    // A bid has 2.05 events.
    let bids = i128::from(count) * 100 / 205;
    while written < count {
        let passed = i128::from(number) * i128::from(DAYS * DAY) / bids.max(1);
        let made = NOW - DAYS * DAY + i64::try_from(passed).expect("an instant");
        events_of_bid(number, made, &mut events);
        number += 1;
        if events.len() >= BATCH {
            written += events.len() as u64;
            writing.append(std::mem::take(&mut events));
        }
    }
    writing.end();
    let bytes = std::fs::metadata(folder.join("ledger.sqlite")).expect("the ledger").len();
    say(format_args!(
        "{written} events of {DAYS} days: {} MB, written in {:.1} s",
        bytes / 1_000_000,
        start.elapsed().as_secs_f64()
    ));
}

/// Builds the columns anew.
fn columns(folder: &Path, count: u64) {
    let _ = std::fs::remove_dir_all(folder.join("figures"));
    let start = Instant::now();
    table(folder, &Question::default()).expect("a table");
    let seconds = start.elapsed().as_secs_f64();
    let files = std::fs::read_dir(folder.join("figures")).expect("the columns");
    let sizes: Vec<u64> =
        files.map(|file| file.expect("a file").metadata().expect("its size").len()).collect();
    let bytes: u64 = sizes.iter().sum();
    say(format_args!(
        "columns: {} files, {} MB, {:.1} bytes an event, built in {seconds:.1} s, {:.2} us an event",
        sizes.len(),
        bytes / 1_000_000,
        bytes as f64 / count as f64,
        seconds * 1e6 / count as f64
    ));
}

/// Seconds of a scan of every row, by campaign.
fn scanned(folder: &Path) -> f64 {
    let question = Question { by: vec![Dimension::Campaign], ..Question::default() };
    let start = Instant::now();
    let store = Store::open(folder).expect("the ledger");
    let report = scan(&store, &question).expect("a report");
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(
        report.finish(&<_>::default()),
        table(folder, &question).expect("a table"),
        "columns say what the rows say"
    );
    say(format_args!("a scan of every row by campaign: {seconds:.2} s"));
    seconds
}

fn reported(folder: &Path, by: Vec<Dimension>, scanned: Option<f64>) {
    let names: Vec<&str> = by.iter().map(|dimension| dimension.name()).collect();
    let question = Question { by, ..Question::default() };
    let (mut seconds, mut cpu) = (Vec::new(), Vec::new());
    let mut rows = 0;
    forget_peak();
    for _ in 0..ROUNDS {
        let (start, before) = (Instant::now(), user_seconds());
        rows = table(folder, &question).expect("a table").rows.len();
        seconds.push(start.elapsed().as_secs_f64());
        cpu.push(user_seconds() - before);
    }
    let seconds = median(&seconds);
    let faster = scanned
        .map_or_else(String::new, |scanned| format!(", {:.0} times faster than the scan", scanned / seconds));
    say(format_args!(
        "a year by [{}]: {rows} rows, {:.0} ms, {:.0} ms of user CPU, peak {} MB{faster}",
        names.join(", "),
        seconds * 1e3,
        median(&cpu) * 1e3,
        peak_mb()
    ));
}

/// What this process has used of all cores, outside the kernel, to 10 ms; zero where the system does not tell.
fn user_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name of the program, which stands in parentheses; the kernel counts in hundredths for everybody.
    let user = stat.rsplit(')').next().and_then(|after| after.split_whitespace().nth(11));
    user.and_then(|ticks| ticks.parse::<f64>().ok()).unwrap_or_default() / 100.0
}

/// Lets the most memory that this process held count from now on, where the system can.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kb = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kb.unwrap_or_default() / 1_000
}

/// Every impression handed to a fold on all cores, as a tax is tried on them.
fn impressions(folder: &Path) {
    let store = Store::open(folder).expect("the ledger");
    let mut seconds = Vec::new();
    let mut found = (0, 0);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let (question, sections) = (Question::default(), [Section::Impression, Section::Correction]);
        let add = |(count, media): &mut (u64, i64), event: &Event| {
            if let EventKind::Impression(charge) = &event.kind {
                *count += 1;
                *media += charge.media.raw();
            }
        };
        let all = parts(&store, folder, (&question, &sections), || (0, 0), add).expect("parts");
        found = all.into_iter().fold((0, 0), |sum, part| (sum.0 + part.0, sum.1 + part.1));
        seconds.push(start.elapsed().as_secs_f64());
    }
    let (count, seconds) = (found.0, median(&seconds));
    say(format_args!(
        "{count} impressions handed on whole in {:.0} ms: {:.2} s for ten million",
        seconds * 1e3,
        seconds * 1e7 / count as f64
    ));
}

/// What other taxes would change of every impression: two rates, each borne in two ways, beside what was booked.
fn other_taxes(folder: &Path) {
    let source = Source::new("hypothesis-eu.json", include_str!("../fixtures/tax/hypothesis-eu.json"));
    let spec = read_scenario(&source, &mut Faults::new()).expect("the samples are sound");
    let scenario = Scenario::new(spec).expect("the samples are sound");
    let rates = [200, 1_000].map(|ppm| RatePpm::from_ppm(ppm).expect("a rate"));
    let scenarios = rates.map(|rate| scenario.at_rate(rate).expect("a rate for one jurisdiction"));
    let mut cases = vec![Case { name: "as booked".to_owned(), scenario: None, bearer: None }];
    cases.extend(scenarios.iter().flat_map(|scenario| {
        [Bearer::Absorb, Bearer::OnTop].map(|bearer| Case {
            name: bearer.to_string(),
            scenario: Some(scenario),
            bearer: Some(bearer),
        })
    }));
    let mut seconds = Vec::new();
    let mut impressions = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let outcomes = what_if(folder, &cases, &WhatIfAsk::default()).expect("outcomes");
        impressions = outcomes.first().expect("an outcome").impressions;
        seconds.push(start.elapsed().as_secs_f64());
    }
    let seconds = median(&seconds);
    say(format_args!(
        "{impressions} impressions under {} taxes in {:.0} ms: {:.2} s for ten million",
        cases.len(),
        seconds * 1e3,
        seconds * 1e7 / impressions as f64
    ));
}

/// A page that asks again and again while events come in: without anything that is kept of the last look, and with it.
fn today(folder: &Path, count: u64) {
    let writing = Writing::begin(folder);
    let question = Question { by: vec![Dimension::Campaign], ..Question::default() };
    let desk = Desk::new(folder.to_owned());
    desk.table(&question).expect("a table");
    let (mut seconds, mut kept) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        let mut events = Vec::new();
        let mut number = (1 << 40) + (u64::from(std::process::id()) << 20) + round * BETWEEN;
        while (events.len() as u64) < BETWEEN {
            events_of_bid(number, NOW + i64::try_from(number % 1_000_000).expect("an instant"), &mut events);
            number += 1;
        }
        writing.append(events);
        let start = Instant::now();
        let anew = table(folder, &question).expect("a table");
        seconds.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        let again = desk.table(&question).expect("a table");
        kept.push(start.elapsed().as_secs_f64());
        assert_eq!(anew, again, "what is kept says what is read");
    }
    writing.end();
    say(format_args!(
        "the year of {count} events by campaign, asked again after {BETWEEN} events each: {:.0} ms, from a desk {:.1} ms",
        median(&seconds) * 1e3,
        median(&kept) * 1e3
    ));
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
