//! What bids teach, over HTTP and with the real binary: outcomes are counted and kept, models are trained, shown, taken
//! and undone, and a damaged file stops nothing.

mod support;

use std::path::Path;
use std::process::Output;

use encan::learning::{Features, Field};
use encan::ledger::{BidFacts, Conversion, Event, EventKind, Source, Touch};
use encan::report::{Aim, AimKind};
use encan::shell::learning::{Contexts, Examples, Shown, ToKeep};
use encan::shell::store::{Name, NameKind};
use encan::units::{BidId, CampaignId, ExchangeId, LineItemId, Millis, Nanos, UnixMillis};
use serde_json::{Value, json};
use support::books;
use support::{Encan, Options, encan, wait_until};
use tempfile::TempDir;

const CAMPAIGN: &str = r#"{ "advertiser": { "id": "shop", "name": "Shop", "domain": "shop.example", "country": "FR" },
    "id": "spring", "name": "Spring", "currency": "EUR", "time_zone": "UTC", "flight": { "start": "2025-01-01" },
    "budget": { "daily": 100 }, "pacing": "asap", "line_items": [{ "id": "all", "goal": { "cpm": 10 } }],
    "creatives": [{ "id": "mpu", "landing_page": "https://shop.example/", "categories": ["IAB3"],
        "banner": { "size": "300x250", "image": "https://cdn.shop.example/300x250.png" } }] }"#;

fn exchange(bills_on: &str, reservation: &str) -> String {
    format!(
        r#"{{ "name": "x", "bills_on": "{bills_on}", "reservation": {{ "display": "{reservation}", "av": "1h" }},
        "tmax_ms": 60000, "margin_ms": 10, "price_decimals": 6, "missing_price": "book_bid" }}"#
    )
}

/// Campaigns, exchanges and data in one folder.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: String| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        };
        write("campaigns/spring.json", CAMPAIGN.to_owned());
        write("exchanges/slow.json", exchange("billing", "10m"));
        write("exchanges/quick.json", exchange("billing", "4s"));
        write("exchanges/shown.json", exchange("impression", "4s"));
        std::fs::create_dir(folder.path().join("data")).expect("a folder");
        Self { folder }
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn serve(&self, flags: &[&str]) -> Encan {
        let at = |name: &str| Some(self.folder.path().join(name));
        Encan::start(Options {
            campaigns: at("campaigns"),
            exchanges: at("exchanges"),
            data: at("data"),
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            ..Options::default()
        })
    }

    fn learn(&self, verb: &[&str]) -> Output {
        encan().arg("learn").args(verb).arg("--data").arg(self.data()).output().expect("the binary runs")
    }

    #[track_caller]
    fn learnt(&self, verb: &[&str]) -> Value {
        let output = self.learn(&[verb, &["--json"]].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn status(&self) -> Value {
        self.learnt(&["status"])
    }

    /// Samples, and how many told the price to beat, were won, and were lost.
    fn samples(&self) -> [u64; 4] {
        let status = self.status();
        ["samples", "exact", "won", "lost"].map(|name| status["landscapes"][name].as_u64().expect("a number"))
    }
}

/// A bid of the campaign in an auction of the kind `at`.
fn bid(server: &Encan, exchange: &str, at: u32, test: u32) -> Value {
    let site = json!({"domain": "news.example"});
    bid_of(server, exchange, &json!({"at": at, "test": test, "site": site, "regs": {}}))
}

/// A bid on a request with these parts.
fn bid_of(server: &Encan, exchange: &str, parts: &Value) -> Value {
    let mut request = json!({
        "id": "r", "cur": ["EUR"], "device": {"geo": {"country": "FRA"}},
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]
    });
    for (name, part) in parts.as_object().expect("parts") {
        request[name] = part.clone();
    }
    let answer = server.post(&format!("/openrtb2/{exchange}"), request.to_string());
    assert_eq!(answer.status, 200, "no bid: {}", String::from_utf8_lossy(&answer.body));
    answer.json()["seatbid"][0]["bid"][0].clone()
}

/// Sends the notice `name` of `bid` with the macros replaced.
fn notify(server: &Encan, bid: &Value, name: &str, price: &str, loss: &str, min_to_win: &str) -> u16 {
    let url = bid[name].as_str().expect("an address");
    let path = &url[url.find("/n/").expect("an address of ours")..];
    let path = path.replace("${AUCTION_PRICE}", price).replace("${AUCTION_CURRENCY}", "EUR");
    let path = path.replace("${AUCTION_LOSS}", loss).replace("${AUCTION_MIN_TO_WIN}", min_to_win);
    server.get(&path).status
}

