//! The report for people, 100 columns wide: a table by section, then each fault with its first example.

use comfy_table::{Cell, CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};

use crate::certify::report::{Conclusion, Example, Line, Report, Verdict};
use crate::certify::rules::http as rule;

/// What a terminal shows.
const COLUMNS: u16 = 100;
/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Characters of what was sent and what came that are shown below a fault.
const SHOWN_CHARS: usize = 340;
/// Cases without bids that are named.
const UNBID_SHOWN: usize = 5;

impl Report {
    /// The report for people, of the bidder at `url` under the profile `profile`.
    #[must_use]
    pub fn to_text(&self, url: &str, profile: &str) -> String {
        let lines = self.lines();
        let mut text = format!("Certifying {url} as an exchange of profile `{profile}`\n\n");
        text.push_str(&table(&lines));
        for line in &lines {
            if let (Verdict::Fail, Some(example)) = (line.verdict(), &line.example) {
                text.push_str(&fault(line, example));
            }
        }
        text.push('\n');
        for words in self.summary(&lines) {
            text.push_str(&wrapped(&words, "", COLUMNS.into()));
        }
        text
    }

    fn summary(&self, lines: &[Line]) -> Vec<String> {
        let count = |verdict| lines.iter().filter(|line| line.verdict() == verdict).count();
        let in_words = |millis: Option<u32>| match millis {
            Some(u32::MAX) => "never".to_owned(),
            Some(millis) => format!("{millis} ms"),
            None => "-".to_owned(),
        };
        let mut summary = vec![
            format!(
                "{}, {} with {}; half of the answers within {}, 99 % within {}; {} late.",
                count_of(self.requests, "request"),
                count_of(self.answers_with_bids, "answer"),
                count_of(self.bids, "bid"),
                in_words(self.percentile(50)),
                in_words(self.percentile(99)),
                self.late,
            ),
            format!(
                "{} rules pass, {} fail, {} not applicable.",
                count(Verdict::Pass),
                count(Verdict::Fail),
                count(Verdict::NotApplicable)
            ),
        ];
        let unbid = self.unbid();
        if !unbid.is_empty() && self.bids > 0 {
            let more = unbid.len().saturating_sub(UNBID_SHOWN);
            let names = unbid[..unbid.len() - more].join("; ");
            let more = if more > 0 { format!("; and {more} others, see --json") } else { String::new() };
            summary.push(format!(
                "No bid came to {} of {} named requests. For some that is right; of the others, what is special about \
                 them was not tried: {names}{more}.",
                unbid.len(),
                self.asked,
            ));
        }
        summary.push(match (self.conclusion(), self.lack()) {
            (Conclusion::Fail, _) => {
                let broken = u64::try_from(count(Verdict::Fail)).unwrap_or(u64::MAX);
                format!(
                    "FAIL: {}.",
                    if broken == 1 {
                        "1 rule is broken".to_owned()
                    } else {
                        format!("{broken} rules are broken")
                    }
                )
            }
            (Conclusion::Incomplete, lack) => format!("INCOMPLETE: {}", lack.unwrap_or_default()),
            (Conclusion::Pass, _) => "PASS: every rule that was tried is kept.".to_owned(),
        });
        summary
    }
}

/// `1 bid`, `2 bids`.
pub(in crate::certify::report) fn count_of(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn table(lines: &[Line]) -> String {
    let mut table = comfy_table::Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).set_width(COLUMNS);
    let heads = ["section", "rule", "verdict", "seen", "what holds"].map(Cell::new);
    let [section, rule, verdict, seen, what] = heads;
    table.set_header([section, rule, verdict, seen.set_alignment(CellAlignment::Right), what]);
    let mut section = "";
    for line in lines {
        let shown = if line.rule.section == section { "" } else { line.rule.section };
        section = line.rule.section;
        let verdict = match line.verdict() {
            Verdict::Pass => "pass".to_owned(),
            Verdict::Fail => format!("FAIL {}", line.failed),
            Verdict::NotApplicable => "n/a".to_owned(),
        };
        let number = |count: u64| if count == 0 { String::new() } else { count.to_string() };
        let right = |count: u64| Cell::new(number(count)).set_alignment(CellAlignment::Right);
        table.add_row([
            Cell::new(shown),
            Cell::new(line.rule.id),
            Cell::new(verdict),
            right(line.seen),
            Cell::new(line.rule.what),
        ]);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    // The names stay on one line; only the sentence is broken.
    let widths = [8, 25, 10, 6];
    for (column, width) in table.column_iter_mut().zip(widths) {
        column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
    }
    let rows: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!("{}\n", rows.join("\n"))
}

fn fault(line: &Line, example: &Example) -> String {
    let share = if line.rule == &rule::ON_TIME { "late answers of" } else { "of" };
    let head = format!(
        "FAIL {} ({}): {}; {} {share} {}",
        line.rule.id,
        line.rule.section,
        line.rule.what,
        line.failed,
        count_of(line.seen, "answer")
    );
    let mut text = format!("\n{}", wrapped(&head, "", COLUMNS.into()));
    let case = format!("{} (number {})", example.case, example.number);
    for (label, words) in
        [("case", &case), ("why", &example.why), ("sent", &example.sent), ("came", &example.came)]
    {
        text.push_str(&wrapped(&shown(words), &format!("  {label:<6}"), COLUMNS.into()));
    }
    text
}

/// One line of the beginning of `text`, without what a terminal would act on.
fn shown(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut shown: String = plain.take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push_str(" ...");
    }
    shown
}

/// `text` in lines of at most `width` characters, the first behind `label`, the others below it. A line ends at a word
/// if that leaves it half full; JSON, which has few, is cut.
fn wrapped(text: &str, label: &str, width: usize) -> String {
    let indent = label.chars().count();
    let room = width.saturating_sub(indent).max(20);
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut rest: Vec<char> = words.join(" ").chars().collect();
    let (mut wrapped, mut head) = (String::new(), label.to_owned());
    loop {
        let space = rest.iter().take(room + 1).rposition(|c| *c == ' ');
        let end =
            if rest.len() <= room { rest.len() } else { space.filter(|at| *at > room / 2).unwrap_or(room) };
        let line: String = rest.drain(..end).collect();
        wrapped.push_str(format!("{head}{line}").trim_end());
        wrapped.push('\n');
        if rest.first() == Some(&' ') {
            rest.remove(0);
        }
        if rest.is_empty() {
            return wrapped;
        }
        head = " ".repeat(indent);
    }
}

#[cfg(test)]
mod tests {
    use super::{shown, wrapped};

    #[test]
    fn lines_are_broken_at_words_and_long_words_where_the_line_ends() {
        assert_eq!(
            wrapped("one two three four five six", "  a ", 20 + 4),
            "  a one two three four\n    five six\n"
        );
        let long = wrapped(&"x".repeat(50), "", 24);
        assert!(long.lines().all(|line| line.chars().count() <= 24), "{long}");
        assert_eq!(long.matches('x').count(), 50);
        let mixed = wrapped(&format!("ab {} cd", "y".repeat(61)), "l ", 30);
        assert!(mixed.lines().all(|line| line.chars().count() <= 30), "{mixed}");
        assert_eq!(mixed.matches('y').count(), 61);
    }

    #[test]
    fn nothing_from_outside_reaches_the_terminal_as_a_command() {
        assert_eq!(shown("a\u{1b}[31mb\nc"), "a [31mb c");
        assert!(shown(&"x".repeat(1_000)).ends_with(" ..."));
    }
}
