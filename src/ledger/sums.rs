//! What a set of events adds up to: what it moves on each account of money, and its digest by day.
//!
//! Sums are additive, so that those of a part can be added to what is kept of the rest, and whoever reads all events
//! again comes to the same.

use std::collections::{BTreeMap, HashMap};

use crate::ledger::encoding::{Checksum, Digest, filed_on};
use crate::ledger::entries::{Account, entries};
use crate::ledger::event::Event;
use crate::units::{Currency, Day, Femtos};

/// Balances and digests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    balances: HashMap<(Account, Currency), Femtos, foldhash::fast::RandomState>,
    days: BTreeMap<Day, Digest>,
}

impl Sums {
    /// Adds an event that was not added before, with its checksum.
    ///
    /// # Panics
    ///
    /// If its debits and credits differ, or a balance is beyond 10^23 units: faults of ours.
    pub fn add(&mut self, event: &Event, checksum: Checksum) {
        for entry in entries(event) {
            self.add_balance((entry.account, entry.currency), entry.amount);
        }
        self.days.entry(filed_on(event)).or_default().add(checksum);
    }

    /// Adds `amount` to the balance of an account.
    ///
    /// # Panics
    ///
    /// Beyond 10^23 units.
    pub fn add_balance(&mut self, account: (Account, Currency), amount: Femtos) {
        let balance = self.balances.entry(account).or_default();
        *balance = balance.checked_add(amount).expect("a balance fits in 128 bits");
    }

    /// Adds the digest of other events of `day`.
    pub fn add_day(&mut self, day: Day, digest: Digest) {
        *self.days.entry(day).or_default() += digest;
    }

    /// What was moved on every account, in order; an account on which nothing is left is not among them.
    #[must_use]
    pub fn balances(&self) -> BTreeMap<(Account, Currency), Femtos> {
        let left = self.balances.iter().filter(|(_, amount)| **amount != Femtos::ZERO);
        left.map(|(account, amount)| (*account, *amount)).collect()
    }

    /// The digests of the events of each UTC day (see [`filed_on`]), in order.
    #[must_use]
    pub fn days(&self) -> &BTreeMap<Day, Digest> {
        &self.days
    }

    /// True if nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.days.is_empty() && self.balances.is_empty()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.balances.clear();
        self.days.clear();
    }
}
