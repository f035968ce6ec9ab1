//! Whatever dies when: snapshot and journal together are the sums of all events, and damage is found.

use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;

use crate::budget::LeaseAsk;
use crate::ledger::{CapKey, Event, EventKind, Level, Measure, Quantity, Window, any_charge, any_event};
use crate::shell::store::tests::{check_kept, folder, open};
use crate::shell::store::writer::{book, grant, snap};
use crate::shell::store::{Opened, Store, StoreError};
use crate::units::{CampaignId, Day, Epoch, LineItemId};

/// What happens to a ledger between two looks at it.
#[derive(Debug, Clone)]
enum Step {
    /// A commit.
    Book(Vec<Event>),
    /// A commit that grants a lease of so much.
    Grant(i64),
    /// A snapshot.
    Snap,
    /// A kill, and the next start.
    Die,
    /// A kill in the midst of a commit, and the next start.
    DieInCommit(Box<Event>),
}

fn step() -> impl Strategy<Value = Step> {
    // Few campaigns, and all of one day, so that the same caps are used again and again.
    let event = (any_event(1_000_000_000), 0..3_u64, 0..4_u64).prop_map(|(mut event, id, lease)| {
        event.bid.campaign = CampaignId::from_raw(id + 1);
        event.bid.line_item = LineItemId::from_raw(id + 1);
        event.bid.day = Day::from_raw(20_000);
        event.bid.lease = Epoch::from_raw(lease);
        event
    });
    let event = event.boxed();
    prop_oneof![
        4 => vec(event.clone(), 1..6).prop_map(Step::Book),
        2 => (0..1_000_000_i64).prop_map(Step::Grant),
        1 => Just(Step::Snap),
        2 => Just(Step::Die),
        1 => event.prop_map(|event| Step::DieInCommit(Box::new(event))),
    ]
}

const CAP: CapKey = CapKey {
    level: Level::Campaign(CampaignId::from_raw(1)),
    window: Window::Total,
    measure: Measure::Money,
};

/// The ledger as the next process finds it: file and log as they are now, and nothing of the memory of this one.
fn killed(ledger: Opened, from: &Path, to: &Path) -> Opened {
    for file in ["ledger.sqlite", "ledger.sqlite-wal"] {
        if from.join(file).exists() {
            std::fs::copy(from.join(file), to.join(file)).unwrap();
        }
    }
    drop(ledger);
    let mut ledger = open(to).unwrap();
    ledger.begin().unwrap();
    ledger
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn snapshot_and_journal_are_the_sums_of_all_events_after_a_kill_at_any_commit(steps in vec(step(), 1..25)) {
        let mut folders = vec![folder()];
        let mut ledger = open(folders[0].path()).unwrap();
        let (mut epoch, _) = ledger.begin().unwrap();
        for step in steps {
            let here = folders.last().unwrap().path().to_owned();
            match step {
                Step::Book(mut events) => {
                    for event in &mut events {
                        // Nobody bids from a lease of a run that has not begun.
                        event.bid.lease = Epoch::from_raw(event.bid.lease.raw() % (epoch.raw() + 1));
                    }
                    book(&mut ledger, events);
                }
                Step::Grant(target) => {
                    let target = Quantity::from_raw(target);
                    let ask = LeaseAsk { cap: CAP, limit: Quantity::from_raw(5_000_000_000), target, least: target };
                    grant(&mut ledger, epoch, vec![ask]);
                }
                Step::Snap => snap(&mut ledger),
                Step::Die => {
                    let taken = ledger.treasury.state(CAP).taken();
                    let next = folder();
                    ledger = killed(ledger, &here, next.path());
                    epoch = ledger.treasury.last_epoch();
                    // What was granted is never free again at once, and what was used never.
                    prop_assert_eq!(ledger.treasury.state(CAP).taken(), taken);
                    folders.push(next);
                }
                Step::DieInCommit(event) => {
                    let file = here.join("ledger.sqlite");
                    let torn = ledger.connection.transaction().unwrap();
                    torn.execute("DELETE FROM snapshot", []).unwrap();
                    torn.execute("UPDATE event SET checksum = 1 WHERE key = ?", [event.key().as_bytes()]).unwrap();
                    let next = folder();
                    for end in ["", "-wal"] {
                        let from = format!("{}{end}", file.display());
                        if Path::new(&from).exists() {
                            std::fs::copy(&from, next.path().join(format!("ledger.sqlite{end}"))).unwrap();
                        }
                    }
                    drop(torn);
                    drop(ledger);
                    ledger = open(next.path()).unwrap();
                    epoch = ledger.begin().unwrap().0;
                    folders.push(next);
                }
            }
            check_kept(folders.last().unwrap().path());
        }
    }
}

/// A ledger with three commits in its journal is refused by its writer, and by who reads its sums, after `change`.
#[track_caller]
fn check_found(change: &str, wanted: impl Fn(&StoreError) -> bool) {
    let folder = folder();
    let mut random = TestRunner::deterministic();
    let mut ledger = open(folder.path()).unwrap();
    for _ in 0..3 {
        let mut event = any_event(1_000).new_tree(&mut random).unwrap().current();
        event.kind = EventKind::Impression(any_charge(1_000).new_tree(&mut random).unwrap().current());
        book(&mut ledger, vec![event]);
    }
    drop(ledger);
    let file = folder.path().join("ledger.sqlite");
    let connection = Connection::open(&file).unwrap();
    assert!(connection.execute(change, []).unwrap() > 0, "{change}");
    connection.close().unwrap();
    for error in [
        open(folder.path()).map(drop).unwrap_err(),
        Store::open(folder.path()).unwrap().kept().map(drop).unwrap_err(),
    ] {
        assert!(wanted(&error), "{change}: {error}");
        assert!(error.to_string().contains("ledger.sqlite") && !error.hint().is_empty());
    }
}

#[test]
fn an_event_that_was_changed_since_the_last_snapshot_is_found() {
    let altered = |error: &StoreError| matches!(error, StoreError::Altered { .. });
    check_found("UPDATE event SET media = media + 1", altered);
    check_found("UPDATE event SET day = day - 1", altered);
    check_found("UPDATE event SET checksum = checksum + 1", altered);
    check_found("UPDATE event SET user = x'00112233445566778899aabbccddeeff'", altered);
}

#[test]
fn a_journal_that_was_changed_is_found_at_its_first_changed_commit() {
    let at = |wanted: u64| move |error: &StoreError| matches!(error, StoreError::Journal { number, .. } if *number == wanted);
    check_found("DELETE FROM event", at(1));
    check_found("DELETE FROM event WHERE key = (SELECT keys FROM journal WHERE number = 2)", at(2));
    check_found("DELETE FROM journal WHERE number = 1", at(1));
    check_found("UPDATE journal SET number = number + 1 WHERE number = 3", at(3));
    check_found("UPDATE journal SET seal = seal + 1 WHERE number = 2", at(2));
    check_found("UPDATE journal SET keys = substr(keys, 2) WHERE number = 3", at(3));
    check_found(
        "UPDATE journal SET keys = (SELECT keys FROM journal WHERE number = 1) WHERE number = 2",
        at(2),
    );
    check_found("UPDATE snapshot SET seal = 1", at(1));
}
