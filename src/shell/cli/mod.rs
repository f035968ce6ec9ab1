//! The command line: a file a verb. Data goes to stdout, words to stderr.
//!
//! Exit codes: 0 done, 1 your input is wrong, 2 we failed.

pub mod attributes;
pub mod audience;
pub mod certify;
pub mod check;
pub mod conversions;
pub mod demo;
pub mod experiment;
pub mod explain;
pub mod feedback;
mod help;
pub mod judge;
pub mod keys;
pub mod learn;
pub mod ledger;
pub mod reconcile;
pub mod report;
pub mod serve;
pub mod shading;
pub mod sim;
pub mod tax;

use std::fmt::Display;
use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::shell::{clock, failpoint};

/// Your input is wrong.
pub const INPUT_WRONG: u8 = 1;
/// We failed.
pub const WE_FAILED: u8 = 2;

/// A DSP-side real-time bidder: fast, bids only what it has reserved, explains every bid.
#[derive(Debug, Parser)]
#[command(
    name = "encan",
    version,
    after_help = "Examples:\n  encan serve                         bid with fixtures/campaigns\n  encan check my-campaigns/           every mistake at once\n  encan demo --for 60s                a whole market on this machine\n  encan report --by campaign,day      CPA, ROI, TTF"
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Bid, until told to stop.
    Serve(serve::Args),
    /// Bid against a built-in exchange with users, clicks and conversions.
    Demo(demo::Args),
    /// Show every error and warning in campaigns, exchanges and taxes.
    Check(check::Args),
    /// Show what targeting rules may compare, and when it is unknown.
    Attributes(attributes::Args),
    /// Say for each line item what it would bid on a request, or why it would not.
    Explain(explain::Args),
    /// Hold any running bidder to OpenRTB, rule by rule.
    Certify(certify::Args),
    /// Print spend, CPA, ROI and all other figures.
    Report(report::Args),
    /// Declare the tax that is owed, and see what another one would change.
    #[command(
        subcommand,
        after_help = "Examples:
  encan tax declare --period 2026-10
  encan tax declare --period 2026-Q4 --by campaign --format html > q4.html
  encan tax what-if --scenario hypothesis-eu --rates 0.01,0.02,0.05,0.1"
    )]
    Tax(tax::Tax),
    /// Say what ads bring, by holdouts, and which arm of a line item is better.
    Experiment(experiment::Args),
    /// Run worlds that go wrong, from seeds, and hold the core to the laws of money.
    Sim(sim::Args),
    /// Judge pacing policies on days of auctions whose prices are known.
    Judge(judge::Args),
    /// Compare ways to shade first-price bids, on seeded worlds and on a log.
    Shading(shading::Args),
    /// Change the keys that sign notices, and show which there are.
    #[command(subcommand)]
    Keys(keys::KeysVerb),
    /// Look after the books: verify, correct, back up and archive them, and see balances.
    #[command(
        subcommand,
        after_help = "Examples:
  encan ledger verify
  encan ledger balances
  encan ledger correct november.json --dry-run
  encan ledger corrections
  encan ledger backup --whole /mnt/2026-11-22 --with-keys
  encan ledger restore /mnt/2026-11-22 --data data
  encan ledger archive --before 2026-01-01"
    )]
    Ledger(ledger::Ledger),
    /// Bring in conversions from files, see them, and credit them to ads by every model.
    #[command(
        subcommand,
        after_help = "Examples:
  encan conversions import november.csv --dry-run
  encan conversions show --late
  encan conversions credit --by exchange"
    )]
    Conversions(conversions::Conversions),
    /// Look after what was learnt: train and show chances, see prices, shading and pacing, undo.
    #[command(
        subcommand,
        after_help = "Examples:
  encan learn status
  encan learn train --held-out-days 2
  encan learn show --top 50
  encan learn undo"
    )]
    Learn(learn::Learn),
    /// See, accept and undo what the figures change, with the evidence of each.
    #[command(
        subcommand,
        after_help = "Examples:
  encan feedback run
  encan feedback list --state proposed
  encan feedback show 7
  encan feedback accept 7
  encan feedback undo 7"
    )]
    Feedback(feedback::FeedbackVerb),
    /// Keep audiences: who is in which segment, and what they did.
    #[command(subcommand)]
    Audience(audience::Audience),
}

/// Runs what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    let matches = help::flowing(Cli::command()).try_get_matches();
    let verb = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli.verb,
        Err(words) => {
            // Help and the version are answers; the rest is a wrong command line. Nobody left to read
            // either is no reason to fail.
            let _ = words.print();
            return ExitCode::from(if words.use_stderr() { INPUT_WRONG } else { 0 });
        }
    };
    if let Err(error) = failpoint::arm() {
        return fail(INPUT_WRONG, &error, "take the variable out: it is for tests of encan itself");
    }
    match verb {
        Verb::Serve(args) => serve::run(&args),
        Verb::Demo(args) => demo::run(&args),
        Verb::Check(args) => check::run(&args, clock::now()),
        Verb::Attributes(args) => attributes::run(&args),
        Verb::Explain(args) => explain::run(&args),
        Verb::Certify(args) => certify::run(&args),
        Verb::Report(args) => report::run(&args),
        Verb::Tax(verb) => tax::run(&verb),
        Verb::Experiment(args) => experiment::run(&args),
        Verb::Sim(args) => sim::run(&args),
        Verb::Judge(args) => judge::run(&args),
        Verb::Shading(args) => shading::run(&args),
        Verb::Keys(verb) => keys::run(&verb),
        Verb::Ledger(verb) => ledger::run(&verb),
        Verb::Conversions(verb) => conversions::run(&verb),
        Verb::Learn(verb) => learn::run(&verb),
        Verb::Feedback(verb) => feedback::run(&verb),
        Verb::Audience(verb) => audience::run(&verb),
    }
}

/// Prints one clear line and what to do about it; gives the exit code back.
pub fn fail(code: u8, error: &dyn Display, hint: &str) -> ExitCode {
    say(&format!("error: {error}\n"));
    if !hint.is_empty() {
        say(&format!("\nhint: {hint}\n"));
    }
    ExitCode::from(code)
}

/// Words, to stderr. Nobody left to read them is no reason to fail.
pub fn say(words: &str) {
    let mut out = std::io::stderr().lock();
    let _ = out.write_all(words.as_bytes()).and_then(|()| out.flush());
}

/// Data, to stdout; false if nobody reads it any more.
pub fn put(data: &str) -> bool {
    let mut out = std::io::stdout().lock();
    out.write_all(data.as_bytes()).and_then(|()| out.flush()).is_ok()
}
