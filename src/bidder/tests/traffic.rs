//! What budgets hear of the traffic, and by what they, goals and what was learnt hold bids back.

use std::sync::Arc;

use rand::SeedableRng as _;
use rand::rngs::SmallRng;

use super::{NOON, answer, asked, campaign, plan, request};
use crate::bidder::{Learned, NoBidReason, Silent, Snapshot, decide};
use crate::budget::Book;
use crate::campaign::Factor;
use crate::document::Source;
use crate::learning::Exploration;
use crate::pacing::{Arrival, Dual, Spell};
use crate::pricing::{Adjusted, Adjustments};
use crate::units::{Millis, Nanos, UnixMillis};

/// `campaign` with other words of its file.
fn with(mut campaign: Source, words: &[(&str, &str)]) -> Source {
    for (from, to) in words {
        assert!(campaign.text.contains(from), "{from}");
        campaign.text = campaign.text.replace(from, to);
    }
    campaign
}

fn snapshot(campaigns: &[Source]) -> Snapshot {
    Snapshot::new(plan(campaigns), &Book::default(), NOON, None)
}

/// The multiplier of the campaign `slug`.
fn dual<'s>(snapshot: &'s Snapshot, slug: &str) -> &'s Arc<Dual> {
    let mut campaigns = snapshot.plan.catalog.campaigns.iter();
    let at = campaigns.position(|campaign| campaign.slug == slug).unwrap();
    snapshot.money.rhythms.campaigns[at].dual()
}

/// The decision on so many requests, whose bids are dropped.
fn ask(snapshot: &Snapshot, imp: &str, times: usize, random: &mut SmallRng) {
    for _ in 0..times {
        asked(snapshot, &request(imp, ""), None, |snapshot, ask| {
            drop(decide(snapshot, ask, random, &mut Silent));
        });
    }
}

