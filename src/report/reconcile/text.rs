//! The outcome for people: lines by verdict, both sides by day and in total, and differing lines one by one.

use comfy_table::{Cell, CellAlignment, LineStyle, Table, TableStyle};

use crate::report::reconcile::outcome::Outcome;
use crate::report::reconcile::sums::Row;
use crate::report::reconcile::verdict::{Finding, Verdict};
use crate::units::Femtos;

/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Outcome {
    /// Lines by verdict, then the days and the totals.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}", self.verdicts(), self.sums());
        if self.credits_open > 0 {
            text.push_str(&format!(
                "\nBilled by them, credited by us and not by them: {}.\n",
                self.credits_open
            ));
        }
        text.push_str(&match self.coverage {
            Some(covered) if covered.told => {
                format!("\nDays covered: {} to {}.\n", covered.from, covered.to)
            }
            Some(covered) => format!(
                "\nThe file names no days: compared with all that we have billed from {} to {}.\n",
                covered.from, covered.to
            ),
            None => "\nThe file names no day, and no bid that we have billed.\n".to_owned(),
        });
        for used in &self.rates {
            let date = used.date.map_or(String::new(), |date| format!(" of {date}"));
            text.push_str(&format!(
                "Ours at 1 {} = {} {}, by the table{date}; each was rounded up to the nano when it was booked.\n",
                used.from,
                used.decimal(),
                used.to
            ));
        }
        text.push_str(match self.agrees() {
            true => "All agrees.\n",
            false if self.counts.compares() || self.counts.of(Verdict::SummaryDiffers) > 0 => {
                "There are differences.\n"
            }
            false => "Nothing was compared: the file has no line of a bid or a day.\n",
        });
        text
    }

    fn verdicts(&self) -> String {
        let mut table = plain(&["lines", ""]);
        for (verdict, count) in self.counts.each().filter(|(verdict, _)| *verdict != Verdict::OnlyOurs) {
            table.add_row([count.to_string(), verdict.words().to_owned()]);
        }
        table.add_row([self.counts.lines().to_string(), "in all".to_owned()]);
        let only_ours = self.counts.of(Verdict::OnlyOurs);
        if !self.by_day {
            table.add_row([only_ours.to_string(), "impressions only in our ledger".to_owned()]);
        }
        rendered(table, 0..1)
    }

    fn sums(&self) -> String {
        let heads = [
            "day",
            "currency",
            "their\nimpressions",
            "our\nimpressions",
            "difference",
            "their\namount",
            "our\namount",
            "difference",
            "%",
        ];
        let mut table = plain(&heads);
        for row in &self.days {
            table.add_row(cells(row, row.day.map_or("-".to_owned(), |day| day.to_string())));
        }
        for row in &self.totals {
            table.add_row(cells(row, "total".to_owned()));
        }
        let text = rendered(table, 2..9);
        let mut lines: Vec<&str> = text.lines().collect();
        let rule = lines.iter().find(|line| line.starts_with('─')).copied();
        if let Some(rule) = rule {
            lines.insert(lines.len() - self.totals.len(), rule);
        }
        lines.join("\n") + "\n"
    }
}

fn cells(row: &Row, name: String) -> Vec<String> {
    let counted = row.their_impressions.saturating_sub(row.our_impressions);
    vec![
        name,
        row.currency.to_string(),
        row.their_impressions.to_string(),
        row.our_impressions.to_string(),
        signed(counted > 0, counted.to_string()),
        row.theirs.to_string(),
        row.ours.to_string(),
        money(row.difference()),
        row.share().map_or("-".to_owned(), |share| share.to_percent(4)),
    ]
}

fn money(amount: Femtos) -> String {
    signed(amount > Femtos::ZERO, amount.to_string())
}

fn signed(above: bool, text: String) -> String {
    if above { format!("+{text}") } else { text }
}

fn plain(heads: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(STYLE);
    table.set_header(heads.iter().map(Cell::new));
    table
}

fn rendered(mut table: Table, right: std::ops::Range<usize>) -> String {
    for (at, column) in table.column_iter_mut().enumerate() {
        if right.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        column.set_padding((0, 1));
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

impl Finding {
    /// One line of text, its line break with it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let place = self.line.map_or("not in the file".to_owned(), |line| format!("line {line}"));
        let mut text = format!("{place}: {}", self.verdict.words());
        if !self.bid.is_empty() {
            text.push_str(&format!(", bid {}", self.bid));
        }
        if let Some(day) = self.day {
            text.push_str(&format!(", {day}"));
        }
        let currency = self.currency.map_or(String::new(), |currency| format!(" {currency}"));
        match (self.theirs, self.ours) {
            (Some(theirs), Some(ours)) => {
                let difference = self.difference().unwrap_or_default();
                text.push_str(&format!(
                    ": theirs {theirs}{currency}, ours {ours}, difference {}",
                    money(difference)
                ));
            }
            (Some(theirs), None) => text.push_str(&format!(": theirs {theirs}{currency}")),
            (None, Some(ours)) => text.push_str(&format!(": ours {ours}{currency}")),
            (None, None) => {}
        }
        if let Some(why) = &self.why {
            text.push_str(&format!(": {why}"));
        }
        text.push('\n');
        text
    }
}
