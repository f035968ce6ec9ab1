//! How sure a figure is where little was counted.
//!
//! A rate of so many out of so many has the score interval of Wilson (1927), as Newcombe recommends it ("Two-sided
//! confidence intervals for the single proportion", Statistics in Medicine 17, 1998, method 3). A figure per acquisition is
//! only as sure as the number of acquisitions, and a gain as that of conversions. Either is taken as Poisson: its exact
//! interval is that of Garwood ("Fiducial limits for the Poisson distribution", Biometrika 28, 1936), through which CPA and
//! ROI are mapped. Costs are known to the last unit; what one conversion brings is taken as it was on average, so an interval
//! of the ROI says nothing of how unlike orders are. All at 95 %. The one place of a report where floats compute: for the
//! eye, never for the books.

use crate::report::Ratio;

/// Where as many were counted, the interval is narrower than a tenth of the figure to each side, and not shown.
pub const FEW: u64 = 400;
/// The normal distribution's 97.5 % quantile.
const Z: f64 = 1.959_963_984_540_054;
/// What lies beyond each end.
const TAIL: f64 = 0.025;
/// Halvings of an interval until it has no more bits to give.
const HALVINGS: usize = 80;
/// The ends of an interval are kept in so many parts of one.
const PARTS: f64 = 1e9;

/// Between which values a figure lies, with a confidence of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// The lower end.
    pub low: Ratio,
    /// The upper end; `None` if there is none: no acquisition yet bounds no CPA.
    pub high: Option<Ratio>,
}

/// The interval of the rate `count / of`. `None` if it is sure enough, or no rate: more than all, or of none.
#[must_use]
pub fn rate(count: u64, of: u64) -> Option<Interval> {
    if count >= FEW || of == 0 || count > of {
        return None;
    }
    let (low, high) = wilson(float(count), float(of));
    Some(Interval { low: fraction(low)?, high: fraction(high) })
}

/// The interval of `costs / count`, where the count is Poisson. `None` if it is sure enough.
#[must_use]
pub fn cost_per(costs: Ratio, count: u64) -> Option<Interval> {
    if count >= FEW || costs.dividend() < 0 {
        return None;
    }
    let (least, most) = poisson(count);
    let costs = value(costs);
    let high = if least > 0.0 { fraction(costs / least) } else { None };
    Some(Interval { low: fraction(costs / most)?, high })
}

/// The interval of a return (`gains / costs - 1`) of which the gains came in `count` conversions. `None` if it is
/// sure enough, or there is none yet: nobody knows what one would have brought.
#[must_use]
pub fn gain(roi: Ratio, count: u64) -> Option<Interval> {
    if count >= FEW || count == 0 {
        return None;
    }
    let (least, most) = poisson(count);
    let per_conversion = (value(roi) + 1.0) / float(count);
    let end = |conversions: f64| fraction(per_conversion * conversions - 1.0);
    Some(Interval { low: end(least)?, high: end(most) })
}

/// Wilson's interval.
fn wilson(count: f64, of: f64) -> (f64, f64) {
    let (share, square) = (count / of, Z * Z);
    let middle = share + square / (2.0 * of);
    let half = Z * (share * (1.0 - share) / of + square / (4.0 * of * of)).sqrt();
    let scale = 1.0 + square / of;
    (((middle - half) / scale).max(0.0), ((middle + half) / scale).min(1.0))
}

/// Garwood's interval of a Poisson mean of which `count` were seen.
fn poisson(count: u64) -> (f64, f64) {
    // Far above the mean of any count below FEW.
    let beyond = float(count) + 10.0 * (float(count) + 3.0).sqrt() + 10.0;
    let at_most = |count: u64, mean: f64| {
        let mut term = (-mean).exp();
        let mut sum = term;
        for number in 1..=count {
            term *= mean / float(number);
            sum += term;
        }
        sum
    };
    // So few or fewer are ever less likely, the greater the mean.
    let mean_where = |count: u64, chance: f64| {
        let (mut low, mut high) = (0.0, beyond);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if at_most(count, middle) > chance {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::midpoint(low, high)
    };
    let least = count.checked_sub(1).map_or(0.0, |fewer| mean_where(fewer, 1.0 - TAIL));
    (least, mean_where(count, TAIL))
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "an estimate")]
fn value(ratio: Ratio) -> f64 {
    ratio.dividend() as f64 / ratio.divisor() as f64
}

