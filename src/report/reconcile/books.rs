//! Our side: what the ledger has billed, by bid, in 32 bytes each, so that ten million fit where they must.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;

use crate::ledger::{BidFacts, Correction, Event, EventKind};
use crate::report::reconcile::day::day_in;
use crate::units::{BidId, Currency, Day, ExchangeId, Nanos};

/// An impression that we have billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bill {
    pub(super) bid: BidId,
    /// What we owe the exchange, credits aside.
    pub(super) media: Nanos,
    pub(super) day: Day,
    pub(super) currency: Currency,
    /// What the file has said of it so far.
    pub(super) said: Said,
}

/// Corrections of what was billed for one bid, or of many bids under an id of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Credit {
    /// Added to what is owed.
    pub(super) amount: Nanos,
    /// Added to what is counted.
    pub(super) impressions: i64,
    pub(super) day: Day,
    pub(super) currency: Currency,
}

/// Lines of the file about one bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Said(u8);

impl Said {
    /// A line that bills it.
    pub(super) const BILLED: Self = Self(1);
    /// A line that credits it.
    pub(super) const CREDITED: Self = Self(2);
    /// It is billed there and credited here, and no line of theirs credits it so far.
    pub(super) const OPEN: Self = Self(4);

    pub(super) fn has(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    pub(super) fn set(&mut self, part: Self) {
        self.0 |= part.0;
    }

    pub(super) fn clear(&mut self, part: Self) {
        self.0 &= !part.0;
    }
}

/// What the ledger has billed at one exchange.
#[derive(Debug)]
pub struct Books {
    exchange: Option<ExchangeId>,
    zone: Option<TimeZone>,
    /// By bid, once they are closed.
    bills: Vec<Bill>,
    /// Few, so that they cost the bills no room.
    credits: HashMap<BidId, Credit>,
    exchanges: BTreeSet<ExchangeId>,
}

/// What the ledger knows of a bid that is not among the bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// Nothing was ever booked for it.
    Unknown,
    /// It was made at another exchange.
    Elsewhere,
    /// We were told that it won.
    Won,
    /// We were told that it lost.
    Lost,
    /// Something else was booked: a view, a click.
    Seen,
    /// It was billed, on a day that was not asked for.
    Billed(Bill),
}

impl Books {
    /// Empty books of `exchange`, or of any. Days are those of the campaign, or of `zone`.
    #[must_use]
    pub fn new(exchange: Option<ExchangeId>, zone: Option<TimeZone>) -> Self {
        Self { exchange, zone, bills: Vec::new(), credits: HashMap::new(), exchanges: BTreeSet::new() }
    }

    /// Takes an event, if it is about what an exchange is owed; each event once.
    pub fn take(&mut self, event: &Event) {
        if self.exchange.is_some_and(|exchange| exchange != event.bid.exchange) {
            return;
        }
        match &event.kind {
            EventKind::Impression(charge) => {
                self.exchanges.insert(event.bid.exchange);
                self.bills.push(self.bill(&event.bid, charge.media));
            }
            EventKind::Correction(correction) => self.correct(&event.bid, correction),
            _ => {}
        }
    }

    /// The exchanges that billed.
    pub fn exchanges(&self) -> impl Iterator<Item = ExchangeId> {
        self.exchanges.iter().copied()
    }

    /// How many impressions they hold.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bills.len()
    }

    /// True if they hold none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bills.is_empty()
    }

    /// Puts the bills in order; to be called before any is looked up.
    pub(super) fn close(&mut self) {
        // A ledger gives them in this order already, mostly.
        self.bills.sort_unstable_by_key(|bill| bill.bid);
        // A file without a name is of the exchange whose impressions there are.
        self.exchange = self.exchange.or_else(|| self.exchanges.first().copied());
        let double = self.bills.windows(2).any(|pair| pair[0].bid == pair[1].bid);
        assert!(!double, "the ledger bills a bid once");
    }

    pub(super) fn find(&mut self, bid: BidId) -> Option<&mut Bill> {
        let at = self.bills.binary_search_by_key(&bid, |bill| bill.bid).ok()?;
        Some(&mut self.bills[at])
    }

    pub(super) fn get(&self, bid: BidId) -> Option<&Bill> {
        let at = self.bills.binary_search_by_key(&bid, |bill| bill.bid).ok()?;
        Some(&self.bills[at])
    }

    /// The bills, which are gone then.
    pub(super) fn take_bills(&mut self) -> Vec<Bill> {
        std::mem::take(&mut self.bills)
    }

    pub(super) fn bills(&self) -> &[Bill] {
        &self.bills
    }

    /// What was corrected of a bid: below zero for a credit.
    pub(super) fn credit(&self, bid: BidId) -> Option<&Credit> {
        self.credits.get(&bid)
    }

    /// All corrections, by what they are about, in the order of their ids.
    pub(super) fn credits(&self) -> Vec<(BidId, Credit)> {
        let mut credits: Vec<_> = self.credits.iter().map(|(bid, credit)| (*bid, *credit)).collect();
        credits.sort_unstable_by_key(|(bid, _)| *bid);
        credits
    }

    /// What all events of a bid come to.
    pub(super) fn fate(&self, events: &[Event]) -> Fate {
        let Some(first) = events.first() else { return Fate::Unknown };
        if self.exchange.is_some_and(|exchange| exchange != first.bid.exchange) {
            return Fate::Elsewhere;
        }
        let has = |kind: fn(&EventKind) -> bool| events.iter().any(|event| kind(&event.kind));
        let billed = events.iter().find_map(|event| match &event.kind {
            EventKind::Impression(charge) => Some(charge.media),
            _ => None,
        });
        if let Some(media) = billed {
            return Fate::Billed(self.bill(&first.bid, media));
        }
        if has(|kind| matches!(kind, EventKind::Win { .. })) {
            Fate::Won
        } else if has(|kind| matches!(kind, EventKind::Loss { .. })) {
            Fate::Lost
        } else {
            Fate::Seen
        }
    }

    fn bill(&self, bid: &BidFacts, media: Nanos) -> Bill {
        Bill { bid: bid.id, media, day: self.day(bid), currency: bid.currency, said: Said::default() }
    }

    fn correct(&mut self, bid: &BidFacts, correction: &Correction) {
        // A refund is our own money, and what is disputed is owed until it is conceded.
        if !correction.cause.changes_cost() {
            return;
        }
        let day = self.day(bid);
        let nothing = Credit { amount: Nanos::ZERO, impressions: 0, day, currency: bid.currency };
        let credit = self.credits.entry(bid.id).or_insert(nothing);
        let amount = credit.amount.checked_add(correction.charge.media);
        credit.amount = amount.expect("corrections of one bid fit");
        credit.impressions = credit.impressions.saturating_add(correction.impressions);
    }

    fn day(&self, bid: &BidFacts) -> Day {
        self.zone.as_ref().and_then(|zone| day_in(zone, bid.at)).unwrap_or(bid.day)
    }
}
