//! The store on real files: what goes in comes out, and a file that is not ours stays as it is.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::budget::{Allocator as _, LeaseAsk, LeaseTerms};
use crate::ledger::{
    AMOUNT_MOST, CapKey, Charge, DatedRate, Event, EventKind, Level, Measure, Quantity, Setting, Source,
    Sums, Touch, Window, any_charge, any_event, one_of_each, used, windows,
};
use crate::report::{Aim, AimKind};
use crate::shell::exposure_store::Viewer;
use crate::shell::store::writer::{book, grant, lengthen, snap};
use crate::shell::store::{Name, NameKind, Opened, Store, StoreError, Writer};
use crate::ttf::Bearer;
use crate::units::{
    BidId, CampaignId, Currency, Day, Epoch, FxRate, Hour, HouseholdKey, LineItemId, Millis, Nanos, Steady,
    UnixMillis, UserKey,
};

/// Opens it as a server does.
pub(in crate::shell::store) fn open(folder: &Path) -> Result<Opened, StoreError> {
    let terms = LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(600) };
    Opened::open(folder, terms)
}

pub(in crate::shell::store) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Appends each of `requests` as one, and closes the ledger; what was new.
pub(in crate::shell::store) fn append(folder: &Path, requests: Vec<Vec<Event>>) -> Vec<Vec<bool>> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(open(folder).unwrap(), failure);
    let news = requests.into_iter().map(|events| runtime.block_on(writer.append(events)).unwrap()).collect();
    drop(writer);
    handle.join().unwrap();
    news
}

/// All events, in the order of their keys.
pub(in crate::shell::store) fn events(folder: &Path) -> Vec<Event> {
    let mut events = Vec::new();
    Store::open(folder).unwrap().events(|event| events.push(event.clone())).unwrap();
    in_order(events)
}

fn in_order(mut events: Vec<Event>) -> Vec<Event> {
    events.sort_by_key(Event::key);
    events
}

pub(in crate::shell::store) fn sample<T>(strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_event_comes_back_as_it_went_and_a_duplicate_is_no_row(
        some in vec(any_event(AMOUNT_MOST), 1..40),
        dearest in any_charge(AMOUNT_MOST),
    ) {
        let folder = folder();
        let mut sent = one_of_each(&some[0], dearest);
        sent.extend(some.into_iter().skip(1));
        let first = append(folder.path(), vec![sent.clone()]);
        prop_assert!(first[0].iter().all(|new| *new));
        prop_assert_eq!(&events(folder.path()), &in_order(sent.clone()));
        let again = append(folder.path(), vec![sent.clone(), sent.clone()]);
        prop_assert!(again.iter().flatten().all(|new| !*new));
        prop_assert_eq!(events(folder.path()), in_order(sent));
    }

    #[test]
    fn what_is_spent_after_opening_again_is_what_was_booked(
        some in vec((any_event(1_000_000_000), 0..3_u64, 0..2), 1..60),
    ) {
        let folder = folder();
        let today = i32::try_from(Hour::of(crate::shell::clock::now()).raw() / 24).unwrap();
        let (mut booked, mut sent) = (BTreeMap::new(), Vec::new());
        for (mut event, item, day) in some {
            event.bid.line_item = LineItemId::from_raw(item | (1 << 63));
            event.bid.campaign = CampaignId::from_raw((item / 2) | (1 << 63));
            event.bid.day = Day::from_raw(today + day - 1);
            count(&mut booked, &event);
            sent.push(event);
        }
        append(folder.path(), sent.into_iter().map(|event| vec![event.clone(), event]).collect());
        let taken = open(folder.path()).unwrap().taken_besides(Epoch::NONE);
        let mut found: BTreeMap<_, _> = taken.into_iter().map(|(cap, taken)| (cap, taken.raw())).collect();
        // Hours are forgotten after two days.
        booked.retain(|cap, _| !matches!(cap.window, Window::Hour(_)));
        found.retain(|cap, _| !matches!(cap.window, Window::Hour(_)));
        prop_assert_eq!(found, booked);
        check_kept(folder.path());
    }

    #[test]
    fn a_file_with_a_damaged_head_is_refused_and_left_as_it_is(head in vec(any::<u8>(), 16..100)) {
        let folder = folder();
        append(folder.path(), vec![vec![sample(any_event(AMOUNT_MOST))]]);
        let file = folder.path().join("ledger.sqlite");
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[..head.len()].copy_from_slice(&head);
        std::fs::write(&file, &bytes).unwrap();
        let refused = matches!(open(folder.path()), Err(StoreError::Foreign { .. }));
        prop_assert!(refused);
        let refused = matches!(Store::open(folder.path()), Err(StoreError::Foreign { .. }));
        prop_assert!(refused);
        prop_assert!(std::fs::read(&file).unwrap() == bytes);
    }

    #[test]
    fn a_file_that_is_refused_for_its_fields_is_left_as_it_is(at in 16..100_usize, bytes in vec(any::<u8>(), 1..40)) {
        let folder = folder();
        append(folder.path(), vec![vec![sample(any_event(AMOUNT_MOST))]]);
        let file = folder.path().join("ledger.sqlite");
        let mut damaged = std::fs::read(&file).unwrap();
        damaged[at..at + bytes.len()].copy_from_slice(&bytes);
        std::fs::write(&file, &damaged).unwrap();
        // Some fields mean nothing, so that the ledger is as good as before.
        if let Err(error) = open(folder.path()) {
            prop_assert!(error.to_string().lines().count() == 1 && !error.hint().is_empty());
            prop_assert!(std::fs::read(&file).unwrap() == damaged, "{error}");
        }
    }
}

