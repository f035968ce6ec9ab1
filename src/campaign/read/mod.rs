//! Readers from files to the model: text in, model and faults out.
//!
//! Each reader reads all it can before it gives up, so that one run of `check` shows every fault. What
//! needs several files at once is in [`crate::campaign::compile`].

pub(in crate::campaign) mod address;
pub(in crate::campaign) mod amount;
mod behaviour;
mod budget;
mod campaign;
pub(in crate::campaign) mod categories;
mod clock;
mod conversion;
mod creative;
pub(in crate::campaign) mod exchange;
mod experiment;
mod frequency;
mod goal;
mod learning;
mod line_item;
mod list;
mod modifiers;
mod pacing;
mod plan;
mod reach;
mod redundant;
pub(in crate::campaign) mod satisfiable;
pub(in crate::campaign) mod scenario;
mod targeting;
mod version;

pub(in crate::campaign) use campaign::{Draft, Parts, read_campaign};
pub(in crate::campaign) use list::Shelf;

use crate::audience::Definitions;
use crate::campaign::Rates;
use crate::document::Source;
use crate::units::{Currency, FxRate, Nanos, Rounding, UnixMillis};

/// Characters of a name.
const NAME_CHARS_MAX: usize = 200;

/// What the campaign files refer to: the names of the other files, and the exchange rates.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// Tax scenarios by their slugs; `none` need not be among them.
    pub scenarios: &'a [&'a str],
    /// Exchanges by their slugs.
    pub exchanges: &'a [&'a str],
    /// To know which currencies can be traded, and what is dear.
    pub rates: &'a Rates,
    /// What advertisers say of their audiences.
    pub audiences: &'a Definitions,
    /// List files, which rules call by their names without the ending.
    pub lists: &'a [Source],
}

/// What every reader knows.
#[derive(Clone, Copy)]
pub(in crate::campaign) struct Reading<'a> {
    pub surroundings: Surroundings<'a>,
    pub now: UnixMillis,
    /// The advertiser whose campaign is read; empty until it is known.
    pub advertiser: &'a str,
    pub shelf: &'a Shelf<'a>,
}

impl Reading<'_> {
    /// True if `amount` of `currency` is more than `euros`. False where no rate is known.
    fn is_dearer_than(self, amount: Nanos, currency: Currency, euros: i64) -> bool {
        let limit = Nanos::from_raw(euros.saturating_mul(1_000_000_000));
        let rate: Option<FxRate> = self.surroundings.rates.rate(currency, Currency::EUR);
        rate.and_then(|rate| rate.amount(amount, Rounding::Down)).is_some_and(|amount| amount > limit)
    }
}

/// Largest-remainder shares of `weights` that sum to a million; `None` if all are zero.
fn shares(weights: &[i64; 24]) -> Option<[u32; 24]> {
    const WHOLE: i128 = 1_000_000;
    let sum: i128 = weights.iter().map(|weight| i128::from(*weight)).sum();
    if sum <= 0 {
        return None;
    }
    let floor = |weight: i64| i128::from(weight) * WHOLE / sum;
    let mut shares = weights.map(|weight| u32::try_from(floor(weight)).expect("a share of a million"));
    let mut by_remainder: Vec<usize> = (0..24).collect();
    by_remainder.sort_by_key(|hour| std::cmp::Reverse(i128::from(weights[*hour]) * WHOLE % sum));
    let missing = 1_000_000 - shares.iter().sum::<u32>();
    for hour in by_remainder.into_iter().take(missing as usize) {
        shares[hour] += 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn the_shares_of_a_day_sum_to_a_million() {
        let mut weights = [1; 24];
        assert_eq!(shares(&weights).unwrap().iter().sum::<u32>(), 1_000_000);
        weights[3] = i64::MAX;
        let shares_of_one = shares(&weights).unwrap();
        assert_eq!(shares_of_one.iter().sum::<u32>(), 1_000_000);
        assert!(shares_of_one[3] >= 999_999);
        assert_eq!(shares(&[0; 24]), None);
    }
}
