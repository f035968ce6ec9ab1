//! The judge of pacing, through its command: tables, sheet, chart, logs of one's own; and a policy that knows the
//! future, if there were one, is told apart. `encan judge` without flags does the same at length.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use encan::sim::AuctionType;
use encan::sim::judge::{Generator, REGIMES, Source, Truth, first_leak, hindsight, policies, replay};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

fn judge(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_encan"))
        .arg("judge")
        .args(args)
        .env_remove("ENCAN_SHARED")
        .output()
        .expect("the binary runs")
}

#[track_caller]
fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// A log whose prices and chances go up and down, with a column that nobody wants.
fn log(rows: u32) -> String {
    let mut text = String::from("pctr,city,market_price,click,seq\n");
    for row in 0..rows {
        let (price, chance) = (5 + (row * 37) % 200, 10 + (row * 53) % 90);
        text += &format!("0.00{chance},7,{price},{},{row}\n", u32::from(row % 300 == 0));
    }
    text
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).expect("a temporary folder can be written");
    path
}

#[test]
fn every_regime_is_judged_and_nobody_spends_more_than_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let (csv, svg) = (folder.path().join("out.csv"), folder.path().join("out.svg"));
    let (csv_flag, svg_flag) = (csv.to_str().unwrap(), svg.to_str().unwrap());
    let output = judge(&["--rows", "150", "--seeds", "1", "--json", "--csv", csv_flag, "--svg", svg_flag]);
    let study: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("the generator alone"));

    let lines = study["regimes"].as_array().unwrap();
    assert_eq!(lines.len(), REGIMES.len() * 2, "both auctions");
    for line in lines {
        for (name, cell) in line["policies"].as_object().unwrap() {
            assert_eq!(cell["overspend_nanos"], 0, "{name} in {}", line["regime"]);
            let share = cell["value_share"].as_f64().unwrap();
            // Whoever spent early by chance beats hindsight that does not know of a person's change.
            let changed = REGIMES.iter().any(|it| it.change.is_some() && line["regime"] == it.name);
            let most = if changed { f64::MAX } else { 1.000_001 };
            assert!((0.0..=most).contains(&share), "{name} in {}: {share}", line["regime"]);
        }
    }
    assert!(study["crowd"].as_array().unwrap().iter().all(|row| row["overspend_nanos"] == 0));

    let sheet = fs::read_to_string(&csv).unwrap();
    assert_eq!(sheet.lines().count(), 1 + lines.len() * policies().len());
    let columns = sheet.lines().next().unwrap().split(',').count();
    assert!(sheet.lines().all(|row| row.split(',').count() == columns));
    let chart = fs::read_to_string(&svg).unwrap();
    let chart = roxmltree::Document::parse(&chart).unwrap();
    let words: Vec<&str> = chart.descendants().filter_map(|node| node.text()).collect();
    assert!(REGIMES.iter().all(|regime| words.contains(&regime.words)));
    assert!(policies().iter().all(|policy| words.contains(&policy.name)));
}

#[test]
fn a_log_is_the_same_plain_or_packed_and_in_words_or_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let text = log(1_000);
    let plain = file(folder.path(), "log.csv", text.as_bytes());
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let packed = file(folder.path(), "log.csv.gz", &packed.finish().unwrap());
    let table = |file: &Path| {
        let file = file.to_str().unwrap();
        let flags = [
            "--seeds",
            "2",
            "--rows",
            "1000",
            "--regime",
            "budget-8",
            "--policy",
            "encan",
            "--auctions",
            file,
        ];
        let text = stdout(&judge(&flags));
        let values = text.split("log, second price: value").nth(1).unwrap();
        values.lines().nth(2).unwrap().to_owned()
    };
    let row = table(&plain);
    assert_eq!(row, table(&packed));
    assert!(row.starts_with("budget-8") && row.contains('±'), "{row}");
}

