//! Intervals of shares, of their difference and ratio, and of ratios of sums.
//!
//! Every one says between what the truth lies with a given confidence, and an end that nothing bounds is absent. Floats
//! throughout: these are estimates, and no amount follows from them. Deliberately absent: what is tested, and words.

/// Between what a figure lies. An end that is absent is not bounded.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize)]
pub struct Interval {
    /// At least.
    pub low: Option<f64>,
    /// At most.
    pub high: Option<f64>,
}

impl Interval {
    /// From `low` to `high`.
    #[must_use]
    pub const fn new(low: f64, high: f64) -> Self {
        Self { low: Some(low), high: Some(high) }
    }

    /// True if the figure is certainly above `point`.
    #[must_use]
    pub fn is_above(&self, point: f64) -> bool {
        self.low.is_some_and(|low| low > point)
    }

    /// True if the figure is certainly below `point`.
    #[must_use]
    pub fn is_below(&self, point: f64) -> bool {
        self.high.is_some_and(|high| high < point)
    }

    /// True if `point` lies in it, its ends included.
    #[must_use]
    pub fn holds(&self, point: f64) -> bool {
        !self.is_above(point) && !self.is_below(point)
    }

    /// The same times `factor`, which is above 0.
    #[must_use]
    pub(in crate::experiment) fn times(self, factor: f64) -> Self {
        Self { low: self.low.map(|low| low * factor), high: self.high.map(|high| high * factor) }
    }

    /// The same with `more` added.
    #[must_use]
    pub(in crate::experiment) fn plus(self, more: f64) -> Self {
        Self { low: self.low.map(|low| low + more), high: self.high.map(|high| high + more) }
    }

    /// What `cost`, above 0, costs for each of the figure; `None` where the figure is not above 0 for certain or
    /// possibly.
    #[must_use]
    pub(in crate::experiment) fn price_of_each(self, cost: f64) -> Option<Self> {
        let most = self.high.filter(|high| *high > 0.0);
        if self.high.is_some() && most.is_none() {
            return None;
        }
        let low = most.map_or(0.0, |high| cost / high);
        Some(Self { low: Some(low), high: self.low.filter(|low| *low > 0.0).map(|low| cost / low) })
    }
}

/// The point below which a standard normal variable lies with `probability`, which lies between 0 and 1; relative error
/// about 10^-16.
///
/// Source: Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), 477-484.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    let q = probability - 0.5;
    let polynomial =
        |coefficients: &[f64; 8], r: f64| coefficients.iter().rev().fold(0.0, |sum, c| sum * r + c);
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(&CENTRE.0, r) / polynomial(&CENTRE.1, r);
    }
    let tail = if q < 0.0 { probability } else { 1.0 - probability };
    let r = (-tail.ln()).sqrt();
    let (coefficients, r) = if r <= 5.0 { (&MIDDLE, r - 1.6) } else { (&FAR, r - 5.0) };
    let point = polynomial(&coefficients.0, r) / polynomial(&coefficients.1, r);
    if q < 0.0 { -point } else { point }
}

/// Above and below the line, from the constant up.
type Rational = ([f64; 8], [f64; 8]);

const CENTRE: Rational = (
    [
        3.387_132_872_796_366_5,
        133.141_667_891_784_38,
        1_971.590_950_306_551_3,
        13_731.693_765_509_46,
        45_921.953_931_549_87,
        67_265.770_927_008_7,
        33_430.575_583_588_13,
        2_509.080_928_730_122_7,
    ],
    [
        1.0,
        42.313_330_701_600_91,
        687.187_007_492_057_9,
        5_394.196_021_424_751,
        21_213.794_301_586_597,
        39_307.895_800_092_71,
        28_729.085_735_721_943,
        5_226.495_278_852_854,
    ],
);
const MIDDLE: Rational = (
    [
        1.423_437_110_749_683_5,
        4.630_337_846_156_546,
        5.769_497_221_460_691,
        3.647_848_324_763_204_5,
        1.270_458_252_452_368_4,
        0.241_780_725_177_450_6,
        0.022_723_844_989_269_184,
        7.745_450_142_783_414e-4,
    ],
    [
        1.0,
        2.053_191_626_637_759,
        1.676_384_830_183_803_8,
        0.689_767_334_985_1,
        0.148_103_976_427_480_08,
        0.015_198_666_563_616_457,
        5.475_938_084_995_345e-4,
        1.050_750_071_644_416_9e-9,
    ],
);
const FAR: Rational = (
    [
        6.657_904_643_501_103,
        5.463_784_911_164_114,
        1.784_826_539_917_291_3,
        0.296_560_571_828_504_87,
        0.026_532_189_526_576_124,
        0.001_242_660_947_388_078_4,
        2.711_555_568_743_487_6e-5,
        2.010_334_399_292_288_1e-7,
    ],
    [
        1.0,
        0.599_832_206_555_888,
        0.136_929_880_922_735_8,
        0.014_875_361_290_850_615,
        7.868_691_311_456_133e-4,
        1.846_318_317_510_054_7e-5,
        1.421_511_758_316_446e-7,
        2.044_263_103_389_939_8e-15,
    ],
);

