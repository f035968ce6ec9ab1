//! What survives: the rows of the ledger, as one commit after another left them.

use std::collections::{BTreeMap, HashMap};

use foldhash::fast::FixedState;

use crate::budget::{Changes, Reservation, Share};
use crate::ledger::{BudgetAccount, CapKey, Event, EventKey, Quantity, movements};
use crate::sim::faults::laws::{Law, Lawful, law};
use crate::units::{BidId, Epoch};

/// Bids that were out when a process ended cleanly, with the time that they had left.
pub(in crate::sim::faults) type Parked = Vec<(BidId, Reservation)>;

/// Everything that is on the disk.
#[derive(Debug, Default)]
pub(in crate::sim::faults) struct Disk {
    pub(in crate::sim::faults) events: Vec<Event>,
    keys: HashMap<EventKey, u32, FixedState>,
    pub(in crate::sim::faults) shares: BTreeMap<(CapKey, Epoch), Share>,
    pub(in crate::sim::faults) last: Epoch,
    /// By bidder: the epoch that ended cleanly.
    pub(in crate::sim::faults) parked: BTreeMap<usize, (Epoch, Parked)>,
    /// What the ledger's second books say is spent of each cap.
    pub(in crate::sim::faults) spent: HashMap<CapKey, i64, FixedState>,
}

impl Disk {
    /// True if the event of `key` is kept.
    pub(in crate::sim::faults) fn knows(&self, key: &EventKey) -> bool {
        self.keys.contains_key(key)
    }

    /// Keeps `event` if it is the first of its key; `anyway` keeps it once more.
    pub(in crate::sim::faults) fn insert(
        &mut self,
        event: &Event,
        anyway: bool,
    ) -> Result<bool, crate::sim::faults::laws::Broken> {
        let place = u32::try_from(self.events.len()).unwrap_or(u32::MAX);
        let former = self.keys.insert(event.key(), place);
        if former.is_some() && !anyway {
            self.keys.insert(event.key(), former.unwrap_or(place));
            return Ok(false);
        }
        let mut sum = 0;
        for movement in movements(event) {
            sum += i128::from(movement.quantity.raw());
            if let BudgetAccount::Spent(cap) = movement.account {
                *self.spent.entry(cap).or_default() += movement.quantity.raw();
            }
        }
        self.balanced(event, sum)?;
        self.events.push(event.clone());
        Ok(true)
    }

    fn balanced(&self, event: &Event, sum: i128) -> Lawful {
        law(Law::Books, sum == 0, || format!("the movements of bid {} sum to {sum}", event.bid.id))
    }

    /// Adds what the allocator changed.
    pub(in crate::sim::faults) fn keep(&mut self, changes: &Changes, last: Epoch) {
        for (key, change) in changes {
            let share = self.shares.entry(*key).or_default();
            share.granted = share.granted.plus(change.granted);
            share.used = share.used.plus(change.used);
        }
        self.last = last;
    }

    /// The shares as a start reads them.
    pub(in crate::sim::faults) fn read(&self) -> impl Iterator<Item = (CapKey, Epoch, Share)> + '_ {
        self.shares.iter().map(|((cap, epoch), share)| (*cap, *epoch, *share))
    }

    /// What is kept as used of `cap` in `epoch`.
    pub(in crate::sim::faults) fn used(&self, cap: CapKey, epoch: Epoch) -> Quantity {
        self.shares.get(&(cap, epoch)).copied().unwrap_or_default().used
    }
}
