//! `encan shading`: what shading saves in first-price auctions, on seeded worlds and on a log, as a table.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use strum::IntoEnumIterator as _;

use crate::shell::cli::{INPUT_WRONG, fail, put, say};
use crate::sim::{
    Auction, Comparison, Interval, Strategy, Told, World, auctions, compare, give_worth, read_log,
};
use crate::units::{Cpm, Currency};

/// Flags of `shading`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan shading                         seeded worlds\n  encan shading --data ../data          and the log log_2259.csv.gz of that folder\n  encan shading --seeds 3 --auctions 5000 --json\n\nEach strategy bids its values times a multiplier; what it spends is compared where all win the same value.\nIntervals are 95 %, by a paired bootstrap over blocks of auctions."
)]
pub struct Args {
    /// The folder with `log_2259.csv.gz`: real prices paid, replayed as prices to beat.
    #[arg(long)]
    data: Option<PathBuf>,
    /// How many worlds of each kind, and how many draws of values for the log.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Auctions in each world.
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    auctions: u64,
    /// JSON for machines.
    #[arg(long)]
    json: bool,
}

/// What the table says, below it.
const LEGEND: &str = "\
`value` is the part of all value that was won, `spent` what that cost; who saves more is the better.
Each bids its values times a multiplier: `unshaded` just that, `global` shaded by one landscape for all,
`contextual` by one for each kind of impression, `with-control` too, but for one bid in twenty; `hindsight`
knows every price.
";
/// Inflated bytes of a log that are read at most.
const LOG_BYTES_MAX: u64 = 1 << 30;
/// Blocks of a seeded world, and of the log.
const BLOCKS: usize = 10;
const LOG_BLOCKS: usize = 40;

/// Auctions that are compared, and what is told of them.
struct Case {
    name: String,
    told: Told,
    seeds: Vec<Vec<Auction>>,
    blocks: usize,
    apart: bool,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let mut cases = worlds(args);
    if let Some(folder) = &args.data {
        match log(folder, args.seeds) {
            Ok(log) => cases.extend(log),
            Err(error) => {
                return fail(INPUT_WRONG, &error, "--data names a folder that holds log_2259.csv.gz");
            }
        }
    }
    let comparisons = all(&cases);
    let text = if args.json { in_json(&comparisons) } else { in_words(&comparisons) };
    put(&text);
    ExitCode::SUCCESS
}

fn worlds(args: &Args) -> Vec<Case> {
    let count = usize::try_from(args.auctions).unwrap_or(usize::MAX);
    let mut cases = vec![];
    for world in World::iter() {
        let seeds: Vec<_> = (0..args.seeds).map(|seed| auctions(world, count, seed)).collect();
        for told in Told::iter() {
            let (name, seeds) = (world.to_string(), seeds.clone());
            cases.push(Case { name, told, seeds, blocks: BLOCKS, apart: true });
        }
    }
    cases
}

/// The log, with values drawn about its middle price times 1 and 2.
fn log(folder: &Path, seeds: u64) -> Result<Vec<Case>, String> {
    let path = folder.join("log_2259.csv.gz");
    let named = |error: &dyn std::fmt::Display| format!("`{}`: {error}", path.display());
    let file = std::fs::File::open(&path).map_err(|error| named(&error))?;
    let mut table = vec![];
    flate2::read::GzDecoder::new(file)
        .take(LOG_BYTES_MAX)
        .read_to_end(&mut table)
        .map_err(|error| named(&error))?;
    let rows = read_log(&table).map_err(|error| named(&error))?;
    if rows.len() < 1_000 {
        return Err(named(&"fewer than 1,000 auctions"));
    }
    let mut prices: Vec<Cpm> = rows.iter().map(|row| row.to_beat).collect();
    prices.sort_unstable();
    let median = prices[prices.len() / 2];
    let draws: Vec<Vec<Auction>> = (0..seeds)
        .map(|seed| {
            let mut rows = rows.clone();
            give_worth(&mut rows, Cpm::from_micros(median.micros() * 2).unwrap_or(median), seed);
            rows
        })
        .collect();
    let case = |told| Case {
        name: "log 2259".to_owned(),
        told,
        seeds: draws.clone(),
        blocks: LOG_BLOCKS,
        apart: false,
    };
    Ok(Told::iter().map(case).collect())
}

