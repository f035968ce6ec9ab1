//! Help that fits its terminal: paragraphs flow, examples and tables keep their lines.

use clap::Command;

/// `command` and all below it, with the paragraphs of what follows the options on one line each, so that the terminal's
/// width alone breaks them.
pub(super) fn flowing(command: Command) -> Command {
    let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
    let command = names.into_iter().fold(command, |command, name| command.mut_subcommand(name, flowing));
    match command.get_after_help().map(|help| joined(&help.to_string())) {
        Some(help) => command.after_help(help),
        None => command,
    }
}

/// `text` with each paragraph on one line. An indented line stays alone, and so does a heading.
fn joined(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut flows = false;
    for line in text.lines() {
        let is_prose = !line.is_empty() && !line.starts_with(' ');
        if flows && is_prose {
            joined.push(' ');
        } else if !joined.is_empty() {
            joined.push('\n');
        }
        joined.push_str(line);
        flows = is_prose && !line.ends_with(':');
    }
    joined
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{flowing, joined};
    use crate::shell::cli::Cli;

    #[test]
    fn a_paragraph_flows_and_examples_headings_and_tables_keep_their_lines() {
        let text = "Examples:\n  encan one\n  encan two\n\nWhat is long\nis one line.\nAs is this.\n\nColumns:\n  a  b\n  c  d";
        let want = "Examples:\n  encan one\n  encan two\n\nWhat is long is one line. As is this.\n\nColumns:\n  a  b\n  c  d";
        assert_eq!(joined(text), want);
        assert_eq!(joined(""), "");
    }

    #[test]
    fn every_verb_is_still_there_and_its_help_flows() {
        flowing(Cli::command()).debug_assert();
        let matches = flowing(Cli::command()).try_get_matches_from(["encan", "ledger", "backup", "--help"]);
        let help = matches.unwrap_err().to_string();
        assert!(help.contains("Examples:\n  encan ledger backup --whole"), "{help}");
        assert!(Cli::try_parse_from(["encan", "ledger", "verify"]).is_ok());
    }
}
