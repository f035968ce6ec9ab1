//! What is to happen, and when: virtual time is the time of the next task.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Tasks by their time; those of one millisecond in the order in which they were set down.
#[derive(Debug)]
pub(in crate::sim::faults) struct Agenda<T> {
    queue: BinaryHeap<Reverse<Dated<T>>>,
    set_down: u64,
}

#[derive(Debug)]
struct Dated<T> {
    at: i64,
    number: u64,
    task: T,
}

impl<T> PartialEq for Dated<T> {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl<T> Eq for Dated<T> {}

impl<T> PartialOrd for Dated<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Dated<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl<T> Agenda<T> {
    pub(in crate::sim::faults) fn new() -> Self {
        Self { queue: BinaryHeap::new(), set_down: 0 }
    }

    /// Sets `task` down for `at`.
    pub(in crate::sim::faults) fn set(&mut self, at: i64, task: T) {
        self.set_down += 1;
        self.queue.push(Reverse(Dated { at, number: self.set_down, task }));
    }

    /// The next task and its time.
    pub(in crate::sim::faults) fn next(&mut self) -> Option<(i64, T)> {
        self.queue.pop().map(|Reverse(Dated { at, task, .. })| (at, task))
    }
}
