//! Learns how much traffic each hour of the week brings, for each exchange and line item.
//!
//! The slow loop adds counts; at midnight [`Traffic::outlook`] says what the day promises. One past week is enough: the
//! older half counts half as much as the newest. An hour that was never seen borrows from the same hour of other days, then
//! from the exchanges' mix, then from nothing at all. Hours are those of UTC, so that days of every zone, of 23 and of 25
//! hours, are sums of the same counts. Deliberately absent: forecasting; what today shows corrects what was learnt.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::pacing::{DaySpan, Outlook};
use crate::units::{Hour, Millis, UnixMillis};

/// Whose traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// All requests of an exchange, by its id.
    Exchange(u64),
    /// Those that a line item could bid on, by its id.
    LineItem(u64),
    /// Those that a campaign could bid on, by its id.
    Campaign(u64),
}

/// How much traffic each hour of the week brought.
#[derive(Debug, Clone, Default)]
pub struct Traffic {
    groups: HashMap<Group, Week, FixedState>,
    /// The hour of the last group for which old ones were looked for; 0 = none yet.
    cleared: i64,
}

/// The same counts: when old ones were looked for is no part of what is learnt.
impl PartialEq for Traffic {
    fn eq(&self, other: &Self) -> bool {
        self.groups == other.groups
    }
}

/// Groups together: 40 MB. A group beyond them is not learnt until another is forgotten.
pub const GROUPS_MAX: usize = 20_000;
const HOURS: usize = 168;
const HOURS_OF_WEEK: i64 = 168;
/// A group that was not heard of for so many weeks makes room.
const KEPT_WEEKS: i64 = 5;
/// What other days' same hour is worth against an hour's own, in weeks.
const OTHER_DAYS: f64 = 0.5;
const HOUR: Millis = Millis::from_seconds(3_600);

#[derive(Debug, Clone, PartialEq)]
struct Week {
    hours: Box<[Cell; HOURS]>,
}

/// An hour of the week.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Cell {
    /// The week whose count is not complete, counted from 1970; 0 = none yet.
    week: i32,
    /// Its count so far.
    now: f32,
    /// The mean of the weeks before, each counting half of the next.
    mean: f32,
    /// Weeks in that mean.
    weeks: u8,
}

impl Cell {
    /// Requests of this hour, the `place`th of the week, in a week like the past, as far as that is known; the hour that
    /// `now` is does not count.
    fn usual(&self, place: usize, now: i64) -> Option<f64> {
        let over = i64::from(self.week) * HOURS_OF_WEEK + i64::try_from(place).unwrap_or(0) < now;
        match (self.week > 0 && over, self.weeks > 0) {
            (true, true) => Some(f64::midpoint(f64::from(self.mean), f64::from(self.now))),
            (true, false) => Some(self.now.into()),
            (false, true) => Some(self.mean.into()),
            (false, false) => None,
        }
    }
}

impl Week {
    fn new() -> Self {
        Self { hours: Box::new([Cell::default(); HOURS]) }
    }

    fn last(&self) -> i32 {
        self.hours.iter().map(|cell| cell.week).max().unwrap_or(0)
    }

    fn add(&mut self, hour: i64, requests: f32) {
        let (week, cell) = (week_of(hour), &mut self.hours[hour_of_week(hour)]);
        if week < cell.week {
            return;
        }
        if week > cell.week {
            if cell.week > 0 {
                cell.mean = if cell.weeks == 0 { cell.now } else { f32::midpoint(cell.mean, cell.now) };
                cell.weeks = cell.weeks.saturating_add(1);
            }
            (cell.week, cell.now) = (week, 0.0);
        }
        cell.now = (cell.now + requests).min(1e12);
    }

    /// Requests of an hour in a usual week, where `now` is the hour that is not over.
    fn usual(&self, hour: i64, now: i64) -> Option<f64> {
        let of = |hour: i64| self.hours[hour_of_week(hour)].usual(hour_of_week(hour), now);
        let own = of(hour);
        let others = (1..7).filter_map(|day| of(hour + 24 * day));
        let (sum, count) = others.fold((0.0, 0.0), |(sum, count), usual| (sum + usual, count + 1.0));
        let others = (count > 0.0).then(|| sum / count);
        match (own, others) {
            (Some(own), Some(others)) => Some((own + OTHER_DAYS * others) / (1.0 + OTHER_DAYS)),
            (own, others) => own.or(others),
        }
    }
}

