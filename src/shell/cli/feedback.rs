//! `encan feedback`: what the sink's figures change, beside a running server or without one.
//!
//! A server on the same folder follows within a second: whoever writes the log is seen by its counter.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde::Serialize;

use crate::feedback::{Change, Log, Refusal, Setting, Settings, State, Value, printable, suggest};
use crate::report::Names;
use crate::shell::cli::report::names;
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, put, say};
use crate::shell::clock;
use crate::shell::config::{ConfigArgs, configure};
use crate::shell::feedback::{ChangeForm, ChangeStore, FeedbackError, rows};
use crate::shell::learning::KeptContexts;
use crate::shell::store::{Store, StoreError};
use crate::units::{ChangeId, Millis, UnixMillis};

/// What to do with changes.
#[derive(Debug, Subcommand)]
pub enum FeedbackVerb {
    /// Print the changes: what, from where to where, and what has become of each.
    List(ListArgs),
    /// Print a change with its evidence, and every state that it was in.
    Show(IdArgs),
    /// Make a change that was proposed.
    #[command(
        after_help = "Example:\n  encan feedback accept 7\n\nA server on the same folder bids by it within a second. A raised budget is not made by encan: it says what to\nwrite in the campaign's file."
    )]
    Accept(IdArgs),
    /// Refuse a change that was proposed; it is not proposed again for a week.
    #[command(after_help = "Example:\n  encan feedback reject 7")]
    Reject(IdArgs),
    /// Take back a change that was made: what was before it is in force again, exactly.
    #[command(
        after_help = "Example:\n  encan feedback undo 7\n\nOf several changes of the same thing the last one is undone first. The same change is not made or proposed again\nfor a week."
    )]
    Undo(IdArgs),
    /// Look at the figures now, as a server does every hour.
    Run(RunArgs),
}

/// Where the changes are, and how they are printed.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Folder of the ledger and the changes.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

/// Flags of `feedback list`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  encan feedback list --state proposed\n  encan feedback list --json")]
pub struct ListArgs {
    /// Only changes in this state: proposed, made, undone, rejected.
    #[arg(long, value_name = "STATE", value_parser = state)]
    state: Option<State>,
    #[command(flatten)]
    common: Common,
}

/// Flags of verbs that are about one change.
#[derive(Debug, Clone, clap::Args)]
pub struct IdArgs {
    /// Its number, as `encan feedback list` shows it.
    #[arg(value_name = "ID")]
    id: u64,
    #[command(flatten)]
    common: Common,
}

/// Flags of `feedback run`.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Examples:\n  encan feedback run\n  encan feedback run --settle-hours 24 --campaigns my-campaigns\n\nA campaign's `learning.feedback` says what happens: off, propose (a person accepts), automatic (made at once, but for\nbudgets). No step is above 20 %, and all together stay within its `learning.corridor`. Impressions that are too young to\nhave brought what they will bring do not count: an hour for clicks, seven days for conversions."
)]
pub struct RunArgs {
    /// Hours that an impression is given before it counts, in place of the usual ones.
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u16).range(0..=672))]
    settle_hours: Option<u16>,
    #[command(flatten)]
    config: ConfigArgs,
    #[command(flatten)]
    common: Common,
}

fn state(text: &str) -> Result<State, String> {
    let names = State::ALL.map(State::name).join(", ");
    let found = State::ALL.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| format!("`{text}` is no state; there are {names}"))
}

/// Why a verb ends.
enum Halt {
    Feedback(FeedbackError),
    /// Said already.
    Configuration,
}

impl<E: Into<FeedbackError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Feedback(error.into())
    }
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &FeedbackVerb) -> ExitCode {
    let done = match verb {
        FeedbackVerb::List(args) => list(args),
        FeedbackVerb::Show(args) => show(args),
        FeedbackVerb::Accept(args) => act(args, Log::accept),
        FeedbackVerb::Reject(args) => act(args, Log::reject),
        FeedbackVerb::Undo(args) => act(args, Log::undo),
        FeedbackVerb::Run(args) => look(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Halt::Feedback(error)) => {
            fail(if error.is_input() { INPUT_WRONG } else { WE_FAILED }, &error, &error.hint())
        }
        Err(Halt::Configuration) => {
            fail(INPUT_WRONG, &"the configuration has errors", "mend them, see `encan check`")
        }
    }
}

