//! How many requests came in which hour: of each exchange, and those that each budget could have bid on. Yesterday's are
//! what a plan for today expects.
//!
//! Counts are handed in as they stand since some beginning; what is new goes to the hour that now is, so what came in the
//! last minute before an hour may count in the next. Three days are kept. Deliberately absent: what a plan makes of it.

use std::collections::BTreeMap;

use crate::pacing::DaySpan;
use crate::units::{Hour, UnixMillis};

/// Hours that are kept: yesterday is whole in every zone.
const HOURS: usize = 72;
const HOURS_KEPT: i64 = 72;
/// Exchanges and budgets that are counted, 30 MB.
const SOURCES_MAX: usize = 100_000;

/// Whose requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Those that an exchange sent.
    Exchange(u64),
    /// Those that a campaign could have bid on.
    Campaign(u64),
    /// Those that a line item with a budget of its own could have bid on.
    LineItem(u64),
}

impl Source {
    const fn parts(self) -> (u8, u64) {
        match self {
            Self::Exchange(id) => (0, id),
            Self::Campaign(id) => (1, id),
            Self::LineItem(id) => (2, id),
        }
    }

    const fn of((kind, id): (u8, u64)) -> Option<Self> {
        match kind {
            0 => Some(Self::Exchange(id)),
            1 => Some(Self::Campaign(id)),
            2 => Some(Self::LineItem(id)),
            _ => None,
        }
    }
}

/// The counts of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hours {
    /// The hour of the last count.
    last: i64,
    /// By hour, modulo their number.
    counts: [u32; HOURS],
    /// The count as it stood; not kept over a restart.
    stood: u64,
}

/// All counts.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    sources: BTreeMap<Source, Hours>,
}

impl Traffic {
    /// The count of a source stands at `count` since its beginning; one that fell has begun anew.
    pub fn stands(&mut self, source: Source, count: u64, now: UnixMillis) {
        if self.sources.len() >= SOURCES_MAX && !self.sources.contains_key(&source) {
            return;
        }
        let hour = Hour::of(now).raw();
        let hours = self.sources.entry(source).or_insert(Hours { last: hour, counts: [0; HOURS], stood: 0 });
        let new = count.checked_sub(hours.stood).unwrap_or(count);
        hours.stood = count;
        hours.turn_to(hour);
        let of_hour = &mut hours.counts[place(hours.last)];
        *of_hour = of_hour.saturating_add(u32::try_from(new).unwrap_or(u32::MAX));
    }

    /// Drops sources of which nothing came for as long as counts are kept.
    pub fn forget(&mut self, now: UnixMillis) {
        let oldest = Hour::of(now).raw() - HOURS_KEPT;
        self.sources.retain(|_, hours| hours.last > oldest && hours.counts.iter().any(|count| *count > 0));
    }

    /// The day before `day`: how many requests came, and the shares of its 24 equal parts. `None` if nothing came.
    #[must_use]
    pub fn yesterday(&self, source: Source, day: DaySpan) -> Option<(f64, [f64; 24])> {
        let hours = self.sources.get(&source)?;
        let length = day.end.since(day.start).raw().max(1);
        let start = day.start.raw() - length;
        let part = |at: i64| {
            let (from, to) = (start + length * at / 24, start + length * (at + 1) / 24);
            hours.between(from, to)
        };
        let parts: [f64; 24] = std::array::from_fn(|at| part(i64::try_from(at).unwrap_or(0)));
        let whole: f64 = parts.iter().sum();
        (whole > 0.0).then(|| (whole, parts.map(|count| count / whole)))
    }

    /// Requests of the last 24 full hours of each source, the oldest first, and of this one so far.
    pub fn last_day(&self, now: UnixMillis) -> impl Iterator<Item = (Source, [u32; 25])> {
        let first = Hour::of(now).raw() - 24;
        self.sources.iter().map(move |(source, hours)| {
            let of = |at| hours.of(first + i64::try_from(at).unwrap_or(0));
            (*source, std::array::from_fn(of))
        })
    }

    /// The bytes that are kept.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.sources.len() * ROW_BYTES);
        for (source, hours) in &self.sources {
            let (kind, id) = source.parts();
            bytes.push(kind);
            bytes.extend_from_slice(&id.to_le_bytes());
            bytes.extend_from_slice(&hours.last.to_le_bytes());
            hours.counts.iter().for_each(|count| bytes.extend_from_slice(&count.to_le_bytes()));
        }
        bytes
    }

    /// What [`Traffic::to_bytes`] gave; `None` if it is not that.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if !bytes.len().is_multiple_of(ROW_BYTES) || bytes.len() / ROW_BYTES > SOURCES_MAX {
            return None;
        }
        let row = |row: &[u8]| {
            let (kind, rest) = row.split_first()?;
            let (id, rest) = rest.split_first_chunk()?;
            let (last, rest) = rest.split_first_chunk()?;
            let source = Source::of((*kind, u64::from_le_bytes(*id)))?;
            let mut counts = [0; HOURS];
            for (count, bytes) in counts.iter_mut().zip(rest.chunks_exact(4)) {
                *count = u32::from_le_bytes(bytes.try_into().ok()?);
            }
            Some((source, Hours { last: i64::from_le_bytes(*last), counts, stood: 0 }))
        };
        let sources = bytes.chunks_exact(ROW_BYTES).map(row).collect::<Option<_>>()?;
        Some(Self { sources })
    }
}

