//! The columns that people read, the same in text and on a page: a head, and what it says of a row.
//!
//! Machines read all figures (see `column`); people read those that decide something, and of the rest what is there.

use crate::page::{Forms, Phrase, words};
use crate::report::interval::{self, Interval};
use crate::report::{Dimension, Figures, Ratio, Row, Table};
use crate::units::{Currency, Femtos};

/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;
/// Where the total of any currency is below so many units, all are shown with four decimals, or a small test
/// would cost 0.00.
const SMALL: Femtos = Femtos::from_raw(100 * FEMTOS);
/// Decimals of prices and taxes.
const FINE: usize = 4;

/// What a column says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Shown {
    Count(i128),
    /// With the decimals that the whole table has.
    Amount(Option<Ratio>),
    /// With four decimals.
    Price(Option<Ratio>),
    Factor(Option<Ratio>),
    Percent(Option<Ratio>),
}

/// A column.
#[derive(Clone, Copy)]
pub(in crate::report) struct Column {
    pub(in crate::report) head: Phrase,
    /// Below the head.
    pub(in crate::report) note: Option<Phrase>,
    /// Left out where it says nothing of any row.
    optional: bool,
    pub(in crate::report) value: fn(&Row, &Figures) -> Shown,
}

/// A block of columns under one head.
pub(in crate::report) struct Section {
    pub(in crate::report) title: Phrase,
    pub(in crate::report) columns: &'static [Column],
}

/// All that people see of every row.
pub(in crate::report) const SECTIONS: [Section; 3] = [
    Section { title: words::DELIVERY, columns: &DELIVERY },
    Section { title: words::COSTS, columns: &COSTS },
    Section { title: words::RETURN, columns: &RETURN },
];

const fn always(head: Phrase, value: fn(&Row, &Figures) -> Shown) -> Column {
    Column { head, note: None, optional: false, value }
}

const fn noted(head: Phrase, note: Phrase, value: fn(&Row, &Figures) -> Shown) -> Column {
    Column { head, note: Some(note), optional: false, value }
}

const fn optional(column: Column) -> Column {
    Column { optional: true, ..column }
}

const DELIVERY: [Column; 12] = [
    always(words::WINS, |row, _| Shown::Count(row.totals.wins.into())),
    always(words::LOSSES, |row, _| Shown::Count(row.totals.losses.into())),
    noted(words::WIN_RATE, words::OF_THOSE_TOLD, |_, figures| Shown::Percent(figures.win_rate)),
    always(words::IMPRESSIONS, |row, _| Shown::Count(row.totals.impressions.into())),
    always(words::VIEWABILITY, |_, figures| Shown::Percent(figures.viewability)),
    optional(always(words::COMPLETION, |_, figures| Shown::Percent(figures.completion))),
    always(words::CLICKS, |row, _| Shown::Count(row.totals.clicks.into())),
    CTR,
    always(words::CONVERSIONS, |row, _| Shown::Count(row.totals.conversions.into())),
    optional(noted(words::CONVERSIONS, words::RESTATED, |row, _| {
        Shown::Count(row.totals.restated_conversions.into())
    })),
    optional(noted(words::CONVERSIONS, words::UNATTRIBUTED, |row, _| {
        Shown::Count(row.totals.unattributed_conversions.into())
    })),
    CVR,
];

const COSTS: [Column; 14] = [
    always(words::MEDIA, |row, _| amount(row.totals.media)),
    optional(always(words::DATA, |row, _| amount(row.totals.data))),
    optional(always(words::FEE, |row, _| amount(row.totals.fee))),
    always(words::NET, |_, figures| amount(figures.net)),
    noted(words::TAX, words::BORNE, |row, _| Shown::Price(units(row.totals.tax_borne.total()))),
    always(words::GROSS, |_, figures| amount(figures.gross)),
    optional(noted(words::TAX, words::ABSORBED, |row, _| {
        Shown::Price(units(row.totals.tax_absorbed.total()))
    })),
    optional(always(words::FIXED_COSTS, |row, _| amount(row.fixed))),
    optional(always(words::CORRECTED, |row, _| amount(row.totals.corrected))),
    always(words::CPM, |_, figures| Shown::Price(figures.media.before_tax.cpm)),
    noted(words::CPM, words::WITH_TAX, |_, figures| Shown::Price(figures.media.after_tax.cpm)),
    always(words::CPC, |_, figures| Shown::Price(figures.media.before_tax.cpc)),
    noted(words::CPC, words::WITH_TAX, |_, figures| Shown::Price(figures.media.after_tax.cpc)),
    optional(noted(words::CPM, words::ALL_IN, |row, figures| {
        let is_more = figures.all_in.after_tax.costs != figures.media.after_tax.costs;
        Shown::Price(figures.all_in.after_tax.cpm.filter(|_| is_more && row.totals.impressions > 0))
    })),
];

