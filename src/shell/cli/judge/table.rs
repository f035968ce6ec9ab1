//! The study as tables for people: value, spend, evenness and cost for each regime and policy, then the goals.

use std::fmt::Write as _;

use crate::shell::cli::judge::study::{Cell, Line, Study};
use crate::sim::AuctionType;
use crate::sim::judge::{GOALS, Interval, Outcome};

/// Widths of the first column and of each policy's.
const FIRST: usize = 18;
const WIDTH: usize = 14;

/// All tables.
pub fn in_words(study: &Study) -> String {
    let mut text = String::new();
    let mut rest = &study.lines[..];
    while let Some(head) = rest.first() {
        let same = rest.iter().take_while(|it| (it.set, it.auction) == (head.set, head.auction)).count();
        let (lines, others) = rest.split_at(same);
        block(&mut text, study, lines);
        rest = others;
    }
    policies(&mut text, study);
    crowd(&mut text, study);
    goals(&mut text, study);
    text
}

/// `second price` or `first price`.
pub fn auction_name(auction: AuctionType) -> &'static str {
    match auction {
        AuctionType::FirstPrice => "first price",
        _ => "second price",
    }
}

type Column = (&'static str, fn(&Cell) -> String);

const COLUMNS: [Column; 4] = [
    ("value, % of hindsight, and half its 95 % interval", |cell| {
        let Interval { mean, low, high } = cell.share();
        format!("{:.1} ±{:.1}", mean * 100.0, (high - low) * 50.0)
    }),
    ("spend, % of the budget at the day's end", |cell| percent(cell.mean(|it| it.spend_of_budget))),
    ("hourly error, % of spend in other hours than the traffic's", |cell| {
        percent(cell.mean(|it| it.hourly_error))
    }),
    ("cost above the target CPA, %; regimes left out have none", |cell| percent(violation(cell))),
];

fn percent(share: f64) -> String {
    format!("{:.1}", share * 100.0)
}

fn violation(cell: &Cell) -> f64 {
    cell.mean(Outcome::cpa_violation)
}

/// The tables of one set and auction.
fn block(text: &mut String, study: &Study, lines: &[Line]) {
    let Some(head) = lines.first() else { return };
    let title = format!("{}, {}", head.set, auction_name(head.auction));
    for (place, (what, show)) in COLUMNS.iter().enumerate() {
        let last = place + 1 == COLUMNS.len();
        let shown = |line: &&Line| !last || line.cells.iter().any(|cell| violation(cell) >= 0.0005);
        let _ = write!(text, "\n{title}: {what}\n{:<FIRST$}", "");
        for (name, _, _) in &study.policies {
            let _ = write!(text, "{name:>WIDTH$}");
        }
        text.push('\n');
        for line in lines.iter().filter(shown) {
            let _ = write!(text, "{:<FIRST$}", line.regime.name);
            for cell in &line.cells {
                let _ = write!(text, "{:>WIDTH$}", show(cell));
            }
            if place == 0 {
                text.push_str(&behind(study, line));
            }
            text.push('\n');
        }
    }
}

/// Says so where our policy is behind the best baseline by more than the interval of the difference.
fn behind(study: &Study, line: &Line) -> String {
    let against = study.ours().and_then(|ours| line.against_best(ours, &study.policies));
    match against {
        Some((best, ahead)) if ahead.high < 0.0 => {
            format!("  BEHIND {} by {:.1}", study.policies[best].0, -ahead.mean * 100.0)
        }
        _ => String::new(),
    }
}

fn policies(text: &mut String, study: &Study) {
    let row = |text: &mut String, name: &str, show: &dyn Fn(usize) -> String| {
        let _ = write!(text, "{name:<FIRST$}");
        for place in 0..study.policies.len() {
            let _ = write!(text, "{:>WIDTH$}", show(place));
        }
        text.push('\n');
    };
    text.push_str("\npolicies\n");
    row(text, "", &|place| study.policies[place].0.to_owned());
    row(text, "overspend, nanos", &|place| {
        study
            .lines
            .iter()
            .filter_map(|line| line.cells.get(place))
            .map(Cell::over)
            .max()
            .unwrap_or(0)
            .to_string()
    });
    row(text, "ns per bid", &|place| {
        study.speeds.get(place).map_or_else(String::new, |it| format!("{it:.0}"))
    });
    row(text, "bytes a campaign", &|place| {
        let cell = study.lines.first().and_then(|line| line.cells.get(place));
        let outcome = cell.and_then(|cell| cell.measures.first()).map(|it| it.outcome.bytes);
        outcome.map_or_else(String::new, |bytes| bytes.to_string())
    });
    for (name, words, _) in &study.policies {
        let _ = writeln!(text, "{name:<FIRST$}{words}");
    }
}

fn crowd(text: &mut String, study: &Study) {
    let Some(first) = study.crowd.first() else { return };
    let _ = write!(
        text,
        "\ncrowd: {} campaigns with Zipf budgets on one stream\n{:<FIRST$}",
        first.campaigns, ""
    );
    for head in ["% of bound", "% of budgets", "overspend", "ns a request", "bytes"] {
        let _ = write!(text, "{head:>WIDTH$}");
    }
    text.push('\n');
    for row in &study.crowd {
        let _ = writeln!(
            text,
            "{:<FIRST$}{:>WIDTH$.1}{:>WIDTH$.1}{:>WIDTH$}{:>WIDTH$.0}{:>WIDTH$}",
            row.policy,
            row.share * 100.0,
            row.outcome.spend_of_budget * 100.0,
            row.outcome.over,
            row.nanos,
            row.outcome.bytes
        );
    }
}

/// Each goal, and whether our policy reached it.
fn goals(text: &mut String, study: &Study) {
    text.push_str("\ngoals\n");
    let Some(ours) = study.ours() else {
        text.push_str("none judged: no policy of our own is among these\n");
        return;
    };
    let mut say = |reached: bool, words: &str| {
        let _ = writeln!(text, "{:<12} {words}", if reached { "reached" } else { "NOT REACHED" });
    };
    let own = || study.lines.iter().filter_map(|line| line.cells.get(ours).map(|cell| (line, cell)));
    let over = own().map(|(_, cell)| cell.over()).max().unwrap_or(0);
    say(over <= 0, &format!("overspend 0 in every regime: {over} nanos at most"));
    for goal in GOALS {
        for (line, cell) in own()
            .filter(|(line, _)| line.regime.name == goal.regime && line.auction == AuctionType::SecondPrice)
        {
            let Interval { mean, low, high } = cell.share();
            let (least, mean, half) = (goal.least * 100.0, mean * 100.0, (high - low) * 50.0);
            let words = format!(
                "at least {least:.1} % of hindsight in {}, {}: {mean:.2} ±{half:.2}",
                goal.regime, line.set
            );
            say(mean >= least, &words);
        }
    }
    let judged = study.lines.iter().filter_map(|line| line.against_best(ours, &study.policies));
    let (all, behind) =
        judged.fold((0, 0), |(all, behind), (_, ahead)| (all + 1, behind + usize::from(ahead.high < 0.0)));
    if all > 0 {
        say(
            behind == 0,
            &format!("never behind the best baseline by more than the interval: behind in {behind} of {all}"),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::in_words;
    use crate::shell::cli::judge::study::{Cell, Line, Measure, Study};
    use crate::sim::AuctionType;
    use crate::sim::judge::{Outcome, REGIMES, Tuned};

    fn cell(shares: [f64; 4], over: i64) -> Cell {
        let outcome = Outcome { over, ..Outcome::default() };
        let measures = shares.map(|share| Measure { share, outcome: outcome.clone() }).to_vec();
        Cell { measures, tuned: Tuned { setting: [0.0; 2], score: 0.0 } }
    }

    /// Ours with 90 % in `budget-32`, beside two baselines.
    fn study(best: [f64; 4], over: i64) -> Study {
        let regime = REGIMES.iter().find(|it| it.name == "budget-32").unwrap();
        let cells = vec![cell([0.2; 4], 0), cell(best, 0), cell([0.89, 0.91, 0.89, 0.91], over)];
        let policies = vec![("none", "", false), ("pid", "", false), ("own", "", true)];
        let lines = vec![Line { set: "log", auction: AuctionType::SecondPrice, regime, cells }];
        Study { policies, lines, speeds: vec![], crowd: vec![] }
    }

    #[test]
    fn being_behind_by_more_than_the_interval_is_said_and_by_less_is_not() {
        let behind = in_words(&study([0.95, 0.96, 0.95, 0.96], 0));
        assert!(behind.contains("BEHIND pid by 5.5"), "{behind}");
        assert!(behind.contains("NOT REACHED  never behind"), "{behind}");
        let level = in_words(&study([0.91, 0.89, 0.92, 0.89], 0));
        assert!(!level.contains("BEHIND") && level.contains("reached      never behind"), "{level}");
    }

    #[test]
    fn a_goal_that_is_missed_is_said_with_its_number() {
        let text = in_words(&study([0.5; 4], 0));
        assert!(
            text.contains("NOT REACHED  at least 97.0 % of hindsight in budget-32, log: 90.00"),
            "{text}"
        );
        assert!(text.contains("reached      overspend 0 in every regime"), "{text}");
    }

    #[test]
    fn overspending_is_said() {
        let study = study([0.5; 4], 17);
        assert!(in_words(&study).contains("NOT REACHED  overspend 0 in every regime: 17 nanos"));
        assert!(study.overspent().unwrap().contains("own spent 17 nanos above its budget in budget-32"));
    }
}
