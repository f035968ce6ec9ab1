//! The parts of a page: tables, cards, charts with their legend and their numbers.

use maud::{Markup, PreEscaped, html};

use crate::page::{Chart, Forms, words};

/// A table: names to the left, numbers to the right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grid {
    /// What it shows, above it.
    pub caption: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The lines below a rule: totals.
    pub totals: Vec<Line>,
}

/// The head of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// What it says.
    pub head: String,
    /// A second, smaller line, if any.
    pub note: String,
    /// True for names, which stand to the left and head their line.
    pub is_name: bool,
}

impl Column {
    /// A column of names.
    #[must_use]
    pub fn name(head: impl Into<String>) -> Self {
        Self { head: head.into(), note: String::new(), is_name: true }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(head: impl Into<String>) -> Self {
        Self { head: head.into(), note: String::new(), is_name: false }
    }

    /// The same with a second line below its head.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// A line of a table: one cell for each column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    /// In the order of the columns.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cell {
    /// What it says; a dash where it says nothing.
    pub text: String,
    /// A second, smaller line, if any: an interval, a change.
    pub note: String,
    /// Where it leads, if anywhere: an address of this site.
    pub href: String,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Cell {
    /// The same with a second line.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// The same as a link within this site.
    #[must_use]
    pub fn linked(mut self, href: impl Into<String>) -> Self {
        self.href = href.into();
        self
    }

    fn content(&self) -> Markup {
        html! {
            @if self.text.is_empty() { "–" }
            @else if self.href.is_empty() { (self.text) }
            @else { a href=(self.href) { (self.text) } }
            @if !self.note.is_empty() { " " small { (self.note) } }
        }
    }
}

impl<C: Into<Cell>> FromIterator<C> for Line {
    fn from_iter<I: IntoIterator<Item = C>>(cells: I) -> Self {
        Self { cells: cells.into_iter().map(Into::into).collect() }
    }
}

impl Grid {
    /// The table. It scrolls by itself where the page is narrower, also by keys.
    #[must_use]
    pub fn render(&self) -> Markup {
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.caption) {
                table {
                    caption { (self.caption) }
                    thead { tr {
                        @for column in &self.columns {
                            th scope="col" class=[(!column.is_name).then_some("n")] {
                                (column.head)
                                @if !column.note.is_empty() { " " small { (column.note) } }
                            }
                        }
                    } }
                    tbody { @for line in &self.lines { (self.line(line)) } }
                    @if !self.totals.is_empty() {
                        tfoot { @for line in &self.totals { (self.line(line)) } }
                    }
                }
            }
        }
    }

    fn line(&self, line: &Line) -> Markup {
        let cells = self.columns.iter().zip(&line.cells);
        html! {
            tr {
                @for (column, cell) in cells {
                    @if column.is_name { th scope="row" { (cell.content()) } }
                    @else { td.n { (cell.content()) } }
                }
            }
        }
    }
}

/// One figure that stands out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// What it is.
    pub label: String,
    /// The figure.
    pub value: String,
    /// What else to know: the plan, the change.
    pub note: String,
}

/// A row of cards, as many beside each other as fit.
#[must_use]
pub fn cards(cards: &[Card]) -> Markup {
    html! {
        dl.cards {
            @for card in cards {
                div {
                    dt { (card.label) }
                    dd {
                        strong { (card.value) }
                        @if !card.note.is_empty() { " " small { (card.note) } }
                    }
                }
            }
        }
    }
}

/// The names of the series of a chart beside their colours and dashes; nothing for a single one.
#[must_use]
pub fn legend(chart: &Chart) -> Markup {
    html! {
        @if chart.series.len() > 1 {
            ul.legend {
                @for (number, series) in chart.series.iter().enumerate() {
                    li {
                        svg viewBox="0 0 24 8" aria-hidden="true" { path class={ "l s" (number) } d="M0 4H24" {} }
                        (series.name)
                    }
                }
            }
        }
    }
}

