//! What a line item spent and what came of it, by when it was spent: what its goal is kept by.
//!
//! By the hour for two days, by the day for as long as a window may be. A result counts where its impression was paid, so
//! that young money is judged by the results that young money has. Deliberately absent: whose results they are, and how
//! many more will come.

use std::collections::VecDeque;

use crate::pacing::Spell;
use crate::units::{Millis, UnixMillis};

/// Hours that are kept one by one.
const HOURS: i64 = 48;
/// The longest window, in days.
pub const DAYS_MAX: i64 = 91;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// The money and the results of one line item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spells {
    /// By hour since 1970, ascending.
    hours: VecDeque<Cell>,
    /// By day since 1970, ascending; of days whose hours are not kept any more.
    days: VecDeque<Cell>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Cell {
    number: i64,
    spent: f64,
    results: f64,
}

impl Spells {
    /// `spent` nanos were spent at `at`, and `results` came of what was spent then.
    pub fn add(&mut self, at: UnixMillis, spent: f64, results: f64) {
        let (spent, results) = (fair(spent), fair(results));
        let hour = at.raw().div_euclid(HOUR);
        let newest = self.hours.back().map_or(hour, |cell| cell.number.max(hour));
        if hour > newest - HOURS {
            add(&mut self.hours, hour, spent, results);
            while let Some(old) = self.hours.pop_front_if(|cell| cell.number <= newest - HOURS) {
                add(&mut self.days, old.number.div_euclid(24), old.spent, old.results);
            }
        } else {
            add(&mut self.days, at.raw().div_euclid(DAY), spent, results);
        }
        let oldest = newest.div_euclid(24) - DAYS_MAX;
        while self.days.front().is_some_and(|cell| cell.number <= oldest) {
            self.days.pop_front();
        }
    }

    /// What was spent within `window` before `now`, oldest first.
    #[must_use]
    pub fn within(&self, window: Millis, now: UnixMillis) -> Vec<Spell> {
        let of = |cells: &VecDeque<Cell>, length: i64| -> Vec<Spell> {
            let spell = |cell: &Cell| {
                // Of the middle of its time, and never of the future.
                let middle = cell.number.saturating_mul(length) + length / 2;
                let age = Millis::from_raw(now.raw().saturating_sub(middle).max(0));
                Spell { age, spent: cell.spent, results: cell.results }
            };
            cells.iter().map(spell).filter(|spell| spell.age <= window).collect()
        };
        let mut spells = of(&self.days, DAY);
        spells.extend(of(&self.hours, HOUR));
        spells
    }

    /// True if nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hours.is_empty() && self.days.is_empty()
    }

    /// What a restart reads again.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity((self.hours.len() + self.days.len()) * CELL_BYTES + 1);
        // At most 48 hours are kept.
        bytes.push(u8::try_from(self.hours.len()).unwrap_or(u8::MAX));
        for cell in self.hours.iter().chain(&self.days) {
            bytes.extend_from_slice(&cell.number.to_le_bytes());
            bytes.extend_from_slice(&cell.spent.to_le_bytes());
            bytes.extend_from_slice(&cell.results.to_le_bytes());
        }
        bytes
    }

    /// What [`Spells::to_bytes`] gave; `None` if it is not that.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hours, cells) = bytes.split_first()?;
        if cells.len() % CELL_BYTES != 0 || cells.len() / CELL_BYTES > CELLS_MAX {
            return None;
        }
        let word = |cell: &[u8], at: usize| cell.get(at..at + 8)?.try_into().ok().map(u64::from_le_bytes);
        let mut read = VecDeque::new();
        for cell in cells.chunks_exact(CELL_BYTES) {
            let (spent, results) = (f64::from_bits(word(cell, 8)?), f64::from_bits(word(cell, 16)?));
            let is_fair = |number: f64| number.is_finite() && number >= 0.0;
            let number = word(cell, 0)?.cast_signed();
            if !is_fair(spent) || !is_fair(results) || number.unsigned_abs() > u64::from(u32::MAX) {
                return None;
            }
            read.push_back(Cell { number, spent, results });
        }
        let hours = usize::from(*hours);
        if hours > read.len() {
            return None;
        }
        let days = read.split_off(hours);
        let ascends = |cells: &VecDeque<Cell>| cells.iter().is_sorted_by(|a, b| a.number < b.number);
        (ascends(&read) && ascends(&days)).then_some(Self { hours: read, days })
    }
}