/// Opening a folder after `change` was made to its ledger is refused with `want`, and the file stays.
#[track_caller]
fn check_refused(change: impl FnOnce(&Path), want: &str) {
    let folder = folder();
    append(folder.path(), vec![vec![sample(any_event(AMOUNT_MOST))]]);
    let file = folder.path().join("ledger.sqlite");
    change(&file);
    let before = std::fs::read(&file).unwrap();
    let wanted = |error: StoreError| {
        assert!(error.to_string().contains(want), "{error}");
        assert!(error.to_string().contains("ledger.sqlite"), "{error}");
        assert!(!error.hint().is_empty());
    };
    wanted(open(folder.path()).map(drop).unwrap_err());
    wanted(Store::open(folder.path()).map(drop).unwrap_err());
    assert!(std::fs::read(&file).unwrap() == before, "the file stays byte for byte");
}

pub(in crate::shell::store) fn execute(file: &Path, statements: &str) {
    let connection = Connection::open(file).unwrap();
    connection.execute_batch(statements).unwrap();
    connection.close().unwrap();
}

#[test]
fn a_ledger_of_a_newer_version_is_refused_and_left_as_it_is() {
    check_refused(|file| execute(file, "PRAGMA user_version = 6"), "version 6, this encan knows up to 5");
}

/// The household of an impression, as the next start counts it.
#[test]
fn exposures_come_back_for_users_and_households() {
    let folder = folder();
    let bid = |user: Option<u8>, household: Option<u64>| {
        let mut event = sample(any_event(AMOUNT_MOST));
        event.kind = EventKind::Impression(sample(any_charge(AMOUNT_MOST)));
        event.bid.at = UnixMillis::from_raw(2_000);
        event.bid.id = BidId::mint(
            event.bid.at,
            u128::from(user.unwrap_or(0)) << 8 | u128::from(household.unwrap_or(0)),
        );
        event.bid.user = user.map(|user| UserKey::from_bytes([user; 16]));
        event.bid.household = household.map(HouseholdKey::from_raw);
        event
    };
    let sent = [bid(Some(1), None), bid(None, Some(2)), bid(Some(3), Some(4)), bid(None, None)];
    append(folder.path(), vec![sent.to_vec()]);
    let shown_since = |since| {
        let mut found = Vec::new();
        let each = |viewer: &Viewer, exposure| {
            found.push((*viewer, exposure));
            true
        };
        Store::open(folder.path()).unwrap().exposures(UnixMillis::from_raw(since), each).unwrap();
        found
    };
    let mut found = shown_since(1_999);
    found.sort_by_key(|(viewer, _)| viewer.user);
    let viewers: Vec<_> = found.iter().map(|(viewer, _)| (viewer.user, viewer.household)).collect();
    let wanted = [&sent[1], &sent[0], &sent[2]];
    assert_eq!(viewers, wanted.map(|event| (event.bid.user, event.bid.household)));
    for ((_, exposure), event) in found.iter().zip(wanted) {
        assert_eq!((exposure.bid, exposure.at()), (event.bid.id, event.bid.at));
        assert_eq!((exposure.creative, exposure.line_item), (event.bid.creative, event.bid.line_item));
        assert_eq!((exposure.campaign, exposure.advertiser), (event.bid.campaign, event.bid.advertiser));
    }
    assert_eq!(shown_since(2_000), []);
    let mut seen = 0;
    let one = |_: &Viewer, _| {
        seen += 1;
        false
    };
    Store::open(folder.path()).unwrap().exposures(UnixMillis::from_raw(0), one).unwrap();
    assert_eq!(seen, 1, "whoever does not want more gets no more");
}

