//! Limits of money, impressions and clicks over hours and days, with the time given.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use crate::bidder::tests::{asked_at, decided, plan, request};
use crate::bidder::{Asleep, NoBidReason, Outcome, Snapshot, Verdict, explain};
use crate::budget::{Book, PurseKey, Refusal, Reserved, Shortage, Span, Whose};
use crate::document::Source;
use crate::ledger::{BidFacts, CapKey, Level, Measure, Quantity, Window};
use crate::units::{CampaignId, Day, Epoch, Hour, Millis, Nanos, UnixMillis};

/// What one impression costs.
const COST: Nanos = Nanos::from_raw(10_000_000);
const MINUTE: Millis = Millis::from_seconds(60);

fn at(text: &str) -> UnixMillis {
    UnixMillis::from_raw(text.parse::<Timestamp>().unwrap().as_millisecond())
}

fn campaign(zone: &str, budget: &str, own: &str) -> Source {
    paced(zone, budget, own, "asap")
}

/// A campaign that bids a hundredth of a euro an impression; `own` is the budget of its line item.
fn paced(zone: &str, budget: &str, own: &str, pacing: &str) -> Source {
    let text = format!(
        r#"{{"advertiser": {{"id": "a", "name": "A", "domain": "shop.example"}}, "id": "c", "name": "C",
        "currency": "EUR", "time_zone": "{zone}", "flight": {{"start": "2024-01-01"}},
        "budget": {budget}, "pacing": "{pacing}",
        "line_items": [{{"id": "l", "goal": {{"cpm": 10}}, "budget": {own}}}],
        "creatives": [{{"id": "k", "landing_page": "https://shop.example/", "categories": ["IAB22-1"],
            "language": "fr", "banner": {{"size": "300x250", "image": "https://cdn.shop.example/k.png"}}}}]}}"#
    );
    Source::new("c.json", text)
}

/// A bidder whose clock is set by hand.
struct World {
    book: Book,
    snapshot: Snapshot,
    now: UnixMillis,
}

/// A bid that is out.
#[derive(Clone, Copy)]
struct Out {
    bid: BidFacts,
    reserved: Reserved,
}

impl World {
    fn new(campaign: &Source, now: UnixMillis) -> Self {
        let book = Book::default();
        let snapshot = Snapshot::new(plan(std::slice::from_ref(campaign)), &book, now, None);
        Self { book, snapshot, now }
    }

    /// The clock says `now`, and the slow loop has seen it.
    fn set(&mut self, now: UnixMillis) {
        self.now = now;
        self.tick();
    }

    fn tick(&mut self) {
        self.snapshot = self.snapshot.tick(&self.book, self.now);
    }

    fn bid(&self) -> Result<Out, NoBidReason> {
        asked_at(self.now, &self.snapshot, &request("", ""), None, |snapshot, ask| {
            let mut decision = decided(snapshot, ask);
            let Some(chosen) = decision.bids.first_mut() else { return Err(decision.reason) };
            let bid = chosen.ticket.bid;
            let purse = PurseKey {
                campaign: bid.campaign,
                line_item: bid.line_item,
                day: bid.day,
                hour: Hour::of(bid.at),
            };
            let reserved = Reserved { purse, stakes: chosen.held.stakes() };
            chosen.keep();
            Ok(Out { bid, reserved })
        })
    }

    /// All bids that there are room for.
    fn bids(&self) -> Vec<Out> {
        std::iter::from_fn(|| self.bid().ok()).take(1_000).collect()
    }

    fn bill(&self, out: &Out) {
        let used = [(Measure::Money, Quantity::money(COST)), (Measure::Impressions, Quantity::count(1))];
        self.book.settle(&out.bid, Some(&out.reserved), &used);
    }

    fn click(&self, out: &Out) {
        self.book.settle(&out.bid, None, &[(Measure::Clicks, Quantity::count(1))]);
    }

    fn lose(&self, out: &Out) {
        self.book.release(&out.reserved);
    }

    /// Committed of the campaign's cap of `measure` over `window`.
    fn committed(&self, window: Window, measure: Measure) -> i64 {
        let level = Level::Campaign(CampaignId::from_slug("c"));
        self.book.cap(CapKey { level, window, measure }).committed().raw()
    }

    /// Impressions that the money of `day` has paid or reserved.
    fn of_day(&self, day: Day) -> i64 {
        self.committed(Window::Day(day), Measure::Money) / COST.raw()
    }