impl Traffic {
    /// `requests` of `group` came in the hour of `at`. False if there is no room to learn another group. Where none came
    /// of a group that is not known, nothing is learnt; what makes room is looked for once an hour, for all are looked
    /// through.
    pub fn add(&mut self, group: Group, at: UnixMillis, requests: u64) -> bool {
        let hour = Hour::of(at).start().raw().div_euclid(HOUR.raw());
        let is_known = self.groups.contains_key(&group);
        if !is_known && requests == 0 {
            return true;
        }
        if !is_known && self.groups.len() >= GROUPS_MAX {
            if self.cleared != hour {
                self.cleared = hour;
                let old = week_of(hour) - i32::try_from(KEPT_WEEKS).unwrap_or(i32::MAX);
                self.groups.retain(|_, week| week.last() > old);
            }
            if self.groups.len() >= GROUPS_MAX {
                return false;
            }
        }
        self.groups.entry(group).or_insert_with(Week::new).add(hour, requests as f32);
        true
    }

    /// Groups that are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.len()
    }

    /// True while nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// What `day` promises a `group` whose requests come from `exchanges`, as known at `now`: by its own counts; where it
    /// has none by the exchanges' curve, with its own volume as far as that is known; else a flat day of unknown volume.
    #[must_use]
    pub fn outlook(&self, group: Group, exchanges: &[u64], day: DaySpan, now: UnixMillis) -> Outlook {
        let own = self.groups.get(&group);
        let mix: Vec<&Week> =
            exchanges.iter().filter_map(|exchange| self.groups.get(&Group::Exchange(*exchange))).collect();
        let now = now.raw().div_euclid(HOUR.raw());
        let own = |hour: i64| own.and_then(|week| week.usual(hour, now));
        let of_mix = |hour: i64| {
            let known: Vec<f64> = mix.iter().filter_map(|week| week.usual(hour, now)).collect();
            (!known.is_empty()).then(|| known.iter().sum::<f64>())
        };
        // How much of the mix is the line item's, by the hours in which both are known.
        let both = (0..HOURS_OF_WEEK).filter_map(|hour| own(hour).zip(of_mix(hour)));
        let (part, whole) = both.fold((0.0, 0.0), |sum, (own, mix)| (sum.0 + own, sum.1 + mix));
        let part = (whole > 0.0).then(|| part / whole);
        let mut known = true;
        let shares = parts(day).map(|overlaps| {
            let hourly =
                |hour: i64| own(hour).or_else(|| of_mix(hour).zip(part).map(|(mix, part)| mix * part));
            overlaps
                .iter()
                .map(|(hour, length)| {
                    known &= hourly(*hour).is_some();
                    hourly(*hour).or_else(|| of_mix(*hour)).unwrap_or(0.0) * length
                })
                .sum::<f64>()
        });
        let volume: f64 = shares.iter().sum();
        Outlook::new(known.then_some(volume), shares)
    }
}

/// The hours that each 24th of the day overlaps, and by which part of an hour.
fn parts(day: DaySpan) -> [Vec<(i64, f64)>; 24] {
    std::array::from_fn(|part| {
        let (from, to) = (day.at(part as f64 / 24.0).raw(), day.at((part + 1) as f64 / 24.0).raw());
        // A part of a day is an hour and a little at most; a longer day than any is cut.
        let hours = from.div_euclid(HOUR.raw())..=(to - 1).max(from).div_euclid(HOUR.raw());
        let overlap = |hour: i64| {
            let start = hour * HOUR.raw();
            (hour, ((to.min(start + HOUR.raw()) - from.max(start)).max(0)) as f64 / HOUR.raw() as f64)
        };
        hours.take(4).map(overlap).collect()
    })
}

fn hour_of_week(hour: i64) -> usize {
    usize::try_from(hour.rem_euclid(HOURS_OF_WEEK)).unwrap_or(0)
}

fn week_of(hour: i64) -> i32 {
    i32::try_from(hour.div_euclid(HOURS_OF_WEEK)).unwrap_or(i32::MAX)
}

/// Why bytes are not traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DamagedTraffic {
    /// They begin differently.
    #[error("not a file of traffic: it does not begin with `ENCANTRF`")]
    Foreign,
    /// Of another version of encan.
    #[error("traffic has version {found}, version {VERSION} can be read")]
    Version {
        /// The version found.
        found: u16,
    },
    /// A byte is not as it was written.
    #[error("traffic is damaged: the checksum does not match, or a count is impossible")]
    Damaged,
}

const MAGIC: [u8; 8] = *b"ENCANTRF";
const VERSION: u16 = 1;
const CHECK_BYTES: usize = 16;
const CELL_BYTES: usize = 13;
const GROUP_BYTES: usize = 9 + HOURS * CELL_BYTES;

