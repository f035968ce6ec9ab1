//! Limits of impressions and clicks, and of every hour, over real HTTP: an exchange that wins everything, bills at
//! the bid and clicks never gets more than they allow, whatever is changed while it runs, stopped or killed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

mod support;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use encan::ledger::EventKind;
use encan::units::{CampaignId, Day, Hour, LineItemId};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use support::market::{Buyer, Market, Offer, campaign, line_item, seed};
use support::{Encan, wait_until, within_an_hour};

const CLIENTS: usize = 6;

/// Whose: the slug of a campaign, or `campaign/line item`.
type Whose = &'static str;

/// What the ledger has counted of one level.
#[derive(Debug, Default)]
struct Counted {
    hours: BTreeMap<Hour, u64>,
    days: BTreeMap<Day, u64>,
    total: u64,
}

/// Impressions and clicks by campaign and by line item.
#[derive(Debug, Default)]
struct Counts {
    impressions: BTreeMap<u64, Counted>,
    clicks: BTreeMap<u64, Counted>,
}

impl Counts {
    fn of(market: &Market) -> Self {
        let mut counts = Self::default();
        for event in market.events() {
            let counted = match event.kind {
                EventKind::Impression(_) => &mut counts.impressions,
                EventKind::Click => &mut counts.clicks,
                _ => continue,
            };
            for level in [event.bid.campaign.raw(), event.bid.line_item.raw()] {
                let counted = counted.entry(level).or_default();
                *counted.hours.entry(Hour::of(event.bid.at)).or_default() += 1;
                *counted.days.entry(event.bid.day).or_default() += 1;
                counted.total += 1;
            }
        }
        counts
    }

    fn impressions(&self, whose: Whose) -> u64 {
        self.impressions.get(&level(whose)).map_or(0, |counted| counted.total)
    }

    fn clicks(&self, whose: Whose) -> u64 {
        self.clicks.get(&level(whose)).map_or(0, |counted| counted.total)
    }
}

fn level(whose: Whose) -> u64 {
    if whose.contains('/') { LineItemId::from_slug(whose).raw() } else { CampaignId::from_slug(whose).raw() }
}

/// Bids and bills until there is no bid any more, and none is to be expected: nobody is awake. Some bids are lost
/// first; some are billed at the very end, some at once, all twice; everything is clicked.
fn exhaust(encan: &Encan, client: u64, sleepers: u64) {
    let mut random = SmallRng::seed_from_u64(client);
    let mut buyer = Buyer::of(encan);
    let mut waiting: Vec<Offer> = Vec::new();
    let mut losses = 5;
    let finish = |buyer: &mut Buyer, offer: &Offer| {
        for _ in 0..2 {
            buyer.tell(&offer.billed_at(offer.price));
            click(buyer, offer);
        }
    };
    loop {
        let offers = buyer.bids(random.random_range(1..4));
        if offers.is_empty() {
            // What is lost comes back: a bid of ours may be awaited elsewhere.
            if asleep(encan) == sleepers {
                break;
            }
            std::thread::yield_now();
        }
        for offer in offers {
            match random.random_range(0..4) {
                0 if losses > 0 => {
                    losses -= 1;
                    buyer.tell(&offer.lost());
                }
                1 | 2 => finish(&mut buyer, &offer),
                _ => waiting.push(offer),
            }
        }
    }
    waiting.iter().for_each(|offer| finish(&mut buyer, offer));
}

fn asleep(encan: &Encan) -> u64 {
    encan.metric("encan_line_items_asleep{reason=\"spent\"}")
}

/// Clicks on an ad: the answer leads on.
#[track_caller]
fn click(buyer: &mut Buyer, offer: &Offer) {
    assert_eq!(buyer.ask("GET", &offer.click, "").unwrap().status, 302);
}

/// Bills and clicks so that both are acknowledged.
#[track_caller]
fn bill(buyer: &mut Buyer, offer: &Offer) {
    buyer.tell(&offer.billed_at(offer.price));
}

/// The next bid, which a limit that was raised or is new may let wait for a moment, until it is leased.
#[track_caller]
fn next(buyer: &mut Buyer) -> Offer {
    let mut offer = None;
    wait_until("a bid", || {
        offer = buyer.bid();
        offer.is_some()
    });
    offer.unwrap()
}

/// `count` bids, billed.
#[track_caller]
fn show(buyer: &mut Buyer, count: usize) -> Vec<Offer> {
    (0..count)
        .map(|_| {
            let offer = next(buyer);
            bill(buyer, &offer);
            offer
        })
        .collect()
}

