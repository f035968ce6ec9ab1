//! `encan tax`: what is owed for a period, and what another tax would change.

mod declare;
mod page;
mod sheet;
mod what_if;

pub(in crate::shell) use page::{body, html};
pub(in crate::shell) use sheet::Written;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;

use crate::document::{Faults, render};
use crate::shell::cli::{INPUT_WRONG, WE_FAILED, fail, say};
use crate::shell::files::{compiled_scenarios, read_path};
use crate::shell::store::StoreError;
use crate::ttf::Scenario;

/// What to know about the tax.
#[derive(Debug, Subcommand)]
pub enum Tax {
    /// Declare what is owed for a month, a quarter or a year, by the ledger.
    Declare(declare::Args),
    /// Hold the ledger's impressions against other taxes, rates and bearers, side by side.
    WhatIf(what_if::Args),
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &Tax) -> ExitCode {
    match verb {
        Tax::Declare(args) => declare::run(args),
        Tax::WhatIf(args) => what_if::run(args),
    }
}

/// Where the ledger and the scenarios lie.
#[derive(Debug, Clone, clap::Args)]
struct Places {
    /// Folder of the ledger.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
    /// Folder of tax scenarios.
    #[arg(long, env = "ENCAN_TAX", default_value = "fixtures/tax", value_name = "DIR")]
    tax: PathBuf,
    /// Leave out the days that were archived.
    #[arg(long)]
    without_archives: bool,
}

/// The scenarios in `folder`; of faulty ones every fault is said, and the exit code given.
fn scenarios(folder: &Path) -> Result<Vec<Scenario>, ExitCode> {
    let mut faults = Faults::new();
    let sources = read_path(folder, &mut faults);
    let scenarios = compiled_scenarios(&sources, &mut faults);
    if faults.errors() > 0 {
        say(&render(&faults.into_vec(), &sources, false));
        return Err(ExitCode::from(INPUT_WRONG));
    }
    Ok(scenarios)
}

/// Says why the ledger cannot be used.
fn unusable(error: &StoreError) -> ExitCode {
    let is_input = matches!(error, StoreError::Missing { .. });
    fail(if is_input { INPUT_WRONG } else { WE_FAILED }, error, error.hint())
}
