//! Whole reconciliations on small files: a ledger of five bills, a text, and what each line comes to.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::Index;

use crate::campaign::Rates;
use crate::ledger::{BidFacts, Cause, Charge, Correction, Event, EventKind, Setting};
use crate::report::reconcile::{
    Books, Comparison, DecimalMark, Fields, Finding, Layout, Outcome, Read, Split, Survey, Told, Unreadable,
    Why,
};
use crate::ttf::{Assessment, Bearer, Evidence, Place, TaxLine};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CorrectionId, CreativeId, Currency, Day, Epoch, ExchangeId, Femtos,
    LineItemId, Nanos, RatePpm, ScenarioId, UnixMillis,
};

/// 2026-11-21, noon.
const NOON: i64 = 1_795_262_400_000;

fn id(number: u8) -> BidId {
    BidId::mint(UnixMillis::from_raw(NOON), number.into())
}

/// An event of bid `number`, made some days after the first.
fn event(number: u8, days: i32, currency: Currency, kind: EventKind) -> Event {
    let at = UnixMillis::from_raw(NOON + i64::from(days) * 86_400_000);
    let bid = BidFacts {
        id: id(number),
        at,
        day: Day::from_raw(20_778 + days),
        advertiser: AdvertiserId::from_slug("acme"),
        campaign: CampaignId::from_slug("spring"),
        line_item: LineItemId::from_slug("spring/all"),
        creative: CreativeId::from_slug("spring/mpu"),
        exchange: ExchangeId::from_slug(if number < 100 { "north" } else { "south" }),
        deal: None,
        currency,
        user: None,
        household: None,
        lease: Epoch::from_raw(1),
        setting: Setting::default(),
    };
    Event { bid, at, kind }
}

fn charge(media: i64) -> Charge {
    let line = |base| TaxLine { base, rate: RatePpm::ZERO, exemption: None };
    let place = Place { jurisdiction: None, evidence: Evidence::ViewerDevice };
    let (media, data) = (Nanos::from_raw(media), Nanos::ZERO);
    let scenario = ScenarioId::from_slug("none");
    let tax = Assessment { scenario, place, space: line(media), data: line(data), more: Vec::new() };
    Charge {
        media,
        data,
        fee: Femtos::ZERO,
        tax,
        bearer: Bearer::Absorb,
        late: false,
        fx: None,
        bid: None,
        to_beat: None,
    }
}

fn credit(media: i64) -> EventKind {
    EventKind::Correction(Correction {
        id: CorrectionId::from_bytes([7; 16]),
        cause: Cause::CreditNote,
        impressions: -1,
        charge: charge(media),
        budget: Nanos::from_raw(media),
        disputed: Nanos::ZERO,
        reason: "nobody saw it".to_owned(),
        author: "ann".to_owned(),
    })
}

/// Bills 1 to 3 at 2.3456, 2.50 and 1234.50 a thousand on the first day, 4 in dollars and 5 on the next day; 6 won, 7
/// lost, 8 was billed and credited, 101 is another exchange's.
fn ledger() -> Vec<Event> {
    let eur = Currency::EUR;
    let bill =
        |number, days, currency, media| event(number, days, currency, EventKind::Impression(charge(media)));
    vec![
        bill(1, 0, eur, 2_345_600),
        bill(2, 0, eur, 2_500_000),
        bill(3, 0, eur, 1_234_500_000),
        bill(4, 1, Currency::USD, 3_000_000),
        bill(5, 1, eur, 4_000_000),
        event(6, 0, eur, EventKind::Win { price: None }),
        event(7, 0, eur, EventKind::Loss { reason: None, min_to_win: None }),
        bill(8, 0, eur, 1_000_000),
        event(8, 0, eur, credit(-1_000_000)),
        bill(101, 0, eur, 9_000_000),
    ]
}

fn rates() -> Rates {
    Rates::of(Day::from_civil(2026, 11, 20), Currency::EUR, &[(Currency::USD, 1_250_000_000)])
}

/// `{1}` in a text is the id of bid 1.
fn with_ids(text: &str) -> String {
    (0..=u8::MAX)
        .fold(text.to_owned(), |text, number| text.replace(&format!("{{{number}}}"), &id(number).to_string()))
}

