//! `encan learn status`: what is learnt, as the running server has it, else as the last one kept it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde::Serialize;

use crate::landscape::{Arm, Arms, Saving};
use crate::pacing::{DaySpan, Group};
use crate::report::Names;
use crate::shell::cli::learn::{DataArgs, instant, known_names, span};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put};
use crate::shell::clock;
use crate::shell::corrections;
use crate::shell::demo::Caller;
use crate::shell::learning::{
    Contexts, ContextsError, Kept, KeptError, Models, Multiplier, Samples, Trial, Whose, kept_in,
};
use crate::shell::store::StoreError;
use crate::units::{AdvertiserId, CampaignId, Currency, LineItemId, UnixMillis};

/// Models that were judged and are printed, the newest first.
const TRIALS: u32 = 5;
const DAY_MILLIS: i64 = 86_400_000;

/// Flags of `learn status`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan learn status
  encan learn status --data /var/lib/encan --json

A server that runs on the folder is asked; without one, what the last one kept is printed: it writes once a minute and
at its end.")]
pub struct Args {
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
}

/// Why there is nothing to print.
#[derive(Debug, thiserror::Error)]
enum Halt {
    #[error("`{0}` is not the folder of a server that has bid")]
    Nothing(String),
    #[error("what is kept in `{0}` cannot be read: {1}")]
    File(String, std::io::Error),
    #[error("what is kept in `{0}` is refused: {1}")]
    Kept(String, KeptError),
    #[error(transparent)]
    Contexts(#[from] ContextsError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Halt {
    fn hint(&self) -> &'static str {
        match self {
            Self::Nothing(_) => "name the folder of the server with `--data DIR`",
            Self::File(..) => "look at the rights and the disk of the folder",
            Self::Kept(..) => "the next start of a server puts it aside and learns anew",
            Self::Contexts(error) => error.hint(),
            Self::Store(error) => error.hint(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Status {
    /// True if a running server said so.
    live: bool,
    /// As of when.
    at: String,
    landscapes: Landscapes,
    shading: Vec<Shading>,
    pacing: Vec<Pacing>,
    traffic: Vec<TrafficStatus>,
    model: Model,
    contexts: ContextsStatus,
}

#[derive(Debug, Serialize)]
struct Landscapes {
    segments: usize,
    samples: u64,
    exact: u64,
    won: u64,
    lost: u64,
}

#[derive(Debug, Serialize)]
struct Shading {
    currency: String,
    arms: Vec<ArmStatus>,
    saved: Option<SavingStatus>,
    gained: Option<SavingStatus>,
    words: String,
}

#[derive(Debug, Serialize)]
struct ArmStatus {
    arm: &'static str,
    bids: u64,
    wins: u64,
    /// Nanos of the currency, in media.
    paid_nanos: String,
}

/// Per thousand, in units of the currency.
#[derive(Debug, Serialize)]
struct SavingStatus {
    estimate: f64,
    low: f64,
    high: f64,
    unshaded: f64,
}

#[derive(Debug, Serialize)]
struct Pacing {
    kind: &'static str,
    name: String,
    multiplier: f64,
}

#[derive(Debug, Serialize)]
struct TrafficStatus {
    kind: &'static str,
    name: String,
    /// Requests that today promises, if that is known.
    day: Option<f64>,
    /// The share of each hour of a day of UTC.
    hours: [f64; 24],
}

#[derive(Debug, Serialize)]
struct Model {
    in_use: bool,
    version: Option<String>,
    since: Option<String>,
    age_seconds: Option<i64>,
    /// Why the file cannot be used, if it cannot.
    unreadable: Option<String>,
    former: usize,
    trials: Vec<Trial>,
}

#[derive(Debug, Default, Serialize)]
struct ContextsStatus {
    impressions: u64,
    from: Option<String>,
    to: Option<String>,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match status(&args.data.data) {
        Ok(status) => {
            put(&if args.json {
                serde_json::to_string_pretty(&status).expect("texts and numbers are JSON") + "\n"
            } else {
                text(&status)
            });
            ExitCode::SUCCESS
        }
        Err(halt) => {
            let code = if matches!(halt, Halt::Nothing(_)) { INPUT_WRONG } else { WE_FAILED };
            fail(code, &halt, halt.hint())
        }
    }
}

fn status(data: &Path) -> Result<Status, Halt> {
    let place = || data.display().to_string();
    let (live, mut kept) = match asked(data) {
        Some(kept) => (true, kept),
        None => match kept_in(data).map_err(|error| Halt::File(place(), error))? {
            Some(Ok(kept)) => (false, kept),
            Some(Err(error)) => return Err(Halt::Kept(place(), error)),
            None => return Err(Halt::Nothing(place())),
        },
    };
    let (contexts, trials) = match Contexts::open_to_read(data) {
        Ok(contexts) => (contexts.span()?, contexts.trials(TRIALS)?),
        Err(ContextsError::Missing { .. }) => (None, Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names = known_names(data)?;
    let Samples { exact, won, lost } = kept.samples;
    let segments = kept.landscapes.view(kept.at).len();
    let ends = contexts.map(|(_, first, last)| (instant(first.minted_at()), instant(last.minted_at())));
    let (from, to) = ends.unzip();
    Ok(Status {
        live,
        at: instant(kept.at),
        landscapes: Landscapes { segments, samples: exact + won + lost, exact, won, lost },
        shading: shading(kept.landscapes.arms()),
        pacing: kept.multipliers.iter().map(|multiplier| pacing(multiplier, &names)).collect(),
        traffic: traffic(&kept, &names),
        model: model(&Models::new(data), trials),
        contexts: ContextsStatus { impressions: contexts.map_or(0, |(count, ..)| count), from, to },
    })
}

/// What the server on the folder has in memory; `None` without one.
fn asked(data: &Path) -> Option<Kept> {
    let address = corrections::found(data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(async { Caller::new(address).get("/v1/learned").await }).ok()?;
    // A server that was killed leaves its address behind; whoever has it now does not talk like this.
    Kept::from_bytes(&answer.body).ok()
}

fn shading(arms: &Arms) -> Vec<Shading> {
    let currencies: BTreeSet<Currency> = arms.rows().map(|(_, currency, _)| currency).collect();
    let of = |currency: Currency| {
        let sums = arms.sums(None, currency);
        let arm = |arm: Arm| {
            let (name, sums) = match arm {
                Arm::Control => ("control", &sums[0]),
                Arm::Shaded => ("shaded", &sums[1]),
                Arm::Explored => ("explored", &sums[2]),
            };
            ArmStatus { arm: name, bids: sums.bids, wins: sums.wins, paid_nanos: sums.paid.to_string() }
        };
        Shading {
            currency: currency.code().to_owned(),
            arms: Arm::ALL.map(arm).into(),
            saved: arms.saved(None, currency).as_ref().map(saving),
            gained: arms.gained(None, currency).as_ref().map(saving),
            words: arms.in_words(None, currency),
        }
    };
    currencies.into_iter().map(of).collect()
}

fn saving(saving: &Saving) -> SavingStatus {
    let [estimate, low, high, unshaded] =
        [saving.estimate, saving.low, saving.high, saving.unshaded].map(|micros| micros / 1e6);
    SavingStatus { estimate, low, high, unshaded }
}

fn pacing(multiplier: &Multiplier, names: &Names) -> Pacing {
    let Multiplier { whose, id, dual, .. } = multiplier;
    let (kind, name) = match whose {
        Whose::Campaign => ("campaign", names.campaigns.get(&CampaignId::from_raw(*id))),
        Whose::LineItem => ("line_item", names.line_items.get(&LineItemId::from_raw(*id))),
        Whose::Pool => ("pool", names.advertisers.get(&AdvertiserId::from_raw(*id))),
    };
    Pacing { kind, name: name.cloned().unwrap_or_else(|| format!("{id:016x}")), multiplier: dual.factor() }
}

/// What today promises each campaign and line item with a budget, and each exchange, by the hours of UTC.
fn traffic(kept: &Kept, names: &Names) -> Vec<TrafficStatus> {
    let exchanges: Vec<u64> = names.exchanges.keys().map(|id| id.raw()).collect();
    let start = kept.at.raw() - kept.at.raw().rem_euclid(DAY_MILLIS);
    let day = DaySpan { start: UnixMillis::from_raw(start), end: UnixMillis::from_raw(start + DAY_MILLIS) };
    let of = |kind, name: String, group| {
        let outlook = kept.traffic.outlook(group, &exchanges, day, kept.at);
        TrafficStatus { kind, name, day: outlook.volume, hours: outlook.shares }
    };
    let of_exchanges =
        names.exchanges.iter().map(|(id, name)| of("exchange", name.clone(), Group::Exchange(id.raw())));
    let of_budgets = kept.multipliers.iter().filter_map(|multiplier| {
        let Pacing { kind, name, .. } = pacing(multiplier, names);
        let id = multiplier.id;
        match multiplier.whose {
            Whose::Campaign => Some(of(kind, name, Group::Campaign(id))),
            Whose::LineItem => Some(of(kind, name, Group::LineItem(id))),
            // Its requests are its campaigns'.
            Whose::Pool => None,
        }
    });
    of_exchanges.chain(of_budgets).collect()
}

/// A bar of eight heights for each hour.
fn curve(hours: &[f64; 24]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = hours.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let height = |share: &f64| (1..8).rev().find(|at| share / most * 7.0 >= f64::from(*at)).unwrap_or(0);
    hours.iter().map(|share| BARS[usize::try_from(height(share)).unwrap_or(0)]).collect()
}

fn model(models: &Models, trials: Vec<Trial>) -> Model {
    let (found, unreadable) = match models.current() {
        Ok(found) => (found, None),
        Err(error) => (None, Some(error.to_string())),
    };
    Model {
        in_use: found.is_some(),
        version: found.as_ref().map(|found| found.version.clone()),
        since: found.as_ref().map(|found| instant(found.written)),
        age_seconds: found.as_ref().map(|found| clock::now().since(found.written).raw() / 1_000),
        unreadable,
        former: models.former_count(),
        trials,
    }
}

fn text(status: &Status) -> String {
    let Status { landscapes, model, contexts, .. } = status;
    let whose = if status.live { "the running server" } else { "the last server" };
    let mut out = format!("what {whose} learnt until {}\n\n", status.at);
    let Landscapes { segments, samples, exact, won, lost } = landscapes;
    let _ = writeln!(
        out,
        "prices      {samples} outcomes in {segments} kinds of impressions: {exact} told the price to beat, {won} won, {lost} lost"
    );
    for shading in &status.shading {
        let arms: Vec<String> =
            shading.arms.iter().map(|arm| format!("{} {} of {}", arm.arm, arm.wins, arm.bids)).collect();
        let _ = writeln!(out, "shading     {}: won {}", shading.currency, arms.join(", "));
        let _ = writeln!(out, "            {}", shading.words);
    }
    if status.shading.is_empty() {
        out.push_str("shading     no bid that could be shaded has ended yet\n");
    }
    for pacing in &status.pacing {
        let _ = writeln!(out, "pacing      {} bids {:.4} of its value", pacing.name, pacing.multiplier);
    }
    for TrafficStatus { kind, name, day, hours } in &status.traffic {
        if let Some(day) = day {
            let _ = writeln!(out, "traffic     {kind} {name}: {day:.0} requests a day, by the hours of UTC");
            let _ = writeln!(out, "            {}", curve(hours));
        }
    }
    match (&model.version, &model.since, &model.unreadable) {
        (Some(version), Some(since), _) => {
            let age = span(model.age_seconds.unwrap_or(0).saturating_mul(1_000));
            let _ = writeln!(
                out,
                "model       {version} is in use since {since}, {age}; {} former",
                model.former
            );
        }
        (_, _, Some(unreadable)) => {
            let _ = writeln!(out, "model       {unreadable}");
        }
        _ => out.push_str("model       none: bids go by the campaigns' own rates\n"),
    }
    for trial in &model.trials {
        let whose = if trial.by_server { "the server" } else { "a person" };
        let verdict = if trial.accepted { "accepted" } else { "refused" };
        let _ = writeln!(
            out,
            "            {} by {whose}, {verdict}: {}",
            instant(UnixMillis::from_raw(trial.at)),
            trial.words
        );
    }
    let ContextsStatus { impressions, from, to } = contexts;
    let _ = write!(out, "to train on {impressions} billed impressions");
    if let (Some(from), Some(to)) = (from, to) {
        let _ = write!(out, " from {from} to {to}");
    }
    out.push('\n');
    out
}