const ROW_BYTES: usize = 1 + 8 + 8 + HOURS * 4;

fn place(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS_KEPT)).unwrap_or(0)
}

impl Hours {
    /// Counts go to `hour` from now on. A clock that stepped back counts in the last one.
    fn turn_to(&mut self, hour: i64) {
        for passed in 1..=hour.saturating_sub(self.last).min(HOURS_KEPT) {
            self.counts[place(self.last.saturating_add(passed))] = 0;
        }
        self.last = self.last.max(hour);
    }

    fn of(&self, hour: i64) -> u32 {
        let is_kept = hour <= self.last && hour > self.last.saturating_sub(HOURS_KEPT);
        if is_kept { self.counts[place(hour)] } else { 0 }
    }

    /// Requests between two instants, as though those of an hour came evenly.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
    fn between(&self, from: i64, to: i64) -> f64 {
        const HOUR: i64 = 3_600_000;
        let hours = from.div_euclid(HOUR)..=(to - 1).div_euclid(HOUR);
        let of = |hour: i64| {
            let inside = (to.min((hour + 1) * HOUR) - from.max(hour * HOUR)).max(0);
            f64::from(self.of(hour)) * inside as f64 / HOUR as f64
        };
        hours.map(of).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::{HOURS_KEPT, Source, Traffic};
    use crate::pacing::DaySpan;
    use crate::units::UnixMillis;

    const HOUR: i64 = 3_600_000;
    const X: Source = Source::Exchange(7);

    const fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_raw(millis)
    }

    #[test]
    fn yesterdays_curve_is_what_came_in_its_hours() {
        let mut traffic = Traffic::default();
        let mut count = 0;
        for hour in 0..24 {
            count += if hour == 20 { 300 } else { 100 };
            traffic.stands(X, count, at(hour * HOUR + 5));
        }
        let today = DaySpan { start: at(24 * HOUR), end: at(48 * HOUR) };
        let (volume, shares) = traffic.yesterday(X, today).unwrap();
        assert!((volume - 2_600.0).abs() < 0.5, "{volume}");
        assert!((shares[20] - 300.0 / 2_600.0).abs() < 1e-9 && (shares[19] - 100.0 / 2_600.0).abs() < 1e-9);
        // Where the day begins half an hour later, half of each hour counts.
        let half = DaySpan { start: at(24 * HOUR + HOUR / 2), end: at(48 * HOUR + HOUR / 2) };
        let (_, shares) = traffic.yesterday(X, half).unwrap();
        assert!((shares[20] - 200.0 / 2_550.0).abs() < 1e-9, "{shares:?}");
        assert_eq!(traffic.yesterday(Source::Campaign(7), today), None);
        assert_eq!(traffic.last_day(at(24 * HOUR)).next().map(|(_, hours)| hours[20]), Some(300));
    }

    #[test]
    fn a_count_that_begins_anew_after_a_restart_loses_nothing() {
        let mut traffic = Traffic::default();
        traffic.stands(X, 100, at(0));
        let mut traffic = Traffic::from_bytes(&traffic.to_bytes()).unwrap();
        traffic.stands(X, 7, at(0));
        traffic.stands(X, 9, at(0));
        traffic.stands(X, 1, at(0));
        let today = DaySpan { start: at(24 * HOUR), end: at(48 * HOUR) };
        let volume = traffic.yesterday(X, today).unwrap().0;
        assert!((volume - 110.0).abs() < 0.5, "{volume}");
    }

    #[test]
    fn what_is_older_than_three_days_is_gone_and_a_clock_that_steps_back_loses_nothing() {
        let mut traffic = Traffic::default();
        traffic.stands(X, 100, at(0));
        traffic.stands(X, 150, at(HOURS_KEPT * HOUR));
        assert_eq!(traffic.last_day(at((HOURS_KEPT + 1) * HOUR)).next().unwrap().1[23], 50);
        traffic.stands(X, 160, at(0));
        assert_eq!(traffic.last_day(at((HOURS_KEPT + 1) * HOUR)).next().unwrap().1[23], 60);
        traffic.forget(at(3 * HOURS_KEPT * HOUR));
        assert!(traffic.to_bytes().is_empty());
    }

    #[test]
    fn bytes_that_nobody_wrote_are_refused() {
        let mut traffic = Traffic::default();
        traffic.stands(X, 1, at(0));
        let bytes = traffic.to_bytes();
        assert!(Traffic::from_bytes(&bytes[1..]).is_none());
        let mut other = bytes;
        other[0] = 9;
        assert!(Traffic::from_bytes(&other).is_none());
    }
}
