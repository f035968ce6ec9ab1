//! Faults planted one by one: each is found, and named.

use std::path::Path;

use tempfile::TempDir;

use crate::ledger::{
    Account, Bills, Cause, Claim, ClaimName, Correction, Event, EventKind, Extent, Settlement, Share, Target,
    any_charge, any_event,
};
use crate::report::{Names, Report};
use crate::shell::store::tests::{append, execute, folder, open, sample};
use crate::shell::store::verify::{Check, Difference, Place, Verified, VerifyError, sums};
use crate::shell::store::{Store, Writer};
use crate::units::{
    BidId, CampaignId, CorrectionId, Currency, Day, Epoch, ExchangeId, Femtos, LineItemId, UnixMillis,
};

const DAY_MS: i64 = 86_400_000;
/// Noon of a day in 2026.
const NOON: i64 = 20_500 * DAY_MS + DAY_MS / 2;
/// While hours of the ledger are kept.
const SOON: UnixMillis = UnixMillis::from_raw(NOON);
/// When a start has forgotten them.
const LATER: UnixMillis = UnixMillis::from_raw(NOON + 30 * DAY_MS);

fn impression(number: u32) -> Event {
    let at = UnixMillis::from_raw(NOON + i64::from(number % 3) * DAY_MS);
    let mut event = sample(any_event(1_000_000));
    event.kind = EventKind::Impression(sample(any_charge(1_000_000)));
    if let EventKind::Impression(charge) = &mut event.kind {
        charge.media = crate::units::Nanos::from_raw(1_000_000 + i64::from(number));
    }
    event.bid.id = BidId::mint(at, number.into());
    (event.at, event.bid.at) = (at, at);
    event.bid.day = Day::from_raw(20_500 + i32::try_from(number % 3).unwrap());
    event.bid.campaign = CampaignId::from_slug("spring");
    event.bid.line_item = LineItemId::from_slug("spring/all");
    event.bid.exchange = ExchangeId::from_slug("north");
    event.bid.currency = Currency::EUR;
    event.bid.lease = Epoch::from_raw(1);
    event
}

/// A credit note of the whole of `bill`.
fn credited(bill: &Event) -> Event {
    let claim = Claim {
        name: ClaimName::given("cn"),
        cause: Cause::CreditNote,
        target: Target::Bid(bill.bid.id),
        extent: Extent::Share(Share::ALL),
        reason: "a test".to_owned(),
        author: "Ada".to_owned(),
    };
    match Bills::of([bill.clone()]).settle(&claim, bill.at).unwrap() {
        Settlement::New(mut events) => events.swap_remove(0),
        Settlement::Known(_) => panic!("nothing was booked before"),
    }
}

/// A ledger with 60 bills of three days, a click for each, and a credit note.
fn ledger() -> TempDir {
    let folder = folder();
    open(folder.path()).unwrap().begin().unwrap();
    let mut sent: Vec<Event> = (0..60).map(impression).collect();
    sent.extend((0..60).map(|number| Event { kind: EventKind::Click, ..impression(number) }));
    sent.push(credited(&sent[7]));
    append(folder.path(), vec![sent]);
    folder
}

fn verify(folder: &Path, now: UnixMillis) -> Result<Verified, VerifyError> {
    Store::open(folder).unwrap().verify(now, &mut |_| {})
}

#[track_caller]
fn difference(folder: &Path, now: UnixMillis) -> Difference {
    match verify(folder, now) {
        Err(VerifyError::Differs(difference)) => *difference,
        other => panic!("{other:?}"),
    }
}

/// After `statements` the check `check` finds the first difference, at a place, with a kept and a rebuilt value that hold
/// these words.
#[track_caller]
fn check(statements: &str, check: Check, [place, kept, rebuilt]: [&str; 3]) {
    let folder = ledger();
    let file = folder.path().join("ledger.sqlite");
    execute(&file, statements);
    let before = std::fs::read(&file).unwrap();
    let found = difference(folder.path(), SOON);
    assert_eq!(found.check, check, "{statements}: {found:?}");
    let words = format!("{:?}", found.place);
    assert!(words.contains(place), "{statements}: `{place}` in {words}");
    assert!(found.kept.contains(kept), "{statements}: `{kept}` in {}", found.kept);
    assert!(found.rebuilt.contains(rebuilt), "{statements}: `{rebuilt}` in {}", found.rebuilt);
    assert!(std::fs::read(&file).unwrap() == before, "{statements}: nothing is changed");
}