/// Everything that `text` comes to against `events`.
fn reconcile(text: &str, told: &Told, events: &[Event], loaded: bool) -> (Vec<Finding>, Outcome) {
    let lines: Vec<Vec<u8>> = text.lines().map(|line| line.as_bytes().to_vec()).collect();
    let layout = Layout::find(&lines, &[]).unwrap();
    let below = || lines.iter().enumerate().skip(layout.heading + 1);
    let mut fields = Fields::new(layout.separator);
    let mut survey = Survey::new(&layout.columns, told);
    for (_, line) in below() {
        if fields.split(line) == Split::Whole {
            survey.line(&fields);
        }
    }
    let reading = survey.conclude();
    let mut books = Books::new(Some(ExchangeId::from_slug("north")), told.zone.clone());
    // What the books do not hold is looked up.
    let taken = |event: &&Event| loaded || matches!(event.kind, EventKind::Correction(_));
    events.iter().filter(taken).for_each(|event| books.take(event));
    let rates = rates();
    let mut comparison = Comparison::new(books, &rates, layout.columns.by_day());
    let mut findings = Vec::new();
    for (at, line) in below() {
        let read = match fields.split(line) {
            Split::Whole => reading.line(&fields),
            Split::Open | Split::Broken => Read::Wrong(Unreadable::whole(line, Why::OpenQuote)),
        };
        let of_bid = |bid| {
            let of_it =
                |event: &&Event| event.bid.id == bid && !matches!(event.kind, EventKind::Correction(_));
            Ok::<_, ()>(events.iter().filter(of_it).cloned().collect())
        };
        findings.push(comparison.line(at as u64 + 1, read, of_bid).unwrap());
    }
    let outcome = comparison.finish(reading.days, |finding| findings.push(finding.clone()));
    (findings, outcome)
}

fn euros() -> Told {
    Told { currency: Some(Currency::EUR), ..Told::default() }
}

/// The verdicts of a file by bid and price, whose heading is added.
#[track_caller]
fn check(lines: &[(&str, &str)]) {
    check_as("bid_id;price", &euros(), lines);
}

#[track_caller]
fn check_as(heading: &str, told: &Told, lines: &[(&str, &str)]) {
    let text: Vec<&str> = [heading].into_iter().chain(lines.iter().map(|(line, _)| *line)).collect();
    let (findings, outcome) = reconcile(&with_ids(&text.join("\n")), told, &ledger(), true);
    let found: Vec<&str> =
        findings.iter().filter(|it| it.line.is_some()).map(|it| it.verdict.name()).collect();
    let want: Vec<&str> = lines.iter().map(|(_, want)| *want).collect();
    assert_eq!(found, want, "{findings:#?}");
    assert_eq!(outcome.counts.lines(), lines.len() as u64);
}

#[test]
fn every_line_has_its_verdict() {
    check(&[
        ("{1};2.3456", "exact"),
        ("{2};2.6000", "differs"),
        ("{1};2.3456", "twice"),
        ("{6};1.0", "not_billed"),
        ("{7};1.0", "not_billed"),
        ("{101};9.0", "other_exchange"),
        ("{99};1.0", "unknown_id"),
        ("8f14e45f;1.0", "unknown_id"),
        ("{5};four", "unreadable"),
        (";1.0", "unreadable"),
        ("{5};", "unreadable"),
        (";", "blank"),
        ("{5};4.000", "exact"),
        ("\"{5};4.000", "unreadable"),
        ("{5};4;000", "unreadable"),
        ("{5};4.0;;", "twice"),
    ]);
}

#[test]
fn the_decimals_of_the_file_say_how_near_is_near_enough() {
    check(&[("{1};2.35", "rounded"), ("{2};2.50", "exact")]);
    check(&[("{1};2.34", "rounded"), ("{2};2.50", "exact")]);
    check(&[("{1};2.3355", "differs"), ("{2};2.50", "exact")]);
    // One line with more decimals says that the others have as many.
    check(&[("{1};2.35", "differs"), ("{2};2.5000", "exact")]);
    check(&[("{1};2.34560049", "rounded"), ("{2};2.500001", "differs")]);
}

#[test]
fn an_amount_is_compared_as_a_price_is() {
    let heading = "bid id;Cost (EUR)";
    check_as(heading, &Told::default(), &[("{1};0.0023456", "exact"), ("{3};1.2345", "exact")]);
    check_as(heading, &Told::default(), &[("{1};0.0024", "rounded"), ("{3};1.2345", "exact")]);
}

#[test]
fn thousands_and_decimal_commas_are_decided_by_the_column() {
    check(&[("{3};1,234.50", "exact"), ("{2};2.50", "exact")]);
    check(&[("{3};1.234,50", "exact"), ("{2};2,50", "exact")]);
    check(&[("{3};1\u{a0}234,50 €", "exact"), ("{2};€ 2,50", "exact")]);
    check(&[("{3};1'234.50", "exact"), ("{2};EUR 2.50", "exact")]);
    // With a comma elsewhere, `2,500` is two and a half.
    check(&[("{3};1234,5", "exact"), ("{2};2,500", "exact")]);
    // Without, it can be two numbers, and with both elsewhere as well.
    check(&[("{3};1234", "rounded"), ("{2};2,500", "unreadable")]);
    check(&[("{3};1234.5", "exact"), ("{1};2,3456", "exact"), ("{2};2,500", "unreadable")]);
    let comma = Told { mark: Some(DecimalMark::Comma), ..euros() };
    check_as("bid_id;price", &comma, &[("{3};1234", "differs"), ("{2};2,500", "exact")]);
}

