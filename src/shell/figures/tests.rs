//! Columns against a scan of every row: whatever happens to the files, the answers are the same.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use proptest::sample::{Index, subsequence};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::budget::LeaseTerms;
use crate::ledger::{AMOUNT_MOST, Event, EventKind, any_event, checksum, filed_on};
use crate::report::{Dimension, Table};
use crate::shell::figures::block::{Bids, Block, Draft};
use crate::shell::figures::header::Header;
use crate::shell::figures::row::kept;
use crate::shell::figures::{Desk, Question, Section, files, parts, scan, table};
use crate::shell::store::{Check, Opened, Place, Store, StoreError, VerifyError, Writer, WriterHandle};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, Day, DealId, ExchangeId, LineItemId, Millis, UnixMillis,
};

const DAY_MS: i64 = 86_400_000;
/// The first day of the events of these tests.
const FIRST: i32 = 20_500;

fn opened(folder: &Path) -> Opened {
    let terms = LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(600) };
    Opened::open(folder, terms).unwrap()
}

/// A writer that goes on, so that what it commits stays in the journal.
struct Writing {
    writer: Writer,
    handle: WriterHandle,
    runtime: tokio::runtime::Runtime,
}

impl Writing {
    fn begin(folder: &Path) -> Self {
        let (failure, _failed) = oneshot::channel();
        let (writer, handle) = Writer::start(opened(folder), failure);
        Self { writer, handle, runtime: tokio::runtime::Builder::new_current_thread().build().unwrap() }
    }

    fn append(&self, events: &[Event]) {
        self.runtime.block_on(self.writer.append(events.to_vec())).unwrap();
    }

    fn end(self) {
        drop(self.writer);
        self.handle.join().unwrap();
    }
}

fn append(folder: &Path, events: &[Event]) {
    let writing = Writing::begin(folder);
    writing.append(events);
    writing.end();
}

/// Events of few bids in few days: those of one bid share its facts often, not always.
fn few_events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let time = (0..3_i64, prop_oneof![Just(0), Just(DAY_MS - 1), 0..DAY_MS]);
    let ids = (0..3_u64, 0..2_u64, option::of(0..2_u64), 0..40_u32, -1..2_i32);
    vec((any_event(1_000_000_000_000), time, ids, 0..2 * DAY_MS), 1..most).prop_map(|drawn| {
        let squeeze = |(mut event, (day, within), ids, later): (Event, (i64, i64), _, i64)| {
            let (many, few, deal, bid, civil): (u64, u64, Option<u64>, u32, i32) = ids;
            let made = UnixMillis::from_raw((i64::from(FIRST) + day) * DAY_MS + within);
            event.bid.id = BidId::mint(made, u128::from(bid));
            event.bid.at = made;
            event.at = UnixMillis::from_raw(made.raw() + later);
            event.bid.day = Day::from_raw(FIRST + i32::try_from(day).unwrap() + civil);
            event.bid.advertiser = AdvertiserId::from_raw(few);
            event.bid.campaign = CampaignId::from_raw(many);
            event.bid.line_item = LineItemId::from_raw(many * 2 + few);
            event.bid.creative = CreativeId::from_raw(few);
            event.bid.exchange = ExchangeId::from_raw(few + 1);
            event.bid.deal = deal.map(DealId::from_raw);
            if let EventKind::Conversion(conversion) = &mut event.kind {
                conversion.value = crate::units::Nanos::from_raw(conversion.value.raw() / 1_000);
            }
            event
        };
        drawn.into_iter().map(squeeze).collect()
    })
}

fn any_question() -> impl Strategy<Value = Question> {
    let of = |count| subsequence(Dimension::ALL.to_vec(), count).prop_shuffle();
    let by = prop_oneof![3 => of(1..=4), 1 => of(0..=Dimension::ALL.len())];
    let day = || option::weighted(0.3, (FIRST - 1..FIRST + 4).prop_map(Day::from_raw));
    let campaign = option::weighted(0.2, (0..4_u64).prop_map(CampaignId::from_raw));
    (by, day(), day(), campaign).prop_map(|(by, from, to, campaign)| Question {
        by,
        from,
        to,
        campaign,
        ..Question::default()
    })
}

/// What a scan of every row answers.
fn scanned(folder: &Path, question: &Question) -> Table {
    let store = Store::open(folder).unwrap();
    let names = crate::shell::cli::report::names(&store).unwrap();
    scan(&store, question).unwrap().finish(&names)
}

fn column_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder.join("figures")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

