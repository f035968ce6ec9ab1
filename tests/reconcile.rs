//! `encan report --reconcile`: real impressions, billed over HTTP, against files as exchanges send them.

mod support;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Output;

use encan::ledger::{Cause, Charge, Correction, Event, EventKind};
use encan::units::{CorrectionId, Day, Nanos};
use serde_json::{Value, json};
use support::books;
use support::encan;
use support::market::{Buyer, Market, Offer, campaign};

/// What bids 0, 1, 2, 3 and 6 were billed at, in millionths per thousand.
const BILLED: [(usize, i64); 5] =
    [(0, 1_234_560_000), (1, 2_345_600), (2, 2_500_000), (3, 2_500_000), (6, 4_750_000)];

/// A ledger with five billed impressions, a won bid (4) and a lost one (5).
struct World {
    market: Market,
    offers: Vec<Offer>,
    day: Day,
}

impl World {
    fn new() -> Self {
        let market = Market::new("10m");
        market.campaign(&campaign("spring", 2_000.0, &json!({ "daily": 1_000 })));
        let server = market.start();
        let mut buyer = Buyer::of(&server);
        let offers: Vec<Offer> = (0..7).map(|_| buyer.bid().expect("a bid")).collect();
        for (at, price) in BILLED {
            buyer.tell(&offers[at].billed_at(price));
        }
        buyer.tell(&offers[4].won_at(1_000_000));
        buyer.tell(&offers[5].lost());
        assert_eq!(server.stop().0, Some(0));
        let day = market.events()[0].bid.day;
        Self { market, offers, day }
    }

