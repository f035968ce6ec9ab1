//! What a reconciliation comes to.

use serde::Serialize;
use serde::ser::{SerializeMap, SerializeStruct, Serializer};

use crate::report::Ratio;
use crate::report::reconcile::sums::Row;
use crate::report::reconcile::verdict::{Counts, Verdict};
use crate::units::{Currency, Day, FxRate};

/// The days within which the file is held against all that we have billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coverage {
    /// The first.
    pub from: Day,
    /// The last.
    pub to: Day,
    /// True if the file or the operator says it; else they are the days of our bills that the file knows.
    pub told: bool,
}

/// A rate by which amounts of ours were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsedRate {
    /// The currency of our books.
    pub from: Currency,
    /// The currency of the file.
    pub to: Currency,
    /// From the one to the other.
    pub rate: FxRate,
    /// The day of the table.
    pub date: Option<Day>,
}

impl UsedRate {
    /// Units of the file's currency for one of ours, with nine decimals.
    #[must_use]
    pub fn decimal(&self) -> String {
        let (target, per) = self.rate.parts();
        Ratio::new(target.into(), per.into()).map_or_else(String::new, |rate| rate.to_decimal(9))
    }
}

/// Every line accounted for, and the sums of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// `None` if the file knows no bill of ours and names no day.
    pub coverage: Option<Coverage>,
    /// True if days were compared, not bids.
    pub by_day: bool,
    /// Lines by verdict.
    pub counts: Counts,
    /// Bills that we have credited and the file has not.
    pub credits_open: u64,
    /// What amounts of ours were converted by.
    pub rates: Vec<UsedRate>,
    /// By day and currency.
    pub days: Vec<Row>,
    /// By currency.
    pub totals: Vec<Row>,
}

impl Outcome {
    /// True if something was compared and nothing differs: every line agrees, and, where days are compared, every day does.
    #[must_use]
    pub fn agrees(&self) -> bool {
        // A bill that both sides have credited is no finding, although its line says what was billed first.
        let settled = |verdict| verdict == Verdict::Credited && self.credits_open == 0;
        let lines = self.counts.each().all(|(verdict, _)| verdict.agrees() || settled(verdict));
        self.counts.compares() && lines && (!self.by_day || self.days.iter().all(|row| self.row_agrees(row)))
    }

    /// True if both sides of a row say the same.
    #[must_use]
    pub fn row_agrees(&self, row: &Row) -> bool {
        row.their_impressions == row.our_impressions && row.amounts_agree()
    }
}

impl Serialize for UsedRate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("UsedRate", 4)?;
        form.serialize_field("from", self.from.code())?;
        form.serialize_field("to", self.to.code())?;
        form.serialize_field("rate", &self.decimal())?;
        form.serialize_field("date", &self.date.map(|date| date.to_string()))?;
        form.end()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_struct("Row", 9)?;
        form.serialize_field("day", &self.day.map(|day| day.to_string()))?;
        form.serialize_field("currency", self.currency.code())?;
        form.serialize_field("their_impressions", &self.their_impressions)?;
        form.serialize_field("our_impressions", &self.our_impressions)?;
        form.serialize_field("theirs", &self.theirs.to_string())?;
        form.serialize_field("ours", &self.ours.to_string())?;
        form.serialize_field("difference", &self.difference().to_string())?;
        form.serialize_field("difference_percent", &self.share().map(|share| share.to_percent(6)))?;
        form.serialize_field("within_decimals", &self.amounts_agree())?;
        form.end()
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut form = serializer.serialize_map(None)?;
        form.serialize_entry("agrees", &self.agrees())?;
        form.serialize_entry("compared_by", if self.by_day { "day" } else { "bid" })?;
        let days = self.coverage.map(|covered| [covered.from.to_string(), covered.to.to_string()]);
        form.serialize_entry("days_covered", &days)?;
        form.serialize_entry("lines", &self.counts.lines())?;
        form.serialize_entry("verdicts", &self.counts)?;
        form.serialize_entry("credits_open", &self.credits_open)?;
        form.serialize_entry("rates", &self.rates)?;
        form.serialize_entry("days", &self.days)?;
        form.serialize_entry("totals", &self.totals)?;
        form.end()
    }
}
