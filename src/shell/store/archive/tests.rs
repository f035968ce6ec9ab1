//! Archives on real files: what a kill leaves at each step, and what is never archived.

use std::path::Path;

use tempfile::TempDir;

use crate::ledger::{Event, EventKind, Lot, Target, any_charge, any_event};
use crate::shell::store::archive::{ArchiveError, archivable_before};
use crate::shell::store::tests::{append, events, execute, folder, open, sample};
use crate::shell::store::{Store, StoreError};
use crate::units::{BidId, CampaignId, Day, LineItemId, UnixMillis, limits};

const DAY_MS: i64 = 86_400_000;
const NOW: UnixMillis = UnixMillis::from_raw(20_500 * DAY_MS + 5);
/// The first day that stays.
const BEFORE: Day = Day::from_raw(20_400);

fn event(day: i64, number: u32, kind: EventKind) -> Event {
    let at = UnixMillis::from_raw(day * DAY_MS + i64::from(number));
    let mut event = sample(any_event(1_000_000));
    event.bid.id = BidId::mint(at, number.into());
    (event.at, event.bid.at) = (at, at);
    event.bid.day = Day::from_raw(i32::try_from(day).unwrap());
    event.bid.campaign = CampaignId::from_slug("spring");
    event.bid.line_item = LineItemId::from_slug("spring/all");
    event.kind = kind;
    event
}

fn conversion() -> Event {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let found = std::iter::repeat_with(|| {
        use proptest::strategy::{Strategy as _, ValueTree as _};
        any_event(1_000_000).new_tree(&mut runner).unwrap().current()
    });
    found
        .map(|event| event.kind)
        .find(|kind| matches!(kind, EventKind::Conversion(_)))
        .map_or_else(|| unreachable!("events of all kinds are drawn"), |kind| event(20_398, 900, kind))
}

/// A ledger with bills and clicks of the days 20,398 to 20,401, ten of each a day, and a conversion of the first.
fn ledger() -> TempDir {
    let folder = folder();
    let mut sent = vec![conversion()];
    for day in 20_398..20_402 {
        for number in 0..10 {
            sent.push(event(day, number, EventKind::Impression(sample(any_charge(1_000_000)))));
            sent.push(event(day, number, EventKind::Click));
        }
    }
    append(folder.path(), vec![sent]);
    // A start forgets hours that are long over.
    drop(open(folder.path()).unwrap());
    folder
}

fn archive(folder: &Path) -> (String, u64) {
    let archived = open(folder).unwrap().archive(BEFORE, NOW).unwrap().unwrap();
    assert_eq!((archived.first, archived.last), (Day::from_raw(20_398), Day::from_raw(20_399)));
    (archived.file.file_name().unwrap().to_string_lossy().into_owned(), archived.events)
}

#[track_caller]
fn check_right(folder: &Path) {
    if let Err(error) = Store::open(folder).unwrap().verify(NOW, &mut |_| {}) {
        panic!("{error:?}");
    }
}

/// How many events the ledger itself has.
fn left(folder: &Path) -> usize {
    let mut count = 0;
    Store::open(folder).unwrap().without_archives().events(|_| count += 1).unwrap();
    count
}

#[test]
fn an_archive_holds_whole_days_and_every_reader_finds_its_events() {
    let folder = ledger();
    let all = events(folder.path());
    let store = Store::open(folder.path()).unwrap();
    let lot = Lot {
        campaign: CampaignId::from_slug("spring"),
        day: Day::from_raw(20_399),
        exchange: None,
        deal: None,
    };
    let targets = [Target::Bid(event(20_398, 3, EventKind::Click).bid.id), Target::Lot(lot)];
    let (kept, bills) = (store.kept().unwrap(), store.bills(&targets).unwrap());
    drop(store);
    assert_eq!(bills.iter().count(), 11);
    assert_eq!(
        archive(folder.path()),
        (format!("{}_{}.sqlite", Day::from_raw(20_398), Day::from_raw(20_399)), 40)
    );
    assert_eq!(left(folder.path()), 41, "the conversion stays");
    assert_eq!(events(folder.path()), all);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!((store.kept().unwrap(), store.bills(&targets).unwrap()), (kept, bills));
    assert_eq!(store.events_of_bid(all[0].bid.id).unwrap().len(), 2);
    check_right(folder.path());
    assert!(open(folder.path()).unwrap().archive(BEFORE, NOW).unwrap().is_none(), "once is enough");
}