#[test]
fn another_currency_is_compared_at_the_rate_of_the_table() {
    let heading = "bid_id;price;currency";
    check_as(
        heading,
        &Told::default(),
        &[
            ("{1};2.9320;USD", "converted"),
            ("{2};3.1250;usd", "converted"),
            ("{3};1500.0000;USD", "converted_differs"),
            ("{4};3.0000;USD", "exact"),
            ("{5};4.0000;JPY", "no_rate"),
            ("{5};4.0000;XXX", "unreadable"),
            ("{5};4.0000;", "unreadable"),
            ("{5};$4.0000;EUR", "unreadable"),
        ],
    );
    let (findings, outcome) =
        reconcile(&with_ids("bid_id;cpm_usd\n{2};3.1250"), &Told::default(), &ledger(), true);
    assert_eq!(findings[0].ours, Some(Nanos::from_raw(3_125_000).to_femtos()));
    let used = &outcome.rates[0];
    assert_eq!(
        (used.decimal().as_str(), used.date.unwrap().to_string().as_str()),
        ("1.250000000", "2026-11-20")
    );
}

#[test]
fn what_we_have_credited_is_told_apart() {
    check(&[("{8};1.00", "credited")]);
    check(&[("{8};1.00", "credited"), ("{8};-1.00", "credit_agrees")]);
    check(&[("{8};(1.00)", "credit_agrees"), ("{8};1.00", "exact")]);
    check(&[("{8};0.00", "exact")]);
    check(&[("{1};-2.35", "credit_differs"), ("{8};-0.50", "credit_differs")]);
    let agrees = |text: &str| {
        let (_, outcome) = reconcile(&with_ids(text), &euros(), &ledger()[7..9], true);
        (outcome.agrees(), outcome.credits_open, outcome.totals[0].difference().to_string())
    };
    assert_eq!(agrees("bid_id;price\n{8};1.00"), (false, 1, "0.001".to_owned()));
    assert_eq!(agrees("bid_id;price\n{8};1.00\n{8};-1.00"), (true, 0, "0.00".to_owned()));
    assert_eq!(agrees("bid_id;price\n{8};-1.00\n{8};1.00"), (true, 0, "0.00".to_owned()));
}

#[test]
fn a_line_of_sums_is_no_impression() {
    let heading = "bid_id;cost;imps";
    let bills = [("{1};0.0023456;1", "exact"), ("{2};0.0025;1", "exact")];
    let of = |sums: &'static [(&str, &str)]| check_as(heading, &euros(), &[&bills[..], sums].concat());
    of(&[("Total;0.0048456;2", "summary")]);
    of(&[("Grand total:;;2", "summary")]);
    of(&[("TOTAL;0.0048;", "summary_differs"), ("TOTAL;0.0048456;3", "summary_differs")]);
    of(&[("Subtotal;0.0048456;2", "summary"), ("{5};0.004;1", "exact"), ("Sum;0.0088456;3", "summary")]);
    of(&[("Total;many;2", "unreadable")]);
    // The column holds prices: a sum of them means nothing.
    let prices = [("{1};2.3456;EUR", "exact"), ("Total;99;EUR", "summary_uncompared")];
    check_as("bid_id;price;currency", &euros(), &prices);
}

#[test]
fn a_file_without_a_line_that_could_be_compared_does_not_agree() {
    for text in ["bid_id;cost;imps", "bid_id;cost;imps\n;;\nTotal;0;0"] {
        let (_, outcome) = reconcile(text, &euros(), &ledger(), true);
        assert!(!outcome.agrees(), "{text}");
        assert!(
            outcome.to_text().ends_with("Nothing was compared: the file has no line of a bid or a day.\n")
        );
    }
}

#[test]
fn a_bill_of_another_day_is_looked_up() {
    let text = with_ids("bid_id;price\n{1};2.3456\n{1};2.3456\n{2};2.6");
    let (mut held, _) = reconcile(&text, &euros(), &ledger(), true);
    let (found, _) = reconcile(&text, &euros(), &ledger(), false);
    held.truncate(3);
    assert_eq!(found[..3], held[..]);
}

#[test]
fn days_are_compared_where_no_bid_is_named() {
    let text = "Date,Imps,Spend\n21/11/2026,1,\"1,234500000\"\n21/11/2026,2,\"0,0048456\"\n22/11/2026,3,1\nTotal,6,\"2,2393456\"";
    let (findings, outcome) = reconcile(text, &euros(), &ledger(), true);
    assert!(findings.iter().all(|finding| finding.verdict.agrees()), "{findings:#?}");
    let rows: Vec<_> = outcome
        .days
        .iter()
        .map(|row| {
            (
                row.their_impressions,
                row.our_impressions,
                row.difference().to_string(),
                outcome.row_agrees(row),
            )
        })
        .collect();
    // On the second day: 0.003 USD at 1.25 and 0.004 EUR.
    assert_eq!(rows, [(3, 3, "0.00".to_owned(), true), (3, 2, "0.9936".to_owned(), false)]);
    assert!(!outcome.agrees() && outcome.to_text().contains("There are differences"));
}