/// True for the kinds of events that a ledger before version 3 could keep.
fn is_of_version_2(event: &Event) -> bool {
    !matches!(event.kind, EventKind::Correction(_))
}

/// Takes from an event what a ledger before version 3 could not keep.
fn without_version_3(event: &mut Event) {
    without_version_4(event);
    event.bid.lease = Epoch::NONE;
    match &mut event.kind {
        EventKind::Impression(charge) => charge.fx = None,
        EventKind::Conversion(conversion) => conversion.fx = None,
        EventKind::Correction(_) => event.kind = EventKind::View,
        _ => {}
    }
}

/// Takes from an event what a ledger before version 5 could not keep.
fn without_version_5(event: &mut Event) {
    if let EventKind::Conversion(conversion) = &mut event.kind {
        conversion.acquisition = true;
    }
}

/// Takes from an event what a ledger before version 4 could not keep.
fn without_version_4(event: &mut Event) {
    without_version_5(event);
    event.bid.setting = Setting::default();
    let plain = |charge: &mut Charge| {
        (charge.bid, charge.to_beat) = (None, None);
        charge.tax.more.clear();
        if charge.bearer.share().is_some() {
            charge.bearer = Bearer::Inside;
        }
    };
    match &mut event.kind {
        EventKind::Impression(charge) => plain(charge),
        EventKind::Correction(correction) => plain(&mut correction.charge),
        EventKind::Conversion(conversion) => {
            (conversion.happened, conversion.lifetime) = (event.at, Nanos::ZERO);
            (conversion.source, conversion.code) = (Source::Page, None);
            if conversion.touch.parts().1.is_none() {
                conversion.touch = Touch::View(event.at);
            }
        }
        _ => {}
    }
}

/// Undoes version 5.
const BACK_TO_4: &str = "ALTER TABLE event DROP COLUMN acquisition; PRAGMA user_version = 4;";

/// Undoes version 4.
const BACK_TO_3: &str = "
    ALTER TABLE event DROP COLUMN setting; ALTER TABLE event DROP COLUMN tax_share;
    ALTER TABLE event DROP COLUMN tax_more; ALTER TABLE event DROP COLUMN bid_most;
    ALTER TABLE event DROP COLUMN to_beat; ALTER TABLE event DROP COLUMN happened;
    ALTER TABLE event DROP COLUMN lifetime; ALTER TABLE event DROP COLUMN source;
    ALTER TABLE event DROP COLUMN code; PRAGMA user_version = 3;";

/// Undoes version 3.
const BACK_TO_2: &str = "
    ALTER TABLE event DROP COLUMN lease; ALTER TABLE event DROP COLUMN cause;
    ALTER TABLE event DROP COLUMN impressions; ALTER TABLE event DROP COLUMN why;
    ALTER TABLE event DROP COLUMN author; ALTER TABLE event DROP COLUMN correction;
    ALTER TABLE event DROP COLUMN checksum;
     ALTER TABLE event DROP COLUMN fx_from; ALTER TABLE event DROP COLUMN fx_target;
     ALTER TABLE event DROP COLUMN fx_per; ALTER TABLE event DROP COLUMN fx_day;
    ALTER TABLE parked DROP COLUMN hour; ALTER TABLE parked DROP COLUMN mean;
    ALTER TABLE parked DROP COLUMN variance; ALTER TABLE parked DROP COLUMN more;
    DROP TABLE cap; DROP TABLE epoch; DROP TABLE balance; DROP TABLE digest; DROP TABLE journal;
    DROP TABLE snapshot; PRAGMA user_version = 2;";