#[test]
fn a_budget_that_rests_hears_of_the_traffic_and_its_multiplier_stays() {
    for (daily, pacing, rests) in [("0.01", r#""dual""#, "spent"), ("0.02", r#""even""#, "paced")] {
        let words = [(r#""daily": 100"#, format!(r#""daily": {daily}"#)), (r#""asap""#, pacing.to_owned())];
        let words = words.each_ref().map(|(from, to)| (*from, to.as_str()));
        let mut snapshot = snapshot(&[with(campaign("c", "10", ""), &words)]);
        if rests == "spent" {
            assert_eq!(answer(&snapshot, &request("", ""), None), Ok("c 10.00 EUR".to_owned()));
        }
        snapshot = snapshot.tick(&Book::default(), NOON.plus(Millis::from_seconds(1)));
        let asleep = snapshot.asleep(0, NOON.plus(Millis::from_seconds(1)));
        assert_eq!(asleep.map(|it| crate::bidder::snapshot::Asleep::NAMES[it.kind()]), Some(rests));
        let (seen, log) = (dual(&snapshot, "c").seen(), dual(&snapshot, "c").log());
        ask(&snapshot, "", 3_200, &mut SmallRng::seed_from_u64(5));
        let heard = dual(&snapshot, "c").seen() - seen;
        assert!((1_600..=5_000).contains(&heard), "{rests}: {heard} of 3200");
        assert!((dual(&snapshot, "c").log() - log).abs() < 1e-9, "{rests}");
    }
}

#[test]
fn however_many_stand_before_it_a_line_item_hears_of_the_traffic() {
    let many: Vec<Source> = (0..300).map(|at| campaign(&format!("c{at}"), "1", "")).collect();
    let snapshot = snapshot(&many);
    ask(&snapshot, "", 1_500, &mut SmallRng::seed_from_u64(6));
    let seen: Vec<u64> = (0..300).map(|at| dual(&snapshot, &format!("c{at}")).seen()).collect();
    assert!(seen.iter().all(|seen| (500..=3_000).contains(seen)), "{seen:?}");
}

#[test]
fn a_line_item_that_is_looked_at_for_several_deals_hears_of_one_request() {
    let on = |id: &str, cpm: &str| campaign(id, cpm, r#", "deals": ["d", "e"]"#);
    let deals = |of_d: &str, of_e: &str| {
        format!(r#", "pmp": {{"deals": [{{"id": "d" {of_d}}}, {{"id": "e" {of_e}}}]}}"#)
    };
    let (dear, guaranteed) = (r#", "bidfloor": 9"#, r#", "guar": 1, "bidfloor": 9"#);
    for (of_d, of_e, bids) in [(guaranteed, dear, 0), (guaranteed, "", 1), (dear, dear, 0)] {
        let snapshot = snapshot(&[on("x", "2")]);
        let found = answer(&snapshot, &request(&deals(of_d, of_e), ""), None);
        assert_eq!((found.iter().count(), dual(&snapshot, "x").seen()), (bids, 1), "{of_d} {of_e}");
    }
    let one_deal = |guar: u8| format!(r#", "pmp": {{"deals": [{{"id": "d", "guar": {guar}}}]}}"#);
    for guar in [0, 1] {
        let snapshot = snapshot(&[on("x", "2"), on("y", "1")]);
        assert_eq!(answer(&snapshot, &request(&one_deal(guar), ""), None), Ok("x 2.00 EUR d".to_owned()));
        assert_eq!(["x", "y"].map(|slug| dual(&snapshot, slug).seen()), [1, 1], "who is outbid hears too");
    }
}

#[test]
fn a_guaranteed_deal_gets_what_the_file_allows_whatever_was_learnt_and_may_be_tried() {
    let of = |percent: u8| {
        let learning = format!(r#""learning": {{"exploration_percent": {percent}}}, "pacing""#);
        let words = [(r#"{"cpm": 1}"#, r#"{"cpc": 2}"#), (r#""pacing""#, learning.as_str())];
        snapshot(&[with(campaign("c", "1", r#", "deals": ["d"]"#), &words)])
    };
    let learnt = |snapshot: &Snapshot| {
        let day = Millis::from_seconds(86_400);
        let dear = Spell { age: day, spent: 1e15, results: 0.0 };
        snapshot.money.rhythms.target(0).unwrap().learn(&[dear], 1e15, &Arrival::AT_ONCE, NOON);
        assert!(snapshot.money.rhythms.goal(0) < Factor::ONE);
        let half = Factor::from_thousandths(500).unwrap();
        let adjusted = Adjusted {
            line_item: snapshot.plan.line_item(0).id,
            paused: false,
            calibration: half,
            corridor: (half, Factor::ONE),
            placements: vec![],
        };
        let adjustments = Arc::new(Adjustments::new([adjusted]));
        snapshot.with_learned(Arc::new(Learned { adjustments, ..Learned::default() }), NOON)
    };
    let bid = |snapshot: &Snapshot, guar: u8| {
        let deals = format!(r#", "pmp": {{"private_auction": 1, "deals": [{{"id": "d", "guar": {guar}}}]}}"#);
        answer(snapshot, &request(&deals, ""), None)
    };
    let full = bid(&of(2), 0).unwrap();
    let lowered = learnt(&of(2));
    assert!(bid(&lowered, 0).unwrap() != full);
    assert_eq!(bid(&lowered, 1).as_ref(), Ok(&full));
    let untried = learnt(&of(0));
    assert_eq!(bid(&untried, 0), Err(NoBidReason::Explored));
    assert_eq!(bid(&untried, 1), Ok(full));
}

#[test]
fn a_pool_is_of_one_currency_and_tries_with_a_share_of_its_day() {
    let pooled = r#"{"mode": "dual", "pool": true}"#;
    let words = [
        (r#""asap""#, pooled),
        (r#""daily": 100"#, r#""total": 100"#),
        (r#""start": "2026-01-01""#, r#""start": "2026-01-01", "end": "2026-12-31""#),
    ];
    let of = |id: &str, currency: &str| {
        let currency = format!(r#""currency": "{currency}""#);
        with(with(campaign(id, "1", ""), &words), &[(r#""currency": "EUR""#, &currency)])
    };
    // The first one of the advertiser is not in the pool.
    let snapshot = snapshot(&[campaign("a", "1", ""), of("b", "EUR"), of("c", "USD"), of("d", "EUR")]);
    let rhythms = &snapshot.money.rhythms;
    let [a, b, c, d] = [0, 1, 2, 3].map(|at| rhythms.pools[at].as_ref());
    assert!(a.is_none() && Arc::ptr_eq(b.unwrap(), d.unwrap()) && !Arc::ptr_eq(b.unwrap(), c.unwrap()));
    let rho =
        |pool: Option<&Arc<Dual>>| f64::from_le_bytes(pool.unwrap().to_bytes()[8..16].try_into().unwrap());
    assert!(rho(b) > 0.0 && rho(c) > 0.0);
    let of_all = Nanos::from_raw(100_000_000_000 / 1_000_000 * i64::from(Exploration::SHARE.ppm()));
    let allowed = rhythms.exploration(1).allowed();
    assert!(allowed > Nanos::ZERO && allowed.raw() < of_all.raw() / 20, "{allowed:?}");
}

#[test]
fn a_changed_targeting_moves_no_multiplier_before_there_were_requests() {
    let wants = |rule: &str| {
        let more = format!(r#", "targeting": {rule}, "budget": {{"daily": 1}}"#);
        plan(&[with(campaign("c", "10", &more), &[(r#""asap""#, r#""dual""#)])])
    };
    let book = Book::default();
    let mut snapshot = Snapshot::new(wants("{}"), &book, NOON, None);
    let mut random = SmallRng::seed_from_u64(7);
    let mut now = NOON;
    for _ in 0..60 {
        ask(&snapshot, "", 20, &mut random);
        now = UnixMillis::from_raw(now.raw() + 1_000);
        snapshot = snapshot.tick(&book, now);
    }
    let logs = |snapshot: &Snapshot| {
        let rhythms = &snapshot.money.rhythms;
        rhythms.duals(0, 0).map(|dual| dual.map_or(0.0, Dual::log))
    };
    let before = logs(&snapshot);
    assert!(before[0] < -0.5, "{before:?}");
    let other = Snapshot::new(wants(r#"{"country": "DE"}"#), &book, now, Some(&snapshot));
    for (before, after) in before.into_iter().zip(logs(&other)) {
        assert!((before - after).abs() < 1e-3, "{before} {after}");
    }
    let later = other.tick(&book, NOON.plus(Millis::from_seconds(70)));
    assert!(logs(&later)[0] < before[0] + 0.05);
}

#[test]
fn a_budget_that_is_spent_as_it_comes_is_multiplied_by_one_whatever_its_multiplier_was() {
    for (pacing, is_free) in [(r#""asap""#, true), (r#""dual""#, false)] {
        let snapshot = snapshot(&[with(campaign("c", "10", ""), &[(r#""asap""#, pacing)])]);
        dual(&snapshot, "c").resume(&Dual::at(-2.0));
        let rhythms = &snapshot.money.rhythms;
        let factors = [rhythms.campaigns[0].factor(), rhythms.pace(0, 0), rhythms.shading_pace(0, 0)];
        assert!(factors.iter().all(|factor| (*factor == Factor::ONE) == is_free), "{pacing} {factors:?}");
        let bid = answer(&snapshot, &request("", ""), None).unwrap();
        assert_eq!(bid == "c 10.00 EUR", is_free, "{bid}");
        let (expected, worst, left) = (0.0, Nanos::from_raw(1_000), Nanos::from_raw(99_000_000_000));
        assert_eq!(
            {
                dual(&snapshot, "c").came(1, 1e9);
                rhythms.campaigns[0].is_worth_holding(expected, worst, left, Nanos::ZERO)
            },
            is_free
        );
    }
}

#[test]
fn of_very_many_budgets_each_beat_plans_a_part_and_a_few_beats_plan_all() {
    let dual_pace = |at: usize| with(campaign(&format!("c{at}"), "1", ""), &[(r#""asap""#, r#""dual""#)]);
    for (count, beats) in [(30, 1), (4_100, 3)] {
        let campaigns: Vec<Source> = (0..count).map(dual_pace).collect();
        let mut snapshot = snapshot(&campaigns);
        let duals: Vec<Arc<Dual>> =
            snapshot.money.rhythms.campaigns.iter().map(|rhythm| Arc::clone(rhythm.dual())).collect();
        duals.iter().for_each(|dual| dual.saw(1_000));
        let before: Vec<_> = duals.iter().map(|dual| dual.to_bytes()).collect();
        let planned =
            || duals.iter().zip(&before).filter(|(dual, before)| dual.to_bytes() != **before).count();
        for beat in 1..=beats {
            let now = NOON.plus(Millis::from_raw(3_600_000 + 100 * i64::from(beat)));
            snapshot = snapshot.tick(&Book::default(), now);
            let least = count * usize::try_from(beat).unwrap() / usize::try_from(beats).unwrap();
            assert!((least..=least + 1).contains(&planned()), "{count}: {} after {beat}", planned());
        }
        assert_eq!(planned(), count);
    }
}
