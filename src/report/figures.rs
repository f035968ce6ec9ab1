//! The figures that media buyers are judged by, each an exact fraction.
//!
//! Every cost figure comes on media alone and all in, and of both before and after tax. All-in costs are
//! media, data, our fee and the campaign's fixed costs. After tax, the tax that the advertiser bears is
//! added: on ad space to media, on both kinds to all-in costs. A tax that we absorb is in no figure.
//!
//! Sources: all marketing costs over acquisitions as CPA is IAB UK's (Jargon Buster, "Cost-per-acquisition",
//! iabuk.com, read 2026-11-21). The others are as the trade commonly states them and have no one source;
//! those that the trade states in two ways (ROI and ROAS) say below which is meant.

use crate::report::Ratio;
use crate::report::totals::{Totals, sum};
use crate::units::Femtos;

/// Femto-units in a unit.
const FEMTOS: i128 = 1_000_000_000_000_000;

/// The figures of one row. `None` where the divisor is nothing: no clicks means no CPC, not 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figures {
    /// Click-through rate: clicks / impressions.
    pub ctr: Option<Ratio>,
    /// Conversion rate: conversions / clicks. Above 1 where views convert too.
    pub cvr: Option<Ratio>,
    /// Return on ad spend: gains / media. Break-even is 1.
    pub roas: Option<Ratio>,
    /// On media alone.
    pub media: TaxSides,
    /// On media, data, fee and fixed costs.
    pub all_in: TaxSides,
}

/// The cost figures of one kind of costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxSides {
    /// As if there were no tax.
    pub before_tax: CostFigures,
    /// With the tax that the advertiser bears.
    pub after_tax: CostFigures,
}

/// What the costs come to, in units of the currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CostFigures {
    /// The costs themselves.
    pub costs: Femtos,
    /// Cost per thousand: 1000 x costs / impressions.
    pub cpm: Option<Ratio>,
    /// Cost per click: costs / clicks.
    pub cpc: Option<Ratio>,
    /// Cost per acquisition: costs / conversions.
    pub cpa: Option<Ratio>,
    /// Return on investment, as a fraction: (gains - costs) / costs. Break-even is 0. `None` unless the
    /// costs are above zero.
    pub roi: Option<Ratio>,
}

impl Figures {
    /// The figures of `totals` and of the fixed costs that go with them.
    #[must_use]
    pub fn of(totals: &Totals, fixed: Femtos) -> Self {
        let all_in = [totals.data, totals.fee, fixed].into_iter().fold(totals.media, sum);
        let sides = |costs, tax| TaxSides {
            before_tax: CostFigures::of(costs, totals),
            after_tax: CostFigures::of(sum(costs, tax), totals),
        };
        Self {
            ctr: Ratio::new(i128::from(totals.clicks), i128::from(totals.impressions)),
            cvr: Ratio::new(i128::from(totals.conversions), i128::from(totals.clicks)),
            roas: Ratio::new(totals.value.raw(), totals.media.raw()),
            media: sides(totals.media, totals.tax_borne.space),
            all_in: sides(all_in, totals.tax_borne.total()),
        }
    }
}