#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn fraction(value: f64) -> Option<Ratio> {
    let parts = (value * PARTS).round();
    if parts.abs() < 1e36 { Ratio::new(parts as i128, PARTS as i128) } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, proptest};

    use super::{FEW, cost_per, gain, poisson, rate, wilson};
    use crate::report::Ratio;

    #[track_caller]
    fn assert_near(value: f64, published: f64, within: f64) {
        assert!((value - published).abs() <= within, "{value}, published {published}");
    }

    #[test]
    fn rates_have_the_intervals_of_newcombe_1998_table_1() {
        for (count, of, low, high) in [
            (81.0, 263.0, 0.2553, 0.3662),
            (15.0, 148.0, 0.0624, 0.1605),
            (0.0, 20.0, 0.0, 0.1611),
            (1.0, 29.0, 0.0061, 0.1718),
        ] {
            let (least, most) = wilson(count, of);
            assert_near(least, low, 0.000_05);
            assert_near(most, high, 0.000_05);
        }
    }

    #[test]
    fn counts_have_the_exact_intervals_of_garwood_1936() {
        for (count, low, high) in [
            (0, 0.0, 3.689),
            (1, 0.025, 5.572),
            (2, 0.242, 7.225),
            (5, 1.623, 11.668),
            (10, 4.795, 18.390),
            (20, 12.217, 30.888),
            (50, 37.111, 65.919),
            (100, 81.364, 121.627),
        ] {
            let (least, most) = poisson(count);
            assert_near(least, low, 0.001);
            assert_near(most, high, 0.001);
        }
    }

    #[test]
    fn a_cpa_of_ten_conversions_lies_between_what_its_count_allows() {
        // 1,000 over 10 conversions is 100; over 18.390 it is 54.38, over 4.7954 it is 208.53.
        let interval = cost_per(Ratio::new(1_000, 1).unwrap(), 10).unwrap();
        assert_eq!(interval.low.to_decimal(2), "54.38");
        assert_eq!(interval.high.unwrap().to_decimal(2), "208.53");
    }

    #[test]
    fn no_conversion_yet_bounds_the_cpa_below_and_not_above_and_says_nothing_of_the_roi() {
        let interval = cost_per(Ratio::new(1_000, 1).unwrap(), 0).unwrap();
        assert_eq!((interval.low.to_decimal(1), interval.high), ("271.1".to_owned(), None));
        assert!(gain(Ratio::new(-1, 1).unwrap(), 0).is_none());
    }

    #[test]
    fn a_roi_moves_with_the_number_of_conversions() {
        // 300 % of 10 conversions: 4 units back for each, 4 * 0.4795 - 1 and 4 * 1.8390 - 1.
        let interval = gain(Ratio::new(3, 1).unwrap(), 10).unwrap();
        assert_eq!(interval.low.to_percent(1), "91.8");
        assert_eq!(interval.high.unwrap().to_percent(1), "635.6");
    }

    #[test]
    fn what_is_sure_enough_and_what_is_no_rate_has_no_interval() {
        assert!(rate(FEW - 1, 10_000).is_some());
        assert!(rate(FEW, 10_000).is_none());
        assert!(rate(0, 0).is_none());
        assert!(rate(3, 2).is_none(), "more conversions than clicks: views convert, too");
        assert!(cost_per(Ratio::new(1, 1).unwrap(), FEW).is_none());
        assert!(cost_per(Ratio::new(-1, 1).unwrap(), 1).is_none(), "credits alone have no CPA");
    }

    proptest! {
        #[test]
        fn a_figure_lies_in_its_interval(count in 1..FEW, more in 0_u64..1_000_000, costs in 1_i64..1_000_000_000) {
            let share = Ratio::new(count.into(), (count + more).into()).unwrap();
            let interval = rate(count, count + more).unwrap();
            prop_assert!(super::value(interval.low) <= super::value(share) + 1e-9);
            prop_assert!(super::value(interval.high.unwrap()) >= super::value(share) - 1e-9);
            let costs = Ratio::new(costs.into(), 1).unwrap();
            let cpa = super::value(costs) / super::float(count);
            let interval = cost_per(costs, count).unwrap();
            prop_assert!(super::value(interval.low) <= cpa && cpa <= super::value(interval.high.unwrap()));
        }
    }
}
