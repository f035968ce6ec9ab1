//! The columns of a table for machines: stable names, exact amounts.

use crate::report::interval::Interval;
use crate::report::shown::{Intervals, units};
use crate::report::{AimKind, CostFigures, Figures, Ratio, Row};
use crate::units::Femtos;

/// Decimals of a figure for machines: it is a fraction, which no number of decimals holds.
pub(in crate::report) const FIGURE_DECIMALS: usize = 6;

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

    /// By how much it differs from `before`.
    pub(in crate::report) fn change_from(&self, before: &Self) -> Self {
        let change = self.ratio().zip(before.ratio()).and_then(|(now, before)| now.change_from(before));
        Self::Percent(change)
    }

    fn ratio(&self) -> Option<Ratio> {
        match self {
            Self::Count(count) => Ratio::new((*count).into(), 1),
            Self::Net(count) => Ratio::new((*count).into(), 1),
            Self::Amount(amount) => units(*amount),
            Self::Figure(ratio) | Self::Percent(ratio) => *ratio,
        }
    }
}

/// All columns of a row behind its labels and currency, always the same names in the same order. New ones are added
/// at the end.
pub(in crate::report) fn columns(row: &Row) -> Vec<(&'static str, Cell)> {
    let figures = row.figures();
    let mut columns = counts_and_amounts(row, &figures);
    columns.extend([
        ("ctr_percent", Cell::Percent(figures.ctr)),
        ("cvr_percent", Cell::Percent(figures.cvr)),
        ("roas", Cell::Figure(figures.roas)),
    ]);
    let sides = [
        (MEDIA_BEFORE_TAX, figures.media.before_tax),
        (MEDIA_AFTER_TAX, figures.media.after_tax),
        (ALL_IN_BEFORE_TAX, figures.all_in.before_tax),
        (ALL_IN_AFTER_TAX, figures.all_in.after_tax),
    ];
    columns.extend(sides.iter().flat_map(|(names, side)| cost_columns(*names, side)));
    columns.extend(later_columns(row, &figures));
    columns.extend(sides.iter().flat_map(|(names, side)| return_columns(*names, side)));
    columns.extend(interval_columns(row, &figures));
    columns.extend(target_columns(row));
    columns.push(("acquisitions", Cell::Count(row.totals.acquisitions)));
    columns
}

/// The names of the figures of one kind of costs.
type SideNames = [&'static str; 6];

macro_rules! side {
    ($costs:literal) => {
        [
            concat!("cpm_", $costs),
            concat!("cpc_", $costs),
            concat!("cpa_", $costs),
            concat!("roi_", $costs, "_percent"),
            concat!("roas_", $costs),
            concat!("ltv_to_cac_", $costs),
        ]
    };
}

const MEDIA_BEFORE_TAX: SideNames = side!("media_before_tax");
const MEDIA_AFTER_TAX: SideNames = side!("media_after_tax");
const ALL_IN_BEFORE_TAX: SideNames = side!("all_in_before_tax");
const ALL_IN_AFTER_TAX: SideNames = side!("all_in_after_tax");

fn counts_and_amounts(row: &Row, figures: &Figures) -> Vec<(&'static str, Cell)> {
    let (totals, all_in) = (&row.totals, figures.all_in);
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

fn cost_columns(names: SideNames, figures: &CostFigures) -> [(&'static str, Cell); 4] {
    let [cpm, cpc, cpa, roi, ..] = names;
    [
        (cpm, Cell::Figure(figures.cpm)),
        (cpc, Cell::Figure(figures.cpc)),
        (cpa, Cell::Figure(figures.cpa)),
        (roi, Cell::Percent(figures.roi)),
    ]
}

fn return_columns(names: SideNames, figures: &CostFigures) -> [(&'static str, Cell); 2] {
    let [.., roas, ltv_to_cac] = names;
    [(roas, Cell::Figure(figures.roas)), (ltv_to_cac, Cell::Figure(figures.ltv_to_cac))]
}

fn later_columns(row: &Row, figures: &Figures) -> [(&'static str, Cell); 10] {
    let totals = &row.totals;
    [
        ("win_rate_percent", Cell::Percent(figures.win_rate)),
        ("viewability_percent", Cell::Percent(figures.viewability)),
        ("completion_percent", Cell::Percent(figures.completion)),
        ("restated_conversions", Cell::Count(totals.restated_conversions)),
        ("unattributed_conversions", Cell::Count(totals.unattributed_conversions)),
        ("unattributed_value", Cell::Amount(totals.unattributed_value)),
        ("lifetime_value", Cell::Amount(totals.lifetime)),
        ("net", Cell::Amount(figures.net)),
        ("gross", Cell::Amount(figures.gross)),
        ("budget_used", Cell::Amount(totals.budget)),
    ]
}

/// At 95 %, empty where enough was counted.
fn interval_columns(row: &Row, figures: &Figures) -> [(&'static str, Cell); 8] {
    let intervals = Intervals::of(row, figures);
    let low = |interval: Option<Interval>| interval.map(|interval| interval.low);
    let high = |interval: Option<Interval>| interval.and_then(|interval| interval.high);
    [
        ("ctr_low_percent", Cell::Percent(low(intervals.ctr))),
        ("ctr_high_percent", Cell::Percent(high(intervals.ctr))),
        ("cvr_low_percent", Cell::Percent(low(intervals.cvr))),
        ("cvr_high_percent", Cell::Percent(high(intervals.cvr))),
        ("cpa_all_in_after_tax_low", Cell::Figure(low(intervals.cpa))),
        ("cpa_all_in_after_tax_high", Cell::Figure(high(intervals.cpa))),
        ("roi_all_in_after_tax_low_percent", Cell::Percent(low(intervals.roi))),
        ("roi_all_in_after_tax_high_percent", Cell::Percent(high(intervals.roi))),
    ]
}

/// Empty where the row has no such target.
fn target_columns(row: &Row) -> [(&'static str, Cell); 12] {
    let attained = |kind| row.attainments().find(|attained| attained.kind == kind);
    let pair = |kind, [target, share]: [&'static str; 2]| {
        let attained = attained(kind);
        [
            (target, Cell::Figure(attained.map(|attained| attained.target))),
            (share, Cell::Percent(attained.and_then(|attained| attained.share))),
        ]
    };
    let [a, b] = pair(AimKind::Cpm, ["target_cpm", "attained_cpm_percent"]);
    let [c, d] = pair(AimKind::Cpc, ["target_cpc", "attained_cpc_percent"]);
    let [e, f] = pair(AimKind::Cpa, ["target_cpa", "attained_cpa_percent"]);
    let [g, h] = pair(AimKind::Roas, ["target_roas", "attained_roas_percent"]);
    let [i, j] = pair(AimKind::Budget, ["target_budget", "attained_budget_percent"]);
    let [k, l] = pair(AimKind::DailyBudget, ["target_daily_budget", "attained_daily_budget_percent"]);
    [a, b, c, d, e, f, g, h, i, j, k, l]
}