    /// A file: `text` with the numbers of bids and the day replaced by the real ones.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let mut text = text.replace("2026-11-21", &self.day.to_string());
        for (at, offer) in self.offers.iter().enumerate() {
            text = text.replace(&format!("{at:032}"), &offer.id);
        }
        self.market.put(name, &text);
        self.market.path(name)
    }

    fn fixture(&self, name: &str) -> PathBuf {
        let text = std::fs::read_to_string(format!("fixtures/reconcile/{name}")).expect("a fixture");
        self.file(name, &text)
    }

    fn reconcile(&self, file: &PathBuf, flags: &[&str]) -> Output {
        let mut command = encan();
        command.args(["report", "--data"]).arg(self.market.data()).arg("--reconcile").arg(file).args(flags);
        command.output().expect("the binary runs")
    }

    /// The result for programs and the exit code.
    #[track_caller]
    fn json(&self, file: &PathBuf, flags: &[&str]) -> (Value, Option<i32>) {
        let output = self.reconcile(file, &[flags, &["--json"]].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let result = serde_json::from_slice(&output.stdout);
        (result.unwrap_or_else(|error| panic!("{error}: {said}")), output.status.code())
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

#[test]
fn every_line_of_a_statement_has_its_verdict_and_the_sums_are_exact() {
    let world = World::new();
    let file = world.fixture("by-bid.csv");
    let (result, code) = world.json(&file, &[]);
    assert_eq!(code, Some(1));
    let lines = result["differences"].as_array().expect("a list");
    let told: Vec<(u64, &str)> = lines
        .iter()
        .map(|line| (line["line"].as_u64().unwrap_or(0), line["verdict"].as_str().expect("a name")))
        .collect();
    let want = [
        (5, "differs"),
        (6, "twice"),
        (8, "not_billed"),
        (9, "not_billed"),
        (10, "unknown_id"),
        (11, "unknown_id"),
        (12, "unreadable"),
        (13, "unreadable"),
        (14, "unreadable"),
        (15, "unreadable"),
        (0, "only_ours"),
    ];
    assert_eq!(told, want, "{result:#}");
    assert_eq!(
        result["verdicts"],
        json!({
            "exact": 1, "rounded": 1, "converted": 1, "differs": 1, "twice": 1, "not_billed": 2,
            "unknown_id": 2, "unreadable": 4, "blank": 1, "summary_uncompared": 1, "only_ours": 1,
        })
    );
    assert_eq!(result["lines"], 15);
    assert_eq!(lines[0]["difference"], "0.0005");
    assert_eq!(lines[6]["why"], "column `Clearing Price`: `free` is not a number");
    assert_eq!((&lines[10]["bid"], &lines[10]["ours"]), (&json!(world.offers[6].id), &json!("0.00475")));
    // 1.23456 + 0.00235 + twice 0.003 + four times 0.001, against 1.23456 + 0.0023456 + 0.0025 + 0.00475.
    let euros = &result["totals"][0];
    assert_eq!((&euros["theirs"], &euros["ours"]), (&json!("1.24691"), &json!("1.2441556")), "{euros}");
    assert_eq!((&euros["their_impressions"], &euros["our_impressions"]), (&json!(8), &json!(4)));
    assert_eq!(euros["difference"], "0.0027544");
    // 0.0025 EUR at 1.0389.
    let dollars = &result["totals"][1];
    assert_eq!((&dollars["theirs"], &dollars["ours"]), (&json!("0.0026"), &json!("0.00259725")), "{dollars}");
    assert_eq!(result["rates"][0]["date"], "2024-12-31");
}

#[test]
fn people_are_told_the_same_with_every_line_where_they_want_it() {
    let world = World::new();
    let file = world.fixture("by-bid.csv");
    let output = world.reconcile(&file, &[]);
    let words = text(&output.stdout);
    for want in [
        "heading on line 2: id `Bid ID`, price `Clearing Price`, currency `Currency`, date `Date`",
        "    1  agrees to the nano",
        "    4  unreadable",
        "   15  in all",
        "    1  impressions only in our ledger",
        "1 EUR = 1.038900000 USD, by the table of 2024-12-31",
        "line 8: a bid of ours, not billed",
        "we were told that it won, not that it was billed",
        "line 15: unreadable: a quote is opened and never closed",
        "not in the file: only in our ledger, bid ",
        "There are differences.",
    ] {
        assert!(words.contains(want), "no `{want}` in\n{words}");
    }
    let long = (0..30).fold("bid_id,cost\n".to_owned(), |mut text, at| {
        writeln!(text, "stranger-{at},0.5").expect("a string takes everything");
        text
    });
    let file = world.file("long.csv", &long);
    let short = text(&world.reconcile(&file, &["--currency", "EUR"]).stdout);
    assert!(short.contains("... and 10 more") && !short.contains("stranger-25"), "{short}");
    let whole = text(&world.reconcile(&file, &["--currency", "EUR", "--by-line"]).stdout);
    assert!(whole.contains("stranger-29") && !whole.contains("more:"), "{whole}");
}

#[test]
fn a_file_that_agrees_ends_with_zero_whatever_its_form() {
    let world = World::new();
    let check = |name: &str, text: String, flags: &[&str]| {
        let (result, code) = world.json(&world.file(name, &text), flags);
        assert_eq!((code, &result["agrees"]), (Some(0), &json!(true)), "{name}: {result:#}");
    };
    let lines = |separator: &str, price: &dyn Fn(i64) -> String| {
        BILLED.iter().fold(String::new(), |mut lines, (at, billed)| {
            write!(lines, "{at:032}{separator}{}\r\n", price(*billed)).expect("a string takes everything");
            lines
        })
    };
    let micros = |billed: i64| format!("{}.{:06}", billed / 1_000_000, billed % 1_000_000);
    check("a.csv", format!("bid_id,price_cpm\r\n{}", lines(",", &micros)), &["--currency", "EUR"]);
    // With a byte order mark, tabs, a decimal comma and points between thousands.
    let german = |billed: i64| {
        let (whole, part) = (billed / 1_000_000, billed % 1_000_000);
        if whole < 1_000 {
            format!("{whole},{part:06}")
        } else {
            format!("{}.{:03},{part:06}", whole / 1_000, whole % 1_000)
        }
    };
    check(
        "b.csv",
        format!("\u{feff}BidID\tCPM (EUR)\r\n{}", lines("\t", &german)),
        &["--exchange", "market"],
    );
    let amount = |billed: i64| format!("\"{}.{:09}\"", billed / 1_000_000_000, billed % 1_000_000_000);
    check("c.csv", format!("id;spend_eur\r\n{}Total;1.246655600\r\n", lines(";", &amount)), &[]);
    // Sums of the day, and everything but what is left out.
    let days = "day,imps,cost,currency\n2026-11-21,2,0.5,EUR\n2026-11-21,3,0.7466556,EUR\n";
    check("d.csv", days.to_owned(), &["--time-zone", "UTC"]);
    let (result, code) = world.json(&world.fixture("by-day.csv"), &[]);
    assert_eq!(code, Some(1));
    // One impression of 0.00475 is not in it.
    let row = &result["days"][0];
    assert_eq!(
        (&row["difference"], &row["their_impressions"], &row["our_impressions"]),
        (&json!("-0.00475"), &json!(4), &json!(5))
    );
}

#[test]
fn a_file_that_cannot_be_compared_is_refused_with_what_to_do() {
    let world = World::new();
    let check = |content: &str, flags: &[&str], error: &str, hint: &str| {
        let output = world.reconcile(&world.file("wrong.csv", content), flags);
        let words = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(words.contains(error) && words.contains(hint), "{words}");
        assert!(output.stdout.is_empty());
    };
    check("bid_id,price\nx,1\n", &[], "does not say the currency", "--currency CODE");
    check(
        "bid_id,cost,spend\nx,1,1\n",
        &[],
        "`cost`, `spend` could all be the amount",
        "--column amount=NAME",
    );
    check("a,b\n1,2\n", &[], "no line at the top names columns", "--column id=NAME");
    check("", &[], "no line at the top names columns", "--column id=NAME");
    check(
        "date,cpm\n2026-11-21,1\n",
        &["--currency", "EUR"],
        "not how many impressions",
        "--column impressions=NAME",
    );
    let unknown = ["--currency", "EUR", "--exchange", "nobody"];
    check("bid_id,price\nx,1\n", &unknown, "no exchange `nobody`", "as its profile's file");
    check("bid_id,price\nx,1\n", &["--currency", "EURO"], "`EURO` is not a currency", "EUR");
    let absent = world.reconcile(&world.market.path("absent.csv"), &[]);
    assert_eq!(absent.status.code(), Some(1));
    let pipe = world.reconcile(&PathBuf::from("/dev/null"), &[]);
    assert!(text(&pipe.stderr).contains("cannot be a pipe") && pipe.status.code() == Some(1));
    // A wrong flag of a report is told as such.
    let output = encan().args(["report", "--by-line"]).output().expect("the binary runs");
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_column_and_a_mark_that_are_not_clear_are_said_by_flags() {
    let world = World::new();
    let line = format!("{:032},\"1,234\",5", 0);
    let file = world.file("flags.csv", &format!("ref,fee,cost\n{line}\n"));
    let columns = ["--currency", "EUR", "--column", "id=ref", "--column", "amount=FEE"];
    let (result, _) = world.json(&file, &columns);
    assert_eq!(
        result["differences"][0]["why"],
        "column `fee`: `1,234` can be read in two ways: say `--decimal comma` or `--decimal point`"
    );
    // 1.234 with three decimals is 1.23456 within them.
    let (result, _) = world.json(&file, &[&columns[..], &["--decimal", "comma"]].concat());
    assert_eq!(result["verdicts"], json!({ "rounded": 1, "only_ours": 4 }), "{result:#}");
    let (result, _) = world.json(&file, &[&columns[..], &["--decimal", "point"]].concat());
    assert_eq!(result["differences"][0]["difference"], "1232.76544");
}

/// A credit note over the whole of `billed`.
fn credit_note(billed: &Event) -> Event {
    let EventKind::Impression(charge) = &billed.kind else { panic!("not billed: {billed:?}") };
    let charge_share = charge.budget_share().raw();
    let mut charge: Charge = charge.clone();
    for amount in [&mut charge.media, &mut charge.tax.space.base, &mut charge.tax.data.base] {
        *amount = Nanos::from_raw(-amount.raw());
    }
    charge.fee = -charge.fee;
    let correction = Correction {
        id: CorrectionId::from_bytes([9; 16]),
        cause: Cause::CreditNote,
        impressions: -1,
        budget: Nanos::from_raw(-charge_share),
        disputed: Nanos::ZERO,
        charge,
        reason: "nobody saw it".to_owned(),
        author: "ann".to_owned(),
    };
    Event { kind: EventKind::Correction(correction), ..billed.clone() }
}

#[test]
fn what_was_credited_is_not_owed_whether_or_not_the_file_knows() {
    let world = World::new();
    let events = world.market.events();
    let billed = |event: &&Event| {
        event.bid.id.to_string() == world.offers[6].id && matches!(event.kind, EventKind::Impression(_))
    };
    let note = credit_note(events.iter().find(billed).expect("it was billed"));
    books::write(&world.market.data(), &[], [note]);

    let check = |lines: &str, agrees: bool, verdicts: Value| {
        let text = format!("bid_id,price\n{lines}");
        let (result, _) = world.json(&world.file("credits.csv", &text), &["--currency", "EUR"]);
        assert_eq!((&result["agrees"], &result["verdicts"]), (&json!(agrees), &verdicts), "{result:#}");
        result["totals"][0]["difference"].clone()
    };
    let line = |at: usize, price: &str| format!("{at:032},{price}\n");
    let others = line(0, "1234.56") + &line(1, "2.3456") + &line(2, "2.5") + &line(3, "2.5");
    assert_eq!(check(&others, true, json!({ "exact": 4 })), "0.00");
    let once = others + &line(6, "4.75");
    assert_eq!(check(&once, false, json!({ "exact": 4, "credited": 1 })), "0.00475");
    let both = once + &line(6, "-4.75");
    assert_eq!(check(&both, true, json!({ "exact": 4, "credited": 1, "credit_agrees": 1 })), "0.00");
}