#[test]
fn a_ledger_as_it_was_written_is_right_and_says_what_was_checked() {
    let folder = ledger();
    let verified = verify(folder.path(), SOON).unwrap();
    let count = |check| verified.iter().find(|(of, _)| *of == check).unwrap().1;
    assert_eq!(verified.len(), 11, "every check was made: {verified:?}");
    assert!(verified.is_sorted_by_key(|(check, _)| *check == Check::Figures));
    assert_eq!((count(Check::Events), count(Check::Bills), count(Check::Currencies)), (121, 1, 1));
    assert_eq!((count(Check::Days), count(Check::Totals)), (3, 5));
}

#[test]
fn a_changed_row_is_named_by_its_key_and_bid() {
    let bid = impression(7).bid.id;
    let row = format!("WHERE bid = x'{bid}' AND kind = 2");
    for change in [
        "media = media + 1",
        "checksum = checksum + 1",
        "exchange = exchange + 1",
        "currency = 'USD'",
        "at = at - 1",
        "tax_space_base = tax_space_base + 1",
        "lease = 0",
        "late = 1 - late",
    ] {
        check(
            &format!("UPDATE event SET {change} {row}"),
            Check::Events,
            [&bid.to_string(), "checksum", "checksum"],
        );
    }
    let place = bid.to_string();
    check(&format!("UPDATE event SET budget = 5 {row}"), Check::Events, [&place, "budget 5", "budget 1"]);
    let moved = format!("UPDATE event SET key = CAST(x'00' || substr(key, 2) AS BLOB) {row}");
    check(&moved, Check::Events, [&place, "key 00", &format!("key {bid}02")]);
    let as_text = format!("UPDATE event SET key = CAST(key AS TEXT) {row}");
    check(&as_text, Check::Events, ["", "a key that is no bytes", "an event"]);
    let place = format!("{bid}02");
    check(
        &format!("UPDATE event SET kind = 99 {row}"),
        Check::Events,
        [&place, "an unknown kind", "an event"],
    );
    check(
        &format!("UPDATE event SET currency = 'QQ' {row}"),
        Check::Events,
        [&place, "currency", "an event"],
    );
    check(&format!("UPDATE event SET media = 'much' {row}"), Check::Events, [&place, "", "an event"]);
}

#[test]
fn a_row_that_is_missing_or_too_many_is_named_by_its_day() {
    let gone = format!("DELETE FROM event WHERE bid = x'{}' AND kind = 5", impression(7).bid.id);
    check(&gone, Check::Days, ["Day(20501)", "events", "events"]);
    let other = folder();
    append(other.path(), vec![vec![impression(61)]]);
    let more = format!(
        "ATTACH '{}' AS other; INSERT INTO event SELECT * FROM other.event; DETACH other;",
        other.path().join("ledger.sqlite").display()
    );
    check(&more, Check::Days, ["Day(20501)", "41 events", "42 events"]);
}

#[test]
fn each_kept_sum_that_is_not_what_the_events_add_up_to_is_named() {
    check("UPDATE digest SET events = events + 1 WHERE day = 20502", Check::Days, ["Day(20502)", "41", "40"]);
    check(
        "UPDATE digest SET sum = zeroblob(16) WHERE day = 20500",
        Check::Days,
        ["Day(20500)", "sum 000000", ""],
    );
    check("DELETE FROM digest WHERE day = 20500", Check::Days, ["Day(20500)", "0 events", "40 events"]);
    check("INSERT INTO digest VALUES (7, 1, zeroblob(16))", Check::Days, ["Day(7)", "1 events", "0 events"]);
    check(
        "UPDATE balance SET amount = zeroblob(16) WHERE account = 1",
        Check::Accounts,
        ["Receivable", "0", ""],
    );
    check("DELETE FROM balance WHERE account = 6", Check::Accounts, ["Fees", "0", "-"]);
    let more = "INSERT INTO balance VALUES (9, 0, '', 'EUR', x'00000000000000000000000000000001')";
    check(more, Check::Accounts, ["Refunds", "0.000000000000001", "0"]);
    check(
        "UPDATE balance SET account = 77 WHERE account = 6",
        Check::Accounts,
        ["File", "an unknown account", ""],
    );
    for (rows, place) in [
        ("level = 1 AND span = 0 AND measure = 0", "Campaign"),
        ("level = 1 AND span = 1 AND measure = 1", "Day"),
        ("level = 2 AND span = 0 AND measure = 2", "LineItem"),
        ("level = 1 AND span = 2 AND measure = 0", "Hour"),
    ] {
        check(&format!("UPDATE cap SET used = used + 1 WHERE {rows}"), Check::Caps, [place, "", ""]);
        check(&format!("DELETE FROM cap WHERE {rows}"), Check::Caps, [place, "0", ""]);
    }
    let elsewhere = "UPDATE cap SET epoch = 0 WHERE span = 0 AND level = 1 AND measure = 1";
    check(elsewhere, Check::Caps, ["Some(Epoch", "0", "59"]);
}

