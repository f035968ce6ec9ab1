//! Models of attribution: how one conversion is shared among the touches before it.
//!
//! Whole numbers only, so that every machine shares alike: a model gives each touch a weight, and the largest
//! remainder makes parts per million of them that sum to exactly a million.

use std::collections::HashSet;
use std::hash::Hash;

use crate::units::Millis;

/// A conversion in parts per million.
const WHOLE: u32 = 1_000_000;
/// Time after which a touch weighs half.
const HALF_LIFE: Millis = Millis::from_seconds(7 * 86_400);
/// The weight 1 of [`decayed`].
const UNIT: u64 = 1 << 62;

/// How a person met an ad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Manner {
    /// It was viewable.
    View,
    /// It was clicked.
    Click,
    /// Its promo code was used.
    Code,
}

/// One touch of a path, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<C> {
    /// What is credited with it: an exchange, a campaign, ...
    pub channel: C,
    /// How long before the conversion.
    pub age: Millis,
    /// Seen, or acted upon.
    pub manner: Manner,
}

/// A way to share a conversion among touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Model {
    /// All to the last click or code, else to the last view: as the ledger books it.
    LastTouch,
    /// All to the first touch.
    FirstTouch,
    /// The same to each touch.
    Linear,
    /// Half as much for each seven days that a touch lies further back.
    TimeDecay,
    /// 40 % to the first, 40 % to the last, 20 % to those between; half each of two.
    Position,
    /// The same to each channel, however often it touched: the Shapley value of the game in which a path converts
    /// only if all of its channels take part (Zhao et al. 2018, 1804.05327, of a single path).
    Shapley,
}

impl Model {
    /// All models, in the order of their variants.
    pub const ALL: [Self; 6] =
        [Self::LastTouch, Self::FirstTouch, Self::Linear, Self::TimeDecay, Self::Position, Self::Shapley];

    /// The model's name, as people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LastTouch => "last-touch",
            Self::FirstTouch => "first-touch",
            Self::Linear => "linear",
            Self::TimeDecay => "time-decay",
            Self::Position => "position",
            Self::Shapley => "shapley",
        }
    }

    /// The model of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|model| model.name() == name)
    }

    /// What each touch of `path` is credited with, in parts per million of the conversion. Sums to exactly 1,000,000,
    /// but for an empty path, which has nobody to credit. What rounding leaves over goes to the largest remainders,
    /// of equal ones to the earlier touches. Under [`Model::Shapley`] the first touch of a channel stands for all of it.
    #[must_use]
    pub fn shares<C: Eq + Hash>(self, path: &[Step<C>]) -> Vec<u32> {
        let Some(last) = path.len().checked_sub(1) else { return Vec::new() };
        let one = |only: usize| (0..path.len()).map(move |at| u64::from(at == only)).collect::<Vec<_>>();
        shared(&match self {
            Self::LastTouch => one(path.iter().rposition(|step| step.manner != Manner::View).unwrap_or(last)),
            Self::FirstTouch => one(0),
            Self::Linear => vec![1; path.len()],
            Self::TimeDecay => decays(path),
            Self::Position => positions(path.len()),
            Self::Shapley => {
                let mut met = HashSet::new();
                path.iter().map(|step| u64::from(met.insert(&step.channel))).collect()
            }
        })
    }
}

/// Twice as much for the first as for all between together, and the same for the last.
fn positions(len: usize) -> Vec<u64> {
    let between = (len as u64).saturating_sub(2);
    let mut weights = vec![1; len];
    if between > 0 {
        weights[0] = 2 * between;
        weights[len - 1] = 2 * between;
    }
    weights
}

/// Weights by age, the youngest touch's the largest that there is: only ratios count.
fn decays<C>(path: &[Step<C>]) -> Vec<u64> {
    let youngest = path.iter().map(|step| step.age).min().unwrap_or_default();
    path.iter().map(|step| decayed(step.age.raw().saturating_sub(youngest.raw()))).collect()
}

/// `2^-(1/2)`, `2^-(1/4)`, ... in units of `1 / UNIT`, each the root of the one before, rounded down.
const ROOTS: [u64; 32] = {
    let mut roots = [0; 32];
    let (mut at, mut former) = (0, UNIT / 2);
    while at < roots.len() {
        let square = former as u128 * UNIT as u128;
        former = low(square.isqrt());
        roots[at] = former;
        at += 1;
    }
    roots
};

#[expect(clippy::cast_possible_truncation, reason = "roots and products of weights are below 2^62")]
const fn low(number: u128) -> u64 {
    number as u64
}

