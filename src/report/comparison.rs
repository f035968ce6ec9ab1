//! Two periods beside each other, row by row.

use crate::report::{Row, Table};

/// Two tables of the same dimensions, of which one is of an earlier, or of any other, period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// What is asked about.
    pub now: Table,
    /// What it is compared with.
    pub before: Table,
    /// By how many days the days of `before` were laid later, to stand beside those of `now`.
    pub later: i32,
}

/// Two rows of the same labels and currency; one of them may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// The row of the period that is asked about.
    pub now: Option<&'a Row>,
    /// The row of the other period.
    pub before: Option<&'a Row>,
}

impl<'a> Pair<'a> {
    /// The row that gives the pair its labels.
    #[must_use]
    pub fn any(&self) -> Option<&'a Row> {
        self.now.or(self.before)
    }

    /// In which periods it is: `both`, `now` or `before`.
    #[must_use]
    pub const fn present(&self) -> &'static str {
        match (self.now, self.before) {
            (Some(_), Some(_)) => "both",
            (_, None) => "now",
            (None, _) => "before",
        }
    }
}

impl Comparison {
    /// `now` beside `before`, of which days and hours are laid `later` days later.
    ///
    /// # Panics
    ///
    /// If they are grouped otherwise.
    #[must_use]
    pub fn new(now: Table, before: Table, later: i32) -> Self {
        assert_eq!(now.group_by, before.group_by, "only tables grouped alike can be compared");
        Self { now, before: before.later(later), later }
    }

    /// The rows of both, in their order.
    #[must_use]
    pub fn rows(&self) -> Vec<Pair<'_>> {
        paired(&self.now.rows, &self.before.rows)
    }

    /// The totals of both, in the order of the currencies.
    #[must_use]
    pub fn totals(&self) -> Vec<Pair<'_>> {
        paired(&self.now.totals, &self.before.totals)
    }

    /// The row of the other period that stands beside `row`.
    pub(in crate::report) fn before(&self, row: &Row) -> Option<&Row> {
        let rows = if row.labels.is_empty() { &self.before.totals } else { &self.before.rows };
        let at = rows.binary_search_by(|other| other.place().cmp(&row.place())).ok()?;
        rows.get(at)
    }
}

/// Two lists that are in order, laid beside each other. Rows of one place, which only ids tell apart, pair up in order.
fn paired<'a>(now: &'a [Row], before: &'a [Row]) -> Vec<Pair<'a>> {
    let (mut now, mut before) = (now.iter().peekable(), before.iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let order = match (now.peek(), before.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some(a), Some(b)) => a.place().cmp(&b.place()),
        };
        pairs.push(Pair {
            now: if order.is_le() { now.next() } else { None },
            before: if order.is_ge() { before.next() } else { None },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Comparison;
    use crate::report::{Dimension, FixedCosts, Label, Row, Table};
    use crate::units::{Currency, Day};

    fn table(dimension: Dimension, labels: Vec<Label>) -> Table {
        let row = |label| Row { labels: vec![label], ..Row::empty(Currency::EUR) };
        Table {
            group_by: vec![dimension],
            rows: labels.into_iter().map(row).collect(),
            totals: vec![Row::empty(Currency::EUR)],
            fixed_costs: FixedCosts::Included,
        }
    }

    fn told(comparison: &Comparison) -> Vec<String> {
        let rows = comparison.rows();
        let told = rows.iter().map(|pair| format!("{} {}", pair.any().unwrap().labels[0], pair.present()));
        told.collect()
    }

    #[test]
    fn rows_of_either_period_stand_in_order_and_say_in_which_they_are() {
        let named = |names: &[&str]| {
            table(Dimension::Campaign, names.iter().map(|name| Label::named(*name)).collect())
        };
        let comparison = Comparison::new(named(&["b", "c", "e"]), named(&["a", "c", "d"]), 0);
        assert_eq!(told(&comparison), ["a before", "b now", "c both", "d before", "e now"]);
        assert!(comparison.before(&comparison.now.rows[0]).is_none());
        assert_eq!(comparison.before(&comparison.now.rows[1]), Some(&comparison.before.rows[1]));
        assert_eq!(comparison.totals().len(), 1);
    }

    #[test]
    fn days_are_laid_over_each_other() {
        let days = |days: &[i32]| {
            let label = |day: &i32| Label::day(Day::from_civil(2026, 11, *day));
            table(Dimension::Day, days.iter().map(label).collect())
        };
        let comparison = Comparison::new(days(&[8, 9]), days(&[1, 3]), 7);
        assert_eq!(told(&comparison), ["2026-11-08 both", "2026-11-09 now", "2026-11-10 before"]);
    }
}