/// Undoes version 2.
const BACK_TO_1: &str = "
    ALTER TABLE event DROP COLUMN household; ALTER TABLE parked DROP COLUMN household;
    ALTER TABLE parked DROP COLUMN creative; ALTER TABLE parked DROP COLUMN advertiser;
    PRAGMA user_version = 1;";

/// A ledger of an older version with `some` events is read as it is, and brought up to date by its writer, which
/// keeps the sums of all events from then on.
#[track_caller]
fn check_upgraded(some: &[Event], back: &str) {
    let folder = folder();
    append(folder.path(), vec![some.to_vec()]);
    execute(&folder.path().join("ledger.sqlite"), back);
    assert_eq!(events(folder.path()), in_order(some.to_vec()), "a report changes nothing");
    let keeps_sums = !back.contains(BACK_TO_2);
    match Store::open(folder.path()).unwrap().kept() {
        Ok(_) => assert!(keeps_sums),
        Err(refused) => {
            assert!(!keeps_sums && matches!(refused, StoreError::Older { .. }) && !refused.hint().is_empty());
        }
    }
    let mut another = some[0].clone();
    another.bid.id = BidId::mint(UnixMillis::from_raw(9), 9);
    // An order converts once, whichever bid it is reported with.
    another.kind = EventKind::View;
    another.bid.household = Some(HouseholdKey::from_raw(7));
    append(folder.path(), vec![vec![some[0].clone(), another.clone()]]);
    let all = in_order([some, &[another]].concat());
    assert_eq!(events(folder.path()), all);
    check_kept(folder.path());
    assert!(open(folder.path()).unwrap().begin().unwrap().1.is_empty());
}

#[test]
fn a_ledger_of_version_2_is_read_as_it_is_and_keeps_rates_from_its_next_writer_on() {
    let folder = folder();
    let impression = |random, fx| {
        let mut event = sample(any_event(AMOUNT_MOST));
        event.bid.id = BidId::mint(UnixMillis::from_raw(9), random);
        event.kind = EventKind::Impression(Charge { fx, ..sample(any_charge(AMOUNT_MOST)) });
        event
    };
    let mut first = impression(1, None);
    without_version_3(&mut first);
    append(folder.path(), vec![vec![first.clone()]]);
    let file = folder.path().join("ledger.sqlite");
    for back in [BACK_TO_4, BACK_TO_3, BACK_TO_2] {
        execute(&file, back);
    }
    assert_eq!(events(folder.path()), [first.clone()], "a report changes nothing");
    let rate = FxRate::new(u64::MAX, 3).unwrap();
    let rates =
        [None, Some(Day::from_raw(20_088))].map(|day| Some(DatedRate { from: Currency::USD, rate, day }));
    let later = [impression(2, rates[0]), impression(3, rates[1])];
    append(folder.path(), vec![later.to_vec()]);
    let [undated, dated] = later;
    assert_eq!(events(folder.path()), in_order(vec![first, undated, dated]));
}

#[test]
fn a_ledger_of_version_1_is_read_as_it_is_and_brought_up_to_date_by_its_writer() {
    let mut some: Vec<Event> = sample(vec(any_event(AMOUNT_MOST / 1_000), 20));
    some.retain(is_of_version_2);
    for event in &mut some {
        event.bid.household = None;
        without_version_3(event);
    }
    check_upgraded(&some, &format!("{BACK_TO_4} {BACK_TO_3} {BACK_TO_2} {BACK_TO_1}"));
}

#[test]
fn a_ledger_of_version_2_is_read_as_it_is_and_brought_up_to_date_by_its_writer() {
    let mut some: Vec<Event> = sample(vec(any_event(AMOUNT_MOST / 1_000), 5_000));
    some.retain(is_of_version_2);
    some.iter_mut().for_each(without_version_3);
    check_upgraded(&some, &format!("{BACK_TO_4} {BACK_TO_3} {BACK_TO_2}"));
}

