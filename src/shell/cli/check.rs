//! `encan check`: every error and warning of a configuration, before anything runs on it.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

use crate::campaign::is_exchange;
use crate::document::{Fault, Faults, Severity, Source, render};
use crate::shell::files::{Loaded, Paths, exchange, load, read_path};
use crate::shell::geo::SHIPPED;
use crate::units::UnixMillis;

/// Show every mistake in campaign files and exchange profiles at once, underlined, with its remedy.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// Campaign files, or folders of them; exchange profiles are known by what they hold.
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
    /// Folder of supply lists.
    #[arg(long, value_name = "DIR", env = "ENCAN_SUPPLY", default_value = "fixtures/supply")]
    pub supply: PathBuf,
    /// Database of addresses.
    #[arg(long, value_name = "FILE", env = "ENCAN_GEO", default_value = SHIPPED)]
    pub geo: PathBuf,
    /// Folder of audience definitions.
    #[arg(long, value_name = "DIR", env = "ENCAN_AUDIENCES", default_value = "fixtures/audiences")]
    pub audiences: PathBuf,
    /// Folder of the lists of values that rules name.
    #[arg(long, value_name = "DIR", env = "ENCAN_LISTS", default_value = "fixtures/lists")]
    pub lists: PathBuf,
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
    let loaded = loaded(args, now);
    let colour = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let report = report(&loaded, args, colour);
    let printed = io::stderr()
        .write_all(report.words.as_bytes())
        .and_then(|()| io::stdout().write_all(report.data.as_bytes()))
        .and_then(|()| io::stdout().flush());
    if printed.is_err() { ExitCode::from(2) } else { ExitCode::from(report.code) }
}

/// Everything that `args` name and what it refers to. Profiles beside those of `--exchanges` are read as well.
fn loaded(args: &Args, now: UnixMillis) -> Loaded {
    let holds_profiles = |path: &&PathBuf| {
        let sources = read_path(path, &mut Faults::new());
        !sources.is_empty() && sources.iter().all(is_exchange)
    };
    let (profiles, campaigns): (Vec<&PathBuf>, Vec<&PathBuf>) = args.paths.iter().partition(holds_profiles);
    let paths = Paths {
        campaigns: campaigns.into_iter().cloned().collect(),
        exchanges: args.exchanges.clone(),
        tax: args.tax.clone(),
        currencies: args.currencies.clone(),
        supply: args.supply.clone(),
        geo: args.geo.clone(),
        audiences: args.audiences.clone(),
        lists: args.lists.clone(),
    };
    let mut loaded = load(&paths, now);
    let mut faults = Faults::new();
    let sources: Vec<Source> = profiles.into_iter().flat_map(|path| read_path(path, &mut faults)).collect();
    for source in sources {
        if loaded.sources.iter().all(|known| known.name != source.name) {
            loaded.exchanges.extend(exchange(&source, &mut loaded.sources, &mut faults));
            loaded.sources.push(source);
        }
    }
    loaded.faults.extend(faults.into_vec());
    loaded
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
    exchanges: usize,
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
        let exchanges = loaded.exchanges.len();
        let summary = Summary { campaigns, line_items, exchanges, errors, warnings, faults: &loaded.faults };
        let json = serde_json::to_string_pretty(&summary).expect("a summary has text keys only");
        return Report { data: json + "\n", words: String::new(), code };
    }
    let data = format!(
        "{}, {}, {}, {}, {}\n",
        counted(campaigns, "campaign"),
        counted(line_items, "line item"),
        counted(loaded.exchanges.len(), "exchange"),
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

    use super::{Args, Report, loaded, report};
    use crate::units::UnixMillis;

    const NOW: UnixMillis = UnixMillis::from_raw(1_780_000_000_000);

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn check(campaigns: &Path, flags: &[&str]) -> Report {
        let path = campaigns.to_str().unwrap();
        let args = Cli::parse_from(["check", path].iter().chain(flags)).args;
        report(&loaded(&args, NOW), &args, false)
    }

    #[test]
    fn the_campaigns_that_come_with_encan_are_without_fault() {
        let report = check(Path::new("fixtures/campaigns"), &["--deny-warnings"]);
        assert_eq!(report.words, "");
        assert_eq!(report.data, "12 campaigns, 25 line items, 7 exchanges, 0 errors, 0 warnings\n");
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
        assert_eq!(denied.data, "1 campaign, 1 line item, 7 exchanges, 0 errors, 1 warning\n");
    }

    #[test]
    fn the_profiles_that_come_with_encan_are_without_fault() {
        let report = check(Path::new("fixtures/exchanges"), &["--deny-warnings"]);
        assert_eq!((report.words.as_str(), report.code), ("", 0));
        assert_eq!(report.data, "0 campaigns, 0 line items, 7 exchanges, 0 errors, 0 warnings\n");
    }

    #[test]
    fn a_profile_among_the_paths_is_checked_as_one_with_file_and_place() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string("fixtures/exchanges/xandr.json").unwrap();
        let file = folder.path().join("mine.json");
        std::fs::write(&file, text.replace("\"bids\": 15", "\"bids\": 0, \"bid\": 1")).unwrap();
        let line = text.lines().position(|line| line.contains("\"bids\": 15")).unwrap() + 1;
        let report = check(&file, &[]);
        assert_eq!(report.code, 1);
        let name = file.display();
        for want in [
            &format!("{name}:{line}:23") as &str,
            "`limits.bids` must be from 1 to 1000, got 0",
            "`limits.bid` is not a known key",
            "did you mean `bids`?",
        ] {
            assert!(report.words.contains(want), "{want} in\n{}", report.words);
        }
        assert_eq!(report.data, "0 campaigns, 0 line items, 7 exchanges, 2 errors, 0 warnings\n");
        // The same in the folder of `--exchanges`.
        let flags = ["--exchanges", folder.path().to_str().unwrap()];
        assert_eq!(check(Path::new("fixtures/campaigns/house-run-of-network.json"), &flags).code, 1);
    }

    #[test]
    fn an_approval_of_a_creative_that_is_misspelt_is_a_warning() {
        let folder = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string("fixtures/exchanges/xandr.json").unwrap();
        let listed = "[\"nobody/*\", \"house-run-of-network/banner-300x25\"]";
        let start = text.find("[\"branding").unwrap();
        let end = start + text[start..].find(']').unwrap();
        std::fs::write(
            folder.path().join("x.json"),
            format!("{}{listed}{}", &text[..start], &text[end + 1..]),
        )
        .unwrap();
        let flags = ["--exchanges", folder.path().to_str().unwrap()];
        let report = check(Path::new("fixtures/campaigns/house-run-of-network.json"), &flags);
        let want = "no campaign has the creative `house-run-of-network/banner-300x25`";
        assert!(report.words.contains(want), "{want} in\n{}", report.words);
        assert!(
            report.words.contains("did you mean `house-run-of-network/banner-300x250`?"),
            "{}",
            report.words
        );
        assert_eq!(report.data, "1 campaign, 3 line items, 1 exchange, 0 errors, 1 warning\n");
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