#[test]
fn a_bill_that_was_credited_beyond_what_was_billed_is_named() {
    let folder = ledger();
    let mut twice = credited(&impression(7));
    let EventKind::Correction(Correction { id, .. }) = &mut twice.kind else { panic!("a credit note") };
    *id = CorrectionId::from_bytes([9; 16]);
    append(folder.path(), vec![vec![twice.clone()]]);
    let found = difference(folder.path(), LATER);
    assert_eq!((found.check, found.place), (Check::Bills, Place::Bill(twice.bid.id)));
    assert!(found.kept.contains("impressions: -1"), "{}", found.kept);

    let folder = ledger();
    twice.bid.id = BidId::mint(twice.at, 77);
    append(folder.path(), vec![vec![twice.clone()]]);
    let found = difference(folder.path(), LATER);
    assert_eq!((found.check, found.place), (Check::Bills, Place::Bill(twice.bid.id)));
    assert_eq!(found.rebuilt, "nothing was billed");
}

#[test]
fn books_that_do_not_balance_and_a_report_that_tells_otherwise_are_named() {
    let bill = impression(1);
    let mut report = Report::new(Vec::new());
    report.add(&bill);
    let table = report.finish(&Names::default());
    let mut kept = crate::ledger::Sums::default();
    kept.add(&bill, crate::ledger::checksum(&bill, &mut Vec::new()));
    let mut balances = kept.balances();
    assert_eq!((sums::balanced(&balances).unwrap(), sums::totals(&table, &balances).unwrap()), (1, 5));
    balances.insert((Account::Data, Currency::EUR), Femtos::from_raw(7));
    let of = |error| match error {
        VerifyError::Differs(difference) => (difference.check, difference.place),
        VerifyError::Store(error) => panic!("{error}"),
    };
    assert_eq!(
        of(sums::balanced(&balances).unwrap_err()),
        (Check::Currencies, Place::Currency(Currency::EUR))
    );
    assert_eq!(
        of(sums::totals(&table, &balances).unwrap_err()),
        (Check::Totals, Place::Total("data", Currency::EUR))
    );
}

#[test]
fn a_page_that_does_not_fit_is_found_before_anything_else() {
    let folder = ledger();
    let file = folder.path().join("ledger.sqlite");
    // A table that SQLite believes to be nowhere else: its pages are counted as lost.
    execute(&file, "CREATE TABLE lost (x); INSERT INTO lost VALUES (zeroblob(9000));");
    execute(&file, "PRAGMA writable_schema = ON; DELETE FROM sqlite_master WHERE name = 'lost';");
    assert_eq!(difference(folder.path(), SOON).check, Check::Pages);
}

#[test]
fn what_is_verified_is_one_commit_while_others_are_made() {
    let folder = ledger();
    let (failure, _failed) = tokio::sync::oneshot::channel();
    let (writer, handle) = Writer::start(open(folder.path()).unwrap(), failure);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let mut number = 100;
    let mut write = |_| {
        number += 1;
        runtime.block_on(writer.append(vec![impression(number)])).unwrap();
    };
    let store = Store::open(folder.path()).unwrap();
    let verified = store.verify(LATER, &mut write).unwrap();
    assert!(verified.contains(&(Check::Events, 121)), "{verified:?}");
    let verified = store.verify(LATER, &mut |_| {}).unwrap();
    assert!(verified.contains(&(Check::Events, 242)), "{verified:?}");
    drop(writer);
    handle.join().unwrap();
}