impl Traffic {
    /// All that was learnt, little-endian: `ENCANTRF`, version, groups in order, then 16 bytes of the BLAKE3 of that. The
    /// same traffic gives the same bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        out.extend(VERSION.to_le_bytes());
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(group, _)| **group);
        for (group, week) in groups {
            let (kind, id) = match group {
                Group::Exchange(id) => (0_u8, id),
                Group::LineItem(id) => (1, id),
                Group::Campaign(id) => (2, id),
            };
            out.push(kind);
            out.extend(id.to_le_bytes());
            for cell in week.hours.iter() {
                out.extend(cell.week.to_le_bytes());
                out.extend(cell.now.to_le_bytes());
                out.extend(cell.mean.to_le_bytes());
                out.push(cell.weeks);
            }
        }
        let check = blake3::hash(&out);
        out.extend(&check.as_bytes()[..CHECK_BYTES]);
        out
    }

    /// What [`Traffic::to_bytes`] gave.
    ///
    /// # Errors
    ///
    /// [`DamagedTraffic`], if it is anything else; nothing of it is used then.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DamagedTraffic> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(DamagedTraffic::Foreign)?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or(DamagedTraffic::Damaged)?;
        let found = u16::from_le_bytes(*version);
        if found != VERSION {
            return Err(DamagedTraffic::Version { found });
        }
        let length = rest.len().checked_sub(CHECK_BYTES).ok_or(DamagedTraffic::Damaged)?;
        let (groups, check) = rest.split_at(length);
        let whole = blake3::hash(&bytes[..bytes.len() - CHECK_BYTES]);
        let fits = whole.as_bytes()[..CHECK_BYTES] == *check
            && length.is_multiple_of(GROUP_BYTES)
            && length / GROUP_BYTES <= GROUPS_MAX;
        if !fits {
            return Err(DamagedTraffic::Damaged);
        }
        let groups = groups.chunks_exact(GROUP_BYTES).map(group).collect::<Option<_>>();
        groups.map(|groups| Self { groups, cleared: 0 }).ok_or(DamagedTraffic::Damaged)
    }
}

/// A group as it was written; `None` if it is not possible.
fn group(bytes: &[u8]) -> Option<(Group, Week)> {
    let (kind, bytes) = bytes.split_first()?;
    let (id, bytes) = bytes.split_first_chunk::<8>()?;
    let id = u64::from_le_bytes(*id);
    let group = match kind {
        0 => Group::Exchange(id),
        1 => Group::LineItem(id),
        2 => Group::Campaign(id),
        _ => return None,
    };
    let mut week = Week::new();
    for (cell, bytes) in week.hours.iter_mut().zip(bytes.chunks_exact(CELL_BYTES)) {
        let word = |at: usize| bytes[at..].first_chunk::<4>().copied();
        let (now, mean) = (f32::from_le_bytes(word(4)?), f32::from_le_bytes(word(8)?));
        if !(0.0..=1e13).contains(&now) || !(0.0..=1e13).contains(&mean) {
            return None;
        }
        *cell = Cell { week: i32::from_le_bytes(word(0)?), now, mean, weeks: bytes[12] };
    }
    Some((group, week))
}

#[cfg(test)]
mod tests {
    use super::{DamagedTraffic, GROUPS_MAX, Group, Traffic};
    use crate::pacing::DaySpan;
    use crate::units::UnixMillis;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    /// A Monday in 2026, in UTC.
    const MONDAY: i64 = 20_514 * DAY;

    fn day(start: i64, hours: i64) -> DaySpan {
        DaySpan { start: UnixMillis::from_raw(start), end: UnixMillis::from_raw(start + hours * HOUR) }
    }

    fn add(traffic: &mut Traffic, group: Group, from: i64, hours: i64, requests: impl Fn(i64) -> u64) {
        for hour in 0..hours {
            assert!(traffic.add(group, UnixMillis::from_raw(from + hour * HOUR), requests(hour)));
        }
    }

    /// Every hour of a day brings as many thousand requests as it is late.
    fn by_the_clock(hour: i64) -> u64 {
        (hour % 24).unsigned_abs() * 1_000
    }

