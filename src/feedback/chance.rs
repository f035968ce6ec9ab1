//! How likely counts are, and what interval they leave: Poisson and binomial laws, exact, for counts that need not be whole.
//!
//! Sources: Press et al., "Numerical Recipes", 3rd edition, sections 6.1, 6.2 and 6.4 (gamma and beta functions); Garwood,
//! Biometrika 28 (1936), for the interval of a count; Clopper and Pearson, Biometrika 26 (1934), for that of a share;
//! Wilson and Hilferty, PNAS 17 (1931), for large counts.

/// Beyond it, the cube root of a gamma variable is normal to more digits than matter.
const LARGE: f64 = 1e5;
const TERMS_MAX: usize = 100_000;
const TINY: f64 = 1e-300;

/// The chance of at most `count` events where `mean` are expected. Both at least 0.
pub(in crate::feedback) fn at_most(count: f64, mean: f64) -> f64 {
    1.0 - gamma_below(count + 1.0, mean)
}

/// The chance of at least `count` events where `mean` are expected. Both at least 0.
pub(in crate::feedback) fn at_least(count: f64, mean: f64) -> f64 {
    if count <= 0.0 { 1.0 } else { gamma_below(count, mean) }
}

/// How likely a count as far from `mean` as `count`, on either side, is: 0 to 1.
pub(in crate::feedback) fn as_far(count: f64, mean: f64) -> f64 {
    (2.0 * at_most(count, mean).min(at_least(count, mean))).min(1.0)
}

/// The 95 % interval of the mean that brought `count` events (Garwood).
pub(in crate::feedback) fn mean_interval(count: f64) -> (f64, f64) {
    let most = count + 10.0 * (count + 4.0).sqrt() + 10.0;
    let low =
        if count <= 0.0 { 0.0 } else { bisect(0.0, count, |mean| at_least(count, mean) > HALF_OF_FIVE) };
    (low, bisect(count, most, |mean| at_most(count, mean) < HALF_OF_FIVE))
}

/// How likely it is that of `total` events as many more or fewer as `part` fall where the share `share` of them is
/// expected: 0 to 1.
pub(in crate::feedback) fn share_as_far(part: f64, total: f64, share: f64) -> f64 {
    (2.0 * share_at_most(part, total, share).min(share_at_least(part, total, share))).min(1.0)
}

/// The 95 % interval of the share that `part` of `total` events come from (Clopper and Pearson).
pub(in crate::feedback) fn share_interval(part: f64, total: f64) -> (f64, f64) {
    let found = if total > 0.0 { part / total } else { return (0.0, 1.0) };
    let low = if part <= 0.0 {
        0.0
    } else {
        bisect(0.0, found, |share| share_at_least(part, total, share) > HALF_OF_FIVE)
    };
    let high = if part >= total {
        1.0
    } else {
        bisect(found, 1.0, |share| share_at_most(part, total, share) < HALF_OF_FIVE)
    };
    (low, high)
}

const HALF_OF_FIVE: f64 = 0.025;

fn share_at_least(part: f64, total: f64, share: f64) -> f64 {
    if part <= 0.0 { 1.0 } else { beta_below(part, total - part + 1.0, share) }
}

fn share_at_most(part: f64, total: f64, share: f64) -> f64 {
    if part >= total { 1.0 } else { 1.0 - beta_below(part + 1.0, total - part, share) }
}

/// Where between `low` and `high` `holds` begins to be true, to a billionth of the way.
fn bisect(mut low: f64, mut high: f64, holds: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..64 {
        let middle = f64::midpoint(low, high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle;
        }
        if high - low <= 1e-9 * high {
            break;
        }
    }
    f64::midpoint(low, high)
}

/// ln Γ(x), x > 0, to some 15 digits (Lanczos).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let mut sum = TERMS[0];
    let mut divisor = x;
    for term in &TERMS[1..] {
        divisor += 1.0;
        sum += term / divisor;
    }
    let base = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * base.ln() - base + sum.ln()
}