#[test]
fn a_ledger_of_version_3_is_read_as_it_is_and_brought_up_to_date_by_its_writer() {
    let mut some: Vec<Event> = sample(vec(any_event(AMOUNT_MOST / 1_000), 200));
    some.iter_mut().for_each(without_version_4);
    check_upgraded(&some, &format!("{BACK_TO_4} {BACK_TO_3}"));
}

#[test]
fn a_ledger_of_version_4_is_read_as_it_is_and_each_of_its_conversions_is_an_acquisition() {
    let mut some: Vec<Event> = sample(vec(any_event(AMOUNT_MOST / 1_000), 200));
    some.iter_mut().for_each(without_version_5);
    assert!(some.iter().any(|event| matches!(event.kind, EventKind::Conversion(_))));
    check_upgraded(&some, BACK_TO_4);
}

/// What is kept of the ledger in `folder` is what all its events add up to, and every event has its checksum.
#[track_caller]
pub(in crate::shell::store) fn check_kept(folder: &Path) {
    let store = Store::open(folder).unwrap();
    let kept = store.kept().unwrap();
    let (mut sums, mut used) = (Sums::default(), BTreeMap::new());
    store
        .checked_events(|event, checksum| {
            assert_eq!(crate::ledger::checksum(event, &mut Vec::new()), checksum);
            sums.add(event, checksum);
            count(&mut used, event);
        })
        .unwrap();
    assert_eq!(kept.sums.balances(), sums.balances());
    assert_eq!(kept.sums.days(), sums.days());
    let mut found = BTreeMap::new();
    for ((cap, _), share) in kept.caps {
        *found.entry(cap).or_default() += share.used.raw();
    }
    // Hours are not kept for ever.
    used.retain(|cap, used| *used != 0 && !matches!(cap.window, Window::Hour(_)));
    found.retain(|cap, used| *used != 0 && !matches!(cap.window, Window::Hour(_)));
    assert_eq!(found, used);
}

/// Adds what `event` uses of every cap to `taken`.
fn count(taken: &mut BTreeMap<CapKey, i64>, event: &Event) {
    let bid = &event.bid;
    for (measure, quantity) in used(event) {
        for (level, window) in windows(bid.campaign, bid.line_item, bid.day, Hour::of(bid.at)) {
            let taken = taken.entry(CapKey { level, window, measure }).or_default();
            *taken = taken.saturating_add(quantity.raw());
        }
    }
}

#[test]
fn a_database_of_somebody_else_is_refused_and_left_as_it_is() {
    let somebody = |statements: &'static str| {
        move |file: &Path| {
            std::fs::remove_file(file).unwrap();
            execute(file, statements);
        }
    };
    check_refused(somebody("CREATE TABLE diary (day)"), "is not a ledger of encan");
    check_refused(somebody("PRAGMA application_id = 77; CREATE TABLE t (x)"), "is not a ledger of encan");
    check_refused(|file| execute(file, "PRAGMA user_version = 0"), "is not a ledger of encan");
    check_refused(
        |file| std::fs::write(file, b"Dear diary, ".repeat(99)).unwrap(),
        "is not a ledger of encan",
    );
}

#[test]
fn a_folder_in_use_is_refused_until_it_is_free() {
    let folder = folder();
    let first = open(folder.path()).unwrap();
    let refused = open(folder.path()).map(drop).unwrap_err();
    assert!(matches!(refused, StoreError::Locked { .. }) && !refused.hint().is_empty());
    drop(first);
    assert!(open(folder.path()).is_ok());
}

#[test]
fn a_folder_without_a_ledger_has_nothing_to_read_and_nothing_is_made() {
    let folder = folder();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::Missing { .. })));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_reader_beside_the_writer_sees_what_is_committed() {
    let folder = folder();
    let ledger = open(folder.path()).unwrap();
    assert_eq!(events(folder.path()), []);
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(ledger, failure);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let sent = sample(any_event(AMOUNT_MOST));
    assert_eq!(runtime.block_on(writer.append(vec![sent.clone(), sent.clone()])).unwrap(), [true, false]);
    assert_eq!(events(folder.path()), [sent]);
    drop(writer);
    handle.join().unwrap();
}