#[test]
fn a_log_that_is_none_is_refused_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = log(200).replace("\n0.0047,7,", "\n0.0047,7,x");
    let line = wrong.lines().position(|row| row.contains(",x")).unwrap() + 1;
    for (name, text, want) in [
        ("wrong.csv", wrong.as_str(), format!("line {line}: `market_price` must be fen per thousand")),
        ("short.csv", "click,market_price,pctr\n0,3,0.1\n", "1 rows are too few".to_owned()),
        ("other.csv", "a,b\n1,2\n", "line 1 names no column `click`".to_owned()),
    ] {
        let file = file(folder.path(), name, text.as_bytes());
        let output = judge(&["--auctions", file.to_str().unwrap()]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains(&want) && said.contains(name), "{said}");
    }
    assert_eq!(judge(&["--auctions", "/nowhere/log.csv"]).status.code(), Some(1));
    let unknown = judge(&["--regime", "rain"]);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("`rain` is none of budget-2,"));
}

#[test]
fn the_same_seeds_give_the_same_shares() {
    let shares = || {
        let flags =
            ["--rows", "300", "--seeds", "2", "--regime", "notice-heavy", "--regime", "bidders-4", "--json"];
        let study: Value = serde_json::from_str(&stdout(&judge(&flags))).unwrap();
        study["regimes"].clone()
    };
    assert_eq!(shares(), shares());
}

#[test]
fn many_campaigns_are_judged_without_any_regime() {
    let study: Value =
        serde_json::from_str(&stdout(&judge(&["--rows", "300", "--regime", "crowd", "--json"]))).unwrap();
    assert_eq!(study["regimes"].as_array().map(Vec::len), Some(0));
    let crowd = study["crowd"].as_array().unwrap();
    assert_eq!(crowd.len(), policies().len());
    assert!(crowd.iter().all(|row| row["overspend_nanos"] == 0), "{crowd:?}");
}

#[test]
fn no_policy_knows_what_comes_later() {
    for name in ["notice-60s", "notice-heavy", "bidders-4", "budget-halved", "crash"] {
        let regime = REGIMES.iter().find(|it| it.name == name).unwrap();
        let source = Source::Generator(Generator { volume: 600.0, ..Generator::default() });
        for auction in [AuctionType::SecondPrice, AuctionType::FirstPrice] {
            let truth = Truth::new(&source, regime, auction, 5);
            for policy in policies() {
                let setting = policy.settings[policy.settings.len() / 2];
                let leak = first_leak(&truth, 300, &|_, brief| (policy.make)(brief, setting));
                assert_eq!(leak, None, "{} in {name}", policy.name);
            }
        }
    }
}

#[test]
fn on_real_prices_pacing_buys_far_more_than_none() {
    let Some(shared) = std::env::var_os("ENCAN_SHARED") else {
        println!("SKIPPED: ENCAN_SHARED is not set, so no real prices were replayed");
        return;
    };
    let folder = PathBuf::from(shared).join("data");
    let output = judge(&[
        "--data",
        folder.to_str().unwrap(),
        "--rows",
        "2500",
        "--seeds",
        "2",
        "--regime",
        "budget-32",
        "--policy",
        "none",
        "--policy",
        "time-dual",
        "--policy",
        "encan",
        "--json",
    ]);
    let study: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let line = &study["regimes"][0];
    assert_eq!((&line["set"], &line["auction"]), (&"log".into(), &"second price".into()));
    let share = |name: &str| line["policies"][name]["value_share"].as_f64().unwrap();
    assert!(share("none") < 0.5 && share("time-dual") > 0.7 && share("encan") > 0.7, "{line}");
}

#[test]
fn hindsight_buys_within_the_budget_and_more_with_more() {
    let day = |name: &str| {
        let regime = REGIMES.iter().find(|it| it.name == name).unwrap();
        let source = Source::Generator(Generator { volume: 3_000.0, ..Generator::default() });
        Truth::new(&source, regime, AuctionType::SecondPrice, 2)
    };
    let (little, much) = (day("budget-32"), day("budget-8"));
    let (less, more) = (hindsight(&little), hindsight(&much));
    assert!(
        less.spend <= little.budget().raw() as f64 + 1.0 && more.spend <= much.budget().raw() as f64 + 1.0
    );
    // Four times the money buys more, but not four times as much: the best was bought first.
    assert!(more.value > less.value && more.value < 4.0 * less.value);
    let none = &policies()[0];
    let outcome = replay(&little, &|brief| (none.make)(brief, none.settings[0]), |_, _| {});
    assert!(outcome.value < less.value && outcome.spend <= little.budget().raw());
}
