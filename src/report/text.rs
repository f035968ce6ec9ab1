//! A table for people: blocks of what was delivered, what it cost, what it brought, and how far targets are met.

use comfy_table::{Cell, CellAlignment, LineStyle, TableStyle};

use crate::page::{Forms, Phrase, words};
use crate::report::shown::{COMPARED, Column, Intervals, SECTIONS, Shown, UNSURE};
use crate::report::{AimKind, Attainment, Comparison, FEW, Pair, Row, Table};

/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Table {
    /// The table for people, about 140 columns wide with one dimension: numbers in the form of the language and to the
    /// right, rounded half away from zero, `-` where there is no figure, a total for each currency, and below what else to
    /// know.
    #[must_use]
    pub fn to_text(&self, forms: &Forms) -> String {
        if self.rows.is_empty() {
            return format!("{}\n", words::NOTHING.text(forms.lang()));
        }
        let mut text = String::new();
        for section in &SECTIONS {
            text.push_str(&self.block(section.title, &section.columns_of(self), forms));
            text.push('\n');
        }
        let mut notes = self.notes(forms);
        for (block, note) in
            [(self.intervals(forms), words::NOTE_INTERVALS), (self.targets(forms), words::NOTE_TARGETS)]
        {
            if let Some(block) = block {
                text.push_str(&block);
                text.push('\n');
                notes.push(note.with(forms.lang(), &[&forms.count(FEW)]));
            }
        }
        append(&mut text, &notes);
        text
    }

    fn block(&self, title: Phrase, columns: &[Column], forms: &Forms) -> String {
        let decimals = self.decimals();
        let mut block = Block::new(self, &[], forms);
        block.heads(columns.iter().map(|column| {
            let head = column.head.text(forms.lang());
            column.note.map_or_else(|| head.to_owned(), |note| format!("{head}\n{}", note.text(forms.lang())))
        }));
        let line = |row: &Row| {
            let figures = row.figures();
            columns.iter().map(|column| (column.value)(row, &figures).text(forms, decimals)).collect()
        };
        for row in &self.rows {
            block.line(&self.labels(row, forms), line(row));
        }
        for total in self.total_lines() {
            block.total(&self.total_labels(total, forms), line(total));
        }
        block.finish(title.text(forms.lang()))
    }

    /// Where little was counted, between which values its figures lie.
    fn intervals(&self, forms: &Forms) -> Option<String> {
        let decimals = self.decimals();
        let mut block = Block::new(self, &[], forms);
        block.heads(UNSURE.iter().map(|column| column.head.text(forms.lang()).to_owned()));
        for row in &self.rows {
            let figures = row.figures();
            let intervals = Intervals::of(row, &figures).listed();
            if intervals.iter().any(Option::is_some) {
                let cells = UNSURE.iter().zip(intervals).map(|(column, interval)| {
                    let shown = (column.value)(row, &figures);
                    interval.map_or_else(String::new, |interval| shown.between(interval, forms, decimals))
                });
                block.line(&self.labels(row, forms), cells.collect());
            }
        }
        block.finish_if_any(words::INTERVALS.text(forms.lang()))
    }

    fn targets(&self, forms: &Forms) -> Option<String> {
        let heads = [words::TARGET, words::ACTUAL, words::ATTAINMENT];
        let mut block = Block::new(self, &[words::FIGURE], forms);
        block.heads(heads.iter().map(|head| head.text(forms.lang()).to_owned()));
        for row in &self.rows {
            for attainment in row.attainments() {
                block.line(&self.labels(row, forms), attainment.cells(forms).into());
            }
        }
        block.finish_if_any(words::TARGETS.text(forms.lang()))
    }

    fn labels(&self, row: &Row, forms: &Forms) -> Vec<String> {
        let labels = row.labels.iter().map(|label| label.plain(forms));
        labels.chain([row.currency.to_string()]).collect()
    }

    fn total_labels(&self, total: &Row, forms: &Forms) -> Vec<String> {
        let word = |index| if index == 0 { words::TOTAL.text(forms.lang()) } else { "" };
        let labels = (0..self.group_by.len()).map(|index| word(index).to_owned());
        labels.chain([total.currency.to_string()]).collect()
    }
}

impl Comparison {
    /// Both periods for people: the table of the one that is asked about, and below what changed.
    #[must_use]
    pub fn to_text(&self, forms: &Forms) -> String {
        let lang = forms.lang();
        let decimals = self.now.decimals().max(self.before.decimals());
        let heads = [words::NOW, words::BEFORE, words::CHANGE];
        let mut block = Block::new(&self.now, &[words::FIGURE], forms);
        block.heads(heads.iter().map(|head| head.text(lang).to_owned()));
        for pair in self.rows() {
            let Some(row) = pair.any() else { continue };
            pair.each(forms, decimals, |cells| block.line(&self.now.labels(row, forms), cells.into()));
        }
        if !self.now.group_by.is_empty() {
            for pair in self.totals() {
                let Some(row) = pair.any() else { continue };
                pair.each(forms, decimals, |cells| {
                    block.total(&self.now.total_labels(row, forms), cells.into());
                });
            }
        }
        let mut text = self.now.to_text(forms);
        text.push('\n');
        text.push_str(&block.finish(words::COMPARISON.text(lang)));
        if let Some(note) = self.note(forms) {
            text.push('\n');
            append(&mut text, &[note]);
        }
        text
    }