    #[test]
    fn one_day_is_enough_and_23_or_25_hours_are_their_hours() {
        let mut traffic = Traffic::default();
        add(&mut traffic, Group::LineItem(7), MONDAY + HOUR, 23, |hour| by_the_clock(hour + 1));
        // Nothing came in it, which is learnt of a group that is known.
        add(&mut traffic, Group::LineItem(7), MONDAY, 1, by_the_clock);
        for (start, hours, volume) in
            [(0, 24, 276_000.0), (0, 23, 253_000.0), (0, 25, 276_000.0), (-HOUR, 24, 276_000.0)]
        {
            let tomorrow = day(MONDAY + DAY + start, hours);
            let outlook =
                traffic.outlook(Group::LineItem(7), &[], tomorrow, UnixMillis::from_raw(MONDAY + DAY));
            assert!((outlook.volume.unwrap() - volume).abs() < 1.0, "{hours}: {:?}", outlook.volume);
            assert!((outlook.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn the_newest_week_counts_half_and_the_hour_that_now_is_does_not_count() {
        let mut traffic = Traffic::default();
        for (week, requests) in [(0, 800), (1, 400), (2, 1_000)] {
            add(&mut traffic, Group::LineItem(1), MONDAY + week * 7 * DAY, 24, |_| requests);
        }
        let volume = |now: i64| {
            traffic
                .outlook(Group::LineItem(1), &[], day(MONDAY + 21 * DAY, 24), UnixMillis::from_raw(now))
                .volume
        };
        assert!((volume(MONDAY + 21 * DAY).unwrap() - 24.0 * 800.0).abs() < 1.0);
        let while_it_came = MONDAY + 14 * DAY + 23 * HOUR + 1;
        assert!(
            (volume(while_it_came).unwrap() - (23.0 * 800.0 + (600.0 + 0.5 * 800.0 * 0.0))).abs() < 300.0
        );
    }

    #[test]
    fn a_line_item_without_counts_takes_the_curve_of_its_exchanges_and_then_a_flat_day() {
        let mut traffic = Traffic::default();
        add(&mut traffic, Group::Exchange(1), MONDAY, 24, by_the_clock);
        add(&mut traffic, Group::Exchange(2), MONDAY, 24, |_| 1_000);
        let tomorrow = day(MONDAY + DAY, 24);
        let new = traffic.outlook(Group::LineItem(7), &[1, 2], tomorrow, tomorrow.start);
        assert_eq!(new.volume, None);
        assert!((new.shares[23] - 24.0 / 300.0).abs() < 1e-9);
        // Half a day of its own: a tenth of its exchanges.
        add(&mut traffic, Group::LineItem(7), MONDAY, 12, |hour| hour.unsigned_abs() * 100 + 100);
        let known = traffic.outlook(Group::LineItem(7), &[1, 2], tomorrow, tomorrow.start);
        assert!((known.volume.unwrap() - 30_000.0).abs() < 1.0, "{:?}", known.volume);
        let flat = traffic.outlook(Group::LineItem(8), &[9], tomorrow, tomorrow.start);
        assert_eq!((flat.volume, flat.shares), (None, [1.0 / 24.0; 24]));
    }

    #[test]
    fn bytes_keep_it_and_a_damaged_byte_is_refused() {
        let mut traffic = Traffic::default();
        add(&mut traffic, Group::LineItem(7), MONDAY, 24, by_the_clock);
        add(&mut traffic, Group::Exchange(7), MONDAY, 400, by_the_clock);
        let bytes = traffic.to_bytes();
        assert_eq!(Traffic::from_bytes(&bytes).unwrap(), traffic);
        for at in [8, 100, bytes.len() - 1] {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Traffic::from_bytes(&damaged).is_err(), "{at}");
        }
        assert_eq!(Traffic::from_bytes(b"PNG"), Err(DamagedTraffic::Foreign));
        assert_eq!(Traffic::from_bytes(&bytes[..40]), Err(DamagedTraffic::Damaged));
    }

    #[test]
    fn a_group_of_which_nothing_came_takes_no_room_and_a_known_one_learns_its_quiet_hours() {
        let mut traffic = Traffic::default();
        assert!(traffic.add(Group::LineItem(1), UnixMillis::from_raw(MONDAY), 0));
        assert!(traffic.is_empty());
        add(&mut traffic, Group::LineItem(1), MONDAY, 24, |hour| u64::from(hour == 0) * 10);
        let tomorrow = day(MONDAY + DAY, 24);
        let outlook = traffic.outlook(Group::LineItem(1), &[], tomorrow, tomorrow.start);
        assert_eq!((traffic.len(), outlook.volume), (1, Some(10.0)));
    }

    #[test]
    fn groups_are_bounded_and_old_ones_make_room() {
        let mut traffic = Traffic::default();
        let at = |weeks: i64| UnixMillis::from_raw(MONDAY + weeks * 7 * DAY);
        for id in 0..GROUPS_MAX as u64 {
            assert!(traffic.add(Group::LineItem(id), at(i64::from(id > 0) * 3), 1));
        }
        assert!(!traffic.add(Group::Exchange(1), at(3), 1), "full");
        assert!(traffic.add(Group::Exchange(1), at(5), 1), "the first is five weeks old");
        assert_eq!(traffic.len(), GROUPS_MAX);
        // All but the newest are too old three weeks later; within an hour that is looked at once.
        assert!(!traffic.add(Group::Exchange(2), at(5), 1));
        assert_eq!(traffic.len(), GROUPS_MAX);
        assert!(traffic.add(Group::Exchange(2), at(8), 1));
        assert_eq!(traffic.len(), 2);
    }
}