/// Sends what is behind `kind` in the markup.
fn shown(server: &Encan, bid: &Value, kind: &str) -> u16 {
    let adm = bid["adm"].as_str().expect("markup");
    let from = &adm[adm.find(kind).unwrap_or_else(|| panic!("no {kind} in {adm}"))..];
    server.get(&from.split(['"', '\'']).next().expect("a part").replace("&amp;", "&")).status
}

#[test]
fn every_outcome_teaches_once_what_it_tells_and_a_restart_keeps_it() {
    let place = Place::new();
    let server = place.serve(&[]);
    let billed = bid(&server, "slow", 2, 0);
    assert_eq!(notify(&server, &billed, "nurl", "4.5", "", ""), 204);
    // The second notice, and the same again, teach nothing more.
    for _ in 0..2 {
        assert_eq!(notify(&server, &billed, "burl", "4.5", "", ""), 204);
    }
    assert_eq!(notify(&server, &billed, "lurl", "", "102", "6"), 204);
    for _ in 0..3 {
        let won = bid(&server, "slow", 1, 0);
        assert_eq!(notify(&server, &won, "burl", "9.5", "", ""), 204);
    }
    for (loss, min_to_win) in [("102", "12.5"), ("102", "${AUCTION_MIN_TO_WIN}"), ("205", "12.5"), ("2", "")]
    {
        let lost = bid(&server, "slow", 1, 0);
        assert_eq!(notify(&server, &lost, "lurl", "", loss, min_to_win), 204);
    }
    let test = bid(&server, "slow", 1, 1);
    assert_eq!(notify(&server, &test, "burl", "9.5", "", ""), 204);
    // Two told the price to beat: the one that cleared at 4.5, and the one that was lost to 12.5.
    wait_until("the outcomes to be learnt", || place.samples() == [6, 2, 3, 1]);
    // Nobody tells of these: they are taken for lost, but for the one that is known to have won.
    bid(&server, "quick", 1, 0);
    let unbilled = bid(&server, "quick", 2, 0);
    assert_eq!(notify(&server, &unbilled, "nurl", "4.5", "", ""), 204);
    bid(&server, "shown", 1, 0);
    let displayed = bid(&server, "shown", 1, 0);
    assert_eq!(shown(&server, &displayed, "/n/imp/"), 200);
    wait_until("the silent ones to expire", || place.samples() == [10, 3, 4, 3]);
    assert_eq!(server.metric("encan_lessons_open"), 0);
    // The metrics, and the bid path, follow within a second.
    let lost = "encan_learning_samples_total{told=\"lost\"}";
    wait_until("the metrics to follow", || server.metric(lost) == 3);
    assert!(server.metric("encan_landscape_segments") >= 3);
    let status = place.status();
    assert_eq!(status["live"], true);
    assert_eq!(status["pacing"][0]["name"], "spring");
    wait_until("the contexts to be kept", || place.status()["contexts"]["impressions"] == 5);
    assert_eq!(server.stop().0, Some(0));
    assert_eq!((place.samples(), place.status()["live"].as_bool()), ([10, 3, 4, 3], Some(false)));
    let again = place.serve(&[]);
    assert_eq!(place.samples(), [10, 3, 4, 3]);
    let text = String::from_utf8(place.learn(&["status"]).stdout).expect("words");
    assert!(text.contains("10 outcomes in") && text.contains("none: bids go by"), "{text}");
    // Late, and after a restart: nothing is learnt twice.
    assert_eq!(notify(&again, &billed, "burl", "4.5", "", ""), 204);
    assert_eq!(place.samples(), [10, 3, 4, 3]);
}

