//! The figures that media buyers are judged by, each an exact fraction.
//!
//! Every cost figure comes on media alone and all in, and of both before and after tax. All-in costs are
//! media, data, our fee and the campaign's fixed costs. After tax, the tax that the advertiser bears is
//! added: on ad space to media, on both kinds to all-in costs. A tax that we absorb is in no figure.
//!
//! What the advertiser is charged stands beside them: net is media, data and our fee, gross is net and the tax borne.
//! A win rate is one of wins and losses that we were told of: where an exchange tells no losses, it says nothing.
//!
//! A conversion is whatever an ad led to; an acquisition is one of a kind that its campaign called so when it was booked
//! (in a campaign's file: `"acquisition"` of `conversions`, which its first kind is unless it says otherwise). Every CPA
//! counts acquisitions alone, and so does what follows from it: its interval, how far a target is attained, LTV:CAC, the CPA
//! of a what-if and of an arm, and the incremental one of a holdout. Rates and gains count all conversions: CVR, value, ROI
//! and ROAS.
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
    /// Conversion rate: conversions of every kind / clicks. Above 1 where views convert too.
    pub cvr: Option<Ratio>,
    /// Wins / (wins and losses), of those that we were told.
    pub win_rate: Option<Ratio>,
    /// Views / impressions.
    pub viewability: Option<Ratio>,
    /// Of video and audio ads that began to play, those that were played to the end.
    pub completion: Option<Ratio>,
    /// Return on ad spend: gains / media. Break-even is 1.
    pub roas: Option<Ratio>,
    /// What the advertiser is charged before tax: media, data and our fee.
    pub net: Femtos,
    /// What the advertiser is charged: net and the tax borne.
    pub gross: Femtos,
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
    /// Cost per acquisition: costs / acquisitions.
    pub cpa: Option<Ratio>,
    /// Return on investment, as a fraction: (gains - costs) / costs. Break-even is 0. `None` unless the
    /// costs are above zero.
    pub roi: Option<Ratio>,
    /// Return on ad spend, with these costs: gains / costs.
    pub roas: Option<Ratio>,
    /// What customers are expected to bring altogether for each unit that they cost to win: lifetime value over these
    /// costs, which is the lifetime value of one acquisition over its CPA. A healthy ratio is 3. `None` where no
    /// acquisition had a lifetime value.
    pub ltv_to_cac: Option<Ratio>,
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
        let net = totals.net();
        let count = |count: u64| i128::from(count);
        Self {
            ctr: Ratio::new(count(totals.clicks), i128::from(totals.impressions)),
            cvr: Ratio::new(count(totals.conversions), count(totals.clicks)),
            win_rate: Ratio::new(count(totals.wins), count(totals.wins) + count(totals.losses)),
            viewability: Ratio::new(count(totals.views), i128::from(totals.impressions)),
            completion: Ratio::new(count(totals.completes), count(totals.starts)),
            roas: Ratio::new(totals.value.raw(), totals.media.raw()),
            net,
            gross: sum(net, totals.tax_borne.total()),
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
            cpa: per(totals.acquisitions.into(), FEMTOS),
            roi: Ratio::new(sum(totals.value, -costs).raw(), costs.raw()),
            roas: Ratio::new(totals.value.raw(), costs.raw()),
            ltv_to_cac: if totals.lifetime == Femtos::ZERO {
                None
            } else {
                Ratio::new(totals.lifetime.raw(), costs.raw())
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{Figures, sum};
    use crate::report::{Ratio, TaxSum, Totals};
    use crate::units::{Femtos, Nanos, RatePpm, Rounding};

    fn amount(text: &str) -> Femtos {
        Nanos::from_decimal(text, Rounding::Exact).unwrap().to_femtos()
    }

    fn totals() -> Totals {
        Totals::of_ten_thousand()
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
    fn a_conversion_that_is_no_acquisition_changes_rates_and_no_cost_of_an_acquisition() {
        let figures = |totals: &Totals| Figures::of(totals, Femtos::ZERO);
        let with_others = Totals { conversions: 1_000, ..totals() };
        assert_eq!(percent(figures(&with_others).cvr).unwrap(), "5.00");
        assert_eq!(figures(&with_others).all_in, figures(&totals()).all_in);
        let without = figures(&Totals { acquisitions: 0, ..with_others });
        assert_eq!(percent(without.cvr).unwrap(), "5.00");
        assert_eq!((without.all_in.before_tax.cpa, without.media.after_tax.cpa), (None, None));
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
    fn an_acquisition_of_50_against_ten_purchases_of_20_a_year_is_one_to_four_and_paid_back_in_three_months()
    {
        // One customer, won for 50, who buys for 20 ten times a year: a year's lifetime value of 200.
        let customer = Totals {
            conversions: 1,
            acquisitions: 1,
            media: amount("50"),
            value: amount("20"),
            lifetime: amount("200"),
            ..Totals::default()
        };
        let figures = Figures::of(&customer, Femtos::ZERO).all_in.after_tax;
        assert_eq!(decimal(figures.cpa).unwrap(), "50.00");
        assert_eq!(decimal(figures.ltv_to_cac).unwrap(), "4.00");
        let months = Ratio::new(12, 1).unwrap().over(figures.ltv_to_cac.unwrap()).unwrap();
        assert_eq!(months, Ratio::new(3, 1).unwrap());
        // The first purchase alone does not pay for it.
        assert_eq!(percent(figures.roi).unwrap(), "-60.00");
    }

    #[test]
    fn customers_of_whom_nobody_said_what_they_will_bring_have_no_ratio() {
        let figures = Figures::of(&totals(), Femtos::ZERO);
        assert_eq!(figures.all_in.after_tax.ltv_to_cac, None);
        let two = Totals { acquisitions: 400, lifetime: amount("30030"), ..totals() };
        let figures = Figures::of(&two, Femtos::ZERO);
        assert_eq!(decimal(figures.all_in.after_tax.ltv_to_cac).unwrap(), "3.00");
        assert_eq!(figures.media.before_tax.ltv_to_cac.unwrap().to_decimal(3), "3.003");
    }

    #[test]
    fn a_hundred_thousand_a_month_at_a_thousandth_are_taxed_100_a_month_and_1_200_a_year() {
        let media = Nanos::from_decimal("100000", Rounding::Exact).unwrap();
        let thousandth = media.share(RatePpm::from_ppm(1_000).unwrap());
        let month = Totals {
            media: media.to_femtos(),
            tax_borne: TaxSum { space: thousandth, data: Femtos::ZERO },
            ..Totals::default()
        };
        let figures = Figures::of(&month, Femtos::ZERO);
        assert_eq!(month.tax(), amount("100"));
        assert_eq!((figures.net, figures.gross), (amount("100000"), amount("100100")));
        let mut year = Totals::default();
        (0..12).for_each(|_| year.merge(&month));
        assert_eq!(year.tax(), amount("1200"));
        assert_eq!(Figures::of(&year, Femtos::ZERO).gross, amount("1201200"));
    }

    #[test]
    fn shares_of_what_was_told_shown_and_played_are_told_beside_each_other() {
        let totals = Totals {
            wins: 1,
            losses: 3,
            impressions: 8,
            views: 2,
            starts: 4,
            completes: 3,
            ..Totals::default()
        };
        let figures = Figures::of(&totals, Femtos::ZERO);
        let shares = [figures.win_rate, figures.viewability, figures.completion].map(percent);
        assert_eq!(shares.map(Option::unwrap), ["25.00", "25.00", "75.00"]);
    }

    proptest! {
        #[test]
        fn what_is_charged_is_net_and_tax(parts in any::<[i64; 7]>()) {
            let [media, data, fee, space, on_data, absorbed, fixed] = parts.map(|part| Femtos::from_raw(part.into()));
            let tax_borne = TaxSum { space, data: on_data };
            let tax_absorbed = TaxSum { space: absorbed, data: Femtos::ZERO };
            let totals = Totals { media, data, fee, tax_borne, tax_absorbed, ..Totals::default() };
            let figures = Figures::of(&totals, fixed);
            prop_assert_eq!(sum(figures.net, tax_borne.total()), figures.gross);
            prop_assert_eq!([media, data, fee].into_iter().sum::<Femtos>(), figures.net);
            for (sides, tax) in [(figures.media, space), (figures.all_in, tax_borne.total())] {
                prop_assert_eq!(sum(sides.before_tax.costs, tax), sides.after_tax.costs);
            }
            prop_assert_eq!(sum(figures.net, fixed), figures.all_in.before_tax.costs);
        }
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
        assert_eq!((costs.roas, costs.ltv_to_cac), (None, None));
        assert_eq!((figures.win_rate, figures.viewability, figures.completion), (None, None, None));
        let lost = Figures::of(&Totals { value: Femtos::ZERO, ..totals() }, Femtos::ZERO);
        assert_eq!(percent(lost.all_in.before_tax.roi).unwrap(), "-100.00");
    }
}
