//! Our side: what the ledger has billed, by bid, in 32 bytes each, so that ten million fit where they must.

use std::collections::{BTreeSet, HashMap};

use jiff::tz::TimeZone;

use crate::ledger::{BidFacts, Event, EventKind};
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
    credits: HashMap<BidId, Nanos>,
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
        if let EventKind::Impression(charge) = &event.kind {
            self.exchanges.insert(event.bid.exchange);
            self.bills.push(self.bill(&event.bid, charge.media));
        }
        self.take_credit(event);
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

    pub(super) fn bills(&self) -> &[Bill] {
        &self.bills
    }

    /// What was credited of a bid: zero or below.
    pub(super) fn credit(&self, bid: BidId) -> Nanos {
        self.credits.get(&bid).copied().unwrap_or(Nanos::ZERO)
    }

    /// What all events of a bid come to.
    pub(super) fn fate(&mut self, events: &[Event]) -> Fate {
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
            events.iter().for_each(|event| self.take_credit(event));
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
        let zoned = self.zone.as_ref().and_then(|zone| day_in(zone, bid.at));
        let day = zoned.unwrap_or(bid.day);
        Bill { bid: bid.id, media, day, currency: bid.currency, said: Said::default() }
    }

    #[expect(
        clippy::unused_self,
        clippy::needless_pass_by_ref_mut,
        reason = "the ledger books no credits yet"
    )]
    fn take_credit(&mut self, _event: &Event) {}
}