#[test]
fn names_come_back_and_the_last_one_of_an_id_counts() {
    let folder = folder();
    let name =
        |kind, id, slug: &str| Name { kind, id, slug: slug.to_owned(), fixed_cost: None, aims: Vec::new() };
    let cost = Some((Currency::EUR, Nanos::MAX));
    let campaign = Name { fixed_cost: cost, ..name(NameKind::Campaign, u64::MAX, "été") };
    let kinds =
        [NameKind::Advertiser, NameKind::LineItem, NameKind::Creative, NameKind::Exchange, NameKind::Deal];
    let mut names: Vec<Name> = kinds.into_iter().map(|kind| name(kind, 1, "one")).collect();
    let aim = |kind| Aim { kind, raw: 50_000_000_000 };
    names[1].aims = vec![aim(AimKind::Cpa), aim(AimKind::Budget)];
    names.push(campaign);
    let mut ledger = open(folder.path()).unwrap();
    let older = Name { aims: vec![aim(AimKind::Cpm)], ..name(NameKind::LineItem, 1, "an older name") };
    ledger.remember(&[older]).unwrap();
    ledger.remember(&names).unwrap();
    drop(ledger);
    let mut found = Store::open(folder.path()).unwrap().names().unwrap();
    let key = |name: &Name| (name.kind as u8, name.id);
    found.sort_by_key(key);
    names.sort_by_key(key);
    assert_eq!(found, names);
}

#[test]
fn epochs_that_are_long_over_count_without_a_lease_and_old_hours_are_forgotten() {
    let folder = folder();
    drop(open(folder.path()).unwrap());
    let file = folder.path().join("ledger.sqlite");
    let now = Hour::of(crate::shell::clock::now()).raw();
    // Epoch 4 is the last one; 1 and 2 hold nothing, 3 died with 5 more than it used.
    execute(
        &file,
        &format!(
            "UPDATE epoch SET last = 4;
             INSERT INTO cap VALUES (1, 9, 0, 0, 0, 0, 0, 7), (1, 9, 0, 0, 0, 1, 10, 10), (1, 9, 0, 0, 0, 2, 3, 4),
                 (1, 9, 0, 0, 0, 3, 15, 10), (1, 9, 0, 0, 0, 4, 1, 1), (2, 9, 0, 0, 0, 2, 6, 6),
                 (1, 9, 2, {}, 0, 3, 15, 10), (1, 9, 2, {}, 0, 3, 15, 10);",
            now - 60,
            now - 40
        ),
    );
    let total = |level| CapKey { level, window: Window::Total, measure: Measure::Money };
    let campaign = total(Level::Campaign(CampaignId::from_raw(9)));
    let line_item = total(Level::LineItem(LineItemId::from_raw(9)));
    let hour = |raw| CapKey { window: Window::Hour(Hour::from_raw(raw)), ..campaign };
    let taken = |ledger: &mut Opened, cap| ledger.treasury.state(cap).taken().raw();
    // A second start finds nothing more to do.
    for _ in 0..2 {
        let mut ledger = open(folder.path()).unwrap();
        assert_eq!(taken(&mut ledger, campaign), 7 + 10 + 4 + 15 + 1);
        assert_eq!(taken(&mut ledger, line_item), 6);
        assert_eq!(taken(&mut ledger, hour(now - 40)), 15);
        assert_eq!(taken(&mut ledger, hour(now - 60)), 0);
    }
    let kept = Store::open(folder.path()).unwrap().kept().unwrap().caps;
    let rows: Vec<_> = kept
        .iter()
        .map(|((cap, epoch), share)| (*cap, epoch.raw(), share.granted.raw(), share.used.raw()))
        .collect();
    let wanted = [
        (campaign, 0, 0, 21),
        (campaign, 3, 15, 10),
        (campaign, 4, 1, 1),
        (hour(now - 40), 3, 15, 10),
        (line_item, 0, 0, 6),
    ];
    assert_eq!(rows, wanted);
}