#[test]
fn an_order_that_converted_in_an_archived_day_converts_once() {
    let folder = ledger();
    archive(folder.path());
    assert_eq!(append(folder.path(), vec![vec![conversion()]]), [[false]]);
    check_right(folder.path());
}

#[test]
fn a_kill_at_any_step_leaves_the_old_ledger_or_the_new_one() {
    let folder = ledger();
    let all = events(folder.path());
    let (name, part) = {
        let ledger = open(folder.path()).unwrap();
        // The file was written, and the ledger not yet told.
        let draft = ledger.draft(BEFORE).unwrap().unwrap();
        (draft.file.clone(), draft.file.with_extension("sqlite.part"))
    };
    assert_eq!((left(folder.path()), events(folder.path())), (81, all.clone()));
    check_right(folder.path());
    // The next one was killed in the midst of it, and the one before was left damaged.
    std::fs::write(&part, b"half of an archive").unwrap();
    std::fs::write(&name, b"not an archive").unwrap();
    {
        let mut ledger = open(folder.path()).unwrap();
        let draft = ledger.draft(BEFORE).unwrap().unwrap();
        ledger.hand_over(&draft).unwrap();
        // Killed before the space was given back.
    }
    assert_eq!((left(folder.path()), events(folder.path())), (41, all));
    check_right(folder.path());
    assert!(!part.exists());
}

#[test]
fn a_second_archive_stands_beside_the_first() {
    let folder = ledger();
    let all = events(folder.path());
    archive(folder.path());
    let later = open(folder.path()).unwrap().archive(Day::from_raw(20_401), NOW).unwrap().unwrap();
    assert_eq!((later.first, later.events), (Day::from_raw(20_400), 20));
    // What was found of the old days later goes into a file of its own.
    let stray = event(20_398, 50, EventKind::View);
    append(folder.path(), vec![vec![stray.clone()], vec![event(20_399, 50, EventKind::View)]]);
    let (name, count) = archive(folder.path());
    assert!(name.ends_with("_2.sqlite") && count == 2, "{name}");
    assert_eq!(events(folder.path()).len(), all.len() + 2);
    check_right(folder.path());
}

#[test]
fn days_of_which_notices_may_still_come_are_refused() {
    let latest = archivable_before(NOW);
    let end = UnixMillis::from_raw(i64::from(latest.raw()) * DAY_MS).plus(limits::CONVERSION_AGE_MAX);
    assert!(end <= NOW, "the last token has ended");
    let folder = ledger();
    let asked = Day::from_raw(latest.raw() + 1);
    match open(folder.path()).unwrap().archive(asked, NOW) {
        Err(ArchiveError::TooYoung { latest: told, .. }) => assert_eq!(told, latest),
        other => panic!("{other:?}"),
    }
    assert!(!folder.path().join("archive").exists());
    assert!(open(folder.path()).unwrap().archive(latest, NOW).unwrap().is_some());
}

#[test]
fn an_event_that_is_not_what_was_written_is_not_archived() {
    let folder = ledger();
    execute(&folder.path().join("ledger.sqlite"), "UPDATE event SET media = media + 1 WHERE day = 20399");
    let refused = open(folder.path()).unwrap().archive(BEFORE, NOW).unwrap_err();
    assert!(matches!(refused, ArchiveError::Store(StoreError::Altered { .. })), "{refused}");
    assert_eq!(left(folder.path()), 81);
}
