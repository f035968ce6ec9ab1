//! The columns of a table for machines: stable names, exact amounts.

use crate::report::{CostFigures, Ratio, Row};
use crate::units::Femtos;

/// Decimals of a figure for machines: it is a fraction, which no number of decimals holds.
const FIGURE_DECIMALS: usize = 6;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Cell {
    Count(u64),
    /// A count from which corrections may have taken.
    Net(i64),
    /// Exact, in units of the row's currency.
    Amount(Femtos),
    Figure(Option<Ratio>),
    Percent(Option<Ratio>),
}

impl Cell {
    /// The value as text; `None` where there is none. Figures are rounded half away from zero to six
    /// decimals, amounts are not rounded.
    pub(in crate::report) fn text(&self) -> Option<String> {
        match self {
            Self::Count(count) => Some(count.to_string()),
            Self::Net(count) => Some(count.to_string()),
            Self::Amount(amount) => Some(amount.to_string()),
            Self::Figure(ratio) => ratio.map(|ratio| ratio.to_decimal(FIGURE_DECIMALS)),
            Self::Percent(ratio) => ratio.map(|ratio| ratio.to_percent(FIGURE_DECIMALS)),
        }
    }
}

/// All columns of a row behind its labels and currency, always the same names in the same order.
pub(in crate::report) fn columns(row: &Row) -> Vec<(&'static str, Cell)> {
    let figures = row.figures();
    let mut columns = counts_and_amounts(row);
    columns.extend([
        ("ctr_percent", Cell::Percent(figures.ctr)),
        ("cvr_percent", Cell::Percent(figures.cvr)),
        ("roas", Cell::Figure(figures.roas)),
    ]);
    let (media, all_in) = (figures.media, figures.all_in);
    let media_names = [
        [
            "cpm_media_before_tax",
            "cpc_media_before_tax",
            "cpa_media_before_tax",
            "roi_media_before_tax_percent",
        ],
        ["cpm_media_after_tax", "cpc_media_after_tax", "cpa_media_after_tax", "roi_media_after_tax_percent"],
    ];
    let all_in_names = [
        [
            "cpm_all_in_before_tax",
            "cpc_all_in_before_tax",
            "cpa_all_in_before_tax",
            "roi_all_in_before_tax_percent",
        ],
        [
            "cpm_all_in_after_tax",
            "cpc_all_in_after_tax",
            "cpa_all_in_after_tax",
            "roi_all_in_after_tax_percent",
        ],
    ];
    columns.extend(cost_columns(media_names[0], &media.before_tax));
    columns.extend(cost_columns(media_names[1], &media.after_tax));
    columns.extend(cost_columns(all_in_names[0], &all_in.before_tax));
    columns.extend(cost_columns(all_in_names[1], &all_in.after_tax));
    columns
}

fn counts_and_amounts(row: &Row) -> Vec<(&'static str, Cell)> {
    let (totals, all_in) = (&row.totals, row.figures().all_in);
    vec![
        ("wins", Cell::Count(totals.wins)),
        ("losses", Cell::Count(totals.losses)),
        ("impressions", Cell::Net(totals.impressions)),
        ("late_impressions", Cell::Net(totals.late_impressions)),
        ("unresolved_impressions", Cell::Net(totals.unresolved_impressions)),
        ("corrected_impressions", Cell::Net(totals.corrected_impressions)),
        ("views", Cell::Count(totals.views)),
        ("clicks", Cell::Count(totals.clicks)),
        ("starts", Cell::Count(totals.starts)),
        ("completes", Cell::Count(totals.completes)),
        ("conversions", Cell::Count(totals.conversions)),
        ("media", Cell::Amount(totals.media)),
        ("data", Cell::Amount(totals.data)),
        ("fee", Cell::Amount(totals.fee)),
        ("fixed", Cell::Amount(row.fixed)),
        ("tax", Cell::Amount(totals.tax())),
        ("tax_borne", Cell::Amount(totals.tax_borne.total())),
        ("tax_absorbed", Cell::Amount(totals.tax_absorbed.total())),
        ("corrected", Cell::Amount(totals.corrected)),
        ("refunds", Cell::Amount(totals.refunds)),
        ("disputed", Cell::Amount(totals.disputed)),
        ("costs_before_tax", Cell::Amount(all_in.before_tax.costs)),
        ("costs_after_tax", Cell::Amount(all_in.after_tax.costs)),
        ("value", Cell::Amount(totals.value)),
    ]
}

fn cost_columns(names: [&'static str; 4], figures: &CostFigures) -> [(&'static str, Cell); 4] {
    let [cpm, cpc, cpa, roi] = names;
    [
        (cpm, Cell::Figure(figures.cpm)),
        (cpc, Cell::Figure(figures.cpc)),
        (cpa, Cell::Figure(figures.cpa)),
        (roi, Cell::Percent(figures.roi)),
    ]
}