#[test]
fn of_who_does_not_let_us_measure_nothing_is_kept_to_learn_from() {
    let place = Place::new();
    let server = place.serve(&[]);
    for (outlet, gdpr) in [("secret.example", 1), ("open.example", 0)] {
        let parts = json!({"at": 1, "site": {"domain": outlet}, "regs": {"gdpr": gdpr}});
        let billed = bid_of(&server, "slow", &parts);
        assert_eq!(notify(&server, &billed, "burl", "9.5", "", ""), 204);
    }
    // They are written in the order of their bids: with the second one, the first would be there.
    wait_until("a context to be kept", || place.status()["contexts"]["impressions"] == 1);
    assert_eq!(server.stop().0, Some(0));
    let contexts = Contexts::open_to_read(&place.data()).expect("contexts");
    assert_eq!(contexts.span().expect("it is read").map(|(count, ..)| count), Some(1));
    let words: Vec<_> = contexts.words().expect("they are read").into_values().collect();
    assert!(words.iter().any(|word| word == "open.example"), "{words:?}");
    assert!(words.iter().all(|word| word != "secret.example"), "{words:?}");
}

#[test]
fn what_a_page_appends_to_its_own_addresses_teaches_no_price() {
    let place = Place::new();
    let server = place.serve(&[]);
    let displayed = bid(&server, "shown", 1, 0);
    let adm = displayed["adm"].as_str().expect("markup");
    let from = &adm[adm.find("/n/imp/").expect("a pixel")..];
    let pixel = from.split(['"', '\'']).next().expect("a part").replace("&amp;", "&");
    let with = if pixel.contains('?') { '&' } else { '?' };
    assert_eq!(server.get(&format!("{pixel}{with}m=0.01")).status, 200);
    // It tells of a win, and not of the price to beat.
    wait_until("it to be learnt", || place.samples() == [1, 0, 1, 0]);
}

#[test]
fn a_damaged_or_newer_file_of_what_was_learnt_is_put_aside_and_the_server_starts_without() {
    let place = Place::new();
    let server = place.serve(&[]);
    let lost = bid(&server, "slow", 1, 0);
    assert_eq!(notify(&server, &lost, "lurl", "", "102", "12.5"), 204);
    wait_until("the outcome to be learnt", || place.samples()[0] == 1);
    assert_eq!(server.stop().0, Some(0));
    let file = place.data().join("learned");
    let whole = std::fs::read(&file).expect("it was written");
    let mut newer = whole.clone();
    newer[8] = 200;
    for (count, broken) in [whole[..whole.len() / 2].to_vec(), b"{}".to_vec(), newer].into_iter().enumerate()
    {
        std::fs::write(&file, &broken).expect("a file");
        let refused = place.learn(&["status"]);
        assert_eq!(refused.status.code(), Some(2), "{refused:?}");
        let server = place.serve(&[]);
        bid(&server, "slow", 1, 0);
        assert_eq!(place.samples()[0], 0, "it knows nothing");
        let (code, words) = server.stop();
        assert_eq!(code, Some(0));
        assert_eq!(words.matches("what was learnt cannot be used").count(), 1, "{words}");
        let aside = std::fs::read_dir(place.data()).expect("a folder").flatten();
        let aside = aside.filter(|it| it.file_name().to_string_lossy().starts_with("learned.refused-"));
        assert_eq!(aside.count(), count + 1);
    }
}

#[test]
fn a_kill_loses_nothing_of_the_ledger_and_the_next_start_is_clean() {
    let place = Place::new();
    let server = place.serve(&[]);
    for _ in 0..20 {
        let billed = bid(&server, "slow", 1, 0);
        assert_eq!(notify(&server, &billed, "burl", "9.5", "", ""), 204);
    }
    wait_until("the contexts to be kept", || place.status()["contexts"]["impressions"] == 20);
    drop(server.kill());
    let server = place.serve(&[]);
    let report = server.report(&["--json"]);
    let report: Value = serde_json::from_slice(&report.stdout).expect("JSON");
    assert_eq!(report["rows"][0]["impressions"], 20, "{report:#}");
    bid(&server, "slow", 1, 0);
    assert_eq!(place.status()["contexts"]["impressions"], 20);
    let (code, words) = server.stop();
    assert_eq!(code, Some(0));
    assert!(!words.contains("WARN") && !words.contains("ERROR"), "{words}");
}

const HOUR: i64 = 3_600_000;

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("fits")
}

fn shown_at(bid: BidId, minted: UnixMillis) -> Shown {
    Shown {
        bid,
        at: minted.plus(Millis::from_raw(300)),
        campaign: CampaignId::from_slug("spring"),
        line_item: LineItemId::from_slug("spring/all"),
        exchange: ExchangeId::from_slug("slow"),
        placement: 1,
        features: Features::default(),
        chances: None,
    }
}

