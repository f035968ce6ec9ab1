//! The caps of a budget, and what each event takes from them: the ledger's second set of books.
//!
//! Money moves from a cap's `Available` to `Leased` before anybody may bid with it, and to `Spent` when an
//! impression is billed. What of a lease is reserved by bids that are out, its holder knows; for the books it
//! is leased.

use smallvec::SmallVec;

use crate::ledger::event::{Event, EventKind};
use crate::units::{CampaignId, Day, Epoch, Hour, LineItemId, Nanos};

/// What holds a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A campaign.
    Campaign(CampaignId),
    /// A line item of it.
    LineItem(LineItemId),
}

/// Over which time a cap counts: by when the bid was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Window {
    /// The whole flight.
    Total,
    /// One civil day of the campaign's zone.
    Day(Day),
    /// One clock hour.
    Hour(Hour),
}

/// What a cap counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Nano-units of the campaign's currency.
    Money,
    /// Billed impressions.
    Impressions,
    /// Clicks.
    Clicks,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 3] = [Self::Money, Self::Impressions, Self::Clicks];
}

/// Names a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CapKey {
    /// What holds it.
    pub level: Level,
    /// Over which time.
    pub window: Window,
    /// Of what.
    pub measure: Measure,
}

/// So much of what a cap measures: nano-units of its campaign's currency, or a count. Negative where it is
/// given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(i64);

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// More than anything: no limit.
    pub const MAX: Self = Self(i64::MAX);

    /// An amount of money.
    #[must_use]
    pub const fn money(amount: Nanos) -> Self {
        Self(amount.raw())
    }

    /// A count of impressions or clicks.
    #[must_use]
    pub const fn count(count: u32) -> Self {
        Self(count as i64)
    }

    /// From its number, as stored in a ledger.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// Its number.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The sum, held at the ends of the range.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The difference, held at the ends of the range.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// The windows of a campaign and of a line item in which a bid made in `hour` of `day` counts: days, totals,
/// hours, of the campaign first. Of [`NO_LINE_ITEM`] none: it stands for no line item of any campaign, so a cap of it
/// would be of all campaigns at once.
#[must_use]
pub fn windows(
    campaign: CampaignId,
    line_item: LineItemId,
    day: Day,
    hour: Hour,
) -> SmallVec<[(Level, Window); 6]> {
    let (campaign, line_item) = (Level::Campaign(campaign), Level::LineItem(line_item));
    let mut windows = SmallVec::from([
        (campaign, Window::Day(day)),
        (campaign, Window::Total),
        (line_item, Window::Day(day)),
        (line_item, Window::Total),
        (campaign, Window::Hour(hour)),
        (line_item, Window::Hour(hour)),
    ]);
    windows.retain(|(level, _)| *level != Level::LineItem(NO_LINE_ITEM));
    windows
}

/// What an event uses of the caps of its bid, by measure: money and an impression when billed, a click, and
/// what a correction gives back or takes. Nothing for all other events.
#[must_use]
pub fn used(event: &Event) -> SmallVec<[(Measure, Quantity); 2]> {
    let mut used = SmallVec::new();
    let mut charge = |amount: Nanos, impressions: i64| {
        used.push((Measure::Money, Quantity::money(amount)));
        used.push((Measure::Impressions, Quantity::from_raw(impressions)));
    };
    match &event.kind {
        EventKind::Impression(billed) => charge(billed.budget_share(), 1),
        EventKind::Correction(correction) if correction.cause.changes_cost() => {
            charge(correction.budget, correction.impressions);
        }
        EventKind::Click => used.push((Measure::Clicks, Quantity::count(1))),
        EventKind::Win { .. }
        | EventKind::Loss { .. }
        | EventKind::View
        | EventKind::Conversion(_)
        | EventKind::Correction(_)
        | EventKind::Playback(_) => {}
    }
    used.retain(|(_, quantity)| *quantity != Quantity::ZERO);
    used
}

/// Where a cap's money, impressions or clicks stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetAccount {
    /// To be leased. Its balance is what was taken, as a negative number: the limit stands in the campaign's
    /// file, and what is left is the sum of both.
    Available(CapKey),
    /// Held by the bidder of an epoch: reserved by its bids, or free for the next ones.
    Leased(CapKey, Epoch),
    /// Billed, shown or clicked.
    Spent(CapKey),
}

/// One line of the budgets' books: positive is a debit, negative a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Movement {
    /// Which account.
    pub account: BudgetAccount,
    /// Debit if positive.
    pub quantity: Quantity,
}

/// A change of a lease. Two with the same epoch and number are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseMove {
    /// Whose lease.
    pub epoch: Epoch,
    /// The how manieth change of that epoch.
    pub number: u64,
    /// Of which cap.
    pub cap: CapKey,
    /// What happens.
    pub step: LeaseStep,
    /// How much, never negative.
    pub quantity: Quantity,
}

/// What happens to a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LeaseStep {
    /// The holder gets more.
    Grant,
    /// The holder gives back what no bid of its holds.
    Return,
    /// The holder is gone, and no notice of its bids can come in time any more.
    Expire,
}

/// The movements of a change of a lease.
#[must_use]
pub fn lease_movements(change: &LeaseMove) -> [Movement; 2] {
    let to_lease = match change.step {
        LeaseStep::Grant => change.quantity,
        LeaseStep::Return | LeaseStep::Expire => Quantity::ZERO.minus(change.quantity),
    };
    [
        Movement { account: BudgetAccount::Leased(change.cap, change.epoch), quantity: to_lease },
        Movement { account: BudgetAccount::Available(change.cap), quantity: Quantity::ZERO.minus(to_lease) },
    ]
}

/// The movements of an event, in every window of its campaign and line item; none for one that uses nothing.
///
/// What an epoch's bids are billed comes out of its leases, even if they have ended: then the lease's balance is
/// below zero, which [`crate::budget`] counts as taken from the cap all the same.
#[must_use]
pub fn movements(event: &Event) -> SmallVec<[Movement; 24]> {
    let bid = &event.bid;
    let mut movements = SmallVec::new();
    let epoch = bid.lease;
    for (measure, quantity) in used(event) {
        for (level, window) in windows(bid.campaign, bid.line_item, bid.day, Hour::of(bid.at)) {
            let cap = CapKey { level, window, measure };
            let from = if epoch == Epoch::NONE {
                BudgetAccount::Available(cap)
            } else {
                BudgetAccount::Leased(cap, epoch)
            };
            movements.push(Movement { account: BudgetAccount::Spent(cap), quantity });
            movements.push(Movement { account: from, quantity: Quantity::ZERO.minus(quantity) });
        }
    }
    movements
}

/// Stands for the line item of a correction that is about a whole campaign.
pub const NO_LINE_ITEM: LineItemId = LineItemId::from_raw(0);
