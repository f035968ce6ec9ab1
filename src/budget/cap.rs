//! One cap, the book of all caps, and the purse from which one line item spends.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::units::{CampaignId, Day, LineItemId, Nanos};

/// Money under one limit. Every amount is in the campaign's currency.
#[derive(Debug)]
pub struct Cap {
    limit: AtomicI64,
    /// Spent and reserved together: the one number that the limit bounds.
    committed: AtomicI64,
    spent: AtomicI64,
}

impl Cap {
    /// A cap of which `spent` is gone already.
    #[must_use]
    pub fn new(limit: Nanos, spent: Nanos) -> Self {
        Self {
            limit: AtomicI64::new(limit.raw()),
            committed: AtomicI64::new(spent.raw()),
            spent: AtomicI64::new(spent.raw()),
        }
    }

    /// Takes `amount` under the limit, whole or not at all.
    #[must_use]
    pub fn try_reserve(&self, amount: Nanos) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        self.committed
            .try_update(Ordering::AcqRel, Ordering::Relaxed, |committed| {
                committed.checked_add(amount.raw()).filter(|sum| *sum <= limit)
            })
            .is_ok()
    }

    /// Holds a reservation that a former process was granted, limit or not.
    pub fn hold(&self, amount: Nanos) {
        self.committed.fetch_add(amount.raw(), Ordering::AcqRel);
    }

    /// Gives a reservation of `amount` back.
    pub fn release(&self, amount: Nanos) {
        self.committed.fetch_sub(amount.raw(), Ordering::AcqRel);
    }

    /// Turns a reservation of `reserved` into a spend of `paid`. Without a reservation (`reserved` is
    /// zero) the spend is booked all the same, limit or not: it is what happened.
    pub fn settle(&self, reserved: Nanos, paid: Nanos) {
        self.spent.fetch_add(paid.raw(), Ordering::AcqRel);
        self.committed.fetch_add(paid.raw() - reserved.raw(), Ordering::AcqRel);
    }

    /// Changes the limit from now on. What is reserved stays reserved.
    pub fn set_limit(&self, limit: Nanos) {
        self.limit.store(limit.raw(), Ordering::Relaxed);
    }

    /// The limit.
    #[must_use]
    pub fn limit(&self) -> Nanos {
        Nanos::from_raw(self.limit.load(Ordering::Relaxed))
    }

    /// Spent and reserved together.
    #[must_use]
    pub fn committed(&self) -> Nanos {
        Nanos::from_raw(self.committed.load(Ordering::Acquire))
    }

    /// Spent: billed.
    #[must_use]
    pub fn spent(&self) -> Nanos {
        Nanos::from_raw(self.spent.load(Ordering::Acquire))
    }
}

/// What holds a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// A campaign.
    Campaign(CampaignId),
    /// A line item of it.
    LineItem(LineItemId),
}

/// Over which time a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Window {
    /// The whole flight.
    Total,
    /// One civil day of the campaign's zone: the day on which the bid was made.
    Day(Day),
}

/// Names a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CapKey {
    /// What holds it.
    pub level: Level,
    /// Over which time.
    pub window: Window,
}

/// The four caps that one bid counts against.
#[must_use]
pub fn keys(campaign: CampaignId, line_item: LineItemId, day: Day) -> [CapKey; 4] {
    let (campaign, line_item) = (Level::Campaign(campaign), Level::LineItem(line_item));
    [
        CapKey { level: campaign, window: Window::Day(day) },
        CapKey { level: campaign, window: Window::Total },
        CapKey { level: line_item, window: Window::Day(day) },
        CapKey { level: line_item, window: Window::Total },
    ]
}

/// All caps, by key. The fast path never looks here: it holds [`Purse`]s.
#[derive(Debug, Default)]
pub struct Book {
    caps: Mutex<HashMap<CapKey, Arc<Cap>>>,
}

impl Book {
    /// The cap of `key`; without a limit and unspent if it is new.
    #[must_use]
    pub fn cap(&self, key: CapKey) -> Arc<Cap> {
        let mut caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(caps.entry(key).or_insert_with(|| Arc::new(Cap::new(Nanos::MAX, Nanos::ZERO))))
    }

    /// Books a spend that a former process made, from the ledger.
    pub fn restore(&self, key: CapKey, spent: Nanos) {
        self.cap(key).settle(Nanos::ZERO, spent);
    }

