//! The generator against its published statistics, and the judge against policies that cheat.

use crate::sim::facts::AuctionType;
use crate::sim::judge::truth::generate::{COPULA, OPTIMISM, PCTR_LOG_DEVIATION, TAIL, WIN_RATE, normal};
use crate::sim::judge::truth::{Base, CAMPAIGNS, Generator, NEVER, Truth, first_leak, hindsight, replay};
use crate::sim::judge::{
    Brief, Opportunity, Policy, REGIMES, Regime, Source, Told, bootstrap, mean, policies, tune,
};
use crate::units::{Cpm, Nanos, UnixMillis};

fn regime(name: &str) -> &'static Regime {
    REGIMES.iter().find(|it| it.name == name).unwrap()
}

fn small(volume: f64) -> Source {
    Source::Generator(Generator { volume, ..Generator::default() })
}

fn day(name: &str, volume: f64, seed: u64) -> Truth {
    Truth::new(&small(volume), regime(name), AuctionType::SecondPrice, seed)
}

fn many_rows(campaign: u32) -> Vec<Base> {
    let campaign = CAMPAIGNS.iter().find(|it| it.campaign == campaign).unwrap();
    Generator { campaign, volume: 400_000.0 }.rows(7)
}

fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    let (one, two) = (mean(&first), mean(&second));
    let sum = |look: &dyn Fn(f64, f64) -> f64| pairs.iter().map(|(a, b)| look(a - one, b - two)).sum::<f64>();
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[track_caller]
fn near(found: f64, want: f64, within: f64) {
    assert!((found - want).abs() <= within, "{found} is not within {within} of {want}");
}

#[test]
fn the_share_that_was_ever_won_and_its_histogram_are_those_of_the_log() {
    let rows = many_rows(2997);
    let won: Vec<f64> =
        rows.iter().filter(|it| it.winnable).map(|it| f64::from(it.price) / 10_000.0).collect();
    near(won.len() as f64 / rows.len() as f64, WIN_RATE, 0.003);
    // 63.02 fen on average in the log; the day's later 70 % cost 0.83 of it.
    near(mean(&won), 63.02 * (0.3 + 0.7 * 0.83), 0.6);
    let six = won[..won.len() / 4].iter().filter(|fen| (**fen - 6.0).abs() < 1e-9).count();
    near(six as f64 / (won.len() / 4) as f64, 0.116, 0.01);
}

#[test]
fn prices_nobody_paid_lie_in_a_pareto_tail() {
    let rows = many_rows(2997);
    let top = f64::from(CAMPAIGNS[0].quantiles[255]);
    let early = rows.len() / 4;
    let tail: Vec<f64> = rows[..early]
        .iter()
        .filter(|it| !it.winnable)
        .map(|it| f64::from(it.price) / 10_000.0 / top)
        .collect();
    assert!(tail.iter().all(|ratio| *ratio > 0.999));
    // Hill's estimate of the exponent; a price is cut off at 100,000 fen.
    let logs: Vec<f64> = tail.iter().map(|ratio| ratio.ln()).collect();
    near(1.0 / mean(&logs), TAIL, 0.03);
}

#[test]
fn chances_are_log_normal_go_with_prices_and_are_too_high() {
    let rows = many_rows(2997);
    let logs: Vec<f64> = rows.iter().map(|it| f64::from(it.pctr).ln()).collect();
    let middle = mean(&logs);
    let spread = mean(&logs.iter().map(|log| (log - middle).powi(2)).collect::<Vec<_>>()).sqrt();
    near(spread, PCTR_LOG_DEVIATION, 0.005);
    let tail: Vec<(f64, f64)> =
        rows.iter().filter(|it| !it.winnable).map(|it| (f64::from(it.pctr).ln(), price_score(it))).collect();
    near(correlation(&tail), COPULA, 0.02);
    let predicted: f64 = rows.iter().map(|it| f64::from(it.pctr)).sum();
    let clicks = rows.iter().filter(|it| it.clicked).count() as f64;
    near(predicted / clicks, OPTIMISM, 0.12);
}

