//! What a former process showed is restored, if a cap counts it, and is waited for.

use std::sync::Arc;

use proptest::prelude::Strategy as _;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{read, start};
use crate::budget::LeaseTerms;
use crate::campaign::{CountBy, FrequencyCap};
use crate::frequency::{Level, Windows};
use crate::ledger::{Event, EventKind, any_charge, any_event};
use crate::shell::exposure_store::{ExposureStore, Viewer};
use crate::shell::store::{Opened, Store, Writer};
use crate::units::{BidId, CampaignId, Millis, UnixMillis, UserKey};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_262_400_000);
const CAMPAIGN: CampaignId = CampaignId::from_raw(7);

/// A billed impression to user `number`, whose bid was made so many seconds before now.
fn billed(number: u8, seconds: i64) -> Event {
    let mut random = TestRunner::deterministic();
    let mut event = any_event(1_000).new_tree(&mut random).unwrap().current();
    event.kind = any_charge(1_000).prop_map(EventKind::Impression).new_tree(&mut random).unwrap().current();
    event.bid.campaign = CAMPAIGN;
    event.bid.at = NOW.minus(Millis::from_seconds(seconds));
    event.bid.id = BidId::mint(event.bid.at, number.into());
    event.bid.user = Some(UserKey::from_bytes([number; 16]));
    event
}

/// A ledger with `events`.
fn ledger(events: Vec<Event>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let terms = LeaseTerms { ttl: Millis::from_seconds(5), longest_notice: Millis::from_seconds(600) };
    let (failure, _failed) = oneshot::channel();
    let (writer, handle) = Writer::start(Opened::open(folder.path(), terms).unwrap(), failure);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(writer.append(events)).unwrap();
    drop(writer);
    handle.join().unwrap();
    folder
}

/// One cap over a minute.
fn windows() -> Windows {
    let per = Millis::from_seconds(60);
    let cap = FrequencyCap { by: CountBy::User, impressions: 1, per, include_unknown: false };
    let mut windows = Windows::default();
    windows.add(Level::Campaign(CAMPAIGN), &[cap]);
    windows
}

#[test]
fn what_a_cap_still_counts_is_restored_and_only_then_all_is_complete() {
    let folder = ledger(vec![billed(1, 59), billed(2, 61), billed(3, 0)]);
    let exposures = Arc::new(ExposureStore::unread());
    let read = start(folder.path(), &exposures, &windows(), NOW).unwrap();
    read.blocking_recv().unwrap().unwrap();
    assert!(exposures.is_complete());
    let knows = |number, seconds| {
        let event = billed(number, seconds);
        exposures.of(&Viewer { user: event.bid.user, household: None }, event.bid.id).is_some()
    };
    assert_eq!((knows(1, 59), knows(2, 61), knows(3, 0)), (true, false, true));
}

#[test]
fn without_a_cap_nothing_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let exposures = Arc::new(ExposureStore::unread());
    // There is no ledger in it: reading would fail.
    let read = start(folder.path(), &exposures, &Windows::default(), NOW).unwrap();
    assert!(exposures.is_complete());
    read.blocking_recv().unwrap().unwrap();
    assert!(start(folder.path(), &exposures, &windows(), NOW).is_err());
}

#[test]
fn a_reader_leaves_off_when_nobody_wants_what_it_reads() {
    let folder = ledger(vec![billed(1, 1), billed(2, 2)]);
    let exposures = Arc::new(ExposureStore::unread());
    let wanted = Arc::downgrade(&exposures);
    drop(exposures);
    let store = Store::open(folder.path()).unwrap();
    read(&store, &wanted, &windows(), UnixMillis::from_raw(0), NOW).unwrap();
    assert!(wanted.upgrade().is_none());
}
