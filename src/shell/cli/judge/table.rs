//! The study as tables for people: value, spend, evenness and cost for each regime and policy, then the goals.

use std::fmt::Write as _;

use crate::shell::cli::judge::study::{Cell, Line, Study};
use crate::sim::AuctionType;
use crate::sim::judge::{GOALS, Interval};

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

/// The tables of one set and auction.
fn block(text: &mut String, study: &Study, lines: &[Line]) {
    let Some(head) = lines.first() else { return };
    let title = format!("{}, {}", head.set, auction_name(head.auction));
    let columns: [Column; 4] = [
        ("value, % of hindsight, and half its 95 % interval", |cell| {
            let Interval { mean, low, high } = cell.share();
            format!("{:.1} ±{:.1}", mean * 100.0, (high - low) * 50.0)
        }),
        ("spend, % of the budget at the day's end", |cell| {
            format!("{:.1}", cell.mean(|it| it.spend_of_budget) * 100.0)
        }),
        ("hourly error, % of spend in other hours than the traffic's", |cell| {
            format!("{:.1}", cell.mean(|it| it.hourly_error) * 100.0)
        }),
        ("cost above the target CPA, %", |cell| {
            format!("{:.1}", cell.mean(crate::sim::judge::Outcome::cpa_violation) * 100.0)
        }),
    ];
    for (place, (what, show)) in columns.iter().enumerate() {
        let _ = write!(text, "\n{title}: {what}\n{:<FIRST$}", "");
        for (name, _, _) in &study.policies {
            let _ = write!(text, "{name:>WIDTH$}");
        }
        text.push('\n');
        for line in lines {
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
