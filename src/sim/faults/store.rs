//! The ledger's writer and the allocator within it: takes what waits, commits it together, and only then answers.
//!
//! The same steps as the server's, over a disk that fails when the world says so.

use std::collections::VecDeque;

use crate::budget::{
    Allocator as _, AllocatorError, Book, LeaseAsk, LeaseGrant, LeaseTerms, Reservation, Share, Treasury,
};
use crate::ledger::{self, CapKey, Event, Quantity};
use crate::sim::faults::disk::{Disk, Parked};
use crate::sim::faults::laws::{Broken, InWords, Law, Lawful, law};
use crate::sim::faults::sabotage::Sabotage;
use crate::units::{BidId, Epoch, Steady};

/// As many jobs as are committed together.
const BATCH_MAX: usize = 64;

/// Who waits for an answer: a bidder in one of its lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sim::faults) struct Door {
    pub(in crate::sim::faults) node: usize,
    pub(in crate::sim::faults) life: u64,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub(in crate::sim::faults) enum Job {
    Append { door: Door, number: u64, events: Vec<Event> },
    Lease { door: Door, epoch: Epoch, asks: Vec<LeaseAsk>, sent: i64 },
    Park { door: Door, epoch: Epoch, open: Parked },
}

/// What comes back.
#[derive(Debug, Clone)]
pub(in crate::sim::faults) enum Answer {
    Appended { door: Door, number: u64, news: Option<Vec<bool>> },
    Leased { door: Door, sent: i64, grants: Result<Vec<LeaseGrant>, AllocatorError> },
    Parked { door: Door },
}

/// What a bidder that starts finds.
#[derive(Debug)]
pub(in crate::sim::faults) struct Begun {
    pub(in crate::sim::faults) epoch: Epoch,
    pub(in crate::sim::faults) parked: Parked,
    pub(in crate::sim::faults) elsewhere: Vec<(CapKey, Quantity)>,
}

/// The writer, the allocator, and the disk below them.
#[derive(Debug)]
pub(in crate::sim::faults) struct Store {
    pub(in crate::sim::faults) disk: Disk,
    terms: LeaseTerms,
    sabotage: Option<Sabotage>,
    /// `None` while nobody runs it.
    treasury: Option<Treasury>,
    queue: VecDeque<Job>,
    /// True while a commit is on its way.
    pub(in crate::sim::faults) is_busy: bool,
    started: i64,
}

impl Store {
    pub(in crate::sim::faults) fn new(terms: LeaseTerms, sabotage: Option<Sabotage>) -> Self {
        let disk = Disk::default();
        let treasury = Some(Treasury::new(terms));
        Self { disk, terms, sabotage, treasury, queue: VecDeque::new(), is_busy: false, started: 0 }
    }

    pub(in crate::sim::faults) fn is_open(&self) -> bool {
        self.treasury.is_some()
    }

    /// Whoever ran it is gone, and with it all that was not kept.
    pub(in crate::sim::faults) fn stop(&mut self) {
        self.treasury = None;
        self.queue.clear();
        self.is_busy = false;
    }

    /// Reads what is kept.
    pub(in crate::sim::faults) fn open(&mut self, now: i64) {
        let forgets = self.sabotage == Some(Sabotage::ForgetsQuarantine);
        let shares = self.disk.read().map(|(cap, epoch, share)| {
            (cap, epoch, if forgets { Share { granted: share.used, ..share } } else { share })
        });
        self.started = now;
        self.treasury = Some(Treasury::restored(self.terms, self.disk.last, shares, Steady::default()));
    }

    fn steady(&self, now: i64) -> Steady {
        Steady::from_raw(now - self.started)
    }

    /// Begins a run of the bidder `node`, in one commit: its epoch, and what one that ended cleanly left.
    pub(in crate::sim::faults) fn begin(&mut self, node: usize, now: i64) -> Option<Begun> {
        let now = self.steady(now);
        let treasury = self.treasury.as_mut()?;
        let epoch = treasury.enrol(now).ok()?;
        let mut parked = Parked::new();
        if let Some((former, open)) = self.disk.parked.remove(&node) {
            let held = Book::default().held(open.iter().map(|(_, reservation)| &reservation.reserved));
            treasury.hand_over(former, epoch, &held, now).ok()?;
            parked = open;
        }
        let changes = treasury.take_changes();
        self.disk.keep(&changes, epoch);
        let elsewhere = treasury.states().map(|(cap, state)| (cap, state.elsewhere(epoch))).collect();
        Some(Begun { epoch, parked, elsewhere })
    }

    /// Waits for the next commit.
    pub(in crate::sim::faults) fn push(&mut self, job: Job) {
        self.queue.push_back(job);
    }

    pub(in crate::sim::faults) fn has_work(&self) -> bool {
        !self.queue.is_empty()
    }

    /// What is committed next.
    pub(in crate::sim::faults) fn batch(&mut self) -> Vec<Job> {
        let count = self.queue.len().min(BATCH_MAX);
        self.queue.drain(..count).collect()
    }

