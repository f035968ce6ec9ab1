//! `encan learn`: what was learnt of prices, clicks and conversions, beside a running server or without one.

mod measures;
mod show;
mod status;
mod train;
mod undo;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use jiff::Timestamp;

use crate::report::Names;
use crate::shell::cli::report::names;
use crate::shell::store::{Store, StoreError};
use crate::units::UnixMillis;

/// What to do with what was learnt.
#[derive(Debug, Subcommand)]
pub enum Learn {
    /// Train chances of clicks and conversions, and use them if they are no worse than those in use.
    Train(train::Args),
    /// Print the model in use: how good it is, and what it makes of which value.
    Show(show::Args),
    /// Print what is learnt: prices to beat, what shading saves, how budgets are paced, which models were refused.
    Status(status::Args),
    /// Put the former model back in use.
    Undo(undo::Args),
}

/// Runs the verb.
#[must_use]
pub fn run(verb: &Learn) -> ExitCode {
    match verb {
        Learn::Train(args) => train::run(args),
        Learn::Show(args) => show::run(args),
        Learn::Status(args) => status::run(args),
        Learn::Undo(args) => undo::run(args),
    }
}

/// Where the data lies.
#[derive(Debug, Clone, clap::Args)]
struct DataArgs {
    /// Folder of the ledger and of what was learnt.
    #[arg(long, env = "ENCAN_DATA", default_value = "data", value_name = "DIR")]
    data: PathBuf,
}

/// An instant as people and programs read it.
fn instant(at: UnixMillis) -> String {
    Timestamp::from_millisecond(at.raw()).map_or_else(|_| at.raw().to_string(), |at| format!("{at:.0}"))
}

/// A span of milliseconds in its largest unit.
fn span(millis: i64) -> String {
    let minutes = millis.max(0) / 60_000;
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2_880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1_440),
    }
}

/// The names that the ledger keeps; none where there is no ledger.
fn known_names(data: &Path) -> Result<Names, StoreError> {
    match Store::open(data) {
        Ok(store) => names(&store),
        Err(StoreError::Missing { .. }) => Ok(Names::default()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{instant, span};
    use crate::units::UnixMillis;

    #[test]
    fn instants_and_spans_are_words_for_people() {
        assert_eq!(instant(UnixMillis::from_raw(1_795_338_302_123)), "2026-11-22T09:05:02Z");
        for (millis, want) in
            [(-5, "0 min"), (3_600_000, "60 min"), (7_200_000, "2 h"), (864_000_000, "10 days")]
        {
            assert_eq!(span(millis), want);
        }
    }
}