#[test]
fn what_only_we_have_counts_within_the_days_of_the_file() {
    let text = with_ids("bid_id,price,date\n{1},2.3456,2026-11-21\n{6},1.0,2026-11-21");
    let missing = |told: &Told| -> Vec<String> {
        let (findings, _) = reconcile(&text, told, &ledger(), true);
        findings.into_iter().filter(|it| it.line.is_none()).map(|it| it.bid).collect()
    };
    assert_eq!(missing(&euros()), [id(2).to_string(), id(3).to_string()]);
    // In Kiritimati the second bid's noon is the morning of the next day.
    let zone = Some(TimeZone::get("Pacific/Kiritimati").unwrap());
    assert_eq!(missing(&Told { zone, ..euros() }), Vec::<String>::new());
}

#[test]
fn a_correction_of_many_bids_is_ours_alone() {
    let mut events = ledger()[..1].to_vec();
    events.push(event(50, 0, Currency::EUR, credit(-300_000)));
    let (findings, outcome) = reconcile(&with_ids("bid_id,price\n{1},2.3456"), &euros(), &events, true);
    assert_eq!(findings[1].ours, Some(Nanos::from_raw(-300_000).to_femtos()));
    assert_eq!(outcome.totals[0].difference().to_string(), "0.0003");
}

/// A line about bid `number`, and what it makes of the sums: nanos, if it can be read.
fn any_line() -> impl Strategy<Value = (String, Option<(u8, i64)>)> {
    let price = |micros: i64| format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let good = (0..12_u8, 0..5_000_000_000_i64).prop_map(move |(number, micros)| {
        (format!("{},{}", id(number), price(micros)), Some((number, micros)))
    });
    let bad =
        prop_oneof![Just("\"open,1.5"), Just("x"), Just(",1.5"), Just(","), Just("Total,"), Just("a,1,b,2x")];
    let broken = any::<Index>().prop_map(move |at| {
        let line = format!("{},x1.5", id(1));
        (line[..=at.index(line.len() - 1)].to_owned(), None)
    });
    prop_oneof![6 => good, 1 => bad.prop_map(|line| (line.to_owned(), None)), 1 => broken]
}

proptest! {
    #[test]
    fn any_lines_in_any_order_are_all_accounted_for_and_sums_are_exact(
        lines in proptest::collection::vec(any_line(), 0..40),
        bills in proptest::collection::btree_map(0..12_u8, 0..5_000_000_000_i64, 0..12),
        turn in any::<Index>(),
    ) {
        let events: Vec<Event> = bills
            .iter()
            .map(|(number, media)| event(*number, 0, Currency::EUR, EventKind::Impression(charge(*media))))
            .collect();
        let text = |lines: &[&str]| format!("bid_id,price\n{}", lines.join("\n"));
        let mut order: Vec<&str> = lines.iter().map(|(line, _)| line.as_str()).collect();
        let given = text(&order);
        let (findings, outcome) = reconcile(&given, &euros(), &events, true);
        let in_file = findings.iter().filter(|finding| finding.line.is_some()).count();
        prop_assert_eq!(in_file, given.lines().count() - 1);
        prop_assert_eq!(outcome.counts.lines(), in_file as u64);

        let theirs: i64 = lines.iter().filter_map(|(_, said)| said.map(|(_, micros)| micros)).sum();
        let named: BTreeMap<u8, i64> = lines.iter().filter_map(|(_, said)| *said).collect();
        // Without a line of a bill, no day is covered.
        let covers = bills.keys().any(|number| named.contains_key(number));
        let ours: i64 = if covers { bills.values().sum() } else { 0 };
        let total = outcome.totals.first();
        let raw = |amount: i64| i128::from(amount) * 1_000_000;
        prop_assert_eq!(total.map_or(0, |row| row.theirs.raw()), raw(theirs));
        prop_assert_eq!(total.map_or(0, |row| row.ours.raw()), raw(ours));

        // Another order changes neither a sum nor how many bids are billed again.
        if !order.is_empty() {
            order.rotate_left(turn.index(lines.len()));
            order.retain(|line| !line.starts_with("Total"));
            let (_, turned) = reconcile(&text(&order), &euros(), &events, true);
            prop_assert_eq!(&turned.totals, &outcome.totals);
            prop_assert!(turned.counts.lines() <= outcome.counts.lines());
        }
    }
}