/// No bid, and none to come: the market's only line item sleeps.
#[track_caller]
fn nothing_more(encan: &Encan, buyer: &mut Buyer) {
    assert_eq!(buyer.bid().map(|offer| offer.id), None);
    wait_until("sleep", || asleep(encan) == 1);
    assert_eq!(buyer.bid().map(|offer| offer.id), None);
}

/// A campaign with money enough, under `more` limits.
fn limited(id: &str, more: &Value) -> Value {
    let mut budget = json!({ "total": 10_000 });
    budget.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    campaign(id, 10.0, &budget)
}

#[track_caller]
fn change(market: &Market, encan: &Encan, campaign: &Value) {
    let revision = encan.metric("encan_revision");
    market.campaign(campaign);
    wait_until("a new revision", || encan.metric("encan_revision") > revision);
}

#[test]
fn no_limit_of_impressions_is_passed_and_each_is_reached() {
    within_an_hour(|| {
        let market = Market::new("10m");
        market.campaign(&limited("hourly", &json!({ "impressions": { "hourly": 17 } })));
        market.campaign(&limited("daily", &json!({ "impressions": { "daily": 23 } })));
        market.campaign(&limited(
            "total",
            &json!({ "impressions": { "total": 19, "daily": 18, "hourly": 16 } }),
        ));
        market.campaign(&limited("money", &json!({ "hourly": 0.14 })));
        let mut shared = limited("shared", &json!({ "impressions": { "total": 21 } }));
        let own = |id: &str, limits: Value| {
            let mut item = line_item(id, 9.0);
            item["budget"] = json!({ "impressions": limits });
            item
        };
        shared["line_items"] = json!([
            own("hourly", json!({ "hourly": 7 })),
            own("daily", json!({ "daily": 9 })),
            own("total", json!({ "total": 11 })),
        ]);
        market.campaign(&shared);
        let limits = [
            ("hourly", 17),
            ("daily", 23),
            ("total", 16),
            ("money", 14),
            ("shared", 21),
            ("shared/hourly", 7),
            ("shared/daily", 9),
            ("shared/total", 11),
        ];
        // Three line items share what is less than their sum; all others are reached.
        let check = || {
            let counts = Counts::of(&market);
            limits.iter().all(|(whose, limit)| {
                let shown = counts.impressions(whose);
                assert!(shown <= *limit, "{whose}: {shown} of {limit}");
                shown == *limit || whose.contains('/')
            })
        };
        let encan = market.start();
        let (done, seed) = (AtomicBool::new(false), seed());
        std::thread::scope(|scope| {
            let encan = &encan;
            let clients: Vec<_> =
                (0..CLIENTS).map(|at| scope.spawn(move || exhaust(encan, seed + at as u64, 7))).collect();
            let auditor = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    check();
                }
            });
            let results: Vec<_> = clients.into_iter().map(|client| client.join()).collect();
            done.store(true, Ordering::Relaxed);
            auditor.join().unwrap();
            assert!(results.iter().all(Result::is_ok), "a client");
        });
        // What the last one lost is back within a beat of the slow loop.
        let mut buyer = Buyer::of(&encan);
        wait_until("each limit is reached", || {
            if let Some(offer) = buyer.bid() {
                bill(&mut buyer, &offer);
            }
            check()
        });
        assert_eq!(encan.metric("encan_reservations_open"), 0);
        assert_eq!(buyer.bid().map(|offer| offer.id), None);
    });
}

#[test]
fn bidding_stops_as_soon_as_the_last_click_is_acknowledged() {
    for (limits, own) in [
        (json!({ "clicks": { "total": 3 } }), json!({})),
        (json!({ "clicks": { "daily": 3, "total": 9 } }), json!({})),
        (json!({}), json!({ "clicks": { "hourly": 3 } })),
    ] {
        within_an_hour(|| {
            let market = Market::new("10m");
            let mut clicked = limited("clicked", &limits);
            clicked["line_items"][0]["budget"] = own.clone();
            market.campaign(&clicked);
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            let shown = show(&mut buyer, 8);
            for offer in &shown[..2] {
                // The same click is one click.
                click(&mut buyer, offer);
                click(&mut buyer, offer);
                show(&mut buyer, 1);
            }
            click(&mut buyer, &shown[2]);
            assert_eq!(buyer.bid().map(|offer| offer.id), None, "at once");
            nothing_more(&encan, &mut buyer);
            // What is shown already may still be clicked: no more than that.
            shown.iter().for_each(|offer| click(&mut buyer, offer));
            nothing_more(&encan, &mut buyer);
            let counts = Counts::of(&market);
            assert_eq!((counts.clicks("clicked/all"), counts.impressions("clicked")), (8, 10));
        });
    }
}