fn list(args: &ListArgs) -> Result<(), Halt> {
    let log = ChangeStore::existing(&args.common.data)?.map(|store| store.log()).transpose()?;
    let log = log.unwrap_or_default();
    let wanted = |change: &&Change| args.state.is_none_or(|state| change.state == state);
    let changes: Vec<Change> = log.changes().rev().filter(wanted).cloned().collect();
    print(&changes, &args.common)
}

fn show(args: &IdArgs) -> Result<(), Halt> {
    let id = ChangeId::from_raw(args.id);
    let store = ChangeStore::existing(&args.common.data)?.ok_or(Refusal::Unknown { id })?;
    let states: Vec<Change> = store.rows()?.into_iter().filter(|row| row.id == id).collect();
    let last = states.last().ok_or(Refusal::Unknown { id })?;
    let names = known_names(&args.common)?;
    if args.common.json {
        let shown = Shown {
            change: Line::of(last, &names),
            states: states.iter().map(|change| Line::of(change, &names)).collect(),
        };
        put(&(serde_json::to_string_pretty(&shown).expect("texts and numbers are JSON") + "\n"));
    } else {
        put(&in_words(last, &states, &names));
    }
    Ok(())
}

/// A change, and every state that it was in.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    change: Line,
    states: Vec<Line>,
}

fn act(args: &IdArgs, how: fn(&Log, ChangeId, UnixMillis) -> Result<Change, Refusal>) -> Result<(), Halt> {
    let id = ChangeId::from_raw(args.id);
    let mut store = ChangeStore::existing(&args.common.data)?.ok_or(Refusal::Unknown { id })?;
    let done = store.append(|log| how(log, id, clock::now()).map(|change| vec![change]))?;
    for change in &done {
        if let (Setting::RaiseBudget, Value::Money(from), Value::Money(to)) =
            (&change.target.setting, change.from, change.to)
        {
            let amount = match change.state {
                State::Made => Some(to),
                State::Undone => Some(from),
                State::Proposed | State::Rejected => None,
            };
            if let Some(amount) = amount {
                say(&format!("budgets stand in the campaign's file: write `budget.daily` {amount} there\n"));
            }
        }
    }
    print(&done, &args.common)
}

fn look(args: &RunArgs) -> Result<(), Halt> {
    let (data, now) = (&args.common.data, clock::now());
    let plan = match configure(&args.config, 1, now) {
        Ok(configured) => configured.plan,
        Err(faulty) => {
            say(&faulty.words());
            return Err(Halt::Configuration);
        }
    };
    let mut settings = Settings::default();
    if let Some(hours) = args.settle_hours {
        let settle = Millis::from_seconds(i64::from(hours) * 3_600);
        (settings.clicks_settle, settings.conversions_settle) = (settle, settle);
    }
    // First the ledger: without one, nothing is made in the folder.
    let ledger = Store::open(data)?;
    let rows = rows(&ledger, &plan, &KeptContexts(data.clone()), &settings, now, &|| true)?;
    let mut store = ChangeStore::open(data)?;
    let news = store.append(|log| Ok::<_, FeedbackError>(suggest(&rows, &settings, log, now)))?;
    print(&news, &args.common)
}

/// The names of ids, if there is a ledger that keeps them.
fn known_names(common: &Common) -> Result<Names, Halt> {
    match Store::open(&common.data) {
        Ok(store) => Ok(names(&store)?),
        Err(StoreError::Missing { .. }) => Ok(Names::default()),
        Err(error) => Err(error.into()),
    }
}

