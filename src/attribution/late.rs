//! Conversions that are told so late that they change figures which somebody has read already.

use crate::units::UnixMillis;

const DAY_MS: i64 = 86_400_000;

/// True if a conversion that `happened` then and was `told` then restates the past: it was told on a UTC day later than
/// the one after its own. Until then a day's figures are still coming in; whoever reads a day that has a late one sees
/// other figures than before.
#[must_use]
pub fn is_late(happened: UnixMillis, told: UnixMillis) -> bool {
    told.raw().div_euclid(DAY_MS) > happened.raw().div_euclid(DAY_MS).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::{DAY_MS, is_late};
    use crate::units::UnixMillis;

    #[test]
    fn a_conversion_is_late_from_the_second_midnight_on() {
        let late = |happened, told| is_late(UnixMillis::from_raw(happened), UnixMillis::from_raw(told));
        for (happened, told, want) in [
            (0, 0, false),
            (0, 2 * DAY_MS - 1, false),
            (0, 2 * DAY_MS, true),
            (DAY_MS - 1, 2 * DAY_MS - 1, false),
            (DAY_MS - 1, 2 * DAY_MS, true),
            (DAY_MS, 2 * DAY_MS, false),
            // A clock that is ahead.
            (DAY_MS, 0, false),
        ] {
            assert_eq!(late(happened, told), want, "{happened} told at {told}");
        }
    }
}
