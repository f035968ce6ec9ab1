//! A report as one HTML file: cards, charts, tables and notes, in English or French, without scripts.

use maud::{Markup, html};

use crate::page::{
    Card, Cell, Chart, Column as Head, Forms, Grid, Kind, Line, Page, Phrase, Point, Series, Unit, cards,
    figure, words,
};
use crate::report::shown::{COMPARED, Column, Intervals, SECTIONS, Shown, UNSURE};
use crate::report::text::change;
use crate::report::{Comparison, Dimension, FEW, Row, Table};
use crate::units::Currency;

/// Bars of one chart: of more rows, only the first few by what they cost.
const BARS_MOST: usize = 12;

/// What a page shows.
#[derive(Debug)]
pub struct Sheet<'a> {
    /// The figures.
    pub table: &'a Table,
    /// The same by day or by hour, for charts over time.
    pub over_time: Option<&'a Table>,
    /// The other period, whose `now` is `table`.
    pub comparison: Option<&'a Comparison>,
    /// Of which days and of what, in words.
    pub subtitle: &'a str,
}

impl Sheet<'_> {
    /// The page: one file that needs no other.
    #[must_use]
    pub fn to_html(&self, forms: &Forms) -> String {
        let lang = forms.lang();
        let page = Page {
            lang,
            title: words::REPORT.text(lang),
            subtitle: self.subtitle,
            navigation: None,
            refresh_seconds: None,
            body: self.body(forms),
        };
        page.render()
    }

    fn body(&self, forms: &Forms) -> Markup {
        let lang = forms.lang();
        if self.table.rows.is_empty() && self.comparison.is_none_or(|both| both.before.rows.is_empty()) {
            return html! { p { (words::NOTHING.text(lang)) } };
        }
        let (intervals, targets) = (has_intervals(self.table), self.targets(forms));
        html! {
            @for total in &self.table.totals {
                @if self.table.totals.len() > 1 { h2 { (total.currency.code()) } }
                (self.cards(total, forms))
            }
            div.charts {
                @for total in &self.table.totals {
                    @for (number, chart) in self.charts(total.currency, forms).iter().enumerate() {
                        (figure(&format!("chart-{}-{number}", total.currency.code().to_lowercase()), chart, forms))
                    }
                }
            }
            @if let Some(grid) = targets.as_ref() { (grid.render()) }
            @for section in &SECTIONS {
                (self.grid(section.title, &section.columns_of(self.table), forms).render())
            }
            @if let Some(grid) = self.compared(forms) { (grid.render()) }
            h2 { (words::NOTES.text(lang)) }
            ul.notes {
                @for note in self.table.notes(forms) { li { (note) } }
                @if intervals { li { (words::NOTE_INTERVALS.with(lang, &[&forms.count(FEW)])) } }
                @if targets.is_some() { li { (words::NOTE_TARGETS.text(lang)) } }
                @if let Some(note) = self.comparison.and_then(|both| both.note(forms)) { li { (note) } }
            }
        }
    }

    fn cards(&self, total: &Row, forms: &Forms) -> Markup {
        let (lang, decimals) = (forms.lang(), self.table.decimals());
        let before = self.comparison.and_then(|both| both.before(total));
        let card = |column: &Column| {
            let now = (column.value)(total, &total.figures());
            let value = now.priced(forms, decimals, total.currency);
            let change = before
                .map(|before| change(Some(now), Some((column.value)(before, &before.figures())), forms));
            let notes = [column.note.map(|note| note.text(lang).to_owned()), change];
            let notes: Vec<_> = notes.into_iter().flatten().filter(|note| !note.is_empty()).collect();
            Card {
                label: column.head.text(lang).to_owned(),
                value: if value.is_empty() { "–".to_owned() } else { value },
                note: notes.join(" · "),
            }
        };
        cards(&COMPARED.iter().map(card).collect::<Vec<_>>())
    }

    /// Over time, and by the first dimension that is no time.
    fn charts(&self, currency: Currency, forms: &Forms) -> Vec<Chart> {
        let mut charts = Vec::new();
        if let Some(table) = self.over_time {
            let every = table.without_gaps(currency);
            let rows: Vec<&Row> = every.iter().collect();
            let by = if table.group_by == [Dimension::Hour] { words::BY_HOUR } else { words::BY_DAY };
            for (unit, columns) in over_time(currency) {
                charts.push(lines(&rows, by, unit, &columns, (forms, table.decimals())));
            }
        }
        charts.extend(self.bars(currency, forms));
        charts.retain(|chart| chart.places.len() > 1);
        charts
    }

    fn bars(&self, currency: Currency, forms: &Forms) -> Option<Chart> {
        let [dimension] = self.table.group_by.as_slice() else { return None };
        if matches!(dimension, Dimension::Day | Dimension::Hour) {
            return None;
        }
        let mut rows: Vec<&Row> = self.table.rows.iter().filter(|row| row.currency == currency).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.figures().gross));
        rows.truncate(BARS_MOST);
        let lang = forms.lang();
        let column = COMPARED[1];
        let by = dimension.word().text(lang).to_lowercase();
        Some(Chart {
            title: format!("{} ({currency})", words::BY.with(lang, &[column.head.text(lang), &by])),
            kind: Kind::Bars,
            unit: Unit::Money(currency),
            places: rows.iter().map(|row| labels(row, forms).join(" ")).collect(),
            series: vec![series(&rows, &column, (forms, self.table.decimals()))],
        })
    }

    fn grid(&self, title: Phrase, columns: &[Column], forms: &Forms) -> Grid {
        let (lang, decimals) = (forms.lang(), self.table.decimals());
        let has_currencies = self.table.totals.len() > 1;
        let names = self.table.group_by.iter().map(|dimension| dimension.word());
        let names =
            names.chain(has_currencies.then_some(words::CURRENCY)).map(|word| Head::name(word.text(lang)));
        let numbers = columns.iter().map(|column| {
            let head = Head::number(column.head.text(lang));
            column.note.map_or(head.clone(), |note| head.noted(note.text(lang)))
        });
        let line = |row: &Row, mut names: Vec<String>| {
            names.extend(has_currencies.then(|| row.currency.to_string()));
            let figures = row.figures();
            let cells = columns.iter().map(|column| {
                let text = (column.value)(row, &figures).text(forms, decimals);
                Cell::from(text).noted(interval(row, column, forms, decimals))
            });
            names.into_iter().map(Cell::from).chain(cells).collect::<Line>()
        };
        let total = |row: &Row| {
            let word = |at| if at == 0 { words::TOTAL.text(lang) } else { " " };
            line(row, (0..self.table.group_by.len()).map(|at| word(at).to_owned()).collect())
        };
        Grid {
            caption: title.text(lang).to_owned(),
            columns: names.chain(numbers).collect(),
            lines: self.table.rows.iter().map(|row| line(row, labels(row, forms))).collect(),
            totals: self.table.total_lines().iter().map(total).collect(),
        }
    }

    fn targets(&self, forms: &Forms) -> Option<Grid> {
        let lang = forms.lang();
        let names = self.table.group_by.iter().map(|dimension| dimension.word()).chain([words::FIGURE]);
        let numbers = [words::TARGET, words::ACTUAL, words::ATTAINMENT];
        let line = |row: &Row| {
            let labels = labels(row, forms);
            let lines = row
                .attainments()
                .map(|attainment| labels.iter().cloned().chain(attainment.cells(forms)).collect::<Line>());
            lines.collect::<Vec<_>>()
        };
        let lines: Vec<Line> = self.table.rows.iter().flat_map(line).collect();
        (!lines.is_empty()).then(|| Grid {
            caption: words::TARGETS.text(lang).to_owned(),
            columns: (names.map(|word| Head::name(word.text(lang))))
                .chain(numbers.map(|word| Head::number(word.text(lang))))
                .collect(),
            lines,
            totals: Vec::new(),
        })
    }

    /// What changed since the other period: in each cell the change, below it what was before.
    fn compared(&self, forms: &Forms) -> Option<Grid> {
        let both = self.comparison?;
        let lang = forms.lang();
        let decimals = both.now.decimals().max(both.before.decimals());
        let rows = both.rows();
        let has_currencies = both.totals().len() > 1;
        let names = both.now.group_by.iter().map(|dimension| dimension.word());
        let names = names.chain(has_currencies.then_some(words::CURRENCY));
        let numbers = COMPARED.iter().map(|column| {
            let head = Head::number(column.head.text(lang));
            column.note.map_or(head.clone(), |note| head.noted(note.text(lang)))
        });
        let lines = rows.iter().filter_map(|pair| {
            let row = pair.any()?;
            let names = labels(row, forms).into_iter();
            let names = names.chain(has_currencies.then(|| row.currency.to_string())).map(Cell::from);
            let cells = COMPARED.iter().map(|column| {
                let of = |row: &Row| (column.value)(row, &row.figures());
                let (now, was) = (pair.now.map(of), pair.before.map(of));
                let text = |shown: Shown| shown.text(forms, decimals);
                let values = [was, now].map(|shown| shown.map(text).filter(|text| !text.is_empty()));
                let values = values.map(|text| text.unwrap_or_else(|| "–".to_owned()));
                Cell::from(change(now, was, forms)).noted(values.join(" → "))
            });
            Some(names.chain(cells).collect::<Line>())
        });
        Some(Grid {
            caption: words::COMPARISON.text(lang).to_owned(),
            columns: (names.map(|word| Head::name(word.text(lang)))).chain(numbers).collect(),
            lines: lines.collect(),
            totals: Vec::new(),
        })
    }
}