/// Every question about each dimension, and all of them together, is answered as a scan does.
#[track_caller]
fn check_all(folder: &Path, when: &str) {
    for by in
        Dimension::ALL.map(|dimension| vec![dimension]).into_iter().chain([Dimension::ALL.to_vec(), vec![]])
    {
        let question = Question { by, ..Question::default() };
        assert_eq!(table(folder, &question).unwrap(), scanned(folder, &question), "{when}: {question:?}");
    }
}

fn ledger() -> (TempDir, Vec<Event>) {
    ledger_of(|_| true)
}

/// A ledger of those of some events.
fn ledger_of(is_one: impl Fn(&Event) -> bool) -> (TempDir, Vec<Event>) {
    use proptest::strategy::ValueTree as _;
    let folder = tempfile::tempdir().unwrap();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let events = vec(few_events(60), 4).new_tree(&mut runner).unwrap().current().concat();
    let events: Vec<Event> = events.into_iter().filter(is_one).collect();
    append(folder.path(), &events);
    (folder, events)
}

proptest! {
    #[test]
    fn a_block_gives_back_what_figures_need_of_every_event(events in vec(any_event(AMOUNT_MOST), 0..60)) {
        let (mut draft, mut encoded) = (Draft::default(), Vec::new());
        for event in &events {
            draft.add(event, checksum(event, &mut encoded));
        }
        let bytes = draft.to_bytes(Day::from_raw(7), 9);
        let header = Header::from_bytes(bytes.first_chunk().unwrap()).unwrap();
        prop_assert_eq!((header.day, header.commit), (Day::from_raw(7), 9));
        prop_assert_eq!(header.digest, draft.digest());
        let block = Block::read(&header, &bytes[Header::LEN..]).unwrap();
        let mut found = Vec::new();
        block
            .each(Bids::Whole, |_| true, |tuple, event| {
                let bid = block.bid(tuple).unwrap();
                assert_eq!(crate::ledger::BidFacts { at: event.bid.at, id: event.bid.id, ..bid }, event.bid);
                found.push(kept(event));
            })
            .unwrap();
        // Blocks keep kinds apart; within one the order stays.
        let mut expected: Vec<Event> = events.iter().map(kept).collect();
        let in_order = |event: &Event| match &event.kind {
            EventKind::Win { .. } => 0,
            EventKind::Impression(_) => 1,
            EventKind::Loss { .. } => 2,
            EventKind::View | EventKind::Click | EventKind::Playback(_) => 3,
            EventKind::Conversion(_) => 4,
            EventKind::Correction(_) => 5,
        };
        expected.sort_by_key(in_order);
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_block_that_is_changed_or_cut_is_none_and_never_a_panic(
        events in vec(any_event(AMOUNT_MOST), 1..20),
        (at, by) in (any::<Index>(), 1_u8..),
        mends in any::<bool>(),
    ) {
        let mut draft = Draft::default();
        for event in &events {
            draft.add(event, checksum(event, &mut Vec::new()));
        }
        let bytes = draft.to_bytes(Day::from_raw(7), 9);
        let mut header = Header::from_bytes(bytes.first_chunk().unwrap()).unwrap();
        let mut body = bytes[Header::LEN..].to_vec();
        prop_assert!(Block::read(&header, &body[..body.len() - 1]).is_none());
        let at = at.index(body.len());
        body[at] ^= by;
        if mends {
            // As if somebody had forged it: it says anything, or nothing.
            header.fingerprint = crate::shell::figures::numbers::fingerprint(&body);
            if let Some(block) = Block::read(&header, &body) {
                let _ = block.each(Bids::Whole, |_| true, |_, _| {});
            }
        } else {
            prop_assert!(Block::read(&header, &body).is_none());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_question_is_answered_as_a_scan_of_every_row_answers_it(
        first in few_events(40),
        later in few_events(20),
        questions in vec(any_question(), 6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        append(folder.path(), &first);
        let desk = Desk::new(folder.path().to_owned());
        // Once without files, once from files, once from files and what came since; duplicates among that.
        for question in &questions[..4] {
            prop_assert_eq!(table(folder.path(), question).unwrap(), scanned(folder.path(), question));
        }
        let writing = Writing::begin(folder.path());
        writing.append(&later);
        for question in &questions {
            prop_assert_eq!(desk.table(question).unwrap(), scanned(folder.path(), question));
        }
        writing.append(&first);
        for question in &questions {
            prop_assert_eq!(table(folder.path(), question).unwrap(), scanned(folder.path(), question));
            prop_assert_eq!(desk.table(question).unwrap(), scanned(folder.path(), question));
        }
        writing.end();
        prop_assert_eq!(
            desk.tables(&questions).unwrap(),
            questions.iter().map(|question| scanned(folder.path(), question)).collect::<Vec<_>>()
        );
        for question in &questions {
            prop_assert_eq!(table(folder.path(), question).unwrap(), scanned(folder.path(), question));
        }
    }
}

#[test]
fn each_day_on_which_events_are_filed_has_a_file_and_what_comes_later_stands_in_the_journal_until_it_is_much()
{
    let (folder, events) = ledger();
    check_all(folder.path(), "at first");
    let days: BTreeSet<Day> = events.iter().map(filed_on).collect();
    let names: Vec<String> = days.iter().map(|day| format!("{day}.columns")).collect();
    let found = column_files(folder.path());
    assert_eq!(
        found.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect::<Vec<_>>(),
        names
    );
    let read = || found.iter().map(|path| std::fs::read(path).unwrap()).collect::<Vec<_>>();
    let before = read();
    let win = events.iter().find(|event| matches!(event.kind, EventKind::Win { .. })).unwrap();
    let late = |number: u128| {
        let mut late = win.clone();
        (late.kind, late.bid.id) = (EventKind::Click, BidId::mint(win.bid.id.minted_at(), number << 40));
        late
    };
    append(folder.path(), &[late(1)]);
    check_all(folder.path(), "after a late click");
    assert!(read() == before, "one event is not worth a file");
    append(folder.path(), &(2..5_000).map(late).collect::<Vec<_>>());
    check_all(folder.path(), "after many");
    for ((path, before), after) in found.iter().zip(before).zip(read()) {
        let is_its_day = *path == files::path(folder.path(), filed_on(win));
        assert_eq!(after.len() > before.len(), is_its_day, "{}", path.display());
        assert!(after.starts_with(&before), "{}", path.display());
    }
}

#[test]
fn a_file_that_is_damaged_cut_foreign_empty_gone_or_of_another_day_or_format_is_built_anew() {
    let (folder, _) = ledger();
    check_all(folder.path(), "at first");
    let path = column_files(folder.path())[1].clone();
    let right = std::fs::read(&path).unwrap();
    let other = std::fs::read(&column_files(folder.path())[0]).unwrap();
    let changed = |at: usize| {
        let mut bytes = right.clone();
        bytes[at] ^= 0x10;
        bytes
    };
    let mut cases = vec![
        ("cut in its body", right[..right.len() - 1].to_vec()),
        ("cut in its head", right[..40].to_vec()),
        ("empty", Vec::new()),
        ("foreign", b"day,media\n2026-11-21,3\n".repeat(40)),
        ("of another day", other),
        ("twice", right.repeat(2)),
        ("of an older format", changed(8)),
        ("of another encoding of events", changed(12)),
    ];
    for at in (0..right.len()).step_by(right.len() / 40) {
        cases.push(("damaged", changed(at)));
    }
    for (what, bytes) in cases {
        std::fs::write(&path, bytes).unwrap();
        check_all(folder.path(), what);
        assert_eq!(std::fs::read(&path).unwrap(), right, "{what}");
    }
    std::fs::remove_file(&path).unwrap();
    check_all(folder.path(), "gone");
    assert_eq!(std::fs::read(&path).unwrap(), right);
}

#[test]
fn a_folder_that_cannot_be_written_makes_answers_slower_not_wrong() {
    let (folder, _) = ledger();
    // Nobody can make a folder where a file is.
    std::fs::write(folder.path().join("figures"), "in the way").unwrap();
    check_all(folder.path(), "without a folder");
    assert_eq!(std::fs::read(folder.path().join("figures")).unwrap(), b"in the way");
}

#[test]
fn readers_beside_a_writer_and_beside_each_other_agree_with_the_ledger() {
    let (folder, events) = ledger();
    let again = |number: u128| {
        let renumbered =
            events.iter().filter(|event| !matches!(event.kind, EventKind::Conversion(_))).cloned();
        renumbered
            .map(|mut event| {
                event.bid.id = BidId::mint(event.bid.id.minted_at(), number << 40);
                event
            })
            .collect::<Vec<_>>()
    };
    let writing = Writing::begin(folder.path());
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let question = Question { by: vec![Dimension::LineItem, Dimension::Day], ..Question::default() };
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let store = Store::open(folder.path()).unwrap();
                    // Both as of one commit.
                    store
                        .at_once(|| {
                            let filed = store.filed()?;
                            let columns = super::answer::report(&store, &filed, folder.path(), &question)?;
                            let names = <_>::default();
                            assert_eq!(columns.finish(&names), scan(&store, &question)?.finish(&names));
                            Ok(())
                        })
                        .unwrap();
                }
            });
        }
        for number in 1..40 {
            writing.append(&again(number));
            if number % 7 == 0 {
                let _ = std::fs::remove_file(&column_files(folder.path())[0]);
            }
        }
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    writing.end();
    check_all(folder.path(), "afterwards");
}