const RETURN: [Column; 9] = [
    ACQUISITIONS,
    always(words::VALUE, |row, _| amount(row.totals.value)),
    always(words::CPA, |_, figures| Shown::Amount(figures.all_in.before_tax.cpa)),
    CPA,
    always(words::ROI, |_, figures| Shown::Percent(figures.all_in.before_tax.roi)),
    ROI,
    always(words::ROAS, |_, figures| Shown::Factor(figures.roas)),
    optional(always(words::LIFETIME_VALUE, |row, _| amount(row.totals.lifetime))),
    optional(always(words::LTV_TO_CAC, |_, figures| Shown::Factor(figures.all_in.after_tax.ltv_to_cac))),
];

const ACQUISITIONS: Column =
    always(words::ACQUISITIONS, |row, _| Shown::Count(row.totals.acquisitions.into()));
const CTR: Column = always(words::CTR, |_, figures| Shown::Percent(figures.ctr));
const CVR: Column = always(words::CVR, |_, figures| Shown::Percent(figures.cvr));
const CPA: Column =
    noted(words::CPA, words::WITH_TAX, |_, figures| Shown::Amount(figures.all_in.after_tax.cpa));
const ROI: Column =
    noted(words::ROI, words::WITH_TAX, |_, figures| Shown::Percent(figures.all_in.after_tax.roi));

/// What is compared with another period.
pub(in crate::report) const COMPARED: [Column; 9] = [
    always(words::IMPRESSIONS, |row, _| Shown::Count(row.totals.impressions.into())),
    always(words::GROSS, |_, figures| amount(figures.gross)),
    always(words::CLICKS, |row, _| Shown::Count(row.totals.clicks.into())),
    CTR,
    always(words::CONVERSIONS, |row, _| Shown::Count(row.totals.conversions.into())),
    ACQUISITIONS,
    always(words::VALUE, |row, _| amount(row.totals.value)),
    CPA,
    ROI,
];

/// The intervals of a row, and of which column each is.
pub(in crate::report) struct Intervals {
    pub(in crate::report) ctr: Option<Interval>,
    pub(in crate::report) cvr: Option<Interval>,
    pub(in crate::report) cpa: Option<Interval>,
    pub(in crate::report) roi: Option<Interval>,
}

/// The columns of [`Intervals::listed`].
pub(in crate::report) const UNSURE: [Column; 4] = [CTR, CVR, CPA, ROI];

impl Intervals {
    /// Of the figures that people read: CPA and ROI all in and with tax.
    pub(in crate::report) fn of(row: &Row, figures: &Figures) -> Self {
        let totals = &row.totals;
        let impressions = u64::try_from(totals.impressions).unwrap_or_default();
        let costs = figures.all_in.after_tax;
        Self {
            ctr: interval::rate(totals.clicks, impressions),
            cvr: interval::rate(totals.conversions, totals.clicks),
            cpa: units(costs.costs)
                .filter(|spent| spent.dividend() > 0)
                .and_then(|spent| interval::cost_per(spent, totals.acquisitions)),
            roi: costs.roi.and_then(|roi| interval::gain(roi, totals.conversions)),
        }
    }

    /// In the order of [`UNSURE`].
    pub(in crate::report) const fn listed(&self) -> [Option<Interval>; 4] {
        [self.ctr, self.cvr, self.cpa, self.roi]
    }
}

impl Shown {
    /// The number itself; `None` where there is none.
    pub(in crate::report) fn ratio(self) -> Option<Ratio> {
        match self {
            Self::Count(count) => Ratio::new(count, 1),
            Self::Amount(ratio) | Self::Price(ratio) | Self::Factor(ratio) | Self::Percent(ratio) => ratio,
        }
    }

    /// Another number of the same kind.
    pub(in crate::report) const fn like(self, ratio: Ratio) -> Self {
        match self {
            Self::Count(_) | Self::Factor(_) => Self::Factor(Some(ratio)),
            Self::Amount(_) => Self::Amount(Some(ratio)),
            Self::Price(_) => Self::Price(Some(ratio)),
            Self::Percent(_) => Self::Percent(Some(ratio)),
        }
    }

    /// For people; empty where there is none. Amounts have `decimals`.
    pub(in crate::report) fn text(self, forms: &Forms, decimals: usize) -> String {
        let written = |ratio: Option<Ratio>, decimals| {
            ratio.map_or_else(String::new, |ratio| forms.decimal(ratio, decimals))
        };
        match self {
            Self::Count(count) => forms.count(count),
            Self::Amount(ratio) => written(ratio, decimals),
            Self::Price(ratio) => written(ratio, FINE),
            Self::Factor(ratio) => written(ratio, 2),
            Self::Percent(ratio) => ratio.map_or_else(String::new, |ratio| forms.percent(ratio, 2)),
        }
    }