#[test]
fn what_a_dead_epoch_held_is_locked_up_as_long_as_its_own_bids_may_be_billed() {
    let cap = CapKey {
        level: Level::Campaign(CampaignId::from_raw(9)),
        window: Window::Total,
        measure: Measure::Money,
    };
    let all = Quantity::from_raw(1_000);
    let ask = LeaseAsk { cap, limit: all, target: all, least: all };
    let terms =
        |seconds| LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(seconds) };
    let after = |seconds| Steady::default().plus(Millis::from_seconds(seconds));
    for is_reloaded in [false, true] {
        let folder = folder();
        // The profile is long from the start, or from a reload on.
        let mut ledger = Opened::open(folder.path(), terms(if is_reloaded { 60 } else { 600 })).unwrap();
        let (epoch, _) = ledger.begin().unwrap();
        if is_reloaded {
            lengthen(&mut ledger, Millis::from_seconds(600));
        }
        grant(&mut ledger, epoch, vec![ask]);
        drop(ledger);
        // Killed, and killed again: today's profile is short, and as long as the old one matters it is remembered.
        for _ in 0..2 {
            drop(Opened::open(folder.path(), terms(60)).unwrap().begin().unwrap());
        }
        let mut ledger = Opened::open(folder.path(), terms(60)).unwrap();
        let (epoch, _) = ledger.begin().unwrap();
        let mut free_after = |seconds| {
            let _ = ledger.treasury.lease(epoch, &[], after(seconds)).unwrap();
            all.minus(ledger.treasury.state(cap).taken()).raw()
        };
        assert_eq!(free_after(0), 0);
        assert_eq!(free_after(300), 0, "a bid of the first run may still be billed");
        assert_eq!(free_after(604), 0);
        assert_eq!(free_after(605), 1_000);
        snap(&mut ledger);
        drop(ledger);
        // Nothing is locked up any more: today's profile counts.
        let mut ledger = Opened::open(folder.path(), terms(60)).unwrap();
        let (epoch, _) = ledger.begin().unwrap();
        grant(&mut ledger, epoch, vec![ask]);
        drop(ledger);
        let mut ledger = Opened::open(folder.path(), terms(60)).unwrap();
        ledger.treasury.expire(after(64));
        assert_eq!(ledger.treasury.state(cap).taken(), all);
        ledger.treasury.expire(after(65));
        assert_eq!(ledger.treasury.state(cap).taken(), Quantity::ZERO);
    }
}

#[test]
fn of_old_days_nothing_is_read_at_a_start_and_their_rows_stay_and_are_added_to() {
    let folder = folder();
    drop(open(folder.path()).unwrap());
    let file = folder.path().join("ledger.sqlite");
    let today = i32::try_from(Hour::of(crate::shell::clock::now()).raw() / 24).unwrap();
    let (old, late) = (today - 40, today - 2);
    execute(
        &file,
        &format!(
            "UPDATE epoch SET last = 4;
             INSERT INTO cap VALUES (1, 9, 1, {old}, 2, 3, 15, 10), (1, 9, 1, {late}, 2, 3, 15, 10),
                 (1, 9, 1, {old}, 2, 4, 15, 10), (1, 9, 0, 0, 2, 3, 15, 10);"
        ),
    );
    let cap =
        |window| CapKey { level: Level::Campaign(CampaignId::from_raw(9)), window, measure: Measure::Clicks };
    let day = |day| cap(Window::Day(Day::from_raw(day)));
    let mut ledger = open(folder.path()).unwrap();
    let mut known: Vec<_> =
        ledger.taken_besides(Epoch::NONE).into_iter().map(|(cap, taken)| (cap, taken.raw())).collect();
    known.sort_unstable();
    let mut wanted = [(cap(Window::Total), 15), (day(late), 15)];
    wanted.sort_unstable();
    assert_eq!(known, wanted);
    let mut event = Event { kind: EventKind::Click, ..sample(any_event(AMOUNT_MOST)) };
    event.bid.campaign = CampaignId::from_raw(9);
    (event.bid.day, event.bid.lease) = (Day::from_raw(old), Epoch::from_raw(4));
    book(&mut ledger, vec![event]);
    snap(&mut ledger);
    let kept = Store::open(folder.path()).unwrap().kept().unwrap().caps;
    let share = |cap, epoch| {
        kept.get(&(cap, Epoch::from_raw(epoch))).map(|share| (share.granted.raw(), share.used.raw()))
    };
    assert_eq!(share(day(old), 0), Some((0, 10)), "nobody can use what a dead epoch held of it");
    assert_eq!(share(day(old), 3), None);
    assert_eq!(share(day(old), 4), Some((15, 11)));
    assert_eq!(share(day(late), 3), Some((15, 10)));
}