#[test]
fn clicks_by_many_at_once_are_exceeded_by_no_more_than_what_was_out_before() {
    let market = Market::new("10m");
    market.campaign(&limited("clicked", &json!({ "clicks": { "total": 25 } })));
    let encan = market.start();
    let (acknowledged, too_late) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let mut buyer = Buyer::of(&encan);
                loop {
                    let reached = acknowledged.load(Ordering::Acquire) >= 25;
                    let Some(offer) = buyer.bid() else {
                        if reached {
                            break;
                        }
                        continue;
                    };
                    if reached {
                        too_late.lock().unwrap_or_else(PoisonError::into_inner).push(offer.id.clone());
                        break;
                    }
                    bill(&mut buyer, &offer);
                    click(&mut buyer, &offer);
                    acknowledged.fetch_add(1, Ordering::Release);
                }
            });
        }
    });
    assert_eq!(
        too_late.into_inner().unwrap(),
        Vec::<String>::new(),
        "bids after the 25th click was acknowledged"
    );
    let counts = Counts::of(&market);
    let clicks = counts.clicks("clicked");
    assert!((25..25 + CLIENTS as u64).contains(&clicks), "{clicks}: each client had one ad out");
}

#[test]
fn a_limit_is_lowered_raised_taken_out_and_added_while_bidding() {
    within_an_hour(|| {
        for window in ["hourly", "daily", "total"] {
            let market = Market::new("10m");
            let of = |limit: u32| limited("moved", &json!({ "impressions": { window: limit } }));
            market.campaign(&of(50));
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            show(&mut buyer, 5);
            change(&market, &encan, &of(4));
            assert_eq!(buyer.bid().map(|offer| offer.id), None, "{window}: 5 of 4 are shown");
            nothing_more(&encan, &mut buyer);
            change(&market, &encan, &of(7));
            show(&mut buyer, 2);
            nothing_more(&encan, &mut buyer);
            change(&market, &encan, &limited("moved", &json!({})));
            show(&mut buyer, 6);
            change(&market, &encan, &of(15));
            show(&mut buyer, 2);
            nothing_more(&encan, &mut buyer);
            assert_eq!(Counts::of(&market).impressions("moved"), 15, "{window}");
        }
    });
}

#[test]
fn a_new_limit_counts_what_was_shown_clicked_and_spent_before_it_was_written() {
    within_an_hour(|| {
        let hourly_money = json!({ "hourly": 0.06 });
        for limits in [
            json!({ "impressions": { "hourly": 6 } }),
            json!({ "impressions": { "daily": 6 } }),
            json!({ "impressions": { "total": 6 } }),
            hourly_money,
        ] {
            for of_campaign in [true, false] {
                let market = Market::new("10m");
                market.campaign(&limited("late", &json!({})));
                let encan = market.start();
                let mut buyer = Buyer::of(&encan);
                show(&mut buyer, 4);
                let mut changed = limited("late", &if of_campaign { limits.clone() } else { json!({}) });
                if !of_campaign {
                    changed["line_items"][0]["budget"] = limits.clone();
                }
                change(&market, &encan, &changed);
                show(&mut buyer, 2);
                nothing_more(&encan, &mut buyer);
                assert_eq!(Counts::of(&market).impressions("late"), 6, "{limits} {of_campaign}");
            }
        }
        let market = Market::new("10m");
        market.campaign(&limited("late", &json!({})));
        let encan = market.start();
        let mut buyer = Buyer::of(&encan);
        let shown = show(&mut buyer, 4);
        shown[..3].iter().for_each(|offer| click(&mut buyer, offer));
        change(&market, &encan, &limited("late", &json!({ "clicks": { "daily": 4 } })));
        let shown = show(&mut buyer, 1);
        click(&mut buyer, &shown[0]);
        nothing_more(&encan, &mut buyer);
    });
}

#[test]
fn a_new_limit_counts_the_bids_that_are_out_when_it_is_written() {
    within_an_hour(|| {
        for limits in [
            json!({ "hourly": 0.06 }),
            json!({ "impressions": { "hourly": 6 } }),
            json!({ "impressions": { "daily": 6 } }),
            json!({ "impressions": { "total": 6 } }),
        ] {
            let market = Market::new("10m");
            market.campaign(&limited("late", &json!({})));
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            let out: Vec<Offer> = (0..5).map(|_| next(&mut buyer)).collect();
            bill(&mut buyer, &out[0]);
            change(&market, &encan, &limited("late", &limits));
            // One is shown and four are out, of six.
            show(&mut buyer, 1);
            nothing_more(&encan, &mut buyer);
            out[1..4].iter().for_each(|offer| bill(&mut buyer, offer));
            nothing_more(&encan, &mut buyer);
            buyer.tell(&out[4].lost());
            show(&mut buyer, 1);
            nothing_more(&encan, &mut buyer);
            assert_eq!(Counts::of(&market).impressions("late"), 6, "{limits}");
            assert_eq!(encan.metric("encan_reservations_open"), 0);
        }
    });
}

