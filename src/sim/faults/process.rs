//! One run of a bidder: its memory, which ends with it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::bidder::{Plan, Snapshot};
use crate::budget::{Book, Open};
use crate::sim::faults::clock::Clock;
use crate::sim::faults::exchange::Letter;
use crate::sim::faults::store::{Begun, Door};
use crate::till::{Pending, Till};
use crate::units::{Day, Hour, UnixMillis};

/// A machine with a bidder on it, running or not.
#[derive(Debug)]
pub(in crate::sim::faults) struct Node {
    pub(in crate::sim::faults) clock: Clock,
    pub(in crate::sim::faults) process: Option<Process>,
    /// How often it was started.
    pub(in crate::sim::faults) lives: u64,
    /// Until when the allocator is out of its reach.
    pub(in crate::sim::faults) cut_off_until: i64,
}

/// A running bidder.
#[derive(Debug)]
pub(in crate::sim::faults) struct Process {
    pub(in crate::sim::faults) door: Door,
    pub(in crate::sim::faults) book: Book,
    pub(in crate::sim::faults) open: Open,
    pub(in crate::sim::faults) snapshot: Snapshot,
    /// Notices whose events wait to be kept, by number.
    pub(in crate::sim::faults) waiting: BTreeMap<u64, Waiting>,
    /// True while an answer of the allocator is on its way.
    pub(in crate::sim::faults) is_asking: bool,
    /// When the allocator was last asked.
    pub(in crate::sim::faults) asked: i64,
    /// True while the last notice could not be kept: nothing is bid on.
    pub(in crate::sim::faults) cannot_keep: bool,
    /// True if it is told to end: no more bids and no more notices.
    pub(in crate::sim::faults) is_ending: bool,
    /// True once its open bids are on their way to the disk.
    pub(in crate::sim::faults) is_parking: bool,
}

/// A notice whose events wait to be kept.
#[derive(Debug)]
pub(in crate::sim::faults) struct Waiting {
    pub(in crate::sim::faults) letter: Letter,
    pub(in crate::sim::faults) pending: Pending,
    /// True if somebody waits for an answer.
    pub(in crate::sim::faults) counts: bool,
}

impl Process {
    /// A bidder that begins with what it `begun`, as the server boots.
    pub(in crate::sim::faults) fn boot(
        door: Door,
        begun: Begun,
        plan: Arc<Plan>,
        wall: UnixMillis,
        forgets_parked: bool,
    ) -> Self {
        let book = Book::leased(begun.epoch);
        for (cap, elsewhere) in begun.elsewhere {
            book.restore(cap, elsewhere);
        }
        let open = Open::default();
        if !forgets_parked {
            for (bid, reservation) in begun.parked {
                book.hold(&reservation.reserved);
                open.insert(bid, reservation);
            }
        }
        let snapshot = Snapshot::new(plan, &book, wall, None);
        Self {
            door,
            book,
            open,
            snapshot,
            waiting: BTreeMap::new(),
            is_asking: false,
            asked: i64::MIN / 2,
            cannot_keep: false,
            is_ending: false,
            is_parking: false,
        }
    }

    pub(in crate::sim::faults) fn till(&self) -> Till<'_> {
        Till { book: &self.book, open: &self.open }
    }

    /// The snapshot's part of the slow loop's beat.
    pub(in crate::sim::faults) fn tick(&mut self, wall: UnixMillis) {
        let next = self.snapshot.tick(&self.book, wall);
        if next.money.valid_until != self.snapshot.money.valid_until
            && let Some(today) = next.money.days.iter().min()
        {
            let hour = Hour::of(wall).raw();
            self.book.forget_before(Day::from_raw(today.raw() - 2), Hour::from_raw(hour - 48));
        }
        self.snapshot = next;
    }

    /// Takes a new revision of the campaigns.
    pub(in crate::sim::faults) fn install(&mut self, plan: Arc<Plan>, wall: UnixMillis) {
        self.snapshot = Snapshot::new(plan, &self.book, wall, Some(&self.snapshot));
    }
}
