//! A table as CSV and as JSON: all columns, for machines. No language changes them.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::report::column::{Cell, columns};
use crate::report::{Comparison, Dimension, FixedCosts, Pair, Row, Table};
use crate::units::Currency;

impl Table {
    /// The rows as CSV with a header line, without the totals: they are the reader's to sum.
    ///
    /// Amounts are exact, in units; figures are rounded half away from zero to six decimals, and empty
    /// where there is none.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let groups = self.group_by.iter().map(|dimension| dimension.header().to_owned());
        let header = groups.chain(["currency".to_owned()]).chain(names().map(str::to_owned)).collect();
        let lines = self.rows.iter().map(|row| {
            let cells = columns(row).into_iter().map(|(_, cell)| cell.text().unwrap_or_default());
            labels(row).chain(cells).collect()
        });
        csv(header, lines)
    }

    /// The table as one JSON object: `group_by`, `fixed_costs` (`included` or `left_out`), `rows` and
    /// `totals`. Counts are numbers; amounts and figures are decimal strings as in the CSV, or null.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, numbers and lists are JSON")
    }
}

impl Comparison {
    /// The rows of both periods as CSV. Behind `present` (`both`, `now`, `before`) and the columns of the period that is
    /// asked about stand, for each of them, its value in the other period (`..._before`) and by how many per cent it
    /// changed (`..._change_percent`), which is empty where it was not above zero.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let groups = self.now.group_by.iter().map(|dimension| dimension.header().to_owned());
        let known = ["currency", "present"].map(str::to_owned);
        let compared = names().flat_map(|name| [format!("{name}_before"), format!("{name}_change_percent")]);
        let header = groups.chain(known).chain(names().map(str::to_owned)).chain(compared).collect();
        let lines = self.rows().into_iter().filter_map(|pair| {
            let labels = labels(pair.any()?).chain([pair.present().to_owned()]);
            let now = Side::of(pair.now);
            let before = Side::of(pair.before);
            let compared = (0..now.0.len()).flat_map(|at| {
                let change = changes(&now, &before, at).and_then(|change| change.text());
                [before.text(at), change.unwrap_or_default()]
            });
            let cells = (0..now.0.len()).map(|at| now.text(at));
            Some(labels.chain(cells).chain(compared).collect())
        });
        csv(header, lines)
    }

    /// Both periods as one JSON object: as that of a table, with in each row `present` (`both`, `now` or `before`),
    /// `before` (the values of the other period, or null) and `change_percent`. `days_later` says by how many days the
    /// days of the other period were laid later.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, numbers and lists are JSON")
    }
}

/// The cells of a row that may lack, each with its name.
pub(in crate::report) struct Side(Vec<(&'static str, Option<Cell>)>);

impl Side {
    pub(in crate::report) fn of(row: Option<&Row>) -> Self {
        // The names of the columns are those of any row.
        let sample = Row::empty(Currency::EUR);
        let cells = columns(row.unwrap_or(&sample)).into_iter();
        Self(cells.map(|(name, cell)| (name, row.map(|_| cell))).collect())
    }

    pub(in crate::report) fn cell(&self, at: usize) -> Option<Cell> {
        self.0.get(at).and_then(|(_, cell)| *cell)
    }

    fn text(&self, at: usize) -> String {
        self.cell(at).and_then(|cell| cell.text()).unwrap_or_default()
    }
}

/// By how much the column `at` differs between two rows that may lack.
pub(in crate::report) fn changes(now: &Side, before: &Side, at: usize) -> Option<Cell> {
    now.cell(at).zip(before.cell(at)).map(|(now, before)| now.change_from(&before))
}

pub(in crate::report) fn names() -> impl Iterator<Item = &'static str> {
    columns(&Row::empty(Currency::EUR)).into_iter().map(|(name, _)| name)
}

/// The labels of a row, and its currency.
pub(in crate::report) fn labels(row: &Row) -> impl Iterator<Item = String> {
    row.labels.iter().map(ToString::to_string).chain([row.currency.to_string()])
}

fn csv(header: Vec<String>, lines: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for line in std::iter::once(header).chain(lines) {
        writer
            .write_record(line)
            .expect("memory takes every write, and every line has the columns of the header");
    }
    let bytes = writer.into_inner().expect("memory takes every write");
    String::from_utf8(bytes).expect("written from text")
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let labelled = |row| LabelledRow { group_by: &self.group_by, row };
        let mut map = serializer.serialize_map(Some(4))?;
        self.serialize_head(&mut map)?;
        map.serialize_entry("rows", &self.rows.iter().map(labelled).collect::<Vec<_>>())?;
        map.serialize_entry("totals", &self.totals.iter().map(labelled).collect::<Vec<_>>())?;
        map.end()
    }
}

