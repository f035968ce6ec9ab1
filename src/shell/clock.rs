//! The one place that reads the clocks.

use std::sync::LazyLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::units::{Steady, UnixMillis};

/// Now. Before 1970 counts as 1970.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis::from_raw(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Now, by a clock that nobody sets: milliseconds since it was first asked.
#[must_use]
pub fn steady() -> Steady {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Steady::from_raw(i64::try_from(START.elapsed().as_millis()).unwrap_or(i64::MAX))
}
