//! `encan attributes`: what targeting rules may compare, from the table that the rules are read by.

use std::process::ExitCode;

use comfy_table::{ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};
use serde::Serialize;

use crate::campaign::{Attribute, Holds};
use crate::document::suggestion;
use crate::shell::cli::{INPUT_WRONG, fail, put};

/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Columns of a terminal that the table fits into.
const COLUMNS: u16 = 120;
/// What is said below the table.
const RULES: &str = "\
What a request does not tell passes no test of it, negated or not, unless the rule says \"unknown\": \"include\".
Where values are texts, a rule may name files of them: \"domain\": [{\"list\": \"premium-news\"}, \"lemonde.fr\"].
";

/// Show what targeting rules may compare: the attributes, their values, what each reads, and when it is unknown.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  encan attributes\n  encan attributes domain segment --json")]
pub struct Args {
    /// Only these attributes.
    #[arg(value_name = "ATTRIBUTE")]
    pub only: Vec<String>,
    /// Print them as JSON.
    #[arg(long)]
    pub json: bool,
}

/// One attribute, in words.
#[derive(Debug, Serialize)]
struct Row {
    attribute: &'static str,
    values: String,
    /// `one`, `many`, or the sets of words that stand together.
    holds: String,
    /// Whether a rule may name a list file of it.
    lists: bool,
    /// The channels that tell it; all, and none, if empty.
    channels: &'static [&'static str],
    reads: &'static str,
    /// Of which request it is unknown; never, if absent.
    unknown: Option<&'static str>,
}

impl Row {
    fn of(attribute: Attribute) -> Self {
        let holds = match attribute.holds() {
            Holds::One => "one".to_owned(),
            Holds::Many => "many".to_owned(),
            Holds::OneOf(sets) => {
                let sets: Vec<String> = sets.iter().map(|set| set.join(" and ")).collect();
                format!("one of: {}", sets.join(", "))
            }
        };
        Self {
            attribute: attribute.name(),
            values: attribute.kind().words(),
            holds,
            lists: attribute.kind().takes_lists(),
            channels: attribute.channels(),
            reads: attribute.reads(),
            unknown: attribute.untold(),
        }
    }
}

/// Runs the verb.
#[must_use]
pub fn run(args: &Args) -> ExitCode {
    match text(args) {
        Ok(text) => {
            put(&text);
            ExitCode::SUCCESS
        }
        Err(word) => {
            let near = suggestion(&word, Attribute::ALL.iter().map(|attribute| attribute.name()));
            let hint = near.map(|near| format!("did you mean `{near}`?"));
            let hint = hint.as_deref().unwrap_or("without a name, all of them are shown");
            fail(INPUT_WRONG, &format!("`{word}` is not an attribute"), hint)
        }
    }
}

/// What to print, or the word that is no attribute.
fn text(args: &Args) -> Result<String, String> {
    let named: Result<Vec<Attribute>, String> =
        args.only.iter().map(|word| Attribute::from_name(word).ok_or_else(|| word.clone())).collect();
    let named = named?;
    let shown = if named.is_empty() { Attribute::ALL } else { &named };
    let rows: Vec<Row> = shown.iter().map(|attribute| Row::of(*attribute)).collect();
    if args.json {
        return Ok(serde_json::to_string_pretty(&rows).expect("rows have text keys only") + "\n");
    }
    Ok(format!("{}\n{RULES}", table(&rows)))
}

fn table(rows: &[Row]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
    table.set_header(["attribute", "values", "reads", "unknown if"]);
    for row in rows {
        table.add_row([row.attribute, &row.values, row.reads, row.unknown.unwrap_or("never")]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let widths = [22, 30, 34, 31];
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Args, text};
    use crate::campaign::Attribute;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    fn check(words: &[&str]) -> Result<String, String> {
        text(&Cli::parse_from(["attributes"].iter().chain(words)).args)
    }

    #[test]
    fn every_attribute_has_its_line_within_the_width() {
        let text = check(&[]).unwrap();
        for attribute in Attribute::ALL {
            let line = |line: &str| line.starts_with(&format!("{attribute} "));
            assert_eq!(text.lines().filter(|text| line(text)).count(), 1, "{attribute} in\n{text}");
        }
        let widest = text.lines().max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 120, "{widest}");
    }

    #[test]
    fn one_attribute_is_shown_with_its_values_and_when_it_is_unknown() {
        let text = check(&["rewarded", "bundle"]).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("attribute"), "{text}");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(lines[2]), "rewarded true or false imp.rwdd; absent is false never", "{text}");
        assert!(
            words(lines[3]).starts_with("bundle texts, compared without case app.bundle it is no app"),
            "{text}"
        );
    }

    #[test]
    fn the_json_form_holds_all_of_the_table() {
        let all: serde_json::Value = serde_json::from_str(&check(&["--json"]).unwrap()).unwrap();
        assert_eq!(all.as_array().map(Vec::len), Some(Attribute::COUNT));
        let one: serde_json::Value = serde_json::from_str(&check(&["domain", "--json"]).unwrap()).unwrap();
        let want = serde_json::json!([{
            "attribute": "domain",
            "values": "domains; each covers those below it",
            "holds": "one",
            "lists": true,
            "channels": ["site"],
            "reads": "site.domain, else the host of site.page",
            "unknown": "it is no site, or names neither",
        }]);
        assert_eq!(one, want);
    }

    #[test]
    fn a_word_that_is_no_attribute_is_given_back() {
        assert_eq!(check(&["domain", "domian"]), Err("domian".to_owned()));
    }
}
