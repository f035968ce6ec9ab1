//! What is printed of a reconciliation: what differs as it is found, and the sums at the end.

use serde_json::json;

use crate::report::reconcile::{Finding, Layout, Outcome};
use crate::shell::cli::put;
use crate::shell::cli::reconcile::Task;

/// Differing lines that people are shown unless they ask for all.
const SHOWN: usize = 20;
/// Bytes that are gathered before they are printed.
const GATHERED: usize = 64 * 1024;

/// Prints.
#[derive(Debug)]
pub struct Output<'a> {
    task: &'a Task<'a>,
    layout: &'a Layout,
    text: String,
    /// Differing lines so far.
    differing: usize,
}

impl<'a> Output<'a> {
    /// Before the first line.
    #[must_use]
    pub fn new(task: &'a Task<'a>, layout: &'a Layout) -> Self {
        let text = if task.json { "{\"differences\": [".to_owned() } else { String::new() };
        Self { task, layout, text, differing: 0 }
    }

    /// Prints what differs: for programs and with `--by-line` all of it, else the first lines, at the end.
    pub fn found(&mut self, finding: &Finding) {
        if finding.verdict.agrees() {
            return;
        }
        self.differing += 1;
        if self.task.json {
            let comma = if self.differing > 1 { "," } else { "" };
            let form = serde_json::to_string(finding).expect("texts and numbers are JSON");
            self.text.push_str(&format!("{comma}\n  {form}"));
        } else if self.task.flags.by_line || self.differing <= SHOWN {
            self.text.push_str(&finding.to_text());
        }
        if self.text.len() >= GATHERED {
            put(&self.text);
            self.text.clear();
        }
    }

    /// Prints the rest.
    pub fn end(self, outcome: &Outcome) {
        let columns: Vec<_> = self.layout.columns.read().collect();
        if self.task.json {
            let columns: serde_json::Map<_, _> =
                columns.into_iter().map(|(role, name)| (role.name().to_owned(), json!(name))).collect();
            let file = json!({
                "name": self.task.file.display().to_string(),
                "heading_line": self.layout.heading + 1,
                "columns": columns,
            });
            let whole = serde_json::to_string_pretty(outcome).expect("texts and numbers are JSON");
            // Both are objects: the second goes on where the first is left open.
            put(&format!("{}\n],\n\"file\": {file},{}\n", self.text, &whole[1..]));
            return;
        }
        let columns: Vec<_> =
            columns.iter().map(|(role, name)| format!("{} `{name}`", role.name())).collect();
        let head = format!(
            "`{}`, heading on line {}: {}\n\n",
            self.task.file.display(),
            self.layout.heading + 1,
            columns.join(", ")
        );
        let sums = head + &outcome.to_text();
        if self.task.flags.by_line {
            let space = if self.differing > 0 { "\n" } else { "" };
            put(&format!("{}{space}{sums}", self.text));
            return;
        }
        let mut text = sums;
        if self.differing > 0 {
            text.push('\n');
            text.push_str(&self.text);
        }
        if self.differing > SHOWN {
            let more = self.differing - SHOWN;
            text.push_str(&format!("... and {more} more: `--by-line` prints them all\n"));
        }
        put(&text);
    }
}