    /// The purse of one line item on one day, under the given limits (campaign day and total, line item
    /// day and total), which hold from now on for everyone.
    #[must_use]
    pub fn purse(
        &self,
        campaign: CampaignId,
        line_item: LineItemId,
        day: Day,
        limits: [Option<Nanos>; 4],
    ) -> Purse {
        let keys = keys(campaign, line_item, day);
        let caps = std::array::from_fn(|at| {
            let cap = self.cap(keys[at]);
            cap.set_limit(limits[at].unwrap_or(Nanos::MAX));
            cap
        });
        Purse { caps }
    }

    /// Turns a reservation of `reserved` into a spend of `paid`, at every level.
    pub fn settle(
        &self,
        campaign: CampaignId,
        line_item: LineItemId,
        day: Day,
        reserved: Nanos,
        paid: Nanos,
    ) {
        for key in keys(campaign, line_item, day) {
            self.cap(key).settle(reserved, paid);
        }
    }

    /// Holds a reservation that a former process was granted, at every level.
    pub fn hold(&self, reserved: &Reserved) {
        for key in keys(reserved.campaign, reserved.line_item, reserved.day) {
            self.cap(key).hold(reserved.amount);
        }
    }

    /// Gives a reservation back, at every level.
    pub fn release(&self, reservation: &Reserved) {
        self.settle(
            reservation.campaign,
            reservation.line_item,
            reservation.day,
            reservation.amount,
            Nanos::ZERO,
        );
    }

    /// Forgets the day caps before `day`, whose bids are too old to be billed.
    pub fn forget_days_before(&self, day: Day) {
        let mut caps = self.caps.lock().unwrap_or_else(PoisonError::into_inner);
        caps.retain(|key, _| !matches!(key.window, Window::Day(of) if of < day));
    }
}

/// What was reserved, where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Whose money.
    pub campaign: CampaignId,
    /// What bid.
    pub line_item: LineItemId,
    /// On which day.
    pub day: Day,
    /// The worst case.
    pub amount: Nanos,
}

/// Which cap said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The campaign's for the day.
    CampaignDaily,
    /// The campaign's for the flight.
    CampaignTotal,
    /// The line item's for the day.
    LineItemDaily,
    /// The line item's for the flight.
    LineItemTotal,
}

impl Refusal {
    const ALL: [Self; 4] =
        [Self::CampaignDaily, Self::CampaignTotal, Self::LineItemDaily, Self::LineItemTotal];
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CampaignDaily => "the campaign's daily budget is spent or reserved",
            Self::CampaignTotal => "the campaign's total budget is spent or reserved",
            Self::LineItemDaily => "the line item's daily budget is spent or reserved",
            Self::LineItemTotal => "the line item's total budget is spent or reserved",
        })
    }
}

/// From what one line item spends on one day: its campaign's and its own caps, by the day and in total.
#[derive(Debug, Clone)]
pub struct Purse {
    caps: [Arc<Cap>; 4],
}

impl Purse {
    /// Reserves `amount` at every level, or nowhere.
    ///
    /// # Errors
    ///
    /// The first cap under which it does not fit.
    pub fn reserve(&self, amount: Nanos) -> Result<(), Refusal> {
        for (at, cap) in self.caps.iter().enumerate() {
            if !cap.try_reserve(amount) {
                for taken in &self.caps[..at] {
                    taken.release(amount);
                }
                return Err(Refusal::ALL[at]);
            }
        }
        Ok(())
    }

    /// The same, in a guard that gives the money back unless it is kept: whatever ends a decision, nothing stays
    /// reserved for a bid that nobody sent.
    ///
    /// # Errors
    ///
    /// The first cap under which it does not fit.
    pub fn hold(&self, amount: Nanos) -> Result<Held<'_>, Refusal> {
        self.reserve(amount)?;
        Ok(Held { purse: self, amount, kept: false })
    }

    /// The first cap of which less than `least` is left.
    #[must_use]
    pub fn exhausted(&self, least: Nanos) -> Option<Refusal> {
        let short = |cap: &Arc<Cap>| cap.committed().saturating_add(least) > cap.limit();
        self.caps.iter().position(short).map(|at| Refusal::ALL[at])
    }

    /// The campaign's cap for the day.
    #[must_use]
    pub fn campaign_day(&self) -> &Cap {
        &self.caps[0]
    }

    /// The campaign's cap for the flight.
    #[must_use]
    pub fn campaign_total(&self) -> &Cap {
        &self.caps[1]
    }

    /// The line item's cap for the day.
    #[must_use]
    pub fn line_item_day(&self) -> &Cap {
        &self.caps[2]
    }

    /// The line item's cap for the flight.
    #[must_use]
    pub fn line_item_total(&self) -> &Cap {
        &self.caps[3]
    }
}

/// Money reserved under every cap of a purse. Dropped, it is given back.
#[derive(Debug)]
pub struct Held<'a> {
    purse: &'a Purse,
    amount: Nanos,
    kept: bool,
}

