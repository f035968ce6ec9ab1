//! From files to a plan: what `serve`, `demo` and `explain` run on, and how it is reloaded.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::bidder::Plan;
use crate::document::{Fault, Source, render};
use crate::shell::exchange_secrets;
use crate::shell::files::{Loaded, Paths, load};
use crate::units::UnixMillis;

/// Where the configuration lies, as flags of the command line.
#[derive(Debug, Clone, clap::Args)]
pub struct ConfigArgs {
    /// Folder of campaign files.
    #[arg(long, env = "ENCAN_CAMPAIGNS", default_value = "fixtures/campaigns", value_name = "DIR")]
    pub campaigns: PathBuf,
    /// Folder of exchange profiles.
    #[arg(long, env = "ENCAN_EXCHANGES", default_value = "fixtures/exchanges", value_name = "DIR")]
    pub exchanges: PathBuf,
    /// Folder of tax scenarios.
    #[arg(long, env = "ENCAN_TAX", default_value = "fixtures/tax", value_name = "DIR")]
    pub tax: PathBuf,
    /// Table of exchange rates.
    #[arg(long, env = "ENCAN_CURRENCIES", default_value = "fixtures/currencies.json", value_name = "FILE")]
    pub currencies: PathBuf,
}

impl ConfigArgs {
    /// The same, for the loader.
    #[must_use]
    pub fn paths(&self) -> Paths {
        Paths {
            campaigns: vec![self.campaigns.clone()],
            exchanges: self.exchanges.clone(),
            tax: self.tax.clone(),
            currencies: self.currencies.clone(),
        }
    }
}

/// A configuration that may not be used, with every fault.
#[derive(Debug)]
pub struct Faulty {
    /// Errors, and warnings beside them.
    pub faults: Vec<Fault>,
    /// The texts they lie in.
    pub sources: Vec<Source>,
}

/// A plan, and what it is worth a word about.
#[derive(Debug)]
pub struct Configured {
    /// What to run.
    pub plan: Plan,
    /// Warnings only.
    pub warnings: Faulty,
}

/// Reads, checks and compiles everything that `args` name.
///
/// # Errors
///
/// Every fault, if one of them is an error.
pub fn configure(args: &ConfigArgs, revision: u64, now: UnixMillis) -> Result<Configured, Faulty> {
    let Loaded { sources, catalog, mut exchanges, scenarios, rates, mut faults, .. } =
        load(&args.paths(), now);
    faults.extend(exchange_secrets::fetch(&mut exchanges, &sources));
    let described = Faulty { faults, sources };
    match catalog {
        Some(catalog) => {
            let plan = Plan::build(revision, catalog, exchanges, scenarios, rates);
            Ok(Configured { plan, warnings: described })
        }
        None => Err(described),
    }
}

impl Faulty {
    /// The faults as a person reads them, underlined.
    #[must_use]
    pub fn words(&self) -> String {
        render(&self.faults, &self.sources, std::io::stderr().is_terminal())
    }
}