/// Compares all cases, on all cores.
fn all(cases: &[Case]) -> Vec<(&Case, Comparison)> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(vec![]));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some((number, case)) = {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    cases.get(number).map(|case| (number, case))
                } {
                    say(&format!("{} of {}: {}, told {}\n", number + 1, cases.len(), case.name, case.told));
                    let comparison = compare(&case.seeds, case.told, case.blocks, case.apart, 1);
                    done.lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner)
                        .push((number, case, comparison));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    done.sort_by_key(|(number, ..)| *number);
    done.into_iter().map(|(_, case, comparison)| (case, comparison)).collect()
}

fn in_words(comparisons: &[(&Case, Comparison)]) -> String {
    let mut text = String::new();
    for (case, comparison) in comparisons {
        let _ = writeln!(
            text,
            "{}, told {}: {} auctions of {} seeds",
            case.name,
            case.told,
            comparison.auctions,
            case.seeds.len()
        );
        let _ = writeln!(
            text,
            "  {:<13} {:>6} {:>10}  {:<28} saved to global",
            "strategy", "value", "spent", "saved to unshaded"
        );
        for row in &comparison.rows {
            let spend = row.spend.map_or_else(|| "-".to_owned(), |spend| format!("{spend:.0}"));
            let against = |baseline: Strategy, saved: Option<Interval>| {
                if row.strategy == baseline { "-".to_owned() } else { percent(saved) }
            };
            let line = format!(
                "  {:<13} {:>4.0} % {:>10}  {:<28} {:<28}",
                row.strategy.to_string(),
                row.level * 100.0,
                spend,
                against(Strategy::Unshaded, row.saved),
                against(Strategy::Global, row.saved_to_global)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
        for (strategy, surplus) in &comparison.surplus {
            let _ = writeln!(
                text,
                "  surplus of 1,000 auctions at full value: {:<13} {surplus:.1}",
                strategy.to_string()
            );
        }
        let _ = writeln!(
            text,
            "  measured by the control share: {}\n",
            comparison.arms.in_words(None, Currency::USD)
        );
    }
    text.push_str(LEGEND);
    text
}

fn percent(interval: Option<Interval>) -> String {
    interval.map_or_else(
        || "not so much won".to_owned(),
        |it| format!("{:+.1} % ({:+.1} to {:+.1})", it.estimate, it.low, it.high),
    )
}

fn in_json(comparisons: &[(&Case, Comparison)]) -> String {
    let span =
        |it: Option<Interval>| it.map(|it| json!({"estimate": it.estimate, "low": it.low, "high": it.high}));
    let cases: Vec<Value> = comparisons
        .iter()
        .map(|(case, comparison)| {
            let rows = comparison.rows.iter().map(|row| {
                json!({
                    "strategy": row.strategy.to_string(),
                    "value_share": row.level,
                    "spend": row.spend,
                    "saved_percent": span(row.saved),
                    "saved_to_global_percent": span(row.saved_to_global),
                })
            });
            let surplus = comparison.surplus.iter().map(|(strategy, surplus)| {
                json!({"strategy": strategy.to_string(), "per_thousand_auctions": surplus})
            });
            json!({
                "auctions_of": case.name,
                "told": case.told.to_string(),
                "seeds": case.seeds.len(),
                "auctions": comparison.auctions,
                "rows": rows.collect::<Vec<_>>(),
                "surplus": surplus.collect::<Vec<_>>(),
                "control_share": comparison.arms.in_words(None, Currency::USD),
            })
        })
        .collect();
    format!("{}\n", json!(cases))
}
