//! The study of many campaigns on one stream.

use std::time::Instant;

use crate::shell::cli::judge::study::{Study, in_parallel};
use crate::sim::judge::{Candidate, Crowd, CrowdOutcome};

/// Its name among the regimes.
pub const NAME: &str = "crowd";

/// One policy, as every campaign's own.
#[derive(Debug, Clone)]
pub struct CrowdRow {
    /// Its name.
    pub policy: &'static str,
    /// What it made of the campaigns.
    pub outcome: CrowdOutcome,
    /// Of the bound that nobody can pass.
    pub share: f64,
    /// Nanoseconds from being asked to the notice, the judge included.
    pub nanos: f64,
    /// How many campaigns there were.
    pub campaigns: usize,
}

const AUCTIONS: u32 = 250_000;
const CAMPAIGNS: usize = 10_000;

/// Runs every candidate over the crowd, with the settings chosen for a budget of 1/32 where there are some.
#[expect(clippy::cast_precision_loss, reason = "a measure")]
pub fn study(candidates: &[Candidate], study: &Study, rows: Option<u32>) -> Vec<CrowdRow> {
    let auctions = rows.map_or(AUCTIONS, |rows| AUCTIONS.min(rows * 4));
    let campaigns = CAMPAIGNS.min(auctions as usize / 25);
    let crowd = Crowd::new(auctions, campaigns, 1);
    let bound = crowd.bound();
    let line =
        study.lines.iter().rev().find(|line| line.regime.name == "notice-60s" && line.set == "generator");
    let jobs: Vec<usize> = (0..candidates.len()).collect();
    in_parallel(&jobs, "crowds", |place| {
        let candidate = &candidates[*place];
        let middle = candidate.settings.get(candidate.settings.len() / 2).copied().unwrap_or_default();
        let setting = line.map_or(middle, |line| line.cells[*place].tuned.setting);
        let began = Instant::now();
        let outcome = crowd.run(&|brief| (candidate.make)(brief, setting));
        let nanos = began.elapsed().as_secs_f64() * 1e9 / outcome.asked.max(1) as f64;
        let share = outcome.value / bound;
        CrowdRow { policy: candidate.name, outcome, share, nanos, campaigns: crowd.campaigns() }
    })
}