    fn verdict(&self) -> Verdict {
        asked_at(self.now, &self.snapshot, &request("", ""), None, |snapshot, ask| {
            explain(snapshot, ask, &mut SmallRng::seed_from_u64(1)).1.remove(0)
        })
    }
}

fn spent(whose: Whose, span: Span, measure: Measure) -> Refusal {
    Refusal { whose, span, measure, shortage: Shortage::Spent }
}

#[test]
fn an_hours_limit_holds_within_the_hour_and_the_next_hour_has_its_own() {
    let own = r#"{"impressions": {"hourly": 2}}"#;
    for (budget, own, whose, measure, each) in [
        (r#"{"hourly": 0.03, "total": 0.08}"#, "{}", Whose::Campaign, Measure::Money, 3),
        (r#"{"daily": 9, "impressions": {"hourly": 3}}"#, "{}", Whose::Campaign, Measure::Impressions, 3),
        (r#"{"daily": 9}"#, own, Whose::LineItem, Measure::Impressions, 2),
        (r#"{"daily": 9}"#, r#"{"hourly": 0.02}"#, Whose::LineItem, Measure::Money, 2),
    ] {
        let mut world = World::new(&campaign("UTC", budget, own), at("2026-11-21T12:10:00Z"));
        let refused = NoBidReason::BudgetSpent(spent(whose, Span::Hourly, measure));
        let first = world.bids();
        assert_eq!((first.len(), world.bid().err()), (each, Some(refused)), "{budget} {own}");
        world.bill(&first[0]);
        world.set(at("2026-11-21T12:59:59.999Z"));
        assert!(world.bid().is_err(), "{budget} {own}: the hour is not over");
        assert_eq!(world.snapshot.sleepers[Asleep::Spent(spent(whose, Span::Hourly, measure)).kind()], 1);
        world.set(at("2026-11-21T13:00:00Z"));
        assert_eq!(world.bids().len(), each, "{budget} {own}");
        // What the first hour's bids give back is the first hour's.
        world.lose(&first[1]);
        assert!(world.bid().is_err(), "{budget} {own}");
    }
}

#[test]
fn what_an_hour_leaves_is_left_to_the_day_and_the_flight() {
    let hourly = campaign("UTC", r#"{"hourly": 0.03, "daily": 0.05, "total": 0.09}"#, "{}");
    let mut world = World::new(&hourly, at("2026-11-21T22:10:00Z"));
    assert_eq!(world.bids().len(), 3);
    world.set(at("2026-11-21T23:00:00Z"));
    assert_eq!(world.bids().len(), 2, "of the day's five");
    assert_eq!(
        world.bid().err(),
        Some(NoBidReason::BudgetSpent(Refusal::money(Whose::Campaign, Span::Daily)))
    );
    world.set(at("2026-11-22T00:00:00Z"));
    assert_eq!(world.bids().len(), 3);
    world.set(at("2026-11-22T01:00:00Z"));
    assert_eq!(world.bids().len(), 1, "of the flight's nine");
}

#[test]
fn nothing_is_bid_between_a_full_hour_and_its_new_purses_or_on_those_of_an_hour_to_come() {
    let hourly = r#"{"daily": 9, "impressions": {"hourly": 4}}"#;
    let mut world = World::new(&campaign("UTC", hourly, "{}"), at("2026-11-21T12:59:59Z"));
    let before = world.bid().ok().unwrap();
    // The clock is past the hour, then an hour back; the slow loop has seen neither.
    for unseen in ["2026-11-21T13:00:00Z", "2026-11-21T11:59:59.999Z"] {
        world.now = at(unseen);
        assert_eq!(world.bid().err(), Some(NoBidReason::Paced), "{unseen}");
        world.tick();
        let outs = world.bids();
        assert_eq!(outs.len(), 4, "{unseen}");
        outs.iter().for_each(|out| world.lose(out));
        world.set(at("2026-11-21T12:59:59Z"));
    }
    world.lose(&before);
    for hour in ["2026-11-21T11:00:00Z", "2026-11-21T12:00:00Z", "2026-11-21T13:00:00Z"] {
        assert_eq!(world.committed(Window::Hour(Hour::of(at(hour))), Measure::Impressions), 0, "{hour}");
    }
    // Without a limit for the hour, hours are nothing.
    let mut world = World::new(&campaign("UTC", r#"{"daily": 9}"#, "{}"), at("2026-11-21T12:59:59Z"));
    world.now = at("2026-11-21T13:00:00Z");
    assert!(world.bid().is_ok());
    world.now = at("2026-11-22T00:00:00Z");
    assert_eq!(world.bid().err(), Some(NoBidReason::Paced), "days are");
}

#[test]
fn impressions_are_counted_when_reserved_and_those_of_lost_bids_come_back() {
    let budget = r#"{"total": 9, "impressions": {"daily": 4, "total": 6}}"#;
    let own = r#"{"impressions": {"daily": 3, "total": 5}}"#;
    let mut world = World::new(&campaign("UTC", budget, own), at("2026-11-21T12:00:00Z"));
    let refused = |whose, span| Some(NoBidReason::BudgetSpent(spent(whose, span, Measure::Impressions)));
    let outs = world.bids();
    assert_eq!((outs.len(), world.bid().err()), (3, refused(Whose::LineItem, Span::Daily)));
    world.lose(&outs[0]);
    let again = world.bid().ok().unwrap();
    for out in [&outs[1], &outs[2], &again] {
        world.bill(out);
    }
    assert_eq!(world.bid().err(), refused(Whose::LineItem, Span::Daily), "shown, not given back");
    world.set(at("2026-11-22T00:00:00Z"));
    assert_eq!((world.bids().len(), world.bid().err()), (2, refused(Whose::LineItem, Span::Total)));
}

#[test]
fn bidding_stops_when_the_clicks_are_reached_however_many_ads_are_out() {
    let budget = r#"{"total": 9, "clicks": {"hourly": 2, "total": 3}}"#;
    let mut world = World::new(&campaign("UTC", budget, "{}"), at("2026-11-21T12:00:00Z"));
    let outs: Vec<Out> = (0..5).map(|_| world.bid().ok().unwrap()).collect();
    world.click(&outs[0]);
    assert!(world.bid().is_ok());
    world.click(&outs[1]);
    let refused = |span| Some(NoBidReason::BudgetSpent(spent(Whose::Campaign, span, Measure::Clicks)));
    assert_eq!(world.bid().err(), refused(Span::Hourly));
    world.set(at("2026-11-21T13:00:00Z"));
    assert!(world.bid().is_ok());
    // A late click on an ad of the former hour counts there, and in the total.
    world.click(&outs[2]);
    assert_eq!(world.bid().err(), refused(Span::Total));
    assert_eq!(world.committed(Window::Total, Measure::Clicks), 3);
}

#[test]
fn an_hours_limit_alone_is_laid_evenly_over_the_day() {
    let hourly = paced("UTC", r#"{"hourly": 2.88}"#, "{}", "even");
    let mut world = World::new(&hourly, at("2026-11-21T00:00:00Z"));
    // 69.12 a day: a head start of 0.24, then 0.048 a minute.
    assert_eq!((world.bids().len(), world.bid().err()), (24, Some(NoBidReason::Paced)));
    world.set(at("2026-11-21T00:30:00Z"));
    // So much traffic at once lowers the bids; what they hold together is the plan's all the same.
    assert!(world.bids().len() > 144);
    let committed = world.committed(Window::Total, Measure::Money);
    assert!((1_680_000_000 - 10_000_000..=1_680_000_000).contains(&committed), "{committed}");
    // Whatever the plan allows, an hour has 2.88: and nothing of a quiet night is caught up in one morning hour.
    world.set(at("2026-11-21T09:00:00Z"));
    assert!(!world.bids().is_empty());
    let hour = world.committed(Window::Total, Measure::Money) - committed;
    assert!((2_880_000_000 - 10_000_000..=2_880_000_000).contains(&hour), "{hour}");
}

#[test]
fn a_limit_of_impressions_alone_is_used_as_fast_as_the_money_allows() {
    let own = r#"{"impressions": {"daily": 50}}"#;
    let world = World::new(&paced("UTC", r#"{"daily": 28.8}"#, own, "even"), at("2026-11-21T00:00:00Z"));
    // A line item without money of its own has no pace of its own: the campaign's holds.
    assert_eq!((world.bids().len(), world.bid().err()), (10, Some(NoBidReason::Paced)));
    let world = World::new(&paced("UTC", r#"{"daily": 28.8}"#, own, "asap"), at("2026-11-21T00:00:00Z"));
    assert_eq!(world.bids().len(), 50);
}

/// Every sentence about a cap, and what would help.
#[test]
fn a_cap_that_refuses_is_named_with_what_would_help() {
    let clock = "wait until the hour ends (2026-11-21 18:30 Asia/Kolkata), or ";
    let midnight = "wait until the day ends (2026-11-22 00:00 Asia/Kolkata), or ";
    for (limit, sentence, wait) in [
        (r#""hourly": 0.02"#, "hourly budget is spent or reserved", clock),
        (r#""daily": 0.02"#, "daily budget is spent or reserved", midnight),
        (r#""total": 0.02"#, "total budget is spent or reserved", ""),
        (r#""impressions": {"hourly": 2}"#, "hourly impressions are shown or reserved", clock),
        (r#""impressions": {"daily": 2}"#, "daily impressions are shown or reserved", midnight),
        (r#""impressions": {"total": 2}"#, "total impressions are shown or reserved", ""),
        (r#""clicks": {"hourly": 2}"#, "hourly clicks are reached", clock),
        (r#""clicks": {"daily": 2}"#, "daily clicks are reached", midnight),
        (r#""clicks": {"total": 2}"#, "total clicks are reached", ""),
    ] {
        let words: Vec<&str> =
            limit.split('"').filter(|word| word.starts_with(char::is_alphabetic)).collect();
        let key = format!("budget.{}", words.join("."));
        let money = if words == ["daily"] { "" } else { r#", "daily": 50"# };
        for whose in ["campaign", "line item"] {
            let (budget, own) = match whose {
                "campaign" => (
                    format!("{{{limit}{money}}}")
                        .replace(r#""total": 0.02, "daily": 50"#, r#""total": 0.02"#),
                    "{}".to_owned(),
                ),
                _ => (r#"{"daily": 50}"#.to_owned(), format!("{{{limit}}}")),
            };
            // 18:00 in Kolkata: a clock hour ends there at half past.
            let mut world = World::new(&campaign("Asia/Kolkata", &budget, &own), at("2026-11-21T12:30:00Z"));
            for _ in 0..2 {
                let out = world.bid().ok().unwrap();
                world.bill(&out);
                world.click(&out);
            }
            let hint = format!("{wait}raise `{key}` of the {whose}");
            let told = world.verdict();
            let Outcome::Declined(reason) = told.outcome else { panic!("{told:?}") };
            assert_eq!(reason.to_string(), format!("the {whose}'s {sentence}"), "{budget} {own}");
            assert_eq!(told.hint.as_deref(), Some(hint.as_str()), "{budget} {own}");
            world.tick();
            let told = world.verdict();
            let Outcome::Asleep(Asleep::Spent(refusal), _) = told.outcome else { panic!("{told:?}") };
            assert_eq!(refusal.to_string(), format!("the {whose}'s {sentence}"), "{budget} {own}");
            assert_eq!(told.hint.as_deref(), Some(hint.as_str()), "{budget} {own}");
            assert_eq!(world.snapshot.sleepers, [0, 0, 0, 1, 0]);
        }
    }
}

#[test]
fn what_is_not_leased_yet_comes_by_itself_and_puts_nobody_to_sleep() {
    let campaign = campaign("UTC", r#"{"daily": 9}"#, "{}");
    let (book, now) = (Book::leased(Epoch::NONE.next()), at("2026-11-21T12:00:00Z"));
    let snapshot = Snapshot::new(plan(&[campaign]), &book, now, None);
    let world = World { book, snapshot, now };
    let told = world.verdict();
    let Outcome::Declined(reason) = told.outcome else { panic!("{told:?}") };
    assert_eq!(reason.to_string(), "no more of the campaign's daily budget is leased yet");
    assert_eq!(told.hint.as_deref(), Some("wait a moment: this bidder asks for more as it spends"));
    assert_eq!(world.snapshot.sleepers, [0; Asleep::KINDS]);
}

/// A bid of every minute from `from` on over `hours`, `each` of them billed a minute, an hour or a day later, is
/// on the civil day that `zone` has at the bid, and on no other; gives the days.
#[track_caller]
fn check_days(zone: &str, from: &str, hours: i64, want: &[(&str, i64)]) {
    let daily = campaign(zone, r#"{"daily": 1000}"#, "{}");
    let mut world = World::new(&daily, at(from));
    let mut waiting = Vec::new();
    let mut days = BTreeSet::new();
    for minute in 0..hours * 60 {
        world.set(at(from).plus(Millis::from_raw(minute * MINUTE.raw())));
        let out = world.bid().ok().unwrap();
        days.insert(out.bid.day);
        let delay = [1, 60, 1_440][usize::try_from(minute % 3).unwrap()];
        waiting.push((minute + delay, out));
        waiting.retain(|(due, out)| {
            if *due == minute {
                world.bill(out);
            }
            *due != minute
        });
    }
    for (_, out) in &waiting {
        world.bill(out);
    }
    let counted: Vec<(String, i64)> = days.iter().map(|day| (day.to_string(), world.of_day(*day))).collect();
    let want: Vec<(String, i64)> = want.iter().map(|(day, count)| ((*day).to_owned(), *count)).collect();
    assert_eq!(counted, want, "{zone}");
    assert_eq!(world.committed(Window::Total, Measure::Money) / COST.raw(), hours * 60, "{zone}");
}

#[test]
fn a_day_is_the_civil_day_of_the_campaigns_zone() {
    let h = |hours: i64| hours * 60;
    // Both changes of clock: 23 and 25 hours.
    let spring = [("2026-03-28", h(2)), ("2026-03-29", h(23)), ("2026-03-30", h(3))];
    check_days("Europe/Paris", "2026-03-28T21:00:00Z", 28, &spring);
    let autumn = [("2026-10-24", h(2)), ("2026-10-25", h(25)), ("2026-10-26", h(3))];
    check_days("Europe/Paris", "2026-10-24T20:00:00Z", 30, &autumn);
    // A leap day, and a year without one.
    check_days(
        "UTC",
        "2028-02-28T22:00:00Z",
        28,
        &[("2028-02-28", h(2)), ("2028-02-29", h(24)), ("2028-03-01", h(2))],
    );
    check_days("UTC", "2027-02-28T22:00:00Z", 4, &[("2027-02-28", h(2)), ("2027-03-01", h(2))]);
    // The end of a year, first and last on earth, and where hours are halved and quartered.
    check_days(
        "Pacific/Kiritimati",
        "2026-12-31T09:00:00Z",
        2,
        &[("2026-12-31", h(1)), ("2027-01-01", h(1))],
    );
    check_days("Etc/GMT+12", "2027-01-01T11:00:00Z", 2, &[("2026-12-31", h(1)), ("2027-01-01", h(1))]);
    check_days("Asia/Kolkata", "2026-12-31T18:00:00Z", 1, &[("2026-12-31", 30), ("2027-01-01", 30)]);
    check_days("Asia/Kathmandu", "2026-12-31T18:00:00Z", 1, &[("2026-12-31", 15), ("2027-01-01", 45)]);
    // The clock changes by half an hour; and at midnight, so that a day has no 00:00.
    check_days(
        "Australia/Lord_Howe",
        "2026-04-04T12:00:00Z",
        27,
        &[("2026-04-04", h(1)), ("2026-04-05", h(24) + 30), ("2026-04-06", h(1) + 30)],
    );
    check_days(
        "Africa/Cairo",
        "2026-04-23T21:00:00Z",
        25,
        &[("2026-04-23", h(1)), ("2026-04-24", h(23)), ("2026-04-25", h(1))],
    );
}

#[test]
fn each_day_has_its_whole_budget_and_no_more_on_long_and_short_days() {
    for (zone, noon) in [
        ("Europe/Paris", "2026-03-29T10:00:00Z"),
        ("Europe/Paris", "2026-10-25T10:00:00Z"),
        ("America/New_York", "2026-11-01T15:00:00Z"),
        ("Pacific/Kiritimati", "2028-02-28T20:00:00Z"),
    ] {
        let mut world = World::new(
            &campaign(zone, r#"{"daily": 0.05}"#, "{}"),
            at(noon).minus(Millis::from_seconds(86_400)),
        );
        let mut per_day = BTreeMap::<Day, usize>::new();
        for minute in 0..3 * 24 * 60 {
            world.set(at(noon).plus(Millis::from_raw((minute - 24 * 60) * MINUTE.raw())));
            for out in world.bids() {
                *per_day.entry(out.bid.day).or_default() += 1;
                world.bill(&out);
            }
        }
        assert_eq!(per_day.values().copied().collect::<Vec<_>>(), [5; 4], "{zone} {per_day:?}");
        let days: Vec<i32> = per_day.keys().map(|day| day.raw()).collect();
        assert!(days.windows(2).all(|two| two[1] == two[0] + 1), "no day is left out: {days:?}");
    }
}

#[test]
fn a_clock_that_steps_around_midnight_loses_no_day_and_counts_none_twice() {
    let budget = r#"{"daily": 0.05, "hourly": 0.04, "impressions": {"daily": 5}}"#;
    let (first, second) = (Day::from_civil(2026, 11, 21), Day::from_civil(2026, 11, 22));
    // Forward by an hour before midnight, and back again after: the evening goes on where it was.
    let mut world = World::new(&campaign("UTC", budget, "{}"), at("2026-11-21T23:30:00Z"));
    let before: Vec<Out> = (0..3).map(|_| world.bid().ok().unwrap()).collect();
    world.set(at("2026-11-22T00:30:00Z"));
    let ahead = world.bids();
    assert_eq!((ahead.len(), ahead[0].bid.day), (4, second));
    world.set(at("2026-11-21T23:35:00Z"));
    let back = world.bids();
    assert_eq!((back.len(), back[0].bid.day), (1, first), "three of the hour's four are out");
    for out in before.iter().chain(&ahead).chain(&back) {
        world.bill(out);
    }
    assert_eq!((world.of_day(first), world.of_day(second)), (4, 4));
    // Midnight for the second time: what was spent there is spent.
    world.set(at("2026-11-22T00:00:00Z"));
    assert!(world.bid().is_err(), "the hour's four are shown");
    world.set(at("2026-11-22T01:00:00Z"));
    assert_eq!(world.bids().len(), 1, "of the day's five");
    assert_eq!(world.of_day(second), 5);
    assert_eq!(world.committed(Window::Total, Measure::Money) / COST.raw(), 9);
}

#[test]
fn a_spend_is_booked_to_the_day_of_its_bid_whatever_the_clock_says_when_it_is_billed() {
    let (first, second) = (Day::from_civil(2026, 11, 21), Day::from_civil(2026, 11, 22));
    let mut world = World::new(&campaign("UTC", r#"{"daily": 0.03}"#, "{}"), at("2026-11-21T23:59:59Z"));
    let outs = world.bids();
    for (out, billed_at) in
        outs.iter().zip(["2026-11-22T00:00:01Z", "2026-11-22T02:59:00Z", "2026-11-20T12:00:00Z"])
    {
        world.set(at(billed_at));
        world.bill(out);
        assert_eq!((world.of_day(first), world.of_day(second)), (3, 0), "{billed_at}: billed or still out");
    }
    world.set(at("2026-11-21T23:59:59Z"));
    assert!(world.bid().is_err(), "the day is spent, whatever day it was in between");
    world.set(at("2026-11-22T00:00:00Z"));
    assert_eq!(world.bids().len(), 3, "the next day is whole");
}

#[test]
fn a_clock_that_is_set_back_finds_the_purses_of_its_own_day_and_hour() {
    let budget = r#"{"hourly": 0.02, "daily": 0.05}"#;
    let mut world = World::new(&campaign("UTC", budget, "{}"), at("2026-11-22T00:10:00Z"));
    let later = world.bid().unwrap();
    // Half an hour back it is yesterday: until the slow loop has seen that, nothing is bid.
    world.now = at("2026-11-21T23:40:00Z");
    assert_eq!(world.bid().err(), Some(NoBidReason::Paced));
    world.tick();
    let earlier = world.bids();
    assert_eq!(earlier.len(), 2, "the hour before has a limit of its own");
    for out in &earlier {
        assert_eq!(out.bid.day, Day::from_civil(2026, 11, 21));
        world.lose(out);
    }
    world.lose(&later);
    for (day, hour) in [("2026-11-21", "2026-11-21T23:00:00Z"), ("2026-11-22", "2026-11-22T00:00:00Z")] {
        let of: Vec<i32> = day.split('-').map(|part| part.parse().unwrap()).collect();
        let day = Window::Day(Day::from_civil(of[0], of[1], of[2]));
        assert_eq!(world.committed(day, Measure::Money), 0);
        assert_eq!(world.committed(Window::Hour(Hour::of(at(hour))), Measure::Money), 0, "{hour}");
    }
}
