//! `encan sim`: worlds that go wrong, from seeds, on all cores; what was injected, and which laws were broken.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::shell::cli::{WE_FAILED, fail, put, say};
use crate::sim::{Count, Happening, Run, Sabotage, Tally, Terms, Violation, run as run_seed};

/// Flags of `sim`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan sim                             200 worlds of 50,000 auctions\n  encan sim --seeds 10000 --auctions 5000\n  encan sim --seed 17 --trace           one world, every step\n  encan sim --plant frees-on-win        a planted fault, which must be found\n\nExit code 0 if no law was broken, 2 if one was."
)]
pub struct Args {
    /// How many worlds.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// One world, of this seed.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// Auctions in each world.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    auctions: u64,
    /// Plant a fault in the code around the core: proves that it is found.
    #[arg(long, value_parser = planted)]
    plant: Option<Sabotage>,
    /// Print all that happens in the world of `--seed`.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// JSON for machines.
    #[arg(long)]
    json: bool,
}

fn planted(text: &str) -> Result<Sabotage, String> {
    use strum::VariantNames as _;
    text.parse().map_err(|_| format!("`{text}` is none of {}", Sabotage::VARIANTS.join(", ")))
}

/// Happenings before a violation that are shown.
const SHOWN: usize = 40;
/// Violations that are shown of many.
const VIOLATIONS_SHOWN: usize = 20;

/// The sum of many runs.
#[derive(Debug, Default)]
struct Sum {
    seeds: u64,
    tally: Tally,
    violations: Vec<Violation>,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let began = Instant::now();
    let terms = Terms { auctions: args.auctions, sabotage: args.plant };
    let sum = match args.seed {
        Some(seed) => one(seed, terms, args.trace),
        None => many(args.first, args.seeds, terms),
    };
    let elapsed = began.elapsed();
    let text = if args.json { in_json(&sum, elapsed) } else { in_words(&sum, elapsed) };
    if !put(&text) {
        return ExitCode::SUCCESS;
    }
    match sum.violations.first() {
        None => ExitCode::SUCCESS,
        Some(first) => {
            let auctions = args.auctions;
            let hint =
                format!("see it happen: encan sim --seed {} --auctions {auctions} --trace", first.seed);
            fail(WE_FAILED, &format!("{} worlds broke a law of money", sum.violations.len()), &hint)
        }
    }
}

/// One world, with all that happened before a violation.
fn one(seed: u64, terms: Terms, trace: bool) -> Sum {
    let mut last = std::collections::VecDeque::with_capacity(SHOWN);
    let mut watch = |happening: &Happening| {
        if trace {
            put(&format!("{happening}\n"));
        } else {
            if last.len() == SHOWN {
                last.pop_front();
            }
            last.push_back(*happening);
        }
    };
    let Run { tally, violation, fingerprint, .. } = run_seed(seed, terms, &mut watch);
    say(&format!("seed {seed}, fingerprint {fingerprint:016x}\n"));
    if violation.is_some() {
        last.iter().for_each(|happening| say(&format!("{happening}\n")));
    }
    Sum { seeds: 1, tally, violations: violation.into_iter().collect() }
}

/// Many worlds, on all cores.
fn many(first: u64, seeds: u64, terms: Terms) -> Sum {
    let (next, sum) = (AtomicU64::new(0), Mutex::new(Sum::default()));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let shows = std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= seeds {
                        break;
                    }
                    let run = run_seed(first.saturating_add(number), terms, &mut |_| {});
                    let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                    sum.seeds += 1;
                    sum.tally.add(&run.tally);
                    sum.violations.extend(run.violation);
                    if shows {
                        let (done, broken) = (sum.seeds, sum.violations.len());
                        say(&format!("\r\x1b[K{done} of {seeds} seeds, {broken} violations"));
                    }
                }
            });
        }
    });
    if shows {
        say("\n");
    }
    let mut sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    sum.violations.sort_by_key(|violation| violation.seed);
    sum
}

fn in_words(sum: &Sum, elapsed: Duration) -> String {
    let mut text = String::new();
    let mut row = |name: &str, number: u64| {
        let _ = writeln!(text, "{name:<20} {number:>14}");
    };
    row("seeds", sum.seeds);
    for (count, number) in sum.tally.rows() {
        row(&count.name().replace('_', " "), number);
    }
    row("faults injected", sum.tally.faults());
    row("violations", sum.violations.len() as u64);
    let auctions = sum.tally.of(Count::Auctions);
    let _ = writeln!(text, "{auctions} auctions in {:.1} s", elapsed.as_secs_f64());
    for violation in sum.violations.iter().take(VIOLATIONS_SHOWN) {
        let _ = writeln!(text, "{violation}");
    }
    text
}

fn in_json(sum: &Sum, elapsed: Duration) -> String {
    let counts: serde_json::Map<String, serde_json::Value> =
        sum.tally.rows().map(|(count, number)| (count.name().to_owned(), json!(number))).collect();
    let violations: Vec<_> = sum
        .violations
        .iter()
        .map(|violation| {
            let Violation { seed, step, at, law, words } = violation;
            json!({"seed": seed, "step": step, "at_ms": at, "law": law.name(), "words": words})
        })
        .collect();
    let whole = json!({
        "seeds": sum.seeds,
        "counts": counts,
        "faults": sum.tally.faults(),
        "violations": violations,
        "elapsed_ms": u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
    });
    format!("{whole}\n")
}