/// The normal score of a price in the tail, from the tail's own law, found by bisection.
fn price_score(base: &Base) -> f64 {
    use crate::sim::judge::truth::generate::below;
    let top = f64::from(CAMPAIGNS[0].quantiles[255]);
    let ratio = (f64::from(base.price) / 10_000.0 / top / 0.83).max(1.0);
    let level = 1.0 - ratio.powf(-TAIL);
    let (mut low, mut high) = (-6.0, 6.0);
    for _ in 0..50 {
        let middle = f64::midpoint(low, high);
        if below(middle) < level { low = middle } else { high = middle }
    }
    low
}

#[test]
fn a_price_remembers_the_one_before_as_in_the_log() {
    let rows = many_rows(2997);
    let won: Vec<f64> = rows.iter().filter(|it| it.winnable).map(|it| f64::from(it.price)).collect();
    let pairs: Vec<(f64, f64)> = won.windows(2).map(|pair| (pair[0], pair[1])).collect();
    near(correlation(&pairs), 0.128, 0.012);
}

#[test]
fn clicks_convert_as_often_and_as_late_as_published() {
    let rows = many_rows(2821);
    let clicks = rows.iter().filter(|it| it.clicked).count() as f64;
    let delays: Vec<u32> = rows.iter().map(|it| it.converts_after).filter(|it| *it != NEVER).collect();
    near(delays.len() as f64 / clicks, 0.53, 0.08);
    let mut rng = <rand::rngs::Xoshiro256PlusPlus as rand::SeedableRng>::seed_from_u64(3);
    let draws: Vec<u32> =
        (0..50_000).map(|_| crate::sim::judge::truth::generate::conversion_delay(&mut rng)).collect();
    let within = |seconds: u32| draws.iter().filter(|it| **it < seconds).count() as f64 / draws.len() as f64;
    near(within(3_600), 0.35, 0.01);
    near(within(86_400), 0.5, 0.01);
    assert!(draws.iter().all(|it| *it < 30 * 86_400));
}

#[test]
fn a_days_traffic_follows_the_published_curve_and_its_number_is_poisson() {
    let truth = day("budget-32", 100_000.0, 5);
    let rows = truth.len() as f64;
    for (hour, share) in crate::sim::judge::truth::published::IPINYOU_DAY.iter().enumerate() {
        near(truth.hours[hour] / rows, *share, 0.004);
    }
    let counts: Vec<f64> = (0..200)
        .map(|seed| Generator { volume: 400.0, ..Generator::default() }.rows(seed).len() as f64)
        .collect();
    let spread = mean(&counts.iter().map(|it| (it - 400.0).powi(2)).collect::<Vec<_>>());
    near(mean(&counts), 400.0, 5.0);
    near(spread / 400.0, 1.0, 0.3);
    let mut rng = <rand::rngs::Xoshiro256PlusPlus as rand::SeedableRng>::seed_from_u64(3);
    let draws: Vec<f64> = (0..100_000).map(|_| normal(&mut rng)).collect();
    near(mean(&draws), 0.0, 0.01);
    near(mean(&draws.iter().map(|it| it * it).collect::<Vec<_>>()), 1.0, 0.02);
}

/// Bids the worth of everything, and leaves its money to chance: what the guard is for.
struct Reckless;

impl Policy for Reckless {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        Some(opportunity.price_for(opportunity.value))
    }
    fn told(&mut self, _: u64, _: Told, _: UnixMillis) {}
    fn budget(&mut self, _: Nanos, _: UnixMillis) {}
    fn bytes_per_campaign(&self) -> usize {
        0
    }
    fn guarded(&self) -> bool {
        false
    }
}

/// Knows the next prices, which nobody can: handed to it by the test, as its type gives it no other way.
struct Prophet {
    prices: Vec<u32>,
}

impl Policy for Prophet {
    fn bid(&mut self, opportunity: &Opportunity) -> Option<Cpm> {
        let next = usize::try_from(opportunity.number).unwrap() + 1;
        let sum: u64 = self.prices.iter().skip(next).take(20).map(|price| u64::from(*price)).sum();
        sum.is_multiple_of(2).then(|| opportunity.price_for(opportunity.value))
    }
    fn told(&mut self, _: u64, _: Told, _: UnixMillis) {}
    fn budget(&mut self, _: Nanos, _: UnixMillis) {}
    fn bytes_per_campaign(&self) -> usize {
        0
    }
}

