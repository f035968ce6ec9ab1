//! A table as CSV and as JSON: all columns, for machines.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::report::column::{Cell, columns};
use crate::report::{Dimension, FixedCosts, Row, Table};
use crate::units::{Currency, Femtos};

impl Table {
    /// The rows as CSV with a header line, without the totals: they are the reader's to sum.
    ///
    /// Amounts are exact, in units; figures are rounded half away from zero to six decimals, and empty
    /// where there is none.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        // The names of the columns are those of any row.
        let sample =
            Row { labels: Vec::new(), currency: Currency::EUR, totals: <_>::default(), fixed: Femtos::ZERO };
        let groups = self.group_by.iter().map(|dimension| dimension.header());
        let header = groups.chain(["currency"]).chain(columns(&sample).into_iter().map(|(name, _)| name));
        writer.write_record(header).expect("memory takes every write");
        for row in &self.rows {
            let labels = row.labels.iter().cloned().chain([row.currency.to_string()]);
            let cells = columns(row).into_iter().map(|(_, cell)| cell.text().unwrap_or_default());
            writer.write_record(labels.chain(cells)).expect("every row has the columns of the header");
        }
        let bytes = writer.into_inner().expect("memory takes every write");
        String::from_utf8(bytes).expect("written from text")
    }

    /// The table as one JSON object: `group_by`, `fixed_costs` (`included` or `left_out`), `rows` and
    /// `totals`. Counts are numbers; amounts and figures are decimal strings as in the CSV, or null.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("texts, numbers and lists are JSON")
    }
}

impl Serialize for Table {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let groups: Vec<_> = self.group_by.iter().map(|dimension| dimension.header()).collect();
        let fixed_costs = match self.fixed_costs {
            FixedCosts::Included => "included",
            FixedCosts::LeftOut => "left_out",
        };
        let labelled = |row| LabelledRow { group_by: &self.group_by, row };
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("group_by", &groups)?;
        map.serialize_entry("fixed_costs", fixed_costs)?;
        map.serialize_entry("rows", &self.rows.iter().map(labelled).collect::<Vec<_>>())?;
        map.serialize_entry("totals", &self.totals.iter().map(labelled).collect::<Vec<_>>())?;
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
        // A total has no labels, so that none are written.
        for (dimension, label) in self.group_by.iter().zip(&self.row.labels) {
            map.serialize_entry(dimension.header(), label)?;
        }
        map.serialize_entry("currency", self.row.currency.code())?;
        for (name, cell) in columns(self.row) {
            match cell {
                Cell::Count(count) => map.serialize_entry(name, &count)?,
                Cell::Net(count) => map.serialize_entry(name, &count)?,
                _ => map.serialize_entry(name, &cell.text())?,
            }
        }
        map.end()
    }
}
