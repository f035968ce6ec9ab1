//! `encan ledger balances`: where money stands, and what is taken of every cap.

use std::collections::BTreeMap;
use std::process::ExitCode;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::campaign::{Budget, Catalog, Limits};
use crate::ledger::{CapKey, Level, Measure, Quantity, Window};
use crate::report::Names;
use crate::shell::cli::ledger::{DataArgs, names, unusable};
use crate::shell::cli::{INPUT_WRONG, fail, put, report};
use crate::shell::clock;
use crate::shell::config::ConfigArgs;
use crate::shell::files::load;
use crate::shell::store::{Kept, Store, StoreError};
use crate::units::{Epoch, Nanos};

/// Flags of `ledger balances`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:
  encan ledger balances
  encan ledger balances --limits --campaigns my-campaigns --json

An account's balance is a debit if positive: what advertisers owe is one; what is owed to exchanges, for data and as tax,
and what we earned, are credits. Of each cap: `used` is billed, shown or clicked; `leased` is held by the run that began
last, for bids that are out or still to come; `quarantined` is held by runs that ended without a word, until no notice of
theirs can come any more, or the next start counts it; `available` is the limit less all three. Money is in the campaign's
currency; days are the campaign's; hours are kept for two days. The server may go on running.")]
pub struct Args {
    /// Show the limits of the campaign files, and what is available.
    #[arg(long)]
    limits: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten, next_help_heading = "Where limits come from")]
    config: ConfigArgs,
}

#[derive(Debug, Serialize)]
struct Told {
    accounts: Vec<AccountRow>,
    caps: Vec<CapRow>,
}

#[derive(Debug, Serialize)]
struct AccountRow {
    account: &'static str,
    of: String,
    currency: String,
    balance: String,
}

#[derive(Debug, Serialize)]
struct CapRow {
    level: &'static str,
    name: String,
    window: String,
    measure: &'static str,
    used: String,
    leased: String,
    quarantined: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<String>,
}

/// What is taken of one cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Taken {
    used: Quantity,
    leased: Quantity,
    quarantined: Quantity,
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    let mut catalog = None;
    if args.limits {
        catalog = load(&args.config.paths(), clock::now()).catalog;
        if catalog.is_none() {
            let error = format!("the campaigns in `{}` have errors", args.config.campaigns.display());
            return fail(INPUT_WRONG, &error, "`encan check` shows all of them");
        }
    }
    match told(args, catalog.as_ref()) {
        Ok(told) if args.json => {
            put(&(serde_json::to_string_pretty(&told).expect("texts and numbers are JSON") + "\n"));
            ExitCode::SUCCESS
        }
        Ok(told) => {
            put(&text(&told, args.limits));
            ExitCode::SUCCESS
        }
        Err(error) => unusable(&error),
    }
}

fn told(args: &Args, catalog: Option<&Catalog>) -> Result<Told, StoreError> {
    let store = Store::open(&args.data.data)?;
    let (kept, names) = (store.kept()?, report::names(&store)?);
    let accounts = kept.sums.balances().into_iter().map(|((account, currency), amount)| {
        let (account, of) = names::account(account, &names);
        AccountRow { account, of, currency: currency.to_string(), balance: amount.to_string() }
    });
    let caps = taken(&kept).into_iter().map(|(cap, taken)| row(cap, taken, catalog, &names));
    Ok(Told { accounts: accounts.collect(), caps: caps.collect() })
}

/// Of each cap with anything on it.
fn taken(kept: &Kept) -> BTreeMap<CapKey, Taken> {
    let mut caps: BTreeMap<CapKey, Taken> = BTreeMap::new();
    for ((cap, epoch), share) in &kept.caps {
        let taken = caps.entry(*cap).or_default();
        taken.used = taken.used.plus(share.used);
        // Bills may come to more than was leased: then nothing of the lease is left.
        let held = share.taken().minus(share.used);
        if *epoch == kept.last_epoch && *epoch != Epoch::NONE {
            taken.leased = taken.leased.plus(held);
        } else {
            taken.quarantined = taken.quarantined.plus(held);
        }
    }
    caps.retain(|_, taken| *taken != Taken::default());
    caps
}

fn row(cap: CapKey, taken: Taken, catalog: Option<&Catalog>, names: &Names) -> CapRow {
    let (level, name) = names::holder(cap.level, names);
    let limit = catalog.and_then(|catalog| budget(catalog, cap.level)).and_then(|budget| limit(budget, cap));
    let words = |quantity| names::quantity(cap.measure, quantity);
    let Taken { used, leased, quarantined } = taken;
    CapRow {
        level,
        name,
        window: names::window(cap.window),
        measure: names::measure(cap.measure),
        used: words(used),
        leased: words(leased),
        quarantined: words(quarantined),
        limit: limit.map(words),
        available: limit.map(|limit| words(limit.minus(used).minus(leased).minus(quarantined))),
    }
}

fn budget(catalog: &Catalog, level: Level) -> Option<&Budget> {
    match level {
        Level::Campaign(id) => {
            catalog.campaigns.iter().find(|campaign| campaign.id == id).map(|found| &found.budget)
        }
        Level::LineItem(id) => {
            catalog.line_items.iter().find(|line_item| line_item.id == id).map(|found| &found.budget)
        }
    }
}

fn limit(budget: &Budget, cap: CapKey) -> Option<Quantity> {
    fn of<T: Copy>(limits: &Limits<T>, window: Window) -> Option<T> {
        match window {
            Window::Total => limits.total,
            Window::Day(_) => limits.daily,
            Window::Hour(_) => limits.hourly,
        }
    }
    match cap.measure {
        Measure::Money => of::<Nanos>(&budget.money, cap.window).map(Quantity::money),
        Measure::Impressions => of(&budget.impressions, cap.window).map(Quantity::count),
        Measure::Clicks => of(&budget.clicks, cap.window).map(Quantity::count),
    }
}

fn text(told: &Told, with_limits: bool) -> String {
    let mut accounts = table(&["account", "of", "currency", "balance"], &[3]);
    for row in &told.accounts {
        accounts.add_row([row.account, &row.of, &row.currency, &row.balance]);
    }
    let mut heads = vec!["level", "name", "window", "measure", "used", "leased", "quarantined"];
    if with_limits {
        heads.extend(["limit", "available"]);
    }
    let mut caps = table(&heads, &[4, 5, 6, 7, 8]);
    for row in &told.caps {
        let mut cells =
            vec![row.level, &row.name, &row.window, row.measure, &row.used, &row.leased, &row.quarantined];
        if with_limits {
            let none = "none";
            cells.extend([row.limit.as_deref().unwrap_or(none), row.available.as_deref().unwrap_or(none)]);
        }
        caps.add_row(cells);
    }
    format!("{accounts}\n\n{caps}\n")
}

fn table(heads: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header(heads.to_vec());
    for column in right {
        if let Some(column) = table.column_mut(*column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}