/// The regularised lower incomplete gamma function P(a, x), a > 0.
fn gamma_below(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if a > LARGE {
        let third = 1.0 / (9.0 * a);
        return normal_below(((x / a).cbrt() - (1.0 - third)) / third.sqrt());
    }
    let front = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        let mut divisor = a;
        for _ in 0..TERMS_MAX {
            divisor += 1.0;
            term *= x / divisor;
            sum += term;
            if term < sum * 1e-16 {
                break;
            }
        }
        return (front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - a;
    let (mut c, mut d) = (1.0 / TINY, 1.0 / b);
    let (mut fraction, mut at) = (d, 0.0);
    for _ in 0..TERMS_MAX {
        at += 1.0;
        let numerator = -at * (at - a);
        b += 2.0;
        d = 1.0 / apart(numerator * d + b);
        c = apart(b + numerator / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (1.0 - front * fraction).clamp(0.0, 1.0)
}

/// The chance that a standard normal variable is below `z`.
fn normal_below(z: f64) -> f64 {
    let within = gamma_below(0.5, z * z / 2.0);
    f64::midpoint(1.0, within.copysign(z))
}

/// The regularised incomplete beta function I_x(a, b), a and b > 0.
fn beta_below(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    // The fraction is quick on one side of the mean only.
    let found = if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    };
    found.clamp(0.0, 1.0)
}

fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    let mut c = 1.0;
    let mut d = 1.0 / apart(1.0 - (a + b) * x / (a + 1.0));
    let (mut fraction, mut at) = (d, 0.0);
    for _ in 0..TERMS_MAX {
        at += 1.0;
        let twice = a + 2.0 * at;
        let even = at * (b - at) * x / ((twice - 1.0) * twice);
        d = 1.0 / apart(1.0 + even * d);
        c = apart(1.0 + even / c);
        fraction *= c * d;
        let odd = -(a + at) * (a + b + at) * x / (twice * (twice + 1.0));
        d = 1.0 / apart(1.0 + odd * d);
        c = apart(1.0 + odd / c);
        fraction *= c * d;
        if (c * d - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// The same, but never so near 0 that nothing can be divided by it.
fn apart(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

#[cfg(test)]
mod tests {
    use super::{as_far, at_least, at_most, mean_interval, share_as_far, share_interval};

    #[track_caller]
    fn near(found: f64, want: f64) {
        assert!((found - want).abs() <= 1e-4 * want.abs().max(1e-3), "{found}, not {want}");
    }

    #[test]
    fn counts_are_as_likely_as_the_poisson_law_sums_up() {
        for mean in [0.1_f64, 1.0, 4.605, 30.0, 99.5] {
            let (mut term, mut sum) = ((-mean).exp(), 0.0);
            for count in 0..150_i32 {
                near(at_least(count.into(), mean), 1.0 - sum);
                sum += term;
                near(at_most(count.into(), mean), sum);
                term *= mean / f64::from(count + 1);
            }
        }
    }

    #[test]
    fn shares_are_as_likely_as_the_binomial_law_sums_up() {
        for (total, share) in [(10_i32, 0.5_f64), (40, 0.1), (60, 0.93)] {
            let (mut term, mut sum) = ((1.0 - share).powi(total), 0.0);
            for part in 0..=total {
                let above = 1.0 - sum;
                sum += term;
                near(share_as_far(part.into(), total.into(), share), (2.0 * sum.min(above)).min(1.0));
                term *= share / (1.0 - share) * f64::from(total - part) / f64::from(part + 1);
            }
        }
    }

    #[test]
    fn intervals_are_the_published_ones() {
        // Garwood's table for 0, 1, 10 and 100.
        for (count, low, high) in
            [(0.0, 0.0, 3.6889), (1.0, 0.0253, 5.5716), (10.0, 4.7954, 18.3904), (100.0, 81.3640, 121.6273)]
        {
            let found = mean_interval(count);
            assert!((found.0 - low).abs() < 1e-3 && (found.1 - high).abs() < 1e-3, "{count}: {found:?}");
        }
        // Clopper and Pearson's for 0, 1 and 5 of 10.
        for (part, low, high) in [(0.0, 0.0, 0.3085), (1.0, 0.0025, 0.4450), (5.0, 0.1871, 0.8129)] {
            let found = share_interval(part, 10.0);
            assert!((found.0 - low).abs() < 1e-3 && (found.1 - high).abs() < 1e-3, "{part}: {found:?}");
        }
    }

    #[test]
    fn large_counts_go_on_where_small_ones_end() {
        for deviations in [-3.0, -1.0, 0.0, 1.0, 3.0] {
            let tail = |mean: f64| at_most(mean + deviations * mean.sqrt(), mean);
            assert!((tail(99_990.0) - tail(100_010.0)).abs() < 1e-4, "{deviations}");
        }
        let (low, high) = mean_interval(1e9);
        assert!((low / 1e9 - 1.0 + 1.96 / 1e9_f64.sqrt()).abs() < 1e-6 && high > 1e9);
    }

    #[test]
    fn nothing_is_told_by_nothing() {
        assert!((as_far(0.0, 0.0) - 1.0).abs() < 1e-12);
        assert_eq!(share_interval(0.0, 0.0), (0.0, 1.0));
        assert!((share_as_far(0.0, 0.0, 0.5) - 1.0).abs() < 1e-12);
    }
}