/// The charts over time: what their axis is of, and what they show.
fn over_time(currency: Currency) -> [(Unit, Vec<Column>); 4] {
    let [_, gross, _, ctr, conversions, _, value, cpa, _] = COMPARED;
    [
        (Unit::Money(currency), vec![gross, value]),
        (Unit::Number, vec![conversions]),
        (Unit::Money(currency), vec![cpa]),
        (Unit::Percent, vec![ctr]),
    ]
}

fn lines(
    rows: &[&Row],
    by: Phrase,
    unit: Unit,
    columns: &[Column],
    (forms, decimals): (&Forms, usize),
) -> Chart {
    let lang = forms.lang();
    let names: Vec<_> = columns.iter().map(|column| column.head.text(lang)).collect();
    Chart {
        title: match unit {
            Unit::Money(currency) => format!("{} ({currency})", by.with(lang, &[&names.join(", ")])),
            Unit::Number | Unit::Percent => by.with(lang, &[&names.join(", ")]),
        },
        kind: Kind::Lines,
        unit,
        places: rows.iter().map(|row| row.labels.iter().map(|label| label.short(forms)).collect()).collect(),
        series: columns.iter().map(|column| series(rows, column, (forms, decimals))).collect(),
    }
}

fn series(rows: &[&Row], column: &Column, (forms, decimals): (&Forms, usize)) -> Series {
    let point = |row: &&Row| {
        let shown = (column.value)(row, &row.figures());
        Some(Point::new(shown.ratio()?, shown.priced(forms, decimals, row.currency)))
    };
    Series { name: column.head.text(forms.lang()).to_owned(), points: rows.iter().map(point).collect() }
}

fn labels(row: &Row, forms: &Forms) -> Vec<String> {
    row.labels.iter().map(|label| label.text(forms)).collect()
}

fn has_intervals(table: &Table) -> bool {
    let is_unsure = |row: &Row| Intervals::of(row, &row.figures()).listed().iter().any(Option::is_some);
    table.rows.iter().any(is_unsure)
}

/// The interval of what `column` says of `row`, in words; empty where it has none.
fn interval(row: &Row, column: &Column, forms: &Forms, decimals: usize) -> String {
    let Some(at) = UNSURE.iter().position(|unsure| (unsure.head, unsure.note) == (column.head, column.note))
    else {
        return String::new();
    };
    let figures = row.figures();
    let interval = Intervals::of(row, &figures).listed()[at];
    interval
        .map_or_else(String::new, |interval| (column.value)(row, &figures).between(interval, forms, decimals))
}