/// `2^-(age / HALF_LIFE)` in units of `1 / UNIT`, to about nine digits, never rising with age; 0 after 62 half-lives.
fn decayed(age_ms: i64) -> u64 {
    let age = age_ms.max(0).unsigned_abs();
    let half_life = HALF_LIFE.raw().unsigned_abs();
    let (halvings, rest) = (age / half_life, age % half_life);
    // The rest as a binary fraction of a half-life: each bit halves by a root of its own.
    let fraction = (u128::from(rest) << ROOTS.len()) / u128::from(half_life);
    let mut weight = UNIT;
    for (at, root) in ROOTS.iter().enumerate() {
        if fraction >> (ROOTS.len() - 1 - at) & 1 == 1 {
            weight = low(u128::from(weight) * u128::from(*root) / u128::from(UNIT));
        }
    }
    if halvings >= 62 { 0 } else { weight >> halvings }
}

/// `weights`, of which one at least is not zero, as parts per million by largest remainder.
fn shared(weights: &[u64]) -> Vec<u32> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        return vec![0; weights.len()];
    }
    let scaled = |weight: u64| u128::from(weight) * u128::from(WHOLE);
    let floor = |weight: u64| u32::try_from(scaled(weight) / sum).expect("a part of a million");
    let mut shares: Vec<u32> = weights.iter().map(|weight| floor(*weight)).collect();
    let left = WHOLE - shares.iter().sum::<u32>();
    if left > 0 {
        let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
        // A stable sort: of equal remainders the earlier comes first.
        by_remainder.sort_by_key(|at| std::cmp::Reverse(scaled(weights[*at]) % sum));
        for at in by_remainder.into_iter().take(left as usize) {
            shares[at] += 1;
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::{HALF_LIFE, Manner, Model, Step, UNIT, decayed};
    use crate::units::Millis;

    fn path(steps: &str) -> Vec<Step<char>> {
        let len = i64::try_from(steps.len()).unwrap();
        // A capital is a click; one a half-life after the other, the last at the conversion.
        let step = |(at, letter): (i64, char)| Step {
            channel: letter.to_ascii_lowercase(),
            age: Millis::from_raw((len - 1 - at) * HALF_LIFE.raw()),
            manner: if letter.is_ascii_uppercase() { Manner::Click } else { Manner::View },
        };
        (0..).zip(steps.chars()).map(step).collect()
    }

    #[track_caller]
    fn check(steps: &str, model: Model, want: &[u32]) {
        assert_eq!(model.shares(&path(steps)), want, "{steps} {model:?}");
    }

    #[test]
    fn each_model_shares_a_path_in_its_own_way() {
        check("aba", Model::LastTouch, &[0, 0, 1_000_000]);
        check("aBa", Model::LastTouch, &[0, 1_000_000, 0]);
        check("aBA", Model::FirstTouch, &[1_000_000, 0, 0]);
        check("aba", Model::Linear, &[333_334, 333_333, 333_333]);
        check("ab", Model::TimeDecay, &[333_333, 666_667]);
        check("aba", Model::TimeDecay, &[142_857, 285_714, 571_429]);
        check("a", Model::Position, &[1_000_000]);
        check("ab", Model::Position, &[500_000, 500_000]);
        check("abc", Model::Position, &[400_000, 200_000, 400_000]);
        check("abcda", Model::Position, &[400_000, 66_667, 66_667, 66_666, 400_000]);
        check("abab", Model::Shapley, &[500_000, 500_000, 0, 0]);
        check("aaaa", Model::Shapley, &[1_000_000, 0, 0, 0]);
        for model in Model::ALL {
            check("", model, &[]);
            check("A", model, &[1_000_000]);
            assert_eq!(Model::from_name(model.name()), Some(model));
        }
        assert_eq!(Model::from_name("best"), None);
    }

    #[test]
    fn a_touch_weighs_half_after_each_half_life_and_never_more_than_a_younger_one() {
        let half_life = HALF_LIFE.raw();
        for (halvings, want) in [(0, UNIT), (1, UNIT / 2), (2, UNIT / 4), (61, 2), (62, 0), (500, 0)] {
            assert_eq!(decayed(half_life * halvings), want, "{halvings} half-lives");
        }
        let mut former = u64::MAX;
        for quarter_hours in 0..2_000 {
            let age = quarter_hours * 900_000;
            let weight = decayed(age);
            assert!(weight < former, "at {age} ms");
            #[expect(clippy::cast_precision_loss, reason = "compared to nine digits")]
            let (got, want) = (weight as f64 / UNIT as f64, (-(age as f64) / half_life as f64).exp2());
            assert!((got - want).abs() < 1e-9, "at {age} ms: {got} for {want}");
            former = weight;
        }
    }
}
