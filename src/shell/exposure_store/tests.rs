//! Places under caps: taken once each, by many threads, for user and household together.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::campaign::{CapLevel, CountBy, FrequencyCap};
use crate::frequency::{Counted, Exposure, Level, Windows, first_exceeded};
use crate::shell::exposure_store::{ExposureStore, NoPlace, Viewer};
use crate::units::limits::EXPOSURES_MAX;
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
fn until_what_was_shown_is_read_nothing_that_a_cap_counts_is_shown_to_whoever_is_known() {
    let store = ExposureStore::unread();
    let (own, outer) = ([cap(CountBy::User, 2)], [cap(CountBy::Household, 3)]);
    let open = [FrequencyCap { include_unknown: true, ..cap(CountBy::User, 2) }];
    let exceeded = |caps: &[FrequencyCap], viewer: &Viewer| {
        let now = UnixMillis::from_raw(1_000);
        let found = store.get(viewer, &windows(), now);
        first_exceeded(&[(Level::LineItem(LINE_ITEM), caps)], found.seen(), &[], now)
            .map(|found| found.is_reached)
    };
    let (anna, home) =
        (Viewer { user: user(1), household: None }, Viewer { user: None, household: household(1) });
    let nobody = Viewer::default();
    store.restore(&anna, exposure(1, 900), &windows(), UnixMillis::from_raw(1_000));
    assert_eq!(exceeded(&own, &anna), Some(true), "there may be more than is read");
    assert_eq!(exceeded(&outer, &home), Some(true));
    assert_eq!(exceeded(&[], &anna), None, "what no cap counts goes on");
    assert_eq!(exceeded(&open, &nobody), None, "and so it does for whoever is not known");
    assert_eq!(exceeded(&own, &nobody), Some(false));
    assert!(!store.is_complete());
    store.completed();
    assert!(store.is_complete());
    assert_eq!((exceeded(&own, &anna), exceeded(&outer, &home)), (None, None));
    assert_eq!(exceeded(&[cap(CountBy::User, 1)], &anna), Some(true), "what was restored meanwhile counts");
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

/// Of a cap of a minute by user on the line item, and one by household on the campaign.
fn windows() -> Windows {
    let mut windows = Windows::default();
    windows.add(Level::LineItem(LINE_ITEM), &[cap(CountBy::User, 2)]);
    windows.add(Level::Campaign(CAMPAIGN), &[cap(CountBy::Household, 3)]);
    windows
}

fn seen(store: &ExposureStore, viewer: &Viewer, now: i64) -> (Option<usize>, Option<usize>) {
    let found = store.get(viewer, &windows(), UnixMillis::from_raw(now));
    (found.seen().user.map(|seen| seen.len()), found.seen().household.map(|seen| seen.len()))
}

#[test]
fn what_happened_is_recorded_whether_or_not_a_cap_was_reached_if_one_counts_it() {
    let store = ExposureStore::default();
    let both = Viewer { user: user(1), household: household(1) };
    let restore = |exposure| store.restore(&both, exposure, &windows(), UnixMillis::from_raw(1_000));
    for random in 0..5 {
        restore(exposure(random, 1_000));
        restore(exposure(random, 1_000));
    }
    assert_eq!(seen(&store, &both, 1_000), (Some(5), Some(5)));
    let other_line_item = LineItemId::from_slug("c/other");
    restore(Exposure { line_item: other_line_item, ..exposure(7, 1_000) });
    restore(Exposure {
        line_item: other_line_item,
        campaign: CampaignId::from_slug("x"),
        ..exposure(8, 1_000)
    });
    store.restore(&both, exposure(9, 500), &windows(), UnixMillis::from_raw(60_500));
    assert_eq!(seen(&store, &both, 1_000), (Some(5), Some(6)), "the other line item is of the same campaign");
    assert_eq!(store.of(&both, exposure(3, 1_000).bid), Some(exposure(3, 1_000)));
    assert_eq!(seen(&store, &Viewer { user: user(9), household: None }, 1_000), (Some(0), None));
}

/// The cap of `number`'s line item, one in a minute by household, and an exposure of it.
fn of_line_item(number: usize, now: i64) -> (Level, [FrequencyCap; 1], Exposure) {
    let line_item = LineItemId::from_slug(&format!("c/{number}"));
    let exposure = Exposure { line_item, ..exposure(u128::try_from(number).unwrap(), now) };
    (Level::LineItem(line_item), [cap(CountBy::Household, 1)], exposure)
}

#[test]
fn no_number_of_line_items_makes_a_household_forget_what_a_cap_counts() {
    let (store, mut windows) = (ExposureStore::default(), Windows::default());
    let home = Viewer { user: None, household: household(1) };
    let mut show = |number: usize, now: i64| {
        let (level, caps, exposure) = of_line_item(number, now);
        windows.add(level, &caps);
        let now = UnixMillis::from_raw(now);
        let _ = store.get(&home, &windows, now);
        store.expose(&home, &[(level, caps.as_slice())], exposure, now)
    };
    for number in 0..EXPOSURES_MAX {
        assert_eq!(show(number, 1_000), Ok(()));
    }
    let capped = reached(CapLevel::LineItem, CountBy::Household);
    assert_eq!(show(EXPOSURES_MAX, 1_001), capped, "there is no room to count it");
    assert_eq!(show(0, 60_999), capped, "the first still counts");
    assert_eq!(show(EXPOSURES_MAX, 61_000), Ok(()), "none of them counts any more");
    assert_eq!(show(0, 61_001), Ok(()));
}

#[test]
fn after_a_restart_what_no_cap_counts_does_not_push_out_what_one_counts() {
    let store = ExposureStore::default();
    let (home, now) = (Viewer { user: user(1), household: household(1) }, UnixMillis::from_raw(2_000));
    for random in 0..3 {
        store.restore(&home, exposure(random, 1_000), &windows(), now);
    }
    for random in 0..2 * u128::try_from(EXPOSURES_MAX).unwrap() {
        let uncapped = Exposure { line_item: LineItemId::from_slug("x/l"), ..exposure(random, 1_500) };
        let uncapped = Exposure { campaign: CampaignId::from_slug("x"), ..uncapped };
        store.restore(&home, uncapped, &windows(), now);
    }
    assert_eq!(seen(&store, &home, 2_000), (Some(3), Some(3)));
    assert_eq!(expose(&store, &home, 9, 2_000), reached(CapLevel::LineItem, CountBy::User));
}

#[test]
fn a_restart_with_more_people_than_there_is_room_for_shows_newcomers_nothing_they_may_have_seen() {
    let store = ExposureStore::with_room_for(2);
    let anybody = |number| Viewer { user: user(number), household: None };
    for number in 1..=3 {
        store.restore(
            &anybody(number),
            exposure(number.into(), 1_000),
            &windows(),
            UnixMillis::from_raw(1_000),
        );
    }
    assert_eq!(store.len(), (2, 0));
    assert!(store.forget(&user(1).unwrap()));
    assert!(!store.forget(&user(1).unwrap()));
    let full = reached(CapLevel::Advertiser, CountBy::User);
    assert_eq!(
        expose(&store, &anybody(3), 9, 60_999),
        full,
        "there is room, but what the third saw is not known"
    );
    assert_eq!(expose(&store, &anybody(2), 10, 60_999), Ok(()));
    assert_eq!(expose(&store, &anybody(3), 11, 61_000), Ok(()));
    assert_eq!(expose(&store, &anybody(4), 12, 61_000), full, "two are known");
}

#[test]
fn whoever_is_forgotten_begins_anew_and_their_household_does_not() {
    let store = ExposureStore::default();
    let anna = Viewer { user: user(1), household: household(1) };
    assert_eq!((expose(&store, &anna, 1, 1_000), expose(&store, &anna, 2, 1_000)), (Ok(()), Ok(())));
    assert!(store.forget(&user(1).unwrap()));
    assert_eq!(seen(&store, &anna, 1_000), (Some(0), Some(2)));
    assert_eq!(store.len(), (0, 1));
    assert_eq!(expose(&store, &anna, 3, 1_000), Ok(()));
    assert_eq!(expose(&store, &anna, 4, 1_000), reached(CapLevel::Campaign, CountBy::Household));
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
        let seen = seen(&store, &Viewer { user: user(number), household: None }, 1_000).0.unwrap();
        assert!(seen <= 2, "user {number} has {seen}");
        by_user += seen;
    }
    for number in 1..=4 {
        let seen = seen(&store, &Viewer { user: None, household: household(number) }, 1_000).1.unwrap();
        assert!(seen <= 3, "household {number} has {seen}");
        by_household += seen;
    }
    let granted = granted.into_inner();
    assert_eq!((by_user, by_household), (granted, granted), "each bid counts for both, once");
    assert_eq!(granted, 12, "four households take three each, and six users two each");
}
