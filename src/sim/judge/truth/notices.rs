//! When notices come: a queue in virtual time, and delays that depend on the row alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::sim::judge::truth::{mix, unit};
use crate::sim::judge::{Delay, Notices};

/// What comes at its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sim::judge::truth) enum Event {
    /// The bid won and cost so many nanos; with the lowest price that would have won, in micros.
    Won {
        paid: i64,
        to_win: u32,
    },
    /// The bid lost.
    Lost {
        to_win: u32,
    },
    /// Nothing came in time.
    Expired,
    Clicked,
    Converted,
}

/// Things to come, soonest first, and of those at once the first one put.
#[derive(Debug, Default)]
pub(in crate::sim::judge::truth) struct Queue {
    heap: BinaryHeap<Reverse<(u32, u32, u32, Event)>>,
    put: u32,
}

impl Queue {
    /// `event` about row `row` comes at `at`, milliseconds into the day.
    pub fn put(&mut self, at: u32, row: u32, event: Event) {
        self.put = self.put.wrapping_add(1);
        self.heap.push(Reverse((at, self.put, row, event)));
    }

    /// What comes until `at`.
    pub fn next(&mut self, at: u32) -> Option<(u32, u32, Event)> {
        if self.heap.peek().is_none_or(|Reverse((due, ..))| *due > at) {
            return None;
        }
        self.heap.pop().map(|Reverse((due, _, row, event))| (due, row, event))
    }
}

/// How the notice of a row fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::judge::truth) struct Fate {
    /// Milliseconds.
    pub delay: u32,
    pub lost: bool,
    pub twice: bool,
}

/// The fate of row `row`'s notice: independent of every bid.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most the longest delay")]
pub(in crate::sim::judge::truth) fn fate(notices: &Notices, seed: u64, row: u32) -> Fate {
    let draw = |number: u64| unit(mix(seed ^ 0x6661_7465, u64::from(row) * 4 + number));
    let longest = notices.delay.longest_ms();
    let delay = match notices.delay {
        Delay::Seconds(_) => longest,
        Delay::Reordered(_) => (draw(0) * f64::from(longest)) as u32,
        Delay::HeavyTailed => {
            let normal = (-2.0 * (1.0 - draw(0)).ln()).sqrt() * (std::f64::consts::TAU * draw(1)).cos();
            ((3_000.0 * (2.0 * normal).exp()) as u32).min(longest)
        }
    };
    let lost = notices.lost > 0.0 && draw(2) < notices.lost;
    let twice = notices.duplicated > 0.0 && draw(3) < notices.duplicated;
    Fate { delay, lost, twice }
}