#[test]
fn an_hours_money_is_spent_to_its_last_impression_and_no_further() {
    within_an_hour(|| {
        let market = Market::new("10m");
        let mut hourly = limited("hourly", &json!({ "hourly": 0.055 }));
        hourly["line_items"][0]["budget"] = json!({ "hourly": 0.03 });
        hourly["line_items"].as_array_mut().unwrap().push(line_item("other", 10.0));
        market.campaign(&hourly);
        let encan = market.start();
        let mut buyer = Buyer::of(&encan);
        show(&mut buyer, 5);
        assert_eq!(buyer.bid().map(|offer| offer.id), None);
        wait_until("sleep", || asleep(&encan) == 2);
        let counts = Counts::of(&market);
        assert_eq!((counts.impressions("hourly/all"), counts.impressions("hourly/other")), (3, 2));
        assert_eq!(market.spent("hourly"), 50_000_000);
    });
}

/// Limits of every kind: 20 impressions of the campaign in `window`, 8 of the first of its line items.
fn kept(window: &str) -> Value {
    let mut kept = limited(
        "kept",
        &json!({ "hourly": 0.5, "impressions": { window: 20 }, "clicks": { "total": 3, "daily": 3 } }),
    );
    kept["line_items"][0]["budget"] = json!({ "impressions": { "daily": 8 }, "clicks": { "daily": 5 } });
    kept["line_items"].as_array_mut().unwrap().push(line_item("other", 10.0));
    kept
}

/// Both line items have nothing left.
#[track_caller]
fn both_sleep(encan: &Encan, buyer: &mut Buyer) {
    wait_until("sleep", || asleep(encan) == 2);
    assert_eq!(buyer.bid().map(|offer| offer.id), None);
}

#[test]
fn a_restart_keeps_impressions_and_clicks_and_the_bids_that_are_out() {
    within_an_hour(|| {
        for window in ["hourly", "daily", "total"] {
            let market = Market::new("10m");
            market.campaign(&kept(window));
            let mut out = Vec::new();
            for round in 0..5 {
                let encan = market.start();
                let mut buyer = Buyer::of(&encan);
                let shown = show(&mut buyer, 2);
                out.push(next(&mut buyer));
                if round < 2 {
                    click(&mut buyer, &shown[0]);
                }
                assert_eq!(encan.stop().0, Some(0));
            }
            // Ten shown and five out.
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            show(&mut buyer, 5);
            both_sleep(&encan, &mut buyer);
            buyer.tell(&out[0].lost());
            for offer in &out[1..] {
                bill(&mut buyer, offer);
            }
            let last = show(&mut buyer, 1);
            both_sleep(&encan, &mut buyer);
            let counts = Counts::of(&market);
            assert_eq!((counts.impressions("kept"), counts.impressions("kept/all")), (20, 8), "{window}");
            // The third click, after two of former runs.
            market.campaign(&limited("kept", &json!({ "clicks": { "total": 3 } })));
            next(&mut buyer);
            click(&mut buyer, &last[0]);
            assert_eq!(buyer.bid().map(|offer| offer.id), None, "{window}: three clicks");
        }
    });
}

#[test]
fn a_kill_forgets_no_impression_and_no_click_under_any_limit() {
    within_an_hour(|| {
        // What a killed bidder held is locked up until its notices cannot come any more: soon, here.
        let market = Market::new("5s");
        market.campaign(&kept("daily"));
        for round in 1..3 {
            let encan = market.start();
            let mut buyer = Buyer::of(&encan);
            let shown = show(&mut buyer, 3);
            click(&mut buyer, &shown[0]);
            let _ = next(&mut buyer);
            encan.kill();
            let counts = Counts::of(&market);
            assert_eq!((counts.impressions("kept"), counts.clicks("kept")), (3 * round, round));
        }
        let encan = market.start();
        let mut buyer = Buyer::of(&encan);
        let shown = show(&mut buyer, 14);
        both_sleep(&encan, &mut buyer);
        click(&mut buyer, &shown[0]);
        let counts = Counts::of(&market);
        assert_eq!(
            (counts.impressions("kept"), counts.impressions("kept/all"), counts.clicks("kept")),
            (20, 8, 3)
        );
        // More impressions would be allowed; the clicks of all three runs are reached.
        let more = json!({ "impressions": { "daily": 1_000 }, "clicks": { "total": 3 } });
        change(&market, &encan, &limited("kept", &more));
        assert_eq!(buyer.bid().map(|offer| offer.id), None);
    });
}