impl Held<'_> {
    /// How much.
    #[must_use]
    pub fn amount(&self) -> Nanos {
        self.amount
    }

    /// Leaves the money reserved; whoever keeps it settles or releases it through the book.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if !self.kept {
            for cap in &self.purse.caps {
                cap.release(self.amount);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Book, CapKey, Level, Purse, Refusal, Window};
    use crate::units::{CampaignId, Day, LineItemId, Nanos};

    const CAMPAIGN: CampaignId = CampaignId::from_slug("c");
    const LINE_ITEM: LineItemId = LineItemId::from_slug("c/l");
    const TODAY: Day = Day::from_raw(20_000);

    fn nanos(raw: i64) -> Nanos {
        Nanos::from_raw(raw)
    }

    fn purse(book: &Book, limits: [Option<i64>; 4]) -> Purse {
        book.purse(CAMPAIGN, LINE_ITEM, TODAY, limits.map(|limit| limit.map(nanos)))
    }

    #[test]
    fn a_reservation_fits_under_every_cap_or_takes_nothing() {
        let book = Book::default();
        let purse = purse(&book, [Some(100), Some(1_000), Some(100), Some(50)]);
        assert_eq!(purse.reserve(nanos(50)), Ok(()));
        assert_eq!(purse.reserve(nanos(1)), Err(Refusal::LineItemTotal));
        assert_eq!(purse.campaign_day().committed(), nanos(50), "the refused nano was given back");
    }

    #[test]
    fn money_that_is_held_comes_back_unless_it_is_kept() {
        let book = Book::default();
        let purse = purse(&book, [Some(10), None, None, Some(10)]);
        drop(purse.hold(nanos(10)).unwrap());
        purse.hold(nanos(6)).unwrap().keep();
        assert!(purse.hold(nanos(6)).is_err());
        assert_eq!(purse.campaign_day().committed(), nanos(6));
        let decided = std::panic::catch_unwind(|| {
            let _held = purse.hold(nanos(4)).unwrap();
            panic!("a decision fails");
        });
        assert!(decided.is_err());
        assert_eq!(purse.line_item_total().committed(), nanos(6));
    }

    #[test]
    fn what_is_settled_below_its_reservation_can_be_spent_again() {
        let book = Book::default();
        let purse = purse(&book, [Some(100), None, None, None]);
        purse.reserve(nanos(100)).unwrap();
        assert_eq!(purse.reserve(nanos(1)), Err(Refusal::CampaignDaily));
        book.settle(CAMPAIGN, LINE_ITEM, TODAY, nanos(100), nanos(60));
        assert_eq!(purse.reserve(nanos(40)), Ok(()));
        assert_eq!(purse.campaign_day().spent(), nanos(60));
        assert_eq!(purse.exhausted(nanos(1)), Some(Refusal::CampaignDaily));
    }

    #[test]
    fn a_lowered_cap_stops_at_once_and_keeps_what_is_spent() {
        let book = Book::default();
        purse(&book, [Some(100), None, None, None]).reserve(nanos(80)).unwrap();
        let lowered = purse(&book, [Some(50), None, None, None]);
        assert_eq!(lowered.reserve(nanos(1)), Err(Refusal::CampaignDaily));
        assert_eq!(lowered.campaign_day().committed(), nanos(80));
    }

    #[test]
    fn a_spend_of_a_former_process_counts() {
        let book = Book::default();
        let key = CapKey { level: Level::Campaign(CAMPAIGN), window: Window::Total };
        book.restore(key, nanos(90));
        let purse = purse(&book, [None, Some(100), None, None]);
        assert_eq!(purse.reserve(nanos(11)), Err(Refusal::CampaignTotal));
        assert_eq!(purse.reserve(nanos(10)), Ok(()));
    }

    #[test]
    fn many_threads_never_pass_a_cap_together() {
        let book = Arc::new(Book::default());
        let purse = purse(&book, [Some(10_007), None, None, Some(9_001)]);
        let granted: i64 = std::thread::scope(|scope| {
            let spenders: Vec<_> = (0..4)
                .map(|_| {
                    let purse = purse.clone();
                    scope.spawn(move || (0..10_000).filter(|_| purse.reserve(nanos(3)).is_ok()).count())
                })
                .collect();
            spenders.into_iter().map(|spender| i64::try_from(spender.join().unwrap()).unwrap() * 3).sum()
        });
        assert_eq!(granted, 9_000, "the most that fits under 9,001 in steps of 3");
        assert_eq!(purse.line_item_total().committed(), nanos(granted));
        assert_eq!(purse.campaign_day().committed(), nanos(granted));
    }
}
