//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::units::UnixMillis;

/// Now. Before 1970 counts as 1970.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::from_raw(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
