//! The rate by which an amount of an event came into its currency: kept with it, so that its books can be told
//! apart from those of another day, and done again by hand.

use crate::units::{Currency, Day, FxRate};

/// A rate of exchange, and the day that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatedRate {
    /// The currency that the amount was told in.
    pub from: Currency,
    /// To the event's currency, exactly.
    pub rate: FxRate,
    /// The day of the table that the rate stood in, not of the event; `None` where the bid was made by an encan that
    /// did not tell.
    pub day: Option<Day>,
}
