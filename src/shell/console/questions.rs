//! Questions to the ledger that the console asks, and how their rows are read.

use crate::report::{Dimension, Row};
use crate::shell::figures;
use crate::units::{CampaignId, Day, Hour};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::shell::console) enum Question {
    /// By campaign and day, from this one on.
    Days(Day),
    /// By campaign and hour of UTC, on days from this one on.
    Hours(Day),
    /// A campaign's whole flight, by this.
    Campaign(CampaignId, Dimension),
}

impl Question {
    /// The same in the words of figures.
    #[must_use]
    pub(in crate::shell::console) fn asked(&self) -> figures::Question {
        let all = figures::Question::default();
        match *self {
            Self::Days(from) => {
                figures::Question { by: vec![Dimension::Campaign, Dimension::Day], from: Some(from), ..all }
            }
            Self::Hours(from) => {
                figures::Question { by: vec![Dimension::Campaign, Dimension::Hour], from: Some(from), ..all }
            }
            Self::Campaign(campaign, by) => {
                figures::Question { by: vec![by], campaign: Some(campaign), ..all }
            }
        }
    }
}

/// What machines call the value of the dimension at `place` of a row.
#[must_use]
pub(in crate::shell::console) fn label(row: &Row, place: usize) -> &str {
    row.labels.get(place).map_or("", |label| label.machine())
}

/// The hour of a row by campaign and hour, which machines write as `2026-11-22T14Z`.
#[must_use]
pub(in crate::shell::console) fn hour(row: &Row) -> Option<Hour> {
    let (date, hour) = label(row, 1).strip_suffix('Z')?.split_once('T')?;
    let mut parts = date.split('-').map(str::parse::<i32>);
    let mut next = || parts.next()?.ok();
    let day = Day::from_civil(next()?, next()?, next()?);
    let hour: i64 = hour.parse().ok().filter(|hour| (0..24).contains(hour))?;
    Some(Hour::from_raw(i64::from(day.raw()) * 24 + hour))
}

#[cfg(test)]
mod tests {
    use super::hour;
    use crate::report::{Label, Row, Totals};
    use crate::units::{Currency, Femtos, Hour};

    #[test]
    fn an_hour_reads_back_from_the_label_of_a_report() {
        let row = |label: &str| Row {
            labels: vec![Label::named("campaign"), Label::named(label)],
            currency: Currency::EUR,
            totals: Totals::default(),
            fixed: Femtos::ZERO,
            aims: Vec::new(),
        };
        assert_eq!(hour(&row("1970-01-02T03Z")), Some(Hour::from_raw(27)));
        for nonsense in ["", "1970-01-02", "1970-01-02T24Z", "1970-01-02TxZ", "T03Z", "1970-01T03Z"] {
            assert_eq!(hour(&row(nonsense)), None, "{nonsense}");
        }
    }
}