    /// Writes `batch` in one commit, and says what to answer.
    pub(in crate::sim::faults) fn commit(&mut self, batch: &[Job], now: i64) -> Result<Vec<Answer>, Broken> {
        let mut answers = Vec::with_capacity(batch.len());
        for job in batch {
            answers.push(match job {
                Job::Append { door, number, events } => {
                    let news = Some(self.append(events)?);
                    Answer::Appended { door: *door, number: *number, news }
                }
                Job::Lease { door, epoch, asks, sent } => {
                    let grants = self.lease(*epoch, asks, now)?;
                    Answer::Leased { door: *door, sent: *sent, grants }
                }
                Job::Park { door, epoch, open } => {
                    self.disk.parked.insert(door.node, (*epoch, open.clone()));
                    Answer::Parked { door: *door }
                }
            });
        }
        if let Some(treasury) = &mut self.treasury {
            let changes = treasury.take_changes();
            self.disk.keep(&changes, treasury.last_epoch());
        }
        Ok(answers)
    }

    fn append(&mut self, events: &[Event]) -> Result<Vec<bool>, Broken> {
        let mut news = Vec::with_capacity(events.len());
        for event in events {
            // The books are checked before they are written.
            let _ = ledger::entries(event);
            let is_new = self.disk.insert(event, self.sabotage == Some(Sabotage::BooksTwice))?;
            if let (true, Some(treasury)) = (is_new, &mut self.treasury) {
                let _ = treasury.count(std::slice::from_ref(event));
            }
            news.push(is_new);
        }
        Ok(news)
    }

    /// Grants, and holds each grant against its limit.
    fn lease(
        &mut self,
        epoch: Epoch,
        asks: &[LeaseAsk],
        now: i64,
    ) -> Result<Result<Vec<LeaseGrant>, AllocatorError>, Broken> {
        let now = self.steady(now);
        let Some(treasury) = &mut self.treasury else { return Ok(Err(AllocatorError::OutOfReach)) };
        let before: Vec<Quantity> = asks.iter().map(|ask| treasury.state(ask.cap).taken()).collect();
        let mut grants = match treasury.lease(epoch, asks, now) {
            Ok(grants) => grants,
            Err(error) => return Ok(Err(error)),
        };
        for (ask, before) in asks.iter().zip(before) {
            let after = treasury.state(ask.cap).taken();
            within(ask, before, after)?;
        }
        if self.sabotage == Some(Sabotage::GrantsTwice) {
            grants.iter_mut().for_each(|grant| grant.leased = grant.leased.plus(grant.leased));
        }
        Ok(Ok(grants))
    }

    /// A commit found no space: nothing is kept of `batch`, and nobody is told that it was.
    pub(in crate::sim::faults) fn roll_back(&mut self, batch: Vec<Job>, now: i64) -> Vec<Answer> {
        let now = self.steady(now);
        if let Some(treasury) = &mut self.treasury {
            for job in &batch {
                match job {
                    Job::Append { events, .. } => drop(treasury.count(events)),
                    Job::Lease { epoch, asks, .. } => drop(treasury.lease(*epoch, asks, now)),
                    Job::Park { .. } => {}
                }
            }
            let _ = treasury.take_changes();
            if self.sabotage != Some(Sabotage::KeepsWhatWasRolledBack) {
                treasury.revert(self.disk.read());
            }
        }
        batch.into_iter().filter_map(|job| self.refused(job)).collect()
    }

    /// What is told to whoever waits for a job that was not kept; a park is tried again.
    fn refused(&mut self, job: Job) -> Option<Answer> {
        match job {
            Job::Append { door, number, .. } => Some(Answer::Appended { door, number, news: None }),
            Job::Lease { door, sent, .. } => {
                Some(Answer::Leased { door, sent, grants: Err(AllocatorError::OutOfReach) })
            }
            park @ Job::Park { .. } => {
                self.queue.push_back(park);
                None
            }
        }
    }

    /// The allocator, for whoever compares.
    pub(in crate::sim::faults) fn treasury(&mut self) -> Option<&mut Treasury> {
        self.treasury.as_mut()
    }
}

fn within(ask: &LeaseAsk, before: Quantity, after: Quantity) -> Lawful {
    law(Law::WithinGrants, after <= before.max(ask.limit), || {
        format!(
            "{}: {} is taken of {}, after {}",
            InWords(ask.cap),
            after.raw(),
            ask.limit.raw(),
            before.raw()
        )
    })
}

/// Bids as they are parked at true steady time `now` of their process.
pub(in crate::sim::faults) fn parked(open: Vec<(BidId, Reservation)>, now: Steady) -> Parked {
    let mut parked: Parked = open
        .into_iter()
        .map(|(bid, reservation)| {
            let left = reservation.expires.since(now).raw().max(0);
            (bid, Reservation { expires: Steady::from_raw(left), ..reservation })
        })
        .collect();
    parked.sort_by_key(|(bid, _)| *bid);
    parked
}
