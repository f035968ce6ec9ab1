//! The study as CSV and as JSON: every measure of every regime and policy.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::shell::cli::judge::study::{Cell, Line, Study};
use crate::shell::cli::judge::table::auction_name;
use crate::sim::judge::{Interval, Outcome};

const COLUMNS: &str = "set,auction,regime,policy,seeds,value_share,value_low,value_high,spend_of_budget,\
overspend_nanos,hourly_error,cpa_violation,bids,wins,clicks,conversions,ns_per_bid,bytes_per_campaign,setting_1,\
setting_2\n";

/// A row for each set, auction, regime and policy; shares are of 1, means over the seeds.
#[expect(clippy::cast_precision_loss, reason = "means for people")]
pub fn csv(study: &Study) -> String {
    let mut text = COLUMNS.to_owned();
    for line in &study.lines {
        for (place, cell) in line.cells.iter().enumerate() {
            let Interval { mean, low, high } = cell.share();
            let seeds = cell.measures.len();
            let (policy, regime) = (study.policies[place].0, line.regime.name);
            let auction = auction_name(line.auction);
            let _ =
                write!(text, "{},{auction},{regime},{policy},{seeds},{mean:.6},{low:.6},{high:.6}", line.set);
            let means = [
                cell.mean(|it| it.spend_of_budget),
                cell.over() as f64,
                cell.mean(|it| it.hourly_error),
                cell.mean(Outcome::cpa_violation),
                cell.mean(|it| it.bids as f64),
                cell.mean(|it| it.wins as f64),
                cell.mean(|it| it.clicks as f64),
                cell.mean(|it| it.conversions as f64),
                study.speeds.get(place).copied().unwrap_or_default().round(),
                bytes(cell),
                cell.tuned.setting[0],
                cell.tuned.setting[1],
            ];
            for mean in means {
                let _ = write!(text, ",{}", (mean * 1e6).round() / 1e6);
            }
            text.push('\n');
        }
    }
    text
}

#[expect(clippy::cast_precision_loss, reason = "a few bytes")]
fn bytes(cell: &Cell) -> f64 {
    cell.measures.first().map_or(0.0, |it| it.outcome.bytes as f64)
}

/// The same, with the crowd and how far our policy is ahead.
pub fn json(study: &Study) -> String {
    let policies: Vec<Value> = study
        .policies
        .iter()
        .enumerate()
        .map(|(place, (name, words, ours))| {
            json!({"name": name, "words": words, "ours": ours, "ns_per_bid": study.speeds.get(place)})
        })
        .collect();
    let crowd: Vec<Value> = study
        .crowd
        .iter()
        .map(|row| {
            json!({
                "policy": row.policy,
                "campaigns": row.campaigns,
                "value_share_of_bound": row.share,
                "spend_of_budgets": row.outcome.spend_of_budget,
                "overspend_nanos": row.outcome.over,
                "ns_per_request": row.nanos,
                "bytes_per_campaign": row.outcome.bytes,
            })
        })
        .collect();
    let lines: Vec<Value> = study.lines.iter().map(|line| line_json(study, line)).collect();
    format!("{}\n", json!({"policies": policies, "regimes": lines, "crowd": crowd}))
}

fn line_json(study: &Study, line: &Line) -> Value {
    let cells: serde_json::Map<String, Value> = study
        .policies
        .iter()
        .zip(&line.cells)
        .map(|((name, _, _), cell)| {
            let Interval { mean, low, high } = cell.share();
            let shares: Vec<f64> = cell.measures.iter().map(|it| it.share).collect();
            let cell = json!({
                "value_share": mean,
                "value_interval": [low, high],
                "value_shares": shares,
                "spend_of_budget": cell.mean(|it| it.spend_of_budget),
                "overspend_nanos": cell.over(),
                "hourly_error": cell.mean(|it| it.hourly_error),
                "cpa_violation": cell.mean(Outcome::cpa_violation),
                "setting": cell.tuned.setting,
            });
            ((*name).to_owned(), cell)
        })
        .collect();
    let against = study.ours().and_then(|ours| line.against_best(ours, &study.policies));
    let against = against.map(|(best, ahead)| {
        let Interval { mean, low, high } = ahead;
        json!({"baseline": study.policies[best].0, "ahead": mean, "interval": [low, high], "behind": high < 0.0})
    });
    json!({
        "set": line.set,
        "auction": auction_name(line.auction),
        "regime": line.regime.name,
        "words": line.regime.words,
        "policies": cells,
        "against_best_baseline": against,
    })
}