const CELL_BYTES: usize = 24;
const CELLS_MAX: usize = 256;

fn fair(number: f64) -> f64 {
    if number.is_finite() { number.max(0.0) } else { 0.0 }
}

/// Adds to the cell of `number`, which is made where it is missing.
fn add(cells: &mut VecDeque<Cell>, number: i64, spent: f64, results: f64) {
    let place = cells.partition_point(|cell| cell.number < number);
    match cells.get_mut(place).filter(|cell| cell.number == number) {
        Some(cell) => {
            cell.spent += spent;
            cell.results += results;
        }
        None => cells.insert(place, Cell { number, spent, results }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};

    use super::{DAY, DAYS_MAX, HOUR, Spells};
    use crate::units::{Millis, UnixMillis};

    const NOON: i64 = 20_000 * DAY + 12 * HOUR;

    fn at(millis: i64) -> UnixMillis {
        UnixMillis::from_raw(millis)
    }

    fn sums(spells: &Spells, window: i64, now: i64) -> (f64, f64) {
        let within = spells.within(Millis::from_raw(window), at(now));
        within.iter().fold((0.0, 0.0), |sum, spell| (sum.0 + spell.spent, sum.1 + spell.results))
    }

    #[test]
    fn money_and_results_are_kept_by_the_hour_and_later_by_the_day() {
        let mut spells = Spells::default();
        spells.add(at(NOON), 5.0, 0.0);
        spells.add(at(NOON + HOUR), 7.0, 1.0);
        // A conversion a day later belongs to the hour of its impression.
        spells.add(at(NOON), 0.0, 1.0);
        assert_eq!(sums(&spells, DAY, NOON + 2 * HOUR), (12.0, 2.0));
        assert_eq!(sums(&spells, HOUR, NOON + 2 * HOUR), (7.0, 1.0));
        spells.add(at(NOON + 5 * DAY), 1.0, 0.0);
        assert_eq!(sums(&spells, 7 * DAY, NOON + 5 * DAY), (13.0, 2.0));
        assert_eq!(sums(&spells, 3 * DAY, NOON + 5 * DAY), (1.0, 0.0));
        // So late that its hour is not kept any more.
        spells.add(at(NOON + HOUR), 0.0, 1.0);
        assert_eq!(sums(&spells, 7 * DAY, NOON + 5 * DAY), (13.0, 3.0));
    }

    #[test]
    fn what_is_older_than_any_window_is_forgotten() {
        let mut spells = Spells::default();
        spells.add(at(NOON), 5.0, 1.0);
        spells.add(at(NOON + (DAYS_MAX + 3) * DAY), 1.0, 0.0);
        assert_eq!(sums(&spells, i64::MAX, NOON + (DAYS_MAX + 3) * DAY), (1.0, 0.0));
        spells.add(at(NOON), 5.0, 1.0);
        assert_eq!(sums(&spells, i64::MAX, NOON + (DAYS_MAX + 3) * DAY), (1.0, 0.0));
    }

    proptest! {
        #[test]
        fn nothing_of_a_window_is_lost_whatever_the_order(
            entries in prop::collection::vec((0..60 * DAY, 0..1_000_u32, 0..5_u32), 0..100)
        ) {
            let mut spells = Spells::default();
            for (after, spent, results) in &entries {
                spells.add(at(NOON + after), f64::from(*spent), f64::from(*results));
            }
            let want = entries.iter().fold((0.0, 0.0), |sum, (_, spent, results)| {
                (sum.0 + f64::from(*spent), sum.1 + f64::from(*results))
            });
            prop_assert_eq!(sums(&spells, 90 * DAY, NOON + 60 * DAY), want);
            prop_assert_eq!(Spells::from_bytes(&spells.to_bytes()), Some(spells));
        }

        #[test]
        fn no_bytes_are_read_as_what_they_are_not(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            if let Some(spells) = Spells::from_bytes(&bytes) {
                prop_assert!(spells.to_bytes() == bytes);
            }
        }
    }
}