impl CostFigures {
    fn of(costs: Femtos, totals: &Totals) -> Self {
        // A thousandth of the divisor rather than a thousandfold of the costs.
        let per = |count: i128, unit| Ratio::new(costs.raw(), count * unit);
        Self {
            costs,
            cpm: per(totals.impressions.into(), FEMTOS / 1_000),
            cpc: per(totals.clicks.into(), FEMTOS),
            cpa: per(totals.conversions.into(), FEMTOS),
            roi: Ratio::new(sum(totals.value, -costs).raw(), costs.raw()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Figures;
    use crate::report::{Ratio, TaxSum, Totals};
    use crate::units::{Femtos, Nanos, Rounding};

    fn amount(text: &str) -> Femtos {
        Nanos::from_decimal(text, Rounding::Exact).unwrap().to_femtos()
    }

    /// 10,000 for media, a tax of 0.1 % on it that the advertiser bears, 40,000 gained.
    fn totals() -> Totals {
        Totals {
            impressions: 5_000_000,
            clicks: 20_000,
            conversions: 200,
            media: amount("10000"),
            tax_borne: TaxSum { space: amount("10"), data: Femtos::ZERO },
            value: amount("40000"),
            ..Totals::default()
        }
    }

    fn percent(ratio: Option<Ratio>) -> Option<String> {
        ratio.map(|ratio| ratio.to_percent(2))
    }

    fn decimal(ratio: Option<Ratio>) -> Option<String> {
        ratio.map(|ratio| ratio.to_decimal(2))
    }

    #[test]
    fn ten_thousand_that_bring_forty_are_a_roi_of_300_and_after_a_tax_of_10_of_299_60() {
        let figures = Figures::of(&totals(), Femtos::ZERO);
        assert_eq!(percent(figures.all_in.before_tax.roi).unwrap(), "300.00");
        assert_eq!(percent(figures.all_in.after_tax.roi).unwrap(), "299.60");
        assert_eq!(decimal(figures.roas).unwrap(), "4.00");
    }

    #[test]
    fn two_hundred_acquisitions_for_ten_thousand_cost_50_each_and_after_tax_50_05() {
        let figures = Figures::of(&totals(), Femtos::ZERO);
        assert_eq!(decimal(figures.all_in.before_tax.cpa).unwrap(), "50.00");
        assert_eq!(decimal(figures.all_in.after_tax.cpa).unwrap(), "50.05");
    }

    #[test]
    fn prices_and_rates_are_told_per_thousand_per_click_and_per_impression() {
        let figures = Figures::of(&totals(), Femtos::ZERO);
        assert_eq!(decimal(figures.media.before_tax.cpm).unwrap(), "2.00");
        assert_eq!(figures.media.after_tax.cpm.unwrap().to_decimal(4), "2.0020");
        assert_eq!(decimal(figures.media.before_tax.cpc).unwrap(), "0.50");
        assert_eq!(
            (percent(figures.ctr).unwrap(), percent(figures.cvr).unwrap()),
            ("0.40".into(), "1.00".into())
        );
    }

    #[test]
    fn all_in_costs_are_media_data_fee_and_fixed_and_the_tax_borne_on_both_kinds() {
        let tax_borne = TaxSum { space: amount("10"), data: amount("0.5") };
        let totals = Totals { data: amount("1000"), fee: amount("500"), tax_borne, ..totals() };
        let figures = Figures::of(&totals, amount("2000"));
        assert_eq!(figures.media.before_tax.costs, amount("10000"));
        assert_eq!(figures.media.after_tax.costs, amount("10010"));
        assert_eq!(figures.all_in.before_tax.costs, amount("13500"));
        assert_eq!(figures.all_in.after_tax.costs, amount("13510.5"));
    }

    #[test]
    fn a_tax_that_we_absorb_is_in_no_figure() {
        let absorbed = Totals { tax_borne: TaxSum::default(), tax_absorbed: totals().tax_borne, ..totals() };
        let figures = Figures::of(&absorbed, Femtos::ZERO);
        assert_eq!(figures.all_in.before_tax, figures.all_in.after_tax);
        assert_eq!(absorbed.tax(), amount("10"));
    }

    #[test]
    fn nothing_bought_has_no_figures_and_nothing_gained_loses_all() {
        let figures = Figures::of(&Totals::default(), Femtos::ZERO);
        assert_eq!((figures.ctr, figures.cvr, figures.roas), (None, None, None));
        let costs = figures.all_in.after_tax;
        assert_eq!((costs.cpm, costs.cpc, costs.cpa, costs.roi), (None, None, None, None));
        let lost = Figures::of(&Totals { value: Femtos::ZERO, ..totals() }, Femtos::ZERO);
        assert_eq!(percent(lost.all_in.before_tax.roi).unwrap(), "-100.00");
    }
}
