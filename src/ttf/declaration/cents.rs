//! A rounded sum spread over its parts, to the last cent.

use crate::units::Femtos;

/// Femto-units in a cent.
const CENT: i128 = 10_000_000_000_000;

/// `cents`, which are the sum of `parts` rounded in any way, spread over them: each gets its whole cents, and what is left
/// goes one by one to the largest remainders, of equal ones to the first. Every part is within a cent of what it is.
#[must_use]
pub fn spread(cents: i128, parts: &[Femtos]) -> Vec<i128> {
    let mut spread: Vec<i128> = parts.iter().map(|part| part.raw().div_euclid(CENT)).collect();
    let whole: i128 = spread.iter().sum();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    // Stable, so that ties keep the order of the parts.
    order.sort_by_key(|at| std::cmp::Reverse(parts[*at].raw().rem_euclid(CENT)));
    let left = usize::try_from(cents - whole).unwrap_or(0);
    for at in order.into_iter().take(left) {
        spread[at] += 1;
    }
    spread
}

/// A number of cents in units: `-12.05`.
#[must_use]
pub fn in_units(cents: i128) -> String {
    let (sign, cents) = (if cents < 0 { "-" } else { "" }, cents.unsigned_abs());
    format!("{sign}{}.{:02}", cents / 100, cents % 100)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::{CENT, in_units, spread};
    use crate::units::Femtos;

    #[test]
    fn what_is_left_goes_to_the_largest_remainders_and_of_equals_to_the_first() {
        let parts = [3_400, 3_300, 3_300].map(|thousandths| Femtos::from_raw(thousandths * CENT / 1_000));
        assert_eq!(spread(10, &parts), [4, 3, 3]);
        let equal = [Femtos::from_raw(CENT / 2); 3];
        assert_eq!(spread(2, &equal), [1, 1, 0]);
        assert_eq!(in_units(-1_205), "-12.05");
    }

    proptest! {
        #[test]
        fn campaign_lines_sum_to_the_declared_line_and_each_is_within_a_cent(
            parts in proptest::collection::vec(-10_i128.pow(20)..10_i128.pow(20), 1..40),
        ) {
            let parts: Vec<Femtos> = parts.into_iter().map(Femtos::from_raw).collect();
            let declared = parts.iter().copied().sum::<Femtos>().to_cents_half_up();
            let cents = spread(declared, &parts);
            prop_assert_eq!(cents.iter().sum::<i128>(), declared);
            for (part, cents) in parts.iter().zip(cents) {
                prop_assert!((part.raw() - cents * CENT).abs() <= CENT, "{} as {}", part, cents);
            }
        }

        #[test]
        fn a_declared_line_is_within_half_a_cent_of_its_tax(tax in -10_i128.pow(24)..10_i128.pow(24)) {
            let cents = Femtos::from_raw(tax).to_cents_half_up();
            prop_assert!((tax - cents * CENT).abs() * 2 <= CENT);
        }
    }
}
