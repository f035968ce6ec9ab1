//! Shading, from outside: what it saves on seeded worlds, its command, and landscapes estimated from what auctions told
//! against the truth.
//!
//! The logs stay outside the project: `ENCAN_SHARED` names the folder that holds `data/`, and without it only seeded worlds
//! are tried, which is said.

#![expect(clippy::print_stdout, reason = "seeds and figures are what it is run for")]
#![expect(clippy::unwrap_used, reason = "the tables are sound, or the test ends")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;

use encan::landscape::{Curve, Landscapes, Sample, Segment};
use encan::sim::{Interval, Strategy, Told, World, auctions, compare};
use encan::units::{Cpm, UnixMillis};
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

const NOW: UnixMillis = UnixMillis::from_raw(1_795_000_000_000);
const SEGMENT: Segment = Segment { narrow: 3, exchange: 2, all: 1 };

/// What `strategy` saves for half of all value, against no shading and against one landscape.
fn saved(
    world: World,
    told: Told,
    strategy: Strategy,
    seeds: u64,
    count: usize,
) -> (Option<Interval>, Option<Interval>) {
    println!("{world}, told {told}, seeds 0 to {seeds}, the synthetic part only");
    let seeds: Vec<_> = (0..seeds).map(|seed| auctions(world, count, seed)).collect();
    let comparison = compare(&seeds, told, 10, true, 1);
    for row in &comparison.rows {
        println!("{row:?}");
    }
    let row = comparison.rows.iter().find(|row| row.strategy == strategy && (row.level - 0.5).abs() < 0.01);
    row.map_or((None, None), |row| (row.saved, row.saved_to_global))
}

#[test]
fn context_saves_where_prices_differ_by_context() {
    // 48 kinds of impressions: with fewer auctions too little is known of each, and context gains nothing yet.
    let (unshaded, global) = saved(World::Contexts, Told::MinToWin, Strategy::Contextual, 1, 12_000);
    assert!(unshaded.unwrap().low > 8.0, "{unshaded:?}");
    assert!(global.unwrap().low > 3.0, "{global:?}");
}

#[test]
fn context_costs_little_where_it_tells_nothing() {
    let (_, global) = saved(World::Alike, Told::MinToWin, Strategy::Contextual, 2, 3_000);
    let global = global.unwrap();
    assert!(global.estimate < 3.0 && global.estimate > -5.0, "{global:?}");
}

#[test]
fn the_command_prints_the_table_and_names_a_folder_without_the_log() {
    let run = |flags: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_encan")).arg("shading").args(flags).output().unwrap()
    };
    let good = run(&["--seeds", "1", "--auctions", "1000", "--json"]);
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let cases: serde_json::Value = serde_json::from_slice(&good.stdout).unwrap();
    assert_eq!(cases.as_array().unwrap().len(), 6);
    assert_eq!(cases[0]["rows"].as_array().unwrap().len(), 15);
    let empty = tempfile::tempdir().unwrap();
    let bad = run(&["--data", empty.path().to_str().unwrap()]);
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bad.stderr).contains("log_2259.csv.gz"));
}

/// A table of the shared data: its rows below the head, split at commas; `None`, and said, if it is not there.
fn table(name: &str) -> Option<Vec<Vec<i64>>> {
    let Some(shared) = std::env::var_os("ENCAN_SHARED").map(PathBuf::from) else {
        println!("SKIPPED: ENCAN_SHARED is not set, {name} was not read");
        return None;
    };
    let file = std::fs::File::open(shared.join("data").join(name)).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    Some(
        text.lines()
            .skip(1)
            .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
            .collect(),
    )
}

/// A price of these tables, in hundredths per thousand.
fn price(hundredths: i64) -> Cpm {
    Cpm::from_micros(hundredths * 10_000).unwrap()
}

/// Prices and how often they were paid, by campaign.
fn truth() -> Option<BTreeMap<i64, Vec<(i64, i64)>>> {
    let mut campaigns: BTreeMap<i64, Vec<(i64, i64)>> = BTreeMap::new();
    for row in table("landscape_9campaigns.csv.gz")? {
        campaigns.entry(row[0]).or_default().push((row[1], row[2]));
    }
    Some(campaigns)
}