    /// The same with its currency, where it is money.
    pub(in crate::report) fn priced(self, forms: &Forms, decimals: usize, currency: Currency) -> String {
        match self {
            Self::Amount(Some(ratio)) => forms.price(ratio, currency, decimals),
            Self::Price(Some(ratio)) => forms.price(ratio, currency, FINE),
            shown => shown.text(forms, decimals),
        }
    }

    /// An interval of such a number, for people.
    pub(in crate::report) fn between(self, interval: Interval, forms: &Forms, decimals: usize) -> String {
        let low = self.like(interval.low).text(forms, decimals);
        match interval.high {
            Some(high) => {
                let high = self.like(high).text(forms, decimals);
                words::BETWEEN.with(forms.lang(), &[&low, &high])
            }
            None => words::AT_LEAST.with(forms.lang(), &[&low]),
        }
    }

    fn is_something(self) -> bool {
        self.ratio().is_some_and(|ratio| ratio.dividend() != 0)
    }
}

impl Section {
    /// Its columns, without those that say nothing of any row of `table`.
    pub(in crate::report) fn columns_of(&self, table: &Table) -> Vec<Column> {
        let says = |column: &Column| {
            table
                .rows
                .iter()
                .chain(&table.totals)
                .any(|row| (column.value)(row, &row.figures()).is_something())
        };
        self.columns.iter().filter(|column| !column.optional || says(column)).copied().collect()
    }
}

impl Table {
    /// Decimals of its amounts.
    pub(in crate::report) fn decimals(&self) -> usize {
        let all_large = |total: &Row| total.figures().all_in.after_tax.costs >= SMALL;
        if self.totals.iter().all(all_large) { 2 } else { FINE }
    }

    /// The totals, unless the rows are totals already.
    pub(in crate::report) fn total_lines(&self) -> &[Row] {
        if self.group_by.is_empty() { &[] } else { &self.totals }
    }

    /// What else people must know to read the figures.
    pub(in crate::report) fn notes(&self, forms: &Forms) -> Vec<String> {
        let lang = forms.lang();
        let mut notes = vec![words::NOTE_PRICES, words::NOTE_TAX];
        let has = |of: fn(&Row) -> bool| self.totals.iter().any(of);
        if has(|row| row.totals.losses > 0) {
            notes.push(words::NOTE_WIN_RATE);
        }
        if self.group_by.contains(&Dimension::Segment) {
            notes.push(words::NOTE_SEGMENTS);
        }
        if self.fixed_costs == crate::report::FixedCosts::LeftOut {
            notes.push(words::NOTE_FIXED);
        } else if has(|row| row.fixed != Femtos::ZERO) {
            notes.push(words::NOTE_FIXED_WHOLE);
        }
        let mut notes: Vec<_> = notes.into_iter().map(|note| note.text(lang).to_owned()).collect();
        for (phrase, of) in COUNTED {
            let count: i128 = self.totals.iter().map(of).sum();
            let is_there = count != 0 || (phrase == words::NOTE_CORRECTED && has(is_corrected));
            if is_there {
                notes.push(phrase.with(lang, &[&forms.count(count)]));
            }
        }
        for (phrase, of) in SUMMED {
            for total in self.totals.iter().filter(|total| of(total) != Femtos::ZERO) {
                notes.push(phrase.with(lang, &[&forms.amount(of(total), total.currency, self.decimals())]));
            }
        }
        notes
    }
}

/// What a note says, if it is not nothing.
type Counted = (Phrase, fn(&Row) -> i128);
type Summed = (Phrase, fn(&Row) -> Femtos);

const COUNTED: [Counted; 6] = [
    (words::NOTE_UNRESOLVED, |row| row.totals.unresolved_impressions.into()),
    (words::NOTE_LATE, |row| row.totals.late_impressions.into()),
    (words::NOTE_CORRECTED, |row| row.totals.corrected_impressions.into()),
    (words::NOTE_RESTATED, |row| row.totals.restated_conversions.into()),
    (words::NOTE_OTHERS, |row| i128::from(row.totals.conversions) - i128::from(row.totals.acquisitions)),
    (words::NOTE_UNATTRIBUTED, |row| row.totals.unattributed_conversions.into()),
];

const SUMMED: [Summed; 2] =
    [(words::NOTE_REFUNDED, |row| row.totals.refunds), (words::NOTE_DISPUTED, |row| row.totals.disputed)];

fn is_corrected(row: &Row) -> bool {
    row.totals.corrected != Femtos::ZERO || row.totals.corrected_impressions != 0
}

fn amount(amount: Femtos) -> Shown {
    Shown::Amount(units(amount))
}

/// An amount as a fraction of units.
pub(in crate::report) fn units(amount: Femtos) -> Option<Ratio> {
    Ratio::new(amount.raw(), FEMTOS)
}
