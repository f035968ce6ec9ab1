//! The judge's own account of a budget, beside whatever a policy counts.
//!
//! It holds what every bid that is out may cost at worst, and sees what was paid beyond the budget at any time. Several
//! bidders of one budget have a purse each, whose limits together are never above the budget.

use crate::units::{Cpm, Nanos, RatePpm};

/// The state of one bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bid {
    Unsent,
    Open(i64),
    Closed,
}

/// One bidder's part of the budget.
#[derive(Debug, Clone, Copy, Default)]
struct Purse {
    limit: i64,
    paid: i64,
    reserved: i64,
}

impl Purse {
    fn committed(&self) -> i64 {
        self.paid + self.reserved
    }
}

/// A budget, what is spent of it, and what is out.
#[derive(Debug)]
pub(in crate::sim::judge::truth) struct Account {
    /// By the number of the row.
    bids: Vec<Bid>,
    purses: Vec<Purse>,
    /// What may be spent, changes included.
    allowed: i64,
    paid: i64,
    /// The most that was paid above what was allowed.
    over: i64,
}

/// What one impression at `price` costs with `tax` on top, rounded up to the nano.
pub(in crate::sim::judge::truth) fn cost(price: Cpm, tax: RatePpm) -> Nanos {
    let price = price.per_impression();
    if tax == RatePpm::ZERO {
        return price;
    }
    price.to_femtos().checked_add(price.share(tax)).map_or(Nanos::MAX, |sum| sum.to_nanos_up())
}

impl Account {
    pub fn new(rows: usize, budget: Nanos, bidders: usize) -> Self {
        let purses = vec![Purse::default(); bidders.max(1)];
        let mut account =
            Self { bids: vec![Bid::Unsent; rows], purses, allowed: budget.raw(), paid: 0, over: 0 };
        account.level();
        account
    }

    /// What a bidder may still reserve.
    pub fn free(&self, bidder: usize) -> i64 {
        let purse = &self.purses[bidder];
        (purse.limit - purse.committed()).max(0)
    }

    /// What a bidder may spend over the day, what it spent included.
    pub fn limit(&self, bidder: usize) -> Nanos {
        Nanos::from_raw(self.purses[bidder].limit)
    }

    /// What a bidder paid.
    pub fn paid_by(&self, bidder: usize) -> Nanos {
        Nanos::from_raw(self.purses[bidder].paid)
    }

    /// The most that was ever paid above what was allowed.
    pub fn over(&self) -> i64 {
        self.over
    }

    /// A bid goes out that may cost `worst`.
    pub fn reserve(&mut self, bidder: usize, row: usize, worst: Nanos) {
        self.bids[row] = Bid::Open(worst.raw());
        self.purses[bidder].reserved += worst.raw();
    }

    /// The bid is over; false if it was before, as of a notice that comes twice.
    pub fn settle(&mut self, bidder: usize, row: usize, paid: i64) -> bool {
        let Bid::Open(worst) = self.bids[row] else { return false };
        self.bids[row] = Bid::Closed;
        let purse = &mut self.purses[bidder];
        purse.reserved -= worst;
        purse.paid += paid;
        self.paid += paid;
        self.over = self.over.max(self.paid - self.allowed);
        true
    }

    /// A person changed the budget. What is spent and out by then cannot be taken back, and is allowed.
    pub fn change(&mut self, budget: Nanos) {
        self.allowed = budget.raw().max(self.purses.iter().map(Purse::committed).sum());
        self.level();
    }

    /// Splits what nobody holds evenly over the bidders.
    pub fn level(&mut self) {
        let committed: i64 = self.purses.iter().map(Purse::committed).sum();
        let bidders = i64::try_from(self.purses.len()).unwrap_or(i64::MAX);
        let part = (self.allowed - committed).max(0) / bidders;
        for purse in &mut self.purses {
            purse.limit = purse.committed() + part;
        }
    }

    /// The bids that are out, and what each may cost at worst.
    pub fn open(&self) -> Vec<(u64, Nanos)> {
        let open = |(number, bid): (u64, &Bid)| match bid {
            Bid::Open(worst) => Some((number, Nanos::from_raw(*worst))),
            Bid::Unsent | Bid::Closed => None,
        };
        (0_u64..).zip(&self.bids).filter_map(open).collect()
    }
}