/// How many standard deviations both sides of an interval of `confidence` are away.
#[must_use]
pub(in crate::experiment) fn deviations(confidence: f64) -> f64 {
    normal_quantile(f64::midpoint(1.0, confidence))
}

/// A share of people as it was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::experiment) struct Share {
    pub(in crate::experiment) people: f64,
    pub(in crate::experiment) hits: f64,
}

impl Share {
    pub(in crate::experiment) fn rate(self) -> f64 {
        self.hits / self.people
    }

    /// The score interval, `z` standard deviations wide. Source: Wilson, JASA 22 (1927), 209-212.
    pub(in crate::experiment) fn wilson(self, z: f64) -> (f64, f64) {
        let (n, p, z2) = (self.people, self.rate(), z * z);
        let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        ((centre - half).max(0.0), (centre + half).min(1.0))
    }
}

/// By how much the share `one` is above `other`. Source: Newcombe's hybrid score interval (method 10), Statistics in
/// Medicine 17 (1998), 873-890.
pub(in crate::experiment) fn difference(one: Share, other: Share, z: f64) -> Interval {
    let ((low, high), (other_low, other_high)) = (one.wilson(z), other.wilson(z));
    let (p, q) = (one.rate(), other.rate());
    Interval::new(p - q - (p - low).hypot(other_high - q), p - q + (high - p).hypot(q - other_low))
}

/// The share `one` as a multiple of `other`. Source: Donner and Zou, Statistical Methods in Medical Research 21 (2012),
/// 347-359, with score intervals.
pub(in crate::experiment) fn multiple(one: Share, other: Share, z: f64) -> Interval {
    let ((low, high), (other_low, other_high)) = (one.wilson(z), other.wilson(z));
    let (p, q) = (one.rate(), other.rate());
    // Behind the root stands the square of a distance: rounding alone takes it below 0.
    let root = |near: f64, far: f64| {
        ((p * q).powi(2) - near * far * (2.0 * p - near) * (2.0 * q - far)).max(0.0).sqrt()
    };
    let least = (p * q - root(low, other_high)) / (other_high * (2.0 * q - other_high));
    let most = (p * q + root(high, other_low)) / (other_low * (2.0 * q - other_low));
    // With nearly nobody in the other group its upper end is above twice its rate, and nothing bounds the multiple.
    let is_bounded = 2.0 * q > other_high;
    Interval {
        low: Some(if is_bounded && least.is_finite() { least.max(0.0) } else { 0.0 }),
        high: Some(most).filter(|most| most.is_finite() && other_low > 0.0),
    }
}

/// Sums over people, each with a pair of figures: of both, of their squares, and of their product.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::experiment) struct Pairs {
    pub(in crate::experiment) above: f64,
    pub(in crate::experiment) below: f64,
    above_squares: f64,
    products: f64,
    below_squares: f64,
}

impl Pairs {
    /// One more person.
    pub(in crate::experiment) fn add(&mut self, above: f64, below: f64) {
        self.above += above;
        self.below += below;
        self.above_squares += above * above;
        self.products += above * below;
        self.below_squares += below * below;
    }

    /// The ratio of the sums; `None` over nothing.
    pub(in crate::experiment) fn ratio(&self) -> Option<f64> {
        (self.below > 0.0).then(|| self.above / self.below)
    }

    /// The ratio of what a person brings on average above and below: all ratios `R` for which the sum of
    /// `above - R below` is no further from 0 than `z` of its standard deviations. Figures are not negative.
    ///
    /// Whoever has neither changes nothing, so that people who were reached in vain need not be counted. Source: Fieller,
    /// Journal of the Royal Statistical Society B 16 (1954), 175-185, with sums over people in place of variances.
    pub(in crate::experiment) fn ratio_interval(&self, z: f64) -> Interval {
        let z2 = z * z;
        let a = self.below.powi(2) - z2 * self.below_squares;
        let b = self.above * self.below - z2 * self.products;
        let c = self.above.powi(2) - z2 * self.above_squares;
        let root = (b * b - a * c).max(0.0).sqrt();
        if a > 0.0 {
            return Interval::new(((b - root) / a).max(0.0), (b + root) / a);
        }
        // Too few below the line: however large, a ratio cannot be ruled out. Below 0 there is none.
        let least = if a < 0.0 { (b - root) / a } else { 0.0 };
        Interval { low: Some(if c > 0.0 { least.max(0.0) } else { 0.0 }), high: None }
    }
}