#[test]
fn a_policy_without_a_guard_is_seen_to_overspend() {
    let truth = day("notice-60s-200", 4_000.0, 1);
    let outcome = replay(&truth, &|_| Box::new(Reckless), |_, _| {});
    assert!(outcome.over > truth.budget().raw(), "over by {}", outcome.over);
}

#[test]
fn no_guarded_policy_overspends_in_any_regime_or_auction() {
    for regime in REGIMES {
        for auction in [AuctionType::SecondPrice, AuctionType::FirstPrice] {
            let truth = Truth::new(&small(1_500.0), regime, auction, 3);
            for candidate in policies() {
                for setting in &candidate.settings {
                    let outcome = replay(&truth, &|brief| (candidate.make)(brief, *setting), |_, _| {});
                    assert_eq!(outcome.over, 0, "{} in {} {auction:?}", candidate.name, regime.name);
                    assert!(outcome.wins <= outcome.bids);
                }
            }
        }
    }
}

#[test]
fn a_policy_that_knows_later_prices_is_caught_and_the_others_are_not() {
    let truth = day("notice-60s", 2_000.0, 9);
    let rows = 800;
    let prophet = |truth: &Truth, _: &Brief| -> Box<dyn Policy> {
        Box::new(Prophet { prices: truth.rows.iter().map(|row| row.price).collect() })
    };
    assert!(first_leak(&truth, rows, &prophet).is_some(), "the planted leak was not found");
    for candidate in policies() {
        let make = |_: &Truth, brief: &Brief| (candidate.make)(brief, candidate.settings[0]);
        assert_eq!(first_leak(&truth, rows, &make), None, "{} knows the future", candidate.name);
    }
}

#[test]
fn hindsight_is_never_beaten_where_nobody_changes_the_budget() {
    for regime in REGIMES.iter().filter(|it| it.change.is_none()) {
        let truth = Truth::new(&small(2_000.0), regime, AuctionType::SecondPrice, 4);
        let best = hindsight(&truth);
        for candidate in policies() {
            let outcome = replay(&truth, &|brief| (candidate.make)(brief, candidate.settings[0]), |_, _| {});
            let share = outcome.of_hindsight(&best, regime);
            assert!((0.0..=1.000_001).contains(&share), "{} in {}: {share}", candidate.name, regime.name);
        }
    }
}

#[test]
fn the_same_seed_is_the_same_day_and_another_seed_is_another() {
    let run = |seed| {
        let truth = day("notice-heavy", 1_000.0, seed);
        let mut decisions = Vec::new();
        let candidate = &policies()[2];
        let outcome = replay(&truth, &|brief| (candidate.make)(brief, candidate.settings[4]), |_, bid| {
            decisions.push(bid);
        });
        (outcome, decisions)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).1, run(2).1);
}

#[test]
fn tuning_takes_the_setting_that_buys_most() {
    let candidates = policies();
    let tuned =
        tune(&small(3_000.0), &small(3_000.0), regime("budget-32"), AuctionType::SecondPrice, &candidates);
    let fixed = candidates.iter().position(|it| it.name == "static").unwrap();
    let multiplier = tuned[fixed].setting[0];
    assert!(multiplier < 0.5, "a budget of 1/32 bids far below the worth, not {multiplier} of it");
    assert!(tuned[fixed].score > 0.5);
    assert!(candidates.iter().all(|it| it.settings.len() <= 9));
}

#[test]
fn pacing_is_told_apart_from_none_by_more_than_chance() {
    let candidates = policies();
    let share = |name: &str, seed| {
        let candidate = candidates.iter().find(|it| it.name == name).unwrap();
        let truth = day("budget-32", 4_000.0, seed);
        let outcome = replay(&truth, &|brief| (candidate.make)(brief, candidate.settings[5]), |_, _| {});
        outcome.of_hindsight(&hindsight(&truth), regime("budget-32"))
    };
    let none = |seed| {
        let truth = day("budget-32", 4_000.0, seed);
        let outcome = replay(&truth, &|brief| (candidates[0].make)(brief, [0.0; 2]), |_, _| {});
        outcome.of_hindsight(&hindsight(&truth), regime("budget-32"))
    };
    let gains: Vec<f64> = (0..8).map(|seed| share("time-dual", seed) - none(seed)).collect();
    assert!(bootstrap(&gains).low > 0.0, "{gains:?}");
}