    /// What to know of days that are compared.
    pub(in crate::report) fn note(&self, forms: &Forms) -> Option<String> {
        use crate::report::Dimension::{Day, Hour};
        let has_days = self.now.group_by.iter().any(|dimension| matches!(dimension, Day | Hour));
        has_days.then(|| words::NOTE_SHIFTED.with(forms.lang(), &[&forms.count(self.later)]))
    }
}

impl Pair<'_> {
    /// What is compared, one figure after the other: its name, now, before, and the change.
    pub(in crate::report) fn each(&self, forms: &Forms, decimals: usize, mut to: impl FnMut([String; 4])) {
        let lang = forms.lang();
        let of = |row: Option<&Row>, column: &Column| row.map(|row| (column.value)(row, &row.figures()));
        for column in &COMPARED {
            let (now, before) = (of(self.now, column), of(self.before, column));
            let text =
                |shown: Option<Shown>| shown.map(|shown| shown.text(forms, decimals)).unwrap_or_default();
            let note = column.note.map(|note| format!(", {}", note.text(lang))).unwrap_or_default();
            let name = format!("{}{note}", column.head.text(lang));
            to([name, text(now), text(before), change(now, before, forms)]);
        }
    }
}

/// By how much a figure changed, or that it is new or gone; empty where there is nothing to compare it with.
pub(in crate::report) fn change(now: Option<Shown>, before: Option<Shown>, forms: &Forms) -> String {
    let lang = forms.lang();
    match (now, before) {
        (Some(_), None) => words::NEW_ROW.text(lang).to_owned(),
        (None, Some(_)) => words::GONE_ROW.text(lang).to_owned(),
        (now, before) => {
            let ratios = now.and_then(Shown::ratio).zip(before.and_then(Shown::ratio));
            let change = ratios.and_then(|(now, before)| now.change_from(before));
            change.map_or_else(String::new, |change| forms.change(change, 1))
        }
    }
}

impl Attainment {
    /// Its name, target, actual value and share, for people.
    pub(in crate::report) fn cells(&self, forms: &Forms) -> [String; 4] {
        let shown = |ratio| if self.kind.is_money() { Shown::Amount(ratio) } else { Shown::Factor(ratio) };
        let decimals = if matches!(self.kind, AimKind::Cpm | AimKind::Cpc) { 4 } else { 2 };
        [
            self.kind.word().text(forms.lang()).to_owned(),
            shown(Some(self.target)).text(forms, decimals),
            shown(self.actual).text(forms, decimals),
            Shown::Percent(self.share).text(forms, 2),
        ]
    }
}

/// A block in the making.
struct Block {
    table: comfy_table::Table,
    names: Vec<String>,
    lines: usize,
    totals: usize,
}

impl Block {
    /// `more` are names behind the currency.
    fn new(table: &Table, more: &[Phrase], forms: &Forms) -> Self {
        let dimensions = table.group_by.iter().map(|dimension| dimension.word());
        let names = dimensions.chain([words::CURRENCY]).chain(more.iter().copied());
        let names = names.map(|word| word.text(forms.lang()).to_owned());
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE);
        Self { table, names: names.collect(), lines: 0, totals: 0 }
    }

    fn heads(&mut self, heads: impl Iterator<Item = String>) {
        self.table.set_header(self.names.iter().cloned().chain(heads).map(Cell::new));
    }

    fn line(&mut self, labels: &[String], cells: Vec<String>) {
        let cells = cells.into_iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
        self.table.add_row(labels.iter().cloned().chain(cells).collect::<Vec<_>>());
        self.lines += 1;
    }

    fn total(&mut self, labels: &[String], cells: Vec<String>) {
        self.line(labels, cells);
        self.totals += 1;
    }

    fn finish_if_any(self, title: &str) -> Option<String> {
        (self.lines > 0).then(|| self.finish(title))
    }

    fn finish(mut self, title: &str) -> String {
        for column in self.table.column_iter_mut().skip(self.names.len()) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for column in self.table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let mut lines: Vec<String> = self.table.lines().map(|line| line.trim_end().to_owned()).collect();
        if self.totals > 0 {
            let rule = lines.iter().find(|line| line.starts_with('─')).cloned().unwrap_or_default();
            lines.insert(lines.len() - self.totals, rule);
        }
        format!("{title}\n{}\n", lines.join("\n"))
    }
}

fn append(text: &mut String, notes: &[String]) {
    for note in notes {
        text.push_str(note);
        text.push('\n');
    }
}
