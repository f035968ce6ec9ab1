//! A table for people: two blocks, what was delivered at which price, and what it cost and brought.

use comfy_table::{Cell, CellAlignment, LineStyle, TableStyle};

use crate::report::{Dimension, Figures, FixedCosts, Ratio, Row, Table};
use crate::units::Femtos;

/// Two spaces between columns, a rule below the head, nothing else.
const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;
/// Where the total of any currency is below so many units, all are shown with four decimals, or a small test
/// would cost 0.00.
const SMALL: Femtos = Femtos::from_raw(100 * FEMTOS);

/// A column: its head, and what it says of a row.
type Column = (&'static str, fn(&Row, &Figures, Decimals) -> String);

/// Decimals of amounts.
type Decimals = usize;

const DELIVERY: [Column; 12] = [
    ("wins", |row, _, _| row.totals.wins.to_string()),
    ("losses", |row, _, _| row.totals.losses.to_string()),
    ("impressions", |row, _, _| row.totals.impressions.to_string()),
    ("views", |row, _, _| row.totals.views.to_string()),
    ("clicks", |row, _, _| row.totals.clicks.to_string()),
    ("CTR %", |_, figures, _| percent(figures.ctr)),
    ("conversions", |row, _, _| row.totals.conversions.to_string()),
    ("CVR %", |_, figures, _| percent(figures.cvr)),
    ("CPM", |_, figures, _| decimal(figures.media.before_tax.cpm, 4)),
    ("CPM\nwith tax", |_, figures, _| decimal(figures.media.after_tax.cpm, 4)),
    ("CPC", |_, figures, _| decimal(figures.media.before_tax.cpc, 4)),
    ("CPC\nwith tax", |_, figures, _| decimal(figures.media.after_tax.cpc, 4)),
];

const RETURN: [Column; 12] = [
    ("media", |row, _, decimals| amount(row.totals.media, decimals)),
    ("data", |row, _, decimals| amount(row.totals.data, decimals)),
    ("fee", |row, _, decimals| amount(row.totals.fee, decimals)),
    ("fixed", |row, _, decimals| amount(row.fixed, decimals)),
    ("tax\nborne", |row, _, decimals| amount(row.totals.tax_borne.total(), decimals.max(4))),
    ("tax\nabsorbed", |row, _, decimals| amount(row.totals.tax_absorbed.total(), decimals.max(4))),
    ("value", |row, _, decimals| amount(row.totals.value, decimals)),
    ("CPA", |_, figures, decimals| decimal(figures.all_in.before_tax.cpa, decimals)),
    ("CPA\nwith tax", |_, figures, decimals| decimal(figures.all_in.after_tax.cpa, decimals)),
    ("ROI %", |_, figures, _| percent(figures.all_in.before_tax.roi)),
    ("ROI %\nwith tax", |_, figures, _| percent(figures.all_in.after_tax.roi)),
    ("ROAS", |_, figures, _| decimal(figures.roas, 2)),
];

/// Stands behind the tax where anything was corrected.
const CORRECTED: Column = ("corrected", |row, _, decimals| amount(row.totals.corrected, decimals));

impl Table {
    /// The table for people, about 130 columns wide with one dimension: numbers to the right, rounded half
    /// away from zero, `-` where there is no figure, a total for each currency, and below what else to know.
    #[must_use]
    pub fn to_text(&self) -> String {
        if self.rows.is_empty() {
            return "no events\n".to_owned();
        }
        let mut text = self.block("Delivery", &DELIVERY);
        text.push('\n');
        text.push_str(&self.block("Costs and return", &self.return_columns()));
        text.push('\n');
        for note in self.notes() {
            text.push_str(&note);
            text.push('\n');
        }
        text
    }

    fn return_columns(&self) -> Vec<Column> {
        let mut columns = RETURN.to_vec();
        if self.rows.iter().any(is_corrected) {
            let behind_the_tax =
                columns.iter().rposition(|(head, _)| head.starts_with("tax")).map_or(0, |at| at + 1);
            columns.insert(behind_the_tax, CORRECTED);
        }
        columns
    }

    fn block(&self, title: &str, columns: &[Column]) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE);
        let names = self.group_by.iter().map(|dimension| Cell::new(dimension.name()));
        let heads = columns.iter().map(|(head, _)| Cell::new(head));
        table.set_header(names.chain([Cell::new("currency")]).chain(heads));
        let line = |row: &Row, labels: Vec<&str>| {
            let (figures, decimals) = (row.figures(), self.decimals());
            let mut cells: Vec<_> = labels.into_iter().map(str::to_owned).collect();
            cells.push(row.currency.to_string());
            cells.extend(columns.iter().map(|(_, value)| value(row, &figures, decimals)));
            cells
        };
        for row in &self.rows {
            table.add_row(line(row, row.labels.iter().map(String::as_str).collect()));
        }
        let totals = self.total_lines();
        for total in totals {
            table.add_row(line(total, total_labels(&self.group_by)));
        }
        for column in table.column_iter_mut().skip(self.group_by.len() + 1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        let mut lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
        if !totals.is_empty() {
            let rule = lines.iter().find(|line| line.starts_with('─')).cloned().unwrap_or_default();
            lines.insert(lines.len() - totals.len(), rule);
        }
        format!("{title}\n{}\n", lines.join("\n"))
    }

    fn decimals(&self) -> Decimals {
        let all_large = |total: &Row| total.figures().all_in.after_tax.costs >= SMALL;
        if self.totals.iter().all(all_large) { 2 } else { 4 }
    }

    /// The totals, unless the rows are totals already.
    fn total_lines(&self) -> &[Row] {
        if self.group_by.is_empty() { &[] } else { &self.totals }
    }

    fn notes(&self) -> Vec<String> {
        let counted = |count: fn(&Row) -> i64| self.totals.iter().map(count).sum::<i64>();
        let mut notes = vec![
            "CPM and CPC count media; CPA and ROI count media, data, fee and fixed costs; ROAS is value / media."
                .to_owned(),
            "`with tax` adds the tax that the advertiser bears.".to_owned(),
        ];
        if self.fixed_costs == FixedCosts::LeftOut {
            notes.push("Fixed costs are left out: they belong to whole campaigns.".to_owned());
        }
        let unresolved = counted(|row| row.totals.unresolved_impressions);
        if unresolved > 0 {
            notes.push(format!(
                "Impressions of unknown place, taxed by the scenario's fallback: {unresolved}."
            ));
        }
        let late = counted(|row| row.totals.late_impressions);
        if late > 0 {
            notes.push(format!("Impressions billed after their reservation had expired: {late}."));
        }
        if self.totals.iter().any(is_corrected) {
            let impressions = counted(|row| row.totals.corrected_impressions);
            notes.push(format!(
                "Credit notes, invalid traffic and adjustments are in all figures; impressions: {impressions}."
            ));
        }
        for (what, of) in [REFUNDED, DISPUTED] {
            for total in self.totals.iter().filter(|total| of(total) != Femtos::ZERO) {
                notes.push(format!("{what}: {} {}.", of(total), total.currency));
            }
        }
        notes
    }
}

/// What a note says of a sum that is not nothing.
type Noted = (&'static str, fn(&Row) -> Femtos);

const REFUNDED: Noted = ("Refunded out of our own, in no cost", |row| row.totals.refunds);
const DISPUTED: Noted = ("Disputed, in the costs until it is credited", |row| row.totals.disputed);

fn is_corrected(row: &Row) -> bool {
    row.totals.corrected != Femtos::ZERO || row.totals.corrected_impressions != 0
}

fn total_labels(group_by: &[Dimension]) -> Vec<&'static str> {
    group_by.iter().enumerate().map(|(index, _)| if index == 0 { "total" } else { "" }).collect()
}

fn amount(amount: Femtos, decimals: Decimals) -> String {
    decimal(Ratio::new(amount.raw(), FEMTOS), decimals)
}

fn decimal(ratio: Option<Ratio>, decimals: Decimals) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| ratio.to_decimal(decimals))
}

fn percent(ratio: Option<Ratio>) -> String {
    ratio.map_or_else(|| "-".to_owned(), |ratio| ratio.to_percent(2))
}
