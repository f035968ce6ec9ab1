//! Clocks by the names that a database gives them, resolved once when it is opened.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use crate::units::UnixMillis;

/// The farthest that a clock stands from UTC, in minutes: no zone is beyond 14 hours.
const OFFSET_MIN_MAX: i32 = 14 * 60;

/// A clock, by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::geo) struct Zone(u16);

/// The time zones that a database names.
#[derive(Debug, Default)]
pub(in crate::geo) struct Zones {
    zones: Vec<TimeZone>,
    by_name: HashMap<Box<str>, Zone, RandomState>,
}

impl Zones {
    /// The zone `name`, which may be an offset itself (`+01:00`); `None` if there is no such zone.
    pub(in crate::geo) fn learn(&mut self, name: &str) -> Option<Zone> {
        if let Some(known) = self.by_name.get(name) {
            return Some(*known);
        }
        let zone = match written_offset(name) {
            Some(minutes) => TimeZone::fixed(Offset::from_seconds(minutes * 60).ok()?),
            None => TimeZone::get(name).ok()?,
        };
        let new = Zone(u16::try_from(self.zones.len()).ok()?);
        self.zones.push(zone);
        self.by_name.insert(name.into(), new);
        Some(new)
    }

    /// Minutes that clocks in `zone` are ahead of UTC at `now`.
    pub(in crate::geo) fn offset_min(&self, zone: Zone, now: UnixMillis) -> Option<i32> {
        let now = Timestamp::from_millisecond(now.raw()).ok()?;
        Some(self.zones[usize::from(zone.0)].to_offset(now).seconds().div_euclid(60))
    }
}

/// `+01:00`, `-03:30`.
fn written_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let whole = |text: &str| text.parse::<u8>().ok().filter(|_| text.len() <= 2).map(i32::from);
    let offset = whole(hours)? * 60 + whole(minutes).filter(|minutes| *minutes < 60)?;
    (offset <= OFFSET_MIN_MAX).then_some(sign * offset)
}

#[cfg(test)]
mod tests {
    use super::Zones;
    use crate::units::UnixMillis;

    /// 2026-01-15 and 2026-07-15, noon UTC.
    const WINTER: UnixMillis = UnixMillis::from_raw(1_768_478_400_000);
    const SUMMER: UnixMillis = UnixMillis::from_raw(1_784_116_800_000);

    #[track_caller]
    fn check(name: &str, winter: Option<i32>, summer: Option<i32>) {
        let mut zones = Zones::default();
        let zone = zones.learn(name);
        let offset = |now| zone.and_then(|zone| zones.offset_min(zone, now));
        assert_eq!((offset(WINTER), offset(SUMMER)), (winter, summer), "{name}");
        assert_eq!(zones.learn(name), zone);
    }

    #[test]
    fn a_zone_has_the_offset_of_the_season() {
        check("Europe/Paris", Some(60), Some(120));
        check("America/St_Johns", Some(-210), Some(-150));
        check("Asia/Kathmandu", Some(345), Some(345));
    }

    #[test]
    fn an_offset_is_read_as_written_and_nothing_else_is() {
        check("+01:00", Some(60), Some(60));
        check("-03:30", Some(-210), Some(-210));
        for name in ["", "-", "Mars/Base", "+1", "01:00", "+15:00", "+01:60", "+255:00", "+001:00", "+-1:00"]
        {
            check(name, None, None);
        }
    }
}
