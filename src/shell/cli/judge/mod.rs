//! `encan judge`: pacing policies on days whose prices are known: regimes by policies, tables, a sheet and a chart.

mod chart;
mod crowd;
mod sheet;
mod source;
mod speed;
mod study;
mod table;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use crate::shell::cli::judge::source::Set;
use crate::shell::cli::judge::study::Study;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::sim::judge::{CAMPAIGNS, Candidate, REGIMES, Regime, policies};

/// Flags of `judge`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan judge --quick                           a first look: 5 seeds, short days; about half a minute\n  encan judge --csv pacing.csv --svg pacing.svg    everything, with a sheet and a chart; about 4 minutes\n  encan judge --regime burst-8 --policy pid --policy none\n  encan judge --auctions auctions.csv.gz         your own log: click,market_price,pctr\n\nDays are replayed from a log of real auctions, whose prices are in fen per thousand, and drawn by a generator with\npublished statistics. Of each policy's settings those are taken that buy most on other days.\n\nTimes are those of a release build on two cores that have nothing else to do. They grow with seeds, regimes, policies\nand rows alike; the crowd of 10,000 campaigns takes half a minute. On a terminal it\nis shown how many budgets are tuned and how many days are judged.\n\nExit code 0, or 2 if a policy spent more than its budget."
)]
pub struct Args {
    /// A log to replay, plain or gzip; instead of the one in `--data`.
    #[arg(long, value_name = "FILE")]
    auctions: Option<PathBuf>,
    /// The folder of `auctions_2997_train.csv.gz` [default: $ENCAN_SHARED/data].
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Days of each regime.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    seeds: u64,
    /// Only this regime; may be said several times.
    #[arg(long, value_name = "NAME", value_parser = regime_named)]
    regime: Vec<&'static str>,
    /// Only this policy; may be said several times.
    #[arg(long, value_name = "NAME", value_parser = policy_named)]
    policy: Vec<&'static str>,
    /// Auctions of a day, about: the first ones of a log.
    #[arg(long, value_parser = clap::value_parser!(u32).range(100..=2_000_000))]
    rows: Option<u32>,
    /// Whose statistics the generator takes.
    #[arg(long, default_value_t = 2997, value_parser = campaign_known)]
    campaign: u32,
    /// 5 seeds, days of 12,000 auctions.
    #[arg(long)]
    quick: bool,
    /// Also write all measures to this file.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Also draw a chart into this file.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// JSON for machines.
    #[arg(long)]
    json: bool,
}

fn named<'n>(text: &str, mut names: impl Iterator<Item = &'n str> + Clone) -> Result<&'n str, String> {
    let all = names.clone();
    names
        .find(|name| *name == text)
        .ok_or_else(|| format!("`{text}` is none of {}", all.collect::<Vec<_>>().join(", ")))
}

fn regime_named(text: &str) -> Result<&'static str, String> {
    named(text, REGIMES.iter().map(|it| it.name).chain([crowd::NAME]).collect::<Vec<_>>().into_iter())
}

fn policy_named(text: &str) -> Result<&'static str, String> {
    named(text, policies().iter().map(|it| it.name).collect::<Vec<_>>().into_iter())
}

fn campaign_known(text: &str) -> Result<u32, String> {
    let known = CAMPAIGNS.iter().find(|it| it.campaign.to_string() == text);
    known.map(|it| it.campaign).ok_or_else(|| {
        let all: Vec<String> = CAMPAIGNS.iter().map(|it| it.campaign.to_string()).collect();
        format!("statistics are published of {}", all.join(", "))
    })
}

/// Seeds and rows of a first look.
const QUICK: (u64, u32) = (5, 12_000);

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let began = Instant::now();
    let mut args = args.clone();
    if args.quick {
        args.seeds = args.seeds.min(QUICK.0);
        args.rows = args.rows.or(Some(QUICK.1));
    }
    let sets = match source::sets(&args) {
        Ok(sets) => sets,
        Err(error) => return fail(INPUT_WRONG, &error, "a log has the columns click, market_price and pctr"),
    };
    let chosen = |names: &[&str], name: &str| names.is_empty() || names.contains(&name);
    let regimes: Vec<&'static Regime> = REGIMES.iter().filter(|it| chosen(&args.regime, it.name)).collect();
    let candidates: Vec<Candidate> =
        policies().into_iter().filter(|it| chosen(&args.policy, it.name)).collect();
    let mut study = study::study(&sets, &regimes, &candidates, args.seeds);
    study.speeds = candidates.iter().map(|it| speed::nanos_per_bid(it, args.rows)).collect();
    if chosen(&args.regime, crowd::NAME) {
        study.crowd = crowd::study(&candidates, &study, args.rows);
    }
    finish(&args, &sets, &study, began)
}

fn finish(args: &Args, sets: &[Set], study: &Study, began: Instant) -> ExitCode {
    for (file, text) in [(&args.csv, sheet::csv(study)), (&args.svg, chart::svg(study))] {
        if let Some(file) = file
            && let Err(error) = fs::write(file, text)
        {
            return fail(INPUT_WRONG, &format!("{}: {error}", file.display()), "");
        }
    }
    let text = match args.json {
        true => sheet::json(study),
        false => format!("{}{}", source::in_words(sets, args.seeds), table::in_words(study)),
    };
    say(&format!("judged in {:.1} s\n", began.elapsed().as_secs_f64()));
    if !put(&text) {
        return ExitCode::SUCCESS;
    }
    match study.overspent() {
        None => ExitCode::SUCCESS,
        Some(words) => fail(WE_FAILED, &words, "its guard let out bids that it had not reserved"),
    }
}
