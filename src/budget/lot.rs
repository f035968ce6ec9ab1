//! How large a lease should be.

use crate::ledger::Quantity;
use crate::units::Millis;

/// Impressions at their worst that a lease has room for, however slowly it is used: enough that a line item that
/// begins is not held back, little enough that a crash locks up next to nothing.
const IMPRESSIONS_LEAST: i64 = 64;

/// The rule for the size of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lot {
    /// For how long a lease lives without a word.
    pub ttl: Millis,
}

impl Lot {
    /// What should be free in a lease of which `grown` more was committed within `elapsed`: twice what its time to
    /// live will use, and room for some impressions that cost `least` each.
    #[must_use]
    pub fn free(&self, grown: Quantity, elapsed: Millis, least: Quantity) -> Quantity {
        let rate =
            i128::from(grown.raw()) * i128::from(self.ttl.raw()) * 2 / i128::from(elapsed.raw().max(1));
        let rate = i64::try_from(rate).unwrap_or(i64::MAX);
        Quantity::from_raw(rate.max(least.raw().saturating_mul(IMPRESSIONS_LEAST)))
    }
}
