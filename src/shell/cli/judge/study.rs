//! The study: every regime, auction, policy and seed, on all cores; and what is to be read from it.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::shell::cli::judge::crowd::CrowdRow;
use crate::shell::cli::judge::source::Set;
use crate::shell::cli::say;
use crate::sim::AuctionType;
use crate::sim::judge::{
    Budget, Candidate, Day, Interval, Outcome, Regime, Tuned, bootstrap, hindsight, mean, tune,
};

/// Both auctions.
const AUCTIONS: [AuctionType; 2] = [AuctionType::SecondPrice, AuctionType::FirstPrice];

/// What one policy made of one seed's day.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Of hindsight's value.
    pub share: f64,
    /// All else.
    pub outcome: Outcome,
}

/// One policy in one regime.
#[derive(Debug, Clone)]
pub struct Cell {
    /// By seed.
    pub measures: Vec<Measure>,
    /// The setting that was chosen.
    pub tuned: Tuned,
}

impl Cell {
    /// The share of hindsight's value.
    pub fn share(&self) -> Interval {
        bootstrap(&self.of(|it| it.share))
    }

    /// A mean over the seeds.
    pub fn mean(&self, look: impl Fn(&Outcome) -> f64) -> f64 {
        mean(&self.of(|it| look(&it.outcome)))
    }

    /// The most that was spent above the budget in any seed, in nanos.
    pub fn over(&self) -> i64 {
        self.measures.iter().map(|it| it.outcome.over).max().unwrap_or(0)
    }

    fn of(&self, look: impl Fn(&Measure) -> f64) -> Vec<f64> {
        self.measures.iter().map(look).collect()
    }
}

/// All policies in one regime.
#[derive(Debug, Clone)]
pub struct Line {
    /// The name of its set.
    pub set: &'static str,
    /// What a winner pays.
    pub auction: AuctionType,
    /// What happens.
    pub regime: &'static Regime,
    /// By policy.
    pub cells: Vec<Cell>,
}

/// All that was measured.
#[derive(Debug)]
pub struct Study {
    /// Names and words of the policies, and whether they are ours.
    pub policies: Vec<(&'static str, &'static str, bool)>,
    /// By set, auction and regime.
    pub lines: Vec<Line>,
    /// Nanoseconds for a bid and its notice, by policy.
    pub speeds: Vec<f64>,
    /// Many campaigns on one stream, by policy; empty if it was not asked for.
    pub crowd: Vec<CrowdRow>,
}

impl Study {
    /// The place of our policy.
    pub fn ours(&self) -> Option<usize> {
        self.policies.iter().position(|(_, _, ours)| *ours)
    }

    /// What a guarded policy overspent first, in words.
    pub fn overspent(&self) -> Option<String> {
        for line in &self.lines {
            for ((name, _, _), cell) in self.policies.iter().zip(&line.cells) {
                if cell.over() > 0 {
                    let (regime, over) = (line.regime.name, cell.over());
                    return Some(format!(
                        "{name} spent {over} nanos above its budget in {regime}, {}",
                        line.set
                    ));
                }
            }
        }
        let row = self.crowd.iter().find(|row| row.outcome.over > 0)?;
        Some(format!("a campaign of {} spent {} nanos above its budget", row.policy, row.outcome.over))
    }
}

impl Line {
    /// The best baseline, and by how much our policy is ahead of it on the same days.
    pub fn against_best(&self, ours: usize, policies: &[(&str, &str, bool)]) -> Option<(usize, Interval)> {
        let baselines = (0..self.cells.len()).filter(|place| !policies[*place].2);
        let best =
            baselines.max_by(|a, b| self.cells[*a].share().mean.total_cmp(&self.cells[*b].share().mean))?;
        let pairs = self.cells[ours].measures.iter().zip(&self.cells[best].measures);
        let ahead: Vec<f64> = pairs.map(|(own, other)| own.share - other.share).collect();
        Some((best, bootstrap(&ahead)))
    }
}