/// The largest and the mean distance of `curve` from the share of prices at or below each whole bid up to 300.
fn distance(curve: &Curve, prices: &[(i64, i64)]) -> (f64, f64) {
    let all: i64 = prices.iter().map(|(_, count)| count).sum();
    let (mut most, mut sum) = (0.0_f64, 0.0);
    for bid in 1..=300 {
        let below: i64 = prices.iter().filter(|(price, _)| *price <= bid).map(|(_, count)| count).sum();
        let apart = (curve.win(price(bid)) - below as f64 / all as f64).abs();
        most = most.max(apart);
        sum += apart;
    }
    (most, sum / 300.0)
}

/// The curve of what was told in this order. A view is made of every few hundred samples, as a server does each second:
/// windows only follow then, and what lies outside them is known to be outside, no more.
fn curve(samples: &[Sample]) -> Curve {
    let mut landscapes = Landscapes::default();
    for some in samples.chunks(500) {
        some.iter().for_each(|sample| landscapes.learn(&SEGMENT, Cpm::ZERO, *sample, NOW));
        let _ = landscapes.view(NOW);
    }
    landscapes.view(NOW).curve(&SEGMENT).unwrap().clone()
}

#[test]
fn a_landscape_from_censored_outcomes_is_near_the_uncensored_truth() {
    let Some(campaigns) = truth() else { return };
    let seed = 21;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    for (campaign, prices) in campaigns {
        let all: i64 = prices.iter().map(|(_, count)| count).sum();
        let [mut exact, mut second, mut first] = [(); 3].map(|()| vec![]);
        for _ in 0..40_000 {
            let mut left = random.random_range(0..all);
            let to_beat = prices
                .iter()
                .find(|(_, count)| {
                    left -= count;
                    left < 0
                })
                .unwrap()
                .0;
            // Bids that know nothing of the price, as those of the control share.
            let bid = random.random_range(1..=300);
            let (to_beat, bid) = (price(to_beat), price(bid));
            exact.push(Sample::Exact(to_beat));
            let (told, outcome) = if to_beat <= bid {
                (Sample::Exact(to_beat), Sample::Won(bid))
            } else {
                (Sample::Lost(bid), Sample::Lost(bid))
            };
            second.push(told);
            first.push(outcome);
        }
        let [exact, second, first] = [exact, second, first].map(|it| distance(&curve(&it), &prices));
        println!(
            "campaign {campaign}: distance at most (mean) of known prices {:.3} ({:.4}), of wins that tell their price {:.3} ({:.4}), of \
             wins and losses {:.3} ({:.4})",
            exact.0, exact.1, second.0, second.1, first.0, first.1
        );
        // A bin is an eighth wide, and a heap of prices that nobody tells is smoothed over the bins beside it.
        assert!(exact.0 < 0.04 && exact.1 < 0.005, "{campaign}: {exact:?}");
        assert!(second.0 < 0.04 && second.1 < 0.01, "{campaign}: {second:?}");
        assert!(first.0 < 0.12 && first.1 < 0.02, "{campaign}: {first:?}");
    }
}

#[test]
fn a_landscape_from_recorded_wins_and_losses_is_as_near_the_truth_as_their_bids_allow() {
    let (Some(campaigns), Some(outcomes)) = (truth(), table("winbits_counts.csv.gz")) else { return };
    let seed = 22;
    println!("seed {seed}");
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    // Whoever bid this looked at the impression, and bid more where others did, too. Of the bids of 2261 as many won as
    // there were prices below them, to 4 %; of those of 2259 up to 10 % fewer, and of those of 2997 above 75 a fifth, where
    // three quarters of all prices lie lower: no estimate that knows bids and outcomes alone can be near the truth there.
    for (campaign, most, mean) in [(2259, 0.15, 0.07), (2261, 0.07, 0.025), (2997, 0.62, 0.42)] {
        let mut samples = vec![];
        for row in outcomes.iter().filter(|row| row[0] == campaign) {
            let (lost, won) = (Sample::Lost(price(row[1])), Sample::Won(price(row[1])));
            samples.extend((0..row[2] / 4).map(|_| lost).chain((0..row[3] / 4).map(|_| won)));
        }
        // The table is by bid; auctions came in no such order.
        samples.shuffle(&mut random);
        let it = distance(&curve(&samples), &campaigns[&campaign]);
        println!("campaign {campaign}: distance at most {:.3}, mean {:.3}", it.0, it.1);
        assert!(it.0 < most && it.1 < mean, "{campaign}: {it:?}");
    }
}
