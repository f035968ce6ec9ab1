//! Places under caps: taken once each, by many threads, for user and household together.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::campaign::{CapLevel, CountBy, FrequencyCap};
use crate::frequency::{Counted, Exposure, Level};
use crate::shell::exposure_store::{ExposureStore, NoPlace, Viewer};
use crate::units::{
    AdvertiserId, BidId, CampaignId, CreativeId, HouseholdKey, LineItemId, Millis, UnixMillis, UserKey,
};

const LINE_ITEM: LineItemId = LineItemId::from_slug("c/l");
const CAMPAIGN: CampaignId = CampaignId::from_slug("c");

fn user(number: u8) -> Option<UserKey> {
    Some(UserKey::from_bytes([number; 16]))
}

fn household(number: u64) -> Option<HouseholdKey> {
    Some(HouseholdKey::from_raw(number))
}

fn exposure(random: u128, now: i64) -> Exposure {
    Exposure {
        bid: BidId::mint(UnixMillis::from_raw(now), random),
        creative: CreativeId::from_slug("c/k"),
        line_item: LINE_ITEM,
        campaign: CAMPAIGN,
        advertiser: AdvertiserId::from_slug("a"),
    }
}

fn cap(by: CountBy, impressions: u32) -> FrequencyCap {
    FrequencyCap { by, impressions, per: Millis::from_seconds(60), include_unknown: false }
}

/// Takes a place under two impressions a user of the line item and three a household of the campaign.
fn expose(store: &ExposureStore, viewer: &Viewer, random: u128, now: i64) -> Result<(), NoPlace> {
    let (own, outer) = ([cap(CountBy::User, 2)], [cap(CountBy::Household, 3)]);
    let caps: [(Level, &[FrequencyCap]); 2] =
        [(Level::LineItem(LINE_ITEM), &own), (Level::Campaign(CAMPAIGN), &outer)];
    store.expose(viewer, &caps, exposure(random, now), UnixMillis::from_raw(now))
}

fn reached(level: CapLevel, by: CountBy) -> Result<(), NoPlace> {
    Err(NoPlace(Counted { level, by }))
}

#[test]
fn a_cap_is_checked_again_where_the_exposure_is_recorded() {
    let store = ExposureStore::default();
    let anna = Viewer { user: user(1), household: None };
    assert_eq!(expose(&store, &anna, 1, 1_000), Ok(()));
    assert_eq!(expose(&store, &anna, 2, 1_000), Ok(()));
    let capped = reached(CapLevel::LineItem, CountBy::User);
    assert_eq!(expose(&store, &anna, 3, 1_000), capped, "a concurrent decision saw the same two");
    store.withdraw(&anna, exposure(1, 1_000).bid);
    assert_eq!(expose(&store, &anna, 4, 1_000), Ok(()));
}

#[test]
fn a_place_that_one_key_refuses_is_taken_for_neither_and_a_lost_bid_gives_both_back() {
    let store = ExposureStore::default();
    let at_home = |number| Viewer { user: user(number), household: household(7) };
    for number in 1..=3 {
        assert_eq!(expose(&store, &at_home(number), number.into(), 1_000), Ok(()));
    }
    assert_eq!(expose(&store, &at_home(4), 4, 1_000), reached(CapLevel::Campaign, CountBy::Household));
    assert_eq!(store.len(), (3, 1), "the fourth user was not recorded");
    store.withdraw(&at_home(2), exposure(2, 1_000).bid);
    assert_eq!(store.of(&at_home(2), exposure(2, 1_000).bid), None);
    assert_eq!(expose(&store, &at_home(4), 5, 1_000), Ok(()));
    assert_eq!(expose(&store, &at_home(2), 6, 1_000), reached(CapLevel::Campaign, CountBy::Household));
}

#[test]
fn what_happened_is_recorded_whatever_the_caps_say() {
    let store = ExposureStore::default();
    let both = Viewer { user: user(1), household: household(1) };
    for random in 0..5 {
        store.restore(&both, exposure(random, 1_000));
        store.restore(&both, exposure(random, 1_000));
    }
    let found = store.get(&both);
    assert_eq!(found.seen().user.map(|seen| seen.len()), Some(5));
    assert_eq!(found.seen().household.map(|seen| seen.len()), Some(5));
    assert_eq!(store.of(&both, exposure(3, 1_000).bid), Some(exposure(3, 1_000)));
    let stranger = store.get(&Viewer { user: user(9), household: None });
    assert_eq!(stranger.seen().user.map(|seen| seen.len()), Some(0));
    assert!(stranger.seen().household.is_none());
}

#[test]
fn whoever_saw_nothing_within_the_longest_window_is_forgotten() {
    let store = ExposureStore::default();
    let both = Viewer { user: user(1), household: household(1) };
    assert_eq!(expose(&store, &both, 1, 1_000), Ok(()));
    store.prune(UnixMillis::from_raw(2_000), Millis::from_seconds(60));
    assert_eq!(store.len(), (1, 1));
    store.prune(UnixMillis::from_raw(100_000), Millis::from_seconds(60));
    assert!(store.is_empty());
}

/// Users 0 to 5 move between households 0 to 3 on many threads at once, so that pairs are locked in every
/// combination. A third of the places is given back.
#[test]
fn no_cap_is_passed_by_threads_that_share_users_and_households() {
    const THREADS: usize = 8;
    let store = ExposureStore::default();
    let (start, granted) = (Barrier::new(THREADS), AtomicUsize::new(0));
    let viewer = |number: usize| Viewer {
        user: user(u8::try_from(number % 6).unwrap()),
        household: household(u64::try_from(number / 6 % 4 + 1).unwrap()),
    };
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let (store, start, granted) = (&store, &start, &granted);
            scope.spawn(move || {
                start.wait();
                for round in 0..600 {
                    let (viewer, random) = (viewer(thread * 5 + round * 7), thread * 1_000 + round);
                    let random = u128::try_from(random).unwrap();
                    if expose(store, &viewer, random, 1_000).is_err() {
                        continue;
                    }
                    if round % 3 == 0 {
                        store.withdraw(&viewer, exposure(random, 1_000).bid);
                    } else {
                        granted.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    // Places given back last were perhaps refused to everybody before.
    for number in 0..24 {
        let late = u128::try_from(100_000 + number).unwrap();
        granted
            .fetch_add(usize::from(expose(&store, &viewer(number), late, 1_000).is_ok()), Ordering::Relaxed);
    }
    let (mut by_user, mut by_household) = (0, 0);
    for number in 0..6 {
        let seen = store.get(&Viewer { user: user(number), household: None }).seen().user.unwrap().len();
        assert!(seen <= 2, "user {number} has {seen}");
        by_user += seen;
    }
    for number in 1..=4 {
        let seen = store.get(&Viewer { user: None, household: household(number) });
        let seen = seen.seen().household.unwrap().len();
        assert!(seen <= 3, "household {number} has {seen}");
        by_household += seen;
    }
    let granted = granted.into_inner();
    assert_eq!((by_user, by_household), (granted, granted), "each bid counts for both, once");
    assert_eq!(granted, 12, "four households take three each, and six users two each");
}