/// By how much a figure is above another one, each with its interval. Source: Zou and Donner, Statistics in Medicine 27
/// (2008), 1693-1702.
pub(in crate::experiment) fn distance(one: (f64, Interval), other: (f64, Interval)) -> Interval {
    let ((one, of_one), (other, of_other)) = (one, other);
    let between = one - other;
    let low = of_one.low.zip(of_other.high).map(|(low, high)| between - (one - low).hypot(high - other));
    let high = of_one.high.zip(of_other.low).map(|(high, low)| between + (high - one).hypot(other - low));
    Interval { low, high }
}

#[cfg(test)]
mod tests {
    use super::{Interval, Pairs, Share, deviations, difference, distance, multiple, normal_quantile};

    #[track_caller]
    fn near(found: f64, want: f64, within: f64) {
        assert!((found - want).abs() <= within, "{found}, wanted {want}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (probability, want) in [
            (0.5, 0.0),
            (0.8, 0.841_621_233_572_914_3),
            (0.975, 1.959_963_984_540_054),
            (0.025, -1.959_963_984_540_054),
            (0.999, 3.090_232_306_167_813_5),
            (1e-9, -5.997_807_015_007_686),
            (1e-20, -9.262_340_089_798_408),
        ] {
            near(normal_quantile(probability), want, 1e-9);
        }
        near(deviations(0.95), 1.959_963_984_540_054, 1e-12);
    }

    #[test]
    fn shares_and_their_differences_are_those_of_the_papers() {
        // Newcombe 1998, table II: 56/70 - 48/80, method 10: 0.0524 to 0.3339; 9/10 - 3/10: 0.1705 to 0.8090.
        let of = |hits: f64, people: f64| Share { people, hits };
        let found = difference(of(56.0, 70.0), of(48.0, 80.0), 1.959_964);
        near(found.low.unwrap(), 0.0524, 5e-5);
        near(found.high.unwrap(), 0.3339, 5e-5);
        let found = difference(of(9.0, 10.0), of(3.0, 10.0), 1.959_964);
        near(found.low.unwrap(), 0.1705, 5e-5);
        near(found.high.unwrap(), 0.8090, 5e-5);
        // Newcombe 1998 (two-sided intervals for the single proportion), 81/263: 0.2553 to 0.3662; 0/20: 0 to 0.1611.
        let (low, high) = of(81.0, 263.0).wilson(1.959_964);
        near(low, 0.2553, 5e-5);
        near(high, 0.3662, 5e-5);
        near(of(0.0, 20.0).wilson(1.959_964).1, 0.1611, 5e-5);
    }

    #[test]
    fn a_multiple_of_nothing_has_no_upper_end() {
        let of = |hits: f64| Share { people: 1_000.0, hits };
        assert_eq!(multiple(of(10.0), of(0.0), 1.96), Interval { low: Some(0.0), high: None });
        let found = multiple(of(200.0), of(100.0), 1.96);
        assert!(found.holds(2.0) && found.is_above(1.5) && found.is_below(2.6), "{found:?}");
        let same = multiple(of(100.0), of(100.0), 1.96);
        near(same.low.unwrap() * same.high.unwrap(), 1.0, 0.05);
    }

    #[test]
    fn a_ratio_over_too_little_has_no_upper_end() {
        let mut few = Pairs::default();
        (0..1_000).for_each(|at| few.add(1.0, f64::from(u8::from(at < 3))));
        let found = few.ratio_interval(1.96);
        assert_eq!(found.high, None);
        assert!(found.low.unwrap() > 100.0, "{found:?}");
        let mut many = Pairs::default();
        (0..1_000).for_each(|at| many.add(1.0, f64::from(u8::from(at < 400))));
        let found = many.ratio_interval(1.96);
        // One in 0.4 with a share of 0.4 plus or minus 0.0304.
        near(found.low.unwrap(), 1.0 / 0.430_7, 0.01);
        near(found.high.unwrap(), 1.0 / 0.370_0, 0.01);
        let nothing = Pairs::default();
        assert_eq!((nothing.ratio(), nothing.ratio_interval(1.96).high), (None, None));
    }

    #[test]
    fn a_cost_for_each_of_what_may_be_nothing_has_no_upper_end_and_of_what_is_less_none() {
        assert_eq!(Interval::new(10.0, 40.0).price_of_each(400.0), Some(Interval::new(10.0, 40.0)));
        let open = Interval::new(-10.0, 40.0).price_of_each(400.0).unwrap();
        assert_eq!(open, Interval { low: Some(10.0), high: None });
        assert_eq!(Interval::new(-10.0, -4.0).price_of_each(400.0), None);
        assert_eq!(Interval::new(-10.0, 0.0).price_of_each(400.0), None);
    }

    #[test]
    fn a_distance_from_an_open_end_is_open() {
        let open = Interval { low: Some(8.0), high: None };
        let found = distance((10.0, open), (20.0, Interval::new(17.0, 24.0)));
        assert_eq!(found.high, None);
        near(found.low.unwrap(), -10.0 - 20.0_f64.sqrt(), 1e-9);
    }
}