/// Judges `candidates` in `regimes` on `seeds` days of each set.
pub fn study(sets: &[Set], regimes: &[&'static Regime], candidates: &[Candidate], seeds: u64) -> Study {
    let tunings = tunings(sets, regimes, candidates);
    let tuned = |set: usize, auction: usize, regime: &Regime| {
        let found = tunings.iter().find(|it| it.0 == (set, auction) && it.1 == regime.budget);
        found.map_or_else(Vec::new, |it| it.2.clone())
    };
    let mut jobs = Vec::new();
    for set in 0..sets.len() {
        for regime in regimes {
            jobs.extend((0..seeds).map(|seed| (set, *regime, seed)));
        }
    }
    let measured = in_parallel(&jobs, "days", |(set, regime, seed)| {
        let day = Day::new(&sets[*set].judged, &sets[*set].tuning, regime, *seed);
        let best = hindsight(&day.truth);
        let measures = |auction: usize, day: &Day| -> Vec<Measure> {
            let all = candidates.iter().zip(tuned(*set, auction, regime));
            let outcomes = all.map(|(candidate, tuned)| day.run(candidate, tuned.setting));
            outcomes.map(|outcome| Measure { share: outcome.of_hindsight(&best, regime), outcome }).collect()
        };
        [measures(0, &day), measures(1, &day.in_auction(AUCTIONS[1]))]
    });
    let mut lines = Vec::new();
    let per_set = regimes.len() * usize::try_from(seeds).unwrap_or(usize::MAX);
    for (place, set) in sets.iter().enumerate() {
        for (auction, kind) in AUCTIONS.iter().enumerate() {
            // Where only the crowd is judged there are no regimes.
            let of_regime = (per_set / regimes.len().max(1)).max(1);
            let days = measured[place * per_set..(place + 1) * per_set].chunks(of_regime);
            for (regime, days) in regimes.iter().zip(days) {
                let tuned = tuned(place, auction, regime);
                let cells = tuned.iter().enumerate().map(|(policy, tuned)| {
                    let measures = days.iter().map(|day| day[auction][policy].clone()).collect();
                    Cell { measures, tuned: *tuned }
                });
                lines.push(Line { set: set.name, auction: *kind, regime, cells: cells.collect() });
            }
        }
    }
    let policies = candidates.iter().map(|it| (it.name, it.words, it.ours)).collect();
    Study { policies, lines, speeds: vec![], crowd: vec![] }
}

type Tuning = ((usize, usize), Budget, Vec<Tuned>);

/// Settings for each set, auction and budget.
fn tunings(sets: &[Set], regimes: &[&'static Regime], candidates: &[Candidate]) -> Vec<Tuning> {
    let mut jobs: Vec<(usize, usize, &Regime)> = Vec::new();
    for set in 0..sets.len() {
        for auction in 0..AUCTIONS.len() {
            for regime in regimes {
                let known =
                    jobs.iter().any(|it| (it.0, it.1) == (set, auction) && it.2.budget == regime.budget);
                if !known {
                    jobs.push((set, auction, regime));
                }
            }
        }
    }
    in_parallel(&jobs, "budgets tuned", |(set, auction, regime)| {
        let Set { tuning, judged, .. } = &sets[*set];
        let tuned = tune(tuning, judged, regime, AUCTIONS[*auction], candidates);
        ((*set, *auction), regime.budget, tuned)
    })
}

/// What `work` makes of each job, in their order, on all cores; shows how far it is.
pub fn in_parallel<J: Sync, R: Send>(jobs: &[J], what: &str, work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(jobs.len())));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let shows = std::io::stderr().is_terminal();
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(place) else { break };
                    let result = work(job);
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.push((place, result));
                    if shows {
                        say(&format!("\r\x1b[K{} of {} {what}", done.len(), jobs.len()));
                    }
                }
            });
        }
    });
    if shows {
        say("\r\x1b[K");
    }
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, result)| result).collect()
}