/// A chart with its head, its legend, and its numbers as a table that opens: for screen readers, and for whoever wants
/// them exact. Nothing if there is no value. `id` is the chart's own on its page.
#[must_use]
pub fn figure(id: &str, chart: &Chart, forms: &Forms) -> Markup {
    let picture = chart.svg(id, forms);
    if picture.is_empty() {
        return html! {};
    }
    let names = chart.series.iter().map(|series| Column::number(series.name.clone()));
    let line = |(at, place): (usize, &String)| {
        let texts = chart.series.iter().map(|series| {
            let point = series.points.get(at).and_then(Option::as_ref);
            point.map(|point| point.text.clone()).unwrap_or_default()
        });
        std::iter::once(place.clone()).chain(texts).collect()
    };
    let numbers = Grid {
        caption: chart.title.clone(),
        columns: std::iter::once(Column::name("")).chain(names).collect(),
        lines: chart.places.iter().enumerate().map(line).collect(),
        totals: Vec::new(),
    };
    html! {
        figure {
            figcaption { (chart.title) }
            (legend(chart))
            div.scroll tabindex="0" role="region" aria-label=(chart.title) { (PreEscaped(picture)) }
            details {
                summary { (words::NUMBERS_OF_CHART.text(forms.lang())) }
                (numbers.render())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Card, Cell, Column, Grid, Line, cards, figure};
    use crate::page::{Chart, Forms, Kind, Lang, Point, Series, Unit};

    fn grid() -> Grid {
        Grid {
            caption: "A & B".to_owned(),
            columns: vec![Column::name("Campaign"), Column::number("CPA").noted("all in")],
            lines: vec![Line { cells: vec!["<spring>".into(), Cell::from("50.05").noted("+1%")] }],
            totals: vec![["Total", ""].into_iter().collect()],
        }
    }

    #[test]
    fn a_table_says_which_cells_are_heads_and_of_what() {
        let html = grid().render().into_string();
        for part in [
            "<caption>A &amp; B</caption>",
            "<th scope=\"col\">Campaign</th>",
            "<th scope=\"col\" class=\"n\">CPA <small>all in</small></th>",
            "<th scope=\"row\">&lt;spring&gt;</th>",
            "<td class=\"n\">50.05 <small>+1%</small></td>",
            "<tfoot><tr><th scope=\"row\">Total</th><td class=\"n\">–</td></tr></tfoot>",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
    }

    #[test]
    fn a_table_that_scrolls_is_reached_by_keys_and_named() {
        let html = grid().render().into_string();
        assert!(
            html.starts_with(
                "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"A &amp; B\">"
            )
        );
    }

    #[test]
    fn a_card_says_what_its_figure_is() {
        let card = Card { label: "CPA".into(), value: "€50.05".into(), note: String::new() };
        let html = cards(&[card]).into_string();
        assert!(html.contains("<dt>CPA</dt><dd><strong>€50.05</strong></dd>"), "{html}");
    }

    #[test]
    fn a_chart_has_its_exact_numbers_beside_it_and_none_has_nothing() {
        let point = |height| Some(Point { height, text: format!("{height:.2}") });
        let mut chart = Chart {
            title: "Spend".to_owned(),
            kind: Kind::Lines,
            unit: Unit::Number,
            places: vec!["Monday".to_owned(), "Tuesday".to_owned()],
            series: vec![Series { name: "Spend".to_owned(), points: vec![point(1.0), None] }],
        };
        let html = figure("spend", &chart, &Forms::new(Lang::Fr)).into_string();
        assert!(html.contains("Chiffres de ce graphique"));
        assert!(html.contains("<th scope=\"row\">Monday</th><td class=\"n\">1.00</td>"), "{html}");
        assert!(html.contains("<th scope=\"row\">Tuesday</th><td class=\"n\">–</td>"), "{html}");
        chart.series[0].points = vec![None, None];
        assert_eq!(figure("spend", &chart, &Forms::new(Lang::Fr)).into_string(), "");
    }
}