/// Plants `count` impressions of the last two days, and clicks in the ledger: one in five on one outlet, one in a hundred
/// on the other; with `liar` the other way round in the newest fifth.
fn plant(data: &Path, count: i64, liar: bool) {
    let (outlets, campaign) = ([0x1111_1111_u32, 0x2222_2222], CampaignId::from_slug("spring"));
    let start = now() - 50 * HOUR;
    let (mut kept, mut clicks) = (vec![], vec![]);
    for at in 0..count {
        let minted = UnixMillis::from_raw(start + 48 * HOUR * at / count);
        let mut features = Features::default();
        let which = usize::try_from(at % 2).expect("small");
        features.0[Field::Outlet as usize] = outlets[which];
        features.0[Field::Campaign as usize] = 0x3333_3333;
        let id = BidId::mint(minted, u128::try_from(at).expect("positive") * 0x9e37_79b9_7f4a_7c15_f39c);
        kept.push(ToKeep::Shown(Box::new(Shown { campaign, features, ..shown_at(id, minted) })));
        let is_lie = liar && at >= count * 4 / 5;
        let one_in = if (which == 0) != is_lie { 5 } else { 100 };
        if (at / 2) % one_in == 0 {
            clicks.push(click(id, minted));
        }
    }
    for (which, name) in ["good.example", "poor.example"].into_iter().enumerate() {
        kept.push(ToKeep::Word { field: Field::Outlet as u8, hash: outlets[which], text: name.to_owned() });
    }
    Contexts::open(data).expect("contexts").write(&kept).expect("they are kept");
    books::write(data, &[], clicks);
}

fn click(id: BidId, minted: UnixMillis) -> Event {
    let bid = BidFacts { exchange: ExchangeId::from_slug("slow"), ..books::facts(id, minted) };
    Event { bid, at: minted.plus(Millis::from_raw(5_000)), kind: EventKind::Click }
}

#[test]
fn under_a_cpa_only_acquisitions_are_learnt_and_under_other_goals_every_conversion() {
    for (kind, learnt) in [(AimKind::Cpa, [true, false]), (AimKind::Roas, [true, true])] {
        let place = Place::new();
        let minted = UnixMillis::from_raw(now() - 50 * HOUR);
        let line_item = LineItemId::from_slug("spring/all");
        let (mut kept, mut events) = (vec![], vec![]);
        for (number, acquisition) in [(1, true), (2, false)] {
            let id = BidId::mint(minted, number);
            kept.push(ToKeep::Shown(Box::new(shown_at(id, minted))));
            let clicked = click(id, minted);
            let bid = BidFacts { line_item, ..clicked.bid };
            let conversion = Conversion {
                kind: if acquisition { "purchase" } else { "sign-up" }.to_owned(),
                order: None,
                value: Nanos::ZERO,
                touch: Touch::Click(clicked.at),
                fx: None,
                happened: clicked.at,
                lifetime: Nanos::ZERO,
                source: Source::Page,
                code: None,
                acquisition,
            };
            let at = clicked.at.plus(Millis::from_raw(60_000));
            events.extend([
                Event { bid, ..clicked },
                Event { bid, at, kind: EventKind::Conversion(conversion) },
            ]);
        }
        Contexts::open(&place.data()).expect("contexts").write(&kept).expect("they are kept");
        let aims = vec![Aim { kind, raw: 1_000_000 }];
        let name = Name { aims, ..books::name(NameKind::LineItem, line_item.raw(), "spring/all") };
        books::write(&place.data(), &[name], events);
        let examples = Examples::open(&place.data(), UnixMillis::from_raw(now())).expect("examples");
        let page = examples.page(None, UnixMillis::from_raw(now())).expect("a page");
        let converted: Vec<bool> = page.iter().map(|(_, example)| example.converted.is_some()).collect();
        assert_eq!(converted, learnt, "{kind:?}");
        assert!(page.iter().all(|(_, example)| example.clicked.is_some()), "a click stays a click");
    }
}