fn print(changes: &[Change], common: &Common) -> Result<(), Halt> {
    let names = known_names(common)?;
    if common.json {
        let lines: Vec<Line> = changes.iter().map(|change| Line::of(change, &names)).collect();
        put(&(serde_json::to_string_pretty(&lines).expect("texts and numbers are JSON") + "\n"));
    } else {
        put(&table(changes, &names));
    }
    Ok(())
}

/// A change as JSON: names beside the ids.
#[derive(Debug, Serialize)]
struct Line {
    /// In UTC.
    time: String,
    campaign_name: Option<String>,
    line_item_name: Option<String>,
    exchange_name: Option<String>,
    #[serde(flatten)]
    form: ChangeForm,
}

impl Line {
    fn of(change: &Change, names: &Names) -> Self {
        let exchange = change.target.setting.placement().map(|placement| placement.exchange);
        Self {
            time: time(change.at),
            campaign_name: names.campaigns.get(&change.target.campaign).cloned(),
            line_item_name: change.target.line_item.and_then(|id| names.line_items.get(&id).cloned()),
            exchange_name: exchange.and_then(|id| names.exchanges.get(&id).cloned()),
            form: ChangeForm::of(change),
        }
    }
}

fn time(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at.raw()).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The line item or the campaign of a change, and its placement.
fn of_what(change: &Change, names: &Names) -> (String, String) {
    let target = &change.target;
    let holder = match target.line_item {
        Some(id) => names.line_items.get(&id).cloned().unwrap_or_else(|| id.to_string()),
        None => {
            let id = target.campaign;
            names.campaigns.get(&id).cloned().unwrap_or_else(|| id.to_string())
        }
    };
    let placement = target.setting.placement().map(|placement| {
        let id = placement.exchange;
        let exchange = names.exchanges.get(&id).cloned().unwrap_or_else(|| id.to_string());
        // As a request spelt it: nothing of it may move a terminal's cursor.
        format!("{} on {exchange}", printable(&placement.outlet))
    });
    (holder, placement.unwrap_or_default())
}

fn table(changes: &[Change], names: &Names) -> String {
    if changes.is_empty() {
        return "no changes\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(["id", "time", "what", "of", "placement", "from", "to", "state", "by", "why"]);
    for change in changes {
        let (holder, placement) = of_what(change, names);
        let (id, from, to) = (change.id.to_string(), change.from.to_string(), change.to.to_string());
        table.add_row([
            id.as_str(),
            &time(change.at),
            change.target.setting.name(),
            &holder,
            &placement,
            &from,
            &to,
            change.state.name(),
            change.by.name(),
            &change.evidence.sentence,
        ]);
    }
    format!("{table}\n")
}

fn in_words(change: &Change, states: &[Change], names: &Names) -> String {
    let (holder, placement) = of_what(change, names);
    let evidence = &change.evidence;
    let place = if placement.is_empty() { String::new() } else { format!(", {placement}") };
    let interval = evidence.interval.map_or_else(String::new, |(low, high)| {
        format!("observed / expected   95 % interval {low:.3} to {high:.3}\n")
    });
    let history: String = states
        .iter()
        .map(|state| format!("{}   {}, {}\n", time(state.at), state.state.name(), state.by.name()))
        .collect();
    format!(
        "change {id}: {what} of {holder}{place}\n\n{from} -> {to}\n\n{sentence}\n\n\
         rule                  {rule}\nwindow                {since} to {until}\nimpressions           {impressions}\n\
         spend                 {spend}\nclicks                {clicks}\nconversions           {conversions}\n\
         value                 {value}\nobserved              {observed:.1}\nexpected              {expected:.1}\n\
         {interval}chance of as much     {probability:.2e}\n\n{history}",
        id = change.id,
        what = change.target.setting.name(),
        from = change.from,
        to = change.to,
        sentence = evidence.sentence,
        rule = evidence.rule.name(),
        since = time(evidence.from),
        until = time(evidence.to),
        impressions = evidence.impressions,
        spend = evidence.spend,
        clicks = evidence.clicks,
        conversions = evidence.conversions,
        value = evidence.value,
        observed = evidence.observed,
        expected = evidence.expected,
        probability = evidence.probability,
    )
}
