//! `encan check`: every error and warning of a configuration, before anything runs on it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::document::{Fault, Severity, render};
use crate::shell::files::{Loaded, Paths, load};
use crate::units::UnixMillis;

/// Show every mistake in campaign files at once, underlined, with its remedy.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Campaign files, or folders of them.
    #[arg(value_name = "PATH", env = "ENCAN_CAMPAIGNS", default_value = "fixtures/campaigns")]
    pub paths: Vec<PathBuf>,
    /// Folder of exchange profiles.
    #[arg(long, value_name = "DIR", env = "ENCAN_EXCHANGES", default_value = "fixtures/exchanges")]
    pub exchanges: PathBuf,
    /// Folder of tax scenarios.
    #[arg(long, value_name = "DIR", env = "ENCAN_TAX", default_value = "fixtures/tax")]
    pub tax: PathBuf,
    /// Table of exchange rates.
    #[arg(long, value_name = "FILE", env = "ENCAN_CURRENCIES", default_value = "fixtures/currencies.json")]
    pub currencies: PathBuf,
    /// Fail on warnings too.
    #[arg(long)]
    pub deny_warnings: bool,
    /// Print the result as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Checks, prints, and gives the exit code: 0 if all is right, 1 if the input is wrong, 2 if printing
/// failed.
#[must_use]
pub fn run(args: &Args, now: UnixMillis) -> ExitCode {
    let paths = Paths {
        campaigns: args.paths.clone(),
        exchanges: args.exchanges.clone(),
        tax: args.tax.clone(),
        currencies: args.currencies.clone(),
    };
    let loaded = load(&paths, now);
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let report = report(&loaded, args, colour);
    let printed = io::stderr()
        .write_all(report.words.as_bytes())
        .and_then(|()| io::stdout().write_all(report.data.as_bytes()))
        .and_then(|()| io::stdout().flush());
    if printed.is_err() { ExitCode::from(2) } else { ExitCode::from(report.code) }
}

/// What to print, and the exit code.
#[derive(Debug, PartialEq, Eq)]
struct Report {
    /// For stdout.
    data: String,
    /// For stderr.
    words: String,
    code: u8,
}

/// The JSON form.
#[derive(Serialize)]
struct Summary<'a> {
    campaigns: usize,
    line_items: usize,
    errors: usize,
    warnings: usize,
    faults: &'a [Fault],
}

fn report(loaded: &Loaded, args: &Args, colour: bool) -> Report {
    let errors = loaded.count(Severity::Error);
    let warnings = loaded.count(Severity::Warning);
    let code = u8::from(errors > 0 || (args.deny_warnings && warnings > 0));
    let (campaigns, line_items) = (loaded.campaigns, loaded.line_items);
    if args.json {
        let summary = Summary { campaigns, line_items, errors, warnings, faults: &loaded.faults };
        let json = serde_json::to_string_pretty(&summary).expect("a summary has text keys only");
        return Report { data: json + "\n", words: String::new(), code };
    }
    let data = format!(
        "{}, {}, {}, {}\n",
        counted(campaigns, "campaign"),
        counted(line_items, "line item"),
        counted(errors, "error"),
        counted(warnings, "warning"),
    );
    Report { data, words: render(&loaded.faults, &loaded.sources, colour), code }
}

fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::Parser;

    use super::{Args, Report, report};
    use crate::shell::files::{Paths, load};
    use crate::units::UnixMillis;

    const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn check(campaigns: &Path, flags: &[&str]) -> Report {
        let args = Cli::parse_from(["check"].iter().chain(flags)).args;
        let paths = Paths {
            campaigns: vec![campaigns.into()],
            exchanges: args.exchanges.clone(),
            tax: args.tax.clone(),
            currencies: args.currencies.clone(),
        };
        report(&load(&paths, NOW), &args, false)
    }

    #[test]
    fn the_campaigns_that_come_with_encan_are_without_fault() {
        let report = check(Path::new("fixtures/campaigns"), &["--deny-warnings"]);
        assert_eq!(report.words, "");
        assert_eq!(report.data, "11 campaigns, 21 line items, 0 errors, 0 warnings\n");
        assert_eq!(report.code, 0);
    }

    #[test]
    fn a_warning_fails_only_where_warnings_are_denied() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string("fixtures/campaigns/audio-festival.json").unwrap();
        let text = text.replace(r#""start": "2026-01-01""#, r#""start": "2025-01-01", "end": "2025-06-30""#);
        std::fs::write(folder.path().join("audio.json"), text).unwrap();
        assert_eq!(check(folder.path(), &[]).code, 0);
        let denied = check(folder.path(), &["--deny-warnings"]);
        assert_eq!(denied.code, 1);
        assert_eq!(denied.data, "1 campaign, 1 line item, 0 errors, 1 warning\n");
    }

    #[test]
    fn the_json_form_holds_the_same() {
        let report = check(Path::new("fixtures/nowhere"), &["--json"]);
        let json: serde_json::Value = serde_json::from_str(&report.data).unwrap();
        assert_eq!((report.code, report.words.as_str()), (1, ""));
        assert_eq!(json["errors"], 1);
        assert_eq!(json["faults"][0]["source"], "fixtures/nowhere");
        assert_eq!(json["faults"][0]["message"], "there is no such file or folder");
    }
}
