//! Strategies held against each other: what each spends for the same value, with intervals.
//!
//! Each is replayed with a ladder of multipliers, and what it spends for a value lies between two rungs. Intervals come
//! from a paired bootstrap: blocks of auctions are drawn again, the same for all strategies.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use strum::IntoEnumIterator as _;

use crate::landscape::Arms;
use crate::sim::shading::replay::{Take, replay};
use crate::sim::shading::{Auction, Strategy, Told};

/// Rungs of the ladder of multipliers, and the lowest: from 0.3 to 5.6.
const RUNGS: i32 = 14;
const LOWEST: f64 = 0.3;
const STEP: f64 = 1.25;
/// The rung of multiplier 1.0, nearly: the figure of surplus is taken there, with multiplier 1 exactly.
const ONE: f64 = 1.0;
/// Of the value of all auctions, the parts that are to be won.
const LEVELS: [f64; 3] = [0.25, 0.5, 0.75];
/// Times that blocks are drawn again.
const DRAWS: usize = 1_000;
/// Of the auctions of a world, the part that is learnt from and not counted.
const WARM: f64 = 0.2;

/// An estimate with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What a strategy spends for one part of the value.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Who.
    pub strategy: Strategy,
    /// The part of all value that is won.
    pub level: f64,
    /// Spent for it, in units per thousand; `None` where the strategy never wins so much.
    pub spend: Option<f64>,
    /// Saved against no shading at the same value, in percent.
    pub saved: Option<Interval>,
    /// Saved against one landscape for all, in percent.
    pub saved_to_global: Option<Interval>,
}

/// All strategies on the same auctions.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// Auctions counted, over all seeds.
    pub auctions: usize,
    /// By level and strategy.
    pub rows: Vec<Row>,
    /// Surplus by strategy with multiplier 1: worth less paid, a thousand auctions.
    pub surplus: Vec<(Strategy, f64)>,
    /// The sums of the arms of the strategy with control and multiplier 1, of the first seed.
    pub arms: Arms,
}

/// Takes by rung and block.
type Ladder = Vec<Vec<Take>>;

/// Compares all strategies on `seeds`: each a list of auctions by time. Where `apart`, the seeds are independent worlds,
/// and each is so many blocks of its own; else they are the same prices with other values, and blocks are stretches of
/// time.
#[must_use]
pub fn compare(seeds: &[Vec<Auction>], told: Told, blocks: usize, apart: bool, seed: u64) -> Comparison {
    let mut ladders: Vec<(Strategy, Ladder)> = vec![];
    let mut surplus = vec![];
    let mut arms = Arms::default();
    let warm = |auctions: &[Auction]| counted_from(auctions.len());
    let auctions: usize = seeds.iter().map(|it| it.len() - warm(it)).sum();
    for strategy in Strategy::iter() {
        let rungs = (0..RUNGS).map(|rung| LOWEST * STEP.powi(rung));
        let ladder = rungs.map(|multiplier| {
            let takes = seeds.iter().map(|it| replay(it, (strategy, told), multiplier, (blocks, warm(it))).0);
            gather(takes, apart)
        });
        ladders.push((strategy, ladder.collect()));
        let mut gained = 0.0;
        for (number, it) in seeds.iter().enumerate() {
            let (takes, own) = replay(it, (strategy, told), ONE, (blocks, warm(it)));
            gained += takes.iter().map(|take| take.value - take.spend).sum::<f64>();
            if number == 0 && strategy == Strategy::WithControl {
                arms = own;
            }
        }
        surplus.push((strategy, gained * 1_000.0 / auctions.max(1) as f64));
    }
    let all: f64 =
        seeds.iter().flat_map(|it| &it[warm(it)..]).map(|auction| auction.worth.micros() as f64 / 1e6).sum();
    Comparison { auctions, rows: rows(&ladders, all, seed), surplus, arms }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
fn counted_from(auctions: usize) -> usize {
    (auctions as f64 * WARM) as usize
}

/// The blocks of all seeds: side by side where they are independent, else summed.
fn gather(seeds: impl Iterator<Item = Vec<Take>>, apart: bool) -> Vec<Take> {
    let mut all: Vec<Take> = vec![];
    for takes in seeds {
        if apart || all.is_empty() {
            all.extend(takes);
        } else {
            for (sum, take) in all.iter_mut().zip(takes) {
                sum.value += take.value;
                sum.spend += take.spend;
                sum.wins += take.wins;
            }
        }
    }
    all
}

fn rows(ladders: &[(Strategy, Ladder)], all: f64, seed: u64) -> Vec<Row> {
    let blocks = ladders.first().and_then(|(_, ladder)| ladder.first()).map_or(0, Vec::len);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let draws: Vec<Vec<f64>> = (0..DRAWS)
        .map(|_| {
            let mut weights = vec![0.0; blocks];
            for _ in 0..blocks {
                weights[random.random_range(0..blocks)] += 1.0;
            }
            weights
        })
        .collect();
    let ladder_of = |strategy| ladders.iter().find(|(it, _)| *it == strategy).map(|(_, ladder)| ladder);
    let mut rows = vec![];
    for level in LEVELS {
        let target = level * all;
        let spent = |ladder: &Ladder| spend_for(ladder, None, target);
        for (strategy, ladder) in ladders {
            let against = |other: Strategy| {
                let other = ladder_of(other)?;
                let estimate = percent(spent(ladder)?, spent(other)?);
                let again = draws.iter().filter_map(|weights| {
                    // A draw of blocks has another value in all: both spend for the same part of that.
                    let of = |ladder| spend_for(ladder, Some(weights), target);
                    Some(percent(of(ladder)?, of(other)?))
                });
                interval(estimate, again.collect())
            };
            rows.push(Row {
                strategy: *strategy,
                level,
                spend: spent(ladder),
                saved: against(Strategy::Unshaded),
                saved_to_global: against(Strategy::Global),
            });
        }
    }
    rows
}

fn percent(spend: f64, other: f64) -> f64 {
    (1.0 - spend / other) * 100.0
}

/// What is spent for `target` of value, between the two rungs around it.
fn spend_for(ladder: &Ladder, weights: Option<&Vec<f64>>, target: f64) -> Option<f64> {
    let mut last = (0.0, 0.0);
    for takes in ladder {
        let mut sum = (0.0, 0.0);
        for (at, take) in takes.iter().enumerate() {
            let weight = weights.map_or(1.0, |weights| weights[at]);
            sum = (sum.0 + weight * take.value, sum.1 + weight * take.spend);
        }
        if sum.0 >= target && sum.0 > last.0 {
            let part = (target - last.0) / (sum.0 - last.0);
            return Some(last.1 + part * (sum.1 - last.1));
        }
        if sum.0 > last.0 {
            last = sum;
        }
    }
    None
}

/// The middle 95 % of what came when drawn again; `None` if that could rarely be had.
fn interval(estimate: f64, mut again: Vec<f64>) -> Option<Interval> {
    if again.len() < DRAWS * 9 / 10 {
        return None;
    }
    again.sort_by(f64::total_cmp);
    let at = |per_mille: usize| again[(again.len() - 1) * per_mille / 1_000];
    Some(Interval { estimate, low: at(25), high: at(975) })
}