#[test]
fn planted_clicks_make_a_model_that_is_shown_taken_by_the_server_and_undone() {
    let place = Place::new();
    plant(&place.data(), 10_000, false);
    let server = place.serve(&["--train-every", "0"]);
    assert_eq!(server.metric("encan_model_in_use"), 0);
    let trained = place.learnt(&["train"]);
    assert_eq!(
        (trained["accepted"].as_bool(), trained["held_out"].as_u64()),
        (Some(true), Some(2_000)),
        "{trained:#}"
    );
    assert!(trained["new"]["clicks"]["auc"].as_f64().expect("a number") > 0.7, "{trained:#}");
    wait_until("the server to take it", || server.metric("encan_model_in_use") == 1);
    let model = place.learnt(&["show", "--top", "4"]);
    let values = |model: &Value| model["weights"].to_string();
    assert!(values(&model).contains("outlet=good.example"), "{model:#}");
    assert!(model["weights_in_all"].as_u64().expect("a number") >= 2);
    let words = String::from_utf8(place.learn(&["show"]).stdout).expect("words");
    assert!(words.contains("outlet=poor.example") && words.contains("AUC"), "{words}");
    bid(&server, "slow", 1, 0);
    // There is nothing before the first; a second one has a former.
    let none = place.learn(&["undo"]);
    assert_eq!(none.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&none.stderr).contains("no former model"), "{none:?}");
    assert_eq!(place.learnt(&["train"])["accepted"], true, "no worse than itself");
    assert_eq!(place.status()["model"]["former"], 1);
    let version = model["version"].clone();
    assert_eq!(place.learnt(&["undo"])["version"], version);
    let status = place.status();
    assert_eq!((&status["model"]["version"], &status["model"]["former"]), (&version, &json!(0)));
    assert_eq!(status["model"]["trials"].as_array().map(Vec::len), Some(3));
    // A broken file is refused once; the model in memory goes on.
    let file = place.data().join("model");
    let whole = std::fs::read(&file).expect("a model");
    std::fs::write(&file, &whole[..whole.len() / 2]).expect("a file");
    let unreadable = "encan_model_trials_total{verdict=\"unreadable\"}";
    wait_until("the server to refuse it", || server.metric(unreadable) == 1);
    assert_eq!(server.metric("encan_model_in_use"), 1);
    bid(&server, "slow", 1, 0);
    assert_eq!(place.learn(&["show"]).status.code(), Some(2));
    assert!(place.status()["model"]["unreadable"].is_string());
    std::fs::write(&file, &whole).expect("a file");
    std::fs::remove_file(&file).expect("it was there");
    wait_until("the server to go on without", || server.metric("encan_model_in_use") == 0);
    let (code, words) = server.stop();
    assert_eq!((code, words.matches("the model is refused").count()), (Some(0), 1), "{words}");
}

#[test]
fn a_model_that_is_wrong_about_newer_days_is_refused_and_says_why() {
    let place = Place::new();
    plant(&place.data(), 10_000, true);
    let refused = place.learn(&["train"]);
    let words = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{words}");
    assert!(words.contains("the model is refused: its log loss of clicks is higher"), "{words}");
    assert!(!place.data().join("model").exists());
    let few = Place::new();
    plant(&few.data(), 100, false);
    let refused = few.learn(&["train"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("held out are 20 impressions"), "{refused:?}");
    let nothing = Place::new();
    for verb in [["train"].as_slice(), &["show"], &["status"], &["undo"]] {
        let output = nothing.learn(verb);
        assert_eq!(output.status.code(), Some(1), "{verb:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("hint: "), "{verb:?}");
    }
}

#[test]
fn a_server_trains_by_itself_and_takes_what_is_no_worse() {
    let place = Place::new();
    plant(&place.data(), 10_000, false);
    let server = place.serve(&["--train-every", "1s"]);
    let accepted = "encan_model_trials_total{verdict=\"accepted\"}";
    wait_until("a model to be accepted", || server.metric(accepted) >= 1);
    wait_until("it to be in use", || server.metric("encan_model_in_use") == 1);
    assert_eq!(server.metric("encan_training_examples_total"), 10_000, "each is read once");
    assert!(place.data().join("model").exists());
    // The model is in use before its trial is kept.
    let mut trials = json!([]);
    wait_until("its trial to be kept", || {
        trials = place.status()["model"]["trials"].clone();
        trials[0].is_object()
    });
    assert_eq!((&trials[0]["by_server"], &trials[0]["accepted"]), (&json!(true), &json!(true)), "{trials:#}");
    // Nothing is new: nothing is judged again.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    assert_eq!(server.metric(accepted), 1);
}
