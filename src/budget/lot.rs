//! How large a lease should be.

use crate::ledger::Quantity;
use crate::units::Millis;

/// Impressions at their worst that a lease has room for, however slowly it is used: enough that a line item that
/// begins is not held back, little enough that a crash locks up next to nothing.
const IMPRESSIONS_LEAST: i64 = 64;
/// The part of what is left of the limit that a lease has room for, however slowly it is used. A burst comes before
/// anybody can know its rate, and a question takes as long as a commit: 64 impressions are gone by then. Of what is
/// left a crash locks up about half a per cent, for as long as notices may come.
const PART_LEAST: i64 = 256;

/// The rule for the size of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// For how long a lease lives without a word.
    pub ttl: Millis,
}

impl Lot {
    /// Over a shorter time nobody can say how fast a cap is used.
    pub const MOMENT: Millis = Millis::from_raw(100);

    /// What should be free in a lease of which `grown` more was committed within `elapsed`: twice what its time to
    /// live will use, and room for some impressions that cost `least` each, or for
    /// a part of what is `left` of the limit.
    #[must_use]
    pub fn free(&self, grown: Quantity, elapsed: Millis, least: Quantity, left: Quantity) -> Quantity {
        let elapsed = elapsed.max(Self::MOMENT);
        let rate = i128::from(grown.raw()) * i128::from(self.ttl.raw()) * 2 / i128::from(elapsed.raw());
        let rate = i64::try_from(rate).unwrap_or(i64::MAX);
        let burst = least.raw().saturating_mul(IMPRESSIONS_LEAST).max(left.raw() / PART_LEAST);
        Quantity::from_raw(rate.max(burst))
    }
}

#[cfg(test)]
mod tests {
    use super::Lot;
    use crate::ledger::Quantity;
    use crate::units::Millis;

    #[track_caller]
    fn check((grown, elapsed_ms, least): (i64, i64, i64), free: i64) {
        check_left((grown, elapsed_ms, least), 0, free);
    }

    #[track_caller]
    fn check_left((grown, elapsed_ms, least): (i64, i64, i64), left: i64, free: i64) {
        let lot = Lot { ttl: Millis::from_seconds(5) };
        let quantity = Quantity::from_raw;
        let found = lot.free(quantity(grown), Millis::from_raw(elapsed_ms), quantity(least), quantity(left));
        assert_eq!(found.raw(), free);
    }

    #[test]
    fn a_lease_has_room_for_twice_what_its_time_to_live_uses() {
        check((1_000, 500, 1), 20_000);
        check((1_000, 5_000, 1), 2_000);
    }

    #[test]
    fn a_lease_that_is_not_used_has_room_for_some_impressions() {
        check((0, 500, 10), 640);
        check((1, 500, 10), 640);
    }

    #[test]
    fn a_lease_of_a_large_limit_has_room_for_a_burst_that_nobody_foresaw() {
        check_left((0, 500, 10), 256_000, 1_000);
        check_left((0, 500, 10), 25_600, 640);
        check_left((1_000, 500, 1), 256_000, 20_000);
        check_left((0, 500, 10), -256_000, 640);
        check_left((0, 500, 10), i64::MAX, i64::MAX / 256);
    }

    #[test]
    fn a_burst_of_a_moment_is_no_rate_and_the_ends_of_the_range_do_not_wrap() {
        check((1_000, 1, 1), 100_000);
        check((1_000, 0, 1), 100_000);
        check((i64::MAX, 1, i64::MAX), i64::MAX);
    }
}