impl Table {
    fn serialize_head<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        let groups: Vec<_> = self.group_by.iter().map(|dimension| dimension.header()).collect();
        let fixed_costs = match self.fixed_costs {
            FixedCosts::Included => "included",
            FixedCosts::LeftOut => "left_out",
        };
        map.serialize_entry("group_by", &groups)?;
        map.serialize_entry("fixed_costs", fixed_costs)
    }
}

impl Serialize for Comparison {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let compared = |pair| ComparedRow { group_by: &self.now.group_by, pair };
        let mut map = serializer.serialize_map(Some(5))?;
        self.now.serialize_head(&mut map)?;
        map.serialize_entry("days_later", &self.later)?;
        map.serialize_entry("rows", &self.rows().into_iter().map(compared).collect::<Vec<_>>())?;
        map.serialize_entry("totals", &self.totals().into_iter().map(compared).collect::<Vec<_>>())?;
        map.end()
    }
}

/// A row with the names of its labels.
struct LabelledRow<'a> {
    group_by: &'a [Dimension],
    row: &'a Row,
}

impl Serialize for LabelledRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_labels(&mut map, self.group_by, self.row)?;
        serialize_cells(&mut map, &Side::of(Some(self.row)))?;
        map.end()
    }
}

/// Two rows with the names of their labels.
struct ComparedRow<'a> {
    group_by: &'a [Dimension],
    pair: Pair<'a>,
}

impl Serialize for ComparedRow<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(row) = self.pair.any() {
            serialize_labels(&mut map, self.group_by, row)?;
        }
        map.serialize_entry("present", self.pair.present())?;
        let (now, before) = (Side::of(self.pair.now), Side::of(self.pair.before));
        serialize_cells(&mut map, &now)?;
        map.serialize_entry("before", &self.pair.before.map(|_| Cells(&before)))?;
        let both = self.pair.now.zip(self.pair.before);
        map.serialize_entry("change_percent", &both.map(|_| Changes { now: &now, before: &before }))?;
        map.end()
    }
}

struct Cells<'a>(&'a Side);

impl Serialize for Cells<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        serialize_cells(&mut map, self.0)?;
        map.end()
    }
}

struct Changes<'a> {
    now: &'a Side,
    before: &'a Side,
}

impl Serialize for Changes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (at, (name, _)) in self.now.0.iter().enumerate() {
            let change = changes(self.now, self.before, at);
            map.serialize_entry(name, &change.and_then(|change| change.text()))?;
        }
        map.end()
    }
}

/// A total has no labels, so that none are written.
fn serialize_labels<M: SerializeMap>(map: &mut M, group_by: &[Dimension], row: &Row) -> Result<(), M::Error> {
    for (dimension, label) in group_by.iter().zip(&row.labels) {
        map.serialize_entry(dimension.header(), label.machine())?;
    }
    map.serialize_entry("currency", row.currency.code())
}

fn serialize_cells<M: SerializeMap>(map: &mut M, side: &Side) -> Result<(), M::Error> {
    for (name, cell) in &side.0 {
        match cell {
            Some(Cell::Count(count)) => map.serialize_entry(name, count)?,
            Some(Cell::Net(count)) => map.serialize_entry(name, count)?,
            cell => map.serialize_entry(name, &cell.and_then(|cell| cell.text()))?,
        }
    }
    Ok(())
}