#[test]
fn a_ledger_whose_events_are_not_those_that_were_committed_is_refused_not_reported() {
    for (change, is_day) in [
        ("DELETE FROM event WHERE key IN (SELECT key FROM event WHERE kind = 2 LIMIT 1)", true),
        (
            "UPDATE event SET media = media + 1 WHERE key IN (SELECT key FROM event WHERE kind = 2 LIMIT 1)",
            false,
        ),
    ] {
        let (folder, _) = ledger();
        rusqlite::Connection::open(folder.path().join("ledger.sqlite"))
            .unwrap()
            .execute_batch(change)
            .unwrap();
        match table(folder.path(), &Question::default()) {
            Err(StoreError::Day { .. }) => assert!(is_day),
            Err(StoreError::Altered { .. }) => assert!(!is_day),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[test]
fn parts_are_given_every_event_of_the_sections_that_are_asked_for_once() {
    let (folder, events) = ledger();
    let store = Store::open(folder.path()).unwrap();
    for (campaign, sections) in [
        (None, vec![Section::Impression, Section::Correction]),
        (Some(CampaignId::from_raw(1)), vec![Section::Conversion]),
        (None, Section::ALL.to_vec()),
    ] {
        let question = Question { campaign, ..Question::default() };
        let found = parts(&store, folder.path(), (&question, &sections), Vec::new, |part, event| {
            assert!(
                events.iter().any(|known| filed_on(known) == filed_on(event) && kept(known) == kept(event))
            );
            part.push(kept(event));
        });
        let keyed = |events: Vec<Event>| {
            let mut keyed: Vec<(u64, Event)> =
                events.into_iter().map(|event| (checksum(&event, &mut Vec::new()).raw(), event)).collect();
            keyed.sort_by_key(|(key, _)| *key);
            keyed
        };
        // What was a duplicate is no row.
        let mut wanted = Vec::new();
        let mut seen = BTreeSet::new();
        for event in &events {
            let is_asked = sections.contains(&Section::of(&event.kind)) && question.asks_for(&event.bid);
            if seen.insert(event.key().as_bytes().to_vec()) && is_asked {
                wanted.push(kept(event));
            }
        }
        assert_eq!(keyed(found.unwrap().concat()), keyed(wanted), "{sections:?}");
    }
}

#[test]
fn verify_names_a_day_whose_columns_say_something_else_and_what() {
    // Corrections of nothing would be found before.
    let (folder, events) = ledger_of(|event| !matches!(event.kind, EventKind::Correction(_)));
    check_all(folder.path(), "at first");
    let now = UnixMillis::from_raw(i64::from(FIRST + 9) * DAY_MS);
    let verified = |when: &str| {
        let verified = Store::open(folder.path()).unwrap().verify(now, &mut |_| {});
        let days: BTreeSet<Day> = events.iter().map(filed_on).collect();
        (verified, days.len() as u64, when.to_owned())
    };
    let (right, days, _) = verified("as built");
    assert_eq!(right.unwrap().last(), Some(&(Check::Figures, days)));
    // A file that says of itself that it is right, and of which every byte is as it was written, by a fault of ours.
    let day = filed_on(&events[0]);
    let mut of_day: Vec<Event> = Vec::new();
    let store = Store::open(folder.path()).unwrap();
    store.apart_on(&BTreeSet::from([day]), |_, event, _| of_day.push(event.clone())).unwrap();
    store.bids_on(day, |event, _| of_day.push(event.clone())).unwrap();
    let mut draft = Draft::default();
    let mut is_changed = false;
    for event in &of_day {
        let right = checksum(event, &mut Vec::new());
        let mut event = event.clone();
        if let (false, EventKind::Impression(charge)) = (is_changed, &mut event.kind) {
            charge.media = crate::units::Nanos::from_raw(charge.media.raw() + 1);
            is_changed = true;
        }
        draft.add(&event, right);
    }
    assert!(is_changed, "there is an impression on {day}");
    assert!(files::write(folder.path(), day, &[&draft.to_bytes(day, 1)]));
    match verified("changed").0 {
        Err(VerifyError::Differs(difference)) => {
            assert_eq!((difference.check, difference.place), (Check::Figures, Place::Day(day)));
            assert!(difference.kept.contains("an impression for "), "{}", difference.kept);
            assert!(difference.rebuilt.contains("an impression for "), "{}", difference.rebuilt);
            assert_ne!(difference.kept, difference.rebuilt);
        }
        other => panic!("{other:?}"),
    }
    // One that is damaged is used by nobody, and so not wrong.
    std::fs::write(files::path(folder.path(), day), "damaged").unwrap();
    assert_eq!(verified("damaged").0.unwrap().last(), Some(&(Check::Figures, days - 1)));
}
